"""Integration: what the candidate holds, and landing it without harm to anybody's files."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import git
from support_repositories import ANNOYING, BRANCH, NAME, WEIRD_NAMES, agent_worktree, commit, plan, repository_of, work

from orchestrator_agent import worktree
from orchestrator_agent.git import Repository
from orchestrator_agent.integration import (
    Candidate,
    Landing,
    build_candidate,
    land,
    leave_on_branch,
    nested_repositories,
)

ROADMAP = "ROADMAP.md"


@pytest.fixture
def repository(repo: Path) -> Repository:
    (repo / ROADMAP).write_text(plan("1.1", "1.2"))
    (repo / ".gitignore").write_text("*.secret\n")
    commit(repo, code="one\ntwo\nthree\n", other="other\n")
    return repository_of(repo)


@pytest.fixture
def place(repository: Repository) -> Path:
    return agent_worktree(repository)


def build(repository: Repository, path: str = ROADMAP) -> Candidate:
    """The candidate of the agent's branch on main, as the controller makes it."""
    base, head = repository.commit_of("refs/heads/main"), repository.commit_of(f"refs/heads/{BRANCH}")
    assert base
    checks = worktree.checkout_for_checks(repository, base)
    candidate = build_candidate(repository, checks, work(repository, head or "", base, path))
    at = candidate.commit or base
    assert repository.commit_of("HEAD", cwd=checks) == at, "the place for checks is not at the candidate"
    assert repository.line("status", "--porcelain", "--ignored", cwd=checks) == ""
    return candidate


def land_it(repository: Repository, candidate: Candidate) -> Landing:
    base = git(repository.root, "rev-parse", f"{candidate.commit}^1")
    return land(repository, "main", base, candidate.commit)


def done_plan(text: str) -> str:
    return text.replace("Not Started", "Complete", 1)


# ---- The candidate


def test_the_candidate_is_a_merge_with_the_status_in_it(repository: Repository, place: Path) -> None:
    head = commit(place, new="new\n", code="ONE\ntwo\nthree\n")
    base = commit(repository.root, other="changed meanwhile\n")
    candidate = build(repository)
    assert git(repository.root, "rev-parse", f"{candidate.commit}^1", f"{candidate.commit}^2").split() == [base, head]
    assert candidate.files == ("code", "new")
    found = {name: repository.file_at(candidate.commit, name) for name in ("new", "code", "other")}
    assert found == {"new": b"new\n", "code": b"ONE\ntwo\nthree\n", "other": b"changed meanwhile\n"}
    roadmap = (repository.file_at(candidate.commit, ROADMAP) or b"").decode()
    assert roadmap.count("Complete") == 1 and roadmap.count("Not Started") == 1
    message = git(repository.root, "log", "-1", "--format=%B", candidate.commit)
    assert "Orch-Work-Stream: 1.1" in message and f"Orch-Agent: {NAME}" in message


@pytest.mark.parametrize(("crlf", "final_newline"), [(False, True), (True, False)])
@pytest.mark.parametrize("autocrlf", ["false", "true", "input"])
def test_of_the_roadmap_only_the_marker_changes(
    repository: Repository, crlf: bool, final_newline: bool, autocrlf: str
) -> None:
    git(repository.root, "config", "core.autocrlf", "false")
    text = plan("1.1", "1.2").rstrip("\n") + ("\n" if final_newline else "")
    data = text.replace("\n", "\r\n" if crlf else "\n").encode()
    (repository.root / ROADMAP).write_bytes(data)
    commit(repository.root)
    git(repository.root, "config", "core.autocrlf", autocrlf)
    place = agent_worktree(repository)
    commit(place, new="new\n")
    candidate = build(repository)
    assert repository.file_at(candidate.commit, ROADMAP) == data.replace(b"Not Started", b"Complete", 1)
    assert land_it(repository, candidate) == Landing()
    assert git(repository.root, "status", "--porcelain", "--untracked-files=no") == ""


def test_the_agents_edit_of_the_roadmap_is_dropped_and_noted(repository: Repository, place: Path) -> None:
    commit(place, new="new\n", ROADMAP_dot_md="everything is complete, believe me\n")
    candidate = build(repository)
    assert candidate.roadmap_edited and candidate.files == ("new",)
    assert b"believe" not in (repository.file_at(candidate.commit, ROADMAP) or b"")


