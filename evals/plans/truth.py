"""What a sensible person reads from a plan, as a value; the README beside `evals` describes the file format."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Statuses in truth files, and what the reader of plans calls them.
STATUSES = {
    "todo": "not_started",
    "in_progress": "in_progress",
    "done": "complete",
    "blocked": "blocked",
    "cancelled": "cancelled",
}
Ids = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueItem:
    """A work stream by the truth. What a second level does not state is None or, for `effort_stated`, False."""

    id: str
    name: str = ""
    #: 1-based line of its first mention.
    line: int | None = None
    #: In the words of the reader of plans.
    status: str | None = None
    depends_on: Ids | None = None
    effort: str | None = None
    effort_stated: bool = False
    claimed_by: str | None = None
    claim_stated: bool = False
    #: Two readings are reasonable: neither finding nor missing it counts.
    ambiguous: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """The work streams of a plan at one level of detail."""

    items: tuple[TrueItem, ...]
    #: Must be offered now; None where the level says nothing about it.
    available: Ids | None = None
    #: May be offered.
    available_ambiguous: Ids = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The truth about one plan."""

    #: Relative to the folder of the plans.
    file: str
    format: str
    main: Level
    #: Another level that is also sensible.
    other: Level | None = None
    #: False: the ids are ordinals, and items are compared by name.
    id_explicit: bool = True
    #: True: the plan has more items than are listed.
    truncated: bool = False
    containers: Ids = ()
    external_done: Ids = ()
    external_unknown: Ids = ()
    blocked_but_dependencies_done: Ids = ()

    @property
    def is_tagged(self) -> bool:
        """True where an id is unique with its tag only."""
        return self.format == "taskmaster-tagged"


def load_truths(folder: Path) -> list[Truth]:
    """The truth files of a folder, in the order of their plans.

    Raises:
        ValueError: a file lacks what every truth says; the text names it.
    """
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(_truth(json.loads(path.read_text("utf-8"))))
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path.name} is no truth file: {error} is missing or wrong.") from None
    return sorted(found, key=lambda truth: truth.file)


def _truth(record: Mapping[str, Any]) -> Truth:
    other = record.get("alt_level") or {}
    lists = ("containers", "external_done", "external_unknown", "blocked_but_dependencies_done")
    return Truth(
        file=record["file"],
        format=record["format"],
        main=_level(record, tuple(record["available"])),
        other=_level(other, _ids(other.get("available"))) if other.get("items") else None,
        id_explicit=record.get("id_explicit", True),
        truncated=bool(record.get("truncated")),
        **{key: tuple(record.get(key, ())) for key in lists},
    )


def _level(record: Mapping[str, Any], available: Ids | None) -> Level:
    items = tuple(_item(item) for item in record["items"])
    return Level(items=items, available=available, available_ambiguous=tuple(record.get("available_ambiguous") or ()))


def _item(record: Mapping[str, Any]) -> TrueItem:
    return TrueItem(
        id=record["id"],
        name=record.get("name") or "",
        line=record.get("line"),
        status=STATUSES[record["status"]] if record.get("status") else None,
        depends_on=_ids(record.get("depends_on")),
        effort=record.get("effort"),
        effort_stated="effort" in record,
        claimed_by=record.get("claimed_by"),
        claim_stated="claimed_by" in record,
        ambiguous=bool(record.get("ambiguous")),
        note=record.get("note") or "",
    )


def _ids(value: list[str] | None) -> Ids | None:
    return None if value is None else tuple(value)
