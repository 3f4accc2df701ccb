"""What a person takes back, does not mean, or only quotes."""

from __future__ import annotations

import pytest

from orchestrator_agent.interpreters.corrections import earnest, last_word, second_thought
from orchestrator_agent.interpreters.quoting import from_own, own_words


@pytest.mark.parametrize(
    ("said", "before", "after"),
    [
        ("start 1.2 no wait 1.3", "start 1.2", "1.3"),
        ("do the portal, forget that, do the reminders", "do the portal", "do the reminders"),
        ("start 1.2, sorry, i mean 1.3", "start 1.2", "1.3"),
        ("start 1.2, i mean 1.3", "start 1.2", "1.3"),
        ("do the map... the tours, i mean", "do the map", "the tours"),
        ("start 1.2, no, 1.3", "start 1.2", "1.3"),
        ("start 1.2, make that 1.3", "start 1.2", "1.3"),
        ("on second thought do the reminders", "", "do the reminders"),
        ("forget the portal, do the reminders", "", "forget the portal, do the reminders"),
        ("start 1.2, i mean it", "", "start 1.2, i mean it"),
        ("start 1.2", "", "start 1.2"),
    ],
)
def test_second_thoughts_are_found(said: str, before: str, after: str) -> None:
    assert second_thought(said) == (before, after)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("start 1.2, no wait, 1.3", "start 1.3"),
        ("start 1.2, no wait, stop it", "stop it"),
        ("start phase 2, on second thought without 2.1", "start phase 2; without 2.1"),
        ("start 1.2, no wait, don't", "don't"),
        ("stop everything! no, not everything, only 1.2", "stop 1.2; not everything"),
        ("start 1.2. ok, forget it", "nothing"),
        ("start 1.2. never mind.", "nothing"),
        ("never mind the portal", "never mind the portal"),
        ("stop 1.2, hm no, leave it, i had the wrong window open", "nothing"),
        ("start 1.2. forget it, my mistake", "nothing"),
        ("the portal? no. the reminders.", "the reminders."),
        ("stop 1.2, but the other one, leave it running", "stop 1.2, but the other one, leave it running"),
    ],
)
def test_the_last_word_counts(said: str, meant: str) -> None:
    assert last_word(said) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("yeah right, like anybody will ever use 1.2", ""),
        ("sure, because starting 1.2 now is such a brilliant idea", ""),
        ("sure, let's just do 1.2 in latin while we're at it", ""),
        ("of course, and pigs can fly", ""),
        ("sure, let's do 1.2", "sure, let's do 1.2"),
        ("just what we needed. stop 1.2", "stop 1.2"),
        ("what a great idea, start 1.2", "what a great idea, start 1.2"),
        ("yes, like i said, start 1.2", "yes, like i said, start 1.2"),
        ("a search like that of 1.2", "a search like that of 1.2"),
    ],
)
def test_irony_asks_for_nothing(said: str, meant: str) -> None:
    assert earnest(said) == meant


@pytest.mark.parametrize(
    ("pasted", "own"),
    [
        ("> stop 1.2\nis it done?", "is it done?"),
        ("subject: demo\nfrom: anna\nstart 1.2", "start 1.2"),
        ("start 1.2\n```\nstop all\n```", "start 1.2"),
        ("[12:01] stop all\nstart 1.2", "start 1.2"),
        ('anna said "stop all of it" but start 1.2', "but start 1.2"),
        ("> only quoted", "> only quoted"),
        ('anna wrote: "start 1.2"', ""),
        ("1. stop 1.2 (jo)\n2. start 1.3 (al)\n\nwhich did we do?", "which did we do?"),
        ('start "null checks"', 'start "null checks"'),
    ],
)
def test_quoted_words_are_not_the_persons_own(pasted: str, own: str) -> None:
    assert own_words(pasted) == own


def test_a_message_keeps_what_is_pasted_behind_it() -> None:
    assert from_own("> old\ntell 1.2: see\n> this") == "tell 1.2: see\n> this"
