"""What more plans of other people taught the readers, a rule each: the texts are ours."""

from __future__ import annotations

import pytest
from support_plans import offered, streams, write_each

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.roadmap import read

S = WorkStreamStatus


def may_start(text: str) -> list[str]:
    return offered(read(text.encode(), "plan.md"))


def table(head: str, *rows: str) -> str:
    rule = "|".join("---" for _ in head.split("|"))
    return "".join(f"| {row} |\n" for row in (head, rule, *rows))


TOLD_BOXES = """\
# Boat

### Phase 1: Hull (after the drawings)
- [x] W-01: Saw the planks
      assigned_to: planner
      depends_on: -

### Phase 2: Mast
- [ ] W-02: Fell a tree
      assigned_to: code-generator
      depends_on: W-01
- [ ] W-03: Code review
      assigned_to: code-reviewer
      depends_on: W-02
"""


def test_boxes_that_tell_what_they_wait_for_are_work_and_their_headings_groups() -> None:
    got = streams(TOLD_BOXES)
    assert {id_: stream.depends_on for id_, stream in got.items()} == {
        "W-01": (),
        "W-02": ("W-01",),
        "W-03": ("W-02",),
    }
    assert not any(stream.assigned_to for stream in got.values())  # roles
    assert may_start(TOLD_BOXES) == ["W-02"]
    assert write_each(TOLD_BOXES.encode(), "plan.md")


def test_headings_that_say_how_far_they_are_stay_work() -> None:
    text = TOLD_BOXES.replace(" (after the drawings)\n", "\n**Status:** done\n\n").replace(
        "### Phase 2: Mast\n", "### Phase 2: Mast\n**Status:** todo\n\n"
    )
    assert list(streams(text)) == ["1", "2"]


def test_a_need_may_stand_behind_a_dash() -> None:
    text = (
        "- [x] #1 - Hull (M) — BLOCKS ALL\n- [ ] #2 - Mast (S) — blocked by #1\n- [ ] #3 - Sails - depends on #1-#2\n"
    )
    got = streams(text)
    assert {id_: stream.depends_on for id_, stream in got.items()} == {"#1": (), "#2": ("#1",), "#3": ("#1", "#2")}
    assert got["#2"].status is S.NOT_STARTED
    assert may_start(text) == ["#2"]


def test_the_status_of_a_box_may_stand_below_it() -> None:
    text = "- [ ] **AB-1**: Hull\n  - **Status**: In Progress\n- [ ] **AB-2**: Mast\n  - **Dependencies**: AB-1\n"
    assert [stream.status for stream in streams(text).values()] == [S.IN_PROGRESS, S.NOT_STARTED]
    assert may_start(text) == []


def test_next_is_a_status_only_where_it_stands_alone() -> None:
    text = table("# | Task | Status", "1 | Hull | **Next**", "2 | Mast | Pending", "3 | Flag | Later")
    assert [stream.status for stream in streams(text).values()] == [S.NOT_STARTED, S.NOT_STARTED, S.BLOCKED]
    boxes = streams("- [ ] (NEXT) Hull\n- [ ] Mast (next to the hull)\n- [ ] (BLOCKED) Sails\n").values()
    assert [(stream.name, stream.status) for stream in boxes] == [
        ("Hull", S.NOT_STARTED),
        ("Mast (next to the hull)", S.NOT_STARTED),
        ("Sails", S.BLOCKED),
    ]


def test_what_is_only_blocked_steps_is_blocked() -> None:
    text = "## T1 - Hull\n\n- [ ] saw\n\n## T2 - Paint\n\n- [x] red\n- [ ] (BLOCKED) white, until it is sold again\n"
    assert [stream.status for stream in streams(text).values()] == [S.NOT_STARTED, S.BLOCKED]
    assert may_start(text) == ["T1"]


ANEW = """\
## Phase 1: Hull

| # | Task | Depends on | Status |
|---|------|------------|--------|
| 1 | Saw planks | - | Done |
| 2 | Fit planks | 1 | Done |

## Phase 2: Mast

| # | Task | Depends on | Status |
|---|------|------------|--------|
| 1 | Fell a tree | Phase 1 | Pending |
| 2 | Shave it | 1 | Pending |
| 3 | Set it up | 1-2 | Pending |
"""


