"""Tests that work takes away are noticed, and changes that keep as many are not complained of."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from support import git
from support_repositories import commit, repository_of

from orchestrator_agent import lost_tests
from orchestrator_agent.git import Repository
from orchestrator_agent.lost_tests import Loss

#: A test called "one" or the like, and then one called "two", with things that are no tests.
LANGUAGES = {
    "tests/test_a.py": (
        "def test_one():\n    pass\n\ndef helper():\n    pass\n",
        "class A:\n    async def test_two(self):\n        pass\n",
    ),
    "a_test.go": ("func TestOne(t *testing.T) {\n}\nfunc helper() {}\n", "func (s *Suite) TestTwo() {\n}\n"),
    "src/a.rs": ("#[test]\nfn one() {}\nfn helper() {}\n", "#[tokio::test]\n#[should_panic]\nasync fn two() {}\n"),
    "a.test.ts": ("describe('a', () => {\n  it('one', f);\n  visit('no');\n", '  test.each([1])("two", f);\n})\n'),
    "src/ATest.java": ("  @Test\n  public void one() {}\n  void helper() {}\n", "  @Test\n  void two() {}\n"),
    "a_spec.rb": ("describe 'a' do\n  it 'one' do\n  end\n", "  it 'two' do\n  end\nend\n"),
    "a.bats": ('@test "one" {\n}\nhelper() {\n}\n', '@test "two" {\n}\n'),
}


def full(name: str) -> str:
    return "".join(LANGUAGES.get(name, ()))


@pytest.fixture
def repository(repo: Path) -> Repository:
    return repository_of(repo)


def write(repository: Repository, name: str, text: str) -> str:
    path = repository.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return commit(repository.root)


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_test_that_goes_is_named(repository: Repository, name: str) -> None:
    base = write(repository, name, full(name))
    found = lost_tests.lost(repository, base, write(repository, name, LANGUAGES[name][0]))
    assert len(found.tests) == 1 and "two" in found.tests[0].casefold()
    assert found.files == () and found.note() == f"tests removed: {found.tests[0]}"
    assert lost_tests.lost(repository, "HEAD", base) == Loss()


def test_a_renamed_or_moved_test_is_no_loss(repository: Repository) -> None:
    base = write(repository, "tests/test_a.py", full("tests/test_a.py"))
    write(repository, "tests/test_a.py", full("tests/test_a.py").replace("test_two", "test_other"))
    git(repository.root, "mv", "tests/test_a.py", "tests/test_b.py")
    assert lost_tests.lost(repository, base, commit(repository.root)) == Loss()


@pytest.mark.parametrize("how", ["deleted", "emptied", "renamed away", "link"])
def test_a_test_file_without_tests_is_gone(repository: Repository, how: str) -> None:
    base = write(repository, "tests/test_a.py", full("tests/test_a.py"))
    file = repository.root / "tests" / "test_a.py"
    if how == "renamed away":
        file.rename(file.with_name("old_a.py"))
    elif how == "emptied":
        file.write_text("")
    else:
        file.unlink()
    if how == "link":
        file.symlink_to("/dev/null")
    found = lost_tests.lost(repository, base, commit(repository.root))
    assert found.files == ("tests/test_a.py",)
    assert how == "renamed away" or found.tests == ("test_one", "test_two")
    assert "tests removed: " in found.note()


@pytest.mark.parametrize(
    ("name", "mark"),
    [
        ("tests/test_a.py", "@pytest.mark.skip\ndef test_one"),
        ("tests/test_a.py", "@pytest.mark.xfail(reason='x')\ndef test_one"),
        ("tests/conftest.py", "collect_ignore = ['test_a.py']\n"),
        ("a.test.ts", "describe.skip('a', f)\n"),
        ("a_test.go", "t.Skip()\n"),
        ("src/a.rs", "#[ignore]\n"),
    ],
)
def test_marks_that_skip_are_counted(repository: Repository, name: str, mark: str) -> None:
    text = full(name)
    base = write(repository, name, text)
    head = write(repository, name, text.replace("def test_one", mark, 1) if "def test_one" in mark else text + mark)
    assert lost_tests.lost(repository, base, head) == Loss(skips=1)
    assert lost_tests.lost(repository, base, head).note() == "marks that skip tests added: 1"
    assert lost_tests.lost(repository, head, base) == Loss()


def test_many_new_files_hide_nothing(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lost_tests, "_MOST_FILES", 2)
    for name in ("x", "y", "z"):
        base = write(repository, f"tests/test_{name}.py", full("tests/test_a.py"))
    for name in ("x", "y", "z"):
        (repository.root / "tests" / f"test_{name}.py").unlink()
    for number in range(9):
        (repository.root / f"test_{number}.py").write_text("def test_nothing():\n    pass\n" * 9)
    found = lost_tests.lost(repository, base, commit(repository.root))
    assert found.files == tuple(f"tests/test_{name}.py" for name in ("x", "y", "z"))


def test_attributes_of_the_branch_hide_nothing(repository: Repository) -> None:
    base = write(repository, "tests/test_a.py", full("tests/test_a.py"))
    write(repository, ".gitattributes", "*.py binary -diff export-ignore filter=x\n")
    head = write(repository, "tests/test_a.py", "def test_one():\n    pass\n")
    assert lost_tests.lost(repository, base, head).tests == ("test_two",)


def test_names_of_an_agent_are_harmless_and_bounded(repository: Repository) -> None:
    text = "".join(f"it('\x1b[31m{n}{'x' * 150}', f)\n" for n in range(9))
    base = write(repository, "a.test.js", text + "it('last', f)\n")
    note = lost_tests.lost(repository, base, write(repository, "a.test.js", "it('last', f)\n")).note()
    assert "\x1b" not in note and len(note) < 250 and note.endswith("and 6 more")


@pytest.mark.parametrize(
    "piece", ["@Test ", "it('", "#[test]\n", "#[test", "def test", "func (", '@test "', " " * 50, "\n" * 40]
)
def test_hostile_text_takes_no_time(repository: Repository, piece: str) -> None:
    text = piece * (300_000 // len(piece))
    base = write(repository, "tests/test_a.py", text)
    head = write(repository, "tests/test_a.py", text + "x")
    before = time.process_time()
    lost_tests.lost(repository, base, head)
    assert time.process_time() - before < 20, "a moment, and no power of the length"


@pytest.mark.parametrize(
    "name", ["tests/data.json", "src/testing.py", "contest.py", "latest.js", "README.md", "Attest.txt"]
)
def test_other_files_are_no_tests(name: str) -> None:
    assert not lost_tests.may_hold_tests(name)
