"""Every test gets a home of its own and a clean environment; the session fails when it leaves an agent running."""

from __future__ import annotations

import gc
import os
import signal
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import hypothesis
import pytest
from support import ROOT, git

from orchestrator_agent.cli import GARBAGE

gc.set_threshold(GARBAGE)  # as `orch` does
hypothesis.settings.register_profile("orch", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("orch")

#: The environment as it was given, for the one thing that needs a developer's own: recording from the real API.
GIVEN = dict(os.environ)

_GIT_CONFIG = """\
[user]
	name = Test
	email = test@example.invalid
[init]
	defaultBranch = main
[commit]
	gpgSign = false
[gc]
	auto = 0
[maintenance]
	auto = false
[safe]
	directory = *
"""
_FOREIGN = ("ORCH_", "ANTHROPIC_", "CLAUDE", "GIT_", "XDG_", "NATS_")
_FOREIGN_NAMES = (
    "NO_COLOR",
    "FORCE_COLOR",
    "COLUMNS",
    "LINES",
    "EDITOR",
    "VISUAL",
    "PYTEST_ADDOPTS",
    "PYTHONDONTWRITEBYTECODE",  # thousands of starts of Python, each compiling all of the package anew
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", choices=("stand-in", "real"), help="record the conversations in tests/cassettes anew")


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh HOME with a git identity, and an environment in which nothing of the developer's is left."""
    for name in list(os.environ):
        if name.startswith(_FOREIGN) or name in _FOREIGN_NAMES:
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    config = home / "gitconfig"
    config.write_text(_GIT_CONFIG)
    settings = {
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": str(config),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CEILING_DIRECTORIES": str(tmp_path_factory.getbasetemp().parent),
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm-256color",
        "TZ": "UTC",
    }
    if not _is_installed():
        settings["PYTHONPATH"] = str(ROOT)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return home


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A git repository with one commit on `main`."""
    repo = tmp_path / "repo"
    repo.mkdir()
    git(repo, "init", "--quiet", "--initial-branch=main")
    (repo / "README.md").write_text("# Sample\n")
    git(repo, "add", "README.md")
    git(repo, "commit", "--quiet", "--message=Start")
    return repo


def _is_installed() -> bool:
    try:
        distribution("orchestrator-agent")
    except PackageNotFoundError:
        return False
    return True


# ---- Nothing may be left running.


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the session when a process that a test started is still there (Linux only: it reads /proc)."""
    if hasattr(session.config, "workerinput") or not Path("/proc/self/environ").exists():
        return  # an xdist worker: the tests of the others still run
    factory: pytest.TempPathFactory = session.config._tmp_path_factory  # type: ignore[attr-defined]
    marker = os.fsencode(factory.getbasetemp())
    left = _wait_until_gone(marker, seconds=float(os.environ.get("LEFT_RUNNING_GRACE", "5")))
    for pid, what in left.items():
        session.config.get_terminal_writer().line(f"\nLEFT RUNNING by a test: process {pid}: {what}", red=True)
        os.kill(pid, signal.SIGKILL)
    if left:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _wait_until_gone(marker: bytes, seconds: float) -> dict[int, str]:
    """The processes that are left when they had some time to end by themselves."""
    deadline = time.monotonic() + seconds
    while (left := dict(_left_running(marker))) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def _left_running(marker: bytes) -> Iterator[tuple[int, str]]:
    """Agents, shims and controllers whose environment names the session's temporary folder."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            environment = (folder / "environ").read_bytes()
            argv = (folder / "cmdline").read_bytes()
        except OSError:  # ended meanwhile, or another user's
            continue
        if marker in environment and (b"ORCH_AGENT_ID=" in environment or b"orchestrator_agent" in argv):
            yield int(folder.name), argv.replace(b"\0", b" ").decode("utf-8", "replace").strip()
