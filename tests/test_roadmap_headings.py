"""Plans made of headings: which level is work, where each status stands, and what waits for what."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator_agent.errors import RoadmapError
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


def test_a_phase_that_stands_three_times_is_one() -> None:
    roadmap = plan("three_places.md")
    assert statuses(roadmap) == {
        "1": S.COMPLETE,
        "2": S.IN_PROGRESS,
        "2.1": S.NOT_STARTED,
        "3": S.NOT_STARTED,
    }
    assert needs(roadmap) == {"1": (), "2": ("1",), "2.1": ("2",), "3": ("2.1",)}
    assert roadmap.get("1").tasks == ("01-01: Lay the ground", "01-02: Lay bricks")
    assert roadmap.plans[0].level == "phase headings"
    assert roadmap.warnings == ()


def test_all_places_of_a_phase_are_written() -> None:
    assert edited("three_places.md", "2", S.COMPLETE) == [
        ("- [ ] **Phase 2: Lamp** - A lamp that turns.", "- [x] **Phase 2: Lamp** - A lamp that turns."),
        ("| 2. Lamp | 1/2 | In Progress | - |", "| 2. Lamp | 1/2 | Complete | - |"),
    ]
    assert edited("three_places.md", "3", S.IN_PROGRESS) == [
        ("| 3. Keeper's house | 0/TBD | Not started | - |", "| 3. Keeper's house | 0/TBD | In Progress | - |"),
    ]


def test_phases_with_a_status_are_work_and_the_features_in_them_are_not() -> None:
    roadmap = plan("product_phases.md")
    assert list(statuses(roadmap)) == ["0", "1", "2", "3"]
    assert roadmap.get("2").status is S.NOT_STARTED  # the checked box says less than the field
    assert roadmap.get("0").name == "Ground"


def test_a_drawn_tree_of_dependencies_counts() -> None:
    roadmap = plan("product_phases.md")
    assert needs(roadmap)["2"] == ("1",)
    assert needs(roadmap)["3"] == ("2",)
    assert not_started_offers(roadmap) == ["1"]


def test_success_criteria_by_phase_are_no_phases() -> None:
    assert [s.source.first_line for s in plan("product_phases.md").work_streams if s.source] == [3, 12, 28, 36]


def test_task_groups_in_phases() -> None:
    roadmap = plan("task_groups.md")
    assert list(statuses(roadmap)) == ["1", "2", "3", "4"]
    assert needs(roadmap) == {"1": (), "2": (), "3": ("1", "2"), "4": ("1", "2", "3")}
    assert (roadmap.get("1").effort, roadmap.get("4").effort) == ("1-2 hours", "30 minutes")
    assert roadmap.get("2").files == ("forge/clapper.txt",)
    assert roadmap.get("1").status is S.COMPLETE
    assert not_started_offers(roadmap) == ["2"]


def test_a_role_that_several_have_is_no_claim() -> None:
    assert [stream.assigned_to for stream in plan("task_groups.md").work_streams] == [None, None, "carpenter", None]


def test_optional_work_is_not_offered() -> None:
    stream = plan("task_groups.md").get("4")
    assert stream.status is S.BLOCKED
    assert stream.blocked_reason == "the plan sets it aside: Hang the bell (OPTIONAL)"


def test_a_list_gives_phases_their_status() -> None:
    roadmap = plan("plan_with_list.md")
    assert statuses(roadmap) == {
        "A": S.COMPLETE,
        "B": S.COMPLETE,
        "C": S.IN_PROGRESS,
        "D": S.NOT_STARTED,
        "E": S.NOT_STARTED,
    }
    assert not_started_offers(roadmap) == []
    assert edited("plan_with_list.md", "C", S.COMPLETE) == [
        ("- [ ] Phase C: cupboards (in progress)", "- [x] Phase C: cupboards (complete)")
    ]


def test_the_order_is_not_assumed_where_nobody_keeps_it() -> None:
    kept = ["## Phase 1: A", "- [ ] a", "## Phase 2: B", "- [ ] b", "## Phase 3: C", "- [ ] c"]
    assert not_started_offers(text(*kept)) == ["1"]
    assert not_started_offers(text(*kept[:4], "## Phase 3: C", "- [x] c")) == ["1", "2"]


def test_parallel_phases_are_one_step() -> None:
    lines = ["## Phase 1: A", "- [x] a", "## Phase 2: B", "- [ ] b", "## Phase 3: C (parallel)", "- [ ] c"]
    assert not_started_offers(text(*lines, "## Phase 4: D", "- [ ] d")) == ["2", "3"]


@pytest.mark.parametrize("kind", ["Feature", "Package", "Task", "Work Stream"])
def test_features_have_no_order(kind: str) -> None:
    assert not_started_offers(text(f"## {kind} 1: A", "- [ ] a", f"## {kind} 2: B", "- [ ] b")) == ["1", "2"]


def test_a_list_at_the_end_names_numbered_headings() -> None:
    roadmap = plan("named_later.md")
    assert statuses(roadmap) == {"1": S.COMPLETE, "2": S.NOT_STARTED, "3": S.NOT_STARTED}
    assert edited("named_later.md", "3", S.COMPLETE) == [("- [ ] P1-3: Carousel tune", "- [x] P1-3: Carousel tune")]


def test_findings_below_milestones() -> None:
    roadmap = plan("findings.md")
    assert statuses(roadmap) == {
        "K1-1": S.NOT_STARTED,
        "K1-2": S.COMPLETE,
        "K2-1": S.NOT_STARTED,
        "K2-2": S.NOT_STARTED,
    }
    assert roadmap.get("K1-1").files == ("doors/front.txt", "doors/keys.txt")
    assert roadmap.get("K1-1").done_when == "another key does not turn."


def test_a_circle_behind_a_name_is_a_severity() -> None:
    assert statuses(text("## 1.1 Lock 🔴", "- [ ] a", "## 1.2 Door 🟢", "- [ ] b")) == {
        "1.1": S.NOT_STARTED,
        "1.2": S.NOT_STARTED,
    }


def test_a_dependency_in_brackets_of_the_text_counts() -> None:
    assert needs(plan("findings.md"))["K2-2"] == ("K2-1",)


def test_a_table_of_priorities_gives_no_ids() -> None:
    roadmap = plan("findings.md")
    assert len(roadmap.work_streams) == 4
    assert roadmap.get("K1-1").source is not None


def test_chinese_phases() -> None:
    roadmap = plan("chinese.md")
    assert statuses(roadmap) == {"1": S.COMPLETE, "2": S.IN_PROGRESS, "3": S.NOT_STARTED}
    assert (roadmap.get("3").effort, roadmap.get("2").name) == ("2 小时", "风叶")
    assert roadmap.plans[0].level == "阶段 headings"


def test_headings_without_numbers_under_horizons() -> None:
    roadmap = plan("horizons.md")
    assert statuses(roadmap) == {
        "a-quieter-door": S.NOT_STARTED,
        "new-labels-for-the-old-hall": S.COMPLETE,
        "night-opening": S.NOT_STARTED,
    }
    assert edited("horizons.md", "night-opening", S.COMPLETE) == [
        ("#### Night opening", "#### Night opening ✅ Complete")
    ]
    assert edited("horizons.md", "new-labels-for-the-old-hall", S.NOT_STARTED) == [("_Done_", "_Not Started_")]


def test_features_in_prose() -> None:
    roadmap = plan("prose_features.md")
    assert statuses(roadmap) == dict.fromkeys("123", S.NOT_STARTED)
    assert needs(roadmap) == {"1": (), "2": (), "3": ("1",)}
    assert any("plan.md" in w or "prose_features.md:3" in w for w in roadmap.warnings)


def test_a_phase_without_a_status_does_not_stop_the_others() -> None:
    roadmap = text(
        "### Phase 1.1: A", "Status: done", "### Phase 1.2: B", "Only prose.", "### Phase 1.3: C", "Status: todo"
    )
    assert statuses(roadmap) == {"1.1": S.COMPLETE, "1.2": S.NOT_STARTED, "1.3": S.NOT_STARTED}
    assert roadmap.warnings == ("plan.md:3: 1.2 has no status and counts as not started.",)


def test_an_empty_phase_is_told_and_not_offered() -> None:
    roadmap = text("### Phase 1.1: A", "Status: done", "### Phase 1.2: B", "", "### Phase 1.3: C", "Status: todo")
    assert roadmap.get("1.2").blocked_reason == "its section is empty"
    assert any(warning.startswith("plan.md:3: 1.2 counts as blocked") for warning in roadmap.warnings)
    assert not_started_offers(roadmap) == ["1.3"]


def test_a_heading_without_a_place_gets_its_status_behind_its_name() -> None:
    before = "## Package 1: Nuts ##\r\n- [ ] a\r\n## Package 2: Bolts\r\n- [ ] b"
    after = write_status(before.encode(), "p.md", {"2": S.COMPLETE}).decode()
    assert after == before.replace("Bolts", "Bolts ✅ Complete")
    assert write_status(before.encode(), "p.md", {"1": S.BLOCKED}).decode() == before.replace("Nuts", "Nuts 🔴 Blocked")
    assert statuses(read(after.encode(), "p.md")) == {"1": S.NOT_STARTED, "2": S.COMPLETE}


def test_words_are_added_where_a_circle_would_mean_a_severity() -> None:
    before = "## Phase 1: A ✅\n- [x] a\n## Phase 2: B\n- [ ] b\n"
    assert "## Phase 1: A ⚪ Not Started\n" in write_status(before.encode(), "p.md", {"1": S.NOT_STARTED}).decode()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["Phase 2 depends on Phase 1."], {"2": ("1",)}),
        (["- **Phase 3** (roof) - blocked by Phases 1 and 2"], {"3": ("1", "2")}),
        (["Phase 1 → Phase 2 → Phase 3"], {"2": ("1",), "3": ("2",)}),
        (["1 -> 2 -> 3"], {"2": ("1",), "3": ("2",)}),
        (["Phase 1 must be complete before Phase 3 starts"], {"3": ("1",)}),
        (["Phase 1 blocks Phase 2 and Phase 3"], {"2": ("1",), "3": ("1",)}),
        (["Phase 3 cannot start before Phase 2"], {"3": ("2",)}),
        (["Phase 2 does not depend on Phase 1", "Phase 3: no dependency on Phase 1"], {}),
        (["Phase 2 needs Task 1 of the other plan"], {}),
        (["```", "Phase 1 (walls)", "├── Phase 2 (roof)", "└── Phase 3 (door)", "```"], {"2": ("1",), "3": ("1",)}),
        (["Phase 9 depends on Phase 1"], {}),
        (["Phase 2 requires the lawyers"], {}),
    ],
)
def test_a_section_says_what_depends_on_what(lines: list[str], expected: dict[str, tuple[str, ...]]) -> None:
    phases = [line for number in "123" for line in (f"## Phase {number}: Part {number}", "- [ ] a")]
    found = needs(text(*phases, "## Dependencies", *lines))
    assert {id_: ids for id_, ids in found.items() if ids} == expected


def test_a_section_does_not_overrule_a_field() -> None:
    roadmap = text(
        "## Phase 1: A",
        "Status: todo",
        "## Phase 2: B",
        "Status: todo",
        "Depends On: None",
        "## Dependencies",
        "Phase 2 depends on Phase 1",
    )
    assert needs(roadmap)["2"] == ()


def test_libraries_are_no_dependencies_of_work() -> None:
    roadmap = text(
        "# Plan", "**Dependencies**: PyYAML", "## Package 1: A", "- [ ] a", "## Dependencies", "- Package managers: npm"
    )
    assert needs(roadmap) == {"1": ()}
    assert roadmap.work_streams[0].unresolved == ()


def test_what_blocks_others_is_waited_for() -> None:
    roadmap = text(
        "## Phase 1: A",
        "Status: todo",
        "**Blocks:** Phase 2, the launch",
        "## Phase 2: B",
        "Status: todo",
        "Depends On: Phase 3",
        "## Phase 3: C",
        "Status: todo",
    )
    assert needs(roadmap) == {"1": (), "2": ("1", "3"), "3": ()}


def test_a_group_waits_for_a_group() -> None:
    roadmap = text(
        "## Phase 1: Walls",
        "### 1.1 North",
        "Status: todo",
        "### 1.2 South",
        "Status: todo",
        "## Phase 2: Roof",
        "**Depends on:** Phase 1",
        "### 2.1 Beams",
        "Status: todo",
        "### 2.2 Tiles",
        "Status: todo",
    )
    assert needs(roadmap) == {"1.1": (), "1.2": (), "2.1": ("1.1", "1.2"), "2.2": ("1.1", "1.2")}


def test_a_status_names_what_it_waits_for() -> None:
    roadmap = text(
        "## Phase 0: Walls",
        "### 0.1 North",
        "Status: todo",
        "## Phase 1: Roof",
        "### 1.1 Tiles",
        "Status: Pending (depends on Phase 0)",
    )
    assert needs(roadmap) == {"0.1": (), "1.1": ("0.1",)}


def test_several_fields_in_one_line() -> None:
    stream = text(
        "#### Issue #1: A",
        "**Priority:** High | **Effort:** S | **Depends On:** None",
        "#### Issue #2: B",
        "**Priority:** High | **Depends On:** #1 | **Status:** Done",
    ).get("2")
    assert (stream.depends_on, stream.status) == (("1",), S.COMPLETE)


@pytest.mark.parametrize(
    "title", ["Success Criteria", "Definition of Done", "Open Questions", "Risks", "Acceptance criteria"]
)
def test_boxes_of_criteria_are_no_steps(title: str) -> None:
    stream = text("## Phase 1: A", "- [x] a", f"### {title}", "- [ ] not work").work_streams[0]
    assert (stream.status, stream.tasks) == (S.COMPLETE, ("a",))


def test_chapters_are_no_work() -> None:
    roadmap = text(
        "# Design",
        "## 1. Background",
        "- [link](x)",
        "## 2. Scope",
        "Requires: a database",
        "## 3. Acceptance Criteria",
        "- [ ] fast",
    )
    assert roadmap.work_streams == ()


def test_a_migration_checklist_holds_phases() -> None:
    roadmap = text(
        "# Design",
        "## 1. Background",
        "Text.",
        "## 8. Migration Checklist",
        "### Phase 1: A",
        "- [ ] a",
        "### Phase 2: B",
        "- [ ] b",
    )
    assert list(statuses(roadmap)) == ["1", "2"]


def test_phases_planned_for_months_leave_the_work_to_their_boxes() -> None:
    roadmap = text("## Phase 1 — Now ✅ COMPLETE", "- [x] a", "## Phase 2 — Next (2–3 months)", "- [ ] b", "- [ ] c")
    assert roadmap.format == "checklist"
    assert list(statuses(roadmap)) == ["a", "b", "c"]


def test_counters_and_summaries_do_not_overrule_items() -> None:
    roadmap = text(
        "## Phase 1: A", "**Progress:** 5/5", "- [ ] a", "## Phase 2: B", "**Overall Progress:** 16/16 (100%)", "Prose."
    )
    assert statuses(roadmap) == {"1": S.NOT_STARTED, "2": S.COMPLETE}


def test_a_table_that_disagrees_is_told_and_nothing_is_offered() -> None:
    roadmap = text(
        "## Feature 1: Walls",
        "Status: todo",
        "## Feature 2: Roof",
        "Status: todo",
        "# Summary",
        "| Feature | Status |",
        "|--|--|",
        "| 1. Walls | In Progress |",
    )
    assert roadmap.get("1").blocked_reason == "line 8 calls it in progress"
    assert any("has two statuses" in warning for warning in roadmap.warnings)
    assert not_started_offers(roadmap) == ["2"]


def test_a_crossed_out_phase_is_not_wanted() -> None:
    assert statuses(text("## Phase 1: A", "- [ ] a", "## ~~Phase 2: B~~", "- [ ] b")) == {
        "1": S.NOT_STARTED,
        "2": S.CANCELLED,
    }


def test_an_achievement_inside_a_phase_is_not_another_phase() -> None:
    roadmap = text(
        "### Phase 2: Validation ✅ COMPLETED",
        "- [x] a",
        "#### 🎉 Phase 2 Key Achievements",
        "- fast",
        "### Phase 3: B",
        "- [ ] b",
    )
    assert [stream.name for stream in roadmap.work_streams] == ["Validation", "B"]


def test_a_time_table_lists_phases_again() -> None:
    roadmap = text(
        "## Work",
        "### Phase 1: A",
        "- [ ] a",
        "### Phase 2: B",
        "- [ ] b",
        "## Time",
        "### Phase 1 (2 weeks)",
        "- quick",
    )
    assert [(s.id, s.name) for s in roadmap.work_streams] == [("1", "A"), ("2", "B")]


def test_logs_of_finished_lines_are_no_work() -> None:
    roadmap = text(
        "**Recently Completed (2025-12-30):**",
        "- 🟢 REQ-1: Old",
        "- ⚪ REQ-7-9: A range",
        "",
        "## Now",
        "⚪ REQ-2: New (S, blocked by REQ-1)",
    )
    (stream,) = roadmap.work_streams
    assert (stream.id, stream.satisfied) == ("REQ-2", ("REQ-1",))
    assert not_started_offers(roadmap) == ["REQ-2"]


def test_headings_in_fences_are_examples() -> None:
    assert list(
        statuses(text("## Phase 1: A", "Status: todo", "```markdown", "## Phase 2: B", "Status: todo", "```"))
    ) == ["1"]


def test_numbers_are_compared_as_text() -> None:
    assert list(statuses(text("### 3.1 A ✅ DONE", "### 3.10 B 🔄 IN PROGRESS", "### 03.1 C ✅ DONE"))) == [
        "3.1",
        "3.10",
        "03.1",
    ]


def test_priorities_and_quarters_are_no_ids() -> None:
    assert text("### P0 - CRITICAL ✅ DONE", "text", "### Q1: Things - done", "text").work_streams == ()


def one(roadmap: Roadmap) -> WorkStream:
    (stream,) = roadmap.work_streams
    return stream


def test_a_box_in_a_heading() -> None:
    assert one(text("## [~] Phase 1: A", "text")).status is S.IN_PROGRESS
    assert write_status(b"## [ ] Phase 1: A\ntext\n", "p.md", {"1": S.COMPLETE}) == b"## [x] Phase 1: A\ntext\n"


def test_what_would_not_read_back_is_refused() -> None:
    with pytest.raises(RoadmapError, match="would change more"):
        write_status(b"## ~~Phase 1: A~~\ntext\n## Phase 2: B\nStatus: todo\n", "p.md", {"1": S.NOT_STARTED})


def test_a_table_and_a_section_change_together() -> None:
    roadmap = plan("two_places.md")
    assert needs(roadmap) == {
        "TASK-001": (),
        "TASK-002": (),
        "TASK-003": ("TASK-002",),
        "TASK-004": ("TASK-002", "TASK-003"),
    }
    assert not_started_offers(roadmap) == ["TASK-002"]
    assert edited("two_places.md", "TASK-002", S.COMPLETE) == [
        ("| TASK-002 | Line the ditch | pending | P1 |", "| TASK-002 | Line the ditch | completed | P1 |"),
        ("**Status**: pending", "**Status**: completed"),
    ]


def test_the_columns_of_a_board_are_statuses() -> None:
    roadmap = text(
        *("## ✅ Done", "### Phase 1: A", "Prose.", "## In Progress", "### Phase 2: B", "- [x] b", "- [ ] c"),
        *("## To Do", "### Phase 3: C", "Prose.", "### Phase 4: D", "- [ ] d"),
    )
    assert statuses(roadmap) == {"1": S.COMPLETE, "2": S.IN_PROGRESS, "3": S.NOT_STARTED, "4": S.NOT_STARTED}
    assert not_started_offers(roadmap) == ["3", "4"]


def test_groups_that_count_from_one_again_give_their_ids() -> None:
    lines = [f"{head}\n- [ ] b" for head in ("### Task 1: Beams", "### Task 2: Tiles")]
    roadmap = text("## Phase 1: Walls", "### Task 1: North", "- [x] a", "## Phase 2: Roof", *lines)
    assert list(statuses(roadmap)) == ["1.1", "2.1", "2.2"]
    assert write_status(
        b"## Phase 1: A\n### Task 1: B\n- [ ] b\n## Phase 2: C\n### Task 1: D\n- [ ] d\n", "p.md", {"2.1": S.COMPLETE}
    )


def test_what_names_no_work_says_nothing_about_the_order() -> None:
    lines = ["## Phase 1: A", "- [ ] a", "### Dependencies", "- a good wind", "## Phase 2: B", "- [ ] b"]
    assert not_started_offers(text(*lines)) == []
    assert not_started_offers(text(*lines, "Depends on: None")) == ["2"]


@pytest.mark.parametrize("ending", ["[DONE]", "(done)", "- Done", "— ✅ DONE (2031-01-06)", "✅", "*(Complete)*"])
def test_endings(ending: str) -> None:
    stream = one(text(f"## Phase 1: Bricks {ending}", "text"))
    assert (stream.name, stream.status) == ("Bricks", S.COMPLETE)


def test_a_document_called_backlog_is_no_section_of_ideas() -> None:
    roadmap = text(
        "# Backlog",
        "## Epic 1: Users",
        "### Story 1.1: Login",
        "**Status:** Done",
        "## Backlog",
        "### Story 9.9: Idea",
        "Status: todo",
    )
    assert list(statuses(roadmap)) == ["1.1"]


def test_a_table_with_milestones_beside_its_phases() -> None:
    table = (
        "| Phase | Milestone | Status |",
        "|--|--|--|",
        "| 1. Walls | v1.0 | Complete |",
        "| 2. Roof | v1.1 | Not started |",
    )
    roadmap = text(
        "### Phase 1: Walls",
        "- [x] a",
        "### Phase 2: Roof",
        "**Depends on**: Phase 1",
        "- [ ] b",
        "## Progress",
        *table,
    )
    assert statuses(roadmap) == {"1": S.COMPLETE, "2": S.NOT_STARTED}
    assert needs(roadmap)["2"] == ("1",)


def test_a_chapter_with_a_status_of_the_document_is_no_work() -> None:
    assert text("# Design", "## 1. About", "Status: draft", "## 2. Data", "Text.").work_streams == ()


def test_words_that_only_begin_like_a_kind_are_none() -> None:
    assert text("## PRD: the market", "Status: todo", "## Steps: all", "- [x] a").format == "checklist"
    assert statuses(text("## PR 1: Rename (merged)", "Text.", "## PR 2: Move", "Text.")) == {
        "1": S.COMPLETE,
        "2": S.NOT_STARTED,
    }
