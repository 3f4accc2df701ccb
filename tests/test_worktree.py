"""Worktrees: made many at once, and never given up before everything in them is saved."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support import ROOT, git
from support_repositories import ANNOYING, BRANCH, NAME, WEIRD_NAMES, agent_worktree, commit, repository_of

from orchestrator_agent import worktree
from orchestrator_agent.errors import GitError, SettingsError
from orchestrator_agent.git import Repository

RESCUE = f"refs/orch/rescue/{NAME}"


@pytest.fixture
def repository(repo: Path) -> Repository:
    (repo / ".gitignore").write_text("*.secret\nignored/\nnode_modules/\nbuild/\n")
    commit(repo, src__main_dot_py="print(1)\n", src__other_dot_py="print(2)\n")
    return repository_of(repo)


@pytest.fixture
def place(repository: Repository) -> Path:
    return agent_worktree(repository)


def files_in(repository: Repository, ref: str) -> set[str]:
    return {name for name in repository.line("ls-tree", "-r", "-z", "--name-only", ref).split("\0") if name}


def content(repository: Repository, ref: str, name: str) -> bytes:
    found = repository.file_at(ref, name)
    assert found is not None, f"{name} is not in {ref}"
    return found


def everything(folder: Path) -> dict[str, bytes | str]:
    """All files below a folder but git's own, with what they hold; links as their targets."""
    found: dict[str, bytes | str] = {}
    for path, folders, names in os.walk(folder):
        for name in [*names, *(item for item in folders if Path(path, item).is_symlink())]:
            file = Path(path, name)
            if ".git" not in file.relative_to(folder).parts:
                found[str(file.relative_to(folder))] = str(file.readlink()) if file.is_symlink() else file.read_bytes()
    return found


def assert_all_saved(repository: Repository, before: dict[str, bytes | str], ref: str) -> None:
    for name, held in before.items():
        saved = content(repository, ref, name)
        assert saved == (held if isinstance(held, bytes) else os.fsencode(held)), name


# ---- Saving


def test_a_pristine_worktree_needs_no_rescue(repository: Repository, place: Path) -> None:
    assert worktree.save(repository, NAME, BRANCH) == worktree.Saved()
    assert worktree.remove(repository, NAME, BRANCH) == worktree.Saved()
    assert not place.exists()
    assert repository.commit_of(f"refs/heads/{BRANCH}")


def test_committed_work_needs_no_rescue(repository: Repository, place: Path) -> None:
    head = commit(place, work="done")
    assert worktree.remove(repository, NAME, BRANCH) == worktree.Saved()
    assert repository.commit_of(f"refs/heads/{BRANCH}") == head


def _make_a_mess(place: Path) -> None:
    (place / "src" / "main.py").write_bytes(b"changed\r\n\0")
    (place / "src" / "other.py").unlink()
    (place / "staged").write_text("staged")
    git(place, "add", "staged")
    (place / "untracked").write_text("untracked")
    (place / "deep" / "er").mkdir(parents=True)
    (place / "deep" / "er" / "file").write_text("deep")
    (place / "key.secret").write_text("ignored")
    (place / "ignored").mkdir()
    (place / "ignored" / "inside").write_text("ignored too")
    (place / "run").write_text("#!/bin/sh\n")
    (place / "run").chmod(0o755)
    (place / "link").symlink_to("src/main.py")
    (place / "dangling").symlink_to("/nowhere/at all")
    (place / "folder-link").symlink_to("src")
    (place / "empty").mkdir()


def test_all_kinds_of_files_are_in_the_rescue_ref(repository: Repository, place: Path) -> None:
    _make_a_mess(place)
    before = everything(place)
    index = git(place, "status", "--porcelain")
    assert worktree.save(repository, NAME, BRANCH) == worktree.Saved(ref=RESCUE)
    assert everything(place) == before and git(place, "status", "--porcelain") == index, "saving changed the worktree"
    assert worktree.remove(repository, NAME, BRANCH).ref == RESCUE
    assert not place.exists()
    assert_all_saved(repository, before, RESCUE)
    assert "src/other.py" not in files_in(repository, RESCUE)
    modes = {line.split("\t")[1]: line[:6] for line in git(repository.root, "ls-tree", "-r", RESCUE).splitlines()}
    assert (modes["run"], modes["link"], modes["folder-link"]) == ("100755", "120000", "120000")


