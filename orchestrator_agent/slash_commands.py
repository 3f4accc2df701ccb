"""What can be typed in a chat beside goals: plain words, and every tool behind a slash."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from orchestrator_agent.errors import UserError
from orchestrator_agent.terminal import clean
from orchestrator_agent.tools import Tool, ToolCall, Toolset

#: Short names of tools.
_TOOLS: Mapping[str, str] = {
    "status": "get_status",
    "start": "spawn_agent",
    "batch": "run_batch",
    "logs": "read_output",
    "stop": "stop_agent",
    "verify": "verify",
    "integrate": "integrate",
    "report": "report",
    "answer": "answer_agent",
    "feedback": "send_feedback",
    "pause": "pause_agent",
    "resume": "resume_agent",
    "redirect": "redirect_agent",
    "wait": "wait",
}
#: What the chat itself does.
_OWN = ("running", "why", "inbox", "roadmap", "details", "help", "quit")
_ALIASES: Mapping[str, str] = {"exit": "quit", "?": "help"}
#: Words that need no slash when nothing follows that makes them a goal.
_PLAIN = ("status", "running", "stop", "logs", "why", "inbox", "report", "help", "quit", "exit")

HELP = """\
Say what you want done, in your own words: "start working on the parser", "do everything except 2.1", "what is left?"
Or one of these; a "/" before it is needed where it is shown:
  status            the roadmap, what can start now, who is at work
  running           agents at work
  stop [ID]         stop everything that runs, or one agent or work stream; its work is saved
  logs ID           the last lines that an agent printed
  why [ID]          the one reason why a work stream does not move
  inbox             what agents wait for you to allow or to answer
  report            what happened so far
  /start [ID]       start the next work stream, or that one
  /batch [ID,ID]    run everything that can be done, or these
  /verify ID        check finished work again
  /integrate ID     check it and merge it
  /feedback ID ...  tell an agent something while it works; also /pause, /resume, /redirect ID WORK_STREAM
  /answer ENTRY ... answer what the inbox holds: allow, deny, or words
  /roadmap          what was found in the plan, and what is wrong in it
  /details          what was called in the last turn, with the whole answers
  quit              leave; agents run on (also Ctrl-D)
Every tool can be called by its name too, like /list_work_streams. Tab completes ids, names and commands.
Alt-Enter (or Esc, Enter) begins a new line. What you type while a turn runs is heard in it.
Ctrl-C drops the line or the turn, never the agents."""


class NoSuchCommand(UserError):
    """A word behind a slash that is none of ours."""


@dataclass(frozen=True, slots=True)
class Command:
    """A plain command: its name (a short name, or a tool's) and the rest of the line."""

    name: str
    rest: str = ""


def names(toolset: Toolset) -> list[str]:
    """Every name that can stand behind a slash."""
    return [*_TOOLS, *_OWN, *(tool.name for tool in toolset if tool.name not in _TOOLS)]


def read(text: str, toolset: Toolset, known: Collection[str]) -> Command | None:
    """The command that a line is, or None for a goal: "status of the parser" and "stop the parser" are goals.

    Args:
        known: ids of agents and work streams.

    Raises:
        NoSuchCommand: nothing has the name behind the slash.
    """
    bare = text.removeprefix("/").strip()
    word, _, rest = bare.partition(" ")
    name, rest = _ALIASES.get(word.casefold(), word.casefold()), rest.strip()
    if text.startswith("/"):
        if name not in names(toolset):
            raise NoSuchCommand(f"There is no /{clean(word, 40)}; `help` lists what there is.")
        return Command(name, rest)
    return Command(name, rest) if word.casefold() in _PLAIN and _is_meant(name, rest, known) else None


def _is_meant(name: str, rest: str, known: Collection[str]) -> bool:
    if not rest:
        return name != "logs"
    if name in ("why", "stop"):
        return rest.casefold() in {id_.casefold() for id_ in known} or (name == "stop" and rest.casefold() == "all")
    return name == "logs" and " " not in rest


def call_of(command: Command, toolset: Toolset) -> ToolCall | None:
    """The tool call that a command stands for, or None for what the chat itself does.

    Raises:
        UserError: it needs arguments.
    """
    tool = toolset.get(_TOOLS.get(command.name, command.name))
    if tool is None:
        return None
    rest = "" if command.name == "stop" and command.rest.casefold() == "all" else command.rest
    arguments = _arguments(tool, rest)
    if missing := [name for name in tool.schema.get("required", ()) if name not in arguments]:
        raise UserError(f"Say more: /{command.name} needs {', '.join(missing)}; `help` shows how.")
    return ToolCall(tool.name, arguments)


def _arguments(tool: Tool, rest: str) -> dict[str, object]:
    """The words of a line as arguments, in the tool's own order; the last required text takes all that is left, or
    behind an id the text that says why."""
    properties: Mapping[str, Mapping[str, object]] = tool.schema["properties"]
    last = next(iter(reversed(tool.schema.get("required", []))), "")
    last = "reason" if last.endswith("_id") and "reason" in properties else last
    found: dict[str, object] = {}
    for name, schema in properties.items():
        if not rest:
            break
        if schema.get("type") == "string" and name == last:
            word, rest = rest, ""
        else:
            word, _, rest = rest.partition(" ")
        found[name] = [part for part in word.split(",") if part] if schema.get("type") == "array" else word
        rest = rest.strip()
    return found
