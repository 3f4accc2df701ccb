"""The intention to run an agent, as it is journaled before anything is started."""

from __future__ import annotations

import uuid

from orchestrator_agent import events, execution, runtimes
from orchestrator_agent import worktree as worktrees
from orchestrator_agent.actions import Spawn
from orchestrator_agent.events import Event
from orchestrator_agent.model import slug
from orchestrator_agent.project import Project
from orchestrator_agent.runtimes import Runtime
from orchestrator_agent.store import AgentFacts

_SESSIONS = uuid.UUID("2b1f3a0e-94f7-4bd4-8f0e-1f2a6f0d7c55")
#: Reasons for a next agent that say nothing against what the last one knew.
_GO_ON = ("lost", "limit", "feedback", "redirect")


#: How the reason for a further agent is told; the work of one that was cut off or stopped is saved.
_SAID = {"lost": "again, from what was saved", "limit": "again, where it was held"}


def of(project: Project, action: Spawn, title: str) -> list[Event]:
    """The events that intend a new agent, and claim its work stream where it is not claimed yet.

    Args:
        title: what the work stream is called in messages.
    """
    store, command, name = project.store, action.command, action.work_stream_id
    now = store.now()
    agent_id = _new_id(project, name, int(now))
    if action.redirect is not None:
        return _redirected(project, action, agent_id, title)
    previous = action.after or _interrupted(project, name)
    why = action.why if action.after or previous is None else "lost"
    spawning = Event(
        type=events.SPAWNING_AGENT,
        timestamp=now,
        message=f"starting {agent_id} on {title}" + (f" ({_SAID.get(why, why)})" if why != "first" else ""),
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


def _redirected(project: Project, action: Spawn, agent_id: str, title: str) -> list[Event]:
    """Work given up and other work begun, in one step; the claim of the latter is there since it was asked for."""
    command, before = action.redirect, action.after
    assert command is not None and before is not None
    now, old = project.store.now(), before.record.work_stream_id
    reason = f"its agent was sent to {action.work_stream_id}: {command.payload.get('reason') or 'no reason given'}"
    released = Event(
        type=events.WORK_STREAM_RELEASED,
        timestamp=now,
        message=f"{old}: stopped ({reason})",
        agent_id=before.record.id,
        work_stream_id=old,
        command_id=action.command.id,
        data={"outcome": "stopped", "reason": reason},
    )
    spawning = Event(
        type=events.SPAWNING_AGENT,
        timestamp=now,
        message=f"starting {agent_id} on {title} (redirect)",
        agent_id=agent_id,
        work_stream_id=action.work_stream_id,
        command_id=action.command.id,
        data=_facts(project, action, agent_id, before, "redirect"),
    )
    return [released, spawning]


def _facts(project: Project, action: Spawn, agent_id: str, previous: AgentFacts | None, why: str) -> dict[str, object]:
    target = str(action.command.payload["target"])
    base = "" if previous is None or action.redirect else previous.record.head_commit
    runtime = runtimes.get_runtime(project.settings.agent_for(action.work_stream_id).runtime)
    session = _session(runtime, previous, why)
    return {
        "attempt": action.attempt,
        "runtime": runtime.name,
        "branch": f"orch/{slug(action.work_stream_id)}/{agent_id}",
        "worktree": str(worktrees.path_of(project.repository, agent_id)),
        "base_commit": base or project.tip(target),
        "details": {
            "why": why,
            "after": previous.record.id if previous else None,
            "root": _root(project, action, previous, target),
            "plan_at": project.tip(target),
            "port": execution.free_port(project, [f.details.get("port", 0) for f in project.store.live_agents()]),
            "session_id": session or str(uuid.uuid5(_SESSIONS, f"{project.root}/{agent_id}")),
            "resumes": bool(session),
            "is_live": runtime.is_live,
            "messages": _unheard(previous, why) | {c.id: c.payload.get("text", "") for c in action.messages},
            "redirect": action.redirect.id if action.redirect else None,
        },
    }


def _root(project: Project, action: Spawn, previous: AgentFacts | None, target: str) -> str:
    """The target's commit from which the work was begun, by whichever agent."""
    if previous is None or action.redirect or not previous.record.head_commit:
        return project.tip(target)
    return str(previous.details.get("root") or previous.record.base_commit)


def _unheard(previous: AgentFacts | None, why: str) -> dict[str, str]:
    """What the agent before was started with, where it left no session that remembers it."""
    if previous is None or why not in ("lost", "limit", "feedback") or previous.ending.get("session"):
        return {}
    return dict(previous.details.get("messages", {}))


def _session(runtime: Runtime, previous: AgentFacts | None, why: str) -> str:
    """The session that a new agent goes on in, or empty: after a failure of the work a fresh look is worth more."""
    if previous is None or why not in _GO_ON or not runtime.keeps_sessions or previous.record.runtime != runtime.name:
        return ""
    return str(previous.details.get("session_id") or "") if previous.ending.get("session") else ""


def _new_id(project: Project, name: str, now: int) -> str:
    first = f"coder-{slug(name)}-{now}"
    names = (first, *(f"{first}-{n}" for n in range(2, 10_000)))
    return next(n for n in names if project.store.agent(n) is None and not project.agent_folder(n).exists())


def _interrupted(project: Project, name: str) -> AgentFacts | None:
    """The agent whose work a new one continues, or None: it was stopped, or its account could not be used any more."""
    earlier = project.store.agents(work_stream_id=name)
    result = project.store.last_results().get(name.casefold())
    if not earlier or result is None:
        return None
    last = earlier[-1]
    if result.outcome != "stopped" and not last.ending.get("unusable"):
        return None
    kept = last.record.head_commit and project.repository.tip(last.record.branch)
    return last if kept else None
