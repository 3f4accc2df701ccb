"""Where else in a document a work stream stands: headings and boxes that begin with its id."""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.bodies import read_body, status_place
from orchestrator_agent.roadmap.dependencies import KIND
from orchestrator_agent.roadmap.document import Document, Kind, Line, headings_of
from orchestrator_agent.roadmap.drafts import Draft, Place
from orchestrator_agent.roadmap.fields import leading_emoji, plain
from orchestrator_agent.roadmap.statuses import EMOJI, is_box, read_box
from orchestrator_agent.roadmap.title_marks import read_ending

_KIND = regex(rf"{KIND}[ ._#:-]*(?=\S)", re.IGNORECASE)
#: What stands behind an id in a heading.
_BEHIND_ID = regex(r"[^:：–—]{1,40}(?:[:：]| [-–—]) *(\S.*)")
_WORD_OF_NAME = regex(r"[^\W\d_]{3,}|[\u2e80-\uffff]")
_END_OF_ID = regex(r"[:：,)\]|*`]|_(?!\w)|\.(?!\d)| ")


@dataclass(frozen=True, slots=True)
class Mention:
    """A second place of a work stream."""

    #: 1-based; 0 where there is none.
    line: int = 0
    #: What stands below a heading with the id.
    lines: Sequence[Line] = ()
    #: Marks there that say a status.
    places: list[Place] = field(default_factory=list)


def mentions_of(
    document: Document, drafts: Sequence[Draft], legend: Mapping[str, WorkStreamStatus]
) -> dict[str, Mention]:
    """For each id, without case, the first heading or box that begins with it; ids without one are left out.

    Args:
        drafts: the work, in the order of the document. A section with any of it is a group and tells of none.
    """
    called = {draft.id.casefold(): draft.name for draft in drafts}
    own = [draft.first_line for draft in drafts]
    counts = Counter(plain(draft.name) for draft in drafts)
    by_name = {plain(draft.name): draft.id.casefold() for draft in drafts if counts[plain(draft.name)] == 1}
    headings = {line.number: _key_of(line, called, by_name) for _, line in headings_of(document)}
    surely = {key for key, sure in headings.values() if sure}
    found: dict[str, Mention] = {}
    for index, line in enumerate(document.lines):
        if line.kind is Kind.HEADING:
            key, sure = headings[line.number]
            # "## Phase 3" is no section of 3 where "### #3" is one.
            if key and (sure or key not in surely) and not (key in found and found[key].lines):
                body = _section(document, index)
                if bisect(own, line.number) < bisect(own, line.number + len(body)):
                    continue
                before = found.get(key, Mention())
                found[key] = Mention(line.number, body, [*before.places, *_marks(document, line, body, legend)])
        elif line.box is not None and line.indent == 0 and is_box(line.box):
            key = _leading(line.content, called.keys())
            if key and key not in found:
                status = read_box(line.box)[0]
                box = Place("box", line.box_start, line.box_start + len(line.box), line.box, status)
                found[key] = Mention(line.number, (), [box])
    return found


def _key_of(line: Line, called: Mapping[str, str], by_name: Mapping[str, str]) -> tuple[str, bool]:
    """The id that a heading begins with, else that of the work that it names, and whether no word stands before it.

    Chapters are numbered as well, but they are not called like the work.
    """
    key = _leading(line.content, called.keys())
    if not key:
        return _key_by_name(line, by_name)
    text = _unmarked(line.content)
    if not text.casefold().startswith((key, f"#{key}")):
        return key, False
    is_chapter = key.isdigit() and text[0] != "#" and not _is_alike(called[key], text)
    return ("", False) if is_chapter else (key, True)


def _key_by_name(line: Line, by_name: Mapping[str, str]) -> tuple[str, bool]:
    """The id of the work that a heading names behind an id of another sort: "Phase 5.2: Roof" is WS-5.2, "Roof"."""
    match = _BEHIND_ID.match(line.content)
    key = by_name.get(plain(match[1]), "") if match else ""
    return key, bool(key)


