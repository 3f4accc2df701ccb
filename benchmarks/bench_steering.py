"""Steering under fire: 200 commands of random kinds to 20 stand-in agents, with controllers killed; and how fast it is.

    python benchmarks/bench_steering.py [--commands 200] [--agents 20] [--seed 1]

Prints how the commands ended, and the 50th and 99th percentile of the time from a call to its first receipts. Ends with
1 when one command has no final receipt, or two, or was delivered twice.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support_steering import Storm, demo_project, works_until  # noqa: E402

from orchestrator_agent.orchestrator import Orchestrator  # noqa: E402
from orchestrator_agent.wishes import RunOptions  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser()
    for name, value in {"commands": 200, "agents": 20, "seed": 1, "kills": 10}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = str(ROOT)  # the controller starts elsewhere
    with tempfile.TemporaryDirectory() as folder:
        repo = new_repository(Path(folder) / "storm")
        storm = Storm(repo, options.agents, Random(options.seed))
        storm.begin()
        asked = killed = 0
        while len(storm.commands) < options.commands and asked < 20 * options.commands:
            asked += 1
            storm.command()
            if len(storm.commands) * options.kills > (killed + 1) * options.commands and kill(repo):
                killed += 1
            time.sleep(storm.die.choice((0, 0.02, 0.3)))
        begun = time.monotonic()
        storm.end()
        print(f"{len(storm.commands)} commands to {options.agents} agents, controller killed {killed} times")
        for end, count in sorted(storm.check().items()):
            print(f"  {count:4} {end}")
        print(f"each has exactly one final receipt; the rest took {time.monotonic() - begun:.1f} s")
        latency(new_repository(Path(folder) / "calm"), options.agents)
    return 0


def latency(repo: Path, agents: int) -> None:
    """How long a message takes to be journaled, and to be heard, with many agents at work."""
    go = repo.parent / "calm-go"
    names = [f"1.{n}" for n in range(1, agents + 1)]
    demo_project(repo, {name: [works_until(go)] for name in names})
    orchestrator = Orchestrator(repo)
    orchestrator.accept(orchestrator.plan(names), RunOptions(limit=agents))
    while sum(f.record.state.value == "running" for f in orchestrator.project.store.live_agents()) < agents:
        time.sleep(0.05)
    accepted, delivered = [], []
    for number in range(100):
        begun = time.time()
        command = orchestrator.send_feedback(names[number % agents], f"message {number}")
        accepted.append(time.time() - begun)
        receipt = orchestrator.wait_for_receipt(command, "delivered", 30)
        assert receipt is not None
        delivered.append(receipt.at - begun)
    for what, times in {"accepted": accepted, "delivered": delivered}.items():
        ordered = sorted(times)
        print(f"{what}: median {ordered[50] * 1000:.0f} ms, 99th percentile {ordered[98] * 1000:.0f} ms")
    orchestrator.stop()


def new_repository(repo: Path) -> Path:
    """An empty repository with one commit."""
    repo.mkdir(parents=True)
    for words in ("init -q -b main", "config user.name Bench", "config user.email bench@example.invalid"):
        subprocess.run(["git", *words.split()], cwd=repo, check=True)
    subprocess.run(["git", "commit", "-q", "--allow-empty", "-m", "Start"], cwd=repo, check=True)
    return repo


def kill(repo: Path) -> bool:
    """Kill the controller; False when there is none."""
    try:
        os.kill(int((repo / ".orch" / "controller.lock").read_text()), signal.SIGKILL)
    except (OSError, ValueError):
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
