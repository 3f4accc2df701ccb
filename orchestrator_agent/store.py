"""The journal: one SQLite file with every event and the sums of them. The only place where state is kept.

`Store.record` is the one way to write. It applies an event to the tables in the transaction that appends it, and an
event that does not fit the state (an agent that already ended, a claim that somebody holds) changes nothing and raises
`Conflict`. Front ends append wishes; everything else is written by the controller alone.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from orchestrator_agent import events
from orchestrator_agent.events import Event
from orchestrator_agent.journal import APPLY, Conflict
from orchestrator_agent.journal_file import PATIENCE, open_journal
from orchestrator_agent.model import AgentRecord, AgentState, CheckResult, Verification
from orchestrator_agent.terminal import clean

#: After a limit that names no end: this long, and twice as long for each further attempt, seven times. Seconds.
_BACK_OFF = 5.0
#: What is true of a row of an agent that has not ended.
_LIVE = "state IN ('starting', 'running', 'waiting')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A wish that somebody appended.

    `kind` is run, stop, verify or integrate. `payload` and `outcome` hold JSON values; for their keys see the
    functions of `orchestrator.py` that write them.
    """

    id: str
    kind: str
    payload: dict[str, Any]
    #: open, done or refused.
    state: str
    outcome: dict[str, Any]
    created_at: float
    finished_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one work stream ended under one command: complete, failed, stopped, held or unverified."""

    command_id: str
    work_stream_id: str
    outcome: str
    reason: str
    agent_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """The landing of one verified candidate: intended, done or refused (kind: moved, dirty, error)."""

    verification_id: int
    agent_id: str
    state: str
    kind: str
    reason: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFacts:
    """An agent with its last verdict and landing: what the next decision about it needs."""

    record: AgentRecord
    details: dict[str, Any] = field(default_factory=dict)
    verification_id: int | None = None
    verification: Verification | None = None
    verifications: int = 0
    integration: Integration | None = None

    @property
    def ending(self) -> dict[str, Any]:
        """What was recorded when it ended: reason, head_commit, exit_code, dirty, final, tokens and the like."""
        end: dict[str, Any] = self.details.get("end", {})
        return end

    @property
    def opens_at(self) -> float:
        """When the account whose limit ended it can be used again, in unix seconds; 0 when none did."""
        if not self.ending.get("limited"):
            return 0.0
        told = self.ending.get("until")
        return float(told) if told else (self.record.ended_at or 0.0) + _BACK_OFF * 2 ** min(self.record.attempt - 1, 7)


class Store:
    """The journal of one repository."""

    def __init__(self, path: Path | None, *, now: Callable[[], float] = time.time, patience: float = PATIENCE) -> None:
        """Open the journal at `path`, which is made when it is missing; None is an empty one in memory.

        Every call raises JournalError when another program holds the file for longer than `patience` seconds.

        Raises:
            JournalError: the file is damaged or of a newer version.
        """
        self.now = now
        #: False for the empty one in memory.
        self.is_file = path is not None
        self._db = open_journal(path, patience)

    def close(self) -> None:
        """Close the file; nothing can be asked afterwards."""
        self._db.close()

    def version(self) -> int:
        """A number that changes when another process wrote; cheap enough to ask every 10 ms."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    # -- writing -------------------------------------------------------------------------------------------------

    def record(self, *batch: Event) -> list[Event]:
        """Append events and apply them, all in one durable transaction or not at all.

        Returns:
            the events with their numbers.

        Raises:
            Conflict: one of them does not fit the state.
        """
        self._db.execute("BEGIN IMMEDIATE")
        try:
            written = [self._append(event) for event in batch]
            self._db.execute("COMMIT")
        except sqlite3.IntegrityError as error:
            raise Conflict(str(error)) from None
        finally:
            if self._db.in_transaction:  # some errors have ended it already
                self._db.execute("ROLLBACK")
        return written

    def _append(self, event: Event) -> Event:
        message = clean(event.message, 500)
        row = self._db.execute(
            "INSERT INTO event (timestamp, type, message, agent_id, work_stream_id, command_id, data)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                event.timestamp,
                event.type,
                message,
                event.agent_id,
                event.work_stream_id,
                event.command_id,
                json.dumps(event.data, ensure_ascii=True),
            ),
        )
        numbered = Event(
            type=event.type,
            timestamp=event.timestamp,
            message=message,
            agent_id=event.agent_id,
            work_stream_id=event.work_stream_id,
            command_id=event.command_id,
            data=event.data,
            id=row.lastrowid or 0,
        )
        apply = APPLY.get(event.type)
        if apply is not None:
            apply(self._db, numbered)
        return numbered

    def note_published(self, server: str, event_id: int) -> None:
        """Note that events up to this number are on a server: a mark of progress, and no event of its own."""
        self._db.execute("PRAGMA synchronous=NORMAL")  # a mark that a power cut takes costs that they are said again
        try:
            self._db.execute("INSERT OR REPLACE INTO published VALUES (?, ?)", (server, event_id))
        finally:
            self._db.execute("PRAGMA synchronous=FULL")

    # -- reading -------------------------------------------------------------------------------------------------

    def published(self, server: str) -> int | None:
        """The number of the last event that is on a server, or None when none ever was."""
        row = self._db.execute("SELECT event_id FROM published WHERE server = ?", (server,)).fetchone()
        return None if row is None else int(row["event_id"])

    def origin(self) -> str:
        """What tells this journal from all others: its first event. Empty while there is none."""
        row = self._db.execute("SELECT timestamp, command_id FROM event WHERE id = 1").fetchone()
        return "" if row is None else f"{row['timestamp']} {row['command_id']}"

    def events_after(self, event_id: int, limit: int = 1000) -> list[Event]:
        """Events with a higher number, oldest first."""
        rows = self._db.execute("SELECT * FROM event WHERE id > ? ORDER BY id LIMIT ?", (event_id, limit))
        return [_event(row) for row in rows]

    def last_event_id(self) -> int:
        """The number of the newest event, 0 when there is none."""
        return int(self._db.execute("SELECT coalesce(max(id), 0) FROM event").fetchone()[0])

    def accepted_at(self, command_id: str) -> int:
        """The number of the event by which a command was accepted, 0 when there is none."""
        asked = "SELECT id FROM event WHERE type = ? AND command_id = ? ORDER BY id DESC LIMIT 1"  # a young one, mostly
        row = self._db.execute(asked, (events.COMMAND_ACCEPTED, command_id)).fetchone()
        return int(row["id"]) if row else 0

    def events_of(
        self, *, agent_id: str | None = None, work_stream_id: str | None = None, limit: int = 200
    ) -> list[Event]:
        """The newest events about an agent or a work stream, oldest first."""
        rows = self._db.execute(
            "SELECT * FROM (SELECT * FROM event WHERE (:agent IS NULL OR agent_id = :agent)"
            " AND (:work IS NULL OR work_stream_id = :work COLLATE NOCASE) ORDER BY id DESC LIMIT :most) ORDER BY id",
            {"agent": agent_id, "work": work_stream_id, "most": limit},
        )
        return [_event(row) for row in rows]

    def conversation(self, conversation_id: str) -> list[Event]:
        """The events of one conversation, oldest first."""
        rows = self._db.execute(
            "SELECT * FROM event WHERE type = 'conversation_message' AND json_extract(data, '$.conversation_id') = ?"
            " ORDER BY id",
            (conversation_id,),
        )
        return [_event(row) for row in rows]

    def conversations(self, limit: int = 20) -> list[str]:
        """The ids of conversations, the one that was spoken in last first."""
        rows = self._db.execute(
            "SELECT json_extract(data, '$.conversation_id') AS name FROM event WHERE type = 'conversation_message'"
            " GROUP BY name ORDER BY max(id) DESC LIMIT ?",
            (limit,),
        )
        return [str(row["name"]) for row in rows]

    def command(self, command_id: str) -> Command | None:
        """One command, or None."""
        row = self._db.execute("SELECT * FROM command WHERE id = ?", (command_id,)).fetchone()
        return _command(row) if row else None

    def open_commands(self) -> list[Command]:
        """Commands that are not finished, oldest first."""
        rows = self._db.execute("SELECT * FROM command WHERE state = 'open' ORDER BY rowid")
        return [_command(row) for row in rows]

    def recent_commands(self, limit: int = 20) -> list[Command]:
        """The newest commands, newest first."""
        rows = self._db.execute("SELECT * FROM command ORDER BY rowid DESC LIMIT ?", (limit,))
        return [_command(row) for row in rows]

    def claims(self) -> dict[str, str]:
        """Work stream id -> the id of the command that holds it."""
        return {
            row["work_stream_id"]: row["command_id"] for row in self._db.execute("SELECT * FROM claim ORDER BY rowid")
        }

    def results(self, command_id: str) -> list[Result]:
        """How work streams ended under a command, in the order in which they did."""
        rows = self._db.execute("SELECT * FROM result WHERE command_id = ? ORDER BY rowid", (command_id,))
        return [_result(row) for row in rows]

    def last_results(self) -> dict[str, Result]:
        """The newest result of every work stream that ever had one, by id in lower case."""
        rows = self._db.execute("SELECT * FROM result ORDER BY rowid")
        return {row["work_stream_id"].casefold(): _result(row) for row in rows}

    def agent(self, agent_id: str) -> AgentFacts | None:
        """One agent, or None."""
        row = self._db.execute("SELECT * FROM agent WHERE id = ?", (agent_id,)).fetchone()
        return self._facts(row) if row else None

    def live_agents(self) -> list[AgentFacts]:
        """Agents that have not ended, oldest first."""
        rows = self._db.execute(f"SELECT * FROM agent WHERE {_LIVE} ORDER BY rowid")
        return [self._facts(row) for row in rows.fetchall()]

    def concerned_agents(self) -> list[AgentFacts]:
        """Agents that have not ended, and all that an open command has begun or names.

        Not in the order of time, as clocks are set back: of one work stream a later agent has the higher number.
        """
        rows = self._db.execute(
            f"WITH open AS (SELECT * FROM command WHERE state = 'open'), concerned AS ("
            f"SELECT rowid FROM agent WHERE {_LIVE}"
            " UNION SELECT rowid FROM agent WHERE command_id IN (SELECT id FROM open)"
            " UNION SELECT rowid FROM agent WHERE id IN (SELECT json_extract(payload, '$.agent_id') FROM open))"
            " SELECT * FROM agent WHERE rowid IN (SELECT rowid FROM concerned) ORDER BY attempt, rowid"
        )
        return [self._facts(row) for row in rows.fetchall()]

    def agents(
        self, *, work_stream_id: str | None = None, command_id: str | None = None, limit: int = 1000
    ) -> list[AgentFacts]:
        """The newest agents, oldest first."""
        rows = self._db.execute(
            "SELECT * FROM (SELECT *, rowid AS n FROM agent"
            " WHERE (:work IS NULL OR work_stream_id = :work COLLATE NOCASE)"
            " AND (:command IS NULL OR command_id = :command) ORDER BY n DESC LIMIT :most) ORDER BY n",
            {"work": work_stream_id, "command": command_id, "most": limit},
        )
        return [self._facts(row) for row in rows.fetchall()]

    def checks_on(self, commit: str) -> dict[str, CheckResult]:
        """Results of checks that already ran on exactly this commit, by name."""
        rows = self._db.execute("SELECT body FROM verification WHERE candidate = ? ORDER BY id", (commit,))
        return {check.name: check for row in rows for check in verification_from_json(json.loads(row["body"])).checks}

    def _facts(self, row: sqlite3.Row) -> AgentFacts:
        verdict = self._db.execute(
            "SELECT id, body, (SELECT count(*) FROM verification WHERE agent_id = :agent) AS n FROM verification"
            " WHERE agent_id = :agent ORDER BY id DESC LIMIT 1",
            {"agent": row["id"]},
        ).fetchone()
        landing = None
        if verdict is not None:
            landing = self._db.execute(
                "SELECT * FROM integration WHERE verification_id = ?", (verdict["id"],)
            ).fetchone()
        return AgentFacts(
            record=_agent(row),
            details=json.loads(row["details"]),
            verification_id=verdict["id"] if verdict else None,
            verification=verification_from_json(json.loads(verdict["body"])) if verdict else None,
            verifications=verdict["n"] if verdict else 0,
            integration=_integration(landing) if landing else None,
        )