def test_an_edit_of_the_roadmap_alone_is_no_work(repository: Repository, place: Path) -> None:
    commit(place, ROADMAP_dot_md=done_plan(plan("1.1", "1.2")))
    assert build(repository) == Candidate(roadmap_edited=True)


@pytest.mark.parametrize("edit", ["conflicting", "deleted", "link", "folder"])
def test_no_trick_with_the_roadmap_gets_into_the_candidate(repository: Repository, place: Path, edit: str) -> None:
    commit(place, new="new\n")
    (place / ROADMAP).unlink()
    if edit == "conflicting":
        (place / ROADMAP).write_text("mine\n")
        commit(repository.root, ROADMAP_dot_md=plan("1.1", "1.2", "1.3"))
    elif edit == "link":
        (place / ROADMAP).symlink_to("/etc/passwd")
    elif edit == "folder":
        (place / ROADMAP).mkdir()
        (place / ROADMAP / "inner").write_text("x")
    commit(place)
    before = (repository.root / ROADMAP).read_text()
    candidate = build(repository)
    assert candidate.conflicts == () and candidate.roadmap_edited
    entry = git(repository.root, "ls-tree", candidate.commit, ROADMAP)
    assert entry.startswith("100644 blob")
    after = (repository.file_at(candidate.commit, ROADMAP) or b"").decode()
    assert after.startswith(done_plan(before)[:80]) and after.count("Complete") == 1


def test_a_folder_that_became_a_link_leads_nobody_outside(repository: Repository, tmp_path: Path) -> None:
    commit(repository.root, plans__roadmap_dot_md=plan("1.1"))
    place = agent_worktree(repository)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "roadmap.md").write_text("a person's file\n")
    git(place, "rm", "--quiet", "-r", "plans")
    (place / "plans").symlink_to(outside)
    commit(place, new="new\n")
    candidate = build(repository, "plans/roadmap.md")
    assert (outside / "roadmap.md").read_text() == "a person's file\n"
    assert b"Complete" in (repository.file_at(candidate.commit, "plans/roadmap.md") or b"")
    assert land_it(repository, candidate) == Landing()
    assert (outside / "roadmap.md").read_text() == "a person's file\n"


def test_the_roadmap_keeps_its_mode(repository: Repository) -> None:
    (repository.root / ROADMAP).chmod(0o755)
    commit(repository.root)
    commit(agent_worktree(repository), new="new\n")
    assert git(repository.root, "ls-tree", build(repository).commit, ROADMAP).startswith("100755")


def test_the_same_lines_are_a_conflict(repository: Repository, place: Path) -> None:
    commit(place, code="agent\ntwo\nthree\n", new="new\n")
    commit(repository.root, code="person\ntwo\nthree\n")
    candidate = build(repository)
    assert (candidate.commit, candidate.conflicts) == ("", ("code",))


def test_weird_names_in_files_and_conflicts(repository: Repository, place: Path) -> None:
    for name in WEIRD_NAMES:
        (place / name).write_text("agent\n")
        (repository.root / name).write_text("person\n")
    commit(place)
    assert sorted(build(repository).files) == sorted(WEIRD_NAMES)
    commit(repository.root)
    assert sorted(build(repository).conflicts) == sorted(WEIRD_NAMES)


def test_deleted_against_changed_is_a_conflict(repository: Repository, place: Path) -> None:
    git(place, "rm", "--quiet", "code")
    commit(place)
    commit(repository.root, code="one\ntwo\nTHREE\n")
    assert build(repository).conflicts == ("code",)


def test_no_work_gives_no_candidate(repository: Repository, place: Path) -> None:
    assert build(repository) == Candidate()
    commit(place)
    assert build(repository) == Candidate(), "an empty commit is no work"
    commit(place, temporary="x")
    git(place, "rm", "--quiet", "temporary")
    commit(place)
    assert build(repository) == Candidate(), "what was undone is no work"
    commit(repository.root, other="moved on\n")
    assert build(repository) == Candidate()


