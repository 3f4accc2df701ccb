"""What plans of other people taught the readers: each text is ours and has one thing that was read wrongly once."""

from __future__ import annotations

from support_plans import offered, streams, write_each

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.roadmap import read

S = WorkStreamStatus


def may_start(text: str) -> list[str]:
    return offered(read(text.encode(), "plan.md"))


def test_a_phase_may_be_counted_twice() -> None:
    text = (
        "## Phase 1 / Milestone 1: Hull\n**Status:** Complete\n\n"
        "## Phase 2 / Milestone 2: Mast (next)\n**Status:** Not started\n**Depends on:** Phase 1\n\n"
        "## Phase 3 / Milestone 3: Sails\n**Status:** Not started\n**Depends on:** Phase 2\n"
    )
    got = streams(text)
    assert [(id_, stream.name, stream.depends_on) for id_, stream in got.items()] == [
        ("1", "Hull", ()),
        ("2", "Mast (next)", ("1",)),
        ("3", "Sails", ("2",)),
    ]
    assert may_start(text) == ["2"]


def test_two_phases_in_one_heading_are_none() -> None:
    text = "## Phase 1 / 2: Hull\n**Status:** Not started\n\n## Phase 3: Mast\n**Status:** Not started\n"
    assert list(streams(text)) == ["3"]


def test_a_heading_may_be_a_link() -> None:
    text = (
        "### [Task 1: Hull (oak)](./001_hull.md)\n- **Status**: Ready to start\n\n"
        "### [Task 2: Mast](./002_mast.md) ✅\n- **Dependencies**: Task 1\n\n"
        "### [Task 3: Sails](./003_sails.md)\n- **Dependencies**: Task 1\n- **Status**: Blocked by Task 1\n"
    )
    got = streams(text)
    assert [(id_, stream.name, stream.status, stream.depends_on) for id_, stream in got.items()] == [
        ("1", "Hull (oak)", S.NOT_STARTED, ()),
        ("2", "Mast", S.COMPLETE, ("1",)),
        ("3", "Sails", S.BLOCKED, ("1",)),
    ]
    assert write_each(text.encode(), "plan.md")


PARTS = "".join(f"## Step 3.{number}: Part {number}\n- [ ] cut\n- [ ] fit\n\n" for number in (1, 2, 3))


def test_the_title_of_a_plan_of_one_phase_is_no_work() -> None:
    text = f"# Phase 3: Rigging\n\n> **Status:** Not started\n> **Depends on:** Phase 2\n\n{PARTS}"
    assert {id_: stream.depends_on for id_, stream in streams(text).items()} == {
        "3.1": ("2",),
        "3.2": ("2",),
        "3.3": ("2",),
    }
    assert may_start(text) == []  # nothing tells how far phase 2 is
    assert may_start(text.replace("Phase 2", "none")) == ["3.1", "3.2", "3.3"]


def test_in_a_begun_phase_one_part_has_to_say_that_it_is_the_one() -> None:
    text = f"# Phase 3: Rigging\n\n**Status:** In progress\n\n{PARTS}"
    assert list(streams(text)) == ["3"]
    assert may_start(text) == []
    assert may_start(text.replace("Part 2", "Part 2 🔄 In progress")) == ["3.1", "3.3"]
    assert list(streams(text.replace("In progress", "Complete"))) == ["3"]


def test_the_title_of_a_list_of_tasks_is_no_task() -> None:
    head = "# Tasks - AB-0047: the boat\n\n## To do\n\n"
    text = f"{head}- [ ] **WP-01 -- Hull** (oak)\n- [ ] **WP-02 -- Mast** [dep WP-01]\n"
    got = streams(text)
    assert {id_: (stream.name, stream.depends_on) for id_, stream in got.items()} == {
        "WP-01": ("Hull (oak)", ()),
        "WP-02": ("Mast", ("WP-01",)),
    }
    assert may_start(text) == ["WP-01"]


def test_a_numbered_title_does_not_hide_phases_without_marks() -> None:
    text = "# Module 2 audit\n\n### Phase 1.1: Hull\n- oak\n\n### Phase 1.2: Mast\n- pine\n"
    assert list(streams(text)) == ["1.1", "1.2"]


