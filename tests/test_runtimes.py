"""Runtimes: what all of them do, and the one that starts any command."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support_runtimes import HOSTILE, ended, start, task

from orchestrator_agent.attempts import ExitRecord
from orchestrator_agent.errors import SettingsError
from orchestrator_agent.runtimes import PROMPT_FILE, Judgement, get_runtime
from orchestrator_agent.settings import AgentSettings


@pytest.fixture
def attempt_dir(tmp_path: Path) -> Path:
    return tmp_path / "attempt"


# ---- All of them


@pytest.mark.parametrize("name", ["claude", "command", "demo"])
def test_every_runtime_is_found_by_its_name(name: str) -> None:
    assert get_runtime(name).name == name


def test_an_unknown_runtime_is_refused_with_a_near_name() -> None:
    with pytest.raises(SettingsError, match="did you mean 'claude'"):
        get_runtime("cluade")


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (ended(0), "ended with exit code 0"),
        (ended(3), "ended with exit code 3: ␛[31mno luck"),
        (ended(None, signal=9), "was ended by SIGKILL: ␛[31mno luck"),
        (ended(None, "timeout", 15), "reached its time limit"),
        (ended(None, "stopped", 15), "was stopped"),
        (ended(None, "not_started", message="no such\x1b file"), "could not be started: no such␛ file"),
    ],
)
@pytest.mark.parametrize("name", ["command", "demo"])
def test_the_exit_decides_and_the_last_line_says_why(name: str, end: ExitRecord, reason: str, tmp_path: Path) -> None:
    output = tmp_path / "out.log"
    output.write_bytes(b"first\n\x1b[31mno luck\n\xff\n \n"[:-4] + b" \n\n")
    assert get_runtime(name).judge(end, output) == Judgement(completed=end.code == 0, reason=reason)


@pytest.mark.parametrize("name", ["claude", "command", "demo"])
def test_missing_output_is_no_reason_to_fall_over(name: str, tmp_path: Path) -> None:
    assert not get_runtime(name).judge(ended(1), tmp_path / "none" / "out.log").completed


@pytest.mark.parametrize("name", ["command", "demo"])
def test_plain_lines_are_cleaned(name: str) -> None:
    assert get_runtime(name).readable("a\x1b[2Jb\u202ec\r\n") == "a␛[2Jbc"
    assert get_runtime(name).readable("\n") is None


# ---- command

ECHO = "import sys; print(repr(sys.argv[1:])); print(repr(sys.stdin.read()))"


@pytest.mark.parametrize(
    ("mode", "words", "arguments", "stdin"),
    [
        ("stdin", [], [], HOSTILE),
        ("argument", [], [HOSTILE], ""),
        ("argument", ["--message={prompt}", "-v"], ["--message=" + HOSTILE, "-v"], ""),
        ("file", ["--file", "{prompt_file}"], ["--file", "FILE"], ""),
    ],
)
def test_a_prompt_goes_in_as_it_is(
    repo: Path, attempt_dir: Path, mode: str, words: list[str], arguments: list[str], stdin: str
) -> None:
    script = repo / "echo.py"
    script.write_text(ECHO)
    settings = AgentSettings(runtime="command", command=(sys.executable, str(script), *words), prompt=mode)
    done = start(get_runtime("command").launch(task(repo, settings), attempt_dir), repo, attempt_dir)
    file = attempt_dir / PROMPT_FILE
    expected = [str(file) if word == "FILE" else word for word in arguments]
    assert done.stdout.splitlines() == [repr(expected), repr(stdin)]
    assert file.read_text() == HOSTILE
    assert not (repo / "pwned").exists()


def test_the_prompt_file_is_named_in_the_environment(repo: Path, attempt_dir: Path) -> None:
    settings = AgentSettings(runtime="command", command=("sh", "-c", 'cat "$ORCH_PROMPT_FILE"'), prompt="file")
    assert start(get_runtime("command").launch(task(repo, settings), attempt_dir), repo, attempt_dir).stdout == HOSTILE


def test_a_nul_in_an_argument_prompt_is_left_out(repo: Path, attempt_dir: Path) -> None:
    settings = AgentSettings(runtime="command", command=("printf", "%s"), prompt="argument")
    launch = get_runtime("command").launch(task(repo, settings, "a\0b\udcff"), attempt_dir)
    assert start(launch, repo, attempt_dir).stdout == "ab?"


@pytest.mark.parametrize("prompt", ["x" * 100_001, "é" * 50_001])
def test_a_prompt_too_long_for_an_argument_is_refused(repo: Path, attempt_dir: Path, prompt: str) -> None:
    settings = AgentSettings(runtime="command", command=("true",), prompt="argument")
    with pytest.raises(SettingsError, match=r'set agent\.prompt to "stdin" or "file"'):
        get_runtime("command").launch(task(repo, settings, prompt), attempt_dir)
    launch = get_runtime("command").launch(task(repo, replace(settings, prompt="stdin"), prompt), attempt_dir)
    assert launch.stdin == prompt.encode()


@pytest.mark.parametrize(
    "command",
    [
        ("sh", "-c", "agent '{prompt}'"),
        ("bash", "-lc", "{prompt}"),
        ("bash", "-c", "--", "{prompt}"),
        ("env", "A=1", "sh", "-ec", "agent < {prompt_file}"),
        ("python3", "-c{prompt}"),
        ("perl", "-e", "{prompt}"),
        ("ssh", "box", "agent", "{prompt}"),
        ("{prompt}",),
        (),
    ],
)
def test_the_roadmap_never_becomes_code(repo: Path, attempt_dir: Path, command: tuple[str, ...]) -> None:
    settings = AgentSettings(runtime="command", command=command)
    problem = get_runtime("command").problem(settings, repo)
    assert problem is not None
    with pytest.raises(SettingsError) as refused:
        get_runtime("command").launch(task(repo, settings), attempt_dir)
    assert str(refused.value) == problem


@pytest.mark.parametrize(
    "command",
    [("sh", "-c", "true"), ("sh", "-c", 'agent "$1"', "agent", "{prompt}"), ("env", "agent", "--message", "{prompt}")],
)
def test_commands_that_only_pass_the_prompt_on_are_fine(repo: Path, command: tuple[str, ...]) -> None:
    assert get_runtime("command").problem(AgentSettings(runtime="command", command=command), repo) is None


def test_a_program_is_looked_for_on_the_path_and_in_the_repository(repo: Path) -> None:
    def problem(program: str) -> str | None:
        return get_runtime("command").problem(AgentSettings(runtime="command", command=(program,)), repo)

    assert "not an executable program" in (problem("no-such-agent\x1b") or "")
    assert "\x1b" not in (problem("no-such-agent\x1b") or "")
    assert problem("./agent.sh") is not None
    (repo / "agent.sh").write_text("#!/bin/sh\n")
    assert problem("./agent.sh") is not None
    (repo / "agent.sh").chmod(0o755)
    assert problem("./agent.sh") is None
