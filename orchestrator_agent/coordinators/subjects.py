"""The names that commands and status have on a NATS server.

A subject is made of tokens between dots, and `*` and `>` are wildcards, so an id becomes one token by an escape that
can be undone: percent-encoding (RFC 3986) of all but ASCII letters, digits, `-` and `~`, where a dot is written `_`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

#: The token of what is not about one agent. No agent has it for an id: theirs end with a number.
CONTROLLER = "controller"
COMMANDS = ("stop", "pause", "resume", "status", "feedback", "redirect")
#: Percent-encoding makes no bare `%`, so that one is free for the empty text.
_EMPTY = "%"
_PREFIX = re.compile(r"[A-Za-z0-9_-]{1,64}(?:\.[A-Za-z0-9_-]{1,64}){0,7}")


def escape(text: str) -> str:
    """One token of a subject for any text: `coder-1.2-1764977334` becomes `coder-1_2-1764977334`."""
    if not text:
        return _EMPTY
    return quote(text, safe="", errors="surrogatepass").replace("_", "%5F").replace(".", "_")


def unescape(token: str) -> str:
    """The text that `escape` was given.

    Raises:
        ValueError: the token holds an escape that is no text.
    """
    return "" if token == _EMPTY else unquote(token.replace("_", "."), errors="surrogatepass")


def is_prefix(text: str) -> bool:
    """True for what may stand before our subjects: up to eight tokens of letters, digits, `-` and `_`."""
    return bool(_PREFIX.fullmatch(text))


@dataclass(frozen=True, slots=True)
class Address:
    """Whom a command is for: an agent or work stream by its id, or None for all."""

    command: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Subjects:
    """All subjects under one prefix."""

    prefix: str = "orchestrator"

    def agent(self, name: str, command: str) -> str:
        """Where a command for one agent is published."""
        return f"{self.prefix}.agent.{escape(name)}.{command}"

    def broadcast(self, command: str) -> str:
        """Where a command for all agents is published."""
        return f"{self.prefix}.broadcast.{command}"

    def status(self, agent_id: str | None) -> str:
        """Where the status of an agent is published, or with None what is about no single one."""
        return f"{self.prefix}.status.{CONTROLLER if agent_id is None else escape(agent_id)}"

    def all_status(self) -> str:
        """What one subscribes to for the status of everything."""
        return f"{self.prefix}.status.*"

    def commands(self) -> tuple[str, ...]:
        """What a controller subscribes to."""
        return f"{self.prefix}.agent.*.*", f"{self.prefix}.broadcast.*"

    def owns(self, subject: str) -> bool:
        """True for subjects under our prefix, to which nobody is answered."""
        return subject == self.prefix or subject.startswith(f"{self.prefix}.")

    def parse(self, subject: str) -> Address:
        """Whom a command's subject names.

        Raises:
            ValueError: it names no command, or its token cannot be read; the text says what is wrong.
        """
        kind, *rest = subject.removeprefix(f"{self.prefix}.").split(".")
        command = rest[-1] if rest else ""
        if command not in COMMANDS:
            raise ValueError(f"there is no command {command[:40]!r}; known are {', '.join(COMMANDS)}")
        if kind == "broadcast" and len(rest) == 1:
            return Address(command, None)
        if kind == "agent" and len(rest) == 2:
            return Address(command, unescape(rest[0]))
        raise ValueError("the subject is neither agent.TOKEN.COMMAND nor broadcast.COMMAND")
