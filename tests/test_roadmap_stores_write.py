"""A status is written into a store as one value, in the store's own words, and nothing else changes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from support_stores import PLANS, TREE, changed_lines, memory, plan

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStreamStatus as S
from orchestrator_agent.roadmap import read_plan, write_statuses
from orchestrator_agent.roadmap.plan_format import PlanFormat
from orchestrator_agent.roadmap.sources import Memory, open_source
from orchestrator_agent.roadmap.stores.backlog_md import BacklogMd
from orchestrator_agent.roadmap.stores.beads import Beads
from orchestrator_agent.roadmap.stores.ccpm import Ccpm

NOON = datetime(2026, 11, 5, 12, 0, 30, 250_000, tzinfo=UTC)


def write(path: str, id_: str, status: S) -> list[str]:
    """The lines that change in the one file that is written."""
    ((name, data),) = write_statuses(TREE, [path], {id_: status}).items()
    return changed_lines(TREE.read(name) or b"", data)


def write_with(format_: PlanFormat, files: Memory, path: str, id_: str, status: S) -> bytes:
    source = open_source(files, path)
    assert source is not None
    (data,) = format_.write(source, format_.read(source), {id_: status}).values()
    return data


@pytest.mark.parametrize("path", PLANS)
@pytest.mark.parametrize("status", S)
def test_every_status_of_every_entry_reads_back_alone(path: str, status: S) -> None:
    before = plan(path)
    for stream in before.work_streams:
        try:
            written = write_statuses(TREE, [path], {stream.id: status})
        except RoadmapError:
            assert status in (S.BLOCKED, S.CANCELLED, S.IN_PROGRESS) or stream.blocked_reason == "it has no status"
            continue
        files = Memory({**TREE.files, **written})
        after = read_plan(files, [path])
        expected = [
            replace(s, status=status, blocked_reason=None) if s.id == stream.id and status is not s.status else s
            for s in before.work_streams
        ]
        assert [(s.id, s.status, s.name, s.depends_on) for s in after.work_streams] == [
            (s.id, s.status, s.name, s.depends_on) for s in expected
        ]
        assert bool(written) is (stream.status is not status)


@pytest.mark.parametrize("path", PLANS)
def test_done_and_not_started_can_be_written_everywhere(path: str) -> None:
    for stream in plan(path).work_streams:
        if stream.blocked_reason != "it has no status":
            for status in (S.NOT_STARTED, S.COMPLETE):
                write_statuses(TREE, [path], {stream.id: status})


def test_task_master_changes_one_value() -> None:
    assert write("tasks.json", "2", S.IN_PROGRESS) == [
        '-      "status": "pending",\n',
        '+      "status": "in-progress",\n',
    ]
    assert write("tagged.json", "winter:2", S.COMPLETE)[1].strip() == (
        '+      { "id": 2, "title": "Seeds", "status": "done", "dependencies": [1] },'.strip()
    )


def test_the_words_that_the_file_uses_most_are_written() -> None:
    tasks = [{"id": n, "title": "t", "status": word} for n, word in enumerate(("completed", "completed", "pending"))]
    files = memory("tasks.json", json.dumps({"tasks": tasks}))
    assert (
        b'"id": 2, "title": "t", "status": "completed"'
        in write_statuses(files, ["tasks.json"], {"2": S.COMPLETE})["tasks.json"]
    )


def test_no_final_newline_comes_or_goes() -> None:
    written = write_statuses(TREE, ["tagged.json"], {"2": S.COMPLETE})["tagged.json"]
    assert written.endswith(b"}") and len(written) == len(TREE.read("tagged.json") or b"") - len("pending") + len(
        "done"
    )


def test_escapes_and_marks_of_a_file_stay() -> None:
    text = '\ufeff{\r\n\t"tasks": [{"id": 1, "title": "a\\u00e9\\/é", "status": "x", "status": "p\\u0065nding"}]\r\n}'
    written = write_statuses(memory("tasks.json", text), ["tasks.json"], {"1": S.COMPLETE})["tasks.json"]
    assert written.decode() == text.replace('"p\\u0065nding"', '"done"')


def test_stories_change_their_flags() -> None:
    assert write("prd.json", "HE-003", S.COMPLETE) == ['-      "passes": false,\n', '+      "passes": true,\n']
    assert write("prd.json", "HE-003", S.IN_PROGRESS) == [
        '-      "inProgress": false,\n',
        '+      "inProgress": true,\n',
    ]
    ended = write_statuses(TREE, ["prd.json"], {"HE-003": S.IN_PROGRESS})
    both = write_statuses(Memory(ended), ["prd.json"], {"HE-003": S.COMPLETE})["prd.json"]
    assert changed_lines(TREE.read("prd.json") or b"", both) == [
        '-      "passes": false,\n',
        '+      "passes": true,\n',
    ]


def test_a_list_without_a_field_for_it_is_not_marked_as_begun() -> None:
    with pytest.raises(RoadmapError, match="has no field that says in progress"):
        write("feature_list.json", "a-keeper-can-log-out", S.IN_PROGRESS)


def test_beads_close_with_time_and_reason() -> None:
    data = write_with(Beads(now=lambda: NOON), TREE, "issues.jsonl", "av-1.2", S.COMPLETE)
    (old, new) = changed_lines(TREE.read("issues.jsonl") or b"", data)
    before, after = json.loads(old[1:]), json.loads(new[1:])
    assert after == before | {
        "status": "closed",
        "updated_at": "2026-11-05T12:00:30Z",
        "closed_at": "2026-11-05T12:00:30Z",
        "close_reason": "Closed",
    }
    assert "<of wood>" in new and list(after)[:5] == list(before)[:5]


def test_beads_open_again_without_time_and_reason() -> None:
    data = write_with(Beads(now=lambda: NOON), TREE, "issues.jsonl", "av-1.1", S.NOT_STARTED)
    (old, new) = changed_lines(TREE.read("issues.jsonl") or b"", data)
    before, after = json.loads(old[1:]), json.loads(new[1:])
    del before["closed_at"], before["close_reason"]
    assert after == before | {"status": "open", "updated_at": "2026-11-05T12:00:30.250000Z"}


@pytest.mark.parametrize(
    "line",
    [
        '{"closed_at":"x","close_reason":"y","id":"a","title":"t","status":"closed"}',
        '{"id":"a","closed_at":"x","title":"t","close_reason":"y","status":"closed"}',
        '{ "id": "a", "title": "t", "status": "closed", "closed_at": "x", "close_reason": "y" }',
    ],
)
def test_members_are_taken_out_wherever_they_stand(line: str) -> None:
    data = write_with(Beads(), memory("i.jsonl", line), "i.jsonl", "a", S.NOT_STARTED)
    assert json.loads(data) == {"id": "a", "title": "t", "status": "open"}


def test_a_task_file_changes_its_status_and_its_date() -> None:
    files = TREE
    name = "backlog/tasks/bird-2 - Level-page.md"
    data = write_with(BacklogMd(now=lambda: NOON), files, "backlog/tasks", "BIRD-2", S.COMPLETE)
    assert changed_lines(files.files[name], data) == [
        *("-status: To Do\n", "+status: Done\n"),
        *("-updated_date: '2026-02-03 10:15'\n", "+updated_date: '2026-11-05 12:00'\n"),
    ]


def test_quotes_line_ends_and_remarks_stay() -> None:
    assert write("backlog/tasks", "BIRD-3", S.IN_PROGRESS) == ['-status: "To Do"\r\n', '+status: "Doing"\r\n']
    assert write("backlog/tasks", "BIRD-4", S.COMPLETE) == [
        "-status: To Do   # after lunch\n",
        "+status: Done   # after lunch\n",
    ]
    assert write("sprint-status.yaml", "1-3-show-the-level", S.COMPLETE) == [
        '-  1-3-show-the-level: "ready-for-dev"\n',
        '+  1-3-show-the-level: "done"\n',
    ]
    assert write("sprint-status.yaml", "1-2-store-readings", S.COMPLETE) == [
        "-  1-2-store-readings: review # second look\n",
        "+  1-2-store-readings: done # second look\n",
    ]


def test_a_word_that_yaml_would_read_as_something_else_is_quoted() -> None:
    config = b"statuses: ['To Do', 'On', '#1: done']\n"
    files = Memory({"backlog/config.yml": config, "backlog/tasks/a.md": b"---\nid: B-1\ntitle: t\nstatus:\n---\n"})
    (data,) = write_statuses(files, ["backlog/tasks"], {"B-1": S.COMPLETE}).values()
    assert b"status: '#1: done'\n" in data
    (data,) = write_statuses(files, ["backlog/tasks"], {"B-1": S.IN_PROGRESS}).values()
    assert b"status: 'On'\n" in data


def test_ccpm_changes_its_status_and_its_date() -> None:
    files = TREE
    data = write_with(Ccpm(now=lambda: NOON), files, "epics/aviary", "002", S.COMPLETE)
    assert changed_lines(files.files["epics/aviary/002.md"], data) == [
        *("-status: open\n", "+status: closed\n"),
        *("-updated: 2026-03-02T08:00:00Z\n", "+updated: 2026-11-05T12:00:30Z\n"),
    ]
    assert write("epics", "feeding:002", S.COMPLETE) == ["-status: in-progress\n", "+status: closed\n"]


@pytest.mark.parametrize(
    ("path", "id_", "status"),
    [("issues.jsonl", "av-11", S.CANCELLED), ("sprint-status.yaml", "2-10-quiet-hours", S.BLOCKED)],
)
def test_a_store_without_a_word_says_so(path: str, id_: str, status: S) -> None:
    with pytest.raises(RoadmapError, match=f"has no word for {status.value}"):
        write(path, id_, status)


def test_an_entry_without_a_status_says_so() -> None:
    with pytest.raises(RoadmapError, match="has no status that could be replaced"):
        write("tagged.json", "winter:3", S.COMPLETE)


def test_several_entries_in_several_files_change_at_once() -> None:
    written = write_statuses(TREE, ["epics"], {"aviary:002": S.COMPLETE, "feeding:001": S.IN_PROGRESS})
    assert sorted(written) == ["epics/aviary/002.md", "epics/feeding/001.md"]
