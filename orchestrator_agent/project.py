"""One repository with its settings, its plan and its journal: what every rule and every front end starts from."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from orchestrator_agent import git, settings
from orchestrator_agent import roadmap as plans
from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.git import Repository
from orchestrator_agent.model import Availability, WorkStream
from orchestrator_agent.roadmap import Roadmap
from orchestrator_agent.roadmap.availability import availability
from orchestrator_agent.settings import Settings
from orchestrator_agent.store import FILE_NAME, Store

_LOG_LIMIT = 1024 * 1024


class Project:
    """A repository that orch works in. Opening one writes nothing."""

    def __init__(self, start: Path | None = None, changes: Mapping[str, object] | None = None) -> None:
        """Find the repository around `start` (default: the current folder) and read its settings.

        Args:
            changes: settings from flags, as for `settings.with_changes`.

        Raises:
            RepositoryError, SettingsError: see there.
        """
        self.repository: Repository = git.discover((start or Path.cwd()).absolute())
        loaded = settings.load(self.repository.root)
        self.settings: Settings = settings.with_changes(loaded, **(changes or {}))
        self._store: Store | None = None

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
    def plan_path(self) -> str:
        """The roadmap's path, relative to the repository.

        Raises:
            RoadmapError: there is none, or it leads outside.
        """
        return plans.find_plan(self.root, self.settings.roadmap)

    def roadmap(self) -> Roadmap:
        """The roadmap as it lies in the working tree.

        Raises:
            RoadmapError: it cannot be read.
        """
        path = self.root / self.plan_path
        try:
            return plans.read(path.read_bytes(), self.plan_path)
        except OSError as error:
            raise RoadmapError(
                f"{self.plan_path} cannot be read ({error.strerror}); correct that and try again."
            ) from None

    def tip(self, branch: str) -> str:
        """The commit of a branch, or empty when there is no such branch."""
        return self.repository.commit_of(f"refs/heads/{branch}") or ""

    def roadmap_at(self, commit: str) -> Roadmap:
        """The roadmap as it is in a commit.

        Raises:
            RoadmapError: it is not in that commit, or cannot be read.
        """
        return plans.read(self.plan_bytes_at(commit), self.plan_path)

    def plan_bytes_at(self, commit: str) -> bytes:
        """The roadmap's bytes in a commit.

        Raises:
            RoadmapError: it is not in that commit.
        """
        if not commit:
            raise RoadmapError("The branch that work lands on does not exist any more; create it again.")
        content = self.repository.file_at(commit, self.plan_path)
        if content is None:
            commands = f"`git add {self.plan_path}` and `git commit`"
            raise RoadmapError(f"{self.plan_path} is not committed; do {commands} first.")
        return content

    def availability(self, roadmap: Roadmap) -> dict[str, Availability]:
        """What may start now: the roadmap's own word, and over it what the journal knows of running and held work."""
        found = availability(roadmap.work_streams)
        claims = {name.casefold() for name in self.store.claims()}
        live = {f.record.work_stream_id.casefold(): f.record for f in self.store.live_agents()}
        results = self.store.last_results()
        for stream in roadmap.work_streams:
            key = stream.id.casefold()
            if key in live:
                found[stream.id] = Availability(False, f"{live[key].id} is working on it", "running")
            elif key in claims:
                found[stream.id] = Availability(False, "it is being started, checked or merged", "running")
            elif (
                found[stream.id].available
                and key in results
                and results[key].outcome in ("held", "unverified", "on_branch", "verified")
            ):
                waits = "its work is verified and waits to be merged"
                said = waits if results[key].outcome == "verified" else results[key].reason
                found[stream.id] = Availability(False, said, "held")
            elif found[stream.id].available and (busy := self._conflicting(stream, live)):
                found[stream.id] = Availability(False, f"must not run beside {busy}", "conflict")
        return found

    def is_all_done(self) -> bool:
        """True when the roadmap holds work streams and each is complete or cancelled."""
        streams = self.roadmap().work_streams
        return bool(streams) and all(stream.is_closed for stream in streams)

    def _conflicting(self, stream: WorkStream, live: Mapping[str, object]) -> str | None:
        return next((other for other in stream.conflicts_with if other.casefold() in live), None)

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

    def wake_controller(self) -> None:
        """Tell the controller that there is something new in the journal; start one when none runs."""
        try:
            fifo = os.open(self.state / "wake", os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            pass  # nobody listens
        else:
            try:
                os.write(fifo, b"w")
            except OSError:
                pass  # a full pipe wakes it as well
            finally:
                os.close(fifo)
        if not self.controller_runs():
            self._start_controller()

    def revive_controller(self) -> None:
        """Start a controller when work is under way and the one that was at it is gone."""
        if (
            self.store.is_file
            and not self.controller_runs()
            and (self.store.open_commands() or self.store.live_agents())
        ):
            self._start_controller()

    def _start_controller(self) -> None:
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


class _Outliving(subprocess.Popen[bytes]):
    """A process that goes on when we end, and of which Python need not warn then."""

    def __del__(self) -> None:
        pass


# Kept so that a long-lived caller collects no zombies.
_children: list[_Outliving] = []


def make_state_folder(repository: Repository) -> None:
    """Make `.orch`, readable for nobody else and ignored by git through a file of its own."""
    folder = repository.state
    folder.mkdir(mode=0o700, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n", "utf-8")
    for name in ("agents", "checks", "worktrees"):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
