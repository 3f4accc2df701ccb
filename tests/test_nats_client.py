"""`NATSCoordinator`: control from a Python program, through outages and repeats."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support_nats import Server, end_controller, public_events, settings
from support_steering import WRITE, demo_project, steps_of, works_until
from support_work import until, wait_for_end

from orchestrator_agent import NATSCoordinator
from orchestrator_agent.errors import SettingsError, UserError
from orchestrator_agent.model import Receipt
from orchestrator_agent.orchestrator import Orchestrator

LIVE = ["accepted", "delivered", "seen", "applied"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path / "nats")
    yield started
    started.kill()


def start(repo: Path, *names: str) -> Orchestrator:
    orchestrator = Orchestrator(repo)
    for name in names:
        orchestrator.accept(orchestrator.plan([name]))
    live = orchestrator.project.store.live_agents
    until(lambda: sum(facts.record.state.value == "running" for facts in live()) == len(names))
    return orchestrator


def test_every_call_returns_receipts_and_can_be_waited_for(repo: Path, tmp_path: Path, server: Server) -> None:
    streams: dict[str, Any] = {
        "1.1": [[{"sleep": 3600}]],
        "1.2": [[{"sleep": 3600}]],
        "1.3": [works_until(tmp_path / "go", *WRITE)],
    }
    demo_project(repo, streams, settings=settings(server))
    told: list[dict[str, Any]] = []
    receipts: list[Receipt] = []

    async def work() -> None:
        async with NATSCoordinator(project_root=repo, on_status=told.append, on_receipt=receipts.append) as coordinator:
            orchestrator = await asyncio.to_thread(start, repo, "1.1", "1.2")
            standing = await coordinator.request_status()
            assert {agent["work_stream_id"]: agent["state"] for agent in standing["agents"]} == {
                "1.1": "running",
                "1.2": "running",
            }
            (one,) = (await coordinator.request_status("1.1"))["agents"]
            sent = await coordinator.send_feedback(one["agent_id"], "use tabs", "now")
            assert sent.steps[0] == "accepted"
            assert [receipt.step.value for receipt in await sent.wait()] == LIVE == sent.steps
            for call in (coordinator.pause_agent("1.1", "lunch"), coordinator.resume_agent("1.1")):
                assert (await (await call).wait())[-1].step == "applied"
            moved = await coordinator.redirect_agent("1.1", "1.3", "more urgent")
            assert (await moved.wait())[-1].step == "applied"
            nobody = await coordinator.pause_agent("9.9")
            assert nobody.steps == ["refused"] and "9.9" in nobody.refused and await nobody.wait() == []
            stopped = await coordinator.stop_agent("1.2", "not needed")
            await stopped.wait()
            everything = await coordinator.broadcast("feedback", {"feedback": "hurry"})
            assert await everything.wait()
            assert (await (await coordinator.stop_all_agents("enough")).wait())[-1].step == "applied"
            for command in orchestrator.project.store.recent_commands():
                ours = [r.step.value for r in receipts if r.command_id == command.id]
                if command.kind != "run":
                    assert sorted(ours) == sorted(steps_of(orchestrator, command.id))[-len(ours) :]

    asyncio.run(work())
    wait_for_end(repo)
    assert [body["payload"]["event"] for body in told if body["type"] == "agent_running"]


def test_nothing_is_missed_and_nothing_done_twice_through_outages(repo: Path, tmp_path: Path) -> None:
    server = Server(tmp_path / "nats", jetstream=False)
    go = tmp_path / "go"
    demo_project(repo, {"1.1": [works_until(go, *WRITE)]}, settings=settings(server, heartbeat_seconds=0.2))
    told: list[dict[str, Any]] = []

    async def work() -> None:
        async with NATSCoordinator(server.url, on_status=told.append, timeout_seconds=60) as coordinator:
            orchestrator = await asyncio.to_thread(start, repo, "1.1")
            server.kill()
            waiting = asyncio.create_task(coordinator.send_feedback("1.1", "one", request_id="first"))
            end_controller(repo)
            orchestrator.send_feedback("1.1", "two")
            server.start()
            sent = await waiting
            assert [receipt.step.value for receipt in await sent.wait()] == LIVE
            again = await coordinator.send_feedback("1.1", "one", request_id="first")
            assert again.chains == sent.chains
            go.touch()
            async with asyncio.timeout(60):
                while not [body for body in told if body["type"] == "controller_ended"]:
                    await asyncio.sleep(0.01)

    try:
        asyncio.run(work())
        wait_for_end(repo)
    finally:
        server.kill()
    numbers = [body["payload"]["event"] for body in told if body["type"] != "heartbeat"]
    assert sorted(numbers) == public_events(repo)
    kinds = [command.kind for command in Orchestrator(repo).project.store.recent_commands()]
    assert kinds.count("feedback") == 2


def test_a_deadline_is_kept_and_what_is_wrong_is_said(repo: Path, tmp_path: Path, server: Server) -> None:
    demo_project(repo, {"1.1": [[{"sleep": 3600}]]}, settings=settings(server))

    async def work() -> None:
        with pytest.raises(UserError, match="connect"):
            await NATSCoordinator(server.url).stop_all_agents()
        async with NATSCoordinator(server.url, timeout_seconds=0.3) as coordinator:
            with pytest.raises(UserError, match="No controller answered"):
                await coordinator.stop_all_agents()
        async with NATSCoordinator(server.url, timeout_seconds=60) as coordinator:
            await asyncio.to_thread(start, repo, "1.1")
            with pytest.raises(UserError, match="does not understand"):
                await coordinator.send_feedback("1.1", "")
            with pytest.raises(UserError, match="does not understand"):
                await coordinator.broadcast("explode")
            await (await coordinator.pause_agent("1.1")).wait()
            late = await coordinator.send_feedback("1.1", "nobody hears this now")
            with pytest.raises(TimeoutError):
                await late.wait(seconds=0.2)
            assert late.steps == ["accepted"]
            await (await coordinator.stop_all_agents()).wait()
            assert (await late.wait("delivered"))[-1].step == "refused"
        server.kill()
        with pytest.raises(UserError, match="cannot be used"):
            await NATSCoordinator(server.url, timeout_seconds=0.3).connect()
        server.start()

    asyncio.run(work())
    wait_for_end(repo)


def test_a_coordinator_keeps_the_rules_for_servers(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nobody signs in"):
        NATSCoordinator("nats://192.0.2.1:4222")
    with pytest.raises(SettingsError, match=r"nats\.url"):
        NATSCoordinator(project_root=tmp_path)
    NATSCoordinator("nats://192.0.2.1:4222", allow_insecure=True)
