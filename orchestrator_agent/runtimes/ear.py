"""What an agent's output says about messages that it was sent, about questions, and about rest."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from orchestrator_agent.model import ReceiptStep

_MESSAGES = uuid.UUID("6f0d7c52-8a3c-4f6e-9d35-2b8f0c1c9a11")


def message_id(command_id: str) -> str:
    """The UUID by which a command's message is known to an agent."""
    return str(uuid.uuid5(_MESSAGES, command_id))


@dataclass(frozen=True, slots=True)
class Ask:
    """Something that an agent waits for a person to allow or to answer."""

    #: The agent's own name for it.
    request: str
    tool: str
    #: What the tool would be called with; hostile text.
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def questions(self) -> list[str]:
        """The questions, where it is no permission that is asked for."""
        return [text for item in self._asked() if isinstance(text := item.get("question"), str)]

    @property
    def choices(self) -> list[str]:
        """What the questions offer to be chosen from."""
        options = [option for item in self._asked() for option in _dicts(item.get("options"))]
        return [label for option in options if isinstance(label := option.get("label"), str)]

    def _asked(self) -> list[dict[str, Any]]:
        return _dicts(self.arguments.get("questions")) if self.tool == "AskUserQuestion" else []


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


class Ear:
    """Hears the lines of one agent in their order. This one understands none; runtimes that can be steered have better.

    `steps` holds, by message id, how far a message has come; `asks`, by their request, what is open;
    `at_rest` is true when nothing is being done, nothing is queued, and nothing will come by itself; `left_over` names
    programs that it left running; `trouble` says what it waits for that is no person.
    """

    def __init__(self) -> None:
        self.steps: dict[str, ReceiptStep] = {}
        self.asks: dict[str, Ask] = {}
        self.at_rest = False
        self.left_over: tuple[str, ...] = ()
        self.trouble = ""

    def hear(self, line: str) -> bool:
        """Take one line of out.log; True when it meant something. Never raises."""
        return False
