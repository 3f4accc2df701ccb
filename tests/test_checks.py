"""Checks: what is run, and what its end means."""

from __future__ import annotations

from pathlib import Path

import pytest
from running import is_running
from support import git
from support_repositories import commit, repository_of

from orchestrator_agent import checks, worktree
from orchestrator_agent.checks import Gate
from orchestrator_agent.errors import OrchError
from orchestrator_agent.git import Repository
from orchestrator_agent.model import CheckResult
from orchestrator_agent.settings import ChecksSettings, Settings, with_changes


@pytest.fixture
def repository(repo: Path) -> Repository:
    return repository_of(repo)


def gate(repository: Repository, *command: str, settings: Settings | None = None) -> CheckResult:
    place = worktree.checkout_for_checks(repository, git(repository.root, "rev-parse", "HEAD"))
    quick = with_changes(settings or Settings(), agent__stop_grace_seconds=0.2)
    return checks.run_gate(repository, quick, Gate("tests", command), place, "agent")


@pytest.mark.parametrize(
    ("command", "outcome", "code"),
    [
        (("true",), "passed", 0),
        (("sh", "-c", "exit 3"), "failed", 3),
        (("sh", "-c", "kill -SEGV $$"), "failed", None),
        (("no-such-program",), "could_not_run", None),
        (("sh", "-c", "echo 'No module named pytest'; exit 1"), "could_not_run", 1),
    ],
)
def test_what_an_end_means(repository: Repository, command: tuple[str, ...], outcome: str, code: int | None) -> None:
    result = gate(repository, *command)
    assert (result.outcome, result.exit_code, result.command) == (outcome, code, command)
    assert result.passed == (outcome == "passed")


def test_a_check_that_does_not_end_in_time_fails_with_all_its_processes(repository: Repository) -> None:
    settings = with_changes(Settings(), checks__timeout_seconds=1)
    result = gate(repository, "sh", "-c", "sleep 1000 & echo $!; sleep 1000", settings=settings)
    assert result.outcome == "failed" and "in time" in result.message
    assert not is_running(int(result.output))


def test_output_is_harmless_and_bounded(repository: Repository) -> None:
    result = gate(repository, "sh", "-c", "yes line | head -20000; printf '\\033[31mend\\377\\n'; exit 1")
    assert len(result.output) <= checks.OUTPUT_LIMIT and result.output.endswith("␛[31mend\ufffd")


def test_secrets_of_ours_are_not_passed_on(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_API_KEY", "s3cr3t")
    monkeypatch.setenv("MY_FLAG", "wanted")
    result = gate(repository, "env", settings=with_changes(Settings(), agent__env=("MY_FLAG",)))
    assert "s3cr3t" not in result.output and "MY_FLAG=wanted" in result.output


def test_old_folders_go(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_KEPT_FOLDERS", 2)
    for _ in range(4):
        gate(repository, "true")
    assert len(list((repository.state / "checks").iterdir())) == 3


DETECTED = {
    "pytest by a file": ({"tests__test_x_dot_py": ""}, "pytest"),
    "pytest by settings": ({"pyproject_dot_toml": "[tool.pytest.ini_options]\n"}, "pytest"),
    "broken pyproject": ({"pyproject_dot_toml": "[[[", "go_dot_mod": ""}, "go"),
    "npm": ({"package_dot_json": '{"scripts": {"test": "jest"}}'}, "npm"),
    "npm without tests": ({"package_dot_json": '{"scripts": {"test": "echo \\"Error: no test specified\\""}}'}, None),
    "npm that is broken": ({"package_dot_json": "[1]"}, None),
    "npm with odd scripts": ({"package_dot_json": '{"scripts": []}'}, None),
    "npm with an odd test": ({"package_dot_json": '{"scripts": {"test": 3}}'}, None),
    "cargo": ({"Cargo_dot_toml": ""}, "cargo"),
    "go": ({"go_dot_mod": ""}, "go"),
    "make": ({"Makefile": "all:\n\ntest: all\n\ttrue\n"}, "make"),
    "make without tests": ({"Makefile": "all:\n\techo test:\n"}, None),
    "nested files of other tools": ({"sub__Cargo_dot_toml": "", "sub__Makefile": "test:\n"}, None),
    "nothing": ({"x": ""}, None),
}


@pytest.mark.parametrize("case", DETECTED)
def test_tests_are_detected(repository: Repository, case: str) -> None:
    files, program = DETECTED[case]
    found = checks.detect_tests(repository, commit(repository.root, **files))
    assert (found is None) == (program is None)
    assert program is None or program in (found or ())[0:3]


def test_what_is_run_is_read_from_the_commit_given(repository: Repository) -> None:
    before = commit(repository.root, Makefile="test:\n\ttrue\n")
    commit(repository.root, Makefile="all:\n")
    assert [g.name for g in checks.gates(repository, ChecksSettings(commands={"lint": "true"}), before)] == [
        "tests",
        "lint",
    ]
    assert [g.name for g in checks.gates(repository, ChecksSettings(), "HEAD")] == []
    assert checks.gates(repository, ChecksSettings(tests="none"), before) == []
    assert checks.gates(repository, ChecksSettings(tests="my test"), before) == [Gate("tests", ("my", "test"))]


# ---- Setting a worktree up


def test_setting_up_copies_and_runs(repository: Repository) -> None:
    (repository.root / "key").write_text("k")
    settings = with_changes(Settings(), workspace__copy=("key",), workspace__setup=("sh", "-c", "cp key made"))
    place = worktree.checkout_for_checks(repository, git(repository.root, "rev-parse", "HEAD"))
    checks.set_up(repository, settings, place, "x")
    assert (place / "made").read_text() == "k"


@pytest.mark.parametrize(
    ("command", "said"),
    [(("sh", "-c", "echo broken; exit 1"), "broken"), (("no-such-program",), "no-such-program"), (("sleep", "9"), "")],
)
def test_a_failed_set_up_is_an_error(repository: Repository, command: tuple[str, ...], said: str) -> None:
    settings = with_changes(
        Settings(), workspace__setup=command, workspace__setup_timeout_seconds=1 if command[0] == "sleep" else 60
    )
    with pytest.raises(OrchError, match=f"set-up command failed.*{said}"):
        checks.set_up(repository, settings, repository.root, "x")
