"""Plans: found, read, and written back with nothing but a status changed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStream, id_key
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap import finding
from orchestrator_agent.roadmap.availability import availability
from orchestrator_agent.roadmap.reading import read, read_plan, write_status, write_statuses
from orchestrator_agent.roadmap.roadmap import Roadmap
from orchestrator_agent.roadmap.sources import WorkingTree

__all__ = [
    "Roadmap",
    "find_plan",
    "find_plans",
    "get_available_work_streams",
    "order",
    "parse_roadmap",
    "read",
    "read_plan",
    "write_status",
    "write_statuses",
]


def find_plan(root: Path, configured: str = "") -> str:
    """The plan of the repository at `root`, relative to it.

    Args:
        configured: the path that the settings give, or empty to look where plans usually lie.

    Raises:
        RoadmapError: there is none, it cannot be read, or the configured one is absent or outside the repository.
    """
    if configured:
        return finding.check(root, configured)
    problems: list[str] = []
    for relative in finding.candidates(root):
        try:
            if read_plan(WorkingTree(root), [relative]).work_streams:
                return relative
            problems.append(f"No work streams were found in {relative}; name another roadmap or run `orch init`.")
        except RoadmapError as error:
            problems.append(str(error))
    if problems:
        raise RoadmapError(problems[0])
    raise RoadmapError("No roadmap was found; name one in orch.toml or run `orch init`.")


def find_plans(root: Path) -> list[str]:
    """All plans under `root` in which work streams were found, relative to it, the likeliest first."""
    return [relative for relative in dict.fromkeys(finding.candidates(root)) if _holds_work(root, relative)]


def _holds_work(root: Path, relative: str) -> bool:
    try:
        return bool(read_plan(WorkingTree(root), [relative]).work_streams)
    except RoadmapError:
        return False


def parse_roadmap(path: str | Path | None = None) -> list[WorkStream]:
    """The work streams of a plan, in its order.

    Args:
        path: the plan, a file or a folder; None finds the one of the current directory.

    Raises:
        RoadmapError: there is no plan, or it cannot be read.
    """
    if path is None:
        return list(read_plan(WorkingTree(Path.cwd()), [find_plan(Path.cwd())]).work_streams)
    finding.require(Path(path), str(path))
    return list(read_plan(WorkingTree(Path()), [Path(path).as_posix()]).work_streams)


def get_available_work_streams(path: str | Path | None = None) -> list[WorkStream]:
    """The work streams of a plan that may start now by what it says, in the order in which they are taken.

    Raises:
        RoadmapError: as `parse_roadmap`.
    """
    streams = parse_roadmap(path)
    may = availability(streams)
    return order(stream for stream in streams if may[stream.id].available)


def order(streams: Iterable[WorkStream]) -> list[WorkStream]:
    """The order in which work is taken: priority first, then by the numbers of the ids, else as the plan has it."""
    given = list(streams)
    numbered = all(_NUMBERED.match(stream.id) for stream in given)
    return sorted(given, key=lambda stream: (not stream.priority, id_key(stream.id) if numbered else ()))


#: "1.2", "T001", "REQ-7"; ids that were made from names start with a word.
_NUMBERED = regex(r"[A-Za-z]{0,10}[-_#]?\d")
