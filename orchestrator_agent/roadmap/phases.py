"""The phase format: a heading for each work stream, its status in a field below or in the heading itself.

    ## Batch 1
    ### Phase 1.2: Name ⭐ PRIORITY
    - **Status:** 🔄 In Progress | Agent: @name
    - **Depends On:** Phase 1.1 ✅

and its dialects: `Work Stream 7`, `WP-1.2`, `REQ-283`, `### 🟡 ...`, `### 1.2 Name ✅ DONE`, `⚪ REQ-283: Name (S)`,
phases with boxes below them, and phases that stand in a list and a table as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.bodies import fill, read_body
from orchestrator_agent.roadmap.dependencies import KIND
from orchestrator_agent.roadmap.document import Document, Kind, headings_of, title_of
from orchestrator_agent.roadmap.drafts import Draft, Place, assemble, drop_roles, known_of
from orchestrator_agent.roadmap.fields import is_placeholder, plain
from orchestrator_agent.roadmap.headings import Heading, Restated, read_headings, read_titles
from orchestrator_agent.roadmap.levels import choose, choose_titles, groups_around, tell_apart
from orchestrator_agent.roadmap.listed import choose_listed, is_called_list, settle_listed
from orchestrator_agent.roadmap.one_line import read_one_line
from orchestrator_agent.roadmap.plan_format import Found
from orchestrator_agent.roadmap.relations import add_relations
from orchestrator_agent.roadmap.restated import attach, has_work_boxes, read_restated
from orchestrator_agent.roadmap.sources import Source
from orchestrator_agent.roadmap.stated import settle_status
from orchestrator_agent.roadmap.statuses import EMOJI
from orchestrator_agent.roadmap.steps import assume_order, put_last
from orchestrator_agent.roadmap.title_marks import hidden_mark
from orchestrator_agent.roadmap.told_boxes import boxes_tell_more
from orchestrator_agent.roadmap.vocabulary import Vocabulary, box_places, legend_of, replace_marks

#: A heading for several pieces of work: "Phases 3-4".
_SEVERAL = regex(rf"{KIND} ?#?\d")
_PLAN = regex(r"\b(?:plan|roadmap|backlog|to[ -]?dos?)\b")


class Phases:
    """See the module."""

    name = "phases"

    def recognise(self, source: Source) -> bool:
        if not source.is_markdown:
            return False
        pictured = not source.text.isascii()
        return bool(headings_of(source.document)) or (
            pictured and any(line.content[:1] in EMOJI for line in source.document.lines)
        )

    def read(self, source: Source) -> Found:
        document = source.document
        legend = legend_of(document)
        warnings: list[str] = []
        headings = read_headings(document, legend)
        rest = attach(headings, read_restated(document, legend))
        chosen, in_prose = _chosen(document, headings, legend)
        if boxes_tell_more(document, chosen):
            return Found()
        tell_apart(headings, chosen)
        beside = _unnumbered(document, legend, headings, chosen)
        chosen = sorted([*chosen, *beside], key=lambda item: item.index)
        taken = [(item.line.number, document.lines[item.end - 1].number) for item in chosen]
        short = read_one_line(document, legend, taken)
        _end_before(chosen, [draft.first_line for draft in short.drafts])
        drafts = [draft for item in chosen if (draft := _draft(document, item, legend, warnings))]
        _add_needs_of_groups(headings, chosen, drafts)
        own = {draft.id.casefold() for draft in drafts}
        listed = list(_listed_only(rest, chosen))
        extra = [draft for draft in [*short.drafts, *listed] if draft.id.casefold() not in own]
        drafts = sorted(drafts + extra, key=lambda draft: draft.first_line)
        kinds = {item.id: item.counted_as for item in chosen}
        known = known_of(drafts, kinds.values())
        add_relations(document, drafts, set(kinds.values()), known)
        drop_roles(drafts)
        numbered = [draft for draft in drafts if draft.id not in {item.id for item in beside}]
        assume_order(numbered, [kinds.get(draft.id, "") for draft in numbered], known)
        put_last(drafts, {draft.id for draft in listed}, known)
        _put_behind(drafts, {item.id for item in beside})
        if in_prose:
            settle_listed(document, drafts)
        warnings += _left_out(document, headings, chosen)
        return assemble(document, drafts, warnings, _level(kinds.values()), short.finished, known)

    def write(self, source: Source, found: Found, changes: Mapping[str, WorkStreamStatus]) -> dict[str, bytes]:
        document = source.document
        places = [place for value in found.places.values() if isinstance(value, tuple) for place in value]
        vocabulary = Vocabulary([*places, *box_places(document)], legend_of(document))
        return source.edited(replace_marks(document, found, changes, vocabulary))


def _chosen(
    document: Document, headings: Sequence[Heading], legend: Mapping[str, WorkStreamStatus]
) -> tuple[list[Heading], bool]:
    """The headings that are work, and whether they are those of a list in prose."""
    has_boxes = has_work_boxes(document)
    titles = read_titles(document, legend) if not has_boxes and is_called_list(document) else None
    listed = choose_listed(document, headings, titles) if titles is not None else []
    if listed:
        return listed, True
    chosen = choose(headings, has_boxes, _is_plan(document))
    return chosen or choose_titles(read_titles(document, legend) if titles is None else titles), False


def _unnumbered(
    document: Document, legend: Mapping[str, WorkStreamStatus], headings: Sequence[Heading], chosen: Sequence[Heading]
) -> list[Heading]:
    """Headings without an id that stand beside work and have a Status field of their own."""
    levels, known = {item.line.level for item in chosen}, {heading.index for heading in headings}
    if not any(line.level in levels and index not in known for index, line in headings_of(document)):
        return []
    places, ids = {(item.line.level, item.around) for item in chosen}, {item.id.casefold() for item in chosen}
    return [
        title
        for title in read_titles(document, legend)
        if title.index not in known
        and not _SEVERAL.match(plain(title.name))
        and (title.line.level, title.around) in places
        and title.id not in ids
        and title.field_place is not None
        and title.field_place[0].status is not None
    ]


def _put_behind(drafts: Sequence[Draft], ids: Collection[str]) -> None:
    """Where an order is assumed, work without a number comes last."""
    steps = [draft.step for draft in drafts if draft.step is not None]
    for draft in drafts if steps else ():
        if draft.id in ids:
            draft.step = max(steps) + 1


def _is_plan(document: Document) -> bool:
    """It calls itself so in its title."""
    return _PLAN.search(plain(title_of(document))) is not None


def _level(kinds: Iterable[str]) -> str:
    """What was taken, for people: "phase headings"."""
    named = Counter(kind.removesuffix("s") for kind in kinds if kind)
    return f"{named.most_common(1)[0][0]} headings" if named else "headings"


def _end_before(chosen: Sequence[Heading], lines: Sequence[int]) -> None:
    """A section ends where a work stream of one line stands in it: what both hold would change with either."""
    rest = iter(lines)
    line = next(rest, 0)
    for item in chosen:
        while line and line <= item.line.number:
            line = next(rest, 0)
        if line and line <= item.end:
            item.end = line - 1


def _add_needs_of_groups(headings: Sequence[Heading], chosen: Sequence[Heading], drafts: Sequence[Draft]) -> None:
    """What the heading of a group waits for all of its members wait for."""
    by_line = {draft.first_line: draft for draft in drafts}
    for heading, groups in groups_around(headings, chosen):
        draft = by_line.get(heading.line.number)
        if draft is not None:
            draft.depends_on += [text for group in groups for text in group.body.lists.get("depends_on", ())]


def _listed_only(rest: Sequence[Restated], chosen: Sequence[Heading]) -> Iterator[Draft]:
    """Phases that the list of all phases holds, but that have no section of their own."""
    kinds = {item.kind for item in chosen if item.mentioned and item.kind}
    for item in rest:
        if item.kind in kinds and not item.in_table:
            draft = Draft(item.id, item.name, item.line.number, item.line.number, places=list(item.places))
            stated = [place.status for place in reversed(item.places) if place.status is not None]
            draft.status = stated[0]
            if item.aside and draft.status is WorkStreamStatus.NOT_STARTED:
                draft.status, draft.blocked_reason = WorkStreamStatus.BLOCKED, item.aside
            yield draft


def _left_out(document: Document, headings: Sequence[Heading], chosen: Sequence[Heading]) -> Iterator[str]:
    """A sentence for each phase that is none by what stands below it."""
    taken = {item.index for item in chosen}
    known = taken | {group.index for _, groups in groups_around(headings, chosen) for group in groups}
    kinds = {item.kind for item in chosen if item.kind}
    ids = {item.id for item in chosen}
    skip = 0
    for heading in headings:
        if heading.index in known:
            skip = heading.end if heading.index in taken else skip
        elif heading.index >= skip and heading.kind in kinds and heading.id not in ids:
            yield (
                f"{document.path}:{heading.line.number}: {heading.kind} {heading.id[:40]} was left out: "
                "it has neither a status nor tasks."
            )


def _draft(
    document: Document, item: Heading, legend: Mapping[str, WorkStreamStatus], warnings: list[str]
) -> Draft | None:
    where = f"{document.path}:{item.line.number}"
    if is_placeholder(item.name) and item.name:
        warnings.append(f"{where}: {item.id[:80]} is a template, its name is not filled in.")
        return None
    lines = document.lines[item.index + 1 : item.end]
    body = item.body if item.body_end == item.end else read_body(document, lines)
    last = next((line.number for line in reversed(lines) if line.kind is not Kind.BLANK), item.line.number)
    name = item.name or " ".join(item.line.content[item.begin : item.stop].split()) or item.id
    draft = Draft(item.id, name, item.line.number, last)
    draft.batch, draft.around, draft.priority = item.batch, item.around, item.priority
    draft.depends_on += item.needs
    draft.aliases = tuple(dict.fromkeys(other.id for other in item.mentioned if other.id != item.id))
    fill(draft, body)
    if not draft.depends_on:
        draft.depends_on += [restated.needs for restated in item.mentioned if restated.needs]
    warnings += [f"{where}: {item.id[:80]} {said}." for said in settle_status(draft, item, body)]
    if draft.status is WorkStreamStatus.NOT_STARTED and (hidden := hidden_mark(document.raw(item.line))):
        draft.status, draft.blocked_reason = WorkStreamStatus.BLOCKED, f'a comment in its heading says "{hidden[:40]}"'
    if not draft.places:
        end = item.line.start + len(item.line.content)
        draft.places.append(Place("ending", end, end, "", None))
    return draft
