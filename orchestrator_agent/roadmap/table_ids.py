"""Numbers that several tables have: each table counts its own rows, or one of them counts the groups of the others.

## Phase 1                         ## Phase 2
| # | Task   | Status |            | # | Task  | Depends on | Status |
| 1 | Bricks | Done   |            | 1 | Beams | -          | Open   |   (1 of phase 2 is "2.1")
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.columns import Columns, heads_a_group
from orchestrator_agent.roadmap.dependencies import KIND
from orchestrator_agent.roadmap.drafts import Draft
from orchestrator_agent.roadmap.slugs import Slugs
from orchestrator_agent.roadmap.table_lines import Table

_COUNTED_TITLE = regex(
    r"\W*(?:phase|milestone|stage|step|sprint|week|wave|iteration|part|batch|track|epic|group|阶段|階段|フェーズ|этап|фаза)"
    r"[ #-]{0,2}(\d{1,4}|[A-Z]\b)",
    re.IGNORECASE,
)
_NUMBER = regex(rf"(?P<kind>\b{KIND}[ #]+)?(?<![\w.#-])#?(?P<number>\d{{1,4}}[a-z]?)(?![\w.])", re.IGNORECASE)


@dataclass(slots=True)
class Rows:
    """The work of one table."""

    table: Table
    columns: Columns
    drafts: list[Draft]

    @property
    def numbers(self) -> dict[str, str]:
        """The name by id of those that have a bare number."""
        return {d.id: d.name.casefold() for d in self.drafts if d.id[:1].isdigit() and d.id.isalnum()}

    @property
    def are_groups(self) -> bool:
        """Their numbers stand under a head like "Phase"."""
        return heads_a_group(self.table, self.columns)


def told_apart(tables: Sequence[Rows], slugs: Slugs) -> list[Draft]:
    """The work of all tables, with ids that stand once where the tables count anew."""
    if len(tables) < 2:
        return [draft for rows in tables for draft in rows.drafts]
    names: defaultdict[str, list[str]] = defaultdict(list)
    tasks: set[str] = set()
    for rows in tables:
        for id_, name in rows.numbers.items():
            names[id_].append(name)
        tasks |= set() if rows.are_groups else rows.numbers.keys()
    kept = [(rows, again) for rows in tables if not ((again := _counts_anew(rows, names)) and _groups(rows, tasks))]
    labels = [group_number(rows.table) for rows, again in kept if again]
    are_good = len(set(labels)) == len(labels) and "" not in labels
    for rows, again in kept if len(labels) > 1 else ():
        if again:
            _rename(rows.drafts, f"{group_number(rows.table)}." if are_good else "", slugs)
    return [draft for rows, _ in kept for draft in rows.drafts]


def _counts_anew(rows: Rows, names: Mapping[str, Sequence[str]]) -> bool:
    """It has numbers that others have for different things, and none for the same."""
    shared = {id_: name for id_, name in rows.numbers.items() if len(names[id_]) > 1}
    return bool(shared) and all(names[id_].count(name) == 1 and name != id_ for id_, name in shared.items())


def _groups(rows: Rows, tasks: set[str]) -> bool:
    """It counts phases, and another table the tasks in them."""
    return rows.are_groups and not tasks.isdisjoint(rows.numbers)


def group_number(table: Table) -> str:
    """The number of the group that a table stands under."""
    found = next((match for title in reversed(table.titles) if (match := _COUNTED_TITLE.match(title))), None)
    return found[1] if found else ""


def _rename(drafts: Sequence[Draft], prefix: str, slugs: Slugs) -> None:
    """Give each row an id of its own; without a prefix its number was none."""
    new = {draft.id: f"{prefix}{draft.id}" if prefix else slugs.of(draft.name) for draft in drafts}
    for draft in drafts:
        draft.depends_on = [_renamed(text, new) for text in draft.depends_on]
        draft.id = new[draft.id]


def _renamed(text: str, new: dict[str, str]) -> str:
    def one(match: re.Match[str]) -> str:
        return match[0] if match["kind"] else new.get(match["number"], match[0])

    return _NUMBER.sub(one, _written_out(text, new.keys()))


_RANGE = regex(r"(?<![\w.])#?(\d{1,4}) ?[-–—] ?#?(\d{1,4})(?![\w.])")


def _written_out(text: str, ids: Collection[str]) -> str:
    """ "1-3" as "1, 2, 3" where these are rows."""

    def one(match: re.Match[str]) -> str:
        inner = [str(number) for number in range(int(match[1]), min(int(match[2]), int(match[1]) + 250) + 1)]
        return ", ".join(inner) if inner and all(id_ in ids for id_ in inner) else match[0]

    return _RANGE.sub(one, text)
