"""The `claude` runtime: how it is started, how each end is judged, and how its lines read."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_runtimes import HOSTILE, SESSION, ended, task

from orchestrator_agent.attempts import ExitRecord
from orchestrator_agent.runtimes import Judgement, get_runtime
from orchestrator_agent.runtimes.claude_stream import judge_result
from orchestrator_agent.settings import AgentSettings

OK: dict[str, Any] = {
    "type": "result",
    "subtype": "success",
    "is_error": False,
    "terminal_reason": "completed",
    "num_turns": 4,
    "duration_ms": 61500,
    "total_cost_usd": 0.4217,
    "session_id": SESSION,
    "result": "Done.",
    "usage": {"input_tokens": 12, "output_tokens": 340, "cache_read_input_tokens": 9000},
    "modelUsage": {"claude-opus-5-5": {"inputTokens": 12}},
    "permission_denials": [],
}


def failed(**changes: Any) -> dict[str, Any]:
    return {**OK, "is_error": True, "result": "", **changes}


def said(kind: str, **block: Any) -> dict[str, Any]:
    return {"type": kind, "message": {"content": [block]}}


def judge_claude(tmp_path: Path, end: ExitRecord, *events: Any, err: str = "") -> Judgement:
    (tmp_path / "out.log").write_text("".join(json.dumps(event) + "\n" for event in events))
    (tmp_path / "err.log").write_text(err)
    return get_runtime("claude").judge(end, tmp_path / "out.log")


def test_claude_is_started_without_a_terminal_and_reads_the_prompt(repo: Path, tmp_path: Path) -> None:
    settings = AgentSettings(model="opus", allowed_tools=("Bash(git log:*)", "Edit"))
    launch = get_runtime("claude").launch(task(repo, settings), tmp_path)
    argv = list(launch.argv)
    assert argv[:4] == ["claude", "-p", "--input-format", "stream-json"]
    assert argv[argv.index("--output-format") + 1] == "stream-json" and "--verbose" in argv
    assert argv[argv.index("--permission-prompt-tool") + 1] == "stdio"
    assert argv[argv.index("--disallowedTools") + 1] == "Bash(git push:*)"
    assert argv[argv.index("--session-id") + 1] == SESSION
    assert argv[argv.index("--permission-mode") + 1] == "acceptEdits"
    assert argv[argv.index("--model") + 1] == "opus"
    assert json.loads(argv[argv.index("--settings") + 1]) == {"attribution": {"commit": "", "pr": ""}}
    assert argv[-3:] == ["--allowedTools", "Bash(git log:*)", "Edit"]
    assert launch.stdin is not None and launch.keep_stdin
    (line,) = launch.stdin.splitlines()
    assert json.loads(line)["message"]["content"] == [{"type": "text", "text": HOSTILE}]
    assert not launch.merge_stderr
    assert not any(HOSTILE in word for word in argv)


def test_claude_gets_its_limits_and_goes_on_in_a_session(repo: Path, tmp_path: Path) -> None:
    settings = AgentSettings(
        effort="high",
        append_system_prompt="Be brief.",
        mcp_config=("a.json", "b.json"),
        max_turns=9,
        max_budget_usd=1.5,
    )
    argv = list(get_runtime("claude").launch(replace(task(repo, settings), resumes=True), tmp_path).argv)
    assert argv[argv.index("--resume") + 1] == SESSION and "--session-id" not in argv
    for flag, value in {"--effort": "high", "--append-system-prompt": "Be brief.", "--max-turns": "9"}.items():
        assert argv[argv.index(flag) + 1] == value
    assert argv[argv.index("--max-budget-usd") + 1] == "1.5"
    assert argv[argv.index("--mcp-config") + 1 :][:2] == ["a.json", "b.json"]


#: What one run prints, in short: a message, feedback that is taken up, a subagent, a question, and rest.
HEARD: tuple[tuple[dict[str, Any], str, bool], ...] = (
    ({"type": "command_lifecycle", "command_uuid": "f", "state": "queued"}, "delivered", False),
    ({"type": "command_lifecycle", "command_uuid": "f", "state": "started"}, "delivered", False),
    ({"type": "system", "subtype": "task_started", "task_id": "t", "task_type": "local_agent"}, "delivered", False),
    ({"type": "assistant", "message": {"content": []}}, "seen", False),
    ({"type": "result", "queued_turn_count": 0}, "seen", False),
    ({"type": "command_lifecycle", "command_uuid": "f", "state": "completed"}, "applied", False),
    ({"type": "system", "subtype": "task_notification", "task_id": "t"}, "applied", False),
    ({"type": "control_request", "request_id": "q", "request": {"subtype": "can_use_tool"}}, "applied", False),
    ({"type": "control_response", "response": {"request_id": "q"}}, "applied", False),
    ({"type": "result", "queued_turn_count": 1}, "applied", False),
    ({"type": "result"}, "applied", True),
)


def test_its_output_says_what_it_took_and_when_it_rests() -> None:
    ear = get_runtime("claude").ear()
    for line, step, rests in HEARD:
        ear.hear(json.dumps(line))
        assert (ear.steps["f"], ear.at_rest) == (step, rests), line


@given(st.lists(st.sampled_from([*(json.dumps(line) for line, _, _ in HEARD), "not json", '{"type": "result"', "[]"])))
def test_any_output_is_heard_without_a_fault(lines: list[str]) -> None:
    ear = get_runtime("claude").ear()
    for line in lines:
        ear.hear(line)
        ear.hear(line.replace('"subtype"', '"x"').replace(": {", ': [{}], "x": {'))
    assert set(ear.steps) <= {"f"}


def test_what_it_waits_for_is_heard_until_it_goes_on() -> None:
    ear = get_runtime("claude").ear()
    retry = {"type": "system", "subtype": "api_retry", "attempt": 2, "max_retries": 10, "error_status": 529}
    assert ear.hear(json.dumps(retry)) and ear.trouble == "the API answers 529, try 2 of 10"
    assert ear.hear(json.dumps({**retry, "attempt": 3, "error_status": None}))
    assert ear.trouble == "the API does not answer, try 3 of 10"
    assert ear.hear(json.dumps({"type": "assistant", "message": {"content": []}})) and not ear.trouble


def test_its_end_tells_the_context_and_how_often_the_api_was_asked_again(tmp_path: Path) -> None:
    usage = {"input_tokens": 5, "cache_read_input_tokens": 90, "output_tokens": 7, "service_tier": "standard"}
    spoke = {"type": "assistant", "message": {"content": [], "usage": usage}}
    other = {"type": "assistant", "parent_tool_use_id": "t", "message": {"content": [], "usage": {"input_tokens": 1}}}
    retry = {"type": "system", "subtype": "api_retry"}
    end = {**OK, "modelUsage": {"a": {"contextWindow": 200}, "b": {"contextWindow": 1000}, "c": 3}}
    data = judge_claude(tmp_path, ended(0), retry, spoke, retry, other, end).data
    assert data["context"] == {"used": 102, "window": 1000} and data["retries"] == 2


def test_claude_without_a_model_takes_its_own(repo: Path, tmp_path: Path) -> None:
    assert "--model" not in get_runtime("claude").launch(task(repo, AgentSettings()), tmp_path).argv


def test_a_good_result_completes_and_tells_what_it_used(tmp_path: Path) -> None:
    verdict = judge_claude(tmp_path, ended(0), {"type": "system", "subtype": "init"}, OK)
    assert verdict == Judgement(
        completed=True,
        reason="completed",
        data={
            "session_id": SESSION,
            "turns": 4,
            "cost_usd": 0.4217,
            "duration_seconds": 61.5,
            "tokens": {"input": 12, "output": 340, "cache_read": 9000},
            "models": ["claude-opus-5-5"],
            "permission_denials": 0,
        },
    )


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (failed(subtype="error_max_turns", terminal_reason="max_turns"), "reached its limit of turns (4)"),
        (failed(subtype="error_max_budget_usd"), "reached its budget (spent $0.42)"),
        (failed(terminal_reason="budget_exhausted"), "reached its budget (spent $0.42)"),
        (
            failed(terminal_reason="api_error", api_error_status=529, result="Busy"),
            "the API is overloaded",
        ),
        (
            failed(terminal_reason="api_error", api_error_status=429),
            "the API's rate limit is reached",
        ),
        (failed(terminal_reason="api_error", api_error_status=500, result="Oh\x1b no"), "API error 500: Oh␛ no"),
        (failed(terminal_reason="api_error", errors=["no route"]), "API error: no route"),
        (failed(terminal_reason="prompt_too_long"), "the conversation grew longer than the model can read"),
        (failed(terminal_reason="completed", stop_reason="refusal"), "the model refused"),
        (failed(error="max_output_tokens"), "reached the limit of output tokens again and again"),
        (failed(subtype="error_during_execution", terminal_reason="aborted_tools"), "was interrupted while a tool ran"),
        (failed(subtype="error_new", terminal_reason=None), "ended with error_new"),
        ({"type": "result"}, "ended with an error"),
    ],
)
def test_every_bad_end_has_its_own_reason(tmp_path: Path, result: dict[str, Any], reason: str) -> None:
    verdict = judge_claude(tmp_path, ended(1), result)
    assert (verdict.completed, verdict.reason) == (False, reason)


#: 2026-11-25 14:00:00 UTC
_NOW = 1795615200.0


@pytest.mark.parametrize(
    "said", ["Invalid API key · Fix external API key", "Not logged in · Please run /login", "OAuth token has expired"]
)
def test_who_is_not_signed_in_is_told_once(tmp_path: Path, said: str) -> None:
    verdict = judge_claude(tmp_path, ended(1), failed(terminal_reason=None, result=said))
    assert verdict.reason.startswith("Claude Code is not signed in") and "/login" in verdict.reason
    assert verdict.data["final"] and verdict.data["unusable"]
    assert judge_claude(tmp_path, ended(1), err=f"{said}\n").reason == verdict.reason


@pytest.mark.parametrize(
    ("said", "wait", "shown"),
    [
        ("Claude AI usage limit reached|1795622400", 7200, "16:00"),
        ("You've hit your limit · resets 9:20pm (UTC)", 7 * 3600 + 1200, "21:20"),
        ("You've hit your session limit · resets 4pm (Europe/Berlin)", 3600, "15:00"),
        ("Weekly limit reached ∙ resets Nov 28, 3pm (UTC)", 3 * 86400 + 3600, "2026-11-28 15:00"),
        ("5-hour limit reached ∙ resets 1am (UTC)", 11 * 3600, "2026-11-26 01:00"),
    ],
)
def test_a_usage_limit_says_until_when_it_holds(tmp_path: Path, said: str, wait: int, shown: str) -> None:
    end = replace(ended(1), ended_at=_NOW)
    verdict = judge_claude(tmp_path, end, failed(terminal_reason="api_error", api_error_status=429, result=said))
    assert verdict.data["limited"] and verdict.data["until"] == _NOW + wait
    assert verdict.reason == f"the account's usage limit is reached until {shown}"


def test_a_limit_event_counts_before_words(tmp_path: Path) -> None:
    event = {"type": "rate_limit_event", "rate_limit_info": {"status": "rejected", "resetsAt": _NOW + 60}}
    end = replace(ended(1), ended_at=_NOW)
    verdict = judge_claude(tmp_path, end, event, failed(terminal_reason="api_error", result="You've hit your limit"))
    assert verdict.data["until"] == _NOW + 60
    warned = {"type": "rate_limit_event", "rate_limit_info": {"status": "allowed_warning", "resetsAt": _NOW + 60}}
    assert "limited" not in judge_claude(tmp_path, end, warned, failed(result="x")).data


@pytest.mark.parametrize("told", [True, "soon", None, [], 1e300, float("nan"), -5, _NOW - 86400, _NOW + 10**9])
def test_a_reset_that_cannot_be_is_not_believed(tmp_path: Path, told: Any) -> None:
    event = {"type": "rate_limit_event", "rate_limit_info": {"status": "rejected", "resetsAt": told}}
    end = replace(ended(1), ended_at=_NOW)
    words = "limit reached, resets 99:99pm (Nowhere/At_All), resets Feb 31, 3pm (UTC)"
    verdict = judge_claude(tmp_path, end, event, failed(terminal_reason="api_error", result=words))
    assert verdict.data["limited"] and "until" not in verdict.data


def test_a_reset_of_just_now_is_not_tomorrows(tmp_path: Path) -> None:
    end = replace(ended(1), ended_at=_NOW)
    verdict = judge_claude(tmp_path, end, failed(result="You've hit your limit · resets 1:59pm (UTC)"))
    assert verdict.data["limited"] and "until" not in verdict.data


def test_what_an_agent_says_of_limits_is_no_limit(tmp_path: Path) -> None:
    words = "I wrote the check for the usage limit; invalid api key is handled, too."
    for result in (failed(subtype="error_max_turns", terminal_reason="max_turns", result=words), OK):
        data = judge_claude(tmp_path, ended(0 if result is OK else 1), {**result, "result": words}).data
        assert not {"limited", "unusable", "final"} & set(data)


def test_a_missing_sign_in_says_what_to_do(tmp_path: Path) -> None:
    for how in ({"api_error_status": 401}, {"error": "authentication_failed"}):
        verdict = judge_claude(tmp_path, ended(1), failed(terminal_reason="api_error", **how))
        assert "set ANTHROPIC_API_KEY" in verdict.reason


@pytest.mark.parametrize(
    ("end", "events", "reason"),
    [
        (ended(0), [], "ended without a result"),
        (ended(1), [], "ended with exit code 1: unknown option '--x'"),
        (ended(0), [failed(terminal_reason="aborted_tools")], "was interrupted while a tool ran"),
        (ended(143), [OK], "ended with exit code 143 after it reported success"),
        (ended(None, signal=9), [OK], "was ended by SIGKILL after it reported success"),
        (ended(None, "timeout", 15), [OK], "reached its time limit"),
        (ended(None, "not_started", message="no program"), [], "could not be started: no program"),
    ],
)
def test_exit_and_result_must_both_be_good(tmp_path: Path, end: ExitRecord, events: list[Any], reason: str) -> None:
    said = "unknown option '--x'\n" if end.code == 1 else ""
    verdict = judge_claude(tmp_path, end, *events, err=said)
    assert (verdict.completed, verdict.reason) == (False, reason)


def test_the_last_result_counts(tmp_path: Path) -> None:
    bad = failed(terminal_reason="api_error", api_error_status=529)
    assert judge_claude(tmp_path, ended(0), bad, {"type": "assistant"}, OK, {"type": "later"}).completed
    assert not judge_claude(tmp_path, ended(0), OK, bad).completed


def test_older_versions_without_a_terminal_reason_are_understood(tmp_path: Path) -> None:
    older = {key: value for key, value in OK.items() if key != "terminal_reason"}
    assert judge_claude(tmp_path, ended(0), older).completed


def test_denied_tools_are_told(tmp_path: Path) -> None:
    verdict = judge_claude(tmp_path, ended(0), {**OK, "permission_denials": [{}, {}]})
    assert (verdict.completed, verdict.reason) == (True, "completed, 2 tool calls were not permitted")


def test_a_result_across_two_segments_is_found(tmp_path: Path) -> None:
    line = json.dumps(OK) + "\n"
    (tmp_path / "out.log.1").write_text('{"type":"system"}\n' + line[:40])
    (tmp_path / "out.log").write_text(line[40:])
    assert get_runtime("claude").judge(ended(0), tmp_path / "out.log").completed


def test_numbers_that_are_none_do_no_harm(tmp_path: Path) -> None:
    odd = {**OK, "total_cost_usd": float("nan"), "num_turns": 10**400, "usage": [1], "duration_ms": "long"}
    data = judge_claude(tmp_path, ended(0), odd).data
    assert data == {"session_id": SESSION, "models": ["claude-opus-5-5"], "permission_denials": 0}


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (said("assistant", type="text", text="I\n read\x1b it."), "I read␛ it."),
        (said("assistant", type="tool_use", name="Bash", input={"command": "ls"}), "→ Bash: ls"),
        (said("assistant", type="thinking", thinking="hm"), None),
        (said("user", type="tool_result", content="1 failed", is_error=True), "✗ 1 failed"),
        (said("user", type="tool_result", content=[{"type": "text", "text": "ok"}]), "← ok"),
        ({"type": "system", "subtype": "init", "session_id": "s", "model": "opus"}, "Session s with opus"),
        (
            {"type": "system", "subtype": "api_retry", "attempt": 2, "max_retries": 10, "error_status": 429},
            "Waiting: the API answers 429, try 2 of 10",
        ),
        (
            {"type": "system", "subtype": "permission_denied", "tool_name": "Bash", "message": "no"},
            "Not permitted: Bash: no",
        ),
        ({"type": "system", "subtype": "status"}, None),
        (OK, "completed, 4 turns, $0.42"),
        (failed(terminal_reason="max_turns"), "Failed: reached its limit of turns (4), 4 turns, $0.42"),
        ({"type": "stream_event"}, None),
        ({"type": "of tomorrow"}, None),
        ({}, None),
    ],
)
def test_claude_lines_read_well(event: dict[str, Any], shown: str | None) -> None:
    assert get_runtime("claude").readable(json.dumps(event) + "\n") == shown


def test_what_is_not_json_is_shown_cleaned() -> None:
    assert get_runtime("claude").readable("npm warn\x1b[1m\n") == "npm warn␛[1m"
    assert get_runtime("claude").readable("[" * 100_000) is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
KEYS = [*OK, "message", "content", "text", "input", "name", "error", "errors", "api_error_status", "attempt"]
TYPES = st.sampled_from("assistant user system result init api_retry text tool_use tool_result".split())
EVENTS = st.builds(
    lambda kind, subtype, rest, block: {**rest, "type": kind, "subtype": subtype, "message": {"content": [block]}},
    TYPES,
    TYPES | JSON,
    st.dictionaries(st.sampled_from(KEYS), JSON, max_size=8),
    st.dictionaries(st.sampled_from([*KEYS, "type"]), JSON | TYPES, max_size=4),
)


@given(EVENTS | JSON)
def test_no_line_of_claude_breaks_us(event: Any) -> None:
    shown = get_runtime("claude").readable(json.dumps(event))
    assert shown is None or not set(shown) & set("\x1b\n\r\u202e")
    if isinstance(event, dict):
        json.dumps(judge_result(event), allow_nan=False)


def test_claude_must_be_installed(repo: Path) -> None:
    settings = AgentSettings(claude_command=("no-such-claude",))
    assert "is not on PATH" in (get_runtime("claude").problem(settings, repo) or "")


def test_a_sign_in_is_looked_for_where_it_can_be(repo: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    settings = AgentSettings(claude_command=("true",))

    def problem() -> str | None:
        return get_runtime("claude").problem(settings, repo)

    assert "No sign-in" in (problem() or "")
    with monkeypatch.context() as context:
        context.setenv("ANTHROPIC_API_KEY", "key")
        assert problem() is None
    (repo / ".claude").mkdir()
    (repo / ".claude" / "settings.json").write_text('{"apiKeyHelper": "key.sh"}')
    assert problem() is None
    (repo / ".claude" / "settings.json").unlink()
    (home / ".claude").mkdir()
    (home / ".claude" / ".credentials.json").write_text("{}")
    assert problem() is None
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(home / "elsewhere"))
    assert problem() is not None