def test_modules_are_counted() -> None:
    text = (
        "## Module 1 — Hull\n**Status:** done\n\n### Sub-Module 1.1 — Keel\n**Status:** done\n\n"
        "## Module 2 — Rig\n**Status:** in progress\n**Depends on:** Module 1\n\n"
        "### Sub-Module 2.1 — Mast\n**Status:** done\n\n"
        "### Sub-Module 2.2 — Sails\n**Status:** not started\n**Depends on:** 2.1, plus the choice of a sailmaker\n"
    )
    got = streams(text)
    assert list(got) == ["1.1", "2.1", "2.2"]
    assert got["2.2"].unresolved == ("plus the choice of a sailmaker",)
    assert may_start(text) == []


def test_a_section_about_dependencies_counts_for_boxes_too() -> None:
    text = (
        "- [ ] **WP-01** Hull\n- [ ] **WP-02** Mast\n- [ ] **WP-03** Sails\n- [ ] **WP-04** Paint\n\n"
        "## Dependencies\n\n- WP-01 gates WP-02 and WP-03.\n- WP-04 gates on WP-01..03.\n"
    )
    assert {id_: stream.depends_on for id_, stream in streams(text).items()} == {
        "WP-01": (),
        "WP-02": ("WP-01",),
        "WP-03": ("WP-01",),
        "WP-04": ("WP-01", "WP-02", "WP-03"),
    }
    assert may_start(text) == ["WP-01"]


def test_a_field_may_be_called_depends() -> None:
    text = "## T01: Hull\n**Status:** todo\n**Depends:** None\n\n## T02: Mast\n**Status:** todo\n**Depends:** T01\n"
    assert streams(text)["T02"].depends_on == ("T01",)
    assert may_start(text) == ["T01"]


def test_what_is_in_progress_beside_finished_work_is_not_finished() -> None:
    tasks = "## Task 1: Sails\n**Status:** todo\n**Depends on:** WP-10\n"
    assert may_start(f"# Boat\n\nWP-00 and WP-10 are complete\n\n{tasks}") == ["1"]
    assert may_start(f"# Boat\n\nStatus: WP-00 complete; WP-10 in progress\n\n{tasks}") == []
    assert may_start(f"# Boat\n\nWP-00 is done, WP-10 comes next\n\n{tasks}") == []


def test_what_is_unresolved_is_not_offered() -> None:
    assert may_start("## Now\n- [ ] Cut\n\n## Unresolved\n- [ ] Paint\n") == ["cut"]


def test_nobody_waits_for_himself_by_a_range() -> None:
    text = "\n".join(f"## Task {n}: Part {n}\n**Status:** todo\n**Depends on:** Tasks 1-3\n" for n in (1, 2, 3))
    assert [stream.depends_on for stream in streams(text).values()] == [("2", "3"), ("1", "3"), ("1", "2")]


TABLE = "| {} | Component | Title | Status | Dependencies |\n|---|---|---|---|---|\n"


def test_ids_may_stand_under_any_head_and_are_called_by_it() -> None:
    text = TABLE.format("Spec") + (
        "| 00 | C3 | Hull | complete | — |\n| 01 | C1 | Mast | todo | Spec 00 |\n"
        "| 02 | C1 | Sails | todo | Specs 00-01 (by C1) |\n"
    )
    got = streams(text)
    assert {id_: (stream.name, stream.depends_on) for id_, stream in got.items()} == {
        "00": ("Hull", ()),
        "01": ("Mast", ("00",)),
        "02": ("Sails", ("00", "01")),
    }
    assert may_start(text) == ["01"]


def test_a_first_column_that_repeats_itself_holds_no_ids() -> None:
    text = TABLE.format("Weight") + "| 1 | C3 | Hull | todo | — |\n| 1 | C1 | Mast | todo | — |\n"
    assert list(streams(text)) == ["hull", "mast"]


def test_names_may_begin_with_ids() -> None:
    head = "| Work package | Status | Depends on |\n|---|---|---|\n"
    text = f"{head}| WP-00 Hull | Done | None |\n| WP-10 Mast | Planned | WP-00 |\n| WP-20 Sails | Planned | WP-10 |\n"
    named = {id_: stream.name for id_, stream in streams(text).items()}
    assert named == {"WP-00": "Hull", "WP-10": "Mast", "WP-20": "Sails"}
    assert may_start(text) == ["WP-10"]
    assert list(streams(f"{head}| UTF-8 names | Planned | — |\n| Sails | Planned | — |\n")) == ["utf-8-names", "sails"]


