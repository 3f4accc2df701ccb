"""What each event does to the tables of the journal.

Every change is conditional: an event that does not fit the state changes nothing and raises `Conflict`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable

from orchestrator_agent import events
from orchestrator_agent.errors import OrchError
from orchestrator_agent.events import Event
from orchestrator_agent.model import ReceiptStep
from orchestrator_agent.terminal import clean


class Conflict(OrchError):
    """The journal's state does not allow the event; nothing was written."""


def _accept(db: sqlite3.Connection, event: Event) -> None:
    db.execute(
        "INSERT INTO command (id, kind, payload, state, outcome, created_at) VALUES (?, ?, ?, 'open', '{}', ?)",
        (event.command_id, event.data["kind"], json.dumps(event.data["payload"]), event.timestamp),
    )
    for work_stream_id in event.data.get("claims", ()):
        _insert_claim(db, event, work_stream_id)


def _narrow(db: sqlite3.Connection, event: Event) -> None:
    """Withdraw from a command what it has not begun, but for the work streams named; one that has ended stays so."""
    db.execute(
        "UPDATE command SET payload = json_set(payload, '$.work_stream_ids', json(?)) WHERE id = ? AND state = 'open'",
        (json.dumps(event.data["work_stream_ids"]), event.command_id),
    )


def _finish(db: sqlite3.Connection, event: Event) -> None:
    outcome = {**event.data, "message": clean(event.message, 500)}
    _one(
        db.execute(
            "UPDATE command SET state = ?, outcome = json_patch(outcome, ?), finished_at = ?"
            " WHERE id = ? AND state = 'open'",
            (event.data.get("state", "done"), json.dumps(outcome), event.timestamp, event.command_id),
        )
    )
    db.execute("DELETE FROM claim WHERE command_id = ?", (event.command_id,))


def _receive(db: sqlite3.Connection, event: Event) -> None:
    """Note a step of an open command; each comes once."""
    receipt = {"at": event.timestamp, "reason": _text(event, "reason"), "deadline": event.data.get("deadline")}
    path = f"$.steps.{ReceiptStep(event.data['step'])}"
    _one(
        db.execute(
            "UPDATE command SET outcome = json_set(json_patch('{\"steps\": {}}', outcome), :path, json(:value))"
            " WHERE id = :id AND state = 'open' AND json_extract(outcome, :path) IS NULL",
            {"path": path, "value": json.dumps(receipt), "id": event.command_id},
        )
    )


def _asked(db: sqlite3.Connection, event: Event) -> None:
    """An agent waits for an answer. `entry` is ours, of hexadecimal digits."""
    entry = {**event.data, "at": event.timestamp}
    _one(
        db.execute(
            "UPDATE agent SET details = json_set(json_patch('{\"asked\": {}}', details), :path, json(:value))"
            " WHERE id = :id AND state IN ('starting', 'running', 'waiting') AND json_extract(details, :path) IS NULL",
            {"path": f"$.asked.{event.data['entry']}", "value": json.dumps(entry), "id": event.agent_id},
        )
    )


def _answered(db: sqlite3.Connection, event: Event) -> None:
    path = f"$.asked.{event.data['entry']}"
    _one(
        db.execute(
            "UPDATE agent SET details = json_set(details, :path || '.answer', :answer) WHERE id = :id"
            " AND json_extract(details, :path) IS NOT NULL AND json_extract(details, :path || '.answer') IS NULL",
            {"path": path, "answer": event.data["answer"], "id": event.agent_id},
        )
    )


def _claim(db: sqlite3.Connection, event: Event) -> None:
    _insert_claim(db, event, event.work_stream_id)


def _insert_claim(db: sqlite3.Connection, event: Event, work_stream_id: str | None) -> None:
    db.execute("INSERT INTO claim VALUES (?, ?, ?)", (work_stream_id, event.command_id, event.timestamp))


def _release(db: sqlite3.Connection, event: Event) -> None:
    key = (event.work_stream_id, event.command_id)
    _one(db.execute("DELETE FROM claim WHERE work_stream_id = ? AND command_id = ?", key))
    db.execute(
        "INSERT OR REPLACE INTO result VALUES (?, ?, ?, ?, ?, ?)",
        (
            event.command_id,
            event.work_stream_id,
            event.data["outcome"],
            _text(event, "reason"),
            event.agent_id,
            event.timestamp,
        ),
    )


