"""What commands print, and following the work that they start to its end."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from orchestrator_agent import exit_codes, follow, printing, reporting, wishes
from orchestrator_agent.errors import UserError
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.store import Command, Result
from orchestrator_agent.terminal import clean

_FEW = 3
#: What a batch need not have come to: groups of other work, and what somebody else is at.
_NO_WORK = ("container", "running", "queued")
#: Outcomes of a work stream that are no failure of a command.
_GOOD = ("complete", "on_branch", "unverified", "verified")


def show(options: argparse.Namespace, data: Any, lines: Callable[[], list[str]]) -> None:
    """Print JSON where it is asked for, else lines for people. JSON is ASCII: no text in it can steer a terminal."""
    if options.json:
        print(json.dumps(data, indent=2))
    else:
        print("\n".join(lines()))


def after(options: argparse.Namespace, orchestrator: Orchestrator, command_ids: list[str]) -> int:
    """Follow commands to their ends, or with --detach say how to find them again."""
    if options.detach:
        data = {"type": "result", "command_ids": command_ids, "state": "open"}
        show(options, data, lambda: ["It goes on in the background: `orch status`, `orch running`, `orch stop`."])
        return 0
    return to_the_end(options, orchestrator, *command_ids)


def to_the_end(options: argparse.Namespace, orchestrator: Orchestrator, *command_ids: str) -> int:
    """Follow commands, and say how they ended; Ctrl-C stops what they started."""
    try:
        for event in follow.follow(orchestrator.project, *command_ids):
            if options.json:
                print(json.dumps(reporting.event(event)), flush=True)
            elif line := printing.event_line(event):
                print(line, flush=True)
    except KeyboardInterrupt:
        return _interrupted(orchestrator, command_ids)
    store = orchestrator.project.store
    ended = [(command, store.results(name)) for name in command_ids if (command := store.command(name))]
    shown = [reporting.result(command, results) for command, results in ended]
    if options.json:
        print("\n".join(map(json.dumps, shown)), flush=True)
    else:
        whole = {**shown[0], "results": [result for data in shown for result in data["results"]]}
        print("\n".join([*printing.result_lines(whole), *_left_over(orchestrator, ended)]), flush=True)
    return max(exit_code(command, [result.outcome for result in results]) for command, results in ended)


def _left_over(orchestrator: Orchestrator, ended: Sequence[tuple[Command, Sequence[Result]]]) -> list[str]:
    """What a batch did not come to, and why."""
    if not any(wishes.is_batch(command) and command.state == "done" for command, _ in ended):
        return []
    try:
        waiting = orchestrator.why()
    except UserError:  # the plan is gone; each result stands above
        return []
    seen = {result.work_stream_id.casefold() for _, results in ended for result in results}
    left = [item for item in waiting if item["id"].casefold() not in seen and item["kind"] not in _NO_WORK]
    lines = [f"  {clean(item['id'], 30)} was not started: {clean(item['reason'], 200)}" for item in left[:_FEW]]
    return [*lines, f"  and {len(left) - _FEW} more: `orch why`"] if len(left) > _FEW else lines


def exit_code(command: Command, outcomes: list[str]) -> int:
    """0 when everything that a command did ended well."""
    good = command.state == "done" and all(outcome in _GOOD for outcome in outcomes)
    return 0 if good else exit_codes.FAILED


def _interrupted(orchestrator: Orchestrator, command_ids: Sequence[str]) -> int:
    """Ctrl-C: stop what these commands started and save it. A second Ctrl-C leaves at once; stopping goes on."""
    print("\nStopping what this command started; its work is saved...", file=sys.stderr, flush=True)
    stop = orchestrator.stop_agents([], command_ids=command_ids)
    try:
        if stop is not None:
            follow.wait(orchestrator.project, stop)
    except KeyboardInterrupt:
        return exit_codes.INTERRUPTED
    print("Stopped.", file=sys.stderr)
    return exit_codes.INTERRUPTED


def after_quietly(options: argparse.Namespace, orchestrator: Orchestrator, command_id: str) -> int:
    """Wait for a command's end, showing its progress only to people."""
    for event in follow.follow(orchestrator.project, command_id):
        line = printing.event_line(event)
        if line and not options.json:
            print(line, flush=True)
    command = orchestrator.project.store.command(command_id)
    assert command is not None
    return exit_code(command, [result.outcome for result in orchestrator.project.store.results(command_id)])
