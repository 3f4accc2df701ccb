"""What the evals carry is consistent, its scorers notice mistakes, and the figures pass their gates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from evals.gates import broken, load_gates
from evals.goals import run as goals
from evals.goals.grading import grade
from evals.goals.labels import HERE, Goal, Prediction, load_goals, load_worlds
from evals.plans import run as plans
from evals.plans.comparing import bare_id, plain
from evals.plans.matching import ReadItem
from evals.plans.scoring import FORBIDDEN, Score, figures, score
from evals.plans.truth import TrueItem, Truth, load_truths
from evals.reports import Report
from evals.scenarios import run as scenarios

FOLDERS = {
    truth.file: plans.SETS[set_] for set_ in ("own", "fresh") for truth in load_truths(plans.SETS[set_] / "truth")
}
TRUTHS = [truth for folder in dict.fromkeys(FOLDERS.values()) for truth in load_truths(folder / "truth")]
WITH_WORK = [truth for truth in TRUTHS if any(not item.ambiguous for item in truth.main.items)]
WORLDS = load_worlds()
GOALS = [goal for name in goals.SETS for goal in load_goals(HERE / f"{name}.jsonl")]


def name(truth: Truth) -> str:
    return truth.file


# ---- gates


@pytest.mark.parametrize(
    "run", [lambda: plans.run(names=["own", "fresh"]), goals.run, scenarios.run], ids=["plans", "goals", "scenarios"]
)
def test_figures_pass_their_gates(run: Callable[[], Report]) -> None:
    report = run()
    assert not broken(load_gates(), [report]), "\n".join(report.mistakes)


def test_a_gate_names_what_is_not_enough() -> None:
    report = Report(part="plans", figures={"own": {"items": 0.5, "forbidden": 1.0, "status": None}}, tables=())
    wanted: dict[str, dict[str, float]] = {"at_least": {"items": 0.6, "status": 0.1}, "at_most": {"forbidden": 0}}
    assert broken({"plans": {"own": wanted, "open": wanted}}, [report]) == [
        "plans own: items is 0.5, at least 0.6 wanted",
        "plans own: status is unknown, at least 0.1 wanted",
        "plans own: forbidden is 1, at most 0 wanted",
    ]


# ---- plans: is the truth consistent with its plan?


@pytest.mark.parametrize("truth", TRUTHS, ids=name)
def test_truth_agrees_with_its_plan(truth: Truth) -> None:
    assert (FOLDERS[truth.file] / truth.file).exists()
    items = {item.id: item for item in truth.main.items}
    assert len({bare_id(id_) for id_ in items}) == len(truth.main.items)
    known = {bare_id(id_) for id_ in (*items, *truth.external_done, *truth.external_unknown)}
    for item in truth.main.items:
        assert item.status is not None
        assert {bare_id(id_) for id_ in item.depends_on or ()} <= known - {bare_id(item.id)}
        assert item.line is None or stands_in(FOLDERS[truth.file] / truth.file, item)
    assert set(truth.main.available) <= ready(truth) if truth.main.available is not None else False
    assert all(items[id_].status == "not_started" for id_ in truth.main.available_ambiguous)
    unexplained = ready(truth) - {*(truth.main.available or ()), *truth.main.available_ambiguous}
    assert all(items[id_].ambiguous or items[id_].note for id_ in unexplained), unexplained
    for id_ in truth.blocked_but_dependencies_done:
        assert items[id_].status == "blocked"
        assert items[id_].depends_on
        assert finished(truth, items[id_])


def stands_in(path: Path, item: TrueItem) -> bool:
    line = path.read_text("utf-8").splitlines()[(item.line or 0) - 1]
    return plain(item.name)[:12] in plain(line) or bare_id(item.id) in line.casefold()


def finished(truth: Truth, item: TrueItem) -> bool:
    done = {bare_id(other.id) for other in truth.main.items if other.status == "complete"}
    return all(bare_id(id_) in done | {bare_id(id_) for id_ in truth.external_done} for id_ in item.depends_on or ())


def ready(truth: Truth) -> set[str]:
    """Not started, not claimed, no container, and all dependencies complete."""
    todo = [item for item in truth.main.items if item.status == "not_started" and not item.claimed_by]
    return {item.id for item in todo if finished(truth, item) and item.id not in truth.containers}


# ---- plans: does the scorer notice?


def perfect(truth: Truth) -> list[ReadItem]:
    offers = set(truth.main.available or ())
    return [
        ReadItem(
            id=item.id,
            name=item.name,
            status=item.status or "",
            depends_on=item.depends_on or (),
            effort=item.effort,
            claimed_by=item.claimed_by,
            available=item.id in offers,
        )
        for item in truth.main.items
    ]


def changed(truth: Truth, index: int, **fields: object) -> Score:
    items = perfect(truth)
    items[index] = replace(items[index], **fields)  # type: ignore[arg-type]
    return score(truth, items)


def sure(truth: Truth) -> int:
    """The index of an item that is not ambiguous."""
    return next(index for index, item in enumerate(truth.main.items) if not item.ambiguous)


@pytest.mark.parametrize("truth", TRUTHS, ids=name)
def test_the_truth_itself_is_right_in_any_order(truth: Truth) -> None:
    found = score(truth, perfect(truth)[::-1])
    assert found.is_right, found.mistakes
    assert {value for key, value in figures(found.counts).items() if key != "forbidden"} <= {None, 1.0}
    assert figures(found.counts)["forbidden"] == 0


@pytest.mark.parametrize("truth", TRUTHS, ids=name)
def test_an_invented_item_that_is_offered_is_forbidden(truth: Truth) -> None:
    found = score(truth, [*perfect(truth), ReadItem(id="made-up", name="zzz made up", available=True)])
    assert (found.counts["item extra"], found.counts["offer forbidden"]) == (1, 1)
    assert FORBIDDEN + "made-up" in found.mistakes


@pytest.mark.parametrize("truth", WITH_WORK, ids=name)
def test_mistakes_count_once(truth: Truth) -> None:
    index = sure(truth)
    items = perfect(truth)
    missing = score(truth, items[:index] + items[index + 1 :])
    assert missing.counts["item missed"] == 1
    assert score(truth, [*items, items[index]]).counts["item extra"] == 1
    status = "complete" if truth.main.items[index].status != "complete" else "blocked"
    assert changed(truth, index, status=status).counts["status wrong"] == 1
    more = (*items[index].depends_on, "no-such-id")
    assert changed(truth, index, depends_on=more).counts["dependency extra"] == 1
    assert changed(truth, index, effort="999 weeks").counts["effort wrong"] == 1
    assert changed(truth, index, claimed_by="Backend Developer 9").counts["claim wrong"] == 1
    assert figures(score(truth, []).counts)["items"] == 0
    for wrong in (missing, changed(truth, index, status=status), changed(truth, index, depends_on=more)):
        assert not wrong.is_right


@pytest.mark.parametrize("truth", WITH_WORK, ids=name)
def test_offers_count(truth: Truth) -> None:
    offered, may = truth.main.available or (), truth.main.available_ambiguous
    for index, item in enumerate(truth.main.items):
        found = changed(truth, index, available=item.id not in offered)
        assert found.counts["offer missed"] == (item.id in offered)
        assert found.counts["offer forbidden"] == (item.id not in (*offered, *may))


@pytest.mark.parametrize("truth", [truth for truth in WITH_WORK if truth.id_explicit], ids=name)
def test_ids_are_no_numbers_and_need_no_kind_words(truth: Truth) -> None:
    items = perfect(truth)
    numbers = [index for index, item in enumerate(items) if item.id.replace(".", "").isdigit()]
    named = [replace(item, id=f"Phase {item.id}") if i in numbers else item for i, item in enumerate(items)]
    assert score(truth, named).is_right
    for index in numbers:
        shorter = items[index].id.strip("0")
        assert shorter in ("", items[index].id) or not changed(truth, index, id=shorter).is_right


# ---- goals


def said(goal: Goal, **fields: object) -> Prediction:
    label = goal.label
    right = Prediction(
        id=goal.id,
        intent=label.intent,
        targets=label.targets,
        ambiguous=goal.ambiguous,
        candidates=goal.candidates,
        needs_confirmation=goal.needs_confirmation,
        confidence=1.0,
        params=label.params,
    )
    return replace(right, **fields)  # type: ignore[arg-type]


def test_ids_are_unique_and_of_their_roadmaps() -> None:
    assert len({goal.id for goal in GOALS}) == len(GOALS)
    for goal in GOALS:
        known = set(WORLDS[goal.roadmap].all)
        readings = (goal.label, *goal.accept, *goal.also)
        named: Sequence[str] = [id_ for reading in readings for id_ in reading.targets]
        assert known >= {*named, *goal.candidates, *goal.label.params.get("exclude", ())}, goal.id


def test_each_label_is_right_and_harmless() -> None:
    wrong = [goal.id for goal in GOALS if not grade(goal, said(goal), WORLDS[goal.roadmap]).success]
    harmful = [goal.id for goal in GOALS if grade(goal, said(goal), WORLDS[goal.roadmap]).dangerous]
    assert not wrong
    assert not harmful


def test_doing_nothing_is_harmless_and_doing_all_is_not() -> None:
    for goal in GOALS:
        world = WORLDS[goal.roadmap]
        idle = grade(goal, Prediction(id=goal.id, intent="none"), world)
        eager = grade(goal, Prediction(id=goal.id, intent="run", targets=world.all, confidence=1.0), world)
        assert not idle.dangerous
        permitted = {reading.intent for reading in (goal.label, *goal.accept, *goal.also)}
        assert eager.dangerous or "run_all" in permitted or set(goal.label.targets) == set(world.all), goal.id


def test_a_question_is_never_dangerous_and_clear_goals_need_none() -> None:
    for goal in GOALS:
        world = WORLDS[goal.roadmap]
        asked = grade(goal, said(goal, ambiguous=True, candidates=goal.candidates or world.all[:2]), world)
        assert not asked.dangerous
        assert asked.success == goal.ambiguous or any(reading.must_ask for reading in goal.accept), goal.id
