"""What the next decision is made from, and what it can be: values between the controller and `reconcile`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator_agent.attempts import Observation
from orchestrator_agent.model import Availability
from orchestrator_agent.store import AgentFacts, Command, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """What the journal says. `agents` are those of open commands, oldest first."""

    commands: tuple[Command, ...]
    claims: Mapping[str, str]
    agents: tuple[AgentFacts, ...]
    #: Results by command id.
    results: Mapping[str, tuple[Result, ...]]
    max_agents: int
    max_attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What was seen. `attempts` by agent id, for live agents; `order` is the roadmap's ids in the order of taking."""

    attempts: Mapping[str, Observation]
    availability: Mapping[str, Availability]
    order: tuple[str, ...]
    #: Agent whose work is being checked or landed right now, or None: one at a time.
    lane: str | None = None
    #: Agents that something is being done about right now.
    busy: frozenset[str] = frozenset()
    #: Work streams that must not run beside each other: id -> ids, both in lower case.
    conflicts: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Launch:
    """Make the worktree and start the shim of an intended agent; again, if that was cut off."""

    agent: AgentFacts


@dataclass(frozen=True, slots=True)
class MarkRunning:
    agent: AgentFacts


@dataclass(frozen=True, slots=True)
class Stop:
    """Ask a running agent's shim to end the tree."""

    agent: AgentFacts


@dataclass(frozen=True, slots=True)
class StopPrograms:
    """End the set-up command or the checks that are under way for an agent."""

    agent: AgentFacts


@dataclass(frozen=True, slots=True)
class Close:
    """Take up an ended agent: judge it, save its work, record the end. `lost` when its shim left no record."""

    agent: AgentFacts
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Spawn:
    """Intend a new agent. `why` chooses the prompt: first, retry, conflict or lost; `after` is the previous agent."""

    command: Command
    work_stream_id: str
    attempt: int
    why: str = "first"
    after: AgentFacts | None = None


@dataclass(frozen=True, slots=True)
class Verify:
    agent: AgentFacts


@dataclass(frozen=True, slots=True)
class Integrate:
    agent: AgentFacts


@dataclass(frozen=True, slots=True)
class Release:
    """A work stream has ended under a command."""

    command: Command
    work_stream_id: str
    outcome: str
    reason: str
    agent: AgentFacts | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """A command has ended."""

    command: Command
    message: str
    data: dict[str, object] = field(default_factory=dict)


Action = Launch | MarkRunning | Stop | StopPrograms | Close | Spawn | Verify | Integrate | Release | Finish
