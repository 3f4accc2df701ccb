"""Work is judged by what lands and by rules that it has not made itself; shown with whole commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import git, run_orch
from support_repositories import WORK, commit, orch_json, outcomes, plan, prepare

from orchestrator_agent.project import Project
from orchestrator_agent.store import AgentFacts

TEST = "def test_one():\n    assert True\n\n\ndef test_two():\n    assert True\n"


def run(repo: Path) -> AgentFacts:
    """The last agent after `orch run 1.1`."""
    done = run_orch(repo, "run", "1.1")
    agent = Project(repo).store.agents()[-1]
    assert agent.verification is not None, done.stdout + done.stderr
    return agent


def said(agent: AgentFacts, check: str) -> str:
    assert agent.verification is not None
    return next(c.message for c in agent.verification.checks if c.name == check)


def test_work_that_needs_the_folder_it_was_made_in_fails_and_the_folder_stays(repo: Path) -> None:
    check = '[checks.commands]\nthere = ["sh", "-c", "cat \\"$(cat where)\\""]\n'
    script = f'echo x > .git-ignored; echo "$PWD/.git-ignored" > where; {WORK}'
    project = prepare(repo, script, extra=check, max_attempts=1)
    agent = run(repo)
    assert outcomes(project) == {"1.1": "failed"}
    assert agent.verification is not None
    result = next(c for c in agent.verification.checks if c.name == "there")
    assert result.outcome == "failed" and "No such file" in result.output
    place = Path(agent.record.worktree)
    assert (place / ".git-ignored").read_text() == "x\n" and git(place, "status", "--porcelain") == ""


def test_a_repository_in_the_work_is_refused(repo: Path) -> None:
    project = prepare(repo, f"git init -q lib; cd lib; git commit -q --allow-empty -m x; cd ..; {WORK}", max_attempts=1)
    agent = run(repo)
    assert outcomes(project) == {"1.1": "failed"}
    assert said(agent, "changes") == "contains a nested repository lib; its files are not part of the work"


def test_files_for_the_folder_of_orch_are_refused(repo: Path) -> None:
    project = prepare(repo, f"mkdir .Orch; echo x > .Orch/x; git add -f .Orch; {WORK}", max_attempts=1)
    assert "contains .Orch/x" in said(run(repo), "changes") and outcomes(project) == {"1.1": "failed"}


@pytest.mark.parametrize(
    ("setting", "outcome"), [("", "held"), ('roadmap = "ROADMAP.md"\n', "complete")], ids=["found", "named"]
)
def test_a_plan_that_would_be_found_first_needs_consent(repo: Path, setting: str, outcome: str) -> None:
    script = f"mkdir plans; sed 's/1[.]1/9.9/g' ROADMAP.md > plans/roadmap.md; {WORK}"
    project = prepare(repo, script)
    text = (repo / "orch.toml").read_text()
    commit(repo, orch_dot_toml=text.replace('roadmap = "ROADMAP.md"\n', setting))
    agent = run(repo)
    assert outcomes(project) == {"1.1": outcome}
    assert agent.verification is not None
    assert agent.verification.protected == (() if setting else ("which roadmap is found (now plans/roadmap.md)",))
    assert project.roadmap().get("1.1")


def test_a_deleted_test_waits_for_consent_and_lands_with_it(repo: Path) -> None:
    commit(repo, tests__test_a_dot_py=TEST, tests__test_b_dot_py=TEST)
    project = prepare(repo, f"git rm -q tests/test_a.py; {WORK}")
    agent = run(repo)
    assert outcomes(project) == {"1.1": "held"}
    assert agent.verification is not None and agent.verification.protected == ("tests/test_a.py",)
    assert said(agent, "changes") == "2 files changed; tests removed: test_one, test_two"
    assert "tests removed: test_one" in run_orch(repo, "verify", "1.1").stdout
    assert orch_json(repo, "integrate", "1.1")
    assert outcomes(project) == {"1.1": "complete"} and not (repo / "tests" / "test_a.py").exists()


def test_fewer_tests_in_a_file_are_told_and_do_not_hold_it(repo: Path) -> None:
    commit(repo, tests__test_a_dot_py=TEST)
    project = prepare(repo, f"sed -i.bak '/two/,$d' tests/test_a.py; rm tests/*.bak; {WORK}")
    agent = run(repo)
    assert outcomes(project) == {"1.1": "complete"}
    assert said(agent, "changes") == "2 files changed; tests removed: test_two"


def test_an_agents_own_rules_for_the_tests_wait_for_consent(repo: Path) -> None:
    commit(repo, tests__test_a_dot_py=TEST, ci__test_dot_sh="exit 1\n")
    project = prepare(repo, f"echo 'exit 0' > ci/test.sh; echo '[pytest]' > pytest.ini; {WORK}")
    text = (repo / "orch.toml").read_text()
    commit(repo, orch_dot_toml=text.replace('tests = "true"', 'tests = "sh ci/test.sh"'))
    agent = run(repo)
    assert outcomes(project) == {"1.1": "held"}
    assert agent.verification is not None and agent.verification.protected == ("ci/test.sh", "pytest.ini")
    assert plan("1.1") == (repo / "ROADMAP.md").read_text()
