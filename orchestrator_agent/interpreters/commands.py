"""What one clause asks to be done: start, stop, verify, look, or a bare mention of work."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from orchestrator_agent.interpreters import questions
from orchestrator_agent.interpreters.lexicon import NUMBERS, OUTSIDE
from orchestrator_agent.interpreters.reading import NOTHING_FITS, Reading, join, run
from orchestrator_agent.interpreters.sentences import NUMBER, Clause
from orchestrator_agent.interpreters.targets import ALL, EVERYONE, EVERYTHING, Found, World, resolve
from orchestrator_agent.interpreters.words import content, fold, stem

_NEXT = re.compile(r"\bnext\b|\b(?:keep|carry|go|going|move|press) (?:going|on)\b|^(?:continue|proceed|go|onwards?)\b")
_NEXT_READY = re.compile(r"\bnext (?:available|ready|open|free|unblocked|possible)\b")
_NEXT_COUNT = re.compile(rf"\bnext ({NUMBER})\b|\b({NUMBER}) (?:more|next)\b")
_WHOLE = re.compile(
    r"\b(?:whole|entire|full|complete|rest of the|remaining|just run the|run the|finish the) (?:\w+ )?(?:roadmap"
    r"|plan|backlog|project|list|lot|thing|product|app|system|program|work)\b"
)
_ONE_AGENT = re.compile(r"\b(?:it|this|that|him|her|(?:the|that|this|one) (?:agent|one|stream|worker)|on)\b")
_OUR_WORK = re.compile(r"\b(?:agent|stream|work|phase)\b")
_OBJECT = re.compile(r"(?:the|a|an|that|this|its|\d)\b")
_STATES = re.compile(r"\b(?:is|are|was|were|isn't|aren't|seems|looks|keeps|kept|love|hate)\b")
_NOTHING = re.compile(r"(?:nothing|none|nobody|no one|no more)\b")
_MINE = re.compile(r"\b(?:my|mine|me)\b")
#: Words for the roadmap as a whole, and for starting, that name no part of it.
_GENERAL = frozenset(
    "roadmap backlog list everything shop site app product project thing start run available continue proceed begin"
    " unblocked idle open carry".split()
)
_OWN_START = ("get", "start", "run", "begin", "build")
_FIRST = ("first", "second", "third")


def command(clause: Clause, around: Sequence[Clause], world: World) -> Reading | None:
    """What a clause with a command asks for, or None when it asks nothing of us; `around`: all clauses of the goal."""
    if clause.command in ("status", "report", "help"):
        return _look(clause, world)
    if clause.command == "run":
        return _start(clause, around, world)
    return _act(clause, around, world)


def mention(clause: Clause, world: World) -> Reading | None:
    """What a clause without a command asks for: a bare mention of work asks for its start."""
    reading = _meta(clause, world) or _written(clause.text, world)
    if reading:
        return reading
    if questions.overall(clause.text) and not names_one(clause.text, world):
        about = resolve(questions.subject(clause.text), world, at_work=True)
        clear = about.streams and about.score >= 0.5
        return Reading("status", about if clear else Found(), 0.8, "asks how things are")
    found = resolve(clause.text, world)
    if not found or _is_private(clause.text, 7):
        return None
    head, _, rest = clause.rest.partition(" ")
    strange = not any(stem(head) in map(stem, content(fold(s.name))) for s in found.streams)
    if strange and head in OUTSIDE and found.kind != "name":
        return None
    unknown_verb = strange and bool(_OBJECT.match(rest)) and bool(content(head)) and not world.index.knows(head)
    doubt = unknown_verb or (strange and head in OUTSIDE) or bool(_STATES.search(clause.text))
    return run(found, confirm=doubt or (clause.marked and not clause.polite))


def unmask(clause: Clause, world: World) -> Clause:
    """A command word that is part of a name does not command: "status dashboard", "report generator"."""
    if clause.command in ("", "run") or clause.word == "phrase":
        return clause
    best = world.index.rank(clause.text)[:1]
    rest = world.index.rank(clause.rest)[:1]
    if not best or (rest and rest[0].full_name):
        return clause
    name = [stem(word) for word in content(fold(best[0].stream.name))]
    root, following = stem(clause.word), stem((content(clause.rest) or [""])[0])
    if root in name and (best[0].full_name or (root, following) in pairwise(name)):
        return replace(clause, rest=clause.text, command="run")
    return clause


def carry_on(reading: Reading, clause: Clause, later: Sequence[Clause], world: World) -> Reading:
    """Take in what follows a command in the same breath: "do A, B, and C"."""
    if reading.ask or reading.intent not in ("run", "stop", "verify"):
        return reading
    for other in later:
        if other.command in ("", clause.command) and content(other.rest):
            found = resolve(other.rest, world, at_work=reading.intent == "stop")
            if found.score >= 0.6:
                reading = join(reading, Reading(reading.intent, found, found.score, found.evidence))
    return reading


def names_one(text: str, world: World) -> bool:
    """True when folded `text` is all but the name of one work stream."""
    top = world.index.rank(text)[:1]
    return bool(top) and (top[0].full_name or top[0].score >= 0.85)


def _act(clause: Clause, around: Sequence[Clause], world: World) -> Reading | None:
    """stop, verify, explain: commands for what exists."""
    intent, rest = clause.command, clause.rest
    if (
        intent == "stop"
        and not content(rest)
        and (ALL.search(rest) or EVERYONE.search(rest) or not _ONE_AGENT.search(rest))
    ):
        return Reading("stop_all", evidence=f"the word {clause.word}", confirm=clause.marked)
    if _is_private(rest, 6) and "agent" not in rest:
        return None
    found = resolve(rest, world, at_work=True)
    if not found and not content(rest):
        found = _referent(clause, around, world)
    if found.kind == "unknown_id" or found.candidates:
        return Reading(intent, found, 0.5, found.evidence, ask=True)
    if found.streams:
        return Reading(intent, found, found.score, found.evidence, confirm=clause.marked and not clause.polite)
    return _unfound(clause, world)


def _unfound(clause: Clause, world: World) -> Reading:
    """A command for something that the roadmap does not hold."""
    live = tuple(stream for stream in world.streams if stream.id in world.running)
    if clause.command == "stop" and not content(clause.rest):
        if len(live) == 1:
            return Reading("stop", Found(live, kind="name"), 0.8, "the only one that runs")
        evidence = "several agents run" if live else "no agent runs"
        return Reading("stop", Found(candidates=live), 0.6, evidence, ask=True)
    if _OUR_WORK.search(clause.text) or not content(clause.rest):
        return Reading(clause.command, Found(), 0.5, NOTHING_FITS, ask=True)
    return Reading("none", score=0.7, evidence=NOTHING_FITS)


def _look(clause: Clause, world: World) -> Reading:
    evidence = f"the word {clause.word}"
    if clause.command == "help":
        return Reading("help", evidence=evidence)
    about = resolve(questions.subject(clause.rest), world, at_work=True)
    if about.score < 0.5 or clause.command == "report":
        return Reading(clause.command, evidence=evidence)
    return Reading(clause.command, about, about.score, about.evidence, ask=bool(about.candidates))


def _start(clause: Clause, around: Sequence[Clause], world: World) -> Reading | None:
    written = _written(clause.text, world, clause.rest)
    if written:
        return written
    if _NOTHING.match(clause.rest):
        return Reading("none", evidence=clause.rest[:20])
    if content(clause.rest) or ALL.search(clause.rest):
        return _meta(clause, world) or _start_named(clause, world)
    before = _referent(clause, around, world)
    if before:
        return run(before)
    reading = next((r for c in (clause, *around) if (r := _meta(c, world))), None)
    found = reading or _start_named(clause, world)
    if found or any(content(c.text) for c in around if c is not clause and c.text != clause.text):
        return found
    return Reading("run", score=0.5, evidence="which one is not said", ask=True)


def _start_named(clause: Clause, world: World) -> Reading | None:
    if _is_private(clause.text, 8) and clause.word not in _OWN_START:
        return None
    found = resolve(clause.rest, world)
    if not found.streams and content(clause.rest):
        whole = resolve(clause.text, world)
        found = whole if whole.streams and whole.score > found.score else found
    return run(found, confirm=clause.marked and not clause.polite) if found else None


def _written(text: str, world: World, named: str = "") -> Reading | None:
    top = world.index.rank(named or text)[:1]
    named_well = bool(top) and (top[0].full_name or (top[0].score >= 0.85 and top[0].words != ("report",)))
    if questions.report(text) and not named_well:
        return Reading("report", score=0.8, evidence="asks for something written")
    return None


def _meta(clause: Clause, world: World) -> Reading | None:
    """Everything, or the next one: said without naming any work."""
    if _WHOLE.search(clause.text) and not names_one(clause.rest, world):
        return Reading("run_all", evidence="the whole roadmap", confirm=clause.marked)
    said = clause.text if clause.word in ("", "continue", "proceed", "go") else clause.rest
    if any(w not in _GENERAL and w not in NUMBERS and not w.isdigit() for w in content(said)):
        return None
    if resolve(said, world).kind in ("selection", "id") and not _NEXT_READY.search(said):
        return None
    if (ALL if clause.command else EVERYTHING).search(said):
        if clause.marked and not clause.command:
            return Reading("status", score=0.6, evidence="asks about everything")
        counted = any(word in NUMBERS or word.isdigit() for word in said.split())
        return Reading("run_all", evidence="everything", confirm=clause.marked or counted)
    if not _NEXT.search(clause.text):
        return None
    match = _NEXT_COUNT.search(clause.text)
    word = next((group for group in match.groups() if group), "") if match else ""
    count = int(word) if word.isdecimal() and len(word) < 4 else NUMBERS.get(word, 1)
    parameters = {"count": count} if count > 1 and word not in _FIRST else {}
    return Reading("run_next", evidence="the next one", parameters=parameters, confirm=clause.marked)


def _referent(clause: Clause, around: Sequence[Clause], world: World) -> Found:
    """What "it" stands for: the nearest clause before, or else after, that names something."""
    place = next((number for number, other in enumerate(around) if other.text == clause.text), 0)
    after = [other for other in around[place + 1 :] if not other.negative]
    for other in [*reversed(around[:place]), *after]:
        found = resolve(other.rest or other.text, world, at_work=clause.command == "stop")
        if found.streams and found.score >= 0.35:
            return found
    return Found()


def _is_private(text: str, words: int) -> bool:
    """A short wish about the speaker's own things ("reset my password") is no work of ours."""
    return bool(_MINE.search(text)) and len(text.split()) <= words
