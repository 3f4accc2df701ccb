"""The talk: a model that calls tools, a person who says yes, a journal. The model is a stand-in."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest
from standin import Answer, Brain, Failure, Request, StandIn, in_turn, text, tool
from support_model import Notes, talk_in
from support_work import make_project

from orchestrator_agent import wishes
from orchestrator_agent.listener import Outcome
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.talk import Talk
from orchestrator_agent.transcripts import Transcripts


@pytest.fixture
def project(repo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose talk costs no time, and whose agents wait."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-replaced")
    return make_project(
        repo, "sleep 60", settings="stop_grace_seconds = 0.2\n[conversation]\nretries = 0\nmax_turns = 6\n"
    )


def answers(*blocks: Any) -> Answer:
    return Answer(content=blocks)


def say(standin: StandIn, monkeypatch: pytest.MonkeyPatch, talk: Talk, *words: str) -> list[Outcome]:
    """What came of each of the person's turns."""
    for name, value in standin.environment.items():
        monkeypatch.setenv(name, value)

    async def turns() -> list[Outcome]:
        try:
            return [await talk.say(turn) for turn in words]
        finally:
            await talk.close()

    return asyncio.run(turns())


def resume(standin: StandIn, talk: Talk, answer: str | None = None) -> Outcome:
    async def turn() -> Outcome:
        try:
            return await talk.resume(answer)
        finally:
            await talk.close()

    return asyncio.run(turn())


def stop(repo: Path) -> None:
    Orchestrator(repo).stop()


def commands(repo: Path) -> list[str]:
    return [command.kind for command in Orchestrator(repo).project.store.recent_commands()]


# ---- What a goal comes to


def test_a_goal_is_looked_up_started_and_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = Notes()
    brain = in_turn(
        answers(tool("list_work_streams")),
        answers({"type": "text", "text": "I start it."}, tool("spawn_agent", work_stream_id="1.1")),
        text("1.1 First File is being worked on."),
    )
    with StandIn(brain) as standin:
        (outcome,) = say(standin, monkeypatch, talk_in(project, notes), "start the first file")
    stop(project)
    assert outcome.state == "done" and outcome.text == "1.1 First File is being worked on."
    assert [name for name, _ in notes.calls] == ["list_work_streams", "spawn_agent"]
    assert "I start it." in notes.said and notes.asked == ["spawn agent (work_stream_id 1.1)?"]
    assert len(outcome.command_ids) == 1 and len(standin.requests) == 3
    assert commands(project)[-1] == "run"


