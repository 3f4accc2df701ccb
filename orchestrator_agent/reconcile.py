"""What to do next: a pure function of what the journal says, what was seen, and the time.

The controller calls it again and again and carries out what it returns. It decides nothing else anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from orchestrator_agent.actions import (
    Action,
    Belief,
    Close,
    Finish,
    GiveUp,
    Integrate,
    Launch,
    MarkRunning,
    Release,
    Spawn,
    Stop,
    StopPrograms,
    Verify,
    View,
    World,
)
from orchestrator_agent.model import AgentState, Verification
from orchestrator_agent.steering import KINDS, is_promised, messages_for, redirected
from orchestrator_agent.store import AgentFacts, Command, Result

#: An agent that was killed, or its shim, is no fault of the work: such attempts are not counted, up to this many.
MAX_LOST = 3
#: Neither are agents that met a limit of their account, up to this many.
MAX_LIMITED = 40
#: A shim that ends before it starts anything (a full disk, say) is launched so often.
MAX_LAUNCHES = 3
#: A target branch that moves each time before the work lands is left to a person after so many verifications.
MAX_VERIFICATIONS = 8


def reconcile(belief: Belief, world: World) -> list[Action]:
    """The actions that bring the world nearer to what was wished.

    Each is idempotent, and the list never starts two agents on one work stream.
    """
    actions: list[Action] = []
    for facts in belief.agents:
        actions += _tend(facts, world, belief)
    steps = _advance(belief, world)
    retries = [step for step in steps if isinstance(step, Spawn)]
    actions += [step for step in steps if not isinstance(step, Spawn)]
    actions += _dispatch(belief, world, retries)
    actions += _finish(belief, world)
    return actions


# -- agents that live ----------------------------------------------------------------------------------------------


def _tend(facts: AgentFacts, world: World, belief: Belief) -> Iterable[Action]:
    record = facts.record
    owner = _owner(belief, record.work_stream_id) or record.command_id
    stop = any(wants_stop(belief, record.work_stream_id, name, record.id) for name in {owner, record.command_id})
    if record.id in world.busy and stop:
        yield StopPrograms(facts)
    if not record.state.is_live or record.id in world.busy:
        return
    seen = world.attempts[record.id]
    if record.state is AgentState.STARTING and seen.started:
        yield MarkRunning(facts)
    if seen.exit is not None:
        yield Close(facts)
    elif seen.alive:
        if stop:
            yield Stop(facts, firm=record.id in world.overdue)
    elif seen.started or record.state is not AgentState.STARTING:  # its folder may be gone
        yield Close(facts, lost=True)
    elif stop or all(command.id != record.command_id for command in belief.commands):
        yield Close(facts)
    elif world.launches.get(record.id, 0) >= MAX_LAUNCHES:
        yield GiveUp(facts)
    else:
        yield Launch(facts)


def wants_stop(belief: Belief, work_stream_id: str, command_id: str, agent_id: str | None = None) -> bool:
    """True when an open stop names the agent, its work stream, its command, or everything."""
    for command in belief.commands:
        if command.kind != "stop":
            continue
        wish = command.payload
        if command_id in wish.get("command_ids", ()) or (agent_id and agent_id in wish.get("agent_ids", ())):
            return True
        if work_stream_id.casefold() in (name.casefold() for name in wish.get("work_stream_ids", ())):
            return True
    return False


def _owner(belief: Belief, work_stream_id: str) -> str | None:
    """The command that holds a work stream."""
    key = work_stream_id.casefold()
    return next((owner for name, owner in belief.claims.items() if name.casefold() == key), None)


# -- claimed work streams ------------------------------------------------------------------------------------------


def _advance(belief: Belief, world: World) -> list[Action]:
    """The next step of each claimed work stream whose last agent has ended.

    Checking and landing have one lane, and landing goes first: else the target would move under what was just checked.
    """
    steps: list[Action] = []
    commands = {command.id: command for command in belief.commands if command.kind in ("run", "verify", "integrate")}
    for work_stream_id, command_id in belief.claims.items():
        command = commands.get(command_id)
        last = _last_agent(belief, work_stream_id, command)
        if command is None or last is None or last.record.state.is_live or last.record.id in world.busy:
            continue
        if is_promised(belief, work_stream_id):
            continue
        step = _next_step(belief, world, command, work_stream_id, last)
        if step is not None:
            steps.append(step)
    lane = [step for step in steps if isinstance(step, Integrate)] + [s for s in steps if isinstance(s, Verify)]
    others = [step for step in steps if not isinstance(step, Verify | Integrate)]
    return others + (lane[:1] if world.lane is None else [])


def _last_agent(belief: Belief, work_stream_id: str, command: Command | None) -> AgentFacts | None:
    """The newest agent of a claim; verify and integrate name theirs."""
    if command is None:
        return None
    named = command.payload.get("agent_id")
    for facts in reversed(belief.agents):
        same = facts.record.work_stream_id.casefold() == work_stream_id.casefold()
        if same and (facts.record.id == named if named else facts.record.command_id == command.id):
            return facts
    return None


def _next_step(belief: Belief, world: World, command: Command, work_stream_id: str, last: AgentFacts) -> Action | None:
    stop = wants_stop(belief, work_stream_id, command.id, last.record.id)
    if stop and not _is_landing(command, last):
        return Release(command, work_stream_id, "stopped", "stopped as asked; its work is saved", last)
    if command.kind != "run":
        return _judge(belief, command, work_stream_id, last)
    if (elsewhere := redirected(belief, last)) is not None:
        return elsewhere
    messages = messages_for(belief, last) if last.integration is None else ()
    if messages and last.record.state in (AgentState.STOPPED, AgentState.COMPLETED):
        return Spawn(command, work_stream_id, last.record.attempt + 1, "feedback", last, messages)
    step = _by_state(belief, world, command, work_stream_id, last)
    return replace(step, messages=messages) if isinstance(step, Spawn) else step


def _by_state(belief: Belief, world: World, command: Command, work_stream_id: str, last: AgentFacts) -> Action | None:
    """What follows from how the last agent ended."""
    state, reason = last.record.state, last.record.reason
    if state is AgentState.STOPPED:
        return Release(command, work_stream_id, "stopped", reason or "stopped", last)
    if state is AgentState.LOST:
        return _again(belief, command, work_stream_id, last, "lost", reason)
    if state is AgentState.FAILED and world.now < last.opens_at:
        return None
    if state is AgentState.FAILED:
        why = "limit" if last.ending.get("limited") else "lost" if last.ending.get("cut_off") else "retry"
        return _again(belief, command, work_stream_id, last, why, reason)
    if not command.payload.get("verify", True):
        reason = "not verified, so not merged; `orch verify` and `orch integrate` do that"
        return Release(command, work_stream_id, "unverified", reason, last)
    return _judge(belief, command, work_stream_id, last)


def _is_landing(command: Command, last: AgentFacts) -> bool:
    """True when the work may be on the target branch already: then nobody may call it stopped."""
    landing = last.integration
    if landing is None or landing.state == "refused" or command.kind == "verify":
        return False
    return last.verification_id not in _old(command)


def _judge(belief: Belief, command: Command, work_stream_id: str, last: AgentFacts) -> Action | None:
    """From work to a verdict to a landing."""
    verdict, landing = last.verification, last.integration
    fresh = verdict is not None and (command.kind == "run" or last.verification_id not in _old(command))
    if verdict is None or not fresh:
        return Verify(last)
    if not verdict.passed:
        return _refuse(belief, command, work_stream_id, last)
    if command.kind == "verify":
        landed = landing is not None and landing.state == "done" and landing.kind != "branch"
        return Release(command, work_stream_id, "complete" if landed else "verified", "all checks passed", last)
    if verdict.protected and command.kind != "integrate":
        names = ", ".join(verdict.protected[:3])
        reason = f"changes {names}, which needs your consent: look at it, then `orch integrate {work_stream_id}`"
        return Release(command, work_stream_id, "held", reason, last)
    if verdict.doubts and command.kind != "integrate":
        reason = f"{'; '.join(verdict.doubts)}: look at it, then `orch integrate {work_stream_id}`"
        return Release(command, work_stream_id, "held", reason, last)
    if landing is None or landing.state == "intended":
        return Integrate(last)
    if landing.state == "done":
        outcome = "on_branch" if landing.kind == "branch" else "complete"
        return Release(command, work_stream_id, outcome, landing.reason, last)
    if landing.kind == "moved" and last.verifications < MAX_VERIFICATIONS:
        return Verify(last)
    reason = f"verified, but not merged when it was tried: {landing.reason}; then `orch integrate {work_stream_id}`"
    return Release(command, work_stream_id, "held", reason, last)


def _old(command: Command) -> tuple[int, ...]:
    """Verdicts that stood before the command asked for a new one."""
    known = command.payload.get("known_verification")
    return () if known is None else (known,)


def _refuse(belief: Belief, command: Command, work_stream_id: str, last: AgentFacts) -> Action:
    verdict = last.verification
    assert verdict is not None
    reason = failure_of(verdict) + _denied(last)
    if command.kind != "run":
        return Release(command, work_stream_id, str(command.payload.get("was") or "refused"), reason, last)
    if before := _failing_before(verdict):
        fail = "fail" if len(before) > 1 or before == ["tests"] else "fails"
        target = command.payload.get("target", "the target branch")
        reason = f"{' and '.join(before)} already {fail} on {target}, without this work too; mend that first ({reason})"
    if any(check.outcome == "could_not_run" for check in verdict.checks):
        return Release(command, work_stream_id, "failed", reason, last)
    return _again(belief, command, work_stream_id, last, "conflict" if verdict.conflicts else "retry", reason)


def _denied(facts: AgentFacts) -> str:
    """What an agent was not allowed to use, which may be why its work is not done."""
    asked = facts.details.get("asked", {}).values()
    tools = dict.fromkeys(entry["tool"] for entry in asked if entry.get("answer") == "deny")
    return f"; it asked for {', '.join(tools)}, and was not allowed to" if tools else ""


def _failing_before(verdict: Verification) -> list[str]:
    """Checks that fail without the work too."""
    return [check.name for check in verdict.failures() if check.outcome == check.on_base == "failed"]


def failure_of(verdict: Verification) -> str:
    """Why work did not pass, as one sentence."""
    if verdict.conflicts:
        return f"conflicts with the target branch in {', '.join(verdict.conflicts[:3])}"
    return "; ".join(f"{check.name}: {check.message}" for check in verdict.failures()) or "nothing to integrate"


def _again(belief: Belief, command: Command, work_stream_id: str, last: AgentFacts, why: str, reason: str) -> Action:
    mine = [a for a in belief.agents if a.record.command_id == command.id]
    tries = [a for a in mine if a.record.work_stream_id.casefold() == work_stream_id.casefold()]
    lost = sum(a.record.state is AgentState.LOST or bool(a.ending.get("cut_off")) for a in tries)
    limited = sum(bool(a.ending.get("limited")) for a in tries)
    steered = sum(a.details.get("why") == "feedback" for a in tries)
    counted = len(tries) - min(lost, MAX_LOST) - min(limited, MAX_LIMITED) - steered
    # A check that fails without the work too may be what the work is to mend: one more try, and no more.
    in_vain = any(a.verification and _failing_before(a.verification) for a in tries)
    most = belief.max_attempts[work_stream_id]
    if not last.ending.get("final") and counted < (min(2, most) if in_vain else most):
        return Spawn(command, work_stream_id, last.record.attempt + 1, why, last)
    verdicts = [a.verification for a in tries if a is not last and a.verification]
    if last.verification is None and verdicts:  # how a later agent ended does not hide what was wrong with the work
        reason = f"{reason}; the work before that: {failure_of(verdicts[-1])}"
    count = f" (after {len(tries)} attempts)" if len(tries) > 1 else ""
    return Release(command, work_stream_id, "failed", reason + count, last)


# -- new work ------------------------------------------------------------------------------------------------------


def _dispatch(belief: Belief, world: World, retries: list[Spawn]) -> list[Action]:
    """As many new agents as the limits allow, retries before first ones."""
    actions: list[Action] = []
    live = [facts.record for facts in belief.agents if facts.record.state.is_live]
    busy = {record.work_stream_id.casefold() for record in live}
    total = len(live)
    shut = any(world.now < facts.opens_at for facts in belief.agents)
    for command in belief.commands:
        if command.kind != "run":
            continue
        limit = int(command.payload.get("limit") or belief.max_agents)
        room = min(
            limit - sum(record.command_id == command.id for record in live), max(belief.max_agents, limit) - total
        )
        conflicts = _view(world, command).conflicts
        for action in (*(r for r in retries if r.command.id == command.id), *_first(belief, world, command)):
            key = action.work_stream_id.casefold()
            if isinstance(action, Release):
                actions.append(action)
            elif room > 0 and not shut and not busy & conflicts.get(key, frozenset()):
                actions.append(action)
                busy.add(key)
                total, room = total + 1, room - 1
    return actions


def _first(belief: Belief, world: World, command: Command) -> Iterable[Spawn | Release]:
    """First agents for work streams that the command claimed or that may start now."""
    spawned = {f.record.work_stream_id.casefold() for f in belief.agents if f.record.command_id == command.id}
    ended = {result.work_stream_id.casefold() for result in belief.results.get(command.id, ())}
    owners = {name.casefold(): owner for name, owner in belief.claims.items()}
    names = {name.casefold(): name for name in _wanted(command, world)}
    # Also what was withdrawn from the command after it had claimed it.
    names |= {name.casefold(): name for name, owner in belief.claims.items() if owner == command.id}
    cause = _unusable(belief, command)
    for key, name in names.items():
        if key in spawned or key in ended or owners.get(key, command.id) != command.id or is_promised(belief, name):
            continue
        if cause or wants_stop(belief, name, command.id):
            outcome = ("failed", cause) if cause else ("stopped", "stopped before it started")
            if key in owners:
                yield Release(command, name, *outcome)
        elif key in owners or _may_start(_view(world, command), name):
            yield Spawn(command, name, 1)


def _unusable(belief: Belief, command: Command) -> str:
    """Why no agent of a command can work, as one of them found out: nobody is signed in, say. Empty when they can."""
    mine = (facts for facts in belief.agents if facts.record.command_id == command.id)
    return next((facts.record.reason for facts in mine if facts.ending.get("unusable")), "")


def _view(world: World, command: Command) -> View:
    return world.views.get(str(command.payload.get("target", "")), View())


def _wanted(command: Command, world: World) -> Iterable[str]:
    """Named work streams, or all of the roadmap without the excluded."""
    named = command.payload.get("work_stream_ids")
    if named is not None:
        return [str(name) for name in named]
    out = {str(name).casefold() for name in command.payload.get("exclude", ())}
    return [name for name in _view(world, command).order if name.casefold() not in out]


def _may_start(view: View, name: str) -> bool:
    found = view.availability.get(name)
    return found is not None and found.available


# -- ends ----------------------------------------------------------------------------------------------------------


def _finish(belief: Belief, world: World) -> list[Action]:
    actions: list[Action] = []
    held = set(belief.claims.values())
    for command in belief.commands:
        live = [f for f in belief.agents if f.record.command_id == command.id and f.record.state.is_live]
        if command.kind == "stop":
            if not _targets_left(belief, command):
                actions.append(Finish(command, "everything that was to stop has ended"))
        elif command.kind in KINDS:
            continue
        elif command.id not in held and not live and not _more_to_do(belief, world, command):
            actions.append(Finish(command, _summary(belief.results.get(command.id, ()))))
    return actions


def _targets_left(belief: Belief, stop: Command) -> bool:
    """True while an agent or a claim that a stop names is there."""
    only = Belief(
        commands=(stop,),
        claims={},
        agents=(),
        results={},
        max_agents=belief.max_agents,
        max_attempts=belief.max_attempts,
    )
    agents = any(
        f.record.state.is_live and wants_stop(only, f.record.work_stream_id, f.record.command_id, f.record.id)
        for f in belief.agents
    )
    claims = any(wants_stop(only, name, command_id) for name, command_id in belief.claims.items())
    open_runs = {command.id for command in belief.commands if command.kind == "run"}
    return agents or claims or any(name in open_runs for name in stop.payload.get("command_ids", ()))


def _more_to_do(belief: Belief, world: World, command: Command) -> bool:
    """True while work streams of a command may start, or may be freed by what another command is at."""
    if command.kind != "run" or wants_stop(belief, "", command.id) or _unusable(belief, command):
        return False
    ended = {result.work_stream_id.casefold() for result in belief.results.get(command.id, ())}
    owners = {name.casefold() for name in belief.claims}
    left = [name for name in _wanted(command, world) if name.casefold() not in ended]
    if command.payload.get("work_stream_ids") is None and any(name.casefold() in owners for name in left):
        return True
    found = _view(world, command).availability
    free = (name for name in left if name in found and (found[name].available or found[name].kind == "conflict"))
    return any(name.casefold() not in owners for name in free)


def _summary(results: Iterable[Result]) -> str:
    counts: dict[str, int] = {}
    for result in results:
        counts[result.outcome] = counts.get(result.outcome, 0) + 1
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items()) or "nothing to do"
