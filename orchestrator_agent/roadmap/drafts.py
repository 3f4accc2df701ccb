"""From what a format saw to work streams: claims, dependencies and doubles are settled once for all formats."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from orchestrator_agent.model import Source, WorkStream, WorkStreamStatus
from orchestrator_agent.roadmap.dependencies import finished_in, read_dependencies
from orchestrator_agent.roadmap.document import Document, Kind, check_count
from orchestrator_agent.roadmap.known import NO_DEPENDENCIES, Dependencies, Known
from orchestrator_agent.roadmap.passing import said_in_passing
from orchestrator_agent.roadmap.plan_format import Found
from orchestrator_agent.roadmap.versions import versions_told


@dataclass(frozen=True, slots=True)
class Place:
    """Characters of a document that say a status."""

    #: "field" (the value of a Status line), "emoji" (before a name), "ending" (behind a name, with an emoji),
    #: "remark" (behind a name, after a dash or in brackets), "label" (a word before a name) or "box".
    kind: str
    start: int
    end: int
    #: What stands there without the reason of a block: an example of how this file writes `status`.
    example: str
    #: None where a status is missing or not understood.
    status: WorkStreamStatus | None


@dataclass(slots=True)
class Draft:
    """A work stream while it is being read."""

    id: str
    name: str
    first_line: int
    last_line: int
    status: WorkStreamStatus = WorkStreamStatus.NOT_STARTED
    blocked_reason: str | None = None
    #: What its text says if that holds it back.
    held: str | None = None
    #: Texts in passing that name work this waits for; the order of the plan counts besides.
    awaited: list[str] = field(default_factory=list)
    effort: str | None = None
    depends_on: list[str] = field(default_factory=list)
    #: Texts that name work that waits for this.
    blocks: list[str] = field(default_factory=list)
    conflicts_with: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    step: int | None = None
    tasks: list[str] = field(default_factory=list)
    done_when: list[str] = field(default_factory=list)
    description: list[str] = field(default_factory=list)
    assigned_to: str | None = None
    #: The field is one for roles too ("Agent: ..."), and no name stands there that people or agents have.
    may_be_role: bool = False
    #: Ids that it has elsewhere in the plan.
    aliases: tuple[str, ...] = ()
    batch: str | None = None
    #: All headings around it; a dependency may name any of them.
    around: tuple[str, ...] = ()
    priority: bool = False
    places: list[Place] = field(default_factory=list)


def assemble(
    document: Document,
    drafts: Sequence[Draft],
    warnings: Sequence[str] = (),
    level: str = "",
    done_elsewhere: Collection[str] = (),
    known: Known | None = None,
) -> Found:
    """The work streams of `drafts`; of several with one id the first counts.

    Args:
        level: what was taken as a work stream, for people.
        done_elsewhere: ids that are no work here but that the document calls finished.
        known: what `known_of` made of these drafts, when it is there already.
    """
    check_count(len(drafts), document.path)
    notes = list(warnings)
    unique: dict[str, Draft] = {}
    for draft in drafts:
        first = unique.setdefault(draft.id.casefold(), draft)
        if first is not draft:
            known = None
            notes.append(
                f"{document.path}:{draft.first_line}: {draft.id[:80]} stands twice; "
                f"the one in line {first.first_line} counts."
            )
    known = known or known_of(unique.values())
    for draft in unique.values():
        draft.depends_on += draft.awaited
        _add_said(document, draft, known)
    needs = _needs(unique.values(), known)
    for draft in unique.values():
        if draft.held and draft.status is WorkStreamStatus.NOT_STARTED:
            draft.status, draft.blocked_reason = WorkStreamStatus.BLOCKED, draft.held[:200]
    own = {draft.first_line for draft in unique.values()}
    wanted = {text for draft in unique.values() for text in draft.depends_on}
    finished = _finished(document, needs, known, own, wanted) | set(done_elsewhere)
    streams = tuple(_work_stream(document, draft, needs[draft.id], finished, known) for draft in unique.values())
    return Found(streams, tuple(notes), {draft.id: tuple(draft.places) for draft in unique.values()}, level)


def drop_roles(drafts: Sequence[Draft]) -> None:
    """A word like "general-purpose" that several work streams have is a role, and claims nothing."""
    shared = Counter(draft.assigned_to for draft in drafts if draft.may_be_role)
    for draft in drafts:
        if draft.may_be_role and shared[draft.assigned_to] > 1:
            draft.assigned_to = None


def known_of(drafts: Iterable[Draft], kinds: Iterable[str] = ()) -> Known:
    """What dependency texts can name in a plan of these, which it calls `kinds`."""
    drafts = list(drafts)
    streams = [(draft.id, draft.name, title) for draft in drafts for title in draft.around or (draft.batch,)]
    return Known.of([*streams, *((draft.id, alias, None) for draft in drafts for alias in draft.aliases)], kinds)


def _needs(drafts: Collection[Draft], known: Known) -> dict[str, Dependencies]:
    """What each waits for; of "1 → 2" in the field of 3, 2 waits for 1, or 3 does where 2 tells its own needs."""
    needs = {draft.id: _dependencies(draft, known) for draft in drafts}
    silent = {draft.id for draft in drafts if not draft.depends_on}
    before: dict[str, dict[str, None]] = defaultdict(dict)
    for id_, need in needs.items():
        for earlier, later in need.order:
            waiting = later if later in silent else id_
            if waiting != earlier:
                before[waiting][earlier] = None
    for id_, found in before.items():
        needs[id_] = replace(needs[id_], ids=tuple(dict.fromkeys((*needs[id_].ids, *found))))
    return needs


def _dependencies(draft: Draft, known: Known) -> Dependencies:
    needs = read_dependencies(", ".join(draft.depends_on), known, draft.id) if draft.depends_on else NO_DEPENDENCIES
    if draft.status is WorkStreamStatus.BLOCKED and draft.blocked_reason:
        text = re.sub(
            r"^(?:blocked (?:by|on)|wait(?:s|ing) (?:for|on)|depends on|requires|by|on|for) ", "", draft.blocked_reason
        )
        named = read_dependencies(text, known, draft.id)
        if named.ids and not named.unresolved:
            draft.blocked_reason = None
            ids = tuple(dict.fromkeys(needs.ids + named.ids))
            return Dependencies(ids, needs.unresolved, needs.ticked | named.ticked, needs.order + named.order)
        if "dependenc" in draft.blocked_reason.casefold():
            draft.blocked_reason = None
    return needs


def _add_said(document: Document, draft: Draft, known: Known) -> None:
    """What the words of work say in passing holds it back; the name of an item may be only its beginning."""
    line = document.lines[draft.first_line - 1]
    said = said_in_passing(line.content if line.kind is Kind.ITEM else draft.name)
    if said.people:
        draft.held = draft.held or f'its line says "{said.people}"'
    if said.needs and not any(said.needs in text for text in draft.depends_on):
        found = read_dependencies(said.needs, known, draft.id)
        if found.ids or said.sure:
            draft.depends_on.append(said.needs)


def _finished(
    document: Document,
    needs: Mapping[str, Dependencies],
    known: Known,
    own: Collection[int],
    wanted: Collection[str],
) -> set[str]:
    """Ids that are no work streams of the document but that it calls finished.

    Args:
        wanted: the texts that say what is needed: "Phase 1 complete" among them tells nothing.
        own: the lines that give the work streams: in a row a "done" is its own, and no word about what it names.
    """
    named = {id_ for need in needs.values() if need.ids for id_ in need.ids} - known.places.keys()
    missing = {id_ for id_ in named if id_.casefold() not in known.ids}
    finished = {id_ for need in needs.values() for id_ in need.ticked} & missing
    if missing - finished:
        for line in document.lines:
            if line.kind in (Kind.TEXT, Kind.ITEM) and line.number not in own and line.content not in wanted:
                finished |= finished_in(line.content, missing, known)
    shipped, still_open = versions_told(document, missing)
    return (finished | shipped) - still_open


def _work_stream(document: Document, draft: Draft, needs: Dependencies, finished: set[str], known: Known) -> WorkStream:
    conflicts = NO_DEPENDENCIES
    if draft.conflicts_with:
        conflicts = read_dependencies(", ".join(draft.conflicts_with), known, draft.id)
    return WorkStream(
        id=draft.id,
        name=draft.name,
        status=draft.status,
        effort=draft.effort,
        depends_on=needs.ids,
        unresolved=needs.unresolved,
        satisfied=tuple([id_ for id_ in needs.ids if id_ in finished]),
        conflicts_with=tuple([id_ for id_ in conflicts.ids if id_.casefold() in known.ids]),
        files=tuple(draft.files),
        step=draft.step,
        tasks=tuple(draft.tasks),
        done_when="\n".join(draft.done_when) or None,
        assigned_to=draft.assigned_to,
        batch=draft.batch,
        priority=draft.priority,
        description="\n".join(draft.description).strip("\n"),
        blocked_reason=draft.blocked_reason if draft.status is WorkStreamStatus.BLOCKED else None,
        source=Source(document.path, draft.first_line, draft.last_line),
    )
