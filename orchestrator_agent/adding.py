"""`orch add`: a new work stream is shown as a diff of the roadmap, and written after a yes."""

from __future__ import annotations

import argparse
import sys

from orchestrator_agent import exit_codes, following
from orchestrator_agent.errors import UserError
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.terminal import clean
from orchestrator_agent.tools import Tool, ToolCall, ToolResult, Toolset
from orchestrator_agent.tools.planning import add_work_stream


def run(options: argparse.Namespace, orchestrator: Orchestrator) -> int:
    """Show what would be written, ask, and write it; returns the exit code.

    Raises:
        UserError: it cannot be written; nothing was changed.
    """
    if not options.name.strip():
        raise UserError('Give the work a name, for example: orch add "Export as CSV".')
    arguments = add_work_stream.validate(_arguments(options))
    shown = _preview(add_work_stream, orchestrator, arguments)
    if not options.json:
        print("\n".join(shown), flush=True)
    if not options.yes and not options.dry_run:
        said = _asked(options)
        if said is None:
            print("orch: Nothing was added; say yes with --yes.", file=sys.stderr)
            return exit_codes.NEEDS_ANSWER
        if not said:
            print("Nothing was added.")
            return exit_codes.DONE
    if options.dry_run:
        following.show(options, {"state": "dry_run", "diff": shown}, lambda: ["Nothing was changed."])
        return exit_codes.DONE
    return _end(options, Toolset([add_work_stream]).call(orchestrator, ToolCall(add_work_stream.name, arguments)))


def _preview(tool: Tool, orchestrator: Orchestrator, arguments: dict[str, object]) -> list[str]:
    assert tool.preview is not None
    return tool.preview(orchestrator, **arguments)


def _arguments(options: argparse.Namespace) -> dict[str, object]:
    names = ("name", "description", "tasks", "depends_on", "effort", "done_when")
    return {name: value for name in names if (value := getattr(options, name))}


def _asked(options: argparse.Namespace) -> bool | None:
    """The person's yes or no; None when there is nobody to ask."""
    if options.json or not sys.stdin.isatty():
        return None
    try:
        return input("Write this into the roadmap? [y/N] ").strip().casefold() in ("y", "yes")
    except EOFError:
        return None


def _end(options: argparse.Namespace, result: ToolResult) -> int:
    if result.is_error:
        print(f"orch: {result.text}", file=sys.stderr)
        return exit_codes.USAGE
    stream = result.data["work_stream_id"]
    said = f"Added {clean(stream, 100)}; `orch run {clean(stream, 100)}` starts it."
    following.show(options, {"state": "added", **result.data}, lambda: [said])
    return exit_codes.DONE
