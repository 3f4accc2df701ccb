"""Integration: verified work becomes part of the target branch.

The candidate is a merge of the agent's branch into the target, with the roadmap's status change in the same commit.
It is checked as it is, and the target only ever moves to such a commit, by compare-and-swap.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator_agent import roadmap
from orchestrator_agent.errors import GitError
from orchestrator_agent.git import Repository
from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.sources import Commit, is_below
from orchestrator_agent.terminal import clean

_LOCK_TRIES = 20
_LOCK = regex(r"['\"]([^'\"\n]+\.lock)['\"]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be merged: `head` of an agent's branch into the target's commit `base`."""

    agent_id: str
    work_stream_id: str
    title: str
    head: str
    base: str
    #: The plans, files or folders: orch alone writes below these.
    plans: tuple[str, ...]
    #: Status changes that go into the same commit.
    statuses: Mapping[str, WorkStreamStatus]
    plan_format: str = ""

    def owns(self, path: str) -> bool:
        """True for a file of the plans."""
        return any(is_below(path, plan) for plan in self.plans)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The commit to be checked. `commit` is empty where there are conflicts or nothing was changed."""

    commit: str = ""
    files: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    #: The agent edited the roadmap; that edit is left on its branch.
    roadmap_edited: bool = False
    #: The work is part of the base already; `commit` is the base.
    landed: bool = False


@dataclass(frozen=True, slots=True)
class Landing:
    """How an integration ended: `kind` is empty when it landed, else moved, dirty or error, with a reason."""

    kind: str = ""
    reason: str = ""


def build_candidate(repository: Repository, worktree: Path, work: Work) -> Candidate:
    """Merge in `worktree`, a clean checkout of `work.base`; afterwards it is a clean checkout of the candidate.

    Raises:
        GitError: git failed for another reason than a conflict.
        RoadmapError: the roadmap at the base cannot be read or written.
    """
    if not work.head:
        return Candidate()
    if work.head != work.base and _has_landed(repository, work):
        return Candidate(commit=work.base, landed=True)
    edited = bool(_changed(repository, work.plans, f"{work.base}...{work.head}"))
    merge = ("merge", "--quiet", "--no-ff", "--no-commit", "--no-verify", "--no-stat", work.head)
    merged = repository.git(*merge, cwd=worktree, env=repository.identity(), check=False)
    unmerged = _names(repository.git("diff", "--name-only", "--diff-filter=U", "-z", cwd=worktree).stdout)
    conflicts = tuple(name for name in unmerged if not work.owns(name))
    if merged.returncode != 0 and not unmerged:
        raise GitError(list(merge), merged.returncode, merged.stderr or merged.stdout)
    if conflicts:
        repository.git("reset", "--quiet", "--hard", work.base, cwd=worktree)
        return Candidate(conflicts=conflicts, roadmap_edited=edited)
    for path in _changed(repository, work.plans, "--cached", work.base, cwd=worktree):
        _put(repository, worktree, work.base, path, repository.file_at(work.base, path))
    tree = repository.line("write-tree", cwd=worktree)
    if tree == repository.line("rev-parse", f"{work.base}^{{tree}}"):
        repository.git("reset", "--quiet", "--hard", work.base, cwd=worktree)
        return Candidate(roadmap_edited=edited)
    plans = Commit(repository, work.base)
    for path, after in roadmap.write_statuses(plans, work.plans, work.statuses, work.plan_format).items():
        _put(repository, worktree, work.base, path, after)
    commit = _commit(repository, worktree, work)
    # Both names of what was moved, whatever the user's settings for `git diff` are.
    listed = ("diff-tree", "-r", "-z", "--name-only", "--no-renames", "--ignore-submodules=none", work.base, commit)
    files = [name for name in _names(repository.git(*listed).stdout) if not work.owns(name)]
    return Candidate(commit=commit, files=tuple(files), roadmap_edited=edited)


def nested_repositories(repository: Repository, base: str, commit: str) -> list[str]:
    """Repositories that came in as a bare link to one of their commits, without a submodule that says whence."""
    listed = repository.git("diff-tree", "-r", "-z", "--no-renames", "--ignore-submodules=none", base, commit)
    parts = listed.stdout.split("\0")
    links = [path for entry, path in zip(parts[::2], parts[1::2], strict=False) if _is_new_link(entry)]
    if not links:
        return []
    asked = ("config", "-z", f"--blob={commit}:.gitmodules", "--get-regexp", r"^submodule\..*\.path$")
    known = {entry.partition("\n")[2] for entry in repository.git(*asked, check=False).stdout.split("\0")}
    return [path for path in links if path not in known]


def _is_new_link(entry: str) -> bool:
    """True for ":<old mode> 160000 ..." where the old mode is another."""
    modes = entry.split(" ")[:2]
    return modes[-1] == "160000" and modes[0] != ":160000"


def _has_landed(repository: Repository, work: Work) -> bool:
    """True when a merge commit of ours on the base has the head as its second parent."""
    listed = repository.git("rev-list", "--merges", "--parents", f"{work.head}..{work.base}", "--ancestry-path")
    return any(line.split()[-1] == work.head for line in listed.stdout.splitlines())


def _changed(repository: Repository, paths: Sequence[str], *span: str, cwd: Path | None = None) -> list[str]:
    """Files below `paths` that differ."""
    diff = ("diff", "--name-only", "--no-renames", "-z", *span, "--", *(f":(literal){path}" for path in paths))
    return list(dict.fromkeys(_names(repository.git(*diff, cwd=cwd, check=False).stdout)))


def _names(listed: str) -> list[str]:
    return [name for name in listed.split("\0") if name]


def commit_files(repository: Repository, base: str, files: Mapping[str, bytes], message: str) -> str:
    """A commit on top of `base` in which these files, by path, have these bytes; no branch and no working tree moves.

    Raises:
        GitError: it could not be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        repository.git("read-tree", base, env=index)
        for path, content in files.items():
            _put(repository, repository.root, base, path, content, index)
        tree = repository.git("write-tree", env=index).stdout.strip()
    argv = ("commit-tree", tree, "-p", base, "-F", "-")
    return repository.git(*argv, stdin=message, env=repository.identity()).stdout.strip()


