"""What the texts about dependencies of a plan can name, and what one of them says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator_agent.patterns import regex

_GROUP_NAME = regex(r"[\W_]*((?:[A-Za-z]+ ){1,2}\d+(?:\.\d+)*)\b")
_BEFORE_NUMBER = regex(r"^[^\d]+")
#: "W02" of "AB-W02".
_TAIL = regex(r"-([A-Z]{1,4}\d{1,9})$")


@dataclass(frozen=True, slots=True)
class Known:
    """What dependency texts can name."""

    #: Casefolded id -> id, in the order of the file.
    ids: Mapping[str, str]
    #: Casefolded name -> id, for names that stand once.
    names: Mapping[str, str] = field(default_factory=dict)
    #: "batch 1" -> ids of its members.
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    #: "283" -> "REQ-283", for numbers that stand once.
    numbers: Mapping[str, str] = field(default_factory=dict)
    #: What the plan calls its work: "stage" of "## Stage 2".
    kinds: frozenset[str] = frozenset()
    #: The ids themselves, in the order of the file, and the place of each.
    order: Sequence[str] = ()
    places: Mapping[str, int] = field(default_factory=dict)
    #: What was read already, by text and id: several rules ask for the same.
    read: dict[tuple[str, str], Dependencies] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, streams: Iterable[tuple[str, str, str | None]], kinds: Iterable[str] = ()) -> Known:
        """From the (id, name, group heading) of all work streams, and what the plan calls them."""
        ids: dict[str, str] = {}
        names: dict[str, str] = {}
        groups: dict[str, list[str]] = {}
        called: dict[str, str] = {}
        numbers: dict[str, str] = {}
        for id_, name, group in streams:
            ids[id_.casefold()] = id_
            key = name.casefold()
            _note(names, key, id_)
            if " (" in key:
                _note(names, key.partition(" (")[0], id_)
            _note(numbers, id_ if id_[:1].isdigit() else _BEFORE_NUMBER.sub("", id_), id_)
            if tail := _TAIL.search(id_):
                _note(names, tail[1].casefold(), id_)
            if group and group not in called:
                match = _GROUP_NAME.match(" ".join(group[:80].split()))
                called[group] = match[1].casefold() if match else ""
            if group and called[group]:
                groups.setdefault(called[group], []).append(id_)
        order = tuple(ids.values())
        _note_numbers(names, order)
        places = {id_: place for place, id_ in enumerate(order)}
        words = frozenset(kind.removesuffix("s") for kind in kinds if kind)
        return cls(ids, _single(names), groups, _single(numbers), words, order, places)


def _note(found: dict[str, str], key: str, id_: str) -> None:
    """Put the id under `key`; what several ids have is nobody's."""
    if found.setdefault(key, id_) != id_:
        found[key] = ""


def _note_numbers(found: dict[str, str], ids: Sequence[str]) -> None:
    """ "001" leaves no doubt where all ids are like "AB-001"."""
    parts = [id_.rpartition("-") for id_ in ids]
    if len({prefix for prefix, _, _ in parts}) == 1 and all(dash and end.isdigit() for _, dash, end in parts):
        for (_, _, number), id_ in zip(parts, ids, strict=True):
            _note(found, number, id_)


def _single(found: Mapping[str, str]) -> dict[str, str]:
    return {key: id_ for key, id_ in found.items() if key and id_}


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What one dependency text says."""

    ids: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()
    #: Ids with a tick or "complete" behind them. Decoration, unless the file does not hold the id.
    ticked: frozenset[str] = frozenset()
    #: Pairs of an earlier and a later id that the text puts in order on its way: (1, 2) of "1 → 2 → 3".
    order: tuple[tuple[str, str], ...] = ()


NO_DEPENDENCIES = Dependencies()
