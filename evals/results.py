"""RESULTS.md: the figures of the last full run, for readers."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from evals.reports import Report
from orchestrator_agent.version import VERSION

RESULTS = Path(__file__).with_name("RESULTS.md")


def write(reports: Sequence[Report], broken: Sequence[str], today: date) -> None:
    """Replace RESULTS.md by the tables of `reports`.

    Args:
        broken: sentences about gates that were not passed.
        today: the day of the run.
    """
    head = [
        "# Results",
        "",
        f"{today.isoformat()}, version {VERSION}, Python {platform.python_version()}. What is measured stands in",
        "[README.md](README.md); shares are per cent. Written by `make evals ARGS=--results`.",
        "",
        "All gates are passed." if not broken else "Gates that are not passed:",
        *(["", *(f"- {text}" for text in broken)] if broken else []),
        "",
    ]
    parts = [part for report in reports for part in (f"## {report.part.capitalize()}", "", *_tables(report))]
    RESULTS.write_text("\n".join([*head, *parts]).rstrip("\n") + "\n", "utf-8")


def _tables(report: Report) -> list[str]:
    return [table.markdown() for table in report.tables]
