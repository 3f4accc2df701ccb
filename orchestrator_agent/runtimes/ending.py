"""What runtimes share: how a process ended, in one line, and the end of what it printed."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

from orchestrator_agent.runtimes import Exit, Judgement
from orchestrator_agent.terminal import clean

LINE_LIMIT = 2000
_REASON_LIMIT = 300


def judge_exit(exit: Exit, output: Path) -> Judgement:
    """For agents whose exit code is all that they say."""
    if exit.reason == "exited" and exit.code == 0:
        return Judgement(completed=True, reason="ended with exit code 0")
    reason = describe_exit(exit)
    if exit.reason == "exited" and (last := last_line(output)):
        reason = f"{reason}: {last}"
    return Judgement(completed=False, reason=clean(reason, _REASON_LIMIT))


def describe_exit(exit: Exit) -> str:
    """How the process ended, without a full stop."""
    if exit.reason == "timeout":
        return "reached its time limit"
    if exit.reason == "stopped":
        return "was stopped"
    if exit.reason == "not_started":
        return "could not be started" + (f": {clean(exit.message, 200)}" if exit.message else "")
    if exit.signal:
        return f"was ended by {_signal_name(exit.signal)}"
    if exit.code is None:
        return "ended without an exit code"
    return f"ended with exit code {exit.code}"


def tail(path: Path, limit: int) -> bytes:
    """At most `limit` bytes from the end of a file and, where it is shorter, of the segment before it (path + ".1")."""
    data = b""
    for segment in (path, path.with_name(path.name + ".1")):
        try:
            with segment.open("rb") as file:
                size = file.seek(0, 2)
                file.seek(max(0, size - (limit - len(data))))
                data = file.read(limit - len(data)) + data
        except OSError:
            continue
        if len(data) >= limit:
            break
    return data


def last_line(path: Path) -> str:
    """The last line of a file that holds anything, cleaned and cut; empty when there is none."""
    for line in reversed(tail(path, 4096).decode("utf-8", "replace").splitlines()):
        if text := clean(line, 200).strip():
            return text
    return ""


def readable_line(line: str) -> str | None:
    """For agents that print plain text."""
    return clean(line.rstrip(), LINE_LIMIT) or None


def missing_program(program: str, repository: Path) -> bool:
    """True when `program` is neither on PATH nor, when it holds a slash, an executable in the repository."""
    if "/" in program:
        return shutil.which(str(repository / program)) is None
    return shutil.which(program) is None


def _signal_name(value: int | str) -> str:
    try:
        return signal.Signals(int(value)).name
    except ValueError:
        return clean(str(value), 40)
