"""The chat as a person has it: a real process in a real terminal, or behind a pipe, with real agents."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running import linux_only
from support import git, run_orch
from support_chat import CTRL_C, CTRL_D, PROMPT, Terminal, journal, live, until
from support_talk import PATIENCE, QUICK, ROADMAP, SLOW, furnish, stopped_after
from support_work import everything

Furnish = Callable[..., Path]


@pytest.fixture
def make(repo: Path) -> Iterator[Furnish]:
    with stopped_after(repo):
        yield lambda *args, **options: furnish(repo, *args, **options)


@pytest.fixture
def talk(make: Furnish) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def begin(repo: Path, *arguments: str, **env: str) -> Terminal:
        opened.append(Terminal(repo, *arguments, **env))
        return opened[-1]

    yield begin
    for terminal in opened:
        terminal.child.close(force=True)


Talk = Callable[..., Terminal]


# -- in a terminal -----------------------------------------------------------------------------------------------------


def test_a_goal_is_matched_asked_started_seen_and_stopped(make: Furnish, talk: Talk) -> None:
    repo = make(SLOW)
    chat = talk(repo)
    chat.says("Start working on the task parser")
    chat.sees("Orchestrator:", "Matched goal to Phase 1.1: Task Parser (sure: ", "[y/N]")
    chat.says("y")
    chat.sees("Spawning agent for Phase 1.1...", PROMPT)
    chat.child.send("runn")  # what agents do appears while one types, and leaves what is typed alone
    chat.sees("Agent coder-1.1-", " is now working.")
    chat.says("ing")
    chat.sees("Running agents:", "coder-1.1-", "Running for ", PROMPT)
    chat.says("stop")
    chat.sees("Stopped 1 agent", PROMPT)
    assert live(repo) == []
    chat.says("running")
    chat.sees("No agents are running.", PROMPT)
    chat.says("quit")
    chat.leaves()


def test_work_lands_while_the_chat_waits_for_words(make: Furnish, talk: Talk) -> None:
    repo = make(QUICK)
    chat = talk(repo, "--auto")
    chat.says("do 1.1 and 1.2")
    chat.sees("is now working", " is on main", " is on main", "Done: 2 complete.")
    assert git(repo, "show", "main:made-1.1.txt", "main:made-1.2.txt") == "x\nx"
    chat.child.send(CTRL_D)
    chat.leaves()


def test_work_that_another_terminal_begins_is_seen_while_the_chat_is_idle(make: Furnish, talk: Talk) -> None:
    repo = make(QUICK)
    chat = talk(repo)  # before there is a journal
    chat.child.send("half")
    chat.sees("half")
    assert run_orch(repo, "run", "1.1").returncode == 0
    chat.sees("Spawning agent for Phase 1.1...", "is now working", " is on main", "Done: 1 complete.", "half")
    assert run_orch(repo, "run", "1.2").returncode == 0
    chat.sees("Spawning agent for Phase 1.2...", "Done: 1 complete.", "half")
    chat.child.send(CTRL_C)
    chat.sees(PROMPT)
    chat.says("quit")
    chat.leaves()


def test_no_starts_nothing_and_leaves_nothing(make: Furnish, talk: Talk) -> None:
    repo = make(SLOW)
    chat = talk(repo)
    for answer, said in {
        "n\r": "Nothing was done.",
        "\r": "Nothing was done.",
        CTRL_D: "Nothing was done.",
        CTRL_C: "Dropped",
    }.items():
        chat.says("start 1.1")
        chat.sees("[y/N]")
        chat.child.send(answer)
        chat.sees(said, PROMPT)
    chat.says("/quit")
    chat.leaves()
    assert not (repo / ".orch").exists()


def test_ctrl_c_drops_the_line_and_never_the_agents(make: Furnish, talk: Talk) -> None:
    repo = make(SLOW)
    chat = talk(repo, "--auto")
    chat.says("start 1.1")
    chat.sees("is now working")
    chat.child.send("stop" + CTRL_C)
    chat.sees(PROMPT)
    chat.says("running")
    chat.sees("coder-1.1-")
    assert live(repo) == ["1.1"]
    chat.child.send(CTRL_D)
    chat.sees("1 agent runs on; `orch chat` or `orch stop` reach")
    chat.leaves()
    assert live(repo) == ["1.1"]

    later = talk(repo)
    later.says("stop 1.1")
    later.sees("Stopped 1 agent")
    assert live(repo) == []
    later.says("exit")
    later.leaves()


def test_ctrl_c_ends_waiting_for_a_stop_and_not_the_stop(make: Furnish, talk: Talk) -> None:
    repo = make(SLOW)
    chat = talk(repo)
    chat.says("start 1.1")
    chat.sees("[y/N]")
    chat.says("y")
    chat.sees("is now working")
    controller = int(_controller(repo))
    os.kill(controller, signal.SIGSTOP)  # so that the stop takes as long as we like
    try:
        chat.says("stop everything")
        chat.sees("Shall I stop this (the work is saved)? [y/N]")
        chat.says("y")
        until(lambda: any(command.kind == "stop" for command in journal(repo).open_commands()))
        chat.child.kill(signal.SIGINT)
        chat.sees("Dropped; agents run on.", PROMPT)
    finally:
        os.kill(controller, signal.SIGCONT)
    chat.sees("stopped as asked")
    until(lambda: live(repo) == [])
    chat.says("quit")
    chat.leaves()


def test_a_terminal_that_can_do_nothing_is_enough(make: Furnish, talk: Talk) -> None:
    repo = make(SLOW)
    chat = talk(repo, "--auto", TERM="dumb")
    chat.says("start 1.1")
    chat.sees("is now working", PROMPT)
    chat.child.send("stop" + CTRL_C)
    chat.sees(PROMPT)
    chat.says("running")
    chat.sees("coder-1.1-", PROMPT)
    chat.says("stop")
    chat.sees("Stopped 1 agent", PROMPT)
    chat.child.send(CTRL_D)
    chat.leaves()


def test_lines_are_remembered_where_work_was_done(make: Furnish, talk: Talk) -> None:
    repo = make(QUICK)
    chat = talk(repo)
    chat.says("start the task parser")
    chat.sees("[y/N]")
    chat.says("y")
    chat.sees("Done: 1 complete.")
    chat.says("status")
    chat.sees("Can start now", PROMPT)
    chat.says("quit")
    chat.leaves()
    lines = (repo / ".orch" / "chat_history").read_text().splitlines()
    assert "+status" in lines and "+y" not in lines
    again = talk(repo)
    again.child.send("\x1b[A\x1b[A")
    again.sees("status")
    again.child.send(CTRL_C)
    again.says("quit")
    again.leaves()


def test_the_work_of_others_is_seen_and_a_dead_controller_replaced(make: Furnish, talk: Talk) -> None:
    repo = make(SLOW)
    assert run_orch(repo, "run", "1.1", "--detach").returncode == 0
    until(lambda: live(repo) == ["1.1"])
    chat = talk(repo)
    chat.says("running")
    chat.sees("coder-1.1-", PROMPT)
    first = _controller(repo)
    os.kill(int(first), signal.SIGKILL)
    until(lambda: _controller(repo) not in ("", first))
    chat.says("stop")
    chat.sees("Stopped 1 agent")
    chat.says("quit")
    chat.leaves()


def _controller(repo: Path) -> str:
    """The id of the process that last became controller; empty while one is about to."""
    return (repo / ".orch" / "controller.lock").read_text().strip()


@linux_only
def test_an_idle_chat_costs_nothing(make: Furnish, talk: Talk) -> None:
    chat = talk(make(SLOW))
    chat.says("running")
    chat.sees("No agents are running.", PROMPT)
    until(lambda: _switches(chat.child.pid, 1.0) < 5)  # looking every 100 ms would never be under ten
    chat.says("quit")
    chat.leaves()


def _switches(pid: int, seconds: float) -> int:
    """How often the process's threads wait for something, within so many seconds."""

    def count() -> int:
        files = Path(f"/proc/{pid}/task").glob("*/status")
        lines = [line for file in files for line in file.read_text().splitlines()]
        return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))

    before = count()
    time.sleep(seconds)
    return count() - before