# -- rows and JSON to values -------------------------------------------------------------------------------------


def _event(row: sqlite3.Row) -> Event:
    return Event(**{**dict(row), "data": json.loads(row["data"])})


def _command(row: sqlite3.Row) -> Command:
    return Command(**{**dict(row), "payload": json.loads(row["payload"]), "outcome": json.loads(row["outcome"])})


def _result(row: sqlite3.Row) -> Result:
    return Result(**{key: row[key] for key in ("command_id", "work_stream_id", "outcome", "reason", "agent_id")})


def _integration(row: sqlite3.Row) -> Integration:
    keys = ("verification_id", "agent_id", "state", "kind", "reason")
    return Integration(**{key: row[key] for key in keys}, commit=row["commit_id"])


def _agent(row: sqlite3.Row) -> AgentRecord:
    values = {key: row[key] for key in row.keys() if key not in ("details", "n")}  # noqa: SIM118
    return AgentRecord(**{**values, "state": AgentState(row["state"])})


def verification_to_json(verification: Verification) -> dict[str, Any]:
    """A verdict as JSON values."""
    return asdict(verification)


def verification_from_json(body: dict[str, Any]) -> Verification:
    """The verdict that `verification_to_json` wrote."""
    checks = tuple(CheckResult(**{**check, "command": tuple(check["command"])}) for check in body["checks"])
    lists = {key: tuple(body.get(key, ())) for key in ("files", "protected", "doubts", "conflicts")}
    return Verification(**{**body, **lists, "checks": checks})
