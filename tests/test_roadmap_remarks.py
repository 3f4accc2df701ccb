"""What stands before and behind a status, and words of other languages: nothing of it may make work look free."""

from __future__ import annotations

import pytest

from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.roadmap import read, write_status
from orchestrator_agent.roadmap.availability import availability
from orchestrator_agent.roadmap.dependencies import read_dependencies
from orchestrator_agent.roadmap.fields import claimant
from orchestrator_agent.roadmap.known import Known


def streams(text: str) -> tuple[WorkStream, ...]:
    return read(text.encode(), "PLAN.md").work_streams


def box(text: str) -> WorkStream:
    return streams(f"# TODO\n\n- [ ] {text}\n- [ ] Other\n")[0]


@pytest.mark.parametrize(
    ("text", "name", "status"),
    [
        ("Import (completed 2026-01-02)", "Import", "complete"),
        ("Import - done 2026-01-02", "Import", "complete"),
        ("Import (done in #77)", "Import", "complete"),
        ("Import ✅ 2026-01-02", "Import", "complete"),
        ("Import (in progress, Ada)", "Import", "in_progress"),
        ("Import — IN PROGRESS (Ada)", "Import", "in_progress"),
        ("Import (superseded by Export)", "Import", "cancelled"),
        ("~~Import~~ (cannot reproduce)", "Import", "cancelled"),
        ("BLOCKED: Import", "Import", "blocked"),
        ("[WIP] Import", "Import", "in_progress"),
        ("❌ Import", "Import", "cancelled"),
        ("Import states - open, closed", "Import states - open, closed", "not_started"),
        ("Import (done by the server)", "Import (done by the server)", "not_started"),
        ("[Done](https://example.org) button", "Done button", "not_started"),
        ("API: versions", "API: versions", "not_started"),
        ("🔴 Import", "🔴 Import", "not_started"),
    ],
)
def test_words_around_the_name_of_a_box(text: str, name: str, status: str) -> None:
    found = box(text)
    assert (found.name, found.status.value) == (name, status)


def test_a_box_with_a_word_before_its_name_is_written_back() -> None:
    plan = b"- [ ] BLOCKED: Import\n- [ ] Other\n"
    after = write_status(plan, "TODO.md", {"import": WorkStreamStatus.COMPLETE})
    assert after == b"- [x] COMPLETE: Import\n- [ ] Other\n"


def test_effort_and_claim_behind_a_name() -> None:
    found = box("Import maps (M) @ada")
    assert (found.name, found.effort, found.assigned_to) == ("Import maps", "M", "ada")
    assert box("Rename it to @media").assigned_to is None
    assert box("Import maps `S`").effort == "S"


@pytest.mark.parametrize(
    "status",
    [
        "Not Started (blocked)",
        "Not Started (blocked on Feature 2)",
        "Not Started — on hold",
        "Planned (awaiting legal)",
        "~~Not Started~~ Superseded",
        "Ready for QA",
        "Pending review",
        "Pending approval",
        "40%",
    ],
)
def test_a_status_that_only_begins_like_open_work_offers_nothing(status: str) -> None:
    plan = f"### Feature 1: A\n- **Status:** {status}\n\n### Feature 2: B\n- **Status:** Not Started\n"
    may = availability(streams(plan))
    assert [id_ for id_, found in may.items() if found.available] == ["2"]
    after = write_status(plan.encode(), "PLAN.md", {"1": WorkStreamStatus.COMPLETE}).decode()
    assert [old == new for old, new in zip(plan.split("\n"), after.split("\n"), strict=True)].count(False) == 1


def test_a_heading_in_words_against_its_field_is_not_offered() -> None:
    plan = "### Phase 1: A [CANCELLED]\n- **Status:** Not Started\n\n### Phase 2: B\n- **Status:** Not Started\n"
    assert streams(plan)[0].status is WorkStreamStatus.BLOCKED


def test_a_tick_before_a_heading_against_its_field_is_not_offered() -> None:
    plan = "### ✅ Work Stream 1: A\n**Status:** Not Started\n\n### ⚪ Work Stream 2: B\n**Status:** Not Started\n"
    assert [found.available for found in availability(streams(plan)).values()] == [False, True]


@pytest.mark.parametrize(
    "line", ["A (S) - ON HOLD", "A — blocked by vendor", "A (claimed by Ada, S)", "A (optional)", "A [WIP]", "A - DONE"]
)
def test_words_in_a_line_against_its_picture_keep_it_from_being_offered(line: str) -> None:
    plan = f"# Roadmap\n\n⚪ REQ-1: {line}\n⚪ REQ-2: B (S)\n"
    assert [found.available for found in availability(streams(plan)).values()] == [False, True]
    after = write_status(plan.encode(), "PLAN.md", {"REQ-1": WorkStreamStatus.COMPLETE}).decode()
    assert after.split("\n")[3] == plan.split("\n")[3]


