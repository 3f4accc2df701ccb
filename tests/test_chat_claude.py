"""The chat with a model behind it: a real process in a real terminal. The model is a stand-in, written by each test."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest
from standin import Answer, Brain, Failure, Request, StandIn, in_turn, text, tool
from support import git, run_orch
from support_chat import CTRL_C, CTRL_D, PROMPT, Terminal, journal, live, until
from support_talk import QUICK, SLOW, furnish, stopped_after

Open = Callable[..., Terminal]


@pytest.fixture
def make(repo: Path) -> Iterator[Callable[..., Path]]:
    def made(command: tuple[str, ...] = SLOW) -> Path:
        furnish(repo, command)
        with (repo / "orch.toml").open("a") as settings:
            settings.write("[conversation]\nretries = 0\n")
        git(repo, "commit", "--quiet", "--all", "--message=No retries")
        return repo

    with stopped_after(repo):
        yield made


@pytest.fixture
def chat(make: Callable[..., Path]) -> Iterator[Open]:
    opened: list[Terminal] = []

    def begin(repo: Path, standin: StandIn, *arguments: str, **env: str) -> Terminal:
        opened.append(Terminal(repo, *arguments, **standin.environment, **env))
        return opened[-1]

    yield begin
    for terminal in opened:
        terminal.child.close(force=True)


def answers(*blocks: object, **more: object) -> Answer:
    return Answer(content=blocks, **more)  # type: ignore[arg-type]


def kinds(repo: Path) -> list[str]:
    return [command.kind for command in journal(repo).recent_commands()]


def gated(gate: threading.Event, *replies: Answer | Failure) -> Brain:
    """A brain whose first answer waits until the test lets it."""
    rest = in_turn(*replies)

    def brain(request: Request) -> Answer | Failure:
        if request.number == 0:
            gate.wait(60)
        return rest(request)

    return brain


# -- a goal ------------------------------------------------------------------------------------------------------------


def test_a_goal_is_looked_up_asked_about_started_seen_and_stopped(make: Callable[..., Path], chat: Open) -> None:
    repo = make()
    brain = in_turn(
        answers({"type": "text", "text": "I look for **it**.\n"}, tool("list_work_streams")),
        answers(tool("spawn_agent", work_stream_id="1.1")),
        text("`1.1` Task Parser is being worked on."),
    )
    with StandIn(brain) as standin:
        terminal = chat(repo, standin, "--verbose")
        terminal.says("Start working on the task parser")
        terminal.sees("Orchestrator:", "I look for ", "it", "· list work streams: 4 work streams", "[y/N]")
        terminal.says("y")
        terminal.sees("· spawn agent 1.1: Starting:", "Task Parser is being worked on.", "· 3 requests: ", "from cache")
        terminal.child.send("runn")  # what agents do appears while one types, and leaves what is typed alone
        terminal.sees("Agent coder-1.1-", " is now working.")
        terminal.says("ing")
        terminal.sees("Running agents:", "coder-1.1-", "Running for ")
        terminal.says("/details")
        terminal.sees("list_work_streams", "2.1 Receipt Printer", "spawn_agent (work_stream_id: 1.1)")
        terminal.says("stop")
        terminal.sees("Stopped 1 agent")
        assert live(repo) == []
        terminal.says("quit")
        terminal.leaves()
    assert [request.said for request in standin.requests][1:] == ["", ""]


def test_a_no_reaches_the_model_and_so_do_other_words(make: Callable[..., Path], chat: Open) -> None:
    repo = make()
    brain = in_turn(
        answers(tool("run_batch")), answers(tool("spawn_agent", work_stream_id="1.3")), text("As you like.")
    )
    with StandIn(brain) as standin:
        terminal = chat(repo, standin)
        terminal.says("do it all")
        terminal.sees("run batch? [y/N]")
        terminal.says("n")
        terminal.sees("spawn agent (work_stream_id 1.3)? [y/N]")
        terminal.says("only the table, please")
        terminal.sees("As you like.")
        terminal.says("quit")
        terminal.leaves()
    no, other = standin.requests[1], standin.requests[2]
    assert "said no" in next(iter(no.results.values())) and no.said == ""
    assert "said no" in next(iter(other.results.values())) and other.said == "only the table, please"
    assert kinds(repo) == []


def test_a_question_of_the_model_is_asked_with_numbered_choices(make: Callable[..., Path], chat: Open) -> None:
    asked = tool("ask_person", question="Which one?", choices=["1.2 Price Table", "1.3 Price Labels"])
    with StandIn(in_turn(answers(asked), text("The labels then."))) as standin:
        terminal = chat(make(), standin)
        terminal.says("start the prices")
        terminal.sees("1. 1.2 Price Table", "2. 1.3 Price Labels", "Which one?")
        terminal.says("2")
        terminal.sees("The labels then.")
        terminal.child.send(CTRL_D)
        terminal.leaves()
    assert standin.requests[1].results == {asked["id"]: "1.3 Price Labels"}


# -- typing while a turn runs ------------------------------------------------------------------------------------------


def test_words_typed_in_a_turn_steer_it_and_commands_are_done_at_once(make: Callable[..., Path], chat: Open) -> None:
    gate = threading.Event()
    with StandIn(gated(gate, answers(tool("list_work_streams")), text("Only the first."))) as standin:
        terminal = chat(make(), standin)
        terminal.says("look at all")
        until(lambda: standin.requests)
        terminal.says("only the first one")
        terminal.sees("· noted: only the first one")
        terminal.says("running")
        terminal.sees("No agents are running.")
        gate.set()
        terminal.sees("Only the first.")
        terminal.says("/quit")
        terminal.leaves()
    assert len(standin.requests) == 2 and standin.requests[1].said == "only the first one"


def test_an_answer_that_broke_off_is_marked_before_it_comes_again(make: Callable[..., Path], chat: Open) -> None:
    torn = Answer(content=text("One two\nthree four five").content, cut_after=5)
    with StandIn(in_turn(torn, text("One two\nthree four."))) as standin:
        terminal = chat(make(), standin)
        terminal.says("count")
        terminal.sees("One two", "(cut off; again:)", "One two", "three four.")
        terminal.says("quit")
        terminal.leaves()


def test_words_that_come_too_late_for_a_turn_are_the_next_one(make: Callable[..., Path], chat: Open) -> None:
    gate = threading.Event()
    with StandIn(gated(gate, text("First."), text("Second."))) as standin:
        terminal = chat(make(), standin)
        terminal.says("one")
        until(lambda: standin.requests)
        terminal.says("two")
        terminal.sees("· noted: two")
        gate.set()
        terminal.sees("First.", "Second.")
        terminal.says("quit")
        terminal.leaves()
    assert standin.requests[1].said.endswith("\ntwo")


def test_a_question_puts_half_typed_words_aside_and_back(make: Callable[..., Path], chat: Open) -> None:
    gate = threading.Event()
    brain = gated(gate, answers(tool("spawn_agent", work_stream_id="1.1")), text("Not then."), text("Later."))
    with StandIn(brain) as standin:
        terminal = chat(make(), standin)
        terminal.says("start 1.1")
        until(lambda: standin.requests)
        terminal.child.send("tomorrow per")
        terminal.sees("tomorrow per")
        gate.set()
        terminal.sees("[y/N]")
        terminal.says("n")
        terminal.sees("tomorrow per", "Not then.")
        terminal.says("haps")
        terminal.sees("Later.")
        terminal.says("quit")
        terminal.leaves()
    assert standin.requests[2].said.endswith("\ntomorrow perhaps")


def test_ctrl_c_in_the_middle_of_a_stream_ends_the_turn_and_no_agent(make: Callable[..., Path], chat: Open) -> None:
    repo = make()
    slow = answers({"type": "text", "text": "line\n" * 2000}, pause=0.05)
    brain = in_turn(answers(tool("spawn_agent", work_stream_id="1.1")), slow, text("Still here."))
    with StandIn(brain) as standin:
        terminal = chat(repo, standin, "--auto")
        terminal.says("start 1.1")
        terminal.sees("line", "is now working")
        terminal.child.send("half" + CTRL_C)
        terminal.sees("Dropped; agents run on.")
        terminal.says(" typed")
        terminal.sees("Still here.")
        assert live(repo) == ["1.1"]
        terminal.child.send(CTRL_D)
        terminal.sees("1 agent runs on")
        terminal.leaves()
    assert standin.requests[2].said.endswith("\nhalf typed")


def test_ctrl_d_in_a_turn_leaves_and_agents_run_on(make: Callable[..., Path], chat: Open) -> None:
    repo, gate = make(), threading.Event()
    assert run_orch(repo, "run", "1.2", "--detach").returncode == 0
    with StandIn(gated(gate, text("never seen"))) as standin:
        terminal = chat(repo, standin)
        terminal.says("hello")
        until(lambda: standin.requests)
        terminal.child.send(CTRL_D)
        terminal.sees("1 agent runs on; `orch chat` or `orch stop` reach")
        terminal.leaves()
        gate.set()


def test_several_lines_are_one_turn_and_tab_completes(make: Callable[..., Path], chat: Open) -> None:
    with StandIn(in_turn(text("Heard."))) as standin:
        terminal = chat(make(), standin)
        terminal.child.send("start rece\t")
        terminal.sees("Receipt Printer")
        terminal.child.send("\x1b\rand nothing else\r")
        terminal.sees("Heard.")
        terminal.child.send("/det\t")
        terminal.sees("/details")
        terminal.says("")
        terminal.sees("Nothing was called in the last turn.")
        terminal.says("quit")
        terminal.leaves()
    assert standin.requests[0].said.endswith("\nstart Receipt Printer\nand nothing else")


# -- a model that is away, a chat that is killed -----------------------------------------------------------------------


def test_the_rules_serve_while_the_model_is_overloaded(make: Callable[..., Path], chat: Open) -> None:
    repo = make()
    trouble = Failure(status=529)
    with StandIn(in_turn(trouble, trouble, text("I am back."))) as standin:
        terminal = chat(repo, standin)
        terminal.says("what is left?")
        terminal.sees("Claude is not at hand: the model is overloaded.", "Can start now")
        terminal.says("start the task parser")
        terminal.sees("Matched goal to Phase 1.1: Task Parser", "[y/N]")
        terminal.says("n")
        terminal.sees("Nothing was done.")
        terminal.says("hello")
        terminal.sees("I am back.")
        terminal.says("quit")
        terminal.leaves()
    assert kinds(repo) == [] and len(standin.requests) == 3


def test_offline_sends_nothing(make: Callable[..., Path], chat: Open) -> None:
    with StandIn(in_turn(text("never"))) as standin:
        terminal = chat(make(), standin, "--offline")
        terminal.says("what is left?")
        terminal.sees("Can start now")
        terminal.says("quit")
        terminal.leaves()
    assert standin.requests == []


def test_killed_between_a_call_and_its_result_it_goes_on_and_does_nothing_twice(
    make: Callable[..., Path], chat: Open, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    repo = make(("sh", "-c", f"while [ ! -e '{go}' ]; do sleep 0.05; done; {QUICK[2]}"))
    spawn = tool("spawn_agent", work_stream_id="1.1")
    # The second call waits for the work, and results are sent together: killed now, the first has none.
    brain = in_turn(answers(spawn, tool("wait", work_stream_id="1.1", seconds=600)), text("It is **merged**."))
    with StandIn(brain) as standin:
        first = chat(repo, standin, "--auto")
        first.says("do 1.1 and tell me when it is there")
        first.sees("is now working")
        first.child.kill(signal.SIGKILL)
        first.child.expect(pexpect.EOF)
        assert len(standin.requests) == 1 and live(repo) == ["1.1"]
        second = chat(repo, standin, "--auto", "--resume")
        second.sees("· spawn agent 1.1: This was accepted before")
        go.touch()
        second.sees("It is ", "merged")
        second.says("quit")
        second.leaves()
        assert "accepted before" in standin.requests[1].results[spawn["id"]]
        third = Terminal(repo, "--resume", **standin.environment, greets="Going on with an earlier talk.")
        third.sees("You: do 1.1 and tell me when it is there", "Orchestrator:", "It is ", "merged", PROMPT)
        third.says("quit")
        third.leaves()
    assert kinds(repo).count("run") == 1 and len(journal(repo).agents()) == 1 and len(standin.requests) == 2


def test_a_conversation_that_is_not_there_cannot_be_taken_up(make: Callable[..., Path]) -> None:
    done = run_orch(make(), "chat", "--resume", "nothing")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1) and "no such conversation" in done.stderr


# -- what is below the line, and pipes ---------------------------------------------------------------------------------


def test_the_line_below_tells_what_waits_and_what_it_costs(make: Callable[..., Path], chat: Open) -> None:
    brain = in_turn(answers(tool("spawn_agent", work_stream_id="1.1")), text("Started."))
    with StandIn(brain) as standin:
        # The line is only drawn in a terminal that says where its cursor is.
        terminal = chat(make(), standin, PROMPT_TOOLKIT_NO_CPR="0")
        terminal.sees("nobody at work (at most 3)")
        terminal.says("start 1.1")
        terminal.sees("waits for you: an answer")
        terminal.says("y")
        terminal.sees("1 at work: 1.1 (at most 3)", "from cache", " USD")
        terminal.says("quit")
        terminal.leaves()


def test_behind_a_pipe_answers_are_the_next_lines(make: Callable[..., Path]) -> None:
    repo = make()
    brain = in_turn(
        answers({"type": "text", "text": "# I look\n\x1b[2J\u202e"}, tool("spawn_agent", work_stream_id="1.1")),
        text("Started."),
        answers(tool("spawn_agent", work_stream_id="1.2")),
    )
    with StandIn(brain) as standin:
        typed = "start 1.1\ny\nstop\nstart 1.2\n"
        done = run_orch(repo, "chat", input=typed, env={**os.environ, **standin.environment})
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout and "\u202e" not in done.stdout
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines.index("I look") < lines.index("spawn agent (work_stream_id 1.1)? [y/N] y") < lines.index("Started.")
    assert "Stopped 1 agent" in lines
    assert any("`orch answer`" in line for line in lines)  # nobody was there for the second question
    waiting = run_orch(repo, "answer")
    assert waiting.returncode == 4 and "spawn agent (work_stream_id 1.2)?" in waiting.stdout
