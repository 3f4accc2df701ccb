"""`.orch` is removed or moved under running agents: nothing runs on unseen, and what is said is kind."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from running import is_running as shim_runs
from running import pids, start, until
from support import git, run_orch
from support_work import (
    ask,
    controller_pid,
    is_running,
    lines_of,
    look,
    make_project,
    says,
    shim_pid,
    start_orch,
    waits_for,
)

from orchestrator_agent import attempts

GRACE = "stop_grace_seconds = 0.3\n"


def test_a_shim_whose_folder_is_gone_ends_its_tree(tmp_path: Path) -> None:
    program = f"trap '' TERM; echo $$ >> {tmp_path}/pids; sleep 1000 & echo $! >> {tmp_path}/pids; wait"
    directory = start(tmp_path, "sh", "-c", program, grace_seconds=0.2)
    started = pids(tmp_path / "pids", 2)
    shim = json.loads((directory / "start.json").read_text())["pid"]
    shutil.rmtree(directory)
    until(lambda: not any(map(shim_runs, [shim, *started])))
    assert not directory.exists()


def test_a_shim_whose_folder_was_replaced_ends_and_leaves_the_new_one_alone(tmp_path: Path) -> None:
    directory = start(tmp_path, "sh", "-c", f"echo $$ >> {tmp_path}/pids; sleep 1000", grace_seconds=0.2)
    (agent,) = pids(tmp_path / "pids", 1)
    directory.rename(tmp_path / "moved")
    directory.mkdir()
    (directory / "lock").touch()
    until(lambda: not shim_runs(agent))
    until(lambda: not attempts.observe(tmp_path / "moved").alive)
    assert [path.name for path in directory.iterdir()] == ["lock"]


def test_removing_our_folder_ends_agents_controller_and_follower(repo: Path, tmp_path: Path) -> None:
    audit, go = tmp_path / "audit", tmp_path / "go"
    make_project(
        repo, f"{says(audit, 'start')}; {waits_for(go)}; echo x > x; git add -A; git commit -qm x", settings=GRACE
    )
    front = start_orch(repo, "run", "1.1")
    until(lambda: len(lines_of(audit)) == 1)
    (agent,) = [agent["id"] for agent in ask(repo, "running")["agents"]]
    gone = [controller_pid(repo), shim_pid(repo, agent)]
    shutil.rmtree(repo / ".orch")
    _, err = front.communicate(timeout=60)
    assert front.returncode == 2 and "Traceback" not in err, err
    assert ".orch" in err and "removed or moved" in err
    until(lambda: not any(map(is_running, gone)))
    assert not (repo / ".orch").exists(), "something went on to work in a folder that was taken away"
    go.touch()
    done = run_orch(repo, "run", "1.1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(lines_of(audit)) == 2 and git(repo, "show", "main:x") == "x"


def test_a_worktree_that_is_removed_is_told_kindly(repo: Path, tmp_path: Path) -> None:
    audit, go = tmp_path / "audit", tmp_path / "go"
    make_project(repo, f"{says(audit, 'start')}; {waits_for(go)}", settings="max_attempts = 1\n" + GRACE)
    assert run_orch(repo, "run", "1.1", "--detach").returncode == 0
    until(lambda: len(lines_of(audit)) == 1)
    (agent,) = ask(repo, "running")["agents"]
    shutil.rmtree(agent["worktree"])
    go.touch()
    until(lambda: ask(repo, "report")["results"])  # who asks starts a controller
    (result,) = ask(repo, "report")["results"]
    assert result["outcome"] == "failed"
    assert (
        "its worktree was removed while it worked" in result["reason"] and "git" not in result["reason"].split(":")[-1]
    )


def test_removing_the_attempts_lets_no_two_agents_work_at_once(repo: Path, tmp_path: Path) -> None:
    audit, alive, go = tmp_path / "audit", tmp_path / "alive", tmp_path / "go"
    # A process that has ended and is not reaped yet answers `kill -0`, and does nothing any more.
    agent = f"""\
while read -r pid; do case "$(ps -o stat= -p $pid)" in ""|Z*) ;; *) ps -p $pid >> "{alive}";; esac; done < "{audit}"
echo $$ >> "{audit}"; {waits_for(go)}; echo x > x; git add -A; git commit -qm x"""
    audit.touch()
    make_project(repo, agent, settings=GRACE)
    assert run_orch(repo, "run", "1.1", "--detach").returncode == 0
    until(lambda: len(lines_of(audit)) == 1 and look(repo, "running")["agents"][0]["state"] == "running")
    shutil.rmtree(repo / ".orch" / "agents")
    until(lambda: len(lines_of(audit)) == 2)
    go.touch()
    until(lambda: ask(repo, "report")["results"])
    report = ask(repo, "report")
    assert [agent["state"] for agent in report["agents"]] == ["lost", "completed"]
    assert report["results"][0]["outcome"] == "complete"
    assert not alive.exists(), alive.read_text()


def test_a_controller_whose_lock_file_was_replaced_makes_room(repo: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    make_project(repo, f"{waits_for(go)}; echo x > x; git add -A; git commit -qm x", settings=GRACE)
    assert run_orch(repo, "run", "1.1", "--detach").returncode == 0
    until(lambda: look(repo, "running")["agents"])
    first = controller_pid(repo)
    (repo / ".orch" / "controller.lock").unlink()
    until(lambda: not is_running(first))
    go.touch()
    until(lambda: ask(repo, "report")["results"])
    assert ask(repo, "report")["results"][0]["outcome"] == "complete"
