"""Worktrees: where agents work and where candidates are checked; and saving everything before one goes.

Each agent has a worktree `.orch/worktrees/<agent>` on its own branch. Checks run in one kept worktree that is reset to
the commit in question, which costs a seventh of making a new one. All `git worktree` commands run behind one lock.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator_agent.errors import GitError, SettingsError
from orchestrator_agent.git import Repository

#: Folders that a build or a tool makes again: not saved when git ignores them.
REGENERATED = frozenset(
    [
        *("node_modules", "__pycache__", ".venv", "venv", "target", "dist", "build", ".pytest_cache", ".mypy_cache"),
        *(".ruff_cache", ".hypothesis", ".tox", ".nox", ".gradle", ".next", ".cache", ".eggs"),
    ]
)
#: Ignored files beyond this are not put into git; the worktree is kept instead. Bytes.
MAX_IGNORED_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Saved:
    """What `save` did.

    `ref` is the rescue ref, or empty when everything was on the branch already. `problem` is empty when the worktree
    holds nothing that is not reachable from a ref of ours; else it says what could not be saved.
    """

    ref: str = ""
    problem: str = ""


def path_of(repository: Repository, name: str) -> Path:
    """Where the worktree `name` is; `name` has passed `model.slug`."""
    return repository.state / "worktrees" / name


def create(repository: Repository, name: str, branch: str, commit: str) -> Path:
    """A worktree on `branch`, which starts at `commit`. Idempotent: what is there already is kept.

    Raises:
        GitError: git could not make it.
    """
    path = path_of(repository, name)
    with repository.worktree_lock():
        if is_worktree(repository, path):
            _require_branch(repository, path, branch)
            _finish_checkout(repository, path)
            return path
        if path.exists() and not any(path.iterdir()):
            path.rmdir()
        _forget_missing(repository, path)
        made = ["--quiet", "--lock", "--no-track", "-b", branch, str(path), commit]
        again = ["--quiet", "--lock", str(path), branch]
        repository.git("worktree", "add", *(again if repository.tip(branch) else made))
    return path


def is_worktree(repository: Repository, path: Path) -> bool:
    """True when `path` is a working tree of this repository that git can use."""
    if path.is_symlink() or not (path / ".git").is_file():
        return False
    common = ("rev-parse", "--path-format=absolute", "--git-common-dir")
    done = repository.git(*common, "--show-toplevel", cwd=path, check=False)
    return done.returncode == 0 and done.stdout.splitlines() == [repository.line(*common), str(path.resolve())]


def _require_branch(repository: Repository, path: Path, branch: str) -> None:
    """Never take another's worktree for ours: names that differ by case only are one folder on some file systems."""
    on = _branch_of(repository, path)
    if on != f"refs/heads/{branch}":
        raise GitError(["worktree", "add", str(path)], 128, f"{path} is there already, on {on or 'no branch'}")


def _branch_of(repository: Repository, path: Path) -> str:
    """The full name of the branch that a worktree is on, or empty."""
    return repository.git("symbolic-ref", "--quiet", "HEAD", cwd=path, check=False).stdout.strip()


def _finish_checkout(repository: Repository, path: Path) -> None:
    """Check out what `git worktree add` had not written when it was killed; it writes the index last."""
    folder = git_dir(repository, path)
    if not (folder / "index").exists():
        _break_locks(folder)
        repository.git("reset", "--quiet", "--hard", cwd=path)


def _break_locks(folder: Path) -> None:
    """Remove the locks of git commands that were killed; nobody else works there."""
    for name in ("index.lock", "HEAD.lock"):
        (folder / name).unlink(missing_ok=True)


def checkout_for_checks(repository: Repository, commit: str, name: str = "checks") -> Path:
    """The kept worktree, exactly at `commit` and with nothing else in it, ignored files included."""
    path = path_of(repository, name)
    try:
        return _reset(repository, path, commit)
    except GitError:  # tests may leave folders that cannot be emptied, and people may delete what is in .orch
        with repository.worktree_lock():
            _delete(path)
            _forget_missing(repository, path)
        return _reset(repository, path, commit)


