"""Listening to agents: what their output says of messages, questions and rest, read on from where it was left.

Nothing of it is kept: a new controller reads from the beginning, and comes to the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestrator_agent import logs, runtimes
from orchestrator_agent.actions import Heard
from orchestrator_agent.project import Project
from orchestrator_agent.runtimes.ear import Ear
from orchestrator_agent.store import AgentFacts

#: Output is looked at this often. Seconds.
_OFTEN = 0.02


@dataclass(slots=True)
class _Line:
    """One agent that is listened to."""

    folder: Path
    ear: Ear
    offset: int = 0
    #: Size and time of its log when it was read last.
    seen: tuple[int, int] = (0, 0)


class Hearing:
    """The ears of one controller."""

    def __init__(self, project: Project) -> None:
        """Listen to agents of an open project."""
        self._project = project
        self._lines: dict[str, _Line] = {}

    def tune(self, agents: Iterable[AgentFacts]) -> None:
        """Listen to these agents, as far as they can be steered, and to no others."""
        live = {f.record.id: f.record for f in agents if f.record.state.is_live and f.details.get("is_live")}
        self._lines = {name: line for name, line in self._lines.items() if name in live}
        for name in live.keys() - self._lines.keys():
            ear = runtimes.get_runtime(live[name].runtime).ear()
            self._lines[name] = _Line(self._project.agent_folder(name), ear)

    def listen(self) -> bool:
        """Take in what was printed since; True when it meant something."""
        return any([self._hear(line) for line in self._lines.values()])

    def _hear(self, line: _Line) -> bool:
        try:
            status = os.stat(line.folder / "out.log")  # noqa: PTH116 -- often
        except OSError:
            return False
        if (status.st_size, status.st_mtime_ns) == line.seen:
            return False
        line.seen, told = (status.st_size, status.st_mtime_ns), False
        while True:
            lines, offset = logs.read_lines_from(line.folder, line.offset)
            told = any([line.ear.hear(text) for text in lines]) or told
            if offset == line.offset:
                return told
            line.offset = offset

    async def wait(self, woken: asyncio.Event, seconds: float) -> None:
        """Until something wakes us, an agent says what matters, or the time is over."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), min(left, _OFTEN) if self._lines else left)
                return
            if self.listen():
                return

    def heard(self) -> dict[str, Heard]:
        """What each agent has said so far."""
        return {
            name: Heard(
                steps=dict(ear.steps), asks=tuple(ear.asks.values()), at_rest=ear.at_rest, trouble=ear.trouble
            )
            for name, ear in ((name, line.ear) for name, line in self._lines.items())
        }

    def left_over(self, agent_id: str) -> tuple[str, ...]:
        """Programs that an agent left running."""
        line = self._lines.get(agent_id)
        return line.ear.left_over if line else ()
