"""What agents ask or wait for is seen in every front end; a question is answered from any, and has an end."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pexpect
import pytest
from support import git, run_orch
from support_steering import plan_of
from support_work import ORCH, ask, until, waits_for

from orchestrator_agent.listener import finished
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.tools import TOOLS, ToolCall, Toolset

_WISH = {
    "type": "control_request",
    "request_id": "r1",
    "request": {"subtype": "can_use_tool", "tool_name": "Bash", "input": {"command": "git commit"}},
}
_OPTIONS = [{"label": "tabs", "description": "d"}, {"label": "blanks", "description": "d"}]
_QUESTION = {
    **_WISH,
    "request": {
        "subtype": "can_use_tool",
        "tool_name": "AskUserQuestion",
        "input": {"questions": [{"question": "How far in?", "header": "H", "options": _OPTIONS}]},
    },
}
_RESULT = {"type": "result", "subtype": "success", "is_error": False, "terminal_reason": "completed"}
_PROGRAM = """
read -r task
echo '{wish}'
read -r answer
printf '%s\\n' "$answer" > '{answer}'
if grep -q '"allow"' '{answer}'; then echo made > made.txt; git add -A; git commit -qm Make; fi
echo '{result}'
"""


def begin(repo: Path, wish: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch, settings: str = "") -> None:
    """Commit a plan for an agent that speaks as Claude Code does, asks one thing, and keeps the answer."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "none")
    program = repo.parent / "claude.sh"
    program.write_text(
        _PROGRAM.format(wish=json.dumps(wish), result=json.dumps(_RESULT), answer=repo.parent / "answer.json")
    )
    (repo / "plans").mkdir()
    (repo / "plans" / "roadmap.md").write_text(plan_of(["1.1"]), "utf-8")
    command = json.dumps(["sh", str(program)])
    (repo / "orch.toml").write_text(f'[checks]\ntests = "true"\n[agent]\nclaude_command = {command}\n{settings}')
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=Plan")


def run_behind(repo: Path) -> subprocess.Popen[str]:
    """`orch run 1.1` in another terminal."""
    return subprocess.Popen([*ORCH, "run", "1.1"], cwd=repo, stdout=subprocess.PIPE, text=True)


def entry_of(repo: Path) -> str:
    """The entry of the only thing that is asked."""
    until(lambda: Orchestrator(repo).inbox())
    return str(Orchestrator(repo).inbox()[0]["entry"])


def answer_in(repo: Path) -> Any:
    """What the agent was answered."""
    return json.loads((repo.parent / "answer.json").read_text())["response"]


