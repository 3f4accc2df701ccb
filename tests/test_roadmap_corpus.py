"""Real plans against hand-written truth, where the collection is at hand."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.roadmap import read, write_status
from orchestrator_agent.roadmap.availability import availability

PLANS = Path(__file__).parents[2] / "shared" / "corpus" / "plans"
MIDDLE = "orch-workstream/DwayneWilkes__agentic_sdlc__roadmap-mid.md"
STATUS = {"todo": "not_started", "in_progress": "in_progress", "done": "complete", "blocked": "blocked"}

pytestmark = pytest.mark.skipif(not PLANS.is_dir(), reason="the collection of real plans is not here")


def truth() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PLANS / "truth" / f"{Path(MIDDLE).name}.json").read_text("utf-8"))
    return found


def test_a_real_roadmap_is_read_exactly() -> None:
    streams = read((PLANS / MIDDLE).read_bytes(), MIDDLE).work_streams
    may = availability(streams)
    got = [
        (s.id, s.name, s.status.value, s.effort, list(s.depends_on), s.assigned_to, s.source and s.source.first_line)
        for s in streams
    ]
    assert got == [
        (i["id"], i["name"], STATUS[i["status"]], i["effort"], i["depends_on"], i["claimed_by"], i["line"])
        for i in truth()["items"]
    ]
    assert sorted(id_ for id_ in may if may[id_].available) == sorted(truth()["available"])


def test_completing_all_of_it_changes_status_lines_only() -> None:
    data = (PLANS / MIDDLE).read_bytes()
    ids = [stream.id for stream in read(data, MIDDLE).work_streams]
    after = write_status(data, MIDDLE, dict.fromkeys(ids, WorkStreamStatus.COMPLETE))
    pairs = zip(data.split(b"\n"), after.split(b"\n"), strict=True)
    changed = [new.decode() for old, new in pairs if old != new]
    assert set(changed) == {"- **Status:** ✅ Complete"}
    assert all(s.status is WorkStreamStatus.COMPLETE for s in read(after, MIDDLE).work_streams)


@pytest.mark.parametrize("path", sorted(PLANS.glob("*/*.md")), ids=lambda path: path.name)
def test_every_real_plan_is_written_back_exactly(path: Path) -> None:
    data = path.read_bytes()
    for stream in read(data, path.name).work_streams[:10]:
        try:
            after = write_status(data, path.name, {stream.id: WorkStreamStatus.COMPLETE})
        except RoadmapError as error:
            assert "has no status line" in str(error) or "has no place for a status" in str(error)
            continue
        changed = [new for old, new in zip(data.split(b"\n"), after.split(b"\n"), strict=True) if old != new]
        # Where the status is the sum of boxes, each of them is a marker.
        assert len([line for line in changed if re.match(rb"\s*[-*+] \[[xX]\]", line) is None]) <= 3
