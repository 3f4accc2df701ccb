"""Checks see the candidate: neither the checkout around `.orch` nor the worktree that the work was made in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import git
from support_repositories import BRANCH, NAME, agent_worktree, commit, editable, repository_of

from orchestrator_agent import checks, isolation, worktree
from orchestrator_agent.checks import Gate
from orchestrator_agent.git import Repository
from orchestrator_agent.model import CheckResult
from orchestrator_agent.settings import Settings

PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")


@pytest.fixture
def repository(repo: Path) -> Repository:
    return repository_of(repo)


def run(repository: Repository, *command: str) -> CheckResult:
    """A check at the last commit."""
    place = worktree.checkout_for_checks(repository, git(repository.root, "rev-parse", "HEAD"))
    return checks.run_gate(repository, Settings(), Gate("tests", command), place, "agent")


# ---- The checkout around


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pytest.ini", "[pytest]\naddopts = --collect-only\n"),
        ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = '--collect-only'\n"),
        ("setup.cfg", "[tool:pytest]\naddopts = --collect-only\n"),
        ("tox.ini", "[pytest]\naddopts = --collect-only\n"),
        ("conftest.py", "import pytest\n\ndef pytest_runtest_call(item):\n    pytest.skip('from outside')\n"),
    ],
)
def test_settings_of_pytest_outside_do_not_count(repository: Repository, name: str, content: str) -> None:
    commit(repository.root, tests__test_x_dot_py="def test_x():\n    assert False\n")
    (repository.root / name).write_text(content)
    result = run(repository, *PYTEST)
    assert result.outcome == "failed" and "1 failed" in result.output


def test_settings_and_conftests_of_the_project_count(repository: Repository) -> None:
    conftest = "import pytest\n\n@pytest.fixture\ndef two(pytestconfig):\n    return 2\n"
    test = "def test_x(two, pytestconfig):\n    assert two == 2 and (pytestconfig.rootpath / 'data').exists()\n"
    files = {"conftest_dot_py": conftest, "tests__test_x_dot_py": test, "data": ""}
    commit(repository.root, **files)
    assert run(repository, *PYTEST, "--rootdir=.").passed
    commit(repository.root, pytest_dot_ini="[pytest]\naddopts = --collect-only\n")
    assert "1 test collected" in run(repository, *PYTEST, "--rootdir=.").output


def test_the_detected_command_has_the_worktree_as_its_root(repository: Repository) -> None:
    head = commit(
        repository.root, test_x_dot_py="def test_x(pytestconfig):\n    print(pytestconfig.rootpath)\n    assert 0\n"
    )
    command = checks.detect_tests(repository, head)
    assert command and command[1:] == ("-m", "pytest", "-q", "--rootdir=.")
    assert str(worktree.path_of(repository, "checks")) in run(repository, *PYTEST, *command[4:]).output


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm")
def test_npm_does_not_go_on_to_the_package_outside(repository: Repository) -> None:
    (repository.root / "package.json").write_text('{"scripts": {"test": "true"}}')
    assert run(repository, "npm", "test", "--silent").outcome == "failed"


def test_the_wall_is_mended_and_never_followed(repository: Repository, tmp_path: Path) -> None:
    isolation.wall(repository)
    walls = [path for path in repository.state.iterdir() if path.is_file() and path.name != ".gitignore"]
    content = {path: path.read_bytes() for path in walls if path.suffix != ".lock"}
    assert len(content) == 2
    (tmp_path / "mine").write_text("mine")
    for path in content:
        path.unlink()
        path.symlink_to(tmp_path / "mine")
    isolation.wall(repository)
    assert {path: path.read_bytes() for path in content} == content
    assert (tmp_path / "mine").read_text() == "mine"
    assert not any(path.is_symlink() for path in content)


# ---- Editable installs


@pytest.mark.parametrize("layout", ["src__", ""], ids=["src", "flat"])
def test_an_editable_install_of_the_checkout_is_not_what_is_tested(
    repository: Repository, tmp_path: Path, layout: str
) -> None:
    files = {"pyproject_dot_toml": "[project]\nname = 'p'\n", f"{layout}pkg__value_dot_py": "VALUE = 'candidate'\n"}
    commit(repository.root, **files)
    source = repository.root / layout.replace("__", "/")
    (source / "pkg" / "value.py").write_text("VALUE = 'checkout'\n")
    python = editable(tmp_path / "venv", source)
    code = "import pkg.value; print(pkg.value.VALUE)"
    there = subprocess.run([python, "-c", code], cwd="/", capture_output=True, text=True)
    assert there.stdout == "checkout\n", "the install is no trap"
    assert run(repository, "sh", "-c", f"cd / && '{python}' -c '{code}'").output == "candidate"


def test_a_given_python_path_comes_last(tmp_path: Path) -> None:
    assert isolation.variables(tmp_path, {"PYTHONPATH": "/mine"}) == {"GOWORK": "off"}
    (tmp_path / "setup.py").touch()
    (tmp_path / "src").symlink_to("/")
    (tmp_path / "go.work").touch()
    assert isolation.variables(tmp_path, {"PYTHONPATH": "/mine"}) == {"PYTHONPATH": f"{tmp_path}{os.pathsep}/mine"}
    (tmp_path / "src").unlink()
    (tmp_path / "src").mkdir()
    assert isolation.variables(tmp_path, {})["PYTHONPATH"].split(os.pathsep) == [str(tmp_path / "src"), str(tmp_path)]


@pytest.mark.parametrize(
    ("hook", "below", "expected"), [(False, "", []), (True, "", ["p"]), (False, "packages/p", ["p"])]
)
def test_installs_that_win_over_a_worktree_are_found(
    repo: Path, tmp_path: Path, hook: bool, below: str, expected: list[str]
) -> None:
    python = editable(tmp_path / "venv", repo / below, hook)
    assert isolation.shadowed(repo, python) == expected
    assert isolation.shadowed(tmp_path / "elsewhere", python) == []
    assert isolation.shadowed(repo, "no-such-python") == []


# ---- The agent's worktree


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_an_agents_worktree_is_not_there_while_its_work_is_checked(repository: Repository) -> None:
    place, earlier, other = (
        agent_worktree(repository),
        agent_worktree(repository, "coder-1.1-0"),
        repository.state / "worktrees" / "coder-2-1",
    )
    worktree.create(repository, "coder-2-1", "orch/2/coder-2-1", git(repository.root, "rev-parse", "main"))
    (place / "data").write_text("only here")
    before = everything(place)
    with isolation.out_of_reach(repository, BRANCH):
        assert not place.exists() and not earlier.exists() and other.is_dir()
        git(repository.root, "worktree", "prune")
    assert everything(place) == before
    assert git(place, "status", "--porcelain") == "?? data" and git(earlier, "status", "--porcelain") == ""
    assert worktree.remove(repository, NAME, BRANCH).ref


def test_an_agents_worktree_comes_back_after_an_error(repository: Repository) -> None:
    place = agent_worktree(repository)
    with pytest.raises(FileNotFoundError, match="of the checks"), isolation.out_of_reach(repository, BRANCH):
        raise FileNotFoundError("of the checks")
    assert git(place, "status", "--porcelain") == ""


def test_what_a_killed_controller_put_aside_comes_back(repository: Repository) -> None:
    place = agent_worktree(repository)
    (place / "data").write_text("only here")
    code = (
        "import os, sys; from pathlib import Path; from orchestrator_agent import isolation, git\n"
        "with isolation.out_of_reach(git.Repository(Path(sys.argv[1])), sys.argv[2]): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(repository.root), BRANCH], check=False)
    assert not place.exists()
    checks.end_earlier(repository)
    assert (place / "data").read_text() == "only here" and git(place, "status", "--porcelain") == "?? data"


def test_what_came_up_in_its_place_is_kept_as_well(repository: Repository) -> None:
    place = agent_worktree(repository)
    with isolation.out_of_reach(repository, BRANCH):
        place.mkdir()
        (place / "late").write_text("late")
    assert git(place, "status", "--porcelain") == ""
    (found,) = (repository.state / "found").iterdir()
    assert (found / "late").read_text() == "late"


def test_a_worktree_that_is_gone_or_has_lost_its_git_is_no_hindrance(repository: Repository) -> None:
    place = agent_worktree(repository)
    (place / ".git").unlink()
    with isolation.out_of_reach(repository, BRANCH):
        assert not place.exists()
    assert (place / "README.md").exists()
    shutil.rmtree(place)
    with isolation.out_of_reach(repository, BRANCH):
        pass
    assert not place.exists()
