"""The command line: words to calls, errors to sentences and exit codes.

Exit codes: 0 done, 1 the work failed, 2 usage or bad input, 4 needs your answer, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import argparse

#: Looking for garbage is a tenth of what a command costs: most of what it makes is modules, which stay.
GARBAGE = 100_000
_HELP = "orch: from a roadmap in your git repository to verified, merged work by coding agents."


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    gc.set_threshold(GARBAGE)
    words = list(sys.argv[1:] if argv is None else argv)
    if words in (["--version"], ["-V"]):
        from orchestrator_agent.version import VERSION

        print(f"orch {VERSION}")
        return 0
    return _run(words)


def _run(words: list[str]) -> int:
    from orchestrator_agent import exit_codes
    from orchestrator_agent.errors import OrchError, UserError
    from orchestrator_agent.terminal import clean

    options = build_parser().parse_args(words)
    try:
        from orchestrator_agent import commands

        code = commands.run(options)
        sys.stdout.flush()
        return code
    except UserError as error:
        print(f"orch: {clean(str(error))}", file=sys.stderr)
        return exit_codes.USAGE
    except OrchError as error:
        print(f"orch: {clean(str(error))}", file=sys.stderr)
        return exit_codes.FAILED
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return exit_codes.INTERRUPTED
    except BrokenPipeError:
        _silence()  # whoever read us has left; nothing more can be said
        return exit_codes.DONE
    except OSError as error:
        if error.errno not in _CIRCUMSTANCES:
            raise
        _silence()
        where = f"{error.filename}: " if error.filename else ""
        print(f"orch: {clean(where)}{error.strerror}; nothing can be done before that is put right.", file=sys.stderr)
        return exit_codes.FAILED


#: What a disk or its owner may do to us; any other OSError is a bug and keeps its traceback.
_CIRCUMSTANCES = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS)


def _silence() -> None:
    """Let what is still buffered go nowhere, so that the interpreter's last flush does not fail again."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; `docs/commands.md` is made from it."""
    parser = _parser_class()(
        prog="orch",
        description=_HELP,
        epilog='Try `orch demo` first. In your repository: `orch init`, `orch status`, `orch goal "start the next"`.',
    )
    parser.add_argument("--version", "-V", action="store_true", help="print the version")
    parser.add_argument("-C", dest="directory", metavar="DIR", default=None, help="work as if started in DIR")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name: str, help_: str, example: str, *aliases: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            aliases=aliases,
            help=help_,
            description=help_[0].upper() + help_[1:] + ".",
            epilog=f"Example: {example}",
            parents=[_common(has_json=name != "chat")],
        )

    _add_work(add)
    _add_adding(add)
    _add_steering(add)
    _add_looking(add)
    _add_upkeep(add)
    return parser


def _common(*, has_json: bool) -> argparse.ArgumentParser:
    """Options of every command. Without JSON the flag is taken all the same, to be refused with a reason."""
    import argparse

    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "-C", dest="directory", metavar="DIR", default=argparse.SUPPRESS, help="work as if started in DIR"
    )
    json_help = "print JSON (see docs/json.md)" if has_json else argparse.SUPPRESS
    common.add_argument("--json", action="store_true", help=json_help)
    return common


def _parser_class() -> type[argparse.ArgumentParser]:
    import argparse

    from orchestrator_agent import exit_codes

    class Parser(argparse.ArgumentParser):
        """Says what is wrong as everything here does: in one clean sentence."""

        def error(self, message: str) -> NoReturn:
            self.exit(exit_codes.USAGE, f"orch: {_sentence(message, self.prog)}\n")

    return Parser


def _sentence(message: str, prog: str) -> str:
    """What argparse objects to, short and with the remedy."""
    import difflib

    from orchestrator_agent.terminal import clean

    message = clean(message)
    unknown = re.match(r"argument COMMAND: invalid choice: '(.*?)' \(choose from (.*)\)", message)
    if unknown is None:
        return f"{message[:200]}; see `{prog} --help`."
    near = difflib.get_close_matches(unknown[1], re.findall(r"[a-z]+", unknown[2]), n=1)
    hint = f"did you mean `orch {near[0]}`?" if near else "`orch --help` lists them."
    return f"There is no command {unknown[1][:60]!r}; {hint}"


