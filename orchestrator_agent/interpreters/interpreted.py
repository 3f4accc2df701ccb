"""What a goal was understood to mean, and the tool calls that would do it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from orchestrator_agent.interpreters.conditions import Condition
from orchestrator_agent.model import WorkStream
from orchestrator_agent.patterns import regex

ToolCalls = list[tuple[str, dict[str, Any]]]
_QUIET = ("help", "quit", "none")


#: A stop of which the person says that it is for a while only.
_PAUSES = regex(r"\b(?:paus(?:e|ed|ing|ier\w*)|freeze|suspend)\b|暂停", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class InterpretedGoal:
    """A goal in words, understood."""

    #: As the user gave it. Hostile text: print it through `terminal.clean`.
    original_goal: str
    #: run, run_all, run_next, stop, stop_all, status, report, verify, feedback, redirect, explain, help, quit, or none.
    intent: str
    #: The work streams that the action is for; empty for everything, nothing, or a question back.
    matched_work_streams: tuple[WorkStream, ...] = ()
    #: 0..1: how likely this reading is the right one.
    confidence: float = 0.0
    #: What to offer when asking back; empty when nothing in the roadmap fits.
    candidates: tuple[WorkStream, ...] = ()
    #: The words do not settle what is meant; the right move is to ask.
    ambiguous: bool = False
    #: Understood, but not to be done without a yes; always true with `ambiguous`.
    needs_confirmation: bool = False
    #: Only what was said: max_agents, count (int), dry_run (bool), to (an id), text (str), exclude (list of ids).
    parameters: dict[str, Any] = field(default_factory=dict)
    #: One line: what was matched, and on which words.
    evidence: str = ""
    #: What was said about when and how that nobody here can keep; the person must hear of it before anything is done.
    unmet: tuple[Condition, ...] = ()
    #: What the reading stands on: words of the grammar, an id, a selection, a name, or a question back.
    basis: str = ""
    #: How well the words fit, before calibration made `confidence` of it.
    fit: float = 0.0
    #: How the words were read, step by step: pairs of a label and a text (hostile, as the goal is).
    steps: tuple[tuple[str, str], ...] = ()
    #: What the goal asks for after this, where it asks for two different things ("stop 1.2 and start 1.3").
    also: InterpretedGoal | None = None

    @property
    def suggested_action(self) -> str:
        """run_single, run_parallel, run_batch, stop, ask, or the intent itself."""
        if self.ambiguous:
            return "ask"
        if self.intent == "run":
            return "run_single" if len(self.matched_work_streams) == 1 else "run_parallel"
        return {"run_next": "run_single", "run_all": "run_batch", "stop_all": "stop"}.get(self.intent, self.intent)

    @property
    def goes_against(self) -> bool:
        """True when doing it at once would go against what was said about when and how."""
        return any(condition.holds_up(self.intent) for condition in self.unmet) or bool(
            self.also and self.also.goes_against
        )

    def tool_calls(self) -> ToolCalls:
        """Pairs of tool name and arguments, in order; none for a question back, help, quit, or nothing.

        With `needs_confirmation` they are for after the yes. With the parameter `dry_run` they are for showing only.
        """
        return self._own_calls() + (self.also.tool_calls() if self.also and not self.ambiguous else [])

    def _own_calls(self) -> ToolCalls:
        if self.ambiguous or self.intent in _QUIET:
            return []
        if self.intent in ("run", "run_all", "run_next"):
            return self._starts()
        ids = [stream.id for stream in self.matched_work_streams]
        if self.intent == "stop_all":
            kept = self.parameters.get("exclude")
            return [("stop_agent", {"exclude": kept} if kept else {})]
        if self.intent == "stop" and _PAUSES.search(self.original_goal):
            return [("pause_agent", {"agent_id": i}) for i in ids]
        if self.intent == "stop":
            return [("stop_agent", {"work_stream_id": i}) for i in ids]
        if self.intent in ("status", "explain"):
            return [("get_status", {"work_stream_id": i}) for i in ids] or [("get_status", {})]
        if self.intent == "feedback":
            return [("send_feedback", {"agent_id": i, "feedback": self.parameters["text"]}) for i in ids]
        if self.intent == "redirect":
            return [("redirect_agent", {"agent_id": i, "work_stream_id": self.parameters["to"]}) for i in ids]
        return [("verify", {"work_stream_id": i}) for i in ids] if self.intent == "verify" else [("report", {})]

    def _starts(self) -> ToolCalls:
        said: dict[str, Any] = {k: v for k, v in self.parameters.items() if k in ("max_agents", "exclude")}
        if self.intent == "run_all":
            return [("run_batch", said)]
        if self.intent == "run_next":
            count = self.parameters.get("count", 1)
            return [("spawn_agent", {})] if count == 1 else [("run_batch", {"count": count, **said})]
        ids = [stream.id for stream in self.matched_work_streams]
        return (
            [("spawn_agent", {"work_stream_id": ids[0]})]
            if len(ids) == 1
            else [("run_batch", {"work_stream_ids": ids, **said})]
        )
