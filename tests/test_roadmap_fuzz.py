"""Whatever stands in a plan, reading it is an answer or a `RoadmapError`, and writing a status keeps to its rules."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.plans.hostile import SHAPES, Shape
from evals.plans.run import SETS
from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.roadmap import Roadmap, read_plan, write_statuses
from orchestrator_agent.roadmap.availability import availability
from orchestrator_agent.roadmap.document import MAX_ITEMS
from orchestrator_agent.roadmap.reading import read_markdown
from orchestrator_agent.roadmap.sources import Memory, WorkingTree

OWN = SETS["own"]
#: A usual place of each format, a file or a folder that holds such a file.
FILES = (
    "plans/roadmap.md",
    "TODO.md",
    "specs/001-a/tasks.md",
    ".kiro/specs/a/tasks.md",
    "openspec/changes/a/tasks.md",
    ".planning/ROADMAP.md",
    "agent-os/product/roadmap.md",
    "conductor/tracks.md",
    "PROGRESS_TRACKER.md",
    "fix_plan.md",
    "Tasks_2026-01-01.md",
    ".taskmaster/tasks/tasks.json",
    ".beads/issues.jsonl",
    "prd.json",
    "_bmad-output/implementation-artifacts/sprint-status.yaml",
    "backlog/tasks/task-1 - A.md",
    ".claude/epics/a/001.md",
)
PLACES = st.sampled_from(FILES)
FOLDERS = {"backlog/tasks/task-1 - A.md": "backlog/tasks", ".claude/epics/a/001.md": ".claude/epics/a"}


def use(files: dict[str, bytes], path: str, status: WorkStreamStatus = WorkStreamStatus.COMPLETE) -> Roadmap | None:
    """Read a plan, judge it, and write one status back; None when it is refused."""
    try:
        roadmap = read_plan(Memory(files), [path])
    except RoadmapError as error:
        assert str(error).strip()
        return None
    may = availability(roadmap.work_streams)
    assert len(may) == len({stream.id for stream in roadmap.work_streams}) == len(roadmap.work_streams)
    if roadmap.work_streams:
        write_one(files, path, roadmap, status)
    return roadmap


def write_one(files: dict[str, bytes], path: str, roadmap: Roadmap, status: WorkStreamStatus) -> None:
    id_ = roadmap.work_streams[-1].id
    try:
        changed = write_statuses(Memory(files), [path], {id_: status})
    except RoadmapError as error:
        assert str(error).strip()
        return
    again = read_plan(Memory({**files, **changed}), [path])
    before = {stream.id: stream.status for stream in roadmap.work_streams}
    assert {stream.id: stream.status for stream in again.work_streams} == {**before, id_: status}


# ---- anything


@given(PLACES, st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_bytes(path: str, data: bytes) -> None:
    use({path: data}, FOLDERS.get(path, path))


PIECES = st.sampled_from(
    (
        "# |## |### Phase 1.1: |### Phase 1.1|#### Task Group 2: |- [ ] |- [x] |- [~] |-[ ] NAME:|* [ ] T1 |1. [ ] |- |"
        "**Status:** |- **Status:** |Status: |Done|Blocked|In Progress|🔴|✅|⚪ REQ-7: |⚪ REQ-7-9: |{🟡} |~~|All|None|"
        "**Depends On:** |1.1, 1.2|1-99|Phase 1.1 ✅|(blocked by 1.1)|[P]|[US1]|```|~~~|<!--|-->|---|: |：|\n|\n\n|"
        "*Link: [./tracks/a/](./tracks/a/)*|## Dependencies\n|## Backlog\n|Done When|Legend|状态|阶段 1：|Agent: @me|é|"
        "Assigned To: |\u200f|\ufe0f|0|id: |title: |status: |[|]|{|}|'|\"|\\|depends_on: |development_status:\n|"
        "  1-1-a: |done|\r\n|  |\t|    "
    ).split("|")
)
CELLS = st.lists(
    st.sampled_from(["ID", "Status", "Name", "1", "2", "Done", "🔴", "-", "", "--", ":-:", "Needs"]), max_size=4
)
ROW = CELLS.map(lambda cells: f"| {' | '.join(cells)} |\n")
MARKDOWN = st.lists(st.one_of(PIECES, PIECES, ROW), max_size=40).map("".join)


@given(PLACES, MARKDOWN)
@settings(max_examples=250, deadline=None)
def test_markdown_and_front_matter(path: str, text: str) -> None:
    use({path: text.encode()}, FOLDERS.get(path, path))
    use({path: f"---\n{text}\n---\n{text}".encode()}, FOLDERS.get(path, path))


WORDS = st.sampled_from(
    "id title status dependencies tasks metadata subtasks userStories passes priority dependsOn issue_type type "
    "depends_on_id issue_id assignee master done pending open closed blocks parent-child epic name".split()
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), WORDS, st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(WORDS, inner, max_size=5)),
    max_leaves=12,
)
ENTRY = st.dictionaries(WORDS, VALUES, max_size=8).map(lambda entry: {"id": 1, "title": "a", "status": "open", **entry})
STORES = st.one_of(
    VALUES,
    st.lists(ENTRY, max_size=3).map(lambda entries: {"tasks": entries}),
    st.lists(ENTRY, max_size=3).map(lambda entries: {"master": {"tasks": entries}, "other": {"tasks": entries}}),
    st.lists(ENTRY, max_size=3).map(lambda entries: {"userStories": entries}),
)
JSON_FILES = st.sampled_from([path for path in FILES if path.endswith((".json", ".jsonl"))])


@given(JSON_FILES, STORES, st.sampled_from([None, 2]), st.integers(0, 8))
@settings(max_examples=120, deadline=None)
def test_json_of_other_shapes_and_cut(path: str, value: object, indent: int | None, cut: int) -> None:
    text = json.dumps(value, indent=indent)
    for shown in (text, text[: len(text) - cut], f"{text}\n{text}\n", text.replace(":", ": ", 1).replace("\n", "\r\n")):
        use({path: shown.encode("utf-8", "surrogatepass")}, path)


# ---- good plans, damaged

SEEDS = sorted(
    path.relative_to(OWN).as_posix()
    for path in OWN.rglob("*")
    if path.is_file() and path.parent.name != "truth" and path.suffix in (".md", ".json", ".jsonl", ".yaml")
)
CUTS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 40), st.one_of(PIECES, st.text(max_size=3))), min_size=1, max_size=3
)


def damaged(data: bytes, cuts: list[tuple[float, int, str]]) -> bytes:
    for where, length, text in cuts:
        at = int(where * len(data))
        data = data[:at] + text.encode("utf-8", "surrogatepass") + data[at + length :]
    return data


@given(st.sampled_from(SEEDS), CUTS, st.sampled_from(list(WorkStreamStatus)))
@settings(max_examples=150, deadline=None)
def test_damaged_plans(path: str, cuts: list[tuple[float, int, str]], status: WorkStreamStatus) -> None:
    folder = path.rpartition("/")[0]
    whole = "/backlog/tasks/" in path or "/.claude/epics/" in path
    files = dict(WorkingTree(OWN).below(folder)) if whole else {path: (OWN / path).read_bytes()}
    files[path] = damaged(files[path], cuts)
    use(files, folder if whole else path, status)


# ---- cost


def calls_of(work: Callable[[], object]) -> int:
    """How many functions are called, ours and those of C."""
    count = 0

    def on(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(on)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_hostile_shapes_are_answered_in_linear_work(shape: Shape) -> None:
    small, large = shape.files(40), shape.files(160)
    use(shape.files(1), shape.path)  # what is compiled or looked up once
    few = calls_of(lambda: use(small, shape.path))
    many = calls_of(lambda: use(large, shape.path))
    # Phases that need all others have more to say, up to the number that one may wait for.
    assert many <= (16 if shape.name == "phases that need all" else 5) * few + 1000


#: Where each repetition is a work stream of its own.
ENDLESS = [shape for shape in SHAPES if shape.name in ("boxes", "table")]


@pytest.mark.parametrize("shape", ENDLESS, ids=lambda shape: shape.name)
def test_a_plan_of_too_many_work_streams_is_refused_before_they_are_read(shape: Shape) -> None:
    fits, too_many = shape.files(MAX_ITEMS // 4), shape.files(MAX_ITEMS + 1)
    assert len(read_plan(Memory(fits), [shape.path]).work_streams) == MAX_ITEMS // 4

    def refuse() -> None:
        with pytest.raises(RoadmapError, match=f"^{shape.path} has over {MAX_ITEMS:,} work streams; split it.$"):
            read_plan(Memory(too_many), [shape.path])

    read_markdown.cache_clear()
    whole = calls_of(lambda: read_plan(Memory(fits), [shape.path]))
    assert calls_of(refuse) < 3 * whole  # four times as much, and not read to its end


def test_a_roadmap_of_ten_thousand_phases_is_read() -> None:
    roadmap = read_plan(Memory(SHAPES[0].files(10_000)), [SHAPES[0].path])
    assert len(roadmap.work_streams) == 10_000
