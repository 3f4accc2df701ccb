"""What Claude Code is given, as files and as a plugin, and (where the command is installed) what it makes of them.

The model behind the real Claude Code is the stand-in with scripted answers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from standin import Answer, Request, StandIn, text, tool
from support import ROOT, run_orch
from support_claude import CLAUDE, needs_claude
from support_work import ask, make_project

from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.tools import TOOLS

PACKAGED = ROOT / "orchestrator_agent" / "claude_code"
#: Front matter that Claude Code knows (2.1.330); it takes unknown keys without a word, so we look ourselves.
KNOWN = {"name", "description", "tools", "disallowedTools", "model", "color", "argument-hint"}


def front_matter(file: Path) -> tuple[dict[str, str], str]:
    head, body = file.read_text("utf-8").removeprefix("---\n").split("\n---\n", 1)
    return dict(line.split(": ", 1) for line in head.splitlines()), body


def test_the_repository_uses_what_it_ships() -> None:
    for name in ("agents/orchestrator.md", "commands/orch.md"):
        assert (ROOT / ".claude" / name).read_bytes() == (PACKAGED / name).read_bytes()
    assert (ROOT / ".mcp.json").read_bytes() == (PACKAGED / ".mcp.json").read_bytes()


def test_front_matter_and_plugin_are_what_claude_code_knows() -> None:
    for file in (*PACKAGED.glob("agents/*.md"), *PACKAGED.glob("commands/*.md")):
        head, body = front_matter(file)
        assert set(head) <= KNOWN and head["description"] and body.strip()
    persona, body = front_matter(PACKAGED / "agents" / "orchestrator.md")
    assert persona["name"] == "orchestrator"
    named = {word.strip("`.,") for word in body.split() if word.startswith("`") and "_" in word}
    assert named and named <= {entry.name for entry in TOOLS}
    plugin = json.loads((PACKAGED / ".claude-plugin" / "plugin.json").read_text())
    market = json.loads((ROOT / ".claude-plugin" / "marketplace.json").read_text())
    assert plugin["name"] == market["plugins"][0]["name"]
    assert (ROOT / market["plugins"][0]["source"] / ".claude-plugin" / "plugin.json").is_file()


def test_init_puts_them_into_a_repository_once(repo: Path) -> None:
    done = ask(repo, "init", "--claude-code")
    assert done["written"] == [".claude/agents/orchestrator.md", ".claude/commands/orch.md", ".mcp.json"]
    again = ask(repo, "init", "--claude-code")
    assert again["written"] == [] and again["notes"][0] == "Everything is in place already."


def test_what_a_person_has_is_kept(repo: Path) -> None:
    (repo / ".mcp.json").write_text('{"other": 1, "mcpServers": {"mine": {"command": "x"}}}')
    (repo / ".claude" / "agents").mkdir(parents=True)
    (repo / ".claude" / "agents" / "orchestrator.md").write_text("my own")
    done = ask(repo, "init", "--claude-code")
    assert done["written"] == [".claude/commands/orch.md", ".mcp.json"]
    assert any("left as it is" in note for note in done["notes"])
    servers = json.loads((repo / ".mcp.json").read_text())
    assert servers["other"] == 1 and set(servers["mcpServers"]) == {"mine", "orch"}
    assert (repo / ".claude" / "agents" / "orchestrator.md").read_text() == "my own"


@pytest.mark.parametrize("broken", ["[1]", "{", '{"mcpServers": 3}'])
def test_a_broken_server_file_changes_nothing(repo: Path, broken: str) -> None:
    (repo / ".mcp.json").write_text(broken)
    done = run_orch(repo, "init", "--claude-code")
    assert done.returncode == 2 and ".mcp.json" in done.stderr and not (repo / ".claude").exists()


def test_a_link_out_of_the_repository_is_not_followed(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (repo / ".claude").symlink_to(tmp_path / "outside")
    done = run_orch(repo, "init", "--claude-code")
    assert done.returncode == 2 and "leads out" in done.stderr and not any((tmp_path / "outside").iterdir())


# ---- The real Claude Code, with a scripted model


def run_claude(repo: Path, model: Mapping[str, str], *words: str) -> str:
    """What `claude words` prints in a repository, with `orch` on its PATH and a stand-in's address in `model`."""
    assert CLAUDE
    programs = repo.parent / "programs"
    programs.mkdir(exist_ok=True)
    (programs / "orch").write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m orchestrator_agent "$@"\n')
    (programs / "orch").chmod(0o755)
    environment = {
        **os.environ,
        "ANTHROPIC_API_KEY": "sk-standin",
        **model,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "CLAUDE_CODE_MCP_STARTUP_WAIT_MS": "60000",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    done = subprocess.run([CLAUDE, *words], cwd=repo, env=environment, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return done.stdout


def claude(repo: Path, standin: StandIn, *flags: str) -> list[dict[str, Any]]:
    """The messages of one headless run in a repository."""
    words = ("-p", "start someone on the first file", "--output-format", "stream-json", "--verbose", *flags)
    return [json.loads(line) for line in run_claude(repo, standin.environment, *words).splitlines()]


@needs_claude
def test_claude_code_takes_the_persona_and_our_tools_run(repo: Path) -> None:
    make_project(repo, "sleep 60", settings="stop_grace_seconds = 0.2\n")
    installed = run_orch(repo, "init", "--claude-code")
    assert installed.returncode == 0, installed.stderr

    def brain(request: Request) -> Answer:
        if not persona(request):
            return text("ok")
        steps = [
            block for message in request.body["messages"] for block in message["content"] if isinstance(block, dict)
        ]
        done = sum(block["type"] == "tool_result" for block in steps)
        if done == 0:
            return Answer(content=(tool("mcp__orch__list_work_streams"),))
        if done == 1:
            return Answer(content=(tool("mcp__orch__spawn_agent", work_stream_id="1.1"),))
        return text("An agent works on 1.1.")

    with StandIn(brain) as standin:
        messages = claude(repo, standin, "--agent", "orchestrator", "--allowedTools", "mcp__orch")
    wanted = [command.payload["work_stream_ids"] for command in Orchestrator(repo).project.store.recent_commands()]
    Orchestrator(repo).stop()
    first = next(request for request in standin.requests if persona(request))
    offered = {entry["name"]: entry.get("input_schema") for entry in first.body["tools"]}
    for ours in TOOLS:
        assert offered[f"mcp__orch__{ours.name}"] == ours.schema
    assert not {"Edit", "Write", "Bash"} & set(offered)
    start = next(message for message in messages if message["type"] == "system" and message["subtype"] == "init")
    assert [server["status"] for server in start["mcp_servers"] if server["name"] == "orch"] == ["connected"]
    assert messages[-1]["type"] == "result" and messages[-1]["result"] == "An agent works on 1.1."
    assert wanted == [["1.1"]]


def persona(request: Request) -> bool:
    """True for a request under our persona's prompt."""
    return "You coordinate coding agents" in json.dumps(request.body.get("system", ""))


@needs_claude
@pytest.mark.parametrize("place", [PACKAGED, ROOT], ids=["plugin", "marketplace"])
def test_claude_code_finds_the_plugin_valid(repo: Path, place: Path) -> None:
    run_claude(repo, {}, "plugin", "validate", str(place))


@needs_claude
def test_the_plugin_is_installed_and_its_server_answers(repo: Path) -> None:
    make_project(repo)
    run_claude(repo, {}, "plugin", "marketplace", "add", str(ROOT))
    run_claude(repo, {}, "plugin", "install", "orch@orchestrator")
    assert "orch@orchestrator" in run_claude(repo, {}, "plugin", "list")
    (server,) = (line for line in run_claude(repo, {}, "mcp", "list").splitlines() if line.startswith("plugin:orch"))
    assert server.endswith("Connected")
