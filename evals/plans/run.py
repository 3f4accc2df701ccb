"""Reads every plan that has a truth file and reports how well it was read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from evals.plans.matching import ReadItem
from evals.plans.scoring import FORBIDDEN, Score, figures, score
from evals.plans.truth import Truth, load_truths
from evals.plans.writing import Written, write_back
from evals.reports import Figures, Report, Table, percent
from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.roadmap import read_plan
from orchestrator_agent.roadmap.availability import availability
from orchestrator_agent.roadmap.sources import WorkingTree

HERE = Path(__file__).parent
#: The plans that the project carries, and where plans of other people may lie beside the project. The fresh ones are
#: by another author than the readers of plans.
SETS = {
    "own": HERE / "own",
    "fresh": HERE / "fresh",
    "open": HERE.parents[2] / "shared" / "corpus" / "plans",
}
_COLUMNS = {
    "items": "items",
    "status": "status",
    "dependencies": "deps",
    "effort": "effort",
    "claims": "claims",
    "offer_precision": "offers prec.",
    "offer_recall": "offers recall",
    "names": "names",
}
_WRITING = ("written", "lines")


@dataclass(frozen=True, slots=True)
class _Row:
    set: str
    truth: Truth
    items: tuple[ReadItem, ...]
    error: str
    score: Score
    written: Written


def run(only: str = "", names: Sequence[str] = tuple(SETS)) -> Report:
    """Score the reader of plans.

    Args:
        only: a part of the paths of the plans to look at.
        names: which sets, of those that are at hand.
    """
    rows = [
        _row(name, SETS[name], truth)
        for name in names
        for truth in load_truths(SETS[name] / "truth")
        if only in truth.file
    ]
    sets = {name: [row for row in rows if row.set == name] for name in SETS}
    sets = {name: members for name, members in sets.items() if members}
    found = {name: _pooled(members) for name, members in sets.items()}
    return Report(
        part="plans",
        figures=found,
        tables=(_overview(found), *(_table(name, sets[name]) for name in ("own", "fresh") if name in sets)),
        more_tables=tuple(_table(name, members) for name, members in sets.items() if name == "open"),
        mistakes=tuple(f"{row.truth.file}: {mistake}" for row in rows for mistake in _all_mistakes(row)),
        rows=tuple(_record(row) for row in rows),
    )


def read_items(folder: Path, file: str) -> tuple[ReadItem, ...]:
    """The work streams of the plan `file`, relative to `folder`.

    Raises:
        RoadmapError: it cannot be read.
    """
    streams = read_plan(WorkingTree(folder), [file]).work_streams
    may = availability(streams)
    return tuple(
        ReadItem(
            id=stream.id,
            name=stream.name,
            status=stream.status.value,
            depends_on=stream.depends_on,
            effort=stream.effort,
            claimed_by=stream.assigned_to,
            available=may[stream.id].available,
        )
        for stream in streams
    )


def _row(name: str, folder: Path, truth: Truth) -> _Row:
    error = ""
    items: tuple[ReadItem, ...] = ()
    written = Written()
    try:
        items = read_items(folder, truth.file)
        written = write_back(folder, truth.file)
    except RoadmapError as refused:
        error = str(refused)
    return _Row(name, truth, items, error, score(truth, items), written)


def _pooled(rows: Sequence[_Row]) -> Figures:
    total: Counter[str] = Counter()
    for row in rows:
        total.update(row.score.counts)
    right = sum(row.score.is_right for row in rows)
    return {"plans": len(rows), "fully_right": right, **figures(total), **_writing([row.written for row in rows])}


def _writing(found: Sequence[Written]) -> Figures:
    tried, lines = sum(one.tried for one in found), [count for one in found for count in one.lines]
    return {"written": len(lines) / tried if tried else None, "lines": sum(lines) / len(lines) if lines else None}


def _overview(found: Mapping[str, Figures]) -> Table:
    head = ("set", "plans", "fully right", *_COLUMNS.values(), "forbidden", *_WRITING)
    rows = [
        (name, f"{one['plans']:.0f}", f"{one['fully_right']:.0f}", *_shares(one), *_last(one))
        for name, one in found.items()
    ]
    return Table("Plans, pooled", head, tuple(rows))


def _table(name: str, members: Sequence[_Row]) -> Table:
    rows = []
    for row in members:
        one = figures(row.score.counts) | _writing([row.written])
        right = "yes" if row.score.is_right else "error" if row.error else "no"
        rows.append((row.truth.file, *_shares(one), *_last(one), right))
    head = ("plan", *_COLUMNS.values(), "forbidden", *_WRITING, "fully right")
    return Table(f"Plans of the set {name}", head, tuple(rows))


def _shares(one: Figures) -> list[str]:
    return [percent(one[key]) for key in _COLUMNS]


def _last(one: Figures) -> list[str]:
    lines = "-" if one["lines"] is None else f"{one['lines']:.1f}"
    return [f"{one['forbidden']:.0f}", percent(one["written"]), lines]


def _all_mistakes(row: _Row) -> list[str]:
    worst_first = sorted(row.score.mistakes, key=lambda text: not text.startswith(FORBIDDEN))
    unread = [f"not read: {row.error}"] if row.error else []
    return [*unread, *worst_first, *row.written.refusals]


def _record(row: _Row) -> dict[str, object]:
    return {
        "file": row.truth.file,
        "set": row.set,
        "format": row.truth.format,
        "level": row.score.level,
        "error": row.error or None,
        "figures": figures(row.score.counts) | _writing([row.written]),
        "mistakes": list(row.score.mistakes),
        "items": [asdict(item) for item in row.items],
    }
