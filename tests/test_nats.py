"""A controller on NATS, with a real server and programs that know nothing but the subjects."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client
from support import run_orch
from support_nats import Hearing, Server, end_controller, public_events, request, settings, with_client
from support_steering import WRITE, demo_project, steps_of, works_until
from support_work import look, make_project, until, wait_for_end, waits_for

from orchestrator_agent.coordinators.subjects import escape
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.store import Command

LIVE = ["accepted", "delivered", "seen", "applied"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path / "nats")
    yield started
    started.kill()


def start(repo: Path, *names: str) -> dict[str, str]:
    """Start work streams, wait until their agents run, and return the agents' ids by work stream."""
    orchestrator = Orchestrator(repo)
    for name in names:
        orchestrator.accept(orchestrator.plan([name]))
    live = orchestrator.project.store.live_agents
    until(lambda: sum(facts.record.state.value == "running" for facts in live()) == len(names))
    return {facts.record.work_stream_id: facts.record.id for facts in live()}


def commands(repo: Path, kind: str) -> list[Command]:
    return [command for command in Orchestrator(repo).project.store.recent_commands() if command.kind == kind]


def test_a_plain_client_hears_all_agents_and_stops_exactly_one(repo: Path, tmp_path: Path, server: Server) -> None:
    go = tmp_path / "go"
    make_project(repo, f"{waits_for(go)}; echo x > made-$ORCH_WORK_STREAM", settings=settings(server))

    async def work(client: Client) -> None:
        hearing = Hearing()
        await hearing.subscribe(client)
        ids = start(repo, "1.1", "1.2")
        await hearing.until(lambda: len(hearing.of("agent_running")) == 2)
        said = hearing.of("agent_running")
        assert {body["payload"]["agent_id"] for body in said} == set(ids.values())
        assert {hearing.subjects[body["id"]].split(".")[-1] for body in said} == {escape(name) for name in ids.values()}
        await client.publish(f"orchestrator.agent.{escape(ids['1.1'])}.stop", b"")
        await hearing.until(lambda: hearing.of("agent_stopped"))
        go.touch()
        await hearing.until(lambda: hearing.of("controller_ended"))
        ended = {
            body["payload"]["agent_id"]: body["payload"]["state"]
            for body in hearing.of("agent_stopped", "agent_completed")
        }
        assert ended == {ids["1.1"]: "stopped", ids["1.2"]: "completed"}
        numbers = [body["payload"]["event"] for body in hearing.messages.values() if body["type"] != "heartbeat"]
        assert numbers == public_events(repo)

    asyncio.run(with_client(server.url, work))
    assert len(commands(repo, "stop")) == 1


def test_every_command_is_journaled_once_and_its_receipts_are_heard(repo: Path, tmp_path: Path, server: Server) -> None:
    streams: dict[str, Any] = {"1.1": [[{"sleep": 3600}]], "1.2": [works_until(tmp_path / "go", *WRITE)]}
    demo_project(repo, streams, settings=settings(server))

    async def work(client: Client) -> None:
        hearing = Hearing()
        await hearing.subscribe(client)
        token = escape(start(repo, "1.1")["1.1"])
        for command, payload in (
            ("feedback", {"feedback": "use tabs", "action": "now"}),
            ("pause", {"reason": "lunch"}),
            ("resume", {}),
            ("redirect", {"new_work_stream": "1.2", "reason": "more urgent"}),
        ):
            answers = [
                await request(client, f"orchestrator.agent.{token}.{command}", payload, id=f"my-{command}")
                for _ in range(3)
            ]
            first = answers[0]["payload"]
            assert answers[0]["type"] == "receipt" and first["request"] == f"my-{command}"
            command_id = first["commands"][0]["command_id"]
            await hearing.until(partial(hearing.has_come_to, command_id, "applied"))
            steps = steps_of(Orchestrator(repo), command_id)
            assert hearing.steps(command_id) == steps and steps[0] == "accepted"
            # Long after its end, and after that of its agent, a repeat is told how it went.
            again = (await request(client, f"orchestrator.agent.{token}.{command}", payload, id=f"my-{command}"))[
                "payload"
            ]
            assert [receipt["step"] for receipt in again["commands"][0]["receipts"]] == steps
            assert again["state"] == "applied" and again["commands"][0]["command_id"] == command_id
            assert [found.id for found in commands(repo, command)] == [command_id]
        (tmp_path / "go").touch()
        await hearing.until(lambda: hearing.of("integration_complete"))

    asyncio.run(with_client(server.url, work))
    wait_for_end(repo)


