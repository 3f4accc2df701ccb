"""Tools by their one dispatcher, on real repositories with real agents."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import git
from support_talk import QUICK, ROADMAP, SLOW, furnish, stopped_after
from support_work import everything

from orchestrator_agent import events, follow
from orchestrator_agent.orchestrator import Orchestrator, OrchestratorConfig
from orchestrator_agent.tools import TOOLS, Tool, ToolCall, ToolResult, Toolset, tool
from orchestrator_agent.tools.tool import TEXT_LIMIT

HOSTILE = "\x1b[31mred\x1b[0m $(touch pwned) ../../etc \u202egnihtyna " + "🚀" * 40 + "x" * 300
Furnish = Callable[..., Path]


@pytest.fixture
def make(repo: Path) -> Iterator[Furnish]:
    with stopped_after(repo):
        yield lambda *args, **options: furnish(repo, *args, **options)


def call(orchestrator: Orchestrator, name: str, **arguments: Any) -> ToolResult:
    result = Toolset(TOOLS).call(orchestrator, ToolCall(name, arguments))
    assert len(result.text.encode()) < TEXT_LIMIT
    assert not any(ord(char) < 32 and char != "\n" for char in result.text)
    assert "\u202e" not in result.text
    json.dumps(result.data)
    return result


def good(orchestrator: Orchestrator, name: str, **arguments: Any) -> ToolResult:
    result = call(orchestrator, name, **arguments)
    assert not result.is_error, result.text
    return result


# -- what a tool is ----------------------------------------------------------------------------------------------------


def test_the_list_of_tools_is_fixed_and_terse() -> None:
    assert [t.name for t in TOOLS] == [
        "list_work_streams",
        "get_status",
        "spawn_agent",
        "run_batch",
        "read_output",
        "wait",
        "send_feedback",
        "redirect_agent",
        "pause_agent",
        "resume_agent",
        "answer_agent",
        "stop_agent",
        "verify",
        "integrate",
        "report",
        "add_work_stream",
    ]
    listed = [{"name": t.name, "description": t.description, "input_schema": t.schema} for t in TOOLS]
    assert len(json.dumps(listed)) < 8000
    assert all(t.description for t in TOOLS)
    assert {t.name for t in TOOLS if t.read_only} == {
        "list_work_streams",
        "get_status",
        "read_output",
        "wait",
        "report",
    }
    assert {t.name for t in TOOLS if t.needs_yes} == {
        "spawn_agent",
        "run_batch",
        "redirect_agent",
        "answer_agent",
        "stop_agent",
        "integrate",
        "add_work_stream",
    }


def test_a_schema_is_read_off_the_function() -> None:
    schemas = {t.name: t.schema for t in TOOLS}
    assert schemas["verify"]["required"] == ["work_stream_id"]
    assert schemas["verify"]["properties"]["work_stream_id"]["type"] == "string"
    assert "required" not in schemas["spawn_agent"]
    assert schemas["run_batch"]["properties"]["max_agents"]["minimum"] == 1
    assert schemas["run_batch"]["properties"]["work_stream_ids"]["items"]["type"] == "string"
    assert all(schema["type"] == "object" and not schema["additionalProperties"] for schema in schemas.values())
    assert '"title"' not in json.dumps(schemas) and '"null"' not in json.dumps(schemas)
    assert schemas["report"]["properties"] == {}


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("fly", {}, "there are list_work_streams"),
        ("fly\x1b[2J", {}, "There is no tool"),
        ("verify", {}, "it takes: work_stream_id"),
        ("verify", {"id": "1.1"}, "it takes: work_stream_id"),
        ("spawn_agent", {"work_stream_id": ["1.1"]}, "work_stream_id"),
        ("spawn_agent", {"work_stream_id": ""}, "work_stream_id"),
        ("spawn_agent", {"work_stream_id": "9.9"}, "orch status"),
        ("run_batch", {"max_agents": 0}, "max_agents"),
        ("run_batch", {"work_stream_ids": []}, "work_stream_ids"),
        ("run_batch", {"exclude": ["9.9"]}, "9.9"),
        ("run_batch", {"exclude": ["1.1", "1.2", "1.3"], "count": 2}, "leave fewer out"),
        ("read_output", {"agent_id": "1.1"}, "No agent has worked on 1.1"),
        ("read_output", {"agent_id": "coder-x"}, "coder-x"),
        ("stop_agent", {"work_stream_id": "9.9"}, "9.9"),
        ("spawn_agent", {"work_stream_id": "2.1"}, "waits for 1.1"),
        ("list_work_streams", {"after": "9.9"}, "9.9"),
    ],
)
def test_what_a_caller_can_put_right_is_a_result(
    make: Furnish, name: str, arguments: dict[str, Any], said: str
) -> None:
    repo = make()
    result = call(Orchestrator(repo), name, **arguments)
    assert result.is_error
    assert said in result.text
    assert not (repo / ".orch").exists()


def test_bugs_are_raised(make: Furnish) -> None:
    @tool()
    def broken(orchestrator: Orchestrator) -> ToolResult:
        """Divides by nothing."""
        raise ZeroDivisionError

    assert isinstance(broken, Tool)
    with pytest.raises(ZeroDivisionError):
        Toolset([broken]).call(Orchestrator(make()), ToolCall("broken"))


# -- looking -----------------------------------------------------------------------------------------------------------


def test_looking_leaves_nothing_behind(make: Furnish) -> None:
    repo = make()
    orchestrator = Orchestrator(repo)
    listed = good(orchestrator, "list_work_streams")
    assert listed.text.splitlines() == [
        "4 work streams, 3 can start now.",
        "1.1 Task Parser [not_started: can start now]",
        "1.2 Price Table [not_started: can start now]",
        "1.3 Price Labels [not_started: can start now]",
        "2.1 Receipt Printer [not_started: waits for 1.1 (not started)]",
    ]
    assert good(orchestrator, "get_status").data["next"] == ["1.1", "1.2", "1.3"]
    assert "waits for 1.1" in good(orchestrator, "get_status", work_stream_id="phase 2.1").text
    assert good(orchestrator, "report").data["agents"] == []
    assert good(orchestrator, "stop_agent").data["command_id"] is None
    assert not (repo / ".orch").exists()
    assert git(repo, "status", "--porcelain") == ""


def test_results_stay_short_at_any_size_and_pages_miss_nothing(make: Furnish) -> None:
    phases = "".join(f"### Phase {n}.1: {n} {HOSTILE}\n\n- **Status:** Not Started\n\n" for n in range(1, 151))
    orchestrator = Orchestrator(make(roadmap="# Roadmap\n\n" + phases))
    for name in ("get_status", "report"):
        good(orchestrator, name)
    seen: list[str] = []
    after: str | None = None
    while True:
        page = good(orchestrator, "list_work_streams", after=after)
        seen += [stream["id"] for stream in page.data["work_streams"]]
        after = page.data["after"]
        if after is None:
            break
        assert f'after="{after}"' in page.text
    assert seen == [f"{n}.1" for n in range(1, 151)]


# -- acting ------------------------------------------------------------------------------------------------------------


def test_one_work_stream_from_start_to_report(make: Furnish) -> None:
    repo = make()
    orchestrator = Orchestrator(repo)
    started = good(orchestrator, "spawn_agent", work_stream_id="Phase 1.1")
    assert "1.1: Task Parser" in started.text
    follow.wait(orchestrator.project, started.data["command_id"])
    assert git(repo, "show", "main:made-1.1.txt") == "x"

    status = good(orchestrator, "get_status", work_stream_id="1.1")
    assert "verification passed" in status.text
    agent_id = status.data["agents"][0]["id"]
    assert agent_id in good(orchestrator, "get_status", agent_id=agent_id).text
    assert good(orchestrator, "read_output", agent_id="1.1").data["lines"] == ["one line"]
    assert "1.1 complete" in good(orchestrator, "report").text

    again = call(orchestrator, "integrate", work_stream_id="1.1")
    assert again.is_error and "merged already" in again.text
    assert call(orchestrator, "spawn_agent", work_stream_id="1.1").is_error

    calls = [e for e in orchestrator.project.store.events_after(0) if e.type == events.TOOL_CALLED]
    assert [(e.data["tool"], e.data["is_error"]) for e in calls] == [
        ("spawn_agent", False),
        ("get_status", False),
        ("get_status", False),
        ("read_output", False),
        ("report", False),
        ("integrate", True),
        ("spawn_agent", True),
    ]
    assert calls[0].data["command_id"] == started.data["command_id"]
    assert all(event.command_id is None for event in calls)


def test_a_batch_of_named_work_streams_starts_only_those(make: Furnish) -> None:
    repo = make()
    orchestrator = Orchestrator(repo)
    started = good(orchestrator, "run_batch", work_stream_ids=["2.1", "1.1", "1.2"], exclude=["1.2"], max_agents=1)
    assert (started.data["now"], started.data["later"]) == (["1.1"], ["2.1"])
    follow.wait(orchestrator.project, started.data["command_id"])
    assert {f.record.work_stream_id for f in orchestrator.project.store.agents()} == {"1.1", "2.1"}


def test_the_next_few_leave_out_what_is_excluded(make: Furnish) -> None:
    orchestrator = Orchestrator(make(SLOW))
    started = good(orchestrator, "run_batch", count=1, exclude=["1.1"])
    assert started.data["now"] == ["1.2"]


def test_verifying_again_needs_no_new_agent(make: Furnish) -> None:
    repo = make()
    orchestrator = Orchestrator(repo, OrchestratorConfig(verify_after_completion=False))
    started = good(orchestrator, "spawn_agent", work_stream_id="1.2")
    follow.wait(orchestrator.project, started.data["command_id"])
    checked = good(orchestrator, "verify", work_stream_id="1.2")
    follow.wait(orchestrator.project, checked.data["command_id"])
    landed = good(orchestrator, "integrate", work_stream_id="1.2")
    follow.wait(orchestrator.project, landed.data["command_id"])
    assert git(repo, "show", "main:made-1.2.txt") == "x"
    assert len(orchestrator.project.store.agents()) == 1


def test_a_dry_orchestrator_starts_nothing(make: Furnish) -> None:
    repo = make()
    orchestrator = Orchestrator(repo, OrchestratorConfig(dry_run=True))
    assert good(orchestrator, "run_batch").data["command_id"] is None
    assert not (repo / ".orch").exists()


def test_stopping_by_name_all_but_some_and_all(make: Furnish) -> None:
    orchestrator = Orchestrator(make(SLOW))
    for name in ("1.1", "1.2", "1.3"):
        orchestrator.run(name)
    refused = call(orchestrator, "spawn_agent", work_stream_id="1.1")
    assert refused.is_error and "is working on it" in refused.text

    assert _stop(orchestrator, work_stream_id="phase 1.3") == {"1.1", "1.2"}
    assert _stop(orchestrator, exclude=["1.1"]) == {"1.1"}
    assert _stop(orchestrator) == set()
    assert good(orchestrator, "stop_agent").data == {"command_id": None, "agent_ids": []}
    assert good(orchestrator, "stop_agent", work_stream_id="1.3").data["command_id"] is None


def _stop(orchestrator: Orchestrator, **arguments: Any) -> set[str]:
    """The work streams that still have an agent when a stop is over."""
    stopping = good(orchestrator, "stop_agent", **arguments)
    follow.wait(orchestrator.project, stopping.data["command_id"])
    return {facts.record.work_stream_id for facts in orchestrator.project.store.live_agents()}


def test_what_an_agent_prints_cannot_hurt(make: Furnish) -> None:
    code = "import sys\nfor n in range(3000): print(n, '\\x1b[2J\\x07' + '\\u202e' + 'é' * 400)\n"
    orchestrator = Orchestrator(make(("sh", "-c", f"python3 -c {shlex.quote(code)}; {QUICK[2]}")))
    started = good(orchestrator, "spawn_agent", work_stream_id="1.1")
    follow.wait(orchestrator.project, started.data["command_id"])
    output = good(orchestrator, "read_output", agent_id="1.1", lines=5)
    assert output.data["lines"][-2].startswith("2999 ␛")
    assert len(output.data["lines"]) == 5
    assert output.text.endswith("one line")


def test_another_process_may_make_the_journal(make: Furnish) -> None:
    repo = make(SLOW)
    early = Orchestrator(repo)
    assert good(early, "get_status").data["agents"] == []
    Orchestrator(repo).run("1.1")
    assert [agent["work_stream_id"] for agent in good(early, "get_status").data["agents"]] == ["1.1"]


def test_a_hostile_roadmap_is_only_text(make: Furnish) -> None:
    repo = make(roadmap=ROADMAP.replace("Task Parser", HOSTILE))
    orchestrator = Orchestrator(repo)
    started = good(orchestrator, "spawn_agent", work_stream_id="1.1")
    follow.wait(orchestrator.project, started.data["command_id"])
    good(orchestrator, "get_status", work_stream_id="1.1")
    assert not any(name.endswith("pwned") for name in everything(repo))
