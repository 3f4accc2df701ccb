"""Sentences that only tell something are told from wishes."""

from __future__ import annotations

import pytest

from orchestrator_agent.interpreters.telling import done, remarks, tells


@pytest.mark.parametrize(
    "text",
    [
        "i had a dream about the parser",
        "yesterday you started the parser without asking",
        "we finished the parser last year",
        "i already told ben to do the parser",
        "the parser agent stopped by itself",
        "one day somebody will have to do the parser",
        "let me think about the parser first",
        "i'll do the parser myself",
        "if only the parser were as easy",
        "tomorrow we'll start the parser",
        "on monday then i will begin with the parser",
        "we are going to do the parser next week",
        "i've been running the parser all night",
        "we were just looking at the parser",
        "i dreamt that the parser ate me",
        "i'm going to write the parser myself next weekend",
        "we used to run the parser by hand",
        "our best customer left us over the parser",
    ],
)
def test_what_was_or_may_be_asks_for_nothing(text: str) -> None:
    assert tells(text)


@pytest.mark.parametrize(
    "text",
    [
        "i wanted to start the parser",
        "i asked for the parser",
        "we decided to build the parser",
        "we need the parser finished",
        "i promised her the parser",
        "the parser",
        "let users add a run by hand",
        "the parser must be started",
        "you should start the parser",
        "tomorrow you can start the parser",
        "i was wondering if you could start the parser",
        "we'll need the parser",
    ],
)
def test_a_wish_is_no_tale(text: str) -> None:
    assert not tells(text)


def test_a_remark_goes_on_about_a_mention() -> None:
    assert remarks("that takes me back")
    assert not remarks("that one please")


def test_what_became_of_something_is_no_more_work() -> None:
    assert done("merged and forgotten")
    assert not done("feed and seed")
    assert not done("kitchen and payment")
