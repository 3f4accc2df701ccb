"""The roadmap as it is on each branch that work lands on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestrator_agent import verification
from orchestrator_agent.actions import View
from orchestrator_agent.errors import RoadmapError
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


class Targets:
    """The roadmaps of a project's target branches, each read again only when its branch moved."""

    def __init__(self, project: Project) -> None:
        """Look at the branches of an open project."""
        self.project = project
        self._seen: dict[str, _Seen] = {}

    def views(self, targets: Iterable[str]) -> tuple[dict[str, View], dict[str, str]]:
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
            availability = self.project.availability(seen.roadmap)
            found[target] = View(availability=availability, order=seen.order, conflicts=seen.conflicts)
        return found, problems

    def _look(self, target: str) -> _Seen:
        commit, seen = self.project.tip(target), self._seen.get(target)
        if seen is None or seen.commit != commit:
            roadmap = self.project.roadmap_at(commit)
            ids = tuple(stream.id for stream in order(roadmap.work_streams))
            self._seen[target] = seen = _Seen(commit, roadmap, ids, conflicts(roadmap.work_streams))
        return seen

    def title(self, target: str, work_stream_id: str) -> str:
        """What a work stream is called there."""
        seen = self._seen.get(target)
        return verification.title_of(seen.roadmap, work_stream_id) if seen else work_stream_id

    def forget(self) -> None:
        """Read everything again at the next look: the settings may name another roadmap."""
        self._seen.clear()
