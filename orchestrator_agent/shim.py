"""The shim: the small parent process of one agent, which outlives the controller and the terminal.

    python -I -S -E shim.py ATTEMPT_DIRECTORY [LOCK_FD]

It is run by its path in a bare interpreter (a few MB, some 20 ms), so it imports the standard library only and
nothing of this package; the package imports its helpers from here. With LOCK_FD, an inherited descriptor that
holds the lock already, it leaves its caller at once; without, it stays in the foreground.

Files of an attempt directory, all of mode 0600:

    spec.json     what to run, written before the start; its variables' values are removed once they are read
    lock          held with flock for the shim's life: the proof of life
    start.json    {pid, start_time, boot_id, started_at}; where it exists, the attempt is never started again
    out.log       what the agent prints; out.log.1 is the segment before it, out.log.map where each begins
    err.log       the same for stderr, unless it is merged
    frames/       files whose lines go to the agent's stdin, when that stays open, in the order of their names, each
                  once; a file is moved to frames/taken when the agent's pipe has it. `~close` closes the pipe
    pause         while it is there, the whole tree stands still and its time limit does not run
    paused        there while it does stand still
    stop          a request to stop that also holds when the agent is only about to start
    stop-now      the same without grace
    exit.json     how it ended; there before the lock is free

A shim whose directory is removed or moved away ends its tree, because nobody could stop it any more, and itself.

Exit codes: 0 recorded, 70 failed itself (nothing recorded, the tree ended), 75 the lock is held, 76 started before.
"""

# pathlib and typing would add a third to the time of a start.
# ruff: noqa: PTH104, PTH108, PTH110, PTH116, PTH118, PTH120, PTH123, PTH208

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

