"""What misleads a reader of real plans, one trap after another, each in a small plan of its own."""

from __future__ import annotations

import json

import pytest

from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.roadmap import Roadmap, read, read_plan, write_status
from orchestrator_agent.roadmap.availability import availability
from orchestrator_agent.roadmap.sources import Memory

S = WorkStreamStatus


def plan(text: str, path: str = "plans/roadmap.md") -> Roadmap:
    return read(text.encode(), path)


def by_id(roadmap: Roadmap) -> dict[str, WorkStream]:
    return {stream.id: stream for stream in roadmap.work_streams}


def offered(roadmap: Roadmap) -> set[str]:
    return {id_ for id_, may in availability(roadmap.work_streams).items() if may.available}


# ---- 1: colours lie


def test_the_words_beside_a_colour_decide() -> None:
    got = by_id(
        plan(
            "### Phase 1: A\n- **Status:** 🔴 Not Started\n\n### Phase 2: B\n- **Status:** 🟢 Ready\n\n"
            "### Phase 3: C\n- **Status:** ✅ **ACTIVE**\n\n### Phase 4: D\n- **Status:** 🔵 Blocked\n"
        )
    )
    assert [got[id_].status for id_ in "1234"] == [S.NOT_STARTED, S.NOT_STARTED, S.IN_PROGRESS, S.BLOCKED]


def test_a_lone_colour_means_what_the_legend_of_the_file_says() -> None:
    rows = "| ID | Task | Status |\n|---|---|---|\n| P1 | Knead | 🔴 |\n| P2 | Bake | 🔵 |\n| P3 | Sell | 🟢 |\n"
    got = by_id(plan(f"## Legend\n\n- 🔴 Not Started\n- 🔵 Blocked\n- 🟢 Complete\n\n## Dashboard\n\n{rows}"))
    assert [got[id_].status for id_ in ("P1", "P2", "P3")] == [S.NOT_STARTED, S.BLOCKED, S.COMPLETE]


def test_a_severity_and_a_column_of_ticks_are_no_status() -> None:
    (bug,) = plan("### Phase 1: Leak\n- **Severity:** 🔴 CRITICAL\n- **Status:** ⚪ Not Started\n").work_streams
    assert bug.status is S.NOT_STARTED
    rows = "| ID | Task | Parallelizable | Status |\n|---|---|---|---|\n| W1 | Dig | ✅ start at once | Not Started |\n"
    (dig,) = plan(rows).work_streams
    assert (dig.status, offered(plan(rows))) == (S.NOT_STARTED, {"W1"})


def test_the_status_of_the_document_is_nobodys() -> None:
    got = plan("# Plan\n\n**Status:** 🟢 Phase 1-3 Complete\n\n### Phase 4: Sell\n- **Status:** ⚪ Not Started\n")
    assert [(stream.id, stream.status) for stream in got.work_streams] == [("4", S.NOT_STARTED)]


# ---- 2: legends and templates


def test_legends_and_templates_hold_no_work() -> None:
    got = plan(
        "# Plan\n\n## Status indicators\n\n- [ ] Not Started\n- [x] Complete\n- ~~[~] Parked~~\n\n"
        "## How to use\n\n### Phase N.M: [Goal]\n- **Status:** ⚪ Not Started\n\n"
        "## Batch 1\n\n### Phase 1.1: Real\n- **Status:** ⚪ Not Started\n"
    )
    assert [stream.id for stream in got.work_streams] == ["1.1"]


# ---- 3: code fences


@pytest.mark.parametrize("fence", ["```", "~~~~", "  ```"])
def test_fences_hold_no_work(fence: str) -> None:
    example = f"{fence}\n### Phase 9.9: Example\n- [ ] example\n{fence}\n"
    got = plan(f"### Phase 1.1: Real\n- **Status:** ⚪ Not Started\n- **Design Notes:**\n{example}\n")
    assert [stream.id for stream in got.work_streams] == ["1.1"]
    assert "example" not in by_id(got)["1.1"].tasks


