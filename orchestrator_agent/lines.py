"""Lines from a person: from a terminal with editing and history, or plainly."""

from __future__ import annotations

import contextlib
import io
import signal
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.terminal import clean

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession


class Lines(Protocol):
    """Where lines come from."""

    #: True when other things can be shown while a line is being typed.
    live: bool

    def screen(self) -> contextlib.AbstractContextManager[None]:
        """Holds while the chat lasts."""

    async def ask(self, prompt: str, *, remember: bool = False) -> str:
        """One line.

        Raises:
            EOFError: there are no more.
            KeyboardInterrupt: the line was dropped.
        """


class PlainLines:
    """Lines from a pipe or a terminal that can do nothing; while one is awaited, nothing else happens."""

    live = False

    def screen(self) -> contextlib.AbstractContextManager[None]:
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")  # a pipe may hold anything
        return contextlib.nullcontext()

    async def ask(self, prompt: str, *, remember: bool = False) -> str:
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            line = input(prompt)
        finally:
            signal.signal(signal.SIGINT, before)
        if not sys.stdin.isatty():
            print(clean(line), flush=True)  # so that what was said and what came of it read as one
        return line


class TerminalLines:
    """Lines with editing and history, from a terminal; what is printed meanwhile appears above them."""

    live = True

    def __init__(self, orchestrator: Orchestrator) -> None:
        self._history = orchestrator.project.state / "chat_history"
        self._sessions: dict[bool, PromptSession[str]] = {}

    @contextlib.contextmanager
    def screen(self) -> Iterator[None]:
        from prompt_toolkit.patch_stdout import patch_stdout

        with patch_stdout(raw=True):  # raw: colours are ours, and all text from elsewhere is cleaned
            yield

    async def ask(self, prompt: str, *, remember: bool = False) -> str:
        if remember not in self._sessions:
            self._sessions[remember] = self._session(remember)
        return await self._sessions[remember].prompt_async(prompt)

    def _session(self, remember: bool) -> PromptSession[str]:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.history import FileHistory, InMemoryHistory

        path = self._history

        class History(FileHistory):
            def store_string(self, string: str) -> None:
                if path.parent.is_dir():  # a chat that starts nothing makes no `.orch`
                    super().store_string(string)

        return PromptSession(history=History(str(path)) if remember else InMemoryHistory())
