"""What happens in a repository, told as it happens."""

from __future__ import annotations

import time
from collections.abc import Iterator

from orchestrator_agent import events, printing, reporting, steering
from orchestrator_agent.conversation import label
from orchestrator_agent.events import Event
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.terminal import clean, style
from orchestrator_agent.tools.toolset import journal

#: Between looks for the controller that must be there while something is open. Seconds.
_CARE = 0.5
#: How often another one is started while nothing comes of it.
_MAX_RESTARTS = 10


class Feed:
    """What happens in the repository, as lines, from now on."""

    def __init__(self, orchestrator: Orchestrator) -> None:
        self.project = orchestrator.project
        journal(self.project)
        self._seen = self._state()
        self._last = self.project.store.last_event_id()
        self._looked, self._restarts = 0.0, 0

    def show(self) -> bool:
        """Print what is new; true when something is."""
        before = self._last
        for event in self.news():
            for line in self._lines(event):
                print(line, flush=True)
        return self._last != before

    def news(self) -> Iterator[Event]:
        """What has happened since this was last asked."""
        while batch := self.project.store.events_after(self._last):
            self._last, self._restarts = batch[-1].id, 0
            yield from batch

    def has_news(self) -> bool:
        """True when another program wrote since this was last asked; costs next to nothing."""
        before, self._seen = self._seen, self._state()
        return self._seen != before

    def _state(self) -> tuple[bool, int]:
        store = self.project.store  # another program may have made the journal
        return store.is_file, store.version()

    def _lines(self, event: Event) -> list[str]:
        stream = event.work_stream_id or ""
        if event.type == events.SPAWNING_AGENT and event.data.get("attempt") == 1:
            return [f"  Spawning agent for {label(stream)}..."]
        if event.type == events.AGENT_RUNNING:
            return [f"  Agent {clean(event.agent_id or '')} is now working."]
        if event.type == events.COMMAND_DONE:
            return self._ended(event)
        line = printing.event_line(event)
        return [line] if line else []

    def _ended(self, event: Event) -> list[str]:
        command = self.project.store.command(event.command_id or "")
        if command is None or command.kind == "stop":
            return []
        if command.state == "refused":
            return [f"  {style('✗', 'red')} {clean(event.message, 300)}"]
        if command.kind in steering.KINDS:
            return []  # its receipts say so
        results = self.project.store.results(command.id)
        if results and all(result.outcome == "stopped" for result in results):
            return []  # whoever stopped it is told by the stop
        return [f"  {line}" for line in printing.result_lines(reporting.result(command, results))]

    def is_open(self) -> bool:
        """True while something runs or waits to; looks after the controller that must be there then."""
        store = self.project.store
        if not store.open_commands() and not store.live_agents():
            return False
        if time.monotonic() > self._looked + _CARE:
            self._looked = time.monotonic()
            return self._cared()
        return self._restarts <= _MAX_RESTARTS

    def _cared(self) -> bool:
        """True when there is a controller, or another one could be started."""
        if self.project.controller_runs():
            return True
        self._restarts += 1
        if self._restarts == _MAX_RESTARTS + 1:
            print(f"The controller does not stay up; see {self.project.state / 'controller.log'}.", flush=True)
        if self._restarts <= _MAX_RESTARTS:
            self.project.wake_controller()
        return self._restarts <= _MAX_RESTARTS
