"""Agents as Python objects, wherever their processes live: the first design's `AgentRunner` and its handles."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from orchestrator_agent import follow, wishes
from orchestrator_agent.errors import UnknownAgent
from orchestrator_agent.model import AgentState
from orchestrator_agent.project import Project
from orchestrator_agent.store import AgentFacts, Result
from orchestrator_agent.wishes import RunOptions

OutputCallback = Callable[[str], None]


class Agent:
    """One agent. What it says is read from the journal each time, so it is true in any process."""

    def __init__(self, project: Project, agent_id: str, on_output: OutputCallback | None = None) -> None:
        self._project = project
        self.agent_id = agent_id
        self._output = follow.Output(project, agent_id)
        self._on_output = on_output

    @property
    def facts(self) -> AgentFacts:
        """All that the journal holds of it."""
        found = self._project.store.agent(self.agent_id)
        if found is None:
            raise UnknownAgent(f"There is no agent {self.agent_id}; see `orch running`.")
        return found

    @property
    def work_stream_id(self) -> str:
        return self.facts.record.work_stream_id

    @property
    def state(self) -> AgentState:
        return self.facts.record.state

    @property
    def is_running(self) -> bool:
        """True until it has ended; also passes new output to the callback."""
        self.pump()
        return self.state.is_live

    @property
    def exit_code(self) -> int | None:
        return self.facts.record.exit_code

    @property
    def duration_seconds(self) -> float:
        """From its start until now or its end."""
        record = self.facts.record
        return (record.ended_at or time.time()) - (record.started_at or record.created_at)

    def pump(self) -> None:
        """Give output that is new to the `on_output` callback."""
        if self._on_output is not None:
            for line in self._output.lines():
                self._on_output(line)

    def stop(self) -> None:
        """Stop it and wait until its processes are gone; its work is saved."""
        follow.wait(self._project, wishes.accept_stop(self._project, agents=[self.facts]))


class AgentRunner:
    """Starts agents and follows them. `Orchestrator.runner` is one."""

    def __init__(
        self,
        project_root: Path | None = None,
        max_concurrent: int | None = None,
        timeout_seconds: float | None = None,
        *,
        project: Project | None = None,
        options: RunOptions | None = None,
    ) -> None:
        """Use the repository at `project_root` (default: around the current folder).

        Args:
            max_concurrent: agents at once, else the settings' number.
            timeout_seconds: wall clock of each agent, else the settings'.
            project: an open project instead of `project_root`.
            options: how work is done, instead of the two numbers.
        """
        self.project = project or Project(project_root)
        self.options = options or RunOptions(limit=max_concurrent, timeout_seconds=timeout_seconds)
        self.agents: list[Agent] = []
        #: Called again and again while something is waited for.
        self.idle: Callable[[], None] = lambda: None
        self._commands: dict[str, Mapping[str, OutputCallback]] = {}

    def spawn_agent(self, work_stream_id: str, on_output: OutputCallback | None = None) -> Agent:
        """Start an agent on a work stream and return its handle as soon as it is on its way.

        Args:
            on_output: called with each line that it prints, while somebody waits for it or asks `is_running`.

        Raises:
            UserError: as `wishes.plan_named` and `wishes.accept_run`.
        """
        plan = wishes.plan_named(self.project, [work_stream_id])
        command = wishes.accept_run(self.project, plan, self.options)
        return self.watch(command, 1, {plan.now[0].id: on_output} if on_output else {})[0]

    def watch(self, command_id: str, count: int, callbacks: Mapping[str, OutputCallback]) -> list[Agent]:
        """Handles of the first `count` agents of a command, when they are intended; fewer when it ends before.

        Args:
            callbacks: by work stream id, called with each line that an agent prints.
        """
        self._commands[command_id] = callbacks
        while len(self.of_command(command_id)) < count and follow.is_open(self.project, command_id):
            self.idle()
            time.sleep(follow.POLL)
        return self.of_command(command_id)

    def of_command(self, command_id: str) -> list[Agent]:
        """Handles of all agents that a watched command has started so far."""
        known = {agent.agent_id: agent for agent in self.agents}
        found = []
        for facts in self.project.store.agents(command_id=command_id):
            record = facts.record
            agent = known.get(record.id)
            if agent is None:
                callback = self._commands.get(command_id, {}).get(record.work_stream_id)
                agent = Agent(self.project, record.id, callback)
                self.agents.append(agent)
            found.append(agent)
        return found

    def get_running_agents(self) -> list[Agent]:
        """Handles of all agents of the repository that have not ended, whoever started them."""
        return [Agent(self.project, facts.record.id) for facts in self.project.store.live_agents()]

    def wait_for_all(self, timeout: float | None = None) -> list[Result]:
        """Wait until everything that was started here has ended, with its checks and merges and later attempts.

        Args:
            timeout: give up after so many seconds.

        Returns:
            how each work stream ended.
        """
        results: list[Result] = []
        for command_id in self._commands:
            for _ in follow.follow(self.project, command_id, idle=self._pump, timeout=timeout):
                pass
            self._pump()
            results += self.project.store.results(command_id)
        return results

    def _pump(self) -> None:
        for command_id in self._commands:
            for agent in self.of_command(command_id):
                agent.pump()
        self.idle()
