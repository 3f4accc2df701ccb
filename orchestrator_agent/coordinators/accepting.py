"""From a message to a journaled command, and to the answer that says how far it has come."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Callable
from typing import Any

from orchestrator_agent import wishes
from orchestrator_agent.coordinators import messages, outbox
from orchestrator_agent.coordinators.messages import Look, Message, Payload
from orchestrator_agent.coordinators.subjects import Address
from orchestrator_agent.errors import NotAvailable, UserError
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.store import Store
from orchestrator_agent.terminal import clean

#: Events and bytes of them in one answer, so that it stays under the limit of a message.
_EVENTS, _BYTES = 200, 40_000
_AGENTS = 50


def answer(orchestrator: Orchestrator, address: Address, message: Message) -> tuple[str, dict[str, Any]]:
    """Journal the command of a message, unless it was before, and say how far it has come.

    Returns:
        type and payload of the answer.

    Raises:
        Malformed: the payload does not fit the command.
    """
    payload = messages.payload_of(address.command, message)
    if isinstance(payload, Look):
        return "status", _look(orchestrator, address.name, payload.since)
    request = message.id or uuid.uuid4().hex
    said: dict[str, Any] = {"request": request, "command": address.command, "agent": address.name}
    try:
        ids = _accepted(orchestrator, request, address) or _accept(orchestrator, request, address, payload)
    except UserError as error:
        return "receipt", {**said, "state": "refused", "reason": clean(str(error), 1000), "commands": []}
    commands = [chain(orchestrator, command_id) for command_id in ids]
    last = commands[0]["receipts"][-1]
    return "receipt", {**said, "state": last["step"], "reason": last["reason"], "commands": commands}


def chain(orchestrator: Orchestrator, command_id: str) -> dict[str, Any]:
    """A command's receipts, oldest first, as JSON values."""
    receipts = [outbox.receipt(receipt) for receipt in orchestrator.receipts(command_id)]
    agent_id = outbox.sole_agent(orchestrator.project.store, command_id)
    return {"command_id": command_id, "agent_id": agent_id, "receipts": receipts}


def _name(request: str, agent_id: str = "") -> str:
    return f"nats/{request}/{agent_id}"


def _accepted(orchestrator: Orchestrator, request: str, address: Address) -> list[str]:
    """The commands that were journaled for a request before."""
    project = orchestrator.project
    if address.name is not None or address.command == "stop":
        names = [_name(request)]
    else:
        names = [_name(request, facts.record.id) for facts in project.store.agents()]
    return [command_id for name in names if (command_id := wishes.accepted_as(project, name))]


def _accept(orchestrator: Orchestrator, request: str, address: Address, payload: Payload) -> list[str]:
    """Journal a command for one agent, or for each that lives; returns the ids of the commands.

    Raises:
        UserError: it cannot be done; the text says why.
    """
    if address.name is None and address.command == "stop":
        with wishes.as_request(_name(request)):
            return _present([orchestrator.stop_agents()])
    act = _ACTIONS[address.command]
    if address.name is not None:
        _require_current(orchestrator, address.name)
        with wishes.as_request(_name(request)):
            return _present([act(orchestrator, address.name, payload)])
    found: list[str | None] = []
    for facts in orchestrator.project.store.live_agents():
        with wishes.as_request(_name(request, facts.record.id)), contextlib.suppress(NotAvailable):  # it ends just now
            found.append(act(orchestrator, facts.record.id, payload))
    return _present(found)


_ACTIONS: dict[str, Callable[[Orchestrator, str, Any], str | None]] = {
    "stop": lambda orchestrator, name, _: orchestrator.stop_agents([name]),
    "pause": lambda orchestrator, name, _: orchestrator.pause(name),
    "resume": lambda orchestrator, name, _: orchestrator.resume(name),
    "feedback": lambda orchestrator, name, said: orchestrator.send_feedback(name, said.feedback, urgency=said.action),
    "redirect": lambda orchestrator, name, said: orchestrator.redirect(name, said.new_work_stream, said.reason),
}


def _present(ids: list[str | None]) -> list[str]:
    found = [command_id for command_id in ids if command_id is not None]
    if not found:
        raise NotAvailable("Nothing that this is for is at work now.")
    return found


def _require_current(orchestrator: Orchestrator, name: str) -> None:
    """Refuse the id of an agent that has ended when another has taken its work up: that one is not meant."""
    store = orchestrator.project.store
    named = store.agent(name)
    if named is None or named.record.state.is_live:
        return
    stream = named.record.work_stream_id
    later = [f.record.id for f in store.live_agents() if f.record.work_stream_id.casefold() == stream.casefold()]
    if later:
        raise NotAvailable(f"{name} has ended; {later[0]} works on {stream} now.")


def _look(orchestrator: Orchestrator, name: str | None, since: int | None) -> dict[str, Any]:
    """How things stand: agents, and what was published after an event."""
    project = orchestrator.project
    store = project.store
    found, upto = _missed(store, since)
    try:
        agents = store.live_agents() if name is None else [orchestrator.agent(name)]
        reason = ""
    except UserError as error:
        agents, reason = [], clean(str(error), 1000)
    return {
        "agents": [outbox.standing(facts.record) for facts in agents[:_AGENTS]],
        "reason": reason,
        "event": store.last_event_id(),
        "events": found,
        "upto": upto,
    }


def _missed(store: Store, since: int | None) -> tuple[list[dict[str, Any]], int]:
    """Status messages of what came after an event, as many as fit, and the number of the last event looked at."""
    found: list[dict[str, Any]] = []
    if since is None:
        return found, store.last_event_id()
    size = 0
    for event in store.events_after(since, _EVENTS):
        if outbox.is_public(event):
            body = outbox.message(store, event)
            size += len(json.dumps(body))
            if size > _BYTES and found:
                break
            found.append(body)
        since = event.id
    return found, since
