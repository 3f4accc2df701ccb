"""Agents that are real Claude Code, steered while they work; the model behind them is scripted."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
from standin import Answer, Failure, Reply, Request, StandIn, text, tool
from support import git, run_orch
from support_claude import (
    LONG,
    blocks,
    claude_project,
    matching,
    needs_claude,
    results,
    said,
    session_of,
    stream_of,
    use,
)
from support_steering import steps_of
from support_work import ask, is_running, kill_controller, lines_of, until, wait_for_end

from orchestrator_agent import shim
from orchestrator_agent.orchestrator import Orchestrator

pytestmark = needs_claude
LIVE = ["accepted", "delivered", "seen", "applied"]


def work(name: str) -> Answer:
    """Make a file and commit it."""
    command = f"echo made > made-{name}.txt; git add -A; git commit -qm 'Make {name}'"
    return Answer(content=(tool("Bash", command=command, description="work"),))


def calls(command: str) -> Answer:
    return Answer(content=(tool("Bash", command=command, description="x"),))


def start(repo: Path, *names: str) -> Orchestrator:
    orchestrator = Orchestrator(repo)
    orchestrator.accept(orchestrator.plan(names))
    return orchestrator


def test_a_batch_edits_commits_and_lands_and_the_journal_knows_what_it_took(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"1.{n}" for n in range(1, 7)]
    claude_project(repo, names)

    def brain(request: Request) -> Reply:
        return work(stream_of(request, names)) if results(request) == 0 else text("Done.")

    with StandIn(brain) as standin:
        use(standin, monkeypatch)
        done = run_orch(repo, "batch", timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    files = git(repo, "ls-tree", "--name-only", "main").splitlines()
    assert {f"made-{name}.txt" for name in names} <= set(files)
    for facts in Orchestrator(repo).project.store.agents():
        assert facts.record.state == "completed" and facts.record.attempt == 1
        assert sum(facts.ending["tokens"].values()) > 0 and facts.ending["cost_usd"] > 0 and facts.ending["turns"] == 2
        assert facts.ending["tools"] == {"Bash": 1}
        assert facts.ending["session_id"] == facts.details["session_id"]


def test_feedback_is_in_the_next_request_and_now_breaks_off_a_long_call(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claude_project(repo, ["1.1"])

    def brain(request: Request) -> Reply:
        asked = said(request)
        if "ORDER THREE" in asked:
            return work("1.1") if "made-1.1.txt" not in asked else text("Done.")
        return calls(LONG if "ORDER ONE" in asked else "python3 -c 'import time; time.sleep(3)'")

    with StandIn(brain) as standin:
        use(standin, monkeypatch)
        orchestrator = start(repo, "1.1")
        until(lambda: standin.requests)
        first = orchestrator.send_feedback("1.1", "ORDER ONE")
        assert orchestrator.wait_for_receipt(first, "seen")
        assert "ORDER ONE" in said(standin.requests[1])
        urgent = orchestrator.send_feedback("1.1", "ORDER THREE", "now")
        kill_controller(repo)
        begun = time.monotonic()
        assert orchestrator.wait_for_receipt(urgent) and time.monotonic() - begun < 60
        assert steps_of(orchestrator, first) == steps_of(orchestrator, urgent) == LIVE
        wait_for_end(repo)
        told = said(standin.requests[-1])
    assert told.count("ORDER ONE") == told.count("ORDER THREE") == 1
    assert git(repo, "show", "main:made-1.1.txt") == "made"
    assert len(orchestrator.project.store.agents()) == 1


def test_a_paused_claude_stands_still_with_its_tools(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claude_project(repo, ["1.1"])
    count, go = repo.parent / "count", repo.parent / "go"
    tick = f"while [ ! -e {go} ]; do echo >> {count}; python3 -c 'import time; time.sleep(0.02)'; done"

    def brain(request: Request) -> Reply:
        done = results(request)
        return calls(tick) if done == 0 else work("1.1") if done == 1 else text("Done.")

    with StandIn(brain) as standin:
        use(standin, monkeypatch)
        orchestrator = start(repo, "1.1")
        until(lambda: len(lines_of(count)) > 3)
        command = orchestrator.pause("1.1")
        kill_controller(repo)
        assert orchestrator.wait_for_receipt(command)
        before = len(lines_of(count))
        told = orchestrator.send_feedback("1.1", "ORDER ONE")
        time.sleep(2)
        assert len(lines_of(count)) == before and steps_of(orchestrator, told) == ["accepted"]
        assert orchestrator.agent("1.1").record.reason == "paused"
        assert orchestrator.wait_for_receipt(orchestrator.resume("1.1"))
        until(lambda: len(lines_of(count)) > before)
        go.touch()
        wait_for_end(repo)
        assert said(standin.requests[-1]).count("ORDER ONE") == 1
    assert steps_of(orchestrator, told) == LIVE and git(repo, "show", "main:made-1.1.txt") == "made"


def test_a_permission_is_asked_for_and_given_from_another_terminal(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claude_project(repo, ["1.1"], 'allowed_tools = ["Read"]\n')

    def brain(request: Request) -> Reply:
        return work("1.1") if results(request) == 0 else text("Done.")

    with StandIn(brain) as standin:
        use(standin, monkeypatch)
        orchestrator = start(repo, "1.1")
        until(lambda: orchestrator.inbox())
        record = orchestrator.agent("1.1").record
        until(lambda: orchestrator.agent("1.1").record.state == "waiting")
        assert orchestrator.agent("1.1").record.reason == "needs input: may it use Bash?"
        entry = orchestrator.inbox()[0]
        assert (entry["agent_id"], entry["tool"]) == (record.id, "Bash") and "git commit" in entry["arguments"]
        kill_controller(repo)
        command = orchestrator.answer(entry["entry"], "allow")
        assert orchestrator.wait_for_receipt(command)
        wait_for_end(repo)
    assert steps_of(orchestrator, command)[-1] == "applied" and not orchestrator.inbox()
    assert git(repo, "show", "main:made-1.1.txt") == "made"


def test_a_question_gets_the_words_and_nobody_waits_for_ever(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claude_project(repo, ["1.1"], 'allowed_tools = ["Bash"]\nanswer_after_seconds = 1.0\n')
    options = [{"label": label, "description": "d"} for label in ("one", "other")]
    question = {"question": "Which one?", "header": "H", "multiSelect": False, "options": options}

    def brain(request: Request) -> Reply:
        count = results(request)
        if count == 0:
            return Answer(content=(tool("AskUserQuestion", questions=[question]),))
        return work("1.1") if count == 1 else text("Done.")

    with StandIn(brain) as standin:
        use(standin, monkeypatch)
        start(repo, "1.1")
        wait_for_end(repo)
        refusals = [b for b in blocks(standin.requests[-1]) if b["type"] == "tool_result" and b.get("is_error")]
    assert len(refusals) == 1 and "does not want" in json.dumps(refusals)
    assert git(repo, "show", "main:made-1.1.txt") == "made"


@pytest.mark.parametrize("who", ["supervisor", "claude"])
def test_who_is_killed_in_a_tool_call_is_swept_and_the_session_goes_on(
    repo: Path, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    claude_project(repo, ["1.1"], "max_attempts = 1\n")

    def brain(request: Request) -> Reply:
        if "cut off" not in said(request):
            return calls(f"echo half > half.txt; {LONG}")
        return text("Done.") if "Make 1.1" in said(request) else work("1.1")

    with StandIn(brain) as standin:
        use(standin, monkeypatch)
        orchestrator = start(repo, "1.1")
        until(lambda: standin.requests)
        record = orchestrator.agent("1.1").record
        until(lambda: (Path(record.worktree) / "half.txt").exists())
        folder = orchestrator.project.agent_folder(record.id)
        shim_pid = int(json.loads((folder / "start.json").read_text())["pid"])
        tree = list(shim.family(shim_pid))
        os.kill(shim_pid if who == "supervisor" else tree[0], signal.SIGKILL)
        wait_for_end(repo)
        assert not [pid for pid in tree if is_running(pid)]
        sessions = {session_of(request) for request in standin.requests}
    assert len(sessions) == 1 and git(repo, "show", "main:half.txt") == "half"
    assert git(repo, "show", "main:made-1.1.txt") == "made"


def test_redirected_the_same_session_does_other_work(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claude_project(repo, ["1.1", "1.2"])

    def brain(request: Request) -> Reply:
        if stream_of(request, ["1.1", "1.2"]) == "1.1":
            return calls(f"echo half > half.txt; {LONG}")
        return text("Done.") if "Make 1.2" in said(request) else work("1.2")

    with StandIn(brain) as standin:
        use(standin, monkeypatch)
        orchestrator = start(repo, "1.1")
        until(lambda: standin.requests)
        record = orchestrator.agent("1.1").record
        until(lambda: (Path(record.worktree) / "half.txt").exists())
        command = orchestrator.redirect("1.1", "1.2", "more urgent")
        kill_controller(repo)
        assert orchestrator.wait_for_receipt(command)  # whoever waits sees to it that there is a controller
        wait_for_end(repo)
        sessions = {session_of(request) for request in standin.requests}
    assert steps_of(orchestrator, command)[-1] == "applied" and len(sessions) == 1
    assert git(repo, "show", "main:made-1.2.txt") == "made" and git(repo, "show", f"{record.branch}:half.txt") == "half"


def test_what_was_left_running_does_not_keep_an_agent(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claude_project(repo, ["1.1"])

    def brain(request: Request) -> Reply:
        count = results(request)
        if count == 0:
            return Answer(content=(tool("Bash", command=LONG, description="x", run_in_background=True),))
        return work("1.1") if count == 1 else text("Done.")

    with StandIn(brain) as standin:
        use(standin, monkeypatch)
        orchestrator = start(repo, "1.1")
        wait_for_end(repo)
        assert len(matching(standin, lambda request: results(request) > 2)) == 0
    assert orchestrator.agent("1.1").record.state == "completed" and git(repo, "show", "main:made-1.1.txt") == "made"


def test_a_limit_with_a_reset_makes_all_wait_and_the_same_sessions_go_on(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["1.1", "1.2", "1.3"]
    claude_project(repo, names, "max_attempts = 1\n")
    refused: list[float] = []
    allowed: list[float] = []

    def brain(request: Request) -> Reply:
        now = time.time()
        if len(refused) < 3 or (refused and now < reset[0]):
            reset[:] = reset or [float(int(now) + 12)]
            refused.append(now)
            headers = {
                "anthropic-ratelimit-unified-status": "rejected",
                "retry-after": "3600",  # a shorter one it waits for by itself
            }
            return Failure(status=429, message=f"Claude AI usage limit reached|{int(reset[0])}", headers=headers)
        allowed.append(now)
        name = stream_of(request, names)
        return text("Done.") if f"Make {name}" in said(request) else work(name)

    reset: list[float] = []
    with StandIn(brain) as standin:
        use(standin, monkeypatch)
        orchestrator = start(repo, *names)
        until(lambda: len(refused) >= 3)
        until(lambda: all(f.record.state == "failed" for f in orchestrator.project.store.agents()))
        waiting = ask(repo, "status")["under_way"]
        wait_for_end(repo)
        sessions = {session_of(request) for request in standin.requests}
    assert len(waiting) == 3 and all("limit" in item["reason"] for item in waiting)
    assert len(refused) == 3 and len(sessions) == 3 and min(allowed) >= reset[0]
    results = orchestrator.project.store.last_results()
    assert {result.outcome for result in results.values()} == {"complete"}


def test_an_overload_is_waited_for_and_a_bad_key_is_one_line(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claude_project(repo, ["1.1", "1.2"], "max_attempts = 1\n")
    monkeypatch.setenv("CLAUDE_CODE_MAX_RETRIES", "0")
    seen: list[str] = []

    def brain(request: Request) -> Reply:
        seen.append(session_of(request))
        if stream_of(request, ["1.1", "1.2"]) == "1.2":
            return Failure(status=401, message="invalid x-api-key")
        if len(seen) < 3:
            return Failure(status=529)
        return text("Done.") if "Make 1.1" in said(request) else work("1.1")

    with StandIn(brain) as standin:
        use(standin, monkeypatch)
        orchestrator = start(repo, "1.1")
        wait_for_end(repo)
        assert git(repo, "show", "main:made-1.1.txt") == "made" and len(set(seen)) == 1
        start(repo, "1.2")
        wait_for_end(repo)
    result = orchestrator.project.store.last_results()["1.2"]
    assert result.outcome == "failed" and result.reason.startswith("Claude Code is not signed in")
    assert len(orchestrator.project.store.agents(work_stream_id="1.2")) == 1


def test_a_conversation_that_is_gone_is_begun_anew(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    claude_project(repo, ["1.1"], "max_attempts = 1\n")

    def brain(request: Request) -> Reply:
        if "is gone" not in said(request):
            return calls(f"echo half > half.txt; {LONG}")
        return text("Done.") if "Make 1.1" in said(request) else work("1.1")

    with StandIn(brain) as standin:
        use(standin, monkeypatch)
        orchestrator = start(repo, "1.1")
        until(lambda: standin.requests)
        record = orchestrator.agent("1.1").record
        until(lambda: (Path(record.worktree) / "half.txt").exists())
        orchestrator.stop()
        wait_for_end(repo)
        kept = list((Path(os.environ["HOME"]) / ".claude" / "projects").rglob("*.jsonl"))
        for conversation in kept:
            conversation.unlink()
        start(repo, "1.1")
        wait_for_end(repo)
        sessions = [session_of(request) for request in standin.requests]
    _, gone, last = orchestrator.project.store.agents(work_stream_id="1.1")
    assert kept and "a new one begins" in gone.record.reason and last.record.state.value == "completed"
    assert len(set(sessions)) == 2 and git(repo, "show", "main:half.txt") == "half"
    assert git(repo, "show", "main:made-1.1.txt") == "made"
