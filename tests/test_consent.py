"""What needs a person's consent before it lands, and what is normal work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import git
from support_repositories import commit, repository_of

from orchestrator_agent import consent
from orchestrator_agent.git import Repository
from orchestrator_agent.settings import ChecksSettings, Command


@pytest.fixture
def repository(repo: Path) -> Repository:
    return repository_of(repo)


@pytest.mark.parametrize(
    ("name", "is_protected"),
    [
        ("orch.toml", True),
        ("sub/orch.toml", False),
        (".github/workflows/ci.yml", True),
        (".github/workflows/deep/ci.yml", True),
        (".github/CODEOWNERS", False),
        (".github/workflows", True),
        (".github", True),
        (".claude", True),
        (".claude/settings.json", True),
        (".claude-notes", False),
        (".gitmodules", True),
        ("src/main.py", False),
        ("ORCH.TOML", True),
        (".GitHub/Workflows/ci.yml", True),
        (".CLAUDE", True),
    ],
)
def test_protected_files(name: str, is_protected: bool) -> None:
    assert consent.protected_among([name], ChecksSettings().protected) == ((name,) if is_protected else ())


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("**/secrets.txt", ["secrets.txt", "a/secrets.txt", "a/b/secrets.txt"]),
        ("src/**/test.py", ["src/test.py", "src/a/test.py", "src/a/b/test.py"]),
        ("*.lock", ["a.lock"]),
        ("docs/**", ["docs/a", "docs/a/b"]),
    ],
)
def test_patterns_with_stars(pattern: str, names: list[str]) -> None:
    others = ["secrets.txt.bak", "xsecrets.txt", "srctest.py", "docsy"]
    assert consent.protected_among([*names, *others], [pattern]) == tuple(names)


# ---- What the checks themselves read

TEST = "def test_one():\n    assert True\n"
PYPROJECT = '[project]\nname = "p"\ndependencies = []\n\n[tool.pytest.ini_options]\ntestpaths = ["tests"]\n'
PACKAGE = json.dumps({"scripts": {"test": "jest", "start": "node ."}, "dependencies": {}, "jest": {"bail": 1}})
CARGO = '[package]\nname = "p"\nversion = "1.0.0"\n'


def needed(repository: Repository, base: str, tests: str | Command = "auto") -> tuple[str, ...]:
    head = git(repository.root, "rev-parse", "HEAD")
    files = git(repository.root, "diff", "--name-only", "--no-renames", base, head).splitlines()
    return consent.needed(repository, ChecksSettings(tests=tests), base, head, files)


#: What lies there before, what work writes, and what must be consented to.
CHANGES: dict[str, tuple[dict[str, str], dict[str, str], list[str]]] = {
    "a dependency": ({"pyproject_dot_toml": PYPROJECT}, {"pyproject_dot_toml": PYPROJECT.replace("[]", '["x"]')}, []),
    "pytest's settings": (
        {"pyproject_dot_toml": PYPROJECT},
        {"pyproject_dot_toml": PYPROJECT.replace("tests", "none")},
        ["pyproject.toml (tool.pytest)"],
    ),
    "pytest's settings in a part of the project": (
        {"web__pyproject_dot_toml": PYPROJECT},
        {"web__pyproject_dot_toml": PYPROJECT.replace("tests", "none")},
        ["web/pyproject.toml (tool.pytest)"],
    ),
    "settings that stop being TOML": (
        {"pyproject_dot_toml": PYPROJECT},
        {"pyproject_dot_toml": PYPROJECT + "[[["},
        ["pyproject.toml (tool.pytest)"],
    ),
    "settings that win over others": ({"pyproject_dot_toml": PYPROJECT}, {"pytest_dot_ini": ""}, ["pytest.ini"]),
    "the same in other letters": ({}, {"PyTest_dot_ini": ""}, ["PyTest.ini"]),
    "a section for pytest": (
        {"setup_dot_cfg": "[metadata]\n"},
        {"setup_dot_cfg": "[tool:pytest]\naddopts = -k x\n"},
        ["setup.cfg (tool:pytest)"],
    ),
    "another section": (
        {"setup_dot_cfg": "[tool:pytest]\n[metadata]\n"},
        {"setup_dot_cfg": "[tool:pytest]\n[metadata]\nname = x\n"},
        [],
    ),
    "a section of tox.ini": ({"tox_dot_ini": "[pytest]\na = 1\n"}, {"tox_dot_ini": "[tox]\n"}, ["tox.ini (pytest)"]),
    "a conftest at the top": ({}, {"conftest_dot_py": "collect_ignore = ['tests']\n"}, ["conftest.py"]),
    "a conftest further down": ({}, {"tests__api__conftest_dot_py": "import os\n"}, []),
    "a module that Python loads first": (
        {},
        {"sitecustomize_dot_py": "import os; os._exit(0)\n"},
        ["sitecustomize.py"],
    ),
    "a module in the place of pytest": ({}, {"pytest_dot_py": "raise SystemExit(0)"}, ["pytest.py"]),
    "new code and new tests": ({}, {"tests__test_two_dot_py": TEST, "src__two_dot_py": "x = 1\n"}, []),
    "a Makefile that no check uses": ({"Makefile": "all:\n"}, {"Makefile": "all:\n\ttrue\n"}, []),
}


@pytest.mark.parametrize("case", CHANGES)
def test_settings_of_tests_need_consent_and_normal_work_does_not(repository: Repository, case: str) -> None:
    before, work, expected = CHANGES[case]
    base = commit(repository.root, tests__test_one_dot_py=TEST, **before)
    commit(repository.root, **work)
    assert list(needed(repository, base)) == expected


NPM_CHANGES: dict[str, tuple[dict[str, object], list[str]]] = {
    "a dependency": ({"dependencies": {"left-pad": "1"}}, []),
    "a new script": ({"scripts": {"test": "jest", "start": "node .", "docs": "typedoc"}}, []),
    "another test script": ({"scripts": {"test": "true", "start": "node ."}}, ["package.json (scripts)"]),
    "a script before the tests": (
        {"scripts": {"test": "jest", "start": "node .", "pretest": "rm -r test"}},
        ["package.json (scripts)"],
    ),
    "no scripts": ({"scripts": None}, ["package.json (scripts)", "the test command (now none)"]),
    "jest's settings": ({"jest": {"testMatch": []}}, ["package.json (jest)"]),
}


@pytest.mark.parametrize("case", NPM_CHANGES)
def test_of_package_json_the_parts_that_tests_read(repository: Repository, case: str) -> None:
    change, expected = NPM_CHANGES[case]
    base = commit(repository.root, package_dot_json=PACKAGE, a_dot_test_dot_js="test('x', f)\n")
    commit(repository.root, package_dot_json=json.dumps(json.loads(PACKAGE) | change))
    assert list(needed(repository, base)) == expected


@pytest.mark.parametrize("broken", ["[1]", '{"scripts": 3}', "{", "", '"x"', "[" * 100_000])
def test_a_broken_package_json_is_a_change(repository: Repository, broken: str) -> None:
    base = commit(repository.root, package_dot_json=PACKAGE, a_dot_test_dot_js="test('x', f)\n")
    commit(repository.root, package_dot_json=broken)
    assert "package.json (scripts)" in needed(repository, base)


@pytest.mark.parametrize(
    ("added", "expected"), [("[lib]\ntest = false\n", ["Cargo.toml (lib.test)"]), ("[dependencies]\na = '1'\n", [])]
)
def test_of_cargo_toml_the_switches_of_tests(repository: Repository, added: str, expected: list[str]) -> None:
    base = commit(repository.root, Cargo_dot_toml=CARGO, src__lib_dot_rs="#[test]\nfn works() {}\n")
    commit(repository.root, Cargo_dot_toml=CARGO + added)
    assert list(needed(repository, base)) == expected


@pytest.mark.parametrize("name", ["Cargo.toml", "go.mod", "package.json"])
def test_a_manifest_that_is_gone_needs_consent(repository: Repository, name: str) -> None:
    base = commit(repository.root, **{name.replace(".", "_dot_"): ""})
    git(repository.root, "rm", "--quiet", name)
    commit(repository.root)
    assert name in needed(repository, base, "some test")


def test_what_a_check_runs_needs_consent(repository: Repository) -> None:
    files = {"Makefile": "test:\n\ttrue\n", "ci__run_dot_sh": "true\n", "check_dot_py": "", "main_dot_py": ""}
    base = commit(repository.root, **files)
    commit(repository.root, **{name: f"{content}# changed\n" for name, content in files.items()})
    assert needed(repository, base) == ("Makefile",)
    assert needed(repository, base, ("sh", "-c", "cd . && make test && sh ./ci/run.sh")) == ("Makefile", "ci/run.sh")
    assert needed(repository, base, ("python3", "check.py", "main.py")) == ("check.py",)


def test_tests_that_come_into_a_project_without_any_are_free(repository: Repository) -> None:
    base = commit(repository.root, pyproject_dot_toml="[project]\nname = 'p'\n")
    commit(repository.root, pyproject_dot_toml=PYPROJECT, conftest_dot_py="", tests__test_one_dot_py=TEST)
    assert needed(repository, base) == ()


def test_a_sign_that_makes_the_next_tests_others(repository: Repository) -> None:
    base = commit(repository.root, Makefile="test:\n\ttrue\n")
    commit(repository.root, test_x_dot_py=TEST)
    (said,) = needed(repository, base)
    assert said.startswith("the test command (now ") and "pytest" in said
    assert needed(repository, base, "make test") == ()


def test_a_deleted_test_file_needs_consent_and_a_moved_one_does_not(repository: Repository) -> None:
    base = commit(repository.root, tests__test_one_dot_py=TEST, tests__test_two_dot_py=TEST.replace("one", "two") * 9)
    git(repository.root, "rm", "--quiet", "tests/test_one.py")
    (repository.root / "tests" / "unit").mkdir()
    git(repository.root, "mv", "tests/test_two.py", "tests/unit/test_two.py")
    commit(repository.root)
    assert needed(repository, base) == ("tests/test_one.py",)
