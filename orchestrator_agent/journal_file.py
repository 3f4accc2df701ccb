"""The file of the journal: its name, its tables, and what makes an older one this version's."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from pathlib import Path
from typing import Any

from orchestrator_agent.errors import UserError

FILE_NAME = "journal.db"
_VERSION = 2
#: How long a write waits for another program that writes, in seconds.
PATIENCE = 10.0
_LOOK_SECONDS = 0.005

_SCHEMA = """
CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp REAL NOT NULL, type TEXT NOT NULL, message TEXT NOT NULL,
    agent_id TEXT, work_stream_id TEXT, command_id TEXT, data TEXT NOT NULL);
CREATE INDEX conversation_message ON event (json_extract(data, '$.conversation_id'))
    WHERE type = 'conversation_message';
CREATE TABLE command (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, payload TEXT NOT NULL, state TEXT NOT NULL,
    outcome TEXT NOT NULL, created_at REAL NOT NULL, finished_at REAL);
CREATE TABLE claim (
    work_stream_id TEXT PRIMARY KEY COLLATE NOCASE, command_id TEXT NOT NULL, since REAL NOT NULL);
CREATE TABLE result (
    command_id TEXT NOT NULL, work_stream_id TEXT NOT NULL COLLATE NOCASE, outcome TEXT NOT NULL, reason TEXT NOT NULL,
    agent_id TEXT, finished_at REAL NOT NULL, PRIMARY KEY (command_id, work_stream_id));
CREATE TABLE agent (
    id TEXT PRIMARY KEY, work_stream_id TEXT NOT NULL COLLATE NOCASE, command_id TEXT NOT NULL, attempt INTEGER
    NOT NULL, runtime TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', branch TEXT NOT NULL,
    worktree TEXT NOT NULL, base_commit TEXT NOT NULL, head_commit TEXT NOT NULL DEFAULT '', exit_code INTEGER,
    created_at REAL NOT NULL, started_at REAL, ended_at REAL, details TEXT NOT NULL);
CREATE UNIQUE INDEX one_live_agent_per_work_stream ON agent (work_stream_id)
    WHERE state IN ('starting', 'running', 'waiting');
CREATE INDEX agent_by_command ON agent (command_id);
CREATE TABLE verification (
    id INTEGER PRIMARY KEY, agent_id TEXT NOT NULL, work_stream_id TEXT NOT NULL COLLATE NOCASE,
    candidate TEXT NOT NULL, passed INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX verification_by_agent ON verification (agent_id);
CREATE TABLE integration (
    verification_id INTEGER PRIMARY KEY, agent_id TEXT NOT NULL, state TEXT NOT NULL, kind TEXT NOT NULL,
    reason TEXT NOT NULL, commit_id TEXT NOT NULL, changed_at REAL NOT NULL);
CREATE TABLE published (server TEXT PRIMARY KEY, event_id INTEGER NOT NULL);
"""

#: What makes a journal of an older version one of the next.
_UPGRADES: dict[int, str] = {
    1: """
CREATE TABLE IF NOT EXISTS published (server TEXT PRIMARY KEY, event_id INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS conversation_message ON event (json_extract(data, '$.conversation_id'))
    WHERE type = 'conversation_message';
""",
}


class JournalError(UserError):
    """The journal cannot be used."""


class _Connection(sqlite3.Connection):
    """A connection whose operational errors (locked, full, unreadable: nothing of ours) are one sentence."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        try:
            return super().execute(sql, parameters)
        except sqlite3.OperationalError as error:
            raise _told(error) from None

    def write_ahead(self, patience: float) -> None:
        """Have the file written ahead. Where another makes it now SQLite says so at once, so we are who waits."""
        end = time.monotonic() + patience
        while True:
            try:
                super().execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                if not _is_held(error) or time.monotonic() >= end:
                    raise _told(error) from None
            time.sleep(_LOOK_SECONDS)

    def __del__(self) -> None:
        # Whoever writes three lines of Python against us need not close anything: all is on the disk already.
        with contextlib.suppress(sqlite3.ProgrammingError):  # it could not be opened
            self.close()


def _is_held(error: sqlite3.OperationalError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _told(error: sqlite3.OperationalError) -> JournalError:
    if _is_held(error):
        return JournalError(
            f"Another program holds the journal {FILE_NAME} in .orch; end that program, then try again."
        )
    return JournalError(f"The journal {FILE_NAME} in .orch cannot be used now ({error}); see `orch doctor`.")


def open_journal(path: Path | None, patience: float) -> sqlite3.Connection:
    """Open the journal at `path`, which is made when it is missing; None is an empty one in memory.

    Its commands raise JournalError when another program holds the file for longer than `patience` seconds.

    Raises:
        JournalError: the file is damaged or of a newer version.
    """
    target = ":memory:" if path is None else str(path)
    try:
        db = sqlite3.connect(
            target, timeout=patience, isolation_level=None, check_same_thread=False, factory=_Connection
        )
        db.row_factory = sqlite3.Row
        db.write_ahead(patience)
        db.execute("PRAGMA synchronous=FULL")
        found = _prepare(db)
    except sqlite3.DatabaseError as error:
        raise JournalError(f"The journal {target} cannot be read ({error}); run `orch doctor --fix`.") from None
    if found != _VERSION:
        raise JournalError(f"The journal {target} was written by a newer orch; update this one.")
    return db


def _prepare(db: sqlite3.Connection) -> int:
    """Make the tables of a new journal, or bring an older one up to this version; several processes may try at once.

    Returns:
        its version then: `_VERSION`, or another that is not to be touched.

    Raises:
        sqlite3.DatabaseError: it is damaged, or the file of another program.
    """
    while 0 <= (found := _version(db)) < _VERSION:
        db.execute("BEGIN IMMEDIATE")
        try:
            if _version(db) == found:
                _change(db, found)
            db.execute("COMMIT")
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")
    if found == _VERSION:
        db.execute("SELECT max(id) FROM event").fetchone()
    return found


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _change(db: sqlite3.Connection, found: int) -> None:
    if found == 0 and db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise sqlite3.DatabaseError("it is the file of another program")
    statements, version = (_SCHEMA, _VERSION) if found == 0 else (_UPGRADES[found], found + 1)
    for statement in statements.split(";"):
        if statement.strip():
            db.execute(statement)
    db.execute(f"PRAGMA user_version={version}")
