"""Work that its plan sets aside: deferred, optional, for later."""

from __future__ import annotations

import re

from orchestrator_agent.patterns import regex

_WORDS = (
    r"deferred|optional|future|later|someday|on hold|parked|postponed|paused|shelved|stretch(?: goals?)?|"
    r"nice[ -]to[ -]haves?|post[ -]mvp|post[ -]launch|demand[ -]driven|wish ?list|if time (?:permits|allows)|not now|"
    r"tentative|maybe(?= ?[:：)\]])|when it (?:starts|begins)|opcional|futuro|später|optionnel|可选|未来"
)
_GROUP = regex(
    rf"\W*(?:{_WORDS}|ideas|under consideration|considering|undecided|unresolved$|maybe|exploring|to be discussed|"
    rf"needs? (?:a )?decisions?|decisions? needed)\b",
    re.IGNORECASE,
)
_REMARK = regex(
    rf"[(\[{{]\s*(?:{_WORDS})\b[^()\[\]{{}}]{{0,100}}[)\]}}]|^\W*(?:{_WORDS})\W*[:：]|"
    rf"\s[-–—]{{1,2}}\s+(?:deferred|optional|future|postponed|on hold|parked|shelved)\b",
    re.IGNORECASE,
)
#: One of these stands in each such remark.
_SIGNS = "([{:：-–—"
_WORD = regex(_WORDS, re.IGNORECASE)


def set_aside_by(name: str) -> str | None:
    """The word in a name that sets it aside: "Themes (optional)", "Deferred: themes", "Themes - deferred to v2"."""
    match = _REMARK.search(name[:400]) if any(map(name.__contains__, _SIGNS)) else None
    word = _WORD.search(match[0]) if match else None
    return word[0].casefold() if word else None


def sets_aside(title: str) -> bool:
    """True for a heading that sets all below it aside: "Future work", "Phase 4 (optional)", "Nice to have"."""
    return _GROUP.match(title[:200]) is not None or set_aside_by(title) is not None
