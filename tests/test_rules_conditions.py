"""Conditions that nobody can keep are told, and nothing is done against them without a yes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import run_orch
from support_work import make_project, statuses

from orchestrator_agent.interpreters.clauses import clauses
from orchestrator_agent.interpreters.conditions import is_kept, set_aside, waited_for
from orchestrator_agent.interpreters.explaining import explain
from orchestrator_agent.interpreters.rules import interpret_goal
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.roadmap import read

PLAN = """\
# Town library

### Phase 1.1: Loan Desk
- **Status:** Not Started

### Phase 1.2: Late Fees
- **Status:** In Progress

### Phase 1.3: Two Attempts Login
- **Status:** Not Started
- **Tasks:** lock a card for the weekend

### Phase 1.4: Overdue Letters
- **Status:** Not Started
- **Tasks:** write to readers when a copy is overdue
"""
ROADMAP = read(PLAN.encode(), "plan.md")


def unnamed(words: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("said", "left", "words"),
    [
        ("start 1.1 tomorrow", "start 1.1", "tomorrow"),
        ("start 1.1 in 20 minutes", "start 1.1", "in 20 minutes"),
        ("run everything twice", "run everything", "twice"),
        ("do 1.1 without running the tests", "do 1.1", "without running the tests"),
        ("stop everything at 6pm", "stop everything", "at 6pm"),
        ("stop everything at half past five", "stop everything", "at half past five"),
        ("tonight at 11, start 1.1", "start 1.1", "tonight at 11"),
        ("run 1.1 on monday morning", "run 1.1", "on monday morning"),
        ("run 1.1 every night", "run 1.1", "every night"),
        ("run 1.1 but ask me before merging", "run 1.1", "ask me before merging"),
        ("run 1.1, but no merge without my ok", "run 1.1", "no merge without my ok"),
        ("do 1.1 and let me review the diff first", "do 1.1", "let me review the diff first"),
        ("start 1.1, don't merge it", "start 1.1", "don't merge it"),
        ("check with me before it lands and start 1.2", "and start 1.2", "check with me before it lands"),
        ("do 1.1 with 5 retries", "do 1.1", "with 5 retries"),
        ("do 1.1, two attempts tops", "do 1.1", "two attempts tops"),
        ("1.1, retry up to 4 times", "1.1", "retry up to 4 times"),
        ("finish 1.1 without spending over $5", "finish 1.1", "without spending over $5"),
        ("run 1.1 with a limit of 200k tokens", "run 1.1", "with a limit of 200k tokens"),
        ("run 1.1 for at most an hour", "run 1.1", "for at most an hour"),
        ("run 1.1 using opus", "run 1.1", "using opus"),
        ("start 1.1 when the build is green", "start 1.1", "when the build is green"),
    ],
)
def test_a_condition_is_cut_out(said: str, left: str, words: str) -> None:
    kept, found = set_aside(said, unnamed)
    assert (kept, [condition.words for condition in found]) == (left, [words])
    assert all(words in condition.said and condition.advice.endswith(".") for condition in found)


@pytest.mark.parametrize(
    "said",
    [
        "start 1.1 now",
        "see you tomorrow",
        "tomorrow",
        "the demo is tomorrow, start 1.1",
        "we'll talk about the rest tomorrow",
        "we failed three times already, do 1.1",
        "it took three attempts last time",
        "leave 1.1 for later",
        "start 1.1 sooner rather than later",
        "what runs at noon",
        "mail readers when the copy is ready",
        "let readers pay by card",
        "start everything but 1.1",
        "don't ask me before merging",
        "run 1.1 and tell me when it is done",
    ],
)
def test_what_only_sounds_like_one_stays(said: str) -> None:
    assert set_aside(said, unnamed) == (said, ())


def test_a_name_in_the_roadmap_sets_no_condition() -> None:
    found = interpret_goal("two attempts login", ROADMAP)
    assert ([s.id for s in found.matched_work_streams], found.unmet, found.needs_confirmation) == (["1.3"], (), False)


def test_clauses_that_something_waits_for_are_conditions_and_an_order_is_none() -> None:
    told = [c.words for c in waited_for(clauses("once 1.2 is done, start 1.3"))]
    assert told == ["once 1.2 is done"]
    assert [c.words for c in waited_for(clauses("start 1.3 only if tests pass"))] == ["if tests pass"]
    assert not waited_for(clauses("start 1.3 before 1.2"))
    assert not waited_for(clauses("check if 1.3 is right"))
    assert not waited_for(clauses("my aunt gave up after two minutes. start 1.3"))


@pytest.mark.parametrize(
    ("goal", "intent", "ids", "words"),
    [
        ("run the loan desk but ask me before merging", "run", ["1.1"], "ask me before merging"),
        ("when 1.2 is finished, start 1.1", "run", ["1.1"], "when 1.2 is finished"),
        ("stop everything at 6pm", "stop_all", [], "at 6pm"),
        ("starte 1.1 morgen früh", "run", ["1.1"], "tomorrow morning"),
        ("mach 1.1, aber frag mich vor dem mergen", "run", ["1.1"], "ask me before merging"),
        ("lance 1.1 demain", "run", ["1.1"], "tomorrow"),
        ("ejecuta 1.1 esta noche", "run", ["1.1"], "tonight"),
        ("明天开始 1.1", "run", ["1.1"], "tomorrow"),
    ],
)
def test_what_goes_against_a_condition_needs_a_yes(goal: str, intent: str, ids: list[str], words: str) -> None:
    found = interpret_goal(goal, ROADMAP)
    assert (found.intent, [s.id for s in found.matched_work_streams]) == (intent, ids)
    assert [condition.words for condition in found.unmet] == [words]
    assert found.needs_confirmation and found.goes_against and found.confidence < 0.8


@pytest.mark.parametrize("goal", ["start 1.1 by friday", "stop 1.2 until monday", "pause 1.2 for an hour"])
def test_what_a_condition_does_not_hold_up_is_only_told(goal: str) -> None:
    found = interpret_goal(goal, ROADMAP)
    assert (len(found.unmet), found.goes_against, found.needs_confirmation) == (1, False, False)


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        ("verify 1.2 and start 1.1 if it passes", "if it passes"),
        ("stop 1.2 and when it is stopped start 1.1", "when it is stopped start 1.1"),
    ],
)
def test_a_condition_between_two_orders_is_told(goal: str, words: str) -> None:
    found = interpret_goal(goal, ROADMAP)
    assert [s.id for s in found.matched_work_streams] == ["1.2"]
    assert ([c.words for c in found.unmet], found.needs_confirmation) == ([words], True)


def test_looks_and_messages_set_nothing_aside() -> None:
    assert interpret_goal("is 1.2 done by tomorrow?", ROADMAP).unmet == ()
    told = interpret_goal("tell 1.2 to ask me before it merges", ROADMAP)
    assert (told.intent, told.parameters["text"], told.unmet) == ("feedback", "ask me before it merges", ())
    for goal in ("if you don't mind, start 1.1", "start 1.1 when you have a moment"):
        found = interpret_goal(goal, ROADMAP)
        assert (found.intent, found.unmet, found.needs_confirmation) == ("run", (), False), goal


def test_the_explanation_names_what_was_set_aside() -> None:
    assert "set aside  tomorrow" in explain(interpret_goal("start 1.1 tomorrow", ROADMAP))


def test_auto_starts_nothing_against_a_condition_and_the_question_says_it(repo: Path) -> None:
    project = make_project(repo)
    done = run_orch(project, "goal", "start 1.1 but ask me before merging", "--auto", "--json")
    said = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, said["state"]) == (4, "needs_answer")
    assert 'I cannot promise "ask me before merging": ' in said["message"] and "start working" in said["message"]
    assert not Orchestrator(project).project.store.agents()
    assert run_orch(project, "answer", "yes").returncode == 0
    assert statuses(project)["1.1"] == "complete"


def test_a_person_reads_what_cannot_be_promised_before_the_question(repo: Path) -> None:
    done = run_orch(make_project(repo), "goal", "start 1.1 tomorrow", input="n\n")
    told, asked = done.stdout.find('I cannot promise "tomorrow"'), done.stdout.find("[y/N]")
    assert 0 < told < asked and "Nothing was done." in done.stdout


def test_nothing_is_started_twice_so_that_nobody_need_be_asked() -> None:
    assert is_kept("unless somebody is on it already")
    assert is_kept("if nobody has begun yet")
    assert not is_kept("if it is already done")
    assert not is_kept("unless 1.2 is done already")
