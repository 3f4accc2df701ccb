"""`orch init`: find the plan of a repository, or write a starter, and write orch.toml."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from pathlib import Path
from typing import Any

from orchestrator_agent import checks, claude_files, git, settings
from orchestrator_agent import roadmap as plans
from orchestrator_agent.errors import RoadmapError, SettingsError
from orchestrator_agent.git import Repository
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


def init(start: Path, roadmap: str | None = None) -> dict[str, Any]:
    """Write what a repository needs; returns `written` files, `notes` and `next` steps.

    Args:
        start: a folder in the repository. Its own plan goes before that of the top.
        roadmap: the plan to use, relative to `start` or else to the repository; None to look for one.

    Raises:
        SettingsError: there is an orch.toml already.
        RoadmapError: the named plan cannot be read or holds no work.
        RepositoryError: no repository, or a linked worktree.
    """
    repository = git.discover(start.absolute())
    git.require_main(repository)
    target = repository.root / settings.FILE_NAME
    if target.exists() or target.is_symlink():
        raise SettingsError(f"{settings.FILE_NAME} exists already; edit it, or remove it to start again.")
    written: list[str] = []
    path, notes = _choose(repository, roadmap, _below(repository, start))
    if path is None:
        path = STARTER_PATH
        starter = repository.root / path
        if not starter.parent.resolve().is_relative_to(repository.root.resolve()):
            raise RoadmapError(f"{starter.parent.name} leads out of the repository; name a plan with --roadmap.")
        starter.parent.mkdir(exist_ok=True)
        starter.write_text(STARTER, "utf-8")
        written.append(path)
        notes.append(f"No plan was found, so {path} is a starter with three examples: put your own work there.")
    target.write_text(_TEMPLATE.format(roadmap=json.dumps(path, ensure_ascii=False)), "utf-8")
    written.append(settings.FILE_NAME)
    notes += _remarks(repository)
    return {"roadmap": path, "written": written, "notes": notes, "next": _next_steps(repository, [path, *written])}


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


def _choose(repository: Repository, named: str | None, below: str) -> tuple[str | None, list[str]]:
    """The plan, or None where a starter is needed, and what to say about it."""
    root = repository.root
    if named is not None:
        path = plans.find_plan(root, f"{below}{named}" if (root / below / named).exists() else named)
        return path, [f"The plan is {path} with {_count(root, path)}."]
    found = [f"{below}{path}" for path in plans.find_plans(root / below)] if below else []
    found = list(dict.fromkeys([*found, *plans.find_plans(root)]))
    if not found:
        if (repository.root / STARTER_PATH).exists():
            raise RoadmapError(
                f"{STARTER_PATH} holds no work streams; write some there, or name another with --roadmap."
            )
        return None, []
    notes = [f"The plan is {found[0]} with {_count(root, found[0])}."]
    if len(found) > 1:
        notes.append(f"Other plans: {', '.join(found[1:6])}; to use one, change `roadmap` in {settings.FILE_NAME}.")
    return found[0], notes


def _count(root: Path, path: str) -> str:
    """How many work streams a plan holds, in words.

    Raises:
        RoadmapError: none, or it cannot be read.
    """
    count = len(plans.read_plan(WorkingTree(root), [path]).work_streams)
    if not count:
        raise RoadmapError(f"{path} holds no work streams; write some there, or name another plan.")
    return plural(count, "work stream")


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
