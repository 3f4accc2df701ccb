"""Finding and signalling processes that are no children of ours.

A process belongs to an agent when it has `ORCH_ATTEMPT_FOLDER=<folder>` in its environment. For daemons that emptied
theirs, all of this together serves as well: it works inside the agent's worktree, started after the agent, has
no terminal and no HOME, and its parent is process 1 or one of our own ancestors (the nearest subreaper). The last
three keep a person's shell, editor or tmux server in the worktree out of it: what people start has HOME.
Without /proc only the first holds. What is below such a process belongs to the agent, too.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from orchestrator_agent import shim

#: Between SIGTERM and SIGKILL for what a dead shim left.
_GRACE_SECONDS = 1.0


def signal_exactly(pid: int, start_time: str, number: int) -> bool:
    """Send a signal to the process `pid` that started at `start_time`, see `shim.start_time`, and to no other.

    Returns:
        False when that process is gone or not ours.
    """
    pidfd = None
    with contextlib.suppress(OSError, AttributeError):
        pidfd = os.pidfd_open(pid)
    try:
        # Compared after the pidfd is held: from then on it cannot become another process.
        if not start_time or shim.start_time(pid) != start_time:
            return False
        if pidfd is None:
            os.kill(pid, number)
        else:
            signal.pidfd_send_signal(pidfd, number)
        return True
    except OSError:
        return False
    finally:
        if pidfd is not None:
            os.close(pidfd)


def end_all(folder: Path, worktree: Path | None, since: str | None) -> list[int]:
    """End the processes of an agent whose shim is dead, until two looks find none.

    Args:
        folder: of the attempt, which no other agent of this machine has.
        worktree: where to look for daemons without environment, or None.
        since: the start time of the shim; None when that was in another boot, where only the environment counts.

    Returns:
        Processes that SIGKILL did not end within five seconds.
    """
    search = _Search(folder, worktree, since)
    begin, asked, clean = time.monotonic(), set[int](), 0
    while clean < 2:
        elapsed = time.monotonic() - begin
        if elapsed > _GRACE_SECONDS + shim.KILL_SECONDS:
            return sorted({pid for pid, _ in search.find()})
        found = False
        for pid, start_time in search.find():
            found = True
            if elapsed >= _GRACE_SECONDS:
                signal_exactly(pid, start_time, signal.SIGKILL)
            elif pid not in asked:
                asked.add(pid)
                signal_exactly(pid, start_time, signal.SIGTERM)
                signal_exactly(pid, start_time, signal.SIGCONT)
        clean = 0 if found else clean + 1
        if found and elapsed < _GRACE_SECONDS:
            time.sleep(0.01)
    return []


class _Search:
    """Repeated looks for the processes of one agent."""

    def __init__(self, folder: Path, worktree: Path | None, since: str | None) -> None:
        self.cookie = f"ORCH_ATTEMPT_FOLDER={os.path.realpath(folder)}"
        self.worktree = os.path.realpath(worktree) if worktree and shim.LINUX and since else None
        self.since = int(since) if self.worktree and since else 0
        self.ancestors = _ancestors()

    def find(self) -> Iterator[tuple[int, str]]:
        """(process, start time) of each, as soon as it is known; some may come twice."""
        if not shim.LINUX:
            yield from self._find_by_ps()
            return
        seen = set(self.ancestors)
        # Until a look shows nothing new: a process that forks and ends meanwhile is not in the list that was
        # read before, and its child is. The bound is for machines on which others fork without end.
        for _ in range(50):
            new = [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in seen]  # noqa: PTH208
            seen.update(new)
            for pid in new:
                fields = shim.proc_stat(pid)
                if fields and self._is_ours(pid, fields):
                    yield from self._with_descendants(pid)
            if not new:
                return

    def _with_descendants(self, pid: int) -> Iterator[tuple[int, str]]:
        for one in (pid, *shim.family(pid)):
            fields = shim.proc_stat(one)
            if one not in self.ancestors and fields and fields[0] not in "ZX":
                yield one, fields[19]

    def _is_ours(self, pid: int, fields: list[str]) -> bool:
        try:
            variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            if os.fsencode(self.cookie) in variables:
                return True
            parent, terminal, started = int(fields[1]), int(fields[4]), int(fields[19])
            if not self.worktree or terminal or started < self.since or parent not in {1, *self.ancestors}:
                return False
            if any(variable.startswith(b"HOME=") for variable in variables):
                return False
            cwd = os.readlink(f"/proc/{pid}/cwd").removesuffix(" (deleted)")  # noqa: PTH115 -- it may not exist
            return Path(cwd).is_relative_to(self.worktree)
        except OSError:  # it ended, or is another user's
            return False

    def _find_by_ps(self) -> Iterator[tuple[int, str]]:
        for line in shim.output("ps", "-A", "-E", "-o", "pid=,command=").splitlines():
            pid, _, command = line.strip().partition(" ")
            if f" {self.cookie} " in f"{command} " and int(pid) not in self.ancestors:
                yield int(pid), shim.start_time(int(pid))


def _ancestors() -> set[int]:
    """Ourselves and every process above us."""
    found, pid = {1}, os.getpid()
    while pid not in found and pid > 0:
        found.add(pid)
        fields = shim.proc_stat(pid)
        pid = int(fields[1]) if fields else os.getppid()
    return found
