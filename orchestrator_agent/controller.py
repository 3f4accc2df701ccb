"""The controller: the one process per repository that makes wishes true.

It holds an exclusive lock for its life, so there is one, and it is the only writer of scheduling state. It loops: look,
`reconcile`, carry out. It is started by whoever appends a wish or by an agent's shim, and ends when nothing is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import sys
import time
import traceback
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from orchestrator_agent import attempts, events, execution, verification
from orchestrator_agent import reconcile as rules
from orchestrator_agent import worktree as worktrees
from orchestrator_agent.errors import OrchError, RoadmapError
from orchestrator_agent.events import Event
from orchestrator_agent.journal import Conflict
from orchestrator_agent.model import AgentState, CheckResult, Verification, slug
from orchestrator_agent.project import Project, make_state_folder
from orchestrator_agent.prompts import evidence_of
from orchestrator_agent.roadmap import Roadmap, order
from orchestrator_agent.store import AgentFacts, Command, verification_to_json

#: Nothing depends on looking this often: ends and wishes wake us. It bounds what a lost wake-up costs. Seconds.
_PATIENCE = 1.0
#: Between looks while a shim is on its way up. Seconds.
_STARTING_PATIENCE = 0.02

Job = Coroutine[Any, Any, list[Event]]


class Controller:
    """One life of the controller, with the lock held."""

    def __init__(self, project: Project) -> None:
        """Use an open project whose lock the caller holds."""
        self.project = project
        self.store = project.writable_store()
        self._jobs: dict[str, asyncio.Task[list[Event]]] = {}
        self._lane: str | None = None
        self._woken = asyncio.Event()
        self._plan: tuple[str, Roadmap] | None = None

    async def run(self) -> None:
        """Work until nothing is left to do."""
        self._record(events.CONTROLLER_STARTED, f"controller {os.getpid()} started")
        fifo = self._listen()
        try:
            while True:
                self._woken.clear()
                self._step()
                if not self._jobs and not self.store.open_commands() and not self.store.live_agents():
                    break
                await self._wait()
        finally:
            asyncio.get_running_loop().remove_reader(fifo)
            os.close(fifo)
            self._record(events.CONTROLLER_ENDED, f"controller {os.getpid()} ended: nothing is left to do")

    def _listen(self) -> int:
        """Open the FIFO by which shims and front ends wake us."""
        path = self.project.state / "wake"
        with contextlib.suppress(FileExistsError):
            os.mkfifo(path, 0o600)
        fifo = os.open(path, os.O_RDWR | os.O_NONBLOCK)

        def drain() -> None:
            with contextlib.suppress(BlockingIOError):
                os.read(fifo, 4096)
            self._woken.set()

        asyncio.get_running_loop().add_reader(fifo, drain)
        return fifo

    async def _wait(self) -> None:
        starting = any(f.record.state is AgentState.STARTING for f in self.store.live_agents())
        patience = _STARTING_PATIENCE if starting else _PATIENCE
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._woken.wait(), patience)

    # -- look ----------------------------------------------------------------------------------------------------

    def _step(self) -> None:
        """One look and what follows from it."""
        belief = self._believe()
        world = self._look(belief)
        if world is None:
            return  # the look failed: change nothing
        for action in rules.reconcile(belief, world):
            with contextlib.suppress(Conflict):  # decided on a state that has moved on; the next look sees it
                self._carry_out(action)

    def _believe(self) -> rules.Belief:
        store, settings = self.store, self.project.settings
        commands = tuple(store.open_commands())
        agents = {f.record.id: f for f in store.live_agents()}
        for command in commands:
            agents.update({f.record.id: f for f in store.agents(command_id=command.id)})
            named = store.agent(str(command.payload.get("agent_id", "")))
            if named is not None:
                agents[named.record.id] = named
        return rules.Belief(
            commands=commands,
            claims=store.claims(),
            agents=tuple(sorted(agents.values(), key=lambda f: (f.record.created_at, f.record.attempt))),
            results={command.id: tuple(store.results(command.id)) for command in commands},
            max_agents=settings.max_concurrent_agents,
            max_attempts=settings.agent.max_attempts,
        )

    def _look(self, belief: rules.Belief) -> rules.World | None:
        plan = self._current_plan(belief)
        if plan is None:
            return None
        live = [f.record for f in belief.agents if f.record.state.is_live]
        streams = plan.work_streams
        conflicts: dict[str, set[str]] = {}
        for stream in streams:
            for other in stream.conflicts_with:
                conflicts.setdefault(stream.id.casefold(), set()).add(other.casefold())
                conflicts.setdefault(other.casefold(), set()).add(stream.id.casefold())
        return rules.World(
            attempts={record.id: attempts.observe(self.project.agent_folder(record.id)) for record in live},
            availability=self.project.availability(plan),
            order=tuple(stream.id for stream in order(streams)),
            lane=self._lane,
            busy=frozenset(self._jobs),
            conflicts={name: frozenset(others) for name, others in conflicts.items()},
        )

    def _current_plan(self, belief: rules.Belief) -> Roadmap | None:
        """The roadmap at the target branch, read again only when that moved; None when it was never readable.

        Then the commands that need it are refused: nothing hangs because of a plan that somebody broke.
        """
        targets = [str(c.payload["target"]) for c in belief.commands if "target" in c.payload]
        if not targets:
            return self._plan[1] if self._plan else Roadmap(path="", format="", work_streams=(), warnings=())
        commit = self._tip(targets[0])
        if self._plan is None or self._plan[0] != commit:
            try:
                self._plan = (commit, self.project.roadmap_at(commit))
            except RoadmapError as error:
                if self._plan is None:
                    for command in belief.commands:
                        self._record(events.COMMAND_DONE, str(error), command_id=command.id, data={"state": "refused"})
                    return None
        return self._plan[1]

    def _tip(self, target: str) -> str:
        return self.project.repository.commit_of(f"refs/heads/{target}") or ""

    # -- carry out -----------------------------------------------------------------------------------------------

    def _carry_out(self, action: rules.Action) -> None:
        match action:
            case rules.Launch(agent):
                self._begin(agent.record.id, self._start(agent))
            case rules.MarkRunning(agent):
                record = agent.record
                self._record(events.AGENT_RUNNING, f"{record.id} is working on {record.work_stream_id}", agent)
            case rules.Stop(agent):
                attempts.request_stop(self.project.agent_folder(agent.record.id))
            case rules.Close(agent, lost):
                self._begin(agent.record.id, self._close(agent, lost))
            case rules.Spawn():
                self._spawn(action)
            case rules.Verify(agent):
                self._record(events.VERIFICATION_STARTED, f"checking the work of {agent.record.id}", agent)
                self._begin(agent.record.id, self._verify(agent), lane=True)
            case rules.Integrate(agent):
                self._integrate(agent)
            case rules.Release():
                self._release(action)
            case rules.Finish(command, message):
                self._record(events.COMMAND_DONE, message, command_id=command.id)

    def _begin(self, key: str, job: Job, *, lane: bool = False) -> None:
        """Run a job beside the loop; its events are recorded when it ends, and then we look again."""
        task = asyncio.get_running_loop().create_task(job)
        self._jobs[key] = task
        if lane:
            self._lane = key

        def done(_: asyncio.Task[list[Event]]) -> None:
            del self._jobs[key]
            if lane:
                self._lane = None
            for event in task.result():
                with contextlib.suppress(Conflict):
                    self.store.record(event)
            self._woken.set()

        task.add_done_callback(done)

    def _spawn(self, action: rules.Spawn) -> None:
        """Write the intention to run an agent; only what is written is started."""
        command, name = action.command, action.work_stream_id
        now = self.store.now()
        agent_id = self._new_id(name, int(now))
        previous = action.after or self._interrupted(name)
        why = action.why if action.after or previous is None else "lost"
        base = (previous.record.head_commit if previous else "") or self._tip(str(command.payload["target"]))
        ports = [f.details.get("port", 0) for f in self.store.live_agents()]
        spawning = Event(
            type=events.SPAWNING_AGENT,
            timestamp=now,
            message=f"starting {agent_id} on {self._title(name)}" + (f" ({why})" if why != "first" else ""),
            agent_id=agent_id,
            work_stream_id=name,
            command_id=command.id,
            data={
                "attempt": action.attempt,
                "runtime": self.project.settings.agent.runtime,
                "branch": f"orch/{slug(name)}/{agent_id}",
                "worktree": str(worktrees.path_of(self.project.repository, agent_id)),
                "base_commit": base,
                "details": {
                    "why": why,
                    "after": previous.record.id if previous else None,
                    "port": execution.free_port(self.project, ports),
                    "session_id": str(uuid.uuid4()),
                },
            },
        )
        claimed = name.casefold() in {held.casefold() for held in self.store.claims()}
        claim = Event(
            type=events.WORK_STREAM_CLAIMED,
            timestamp=now,
            work_stream_id=name,
            command_id=command.id,
            agent_id=agent_id,
        )
        self.store.record(*([] if claimed else [claim]), spawning)
        self._woken.set()

    def _new_id(self, name: str, now: int) -> str:
        first = f"coder-{slug(name)}-{now}"
        names = (first, *(f"{first}-{n}" for n in range(2, 10_000)))
        return next(n for n in names if self.store.agent(n) is None and not self.project.agent_folder(n).exists())

    def _interrupted(self, name: str) -> AgentFacts | None:
        """The agent whose stopped work a new one continues, or None."""
        earlier = self.store.agents(work_stream_id=name)
        if not earlier or earlier[-1].record.state is not AgentState.STOPPED:
            return None
        last = earlier[-1]
        kept = last.record.head_commit and self.project.repository.commit_of(f"refs/heads/{last.record.branch}")
        return last if kept else None

    def _title(self, name: str) -> str:
        return verification.title_of(self._plan[1], name) if self._plan else name

    def _integrate(self, agent: AgentFacts) -> None:
        verdict = agent.verification
        assert verdict is not None
        self._record(
            events.INTEGRATION_STARTED,
            f"merging the work of {agent.record.id}",
            agent,
            data={"verification_id": agent.verification_id, "commit": verdict.candidate},
        )
        self._begin(agent.record.id, self._land(agent), lane=True)

    def _release(self, action: rules.Release) -> None:
        name, outcome, agent = action.work_stream_id, action.outcome, action.agent
        message = f"{self._title(name)}: {outcome.replace('_', ' ')}" + (f" ({action.reason})" if action.reason else "")
        self._record(
            events.WORK_STREAM_RELEASED,
            message,
            agent,
            command_id=action.command.id,
            work_stream_id=name,
            data={"outcome": outcome, "reason": action.reason},
        )
        if action.command.kind != "verify":
            self._begin(
                f"clean {name} {uuid.uuid4()}",
                self._clean_up(name, outcome, str(action.command.payload.get("target", ""))),
            )

    def _record(
        self,
        type_: str,
        message: str,
        agent: AgentFacts | None = None,
        *,
        command_id: str | None = None,
        work_stream_id: str | None = None,
        data: dict[str, Any] | None = None,
    ) -> None:
        record = agent.record if agent else None
        self.store.record(
            Event(
                type=type_,
                timestamp=self.store.now(),
                message=message,
                agent_id=record.id if record else None,
                work_stream_id=work_stream_id or (record.work_stream_id if record else None),
                command_id=command_id or (record.command_id if record else None),
                data=data or {},
            )
        )

    # -- jobs ----------------------------------------------------------------------------------------------------

    async def _start(self, agent: AgentFacts) -> list[Event]:
        try:
            job = self._assignment(agent)
            await asyncio.to_thread(execution.start, self.project, job)
        except Exception as error:
            return await self._could_not_start(agent, _explain(error))
        return []

    def _assignment(self, agent: AgentFacts) -> execution.Assignment:
        command = self.store.command(agent.record.command_id)
        assert command is not None
        target = str(command.payload["target"])
        after = self.store.agent(str(agent.details.get("after") or ""))
        verdict = after.verification if after else None
        evidence = evidence_of(verdict) if verdict else ""
        if after and not evidence:
            evidence = after.record.reason or "The last attempt was cut off before it was done."
        return execution.Assignment(
            facts=agent,
            stream=self.project.roadmap_at(self._tip(target)).get(agent.record.work_stream_id),
            target=target,
            why=str(agent.details.get("why", "first")),
            evidence=evidence,
            conflicts=verdict.conflicts if verdict else (),
            settings=execution.settings_for(self.project, command.payload),
        )

    async def _could_not_start(self, agent: AgentFacts, reason: str) -> list[Event]:
        record = agent.record
        return [
            Event(
                type=events.AGENT_FAILED,
                timestamp=self.store.now(),
                message=f"{record.id} failed: {reason}",
                agent_id=record.id,
                work_stream_id=record.work_stream_id,
                command_id=record.command_id,
                data={"reason": reason, "final": True},
            )
        ]

    async def _close(self, agent: AgentFacts, lost: bool) -> list[Event]:
        command = self.store.command(agent.record.command_id)
        settings = execution.settings_for(self.project, command.payload if command else {})
        title = self._title(agent.record.work_stream_id)
        try:
            return await asyncio.to_thread(
                execution.close, self.project, agent, title, lost=lost, auto_commit=settings.agent.auto_commit
            )
        except Exception as error:
            return await self._could_not_start(agent, _explain(error))

    async def _verify(self, agent: AgentFacts) -> list[Event]:
        target = self._target_of(agent)
        base = self._tip(target)
        known = self.store.checks_on(base)
        try:
            verdict = await asyncio.to_thread(verification.verify, self.project, agent, target, base, known)
        except Exception as error:
            verdict = _unverifiable(agent, base, _explain(error))
        said = (
            "passed"
            if verdict.passed
            else "failed: " + "; ".join(c.name + ": " + c.message for c in verdict.failures())
        )
        return [
            Event(
                type=events.VERIFICATION_COMPLETE,
                timestamp=self.store.now(),
                message=f"verification of {agent.record.id} {said}",
                agent_id=agent.record.id,
                work_stream_id=agent.record.work_stream_id,
                command_id=self._command_of(agent),
                data={"passed": verdict.passed, "verification": verification_to_json(verdict)},
            )
        ]

    async def _land(self, agent: AgentFacts) -> list[Event]:
        record, target = agent.record, self._target_of(agent)
        verdict = agent.verification
        assert verdict is not None
        try:
            landing = await asyncio.to_thread(verification.integrate, self.project, agent, target)
            kind, reason = landing.kind, landing.reason
        except Exception as error:
            kind, reason = "error", _explain(error)
        left = self.project.settings.integration.policy == "branch"
        data = {"verification_id": agent.verification_id, "kind": kind, "reason": reason, "commit": verdict.candidate}
        if not kind and left:
            data |= {"kind": "branch", "reason": f"verified; it waits on branch {record.branch}"}
        place = record.branch if left else target
        message = (
            f"{record.work_stream_id} was not merged: {reason}" if kind else f"{record.work_stream_id} is on {place}"
        )
        return [
            Event(
                type=events.INTEGRATION_REFUSED if kind else events.INTEGRATION_COMPLETE,
                timestamp=self.store.now(),
                message=message,
                agent_id=record.id,
                work_stream_id=record.work_stream_id,
                command_id=self._command_of(agent),
                data=data,
            )
        ]

    async def _clean_up(self, name: str, outcome: str, target: str) -> list[Event]:
        """After success all worktrees of a work stream go; else the last one stays for a look."""
        agents = self.store.agents(work_stream_id=name)
        ended = [f for f in agents if not f.record.state.is_live]
        gone = ended if outcome in ("complete", "on_branch") else ended[:-1]
        try:
            return await asyncio.to_thread(execution.clean_up, self.project, gone, target)
        except Exception as error:
            print(f"clean-up of {name}: {_explain(error)}", file=sys.stderr, flush=True)
            return []

    def _command_of(self, agent: AgentFacts) -> str:
        """The open command that has to do with an agent's work: a person's verify or integrate, or the run itself."""
        return next((c.id for c in self._judging(agent)), agent.record.command_id)

    def _target_of(self, agent: AgentFacts) -> str:
        command = next(iter(self._judging(agent)), None) or self.store.command(agent.record.command_id)
        return str(command.payload["target"]) if command else ""

    def _judging(self, agent: AgentFacts) -> list[Command]:
        return [c for c in self.store.open_commands() if c.payload.get("agent_id") == agent.record.id]


def _explain(error: Exception) -> str:
    """What to tell of an error; of a bug the traceback goes to the log."""
    if isinstance(error, OrchError):
        return str(error)
    traceback.print_exception(error)
    return f"internal error ({error}); see .orch/controller.log"


def _unverifiable(agent: AgentFacts, base: str, reason: str) -> Verification:
    return Verification(
        agent_id=agent.record.id,
        work_stream_id=agent.record.work_stream_id,
        head_commit=agent.record.head_commit,
        candidate="",
        base_commit=base,
        checks=(CheckResult(name="integration", outcome="could_not_run", message=reason),),
        finished_at=time.time(),
    )


def main(root: Path, on_locked: Callable[[], None] = lambda: None) -> int:
    """Be the controller of the repository at `root`, unless there is one.

    After the lock is let go, the journal is looked at once more: a wish may have come between our last look and that.
    """
    project = Project(root)
    make_state_folder(project.repository)
    while True:
        with (project.state / "controller.lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return 0
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            on_locked()
            asyncio.run(Controller(project).run())
        if not project.store.open_commands() and not project.store.live_agents():
            return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
