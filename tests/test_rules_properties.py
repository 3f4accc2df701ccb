"""What holds for every text that anybody may type to the rules interpreter."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_rules_goals import ROADMAP

from orchestrator_agent.interpreters.interpreted import InterpretedGoal
from orchestrator_agent.interpreters.rules import interpret_goal
from orchestrator_agent.roadmap import read

ACTIONS = {"spawn_agent", "run_batch", "stop_agent", "redirect_agent"}
WORDS = (
    "start stop run all everything next the parser 1.2 2.1 3.10 9.9 and but not don't except phase small ready agent"
    " to tell move with two agents at once loan desk status page report , . ; : - please verify late fees ( it"
).split()
sentences = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
ASKING = ("is", "why", "what", "who", "when will", "how", "has", "did", "should i", "which", "are")


def acts(found: InterpretedGoal) -> bool:
    """True when it would start or stop something without a yes."""
    return not found.needs_confirmation and any(name in ACTIONS for name, _ in found.tool_calls())


@given(st.one_of(st.text(max_size=300), sentences))
def test_any_text_has_one_lawful_meaning(goal: str) -> None:
    found = interpret_goal(goal, ROADMAP)
    assert found == interpret_goal(goal, ROADMAP)
    assert found.original_goal == goal
    assert 0.0 <= found.confidence <= 1.0
    assert found.evidence.isprintable()
    assert not found.ambiguous or (found.needs_confirmation and not found.matched_work_streams)
    known = {stream.id for stream in ROADMAP.work_streams}
    for _, arguments in found.tool_calls():
        ids = [*arguments.get("work_stream_ids", []), *arguments.get("exclude", [])]
        ids += [arguments[key] for key in ("work_stream_id", "to") if key in arguments]
        assert known.issuperset(ids)


@given(st.sampled_from(ASKING), st.lists(st.sampled_from([w for w in WORDS if w.isalnum()]), max_size=8))
def test_a_question_never_acts(opening: str, words: list[str]) -> None:
    assert not acts(interpret_goal(f"{opening} {' '.join(words)}?", ROADMAP))


@given(
    st.sampled_from([stream.id for stream in ROADMAP.work_streams]),
    st.sampled_from(["don't start", "do not stop", "please never run"]),
)
def test_a_refused_id_is_not_touched(work_stream_id: str, refusal: str) -> None:
    assert not acts(interpret_goal(f"{refusal} {work_stream_id}", ROADMAP))


@given(
    st.sampled_from([stream.id for stream in ROADMAP.work_streams]), st.sampled_from(["", "please ", "ok so ", "\t"])
)
def test_an_id_means_its_stream_and_no_other(work_stream_id: str, before: str) -> None:
    found = interpret_goal(f"{before}start {work_stream_id}", ROADMAP)
    assert [stream.id for stream in found.matched_work_streams] == [work_stream_id]


@pytest.mark.parametrize(
    "piece",
    [
        "start ",
        "a",
        "\x1b[31m",
        "the parser and ",
        "1.1 ",
        "don't ",
        "?",
        "-",
        ", ",
        "move agent to ",
        "can you ",
        "(",
        "停止",
    ],
)
def test_huge_goals_are_read_fast_and_never_acted_on_unasked(piece: str) -> None:
    goal = piece * (100_000 // len(piece))
    begin = time.process_time()
    found = interpret_goal(goal, ROADMAP)
    assert time.process_time() - begin < 5, "reading must not grow with the square of the text"
    assert not acts(found)


def test_hostile_names_are_only_names() -> None:
    name = "$(touch pwned) \x1b[31m ../../etc \u202e" + "x" * 5000
    plan = read(f"## Batch 1\n\n### Phase 1.1: {name}\n- **Status:** Not Started\n".encode(), "roadmap.md")
    found = interpret_goal("touch pwned", plan)
    assert [stream.id for stream in found.matched_work_streams] == ["1.1"]
    assert found.evidence.isprintable()


def test_an_empty_roadmap_has_nothing_to_start() -> None:
    plan = read(b"# Nothing yet\n", "roadmap.md")
    assert interpret_goal("start the parser", plan).tool_calls() == []
    assert interpret_goal("the foundation", plan).tool_calls() == []