def test_what_cannot_be_done_is_refused_and_journals_nothing(repo: Path, server: Server) -> None:
    demo_project(repo, {"1.1": [[{"exit": 1}], [{"sleep": 3600}]]}, settings=settings(server))

    async def work(client: Client) -> None:
        orchestrator = Orchestrator(repo)
        hearing = Hearing()
        await hearing.subscribe(client)
        orchestrator.accept(orchestrator.plan(["1.1"]))
        await hearing.until(lambda: len(hearing.of("agent_running")) == 2)
        first, second = (body["payload"]["agent_id"] for body in hearing.of("agent_running"))
        before = orchestrator.project.store.last_event_id()
        for subject, payload, why in (
            (f"agent.{escape(first)}.stop", {}, f"{first} has ended; {second} works on 1.1 now."),
            ("agent.nobody.pause", {}, "There is no agent"),
            (f"agent.{escape('* > .')}.stop", {}, "There is no agent"),
            ("agent.%.stop", {}, "There is no agent"),
            (f"agent.{escape(second)}.feedback", {"feedback": "  "}, "There is nothing in that to tell"),
            (f"agent.{escape(second)}.redirect", {"new_work_stream": "7.7"}, "7.7"),
        ):
            answer = (await request(client, f"orchestrator.{subject}", payload))["payload"]
            assert (answer["state"], answer["commands"]) == ("refused", []) and why in answer["reason"]
        assert orchestrator.project.store.last_event_id() == before

    asyncio.run(with_client(server.url, work))
    run_orch(repo, "stop")
    wait_for_end(repo)


def test_malformed_messages_are_counted_answered_and_harmless(repo: Path, server: Server) -> None:
    demo_project(repo, {"1.1": [[{"sleep": 3600}]]}, settings=settings(server, heartbeat_seconds=0.1))
    bad = [
        ("agent.x.stop", b"{"),
        ("agent.x.stop", b"\xff\xfe"),
        ("agent.x.stop", b"[1]"),
        ("agent.x.stop", b" " * 70_000),
        ("agent.x.stop", b'{"type": "pause"}'),
        ("agent.x.feedback", b'{"payload": {"feedback": ["sh", "-c", "touch pwned"]}}'),
        ("agent.x.frobnicate", b"{}"),
        ("broadcast.frobnicate", b"{}"),
        ("agent.%ff.stop", b"{}"),
    ]

    async def work(client: Client) -> None:
        hearing = Hearing()
        await hearing.subscribe(client)
        start(repo, "1.1")
        await hearing.until(lambda: hearing.of("heartbeat"))
        before = Orchestrator(repo).project.store.last_event_id()
        for subject, data in bad:
            answer = json.loads((await client.request(f"orchestrator.{subject}", data, timeout=20)).data)
            assert answer["type"] == "error" and answer["payload"]["error"]
        # An answer goes where the message says, but never to where commands and status are.
        inbox = await client.subscribe("somewhere.else")
        await client.publish("orchestrator.broadcast.status", b'{"reply": "orchestrator.broadcast.stop"}')
        await client.publish("orchestrator.broadcast.status", b'{"reply": "somewhere.else"}')
        assert json.loads((await inbox.next_msg(20)).data)["type"] == "status"
        assert Orchestrator(repo).project.store.last_event_id() == before
        await hearing.until(lambda: malformed(hearing) == len(bad))
        (agent,) = (await request(client, "orchestrator.broadcast.status"))["payload"]["agents"]
        assert agent["state"] == "running"

    asyncio.run(with_client(server.url, work))
    run_orch(repo, "stop")
    wait_for_end(repo)


def malformed(hearing: Hearing) -> Any:
    """How many messages the controller said last that it did not understand."""
    return max(body["payload"].get("malformed", 0) for body in hearing.of("heartbeat"))


def test_a_broadcast_reaches_every_agent_once(repo: Path, tmp_path: Path, server: Server) -> None:
    go = tmp_path / "go"
    names = ("1.1", "1.2", "1.3")
    demo_project(repo, {name: [works_until(go, *WRITE)] for name in names}, settings=settings(server))

    async def work(client: Client) -> None:
        hearing = Hearing()
        await hearing.subscribe(client)
        ids = start(repo, *names)
        payload = {"feedback": "commit often"}
        answers = [await request(client, "orchestrator.broadcast.feedback", payload, id="all") for _ in range(3)]
        told = [{c["agent_id"]: c["command_id"] for c in answer["payload"]["commands"]} for answer in answers]
        assert set(told[0]) == set(ids.values()) and told[0] == told[1] == told[2]
        for command_id in told[0].values():
            await hearing.until(partial(hearing.has_come_to, command_id, "applied"))
        stop = (await request(client, "orchestrator.broadcast.stop", id="end"))["payload"]
        await hearing.until(lambda: hearing.of("controller_ended"))
        assert len(hearing.of("agent_stopped")) == 3
        assert hearing.steps(stop["commands"][0]["command_id"]) == ["accepted", "applied"]

    asyncio.run(with_client(server.url, work))
    assert len(commands(repo, "feedback")) == 3 and len(commands(repo, "stop")) == 1
    wait_for_end(repo)


