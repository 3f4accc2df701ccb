"""The intention to run an agent, as it is journaled before anything is started."""

from __future__ import annotations

import uuid

from orchestrator_agent import events, execution
from orchestrator_agent import worktree as worktrees
from orchestrator_agent.actions import Spawn
from orchestrator_agent.events import Event
from orchestrator_agent.model import slug
from orchestrator_agent.project import Project
from orchestrator_agent.store import AgentFacts


def of(project: Project, action: Spawn, title: str) -> list[Event]:
    """The events that intend a new agent, and claim its work stream where it is not claimed yet.

    Args:
        title: what the work stream is called in messages.
    """
    store, command, name = project.store, action.command, action.work_stream_id
    now = store.now()
    agent_id = _new_id(project, name, int(now))
    previous = action.after or _interrupted(project, name)
    why = action.why if action.after or previous is None else "lost"
    spawning = Event(
        type=events.SPAWNING_AGENT,
        timestamp=now,
        message=f"starting {agent_id} on {title}" + (f" ({why})" if why != "first" else ""),
        agent_id=agent_id,
        work_stream_id=name,
        command_id=command.id,
        data=_facts(project, action, agent_id, previous, why),
    )
    if name.casefold() in {held.casefold() for held in store.claims()}:
        return [spawning]
    claim = Event(
        type=events.WORK_STREAM_CLAIMED,
        timestamp=now,
        message=f"{name} is taken up",
        work_stream_id=name,
        command_id=command.id,
        agent_id=agent_id,
    )
    return [claim, spawning]


def _facts(project: Project, action: Spawn, agent_id: str, previous: AgentFacts | None, why: str) -> dict[str, object]:
    target = str(action.command.payload["target"])
    return {
        "attempt": action.attempt,
        "runtime": project.settings.agent.runtime,
        "branch": f"orch/{slug(action.work_stream_id)}/{agent_id}",
        "worktree": str(worktrees.path_of(project.repository, agent_id)),
        "base_commit": (previous.record.head_commit if previous else "") or project.tip(target),
        "details": {
            "why": why,
            "after": previous.record.id if previous else None,
            "port": execution.free_port(project, [f.details.get("port", 0) for f in project.store.live_agents()]),
            "session_id": str(uuid.uuid4()),
        },
    }


def _new_id(project: Project, name: str, now: int) -> str:
    first = f"coder-{slug(name)}-{now}"
    names = (first, *(f"{first}-{n}" for n in range(2, 10_000)))
    return next(n for n in names if project.store.agent(n) is None and not project.agent_folder(n).exists())


def _interrupted(project: Project, name: str) -> AgentFacts | None:
    """The agent whose stopped work a new one continues, or None."""
    earlier = project.store.agents(work_stream_id=name)
    result = project.store.last_results().get(name.casefold())
    if not earlier or result is None or result.outcome != "stopped":
        return None
    last = earlier[-1]
    kept = last.record.head_commit and project.repository.commit_of(f"refs/heads/{last.record.branch}")
    return last if kept else None
