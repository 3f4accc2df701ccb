"""Fits the confidence of the rules interpreter to labelled goals: prints the tables of `interpreters/calibration.py`.

    python benchmarks/fit_goals.py evals/goals/dev.jsonl evals/goals/fresh.jsonl

Each reading is right or wrong by the grading of `evals/goals`. What it stands on (an id, a selection, a name, words of
the grammar, a question back) gives its group; readings by name are fitted again by how well the words fit, with rates
that never fall as the fit grows (pool adjacent violators). A rate is smoothed by two goals, one right and one wrong.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from evals.goals.grading import grade
from evals.goals.labels import Goal, load_goals, load_worlds
from evals.goals.run import predict
from orchestrator_agent.interpreters.rules import interpret_goal
from orchestrator_agent.roadmap import read

EDGES = (0.25, 0.4, 0.6, 0.7, 0.8, 0.9)


def main() -> None:
    """Print both tables, with the number of goals behind each figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("goals", type=Path, nargs="+", help="JSONL as evals/goals/LABELS.md describes it")
    goals = [goal for path in parser.parse_args().goals for goal in load_goals(path)]
    found = outcomes(goals)
    print("SHARES")
    for kind in sorted(kind for kind in found if kind != "name"):
        right = [success for _, success in found[kind]]
        print(f'    "{kind}": {rate(right):.2f},  # {len(right)} goals')
    print("NAMES (middle of the fits, rate, goals)")
    for fit, share, size in bands(found["name"]):
        print(f"    ({fit:.2f}, {share:.3f}),  # {size} goals")


def outcomes(goals: Sequence[Goal]) -> dict[str, list[tuple[float, bool]]]:
    """What readings stand on -> pairs of fit and success."""
    worlds, made = load_worlds(), predict(goals)
    folder = Path(__file__).parents[1] / "evals" / "goals" / "roadmaps"
    roadmaps = {name: read((folder / f"{name}.md").read_bytes(), f"{name}.md") for name in {g.roadmap for g in goals}}
    found: dict[str, list[tuple[float, bool]]] = defaultdict(list)
    for goal in goals:
        reading = interpret_goal(goal.text, roadmaps[goal.roadmap])
        graded = grade(goal, made[goal.id], worlds[goal.roadmap])
        found[reading.basis].append((reading.fit, bool(graded.success)))
    return found


def rate(right: Sequence[bool]) -> float:
    """The smoothed share of right ones."""
    return (sum(right) + 1) / (len(right) + 2)


def bands(pairs: Sequence[tuple[float, bool]]) -> list[tuple[float, float, int]]:
    """(mean fit, rate, size) of the bands between `EDGES`, neighbours joined until rates do not fall."""
    groups: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for fit, success in pairs:
        groups[sum(fit >= edge for edge in EDGES)].append((fit, success))
    joined: list[list[tuple[float, bool]]] = []
    for _, group in sorted(groups.items()):
        joined.append(group)
        while len(joined) > 1 and rate([s for _, s in joined[-2]]) > rate([s for _, s in joined[-1]]):
            joined[-2:] = [joined[-2] + joined[-1]]
    return [(sum(f for f, _ in g) / len(g), rate([s for _, s in g]), len(g)) for g in joined]


if __name__ == "__main__":
    main()
