"""Reading plans: what is work, and what only looks like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator_agent.errors import RoadmapError, UnknownWorkStream
from orchestrator_agent.model import Source, WorkStream, WorkStreamStatus
from orchestrator_agent.roadmap import Roadmap, order, read
from orchestrator_agent.roadmap.starter import STARTER

S = WorkStreamStatus
PLANS = Path(__file__).parent / "fixtures" / "plans"


def plan(name: str) -> Roadmap:
    return read((PLANS / name).read_bytes(), name)


def one(text: str) -> WorkStream:
    (stream,) = read(text.encode(), "plan.md").work_streams
    return stream


def phase(*lines: str) -> WorkStream:
    return one("\n".join(("### Phase 1.1: Name", *lines)))


def test_phases() -> None:
    roadmap = plan("phases.md")
    assert roadmap.format == "phases"
    assert [stream.id for stream in roadmap.work_streams] == ["1.1", "1.10", "1.2", "2.1", "2.2"]
    read_, sort, weigh, print_, ask = roadmap.work_streams
    assert (read_.name, read_.status, read_.effort, read_.assigned_to) == ("Read the envelope", S.COMPLETE, "S", "Wren")
    assert read_.tasks == ("Sender", "Stamp")
    assert read_.done_when == "envelopes of all five countries are read"
    assert read_.batch == "Batch 1 (Foundation)"
    assert (sort.name, sort.priority, sort.depends_on) == ("Sort by street", True, ("1.1",))
    assert sort.tasks == ("Parse street names", "with umlauts")
    assert "Phase 7.7: not a phase" in sort.description
    assert "In a comment" not in sort.description
    assert (weigh.status, weigh.assigned_to, weigh.effort) == (S.IN_PROGRESS, "heron", "L (three days)")
    assert (print_.status, print_.blocked_reason) == (S.BLOCKED, None)
    assert print_.depends_on == ("1.10", "1.2")
    assert print_.done_when == "the label sticks\nthe bar code is read"
    assert ask.blocked_reason == "waiting for the lawyers"
    assert any("template" in warning for warning in roadmap.warnings)


def test_source_gives_lines() -> None:
    stream = plan("phases.md").work_streams[0]
    assert stream.source is not None
    lines = (PLANS / "phases.md").read_text().splitlines()
    assert lines[stream.source.first_line - 1] == "### Phase 1.1: Read the envelope"
    assert lines[stream.source.last_line - 1].startswith("- **Done When:**")


def test_dialects() -> None:
    roadmap = plan("dialects.md")
    got = {stream.id: stream for stream in roadmap.work_streams}
    assert list(got) == ["3", "4", "WP-5.1", "REQ-283", "REQ-284", "REQ-290", "6.1", "6.2"]
    assert (got["3"].status, got["3"].assigned_to) == (S.IN_PROGRESS, None)
    assert (got["3"].depends_on, got["3"].satisfied) == (("1", "2"), ("1", "2"))
    assert got["3"].tasks == ("Levers", "Brakes")
    assert (got["4"].depends_on, got["4"].unresolved) == (("3",), ("harbour master's approval",))
    assert (got["WP-5.1"].status, got["WP-5.1"].tasks) == (S.NOT_STARTED, ("Ask the pilots",))
    assert (got["REQ-283"].effort, got["REQ-283"].depends_on) == ("S (1-2 hours)", ("REQ-284",))
    assert (got["REQ-284"].status, got["REQ-284"].depends_on) == (S.IN_PROGRESS, ())
    assert (got["REQ-290"].name, got["REQ-290"].effort) == ("Paint the buoys", "S")
    assert got["REQ-290"].depends_on == ("REQ-283", "REQ-284")
    assert (got["6.1"].name, got["6.1"].status) == ("Tide table", S.COMPLETE)
    assert got["6.2"].status is S.NOT_STARTED


def test_checklist() -> None:
    roadmap = plan("checklist.md")
    assert roadmap.format == "checklist"
    got = {stream.id: stream for stream in roadmap.work_streams}
    assert list(got) == [
        "set-up-the-project",
        "write-the-parser",
        "write-the-printer",
        "support-gopher",
        "T007",
        "write-the-parser-2",
        "print-the-logo",
    ]
    assert got["set-up-the-project"].status is S.COMPLETE
    assert got["write-the-parser"].name == "Write the parser"
    assert got["write-the-parser"].tasks == ("numbers", "strings")
    assert got["write-the-parser"].depends_on == ("set-up-the-project",)
    assert got["write-the-printer"].status is S.IN_PROGRESS
    assert got["support-gopher"].status is S.CANCELLED
    assert (got["T007"].name, got["T007"].effort, got["T007"].batch) == ("Explain the grammar", "S", "Documents")
    assert got["T007"].depends_on == ("write-the-parser",)
    assert (got["print-the-logo"].status, got["print-the-logo"].blocked_reason) == (S.BLOCKED, "no logo")


def test_prose_yields_nothing() -> None:
    roadmap = plan("prose.md")
    assert (roadmap.format, roadmap.work_streams) == ("", ())
    assert roadmap.warnings


def test_starter_is_a_roadmap() -> None:
    roadmap = read(STARTER.encode(), "plans/roadmap.md")
    assert [stream.id for stream in roadmap.work_streams] == ["1.1", "1.2", "2.1"]
    assert [stream.status for stream in roadmap.work_streams] == [S.NOT_STARTED, S.NOT_STARTED, S.BLOCKED]
    assert roadmap.work_streams[2].depends_on == ("1.1", "1.2")
    assert roadmap.warnings == ()


@pytest.mark.parametrize(
    "line",
    [
        "- **Status:** ✅ Complete",
        "- **Status**: ✅ Complete",
        "**Status:** ✅ Complete",
        "- **Status: ✅ Complete**",
        "* Status: complete",
        "Status: ✅ **DONE**",
        "- **Status:** ✅",
        "- **Status:** Completed (2025-12-05)",
        "- **Status：** 已完成",
        "\t- **Status:** ✔️ Done",
        "- **Status:** Complete ✅ | Agent: @x",
    ],
)
def test_spellings_of_a_status(line: str) -> None:
    assert phase(line).status is S.COMPLETE


@pytest.mark.parametrize(
    ("value", "status", "reason"),
    [
        ("🟢 Ready", S.NOT_STARTED, None),
        ("✅ **ACTIVE**", S.IN_PROGRESS, None),
        ("MOSTLY COMPLETE (92%)", S.IN_PROGRESS, None),
        ("⚠️ NOT TESTED", S.IN_PROGRESS, None),
        ("in_progress", S.IN_PROGRESS, None),
        ("Complete except for tests", S.IN_PROGRESS, None),
        ("🔴 Blocked: needs a key", S.BLOCKED, "needs a key"),
        ("⏸️ Parked", S.BLOCKED, "parked"),
        ("🔴 Blocked (waiting for dependencies)", S.BLOCKED, None),
        ("Won't fix", S.CANCELLED, None),
        ("N/A", S.CANCELLED, None),
        ("somewhere between", S.BLOCKED, 'its status "somewhere between" is not known'),
    ],
)
def test_words_decide(value: str, status: S, reason: str | None) -> None:
    stream = phase(f"- **Status:** {value}")
    assert (stream.status, stream.blocked_reason) == (status, reason)


def test_a_legend_gives_emoji_their_meaning() -> None:
    text = "## Legend\n- 🔴 Not Started\n- 🔵 Blocked\n\n## Work\n\n### 🔴 REQ-1: One\n\n### 🔵 REQ-2: Two\n"
    streams = read(text.encode(), "plan.md").work_streams
    assert [stream.status for stream in streams] == [S.NOT_STARTED, S.BLOCKED]


def test_blocked_by_is_a_dependency() -> None:
    text = "### Phase 1.1: A\nStatus: todo\n### Phase 1.2: B\nStatus: Blocked by Phase 1.1\n"
    stream = read(text.encode(), "plan.md").get("1.2")
    assert (stream.status, stream.depends_on, stream.blocked_reason) == (S.BLOCKED, ("1.1",), None)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("Aria", "Aria"),
        ("Lyra (coder-1765073295)", "Lyra (coder-1765073295)"),
        ("@codex", "codex"),
        ("Unassigned", None),
        ("-", None),
        ("", None),
        ("[agent-name]", None),
    ],
)
def test_claims(value: str, name: str | None) -> None:
    assert phase("- **Status:** todo", f"- **Assigned To:** {value}").assigned_to == name


def test_fields_below_a_box_are_not_the_phases() -> None:
    stream = phase("- **Tasks:**", "  - [ ] Show it", "    - Status: shown", "- **Status:** ✅ Complete")
    assert (stream.status, stream.tasks) == (S.COMPLETE, ("Show it", "Status: shown"))


def test_a_byte_order_mark_is_no_text() -> None:
    assert one("\ufeff### Phase 1.1: A\nStatus: done\n").source == Source("plan.md", 1, 2)
    assert one("\ufeff- [ ] box\n").name == "box"


def test_a_phase_over_phases_is_a_group() -> None:
    text = (
        "## Phase 1: All\n**Status:** In Progress\n### Phase 1.1: One\nStatus: done\n### Phase 1.2: Two\nStatus: todo\n"
    )
    streams = read(text.encode(), "plan.md").work_streams
    assert [(stream.id, stream.batch) for stream in streams] == [("1.1", "Phase 1: All"), ("1.2", "Phase 1: All")]


def test_doubles_are_told() -> None:
    roadmap = read(b"### Phase 1.1: A\nStatus: done\n### phase 1.1: B\nStatus: todo\n", "plan.md")
    assert [stream.name for stream in roadmap.work_streams] == ["A"]
    assert "plan.md:3" in roadmap.warnings[0]


@pytest.mark.parametrize(
    ("text", "ids", "unresolved"),
    [
        ("Phase 1.1 ✅, Phase 1.2", ("1.1", "1.2"), ()),
        ("1.1 and 1.2", ("1.1", "1.2"), ()),
        ("Phases 1.1-1.3", ("1.1", "1.2", "1.3"), ()),
        ("Phase 1.1–1.2; 1.3", ("1.1", "1.2", "1.3"), ()),
        ("Phase 1.1 (Redis, or so) - ✅ Complete", ("1.1",), ()),
        ("None", (), ()),
        ("Nothing (first phase)", (), ()),
        ("None (1.1 complete)", (), ()),
        ("—", (), ()),
        ("Batch 1", ("1.1", "1.2", "1.3"), ()),
        ("All", ("1.1", "1.2", "1.3"), ()),
        ("First", ("1.1",), ()),
        ("[Phase 1.1](#phase-11)", ("1.1",), ()),
        ("Phase 7.7", ("7.7",), ()),
        ("Legal review, 1.1", ("1.1",), ("Legal review",)),
        ("Stable system (Phases 1.1-1.2 complete)", ("1.1", "1.2"), ()),
        ("Phase 1.1 Registry", ("1.1",), ()),
        ("1-999999999", (), ("1-999999999",)),
        ("1.1 -> 1.2", ("1.2",), ()),
        ("1.1->1.2->1.3", ("1.3",), ()),
        ("Phase 1.1 → Phase 1.2, 1.3", ("1.2", "1.3"), ()),
        ("First → C", ("1.3",), ()),
        ("Phase 1.1 → Phase 1.2 → the fair", ("1.2",), ("the fair",)),
        ("Phase 1.1 → gives us bricks", ("1.1",), ()),
        ("1.2 → 2.1", ("1.2",), ()),
        ("Phase 1.1 or 1.2", (), ("Phase 1.1 or 1.2",)),
        ("1.1 OR 1.2 (either will do)", (), ("1.1 OR 1.2",)),
        ("1.3, 1.1, or 1.2", ("1.3",), ("1.1 or 1.2",)),
        ("Phase 1.1 (or 1.2)", (), ("Phase 1.1 or 1.2",)),
        ("1.1 and/or 1.2", (), ("1.1 and/or 1.2",)),
        ("1.1 oder 1.2", (), ("1.1 oder 1.2",)),
        ("1.1或1.2", (), ("1.1或1.2",)),
        ("Phase 1.2 or a word from the mayor", (), ("Phase 1.2 or a word from the mayor",)),
        ("Phase 1.1: Red or green", ("1.1",), ()),
        ("Phase 1.1 (original plan)", ("1.1",), ()),
        ("1.1, in parallel with 1.2", ("1.1",), ()),
        ("v1.0 milestone shipped", ("v1.0",), ()),
        ("v1.0 paint, 1.1", ("1.1",), ("v1.0 paint",)),
    ],
)
def test_dependencies(text: str, ids: tuple[str, ...], unresolved: tuple[str, ...]) -> None:
    names = ("First", "B", "C")
    first = "".join(f"### Phase 1.{number}: {name}\nStatus: todo\n" for number, name in enumerate(names, 1))
    data = f"## Batch 1\n{first}## Batch 2\n### Phase 2.1: D\nStatus: todo\nDepends On: {text}\n".encode()
    stream = read(data, "plan.md").get("2.1")
    assert (stream.depends_on, stream.unresolved) == (ids, unresolved)


def test_get_accepts_what_people_type() -> None:
    roadmap = read(
        b"### Phase 3.1: A\nStatus: todo\n### Phase 3.10: B\nStatus: todo\n### REQ-7: C\nStatus: todo\n", "p.md"
    )
    for spelling in ("3.1", "Phase 3.1", "phase-3.1", "PHASE 3.1"):
        assert roadmap.get(spelling).name == "A"
    assert roadmap.get("3.10").name == "B"
    assert roadmap.get("req-7").name == roadmap.get("7").name == "C"
    with pytest.raises(UnknownWorkStream, match=r"similar: 3\.10"):
        roadmap.get("3.100")
    with pytest.raises(UnknownWorkStream, match="orch status"):
        roadmap.get("nonsense")


def test_order_is_priority_then_number() -> None:
    text = "".join(
        f"### Phase {id_}: x{star}\nStatus: todo\n"
        for id_, star in (("10.5", ""), ("9.1", ""), ("11.1", " ⭐ PRIORITY"))
    )
    assert [stream.id for stream in order(read(text.encode(), "p.md").work_streams)] == ["11.1", "9.1", "10.5"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"# ok\n\xff\n", r"plan\.md:2 .*UTF-8"),
        (b"a\nb\x00", r"plan\.md:2 .*NUL"),
        ("# x".encode("utf-16"), "UTF-16"),
        (b"x" * 10_000_001, "10 MB"),
    ],
)
def test_what_is_no_plan_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(RoadmapError, match=says):
        read(data, "plan.md")


@pytest.mark.parametrize(
    "name",
    [
        "$(touch pwned)",
        "../../etc/passwd",
        "`rm -rf /`",
        "a\x1b[31mred\x1b[0m",
        "x" * 5000,
        "🦀 crab 👩‍🚀",
        "שלום עולם",
        "a | b; c",
    ],
)
def test_hostile_names_are_only_text(name: str) -> None:
    assert one(f"### Phase 1.1: {name}\n- **Status:** ⚪ Not Started\n").name == name
    stream = one(f"- [ ] {name}\n")
    assert stream.name == name
    assert len(stream.id) <= 48
    assert not set(stream.id) & set(" /\\$`;|\x1b.")


def test_an_unclosed_fence_is_told() -> None:
    roadmap = read(b"### Phase 1.1: A\nStatus: todo\n```\n### Phase 1.2: B\nStatus: todo\n", "p.md")
    assert [stream.id for stream in roadmap.work_streams] == ["1.1"]
    assert roadmap.warnings == ("p.md:3: a code fence is never closed; nothing after it was read.",)


def test_an_indented_unclosed_fence_ends_with_its_item() -> None:
    roadmap = read(
        b"### Phase 1.1: A\nStatus: todo\n- notes\n  ```sh\n  ls\n\n### Phase 1.2: B\nStatus: todo\n", "p.md"
    )
    assert [stream.id for stream in roadmap.work_streams] == ["1.1", "1.2"]


def test_a_fence_of_markdown_may_hold_fences() -> None:
    outer = "````markdown\n```sh\n```\n### Phase 1.2: B\nStatus: todo\n````\n"
    counted = "```markdown\n```sh\nls\n```\n- [ ] x\n```\n"
    assert one(f"{outer}{counted}- [ ] real\n").name == "real"
