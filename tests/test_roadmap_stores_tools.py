"""Where a store's own program is installed it writes the status. Tested against stand-ins for `bd`, `backlog` and
`task-master`, which do what their documentation says, and worse."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest
from support_stores import TREE, changed_lines, memory

from orchestrator_agent.model import WorkStreamStatus as S
from orchestrator_agent.roadmap.plan_format import PlanFormat
from orchestrator_agent.roadmap.sources import Memory, open_source
from orchestrator_agent.roadmap.stores.backlog_md import BacklogMd
from orchestrator_agent.roadmap.stores.beads import Beads
from orchestrator_agent.roadmap.stores.task_master import TaskMaster
from orchestrator_agent.roadmap.stores.tools import Tools

#: Writes the whole store anew, in its own order and spelling, and knows the time.
BD = """
    path = pathlib.Path(".beads/issues.jsonl")
    issues = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    assert sys.argv[1] == "--no-db" and pathlib.Path.home() == pathlib.Path.cwd()
    command, id_, *rest = sys.argv[2:]
    for issue in issues:
        if issue["id"] == id_:
            issue["updated_at"] = "2026-12-24T18:00:00Z"
            if command == "close":
                issue |= {"status": "closed", "closed_at": "2026-12-24T18:00:00Z", "close_reason": rest[1]}
            else:
                issue["status"] = rest[1]
    MORE
    lines = (json.dumps(dict(sorted(issue.items()))) for issue in reversed(issues))
    path.write_text("\\n".join(lines))
"""
TASK_MASTER = """
    path = pathlib.Path(".taskmaster/tasks/tasks.json")
    store = json.loads(path.read_text())
    options = dict(option.split("=") for option in sys.argv[2:])
    part = store[options["--tag"]] if "--tag" in options else store
    for task in part["tasks"]:
        if str(task["id"]) == options["--id"]:
            task["status"] = options["--status"]
            for subtask in task.get("subtasks", []):
                subtask["status"] = options["--status"]
    part["metadata"]["updated"] = "2026-12-24T18:00:00Z"
    MORE
    path.write_text(json.dumps(store, indent=4))
"""
BACKLOG = """
    assert sys.argv[1:3] == ["task", "edit"] and sys.argv[4] == "-s"
    for path in pathlib.Path("backlog/tasks").iterdir():
        text = path.read_text()
        if f"id: {sys.argv[3]}\\n" in text:
            text = re.sub("status: .*", f'status: "{sys.argv[5]}"', text, count=1)
            text = re.sub("updated_date: .*", "updated_date: '2026-12-24 18:00'", text, count=1)
            MORE
            path.write_text(text)
