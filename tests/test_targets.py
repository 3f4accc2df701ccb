"""The roadmap on the branches that work lands on: looked at again only when something moved."""

from __future__ import annotations

from pathlib import Path

from support import git, run_orch
from support_repositories import prepare
from support_work import make_project

from orchestrator_agent.actions import Belief
from orchestrator_agent.events import COMMAND_ACCEPTED, Event
from orchestrator_agent.targets import Targets


def test_what_may_start_is_worked_out_again_when_a_claim_or_the_branch_moved(repo: Path) -> None:
    project = prepare(repo, "true", "1.1", "1.2")
    store, targets = project.writable_store(), Targets(project)

    def look() -> dict[str, bool]:
        views, problems = targets.views(["main"], belief())
        assert not problems
        return {name: found.available for name, found in views["main"].availability.items()}

    def belief() -> Belief:
        return Belief(commands=(), claims=store.claims(), agents=(), results={}, max_agents=1, max_attempts={})

    assert look() == {"1.1": True, "1.2": True}
    (first, _), (second, _) = (targets.views(["main"], belief()) for _ in range(2))
    assert first["main"].availability is second["main"].availability
    data = {"kind": "run", "payload": {}, "claims": ["1.1"]}
    store.record(Event(type=COMMAND_ACCEPTED, timestamp=1.0, command_id="c1", data=data))
    assert look() == {"1.1": False, "1.2": True}
    git(repo, "rm", "--quiet", "ROADMAP.md")
    git(repo, "commit", "--quiet", "--message=Lost")
    store.record(Event(type=COMMAND_ACCEPTED, timestamp=2.0, command_id="c2", data={**data, "claims": ["1.2"]}))
    assert look() == {"1.1": False, "1.2": False}  # by the roadmap that was read last


def test_what_has_landed_on_another_branch_is_told(repo: Path) -> None:
    make_project(repo)
    git(repo, "branch", "feature")
    assert run_orch(repo, "run", "1.1").returncode == 0
    assert "has landed" not in run_orch(repo, "status").stdout
    git(repo, "switch", "--quiet", "feature")
    assert "1.1 has landed on main, which this branch does not have; merge it" in run_orch(repo, "status").stdout
