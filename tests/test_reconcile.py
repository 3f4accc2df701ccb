"""The rules: each by itself, and all together in a world where everything goes wrong at random."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_world import CONFLICTS, Attempt, World, _verdict

from orchestrator_agent import actions as acts
from orchestrator_agent import events
from orchestrator_agent import reconcile as rules
from orchestrator_agent.actions import Close, Finish, Integrate, Launch, MarkRunning, Release, Spawn, Stop, Verify
from orchestrator_agent.model import Availability, CheckResult
from orchestrator_agent.store import verification_to_json

#: What may happen once to a command, each with its step.
ENDS = (events.COMMAND_DONE, events.RECEIPT)


@pytest.fixture
def world() -> World:
    return World(Random(0), max_agents=3, max_attempts=3)


def kinds(actions: list[acts.Action]) -> list[str]:
    return [type(action).__name__ for action in actions]


def run(world: World, *names: str, **options: Any) -> str:
    command = world.wish("run", list(names), work_stream_ids=list(names), **{"limit": 3, "verify": True, **options})
    assert command is not None
    return command


def agent_of(world: World, name: str = "1.1") -> str:
    return world.store.agents(work_stream_id=name)[-1].record.id


def job(world: World, outcome: str) -> None:
    """The only slow action ends, in this way."""
    ((name, action),) = world.jobs.items()
    world.jobs.clear()
    world.lane = None
    if isinstance(action, Integrate) and not outcome:
        world.landed[action.agent.record.work_stream_id] = name
    if isinstance(action, Launch):
        world.attempts[name] = Attempt(alive=True)
    world._journal(action, outcome)


def to_the_end(world: World, state: str = "completed") -> None:
    """Spawn, launch, run, and be taken up in `state`."""
    world.tick()
    world.tick()
    job(world, "")
    name = agent_of(world)
    world.attempts[name] = Attempt(started=True, ended="" if state == "lost" else state)
    world.tick()
    job(world, state)


def results(world: World) -> dict[str, str]:
    return {name: result.outcome for name, result in world.store.last_results().items()}


# ---- An agent's life


def test_an_intended_agent_is_launched_marked_and_taken_up(world: World) -> None:
    run(world, "1.1")
    assert kinds(world.tick()) == ["Spawn"]
    assert kinds(world.tick()) == ["Launch"]
    assert world.tick() == [], "something is being done about it"
    job(world, "")
    name = agent_of(world)
    assert world.tick() == [], "its shim is on the way up"
    world.attempts[name] = Attempt(alive=True, started=True)
    assert kinds(world.tick()) == ["MarkRunning"]
    assert world.tick() == []
    world.attempts[name] = Attempt(started=True, ended="exited")
    assert kinds(world.tick()) == ["Close"]


def test_one_that_ended_before_anybody_looked_is_marked_and_taken_up(world: World) -> None:
    run(world, "1.1")
    world.tick()
    world.attempts[agent_of(world)] = Attempt(started=True, ended="exited")
    assert [type(action) for action in world.tick()] == [MarkRunning, Close]


def test_one_whose_shim_died_is_lost(world: World) -> None:
    run(world, "1.1")
    world.tick()
    world.attempts[agent_of(world)] = Attempt(started=True)
    close = world.tick()[-1]
    assert isinstance(close, Close) and close.lost


def test_a_launch_that_was_cut_off_is_done_again(world: World) -> None:
    run(world, "1.1")
    world.tick()
    world.tick()
    world.jobs.clear()
    assert kinds(world.tick()) == ["Launch"]


def test_an_agent_whose_command_is_gone_is_not_launched(world: World) -> None:
    command = run(world, "1.1")
    world.tick()
    world._record(events.COMMAND_DONE, command_id=command, data={"state": "refused"})
    assert kinds(world.tick()) == ["Close"]
    job(world, "stopped")
    assert world.tick() == [] and not world.store.live_agents()


def test_unknown_and_wrong_records_never_mean_success(world: World) -> None:
    run(world, "1.1", verify=False)
    to_the_end(world, "failed")
    assert kinds(world.tick()) == ["Spawn"]


# ---- After its end


@pytest.mark.parametrize(
    ("outcome", "action", "why"),
    [
        ("failed", Spawn, "retry"),
        ("conflict", Spawn, "conflict"),
        ("passed", Integrate, ""),
        ("protected", Release, ""),
    ],
)
def test_what_follows_a_verdict(world: World, outcome: str, action: type, why: str) -> None:
    run(world, "1.1")
    to_the_end(world)
    assert kinds(world.tick()) == ["Verify"]
    job(world, outcome)
    (step,) = world.tick()
    assert isinstance(step, action)
    assert not why or (isinstance(step, Spawn) and (step.why, step.attempt) == (why, 2))


def test_a_check_that_could_not_run_is_not_tried_with_another_agent(world: World) -> None:
    run(world, "1.1")
    to_the_end(world)
    world.tick()
    job(world, "could_not_run")
    world.tick()
    assert results(world) == {"1.1": "failed"}


def test_the_way_to_complete(world: World) -> None:
    command = run(world, "1.1")
    to_the_end(world)
    world.tick()
    job(world, "passed")
    world.tick()
    job(world, "moved")
    assert kinds(world.tick()) == ["Verify"], "what moved is checked again"
    job(world, "passed")
    world.tick()
    job(world, "")
    assert kinds(world.tick()) == ["Release"]
    (end,) = world.tick()
    assert isinstance(end, Finish) and (end.command.id, end.message) == (command, "1 complete")
    assert world.tick() == []


def test_work_that_cannot_land_is_held_not_done(world: World) -> None:
    run(world, "1.1")
    to_the_end(world)
    world.tick()
    job(world, "passed")
    world.tick()
    job(world, "dirty")
    world.tick()
    assert results(world) == {"1.1": "held"}
    assert not world.availability()["1.1"].available


def test_attempts_are_bounded_and_lost_ones_are_forgiven_a_while(world: World) -> None:
    run(world, "1.1")
    tries = 0
    while world.store.open_commands():
        to_the_end(world, "lost" if tries < rules.MAX_LOST + 1 else "failed")
        tries += 1
        world.tick()
        world.tick()
        if not world.store.live_agents():
            break
    assert world.store.results("run-1")[0].outcome == "failed"
    assert len(world.store.agents()) == rules.MAX_LOST + world.max_attempts


def test_an_end_that_no_retry_can_mend_is_final(world: World) -> None:
    run(world, "1.1")
    to_the_end(world, "final")
    world.tick()
    assert results(world) == {"1.1": "failed"} and len(world.store.agents()) == 1


def end(world: World, **data: Any) -> None:
    """Spawn, launch, run, and fail with these data."""
    world.tick()
    world.tick()
    job(world, "")
    name = agent_of(world)
    world.attempts[name] = Attempt(started=True, ended="failed")
    world.tick()
    world.jobs.clear()
    record = world.store.agents(work_stream_id="1.1")[-1].record
    world._record(events.AGENT_FAILED, record, data={"reason": "why", **data})


def test_a_supervisor_that_never_comes_up_is_given_up(world: World) -> None:
    run(world, "1.1")
    world.tick()
    belief = world._belief()
    for launches, kind in ((2, "Launch"), (3, "GiveUp")):
        seen = replace(world._seen(), launches={agent_of(world): launches})
        assert kinds(rules.reconcile(belief, seen)) == [kind]


def test_a_supervisor_that_does_not_end_as_asked_is_ended(world: World) -> None:
    run(world, "1.1")
    world.tick()
    name = agent_of(world)
    world.attempts[name] = Attempt(alive=True, started=True)
    world.tick()
    world.wish("stop", agent_ids=[name], work_stream_ids=["1.1"], command_ids=[])
    belief = world._belief()
    for overdue in (frozenset[str](), frozenset({name})):
        (stop,) = rules.reconcile(belief, replace(world._seen(), overdue=overdue))
        assert isinstance(stop, Stop) and stop.firm is bool(overdue)


def test_tests_that_fail_without_the_work_too_are_tried_once_more_and_no_more(world: World) -> None:
    run(world, "1.1")
    (again,) = _fails_as_on_base(world)
    assert isinstance(again, Spawn)
    (release,) = _fails_as_on_base(world)
    assert isinstance(release, Release) and release.outcome == "failed"
    assert "tests already fail on the target branch" in release.reason and "ended with 1" in release.reason


def _fails_as_on_base(world: World) -> list[acts.Action]:
    """Let an agent end whose tests fail as they do without its work; what is done about it."""
    to_the_end(world)
    world.tick()
    ((_, verify),) = world.jobs.items()
    assert isinstance(verify, Verify)
    world.jobs.clear()
    world.lane = None
    check = CheckResult(name="tests", outcome="failed", message="`pytest` ended with 1", on_base="failed")
    verdict = replace(_verdict(verify.agent, "failed"), checks=(check,))
    data = {"passed": False, "verification": verification_to_json(verdict)}
    world._record(events.VERIFICATION_COMPLETE, verify.agent.record, data=data)
    return world.tick()


def test_how_a_retry_ended_does_not_hide_what_the_checks_found(world: World) -> None:
    world.max_attempts = 2
    run(world, "1.1")
    to_the_end(world)
    world.tick()
    job(world, "failed")
    to_the_end(world, "failed")
    (release,) = world.tick()
    assert isinstance(release, Release) and release.outcome == "failed"
    assert "tests" in release.reason and "2 attempts" in release.reason


@pytest.mark.parametrize("until", [100.0, None])
def test_a_limit_is_waited_for_and_counts_as_no_attempt(world: World, until: float | None) -> None:
    world.max_attempts = 1
    run(world, "1.1")
    end(world, limited=True, until=until)
    run(world, "1.3")
    opens = until or world.now + 5
    while world.now + 1 < opens:
        assert world.tick() == [], "something was started into a closed account"
    both = [action for action in world.tick() if isinstance(action, Spawn)]
    assert [(action.work_stream_id, action.why) for action in both] == [("1.1", "limit"), ("1.3", "first")]
    assert results(world) == {}


def test_what_waits_for_a_limit_can_be_stopped(world: World) -> None:
    run(world, "1.1")
    end(world, limited=True, until=1e9)
    world.tick()
    world.wish("stop", agent_ids=[], work_stream_ids=["1.1"], command_ids=[])
    world.tick()
    assert results(world) == {"1.1": "stopped"}


def test_limits_without_end_are_not_borne_for_ever(world: World) -> None:
    world.max_attempts = 1
    run(world, "1.1")
    for _ in range(rules.MAX_LIMITED + 1):
        end(world, limited=True)
        world.now += 2000
    assert kinds(world.tick())[0] == "Release" and results(world) == {"1.1": "failed"}


def test_where_nobody_is_signed_in_one_agent_finds_out_for_all(world: World) -> None:
    world.max_agents = 1
    command = run(world, "1.1", "1.2", limit=1)
    end(world, final=True, unusable=True)
    world.tick()
    world.tick()
    reasons = {result.work_stream_id: (result.outcome, result.reason) for result in world.store.results(command)}
    assert reasons == {"1.1": ("failed", "why"), "1.2": ("failed", "why")}
    assert len(world.store.agents()) == 1 and not world.store.open_commands()


def test_a_batch_ends_where_nobody_is_signed_in(world: World) -> None:
    world.wish("run", work_stream_ids=None, exclude=[], limit=1, verify=True)
    end(world, final=True, unusable=True)
    world.tick()
    world.tick()
    assert results(world) == {"1.1": "failed"} and not world.store.open_commands()


def test_each_command_looks_at_its_own_target(world: World) -> None:
    world.wish("run", work_stream_ids=None, exclude=[], limit=3, verify=True, target="old")
    world.wish("run", work_stream_ids=None, exclude=[], limit=3, verify=True, target="new")
    here, gone = Availability(True), Availability(False, "is complete", "complete")
    views = {
        "old": acts.View(availability={"1.1": gone, "1.2": here}, order=("1.1", "1.2")),
        "new": acts.View(availability={"1.1": here, "1.2": gone}, order=("1.1", "1.2")),
    }
    spawns = rules.reconcile(world._belief(), replace(world._seen(), views=views))
    assert [(s.command.payload["target"], s.work_stream_id) for s in spawns if isinstance(s, Spawn)] == [
        ("old", "1.2"),
        ("new", "1.1"),
    ]


@pytest.mark.parametrize(("runs", "waits"), [("1.1", "1.2"), ("1.2", "1.1")])
def test_a_conflict_holds_in_both_directions_and_across_commands(world: World, runs: str, waits: str) -> None:
    run(world, runs)
    world.tick()
    run(world, waits)
    assert not [action for action in world.tick() if isinstance(action, Spawn)]
    assert not [action for action in world.tick() if isinstance(action, Spawn)]


def test_a_batch_waits_for_what_conflicts_with_the_work_of_another_command(world: World) -> None:
    run(world, "1.1")
    world.tick()
    world.wish("run", work_stream_ids=None, exclude=["1.1", "1.3", "2.1", "2.2"], limit=3, verify=True)
    waits = {**world.availability(), "1.2": Availability(False, "must not run beside 1.1", "conflict")}
    seen = world._seen()
    views = {"": replace(seen.views[""], availability=waits)}
    assert not [a for a in rules.reconcile(world._belief(), replace(seen, views=views)) if isinstance(a, Finish)]


def test_what_failed_stays_failed_when_it_is_checked_again(world: World) -> None:
    run(world, "1.1")
    end(world, final=True)
    world.tick()
    world.tick()
    name = agent_of(world)
    world.wish("verify", ["1.1"], agent_id=name, known_verification=None, was="failed")
    world.tick()
    job(world, "failed")
    world.tick()
    assert results(world) == {"1.1": "failed"}


def test_without_verification_nothing_is_called_complete(world: World) -> None:
    run(world, "1.1", verify=False)
    to_the_end(world)
    world.tick()
    assert results(world) == {"1.1": "unverified"} and not world.landed


def test_a_target_that_always_moves_is_left_to_a_person(world: World) -> None:
    run(world, "1.1")
    to_the_end(world)
    for _ in range(rules.MAX_VERIFICATIONS):
        assert kinds(world.tick()) == ["Verify"]
        job(world, "passed")
        world.tick()
        job(world, "moved")
    world.tick()
    assert results(world) == {"1.1": "held"}


# ---- Limits


def test_limits_of_the_command_and_of_all(world: World) -> None:
    one = run(world, "1.1", "1.3", limit=1)
    assert kinds(world.tick()) == ["Spawn"]
    run(world, "1.2", "2.1", "2.2", limit=3)
    world.tick()
    live = [f.record for f in world.store.live_agents()]
    assert len(live) == 3 and sum(record.command_id == one for record in live) == 1


def test_a_command_may_raise_the_limit_for_itself(world: World) -> None:
    world.max_agents = 1
    run(world, "1.1", "1.3", "2.1", limit=3)
    world.tick()
    assert len(world.store.live_agents()) == 3


def test_work_streams_that_conflict_do_not_run_beside_each_other(world: World) -> None:
    run(world, "1.1", "1.2")
    world.tick()
    assert [f.record.work_stream_id for f in world.store.live_agents()] == ["1.1"]


def test_landing_goes_before_checking(world: World) -> None:
    run(world, "1.1", "1.3")
    world.tick()
    for name in ("1.1", "1.3"):
        world.attempts[agent_of(world, name)] = Attempt(started=True, ended="exited")
    world.tick()
    for name, action in list(world.jobs.items()):
        world._journal(action, "completed")
        del world.jobs[name]
    assert kinds(world.tick()) == ["Verify"]
    job(world, "passed")
    assert kinds(world.tick()) == ["Integrate"]
    assert world.tick() == [], "the lane is taken"


def test_dependants_follow_by_themselves_in_a_batch(world: World) -> None:
    world.wish("run", work_stream_ids=None, exclude=["1.2", "1.3"], limit=3, verify=True)
    to_the_end(world)
    assert kinds(world.tick()) == ["Verify"], "2.1 must not start before 1.1 has landed"
    job(world, "passed")
    world.tick()
    job(world, "")
    steps = world.tick() + world.tick()
    assert [s.work_stream_id for s in steps if isinstance(s, Spawn)] == ["2.1"]


# ---- Stopping


def test_a_stop_before_the_start_ends_it_without_starting(world: World) -> None:
    command = run(world, "1.1", "1.3", limit=1)
    world.tick()
    world.wish("stop", command_ids=[command], agent_ids=[], work_stream_ids=[])
    assert [type(step) for step in world.tick()] == [Close, Release]
    job(world, "stopped")
    world.tick()
    world.tick()
    world.tick()
    assert results(world) == {"1.1": "stopped", "1.3": "stopped"}
    assert world.store.open_commands() == [] and len(world.store.agents()) == 1


def test_a_stop_of_one_agent_is_no_failure_to_be_tried_again(world: World) -> None:
    run(world, "1.1", "1.3")
    world.tick()
    name = agent_of(world)
    world.attempts[name] = Attempt(alive=True, started=True)
    world.attempts[agent_of(world, "1.3")] = Attempt(alive=True, started=True)
    world.tick()
    world.wish("stop", command_ids=[], agent_ids=[name], work_stream_ids=["1.1"])
    (stop,) = world.tick()
    assert isinstance(stop, Stop) and stop.agent.record.id == name
    world.attempts[name] = Attempt(started=True, ended="exited")
    world.tick()
    job(world, "failed")
    for _ in range(3):
        world.tick()
    assert results(world) == {"1.1": "stopped"}
    assert [c.kind for c in world.store.open_commands()] == ["run"]


def test_one_that_was_stopped_from_outside_is_not_tried_again(world: World) -> None:
    run(world, "1.1")
    to_the_end(world, "stopped")
    world.tick()
    assert results(world) == {"1.1": "stopped"}


@pytest.mark.parametrize("landed", ["intended", "done"])
def test_what_landed_is_not_called_stopped(world: World, landed: str) -> None:
    command = run(world, "1.1")
    to_the_end(world)
    world.tick()
    job(world, "passed")
    world.tick()
    world.landed["1.1"] = agent_of(world)
    if landed == "done":
        job(world, "")
    else:
        world.restart()
    world.wish("stop", command_ids=[command], agent_ids=[], work_stream_ids=[])
    while world.store.open_commands():
        world.tick()
        if world.jobs:
            job(world, "")
    assert results(world) == {"1.1": "complete"}


def test_a_stop_while_work_is_checked_ends_after_the_check(world: World) -> None:
    command = run(world, "1.1")
    to_the_end(world)
    world.tick()
    world.wish("stop", command_ids=[command], agent_ids=[agent_of(world)], work_stream_ids=["1.1"])
    assert not {Verify, Integrate, Spawn, Finish} & {type(step) for step in world.tick()}
    job(world, "passed")
    for _ in range(3):
        world.tick()
    assert results(world) == {"1.1": "stopped"} and not world.landed and not world.store.open_commands()


# ---- A person's verify and integrate


def test_consent_lands_what_was_held(world: World) -> None:
    run(world, "1.1")
    to_the_end(world)
    world.tick()
    job(world, "protected")
    world.tick()
    world.tick()
    facts = world.store.agent(agent_of(world))
    assert facts is not None and results(world) == {"1.1": "held"}
    world.wish("integrate", ["1.1"], agent_id=facts.record.id, known_verification=facts.verification_id)
    assert kinds(world.tick()) == ["Verify"], "the old verdict is not enough"
    job(world, "protected")
    assert kinds(world.tick()) == ["Integrate"]
    job(world, "")
    world.tick()
    assert results(world) == {"1.1": "complete"}


@pytest.mark.parametrize("verdict", ["failed", "conflict", "could_not_run"])
def test_consent_lands_nothing_that_does_not_pass(world: World, verdict: str) -> None:
    run(world, "1.1", verify=False)
    to_the_end(world)
    world.tick()
    world.tick()
    world.wish("integrate", ["1.1"], agent_id=agent_of(world), known_verification=None)
    world.tick()
    job(world, verdict)
    world.tick()
    assert results(world) == {"1.1": "refused"} and len(world.store.agents()) == 1


# ---- All of it at once


def check(world: World, before: set[str], actions: list[acts.Action]) -> None:
    """What must hold whatever happens; `before` is what had landed when it was decided."""
    live = [facts.record for facts in world.store.live_agents()]
    names = [record.work_stream_id for record in live]
    assert len(names) == len(set(names)), "two live agents for one work stream"
    for name in names:
        assert not set(names) & CONFLICTS.get(name, frozenset()), "two that conflict"
    for action in actions:
        if isinstance(action, Spawn):
            assert action.work_stream_id not in before, "it ran again after it was complete"
            mine = [record for record in live if record.command_id == action.command.id]
            assert len(mine) <= action.command.payload["limit"]
            limits = [c.payload["limit"] for c in world.store.open_commands() if c.kind == "run"]
            assert len(live) <= max(world.max_agents, *limits)
        elif isinstance(action, Release):
            own = action.agent.record.id if action.agent else ""
            is_there = world.landed.get(action.work_stream_id) == own
            assert (action.outcome == "complete") <= is_there, "called complete, and it is not"
            assert is_there <= (action.outcome in ("complete", "verified")), "it is there, and called something else"
        elif isinstance(action, Finish) and action.command.kind == "stop":
            wish = action.command.payload
            assert not {record.id for record in live} & set(wish["agent_ids"])
            assert not {record.command_id for record in live} & set(wish["command_ids"])
            still = {c.id for c in world.store.open_commands() if c.kind == "run"}
            assert not still & set(wish["command_ids"])


def step(world: World, *, quiet: bool = False) -> None:
    before = set(world.landed)
    actions = world.tick()
    check(world, before, actions)
    world.something_happens(gently=quiet)


@settings(max_examples=150)
@given(st.integers(0, 2**64), st.integers(1, 3), st.integers(1, 3))
def test_whatever_happens_the_rules_hold_and_everything_ends(seed: int, max_agents: int, max_attempts: int) -> None:
    world = World(Random(seed), max_agents=max_agents, max_attempts=max_attempts)
    for _ in range(60):
        roll = world.die.random()
        if roll < 0.15:
            world.ask_at_random()
        elif roll < 0.22:
            world.restart()
        elif roll < 0.35:
            world.steer_at_random()
        step(world)
    for _ in range(1500):
        if not world.store.open_commands() and not world.store.live_agents() and not world.jobs:
            break
        held = {c.payload.get("agent_id") for c in world.store.open_commands() if c.kind == "pause"}
        for name in world.attempts.keys() - held:
            world.attempts[name].paused = False
        step(world, quiet=True)
    assert world.store.open_commands() == [] and world.store.live_agents() == [], "it never ended"
    assert world.store.claims() == {}
    assert world.tick() == [], "something is done although nothing is wished"
    for facts in world.store.agents():
        assert facts.integration is None or facts.integration.state != "intended"
    happened = Counter((e.command_id, e.data.get("step")) for e in world.store.events_after(0, 10**6) if e.type in ENDS)
    assert set(happened.values()) <= {1}, "a step was journaled twice"


@given(st.integers(0, 2**64))
@settings(max_examples=30)
def test_a_stop_ends_everything_in_bounded_time(seed: int) -> None:
    world = World(Random(seed), max_agents=3)
    world.wish("run", work_stream_ids=None, exclude=[], limit=3, verify=True)
    for _ in range(world.die.randint(0, 40)):
        step(world)
    open_ = [command.id for command in world.store.open_commands()]
    world.wish(
        "stop", command_ids=open_, agent_ids=[f.record.id for f in world.store.live_agents()], work_stream_ids=[]
    )
    count = len(world.store.agents())
    for _ in range(60):
        step(world)
    assert world.store.open_commands() == [] and len(world.store.agents()) == count


def test_deciding_twice_on_the_same_state_changes_nothing(world: World) -> None:
    run(world, "1.1", "1.3")
    for _ in range(40):
        belief, seen = world._belief(), world._seen()
        assert rules.reconcile(belief, seen) == rules.reconcile(replace(belief), seen)
        world.tick()
        world.something_happens()
