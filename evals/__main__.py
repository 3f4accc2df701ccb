"""`python -m evals [plans] [goals] [scenarios] [agent]`: is what people write understood well enough?"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from evals import results
from evals.agent import run as agent
from evals.gates import broken, load_gates
from evals.goals import run as goals
from evals.plans import run as plans
from evals.reports import Report
from evals.scenarios import run as scenarios
from orchestrator_agent.terminal import clean

PARTS = ("plans", "goals", "scenarios", "agent")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the parts that `argv` names, print their tables; 0, or 1 when a gate is not passed, or 2 on bad input."""
    options = _parser().parse_args(argv)
    try:
        reports = [_run(part, options) for part in PARTS if part in (options.parts or PARTS)]
    except (OSError, ValueError) as error:
        print(clean(str(error)), file=sys.stderr)
        return 2
    for report in reports:
        _show(report, options.details)
    whole = not (options.only or options.predictions)
    failed = broken(load_gates(), reports) if whole else []
    for text in failed:
        print(f"NOT ENOUGH: {text}", file=sys.stderr)
    if options.json:
        record = {"broken": failed, **{r.part: {"figures": r.figures, "rows": r.rows} for r in reports}}
        options.json.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", "utf-8")
    if options.results:
        results.write(reports, failed, date.today())
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evals", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", choices=[*PARTS, []], metavar="PART", help=f"{', '.join(PARTS)}; all by default"
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="some plans, goals or scenarios only; no gates then")
    parser.add_argument("--details", action="store_true", help="print every mistake")
    parser.add_argument(
        "--predictions", type=Path, metavar="FILE", help="grade these readings of the goals; no gates then"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures and rows to this file")
    parser.add_argument("--results", action="store_true", help="write evals/RESULTS.md")
    return parser


def _run(part: str, options: argparse.Namespace) -> Report:
    if part == "plans":
        return plans.run(options.only)
    if part == "goals":
        return goals.run(options.predictions, options.only)
    return scenarios.run(options.only) if part == "scenarios" else agent.without_model(options.only)


def _show(report: Report, details: bool) -> None:
    for table in (*report.tables, *report.more_tables):
        print(clean(table.plain(), keep_newlines=True))
    for text in report.mistakes if details else ():
        print(clean(text, keep_newlines=True))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        sys.stdout = None
        sys.exit(1)
