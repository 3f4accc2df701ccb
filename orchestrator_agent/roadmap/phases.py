"""The phase format: a heading for each work stream, its status in a field below or in the heading itself.

    ## Batch 1
    ### Phase 1.2: Name ⭐ PRIORITY
    - **Status:** 🔄 In Progress | Agent: @name
    - **Depends On:** Phase 1.1 ✅

and its dialects: `Work Stream 7`, `WP-1.2`, `REQ-283`, `### 🟡 ...`, `### 1.2 Name ✅ DONE`, `⚪ REQ-283: Name (S)`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import zip_longest

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.roadmap.bodies import Body, fill, read_body, status_place, sum_of
from orchestrator_agent.roadmap.dependencies import KIND
from orchestrator_agent.roadmap.document import Document, Kind, Line
from orchestrator_agent.roadmap.drafts import Draft, Place, assemble
from orchestrator_agent.roadmap.fields import clean_name, holds_criteria, holds_examples, is_placeholder, leading_emoji
from orchestrator_agent.roadmap.one_line import read_one_line
from orchestrator_agent.roadmap.plan_format import Found
from orchestrator_agent.roadmap.sources import Source
from orchestrator_agent.roadmap.statuses import EMOJI, is_emoji, read_mark
from orchestrator_agent.roadmap.vocabulary import Vocabulary, box_places, legend_of, replace_marks

_TITLE = re.compile(
    rf"(?:(?P<kind>(?i:{KIND}|work package)) ?[-#:.]? ?)?"
    r"(?P<id>[A-Za-z][A-Za-z0-9]{0,11}-\d{1,9}(?:\.\d{1,9}){0,6}|\d{1,9}(?:\.\d{1,9}){0,6}[a-z]?|[A-Z])"
    r"(?P<sep> ?[:：.)] ?| ?[-–—]+ | |$)(?P<name>.*)"
)
#: Right behind an id these say that the heading speaks of several things, or that the id was none.
_NO_NAME = re.compile(r"[-–—&+/,]|(?:and|to|through) \d")


_NO_BODY = Body()


@dataclass(slots=True)
class _Candidate:
    """A heading that may be a work stream."""

    index: int
    line: Line
    kind: str
    id: str
    name: str
    priority: bool
    #: Marks in the heading: the emoji before the id, the words behind the name.
    places: list[Place]
    reason: str | None
    #: Index of the line behind its section.
    end: int = 0
    batch: str | None = None
    #: What stands before the next candidate, and the index of that.
    body_end: int = 0
    body: Body = field(default_factory=lambda: _NO_BODY)
    field_place: tuple[Place, str | None] | None = None

    @property
    def marked(self) -> bool:
        return bool(self.places) or self.field_place is not None


class Phases:
    """See the module."""

    name = "phases"

    def recognise(self, source: Source) -> bool:
        return source.is_markdown and any(
            line.kind is Kind.HEADING or line.content[:1] in EMOJI for line in source.document.lines
        )

    def read(self, source: Source) -> Found:
        document = source.document
        legend = legend_of(document)
        warnings: list[str] = []
        chosen = _choose(_candidates(document, legend))
        taken = [(item.line.number, document.lines[item.end - 1].number) for item in chosen]
        short = list(read_one_line(document, legend, taken))
        _end_before(chosen, [draft.first_line for draft in short])
        drafts = [draft for item in chosen if (draft := _draft(document, item, legend, warnings))]
        known = {draft.id.casefold() for draft in drafts}
        extra = [draft for draft in short if draft.id.casefold() not in known]
        return assemble(document, sorted(drafts + extra, key=lambda draft: draft.first_line), warnings)

    def write(self, source: Source, found: Found, changes: Mapping[str, WorkStreamStatus]) -> dict[str, bytes]:
        document = source.document
        places = [place for value in found.places.values() if isinstance(value, tuple) for place in value]
        vocabulary = Vocabulary([*places, *box_places(document)], legend_of(document))
        return source.edited(replace_marks(document, found, changes, vocabulary))


def _candidates(document: Document, legend: Mapping[str, WorkStreamStatus]) -> list[_Candidate]:
    """All headings that have an id, outside sections that hold no work, with what stands below them."""
    found: list[_Candidate] = []
    path: list[tuple[int, str, bool]] = []  # level, title and "holds no work" of the headings around
    open_: list[_Candidate] = []
    for index, line in enumerate(document.lines):
        if line.kind is not Kind.HEADING:
            continue
        while path and path[-1][0] >= line.level:
            path.pop()
        while open_ and open_[-1].line.level >= line.level:
            open_.pop().end = index
        candidate = _candidate(index, line, legend)
        idle = any(entry[2] for entry in path)
        if candidate is not None and not idle:
            candidate.batch = next((title for level, title, _ in reversed(path) if level > 1 or _groups(title)), None)
            found.append(candidate)
            open_.append(candidate)
        elif candidate is None:
            idle = holds_examples(line.content) or (holds_criteria(line.content) and not open_)
        path.append((line.level, line.content, idle))
    for candidate in open_:
        candidate.end = len(document.lines)
    for item, following in zip_longest(found, found[1:]):
        item.body_end = min(item.end, following.index) if following else item.end
        item.body = read_body(document, document.lines[item.index + 1 : item.body_end])
        item.field_place = status_place(item.body, legend)
    return found


def _end_before(chosen: list[_Candidate], lines: list[int]) -> None:
    """A section ends where a work stream of one line stands in it: what both hold would change with either."""
    rest = iter(lines)
    line = next(rest, 0)
    for item in chosen:
        while line and line <= item.line.number:
            line = next(rest, 0)
        if line and line <= item.end:
            item.end = line - 1


def _groups(title: str) -> bool:
    return bool(re.match(r"(?:batch|phase|milestone|level)\b", title, re.IGNORECASE))


def _candidate(index: int, line: Line, legend: Mapping[str, WorkStreamStatus]) -> _Candidate | None:
    text = line.content
    places: list[Place] = []
    offset = 0
    if span := leading_emoji(text):
        status = legend.get(text[span[0]], EMOJI.get(text[span[0]]))
        if status is not None:
            places.append(Place("emoji", line.start + span[0], line.start + span[1], text[slice(*span)], status))
        offset = span[1]
    offset += len(text[offset:]) - len(text[offset:].lstrip(" \t}*_:~`-"))
    match = _TITLE.match(" ".join(text[offset:].split()))
    if match is None or (not match["sep"].strip() and _NO_NAME.match(match["name"])) or not _is_id(match):
        return None
    ending = read_ending(text, offset, legend)
    reason = None
    name = match["name"]
    if ending is not None:
        place, begin, reason = ending
        name = " ".join(text[offset:begin].split())[match.start("name") :]
        shifted = Place(place.kind, line.start + place.start, line.start + place.end, place.example, place.status)
        places.append(shifted)
    cleaned = clean_name(name.rstrip(" -–—:(*_~"))
    kind = (match["kind"] or "").casefold()
    return _Candidate(index, line, kind, match["id"], cleaned.text, cleaned.priority, places, reason)


def _is_id(match: re.Match[str]) -> bool:
    id_, sep = match["id"], match["sep"].strip()
    if match["kind"]:
        return not id_.isalpha() or bool(sep) or not match["name"]
    if id_.isalpha():
        return False
    return not id_.isdigit() or bool(sep and sep in ".):：")


def read_ending(text: str, first: int, legend: Mapping[str, WorkStreamStatus]) -> tuple[Place, int, str | None] | None:
    """The status at the end of a heading or item: "Name ✅ DONE", "Name - Complete", "Name (Blocked)".

    Returns:
        Its place with offsets in `text`, where the name ends, and the reason of a block.
    """
    for position in range(max(first, len(text) - 80), len(text)):
        char = text[position]
        if char.isalnum() or char == " ":
            continue
        dash = char in "-–—" and text[position - 1 : position] == " " and text[position + 1 : position + 2] == " "
        if not (dash or char == "(" or is_emoji(char)) or not text[first:position].strip():
            continue
        begin = position if is_emoji(char) else position + 1
        mark = read_mark(text[begin:], legend)
        if mark is None or (is_emoji(char) and not mark.worded and mark.emoji not in EMOJI):
            continue
        rest = text[begin + mark.end :].strip(" *_)~!.")
        if not rest or (rest.startswith("(") and is_emoji(char)):
            start, end = begin + mark.start, begin + mark.end
            kind = "ending" if is_emoji(char) else "remark"
            return Place(kind, start, end, text[start:end], mark.status), position, mark.reason
    return None


def _choose(candidates: list[_Candidate]) -> list[_Candidate]:
    """The level that is work: the outermost that says how far it is; a heading over such headings is a group."""
    around: list[_Candidate] = []
    over: dict[int, list[_Candidate]] = {}
    for item in candidates:
        while around and around[-1].end <= item.index:
            around.pop()
        for outer in around:
            over.setdefault(outer.index, []).append(item)
        around.append(item)
    levels = {item.line.level for item in candidates if item.marked and not item.kind}
    chosen: list[_Candidate] = []
    stop = 0
    for item in candidates:
        if item.index < stop:
            continue
        inner = [other for other in over.get(item.index, ()) if other.marked]
        is_group = bool(inner) and (not item.marked or any(_extends(other, item) for other in inner))
        if _is_work(item, levels) and not is_group:
            chosen.append(item)
            stop = item.end
    return chosen


def _extends(inner: _Candidate, outer: _Candidate) -> bool:
    return inner.id.startswith(f"{outer.id}.")


def _is_work(item: _Candidate, levels: set[int]) -> bool:
    """True for headings with a mark, and for others with content whose word (Phase) or level leaves no doubt."""
    if item.marked:
        return True
    told = any(item.body.lists[name] for name in ("tasks", "depends_on", "done_when"))
    like_others = item.line.level in levels and not item.id.isdigit()
    return (bool(item.kind) or like_others) and (told or "effort" in item.body.fields)


def _draft(
    document: Document, item: _Candidate, legend: Mapping[str, WorkStreamStatus], warnings: list[str]
) -> Draft | None:
    where = f"{document.path}:{item.line.number}"
    if is_placeholder(item.name) and item.name:
        warnings.append(f"{where}: {item.id} is a template, its name is not filled in.")
        return None
    lines = document.lines[item.index + 1 : item.end]
    body = item.body if item.body_end == item.end else read_body(document, lines)
    last = next((line.number for line in reversed(lines) if line.kind is not Kind.BLANK), item.line.number)
    draft = Draft(item.id, item.name or " ".join(item.line.content.split()), item.line.number, last)
    draft.batch, draft.priority = item.batch, item.priority
    fill(draft, body)
    _set_status(draft, item, body, where, warnings)
    return draft


def _set_status(draft: Draft, item: _Candidate, body: Body, where: str, warnings: list[str]) -> None:
    """The most telling mark decides: the field, the words behind the name, the emoji before it, the boxes."""
    draft.places = list(item.places)
    ranked = sorted(item.places, key=lambda place: place.kind == "emoji")
    draft.blocked_reason = item.reason
    if item.field_place is not None:
        place, reason = item.field_place
        if place.status is None and place.example:
            if ranked and ranked[0].status is WorkStreamStatus.COMPLETE:
                draft.status = WorkStreamStatus.COMPLETE
                return
            draft.places.append(place)
            draft.status = WorkStreamStatus.BLOCKED
            draft.blocked_reason = f'its status "{place.example[:40]}" is not known'
            warnings.append(f"{where}: {draft.id} counts as blocked, {draft.blocked_reason}.")
            return
        draft.places.append(place)
        ranked.insert(0, place)
        draft.blocked_reason = reason
    stated = [place.status for place in ranked if place.status is not None]
    draft.status = stated[0] if stated else sum_of(body.boxes)
    if len(set(stated)) > 1:
        warnings.append(f"{where}: {draft.id} has two statuses, {stated[0].value} counts.")
