"""The chat's side of a talk: what the model says, what is called, and what the person is asked."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence

from orchestrator_agent.lines import Lines
from orchestrator_agent.listener import is_yes
from orchestrator_agent.markdown import Markdown
from orchestrator_agent.talk import Talk
from orchestrator_agent.terminal import clean, style
from orchestrator_agent.tools import ToolCall, ToolResult

#: What is printed of a turn is set in so far.
_INDENT = 2


class Speaker:
    """Prints a turn as it comes, and asks at the input line."""

    def __init__(self, lines: Lines, changed: Callable[[], None]) -> None:
        """Args: changed: told when something may be under way, or a question comes or goes."""
        self.lines, self._changed = lines, changed
        self.talk: Talk | None = None
        #: What was called in the last turn, for whoever wants the whole answers.
        self.calls: list[tuple[ToolCall, ToolResult]] = []
        self.asks = False
        self._markdown = Markdown()
        self._named = False

    def begin(self, talk: Talk) -> None:
        """A turn begins."""
        self.talk, self._named = talk, False
        self._markdown = Markdown(_columns() - _INDENT if self.lines.live else 0)
        self.calls.clear()

    def end(self) -> None:
        """What was said is complete, as far as it goes."""
        for line in self._markdown.end():
            self._print(line)

    def _print(self, line: str) -> None:
        if not self._named:
            print(style("Orchestrator:", "bold"))
        self._named = True
        print(f"  {line}" if line else "", flush=True)

    @property
    def _by_rules(self) -> bool:
        return self.talk is not None and self.talk.by_rules

    def text(self, piece: str) -> None:
        for line in self._markdown.feed(piece):
            self._print(line)

    def cut_off(self, said: str, again: bool) -> None:
        self.end()
        self._print(style("(cut off; again:)" if again else "(cut off)", "dim"))

    def line(self, text: str) -> None:
        self.end()
        self._print(clean(text))

    def called(self, call: ToolCall, result: ToolResult) -> None:
        self.calls.append((call, result))
        self._changed()
        if not self._by_rules:  # for them the results are the answer, and shown whole
            self.end()
            print(style(f"  · {note(call, result)}", "dim"), flush=True)

    async def approve(self, calls: Sequence[ToolCall], asked: str) -> bool | None:
        answer = await self._ask(f"{asked} [y/N]")
        if answer is None:
            return None
        if self.talk is not None and is_yes(answer) is None:
            self.talk.steering.append(answer)  # neither: it is what they want instead
        return bool(is_yes(answer))

    async def answer(self, asked: str, choices: Sequence[str]) -> str | None:
        if self._by_rules:  # they have listed the choices, and read numbers themselves
            return await self._ask(asked)
        numbered = not any(choice.isdigit() for choice in choices)
        for number, choice in enumerate(choices, 1):
            self.line(f"{f'{number}.' if numbered else '•'} {choice}")
        answer = await self._ask(asked)
        if answer is not None and numbered and answer.isascii() and answer.isdigit():
            return dict(enumerate(choices, 1)).get(int(answer[:9]), answer)
        return answer

    async def _ask(self, asked: str) -> str | None:
        self.end()
        self.asks = True
        self._changed()
        try:
            return await self.lines.ask(asked)
        finally:
            self.asks = False
            self._changed()


def note(call: ToolCall, result: ToolResult) -> str:
    """A call and its result in one clean line."""
    given = [", ".join(map(str, value)) if isinstance(value, list) else str(value) for value in call.arguments.values()]
    said = clean(f"{call.name.replace('_', ' ')} {', '.join(given)}".strip(), 60)
    return clean(f"{said}: {' '.join(result.text.split())}", max(_columns() - 5, 40))


def _columns() -> int:
    return shutil.get_terminal_size((110, 24)).columns


def details(calls: Sequence[tuple[ToolCall, ToolResult]]) -> list[str]:
    """Calls with their whole results, as clean lines."""
    lines = []
    for call, result in calls:
        given = ", ".join(f"{name}: {value}" for name, value in call.arguments.items())
        lines.append(style(clean(f"{call.name} ({given})" if given else call.name, 300), "bold"))
        lines += [f"  {clean(line)}" for line in result.text.splitlines()]
    return lines or ["Nothing was called in the last turn."]
