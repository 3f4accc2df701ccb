"""`orch attach`: what an agent prints, and what you type to it, with receipts. Leaving does not stop it."""

from __future__ import annotations

import argparse
import contextlib
import json
import queue
import sys
import threading
import time

from orchestrator_agent import exit_codes, follow, naming, runtimes, steering
from orchestrator_agent.errors import UserError
from orchestrator_agent.model import AgentRecord
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.terminal import clean, style

#: Between looks at what the agent prints. Seconds.
_LOOK = 0.05
#: For the last receipts when the agent has ended. Seconds.
_PATIENCE = 5.0


class _Attached:
    """One person at one agent, and at the next one that goes on with its work."""

    def __init__(self, options: argparse.Namespace, orchestrator: Orchestrator, record: AgentRecord) -> None:
        self.options, self.orchestrator, self.record = options, orchestrator, record
        self.output = follow.Output(orchestrator.project, record.id)
        self.typed: queue.Queue[str] = queue.Queue()
        #: How many receipts of each command were shown.
        self.shown: dict[str, int] = {}
        #: The entries in the inbox of what the agent asks now, and whether an answer was typed.
        self.asks: dict[str, bool] = {}

    def read(self) -> None:
        """Take what is typed; in a thread of its own, because reading waits."""
        with contextlib.suppress(OSError, ValueError):
            for line in sys.stdin:
                self.typed.put(line)

    def follow(self) -> None:
        """Until the agent has ended and nobody goes on with its work."""
        while True:
            live = self.orchestrator.agent(self.record.id).record.state.is_live
            self._print()
            self._look_for_questions()
            self._tell()
            self._receipts()
            if not live and not self._next():
                return self._settle()
            time.sleep(_LOOK)

    def _settle(self) -> None:
        """Show the last receipts: they are written down after the agent has ended."""
        end = time.monotonic() + _PATIENCE
        while any(self._is_open(command) for command in self.shown) and time.monotonic() < end:
            time.sleep(_LOOK)
        self._receipts()

    def _is_open(self, command_id: str) -> bool:
        receipts = self.orchestrator.receipts(command_id)
        return bool(receipts) and not receipts[-1].step.is_final

    def _print(self) -> None:
        readable = runtimes.get_runtime(self.record.runtime).readable
        while lines := self.output.lines():
            for line in lines:
                text = readable(line)
                if self.options.json:
                    print(json.dumps({"agent_id": self.record.id, "line": line, "text": text}))
                elif text is not None:
                    print(text)
        sys.stdout.flush()

    def _look_for_questions(self) -> None:
        entries = self.orchestrator.inbox()
        mine = {e["entry"]: e for e in entries if e["kind"] == "question" and e["agent_id"] == self.record.id}
        for name in mine.keys() - self.asks.keys():
            said = f"({self.record.id} asks: {steering.asked(mine[name])} Type allow, deny, or words.)"
            print(style(said, "yellow"), file=sys.stderr, flush=True)
        self.asks = {name: self.asks.get(name, False) for name in mine}

    def _tell(self) -> None:
        with contextlib.suppress(queue.Empty):
            while line := self.typed.get_nowait():
                if text := line.strip():
                    self._send(text)

    def _send(self, text: str) -> None:
        """Answer the first thing that the agent asks, or tell it something."""
        entry = next((name for name, answered in self.asks.items() if not answered), None)
        try:
            if entry is not None and not text.startswith("!"):
                self.asks[entry], command = True, self.orchestrator.answer(entry, text)
            else:
                urgency = "now" if text.startswith("!") else "next"
                command = self.orchestrator.send_feedback(self.record.id, text.removeprefix("!").strip(), urgency)
            self.shown[command] = 0
        except UserError as error:
            print(f"orch: {clean(str(error), 300)}", file=sys.stderr)

    def _receipts(self) -> None:
        for command_id, count in self.shown.items():
            for receipt in self.orchestrator.receipts(command_id)[count:]:
                self.shown[command_id] += 1
                reason = f": {clean(receipt.reason, 200)}" if receipt.reason else ""
                print(style(f"({receipt.step}{reason})", "dim"), file=sys.stderr, flush=True)

    def _next(self) -> bool:
        newest = self.orchestrator.agent(self.record.work_stream_id).record
        if newest.id == self.record.id or not newest.state.is_live:
            return False
        self.record, self.output = newest, follow.Output(self.orchestrator.project, newest.id)
        print(style(f"({newest.id} goes on with it)", "dim"), file=sys.stderr, flush=True)
        return True


def run(options: argparse.Namespace, orchestrator: Orchestrator) -> int:
    """Sit at an agent until it ends, or until Ctrl-C, which leaves it at its work; returns the exit code.

    Raises:
        UnknownAgent: there is no such agent.
    """
    attached = _Attached(options, orchestrator, naming.find(orchestrator.project, options.agent).record)
    said = "Type to it (! before a line breaks off what it does; a line answers what it asks); Ctrl-C leaves."
    print(said, file=sys.stderr, flush=True)
    threading.Thread(target=attached.read, daemon=True).start()
    try:
        attached.follow()
    except KeyboardInterrupt:
        print(f"\n{attached.record.id} works on; `orch attach {attached.record.id}` comes back.", file=sys.stderr)
    return exit_codes.DONE
