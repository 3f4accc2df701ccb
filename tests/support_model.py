"""A talk with the stand-in for the model, and a front end that notes everything. Import it as `support_model`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.talk import Talk
from orchestrator_agent.tools import ToolCall, ToolResult


@dataclass
class Notes:
    """A front end whose person says what a test wrote down; None is a person who is not there."""

    yes: bool | None = True
    answers: list[str] | None = field(default_factory=list)
    #: What was said, without what was cut off.
    said: str = ""
    cuts: list[tuple[str, bool]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def text(self, piece: str) -> None:
        self.said += piece

    def cut_off(self, said: str, again: bool) -> None:
        assert self.said.endswith(said)
        self.said = self.said.removesuffix(said)
        self.cuts.append((said, again))

    def line(self, text: str) -> None:
        self.lines.append(text)

    def called(self, call: ToolCall, result: ToolResult) -> None:
        self.calls.append((call.name, result.text))

    async def approve(self, calls: Sequence[ToolCall], asked: str) -> bool | None:
        self.asked.append(asked)
        return self.yes

    async def answer(self, asked: str, choices: Sequence[str]) -> str | None:
        self.asked.append(asked)
        return self.answers.pop(0) if self.answers else None if self.answers is None else ""


def talk_in(repo: Path, notes: Notes, *, auto: bool = False) -> Talk:
    """A new talk about a repository."""
    return Talk(Orchestrator(repo), notes, auto=auto)
