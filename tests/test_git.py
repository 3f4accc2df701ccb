"""Git as we call it: finding the repository, and the sentences for what is wrong with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT, git
from support_repositories import WEIRD_NAMES, agent_worktree, commit, repository_of

from orchestrator_agent import git as gits
from orchestrator_agent.errors import GitError, RepositoryError

# ---- Finding it


def test_found_from_everywhere_inside(repo: Path, tmp_path: Path) -> None:
    (repo / "deep" / "er").mkdir(parents=True)
    linked = tmp_path / "linked"
    git(repo, "worktree", "add", "--quiet", str(linked))
    (linked / "inner").mkdir()
    agents = agent_worktree(repository_of(repo))
    for start in (repo, repo / "deep" / "er", linked, linked / "inner", agents):
        assert gits.discover(start).root == repo


def test_found_behind_a_link_and_in_an_odd_folder(tmp_path: Path) -> None:
    odd = tmp_path / "it's (odd) $(x) 🎉"
    odd.mkdir()
    git(odd, "init", "--quiet")
    (tmp_path / "link").symlink_to(odd)
    assert gits.discover(odd).root == odd
    assert gits.discover(tmp_path / "link").root.samefile(odd)


def test_a_submodule_is_its_own_repository(repo: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "--quiet")
    git(outer, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(repo), "inner")
    assert gits.discover(outer / "inner").root == outer / "inner"


def test_a_separate_git_folder(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", f"--separate-git-dir={tmp_path / 'store'}", "work")
    assert gits.discover(tmp_path / "work").root == tmp_path / "work"


def test_wrong_places_are_refused_with_a_remedy(repo: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "bare.git")
    (tmp_path / "plain").mkdir()
    for place, said in (("bare.git", "bare"), ("plain", "git init"), ("missing", "no folder .*-C")):
        with pytest.raises(RepositoryError, match=said):
            gits.discover(tmp_path / place)
    with pytest.raises(RepositoryError):
        gits.discover(repo / ".git")


@pytest.mark.parametrize(
    ("says", "expected"), [("git version 2.30.9", "too old"), ("what", "no version"), (None, "not installed")]
)
def test_a_git_that_is_missing_or_old(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str | None, expected: str
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    if says:
        (programs / "git").write_text(f"#!/bin/sh\necho '{says}'\n")
        (programs / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(RepositoryError, match=expected):
        gits.discover(repo)


def test_newer_versions_are_read_as_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\necho 'git version 2.100.1.windows.2'\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gits.version() == (2, 100) > gits.MINIMUM_VERSION


# ---- Ready or not


def test_ready_names_the_branch(repo: Path) -> None:
    (repo / "untracked").touch()
    assert gits.require_ready(gits.Repository(repo)) == "main"
    git(repo, "branch", "develop")
    assert gits.require_ready(gits.Repository(repo), "develop") == "develop"


def test_not_ready_says_why_and_changes_nothing(repo: Path, tmp_path: Path) -> None:
    repository = gits.Repository(repo)

    def refused(said: str, target: str = "") -> None:
        before = git(repo, "status", "--porcelain"), git(repo, "for-each-ref")
        with pytest.raises(RepositoryError, match=said):
            gits.require_ready(repository, target)
        assert (git(repo, "status", "--porcelain"), git(repo, "for-each-ref")) == before

    refused("no branch nowhere", "nowhere")
    refused("no branch", "--all")
    (repo / "README.md").write_text("changed\n")
    refused("README.md.*commit or stash")
    git(repo, "add", "README.md")
    refused("README.md.*commit or stash")
    git(repo, "reset", "--quiet", "--hard")
    git(repo, "checkout", "--quiet", "--detach")
    refused("detached")
    git(tmp_path, "init", "--quiet", "empty")
    with pytest.raises(RepositoryError, match="no commit yet"):
        gits.require_ready(gits.Repository(tmp_path / "empty"))


def test_names_of_changed_files_come_whole(repo: Path) -> None:
    for name in WEIRD_NAMES:
        (repo / name).write_text("1")
    commit(repo)
    git(repo, "config", "status.renames", "copies")
    for name in WEIRD_NAMES:
        (repo / name).write_text("2")
    assert sorted(gits.Repository(repo).uncommitted()) == sorted(WEIRD_NAMES)
    git(repo, "reset", "--quiet", "--hard")
    git(repo, "mv", "README.md", "READ")
    assert sorted(gits.Repository(repo).uncommitted()) == ["READ", "README.md"]


def test_names_that_look_like_options_are_names(repo: Path) -> None:
    repository = gits.Repository(repo)
    assert repository.commit_of("--all") is None
    assert repository.commit_of("main") == git(repo, "rev-parse", "main")
    assert repository.commit_of("") is None


def test_bytes_go_in_and_out_as_they_are(repo: Path) -> None:
    git(repo, "config", "core.autocrlf", "true")
    repository = gits.Repository(repo)
    data = b"a\r\nb\r\xff\0\n"
    blob = repository.store_blob(data)
    tree = repository.git("mktree", stdin=f"100644 blob {blob}\tname\n").stdout.strip()
    made = repository.git("commit-tree", tree, stdin="x").stdout.strip()
    assert repository.file_at(made, "name") == data
    assert repository.file_at(made, "other") is None and repository.file_at("nothing", "name") is None


def test_failures_say_what_git_said(repo: Path) -> None:
    with pytest.raises(GitError, match="rev-parse") as caught:
        gits.Repository(repo).git("rev-parse", "--verify", "nothing")
    assert caught.value.code == 128 and "needed a single revision" in caught.value.stderr.lower()


def test_two_processes_never_hold_the_lock_at_once(repo: Path, tmp_path: Path) -> None:
    code = (
        "import os, sys, time; from pathlib import Path; from orchestrator_agent.git import Repository\n"
        "for _ in range(20):\n"
        "    with Repository(Path(sys.argv[1])).worktree_lock():\n"
        "        os.mkdir(sys.argv[2]); time.sleep(0.001); os.rmdir(sys.argv[2])\n"
    )
    argv = [sys.executable, "-c", code, str(repo), str(tmp_path / "held")]
    racers = [subprocess.Popen(argv, cwd=ROOT) for _ in range(3)]
    assert [racer.wait(60) for racer in racers] == [0, 0, 0]
    assert not (tmp_path / "held").exists()
