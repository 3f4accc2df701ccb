"""A goal and what is done about it: an interpreter proposes tool calls, a person says yes, the toolset does them.

`orch goal` and the chat share this one loop: `propose`, `describe`, `question`, `carry_out`.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from orchestrator_agent import events
from orchestrator_agent.errors import UnknownWorkStream, UserError
from orchestrator_agent.events import Event
from orchestrator_agent.interpreters.interpreted import InterpretedGoal
from orchestrator_agent.interpreters.rules import interpret_goal
from orchestrator_agent.model import AgentState, WorkStream, same_id
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.roadmap import Roadmap
from orchestrator_agent.terminal import clean
from orchestrator_agent.tools import TOOLS, ToolCall, ToolResult, Toolset
from orchestrator_agent.tools.agents import plan_of
from orchestrator_agent.tools.toolset import journal
from orchestrator_agent.wishes import Plan

#: Words, a roadmap, and the ids of work streams that are being worked on -> what is meant.
Interpreter = Callable[[str, Roadmap, Collection[str]], InterpretedGoal]

_SHOWN = 8
_GOAL_LIMIT = 2000
_LOOKING = ("status", "report", "explain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A goal as understood, and what would be done about it. Nothing has happened yet."""

    goal: InterpretedGoal
    #: Empty when there is a question back, nothing to do, or a problem.
    calls: tuple[ToolCall, ...] = ()
    #: A person has to say yes first.
    confirm: bool = False
    #: Only to be shown: the words asked what would happen.
    dry_run: bool = False
    #: Why it cannot be done, as one sentence; empty when it can.
    problem: str = ""
    #: What a start would start.
    plan: Plan | None = None
    #: How many agents are at work right now.
    at_work: int = 0


