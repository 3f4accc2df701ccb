"""Mentions of work that may not ask for its start: they need a yes, or name what is left out."""

from __future__ import annotations

import pytest

from orchestrator_agent.interpreters.interpreted import InterpretedGoal
from orchestrator_agent.interpreters.rules import interpret_goal
from orchestrator_agent.roadmap import read

PLAN = """\
# Bakery

## Phase 1: Dough

### Phase 1.1: Recipe Book
**Status:** In Progress
**Effort:** M
**Depends On:** None

Amounts by the kilo; shops may store their own.

### Phase 1.2: Oven Planner
**Status:** Not Started
**Effort:** M
**Depends On:** None

Which bread goes in when, by the hour of the van.

### Phase 1.3: Flour Ledger
**Status:** Not Started
**Effort:** S
**Depends On:** None

Sacks in and sacks out.

## Phase 2: Counter

### Phase 2.1: Till Screen
**Status:** Not Started
**Effort:** M
**Depends On:** None

Large buttons, and a total per customer.

### Phase 2.2: Morning Labels
**Status:** Not Started
**Effort:** S
**Depends On:** None

Allergens and the price by the customer's wish.
"""


def reading(goal: str) -> InterpretedGoal:
    return interpret_goal(goal, read(PLAN.encode(), "bakery.md"))


@pytest.mark.parametrize(
    "goal",
    [
        "we stop and look at the oven planner",  # a word for stopping that no name holds
        "a mouse in the flour",  # only what says where the mouse is
        "crumbs and mess, big sacks, loud laughter",  # one clause of a story, by its prose
    ],
)
def test_what_may_not_be_asked_for_is_not_started_at_once(goal: str) -> None:
    found = reading(goal)
    assert found.intent == "none" or found.needs_confirmation


@pytest.mark.parametrize("goal", ["flour", "the ledger of flour", "planner of ovens", "planner, till"])
def test_what_names_work_is_started_at_once(goal: str) -> None:
    found = reading(goal)
    assert (found.intent, found.needs_confirmation) == ("run", False)


def test_idle_work_that_is_held_after_its_phase_was_named_is_left_out() -> None:
    assert [s.id for s in reading("counter phase, hold the labels").matched_work_streams] == ["2.1"]
    assert [s.id for s in reading("phase 1, park the flour").matched_work_streams] == ["1.1", "1.2"]
    assert reading("phase 1, stop the recipe book").intent == "stop"


@pytest.mark.parametrize(
    "goal",
    [
        "the recipe book can stop where it is",
        "the recipe book may pause here for today",
        "the recipe book agent is done for today",
    ],
)
def test_work_that_can_stop_is_stopped(goal: str) -> None:
    found = reading(goal)
    assert (found.intent, [s.id for s in found.matched_work_streams]) == ("stop", ["1.1"])


def test_what_is_left_behind_its_phase_is_left_out() -> None:
    assert [s.id for s in reading("counter phase, leave the till").matched_work_streams] == ["2.2"]


def test_what_prose_alone_holds_beside_a_name_needs_a_yes() -> None:
    found = reading("oven planner and allergens")
    assert ([s.id for s in found.matched_work_streams], found.needs_confirmation) == (["1.2", "2.2"], True)
    assert not reading("oven planner and labels").needs_confirmation


def test_what_must_not_happen_may_be_what_a_product_is_for() -> None:
    found = reading("don't let the flour get wet")
    assert ([s.id for s in found.matched_work_streams], found.needs_confirmation) == (["1.3"], True)
    assert reading("don't let the flour ledger start").intent == "none"
    assert reading("don't let anybody touch the flour ledger").intent == "none"


def test_a_short_word_with_two_other_letters_is_another_word() -> None:
    assert reading("stolen").intent == "none"
    assert [s.id for s in reading("recpie").matched_work_streams] == ["1.1"]


def test_one_word_that_many_share_is_no_order() -> None:
    found = reading("grumpy customer singing loudly")
    assert found.intent == "none" or found.needs_confirmation


def test_one_word_of_many_that_fits_needs_a_yes() -> None:
    assert reading("two bakers quarrel over the same oven").needs_confirmation
    assert not reading("the thing that says which oven bakes").needs_confirmation
    assert not reading("let's see white bread in the oven").needs_confirmation


def test_more_about_an_agent_at_work_than_whose_it_is_hardly_asks_for_a_start() -> None:
    found = reading("recipe book agent by the window")
    assert found.intent != "run" or found.needs_confirmation


def test_prose_that_stands_beside_what_is_left_out_needs_a_yes() -> None:
    assert reading("sacks without the buttons").needs_confirmation


def test_what_nobody_may_do_is_what_a_product_prevents() -> None:
    found = reading("nobody should ever mix up the labels")
    assert ([s.id for s in found.matched_work_streams], found.needs_confirmation) == (["2.2"], True)
    assert reading("nobody should touch the labels").intent == "none"
