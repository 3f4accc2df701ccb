"""Plans made of headings, and what tests ask of them."""

from __future__ import annotations

from pathlib import Path

from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.roadmap import Roadmap, read, write_status
from orchestrator_agent.roadmap.availability import availability

S = WorkStreamStatus
PLANS = Path(__file__).parent / "fixtures" / "plans" / "headings"


def plan(name: str) -> Roadmap:
    return read((PLANS / name).read_bytes(), name)


def text(*lines: str) -> Roadmap:
    return read("\n".join(lines).encode(), "plan.md")


def statuses(roadmap: Roadmap) -> dict[str, S]:
    return {stream.id: stream.status for stream in roadmap.work_streams}


def needs(roadmap: Roadmap) -> dict[str, tuple[str, ...]]:
    return {stream.id: stream.depends_on for stream in roadmap.work_streams}


def not_started_offers(roadmap: Roadmap) -> list[str]:
    may = availability(roadmap.work_streams)
    return [s.id for s in roadmap.work_streams if may[s.id].available and s.status is S.NOT_STARTED]


def edited(name: str, id_: str, status: S) -> list[tuple[str, str]]:
    """The lines that a new status changes, before and after."""
    data = (PLANS / name).read_bytes()
    after = write_status(data, name, {id_: status})
    pairs = zip(data.decode().split("\n"), after.decode().split("\n"), strict=True)
    return [(old, new) for old, new in pairs if old != new]


def one(roadmap: Roadmap) -> WorkStream:
    (stream,) = roadmap.work_streams
    return stream
