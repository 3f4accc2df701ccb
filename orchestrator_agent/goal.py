"""`orch goal` and `orch answer`: one goal in words, understood, asked about, carried out and followed to its end."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Coroutine, Sequence
from dataclasses import asdict
from typing import Any

from orchestrator_agent import exit_codes, following, overview, steering_commands
from orchestrator_agent.conversation import Conversation
from orchestrator_agent.errors import UserError
from orchestrator_agent.interpreters.explaining import explain
from orchestrator_agent.listener import Outcome, is_yes
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.status_bar import turn_text
from orchestrator_agent.talk import Talk
from orchestrator_agent.terminal import clean
from orchestrator_agent.tools import ToolCall, ToolResult

#: What is said to goals that nothing can be done about here.
_ANSWERS = {
    "help": """\
Say what you want done, in your own words:
  orch goal "start working on the parser"     orch goal "do everything except 2.1"
  orch goal "stop the parser"                 orch goal "what is left?"
It says what it understood and asks before it acts. `orch chat` is the same as a talk; `orch --help` lists commands.""",
    "quit": "There is nothing to leave here: `orch goal` ends by itself, and agents run on until `orch stop`.",
}
_CODES = {
    "needs_answer": exit_codes.NEEDS_ANSWER,
    "refused": exit_codes.USAGE,
    "not_understood": exit_codes.USAGE,
    "limit": exit_codes.FAILED,
}


def run(options: argparse.Namespace, orchestrator: Orchestrator) -> int:
    """Understand and carry out the words of the command line; returns the exit code."""
    if options.explain and options.goal:
        return _explain(options, orchestrator)
    front = _Front(options)
    talk = Talk(orchestrator, front, auto=options.auto, offline=options.offline, dry_run=options.dry_run)
    front.begin(talk)
    if options.resume is not None:
        if not talk.take_up(options.resume):
            raise UserError("There is no such conversation to go on with; say a goal instead.")
        return _finish(options, orchestrator, _run(talk, talk.resume()))
    if not options.goal:
        raise UserError('Say what you want, for example: orch goal "start the next".')
    return _finish(options, orchestrator, _run(talk, talk.say(" ".join(options.goal))))


def answer(options: argparse.Namespace, orchestrator: Orchestrator) -> int:
    """Answer what an agent asks, or the question that the last conversation waits with; returns the exit code.

    Raises:
        UserError: nothing waits for an answer.
    """
    if (answered := steering_commands.answer(options, orchestrator)) is not None:
        return answered
    front = _Front(options)
    talk = Talk(orchestrator, front, offline=options.offline)
    if not talk.take_up(waiting=True) or talk.transcript.question is None:
        raise UserError("Nothing waits for an answer.")
    waiting = talk.transcript.question
    if not options.words:
        about = f'For "{clean(talk.transcript.goal, 200)}":' if talk.transcript.goal else "This is asked:"
        lines = [about, clean(waiting["question"], 500), *_choices(waiting["choices"])]
        following.show(options, dict(waiting), lambda: lines)
        return exit_codes.NEEDS_ANSWER
    front.begin(talk)
    return _finish(options, orchestrator, _run(talk, talk.resume(" ".join(options.words))))


def _choices(choices: Sequence[str]) -> list[str]:
    return [f"  {clean(choice, 200)}" for choice in choices]


def _explain(options: argparse.Namespace, orchestrator: Orchestrator) -> int:
    lines = explain(Conversation(orchestrator).propose(" ".join(options.goal)).goal)
    following.show(options, {"type": "explanation", "lines": lines}, lambda: lines)
    return 0


def _run(talk: Talk, turn: Coroutine[Any, Any, Outcome]) -> Outcome:
    async def whole() -> Outcome:
        try:
            return await turn
        except asyncio.CancelledError:
            talk.cancelled()
            raise
        finally:
            await talk.close()

    return asyncio.run(whole())


def _finish(options: argparse.Namespace, orchestrator: Orchestrator, outcome: Outcome) -> int:
    """Follow what was started, and say how it ended."""
    _tell_cost(options, orchestrator, outcome)
    proposal = outcome.proposal
    if outcome.state == "needs_answer":
        more = "Answer it with `orch answer ...`, or say it more exactly"
        print("\n".join([f"orch: {clean(outcome.text)} {more}.", *_choices(outcome.choices)]), file=sys.stderr)
    elif proposal is not None and proposal.plan is not None and (options.dry_run or proposal.dry_run):
        return _dry_run(options, orchestrator, outcome)
    elif outcome.command_ids and not options.dry_run:
        return following.after(options, orchestrator, outcome.command_ids)
    code = _CODES.get(outcome.state, exit_codes.DONE)
    if proposal is not None and proposal.goal.intent in ("stop", "stop_all") and outcome.state == "refused":
        code, outcome.state = exit_codes.DONE, "nothing_to_do"  # as `orch stop`: nothing ran
    if proposal is not None and proposal.goal.intent in _ANSWERS:
        outcome.state, outcome.text = "nothing_to_do", _ANSWERS[proposal.goal.intent]
        if not options.json:
            print("\n".join(f"  {line}" for line in outcome.text.splitlines()))
    if proposal is not None and any(result.is_error for _, result in outcome.results):
        code = exit_codes.FAILED
    return _end(options, outcome, code)


def _tell_cost(options: argparse.Namespace, orchestrator: Orchestrator, outcome: Outcome) -> None:
    """End what was said, with what it took of the model or spared."""
    if options.json:
        if outcome.saved.turns:
            print(json.dumps({"type": "saved", **asdict(outcome.saved)}), flush=True)
        return
    took = turn_text(outcome, orchestrator.project.settings.conversation) if options.verbose else ""
    print(f"  · {took}\n" if took else "", flush=True)


def _dry_run(options: argparse.Namespace, orchestrator: Orchestrator, outcome: Outcome) -> int:
    from orchestrator_agent import printing

    assert outcome.proposal is not None and outcome.proposal.plan is not None
    outcome.state = "dry_run"
    if options.json:
        return _end(options, outcome, exit_codes.DONE)
    data = overview.plan(orchestrator.project, outcome.proposal.plan, orchestrator.options)
    print("\n".join(f"  {line}" for line in printing.plan_lines(data)))
    return exit_codes.DONE


def _end(options: argparse.Namespace, outcome: Outcome, code: int) -> int:
    if options.json:
        print(json.dumps(_result(options, outcome)))
    return code


def _result(options: argparse.Namespace, outcome: Outcome) -> dict[str, Any]:
    """The last line of `--json`; docs/json.md documents each key."""
    proposal, usage = outcome.proposal, outcome.usage
    calls = [{"tool": call.name, "arguments": dict(call.arguments)} for call in _calls(outcome)]
    goal = proposal.goal if proposal else None
    shown: dict[str, Any] = {
        "type": "result",
        "state": "dry_run" if options.dry_run and outcome.state == "done" else outcome.state,
        "message": clean(outcome.text, keep_newlines=True),
        "choices": [clean(choice, 200) for choice in outcome.choices],
        "interpreter": outcome.interpreter,
        "data": calls if options.dry_run else [result.data for _, result in outcome.results],
        "calls": calls,
        "tokens": {"input": usage.input, "cache_read": usage.cache_read, "output": usage.output},
    }
    if goal is not None:
        shown |= {
            "goal": goal.original_goal,
            "intent": goal.intent,
            "confidence": round(goal.confidence, 3),
            "evidence": clean(goal.evidence),
            "work_streams": [stream.id for stream in goal.matched_work_streams],
            "candidates": [stream.id for stream in goal.candidates],
        }
    return shown


def _calls(outcome: Outcome) -> list[ToolCall]:
    """What was called, or (in a dry run of the rules) would be."""
    done = [call for call, _ in outcome.results]
    return done or (list(outcome.proposal.calls) if outcome.proposal else [])


class _Front:
    """The command line as the front end of a talk."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.talk: Talk | None = None
        self._in_text = False

    def begin(self, talk: Talk) -> None:
        self.talk = talk
        if not self.options.json:
            by = f" ({talk.why_offline})" if talk.why_offline else ""
            print(f"Orchestrator{by}:", flush=True)

    def text(self, piece: str) -> None:
        if self.options.json:
            return print(json.dumps({"type": "said", "text": piece}), flush=True)
        shown = clean(piece, keep_newlines=True).replace("\n", "\n  ")
        print(shown if self._in_text else f"  {shown}", end="", flush=True)
        self._in_text = True

    def cut_off(self, said: str, again: bool) -> None:
        if self.options.json:
            return print(json.dumps({"type": "cut_off", "text": said, "again": again}), flush=True)
        self._break()
        print("  (cut off; again:)" if again else "  (cut off)", flush=True)

    def line(self, text: str) -> None:
        if not self.options.json:
            self._break()
            print(f"  {clean(text)}", flush=True)

    def called(self, call: ToolCall, result: ToolResult) -> None:
        if self.options.json:
            said = {"type": "tool_called", "tool": call.name, "arguments": dict(call.arguments)}
            return print(json.dumps({**said, "is_error": result.is_error, "text": result.text}), flush=True)
        self._break()
        told_by_model = _is_look(call) and not (self.talk and self.talk.by_rules) and not self.options.verbose
        lines = [] if told_by_model and not result.is_error else result.text.splitlines()
        for line in lines or [f"({call.name.replace('_', ' ')})"]:
            print(f"  {clean(line)}", flush=True)

    def _break(self) -> None:
        if self._in_text:
            print()
        self._in_text = False

    async def approve(self, calls: Sequence[ToolCall], asked: str) -> bool | None:
        line = None if self.options.json else self._read(f"{asked} [y/N] ")
        while line is not None and is_yes(line) is None and sys.stdin.isatty():
            line = self._read("Please say yes or no. [y/N] ")
        return None if line is None else bool(is_yes(line))

    async def answer(self, asked: str, choices: Sequence[str]) -> str | None:
        if self.options.json or not sys.stdin.isatty():
            return None
        for number, choice in enumerate(choices, 1):
            self.line(f"{number}. {choice}")
        return self._read(f"{asked} ")

    def _read(self, prompt: str) -> str | None:
        """A line from whoever is there; None when nobody is."""
        self._break()
        print(f"\n  {clean(prompt)}", end="", flush=True)
        line = sys.stdin.readline()
        if not sys.stdin.isatty():
            print()
        return line.strip() if line else None


def _is_look(call: ToolCall) -> bool:
    return call.name in ("list_work_streams", "get_status", "read_output", "report", "wait")
