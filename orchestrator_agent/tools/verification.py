"""Tools that prove work and land it."""

from __future__ import annotations

from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.terminal import clean
from orchestrator_agent.tools.agents import agent_of
from orchestrator_agent.tools.tool import ToolResult, WorkStreamId, tool


@tool()
def verify(orchestrator: Orchestrator, work_stream_id: WorkStreamId) -> ToolResult:
    """Run all checks again on the newest agent's work for a work stream, at the exact commit that would land."""
    record = agent_of(orchestrator, work_stream_id).record
    command_id = orchestrator.request_verification(record.id)
    text = f"Checking the work of {record.id} on {clean(record.work_stream_id, 100)}."
    return ToolResult(text, {"command_id": command_id, "agent_id": record.id})


@tool(destructive=True)
def integrate(orchestrator: Orchestrator, work_stream_id: WorkStreamId) -> ToolResult:
    """Verify a work stream's finished work and merge it, with the person's consent to whatever it touches."""
    record = agent_of(orchestrator, work_stream_id).record
    command_id = orchestrator.request_integration(record.id)
    text = f"Verifying and then merging the work of {record.id} on {clean(record.work_stream_id, 100)}."
    return ToolResult(text, {"command_id": command_id, "agent_id": record.id})
