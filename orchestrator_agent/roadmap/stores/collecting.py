"""From the entries of a store to what a format found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.roadmap.item_text import read_beginning
from orchestrator_agent.roadmap.plan_format import Found
from orchestrator_agent.roadmap.title_marks import read_ending

_HELD = (WorkStreamStatus.BLOCKED, WorkStreamStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class Entry:
    """One work stream of a store, and whatever its format needs in order to write it."""

    stream: WorkStream
    place: object


def collect(entries: Iterable[Entry], level: str, warnings: Sequence[str] = (), errors: Sequence[str] = ()) -> Found:
    """What was found. Of several entries with one id the first counts, and it is not offered: which one is meant?"""
    unique: dict[str, Entry] = {}
    doubles: dict[str, str] = {}
    problems = list(errors)
    for entry in map(_by_name, entries):
        key = entry.stream.id.casefold()
        first = unique.setdefault(key, entry)
        if first is not entry:
            here, there = _position(entry.stream), _position(first.stream)
            problems.append(f"{here}: {entry.stream.id[:80]} stands twice; the one at {there} counts.")
            doubles.setdefault(key, f"the end of its double at {here}")
    for key, double in doubles.items():
        stream = unique[key].stream
        unique[key] = replace(unique[key], stream=replace(stream, unresolved=(*stream.unresolved, double)))
    return Found(
        tuple(entry.stream for entry in unique.values()),
        tuple(warnings),
        {entry.stream.id: entry.place for entry in unique.values()},
        level if unique else "",
        tuple(problems),
    )


def held(stream: WorkStream, reason: str) -> WorkStream:
    """`stream` as something that is not to be begun, and that nothing waits for."""
    return replace(stream, status=WorkStreamStatus.BLOCKED, blocked_reason=one_line(reason[:200]), step=None)


def _by_name(entry: Entry) -> Entry:
    """Open work that its name calls blocked or deferred is not offered: "[BLOCKED] Fax", "Fax (deferred)"."""
    stream = entry.stream
    if stream.status is not WorkStreamStatus.NOT_STARTED:
        return entry
    label, ending = read_beginning(stream.name), read_ending(stream.name, 0, {})
    places = [label[0]] if label and label[0].kind == "label" else []
    places += [ending[0]] if ending and stream.name[ending[1]] in "([（" else []
    told = next((place.example for place in places if place.status in _HELD), None)
    return entry if told is None else replace(entry, stream=held(stream, f"its name says {told}"))


def one_line(text: str) -> str:
    """A name in one line."""
    return " ".join(text.split())


def _position(stream: WorkStream) -> str:
    return f"{stream.source.path}:{stream.source.first_line}" if stream.source else ""
