"""Which agent is meant: by its id, by its work stream, or by what a person calls that."""

from __future__ import annotations

import contextlib

from orchestrator_agent.errors import RoadmapError, UnknownAgent, UnknownWorkStream
from orchestrator_agent.model import same_id
from orchestrator_agent.project import Project
from orchestrator_agent.store import AgentFacts
from orchestrator_agent.terminal import clean


def by_id(project: Project, name: str) -> AgentFacts:
    """The agent of that id, or the newest one of that work stream.

    Raises:
        UnknownAgent: neither exists.
    """
    store = project.store
    found = store.agent(name)
    if found is not None:
        return found
    bare = name.split()[-1] if name.split() else name
    of_stream = store.agents(work_stream_id=bare)
    if of_stream:
        live = [facts for facts in of_stream if facts.record.state.is_live]
        return (live or of_stream)[-1]
    known = store.agents(limit=3)
    hint = f"known are {', '.join(f.record.id for f in known)}." if known else "no agent has run here yet."
    raise UnknownAgent(f"There is no agent or work stream {name[:80]!r} with an agent; {hint}")


def find(project: Project, name: str) -> AgentFacts:
    """The agent of that id, of that work stream, or of the one work stream at work whose name holds these words.

    Raises:
        UnknownAgent: there is none; or there are several, and the text names them.
    """
    try:
        return by_id(project, name)
    except UnknownAgent:
        found = _called(project, name)
        if len(found) == 1:
            return found[0]
        if not found:
            raise
    several = ", ".join(facts.record.work_stream_id for facts in found[:5])
    raise UnknownAgent(f"{clean(name, 80)!r} may be {several}; name one of them.")


def _called(project: Project, name: str) -> list[AgentFacts]:
    """The agents at work whose work stream a person calls so."""
    try:
        streams = project.roadmap()
    except RoadmapError:
        return []
    words, live = set(name.casefold().split()), project.store.live_agents()
    with contextlib.suppress(UnknownWorkStream):
        id_ = streams.get(name).id
        return [facts for facts in live if same_id(facts.record.work_stream_id, id_)]
    called = [s.id for s in streams.work_streams if words and words <= set(s.name.casefold().split())]
    return [facts for facts in live if any(same_id(facts.record.work_stream_id, id_) for id_ in called)]
