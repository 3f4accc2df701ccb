"""Commands to agents that work, with stand-in agents and agents that hear nothing: each ends in one receipt."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest
from support import git, run_orch
from support_steering import WRITE, Storm, demo_project, steps_of, works_until
from support_work import (
    WORK,
    ask,
    controller_pid,
    kill_controller,
    lines_of,
    look,
    make_project,
    run_until_at_work,
    says,
    shim_pid,
    until,
    wait_for_end,
    waits_for,
)

from orchestrator_agent import attempts, status_bar, wishes
from orchestrator_agent.errors import NotAvailable
from orchestrator_agent.interpreters.claude import Usage
from orchestrator_agent.orchestrator import Orchestrator

LIVE = ["accepted", "delivered", "seen", "applied"]


def at_work(repo: Path, *names: str) -> Orchestrator:
    """Start work streams, and wait until their agents say that they are at it."""
    orchestrator = Orchestrator(repo)
    for name in names:
        orchestrator.accept(orchestrator.plan([name]))
    until(
        lambda: sum(f.record.state.value == "running" for f in orchestrator.project.store.live_agents()) == len(names)
    )
    return orchestrator


def id_of(orchestrator: Orchestrator, name: str) -> str:
    return orchestrator.agent(name).record.id


def test_feedback_reaches_an_agent_at_work_once(repo: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    demo_project(repo, {"1.1": [works_until(go, *WRITE)]})
    orchestrator = at_work(repo, "1.1")
    command = orchestrator.send_feedback("1.1", "use tabs;\n$(touch pwned) \x1b[2J", request_id="r1")
    assert orchestrator.send_feedback("1.1", "something else", request_id="r1") == command
    receipt = orchestrator.wait_for_receipt(command)
    assert receipt is not None and steps_of(orchestrator, command) == LIVE
    assert [r.at for r in orchestrator.receipts(command)] == sorted(r.at for r in orchestrator.receipts(command))
    go.touch()
    wait_for_end(repo)
    heard = git(repo, "show", "main:heard-1.1.txt")
    assert heard == "use tabs; $(touch pwned) ␛[2J" and not (repo / "pwned").exists()


def test_later_comes_after_the_work_and_now_in_its_midst(repo: Path, tmp_path: Path) -> None:
    demo_project(repo, {"1.1": [[{"sleep": 3600}]], "1.2": [works_until(tmp_path / "go", *WRITE)]})
    orchestrator = at_work(repo, "1.1", "1.2")
    now = orchestrator.send_feedback("1.1", "at once", "now")
    later = orchestrator.send_feedback("1.2", "at last", "later")
    assert orchestrator.wait_for_receipt(now) and steps_of(orchestrator, now) == LIVE
    assert orchestrator.wait_for_receipt(later, "delivered")
    assert steps_of(orchestrator, later) == ["accepted", "delivered"]
    (tmp_path / "go").touch()
    assert orchestrator.wait_for_receipt(later) and steps_of(orchestrator, later) == LIVE
    orchestrator.stop()


def deaf(file: Path) -> list[Mapping[str, Any]]:
    """Steps of an agent that listens to nobody until `file` is there."""
    return [{"run": ["sh", "-c", waits_for(file)]}, *WRITE]


def test_feedback_that_is_not_seen_in_time_says_so_and_comes_to_a_person(repo: Path, tmp_path: Path) -> None:
    demo_project(repo, {"1.1": [deaf(tmp_path / "go")], "1.2": [deaf(tmp_path / "never")]})
    orchestrator = at_work(repo, "1.1", "1.2")
    command = orchestrator.send_feedback("1.1", "hurry", within=0.1)
    slow = orchestrator.send_feedback("1.2", "in time", within=600)
    other = orchestrator.send_feedback("1.2", "at once", "now", within=0.1)
    assert orchestrator.wait_for_receipt(command, "stuck") and orchestrator.wait_for_receipt(other, "stuck")
    late = {entry["command_id"]: entry for entry in orchestrator.inbox()}
    assert set(late) == {command, other} and steps_of(orchestrator, slow) == ["accepted"]
    entry = late[command]
    assert (entry["kind"], entry["work_stream_id"], entry["command"], entry["text"]) == (
        "late",
        "1.1",
        "feedback",
        "hurry",
    )
    assert all(f"`orch {word} " in entry["remedy"] for word in ("attach", "redirect", "stop"))
    shown = run_orch(repo, "inbox").stdout
    assert "does not take in feedback: hurry" in shown and "orch answer" not in shown
    assert "waits for you: 1.1 (stuck), 1.2 (stuck)" in status_bar.bar(orchestrator.project, Usage())
    with pytest.raises(NotAvailable, match="nothing to answer"):
        orchestrator.answer(entry["entry"], "allow")
    (tmp_path / "go").touch()
    assert orchestrator.wait_for_receipt(command)
    assert steps_of(orchestrator, command) == ["accepted", "late", "stuck", "delivered", "seen", "applied"]
    assert [entry["command_id"] for entry in orchestrator.inbox()] == [other]
    orchestrator.stop()
    until(lambda: orchestrator.inbox() == [])
    wait_for_end(repo)


def test_a_pause_that_does_not_come_through_is_in_the_inbox_until_it_does(repo: Path, tmp_path: Path) -> None:
    demo_project(repo, {"1.1": [works_until(tmp_path / "go", *WRITE)]})
    orchestrator = at_work(repo, "1.1")
    name = id_of(orchestrator, "1.1")
    supervisor = shim_pid(repo, name)
    os.kill(supervisor, signal.SIGSTOP)
    wish = {"agent_id": name, "deadline": time.time() + 0.1}
    command = wishes.accept_steering(orchestrator.project, "pause", wish, "asked to pause", "", ())
    assert orchestrator.wait_for_receipt(command, "stuck")
    assert [(entry["kind"], entry["command"]) for entry in orchestrator.inbox()] == [("late", "pause")]
    os.kill(supervisor, signal.SIGCONT)
    receipt = orchestrator.wait_for_receipt(command)
    assert receipt is not None and receipt.step == "applied" and orchestrator.inbox() == []
    orchestrator.stop()


def test_who_waits_for_a_person_or_stands_still_is_not_late(repo: Path, tmp_path: Path) -> None:
    demo_project(repo, {"1.1": [works_until(tmp_path / "go", *WRITE)]})
    orchestrator = at_work(repo, "1.1")
    assert orchestrator.wait_for_receipt(orchestrator.pause("1.1"))
    until(lambda: orchestrator.agent("1.1").record.state.value == "waiting")
    command = orchestrator.send_feedback("1.1", "hurry", within=0.1)
    time.sleep(1.5)  # nothing to wait for: the controller looks each second, and says nothing
    assert "late" not in steps_of(orchestrator, command) and orchestrator.inbox() == []
    assert orchestrator.wait_for_receipt(orchestrator.resume("1.1")) and orchestrator.wait_for_receipt(command)
    orchestrator.stop()


def test_feedback_given_while_nobody_controls_is_delivered_once(repo: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    demo_project(repo, {"1.1": [works_until(go, *WRITE)]})
    orchestrator = at_work(repo, "1.1")
    commands = []
    for number in range(4):
        commands.append(orchestrator.send_feedback("1.1", f"message {number}"))
        until(orchestrator.project.controller_runs)
        kill_controller(repo)
    for command in commands:
        assert orchestrator.wait_for_receipt(command) and steps_of(orchestrator, command) == LIVE
    go.touch()
    wait_for_end(repo)
    assert git(repo, "show", "main:heard-1.1.txt").splitlines() == [f"message {number}" for number in range(4)]


def test_who_hears_nothing_is_stopped_and_goes_on_with_it(repo: Path, tmp_path: Path) -> None:
    audit, go = tmp_path / "audit", tmp_path / "go"
    script = f'echo x > "part-$ORCH_ATTEMPT"; cat > "prompt-$ORCH_ATTEMPT"; {says(audit, "start")}; {waits_for(go)}'
    make_project(repo, script, settings="max_attempts = 1\nstop_grace_seconds = 0.2\n")
    orchestrator = at_work(repo, "1.1")
    until(lambda: len(lines_of(audit)) == 1)
    command = orchestrator.send_feedback("1.1", "use `tabs`")
    receipt = orchestrator.wait_for_receipt(command)
    assert receipt is not None and receipt.step == "applied" and "was started with it" in receipt.reason
    go.touch()
    wait_for_end(repo)
    shown = git(repo, "show", "main:prompt-2")
    assert "use `tabs`" in shown and "person in charge" in shown
    assert git(repo, "show", "main:part-1") == "x"
    assert len(lines_of(audit)) == 2 and Orchestrator(repo).get_roadmap_status()["by_status"]["complete"]


def test_a_paused_agent_stands_still_until_it_is_resumed(repo: Path, tmp_path: Path) -> None:
    count, go = tmp_path / "count", tmp_path / "go"
    tick = f"while [ ! -e {go} ]; do echo >> {count}; sleep 0.01; done; echo x > made"
    make_project(repo, tick, settings="timeout_seconds = 60\n")
    orchestrator = at_work(repo, "1.1")
    until(lambda: len(lines_of(count)) > 2)
    command = orchestrator.pause("1.1")
    assert orchestrator.wait_for_receipt(command) is not None
    before = len(lines_of(count))
    agent = ask(repo, "status")["agents"][0]
    assert (agent["state"], agent["reason"]) == ("waiting", "paused")
    kill_controller(repo)
    time.sleep(0.1)
    assert len(lines_of(count)) == before and steps_of(orchestrator, command) == ["accepted", "applied"]
    command = orchestrator.resume("1.1")
    assert orchestrator.wait_for_receipt(command) is not None
    until(lambda: len(lines_of(count)) > before)
    until(lambda: look(repo, "status")["agents"][0]["state"] == "running")
    go.touch()
    wait_for_end(repo)


def test_a_paused_agent_hears_when_it_goes_on_and_can_be_stopped(repo: Path, tmp_path: Path) -> None:
    demo_project(repo, {"1.1": [[{"sleep": 3600}]]})
    orchestrator = at_work(repo, "1.1")
    assert orchestrator.wait_for_receipt(orchestrator.pause("1.1"))
    told = orchestrator.send_feedback("1.1", "wake up", "now")
    time.sleep(0.3)
    assert steps_of(orchestrator, told) == ["accepted"]
    assert orchestrator.wait_for_receipt(orchestrator.resume("1.1"))
    assert orchestrator.wait_for_receipt(told) and steps_of(orchestrator, told) == LIVE
    assert orchestrator.wait_for_receipt(orchestrator.pause("1.1"))
    never = orchestrator.send_feedback("1.1", "too late")
    orchestrator.stop()
    receipt = orchestrator.wait_for_receipt(never)
    assert receipt is not None and receipt.step == "refused"
    assert orchestrator.agent("1.1").record.state.value == "stopped"


def test_redirected_work_is_saved_and_the_other_begun_under_one_claim(repo: Path, tmp_path: Path) -> None:
    begun: list[Mapping[str, Any]] = [
        {"write": {"path": "half.txt", "text": "half\n"}},
        {"say": "half done"},
        {"sleep": 3600},
    ]
    demo_project(repo, {"1.1": [begun], "1.2": [list(WRITE)]})
    orchestrator = at_work(repo, "1.1")
    first = orchestrator.agent("1.1").record
    until(lambda: (Path(first.worktree) / "half.txt").exists())
    command = orchestrator.redirect("1.1", "1.2", "the other is more urgent")
    with pytest.raises(NotAvailable):
        orchestrator.plan(["1.2"])
    receipt = orchestrator.wait_for_receipt(command)
    assert receipt is not None and receipt.step == "applied"
    wait_for_end(repo)
    results = {r.work_stream_id: r for r in orchestrator.project.store.last_results().values()}
    assert results["1.1"].outcome == "stopped" and "more urgent" in results["1.1"].reason
    assert results["1.2"].outcome == "complete"
    assert git(repo, "show", f"{first.branch}:half.txt") == "half"
    assert git(repo, "ls-tree", "--name-only", "main").splitlines().count("half.txt") == 0


def test_work_that_is_done_is_not_given_up_by_a_redirect(repo: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    make_project(repo, f"{waits_for(go)}; {WORK}")
    orchestrator = at_work(repo, "1.1")
    folder = orchestrator.project.agent_folder(id_of(orchestrator, "1.1"))
    controller = controller_pid(repo)
    os.kill(controller, signal.SIGSTOP)
    go.touch()
    until(lambda: attempts.observe(folder).exit is not None)
    command = orchestrator.redirect("1.1", "1.2", "more urgent")  # nobody knows of the end yet
    os.kill(controller, signal.SIGCONT)
    receipt = orchestrator.wait_for_receipt(command)
    assert receipt is not None and receipt.step == "refused"
    assert "is being checked" in receipt.reason and "`orch run 1.2`" in receipt.reason
    wait_for_end(repo)
    outcomes = {r.work_stream_id: r.outcome for r in orchestrator.project.store.last_results().values()}
    assert outcomes == {"1.1": "complete", "1.2": "stopped"}
    assert git(repo, "show", "main:hello-1.1.txt") == "hello"
    assert [stream.id for stream in orchestrator.plan(["1.2"]).now] == ["1.2"]


def test_what_cannot_be_done_changes_nothing(repo: Path, tmp_path: Path) -> None:
    demo_project(repo, {"1.1": [[{"sleep": 3600}]], "1.2": [[{"sleep": 3600}]]})
    orchestrator = at_work(repo, "1.1", "1.2")
    before = orchestrator.project.store.last_event_id()
    wishes: tuple[Callable[[], object], ...] = (
        lambda: orchestrator.send_feedback("1.1", "  "),
        lambda: orchestrator.send_feedback("1.1", "x", "soon"),
        lambda: orchestrator.send_feedback("1.1", "x" * 200_000),
        lambda: orchestrator.pause("9.9"),
        lambda: orchestrator.redirect("1.1", "1.2", "taken"),
        lambda: orchestrator.answer("nothing", "allow"),
    )
    for wrong in wishes:
        with pytest.raises(Exception, match=r"\.$"):
            wrong()
    assert orchestrator.project.store.last_event_id() == before
    orchestrator.stop()


def test_a_supervisor_killed_loses_no_feedback(repo: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    demo_project(repo, {"1.1": [works_until(go, *WRITE)]})
    orchestrator = at_work(repo, "1.1")
    name = id_of(orchestrator, "1.1")
    folder = orchestrator.project.agent_folder(name)
    attempts.request_pause(folder, paused=True)  # so that it cannot be told before it dies
    until(lambda: attempts.observe(folder).paused)
    command = orchestrator.send_feedback("1.1", "remember this")
    os.kill(shim_pid(repo, name), signal.SIGKILL)
    receipt = orchestrator.wait_for_receipt(command)
    assert receipt is not None and receipt.step == "applied"
    assert "remember this" in (orchestrator.project.agent_folder(id_of(orchestrator, "1.1")) / "prompt.md").read_text()
    go.touch()
    wait_for_end(repo)


def test_every_command_of_a_storm_ends_in_one_receipt(repo: Path) -> None:
    storm = Storm(repo, agents=4, die=Random(1))
    storm.begin()
    asked = 0
    while len(storm.commands) < 25:
        storm.command()
        asked += 1
        if asked % 15 == 7 and storm.orchestrator.project.controller_runs():
            kill_controller(repo)
        time.sleep(storm.die.choice((0, 0, 0.05)))
    storm.end()
    assert any(end.endswith(" applied") for end in storm.check())


def test_who_hears_nothing_and_stands_still_is_told_when_it_goes_on(repo: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    make_project(repo, f"{waits_for(go)}\n{WORK}")
    run_until_at_work(repo, "1.1")
    orchestrator = Orchestrator(repo)
    assert orchestrator.wait_for_receipt(orchestrator.pause("1.1"))
    told = orchestrator.send_feedback("1.1", "use tabs")
    time.sleep(0.5)
    assert steps_of(orchestrator, told) == ["accepted"] and orchestrator.agent("1.1").record.reason == "paused"
    assert orchestrator.wait_for_receipt(orchestrator.resume("1.1"))
    receipt = orchestrator.wait_for_receipt(told)
    assert receipt is not None and receipt.step == "applied"
    go.touch()
    wait_for_end(repo)
    assert len(orchestrator.project.store.agents()) == 2
