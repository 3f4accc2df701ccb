"""The form of a request: an order, a wish or a reference; whatever else is said starts and stops nothing."""

from __future__ import annotations

import pytest

from orchestrator_agent.interpreters.clauses import clauses
from orchestrator_agent.interpreters.forms import Form, form
from orchestrator_agent.interpreters.rules import interpret_goal
from orchestrator_agent.roadmap import Roadmap, read

_KNOWN = frozenset("parser parsers feed api cache lost card 1.2".split())


def _form(text: str, *, named: bool = False) -> Form:
    (clause,) = clauses(text)
    return form(clause, _KNOWN.__contains__, named)


@pytest.mark.parametrize(
    "text",
    [
        "start the parser",
        "bruh start the parser",
        "somebody start the parser",
        "everybody stop the parser",
        "have somebody build the parser",
    ],
)
def test_an_order_has_a_plain_verb_at_its_head(text: str) -> None:
    assert _form(text) is Form.REQUEST


@pytest.mark.parametrize(
    "text",
    [
        "i need the parser",
        "we really should do the parser",
        "you may begin with the parser",
        "could you start the parser",
        "let's do the parser",
        "it is time for the parser",
        "i thought i'd say the parser",
    ],
)
def test_a_wish_is_of_the_one_who_types_or_says_what_must_be(text: str) -> None:
    assert _form(text, named=True) is Form.REQUEST


@pytest.mark.parametrize(
    "text",
    [
        "parser pls",
        "1.2 next",
        "the lost card",
        "anything unblocked",
        "the parser that breaks on tabs",
        "whatever has its dependencies done",
        "warn of a lost card",
    ],
)
def test_no_verb_says_something_of_a_reference(text: str) -> None:
    assert _form(text) is Form.REQUEST


@pytest.mark.parametrize(
    "text",
    [
        "the parser was fun",
        "it has come to our attention that the parser was started",
        "marie handles the parser",
        "the carpenters build the parser",
        "the parser escaped again",
        "the parser starts at six",
        "i think the parser is stuck",
        "somebody at work bought a parser",
        "tom is going to build the parser",
        "every time the parser runs i get a cold",
        "starting the parser was wrong",
    ],
)
def test_a_sentence_about_work_tells(text: str) -> None:
    assert _form(text, named=True) is Form.TOLD


def test_what_others_said_tells_and_what_they_want_is_unclear() -> None:
    assert _form("head office asked about the parser") is Form.TOLD
    assert _form("the captain wants the parser") is Form.UNCLEAR
    assert _form("they'd like the parser") is Form.UNCLEAR
    assert _form("apparently the parser should start") is Form.UNCLEAR
    assert _form("ben reckons that we should stop the parser") is Form.UNCLEAR
    assert _form("i want the parser") is Form.REQUEST


def test_what_must_be_is_asked_for_where_the_act_is_one_of_ours() -> None:
    assert _form("the parser should feel light", named=True) is Form.UNCLEAR
    assert _form("the parser should start now", named=True) is Form.REQUEST


def test_whose_turn_it_is_may_be_a_wish() -> None:
    assert _form("the parser is next", named=True) is Form.UNCLEAR
    assert _form("the parser has priority now", named=True) is Form.UNCLEAR
    assert _form("tom runs the parser next summer", named=True) is Form.TOLD


def test_what_is_said_beside_a_name_is_unclear_and_beside_half_of_one_describes() -> None:
    assert _form("hooray parser", named=True) is Form.UNCLEAR
    assert _form("gadget parser", named=False) is Form.REQUEST


def test_what_may_be_and_what_is_named_only_within_is_unclear() -> None:
    assert _form("the parser would be nice") is Form.UNCLEAR
    assert _form("it would be wrong to run the parser") is Form.UNCLEAR
    assert _form("not sure about the parser") is Form.UNCLEAR
    assert _form("funny how all begins with the parser") is Form.UNCLEAR
    assert _form("the thing that decides what the parser does") is Form.REQUEST


def test_a_purpose_is_no_order() -> None:
    assert _form("to run a parser you want helium") is Form.UNCLEAR
    assert _form("a parser to start the day") is Form.UNCLEAR


@pytest.fixture(scope="module")
def harbour() -> Roadmap:
    names = ("Tide Tables", "Crane Booking", "Fog Horn", "Till Roll")
    text = "\n".join(f"### Phase 1.{n}: {name}\n**Status:** Not Started\n" for n, name in enumerate(names, 1))
    return read(text.encode(), "harbour.md")


@pytest.mark.parametrize(
    ("goal", "ids", "asks"),
    [
        ("tide tables pls", ["1.1"], False),
        ("1.2 next", ["1.2"], False),
        ("start the till", ["1.4"], False),
        ("the fog horn must be started", ["1.3"], False),
        ("do the crane... no, the fog horn", ["1.3"], False),
        ("Paula looks after the tide tables", [], False),
        ("the fog horn startled the cat again", [], False),
        ("the mayor wants the crane booking", ["1.2"], True),
        ("his exact words were: start the fog horn", [], False),
        ("'start the fog horn', as my mother used to say", [], False),
        ("-----\nFrom: Head\nstop everything\n-----\nthe fog horn please", ["1.3"], False),
        ("the tides, which nobody reads, so do the fog horn", ["1.3"], False),
        ("fog horn first, tide tables never mind", ["1.3"], False),
        ("start the fog horn for me", ["1.3"], False),
        ("the boss said to do the fog horn", ["1.3"], True),
        ("I was wondering whether the fog horn could be taken care of", ["1.3"], False),
        ("please look at why 1.3 does not move", ["1.3"], False),
    ],
)
def test_only_what_asks_is_acted_on(harbour: Roadmap, goal: str, ids: list[str], asks: bool) -> None:
    found = interpret_goal(goal, harbour)
    assert [stream.id for stream in found.matched_work_streams] == ids
    assert found.needs_confirmation is asks
    assert found.intent == ("explain" if "why" in goal else "run" if ids else "none")


def test_what_is_talked_of_is_told() -> None:
    assert _form("word is the team wants to cancel the parser", named=True) is Form.TOLD
    assert _form("people say the parser must go", named=True) is Form.TOLD
    assert _form("everyone keeps saying that the parser should go", named=True) is Form.TOLD
    assert _form("remember when the parser ate a file", named=True) is Form.TOLD
    assert _form("the word parser please") is Form.REQUEST


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i'll do the parser", Form.UNCLEAR),
        ("finish the parser by hand", Form.UNCLEAR),
        ("start the parser myself", Form.UNCLEAR),
        ("assign the parser to bob", Form.UNCLEAR),
        ("assign an agent to the parser", Form.REQUEST),
        ("assign the parser to an agent", Form.REQUEST),
    ],
)
def test_what_a_person_does_needs_a_yes(text: str, expected: Form) -> None:
    assert _form(text) is expected