def _reset(repository: Repository, path: Path, commit: str) -> Path:
    with repository.worktree_lock():
        if not is_worktree(repository, path):
            _delete(path)
            _forget_missing(repository, path)
            repository.git("worktree", "add", "--quiet", "--lock", "--detach", str(path), commit)
    folder = git_dir(repository, path)
    _break_locks(folder)
    # What ran here before may have told git to overlook files; nothing of that is taken over.
    (folder / "index").unlink(missing_ok=True)
    (folder / "info" / "sparse-checkout").unlink(missing_ok=True)
    repository.git("checkout", "--quiet", "--force", "--detach", commit, cwd=path)
    repository.git("clean", "-ffdxq", cwd=path)
    return path


def _delete(path: Path) -> None:
    """Remove a folder with all in it, also where modes forbid that."""
    for folder, names, _ in os.walk(path):
        for name in names:
            inner = Path(folder, name)
            if not inner.is_symlink():
                inner.chmod(0o700)
    shutil.rmtree(path, ignore_errors=True)


def _forget_missing(repository: Repository, path: Path) -> None:
    """Let git forget a worktree of ours whose folder is gone, and no other: a person's may be on another disk."""
    if not path.exists():
        repository.git("worktree", "remove", "--force", "--force", str(path), check=False)


def git_dir(repository: Repository, path: Path) -> Path:
    """The administrative folder of a worktree."""
    return Path(repository.line("rev-parse", "--absolute-git-dir", cwd=path))


def copy_into(repository: Repository, worktree: Path, names: Sequence[str]) -> None:
    """Copy files and folders that git does not track (`.env` and the like) from the repository's root.

    Raises:
        SettingsError: a name is missing or leads outside the repository.
    """
    root = repository.root.resolve()
    for name in names:
        source = (root / name).resolve()
        if not source.is_relative_to(root) or source == root:
            raise SettingsError(
                f"workspace.copy in orch.toml names {name}, which is outside the repository; remove it."
            )
        if not source.exists():
            raise SettingsError(f"workspace.copy in orch.toml names {name}, which does not exist; create or remove it.")
        goal = worktree / name
        if source.is_dir() and not goal.is_symlink():
            shutil.copytree(source, goal, symlinks=True, dirs_exist_ok=True, copy_function=_Copy(worktree))
        else:
            _Copy(worktree)(str(source), str(goal))


class _Copy:
    """Copies a file into a worktree and never through a link that a branch put in its place."""

    def __init__(self, worktree: Path) -> None:
        self.worktree = worktree.resolve()

    def __call__(self, source: str, goal: str) -> str:
        path = Path(goal)
        if not path.parent.resolve().is_relative_to(self.worktree):
            raise SettingsError(f"workspace.copy in orch.toml: {path.parent} is a link that leads out of the worktree.")
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            path.unlink()
        if Path(source).is_dir():
            raise SettingsError(f"workspace.copy in orch.toml: a link stands where the folder {path.name} should be.")
        return str(shutil.copy2(source, goal))


def commit_all(repository: Repository, worktree: Path, branch: str, message: str) -> bool:
    """Commit what lies uncommitted in a worktree on its branch; True when a commit was made.

    Nothing is done in the middle of a merge, off the branch, or where a nested repository would be lost.
    """
    if not is_worktree(repository, worktree):
        return False
    folder = git_dir(repository, worktree)
    if _branch_of(repository, worktree) != f"refs/heads/{branch}" or (folder / "MERGE_HEAD").exists():
        return False
    _break_locks(folder)
    if not repository.git("status", "--porcelain", cwd=worktree).stdout or _nested(repository, worktree):
        return False
    sparse = repository.git("config", "--bool", "core.sparseCheckout", cwd=worktree, check=False).stdout.strip()
    # The option is younger than our oldest git.
    repository.git("add", "--all", *(["--sparse"] if sparse == "true" else []), cwd=worktree)
    done = repository.git(
        "commit",
        "--quiet",
        "--no-verify",
        "-F",
        "-",
        cwd=worktree,
        stdin=message,
        env=repository.identity(),
        check=False,
    )
    return done.returncode == 0


