"""The tool that waits until something has happened."""

from __future__ import annotations

import time
from typing import Annotated

from pydantic import Field

from orchestrator_agent.model import same_id
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.terminal import clean
from orchestrator_agent.tools.tool import ToolResult, WorkStreamId, tool
from orchestrator_agent.tools.work_streams import get_status

_FEW = 5


@tool(read_only=True)
def wait(
    orchestrator: Orchestrator,
    work_stream_id: WorkStreamId | None = None,
    seconds: Annotated[float, Field(description="at most so long", gt=0, le=600)] = 60,
) -> ToolResult:
    """Wait until nobody works on a work stream (without one: until any work ends) or an agent asks something."""
    wanted = None if work_stream_id is None else orchestrator.project.roadmap().get(work_stream_id).id
    begun, known, end = _busy(orchestrator), _questions(orchestrator, wanted), time.monotonic() + seconds

    def look() -> ToolResult | None:
        busy = _busy(orchestrator)
        over = not busy or (not any(same_id(wanted, name) for name in busy) if wanted else not begun <= busy)
        asks = not over and not _questions(orchestrator, wanted) <= known
        if not over and not asks and time.monotonic() < end:
            return None
        told: ToolResult = get_status.function(orchestrator, wanted)
        if asks:
            return told
        if over and wanted is None:
            told = ToolResult("\n".join([*_ended(orchestrator, begun - busy), told.text]), told.data)
        return told if over else ToolResult(f"Still at work after {seconds:g} seconds.\n{told.text}", told.data)

    return look() or ToolResult("Waiting.", later=look)


def _ended(orchestrator: Orchestrator, names: set[str]) -> list[str]:
    """How the work on some work streams ended, one line each: what failed may be started again, and looks like new."""
    results = orchestrator.project.store.last_results()
    found = [results[name.casefold()] for name in sorted(names) if name.casefold() in results]
    return [f"{clean(r.work_stream_id, 80)} ended: {r.outcome}. {clean(r.reason, 200)}".rstrip() for r in found[:_FEW]]


def _questions(orchestrator: Orchestrator, wanted: str | None) -> set[str]:
    """Entries of what agents ask, or those that work on one work stream."""
    asks = (entry for entry in orchestrator.inbox() if entry["kind"] == "question")
    return {entry["entry"] for entry in asks if wanted is None or same_id(wanted, entry["work_stream_id"])}


def _busy(orchestrator: Orchestrator) -> set[str]:
    """The work streams that something is done about."""
    store = orchestrator.project.store
    return {*store.claims(), *(facts.record.work_stream_id for facts in store.live_agents())}
