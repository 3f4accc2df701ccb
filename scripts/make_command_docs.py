"""Write docs/commands.md from the parser of the command line. `--check` fails when the page is stale."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from orchestrator_agent.cli import build_parser

PAGE = Path(__file__).resolve().parents[1] / "docs" / "commands.md"
_HEAD = """\
# Commands

Made from the program by `scripts/make_command_docs.py`. `orch COMMAND --help` shows the same. What `--json` prints is in
[JSON](json.md).

Exit codes: 0 done, 1 the work failed, 2 usage or bad input (nothing was changed), 4 needs your answer, 130 interrupted. `run`,
`parallel`, `batch` and `goal` follow the work to its end; Ctrl-C stops what they started and saves it, `--detach` leaves it running.
"""


def page() -> str:
    """The text of docs/commands.md."""
    os.environ["COLUMNS"] = "100"  # argparse takes its width from there
    parts = [_HEAD, _code(build_parser().format_help())]
    for name, command in _commands(build_parser()):
        parts += [f"## `orch {name}`\n", _code(command.format_help())]
    return "\n".join(parts)


def _commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Each command once; its further names are in the usage."""
    seen: list[argparse.ArgumentParser] = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                if command not in seen:
                    seen.append(command)
                    yield name, command


def _code(text: str) -> str:
    return f"```text\n{text.strip()}\n```\n"


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
