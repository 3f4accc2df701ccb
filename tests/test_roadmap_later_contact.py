"""What plans of strangers taught after that: registers of tracks, epics, deferred lists, translated templates."""

from __future__ import annotations

import json

import pytest
from support_plans import changed_lines, offered, streams

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.roadmap import read, read_plan, write_status
from orchestrator_agent.roadmap.sources import Memory

S = WorkStreamStatus


def _track(title: str, *below: str) -> str:
    return "\n".join([f"- [ ] **Track: {title}", *below, "  *Link: [./tracks/a/](./tracks/a/)*", ""])


@pytest.mark.parametrize(
    "plan",
    [
        _track("Horn** *(blocked by the harbour master)*"),
        _track("Horn** (depends on: nobody knows)"),
        _track("Horn**", "  - **Depends on**: the harbour master"),
        _track("Horn** — BLOCKED"),
        _track("Horn** (on hold until spring)"),
        _track("Horn**", "  - **Status:** Deferred"),
    ],
)
def test_a_track_waits_for_what_stands_behind_its_name_or_below(plan: str) -> None:
    roadmap = read(plan.encode(), "tracks.md")
    assert roadmap.format == "tracks"
    assert [stream.id for stream in roadmap.work_streams] == ["a"]
    assert offered(roadmap) == []


@pytest.mark.parametrize("remark", ["critical path — gates 3 blocked tracks", "unblocks the gallery", "approved"])
def test_a_track_that_holds_others_up_is_offered(remark: str) -> None:
    roadmap = read(_track(f"Lamp** *({remark})*").encode(), "tracks.md")
    assert offered(roadmap) == ["a"]
    text = _track(f"Lamp** *({remark})*").encode()
    (changed,) = changed_lines(text, write_status(text, "tracks.md", {"a": S.COMPLETE}))
    assert changed == f"- [x] **Track: Lamp** *({remark})*"


def test_a_track_names_another_track() -> None:
    plan = _track("Lamp**") + _track("Log** (after a)").replace("tracks/a/", "tracks/b/")
    got = streams(plan, "tracks.md")
    assert got["b"].depends_on == ("a",)
    assert offered(read(plan.encode(), "tracks.md")) == ["a"]


def test_a_paragraph_over_a_list_speaks_of_it_in_all_its_lines() -> None:
    over = "Deferred checks by hand (again as soon as the cameras\nare there):"
    plan = f"## Valves\n- [ ] Fit them\n\n## By hand\n{over}\n\n- [ ] No drops\n"
    assert offered(read(plan.encode(), "TODO.md")) == ["fit-them"]
    other = f"## Valves\n- [ ] Fit them\n\nSome words.\n**Acceptance criteria:**\n- [ ] Dry\n\n{over}\n- [ ] No drops\n"
    assert [stream.id for stream in read(other.encode(), "TODO.md").work_streams] == ["fit-them", "no-drops"]


def _task(name: str, status: str, needs: str = "") -> bytes:
    front = f"name: {name}\nstatus: {status}\ndepends_on: [{needs}]\nparallel: true\n"
    return f"---\n{front}---\n\n# Task: {name}\n".encode()


def test_the_name_of_a_task_file_may_tell_what_became_of_it() -> None:
    files = {"e/31.md": _task("Fish", "closed"), "e/33-deferred.md": _task("Webcam", "deferred", "31")}
    files["e/34.md"] = _task("Calendar", "open", "33")
    files["e/34-analysis.md"] = _task("Calendar", "open")
    roadmap = read_plan(Memory(files), ["e"])
    got = [(stream.id, stream.status, stream.depends_on) for stream in roadmap.work_streams]
    assert got == [("31", S.COMPLETE, ()), ("33", S.BLOCKED, ("31",)), ("34", S.NOT_STARTED, ("33",))]
    assert offered(roadmap) == []
    both = read_plan(Memory(files | {"e/33.md": _task("Webcam", "open", "31")}), ["e"])
    assert sorted(stream.id for stream in both.work_streams) == ["31", "33", "33-deferred", "34"]


