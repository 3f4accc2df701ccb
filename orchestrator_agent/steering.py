"""What becomes of commands to agents that work: the part of `reconcile` that steers. Pure, as that is.

A command is open until it is applied or refused, and that is its one final receipt. While it is open it is carried out
again and again, each time harmlessly; so it does not matter who is killed meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from orchestrator_agent.actions import (
    Action,
    Answer,
    Belief,
    Dismiss,
    Finish,
    Freeze,
    Heard,
    Hurry,
    MarkRunning,
    MarkWaiting,
    Note,
    NoteAsk,
    Release,
    Spawn,
    Stop,
    Tell,
    World,
)
from orchestrator_agent.model import AgentState, ReceiptStep, same_id
from orchestrator_agent.runtimes.ear import Ask, message_id
from orchestrator_agent.store import AgentFacts, Command
from orchestrator_agent.terminal import clean

#: Kinds of commands that are about one agent.
KINDS = ("feedback", "pause", "resume", "redirect", "answer")
#: So long, at most, a firmer delivery is given before a person is told. Seconds.
FIRMLY = 60.0
#: How the reason of an agent begins that waits for an answer.
NEEDS_INPUT = "needs input"
_ENDED = "its agent had ended before it could be told"
_DONE = "its work was done before it could be called away, and is being checked"


def steer(belief: Belief, world: World) -> Iterator[Action]:
    """What brings commands to agents nearer to their ends, and what agents ask nearer to a person."""
    freezing: set[str] = set()
    for command in belief.commands:
        if command.kind not in KINDS:
            continue
        named = next((f for f in belief.agents if f.record.id == command.payload.get("agent_id")), None)
        if named is None:
            yield refused(command, "there is no such agent")
        elif command.kind == "feedback":
            yield from _feedback(belief, world, command, newest_after(belief, named))
        elif command.kind == "redirect":
            yield from _redirect(belief, world, command, named)
        elif command.kind == "answer":
            yield from _answer(world, command, named)
        elif named.record.id not in freezing:  # one after the other, in the order in which they were asked for
            freezing.add(named.record.id)
            yield from _freeze(world, command, named)
    for facts in belief.agents:
        if is_at_work(facts, world):
            yield from _attend(belief, world, facts)


def refused(command: Command, reason: str) -> Finish:
    """The end of a command that cannot be carried out."""
    return Finish(command, reason, {"state": "refused"})


def is_at_work(facts: AgentFacts, world: World) -> bool:
    """True when an agent can be reached now."""
    seen = world.attempts.get(facts.record.id)
    live = facts.record.state in (AgentState.RUNNING, AgentState.WAITING) and facts.record.id not in world.busy
    return live and seen is not None and seen.alive and seen.exit is None


def newest_after(belief: Belief, facts: AgentFacts) -> AgentFacts:
    """The newest agent that goes on with the work of another, under the same command."""
    same = [
        other
        for other in belief.agents
        if other.record.command_id == facts.record.command_id
        and same_id(other.record.work_stream_id, facts.record.work_stream_id)
    ]
    return same[-1] if same else facts


# -- feedback ------------------------------------------------------------------------------------------------------


def _feedback(belief: Belief, world: World, command: Command, agent: AgentFacts) -> Iterator[Action]:
    record = agent.record
    if command.id in agent.details.get("messages", {}) and record.started_at is not None:
        reason = f"{record.id} was started with it"
        yield from _advance(command, agent, ReceiptStep.APPLIED, reason)
    elif not record.state.is_live:
        if _has_seen(command):
            yield Finish(command, "it had seen it before it ended")
        elif not _may_go_on(belief, world, agent):
            yield refused(command, _ENDED)
    elif is_at_work(agent, world) and not world.attempts[record.id].closing:
        if agent.details.get("is_live"):
            yield Tell(agent, command)
            yield from _receipts(world, command, agent)
        elif command.payload.get("urgency") != "later" and not world.attempts[record.id].paused:
            yield Stop(agent, firm=record.id in world.overdue)
            yield from _late(world, command, agent)


def _receipts(world: World, command: Command, agent: AgentFacts) -> Iterator[Action]:
    step = world.heard.get(agent.record.id, Heard()).steps.get(message_id(command.id))
    if step in (None, ReceiptStep.DELIVERED):
        yield from _late(world, command, agent)
    if step is ReceiptStep.REFUSED:
        yield refused(command, "the agent dropped it")
    elif step is not None:
        yield from _advance(command, agent, step)


def _late(world: World, command: Command, agent: AgentFacts) -> Iterator[Action]:
    """What is done about a command that has not come through in time: a firmer delivery, then a person is told."""
    due, urgency = float(command.payload.get("deadline") or world.now), command.payload.get("urgency")
    if world.now <= due or urgency == "later" or not _could_hear(command, agent):
        return
    if urgency == "next" and agent.details.get("is_live"):
        yield Hurry(agent, command)
    known, more = command.outcome.get("steps", {}), min(due - command.created_at, FIRMLY)
    if ReceiptStep.LATE.value not in known:
        yield Note(command, agent, ReceiptStep.LATE, "it was not seen in time")
    elif ReceiptStep.STUCK.value not in known and world.now > due + more:
        yield Note(command, agent, ReceiptStep.STUCK, "its agent does not take it in; look at it: `orch inbox`")


def _could_hear(command: Command, agent: AgentFacts) -> bool:
    """False for an agent that stands still or waits for a person, where the command has to wait for that too."""
    waits = agent.record.state is AgentState.WAITING
    return not waits or (command.kind != "feedback" and (command.kind != "answer" or agent.record.reason != "paused"))


def is_stuck(command: Command) -> bool:
    """True for an open command that an agent does not take in, however it is delivered."""
    return ReceiptStep.STUCK.value in command.outcome.get("steps", {}) and not _has_seen(command)


def _advance(command: Command, agent: AgentFacts, step: ReceiptStep, reason: str = "") -> Iterator[Action]:
    """The receipts up to a step that are not journaled yet, and the end."""
    known = command.outcome.get("steps", {})
    for earlier in (ReceiptStep.DELIVERED, ReceiptStep.SEEN):
        if earlier.value not in known:
            yield Note(command, agent, earlier, reason)
        if earlier is step:
            return
    yield Finish(command, reason or f"{agent.record.id} has worked with it")


def _has_seen(command: Command) -> bool:
    return ReceiptStep.SEEN.value in command.outcome.get("steps", {})


def _may_go_on(belief: Belief, world: World, agent: AgentFacts) -> bool:
    """True when something is still to come of an ended agent's work stream."""
    if agent.record.id in world.busy and agent.integration is None:
        return True
    held = any(
        same_id(name, agent.record.work_stream_id) and owner == agent.record.command_id
        for name, owner in belief.claims.items()
    )
    return held and agent.integration is None


