"""Carrying out single actions on agents: starting one, taking up its end, cleaning up after it.

Plain blocking functions that touch git, processes and files, each idempotent. None of them reads or writes the journal:
they get facts and return values, and the controller records what came of it.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orchestrator_agent import attempts, checks, environment, events, logs, prompts, runtimes, worktree
from orchestrator_agent.events import Event
from orchestrator_agent.model import AgentState, WorkStream, slug
from orchestrator_agent.project import Project
from orchestrator_agent.settings import Settings, with_changes
from orchestrator_agent.shim import read_json, write_file
from orchestrator_agent.store import AgentFacts
from orchestrator_agent.terminal import clean, duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """An intended agent with all that its start needs."""

    facts: AgentFacts
    stream: WorkStream
    target: str
    #: What the agent is told of an earlier attempt: nothing, a failure's evidence, or conflicting files.
    why: str
    evidence: str
    conflicts: tuple[str, ...]
    settings: Settings


def settings_for(project: Project, payload: Mapping[str, Any], work_stream_id: str) -> Settings:
    """The settings for one work stream, with what a command asked for."""
    changes = {
        f"agent__{key}": payload[key] for key in ("timeout_seconds", "auto_commit") if payload.get(key) is not None
    }
    settings = with_changes(project.settings, **changes)
    return replace(settings, agent=settings.agent_for(work_stream_id))


def start(project: Project, job: Assignment) -> None:
    """Make the worktree and launch the shim of an intended agent; again, where that was cut off.

    Raises:
        OrchError: it cannot be started; the text says why.
    """
    record, repository = job.facts.record, project.repository
    place = worktree.create(repository, record.id, record.branch, record.base_commit)
    checks.set_up(project.repository, job.settings, place, f"{record.id}-setup")
    folder = project.agent_folder(record.id)
    task = _task(project, job, place)
    launch = runtimes.get_runtime(record.runtime).launch(task, folder)
    attempts.prepare(folder, _spec(project, job, task, launch), launch.stdin)
    for name, content in {runtimes.PROMPT_FILE: task.prompt.encode(), **launch.files}.items():
        write_file(str(folder / name), content)
    attempts.launch(folder)


def _task(project: Project, job: Assignment, place: Path) -> runtimes.AgentTask:
    """What the agent is to do."""
    record = job.facts.record
    return runtimes.AgentTask(
        agent_id=record.id,
        work_stream=job.stream,
        attempt=record.attempt,
        branch=record.branch,
        worktree=place,
        repository=project.root,
        prompt=_prompt(project, job),
        settings=job.settings.agent,
        session_id=str(job.facts.details["session_id"]),
        resumes=bool(job.facts.details.get("resumes")),
    )


def _spec(project: Project, job: Assignment, task: runtimes.AgentTask, launch: runtimes.Launch) -> attempts.LaunchSpec:
    """What the shim is to run, with nothing in its environment that is not on the list."""
    runtime, repository = runtimes.get_runtime(job.facts.record.runtime), project.repository
    env = {
        **environment.allowed((*runtime.env_names, *job.settings.agent.env)),
        **repository.identity(),
        **repository.ceiling(),
        **_variables(job, project.agent_folder(task.agent_id)),
        **launch.env,
    }
    return attempts.LaunchSpec(
        agent_id=task.agent_id,
        argv=launch.argv,
        cwd=str(task.worktree),
        env=env,
        keep_stdin=launch.keep_stdin,
        session_lock=_session_lock(project, task.session_id) if runtime.keeps_sessions else None,
        merge_stderr=launch.merge_stderr,
        timeout_seconds=job.settings.agent.timeout_seconds,
        grace_seconds=job.settings.agent.stop_grace_seconds,
        wake=attempts.Wake(
            fifo=str(project.state / "wake"),
            lock=str(project.state / "controller.lock"),
            argv=tuple(project.controller_command()),
            cwd=str(project.root),
        ),
    )


def _session_lock(project: Project, session_id: str) -> str:
    folder = project.state / "sessions"
    folder.mkdir(mode=0o700, exist_ok=True)
    return str(folder / f"{slug(session_id)}.lock")


def _variables(job: Assignment, folder: Path) -> dict[str, str]:
    record = job.facts.record
    return {
        "ORCH_AGENT_ID": record.id,
        "ORCH_WORK_STREAM": slug(record.work_stream_id),
        "ORCH_ATTEMPT": str(record.attempt),
        "ORCH_BRANCH": record.branch,
        "ORCH_TARGET_BRANCH": job.target,
        "ORCH_BASE_COMMIT": record.base_commit,
        "ORCH_PROMPT_FILE": str(folder / runtimes.PROMPT_FILE),
        "ORCH_PORT": str(job.facts.details.get("port", 0)),
        "ORCH_PORT_COUNT": str(job.settings.workspace.ports_per_agent),
    }


def _prompt(project: Project, job: Assignment) -> str:
    record = job.facts.record
    gates = checks.gates(project.repository, job.settings.checks, record.base_commit)
    lines = ["changes: the branch changes something", *(f"{gate.name}: {' '.join(gate.command)}" for gate in gates)]
    common: dict[str, Any] = {"branch": record.branch, "target_branch": job.target, "checks": lines}
    if job.why == "conflict":
        return prompts.conflict_prompt(job.stream, **common, conflicts=job.conflicts)
    if job.why == "first":
        return prompts.first_prompt(job.stream, **common)
    messages = tuple(job.facts.details.get("messages", {}).values())
    if job.why in ("feedback", "redirect") or job.facts.details.get("resumes"):
        return prompts.resume_prompt(job.stream, **common, why=job.why, messages=messages)
    prompt = prompts.retry_prompt(job.stream, **common, attempt=record.attempt, evidence=job.evidence)
    return prompt + prompts.told(messages)


def free_port(project: Project, taken: Collection[int]) -> int:
    """The first port of a range that no live agent has and whose first port is free."""
    workspace = project.settings.workspace
    for port in range(workspace.port_base, 65000, workspace.ports_per_agent):
        if port in taken:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    return 0


# -- ends ----------------------------------------------------------------------------------------------------------


def close(project: Project, facts: AgentFacts, title: str, *, lost: bool, auto_commit: bool) -> list[Event]:
    """Judge an ended agent and save its work; returns the events that say so."""
    record, folder = facts.record, project.agent_folder(facts.record.id)
    place = Path(record.worktree)
    data: dict[str, Any] = {}
    if lost:
        state, reason = AgentState.LOST, "its supervisor was killed"
        survivors = attempts.sweep(folder, place)
        if survivors:
            data = {"survivors": survivors}
            reason += f"; processes {', '.join(map(str, survivors))} could not be ended"
    else:
        state, reason, data = _judge(facts, folder)
    if runtimes.get_runtime(record.runtime).session_begun(folder / "out.log"):
        data["session"] = True
    saved: list[Event] = []
    if state is not AgentState.COMPLETED:
        saved = _save(project, facts)
    if auto_commit:
        worktree.commit_all(
            project.repository, place, record.branch, title if state is AgentState.COMPLETED else f"wip: {title}"
        )
    data |= _left_behind(project, place, record.branch)
    data["head_commit"] = project.repository.tip(record.branch)
    return [*saved, _end(facts, state, reason, data)]


def give_up(project: Project, facts: AgentFacts) -> list[Event]:
    """Record that an agent could not be started, with what its shim said last."""
    said = clean(logs.tail(project.agent_folder(facts.record.id), 300, name="shim.log")).strip()
    reason = f"its supervisor ended each time before it started anything: {said or 'it said nothing'}"
    return [_end(facts, AgentState.FAILED, reason, {"final": True, "dirty": [], "head_commit": ""})]


def _end(facts: AgentFacts, state: AgentState, reason: str, data: dict[str, Any]) -> Event:
    record = facts.record
    return Event(
        type=events.END_EVENTS[state.value],
        timestamp=time.time(),
        message=f"{record.id} {'is held' if data.get('limited') else state.value}" + (f": {reason}" if reason else ""),
        agent_id=record.id,
        work_stream_id=record.work_stream_id,
        command_id=record.command_id,
        data={**data, "reason": reason},
    )


def _judge(facts: AgentFacts, folder: Path) -> tuple[AgentState, str, dict[str, Any]]:
    ended = attempts.observe(folder).exit
    if ended is None:
        return AgentState.STOPPED, "stopped before it started", {}
    data: dict[str, Any] = {"exit_code": ended.code, "duration_seconds": round(ended.duration_seconds, 3)}
    if ended.reason == "stopped":
        return AgentState.STOPPED, "stopped as asked", data
    if ended.reason == "not_started":
        return AgentState.FAILED, f"it could not be started: {clean(ended.message, 300)}", {**data, "final": True}
    if ended.reason == "timeout":
        limit = (read_json(folder / "spec.json") or {}).get("timeout_seconds") or ended.duration_seconds
        return AgentState.FAILED, f"it did not end within {duration(float(limit))}", data
    verdict = runtimes.get_runtime(facts.record.runtime).judge(ended, folder / "out.log")
    state = AgentState.COMPLETED if verdict.completed else AgentState.FAILED
    return state, "" if verdict.completed else verdict.reason, {**verdict.data, **data}


def _left_behind(project: Project, place: Path, branch: str) -> dict[str, Any]:
    """What an agent left beside its commits: `dirty`, at most ten names, or `astray`, where its work went instead."""
    if not worktree.is_worktree(project.repository, place):
        return {"dirty": [], "astray": "its worktree was removed while it worked; what it had not committed is gone"}
    on = project.repository.git("symbolic-ref", "--quiet", "--short", "HEAD", cwd=place, check=False).stdout.strip()
    if on != branch:
        return {"dirty": [], "astray": f"it left its branch for {clean(on, 200) or 'a detached HEAD'}"}
    return {"dirty": uncommitted(project, place), "astray": ""}


def uncommitted(project: Project, place: Path) -> list[str]:
    """Names of what lies uncommitted in a worktree, untracked files included, cleaned: at most ten."""
    listed = project.repository.git("status", "--porcelain", "-z", cwd=place).stdout.split("\0")
    return [clean(entry[3:], 200) for entry in listed if len(entry) > 3][:10]


def _save(project: Project, facts: AgentFacts) -> list[Event]:
    saved = worktree.save(project.repository, facts.record.id, facts.record.branch)
    return _saved_event(facts, saved)


def _saved_event(facts: AgentFacts, saved: worktree.Saved) -> list[Event]:
    record = facts.record
    if not saved.ref and not saved.problem:
        return []
    message = f"saved what {record.id} had not committed as {saved.ref}" if saved.ref else f"kept: {saved.problem}"
    return [
        Event(
            type=events.WORK_SAVED,
            timestamp=time.time(),
            message=message,
            agent_id=record.id,
            work_stream_id=record.work_stream_id,
            command_id=record.command_id,
            data={"ref": saved.ref, "problem": saved.problem},
        )
    ]


def clean_up(project: Project, agents: Collection[AgentFacts], target: str) -> list[Event]:
    """Remove the worktrees of ended agents, each after everything in it is saved; and branches that have landed."""
    saved: list[Event] = []
    for facts in agents:
        record = facts.record
        if Path(record.worktree).exists():
            saved += _saved_event(facts, worktree.remove(project.repository, record.id, record.branch))
        worktree.delete_merged_branch(project.repository, record.branch, target)
    return saved