def test_tasks_of_an_epic_may_be_named_by_another_tracker() -> None:
    files = {"e/epic.md": b"---\nname: e\nstatus: open\n---\n", "e/h-q4.2.md": _task("Map", "closed")}
    files["e/h-q4.3.md"] = _task("Heights", "open", "h-q4.2")
    files["e/status.md"] = b"---\nname: report\nstatus: open\n---\n"
    roadmap = read_plan(Memory(files), ["e"])
    assert [(stream.id, stream.depends_on) for stream in roadmap.work_streams] == [
        ("h-q4.2", ()),
        ("h-q4.3", ("h-q4.2",)),
    ]
    assert offered(roadmap) == ["h-q4.3"]
    del files["e/epic.md"]
    assert not read_plan(Memory(files), ["e"]).work_streams


@pytest.mark.parametrize(
    ("needs", "may_start"),
    [
        ("Phase 1.0 Survey (DONE — 12 of 12 hills)", ["1.1"]),
        ("Phase 1.0 Survey (done)", ["1.1"]),
        ("Phase 1.0 Survey (12 hills are missing)", []),
        ("Phase 1.0 Survey (must be done before)", []),
    ],
)
def test_a_phase_of_elsewhere_with_a_name_is_done_when_the_plan_says_so(needs: str, may_start: list[str]) -> None:
    second = "## Phase 2: Watch\n**Depends on**: Phase 1.1\n"
    plan = f"## Phase 1.1: Code\n**Depends on**: {needs}\n**Goal**: One\n\n{second}"
    assert offered(read(plan.encode(), "ROADMAP.md")) == may_start


@pytest.mark.parametrize(
    ("heading", "none", "after"),
    [
        ("依存関係と実行順序", "依存なし - 即座に開始可能", "Phase 1 完了後 - MVP"),
        ("依赖关系", "无依赖", "Phase 1 完成后"),
        ("依赖与执行顺序", "没有依赖", "依赖 Phase 1"),
        ("Dependencias", "Sin dependencias", "Depende de Phase 1"),
        ("Dependências", "Sem dependências", "Depende da Phase 1"),
        ("Abhängigkeiten", "Keine Abhängigkeiten", "Hängt ab von Phase 1"),
        ("Dépendances", "Sans dépendances", "Dépend de Phase 1"),
    ],
)
def test_sections_about_dependencies_of_translated_templates(heading: str, none: str, after: str) -> None:
    phases = ["## Phase 1: A", "- [ ] T001 a", "## Phase 2: B", "- [ ] T002 [US1] b", "## Phase 3: C", "- [ ] T003 c"]
    said = [f"- **Phase 1 (A)**: {none}", f"- **Phase 2 (B)**: {after}", f"- **Phase 3 (C)**: {after}"]
    got = streams("\n".join(["# Tasks", *phases, f"## {heading}", *said]), "tasks.md")
    assert {id_: stream.depends_on for id_, stream in got.items()} == {"1": (), "2": ("1",), "3": ("1",)}


def test_the_last_phase_waits_for_all_stories_in_japanese() -> None:
    phases = ["## Phase 1: A", "- [X] T001 a", "## Phase 2: B", "- [ ] T002 [US1] b", "## Phase 3: C"]
    phases += ["- [ ] T003 [US2] c", "## Phase 4: 仕上げ", "- [ ] T004 d", "## 依存関係"]
    said = ["- **Phase 2 (US1)**: Phase 1 完了後", "- **Phase 3 (US2)**： Phase 1 の完了後"]
    got = streams("\n".join(["# T", *phases, *said, "- **Phase 4**: すべてのユーザーストーリー完了後"]), "tasks.md")
    assert got["4"].depends_on == ("2", "3")
    assert got["3"].depends_on == ("1",)


def _change(*steps: str) -> str:
    lines = "\n".join(f"- [ ] {step}" for step in steps)
    return f"# Tasks\n\n## 1. Read\n\n- [x] 1.1 Read it\n\n## 2. Write\n\n{lines}\n\n## 3. Tell\n\n- [ ] 3.1 Tell all\n"


