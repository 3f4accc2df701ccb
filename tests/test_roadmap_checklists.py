"""Checklists of all kinds: TODO.md, Kiro, lists of issues, Conductor's tracks, Augment's tasks, a queue."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_plans import LISTS, changed_lines, offered, plan, streams, write_each, write_one

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.roadmap import read, write_status

S = WorkStreamStatus


def test_phases_without_boxes_beside_phases_with_boxes_are_told() -> None:
    first = ["## Phase 1: Walls (spring)", "**Goal:** Walls", "### Features", "- [x] Bricks", "- [ ] Mortar"]
    second = ["## Phase 2: Roof (summer)", "**Goal:** A roof", "### Features", "- Tiles", "- Beams"]
    rest = ["## Phase 3: Cellar", "Not now.", "## Notes", "- Ask the smith"]
    roadmap = read("\n".join([*first, *second, *rest]).encode(), "p.md")
    assert [stream.name for stream in roadmap.work_streams] == ["Bricks", "Mortar"]
    assert [warning.partition(" has ")[0] for warning in roadmap.warnings] == ['p.md:6: "Phase 2: Roof (summer)"']


def test_a_todo_file() -> None:
    roadmap = plan("todo.md")
    assert (roadmap.format, roadmap.plans[0].level) == ("checklist", "boxes")
    got = {stream.id: stream for stream in roadmap.work_streams}
    assert {id_: stream.status.value for id_, stream in got.items()} == {
        "oil-the-hinges": "complete",
        "paint-the-door": "not_started",
        "mend-the-roof": "not_started",
        "sweep-the-yard": "in_progress",
        "hang-the-bell": "in_progress",
        "buy-nails": "complete",
        "dig-a-moat": "cancelled",
        "plant-a-hedge-optional": "blocked",
        "keep-bees": "blocked",
        "build-a-tower": "blocked",
        "order-glass": "blocked",
    }
    assert got["paint-the-door"].name == "Paint the door."
    assert "as the last meeting" in got["paint-the-door"].description
    assert got["mend-the-roof"].depends_on == ("#12",)
    assert "mend-the-roof" not in offered(roadmap)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("- [ ] Themes (optional)", "optional"),
        ("- [ ] Themes - deferred to v2", "deferred: to v2"),
        ("- [ ] Future: themes", "future"),
        ("- [ ] [Stretch] Themes", "stretch"),
        ("- [ ]* 3. Themes", "optional"),
        ("## Nice to have\n- [ ] Themes", 'it stands under "Nice to have"'),
        ("## Themes (demand-driven)\n- [ ] Dark", 'it stands under "Themes (demand-driven)"'),
        ("Later:\n\n- [ ] Themes", 'it stands under "Later"'),
        ("**On hold**\n- [ ] Themes", "on hold"),
        ("## Waiting for the lawyers\n- [ ] Themes", "for the lawyers"),
        ("## Done\n- [ ] Themes", 'its box is open under "Done"'),
        ("- [?] Themes", "an open question"),
    ],
)
def test_open_boxes_that_are_not_to_be_done_now(text: str, reason: str) -> None:
    (stream,) = streams(text).values()
    assert (stream.status, stream.blocked_reason) == (S.BLOCKED, reason)


@pytest.mark.parametrize(
    "text",
    [
        "## Acceptance Criteria\n- [ ] a box here",
        "## Definition of Done\n- [ ] a box here",
        "**Exit criteria:**\n- [ ] a box here",
        "## Open Questions\n- [ ] a box here",
        "## Legend\n- [ ] open\n- [x] done",
        "How boxes are read\n\n- [ ] Not started\n- [x] completed task\n- [~] in progress",
        "## Example\n- [ ] a box here",
        "```\n- [ ] a box here\n```",
        "- an item\n\n  ```md\n  - [ ] a box here\n  ```",
        "<!--\n- [ ] a box here\n-->",
        "- [ ] [Name of the task]",
        "- [ ](x.md) a link",
        "# The todo command\n\nIt lists what is to be done.\n\n- `todo add` adds an item\n- `todo done` ends one",
        "# Plan of releases\n\n| Version | Date |\n|--|--|\n| 1.1 | May |",
    ],
)
def test_what_only_looks_like_work(text: str) -> None:
    roadmap = read(text.encode(), "TODO.md")
    assert roadmap.work_streams == ()
    assert roadmap.warnings[-1].startswith("TODO.md holds no work streams")


def test_it_is_said_why_boxes_are_no_work() -> None:
    roadmap = read(b"## Acceptance Criteria\n\n- [ ] all well\n", "TODO.md")
    assert roadmap.warnings[0] == (
        'TODO.md:3: the boxes under "Acceptance Criteria" are no work but criteria or examples.'
    )


def test_it_is_said_that_fences_and_bullets_are_not_read() -> None:
    roadmap = read(b"# Todo\n\n* Web\n\n```\n- [ ] x\n```\n", "TODO.md")
    assert roadmap.warnings[:2] == (
        "TODO.md:6: boxes in code fences are examples.",
        "TODO.md:3: bullets without boxes are not read; write `[ ]` before those that are work.",
    )


def test_a_title_may_say_checklist() -> None:
    assert list(streams("# Launch checklist\n- [ ] Call the press\n")) == ["call-the-press"]


def test_a_backlog_is_work_in_a_board_and_where_nothing_else_is() -> None:
    board = "## Doing\n- [ ] a dog\n## Backlog\n- [ ] a cat\n## Done\n- [x] a cow\n"
    assert {s.id: s.status.value for s in streams(board).values()} == {
        "a-dog": "in_progress",
        "a-cat": "not_started",
        "a-cow": "complete",
    }
    assert list(streams("## Backlog\n- [ ] a cat\n")) == ["a-cat"]
    assert list(streams("## Now\n- [ ] a dog\n## Backlog\n- [ ] a cat\n")) == ["a-dog"]


def test_words_behind_an_open_box_count_and_change_with_it() -> None:
    text = "- [ ] Walls (in progress)\n- [x] Roof (done)\n"
    assert streams(text)["walls"].status is S.IN_PROGRESS
    after = write_status(text.encode(), "p.md", {"walls": S.COMPLETE})
    assert changed_lines(text.encode(), after) == ["- [x] Walls (done)"]


def test_numbers_that_begin_anew_are_no_ids() -> None:
    got = streams("## A\n- [ ] 1. Dig\n- [ ] 2. Pour\n## B\n- [ ] 1. Saw\n")
    assert list(got) == ["dig", "pour", "saw"]
    assert list(streams("- [ ] 1. Dig\n- [ ] 2. Pour\n")) == ["1", "2"]
    assert list(streams("1. [ ] Dig\n2. [ ] Pour\n")) == ["dig", "pour"]


def test_a_number_given_twice_by_mistake_makes_two_work_streams() -> None:
    text = "- [x] 24. Dig\n- [ ] 25. Pour\n- [ ] 25. Dry\n- [ ] 26. Walk\n"
    roadmap = read(text.encode(), "tasks.md")
    assert [(s.id, s.name) for s in roadmap.work_streams] == [
        ("24", "Dig"),
        ("25", "Pour"),
        ("25-2", "Dry"),
        ("26", "Walk"),
    ]
    assert "25 is the id of other work" in roadmap.warnings[0]
    after = write_status(text.encode(), "tasks.md", {"25-2": S.COMPLETE})
    assert changed_lines(text.encode(), after) == ["- [x] 25. Dry"]


def test_numbered_boxes_come_in_their_order_and_parallel_ones_together() -> None:
    text = "- [x] T001 a\n- [ ] T002 [P] b\n- [ ] T003 [P] c\n- [ ] T004 d\n- [ ] T005 [P] e\n"
    assert offered(read(text.encode(), "p.md")) == ["T002", "T003"]
    after = write_status(text.encode(), "p.md", {"T002": S.COMPLETE, "T003": S.COMPLETE})
    assert offered(read(after, "p.md")) == ["T004"]
    assert offered(read(b"- [ ] Dig\n- [ ] Pour\n", "p.md")) == ["dig", "pour"]


def test_groups_that_are_counted_come_in_their_order() -> None:
    text = "## Part 1 - Base\n- [x] Dig\n- [ ] Pour\n- [ ] Dry\n## Part 2 - Top\n- [ ] Tiles\n"
    assert offered(read(text.encode(), "ROADMAP.md")) == ["pour", "dry"]


def test_kiro_nests_by_numbers() -> None:
    roadmap = plan("kiro.md")
    got = {stream.id: stream for stream in roadmap.work_streams}
    assert list(got) == ["1", "2", "3", "4"]
    assert got["2"].tasks == ("2.1 Queue it", "2.2 Send it", "* 2.3 Test the queue with a broken line")
    assert got["1"].depends_on == ()  # requirements are no dependencies
    # The steps of 1 are done, its box was forgotten; 4 is optional.
    assert (got["1"].status, got["4"].status) == (S.COMPLETE, S.BLOCKED)
    assert any("kiro.md:3: 1 has an open box" in warning for warning in roadmap.warnings)
    assert offered(roadmap) == ["2"]


def test_an_open_box_over_checked_ones_is_not_offered() -> None:
    stream = streams("- [ ] Dig\n  - [x] mark\n  - [x] shovel\n")["dig"]
    assert stream.status is S.IN_PROGRESS
    assert streams("- [ ] Dig\n  - [x] mark\n  - [ ] shovel\n")["dig"].status is S.NOT_STARTED


def test_a_list_of_issues() -> None:
    roadmap = plan("issue.md")
    got = {stream.id: stream for stream in roadmap.work_streams}
    assert list(got) == ["#101", "#102", "#103", "#104", "a/c#105", "#106", "#413"]
    assert (got["#101"].name, got["#103"].name) == ("#101", "Name the columns")
    assert (got["#413"].status, got["#413"].blocked_reason) == (S.BLOCKED, 'it stands under "Blocked"')
    assert "#413" not in offered(roadmap)
    data = (LISTS / "issue.md").read_bytes()
    changed = changed_lines(data, write_status(data, "issue.md", {"#413": S.COMPLETE}))
    assert changed == ["- [x] #413", "- [x] #413"]


def test_tracks_have_the_folder_of_their_link_as_id() -> None:
    roadmap = plan("tracks.md")
    assert (roadmap.format, roadmap.plans[0].level) == ("tracks", "tracks")
    assert [(s.id, s.name, s.status.value) for s in roadmap.work_streams] == [
        ("abroad_20260309", "Send parcels abroad", "in_progress"),
        ("weigh_20260310", "Weigh parcels", "complete"),
        ("stamps_20260311", "Print stamps", "not_started"),
        ("no-link-yet", "No link yet", "not_started"),
    ]
    data = (LISTS / "tracks.md").read_bytes()
    (changed,) = changed_lines(data, write_status(data, "tracks.md", {"stamps_20260311": S.COMPLETE}))
    assert changed == "## [x] Track: Print stamps"


def test_the_list_of_augment() -> None:
    roadmap = plan("augment.md")
    assert (roadmap.format, roadmap.plans[0].level) == ("augment", "tasks")
    got = {stream.id: stream for stream in roadmap.work_streams}
    assert [stream.status.value for stream in got.values()] == ["in_progress", "not_started", "cancelled", "complete"]
    assert (got["bake-bread"].tasks, got["bake-bread"].description) == (("Knead",), "Two loaves")
    assert got["brew-tea"].name == "Brew_tea"
    data = (LISTS / "augment.md").read_bytes()
    (changed,) = changed_lines(data, write_status(data, "augment.md", {"brew-tea": S.IN_PROGRESS}))
    assert changed == "-[/] UUID:8PqK2 NAME:Brew_tea DESCRIPTION:"
    with pytest.raises(RoadmapError, match="no mark for blocked"):
        write_status(data, "augment.md", {"brew-tea": S.BLOCKED})


def test_a_queue_is_read_in_its_order_and_not_written() -> None:
    roadmap = plan("fix_plan.md")
    assert (roadmap.format, roadmap.plans[0].level) == ("fix-plan", "entries of the queue")
    hinges, lock = roadmap.work_streams
    assert (hinges.id, hinges.name, hinges.done_when) == (
        "oil-the-door-hinges",
        "Oil the “door” hinges",
        "no door squeaks",
    )
    assert lock.id == "mend-the-lock"
    assert offered(roadmap) == ["oil-the-door-hinges"]
    with pytest.raises(RoadmapError, match="no place for a status"):
        write_status((LISTS / "fix_plan.md").read_bytes(), "fix_plan.md", {hinges.id: S.COMPLETE})


def test_what_the_box_says_already_but_the_rest_denies_is_refused() -> None:
    with pytest.raises(RoadmapError, match='the box of build-a-tower says "not_started" already'):
        write_status((LISTS / "todo.md").read_bytes(), "todo.md", {"build-a-tower": S.NOT_STARTED})


def test_one_word_like_an_id_among_boxes_without_ids_is_a_word() -> None:
    text = "- [ ] Wire the path\n- [ ] R6 comes up black\n- [ ] Port the menu\n"
    assert list(streams(text)) == ["wire-the-path", "r6-comes-up-black", "port-the-menu"]
    assert "R6" in streams(text.replace("R6 comes", "R6: comes"))
    assert {"R5", "R6"} <= set(streams(text.replace("Wire", "R5 wire")))


def test_one_task_over_all_others_names_the_list_of_augment() -> None:
    tree = (
        "[ ] NAME:Current Task List DESCRIPTION:Root\n-[/] NAME:Build the boat DESCRIPTION:All of it\n"
        "--[x] NAME:Hull DESCRIPTION:Oak\n---[x] NAME:Planks DESCRIPTION:\n--[ ] NAME:Mast DESCRIPTION:Pine\n"
    )
    assert list(streams(tree)) == ["hull", "mast"]
    assert list(streams(tree.replace("--[ ] NAME:Mast DESCRIPTION:Pine\n", ""))) == ["build-the-boat"]


@pytest.mark.parametrize("name", ["todo.md", "kiro.md", "issue.md", "tracks.md", "augment.md"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_each_box_is_written_alone(name: str, ending: str) -> None:
    text = (LISTS / name).read_text(encoding="utf-8").rstrip("\n").replace("\n", ending)
    written = write_each(text.encode(), name)
    assert len(written) >= 3 * len(read(text.encode(), name).work_streams) - 5
    assert all(len(lines) <= 2 and all("[" in line for line in lines) for lines in written.values())


marks = st.sampled_from([" ", "x", "X", "✅", "~", "-", "?", "!", "BLOCKED: rain"])
names = st.text(st.sampled_from(list("abc 1.()*_`~#[]:-✅é|<>")), max_size=15)
ends = st.sampled_from(["", " (in progress)", " - blocked: rain", " ✅ DONE", " (optional)", " (blocked by item-0)"])
indents = st.sampled_from(["", "", "  ", "    "])


@settings(max_examples=60, deadline=None)
@given(
    items=st.lists(st.tuples(indents, marks, names, ends), min_size=1, max_size=6),
    heading=st.sampled_from(["# To do", "## Phase 1", "## Later", "## Done", "Blocked:"]),
    ending=st.sampled_from(["\n", "\r\n"]),
    pick=st.integers(0, 5),
    status=st.sampled_from(S),
)
def test_any_list_is_written_back_exactly(
    items: list[tuple[str, str, str, str]], heading: str, ending: str, pick: int, status: S
) -> None:
    lines = [f"{indent}- [{mark}] item-{n} {name}{end}" for n, (indent, mark, name, end) in enumerate(items)]
    text = ending.join([heading, "", *lines])
    ids = [stream.id for stream in read(text.encode(), "TODO.md").work_streams]
    if ids:
        changed = write_one(text.encode(), "TODO.md", ids[pick % len(ids)], status) or []
        assert all("- [" in line or line.startswith("## Phase 1 ") for line in changed)
