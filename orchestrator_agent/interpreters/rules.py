"""The rules interpreter: words to what is meant, without a model.

A goal goes through `words` (normalised), `quoting` (its own words), `languages` (English), `spelling` (mended),
`corrections` (what still holds of it), `limits` (how many, dry run) and `clauses`; `references` and `selections` find
the work streams a clause speaks of, `intents` what it wants of them, `forms` whether it asks for it. The order of the
readers in `_read` is the grammar: small talk, words to agents, questions, commands, names.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator_agent import terminal
from orchestrator_agent.interpreters import calibration, questions
from orchestrator_agent.interpreters.clauses import Clause, clauses
from orchestrator_agent.interpreters.conditions import Condition, is_kept, set_aside, waited_for
from orchestrator_agent.interpreters.corrections import earnest, last_word
from orchestrator_agent.interpreters.doubts import beside_refused, by_chance, held_back
from orchestrator_agent.interpreters.errands import addressed
from orchestrator_agent.interpreters.excluding import separate
from orchestrator_agent.interpreters.explaining import steps
from orchestrator_agent.interpreters.forms import Form, form
from orchestrator_agent.interpreters.intents import carry_on, command, mention, named, unmask
from orchestrator_agent.interpreters.interpreted import InterpretedGoal
from orchestrator_agent.interpreters.languages import to_english
from orchestrator_agent.interpreters.lexicon import LANDING
from orchestrator_agent.interpreters.limits import Limits, is_limit, limits
from orchestrator_agent.interpreters.manners import plainly, trimmed
from orchestrator_agent.interpreters.passives import actively
from orchestrator_agent.interpreters.quoting import own_words
from orchestrator_agent.interpreters.reading import NOTHING_FITS, Reading, join, without
from orchestrator_agent.interpreters.references import BY_NAME, is_item, refused_parts, resolve
from orchestrator_agent.interpreters.refusing import NEVER
from orchestrator_agent.interpreters.selections import Found, heading
from orchestrator_agent.interpreters.spelling import mend
from orchestrator_agent.interpreters.spoken import held, released
from orchestrator_agent.interpreters.telling import remarks
from orchestrator_agent.interpreters.words import MAX_CHARACTERS, content, fold, normalise
from orchestrator_agent.interpreters.world import World
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap import Roadmap, parse_roadmap

__all__ = ["InterpretedGoal", "interpret_goal"]

#: A longer clause tells a story; of its mentions only the best one is meant.
LONG_CLAUSE = 9
#: What is told in a story and wished for; a fit that is worth more then than a better one of something only told.
_WISHED = regex(r"\b(?:please|must|have to|has to|needs?|wants?|should|next|first|finally|get|let's|let us)\b")
_CLEAR = 0.5
_NOT_OURS = "a question, and not about work in this roadmap"
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
    world = World.of(streams, running)
    sentence = _sentence(goal, world)
    reading, then = _read(sentence, world)
    if len(goal) > MAX_CHARACTERS and reading.intent in _ACTING:
        reading = replace(reading, confirm=True)
    return _pack(goal, reading, sentence, then)


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A goal on its way: in its own case, in plain English, and cut to clauses."""

    raw: str
    said: Limits
    clauses: tuple[Clause, ...]
    #: What was said about when and how that nobody can keep.
    unmet: tuple[Condition, ...] = ()


def _sentence(goal: str, world: World) -> _Sentence:
    raw = normalise(goal)
    raw = trimmed(raw)
    text = to_english(own_words(fold(raw), world.index.knows), world.index.knows)
    text = mend(plainly(text, world.index.knows), world.index.knows)
    text, aside = set_aside(last_word(earnest(text)), world.names)
    text, marks = held(text, [name for name in world.spoken(text) if not is_limit(name)])
    said = limits(separate(actively(text)))
    said = replace(said, text=released(said.text, marks))
    found = tuple(named(clause, world) for clause in clauses(said.text))
    return _Sentence(raw, said, found, tuple(dict.fromkeys((*aside, *waited_for(found)))))


