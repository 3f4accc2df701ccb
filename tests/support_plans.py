"""What the tests of plans in Markdown share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.roadmap import Roadmap, read, write_status
from orchestrator_agent.roadmap.availability import availability

LISTS = Path(__file__).parent / "fixtures" / "plans" / "lists"


def plan(name: str) -> Roadmap:
    """The roadmap in a fixture."""
    return read((LISTS / name).read_bytes(), name)


def streams(text: str, name: str = "plan.md") -> dict[str, WorkStream]:
    """The work streams in a text by id."""
    return {stream.id: stream for stream in read(text.encode(), name).work_streams}


def offered(roadmap: Roadmap) -> list[str]:
    """The ids of the work that may start."""
    may = availability(roadmap.work_streams)
    return [stream.id for stream in roadmap.work_streams if may[stream.id].available]


def changed_lines(before: bytes, after: bytes) -> list[str]:
    """The lines of `after` that are not as in `before`, which has as many."""
    pairs = zip(before.split(b"\n"), after.split(b"\n"), strict=True)
    return [new.decode() for old, new in pairs if old != new]


def write_each(data: bytes, name: str) -> dict[tuple[str, WorkStreamStatus], list[str]]:
    """Write every status of every work stream, each into `data` as it is.

    Returns:
        The changed lines by id and status; what the plan cannot say is left out.

    Raises:
        AssertionError: something but the one status reads differently.
    """
    written = {}
    for stream in read(data, name).work_streams:
        for status in WorkStreamStatus:
            lines = write_one(data, name, stream.id, status)
            if lines is not None:
                written[stream.id, status] = lines
    return written


def write_one(data: bytes, name: str, id_: str, status: WorkStreamStatus) -> list[str] | None:
    """The lines that change with one status; None when the plan cannot say it.

    Raises:
        AssertionError: something but the one status reads differently.
    """
    try:
        after = write_status(data, name, {id_: status})
    except RoadmapError:
        return None
    for old, new in zip(read(data, name).work_streams, read(after, name).work_streams, strict=True):
        wanted = replace(old, status=status) if old.id == id_ else old
        assert _plain(new) == _plain(wanted), (id_, status)
    return changed_lines(data, after)


def _plain(stream: WorkStream) -> WorkStream:
    # The reason of a block stands in its mark; a step follows from the statuses of others.
    return replace(stream, blocked_reason=None, step=None)
