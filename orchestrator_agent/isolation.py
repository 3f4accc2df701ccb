"""What programs in a worktree must not find around it: the person's checkout, and where the work was made.

Test runners look for their settings in the folders above, Python finds packages where a person installed them in
editable mode, and code may name the folder it was written in by its absolute path.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from orchestrator_agent import environment, worktree
from orchestrator_agent.errors import OrchError
from orchestrator_agent.git import Repository
from orchestrator_agent.shim import write_file

#: Files in `.orch` at which a look upwards ends.
_WALL = {"pytest.ini": "[pytest]\n", "package.json": '{"private": true}\n'}
_PYTHON_PROJECT = ("pyproject.toml", "setup.py", "setup.cfg")
#: Prints the folders of editable installs, each with True when a hook of its own finds it before any path does.
_LIST_EDITABLE = """
import json, importlib.metadata as metadata
found = []
for item in metadata.distributions():
    url = json.loads(item.read_text("direct_url.json") or "{}")
    if url.get("dir_info", {}).get("editable"):
        names = [file.name for file in item.files or ()]
        hook = any("_editable" in name and name.endswith(".py") and name[:2] != "__" for name in names)
        found.append((item.metadata["Name"], url["url"], hook))
print(json.dumps(found))
"""


def wall(repository: Repository) -> None:
    """Keep what runs in a worktree from taking up settings of the checkout around `.orch`."""
    if all(_holds(repository.state / name, content) for name, content in _WALL.items()):
        return
    with repository.worktree_lock():
        for name, content in _WALL.items():
            write_file(str(repository.state / name), content.encode())


def _holds(path: Path, content: str) -> bool:
    return not path.is_symlink() and path.is_file() and path.read_bytes() == content.encode()


def variables(place: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Environment with which checks in `place` import its own sources, and not those installed from elsewhere.

    Args:
        given: the environment so far; its PYTHONPATH comes after ours.
    """
    found = {} if (place / "go.work").exists() else {"GOWORK": "off"}
    if os.pathsep not in str(place) and any((place / name).is_file() for name in _PYTHON_PROJECT):
        source = place / "src"
        sources = [str(source)] if source.is_dir() and not source.is_symlink() else []
        found["PYTHONPATH"] = os.pathsep.join([*sources, str(place), *filter(None, [given.get("PYTHONPATH")])])
    return found


@contextmanager
def out_of_reach(repository: Repository, branch: str) -> Iterator[None]:
    """Move the worktrees of `branch` and of its siblings, the other tries, away from their paths for a while.

    None of their agents may be running. Who is killed meanwhile leaves them to `put_back`.

    Raises:
        OrchError: one cannot be moved.
    """
    folder, away = repository.state / "worktrees", repository.state / "away"
    siblings = f"refs/heads/{branch.rpartition('/')[0]}/"
    places = repository.line("for-each-ref", "--format=%(worktreepath)", siblings).splitlines()
    names = {branch.rpartition("/")[2], *(Path(place).name for place in places if Path(place).parent == folder)}
    try:
        away.mkdir(exist_ok=True)
        for name in names:
            if (folder / name).is_dir():
                (folder / name).rename(away / name)
    except OSError as error:
        put_back(repository)
        raise OrchError(f"A worktree could not be put aside for the checks ({error.strerror}).") from None
    try:
        yield
    finally:
        put_back(repository)


def put_back(repository: Repository) -> None:
    """Bring worktrees that were put aside back to their paths. What came up there meanwhile goes to `.orch/found`."""
    away, found = repository.state / "away", repository.state / "found"
    for place in sorted(away.iterdir()) if away.is_dir() else ():
        goal = worktree.path_of(repository, place.name)
        if os.path.lexists(goal):
            found.mkdir(exist_ok=True)
            goal.rename(found / f"{place.name}-{uuid.uuid4().hex[:8]}")
        place.rename(goal)


def shadowed(root: Path, python: str) -> list[str]:
    """Packages that `python` has from inside of `root` in editable mode, and that no PYTHONPATH wins over.

    Args:
        python: the interpreter of the check, a program.
    """
    program = shutil.which(python)
    if program is None:
        return []
    argv = [program, "-c", _LIST_EDITABLE]
    done = subprocess.run(argv, capture_output=True, text=True, cwd="/", env=environment.allowed(), check=False)
    found = []
    for name, url, hook in json.loads(done.stdout or "[]") if done.returncode == 0 else ():
        place = Path(str(url).removeprefix("file://"))
        if place.is_relative_to(root) and (hook or place != root):
            found.append(str(name))
    return sorted(found)