def test_tables_that_count_anew_count_in_their_phase() -> None:
    assert {id_: stream.depends_on for id_, stream in streams(ANEW).items()} == {
        "1.1": (),
        "1.2": ("1.1",),
        "2.1": ("1.1", "1.2"),
        "2.2": ("2.1",),
        "2.3": ("2.1", "2.2"),
    }
    assert may_start(ANEW) == ["2.1"]
    assert write_each(ANEW.encode(), "plan.md")


def test_numbers_of_tables_without_a_number_of_their_own_are_none() -> None:
    text = ANEW.replace("Phase 1: ", "").replace("Phase 2: ", "").replace("| Phase 1 |", "| - |")
    assert list(streams(text)) == ["saw-planks", "fit-planks", "fell-a-tree", "shave-it", "set-it-up"]
    assert may_start(text) == ["fell-a-tree"]


def test_a_table_of_phases_groups_the_tasks_of_another() -> None:
    phases = table("Phase | Focus | Status", "1 | The hull | Pending", "2 | The mast | Pending")
    tasks = table("# | Task | Depends on | Status", "1 | Saw | - | Pending", "2 | Fit | 1 | Pending")
    assert [stream.name for stream in streams(f"## Phases\n\n{phases}\n## Queue\n\n{tasks}").values()] == ["Saw", "Fit"]
    assert list(streams(phases)) == ["1", "2"]


def test_a_table_below_a_title_that_tells_needs_no_column_for_it() -> None:
    tables = {
        "Completed Tracks": table("ID | Track | Completed", "T1 | Hull | 2031-01-02"),
        "Active Tracks": table("ID | Track | Status", "T2 | Mast | ~80% complete"),
        "Planned Tracks": table("ID | Track | Blocked By", "T3 | Sails | T2", "T4 | Flag | -"),
        "Completed Talks": table("Date | Talk", "2031-01-02 | Wood"),
    }
    text = "\n".join(f"## {title}\n\n{rows}" for title, rows in tables.items())
    assert {id_: (stream.status, stream.depends_on) for id_, stream in streams(text).items()} == {
        "T1": (S.COMPLETE, ()),
        "T2": (S.IN_PROGRESS, ()),
        "T3": (S.NOT_STARTED, ("T2",)),
        "T4": (S.NOT_STARTED, ()),
    }
    assert may_start(text) == ["T4"]


def test_a_chapter_is_no_section_of_the_row_with_its_number() -> None:
    rows = table("# | Task | Blocked by | Status", "1 | Hull | - | Done", "2 | Mast | #1 | Pending")
    sections = "## Phase 2: Sea\n\nRequires: #1\n\n### #1 Hull\n\n### #2 Mast\n\nOf oak.\n"
    text = f"## 2. What comes next\n\n{rows}\n{sections}"
    got = streams(text)
    assert [stream.depends_on for stream in got.values()] == [(), ("1",)]
    assert "Of oak." in got["2"].description
    assert "What comes next" not in got["2"].description
    assert write_each(text.encode(), "plan.md")


def test_code_in_a_cell_keeps_its_pipes() -> None:
    text = table("ID | Task | Depends on | Status | Notes", "A-1 | add `x: int | None` | - | done")
    assert [(stream.name, stream.status) for stream in streams(text).values()] == [("add `x: int | None`", S.COMPLETE)]


@pytest.mark.parametrize("needs", ["P2.1-T01–T03", "P2.1-T01..P2.1-T03", "P2.1-T01 to T03"])
def test_a_range_may_shorten_its_end(needs: str) -> None:
    rows = [f"P2.1-T0{number} | Part {number} | - | done" for number in (1, 2, 3)]
    text = table("ID | Task | Depends on | Status", *rows, f"P2.1-T04 | Close | {needs} | todo")
    assert streams(text)["P2.1-T04"].depends_on == ("P2.1-T01", "P2.1-T02", "P2.1-T03")