@pytest.mark.parametrize(
    "steps",
    [
        ("2.1 Write it (blocked: no pencil)",),
        ("2.1 Write it (blocked by the printer)", "2.2 ~~Write more~~"),
        ("2.1 (deferred) Write it",),
        ("2.1 Write it (deferred to a later change)", "2.2 **[BLOCKED]** Write more"),
        ("2.1 Write it — BLOCKED: no pencil",),
        ("2.1 Write it - postponed until spring",),
        ("2.1 ON HOLD: write it",),
    ],
)
def test_a_section_of_which_all_open_steps_are_held_is_not_offered(steps: tuple[str, ...]) -> None:
    got = streams(_change(*steps), "tasks.md")
    assert got["2"].status is S.BLOCKED
    assert offered(read(_change(*steps).encode(), "tasks.md")) == []


@pytest.mark.parametrize(
    "steps",
    [
        ("2.1 Write it", "2.2 Write more (deferred)"),
        ("2.1 Write it (blocked by 1.1)",),
        ("2.1 Show who is (blocked) in the list",),
        ("2.1 Write it (partial: half of it)",),
        ("2.1 ~~Write it by hand~~ Write it by machine",),
        ("2.1 Tell - blocked and open - apart",),
    ],
)
def test_a_section_with_a_step_that_can_be_made_is_offered(steps: tuple[str, ...]) -> None:
    assert offered(read(_change(*steps).encode(), "tasks.md")) == ["2"]


def test_a_section_of_which_all_steps_are_crossed_out_is_cancelled() -> None:
    text = _change("~~2.1 Write it~~", "2.2 ~~Write more~~ (no longer needed)")
    assert streams(text, "tasks.md")["2"].status is S.CANCELLED
    assert offered(read(text.encode(), "tasks.md")) == ["3"]


def test_a_box_of_which_all_inner_boxes_are_held_is_not_offered() -> None:
    plan = "# Implementation Plan\n\n- [ ] 1. Dig\n  - [ ] 1.1 Dig deep (blocked: frost)\n- [ ] 2. Sow\n"
    assert streams(plan, ".kiro/specs/bed/tasks.md")["1"].status is S.BLOCKED
    assert offered(read(plan.encode(), ".kiro/specs/bed/tasks.md")) == []


def _phases(listed: str) -> str:
    sections = "".join(f"### Phase {n}: {name}\n**Depends on**: Phase 1\n\n" for n, name in ((2, "Roof"), (3, "Door")))
    rows = "| 1. Walls | Complete |\n| 2. Roof | Not started |\n| 3. Door | Not started |\n"
    boxes = f"- [x] **Phase 1: Walls**\n{listed}"
    table = f"## Progress\n\n| Phase | Status |\n|---|---|\n{rows}"
    return f"# Roadmap\n\n## Phases\n\n{boxes}\n## Details\n\n### Phase 1: Walls\nx\n\n{sections}{table}"


@pytest.mark.parametrize(
    "listed",
    [
        "- [ ] ~~**Phase 2: Roof**~~\n- [ ] **Phase 3: Door**\n",
        "- [ ] ~~**Phase 2: Roof** - tiles~~\n- [ ] **Phase 3: Door**\n",
        "- [ ] **Phase 3: Door**\n\n<details>\n<summary>v1 - Shelved 2026-01-02</summary>\n\n- [ ] Phase 2: Roof\n\n"
        "</details>\n",
        "- [ ] **Phase 3: Door**\n\n### v1 Roof (Deferred)\n\n- [ ] **Phase 2: Roof**\n",
    ],
)
def test_what_the_list_of_phases_crosses_out_or_shelves_is_not_offered(listed: str) -> None:
    roadmap = read(_phases(listed).encode(), "ROADMAP.md")
    assert offered(roadmap) == ["3"]
    assert streams(_phases(listed), "ROADMAP.md")["2"].status is S.BLOCKED


def test_a_fold_ends() -> None:
    fold = "<details><summary>v0 (deferred)</summary>\n</details>\n"
    listed = f"{fold}\n- [ ] **Phase 2: Roof**\n- [ ] **Phase 3: Door**\n"
    assert offered(read(_phases(listed).encode(), "ROADMAP.md")) == ["2", "3"]