def _is_alike(name: str, text: str) -> bool:
    """They have a word in common."""
    return not set(_WORD_OF_NAME.findall(name.casefold())).isdisjoint(_WORD_OF_NAME.findall(text.casefold()))


def _leading(text: str, wanted: Collection[str]) -> str:
    """The id of `wanted` that a heading or an item begins with, empty without one."""
    text = _unmarked(text)
    for rest in (text, text.removeprefix("#"), _KIND.sub("", text, count=1)):
        end = _END_OF_ID.search(rest, 1)
        word = rest[: end.start() if end else len(rest)].casefold()
        if word in wanted:
            return word
    return ""


def _unmarked(text: str) -> str:
    """Without the picture and the markup before the first word."""
    span = leading_emoji(text)
    return (text[span[1] :] if span else text).lstrip("*_`[( \ufe0f")


def _section(document: Document, index: int) -> Sequence[Line]:
    level = document.lines[index].level
    end = index + 1
    while end < len(document.lines):
        line = document.lines[end]
        if line.kind is Kind.HEADING and line.level <= level:
            break
        end += 1
    return document.lines[index + 1 : end]


def _marks(
    document: Document, line: Line, body: Sequence[Line], legend: Mapping[str, WorkStreamStatus]
) -> Iterator[Place]:
    """The emoji before the id, the words behind the name, the Status field below."""
    text = line.content
    first = 0
    if span := leading_emoji(text):
        first = span[1]
        if (status := legend.get(text[span[0]], EMOJI.get(text[span[0]]))) is not None:
            yield Place("emoji", line.start + span[0], line.start + span[1], text[slice(*span)], status)
    if ending := read_ending(text, first, legend):
        place = ending[0]
        yield Place(place.kind, line.start + place.start, line.start + place.end, place.example, place.status)
    stated = status_place(read_body(document, body), legend)
    if stated is not None and stated[0].status is not None:
        yield stated[0]


def settle(
    document: Document, drafts: Sequence[Draft], warnings: list[str], *, by_id_only: bool = False
) -> list[Draft]:
    """One draft for each id; what stands twice is written twice, and is not offered when the two disagree.

    Args:
        by_id_only: an id is the same work whatever it is called; else another name makes it other work.
    """
    unique: dict[str, Draft] = {}
    seen: dict[str, int] = {}
    for draft in drafts:
        key = draft.id.casefold()
        seen[key] = seen.get(key, 0) + 1
        first = unique.setdefault(key, draft)
        if first is draft:
            continue
        if by_id_only or _is_same(first, draft):
            _merge(document, first, draft, warnings)
        else:
            _rename(document, draft, unique, seen, warnings)
    return list(unique.values())


def _is_same(first: Draft, second: Draft) -> bool:
    names = [draft.name.casefold() for draft in (first, second)]
    return any(draft.name == draft.id for draft in (first, second)) or names[0] == names[1]


def _rename(
    document: Document, draft: Draft, unique: dict[str, Draft], seen: dict[str, int], warnings: list[str]
) -> None:
    key = draft.id.casefold()
    while f"{key}-{seen[key]}" in unique:
        seen[key] += 1
    new = f"{draft.id}-{seen[key]}"
    warnings.append(
        f"{document.path}:{draft.first_line}: {draft.id[:80]} is the id of other work; this is called {new[:80]}."
    )
    draft.id = new
    unique[new.casefold()] = draft


def _merge(document: Document, first: Draft, draft: Draft, warnings: list[str]) -> None:
    first.places += draft.places
    first.depends_on += [text for text in draft.depends_on if text not in first.depends_on]
    first.assigned_to = first.assigned_to or draft.assigned_to
    if first.status is draft.status:
        return
    warnings.append(
        f"{document.path}:{draft.first_line}: {draft.id[:80]} is {draft.status.value} here "
        f"and {first.status.value} in line {first.first_line}."
    )
    if first.status is WorkStreamStatus.NOT_STARTED:
        first.status = WorkStreamStatus.BLOCKED
        reason = draft.blocked_reason if draft.status is WorkStreamStatus.BLOCKED else None
        first.blocked_reason = reason or f"line {draft.first_line} calls it {draft.status.value}"