LINUX = sys.platform.startswith("linux")
EXIT_FAILED, EXIT_LOCKED, EXIT_STARTED = 70, 75, 76
#: Seconds for descendants that the agent left behind, between SIGTERM and SIGKILL.
LEFTOVER_GRACE = 1.0
#: Seconds after which processes that SIGKILL did not end are recorded as survivors.
KILL_SECONDS = 5.0
#: How often a shim looks whether its directory is still there, in seconds.
_LOOK_SECONDS = 1.0
_DRAIN_SECONDS = 1.0
_CHUNK = 65536
_STDIN_LIMIT = 1 << 20
#: The frame that closes the agent's stdin; its name stands behind all others.
CLOSE = "~close"
# Written in full at the start, so that the end can be recorded on a full disk.
_RECORD_BYTES = 8192
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def write_file(path: str, data: bytes, *, size: int = 0) -> None:
    """Replace `path` by `data`, atomically and durably, mode 0600.

    With `size`, spaces fill up to that many bytes, and a `path`.tmp of that size is overwritten in place, which
    needs no free disk.

    Raises:
        OSError: the old file, if any, is unchanged.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | (0 if size else os.O_TRUNC)
    fd = os.open(f"{path}.tmp", flags, 0o600)
    try:
        write_all(fd, data.ljust(size))
        # A Mac's fsync leaves the data in the drive's cache.
        fcntl.fcntl(fd, fcntl.F_FULLFSYNC) if hasattr(fcntl, "F_FULLFSYNC") else os.fsync(fd)
    finally:
        os.close(fd)
    os.rename(f"{path}.tmp", path)
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_all(fd: int, data: bytes) -> None:
    """Write every byte of `data` to a blocking descriptor."""
    while data:
        data = data[os.write(fd, data) :]


def read_json(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """The JSON object in a file; None when there is no such file, or something else in it."""
    try:
        with open(path, "rb") as file:
            value = json.load(file)
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def take_lock(directory: str, patience: float = 1.0) -> int | None:
    """A descriptor that holds the attempt's lock, or None when another process holds it.

    Whoever observes the attempt holds the lock, shared, for an instant; so a busy lock is tried again for
    `patience` seconds unless `start.json` says that a shim has it.
    """
    fd = os.open(os.path.join(directory, "lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return fd
        except BlockingIOError:
            if os.path.exists(os.path.join(directory, "start.json")) or time.monotonic() > end:
                os.close(fd)
                return None
        time.sleep(0.005)


def is_at(fd: int, path: str) -> bool:
    """True while the open file `fd` is what `path` leads to; a place that cannot be looked at counts as unchanged."""
    mine = os.fstat(fd)
    try:
        there = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)


def proc_stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the third on (state, ppid, pgrp, session, tty, ...), see proc(5)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The second field is the program's name, in parentheses, and may hold anything.
            return file.read().rpartition(b")")[2].decode("ascii").split()
    except (OSError, ValueError):
        return None


def start_time(pid: int) -> str:
    """When process `pid` started, in a form that only serves to be compared; empty when there is none."""
    if LINUX:
        fields = proc_stat(pid)
        return fields[19] if fields else ""
    return output("ps", "-o", "lstart=", "-p", str(pid)).strip()


def boot_id() -> str:
    """A name of this boot of the machine."""
    if LINUX:
        try:
            with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
                return file.read().strip()
        except OSError:  # a bare sandbox
            return ""
    return output("sysctl", "-n", "kern.bootsessionuuid").strip()


def family(root: int, group: int = 0) -> Iterator[int]:
    """Every process below `root`, parents first, each named as soon as it is known.

    Where there is no /proc, also the members of process group `group`, because orphans leave the tree there.
    """
    table = None if _HAS_CHILDREN else _table()
    queue, seen = [root], {root}
    if table and group:
        queue += [pid for pid, (_, pgid) in table.items() if pgid == group]
    for pid in queue:
        if pid != root:
            yield pid
        for child in _children(pid) if table is None else [p for p, (parent, _) in table.items() if parent == pid]:
            if child not in seen:
                seen.add(child)
                queue.append(child)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
    return found


def _table() -> dict[int, tuple[int, int]]:
    rows = (line.split() for line in output("ps", "-A", "-o", "pid=,ppid=,pgid=").splitlines())
    return {int(row[0]): (int(row[1]), int(row[2])) for row in rows if len(row) == 3}


def output(*argv: str) -> str:
    """What a program prints; empty when it fails."""
    import subprocess

    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False).stdout


_HAS_CHILDREN = os.path.exists(f"/proc/self/task/{os.getpid()}/children")


def send_signal(pid: int, number: int) -> None:
    """Send a signal; a process that is gone, or not ours, is no error."""
    with contextlib.suppress(OSError):
        os.kill(pid, number)


class Log:
    """A file of at most `limit` bytes and the one before it; `dropped` counts the bytes that neither holds.

    A disk that is full costs output, never the agent.
    """

    def __init__(self, path: str, limit: int) -> None:
        self.path, self.limit = path, max(1, limit)
        self.fd = self._open(path)
        self.base = self.size = self.previous = self.dropped = 0

    def write(self, data: bytes) -> None:
        """Append `data`, rotating at exactly `limit` bytes."""
        while data:
            try:
                if self.size >= self.limit:
                    self._rotate()
                written = os.write(self.fd, data[: self.limit - self.size])
            except OSError:
                self.dropped += len(data)
                return
            self.size += written
            data = data[written:]

    def _rotate(self) -> None:
        fresh = self._open(f"{self.path}.new")
        begins = {os.fstat(self.fd).st_ino: self.base, os.fstat(fresh).st_ino: self.base + self.size}
        try:
            # First the map, by inode, so that a reader in the middle of the two renames is not misled.
            # Not synced: it has no meaning after a crash of the machine that an agent would survive.
            with open(f"{self.path}.map.new", "w", encoding="ascii") as file:
                json.dump(begins, file)
            os.rename(f"{self.path}.map.new", f"{self.path}.map")
            os.rename(self.path, f"{self.path}.1")
            os.rename(f"{self.path}.new", self.path)
        except OSError:
            os.close(fresh)
            raise
        os.close(self.fd)
        self.dropped += self.previous
        self.fd, self.previous, self.base, self.size = fresh, self.size, self.base + self.size, 0

    @staticmethod
    def _open(path: str) -> int:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW, 0o600)


class Shim:
    """One agent, from its start to the record of its end."""

    def __init__(self, directory: str, spec: dict[str, Any], umask: int, lock: int) -> None:
        self.directory, self.spec, self.umask, self.lock = directory, spec, umask, lock
        self.me = os.getpid()
        self.pid = 0  # the agent's, and of its session and process group
        self.status: int | None = None
        self.childless = True
        self.stop_asked = self.now_asked = False
        self.logs: dict[int, Log] = {}
        self.dropped: list[Log] = []
        self.stdin = self.session = -1
        self.to_stdin = b""
        self.in_hand: list[str] = []  # frames that are on their way through the pipe
        self.close_stdin = not spec["keep_stdin"]
        self.next_look = 0.0
        self.frozen_at, self.frozen = 0.0, 0.0  # since when, and how long before that. Seconds
        self.tether = 0 if spec["tether"] else -1
        self.started_at, self.started = time.time(), time.monotonic()
        self.wakeup, wakeup = os.pipe()
        os.set_blocking(self.wakeup, False)
        os.set_blocking(wakeup, False)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD):
            signal.signal(number, self._on_signal)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)

    def _on_signal(self, number: int, _frame: object) -> None:
        self.stop_asked |= number not in (signal.SIGCHLD, signal.SIGUSR2)
        self.now_asked |= number == signal.SIGUSR1
        if number == signal.SIGUSR2:
            self.next_look = 0.0

    def _path(self, name: str) -> str:
        return os.path.join(self.directory, name)

    def run(self) -> None:
        """Start the agent, see it to its end, and record that."""
        self._record_start()
        # A request made before start.json could be read is only a file, one made later is also a signal.
        if self.stop_asked or os.path.exists(self._path("stop")) or os.path.exists(self._path("stop-now")):
            return self._record_end("stopped", "It was stopped before it started.", [])
        if not self._hold_session():
            return self._record_end("not_started", "another agent works in its session", [])
        if message := self._spawn():
            return self._record_end("not_started", message, [])
        reason = self._watch()
        self._end_politely(LEFTOVER_GRACE if reason == "exited" else self.spec["grace_seconds"])
        survivors = self.kill()
        end = time.monotonic() + _DRAIN_SECONDS
        while self.logs and (left := end - time.monotonic()) > 0:
            self._pump(left)
        message = f"It ran longer than {self.spec['timeout_seconds']:g} seconds." if reason == "timeout" else ""
        if reason != "gone":
            self._record_end(reason, message, survivors)

    def _hold_session(self) -> bool:
        """Take the lock of a session for our life; the programs that keep sessions have none of their own."""
        path = self.spec.get("session_lock")
        if path is None:
            return True
        self.session = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self.session, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _record_start(self) -> None:
        write_file(self._path("reserve"), b"", size=_RECORD_BYTES)
        os.rename(self._path("reserve"), self._path("exit.json.tmp"))
        me = {"pid": self.me, "start_time": start_time(self.me), "boot_id": boot_id()}
        write_file(self._path("start.json"), json.dumps({**me, "started_at": self.started_at}).encode())
        # A full disk must not hinder the start; the folder is closed to others anyway.
        with contextlib.suppress(OSError):
            write_file(self._path("spec.json"), json.dumps({**self.spec, "env": sorted(self.spec["env"])}).encode())

    def _record_end(self, reason: str, message: str, survivors: list[int]) -> None:
        code = None if self.status is None else os.waitstatus_to_exitcode(self.status)
        record = {
            "agent_id": self.spec["agent_id"],
            "reason": reason,
            "code": code if code is not None and code >= 0 else None,
            "signal": -code if code is not None and code < 0 else None,
            "message": message,
            "started_at": self.started_at,
            "ended_at": time.time(),
            "duration_seconds": round(time.monotonic() - self.started, 3),
            "dropped_bytes": sum(log.dropped for log in self.dropped),
            "survivors": survivors[:100],
        }
        write_file(self._path("exit.json"), json.dumps(record).encode(), size=_RECORD_BYTES)

    def _spawn(self) -> str:
        """Start the agent; what hindered it, or an empty string."""
        try:
            stdin = self._open_stdin()
        except OSError as error:
            return f"cannot read its input: {error.strerror}"
        out = self._open_log("out.log")
        err = out if self.spec["merge_stderr"] else self._open_log("err.log")
        report, report_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._become_agent(stdin, out, err, report_end)
        for fd in {stdin, out, err, report_end}:
            os.close(fd)
        # The other end closes when the program runs.
        message = os.read(report, _CHUNK).decode("utf-8", "replace")
        os.close(report)
        if message:
            os.waitpid(pid, 0)
        self.pid = pid
        return message

    def _open_stdin(self) -> int:
        path, keep = self.spec["stdin_file"], self.spec["keep_stdin"]
        if path is None and not keep:
            return os.open(os.devnull, os.O_RDONLY)
        if path is not None:
            with open(path, "rb") as file:
                self.to_stdin = file.read()
        read, self.stdin = os.pipe()
        os.set_blocking(self.stdin, False)
        return read

    def _open_log(self, name: str) -> int:
        read, write = os.pipe()
        os.set_blocking(read, False)
        self.logs[read] = Log(self._path(name), self.spec["segment_bytes"])
        self.dropped.append(self.logs[read])
        return write

    def _become_agent(self, stdin: int, out: int, err: int, report: int) -> None:
        """The life of the forked child up to its program."""
        step = "start"
        try:
            _forget_parent(self.umask)
            for number, fd in enumerate((stdin, out, err)):
                os.dup2(fd, number)
            _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            # The shim may have died before that took hold.
            if os.getppid() != self.me:
                os._exit(127)
            step = f"enter {self.spec['cwd']}"
            os.chdir(_encode(self.spec["cwd"]))
            argv, step = self.spec["argv"], f"run {self.spec['argv'][0]}"
            env = {"ORCH_AGENT_ID": self.spec["agent_id"], **self.spec["env"], "ORCH_ATTEMPT_FOLDER": self.directory}
            environ = {_encode(key): _encode(value) for key, value in env.items()}
            os.execvpe(_encode(argv[0]), [_encode(word) for word in argv], environ)
        except Exception as error:
            why = (error.strerror if isinstance(error, OSError) else None) or str(error)
            os.write(report, f"cannot {step[:1000]}: {why[:500]}".encode("utf-8", "replace"))
        finally:
            os._exit(127)

    def _watch(self) -> str:
        """Wait until the agent must end, or has; the reason."""
        limit = self.spec["timeout_seconds"]
        while True:
            self._reap()
            if self.status is not None:
                return "exited"
            if self.stop_asked:
                return "stopped"
            if not is_at(self.lock, self._path("lock")):
                return "gone"
            self._look()
            left = _LOOK_SECONDS
            if limit is not None and not self.frozen_at:
                left = self.started + self.frozen + limit - time.monotonic()
            if left <= 0:
                return "timeout"
            self._pump(min(left, _LOOK_SECONDS))

    def _look(self) -> None:
        """See what our files ask for: at once after SIGUSR2, else now and then."""
        if time.monotonic() < self.next_look:
            return
        self.next_look = time.monotonic() + _LOOK_SECONDS
        if os.path.exists(self._path("pause")):
            self._freeze()
        elif self.frozen_at:
            self._thaw()
        self._fetch_frames()

    def _freeze(self) -> None:
        """Stop every process of the tree, until none is left that could start another."""
        self.frozen_at = self.frozen_at or time.monotonic()
        for _ in range(100):
            running = [pid for pid in family(self.me, self.pid) if not _stands_still(pid)]
            if not running:
                break
            for pid in running:
                send_signal(pid, signal.SIGSTOP)
            time.sleep(0.001)
        with contextlib.suppress(OSError):  # a full disk must not hinder it
            os.close(os.open(self._path("paused"), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600))

    def _thaw(self) -> None:
        self.frozen += time.monotonic() - self.frozen_at
        self.frozen_at = 0.0
        for pid in list(family(self.me, self.pid)):
            send_signal(pid, signal.SIGCONT)
        with contextlib.suppress(OSError):
            os.unlink(self._path("paused"))

    def _fetch_frames(self) -> None:
        """Take what is to go to the agent's stdin; nothing while it stands still, so that it gets that afterwards."""
        if self.stdin < 0 or self.close_stdin or self.frozen_at or self.in_hand:
            return
        folder = self._path("frames")
        for name in sorted(os.listdir(folder)):
            if name.endswith((".tmp", "taken")):
                continue
            if name == CLOSE:
                self.close_stdin = True
            if self.close_stdin or len(self.to_stdin) > _STDIN_LIMIT:
                return
            with open(os.path.join(folder, name), "rb") as file:
                self.to_stdin += file.read().rstrip(b"\n") + b"\n"
            self.in_hand.append(name)

    def _let_frames_go(self) -> None:
        folder = self._path("frames")
        for name in self.in_hand:
            with contextlib.suppress(OSError):
                os.rename(os.path.join(folder, name), os.path.join(folder, "taken", name))
        if self.in_hand:
            self.in_hand, self.next_look = [], 0.0

    def _end_politely(self, grace: float) -> None:
        for pid in list(family(self.me, self.pid)):
            send_signal(pid, signal.SIGTERM)
            send_signal(pid, signal.SIGCONT)
        if self.frozen_at:
            self._thaw()
        end = time.monotonic() + grace
        while not self._is_empty() and not self.now_asked and not os.path.exists(self._path("stop-now")):
            if self.status is not None:
                end = min(end, time.monotonic() + LEFTOVER_GRACE)
            if (left := end - time.monotonic()) <= 0:
                return
            self._pump(min(left, 0.1))

    def kill(self) -> list[int]:
        """End the whole tree by force; the processes that could not be ended."""
        begin = time.monotonic()
        while not self._is_empty():
            # A process that forks faster than it is found is only caught by looking again at once.
            for pid in family(self.me, self.pid):
                send_signal(pid, signal.SIGKILL)
            if time.monotonic() - begin > KILL_SECONDS:
                return list(family(self.me, self.pid))
            if time.monotonic() - begin > 1:
                time.sleep(0.01)
        return []

    def _is_empty(self) -> bool:
        self._reap()
        # A subreaper without children has no descendants; elsewhere orphans have left the tree.
        return self.childless and (LINUX or not any(family(self.me, self.pid)))

    def _reap(self) -> None:
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    self.childless = False
                    return
                if pid == self.pid:
                    self.status = status
        except ChildProcessError:
            self.childless = True

    def _pump(self, seconds: float | None) -> None:
        """Move what can be moved between the pipes; wait at most `seconds` for something to do."""
        if self.stdin >= 0 and not self.to_stdin and self.close_stdin:
            self._close_stdin()
        reads = [self.wakeup, *self.logs]
        reads += [self.tether] if self.tether >= 0 else []
        writes = [self.stdin] if self.stdin >= 0 and self.to_stdin else []
        readable, writable, _ = select.select(reads, writes, [], seconds)
        for fd in readable:
            with contextlib.suppress(BlockingIOError):
                self._take(fd, os.read(fd, _CHUNK))
        if writable:
            try:
                self.to_stdin = self.to_stdin[os.write(self.stdin, self.to_stdin[:_CHUNK]) :]
            except BlockingIOError:
                pass
            except OSError:
                self._close_stdin()
            if not self.to_stdin and self.stdin >= 0:
                self._let_frames_go()

    def _take(self, fd: int, data: bytes) -> None:
        if fd == self.tether and not data:
            self.stop_asked, self.tether = True, -1
        elif fd in self.logs and data:
            self.logs[fd].write(data)
        elif fd in self.logs:
            os.close(fd)
            del self.logs[fd]

    def _close_stdin(self) -> None:
        os.close(self.stdin)
        self.stdin, self.to_stdin = -1, b""