def test_a_deleted_branch_gives_no_candidate(repository: Repository, place: Path) -> None:
    git(place, "checkout", "--quiet", "--detach")
    git(place, "branch", "--quiet", "-D", BRANCH)
    assert build(repository) == Candidate()


def test_what_landed_is_recognised(repository: Repository, place: Path) -> None:
    commit(place, new="new\n")
    assert land_it(repository, build(repository)) == Landing()
    again = build(repository)
    assert again == Candidate(commit=git(repository.root, "rev-parse", "main"), landed=True)


def test_a_move_shows_both_names(repository: Repository, place: Path) -> None:
    git(repository.root, "config", "diff.renames", "copies")
    git(place, "mv", "code", "moved")
    commit(place)
    assert build(repository).files == ("code", "moved")


def test_all_files_are_listed_however_many(repository: Repository, place: Path) -> None:
    for number in range(230):
        (place / f"a{number:03}").touch()
    commit(place, zzz="last")
    assert build(repository).files[-1] == "zzz"


def test_unrelated_history_is_an_error_and_no_candidate(repository: Repository, place: Path) -> None:
    git(place, "checkout", "--quiet", "--orphan", "fresh")
    head = commit(place, new="new\n")
    git(repository.root, "update-ref", f"refs/heads/{BRANCH}", head)
    with pytest.raises(Exception, match="unrelated histories"):
        build(repository)
    git(place, "checkout", "--quiet", "--detach")


