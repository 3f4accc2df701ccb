"""Work streams of one line: `⚪ REQ-232: Name (Agent: role, S, blocked by REQ-231)`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.document import Document, Kind, Line, check_count
from orchestrator_agent.roadmap.drafts import Draft, Place
from orchestrator_agent.roadmap.fields import claimant, clean_name, holds_examples, leading_emoji, read_field
from orchestrator_agent.roadmap.set_aside import set_aside_by
from orchestrator_agent.roadmap.statuses import EMOJI, read_mark
from orchestrator_agent.roadmap.title_marks import read_ending

_ITEM = regex(r"[*_]{0,2}([A-Z][A-Z0-9]{0,9}-\d{1,9}(?:\.\d{1,9}){0,4})[*_]{0,2} ?[:：][*_]{0,2} ?(?=\S)")
_EFFORT = regex(r"(?:XS|S|M|L|XL|XXL|SPLIT|\d[\d.–-]* ?(?:h|hours?|d|days?|min|minutes?))$")
_NEEDS = regex(r"(?:blocked by|depends on|after|needs|requires):? +(.*)", re.IGNORECASE | re.DOTALL)
_CLAIM = regex(r"(?:claimed by|assigned to|assignee|taken by):? +(.{1,80})", re.IGNORECASE)
#: Behind the brackets: "(M) - LOW PRIORITY".
_LOUD = regex(r"(?<=\)) [-–—] [A-Z][A-Z ]{2,30}$")
#: Over a list of bullets that tells what happened.
_LOG = regex(
    r"[*_]{0,3}(?:recently |previously |already )?(?:completed?|done|finished|archived|closed|shipped)\b"
    r"[^:：]{0,60}[:：]",
    re.IGNORECASE,
)
_TRAILER = regex(r" [-–—] [A-Z][A-Z ]{2,30}$")


@dataclass(slots=True)
class Short:
    """What was read from lines of their own."""

    drafts: list[Draft] = field(default_factory=list)
    #: Ids that a list of finished work holds: "**Recently completed:**".
    finished: set[str] = field(default_factory=set)


def read_one_line(
    document: Document, legend: Mapping[str, WorkStreamStatus], taken: Sequence[tuple[int, int]]
) -> Short:
    """Such lines outside sections that hold no work.

    Args:
        taken: first and last lines of work streams that have a section; a bullet in one is a remark.
    """
    found = Short()
    if document.text.isascii():
        return found  # each begins with a picture
    batch: str | None = None
    is_log = False
    sections = iter(taken)
    section = next(sections, (0, 0))
    for line in _outside_examples(document):
        while section[1] and section[1] < line.number:
            section = next(sections, (0, 0))
        if line.kind is Kind.HEADING:
            batch, is_log = line.content if line.level > 1 else None, False
        elif line.box is None and line.indent < 2:
            inside = section[0] <= line.number <= section[1]
            draft = None if inside and line.kind is Kind.ITEM else _read(line, legend)
            if draft is None:
                is_log = is_log if line.kind is Kind.ITEM else bool(_LOG.match(line.content))
            elif is_log and line.kind is Kind.ITEM:
                found.finished |= {draft.id} if draft.status is WorkStreamStatus.COMPLETE else set()
            else:
                draft.batch = None if inside else batch
                found.drafts.append(draft)
                check_count(len(found.drafts), document.path)
    return found


def _outside_examples(document: Document) -> Iterator[Line]:
    """Headings, and lines outside sections that hold no work."""
    path: list[tuple[int, bool]] = []
    for line in document.lines:
        if line.kind is Kind.HEADING:
            while path and path[-1][0] >= line.level:
                path.pop()
            idle = bool(path) and path[-1][1]
            path.append((line.level, idle or (line.level > 1 and holds_examples(line.content))))
            yield line
        elif line.kind in (Kind.TEXT, Kind.ITEM) and not (path and path[-1][1]):
            yield line


def _read(line: Line, legend: Mapping[str, WorkStreamStatus]) -> Draft | None:
    span = leading_emoji(line.content)
    if span is None:
        return None
    emoji = line.content[span[0]]
    status = legend.get(emoji, EMOJI.get(emoji))
    rest = line.content[span[1] :].lstrip()
    match = _ITEM.match(rest)
    if status is None or match is None:
        return None
    draft = Draft(match[1], "", line.number, line.number, status)
    draft.places.append(Place("emoji", line.start + span[0], line.start + span[1], line.content[slice(*span)], status))
    name, remarks = _split(_LOUD.sub("", rest[match.end() :]))
    for remark in remarks.split(","):
        _read_remark(draft, remark.strip())
    _cut_ending(draft, line, name, legend)
    _doubt(draft, line, span[1])
    return draft


def _split(text: str) -> tuple[str, str]:
    """The name and what stands in brackets at its end."""
    begin = text.rfind("(")
    if not text.endswith(")") or begin < 1:
        return text, ""
    return text[:begin].rstrip(), text[begin + 1 : -1]


def _read_remark(draft: Draft, remark: str) -> None:
    found = read_field(remark)
    claim = _CLAIM.match(remark)
    if claim:
        draft.assigned_to = claimant(claim[1], certain=True)
    elif _EFFORT.match(remark):
        draft.effort = remark
    elif needs := _NEEDS.match(remark):
        draft.depends_on.append(needs[1])
    elif found is not None and found.name in ("agent", "assigned"):
        draft.assigned_to = claimant(found.value, certain=found.name == "assigned")
    elif draft.depends_on and re.match(r"[A-Z]+-\d", remark):
        draft.depends_on.append(remark)


def _doubt(draft: Draft, line: Line, begin: int) -> None:
    """What the picture calls open is not offered when words in its line say otherwise: "⚪ REQ-1: Name - ON HOLD"."""
    if draft.status is not WorkStreamStatus.NOT_STARTED:
        return
    ending = read_ending(line.content, begin, {})
    _, remarks = _split(line.content)
    said = [ending[0].status] if ending else []
    said += [mark.status for part in remarks.split(",") if (mark := read_mark(part.strip(), {})) and mark.worded]
    other = next((status for status in said if status not in (None, draft.status)), None)
    if (other and not draft.depends_on) or (word := set_aside_by(line.content)):
        draft.status = WorkStreamStatus.BLOCKED
        draft.blocked_reason = f"its line also calls it {other.value.replace('_', ' ')}" if other else word


def _cut_ending(draft: Draft, line: Line, name: str, legend: Mapping[str, WorkStreamStatus]) -> None:
    """Words behind the name that repeat the status are a second place; others in capitals are a remark."""
    trailer = _TRAILER.search(name[-40:])
    if trailer is not None:
        cut = len(name) - len(name[-40:]) + trailer.start()
        mark = read_mark(name[cut + 3 :], legend)
        if mark is not None and mark.worded:
            begin = line.start + line.content.rfind(name[cut:]) + 3
            example = name[cut + 3 + mark.start : cut + 3 + mark.end]
            draft.places.append(Place("remark", begin + mark.start, begin + mark.end, example, mark.status))
        name = name[:cut]
    cleaned = clean_name(name)
    draft.name, draft.priority = cleaned.text, cleaned.priority
