"""What a tool is: an annotated function whose first parameter is the `Orchestrator`. All else is read off it."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from orchestrator_agent.errors import UserError
from orchestrator_agent.terminal import clean

#: A result's text stays under this many bytes of UTF-8, whatever the size of the roadmap.
TEXT_LIMIT = 2000

WorkStreamId = Annotated[str, Field(description='id of a work stream, like "1.2"', min_length=1, max_length=200)]
AgentId = Annotated[str, Field(description='id of an agent, like "coder-1.2-1764977334"', min_length=1, max_length=200)]
#: The same for lists.
WorkStreamIds = Annotated[list[WorkStreamId], Field(min_length=1, max_length=200)]


class BadArguments(UserError):
    """A tool was called with arguments that it does not take."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool's name with JSON arguments, from whoever wants it called."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of a call.

    `text` is clean, under `TEXT_LIMIT` bytes, for models and people. `data` holds JSON values for programs, the same as
    the matching command's `--json` where there is one; `data["command_id"]` is there when something can be followed.
    """

    text: str
    data: Any = None
    is_error: bool = False
    #: Set while there is no result yet: asked again, every tenth of a second, until it gives one.
    later: Callable[[], ToolResult | None] | None = None


ToolFunction = Callable[..., ToolResult]


@dataclass(frozen=True)
class Tool:
    """One typed action. `costly` starts agents; `destructive` ends or lands something; either asks for a yes first.

    So does one with a `preview`: from the same arguments it gives, as clean lines, what would be written.
    """

    function: ToolFunction
    read_only: bool = False
    destructive: bool = False
    costly: bool = False
    preview: Callable[..., list[str]] | None = None

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def description(self) -> str:
        """The docstring."""
        return inspect.cleandoc(self.function.__doc__ or "")

    @property
    def needs_yes(self) -> bool:
        """True when a person is asked before it is called on their behalf."""
        return self.destructive or self.costly or self.preview is not None

    @cached_property
    def _model(self) -> type[BaseModel]:
        hints = typing.get_type_hints(self.function, include_extras=True)
        _, *parameters = inspect.signature(self.function).parameters.values()
        fields: dict[str, Any] = {
            p.name: (hints[p.name], ... if p.default is inspect.Parameter.empty else p.default) for p in parameters
        }
        return create_model(self.name, __config__=ConfigDict(extra="forbid"), **fields)

    @cached_property
    def schema(self) -> dict[str, Any]:
        """JSON schema of the arguments, without what models do not need (titles, null as an alternative)."""
        terse = _terse(self._model.model_json_schema())
        assert isinstance(terse, dict)
        return {"type": "object", "properties": terse.get("properties", {}), **terse}

    def validate(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments that were given, converted to their types.

        Raises:
            BadArguments: unknown, missing or unfit ones; the text names each.
        """
        try:
            model = self._model.model_validate(dict(arguments))
        except ValidationError as error:
            found = [f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}" for e in error.errors()[:5]]
            takes = ", ".join(self._model.model_fields) or "none"
            said = clean("; ".join(found), 600)
            raise BadArguments(f"{self.name} cannot take these arguments ({said}); it takes: {takes}.") from None
        return {name: getattr(model, name) for name in model.model_fields_set}


def tool(
    *,
    read_only: bool = False,
    destructive: bool = False,
    costly: bool = False,
    preview: Callable[..., list[str]] | None = None,
) -> Callable[[ToolFunction], Tool]:
    """Make a tool of a function."""

    def made(function: ToolFunction) -> Tool:
        return Tool(function, read_only=read_only, destructive=destructive, costly=costly, preview=preview)

    return made


def _terse(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_terse(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: _terse(value) for key, value in schema.items() if not (key == "title" and isinstance(value, str))}
    kept = {key: value for key, value in kept.items() if not (key == "default" and value is None)}
    choices = [choice for choice in kept.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        kept = {**choices[0], **kept}
    return kept


def brief(lines: Iterable[str], more: str = "") -> str:
    """Lines as one clean text under `TEXT_LIMIT` bytes; where some are left out, it ends with how many, and `more`."""
    cleaned = [clean(line, 300) for line in lines]
    room = TEXT_LIMIT - 120 - len(more.encode())
    kept = fitting(cleaned, room)
    if kept < len(cleaned):
        cleaned[kept:] = [f"... {len(cleaned) - kept} more lines" + (f"; {more}" if more else "")]
    return "\n".join(cleaned)


def fitting(lines: list[str], room: int) -> int:
    """How many of the first lines have room in so many bytes of UTF-8."""
    for count, line in enumerate(lines):
        room -= len(line.encode("utf-8", "replace")) + 1
        if room < 0:
            return count
    return len(lines)
