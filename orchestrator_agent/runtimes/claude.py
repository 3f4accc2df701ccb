"""The `claude` runtime: Claude Code without a terminal (`claude -p`), one JSON object a line.

Source of the format: behaviour of Claude Code 2.1.330, and its documentation of headless use. The last `result` line
says how a run ended, together with the exit code: an interrupted run exits 0, and an API error calls itself "success".
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator_agent.runtimes import PROMPT_FILE, AgentTask, Exit, Judgement, Launch
from orchestrator_agent.runtimes.claude_ear import ClaudeEar, answer_line, interrupt_line, stop_task_line, user_line
from orchestrator_agent.runtimes.claude_limits import classify, session_is_gone
from orchestrator_agent.runtimes.claude_stream import (
    api_status,
    context,
    describe_line,
    ended_by_api,
    find_last_result,
    find_limit,
    judge_result,
    last_words,
    retries,
    tool_uses,
)
from orchestrator_agent.runtimes.ear import Ask, Ear, message_id
from orchestrator_agent.runtimes.ending import describe_exit, last_line, missing_program, tail
from orchestrator_agent.settings import AgentSettings
from orchestrator_agent.terminal import clean

#: A result line holds the last answer in full; nothing reasonable is longer.
_TAIL_BYTES = 4 << 20
# Any of these signs in, or means that something in between does.
_SIGN_IN_VARIABLES = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_BASE_URL",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_USE_BEDROCK",
    "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_FOUNDRY",
)
#: Its exit codes after SIGHUP and SIGTERM.
_KILLED = (129, 143)
_MANAGED_SETTINGS = Path("/etc/claude-code/managed-settings.json")


class ClaudeRuntime:
    """Starts Claude Code with the prompt as the first line of an input that stays open."""

    name = "claude"
    env_names: tuple[str, ...] = (
        "ANTHROPIC_*",
        "CLAUDE_*",
        "API_TIMEOUT_MS",
        "DISABLE_*",
        "ENABLE_TOOL_SEARCH",
        "IS_SANDBOX",
        "MCP_*",
    )

    is_live = True
    keeps_sessions = True

    def message(self, command_id: str, text: str, urgency: str) -> tuple[bytes, ...]:
        told = user_line(text, message_id(command_id), "later" if urgency == "later" else "next")
        # Priority "now" would wait for the tool that runs; after an interrupt it is the next turn.
        return (interrupt_line(command_id), told) if urgency == "now" else (told,)

    def interrupt(self, command_id: str) -> tuple[bytes, ...]:
        return (interrupt_line(f"hurry-{command_id}"),)

    def answer(self, ask: Ask, allowed: bool, text: str) -> bytes:
        return answer_line(ask, allowed, text)

    def farewell(self, left_over: Sequence[str]) -> tuple[bytes, ...]:
        return tuple(stop_task_line(task) for task in left_over)

    def ear(self) -> Ear:
        return ClaudeEar()

    def session_begun(self, output: Path) -> bool:
        # It says both when the conversation is on its disk already.
        printed = tail(output, _TAIL_BYTES)
        return b'"assistant"' in printed or b'"isReplay"' in printed

    def launch(self, task: AgentTask, attempt_dir: Path) -> Launch:
        prompt = task.prompt.encode("utf-8", "replace")
        return Launch(
            argv=(*task.settings.claude_command, *_flags(task)),
            stdin=user_line(prompt.decode(), message_id(task.agent_id)),
            keep_stdin=True,
            # Several agents that update one program under each other's feet do not end well.
            env={"ORCH_PROMPT_FILE": str(attempt_dir / PROMPT_FILE), "DISABLE_AUTOUPDATER": "1"},
            merge_stderr=False,
            files={PROMPT_FILE: prompt},
        )

    def judge(self, exit: Exit, output: Path) -> Judgement:
        verdict = self._judge(exit, output)
        killed = exit.reason == "exited" and (exit.signal or exit.code in _KILLED)
        return replace(verdict, data={**verdict.data, "cut_off": True}) if killed else verdict

    def _judge(self, exit: Exit, output: Path) -> Judgement:
        printed = tail(output, _TAIL_BYTES)
        result = find_last_result(printed)
        said = last_line(output.with_name("err.log")) if exit.reason == "exited" else ""
        data: dict[str, Any] = {}
        if result is None:
            reason = describe_exit(exit) if exit.reason != "exited" or exit.code else "ended without a result"
            reason, status, words = f"{reason}: {said}" if said else reason, 0, said
        else:
            completed, reason, data = judge_result(result)
            told = {"tools": tool_uses(printed), "context": context(printed, result), "retries": retries(printed)}
            data |= {key: value for key, value in told.items() if value}
            status, words = api_status(result), last_words(result)
            if exit.reason != "exited":
                return Judgement(completed=False, reason=describe_exit(exit), data=data)
            if completed and exit.code == 0:
                return Judgement(completed=True, reason=reason, data=data)
            if completed:
                return Judgement(completed=False, reason=f"{describe_exit(exit)} after it reported success", data=data)
        if session_is_gone(words, int(data.get("turns") or 0)):
            reason = "the conversation that it was to go on with is gone; a new one begins"
            return Judgement(completed=False, reason=reason, data={**data, "cut_off": True})
        by_api = result is None or ended_by_api(result)
        if (
            exit.reason == "exited"
            and by_api
            and (found := classify(status, words, find_limit(printed), exit.ended_at))
        ):
            return Judgement(completed=False, reason=found[0], data={**data, **found[1]})
        return Judgement(completed=False, reason=clean(reason, 300), data=data)

    def problem(self, settings: AgentSettings, repository: Path) -> str | None:
        program = settings.claude_command[0] if settings.claude_command else ""
        if not program or missing_program(program, repository):
            return (
                f"Claude Code ({clean(program, 100) or 'no command'}) is not on PATH; install it with "
                "`npm install -g @anthropic-ai/claude-code`, or set agent.claude_command in orch.toml."
            )
        if _may_be_signed_in(repository):
            return None
        return "No sign-in of Claude Code was found; run `claude` and type /login, or set ANTHROPIC_API_KEY."

    def readable(self, line: str) -> str | None:
        return describe_line(line)


def _flags(task: AgentTask) -> list[str]:
    settings = task.settings
    flags = ["-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose"]
    flags += ["--replay-user-messages", "--permission-prompt-tool", "stdio"]
    flags += ["--resume" if task.resumes else "--session-id", task.session_id]
    flags += ["--permission-mode", settings.permission_mode]
    # What differs between agents would keep them from sharing the cached beginning of their prompts.
    flags += ["--exclude-dynamic-system-prompt-sections"]
    flags += ["--settings", json.dumps({"attribution": {"commit": "", "pr": ""}})]
    given = {
        "--model": settings.model,
        "--effort": settings.effort,
        "--append-system-prompt": settings.append_system_prompt,
        "--max-turns": str(settings.max_turns or ""),
        "--max-budget-usd": f"{settings.max_budget_usd:g}" if settings.max_budget_usd else "",
    }
    flags += [word for flag, value in given.items() if value for word in (flag, value)]
    # Each of these takes all that follows up to the next flag.
    lists = {
        "--mcp-config": settings.mcp_config,
        "--add-dir": settings.add_dirs,
        "--disallowedTools": settings.disallowed_tools,
        "--allowedTools": settings.allowed_tools,
    }
    return flags + [word for flag, values in lists.items() if values for word in (flag, *values)]


def _may_be_signed_in(repository: Path) -> bool:
    """False only where nothing at all points to a sign-in; a key chain and helper programs cannot be seen into."""
    if sys.platform == "darwin" or any(os.environ.get(name) for name in _SIGN_IN_VARIABLES):
        return True
    configured = os.environ.get("CLAUDE_CONFIG_DIR")
    try:
        home = Path(configured) if configured else Path.home() / ".claude"
    except RuntimeError:
        return True
    if (home / ".credentials.json").exists():
        return True
    places = [home / "settings.json", _MANAGED_SETTINGS]
    places += [repository / ".claude" / name for name in ("settings.json", "settings.local.json")]
    return any(_mentions_sign_in(place) for place in places)


def _mentions_sign_in(path: Path) -> bool:
    try:
        text = path.read_text("utf-8", "replace")
    except OSError:
        return False
    return "apiKeyHelper" in text or any(name in text for name in _SIGN_IN_VARIABLES)
