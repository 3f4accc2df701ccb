"""The sample project of `orch demo`: a small real Python package with a roadmap, and a script for stand-in agents."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from orchestrator_agent.errors import GitError, RepositoryError

_IDENTITY = ("-c", "user.name=Orchestrator", "-c", "user.email=orch@example.invalid", "-c", "commit.gpgSign=false")
_SETTINGS = """\
# Settings of Orchestrator for this sample. Everything has a default; this is all it needs.

[agent]
runtime = "demo"
script = "demo-script.json"

[checks]
tests = {tests}
"""


def create(directory: Path) -> None:
    """Write the sample project into `directory` and commit it on the branch `main` of a new git repository.

    Args:
        directory: does not exist yet, or is an empty folder; its parents are made.

    Raises:
        RepositoryError: there is something in it, it cannot be written, or git is not installed.
        GitError: git failed.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise RepositoryError(f"{directory} is not empty; name a folder that does not exist yet.")
        for name, text in files():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise RepositoryError(f"{directory} cannot be written ({error.strerror}); name another folder.") from None
    # An empty template keeps hooks that the user gives to every new repository out of the sample.
    _git(directory, "init", "--quiet", "--initial-branch=main", "--template=")
    _git(directory, "add", "--all")
    _git(directory, "commit", "--quiet", "--message=Open the corner shop")


def files() -> Iterator[tuple[str, str]]:
    """Path and text of every file of the sample project."""
    yield "orch.toml", _SETTINGS.format(tests=json.dumps(tests_command(), ensure_ascii=False))
    yield from _walk(resources.files(__name__).joinpath("project"), "")


def tests_command() -> list[str]:
    """The command that tests the sample project: pytest where this Python has it, else unittest."""
    if importlib.util.find_spec("pytest") is not None:
        return [sys.executable, "-m", "pytest", "-q"]
    return [sys.executable, "-m", "unittest", "discover", "-s", "tests"]


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.is_dir():
            yield from _walk(item, f"{prefix}{item.name}/")
        else:
            # ".txt" keeps tools that look for code, and git, from taking these files for our own.
            name = ".gitignore" if item.name == "gitignore.txt" else item.name.removesuffix(".txt")
            yield prefix + name, item.read_text("utf-8")


def _git(directory: Path, *arguments: str) -> None:
    # Variables like GIT_DIR would lead elsewhere.
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or "CONFIG" in name}
    try:
        done = subprocess.run(
            ["git", *_IDENTITY, *arguments],
            cwd=directory,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise RepositoryError("git is not installed; install git 2.31 or newer.") from None
    if done.returncode != 0:
        raise GitError(list(arguments), done.returncode, done.stderr)
