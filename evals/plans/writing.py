"""Can the status of a work stream be written back, and how many lines change then?"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.roadmap import read_plan, write_statuses
from orchestrator_agent.roadmap.sources import WorkingTree

#: Work streams of each plan that are tried, from its top; more of the same would say no more.
TRIED = 6


@dataclass(frozen=True, slots=True)
class Written:
    """What came of writing statuses into one plan, which itself is left alone."""

    tried: int = 0
    #: For each work stream that could be written: how many lines are new.
    lines: tuple[int, ...] = ()
    #: Sentences about the others.
    refusals: tuple[str, ...] = ()


def write_back(folder: Path, file: str) -> Written:
    """Give the first work streams of a plan another status: complete, or where they are, not started.

    Raises:
        RoadmapError: the plan cannot be read.
    """
    files = WorkingTree(folder)
    streams = read_plan(files, [file]).work_streams[:TRIED]
    lines, refusals = [], []
    for stream in streams:
        done = stream.status is WorkStreamStatus.COMPLETE
        wanted = WorkStreamStatus.NOT_STARTED if done else WorkStreamStatus.COMPLETE
        try:
            changed = write_statuses(files, [file], {stream.id: wanted})
        except RoadmapError as refused:
            refusals.append(f"{stream.id}: not written: {refused}")
            continue
        lines.append(sum(_new_lines((folder / path).read_bytes(), data) for path, data in changed.items()))
    return Written(len(streams), tuple(lines), tuple(refusals))


def _new_lines(before: bytes, after: bytes) -> int:
    old, new = (data.decode("utf-8").split("\n") for data in (before, after))
    if len(old) == len(new):
        return sum(one != other for one, other in zip(old, new, strict=True))
    return sum(line.startswith("+ ") for line in difflib.ndiff(old, new))
