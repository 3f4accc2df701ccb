"""Text for people: hostile text made harmless, colours only on a terminal."""

from __future__ import annotations

import os
import sys
import time
import unicodedata
from typing import TextIO

# Bidirectional controls can make text read as something else; joiners stay, emoji need them.
_BIDI = {chr(c) for c in (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
_STYLES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "blue": "34"}


def clean(text: str, limit: int = 0, *, keep_newlines: bool = False) -> str:
    """`text` without control characters, escapes and bidi controls; cut to `limit` characters when that is over 0.

    Args:
        text: anything, from anybody.
        limit: the most characters to return, 0 for no limit; a cut is shown by "…".
        keep_newlines: keep line feeds and tabs; else they become spaces.
    """
    out: list[str] = []
    for char in text:
        if char in "\n\t":
            out.append(char if keep_newlines else " ")
        elif char in _BIDI or unicodedata.category(char) in ("Cc", "Cs", "Co", "Zl", "Zp"):
            if char == "\x1b":
                out.append("␛")
        else:
            out.append(char)
    cleaned = "".join(out)
    if limit and len(cleaned) > limit:
        return cleaned[: limit - 1] + "…"
    return cleaned


def supports_colour(stream: TextIO) -> bool:
    """Colours are for terminals, and for nobody who set NO_COLOR."""
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def style(text: str, name: str, stream: TextIO | None = None) -> str:
    """`text` in a style (bold, dim, red, green, yellow, blue) when `stream` (default stdout) is a colour terminal."""
    if not supports_colour(stream or sys.stdout):
        return text
    return f"\x1b[{_STYLES[name]}m{text}\x1b[0m"


def duration(seconds: float) -> str:
    """Seconds as a person says them: 45s, 3m 10s, 2h 05m."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    return f"{whole // 3600}h {whole % 3600 // 60:02d}m"


def clock(at: float) -> str:
    """A moment, given in unix seconds, as this machine's clock showed it: 14:05:09."""
    return time.strftime("%H:%M:%S", time.localtime(at))


def plural(count: int, noun: str) -> str:
    """A count with its noun: "1 agent", "3 agents"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
