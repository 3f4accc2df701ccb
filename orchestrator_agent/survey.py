"""What was found in the plans, what may start, and what is wrong in them: the content of `orch roadmap`."""

from __future__ import annotations

from typing import Any

from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.project import Project
from orchestrator_agent.roadmap import order
from orchestrator_agent.roadmap.problems import problems


def survey(project: Project) -> dict[str, Any]:
    """The plans as they lie in the working tree, as JSON values; `docs/json.md` documents each key.

    Raises:
        RoadmapError: a plan cannot be read.
    """
    roadmap = project.roadmap()
    may = project.availability(roadmap)
    found = problems(roadmap, may)
    streams = order(roadmap.work_streams)
    return {
        "plans": [
            {"path": plan.path, "format": plan.format, "level": plan.level, "work_streams": plan.count}
            for plan in roadmap.plans
        ],
        "summary": {status.value: sum(s.status is status for s in streams) for status in WorkStreamStatus},
        "available": [{"id": s.id, "name": s.name, "why": _why(s)} for s in streams if may[s.id].available],
        "waiting": [
            {"id": s.id, "name": s.name, "reason": may[s.id].reason, "reason_kind": may[s.id].kind}
            for s in streams
            if not may[s.id].available and not s.is_closed
        ],
        "errors": [problem.text for problem in found if problem.severity == "error"],
        "warnings": [problem.text for problem in found if problem.severity == "warning"],
    }


def _why(stream: WorkStream) -> str:
    """Why it may start."""
    if stream.depends_on:
        return "not started, and all it depends on is complete"
    return "not started, and it depends on nothing"
