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
import uuid
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from orchestrator_agent import actions, attempts, checks, events, execution, verification
from orchestrator_agent import worktree as worktrees
from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.events import Event
from orchestrator_agent.jobs import Jobs
from orchestrator_agent.journal import Conflict
from orchestrator_agent.model import AgentState, slug
from orchestrator_agent.project import Project, make_state_folder
from orchestrator_agent.reconcile import reconcile
from orchestrator_agent.roadmap import Roadmap, order
from orchestrator_agent.store import AgentFacts, Command

#: Nothing depends on looking this often: ends and wishes wake us. It bounds what a lost wake-up costs. Seconds.
_PATIENCE = 1.0
#: Between looks while a shim is on its way up. Seconds.
_STARTING_PATIENCE = 0.02
_LOCK_TRIES = 30

Job = Coroutine[Any, Any, list[Event]]


class Controller:
    """One life of the controller, with the lock held."""

    def __init__(self, project: Project) -> None:
        """Use an open project whose lock the caller holds."""
        self.project = project
        self.store = project.writable_store()
        self._do = Jobs(project)
        self._jobs: dict[str, asyncio.Task[list[Event]]] = {}
        self._lane: str | None = None
        self._woken = asyncio.Event()
        self._plan: tuple[str, Roadmap] | None = None

    async def run(self) -> None:
        """Work until nothing is left to do."""
        self._record(events.CONTROLLER_STARTED, f"controller {os.getpid()} started")
        checks.end_earlier(self.project.repository)
        fifo = self._listen()
        self._finish_clean_ups()
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
        for action in reconcile(belief, world):
            with contextlib.suppress(Conflict):  # decided on a state that has moved on; the next look sees it
                self._carry_out(action)

    def _believe(self) -> actions.Belief:
        store, settings = self.store, self.project.settings
        commands = tuple(store.open_commands())
        agents = {f.record.id: f for f in store.live_agents()}
        for command in commands:
            agents.update({f.record.id: f for f in store.agents(command_id=command.id)})
            named = store.agent(str(command.payload.get("agent_id", "")))
            if named is not None:
                agents[named.record.id] = named
        return actions.Belief(
            commands=commands,
            claims=store.claims(),
            # Not by time: clocks are set back. Of one work stream a later agent has the higher number.
            agents=tuple(sorted(agents.values(), key=lambda f: f.record.attempt)),
            results={command.id: tuple(store.results(command.id)) for command in commands},
            max_agents=settings.max_concurrent_agents,
            max_attempts=settings.agent.max_attempts,
        )

    def _look(self, belief: actions.Belief) -> actions.World | None:
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
        return actions.World(
            attempts={record.id: attempts.observe(self.project.agent_folder(record.id)) for record in live},
            availability=self.project.availability(plan),
            order=tuple(stream.id for stream in order(streams)),
            lane=self._lane,
            busy=frozenset(self._jobs),
            conflicts={name: frozenset(others) for name, others in conflicts.items()},
        )

    def _current_plan(self, belief: actions.Belief) -> Roadmap | None:
        """The roadmap at the target branch, read again only when that moved; None when it was never readable.

        Then the commands that need it are refused: nothing hangs because of a plan that somebody broke.
        """
        targets = [str(c.payload["target"]) for c in belief.commands if "target" in c.payload]
        if not targets:
            return self._plan[1] if self._plan else Roadmap(path="", format="", work_streams=(), warnings=())
        commit = self.project.tip(targets[0])
        if self._plan is None or self._plan[0] != commit:
            try:
                self._plan = (commit, self.project.roadmap_at(commit))
            except RoadmapError as error:
                if self._plan is None:
                    for command in belief.commands:
                        self._record(events.COMMAND_DONE, str(error), command_id=command.id, data={"state": "refused"})
                    return None
        return self._plan[1]

    # -- carry out -----------------------------------------------------------------------------------------------

    def _carry_out(self, action: actions.Action) -> None:
        match action:
            case actions.Launch(agent):
                self._begin(agent.record.id, self._do.start(agent))
            case actions.MarkRunning(agent):
                record = agent.record
                self._record(events.AGENT_RUNNING, f"{record.id} is working on {record.work_stream_id}", agent)
            case actions.Stop(agent):
                attempts.request_stop(self.project.agent_folder(agent.record.id))
            case actions.StopPrograms(agent):
                for folder in checks.folders_of(self.project.repository, agent.record.id):
                    attempts.request_stop(folder)
            case actions.Close(agent, lost):
                self._begin(agent.record.id, self._do.close(agent, lost))
            case actions.Spawn():
                self._spawn(action)
            case actions.Verify(agent):
                self._record(events.VERIFICATION_STARTED, f"checking the work of {agent.record.id}", agent)
                self._begin(agent.record.id, self._do.verify(agent), lane=True)
            case actions.Integrate(agent):
                self._integrate(agent)
            case actions.Release():
                self._release(action)
            case actions.Finish(command, message):
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

    def _spawn(self, action: actions.Spawn) -> None:
        """Write the intention to run an agent; only what is written is started."""
        command, name = action.command, action.work_stream_id
        now = self.store.now()
        agent_id = self._new_id(name, int(now))
        previous = action.after or self._interrupted(name)
        why = action.why if action.after or previous is None else "lost"
        base = (previous.record.head_commit if previous else "") or self.project.tip(str(command.payload["target"]))
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
        result = self.store.last_results().get(name.casefold())
        if not earlier or result is None or result.outcome != "stopped":
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
        self._begin(agent.record.id, self._do.land(agent), lane=True)

    def _release(self, action: actions.Release) -> None:
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
            self._clean_up(name, outcome, action.command)
        self._woken.set()

    def _clean_up(self, name: str, outcome: str, command: Command) -> None:
        target = str(command.payload.get("target", ""))
        self._begin(f"clean {name} {uuid.uuid4()}", self._do.clean_up(name, outcome, target))

    def _finish_clean_ups(self) -> None:
        """Give up the worktrees of work that has landed; the controller before us may have been killed on the way."""
        results, claimed = self.store.last_results(), {name.casefold() for name in self.store.claims()}
        left = (self.store.agent(name) for name in worktrees.left_over(self.project.repository, set()))
        for name in {facts.record.work_stream_id.casefold() for facts in left if facts} - claimed:
            result = results.get(name)
            command = self.store.command(result.command_id) if result else None
            if result and command and result.outcome in ("complete", "on_branch"):
                self._clean_up(name, result.outcome, command)

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


def _take(lock: int) -> bool:
    """Take the lock; a while is given for those who only look whether somebody has it, for an instant each."""
    for _ in range(_LOCK_TRIES):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.01)
    return False


def main(root: Path) -> int:
    """Be the controller of the repository at `root`, unless there is one.

    After the lock is let go, the journal is looked at once more: a wish may have come between our last look and that.
    """
    project = Project(root)
    make_state_folder(project.repository)
    while True:
        with (project.state / "controller.lock").open("a+") as lock:
            if not _take(lock.fileno()):
                return 0
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            asyncio.run(Controller(project).run())
        if not project.store.open_commands() and not project.store.live_agents():
            return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
