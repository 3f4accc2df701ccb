"""One repository with its settings, its plan and its journal: what every rule and every front end starts from."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from orchestrator_agent import git, settings
from orchestrator_agent import roadmap as plans
from orchestrator_agent.errors import RoadmapError, SettingsError
from orchestrator_agent.git import Repository
from orchestrator_agent.journal_file import FILE_NAME
from orchestrator_agent.model import Availability, WorkStreamStatus
from orchestrator_agent.roadmap import Roadmap
from orchestrator_agent.roadmap.availability import availability
from orchestrator_agent.roadmap.conflicts import conflicts
from orchestrator_agent.roadmap.sources import Commit, WorkingTree
from orchestrator_agent.settings import Settings
from orchestrator_agent.store import Store

_LOG_LIMIT = 1024 * 1024
#: So often, ten milliseconds apart, the lock is tried.
_LOCK_TRIES = 30
_KEPT_SETTINGS = "settings.json"
#: A plan that git may be writing is read again this often and this long. Seconds.
_AGAIN, _SETTLED = 0.005, 0.5
#: With less than this on its disk a journal cannot be written for long. Bytes.
_ROOM = 1024 * 1024


class Project:
    """A repository that orch works in. Opening one writes nothing."""

    def __init__(self, start: Path | None = None, *, lenient: bool = False) -> None:
        """Find the repository around `start` (default: the current folder) and read its settings.

        Args:
            lenient: go on without good settings, with those that work was last started with, or else the defaults;
                `settings_problem` says so. For what must not stand still because of them.

        Raises:
            RepositoryError, SettingsError: see there.
        """
        self.repository: Repository = git.discover((start or Path.cwd()).absolute())
        #: Why the settings are not those of orch.toml and the variables, as one sentence; empty when they are.
        self.settings_problem = ""
        try:
            self.settings: Settings = settings.load(self.repository.root)
        except SettingsError as error:
            if not lenient:
                raise
            self.settings_problem, self.settings = str(error), self._kept_settings()
        self._store: Store | None = None

    def read_settings_again(self) -> None:
        """Take up what orch.toml and the variables say now.

        Raises:
            SettingsError: they cannot be used, and everything stays as it was.
        """
        self.settings, self.settings_problem = settings.load(self.root), ""
        self.__dict__.pop("plan_paths", None)

    def _kept_settings(self) -> Settings:
        try:
            return settings.from_json((self.state / _KEPT_SETTINGS).read_text("utf-8"))
        except (OSError, SettingsError):
            return Settings()

    def _keep_settings(self) -> None:
        """Note good settings, for a controller that has to be started again when they are so no more."""
        path = self.state / _KEPT_SETTINGS
        text = settings.to_json(self.settings)
        if self.settings_problem or (path.is_file() and path.read_text("utf-8", "replace") == text):
            return
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        fresh.write_text(text, "utf-8")
        fresh.replace(path)

    @property
    def root(self) -> Path:
        """The repository's main working tree."""
        return self.repository.root

    @property
    def state(self) -> Path:
        """`.orch`."""
        return self.repository.state

    @property
    def store(self) -> Store:
        """The journal; an empty one in memory while nothing was ever written."""
        path = self.state / FILE_NAME
        if self._store is None or (not self._store.is_file and path.is_file()):
            self._store = Store(path if path.is_file() else None)
        return self._store

    def writable_store(self) -> Store:
        """The journal as a file, made when it is missing.

        Raises:
            JournalError: it cannot be used.
        """
        make_state_folder(self.repository)
        if not self.store.is_file:
            self._store = Store(self.state / FILE_NAME)
        return self.store

    def agent_folder(self, agent_id: str) -> Path:
        """Where the shim of an agent keeps its files."""
        return self.state / "agents" / agent_id

    @cached_property
    def plan_paths(self) -> tuple[str, ...]:
        """The plans that make the roadmap, files or folders, relative to the repository.

        Raises:
            RoadmapError: there is none, or one leads outside.
        """
        named = self.settings.roadmap
        wanted = (named,) if isinstance(named, str) else named
        return tuple(dict.fromkeys(plans.find_plan(self.root, path) for path in wanted))

    def roadmap(self) -> Roadmap:
        """The roadmap as it lies in the working tree; while git writes there (work lands), it is read again.

        Raises:
            RoadmapError: it cannot be read.
        """
        end = time.monotonic() + _SETTLED
        while True:
            before = self.repository.stamp()
            try:
                found: Roadmap | RoadmapError = plans.read_plan(
                    WorkingTree(self.root), self.plan_paths, self.settings.roadmap_format
                )
            except RoadmapError as error:
                found = error
            if (before is not None and before == self.repository.stamp()) or time.monotonic() > end:
                break
            self.__dict__.pop("plan_paths", None)  # another may have been found meanwhile
            time.sleep(_AGAIN)
        if isinstance(found, RoadmapError):
            raise found
        return found

    def tip(self, branch: str) -> str:
        """The commit of a branch, or empty when there is no such branch."""
        return self.repository.tip(branch)

    def roadmap_at(self, commit: str) -> Roadmap:
        """The roadmap as it is in a commit.

        Raises:
            RoadmapError: it is not in that commit, or cannot be read.
        """
        return plans.read_plan(self.plans_at(commit), self.plan_paths, self.settings.roadmap_format)

    def require_writable(self, commit: str, changes: Mapping[str, WorkStreamStatus]) -> None:
        """Make sure that statuses can be written into the plans of a commit.

        Raises:
            RoadmapError: a plan is not in that commit, or one of the statuses has no place in it.
        """
        plans.write_statuses(
            self.plans_at(commit), self.plan_paths, changes, self.settings.roadmap_format, rehearsal=True
        )

    def plans_at(self, commit: str) -> Commit:
        """The files of a commit that holds the plans.

        Raises:
            RoadmapError: a plan is not in that commit, or there is no commit.
        """
        if not commit:
            raise RoadmapError("The branch that work lands on does not exist any more; create it again.")
        files = Commit(self.repository, commit)
        for path in self.plan_paths:
            if files.read(path) is None and not files.below(path):
                if not (self.root / path).exists():
                    raise RoadmapError(f"The plan {path} is gone; put it back, or name the new one in orch.toml.")
                add = f"`git add {shlex.quote(path)}` and `git commit`"
                raise RoadmapError(f"{path} is not committed; do {add} first.")
        return files

    def availability(self, roadmap: Roadmap) -> dict[str, Availability]:
        """What may start now: the roadmap's own word, and over it what the journal knows of running and held work."""
        claims = {name.casefold() for name in self.store.claims()}
        live = {f.record.work_stream_id.casefold(): f.record for f in self.store.live_agents()}
        results = self.store.last_results()
        apart = conflicts(roadmap.work_streams) if live else {}
        standing = {key: _STANDS[result.outcome] for key, result in results.items() if result.outcome in _STANDS}
        standing |= dict.fromkeys(claims | live.keys(), "being worked on")
        found = availability(roadmap.work_streams, self.settings.ignore_order, standing)
        for stream in roadmap.work_streams:
            key = stream.id.casefold()
            if key in live:
                found[stream.id] = Availability(False, f"{live[key].id} is working on it", "running")
            elif key in claims:
                found[stream.id] = Availability(False, "it is being started, checked or merged", "running")
            elif (
                (found[stream.id].available or found[stream.id].kind in ("blocked", "stale_blocked"))
                and key in results
                and results[key].outcome in ("held", "unverified", "on_branch", "verified")
            ):
                waits = "its work is verified and waits to be merged"
                said = waits if results[key].outcome == "verified" else results[key].reason
                found[stream.id] = Availability(False, said, "held")
            elif found[stream.id].available and (busy := sorted(apart.get(key, frozenset()) & live.keys())):
                found[stream.id] = Availability(False, f"must not run beside {busy[0]}", "conflict")
        return found

    def is_all_done(self) -> bool:
        """True when the roadmap holds work streams and each is complete or cancelled."""
        streams = self.roadmap().work_streams
        return bool(streams) and all(stream.is_closed for stream in streams)

    def disk_problem(self) -> str:
        """A sentence when there is hardly any room left for the journal, else empty."""
        place = self.state if self.state.exists() else self.root
        if shutil.disk_usage(place).free >= _ROOM:
            return ""
        return f"The disk that holds {place} is full; make room: until then nothing can be written down or go on."

    # -- the controller ------------------------------------------------------------------------------------------

    def controller_command(self) -> list[str]:
        """The command that starts this repository's controller. `-P`: nothing is imported from the user's folders."""
        return [sys.executable, "-P", "-m", "orchestrator_agent.controller", str(self.root)]

    def controller_runs(self) -> bool:
        """True while a controller holds its lock. The lock is the proof of life, never a pid."""
        try:
            with (self.state / "controller.lock").open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def listen(self) -> int:
        """Open the FIFO by which the controller is woken; for the controller."""
        path = self.state / "wake"
        with contextlib.suppress(FileExistsError):
            os.mkfifo(path, 0o600)
        return os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def wake_controller(self) -> None:
        """Tell the controller that there is something new in the journal; start one when none runs."""
        for _ in range(_LOCK_TRIES):
            heard = self._ring()
            if not self.controller_runs():
                return self._start_controller()
            if heard:
                return None
            time.sleep(0.01)  # one that holds its lock and does not listen comes up, or was killed just now
        return None

    def _ring(self) -> bool:
        """Write to the FIFO of the controller; False when nobody listens there."""
        try:
            fifo = os.open(self.state / "wake", os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return False
        with contextlib.suppress(OSError):  # a full pipe wakes it as well
            os.write(fifo, b"w")
        os.close(fifo)
        return True

    def revive_controller(self) -> None:
        """Start a controller when work is under way and the one that was at it is gone."""
        if (
            self.store.is_file
            and not self.controller_runs()
            and (self.store.open_commands() or self.store.live_agents())
        ):
            self._start_controller()

    def _start_controller(self) -> None:
        self._keep_settings()
        log = self.state / "controller.log"
        mode = "ab" if log.exists() and log.stat().st_size < _LOG_LIMIT else "wb"
        with log.open(mode) as output:
            # Not waited for on purpose: it outlives us, and init or our own end takes it up.
            _children.append(
                _Outliving(
                    self.controller_command(),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd=self.root,
                    start_new_session=True,
                )
            )
        _children[:] = [child for child in _children if child.poll() is None]


#: How work that others wait for stands, where the journal knows more than the roadmap.
_STANDS = {
    "failed": "failed",
    "held": "waits for your consent",
    "on_branch": "not merged",
    "verified": "not merged",
    "unverified": "not merged",
}


class _Outliving(subprocess.Popen[bytes]):
    """A process that goes on when we end, and of which Python need not warn then."""

    def __del__(self) -> None:
        pass


# Kept so that a long-lived caller collects no zombies.
_children: list[_Outliving] = []


def take_lock(lock: int) -> bool:
    """Take the controller's lock; a while is given for those who only look whether somebody has it."""
    for _ in range(_LOCK_TRIES):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.01)
    return False


def make_state_folder(repository: Repository) -> None:
    """Make `.orch`, readable for nobody else and ignored by git through a file of its own."""
    folder = repository.state
    folder.mkdir(mode=0o700, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", "utf-8")
    for name in ("agents", "checks", "worktrees"):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
