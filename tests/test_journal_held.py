"""Another program holds the journal: what needs it waits or says so, and what must end is told all the same."""

from __future__ import annotations

import fcntl
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import run_orch
from support_repositories import outcomes, prepare
from support_work import ask, is_running, lines_of, look, make_project, until

from orchestrator_agent.journal_file import JournalError
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.project import Project
from orchestrator_agent.store import Store


@contextmanager
def held(journal: Path) -> Iterator[sqlite3.Connection]:
    """The journal with another program in the middle of a write."""
    other = sqlite3.connect(journal, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield other
    finally:
        if other.in_transaction:
            other.execute("ROLLBACK")
        other.close()


def impatient(project: Project) -> Project:
    """A project whose journal gives up soon."""
    project._store = Store(project.state / "journal.db", patience=0.05)
    return project


def test_a_journal_that_is_held_is_one_sentence(repo: Path) -> None:
    project = prepare(repo)
    project.writable_store()
    orchestrator = Orchestrator(repo)
    impatient(orchestrator.project)
    plan = orchestrator.plan(["1.1"])
    with held(project.state / "journal.db"), pytest.raises(JournalError, match="Another program holds the journal"):
        orchestrator.accept(plan)
    assert orchestrator.project.store.open_commands() == []


def test_a_stop_reaches_agents_though_it_cannot_be_written(repo: Path, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    make_project(repo, f'echo $$ >> "{pids}"; sleep 1000', settings="stop_grace_seconds = 0.3\n")
    assert run_orch(repo, "run", "1.1", "--detach").returncode == 0
    until(lambda: lines_of(pids))
    orchestrator = Orchestrator(repo)
    impatient(orchestrator.project)
    with held(repo / ".orch" / "journal.db"):
        with pytest.raises(JournalError, match="asked to stop all the same"):
            orchestrator.stop_agents()
        until(lambda: not is_running(int(lines_of(pids)[0])))
    until(lambda: look(repo, "report")["results"])
    assert [result["outcome"] for result in ask(repo, "report")["results"]] == ["stopped"]


#: A controller that does not wait ten seconds each time; its lock is the one that we hold.
_CONTROLLER = """\
import asyncio, sys
from pathlib import Path
from orchestrator_agent.controller import Controller
from orchestrator_agent.project import Project
from orchestrator_agent.store import Store
project = Project(Path(sys.argv[1]))
project._store = Store(project.state / "journal.db", patience=0.05)
asyncio.run(Controller(project, int(sys.argv[2])).run())
"""


def test_a_controller_goes_on_when_the_journal_is_free_again(repo: Path) -> None:
    project = prepare(repo)
    project.writable_store()
    with (project.state / "controller.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # so that the wish starts no other controller
        orchestrator = Orchestrator(repo)
        orchestrator.accept(orchestrator.plan(["1.1"]))
        with held(project.state / "journal.db") as other:
            argv = [sys.executable, "-P", "-c", _CONTROLLER, str(repo), str(lock.fileno())]
            controller = subprocess.Popen(argv, pass_fds=(lock.fileno(),), stderr=subprocess.PIPE, encoding="utf-8")
            assert controller.stderr is not None
            assert "holds the journal" in controller.stderr.readline()
            other.execute("ROLLBACK")
        _, rest = controller.communicate(timeout=60)
    assert controller.returncode == 0 and "Traceback" not in rest, rest
    assert outcomes(project) == {"1.1": "complete"}
