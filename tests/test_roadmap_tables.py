"""Tables with a row for each work stream."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_plans import LISTS, changed_lines, offered, plan, streams, write_each, write_one

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.roadmap import read, write_status
from orchestrator_agent.roadmap.document import scan
from orchestrator_agent.roadmap.table_lines import tables_of

S = WorkStreamStatus
HEAD = "| ID | Task | Status |\n|---|---|---|\n"


def test_rows_are_work_streams() -> None:
    roadmap = plan("table.md")
    assert (roadmap.format, roadmap.plans[0].level) == ("table", "table rows")
    got = {stream.id: stream for stream in roadmap.work_streams}
    assert list(got) == [f"LH-0{number}" for number in range(1, 10)] + ["KP-1", "KP-2"]
    rock, base, tower = got["LH-01"], got["LH-02"], got["LH-03"]
    assert (rock.name, rock.status, rock.effort, rock.batch) == ("Clear the rock", S.COMPLETE, "0.5d", "M0")
    assert rock.done_when == "birds are gone"
    assert (base.name, base.status, base.assigned_to) == ("Lay the base | first", S.IN_PROGRESS, "tern")
    assert (tower.name, tower.status, tower.effort) == ("Raise the `a|b` tower", S.NOT_STARTED, "5d")
    assert tower.depends_on == ("LH-01", "LH-02")
    assert got["LH-04"].assigned_to is None  # a role
    assert got["LH-09"].depends_on == tuple(f"LH-0{number}" for number in range(1, 9))
    assert (got["KP-1"].name, got["KP-1"].batch) == ("Hire a keeper", "Keepers")
    assert (got["KP-2"].status, got["KP-2"].blocked_reason) == (S.BLOCKED, "the board")
    assert rock.source is not None
    assert rock.source.first_line == 20
    assert offered(roadmap) == ["LH-05"]


def test_words_decide_and_colours_only_where_there_are_none() -> None:
    got = streams(f"{HEAD}| A-1 | One | 🔴 Not Started |\n| A-2 | Two | 🟢 |\n| A-3 | Three | 🟡 |\n")
    assert [stream.status for stream in got.values()] == [S.NOT_STARTED, S.COMPLETE, S.IN_PROGRESS]
    legend = "Legend: 🟢 Ready, 🔵 Blocked\n\n"
    got = streams(f"{legend}{HEAD}| A-1 | One | 🟢 |\n| A-2 | Two | 🔵 |\n")
    assert [stream.status for stream in got.values()] == [S.NOT_STARTED, S.BLOCKED]


def test_a_tick_in_another_column_is_no_status() -> None:
    text = "| ID | Task | Status | Parallel |\n|--|--|--|--|\n| A-1 | One | Todo | ✅ at once |\n"
    assert streams(text)["A-1"].status is S.NOT_STARTED


def test_what_gives_no_status_among_others_that_do_is_blocked() -> None:
    got = {stream.id: stream for stream in plan("table.md").work_streams}
    assert (got["LH-04"].status, got["LH-04"].blocked_reason) == (S.BLOCKED, "its row gives no status")
    assert got["LH-09"].blocked_reason == 'its status "who knows" is not known'
    assert streams(f"{HEAD}| A-1 | One | |\n| A-2 | Two | Done |\n")["A-1"].status is S.NOT_STARTED


def test_a_remark_that_holds_a_row_back_blocks_it() -> None:
    stream = streams("| Stream | Status |\n|--|--|\n| WS1: Core | Not started (blocked on glass) |\n")["WS1"]
    assert (stream.name, stream.status, stream.blocked_reason) == ("Core", S.BLOCKED, "blocked on glass")


def test_strikethrough_is_cancelled_unless_done() -> None:
    got = {stream.id: stream.status for stream in plan("table.md").work_streams}
    assert (got["LH-06"], got["LH-07"]) == (S.CANCELLED, S.CANCELLED)
    assert streams(f"{HEAD}| ~~A-1~~ | ~~One~~ | Done |\n")["A-1"].status is S.COMPLETE


def test_deferred_rows_are_blocked() -> None:
    got = {stream.id: stream for stream in plan("table.md").work_streams}
    assert (got["LH-08"].status, got["LH-08"].blocked_reason) == (S.BLOCKED, "deferred: to 1912")


@pytest.mark.parametrize(
    "table",
    [
        "| Status | Meaning |\n|--|--|\n| Done | ready |\n",
        "| Milestone | Date |\n|--|--|\n| M0 | May |\n",
        "| Endpoint | Method | Status |\n|--|--|--|\n| /x | GET | Done |\n",
        "| Priority | Item |\n|--|--|\n| 0 | Settings UI |\n",
        "## Acceptance Criteria\n\n| ID | Task | Status |\n|--|--|--|\n| A-1 | One | Todo |\n",
        "## Legend\n\n| ID | Task | Status |\n|--|--|--|\n| A-1 | One | Todo |\n",
        "```\n| ID | Task | Status |\n|--|--|--|\n| A-1 | One | Todo |\n```\n",
        "<!--\n| ID | Task | Status |\n|--|--|--|\n| A-1 | One | Todo |\n-->\n",
        "| Code | Task | Status |\n|--|--|--|\n| 404 | GET /x | Not Found |\n",
        "| ID | Task | Status |\n| A-1 | One | Todo |\n",
    ],
)
def test_tables_that_hold_no_work(table: str) -> None:
    assert read(table.encode(), "p.md").work_streams == ()


def test_sums_are_no_rows_and_tables_without_ids_are_none_beside_others() -> None:
    text = f"{HEAD}| A-1 | One | Todo |\n| | **Total** | Todo |\n\n| Feature | Status |\n|--|--|\n| Window | Done |\n"
    assert list(streams(text)) == ["A-1"]


def test_ids_stay_strings() -> None:
    rows = "".join(f"| {id_} | Name {id_} | Todo |\n" for id_ in ("3.1", "3.10", "24.02", "007"))
    assert list(streams(HEAD + rows)) == ["3.1", "3.10", "24.02", "007"]


def test_an_id_and_a_name_in_one_cell() -> None:
    text = "| Phase | Status |\n|--|--|\n| Phase 1: Dig | Done |\n| 2. Pour | Todo |\n| **2.1 Dry** | Todo |\n"
    assert {key: stream.name for key, stream in streams(text).items()} == {"1": "Dig", "2": "Pour", "2.1": "Dry"}


def test_names_are_ids_where_there_are_none() -> None:
    text = "| Feature | Status |\n|--|--|\n| Bay window | Done |\n| Bay window | Done |\n"
    assert list(streams(text)) == ["bay-window", "bay-window-2"]


def test_rows_of_one_id_that_disagree_are_not_offered() -> None:
    text = f"{HEAD}| A-1 | One | Todo |\n\n{HEAD}| A-1 | One | Done |\n"
    stream = streams(text)["A-1"]
    assert (stream.status, stream.blocked_reason) == (S.BLOCKED, "line 7 calls it complete")


def test_counted_rows_without_dependencies_come_in_their_order() -> None:
    assert offered(plan("prs.md")) == ["PR2"]
    rows = "| BUG-1 | One | Todo |\n| BUG-2 | Two | Todo |\n"
    assert offered(read((HEAD + rows).encode(), "p.md")) == ["BUG-1", "BUG-2"]
    stated = "| PR | Title | Status | Depends on |\n|--|--|--|--|\n| PR1 | A | Todo | - |\n| PR2 | B | Todo | - |\n"
    assert offered(read(stated.encode(), "p.md")) == ["PR1", "PR2"]


def test_the_section_of_a_row_tells_more() -> None:
    got = {stream.id: stream for stream in plan("prs.md").work_streams}
    assert got["PR2"].tasks == ("Header", "Body")
    assert "Sends PCL." in got["PR2"].description
    assert "Notes: two pages later" in got["PR2"].description


def test_a_heading_that_gives_the_status_too_is_written_with_the_row() -> None:
    data = (LISTS / "prs.md").read_bytes()
    after = write_status(data, "prs.md", {"PR1": S.NOT_STARTED})
    assert changed_lines(data, after) == [
        "| PR1 | Find the printer | 🔴 Not Started | High | - |",
        "## PR1: Find the printer 🔴 NOT STARTED",
    ]


def test_only_the_cell_changes_and_its_padding_stays() -> None:
    data = (LISTS / "table.md").read_bytes()
    (line,) = changed_lines(data, write_status(data, "table.md", {"LH-05": S.COMPLETE}))
    assert line.startswith(
        "| LH-05 | ✅ Done | M1 | Paint it                 | None           | S    |                |"
    )


def test_the_words_that_the_plan_allows_are_written() -> None:
    text = f"Status values: `TODO`, `IN_PROGRESS`, `DONE`.\n\n{HEAD}| A-1 | One | TODO |\n"
    assert write_status(text.encode(), "p.md", {"A-1": S.COMPLETE}).decode() == text.replace("| TODO |", "| DONE |")
    plain = f"{HEAD}| A-1 | One | not_started |\n"
    assert b"| in_progress |" in write_status(plain.encode(), "p.md", {"A-1": S.IN_PROGRESS})


def test_an_empty_cell_is_filled() -> None:
    text = f"{HEAD}| A-1 | One | |\n| A-2 | Two | Done |\n"
    assert b"| A-1 | One | Done |" in write_status(text.encode(), "p.md", {"A-1": S.COMPLETE})


@pytest.mark.parametrize("name", ["table.md", "prs.md"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_each_row_is_written_alone(name: str, ending: str) -> None:
    text = (LISTS / name).read_text(encoding="utf-8").rstrip("\n").replace("\n", ending)
    written = write_each(text.encode(), name)
    assert len(written) >= 4 * len(read(text.encode(), name).work_streams)
    assert all(len(lines) <= 2 for lines in written.values())


def test_columns_of_a_line() -> None:
    (table,) = tables_of(scan(b"a | b\n--|:-:\n x\\|y |  `p|q` | z\n| 1 |\n\n", "p.md"))
    assert [cell.text for cell in table.header.cells] == ["a", "b"]
    assert [[cell.text for cell in row.cells] for row in table.rows] == [["x\\|y", "`p|q`", "z"], ["1"]]


cells = st.text(st.sampled_from(list("ab1.-|\\`*~✅🔴 \t")), max_size=12)
statuses = st.sampled_from(
    ["Todo", "🔴 Not Started", "in_progress", "**Done**", "Blocked - no glass", "", "-", "~~Todo~~"]
)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(cells, statuses, cells), min_size=1, max_size=5),
    ending=st.sampled_from(["\n", "\r\n"]),
    pick=st.integers(0, 4),
    status=st.sampled_from(S),
)
def test_any_table_is_written_back_exactly(rows: list[tuple[str, str, str]], ending: str, pick: int, status: S) -> None:
    lines = [f"| R-{number} |{a}| {status} |{b}|" for number, (a, status, b) in enumerate(rows)]
    text = ending.join(["| ID | Task | Status | Note |", "|--|--|--|--|", *lines])
    ids = [stream.id for stream in read(text.encode(), "p.md").work_streams]
    if ids:
        id_ = ids[pick % len(ids)]
        assert all(line.startswith(f"| {id_} |") for line in write_one(text.encode(), "p.md", id_, status) or [])