def _add_work(add: Add) -> None:
    run = add("run", "run the next work stream, or the named one, to verified, merged work", "orch run 1.2 --dry-run")
    run.add_argument("work_stream", nargs="?", metavar="ID", help="a work stream of the roadmap")
    parallel = add("parallel", "run several work streams that can start now, at once", "orch parallel -n 3")
    batch = add("batch", "run everything to the end, newly unblocked work included", "orch batch -n 3")
    for command in (parallel, batch):
        command.add_argument(
            "-n", dest="agents", type=_positive, metavar="N", help="agents at once (default: orch.toml)"
        )
    goal = add("goal", "say in words what you want done", 'orch goal "start working on the task parser"')
    goal.add_argument("goal", metavar="WORDS", nargs="*", help="what you want")
    unless = "act without asking, unless your words leave a doubt or something in them cannot be promised"
    goal.add_argument("--auto", action="store_true", help=unless)
    goal.add_argument("--explain", action="store_true", help="say how the fixed rules read the words; do nothing")
    answer = add("answer", "answer what a goal or (by its entry in the inbox) an agent asks", "orch answer 1.2")
    answer.add_argument("words", metavar="WORDS", nargs="*", help="your answer (without: show the question)")
    answer.add_argument("--detach", action="store_true", help="return at once; the work goes on")
    answer.set_defaults(dry_run=False)
    chat = add("chat", "talk with the orchestrator", "orch chat", "interactive")
    chat.add_argument("--auto", action="store_true", help="do not ask before acting")
    for command in (goal, chat):
        command.add_argument(
            "--resume", metavar="ID", nargs="?", const="", help="go on with the last conversation, or that one"
        )
    for command in (goal, answer, chat):
        command.add_argument("--offline", action="store_true", help="ask no model; fixed rules understand you")
        command.add_argument(
            "--verbose", action="store_true", help="show what each tool answered, and what the model took"
        )
    for command in (run, parallel, batch, goal):
        command.add_argument("--dry-run", action="store_true", help="say what would happen and change nothing")
        command.add_argument("--detach", action="store_true", help="return at once; the work goes on")
    for command in (run, parallel, batch):
        command.add_argument("--no-verify", action="store_true", help="run no checks, and so merge nothing")


def _add_adding(add: Add) -> None:
    new = add("add", "write work that the roadmap lacks into it; shows the change and asks", 'orch add "OAuth login"')
    new.add_argument("name", metavar="NAME", help="what the new work stream is called")
    new.add_argument("--description", metavar="TEXT", default="", help="a sentence about it")
    new.add_argument("--task", dest="tasks", metavar="TEXT", action="append", default=[], help="a step (repeatable)")
    new.add_argument(
        "--depends-on", metavar="ID", action="append", default=[], help="what must be complete first (repeatable)"
    )
    new.add_argument("--effort", metavar="SIZE", default="", help="S, M or L, or as the roadmap says it")
    new.add_argument("--done-when", metavar="TEXT", default="", help="how anybody can tell that it is done")
    new.add_argument("--yes", action="store_true", help="do not ask")
    new.add_argument("--dry-run", action="store_true", help="show the change and write nothing")


def _add_steering(add: Add) -> None:
    agent_help = "an agent, its work stream, or words of that one's name"
    feedback = add("feedback", "tell an agent something while it works", 'orch feedback 1.2 "use the new parser"')
    feedback.add_argument("agent", metavar="ID", help=agent_help)
    told = "what to tell it; an agent that hears nothing while it works is stopped, saved, and begun again with it"
    feedback.add_argument("words", metavar="WORDS", nargs="+", help=told)
    when = feedback.add_mutually_exclusive_group()
    for urgency, help_ in (
        ("now", "break off what it is doing"),
        ("next", "between two of its steps (the default)"),
        ("later", "when it has done what it is at"),
    ):
        when.add_argument(f"--{urgency}", dest="urgency", action="store_const", const=urgency, help=help_)
    feedback.set_defaults(urgency="next")
    pause = add("pause", "have an agent and all that it started stand still, time limit included", "orch pause 1.2")
    resume = add("resume", "have a paused agent go on", "orch resume 1.2")
    redirect = add("redirect", "save an agent's work, and have it do another work stream", "orch redirect 1.2 2.1")
    attach = add("attach", "sit at an agent: see what it prints and type to it", "orch attach 1.2")
    for command in (pause, resume, redirect, attach):
        command.add_argument("agent", metavar="ID", help=agent_help)
    redirect.add_argument("work_stream", metavar="WORK_STREAM", help="what it is to do now")
    redirect.add_argument("--reason", default="", metavar="WORDS", help="why, for the agent and the report")
    for command in (feedback, pause, resume, redirect):
        command.add_argument("--detach", action="store_true", help="do not wait for the receipt")
    add("inbox", "show what agents wait for you to allow or to answer", "orch inbox")