def _put(
    repository: Repository,
    worktree: Path,
    base: str,
    path: str,
    content: bytes | None,
    env: Mapping[str, str] | None = None,
) -> None:
    """Put bytes into the index, exactly and without following what the agent made of the path."""
    if content is None:
        repository.git("update-index", "--force-remove", "--", path, cwd=worktree)
        return
    mode = repository.line("ls-tree", base, "--", f":(literal){path}").partition(" ")[0] or "100644"
    blob = repository.store_blob(content)
    repository.git("update-index", "--add", "--replace", "--cacheinfo", f"{mode},{blob},{path}", cwd=worktree, env=env)


def _commit(repository: Repository, worktree: Path, work: Work) -> str:
    message = f"{work.title}\n\nOrch-Work-Stream: {work.work_stream_id}\nOrch-Agent: {work.agent_id}\n"
    tree = repository.line("write-tree", cwd=worktree)
    made = repository.git(
        "commit-tree", tree, "-p", work.base, "-p", work.head, "-F", "-", stdin=message, env=repository.identity()
    )
    commit = made.stdout.strip()
    repository.git("reset", "--quiet", "--hard", commit, cwd=worktree)
    repository.git("clean", "-ffdxq", cwd=worktree)
    return commit


def land(repository: Repository, target: str, base: str, candidate: str) -> Landing:
    """Move `target` from `base` to `candidate`, a descendant. Asking again after it happened is fine.

    Where the target is checked out, `git merge --ff-only` moves it, which refuses to overwrite anybody's changes.
    """
    current = repository.tip(target)
    if not current:
        return Landing("error", f"the branch {target} is gone")
    if repository.is_ancestor(candidate, current):
        return Landing()
    if current != base:
        return Landing("moved", f"{target} has moved on")
    place = _checked_out_at(repository, target)
    if place is None and _in_rebase(repository, target):
        return Landing("dirty", f"a rebase of {target} is under way; finish it first")
    if place is None:
        done = repository.git("update-ref", f"refs/heads/{target}", candidate, base, check=False)
        return Landing() if done.returncode == 0 else Landing("moved", f"{target} has moved on")
    if hidden := _hidden_changes(repository, place, base, candidate):
        said = f"your changes to {', '.join(hidden[:3])} are in the way, which git was told to overlook"
        return Landing("dirty", f"{said}; put them aside")
    return _fast_forward(repository, place, target, candidate)


