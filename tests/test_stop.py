"""Stopping from another terminal: every descendant ends, work is saved, and what is said is true at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support import git, run_orch
from support_work import (
    ask,
    is_running,
    kill_controller,
    lines_of,
    make_project,
    says,
    shim_pid,
    start_orch,
    statuses,
    until,
    wait_for_end,
    waits_for,
)

from orchestrator_agent import follow
from orchestrator_agent.orchestrator import Orchestrator

#: Starts a process in a session of its own, which ignores SIGTERM, forgets its parent and its environment.
_ESCAPES = """\
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with open(sys.argv[1], "a") as file:
            file.write(f"{os.getpid()}\\n")
        time.sleep(1000)
    os._exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
with open(sys.argv[1], "a") as file:
    file.write(f"{os.getpid()}\\n")
time.sleep(1000)
"""
GRACE = "stop_grace_seconds = 0.3\n"


@pytest.fixture
def at_work(repo: Path, tmp_path: Path) -> list[int]:
    """Two agents at work for a detached batch, each with a stubborn child and one that escaped; their processes."""
    program, pids = tmp_path / "escapes.py", tmp_path / "pids"
    program.write_text(_ESCAPES)
    agent = f"""\
echo changed > README.md; echo new > new.txt; echo kept > kept.txt; git add kept.txt; git commit -qm kept
echo '*.log' > .gitignore; echo ignored > trace.log
"{sys.executable}" -I -S "{program}" "{pids}" &
"{sys.executable}" -I -S "{program}" "{pids}"
"""
    make_project(repo, agent, settings=GRACE)
    assert run_orch(repo, "batch", "--detach").returncode == 0
    until(lambda: len(lines_of(pids)) == 8)
    return [int(line) for line in lines_of(pids)]


@pytest.mark.parametrize("controller_lives", [True, False])
def test_stop_ends_every_descendant_and_saves_all(repo: Path, at_work: list[int], controller_lives: bool) -> None:
    names = [agent["id"] for agent in ask(repo, "running")["agents"]]
    assert len(names) == 2 and all(map(is_running, at_work))
    if not controller_lives:
        kill_controller(repo)
    assert sorted(ask(repo, "stop")["stopped"]) == sorted(names)
    assert not any(map(is_running, at_work))
    status = ask(repo, "status")
    assert status["agents"] == [] and status["summary"]["running"] == 0
    assert ask(repo, "running")["agents"] == []
    for name in names:
        saved = f"refs/orch/rescue/{name}"
        contents = {"README.md": "changed", "new.txt": "new", "kept.txt": "kept", "trace.log": "ignored"}
        assert {file: git(repo, "show", f"{saved}:{file}") for file in contents} == contents
    assert git(repo, "show", "main:README.md") == "# Sample"
    wait_for_end(repo)
    assert {agent["id"] for agent in ask(repo, "report")["agents"]} == set(names), "a stopped agent was tried again"
    assert statuses(repo) == {"1.1": "not_started", "1.2": "not_started", "2.1": "blocked"}


def test_stopping_one_leaves_the_others(repo: Path, tmp_path: Path) -> None:
    audit, go = tmp_path / "audit", tmp_path / "go"
    make_project(
        repo, f"{says(audit, 'start')}; {waits_for(go)}; echo x > $ORCH_WORK_STREAM; git add -A; git commit -qm x"
    )
    batch = start_orch(repo, "batch")
    until(lambda: len(lines_of(audit)) == 2)
    agents = {agent["work_stream_id"]: agent["id"] for agent in ask(repo, "running")["agents"]}
    assert ask(repo, "stop", agents["1.1"])["stopped"] == [agents["1.1"]]
    assert [agent["id"] for agent in ask(repo, "running")["agents"]] == [agents["1.2"]]
    go.touch()
    out, _ = batch.communicate(timeout=60)
    assert batch.returncode == 1 and "stopped" in out
    assert statuses(repo) == {"1.1": "not_started", "1.2": "complete", "2.1": "blocked"}
    assert len(lines_of(audit)) == 2


def test_stopping_all_but_one_begins_nothing_else_of_the_batch(repo: Path, tmp_path: Path) -> None:
    audit, go = tmp_path / "audit", tmp_path / "go"
    names = ("1.1", "1.2", "1.3", "1.4")
    plan = "# Roadmap\n" + "".join(f"\n### Phase {name}: Stream {name}\n- **Status:** Not Started\n" for name in names)
    work = f"{says(audit, 'start')}; {waits_for(go)}; echo x > $ORCH_WORK_STREAM; git add -A; git commit -qm x"
    make_project(repo, work, plan, GRACE)
    batch = start_orch(repo, "batch", "-n", "2")
    until(lambda: len(lines_of(audit)) == 2)
    orchestrator = Orchestrator(repo)
    command = orchestrator.stop_agents(keep=["1.1"])
    assert command is not None
    follow.wait(orchestrator.project, command)
    assert [agent["work_stream_id"] for agent in ask(repo, "running")["agents"]] == ["1.1"]
    go.touch()
    out, _ = batch.communicate(timeout=60)
    assert "1 complete" in out, out
    assert sorted(line.split()[1] for line in lines_of(audit)) == ["1.1", "1.2"]
    assert statuses(repo) == {**dict.fromkeys(names, "not_started"), "1.1": "complete"}


def test_a_suspended_supervisor_does_not_hold_up_a_stop(repo: Path, at_work: list[int]) -> None:
    for agent in ask(repo, "running")["agents"]:
        os.kill(shim_pid(repo, agent["id"]), signal.SIGSTOP)
    assert len(ask(repo, "stop")["stopped"]) == 2
    assert not any(map(is_running, at_work))


def test_what_was_stopped_is_continued_from_what_it_had(repo: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    agent = f"""\
if [ -e half.txt ]; then echo rest > rest.txt; git add -A; git commit -qm rest; exit; fi
echo half > half.txt; touch "{tmp_path}/half"; {waits_for(go)}"""
    make_project(repo, agent)
    assert run_orch(repo, "run", "1.1", "--detach").returncode == 0
    until((tmp_path / "half").exists)
    assert len(ask(repo, "stop", "1.1")["stopped"]) == 1
    assert run_orch(repo, "run", "1.1").returncode == 0
    assert (repo / "half.txt").read_text() == "half\n" and (repo / "rest.txt").read_text() == "rest\n"


@pytest.mark.parametrize("section", ["[checks.commands]\nslow", "[workspace]\nsetup"])
def test_stop_also_ends_checks_and_set_up(repo: Path, tmp_path: Path, section: str) -> None:
    pids = tmp_path / "pids"
    make_project(repo, settings=f"{GRACE}{section} = ['sh', '-c', 'echo $$ >> {pids}; sleep 1000']\n")
    run = start_orch(repo, "run", "1.1")
    until(lambda: lines_of(pids))
    stopping = run_orch(repo, "stop")
    assert stopping.returncode == 0, stopping.stderr
    assert stopping.stdout.startswith(("Stopped", "1.1"))
    run.communicate(timeout=60)
    assert run.returncode == 1
    assert not any(is_running(int(line)) for line in lines_of(pids))
    wait_for_end(repo)
    assert statuses(repo)["1.1"] == "not_started"


def test_stopping_when_nothing_runs_says_so(repo: Path) -> None:
    make_project(repo)
    done = run_orch(repo, "stop")
    assert (done.returncode, done.stdout) == (0, "Nothing is running.\n")


def test_ten_that_stop_at_once_all_succeed(repo: Path, at_work: list[int]) -> None:
    stops = [start_orch(repo, "stop") for _ in range(10)]
    for stop in stops:
        _, err = stop.communicate(timeout=60)
        assert (stop.returncode, err) == (0, "")
    assert not any(map(is_running, at_work))
    wait_for_end(repo)


def test_a_shell_of_the_user_in_a_worktree_is_left_alone(repo: Path, at_work: list[int]) -> None:
    place = ask(repo, "running")["agents"][0]["worktree"]
    with subprocess.Popen(["sleep", "1000"], cwd=place) as shell:
        assert run_orch(repo, "stop").returncode == 0
        assert shell.poll() is None
        shell.kill()
