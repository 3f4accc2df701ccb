"""Plain checklists: each outermost box is a work stream, the heading above it its group.

## Parser
- [x] Read numbers
- [ ] T002 Read strings (depends on Read numbers)
  - [ ] with escapes        (a task of T002)
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from orchestrator_agent.model import WorkStreamStatus, slug
from orchestrator_agent.roadmap.bodies import fill, read_body
from orchestrator_agent.roadmap.document import Document, Kind, Line
from orchestrator_agent.roadmap.drafts import Draft, Place, assemble
from orchestrator_agent.roadmap.fields import (
    clean_name,
    holds_criteria,
    holds_examples,
    is_placeholder,
    plain,
    read_field,
)
from orchestrator_agent.roadmap.plan_format import Found
from orchestrator_agent.roadmap.sources import Source
from orchestrator_agent.roadmap.statuses import is_box, read_box
from orchestrator_agent.roadmap.vocabulary import Vocabulary, box_places, replace_marks

_ID = re.compile(
    r"[*_`\[]{0,3}(?:(?i:phase|work ?stream|task|milestone|step|story) )?"
    r"(?P<id>[A-Z]{1,10}-?\d{1,9}(?:[.-]\d{1,9}){0,4}|\d{1,9}(?:\.\d{1,9}){1,5}|\d{1,9}(?=[.):])|#\d{1,9})"
    r"[*_`\]]{0,3}(?:[.):：][*_`]{0,3})?(?: +|$)"
)
_NEEDS = re.compile(r"\((?:blocked by|depends on|after|needs|requires):? ([^()]{1,300})\)", re.IGNORECASE)
_BOLD_NAME = re.compile(r"\*\*([^*]{3,200})\*\*:?\s*(?:[-–—:]|$)")
_LONGEST_ID = 40


class Checklist:
    """See the module."""

    name = "checklist"

    def recognise(self, source: Source) -> bool:
        return source.is_markdown and any(line.box is not None for line in source.document.lines)

    def read(self, source: Source) -> Found:
        document = source.document
        ids: dict[str, int] = {}
        drafts = [_draft(document, line, below, batch, ids) for line, below, batch in _items(document)]
        return assemble(document, [draft for draft in drafts if draft.name])

    def write(self, source: Source, found: Found, changes: Mapping[str, WorkStreamStatus]) -> dict[str, bytes]:
        document = source.document
        own = [place for value in found.places.values() if isinstance(value, tuple) for place in value]
        marks = Vocabulary([*own, *box_places(document)], {})
        return source.edited(replace_marks(document, found, changes, marks))


def _items(document: Document) -> list[tuple[Line, list[Line], str | None]]:
    """Outermost boxes with the lines that belong to each and the heading above."""
    found: list[tuple[Line, list[Line], str | None]] = []
    path: list[tuple[int, bool]] = []
    batch: str | None = None
    below: list[Line] | None = None
    parent = 0  # indentation of the item that further indented lines belong to
    idle_list = False
    for line in document.lines:
        if line.kind is Kind.HEADING:
            while path and path[-1][0] >= line.level:
                path.pop()
            idle = holds_examples(line.content) or holds_criteria(line.content)
            path.append((line.level, idle or any(inner for _, inner in path)))
            batch, below, idle_list = line.content if line.level > 1 else None, None, False
        elif line.kind in (Kind.BLANK, Kind.FENCED, Kind.HIDDEN):
            if below is not None:
                below.append(line)
        elif below is not None and line.indent > parent:
            below.append(line)
        elif line.kind is Kind.ITEM:
            below, parent = [], line.indent
            if line.box is not None and is_box(line.box) and not idle_list and not (path and path[-1][1]):
                found.append((line, below, batch))
        else:
            below = None
            idle_list = _introduces_no_work(line.content)
    return found


def _introduces_no_work(text: str) -> bool:
    """True for a line like "**Acceptance criteria:**" over a list."""
    heading = text.strip("*_ ")
    return heading.endswith((":", "：")) and (holds_criteria(heading) or holds_examples(heading))


def _draft(document: Document, line: Line, below: list[Line], batch: str | None, ids: dict[str, int]) -> Draft:
    assert line.box is not None
    status, reason = read_box(line.box)
    while below and below[-1].kind is Kind.BLANK:
        below.pop()
    draft = Draft("", "", line.number, below[-1].number if below else line.number, status, reason)
    draft.places.append(Place("box", line.box_start, line.box_start + len(line.box), line.box, status))
    draft.batch = batch
    text = " ".join(line.content.split())
    for needs in _NEEDS.finditer(text):
        draft.depends_on.append(needs[1])
    text = _NEEDS.sub("", text).strip()
    if text.startswith("~~") and text.rstrip(" .").endswith("~~"):
        text = text.strip("~ .")
        draft.status = WorkStreamStatus.CANCELLED if status is not WorkStreamStatus.COMPLETE else status
    _name(draft, text, ids)
    body = read_body(document, below)
    fill(draft, body)
    if not draft.tasks:
        draft.tasks = [item.content for item in below if item.kind is Kind.ITEM and read_field(item.content) is None]
    return draft


def _name(draft: Draft, text: str, ids: dict[str, int]) -> None:
    match = _ID.match(text)
    named = text[match.end() :] if match else text
    bold = _BOLD_NAME.match(named)
    cleaned = clean_name(bold[1] if bold else named)
    if is_placeholder(cleaned.text):
        return
    draft.name, draft.priority = cleaned.text, cleaned.priority
    draft.id = match["id"] if match else _slug(cleaned.text, ids)
    ids.setdefault(draft.id.casefold(), 1)


def _slug(name: str, ids: dict[str, int]) -> str:
    """An id from a name: its words, shortened, and a number when the file has it already."""
    letters = "".join(char if char.isalnum() else " " for char in plain(name)).split()
    base = ""
    for word in letters:
        if base and len(base) + 1 + len(word) > _LONGEST_ID:
            break
        base = f"{base}-{word}" if base else word[:_LONGEST_ID]
    base = base or slug(name)
    unique = base
    while unique in ids:
        ids[base] += 1
        unique = f"{base}-{ids[base]}"
    return unique
