"""Goals in words: what is proposed, how it is told, and what comes of a yes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import git
from support_talk import ROADMAP, SLOW, furnish, stopped_after

from orchestrator_agent import events, follow
from orchestrator_agent.conversation import Conversation, describe, label, question
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.tools import TOOLS, ToolCall, Toolset

Furnish = Callable[..., Path]
READ_ONLY = {tool.name for tool in TOOLS if tool.read_only}


@pytest.fixture
def make(repo: Path) -> Iterator[Furnish]:
    with stopped_after(repo):
        yield lambda *args, **options: furnish(repo, *args, **options)


@pytest.fixture
def conversation(make: Furnish) -> Conversation:
    return Conversation(Orchestrator(make(SLOW)))


def test_a_work_stream_by_its_name(conversation: Conversation) -> None:
    proposal = conversation.propose("Start working on the task parser")
    assert proposal.calls == (ToolCall("spawn_agent", {"work_stream_id": "1.1"}),)
    assert proposal.confirm
    (line,) = describe(proposal)
    assert line.startswith("Matched goal to Phase 1.1: Task Parser (sure: ")
    assert line.endswith('%, on the words "parser")')
    assert question(proposal) == "Would you like me to start working on this?"


def test_everything_is_told_before_it_is_asked(conversation: Conversation) -> None:
    proposal = conversation.propose("do everything except 1.3")
    assert proposal.calls == (ToolCall("run_batch", {"exclude": ["1.3"]}),)
    first, *rest = describe(proposal)
    assert first.startswith("Matched goal to everything that can be done: 2 now, 1 more as they are unblocked")
    assert rest == ["  • Phase 1.1: Task Parser", "  • Phase 1.2: Price Table", "  without Phase 1.3"]
    assert question(proposal) == "Would you like me to start working on these?"


def test_the_next_one_is_named(conversation: Conversation) -> None:
    proposal = conversation.propose("next")
    assert describe(proposal)[0].startswith("Matched goal to the next work stream, Phase 1.1: Task Parser")


def test_several_names(conversation: Conversation) -> None:
    proposal = conversation.propose("start 1.1 and 1.2")
    assert proposal.calls == (ToolCall("run_batch", {"work_stream_ids": ["1.1", "1.2"]}),)
    assert describe(proposal)[1:] == ["  • Phase 1.1: Task Parser", "  • Phase 1.2: Price Table"]


@pytest.mark.parametrize(
    "text",
    [
        "status",
        "what is left?",
        "report",
        "why is 2.1 blocked?",
        "how do I start everything?",
        "hello there",
        "",
        "help",
    ],
)
def test_looking_and_asking_never_act(conversation: Conversation, text: str) -> None:
    proposal = conversation.propose(text)
    assert {call.name for call in proposal.calls} <= READ_ONLY
    assert not proposal.confirm
    conversation.carry_out(proposal)
    assert not conversation.orchestrator.project.state.exists()


def test_what_cannot_start_is_said_and_not_asked(conversation: Conversation) -> None:
    proposal = conversation.propose("start the receipt printer")
    assert proposal.calls == () and not proposal.confirm
    assert "2.1 cannot start: waits for 1.1" in describe(proposal)[-1]


def test_words_for_an_agent_go_to_the_tool_for_it_and_what_has_no_tool_is_said(conversation: Conversation) -> None:
    proposal = conversation.propose("tell 1.1 to use decimals")
    assert proposal.calls == (ToolCall("send_feedback", {"agent_id": "1.1", "feedback": "use decimals"}),)
    (refused,) = conversation.carry_out(proposal)
    assert refused.is_error and "1.1" in refused.text  # nobody works on it
    bare = Conversation(conversation.orchestrator, toolset=Toolset(()))
    assert "cannot send feedback yet" in describe(bare.propose("tell 1.1 to use decimals"))[-1]


def test_a_dry_run_is_shown_and_never_done(conversation: Conversation) -> None:
    proposal = conversation.propose("dry run: do everything")
    assert proposal.dry_run and not proposal.confirm
    assert proposal.plan is not None and [stream.id for stream in proposal.plan.now] == ["1.1", "1.2", "1.3"]
    assert describe(proposal)[-1] == "Nothing was started: you asked what would happen."
    assert conversation.carry_out(proposal) == []
    assert not conversation.orchestrator.project.state.exists()


def test_an_ambiguous_goal_is_asked_back_and_the_choice_is_the_yes(conversation: Conversation) -> None:
    proposal = conversation.propose("start the price")
    assert proposal.calls == () and not proposal.confirm
    assert describe(proposal) == ["That could be:", "  1. Phase 1.2: Price Table", "  2. Phase 1.3: Price Labels"]
    assert question(proposal) == "Which one should start (number or id, or nothing)?"
    for answer in ("2", "1.3", "phase 1.3", "price labels"):
        chosen = conversation.choose(proposal, answer)
        assert chosen is not None and not chosen.confirm
        assert chosen.calls == (ToolCall("spawn_agent", {"work_stream_id": "1.3"}),)
    for answer in ("", "3", "0", "-1", "1.1", "9.9", "²", "9" * 5000):
        assert conversation.choose(proposal, answer) is None


def test_ids_that_are_plain_numbers_are_never_list_numbers(make: Furnish) -> None:
    roadmap = ROADMAP.replace("Phase 1.2: Price Table", "Phase 2: Price Table")
    roadmap = roadmap.replace("Phase 1.3: Price Labels", "Phase 1: Price Labels")
    conversation = Conversation(Orchestrator(make(SLOW, roadmap)))
    proposal = conversation.propose("start the price")
    assert sorted(describe(proposal)[1:]) == ["  • 1: Price Labels", "  • 2: Price Table"]
    chosen = conversation.choose(proposal, "2")
    assert chosen is not None and chosen.calls[0].arguments == {"work_stream_id": "2"}


def test_a_yes_starts_and_journals_the_goal(conversation: Conversation) -> None:
    results = conversation.carry_out(conversation.propose("start working on the task parser"))
    assert [result.is_error for result in results] == [False]
    store = conversation.orchestrator.project.store
    goal = next(event for event in store.events_after(0) if event.type == events.GOAL_RECEIVED)
    assert goal.data["goal"] == "start working on the task parser"
    assert goal.data["command_ids"] == [results[0].data["command_id"]]
    assert set(store.claims()) == {"1.1"}


def test_what_is_refused_in_the_end_leaves_nothing_behind(conversation: Conversation) -> None:
    proposal = conversation.propose("start 1.1")
    git(conversation.orchestrator.project.root, "checkout", "--quiet", "--detach")
    (result,) = conversation.carry_out(proposal)
    assert result.is_error and "branch" in result.text
    assert not conversation.orchestrator.project.state.exists()


def test_stopping_is_asked_and_never_takes_more_than_was_said(conversation: Conversation) -> None:
    assert describe(conversation.propose("stop everything"))[-1] == "Nothing is running."
    for name in ("1.1", "1.2"):
        conversation.orchestrator.run(name)
    every = conversation.propose("stop everything")
    assert every.calls == (ToolCall("stop_agent", {}),) and every.confirm
    assert describe(every)[0].startswith("Matched goal to stopping all that runs (2 agents)")
    assert question(every).startswith("Shall I stop this")

    assert describe(conversation.propose("stop 1.3"))[-1] == "Nothing of that is running."
    but_one = conversation.propose("stop everything but the task parser")
    assert but_one.confirm
    (result,) = conversation.carry_out(but_one)
    follow.wait(conversation.orchestrator.project, result.data["command_id"])
    live = conversation.orchestrator.project.store.live_agents()
    assert [facts.record.work_stream_id for facts in live] == ["1.1"]


def test_hostile_names_are_only_text(make: Furnish) -> None:
    name = "Task \x1b[31mParser \u202e$(touch pwned)"
    conversation = Conversation(Orchestrator(make(SLOW, ROADMAP.replace("Task Parser", name))))
    for text in ("start 1.1", "do everything", "start \x1b[2J1.1"):
        for line in describe(conversation.propose(text)):
            assert "\x1b" not in line and "\u202e" not in line


def test_phase_numbers_are_called_phases_and_other_ids_are_not() -> None:
    assert label("1.2", "Parser") == "Phase 1.2: Parser"
    assert label("add-login") == "add-login"
    assert label("7", "Seven") == "7: Seven"
