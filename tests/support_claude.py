"""The real Claude Code, with a scripted model behind it, for tests that skip where the command is not installed.

It is looked for on PATH and in ORCH_TEST_CLAUDE; it is proprietary and no dependency of ours. Import it as
`support_claude`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import GIVEN
from standin import Request, StandIn
from support import git
from support_steering import plan_of

CLAUDE = GIVEN.get("ORCH_TEST_CLAUDE") or shutil.which("claude", path=GIVEN.get("PATH"))
needs_claude = pytest.mark.skipif(
    not CLAUDE, reason="Claude Code is not installed (put it on PATH, or name it in ORCH_TEST_CLAUDE)"
)
#: A long tool call that Claude Code does not take for idle waiting.
LONG = "python3 -c 'import time; time.sleep(600)'"


def claude_project(repo: Path, names: Sequence[str], settings: str = "") -> Path:
    """Commit a plan and settings for agents that are real Claude Code.

    Args:
        settings: lines of the section `[agent]`, and further sections.
    """
    (repo / "plans").mkdir()
    (repo / "plans" / "roadmap.md").write_text(plan_of(names), "utf-8")
    (repo / "orch.toml").write_text(
        f'max_concurrent_agents = 6\n[checks]\ntests = "true"\n'
        f"[agent]\nclaude_command = {json.dumps([CLAUDE])}\nstop_grace_seconds = 2\n{settings}"
    )
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=Plan")
    return repo


def use(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every program that is started from here talk to a stand-in."""
    quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}
    for name, value in {**standin.environment, **quiet}.items():
        monkeypatch.setenv(name, value)


def blocks(request: Request) -> list[dict[str, Any]]:
    """All blocks of a request's messages."""
    contents = [message["content"] for message in request.body["messages"]]
    return [
        block
        for content in contents
        for block in ([{"type": "text", "text": content}] if isinstance(content, str) else content)
    ]


def results(request: Request) -> int:
    """How many tool calls have their results."""
    return sum(block["type"] == "tool_result" for block in blocks(request))


def said(request: Request) -> str:
    """Everything in a request's messages, as text."""
    return json.dumps(request.body["messages"], ensure_ascii=False)


def stream_of(request: Request, names: Sequence[str]) -> str:
    """The work stream that a request is about."""
    text = said(request)
    return max(names, key=lambda name: text.rfind(f"Work stream: {name}\\n"))


def session_of(request: Request) -> str:
    """The session of a request."""
    return request.headers.get("x-claude-code-session-id", "")


def matching(standin: StandIn, fits: Callable[[Request], bool]) -> list[Request]:
    """The requests so far that fit."""
    return [request for request in list(standin.requests) if fits(request)]
