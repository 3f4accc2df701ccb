"""The controller: the one process per repository that makes wishes true.

It holds an exclusive lock for its life, so there is one, and it is the only writer of scheduling state. It loops: look,
`reconcile`, carry out. It is started by whoever appends a wish or by an agent's shim, and ends when nothing is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import sys
import time
import traceback
import uuid
from collections import Counter
from collections.abc import Coroutine, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator_agent import actions, attempts, checks, delivery, events, intentions, steering
from orchestrator_agent import worktree as worktrees
from orchestrator_agent.coordinators.nats import Station
from orchestrator_agent.errors import SettingsError
from orchestrator_agent.events import Event
from orchestrator_agent.hearing import Hearing
from orchestrator_agent.jobs import Jobs
from orchestrator_agent.journal import Conflict
from orchestrator_agent.journal_file import JournalError
from orchestrator_agent.model import AgentState
from orchestrator_agent.project import Project, make_state_folder, take_lock
from orchestrator_agent.reconcile import reconcile
from orchestrator_agent.shim import is_at
from orchestrator_agent.store import AgentFacts, Command
from orchestrator_agent.targets import Targets

#: Nothing depends on looking this often: ends and wishes wake us. It bounds what a lost wake-up costs. Seconds.
_PATIENCE = 1.0
#: Between looks while a shim is on its way up, or a tree comes to stand still. Seconds.
_STARTING_PATIENCE = 0.02
#: So much longer than its grace a stop may take until that is said, and until its shim is ended. Seconds.
_SAY_AFTER, _FIRM_AFTER = 3.0, 9.0

Job = Coroutine[Any, Any, list[Event]]


class Controller:
    """One life of the controller, with the lock held."""

    def __init__(self, project: Project, lock: int) -> None:
        """Use an open project whose lock the caller holds, with `lock` open on it."""
        self.project, self._lock = project, lock
        self.store = project.writable_store()
        self._do = Jobs(project)
        self._jobs: dict[str, asyncio.Task[list[Event]]] = {}
        #: What jobs came to, until it is in the journal.
        self._ended: dict[str, list[Event]] = {}
        self._lane: str | None = None
        self._woken = asyncio.Event()
        self._targets = Targets(project)
        self._hearing = Hearing(project)
        self._nats = Station(project)
        self._launches: Counter[str] = Counter()
        #: Agents that were asked to stop: when they should have ended, by the monotonic clock.
        self._asked: dict[str, float] = {}
        self._warned: set[str] = set()
        self._begun = False
        self._known: set[str] = {command.id for command in self.store.open_commands()}

    async def run(self) -> bool:
        """Work until nothing is left to do; False when our folder was taken away meanwhile."""
        checks.end_earlier(self.project.repository)
        fifo = self._listen()
        try:
            while is_at(self._lock, str(self.project.state / "controller.lock")):
                if await self._is_over():
                    return True
        finally:
            await self._nats.stop()
            asyncio.get_running_loop().remove_reader(fifo)
            os.close(fifo)
        return False

    async def _is_over(self) -> bool:
        """One step, and a wait where that was not the last one."""
        self._woken.clear()
        try:
            if not self._begun:
                self._begin_work()
            belief = self._step()
            self._nats.look()
            is_busy = self._jobs or belief.commands or any(f.record.state.is_live for f in belief.agents)
            if not is_busy and not self._nats.has_to_stay():  # `main` sees a wish that came since
                self._record(events.CONTROLLER_ENDED, f"controller {os.getpid()} ended: nothing is left to do")
                return True
            patience = _patience(belief)
        except JournalError as error:  # it may pass; nothing that was not journaled has happened
            print(error, file=sys.stderr, flush=True)
            patience = _PATIENCE
        await self._hearing.wait(self._woken, patience)
        return False

    def _begin_work(self) -> None:
        doubt = f"; settings as they were: {self.project.settings_problem}" if self.project.settings_problem else ""
        self._record(events.CONTROLLER_STARTED, f"controller {os.getpid()} started{doubt}")
        self._begun = True
        self._finish_clean_ups()

    def _listen(self) -> int:
        """Open the FIFO by which shims and front ends wake us."""
        fifo = self.project.listen()

        def drain() -> None:
            with contextlib.suppress(BlockingIOError):
                os.read(fifo, 4096)
            self._woken.set()

        asyncio.get_running_loop().add_reader(fifo, drain)
        return fifo

    # -- look ----------------------------------------------------------------------------------------------------

    def _step(self) -> actions.Belief:
        """What has come to an end, one look, and what follows from it; returns what was believed."""
        self._take_up()
        self._hear_new_commands()
        belief = self._believe()
        near = self._look_at_agents(belief)
        self._carry_out_all(steering.steer(belief, near))  # before git is asked, which takes longer than all of that
        world = self._look_around(belief, near)
        if world is None:
            self._woken.set()  # something was refused, which changes what we believe
        else:
            self._carry_out_all(reconcile(belief, world))
        return belief

    def _believe(self) -> actions.Belief:
        store, settings = self.store, self.project.settings
        commands, claims = tuple(store.open_commands()), store.claims()
        return actions.Belief(
            commands=commands,
            claims=claims,
            agents=tuple(store.concerned_agents()),
            results={command.id: tuple(store.results(command.id)) for command in commands},
            max_agents=settings.max_concurrent_agents,
            max_attempts={name: settings.agent_for(name).max_attempts for name in claims},
        )

    def _take_up(self) -> None:
        """Record what jobs came to. Until that is done, nothing else is done about the same agent."""
        for key in list(self._ended):
            for event in self._ended[key]:
                with contextlib.suppress(Conflict):
                    self.store.record(event)
            del self._ended[key], self._jobs[key]
            self._lane = None if self._lane == key else self._lane

    def _hear_new_commands(self) -> None:
        """With each new command the settings are read again; bad ones change nothing. Steering goes by the old ones."""
        open_ = {command.id for command in self.store.open_commands() if command.kind not in steering.KINDS}
        if fresh := open_ - self._known:
            try:
                self.project.read_settings_again()
                self._targets.forget()
            except SettingsError as error:
                kept = f"working on with the settings from before: {error}"
                self._record(events.WARNING, kept, command_id=min(fresh))
        self._known = open_

    def _look_around(self, belief: actions.Belief, near: actions.World) -> actions.World | None:
        """With the roadmaps; None when commands had to be refused, because theirs was never readable."""
        targets = [str(command.payload["target"]) for command in belief.commands if "target" in command.payload]
        views, problems = self._targets.views(targets, belief)
        refused = [command for command in belief.commands if command.payload.get("target") in problems]
        for command in refused:
            why = problems[str(command.payload["target"])]
            self._record(events.COMMAND_DONE, why, command_id=command.id, data={"state": "refused"})
        return None if refused else replace(near, views=views)

    def _look_at_agents(self, belief: actions.Belief) -> actions.World:
        """What is there now, but for the roadmaps."""
        of = self.project.settings.agent_for
        live = {f.record.id: of(f.record.work_stream_id) for f in belief.agents if f.record.state.is_live}
        self._hearing.tune(belief.agents)
        self._hearing.listen()
        self._asked = {name: due for name, due in self._asked.items() if name in live}
        overdue = {name for name in self._asked if self._waited_for(name) > _FIRM_AFTER}
        return actions.World(
            attempts={name: attempts.observe(self.project.agent_folder(name)) for name in live},
            views={},
            now=self.store.now(),
            lane=self._lane,
            busy=frozenset(self._jobs),
            launches=self._launches,
            overdue=frozenset(overdue),
            heard=self._hearing.heard(),
            answer_after={name: agent.answer_after_seconds for name, agent in live.items()},
        )

    def _waited_for(self, agent_id: str) -> float:
        """Seconds since an agent that was asked to stop should have ended."""
        return time.monotonic() - self._asked.get(agent_id, math.inf)

    # -- carry out -----------------------------------------------------------------------------------------------

    def _carry_out_all(self, decided: Iterable[actions.Action]) -> None:
        told: list[Event] = []
        for action in decided:
            with contextlib.suppress(Conflict):  # decided on a state that has moved on; the next look sees it
                told += self._carry_out(action) or ()
        if told:
            self._record_all(told)

    def _record_all(self, told: list[Event]) -> None:
        """Journal receipts and the like with one write to the disk; where one does not fit, each by itself."""
        try:
            self.store.record(*told)
        except Conflict:
            for event in told:
                with contextlib.suppress(Conflict):
                    self.store.record(event)

    def _carry_out(self, action: actions.Action) -> list[Event] | None:
        """Do it; returns what is still to be journaled, where that need not be at once."""
        match action:
            case actions.Launch(agent):
                self._launches[agent.record.id] += 1
                self._begin(agent.record.id, self._do.start(agent))
            case actions.GiveUp(agent):
                self._begin(agent.record.id, self._do.give_up(agent))
            case actions.MarkRunning(agent):
                record = agent.record
                self._record(events.AGENT_RUNNING, f"{record.id} is working on {record.work_stream_id}", agent)
            case actions.Stop(agent, firm):
                self._stop(agent, firm)
            case actions.StopPrograms(agent):
                for folder in checks.folders_of(self.project.repository, agent.record.id):
                    attempts.request_stop(folder)
            case actions.Close(agent, lost):
                self._begin(agent.record.id, self._do.close(agent, lost))
            case actions.Spawn():
                title = self._targets.title(str(action.command.payload["target"]), action.work_stream_id)
                self.store.record(*intentions.of(self.project, action, title))  # only what is written is started
                self._woken.set()
            case actions.Verify(agent):
                self._record(events.VERIFICATION_STARTED, f"checking the work of {agent.record.id}", agent)
                self._begin(agent.record.id, self._do.verify(agent), lane=True)
            case actions.Integrate(agent):
                self._integrate(agent)
            case actions.Release():
                self._release(action)
            case actions.Finish(command, message, data):
                self._woken.set()
                return [self._event(events.COMMAND_DONE, message, command_id=command.id, data=data)]
            case _:
                return self._steer(action)
        return None

    def _steer(self, action: actions.Steer) -> list[Event]:
        try:
            return delivery.carry_out(self.project, self._hearing, action)
        except OSError as error:  # it may pass
            print(f"{action.agent.record.id}: {error}", file=sys.stderr, flush=True)
        return []

    def _begin(self, key: str, job: Job, *, lane: bool = False) -> None:
        """Run a job beside the loop; its events are recorded when it ends, and then we look again."""
        task = asyncio.get_running_loop().create_task(job)
        self._jobs[key] = task
        if lane:
            self._lane = key

        def done(_: asyncio.Task[list[Event]]) -> None:
            if task.cancelled():
                return
            if error := task.exception():  # what it was about is looked at again, and so it is tried again
                traceback.print_exception(error)
            self._ended[key] = [] if error else task.result()
            self._woken.set()

        task.add_done_callback(done)

    def _stop(self, agent: AgentFacts, firm: bool) -> None:
        name, folder = agent.record.id, self.project.agent_folder(agent.record.id)
        grace = self.project.settings.agent_for(agent.record.work_stream_id).stop_grace_seconds
        self._asked.setdefault(name, time.monotonic() + grace)
        attempts.request_stop(folder)
        if firm:
            attempts.kill_shim(folder)
        elif self._waited_for(name) > _SAY_AFTER and name not in self._warned:
            self._warned.add(name)
            stops = [c.id for c in self.store.open_commands() if c.kind == "stop"]
            message = f"waiting for {name}, whose supervisor does not answer; soon it is ended by force"
            self._record(events.WARNING, message, agent, command_id=next(iter(stops), None))

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
        title = self._targets.title(str(action.command.payload.get("target")), name)
        message = f"{title}: {outcome.replace('_', ' ')}" + (f" ({action.reason})" if action.reason else "")
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

    def _record(self, type_: str, message: str, agent: AgentFacts | None = None, **facts: Any) -> None:
        self.store.record(self._event(type_, message, agent, **facts))

    def _event(
        self,
        type_: str,
        message: str,
        agent: AgentFacts | None = None,
        *,
        command_id: str | None = None,
        work_stream_id: str | None = None,
        data: dict[str, Any] | None = None,
    ) -> Event:
        record = agent.record if agent else None
        return Event(
            type=type_,
            timestamp=self.store.now(),
            message=message,
            agent_id=record.id if record else None,
            work_stream_id=work_stream_id or (record.work_stream_id if record else None),
            command_id=command_id or (record.command_id if record else None),
            data=data or {},
        )


def _patience(belief: actions.Belief) -> float:
    """How long nothing need be looked at, in seconds."""
    starting = any(f.record.state is AgentState.STARTING for f in belief.agents)
    freezing = any(command.kind in ("pause", "resume") for command in belief.commands)
    return _STARTING_PATIENCE if starting or freezing else _PATIENCE


async def _control(project: Project, lock: int) -> None:
    """One life of the controller; the process ends where our folder was taken away, with all programs that it ran."""
    if not await Controller(project, lock).run():
        print(f"{project.state} was removed or moved; this controller ends.", file=sys.stderr, flush=True)
        os._exit(0)  # without the wait for threads, which would go on to work where nobody wants it


def main(root: Path) -> int:
    """Be the controller of the repository at `root`, unless there is one.

    After the lock is let go, the journal is looked at once more: a wish may have come between our last look and that.
    """
    project = Project(root, lenient=True)
    make_state_folder(project.repository)
    while True:
        with (project.state / "controller.lock").open("a+") as lock:
            if not take_lock(lock.fileno()):
                return 0
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            asyncio.run(_control(project, lock.fileno()))
        if not project.store.open_commands() and not project.store.live_agents():
            return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