def test_a_fence_of_markdown_may_hold_fences() -> None:
    text = "````markdown\n# Readme\n```sh\nls\n```\n- [ ] example\n````\n\n- [ ] real\n"
    assert [stream.name for stream in plan(text, "TODO.md").work_streams] == ["real"]


# ---- 4: criteria are not work


@pytest.mark.parametrize(
    "title",
    [
        "Success Criteria",
        "Acceptance Criteria",
        "Definition of Done",
        "Exit checklist",
        "Open Questions",
        "Graduation Signals",
    ],
)
def test_lists_of_criteria_are_no_work(title: str) -> None:
    got = plan(f"## Work\n\n- [ ] Dig\n\n## {title}\n\n- [ ] dry in the rain\n", "TODO.md")
    assert [stream.name for stream in got.work_streams] == ["Dig"]


def test_done_when_is_kept_as_criteria() -> None:
    (got,) = plan(
        "### Phase 1: Dig\n- **Status:** ⚪\n- **Done When:**\n  - [ ] dry\n- **Tasks:**\n  - [ ] dig\n"
    ).work_streams
    assert (got.done_when, got.tasks) == ("dry", ("dig",))


# ---- 5: summaries contradict items


def test_counters_and_summaries_do_not_count() -> None:
    got = plan(
        "# Plan\n\n**Completed: 0/2** · Progress: 5/5\n\n- [x] Dig\n- [ ] Fill\n\n## Final status\n\nAll shipped ✅\n",
        "TODO.md",
    )
    assert [stream.status for stream in got.work_streams] == [S.COMPLETE, S.NOT_STARTED]


def test_an_open_box_over_checked_ones_is_not_offered() -> None:
    got = plan("- [ ] 1. Dig\n- [x] 1.1 Loosen\n- [x] 1.2 Lift\n- [ ] 2. Fill\n", ".kiro/specs/pond/tasks.md")
    assert [stream.id for stream in got.work_streams] == ["1", "2"]
    assert offered(got) == {"2"}


# ---- 6: numbers that are no ids, and ids that are no numbers


def test_ids_keep_their_zeros() -> None:
    text = "".join(
        f"### Phase {id_}: Part {id_}\n- **Status:** ⚪ Not Started\n\n" for id_ in ("3.1", "3.10", "24.02", "01")
    )
    assert [stream.id for stream in plan(text).work_streams] == ["3.1", "3.10", "24.02", "01"]


def test_priorities_dates_and_versions_are_no_ids() -> None:
    rows = "| Priority | Task | Status |\n|---|---|---|\n| 0 | Settings page | Done |\n| 0 | Search | Open |\n"
    assert {stream.id for stream in plan(rows, "PROGRESS.md").work_streams}.isdisjoint({"0"})
    got = plan("- [ ] 2026-03-01 send the letters\n- [ ] v1.4 release notes\n", "TODO.md")
    assert {stream.id for stream in got.work_streams}.isdisjoint({"2026", "1.4", "2026-03-01"})


def test_a_place_in_a_queue_is_no_id() -> None:
    first = plan("# Queue\n\n- [ ] Dig\n- [ ] Fill\n", "TODO.md")
    later = plan("# Queue\n\n- [ ] Fill\n", "TODO.md")
    assert by_id(first).keys() > by_id(later).keys()


# ---- 7: ids repeat


