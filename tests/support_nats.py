"""A real nats-server for a test, and what one says to it. Import it as `support_nats`."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import nats.errors
from nats.aio.client import Client
from support_work import PATIENCE, kill_controller, until

from orchestrator_agent.coordinators.outbox import is_public
from orchestrator_agent.nats_server import find_server
from orchestrator_agent.orchestrator import Orchestrator


class Server:
    """A server on a free port of this machine, which can be killed and started again on the same one."""

    def __init__(self, folder: Path, config: str = "", *, jetstream: bool = True) -> None:
        """Start it with its files in `folder`. `config`: further lines of its configuration."""
        self.folder, self.port = folder, -1
        folder.mkdir(exist_ok=True)
        store = f"jetstream {{ store_dir: {json.dumps(str(folder / 'store'))}, sync_interval: always }}"
        self._config = f"{store if jetstream else ''}\n{config}\n"
        self.start()

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it listens."""
        config = self.folder / "nats.conf"
        config.write_text(
            f"listen: 127.0.0.1:{self.port}\nports_file_dir: {json.dumps(str(self.folder))}\n{self._config}"
        )
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([find_server(), "-c", str(config)], stdout=log, stderr=log)
        ports = self.folder / f"nats-server_{self.process.pid}.ports"
        until(lambda: self._listens(ports))

    def _listens(self, ports: Path) -> bool:
        assert self.process.poll() is None, (self.folder / "log").read_text()
        try:
            self.port = int(json.loads(ports.read_text())["nats"][0].rpartition(":")[2])
        except (FileNotFoundError, ValueError):
            return False
        return True

    def kill(self) -> None:
        """Kill it as a power cut does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def settings(server: Server, **values: str | bool | float) -> str:
    """The section of orch.toml that leads to a server."""
    given = {"url": server.url, "heartbeat_seconds": 3600, **values}
    return "[nats]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in given.items())


async def request(client: Client, subject: str, payload: Any = None, **fields: Any) -> Any:
    """The answer to one message, as a value. It is sent until somebody hears it, as one does with an id."""
    body = json.dumps({"payload": payload or {}, **fields}).encode()
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return json.loads((await client.request(subject, body, timeout=5)).data)
            except (nats.errors.NoRespondersError, nats.errors.TimeoutError):  # lost with a connection, say
                await asyncio.sleep(0.02)


async def with_client(url: str, work: Callable[[Client], Awaitable[Any]], **options: Any) -> Any:
    """What `work` returns, given a plain client of the server."""
    client = Client()
    try:
        await client.connect(url, **options)
        return await work(client)
    finally:
        await client.close()


class Hearing:
    """What a plain subscriber has heard: status messages by id, in the order of their first coming."""

    def __init__(self) -> None:
        self.messages: dict[str, Any] = {}
        self.subjects: dict[str, str] = {}

    async def subscribe(self, client: Client, prefix: str = "orchestrator") -> None:
        """Hear everything under a prefix from now on."""

        async def hear(message: Any) -> None:
            body = json.loads(message.data)
            assert body["id"] and body["version"] == 1
            self.messages.setdefault(body["id"], body)
            self.subjects[body["id"]] = message.subject

        await client.subscribe(f"{prefix}.status.*", cb=hear)
        await client.flush()

    def of(self, *types: str) -> list[Any]:
        """Messages of these types."""
        return [body for body in self.messages.values() if body["type"] in types]

    def steps(self, command_id: str) -> list[str]:
        """The receipts of a command."""
        told = [body["payload"]["receipt"] for body in self.messages.values() if "receipt" in body["payload"]]
        return [receipt["step"] for receipt in told if receipt["command_id"] == command_id]

    def has_come_to(self, command_id: str, step: str) -> bool:
        """True when that is the last receipt of a command."""
        return self.steps(command_id)[-1:] == [step]

    async def until(self, true: Callable[[], object]) -> None:
        """Wait until `true()` is true."""
        async with asyncio.timeout(PATIENCE):
            while not true():
                await asyncio.sleep(0.01)


def public_events(repo: Path) -> list[int]:
    """The numbers of all events of the journal that may be published."""
    return [event.id for event in Orchestrator(repo).project.store.events_after(0, 10_000) if is_public(event)]


def end_controller(repo: Path) -> None:
    """Kill the controller until none is there: one that came second, and waits for the lock, takes the place of it."""
    while Orchestrator(repo).project.controller_runs():
        kill_controller(repo)
        time.sleep(0.01)  # the threads of a killed one may hold the lock for a moment