@pytest.mark.parametrize(
    ("needs", "offers"),
    [
        ("Phase 1.1 complete", []),
        ("Phase 1.1 complete (the planks)", []),
        ("Phase 1.1 must be complete", []),
        ("Phase 1.1 - complete", ["2"]),
        ("Phase 1.1 (completed)", ["2"]),
        ("Phase 1.1 is done", ["2"]),
        ("Phase 1.1 ✅", ["2"]),
    ],
)
def test_what_has_to_be_complete_is_not_told_to_be(needs: str, offers: list[str]) -> None:
    text = "## Phase 2: Mast\n**Status:** Not started\n**Dependencies:** {}\n\n## Phase 3: Sea\n**Status:** Blocked\n"
    assert may_start(text.format(needs)) == offers
    assert may_start(text.format(f"\n- {needs}")) == offers


def test_a_need_begins_with_what_the_plan_calls_its_work() -> None:
    stages = "## Stage 1: Hull\nGoal: float\n\n## Stage 2: Mast\nGoal: stand\n\nDependencies:\n- Stage 1 planks\n"
    assert [stream.depends_on for stream in streams(stages).values()] == [(), ("1",)]
    phases = [f"## Phase {number}: Part {number}\n**Status:** todo\n\n" for number in (1, 2, 3)]
    text = "".join([*phases, "**Depends on:** Phase 1/2 work\n"])
    assert streams(text)["3"].depends_on == ("1", "2")


def test_a_plan_may_say_that_each_phase_depends_on_the_one_before() -> None:
    phases = "".join(f"## Phase {number}: Part {number}\n\n**Goal:** more\n\n" for number in (1, 2, 3))
    said = "Each phase depends on the previous one. No skipping.\n\n"
    needs = [stream.depends_on for stream in streams(f"# Boat\n\n{said}{phases}").values()]
    assert needs == [(), ("1",), ("2",)]
    assert [stream.depends_on for stream in streams(f"# Boat\n\n{phases}").values()] == [(), (), ()]


def test_chapters_with_boxes_are_work_beside_those_that_say_they_are_blocked() -> None:
    text = (
        "## 1. Hull\n- [ ] saw\n\n## 2. Mast\n- [ ] fell\n\n"
        "## 3. Radio - blocked on a licence\n- [ ] buy\n\n## 4. Notes\n\nNone.\n"
    )
    assert {id_: stream.status for id_, stream in streams(text).items()} == {
        "1": S.NOT_STARTED,
        "2": S.NOT_STARTED,
        "3": S.BLOCKED,
    }


def test_an_hourglass_waits() -> None:
    text = (
        "### ⏳ AB-006: Chart — PENDING\n\n**Status:** ⏳ PENDING\n\n"
        "### Phase 6: Sails (week 3) ⏳\n\n**Status**: Not started\n"
    )
    assert all(stream.status is S.NOT_STARTED for stream in streams(text).values())
    assert may_start(text) == ["AB-006", "6"]


def test_phases_come_after_the_sprints_of_the_phase_before() -> None:
    text = (
        "## Phase 1: Hull\n\n### Sprint 1 — COMPLETE\n- [x] saw\n\n### Sprint 2 — PLANNED\n- [ ] fit\n\n"
        "### Sprint 3 — PLANNED\n- [ ] tar\n\n## Phase 2: Mast — PLANNED\n\n- [ ] fell\n\n"
        "## Phase 3: Sails — NOT STARTED\n\n- [ ] sew\n"
    )
    assert list(streams(text)) == ["1.1", "1.2", "1.3", "2", "3"]
    assert may_start(text) == ["1.2"]


def test_a_wave_may_be_a_row() -> None:
    text = table("Wave | Status | Focus", "**1** | Done | Hull", "**2** | **Next** | Mast", "**3** | After | Sails")
    assert {id_: stream.name for id_, stream in streams(text).items()} == {"1": "Hull", "2": "Mast", "3": "Sails"}


