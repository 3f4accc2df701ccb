"""Accepting wishes: what may be asked for, checked before anything changes, then one short transaction.

A wish to start a work stream and its claim are written together, so that of ten callers one wins and nine are told.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from orchestrator_agent import attempts, events, git, readiness
from orchestrator_agent import roadmap as plans
from orchestrator_agent.errors import NotAvailable
from orchestrator_agent.events import Event
from orchestrator_agent.journal import Conflict
from orchestrator_agent.journal_file import JournalError
from orchestrator_agent.model import Availability, WorkStream, WorkStreamStatus
from orchestrator_agent.project import Project
from orchestrator_agent.roadmap import Roadmap
from orchestrator_agent.roadmap.forecast import followers
from orchestrator_agent.store import AgentFacts, Command

#: Kinds of unavailability that a person who names the work stream overrules.
_OVERRULED = ("stale_blocked", "in_progress")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How work is to be done; None takes the settings' word."""

    limit: int | None = None
    verify: bool | None = None
    timeout_seconds: float | None = None
    auto_commit: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run would do: the work streams that start now, and those that follow when others have landed."""

    now: tuple[WorkStream, ...]
    later: tuple[WorkStream, ...] = ()
    #: None for all of the roadmap.
    named: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()

    @property
    def streams(self) -> tuple[WorkStream, ...]:
        """All that it would do."""
        return (*self.now, *self.later)


def plan_named(project: Project, ids: Sequence[str]) -> Plan:
    """A run of named work streams; one may wait for another of them.

    Raises:
        UnknownWorkStream, NotAvailable, RoadmapError: see there.
    """
    roadmap = project.roadmap()
    streams = list({stream.id: stream for stream in (roadmap.get(name) for name in ids)}.values())
    found = project.availability(roadmap)
    now, later = [], []
    for stream in plans.order(streams):
        state = found[stream.id]
        if state.available or state.kind in _OVERRULED:
            now.append(stream)
        elif state.kind == "dependency" and _waits_only_for(stream, streams, roadmap):
            later.append(stream)
        else:
            raise NotAvailable(_refusal(stream, state))
    if not now:
        raise NotAvailable(f"None of {', '.join(ids)} can start now; see `orch status`.")
    return Plan(now=tuple(now), later=tuple(later), named=tuple(stream.id for stream in (*now, *later)))


def _waits_only_for(stream: WorkStream, others: Sequence[WorkStream], roadmap: Roadmap) -> bool:
    """True when every open dependency is among the others that are asked for."""
    names = {other.id.casefold() for other in others}
    known = [name for name in stream.depends_on if name not in stream.satisfied]
    open_ = [name for name in known if roadmap.get(name).status is not WorkStreamStatus.COMPLETE]
    return all(name.casefold() in names for name in open_) and not stream.unresolved


def _refusal(stream: WorkStream, state: Availability) -> str:
    remedies = {
        "complete": "set its status back in the roadmap to have it done again.",
        "cancelled": "set its status to Not Started in the roadmap first.",
        "claimed": "clear the name in the roadmap to have an agent do it.",
        "running": f"follow it with `orch logs {stream.id} -f`.",
        "dependency": "start that first, or `orch batch` to do both in order.",
        "blocked": "set its status to Not Started in the roadmap when that is over.",
        "conflict": "wait for that to end.",
    }
    remedy = remedies.get(state.kind)
    return f"{stream.id} cannot start: {state.reason}" + (f"; {remedy}" if remedy else ".")


def plan_next(project: Project, count: int = 1) -> Plan:
    """A run of the next `count` work streams that are available now.

    Raises:
        NotAvailable: there is none; the text says why.
    """
    ready = available(project)
    if not ready:
        raise NotAvailable(nothing_available(project))
    chosen = tuple(ready[:count])
    return Plan(now=chosen, named=tuple(stream.id for stream in chosen))


def plan_all(project: Project, exclude: Sequence[str] = (), limit: int | None = None) -> Plan:
    """A run of everything that can be completed, newly unblocked work streams included.

    Raises:
        NotAvailable: nothing can start.
    """
    roadmap = project.roadmap()
    out = {roadmap.get(name).id for name in exclude}
    ready = [stream for stream in available(project) if stream.id not in out]
    if not ready:
        raise NotAvailable(nothing_available(project))
    found = project.availability(roadmap)
    coming = {stream.id for stream in ready} | {name for name, state in found.items() if state.kind == "running"}
    held = {name for name, state in found.items() if state.kind == "held"}
    later = followers(roadmap.work_streams, coming, out | held, project.settings.ignore_order)
    return Plan(now=tuple(ready), later=tuple(later), exclude=tuple(sorted(out)))


def available(project: Project) -> list[WorkStream]:
    """Work streams that may start now, in the order of taking.

    Raises:
        RoadmapError: the roadmap cannot be read.
    """
    roadmap = project.roadmap()
    found = project.availability(roadmap)
    return [stream for stream in plans.order(roadmap.work_streams) if found[stream.id].available]


def nothing_available(project: Project) -> str:
    """Why nothing can start, as one sentence."""
    roadmap = project.roadmap()
    if not roadmap.work_streams:
        return f"{roadmap.path} holds no work streams; write some, or name another plan with `roadmap` in orch.toml."
    open_ = [s for s in roadmap.work_streams if not s.is_closed]
    if not open_:
        return "Everything in the roadmap is complete; add work streams to go on."
    found = project.availability(roadmap)
    first = plans.order(open_)[0]
    return f"Nothing can start now; {first.id}, for example: {found[first.id].reason}. `orch why` tells all."




def accept_run(project: Project, plan: Plan, options: RunOptions | None = None) -> str:
    """Append the wish to do a plan; what starts now is claimed with it. Returns the command's id.

    Raises:
        RepositoryError, RoadmapError, SettingsError: as `readiness.require_ready`.
        NotAvailable: somebody else has just claimed one of the work streams.
    """
    options = options or RunOptions()
    target = readiness.require_ready(project, plan.streams)
    verify = project.settings.verify if options.verify is None else options.verify
    payload: dict[str, Any] = {
        "work_stream_ids": None if plan.named is None else list(plan.named),
        "exclude": list(plan.exclude),
        "limit": options.limit or project.settings.max_concurrent_agents,
        "verify": verify,
        "target": target,
        "timeout_seconds": options.timeout_seconds,
        "auto_commit": options.auto_commit,
    }
    claims = [] if plan.named is None else [stream.id for stream in plan.now]
    what = "all that can be done" if plan.named is None else ", ".join(plan.named)
    try:
        return _accept(project, "run", payload, f"asked to do {what}", claims)
    except Conflict:
        raise NotAvailable("Another command has just started the same work; see `orch status`.") from None


def accept_stop(
    project: Project,
    *,
    agents: Sequence[AgentFacts] = (),
    work_stream_ids: Sequence[str] = (),
    command_ids: Sequence[str] = (),
    keep: Sequence[str] = (),
) -> str:
    """Append the wish to stop agents, work streams and commands, and tell shims at once. Returns the command's id.

    The journal has the wish before any signal is sent, so that nobody takes the end for a failure and tries again.

    Args:
        keep: of the commands that are not stopped, these work streams alone go on; the rest is withdrawn from them.

    Raises:
        JournalError: the wish could not be written; the agents were told all the same.
    """
    streams = list(dict.fromkeys((*work_stream_ids, *(facts.record.work_stream_id for facts in agents))))
    ids = [facts.record.id for facts in agents]
    payload = {"agent_ids": ids, "work_stream_ids": streams, "command_ids": list(command_ids)}
    spared = [c.id for c in project.store.open_commands() if keep and c.kind == "run" and c.id not in command_ids]
    message = "asked to stop " + (", ".join(streams) or ("everything" if command_ids else "what waits"))
    try:
        command = _accept(project, "stop", payload, message, wake=False, narrowed={name: keep for name in spared})
    except JournalError as error:
        raise JournalError(f"{error} Agents that run were asked to stop all the same.") from None
    finally:
        for facts in project.store.live_agents():
            record = facts.record
            if record.id in ids or record.work_stream_id in streams or record.command_id in command_ids:
                attempts.request_stop(project.agent_folder(record.id))
    project.wake_controller()
    return command


def keeps(command: Command, claims: Mapping[str, str], keep: Sequence[str]) -> bool:
    """True when a command holds, or may still begin, one of the work streams in `keep`."""
    kept = {name.casefold() for name in keep}
    if kept & {name.casefold() for name, owner in claims.items() if owner == command.id}:
        return True
    named = command.payload.get("work_stream_ids")
    left_out = {str(name).casefold() for name in command.payload.get("exclude", ())}
    wanted = kept - left_out if named is None else kept & {str(name).casefold() for name in named}
    return command.kind == "run" and bool(wanted)


def accept_verify(project: Project, agent: AgentFacts) -> str:
    """Append the wish to check an agent's work again. Returns the command's id.

    Raises:
        NotAvailable: the agent still works, or its work stream is being worked on.
    """
    return _accept_judgement(project, "verify", agent)


def accept_integrate(project: Project, agent: AgentFacts) -> str:
    """Append the wish to verify an agent's work and merge it, a person's consent included. Returns the command's id.

    Raises:
        NotAvailable: as `accept_verify`, or it is merged already.
        RepositoryError: as `git.require_ready`.
    """
    landing = agent.integration
    if landing is not None and landing.state == "done" and landing.kind != "branch":
        raise NotAvailable(f"The work of {agent.record.id} is merged already.")
    return _accept_judgement(project, "integrate", agent)


def _accept_judgement(project: Project, kind: str, agent: AgentFacts) -> str:
    record = agent.record
    if record.state.is_live:
        raise NotAvailable(f"{record.id} is still working; wait for it, or `orch stop {record.work_stream_id}` first.")
    target = git.require_ready(project.repository, project.settings.integration.target)
    last = project.store.last_results().get(record.work_stream_id.casefold())
    payload = {
        "agent_id": record.id,
        "known_verification": agent.verification_id,
        "target": target,
        # What a work stream is called that does not pass: what failed or was stopped before has not changed by that.
        "was": last.outcome if last and last.outcome in ("failed", "stopped") else None,
    }
    try:
        return _accept(project, kind, payload, f"asked to {kind} {record.work_stream_id}", [record.work_stream_id])
    except Conflict:
        raise NotAvailable(f"{record.work_stream_id} is being worked on; wait for that to end.") from None


def accept_steering(
    project: Project, kind: str, payload: dict[str, Any], message: str, request_id: str, also: Sequence[Event]
) -> str:
    """Append a command to an agent, with what goes with it. Returns its id, the first one's for a repeated request.

    Raises:
        NotAvailable: somebody else has just taken what it needs.
    """
    try:
        with as_request(request_id) if request_id else nullcontext():
            return _accept(project, kind, payload, message, also=also)
    except Conflict:
        known = accepted_as(project, request_id) if request_id else None
        if known is None:
            raise NotAvailable("Another command has just started the same work; see `orch status`.") from None
        return known


@dataclass(slots=True)
class _Request:
    name: str
    commands: int = 0


_request: ContextVar[_Request | None] = ContextVar("request", default=None)


@contextmanager
def as_request(name: str) -> Iterator[None]:
    """Within this, the ids of commands come from `name`, so that `accepted_as` can tell whether one was accepted."""
    token = _request.set(_Request(name))
    try:
        yield
    finally:
        _request.reset(token)


def request_name() -> str:
    """The name of the request that this is within, or empty outside of one."""
    request = _request.get()
    return request.name if request is not None else ""


def _requested() -> str:
    """The id of the next command of the request, or empty outside of one."""
    request = _request.get()
    if request is None:
        return ""
    request.commands += 1
    return _command_id(request.name, request.commands)


def _command_id(request: str, number: int) -> str:
    return hashlib.sha256(f"{request}/{number}".encode()).hexdigest()[:12]


def accepted_as(project: Project, name: str) -> str | None:
    """The command that was accepted under a request's name, or None."""
    found = project.store.command(_command_id(name, 1))
    return found.id if found else None


def is_batch(command: Command) -> bool:
    """True for a wish to do all of the roadmap."""
    return command.kind == "run" and command.payload["work_stream_ids"] is None and not command.payload["exclude"]


def _accept(
    project: Project,
    kind: str,
    payload: dict[str, Any],
    message: str,
    claims: Sequence[str] = (),
    *,
    wake: bool = True,
    narrowed: Mapping[str, Sequence[str]] | None = None,
    also: Sequence[Event] = (),
) -> str:
    store = project.writable_store()
    command_id, now = _requested() or uuid.uuid4().hex[:12], store.now()
    accepted = Event(
        type=events.COMMAND_ACCEPTED,
        timestamp=now,
        message=message,
        command_id=command_id,
        data={"kind": kind, "payload": payload, "claims": list(claims)},
    )
    others = [
        Event(
            type=events.COMMAND_NARROWED,
            timestamp=now,
            message=f"only {', '.join(left)} goes on",
            command_id=other,
            data={"work_stream_ids": list(left)},
        )
        for other, left in (narrowed or {}).items()
    ]
    store.record(accepted, *others, *also)
    if wake:
        project.wake_controller()
    return command_id
