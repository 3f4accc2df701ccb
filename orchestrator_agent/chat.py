"""The chat: goals in words and a few plain commands, with what agents do shown above the line that is being typed.

Work that is started here belongs to the controller, not to the chat: it goes on when the chat is left or killed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable

from orchestrator_agent import overview, printing
from orchestrator_agent.conversation import Conversation, Proposal, describe, label, question
from orchestrator_agent.errors import OrchError, UserError
from orchestrator_agent.feed import Feed
from orchestrator_agent.lines import Lines, PlainLines, TerminalLines
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.terminal import clean, plural, style
from orchestrator_agent.tools import ToolCall, ToolResult
from orchestrator_agent.tools.agents import agent_of
from orchestrator_agent.tools.toolset import journal

#: Between looks at the journal while something is open. Seconds.
_LOOK = 0.1
#: The same while a person waits for an answer.
_WAIT = 0.02
_YES, _NO = ("y", "yes"), ("n", "no")

HELP = """\
Say what you want done, in your own words: "start working on the parser", "do everything except 2.1", "what is left?"
Or one of these (with or without a leading "/"):
  status            the roadmap, what can start now, who is at work
  running           agents at work
  stop              stop everything that runs; its work is saved
  stop ID           stop one agent, or the agent of a work stream
  logs ID           the last lines that an agent printed
  why [ID]          the one reason why a work stream does not move
  report            what happened so far
  quit              leave; agents run on (also Ctrl-D)
