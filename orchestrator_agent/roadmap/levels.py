"""Which level of headings is work: what one agent takes to a branch, and not the group around it or a step in it.

Headings of one level and one way of counting are a family. From the outside in: a family is work unless the families
below it tell at least as often how far they are or what they wait for. Of the family that is work all members are,
also one that forgot its status line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.fields import plain
from orchestrator_agent.roadmap.headings import Heading
from orchestrator_agent.roadmap.stated import status_of_group

_FEW = 0.25
_SEVERAL = 3
#: How long a phase takes when it is no work for one branch.
_MONTHS = regex(r"\b\d+ ?\+? (?:months?|quarters?)\b|\bQ[1-4]\b|\b[12] ?\+? years?\b", re.IGNORECASE)
#: Headings over what is to come.
_AHEAD = regex(
    r"(?:short|near|medium|mid|long)(?:er)?[- ]term|further out|(?:up )?next\b|now$|later$|soon$|upcoming|planned|"
    r"in progress|to ?do$|q[1-4]\b"
)
#: Headings that are called so are work even where the plan has no marks at all; a "Step 1" may be an instruction.
_SURELY_WORK = regex(
    r"phase|fase|阶段|階段|단계|フェーズ|этап|фаза|feature|milestone|meilenstein|package|work ?package|"
    r"work[ _-]?stream|task|tarefa|tarea|aufgabe|任务|任務|epic|story|track|prompt"
)


_HOLDS_WORK = regex(
    r"\b(?:milestones|phases|stages|sprints|tasks|work (?:packages|streams)|roadmap|implementation plan)\b"
)
#: These are where the document calls itself a plan: stages are parts of many things.
_WORK_OF_PLANS = regex(r"stage|sprint|week|iteration|increment")


def choose(headings: Sequence[Heading], has_boxes: bool, is_plan: bool = False) -> list[Heading]:
    """The headings that are work, in their order.

    Args:
        headings: those with an id, in their order.
        has_boxes: the document has boxes that are no criteria; headings without any marks are then no work.
        is_plan: the document calls itself a plan.
    """
    chosen = _choose(headings)
    if not chosen and not has_boxes:
        below = [item for item in _below_title(headings) if not (is_plan and _is_chapter_of_work(item))]
        families = _families(_outermost(below))
        chosen = [heading for family in families if _is_bare_work(family, is_plan) for heading in family]
    return sorted(chosen, key=lambda heading: heading.index)


def _is_chapter_of_work(heading: Heading) -> bool:
    """A numbered chapter that holds the work and is none: "2. Milestones"."""
    return not heading.kind and heading.id.isdigit() and _HOLDS_WORK.search(plain(heading.name)) is not None


def _choose(headings: Sequence[Heading]) -> list[Heading]:
    chosen: list[Heading] = []
    for family in _families(_outermost(headings)):
        deeper = _choose(_inside(family, headings))
        over = {outer.index for outer in _covering(family, deeper)}
        alone = [outer for outer in family if outer.index not in over]
        if deeper and (_weight([*deeper, *alone]) >= _weight(family) or _is_title(family, deeper)):
            chosen += [*deeper, *filter(_stands_alone, alone)]
        elif _is_work(family):
            chosen += _members(family)
        else:
            chosen += deeper
    return chosen


def _is_title(family: Sequence[Heading], deeper: Sequence[Heading]) -> bool:
    """A plan of one open phase: its title says so, and the parts that are numbered in it are the work.

    In a phase in progress one of them has to say that it is the one, or any may be in somebody's hands.
    """
    whole = family[0]
    if len(family) > 1 or whole.line.level > 1 or len(deeper) < _SEVERAL:
        return False
    places = [*whole.places, whole.field_place[0]] if whole.field_place else whole.places
    told = {place.status for place in places}
    is_open = told == {WorkStreamStatus.NOT_STARTED}
    is_begun = told == {WorkStreamStatus.IN_PROGRESS} and any(part.marked for part in deeper)
    return (is_open or is_begun) and all(part.body.boxes and part.id.startswith(f"{whole.id}.") for part in deeper)


def _below_title(headings: Sequence[Heading]) -> Sequence[Heading]:
    """Without the title of the document, which may have a number too."""
    is_title = len(headings) > 1 and headings[0].line.level == 1 and headings[0].covers(headings[-1])
    return headings[1:] if is_title else headings


def _inside(family: Sequence[Heading], headings: Sequence[Heading]) -> list[Heading]:
    """Those of `headings` in sections of `family`; both in the order of the document."""
    return [heading for heading, outer in _pairs(family, headings) if outer.covers(heading)]


def _covering(family: Sequence[Heading], headings: Sequence[Heading]) -> list[Heading]:
    ordered = sorted(headings, key=lambda heading: heading.index)
    return [outer for heading, outer in _pairs(family, ordered) if outer.covers(heading)]


def _pairs(family: Sequence[Heading], headings: Sequence[Heading]) -> Iterator[tuple[Heading, Heading]]:
    """Each heading with the last member of the family that begins before it."""
    position = -1
    for heading in headings:
        while position + 1 < len(family) and family[position + 1].index < heading.index:
            position += 1
        if position >= 0:
            yield heading, family[position]


def choose_titles(headings: Sequence[Heading]) -> list[Heading]:
    """The headings without an id that are work: the first level at which some say in words how far they are, or at
    which those above do, as on a board."""
    for family in _families(headings):
        told = [heading for heading in family if heading.worded]
        ahead = all(heading.batch and _AHEAD.match(plain(heading.batch)) for heading in family)
        columns = [heading for heading in family if heading.batch and status_of_group(heading.batch)]
        if 2 * len(columns) > len(family) > 1 and len({status_of_group(item.batch or "") for item in columns}) > 1:
            return columns
        needing = [heading for heading in family if heading.body.lists.get("depends_on")]
        if len(family) > 1 and ((told and ahead) or len(needing) == len(family)):
            return family
        if len(told) > 1 and 4 * len(told) >= len(family):
            return [heading for heading in family if heading.telling or not heading.body.is_prose]
    return []


def _stands_alone(outer: Heading) -> bool:
    """Work of its own beside siblings that are groups."""
    return outer.marked or bool(outer.body.boxes) or (bool(outer.kind) and outer.filled)


def tell_apart(headings: Sequence[Heading], chosen: Sequence[Heading]) -> None:
    """Where each group counts from 1 again, an id gets that of its group before it: task 1 of phase 2 is "2.1"."""
    counts = Counter(item.id.casefold() for item in chosen)
    again = {item.kind for item in chosen if counts[item.id.casefold()] > 1}
    for item, groups in list(groups_around(headings, chosen)):
        if item.kind in again and groups:
            item.id = f"{groups[-1].id}.{item.id}"


def groups_around(headings: Sequence[Heading], chosen: Sequence[Heading]) -> Iterator[tuple[Heading, list[Heading]]]:
    """Each heading that is work, with those around it that have an id and are groups."""
    taken = {heading.index for heading in chosen}
    open_: list[Heading] = []
    for heading in headings:
        while open_ and open_[-1].end <= heading.index:
            open_.pop()
        if heading.index in taken:
            yield heading, list(open_)
        else:
            open_.append(heading)


def _outermost(headings: Iterable[Heading]) -> list[Heading]:
    found: list[Heading] = []
    for heading in headings:
        if not found or heading.index >= found[-1].end:
            found.append(heading)
    return found


def _families(headings: Iterable[Heading]) -> list[list[Heading]]:
    families: dict[tuple[int, str], list[Heading]] = {}
    for heading in _once(headings):
        families.setdefault((heading.line.level, _way_of_counting(heading)), []).append(heading)
    return list(families.values())


def _once(headings: Iterable[Heading]) -> list[Heading]:
    """Without headings that have no mark and the name of another: a time table, say, lists the phases again."""
    found = list(headings)
    better = {(heading.kind, heading.id) for heading in found if heading.filled}
    kept = []
    seen: set[tuple[str, str, int]] = set()
    for heading in found:
        key = (heading.kind, heading.id)
        is_good = heading.filled or key not in better
        if is_good and (heading.telling or (*key, heading.group) not in seen):
            seen.add((*key, heading.group))
            kept.append(heading)
    return kept


def _way_of_counting(heading: Heading) -> str:
    if heading.kind:
        return heading.kind.removesuffix("s")
    if heading.id.isdigit():
        return "1"
    return "1.1" if heading.id[0].isdigit() else "A-1"


def _weight(family: Sequence[Heading]) -> tuple[float, float]:
    """The share of members that tell their status or what they wait for, and of those with more than prose below them.

    A few marks among many members are none: the first status that is written must not change what is work.
    """
    telling = sum(member.telling for member in family) / len(family)
    return telling if telling >= _FEW else 0.0, sum(member.filled for member in family) / len(family)


def _is_work(family: Sequence[Heading]) -> bool:
    telling = sum(member.telling for member in family)
    filled = sum(member.filled for member in family)
    if _way_of_counting(family[0]) == "1":
        # Documents number their chapters too.
        return telling > 0
    if telling < len(family) and _are_too_big(family):
        return False
    several = len(family) > 1 or bool(family[0].body.boxes)
    return telling > 0 or (several and 2 * filled >= len(family))


def _are_too_big(family: Sequence[Heading]) -> bool:
    """A phase that is planned for months is more than one branch; the boxes below it are what is worked on."""
    silent = [member for member in family if not member.telling]
    long = [member for member in silent if member.body.boxes and _MONTHS.search(member.line.content)]
    return 2 * len(long) > len(silent)


def _members(family: Sequence[Heading]) -> list[Heading]:
    telling = [member for member in family if member.telling or member.body.boxes]
    all_are = _way_of_counting(family[0]) != "1" or 2 * len(telling) > len(family)
    return list(family) if all_are else telling


def _is_bare_work(family: Sequence[Heading], is_plan: bool) -> bool:
    kind = family[0].counted_as
    return len(family) > 1 and bool(_SURELY_WORK.match(kind) or (is_plan and _WORK_OF_PLANS.match(kind)))
