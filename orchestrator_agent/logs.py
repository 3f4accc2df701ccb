"""Reading what an attempt printed, also while its shim writes and rotates the segments that `shim.Log` tells of."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from pathlib import Path
from typing import BinaryIO

from orchestrator_agent import shim

#: The most bytes that one call reads from a log, and so the longest line that is kept whole.
_READ_BYTES = 1 << 20


def tail(directory: Path, limit: int = 4000, *, name: str = "out.log") -> str:
    """The last `limit` characters of a log (`out.log` or `err.log`); raw text of the agent, empty without one."""
    with contextlib.ExitStack() as stack:
        segments = _segments(directory, name, stack)
        if not segments:
            return ""
        end = segments[-1][0] + segments[-1][1]
        # No character of UTF-8 has more than four bytes.
        data = _read(segments, max(segments[0][0], end - 4 * limit), 4 * limit)
    return data.decode("utf-8", "replace")[-limit:] if limit > 0 else ""


def read_lines_from(directory: Path, offset: int, *, name: str = "out.log") -> tuple[list[str], int]:
    """Follow a log: the whole lines after byte `offset` of all that was printed, and the offset to go on from.

    At most 1 MiB a call; a longer line comes in parts. What is not there any more is skipped, up to the next
    line. The last line needs no line end once the attempt has ended. Raw text of the agent: print it through
    `terminal.clean`.
    """
    ended = (directory / "exit.json").exists()
    with contextlib.ExitStack() as stack:
        segments = _segments(directory, name, stack)
        if not segments:
            return [], offset
        start = max(offset, segments[0][0])
        data = _read(segments, start, _READ_BYTES)
        is_all = start + len(data) == segments[-1][0] + segments[-1][1]
    skipped = 0
    if start > offset:
        skipped = data.find(b"\n") + 1
    keep = data.rfind(b"\n") + 1
    if (keep == 0 and len(data) == _READ_BYTES) or (ended and is_all):
        keep = len(data)
    lines = data[skipped:keep].decode("utf-8", "replace").split("\n")
    if not lines[-1]:
        lines.pop()
    return lines, start + keep


def _segments(directory: Path, name: str, stack: contextlib.ExitStack) -> list[tuple[int, int, BinaryIO]]:
    """(first byte, size, file) of the segments of a log, oldest first; tried again when it rotates meanwhile."""
    for _ in range(50):
        files: list[BinaryIO] = []
        for path in (directory / f"{name}.1", directory / name):
            with contextlib.suppress(FileNotFoundError):
                files.append(stack.enter_context(path.open("rb")))
        begins = shim.read_json(directory / f"{name}.map")
        found: list[tuple[int, int, BinaryIO]] = []
        for file in files:
            status = os.fstat(file.fileno())
            begin = 0 if begins is None else begins.get(str(status.st_ino))
            if begin is not None:
                found.append((begin, status.st_size, file))
        is_whole = all(left[0] + left[1] == right[0] for left, right in itertools.pairwise(found))
        if not files or (is_whole and len(found) == (1 if begins is None else 2)):
            return found
        time.sleep(0.001)
    return found[-1:]  # the shim died while it rotated


def _read(segments: list[tuple[int, int, BinaryIO]], start: int, limit: int) -> bytes:
    data = b""
    for begin, size, file in segments:
        position = start + len(data)
        if begin <= position < begin + size and len(data) < limit:
            file.seek(position - begin)
            data += file.read(min(limit - len(data), begin + size - position))
    return data
