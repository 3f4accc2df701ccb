"""The tool that tells what happened."""

from __future__ import annotations

from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.terminal import clean, duration, plural
from orchestrator_agent.tools.tool import ToolResult, brief, tool


@tool(read_only=True)
def report(orchestrator: Orchestrator) -> ToolResult:
    """What happened so far: how work streams ended and why, the agents' time and cost."""
    data = orchestrator.get_report()
    summary, totals = data["status"]["summary"], data["totals"]
    cost = f", {totals['cost_usd']:.2f} USD" if totals["cost_usd"] else ""
    lines = [
        f"{summary['complete']} of {summary['total']} work streams are complete,"
        f" {plural(summary['running'], 'agent')} at work.",
        f"{plural(totals['agents'], 'agent')} ran for {duration(totals['agent_seconds'])} in all{cost}.",
    ]
    good = ("complete", "verified", "on_branch")
    for result in sorted(data["results"], key=lambda result: result["outcome"] in good):
        reason = f": {clean(result['reason'], 150)}" if result["reason"] else ""
        lines.append(f"- {clean(result['work_stream_id'], 100)} {result['outcome']}{reason}")
    return ToolResult(brief(lines, "get_status tells of one"), data)
