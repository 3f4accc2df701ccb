"""The only dispatcher of tools: for the conversation, for a model and for other programs alike."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from orchestrator_agent import events
from orchestrator_agent.errors import UserError
from orchestrator_agent.events import Event
from orchestrator_agent.journal_file import FILE_NAME
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.project import Project
from orchestrator_agent.store import Store
from orchestrator_agent.terminal import clean
from orchestrator_agent.tools.tool import Tool, ToolCall, ToolResult

_JOURNALED_ARGUMENTS = 500


class Toolset:
    """Tools by name, in a fixed order."""

    def __init__(self, tools: Iterable[Tool]) -> None:
        self._tools = {tool.name: tool for tool in tools}

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def get(self, name: str) -> Tool | None:
        """The tool of that name, or None."""
        return self._tools.get(name)

    def call(self, orchestrator: Orchestrator, call: ToolCall) -> ToolResult:
        """Call a tool. What a caller can put right comes back as a result with `is_error`; bugs are raised.

        The call is journaled where there is a journal; a look at a repository without one makes none.
        """
        journal(orchestrator.project)  # another process may have made it since we last looked
        try:
            result = self._call(orchestrator, call)
        except UserError as error:
            result = ToolResult(clean(str(error), 480), is_error=True)
        store = journal(orchestrator.project)
        if store is not None:
            store.record(_called(store, call, result))
        return result

    def _call(self, orchestrator: Orchestrator, call: ToolCall) -> ToolResult:
        tool = self._tools.get(call.name)
        if tool is None:
            return ToolResult(
                f'There is no tool "{clean(call.name, 60)}"; there are {", ".join(self._tools)}.', is_error=True
            )
        return tool.function(orchestrator, **tool.validate(call.arguments))


def journal(project: Project) -> Store | None:
    """The journal when there is one on disk, whoever made it; never makes one."""
    return project.writable_store() if (project.state / FILE_NAME).is_file() else None


def _called(store: Store, call: ToolCall, result: ToolResult) -> Event:
    said = json.dumps(dict(call.arguments), ensure_ascii=True, default=str)
    data = result.data if isinstance(result.data, dict) else {}
    return Event(
        type=events.TOOL_CALLED,
        timestamp=store.now(),
        message=f"{call.name} {clean(said, 200)}",
        data={
            "tool": clean(call.name, 60),
            "arguments": said[:_JOURNALED_ARGUMENTS],
            "is_error": result.is_error,
            "command_id": data.get("command_id"),
        },
    )
