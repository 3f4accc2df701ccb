"""What people met in their first hours with the product, each once, as they met it."""

from __future__ import annotations

from pathlib import Path

import pexpect
import pytest
from support import git, run_orch
from support_work import ORCH, PLAN, ask, make_project, waits_for

from orchestrator_agent.orchestrator import Orchestrator


@pytest.fixture
def busy(repo: Path, tmp_path: Path) -> Path:
    """A project whose agents wait until a file `go` is there."""
    agent = f"{waits_for(tmp_path / 'go')}; echo x > x; git add -A; git commit -qm x"
    return make_project(repo, agent, settings="stop_grace_seconds = 0.2\n")


def until(repo: Path, what: str) -> None:
    """Wait until the one agent of a project is so."""
    for _ in range(600):
        agents = ask(repo, "running")["agents"]
        if any(what in (agent["state"], agent["reason"]) for agent in agents):
            return
    raise AssertionError(f"no agent is {what}")


def test_a_question_is_answered_without_a_key(repo: Path) -> None:
    done = run_orch(make_project(repo), "goal", "how far are we?")
    assert done.returncode == 0 and "3 work streams" in done.stdout and "1.1" in done.stdout


def test_pause_and_resume_in_words_are_no_stop_and_no_start(busy: Path) -> None:
    assert run_orch(busy, "run", "1.1", "--detach").returncode == 0
    until(busy, "running")
    assert run_orch(busy, "goal", "--auto", "pause the first file").returncode == 0
    until(busy, "paused")
    why = ask(busy, "why", "1.1")
    assert "waits: paused" in str(why) and "orch resume 1.1" in str(why)
    assert run_orch(busy, "goal", "--auto", "resume the first file").returncode == 0
    until(busy, "running")
    assert len(Orchestrator(busy).project.store.agents()) == 1
    run_orch(busy, "stop")


def test_what_waits_for_work_says_how_that_stands(busy: Path) -> None:
    run_orch(busy, "run", "1.1", "--detach")
    until(busy, "running")
    assert "waits for 1.1 (being worked on) and 1 more" in run_orch(busy, "why", "2.1").stdout
    run_orch(busy, "stop")


def test_a_dry_run_leaves_no_question(repo: Path) -> None:
    make_project(repo)
    done = run_orch(repo, "goal", "--dry-run", "work on the file")
    assert done.returncode == 4
    assert "Nothing waits" in run_orch(repo, "answer", "1.1").stderr


def test_an_answer_that_names_no_plan_writes_nothing(repo: Path) -> None:
    for name in ("ROADMAP.md", "TODO.md"):
        (repo / name).write_text(PLAN, "utf-8")
    child = pexpect.spawn(ORCH[0], [*ORCH[1:], "init"], cwd=repo, encoding="utf-8", timeout=60)
    child.expect_exact("Which one")
    child.sendline("9")
    child.expect_exact('"9" is none of them')
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 2 and not (repo / "orch.toml").exists()


def test_queued_work_of_a_batch_is_not_called_unknown(busy: Path) -> None:
    (busy / "orch.toml").write_text("max_concurrent_agents = 1\n" + (busy / "orch.toml").read_text())
    git(busy, "commit", "-qam", "One at a time")
    run_orch(busy, "batch", "--detach")
    until(busy, "running")
    done = run_orch(busy, "stop", "1.2")
    assert done.returncode == 2 and "only queued" in done.stderr
    run_orch(busy, "stop")


def test_new_work_needs_a_name_and_goals_name_the_command(repo: Path) -> None:
    make_project(repo)
    assert "Give the work a name" in run_orch(repo, "add", "", "--yes").stderr
    assert "orch add" in run_orch(repo, "goal", "add OAuth login to the roadmap").stdout
