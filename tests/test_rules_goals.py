"""The rules interpreter on a small roadmap: what a sentence means, and what it must never do."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator_agent.interpreters.clauses import clauses
from orchestrator_agent.interpreters.rules import interpret_goal
from orchestrator_agent.roadmap import read

PLAN = """\
# Town library

## Phase 1: Foundation

### Phase 1.1: Book Database
- **Status:** Complete
- **Effort:** M
- **Tasks:** tables for titles and copies

### Phase 1.2: Task Parser
- **Status:** Not Started
- **Effort:** S
- **Depends On:** 1.1
- **Tasks:** read the import files of the old system

### Phase 1.3: Install Wizard
- **Status:** In Progress
- **Effort:** M
- **Depends On:** 1.1

## Phase 2: Lending

### Phase 2.1: Loan Desk
- **Status:** In Progress
- **Effort:** L
- **Depends On:** 1.1
- **Tasks:** scan a card, lend a copy, take it back

### Phase 2.2: Late Fees
- **Status:** Not Started
- **Effort:** S
- **Depends On:** 2.1

### Phase 2.3: Reservation Queue
- **Status:** Not Started
- **Effort:** L
- **Depends On:** 2.1

## Phase 3: People

### Phase 3.1: Reader Accounts
- **Status:** Not Started
- **Effort:** M
- **Depends On:** 1.1

### Phase 3.2: Reader Reviews
- **Status:** Not Started
- **Effort:** S
- **Depends On:** 3.1

### Phase 3.3: Status Page
- **Status:** Not Started
- **Effort:** S
- **Depends On:** 1.1

