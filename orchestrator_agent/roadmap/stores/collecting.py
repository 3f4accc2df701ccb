"""From the entries of a store to what a format found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from orchestrator_agent.model import WorkStream
from orchestrator_agent.roadmap.plan_format import Found


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
    for entry in entries:
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


def one_line(text: str) -> str:
    """A name in one line."""
    return " ".join(text.split())


def _position(stream: WorkStream) -> str:
    return f"{stream.source.path}:{stream.source.first_line}" if stream.source else ""