Ctrl-C drops the line or the answer you wait for, never the agents."""


def run_chat(orchestrator: Orchestrator, *, auto: bool = False) -> int:
    """Talk until the person leaves; returns the exit code.

    Args:
        auto: act without asking; what is ambiguous is asked all the same.

    Raises:
        UserError: the roadmap cannot be read at the start.
    """
    orchestrator.project.roadmap()
    terminal = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") not in (None, "", "dumb")
    lines: Lines = TerminalLines(orchestrator) if terminal else PlainLines()
    with lines.screen():
        return asyncio.run(Chat(orchestrator, lines, auto=auto).run())


class Chat:
    """One talk. Lines come in, each is a turn; between them and beside them the feed is shown."""

    def __init__(self, orchestrator: Orchestrator, lines: Lines, *, auto: bool) -> None:
        self.orchestrator, self.project, self.lines, self.auto = orchestrator, orchestrator.project, lines, auto
        self.conversation = Conversation(orchestrator)
        self.feed = Feed(orchestrator)
        self._something = asyncio.Event()
        self._left = False
        self._words: dict[str, Callable[[str], Awaitable[None]]] = {
            "status": self._status,
            "running": self._running,
            "stop": self._stop,
            "logs": self._logs,
            "why": self._why,
            "report": self._report,
            "help": self._help,
            "quit": self._quit,
            "exit": self._quit,
        }

    async def run(self) -> int:
        """Turns until the person leaves; the exit code."""
        ready = len(self.orchestrator.get_available_work())
        print(f"{plural(ready, 'work stream')} can start now. Say what you want, or `help`.")
        self._something.set()
        watcher = asyncio.create_task(self._watch()) if self.lines.live else None
        while not self._left:
            if watcher is None:
                self.feed.show()
            elif watcher.done():
                await watcher  # a bug in it is not to be passed over
            try:
                text = (await self.lines.ask("You: ", remember=True)).strip()
            except KeyboardInterrupt:
                continue
            except EOFError:
                print()
                break
            await self._guarded(text)
            self._something.set()
        if watcher is not None:
            watcher.cancel()
        self.feed.show()
        self._farewell()
        return 0

    async def _watch(self) -> None:
        """Show what is new while something is open; else wait, at no cost, until there may be something."""
        while True:
            await self._something.wait()
            self._something.clear()
            while self.feed.is_open():
                self.feed.show()
                await asyncio.sleep(_LOOK)
            self.feed.show()

    async def _guarded(self, text: str) -> None:
        """One turn, which Ctrl-C cuts short; an error of the repository's ends the turn and not the talk."""
        self._turn = asyncio.ensure_future(self.turn(text))
        self._arm()
        try:
            await self._turn
        except asyncio.CancelledError:
            if not self._turn.cancelled():
                raise
            print("Dropped; agents run on.")
        except OrchError as error:
            print(clean(str(error), 1000))
        finally:
            asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)

    def _arm(self) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._turn.cancel)

    async def _ask(self, prompt: str) -> str:
        """An answer within a turn; empty when there is none."""
        try:
            answer = await self.lines.ask(f"  {prompt} ")
        except (KeyboardInterrupt, EOFError):
            print()
            answer = ""
        self._arm()  # asking took the signal for itself
        return answer.strip()

    def _farewell(self) -> None:
        count = len(self.project.store.live_agents())
        if count:
            print(f"{plural(count, 'agent')} run{'s' if count == 1 else ''} on; `orch chat` or `orch stop` reach them.")
        elif self.project.store.open_commands():
            print("Work goes on in the background; `orch chat` or `orch stop` reach it.")

    # -- turns ---------------------------------------------------------------------------------------------------

    async def turn(self, text: str) -> None:
        """Do what one line asks for. A line that answers a question with neither yes nor no is a turn of its own."""
        journal(self.project)
        if not text:
            return
        bare = text.removeprefix("/")
        word, _, rest = bare.partition(" ")
        done = self._words.get(word.casefold())
        if done is not None and (bare != text or self._is_meant(word.casefold(), rest.strip())):
            await done(rest.strip())
        elif bare != text and " " not in text:
            print(f"There is no {clean(text, 40)}; `help` lists what there is.")
        else:
            await self._goal(text)

    def _is_meant(self, word: str, rest: str) -> bool:
        """True when a line is a plain command; "status of the parser" and "stop the parser" are goals in words."""
        if not rest:
            return word != "logs"
        if word == "why" or word == "stop":
            return self._names(rest)
        return word == "logs" and " " not in rest

    def _names(self, text: str) -> bool:
        """True when `text` is the id of an agent or of a work stream."""
        known = [stream.id for stream in self.project.roadmap().work_streams]
        if text.casefold() in (name.casefold() for name in known):
            return True
        return self.project.store.agent(text) is not None

    async def _goal(self, text: str) -> None:
        proposal: Proposal | None = self.conversation.propose(text)
        assert proposal is not None
        if proposal.goal.intent in ("help", "quit"):
            return await self._words[proposal.goal.intent]("")
        self._say(proposal)
        if proposal.goal.ambiguous:
            proposal = await self._which(proposal)
        if proposal is None or not proposal.calls or proposal.dry_run:
            return
        if proposal.confirm and not self.auto:
            answer = await self._ask(f"{question(proposal)} [y/N]")
            if answer.casefold() not in _YES:
                print("  Nothing was done.")
                return await self.turn("" if answer.casefold() in _NO else answer)
        results = self.conversation.carry_out(proposal)
        for call, result in zip(proposal.calls, results, strict=True):
            await self._tell(call, result)

    def _say(self, proposal: Proposal) -> None:
        lines = describe(proposal)
        if lines:
            print("\n".join([style("Orchestrator:", "bold"), *(f"  {line}" for line in lines)]))

    async def _which(self, proposal: Proposal) -> Proposal | None:
        """The proposal for the candidate that the person names, or None."""
        if not proposal.goal.candidates:
            return None
        answer = await self._ask(question(proposal))
        chosen = self.conversation.choose(proposal, answer) if answer else None
        if chosen is None:
            print("  Nothing was done." if not answer else "  That is none of them; nothing was done.")
        elif chosen.problem:
            self._say(chosen)
        return chosen

    async def _tell(self, call: ToolCall, result: ToolResult) -> None:
        """Say what came of a call, and wait where the person does."""
        if result.is_error:
            print(f"  {result.text}")
        elif call.name in ("spawn_agent", "run_batch"):
            await self._started(result)
        elif call.name == "stop_agent":
            await self._stopped(result)
        elif call.name == "get_status" and not call.arguments:
            print("\n".join(printing.status_lines(result.data)))
        elif call.name == "report":
            print("\n".join(printing.report_lines(result.data)))
        else:
            print(result.text)

    async def _started(self, result: ToolResult) -> None:
        command_id, now = result.data["command_id"], result.data["now"]
        if command_id is None:
            return print(result.text)
        if len(now) == 1:
            self.feed.told.add((command_id, now[0]))
            print(f"  Spawning agent for {label(now[0])}...", flush=True)
        if not self.lines.live:
            await self._until(lambda: self._is_under_way(command_id))

    def _is_under_way(self, command_id: str) -> bool:
        """True when the first agent of a command works, or none ever will."""
        command = self.project.store.command(command_id)
        agents = self.project.store.agents(command_id=command_id)
        return command is None or command.state != "open" or any(facts.record.started_at for facts in agents)

    async def _stopped(self, result: ToolResult) -> None:
        """Wait until what was to stop is gone, and say how many that were."""
        command_id = result.data["command_id"]
        if command_id is None:
            return print(result.text)

        def is_over() -> bool:
            command = self.project.store.command(command_id)
            return command is None or command.state != "open"

        await self._until(is_over)
        count = len(result.data["agent_ids"])
        print(f"Stopped {plural(count, 'agent')}" if count else "Stopped what was queued, checked or merged.")

    async def _until(self, true: Callable[[], bool]) -> None:
        while not true() and self.feed.is_open():
            self.feed.show()
            await asyncio.sleep(_WAIT)
        self.feed.show()

    # -- plain commands ------------------------------------------------------------------------------------------

    async def _call(self, name: str, **arguments: object) -> None:
        call = ToolCall(name, arguments)
        await self._tell(call, self.conversation.toolset.call(self.orchestrator, call))

    async def _status(self, rest: str) -> None:
        await self._call("get_status", **({"work_stream_id": rest} if rest else {}))

    async def _running(self, rest: str) -> None:
        print("\n".join(printing.running_lines(overview.running(self.project))))

    async def _stop(self, rest: str) -> None:
        await self._call("stop_agent", **({} if rest in ("", "all") else {"agent_id": rest}))

    async def _logs(self, rest: str) -> None:
        if not rest:
            raise UserError("Say whose: `logs ID`, with an agent or a work stream; `running` lists agents.")
        await self._call("read_output", agent_id=agent_of(self.orchestrator, rest).record.id)

    async def _why(self, rest: str) -> None:
        print("\n".join(printing.why_lines(self.orchestrator.why(rest or None))))

    async def _report(self, rest: str) -> None:
        await self._call("report")

    async def _help(self, rest: str) -> None:
        print(HELP)

    async def _quit(self, rest: str) -> None:
        self._left = True
