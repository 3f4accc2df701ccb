"""Killed at any moment, then `orch batch` again: no work stream ran twice, and none is forgotten."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from support import git, run_orch
from support_work import (
    ask,
    kill_controller,
    lines_of,
    look,
    make_project,
    says,
    shim_pid,
    start_orch,
    statuses,
    until,
    wait_for_end,
    waits_for,
)

PLAN = "# Roadmap\n\n" + "".join(
    f"### Phase {id_}: Stream {id_}\n- **Status:** ⚪ Not Started\n- **Depends On:** {needs}\n\n"
    for id_, needs in {
        "1.1": "None",
        "1.2": "None",
        "1.3": "None",
        "2.1": "Phase 1.1",
        "2.2": "Phase 1.2, Phase 1.3",
        "3.1": "Phase 2.1, Phase 2.2",
    }.items()
)
ALL = {"1.1", "1.2", "1.3", "2.1", "2.2", "3.1"}
WORK = 'echo "$ORCH_WORK_STREAM" > "$ORCH_WORK_STREAM.txt"; git add -A; git commit -qm work'


class Batch:
    """A repository whose agents wait for `go`, and write down when they start and end."""

    def __init__(self, repo: Path, folder: Path) -> None:
        self.repo, self.audit, self.go = repo, folder / "audit", folder / "go"
        make_project(
            repo, f"{says(self.audit, 'start')}; {waits_for(self.go)}\n{WORK}; {says(self.audit, 'end')}", PLAN
        )

    def started(self) -> Counter[str]:
        """How often an agent started, by work stream."""
        return Counter(line.split()[1] for line in lines_of(self.audit) if line.startswith("start"))

    def agents(self) -> list[str]:
        return [line.split()[2] for line in lines_of(self.audit) if line.startswith("start")]

    def wait_until_at_work(self) -> None:
        until(lambda: len(lines_of(self.audit)) == 3)
        until(lambda: all(agent["state"] == "running" for agent in look(self.repo, "running")["agents"]))

    def finish(self) -> None:
        """Let the agents end, ask for a batch again, and see that everything is complete and merged."""
        self.go.touch()
        done = run_orch(self.repo, "batch", timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        wait_for_end(self.repo)
        assert statuses(self.repo) == dict.fromkeys(ALL, "complete")
        for name in ALL:
            assert (self.repo / f"{name}.txt").read_text() == f"{name}\n"
        assert git(self.repo, "status", "--porcelain") == ""
        ends = [line.split()[1] for line in lines_of(self.audit) if line.startswith("end")]
        assert ends.index("1.1") < ends.index("2.1") < ends.index("3.1")


@pytest.fixture
def batch(repo: Path, tmp_path: Path) -> Batch:
    return Batch(repo, tmp_path)


def kill(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)


def test_the_controller_is_killed(batch: Batch) -> None:
    assert run_orch(batch.repo, "batch", "--detach").returncode == 0
    batch.wait_until_at_work()
    kill_controller(batch.repo)
    assert ask(batch.repo, "status")["summary"]["running"] == 3
    batch.finish()
    assert batch.started() == dict.fromkeys(ALL, 1)


def test_agents_that_end_while_nobody_is_there_start_a_controller(batch: Batch) -> None:
    assert run_orch(batch.repo, "batch", "--detach").returncode == 0
    batch.wait_until_at_work()
    kill_controller(batch.repo)
    batch.go.touch()
    until(lambda: len(batch.started()) == len(ALL))
    batch.finish()
    assert batch.started() == dict.fromkeys(ALL, 1)


def test_the_front_end_is_killed(batch: Batch) -> None:
    front = start_orch(batch.repo, "batch")
    batch.wait_until_at_work()
    kill(front)
    assert ask(batch.repo, "status")["controller"]["running"]
    batch.finish()
    assert batch.started() == dict.fromkeys(ALL, 1)


def test_the_follower_sees_a_killed_controller_through(batch: Batch) -> None:
    front = start_orch(batch.repo, "batch")
    batch.wait_until_at_work()
    kill_controller(batch.repo)
    batch.go.touch()
    out, err = front.communicate(timeout=120)
    assert front.returncode == 0, out + err
    assert "6 complete" in out
    assert batch.started() == dict.fromkeys(ALL, 1)


def test_a_shim_is_killed(batch: Batch) -> None:
    assert run_orch(batch.repo, "batch", "--detach").returncode == 0
    batch.wait_until_at_work()
    victim = ask(batch.repo, "running")["agents"][0]
    os.kill(shim_pid(batch.repo, victim["id"]), signal.SIGKILL)
    until(lambda: len(batch.agents()) == 4)
    batch.finish()
    name = victim["work_stream_id"]
    assert batch.started() == {**dict.fromkeys(ALL, 1), name: 2}
    mine = [a for a in ask(batch.repo, "report")["agents"] if a["work_stream_id"] == name]
    assert [(a["attempt"], a["state"]) for a in mine] == [(1, "lost"), (2, "completed")]
    ended = [line.split()[2] for line in lines_of(batch.audit) if line.startswith("end")]
    assert victim["id"] not in ended, "the agent of the killed shim went on beside its successor"


def test_everything_of_ours_is_killed_at_once(batch: Batch) -> None:
    front = start_orch(batch.repo, "batch")
    batch.wait_until_at_work()
    shims = [shim_pid(batch.repo, agent["id"]) for agent in ask(batch.repo, "running")["agents"]]
    kill(front)
    kill_controller(batch.repo)
    for pid in shims:
        os.kill(pid, signal.SIGKILL)
    first = batch.agents()
    assert run_orch(batch.repo, "batch", "--detach").returncode == 0
    until(lambda: len(batch.agents()) == 6)
    batch.finish()
    assert batch.started() == {**dict.fromkeys(ALL, 1), **dict.fromkeys(("1.1", "1.2", "1.3"), 2)}
    ended = {line.split()[2] for line in lines_of(batch.audit) if line.startswith("end")}
    assert len(ended) == len(ALL) and not ended & set(first)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_controller_is_killed_again_and_again(batch: Batch, seed: int) -> None:
    """At moments that a seed scatters over everything a controller does, its start included."""
    moments = random.Random(seed)
    batch.go.touch()
    front = start_orch(batch.repo, "batch")
    killed: set[int] = set()
    while front.poll() is None and len(killed) < 8:
        lock = batch.repo / ".orch" / "controller.lock"
        text = lock.read_text().strip() if lock.exists() else ""
        if text and int(text) not in killed:
            time.sleep(moments.uniform(0, 0.4))
            killed.add(int(text))
            try:
                os.kill(int(text), signal.SIGKILL)
            except ProcessLookupError:
                continue  # it had ended by itself
        time.sleep(0.005)
    out, err = front.communicate(timeout=120)
    assert front.returncode == 0, out + err
    batch.finish()
    assert batch.started() == dict.fromkeys(ALL, 1)