def test_the_end_of_an_id_is_enough() -> None:
    head = "| ID | Task | Status | Depends on |\n|---|---|---|---|\n"
    text = f"{head}| AB-W01 | Hull | done | — |\n| AB-W02 | Mast | todo | W01 |\n| AB-W03 | Sails | todo | W01,W02 |\n"
    assert streams(text)["AB-W03"].depends_on == ("AB-W01", "AB-W02")
    assert may_start(text) == ["AB-W02"]


def test_a_number_is_enough_where_all_ids_begin_alike() -> None:
    head = "| ID | Task | Status | Depends on |\n|---|---|---|---|\n"
    rows = "| B2-001 | Hull | done | — |\n| B2-002 | Mast | todo | 001 |\n| B2-003 | Sails | todo | 001–002 |\n"
    assert {id_: stream.depends_on for id_, stream in streams(head + rows).items()} == {
        "B2-001": (),
        "B2-002": ("B2-001",),
        "B2-003": ("B2-001", "B2-002"),
    }
    assert may_start(head + rows) == ["B2-002"]
    assert may_start(f"{head}{rows}| C-9 | Paint | todo | 001 |\n") == []  # 001 of which?


def test_an_id_with_a_dash_is_no_range() -> None:
    text = "".join(f"## M{n}: Part {n}\n**Status:** done\n\n" for n in (3, 4, 5))
    got = streams(f"{text}## M6: Part 6\n**Status:** todo\n**Depends on:** M3-05\n")
    assert (got["M6"].depends_on, got["M6"].unresolved) == (("M3-05",), ())


def test_a_column_of_groups_names_no_rows() -> None:
    head = "| ID | Sprint | Status | Depends on | Outcome |\n|---|---|---|---|---|\n"
    got = streams(f"{head}| A-1 | S0 | todo | — | The hull floats |\n| A-2 | S0 | todo | A-1 | — |\n")
    assert [(stream.name, stream.batch) for stream in got.values()] == [("The hull floats", "S0"), ("A-2", "S0")]


def test_names_in_tables_keep_their_brackets() -> None:
    text = "| Milestone | Status |\n|---|---|\n| Hull (oak) | todo |\n| `mast --raise` works | todo |\n"
    assert [stream.name for stream in streams(text).values()] == ["Hull (oak)", "`mast --raise` works"]


def test_an_underscore_makes_a_role_no_name() -> None:
    text = "## Task 1: Hull\n- **Agent**: backend_dev\n- **Status**: todo\n"
    assert streams(text)["1"].assigned_to is None
    assert may_start(text) == ["1"]


def test_stories_are_known_by_the_tags_of_their_steps() -> None:
    text = (
        "## Phase 1: [US1] Hull\n- [ ] T001 [US1] Cut\n\n## Phase 2: [US2] Mast\n- [ ] T002 [US2] Cut\n\n"
        "## Phase 3: [US3] Sails\n- [ ] T003 [US3] Sew\n\n## Dependencies\n- US3 depends on US1 & US2 completion\n"
    )
    assert streams(text)["3"].depends_on == ("1", "2")


def test_what_starts_when_its_phase_does_is_not_offered() -> None:
    text = "## Hull\n- [ ] Cut\n- [ ] Exit criteria: it floats\n\n## Mast (when it starts)\n- [ ] Raise\n"
    got = streams(text)
    assert {id_: stream.status for id_, stream in got.items()} == {"cut": S.NOT_STARTED, "raise": S.BLOCKED}
    assert may_start(text) == ["cut"]


def test_a_phase_in_a_list_may_have_a_dash_behind_its_number() -> None:
    got = streams("- [x] Phase 1 — Hull\n- [ ] Phase 2 -- Mast\n- [ ] Phase 3: Sails\n")
    assert [(id_, stream.name) for id_, stream in got.items()] == [("1", "Hull"), ("2", "Mast"), ("3", "Sails")]