def test_a_changed_submodule_pointer_is_listed_whatever_is_set(repository: Repository, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    git(library, "init", "--quiet")
    commit(library, lib="1")
    git(repository.root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "lib")
    git(repository.root, "config", "--file", ".gitmodules", "submodule.lib.ignore", "all")
    commit(repository.root)
    place = agent_worktree(repository)
    git(place, "update-index", "--cacheinfo", f"160000,{git(repository.root, 'rev-parse', 'main')},lib")
    git(place, "commit", "--quiet", "--message=Move lib")
    candidate = build(repository)
    assert candidate.files == ("lib",)
    assert land_it(repository, candidate) == Landing()


def test_a_repository_in_the_work_is_found_and_a_submodule_is_not_taken_for_one(
    repository: Repository, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    library.mkdir()
    git(library, "init", "--quiet")
    commit(library, lib="1")
    git(repository.root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "lib")
    base = commit(repository.root)
    git(repository.root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "a lib")
    assert nested_repositories(repository, base, commit(repository.root)) == []
    git(repository.root, "clone", "--quiet", str(library), "deep/er")
    git(repository.root, "rm", "--quiet", "code")
    git(repository.root, "clone", "--quiet", str(library), "code")
    head = commit(repository.root)
    assert nested_repositories(repository, base, head) == ["code", "deep/er"]
    assert nested_repositories(repository, head, commit(repository.root, more="more")) == []


def test_no_setting_of_the_user_changes_the_result(repository: Repository, place: Path) -> None:
    for key, value in ANNOYING.items():
        git(repository.root, "config", key, value)
    (place / "new").write_text("new\n")
    assert worktree.commit_all(repository, place, BRANCH, "Work")
    candidate = build(repository)
    assert candidate.files == ("new",)
    assert land_it(repository, candidate) == Landing()
    assert (repository.root / "new").read_text() == "new\n"
    assert build(repository).landed


def test_no_hook_of_the_repository_runs(repository: Repository, place: Path) -> None:
    hooks = repository.root / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    commit(place, new="new\n")
    names = ("pre-merge-commit", "post-merge", "post-checkout", "prepare-commit-msg", "reference-transaction")
    for name in (*names, "pre-commit", "commit-msg", "post-commit", "post-rewrite", "post-index-change"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch '{repository.root}/hook-ran'\nexit 1\n")
        (hooks / name).chmod(0o755)
    assert land_it(repository, build(repository)) == Landing()
    assert not (repository.root / "hook-ran").exists()


# ---- Landing


@pytest.fixture
def ready(repository: Repository, place: Path) -> Candidate:
    commit(place, new="new\n", code="ONE\ntwo\nthree\n")
    return build(repository)


def test_landing_moves_branch_and_files_once(repository: Repository, ready: Candidate) -> None:
    for _ in range(2):
        assert land_it(repository, ready) == Landing()
        assert repository.commit_of("refs/heads/main") == ready.commit
    assert (repository.root / "code").read_text() == "ONE\ntwo\nthree\n"
    assert git(repository.root, "status", "--porcelain") == ""


def test_what_landed_long_ago_has_landed(repository: Repository, ready: Candidate) -> None:
    land_it(repository, ready)
    tip = commit(repository.root, other="went on\n")
    assert land_it(repository, ready) == Landing()
    assert repository.commit_of("refs/heads/main") == tip


def test_a_target_that_moved_is_not_set_back(repository: Repository, ready: Candidate) -> None:
    tip = commit(repository.root, other="moved\n")
    assert land_it(repository, ready).kind == "moved"
    assert repository.commit_of("refs/heads/main") == tip


def test_a_target_that_is_gone(repository: Repository, ready: Candidate) -> None:
    git(repository.root, "switch", "--quiet", "--create", "elsewhere")
    git(repository.root, "branch", "--quiet", "-D", "main")
    landing = land_it(repository, ready)
    assert landing.kind == "error" and "main" in landing.reason


def test_a_target_that_is_checked_out_nowhere(repository: Repository, ready: Candidate) -> None:
    git(repository.root, "switch", "--quiet", "--create", "elsewhere")
    (repository.root / "code").write_text("mine\n")
    assert land_it(repository, ready) == Landing()
    assert repository.commit_of("refs/heads/main") == ready.commit
    assert (repository.root / "code").read_text() == "mine\n"
    assert git(repository.root, "rev-parse", "--abbrev-ref", "HEAD") == "elsewhere"


def test_a_target_that_another_worktree_has(repository: Repository, ready: Candidate, tmp_path: Path) -> None:
    git(repository.root, "switch", "--quiet", "--create", "elsewhere")
    linked = tmp_path / "linked tree"
    git(repository.root, "worktree", "add", "--quiet", str(linked), "main")
    assert land_it(repository, ready) == Landing()
    assert (linked / "new").read_text() == "new\n"
    assert git(linked, "status", "--porcelain") == ""
    assert not (repository.root / "new").exists()


def test_a_target_in_the_middle_of_a_rebase_is_left_alone(repository: Repository, ready: Candidate) -> None:
    tip = git(repository.root, "rev-parse", "main")
    git(repository.root, "branch", "onto", "main~1")
    git(repository.root, "rebase", "--quiet", "--exec", "false", "--force-rebase", "onto", check=False)
    assert git(repository.root, "rev-parse", "--abbrev-ref", "HEAD") == "HEAD", "the rebase is not under way"
    landing = land_it(repository, ready)
    assert landing.kind == "dirty" and "rebase" in landing.reason
    assert git(repository.root, "rev-parse", "refs/heads/main") == tip


def _state(root: Path) -> tuple[str, dict[str, bytes]]:
    files = {path.name: path.read_bytes() for path in root.iterdir() if path.is_file()}
    return git(root, "status", "--porcelain"), files


@pytest.mark.parametrize("what", ["changed", "staged", "untracked", "ignored", "folder", "link"])
def test_a_persons_file_in_the_way_stays_as_it_is(repository: Repository, place: Path, what: str) -> None:
    name = {"ignored": "my.secret", "untracked": "new", "folder": "new", "link": "new"}.get(what, "code")
    (place / name).write_text("the agent's\n")
    git(place, "add", "--force", name)
    git(place, "commit", "--quiet", "--message=Work")
    ready = build(repository)
    mine = repository.root / name
    if what == "folder":
        mine.mkdir()
        mine = mine / "inner"
    if what == "link":
        mine.symlink_to("other")
    else:
        mine.write_bytes(b"mine\r\n\xff")
    if what == "staged":
        git(repository.root, "add", "code")
    before = _state(repository.root), mine.read_bytes()
    landing = land_it(repository, ready)
    assert landing.kind == "dirty" and name in landing.reason, landing
    assert (_state(repository.root), mine.read_bytes()) == before
    assert repository.commit_of("refs/heads/main") != ready.commit


def test_a_persons_other_changes_do_not_matter_and_stay(repository: Repository, ready: Candidate) -> None:
    (repository.root / "other").write_text("changed\n")
    git(repository.root, "add", "other")
    (repository.root / "other").write_text("changed again\n")
    (repository.root / "mine").write_text("untracked\n")
    before = git(repository.root, "status", "--porcelain"), git(repository.root, "show", ":other")
    assert land_it(repository, ready) == Landing()
    assert (git(repository.root, "status", "--porcelain"), git(repository.root, "show", ":other")) == before
    assert (repository.root / "other").read_text() == "changed again\n"


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_files_that_git_was_told_to_overlook_are_not_overwritten(
    repository: Repository, ready: Candidate, flag: str
) -> None:
    for mine in ("mine\n", "one\ntwo\nTHREE\n"):  # also of the same size, and right after git looked at it
        (repository.root / "code").write_text("one\ntwo\nthree\n")
        git(repository.root, "add", "code")
        git(repository.root, "update-index", flag, "code")
        (repository.root / "code").write_text(mine)
        landing = land_it(repository, ready)
        assert (landing.kind, "code" in landing.reason) == ("dirty", True)
        assert (repository.root / "code").read_text() == mine
        git(repository.root, "update-index", flag.replace("--", "--no-"), "code")


@pytest.mark.parametrize("command", ["merge", "cherry-pick"])
def test_a_person_in_the_middle_of_something_is_not_disturbed(
    repository: Repository, ready: Candidate, command: str
) -> None:
    git(repository.root, "switch", "--quiet", "--create", "side", "main")
    commit(repository.root, other="theirs\n")
    git(repository.root, "switch", "--quiet", "main")
    git(repository.root, "switch", "--quiet", "--create", "conflicting")
    commit(repository.root, other="ours\n")
    git(repository.root, "branch", "--force", "main", "conflicting")
    git(repository.root, "switch", "--quiet", "main")
    ready = build(repository)
    git(repository.root, command, "side", check=False)
    for _ in range(2):
        before = _state(repository.root)
        landing = land_it(repository, ready)
        assert landing.kind == "dirty" and "finish it" in landing.reason, landing
        assert _state(repository.root) == before
        git(repository.root, "add", "other")  # resolved, and still not concluded


@pytest.mark.parametrize("name", ["index.lock", "HEAD.lock", "refs/heads/main.lock"])
def test_a_lock_is_named_and_not_removed_and_nothing_is_left_behind(
    repository: Repository, ready: Candidate, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("orchestrator_agent.integration._LOCK_TRIES", 2)
    lock = repository.root / ".git" / name
    lock.touch()
    landing = land_it(repository, ready)
    assert landing.kind == "dirty" and name in landing.reason, landing
    assert lock.exists() and (repository.root / "code").read_text() == "one\ntwo\nthree\n"
    if name != "index.lock":
        assert git(repository.root, "status", "--porcelain") == ""
    lock.unlink()
    assert land_it(repository, ready) == Landing()


# ---- Leaving it on its branch


def test_the_branch_gets_the_candidate_and_the_target_nothing(
    repository: Repository, ready: Candidate, place: Path
) -> None:
    head, main = git(place, "rev-parse", "HEAD"), git(repository.root, "rev-parse", "main")
    for _ in range(2):
        assert leave_on_branch(repository, BRANCH, head, ready.commit) == Landing()
    assert repository.commit_of(f"refs/heads/{BRANCH}") == ready.commit
    assert repository.commit_of("refs/heads/main") == main
    assert git(place, "status", "--porcelain") == ""
    assert worktree.remove(repository, NAME, BRANCH) == worktree.Saved()


def test_a_branch_that_moved_is_not_set_back(repository: Repository, ready: Candidate, place: Path) -> None:
    head = git(place, "rev-parse", "HEAD")
    tip = commit(place, more="more\n")
    assert leave_on_branch(repository, BRANCH, head, ready.commit).kind == "moved"
    assert repository.commit_of(f"refs/heads/{BRANCH}") == tip


def test_surrounding_git_variables_lead_nowhere(
    repository: Repository, ready: Candidate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As inside a hook, where git sets them."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    base = repository.line("rev-parse", f"{ready.commit}^1")
    assert land(repository, "main", base, ready.commit) == Landing()
    assert not (tmp_path / "elsewhere").exists()
