"""Releases that a plan names beside its work.

    - ✅ **v1.0 Basics** - Phases 1-4 (shipped 2026-03-05)        **Depends on**: v1.0 milestone shipped
    - 🚧 **v1.1 Orders** - Phases 5-8 (in progress)

Their phases may be in an archive, so the plan's own word on a release is what counts.
"""

from __future__ import annotations

from collections.abc import Collection

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.document import Document, Kind
from orchestrator_agent.roadmap.statuses import EMOJI

_VERSION = r"v\d{1,4}(?:\.\d{1,4}){1,3}"
_DONE = r"shipped|released|completed?|done|finished|archived?"
_NAMED = regex(rf"(?:milestone |release )?({_VERSION})(?: (?:milestone|release|baseline|is|has|been|{_DONE}))*$")
_LINE = regex(rf"([\W_]*)(?:(?:Milestone|Release|Version) )?({_VERSION})(?![\w.]*\w)")
_DONE_WORD = regex(rf"\b(?:{_DONE})\b")
_OPEN_WORD = regex(r"\b(?:not|in progress|planned|active|current|upcoming|next|started|until|when|after|once|of)\b")


def version_named(text: str) -> str | None:
    """ "v1.0" of "v1.0 milestone shipped"; None where other words say that something else is meant."""
    match = _NAMED.match(text.casefold())
    return match[1] if match else None


def versions_told(document: Document, wanted: Collection[str]) -> tuple[set[str], set[str]]:
    """Those of `wanted` that a line of their own calls shipped, and those that one calls open."""
    shipped: set[str] = set()
    still_open: set[str] = set()
    if not any(map(version_named, wanted)):
        return shipped, still_open
    for line in document.lines:
        match = _LINE.match(line.content) if line.kind in (Kind.TEXT, Kind.ITEM, Kind.HEADING) else None
        if match is not None and match[2] in wanted:
            mark = next((EMOJI[char] for char in match[1] if char in EMOJI), None)
            words = line.content[match.end() : match.end() + 400].casefold()
            if mark is None:
                said_open = _OPEN_WORD.search(words) is not None
                done = not said_open and _DONE_WORD.search(words) is not None
            else:
                done = mark is WorkStreamStatus.COMPLETE
                said_open = not done
            if done or said_open:
                (shipped if done else still_open).add(match[2])
    return shipped, still_open
