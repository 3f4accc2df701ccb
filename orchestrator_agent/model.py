"""The nouns: work streams, agents, verdicts. Values only; nothing here touches a disk or a clock."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from orchestrator_agent.patterns import regex


class WorkStreamStatus(StrEnum):
    """What the roadmap says about a work stream."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    COMPLETE = "complete"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"


class AgentState(StrEnum):
    """Where one run of an agent stands. Verification and integration are facts about a commit, not states."""

    STARTING = "starting"  # intended: the worktree is being made or the shim is starting
    RUNNING = "running"
    WAITING = "waiting"  # with a reason: rate limit, needs input, paused
    COMPLETED = "completed"  # ended, and its runtime judged the end a good one
    FAILED = "failed"
    STOPPED = "stopped"
    LOST = "lost"  # its shim died without an exit record

    @property
    def is_live(self) -> bool:
        """True while processes of the agent may exist."""
        return self in (AgentState.STARTING, AgentState.RUNNING, AgentState.WAITING)


class ReceiptStep(StrEnum):
    """How far a command has come on its way to an agent."""

    ACCEPTED = "accepted"  # journaled
    DELIVERED = "delivered"  # the runtime took it
    SEEN = "seen"  # something follows from it
    LATE = "late"  # it was not seen in time, and is delivered more firmly where that can be
    STUCK = "stuck"  # that did not help: it is in the inbox, for a person to look
    APPLIED = "applied"
    REFUSED = "refused"

    @property
    def is_final(self) -> bool:
        """True for the two of which every command gets exactly one."""
        return self in (ReceiptStep.APPLIED, ReceiptStep.REFUSED)


