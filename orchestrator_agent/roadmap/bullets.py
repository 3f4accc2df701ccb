"""Bullets without boxes, where the heading over them says that they are to be done: the horizons of a roadmap.

    # Roadmap
    ## Now
    - Offline maps: load a region before the hike
    ## Later
    - A watch app

or the numbered steps of a plan, or below all headings of a document that is called "TODO". Bullets mean much else: so
nothing is read but below such headings, in files that call themselves a plan, and where no other format finds work. A
picture before the words is their status.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.bodies import fill, read_body
from orchestrator_agent.roadmap.document import Document, Edit, Kind, Line, check_count, title_of
from orchestrator_agent.roadmap.drafts import Draft, Place, assemble, known_of
from orchestrator_agent.roadmap.fields import holds_criteria, holds_examples, is_placeholder, plain, read_field
from orchestrator_agent.roadmap.item_text import read_beginning, read_item, read_remarks, states_need
from orchestrator_agent.roadmap.listed import is_chapter
from orchestrator_agent.roadmap.plan_format import Found
from orchestrator_agent.roadmap.relations import add_relations
from orchestrator_agent.roadmap.set_aside import held_by, set_aside_by, sets_aside
from orchestrator_agent.roadmap.slugs import Slugs
from orchestrator_agent.roadmap.sources import Source
from orchestrator_agent.roadmap.stated import status_of_group
from orchestrator_agent.roadmap.title_marks import doubtful_mark, hidden_mark, read_ending
from orchestrator_agent.roadmap.vocabulary import Vocabulary, replace_marks

_PLAN = regex(r"\b(?:road ?map|plan|back ?log|to[ -]?dos?)\b")
_FILE = regex(r"(?:.*[-_. ])?(?:road-?map|plan|backlog|to-?dos?)(?:[-_. ].*)?$")
#: When the turn of what stands below comes; one such time follows the other.
_TIMES = (
    r"now|(?:up |coming )?next(?: up)?|soon|later|upcoming|(?:short|near|mid|medium|long)(?:er)?[- ]term|"
    r"(?:this|next) (?:week|month|quarter|release)|further out"
)
_TURN = regex(rf"(?P<time>{_TIMES})$|(?:to[- ]?dos?|doing|in progress|planned|queued|remaining(?: work)?)$")
_IS_THERE = regex(
    r"\b(?:ships?|shipped|exists?|available|implemented|works|working|done|completed?|supports?|supported|in place|"
    r"released|we have|already)\b",
    re.IGNORECASE,
)
#: Of a document with this title all sections hold things to do, but for its chapters.
_TODO = regex(r"(?:[\w.'-]+ )?to[ -]?dos?(?: list)?$")
_LATER = regex(r"[*_\W]{0,4}(?:later|some ?day|eventually|maybe|perhaps|optionally)\b", re.IGNORECASE)
_STEPS = regex(r"(?:(?:implementation|migration|refactoring) )?steps$")
_REMARK = regex(r" ?(?:\([^()]*\)|[:–—].*| - .*)$")
_NUMBERED = regex(r"\s*\d{1,9}[.)]\s")
#: With a picture before it such a line is work of another format.
_ONE_LINE = regex(r"[*_]{0,2}[A-Z][A-Z0-9]{0,9}-\d[\d.]{0,20}[*_]{0,2} ?[:：]")


@dataclass(slots=True)
class _Section:
    title: str
    level: int
    is_time: bool = False
    is_steps: bool = False
    #: Its heading says nothing about when, in a list of things to do.
    is_area: bool = False
    #: The lines over its first bullet.
    introduction: list[str] = field(default_factory=list)
    bullets: list[tuple[Line, list[Line]]] = field(default_factory=list)


class Bullets:
    """See the module."""

    name = "bullets"

    def recognise(self, source: Source) -> bool:
        if not source.is_markdown:
            return False
        named = _PLAN.search(plain(title_of(source.document)))
        return named is not None or _FILE.match(source.name.rpartition(".")[0]) is not None

    def read(self, source: Source) -> Found:
        document = source.document
        sections = [section for section in _sections(document) if _is_list_of_work(section)]
        slugs = Slugs()
        drafts: list[Draft] = []
        step = 0
        for section in sections:
            for bullet in section.bullets:
                draft = _draft(document, section, *bullet, slugs)
                if draft is not None:
                    draft.step = step if section.is_time or section.is_steps else None
                    drafts.append(draft)
                    step += section.is_steps
            step += section.is_time
        check_count(len(drafts), document.path)
        known = known_of(drafts)
        add_relations(document, drafts, (), known)
        return assemble(document, drafts, level="bullets", known=known)

    def write(self, source: Source, found: Found, changes: Mapping[str, WorkStreamStatus]) -> dict[str, bytes]:
        document = source.document
        marks = Vocabulary([place for value in found.places.values() for place in _placed(value)], {}, circles=False)
        edits = []
        for id_, status in changes.items():
            place = next(_placed(found.places[id_]))
            if place.start < place.end:
                edits += replace_marks(document, found, {id_: status}, marks)
            elif _ONE_LINE.match(document.text, place.start):
                raise RoadmapError(f"{source.path} has no place for the status of {id_[:80]}; give its bullets boxes.")
            else:
                edits.append(Edit(place.start, place.end, f"{marks.mark('emoji', status)} "))
        return source.edited(edits)


def _placed(value: object) -> Iterator[Place]:
    return (place for place in value if isinstance(place, Place)) if isinstance(value, tuple) else iter(())


def _sections(document: Document) -> list[_Section]:
    """Those that are called after the time of what stands in them, with the outermost items of each."""
    found: list[_Section] = []
    inside: _Section | None = None
    below: list[Line] | None = None
    is_todo = _TODO.match(plain(title_of(document))) is not None
    for line in document.lines:
        if line.kind is Kind.HEADING:
            below = None
            if inside is None or line.level <= inside.level:
                inside = _section(line, is_todo)
                found += [inside] if inside else []
            elif holds_criteria(line.content) or holds_examples(line.content):
                inside = None
        elif inside is None:
            continue
        elif line.kind is Kind.ITEM and line.indent < 2:
            below = []
            if line.box is None and (not inside.is_steps or _NUMBERED.match(document.raw(line))):
                inside.bullets.append((line, below))
        elif below is not None and (line.indent or line.kind is not Kind.TEXT or not inside.is_area):
            below.append(line)
        elif line.kind is Kind.TEXT:
            inside.introduction.append(line.content)
            # In an area a text speaks of what follows it: "Each record holds:".
            inside = None if inside.is_area else inside
    return found


def _section(heading: Line, is_todo: bool) -> _Section | None:
    title = _REMARK.sub("", plain(heading.content))
    if heading.level == 1:
        return None
    if match := _TURN.match(title):
        return _Section(heading.content, heading.level, is_time=match["time"] is not None)
    if _STEPS.match(title):
        return _Section(heading.content, heading.level, is_steps=True)
    if holds_criteria(title) or holds_examples(title):
        return None
    if sets_aside(heading.content):
        return _Section(heading.content, heading.level)
    is_area = is_todo and status_of_group(heading.content) is None and not is_chapter(title)
    return _Section(heading.content, heading.level, is_area=True) if is_area else None


def _is_list_of_work(section: _Section) -> bool:
    """Neither a description ("Goal: ...", "Owner: ...") nor what is there already: "Now", "What ships today:"."""
    if plain(section.title).startswith("now") and any(map(_IS_THERE.search, section.introduction)):
        return False
    fields = (read_field(line.content) for line, _ in section.bullets)
    return not any(field is not None and field.name != "other" for field in fields)


def _draft(document: Document, section: _Section, line: Line, below: list[Line], slugs: Slugs) -> Draft | None:
    while below and below[-1].kind is Kind.BLANK:
        below.pop()
    place, shown, reason = _mark(line)
    text = read_item(shown)
    if not text.name or is_placeholder(text.name):
        return None
    draft = Draft(slugs.take(text.id) if text.id else slugs.of(text.name), text.name, line.number, line.number)
    draft.last_line = below[-1].number if below else line.number
    draft.batch, draft.priority, draft.depends_on = section.title, text.priority, list(text.depends_on)
    draft.effort, draft.assigned_to = text.effort or None, text.claim or None
    if text.is_cut:
        draft.description.append(shown)
    if below:
        fill(draft, read_body(document, below))
    draft.places = [place]
    draft.status = place.status or _status_of(section)
    draft.blocked_reason = reason
    if text.struck and draft.status is not WorkStreamStatus.COMPLETE:
        draft.status = WorkStreamStatus.CANCELLED
    needs, reason = read_remarks(inner.content for inner in below)
    draft.depends_on = draft.depends_on or needs
    if draft.status is WorkStreamStatus.NOT_STARTED:
        reason = reason or _held_back(document, section, line)
        draft.status = WorkStreamStatus.BLOCKED if reason else draft.status
        draft.blocked_reason = reason
    return draft


def _mark(line: Line) -> tuple[Place, str, str | None]:
    """The mark behind or before the words, else an empty one before them; the words; why it is blocked."""
    if (marked := read_ending(line.content, 0, {})) and not states_need(line.content, marked[1]):
        place, shown, reason = marked[0], line.content[: marked[1]], marked[2]
    elif first := read_beginning(line.content):
        place, shown, reason = first[0], line.content[first[1] :], None
    else:
        place, shown, reason = Place("emoji", 0, 0, "", None), line.content, None
    start, end = line.start + place.start, line.start + place.end
    return replace(place, start=start, end=end), shown.strip(" -–—"), reason


def _status_of(section: _Section) -> WorkStreamStatus:
    """Of a time only the order counts: "Later" comes after "Next"."""
    told = None if section.is_time else status_of_group(section.title)
    return told if told is WorkStreamStatus.IN_PROGRESS else WorkStreamStatus.NOT_STARTED


def _held_back(document: Document, section: _Section, line: Line) -> str | None:
    """Why a bullet is not to be begun, by its own words or what stands over it."""
    if held := next(filter(None, map(held_by, section.introduction)), None):
        return held[:200]
    if not (section.is_time or section.is_steps) and sets_aside(section.title):
        return f'it stands under "{section.title[:60]}"'
    if later := _LATER.match(line.content):
        return f'its line begins "{later[0]}"'
    sign = set_aside_by(line.content) or doubtful_mark(line.content) or hidden_mark(document.raw(line))
    return f'its line says "{sign[:40]}"' if sign else None
