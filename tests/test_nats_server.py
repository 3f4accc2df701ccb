"""`orch nats`, and signing in: whom a server lets in, and what is said where it does not."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from nats.aio.client import Client
from support import ROOT, git, run_orch
from support_nats import Hearing, Server, request, settings, with_client
from support_steering import demo_project
from support_work import ask, make_project, start_orch, until, wait_for_end

from orchestrator_agent import events
from orchestrator_agent.orchestrator import Orchestrator

JSON_PAGE = (ROOT / "docs" / "json.md").read_text("utf-8")
SEED = "SUAMSSC2EUQHHIXSMAMMDB6CGE3MT6VJYF3RCPBM3SBCZXTSJ6G4JIVOMM"  # of nobody: made for this test
TOKEN = "only-for-this-test"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Server]:
    """A server that asks for a token."""
    server = Server(tmp_path / "nats", f"authorization {{ token: {TOKEN} }}")
    yield server
    server.kill()


def warnings(repo: Path) -> list[str]:
    return [event.message for event in Orchestrator(repo).project.store.events_after(0) if event.type == events.WARNING]


def test_serve_starts_a_private_server_and_ctrl_c_ends_it(repo: Path) -> None:
    port = free_port()
    make_project(repo)
    server = start_orch(repo, "nats", "serve", "--port", str(port), "--json")
    try:
        assert server.stdout is not None
        said = json.loads("".join(iter(server.stdout.readline, "}\n")) + "}")
        folder = repo / ".orch" / "nats"
        assert said["url"] == f"nats://127.0.0.1:{port}" and Path(said["token_file"]) == folder / "token"
        for path, mode in (("", 0o700), ("store", 0o700), ("token", 0o600), ("nats.conf", 0o600)):
            assert stat.S_IMODE((folder / path).stat().st_mode) == mode
        assert "sync_interval: always" in (folder / "nats.conf").read_text()
        lines = f'[nats]\nurl = "{said["url"]}"\ntoken_file = ".orch/nats/token"\n'
        (repo / "orch.toml").write_text((repo / "orch.toml").read_text() + lines)
        git(repo, "commit", "--quiet", "-am", "Talk")
        until(lambda: run_orch(repo, "nats").returncode == 0)
        standing = ask(repo, "nats", "status")
        assert (standing["sign_in"], standing["jetstream"]) == ("token", True)
        (page,) = re.findall(r"^## `orch nats`\n(.*?)^## ", JSON_PAGE, re.MULTILINE | re.DOTALL)
        assert set(standing) == set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE))
        assert run_orch(repo, "run", "1.1").returncode == 0
        wait_for_end(repo)
        standing = ask(repo, "nats")
        assert standing["published"] == standing["last_event"] > 5
        with pytest.raises(Exception, match=r"(?i)authorization"):
            asyncio.run(with_client(said["url"], lambda client: client.flush(), allow_reconnect=False))
        again = run_orch(repo, "nats", "serve", "--port", str(port))
        assert again.returncode == 2 and again.stderr.startswith(f"orch: Port {port} cannot be used")
        token = (folder / "token").read_text()
        os.kill(server.pid, signal.SIGINT)
        server.wait(20)
        gone = run_orch(repo, "nats")
        assert gone.returncode == 1 and "start the server or correct [nats]" in gone.stdout
        assert (folder / "token").read_text() == token
    finally:
        server.kill()
        server.communicate()


def test_without_settings_and_without_a_server_one_sentence_says_what_to_do(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_project(repo)
    assert ask(repo, "nats") == {"url": None}
    assert "orch nats serve" in run_orch(repo, "nats").stdout
    assert run_orch(repo, "nats", "serve", "--port", "0").returncode == 2
    environ = {**os.environ, "ORCH_NATS_URL": "nats://192.0.2.1:4222"}
    refused = run_orch(repo, "nats", env=environ)
    assert refused.returncode == 2 and "nobody signs in there" in refused.stderr
    leaked = run_orch(repo, "nats", env={**os.environ, "ORCH_NATS_URL": "nats://me:s3cret@127.0.0.1"})
    assert leaked.returncode == 2 and "s3cret" not in leaked.stderr


def test_a_controller_signs_in_with_what_the_settings_name(repo: Path, locked: Server) -> None:
    (repo / ".gitignore").write_text("secret\n")
    (repo / "secret").write_text(f"{TOKEN}\n")
    demo_project(repo, {"1.1": [[{"sleep": 3600}]]}, settings=settings(locked, token_file="secret"))
    orchestrator = Orchestrator(repo)
    orchestrator.accept(orchestrator.plan(["1.1"]))

    async def work(client: Client) -> None:
        answer = await request(client, "orchestrator.broadcast.stop")
        assert answer["payload"]["state"] == "accepted"

    asyncio.run(with_client(locked.url, work, token=TOKEN))
    wait_for_end(repo)
    store = orchestrator.project.store
    assert warnings(repo) == [] and TOKEN not in str(store.events_after(0))
    assert not [path for path in (repo / ".orch").rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()]


def test_a_key_signs_in_where_no_secret_is_sent(repo: Path, tmp_path: Path) -> None:
    nkeys = pytest.importorskip("nkeys")
    public = nkeys.from_seed(bytearray(SEED.encode())).public_key.decode()
    server = Server(tmp_path / "nats", f"authorization {{ users: [ {{ nkey: {public} }} ] }}")
    try:
        (repo / "seed").write_text(SEED)
        make_project(repo, settings=settings(server, nkey_seed_file="seed"))

        async def work(client: Client) -> None:
            hearing = Hearing()
            await hearing.subscribe(client)
            await asyncio.to_thread(run_orch, repo, "run", "1.1")
            await hearing.until(lambda: hearing.of("controller_ended"))

        asyncio.run(with_client(server.url, work, nkeys_seed_str=SEED))
    finally:
        server.kill()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"token_file": "wrong"}, "refuses our sign-in"),
        ({}, "refuses our sign-in"),
        ({"token_file": "absent"}, "cannot be read"),
        ({"url": "nats://192.0.2.1:4222"}, "nobody signs in there"),
    ],
)
def test_who_is_not_let_in_says_so_once_and_works_all_the_same(
    repo: Path, locked: Server, values: dict[str, str], said: str
) -> None:
    (repo / "wrong").write_text("guess\n")
    make_project(repo, settings=settings(locked, **values))
    assert run_orch(repo, "run", "1.1").returncode == 0
    until(lambda: warnings(repo))
    wait_for_end(repo)
    (warning,) = warnings(repo)
    assert said in warning and "guess" not in warning


def test_agents_do_not_see_the_secret(repo: Path, tmp_path: Path, locked: Server) -> None:
    make_project(repo, "env > seen; git add -A; git commit -qm work", settings=settings(locked))
    done = run_orch(repo, "run", "1.1", env={**os.environ, "NATS_TOKEN": TOKEN})
    assert done.returncode == 0, done.stderr
    seen = git(repo, "show", "main:seen")
    assert "ORCH_AGENT_ID" in seen and "NATS" not in seen and TOKEN not in seen
    wait_for_end(repo)
    assert warnings(repo) == []
