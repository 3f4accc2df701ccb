"""`orch feedback`, `pause`, `resume`, `redirect`, `inbox`: steering agents from the command line, with receipts."""

from __future__ import annotations

import argparse
from typing import Any

from orchestrator_agent import attaching, exit_codes, following, overview, printing, reporting
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.terminal import clean, clock

#: How long a command waits for its receipt; it goes on all the same. Seconds.
_PATIENCE = 30.0


def run(options: argparse.Namespace, orchestrator: Orchestrator) -> int:
    """Do the command that `options` name; returns the exit code.

    Raises:
        UserError: nothing of that works, or cannot be steered so; nothing was changed.
    """
    if options.command == "inbox":
        return _inbox(options, orchestrator)
    if options.command == "attach":
        return attaching.run(options, orchestrator)
    step = "applied"
    if options.command == "feedback":
        step = "delivered"  # what follows can take as long as the agent's turn
        command = orchestrator.send_feedback(options.agent, " ".join(options.words), options.urgency)
    elif options.command == "redirect":
        command = orchestrator.redirect(options.agent, options.work_stream, options.reason)
    else:
        command = getattr(orchestrator, options.command)(options.agent)
    return follow(options, orchestrator, command, step)


def answer(options: argparse.Namespace, orchestrator: Orchestrator) -> int | None:
    """`orch answer ENTRY WORDS`: the exit code, or None when the first word is no entry of the inbox."""
    entries = {entry["entry"] for entry in orchestrator.inbox()}
    if not options.words or options.words[0] not in entries:
        return None
    command = orchestrator.answer(options.words[0], " ".join(options.words[1:]))
    return follow(options, orchestrator, command, "applied")


def follow(options: argparse.Namespace, orchestrator: Orchestrator, command_id: str, step: str) -> int:
    """Wait a while for a receipt, unless detached, and show how far the command has come."""
    reached = None if options.detach else orchestrator.wait_for_receipt(command_id, step, _PATIENCE)
    data = reporting.command(orchestrator.receipts(command_id))
    following.show(options, data, lambda: receipt_lines(data))
    refused = reached is not None and reached.step == "refused"
    return exit_codes.FAILED if refused else exit_codes.DONE


def receipt_lines(data: dict[str, Any]) -> list[str]:
    """The receipts of one command."""
    lines = [
        f"  {clock(item['at'])} {item['step']}" + (f": {clean(item['reason'], 300)}" if item["reason"] else "")
        for item in data["receipts"]
    ]
    return lines if data["state"] != "open" else [*lines, "It goes on by itself; `orch report` tells what came of it."]


def _inbox(options: argparse.Namespace, orchestrator: Orchestrator) -> int:
    entries, questions = orchestrator.inbox(), overview.questions(orchestrator.project)
    now = orchestrator.project.store.now()
    data = {"entries": entries, "questions": questions}
    following.show(options, data, lambda: [*printing.inbox_lines(entries, now), *printing.question_lines(questions)])
    return 0
