"""`orch goal --explain`: why a goal was read as it was; and how sure the rules say they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from test_rules_goals import ROADMAP

from orchestrator_agent.interpreters import calibration
from orchestrator_agent.interpreters.explaining import explain
from orchestrator_agent.interpreters.reading import Reading
from orchestrator_agent.interpreters.rules import interpret_goal
from orchestrator_agent.interpreters.selections import Found
from orchestrator_agent.terminal import clean


def told(goal: str) -> list[str]:
    return [" ".join(line.split()) for line in explain(interpret_goal(goal, ROADMAP))]


def test_every_step_is_told() -> None:
    assert told("plaese stpo 2.1, then start the task parser with two agents") == [
        "heard plaese stpo 2.1, then start the task parser with two agents",
        "read as please stop 2.1, then start the task parser",
        "limits at most 2 agents",
        "clause 1 stop: 2.1",
        "clause 2 run: the task parser",
        "meaning stop",
        "for 2.1 Loan Desk",
        "because id 2.1",
        "sure 98%, by id",
        "and then",
        "meaning run, as run_single",
        "for 1.2 Task Parser",
        "max_agents 2",
        "because 1.2 on the words: parser",
        "sure 98%, by name",
        "would call stop_agent(work_stream_id='2.1')",
        "would call spawn_agent(work_stream_id='1.2')",
    ]


def test_a_question_back_is_told_with_what_it_offers() -> None:
    lines = told("the reader stuff")
    assert "or which 3.1 Reader Accounts; 3.2 Reader Reviews" in lines
    assert lines[-1].endswith("asks which one is meant")


@given(st.text(max_size=200))
def test_lines_are_harmless_whatever_was_said(goal: str) -> None:
    assert all(clean(line) == line for line in explain(interpret_goal(goal, ROADMAP)))


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_better_fit_is_never_less_sure(one: float, other: float) -> None:
    streams = ROADMAP.work_streams[:1]
    low, high = (
        calibration.confidence(Reading("run", Found(streams, score=fit, kind="name"), fit), ask=False)
        for fit in sorted((one, other))
    )
    assert 0 <= low <= high <= 1


def test_every_ground_has_its_share() -> None:
    for kind in ("id", "selection", "unknown_id", ""):
        assert 0 < calibration.confidence(Reading("run", Found(kind=kind)), ask=False) <= 1
    for ground in ("", "nothing", "only a no", "off topic"):
        assert 0 < calibration.confidence(Reading("none", stands_on=ground), ask=False) <= 1
