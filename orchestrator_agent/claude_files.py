"""`orch init --claude-code`: persona, slash command and MCP server for Claude Code, put into a repository."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from orchestrator_agent.errors import SettingsError

#: Where each file of the package goes.
_PLACES = {
    "agents/orchestrator.md": ".claude/agents/orchestrator.md",
    "commands/orch.md": ".claude/commands/orch.md",
}
_SERVERS = ".mcp.json"


def install(root: Path) -> tuple[list[str], list[str]]:
    """Write the files that are missing; what a person has changed stays as it is.

    Args:
        root: the repository's top folder.

    Returns:
        the written paths, and notes for people.

    Raises:
        SettingsError: `.mcp.json` is there and is no JSON object, or a path leads out of the repository.
    """
    written: list[str] = []
    notes: list[str] = []
    servers = _with_server(root)
    for name, place in _PLACES.items():
        target = _inside(root, place)
        text = _packaged(name)
        if target.exists():
            if target.read_text("utf-8") != text:
                notes.append(f"{place} is there already and was left as it is.")
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
        written.append(place)
    if servers is not None:
        _inside(root, _SERVERS).write_text(servers, "utf-8")
        written.append(_SERVERS)
    notes.append("In Claude Code: `claude --agent orchestrator`, or /orch in any session.")
    return written, notes


def _with_server(root: Path) -> str | None:
    """The text of `.mcp.json` with our server in it, or None where it has one."""
    path = _inside(root, _SERVERS)
    ours = json.loads(_packaged(_SERVERS))
    if not path.exists():
        return _packaged(_SERVERS)
    try:
        there: Any = json.loads(path.read_text("utf-8"))
        servers = there.setdefault("mcpServers", {})
        if "orch" in servers:
            return None
        servers["orch"] = ours["mcpServers"]["orch"]
    except (ValueError, AttributeError, TypeError):
        raise SettingsError(f"{_SERVERS} is not a JSON object with servers; correct it, then try again.") from None
    return json.dumps(there, indent=2, ensure_ascii=False) + "\n"


def _packaged(name: str) -> str:
    return resources.files("orchestrator_agent.claude_code").joinpath(name).read_text("utf-8")


def _inside(root: Path, place: str) -> Path:
    target = root / place
    if not target.parent.resolve().is_relative_to(root.resolve()) or target.is_symlink():
        raise SettingsError(f"{place} leads out of the repository; remove that link, then try again.")
    return target
