"""`orch init`: find the plan of a repository, or write a starter, and write orch.toml."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator_agent import checks, claude_files, git, settings
from orchestrator_agent import roadmap as plans
from orchestrator_agent.errors import RoadmapError, SettingsError
from orchestrator_agent.git import Repository
from orchestrator_agent.roadmap.availability import availability
from orchestrator_agent.roadmap.sources import WorkingTree
from orchestrator_agent.roadmap.starter import STARTER
from orchestrator_agent.terminal import plural

STARTER_PATH = "plans/roadmap.md"

_TEMPLATE = """\
# Settings of Orchestrator. All of them, with what they mean: docs/settings.md

# The plan that agents work from, relative to this file.
roadmap = {roadmap}

# Agents at once.
max_concurrent_agents = 3

[agent]
# "claude" runs Claude Code; "command" runs any program:
#   runtime = "command"
#   command = ["my-agent", "--prompt-file", "{{prompt_file}}"]
runtime = "claude"
timeout_seconds = 1800

[checks]
# What proves that work is done, run on the merged result. "auto" finds pytest, npm, cargo, go and make.
tests = "auto"

[integration]
# "merge" lands verified work on the branch you have checked out; "branch" leaves it for you.
policy = "merge"
"""


@dataclass(frozen=True, slots=True)
class Choice:
    """A plan that was found in a repository."""

    path: str
    format: str
    work_streams: int
    available: int

    def __str__(self) -> str:
        return (
            f"{self.path} ({self.format}: {plural(self.work_streams, 'work stream')}, {self.available} can start now)"
        )


def choices(start: Path) -> list[Choice]:
    """The plans in a repository, the likeliest first; those of the folder one stands in before those of the top.

    Raises:
        RepositoryError: no repository.
    """
    repository = git.discover(start.absolute())
    root, below = repository.root, _below(repository, start)
    found = [f"{below}{path}" for path in plans.find_plans(root / below)] if below else []
    return [_looked_at(root, path) for path in dict.fromkeys([*found, *plans.find_plans(root)])]


def _looked_at(root: Path, path: str) -> Choice:
    roadmap = plans.read_plan(WorkingTree(root), [path])
    may = availability(roadmap.work_streams)
    count = sum(state.available for state in may.values())
    return Choice(path, roadmap.format, len(roadmap.work_streams), count)


def init(start: Path, roadmap: Sequence[str] = ()) -> dict[str, Any]:
    """Write what a repository needs; returns `written` files, `notes` and `next` steps.

    Args:
        start: a folder in the repository.
        roadmap: the plans to use together, relative to `start` or else to the repository; none to take the likeliest.

    Raises:
        SettingsError: there is an orch.toml already.
        RoadmapError: a named plan cannot be read or holds no work.
        RepositoryError: no repository, or a linked worktree.
    """
    repository = git.discover(start.absolute())
    git.require_main(repository)
    target = repository.root / settings.FILE_NAME
    if target.exists() or target.is_symlink():
        raise SettingsError(f"{settings.FILE_NAME} exists already; edit it, or remove it to start again.")
    chosen = [_named(repository, path, _below(repository, start)) for path in roadmap]
    others = [] if chosen else choices(start)
    chosen = chosen or others[:1]
    written = [] if chosen else [_write_starter(repository)]
    notes = [f"The plan is {choice}." for choice in chosen]
    if written:
        notes.append(f"No plan was found, so {STARTER_PATH} is a starter with three examples: put your own work there.")
    if others[1:]:
        names = ", ".join(choice.path for choice in others[1:6])
        notes.append(f"Other plans: {names}; to use one, or several, change `roadmap` in {settings.FILE_NAME}.")
    paths = [choice.path for choice in chosen] or written[:1]
    value = json.dumps(paths[0] if len(paths) == 1 else paths, ensure_ascii=False)
    target.write_text(_TEMPLATE.format(roadmap=value), "utf-8")
    written.append(settings.FILE_NAME)
    notes += _remarks(repository)
    shown = paths[0] if len(paths) == 1 else paths
    return {"roadmap": shown, "written": written, "notes": notes, "next": _next_steps(repository, [*paths, *written])}


def _named(repository: Repository, named: str, below: str) -> Choice:
    root = repository.root
    path = plans.find_plan(root, f"{below}{named}" if (root / below / named).exists() else named)
    choice = _looked_at(root, path)
    if not choice.work_streams:
        raise RoadmapError(f"{path} holds no work streams; write some there, or name another plan.")
    return choice


def _write_starter(repository: Repository) -> str:
    starter = repository.root / STARTER_PATH
    if starter.exists():
        raise RoadmapError(f"{STARTER_PATH} holds no work streams; write some there, or name another with --roadmap.")
    if not starter.parent.resolve().is_relative_to(repository.root.resolve()):
        raise RoadmapError(f"{starter.parent.name} leads out of the repository; name a plan with --roadmap.")
    starter.parent.mkdir(exist_ok=True)
    starter.write_text(STARTER, "utf-8")
    return STARTER_PATH


def init_claude_code(start: Path) -> dict[str, Any]:
    """Put what Claude Code needs into a repository; the same keys as `init`.

    Raises:
        SettingsError, RepositoryError: see `claude_files.install` and `git.discover`.
    """
    repository = git.discover(start.absolute())
    git.require_main(repository)
    written, notes = claude_files.install(repository.root)
    if not written:
        notes.insert(0, "Everything is in place already.")
    return {"roadmap": None, "written": written, "notes": notes, "next": _next_steps(repository, written)[:1]}


def _below(repository: Repository, folder: Path) -> str:
    """A folder as a path from the repository's top: "" for that, else "packages/web/"; "" outside, too."""
    root, place = repository.root.resolve(), folder.resolve()
    inside = place != root and place.is_relative_to(root)
    return f"{place.relative_to(root).as_posix()}/" if inside else ""


def _remarks(repository: Repository) -> list[str]:
    notes = []
    head = repository.commit_of("HEAD")
    tests = checks.detect_tests(repository, head) if head else None
    if tests:
        notes.append(f"Tests will be run with: {' '.join(tests)}")
    else:
        notes.append('No tests were found; set `tests` under [checks], or tests = "none" to do without.')
    if shutil.which("claude") is None:
        notes.append("Claude Code (`claude`) is not on your PATH; install it, or set another runtime under [agent].")
    return notes


def _next_steps(repository: Repository, paths: list[str]) -> list[str]:
    """Commands to type where the person stands, which may be anywhere."""
    tracked = repository.git("ls-files", "-z", "--", *paths, check=False).stdout.split("\0")
    fresh = [path for path in dict.fromkeys(paths) if path not in tracked]
    here, root = Path.cwd().resolve(), repository.root.resolve()
    inside = here.is_relative_to(root)
    there = "" if inside else f" -C {shlex.quote(str(root))}"
    shown = [os.path.relpath(root / path, here) if inside else path for path in fresh]
    shown = [f"./{path}" if path.startswith("-") else path for path in shown]
    commit = [f"git{there} add {shlex.join(shown)} && git{there} commit -m 'Plan work for orch'"] if fresh else []
    return [*commit, f"orch{there} status", f"orch{there} run --dry-run"]