### Phase 3.10: Report Generator
- **Status:** Not Started
- **Effort:** M
- **Depends On:** 2.1
"""
ROADMAP = read(PLAN.encode(), "plans/roadmap.md")
LEFT = ["1.2", "1.3", "2.1", "2.2", "2.3", "3.1", "3.2", "3.3", "3.10"]


def meaning(goal: str, **more: Any) -> tuple[str, list[str]]:
    """Intent and ids; "ask" where it asks back, with the ids that it offers."""
    found = interpret_goal(goal, ROADMAP, **more)
    streams = found.candidates if found.ambiguous else found.matched_work_streams
    return ("ask" if found.ambiguous else found.intent, [stream.id for stream in streams])


@pytest.mark.parametrize(
    ("goal", "intent", "ids"),
    [
        ("loan desk", "run", ["2.1"]),
        ("Please implement the reservation queue", "run", ["2.3"]),
        ("start someone on late fees", "run", ["2.2"]),
        ("we could use the wizard", "run", ["1.3"]),
        ("REPORT GENERATOR!!", "run", ["3.10"]),
        ("report-generator", "run", ["3.10"]),
        ("ReaderAccounts", "run", ["3.1"]),
        ("reservtion queeu", "run", ["2.3"]),
        ("3.1", "run", ["3.1"]),
        ("3.10", "run", ["3.10"]),
        ("phase 3.10 please", "run", ["3.10"]),
        ("begin 1.2 and 3.3", "run", ["1.2", "3.3"]),
        ("late fees, the status page and the task parser", "run", ["2.2", "3.3", "1.2"]),
        ("2.1 to 2.3", "run", ["2.1", "2.2", "2.3"]),
        ("between 3.2 and 3.10", "run", ["3.2", "3.3", "3.10"]),
        ("could you take on the reader reviews?", "run", ["3.2"]),
        ("retry 1.2", "run", ["1.2"]),
        ("2.1-2.3", "run", ["2.1", "2.2", "2.3"]),
        ("phase 2 and 3.1", "run", ["3.1", "2.1", "2.2", "2.3"]),
    ],
)
def test_naming_work_starts_it(goal: str, intent: str, ids: list[str]) -> None:
    assert meaning(goal) == (intent, ids)


def test_words_inside_words_command_nothing() -> None:
    assert meaning("install wizard") == ("run", ["1.3"])
    assert meaning("install the parser") == ("run", ["1.2"])


def test_a_name_beats_the_verb_before_it() -> None:
    assert meaning("start working on the task parser") == ("run", ["1.2"])
    assert meaning("next, begin with the task parser") == ("run", ["1.2"])


def test_command_words_inside_names_do_not_command() -> None:
    assert meaning("status page") == ("run", ["3.3"])
    assert meaning("build the report generator") == ("run", ["3.10"])
    assert meaning("stop arguing and start 1.2") == ("run", ["1.2"])


@pytest.mark.parametrize(
    ("goal", "intent"),
    [
        ("everything", "run_all"),
        ("run all of it", "run_all"),
        ("the entire roadmap", "run_all"),
        ("next", "run_next"),
        ("go on", "run_next"),
        ("start the next one please", "run_next"),
        ("stop", "stop_all"),
        ("halt every agent", "stop_all"),
        ("status", "status"),
        ("how far are we?", "status"),
        ("report", "report"),
        ("run a report", "report"),
        ("all done?", "status"),
        ("a short summary for the board, please", "report"),
        ("help", "help"),
        ("what can you do?", "help"),
        ("quit", "quit"),
        ("good morning", "none"),
        ("order a pizza", "none"),
        ("", "none"),
        ("  \t\n ", "none"),
    ],
)
def test_words_for_the_whole(goal: str, intent: str) -> None:
    assert meaning(goal) == (intent, [])


@pytest.mark.parametrize(
    ("goal", "intent", "ids"),
    [
        ("phase 2", "run", ["2.1", "2.2", "2.3"]),
        ("do phase two", "run", ["2.1", "2.2", "2.3"]),
        ("the lending phase", "run", ["2.1", "2.2", "2.3"]),
        ("the foundation", "run", ["1.2", "1.3"]),
        ("first phase", "run", ["1.2", "1.3"]),
        ("all small streams", "run", ["1.2", "2.2", "3.2", "3.3"]),
        ("whatever is ready", "run", ["1.2", "3.1", "3.3"]),
        ("the small ones in phase 3", "run", ["3.2", "3.3"]),
        ("phase 2 without the late fees", "run", ["2.1", "2.3"]),
        ("the last one in phase 2", "run", ["2.3"]),
        ("second stream of the lending phase", "run", ["2.2"]),
        ("the first two small ones in phase 3", "run", ["3.2", "3.3"]),
        ("first phase 2, then nothing", "run", ["2.1", "2.2", "2.3"]),
    ],
)
def test_selections(goal: str, intent: str, ids: list[str]) -> None:
    assert meaning(goal) == (intent, ids)


def test_the_foundation_without_such_a_heading_is_the_first_batch() -> None:
    plan = read(PLAN.replace("Foundation", "Shelves").encode(), "roadmap.md")
    found = interpret_goal("lay the foundation", plan)
    assert [stream.id for stream in found.matched_work_streams] == ["1.2", "1.3"]


@pytest.mark.parametrize(
    "goal",
    [
        "is the task parser done?",
        "should I start the task parser?",
        "why was 2.1 stopped?",
        "what happens if I stop everything?",
        "did anyone run all of phase 2?",
        "which ones can start now?",
        "who stopped the loan desk?",
        "when will everything be running?",
        "what would it take to start all of them?",
        "how do I stop an agent?",
        "I want to know whether 2.1 is running",
        "tell me when 2.1 is done",
        "is the desk agent to move to the status page?",
        "are we to begin the reader accounts now",
    ],
)
def test_a_question_never_starts_or_stops(goal: str) -> None:
    assert interpret_goal(goal, ROADMAP).intent in ("status", "explain", "help", "none", "report")


def test_a_request_with_a_mere_question_mark_asks_first() -> None:
    found = interpret_goal("start the task parser?", ROADMAP)
    assert (found.intent, found.needs_confirmation) == ("run", True)


@pytest.mark.parametrize(
    ("goal", "intent", "ids"),
    [
        ("don't start the task parser", "none", []),
        ("please do not stop the loan desk", "none", []),
        ("leave the late fees alone", "none", []),
        ("not the task parser, the status page", "run", ["3.3"]),
        ("late fees but not the status page", "run", ["2.2"]),
        ("don't run everything, just 1.2", "run", ["1.2"]),
        ("skip 2.2 and do 2.3", "run", ["2.3"]),
        ("the task parser rather than the wizard", "run", ["1.2"]),
        ("could you please not start the task parser", "none", []),
        ("the task parser must not be started", "none", []),
        ("nobody should touch the loan desk", "none", []),
        ("I'd rather you didn't start the late fees", "none", []),
        ("whatever you do, don't touch the loan desk", "none", []),
        ("exclude the late fees", "none", []),
        ("keep everything running", "none", []),
        ("start nothing", "none", []),
        ("let the wizard be", "none", []),
        ("fire everyone", "none", []),
    ],
)
def test_no_means_no(goal: str, intent: str, ids: list[str]) -> None:
    assert meaning(goal) == (intent, ids)


def test_exclusions_are_parameters_of_everything() -> None:
    assert interpret_goal("pause all agents but the wizard", ROADMAP).parameters == {"exclude": ["1.3"]}
    found = interpret_goal("everything but the late fees", ROADMAP)
    assert (found.intent, found.parameters) == ("run_all", {"exclude": ["2.2"]})
    assert found.tool_calls() == [("run_batch", {"exclude": ["2.2"]})]


def test_an_exclusion_that_fits_nothing_needs_a_yes() -> None:
    found = interpret_goal("everything except the coffee machine", ROADMAP)
    assert (found.intent, found.needs_confirmation) == ("run_all", True)


def test_words_that_fit_two_ask_and_offer_both() -> None:
    found = interpret_goal("the reader stuff", ROADMAP)
    assert {stream.id for stream in found.candidates} == {"3.1", "3.2"}
    assert (found.suggested_action, found.needs_confirmation, found.tool_calls()) == ("ask", True, [])


def test_either_asks_which() -> None:
    assert meaning("either the task parser or the wizard") == ("ask", ["1.2", "1.3"])


def test_a_condition_is_no_target_and_needs_a_yes() -> None:
    for goal in ("once 2.1 is finished, begin 2.2", "start 2.2 after the loan desk", "if 2.1 is done run 2.2"):
        found = interpret_goal(goal, ROADMAP)
        assert ([s.id for s in found.matched_work_streams], found.needs_confirmation) == (["2.2"], True), goal


def test_a_verb_that_nobody_knows_needs_a_yes() -> None:
    found = interpret_goal("juggle the loan desk", ROADMAP)
    assert (found.intent, found.needs_confirmation) == ("run", True)
    assert meaning("scrap the wizard") == meaning("switch off the wizard") == ("stop", ["1.3"])
    assert meaning("mark 2.1 as complete") == ("none", [])


def test_both_means_both() -> None:
    assert meaning("both reader streams") == ("run", ["3.1", "3.2"])


def test_a_pronoun_without_a_referent_asks() -> None:
    assert meaning("do it") == ("ask", [])
    assert meaning("stop it") == ("ask", ["1.3", "2.1"])
    assert meaning("stop it", running=["2.1"]) == ("stop", ["2.1"])


def test_unknown_ids_ask_and_never_fall_back_to_a_near_one() -> None:
    assert meaning("start 3.11") == ("ask", [])
    assert meaning("stop 9.9") == ("ask", [])
    assert meaning("phase 8") == ("ask", [])


def test_stop_verify_explain_take_a_target() -> None:
    assert meaning("stop the loan desk") == ("stop", ["2.1"])
    assert meaning("make the loan desk agent stop now") == ("stop", ["2.1"])
    assert meaning("stop 1.3 and 2.1") == ("stop", ["1.3", "2.1"])
    assert meaning("verify the wizard") == ("verify", ["1.3"])
    assert meaning("why is the reservation queue blocked") == ("explain", ["2.3"])
    assert meaning("how is the loan desk doing?") == ("status", ["2.1"])


def test_work_that_is_complete_is_redone_only_after_a_yes() -> None:
    found = interpret_goal("build the book database", ROADMAP)
    assert (found.intent, [s.id for s in found.matched_work_streams], found.needs_confirmation) == (
        "run",
        ["1.1"],
        True,
    )


def test_limits_and_dry_runs_are_parameters() -> None:
    assert interpret_goal("everything with four agents", ROADMAP).parameters == {"max_agents": 4}
    assert interpret_goal("phase 2, one at a time", ROADMAP).parameters == {"max_agents": 1}
    assert interpret_goal("dry run of 1.2", ROADMAP).parameters == {"dry_run": True}
    assert interpret_goal("the next three", ROADMAP).parameters == {"count": 3}


def test_words_for_an_agent_keep_their_case() -> None:
    found = interpret_goal("tell the loan desk agent to use ISO dates, not US ones", ROADMAP)
    assert found.tool_calls() == [("send_feedback", {"agent_id": "2.1", "feedback": "use ISO dates, not US ones"})]
    found = interpret_goal("2.1: keep the Scanner class", ROADMAP)
    assert found.tool_calls() == [("send_feedback", {"agent_id": "2.1", "feedback": "keep the Scanner class"})]
    assert meaning("tell 2.1 to stop") == ("stop", ["2.1"])


def test_what_is_pasted_goes_to_the_agent_and_commands_nobody() -> None:
    paste = "Traceback (most recent call last):\n  in stop\nKeyError: 'ts'\n\n"
    found = interpret_goal(f"{paste}this is from the loan desk, pass it on to its agent please", ROADMAP)
    assert (found.intent, [stream.id for stream in found.matched_work_streams]) == ("feedback", ["2.1"])
    assert found.parameters["text"].startswith("Traceback")
    told = interpret_goal("> stop all\ntell whoever does the loan desk about this: mind the clock", ROADMAP)
    assert (told.intent, told.parameters) == ("feedback", {"text": "mind the clock"})


def test_an_agent_is_redirected() -> None:
    found = interpret_goal("move the loan desk agent to the status page", ROADMAP)
    assert found.tool_calls() == [("redirect_agent", {"agent_id": "2.1", "work_stream_id": "3.3"})]


def test_each_intent_has_its_tool_calls() -> None:
    def calls(goal: str) -> list[tuple[str, dict[str, Any]]]:
        return interpret_goal(goal, ROADMAP).tool_calls()

    assert calls("1.2") == [("spawn_agent", {"work_stream_id": "1.2"})]
    assert calls("1.2 and 3.3") == [("run_batch", {"work_stream_ids": ["1.2", "3.3"]})]
    assert calls("next") == [("spawn_agent", {})]
    assert calls("next two") == [("run_batch", {"count": 2})]
    assert calls("everything with two agents") == [("run_batch", {"max_agents": 2})]
    assert calls("stop 2.1") == [("stop_agent", {"work_stream_id": "2.1"})]
    assert calls("stop everything") == [("stop_agent", {})]
    assert calls("status") == [("get_status", {})]
    assert calls("is 2.1 running?") == [("get_status", {"work_stream_id": "2.1"})]
    assert calls("verify 2.1") == [("verify", {"work_stream_id": "2.1"})]
    assert calls("report") == [("report", {})]
    assert calls("help") == calls("quit") == calls("good morning") == calls("do it") == []


@pytest.mark.parametrize(
    ("goal", "intent", "ids"),
    [
        ("starte bitte den Task Parser", "run", ["1.2"]),
        ("alles außer 2.2", "run_all", []),
        ("stoppe alle Agenten", "stop_all", []),
        ("warum ist 2.3 blockiert?", "explain", ["2.3"]),
        ("lance la phase 2", "run", ["2.1", "2.2", "2.3"]),
        ("arrête tous les agents", "stop_all", []),
        ("empieza 1.2 por favor", "run", ["1.2"]),
        ("detén todo", "stop_all", []),
        ("停止 2.1", "stop", ["2.1"]),
        ("把 2.1 停掉，然后开始 2.2", "stop", ["2.1"]),
        ("fais voir ce qui tourne", "status", []),
        ("ejecuta 2.2", "run", ["2.2"]),
        ("starte 2.2, nein warte, 2.3", "run", ["2.3"]),
        ("ich will nicht, dass ihr 2.2 startet", "none", []),
        ("hast du 2.1 gestoppt?", "status", ["2.1"]),
        ("除了 2.1 其他都停", "stop_all", []),
        ("bitte nicht die Reader Reviews sondern Late Fees starten", "run", ["2.2"]),
        ("bitte noch nicht mit 2.2 anfangen", "none", []),
        ("下一个", "run_next", []),
    ],
)
def test_other_languages(goal: str, intent: str, ids: list[str]) -> None:
    assert meaning(goal) == (intent, ids)


def test_a_plan_is_found_where_the_user_stands(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "roadmap.md").write_text(PLAN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert [s.id for s in interpret_goal("late fees").matched_work_streams] == ["2.2"]
    assert [s.id for s in interpret_goal("late fees", tmp_path / "plans" / "roadmap.md").matched_work_streams] == [
        "2.2"
    ]


def test_both_halves_of_a_compound_goal_become_tool_calls() -> None:
    found = interpret_goal("stop 2.1 and start 1.2", ROADMAP)
    assert (found.intent, found.also and found.also.intent) == ("stop", "run")
    assert found.tool_calls() == [
        ("stop_agent", {"work_stream_id": "2.1"}),
        ("spawn_agent", {"work_stream_id": "1.2"}),
    ]
    found = interpret_goal("stop 2.1, then start the small ones except the late fees", ROADMAP)
    assert found.tool_calls()[1] == ("run_batch", {"work_stream_ids": ["1.2", "3.2", "3.3"]})


def test_a_second_half_that_is_not_clear_needs_a_yes_and_does_nothing() -> None:
    found = interpret_goal("stop 2.1 and start the reader stuff", ROADMAP)
    assert found.needs_confirmation
    assert found.tool_calls() == [("stop_agent", {"work_stream_id": "2.1"})]


@pytest.mark.parametrize(
    ("goal", "ids"),
    [
        ("phase 2 with the exception of the late fees", ["2.1", "2.3"]),
        ("phase 2, the late fees excluded", ["2.1", "2.3"]),
        ("phase 3 except reader accounts, reader reviews and the status page", ["3.10"]),
        ("the lending phase but late fees can wait", ["2.1", "2.3"]),
        ("all of phase 2 but no fees", ["2.1", "2.3"]),
        ("phase 3 except the small ones", ["3.1", "3.10"]),
    ],
)
def test_every_way_to_leave_something_out(goal: str, ids: list[str]) -> None:
    assert meaning(goal) == ("run", ids)


@pytest.mark.parametrize(
    "goal",
    [
        "mark 2.1 as done",
        "rename 2.1 to counter",
        "add the late fees to the roadmap",
        "add a work stream for the late fees of members",
        "is there something for late fees? if not, add it",
        "we need reader accounts too, put that into the plan",
        "delete 2.1",
        "merge 2.1",
        "push to main",
        "everything is fine",
        "all good",
        "that is everything for today",
        "fix that",
        "do 1.2 but not yet",
        "no more talk",
        "stop nothing",
    ],
)
def test_what_is_not_ours_to_do_starts_and_stops_nothing(goal: str) -> None:
    assert interpret_goal(goal, ROADMAP).tool_calls() == []


@pytest.mark.parametrize(
    ("goal", "ids"),
    [
        ("loan desk agent, stop", ["2.1"]),
        ("loan desk: pull the plug", ["2.1"]),
        ("the desk must be stopped", ["2.1"]),
        ("I want the desk stopped", ["2.1"]),
        ("get rid of the agent on 2.1", ["2.1"]),
        ("take somebody off the desk", ["2.1"]),
        ("I read what the desk agent did and half of it is wrong, stop that one", ["2.1"]),
    ],
)
def test_every_way_to_stop_one_stops_no_other(goal: str, ids: list[str]) -> None:
    assert meaning(goal) == ("stop", ids)


def test_a_stop_that_may_mean_the_work_itself_needs_a_yes() -> None:
    assert interpret_goal("stop lending copies", ROADMAP).needs_confirmation


def test_finished_work_is_named_by_its_state_and_redone_only_after_a_yes() -> None:
    found = interpret_goal("start the completed ones again", ROADMAP)
    assert ([s.id for s in found.matched_work_streams], found.needs_confirmation) == (["1.1"], True)


def test_no_more_is_started_than_was_counted() -> None:
    assert meaning("two small streams") == ("run", ["1.2", "3.3"])
    assert meaning("one of the quick ones") == ("run", ["1.2"])


def test_numbers_of_agents_are_no_parts_of_ids() -> None:
    found = interpret_goal("2.2 and 2.3 in parallel", ROADMAP)
    assert ([s.id for s in found.matched_work_streams], found.parameters) == (["2.2", "2.3"], {"max_agents": 2})


@pytest.mark.parametrize("goal", ["we have done the late fees", "you started the late fees", "the late fees are next"])
def test_a_statement_is_acted_on_only_after_a_yes(goal: str) -> None:
    found = interpret_goal(goal, ROADMAP)
    assert found.needs_confirmation or not found.tool_calls()


@pytest.mark.parametrize(
    "goal",
    [
        "Under no circumstances should late fees be started",
        "I regret to inform you that late fees will not be needed",
        "thanks for the late fees work",
        "our competitor just launched late fees, crazy",
        "transfer 50 euros for late fees",
        "restart the one that crashed",
        "continue with the thing",
        "go ahead with that",
        "lol late fees whats up with that",
        "2.2 done",
        "2.2 依赖什么",
        "make 2.2 depend on 3.1",
        "we are not in a position to start late fees",
        "don't let anyone stop the desk agent",
        "do not stop the desk",
        "I was going to ask you to start late fees",
        "Please be advised that the desk is to be reviewed by us and late fees are on hold",
        "pause, think, then do 2.2",
        "yeah right, like anybody will ever use the late fees",
        "sure, because starting late fees on a Friday is such a brilliant idea",
        "oh wonderful, as if anyone had asked for late fees",
        "start the late fees. hmm, scratch that.",
        "start late fees, no wait, don't",
        "stop the loan desk, actually let it run",
        "yes please, start late fees right before the holidays, that'll end well",
        "why don't we just stop everything and go home",
        "thank you ever so much for the late fees",
        "which reader won the chess cup",
        "lovely, late fees. The thing the world has been waiting for.",
        "oh please, as though the late fees would write themselves",
        "the reader reviews has a new font. Truly, we are saved.",
        "haha late fees, remember when we lost forty of them",
        "I have been told that late fees are late",
        "would you mind awfully not starting late fees?",
        "would it be at all possible to postpone late fees?",
        "Hi, could you tell them to stop the desk?\nThanks, Ines\n--\nSent from my phone\n\nwell, is it done?",
        "late fees rocks",
        "late fees nope",
        "wow, the late fees made two people rich",
        "let the late fees for later",
        "oh joy, another late fee",
        "cool cool cool, so the late fees ended the late fees",
        "you may start late fees when I say so",
        "last week Marta fixed the late fees",
        "wir haben Late Fees letztes Jahr gemacht",
        "I had a dream about late fees",
        "yesterday you started late fees without asking",
        "I already told Ben to do the late fees",
        "late fees, that takes me back to my first job",
        "there is no point in starting late fees now",
        "I'd hate to see anyone start late fees",
        "make 2.2 high priority",
        "can you write me a haiku about late fees",
        "hmm maybe the late fees? nah.",
        "because nothing says welcome like late fees, right?",
        "order a book for the reader",
        '"please stop the loan desk" - that was in your log yesterday, why?',
        "Reader Reviews brauchen wir erst im Herbst",
        "laisse 2.2 tranquille",
        "lass 2.1 in Ruhe",
        "deja en paz 2.1",
        "I am not wanting that late fees are started",
        "we can leave late fees for another year",
        "we talked about fees, about reservations, and decided nothing, so leave the accounts alone",
        'Anna wrote: "start the late fees"',
    ],
)
def test_nothing_starts_or_stops_at_once_when_the_words_do_not_say_so(goal: str) -> None:
    found = interpret_goal(goal, ROADMAP)
    acts = {name for name, _ in found.tool_calls()} - {"get_status", "report", "verify", "send_feedback"}
    assert found.needs_confirmation or not acts


@pytest.mark.parametrize(
    ("goal", "intent", "ids"),
    [
        ("Please be advised that the loan desk is to be put on hold.", "stop", ["2.1"]),
        ("We hereby request that all work be suspended until further notice.", "stop_all", []),
        ("I would be grateful if work on late fees could commence. Kind regards, Dr. Holm", "run", ["2.2"]),
        ("start two point two no wait two point three", "run", ["2.3"]),
        ("the desk agent is lost, yank it", "stop", ["2.1"]),
        ("the loan desk agent is wasting money, stop", "stop", ["2.1"]),
        ("I want the loan desk agent gone", "stop", ["2.1"]),
        ("stop bickering and start the late fees", "run", ["2.2"]),
        ("wtf is the loan desk doing", "status", ["2.1"]),
        ("anything on the loan desk?", "status", ["2.1"]),
        ("loan desk: how much longer?", "status", ["2.1"]),
        ("todo menos 2.2", "run_all", []),
        ("could you get someone to double check 1.1?", "verify", ["1.1"]),
        ("run everything in phase 2, on second thought leave out late fees", "run", ["2.1", "2.3"]),
        ("start 2.2 and 2.3. no wait, not 2.3", "run", ["2.2"]),
        ("start the late fees, or rather reader accounts first, no, late fees, definitely late fees", "run", ["2.2"]),
        ("NO. Not the loan desk. I said the LATE FEES!!!", "run", ["2.2"]),
        ("for god's sake will someone finally shut down that loan desk agent", "stop", ["2.1"]),
        ("pleas stpo teh loan desk", "stop", ["2.1"]),
        ("computer, start 2.2", "run", ["2.2"]),
        ("late fees is what we need", "run", ["2.2"]),
        ("let's at least get late fees started", "run", ["2.2"]),
        ("any chance of somebody looking at late fees?", "run", ["2.2"]),
        ("can you say me how much is done of the loan desk", "status", ["2.1"]),
        ("nobody came for two hours, the queue was endless. start the late fees", "run", ["2.2"]),
        ("If it isn't too much trouble, I'd be grateful if late fees could be taken up next.", "run", ["2.2"]),
        ("give me a summary for the board and then shut the session down", "report", []),
        ("a report on phase 3", "report", ["3.1", "3.2", "3.3", "3.10"]),
        ("start not 2.3 but 2.2", "run", ["2.2"]),
        ("phase 2... just the late fees actually", "run", ["2.2"]),
        ("I would be glad to hear how the loan desk is doing.", "status", ["2.1"]),
        ("2.1 hold", "stop", ["2.1"]),
        ("stop everything! no, not everything, only the desk", "stop", ["2.1"]),
        ("make that the desk agent stops", "stop", ["2.1"]),
        ("pull the desk agent, it is useless", "stop", ["2.1"]),
        ("could late fees be started, please?", "run", ["2.2"]),
        ("May I ask how the loan desk is getting along?", "status", ["2.1"]),
        ("begin 2.2, and how many are left?", "run", ["2.2"]),
        ("is the loan desk done or nah", "status", ["2.1"]),
        ("desk off, late fees on", "stop", ["2.1"]),
        ("Loan desk off. Reason: fees.", "stop", ["2.1"]),
        ("2.x all, 2 at once", "run", ["2.1", "2.2", "2.3"]),
        ("for what is the reservation queue?", "explain", ["2.3"]),
        ("where the hell is my loan desk???", "status", ["2.1"]),
        ("stop the loan desk and report", "stop", ["2.1"]),
        ("late fees. no. reviews. no! late fees.", "run", ["2.2"]),
        ("We would like to be informed prior to any start of late fees.", "status", ["2.2"]),
        ("only 2.2 out of phase 2", "run", ["2.2"]),
        ("phase 3, well, the small ones", "run", ["3.2", "3.3"]),
        ("everyone except the loan desk people should stop", "stop_all", []),
        ("so 2.2 waits for nothing, correct?", "explain", ["2.2"]),
        ("which is smaller, 2.2 or 2.3?", "status", ["2.2", "2.3"]),
        ("what did you just stop?", "status", []),
        ("go for 2.2... no, 3.2... no, really 2.2", "run", ["2.2"]),
        ("kill the wizard agent. ah no, pause the loan desk instead", "stop", ["2.1"]),
        ("the loan desk must stop until tomorrow", "stop", ["2.1"]),
        ("P2 minus 2.3", "run", ["2.1", "2.2"]),
        ("left?", "status", []),
        ("I am interesting in why the loan desk is blocked", "explain", ["2.1"]),
        (
            "an accident with the accounts kept us up all night, whatever it costs, the late fees come next",
            "run",
            ["2.2"],
        ),
        ("what about late fees question mark is it done question mark", "status", ["2.2"]),
        ("since when is running the loan desk?", "status", ["2.1"]),
        ("It would be splendid if somebody could see to late fees.", "run", ["2.2"]),
        ("Sorry to be a nuisance, but would you terribly mind stopping the desk agent?", "stop", ["2.1"]),
        ("get the reader reviews going. Or no, better the late fees.", "run", ["2.2"]),
        ("start late fees and let me know how the loan desk is coming along", "run", ["2.2"]),
        ("stop 2.1, and what was 2.3 waiting for again?", "stop", ["2.1"]),
        ("begin 2.2, also 3.2, and tell the loan desk agent: no deletes", "run", ["2.2", "3.2"]),
        ("Ben: the cards are broken\nBen: stopping for today\n\npause the loan desk", "stop", ["2.1"]),
        ("stop not 1.3 but 2.1", "stop", ["2.1"]),
        ("stop 1.3… actually let it run and stop 2.1", "stop", ["2.1"]),
        ("late fees, hmm, or the reviews, no: late fees", "run", ["2.2"]),
        ("run 2.2 and 2.3, wait, 2.3 can wait", "run", ["2.2"]),
        ("Might I trouble you to have late fees started at some point?", "run", ["2.2"]),
        ("they called twice, once at four in the morning, so start late fees", "run", ["2.2"]),
        ("2.1 eta?", "status", ["2.1"]),
        ("> the desk is down again\n> stop everything\nis the loan desk done?", "status", ["2.1"]),
    ],
)
def test_many_voices_say_the_same(goal: str, intent: str, ids: list[str]) -> None:
    assert meaning(goal) == (intent, ids)


@pytest.mark.parametrize("goal", ["integrate 2.1", "please merge the loan desk", "can you land 2.1?"])
def test_who_asks_to_merge_is_told_the_command(goal: str) -> None:
    found = interpret_goal(goal, ROADMAP)
    assert (found.intent, found.tool_calls()) == ("none", [])
    assert "`orch integrate 2.1`" in found.evidence


@pytest.mark.parametrize(
    ("goal", "to"),
    [
        ("kill the loan desk and have that agent do the status page instead", "3.3"),
        ("the loan desk person is bored, give them the late fees", "2.2"),
        ("too many people on the loan desk, that agent can have the late fees", "2.2"),
        ("whoever does the loan desk should rather do the late fees", "2.2"),
    ],
)
def test_an_agent_that_is_given_other_work_is_redirected(goal: str, to: str) -> None:
    found = interpret_goal(goal, ROADMAP)
    assert (found.intent, [s.id for s in found.matched_work_streams]) == ("redirect", ["2.1"])
    assert found.parameters == {"to": to}


@pytest.mark.parametrize(
    ("goal", "text"),
    [
        ("loan desk agent please note that cards expire", "note that cards expire"),
        ("loan desk person, cards expire after a year", "cards expire after a year"),
        ("pass it on to the loan desk agent that cards expire", "cards expire"),
    ],
)
def test_a_message_reaches_whoever_is_called(goal: str, text: str) -> None:
    found = interpret_goal(goal, ROADMAP)
    assert (found.intent, [s.id for s in found.matched_work_streams]) == ("feedback", ["2.1"])
    assert found.parameters == {"text": text}


def test_a_message_beside_an_order_is_no_more_of_it() -> None:
    assert meaning("pause the loan desk, tell the install one to hurry") == ("stop", ["2.1"])


def test_of_what_is_left_out_each_item_counts() -> None:
    assert meaning("phase 3 without the reader ones and the status page") == ("run", ["3.10"])
    assert meaning("phase 3 apart from reviews and the status page") == ("run", ["3.1", "3.10"])


def test_other_work_in_the_same_list_is_not_passed_over() -> None:
    assert interpret_goal("the titles, late fees and all that", ROADMAP).needs_confirmation
    assert not interpret_goal("late fees and all that", ROADMAP).needs_confirmation
    assert meaning("the late fees are done, merged and paid") == ("none", [])
    assert meaning("the first five minutes of a loan")[0] != "report"


def test_what_the_product_does_meanwhile_is_no_condition() -> None:
    (clause,) = clauses("a loud horn while guests arrive")
    assert clause.rest == "a loud horn while guests arrive"
    assert len(clauses("the horn while you are at it")) == 2


@pytest.mark.parametrize(
    ("goal", "intent", "ids"),
    [
        ("send me a report on the loan desk", "report", ["2.1"]),
        ("a summary for the mayor", "report", []),
        ("the loan desk took them ten minutes", "none", []),
        ("2.1: alive?", "status", ["2.1"]),
        ("the loan desk, still running?", "status", ["2.1"]),
        ("anything I can start without breaking things?", "status", []),
        ("is there a reason nobody touches the late fees?", "explain", ["2.2"]),
        ("for the love of god will somebody finally do the late fees", "run", ["2.2"]),
        ("the loan desk can take a break until monday", "stop", ["2.1"]),
        ("pens down, all of you", "stop_all", []),
        ("late fees, and don't forget the status page", "run", ["2.2", "3.3"]),
        ("it is needed to be done the late fees", "run", ["2.2"]),
        ("put the late fees on, and how is 2.1 doing?", "run", ["2.2"]),
        ("are you deaf? LATE FEES. how often do I have to say it?", "run", ["2.2"]),
        ("late fees first and once you are at it the status page too", "run", ["2.2", "3.3"]),
        ("would be so kind to make the late fees", "run", ["2.2"]),
        ("tell the loan desk lot to knock it off", "stop", ["2.1"]),
        ("that loan desk business has to end right now", "stop", ["2.1"]),
        ("will you stop that blasted desk before it eats another card", "stop", ["2.1"]),
        ("loan desk, wizard: which of them is nearly there?", "status", ["2.1", "1.3"]),
        ("the loan desk and the wizard, are they done?", "status", ["2.1", "1.3"]),
        ("what would break if we never did the late fees?", "explain", ["2.2"]),
        ("give the loan desk a proper once-over", "verify", ["2.1"]),
        ("the loan desk stays exactly where it is", "none", []),
        ("I didn't say start the late fees, I said we might", "none", []),
        ("if I remember right we need the late fees", "run", ["2.2"]),
        ("so much for the late fees being easy", "none", []),
        ("there was a time when I would have started the late fees", "none", []),
        ("the late fees? over my dead body", "none", []),
        ("lending, though hands off the reservation queue", "run", ["2.1", "2.2"]),
        ("late fees. nah, the status page.", "run", ["3.3"]),
        ("I cannot find a reason not to do the late fees, so let us do it", "run", ["2.2"]),
        ("tell whoever is on the loan desk to pack up", "stop", ["2.1"]),
        ("I would rather have the loan desk guy on the late fees", "redirect", ["2.1"]),
        ("make sure the loan desk agent knows that cards expire", "feedback", ["2.1"]),
        ("under no condition resume the loan desk", "none", []),
        ("don't start the late fees, I mean the status page", "none", []),
        ("don't start the late fees, no wait, start the status page", "run", ["3.3"]),
        ("let it rest, I mean the wizard", "none", []),
        ("lending, but spare me the reservation queue", "run", ["2.1", "2.2"]),
        ("somebody please tell the loan desk people that cards expire", "feedback", ["2.1"]),
        ("remind me, what were late fees again", "explain", ["2.2"]),
        ("I do not get why the late fees are stuck", "explain", ["2.2"]),
        ("how is everybody getting on", "status", []),
        ("game over, everyone go home", "stop_all", []),
        ("oh the joys of late fees", "none", []),
        ("my vote goes to the late fees", "run", ["2.2"]),
        ("make them pay late fees when a reader forgets a copy", "run", ["2.2"]),
        ("bye for now", "quit", []),
        ("the late fees can go to hell", "none", []),
        ("guess who broke the late fees", "none", []),
        ("put the brakes on the loan desk", "stop", ["2.1"]),
        ("the loan desk needs a breather", "stop", ["2.1"]),
        ("enough already with the loan desk", "stop", ["2.1"]),
        ("time out, all of you", "stop_all", []),
        ("any sign of life from the loan desk?", "status", ["2.1"]),
        ("loan desk done yet?", "status", ["2.1"]),
        ("so how bad is it", "status", []),
        ("have the loan desk checked once more", "verify", ["2.1"]),
        ("the whole shebang", "run_all", []),
        ("let whoever does the loan desk look after the late fees", "redirect", ["2.1"]),
    ],
)
def test_further_voices(goal: str, intent: str, ids: list[str]) -> None:
    assert meaning(goal) == (intent, ids)


def test_work_at_rest_that_nobody_is_at_needs_a_yes() -> None:
    assert interpret_goal("the late fees can rest", ROADMAP).needs_confirmation
