"""From a phrase to work streams: ids and ranges, selections (phase, effort, readiness), then names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from orchestrator_agent.interpreters.lexicon import EFFORTS, NUMBERS
from orchestrator_agent.interpreters.matching import GAP, Index, Match
from orchestrator_agent.interpreters.words import content, fold, stem, tokens
from orchestrator_agent.model import WorkStream, WorkStreamStatus, id_key

#: Below these shares a match says nothing: for up to three content words, and for more.
THRESHOLD_SHORT, THRESHOLD_LONG = 0.38, 0.2
DONE = (WorkStreamStatus.COMPLETE, WorkStreamStatus.CANCELLED)


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

    def __bool__(self) -> bool:
        return bool(self.streams or self.candidates or self.kind == "unknown_id")


@dataclass
class World:
    """The roadmap as it stands, and which of its streams have an agent."""

    streams: Sequence[WorkStream]
    running: frozenset[str]
    available: frozenset[str]
    index: Index = field(init=False)

    def __post_init__(self) -> None:
        self.index = Index(self.streams)

    @cached_property
    def by_id(self) -> dict[str, WorkStream]:
        return {stream.id.casefold(): stream for stream in self.streams}

    @cached_property
    def batches(self) -> dict[str, list[WorkStream]]:
        """Streams by the heading of their group, in the order of the roadmap."""
        found: dict[str, list[WorkStream]] = {}
        for stream in self.streams:
            found.setdefault(stream.batch or f"phase {_first_number(stream.id)}", []).append(stream)
        return found

    def open(self, streams: Sequence[WorkStream]) -> tuple[WorkStream, ...]:
        """Those that are not finished; all of them when all are."""
        left = tuple(s for s in streams if s.status not in DONE)
        return left or tuple(streams)


_ID = re.compile(r"(?<![\w.])(?:#|phase-|ws-?)?([a-z0-9]+(?:[._-][a-z0-9]+)*)(?![\w])")
_DOTTED = re.compile(r"(?<![\w.])\d+\.\d+(?:\.\d+)*[a-z]?(?!\w)")
_RANGE = re.compile(r"(?:\bto\b|\bthrough\b|\bthru\b|\bthro\b|\buntil\b|\btill\b|\bup to\b|-|\.\.+|\bbis\b|\bà\b)")
_SPAN = re.compile(r"(?<=\.\d)-(?=\d+\.\d)|(?<=\.\d\d)-(?=\d+\.\d)")
_BETWEEN = re.compile(r"\bbetween\b")
_PHASE = re.compile(
    r"\b(?:phases?|batch(?:es)?|milestones?|sprints?|waves?|stages?|fases?)\s+((?:(?:\d+|"
    + "|".join(NUMBERS)
    + r")(?:\s*(?:,|and|&|\+|to|through|-)\s*)?)+)(?![\d.])"
)
_ORDINAL = re.compile(
    r"\b("
    + "|".join(n for n in NUMBERS if n not in ("couple", "pair", "single"))
    + r"|last|final)\s+(?:phase|batch|milestone|stage)\b"
)
_FOUNDATION = re.compile(r"\b(?:foundations?|foundational|groundwork|(?:the|platform) basics|basics)\b")
_READY = re.compile(
    r"\b(?:available|ready|unblocked|startable|(?:isn't|is not|aren't|not) blocked|can (?:be )?start(?:ed)?"
    r"|dependencies (?:are )?(?:done|met|complete|satisfied)"
    r"|(?:isn't|not|nothing) waiting|free to start)\b"
)
_ONE = re.compile(r"\b(?:one|a|single|thing|smallest|easiest|quickest|something|shortest)\b")
_SEVERAL = re.compile(r"\b(?:all|every|ones|streams|only|everything|anything)\b")
_SELECTION_WORDS = frozenset("sized effort thing win wins inclusive dependencies".split())
_SIZED = re.compile(
    r"\b(?:ones?|streams?|items?|tasks?|things?|stuff|sized?|effort|work|everything|all|stories|wins?|jobs?)\b"
)
ALL = re.compile(
    r"\b(?:everything|all|whole|entire|rest|remaining|remainder|lot|complete roadmap|full"
    r"|the (?:plan|roadmap|backlog|project)|anything|whatever|them all)\b"
)
EVERYONE = re.compile(r"\b(?:everyone|everybody)\b")
#: Words that mean everything even without a command beside them.
EVERYTHING = re.compile(r"\b(?:everything|all|whole|entire|rest|remaining|remainder|the lot)\b")
_PLURAL = re.compile(r"\b(?:all|both|every|each|the (?:two|three|four|five|six)|these|those)\b")
_BY_AGENT = re.compile(r"((?:\S+ ){1,3})agent\b")
_AND = re.compile(r"\s*(?:,|&|\+|/|;|\b(?:and|plus|then|also|as well as|n|or|followed by)\b)\s*")
_OR = re.compile(r"\b(?:either|or)\b")
_ANY_NUMBER = re.compile(r"\d+")


def _first_number(text: str) -> str:
    match = _ANY_NUMBER.search(text)
    return match[0].lstrip("0") or "0" if match else ""


def resolve(text: str, world: World, *, at_work: bool = False) -> Found:
    """The streams that folded `text` names or selects.

    `at_work`: the words speak of an agent at work, so of two equal fits the running one is meant.
    """
    return _ids(text, world) or select(text, world) or _names(text, world, at_work)


def _ids(text: str, world: World) -> Found:
    text = _SPAN.sub(" - ", text)
    hits = [
        (m.start(1), m.end(1), world.by_id[m[1]])
        for m in _ID.finditer(text)
        if m[1] in world.by_id and _is_id(m[1], text, m.start(1))
    ]
    unknown = [m[0] for m in _DOTTED.finditer(text) if m[0] not in world.by_id]
    if not hits:
        return Found(kind="unknown_id", evidence=f"no work stream {unknown[0]}") if unknown else Found()
    streams: list[WorkStream] = []
    for number, (start, _, stream) in enumerate(hits):
        between = text[hits[number - 1][1] : start] if number else ""
        if number and (
            _RANGE.fullmatch(
                between.strip().removesuffix("up to").strip() or "to" if "up to" in between else between.strip()
            )
            or (_BETWEEN.search(text) and between.strip() == "and")
        ):
            low, high = id_key(hits[number - 1][2].id), id_key(stream.id)
            streams += [s for s in world.streams if low < id_key(s.id) < high]
        streams.append(stream)
    if match := _PHASE.search(text):
        streams += _phases(match[0], world)[0] or []
    unique = tuple(dict.fromkeys(streams))
    if unknown:
        return Found(candidates=unique, score=0.5, kind="id", evidence=f"no work stream {unknown[0]}")
    return Found(unique, score=0.98, kind="id", evidence="id " + ", ".join(s.id for s in unique))


def _is_id(word: str, text: str, start: int) -> bool:
    """A plain word or a plain number is an id only where it stands as one."""
    if any(c in word for c in "._-") and any(c.isdigit() for c in word):
        return True
    before = text[:start].rstrip(" #").rsplit(" ", 1)[-1]
    if word.isdigit():
        return (
            text.strip() == word
            or before in ("stream", "ticket", "task", "item", "ws", "phase", "number", "no", "id")
            or text[start - 1 : start] == "#"
        )
    return "-" in word or not word.isalpha() or text.strip() == word


def _numbered(number: str, kind: str, world: World) -> list[WorkStream]:
    by_heading = [s for batch, streams in world.batches.items() if _first_number(batch) == number for s in streams]
    by_id = [s for s in world.streams if _first_number(s.id) == number and "." in s.id]
    return by_heading or by_id if kind.startswith("batch") else by_id or by_heading


def _phases(text: str, world: World) -> tuple[list[WorkStream] | None, str]:
    """The streams of the phases that `text` names, or None when it names none; and the text without them."""
    if match := _PHASE.search(text):
        words = [
            NUMBERS.get(w, 0) or int(w)
            for w in re.findall(r"\w+", match[1])
            if w in NUMBERS or (w.isdigit() and len(w) < 5)
        ]
        if len(words) == 2 and re.search(r"\bto\b|through|-", match[1]):
            words = list(range(words[0], min(words[1], words[0] + 99) + 1))
        kind = match[0].split()[0]
        return [s for n in words for s in _numbered(str(n), kind, world)], text[: match.start()] + " " + text[
            match.end() :
        ]
    if match := _ORDINAL.search(text):
        groups = list(world.batches.values())
        last = match[1] in ("last", "final")
        number = len(groups) if last else NUMBERS[match[1]]
        chosen = groups[-1] if last and groups else _numbered(str(number), "phase", world)
        return chosen, text[: match.start()] + " " + text[match.end() :]
    return _headings(text, world)


_ABOUT_PHASES = re.compile(
    r"\b(?:phases?|batch(?:es)?|milestones?|stages?|everything|all|whole|entire|stuff|ones|streams?|work|section"
    r"|part|we need|for|things)\b"
)


def _headings(text: str, world: World) -> tuple[list[WorkStream] | None, str]:
    said = {stem(w) for w in tokens(text)}
    best: tuple[int, str] = (0, "")
    for batch in world.batches:
        title = {
            stem(w) for w in tokens(fold(batch)) if not w.isdigit() and w not in ("phase", "batch", "milestone", "and")
        }
        if title and title <= said and len(title) > best[0]:
            best = (len(title), batch)
    if best[1]:
        title_words = {stem(w) for w in tokens(fold(best[1]))}
        left = " ".join(w for w in tokens(text) if stem(w) not in title_words)
        whole = not any(w not in EFFORTS for w in content(left))
        names = world.index.rank(text)
        named = bool(names) and (names[0].full_name or (names[0].score >= 0.9 and not _ABOUT_PHASES.search(text)))
        if whole and not named:
            return world.batches[best[1]], left
    if _FOUNDATION.search(text):
        titled = [b for b in world.batches if "foundation" in fold(b)]
        left = _FOUNDATION.sub(" ", text)
        other = " ".join(w for w in content(left) if w not in EFFORTS and w != "platform")
        if world.batches and not (other and world.index.rank(other)):
            return world.batches[titled[0] if titled else next(iter(world.batches))], left
    return None, text


def select(text: str, world: World) -> Found:
    """A set chosen by phase, effort, or readiness; nothing when `text` speaks of something else too."""
    phase, left = _phases(text, world)
    ready = bool(_READY.search(left))
    left = _READY.sub(" ", left)
    sizable = _SIZED.search(text) or phase is not None
    sizes = {EFFORTS[w] for w in tokens(left) if w in EFFORTS} if sizable else set()
    if phase is None and not ready and not sizes:
        return Found()
    other = " ".join(w for w in content(left) if w not in EFFORTS and w not in _SELECTION_WORDS)
    if phase == [] and not other:
        return Found(kind="unknown_id", evidence="no such phase")
    if other and world.index.rank(other):
        return Found()
    chosen = _filter(phase if phase is not None else world.streams, sizes, ready, world)
    if phase is None and _ONE.search(text) and not _SEVERAL.search(text):
        chosen = _easiest(chosen, world)
    named = ["a phase"] * (phase is not None) + [f"effort {'/'.join(sorted(sizes))}"] * bool(sizes) + ["ready"] * ready
    return Found(chosen, score=0.9, kind="selection", evidence="all of: " + ", ".join(named)) if chosen else Found()


def _filter(streams: Sequence[WorkStream], sizes: set[str], ready: bool, world: World) -> tuple[WorkStream, ...]:
    chosen = [s for s in streams if not sizes or (s.effort or "").upper()[:1] in sizes]
    return world.open([s for s in chosen if not ready or s.id in world.available])


def _easiest(streams: Sequence[WorkStream], world: World) -> tuple[WorkStream, ...]:
    order = {"S": 0, "M": 1, "L": 2}
    ready = [s for s in streams if s.id in world.available] or list(streams)
    return tuple(sorted(ready, key=lambda s: order.get((s.effort or "M").upper()[:1], 1))[:1])


def _names(text: str, world: World, at_work: bool) -> Found:
    matches = world.index.rank(text)
    if not matches:
        return Found()
    parts = [part for part in _AND.split(text) if content(part)]
    top = matches[0]
    if len(parts) > 1 and not (top.full_name and top.score >= 0.85) and len(parts) <= 12:
        several = _several(parts, world, at_work, either=bool(_OR.search(text)))
        if several:
            return several
    return _single(text, matches, world, at_work)


def _several(parts: list[str], world: World, at_work: bool, *, either: bool) -> Found:
    streams: list[WorkStream] = []
    scores: list[float] = []
    endings = parts[-1].split(" ")
    for part in parts:
        found = _ids(part, world) or _single(part, world.index.rank(part), world, at_work)
        if not found.streams and len(endings) > 1 and part is not parts[-1]:
            tries = (
                _single(
                    f"{part} {' '.join(endings[-n:])}",
                    world.index.rank(f"{part} {' '.join(endings[-n:])}"),
                    world,
                    at_work,
                )
                for n in range(1, min(4, len(endings)))
            )
            found = next((t for t in tries if t.streams), found)
        if not found.streams or found.score < 0.5:
            return Found()
        streams += found.streams
        scores.append(found.score)
    unique = tuple(dict.fromkeys(streams))
    if len(unique) < 2:
        return Found()
    if either:
        return Found(candidates=unique, score=0.5, kind="name", evidence="one or the other")
    return Found(unique, score=min(scores), kind="name", evidence="names " + ", ".join(s.id for s in unique))


def _is_spoken(name: str, text: str) -> bool:
    """True when a name of several words stands word for word in `text`: "second file" is not *First File*."""
    words = tokens(fold(name[:300]))
    return len(words) > 1 and f" {' '.join(words)} " in f" {' '.join(tokens(text))} "


def _single(text: str, matches: list[Match], world: World, at_work: bool) -> Found:
    if not matches:
        return Found()
    top = matches[0]
    words = len(content(text))
    if at_work and (near := _BY_AGENT.search(text)) and words > 4 and content(near[1]):
        return _single(near[1], world.index.rank(near[1]), world, at_work) if near[1] != text else Found()
    runner_up = matches[1].score if len(matches) > 1 else 0.0
    evidence = f"{top.stream.id} on the words: {', '.join(top.words[:6])}"
    if at_work and not top.full_name:
        live = [m for m in matches if m.stream.id in world.running and m.score >= max(0.45, top.score - 0.3)]
        if live:
            matches = live
            top = live[0]
            runner_up = live[1].score if len(live) > 1 else 0.0
    if top.score < (THRESHOLD_SHORT if words <= 3 else THRESHOLD_LONG):
        return Found(score=top.score, evidence="nothing in the roadmap fits these words")
    tied = [m for m in matches if m.score >= top.score - GAP and (m.full_name or not top.full_name)]
    spoken = [m for m in tied if _is_spoken(m.stream.name, text)]
    if len(spoken) == 1 < len(tied):
        stream = spoken[0].stream
        return Found((stream,), score=0.95 * spoken[0].score, kind="name", evidence=f"{stream.id} by its full name")
    if len(tied) > 1:
        if _PLURAL.search(text) and top.score >= 0.5:
            chosen = tuple(sorted((m.stream for m in tied), key=lambda s: id_key(s.id)))
            return Found(world.open(chosen), score=0.8 * top.score, kind="name", evidence=evidence)
        if words <= 4 or top.score >= 0.5:
            return Found(
                candidates=tuple(m.stream for m in tied[:12]), score=top.score * 0.5, kind="name", evidence=evidence
            )
        return Found(score=top.score * 0.5, evidence="the words fit several work streams weakly")
    sure = top.score if top.full_name else top.score * min(1.0, 0.6 + (top.score - runner_up))
    return Found((top.stream,), score=sure, kind="name", evidence=evidence)
