"""Markdown as a model writes it, shown on a terminal line by line while it still comes.

Headings and bold text are bold, code is dim, list marks are bullets. Without colours it is plain text.
"""

from __future__ import annotations

import re

from orchestrator_agent.patterns import regex
from orchestrator_agent.terminal import clean, style

_FENCE = regex(r"\s{0,3}(`{3,}|~{3,})")
_HEADING = regex(r"#{1,6}\s+(.*?)(?:\s+#+)?\s*$")
_BULLET = regex(r"(\s*)[-*+]\s+(.*)$")
#: Code first: what stands in it is no mark.
_SPAN = regex(r"`([^`]+)`|\*\*(?=\S)([^*]+)\*\*|__(?=\S)([^_]+)__")


class Markdown:
    """One text that comes in pieces."""

    def __init__(self, width: int = 0) -> None:
        """Args: width: break lines at a space before so many columns, and show them as soon as they are so long."""
        self._width, self._rest = width, ""
        #: The mark that ends the block of code that we are in; empty outside of one.
        self._fence = ""
        #: The beginning of the line has been shown already.
        self._goes_on = False

    def feed(self, piece: str) -> list[str]:
        """The lines that are whole now, ready to be printed; hostile characters are taken out."""
        *whole, self._rest = (self._rest + piece).split("\n")
        shown: list[str] = []
        for line in whole:
            shown += self._shown(self._broken(line, shown))
            self._goes_on = False
        self._rest = self._broken(self._rest, shown)
        return shown

    def end(self) -> list[str]:
        """The last line, when it has not ended by itself; a new text may begin."""
        rest, self._rest = self._rest, ""
        shown = self._shown(rest) if rest.strip() else []
        self._fence, self._goes_on = "", False
        return shown

    def _broken(self, line: str, shown: list[str]) -> str:
        """Show the beginning of a line that is too long, and return the rest."""
        while self._width and not self._fence and len(line) > self._width and (cut := _place(line, self._width)):
            shown += self._shown(line[:cut])
            line, self._goes_on = line[cut:].lstrip(" "), True
        return line

    def _shown(self, line: str) -> list[str]:
        line = clean(line, keep_newlines=True).expandtabs(4).rstrip()
        if self._goes_on:
            return [_SPAN.sub(_styled, line)] if line else []
        shown = self._line(line)
        return [] if shown is None else [shown]

    def _line(self, line: str) -> str | None:
        """A line for the terminal; None for the marks round a block of code."""
        fence = _FENCE.match(line)
        if self._fence:
            if fence and fence[1].startswith(self._fence) and line.strip() == fence[1]:
                self._fence = ""
                return None
            return style(f"  {line}", "dim") if line else ""
        if fence:
            self._fence = fence[1]
            return None
        if heading := _HEADING.match(line):
            return style(_SPAN.sub(_bare, heading[1]), "bold")
        if bullet := _BULLET.match(line):
            line = f"{bullet[1]}• {bullet[2]}"
        return _SPAN.sub(_styled, line)


def _place(line: str, width: int) -> int:
    """Where to break a line: behind a word, and in no bold text and no code; 0 for nowhere."""
    cut = line.rfind(" ", 1, width + 1)
    while cut > 0 and (line.count("`", 0, cut) % 2 or line.count("**", 0, cut) % 2):
        cut = line.rfind(" ", 1, cut)
    return max(cut, 0)


def _styled(span: re.Match[str]) -> str:
    return style(span[1], "dim") if span[1] else style(_bare(span), "bold")


def _bare(span: re.Match[str]) -> str:
    return span[1] or span[2] or span[3]
