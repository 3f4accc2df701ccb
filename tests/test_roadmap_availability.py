"""What may start, and the one reason why the rest may not."""

from __future__ import annotations

import pytest

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.roadmap import order, read
from orchestrator_agent.roadmap.availability import availability, unblocked_by


def plan(*phases: str) -> str:
    """Each phase as "id | status | dependencies | assigned"."""
    lines = []
    for phase in phases:
        id_, status, needs, who = ([part.strip() for part in phase.split("|")] + ["", "", ""])[:4]
        lines += [f"### Phase {id_}: Name of {id_}", f"- **Status:** {status}"]
        lines += [f"- **Depends On:** {needs}"] * bool(needs) + [f"- **Assigned To:** {who}"] * bool(who)
    return "\n".join(lines)


def kinds(text: str) -> dict[str, str]:
    return {id_: found.kind for id_, found in availability(read(text.encode(), "p.md").work_streams).items()}


def reason(text: str, id_: str) -> str:
    return availability(read(text.encode(), "p.md").work_streams)[id_].reason


@pytest.mark.parametrize(
    ("phase", "kind"),
    [
        ("2.1 | Not Started", ""),
        ("2.1 | In Progress", "in_progress"),
        ("2.1 | Not Started | 1.1", ""),
        ("2.1 | Complete", "complete"),
        ("2.1 | Cancelled", "cancelled"),
        ("2.1 | Not Started | | Wren", "claimed"),
        ("2.1 | In Progress | | Wren", "claimed"),
        ("2.1 | Not Started | 1.2", "dependency"),
        ("2.1 | Not Started | Phase 1.2 ✅", "dependency"),
        ("2.1 | Not Started | 1.3", "dependency"),
        ("2.1 | Blocked | 1.1, 1.2", "dependency"),
        ("2.1 | Blocked | 1.1", "stale_blocked"),
        ("2.1 | Blocked - no budget | 1.1", "blocked"),
        ("2.1 | Not Started | 7.7", "unknown_dependency"),
        ("2.1 | Not Started | Phase 7.7 ✅", ""),
        ("2.1 | Not Started | the lawyers", "unknown_dependency"),
        ("2.1 | Not Started | 2.1", "cycle"),
        ("2.1 | on a whim", "blocked"),
    ],
)
def test_kinds(phase: str, kind: str) -> None:
    text = plan("1.1 | Complete", "1.2 | Not Started", "1.3 | Cancelled", phase)
    assert kinds(text)["2.1"] == kind
    assert availability(read(text.encode(), "p.md").work_streams)["2.1"].available is (kind == "")


def test_reasons_are_short_sentences() -> None:
    text = plan(
        "1.1 | Blocked | 1.2", "1.2 | Not Started", "2.1 | Todo | 1.1", "2.2 | Todo | 1.1, 1.2", "2.3 | Blocked"
    )
    assert reason(text, "2.1") == "waits for 1.1 (blocked)"
    assert reason(text, "2.2") == "waits for 1.1 (blocked) and 1 more"
    assert "orch run" in reason(text, "2.3")


def test_rings_are_shown() -> None:
    text = plan("1.1 | Todo | 1.2", "1.2 | Todo | 1.3", "1.3 | Todo | 1.1", "2.1 | Todo | 1.1")
    assert kinds(text) == {"1.1": "cycle", "1.2": "cycle", "1.3": "cycle", "2.1": "dependency"}
    assert reason(text, "1.1") == "waits for itself: 1.1 → 1.2 → 1.3 → 1.1"


def test_complete_work_ends_a_ring() -> None:
    assert kinds(plan("1.1 | Todo | 1.2", "1.2 | Complete | 1.1")) == {"1.1": "", "1.2": "complete"}


def test_long_chains_need_no_recursion() -> None:
    text = plan("1.1 | Todo", *(f"1.{number} | Todo | 1.{number - 1}" for number in range(2, 3000)))
    assert set(kinds(text).values()) == {"", "dependency"}


def test_archived_work_that_the_file_calls_finished_is_done() -> None:
    text = "Phases 0.1-0.2 have been completed and archived.\n\n" + plan("1.1 | Todo | 0.1, 0.2", "1.2 | Todo | 0.3")
    assert kinds(text) == {"1.1": "", "1.2": "unknown_dependency"}


def test_a_plan_to_complete_is_not_completion() -> None:
    text = "Phase 0.1 must be completed before anything else.\n\n" + plan("1.1 | Todo | 0.1")
    assert kinds(text) == {"1.1": "unknown_dependency"}


def test_unblocked_by() -> None:
    text = plan(
        "1.1 | In Progress",
        "1.2 | Complete",
        "2.1 | Blocked | 1.1, 1.2",
        "2.2 | Blocked | 1.2",
        "2.3 | Blocked - no budget | 1.1",
        "2.4 | Blocked | 1.1, 2.1",
        "2.5 | Todo | 1.1",
        "2.6 | Blocked | 1.1, the lawyers",
    )
    streams = read(text.encode(), "p.md").work_streams
    assert unblocked_by(streams, ["1.1"]) == ["2.1"]
    assert unblocked_by(streams, ["1.1", "2.1"]) == ["2.1", "2.4"]
    assert unblocked_by(streams, []) == []
    assert streams[2].status is WorkStreamStatus.BLOCKED


def test_work_without_numbers_is_taken_as_the_plan_has_it() -> None:
    plan = read(b"# Todo\n\n- [ ] write the parser\n- [ ] document it\n- [ ] add oauth2\n", "TODO.md")
    assert [stream.name for stream in order(plan.work_streams)] == ["write the parser", "document it", "add oauth2"]


def test_numbered_work_is_taken_by_its_numbers() -> None:
    plan = read(b"### Phase 10.5: B\n- Status: Not Started\n\n### Phase 9.1: A\n- Status: Not Started\n", "plan.md")
    assert [stream.id for stream in order(plan.work_streams)] == ["9.1", "10.5"]


def test_what_is_known_of_a_dependency_is_said_instead_of_its_status() -> None:
    streams = read(plan("1.1 | Not Started", "2.1 | Not Started | 1.1").encode(), "p.md").work_streams
    assert availability(streams)["2.1"].reason == "waits for 1.1 (not started)"
    assert availability(streams, standing={"1.1": "failed"})["2.1"].reason == "waits for 1.1 (failed)"
