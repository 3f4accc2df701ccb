"""A real nats-server for a test, and what one says to it. Import it as `support_nats`."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import nats
from nats.aio.client import Client
from support_work import until

from orchestrator_agent.nats_server import find_server


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
    """The answer to one message, as a value."""
    body = json.dumps({"payload": payload or {}, **fields}).encode()
    return json.loads((await client.request(subject, body, timeout=20)).data)


async def with_client(url: str, work: Callable[[Client], Awaitable[Any]], **options: Any) -> Any:
    """What `work` returns, given a plain client of the server."""
    client = await nats.connect(url, **options)
    try:
        return await work(client)
    finally:
        await client.close()
