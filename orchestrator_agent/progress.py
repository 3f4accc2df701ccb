"""Where work that was asked for stands: in the queue, at work, being checked, being merged. Read from the journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from orchestrator_agent import attempts, checks, events
from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import AgentState, Availability
from orchestrator_agent.project import Project
from orchestrator_agent.roadmap import Roadmap, order
from orchestrator_agent.store import AgentFacts, Command
from orchestrator_agent.terminal import duration

WAITS_FOR_CHECKS, WAITS_FOR_MERGE = "waits to be checked", "waits to be merged"
_EVENTS = 30
#: The last of these about an agent that has ended says what is done with its work: stage and words.
_STEPS = {
    events.AGENT_COMPLETED: ("checking", WAITS_FOR_CHECKS),
    events.AGENT_FAILED: ("queued", "is to be tried again"),
    events.AGENT_LOST: ("queued", "is to be tried again"),
    events.VERIFICATION_STARTED: ("checking", "is being checked"),
    events.INTEGRATION_STARTED: ("merging", "is being merged"),
    events.INTEGRATION_COMPLETE: ("merging", "has just been merged"),
    events.INTEGRATION_REFUSED: ("checking", "waits to be checked again: the branch had moved"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one work stream stands that was asked for and has not ended."""

    work_stream_id: str
    #: The command that asked for it.
    command_id: str
    #: queued, working, checking or merging.
    stage: str
    #: What it waits for or what is done with it, as the end of a sentence: "is being checked: tests for 12s".
    reason: str
    agent_id: str | None = None
    #: The branch that it is for.
    target: str = ""
    #: When the account can be used again whose limit ended its last agent, in unix seconds; 0 when none did.
    opens_at: float = 0.0

    def elsewhere(self, here: str) -> str:
        """A remark where it is for another branch than `here`; else nothing."""
        return f" (for branch {self.target})" if self.target and self.target != here else ""


def standings(project: Project, roadmap: Roadmap, may: Mapping[str, Availability]) -> dict[str, Standing]:
    """By work stream id in lower case: everything that is claimed, and what open commands will come to.

    Args:
        may: what may start now, as `Project.availability` says.
    """
    commands = {command.id: command for command in project.store.open_commands()}
    if not commands:
        return {}
    found: dict[str, Standing] = {}
    for name, command_id in project.store.claims().items():
        if command_id in commands:
            found[name.casefold()] = _claimed(project, name, commands[command_id])
    free = [stream.id for stream in order(roadmap.work_streams) if may[stream.id].available]
    for command in commands.values():
        for name in _to_come(project, command, free):
            found.setdefault(name.casefold(), _queued(name, command))
    return _stopping(_behind(_placed(project, found, commands)), commands)


def under_way(project: Project, standing: Mapping[str, Standing]) -> list[dict[str, Any]]:
    """What was asked for and has not ended, as JSON values, with the branch where that is not the one one stands on."""
    here = target_here(project) if standing else ""
    return [
        {
            "work_stream_id": item.work_stream_id,
            "stage": item.stage,
            "reason": item.reason + item.elsewhere(here),
            "agent_id": item.agent_id,
            "target": item.target,
        }
        for item in standing.values()
    ]


def all_standings(project: Project) -> dict[str, Standing]:
    """What is under way; without what a batch will come to where the roadmap cannot be read."""
    try:
        roadmap = project.roadmap()
    except RoadmapError:
        roadmap = Roadmap(path="", format="", work_streams=(), warnings=())
    return standings(project, roadmap, project.availability(roadmap))


def standing_of(project: Project, name: str) -> Standing | None:
    """Where a work stream stands that is under way, named by its id, also as "Phase 1.2"; else None."""
    words = name.casefold().split()
    return all_standings(project).get(words[-1]) if words else None


def is_asked_for(commands: Sequence[Command], work_stream_id: str) -> bool:
    """True when one of these open commands is to do a work stream, now or when it is free to start."""
    key = work_stream_id.casefold()
    for command in commands:
        named, out = command.payload.get("work_stream_ids"), command.payload.get("exclude") or ()
        wanted = command.kind == "run" and (named is None or key in (str(name).casefold() for name in named))
        if wanted and key not in (str(name).casefold() for name in out):
            return True
    return False


def ended_since(project: Project, before: Mapping[str, Any]) -> list[dict[str, Any]]:
    """How work ended that was under way `before` (as `running`) without an agent at work."""
    left, results = all_standings(project), project.store.last_results()
    ended = []
    for item in before["under_way"]:
        key = item["work_stream_id"].casefold()
        if item["stage"] == "working" or key in left:
            continue
        known = project.store.agent(item["agent_id"] or "")
        result = results.get(key) if item["stage"] != "queued" else None
        ended.append(
            {
                "work_stream_id": item["work_stream_id"],
                "stage": item["stage"],
                "outcome": result.outcome if result else "stopped",
                "branch": known.record.branch if known else None,
            }
        )
    return ended


def target_here(project: Project) -> str:
    """The branch that work would land on that was asked for now."""
    return project.settings.integration.target or project.repository.branch_checked_out() or ""