def test_nothing_is_lost_or_doubled_when_servers_and_controllers_are_killed(
    repo: Path, tmp_path: Path, server: Server
) -> None:
    steps: list[Any] = [{"say": "at work"}]
    steps += [{"until": str(tmp_path / f"go-{number}")} for number in range(3)]
    demo_project(repo, {name: [[*steps, *WRITE]] for name in ("1.1", "1.2")}, settings=settings(server))

    async def work(client: Client) -> None:
        hearing = Hearing()
        await hearing.subscribe(client)
        token = escape(start(repo, "1.1", "1.2")["1.1"])
        server.kill()
        orchestrator = Orchestrator(repo)
        orchestrator.send_feedback("1.2", "said while the server was away")
        end_controller(repo)
        server.start()
        orchestrator.send_feedback("1.2", "said while no controller was there")
        answer = await request(client, f"orchestrator.agent.{token}.feedback", {"feedback": "and this"}, id="one")
        command_id = answer["payload"]["commands"][0]["command_id"]
        await hearing.until(lambda: hearing.steps(command_id) == LIVE)
        server.kill()
        for number in range(3):
            (tmp_path / f"go-{number}").touch()
        until(lambda: look(repo, "status")["summary"]["complete"] == 2)
        server.start()
        await hearing.until(lambda: hearing.of("controller_ended"))
        numbers = [body["payload"]["event"] for body in hearing.messages.values() if body["type"] != "heartbeat"]
        assert sorted(numbers) == public_events(repo)
        kept = await kept_ids(client)
        assert kept == list(dict.fromkeys(kept)) and len(kept) == len(numbers)
        assert [int(id_.rpartition("-")[2]) for id_ in kept] == public_events(repo)

    asyncio.run(with_client(server.url, work, max_reconnect_attempts=-1, reconnect_time_wait=0.5))
    assert len(commands(repo, "feedback")) == 3


async def kept_ids(client: Client) -> list[str]:
    """The ids of events in the server's stream, in their order."""
    stream = client.jetstream()
    consumer = await stream.pull_subscribe("orchestrator.status.*")
    count = (await consumer.consumer_info()).num_pending or 0
    found = [json.loads(message.data) for message in await consumer.fetch(count, timeout=10)] if count else []
    while len(found) < count:
        found += [json.loads(message.data) for message in await consumer.fetch(count - len(found), timeout=10)]
    return [body["id"] for body in found if body["type"] != "heartbeat"]


def test_a_server_that_comes_late_hears_all_from_the_beginning(repo: Path, server: Server) -> None:
    make_project(repo, settings=settings(server))
    server.kill()
    assert run_orch(repo, "run", "1.1").returncode == 0  # nobody waited for it
    server.start()

    async def work(client: Client) -> None:
        hearing = Hearing()
        await hearing.subscribe(client)
        await hearing.until(lambda: hearing.of("controller_ended"))
        numbers = sorted(body["payload"]["event"] for body in hearing.messages.values() if body["type"] != "heartbeat")
        assert numbers == public_events(repo)

    asyncio.run(with_client(server.url, work))
    wait_for_end(repo)


def test_a_server_without_jetstream_does_and_prefixes_are_apart(repo: Path, tmp_path: Path) -> None:
    plain = Server(tmp_path / "nats", jetstream=False)
    try:
        make_project(repo, settings=settings(plain, prefix="team.one"))

        async def work(client: Client) -> None:
            ours, others = Hearing(), Hearing()
            await ours.subscribe(client, "team.one")
            await others.subscribe(client)
            await asyncio.to_thread(run_orch, repo, "run", "1.1")
            await ours.until(lambda: ours.of("controller_ended"))
            numbers = [body["payload"]["event"] for body in ours.messages.values() if body["type"] != "heartbeat"]
            assert numbers == public_events(repo) and not others.messages

        asyncio.run(with_client(plain.url, work))
    finally:
        plain.kill()


def test_what_people_say_is_not_published(repo: Path, server: Server) -> None:
    make_project(repo, settings=settings(server))

    async def work(client: Client) -> None:
        hearing = Hearing()
        await hearing.subscribe(client)
        await asyncio.to_thread(run_orch, repo, "goal", "--offline", "--auto", "start 1.1 s3cret")
        await asyncio.to_thread(run_orch, repo, "run", "1.2")
        await hearing.until(lambda: hearing.of("controller_ended"))
        store = Orchestrator(repo).project.store
        assert "s3cret" in str(store.events_after(0)) and "s3cret" not in str(hearing.messages)

    asyncio.run(with_client(server.url, work))
    wait_for_end(repo)
