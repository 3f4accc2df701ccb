"""From a phrase to work streams: ids and ranges first, then selections, then names and descriptions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from orchestrator_agent.interpreters.lexicon import NUMBERS
from orchestrator_agent.interpreters.matching import Match
from orchestrator_agent.interpreters.selections import Found, phases, select
from orchestrator_agent.interpreters.words import content, fold, tokens
from orchestrator_agent.interpreters.world import World
from orchestrator_agent.model import WorkStream, id_key
from orchestrator_agent.patterns import regex

#: Two streams whose scores are nearer than this cannot be told apart by the words.
GAP = 0.08
#: What accounts for a smaller share of what the best one accounts for is no rival of it.
RIVAL = 0.5
#: A name that is believed less than this says nothing at all; a tie must be worth as much of what was said.
WORTH_SAYING, WORTH_ASKING = 0.2, 0.34
#: Of two descriptions that fit nearly as well the better one is proposed; of two names neither is.
IN_A_NAME, EQUAL, DESCRIBED = 0.6, 0.005, 0.45
#: Where even the better one accounts for less than this, it is a guess.
HINTED, GUESSED = 0.2, 0.43
#: One word of several that many descriptions share: it may be there by chance.
BY_CHANCE = 0.5
PLAIN_NAME = 0.85
#: A match that is worth less than this fits prose only.
BY_NAME = 0.6
#: What is listed beside other work fits at least so well.
LISTED = 0.5
_MOST_PARTS = 12
_MOST_OFFERED = 12

_ID = regex(r"(?<![\w.])(?:#|phase-|ws-?)?([a-z0-9]+(?:[._-][a-z0-9]+)*)(?![\w])")
_DOTTED = regex(r"(?<![\w.])\d+\.\d+(?:\.\d+)*[a-z]?(?!\w)")
_RANGE = regex(r"(?:up )?(?:\bto\b|\bthrough\b|\bthru\b|\bthro\b|\buntil\b|-|\.\.+|\bbis\b|\bà\b)")
_SPAN = regex(r"(?<=\.\d)-(?=\d+\.\d)|(?<=\.\d\d)-(?=\d+\.\d)")
#: "Only 3.1 out of phase 3" is no list.
_PART_OF = regex(r"\d (?:out )?(?:of|in|from|within|under) (?:the )?\w+")
_BETWEEN = regex(r"\bbetween\b")
_PLURAL = regex(
    r"\b(?:all|both|every|each|the (?:two|three|four|five|six)|these|those|\w+ (?:ones|streams)|everything"
    r" (?:about|on|for|with|around))\b"
)
_HOW_MANY = regex(r"\bboth\b|\b(?:all|the) (two|three|four|five|six)\b")
_BY_AGENT = regex(r"((?:\S+ ){1,3})agent\b")
_AND = regex(r"\s*(?:,|&|\+|/|;|\b(?:and|plus|then|also|as well as|n|or|followed by)\b)\s*")
_OR = regex(r"\b(?:either|or)\b")


def resolve(text: str, world: World, *, at_work: bool = False) -> Found:
    """The streams that folded `text` names or selects.

    `at_work`: the words speak of an agent at work, so of two equal fits the running one is meant.
    """
    return _with_names(ids(text, world), text, world) or select(text, world) or names(text, world, at_work)


def _with_names(found: Found, text: str, world: World) -> Found:
    """An id beside a plain name in one list ("1.1 and the cli") does not hide it."""
    parts = _AND.split(text) if found.streams else []
    for part in parts if 1 < len(parts) <= _MOST_PARTS else ():
        top = world.rank(part)[:1]
        if top and top[0].score >= PLAIN_NAME and not ids(part, world):
            named = _single(part, world.rank(part), world, False)
            found = replace(found, streams=tuple(dict.fromkeys(found.streams + named.streams)))
    return found


def refused_parts(text: str, world: World) -> list[Found]:
    """What folded `text` leaves out, each item of a list on its own: one that fits several leaves out all of them."""
    whole = resolve(text, world)
    parts = [part for part in _AND.split(text) if content(part)]
    several = 1 < len(parts) <= _MOST_PARTS and len(whole.streams) < len(parts) and whole.kind in ("name", "")
    return [resolve(part, world) for part in parts] if several and not names_one(text, world) else [whole]


def ids(text: str, world: World) -> Found:
    """The streams that `text` names by id, ranges filled; `unknown_id` when it has only ids that do not exist."""
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
        between = text[hits[number - 1][1] : start].strip() if number else ""
        if number and (_RANGE.fullmatch(between) or (_BETWEEN.search(text) and between == "and")):
            low, high = id_key(hits[number - 1][2].id), id_key(stream.id)
            streams += [s for s in world.streams if low < id_key(s.id) < high]
        streams.append(stream)
    if not _PART_OF.search(text):
        streams += phases(text, world)[0] or []
    unique = tuple(dict.fromkeys(streams))
    if unknown:
        return Found(candidates=unique, score=0.5, kind="id", evidence=f"no work stream {unknown[0]}")
    if len(unique) == 2 == len(hits) and _OR.search(text[hits[0][0] : hits[1][1]]):
        return Found(candidates=unique, score=0.5, kind="id", evidence="one or the other")
    return Found(unique, score=0.98, kind="id", evidence="id " + ", ".join(s.id for s in unique), size=9)


def _is_id(word: str, text: str, start: int) -> bool:
    """A plain word or a plain number is an id only where it stands as one."""
    if any(c in word for c in "._-") and any(c.isdigit() for c in word):
        return True
    before = text[:start].rstrip(" #").rsplit(" ", 1)[-1]
    if word.isdigit():
        nouns = ("stream", "ticket", "task", "item", "ws", "phase", "number", "no", "id")
        return text.strip() == word or before in nouns or text[start - 1 : start] == "#"
    return "-" in word or not word.isalpha() or text.strip() == word


def names(text: str, world: World, at_work: bool) -> Found:
    """The streams that `text` speaks of by name or description, several of them where it lists several."""
    if at_work and (near := _BY_AGENT.search(text)) and near[1] != text and len(content(text)) > 2 and content(near[1]):
        text = near[1]
    matches = world.rank(text)
    if not matches or (at_work and not content(text)):
        return Found()
    top = matches[0]
    parts = [part for part in _AND.split(text) if content(part)]
    if 1 < len(parts) <= _MOST_PARTS and not (top.full_name and top.score >= 0.85):
        several = _several(parts, world, at_work, either=bool(_OR.search(text)))
        if several:
            return several
    return _single(text, matches, world, at_work)


def _several(parts: list[str], world: World, at_work: bool, *, either: bool) -> Found:
    streams: list[WorkStream] = []
    scores: list[float] = []
    by_name: list[bool] = []
    for part in parts:
        found = ids(part, world) or _single(part, world.rank(part), world, at_work)
        if not found.streams and part is not parts[-1]:
            found = next((t for t in _with_endings(part, parts[-1], world, at_work) if t.streams), found)
        if not found.streams or found.score < 0.5:
            return Found()
        streams += found.streams
        scores.append(found.score)
        by_name.append(found.kind != "name" or _is_named(part, found, world))
    unique = tuple(dict.fromkeys(streams))
    if len(unique) < 2:
        return Found()
    if either:
        return Found(candidates=unique, score=0.5, kind="name", evidence="one or the other")
    # What only prose holds is seldom meant beside what is named: it needs a yes.
    score = min(scores) if all(by_name) or not any(by_name) else GUESSED
    return Found(unique, score=score, kind="name", evidence="names " + ", ".join(s.id for s in unique))


def _is_named(text: str, found: Found, world: World) -> bool:
    """True when folded `text` fits the name or a task of the work stream that was found for it, and no prose alone."""
    return any(match.stream in found.streams and match.score >= LISTED for match in world.rank(text)[:3])


def _with_endings(part: str, last: str, world: World, at_work: bool) -> list[Found]:
    """Readings of "intel" in "intel and apple backends": the head noun stands once, at the end."""
    words = last.split(" ")
    tries = [f"{part} {' '.join(words[-n:])}" for n in range(1, min(4, len(words)))]
    return [_single(text, world.rank(text), world, at_work) for text in tries]


def belief(matches: Sequence[Match]) -> float:
    """How likely the first of `matches` is what was meant, 0..1, by what it accounts for and how far it leads.

    A logistic curve, fitted to goals of which each names one stream or none.
    """
    top = matches[0]
    second = matches[1].score if len(matches) > 1 else 0.0
    lead = (top.score - second) / (top.score + 0.08)
    other = matches[1] if len(matches) > 1 else None
    if (top.full_name and not (other and other.full_name)) or (top.literal == 1 and not (other and other.literal == 1)):
        lead = max(lead, 0.6)
    weight = (
        -4.8 + 5.0 * top.cover + 4.6 * lead - 1.2 * top.score + 0.4 * top.full_name + 2.0 * math.log(len(top.words))
    )
    return 1 / (1 + math.exp(-weight))


def is_spoken(name: str, text: str) -> bool:
    """True when a name of several words stands word for word in `text`: "second file" is not *First File*."""
    words = tokens(fold(name[:300]))
    return len(words) > 1 and f" {' '.join(words)} " in f" {' '.join(tokens(text))} "


def _single(text: str, matches: list[Match], world: World, at_work: bool) -> Found:
    if not matches:
        return Found()
    if at_work:
        matches = _live_first(matches, world)
    top = matches[0]
    near = [m for m in matches if m.score >= top.score - GAP and m.cover >= RIVAL * top.cover]
    tied = [m for m in near if m.full_name or not top.full_name]
    spoken = [m for m in tied if is_spoken(m.stream.name, text)]
    if len(spoken) == 1 < len(tied):
        return Found(
            (spoken[0].stream,), score=0.95, kind="name", evidence=f"{spoken[0].stream.id} by its full name", size=9
        )
    shown = content(top.words) or top.words
    evidence = f"{top.stream.id} on the words: {', '.join(shown[:6])}"
    if counted := _counted(text, matches):
        return Found(world.open(counted), score=0.8 * top.score, kind="name", evidence=evidence)
    if len(tied) > 1:
        return _tied(text, tied, world, evidence)
    sure = belief(matches)
    if shown is top.words and not top.full_name:  # words of talk alone: "time out" is no *Closing Time*
        sure = min(sure, GUESSED)
    if sure < WORTH_SAYING:
        return Found(score=sure, evidence="nothing in the roadmap fits these words")
    return Found((top.stream,), score=sure, kind="name", evidence=evidence, size=len(top.words))


def _live_first(matches: list[Match], world: World) -> list[Match]:
    """An agent at work is meant rather than work that nobody is at, unless that is named in full."""
    if matches[0].full_name:
        return matches
    live = [m for m in matches if m.stream.id in world.running and m.score >= max(0.3, matches[0].score - 0.3)]
    return live or matches


def _counted(text: str, matches: list[Match]) -> tuple[WorkStream, ...]:
    """The first two, three ... matches where that many are spoken of and no more fit as well: "both parser streams"."""
    match = _HOW_MANY.search(text)
    count = 2 if match and match[0] == "both" else NUMBERS.get(match[1] or "", 0) if match else 0
    if count < 2 or len(matches) < count or matches[count - 1].score < 0.5:
        return ()
    if len(matches) > count and matches[count].score >= matches[count - 1].score - GAP:
        return ()
    return tuple(sorted((m.stream for m in matches[:count]), key=lambda s: id_key(s.id)))


def _tied(text: str, tied: list[Match], world: World, evidence: str) -> Found:
    top = tied[0]
    if top.cover < WORTH_ASKING:
        return Found(score=top.cover * 0.5, evidence="the words fit several work streams weakly")
    if _PLURAL.search(text) and top.score >= 0.5:
        chosen = tuple(sorted((m.stream for m in tied), key=lambda s: id_key(s.id)))
        return Found(world.open(chosen), score=0.8 * top.score, kind="name", evidence=evidence)
    if top.score < IN_A_NAME and top.score - tied[1].score > EQUAL:
        chance = len(top.words) == 1 and top.cover < BY_CHANCE
        score = DESCRIBED if top.score >= HINTED and not chance else GUESSED
        return Found((top.stream,), score=score, kind="name", evidence=evidence, size=len(top.words))
    offered = tuple(m.stream for m in tied[:_MOST_OFFERED])
    return Found(candidates=offered, score=top.cover * 0.5, kind="name", evidence=evidence)


def is_item(text: str, found: Found, world: World, least: float = LISTED) -> bool:
    """True when folded `text` is an item of a list: an id, a selection or a name, and no remark that shares a word."""
    top = world.rank(text)[:1]
    several = len(found.streams) > 1 and found.score >= 0.6
    return several or found.kind in ("id", "selection") or (bool(top) and top[0].score >= least)


def names_one(text: str, world: World) -> bool:
    """True when folded `text` is all but the name of one work stream."""
    top = world.rank(text)[:1]
    return bool(top) and (top[0].full_name or top[0].score >= 0.85)