@pytest.mark.parametrize("ending", ["", ".secret"], ids=["untracked", "ignored"])
def test_weird_names_are_saved(repository: Repository, place: Path, ending: str) -> None:
    for name in WEIRD_NAMES:
        (place / f"{name}{ending}").write_text("kept")
        (place / f"folder {name}").mkdir()
        (place / f"folder {name}" / f"{name}{ending}").write_text("kept too")
    before = everything(place)
    assert worktree.remove(repository, NAME, BRANCH) == worktree.Saved(ref=RESCUE)
    assert len(before) == len(WEIRD_NAMES) * 2 + 4
    assert_all_saved(repository, before, RESCUE)


def test_annoying_settings_hide_nothing(repository: Repository, place: Path) -> None:
    for key, value in ANNOYING.items():
        git(repository.root, "config", key, value)
    _make_a_mess(place)
    names = set(everything(place))
    assert worktree.remove(repository, NAME, BRANCH) == worktree.Saved(ref=RESCUE)
    assert names <= files_in(repository, RESCUE)


@pytest.mark.parametrize("how", ["detached", "switched", "deleted"])
def test_commits_that_are_not_on_the_branch_are_saved(repository: Repository, place: Path, how: str) -> None:
    if how == "detached":
        git(place, "checkout", "--quiet", "--detach")
    else:
        git(place, "switch", "--quiet", "--create", "elsewhere")
    head = commit(place, work="elsewhere")
    if how == "deleted":
        git(place, "branch", "--quiet", "-D", BRANCH)
        git(place, "checkout", "--quiet", "--detach")
        git(place, "branch", "--quiet", "-D", "elsewhere")
    (place / "more").write_text("more")
    assert worktree.remove(repository, NAME, BRANCH) == worktree.Saved(ref=RESCUE)
    assert repository.is_ancestor(head, RESCUE)
    assert content(repository, RESCUE, "more") == b"more"


def test_a_detached_head_without_changes_is_saved(repository: Repository, place: Path) -> None:
    git(place, "checkout", "--quiet", "--detach")
    head = commit(place, work="detached")
    assert worktree.remove(repository, NAME, BRANCH).ref == RESCUE
    assert repository.is_ancestor(head, RESCUE)


def test_a_branch_that_was_set_back_loses_no_files(repository: Repository, place: Path) -> None:
    commit(place, work="one")
    (place / "work").write_text("two")
    git(place, "reset", "--quiet", "--soft", "HEAD~1")
    worktree.remove(repository, NAME, BRANCH)
    assert content(repository, RESCUE, "work") == b"two"


def test_the_middle_of_a_merge_is_saved(repository: Repository, place: Path) -> None:
    commit(place, src__main_dot_py="agent\n")
    commit(repository.root, src__main_dot_py="person\n")
    git(place, "merge", "--quiet", "main", check=False)
    assert not worktree.commit_all(repository, place, BRANCH, "half")
    assert worktree.remove(repository, NAME, BRANCH).ref == RESCUE
    saved = content(repository, RESCUE, "src/main.py")
    assert b"agent" in saved and b"person" in saved


def test_an_unborn_branch_is_saved(repository: Repository, place: Path) -> None:
    git(place, "switch", "--quiet", "--orphan", "fresh")
    (place / "new").write_text("new")
    assert worktree.remove(repository, NAME, BRANCH).ref == RESCUE
    assert content(repository, RESCUE, "new") == b"new"


def test_a_second_rescue_keeps_the_first_reachable(repository: Repository, place: Path) -> None:
    (place / "one").write_text("1")
    worktree.save(repository, NAME, BRANCH)
    first = repository.commit_of(RESCUE)
    (place / "one").write_text("2")
    worktree.save(repository, NAME, BRANCH)
    assert content(repository, RESCUE, "one") == b"2"
    assert first is not None and repository.is_ancestor(first, RESCUE)


