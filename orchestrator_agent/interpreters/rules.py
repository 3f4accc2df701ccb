"""The rules interpreter: words to what is meant, without a model.

The order of the readers in `_read` is the grammar: words to agents first, then questions, then commands, then names.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from orchestrator_agent import terminal
from orchestrator_agent.interpreters import addressing, questions
from orchestrator_agent.interpreters.commands import carry_on, command, mention, unmask
from orchestrator_agent.interpreters.interpreted import InterpretedGoal
from orchestrator_agent.interpreters.languages import to_english
from orchestrator_agent.interpreters.reading import NOTHING_FITS, Reading, join, without
from orchestrator_agent.interpreters.sentences import Clause, Limits, clauses, limits
from orchestrator_agent.interpreters.targets import Found, World, resolve
from orchestrator_agent.interpreters.words import MAX_CHARACTERS, content, fold, normalise
from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.roadmap import Roadmap, parse_roadmap
from orchestrator_agent.roadmap.availability import availability

__all__ = ["InterpretedGoal", "interpret_goal"]

#: Readings that are less sure than this are confirmed before anything starts or stops.
SURE_ENOUGH = 0.4
#: A longer clause tells a story; of its mentions only the best one is meant.
LONG_CLAUSE = 9
_STARTING = ("run", "run_all", "run_next")
_ACTING = (*_STARTING, "stop", "stop_all", "redirect")
_NEEDS_TARGET = ("run", "stop", "verify", "redirect", "feedback")


def interpret_goal(
    goal: str, roadmap: str | Path | Roadmap | None = None, running: Collection[str] | None = None
) -> InterpretedGoal:
    """What `goal` means on `roadmap`.

    Args:
        goal: anything a person typed, in English or basic German, French, Spanish or Chinese.
        roadmap: a path, a parsed roadmap, or None to find the plan in the current directory.
        running: ids of work streams that have an agent; None takes those that are in progress.

    Raises:
        RoadmapError: no roadmap was found, or it cannot be read.
    """
    streams = roadmap.work_streams if isinstance(roadmap, Roadmap) else tuple(parse_roadmap(roadmap))
    world = _world(streams, running)
    raw = normalise(goal)
    said = limits(_exclusions(to_english(fold(raw))))
    reading = _read(raw, said, world)
    if len(goal) > MAX_CHARACTERS and reading.intent in _ACTING:
        reading = replace(reading, confirm=True)
    return _pack(goal, reading, said)


def _world(streams: tuple[WorkStream, ...], running: Collection[str] | None) -> World:
    if running is None:
        running = [s.id for s in streams if s.status is WorkStreamStatus.IN_PROGRESS]
    may = availability(streams)
    waiting = (s.id for s in streams if s.status is WorkStreamStatus.NOT_STARTED and may[s.id].available)
    return World(streams, frozenset(running), frozenset(waiting) - frozenset(running))


_BUT = re.compile(
    r"\b(everything|all|anything|everyone|everybody|the whole)((?: \w+){0,3}) but\b(?! (?:at most|with|only|no|not"
    r"|leave|skip|don't|do"
    r"|never|keep|use|just)\b)"
)
_EXCEPT = re.compile(
    r"\s*,?\s+\b(except(?: for)?|without|minus|excluding|other than|apart from|aside from|save for|besides"
    r"|rather than|but not"
    r"|leaving out)\b "
)


def _exclusions(text: str) -> str:
    """Every way to exclude, as a clause of its own that begins with "except"."""
    text = _BUT.sub(r"\1\2 except", text)
    return _EXCEPT.sub(", except ", text)


def _read(raw: str, said: Limits, world: World) -> Reading:
    talk = questions.small_talk(said.text)
    if talk:
        return Reading(talk, score=0.95, evidence="the words as such")
    found = clauses(said.text)
    asks = bool(found) and found[0].question
    reading = (
        (None if asks else _addressed(raw, said.text, world))
        or _question(found, said, world)
        or _commands(found, world)
    )
    if reading.intent == "run" and reading.ask and not reading.found and said.max_agents:
        return Reading("run_all", score=0.7, evidence="a number of agents and no work in particular")
    return reading


def _addressed(raw: str, text: str, world: World) -> Reading | None:
    """Words to or about an agent at work."""

    def find(phrase: str) -> Found:
        return resolve(to_english(fold(phrase)), world, at_work=True)

    def names(phrase: str) -> bool:
        found = find(phrase)
        return len(found.streams) == 1 and found.kind != "selection" and found.score >= 0.3

    def at_work(phrase: str) -> bool:
        found = find(phrase)
        live = found.score >= 0.4 and all(stream.id in world.running for stream in found.streams)
        return len(found.streams) == 1 and (found.kind == "id" or live)

    move = addressing.redirect(text, names)
    if move:
        whom, to = find(move.whom), resolve(move.what, world)
        if len(to.streams) == 1 and whom.streams != to.streams:
            evidence = f"{whom.evidence}; to {to.evidence}"
            return Reading("redirect", whom, min(whom.score, to.score), evidence, {"to": to.streams[0].id})
    message = addressing.feedback(raw, at_work)
    if message is None or not (whom := find(message.whom)):
        return None
    parameters = {"text": message.what} if message.kind == "feedback" else {}
    return Reading(message.kind, whom, whom.score, whom.evidence, parameters, ask=not whom.streams)


def _question(found: Sequence[Clause], said: Limits, world: World) -> Reading | None:
    """The reading of a goal that asks and does not command."""
    asked = [clause for clause in found if clause.question]
    if not asked or said.dry_run or _orders_too(found, asked[-1]):
        return None
    clause = asked[-1]
    about = _asked_about(clause, found, world)
    if clause.command == "verify" and about.streams:
        return Reading("verify", about, about.score, about.evidence)
    intent = questions.kind(clause.text, bool(about))
    if intent in ("none", "help"):
        return Reading(intent, score=0.8, evidence="a question, and not about work in this roadmap")
    if questions.overall(clause.text) and about.kind != "id" and about.score < 0.75:
        about = Found()
    ask = bool(about.candidates) or about.kind == "unknown_id"
    return Reading(intent, about, about.score or 0.8, about.evidence or "a question", ask=ask)


def _orders_too(found: Sequence[Clause], question: Clause) -> bool:
    """True when another sentence commands, or a polite request does: "is 1.2 done? then start 1.3"."""
    commands = ("run", "stop", "verify", "report")
    orders = [c for c in found if c.command in commands and not c.question and not c.negative]
    return any(not c.marked or c.polite or c.sentence != question.sentence for c in orders)


def _asked_about(clause: Clause, found: Sequence[Clause], world: World) -> Found:
    about = resolve(questions.subject(clause.text), world, at_work=True)
    if about or content(questions.subject(clause.text)):
        return about
    near = (resolve(questions.subject(c.text), world, at_work=True) for c in reversed(found) if c is not clause)
    return next((other for other in near if other.streams and other.score >= 0.5), Found())


#: Conditions that only put things in order; every other one cannot be promised, so it needs a yes.
_HARMLESS = re.compile(r"^(?:and |but |then )*(?:before|while)\b")
_EXCLUDES = re.compile(r"^(?:except|not|no|leave|skip|without|minus)\b")


def _commands(found: Sequence[Clause], world: World) -> Reading:
    """The reading of commands and bare mentions, less what was said no to."""
    positive = [unmask(c, world) for c in found if not (c.negative or c.question or c.condition)]
    refused = [(clause, resolve(clause.rest, world)) for clause in found if clause.negative]
    unclear = any(content(c.rest) and not f and bool(_EXCLUDES.match(c.text)) for c, f in refused)
    excluded = [stream for _, f in refused for stream in f.streams or f.candidates]
    reading = _first_command(positive, found, world) or _mentions(positive, world)
    if reading and any(clause.condition and not _HARMLESS.match(clause.text) for clause in found):
        reading = replace(reading, confirm=True)
    if reading is None:
        return Reading("none", score=0.75, evidence="only a no" if refused else NOTHING_FITS)
    return without(reading, excluded, unclear)


def _first_command(positive: Sequence[Clause], around: Sequence[Clause], world: World) -> Reading | None:
    nothing = None
    for number, clause in enumerate(positive):
        reading = command(clause, around, world) if clause.command else None
        if reading and reading.intent != "none":
            return carry_on(reading, clause, positive[number + 1 :], world)
        nothing = reading or nothing
    return nothing


def _mentions(positive: Sequence[Clause], world: World) -> Reading | None:
    readings = [reading for clause in positive if (reading := mention(clause, world))]
    named = [reading for reading in readings if reading.found.streams and reading.score >= 0.5]
    if named and any(reading.intent == "run_next" for reading in readings):
        readings = named
    if not readings:
        return None
    if any(len(clause.text.split()) > LONG_CLAUSE for clause in positive):
        return max(readings, key=lambda reading: reading.score)
    first, *others = readings
    for other in others:
        first = join(first, other)
    return first


def _pack(goal: str, reading: Reading, said: Limits) -> InterpretedGoal:
    parameters = dict(reading.parameters)
    if reading.intent in _STARTING:
        several = len(reading.found.streams) if said.in_parallel and len(reading.found.streams) > 1 else None
        if said.max_agents or several:
            parameters["max_agents"] = said.max_agents or several
        if said.dry_run:
            parameters["dry_run"] = True
    ask = reading.ask or (reading.intent in _NEEDS_TARGET and not reading.found.streams)
    guess = reading.intent in _ACTING and reading.score < SURE_ENOUGH
    return InterpretedGoal(
        original_goal=goal,
        intent=reading.intent,
        matched_work_streams=() if ask else reading.found.streams,
        confidence=round(max(0.0, min(1.0, reading.score)), 3),
        candidates=(reading.found.candidates or reading.found.streams) if ask else (),
        ambiguous=ask,
        needs_confirmation=ask or reading.confirm or guess,
        parameters=parameters,
        evidence=terminal.clean(reading.evidence, 200),
    )
