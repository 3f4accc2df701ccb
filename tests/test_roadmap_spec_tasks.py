"""Task files of specifications: headings over numbered steps."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_plans import LISTS, changed_lines, offered, plan, streams, write_each, write_one

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.roadmap import read, write_status

S = WorkStreamStatus


def test_phases_of_spec_kit_are_work_and_their_boxes_steps() -> None:
    roadmap = plan("spec-kit.md")
    assert (roadmap.format, roadmap.plans[0].level) == ("spec-tasks", "headings over steps")
    got = {stream.id: stream for stream in roadmap.work_streams}
    assert list(got) == ["1", "2", "3", "4", "5", "6"]
    assert [stream.status.value for stream in got.values()] == [
        "complete",
        "complete",
        "in_progress",
        "not_started",
        "cancelled",
        "not_started",
    ]
    assert got["3"].name == "User Story 1 - Book a seat"
    assert got["3"].tasks == (
        "T004 [P] [US1] Test in tests/test_book.py",
        "T005 [US1] Form in src/form.py",
    )
    assert "**Checkpoint**: a seat is booked" in got["3"].description


def test_the_section_about_dependencies_tells_them() -> None:
    got = {stream.id: stream.depends_on for stream in plan("spec-kit.md").work_streams}
    # The story that is out of scope is not among "all stories"; "may integrate" is no dependency.
    assert got == {"1": (), "2": ("1",), "3": ("2",), "4": ("2",), "5": (), "6": ("3", "4")}


@pytest.mark.parametrize(
    ("sentence", "needs"),
    [
        ("Phase 3 depends on Phase 1", ("1",)),
        ("Phase 3: depends on Phases 1-2", ("1", "2")),
        ("**Phase 3 (Roof)**: Requires Phases 1 & 2", ("1", "2")),
        ("- Roof depends on Floor and Walls completion", ("1", "2")),
        ("- **Roof**: after Walls - see the drawing", ("2",)),
        ("- Roof is blocked by Walls and must be dry", ("2",)),
        ("- T030-T031 depend on T010 completion", ("1",)),
        ("- T020 must be finished before T030", ("2",)),
        ("- Phase 2 blocks Phase 3", ("2",)),
        ("- Phase 1 → Phase 2 → Phase 3", ("2",)),
        ("- **Phase 3**: All depend on all previous phases", ("1", "2")),
        ("- Phase 3 does not depend on Phase 1", ()),
        ("- Phase 3 can run in parallel with Phase 2", ()),
        ("- **Phase 3**: No dependencies - can start immediately", ()),
    ],
)
def test_sentences_about_dependencies(sentence: str, needs: tuple[str, ...]) -> None:
    text = (
        "## Phase 1: Floor\n- [ ] T010 a\n## Phase 2: Walls\n- [ ] T020 b\n"
        f"## Phase 3: Roof\n- [ ] T030 c\n- [ ] T031 d\n## Dependencies\n\n{sentence}\n"
    )
    assert streams(text)["3"].depends_on == needs


def test_phases_of_which_nothing_is_said_come_after_all_above() -> None:
    text = (
        "## Phase 1: A\n- [ ] T001 a\n## Phase 2: B\n- [ ] T002 b\n## Phase 3: C\n- [ ] T003 c\n"
        "## Dependencies\n- Phase 2: no dependencies\n"
    )
    assert offered(read(text.encode(), "p.md")) == ["1", "2"]
    assert offered(read(text.replace("[ ] T001", "[x] T001").encode(), "p.md")) == ["2"]
    done = text.replace("[ ] T001", "[x] T001").replace("[ ] T002", "[x] T002")
    assert offered(read(done.encode(), "p.md")) == ["3"]


def test_groups_without_stated_order_are_offered_one_by_one() -> None:
    roadmap = plan("openspec.md")
    assert [(s.id, s.name, s.status) for s in roadmap.work_streams] == [
        ("1", "Scales", S.COMPLETE),
        ("2", "Labels", S.IN_PROGRESS),
        ("3", "Drawer", S.NOT_STARTED),
    ]
    assert "3" not in offered(roadmap)
    data = (LISTS / "openspec.md").read_bytes()
    assert offered(read(write_status(data, "openspec.md", {"2": S.COMPLETE}), "p.md")) == ["3"]


def test_steps_that_begin_with_task() -> None:
    text = "## Phase 1: Set-up [checkpoint: e9d56]\n- [x] Task: Dig 01b31\n- [ ] Task: Pour\n    - [x] **Red**: fail\n"
    stream = streams(text)["1"]
    assert (stream.name, stream.status, len(stream.tasks)) == ("Set-up", S.IN_PROGRESS, 2)


def test_headings_inside_headings() -> None:
    text = (
        "## Milestone 1: Base (week 1)\n### Task 1.1: Dig\n- [ ] **T1.1.1**: mark\n"
        "### Task 1.2: Pour\n- [ ] **T1.2.1**: mix\n"
    )
    got = streams(text)
    assert {id_: (s.name, s.batch) for id_, s in got.items()} == {
        "1.1": ("Dig", "Milestone 1: Base (week 1)"),
        "1.2": ("Pour", "Milestone 1: Base (week 1)"),
    }


def test_a_phase_without_steps_is_not_offered() -> None:
    text = "## Phase 1: A\n- [x] T001 a\n## Phase 2: B\nTo be planned.\n"
    stream = streams(text)["2"]
    assert (stream.status, stream.blocked_reason) == (S.BLOCKED, "no steps are listed below it")


@pytest.mark.parametrize("title", ["Phase 2: Deferred: themes", "Phase 2: Themes (optional)", "Phase 2: Future work"])
def test_phases_set_aside_are_blocked(title: str) -> None:
    text = f"## Phase 1: A\n- [x] T001 a\n## {title}\n- [ ] T002 b\n"
    assert streams(text)["2"].status is S.BLOCKED


def test_criteria_notes_and_fences_are_no_steps() -> None:
    text = "## 1. A\n- [ ] 1.1 a\n### Acceptance Criteria\n- [x] 1.2 good\n## Validation Checklist\n- [x] 1.3 seen\n"
    assert streams(text)["1"].tasks == ("1.1 a",)


def test_a_template_is_no_plan() -> None:
    roadmap = read(b"## Phase 1: A\n- [ ] T001 a\n", ".specify/templates/tasks-template.md")
    assert roadmap.work_streams == ()
    assert "template" in roadmap.warnings[0]


def test_completing_a_phase_checks_its_open_boxes_and_nothing_else() -> None:
    data = (LISTS / "spec-kit.md").read_bytes()
    assert changed_lines(data, write_status(data, "p.md", {"3": S.COMPLETE})) == [
        "- [X] T005 [US1] Form in src/form.py"
    ]
    assert changed_lines(data, write_status(data, "p.md", {"4": S.IN_PROGRESS})) == [
        "- [~] T006 [P] [US2] Card in src/card.py"
    ]
    assert changed_lines(data, write_status(data, "p.md", {"2": S.IN_PROGRESS})) == [
        "- [~] T003 Tables in src/tables.py"
    ]


def test_what_boxes_cannot_say_is_refused() -> None:
    data = (LISTS / "openspec.md").read_bytes()
    with pytest.raises(RoadmapError, match='the sum of its boxes, which cannot say "blocked"'):
        write_status(data, "openspec.md", {"3": S.BLOCKED})


def test_a_mark_in_the_heading_counts_before_the_boxes() -> None:
    text = (
        "## Phase 1: Dig ✅ COMPLETE\n- [ ] T001 a\n## Phase 2: Pour\n**Status**: Blocked - rain\n- [ ] T002 b\n"
        "## Phase 3: C\n- [ ] T003 c\n"
    )
    got = streams(text)
    assert (got["1"].status, got["2"].status, got["2"].blocked_reason) == (S.COMPLETE, S.BLOCKED, "rain")
    after = write_status(text.encode(), "p.md", {"2": S.COMPLETE})
    assert changed_lines(text.encode(), after) == ["**Status**: Complete"]


@pytest.mark.parametrize("name", ["spec-kit.md", "openspec.md"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_each_heading_is_written_alone(name: str, ending: str) -> None:
    text = (LISTS / name).read_text(encoding="utf-8").rstrip("\n").replace("\n", ending)
    written = write_each(text.encode(), name)
    assert len(written) >= 2 * len(read(text.encode(), name).work_streams)
    for lines in written.values():
        assert all("] T0" in line or line.startswith("- [") or "**Status**" in line for line in lines)


boxes = st.lists(st.sampled_from(" xX~!"), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(
    groups=st.lists(boxes, min_size=1, max_size=4),
    ending=st.sampled_from(["\n", "\r\n"]),
    final=st.booleans(),
    pick=st.integers(0, 3),
    status=st.sampled_from(S),
)
def test_any_sums_are_written_back_exactly(
    groups: list[list[str]], ending: str, final: bool, pick: int, status: S
) -> None:
    lines = []
    for number, group in enumerate(groups, 1):
        lines += [f"## {number}. Group {number}", ""]
        lines += [f"- [{box}] {number}.{step} step" for step, box in enumerate(group, 1)]
    text = ending.join(lines) + (ending if final else "")
    id_ = str(pick % len(groups) + 1)
    assert all(f"] {id_}." in line for line in write_one(text.encode(), "tasks.md", id_, status) or [])
