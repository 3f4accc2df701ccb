"""What happened: the report, and events, receipts and ends of commands as JSON values; `docs/json.md` has each key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from orchestrator_agent import overview, steering
from orchestrator_agent.events import Event
from orchestrator_agent.model import Receipt
from orchestrator_agent.project import Project
from orchestrator_agent.reins import receipts_of
from orchestrator_agent.store import AgentFacts, Command, Result

_REPORTED_EVENTS = 50
_REPORTED_COMMANDS = 50


def report(project: Project) -> dict[str, Any]:
    """What happened so far: results, agents with their evidence, commands to agents, and the newest events.

    Raises:
        RoadmapError: the roadmap cannot be read.
    """
    store = project.store
    agents = [overview.agent(project, facts) for facts in store.agents()]
    newest = store.last_event_id()
    return {
        "status": overview.status(project),
        "results": [_result(item) for item in store.last_results().values()],
        "agents": agents,
        "totals": _totals(store.agents()),
        "commands": _steered(project),
        "events": [event(item) for item in store.events_after(newest - _REPORTED_EVENTS)],
    }


def _steered(project: Project) -> list[dict[str, Any]]:
    """What agents were told and asked to do lately, and what came of it, oldest first."""
    found = []
    for item in reversed(project.store.recent_commands(_REPORTED_COMMANDS)):
        if item.kind in steering.KINDS:
            agent_id, wish = str(item.payload["agent_id"]), item.payload
            known = project.store.agent(agent_id)
            said = str(wish.get("text") or wish.get("answer") or wish.get("reason") or "")
            about: dict[str, Any] = {"kind": item.kind, "agent_id": agent_id, "text": said}
            about["work_stream_id"] = known.record.work_stream_id if known else None
            found.append({**command(receipts_of(item)), **about})
    return found


def event(event: Event) -> dict[str, Any]:
    """One event as JSON values."""
    return {
        "type": event.type,
        "id": event.id,
        "timestamp": event.timestamp,
        "message": event.message,
        "agent_id": event.agent_id,
        "work_stream_id": event.work_stream_id,
        "data": event.data,
    }


def command(receipts: Sequence[Receipt]) -> dict[str, Any]:
    """How far a command to an agent has come, as JSON values."""
    last = receipts[-1]
    return {
        "type": "result",
        "command_id": last.command_id,
        "state": last.step.value if last.step.is_final else "open",
        "receipts": [
            {"step": item.step.value, "at": item.at, "reason": item.reason, "deadline": item.deadline}
            for item in receipts
        ],
    }


def result(command: Command, results: Sequence[Result]) -> dict[str, Any]:
    """The end of a command as JSON values."""
    return {
        "type": "result",
        "command_id": command.id,
        "kind": command.kind,
        "state": command.state,
        "message": command.outcome.get("message", ""),
        "results": [_result(item) for item in results],
    }


def _result(item: Result) -> dict[str, Any]:
    return {
        "work_stream_id": item.work_stream_id,
        "outcome": item.outcome,
        "reason": item.reason,
        "agent_id": item.agent_id,
    }


def _totals(agents: list[AgentFacts]) -> dict[str, Any]:
    ended = [facts for facts in agents if facts.record.ended_at]
    seconds = sum((f.record.ended_at or 0) - (f.record.started_at or f.record.created_at) for f in ended)
    cost = sum(float(facts.ending.get("cost_usd") or 0) for facts in ended)
    return {"agents": len(agents), "agent_seconds": round(seconds, 1), "cost_usd": round(cost, 4)}