# -- behind a pipe -----------------------------------------------------------------------------------------------------


def pipe(repo: Path, *lines: str, auto: bool = False) -> str:
    """What `orch chat` prints for lines from a pipe."""
    typed = "".join(f"{line}\n" for line in lines)
    done = run_orch(repo, "chat", *(["--auto"] if auto else []), input=typed)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "\x1b" not in done.stdout and "\u202e" not in done.stdout
    return done.stdout


def test_piped_lines_read_as_a_transcript(make: Furnish) -> None:
    repo = make(SLOW)
    said = pipe(repo, "Start working on the task parser", "y", "running", "stop", "running")
    lines = [line.strip() for line in said.splitlines()]
    assert "You: Start working on the task parser" in lines
    assert "Would you like me to start working on this? [y/N] y" in lines
    assert lines.index("Spawning agent for Phase 1.1...") < lines.index("Running agents:")
    assert lines.index("Stopped 1 agent") < lines.index("No agents are running.")


def test_a_pipe_that_ends_leaves_agents_running_and_says_so(make: Furnish) -> None:
    repo = make(SLOW)
    assert pipe(repo, "1.2", "y").endswith("1 agent runs on; `orch chat` or `orch stop` reach them.\n")
    assert live(repo) == ["1.2"]


def test_an_ambiguous_goal_asks_which(make: Furnish) -> None:
    repo = make(SLOW)
    said = pipe(repo, "start the price", "nothing like it", "start the price", "2", "stop", auto=True)
    assert "  1. Phase 1.2: Price Table\n    2. Phase 1.3: Price Labels\n" in said
    assert "That is none of them; nothing was done." in said
    assert "Spawning agent for Phase 1.3..." in said and "Phase 1.2..." not in said


