"""Whatever a plan of headings looks like: a status is written where it stands, and changes nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.roadmap import read, write_status

S = WorkStreamStatus
PLANS = sorted((Path(__file__).parent / "fixtures" / "plans" / "headings").glob("*.md"))

kinds = st.sampled_from(["Phase", "Feature", "Task", "Work Stream", "Milestone", ""])
names = st.lists(st.sampled_from(["Read", "größe", "`x`", "(2 weeks)", "of 3", "שלום", "Log [A-1]"]), min_size=1).map(
    " ".join
)
#: What stands behind the name, and below the heading.
endings = st.sampled_from(["", "", " ✅ DONE", " 🔄 IN PROGRESS", " (Complete)", " - Not Started", " ✅", " ##"])
bodies = st.sampled_from(
    [
        ["Prose."],
        ["- [ ] a", "- [x] b"],
        ["**Goal:** swim", "", "- [x] a"],
        ["**Status:** 📋 Planned"],
        ["**Priority:** High | **Status:** Complete | **Effort:** S"],
        ["_Done_", "", "text"],
        ["**Depends on:** Phase 1"],
        ["#### Steps", "- [ ] a", "#### Acceptance Criteria", "- [ ] b"],
        ["```", "## Phase 7: example", "```", "- [ ] a"],
        ["| Part | Status |", "|------|--------|", "| a | Done |"],
        [],
    ]
)
lists = st.sampled_from(["", "box", "table"])
layout = st.tuples(st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())


@st.composite
def plans(draw: st.DrawFn) -> bytes:
    """Plans with one way of counting, some with a list or a table of all that is in them."""
    kind, shape = draw(kinds), draw(lists)
    parts = draw(st.lists(st.tuples(names, endings, bodies), min_size=1, max_size=4))
    lines = ["# Plan", ""]
    called = [
        f"{kind} {number}: {name}" if kind else f"{number}. {name}" for number, (name, _, _) in enumerate(parts, 1)
    ]
    if shape == "box":
        lines += ["## Status", *(f"- [ ] {title}" for title in called), ""]
    for title, (_, ending, body) in zip(called, parts, strict=True):
        lines += [f"### {title}{ending}", "", *body, ""]
    if shape == "table":
        rows = [f"| {number}. {name} | Planned |" for number, (name, _, _) in enumerate(parts, 1)]
        lines += ["## Progress", "", "| Phase | Status |", "|-------|--------|", *rows]
    end, final, mark = draw(layout)
    return (("\ufeff" if mark else "") + end.join(lines) + (end if final else "")).encode()


def check(data: bytes, id_: str, status: S) -> bool:
    """Write a status; True when it was written, False when it was refused."""
    before = read(data, "p.md")
    try:
        after = write_status(data, "p.md", {id_: status})
    except RoadmapError:
        return False
    for old, new in zip(before.work_streams, read(after, "p.md").work_streams, strict=True):
        if old.id == id_:
            assert replace(old, status=status, blocked_reason=new.blocked_reason) == new
        else:
            assert old == new
    old_lines, new_lines = data.split(b"\n"), after.split(b"\n")
    touched = [old for old, new in zip(old_lines, new_lines, strict=True) if old != new]
    assert len(touched) <= 4
    assert all(line.lstrip(b"\xef\xbb\xbf \t")[:1] in (b"#", b"-", b"|", b"*", b"_", b"~") for line in touched)
    assert (after[-1:] == b"\n") == (data[-1:] == b"\n")
    assert data.count(b"\r") == after.count(b"\r")
    return True


@settings(max_examples=200, deadline=None)
@given(plans(), st.sampled_from(list(S)), st.data())
def test_a_status_changes_nothing_else(plan: bytes, status: S, data: st.DataObject) -> None:
    streams = read(plan, "p.md").work_streams
    if streams:
        stream = data.draw(st.sampled_from(streams))
        if not check(plan, stream.id, status):
            # A list of open boxes cannot say that a phase with checked steps was not started.
            assert status is not S.COMPLETE or stream.status is S.CANCELLED


@settings(max_examples=150, deadline=None)
@given(plans())
def test_line_ends_do_not_change_what_is_read(plan: bytes) -> None:
    unix = plan.replace(b"\r\n", b"\n")
    assert read(plan, "p.md").work_streams == read(unix, "p.md").work_streams


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.name)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_everything_in_every_fixture_can_be_completed(path: Path, ending: str) -> None:
    data = path.read_text(encoding="utf-8").rstrip("\n").replace("\n", ending).encode()
    streams = read(data, "p.md").work_streams
    assert streams
    for stream in streams:
        assert check(data, stream.id, S.COMPLETE)
        assert check(data, stream.id, S.IN_PROGRESS) or stream.status is S.COMPLETE


pieces = st.sampled_from(
    [
        "## Phase 1: ",
        "### 1.1 ",
        "- [ ] Phase 1: ",
        "| Status |",
        "|--|",
        "| 1. ",
        "~~",
        "✅",
        "🔴",
        "->",
        "└── Phase 1",
        "## Dependencies",
        "Depends on: ",
        "Phase 1-9",
        "Blocks: ",
        " | **Status:** ",
        "_Done_",
        "(",
        "）",
        "```",
        "\n",
        "\r\n",
        " ",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(pieces | st.text(max_size=3), max_size=60).map("".join))
def test_any_text_is_read_and_written_or_refused(text: str) -> None:
    data = text.encode("utf-8", "replace")
    try:
        streams = read(data, "p.md").work_streams
    except RoadmapError:
        return
    for stream in streams[:3]:
        try:
            write_status(data, "p.md", {stream.id: S.COMPLETE})
        except RoadmapError as error:
            assert "\n" not in str(error)
