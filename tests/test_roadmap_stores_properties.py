"""What must hold for stores of every shape: one value changes and no input breaks the reader."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_stores import PLANS, TREE, memory

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStreamStatus as S
from orchestrator_agent.roadmap import read_plan, write_statuses
from orchestrator_agent.roadmap.sources import Memory

#: Text of any kind that a file in UTF-8 can hold.
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
NAMES = WORDS.map(lambda text: f"n{text}")
WRITABLE = st.sampled_from((S.NOT_STARTED, S.IN_PROGRESS, S.COMPLETE))


@st.composite
def layouts(draw: st.DrawFn, data: object) -> str:
    """`data` as JSON, the way one tool or another would write it."""
    indent = draw(st.sampled_from((None, 0, 2, "\t")))
    separators = draw(st.sampled_from(((",", ":"), (", ", ": "))))
    text = json.dumps(data, indent=indent, separators=separators, ensure_ascii=draw(st.booleans()))
    text = text.replace("\n", draw(st.sampled_from(("\n", "\r\n"))))
    return draw(st.sampled_from(("", "\ufeff"))) + text + draw(st.sampled_from(("", "\n", "\r\n")))


def the_one_change(before: bytes, after: bytes) -> tuple[bytes, bytes]:
    """What was taken out and what was put in, when only one place differs."""
    start = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return before[start : len(before) - end], after[start : len(after) - end]


@st.composite
def task_lists(draw: st.DrawFn) -> list[dict[str, Any]]:
    tasks = []
    for number in range(1, draw(st.integers(1, 5)) + 1):
        task: dict[str, Any] = {"id": draw(st.sampled_from((number, str(number)))), "title": draw(NAMES)}
        task["status"] = draw(st.sampled_from(("pending", "in-progress", "done", "review", "deferred", "odd word")))
        task["dependencies"] = draw(st.lists(st.integers(1, 6), max_size=2))
        task["subtasks"] = [{"id": 1, "title": draw(WORDS), "status": "pending"}] * draw(st.integers(0, 2))
        tasks.append(dict(draw(st.permutations(list(task.items())))))
    return tasks


@settings(deadline=None)
@given(st.data(), task_lists(), WRITABLE, st.booleans())
def test_task_master_changes_one_value(
    data: st.DataObject, tasks: list[dict[str, Any]], status: S, tagged: bool
) -> None:
    store: dict[str, Any] = {"tasks": tasks, "metadata": {"status": "pending"}}
    text = data.draw(layouts({"master": store} if tagged else store))
    chosen = data.draw(st.sampled_from(range(len(tasks))))
    files = memory("tasks.json", text)
    before = read_plan(files, ["tasks.json"]).work_streams
    written = write_statuses(files, ["tasks.json"], {before[chosen].id: status}).get("tasks.json", text.encode())
    after = read_plan(memory("tasks.json", written), ["tasks.json"]).work_streams
    assert [s.status for s in after] == [status if n == chosen else s.status for n, s in enumerate(before)]
    if before[chosen].status is not status:
        tasks[chosen]["status"] = {S.NOT_STARTED: "pending", S.IN_PROGRESS: "in-progress", S.COMPLETE: "done"}[status]
        out, into = the_one_change(text.encode(), written)
        assert max(len(out), len(into)) <= len("in-progress")
    expected = {"master": store} if tagged else store
    assert json.loads(written.decode("utf-8-sig")) == expected


@settings(deadline=None)
@given(st.data(), st.lists(st.tuples(NAMES, st.booleans(), st.booleans()), min_size=1, max_size=5), WRITABLE)
def test_stories_change_their_flags(data: st.DataObject, rows: list[tuple[str, bool, bool]], status: S) -> None:
    stories: list[dict[str, Any]] = [
        {"id": f"US-{number}", "title": name, "priority": number, "passes": passes, "inProgress": begun and not passes}
        for number, (name, passes, begun) in enumerate(rows)
    ]
    text = data.draw(layouts({"project": "p", "userStories": stories}))
    chosen = data.draw(st.sampled_from(range(len(rows))))
    files = memory("prd.json", text)
    written = write_statuses(files, ["prd.json"], {f"US-{chosen}": status}).get("prd.json", text.encode())
    expected = {"passes": status is S.COMPLETE, "inProgress": status is S.IN_PROGRESS}
    stories[chosen] |= expected
    assert json.loads(written.decode("utf-8-sig")) == {"project": "p", "userStories": stories}


@settings(deadline=None)
@given(
    st.lists(st.tuples(NAMES, st.sampled_from(("open", "in_progress", "closed", "blocked"))), min_size=1, max_size=5),
    st.data(),
    WRITABLE,
)
def test_beads_change_one_line(rows: list[tuple[str, str]], data: st.DataObject, status: S) -> None:
    lines = []
    for number, (name, word) in enumerate(rows):
        closing = {"closed_at": "2026-01-01T00:00:00Z", "close_reason": name} if word == "closed" else {}
        issue = {"id": f"b-{number}", "title": name, "status": word, "updated_at": "2026-01-01T00:00:00Z", **closing}
        lines.append(json.dumps(issue, ensure_ascii=data.draw(st.booleans()), separators=(",", ":")))
    end = data.draw(st.sampled_from(("\n", "\r\n")))
    text = end.join(lines) + data.draw(st.sampled_from(("", end)))
    chosen = data.draw(st.sampled_from(range(len(rows))))
    files = memory("issues.jsonl", text)
    before = read_plan(files, ["issues.jsonl"]).work_streams[chosen].status
    written = write_statuses(files, ["issues.jsonl"], {f"b-{chosen}": status}).get("issues.jsonl", text.encode())
    old, new = text.split(end), written.decode().split(end)
    assert [n for n, (a, b) in enumerate(zip(old, new, strict=True)) if a != b] == [chosen] * (before is not status)
    issue = json.loads(new[chosen])
    assert (issue["status"] == "closed") is ("closed_at" in issue) is (status is S.COMPLETE)
    assert list(issue)[:3] == ["id", "title", "status"]


@st.composite
def front_matters(draw: st.DrawFn) -> str:
    """A task file with "@@" for its status."""
    quote = draw(st.sampled_from(("", "'", '"')))
    remark = draw(st.sampled_from(("", " ", "  # a remark: here", "\t# x")))
    lines = [
        "id: B-1",
        draw(st.sampled_from(("title: A plain one", "title: 'it''s: quoted'", "title: >-\n  folded\n  status: Done"))),
        f"status:{draw(st.sampled_from((' ', '   ')))}{quote}@@{quote}{remark}",
        draw(st.sampled_from(("assignee: []", "assignee:\n  - '@wren'", "assignee:\n- status", "labels: [status, b]"))),
        "created_date: 2026-01-01",
        "# status: Done",
    ]
    text = "\n".join(["---", *draw(st.permutations(lines)), "---", draw(st.sampled_from(("", "\nstatus: Done\n")))])
    return text.replace("\n", draw(st.sampled_from(("\n", "\r\n"))))


@settings(deadline=None)
@given(st.data(), st.sampled_from(("To Do", "In Progress", "Done")), WRITABLE)
def test_task_files_change_one_value(data: st.DataObject, word: str, status: S) -> None:
    template = data.draw(front_matters())
    text = template.replace("@@", word)
    files = memory("tasks/b.md", text)
    (before,) = read_plan(files, ["tasks"]).work_streams
    assert before.status is {"To Do": S.NOT_STARTED, "In Progress": S.IN_PROGRESS, "Done": S.COMPLETE}[word]
    written = write_statuses(files, ["tasks"], {"B-1": status}).get("tasks/b.md", text.encode())
    into = {S.NOT_STARTED: "To Do", S.IN_PROGRESS: "In Progress", S.COMPLETE: "Done"}[status]
    assert written.decode() == template.replace("@@", into)


@settings(deadline=None)
@given(st.data(), st.sampled_from(sorted(PLANS)))
def test_a_damaged_store_is_read_or_refused(data: st.DataObject, path: str) -> None:
    """Pieces cut out, doubled or replaced: a RoadmapError at most, and never a crash."""
    files = {name: content for name, content in TREE.files.items() if name == path or name.startswith(f"{path}/")}
    name = data.draw(st.sampled_from(sorted(files)))
    content = bytearray(files[name])
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = min(len(content), start + data.draw(st.integers(0, 30)))
        content[start:end] = data.draw(st.one_of(st.binary(max_size=6), st.sampled_from(JUNK)))
    _must_not_crash(files | {name: bytes(content)}, path)


JUNK = [
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b"\\u d800",
        b"\\ud800",
        b"\\u0000",
        b":",
        b",",
        b"\n---\n",
        b"- ",
        b"'",
        b"|",
        b">-",
    ),
    *(b"null", b"1e999", b"-", b"&a", b"*a", b"\r", b"\t", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"{}", b"[[]]", b"#"),
]


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=80), st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace"))))
@pytest.mark.parametrize(
    ("path", "shell"),
    [
        ("tasks.json", b'{"tasks": [%s]}'),
        ("tasks.json", b'{"tasks": [{"id": 1, "title": "t", "status": %s}]}'),
        ("prd.json", b'{"userStories": [{"title": "t", "passes": false, "id": %s}]}'),
        ("issues.jsonl", b'{"id": "a", "title": "t", "status": "open", "dependencies": %s}'),
        ("s.yaml", b"development_status:\n  1-1-a: done\n  %s\n"),
        ("t/a.md", b"---\nid: B-1\ntitle: t\nstatus: %s\n---\n"),
        ("t/001.md", b"---\nname: t\n%s\nstatus: open\n---\n"),
        ("t/a.md", b"%s"),
    ],
)
def test_any_bytes_are_read_or_refused(path: str, shell: bytes, junk: bytes) -> None:
    _must_not_crash({path: shell.replace(b"%s", junk)}, path.rpartition("/")[0] or path)


def _must_not_crash(files: Mapping[str, bytes], path: str) -> None:
    memory_ = Memory(dict(files))
    try:
        streams = read_plan(memory_, [path]).work_streams
        for stream in streams:
            assert stream.id and stream.name and (stream.id + stream.name).encode() and "\n" not in stream.id
            write_statuses(memory_, [path], {stream.id: S.COMPLETE})
    except RoadmapError as error:
        assert "\n" not in str(error)[:100]
