"""What the controller does beside its loop: slow actions as coroutines, each of which ends in the events to record.

They read the journal in the loop's thread, do the blocking part in another, and never raise: what goes wrong becomes an
event, so that nothing waits for ever.
"""

from __future__ import annotations

import asyncio
import sys
import time
import traceback

from orchestrator_agent import events, execution, verification
from orchestrator_agent.errors import GitError, OrchError, RoadmapError
from orchestrator_agent.events import Event
from orchestrator_agent.model import CheckResult, Verification
from orchestrator_agent.project import Project
from orchestrator_agent.prompts import evidence_of
from orchestrator_agent.store import AgentFacts, Command, verification_to_json
from orchestrator_agent.terminal import clean


class Jobs:
    """The slow actions on one repository."""

    def __init__(self, project: Project) -> None:
        """Use an open project whose journal is on disk."""
        self.project, self.store = project, project.store

    async def start(self, agent: AgentFacts) -> list[Event]:
        """Start an intended agent."""
        try:
            job = self._assignment(agent)
            await asyncio.to_thread(execution.start, self.project, job)
        except Exception as error:
            return self._could_not_start(agent, error)
        return []

    def _assignment(self, agent: AgentFacts) -> execution.Assignment:
        command = self.store.command(agent.record.command_id)
        assert command is not None
        target = str(command.payload["target"])
        after = self.store.agent(str(agent.details.get("after") or ""))
        verdict = after.verification if after else None
        return execution.Assignment(
            facts=agent,
            stream=self.project.roadmap_at(self.project.tip(target)).get(agent.record.work_stream_id),
            target=target,
            why=str(agent.details.get("why", "first")),
            evidence=self._evidence(after),
            conflicts=verdict.conflicts if verdict else (),
            settings=execution.settings_for(self.project, command.payload, agent.record.work_stream_id),
        )

    def _evidence(self, after: AgentFacts | None) -> str:
        """What is known against earlier attempts: how the last one ended, and the newest verdict on their work."""
        told: list[str] = []
        while after:
            if verdict := after.verification:
                return "\n\n".join([*told[:1], evidence_of(verdict)])
            told.append(after.record.reason or "The last attempt was cut off before it was done.")
            after = self.store.agent(str(after.details.get("after") or ""))
        return "\n\n".join(told[:1])

    def _could_not_start(self, agent: AgentFacts, error: Exception) -> list[Event]:
        """A failure of git may pass (another one was at work, a controller was killed): it is tried again."""
        record, reason = agent.record, _explain(error)
        return [
            Event(
                type=events.AGENT_FAILED,
                timestamp=self.store.now(),
                message=f"{record.id} failed: {reason}",
                agent_id=record.id,
                work_stream_id=record.work_stream_id,
                command_id=record.command_id,
                data={"reason": reason, "final": not isinstance(error, GitError)},
            )
        ]

    async def close(self, agent: AgentFacts, lost: bool) -> list[Event]:
        """Take up the end of an agent."""
        command = self.store.command(agent.record.command_id)
        payload = command.payload if command else {}
        settings = execution.settings_for(self.project, payload, agent.record.work_stream_id)
        try:
            title = self._title(agent)
            return await asyncio.to_thread(
                execution.close, self.project, agent, title, lost=lost, auto_commit=settings.agent.auto_commit
            )
        except Exception as error:
            return self._could_not_start(agent, error)

    async def give_up(self, agent: AgentFacts) -> list[Event]:
        """Record that an agent could not be started."""
        return execution.give_up(self.project, agent)

    async def verify(self, agent: AgentFacts) -> list[Event]:
        """Check an agent's work."""
        target = self._target_of(agent)
        base = self.project.tip(target)
        known = self.store.checks_on(base)
        # A run lands what its agent made; a person who asks for it means the branch.
        by_hand = any(command.kind != "run" for command in self._judging(agent))
        head = verification.latest(self.project.repository, agent) if by_hand else agent.record.head_commit
        try:
            verdict = await asyncio.to_thread(verification.verify, self.project, agent, target, base, known, head)
        except Exception as error:
            verdict = _unverifiable(agent, base, _explain(error))
        failures = "; ".join(f"{check.name}: {check.message}" for check in verdict.failures())
        notes = "; ".join(str(check.data["note"]) for check in verdict.checks if check.data.get("note"))
        said = ("passed" + f" ({notes})" * bool(notes)) if verdict.passed else f"failed: {failures}"
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

    async def land(self, agent: AgentFacts) -> list[Event]:
        """Land an agent's verified work."""
        record, target = agent.record, self._target_of(agent)
        verdict = agent.verification
        assert verdict is not None
        left = self._stays_on_branch(agent)
        try:
            landing = await asyncio.to_thread(verification.integrate, self.project, agent, target, on_branch=left)
            kind, reason = landing.kind, landing.reason
        except Exception as error:
            kind, reason = "error", _explain(error)
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

    async def clean_up(self, name: str, outcome: str, target: str) -> list[Event]:
        """After success all worktrees of a work stream go; else the last one stays for a look."""
        agents = self.store.agents(work_stream_id=name)
        ended = [f for f in agents if not f.record.state.is_live]
        gone = ended if outcome in ("complete", "on_branch") else ended[:-1]
        try:
            return await asyncio.to_thread(execution.clean_up, self.project, gone, target)
        except Exception as error:
            print(f"clean-up of {name}: {_explain(error)}", file=sys.stderr, flush=True)
            return []

    def _stays_on_branch(self, agent: AgentFacts) -> bool:
        """Policy `branch`; but whoever asks for one agent's work to be merged gets that."""
        by_hand = any(command.kind == "integrate" for command in self._judging(agent))
        return self.project.settings.integration.policy == "branch" and not by_hand

    def _title(self, agent: AgentFacts) -> str:
        name = agent.record.work_stream_id
        try:
            return verification.title_of(self.project.roadmap_at(self.project.tip(self._target_of(agent))), name)
        except RoadmapError:  # somebody moved or broke it; the agent's end is taken up all the same
            return name

    def _command_of(self, agent: AgentFacts) -> str:
        """The open command that has to do with an agent's work: a person's verify or integrate, or the run itself."""
        return next((c.id for c in self._judging(agent)), agent.record.command_id)

    def _target_of(self, agent: AgentFacts) -> str:
        command = next(iter(self._judging(agent)), None) or self.store.command(agent.record.command_id)
        return str(command.payload["target"]) if command else ""

    def _judging(self, agent: AgentFacts) -> list[Command]:
        judging = (c for c in self.store.open_commands() if c.kind in ("verify", "integrate"))
        return [c for c in judging if c.payload.get("agent_id") == agent.record.id]


def _explain(error: Exception) -> str:
    """What to tell of an error; of a bug the traceback goes to the log."""
    if isinstance(error, OrchError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror + (f" ({clean(str(error.filename), 200)})" if error.filename else "")
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
