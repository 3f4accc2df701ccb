"""`orch mcp`, spoken to by a real client over the pipes of a real process."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.shared.exceptions import MCPError
from support_work import ask, make_project, waits_for

from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.tools import TOOLS, ToolCall, Toolset

GOLDEN = Path(__file__).parent / "golden" / "tools.json"


def talk(repo: Path, what: Callable[[ClientSession], Awaitable[Any]], *flags: str) -> Any:
    """What a client makes of a fresh server."""
    argv = ["-P", "-m", "orchestrator_agent", "mcp", "-C", str(repo), *flags]
    parameters = StdioServerParameters(command=sys.executable, args=argv, env=dict(os.environ))

    async def run() -> Any:
        async with stdio_client(parameters) as streams, ClientSession(*streams) as session:
            await session.initialize()
            return await what(session)

    return asyncio.run(run())


def said(result: Any) -> str:
    return "\n".join(block.text for block in result.content)


def contract() -> list[dict[str, Any]]:
    """The tools as anybody is told of them."""
    return [
        {
            "name": tool.name,
            "description": tool.description,
            "input_schema": tool.schema,
            "read_only": tool.read_only,
            "destructive": tool.destructive,
            "costly": tool.costly,
        }
        for tool in TOOLS
    ]


def test_the_contract_of_the_tools_is_the_one_on_record() -> None:
    """Whoever changes a tool sees here what callers will see; `python tests/test_mcp.py` puts it on record."""
    assert contract() == json.loads(GOLDEN.read_text("utf-8"))


def test_all_faces_have_the_same_tools_and_the_same_answer(repo: Path) -> None:
    make_project(repo)

    async def look(session: ClientSession) -> Any:
        listed = await session.list_tools()
        result = await session.call_tool("list_work_streams", {"available_only": True})
        return listed.tools, said(result)

    tools, text = talk(repo, look)
    assert [(tool.name, tool.description, tool.input_schema) for tool in tools] == [
        (entry["name"], entry["description"], entry["input_schema"]) for entry in contract()
    ]
    assert [tool.annotations.read_only_hint for tool in tools] == [tool.read_only for tool in TOOLS]
    call = ToolCall("list_work_streams", {"available_only": True})
    assert text == Toolset(TOOLS).call(Orchestrator(repo), call).text
    assert all(stream["id"] in text for stream in ask(repo, "status")["work_streams"] if stream["available"])


def test_work_is_started_waited_for_and_read(repo: Path, tmp_path: Path) -> None:
    make_project(repo, f"echo busy; {waits_for(tmp_path / 'go')}; echo x > new.txt; git add -A; git commit -qm x")

    async def work(session: ClientSession) -> list[str]:
        started = await session.call_tool("spawn_agent", {"work_stream_id": "1.1"})
        impatient = await session.call_tool("wait", {"work_stream_id": "1.1", "seconds": 0.2})
        (tmp_path / "go").touch()
        over = await session.call_tool("wait", {"work_stream_id": "1.1", "seconds": 50})
        return [said(result) for result in (started, impatient, over)]

    started, impatient, over = talk(repo, work)
    assert started.startswith("Starting") and impatient.startswith("Still at work") and "complete" in over


def test_what_ends_something_needs_a_persons_yes(repo: Path, tmp_path: Path) -> None:
    make_project(repo, waits_for(tmp_path / "go"))

    async def stop(session: ClientSession) -> Any:
        return await session.call_tool("stop_agent", {"work_stream_id": "1.1"})

    async def start_and_stop(session: ClientSession) -> Any:
        await session.call_tool("spawn_agent", {"work_stream_id": "1.1"})
        return await stop(session)

    refused = talk(repo, start_and_stop)
    assert refused.is_error and "`orch stop 1.1`" in said(refused)
    assert not talk(repo, stop, "--allow").is_error


def test_resources_and_errors(repo: Path) -> None:
    make_project(repo)

    async def read(session: ClientSession) -> Any:
        status = await session.read_resource("orch://status")
        plan = await session.read_resource("orch://roadmap")
        with pytest.raises(MCPError, match="no resource"):
            await session.read_resource("orch://../../etc/passwd")
        unknown = await session.call_tool("list_everything", {})
        bad = await session.call_tool("get_status", {"color": "red"})
        texts: list[Any] = [*status.contents, *plan.contents]
        added = await session.call_tool("add_work_stream", {"name": "Sign in; rm -rf /"})
        return json.loads(texts[0].text), texts[1].text, unknown, bad, added

    status, plan, unknown, bad, added = talk(repo, read)
    assert added.is_error and "`orch add 'Sign in; rm -rf /'`" in said(added)
    assert status["summary"]["total"] == 3 and plan == (repo / "plans" / "roadmap.md").read_text()
    assert unknown.is_error and bad.is_error and "it takes: work_stream_id" in said(bad)


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(contract(), indent=1) + "\n", "utf-8")