def test_what_was_sent_before_is_read_from_the_cache(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    talk = talk_in(project, Notes())
    brain = in_turn(answers(tool("get_status")), text("Three are left."), answers(tool("report")), text("Nothing ran."))
    with StandIn(brain) as standin:
        first, second = say(standin, monkeypatch, talk, "what is left?", "and what happened?")
    bodies = [request.body for request in standin.requests]
    for before, after in itertools.pairwise(bodies):
        assert (before["tools"], before["system"]) == (after["tools"], after["system"])
        assert plain(after["messages"])[: len(before["messages"])] == plain(before["messages"])
        read = standin.usage(after, text("x"))["cache_read_input_tokens"]
        sent = standin.usage(before, text("x"))
        assert read >= 0.95 * (sent["cache_read_input_tokens"] + sent["cache_creation_input_tokens"])
    assert second.usage.hit_rate > 0.8 and first.usage.requests == 2


def plain(messages: list[dict[str, Any]]) -> list[Any]:
    """Messages without their breakpoints."""
    return [
        (m["role"], [{key: value for key, value in block.items() if key != "cache_control"} for block in m["content"]])
        for m in messages
    ]


def test_several_calls_of_one_answer_get_their_results_in_one_message(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = (tool("spawn_agent", work_stream_id="1.1"), tool("spawn_agent", work_stream_id="9.9"))
    with StandIn(in_turn(answers(*two), text("One was started, 9.9 does not exist."))) as standin:
        (outcome,) = say(standin, monkeypatch, talk_in(project, Notes()), "start 1.1 and 9.9")
    stop(project)
    blocks = standin.requests[1].last
    assert [block["tool_use_id"] for block in blocks] == [two[0]["id"], two[1]["id"]]
    assert "is_error" not in blocks[0] and blocks[1]["is_error"] and "no work stream" in blocks[1]["content"]
    assert len(outcome.command_ids) == 1


def test_a_no_is_a_no(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    brain = in_turn(answers(tool("run_batch")), text("Then not."))
    with StandIn(brain) as standin:
        (outcome,) = say(standin, monkeypatch, talk_in(project, Notes(yes=False)), "do everything")
    assert "said no" in next(iter(standin.requests[1].results.values()))
    assert outcome.state == "done" and not outcome.command_ids and commands(project) == []


def test_words_typed_meanwhile_go_along_with_the_results(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    talk = talk_in(project, Notes())

    def brain(request: Request) -> Answer:
        if request.number == 0:
            talk.steering.append("only the first one, please")
            return answers(tool("list_work_streams"))
        return text("Understood.")

    with StandIn(brain) as standin:
        say(standin, monkeypatch, talk, "look at all")
    assert [block["type"] for block in standin.requests[1].last] == ["tool_result", "text"]
    assert standin.requests[1].said == "only the first one, please"


# ---- A person who is not there, and ends of all kinds


def test_a_question_waits_until_it_is_answered(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = tool("ask_person", question="Which file?", choices=["1.1", "1.2"])
    brain = in_turn(answers(asked), answers(tool("spawn_agent", work_stream_id="1.2")), text("1.2 it is."))
    # A journal is there from earlier work; the talk is kept in it.
    Orchestrator(project).project.writable_store()
    with StandIn(brain) as standin:
        (outcome,) = say(standin, monkeypatch, talk_in(project, Notes(answers=None)), "start the file")
        assert (outcome.state, outcome.text, outcome.choices) == ("needs_answer", "Which file?", ("1.1", "1.2"))
        assert len(standin.requests) == 1
        later = talk_in(project, Notes())
        assert later.take_up(waiting=True)
        done = resume(standin, later, "1.2")
    stop(project)
    assert standin.requests[1].results == {asked["id"]: "1.2"}
    assert done.text == "1.2 it is." and len(done.command_ids) == 1
    assert not talk_in(project, Notes()).take_up(waiting=True)


def test_a_yes_can_come_later_too(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Orchestrator(project).project.writable_store()
    brain = in_turn(answers(tool("spawn_agent", work_stream_id="1.2")), text("Started."))
    with StandIn(brain) as standin:
        (outcome,) = say(standin, monkeypatch, talk_in(project, Notes(yes=None)), "start 1.2")
        assert outcome.state == "needs_answer" and commands(project) == []
        later = talk_in(project, Notes(yes=None))
        assert later.take_up(waiting=True)
        assert len(resume(standin, later, "yes").command_ids) == 1
    stop(project)


def test_nothing_is_done_twice_when_it_was_killed_between_wish_and_result(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal is as a kill leaves it: the call is written down and carried out, its result is not."""
    orchestrator = Orchestrator(project)
    transcripts = Transcripts(orchestrator.project.writable_store())
    cut = transcripts.begin()
    call = tool("spawn_agent", work_stream_id="1.1")
    transcripts.add(cut, "user", [{"type": "text", "text": "start 1.1"}])
    transcripts.add(cut, "assistant", [{key: call[key] for key in ("type", "id", "name", "input")}])
    with wishes.as_request(f"{cut.id}:{call['id']}"):
        accepted = orchestrator.accept(orchestrator.plan(["1.1"]))
    with StandIn(in_turn(text("It was started before."))) as standin:
        for name, value in standin.environment.items():
            monkeypatch.setenv(name, value)
        notes = Notes(yes=False)  # a no that comes too late must not be told as one
        talk = talk_in(project, notes)
        assert talk.take_up()
        outcome = resume(standin, talk)
    stop(project)
    assert outcome.command_ids == [accepted] and not notes.asked
    assert commands(project).count("run") == 1


def test_a_turn_that_is_cut_short_leaves_no_call_open(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Impatient(Notes):
        async def approve(self, calls: Any, asked: str) -> bool | None:
            raise asyncio.CancelledError

    talk = talk_in(project, Impatient())
    brain = in_turn(answers(tool("spawn_agent", work_stream_id="1.1")), text("As you like."))
    with StandIn(brain) as standin:
        with pytest.raises(asyncio.CancelledError):
            say(standin, monkeypatch, talk, "start 1.1")
        talk.cancelled()
        (outcome,) = say(standin, monkeypatch, talk, "never mind")
    assert outcome.text == "As you like."
    assert "cut this turn short" in str(standin.requests[1].body["messages"])


# ---- Every stop reason


def test_answers_that_are_cut_off_go_on(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = Answer(content=({"type": "text", "text": "So"}, tool("run_batch")), stop_reason="max_tokens")
    with StandIn(in_turn(cut, text("In short: three."))) as standin:
        (outcome,) = say(standin, monkeypatch, talk_in(project, Notes()), "what is left?")
    assert outcome.text == "In short: three." and not outcome.results
    assert "cut off" in standin.requests[1].said


def test_a_pause_goes_on_unchanged(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with StandIn(in_turn(text("Hm", stop_reason="pause_turn"), text("Three."))) as standin:
        (outcome,) = say(standin, monkeypatch, talk_in(project, Notes()), "what is left?")
    assert outcome.text == "Three." and standin.requests[1].body["messages"][-1]["role"] == "assistant"


def test_a_refusal_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = Answer(content=(), stop_reason="refusal", stop_details={"type": "refusal", "category": "cyber"})
    notes = Notes()
    with StandIn(in_turn(refusal, text("Hello."))) as standin:
        first, second = say(standin, monkeypatch, talk_in(project, notes), "do something bad", "hello")
    assert first.state == "refused" and notes.lines == ["The model declines to answer that (cyber)."]
    assert second.text == "Hello."


def test_a_full_context_is_summed_up(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = text("As I was", stop_reason="model_context_window_exceeded")
    brain = in_turn(text("Three."), full, text("They asked what is left."), text("Three, as I said."))
    with StandIn(brain, betas=()) as standin:
        _, outcome = say(standin, monkeypatch, talk_in(project, Notes()), "what is left?", "say it again")
    assert outcome.text == "Three, as I said."
    refused, _, last = (request.body for request in standin.requests[2:])
    assert "context_management" in refused and "context_management" not in last
    assert len(last["messages"]) == 1 and "They asked what is left." in last["messages"][0]["content"][0]["text"]


def test_a_server_that_can_sums_up_in_the_same_answer(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = text("As I was", stop_reason="model_context_window_exceeded")
    block = {"type": "compaction", "content": "They asked what is left."}
    again = answers(block, {"type": "text", "text": "I look."}, tool("get_status"))
    notes, talk = Notes(), talk_in(project, Notes())
    talk.listener = notes
    Orchestrator(project).project.writable_store()
    with StandIn(in_turn(text("Three."), full, again, text("Three, as I said."), text("Bye."))) as standin:
        _, outcome, _ = say(standin, monkeypatch, talk, "what is left?", "say it again", "bye")
    assert outcome.text == "Three, as I said." and [name for name, _ in notes.calls] == ["get_status"]
    asked, after, later = (request.body for request in standin.requests[2:])
    (edit,) = asked["context_management"]["edits"]
    assert edit["type"] == "compact_20260112" and "context_management" not in after
    assert [message["role"] for message in after["messages"]] == ["user", "assistant", "user"]
    assert after["messages"][1]["content"][0] == block and later["messages"][1] == after["messages"][1]
    # What the compaction took is counted, and is no part of the context.
    assert outcome.usage.input + outcome.usage.cache_read > 2 * talk._last_context
    kept = Transcripts(Orchestrator(project).project.store).load(talk.transcript.id)
    assert kept is not None and kept.messages == talk.transcript.messages


def test_a_server_that_compacts_nothing_when_asked_is_not_asked_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = text("As I was", stop_reason="model_context_window_exceeded")
    brain = in_turn(text("Three."), full, full, text("They asked what is left."), text("Three, as I said."))
    with StandIn(brain) as standin:
        _, outcome = say(standin, monkeypatch, talk_in(project, Notes()), "what is left?", "say it again")
    assert outcome.text == "Three, as I said."
    assert ["context_management" in request.body for request in standin.requests] == [False, False, True, False, False]


def test_turns_and_money_have_bounds(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = Notes()
    with StandIn(lambda request: answers(tool("get_status"))) as standin:
        (outcome,) = say(standin, monkeypatch, talk_in(project, notes), "go round and round")
        assert outcome.state == "limit" and len(standin.requests) == 6 and "6 turns" in notes.lines[0]
        settings = (project / "orch.toml").read_text() + "max_cost_usd = 0.000001\n"
        (project / "orch.toml").write_text(settings)
        (dear,) = say(standin, monkeypatch, talk_in(project, notes), "go round")
    assert dear.state == "limit" and len(standin.requests) == 7


# ---- A model that cannot be asked


@pytest.mark.parametrize("trouble", [Failure(status=529), Failure(status=429), Failure(status=500), Failure(status=0)])
def test_the_rules_serve_while_the_model_is_away(
    project: Path, monkeypatch: pytest.MonkeyPatch, trouble: Failure
) -> None:
    notes = Notes()
    with StandIn(in_turn(trouble, trouble, text("I am back."))) as standin:
        away, still, back = say(standin, monkeypatch, talk_in(project, notes), "status", "status", "hello")
    assert (away.interpreter, still.interpreter, back.interpreter) == ("rules", "rules", "claude")
    assert [line for line in notes.lines if "not at hand" in line] == notes.lines[:1]
    assert [name for name, _ in notes.calls] == ["get_status", "get_status"] and back.text == "I am back."


def test_a_wrong_key_is_not_tried_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = Notes()
    with StandIn(in_turn(text("never")), key="sk-another") as standin:
        monkeypatch.setattr(standin, "key", "sk-the-right-one")
        environment = {**standin.environment, "ANTHROPIC_API_KEY": "sk-wrong"}
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        talk = talk_in(project, notes)

        async def turns() -> list[Outcome]:
            try:
                return [await talk.say(words) for words in ("status", "status")]
            finally:
                await talk.close()

        outcomes = asyncio.run(turns())
    assert [outcome.interpreter for outcome in outcomes] == ["rules", "rules"] and len(standin.requests) == 1
    assert "does not accept the key" in notes.lines[0]


def test_without_a_key_nothing_is_sent(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    notes = Notes()
    talk = talk_in(project, notes)
    assert "ANTHROPIC_API_KEY is not set" in talk.why_offline
    outcome = asyncio.run(talk.say("status"))
    assert outcome.interpreter == "rules" and [name for name, _ in notes.calls] == ["get_status"]


@pytest.mark.parametrize("broken", [{"cut_after": 4}, {"error_after": (4, "overloaded_error")}])
def test_a_stream_that_breaks_is_begun_again(
    project: Path, monkeypatch: pytest.MonkeyPatch, broken: dict[str, Any]
) -> None:
    torn: Brain = in_turn(Answer(content=text("one two three four five").content, **broken), text("Whole."))
    notes = Notes()
    with StandIn(torn) as standin:
        (outcome,) = say(standin, monkeypatch, talk_in(project, notes), "hello")
    assert outcome.text == "Whole." and outcome.interpreter == "claude" and len(standin.requests) == 2
    assert (notes.cuts, notes.said) == ([("one two thre", True)], "Whole.")


def test_a_stream_that_breaks_each_time_is_given_up_and_said_to_be(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torn, notes = Answer(content=text("one two three four five").content, cut_after=4), Notes()
    with StandIn(in_turn(torn)) as standin:
        (outcome,) = say(standin, monkeypatch, talk_in(project, notes), "status")
    assert outcome.interpreter == "rules" and [again for _, again in notes.cuts] == [True, True, False]
    assert notes.said == "" and "broke off" in notes.lines[0]