def save(repository: Repository, name: str, branch: str) -> Saved:
    """Make everything in a worktree reachable from `refs/orch/rescue/<name>`, without touching its index or files.

    Saved are uncommitted, untracked and ignored files, and the commit of HEAD where that is not on the branch. Ignored
    folders that tools make again are left out.
    """
    path = path_of(repository, name)
    if not path.exists():
        return Saved()
    if not is_worktree(repository, path):
        empty = path.is_dir() and not any(path.iterdir())
        return Saved() if empty else Saved(problem=f"{path} is no working tree any more, so its files cannot be saved")
    nested = _nested(repository, path) or _changed_submodules(repository, path)
    if nested:
        return Saved(problem=f"{path} holds the git repository {nested[0]}, whose history cannot be saved")
    ignored, size = _ignored(repository, path)
    if size > MAX_IGNORED_BYTES:
        return Saved(problem=f"{path} holds {size // 1024 // 1024} MiB of ignored files, too much to save")
    try:
        return _save(repository, path, name, branch, ignored)
    except GitError as error:
        return Saved(problem=f"{path} could not be saved ({error.stderr.strip() or error.code})")


def _save(repository: Repository, path: Path, name: str, branch: str, ignored: list[str]) -> Saved:
    head = repository.commit_of("HEAD", cwd=path)
    tip = repository.tip(branch)
    tree, staged = _tree(repository, path, head, ignored), _staged(repository, path)
    of_head = repository.line("rev-parse", f"{head}^{{tree}}") if head else ""
    on_branch = head is not None and tip is not None and repository.is_ancestor(head, tip)
    if on_branch and {tree, staged or tree} == {of_head}:
        return Saved()
    ref, message = f"refs/orch/rescue/{name}", f"Everything in the worktree of {name}\n"
    # What was saved before stays reachable, and so does what an unfinished merge would bring in.
    parents = [head, tip, repository.commit_of("MERGE_HEAD", cwd=path), repository.commit_of(ref)]
    if staged not in {"", tree, of_head}:
        index = _commit_tree(repository, staged, [head], f"What was staged in the worktree of {name}\n")
        message += f"\nWhat was staged and differs from the files is in the parent {index}.\n"
        parents.append(index)
    commit = _commit_tree(repository, tree, parents, f"{message}\nSaved by orch before the worktree was given up.\n")
    repository.git("update-ref", ref, commit)
    return Saved(ref=ref)


def _commit_tree(repository: Repository, tree: str, parents: Sequence[str | None], message: str) -> str:
    given = [part for commit in dict.fromkeys(parents) if commit for part in ("-p", commit)]
    return repository.git("commit-tree", tree, *given, stdin=message, env=repository.identity()).stdout.strip()


def _staged(repository: Repository, path: Path) -> str:
    """What the index holds, as a tree object; files in conflict are left out. Empty when there is no index."""
    index = git_dir(repository, path) / "index"
    if not index.exists():
        return ""
    with tempfile.TemporaryDirectory(dir=repository.state) as folder:
        env = {"GIT_INDEX_FILE": shutil.copy(index, folder)}
        unmerged = repository.git("diff", "--name-only", "--diff-filter=U", "-z", cwd=path, env=env).stdout
        if unmerged:
            remove = ("update-index", "--force-remove", "-z", "--stdin")
            repository.git(*remove, cwd=path, env=env, stdin=unmerged)
        return repository.git("write-tree", cwd=path, env=env).stdout.strip()


def _tree(repository: Repository, path: Path, head: str | None, ignored: list[str]) -> str:
    """All files of a worktree as a tree object, by an index that is thrown away."""
    with tempfile.TemporaryDirectory(dir=repository.state) as folder:
        env = {"GIT_INDEX_FILE": str(Path(folder) / "index"), **_WHOLE}
        if head is not None:
            repository.git("read-tree", head, cwd=path, env=env)
        repository.git("add", "--all", cwd=path, env=env)
        if ignored:
            listed = "".join(f"{item}\0" for item in ignored)
            add = ("add", "--force", "--pathspec-from-file=-", "--pathspec-file-nul")
            repository.git(*add, cwd=path, env={**env, **_LITERAL}, stdin=listed)
        return repository.git("write-tree", cwd=path, env=env).stdout.strip()


