"""What plans of strangers taught the readers, a rule each: the texts are ours."""

from __future__ import annotations

import pytest
from support_plans import offered, streams, write_each

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.roadmap import read

S = WorkStreamStatus


def may_start(text: str, name: str = "plan.md") -> list[str]:
    return offered(read(text.encode(), name))


# ---- other languages


@pytest.mark.parametrize(
    ("status", "done", "begun", "open_", "needs"),
    [
        ("狀態", "已完成", "部分完成", "未開始", "依賴"),
        ("상태", "완료", "진행 중", "예정", "선행 작업"),
        ("Статус", "выполнено", "в процессе", "не начато", "Зависит от"),
        ("ステータス", "完了", "進行中", "未着手", "依存"),
        ("Trạng thái", "hoàn thành", "đang làm", "chưa bắt đầu", "Phụ thuộc"),
    ],
)
def test_a_status_is_understood_in_more_languages(status: str, done: str, begun: str, open_: str, needs: str) -> None:
    text = (
        f"## Phase 1: A\n\n**{status}:** {done}\n\n## Phase 2: B\n\n**{status}:** {begun}\n\n"
        f"## Phase 3: C\n\n**{status}:** {open_}\n**{needs}:** Phase 1\n\n"
        f"## Phase 4: D\n\n**{status}:** {open_}\n**{needs}:** Phase 2\n"
    )
    got = streams(text)
    assert [stream.status for stream in got.values()] == [S.COMPLETE, S.IN_PROGRESS, S.NOT_STARTED, S.NOT_STARTED]
    assert may_start(text) == ["3"]
    rows = f"| ID | Task | {status} |\n|---|---|---|\n| T1 | A | {done} |\n| T2 | B | {begun} |\n| T3 | C | {open_} |\n"
    assert may_start(rows) == ["T3"]


def test_a_number_may_stand_before_its_word() -> None:
    text = "## 1단계: A\n\n- [x] a\n\n## 2단계: B\n\n- [ ] b\n\n## 3단계: C\n\n- [ ] c\n"
    assert list(streams(text)) == ["1", "2", "3"]
    assert may_start(text) == ["2"]


# ---- ids


def test_a_number_before_a_numbered_word_only_counts_what_is_listed() -> None:
    text = (
        "### 1. Prompt 1: Hull ✅\n- `hull.py`\n\n### 2. Prompt 3: Sails ✅\n- `sails.py`\n\n"
        "### **Prompt 2: Mast** ⏳\n**Status:** Not started\n"
    )
    assert [(id_, stream.status) for id_, stream in streams(text).items()] == [
        ("1", S.COMPLETE),
        ("3", S.COMPLETE),
        ("2", S.NOT_STARTED),
    ]
    assert may_start(text) == ["2"]
    assert write_each(text.encode(), "plan.md")


# ---- needs


@pytest.mark.parametrize("needs", ["**Depends on:** Phase 1", "Dependencies: Phase 1"])
def test_a_list_behind_a_blank_line_is_not_needed(needs: str) -> None:
    text = f"## Phase 1: Hull\n**Status:** done\n\n## Phase 2: Mast\n**Status:** open\n{needs}\n\n- pine\n- rope\n"
    assert streams(text)["2"].unresolved == ()
    assert may_start(text) == ["2"]
    assert streams(text.replace("\n\n- pine", "\n- pine"))["2"].unresolved == ("pine", "rope")
    assert streams(text.replace("Phase 1\n\n- pine", "all of these:\n\n- pine"))["2"].unresolved


def test_what_comes_from_other_work_waits_for_that() -> None:
    text = (
        "| ID | Task | Status | Depends on |\n|---|---|---|---|\n| K1 | Keel | done | - |\n"
        "| K2 | Mast | open | timber from K1 |\n| K3 | Sail | open | independent of K2; cloth from the K mill |\n"
    )
    got = streams(text)
    assert (got["K2"].depends_on, got["K2"].unresolved) == (("K1",), ())
    assert got["K3"].depends_on == ()
    assert may_start(text) == ["K2"]


# ---- what is work


def test_a_table_of_ids_is_work_whatever_its_head() -> None:
    text = "| Talk | Status |\n|---|---|\n| A01 Paper | done |\n| A02 Thread | open |\n"
    assert {id_: stream.name for id_, stream in streams(text).items()} == {"A01": "Paper", "A02": "Thread"}
    assert not streams("| Talk | Status |\n|---|---|\n| Paper | done |\n| Thread | open |\n")