def _prctl(option: int, value: int) -> None:
    if LINUX:
        import ctypes

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _encode(text: str) -> bytes:
    # Independent of the locale, which a bare interpreter may read otherwise than the caller did.
    return text.encode("utf-8", "surrogateescape")


def _stands_still(pid: int) -> bool:
    """True for a process that is stopped, or has ended. Without /proc nobody can say: then once is all."""
    if not LINUX:
        return "T" in output("ps", "-o", "stat=", "-p", str(pid)) or not start_time(pid)
    fields = proc_stat(pid)
    return not fields or fields[0] in "TtZX"


def _forget_parent(umask: int) -> None:
    """In a forked child: own session, the caller's umask, signals as a new process expects them."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.setsid()
    os.umask(umask)


def _wake(target: dict[str, Any], umask: int) -> None:
    """Tell the controller through its FIFO; start one when nobody holds its lock."""
    # Nobody may read it, or so many bytes may wait in it that one more says nothing.
    with contextlib.suppress(OSError):
        fifo = os.open(target["fifo"], os.O_WRONLY | os.O_NONBLOCK)
        os.write(fifo, b"\n")
        os.close(fifo)
    try:
        lock = os.open(target["lock"], os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        os.close(lock)
    except OSError:
        return
    if os.fork():
        return
    try:
        _forget_parent(umask)
        os.chdir(_encode(target["cwd"]))
        null = os.open(os.devnull, os.O_RDWR)
        for number in range(3):
            os.dup2(null, number)
        os.execvp(_encode(target["argv"][0]), [_encode(word) for word in target["argv"]])
    finally:
        os._exit(127)


def main(argv: list[str]) -> int:
    """Run the shim of one attempt directory; its exit code."""
    directory = os.path.realpath(argv[1])
    if len(argv) > 2:
        lock: int | None = int(argv[2])
        os.set_inheritable(int(argv[2]), False)
        if os.fork():
            os._exit(0)
    else:
        lock = take_lock(directory)
    if lock is None:
        return EXIT_LOCKED
    if os.path.exists(os.path.join(directory, "start.json")):
        return EXIT_STARTED
    with contextlib.suppress(PermissionError):  # it leads a process group already
        os.setsid()
    with open(os.path.join(directory, "spec.json"), encoding="utf-8") as file:
        spec = json.load(file)
    umask = os.umask(0o077)
    shim = Shim(directory, spec, umask, lock)
    try:
        shim.run()
    except BaseException:
        shim.kill()
        raise
    os.close(lock)
    if spec["wake"] and os.path.exists(directory):
        _wake(spec["wake"], umask)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
