"""A small world for the rules: agents that start, end and die, and a journal in memory, all at the will of a die.

It carries out what `reconcile` says as the controller does, but slow actions take effect when the die says so, and a
restart of the controller may cut them off on either side of their effect.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from random import Random

from orchestrator_agent import actions as acts
from orchestrator_agent import events, steering
from orchestrator_agent import reconcile as rules
from orchestrator_agent.attempts import ExitRecord, Observation
from orchestrator_agent.events import Event
from orchestrator_agent.journal import Conflict
from orchestrator_agent.model import (
    AgentRecord,
    Availability,
    CheckResult,
    ReceiptStep,
    Verification,
    WorkStream,
    WorkStreamStatus,
)
from orchestrator_agent.roadmap.availability import availability
from orchestrator_agent.runtimes.ear import message_id
from orchestrator_agent.store import AgentFacts, Store, verification_to_json

STREAMS = {"1.1": (), "1.2": (), "1.3": (), "2.1": ("1.1",), "2.2": ("1.2", "1.3")}
CONFLICTS = {"1.1": frozenset({"1.2"}), "1.2": frozenset({"1.1"})}
#: Work streams whose agents hear what they are told while they work.
STEERED = ("1.1", "1.2", "2.1")
NEXT = {
    ReceiptStep.ACCEPTED: ReceiptStep.DELIVERED,
    ReceiptStep.DELIVERED: ReceiptStep.SEEN,
    ReceiptStep.SEEN: ReceiptStep.APPLIED,
}
VERDICTS = ("passed", "passed", "passed", "failed", "conflict", "could_not_run", "protected")
LANDINGS = ("", "", "moved", "dirty")
ENDS = ("completed", "completed", "completed", "failed", "final", "died")


@dataclass
class Attempt:
    """What the files of an agent say."""

    alive: bool = False
    started: bool = False
    ended: str = ""
    stopped: bool = False
    paused: bool = False
    #: How far each message has come that it was sent, by the message's id.
    heard: dict[str, ReceiptStep] = field(default_factory=dict)


@dataclass
class World:
    """Everything that is real, and the journal that a controller believes."""

    die: Random
    max_agents: int = 2
    max_attempts: int = 2
    store: Store = field(default_factory=lambda: Store(None))
    attempts: dict[str, Attempt] = field(default_factory=dict)
    #: Work stream -> the agent whose work is on the target branch.
    landed: dict[str, str] = field(default_factory=dict)
    #: Slow actions on their way, by the agent that they are about.
    jobs: dict[str, acts.Action] = field(default_factory=dict)
    lane: str | None = None
    count: int = 0
    now: float = 0.0

    # -- wishes --------------------------------------------------------------------------------------------------

    def wish(
        self, kind: str, claims: list[str] | None = None, *, also: tuple[Event, ...] = (), **payload: object
    ) -> str | None:
        """Append a wish, with what goes with it; None when a claim of it is taken."""
        self.count += 1
        command = f"{kind}-{self.count}"
        data = {"kind": kind, "payload": payload, "claims": claims or []}
        accepted = Event(type=events.COMMAND_ACCEPTED, timestamp=self.now, command_id=command, data=data)
        try:
            self.store.record(accepted, *also)
        except Conflict:
            return None
        return command

    def steer_at_random(self) -> None:
        """What a person might say to one of the agents that live."""
        live = [facts.record for facts in self.store.live_agents()]
        if not live:
            return
        record, kind = self.die.choice(live), self.die.choice(("feedback", "feedback", "pause", "resume", "redirect"))
        if kind == "feedback":
            urgency = self.die.choice(("now", "next", "later"))
            self.wish(kind, agent_id=record.id, text="words", urgency=urgency, deadline=self.now + 5)
        elif kind != "redirect":
            self.wish(kind, agent_id=record.id)
        elif may := [name for name, state in self.availability().items() if state.available]:
            name = self.die.choice(may)
            claim = Event(
                type=events.WORK_STREAM_CLAIMED,
                timestamp=self.now,
                work_stream_id=name,
                command_id=record.command_id,
            )
            self.wish(kind, also=(claim,), agent_id=record.id, work_stream_id=name, reason="more urgent")

    def ask_at_random(self) -> None:
        """What one of several people might ask for now."""
        may = [name for name, state in self.availability().items() if state.available]
        ended = [f.record for f in self.store.agents() if not f.record.state.is_live]
        live = self.store.live_agents()
        open_ = [command.id for command in self.store.open_commands() if command.kind != "stop"]
        kind = self.die.choice(("named", "all", "stop agent", "stop all", "verify", "integrate"))
        limit = self.die.choice((1, 2, 3))
        if kind == "named" and may:
            names = self.die.sample(may, self.die.randint(1, len(may)))
            self.wish("run", names, work_stream_ids=names, limit=limit, verify=self.die.random() < 0.8)
        elif kind == "all" and may:
            self.wish("run", work_stream_ids=None, exclude=self.die.choice(([], ["1.2"])), limit=limit, verify=True)
        elif kind == "stop agent" and live:
            record = self.die.choice(live).record
            self.wish("stop", agent_ids=[record.id], work_stream_ids=[record.work_stream_id], command_ids=[])
        elif kind == "stop all" and open_:
            ids = [facts.record.id for facts in live]
            self.wish("stop", agent_ids=ids, work_stream_ids=[], command_ids=open_)
        elif kind in ("verify", "integrate") and ended:
            record = self.die.choice(ended)
            facts = self.store.agent(record.id)
            assert facts is not None
            if facts.integration is None or facts.integration.state != "done":
                known = facts.verification_id
                self.wish(kind, [record.work_stream_id], agent_id=record.id, known_verification=known)

    # -- the controller ------------------------------------------------------------------------------------------

    def tick(self) -> list[acts.Action]:
        """One look, and what follows from it; returns what was decided."""
        self.now += 1
        belief, seen = self._belief(), self._seen()
        actions: list[acts.Action] = []
        for decide in (steering.steer, rules.reconcile):
            for action in decide(belief, seen):
                actions.append(action)
                with contextlib.suppress(Conflict):
                    self._carry_out(action)
        return actions

    def restart(self) -> None:
        """The controller is killed: slow actions have had their effect or not, and nobody journaled them."""
        for action in self.jobs.values():
            if self.die.random() < 0.5:
                self._effect(action)
        self.jobs, self.lane = {}, None

    def _belief(self) -> acts.Belief:
        commands = tuple(self.store.open_commands())
        agents = {facts.record.id: facts for facts in self.store.live_agents()}
        for command in commands:
            agents.update({f.record.id: f for f in self.store.agents(command_id=command.id)})
            named = self.store.agent(str(command.payload.get("agent_id", "")))
            if named is not None:
                agents[named.record.id] = named
        return acts.Belief(
            commands=commands,
            claims=self.store.claims(),
            agents=tuple(sorted(agents.values(), key=lambda facts: facts.record.created_at)),
            results={command.id: tuple(self.store.results(command.id)) for command in commands},
            max_agents=self.max_agents,
            max_attempts=dict.fromkeys(self.store.claims(), self.max_attempts),
        )

    def _seen(self) -> acts.World:
        live = [facts.record.id for facts in self.store.live_agents()]
        return acts.World(
            attempts={name: self._observe(name) for name in live},
            views={"": acts.View(availability=self.availability(), order=tuple(STREAMS), conflicts=CONFLICTS)},
            now=self.now,
            lane=self.lane,
            busy=frozenset(self.jobs),
            heard={name: acts.Heard(steps=dict(attempt.heard)) for name, attempt in self.attempts.items()},
        )

    def _observe(self, name: str) -> Observation:
        attempt = self.attempts.get(name, Attempt())
        record = ExitRecord(agent_id=name, reason=attempt.ended) if attempt.ended else None
        return Observation(attempt.alive, attempt.started, record, attempt.alive and attempt.paused)

    def availability(self) -> dict[str, Availability]:
        """What may start: the roadmap's word, and the journal's over it."""
        states = WorkStreamStatus.NOT_STARTED, WorkStreamStatus.COMPLETE
        streams = [
            WorkStream(id=name, name=name, depends_on=needs, status=states[name in self.landed])
            for name, needs in STREAMS.items()
        ]
        found = availability(streams)
        held = {r.work_stream_id for r in self.store.last_results().values() if r.outcome in ("held", "unverified")}
        taken = {facts.record.work_stream_id for facts in self.store.live_agents()} | set(self.store.claims())
        return {
            name: Availability(False, "", "running") if name in taken | held and state.available else state
            for name, state in found.items()
        }

    def _carry_out(self, action: acts.Action) -> None:
        match action:
            case acts.Launch(agent) | acts.Close(agent) | acts.Verify(agent):
                assert agent.record.id not in self.jobs, "two things are done about one agent at once"
                if isinstance(action, acts.Verify):
                    assert self.lane is None, "two in the lane"
                    self.lane = agent.record.id
                self.jobs[agent.record.id] = action
            case acts.Integrate(agent):
                assert self.lane is None and agent.record.id not in self.jobs, "two in the lane"
                data = {"verification_id": agent.verification_id, "commit": "c"}
                self._record(events.INTEGRATION_STARTED, agent.record, data=data)
                self.lane = agent.record.id
                self.jobs[agent.record.id] = action
            case acts.MarkRunning(agent):
                self._record(events.AGENT_RUNNING, agent.record)
            case acts.Stop(agent):
                self.attempts[agent.record.id].stopped = True
            case acts.Spawn():
                self._spawn(action)
            case acts.Release(command, name, outcome, reason, agent):
                data = {"outcome": outcome, "reason": reason}
                self._record(
                    events.WORK_STREAM_RELEASED,
                    agent.record if agent else None,
                    command_id=command.id,
                    work_stream_id=name,
                    data=data,
                )
            case acts.Finish(command, message, data):
                self._record(events.COMMAND_DONE, command_id=command.id, message=message, data=data)
            case acts.Tell(agent, command):
                attempt = self.attempts[agent.record.id]
                assert attempt.alive, "somebody was told who is not there"
                attempt.heard.setdefault(message_id(command.id), ReceiptStep.ACCEPTED)
            case acts.Freeze(agent, frozen):
                self.attempts[agent.record.id].paused = frozen
            case acts.Note(command, agent, step, _):
                self._record(events.RECEIPT, agent.record, command_id=command.id, data={"step": step.value})
            case acts.MarkWaiting(agent, reason):
                self._record(events.AGENT_WAITING, agent.record, data={"reason": reason})

    def _spawn(self, action: acts.Spawn) -> None:
        self.count += 1
        name, stream = f"agent-{self.count}", action.work_stream_id
        details = {
            "is_live": stream in STEERED,
            "why": action.why,
            "messages": {command.id: "words" for command in action.messages},
            "redirect": action.redirect.id if action.redirect else None,
        }
        keys: dict[str, object] = {"attempt": action.attempt, "runtime": "r", "branch": "b", "worktree": "w"}
        keys |= {"base_commit": "c", "details": details}
        common = {"timestamp": self.now + self.count / 10_000, "agent_id": name, "work_stream_id": stream}
        spawning = Event(type=events.SPAWNING_AGENT, command_id=action.command.id, data=keys, **common)  # type: ignore[arg-type]
        claim = Event(type=events.WORK_STREAM_CLAIMED, command_id=action.command.id, **common)  # type: ignore[arg-type]
        first = [] if stream in self.store.claims() else [claim]
        if action.redirect is not None and action.after is not None:
            left = action.after.record.work_stream_id
            released = {**common, "agent_id": action.after.record.id, "work_stream_id": left}
            data = {"outcome": "stopped", "reason": "redirected"}
            first = [
                Event(type=events.WORK_STREAM_RELEASED, command_id=action.command.id, data=data, **released)  # type: ignore[arg-type]
            ]
        self.store.record(*first, spawning)

    # -- what happens by itself ------------------------------------------------------------------------------------

    def something_happens(self, gently: bool = False) -> None:
        """A slow action ends, or an agent does. `gently`: nothing dies, and nothing is refused for ever."""
        running = [name for name, a in self.attempts.items() if a.alive and (a.stopped or not a.paused)]
        if self.jobs and (not running or self.die.random() < 0.6):
            name = self.die.choice(list(self.jobs))
            action = self.jobs.pop(name)
            if self.lane == name:
                self.lane = None
            self._journal(action, self._effect(action))
        elif running:
            attempt = self.attempts[self.die.choice(running)]
            if not attempt.started:
                attempt.started = True
                return
            if attempt.heard and self.die.random() < 0.5:
                name = self.die.choice(list(attempt.heard))
                attempt.heard[name] = NEXT.get(attempt.heard[name], attempt.heard[name])
                return
            attempt.alive = False
            end = "completed" if gently else self.die.choice(ENDS)
            attempt.ended = "" if end == "died" else "stopped" if attempt.stopped else end

    def _effect(self, action: acts.Action) -> str:
        """What a slow action does to the world, and how it went. Doing it again is harmless."""
        match action:
            case acts.Launch(agent):
                attempt = self.attempts.setdefault(agent.record.id, Attempt())
                if not attempt.alive and not attempt.started:
                    attempt.alive = True
            case acts.Close(agent, lost):
                attempt = self.attempts.get(agent.record.id, Attempt())
                assert not attempt.alive, "a living agent was taken for an ended one"
                return "lost" if lost else attempt.ended or "stopped"
            case acts.Verify():
                return self.die.choice(VERDICTS)
            case acts.Integrate(agent):
                verdict = agent.verification
                assert verdict is not None and verdict.passed, "what did not pass was merged"
                name = agent.record.work_stream_id
                kind = "" if name in self.landed else self.die.choice(LANDINGS)
                if not kind:
                    self.landed[name] = agent.record.id
                return kind
        return ""

    def _journal(self, action: acts.Action, outcome: str) -> None:
        match action:
            case acts.Close(agent):
                state = "failed" if outcome == "final" else outcome
                self._record(events.END_EVENTS[state], agent.record, data={"final": outcome == "final"})
            case acts.Verify(agent):
                verdict = _verdict(agent, outcome)
                data = {"passed": verdict.passed, "verification": verification_to_json(verdict)}
                self._record(events.VERIFICATION_COMPLETE, agent.record, data=data)
            case acts.Integrate(agent):
                type_ = events.INTEGRATION_REFUSED if outcome else events.INTEGRATION_COMPLETE
                data = {"verification_id": agent.verification_id, "kind": outcome, "reason": outcome}
                self._record(type_, agent.record, data=data)

    def _record(self, type_: str, record: AgentRecord | None = None, **values: object) -> None:
        if record is not None:
            own = {"agent_id": record.id, "work_stream_id": record.work_stream_id, "command_id": record.command_id}
            values = {**own, **values}
        self.store.record(Event(type=type_, timestamp=self.now, **values))  # type: ignore[arg-type]


def _verdict(agent: AgentFacts, outcome: str) -> Verification:
    check = outcome if outcome in ("failed", "could_not_run") else "passed"
    return Verification(
        agent_id=agent.record.id,
        work_stream_id=agent.record.work_stream_id,
        head_commit="h",
        candidate="" if outcome == "conflict" else "c",
        base_commit="b",
        checks=(CheckResult(name="tests", outcome=check),),
        conflicts=("file",) if outcome == "conflict" else (),
        protected=("orch.toml",) if outcome == "protected" else (),
    )
