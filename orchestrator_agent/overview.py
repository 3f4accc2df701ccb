"""What can be said about a repository at this moment: status, the reason why nothing moves, the report. JSON values.

Everything is read from the journal and the roadmap; nothing is remembered elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator_agent import checks, progress, readiness, steering
from orchestrator_agent import roadmap as plans
from orchestrator_agent.errors import UserError
from orchestrator_agent.model import Availability, Verification, WorkStream, WorkStreamStatus, id_key
from orchestrator_agent.progress import Standing
from orchestrator_agent.project import Project
from orchestrator_agent.settings import Settings
from orchestrator_agent.store import AgentFacts
from orchestrator_agent.transcripts import Transcripts
from orchestrator_agent.wishes import Plan, RunOptions

_FEW = 3
#: What an agent took, as far as its runtime tells.
_USED = ("tokens", "cost_usd", "turns", "tools", "models", "context", "retries", "permission_denials")


def status(project: Project) -> dict[str, Any]:
    """The state of the roadmap and of all agents; `docs/json.md` documents each key.

    Raises:
        RoadmapError: the roadmap cannot be read.
    """
    roadmap = project.roadmap()
    found = project.availability(roadmap)
    standing = progress.standings(project, roadmap, found)
    setbacks = _setbacks(project, roadmap.work_streams, found)
    streams = plans.order(roadmap.work_streams)
    agents = [agent(project, facts) for facts in project.store.live_agents()]
    counts = {state.value: sum(s.status is state for s in streams) for state in WorkStreamStatus}
    free = [s.id for s in streams if found[s.id].available]
    return {
        "roadmap": roadmap.path,
        "format": roadmap.format,
        "summary": {"total": len(streams), **counts, "available": len(free), "running": len(agents)},
        "work_streams": [
            work_stream(s, found[s.id], standing.get(s.id.casefold()), setbacks.get(s.id))
            for s in sorted(streams, key=lambda s: id_key(s.id))
        ],
        "next": free,
        "obstacle": obstacle(project, free) or None,
        "agents": agents,
        "under_way": progress.under_way(project, standing),
        "questions": questions(project),
        "limits": {
            "max_concurrent_agents": project.settings.max_concurrent_agents,
            "agent_timeout_seconds": project.settings.agent.timeout_seconds,
            "max_attempts": project.settings.agent.max_attempts,
        },
        "controller": {"running": project.controller_runs()},
        "warnings": [*filter(None, [project.disk_problem()]), *_landed_elsewhere(project, free), *roadmap.warnings],
    }


def work_stream(
    stream: WorkStream,
    state: Availability,
    standing: Standing | None = None,
    setback: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """One work stream as JSON values."""
    reason = state.reason if standing is None or state.available else standing.reason
    return {
        "id": stream.id,
        "name": stream.name,
        "status": stream.status.value,
        "effort": stream.effort,
        "depends_on": list(stream.depends_on),
        "assigned_to": stream.assigned_to,
        "available": state.available,
        "reason": reason or None,
        "reason_kind": state.kind or None,
        "stage": None if standing is None else standing.stage,
        "setback": setback,
        "batch": stream.batch,
        "priority": stream.priority,
        "tasks": list(stream.tasks),
        "done_when": stream.done_when,
    }


def _setbacks(
    project: Project, streams: Sequence[WorkStream], found: Mapping[str, Availability]
) -> dict[str, dict[str, Any]]:
    """For work that may start again: how the last try ended, when that was not well."""
    results = project.store.last_results()
    told = {}
    for stream in streams:
        last = results.get(stream.id.casefold()) if found[stream.id].available else None
        if last is None or last.outcome not in ("failed", "refused", "stopped"):
            continue
        tries = len(project.store.agents(work_stream_id=stream.id, command_id=last.command_id))
        reason = re.sub(r" \(after \d+ attempts?\)$", "", last.reason)
        facts = project.store.agent(last.agent_id or "")
        branch = facts.record.branch if facts and facts.record.head_commit != facts.record.base_commit else ""
        told[stream.id] = {"outcome": last.outcome, "reason": reason, "attempts": tries, "branch": branch or None}
    return told


def _landed_elsewhere(project: Project, free: Sequence[str]) -> list[str]:
    """Sentences about work that may start here but was done on a branch that this one does not have."""
    results, here, found = project.store.last_results(), progress.target_here(project), []
    for name in free:
        last = results.get(name.casefold())
        command = project.store.command(last.command_id) if last and last.outcome == "complete" else None
        if command is not None and command.payload.get("target") not in (None, here):
            there = command.payload["target"]
            said = f"{name} has landed on {there}, which this branch does not have"
            found.append(f"{said}; merge it before you do it again.")
    return found[:_FEW]


def running(project: Project) -> dict[str, Any]:
    """The agents at work, and what else is under way, as JSON values; needs no roadmap that can be read."""
    agents = [agent(project, facts) for facts in project.store.live_agents()]
    return {"agents": agents, "under_way": progress.under_way(project, progress.all_standings(project))}


def obstacle(project: Project, work_stream_ids: Sequence[str]) -> str:
    """Why none of these can start here now, as one sentence with the remedy; empty when one can."""
    said = (project.disk_problem() or project.settings_problem) if work_stream_ids else ""
    kinds = {} if said else {project.settings.agent_for(name): name for name in work_stream_ids}
    for name in kinds.values():
        try:
            readiness.require_place(project, [name])
        except UserError as error:
            said = said or str(error)
        else:
            return ""
    return said


def agent(project: Project, facts: AgentFacts) -> dict[str, Any]:
    """One agent as JSON values."""
    record = facts.record
    end = record.ended_at or project.store.now()
    return {
        "id": record.id,
        "work_stream_id": record.work_stream_id,
        "attempt": record.attempt,
        "runtime": record.runtime,
        "state": record.state.value,
        "reason": record.reason or None,
        "branch": record.branch,
        "worktree": record.worktree if Path(record.worktree).exists() else None,
        "started_at": record.started_at,
        "ended_at": record.ended_at,
        "duration_seconds": round(end - (record.started_at or record.created_at), 3),
        "exit_code": record.exit_code,
        "used": {key: facts.ending[key] for key in _USED if key in facts.ending},
        "verification": None if facts.verification is None else verification(facts.verification),
        "integration": None if facts.integration is None else facts.integration.state,
    }


def verification(verdict: Verification) -> dict[str, Any]:
    """A verdict as JSON values, with one entry for each check."""
    entries = {check.name: check_entry(verdict, check.name) for check in verdict.checks}
    return {
        "passed": verdict.passed,
        "commit": verdict.candidate or None,
        "head_commit": verdict.head_commit,
        "base_commit": verdict.base_commit,
        "files": list(verdict.files),
        "protected": list(verdict.protected),
        "doubts": list(verdict.doubts),
        "notes": [str(check.data["note"]) for check in verdict.checks if check.data.get("note")],
        "conflicts": list(verdict.conflicts),
        "checks": entries,
        "finished_at": verdict.finished_at,
    }


def check_entry(verdict: Verification, name: str) -> dict[str, Any]:
    """One check of a verdict as JSON values."""
    check = next(check for check in verdict.checks if check.name == name)
    return {
        "passed": check.passed,
        "outcome": check.outcome,
        "message": check.message,
        "command": list(check.command),
        "exit_code": check.exit_code,
        "duration_seconds": check.duration_seconds,
        "output": check.output,
        "on_base": check.on_base,
        **check.data,
    }


def why(project: Project, work_stream_id: str | None = None) -> list[dict[str, Any]]:
    """For each work stream that does not move, or for one, the one reason and the remedy.

    Raises:
        RoadmapError, UnknownWorkStream: see there.
    """
    roadmap = project.roadmap()
    found = project.availability(roadmap)
    standing = progress.standings(project, roadmap, found)
    if work_stream_id is not None:
        streams = [roadmap.get(work_stream_id)]
    else:
        streams = [s for s in roadmap.work_streams if not s.is_closed]
    setbacks = _setbacks(project, streams, found)
    here = progress.target_here(project) if standing else ""
    in_the_way = obstacle(project, [s.id for s in streams if found[s.id].available and s.id.casefold() not in standing])
    commands, full = project.store.open_commands(), project.disk_problem()
    told = []
    for stream in plans.order(streams):
        item = standing.get(stream.id.casefold())
        if item is not None:
            words = _moving(item, here, full)
        elif found[stream.id].available:
            words = _free(stream, setbacks.get(stream.id), in_the_way)
        else:
            words = _waiting(stream, found, progress.is_asked_for(commands, stream.id))
        told.append(_told(stream, *words))
    return told


def _told(stream: WorkStream, kind: str, reason: str, remedy: str) -> dict[str, Any]:
    return {
        "id": stream.id,
        "name": stream.name,
        "status": stream.status.value,
        "kind": kind,
        "reason": reason,
        "remedy": remedy or None,
    }


_REMEDIES = {
    "dependency": "complete what it waits for first; `orch batch` does everything in order",
    "unknown_dependency": "correct its dependencies in the roadmap",
    "cycle": "break the circle of dependencies in the roadmap",
    "claimed": "clear the name in the roadmap to have an agent do it",
    "blocked": "set its status to Not Started when the reason is gone",
    "in_progress": "start it by name: `orch run {id}`, or set its status to Not Started",
    "stale_blocked": "set its status to Not Started, or start it by name: `orch run {id}`",
    "running": "follow it: `orch logs {id} -f`",
    "held": "look at it, then `orch integrate {id}`",
    "conflict": "it starts by itself in `orch batch` when the other has ended",
}


def _waiting(stream: WorkStream, found: Mapping[str, Availability], asked_for: bool) -> tuple[str, str, str]:
    """Kind, reason and remedy of work that may not start now."""
    state = found[stream.id]
    held = [name for name in stream.depends_on if name in found and found[name].kind == "held"]
    if held and state.kind == "dependency":
        return state.kind, state.reason, f"look at {held[0]}, then `orch integrate {held[0]}`"
    if asked_for and state.kind in ("dependency", "conflict"):
        return state.kind, state.reason, "it was asked for, and starts by itself when that has landed"
    return state.kind, state.reason, _REMEDIES.get(state.kind, "").format(id=stream.id)


def _moving(item: Standing, here: str, disk_problem: str) -> tuple[str, str, str]:
    """Kind, reason and remedy of work that is under way."""
    remedy = _REMEDIES["running"].format(id=item.work_stream_id) if item.stage == "working" else ""
    if disk_problem:
        return "running", f"{item.reason}, as far as is known", disk_problem
    if item.stage == "working" and item.reason.endswith("waits: paused"):
        remedy = f"have it go on: `orch resume {item.work_stream_id}`"
    elif item.stage == "working" and f" waits: {steering.NEEDS_INPUT}" in item.reason:
        remedy = "answer it: `orch inbox`"
    kind = "queued" if item.stage == "queued" else "running"
    return kind, item.reason + item.elsewhere(here), remedy


def _free(stream: WorkStream, setback: Mapping[str, Any] | None, in_the_way: str) -> tuple[str, str, str]:
    """Kind, reason and remedy of work that nobody has asked for, or that has to be asked for again."""
    if in_the_way:
        return "not_ready", f"cannot start yet: {in_the_way}", ""
    if setback is None:
        return "available", "it can start now, and nobody has asked for it", f"start it: `orch run {stream.id}`"
    if setback["outcome"] == "stopped":
        return "available", f"it was stopped: {setback['reason']}", f"go on with it: `orch run {stream.id}`"
    made = f"; what was made is on branch {setback['branch']}" if setback["branch"] else ""
    return "available", failed(setback), f"`orch run {stream.id}` tries again{made}"


def failed(setback: Mapping[str, Any]) -> str:
    """How a work stream failed, as words: "failed 3 times: the agent changed nothing"."""
    times = f" {setback['attempts']} times" if setback["attempts"] > 1 else ""
    return f"{setback['outcome']}{times}: {setback['reason']}"


def questions(project: Project) -> list[dict[str, Any]]:
    """What goals and chats wait to be told by the person, as JSON values; `orch answer` answers the first."""
    return [
        {
            "conversation_id": talk.id,
            "goal": talk.goal,
            "question": str((talk.question or {})["question"]),
            "choices": [str(choice) for choice in (talk.question or {}).get("choices", ())],
        }
        for talk in Transcripts(project.store).waiting()
    ]


def plan(project: Project, plan: Plan, options: RunOptions) -> dict[str, Any]:
    """What a run would do, as JSON values.

    Raises:
        UserError: it could not be done here; as `readiness.require_ready`.
    """
    settings = project.settings
    target = readiness.require_ready(project, plan.streams)
    base = project.repository.tip(target)
    runtime = settings.agent.runtime
    commands = {"command": settings.agent.command, "claude": settings.agent.claude_command}
    gates = checks.gates(project.repository, settings.checks, base)
    return {
        "dry_run": True,
        "now": [_planned(stream, settings) for stream in plan.now],
        "later": [_planned(stream, settings) for stream in plan.later],
        "max_agents": options.limit or settings.max_concurrent_agents,
        "runtime": runtime,
        "agent_command": list(commands.get(runtime, ())),
        "timeout_seconds": options.timeout_seconds or settings.agent.timeout_seconds,
        "target": target,
        "base_commit": base,
        "branch": "orch/<work stream>/<agent>",
        "verify": settings.verify if options.verify is None else options.verify,
        "checks": [
            *({"name": name, "command": []} for name in ("exit_code", "changes", "roadmap", "git_clean")),
            *({"name": gate.name, "command": list(gate.command)} for gate in gates),
        ],
        "policy": settings.integration.policy,
    }


def _planned(stream: WorkStream, settings: Settings) -> dict[str, Any]:
    own = settings.overrides_of(stream.id)
    return {"id": stream.id, "name": stream.name, "depends_on": list(stream.depends_on), "settings": own}