def _hidden_changes(repository: Repository, place: Path, base: str, candidate: str) -> list[str]:
    """Files with changes that git does not look at (assume-unchanged, skip-worktree), and so might overwrite."""
    listed = repository.git("ls-files", "-v", "-z", cwd=place).stdout.split("\0")
    overlooked = [entry[2:] for entry in listed if entry[:1].islower() or entry[:1] == "S"]
    if not overlooked:
        return []
    changed = repository.git("diff-tree", "-r", "-z", "--name-only", "--no-renames", base, candidate).stdout.split("\0")
    found = []
    for name in set(overlooked) & set(changed):
        if os.path.lexists(place / name):
            now = repository.git("hash-object", "--", name, cwd=place, check=False).stdout.strip()
            if now != repository.git("rev-parse", f"{base}:{name}", check=False).stdout.strip():
                found.append(name)
    return sorted(found)


def _fast_forward(repository: Repository, place: Path, target: str, candidate: str) -> Landing:
    before = repository.tip(target)
    for _ in range(_LOCK_TRIES):
        # An ignored file in the way is a user's too.
        plain = ("-c", f"branch.{target}.mergeOptions=")  # a person's habits for merges by hand
        merge = (*plain, "merge", "--quiet", "--ff-only", "--no-overwrite-ignore", "--no-stat", candidate)
        done = repository.git(*merge, cwd=place, check=False)
        if ".lock" not in done.stderr:
            break
        time.sleep(0.1)  # somebody's git command is at work there; it takes moments
    if done.returncode == 0:
        moved = repository.tip(target) == candidate
        return Landing() if moved else Landing("moved", f"another branch than {target} was checked out meanwhile")
    _undo(repository, place, target, before, candidate)
    return _refused(place, done)


def _undo(repository: Repository, place: Path, target: str, before: str, candidate: str) -> None:
    """Take back what git wrote into the checkout before it found that it could not move the branch."""
    tree = repository.git("write-tree", cwd=place, check=False).stdout.strip()
    if repository.tip(target) == before and tree == repository.line("rev-parse", f"{candidate}^{{tree}}"):
        repository.git("read-tree", "-m", "-u", candidate, before, cwd=place, check=False)


def _refused(place: Path, done: subprocess.CompletedProcess[str]) -> Landing:
    """Why git did not move the branch."""
    said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    if "would be overwritten" in done.stderr or "would lose untracked files" in done.stderr:
        names = [line for line in said[1:] if not line.startswith(("Please", "Aborting", "error:", "fatal:"))]
        return Landing("dirty", f"your changes to {', '.join(names[:3])} are in the way; commit or stash them")
    if "MERGE_HEAD" in done.stderr or "not concluded" in done.stderr or "unmerged" in done.stderr:
        return Landing("dirty", f"a merge is under way in {place}; finish it first")
    if lock := _LOCK.search(done.stderr):
        return Landing("dirty", f"another git command holds {clean(lock[1], 300)}; when none runs, remove that file")
    return Landing("error", said[0] if said else f"git merge ended with {done.returncode}")


def _checked_out_at(repository: Repository, branch: str) -> Path | None:
    """The working tree that has `branch` checked out, or None."""
    place = ""
    for line in repository.git("worktree", "list", "--porcelain").stdout.splitlines():
        if line.startswith("worktree "):
            place = line.removeprefix("worktree ")
        elif line == f"branch refs/heads/{branch}":
            return Path(place)
    return None


def _in_rebase(repository: Repository, branch: str) -> bool:
    """True while some working tree rebases `branch`, which is not checked out meanwhile."""
    common = Path(repository.line("rev-parse", "--path-format=absolute", "--git-common-dir"))
    folders = (common, *common.glob("worktrees/*"))
    names = [folder / kind / "head-name" for folder in folders for kind in ("rebase-merge", "rebase-apply")]
    return any(name.is_file() and name.read_text().strip() == f"refs/heads/{branch}" for name in names)


def leave_on_branch(repository: Repository, branch: str, head: str, candidate: str) -> Landing:
    """Policy `branch`: the agent's branch moves to the checked candidate, and the target stays where it is."""
    return land(repository, branch, head, candidate)