def _sprint(value: str) -> str:
    return f"development_status:\n  epic-1: done\n  1-1-a: done\n  epic-2: backlog\n  2-1-b: {value}\n  2-2-c: done\n"


@pytest.mark.parametrize(
    "value",
    ["backlog  # needs 1-9", "ready-for-dev  # BLOCKED on a key", "backlog # on hold", "backlog # moved to epic 3"],
)
def test_a_comment_holds_a_story_back(value: str) -> None:
    text = _sprint(value)
    assert streams(text, "sprint-status.yaml")["2-1-b"].status is S.BLOCKED
    assert offered(read(text.encode(), "sprint-status.yaml")) == []


@pytest.mark.parametrize(
    ("value", "needs"),
    [
        ("backlog # needs 1-1", ("1-1-a",)),
        ("backlog # depends on 1-1-a and 2.2", ("1-1-a", "2-2-c")),
        ("backlog # after epic 1", ()),
        ('"backlog" # Tier A, 3 points', ()),
        ("backlog#7", None),
    ],
)
def test_a_comment_of_a_story_is_read(value: str, needs: tuple[str, ...] | None) -> None:
    text = _sprint(value)
    got = streams(text, "sprint-status.yaml")["2-1-b"]
    if needs is None:
        assert got.status is S.BLOCKED
        return
    assert got.depends_on == needs
    assert offered(read(text.encode(), "sprint-status.yaml")) == ["2-1-b"]
    (changed,) = changed_lines(text.encode(), write_status(text.encode(), "sprint-status.yaml", {"2-1-b": S.COMPLETE}))
    assert changed.partition("#")[2] == value.partition("#")[2]


HELD = (
    "> **NOTE**: blocked until the licence arrives",
    "**⚠️ DEFERRED**: later release.",
    "**Blocked**: no key",
    "Blocked by the vendor.",
    "⏸️ On hold until spring.",
    "> ⚠️ **Blocked on legal review**",
    "This phase is deferred since nobody asked for it.",
    "(deferred)",
    "**CANCELLED** 2026-01-02",
    "> [!WARNING]\n> Deferred until v2.",
)
NOT_HELD = (
    "Deferred rendering keeps frames short.",
    "Blocked users are shown in red.",
    "The sessions of those\nblocked by the door are shown.",
    "**Blocked**: none",
    "Blocked: no",
    "- Deferred: dark mode",
    "| Deferred | Why |\n|---|---|\n| **Fax** | old |",
)


def _with_line(line: str) -> list[tuple[str, str]]:
    """The same plan in several forms, with a line below its second piece of work."""
    inner = line.replace("\n", "\n  ")
    return [
        (f"# T\n\n## 1. A\n\n- [x] 1.1 a\n\n## 2. B\n\n{line}\n\n- [ ] 2.1 b\n\n## 3. C\n\n- [ ] 3.1 c\n", "tasks.md"),
        (f"# P\n\n## Phase 1: A ✅\n\n- a\n\n## Phase 2: B\n\n{line}\n\n- b\n- c\n\n## Phase 3: C\n\n- d\n", "PLAN.md"),
        (f"# P\n\n- [x] 1. A\n- [ ] 2. B\n\n  {inner}\n\n  - [ ] 2.1 b\n- [ ] 3. C\n  - _Depends: 2_\n", "tasks.md"),
    ]


@pytest.mark.parametrize("line", HELD)
def test_a_line_below_a_heading_holds_the_work_back(line: str) -> None:
    for plan, name in _with_line(line):
        assert streams(plan, name)["2"].status is S.BLOCKED, plan
        assert offered(read(plan.encode(), name)) == [], plan


@pytest.mark.parametrize("line", NOT_HELD)
def test_other_lines_do_not(line: str) -> None:
    for plan, name in _with_line(line):
        assert offered(read(plan.encode(), name)) == ["2"], plan


