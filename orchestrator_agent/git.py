"""Git commands of ours, made the same careful way each time, and what we ask a user's repository.

Our own calls run no hooks, start no background collection, ask nothing, and see none of the GIT_*
variables that a surrounding hook may have set.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator_agent.errors import GitError, RepositoryError
from orchestrator_agent.patterns import regex

#: `git rev-parse --path-format` and GIT_CONFIG_COUNT came with it.
MINIMUM_VERSION = (2, 31)

_OPTIONS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.quotePath": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "commit.gpgSign": "false",
    "commit.cleanup": "whitespace",  # a title may begin with "#"
    "core.safecrlf": "false",
    "status.showUntrackedFiles": "normal",
    "status.renames": "false",
    "merge.autoStash": "false",
    "merge.verifySignatures": "false",
    "protocol.file.allow": "user",
    "advice.detachedHead": "false",
    "submodule.recurse": "false",
    "rerere.enabled": "false",
}
#: What a branch's own file holds; with a later hash function it is longer.
_HASH = regex(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\n")
_STATUS = ("status", "--porcelain=v1", "-z", "--untracked-files=no", "--ignore-submodules=dirty")
_CONFIG = tuple(part for key, value in _OPTIONS.items() for part in ("-c", f"{key}={value}"))


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository and our folder in it."""

    #: The main working tree.
    root: Path
    #: The linked worktree in which the person stands, or None.
    linked: Path | None = None

    @property
    def state(self) -> Path:
        """`.orch`, which holds everything of ours and ignores itself."""
        return self.root / ".orch"

    def git(
        self,
        *argv: str,
        cwd: Path | None = None,
        check: bool = True,
        stdin: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run git in the repository, or in `cwd`.

        Raises:
            GitError: it failed, and `check` is true.
        """
        done = run_git(*argv, cwd=cwd or self.root, stdin=stdin, env=env)
        if check and done.returncode != 0:
            raise GitError(list(argv), done.returncode, done.stderr)
        return done

    def line(self, *argv: str, cwd: Path | None = None) -> str:
        """The output of a git command without its line end."""
        return self.git(*argv, cwd=cwd).stdout.rstrip("\n")

    def commit_of(self, name: str, *, cwd: Path | None = None) -> str | None:
        """The full hash that `name` leads to, or None."""
        done = self.git(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", cwd=cwd, check=False
        )
        return done.stdout.strip() or None

    def tip(self, branch: str) -> str:
        """The commit of a branch, or empty when there is no such branch.

        Read from the branch's own file where it has one: it is asked at every look, and git takes milliseconds.
        """
        with contextlib.suppress(OSError, ValueError):
            found = (self.root / ".git" / "refs" / "heads" / branch).read_text("ascii")
            if _HASH.fullmatch(found):
                return found.strip()
        return self.commit_of(f"refs/heads/{branch}") or ""

    def branch_checked_out(self) -> str | None:
        """The branch of the main working tree, or None when HEAD is detached."""
        done = self.git("symbolic-ref", "--quiet", "--short", "HEAD", check=False)
        return done.stdout.strip() or None

    def is_ancestor(self, older: str, newer: str) -> bool:
        """True when `newer` contains `older`."""
        return self.git("merge-base", "--is-ancestor", older, newer, check=False).returncode == 0

    def stamp(self) -> tuple[int, ...] | None:
        """What tells whether git has written into the main checkout: None while it does."""
        folder = self.root / ".git"
        if (folder / "index.lock").exists():
            return None
        try:
            index = (folder / "index").stat()
        except OSError:
            return ()
        return (index.st_ino, index.st_mtime_ns)

    def uncommitted(self) -> list[str]:
        """Tracked files of the main working tree with changes that are not committed."""
        return [entry[3:] for entry in self.git(*_STATUS).stdout.split("\0") if len(entry) > 3]

    def file_at(self, commit: str, path: str) -> bytes | None:
        """The bytes of a file in a commit, or None when it is not there."""
        done = self._bytes("cat-file", "blob", f"{commit}:{path}")
        return done.stdout if done.returncode == 0 else None

    def files_at(self, commit: str, folder: str, suffixes: tuple[str, ...]) -> dict[str, bytes]:
        """The plain files anywhere below a folder of a commit whose names end so, in the order of their paths."""
        listed = self._bytes("ls-tree", "-r", "-z", commit, "--", f"{folder}/" if folder not in ("", ".") else ".")
        entries = [entry.partition(b"\t") for entry in listed.stdout.split(b"\0") if entry.startswith(b"100")]
        paths = [os.fsdecode(path) for _, _, path in entries]
        chosen = [(path, head.split()[2]) for path, (head, _, _) in zip(paths, entries, strict=True)]
        chosen = [(path, blob) for path, blob in chosen if path.endswith(suffixes)]
        if not chosen:
            return {}
        out = self._bytes("cat-file", "--batch", stdin=b"".join(blob + b"\n" for _, blob in chosen)).stdout
        found, position = {}, 0
        for path, _ in chosen:
            start = out.index(b"\n", position) + 1
            size = int(out[position : start - 1].split()[2])
            found[path] = out[start : start + size]
            position = start + size + 1
        return dict(sorted(found.items()))

    def store_blob(self, content: bytes) -> str:
        """Put bytes into the object database as they are; returns their hash.

        Raises:
            GitError: it could not be written.
        """
        done = self._bytes("hash-object", "-w", "--stdin", "--no-filters", stdin=content)
        if done.returncode != 0:
            raise GitError(["hash-object"], done.returncode, done.stderr.decode("utf-8", "replace"))
        return done.stdout.decode("ascii").strip()

    def _bytes(self, *argv: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        argv = ("git", *_CONFIG, *argv)
        env = _environment(None)
        return subprocess.run(
            argv, cwd=self.root, env=env, input=stdin, capture_output=True, start_new_session=True, check=False
        )

    @contextmanager
    def worktree_lock(self) -> Iterator[None]:
        """Hold our lock for `git worktree` commands: two of them at once break each other (git 2.39, 4 % of calls)."""
        self.state.mkdir(exist_ok=True)
        with (self.state / "worktrees.lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def ceiling(self) -> dict[str, str]:
        """Environment that keeps git, in a worktree that lost its `.git`, from taking the repository around it."""
        return {"GIT_CEILING_DIRECTORIES": str(self.state / "worktrees")}

    def identity(self) -> dict[str, str]:
        """Environment that names an author as far as the user has not set one."""
        given = {"NAME": "orch", "EMAIL": "orch@localhost"}
        missing = [part for part in given if not self.git("config", f"user.{part.lower()}", check=False).stdout.strip()]
        names = {f"GIT_{role}_{part}": given[part] for role in ("AUTHOR", "COMMITTER") for part in missing}
        return {name: value for name, value in names.items() if name not in os.environ}


def run_git(
    *argv: str, cwd: Path, stdin: str | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run git anywhere; undecodable bytes come as surrogates, and line ends as they are.

    It gets a session of its own, so that Ctrl-C never cuts a merge in half.

    Raises:
        RepositoryError: git is not installed.
    """
    try:
        done = subprocess.run(
            ["git", *_CONFIG, *argv],
            cwd=cwd,
            env=_environment(env),
            input=(stdin or "").encode("utf-8", "surrogateescape"),
            capture_output=True,
            start_new_session=True,
            check=False,
        )
    except (FileNotFoundError, NotADirectoryError):
        if not cwd.is_dir():
            raise RepositoryError(f"There is no folder {cwd}; name an existing one with -C.") from None
        raise RepositoryError("git is not installed; install git 2.31 or newer.") from None
    out, err = (text.decode("utf-8", "surrogateescape") for text in (done.stdout, done.stderr))
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


def _environment(extra: Mapping[str, str] | None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or _is_identity(name)}
    kept.update({"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", "GIT_EDITOR": "true"})
    kept.update(extra or {})
    return kept


def _is_identity(name: str) -> bool:
    return name.startswith(("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_SSH"))


def version() -> tuple[int, int]:
    """Git's version.

    Raises:
        RepositoryError: git is missing or says something unreadable.
    """
    out = run_git("--version", cwd=Path("/")).stdout
    match = re.search(r"(\d+)\.(\d+)", out)
    if match is None:
        raise RepositoryError("`git --version` gave no version; install git 2.31 or newer.")
    return int(match[1]), int(match[2])


def discover(start: Path) -> Repository:
    """The repository around `start`; from a linked worktree it is the main one, and `linked` says so.

    Raises:
        RepositoryError: no git, git too old, no repository, or a bare one.
    """
    done = run_git(
        "rev-parse", "--path-format=absolute", "--is-bare-repository", "--git-common-dir", "--show-toplevel", cwd=start
    )
    lines = done.stdout.splitlines()
    if done.returncode != 0 or len(lines) != 3:  # an older git takes --path-format for a name and prints it
        raise RepositoryError(_why_not(start, lines, done.stderr))
    common, top = Path(lines[1]), Path(lines[2])
    is_plain = common.name == ".git" and (common.parent / ".git").is_dir()
    if not is_plain or common.parent.samefile(top):
        return Repository(top)
    return Repository(common.parent, linked=top)


def _why_not(start: Path, lines: list[str], stderr: str) -> str:
    """Why no repository was found."""
    found = version()
    if found < MINIMUM_VERSION:
        return f"git {found[0]}.{found[1]} is too old; install git 2.31 or newer."
    if "dubious ownership" in stderr:
        return f"git refuses {start} because another user owns it; see `git help config`, safe.directory."
    if lines[:1] == ["true"]:
        return f"{start} is a bare repository; run orch in a clone with files."
    return f"{start} is not in a git repository; run `git init` there, or name one with -C."


def require_main(repository: Repository) -> None:
    """Refuse work from a linked worktree: it would go by the files, and land on the branch, of the main checkout.

    Raises:
        RepositoryError: the person stands in a linked worktree.
    """
    if repository.linked is not None:
        raise RepositoryError(
            f"{repository.linked} is a linked worktree, and orch works on the branch of the main checkout; "
            f"run it there: cd {shlex.quote(str(repository.root))}"
        )


def require_commits(repository: Repository) -> str:
    """The commit of HEAD.

    Raises:
        RepositoryError: the repository has no commit yet.
    """
    head = repository.commit_of("HEAD")
    if head is None:
        raise RepositoryError("This repository has no commit yet; make a first one with `git add` and `git commit`.")
    return head


def require_ready(repository: Repository, target: str = "") -> str:
    """The branch that work lands on, when work may start here.

    Raises:
        RepositoryError: a linked worktree, no commit, detached HEAD, no such target branch, or uncommitted changes.
    """
    require_main(repository)
    head, *changes = repository.git(*_STATUS, "--branch", "--no-ahead-behind").stdout.split("\0")
    name = head.removeprefix("## ").partition("...")[0]
    if name.startswith("No commits yet"):  # no branch has a space in its name
        require_commits(repository)
    branch = target or (name if " " not in name else "")
    if not branch:
        raise RepositoryError("HEAD is detached; check out the branch that work should land on (`git switch main`).")
    if target and not repository.tip(branch):
        raise RepositoryError(f"There is no branch {branch}; create it or correct integration.target in orch.toml.")
    dirty = [entry[3:] for entry in changes if len(entry) > 3]
    if dirty:
        more = f" and {len(dirty) - 1} more" if len(dirty) > 1 else ""
        raise RepositoryError(f"There are uncommitted changes ({dirty[0]}{more}); commit or stash them first.")
    return branch
