"""What a person changes while an agent works is not overruled by its landing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support import git, run_orch
from support_work import WORK, make_project, run_until_at_work, statuses, wait_for_end, waits_for

PLAN = """# Roadmap

### Phase 1.1: First
- **Status:** ⚪ Not Started
- **Tasks:**
  - [ ] Write it in Python

### Phase 1.2: Second
- **Status:** ⚪ Not Started
"""


def edit(old: str, new: str) -> Callable[[Path], None]:
    def change(repo: Path) -> None:
        plan = repo / "plans" / "roadmap.md"
        plan.write_text(plan.read_text("utf-8").replace(old, new, 1), "utf-8")
        git(repo, "commit", "--quiet", "--all", "--message=Plan again")

    return change


def drop_a_commit(repo: Path) -> None:
    git(repo, "reset", "--quiet", "--hard", "HEAD~1")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (edit("⚪ Not Started", "🚫 Cancelled"), "the plan calls it cancelled since"),
        (edit("⚪ Not Started", "🔴 Blocked"), "the plan calls it blocked since"),
        (edit("in Python", "in Rust"), "what the plan wants of it was changed"),
        (drop_a_commit, "commits that it was built on were taken off"),
    ],
    ids=["cancelled", "blocked", "other tasks", "dropped history"],
)
def test_work_that_the_person_thought_better_of_is_held(
    repo: Path, tmp_path: Path, change: Callable[[Path], None], said: str
) -> None:
    go = tmp_path / "go"
    make_project(repo, f"{waits_for(go)}\n{WORK}", PLAN)
    (repo / "secret.txt").write_text("key")
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=Oops")
    run_until_at_work(repo, "1.1")
    change(repo)
    plan = (repo / "plans" / "roadmap.md").read_text("utf-8")
    go.touch()
    wait_for_end(repo)
    assert f"1.1    held: {said}" in run_orch(repo, "report").stdout
    assert (repo / "plans" / "roadmap.md").read_text("utf-8") == plan
    # What was cancelled waits for nobody.
    assert ("Waiting for you" in run_orch(repo, "status").stdout) is ("cancelled" not in said)
    landed = run_orch(repo, "integrate", "1.1")  # a person may land it all the same
    assert landed.returncode == 0 and statuses(repo)["1.1"] == "complete", landed.stdout + landed.stderr


def test_what_changes_elsewhere_in_the_plan_holds_nothing(repo: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    make_project(repo, f"{waits_for(go)}\n{WORK}", PLAN)
    run_until_at_work(repo, "1.1")
    edit("Second", "Second and third")(repo)
    edit("- [ ] Write", "- [x] Write")(repo)
    go.touch()
    wait_for_end(repo)
    assert statuses(repo)["1.1"] == "complete"
