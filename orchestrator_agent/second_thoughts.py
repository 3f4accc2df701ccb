"""What happened since work was begun that speaks against landing it unseen: plan or history changed under it."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator_agent.errors import OrchError
from orchestrator_agent.model import WorkStream, WorkStreamStatus, same_id
from orchestrator_agent.project import Project
from orchestrator_agent.roadmap import Roadmap
from orchestrator_agent.store import AgentFacts

_CALLED_OFF = (WorkStreamStatus.CANCELLED, WorkStreamStatus.BLOCKED)


def since(project: Project, agent: AgentFacts, base: str, plan: Roadmap) -> tuple[str, ...]:
    """Sentences for a person, who may land the work all the same.

    Args:
        agent: whose work it is; its details tell from which commit of the target the work was begun (`root`), perhaps
            by an earlier agent, and at which it read the plan itself (`plan_at`).
        base: the target's commit now.
        plan: the roadmap at `base`.
    """
    return tuple(_since(project, agent, base, plan))


def _since(project: Project, agent: AgentFacts, base: str, plan: Roadmap) -> Iterator[str]:
    first = agent.record.base_commit
    root, plan_at = (str(agent.details.get(key) or first) for key in ("root", "plan_at"))
    if root != base and not project.repository.is_ancestor(root, base):
        yield "commits that it was built on were taken off the branch since, and merging would bring them back"
    now = _stream(plan, agent.record.work_stream_id)
    then = _stream(_roadmap_at(project, plan_at), agent.record.work_stream_id) if plan_at != base else now
    if then is None or now is None:
        return
    if now.status in _CALLED_OFF and now.status is not then.status:
        yield f"the plan calls it {now.status.value} since"
    elif _wanted(then) != _wanted(now):
        yield "what the plan wants of it was changed since its agent began"


def _roadmap_at(project: Project, commit: str) -> Roadmap | None:
    try:
        return project.roadmap_at(commit)
    except OrchError:  # the plan was not there yet, or git has cleared the commit away
        return None


def _stream(plan: Roadmap | None, work_stream_id: str) -> WorkStream | None:
    streams = plan.work_streams if plan else ()
    return next((stream for stream in streams if same_id(stream.id, work_stream_id)), None)


def _wanted(stream: WorkStream) -> list[list[str]]:
    """What an agent is to do, in words, whatever the white space; not how far it is."""
    lines = [line for line in stream.description.splitlines() if "progress" not in line.casefold()]
    return [text.split() for text in (stream.name, *stream.tasks, stream.done_when or "", " ".join(lines))]