class Conversation:
    """What a person says about one repository, and what comes of it."""

    def __init__(
        self, orchestrator: Orchestrator, interpreter: Interpreter = interpret_goal, toolset: Toolset | None = None
    ) -> None:
        self.orchestrator = orchestrator
        self.interpreter = interpreter
        self.toolset = toolset or Toolset(TOOLS)

    def propose(self, text: str) -> Proposal:
        """What `text` asks for. Changes nothing.

        Raises:
            RoadmapError: the roadmap cannot be read.
        """
        journal(self.orchestrator.project)
        store = self.orchestrator.project.store
        live = [facts.record.work_stream_id for facts in store.live_agents()]
        running = {*live, *store.claims()}
        return self._proposal(self.interpreter(text, self.orchestrator.project.roadmap(), running), len(live))

    def choose(self, proposal: Proposal, answer: str) -> Proposal | None:
        """The proposal for one of the offered candidates, named by its number in the list, id or name; else None.

        The choice is the yes: it is not asked for again.
        """
        stream = self._chosen(proposal.goal.candidates, answer.strip())
        if stream is None:
            return None
        goal = replace(
            proposal.goal,
            matched_work_streams=(stream,),
            candidates=(),
            ambiguous=False,
            needs_confirmation=False,
            confidence=1.0,
            evidence="your choice",
        )
        return replace(self._proposal(goal, proposal.at_work), confirm=False)

    def _chosen(self, candidates: Sequence[WorkStream], answer: str) -> WorkStream | None:
        found = next((s for s in candidates if same_id(s.id, answer)), None)
        if found is None and _numbered(candidates) and answer.isascii() and answer.isdigit():
            found = dict(enumerate(candidates, 1)).get(int(answer[:9]))
        if found is None and answer:
            with contextlib.suppress(UnknownWorkStream):
                named = self.orchestrator.project.roadmap().get(answer).id
                found = next((s for s in candidates if s.id == named), None)
        return found or next((s for s in candidates if s.name.casefold() == answer.casefold()), None)

    def carry_out(self, proposal: Proposal) -> list[ToolResult]:
        """Call the tools of a proposal, in order; the person's yes is the caller's business.

        Returns:
            a result for each call; those with a `command_id` in their data can be followed.
        """
        if proposal.dry_run:
            return []
        results = [self.toolset.call(self.orchestrator, call) for call in proposal.calls]
        if not all(tool.read_only for call in proposal.calls if (tool := self.toolset.get(call.name))):
            self._journal(proposal, results)
        return results

    def _journal(self, proposal: Proposal, results: Sequence[ToolResult]) -> None:
        """Written after the calls, so that a goal that was refused leaves nothing behind where nothing was."""
        store = journal(self.orchestrator.project)
        if store is None:
            return
        goal = proposal.goal
        data = [result.data for result in results if isinstance(result.data, dict)]
        commands = [item["command_id"] for item in data if item.get("command_id")]
        store.record(
            Event(
                type=events.GOAL_RECEIVED,
                timestamp=store.now(),
                message=goal.original_goal[:_GOAL_LIMIT],
                data={
                    "goal": clean(goal.original_goal, _GOAL_LIMIT),
                    "intent": goal.intent,
                    "confidence": goal.confidence,
                    "work_stream_ids": [stream.id for stream in goal.matched_work_streams],
                    "command_ids": commands,
                },
            )
        )

    # -- from a reading to a proposal ----------------------------------------------------------------------------

    def _proposal(self, goal: InterpretedGoal, at_work: int) -> Proposal:
        calls = tuple(self._resumed(ToolCall(name, arguments)) for name, arguments in goal.tool_calls())
        base = Proposal(goal=goal, at_work=at_work, dry_run=bool(goal.parameters.get("dry_run")))
        missing = [call.name for call in calls if self.toolset.get(call.name) is None]
        if missing:
            what = missing[0].replace("_", " ")
            return replace(base, problem=f"I understand, but cannot {what} yet; stop it and start it again instead.")
        try:
            plan = self._plan(calls)
        except UserError as error:
            return replace(base, problem=clean(str(error), 500))
        stops = goal.intent in ("stop", "stop_all") and bool(calls) and not goal.also
        if stops and not self._runs(goal.matched_work_streams):
            return replace(base, problem="Nothing of that is running." if at_work else "Nothing is running.")
        tools = [tool for call in calls if (tool := self.toolset.get(call.name))]
        confirm = bool(calls) and (goal.needs_confirmation or any(tool.needs_yes for tool in tools))
        return replace(base, calls=calls, plan=plan, confirm=confirm and not base.dry_run)

    def _resumed(self, call: ToolCall) -> ToolCall:
        """A start of work whose agent is paused means that this one goes on."""
        wanted = str(call.arguments.get("work_stream_id", "")) if call.name == "spawn_agent" else ""
        for facts in self.orchestrator.project.store.live_agents() if wanted else ():
            record = facts.record
            is_paused = record.state is AgentState.WAITING and record.reason == "paused"
            if is_paused and same_id(record.work_stream_id, wanted):
                return ToolCall("resume_agent", {"agent_id": record.id})
        return call

    def _runs(self, streams: Sequence[WorkStream]) -> bool:
        """True when one of the work streams is at work or on its way; of none, when anything is."""
        store = self.orchestrator.project.store
        busy = {*store.claims(), *(facts.record.work_stream_id for facts in store.live_agents())}
        if not streams:
            return bool(busy or store.open_commands())
        return any(same_id(stream.id, name) for stream in streams for name in busy)

    def _plan(self, calls: Sequence[ToolCall]) -> Plan | None:
        for call in calls:
            arguments: dict[str, Any] = dict(call.arguments)
            if call.name == "spawn_agent":
                return plan_of(self.orchestrator, **arguments)
            if call.name == "run_batch":
                arguments.pop("max_agents", None)
                return plan_of(self.orchestrator, **arguments, several=True)
        return None


# -- words for people ----------------------------------------------------------------------------------------------


def label(work_stream_id: str, name: str = "") -> str:
    """A work stream as it is called in talk: "Phase 1.2: Task Parser"; ids that are no phase numbers stay bare."""
    shown = clean(work_stream_id, 60)
    head = f"Phase {shown}" if re.fullmatch(r"\d+(\.\d+)+", shown) else shown
    return f"{head}: {clean(name, 100)}" if name else head


def describe(proposal: Proposal) -> list[str]:
    """What was understood, line by line; empty for a plain look, whose result says everything."""
    goal = proposal.goal
    if goal.ambiguous:
        return _asked_back(goal)
    if goal.intent in ("none", "help", "quit"):
        return [] if goal.intent != "none" else [_not_understood(goal)]
    if goal.intent in _LOOKING and not proposal.problem:
        return []
    lines = [] if goal.intent in _LOOKING else _matched(proposal)
    if proposal.problem:
        return [*lines, clean(proposal.problem)]
    if proposal.dry_run:
        lines.append("Nothing was started: you asked what would happen.")
    return lines


