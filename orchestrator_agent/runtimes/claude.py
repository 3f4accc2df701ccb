"""The `claude` runtime: Claude Code without a terminal (`claude -p`), one JSON object a line.

Source of the format: behaviour of Claude Code 2.1.330, and its documentation of headless use. The last `result` line
says how a run ended, together with the exit code: an interrupted run exits 0, and an API error calls itself "success".
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from orchestrator_agent.runtimes import PROMPT_FILE, AgentTask, Exit, Judgement, Launch
from orchestrator_agent.runtimes.claude_limits import classify
from orchestrator_agent.runtimes.claude_stream import (
    api_status,
    describe_line,
    ended_by_api,
    find_last_result,
    find_limit,
    judge_result,
    last_words,
)
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
_MANAGED_SETTINGS = Path("/etc/claude-code/managed-settings.json")


class ClaudeRuntime:
    """Starts Claude Code with the prompt on standard input."""

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

    def launch(self, task: AgentTask, attempt_dir: Path) -> Launch:
        settings = task.settings
        argv = [*settings.claude_command, "-p", "--output-format", "stream-json", "--verbose"]
        argv += ["--session-id", task.session_id, "--permission-mode", settings.permission_mode]
        argv += ["--settings", json.dumps({"attribution": {"commit": "", "pr": ""}})]
        if settings.model:
            argv += ["--model", settings.model]
        if settings.allowed_tools:
            # Takes all that follows, so it stands last.
            argv += ["--allowedTools", *settings.allowed_tools]
        prompt = task.prompt.encode("utf-8", "replace")
        return Launch(
            argv=tuple(argv),
            stdin=prompt,
            # Several agents that update one program under each other's feet do not end well.
            env={"ORCH_PROMPT_FILE": str(attempt_dir / PROMPT_FILE), "DISABLE_AUTOUPDATER": "1"},
            merge_stderr=False,
            files={PROMPT_FILE: prompt},
        )

    def judge(self, exit: Exit, output: Path) -> Judgement:
        printed = tail(output, _TAIL_BYTES)
        result = find_last_result(printed)
        said = last_line(output.with_name("err.log")) if exit.reason == "exited" else ""
        data: dict[str, Any] = {}
        if result is None:
            reason = describe_exit(exit) if exit.reason != "exited" or exit.code else "ended without a result"
            reason, status, words = f"{reason}: {said}" if said else reason, 0, said
        else:
            completed, reason, data = judge_result(result)
            status, words = api_status(result), last_words(result)
            if exit.reason != "exited":
                return Judgement(completed=False, reason=describe_exit(exit), data=data)
            if completed and exit.code == 0:
                return Judgement(completed=True, reason=reason, data=data)
            if completed:
                return Judgement(completed=False, reason=f"{describe_exit(exit)} after it reported success", data=data)
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