def _read(sentence: _Sentence, world: World) -> tuple[Reading, Reading | None]:
    """The reading of a goal, and of its second half where it asks for two different things."""
    said, found = sentence.said, sentence.clauses
    if sentence.raw and not said.text:
        return Reading("none", evidence="nothing of it is meant as an order", stands_on="only a no"), None
    talk = questions.small_talk(said.text) or _farewell(found, world)
    if talk:
        return Reading(talk, score=0.95, evidence="the words as such"), None
    if advice := questions.edits(said.text):
        return Reading("none", evidence=advice, stands_on="off topic"), None
    asks = bool(found) and found[0].question
    reading = (None if asks else addressed(sentence.raw, said.text, world)) or _question(found, said, world)
    if reading:
        return reading, None
    reading, then = _commands(found, world)
    if reading.intent == "run" and reading.ask and not reading.found and said.max_agents:
        return Reading("run_all", score=0.7, evidence="a number of agents and no work in particular"), None
    return reading, then


def _farewell(found: Sequence[Clause], world: World) -> str:
    """ "quit" when the last clause is a farewell and the others speak of no work and ask for nothing."""
    if len(found) < 2 or questions.small_talk(found[-1].text) != "quit":
        return ""
    return "" if any(c.command or c.question or resolve(c.text, world) for c in found[:-1]) else "quit"


def _question(found: Sequence[Clause], said: Limits, world: World) -> Reading | None:
    """The reading of a goal that asks and does not command."""
    asked = [clause for clause in found if clause.question]
    if not asked or said.dry_run or _orders_too(found, asked[-1]):
        return None
    clause = next((c for c in asked if questions.overall(c.text)), asked[-1])
    about = _asked_about(clause, found, world)
    if about.kind == "id" and about.candidates:
        about = replace(about, streams=about.candidates, candidates=(), score=0.9)
    if clause.command == "verify" and about.streams:
        return Reading("verify", about, about.score, about.evidence)
    if about.kind != "id" and about.score < calibration.ALL_BUT_SURE and questions.off_topic(clause.text):
        return Reading("none", evidence=_NOT_OURS, stands_on="off topic")
    if about.kind == "name" and about.candidates and not _is_ours(clause, world):
        about = Found()
    intent = questions.kind(clause.text, bool(about))
    if intent in ("none", "help"):
        return Reading(intent, evidence=_NOT_OURS, stands_on="off topic")
    if questions.overall(clause.text) and about.kind != "id" and about.score < 0.75:
        about = Found()
    ask = bool(about.candidates) or about.kind == "unknown_id"
    return Reading(intent, about, about.score or 0.8, about.evidence or "a question", ask=ask)


def _is_ours(clause: Clause, world: World) -> bool:
    """True when all that a question says is of the roadmap's names: "which film won" shares a word by chance."""
    said = questions.subject(clause.text)
    top = world.rank(said)[:1]
    return bool(top) and top[0].score >= BY_NAME and all(world.index.knows(word) for word in content(said))


def _orders_too(found: Sequence[Clause], question: Clause) -> bool:
    """True when another sentence commands, or a polite request does: "is 1.2 done? then start 1.3"."""
    commands = ("run", "stop", "verify", "report")
    orders = [
        c for c in found if c.command in commands and not c.question and not c.negative and not _topic(c, question)
    ]
    return any(not c.marked or c.polite or c.sentence != question.sentence for c in orders)


def _topic(clause: Clause, question: Clause) -> bool:
    """True for what a question of the same sentence is about: "doing 1.2 first, is that possible"."""
    return clause.word.endswith("ing") and clause.sentence == question.sentence and not clause.polite


#: What was listed before: "the parser, the bus: which of them is done?"
_ALL_OF_THEM = regex(r"\b(?:of|are|is any of|do|have|how far are) (?:them|these|those|they|both)\b")


