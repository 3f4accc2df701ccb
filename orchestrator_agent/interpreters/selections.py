"""Sets chosen by what streams are and not by what they are called: phase, effort, readiness, and what these share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from orchestrator_agent.interpreters.lexicon import EFFORTS, FUNCTION_WORDS, NUMBERS, TALK_WORDS
from orchestrator_agent.interpreters.matching import thesaurus
from orchestrator_agent.interpreters.words import content, fold, stem, tokens
from orchestrator_agent.interpreters.world import World, first_number
from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.patterns import regex


@dataclass(frozen=True, slots=True)
class Found:
    """What a phrase speaks of."""

    streams: tuple[WorkStream, ...] = ()
    #: More than one stream fits equally well; asking is right.
    candidates: tuple[WorkStream, ...] = ()
    #: How sure, 0..1.
    score: float = 0.0
    #: "id", "unknown_id", "selection", "name", or empty.
    kind: str = ""
    evidence: str = ""
    #: How many of the words said so.
    size: int = 0

    def __bool__(self) -> bool:
        return bool(self.streams or self.candidates or self.kind == "unknown_id")


_NUMBER = "(?:" + "|".join([r"\d+", *NUMBERS]) + ")"
_GROUP = r"(?:phases?|batch(?:es)?|milestones?|sprints?|waves?|stages?|epics?|parts?|sections?)"
_PHASE = regex(rf"\b{_GROUP}\s+(?:number\s+|#\s*)?((?:{_NUMBER}(?:\s*(?:,|and|&|\+|to|through|-)\s*)?)+)(?![\d.])")
_ORDINAL_WORDS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_ORDINALS = "|".join([*_ORDINAL_WORDS, "last", "final", "1st", "2nd", "3rd", "4th"])
_LEADING = regex(rf"\b(first|last|final) ({_NUMBER}) {_GROUP}\b")
_ORDINAL = regex(rf"\b({_ORDINALS})\s+{_GROUP}\b")
#: "The last two small ones in" stands beside a phase and picks some of its streams.
_NTH = regex(
    rf"\b(?P<which>{_ORDINALS})(?: (?P<count>{_NUMBER}))?(?: (?P<size>{'|'.join(EFFORTS)})(?:-sized)?)?"
    r"(?: (?:work )?(?:one|stream|workstream|item|task|ticket|piece|bit)s?(?: (?:of|in|from|under|on|inside)\b|\s*$)"
    r"| (?:of|in|from|under|inside)\b)"
)
_SPAN = regex(r"\bto\b|through|-")
_ORDINAL_WORD = regex(rf"\b(?:{_ORDINALS})\b")
_FOUNDATION = regex(r"\b(?:foundations?|foundational|groundwork|(?:the|platform) basics|basics)\b")
_READY = regex(
    r"\b(?:available|ready|unblocked|startable|(?:isn't|is not|aren't|are not|not) blocked|can (?:be )?start(?:ed)?"
    r"|(?<=what )is possible|(?<=whatever )is possible|(?<=everything )(?:that is |that's )?possible"
    r"|dependencies (?:are )?(?:done|met|complete|satisfied)|free to start|nothing in (?:its|the) way"
    r"|(?:isn't|not|nothing) waiting)\b"
)
#: "The catalog one" is one stream and no phase.
_SINGLE = regex(r"\b(?:one|agent|stream|thing)\b")
_ONE = regex(r"\b(?:one|a|an|single|thing|smallest|easiest|quickest|something|shortest)\b")
_STATES = "completed?|finished|done|running|in progress|active|blocked"
_STATE = regex(
    rf"\b(?:{_STATES}) (?:ones?|streams?|work|tasks?|items?)\b"
    rf"|\b(?:what|whatever|those|anything|ones?|streams?)(?: that| which)?(?:'s| is| are) (?:already )?(?:{_STATES})\b"
)
_SIZE = "|".join(EFFORTS)
_COUNTED = regex(
    rf"\b({_NUMBER}) of (?:the|them|those|these)\b|\b({_NUMBER}) (?:more )?(?:{_SIZE}|available|ready|unblocked)\b"
)
_SEVERAL = regex(r"\b(?:all|every|ones|streams|only|everything|anything|whatever)\b")
_SELECTING = frozenset("sized effort thing things win wins inclusive dependencies".split())
_SIZED = regex(
    r"\b(?:ones?|streams?|items?|tasks?|things?|stuff|sized?|effort|work|everything|all|stories|wins?|jobs?|bits?"
    r"|something|anything|one"
    r"|pieces?)\b"
)
_LIST = regex(r"\s*(?:,|&|\+|\b(?:and|plus|then)\b)\s*")
_GROUPED = regex(rf"\b{_GROUP}\b")
_ABOUT_GROUPS = regex(
    rf"\b(?:{_GROUP}|(?:{_ORDINALS})(?: {_NUMBER})?(?: ones?| streams?)? (?:of|in)"
    r"|everything|anything|whatever|all|every|each|whole|entire|stuff|ones|streams?|work|we need|for)\b"
)
_NOTHING_IN_PARTICULAR = frozenset(stem(word) for word in FUNCTION_WORDS | TALK_WORDS)
_UNTITLED = frozenset("phase batch milestone sprint stage epic and".split())


def select(text: str, world: World) -> Found:
    """A set chosen by phase, effort, readiness or state; nothing when folded `text` speaks of something else too."""
    text = text.replace("'s", " ")
    phase, left = phases(text, world)
    if phase and (some := _nth(phase, left)):
        return some
    ready, state = bool(_READY.search(left)), _STATE.search(left)
    left = _STATE.sub(" ", _READY.sub(" ", left))
    sizable = _SIZED.search(text) or phase is not None or ready
    sizes = {EFFORTS[w] for w in tokens(left) if w in EFFORTS} if sizable else set()
    if phase is None and not ready and not sizes and not state:
        return Found()
    other = " ".join(w for w in content(left) if w not in EFFORTS and w not in _SELECTING)
    if phase == [] and not other:
        return Found(kind="unknown_id", evidence="no such phase")
    if other and world.rank(other):
        return Found()
    chosen = _filter(phase if phase is not None else world.streams, sizes, ready, world)
    chosen = _in_state(chosen, state[0], phase, world) if state else chosen
    if counted := _COUNTED.search(text):
        chosen = _some(chosen, NUMBERS.get(counted[1] or counted[2]) or int(counted[1] or counted[2]), world)
    elif phase is None and _ONE.search(text) and not _SEVERAL.search(text):
        chosen = _easiest(chosen, world)
    parts = {"a phase": phase is not None, f"effort {'/'.join(sorted(sizes))}": sizes, "ready": ready}
    evidence = ", ".join([name for name, holds in parts.items() if holds] + ([state[0]] if state else []))
    return Found(chosen, score=0.9, kind="selection", evidence=f"all of: {evidence}") if chosen else Found()


def _nth(phase: Sequence[WorkStream], left: str) -> Found | None:
    """The streams of `phase` that the words beside it pick by their place: "the last one in"."""
    match = _NTH.search(left)
    if match is None or content(_ORDINAL_WORD.sub(" ", _cut(left, match))):
        return None
    sizes = {EFFORTS[match["size"]]} if match["size"] else set()
    of_size = [stream for stream in phase if not sizes or (stream.effort or "").upper()[:1] in sizes]
    which = match["which"]
    count = (NUMBERS.get(match["count"]) or int(match["count"])) if match["count"] else 1
    place = NUMBERS.get(which) or (int(which[0]) if which[0].isdigit() else 0)
    chosen = of_size[place - 1 : place - 1 + count] if place else of_size[-count:]
    return Found(tuple(chosen), score=0.9, kind="selection", evidence=f"{match[0].strip()} a phase") if chosen else None


def phases(text: str, world: World) -> tuple[list[WorkStream] | None, str]:
    """The streams of the phases that `text` names, or None when it names none; and the text without them."""
    if match := _PHASE.search(text):
        numbers = [
            NUMBERS.get(w, 0) or int(w)
            for w in re.findall(r"\w+", match[1])
            if w in NUMBERS or (w.isdigit() and len(w) < 5)
        ]
        if len(numbers) == 2 and _SPAN.search(match[1]):
            numbers = list(range(numbers[0], min(numbers[1], numbers[0] + 99) + 1))
        kind = match[0].split()[0]
        return [s for n in numbers for s in numbered(str(n), kind, world)], _cut(text, match)
    if match := _LEADING.search(text):
        groups, count = list(world.batches.values()), NUMBERS.get(match[2]) or int(match[2][:4])
        chosen = groups[:count] if match[1] == "first" else groups[-count:]
        return [stream for group in chosen for stream in group], _cut(text, match)
    if match := _ORDINAL.search(text):
        groups = list(world.batches.values())
        if match[1] in ("last", "final"):
            return (groups[-1] if groups else []), _cut(text, match)
        number = NUMBERS.get(match[1]) or int(match[1][0])
        return numbered(str(number), "phase", world), _cut(text, match)
    return _headings(text, world)


def _cut(text: str, match: re.Match[str]) -> str:
    return text[: match.start()] + " " + text[match.end() :]


def numbered(number: str, kind: str, world: World) -> list[WorkStream]:
    """The streams of phase (or batch, by its `kind` of word) `number`: by heading or by the first number of ids."""
    by_heading = [s for batch, streams in world.batches.items() if first_number(batch) == number for s in streams]
    by_id = [s for s in world.streams if first_number(s.id) == number and "." in s.id]
    return by_heading or by_id if kind.startswith("batch") else by_id or by_heading


def heading(text: str, world: World) -> list[WorkStream]:
    """The streams under the heading whose words are those of folded `text` and no more."""
    said, every = {stem(word) for word in content(text)}, {stem(word) for word in tokens(text)}
    titles = ((_title(batch), streams) for batch, streams in world.batches.items())
    return next((list(streams) for title, streams in titles if title and said <= title <= every), [])


@lru_cache(maxsize=4096)
def _title(batch: str) -> frozenset[str]:
    return frozenset(map(stem, _words(batch)))


def _words(batch: str) -> list[str]:
    """The words of a heading as they stand there, without its number."""
    return [w for w in tokens(fold(batch)) if not w.isdigit() and w not in _UNTITLED]


def _headings(text: str, world: World) -> tuple[list[WorkStream] | None, str]:
    said = {stem(w) for w in tokens(text)}
    best: tuple[int, str] = (0, "")
    for batch in world.batches:
        title = _title(batch)
        plain = title <= _NOTHING_IN_PARTICULAR and not (_ABOUT_GROUPS.search(text) or _titled(text, batch))
        if title and title <= said and len(title) > best[0] and not plain:
            best = (len(title), batch)
    if best[1]:
        left = " ".join(w for w in tokens(text) if stem(w) not in _title(best[1]) and w != "and")
        whole = not any(w not in EFFORTS and w not in _SELECTING for w in content(_READY.sub(" ", left)))
        names = world.rank(text)
        named = bool(names) and (names[0].full_name or (names[0].score >= 0.9 and not _ABOUT_GROUPS.search(text)))
        named = named and (names[0].full_name or not _titled(text, best[1]))
        if whole and not named:
            return world.batches[best[1]], left
    part = _partly(text, world) if _GROUPED.search(text) else None
    if part is not None:
        return part, ""
    several = [heading(part, world) for part in _LIST.split(text) if content(part)]
    if len(several) > 1 and all(several):
        return list(dict.fromkeys(stream for group in several for stream in group)), ""
    return _foundation(text, world)


def _titled(text: str, batch: str) -> bool:
    """True when folded `text` is the heading as it stands there: "ticketing" is no part of *Ticket Machines*."""
    title = _words(batch)
    if _SINGLE.search(text):
        return False
    return [word for word in tokens(text) if word in title or word not in FUNCTION_WORDS] == title


def _partly(text: str, world: World) -> list[WorkStream] | None:
    """The streams of the one heading that has all the words: "the admin phase" for "Admin and Compliance"."""
    said = [{root, *thesaurus().get(root, ())} for root in map(stem, content(text))]
    fitting = [s for batch, s in world.batches.items() if said and all(_title(batch) & likes for likes in said)]
    return list(fitting[0]) if len(fitting) == 1 else None


def _foundation(text: str, world: World) -> tuple[list[WorkStream] | None, str]:
    """The foundation is the phase of that name, or else the first one, whatever its heading."""
    if not _FOUNDATION.search(text) or not world.batches:
        return None, text
    left = _FOUNDATION.sub(" ", text)
    other = " ".join(w for w in content(left) if w not in EFFORTS and w != "platform")
    if other and world.rank(other):
        return None, text
    titled = next((b for b in world.batches if "foundation" in fold(b)), next(iter(world.batches)))
    return world.batches[titled], left


def _filter(streams: Sequence[WorkStream], sizes: set[str], ready: bool, world: World) -> tuple[WorkStream, ...]:
    chosen = [s for s in streams if not sizes or (s.effort or "").upper()[:1] in sizes]
    return world.open([s for s in chosen if not ready or s.id in world.available])


def _some(streams: Sequence[WorkStream], count: int, world: World) -> tuple[WorkStream, ...]:
    """The first `count`, those that can start now before others."""
    return tuple(sorted(streams, key=lambda s: s.id not in world.available)[:count])


def _in_state(
    chosen: Sequence[WorkStream], state: str, phase: Sequence[WorkStream] | None, world: World
) -> tuple[WorkStream, ...]:
    """Those of `chosen` that are finished, at work, or blocked; `phase`: with the finished ones that it left out."""
    if re.search("complete|finished|done", state):
        return tuple(s for s in (world.streams if phase is None else phase) if s.is_closed)
    if "blocked" in state:
        return tuple(s for s in chosen if s.status is WorkStreamStatus.BLOCKED)
    return tuple(s for s in chosen if s.id in world.running)


def _easiest(streams: Sequence[WorkStream], world: World) -> tuple[WorkStream, ...]:
    order = {"S": 0, "M": 1, "L": 2}
    ready = [s for s in streams if s.id in world.available] or list(streams)
    return tuple(sorted(ready, key=lambda s: order.get((s.effort or "M").upper()[:1], 1))[:1])
