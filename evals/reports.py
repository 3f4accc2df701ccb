"""What a part of the evaluation found, and its tables on a terminal and in Markdown."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: Shares from 0 to 1 and counts by name; None where a set has nothing to measure.
Figures = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Table:
    """Texts in rows; the first column is aligned left, the others right."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def plain(self) -> str:
        """For a terminal."""
        lines = [self.head, *self.rows]
        widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
        shown = ["  ".join(_aligned(line, widths)).rstrip() for line in lines]
        return "\n".join([f"\n{self.title}", shown[0], "-" * sum(widths, 2 * len(widths) - 2), *shown[1:]])

    def markdown(self) -> str:
        """For a Markdown file, under a heading of level three."""
        rule = ["---", *["---:"] * (len(self.head) - 1)]
        rows = [[cell.replace("|", "\\|") for cell in row] for row in (self.head, rule, *self.rows)]
        return "\n".join([f"### {self.title}", "", *(f"| {' | '.join(row)} |" for row in rows), ""])


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One part of the evaluation after its run."""

    #: "goals", "plans" or "scenarios".
    part: str
    #: What the gates look at, by the name of the set.
    figures: Mapping[str, Figures]
    tables: tuple[Table, ...]
    #: Tables for the terminal that do not go into RESULTS.md.
    more_tables: tuple[Table, ...] = ()
    #: Every mistake, as sentences.
    mistakes: tuple[str, ...] = ()
    #: One JSON object for each goal, plan or scenario.
    rows: tuple[Mapping[str, Any], ...] = ()


def percent(value: float | None) -> str:
    """A share for people: "97.3", or "-" when there is none."""
    return "-" if value is None else f"{100 * value:.1f}"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _aligned(cells: tuple[str, ...], widths: list[int]) -> list[str]:
    padded = [" " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True)]
    return [cells[0] + padded[0], *(pad + cell for cell, pad in zip(cells[1:], padded[1:], strict=True))]
