"""The programs in docs/nats.md do what the page says, as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import ROOT
from support_nats import Server, public_events, settings
from support_steering import WRITE, demo_project, works_until
from support_work import lines_of, until, wait_for_end

from orchestrator_agent.coordinators import messages
from orchestrator_agent.coordinators.subjects import COMMANDS, escape
from orchestrator_agent.orchestrator import Orchestrator

PAGE = (ROOT / "docs" / "nats.md").read_text("utf-8")
ESCAPE, PROGRAM = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    started = Server(tmp_path / "nats")
    yield started
    started.kill()


def test_the_escape_is_ours() -> None:
    done = subprocess.run([sys.executable, "-c", ESCAPE], capture_output=True, text=True)
    id_ = "coder-1.2-1764977334"
    assert done.stdout == f"{escape(id_)} {id_}\n"


def test_every_command_and_field_is_on_the_page() -> None:
    words = {*COMMANDS, *messages.Message.model_fields}
    for payload in messages.PAYLOADS.values():
        words |= set(payload.model_fields)
    assert [word for word in words if f"`{word}`" not in PAGE] == []


def test_a_plain_program_hears_all_and_steers_while_servers_are_killed(
    repo: Path, tmp_path: Path, server: Server
) -> None:
    go, heard = tmp_path / "go", tmp_path / "heard"
    demo_project(repo, {"1.1": [works_until(go, *WRITE)], "1.2": [[{"sleep": 3600}]]}, settings=settings(server))
    orchestrator = Orchestrator(repo)
    orchestrator.accept(orchestrator.plan(["1.1", "1.2"]))
    store = orchestrator.project.store
    until(lambda: sum(facts.record.state.value == "running" for facts in store.live_agents()) == 2)
    until(lambda: store.published(f"{server.url} orchestrator") == store.last_event_id())
    names = {facts.record.work_stream_id: facts.record.id for facts in store.live_agents()}
    known = store.last_event_id()
    with heard.open("w") as output, (tmp_path / "errors").open("w") as errors:
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, escape(names["1.1"]), escape(names["1.2"])],
            env={**os.environ, "NATS_URL": server.url},
            stdout=output,
            stderr=errors,
        )
    try:
        until(lambda: "agent_stopped" in heard.read_text())
        server.kill()
        orchestrator.send_feedback("1.1", "Said while the server was away.")
        server.start()
        until(lambda: heard.read_text().count("command_done applied") == 3)
        server.kill()
        go.touch()
        until(lambda: not store.live_agents())
        server.start()
        until(lambda: "controller_ended" in heard.read_text())
    finally:
        program.kill()
        program.wait()
    events = [line.split() for line in lines_of(heard) if " heartbeat " not in line]
    assert [words for words in events if len(words) == 1] == [["accepted"]]
    numbers = [int(words[0].rpartition("-")[2]) for words in events if len(words) == 3]
    assert len(set(numbers)) == len(numbers)  # what was said just before a cut is said again, before its time here too
    assert sorted(set(numbers) - set(range(known + 1))) == [n for n in public_events(repo) if n > known]
    steps = [words[2] for words in events if len(words) == 3 and words[2] != "None"]
    assert steps.count("applied") == 4 and "refused" not in steps
    wait_for_end(repo)