def test_stages_are_work_in_what_calls_itself_a_plan() -> None:
    stages = "## Stage 1: Hull\n- planks\n\n## Stage 2: Mast\n- pine\n"
    assert may_start(f"# Plan of the boat\n\n{stages}") == ["1"]
    assert not streams(f"# How boats are built\n\n{stages}")


def test_one_numbered_heading_among_many_boxes_is_a_group() -> None:
    text = "# Boat\n\n## Phase 1: Hull ✅\n- [x] Saw\n\n## Deck\n- [ ] Oak\n- [x] Pitch\n"
    assert [stream.name for stream in streams(text).values()] == ["Saw", "Oak", "Pitch"]
    assert list(streams(text.replace("## Deck\n- [ ] Oak\n", ""))) == ["1"]


def test_a_heading_without_a_number_beside_others_is_work_when_it_says_so() -> None:
    beside = (
        "### Phase 1: Hull\n**Status:** {}\n\n### Phase 2: Mast\n**Status:** open\n\n"
        "### Launch\n**Status:** open\n"
    )
    assert list(streams(beside.format("open"))) == ["1", "2", "launch"]
    assert may_start(beside.format("open")) == ["1"]
    assert may_start(beside.format("done")) == ["2"]
    assert list(streams(beside.format("open").replace("### Launch\n**Status:** open", "### Launch\nA party."))) == [
        "1",
        "2",
    ]


def test_bullets_that_are_not_read_are_told_of() -> None:
    text = "# To do\n\n- Hull\n- Mast\n- [x] Flag\n"
    (warning,) = read(text.encode(), "todo.md").warnings
    assert "todo.md:3: 2 bullets without boxes are not read" in warning
    assert not read(text.replace("- Hull\n- Mast\n", "- Hull\n").encode(), "todo.md").warnings


def test_a_picture_before_a_box_changes_with_it() -> None:
    written = write_each(b"# Boat\n\n- [x] \xe2\x9c\x85 **Hull**\n- [ ] Mast\n", "plan.md")
    assert written["hull", S.NOT_STARTED] == ["- [ ] ⏳ **Hull**"]
    assert written["hull", S.BLOCKED] == ["- [ ] ⛔ **Hull**"]


# ---- what a title says


@pytest.mark.parametrize(
    "title",
    [
        "Phase 1: Hull ✅ → [brief](briefs/a-rather-long-name-of-a-file-that-tells-all-about-the-hull-and-planks.md)",
        "Phase 1: Hull *(trial)* ✅ &nbsp;→ [`brief`](hull.md)",
        "Phase 1 ✅: Hull",
        "Phase 1: ✅ Hull",
        "Phase 1 (DONE): Hull",
        "Phase 1 [x]: Hull",
    ],
)
def test_a_title_says_in_many_ways_that_work_is_done(title: str) -> None:
    text = f"# Roadmap\n\n## {title}\nPlanks.\n\n## Phase 2: Mast\nPine.\n"
    hull = streams(text)["1"]
    assert (hull.name.removesuffix(" *(trial)"), hull.status) == ("Hull", S.COMPLETE)
    assert may_start(text) == ["2"]
    assert write_each(text.encode(), "plan.md")


@pytest.mark.parametrize(
    "name",
    [
        "Hull ✅ shipped by Ada",
        "Hull (100% complete)",
        "Hull :white_check_mark:",
        "Hull `done`",
        "Hull (Status: Done)",
        "Hull (awaiting sign-off)",
        "Hull ✅, moved to the archive",
        "Hull 100%",
        "Hull, done",
        "Hull <!-- status: done -->",
        "Hull (TBD)",
        "Hull (owner: ada)",
        "Hull (@ada)",
        "Hull (PR #12 open)",
        "Hull, waiting for Ada",
    ],
)
def test_a_title_that_may_say_that_work_is_done_is_not_offered(name: str) -> None:
    text = f"# Roadmap\n\n## Phase 1: {name}\nPlanks.\n\n## Phase 2: Mast\nPine.\n"
    assert streams(text)["1"].status is S.BLOCKED
    assert may_start(text) == []