def test_more_sections_than_rows_say_how_far_they_are() -> None:
    rows = table("Issue | Severity | Status", "BUG-1 | low | Open")
    section = "### Phase {}: Part\n\n- **Status**: Not started\n- **Dependencies**: Phase {} complete\n\n"
    done = "**To do**: Complete Phase 5\n"
    text = f"# Boat\n\n### Minor issues\n\n{rows}\n{section.format(6, 5)}{section.format(7, 6)}{done}"
    assert {id_: stream.depends_on for id_, stream in streams(text).items()} == {"6": ("5",), "7": ("6",)}
    assert may_start(text) == []  # to complete phase 5 is still to be done


def test_steps_tell_what_their_headings_wait_for() -> None:
    text = (
        "## 1. Hull\n\n- [x] 1.1 Saw\n- [ ] 1.2 Fit\n\n## 2. Mast\n\n- [ ] 2.1 [depends: 1.2] Fell\n\n"
        "## 3. Trial\n\n- [ ] 3.1 [depends: 1.2, 2.1] Sail\n"
    )
    assert [stream.depends_on for stream in streams(text).values()] == [(), ("1",), ("1", "2")]


def test_ids_may_hold_underscores_and_numbers_of_groups() -> None:
    rows = table(
        "Task ID | Task | Status | Dependencies",
        "TASK_001 | Hull | DONE | None",
        "TASK_002 | Mast | PENDING | TASK_001",
    )
    sections = (
        "### Matrix\n\nSee above.\n\n"
        "### TASK_001: Hull\n- **Status:** DONE\n\n### TASK_002: Mast\n- **Status:** PENDING\n"
    )
    got = streams(f"# Boat\n\n{rows}\n## Details\n\n{sections}")
    assert {id_: stream.depends_on for id_, stream in got.items()} == {"TASK_001": (), "TASK_002": ("TASK_001",)}
    text = "#### P2-1.1: Mast\n- **Status:** Pending\n- **Dependencies:** P1-3.4\n"
    assert streams(text)["P2-1.1"].depends_on == ("P1-3.4",)


def test_titles_that_all_say_what_they_need_are_work() -> None:
    section = "### {}\n- **What:** more of it\n- **Depends on:** {}\n\n"
    text = f"# TODOS\n\n## Later this year\n\n{section.format('A map', 'paper')}{section.format('A lamp', 'none')}"
    assert list(streams(text)) == ["a-map", "a-lamp"]


@pytest.mark.parametrize(
    "head",
    ["Blockers", "Predecessors", "Prerequisite tasks", "Waits for", "Depends on (IDs)", "Gated by", "Needs", "Dep."],
)
def test_columns_of_what_is_needed_have_many_heads(head: str) -> None:
    text = table(f"ID | Task | Status | {head}", "W-1 | Hull | todo | -", "W-2 | Mast | todo | W-1")
    assert streams(text)["W-2"].depends_on == ("W-1",)


def test_a_column_of_what_a_row_blocks_is_turned_round() -> None:
    text = table(
        "ID | Task | Status | Blocks", "W-1 | Hull | todo | W-2, W-3", "W-2 | Mast | todo | -", "W-3 | Sail | todo |"
    )
    assert [stream.depends_on for stream in streams(text).values()] == [(), ("W-1",), ("W-1",)]


@pytest.mark.parametrize(
    "behind",
    [
        "(covers: S2; depends: T001)",
        "-> depends on T001",
        "| needs T001",
        ", blocked by T001",
        "**depends on: T001**",
        "`deps: T001`",
        "⛔ T001",
        "— after T001.",
    ],
)
def test_a_box_says_in_many_ways_what_it_needs(behind: str) -> None:
    text = f"# Boat\n\n- [ ] T001 Hull\n- [ ] T002 Mast {behind}\n- [ ] T003 Look after 2 dogs\n"
    assert [stream.depends_on for stream in streams(text).values()] == [(), ("T001",), ()]


PHASES = """\
# Boat

## Phase 1: Hull

**Status:** In Progress

- [ ] saw

## Phase 2: Mast

**Status:** {status}

{body}

- [ ] fell

## Phase 3: Flag

**Status:** Not started
**Depends on:** none
"""