def test_looking_words_and_slashes(make: Furnish) -> None:
    repo = make(SLOW)
    said = pipe(
        repo, "status", "/why 2.1", "why", "report", "/help", "logs 1.1", "/logs", "/fly", "stop", "  ", "/exit"
    )
    assert "4 work streams" in said
    assert "waits for 1.1" in said
    assert "0 of 4 work streams are complete" in said
    assert "No agent has worked on 1.1 yet" in said
    assert "/logs needs agent_id" in said
    assert "There is no /fly" in said
    assert "Nothing of that is running." in said
    assert not (repo / ".orch").exists()


def test_an_answer_that_is_neither_is_the_next_line(make: Furnish) -> None:
    said = pipe(make(SLOW), "start 1.1", "why is 2.1 blocked")
    assert "Nothing was done." in said and "waits for 1.1" in said


def test_what_an_agent_printed(make: Furnish) -> None:
    repo = make(QUICK)
    pipe(repo, "start 1.1", auto=True)
    until(lambda: not journal(repo).open_commands())
    assert "one line" in pipe(repo, "logs 1.1", "logs phase 1.1")


def test_a_failure_is_told_with_its_reason(make: Furnish) -> None:
    repo = make(("sh", "-c", "echo no luck; exit 3"))
    settings = repo / "orch.toml"
    settings.write_text(settings.read_text().replace("[checks]", "max_attempts = 1\n[checks]"))
    git(repo, "commit", "--quiet", "--all", "--message=One try")
    pipe(repo, "start 1.1", auto=True)
    until(lambda: not journal(repo).open_commands())
    assert "failed: ended with exit code 3" in pipe(repo, "why 1.1")


def test_errors_end_the_turn_and_not_the_talk(make: Furnish) -> None:
    repo = make(SLOW)
    git(repo, "checkout", "--quiet", "--detach")
    said = pipe(repo, "start 1.1", "y", "running")
    assert "branch" in said and "No agents are running." in said


def test_hostile_words_and_names_are_only_text(make: Furnish) -> None:
    repo = make(SLOW, ROADMAP.replace("Task Parser", "Task \x1b[31mParser\u202e $(touch pwned)"))
    escapes = ("start \x1b[2J1.2", "\x1b]0;title\x07")
    said = pipe(repo, "start 1.1", "y", "status", "why", "stop", *escapes, "$(touch pwned)")
    assert "Spawning agent for Phase 1.1..." in said
    assert not any(name.endswith("pwned") for name in everything(repo))


def test_bytes_that_are_no_text_are_a_line_like_others(make: Furnish) -> None:
    argv = [sys.executable, "-P", "-m", "orchestrator_agent", "chat"]
    done = subprocess.run(argv, cwd=make(), input=b"\xff\xfe\0\nrunning\n", capture_output=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"No agents are running." in done.stdout


def test_without_a_roadmap_one_sentence_says_what_to_do(repo: Path) -> None:
    done = run_orch(repo, "chat", input="status\n")
    assert done.returncode == 2
    assert "orch init" in done.stderr and done.stderr.count("\n") == 1


def test_what_is_written_into_the_plan_is_shown_and_asked_about(make: Furnish) -> None:
    repo = make(SLOW)
    plan = repo / "plans" / "roadmap.md"
    before = plan.read_text("utf-8")
    said = pipe(repo, "/add_work_stream Currency table", "n")
    assert "Currency table" in said and "Shall I write this? [y/N] n" in said and "Nothing was done." in said
    assert plan.read_text("utf-8") == before
    pipe(repo, "/add_work_stream Currency table", "y")
    assert "Currency table" in plan.read_text("utf-8")
