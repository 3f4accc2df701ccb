"""The chat: goals in words and a few plain commands, with what agents do shown above the line that is being typed.

Work that is started here belongs to the controller, not to the chat: it goes on when the chat is left or killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from orchestrator_agent import overview, plan_view, printing, slash_commands, status_bar, survey
from orchestrator_agent.completing import Completions
from orchestrator_agent.errors import OrchError, UserError
from orchestrator_agent.feed import Feed
from orchestrator_agent.lines import Dropped, Lines, PlainLines, TerminalLines
from orchestrator_agent.listener import Outcome, finished
from orchestrator_agent.markdown import Markdown
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.slash_commands import Command
from orchestrator_agent.speaker import Speaker, details
from orchestrator_agent.talk import Talk
from orchestrator_agent.terminal import clean, plural, style
from orchestrator_agent.tools import ToolCall, ToolResult
from orchestrator_agent.tools.toolset import journal
from orchestrator_agent.transcripts import NOT_SAID

#: Between looks at the journal while something is open. Seconds.
_LOOK = 0.1
#: The same while nothing is: only a number is read, which tells that another program wrote. Seconds.
_IDLE = 1.0
#: The same while a person waits for an answer.
_WAIT = 0.02
_RECALLED = 20


def run_chat(
    orchestrator: Orchestrator,
    *,
    auto: bool = False,
    offline: bool = False,
    verbose: bool = False,
    resume: str | None = None,
) -> int:
    """Talk until the person leaves; returns the exit code.

    Args:
        auto: act without asking; what is ambiguous is asked all the same.
        offline: the fixed rules alone understand what is said.
        verbose: tell after each turn what the model took.
        resume: go on with this conversation, or (empty) with the last one.

    Raises:
        UserError: the roadmap cannot be read at the start, or there is no such conversation.
    """
    orchestrator.project.roadmap()
    chat = Chat(orchestrator, auto=auto, offline=offline, verbose=verbose)
    if resume is not None and not chat.talk.take_up(resume):
        raise UserError("There is no such conversation to go on with; `orch chat` begins a new one.")
    with chat.lines.screen():
        return asyncio.run(chat.run())


class Chat:
    """One talk at one input line. A line is a turn, a command, an answer, or (in a turn) something to mind."""

    def __init__(self, orchestrator: Orchestrator, *, auto: bool, offline: bool, verbose: bool) -> None:
        self.orchestrator, self.project, self.verbose = orchestrator, orchestrator.project, verbose
        self.lines = self._lines()
        self.speaker = Speaker(self.lines, self._changed)
        self.talk = Talk(orchestrator, self.speaker, auto=auto, offline=offline)
        self.toolset = self.talk.rules.toolset
        self.feed = Feed(orchestrator)
        self._something = asyncio.Event()
        self._left = False
        self._turn: asyncio.Future[None] | None = None
        self._errands: set[asyncio.Task[None]] = set()

    def _lines(self) -> Lines:
        if not (sys.stdin.isatty() and sys.stdout.isatty()) or os.environ.get("TERM") in (None, "", "dumb"):
            return PlainLines()
        # The commands are looked up when Tab is pressed: the talk is not there yet.
        known = Completions(self.project, lambda: slash_commands.names(self.toolset))
        return TerminalLines(self.project.state / "chat_history", known.of, self._interrupt)

    async def run(self) -> int:
        """Turns until the person leaves; the exit code."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        if self.lines.live and not self.talk.why_offline:
            loop.run_in_executor(None, importlib.import_module, "anthropic")  # takes seconds, and the person types
        self._greet()
        watcher = asyncio.create_task(self._watch()) if self.lines.live else None
        try:
            if self.talk.transcript.messages:
                await self._resume()
            await self._turns(watcher)
        finally:
            for task in (*self._errands, *([watcher] if watcher else [])):
                task.cancel()
            await self.lines.close()
            await self.talk.close()
        self.feed.show()
        self._farewell()
        return 0

    async def _turns(self, watcher: asyncio.Task[None] | None) -> None:
        while not self._left:
            if watcher is None:
                self.feed.show()
            elif watcher.done():
                await watcher  # a bug in it is not to be passed over
            try:
                text = self.talk.steering.pop(0) if self.talk.steering else await self.lines.line()
            except Dropped:
                continue
            except EOFError:
                print()
                return
            await self._take(text.strip())

    def _greet(self) -> None:
        ready = len(self.orchestrator.get_available_work())
        print(f"{plural(ready, 'work stream')} can start now. Say what you want, or `help`.")
        if self.talk.why_offline:
            print(f"What you say is understood by {self.talk.why_offline}.")
        self._changed()

    def _farewell(self) -> None:
        count = len(self.project.store.live_agents())
        if count:
            print(f"{plural(count, 'agent')} run{'s' if count == 1 else ''} on; `orch chat` or `orch stop` reach them.")
        elif self.project.store.open_commands():
            print("Work goes on in the background; `orch chat` or `orch stop` reach it.")

    # -- what happens beside the line ----------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Show what is new while something is open; else wait until this or another program has begun something."""
        while True:
            while not self._something.is_set() and not self.feed.has_news():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._something.wait(), _IDLE)
            self._something.clear()
            while self.feed.is_open():
                self._look()
                await asyncio.sleep(_LOOK)
            self._look()

    def _look(self) -> None:
        if self.feed.show():
            self._show_bar()

    def _changed(self) -> None:
        """Something may be under way now, and the line below has to say so."""
        self._something.set()
        self._show_bar()

    def _show_bar(self) -> None:
        if self.lines.live:
            journal(self.project)
            talk = self.talk
            bar = status_bar.bar(
                self.project,
                talk.usage,
                saved=talk.saved,
                why_offline=talk.why_offline,
                busy=self._turn is not None,
                asked=self.speaker.asks,
            )
            self.lines.show_bar(bar)

    def _interrupt(self) -> None:
        """Ctrl-C: the turn ends, or the line; never an agent."""
        if self._turn is not None:
            self._turn.cancel()
        else:
            self.lines.drop()

    # -- lines ---------------------------------------------------------------------------------------------------

    async def _take(self, text: str) -> None:
        """Do what one line asks for."""
        if not text:
            return
        try:
            command = self._command(text)
        except OrchError as error:
            return print(clean(str(error), 1000))
        if command is not None and command.name == "quit":
            self._left = True
        else:
            await self._guarded(self._do(command) if command else self._say(self.talk.say(text)))

    def _command(self, text: str) -> Command | None:
        """The plain command that a line is, or None.

        Raises:
            UserError: there is no such command.
        """
        journal(self.project)
        streams = [stream.id for stream in self.project.roadmap().work_streams]
        known = [*streams, *(facts.record.id for facts in self.project.store.agents())]
        return slash_commands.read(text, self.toolset, known)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """A turn to its end, while lines are heard beside it. Its errors end it, and not the chat."""
        turn = self._turn = asyncio.ensure_future(work)
        self._changed()
        try:
            await self._beside(turn)
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                raise
            self.speaker.end()
            self.talk.cancelled()
            print("Dropped; agents run on.")
        except OrchError as error:
            self.speaker.end()
            print(clean(str(error), 1000))
        finally:
            self._turn = None
            self._changed()

    async def _beside(self, turn: asyncio.Future[None]) -> None:
        while not turn.done():
            heard = asyncio.ensure_future(self.lines.line(in_turn=True))
            both: set[asyncio.Future[Any]] = {turn, heard}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if not heard.done():
                heard.cancel()
                return
            try:
                self._heard(heard.result().strip())
            except EOFError:
                self._left = True
                turn.cancel()
                return
            except Dropped:
                turn.cancel()

    def _heard(self, text: str) -> None:
        """A line that was typed while a turn runs: a command is done at once, words are minded in the turn."""
        try:
            command = self._command(text) if text else None
        except OrchError as error:
            return print(clean(str(error), 1000))
        if command is not None and command.name == "quit":
            raise EOFError
        if command is not None:
            errand = asyncio.get_running_loop().create_task(self._errand(command))
            self._errands.add(errand)
            errand.add_done_callback(self._errands.discard)
        elif text:
            self.talk.steering.append(text)
            print(style(f"  · noted: {clean(text, 100)}", "dim"), flush=True)

    async def _errand(self, command: Command) -> None:
        try:
            await self._do(command)
        except OrchError as error:
            print(clean(str(error), 1000))

    # -- turns ---------------------------------------------------------------------------------------------------

    async def _say(self, work: Coroutine[Any, Any, Outcome]) -> None:
        self.speaker.begin(self.talk)
        outcome = await work
        self.speaker.end()
        intent = outcome.proposal.goal.intent if outcome.proposal else ""
        if intent == "quit":
            self._left = True
        elif intent == "help":
            print(slash_commands.HELP)
        for call, result in outcome.results:
            await self._tell(call, result, whole=outcome.interpreter == "rules")
        if outcome.state == "needs_answer":
            print("  It waits for your answer: `orch answer`, or `orch chat --resume`.")
        if self.verbose and (took := status_bar.turn_text(outcome, self.talk.settings)):
            print(style(f"  · {took}", "dim"), flush=True)

    async def _resume(self) -> None:
        """Show how the conversation stood, and go on with what was cut off in it."""
        transcript = self.talk.transcript
        print("\n".join(_last_exchange(transcript.messages)), flush=True)
        if transcript.question is not None or transcript.unanswered or transcript.messages[-1]["role"] == "user":
            await self._guarded(self._say(self.talk.resume()))

    async def _tell(self, call: ToolCall, result: ToolResult, *, whole: bool = True) -> None:
        """Say what came of a call (`whole`: nobody has yet), and wait where the person does."""
        data = result.data if isinstance(result.data, dict) else {}
        if not result.is_error and call.name in ("spawn_agent", "run_batch") and data.get("command_id"):
            self._changed()
            if not self.lines.live:
                await self._until(lambda: self._is_under_way(str(data["command_id"])))
        elif not result.is_error and call.name == "stop_agent" and data.get("command_id"):
            await self._stopped(str(data["command_id"]), data.get("agent_ids", ()))
        elif whole:
            print("\n".join(_shown(call, result)), flush=True)

    def _is_under_way(self, command_id: str) -> bool:
        """True when the first agent of a command works, or none ever will."""
        agents = self.project.store.agents(command_id=command_id)
        return self._is_over(command_id) or any(facts.record.started_at for facts in agents)

    def _is_over(self, command_id: str) -> bool:
        command = self.project.store.command(command_id)
        return command is None or command.state != "open"

    async def _stopped(self, command_id: str, agents: Sequence[str]) -> None:
        """Wait until what was to stop is gone, and say how many that were."""
        await self._until(lambda: self._is_over(command_id))
        print(f"Stopped {plural(len(agents), 'agent')}" if agents else "Stopped what was queued, checked or merged.")

    async def _until(self, true: Callable[[], bool]) -> None:
        while not true() and self.feed.is_open():
            self._look()
            await asyncio.sleep(_WAIT)
        self._look()

    # -- plain commands ------------------------------------------------------------------------------------------

    async def _do(self, command: Command) -> None:
        """Carry out a plain command.

        Raises:
            UserError: it needs arguments, or does not go with them.
        """
        call = slash_commands.call_of(command, self.toolset)
        if call is not None and not await self._agreed(call):
            return print("Nothing was done.")
        if call is not None:
            result = await finished(self.toolset.call(self.orchestrator, call))
            self._changed()
            return await self._tell(call, result)
        print("\n".join(self._own(command)), flush=True)

    async def _agreed(self, call: ToolCall) -> bool:
        """What writes into the plan is shown and asked about; all else is what the person has just said."""
        tool = self.toolset.get(call.name)
        if tool is None or tool.preview is None:
            return True
        for line in tool.preview(self.orchestrator, **tool.validate(call.arguments)):
            self.speaker.line(line)
        return self.talk.auto or bool(await self.speaker.approve([call], "Shall I write this?"))

    def _own(self, command: Command) -> list[str]:
        if command.name == "running":
            return printing.running_lines(overview.running(self.project))
        if command.name == "why":
            return printing.why_lines(self.orchestrator.why(command.rest or None))
        if command.name == "inbox":
            return printing.inbox_lines(self.orchestrator.inbox(), self.project.store.now())
        if command.name == "roadmap":
            return plan_view.lines(survey.survey(self.project))
        if command.name == "details":
            return details(self.speaker.calls)
        return [slash_commands.HELP]