def _add_looking(add: Add) -> None:
    add("status", "show the roadmap, what can start now, and who is at work", "orch status --json")
    roadmap = add("roadmap", "show what was found in the plans, and what is wrong in them", "orch roadmap check")
    roadmap.add_argument(
        "action", nargs="?", choices=("show", "check"), default="show", help="check: only problems; exit 1 on errors"
    )
    add("running", "list the agents at work", "orch running")
    add("watch", "show what happens as it happens, whoever asked for it; Ctrl-C leaves", "orch watch")
    logs = add("logs", "show what an agent printed", "orch logs 1.2 -f")
    logs.add_argument("agent", metavar="ID", help="an agent, or a work stream for its newest agent")
    logs.add_argument("-f", "--follow", action="store_true", help="go on until the agent ends")
    logs.add_argument("--raw", action="store_true", help="as printed, only made safe for the terminal")
    why = add("why", "say for each work stream that does not move the one reason", "orch why 2.2")
    why.add_argument("work_stream", nargs="?", metavar="ID", help="a work stream of the roadmap")
    add("report", "tell what happened: results, evidence, events", "orch report --json")


def _add_upkeep(add: Add) -> None:
    stop = add("stop", "stop an agent, a work stream, or everything; work is saved", "orch stop 1.2")
    stop.add_argument("agents", nargs="*", metavar="ID", help="agents or work streams (default: all)")
    stop.add_argument("--all", action="store_true", help="stop everything (the default without an ID)")
    verify = add("verify", "check an agent's work again, on the exact commit that would land", "orch verify 1.2")
    integrate = add("integrate", "verify an agent's work and merge it, with your consent", "orch integrate 1.2")
    for command in (verify, integrate):
        command.add_argument("agent", metavar="ID", help="a work stream, or an agent")
    init = add("init", "set up a repository: find its plan or write a starter, and write orch.toml", "orch init")
    init.add_argument(
        "--roadmap", metavar="PATH", action="append", default=[], help="the plan to use; several are read as one"
    )
    init.add_argument(
        "--claude-code", action="store_true", help="only add the persona, the /orch command and the MCP server"
    )
    doctor = add("doctor", "look for what is wrong here and say how to put it right", "orch doctor --fix")
    doctor.add_argument("--fix", action="store_true", help="put right what can be put right without loss")
    mcp = add("mcp", "serve the tools over the Model Context Protocol, for Claude Code and others", "orch mcp")
    mcp.add_argument("--allow", action="store_true", help="let callers stop and merge without asking you")
    nats = add("nats", "show how things stand with control over NATS, or serve a server to try it", "orch nats serve")
    nats.add_argument(
        "action",
        nargs="?",
        choices=("status", "serve"),
        default="status",
        help="status: exit 1 when the server cannot be used; serve: a server for this machine",
    )
    nats.add_argument("--port", type=_port, metavar="N", default=4222, help="for serve (default: 4222)")
    demo = add("demo", "watch the whole way on a sample project, with stand-in agents", "orch demo")
    demo.add_argument("folder", nargs="?", metavar="DIR", help="a new folder for the sample (default: a temporary one)")


def _positive(text: str) -> int:
    from argparse import ArgumentTypeError

    if not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a number of agents; give 1 or more")
    return int(text)


def _port(text: str) -> int:
    from argparse import ArgumentTypeError

    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise ArgumentTypeError(f"{text!r} is no port; give a number from 1 to 65535")
    return int(text)


if TYPE_CHECKING:
    from typing import Protocol

    class Add(Protocol):
        """Adds one command."""

        def __call__(self, name: str, help_: str, example: str, *aliases: str) -> argparse.ArgumentParser: ...
