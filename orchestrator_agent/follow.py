"""Following a command from any process: its events as they are journaled, and what its agents print."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from orchestrator_agent import logs
from orchestrator_agent.errors import OrchError
from orchestrator_agent.events import Event
from orchestrator_agent.journal_file import FILE_NAME, JournalError
from orchestrator_agent.project import Project
from orchestrator_agent.store import Command

#: The journal is watched this often while something is awaited. Seconds.
POLL = 0.01
#: And the controller is looked after this often: who waits for a command starts a new one when it was killed. Seconds.
CARE = 0.5
_MAX_RESTARTS = 10


def follow(
    project: Project, *command_ids: str, idle: Callable[[], None] = lambda: None, timeout: float | None = None
) -> Iterator[Event]:
    """The events of commands, from their start, until all have ended.

    Args:
        idle: called between looks, some hundred times a second at the most; may raise to give up.
        timeout: give up quietly after so many seconds.

    Raises:
        OrchError: the controller cannot stay up, or our folder is gone.
    """
    store = project.store
    last = min(map(store.accepted_at, command_ids)) - 1
    end = None if timeout is None else time.monotonic() + timeout
    care = Care(project)
    while True:
        seen = store.version()  # before the look, so that nothing slips between
        over = not any(is_open(project, name) for name in command_ids)
        while batch := store.events_after(last):
            last = batch[-1].id
            yield from (event for event in batch if event.command_id in command_ids)
        if over or (end is not None and time.monotonic() > end):
            return
        until = time.monotonic() + CARE
        while store.version() == seen and time.monotonic() < until:
            idle()
            time.sleep(POLL)
        care.look()


class Care:
    """Starts a new controller when the one that should be there is not."""

    def __init__(self, project: Project) -> None:
        self.project, self.restarts, self.event = project, 0, 0

    def look(self) -> None:
        if self.project.controller_runs():
            return
        if not (self.project.state / FILE_NAME).exists():
            raise JournalError(f"{self.project.state} was removed or moved, and with it all that ran; start it again.")
        newest = self.project.store.last_event_id()
        self.restarts = self.restarts + 1 if newest == self.event else 0
        self.event = newest
        if self.restarts > _MAX_RESTARTS:
            if full := self.project.disk_problem():
                raise OrchError(full)
            log = self.project.state / "controller.log"
            last = log.read_text("utf-8", "replace").strip().splitlines()[-1:] if log.exists() else []
            raise OrchError(f"The controller does not stay up ({''.join(last)}); see {log}.")
        self.project.wake_controller()


def is_open(project: Project, command_id: str) -> bool:
    """True while a command has not ended."""
    command = project.store.command(command_id)
    return command is not None and command.state == "open"


def wait(project: Project, command_id: str, timeout: float | None = None) -> Command:
    """Wait for the end of a command, and return it as it is then.

    Raises:
        OrchError: as `follow`.
    """
    for _ in follow(project, command_id, timeout=timeout):
        pass
    command = project.store.command(command_id)
    assert command is not None
    return command


class Output:
    """What one agent prints, line by line, from the beginning."""

    def __init__(self, project: Project, agent_id: str) -> None:
        self._folder, self._offset = project.agent_folder(agent_id), 0

    def lines(self) -> list[str]:
        """Lines that are new since the last call; raw text of the agent's: print it through `terminal.clean`."""
        lines, self._offset = logs.read_lines_from(self._folder, self._offset)
        return lines