@pytest.mark.parametrize(
    "line",
    [
        "~~Hull~~ moved to #12",
        "Hull (awaiting sign-off)",
        "Hull `blocked`",
        "Hull *deferred*",
        "Hull: done",
        "Done: Hull",
        "Hull (50%)",
        "Hull (not needed any more)",
        "Hull (duplicate)",
        "Hull ⛔ no key",
        "Hull ✅ shipped in May",
        "Hull <!-- in progress -->",
        "Hull - TBD",
        "Hull [owner: @ada]",
        "Hull (in PR #12)",
        "Hull: blocked by the yard",
    ],
)
def test_a_box_that_may_not_be_free_is_not_offered(line: str) -> None:
    assert len(may_start(f"# Boat\n\n- [ ] {line}\n- [ ] Mast\n")) == 1
    free = "# Boat\n\n- [ ] Show ✅ behind what floats\n- [ ] Paint 50% of it <!-- oak -->\n- [ ] Hull (owner: team)\n"
    assert len(may_start(free)) == 3
    assert may_start("# Boat\n\n- [ ] Hull with a `done` sign (oak) ✔️ dry\n- [ ] Testing: a day at sea\n") != []


def test_a_party_is_no_status() -> None:
    assert may_start("# Boat\n\n- [ ] 🎉 Launch\n") == ["launch"]


# ---- other ids for the same work


def test_a_table_and_sections_of_the_same_names_are_the_same_work() -> None:
    rows = "| ID | Name | Status |\n|---|---|---|\n| WS-1 | Hull | {} |\n| WS-2 | Mast | Not Started |\n\n"
    sections = (
        "### Phase 1.1: Hull\n- **Status:** {}\n\n### Phase 1.2: Mast\n- **Status:** Not Started\n"
        "- **Depends On:** WS-1\n"
    )
    text = f"# Roadmap\n\n{rows}{sections}"
    assert streams(text.format("Complete", "Complete"))["1.2"].depends_on == ("1.1",)
    assert may_start(text.format("Complete", "Complete")) == ["1.2"]
    assert may_start(text.format("Not Started", "Not Started")) == ["1.1"]
    assert may_start(text.format("Complete", "Not Started")) == []  # they disagree


def test_a_phase_with_rows_in_it_is_none_of_them() -> None:
    text = (
        "# Tracker\n\n## Phase 1: Hull (complete)\n\n| # | Task | Status |\n|---|---|---|\n| 1 | Saw | done |\n\n"
        "## Phase 2: Mast\n\n| # | Task | Status |\n|---|---|---|\n| 2 | Pine | open |\n"
    )
    assert not any("| 1 |" in stream.description for stream in streams(text).values())
    assert may_start(text) == ["2"]
    assert write_each(text.encode(), "plan.md")


def test_tables_of_the_same_columns_may_call_their_ids_otherwise() -> None:
    heads = "| {} | Description | Status |\n|---|---|---|\n"
    first = f"# Progress\n\n## Phase 1\n\n{heads.format('Step')}| 1.0 | Saw | DONE |\n| 1.1 | Bend | |\n"
    second = f"\n## Phase 2\n\n{heads.format('Milestone')}| 2b.1 | Pine | |\n| 2b.2 | Rope | |\n"
    assert list(streams(first + second)) == ["1.0", "1.1", "2b.1", "2b.2"]
    assert may_start(first + second) == ["1.1"]
    # Where one says "todo", the silence of another is not understood.
    said = streams(first.replace("Bend | |", "Bend | TODO |") + second)
    assert said["2b.1"].status is S.BLOCKED


# ---- milestones


def test_milestones_are_work_in_their_order() -> None:
    text = "# Roadmap\n\n## 2. Milestones\n\n### M0 — Hull\nOak.\n\n### M1 — Mast\nPine.\n\n### M1.5 — Sail\nLinen.\n"
    assert list(streams(text)) == ["M0", "M1", "M1.5"]
    assert may_start(text) == ["M0"]
    assert not streams(text.replace("# Roadmap", "# How boats are built"))


def test_short_ids_are_understood_in_a_text() -> None:
    text = "# Roadmap\n\n### M0 — Hull ✅\nOak.\n\n### M1 — Mast 🚧\nPine.\n\n### M2 — Sail ⏳\nNeeds M1's rings.\n"
    assert streams(text)["M2"].depends_on == ("M1",)


def test_decisions_are_no_work() -> None:
    text = "# Roadmap\n\n## Phase 1: Hull\n- [ ] Saw\n\n## Open decisions (by May)\n- [ ] Oak?\n"
    assert list(streams(text)) == ["1"]
