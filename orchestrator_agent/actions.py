"""What the next decision is made from, and what it can be: values between the controller and `reconcile`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator_agent.attempts import Observation
from orchestrator_agent.model import Availability, ReceiptStep
from orchestrator_agent.runtimes.ear import Ask
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
    #: By claimed work stream.
    max_attempts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The roadmap as it is on one target branch. `order` is its ids in the order of taking."""

    availability: Mapping[str, Availability] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    #: Work streams that must not run beside each other: id -> ids, both in lower case.
    conflicts: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one agent's output has said so far; see `runtimes.ear.Ear`."""

    steps: Mapping[str, ReceiptStep] = field(default_factory=dict)
    asks: tuple[Ask, ...] = ()
    at_rest: bool = False
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What was seen. `attempts` by agent id, for live agents; `views` by target branch."""

    attempts: Mapping[str, Observation]
    views: Mapping[str, View]
    #: Unix seconds.
    now: float = 0.0
    #: Agent whose work is being checked or landed right now, or None: one at a time.
    lane: str | None = None
    #: Agents that something is being done about right now.
    busy: frozenset[str] = frozenset()
    #: How often the shim of an agent was launched; one that comes up is launched once.
    launches: Mapping[str, int] = field(default_factory=dict)
    #: Agents that should have ended long ago, as they were asked to.
    overdue: frozenset[str] = frozenset()
    #: By agent id, for those that speak.
    heard: Mapping[str, Heard] = field(default_factory=dict)
    #: A question of an agent is answered with no after so many seconds, by agent id.
    answer_after: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Launch:
    """Make the worktree and start the shim of an intended agent; again, if that was cut off."""

    agent: AgentFacts


@dataclass(frozen=True, slots=True)
class MarkRunning:
    agent: AgentFacts


@dataclass(frozen=True, slots=True)
class Stop:
    """Ask a running agent's shim to end the tree; `firm` ends a shim that does not answer."""

    agent: AgentFacts
    firm: bool = False


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
class GiveUp:
    """Record that an agent could not be started: its shim ends before it starts anything."""

    agent: AgentFacts


@dataclass(frozen=True, slots=True)
class Spawn:
    """Intend a new agent. `why` (first, retry, conflict, limit, lost, feedback, redirect) chooses the prompt."""

    command: Command
    work_stream_id: str
    attempt: int
    why: str = "first"
    #: The one before.
    after: AgentFacts | None = None
    #: Feedback that goes into the prompt.
    messages: tuple[Command, ...] = ()
    #: What calls the one before away from its work.
    redirect: Command | None = None


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


@dataclass(frozen=True, slots=True)
class Tell:
    """Send an agent what a person has to say; it gets it once, however often this is done."""

    agent: AgentFacts
    command: Command


@dataclass(frozen=True, slots=True)
class Hurry:
    """Break off what keeps an agent from seeing what it was sent."""

    agent: AgentFacts
    command: Command


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer what an agent asks; the first answer counts. `said` is allow, deny, or words."""

    agent: AgentFacts
    ask: Ask
    said: str
    #: Why, where it is no person's answer.
    why: str = ""


@dataclass(frozen=True, slots=True)
class Freeze:
    """Have an agent's tree stand still, or go on."""

    agent: AgentFacts
    frozen: bool


@dataclass(frozen=True, slots=True)
class Dismiss:
    """End the input of an agent that has nothing more to do, and with it the agent."""

    agent: AgentFacts


@dataclass(frozen=True, slots=True)
class Note:
    """Journal how far a command has come."""

    command: Command
    agent: AgentFacts
    step: ReceiptStep
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NoteAsk:
    """Put what an agent asks into the inbox."""

    agent: AgentFacts
    ask: Ask


@dataclass(frozen=True, slots=True)
class MarkWaiting:
    agent: AgentFacts
    reason: str


Action = (
    Launch
    | MarkRunning
    | MarkWaiting
    | Stop
    | StopPrograms
    | Close
    | GiveUp
    | Spawn
    | Verify
    | Integrate
    | Release
    | Finish
    | Tell
    | Hurry
    | Answer
    | Freeze
    | Dismiss
    | Note
    | NoteAsk
)
#: Those that reach an agent that works.
Steer = Tell | Hurry | Answer | Freeze | Dismiss | Note | NoteAsk | MarkWaiting
