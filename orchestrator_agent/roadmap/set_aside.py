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
_HELD = (
    r"blocked|deferred|on hold|postponed|parked|paused|shelved|cancell?ed|dropped|abandoned|skipped|superseded|"
    r"descoped|out of scope|not needed|no longer needed"
)
_PUT_OFF = regex(
    r"[(\[](?:deferred|on hold|postponed|parked|shelved)\b[^()\[\]]{0,60}[)\]]|"
    r"^[*_]{0,2}(?:deferred|on hold|postponed|parked|shelved)\b",
    re.IGNORECASE,
)
#: A line about all that stands below a heading; what the word is about must not be something else.
_HELD_LINE = regex(
    rf"(?P<sign>[\W_]{{0,16}})(?:(?:note|status|update|important|warning|hinweis)[*_ ]{{0,4}}[:：–—-][\W_]{{0,12}})?"
    r"(?P<all>(?:this|the whole|the entire) (?:\w{1,12} )?(?:is|was|has been|remains) (?:now |currently |still )?|"
    rf"all of this (?:is )?)?(?P<word>{_HELD})\b"
    r"(?P<rest>[*_]{0,3}(?:[:：.(（–—]|[.!]? *[)\]]?[*_ ]*$)| [-–—]| ?[*_]{1,3}|"
    r" (?:by|on|until|till|to|pending|because|due|since|while|after|as|in favou?r)\b)?",
    re.IGNORECASE,
)
#: A line about when any of it is to be begun; where it names other work that is a dependency.
_CONDITION = regex(
    r"[\W_]{0,16}(?:only (?:if|when|once|after)|do(?: not|n't) (?:start|begin) (?:this )?(?:before|until|unless)|"
    r"(?:contingent|conditional) (?:up)?on)\b",
    re.IGNORECASE,
)
_NAMES_WORK = regex(r"(?:[A-Za-z]{4,10} #?|#|[A-Z]{1,8}-?)\d")
#: What is waited for is other work, which is a dependency.
_NEEDED = regex(
    r"[\W_]*(?:by|on|until|till|pending|after)?[:： *_]*(?:the )?(?P<what>(?:[A-Za-z]{2,12} ?)?#?[A-Z]{0,8}-?\d.*)"
)
_NOTHING = regex(r"[\W_]*(?:by[\W_]+)?(?:no|none|nothing|nobody|n/a|false)?[\W_]*$", re.IGNORECASE)


def set_aside_by(name: str) -> str | None:
    """The word in a name that sets it aside: "Themes (optional)", "Deferred: themes", "Themes - deferred to v2"."""
    match = _REMARK.search(name[:400]) if any(map(name.__contains__, _SIGNS)) else None
    word = _WORD.search(match[0]) if match else None
    return word[0].casefold() if word else None


def puts_off(remark: str) -> str | None:
    """The words of a remark that put work off: "the old pump (deferred)", "Deferred to v2", "on hold: no parts"."""
    match = _PUT_OFF.search(remark)
    if match is None:
        return None
    return match[0].strip("([)] ") if match[0][:1] in "([" else held_by(remark)


def sets_aside(title: str) -> bool:
    """True for a heading that sets all below it aside: "Future work", "Phase 4 (optional)", "Nice to have"."""
    return _GROUP.match(title[:200]) is not None or set_aside_by(title) is not None


def held_by(line: str) -> str | None:
    """What a line below a heading says if that holds all of the work back: "> **Deferred** until spring"."""
    match = _HELD_LINE.match(line)
    if match is None:
        is_condition = _CONDITION.match(line) is not None and _NAMES_WORK.search(line) is None
        return line.strip("*_>~: \t") if is_condition else None
    behind = line[match.end("word") :]
    if ":" in behind and _NOTHING.match(behind):
        return None
    told = match["all"] or match["rest"] is not None or match["word"].isupper()
    return line.strip("*_>~ \t") if told else None


def names_work(held: str) -> str | None:
    """What is waited for, if that has a number: "Phase 2" for "Blocked until Phase 2 is done"."""
    match = _HELD_LINE.match(held)
    rest = held[match.end("word") :] if match and match["word"].casefold() == "blocked" else ""
    needed = _NEEDED.match(rest) if rest else None
    return needed["what"].rstrip("*_. ") if needed else None
