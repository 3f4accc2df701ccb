"""A repository with a roadmap and small agents, for tests of tools, conversation and chat."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

from support import git

from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.project import Project

PATIENCE = 30.0
#: Does its work at once.
QUICK = ("sh", "-c", "echo one line; echo x > made-$ORCH_WORK_STREAM.txt; git add -A; git commit -qm work")
#: Never ends by itself.
SLOW = ("sh", "-c", "echo at work; exec sleep 600")

ROADMAP = """\
# Roadmap

## Batch 1

### Phase 1.1: Task Parser

- **Status:** ⚪ Not Started
- **Effort:** S

### Phase 1.2: Price Table

- **Status:** ⚪ Not Started

### Phase 1.3: Price Labels

- **Status:** ⚪ Not Started

## Batch 2

### Phase 2.1: Receipt Printer

- **Status:** ⚪ Not Started
- **Depends On:** Phase 1.1
"""


def furnish(repo: Path, command: tuple[str, ...] = QUICK, roadmap: str = ROADMAP) -> Path:
    """Commit a roadmap and settings for agents that run `command` into a repository."""
    (repo / "plans").mkdir()
    (repo / "plans" / "roadmap.md").write_text(roadmap, "utf-8")
    agent = f'[agent]\nruntime = "command"\ncommand = {json.dumps(command)}\nstop_grace_seconds = 0.5\n'
    (repo / "orch.toml").write_text(f'roadmap = "plans/roadmap.md"\n{agent}[checks]\ntests = ["true"]\n')
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=Plan")
    return repo


@contextlib.contextmanager
def stopped_after(repo: Path) -> Iterator[Path]:
    """Hand out a repository, and stop all that runs in it at the end."""
    try:
        yield repo
    finally:
        project = Project(repo)
        if project.state.exists():
            Orchestrator(repo).stop()
            deadline = time.monotonic() + PATIENCE
            while project.controller_runs():
                assert time.monotonic() < deadline, "the controller does not end"
                time.sleep(0.01)