def test_mentions_of_one_id_are_one_item_and_are_written_together() -> None:
    text = (
        "- [ ] **Phase 1: Dig** - a hole\n- [ ] **Phase 2: Fill** - it\n\n### Phase 1: Dig\n**Depends on**: Nothing\n\n"
        "Plans:\n- [ ] 01-01: Loosen\n\n### Phase 2: Fill\n**Depends on**: Phase 1\n\nPlans:\n- [ ] 02-01: Tip\n\n"
        "## Progress\n\n"
        "| Phase | Plans Complete | Status | Completed |\n|---|---|---|---|\n| 1. Dig | 0/1 | Not started | - |\n"
        "| 2. Fill | 0/1 | Not started | - |\n"
    )
    got = plan(text, ".planning/ROADMAP.md")
    assert [stream.id for stream in got.work_streams] == ["1", "2"]
    after = write_status(text.encode(), ".planning/ROADMAP.md", {"1": S.COMPLETE}).decode().splitlines()
    changed = [new for old, new in zip(text.splitlines(), after, strict=True) if old != new]
    assert changed == ["- [x] **Phase 1: Dig** - a hole", "| 1. Dig | 0/1 | Complete | - |"]


def test_one_id_twice_is_read_once_and_warned_of() -> None:
    twice = "### Phase 1: Dig\n- **Status:** ✅ Complete\n\n### Phase 1: Fill\n- **Status:** ⚪ Not Started\n"
    got = plan(twice)
    assert len(got.work_streams) == 1
    assert any("1" in warning and ":4:" in warning for warning in got.warnings)


def test_the_same_id_in_two_tags_is_two_items() -> None:
    def task(title: str) -> dict[str, object]:
        return {"id": 1, "title": title, "status": "pending", "dependencies": []}

    text = json.dumps({"master": {"tasks": [task("Dig")]}, "pond": {"tasks": [task("Fill")]}})
    got = plan(text, ".taskmaster/tasks/tasks.json")
    assert sorted(stream.name for stream in got.work_streams) == ["Dig", "Fill"]
    assert len(by_id(got)) == 2


# ---- 8: range summaries


def test_a_range_is_no_item() -> None:
    got = plan("🟢 REQ-1-4: Ground work\n⚪ REQ-5: Dig (Agent: Dev, S)\n⚪ REQ-6-8: Fill, level, sow\n")
    assert [stream.id for stream in got.work_streams] == ["REQ-5"]


# ---- 9: dependencies that the file does not hold


def test_a_finished_archive_satisfies_and_an_unknown_id_blocks() -> None:
    text = (
        "### Phase 3.1: Dig\n- **Status:** ⚪ Not Started\n- **Depends On:** Phase 1.4 ✅\n\n"
        "### Phase 3.2: Fill\n- **Status:** ⚪ Not Started\n- **Depends On:** Phase 2.7\n"
    )
    got = plan(text)
    assert offered(got) == {"3.1"}
    assert "2.7" in availability(got.work_streams)["3.2"].reason


def test_another_spelling_of_an_id_is_understood() -> None:
    head = "---\nid: BACK-{n}\ntitle: Part {n}\nstatus: {status}\ndependencies: [{needs}]\n---\n"
    files = {
        "backlog/tasks/back-1 - Dig.md": head.format(n=1, status="Done", needs="").encode(),
        "backlog/tasks/back-2 - Fill.md": head.format(n=2, status="To Do", needs="task-1").encode(),
    }
    got = read_plan(Memory(files), ["backlog/tasks"])
    assert by_id(got)["BACK-2"].depends_on == ("BACK-1",)
    assert offered(got) == {"BACK-2"}


# ---- 10: encodings and ends


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("last", ["", "\n"])
def test_line_ends_survive_a_write(end: str, last: str) -> None:
    lines = ["# Plan  ", "", "- [ ] “Dig” – the hole  ", "- [ ] Füllen"]
    data = (end.join(lines) + last).encode()
    id_ = read(data, "TODO.md").work_streams[1].id
    assert write_status(data, "TODO.md", {id_: S.COMPLETE}) == data.replace(
        "[ ] Füllen".encode(), "[x] Füllen".encode()
    )


