"""How to reach the NATS server of the settings: its address and who we are. Secrets come from files or variables."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from orchestrator_agent.coordinators.subjects import is_prefix
from orchestrator_agent.errors import SettingsError
from orchestrator_agent.settings import NatsSettings

if TYPE_CHECKING:
    from nats.aio.client import Client

_SECRET_LIMIT = 64 * 1024
#: Seconds until a server that does not answer is given up.
_CONNECT_SECONDS = 3
_CLOSE_SECONDS = 1
#: Kind of sign-in -> the variable and the setting that it comes from; the first that is given counts.
_SOURCES = {
    "credentials": ("NATS_CREDS", "credentials_file"),
    "nkey": ("NATS_NKEY", "nkey_seed_file"),
    "token": ("NATS_TOKEN", "token_file"),
    "password": ("NATS_PASSWORD", "password_file"),
}
_SENT_AS_THEY_ARE = ("token", "password")


@dataclass(frozen=True, slots=True)
class Target:
    """A server and how to sign in there."""

    url: str
    prefix: str
    #: "credentials", "nkey", "token", "password" or "none".
    kind: str
    #: What nats-py's `connect` takes. Holds secrets: never print it.
    options: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"Target({self.url!r}, {self.prefix!r}, {self.kind!r})"


def target(settings: NatsSettings, root: Path, environ: Mapping[str, str] | None = None) -> Target:
    """Where the settings lead to.

    Args:
        root: what paths in the settings are relative to.
        environ: with NATS_USER, NATS_PASSWORD and NATS_TOKEN, and paths as NATS_CREDS and NATS_NKEY; default
            `os.environ`.

    Raises:
        SettingsError: no address, one with a secret in it, a file that cannot be read, or a server on another machine
            that nobody signs in to or that would be sent passwords without TLS.
    """
    variables = os.environ if environ is None else environ
    parts = _address(settings.url)
    if not is_prefix(settings.prefix):
        raise SettingsError(
            f"nats.prefix cannot be {settings.prefix[:80]!r}; use letters, digits, - and _ with dots between."
        )
    kind, options = _sign_in(settings, root, variables)
    if not settings.allow_insecure and not _is_loopback(parts.hostname or ""):
        if kind == "none":
            raise SettingsError(
                f"{settings.url} is on another machine and nobody signs in there; name a credentials_file in [nats]"
                " (or set allow_insecure)."
            )
        if kind in _SENT_AS_THEY_ARE and parts.scheme != "tls":
            raise SettingsError(
                f"The {kind} for {settings.url} could be read on the way; use tls:// in nats.url"
                " (or set allow_insecure)."
            )
    if parts.scheme == "tls":
        options["tls"] = _tls(settings.tls_ca, root)
    return Target(settings.url, settings.prefix, kind, options)


async def connect(where: Target, **options: Any) -> Client:
    """A connection of nats-py; `options` go to its `connect`.

    Raises:
        SettingsError: nats-py, or its part for keys, is not installed.
        OSError, nats.errors.Error: the server is away or refuses us.
    """
    try:
        from nats.aio.client import Client
    except ImportError:
        raise SettingsError("NATS needs the package nats-py; do `pip install 'orchestrator-agent[nats]'`.") from None
    given = {"connect_timeout": _CONNECT_SECONDS, "error_cb": _ignore, **where.options, **options}
    client = Client()
    try:
        await client.connect(where.url, **given)
    except BaseException as error:
        with contextlib.suppress(Exception):  # one that was refused is left open; some never come to be closed
            await asyncio.wait_for(client.close(), _CLOSE_SECONDS)
        if isinstance(error, ModuleNotFoundError):
            raise SettingsError(
                f"This sign-in needs the package {error.name}; do `pip install 'nats-py[nkeys]'`."
            ) from None
        raise
    return client


async def connect_once(where: Target, **options: Any) -> Client:
    """A connection that is not restored when it is cut, had at once or not at all.

    Raises:
        SettingsError, OSError, nats.errors.Error: as `connect`; what it was that failed, and not that all did.
    """
    troubles: list[Exception] = []

    async def note(error: Exception) -> None:
        troubles.append(error)

    once = {"allow_reconnect": False, "max_reconnect_attempts": 1, "reconnect_time_wait": 0, "error_cb": note}
    try:
        return await connect(where, **once, **options)
    except SettingsError:
        raise
    except Exception as error:
        raise (troubles or [error])[-1] from None


async def _ignore(_: Exception) -> None:
    """Errors are also raised where they matter; nats-py would print them."""


def _address(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("nats", "tls") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.path or parts.query or parts.fragment:
        raise SettingsError("nats.url must be nats://HOST:PORT or tls://HOST:PORT; correct it in orch.toml.")
    if parts.username is not None or parts.password is not None:
        raise SettingsError("nats.url must hold no user or password; use user and password_file in [nats].")
    return parts


def _sign_in(settings: NatsSettings, root: Path, variables: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    user = variables.get("NATS_USER", "") or settings.user
    for kind, (variable, setting) in _SOURCES.items():
        given, path = variables.get(variable, ""), getattr(settings, setting)
        if not given and not path:
            continue
        if kind == "credentials":
            file = root / Path(given or path).expanduser()
            _read(file, "nats.credentials_file")
            return kind, {"user_credentials": str(file)}
        if kind == "nkey":
            return kind, {"nkeys_seed_str": _read(root / Path(given or path).expanduser(), "nats.nkey_seed_file")}
        secret = given or _read(root / Path(path).expanduser(), f"nats.{setting}")
        if kind == "token":
            return kind, {"token": secret}
        if not user:
            raise SettingsError("A password for NATS needs a user; set user in [nats] or NATS_USER.")
        return kind, {"user": user, "password": secret}
    return "none", {}


def _read(path: Path, name: str) -> str:
    """A secret from a file, without the line end."""
    try:
        with path.open("rb") as file:
            text = file.read(_SECRET_LIMIT).decode("utf-8").strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(f"{name} {str(path)!r} cannot be read ({why}); name another file.") from None
    if not text:
        raise SettingsError(f"{name} {str(path)!r} is empty; write the secret into it.")
    return text


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _tls(authority: str, root: Path) -> Any:
    import ssl

    try:
        return ssl.create_default_context(cafile=str(root / Path(authority).expanduser()) if authority else None)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"nats.tls_ca {authority[:200]!r} cannot be used ({error}); name a file of certificates."
        ) from None
