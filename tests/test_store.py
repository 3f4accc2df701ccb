"""The journal: conditional, all or nothing, one winner among many, and never a lost event."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import ROOT

from orchestrator_agent import events
from orchestrator_agent.events import Event
from orchestrator_agent.journal import Conflict
from orchestrator_agent.journal_file import JournalError
from orchestrator_agent.model import AgentState, CheckResult, Verification
from orchestrator_agent.store import Store, verification_from_json, verification_to_json

_IMPORTS = (
    "import sys; from pathlib import Path; from orchestrator_agent import events\n"
    "from orchestrator_agent.events import Event; from orchestrator_agent.journal import Conflict\n"
    "from orchestrator_agent.store import Store\n"
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "journal.db")
    yield store
    store.close()


def event(type_: str, **values: Any) -> Event:
    return Event(type=type_, timestamp=values.pop("timestamp", 1000.0), **values)


def accepted(command: str = "c1", *claims: str, kind: str = "run", **payload: Any) -> Event:
    data = {"kind": kind, "payload": payload, "claims": list(claims)}
    return event(events.COMMAND_ACCEPTED, command_id=command, data=data)


def spawned(agent: str = "a1", stream: str = "1.1", command: str = "c1", attempt: int = 1) -> Event:
    data = {"attempt": attempt, "runtime": "command", "branch": "b", "worktree": "/w", "base_commit": "0" * 40}
    return event(events.SPAWNING_AGENT, agent_id=agent, work_stream_id=stream, command_id=command, data=data)


def about(type_: str, agent: str = "a1", stream: str = "1.1", command: str = "c1", **data: Any) -> Event:
    return event(type_, agent_id=agent, work_stream_id=stream, command_id=command, data=data)


def verified(passed: bool = True, agent: str = "a1") -> Event:
    verdict = Verification(
        agent_id=agent, work_stream_id="1.1", head_commit="h", candidate="c" * 40, base_commit="b", checks=()
    )
    return about(events.VERIFICATION_COMPLETE, agent, passed=passed, verification=verification_to_json(verdict))


def snapshot(store: Store) -> list[tuple[Any, ...]]:
    """All rows of all tables."""
    db = store._db
    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return [(name, *row) for name in tables if name != "sqlite_sequence" for row in db.execute(f"SELECT * FROM {name}")]


# ---- What fits and what does not


def test_the_life_of_an_agent(store: Store) -> None:
    store.record(accepted("c1", "1.1"), spawned())
    assert [f.record.state for f in store.live_agents()] == [AgentState.STARTING]
    store.record(about(events.AGENT_RUNNING))
    store.record(event(events.AGENT_WAITING, agent_id="a1", message="until 12:00"))
    found = store.agent("a1")
    assert found is not None and (found.record.state, found.record.reason) == (AgentState.WAITING, "until 12:00")
    store.record(about(events.AGENT_RUNNING))
    store.record(about(events.AGENT_COMPLETED, head_commit="h" * 40, exit_code=0, tokens=3))
    found = store.agent("a1")
    assert found is not None
    assert (found.record.state, found.record.head_commit, found.record.exit_code) == (
        AgentState.COMPLETED,
        "h" * 40,
        0,
    )
    assert found.ending["tokens"] == 3 and store.live_agents() == []
    number = store.record(verified())[0].id
    store.record(about(events.INTEGRATION_STARTED, verification_id=number, commit="c" * 40))
    store.record(about(events.INTEGRATION_REFUSED, verification_id=number, kind="dirty", reason="r"))
    store.record(about(events.INTEGRATION_STARTED, verification_id=number, commit="c" * 40))
    store.record(about(events.INTEGRATION_COMPLETE, verification_id=number))
    found = store.agent("a1")
    assert found is not None and found.integration is not None and found.integration.state == "done"
    store.record(about(events.WORK_STREAM_RELEASED, outcome="complete"))
    store.record(event(events.COMMAND_DONE, command_id="c1", message="1 complete"))
    assert store.claims() == {} and store.open_commands() == []
    assert [r.outcome for r in store.results("c1")] == ["complete"]


MISFITS = {
    "claimed twice": [accepted("c2", "1.1")],
    "claimed twice in another case": [accepted("c2", "X"), accepted("c3", "x")],
    "one of many claims is taken": [accepted("c2", "9", "1.1")],
    "the same command": [accepted("c1")],
    "a second live agent": [spawned("a2")],
    "the same agent": [spawned("a1", "1.2")],
    "an unknown agent runs": [about(events.AGENT_RUNNING, "a9")],
    "a running one runs": [about(events.AGENT_RUNNING), about(events.AGENT_RUNNING)],
    "an ended one runs": [about(events.AGENT_FAILED), about(events.AGENT_RUNNING)],
    "an ended one waits": [about(events.AGENT_FAILED), about(events.AGENT_WAITING)],
    "it ends twice": [about(events.AGENT_COMPLETED), about(events.AGENT_LOST)],
    "released twice": [
        about(events.WORK_STREAM_RELEASED, outcome="failed"),
        about(events.WORK_STREAM_RELEASED, outcome="complete"),
    ],
    "released by another": [about(events.WORK_STREAM_RELEASED, command="c2", outcome="failed")],
    "done twice": [event(events.COMMAND_DONE, command_id="c1"), event(events.COMMAND_DONE, command_id="c1")],
    "an unknown command is done": [event(events.COMMAND_DONE, command_id="c9")],
    "landed without intention": [about(events.INTEGRATION_COMPLETE, verification_id=1)],
}


@pytest.mark.parametrize("batch", MISFITS.values(), ids=MISFITS)
def test_what_does_not_fit_leaves_nothing_behind(store: Store, batch: list[Event]) -> None:
    store.record(accepted("c1", "1.1"), spawned())
    before = snapshot(store)
    with pytest.raises(Conflict):
        store.record(*batch)
    assert snapshot(store) == before
    store.record(accepted("after", "77"))  # and it can still be written


def test_events_that_cannot_be_written_leave_nothing_behind(store: Store) -> None:
    before = snapshot(store)
    for bad in (event(events.SPAWNING_AGENT, data={}), event("x", data={"x": object()})):
        with pytest.raises((KeyError, TypeError)):
            store.record(accepted("c0", "1.1"), bad)
        assert snapshot(store) == before
    store.record(accepted("c0", "1.1"))


def test_a_full_disk_is_one_sentence_and_leaves_nothing_behind(store: Store) -> None:
    store._db.execute("PRAGMA max_page_count=40")
    before = snapshot(store)
    with pytest.raises(JournalError, match="full"):
        store.record(accepted("c1", "1.1"), event(events.GOAL_RECEIVED, data={"text": "x" * 1_000_000}))
    assert snapshot(store) == before
    store.record(accepted("c1", "1.1"))


def test_done_integrations_are_not_opened_again(store: Store) -> None:
    store.record(accepted("c1", "1.1"), spawned(), about(events.AGENT_COMPLETED))
    number = store.record(verified())[0].id
    started = about(events.INTEGRATION_STARTED, verification_id=number, commit="c")
    store.record(started, about(events.INTEGRATION_COMPLETE, verification_id=number))
    store.record(started)
    found = store.agent("a1")
    assert found is not None and found.integration is not None and found.integration.state == "done"


def test_the_end_of_a_command_frees_its_claims(store: Store) -> None:
    store.record(accepted("c1", "1.1", "1.2"), event(events.COMMAND_DONE, command_id="c1"))
    store.record(accepted("c2", "1.1"))
    assert store.claims() == {"1.1": "c2"}


def test_of_concern_are_agents_that_live_and_those_that_an_open_command_began_or_names(store: Store) -> None:
    def ended(agent: str) -> Event:
        return about(events.AGENT_COMPLETED, agent)

    store.record(accepted("c1", "1.1", "1.2"), spawned("first", attempt=2), ended("first"), spawned("second"))
    store.record(ended("second"), spawned("live", "1.2"))
    assert [f.record.id for f in store.concerned_agents()] == ["second", "live", "first"]
    store.record(event(events.COMMAND_DONE, command_id="c1"))
    assert [f.record.id for f in store.concerned_agents()] == ["live"]
    store.record(accepted("c2", kind="feedback", agent_id="first"))
    assert [f.record.id for f in store.concerned_agents()] == ["live", "first"]


def test_a_mark_of_what_is_published_leaves_the_next_writes_synced(store: Store) -> None:
    store.record(accepted("c1"))
    store.note_published("nats://somewhere", 1)
    assert store.published("nats://somewhere") == 1
    assert store._db.execute("PRAGMA synchronous").fetchone()[0] == 2  # full


def test_a_command_is_found_where_it_was_accepted(store: Store) -> None:
    store.record(accepted("c1", "1.1"), accepted("c2"), spawned())
    assert [store.accepted_at(name) for name in ("c1", "c2", "c3")] == [1, 2, 0]


def test_texts_come_out_harmless(store: Store) -> None:
    hostile = "\x1b[31mred\x07\nline\ud800\u202e" + "x" * 5000
    store.record(accepted("c1", "1.1"), spawned())
    store.record(event(events.AGENT_FAILED, message=hostile, agent_id="a1", data={"reason": hostile}))
    found, last = store.agent("a1"), store.events_after(0)[-1]
    assert found is not None and len(found.record.reason) <= 1000 and len(last.message) <= 500
    for text in (found.record.reason, last.message):
        assert not set(text) & set("\x1b\x07\n\ud800\u202e")


def test_ids_of_work_streams_are_compared_without_case(store: Store) -> None:
    store.record(accepted("c1", "add-Login"), spawned("a1", "Add-Login"), about(events.AGENT_LOST, stream="add-login"))
    assert [f.record.id for f in store.agents(work_stream_id="ADD-LOGIN")] == ["a1"]
    assert len(store.events_of(work_stream_id="ADD-login")) == 2


def test_verdicts_survive_json() -> None:
    check = CheckResult(name="tests", outcome="failed", command=("sh", "-c", "x"), exit_code=1, data={"k": [1]})
    verdict = Verification(
        agent_id="a",
        work_stream_id="1",
        head_commit="h",
        candidate="c",
        base_commit="b",
        checks=(check,),
        files=("a\udce9", "b\n"),
        protected=("orch.toml",),
        conflicts=("c",),
        finished_at=1.5,
    )
    assert verification_from_json(json.loads(json.dumps(verification_to_json(verdict)))) == verdict


# ---- Many processes


def _start(code: str, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _IMPORTS + code, *args],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_of_ten_that_claim_at_once_one_wins(store: Store, tmp_path: Path) -> None:
    code = (
        "store = Store(Path(sys.argv[1])); print('ready', flush=True); sys.stdin.readline()\n"
        "for name in ('1.1', '1.2', '1.3'):\n"
        "    data = {'kind': 'run', 'payload': {}, 'claims': [name]}\n"
        "    try:\n"
        "        command = sys.argv[2] + name\n"
        "        store.record(Event(type=events.COMMAND_ACCEPTED, timestamp=1, data=data, command_id=command))\n"
        "        print('won', name)\n"
        "    except Conflict:\n"
        "        print('lost', name)\n"
    )
    racers = [_start(code, str(tmp_path / "journal.db"), f"c{n}-") for n in range(10)]
    for racer in racers:
        assert racer.stdout is not None and racer.stdout.readline() == "ready\n"
    outputs = [""] * 10
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    outputs = [racer.communicate(timeout=60)[0] for racer in racers]
    lines = [line for output in outputs for line in output.splitlines()]
    assert len(lines) == 30
    assert sorted(line for line in lines if line.startswith("won")) == ["won 1.1", "won 1.2", "won 1.3"]
    assert len(store.open_commands()) == 3 and len(store.claims()) == 3


def test_ten_that_open_a_new_journal_at_once_all_can(tmp_path: Path) -> None:
    code = "Store(Path(sys.argv[1])).record(Event(type='hello', timestamp=1)); print('ok')"
    racers = [_start(code, str(tmp_path / "new.db")) for _ in range(10)]
    assert [racer.communicate(timeout=60)[0] for racer in racers] == ["ok\n"] * 10
    assert len(Store(tmp_path / "new.db").events_after(0)) == 10


def test_a_reader_sees_that_another_process_wrote(store: Store, tmp_path: Path) -> None:
    before = store.version()
    assert store.version() == before
    code = "Store(Path(sys.argv[1])).record(Event(type='hello', timestamp=1))"
    writer = _start(code, str(tmp_path / "journal.db"))
    writer.communicate(timeout=60)
    assert writer.returncode == 0
    assert store.version() != before
    assert [found.type for found in store.events_after(0)] == ["hello"]


def test_killing_writers_loses_nothing_that_was_acknowledged(store: Store, tmp_path: Path) -> None:
    code = (
        "store = Store(Path(sys.argv[1]))\n"
        "while True:\n"
        "    print(store.record(Event(type='n', timestamp=1, data={'pad': 'x' * 3000}))[0].id, flush=True)\n"
    )
    acknowledged: list[int] = []
    for round_ in range(4):
        writer = _start(code, str(tmp_path / "journal.db"))
        assert writer.stdout is not None
        for _ in range(5 + 7 * round_):
            acknowledged.append(int(writer.stdout.readline()))
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged += [int(line) for line in writer.communicate()[0].split("\n")[:-1]]
    fresh = Store(tmp_path / "journal.db")
    ids = [found.id for found in fresh.events_after(0, limit=100_000)]
    assert set(acknowledged) <= set(ids) and len(ids) == len(set(ids))
    assert fresh._db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


# ---- Files that are no journal


def _garbage(path: Path) -> None:
    path.write_bytes(b"\x7fELF not a database" * 500)


def _text(path: Path) -> None:
    path.write_text("hello\n")


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: 3 * 4096])


def _overwritten(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xff" * (len(data) - 4096))


def _newer(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=99")
    db.close()


def _foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE recipes (name TEXT)")
    db.close()


def _negative(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=-1")
    db.close()


@pytest.mark.parametrize(
    "damage", [_garbage, _text, _truncated, _overwritten, _newer, _foreign, _negative], ids=lambda f: f.__name__
)
def test_a_file_that_is_no_journal_is_refused_and_kept(tmp_path: Path, damage: Any) -> None:
    path = tmp_path / "journal.db"
    with_content = Store(path)
    with_content.record(*(accepted(f"c{n}", str(n)) for n in range(40)))
    with_content.close()
    damage(path)
    before = path.read_bytes()
    with pytest.raises(JournalError, match=r"journal\.db"):
        Store(path)
    assert path.read_bytes()[100:] == before[100:], "the file was changed"


def test_an_empty_file_becomes_a_journal(tmp_path: Path) -> None:
    (tmp_path / "journal.db").touch()
    assert Store(tmp_path / "journal.db").last_event_id() == 0


def test_a_folder_in_the_place_of_the_journal(tmp_path: Path) -> None:
    with pytest.raises(JournalError):
        Store(tmp_path)


def test_nothing_is_written_by_a_store_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Store(None).open_commands() == []
    assert list(tmp_path.iterdir()) == []


def test_the_newest_agent_is_the_last_one_recorded_whatever_the_clock_says(tmp_path: Path) -> None:
    store = Store(tmp_path / "journal.db")
    store.record(accepted("x", "1"))
    for number, (agent_id, at) in enumerate((("first", 1000.0), ("second", 10.0)), 1):
        data = {"attempt": number, "runtime": "demo", "branch": "b", "worktree": "w", "base_commit": "c"}
        store.record(
            Event(type="spawning_agent", timestamp=at, agent_id=agent_id, work_stream_id="1", command_id="x", data=data)
        )
        store.record(Event(type="agent_failed", timestamp=at, agent_id=agent_id))
    assert [facts.record.id for facts in store.agents(work_stream_id="1")] == ["first", "second"]


def test_a_journal_of_the_first_version_is_brought_up_to_this_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    Store(path).close()
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE published")
        db.execute("DROP INDEX conversation_message")
        db.execute("PRAGMA user_version=1")
    db.close()
    stores = [Store(path), Store(path)]
    assert [store.conversations() for store in stores] == [[], []]
    for store in stores:
        store.close()
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == 2
        assert db.execute("SELECT count(*) FROM published").fetchone()[0] == 0
    db.close()


def test_who_forgets_to_close_a_journal_is_not_scolded(tmp_path: Path) -> None:
    code = """
import gc, pathlib, sys
from orchestrator_agent.journal_file import JournalError
from orchestrator_agent.store import Store
folder = pathlib.Path(sys.argv[1])
Store(folder / "journal.db")
try:
    Store(folder / "no" / "journal.db")
except JournalError as error:
    print(error)
gc.collect()
"""
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert "cannot be read" in done.stdout and done.stderr == ""


def test_many_may_make_the_journal_at_once(tmp_path: Path) -> None:
    code = """
import pathlib, sys, time
from orchestrator_agent.store import Store
folder, begin = pathlib.Path(sys.argv[1]), float(sys.argv[2])
for number in range(100):
    while time.time() < begin + number / 50:  # all of them in the same instant, again and again
        pass
    Store(folder / f"{number}.db").close()
"""
    argv = [sys.executable, "-c", code, str(tmp_path), str(time.time() + 1)]
    started = [subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    assert [one.communicate(timeout=60)[1] for one in started] == [""] * 4
