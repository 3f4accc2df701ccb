"""`orch init`: the plan is found or a starter is written, and what is written works as it is."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path

import pexpect
import pytest
from support import git, run_orch
from support_work import ORCH, PLAN, WORK, ask, snapshot

from orchestrator_agent.settings import load


def init(repo: Path, *words: str) -> dict[str, object]:
    done = run_orch(repo, "init", *words, "--json")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    data: dict[str, object] = json.loads(done.stdout)
    return data


def test_an_empty_project_gets_a_starter_that_reads_back(repo: Path) -> None:
    data = init(repo)
    assert data["written"] == ["plans/roadmap.md", "orch.toml"]
    status = ask(repo, "status")
    assert status["summary"]["total"] == 3 and status["warnings"] == []
    assert load(repo).roadmap == "plans/roadmap.md"


def test_a_repository_without_commits_can_be_set_up(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert init(tmp_path)["written"] == ["plans/roadmap.md", "orch.toml"]


@pytest.mark.parametrize("name", ["plans/roadmap.md", "ROADMAP.md", "docs/TODO.md"])
def test_the_plan_that_is_there_is_used_and_not_touched(repo: Path, name: str) -> None:
    path = repo / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(PLAN, "utf-8")
    data = init(repo)
    assert (data["roadmap"], data["written"]) == (name, ["orch.toml"])
    assert path.read_text("utf-8") == PLAN
    assert tomllib.loads((repo / "orch.toml").read_text("utf-8"))["roadmap"] == name


def test_of_several_plans_one_is_taken_and_the_others_are_named(repo: Path) -> None:
    for name in ("ROADMAP.md", "TODO.md"):
        (repo / name).write_text(PLAN, "utf-8")
    done = run_orch(repo, "init")
    assert "The plan is ROADMAP.md (phases: 3 work streams, 2 can start now)." in done.stdout
    assert "Other plans: TODO.md" in done.stdout


def test_a_named_plan_is_used(repo: Path) -> None:
    (repo / "our $(plan).md").write_text(PLAN, "utf-8")
    data = init(repo, "--roadmap", "./our $(plan).md")
    assert data["roadmap"] == "our $(plan).md"
    assert data["next"][0].startswith("git add 'our $(plan).md' orch.toml && ")  # type: ignore[index]
    assert ask(repo, "status")["summary"]["total"] == 3


def test_from_a_folder_below_the_files_go_to_the_top(repo: Path) -> None:
    (repo / "deep").mkdir()
    done = run_orch(repo / "deep", "init")
    assert done.returncode == 0
    assert (repo / "orch.toml").is_file() and list((repo / "deep").iterdir()) == []


@pytest.fixture
def package(repo: Path) -> Path:
    """A package of a repository, with a plan of its own below another one at the top."""
    folder = repo / "packages" / "my web"
    folder.mkdir(parents=True)
    (folder / "TODO.md").write_text(PLAN, "utf-8")
    (repo / "TODO.md").write_text(PLAN.replace("Phase 2.1", "Phase 3.1"), "utf-8")
    return folder


@pytest.mark.parametrize("words", [(), ("--roadmap", "TODO.md"), ("--roadmap", "packages/my web/TODO.md")])
def test_below_the_top_the_plan_there_is_meant_and_the_steps_work_there(
    repo: Path, package: Path, words: tuple[str, ...]
) -> None:
    data = init(package, *words)
    assert (data["roadmap"], data["written"]) == ("packages/my web/TODO.md", ["orch.toml"])
    commit = data["next"][0]  # type: ignore[index]
    assert commit == "git add TODO.md ../../orch.toml && git commit -m 'Plan work for orch'"
    subprocess.run(["sh", "-c", commit], cwd=package, check=True, capture_output=True)
    assert sorted(git(repo, "ls-files").splitlines()) == ["README.md", "orch.toml", "packages/my web/TODO.md"]
    assert ask(package, "status")["summary"]["total"] == 3


def test_the_steps_name_the_folder_where_the_person_is_elsewhere(repo: Path, tmp_path: Path) -> None:
    data = init(tmp_path, "-C", str(repo))
    for step in data["next"]:  # type: ignore[attr-defined]
        if step.startswith("git"):
            subprocess.run(["sh", "-c", step], cwd=tmp_path, check=True, capture_output=True)
        else:
            assert step.startswith(f"orch -C {repo} ")
    assert git(repo, "status", "--porcelain") == ""


def test_what_is_there_is_never_overwritten(repo: Path) -> None:
    init(repo)
    (repo / "orch.toml").write_text("max_concurrent_agents = 1\n")
    before = snapshot(repo)
    done = run_orch(repo, "init")
    assert done.returncode == 2 and "exists already" in done.stderr
    assert snapshot(repo) == before


def test_a_link_is_not_written_through(repo: Path, tmp_path: Path) -> None:
    (repo / "orch.toml").symlink_to(tmp_path / "elsewhere.toml")
    (repo / "plans").symlink_to(tmp_path)
    assert run_orch(repo, "init").returncode == 2
    (repo / "orch.toml").unlink()
    done = run_orch(repo, "init")
    assert done.returncode == 2, done.stdout
    assert not (tmp_path / "elsewhere.toml").exists() and not (tmp_path / "roadmap.md").exists()


def test_the_steps_that_it_names_lead_to_work(repo: Path) -> None:
    """Init, commit as told, choose an agent, run."""
    done = run_orch(repo, "init")
    commit = next(line.strip() for line in done.stdout.splitlines() if line.strip().startswith("git add"))
    assert commit == "git add plans/roadmap.md orch.toml && git commit -m 'Plan work for orch'"
    settings = (repo / "orch.toml").read_text("utf-8").replace('tests = "auto"', 'tests = "true"')
    settings = settings.replace(
        'runtime = "claude"', f'runtime = "command"\ncommand = {json.dumps(["sh", "-c", WORK])}'
    )
    (repo / "orch.toml").write_text(settings, "utf-8")
    git(repo, "add", "plans/roadmap.md", "orch.toml")
    git(repo, "commit", "-qm", "Plan work for orch")
    assert run_orch(repo, "batch").returncode == 0
    assert ask(repo, "status")["summary"]["complete"] == 3


def test_remarks_name_what_is_missing(repo: Path) -> None:
    done = run_orch(repo, "init")
    assert "No tests were found" in done.stdout


def test_several_plans_can_be_read_as_one(repo: Path) -> None:
    (repo / "ROADMAP.md").write_text(PLAN, "utf-8")
    (repo / "TODO.md").write_text("- [ ] Sweep the floor\n", "utf-8")
    data = init(repo, "--roadmap", "ROADMAP.md", "--roadmap", "TODO.md")
    assert data["roadmap"] == ["ROADMAP.md", "TODO.md"]
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "plans")
    status = ask(repo, "status")
    assert status["summary"]["total"] == 4 and status["format"] == "phases, checklist"
    assert [plan["path"] for plan in ask(repo, "roadmap")["plans"]] == ["ROADMAP.md", "TODO.md"]


def test_a_person_is_offered_the_choice(repo: Path) -> None:
    for name in ("ROADMAP.md", "TODO.md"):
        (repo / name).write_text(PLAN, "utf-8")
    child = pexpect.spawn(ORCH[0], [*ORCH[1:], "init"], cwd=repo, encoding="utf-8", timeout=60)
    child.expect_exact("2. TODO.md (phases: 3 work streams, 2 can start now)")
    child.expect_exact("Which one")
    child.sendline("2")
    child.expect(pexpect.EOF)
    child.close()
    assert load(repo).roadmap == "TODO.md"