def test_a_permission_is_seen_by_who_follows_and_given_by_a_tool(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(repo, _WISH, monkeypatch)
    following = run_behind(repo)
    entry = entry_of(repo)
    assert following.stdout is not None
    seen = [following.stdout.readline() for _ in range(3)]
    assert 'asks: may it use Bash? {"command": "git commit"}' in seen[1] and f"orch answer {entry} allow" in seen[2]
    until(lambda: ask(repo, "status")["agents"][0]["state"] == "waiting")
    assert "Waiting for you:\n  1.1  coder-1.1-" in run_orch(repo, "status").stdout
    toolset, orchestrator = Toolset(TOOLS), Orchestrator(repo)
    for arguments in ({}, {"work_stream_id": "1.1"}):
        told = toolset.call(orchestrator, ToolCall("get_status", arguments))
        assert f"(entry {entry}): may it use Bash?" in told.text
    given = toolset.call(orchestrator, ToolCall("answer_agent", {"entry": entry, "answer": "allow"}))
    assert not given.is_error
    rest, _ = following.communicate(timeout=60)
    assert following.returncode == 0 and "is answered: allow" in rest
    response = answer_in(repo)
    assert response["response"]["behavior"] == "allow" and response["request_id"] == "r1"
    report = ask(repo, "report")["commands"]
    assert [(item["kind"], item["text"], item["state"]) for item in report] == [("answer", "allow", "applied")]
    assert 'answer 1.1 "allow": applied at ' in run_orch(repo, "report").stdout


def test_who_waits_for_work_is_told_what_it_asks(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(repo, _WISH, monkeypatch)
    go, program = repo.parent / "go", repo.parent / "claude.sh"
    program.write_text(program.read_text().replace("read -r task", f"read -r task; {waits_for(go)}"))
    toolset, orchestrator = Toolset(TOOLS), Orchestrator(repo)
    following = run_behind(repo)
    until(lambda: ask(repo, "running")["agents"])
    waiting = toolset.call(orchestrator, ToolCall("wait", {"work_stream_id": "1.1", "seconds": 60}))
    go.touch()
    told = asyncio.run(finished(waiting))
    entry = entry_of(repo)
    assert f"(entry {entry}): may it use Bash?" in told.text, told.text
    assert not toolset.call(orchestrator, ToolCall("answer_agent", {"entry": entry, "answer": "allow"})).is_error
    following.communicate(timeout=60)
    assert following.returncode == 0


def test_a_question_with_its_choices_is_answered_in_the_chat(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(repo, _QUESTION, monkeypatch)
    following = run_behind(repo)
    entry = entry_of(repo)
    said = run_orch(repo, "chat", "--offline", input=f"inbox\n/answer {entry} two tabs\nquit\n")
    assert "How far in? (tabs, blanks)" in said.stdout, said.stdout + said.stderr
    rest, _ = following.communicate(timeout=60)
    assert following.returncode == 0, rest
    response = answer_in(repo)["response"]
    assert response["updatedInput"]["answers"] == {"How far in?": "two tabs"}


def test_who_sits_at_it_sees_the_question_and_types_the_answer(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(repo, _WISH, monkeypatch)
    following = run_behind(repo)
    entry_of(repo)
    terminal = pexpect.spawn(ORCH[0], [*ORCH[1:], "attach", "1.1"], cwd=repo, encoding="utf-8", timeout=30)
    terminal.expect(r"\? It asks: Bash: git commit")
    terminal.expect("asks: may it use Bash.*Type allow, deny, or words")
    terminal.sendline("allow")
    terminal.expect("applied")
    terminal.expect(pexpect.EOF)
    rest, _ = following.communicate(timeout=60)
    assert following.returncode == 0, rest
    assert answer_in(repo)["response"]["behavior"] == "allow"


def test_nobody_answers_and_that_is_said(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin(repo, _WISH, monkeypatch, "answer_after_seconds = 0.5\nmax_attempts = 1\n")
    done = run_orch(repo, "run", "1.1")
    assert "is answered: deny (nobody answered in time)" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 1 and "it asked for Bash, and was not allowed to" in run_orch(repo, "why").stdout
    assert answer_in(repo)["response"]["behavior"] == "deny"


def test_what_an_agent_waits_for_by_itself_is_told(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    retry = {"type": "system", "subtype": "api_retry", "attempt": 2, "max_retries": 10, "error_status": 529}
    begin(repo, retry, monkeypatch)
    go, program = repo.parent / "go", repo.parent / "claude.sh"
    spoke = json.dumps({"type": "assistant", "message": {"content": []}})
    goes_on = f"{waits_for(go)}\necho '{spoke}'\n{waits_for(repo.parent / 'end')}; answer=\\\"allow\\\""
    program.write_text(program.read_text().replace("read -r answer", goes_on))
    following = run_behind(repo)
    until(lambda: [agent["reason"] for agent in ask(repo, "status")["agents"]] == ["the API answers 529, try 2 of 10"])
    assert "waits: the API answers 529, try 2 of 10" in run_orch(repo, "why").stdout
    go.touch()
    until(lambda: ask(repo, "status")["agents"][0]["state"] == "running")
    (repo.parent / "end").touch()
    following.communicate(timeout=60)
    assert following.returncode == 0
