"""Reads every labelled goal with the rules interpreter and reports how often it is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from evals.goals.grading import Grade, grade
from evals.goals.labels import HERE, Goal, Prediction, load_goals, load_predictions, load_worlds
from evals.goals.measures import interval, reliability, summarise
from evals.reports import Figures, Report, Table, percent
from orchestrator_agent.interpreters.rules import interpret_goal
from orchestrator_agent.roadmap import Roadmap, read

#: The sets of goals: the labelled ones, and those that were written in yet other voices before rules were changed.
SETS = ("dev", "fresh", "other", "second", "third", "fourth", "fifth")
#: Those that hold several voices.
_MIXED = ("second", "third", "fourth", "fifth")
_SHARES = {
    "success": "goal success",
    "intent": "intent",
    "target_exact": "exact target set",
    "target_f1": "target F1",
    "params": "parameters",
    "clarify": "success on ambiguous goals",
    "ask_precision": "questions that were needed",
    "ask_recall": "needed questions asked",
    "over_ask": "over-ask",
    "over_confirm": "over-confirm",
    "confirm_recall": "redoing work confirmed",
    "dangerous": "dangerous",
    "premature": "premature guess",
    "false_action": "false action on none",
    "calibration_error": "calibration error",
    "brier": "Brier score",
    "sure_coverage": "confidence 0.8 and more: goals",
    "sure_success": "confidence 0.8 and more: success",
}


def run(predictions: Path | None = None, only: str = "") -> Report:
    """Grade the rules interpreter, or the predictions of a file.

    Args:
        predictions: JSONL as LABELS.md describes it; goals that it lacks count as not understood.
        only: a text that the category, roadmap or language of the goals must be.
    """
    goals = [(name, goal) for name in SETS for goal in _goals(name) if _is_wanted(goal, only)]
    made = load_predictions(predictions) if predictions else predict([goal for _, goal in goals])
    worlds = load_worlds()
    silent = {goal.id: Prediction(id=goal.id, intent="none") for _, goal in goals}
    grades = [(name, grade(g, made.get(g.id, silent[g.id]), worlds[g.roadmap])) for name, g in goals]
    sets = _sets(grades)
    figures = {name: summarise(members) for name, members in sets.items()}
    both = [graded for _, graded in grades]
    return Report(
        part="goals",
        figures=figures,
        tables=(_overview(figures), _voices(sets), *_breakdowns(both), _reliability(both)),
        mistakes=tuple(_mistakes(both)),
        rows=tuple(_row(name, graded) for name, graded in grades),
    )


def predict(goals: Sequence[Goal]) -> dict[str, Prediction]:
    """What the rules interpreter makes of each goal, by the goal's id."""
    names = {goal.roadmap for goal in goals}
    roadmaps = {name: read((HERE / "roadmaps" / f"{name}.md").read_bytes(), f"{name}.md") for name in names}
    return {goal.id: _predict(goal, roadmaps[goal.roadmap]) for goal in goals}


def _predict(goal: Goal, roadmap: Roadmap) -> Prediction:
    found = interpret_goal(goal.text, roadmap)
    return Prediction(
        id=goal.id,
        intent=found.intent,
        targets=tuple(stream.id for stream in found.matched_work_streams),
        ambiguous=found.ambiguous,
        candidates=tuple(stream.id for stream in found.candidates),
        needs_confirmation=found.needs_confirmation,
        confidence=min(1.0, max(0.0, found.confidence)),
        params={key: value for key, value in found.parameters.items() if value not in (None, [], (), "", False)},
    )


def _goals(name: str) -> list[Goal]:
    path = HERE / f"{name}.jsonl"
    return load_goals(path) if path.exists() else []


def _is_wanted(goal: Goal, only: str) -> bool:
    return not only or only in (goal.category, goal.roadmap, goal.lang)


def _sets(grades: Sequence[tuple[str, Grade]]) -> dict[str, list[Grade]]:
    """The grades of each set that has goals: the voices apart, then together."""
    dev = [graded for name, graded in grades if name == "dev"]
    sets = {f"wave_{wave}": [g for g in dev if g.goal.wave == wave] for wave in sorted({g.goal.wave for g in dev})}
    for name in SETS:
        members = [graded for set_, graded in grades if set_ == name]
        waves = sorted({graded.goal.wave for graded in members}) if name in _MIXED else []
        sets |= {f"{name}_{wave}": [g for g in members if g.goal.wave == wave] for wave in waves}
        sets[name] = members
    return {name: members for name, members in sets.items() if members}


def _overview(figures: Mapping[str, Figures]) -> Table:
    head = ("per cent", *(name.replace("_", " ") for name in figures))
    counts = ("goals", *(f"{one['goals']:.0f}" for one in figures.values()))
    shares = [(title, *(percent(one[key]) for one in figures.values())) for key, title in _SHARES.items()]
    return Table("Goals", head, (counts, *shares))


def _voices(sets: Mapping[str, Sequence[Grade]]) -> Table:
    rows = []
    for name, grades in sets.items():
        low, high = interval(sum(graded.success for graded in grades), len(grades))
        rows.append((name.replace("_", " "), percent(low), percent(high)))
    return Table("Goal success, interval of 95 %", ("set", "from", "to"), tuple(rows))


def _breakdowns(grades: Sequence[Grade]) -> list[Table]:
    tables = []
    for key, title in (
        ("category", "Goals by category"),
        ("roadmap", "Goals by roadmap"),
        ("lang", "Goals by language"),
    ):
        groups = sorted({getattr(graded.goal, key) for graded in grades})
        rows = []
        for group in groups:
            one = summarise([graded for graded in grades if getattr(graded.goal, key) == group])
            shares = (percent(one[name]) for name in ("success", "intent", "target_exact", "over_ask", "dangerous"))
            rows.append((str(group), f"{one['goals']:.0f}", *shares))
        tables.append(Table(title, (key, "goals", "success", "intent", "exact", "over-ask", "dangerous"), tuple(rows)))
    return tables


def _reliability(grades: Sequence[Grade]) -> Table:
    rows = [
        (f"{low:.1f}", str(count), f"{sure:.2f}", f"{right:.2f}") for low, count, sure, right in reliability(grades)
    ]
    return Table("Is the confidence deserved?", ("from", "goals", "confidence", "success"), tuple(rows))


def _mistakes(grades: Sequence[Grade]) -> list[str]:
    wrong = sorted((g for g in grades if not g.success), key=lambda g: (not g.dangerous, -g.prediction.confidence))
    return [_mistake(graded) for graded in wrong]


def _mistake(graded: Grade) -> str:
    goal, said = graded.goal, graded.prediction
    wanted = f"{goal.label.intent} {list(goal.label.targets or goal.candidates)} {dict(goal.label.params) or ''}"
    got = f"{said.intent} {list(said.targets or said.candidates)} {dict(said.params) or ''}"
    return (
        f"{'DANGEROUS ' if graded.dangerous else ''}{goal.id} [{goal.category}] {goal.text!r}\n"
        f"    want {'a question: ' if goal.ambiguous else ''}{wanted.strip()}\n"
        f"    got {'a question: ' if said.ambiguous else ''}{got.strip()}, confidence {said.confidence:.2f}"
    )


def _row(name: str, graded: Grade) -> dict[str, object]:
    measures = {key: value for key, value in asdict(graded).items() if key not in ("goal", "prediction")}
    said = {key: value for key, value in asdict(graded.prediction).items() if key != "id"}
    return {"id": graded.goal.id, "set": name, "goal": graded.goal.text, **measures, "prediction": said}
