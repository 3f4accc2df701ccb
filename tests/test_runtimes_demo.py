"""The stand-in agent, as a real process in a real repository."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support import git
from support_runtimes import start, task

from orchestrator_agent.runtimes import Runtime, get_runtime
from orchestrator_agent.runtimes.demo import PROGRAM
from orchestrator_agent.settings import AgentSettings


class Stage:
    """A repository, and stand-in agents in it."""

    def __init__(self, repo: Path, attempt_dir: Path) -> None:
        self.repo, self.attempt_dir = repo, attempt_dir
        self.settings = AgentSettings(runtime="demo", script=str(repo.parent / "script.json"))
        self.runtime: Runtime = get_runtime("demo")

    def script(self, streams: dict[str, Any]) -> None:
        Path(self.settings.script).write_text(json.dumps({"streams": streams}))

    def play(self, *steps: Any) -> subprocess.CompletedProcess[str]:
        self.script({"*": [steps]})
        return self.agent("1.2")

    def agent(self, work_stream: str, attempt: int = 1) -> subprocess.CompletedProcess[str]:
        launch = self.runtime.launch(task(self.repo, self.settings), self.attempt_dir)
        variables = {"ORCH_WORK_STREAM": work_stream, "ORCH_ATTEMPT": str(attempt), "ORCH_TARGET_BRANCH": "main"}
        return start(launch, self.repo, self.attempt_dir, **variables)


@pytest.fixture
def stage(repo: Path, tmp_path: Path) -> Stage:
    return Stage(repo, tmp_path / "attempt")


def test_a_stand_in_says_so_first_and_uses_no_package(stage: Stage) -> None:
    done = stage.play({"say": ["two", "lines"]})
    greeting = "I am a stand-in agent of `orch demo`; no model is involved."
    assert (done.returncode, done.stdout.splitlines()) == (0, [greeting, "two", "lines"])
    source = PROGRAM.read_text("utf-8")
    assert "orchestrator_agent" not in source


def test_the_steps_of_a_stand_in_edit_and_commit(stage: Stage) -> None:
    repo = stage.repo
    done = stage.play(
        {"write": {"path": "src/new.txt", "text": ["one", "two", ""]}},
        {"append": {"path": "src/new.txt", "text": "three\n"}},
        {"replace": {"path": "src/new.txt", "old": "two", "new": "2"}},
        {"replace": {"path": "src/new.txt", "old": "two", "new": "2"}},
        {"delete": "README.md"},
        {"run": ["{python}", "-c", "print('ran')"]},
        {"sleep": 0},
        {"commit": "Work; $(touch pwned)"},
        {"commit": "Again"},
        {"exit": 7},
        {"say": "never"},
    )
    assert done.returncode == 7, done.stdout
    assert "ran" in done.stdout
    assert "never" not in done.stdout
    assert (repo / "src" / "new.txt").read_text() == "one\n2\nthree\n"
    assert git(repo, "log", "--format=%s|%an") == "Work; $(touch pwned)|Demo agent\nStart|Test"
    assert git(repo, "status", "--porcelain") == ""
    assert not (repo / "pwned").exists()


def test_each_attempt_has_its_steps_and_the_last_ones_repeat(stage: Stage) -> None:
    stage.script({"1.2": [[{"say": "first"}], [{"say": "second"}]], "*": [[{"say": "other"}]]})
    said = [stage.agent("1.2", attempt).stdout.splitlines()[-1] for attempt in (1, 2, 3)]
    assert [*said, stage.agent("9").stdout.splitlines()[-1]] == ["first", "second", "second", "other"]


@pytest.mark.parametrize("path", ["../out.txt", "/etc/orch-test", "a/../../out.txt", ".git/x", ".GIT/x", ".", "link/x"])
@pytest.mark.parametrize("step", ["write", "delete"])
def test_a_stand_in_stays_in_its_worktree(stage: Stage, path: str, step: str) -> None:
    outside = stage.repo.parent / "outside"
    outside.mkdir()
    (outside / "x").write_text("mine")
    (stage.repo / "link").symlink_to(outside)
    done = stage.play({step: {"path": path, "text": "pwned"} if step == "write" else path})
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, f"Step 1 failed: {path} is not inside the worktree")
    assert (outside / "x").read_text() == "mine"
    assert not (stage.repo.parent / "out.txt").exists()


@pytest.mark.parametrize(
    ("step", "code", "says"),
    [
        ({"replace": {"path": "README.md", "old": "absent", "new": "x"}}, 1, "0 times, not once"),
        ({"run": ["{python}", "-c", "raise SystemExit(3)"]}, 1, "ended with exit code 3"),
        ({"run": ["no-such-program"]}, 1, "no-such-program"),
        ({"replace": {"path": "absent.txt", "old": "a", "new": "x"}}, 1, "absent.txt"),
        ({"merge": {"branch": "absent"}}, 1, "absent"),
        ({"run": "sh -c true"}, 2, "list of words"),
        ({"dance": True}, 2, "no step 'dance'"),
        ({"write": {"path": "x"}}, 2, "text"),
        ({"merge": {"branch": "--help"}}, 2, "needs a branch"),
        (["say", "x"], 2, "one key"),
    ],
)
def test_a_step_that_cannot_be_done_ends_the_stand_in(stage: Stage, step: Any, code: int, says: str) -> None:
    done = stage.play(step, {"say": "never"})
    assert done.returncode == code, done.stdout
    assert says in done.stdout.splitlines()[-1]
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("streams", [{}, {"1.2": []}, {"1.2": ["say"]}, {"1.2": {"say": "x"}}])
def test_a_script_without_steps_for_the_work_stream_is_wrong(stage: Stage, streams: dict[str, Any]) -> None:
    stage.script(streams)
    done = stage.agent("1.2")
    assert (done.returncode, "no list of attempts" in done.stdout) == (2, True)


@pytest.fixture
def diverged(stage: Stage) -> Stage:
    """On `work`, with a line that `main` changed too."""
    repo = stage.repo
    for branch, text in (("work", "# Ours\n"), ("main", "# Theirs\n")):
        git(repo, "checkout", "-q", *(["-b"] if branch == "work" else []), branch)
        (repo / "README.md").write_text(text)
        git(repo, "commit", "-qam", text.strip())
    git(repo, "checkout", "-q", "work")
    return stage


def test_a_stand_in_resolves_a_conflict_in_a_real_merge(diverged: Stage) -> None:
    done = diverged.play({"merge": {"resolve": {"README.md": ["# Both", ""], "other.txt": "not in conflict"}}})
    assert done.returncode == 0, done.stdout
    assert (diverged.repo / "README.md").read_text() == "# Both\n"
    assert len(git(diverged.repo, "log", "-1", "--format=%P").split()) == 2
    assert git(diverged.repo, "status", "--porcelain") == ""
    assert diverged.play({"merge": {}}).returncode == 0


def test_a_conflict_without_a_resolution_leaves_the_branch_as_it_was(diverged: Stage) -> None:
    head = git(diverged.repo, "rev-parse", "HEAD")
    done = diverged.play({"merge": {"resolve": {"other.txt": "x"}}})
    assert done.returncode == 1
    assert "somebody to resolve README.md" in done.stdout
    assert git(diverged.repo, "rev-parse", "HEAD") == head
    assert git(diverged.repo, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "does not exist"),
        ("{", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("[]", 'no table "streams"'),
        ('{"streams": {}}', None),
    ],
)
def test_a_script_is_looked_at_before_work_starts(repo: Path, content: str | None, says: str | None) -> None:
    if content is not None:
        (repo / "demo-script.json").write_text(content)
    problem = get_runtime("demo").problem(AgentSettings(runtime="demo"), repo)
    assert (problem is None) if says is None else (says in (problem or ""))