#: A sparse checkout would leave out what an agent made outside of it.
_WHOLE = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.sparseCheckout", "GIT_CONFIG_VALUE_0": "false"}
_LITERAL = {"GIT_LITERAL_PATHSPECS": "1"}


def _ignored(repository: Repository, path: Path) -> tuple[list[str], int]:
    """Ignored files that no tool makes again, and the bytes in them."""
    listed = repository.git(
        "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory", cwd=path
    ).stdout
    # Git names a folder that is ignored as a whole with a "/"; a file may be called `target` and be somebody's work.
    names = [name for name in listed.split("\0") if name and not name.endswith(".pyc")]
    names = [name for name in names if not (name.endswith("/") and REGENERATED & set(Path(name).parts))]
    size = sum(_size(path / name) for name in names)
    return names, size


def _size(path: Path) -> int:
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_size if path.is_symlink() or path.exists() else 0
    return sum(
        os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118
        for folder, _, names in os.walk(path)
        for name in names
    )


def _nested(repository: Repository, path: Path) -> list[str]:
    """Repositories inside the worktree that git does not track: adding them would keep a link and lose the content."""
    tracked = _submodules(repository, path)
    found = []
    for folder, folders, files in os.walk(path):
        name = os.path.relpath(folder, path)
        if name != "." and name not in tracked and (".git" in folders or ".git" in files):
            found.append(name)
        folders[:] = [item for item in folders if item != ".git"]
    return [name for name in found if not _is_made_again(repository, path, name)]


def _is_made_again(repository: Repository, path: Path, name: str) -> bool:
    if not REGENERATED & set(Path(name).parts):
        return False
    return repository.git("check-ignore", "--quiet", "--", name, cwd=path, check=False).returncode == 0


def _submodules(repository: Repository, path: Path) -> set[str]:
    listed = repository.git("ls-files", "-z", "--stage", cwd=path).stdout.split("\0")
    return {entry.partition("\t")[2] for entry in listed if entry.startswith("160000 ")}


def _changed_submodules(repository: Repository, path: Path) -> list[str]:
    """Submodules with files or commits that are nowhere else: their repositories go with the worktree."""
    found = []
    for name in sorted(_submodules(repository, path)):
        place = path / name
        if not (place / ".git").exists():
            continue
        dirty = repository.git("status", "--porcelain", "--ignored", "--ignore-submodules=none", cwd=place)
        ahead = repository.git("rev-list", "--max-count=1", "HEAD", "--branches", "--not", "--remotes", cwd=place)
        if dirty.stdout or ahead.stdout:
            found.append(name)
    return found


def remove(repository: Repository, name: str, branch: str) -> Saved:
    """Save everything in a worktree, then remove it; when it cannot all be saved, it stays.

    The branch stays too: it is the agent's work.
    """
    saved = save(repository, name, branch)
    path = path_of(repository, name)
    if saved.problem or not path.exists():
        return saved
    with repository.worktree_lock():
        # Twice --force: it is locked, and what is uncommitted in it is saved.
        repository.git("worktree", "remove", "--force", "--force", str(path), check=False)
        shutil.rmtree(path, ignore_errors=True)
        _forget_missing(repository, path)
    return saved


def delete_merged_branch(repository: Repository, branch: str, target: str) -> None:
    """Delete an agent's branch when `target` contains all of it and nobody has it checked out."""
    tip = repository.tip(branch)
    if not tip or not branch.startswith("orch/") or not repository.is_ancestor(tip, f"refs/heads/{target}"):
        return
    if not repository.line("for-each-ref", "--format=%(worktreepath)", f"refs/heads/{branch}"):
        repository.git("update-ref", "-d", f"refs/heads/{branch}", tip, check=False)


def left_over(repository: Repository, in_use: set[str]) -> list[str]:
    """Names of agents' worktrees that nobody uses."""
    folder = repository.state / "worktrees"
    if not folder.is_dir():
        return []
    return sorted(entry.name for entry in folder.iterdir() if entry.name not in in_use and entry.name != "checks")
