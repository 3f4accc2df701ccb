"""The Python interface: everything that can be asked of Orchestrator, by code, tools and front ends alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from orchestrator_agent import follow, naming, overview, progress, reporting, wishes
from orchestrator_agent.errors import NotAvailable, UnknownAgent
from orchestrator_agent.events import Event
from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.project import Project
from orchestrator_agent.reins import Reins
from orchestrator_agent.runner import Agent, AgentRunner, OutputCallback
from orchestrator_agent.store import AgentFacts, Command
from orchestrator_agent.wishes import Plan, RunOptions

EventCallback = Callable[[Event], None]


class OrchestratorMode(StrEnum):
    """What `Orchestrator.start` does when it is given nothing else."""

    SINGLE = "single"
    PARALLEL = "parallel"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class OrchestratorConfig:
    """How work is done; given, it goes over the settings of orch.toml."""

    mode: OrchestratorMode = OrchestratorMode.SINGLE
    max_concurrent_agents: int = 3
    #: Wall clock of one agent.
    agent_timeout_seconds: float = 1800
    verify_after_completion: bool = True
    #: Commit on the agent's branch what it left uncommitted.
    auto_commit: bool = True
    #: Say what would happen and do nothing.
    dry_run: bool = False


class Orchestrator(Reins):
    """One repository's orchestrator. Opening one writes nothing and starts nothing."""

    def __init__(
        self,
        project_root: Path | str | None = None,
        config: OrchestratorConfig | None = None,
        *,
        lenient: bool = False,
    ) -> None:
        """Use the repository around `project_root` (default: the current folder).

        Args:
            lenient: go on without good settings; see `Project`.

        Raises:
            RepositoryError, SettingsError: see there.
        """
        self.project = Project(None if project_root is None else Path(project_root), lenient=lenient)
        settings = self.project.settings
        self.config = config or OrchestratorConfig(
            max_concurrent_agents=settings.max_concurrent_agents,
            agent_timeout_seconds=settings.agent.timeout_seconds,
            verify_after_completion=settings.verify,
            auto_commit=settings.agent.auto_commit,
        )
        self.options = RunOptions(
            limit=self.config.max_concurrent_agents,
            verify=self.config.verify_after_completion,
            # What the settings say may differ between work streams.
            timeout_seconds=config.agent_timeout_seconds if config else None,
            auto_commit=config.auto_commit if config else None,
        )
        self.runner = AgentRunner(project=self.project, options=self.options)
        self.runner.idle = self.announce
        self._callbacks: list[EventCallback] = []
        self._seen: int | None = None

    # -- asking --------------------------------------------------------------------------------------------------

    def get_roadmap_status(self) -> dict[str, Any]:
        """Counts and ids: `total`, `available`, `by_status` (status -> "id: name" texts), `next_available`, and each
        status as a list of work streams.

        Raises:
            RoadmapError: the roadmap cannot be read.
        """
        streams = self.project.roadmap().work_streams
        ready = wishes.available(self.project)
        by_status = {state.value: [str(s) for s in streams if s.status is state] for state in WorkStreamStatus}
        return {
            "total": len(streams),
            "available": len(ready),
            "by_status": by_status,
            "next_available": [str(stream) for stream in ready],
            **{state.value: [s for s in streams if s.status is state] for state in WorkStreamStatus},
        }

    def status(self) -> dict[str, Any]:
        """As `orch status --json`."""
        return overview.status(self.project)

    def why(self, work_stream_id: str | None = None) -> list[dict[str, Any]]:
        """As `orch why --json`."""
        return overview.why(self.project, work_stream_id)

    def get_report(self) -> dict[str, Any]:
        """As `orch report --json`."""
        return reporting.report(self.project)

    def get_available_work(self) -> list[WorkStream]:
        """Work streams that can start now, in the order of taking."""
        return wishes.available(self.project)

    def agent(self, name: str) -> AgentFacts:
        """The agent of that id, or the newest one of that work stream.

        Raises:
            UnknownAgent: neither exists.
        """
        return naming.by_id(self.project, name)

    # -- planning and accepting ----------------------------------------------------------------------------------

    def plan(
        self,
        work_stream_ids: Sequence[str] | None = None,
        *,
        count: int = 1,
        everything: bool = False,
        exclude: Sequence[str] = (),
    ) -> Plan:
        """What would be done: named work streams, the next `count`, or everything. Changes nothing.

        Raises:
            UserError: nothing of it can start; the text says why.
        """
        if everything:
            return wishes.plan_all(self.project, exclude)
        if work_stream_ids is not None:
            return wishes.plan_named(self.project, work_stream_ids)
        return wishes.plan_next(self.project, count)

    def accept(self, plan: Plan, options: RunOptions | None = None) -> str:
        """Have a plan done; returns the id of the command to follow.

        Raises:
            UserError: as `wishes.accept_run`.
        """
        return wishes.accept_run(self.project, plan, options or self.options)

    def stop_agents(
        self, names: Sequence[str] | None = None, *, command_ids: Sequence[str] = (), keep: Sequence[str] = ()
    ) -> str | None:
        """Stop agents by id or work stream, whole commands, or (with neither) everything. Work is saved.

        Args:
            keep: with neither: ids of work streams that go on; nothing else is begun any more.

        Returns:
            the id of the command to follow, or None when nothing runs.

        Raises:
            UnknownAgent: a name fits nothing.
        """
        store = self.project.store
        if names is None and not command_ids:
            open_ = [command for command in store.open_commands() if command.kind != "stop"]
            command_ids = [command.id for command in open_ if not wishes.keeps(command, store.claims(), keep)]
            if keep:
                return self._stop_others([command.id for command in open_], command_ids, keep)
        claims = {name.casefold(): name for name in store.claims()}
        streams = [claims[name.casefold()] for name in names or () if name.casefold() in claims]
        agents = [self._stoppable(name) for name in names or () if name.casefold() not in claims]
        streams += [f.record.work_stream_id for f in agents if f.record.work_stream_id.casefold() in claims]
        agents = [facts for facts in agents if facts.record.state.is_live]
        if not agents and not streams and not command_ids:
            return None
        return wishes.accept_stop(self.project, agents=agents, work_stream_ids=streams, command_ids=command_ids)

    def _stoppable(self, name: str) -> AgentFacts:
        try:
            return self.agent(name)
        except UnknownAgent:
            if progress.standing_of(self.project, name) is None:
                raise
        raise UnknownAgent(f"{name} is only queued, in a batch; `orch stop` ends the batch, or stop it once it runs.")

    def _stop_others(self, open_ids: Sequence[str], command_ids: Sequence[str], keep: Sequence[str]) -> str | None:
        kept, store = {name.casefold() for name in keep}, self.project.store
        agents = [facts for facts in store.live_agents() if facts.record.work_stream_id.casefold() not in kept]
        streams = [name for name in store.claims() if name.casefold() not in kept]
        if not agents and not open_ids:
            return None
        return wishes.accept_stop(
            self.project, agents=agents, work_stream_ids=streams, command_ids=command_ids, keep=keep
        )

    def request_verification(self, name: str) -> str:
        """Have an agent's work checked again; returns the id of the command to follow.

        Raises:
            UnknownAgent, NotAvailable, RepositoryError: see there.
        """
        return wishes.accept_verify(self.project, self.agent(name))

    def request_integration(self, name: str) -> str:
        """Have an agent's work verified and merged with your consent; returns the id of the command to follow.

        Raises:
            UnknownAgent, NotAvailable, RepositoryError: see there.
        """
        return wishes.accept_integrate(self.project, self.agent(name))

    # -- the calls of the first design ---------------------------------------------------------------------------

    def start(self) -> list[Agent]:
        """Start what the configured mode says: the next work stream, several at once, or everything to its end.

        Raises:
            UserError: it cannot start; the text says why.
        """
        if self.config.mode is OrchestratorMode.BATCH:
            return self.run_batch()
        if self.config.mode is OrchestratorMode.PARALLEL:
            return self.run_parallel()
        agent = self.run()
        return [] if agent is None else [agent]

    def run(self, work_stream_id: str | None = None, on_output: OutputCallback | None = None) -> Agent | None:
        """Start an agent on a work stream, or on the next one, and return its handle; None with `dry_run`.

        Raises:
            UserError: it cannot start; the text says why.
        """
        plan = self.plan() if work_stream_id is None else self.plan([work_stream_id])
        agents = self._start(plan, self.options, {plan.now[0].id: on_output} if on_output else {})
        return agents[0] if agents else None

    def run_parallel(
        self,
        max_agents: int | None = None,
        work_stream_ids: Sequence[str] | None = None,
        on_output: Callable[[str, str], None] | None = None,
    ) -> list[Agent]:
        """Start agents on up to `max_agents` work streams that are available now, or on the named ones.

        Args:
            on_output: called with the work stream's id and a line.

        Returns:
            handles of the agents; none when nothing is available or with `dry_run`.
        """
        count = max_agents or self.config.max_concurrent_agents
        try:
            plan = self.plan(work_stream_ids, count=count)
        except NotAvailable:
            if work_stream_ids is not None:
                raise
            return []
        callbacks = {stream.id: _for_stream(on_output, stream.id) for stream in plan.now} if on_output else {}
        return self._start(plan, replace(self.options, limit=count), callbacks)

    def run_batch(self, on_output: Callable[[str, str], None] | None = None, wait: bool = True) -> list[Agent]:
        """Do everything that can be done, newly unblocked work included.

        Args:
            on_output: called with the work stream's id and a line.
            wait: return when all has ended, else as soon as the first agents are on their way.

        Returns:
            handles of all agents that ran (so far).
        """
        try:
            plan = self.plan(everything=True)
        except NotAvailable:
            return []
        streams = (*plan.now, *plan.later)
        callbacks = {stream.id: _for_stream(on_output, stream.id) for stream in streams} if on_output else {}
        agents = self._start(plan, self.options, callbacks)
        if not wait or not agents:
            return agents
        self.wait()
        return self.runner.of_command(agents[0].facts.record.command_id)

    def _start(self, plan: Plan, options: RunOptions, callbacks: dict[str, OutputCallback]) -> list[Agent]:
        self._announce_from_now()
        if self.config.dry_run:
            return []
        command_id = self.accept(plan, options)
        count = min(len(plan.now), options.limit or len(plan.now))
        agents = self.runner.watch(command_id, count, callbacks)
        self.announce()
        return agents

    def wait(self, timeout: float | None = None) -> None:
        """Wait until everything that was started here has ended, and pass events on meanwhile."""
        self.runner.wait_for_all(timeout)
        self.announce()

    def verify_completion(self, agent: Agent) -> dict[str, Any]:
        """The verdict on an agent's work, waiting for it where it is on its way, or asking for it where there is none.

        Returns:
            `passed`, `agent_id`, `work_stream_id`, `checks` (name -> entry), and each entry by its name as well:
            `exit_code`, `tests`, `roadmap`, `git_clean` and further ones. An entry has `passed`, `outcome`, `message`.
        """
        while agent.is_running:
            follow.wait(self.project, agent.facts.record.command_id, timeout=0.2)
        if agent.facts.verification is None:
            follow.wait(self.project, agent.facts.record.command_id)
        if agent.facts.verification is None:
            follow.wait(self.project, self.request_verification(agent.agent_id))
        verdict = agent.facts.verification
        assert verdict is not None
        self.announce()
        shown = overview.verification(verdict)
        usual = ("exit_code", "tests", "roadmap", "git_clean")
        names = {
            name: {"passed": False, "outcome": "not_reached", "message": "the checks did not come to it"}
            for name in usual
        }
        ids = {"agent_id": agent.agent_id, "work_stream_id": agent.work_stream_id}
        return {**names, **shown["checks"], **ids, **shown}

    def stop(self) -> int:
        """Stop all agents and wait until their processes are gone; returns how many there were."""
        count = len(self.project.store.live_agents())
        command = self.stop_agents()
        if command is not None:
            follow.wait(self.project, command)
        self.announce()
        return count

    def follow(self, command_id: str) -> Command:
        """Wait for a command's end, passing its events to the callbacks as they come."""
        self._announce_from_now()
        for _ in follow.follow(self.project, command_id):
            self.announce()
        self.announce()
        command = self.project.store.command(command_id)
        assert command is not None
        return command

    # -- events --------------------------------------------------------------------------------------------------

    def add_event_callback(self, callback: EventCallback) -> None:
        """Have `callback` called with every event of the repository from now on, while something here is awaited.

        Events have `type` (also as `event_type`), `timestamp` in unix seconds, `message` and `data`.
        """
        self._announce_from_now()
        self._callbacks.append(callback)

    def _announce_from_now(self) -> None:
        if self._seen is None:
            self._seen = self.project.store.last_event_id()

    def announce(self) -> None:
        """Pass events that are new on to the callbacks."""
        while self._seen is not None and (batch := self.project.store.events_after(self._seen)):
            self._seen = batch[-1].id
            for event in batch:
                for callback in self._callbacks:
                    callback(event)


def _for_stream(on_output: Callable[[str, str], None], work_stream_id: str) -> OutputCallback:
    return lambda line: on_output(work_stream_id, line)