def test_variation_selectors_and_full_width_colons() -> None:
    got = by_id(plan("### Phase 1: A\n- **Status:** ✔️ Complete\n\n### 阶段 2：B\n**状态：** 进行中\n"))
    assert (got["1"].status, got["2"].status, got["2"].name) == (S.COMPLETE, S.IN_PROGRESS, "B")


def test_a_byte_order_mark_is_kept_and_no_text() -> None:
    data = "\ufeff- [ ] Dig\n".encode()
    (got,) = read(data, "TODO.md").work_streams
    assert got.name == "Dig"
    assert write_status(data, "TODO.md", {got.id: S.COMPLETE}) == "\ufeff- [x] Dig\n".encode()


# ---- 11: strikethrough


def test_struck_through_is_not_to_be_done() -> None:
    boxes = plan("- [ ] ~~Dig by hand~~\n- [ ] Dig\n", "TODO.md")
    assert [stream.status for stream in boxes.work_streams] == [S.CANCELLED, S.NOT_STARTED]
    rows = plan(
        "| ID | Task | Status |\n|---|---|---|\n| ~~P1~~ | ~~Dig~~ | ~~Open~~ |\n| P2 | Fill | Open |\n", "PROGRESS.md"
    )
    assert offered(rows) == {"P2"}


# ---- 12: files with a plan's name and no plan


@pytest.mark.parametrize(
    ("path", "text"),
    {
        "a command's manual": (
            "docs/TODO.md",
            "# The todo command\n\n```\n- [ ] 1 Water\n```\n\n- `[ ]` is an open line\n",
        ),
        "a calendar": ("roadmap-2026.md", "# Releases\n\n| Version | Date |\n|---|---|\n| 1.4 | March |\n"),
        "a chart": ("ROADMAP.md", "# Where to\n\n```mermaid\ngantt\n  Measure :done, a1, 2026-01-01, 90d\n```\n"),
        "prose": ("ROADMAP.md", "# Where to\n\nFonts first.\n\n## Themes\n\n- **Speed.** One frame.\n- Fewer knobs.\n"),
        "links": ("tasks.md", "# Tasks\n\n- [Pond](pond/tasks.md)\n- [Shed](shed/tasks.md)\n"),
        "a configuration": ("WORKFLOW.md", "---\ntracker:\n  kind: linear\n---\n\nTake the issue and do it.\n"),
        "translations": ("tasks.json", '{"title": "Aufgaben", "status": {"open": "offen", "done": "fertig"}}'),
    }.values(),
    ids=lambda value: value.split("\n")[0] if "\n" not in value else "",
)
def test_no_plan_yields_no_work_and_says_so(path: str, text: str) -> None:
    got = plan(text, path)
    assert got.work_streams == ()
    assert any("no work streams" in warning for warning in got.warnings)


# ---- 13: done plans stay


def test_work_in_an_archive_or_a_completed_section_is_not_offered() -> None:
    got = plan("## Work\n\n- [ ] Fill\n\n## Archive\n\n- [ ] Dig\n", "TODO.md")
    assert {by_id(got)[id_].name for id_ in offered(got)} == {"Fill"}


# ---- 14: open by their box


@pytest.mark.parametrize("title", ["Deferred", "Someday / maybe", "Out of scope", "On hold"])
def test_what_is_set_aside_is_not_offered(title: str) -> None:
    got = plan(f"## Now\n\n- [ ] Dig\n\n## {title}\n\n- [ ] A fountain\n", "TODO.md")
    assert {by_id(got)[id_].name for id_ in offered(got)} == {"Dig"}


def test_a_deferred_item_says_so() -> None:
    got = plan("- [ ] Dig\n- [ ] Fountain (deferred)\n- [ ] Fish - on hold\n", "TODO.md")
    assert {by_id(got)[id_].name for id_ in offered(got)} == {"Dig"}
    reasons = [may.reason for may in availability(got.work_streams).values() if not may.available]
    assert any("deferred" in reason for reason in reasons)
