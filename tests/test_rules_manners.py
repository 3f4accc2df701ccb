"""What people say around what they want is taken away, and nothing of what they want."""

from __future__ import annotations

import pytest

from orchestrator_agent.interpreters.manners import plainly
from orchestrator_agent.interpreters.passives import actively


def nothing_known(word: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("um start uh the parser", "start the parser"),
        ("run two point four", "run 2.4"),
        ("run 2 dot 10", "run 2.10"),
        ("start the parser comma the lexer", "start the parser, the lexer"),
        ("is it done question mark", "is it done?"),
        ("stooop", "stop"),
        ("phase iii", "phase iii"),
        ("y is 2.2 blocked", "why is 2.2 blocked"),
        ("can u start 1.2", "can you start 1.2"),
        ("dear team, start 1.2. kind regards, dr. holm", "start 1.2"),
        ("hello everyone, stop 1.2", "stop 1.2"),
        ("start 1.2 with immediate effect", "start 1.2"),
        ("start 1.2 if that's fine with you", "start 1.2"),
        ("check 1.2 and if it's fine start 1.3", "check 1.2 and if it's fine start 1.3"),
        ("if there is one thing i'd have you do it is the parser", "i need the parser"),
        ("start 1.2 and after that 1.3", "start 1.2 and then 1.3"),
        ("under no circumstances should web banking be started", "do not web banking be started"),
        ("what we need is the parser", "i need the parser"),
        ("fine: card issuing it is", "fine: start card issuing"),
        ("leave the parser as it is", "leave the parser as it is"),
        ("get somebody to check 1.2", "check 1.2"),
        ("following our call, start 1.2", "start 1.2"),
        ("1.2 and 1.3, but not at the same time", "1.2 and 1.3 sequentially"),
        ("for god's sake, stop 1.2", "stop 1.2"),
        ("gimme the parser, pretty please", "get the parser"),
        ("computer, start 1.2", "start 1.2"),
        ("at least start 1.2", "start 1.2"),
        ("at least two of them", "at least two of them"),
        ("the parser is what we need", "i need the parser"),
        ("start the parser", "start the parser"),
    ],
)
def test_only_manners_go(said: str, plain: str) -> None:
    assert plainly(said, nothing_known) == plain


def test_a_word_of_the_roadmap_is_no_short_form() -> None:
    assert (
        plainly("the r bindings and comma handling", {"r", "comma"}.__contains__) == "the r bindings and comma handling"
    )
    assert plainly("are the r bindings", nothing_known) == "are the are bindings"


@pytest.mark.parametrize(
    ("wish", "order"),
    [
        ("1.2 is to be stopped", "stop 1.2"),
        ("the parser must be tested again", "verify the parser"),
        ("we hereby request that all activities be suspended", "stop everything"),
        ("i would be grateful if work on the index could commence", "start the index"),
        ("it would be great if you could start 1.2", "please start 1.2"),
        ("please arrange for 1.2 to be subjected to quality assurance", "verify 1.2"),
        ("i need that the parser agent stops", "stop the parser agent"),
        ("it must be stopped the parser agent", "stop the parser agent"),
        ("all work is to cease.", "stop everything"),
        ("1.2 should not be started", "1.2 should not be started"),
        ("should 1.2 be stopped?", "should 1.2 be stopped?"),
        ("what must be done", "what must be done"),
        ("if 1.2 must be stopped, tell me", "if 1.2 must be stopped, tell me"),
        ("nothing is to be started", "nothing is to be started"),
    ],
)
def test_wishes_become_orders_and_nothing_else_does(wish: str, order: str) -> None:
    assert actively(wish) == order
