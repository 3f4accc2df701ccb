"""A store's own program writes a status, where it is installed: on a copy, and only what may differ is taken over.

It knows what it derives from a status (times, reasons). What it prints is not read; when it fails, is slow, or changes
anything else, the status is written by us.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from orchestrator_agent.environment import allowed
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.document import MAX_BYTES

#: The program of each kind of store, by the name of the format.
PROGRAMS = {"beads": "bd", "backlog-md": "backlog", "task-master": "task-master"}
#: Ids that no program takes for an option or a path.
_PLAIN_ID = regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Tools:
    """Where the programs are looked for, and how long one may take."""

    #: Folders, as in PATH; None is the PATH of this process, an empty text switches the programs off.
    path: str | None = None
    seconds: float = 30.0

    def find(self, format_name: str) -> str | None:
        """The program that writes stores of a format, or None."""
        program = PROGRAMS.get(format_name)
        return shutil.which(program, path=self.path) if program and self.path != "" else None

    def run(
        self, format_name: str, commands: Sequence[Sequence[str]], files: Mapping[str, bytes], ids: Sequence[str]
    ) -> dict[str, bytes] | None:
        """The files as the program leaves them after each of the commands; None when it cannot be used or fails.

        Args:
            commands: the arguments of each call, without the program.
            files: what the program may see, by relative path.
            ids: ids among the arguments, which come from the store.
        """
        program = self.find(format_name)
        if program is None or not all(map(_PLAIN_ID.fullmatch, ids)) or not all(map(_is_inside, files)):
            return None
        import tempfile  # a third of what this module costs, and few have the programs

        scratch = tempfile.TemporaryDirectory(prefix="orch-store-", ignore_cleanup_errors=True)
        with suppress(OSError), scratch as name:
            top = Path(name)
            for path, data in files.items():
                (top / path).parent.mkdir(parents=True, exist_ok=True)
                (top / path).write_bytes(data)
            if all(self._call([program, *command], top) for command in commands):
                return {path: _content(top / path) for path in files}
        return None

    def _call(self, argv: Sequence[str], top: Path) -> bool:
        # A home of its own: it must find no settings of the person, and leave none.
        environment = allowed() | {"HOME": str(top), "XDG_CONFIG_HOME": str(top), "BEADS_NO_DAEMON": "1", "CI": "1"}
        process = subprocess.Popen(
            argv,
            cwd=top,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return process.wait(self.seconds) == 0
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return False


def _is_inside(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts


def _content(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)