def _shown(call: ToolCall, result: ToolResult) -> list[str]:
    """A result for a person: as the command of the same meaning prints it."""
    if result.is_error:
        return [f"  {clean(result.text)}"]
    if call.name == "get_status" and not call.arguments:
        return printing.status_lines(result.data)
    if call.name == "report":
        return printing.report_lines(result.data)
    return [clean(result.text, keep_newlines=True)]


def _last_exchange(messages: Sequence[dict[str, Any]]) -> list[str]:
    """What the person said last and what was said to that, as clean lines."""
    said: dict[str, list[str]] = {"user": [], "assistant": []}
    for message in messages:
        texts = [str(block["text"]) for block in message["content"] if block["type"] == "text"]
        texts = [text for text in texts if not text.startswith(NOT_SAID)]
        if texts and message["role"] == "user":
            said = {"user": texts, "assistant": []}
        said[message["role"]] = texts or said[message["role"]]
    answer = Markdown()
    lines = ["You: " + clean(line, 500) for text in said["user"] for line in text.splitlines()]
    lines += [style("Orchestrator:", "bold")] if said["assistant"] else []
    lines += [f"  {line}" for text in said["assistant"] for line in (*answer.feed(f"{text}\n"), *answer.end())]
    return [style("Going on with an earlier talk.", "dim"), *lines[:_RECALLED]]
