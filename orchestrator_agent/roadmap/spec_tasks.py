"""Task files of specifications: a numbered heading is the work stream, the numbered boxes below it are its steps.

    ## Phase 3: User Story 1 - Sign in (Priority: P1)      ## 2. Validation
    - [x] T008 [P] [US1] Test in tests/sign_in.py          - [x] 2.1 Check the name
    - [ ] T009 [US1] Form in src/form.py                   - [ ] 2.2 Check the price

The first is https://github.com/github/spec-kit, the second https://github.com/Fission-AI/OpenSpec and Kiro; the plans
of Conductor have steps that begin with "Task:". Such headings have no mark: their status is the sum of the boxes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.bodies import fill, read_body, status_place, sum_of
from orchestrator_agent.roadmap.dependency_sections import Groups, Said, read_sections
from orchestrator_agent.roadmap.document import Document, Edit, Kind, Line
from orchestrator_agent.roadmap.drafts import Draft, Place, assemble
from orchestrator_agent.roadmap.fields import holds_criteria, is_placeholder
from orchestrator_agent.roadmap.headings import Heading, read_headings
from orchestrator_agent.roadmap.item_text import take_needs
from orchestrator_agent.roadmap.plan_format import Found
from orchestrator_agent.roadmap.set_aside import sets_aside
from orchestrator_agent.roadmap.sources import Source
from orchestrator_agent.roadmap.statuses import is_box
from orchestrator_agent.roadmap.step_status import status_of_step
from orchestrator_agent.roadmap.step_sums import STEP, edit_steps, step_place
from orchestrator_agent.roadmap.vocabulary import Vocabulary, box_places, legend_of, replace_marks

_STEP = regex(
    r"(?:\* +)?[*_`~]{0,5}(?P<id>T\d{1,5}[a-z]?(?:\.\d{1,5}){0,3}|\d{1,4}(?:\.\d{1,4}){1,3})\b|[*_]{0,2}(?P<task>Task):"
)
_REMARKS = regex(
    r"\s*(?:\[checkpoint:[^\]]{0,60}\]|\((?:priority|story):?\s*[^()]{1,20}\)|\(P\d\)|🎯\s*MVP\b|🎯)\s*", re.IGNORECASE
)
_STORY = regex(r"\[US(\d{1,4})\]")
#: So many characters are looked at for tags.
_WIDTH = 100
#: Headings of tasks with a body each, which are another form.
_OTHER_KINDS = ("task group",)


@dataclass(slots=True)
class _Group:
    heading: Heading
    boxes: list[Line]

    def step_ids(self) -> list[str]:
        """The ids of its steps, those only that are surely steps of it."""
        found = []
        for line in self.boxes:
            match = _STEP.match(line.content)
            if match and (match["task"] or match["id"].startswith("T") or self._counts(match["id"])):
                found.append(match["id"] or "")
        return found

    def story(self) -> str:
        """The number of the user story that all of its steps are tagged with."""
        tags = {match[1] if (match := _STORY.search(line.content[:_WIDTH])) else "" for line in self.boxes}
        return tags.pop() if len(tags) == 1 else ""

    def _counts(self, id_: str) -> bool:
        return id_.removeprefix("T").startswith(f"{self.heading.id}.")


class SpecTasks:
    """See the module."""

    name = "spec-tasks"

    def recognise(self, source: Source) -> bool:
        return source.is_markdown and any(
            line.box is not None and _STEP.match(line.content) for line in source.document.lines
        )

    def read(self, source: Source) -> Found:
        document = source.document
        legend = legend_of(document)
        groups = [_Group(heading, _boxes(document, heading)) for heading in read_headings(document, legend)]
        holders = [group for group in groups if group.boxes]
        steps = sum(len(group.step_ids()) for group in holders)
        told = sum(group.heading.field_place is not None for group in holders)
        if not holders or 2 * steps <= _count_of_boxes(document) or 2 * told > len(holders) or _is_other(holders):
            return Found()
        chosen = [group for group in groups if group.boxes or _is_like(group.heading, holders)]
        warnings: list[str] = []
        drafts = [draft for group in chosen if (draft := _draft(document, group, legend, warnings))]
        _set_order(document, chosen, drafts)
        return assemble(document, drafts, warnings, level="headings over steps")

    def write(self, source: Source, found: Found, changes: Mapping[str, WorkStreamStatus]) -> dict[str, bytes]:
        document = source.document
        own = [place for value in found.places.values() if isinstance(value, tuple) for place in value]
        marks = Vocabulary([*own, *box_places(document)], legend_of(document))
        edits: list[Edit] = []
        for id_, status in changes.items():
            places = found.places.get(id_)
            steps = [place for place in places if place.kind == STEP] if isinstance(places, tuple) else []
            if steps:
                edits += edit_steps(document.path, id_, steps, status, marks)
            else:
                edits += replace_marks(document, found, {id_: status}, marks)
        return source.edited(edits)


def _boxes(document: Document, heading: Heading) -> list[Line]:
    """The outermost boxes between a heading and the next that has an id, outside lists of criteria."""
    found: list[Line] = []
    idle_level = 0
    outer: int | None = None
    for line in document.lines[heading.index + 1 : heading.body_end]:
        if line.kind is Kind.HEADING:
            if not idle_level or line.level <= idle_level:
                idle_level = line.level if holds_criteria(line.content) else 0
            outer = None
        elif line.kind is Kind.TEXT and line.indent == 0:
            outer = None
        elif line.kind is Kind.ITEM and (outer is None or line.indent <= outer):
            outer = line.indent
            if not idle_level and line.box is not None and is_box(line.box):
                found.append(line)
    return found


def _count_of_boxes(document: Document) -> int:
    """The outermost boxes of all that may be work."""
    count = 0
    idle_level = 0
    for line in document.lines:
        if line.kind is Kind.HEADING and (not idle_level or line.level <= idle_level):
            idle_level = line.level if holds_criteria(line.content) else 0
        elif not idle_level and line.indent == 0 and line.box is not None and is_box(line.box):
            count += 1
    return count


def _is_other(holders: Sequence[_Group]) -> bool:
    return any(group.heading.kind.replace("-", " ").removesuffix("s") in _OTHER_KINDS for group in holders)


def _is_like(heading: Heading, holders: Sequence[_Group]) -> bool:
    """True for a heading without steps that is counted with those that have some."""
    same = [group.heading for group in holders if group.heading.line.level == heading.line.level]
    inside = any(heading.covers(group.heading) for group in holders)
    return not inside and any(other.kind == heading.kind for other in same)


def _draft(
    document: Document, group: _Group, legend: Mapping[str, WorkStreamStatus], warnings: list[str]
) -> Draft | None:
    heading = group.heading
    where = f"{document.path}:{heading.line.number}"
    lines = document.lines[heading.index + 1 : heading.body_end]
    name = " ".join(_REMARKS.sub(" ", heading.name).split()) or heading.name
    if is_placeholder(name) and name:
        warnings.append(f"{where}: {heading.id} is a template, its name is not filled in.")
        return None
    last = next((line.number for line in reversed(lines) if line.kind is not Kind.BLANK), heading.line.number)
    draft = Draft(heading.id, name or heading.id, heading.line.number, last)
    draft.batch, draft.priority, draft.depends_on = heading.batch, heading.priority, list(heading.needs)
    body = read_body(document, lines)
    fill(draft, body)
    draft.tasks = [line.content for line in group.boxes]
    _set_status(draft, group, status_place(body, legend), where, warnings)
    aside = next((title for title in (name, *heading.around) if sets_aside(title)), None)
    if aside is not None and draft.status is WorkStreamStatus.NOT_STARTED:
        draft.status, draft.blocked_reason = WorkStreamStatus.BLOCKED, f'the plan sets "{aside[:60]}" aside'
    return draft


def _set_status(
    draft: Draft, group: _Group, stated: tuple[Place, str | None] | None, where: str, warnings: list[str]
) -> None:
    """The Status field decides, then the words or the box in the heading, then the boxes below."""
    marks = [place for place in group.heading.places if place.kind != "emoji"]
    if stated is not None and stated[0].status is not None:
        draft.status, draft.blocked_reason = stated[0].status, stated[1]
        draft.places = [*marks, stated[0]]
    elif marks and marks[-1].status is not None:
        draft.status, draft.blocked_reason = marks[-1].status, group.heading.reason
        draft.places = marks
    else:
        _sum(draft, group, where, warnings)


def _sum(draft: Draft, group: _Group, where: str, warnings: list[str]) -> None:
    draft.places = [step_place(line) for line in group.boxes]
    draft.status = sum_of([status_of_step(line) for line in group.boxes])
    if draft.status is WorkStreamStatus.BLOCKED:
        draft.blocked_reason = "its open steps are blocked"
    if group.heading.struck:
        draft.status, draft.blocked_reason = WorkStreamStatus.CANCELLED, None
    elif not group.boxes:
        draft.status = WorkStreamStatus.BLOCKED
        draft.blocked_reason = "no steps are listed below it"
        warnings.append(f"{where}: {draft.id[:80]} counts as blocked, {draft.blocked_reason}.")


def _set_order(document: Document, chosen: Sequence[_Group], drafts: Sequence[Draft]) -> None:
    """Dependencies that are stated; where nothing is, each heading comes after those above it."""
    groups = Groups()
    by_id = {group.heading.id: group for group in chosen}
    for draft in drafts:
        group = by_id[draft.id]
        steps = [step for step in group.step_ids() if step]
        groups.add(draft.id, draft.name, steps, story=group.story(), aside=not group.boxes)
    said = read_sections(document, groups)
    for draft in drafts:
        draft.depends_on += said.of(draft.id) or _needs_of_steps(by_id[draft.id], groups)
    if any(by_id[d.id].boxes and not d.depends_on and said.of(d.id) is None for d in drafts):
        _set_steps(drafts, said)


def _needs_of_steps(group: _Group, groups: Groups) -> list[str]:
    """The headings over the steps that its own steps say they need: "2.1 [depends: 1.1] Check the price"."""
    needs = [text for line in group.boxes for text in take_needs(line.content)[1]]
    found = [id_ for text in needs for id_ in groups.of_steps(text)]
    return [id_ for id_ in dict.fromkeys(found) if id_ != group.heading.id]


def _set_steps(drafts: Sequence[Draft], said: Said) -> None:
    """Those of which nothing is said come after all above them, the others where their dependencies put them."""
    highest = -1
    steps: dict[str, int] = {}
    for draft in drafts:
        needed = said.of(draft.id)
        if needed is None and not draft.depends_on:
            steps[draft.id] = highest + 1
        else:
            steps[draft.id] = 1 + max((steps.get(id_, highest) for id_ in needed or draft.depends_on), default=-1)
        highest = max(highest, steps[draft.id])
        draft.step = steps[draft.id]