"""

Make = Callable[..., Tools]


@pytest.fixture
def program(tmp_path: Path) -> Make:
    """Puts a stand-in into a folder; returns where to look for it."""

    def make(name: str, body: str, more: str = "") -> Tools:
        script = tmp_path / name
        code = dedent(body).replace("MORE", more or "pass")
        script.write_text(f"#!{sys.executable}\nimport json, pathlib, re, sys, time\n{code}")
        script.chmod(0o755)
        return Tools(path=str(tmp_path), seconds=60.0)

    return make


def write(format_: PlanFormat, files: Memory, path: str, changes: Mapping[str, S]) -> dict[str, bytes]:
    source = open_source(files, path)
    assert source is not None
    return dict(format_.write(source, format_.read(source), changes))


def the_line(path: str, data: bytes) -> str:
    _, new = changed_lines(TREE.read(path) or b"", data)
    return new[1:]


def test_what_bd_derives_is_taken_over_and_nothing_else(program: Make) -> None:
    data = write(Beads(tools=program("bd", BD)), TREE, "issues.jsonl", {"av-1.2": S.COMPLETE})["issues.jsonl"]
    line = the_line("issues.jsonl", data)
    issue = json.loads(line)
    assert (issue["status"], issue["close_reason"]) == ("closed", "Closed")
    assert issue["updated_at"] == issue["closed_at"] == "2026-12-24T18:00:00Z"
    assert line.startswith('{"id":"av-1.2","title":"Raise the walls <of wood>","status":"closed"')


@pytest.mark.parametrize(
    "more",
    [
        'issues[4]["status"] = "closed"',
        'issues[3]["title"] = "renamed"',
        'next(issue for issue in issues if issue["id"] == id_)["title"] = "renamed"',
        "issues.pop()",
        'issues.append({"id": "av-99", "title": "x", "status": "open"})',
        "sys.exit(1)",
        'path.write_bytes(b"\\xff"); sys.exit(0)',
        "path.unlink(); sys.exit(0)",
    ],
)
def test_a_program_that_does_more_or_fails_is_not_believed(program: Make, more: str) -> None:
    data = write(Beads(tools=program("bd", BD, more)), TREE, "issues.jsonl", {"av-1.2": S.COMPLETE})["issues.jsonl"]
    issue = json.loads(the_line("issues.jsonl", data))
    assert issue["status"] == "closed" and issue["closed_at"] != "2026-12-24T18:00:00Z"


def test_a_program_that_does_not_end_is_ended(program: Make) -> None:
    tools = Tools(path=program("bd", "time.sleep(1000)").path, seconds=0.3)
    data = write(Beads(tools=tools), TREE, "issues.jsonl", {"av-11": S.COMPLETE})["issues.jsonl"]
    assert json.loads(the_line("issues.jsonl", data))["status"] == "closed"


def test_an_id_is_never_taken_for_an_option(program: Make, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    tools = program("bd", f"pathlib.Path({str(seen)!r}).touch()")
    files = memory("i.jsonl", '{"id":"--help","title":"t","status":"open"}\n')
    assert b'"closed"' in write(Beads(tools=tools), files, "i.jsonl", {"--help": S.COMPLETE})["i.jsonl"]
    assert not seen.exists()


TASKS = """{"tasks": [
  {"id": 1, "title": "é", "status": "pending",
   "subtasks": [{"id": 1, "title": "s", "status": "pending"}]},
  {"id": 2, "title": "b", "status": "pending"}
], "metadata": {"updated": "2026-01-01T00:00:00Z", "n": 1}}"""


def test_task_master_marks_subtasks_too(program: Make) -> None:
    tools = program("task-master", TASK_MASTER)
    data = write(TaskMaster(tools=tools), memory("tasks.json", TASKS), "tasks.json", {"1": S.COMPLETE})["tasks.json"]
    expected = TASKS.replace('"pending"', '"done"', 2).replace("2026-01-01T00:00:00Z", "2026-12-24T18:00:00Z")
    assert data.decode() == expected
    tagged = write(TaskMaster(tools=tools), TREE, "tagged.json", {"winter:2": S.COMPLETE})["tagged.json"]
    assert [line for line in changed_lines(TREE.read("tagged.json") or b"", tagged) if line[0] == "+"] == [
        '+      { "id": 2, "title": "Seeds", "status": "done", "dependencies": [1] },\n',
        '+    "metadata": { "description": "Cold months", "updated": "2026-12-24T18:00:00Z" }\n',
    ]


@pytest.mark.parametrize(
    ("more", "text"),
    [('part["tasks"][0]["status"] = "done"', TASKS), ("pass", TASKS.replace('"n": 1', '"n": 3.10'))],
)
def test_task_master_that_changes_more_is_not_believed(program: Make, more: str, text: str) -> None:
    tools = program("task-master", TASK_MASTER, more)
    data = write(TaskMaster(tools=tools), memory("tasks.json", text), "tasks.json", {"2": S.COMPLETE})["tasks.json"]
    assert data.decode() == text.replace('"b", "status": "pending"', '"b", "status": "done"')


def test_the_date_of_backlog_is_taken_over(program: Make) -> None:
    tools = program("backlog", BACKLOG)
    ((path, data),) = write(BacklogMd(tools=tools), TREE, "backlog/tasks", {"BIRD-2": S.COMPLETE}).items()
    assert changed_lines(TREE.read(path) or b"", data) == [
        *("-status: To Do\n", "+status: Done\n"),
        *("-updated_date: '2026-02-03 10:15'\n", "+updated_date: '2026-12-24 18:00'\n"),
    ]


def test_backlog_that_changes_a_text_is_not_believed(program: Make) -> None:
    tools = program("backlog", BACKLOG, 'text += "more"')
    (data,) = write(BacklogMd(tools=tools), TREE, "backlog/tasks", {"BIRD-2": S.COMPLETE}).values()
    assert b"2026-12-24" not in data and b"more" not in data


def test_a_hook_in_a_plan_is_never_run(program: Make, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    tools = program("backlog", f"pathlib.Path({str(seen)!r}).touch()")
    text = b"---\nid: B-1\ntitle: t\nstatus: To Do\nonStatusChange: 'touch /'\n---\n"
    written = write(BacklogMd(tools=tools), Memory({"backlog/tasks/a.md": text}), "backlog/tasks", {"B-1": S.COMPLETE})
    assert b"status: Done" in written["backlog/tasks/a.md"]
    assert not seen.exists()


def test_without_a_program_nothing_is_run() -> None:
    assert Tools(path="").find("beads") is None
    assert Tools(path="/nowhere").run("beads", [["x"]], {"a": b""}, []) is None
    assert Tools().find("stories") is None