def test_what_tools_make_again_is_left_out(repository: Repository, place: Path) -> None:
    for folder in ("node_modules", "build", "src/__pycache__"):
        (place / folder).mkdir()
        (place / folder / "made.pyc").write_text("made")
    (place / ".gitignore").write_text("node_modules/\nbuild/\n__pycache__/\n*.secret\n")
    (place / "a.secret").write_text("s")
    assert worktree.remove(repository, NAME, BRANCH).ref == RESCUE
    assert "a.secret" in files_in(repository, RESCUE)
    assert not any("made.pyc" in name for name in files_in(repository, RESCUE))


def test_a_folder_called_build_that_git_tracks_is_no_rubbish(repo: Path) -> None:
    repository = repository_of(repo)
    place = agent_worktree(repository)
    (place / "build").mkdir()
    (place / "build" / "script").write_text("mine")
    assert worktree.remove(repository, NAME, BRANCH).ref == RESCUE
    assert content(repository, RESCUE, "build/script") == b"mine"


# ---- Not removing what cannot be saved


def _nested(place: Path, folder: str) -> None:
    (place / folder).mkdir(parents=True, exist_ok=True)
    git(place / folder, "init", "--quiet")
    commit(place / folder, file="history")


def _without_git_file(place: Path) -> None:
    (place / ".git").unlink()


def _own_repository(place: Path) -> None:
    (place / ".git").unlink()
    git(place, "init", "--quiet")


def _foreign_git_file(place: Path) -> None:
    other = place.parent.parent / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    (place / ".git").write_text(f"gitdir: {other}/.git\n")


def _too_much(place: Path) -> None:
    (place / "ignored").mkdir()
    with (place / "ignored" / "huge").open("wb") as file:
        file.truncate(worktree.MAX_IGNORED_BYTES + 1)


@pytest.mark.parametrize(
    "damage",
    [
        lambda place: _nested(place, "vendor/lib"),
        lambda place: _nested(place, "src"),
        lambda place: _nested(place, "src/inner"),
        lambda place: _nested(place, "ignored/lib"),
        lambda place: _nested(place, "target/lib"),
        _without_git_file,
        _own_repository,
        _foreign_git_file,
        _too_much,
    ],
    ids=["nested", "in-tracked", "below-tracked", "in-ignored", "in-target", "no-git", "own", "foreign", "huge"],
)
def test_what_cannot_be_saved_is_not_removed(
    repository: Repository, place: Path, damage: Callable[[Path], None]
) -> None:
    (place / "work").write_text("work")
    damage(place)
    before = everything(place)
    saved = worktree.remove(repository, NAME, BRANCH)
    assert saved.problem and str(place) in saved.problem
    assert everything(place) == before


def test_a_nested_repository_among_dependencies_is_no_obstacle(repository: Repository, place: Path) -> None:
    _nested(place, "node_modules/lib")
    assert worktree.remove(repository, NAME, BRANCH) == worktree.Saved()


