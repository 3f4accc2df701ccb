"""Real agents for tests: small programs under a real shim."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator_agent import attempts, shim
from orchestrator_agent.attempts import ExitRecord, LaunchSpec

linux_only = pytest.mark.skipif(not shim.LINUX, reason="needs a subreaper")
PATIENCE = 30.0
#: Of this process of the test run only: a sweep in another must not find our agents.
AGENT_ID = f"coder-1.2-{os.getpid()}"


def make_spec(folder: Path, *argv: str, **options: Any) -> LaunchSpec:
    env = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}
    return LaunchSpec(**{"agent_id": AGENT_ID, "argv": argv, "cwd": str(folder), "env": env, **options})


def python(code: str, *args: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", "-c", code, *args)


def shim_argv(directory: Path) -> list[str]:
    return [sys.executable, "-I", "-S", "-E", shim.__file__, str(directory)]


def start(folder: Path, *argv: str, **options: Any) -> Path:
    """Launch an agent in `folder`; its attempt directory."""
    directory = folder / "agents" / "one"
    attempts.prepare(directory, make_spec(folder, *argv, **options))
    attempts.launch(directory)
    return directory


def end(directory: Path) -> ExitRecord:
    record = attempts.wait(directory, PATIENCE)
    assert record is not None, (directory / "shim.log").read_text()
    return record


def kill_shim(directory: Path) -> None:
    os.kill(json.loads((directory / "start.json").read_text())["pid"], signal.SIGKILL)
    until(lambda: not attempts.observe(directory).alive)


def run(folder: Path, *argv: str, stdin: bytes | None = None, **options: Any) -> tuple[Path, ExitRecord]:
    directory = folder / "agents" / "one"
    attempts.prepare(directory, make_spec(folder, *argv, **options), stdin)
    attempts.launch(directory)
    return directory, end(directory)


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


def pids(file: Path, count: int) -> list[int]:
    """The process ids that an agent has written to `file`, one a line."""
    until(lambda: file.exists() and file.read_text().count("\n") >= count)
    return [int(line) for line in file.read_text().split()]


def is_running(pid: int) -> bool:
    """A zombie that nobody reaps does not run."""
    if shim.LINUX:
        fields = shim.proc_stat(pid)
        return fields is not None and fields[0] not in "ZX"
    return subprocess.run(["ps", "-p", str(pid)], stdout=subprocess.DEVNULL).returncode == 0


def shim_is_there(directory: Path) -> bool:
    start = json.loads((directory / "start.json").read_text())
    return bool(shim.start_time(start["pid"]) == start["start_time"] and is_running(start["pid"]))
