"""`orch goal`: one goal in words, understood, asked about, carried out and followed to its end."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from orchestrator_agent import commands, exit_codes, overview
from orchestrator_agent.conversation import Conversation, Proposal, describe, question
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.terminal import clean


def run(options: argparse.Namespace, orchestrator: Orchestrator) -> int:
    """Understand and carry out the words of the command line; returns the exit code."""
    conversation = Conversation(orchestrator)
    proposal = conversation.propose(" ".join(options.goal))
    if not options.json:
        print("\n".join(["Orchestrator:", *(f"  {line}" for line in describe(proposal))]), flush=True)
    if proposal.problem:
        return _end(options, proposal, exit_codes.USAGE, "refused", proposal.problem)
    if proposal.goal.ambiguous:
        return _needs_answer(options, proposal, question(proposal))
    if not proposal.calls:
        understood = proposal.goal.intent in ("help", "quit")
        return _end(options, proposal, 0 if understood else exit_codes.USAGE, "nothing_to_do")
    if options.dry_run or proposal.dry_run:
        return _dry_run(options, orchestrator, proposal)
    if proposal.confirm and not options.auto:
        answer = _ask(options, question(proposal))
        if answer is None:
            return _needs_answer(options, proposal, question(proposal))
        if not answer:
            return _end(options, proposal, 0, "declined", "Nothing was started.")
    return _carry_out(options, orchestrator, conversation, proposal)


def _ask(options: argparse.Namespace, what: str) -> bool | None:
    """Yes or no from whoever is there; None when nobody can answer."""
    if options.json:
        return None
    print(f"\n  {what} [y/N] ", end="", flush=True)
    line = sys.stdin.readline()
    if not sys.stdin.isatty():
        print()
    return line.strip().casefold() in ("y", "yes") if line else None


def _carry_out(
    options: argparse.Namespace, orchestrator: Orchestrator, conversation: Conversation, proposal: Proposal
) -> int:
    results = conversation.carry_out(proposal)
    started = []
    for result in results:
        if not options.json:
            print("\n".join(f"  {clean(line)}" for line in result.text.splitlines()), flush=True)
        data = result.data if isinstance(result.data, dict) else {}
        started += [str(data["command_id"])] if data.get("command_id") else []
    if started:
        return commands.after(options, orchestrator, started)
    code = exit_codes.FAILED if any(result.is_error for result in results) else 0
    if options.json:
        return _end(options, proposal, code, "done", data=[result.data for result in results])
    return code


def _dry_run(options: argparse.Namespace, orchestrator: Orchestrator, proposal: Proposal) -> int:
    calls = [{"tool": call.name, "arguments": dict(call.arguments)} for call in proposal.calls]
    if options.json:
        return _end(options, proposal, 0, "dry_run", data=calls)
    if proposal.plan is not None:
        from orchestrator_agent import printing

        data = overview.plan(orchestrator.project, proposal.plan, orchestrator.options)
        print("\n".join(f"  {line}" for line in printing.plan_lines(data)))
    return 0


def _needs_answer(options: argparse.Namespace, proposal: Proposal, what: str) -> int:
    """Nobody answered: the question goes to stderr, and the exit code says so."""
    print(f"orch: {clean(what)} Say it more exactly, or use --auto.", file=sys.stderr)
    return _end(options, proposal, exit_codes.NEEDS_ANSWER, "needs_answer", what)


def _end(
    options: argparse.Namespace, proposal: Proposal, code: int, state: str, message: str = "", data: Any = None
) -> int:
    if options.json:
        goal = proposal.goal
        shown = {
            "type": "result",
            "state": state,
            "message": clean(message),
            "goal": goal.original_goal,
            "intent": goal.intent,
            "confidence": round(goal.confidence, 3),
            "evidence": clean(goal.evidence),
            "work_streams": [stream.id for stream in goal.matched_work_streams],
            "candidates": [stream.id for stream in goal.candidates],
            "data": data,
        }
        print(json.dumps(shown))
    elif state == "declined":
        print(f"  {message}")
    return code