def _asked_about(clause: Clause, found: Sequence[Clause], world: World) -> Found:
    about = resolve(questions.subject(clause.text), world, at_work=True)
    if about or any(world.index.knows(word) for word in content(questions.subject(clause.text))):
        return about
    if _ALL_OF_THEM.search(clause.text):
        others = [other for other in found if other is not clause and other.sentence == clause.sentence]
        every = [one for other in others if (one := resolve(other.text, world, at_work=True)).score >= 0.5]
        listed = tuple(dict.fromkeys(stream for one in every for stream in one.streams))
        return Found(listed, score=0.8, kind="name", evidence="all that was named") if listed else Found()
    overall = questions.overall(clause.text)
    for other in reversed(found):
        near = resolve(questions.subject(other.text), world, at_work=True) if other is not clause else Found()
        beside = not overall or other.sentence == clause.sentence or is_item(other.text, near, world, BY_NAME)
        if (near.streams or near.kind == "id") and near.score >= 0.5 and beside:
            return near
    return Found()


#: Conditions that only put things in order; every other one cannot be promised, so it needs a yes.
_HARMLESS = regex(r"^(?:and |but |then )*(?:before|while)\b")
_PUT_OFF = regex(
    r"^(?:but |just |please )*(?:not (?:yet|now|today|this \w+)(?: though| please)?"
    rf"|don't|do not|{NEVER})(?: please)?$|^except (?:yet|now|today)$"
)
_EXCLUDES = regex(r"^(?:except|not|no|leave|skip|without|minus)\b")


def _commands(found: Sequence[Clause], world: World) -> tuple[Reading, Reading | None]:
    """The reading of commands and bare mentions, less what was said no to."""
    found = held_back(found, world)
    positive = [unmask(c, world) for c in found if not (c.negative or c.question or c.condition or c.told)]
    refusals = [(clause, each) for clause in found if clause.negative for each in refused_parts(clause.rest, world)]
    refused = [found for _, found in refusals if found.streams or found.candidates]
    unclear = any(
        not f and _EXCLUDES.match(c.text) and (content(c.rest) or c.text[:6] == "except") for c, f in refusals
    )
    reading, then = _first_command(positive, found, world)
    mentioned = _mentions(positive, world) if reading is None or reading.intent == "none" else None
    reading = mentioned if mentioned and (reading is None or mentioned.intent not in _ACTING) else reading
    if reading is None:
        told = any(c.told for c in found) or any(_form(c, world) is Form.TOLD for c in positive)
        if refusals or told:
            return Reading("none", evidence="only a no" if refusals else "only tells", stands_on="only a no"), None
        why = _landing(positive, world) or (NOTHING_FITS, "nothing")
        return Reading("none", evidence=why[0], stands_on=why[1]), None
    if any(_PUT_OFF.match(clause.text) for clause in found if clause.negative) and reading.intent in _STARTING:
        return Reading("none", evidence="not yet", stands_on="only a no"), None
    if any(_holds_up(clause, found) and not _HARMLESS.match(clause.text) for clause in found):
        reading = replace(reading, confirm=True)
    if mentioned is reading and refused and beside_refused(positive, reading, world):
        reading = replace(reading, confirm=True)
    then = without(then, refused, unclear) if then else None
    return without(_widened(reading, positive, refused, world), refused, unclear), then


def _holds_up(condition: Clause, found: Sequence[Clause]) -> bool:
    """True for a condition of an order: not for one of a sentence that only tells something beside the orders."""
    beside = [clause for clause in found if clause.sentence == condition.sentence and clause is not condition]
    told = beside and not any(clause.command for clause in beside) and any(clause.command for clause in found)
    return condition.condition and not told and not is_kept(condition.text)