@pytest.mark.parametrize(
    "body",
    [
        "- Dependencies:\n  - Phase 1",
        "**Dependencies**\n- Phase 1 done",
        "### Dependencies\n- Phase 1",
        "### Prerequisites\n\nPhase 1 complete\n\n### Steps",
        "| Field | Value |\n|---|---|\n| **Depends on** | Phase 1 |",
        "_Depends on: Phase 1_",
        "**Goal:** a mast · **Depends on:** Phase 1 · **Effort:** M",
        "**Effort:** M **Depends on:** Phase 1",
        "**Prereqs:** Phase 1",
        "**Order:** after Phase 1",
        "Start after Phase 1 is complete.",
        "Blocked until Phase 1 is done.",
        "**Entry criteria:** Phase 1 done",
        "Do not start before Phase 1 is done.",
    ],
)
def test_a_section_says_in_many_ways_what_it_needs(body: str) -> None:
    text = PHASES.format(status="Not started", body=body)
    mast = streams(text)["2"]
    assert (mast.depends_on, mast.unresolved, mast.tasks) == (("1",), (), ("fell",))
    assert may_start(text) == ["3"]


@pytest.mark.parametrize(
    "body", ["### Prerequisites\n- Saw 18 is installed\n\n### Steps", "| Status | Count |\n|---|---|\n| Done | 3 |"]
)
def test_what_is_no_work_is_not_waited_for(body: str) -> None:
    mast = streams(PHASES.format(status="Not started", body=body))["2"]
    assert (mast.status, mast.depends_on, mast.unresolved) == (S.NOT_STARTED, (), ())


@pytest.mark.parametrize("status", ["Pending Phase 1", "Pending on Phase 1 completion", "Queued behind Phase 1"])
def test_a_status_says_what_is_waited_for(status: str) -> None:
    mast = streams(PHASES.format(status=status, body="A tall one."))["2"]
    assert (mast.status, mast.depends_on, mast.unresolved) == (S.NOT_STARTED, ("1",), ())


@pytest.mark.parametrize(
    ("status", "means"),
    [
        ("🔜 Next up", S.NOT_STARTED),
        ("🔒", S.BLOCKED),
        ("💤", S.BLOCKED),
        ("Current", S.IN_PROGRESS),
        ("PR open", S.IN_PROGRESS),
        ("Not started (gated)", S.BLOCKED),
    ],
)
def test_more_words_and_pictures_are_statuses(status: str, means: WorkStreamStatus) -> None:
    assert streams(PHASES.format(status=status, body="A tall one."))["2"].status is means


def test_two_rows_of_a_section_may_be_its_fields() -> None:
    rows = table("Field | Value", "Status | ✅ Complete", "Owner | crew")
    text = f"# Boat\n\n## Phase 1: Hull\n\n{rows}\n## Phase 2: Mast\n\n{table('Status | Planned', 'Prereqs | Phase 1')}"
    assert may_start(text) == ["2"]


def test_milestones_in_parts_follow_each_other() -> None:
    section = "## Milestone {}: Part\n\n- [ ] saw\n\n"
    assert may_start("# Boat\n\n" + "".join(map(section.format, ("0.1", "0.2", "0.3")))) == ["0.1"]


@pytest.mark.parametrize("note", ["Depends on W-1", "blocked by W-1", "do not start before W-1", "needs W-1, W-9"])
def test_a_remark_in_a_row_says_what_it_waits_for(note: str) -> None:
    rows = ("W-1 | Hull | doing | -", f"W-2 | Mast | todo | {note}", "W-3 | Flag | todo | no longer blocked by W-1")
    assert [stream.depends_on for stream in streams(table("ID | Task | Status | Notes", *rows)).values()] == [
        (),
        ("W-1",),
        (),
    ]


@pytest.mark.parametrize("status", ["Todo, after W-1", "Todo (needs W-1)", "Pending W-1"])
def test_the_status_in_a_row_says_what_it_waits_for(status: str) -> None:
    assert may_start(table("ID | Task | Status", "W-1 | Hull | doing", f"W-2 | Mast | {status}")) == []


