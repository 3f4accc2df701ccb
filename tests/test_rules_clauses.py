"""Clauses of the rules interpreter: where one ends, what it asks for, and in which mood."""

from __future__ import annotations

import pytest

from orchestrator_agent.interpreters.clauses import Clause, clauses
from orchestrator_agent.interpreters.excluding import separate
from orchestrator_agent.interpreters.limits import Limits, limits
from orchestrator_agent.interpreters.phrases import phrase
from orchestrator_agent.interpreters.words import fold


def parts(text: str) -> list[tuple[str, str]]:
    return [(clause.command, clause.rest) for clause in clauses(separate(fold(text)))]


def only(text: str) -> Clause:
    (clause,) = clauses(separate(fold(text)))
    return clause


def test_each_thing_that_is_asked_for_is_a_clause() -> None:
    assert parts("stop 1.2 and start 1.3") == [("stop", "1.2"), ("run", "1.3")]
    assert parts("verify 1.2, then begin 4.4") == [("verify", "1.2"), ("run", "4.4")]
    assert parts("leave 1.2 alone and work on the bus")[1] == ("run", "on the bus")


def test_lists_of_numbers_are_not_cut() -> None:
    assert parts("phases 2, 3 and 4") == [("", "phases 2 and 3 and 4")]


@pytest.mark.parametrize(
    "text",
    ["stop guests from editing", "keep the keys safe", "keep visitors from waiting", "show customers their bill"],
)
def test_what_a_product_does_for_others_is_no_command(text: str) -> None:
    assert (only(text).command, only(text).negative) == ("", False)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("stop the parser agent from running", "stop"),
        ("stop everybody from working on it", "stop"),
        ("enough of the parser for today", "stop"),
        ("tools down", "stop"),
        ("put the parser on", "run"),
        ("the check", ""),
        ("full check of the parser", "verify"),
    ],
)
def test_commands_in_several_words(text: str, command: str) -> None:
    assert only(text).command == command


def test_what_stays_as_it_is_is_refused() -> None:
    assert only("keep the parser as it is").negative
    assert only("enough talking").negative


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("everything except 1.2", "1.2"),
        ("do all but 1.2", "1.2"),
        ("phase 2 without 2.3", "2.3"),
        ("everything that isn't documentation", "documentation"),
        ("every stream but the scheduler", "the scheduler"),
        ("do everything but please please leave payments alone", "payments alone"),
    ],
)
def test_what_is_left_out_is_a_negative_clause(text: str, rest: str) -> None:
    first, last = clauses(separate(fold(text)))
    assert (first.negative, last.negative, last.rest) == (False, True, rest)


@pytest.mark.parametrize(
    "text",
    [
        "don't start 1.2",
        "please do not stop the desk",
        "never run the scheduler",
        "nobody touches the desk",
        "start not 1.2",
        "there's no hurry with the desk",
        "I didn't ask for the desk",
        "hands off the desk",
        "the desk must not be started",
        "leave the desk running",
    ],
)
def test_a_no_is_heard(text: str) -> None:
    assert only(text).negative


@pytest.mark.parametrize("text", ["throw away code that never runs", "don't forget to start 1.2", "keep going"])
def test_a_no_inside_is_not_a_refusal(text: str) -> None:
    assert not only(text).negative


@pytest.mark.parametrize(
    "text",
    [
        "is 1.2 done",
        "why can't 1.2 begin",
        "who's on what?",
        "can you tell me if 1.2 is done",
        "I keep wondering whether 1.2 is any further",
        "shouldn't we have backups?",
        "what if we started 1.2",
    ],
)
def test_questions_are_questions(text: str) -> None:
    assert only(text).question


@pytest.mark.parametrize(
    "text",
    [
        "can you start 1.2?",
        "is it possible to start 1.2?",
        "I was wondering if you could start 1.2",
        "you may start 1.2",
        "would you mind starting 1.2?",
        "I want you to start 1.2",
    ],
)
def test_requests_in_the_form_of_questions_are_requests(text: str) -> None:
    clause = only(text)
    assert (clause.command, clause.polite, clause.question) == ("run", True, False)


def test_conditions_are_no_targets() -> None:
    assert [clause.condition for clause in clauses("once 1.2 is done, start 1.3")] == [True, False]


@pytest.mark.parametrize(
    ("text", "command", "what"),
    [
        ("pull the plug on the parser", "stop", "the parser"),
        ("pull the plug", "stop", ""),
        ("get rid of the agent on 2.1", "stop", "the agent on 2.1"),
        ("take someone off the cli", "stop", "the cli"),
        ("everyone down tools", "stop", ""),
        ("get the parser off the ground", "run", "the parser"),
        ("put somebody on the scheduler now", "run", "the scheduler"),
        ("move on to phase 3", "run", "phase 3"),
        ("sign-off check", "verify", ""),
        ("does the parser still pass its tests", "verify", "the parser"),
        ("tell me more about 1.2", "explain", "1.2"),
        ("write it up", "report", ""),
    ],
)
def test_commands_of_several_words(text: str, command: str, what: str) -> None:
    assert phrase(text) == (command, what)


def test_what_is_no_idiom_is_none() -> None:
    assert phrase("start the parser") is None


def test_limits_are_taken_out_of_the_words() -> None:
    assert limits("phase 3 with two agents") == Limits("phase 3", max_agents=2)
    assert limits("phase 3, max 2") == Limits("phase 3", max_agents=2)
    assert limits("everything, one at a time") == Limits("everything", max_agents=1)
    assert limits("dry run of 1.2") == Limits("1.2", dry_run=True)
    assert limits("stop two agents").max_agents is None
    assert limits("stop 1.2, then start phase 3 with 2 agents").max_agents == 2
