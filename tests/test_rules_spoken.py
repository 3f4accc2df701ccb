"""Names that hold words of the grammar are names where they stand word for word."""

from __future__ import annotations

import pytest

from orchestrator_agent.interpreters.rules import interpret_goal
from orchestrator_agent.interpreters.spoken import held, is_name, released
from orchestrator_agent.roadmap import read

NAMES = (
    "Save and Continue Button",
    "Preview Only Mode",
    "Login Without Password",
    "Dry Run",
    "Start, Pause and Stop Keys",
    "Do Not Feed Signs",
)
ROADMAP = read(
    "\n".join(f"### Phase 1.{n}: {name}\n**Status:** Not Started\n" for n, name in enumerate(NAMES, 1)).encode(), "p.md"
)


@pytest.mark.parametrize(
    ("goal", "id_", "parameters"),
    [
        ("build the save and continue button", "1.1", {}),
        ("Save And Continue Button", "1.1", {}),
        ("preview only mode", "1.2", {}),
        ("start login without password", "1.3", {}),
        ("login without password, two agents", "1.3", {"max_agents": 2}),
        ("start, pause and stop keys", "1.5", {}),
        ("do not feed", "1.6", {}),
        ("do not feed signs", "1.6", {}),
        ("dry run 1.2", "1.2", {"dry_run": True}),
        ("dry run of the save and continue button", "1.1", {"dry_run": True}),
    ],
)
def test_a_name_is_read_as_a_whole(goal: str, id_: str, parameters: dict[str, object]) -> None:
    found = interpret_goal(goal, ROADMAP)
    assert (found.intent, [s.id for s in found.matched_work_streams]) == ("run", [id_])
    assert (found.parameters, found.ambiguous) == (parameters, False)


def test_a_no_that_only_shares_a_word_with_a_name_is_one() -> None:
    assert interpret_goal("do not feed the login", ROADMAP).intent == "none"
    assert interpret_goal("don't start the do not feed signs", ROADMAP).intent == "none"


def test_marks_stand_for_names_and_are_taken_back() -> None:
    text, marks = held("do save and continue, then x", ["save and continue"])
    assert "save" not in text
    assert released(text, marks) == "do save continue, then x"


def test_a_name_alone_is_told_from_a_sentence_with_it() -> None:
    assert is_name("start pause stop keys", "start, pause and stop keys")
    assert not is_name("stop the stop keys", "stop keys")