@pytest.mark.parametrize(
    "title",
    ["Under consideration", "Recently completed", "Not doing", "Questions for Ada", "Before release", "Lessons"],
)
def test_boxes_that_are_no_work_to_begin(title: str) -> None:
    plan = f"# TODO\n\n## Now\n- [ ] A\n\n## {title}\n- [ ] B\n"
    may = availability(streams(plan))
    assert [id_ for id_, found in may.items() if found.available] == ["a"]


def test_headings_below_the_columns_of_a_board() -> None:
    plan = "# Roadmap\n\n## Completed\n### A\nText.\n\n## Planned\n### B\nText.\n\n## Maybe\n### C\nText.\n"
    assert [(s.id, s.status.value) for s in streams(plan)] == [("a", "complete"), ("b", "not_started")]


def test_a_table_that_sums_up_phases_of_steps_is_none_of_work() -> None:
    table = "| Phase | Tasks | Status |\n|---|---|---|\n| Setup | 2 | Done |\n| Core | 2 | Open |\n"
    steps = "## Phase 1: Setup\n- [x] T001 A\n- [x] T002 B\n\n## Phase 2: Core\n- [ ] T003 C\n- [ ] T004 D\n"
    assert [s.name for s in streams(f"# Tasks\n\n{table}\n{steps}")] == ["Setup", "Core"]


def test_brackets_of_a_heading_name_what_it_needs() -> None:
    plan = "## Phase 1: A\n- [x] a\n\n## Phase 2: B (depends on Phase 1)\n- [ ] b\n"
    assert (streams(plan)[1].name, streams(plan)[1].depends_on) == ("B", ("1",))
    other = "### Phase 1: Texts (after line 60)\nProse.\n\n### Phase 2: Tables (after each group)\nProse.\n"
    assert [stream.name for stream in streams(other)] == ["Texts (after line 60)", "Tables (after each group)"]


@pytest.mark.parametrize(
    ("text", "ids", "unresolved"),
    [
        ("WP-1 and WP-2 must complete first", ("WP-1", "WP-2"), ()),
        ("WP-1 AND WP-2", ("WP-1", "WP-2"), ()),
        ("WP-1 and legal review", ("WP-1",), ("legal review",)),
        ("WP-1 Search and Replace", ("WP-1",), ()),
        ("all of Batch 1", ("WP-1", "WP-2"), ()),
        ("Previous phase", ("WP-2",), ()),
        ("[None]", (), ()),
        ("(none)", (), ()),
    ],
)
def test_dependencies_with_more_words(text: str, ids: tuple[str, ...], unresolved: tuple[str, ...]) -> None:
    known = Known.of([("WP-1", "Search", "Batch 1"), ("WP-2", "Store", "Batch 1"), ("WP-3", "Page", "Batch 2")])
    found = read_dependencies(text, known, "WP-3")
    assert (found.ids, found.unresolved) == (ids, unresolved)


@pytest.mark.parametrize(
    ("name", "claim"),
    [("Backend Developer", None), ("QA Team 2", None), ("Ada (Developer)", "Ada (Developer)"), ("@team", "team")],
)
def test_a_role_alone_claims_nothing(name: str, claim: str | None) -> None:
    assert claimant(name, certain=True) == claim


@pytest.mark.parametrize(
    "plan",
    [
        "## Fase 1: A\n**Status:** Concluído\n\n## Fase 2: B\n**Status:** Pendente\n**Dependências:** Fase 1\n",
        "## Phase 1: A\n**Statut:** Terminé\n\n## Phase 2: B\n**Statut:** À faire\n**Dépendances:** Phase 1\n",
        "## Aufgabe 1: A\nStatus: erledigt\n\n## Aufgabe 2: B\nStatus: offen\nAbhängigkeiten: Aufgabe 1\n",
        "## 阶段一：A\n**状态**：已完成\n\n## 阶段二：B\n**状态**：未开始\n**依赖**：阶段一\n",
        "## 第一阶段：A\n状态:完成\n\n## 第二阶段：B\n状态:待办\n依赖:第一阶段\n",
    ],
)
def test_words_of_other_languages(plan: str) -> None:
    first, second = streams(plan)
    assert (first.name, first.status, second.status) == ("A", WorkStreamStatus.COMPLETE, WorkStreamStatus.NOT_STARTED)
    assert second.depends_on == (first.id,)
    assert availability([first, second])[second.id].available
