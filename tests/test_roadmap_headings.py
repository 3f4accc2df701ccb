"""Plans made of headings: which level is work, and where each status stands."""

from __future__ import annotations

import pytest
from support_headings import edited, one, plan, statuses, text

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.roadmap import read, write_status

S = WorkStreamStatus


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


def test_success_criteria_by_phase_are_no_phases() -> None:
    assert [s.source.first_line for s in plan("product_phases.md").work_streams if s.source] == [3, 12, 28, 36]


def test_a_status_alone_in_the_last_part_is_that_of_the_whole() -> None:
    written = (
        "# House\n\n## Phase 1: Walls\n\n### 1.1 Bricks\n\nMany.\n\n### 1.2 Mortar\n\n**In Progress**\n\n"
        "## Phase 2: Roof\n**Status:** Not Started\n"
    )
    assert statuses(read(written.encode(), "plan.md")) == {"1": S.IN_PROGRESS, "2": S.NOT_STARTED}


def test_a_role_that_several_have_is_no_claim() -> None:
    assert [stream.assigned_to for stream in plan("task_groups.md").work_streams] == [None, None, "carpenter", None]


def test_optional_work_is_not_offered() -> None:
    stream = plan("task_groups.md").get("4")
    assert stream.status is S.BLOCKED
    assert stream.blocked_reason == "the plan sets it aside: Hang the bell (OPTIONAL)"


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


def test_a_phase_without_a_status_does_not_stop_the_others() -> None:
    roadmap = text(
        "### Phase 1.1: A", "Status: done", "### Phase 1.2: B", "Only prose.", "### Phase 1.3: C", "Status: todo"
    )
    assert statuses(roadmap) == {"1.1": S.COMPLETE, "1.2": S.NOT_STARTED, "1.3": S.NOT_STARTED}
    assert roadmap.warnings == ("plan.md:3: 1.2 has no status and counts as not started.",)


def test_a_heading_without_a_place_gets_its_status_behind_its_name() -> None:
    before = "## Package 1: Nuts ##\r\n- [ ] a\r\n## Package 2: Bolts\r\n- [ ] b"
    after = write_status(before.encode(), "p.md", {"2": S.COMPLETE}).decode()
    assert after == before.replace("Bolts", "Bolts ✅ Complete")
    assert write_status(before.encode(), "p.md", {"1": S.BLOCKED}).decode() == before.replace("Nuts", "Nuts 🔴 Blocked")
    assert statuses(read(after.encode(), "p.md")) == {"1": S.NOT_STARTED, "2": S.COMPLETE}


def test_words_are_added_where_a_circle_would_mean_a_severity() -> None:
    before = "## Phase 1: A ✅\n- [x] a\n## Phase 2: B\n- [ ] b\n"
    assert "## Phase 1: A ⚪ Not Started\n" in write_status(before.encode(), "p.md", {"1": S.NOT_STARTED}).decode()


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


def test_a_box_in_a_heading() -> None:
    assert one(text("## [~] Phase 1: A", "text")).status is S.IN_PROGRESS
    assert write_status(b"## [ ] Phase 1: A\ntext\n", "p.md", {"1": S.COMPLETE}) == b"## [x] Phase 1: A\ntext\n"


def test_what_would_not_read_back_is_refused() -> None:
    with pytest.raises(RoadmapError, match="would change more"):
        write_status(b"## ~~Phase 1: A~~\ntext\n## Phase 2: B\nStatus: todo\n", "p.md", {"1": S.NOT_STARTED})


def test_groups_that_count_from_one_again_give_their_ids() -> None:
    lines = [f"{head}\n- [ ] b" for head in ("### Task 1: Beams", "### Task 2: Tiles")]
    roadmap = text("## Phase 1: Walls", "### Task 1: North", "- [x] a", "## Phase 2: Roof", *lines)
    assert list(statuses(roadmap)) == ["1.1", "2.1", "2.2"]
    assert write_status(
        b"## Phase 1: A\n### Task 1: B\n- [ ] b\n## Phase 2: C\n### Task 1: D\n- [ ] d\n", "p.md", {"2.1": S.COMPLETE}
    )


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


def test_a_chapter_with_a_status_of_the_document_is_no_work() -> None:
    assert text("# Design", "## 1. About", "Status: draft", "## 2. Data", "Text.").work_streams == ()


def test_words_that_only_begin_like_a_kind_are_none() -> None:
    assert text("## PRD: the market", "Status: todo", "## Steps: all", "- [x] a").format == "checklist"
    assert statuses(text("## PR 1: Rename (merged)", "Text.", "## PR 2: Move", "Text.")) == {
        "1": S.COMPLETE,
        "2": S.NOT_STARTED,
    }