def messages_for(belief: Belief, agent: AgentFacts) -> tuple[Command, ...]:
    """Feedback that an ended agent has not seen, and that the next one is to be told."""
    found = (command for command in belief.commands if command.kind == "feedback" and not _has_seen(command))
    same = {
        other.record.id
        for other in belief.agents
        if same_id(other.record.work_stream_id, agent.record.work_stream_id)
        and other.record.command_id == agent.record.command_id
    }
    told: dict[str, str] = {} if agent.record.started_at is None else agent.details.get("messages", {})
    return tuple(c for c in found if c.payload.get("agent_id") in same and c.id not in told)


# -- pausing -------------------------------------------------------------------------------------------------------


def _freeze(world: World, command: Command, agent: AgentFacts) -> Iterator[Action]:
    wanted = command.kind == "pause"
    if not agent.record.state.is_live:
        yield refused(command, "its agent had ended before")
    elif is_at_work(agent, world):
        if world.attempts[agent.record.id].paused is not wanted:
            yield Freeze(agent, wanted)
            yield from _late(world, command, agent)
        else:
            yield Finish(command, f"{agent.record.id} {'stands still' if wanted else 'works'}")


# -- redirecting ---------------------------------------------------------------------------------------------------


def _redirect(belief: Belief, world: World, command: Command, agent: AgentFacts) -> Iterator[Action]:
    """Stop the agent; when it has ended, `redirected` lets its successor begin elsewhere."""
    begun = next((f for f in belief.agents if f.details.get("redirect") == command.id), None)
    if begun is not None:
        if begun.record.started_at is None and not begun.record.state.is_live:
            yield refused(command, f"{begun.record.id} could not be started: {begun.record.reason}")
        elif begun.record.started_at is not None:
            yield from _advance(command, begun, ReceiptStep.APPLIED, f"{begun.record.id} works on it")
        return
    owner = next((c for c in belief.commands if c.id == agent.record.command_id), None)
    if is_at_work(agent, world):
        yield Stop(agent, firm=agent.record.id in world.overdue)
        yield from _late(world, command, agent)
    elif not agent.record.state.is_live and agent.record.id not in world.busy and redirected(belief, agent) is None:
        target = str(command.payload["work_stream_id"])
        if owner is not None and belief.claims.get(target) == owner.id:
            yield Release(owner, target, "stopped", "was not begun: the agent that was to do it had ended")
        done = agent.record.state is AgentState.COMPLETED
        yield refused(command, f"{_DONE}; `orch run {target}` begins the other" if done else _ENDED)