def _landing(positive: Sequence[Clause], world: World) -> tuple[str, str] | None:
    """Merging takes a person's own command; whoever asks for it is told which, and on what that reading stands."""
    for clause in positive:
        head, _, rest = clause.rest.partition(" ")
        found = resolve(rest, world) if head in LANDING else Found()
        if len(found.streams) == 1 and found.score >= calibration.LIKELY:
            return f"to merge its work use `orch integrate {shlex.quote(found.streams[0].id)}`", "off topic"
    return None


def _widened(reading: Reading, positive: Sequence[Clause], refused: Sequence[Found], world: World) -> Reading:
    """ "Booking without the video part": what a part is taken from is the phase, not one stream of a like name."""
    streams = reading.found.streams
    if reading.intent != "run" or len(streams) != 1 or not refused or not positive:
        return reading
    group = heading(positive[0].rest, world)
    taken = {stream for found in refused for stream in found.streams}
    if not taken or streams[0] in taken or not taken <= set(group):
        return reading
    return replace(
        reading, found=Found(world.open(group), score=0.85, kind="selection"), score=0.85, evidence="a phase"
    )


def _first_command(
    positive: Sequence[Clause], around: Sequence[Clause], world: World
) -> tuple[Reading | None, Reading | None]:
    """The first command that has a reading, and the next one that asks for something else."""
    nothing = None
    for number, clause in enumerate(positive):
        reading = _formed(command(clause, around, world), clause, world) if clause.command else None
        if reading and reading.intent == "stop" and reading.confirm and _starts(positive[number + 1 :], around, world):
            continue
        if reading and reading.intent != "none":
            later = positive[number + 1 :]
            if reading.intent == "stop_all" and not clause.rest and _starts(later, around, world):
                reading = replace(reading, confirm=True)
            return carry_on(reading, clause, later, world), _second(reading, later, around, world)
        nothing = reading or nothing
    return nothing, None


def _starts(later: Sequence[Clause], around: Sequence[Clause], world: World) -> bool:
    """True when a later clause surely asks for a start: "stop bickering and start 1.2"."""
    readings = (command(clause, around, world) for clause in later if clause.command == "run")
    return any(r and r.found.streams and not r.ask and r.score >= calibration.LIKELY for r in readings)


def _second(first: Reading, later: Sequence[Clause], around: Sequence[Clause], world: World) -> Reading | None:
    """What a later clause asks for beside the first: "stop 1.2 and start 1.3"."""
    for clause in later:
        if clause.command in ("run", "stop", "verify", "report") and clause.command != first.intent.removesuffix(
            "_all"
        ):
            reading = command(clause, around, world)
            idle = (
                reading and reading.intent == "stop" and not any(s.id in world.running for s in reading.found.streams)
            )
            if reading and not idle and reading.intent not in ("none", first.intent):
                return reading
    return None


def _formed(reading: Reading | None, clause: Clause, world: World) -> Reading | None:
    """`reading` of `clause`: nothing where it only tells, and not without a yes where it may."""
    if reading is None or reading.intent not in _ACTING:
        return reading
    found = _form(clause, world)
    return None if found is Form.TOLD else replace(reading, confirm=reading.confirm or found is Form.UNCLEAR)


def _form(clause: Clause, world: World) -> Form:
    top = world.rank(clause.text)[:1]
    fitting = top[0].words if top else ()
    named = bool(top and top[0].full_name) or resolve(clause.text, world).kind == "id"
    return form(clause, lambda word: word in fitting or world.index.knows(word), named)


