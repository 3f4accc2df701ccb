"""`python -m evals.agent`: how well an agent does what people say, in scenarios of several turns."""

from __future__ import annotations

import argparse
import functools
import json
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from evals.agent import run
from evals.agent.harness import play_by_script
from evals.agent.players import Trial, play_by_model, play_by_rules
from evals.reports import Report
from evals.scenarios.run import load_all
from evals.scenarios.world import Scenario
from orchestrator_agent.terminal import clean

_KEYS = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")


def main(argv: Sequence[str] | None = None) -> int:
    """Play what `argv` says and print the tables; 0, 1 when all trials of a model broke off, or 2 on bad input."""
    options = _parser().parse_args(argv)
    try:
        return _main(options)
    except (OSError, ValueError) as error:
        print(clean(str(error)), file=sys.stderr)
        return 2


def _main(options: argparse.Namespace) -> int:
    has_key = any(os.environ.get(name) for name in _KEYS)
    if options.agent == "claude" and not has_key:
        raise ValueError(
            "There is no key for a model: set ANTHROPIC_API_KEY (and ANTHROPIC_BASE_URL for another server)."
        )
    if options.agent is None and not has_key:
        print("No key for a model is set (ANTHROPIC_API_KEY), so only the rules and the harness itself are tested.")
        return _finish(options, run.without_model(options.only))
    agent = options.agent or "claude"
    scenarios = load_all(options.only)
    if agent == "rules":
        scenarios = [scenario for scenario in scenarios if len(scenario["turns"]) == 1]
    trials = _play(options, agent, scenarios)
    if len(trials) < options.trials * len(scenarios):
        print(
            f"STOPPED at {options.max_usd} USD: {len(trials)} of {options.trials * len(scenarios)} trials were played."
        )
    code = _finish(options, run.report(_NAMES[agent], scenarios, trials, options.trials))
    return 1 if trials and all(trial.broken for trial in trials) else code


#: What the tables call them: a replayed solution must not be taken for a result.
_NAMES = {"claude": "claude", "rules": "rules (replies not judged)", "scripted": "harness (solutions replayed)"}


def _play(options: argparse.Namespace, agent: str, scenarios: Sequence[Scenario]) -> list[Trial]:
    players: dict[str, run.Player] = {
        "claude": functools.partial(play_by_model, model=options.model),
        "rules": play_by_rules,
        "scripted": play_by_script,
    }
    # The stand-in's address is in the environment, which all trials share.
    jobs = options.jobs if agent == "claude" else 1
    trials = []
    for trial in run.measure(scenarios, players[agent], options.trials, jobs=jobs, max_usd=options.max_usd):
        trials.append(trial)
        if options.out:
            run.save(trial, len(trials), options.out)
        if agent == "claude":
            print(f"{'pass' if trial.passed else 'BROKEN' if trial.broken else 'FAIL':6} {trial.id}", file=sys.stderr)
    return trials


def _finish(options: argparse.Namespace, report: Report) -> int:
    for table in (*report.tables, *report.more_tables):
        print(clean(table.plain(), keep_newlines=True))
    for text in report.mistakes if options.details else ():
        print(clean(text))
    if options.json:
        record = {"figures": report.figures, "rows": report.rows}
        options.json.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evals.agent", description=__doc__)
    parser.add_argument("--agent", choices=tuple(_NAMES), help="who plays; by default claude, without a key the others")
    parser.add_argument(
        "--trials", type=int, default=1, metavar="N", help="play each scenario so often; pass^N is told"
    )
    parser.add_argument("--only", default="", metavar="TEXT", help="scenarios with this in their id or tags")
    parser.add_argument("--model", default="", metavar="NAME", help="another model than the default")
    parser.add_argument("--max-usd", type=float, default=math.inf, metavar="X", help="begin no trial beyond this cost")
    parser.add_argument("--jobs", type=int, default=4, metavar="N", help="conversations with a model at once")
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep every transcript, and results.jsonl")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures and rows to this file")
    parser.add_argument("--details", action="store_true", help="print every mistake")
    return parser


if __name__ == "__main__":
    sys.exit(main())