def redirected(belief: Belief, agent: AgentFacts) -> Spawn | None:
    """The agent that follows one that was called away from its work, or None. Work that is done is not given up."""
    record = agent.record
    owner = next((c for c in belief.commands if c.id == record.command_id), None)
    held = any(same_id(n, record.work_stream_id) and o == record.command_id for n, o in belief.claims.items())
    for command in belief.commands:
        if command.kind == "redirect" and command.payload.get("agent_id") == record.id and owner and held:
            begun = any(f.details.get("redirect") == command.id for f in belief.agents)
            if not begun and record.state is not AgentState.COMPLETED:
                target = str(command.payload["work_stream_id"])
                before = [
                    f.record.attempt
                    for f in belief.agents
                    if f.record.command_id == owner.id and same_id(f.record.work_stream_id, target)
                ]
                return Spawn(owner, target, max(before, default=0) + 1, "redirect", agent, redirect=command)
    return None


def is_promised(belief: Belief, work_stream_id: str) -> bool:
    """True for work that an agent is on its way to from elsewhere."""
    return any(
        command.kind == "redirect" and same_id(str(command.payload["work_stream_id"]), work_stream_id)
        for command in belief.commands
    )


# -- what agents ask -----------------------------------------------------------------------------------------------


def entry_of(agent_id: str, request: str) -> str:
    """The id of a question in the inbox."""
    return hashlib.sha256(f"{agent_id}/{request}".encode()).hexdigest()[:8]


def _answer(world: World, command: Command, agent: AgentFacts) -> Iterator[Action]:
    entry, said = str(command.payload["entry"]), str(command.payload["answer"])
    given = agent.details.get("asked", {}).get(entry, {}).get("answer")
    if given is not None and given != said:
        yield refused(command, "it was answered before")
    elif given is not None and agent.record.state is AgentState.COMPLETED:
        yield from _advance(command, agent, ReceiptStep.APPLIED, f"{agent.record.id} went on and has done its work")
    elif not agent.record.state.is_live:
        yield refused(command, "its agent had ended before")
    elif is_at_work(agent, world):
        asks = world.heard.get(agent.record.id, Heard()).asks
        ask = next((ask for ask in asks if entry_of(agent.record.id, ask.request) == entry), None)
        if ask is not None:
            yield Answer(agent, ask, said)
            yield from _late(world, command, agent)
        else:
            yield from _advance(command, agent, ReceiptStep.APPLIED, f"{agent.record.id} goes on")


def _attend(belief: Belief, world: World, agent: AgentFacts) -> Iterator[Action]:
    """What an agent at work asks, why it waits, and whether it has done all."""
    record, seen, heard = agent.record, world.attempts[agent.record.id], world.heard.get(agent.record.id, Heard())
    asked = agent.details.get("asked", {})
    for ask in heard.asks:
        known = asked.get(entry_of(record.id, ask.request))
        if known is None:
            yield NoteAsk(agent, ask)
        elif "answer" not in known and world.now > known["at"] + world.answer_after[record.id]:
            yield Answer(agent, ask, "deny", "nobody answered in time")
    reason = "paused" if seen.paused else waits_for(heard.asks) or heard.trouble
    if reason and (record.state, record.reason) != (AgentState.WAITING, reason):
        yield MarkWaiting(agent, reason)
    elif not reason and record.state is AgentState.WAITING:
        yield MarkRunning(agent)
    if heard.at_rest and not seen.closing and not messages_for(belief, agent):
        yield Dismiss(agent)


def asked(entry: Mapping[str, Any]) -> str:
    """What an agent asks, as one line, by what the journal and the inbox keep of it."""
    questions = " ".join(clean(question, 500) for question in entry["questions"])
    choices = ", ".join(clean(choice, 100) for choice in entry.get("choices", ()))
    if questions:
        return f"{questions} ({choices})" if choices else questions
    return f"may it use {clean(entry['tool'], 100)}? {clean(entry['arguments'], 500)}"


def waits_for(asks: Iterable[Ask]) -> str:
    """Why an agent waits that asks something, or nothing."""
    first = next(iter(asks), None)
    if first is None:
        return ""
    return f"{NEEDS_INPUT}: {first.questions[0] if first.questions else f'may it use {first.tool}?'}"[:300]
