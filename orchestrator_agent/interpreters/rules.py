"""The rules interpreter: words to what is meant, without a model.

The order of the readers below is the grammar: words to agents first, then questions, then commands, then bare names.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator_agent.interpreters import addressing, questions
from orchestrator_agent.interpreters.interpreted import InterpretedGoal
from orchestrator_agent.interpreters.languages import to_english
from orchestrator_agent.interpreters.lexicon import NUMBERS
from orchestrator_agent.interpreters.sentences import Clause, Limits, clauses, limits
from orchestrator_agent.interpreters.targets import ALL, DONE, Found, World, resolve
from orchestrator_agent.interpreters.words import MAX_CHARACTERS, content, fold, normalise, stem
from orchestrator_agent.model import WorkStream, WorkStreamStatus

if TYPE_CHECKING:
    from orchestrator_agent.roadmap import Roadmap

__all__ = ["InterpretedGoal", "interpret_goal"]

#: Readings that are less sure than this are confirmed before anything starts or stops.
SURE_ENOUGH = 0.4
_ACTING = ("run", "run_all", "run_next", "stop", "stop_all", "redirect")


@dataclass(slots=True)
class Reading:
    """A reading of the whole goal, before it is packed."""

    intent: str
    found: Found = field(default_factory=Found)
    score: float = 0.9
    parameters: dict[str, Any] = field(default_factory=dict)
    confirm: bool = False
    ask: bool = False
    evidence: str = ""


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
    streams = _streams(roadmap)
    world = _world(streams, running)
    raw = normalise(goal)
    said = limits(_exclusions(to_english(fold(raw))))
    reading = _read(raw, said, world)
    if len(goal) > MAX_CHARACTERS and reading.intent in _ACTING:
        reading.confirm = True
    return _pack(goal, reading, said, world)


def _streams(roadmap: str | Path | Roadmap | None) -> tuple[WorkStream, ...]:
    if roadmap is None or isinstance(roadmap, (str, Path)):
        from orchestrator_agent.roadmap import parse_roadmap

        return tuple(parse_roadmap(roadmap))
    return roadmap.work_streams


def _world(streams: tuple[WorkStream, ...], running: Collection[str] | None) -> World:
    from orchestrator_agent.roadmap.availability import availability

    if running is None:
        running = [s.id for s in streams if s.status is WorkStreamStatus.IN_PROGRESS]
    may = availability(streams)
    waiting = (s.id for s in streams if s.status is WorkStreamStatus.NOT_STARTED and may[s.id].available)
    return World(streams, frozenset(running), frozenset(waiting) - frozenset(running))


_BUT = re.compile(r"\b(everything|all|anything|everyone|all of (?:it|them)|the whole (?:lot|roadmap|thing)) but\b(?! (?:at most|with|only|no more))")
_EXCEPT = re.compile(r"\s*,?\s+\b(except(?: for)?|without|minus|excluding|other than|apart from|aside from|save for|besides|but not|leaving out)\b ")


def _exclusions(text: str) -> str:
    """Every way to exclude, as a clause of its own that begins with "except"."""
    text = _BUT.sub(r"\1 except", text)
    return _EXCEPT.sub(", except ", text)


# -- the readers ----------------------------------------------------------------------------------------------------------


def _read(raw: str, said: Limits, world: World) -> Reading:
    text = said.text
    talk = questions.small_talk(text)
    if talk:
        return Reading(talk, score=0.95, evidence="the words as such")
    addressed = _addressed(raw, text, world)
    if addressed:
        return addressed
    found = clauses(text)
    reading = _question(found, text, said, world) or _commands(found, text, world)
    if reading.intent == "run" and reading.ask and not reading.found and said.max_agents:
        return Reading("run_all", score=0.7, evidence="a number of agents and no work in particular")
    return reading


def _addressed(raw: str, text: str, world: World) -> Reading | None:
    def names(phrase: str) -> bool:
        found = resolve(phrase, world, at_work=True)
        return bool(found.streams) and found.kind != "selection" and found.score >= 0.3

    def at_work(phrase: str) -> bool:
        found = resolve(to_english(fold(phrase)), world, at_work=True)
        one = len(found.streams) == 1
        return one and (found.kind == "id" or (found.score >= 0.4 and found.streams[0].id in world.running))

    move = addressing.redirect(text, names)
    if move:
        whom = resolve(move.whom, world, at_work=True)
        to = resolve(move.what, world)
        if len(whom.streams) == 1 and len(to.streams) == 1 and whom.streams != to.streams:
            return Reading("redirect", whom, min(whom.score, to.score), {"to": to.streams[0].id}, evidence=f"{whom.evidence}; to {to.evidence}")
    message = addressing.feedback(raw, at_work)
    if message is None:
        return None
    whom = resolve(to_english(fold(message.whom)), world, at_work=True)
    if message.openly and not whom:
        return None
    parameters = {"text": message.what} if message.kind == "feedback" else {}
    return Reading(message.kind, whom, whom.score, parameters, ask=not whom.streams, evidence=whom.evidence)


def _question(found: list[Clause], text: str, said: Limits, world: World) -> Reading | None:
    """The reading of a goal that asks and does not command."""
    asked = [clause for clause in found if clause.question]
    if not asked or said.dry_run:
        return None
    ordered = [c for c in found if c.command in ("run", "stop", "verify", "report") and not c.question and not c.negative]
    if any(not c.marked or c.polite or c.sentence != asked[-1].sentence for c in ordered):
        return None
    clause = asked[-1]
    about = resolve(questions.subject(clause.text), world, at_work=True)
    if not about and not content(questions.subject(clause.text)):
        near = (resolve(questions.subject(c.text), world, at_work=True) for c in reversed(found) if c is not clause)
        about = next((f for f in near if f.streams and f.score >= 0.5), Found())
    intent = "verify" if clause.command == "verify" and about.streams else questions.kind(clause.text, bool(about))
    if intent in ("none", "help"):
        return Reading(intent, score=0.8, evidence="a question, but not about this roadmap" if intent == "none" else "a question about the tool")
    if questions.overall(clause.text) and about.kind != "id" and about.score < 0.75:
        about = Found()
    return Reading(intent, about, about.score or 0.8, ask=bool(about.candidates) or about.kind == "unknown_id", evidence=about.evidence or "a question")


def _commands(found: list[Clause], text: str, world: World) -> Reading:
    positive = [_unmasked(c, world) for c in found if not c.negative and not c.question]
    negative = [c for c in found if c.negative]
    ordered = [c for c in positive if c.command]
    refused = [resolve(c.rest, world) for c in negative]
    unclear = any(c.rest and content(c.rest) and not f for c, f in zip(negative, refused, strict=True) if _EXCLUDES.match(c.text))
    excluded = [s for f in refused for s in f.streams or f.candidates]
    for number, clause in enumerate(ordered):
        reading = _command(clause, found, world)
        if reading is None or (reading.intent == "none" and number + 1 < len(ordered)):
            continue
        _continue(reading, clause, positive, world)
        return _without(reading, excluded, unclear)
    readings = [r for c in positive if (r := _bare(c, world))]
    named = [r for r in readings if r.found.streams and r.score >= 0.5]
    readings = named if named and any(r.intent == "run_next" for r in readings) else readings
    if readings and any(len(c.text.split()) > 7 for c in positive):
        readings = [max(readings, key=lambda r: r.score)]
    if readings:
        first = readings[0]
        for other in readings[1:]:
            _merge(first, other)
        return _without(first, excluded, unclear)
    return Reading("none", score=0.75, evidence="only a no" if negative else "nothing in the roadmap fits these words")


def _unmasked(clause: Clause, world: World) -> Clause:
    """A command word that is part of a name does not command: "status dashboard", "report generator"."""
    if clause.command in ("", "run") or clause.word == "phrase":
        return clause
    best = world.index.rank(clause.text)[:1]
    rest = world.index.rank(clause.rest)[:1]
    if not best or (rest and rest[0].full_name):
        return clause
    name = [stem(word) for word in content(fold(best[0].stream.name))]
    root, following = stem(clause.word), stem((content(clause.rest) or [""])[0])
    pair = any(a == root and b == following for a, b in zip(name, name[1:], strict=False))
    if root in name and (best[0].full_name or pair):
        return Clause(clause.text, clause.text, "run", clause.word, sentence=clause.sentence, marked=clause.marked, polite=clause.polite)
    return clause


_NEXT = re.compile(r"\bnext\b|\b(?:keep|carry|go|going|move|press) (?:going|on)\b|^(?:continue|proceed|go|onwards?)\b")
_NEXT_READY = re.compile(r"\bnext (?:available|ready|open|free|unblocked|possible)\b")
_NEXT_COUNT = re.compile(r"\bnext (\w+)|\b(\w+) (?:more|next)\b")
_WHOLE = re.compile(r"\b(?:whole|entire|full|complete|rest of the|remaining|just run the|run the|finish the) (?:\w+ )?(?:roadmap|plan|backlog|project|list|lot|thing|product|app|system|program|work)\b")
_ONE_AGENT = re.compile(r"\b(?:it|this|that|him|her|(?:the|that|this|one) (?:agent|one|stream|worker))\b")
_MINE = re.compile(r"\b(?:my|mine|me)\b")
_GENERAL = frozenset("roadmap backlog list everything shop site app product project thing")


def _command(clause: Clause, around: list[Clause], world: World) -> Reading | None:
    intent, rest = clause.command, clause.rest
    if intent in ("status", "report", "help"):
        return _look(intent, rest, world)
    if intent == "run":
        return _start(clause, around, world)
    every = ALL.search(rest) and not content(rest)
    if intent == "stop" and (every or not rest.strip() or (not content(rest) and not _ONE_AGENT.search(rest) and not re.search(r"\bon\b", rest))):
        return Reading("stop_all", score=0.9, confirm=clause.marked, evidence=f"the word {clause.word}")
    if _MINE.search(rest) and len(rest.split()) <= 6 and "agent" not in rest:
        return None
    found = resolve(rest, world, at_work=True)
    if not found and not content(rest):
        found = _referent(clause, around, world)
    if found.kind == "unknown_id" or found.candidates:
        return Reading(intent, found, 0.5, ask=True, evidence=found.evidence)
    if found.streams:
        return Reading(intent, found, found.score, confirm=clause.marked and not clause.polite, evidence=found.evidence)
    return _unfound(intent, clause, world)


def _unfound(intent: str, clause: Clause, world: World) -> Reading:
    """A command for something that the roadmap does not hold."""
    live = tuple(s for s in world.streams if s.id in world.running)
    if intent == "stop" and not content(clause.rest):
        if len(live) == 1:
            return Reading("stop", Found(live, score=0.8, kind="name", evidence="the one that is running"), 0.8)
        return Reading("stop", Found(candidates=live), 0.6, ask=True, evidence="several agents run" if live else "no agent runs")
    if re.search(r"\b(?:agent|stream|work|phase)\b", clause.text) or not content(clause.rest):
        return Reading(intent, Found(), 0.5, ask=True, evidence="nothing in the roadmap fits these words")
    return Reading("none", score=0.7, evidence="nothing in the roadmap fits these words")


def _look(intent: str, rest: str, world: World) -> Reading:
    if intent == "help":
        return Reading("help", score=0.9, evidence="the word help")
    about = resolve(questions.subject(rest), world, at_work=True)
    if about.score < 0.5 or intent == "report":
        about = Found()
    return Reading(intent, about, about.score or 0.9, ask=bool(about.candidates), evidence=about.evidence or f"the word {intent}")


def _start(clause: Clause, around: list[Clause], world: World) -> Reading | None:
    if questions.report(clause.text) and not _named(clause.rest, world):
        return Reading("report", score=0.8, evidence="asks for something written")
    if not content(clause.rest) and not ALL.search(clause.rest) and (before := _referent(clause, around, world)):
        return _run(before, confirm=False)
    reading = next((r for c in (clause, *around) if c is clause or not content(clause.rest) if (r := _meta(c, world))), None)
    if reading:
        return reading
    if _MINE.search(clause.rest) and len(clause.text.split()) <= 8 and clause.word not in ("get", "start", "run", "begin", "build"):
        return None
    found = resolve(clause.rest, world)
    if not found.streams and content(clause.rest):
        whole = resolve(clause.text, world)
        found = whole if whole.streams and whole.score > found.score else found
    if not found and not content(clause.rest):
        found = _referent(clause, around, world)
        if not found:
            alone = len([c for c in around if content(c.text)]) == 0
            return Reading("run", Found(), 0.5, ask=True, evidence="which one is not said") if alone else None
    return _run(found, confirm=clause.marked and not clause.polite) if found else None


def _named(text: str, world: World) -> bool:
    top = world.index.rank(text)[:1]
    return bool(top) and (top[0].full_name or top[0].score >= 0.85)


def _meta(clause: Clause, world: World) -> Reading | None:
    """Everything, or the next one, or what is ready: said without naming any work."""
    said = clause.text if clause.word in ("", "continue", "proceed", "go") else clause.rest
    words = [word for word in content(said) if word not in _GENERAL and word not in NUMBERS and not word.isdigit()]
    if _WHOLE.search(clause.text) and not _named(clause.rest, world):
        return Reading("run_all", score=0.9, confirm=clause.marked, evidence="the whole roadmap")
    verbs = {"start", "run", "available", "continue", "proceed", "begin", "unblocked", "idle", "open"}
    words = [word for word in words if word not in verbs]
    if words or (resolve(said, world).kind in ("selection", "id") and not _NEXT_READY.search(said)):
        return None
    if ALL.search(said):
        return Reading("run_all", score=0.9, confirm=clause.marked, evidence="everything")
    if _NEXT.search(clause.text):
        match = _NEXT_COUNT.search(clause.text)
        word = next((g for g in match.groups() if g), "") if match else ""
        count = int(word) if word.isdigit() and len(word) < 4 else NUMBERS.get(word, 1)
        return Reading("run_next", score=0.9, parameters={"count": count} if count > 1 and word not in ("first", "second", "third") else {}, confirm=clause.marked, evidence="the next one")
    return None


def _referent(clause: Clause, around: list[Clause], world: World) -> Found:
    """What "it" stands for: the nearest clause before, or else after, that names something."""
    place = next((i for i, c in enumerate(around) if c.text == clause.text), 0)
    nearest = [*reversed(around[:place]), *(c for c in around[place + 1 :] if not c.negative)]
    for other in nearest:
        found = resolve(other.rest or other.text, world, at_work=clause.command == "stop")
        if found.streams and found.score >= 0.35:
            return found
    return Found()


_OUTSIDE = frozenset(
    "delete drop remove rm uninstall format wipe erase push merge deploy rename translate book remind email send buy call play"
    " open close edit change update install download upload sing tell order pay reset log track refund cancel mark move reply"
    " commit rebase revert search google post tweet turn set fix".split()
)


def _bare(clause: Clause, world: World) -> Reading | None:
    """A clause without a command: a mention asks for a start."""
    reading = _meta(clause, world)
    if reading:
        return reading
    if questions.report(clause.text) and not _named(clause.text, world):
        return Reading("report", score=0.8, evidence="asks for something written")
    if questions.overall(clause.text) and not _named(clause.text, world):
        about = resolve(questions.subject(clause.text), world, at_work=True)
        return Reading("status", about if about.score >= 0.5 and about.streams else Found(), 0.8, evidence="asks how things are")
    found = resolve(clause.text, world)
    if not found:
        return None
    head = (clause.rest.split() or [""])[0]
    if _MINE.search(clause.text) and len(clause.text.split()) <= 7:
        return None
    if head in _OUTSIDE and found.streams and not any(stem(head) == stem(w) for s in found.streams for w in content(fold(s.name))):
        found = Found(found.streams, (), min(found.score, 0.35), found.kind, found.evidence)
    return _run(found, confirm=clause.marked and not clause.polite)


def _run(found: Found, confirm: bool) -> Reading:
    if found.candidates or found.kind == "unknown_id":
        return Reading("run", found, 0.5, ask=True, evidence=found.evidence)
    redo = found.kind != "selection" and len(found.streams) <= 2 and any(s.status in DONE for s in found.streams)
    return Reading("run", found, found.score, confirm=confirm or redo, evidence=found.evidence)


def _continue(reading: Reading, clause: Clause, positive: list[Clause], world: World) -> None:
    """Take in what follows a command in the same breath: "do A, B, and C"."""
    place = next((i for i, c in enumerate(positive) if c.text == clause.text), 0)
    for other in positive[place + 1 :]:
        if other.command not in ("", clause.command) or reading.intent not in ("run", "stop", "verify") or not content(other.rest):
            continue
        found = resolve(other.rest, world, at_work=reading.intent == "stop")
        if found.streams and found.score >= 0.6 and not reading.ask:
            _merge(reading, Reading(reading.intent, found, found.score))


def _merge(reading: Reading, other: Reading) -> None:
    if other.intent != reading.intent or reading.ask or other.ask or not other.found.streams or other.score < 0.5:
        if reading.intent == "run" and other.intent == "run" and reading.score < 0.5 <= other.score and not other.ask:
            reading.found, reading.score, reading.ask, reading.evidence = other.found, other.score, False, other.evidence
        return
    if reading.intent == "run" and reading.score < 0.5:
        reading.found = other.found
    else:
        streams = tuple(dict.fromkeys(reading.found.streams + other.found.streams))
        reading.found = Found(streams, score=min(reading.score, other.score), kind=reading.found.kind)
    reading.score = max(other.score, 0.5)
    reading.evidence = f"{reading.evidence}; {other.evidence}" if other.evidence else reading.evidence


_EXCLUDES = re.compile(r"^(?:except|not|no|leave|skip|without|minus)\b")


def _without(reading: Reading, excluded: list[WorkStream], unclear: bool) -> Reading:
    """What was said no to is taken out of what was asked for; a no that fits nothing asks for a yes first."""
    if unclear and (reading.intent in ("run_all", "stop_all") or len(reading.found.streams) > 1):
        reading.confirm = True
    if not excluded:
        return reading
    if reading.intent in ("run_all", "stop_all"):
        reading.parameters["exclude"] = list(dict.fromkeys(s.id for s in excluded))
        return reading
    if reading.intent in ("run", "stop"):
        left = tuple(s for s in reading.found.streams if s not in excluded)
        candidates = tuple(s for s in reading.found.candidates if s not in excluded)
        if not left and len(candidates) == 1:
            left, candidates, reading.ask = candidates, (), False
        if reading.found.streams and not left:
            return reading
        reading.found = Found(left, candidates, reading.found.score, reading.found.kind, reading.found.evidence)
    return reading


def _pack(goal: str, reading: Reading, said: Limits, world: World) -> InterpretedGoal:
    parameters = dict(reading.parameters)
    if reading.intent in ("run", "run_all", "run_next"):
        if said.max_agents:
            parameters["max_agents"] = said.max_agents
        elif said.in_parallel and len(reading.found.streams) > 1:
            parameters["max_agents"] = len(reading.found.streams)
        if said.dry_run:
            parameters["dry_run"] = True
    ask = reading.ask or (reading.intent in ("run", "stop", "verify", "redirect", "feedback") and not reading.found.streams)
    confirm = ask or reading.confirm or (reading.intent in _ACTING and reading.score < SURE_ENOUGH)
    return InterpretedGoal(
        original_goal=goal,
        intent=reading.intent,
        matched_work_streams=() if ask else reading.found.streams,
        confidence=round(max(0.0, min(1.0, reading.score)), 3),
        candidates=(reading.found.candidates or reading.found.streams) if ask else (),
        ambiguous=ask,
        needs_confirmation=confirm,
        parameters=parameters,
        evidence=reading.evidence,
    )
