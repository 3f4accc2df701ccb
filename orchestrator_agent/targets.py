"""The roadmap as it is on each branch that work lands on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from orchestrator_agent import verification
from orchestrator_agent.actions import Belief, View
from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import Availability
from orchestrator_agent.project import Project
from orchestrator_agent.roadmap import Roadmap, order
from orchestrator_agent.roadmap.conflicts import conflicts


@dataclass(frozen=True, slots=True)
class _Seen:
    """The roadmap at one commit, with what is derived from it alone."""

    commit: str
    roadmap: Roadmap
    order: tuple[str, ...]
    conflicts: Mapping[str, frozenset[str]]
    #: What may start, as it was with these claims and live agents.
    availability: Mapping[str, Availability] = field(default_factory=dict)
    under_way: tuple[Mapping[str, str], list[str]] | None = None


class Targets:
    """The roadmaps of a project's target branches, each read again only when its branch moved."""

    def __init__(self, project: Project) -> None:
        """Look at the branches of an open project."""
        self.project = project
        self._seen: dict[str, _Seen] = {}

    def views(self, targets: Iterable[str], belief: Belief) -> tuple[dict[str, View], dict[str, str]]:
        """What each target branch says, and for those whose roadmap was never readable why; old ones stay in use."""
        found: dict[str, View] = {}
        problems: dict[str, str] = {}
        for target in dict.fromkeys(targets):
            try:
                seen = self._look(target)
            except RoadmapError as error:
                if target not in self._seen:
                    problems[target] = str(error)
                    continue
                seen = self._seen[target]
            self._seen[target] = seen = self._judged(seen, belief)
            found[target] = View(availability=seen.availability, order=seen.order, conflicts=seen.conflicts)
        return found, problems

    def _look(self, target: str) -> _Seen:
        commit, seen = self.project.tip(target), self._seen.get(target)
        if seen is None or seen.commit != commit:
            roadmap = self.project.roadmap_at(commit)
            ids = tuple(stream.id for stream in order(roadmap.work_streams))
            seen = _Seen(commit, roadmap, ids, conflicts(roadmap.work_streams))
        return seen

    def _judged(self, seen: _Seen, belief: Belief) -> _Seen:
        """With what may start; worked out again only where something was begun or ended, which needs a claim."""
        under_way = (belief.claims, [f.record.id for f in belief.agents if f.record.state.is_live])
        if seen.under_way == under_way:
            return seen
        return replace(seen, availability=self.project.availability(seen.roadmap), under_way=under_way)

    def title(self, target: str, work_stream_id: str) -> str:
        """What a work stream is called there."""
        seen = self._seen.get(target)
        return verification.title_of(seen.roadmap, work_stream_id) if seen else work_stream_id

    def forget(self) -> None:
        """Read everything again at the next look: the settings may name another roadmap."""
        self._seen.clear()
