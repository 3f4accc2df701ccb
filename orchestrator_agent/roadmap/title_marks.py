"""The marks in a title: behind its id, at its end, and what looks like one and is not understood."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.drafts import Place
from orchestrator_agent.roadmap.fields import claimant
from orchestrator_agent.roadmap.statuses import (
    CIRCLES,
    EMOJI,
    Mark,
    is_box,
    is_emoji,
    only_remarks,
    read_box,
    read_mark,
    skip_emoji,
)

#: What a status at the end may begin with: a dash, a bracket, or a picture.
_SIGN = regex(r"(?<= )[-–—](?= )|[(\[（]|[^\w\x00-\u2000–—（]")
_REFERS = regex(r" (?:by|to|of)$", re.IGNORECASE)
_CLOSING = {"(": ")", "[": "]", "（": "）"}
#: Where more about it stands: "Name ✅ → [brief](m1.md)".
_POINTER = regex(r"(?:\s|&nbsp;){0,9}(?:[-–—=]{1,2}>?|[→⇒])?(?:\s|&nbsp;){0,9}\[[^\[\]]{1,300}\]\([^()\s]{0,500}\)$")
#: A status in brackets right behind the id: "Phase 1 (DONE): Hull".
_BRACKETED = regex(r"[(\[]([^()\[\]]{1,30})[)\]][*_]{0,3} ?(?:[:：]|[-–—]+(?= )) ?")
#: What a title says in brackets, or at its end as code, set apart or behind a colon.
_SAID = regex(
    r"[(\[（]([^()\[\]（）]{1,40})[)\]）]|`([^`]{2,20})`$|(?<![*_])[*_]{1,2}([^*_]{2,20})[*_]{1,2}$|"
    r"[:：] *(done|completed?|finished)$",
    re.IGNORECASE,
)
#: Words before a name that say what became of it.
_BEFORE = regex(r"[*_]{0,3}([A-Za-z][A-Za-z' ]{2,20})[*_]{0,3}:[*_]{0,3} ")
_ENDED = (WorkStreamStatus.COMPLETE, WorkStreamStatus.CANCELLED, WorkStreamStatus.BLOCKED)
_LABEL = regex(r"status: *", re.IGNORECASE)
_HELD = regex(r"(?:awaiting|waiting|not before|held)\b", re.IGNORECASE)
_SHARE = regex(r"\d{1,3} ?%")
#: What a name ends in when it is not settled, when somebody has the work, or when it waits.
_OPEN_END = regex(
    r"[(\[—–:-] ?[*_]{0,2}(?:TBD|TBC|TBA)[*_]{0,2}[)\]]?$|"
    r"[(\[](?:owner|owned by|assignee|assigned to|claimed by|taken by|in progress by)[: ]+"
    r"@?(?P<owner>[A-Za-z][\w .-]{0,38})[)\]]$|[(\[]@[A-Za-z][\w-]{0,38}[)\]]$|"
    r"[(\[](?:(?:open|draft|in|see) )?(?:PR|MR) ?[#!]\d{1,9}(?: (?:open|opened|up|draft|in review))?[)\]]$|"
    r"[,;:–—-] ?(?:blocked (?:by|on)|wait(?:s|ing) (?:for|on)|pending) [^()\[\]]{2,80}$|, (?:done|finished|completed)$|"
    r" (?:[1-9]\d?|100) ?%$"
)
_ENDS = ("TB", "locked ", "wait", "pending ", ", done", ", finished", ", completed")
#: A tick and behind it what it says.
_TOLD_TICK = regex(r"[✅✔☑]\ufe0f? ?[*_]{0,2}(?=[A-Za-z])")
_LONGEST_END = 120
_COMMENT = regex(r"<!--(.{1,200}?)-->")
#: Pictures by their names.
_NAMED = regex(r":(?:white_check_mark|heavy_check_mark|ballot_box_with_check|x|construction|lock|no_entry)\w*:?")


def read_ending(text: str, first: int, legend: Mapping[str, WorkStreamStatus]) -> tuple[Place, int, str | None] | None:
    """The status at the end of a heading or item: "Name ✅ DONE", "Name - Complete", "Name (Blocked)".

    Returns:
        Its place with offsets in `text`, where the name ends, and the reason of a block.
    """
    named = len(text) - len(text[first:].lstrip())
    if text.endswith(")") and (pointer := _POINTER.search(text, named + 1)):
        text = text[: pointer.start()]
    for found in _SIGN.finditer(text, max(first, named + 1, len(text) - 80)):
        position, char = found.start(), found[0]
        pictured = is_emoji(char)
        if not pictured and char not in "-–—([（":
            continue
        begin = position if pictured else position + 1
        mark = read_mark(text[begin:], legend)
        if mark is None or (pictured and not mark.worded and not _tells(mark.emoji, legend)):
            continue
        if _ends_with(mark, char, text[begin + mark.start : begin + mark.end], text[begin + mark.end :]):
            start, end = begin + mark.start, begin + mark.end
            if _REFERS.search(text[start:end]) and char in _CLOSING:
                end = text.index(_CLOSING[char], end)
            kind = "ending" if pictured else "remark"
            return Place(kind, start, end, text[start:end], mark.status), position, mark.reason
    return None


def _ends_with(mark: Mark, char: str, said: str, rest: str) -> bool:
    """Nothing but remarks stands behind a mark: "(done in #7)", "✅ 2026-01-02", but not "- open, closed".

    Args:
        char: what the mark begins with: a bracket, a dash or a picture.
        said: the mark itself.
    """
    if char in _CLOSING:
        _, _, outside = rest.partition(_CLOSING[char])
        if outside.startswith("(") or not only_remarks(outside, loose=False):
            return False
        if _REFERS.search(said):
            return _CLOSING[char] in rest
    if not mark.worded and mark.status not in (WorkStreamStatus.COMPLETE, WorkStreamStatus.CANCELLED):
        return not rest.strip(" *_)]）~!.") or rest.lstrip(" *_").startswith("(")
    return only_remarks(rest, loose=mark.worded and (char not in "-–—" or said.isupper()))


def _tells(emoji: str, legend: Mapping[str, WorkStreamStatus]) -> bool:
    return emoji in legend or (emoji in EMOJI and emoji not in CIRCLES)


def mark_behind_id(text: str, name: str, legend: Mapping[str, WorkStreamStatus]) -> tuple[Place | None, int]:
    """The status between an id and a name: "Phase 1 ✅: Hull", "Phase 1: ✅ Hull", "Phase 1 (DONE): Hull".

    Args:
        text: all of the title.
        name: what stands behind the id, with single spaces.

    Returns:
        Its place with offsets in `text`, and how many characters of `name` belong to it.
    """
    start = text.find(name[:1]) if name else -1
    if start < 0:
        return None, 0
    if is_emoji(name[0]):
        status = legend.get(name[0], EMOJI.get(name[0]))
        if status is None or (name[0] in CIRCLES and name[0] not in legend) or text.count(name[0]) > 1:
            return None, 0
        end = skip_emoji(name, 0)
        rest = name[end:].lstrip(" *_:：-–—")
        return (Place("emoji", start, start + end, name[:end], status), len(name) - len(rest)) if rest else (None, 0)
    match = _BRACKETED.match(name)
    if match is None or (start := text.find(match[1])) < 0:
        return None, 0
    if is_box(match[1]):
        return Place("box", start, start + len(match[1]), match[1], read_box(match[1])[0]), match.end()
    mark = read_mark(match[1], legend)
    if mark is None or not mark.worded or mark.end < len(match[1].rstrip()):
        return None, 0
    return Place("remark", start, start + len(match[1]), match[1], mark.status), match.end()


def doubtful_mark(name: str, *, boxed: bool = False) -> str:
    """What in a name without a status looks as if the work were not to be begun; empty where nothing does.

    Args:
        boxed: an open box stands before it, beside which a tick in the name is none.
    """
    return next(_doubtful(name, boxed), "")


def _doubtful(text: str, boxed: bool) -> Iterator[str]:
    telling = (WorkStreamStatus.BLOCKED,) if boxed else (*_ENDED, WorkStreamStatus.IN_PROGRESS)
    yield from (char for char in text if char > "\u2000" and EMOJI.get(char) in telling and char not in CIRCLES)
    for match in _SAID.finditer(text):
        said = _LABEL.sub("", next(filter(None, match.groups())).strip())
        mark = read_mark(said, {})
        if mark is not None and mark.worded and mark.status is not WorkStreamStatus.NOT_STARTED:
            rest = said[mark.end :].strip()
            if not rest or mark.status is WorkStreamStatus.CANCELLED or only_remarks(rest, loose=True):
                yield said
        elif _HELD.match(said) or (_SHARE.match(said) and not said.startswith("0")):
            yield said
    before = _BEFORE.match(text)
    if before and (mark := read_mark(before[1], {})) and mark.status in _ENDED and mark.end == len(before[1]):
        yield before[1]
    if named := _NAMED.search(text):
        yield named[0]
    if text.endswith((")", "]", "%")) or any(map(text.__contains__, _ENDS)):
        end = _OPEN_END.search(text, max(0, len(text) - _LONGEST_END))
        if end is not None and (not end["owner"] or claimant(end["owner"], certain=True)):
            yield end[0].strip(" ,;:–—-")
    tick = _TOLD_TICK.search(text) if boxed else None
    mark = read_mark(text[tick.end() :], {}) if tick else None
    if tick is not None and mark is not None and mark.worded and mark.status in _ENDED:
        yield tick[0].strip()


def hidden_mark(raw: str) -> str:
    """What a comment in a line says when it tells a status other than open: "<!-- status: done -->"."""
    for comment in _COMMENT.findall(raw) if "<!--" in raw else ():
        mark = read_mark(_LABEL.sub("", comment.strip()), {})
        if mark is not None and mark.worded and mark.status is not WorkStreamStatus.NOT_STARTED:
            return str(comment.strip())
    return ""
