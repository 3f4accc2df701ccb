"""What the tests of stores share."""

from __future__ import annotations

import difflib
from pathlib import Path

from orchestrator_agent.model import Availability, WorkStream
from orchestrator_agent.roadmap import Roadmap, read_plan
from orchestrator_agent.roadmap.availability import availability
from orchestrator_agent.roadmap.sources import Memory, WorkingTree

STORES = Path(__file__).parent / "fixtures" / "plans" / "stores"
TREE = Memory(WorkingTree(STORES).below("."))
#: Every fixture as a plan, with the format that must be recognised.
PLANS = {
    "tasks.json": "task-master",
    "tagged.json": "task-master",
    "prd.json": "stories",
    "stories_with_needs.json": "stories",
    "feature_list.json": "stories",
    "issues.jsonl": "beads",
    "sprint-status.yaml": "bmad",
    "backlog/tasks": "backlog-md",
    "epics/aviary": "ccpm",
    "epics": "ccpm",
}


def plan(path: str) -> Roadmap:
    """The roadmap in a fixture."""
    return read_plan(TREE, [path])


def stream(path: str, id_: str) -> WorkStream:
    return next(stream for stream in plan(path).work_streams if stream.id == id_)


def offered(roadmap: Roadmap) -> list[str]:
    may = availability(roadmap.work_streams)
    return [stream.id for stream in roadmap.work_streams if may[stream.id].available]


def why(path: str, id_: str) -> Availability:
    return availability(plan(path).work_streams)[id_]


def memory(path: str, text: str | bytes) -> Memory:
    return Memory({path: text if isinstance(text, bytes) else text.encode()})


def changed_lines(before: bytes, after: bytes) -> list[str]:
    """Lines taken out and put in, each with its end, "-" or "+" before it."""
    old, new = (data.decode().splitlines(keepends=True) for data in (before, after))
    delta = difflib.unified_diff(old, new, n=0)
    return [line for line in delta if line[:1] in "+-" and line[:3] not in ("+++", "---")]