def question(proposal: Proposal) -> str:
    """What to ask before carrying out, without the answers that can be given."""
    goal = proposal.goal
    if goal.ambiguous:
        verb = {"stop": "stop", "verify": "be checked"}.get(goal.intent, "start" if goal.intent == "run" else "it be")
        return f"Which one should {verb} (number or id, or nothing)?"
    if goal.also:
        return "Shall I do this?"
    if any(call.name == "pause_agent" for call in proposal.calls):
        return "Shall I pause this?"
    if goal.intent in ("stop", "stop_all"):
        return "Shall I stop this (the work is saved)?"
    if proposal.plan is None:
        return "Shall I do this?"
    several = len(proposal.plan.now) + len(proposal.plan.later) > 1
    return f"Would you like me to start working on {'these' if several else 'this'}?"


def _asked_back(goal: InterpretedGoal) -> list[str]:
    if not goal.candidates:
        reason = f" ({clean(goal.evidence, 200)})" if goal.evidence else ""
        return [f"I do not know which work stream you mean{reason}; say its id or name, or `status` to see them."]
    numbered = _numbered(goal.candidates)
    lines = [f"  {f'{n}.' if numbered else '•'} {_one(stream)}" for n, stream in enumerate(goal.candidates, 1)]
    return ["That could be:", *lines]


def _numbered(candidates: Sequence[WorkStream]) -> bool:
    """A list of ids that are themselves plain numbers has no other numbers: what is typed would mean two things."""
    return not any(stream.id.isdigit() for stream in candidates)


def _not_understood(goal: InterpretedGoal) -> str:
    return (
        "I found nothing to do in that"
        + (f" ({clean(goal.evidence, 200)})" if goal.evidence else "")
        + '; try "start 1.2", "do everything", "stop", "status", or `help`.'
    )


#: How calls are told that are another thing than the intent's usual one.
_HOLDING = {"pause_agent": "pausing ", "resume_agent": "going on with "}


def _matched(proposal: Proposal) -> list[str]:
    goal, plan = proposal.goal, proposal.plan
    sure = _sure(goal)
    streams: Sequence[WorkStream] = goal.matched_work_streams
    if goal.intent == "run_all" and plan is not None:
        later = f", {len(plan.later)} more as they are unblocked" if plan.later else ""
        said = f"everything that can be done: {len(plan.now)} now{later}"
        streams = plan.now
    elif goal.intent == "run_next" and plan is not None:
        said = f"the next work stream, {_one(plan.now[0])}" if len(plan.now) == 1 else f"the next {len(plan.now)}"
        streams = plan.now if len(plan.now) > 1 else ()
    elif goal.intent == "stop_all":
        said = f"stopping all that runs ({proposal.at_work} agent{'s' if proposal.at_work != 1 else ''})"
    else:
        what = {"run": "", "stop": "stopping "}.get(goal.intent, "")
        calls = {call.name for call in proposal.calls}
        what = _HOLDING[calls.pop()] if len(calls) == 1 and calls <= _HOLDING.keys() else what
        what = what or ("" if goal.intent == "run" else f"{goal.intent.replace('_', ' ')}: ")
        said = what + (_one(streams[0]) if len(streams) == 1 else f"{len(streams)} work streams")
        streams = streams if len(streams) > 1 else ()
    return [f"Matched goal to {said} {sure}", *_listed(streams), *_limits(goal), *_second_half(goal.also)]


def _second_half(goal: InterpretedGoal | None) -> list[str]:
    if goal is None:
        return []
    if goal.ambiguous:
        return ["  and then something that is not clear; say that by itself"]
    what = ", ".join(_one(stream) for stream in goal.matched_work_streams[:_SHOWN])
    return [f"  and then {goal.intent.replace('_', ' ')}" + (f": {what}" if what else "")]


def _one(stream: WorkStream) -> str:
    return label(stream.id, stream.name)


def _listed(streams: Sequence[WorkStream]) -> list[str]:
    lines = [f"  • {_one(stream)}" for stream in streams[:_SHOWN]]
    return [*lines, f"  • and {len(streams) - _SHOWN} more"] if len(streams) > _SHOWN else lines


def _limits(goal: InterpretedGoal) -> list[str]:
    lines = []
    if goal.parameters.get("exclude"):
        lines.append("  without " + ", ".join(label(name) for name in goal.parameters["exclude"][:_SHOWN]))
    if goal.parameters.get("max_agents"):
        lines.append(f"  at most {goal.parameters['max_agents']} at once")
    return lines


def _sure(goal: InterpretedGoal) -> str:
    evidence = clean(goal.evidence, 120)
    words = re.fullmatch(r"\S+ on the words: (.+)", evidence)
    if words:
        evidence = f'on the words "{words[1].replace(", ", " ")}"'
    return f"(sure: {goal.confidence:.0%}" + (f", {evidence})" if evidence else ")")
