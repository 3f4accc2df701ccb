"""Wall time from feedback over NATS to its receipts, with stand-in agents at work: `python benchmarks/bench_nats.py`.

A plain client publishes a message; the answer that it is accepted (journaled, synced to the disk) comes to its inbox,
the further receipts come as status. A real server on loopback, with JetStream synced at every write, in a folder that
is removed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from nats.aio.client import Client

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support import git  # noqa: E402
from support_nats import Server, settings  # noqa: E402
from support_steering import demo_project, works_until  # noqa: E402

from orchestrator_agent.coordinators.subjects import escape  # noqa: E402
from orchestrator_agent.orchestrator import Orchestrator  # noqa: E402

STEPS = ("accepted", "delivered", "seen", "applied")


async def measure(client: Client, ids: list[str], rounds: int) -> dict[str, list[float]]:
    """Seconds to each step, one message after the other, to one agent after the other."""
    sent: dict[str, float] = {}
    times: dict[str, list[float]] = {step: [] for step in STEPS}
    changed = asyncio.Event()

    async def hear(message: Any) -> None:
        now, receipt = time.perf_counter(), json.loads(message.data)["payload"].get("receipt", {})
        if receipt.get("command_id") in sent and receipt["step"] != "accepted":
            times[receipt["step"]].append(now - sent[receipt["command_id"]])
            changed.set()

    await client.subscribe("orchestrator.status.*", cb=hear)
    for number in range(rounds):
        for id_ in ids:
            body = json.dumps({"id": f"{number}/{id_}", "payload": {"feedback": f"message {number}"}}).encode()
            start = time.perf_counter()
            answer = await client.request(f"orchestrator.agent.{escape(id_)}.feedback", body, timeout=60)
            times["accepted"].append(time.perf_counter() - start)
            payload = json.loads(answer.data)["payload"]
            assert payload["commands"], payload
            sent[payload["commands"][0]["command_id"]] = start
            while len(times["delivered"]) < len(times["accepted"]):
                changed.clear()
                await asyncio.wait_for(changed.wait(), 60)
    while len(times["applied"]) < len(times["accepted"]):
        changed.clear()
        await asyncio.wait_for(changed.wait(), 60)
    return times


async def talk(url: str, orchestrator: Orchestrator, agents: int, rounds: int) -> dict[str, list[float]]:
    """Wait until all are at work and the controller listens, then measure."""
    live = orchestrator.project.store.live_agents
    while sum(facts.record.state.value == "running" for facts in live()) < agents:
        await asyncio.sleep(0.1)
    client = Client()
    await client.connect(url)
    try:
        while orchestrator.project.store.published(f"{url} orchestrator") != orchestrator.project.store.last_event_id():
            await asyncio.sleep(0.1)
        return await measure(client, [facts.record.id for facts in live()], rounds)
    finally:
        await client.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=25, help="messages to each agent")
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = str(ROOT)  # the controller is to be the one beside us, installed or not
    with tempfile.TemporaryDirectory() as folder:
        repo = Path(folder) / "repo"
        subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(repo)], check=True)
        git(repo, "config", "user.name", "Bench")
        git(repo, "config", "user.email", "bench@example.invalid")
        (repo / "README.md").write_text("# Bench\n")
        server = Server(Path(folder) / "nats")
        names = [f"1.{number}" for number in range(1, options.agents + 1)]
        demo_project(repo, {name: [works_until(Path(folder) / "go")] for name in names}, settings=settings(server))
        orchestrator = Orchestrator(repo)
        try:
            orchestrator.accept(orchestrator.plan(names))
            before = os.getloadavg()[0]
            times = asyncio.run(talk(server.url, orchestrator, options.agents, options.rounds))
        finally:
            orchestrator.stop()
            while orchestrator.project.controller_runs():
                time.sleep(0.1)
            server.kill()
    count = len(times["accepted"])
    print(f"{count} messages to {options.agents} agents; load {before:.1f} before, {os.getloadavg()[0]:.1f} after")
    for step, found in times.items():
        ranked = sorted(found)
        shown = {q: 1000 * ranked[min(count - 1, int(count * q / 100))] for q in (50, 90, 99)}
        print(
            f"{step:10}"
            + "".join(f"  p{q} {value:7.1f} ms" for q, value in shown.items())
            + f"  max {1000 * ranked[-1]:7.1f} ms"
        )


if __name__ == "__main__":
    main()
