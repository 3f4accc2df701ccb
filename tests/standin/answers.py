"""What a script can answer with."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Block = dict[str, Any]
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A message of the assistant."""

    content: tuple[Block, ...]
    #: None: "tool_use" when a tool is called, else "end_turn".
    stop_reason: str | None = None
    #: For refusals.
    stop_details: Block | None = None
    #: Between the events of a stream. Seconds.
    pause: float = 0.0
    #: Drop the connection after so many events of a stream.
    cut_after: int | None = None
    #: Send an error event, of that type, after so many events of a stream, and end it.
    error_after: tuple[int, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ends_with(self) -> str:
        """The stop reason."""
        if self.stop_reason is not None:
            return self.stop_reason
        return "tool_use" if any(block["type"] == "tool_use" for block in self.content) else "end_turn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An HTTP error, or (status 0) a connection that is closed without an answer."""

    status: int
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


Reply = Answer | Failure


def text(*parts: str, stop_reason: str | None = None, pause: float = 0.0) -> Answer:
    """An answer of plain text, a block for each part."""
    return Answer(content=tuple({"type": "text", "text": part} for part in parts), stop_reason=stop_reason, pause=pause)


def tool(name: str, /, **arguments: Any) -> Block:
    """A call of a tool, to be put into `Answer.content`."""
    return {
        "type": "tool_use",
        "id": f"toolu_standin{next(_numbers):06}",
        "name": name,
        "input": arguments,
        "caller": {"type": "direct"},
    }


def thinking(said: str) -> Block:
    """A block of thinking."""
    return {"type": "thinking", "thinking": said, "signature": "c3RhbmQtaW4="}
