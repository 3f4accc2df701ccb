"""What is published of the journal: every event but what people say, in order, from where a server has had it last.

The journal is the outbox. Its mark moves only when a server has taken what comes before it, so an outage, a killed server
and a killed controller lose nothing. What was cut off in between is published again, with the same id.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from orchestrator_agent import events
from orchestrator_agent.coordinators import messages
from orchestrator_agent.coordinators.subjects import Subjects
from orchestrator_agent.events import Event
from orchestrator_agent.model import AgentRecord
from orchestrator_agent.store import Store

#: What people say stays here.
_PRIVATE = frozenset({events.GOAL_RECEIVED, events.TOOL_CALLED, events.CONVERSATION_MESSAGE})
_STATES = {
    events.SPAWNING_AGENT: "starting",
    events.AGENT_RUNNING: "running",
    events.AGENT_WAITING: "waiting",
    **{event: state for state, event in events.END_EVENTS.items()},
}
#: Of an event's data, what is published: short facts of ours. The rest may be long, or quote an agent.
_FACTS = ("step", "reason", "deadline", "state", "outcome", "kind", "attempt", "runtime", "passed", "exit_code")
_FACT_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Publication:
    """One event as it goes to a server."""

    number: int
    id: str
    subject: str
    data: bytes


class Outbox:
    """What one server has had of one journal, and what comes next."""

    def __init__(self, store: Store, subjects: Subjects, server: str) -> None:
        """Begin where `server` has had the journal last; at first, with the commands that are open."""
        self._store, self._subjects, self._server = store, subjects, server
        self._origin = hashlib.sha256(store.origin().encode()).hexdigest()[:12]
        mark = store.published(server)
        if mark is None:
            open_ = [store.accepted_at(command.id) - 1 for command in store.open_commands()]
            mark = min((number for number in open_ if number >= 0), default=store.last_event_id())
        #: The number of the last event that the server has taken.
        self.mark: int = mark

    def is_empty(self) -> bool:
        """True when the server has had everything."""
        return self.mark >= self._store.last_event_id()

    def after(self, number: int, limit: int) -> tuple[list[Publication], int]:
        """What comes after event `number`, and the number of the last event that was looked at for it."""
        batch = self._store.events_after(number, limit)
        found = [self._publication(event) for event in batch if is_public(event)]
        return found, batch[-1].id if batch else number

    def note(self, number: int) -> None:
        """Note in the journal that the server has taken everything up to event `number`."""
        if number > self.mark:
            self._store.note_published(self._server, number)
            self.mark = number

    def _publication(self, event: Event) -> Publication:
        id_ = f"{self._origin}-{event.id}"
        agent_id = event.agent_id or sole_agent(self._store, event.command_id)
        body = messages.write(event.type, status(event, agent_id), id_=id_, timestamp=event.timestamp)
        return Publication(event.id, id_, self._subjects.status(agent_id), body)


def is_public(event: Event) -> bool:
    """True for events that may leave this machine."""
    return event.type not in _PRIVATE


def sole_agent(store: Store, command_id: str | None) -> str | None:
    """The one agent that a command is for, so that its end is told where its beginning was."""
    command = store.command(command_id) if command_id else None
    if command is None:
        return None
    ids = command.payload.get("agent_ids") or [command.payload.get("agent_id")]
    return str(ids[0]) if len(ids) == 1 and ids[0] else None


def status(event: Event, agent_id: str | None) -> dict[str, Any]:
    """The payload of an event's status message."""
    facts = {key: _short(event.data[key]) for key in _FACTS if key in event.data}
    return {
        "event": event.id,
        "agent_id": agent_id,
        "work_stream_id": event.work_stream_id,
        "command_id": event.command_id,
        "message": event.message,
        **facts,
        **({"state": _STATES[event.type]} if event.type in _STATES else {}),
    }


def standing(record: AgentRecord) -> dict[str, Any]:
    """How an agent stands now: the payload of a heartbeat."""
    return {
        "agent_id": record.id,
        "work_stream_id": record.work_stream_id,
        "command_id": record.command_id,
        "attempt": record.attempt,
        "runtime": record.runtime,
        "state": record.state.value,
        "reason": record.reason[:_FACT_LIMIT],
        "started_at": record.started_at,
    }


def _short(value: Any) -> Any:
    return value[:_FACT_LIMIT] if isinstance(value, str) else value if isinstance(value, int | float) else None
