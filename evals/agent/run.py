"""The scenarios played so and so often, what they took, and how many passed: once, and every time."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from evals.agent.players import Trial, play_by_rules
from evals.reports import Figures, Report, Table, percent
from evals.scenarios.run import load_all
from evals.scenarios.world import Scenario, World
from orchestrator_agent.interpreters.claude import Usage

Player = Callable[[Scenario, World], Trial]
_SETS = ("all", "safety", "injection")


def without_model(only: str = "") -> Report:
    """What needs no key: the rules on the scenarios that they can serve, and the test of the harness."""
    from evals.agent.harness import play_by_script

    scenarios = load_all(only)
    single = [scenario for scenario in scenarios if len(scenario["turns"]) == 1]
    by_rules = [play_by_rules(scenario, World(scenario)) for scenario in single]
    by_script = [play_by_script(scenario, World(scenario)) for scenario in scenarios]
    rules = figures(single, by_rules, 1)
    harness = {"scenarios": float(len(scenarios)), "passed": _share(trial.passed for trial in by_script)}
    head = ("agent", "scenarios", "passed", "safety", "injection", "harmful")
    rows = (
        (
            "rules (one turn, replies not judged)",
            f"{len(single)}",
            *(percent(rules[f"{s}_pass_at_1"]) for s in _SETS),
            _number(rules["harmful"], 0),
        ),
        ("harness: solutions, replayed by a stand-in", f"{len(scenarios)}", percent(harness["passed"]), "-", "-", "-"),
        ("claude", f"{len(scenarios)}", "not measured: no key was at hand", "-", "-", "-"),
    )
    return Report(
        part="agent",
        figures={"rules": rules, "harness": harness},
        tables=(Table("Agents in scenarios", head, rows),),
        mistakes=(*_mistakes("rules", by_rules), *_mistakes("harness", by_script)),
        rows=tuple(
            {**row(trial), "agent": name} for name, ts in (("rules", by_rules), ("harness", by_script)) for trial in ts
        ),
    )


def measure(
    scenarios: Sequence[Scenario], player: Player, trials: int, *, jobs: int = 1, max_usd: float = math.inf
) -> Iterator[Trial]:
    """Play each scenario `trials` times, each in a fresh world, in rounds over all of them.

    Args:
        jobs: so many at once.
        max_usd: no further trial begins when what was spent has reached this; the rest is left out.
    """
    waiting = [scenario for _ in range(trials) for scenario in scenarios]
    spent = 0.0
    with ThreadPoolExecutor(jobs) as pool:
        while waiting and spent < max_usd:
            now, waiting = waiting[:jobs], waiting[jobs:]
            for trial in pool.map(lambda scenario: player(scenario, World(scenario)), now):
                spent += trial.cost
                yield trial


def figures(scenarios: Sequence[Scenario], trials: Sequence[Trial], k: int) -> Figures:
    """Shares of what passed, safety and injections apart; and what a trial took on average.

    `harmful` counts trials in which something was done, or tried, that must not be. `pass_at_1` is the mean over
    scenarios of the share of trials that passed, `pass_hat_k` the chance that k of them all pass:
    C(passed, k) / C(played, k), over the scenarios that were played k times.
    """
    played: dict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        if not trial.broken:
            played[trial.id].append(trial)
    found: Figures = {"scenarios": float(len(played)), "trials": float(sum(map(len, played.values())))}
    found["broken"] = float(len(trials)) - (found["trials"] or 0)
    for name in _SETS:
        ids = [
            s["id"] for s in scenarios if name == "all" or (s.get("safety") if name == "safety" else name in s["tags"])
        ]
        groups = [played[id_] for id_ in ids if played[id_]]
        found[f"{name}_pass_at_1"] = _mean(_share(t.passed for t in group) or 0.0 for group in groups)
        found[f"{name}_pass_hat_k"] = _mean(_all_pass(group, k) for group in groups if len(group) >= k)
    done = [trial for group in played.values() for trial in group]
    found["harmful"] = float(sum(trial.harmful for trial in done))
    found |= {
        "tool_calls": _mean(float(t.tool_calls) for t in done),
        "turns": _mean(float(t.usage.requests) for t in done),
        "input_tokens": _mean(float(t.usage.context) for t in done),
        "output_tokens": _mean(float(t.usage.output) for t in done),
        "cost_usd": _mean(t.cost for t in done),
        "seconds": _mean(t.took for t in done),
    }
    return found


def report(agent: str, scenarios: Sequence[Scenario], trials: Sequence[Trial], k: int) -> Report:
    """All of it as tables: the whole, and each scenario."""
    found = figures(scenarios, trials, k)
    shares = [(name, *(percent(found[f"{name}_{key}"]) for key in ("pass_at_1", "pass_hat_k"))) for name in _SETS]
    costs = [(name, _number(found[name])) for name in ("tool_calls", "turns", "input_tokens", "output_tokens")]
    costs += [(name, _number(found[name], 4)) for name in ("cost_usd", "seconds")]
    spent = f"{sum(trial.cost for trial in trials):.2f}"
    return Report(
        part="agent",
        figures={agent: found},
        tables=(
            Table(f"{agent}: {len(trials)} trials, {spent} USD", ("scenarios", "pass@1", f"pass^{k}"), tuple(shares)),
            Table(
                "A trial takes, on average",
                ("what", agent),
                (
                    *costs,
                    ("harmful, in all", _number(found["harmful"], 0)),
                    ("broken off, not counted", _number(found["broken"], 0)),
                ),
            ),
        ),
        more_tables=(
            Table("Each scenario", ("scenario", "passed", "calls", "turns", "tokens", "usd"), tuple(_each(trials))),
        ),
        mistakes=tuple(_mistakes(agent, trials)),
        rows=tuple({**row(trial), "agent": agent} for trial in trials),
    )


def row(trial: Trial) -> dict[str, Any]:
    """A trial as a JSON object, without its transcript."""
    return {
        "id": trial.id,
        "passed": trial.passed,
        "mistakes": list(trial.mistakes),
        "broken": trial.broken,
        "tool_calls": trial.tool_calls,
        "turns": trial.usage.requests,
        "input_tokens": trial.usage.context,
        "cached_tokens": trial.usage.cache_read,
        "output_tokens": trial.usage.output,
        "cost_usd": round(trial.cost, 6),
        "seconds": round(trial.took, 3),
    }


def save(trial: Trial, number: int, folder: Path) -> None:
    """Keep a trial with its transcript, and a line of it in results.jsonl."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {**row(trial), "transcript": list(trial.transcript)}
    text = json.dumps(whole, ensure_ascii=False, indent=1, default=str)
    (folder / f"{number:04}-{trial.id}.json").write_text(text + "\n", "utf-8")
    with (folder / "results.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row(trial), ensure_ascii=False) + "\n")


def _each(trials: Sequence[Trial]) -> Iterator[tuple[str, ...]]:
    groups: dict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        groups[trial.id].append(trial)
    for id_, group in groups.items():
        passed, played = sum(t.passed for t in group), sum(not t.broken for t in group)
        usage = sum((t.usage for t in group), Usage())
        count = len(group)
        yield (
            id_,
            f"{passed}/{played}",
            f"{sum(t.tool_calls for t in group) / count:.1f}",
            f"{usage.requests / count:.1f}",
            f"{(usage.context + usage.output) / count:.0f}",
            f"{sum(t.cost for t in group) / count:.4f}",
        )


def _mistakes(agent: str, trials: Iterable[Trial]) -> Iterator[str]:
    for trial in trials:
        yield from (
            f"{agent} {trial.id}: {text}" for text in trial.mistakes or ([trial.broken] if trial.broken else [])
        )


def _all_pass(group: Sequence[Trial], k: int) -> float:
    return math.comb(sum(trial.passed for trial in group), k) / math.comb(len(group), k)


def _share(values: Iterable[bool]) -> float | None:
    return _mean(float(value) for value in values)


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return sum(found) / len(found) if found else None


def _number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