def test_a_missing_object_means_that_nothing_is_removed(repository: Repository, place: Path) -> None:
    (place / "work").write_text("work")
    tree = git(repository.root, "rev-parse", "HEAD^{tree}")
    (repository.root / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    assert "could not be saved" in worktree.remove(repository, NAME, BRANCH).problem
    assert (place / "work").read_text() == "work"


@pytest.fixture
def with_submodule(repository: Repository, tmp_path: Path) -> Repository:
    library = tmp_path / "library"
    library.mkdir()
    git(library, "init", "--quiet", "--initial-branch=main")
    commit(library, lib="1")
    allow = ("-c", "protocol.file.allow=always")
    git(repository.root, *allow, "submodule", "--quiet", "add", str(library), "lib")
    git(repository.root, "commit", "--quiet", "--message=Add lib")
    return repository


def _initialise(place: Path) -> None:
    git(place, "-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init")


def test_submodules_that_nobody_touched_go_with_the_worktree(with_submodule: Repository) -> None:
    place = agent_worktree(with_submodule)
    _initialise(place)
    assert worktree.remove(with_submodule, NAME, BRANCH) == worktree.Saved()
    assert not place.exists()
    agent_worktree(with_submodule, "coder-1.1-2")
    assert worktree.remove(with_submodule, "coder-1.1-2", "orch/1.1/coder-1.1-2") == worktree.Saved()


@pytest.mark.parametrize("committed", [False, True])
def test_work_in_a_submodule_is_not_removed(with_submodule: Repository, committed: bool) -> None:
    place = agent_worktree(with_submodule)
    _initialise(place)
    (place / "lib" / "new").write_text("work")
    if committed:
        commit(place / "lib")
        commit(place)
    assert "lib" in worktree.remove(with_submodule, NAME, BRANCH).problem
    assert (place / "lib" / "new").read_text() == "work"


# ---- Committing for the agent


def test_commit_all_commits_untracked_files_whatever_the_settings(repository: Repository, place: Path) -> None:
    for key, value in ANNOYING.items():
        git(repository.root, "config", key, value)
    (place / "new").write_text("new")
    assert worktree.commit_all(repository, place, BRANCH, "#1: a title like a comment\n")
    assert files_in(repository, BRANCH) >= {"new"}
    assert git(repository.root, "-c", "log.showSignature=false", "log", "-1", "--format=%s", BRANCH).startswith("#1: a")
    assert not worktree.commit_all(repository, place, BRANCH, "nothing is left")


def test_commit_all_takes_weird_names(repository: Repository, place: Path) -> None:
    for name in WEIRD_NAMES:
        (place / name).write_text("x")
    assert worktree.commit_all(repository, place, BRANCH, "work")
    assert files_in(repository, BRANCH) >= set(WEIRD_NAMES)


def test_commit_all_is_not_stopped_by_the_lock_of_a_killed_git(repository: Repository, place: Path) -> None:
    (place / "new").write_text("new")
    (worktree.git_dir(repository, place) / "index.lock").touch()
    assert worktree.commit_all(repository, place, BRANCH, "work")


def test_commit_all_stays_off_other_branches(repository: Repository, place: Path) -> None:
    git(place, "switch", "--quiet", "--create", "elsewhere")
    (place / "new").write_text("new")
    assert not worktree.commit_all(repository, place, BRANCH, "work")
    assert git(place, "status", "--porcelain") == "?? new"


def test_commit_all_runs_no_hooks(repository: Repository, place: Path) -> None:
    hooks = repository.root / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("pre-commit", "commit-msg", "post-commit", "reference-transaction"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch '{repository.root}/hook-ran'\nexit 1\n")
        (hooks / name).chmod(0o755)
    (place / "new").write_text("new")
    assert worktree.commit_all(repository, place, BRANCH, "work")
    assert not (repository.root / "hook-ran").exists()


def test_without_an_identity_there_is_still_an_author(
    repository: Repository, place: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "gitconfig").write_text("[user]\n\tuseConfigOnly = true\n\tname = Only a Name\n")
    (place / "new").write_text("new")
    assert worktree.commit_all(repository, place, BRANCH, "work")
    assert git(repository.root, "log", "-1", "--format=%an <%ae>", BRANCH) == "Only a Name <orch@localhost>"
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "me@example.invalid")
    (place / "newer").write_text("new")
    assert worktree.commit_all(repository, place, BRANCH, "work")
    assert git(repository.root, "log", "-1", "--format=%ae %ce", BRANCH) == "me@example.invalid orch@localhost"


# ---- Making


def test_create_keeps_what_is_there(repository: Repository, place: Path) -> None:
    (place / "work").write_text("work")
    (place / "src" / "main.py").write_text("changed")
    assert agent_worktree(repository) == place
    assert (place / "work").read_text() == "work" and (place / "src" / "main.py").read_text() == "changed"


def test_create_again_after_removal_goes_on_from_the_branch(repository: Repository, place: Path) -> None:
    commit(place, work="done")
    worktree.remove(repository, NAME, BRANCH)
    assert (agent_worktree(repository) / "work").read_text() == "done"


def test_create_finishes_a_checkout_that_was_cut_off(repository: Repository, place: Path) -> None:
    folder = worktree.git_dir(repository, place)
    (folder / "index").unlink()
    (folder / "index.lock").touch()
    (place / "src" / "main.py").unlink()
    agent_worktree(repository)
    assert (place / "src" / "main.py").exists()
    assert git(place, "status", "--porcelain") == ""


def test_forty_at_once_from_six_processes(repository: Repository) -> None:
    code = (
        "import sys; from pathlib import Path; from orchestrator_agent import worktree\n"
        "from orchestrator_agent.git import Repository\n"
        "repository, commit = Repository(Path(sys.argv[1])), sys.argv[2]\n"
        "for number in range(int(sys.argv[3]), 40, 6):\n"
        "    name = f'coder-2.1-{number}'\n"
        "    place = worktree.create(repository, name, f'orch/2.1/{name}', commit)\n"
        "    (place / 'work').write_text(str(number))\n"
        "    saved = worktree.remove(repository, name, f'orch/2.1/{name}')\n"
        "    assert saved.ref and not saved.problem, saved\n"
    )
    head = git(repository.root, "rev-parse", "HEAD")
    argv = [sys.executable, "-c", code, str(repository.root), head]
    racers = [subprocess.Popen([*argv, str(n)], cwd=ROOT, stderr=subprocess.PIPE, text=True) for n in range(6)]
    errors = [racer.communicate(timeout=120)[1] for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * 6, errors
    refs = git(repository.root, "for-each-ref", "--format=%(refname)", "refs/orch/rescue").splitlines()
    assert len(refs) == 40
    assert all(content(repository, ref, "work") == ref.rpartition("-")[2].encode() for ref in refs)
    assert len(git(repository.root, "worktree", "list").splitlines()) == 1


# ---- The place for checks


def test_the_place_for_checks_is_exact_every_time(repository: Repository) -> None:
    first, second = git(repository.root, "rev-parse", "HEAD"), commit(repository.root, src__main_dot_py="print(3)\n")
    place = worktree.checkout_for_checks(repository, first)
    _make_a_mess(place)
    _nested(place, "vendor")
    (worktree.git_dir(repository, place) / "index.lock").touch()
    (worktree.git_dir(repository, place) / "HEAD.lock").touch()
    assert worktree.checkout_for_checks(repository, second) == place
    assert git(place, "status", "--porcelain", "--ignored") == ""
    assert git(place, "rev-parse", "HEAD") == second
    assert not (place / "vendor").exists() and not (place / "empty").exists()


def test_the_place_for_checks_recovers_from_a_merge_that_was_cut_off(repository: Repository, place: Path) -> None:
    theirs = commit(place, src__main_dot_py="agent\n")
    ours = commit(repository.root, src__main_dot_py="person\n")
    checks = worktree.checkout_for_checks(repository, ours)
    git(checks, "merge", "--quiet", theirs, check=False)
    assert worktree.checkout_for_checks(repository, ours) == checks
    assert git(checks, "status", "--porcelain") == ""
    assert not (worktree.git_dir(repository, checks) / "MERGE_HEAD").exists()


def test_a_link_in_its_place_leads_nobody_to_clean_another_worktree(repository: Repository, place: Path) -> None:
    (place / "work").write_text("work")
    (repository.state / "worktrees" / "checks").symlink_to(place)
    with pytest.raises(Exception, match="worktree add"):
        worktree.checkout_for_checks(repository, git(repository.root, "rev-parse", "HEAD"))
    assert (place / "work").read_text() == "work"


# ---- Copies and branches


def test_copies_come_from_the_root_only(repository: Repository, place: Path, tmp_path: Path) -> None:
    (repository.root / "a.secret").write_text("key")
    (repository.root / "ignored").mkdir()
    (repository.root / "ignored" / "b").write_text("b")
    worktree.copy_into(repository, place, ["a.secret", "ignored"])
    assert (place / "a.secret").read_text() == "key" and (place / "ignored" / "b").read_text() == "b"
    (tmp_path / "outside").write_text("x")
    (repository.root / "link").symlink_to(tmp_path / "outside")
    for name in ("../outside", "link", ".", "/etc/hostname", "missing"):
        with pytest.raises(SettingsError, match=r"workspace\.copy"):
            worktree.copy_into(repository, place, [name])


def test_a_branch_is_deleted_only_when_all_of_it_has_landed(repository: Repository, place: Path) -> None:
    commit(place, work="1")
    worktree.remove(repository, NAME, BRANCH)
    worktree.delete_merged_branch(repository, BRANCH, "main")
    assert repository.commit_of(BRANCH), "it has not landed"
    git(repository.root, "merge", "--quiet", BRANCH)
    git(repository.root, "switch", "--quiet", BRANCH)
    worktree.delete_merged_branch(repository, BRANCH, "main")
    assert repository.commit_of(BRANCH), "somebody has it checked out"
    git(repository.root, "switch", "--quiet", "main")
    worktree.delete_merged_branch(repository, BRANCH, "main")
    assert not repository.commit_of(BRANCH)
    git(repository.root, "branch", "mine", "main")
    worktree.delete_merged_branch(repository, "mine", "main")
    assert repository.commit_of("mine"), "it is not one of ours"


def test_a_tag_with_the_name_of_the_target_misleads_nobody(repository: Repository, place: Path) -> None:
    commit(place, work="1")
    git(repository.root, "tag", "main", BRANCH)
    worktree.remove(repository, NAME, BRANCH)
    worktree.delete_merged_branch(repository, BRANCH, "main")
    assert repository.commit_of(f"refs/heads/{BRANCH}")


def test_worktrees_come_back_after_somebody_deleted_them(repository: Repository) -> None:
    head = repository.commit_of("HEAD") or ""
    folder = worktree.checkout_for_checks(repository, head)
    agent = worktree.create(repository, NAME, BRANCH, head)
    for path in (folder, agent):
        shutil.rmtree(path)
    assert worktree.checkout_for_checks(repository, head) == folder
    assert worktree.create(repository, NAME, BRANCH, head) == agent
    assert worktree.is_worktree(repository, folder)
    assert worktree.is_worktree(repository, agent)


def test_copies_never_go_through_a_link_of_the_branch(repository: Repository, place: Path) -> None:
    root = repository.root
    (root / ".env").write_text("SECRET=1\n")
    (root / "mine.txt").write_text("mine\n")
    (place / ".env").symlink_to(root / "mine.txt")
    worktree.copy_into(repository, place, [".env"])
    assert (root / "mine.txt").read_text() == "mine\n"
    assert (place / ".env").read_text() == "SECRET=1\n"
    (root / "keys").mkdir()
    (root / "keys" / "a").write_text("key\n")
    (root / "outside").mkdir()
    (place / "keys").symlink_to(root / "outside")
    with pytest.raises(SettingsError):
        worktree.copy_into(repository, place, ["keys"])
    assert not list((root / "outside").iterdir())


def test_the_place_for_checks_forgets_what_it_was_told_to_overlook(repository: Repository) -> None:
    first = commit(repository.root, app_dot_txt="good\n")
    second = commit(repository.root, app_dot_txt="broken\n")
    place = worktree.checkout_for_checks(repository, first)
    git(place, "update-index", "--skip-worktree", "app.txt")
    worktree.checkout_for_checks(repository, second)
    assert (place / "app.txt").read_text() == "broken\n"


def test_what_lies_outside_of_a_sparse_checkout_is_saved(repository: Repository, place: Path) -> None:
    git(place, "sparse-checkout", "set", "src")
    (place / "docs").mkdir(exist_ok=True)
    (place / "docs" / "new.md").write_text("new\n")
    saved = worktree.save(repository, NAME, BRANCH)
    assert saved.ref
    assert content(repository, saved.ref, "docs/new.md") == b"new\n"


def test_an_ignored_file_with_the_name_of_a_build_folder_is_saved(repository: Repository, place: Path) -> None:
    (place / ".gitignore").write_text("target\n*.env\n")
    (place / "target").write_text("work\n")
    (place / "build").mkdir()
    (place / "build" / "notes.env").write_text("notes\n")
    saved = worktree.save(repository, NAME, BRANCH)
    assert {"target", "build/notes.env"} <= files_in(repository, saved.ref)


def test_git_in_a_worktree_without_git_does_not_take_the_repository_around_it(
    repository: Repository, place: Path
) -> None:
    (place / ".git").unlink()
    done = subprocess.run(
        ["git", "status"], cwd=place, env={**os.environ, **repository.ceiling()}, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "not a git repository" in done.stderr


# ---- What is staged, and other ways to look at a worktree


def staged_in(repository: Repository, ref: str) -> str:
    """The commit that a rescue names as what was staged."""
    message = git(repository.root, "log", "-1", "--format=%B", ref)
    found = re.search(r"What was staged and differs from the files is in the parent ([0-9a-f]{40})\.", message)
    assert found and found[1] in git(repository.root, "log", "-1", "--format=%P", ref).split()
    return found[1]


@pytest.mark.parametrize("then", ["changed", "deleted", "reverted"])
def test_what_was_staged_and_then_changed_is_saved_as_well(repository: Repository, place: Path, then: str) -> None:
    file = place / "src" / "main.py"
    before = file.read_text()
    file.write_text("staged\n")
    (place / "added").write_text("staged too\n")
    git(place, "add", "src/main.py", "added")
    (place / "added").unlink()
    if then == "deleted":
        file.unlink()
    else:
        file.write_text("changed\n" if then == "changed" else before)
    index = (worktree.git_dir(repository, place) / "index").read_bytes()
    assert worktree.save(repository, NAME, BRANCH) == worktree.Saved(ref=RESCUE)
    assert (worktree.git_dir(repository, place) / "index").read_bytes() == index
    staged = staged_in(repository, RESCUE)
    assert content(repository, staged, "src/main.py") == b"staged\n"
    assert content(repository, staged, "added") == b"staged too\n"
    if then != "deleted":
        assert content(repository, RESCUE, "src/main.py").decode() == file.read_text()
    assert worktree.remove(repository, NAME, BRANCH).ref == RESCUE
    assert content(repository, staged_in(repository, RESCUE), "added") == b"staged too\n"


def test_nothing_is_said_of_an_index_that_holds_nothing_else(repository: Repository, place: Path) -> None:
    (place / "new").write_text("new\n")
    git(place, "add", "new")
    assert worktree.save(repository, NAME, BRANCH).ref
    assert git(repository.root, "log", "-1", "--format=%P", RESCUE).split() == [git(place, "rev-parse", "HEAD")]


def test_what_is_staged_in_the_middle_of_a_merge_is_saved(repository: Repository, place: Path) -> None:
    git(place, "switch", "--quiet", "--detach")
    other = commit(place, src__main_dot_py="theirs\n", src__other_dot_py="theirs\n")
    git(place, "switch", "--quiet", BRANCH)
    commit(place, src__main_dot_py="ours\n")
    git(place, "merge", "--quiet", other, check=False)
    (place / "resolved").write_text("staged\n")
    git(place, "add", "resolved")
    (place / "resolved").unlink()
    assert git(place, "ls-files", "--unmerged"), "there is no conflict"
    assert worktree.remove(repository, NAME, BRANCH) == worktree.Saved(ref=RESCUE)
    assert content(repository, staged_in(repository, RESCUE), "resolved") == b"staged\n"
    assert content(repository, RESCUE, "src/other.py") == b"theirs\n"
    assert b"<<<<<<<" in content(repository, RESCUE, "src/main.py")
    assert repository.is_ancestor(other, RESCUE)


def test_what_lies_outside_of_a_sparse_checkout_is_committed(repository: Repository, place: Path) -> None:
    commit(place, docs__old_dot_md="old\n")
    git(place, "sparse-checkout", "set", "src")
    (place / "docs").mkdir(exist_ok=True)
    (place / "docs" / "new.md").write_text("new\n")
    (place / "src" / "new.py").write_text("new\n")
    assert not (place / "docs" / "old.md").exists()
    assert worktree.commit_all(repository, place, BRANCH, "Work")
    assert {"docs/new.md", "docs/old.md", "src/new.py"} <= files_in(repository, BRANCH)
    assert git(place, "status", "--porcelain") == ""


def test_the_worktree_of_another_branch_is_never_taken_over(repository: Repository, place: Path) -> None:
    """As on a file system where names that differ by case only are one."""
    with pytest.raises(GitError, match="is there already"):
        worktree.create(repository, NAME, "orch/1.1/other", git(repository.root, "rev-parse", "main"))
    assert worktree.create(repository, NAME, BRANCH, "main") == place
