"""Runtimes: the kinds of agent. Each says how it is started, how its end is judged and how its output reads."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from orchestrator_agent.errors import SettingsError
from orchestrator_agent.model import WorkStream
from orchestrator_agent.runtimes.ear import Ask, Ear
from orchestrator_agent.settings import AgentSettings

#: The file in the attempt directory that holds the prompt, whatever the runtime.
PROMPT_FILE = "prompt.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTask:
    """What one agent is to do, and where."""

    agent_id: str
    work_stream: WorkStream
    #: 1 for the first try.
    attempt: int
    branch: str
    worktree: Path
    repository: Path
    prompt: str
    settings: AgentSettings
    #: A UUID, for runtimes that keep sessions.
    session_id: str
    #: That session is there already, and is to go on.
    resumes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How an agent's process is started."""

    argv: tuple[str, ...]
    #: Fed to its standard input, which is then closed; None for an empty one.
    stdin: bytes | None = None
    #: It stays open, for messages.
    keep_stdin: bool = False
    #: Variables over those that every agent gets.
    env: dict[str, str] = field(default_factory=dict)
    merge_stderr: bool = True
    #: Written into the attempt directory before the start, readable by the owner only.
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Whether a run ended well by its own account. Only checks decide whether the work is done."""

    completed: bool
    #: One clean line.
    reason: str
    #: What the runtime tells: tokens, cost_usd, turns, session_id, ...; and, of an end that is not about the work,
    #: `final` (a retry is no use), `unusable` (nor is another work stream), `limited` (later it is), `until` (then),
    #: `cut_off` (somebody killed it, or it never began).
    data: dict[str, Any] = field(default_factory=dict)


class Exit(Protocol):
    """The end of an agent's process, as its shim records it."""

    @property
    def reason(self) -> str:
        """exited, stopped, timeout or not_started."""

    @property
    def code(self) -> int | None: ...

    @property
    def signal(self) -> int | str | None: ...

    @property
    def message(self) -> str | None: ...

    @property
    def ended_at(self) -> float:
        """Unix seconds."""


class Runtime(Protocol):
    """One kind of agent."""

    @property
    def name(self) -> str:
        """As in `[agent] runtime`."""

    @property
    def env_names(self) -> tuple[str, ...]:
        """Patterns (fnmatch) of further environment variables that its agents may see."""

    @property
    def is_live(self) -> bool:
        """Its agents can be told something while they work; others are stopped, and go on with it in their prompt."""

    @property
    def keeps_sessions(self) -> bool:
        """A later agent can go on in the session of an earlier one."""

    def message(self, command_id: str, text: str, urgency: str) -> tuple[bytes, ...]:
        """The lines that tell a live agent something; urgency is now, next or later."""

    def interrupt(self, command_id: str) -> tuple[bytes, ...]:
        """The lines that break off what a live agent does, so that it sees what it was sent."""

    def answer(self, ask: Ask, allowed: bool, text: str) -> bytes:
        """The line that answers a live agent's question."""

    def farewell(self, left_over: Sequence[str]) -> tuple[bytes, ...]:
        """The lines after which a live agent at rest ends when its input does."""

    def ear(self) -> Ear:
        """What understands the output of one agent, from its first line on."""

    def session_begun(self, output: Path) -> bool:
        """True when a later agent can go on in the session of the one that printed `output`. Never raises."""

    def launch(self, task: AgentTask, attempt_dir: Path) -> Launch:
        """How to start an agent on `task`. Touches nothing.

        Raises:
            SettingsError: the settings cannot start this task.
        """

    def judge(self, exit: Exit, output: Path) -> Judgement:
        """How a run ended. Never raises.

        `output` is its out.log, with out.log.1 and err.log beside it; any of them may be missing.
        """

    def problem(self, settings: AgentSettings, repository: Path) -> str | None:
        """None when agents can be started, else one sentence with the remedy. Never raises."""

    def readable(self, line: str) -> str | None:
        """One line of out.log for people, cleaned; None to leave it out. Never raises."""


class Unsteerable:
    """What runtimes share whose agents hear nothing while they work."""

    is_live = False
    keeps_sessions = False

    def message(self, command_id: str, text: str, urgency: str) -> tuple[bytes, ...]:
        raise NotImplementedError

    def interrupt(self, command_id: str) -> tuple[bytes, ...]:
        return ()

    def answer(self, ask: Ask, allowed: bool, text: str) -> bytes:
        raise NotImplementedError

    def farewell(self, left_over: Sequence[str]) -> tuple[bytes, ...]:
        return ()

    def ear(self) -> Ear:
        return Ear()

    def session_begun(self, output: Path) -> bool:
        return False


def get_runtime(name: str) -> Runtime:
    """The runtime of that name.

    Raises:
        SettingsError: there is none.
    """
    if name not in _RUNTIMES:
        near = difflib.get_close_matches(name, _RUNTIMES, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(_RUNTIMES)}."
        raise SettingsError(f"agent.runtime cannot be {name!r}; {hint}")
    return _RUNTIMES[name]()


def _claude() -> Runtime:
    from orchestrator_agent.runtimes.claude import ClaudeRuntime

    return ClaudeRuntime()


def _command() -> Runtime:
    from orchestrator_agent.runtimes.command import CommandRuntime

    return CommandRuntime()


def _demo() -> Runtime:
    from orchestrator_agent.runtimes.demo import DemoRuntime

    return DemoRuntime()


_RUNTIMES: dict[str, Callable[[], Runtime]] = {"claude": _claude, "command": _command, "demo": _demo}