def _spawn(db: sqlite3.Connection, event: Event) -> None:
    """Intend an agent, for the command that holds its work stream and for no other."""
    data = event.data
    _one(
        db.execute(
            "INSERT INTO agent (id, work_stream_id, command_id, attempt, runtime, state, branch, worktree,"
            " base_commit, created_at, details) SELECT :agent_id, :work_stream_id, :command_id, :attempt, :runtime,"
            " 'starting', :branch, :worktree, :base_commit, :created_at, :details FROM claim"
            " WHERE work_stream_id = :work_stream_id AND command_id = :command_id",
            {
                "agent_id": event.agent_id,
                "work_stream_id": event.work_stream_id,
                "command_id": event.command_id,
                **{name: data[name] for name in ("attempt", "runtime", "branch", "worktree", "base_commit")},
                "created_at": event.timestamp,
                "details": json.dumps(data.get("details", {})),
            },
        )
    )


def _running(db: sqlite3.Connection, event: Event) -> None:
    _one(
        db.execute(
            "UPDATE agent SET state = 'running', reason = '', started_at = coalesce(started_at, ?)"
            " WHERE id = ? AND state IN ('starting', 'waiting')",
            (event.timestamp, event.agent_id),
        )
    )


def _waiting(db: sqlite3.Connection, event: Event) -> None:
    _one(
        db.execute(
            "UPDATE agent SET state = 'waiting', reason = ?"
            " WHERE id = ? AND state IN ('starting', 'running', 'waiting')",
            (_text(event, "reason") or event.message, event.agent_id),
        )
    )


def _ended(db: sqlite3.Connection, event: Event) -> None:
    state = event.type.removeprefix("agent_")
    _one(
        db.execute(
            "UPDATE agent SET state = ?, reason = ?, head_commit = ?, exit_code = ?, ended_at = ?,"
            " details = json_set(details, '$.end', json(?))"
            " WHERE id = ? AND state IN ('starting', 'running', 'waiting')",
            (
                state,
                _text(event, "reason"),
                event.data.get("head_commit", ""),
                event.data.get("exit_code"),
                event.timestamp,
                json.dumps(event.data),
                event.agent_id,
            ),
        )
    )


def _verified(db: sqlite3.Connection, event: Event) -> None:
    body = event.data["verification"]
    db.execute(
        "INSERT INTO verification VALUES (?, ?, ?, ?, ?, ?)",
        (
            event.id,
            event.agent_id,
            event.work_stream_id,
            body["candidate"],
            int(event.data["passed"]),
            json.dumps(body),
        ),
    )


def _integrating(db: sqlite3.Connection, event: Event) -> None:
    data = event.data
    db.execute(
        "INSERT INTO integration VALUES (?, ?, 'intended', '', '', ?, ?)"
        " ON CONFLICT (verification_id) DO UPDATE SET state = 'intended', kind = '', reason = ''"
        " WHERE state = 'refused'",
        (data["verification_id"], event.agent_id, data["commit"], event.timestamp),
    )


def _integrated(db: sqlite3.Connection, event: Event) -> None:
    _end_integration(db, event, "done")


def _refused(db: sqlite3.Connection, event: Event) -> None:
    _end_integration(db, event, "refused")


def _end_integration(db: sqlite3.Connection, event: Event, state: str) -> None:
    _one(
        db.execute(
            "UPDATE integration SET state = ?, kind = ?, reason = ?, changed_at = ?"
            " WHERE verification_id = ? AND state = 'intended'",
            (
                state,
                event.data.get("kind", ""),
                _text(event, "reason"),
                event.timestamp,
                event.data["verification_id"],
            ),
        )
    )


def _text(event: Event, key: str) -> str:
    """Text for a column: reasons may quote agents and file names."""
    return clean(str(event.data.get(key, "")), 1000)


def _one(cursor: sqlite3.Cursor) -> None:
    if cursor.rowcount != 1:
        raise Conflict("the state has moved on")


APPLY: dict[str, Callable[[sqlite3.Connection, Event], None]] = {
    events.COMMAND_ACCEPTED: _accept,
    events.COMMAND_NARROWED: _narrow,
    events.COMMAND_DONE: _finish,
    events.RECEIPT: _receive,
    events.WORK_STREAM_CLAIMED: _claim,
    events.WORK_STREAM_RELEASED: _release,
    events.SPAWNING_AGENT: _spawn,
    events.AGENT_RUNNING: _running,
    events.AGENT_WAITING: _waiting,
    events.AGENT_ASKED: _asked,
    events.AGENT_ANSWERED: _answered,
    events.AGENT_COMPLETED: _ended,
    events.AGENT_FAILED: _ended,
    events.AGENT_STOPPED: _ended,
    events.AGENT_LOST: _ended,
    events.VERIFICATION_COMPLETE: _verified,
    events.INTEGRATION_STARTED: _integrating,
    events.INTEGRATION_COMPLETE: _integrated,
    events.INTEGRATION_REFUSED: _refused,
}
