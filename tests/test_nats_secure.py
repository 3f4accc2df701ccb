"""TLS and credentials files, with a real server: whom a controller and a program trust, and who is let in."""

from __future__ import annotations

import asyncio
import base64
import datetime
import ipaddress
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import run_orch
from support_nats import Server, settings
from support_steering import demo_project
from support_work import make_project, until, wait_for_end

from orchestrator_agent import NATSCoordinator, events
from orchestrator_agent.errors import UserError
from orchestrator_agent.orchestrator import Orchestrator


class Authority:
    """An authority for certificates, with a file that says whom to trust."""

    def __init__(self, folder: Path, name: str) -> None:
        """Make one whose certificate becomes `folder/name.pem`."""
        pytest.importorskip("cryptography", reason="certificates are made with cryptography")
        from cryptography.hazmat.primitives.asymmetric import ec

        self.folder, self.name, self._key = folder, name, ec.generate_private_key(ec.SECP256R1())
        self.file = self._write(name, self._certificate(name, self._key, is_authority=True))

    def server(self) -> str:
        """The section of a server's configuration for a certificate for this machine's loopback."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        shown = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (self.folder / "server.key").write_bytes(shown)
        signed = self._write("server", self._certificate("127.0.0.1", key, is_authority=False))
        return (
            f"tls {{ cert_file: {json.dumps(str(signed))}, key_file: {json.dumps(str(self.folder / 'server.key'))} }}"
        )

    def _write(self, name: str, certificate: Any) -> Path:
        from cryptography.hazmat.primitives.serialization import Encoding

        path = self.folder / f"{name}.pem"
        path.write_bytes(certificate.public_bytes(Encoding.PEM))
        return path

    def _certificate(self, name: str, key: Any, *, is_authority: bool) -> Any:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes

        def named(text: str) -> x509.Name:
            return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])

        now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
        loopback = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        return (
            x509.CertificateBuilder(named(self.name), named(name), key.public_key(), x509.random_serial_number())
            .not_valid_before(now - day)
            .not_valid_after(now + day)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(loopback, critical=False)
            .sign(self._key, hashes.SHA256())
        )


class Key:
    """A key of a NATS operator, account or user, and the claims that it signs (https://github.com/nats-io/jwt)."""

    def __init__(self, kind: str) -> None:
        """Make a key. `kind`: operator, account or user."""
        nkeys = pytest.importorskip("nkeys")
        prefix = {"operator": nkeys.PREFIX_BYTE_OPERATOR, "account": nkeys.PREFIX_BYTE_ACCOUNT}
        self.kind = kind
        self.seed = bytes(nkeys.encode_seed(os.urandom(32), prefix.get(kind, nkeys.PREFIX_BYTE_USER)))
        self._pair = nkeys.from_seed(bytearray(self.seed))
        self.public: str = self._pair.public_key.decode()

    def sign(self, other: Key, limits: dict[str, Any]) -> str:
        """A token that says who `other` is."""
        claims = {
            "jti": os.urandom(8).hex(),
            "iat": int(time.time()),
            "iss": self.public,
            "name": other.kind,
            "sub": other.public,
            "nats": {**limits, "type": other.kind, "version": 2},
        }
        said = f"{_token({'typ': 'JWT', 'alg': 'ed25519-nkey'})}.{_token(claims)}"
        return f"{said}.{_base64(self._pair.sign(said.encode()))}"


def _token(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


#: -1 is without a limit.
_USER = {"subs": -1, "data": -1, "payload": -1}
_ACCOUNT = {"limits": {**_USER, "imports": -1, "exports": -1, "wildcards": True, "conn": -1, "leaf": -1}}


def credentials(account: Key) -> str:
    """A file for a new user of an account, as `nsc` writes it."""
    user = Key("user")
    return (
        f"-----BEGIN NATS USER JWT-----\n{account.sign(user, _USER)}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{user.seed.decode()}\n------END USER NKEY SEED------\n"
    )


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[Server]:
    """A server with TLS, and the files `ours.pem` and `others.pem`; the first is of its authority."""
    Authority(tmp_path, "others")
    server = Server(tmp_path / "nats", Authority(tmp_path, "ours").server())
    yield server
    server.kill()


def tls(server: Server) -> str:
    return server.url.replace("nats:", "tls:")


def warnings(repo: Path) -> list[str]:
    return [event.message for event in Orchestrator(repo).project.store.events_after(0) if event.type == events.WARNING]


def stop_over(repo: Path, coordinator: NATSCoordinator) -> None:
    """Start 1.1, and stop it by a message."""

    async def work() -> None:
        async with coordinator:
            await asyncio.to_thread(run_orch, repo, "run", "1.1", "--detach")
            assert (await (await coordinator.stop_agent("1.1")).wait())[-1].step == "applied"

    asyncio.run(work())
    wait_for_end(repo)
    assert warnings(repo) == []


def test_a_server_with_a_certificate_of_the_named_authority_is_used(
    repo: Path, tmp_path: Path, encrypted: Server
) -> None:
    ours = str(tmp_path / "ours.pem")
    demo_project(repo, {"1.1": [[{"sleep": 3600}]]}, settings=settings(encrypted, url=tls(encrypted), tls_ca=ours))
    stop_over(repo, NATSCoordinator(tls(encrypted), tls_ca=ours, timeout_seconds=60))
    standing = run_orch(repo, "nats", "--json")
    assert standing.returncode == 0 and json.loads(standing.stdout)["reachable"]


@pytest.mark.parametrize("authority", ["others.pem", ""])
def test_a_server_that_the_authority_does_not_vouch_for_is_refused_in_one_sentence(
    repo: Path, tmp_path: Path, encrypted: Server, authority: str
) -> None:
    trusted = str(tmp_path / authority) if authority else ""
    make_project(repo, settings=settings(encrypted, url=tls(encrypted), tls_ca=trusted))
    assert run_orch(repo, "run", "1.1").returncode == 0
    until(lambda: warnings(repo))
    wait_for_end(repo)
    (warning,) = warnings(repo)
    assert warning.startswith(f"{tls(encrypted)} shows a certificate that is not trusted (")
    assert warning.endswith("); correct nats.tls_ca in orch.toml.") and "\n" not in warning
    standing = run_orch(repo, "nats")
    assert standing.returncode == 1 and "cannot be used (" in standing.stdout and "certificate" in standing.stdout

    async def connect() -> None:
        with pytest.raises(UserError, match=r"cannot be used \(.*certificate.*\); start the server or correct"):
            await NATSCoordinator(tls(encrypted), tls_ca=trusted, timeout_seconds=2).connect()

    asyncio.run(connect())


def test_a_credentials_file_signs_in_and_that_of_a_strange_account_does_not(repo: Path, tmp_path: Path) -> None:
    operator, account = Key("operator"), Key("account")
    known = json.dumps(operator.sign(account, _ACCOUNT))
    rules = (
        f"operator: {operator.sign(operator, {})}\nresolver: MEMORY\nresolver_preload: {{ {account.public}: {known} }}"
    )
    server = Server(tmp_path / "nats", rules, jetstream=False)
    ours, others = tmp_path / "ours.creds", tmp_path / "others.creds"
    ours.write_text(credentials(account))
    others.write_text(credentials(Key("account")))
    try:
        own = settings(server, credentials_file=str(ours))
        demo_project(repo, {"1.1": [[{"sleep": 3600}]]}, settings=own)
        stop_over(repo, NATSCoordinator(server.url, credentials_file=str(ours), timeout_seconds=60))
        for file, code in ((ours, 0), (others, 1)):
            standing = run_orch(repo, "nats", "--json", env={**os.environ, "NATS_CREDS": str(file)})
            facts = json.loads(standing.stdout)
            assert (standing.returncode, facts["reachable"], facts["sign_in"]) == (code, code == 0, "credentials")
        assert facts["reason"]  # not always the same: a server cuts a refused connection in several ways
    finally:
        server.kill()
