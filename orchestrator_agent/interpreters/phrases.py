"""Commands that are said in several words: "pull the plug on the parser". The table is `data/phrases.txt`."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from orchestrator_agent.patterns import regex

_PIECE = regex(r"\[[^\]]*\]|\([^)]*\)|\S+")
_LATER = r"(?:(?:now|please|immediately|right now|right away|today|again|for now) )*$"


def phrase(text: str) -> tuple[str, str] | None:
    """The command that the whole of folded `text` says in several words, and the words that it is for."""
    for command, pattern in _patterns():
        if match := pattern.match(text + " "):
            return command, (match.groupdict().get("object") or "").strip()
    return None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    text = resources.files(__package__).joinpath("data/phrases.txt").read_text("utf-8")
    found: list[tuple[str, re.Pattern[str]]] = []
    command = ""
    for line in text.splitlines():
        if re.fullmatch(r"\[\w+\]", line):
            command = line.strip("[]")
        elif line and not line.startswith("#"):
            found.append((command, regex("".join(map(_regex, _PIECE.findall(line))) + _LATER)))
    return tuple(found)


def _regex(piece: str) -> str:
    """A piece of a line as a regular expression that takes the space behind it too."""
    if piece == "***":
        return r"(?:.* )?"
    if piece == "...":
        return r"(?P<object>.+?) "
    words = "|".join(map(re.escape, piece.strip("[]()").split("|")))
    if piece.startswith("["):
        return "(?:(?P<object>.+?) )?" if piece == "[...]" else f"(?:(?:{words}) )?"
    return f"(?:{words}) "
