"""Why a goal was read as it was, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator_agent.interpreters.clauses import Clause
from orchestrator_agent.interpreters.interpreted import InterpretedGoal
from orchestrator_agent.interpreters.limits import Limits
from orchestrator_agent.model import WorkStream
from orchestrator_agent.terminal import clean

_SHOWN = 8
_WIDTH = 200
_MOST_STEPS = 20


def explain(goal: InterpretedGoal) -> list[str]:
    """Lines that tell how `goal` was heard, cut, matched and judged, and the tool calls that come of it.

    Nothing is looked up: all is in the result. The lines are harmless to print.
    """
    return [f"{label:<10} {clean(text, _WIDTH)}".rstrip() for label, text in _facts(goal)]


def steps(said: Limits, clauses: Sequence[Clause]) -> tuple[tuple[str, str], ...]:
    """How the words of a goal were read: lines of a label and a text."""
    limits = [f"at most {said.max_agents} agents"] * bool(said.max_agents) + ["only to look"] * said.dry_run
    found = [("read as", said.text), *([("limits", ", ".join(limits))] if limits else [])]
    for number, clause in enumerate(clauses[:_MOST_STEPS], 1):
        kinds = {
            "a no": clause.negative,
            "a question": clause.question,
            "a request": clause.polite,
            "when": clause.condition,
        }
        what = [clause.command or "a mention", *(name for name, holds in kinds.items() if holds)]
        found.append((f"clause {number}", f"{', '.join(what)}: {clause.rest}"))
    return tuple(found)


def _facts(goal: InterpretedGoal) -> Iterator[tuple[str, str]]:
    yield "heard", goal.original_goal
    yield from goal.steps
    yield from _meaning(goal)
    if goal.also:
        yield "and then", ""
        yield from _meaning(goal.also)
    for name, arguments in goal.tool_calls():
        said = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        yield "would call", f"{name}({said})"


def _meaning(goal: InterpretedGoal) -> Iterator[tuple[str, str]]:
    yield "meaning", goal.intent + (f", as {goal.suggested_action}" if goal.suggested_action != goal.intent else "")
    if goal.matched_work_streams:
        yield "for", _listed(goal.matched_work_streams)
    if goal.candidates:
        yield "or which", _listed(goal.candidates)
    for name, value in goal.parameters.items():
        yield name[:10], str(value)
    for condition in goal.unmet:
        yield "set aside", condition.words
    if goal.evidence:
        yield "because", goal.evidence
    yield "sure", f"{goal.confidence:.0%}, by {goal.basis or 'choice'}" + _asking(goal)


def _asking(goal: InterpretedGoal) -> str:
    if goal.ambiguous:
        return "; asks which one is meant"
    return "; asks for a yes before it acts" if goal.needs_confirmation else ""


def _listed(streams: tuple[WorkStream, ...]) -> str:
    shown = "; ".join(f"{stream.id} {stream.name}"[:60] for stream in streams[:_SHOWN])
    return shown + (f"; and {len(streams) - _SHOWN} more" if len(streams) > _SHOWN else "")