@dataclass(frozen=True, slots=True)
class Receipt:
    """One step of one command."""

    command_id: str
    step: ReceiptStep
    #: Unix seconds.
    at: float
    #: How, or why not; one line, or empty.
    reason: str = ""
    #: By when the next step should have come, in unix seconds, or None.
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where a work stream stands: `path` relative to the repository, 1-based inclusive lines."""

    path: str
    first_line: int
    last_line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkStream:
    """One piece of work that an agent takes to a branch, as the roadmap tells it."""

    #: As written, without a prefix word: "1.2", "10.5", "add-oauth-login".
    id: str
    #: Without markers, tags and status words. Hostile text: print it through `terminal.clean`.
    name: str
    status: WorkStreamStatus = WorkStreamStatus.NOT_STARTED
    #: As written ("S", "M", "2 hours"), or None.
    effort: str | None = None
    #: Ids, as in `id`. Only ids that could be read; the rest is in `unresolved`.
    depends_on: tuple[str, ...] = ()
    #: Dependency texts that name nothing in the roadmap. They block.
    unresolved: tuple[str, ...] = ()
    #: Ids in `depends_on` that are no work streams of the roadmap (archived, say) and that it calls finished.
    satisfied: tuple[str, ...] = ()
    #: Ids of work streams that must not run beside it.
    conflicts_with: tuple[str, ...] = ()
    #: Files and folders that the roadmap says it will change; streams that share one do not run together.
    files: tuple[str, ...] = ()
    #: It only groups other work streams (an epic), which are offered in its place.
    is_container: bool = False
    #: Id of the container that it belongs to, or None: what keeps that from being started keeps this too.
    part_of: str | None = None
    #: Only where nothing but the order of the plan says what comes first: the number of its group. It waits for all
    #: open work of a lower step in the same plan.
    step: int | None = None
    tasks: tuple[str, ...] = ()
    done_when: str | None = None
    #: A person or agent named by the roadmap; a role is no claim.
    assigned_to: str | None = None
    #: The heading of the group it stands in, or None.
    batch: str | None = None
    #: True for items tagged as priority.
    priority: bool = False
    description: str = ""
    #: Text after a "blocked" status that gives its reason ("waiting for legal"), or None.
    blocked_reason: str | None = None
    source: Source | None = None

    def __str__(self) -> str:
        return f"{self.id}: {self.name}"

    @property
    def is_closed(self) -> bool:
        """Complete or cancelled: nothing is left to do."""
        return self.status in (WorkStreamStatus.COMPLETE, WorkStreamStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class Availability:
    """May a work stream start now, and the one reason why not."""

    available: bool
    #: One short sentence; empty when available.
    reason: str = ""
    #: What kind of reason: complete, cancelled, claimed, dependency, unknown_dependency, cycle, container,
    #: in_progress (by somebody unnamed), blocked (the roadmap says so), stale_blocked (it says so although all
    #: dependencies are complete), running, held (verified but not integrated), conflict, order (assumed from the plan).
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRecord:
    """What the journal holds of one agent (one attempt at one work stream)."""

    id: str
    work_stream_id: str
    command_id: str
    #: 1 for the first try.
    attempt: int
    runtime: str
    state: AgentState
    #: Why it is waiting or how it ended, or empty.
    reason: str = ""
    branch: str = ""
    #: Absolute path of its worktree.
    worktree: str = ""
    base_commit: str = ""
    #: Commit of its branch when it ended, or empty.
    head_commit: str = ""
    exit_code: int | None = None
    #: Unix seconds.
    created_at: float = 0.0
    started_at: float | None = None
    ended_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The outcome of one gate at one commit."""

    name: str
    #: "passed", "failed", "could_not_run" (never passes), or "skipped" (the user switched it off).
    outcome: str
    message: str = ""
    command: tuple[str, ...] = ()
    exit_code: int | None = None
    duration_seconds: float = 0.0
    #: The end of what the command printed, at most 4,000 characters.
    output: str = ""
    #: The outcome of the same command on the base commit, or None when it has none.
    on_base: str | None = None
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return self.outcome in ("passed", "skipped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """All checks at one commit: the only thing that makes work "done"."""

    agent_id: str
    work_stream_id: str
    #: The agent's commit that was judged.
    head_commit: str
    #: The exact commit that was checked and would be integrated, or empty when none could be made.
    candidate: str
    #: The target branch's commit that the candidate was built on.
    base_commit: str
    checks: tuple[CheckResult, ...]
    #: Files that the work touches, relative, at most 200.
    files: tuple[str, ...] = ()
    #: What needs a person's consent: files, or parts of them as "file (part)", and what else `consent` names.
    protected: tuple[str, ...] = ()
    #: Why a person should look first, as sentences: what changed since the work was begun.
    doubts: tuple[str, ...] = ()
    #: Files that conflict with the target, when there is no candidate.
    conflicts: tuple[str, ...] = ()
    finished_at: float = 0.0

    @property
    def passed(self) -> bool:
        return bool(self.candidate) and all(check.passed for check in self.checks)

    def failures(self) -> list[CheckResult]:
        """The checks that did not pass, in their order."""
        return [check for check in self.checks if not check.passed]


_NUMBERS = regex(r"(\d+)")


def id_key(work_stream_id: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key of an id: numeric parts compare as numbers, so 10.5 follows 9.1 and 3.10 follows 3.9."""
    parts = _NUMBERS.split(work_stream_id.casefold())
    return tuple((1, int(p), "") if p.isdigit() and p.isascii() else (0, 0, p) for p in parts if p)


def same_id(left: str, right: str) -> bool:
    """Ids are strings compared without case; 3.1 is not 3.10."""
    return left.casefold() == right.casefold()


_UNSAFE = regex(r"[^A-Za-z0-9._-]+")


def slug(text: str, limit: int = 40) -> str:
    """A name for paths, refs and environment: `[A-Za-z0-9._-]`, starts with a letter or digit, no "..", no ".lock" end.

    Text that had to be changed or cut gets a hash of the whole, so that two texts never share a name.
    """
    safe = _UNSAFE.sub("-", text).strip("-._")
    safe = re.sub(r"\.\.+", ".", safe)[:limit].strip("-._")
    if safe and safe == text and not safe.endswith(".lock"):
        return safe
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{safe.removesuffix('.lock')}-{digest}" if safe else f"x-{digest}"
