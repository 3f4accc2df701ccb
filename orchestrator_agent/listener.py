"""What stands between a talk and its front end: who listens and answers, and what came of a turn."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from orchestrator_agent.conversation import Proposal
from orchestrator_agent.interpreters.claude import Usage
from orchestrator_agent.patterns import regex
from orchestrator_agent.savings import Saved
from orchestrator_agent.terminal import clean
from orchestrator_agent.tools import ToolCall, ToolResult


class Listener(Protocol):
    """The front end of a talk."""

    def text(self, piece: str) -> None:
        """A piece of what the model says, as it comes."""

    def cut_off(self, said: str, again: bool) -> None:
        """The stream of an answer broke: what came of it, `said`, is void; `again`, the answer begins anew."""

    def line(self, text: str) -> None:
        """A whole line of orch's own."""

    def called(self, call: ToolCall, result: ToolResult) -> None:
        """A tool was called."""

    async def approve(self, calls: Sequence[ToolCall], asked: str) -> bool | None:
        """The person's yes or no to calls; None when nobody can be asked."""

    async def answer(self, asked: str, choices: Sequence[str]) -> str | None:
        """The person's answer to a question, empty when they give none; None when nobody can be asked."""


def yes_question(call: ToolCall) -> str:
    """What a person is asked before a call is carried out."""
    said = ", ".join(f"{name} {clean(_shown(value), 80)}" for name, value in call.arguments.items())
    return f"{call.name.replace('_', ' ')}{f' ({said})' if said else ''}?"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@dataclass(slots=True)
class Outcome:
    """What came of one turn of the person."""

    #: "done", "needs_answer", "declined", "refused" (it cannot be done), "not_understood" or "limit".
    state: str = "done"
    #: What was said last, or the question.
    text: str = ""
    choices: tuple[str, ...] = ()
    #: Commands in the journal that can be followed.
    command_ids: list[str] = field(default_factory=list)
    results: list[tuple[ToolCall, ToolResult]] = field(default_factory=list)
    #: "claude" or "rules".
    interpreter: str = "claude"
    usage: Usage = field(default_factory=Usage)
    #: What of the model the rules spared, where they come first.
    saved: Saved = field(default_factory=Saved)
    #: What the rules made of the words, where they were asked.
    proposal: Proposal | None = None

    def add(self, call: ToolCall, result: ToolResult) -> None:
        """Note a call that was carried out."""
        self.results.append((call, result))
        if isinstance(result.data, dict) and result.data.get("command_id"):
            self.command_ids.append(str(result.data["command_id"]))


_YES = regex(
    r"(?:y|yes|yeah|yep|yup|ok|okay|sure|please|go|go ahead|go on|do it|do so|do that|ja|oui|si|sí|是|好|好的)"
    r"(?: (?:please|do|do it|do so|do that|go ahead|go on|sure|of course|thanks|thank you|bitte|gerne|por favor))*"
)
_NO = regex(
    r"(?:|n|no|nope|nein|non|never|cancel|stop|don't|do not|not now|leave it|不)"
    r"(?: (?:thanks|thank you|don't|do not|not now|danke|merci|gracias))*"
)


def is_yes(answer: str) -> bool | None:
    """Whether an answer to a yes-or-no question is a yes or a no, and nothing else; None for neither."""
    said = " ".join(re.sub(r"[.,;:!。，！]", " ", answer.casefold().replace("’", "'")).split())
    return True if _YES.fullmatch(said) else False if _NO.fullmatch(said) else None


class Answered:
    """A front end whose person has said already what they answer."""

    def __init__(self, listener: Listener, answer: str) -> None:
        self._listener, self._answer = listener, answer

    def text(self, piece: str) -> None:
        self._listener.text(piece)

    def cut_off(self, said: str, again: bool) -> None:
        self._listener.cut_off(said, again)

    def line(self, text: str) -> None:
        self._listener.line(text)

    def called(self, call: ToolCall, result: ToolResult) -> None:
        self._listener.called(call, result)

    async def approve(self, calls: Sequence[ToolCall], asked: str) -> bool | None:
        return is_yes(self._answer)

    async def answer(self, asked: str, choices: Sequence[str]) -> str | None:
        return self._answer


class Waiting(Exception):
    """Nobody is there to answer; the talk waits in the journal."""

    def __init__(self, asked: str, choices: Sequence[str] = ()) -> None:
        super().__init__(asked)
        self.asked, self.choices = asked, tuple(choices)


#: Between looks at a call that waits. Seconds.
_LOOK = 0.1


async def finished(result: ToolResult) -> ToolResult:
    """The result of a call that may have to be waited for."""
    while result.later is not None:
        await asyncio.sleep(_LOOK)
        result = result.later() or result
    return result
