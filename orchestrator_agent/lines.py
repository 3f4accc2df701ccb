"""Lines from a person: from a terminal, where a line can be typed at any time, or one after the other."""

from __future__ import annotations

import asyncio
import contextlib
import io
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from orchestrator_agent.terminal import clean

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document
    from prompt_toolkit.history import History
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

_PROMPT = "You: "
#: What is printed while a line is being typed is gathered for so long. Seconds.
_GATHER = 0.05


class Dropped(Exception):
    """The person dropped the line (Ctrl-C)."""


class Lines(Protocol):
    """Where lines come from, and where the line below them is shown."""

    #: True when a line can be typed while other things happen.
    live: bool

    def screen(self) -> contextlib.AbstractContextManager[None]:
        """Holds while the chat lasts."""

    async def line(self, *, in_turn: bool = False) -> str:
        """The next line that answers no question.

        Args:
            in_turn: only one that is typed while a turn runs; where lines come one after the other, there is none ever.

        Raises:
            EOFError: there are no more.
            Dropped: the person dropped it.
        """

    async def ask(self, prompt: str) -> str | None:
        """The answer to a question, empty for none; None when nobody is there to give one."""

    def drop(self) -> None:
        """Drop what is being typed."""

    def show_bar(self, text: str) -> None:
        """Show a line of state below the one that is typed, where there is room for it."""

    async def close(self) -> None:
        """No more lines are wanted."""


class PlainLines:
    """Lines from a pipe or a terminal that can do nothing; while one is awaited, nothing else happens."""

    live = False

    def screen(self) -> contextlib.AbstractContextManager[None]:
        if isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")  # a pipe may hold anything
        return contextlib.nullcontext()

    async def line(self, *, in_turn: bool = False) -> str:
        if in_turn:
            await asyncio.Event().wait()
        return self._read(_PROMPT)

    async def ask(self, prompt: str) -> str | None:
        try:
            return self._read(f"  {clean(prompt)} ").strip()
        except Dropped:
            print()
            return ""
        except EOFError:
            print()
            return "" if sys.stdin.isatty() else None

    def _read(self, prompt: str) -> str:
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            line = input(prompt)
        except KeyboardInterrupt:
            raise Dropped from None
        finally:
            signal.signal(signal.SIGINT, before)
        if not sys.stdin.isatty():
            print(clean(line), flush=True)  # so that what was said and what came of it read as one
        return line

    def drop(self) -> None:
        pass

    def show_bar(self, text: str) -> None:
        pass

    async def close(self) -> None:
        pass


class TerminalLines:
    """Lines with editing, history and completion; what is printed meanwhile appears above them.

    The line is there all the time, so that a person can type while a turn runs. A question takes its place until it is
    answered; what was half-typed then is put back.
    """

    live = True

    def __init__(
        self,
        history: Path,
        complete: Callable[[str], Iterable[tuple[str, int]]],
        interrupt: Callable[[], None],
    ) -> None:
        """Args: interrupt: called for Ctrl-C."""
        self._history, self._complete, self._interrupt = history, complete, interrupt
        self._typed: asyncio.Queue[str | Exception] = asyncio.Queue()
        self._question: tuple[str, asyncio.Future[str]] | None = None
        self._one_question = asyncio.Lock()
        self._bar = ""
        self._session: PromptSession[str] | None = None
        self._reader: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def screen(self) -> Iterator[None]:
        from prompt_toolkit.patch_stdout import StdoutProxy

        # raw: colours are ours, and all text from elsewhere is cleaned
        with (
            StdoutProxy(raw=True, sleep_between_writes=_GATHER) as proxy,
            contextlib.redirect_stdout(proxy),
            contextlib.redirect_stderr(proxy),
        ):
            yield

    async def line(self, *, in_turn: bool = False) -> str:
        self._begin()
        typed = await self._typed.get()
        if isinstance(typed, Exception):
            raise typed
        return typed

    def _begin(self) -> PromptSession[str]:
        if self._session is None:
            self._session = self._open()
            self._reader = asyncio.create_task(self._read(self._session))
        return self._session

    async def _read(self, session: PromptSession[str]) -> None:
        while True:
            try:
                text = await session.prompt_async(self._prompt, bottom_toolbar=self._toolbar, handle_sigint=False)
            except Dropped as dropped:
                self._typed.put_nowait(dropped)
            except EOFError as end:
                if self._question is None:
                    return self._typed.put_nowait(end)
                self._answer("")
            else:
                if self._question is None:
                    self._typed.put_nowait(text)
                else:
                    self._answer(text.strip())

    def _answer(self, text: str) -> None:
        assert self._question is not None
        self._question[1].set_result(text)
        self._question = None

    async def ask(self, prompt: str) -> str | None:
        async with self._one_question:  # a command may ask while a turn does
            return await self._ask(prompt)

    async def _ask(self, prompt: str) -> str:
        session = self._begin()
        buffer = session.default_buffer
        half_typed = buffer.document
        buffer.reset()
        self._question = (f"  {clean(prompt)} ", asyncio.get_running_loop().create_future())
        session.app.invalidate()
        try:
            return await self._question[1]
        finally:
            self._question = None
            if half_typed.text:
                buffer.document = half_typed
            session.app.invalidate()

    def drop(self) -> None:
        if self._session is not None and self._session.app.is_running:
            self._session.app.exit(exception=Dropped(), style="class:aborting")

    def show_bar(self, text: str) -> None:
        changed, self._bar = text != self._bar, text
        if changed and self._session is not None:
            self._session.app.invalidate()

    async def close(self) -> None:
        if self._reader is None or self._session is None:
            return
        self._session.app.erase_when_done = True
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader

    # -- the editor ----------------------------------------------------------------------------------------------

    def _prompt(self) -> str:
        return self._question[0] if self._question is not None else _PROMPT

    def _toolbar(self) -> str | None:
        return self._bar or None

    def _open(self) -> PromptSession[str]:
        from prompt_toolkit import PromptSession

        return PromptSession(
            history=self._remembered(),
            completer=self._completer(),
            complete_while_typing=False,
            key_bindings=self._keys(),
            multiline=True,
            prompt_continuation="... ",
        )

    def _remembered(self) -> History:
        from prompt_toolkit.history import FileHistory

        lines = self

        class History(FileHistory):
            """What was said is remembered; answers to questions are not."""

            def append_string(self, string: str) -> None:
                if lines._question is None and string.strip():
                    super().append_string(string)

            def store_string(self, string: str) -> None:
                if lines._history.parent.is_dir():  # a chat that starts nothing makes no `.orch`
                    super().store_string(string)

        return History(str(self._history))

    def _completer(self) -> Completer:
        from prompt_toolkit.completion import Completer, Completion

        complete = self._complete

        class Known(Completer):
            def get_completions(self, document: Document, event: CompleteEvent) -> Iterator[Completion]:
                for text, length in complete(document.text_before_cursor):
                    yield Completion(text, start_position=-length)

        return Known()

    def _keys(self) -> KeyBindings:
        from prompt_toolkit.key_binding import KeyBindings

        keys = KeyBindings()

        @keys.add("enter")
        def _(event: KeyPressEvent) -> None:
            event.current_buffer.validate_and_handle()

        @keys.add("escape", "enter")
        def _(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text("\n")

        @keys.add("c-c")
        def _(event: KeyPressEvent) -> None:
            self._interrupt()

        return keys