def _mentions(positive: Sequence[Clause], world: World) -> Reading | None:
    pairs = [(clause, reading) for clause in positive if (reading := _formed(mention(clause, world), clause, world))]
    items = [r for c, r in pairs if r.intent != "run" or r.ask or is_item(c.rest, r.found, world)]
    readings = items or [r for _, r in pairs]
    named = [reading for reading in readings if reading.found.streams and reading.score >= 0.5]
    if named and any(reading.intent == "run_next" for reading in readings):
        readings = named
    if not readings:
        return None
    if any(len(clause.text.split()) > LONG_CLAUSE for clause in positive):
        clear = [pair for pair in pairs if pair[1] in readings and pair[1].score >= _CLEAR and not pair[1].ask]
        wished = [reading for clause, reading in clear if _WISHED.search(clause.text)]
        return max(wished or readings, key=lambda reading: reading.score)
    written = next((reading for reading in readings if reading.intent == "report"), None)
    if written and all(reading.score < 0.9 for reading in readings if reading is not written):
        return written
    first, *others = readings
    for other in others:
        first = _narrowed(first, other, pairs, world) or join(first, other)
    aside = any(remarks(clause.text) for clause in positive) or by_chance(positive, pairs, world)
    return replace(first, confirm=True) if aside or _passes_over(first, readings, pairs) else first


def _passes_over(chosen: Reading, taken: Sequence[Reading], pairs: Sequence[tuple[Clause, Reading]]) -> bool:
    """True when the same sentence lists what may be other work: "viewers, the editor and all that"."""
    sentences = {clause.sentence for clause, reading in pairs if reading in taken}
    left = (r for c, r in pairs if r not in taken and c.sentence in sentences and r.found.kind == "name")
    return any(r.score >= calibration.LIKELY and not set(r.found.streams) <= set(chosen.found.streams) for r in left)


_JUST = regex(r"^(?:well |but |or |no |actually |maybe )*(?:just|only|merely)\b")


def _narrowed(first: Reading, other: Reading, pairs: Sequence[tuple[Clause, Reading]], world: World) -> Reading | None:
    """ "Phase 1, the small ones" and "phase 1, just the parser": the second choice is made among the first."""
    own = next((clause for clause, reading in pairs if reading is other), None)
    if own and _JUST.match(own.text) and set(other.found.streams) < set(first.found.streams) and not other.ask:
        return other
    if first.found.kind != "selection" or other.found.kind != "selection":
        return None
    said = " ".join(clause.rest for clause, reading in pairs if reading in (first, other))
    both = resolve(said, world)
    fewer = both.kind == "selection" and 0 < len(both.streams) < len(first.found.streams)
    return replace(first, found=both, evidence=both.evidence) if fewer else None


def _pack(goal: str, reading: Reading, sentence: _Sentence, then: Reading | None = None) -> InterpretedGoal:
    said = sentence.said
    parameters = dict(reading.parameters)
    if reading.intent in _STARTING:
        several = len(reading.found.streams) if said.in_parallel and len(reading.found.streams) > 1 else None
        if said.max_agents or several:
            parameters["max_agents"] = said.max_agents or several
    if said.dry_run and reading.intent in _ACTING:
        parameters["dry_run"] = True
    ask = reading.ask or (reading.intent in _NEEDS_TARGET and not reading.found.streams)
    unmet = sentence.unmet if reading.intent in (*_ACTING, "verify") else ()
    held_up = any(condition.holds_up(reading.intent) for condition in unmet)
    guess = reading.intent in _ACTING and reading.score < calibration.SURE_ENOUGH
    also = _pack(goal, then, sentence) if then else None
    return InterpretedGoal(
        original_goal=goal,
        intent=reading.intent,
        matched_work_streams=() if ask else reading.found.streams,
        confidence=round(calibration.confidence(reading, ask, in_part=held_up), 3),
        candidates=(reading.found.candidates or reading.found.streams) if ask else (),
        ambiguous=ask,
        needs_confirmation=ask
        or ((reading.confirm or guess or held_up) and not parameters.get("dry_run"))
        or bool(also and also.needs_confirmation),
        parameters=parameters,
        evidence=terminal.clean(reading.evidence, 200),
        unmet=unmet,
        basis=calibration.basis(reading, ask),
        fit=reading.score,
        steps=steps(sentence.said, sentence.clauses),
        also=also,
    )
