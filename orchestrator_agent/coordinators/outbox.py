"""What is published of the journal: every event but what people say, in order, from where a server has had it last.

The journal is the outbox. Its mark moves only when a server has taken what comes before it, so an outage, a killed
server and a killed controller lose nothing. What was cut off in between is published again, with the same id.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

from orchestrator_agent import events
from orchestrator_agent.coordinators import messages
from orchestrator_agent.coordinators.subjects import Subjects
from orchestrator_agent.events import Event
from orchestrator_agent.model import AgentRecord, Receipt, ReceiptStep
from orchestrator_agent.reins import receipts_of
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
_FACTS = ("reason", "deadline", "state", "outcome", "kind", "attempt", "runtime", "passed", "exit_code")
_FACT_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Publication:
    """One event as it goes to a server."""

    id: str
    subject: str
    data: bytes


class Outbox:
    """What one server has had of one journal, and what comes next."""

    def __init__(self, store: Store, subjects: Subjects, server: str) -> None:
        """Begin where `server` has had the journal last."""
        self._store, self._subjects, self._server = store, subjects, server
        #: The number of the last event that the server has taken.
        self.mark: int = store.published(server) or 0

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
        body = message(self._store, event)
        subject = self._subjects.status(body["payload"]["agent_id"])
        return Publication(body["id"], subject, messages.encode(body))


def message(store: Store, event: Event) -> dict[str, Any]:
    """The status message of an event. Its id is the same whenever and wherever it is published."""
    origin = hashlib.sha256(store.origin().encode()).hexdigest()[:12]
    agent_id = event.agent_id or sole_agent(store, event.command_id)
    return messages.body(event.type, _payload(store, event, agent_id), f"{origin}-{event.id}", event.timestamp)


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


def _payload(store: Store, event: Event, agent_id: str | None) -> dict[str, Any]:
    facts = {key: _short(event.data[key]) for key in _FACTS if key in event.data}
    step = _step(event)
    command = store.command(event.command_id) if step and event.command_id else None
    receipts = [] if command is None else [r for r in receipts_of(command) if r.step is step]
    return {
        "event": event.id,
        "agent_id": agent_id,
        "work_stream_id": event.work_stream_id,
        "command_id": event.command_id,
        "message": event.message,
        **facts,
        **({"state": _STATES[event.type]} if event.type in _STATES else {}),
        **({"receipt": receipt(receipts[0])} if receipts else {}),
    }


def _step(event: Event) -> ReceiptStep | None:
    """How far an event says that a command has come."""
    if event.type == events.COMMAND_ACCEPTED:
        return ReceiptStep.ACCEPTED
    if event.type == events.COMMAND_DONE:
        return ReceiptStep.REFUSED if event.data.get("state") == "refused" else ReceiptStep.APPLIED
    return ReceiptStep(event.data["step"]) if event.type == events.RECEIPT else None


def receipt(value: Receipt) -> dict[str, Any]:
    """A receipt as JSON values."""
    return {**asdict(value), "step": value.step.value, "reason": value.reason[:_FACT_LIMIT]}


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
