"""Write docs/commands.md from the parser of the command line. `--check` fails when the page is stale."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from orchestrator_agent.cli import build_parser

PAGE = Path(__file__).resolve().parents[1] / "docs" / "commands.md"
_HEAD = """\
# Commands

Made from the program by `scripts/make_command_docs.py`; `orch COMMAND --help` says the same. Every command takes
`-C DIR` (work as if started in DIR) and, but for `chat`, `--json` where a program reads it ([JSON](json.md)).

Exit codes: 0 done, 1 the work failed, 2 usage or bad input (nothing was changed), 4 needs your answer, 130 interrupted.
`run`, `parallel`, `batch` and `goal` follow the work to its end; Ctrl-C stops what they started and saves it,
`--detach` leaves it running.
"""
_COMMON = ("-h", "-C", "--json")


def page() -> str:
    """The text of docs/commands.md."""
    parser = build_parser()
    (commands,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    helps = {choice.metavar or choice.dest: choice.help or "" for choice in commands._choices_actions}
    rows = [f"| [`orch {name}`](#orch-{name}) | {helps[_label(commands, name)]} |" for name in _names(commands)]
    parts = [_HEAD, "\n".join(["| command | what it does |", "|---|---|", *rows]), ""]
    for name in _names(commands):
        parts += [f"## orch {name}\n", *_command(commands.choices[name]), ""]
    return "\n".join(parts).rstrip("\n") + "\n"


def _names(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> Iterator[str]:
    """The name of each command, without its further names."""
    seen: list[argparse.ArgumentParser] = []
    for name, command in commands.choices.items():
        if command not in seen:
            seen.append(command)
            yield name


def _label(commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str) -> str:
    """How the list of commands names it: with its further names behind it."""
    others = [other for other, command in commands.choices.items() if command is commands.choices[name]][1:]
    return f"{name} ({', '.join(others)})" if others else name


def _command(command: argparse.ArgumentParser) -> Iterator[str]:
    yield f"{command.description}\n"
    actions = [a for a in command._actions if not set(a.option_strings) & set(_COMMON)]
    if actions:
        yield (
            "\n".join(["| | |", "|---|---|", *(f"| `{_written(action)}` | {action.help} |" for action in actions)])
            + "\n"
        )
    yield str(command.epilog).replace("Example: ", "Example: `") + "`"


def _written(action: argparse.Action) -> str:
    """An argument as one types it."""
    name = str(action.metavar or action.dest)
    if not action.option_strings:
        return {"?": f"[{name}]", "*": f"[{name} ...]", "+": f"{name} ..."}.get(str(action.nargs), name)
    flags = ", ".join(action.option_strings)
    return flags if action.nargs == 0 else f"{flags} {name}"


def main() -> int:
    """Write or check the page; returns the exit code."""
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, "utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text("utf-8") == text:
        return 0
    print("docs/commands.md is stale; run `python scripts/make_command_docs.py`.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
