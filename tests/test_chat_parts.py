"""What the chat is made of: commands, completion, the line below the one that is typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import git
from support_talk import furnish
from support_work import is_harmless, until

from orchestrator_agent import slash_commands, speaker, status_bar
from orchestrator_agent.completing import Completions
from orchestrator_agent.errors import UserError
from orchestrator_agent.interpreters.claude import Usage
from orchestrator_agent.listener import is_yes
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.project import Project
from orchestrator_agent.savings import Saved
from orchestrator_agent.slash_commands import Command, NoSuchCommand
from orchestrator_agent.tools import TOOLS, ToolCall, ToolResult, Toolset

TOOLSET = Toolset(TOOLS)
KNOWN = ("1.1", "coder-1.1-1764977334")


def read(text: str) -> Command | None:
    return slash_commands.read(text, TOOLSET, KNOWN)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("status", Command("status")),
        ("Running", Command("running")),
        ("stop", Command("stop")),
        ("stop 1.1", Command("stop", "1.1")),
        ("stop all", Command("stop", "all")),
        ("stop CODER-1.1-1764977334", Command("stop", "CODER-1.1-1764977334")),
        ("why 1.1", Command("why", "1.1")),
        ("logs 1.1", Command("logs", "1.1")),
        ("exit", Command("quit")),
        ("/status of 1.1", Command("status", "of 1.1")),
        ("/run_batch", Command("run_batch")),
        ("/?", Command("help")),
    ],
)
def test_plain_words_and_slashes_are_commands(text: str, command: Command) -> None:
    assert read(text) == command


@pytest.mark.parametrize(
    "text",
    ["status of the parser", "stop the parser", "stop 9.9", "why is 1.1 blocked", "logs", "verify 1.1", "start", "1.1"],
)
def test_what_could_mean_something_is_a_goal(text: str) -> None:
    assert read(text) is None


def test_a_word_behind_a_slash_that_is_no_command_is_refused() -> None:
    with pytest.raises(NoSuchCommand, match=r"There is no /fly; `help` lists"):
        read("/fly \x1b[2J away")


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("/start 1.1", ToolCall("spawn_agent", {"work_stream_id": "1.1"})),
        ("/start", ToolCall("spawn_agent")),
        ("/batch 1.1,1.2", ToolCall("run_batch", {"work_stream_ids": ["1.1", "1.2"]})),
        ("/run_batch 1.1 2", ToolCall("run_batch", {"work_stream_ids": ["1.1"], "count": "2"})),
        ("/stop all", ToolCall("stop_agent")),
        ("/logs phase 1.1", ToolCall("read_output", {"agent_id": "phase 1.1"})),
        ("/verify 1.1", ToolCall("verify", {"work_stream_id": "1.1"})),
        ("/feedback 1.1 use tabs now", ToolCall("send_feedback", {"agent_id": "1.1", "feedback": "use tabs now"})),
        ("/answer 0a1b no, ask me", ToolCall("answer_agent", {"entry": "0a1b", "answer": "no, ask me"})),
        (
            "/redirect 1.1 1.2 it is urgent",
            ToolCall("redirect_agent", {"agent_id": "1.1", "work_stream_id": "1.2", "reason": "it is urgent"}),
        ),
    ],
)
def test_a_command_is_a_call_of_a_tool(text: str, call: ToolCall) -> None:
    command = read(text)
    assert command is not None and slash_commands.call_of(command, TOOLSET) == call
    tool = TOOLSET.get(call.name)
    assert tool is not None and set(tool.validate(call.arguments)) == set(call.arguments)


def test_every_tool_can_be_called_and_says_what_it_needs() -> None:
    for tool in TOOLS:
        command = read(f"/{tool.name}")
        assert command is not None
        if tool.schema.get("required"):
            with pytest.raises(UserError, match=f"/{tool.name} needs "):
                slash_commands.call_of(command, TOOLSET)
        else:
            assert slash_commands.call_of(command, TOOLSET) == ToolCall(tool.name)
    assert len(slash_commands.names(TOOLSET)) == len(set(slash_commands.names(TOOLSET)))


def test_ids_names_and_commands_are_completed(repo: Path) -> None:
    of = Completions(Project(furnish(repo)), lambda: slash_commands.names(TOOLSET)).of
    assert of("/sta") == [("/status", 4), ("/start", 4)]
    assert of("1.") == [("1.1", 2), ("1.2", 2), ("1.3", 2)]
    assert of("start the price t") == [("Price Table", 7)]
    assert of("start the pri") == [("Price Table", 3), ("Price Labels", 3)]
    assert of("/why 2") == [("2.1", 1)]
    assert of("") == of("start ") == of("nothing like it") == []
    (repo / "plans" / "roadmap.md").unlink()
    assert of("1.") == []


def test_the_line_below_is_short_and_harmless(repo: Path) -> None:
    project = Orchestrator(furnish(repo)).project
    assert status_bar.bar(project, Usage(), why_offline="fixed rules") == "nobody at work (at most 3) · fixed rules"
    usage = Usage(input=100, cache_read=1800, cache_written=100, output=50, requests=2)
    shown = status_bar.bar(project, usage, busy=True)
    assert shown == (
        "nobody at work (at most 3) · 2.0k tokens in (90% from cache), 50 out, 0.00 USD · a turn runs, Ctrl-C drops it"
    )
    saved = Saved(turns=3, tokens=28_200, cost_usd=0.064)
    assert status_bar.bar(project, Usage(), saved=saved).endswith(
        " · 3 turns by the rules saved about 28.2k tokens, 0.06 USD"
    )
    assert "waits for you: an answer" in status_bar.bar(project, usage, busy=True, asked=True)


def test_held_work_waits_for_the_person_in_the_line_below(repo: Path) -> None:
    furnish(repo, ("sh", "-c", "echo '# mine' >> orch.toml; git commit -qam x"))  # a protected path
    orchestrator = Orchestrator(repo)
    orchestrator.run("1.1")
    until(lambda: not orchestrator.project.store.open_commands())
    assert "waits for you: 1.1" in status_bar.bar(orchestrator.project, Usage())
    assert git(repo, "show", "main:orch.toml").endswith("# mine") is False


def test_a_note_and_the_whole_of_a_call_are_harmless() -> None:
    call = ToolCall("read_output", {"agent_id": "1.1\x1b[2J", "lines": 5})
    result = ToolResult("first\nsecond \x1b]0;x\x07" + "long " * 100)
    note = speaker.note(call, result)
    assert note.startswith("read output 1.1␛[2J, 5: first second") and note.endswith("…") and len(note) < 120
    shown = speaker.details([(call, result)])
    assert shown[1] == "  first" and all(is_harmless(line) and "\n" not in line for line in (note, *shown))
    assert speaker.details([]) == ["Nothing was called in the last turn."]


@pytest.mark.parametrize(
    ("answer", "yes"),
    [
        *((text, True) for text in ("y", "Yes.", "yes please", "ok", "OK!", "sure", "go ahead", "yes, do it", "ja")),
        *((text, False) for text in ("", "n", "No.", "no thanks", "don’t", "not now")),
        *((text, None) for text in ("yes but not 1.2", "maybe", "no idea", "ok, and 1.3 too", "yesterday", "stop 1.2")),
    ],
)
def test_what_is_a_yes(answer: str, yes: bool | None) -> None:
    assert is_yes(answer) is yes
