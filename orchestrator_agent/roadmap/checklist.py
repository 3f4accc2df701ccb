"""Checklists: each outermost box is a work stream, the heading above it its group.

    ## Parser
    - [x] Read numbers
    - [ ] T002 Read strings (depends on Read numbers)
      - [ ] with escapes        (a task of T002)

Where the boxes are numbered, the numbers tell what belongs to what, as in https://kiro.dev/docs/specs: 2.1 is a task
of 2, also without indentation, and `- [ ]* 2.2` is an optional one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import takewhile

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.bodies import fill, read_body, status_place, sum_of
from orchestrator_agent.roadmap.boxes import Boxed, boxes_of, children
from orchestrator_agent.roadmap.dependencies import read_dependencies
from orchestrator_agent.roadmap.document import Document, Kind, Line
from orchestrator_agent.roadmap.drafts import Draft, Place, assemble, known_of
from orchestrator_agent.roadmap.fields import read_field
from orchestrator_agent.roadmap.item_text import (
    ItemText,
    is_legend,
    read_beginning,
    read_item,
    read_remarks,
    states_need,
)
from orchestrator_agent.roadmap.known import Known
from orchestrator_agent.roadmap.mentions import settle
from orchestrator_agent.roadmap.plan_format import Found
from orchestrator_agent.roadmap.relations import add_relations
from orchestrator_agent.roadmap.set_aside import held_by, set_aside_by, sets_aside
from orchestrator_agent.roadmap.slugs import Slugs
from orchestrator_agent.roadmap.sources import Source
from orchestrator_agent.roadmap.statuses import read_box, read_mark
from orchestrator_agent.roadmap.step_status import status_of_step
from orchestrator_agent.roadmap.title_marks import doubtful_mark, hidden_mark, read_ending
from orchestrator_agent.roadmap.vocabulary import Vocabulary, box_places, replace_marks

_COUNTED = regex(r"(?:T|P|M|S|PR|STEP)?-?\d{1,5}[a-z]?(?:\.\d{1,5}){0,4}$", re.IGNORECASE)
_COUNTED_GROUP = regex(
    r"\W*(?:phase|milestone|stage|step|sprint|week|wave|iteration|part|阶段|階段|フェーズ|этап|фаза)[ -]?\d|"
    r"\W*\d{1,2}단계|\W*\d{1,3}(?:\.\d{1,3})?[.):] ",
    re.IGNORECASE,
)
_WORD_LIKE_ID = regex(r"[A-Z]{1,2}\d[a-z]? +\w")
_JUST = regex(r"^(?:recently|previously|already|just) ", re.IGNORECASE)
_TITLE_COUNT = regex(r"\s*[(\[]\d{1,5}(?:/\d{1,5})?[)\]]\s*$")


class Checklist:
    """See the module."""

    name = "checklist"

    def recognise(self, source: Source) -> bool:
        return source.is_markdown and ("[" in source.text or source.name.startswith("todo"))

    def read(self, source: Source) -> Found:
        document = source.document
        found = boxes_of(document)
        items = _nested(_without_lone_id([_read_entry(item) for item in found.items]))
        warnings: list[str] = []
        ids = _Ids([entry.text for entry in items])
        drafts = [_draft(document, entry, ids, warnings) for entry in items]
        named = [(draft, entry) for draft, entry in zip(drafts, items, strict=True) if draft.name]
        _set_steps(document, named)
        warnings += [*_unread(document, items), *_bare_bullets(source, items)]
        if not named:
            return Found(warnings=tuple(_why_nothing(source, found.idle)))
        settled = settle(document, [draft for draft, _ in named], warnings)
        known = known_of(settled)
        add_relations(document, settled, (), known)
        _unblock(document, settled, known)
        return assemble(document, settled, warnings, level="boxes", known=known)

    def write(self, source: Source, found: Found, changes: Mapping[str, WorkStreamStatus]) -> dict[str, bytes]:
        document = source.document
        own = [place for value in found.places.values() if isinstance(value, tuple) for place in value]
        for id_, status in changes.items():
            places = found.places.get(id_)
            if isinstance(places, tuple) and places and all(place.status is status for place in places):
                raise RoadmapError(
                    f'{document.path}: the box of {id_[:80]} says "{status.value}" already, what stands around it says '
                    "otherwise; change that text yourself."
                )
        marks = Vocabulary([*own, *box_places(document)], {}, circles=False)
        return source.edited(replace_marks(document, found, changes, marks))


_UNBLOCKS = regex(
    r"[-–—(\[,;] ?[*_]{0,2}(?:unblocks|blocks):?[*_]{0,2} ((?:[A-Z]{1,10}-?|#)\d[^()\[\]:]{0,100})[)\]*_.]{0,3}$",
    re.IGNORECASE,
)
_LONGEST_END = 150


def _unblock(document: Document, drafts: Sequence[Draft], known: Known) -> None:
    """What a box says it unblocks waits for it, as far as that stands below: "Hull (unblocks T04-T07)"."""
    places = {draft.id: place for place, draft in enumerate(drafts)}
    for place, draft in enumerate(drafts):
        end = document.lines[draft.first_line - 1].content[-_LONGEST_END:]
        match = _UNBLOCKS.search(end) if "blocks" in end else None
        for id_ in read_dependencies(match[1].rstrip("*_. "), known, draft.id).ids if match else ():
            if places.get(id_, 0) > place and draft.id not in drafts[places[id_]].depends_on:
                drafts[places[id_]].depends_on.append(draft.id)


def _why_nothing(source: Source, idle: Sequence[tuple[int, str]]) -> Iterator[str]:
    path, document = source.path, source.document
    for number, title in idle:
        yield f'{path}:{number}: the boxes under "{title[:80]}" are no work but criteria or examples.'
    fenced = (line for line in document.lines if line.kind is Kind.FENCED and "[ ]" in document.raw(line))
    if line := next(fenced, None):
        yield f"{path}:{line.number}: boxes in code fences are examples."
    bullets = (line for line in document.lines if line.kind is Kind.ITEM and line.box is None)
    if source.name.startswith("todo") and (line := next(bullets, None)):
        yield f"{path}:{line.number}: bullets without boxes are not read; write `[ ]` before those that are work."


def _unread(document: Document, entries: Sequence[_Entry]) -> Iterator[str]:
    """Phases with bullets only, in a plan whose other phases have boxes."""
    phases = {title for entry in entries for title in entry.item.titles if _COUNTED_GROUP.match(title)}
    levels = {line.level for line in document.lines if line.kind is Kind.HEADING and line.content in phases}
    phase: Line | None = None
    for line in document.lines if phases else ():
        if line.kind is Kind.HEADING and line.level <= max(levels, default=0):
            is_phase = line.level in levels and line.content not in phases and _COUNTED_GROUP.match(line.content)
            phase = line if is_phase else None
        elif phase is not None and line.kind is Kind.ITEM:
            yield (
                f'{document.path}:{phase.number}: "{phase.content[:80]}" has bullets without boxes, which are not '
                "read; write `[ ]` before those that are work."
            )
            phase = None


def _bare_bullets(source: Source, entries: Sequence[_Entry]) -> Iterator[str]:
    """Bullets in a list of things to do where few have a box: somebody only ticked off what is done."""
    below = {line.number for entry in entries for line in entry.item.below}
    bare = [
        line
        for line in (source.document.lines if source.name.startswith("todo") else ())
        if line.kind is Kind.ITEM and line.box is None and not line.indent and line.number not in below
    ]
    if len(bare) > len(entries) > 0:
        yield (
            f"{source.path}:{bare[0].number}: {len(bare)} bullets without boxes are not read; write `[ ]` before those "
            "that are work."
        )


@dataclass(slots=True)
class _Entry:
    item: Boxed
    #: Its words, without those of a status.
    shown: str
    text: ItemText
    #: The status that the words before or behind the name give, and the reason of a block.
    said: tuple[Place, str | None] | None
    #: Boxes of the same indentation that its number puts below it, and what is below them.
    tasks: list[Line] = field(default_factory=list)


def _read_entry(item: Boxed) -> _Entry:
    line = item.line
    found = read_ending(line.content, 0, {})
    if found is not None and not states_need(line.content, found[1]):
        place, end, reason = found
        said = Place(place.kind, line.start + place.start, line.start + place.end, place.example, place.status)
        shown = line.content[:end].rstrip(" -–—")
        return _Entry(item, shown, read_item(shown), (said, reason))
    if (first := read_beginning(line.content)) is not None:
        place, begin = first
        said = Place(place.kind, line.start + place.start, line.start + place.end, place.example, place.status)
        shown = line.content[begin:]
        return _Entry(item, shown, read_item(shown), (said, None))
    return _Entry(item, line.content, read_item(line.content), None)


def _without_lone_id(entries: list[_Entry]) -> list[_Entry]:
    """What looks like an id before one of several names, and has no sign behind it, is a word: "R6 comes up black"."""
    named = [entry for entry in entries if entry.text.id]
    if len(named) == 1 and len(entries) > 2 and _WORD_LIKE_ID.match(named[0].shown):
        text = named[0].text
        named[0].text = replace(text, id="", name=f"{text.id} {text.name}")
    return entries


def _nested(entries: Sequence[_Entry]) -> list[_Entry]:
    """Each box with those that its number puts above it as tasks: "2.1" and "2.2" are tasks of "2"."""
    found: list[_Entry] = []
    parents: dict[str, _Entry] = {}
    for entry in entries:
        outer = entry.text.id.rpartition(".")[0]
        while outer and outer not in parents:
            outer = outer.rpartition(".")[0]
        # "2.0" names the group 2 itself.
        if outer and not entry.text.id.endswith(".0"):
            parents[outer].tasks += [entry.item.line, *entry.item.below]
            continue
        if entry.text.id[:1].isdigit():
            parents[entry.text.id] = parents[entry.text.id.removesuffix(".0")] = entry
        found.append(entry)
    return found


class _Ids:
    """The ids of the boxes of a plan: those that it gives, else made from names."""

    def __init__(self, texts: Sequence[ItemText]) -> None:
        self._slugs = Slugs()
        numbers = Counter(int(text.id) for text in texts if text.id.isdigit())
        #: Plain numbers that begin anew count the items of a list and name none; any other repeated one is a slip.
        self._ordinals = bool(numbers) and numbers[min(numbers)] > 1
        self._issues = 2 * sum("#" in text.id or bool(text.issue) for text in texts) > len(texts)

    def of(self, text: ItemText) -> str:
        given = text.id or (text.issue if self._issues else "")
        if not given or (self._ordinals and given.isdigit()):
            return self._slugs.of(text.name)
        return self._slugs.take(given)


def _draft(document: Document, entry: _Entry, ids: _Ids, warnings: list[str]) -> Draft:
    item, text, line = entry.item, entry.text, entry.item.line
    assert line.box is not None
    below = _without_blank_end([*item.below, *entry.tasks])
    status, reason = read_box(line.box)
    draft = Draft("", text.name, line.number, below[-1].number if below else line.number, status, reason)
    draft.places.append(Place("box", line.box_start, line.box_start + len(line.box), line.box, status))
    draft.batch, draft.priority, draft.depends_on = item.batch, text.priority, list(text.depends_on)
    draft.effort, draft.assigned_to = text.effort or None, text.claim or None
    if not draft.name or (not text.id and is_legend(draft.name)):
        draft.name = ""
        return draft
    draft.id = ids.of(text)
    if below:
        body = read_body(document, below)
        fill(draft, body)
        entry.said = entry.said or _known_field(status_place(body, {}))
    if below and not draft.tasks:
        draft.tasks = [inner.content for inner in below if inner.kind is Kind.ITEM and not read_field(inner.content)]
    if text.is_cut:
        draft.description.insert(0, entry.shown)
    own = takewhile(lambda inner: inner.box is None and inner.kind is not Kind.HEADING, below)
    needs, reason = read_remarks(inner.content for inner in own)
    draft.depends_on = draft.depends_on or needs
    _judge(document, draft, entry, below, warnings)
    if reason is not None and draft.status is WorkStreamStatus.NOT_STARTED:
        draft.status, draft.blocked_reason = WorkStreamStatus.BLOCKED, reason
    return draft


def _known_field(stated: tuple[Place, str | None] | None) -> tuple[Place, str | None] | None:
    """A Status field below a box, where its words are understood."""
    return stated if stated is not None and stated[0].status is not None else None


def _without_blank_end(lines: list[Line]) -> list[Line]:
    while lines and lines[-1].kind is Kind.BLANK:
        lines.pop()
    return lines


def _judge(document: Document, draft: Draft, entry: _Entry, below: list[Line], warnings: list[str]) -> None:
    """What the words of an item, the heading above and the boxes below say besides its own box."""
    box, text = draft.status, entry.text
    if entry.said is not None:
        place, reason = entry.said
        draft.places.append(place)
        if box is not WorkStreamStatus.COMPLETE and place.status is not None:
            draft.status, draft.blocked_reason = place.status, reason
    if text.struck and box is not WorkStreamStatus.COMPLETE:
        draft.status = WorkStreamStatus.CANCELLED
    if draft.status is not WorkStreamStatus.NOT_STARTED:
        return
    _judge_by_children(document, draft, text, below, warnings)
    for title in reversed(entry.item.titles):
        if draft.status is WorkStreamStatus.NOT_STARTED:
            draft.status, draft.blocked_reason = _said_by(title)
    word = text.set_aside or set_aside_by(entry.item.line.content)
    if draft.status is WorkStreamStatus.NOT_STARTED and word:
        draft.status, draft.blocked_reason = WorkStreamStatus.BLOCKED, word
    sign = "~~" if entry.item.line.content.startswith("~~") else doubtful_mark(text.name, boxed=True)
    sign = sign or hidden_mark(document.raw(entry.item.line))
    if draft.status is WorkStreamStatus.NOT_STARTED and sign:
        draft.status, draft.blocked_reason = WorkStreamStatus.BLOCKED, f'its line says "{sign[:40]}"'


def _judge_by_children(
    document: Document, draft: Draft, text: ItemText, below: list[Line], warnings: list[str]
) -> None:
    inner = [line for line in children(below) if not read_item(line.content).set_aside] if below else []
    statuses = [status_of_step(line) for line in inner]
    together = sum_of(statuses)
    if together in (WorkStreamStatus.BLOCKED, WorkStreamStatus.CANCELLED):
        draft.status = WorkStreamStatus.BLOCKED
        draft.blocked_reason = f"its open steps are {together.value}"
    if not statuses or together is not WorkStreamStatus.COMPLETE:
        return
    numbered = all(read_item(line.content).id.startswith(f"{text.id}.") for line in inner)
    draft.status = WorkStreamStatus.COMPLETE if text.id and numbered else WorkStreamStatus.IN_PROGRESS
    warnings.append(
        f"{document.path}:{draft.first_line}: {draft.id[:80]} has an open box, but all boxes below it are checked; "
        f"it counts as {draft.status.value}."
    )


@lru_cache(maxsize=1024)  # many boxes stand under one title
def _said_by(title: str) -> tuple[WorkStreamStatus, str | None]:
    """What a title says about the open boxes under it, and the reason of a block."""
    title = _JUST.sub("", _TITLE_COUNT.sub("", title.strip("*_ :：")))
    mark = read_mark(title, {})
    if mark is not None and mark.worded and (mark.end >= len(title) or mark.status is WorkStreamStatus.BLOCKED):
        if mark.status is WorkStreamStatus.COMPLETE:
            return WorkStreamStatus.BLOCKED, f'its box is open under "{title[:60]}"'
        if mark.status is not WorkStreamStatus.NOT_STARTED:
            return mark.status, mark.reason or f'it stands under "{title[:60]}"'
    elif sets_aside(title) or held_by(title):
        return WorkStreamStatus.BLOCKED, f'it stands under "{title[:60]}"'
    return WorkStreamStatus.NOT_STARTED, None


def _set_steps(document: Document, named: Sequence[tuple[Draft, _Entry]]) -> None:
    """The order of a plan that states no dependencies but counts its boxes or their groups."""
    if any(draft.depends_on for draft, _ in named):
        return
    counted = all(_COUNTED.match(draft.id) or _is_numbered(document, entry.item.line) for draft, entry in named)
    around = dict.fromkeys(entry.item.titles for _, entry in named)
    counts = {titles: next((title for title in titles if _COUNTED_GROUP.match(title)), None) for titles in around}
    groups = [counts[entry.item.titles] for _, entry in named]
    grouped = len(set(groups)) > 1 and None not in groups
    if not counted and not grouped:
        return
    step, before = 0, None
    for (draft, entry), group in zip(named, groups, strict=True):
        parallel = "[P]" in entry.item.line.content
        key = (group if grouped else None, None if counted and not parallel else parallel)
        if before is not None and (key != before or (counted and not parallel)):
            step += 1
        draft.step, before = step, key


def _is_numbered(document: Document, line: Line) -> bool:
    """True for an item of a numbered list."""
    return document.raw(line).lstrip()[:1].isdigit()
