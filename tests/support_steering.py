"""Projects whose agents can be steered, for tests of receipts. Import it as `support_steering`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from support import git

from orchestrator_agent.orchestrator import Orchestrator


def plan_of(names: Sequence[str]) -> str:
    """A roadmap of work streams that wait for nothing."""
    return "# Roadmap\n\n" + "".join(
        f"### Phase {name}: Stream {name}\n- **Status:** ⚪ Not Started\n\n" for name in names
    )


def demo_project(repo: Path, streams: Mapping[str, Sequence[Sequence[Mapping[str, Any]]]], settings: str = "") -> Path:
    """Commit a plan and a script for stand-in agents: by work stream, for each attempt its steps.

    Args:
        settings: lines of the section `[agent]`, and further sections.
    """
    (repo / "plans").mkdir()
    (repo / "plans" / "roadmap.md").write_text(plan_of([name for name in streams if name != "*"]), "utf-8")
    (repo / "demo-script.json").write_text(json.dumps({"streams": streams}), "utf-8")
    agent = f'[agent]\nruntime = "demo"\nstop_grace_seconds = 0.5\n{settings}'
    (repo / "orch.toml").write_text(f'max_concurrent_agents = 30\n[checks]\ntests = "true"\n{agent}')
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=Plan")
    return repo


def works_until(file: Path, *then: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Steps of an agent that goes on when `file` is there, and listens meanwhile."""
    return [{"say": "at work"}, {"until": str(file)}, *then]


WRITE: tuple[Mapping[str, Any], ...] = ({"write": {"path": "made.txt", "text": "made\n"}}, {"commit": "work"})


def steps_of(orchestrator: Orchestrator, command_id: str) -> list[str]:
    """The steps of a command's receipts."""
    return [receipt.step.value for receipt in orchestrator.receipts(command_id)]