def _queued(name: str, command: Command) -> Standing:
    target = str(command.payload.get("target") or "")
    return Standing(work_stream_id=name, command_id=command.id, stage="queued", reason="is queued", target=target)


def _to_come(project: Project, command: Command, free: Sequence[str]) -> Iterator[str]:
    """What a command will start that is free to start and not claimed yet."""
    if command.kind != "run":
        return
    named, out = command.payload.get("work_stream_ids"), command.payload.get("exclude") or ()
    wanted = None if named is None else {str(name).casefold() for name in named}
    ended = {result.work_stream_id.casefold() for result in project.store.results(command.id)}
    ended |= {str(name).casefold() for name in out}
    for name in free:
        if name.casefold() not in ended and (wanted is None or name.casefold() in wanted):
            yield name


def _claimed(project: Project, name: str, command: Command) -> Standing:
    queued = _queued(name, command)
    named = command.payload.get("agent_id")
    if named:
        last = project.store.agent(str(named))
    else:
        mine = project.store.agents(work_stream_id=name, command_id=command.id)
        last = mine[-1] if mine else None
    if last is None:
        return queued
    if last.record.state.is_live:
        starts = last.record.state is AgentState.STARTING
        words = f"{last.record.id} is {'being started' if starts else 'working on it'}"
        if last.record.state is AgentState.WAITING:
            words = f"{last.record.id} waits: {last.record.reason}"
        return replace(queued, stage="working", reason=words, agent_id=last.record.id)
    stage, words = _step(project, last, command)
    return replace(queued, stage=stage, reason=words, agent_id=last.record.id, opens_at=last.opens_at)


def _step(project: Project, last: AgentFacts, command: Command) -> tuple[str, str]:
    """Stage and words for work whose agent has ended."""
    judged = command.kind != "run"
    if not judged and last.ending.get("limited"):
        return "queued", f"waits: {last.record.reason}"
    for event in reversed(project.store.events_of(agent_id=last.record.id, limit=_EVENTS)):
        if judged and event.command_id != command.id:
            break
        if event.type == events.VERIFICATION_COMPLETE:
            good = event.data.get("passed")
            return ("merging", WAITS_FOR_MERGE) if good else ("queued", "is to be tried again")
        if event.type in _STEPS:
            stage, words = _STEPS[event.type]
            if event.type == events.VERIFICATION_STARTED:
                words += _running_check(project, last.record.id)
            if event.type in (events.VERIFICATION_STARTED, events.INTEGRATION_STARTED):
                words += f" for {duration(project.store.now() - event.timestamp)}"
            return stage, words
    return "checking", WAITS_FOR_CHECKS


def _running_check(project: Project, agent_id: str) -> str:
    """The program that runs right now as a check of an agent's work, or nothing between two."""
    for folder in checks.folders_of(project.repository, agent_id):
        if attempts.observe(folder).alive:
            name = folder.name.removeprefix(f"{agent_id}-").rpartition("-")[0]
            base = name.removeprefix("base-")
            return f" ({base}{' on its base, to compare' if base != name else ''})"
    return ""


def _placed(project: Project, found: Mapping[str, Standing], commands: Mapping[str, Command]) -> dict[str, Standing]:
    """With the place in the queue where the slots are taken, by the limits that the controller goes by."""
    shut = max((standing.opens_at for standing in found.values()), default=0.0) - project.store.now()
    mine = Counter(facts.record.command_id for facts in project.store.live_agents())
    placed, place = dict(found), 0
    for key, standing in found.items():
        if standing.stage != "queued":
            continue
        limit = int(commands[standing.command_id].payload.get("limit") or project.settings.max_concurrent_agents)
        most = max(limit, project.settings.max_concurrent_agents)
        if shut > 0:
            others = "" if standing.opens_at else " when the agents' account can be used again"
            said = f"{standing.reason}; it goes on{others} in {duration(shut)}"
        elif mine[standing.command_id] < limit and mine.total() < most:
            mine[standing.command_id] += 1
            said = f"{standing.reason} and about to start"
        else:
            place += 1
            taken = f"{limit} of {limit}" if mine[standing.command_id] >= limit else f"{most} of {most}"
            said = f"{standing.reason}, place {place}: {taken} agents are at work"
        placed[key] = replace(standing, reason=said)
    return placed


def _behind(found: Mapping[str, Standing]) -> dict[str, Standing]:
    """With what is checked or merged right now, where that is what others wait for: one is at a time."""
    busy = next(
        (item for item in found.values() if item.reason.startswith(("is being checked", "is being merged"))), None
    )
    return {
        key: replace(item, reason=f"{item.reason}, after {busy.work_stream_id}")
        if busy and item.reason in (WAITS_FOR_CHECKS, WAITS_FOR_MERGE)
        else item
        for key, item in found.items()
    }


def _stopping(found: Mapping[str, Standing], commands: Mapping[str, Command]) -> dict[str, Standing]:
    """What is being stopped does not go on."""
    named: set[str] = set()
    for command in commands.values():
        if command.kind == "stop":
            named |= {str(name).casefold() for name in command.payload.get("work_stream_ids", ())}
    return {
        key: replace(standing, reason="is being stopped; its work is saved") if key in named else standing
        for key, standing in found.items()
    }