@pytest.mark.parametrize("line", ["Blocked by Phase 1.", "> Blocked until **Phase 1** is done", "**Blocked**: phase 1"])
def test_a_line_that_names_other_work_is_a_dependency(line: str) -> None:
    plan, name = _with_line(line)[1]
    assert streams(plan, name)["2"].depends_on == ("1",)
    assert "2" in offered(read(plan.encode(), name))
    waiting, name = _with_line(line.replace("1", "3"))[1]
    assert "2" not in offered(read(waiting.encode(), name))


def test_a_line_below_a_heading_of_its_own_speaks_of_what_stands_there() -> None:
    plan, name = _with_line("### Notes\nDeferred: dark mode")[1]
    assert offered(read(plan.encode(), name)) == ["2"]


def test_work_under_way_is_not_held_by_a_line() -> None:
    plan = "# P\n\n## Phase 1: A\n**Status:** Complete\n\n**DEFERRED**: the second half.\n\n## Phase 2: B\n\n- b\n"
    assert streams(plan, "PLAN.md")["1"].status is S.COMPLETE


@pytest.mark.parametrize("name", ["~~B~~", "~~B~~ (superseded)", "~~B~~ — too dear"])
def test_a_name_that_is_crossed_out_behind_its_number_is_cancelled(name: str) -> None:
    plans = [plan.replace("2. B", f"2. {name}").replace("2: B", f"2: {name}") for plan, _ in _with_line("Words.")]
    for plan in plans:
        got = streams(plan, "tasks.md")["2"]
        assert (got.name, got.status) == ("B", S.CANCELLED), plan
    renamed = _with_line("Words.")[0][0].replace("2. B", "2. ~~B~~ D")
    assert offered(read(renamed.encode(), "tasks.md")) == ["2"]


def test_a_task_may_be_called_by_its_number() -> None:
    boxes = "- [DONE] Task-001: Soap\n- [TODO] Task-002: Wash (after task-001)\n"
    plan = f"# Tasks\n\n{boxes}- [TODO] Task-003: Dry (blocked by Task-002)\n"
    got = streams(plan, "TASKS.md")
    assert got["Task-003"].depends_on == ("Task-002",)
    assert offered(read(plan.encode(), "TASKS.md")) == ["Task-002"]


def _tasks(title: str) -> tuple[str, str]:
    tasks = [{"id": 1, "title": "A", "status": "done", "dependencies": []}]
    tasks.append({"id": 2, "title": title, "status": "pending", "dependencies": [1]})
    return json.dumps({"master": {"tasks": tasks}}), "tasks.json"


@pytest.mark.parametrize("title", ["[BLOCKED] Fax", "Fax (deferred)", "DEFERRED: fax", "Fax (on hold until spring)"])
def test_a_store_in_which_the_name_holds_the_work_back(title: str) -> None:
    text, name = _tasks(title)
    assert streams(text, name)["2"].status is S.BLOCKED
    assert offered(read(text.encode(), name)) == []


@pytest.mark.parametrize("title", ["List the blocked users", "Fax - blocked numbers", "[API] Fax", "Fax (optional)"])
def test_a_store_in_which_the_name_says_no_such_thing(title: str) -> None:
    text, name = _tasks(title)
    assert offered(read(text.encode(), name)) == ["2"]


def test_the_notes_of_a_story_hold_it_back() -> None:
    def stories(notes: str) -> bytes:
        first = {"id": "US-1", "title": "A", "passes": False, "priority": 1, "notes": notes}
        second = {"id": "US-2", "title": "B", "passes": False, "priority": 2}
        return json.dumps({"userStories": [first, second]}).encode()

    assert offered(read(stories("BLOCKED: no key"), "prd.json")) == ["US-2"]
    assert offered(read(stories("Blocked users are shown"), "prd.json")) == ["US-1"]


@pytest.mark.parametrize(("label", "offers"), [("blocked", []), ("Deferred", []), ("unblocked", ["o-1"])])
def test_a_label_of_an_issue_holds_it_back(label: str, offers: list[str]) -> None:
    issue = {"id": "o-1", "title": "A", "status": "open", "issue_type": "task", "labels": ["v2", label]}
    assert offered(read(json.dumps(issue).encode(), "issues.jsonl")) == offers
