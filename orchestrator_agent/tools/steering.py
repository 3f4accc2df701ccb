"""Tools that steer agents while they work. Each answers with the receipts so far; the rest follows by itself."""

from __future__ import annotations

import time
from typing import Annotated, Literal

from pydantic import Field

from orchestrator_agent import reporting
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.terminal import clean
from orchestrator_agent.tools.tool import AgentId, ToolResult, WorkStreamId, tool

_Agent = Annotated[AgentId, Field(description="an agent, or its work stream")]
#: A tool waits so long for a receipt. Seconds.
_PATIENCE = 5.0


@tool()
def send_feedback(
    orchestrator: Orchestrator,
    agent_id: _Agent,
    feedback: Annotated[str, Field(description="what to tell it, in full", min_length=1, max_length=20_000)],
    urgency: Annotated[Literal["now", "next", "later"], Field(description="now breaks off what it is doing")] = "next",
) -> ToolResult:
    """Tell an agent something while it works."""
    return _told(orchestrator, orchestrator.send_feedback(agent_id, feedback, urgency), "delivered")


@tool(destructive=True)
def redirect_agent(
    orchestrator: Orchestrator,
    agent_id: _Agent,
    work_stream_id: Annotated[WorkStreamId, Field(description="what it is to do now")],
    reason: Annotated[str, Field(max_length=500)] = "",
) -> ToolResult:
    """Take an agent away from its work, which is saved, and have it do another work stream."""
    return _told(orchestrator, orchestrator.redirect(agent_id, work_stream_id, reason), "applied")


@tool()
def pause_agent(orchestrator: Orchestrator, agent_id: _Agent) -> ToolResult:
    """Have an agent stand still until `resume_agent`; nothing of its work is lost."""
    return _told(orchestrator, orchestrator.pause(agent_id), "applied")


@tool()
def resume_agent(orchestrator: Orchestrator, agent_id: _Agent) -> ToolResult:
    """Have a paused agent go on."""
    return _told(orchestrator, orchestrator.resume(agent_id), "applied")


@tool(destructive=True)
def answer_agent(
    orchestrator: Orchestrator,
    entry: Annotated[str, Field(description="the question's entry, as get_status gives it", max_length=40)],
    answer: Annotated[str, Field(description="allow, deny, or words", min_length=1, max_length=20_000)],
) -> ToolResult:
    """Answer what an agent waits with: a permission or a question. The answer is the person's, never yours."""
    return _told(orchestrator, orchestrator.answer(entry, answer), "applied")


def _told(orchestrator: Orchestrator, command_id: str, step: str) -> ToolResult:
    end = time.monotonic() + _PATIENCE

    def look() -> ToolResult | None:
        data = reporting.command(orchestrator.receipts(command_id))
        steps = [item["step"] for item in data["receipts"]]
        if step not in steps and data["state"] == "open" and time.monotonic() < end:
            return None
        last = data["receipts"][-1]
        text = last["step"].capitalize() + (f": {clean(last['reason'], 300)}" if last["reason"] else "")
        more = "; the rest follows by itself." if data["state"] == "open" else ""
        return ToolResult(text + more, data, is_error=data["state"] == "refused")

    return look() or ToolResult("Accepted.", {"command_id": command_id}, later=look)
