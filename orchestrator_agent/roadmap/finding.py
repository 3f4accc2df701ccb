"""Where the plan of a repository lies."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import id_key

#: Folders that hold a plan per feature, as "folder of features", "file in each"; the folder itself where that is empty.
_FEATURES = (
    ("specs", "tasks.md"),
    (".kiro/specs", "tasks.md"),
    ("openspec/changes", "tasks.md"),
    ("agent-os/specs", "tasks.md"),
    (".agent-os/specs", "tasks.md"),
    (".claude/epics", ""),
)
#: Names without case, in the order in which they are taken: roadmaps made for agents, then the stores of tools.
_FIRST = (
    "plans/roadmap.md",
    ".planning/roadmap.md",
    ".taskmaster/tasks/tasks.json",
    "tasks/tasks.json",
    "backlog/tasks",
    ".beads/issues.jsonl",
    "_bmad-output/implementation-artifacts/sprint-status.yaml",
    "docs/implementation-artifacts/sprint-status.yaml",
    "docs/sprint-artifacts/sprint-status.yaml",
    "docs/sprint-status.yaml",
    "conductor/tracks.md",
    "agent-os/product/roadmap.md",
    ".agent-os/product/roadmap.md",
    "prd.json",
    "scripts/ralph/prd.json",
)
#: What people write by hand, behind the plans of features.
_LAST = (
    "roadmap.md",
    "docs/roadmap.md",
    "implementation_plan.md",
    "docs/implementation_plan.md",
    "plan.md",
    "docs/plan.md",
    "todo.md",
    "docs/todo.md",
    "tasks.md",
    "fix_plan.md",
)
_DONE_WITH = ("archive", "archived", "completed")


def candidates(root: Path) -> Iterator[str]:
    """Relative paths of the plans that lie under `root`, the likeliest first; links out of it are left out."""
    for name in _FIRST:
        yield from _existing(root, name)
    for folder, name in _FEATURES:
        features = [entry for entry in _entries(root / folder) if entry.casefold() not in _DONE_WITH]
        for feature in sorted(features, key=id_key, reverse=True):
            yield from _existing(root, f"{folder}/{feature}/{name}" if name else f"{folder}/{feature}")
    for name in _LAST:
        yield from _existing(root, name)


def check(root: Path, relative: str) -> str:
    """`relative` in its simplest form, after making sure that it is a file inside `root`.

    Raises:
        RoadmapError: it is absent, no file, or lies outside `root`, be it by "..", an absolute path or a link.
    """
    top = root.resolve()
    path = Path(os.path.normpath(top / relative))
    if not path.is_relative_to(top) or not _resolved(path).is_relative_to(top):
        raise RoadmapError(f"The roadmap {relative} lies outside the repository; name a file inside it.")
    if not path.exists():
        raise RoadmapError(f"There is no roadmap at {relative}; correct the path or run `orch init`.")
    if not path.is_file() and not path.is_dir():
        raise RoadmapError(f"The roadmap {relative} is not a file; name a file.")
    return path.relative_to(top).as_posix()


def require(path: Path, shown: str) -> None:
    """Make sure that something is there to be read.

    Raises:
        RoadmapError: it is absent, or neither a file nor a folder.
    """
    try:
        if path.is_file() or path.is_dir():
            return
        problem = "is not a file" if path.exists() else "does not exist"
    except (OSError, ValueError) as error:
        problem = f"cannot be read ({getattr(error, 'strerror', None) or error})"
    raise RoadmapError(f"The roadmap {shown} {problem}; name another or run `orch init`.")


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:
        raise RoadmapError(f"The roadmap {path.name} cannot be opened ({error}); name another file.") from None


def _existing(root: Path, name: str) -> Iterator[str]:
    """The file that `name` means, whatever the case of its last part."""
    folder, _, last = name.rpartition("/")
    for entry in sorted(_entries(root / folder)):
        if entry.casefold() == last.casefold():
            relative = f"{folder}/{entry}" if folder else entry
            try:
                yield check(root, relative)
            except RoadmapError:
                continue


def _entries(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []
