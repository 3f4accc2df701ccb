"""What waits for what in plans made of headings, and what is offered."""

from __future__ import annotations

import pytest
from support_headings import edited, needs, not_started_offers, plan, statuses, text

from orchestrator_agent.model import WorkStreamStatus

S = WorkStreamStatus


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


def test_a_drawn_tree_of_dependencies_counts() -> None:
    roadmap = plan("product_phases.md")
    assert needs(roadmap)["2"] == ("1",)
    assert needs(roadmap)["3"] == ("2",)
    assert not_started_offers(roadmap) == ["1"]


def test_task_groups_in_phases() -> None:
    roadmap = plan("task_groups.md")
    assert list(statuses(roadmap)) == ["1", "2", "3", "4"]
    assert needs(roadmap) == {"1": (), "2": (), "3": ("1", "2"), "4": ("1", "2", "3")}
    assert (roadmap.get("1").effort, roadmap.get("4").effort) == ("1-2 hours", "30 minutes")
    assert roadmap.get("2").files == ("forge/clapper.txt",)
    assert roadmap.get("1").status is S.COMPLETE
    assert not_started_offers(roadmap) == ["2"]


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


def test_a_dependency_in_brackets_of_the_text_counts() -> None:
    assert needs(plan("findings.md"))["K2-2"] == ("K2-1",)


def test_features_in_prose() -> None:
    roadmap = plan("prose_features.md")
    assert statuses(roadmap) == dict.fromkeys("123", S.NOT_STARTED)
    assert needs(roadmap) == {"1": (), "2": (), "3": ("1",)}
    assert any("plan.md" in w or "prose_features.md:3" in w for w in roadmap.warnings)


def test_an_empty_phase_is_told_and_not_offered() -> None:
    roadmap = text("### Phase 1.1: A", "Status: done", "### Phase 1.2: B", "", "### Phase 1.3: C", "Status: todo")
    assert roadmap.get("1.2").blocked_reason == "its section is empty"
    assert any(warning.startswith("plan.md:3: 1.2 counts as blocked") for warning in roadmap.warnings)
    assert not_started_offers(roadmap) == ["1.3"]


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


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ([], {"1": (), "2": ("1",), "3": ("2",), "4": ("3",)}),
        (["Depends On: None"], {"1": (), "2": (), "3": ("2",), "4": ("3", "1")}),
    ],
)
def test_a_chain_in_a_field_says_what_others_wait_for(own: list[str], expected: dict[str, tuple[str, ...]]) -> None:
    first = ["## Phase 1: A", "Status: todo", "## Phase 2: B", "Status: todo", *own]
    rest = ["## Phase 3: C", "Status: todo", "## Phase 4: D", "Status: todo", "Depends On: Phase 1 → 2 → 3"]
    assert needs(text(*first, *rest)) == expected


@pytest.mark.parametrize("words", ["This builds on Phase 1 or Phase 2.", "This requires Phase 1 or 2 to stand."])
def test_a_choice_in_the_text_blocks(words: str) -> None:
    roadmap = text(
        *("## Phase 1: A", "Status: done", "## Phase 2: B", "Status: todo", "## Phase 3: C", "Status: todo", "", words)
    )
    assert not_started_offers(roadmap) == ["2"]
    assert roadmap.get("3").unresolved[0].startswith("Phase 1 or ")


def test_a_choice_in_a_section_blocks() -> None:
    phases = [line for number in "123" for line in (f"## Phase {number}: Part {number}", "- [ ] a")]
    roadmap = text(*phases, "## Dependencies", "- Phase 3 depends on Phase 1 or Phase 2")
    assert roadmap.get("3").unresolved == ("Phase 1 or Phase 2",)


@pytest.mark.parametrize(
    ("line", "offers"),
    [
        ("- ✅ **v1.0 Basics** — Phases 1-2 (shipped 2031-03-05)", ["3"]),
        ("- [v1.0 Basics](archive/v1.0.md) (Phases 1-2) — SHIPPED 2031-03-05", ["3"]),
        ("### v1.0 Basics (released)", ["3"]),
        ("- 🚧 **v1.0 Basics** — Phases 1-2, to be shipped in May", []),
        ("- **v1.0 Basics** — 1 of 2 phases is complete", []),
        ("- **v1.0.1 Mends** — shipped", []),
        ("We hope for v1.0.", []),
    ],
)
@pytest.mark.parametrize("words", ["v1.0", "v1.0 milestone shipped (by now)", "v1.0 complete"])
def test_a_release_counts_by_what_the_plan_says_of_it(line: str, offers: list[str], words: str) -> None:
    roadmap = text("## Milestones", "", line, "", "## Phase 3: Walls", "**Status:** todo", f"**Depends on**: {words}")
    if "complete" in words and "v1.0 Basics" not in line:
        offers = ["3"]  # nothing in the plan speaks against it
    assert not_started_offers(roadmap) == offers


def test_phases_that_are_only_listed_come_last() -> None:
    listed = ["- [x] **Phase 1: A** - a", "- [ ] **Phase 2: B** - b", "", "### Later", ""]
    later = ["- [ ] **Phase 3: C** - c", "- [ ] **Phase 4: D** - d", ""]
    sections = ["### Phase 1: A", "**Depends on**: Nothing", "### Phase 2: B", "**Depends on**: Phase 1"]
    roadmap = text("## Phases", "", *listed, *later, "## Details", "", *sections)
    assert not_started_offers(roadmap) == ["2"]
    roadmap = text("## Phases", "", *listed, *later, "## Details", "", *sections[:3], "**Depends on**: Phase 3")
    assert not_started_offers(roadmap) == ["3", "4"]


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


def test_what_names_no_work_says_nothing_about_the_order() -> None:
    lines = ["## Phase 1: A", "- [ ] a", "### Dependencies", "- a good wind", "## Phase 2: B", "- [ ] b"]
    assert not_started_offers(text(*lines)) == []
    assert not_started_offers(text(*lines, "Depends on: None")) == ["2"]


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
