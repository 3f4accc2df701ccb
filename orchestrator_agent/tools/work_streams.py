"""Tools that look at the roadmap and at how things stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from orchestrator_agent import overview
from orchestrator_agent.model import same_id
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.steering import asked
from orchestrator_agent.terminal import clean, duration, plural
from orchestrator_agent.tools.tool import AgentId, ToolResult, WorkStreamId, brief, fitting, tool

_PAGE_BYTES = 1600
_FEW = 8


@tool(read_only=True)
def list_work_streams(
    orchestrator: Orchestrator,
    available_only: Annotated[bool, Field(description="only those that can start now")] = False,
    after: Annotated[str | None, Field(description="go on behind this id, as an earlier result says")] = None,
) -> ToolResult:
    """List the roadmap's work streams with status, and the reason why one does not move. Comes in pages."""
    data = orchestrator.status()
    streams = [s for s in data["work_streams"] if s["available"] or not available_only]
    if after is not None:
        known = orchestrator.project.roadmap().get(after).id
        place = next((n for n, s in enumerate(streams) if same_id(s["id"], known)), -1)
        streams = streams[place + 1 :]
    lines = [_stream_line(stream) for stream in streams]
    count = fitting(lines, _PAGE_BYTES)
    page, rest = streams[:count], len(streams) - count
    head = f"{plural(data['summary']['total'], 'work stream')}, {data['summary']['available']} can start now."
    lines = [head, *lines[:count]]
    if rest:
        lines.append(f'{rest} more: list_work_streams(after="{clean(page[-1]["id"], 100)}")')
    return ToolResult("\n".join(lines), {"work_streams": page, "after": page[-1]["id"] if rest else None})


def _stream_line(stream: Mapping[str, Any]) -> str:
    state = "can start now" if stream["available"] else clean(stream["reason"] or "", 100)
    status = stream["status"] + (f": {state}" if state and stream["status"] != "complete" else "")
    return f"{clean(stream['id'], 100)} {clean(stream['name'], 60)} [{status}]"


@tool(read_only=True)
def get_status(
    orchestrator: Orchestrator, work_stream_id: WorkStreamId | None = None, agent_id: AgentId | None = None
) -> ToolResult:
    """How things stand: everything, or one work stream (and why it does not move), or one agent."""
    if agent_id is not None:
        agent = overview.agent(orchestrator.project, orchestrator.agent(agent_id))
        return ToolResult(brief([*_agent_lines(agent), *_questions(orchestrator, agent["id"])]), {"agent": agent})
    if work_stream_id is None:
        data = orchestrator.status()
        return ToolResult(brief([*_overall_lines(data), *_questions(orchestrator)]), data)
    reason = orchestrator.why(work_stream_id)[0]
    found = orchestrator.project.store.agents(work_stream_id=reason["id"])
    agents = [overview.agent(orchestrator.project, facts) for facts in found]
    lines = [f"{reason['id']}: {clean(reason['name'], 100)} [{reason['status']}]", reason["reason"]]
    lines += [f"Remedy: {reason['remedy']}"] if reason["remedy"] else []
    for agent in reversed(agents[-3:]):
        lines += [*_agent_lines(agent), *_questions(orchestrator, agent["id"])]
    return ToolResult(brief(lines), {"work_stream": reason, "agents": agents})


def _overall_lines(data: Mapping[str, Any]) -> list[str]:
    summary, names = data["summary"], {s["id"]: s["name"] for s in data["work_streams"]}
    states = ("complete", "in_progress", "not_started", "blocked", "cancelled")
    counts = ", ".join(f"{summary[state]} {state}" for state in states if summary[state])
    agents = plural(summary["running"], "agent")
    lines = [f"{plural(summary['total'], 'work stream')}: {counts or 'none'}.", f"{agents} at work."]
    lines += [f"- {_agent_line(agent)}" for agent in data["agents"][:_FEW]]
    lines += [f"{summary['available']} can start now:"] if data["next"] else ["Nothing can start now."]
    lines += [f"- {clean(name, 100)} {clean(names[name], 60)}" for name in data["next"][:_FEW]]
    held = [s for s in data["work_streams"] if s["reason_kind"] == "held"]
    lines += [f"Waiting for a person: {clean(s['id'], 100)}: {clean(s['reason'], 150)}" for s in held[:_FEW]]
    return lines


def _questions(orchestrator: Orchestrator, agent_id: str = "") -> list[str]:
    """What agents, or one, wait to be told by the person."""
    asks = [e for e in orchestrator.inbox() if e["kind"] == "question" and agent_id in ("", e["agent_id"])]
    return [f"Waiting for a person: {e['agent_id']} asks (entry {e['entry']}): {asked(e)[:300]}" for e in asks[:_FEW]]


def _agent_line(agent: Mapping[str, Any]) -> str:
    again = f", attempt {agent['attempt']}" if agent["attempt"] > 1 else ""
    reason = f" ({clean(agent['reason'], 150)})" if agent["reason"] else ""
    took = duration(agent["duration_seconds"])
    return f"{agent['id']} on {clean(agent['work_stream_id'], 100)}: {agent['state']} for {took}{again}{reason}"


def _agent_lines(agent: Mapping[str, Any]) -> list[str]:
    """One agent with its verdict and landing."""
    line = _agent_line(agent)
    if not agent["ended_at"]:
        return [line]
    lines = [line.replace(f"{agent['state']} for", f"{agent['state']} after", 1)]
    verdict = agent["verification"]
    if verdict is not None:
        bad = [f"{name}: {clean(c['message'], 120)}" for name, c in verdict["checks"].items() if not c["passed"]]
        bad += [f"conflict in {clean(name, 80)}" for name in verdict["conflicts"][:3]]
        lines.append("  verification " + ("passed" if verdict["passed"] else "failed: " + "; ".join(bad[:4])))
    if agent["integration"]:
        lines.append(f"  integration {agent['integration']}")
    return lines
