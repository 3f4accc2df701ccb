"""Attempts: preparing, launching, observing, stopping and sweeping what the shims run; `logs` reads what it printed.

An attempt is one directory, started at most once; `shim.py` says what is in it. All calls are idempotent, and
none trusts a process id: the held lock says whether a shim lives.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator_agent import processes, shim
from orchestrator_agent.errors import OrchError

_POLL_SECONDS = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """Whom the shim tells about the end."""

    #: FIFO that gets one byte.
    fifo: str
    #: When nobody holds a flock on this file, `argv` is started, in `cwd`, with the environment of `launch`.
    lock: str
    argv: tuple[str, ...]
    cwd: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchSpec:
    """What a shim runs, and its limits."""

    agent_id: str
    #: Never given to a shell.
    argv: tuple[str, ...]
    #: Absolute.
    cwd: str
    #: The whole environment; the shim adds ORCH_AGENT_ID where it is missing, and ORCH_ATTEMPT_FOLDER, by
    #: which `sweep` finds descendants.
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: A file whose bytes go to stdin; None for nothing. `prepare` can write it.
    stdin_file: str | None = None
    #: Leave stdin open for `send_frame`, until `close_stdin`.
    keep_stdin: bool = False
    #: A file that is locked for the life of the shim; a second agent of the same session does not start.
    session_lock: str | None = None
    #: One log for stdout and stderr, or `err.log` for the latter.
    merge_stderr: bool = True
    #: Wall clock without suspended time; None for no limit.
    timeout_seconds: float | None = None
    #: Between SIGTERM and SIGKILL.
    grace_seconds: float = 5.0
    #: Each log keeps the last one to two times this.
    segment_bytes: int = 32 * 1024 * 1024
    #: Stop the tree when the shim's own stdin ends, that is, when whoever launched it has died.
    tether: bool = False
    wake: Wake | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitRecord:
    """How an attempt ended, as its shim recorded it."""

    agent_id: str
    #: "exited" (by itself, or by a signal of somebody else), "stopped", "timeout" or "not_started".
    reason: str
    #: Exactly one is set when the agent's program ran.
    code: int | None = None
    signal: int | None = None
    #: Why it did not start or was ended; may hold text of the command line.
    message: str = ""
    #: Unix seconds.
    started_at: float = 0.0
    ended_at: float = 0.0
    #: By the monotonic clock.
    duration_seconds: float = 0.0
    #: Output that is in no log any more, because of its size or a full disk.
    dropped_bytes: int = 0
    #: Processes that SIGKILL did not end within five seconds.
    survivors: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """What the files of an attempt say. Neither alive nor ended, but started: its shim died."""

    #: A shim holds the lock.
    alive: bool
    #: It was started, ever.
    started: bool
    exit: ExitRecord | None
    #: Its tree stands still.
    paused: bool = False
    #: Its stdin was closed, or is about to be.
    closing: bool = False


def prepare(directory: Path, spec: LaunchSpec, stdin: bytes | None = None) -> None:
    """Write what a shim needs, durably. Does nothing for an attempt that was started.

    Args:
        directory: the attempt's own, below `.orch`; made with mode 0700 when missing.
        spec: what to run.
        stdin: bytes for the agent's stdin; they become `spec.stdin_file`.

    Raises:
        OrchError: `directory` or the folder above it is a symbolic link, or not ours.
        OSError: the disk is full.
    """
    directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    for folder in (directory.parent, directory):
        if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
            raise OrchError(f"{folder} is a symbolic link or belongs to somebody else; remove it.")
    directory.chmod(0o700)
    if (directory / "start.json").exists():
        return
    if spec.keep_stdin:
        (directory / "frames" / "taken").mkdir(mode=0o700, parents=True, exist_ok=True)
    if stdin is not None:
        shim.write_file(str(directory / "stdin"), stdin)
        spec = dataclasses.replace(spec, stdin_file=str(directory.absolute() / "stdin"))
    shim.write_file(str(directory / "spec.json"), json.dumps(dataclasses.asdict(spec)).encode())


def launch(directory: Path, *, tether_fd: int | None = None) -> None:
    """Start the shim of a prepared attempt, unless it was started before; from its return on, `observe` says alive.

    The shim belongs to no session of ours and outlives us. We take the lock and hand it over, so that there is
    no moment in which a launched attempt looks like one that never was.

    Args:
        directory: as prepared.
        tether_fd: for a spec with `tether`, the read end of a pipe whose other end only the caller has.

    Raises:
        OrchError: the interpreter could not be run.
    """
    lock = shim.take_lock(str(directory))
    if lock is None:
        return
    try:
        if not (directory / "start.json").exists():
            _start_shim(directory, lock, subprocess.DEVNULL if tether_fd is None else tether_fd)
    finally:
        os.close(lock)


def _start_shim(directory: Path, lock: int, stdin: int) -> None:
    log = os.open(directory / "shim.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    argv = [sys.executable, "-I", "-S", "-E", shim.__file__, str(directory.absolute()), str(lock)]
    try:
        started = subprocess.Popen(
            argv,
            stdin=stdin,
            stdout=subprocess.DEVNULL,
            stderr=log,
            cwd="/",
            start_new_session=True,
            pass_fds=(lock,),
        )
    except OSError as error:
        raise OrchError(f"{sys.executable} cannot be run ({error.strerror}); install Orchestrator again.") from None
    finally:
        os.close(log)
    # It forks and leaves, so this takes milliseconds, and no child of ours is left to be reaped.
    if started.wait() != 0:
        raise OrchError(f"The supervisor of an agent could not start; see {directory / 'shim.log'}.")


def observe(directory: Path) -> Observation:
    """What is true of an attempt now. A directory that is missing was never started."""
    place = os.fspath(directory)  # text, because a controller looks at each agent in every step
    # In this order: a record that exists was there before the lock went.
    alive = _is_held(place)
    record = shim.read_json(f"{place}/exit.json")
    return Observation(
        alive,
        os.path.exists(f"{place}/start.json"),  # noqa: PTH110
        _exit_record(record) if record else None,
        alive and os.path.exists(f"{place}/paused"),  # noqa: PTH110
        os.path.exists(f"{place}/frames/{shim.CLOSE}"),  # noqa: PTH110
    )


def wait(directory: Path, timeout: float | None) -> ExitRecord | None:
    """The exit record, as soon as there is one; None when the shim is dead without one, or after `timeout` seconds."""
    end = None if timeout is None else time.monotonic() + timeout
    while True:
        seen = observe(directory)
        if seen.exit or not seen.alive or (end is not None and time.monotonic() >= end):
            return seen.exit
        time.sleep(_POLL_SECONDS)


def request_stop(directory: Path, *, now: bool = False) -> bool:
    """Ask the shim to end its tree: politely, then by force after the grace, or at once with `now`.

    Returns at once; `wait` tells when it is done. Needs no controller. A shim that is suspended goes on.

    Returns:
        False when nothing runs there: never launched, ended, or its shim died (then `sweep`).
    """
    if not _is_held(directory) or (directory / "exit.json").exists():
        return False
    # The file first: a shim that has not written start.json yet looks for it afterwards.
    fd = os.open(directory / ("stop-now" if now else "stop"), os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    os.close(fd)
    if not (directory / "start.json").exists():
        return _is_held(directory)
    return _signal(directory, signal.SIGUSR1 if now else signal.SIGTERM, signal.SIGCONT)


def kill_shim(directory: Path) -> bool:
    """Kill a shim that does not answer; what it leaves is for `sweep`. False when none is there."""
    return _is_held(directory) and _signal(directory, signal.SIGKILL)


def _signal(directory: Path, *numbers: int) -> bool:
    start = shim.read_json(directory / "start.json")
    if start is None or start.get("boot_id") != shim.boot_id():
        return False
    return all([processes.signal_exactly(start["pid"], start["start_time"], number) for number in numbers])


def send_frame(directory: Path, name: str, frame: bytes) -> None:
    """Leave one line for the stdin of an agent launched with `keep_stdin`: it gets each name once, in their order.

    The line is kept until the agent can take it, also while it stands still and whoever may be killed meanwhile.

    Args:
        name: of letters and digits; a second frame of the same name is not sent.

    Raises:
        OSError: the disk is full, or there is no such agent.
    """
    folder = directory / "frames"
    # In this order: the shim moves a frame from the first place to the second.
    if not (folder / name).exists() and not (folder / "taken" / name).exists():
        # Not synced: no agent outlives a crash of the machine.
        fresh = folder / f"{name}.tmp"
        fresh.write_bytes(frame)
        fresh.chmod(0o600)
        fresh.replace(folder / name)
        _signal(directory, signal.SIGUSR2)


def close_stdin(directory: Path) -> None:
    """End the stdin of an agent when it has all frames that were sent before; later ones it does not get.

    Raises:
        OSError: as `send_frame`.
    """
    send_frame(directory, shim.CLOSE, b"")


def request_pause(directory: Path, *, paused: bool) -> None:
    """Have the tree of an agent stand still, or go on; returns at once, `observe` tells when it does.

    Raises:
        OSError: as `send_frame`.
    """
    place = directory / "pause"
    if paused == place.exists():
        return
    place.touch(mode=0o600) if paused else place.unlink()
    _signal(directory, signal.SIGUSR2)


def run(directory: Path, spec: LaunchSpec, stdin: bytes | None = None) -> ExitRecord:
    """Run a program to its end, with all guarantees of an attempt; it is stopped when we die or are interrupted.

    Args:
        directory: a new one; one that was run before gives its old record.
        spec: what to run; `tether` is set.
        stdin: bytes for its stdin.

    Raises:
        OrchError, OSError: as `prepare` and `launch`.
    """
    prepare(directory, dataclasses.replace(spec, tether=True), stdin)
    read, write = os.pipe()
    try:
        try:
            launch(directory, tether_fd=read)
        finally:
            os.close(read)
        record = wait(directory, None)
    except BaseException:
        request_stop(directory)
        wait(directory, spec.grace_seconds + shim.KILL_SECONDS + 1)
        raise
    finally:
        os.close(write)
    if record is None:
        left, why = tuple(sweep(directory, None)), "Its supervisor was killed."
        return ExitRecord(agent_id=spec.agent_id, reason="stopped", message=why, ended_at=time.time(), survivors=left)
    return record


def sweep(directory: Path, worktree: Path | None) -> list[int]:
    """End every process that an attempt left behind when its shim died, and everything below these.

    Which these are is told in `processes`. A shell that a person opened in the worktree is left alone.

    Args:
        directory: of the attempt; its shim is dead.
        worktree: where its agent worked, to find daemons that emptied their environment; None not to look there.

    Returns:
        Processes that SIGKILL did not end; normally none.

    Raises:
        OrchError: the shim lives; stop it instead.
    """
    if _is_held(directory):
        raise OrchError(f"The agent in {directory} still runs; stop it first.")
    # Its files may be half removed: then the environment alone tells its processes.
    start = shim.read_json(directory / "start.json")
    same_boot = start is not None and start.get("boot_id") == shim.boot_id()
    return processes.end_all(directory, worktree, start["start_time"] if start and same_boot else None)


def _is_held(directory: Path | str) -> bool:
    try:
        fd = os.open(f"{directory}/lock", os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _exit_record(record: dict[str, Any]) -> ExitRecord | None:
    known = {item.name for item in dataclasses.fields(ExitRecord)}
    values = {key: value for key, value in record.items() if key in known}
    try:
        return ExitRecord(**{**values, "survivors": tuple(values.get("survivors", ()))})
    except TypeError:
        return None
