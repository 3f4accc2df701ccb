"""What tests share: git and `orch` as real processes. Import it as `support`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

#: The top of this project's own repository.
ROOT = Path(__file__).resolve().parents[1]


def git(repo: Path, *args: str, check: bool = True) -> str:
    """What `git args` prints in `repo`, without the last line end.

    Raises:
        AssertionError: it failed and `check` is true; the text holds what it said.
    """
    done = subprocess.run(
        ["git", *args],
        cwd=repo,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
    )
    assert done.returncode == 0 or not check, f"git {' '.join(args)} ended with {done.returncode}: {done.stderr}"
    return done.stdout.removesuffix("\n")


def run_orch(
    repo: Path, *args: str, timeout: float = 60, input: str | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`orch args` as a person would run it in `repo`; returns its code and both outputs.

    Args:
        repo: the folder to run in.
        timeout: seconds until the test fails.
        input: what is typed; without it standard input is empty.
        env: the whole environment, instead of the test's own.
    """
    return subprocess.run(
        [sys.executable, "-P", "-m", "orchestrator_agent", *args],
        cwd=repo,
        input=input if input is not None else "",
        env=env,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=timeout,
    )