def test_a_column_may_hold_boxes() -> None:
    text = table("Done | Task | Needs", "[x] | Hull |", "[ ] | Mast | Hull", "`[ ]` | Sail | Mast")
    assert may_start(text) == ["mast"]
    written = write_each(text.encode(), "plan.md")
    assert written["mast", S.COMPLETE] == ["| [x] | Mast | Hull |"]
    assert written["sail", S.IN_PROGRESS] == ["| `[~]` | Sail | Mast |"]
    assert may_start(table("ID | Task | Status", "W-1 | Hull | [x]", "W-2 | Mast | [ ]")) == ["W-2"]


def test_a_box_with_very_many_commas_is_read_quickly() -> None:
    assert streams(f"- [ ] a\n- [ ] depends {' ,' * 50_000} x\n- [ ] b\n")


@pytest.mark.parametrize(
    "rest",
    [
        "(blockedBy T001)",
        "(prereq: T001)",
        "(once T001 is done)",
        "(gated on T001)",
        "\n  - Blocked by T001",
        "\n  Depends on T001",
        "\n  _After T001_",
    ],
)
def test_a_box_and_the_line_below_it_say_what_it_needs(rest: str) -> None:
    mast = streams(f"# Boat\n\n- [ ] T001 Hull\n- [ ] T002 Mast {rest}\n- [ ] T003 Sail once a day\n")
    assert [stream.depends_on for stream in mast.values()] == [(), ("T001",), ()]
    assert mast["T002"].name == "Mast"


@pytest.mark.parametrize(
    "rest",
    ["(tentative)", "(claimed by @ada)", "[assigned: ada]", "\n  - BLOCKED: no tree", "\n  - **Blocked** - no tree"],
)
def test_a_box_that_is_not_free_is_not_offered(rest: str) -> None:
    assert may_start(f"# Boat\n\n- [ ] Hull\n- [ ] Mast {rest}\n- [ ] Flag (assigned to developer)\n")[:1] == ["hull"]
    assert len(may_start(f"# Boat\n\n- [ ] Hull\n- [ ] Mast {rest}\n")) == 1


def test_loud_words_and_titles_hold_boxes_back() -> None:
    text = "# Boat\n\n- [ ] Hull\n- [ ] **BLOCKED** Mast\n  - no tree\n\n## Needs a decision\n\n- [ ] Sail\n"
    assert may_start(text) == ["hull"]
    assert may_start("# Boat\n\n- [ ] Hull\n  - Blocked: none\n") == ["hull"]


def test_blocks_may_be_written_for_what_blocks_a_row() -> None:
    text = table(
        "ID | Task | Status | Blocks",
        "W-1 | Hull | todo | -",
        "W-2 | Mast | todo | W-1",
        "W-3 | Sail | todo | W-1, W-2",
    )
    assert may_start(text) == ["W-1"]


def test_what_is_ready_for_a_human_is_not_offered() -> None:
    rows = ("BUG-1 | Hull | ready-for-human", "BUG-2 | Mast | ready-for-agent")
    assert may_start(table("ID | Task | Status", *rows)) == ["BUG-2"]


def test_tables_with_the_same_columns_are_work_alike() -> None:
    bugs = table("ID | Status | Task", "T-1 | WORKTREE (ada) | Leak")
    tasks = table("ID | Status | Task", "T-2 | OPEN | Mast", "T-3 | PARKED (bob) | Sail")
    text = f"# Boat\n\n## Bugs\n\n{bugs}\n## Tasks\n\n{tasks}"
    assert list(streams(text)) == ["T-1", "T-2", "T-3"]
    assert may_start(text) == ["T-2"]


@pytest.mark.parametrize("rest", ["— **unblocks T02-T03**", "(blocks: T02, T03)", "(unblocks T02-T03)"])
def test_a_box_says_what_it_unblocks(rest: str) -> None:
    text = f"# Boat\n\n- [ ] T01 Hull {rest}\n- [ ] T02 Mast\n- [ ] T03 Sail (blocks T01)\n- [ ] T04 City blocks 2\n"
    assert [stream.depends_on for stream in streams(text).values()] == [(), ("T01",), ("T01",), ()]
