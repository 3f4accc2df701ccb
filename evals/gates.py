"""What the figures must not fall below."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from evals.reports import Report

GATES = Path(__file__).with_name("gates.toml")
#: By part, set, "at_least" or "at_most", and the name of the figure.
Gates = Mapping[str, Mapping[str, Mapping[str, Mapping[str, float]]]]


def load_gates(path: Path = GATES) -> Gates:
    """The gates of a TOML file."""
    found: Gates = tomllib.loads(path.read_text("utf-8"))
    return found


def broken(gates: Gates, reports: Iterable[Report]) -> list[str]:
    """A sentence for each gate that a report does not pass; a set that the report lacks is not judged.

    A figure that could not be measured does not pass, because a set whose goals or plans went missing must be noticed.
    """
    found = []
    for report in reports:
        for name, limits in gates.get(report.part, {}).items():
            figures = report.figures.get(name)
            if figures is None:
                continue
            for bound, wanted in limits.items():
                for figure, limit in wanted.items():
                    got = figures[figure]
                    good = got is not None and (got >= limit if bound == "at_least" else got <= limit)
                    if not good:
                        said = "is unknown" if got is None else f"is {got:.4g}"
                        found.append(
                            f"{report.part} {name}: {figure} {said}, {bound.replace('_', ' ')} {limit:g} wanted"
                        )
    return found
