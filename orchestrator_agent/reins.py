"""The reins: commands to agents that work, and the receipts of every command. Part of `Orchestrator`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from orchestrator_agent import events, follow, naming, readiness, steering, wishes
from orchestrator_agent.errors import NotAvailable
from orchestrator_agent.events import Event
from orchestrator_agent.model import Receipt, ReceiptStep
from orchestrator_agent.project import Project
from orchestrator_agent.store import AgentFacts, Command
from orchestrator_agent.terminal import clean

#: The most characters of one message to an agent.
LONGEST = 100_000
URGENCIES = ("now", "next", "later")
#: By when a command should have come through. Seconds.
DELIVERY = 60.0


class Reins:
    """What can be said to agents. An agent is named by its id, by its work stream, or by what a person calls that.

    Each call returns the id of a command as soon as that is journaled; the receipts tell what becomes of it. A call
    that is repeated with the same `request_id` gets the first one's id, and nothing is done twice.
    """

    project: Project

    def send_feedback(
        self, agent: str, text: str, urgency: str = "next", request_id: str = "", within: float = 600.0
    ) -> str:
        """Tell an agent something while it works.

        Args:
            urgency: "next" (between two of its steps), "now" (what it is doing is broken off), or "later" (when it
                has done what it is at). An agent of a kind that hears nothing is stopped and goes on with it.
            within: seconds in which it should be seen. Then a receipt says that it is late, and what hinders a "next"
                is broken off.

        Raises:
            UnknownAgent, NotAvailable: nobody of that name works.
        """
        if urgency not in URGENCIES:
            raise NotAvailable(f"Feedback cannot be given {clean(urgency, 30)!r}; say {', '.join(URGENCIES)}.")
        if not text.strip():
            raise NotAvailable("There is nothing in that to tell; give the words.")
        if len(text) > LONGEST:
            raise NotAvailable(f"A message has at most {LONGEST:,} characters; put the rest into a file and name that.")
        said = clean(text, keep_newlines=True)
        return self._steer("feedback", agent, request_id, within=within, text=said, urgency=urgency)

    def pause(self, agent: str, request_id: str = "") -> str:
        """Have an agent and everything that it started stand still; its time limit stands still too.

        Raises:
            UnknownAgent, NotAvailable: nobody of that name works.
        """
        return self._steer("pause", agent, request_id)

    def resume(self, agent: str, request_id: str = "") -> str:
        """Have a paused agent go on.

        Raises:
            UnknownAgent, NotAvailable: nobody of that name works.
        """
        return self._steer("resume", agent, request_id)

    def redirect(self, agent: str, work_stream: str, reason: str, request_id: str = "") -> str:
        """Take an agent away from its work, which is saved and released, and have it begin another work stream.

        Raises:
            UnknownAgent, NotAvailable: nobody of that name works, or the other work stream cannot be started.
        """
        if (known := self._known(request_id)) is not None:
            return known
        plan = wishes.plan_named(self.project, [work_stream])
        readiness.require_ready(self.project, plan.streams)
        facts, target = self._at_work(agent), plan.now[0].id
        claim = Event(
            type=events.WORK_STREAM_CLAIMED,
            timestamp=self.project.store.now(),
            message=f"{target} is taken up by {facts.record.id}",
            work_stream_id=target,
            command_id=facts.record.command_id,
        )
        return self._steer(
            "redirect", facts.record.id, request_id, also=[claim], work_stream_id=target, reason=clean(reason, 500)
        )

    def inbox(self) -> list[dict[str, Any]]:
        """What waits for a person, oldest first, as JSON values; each has `kind`, `entry`, `agent_id`,
        `work_stream_id` and `at`.

        A "question" has `tool`, `arguments`, `questions`, and `until`, when it is answered with no. "late" is a command
        that its agent does not take in: it has `command`, `command_id`, `text`, and `remedy`, what can be done.
        """
        found = [_late(facts, command) for facts, command in stuck(self.project)]
        for facts in self.project.store.live_agents():
            wait = self.project.settings.agent_for(facts.record.work_stream_id).answer_after_seconds
            for asked in facts.details.get("asked", {}).values():
                if "answer" not in asked:
                    found.append({"kind": "question", **_names(facts), **asked, "until": asked["at"] + wait})
        return sorted(found, key=lambda entry: float(entry["at"]))

    def answer(self, entry: str, answer: str, request_id: str = "") -> str:
        """Answer what an agent asks: "allow", "deny", or words: the answer to a question, or a refusal with its reason.

        Raises:
            NotAvailable: there is no such entry in the inbox.
        """
        if (known := self._known(request_id)) is not None:
            return known
        found = next((item for item in self.inbox() if item["entry"] == entry), None)
        if found is None:
            raise NotAvailable(f"The inbox has no entry {clean(entry, 40)!r}; `orch inbox` lists them.")
        if found["kind"] != "question":
            raise NotAvailable(f"That is nothing to answer: {found['agent_id']} hears nothing; {found['remedy']}.")
        said = clean(answer, LONGEST, keep_newlines=True).strip()
        return self._steer("answer", found["agent_id"], request_id, entry=entry, answer=said or "deny")

    # -- receipts ------------------------------------------------------------------------------------------------

    def receipts(self, command_id: str) -> list[Receipt]:
        """How far a command has come, in the order of steps; empty when there is no such command."""
        command = self.project.store.command(command_id)
        return [] if command is None else receipts_of(command)

    def wait_for_receipt(self, command_id: str, step: str = "applied", seconds: float = 60.0) -> Receipt | None:
        """The receipt of that step, or the final one, as soon as it is there; None when neither comes in time.

        Raises:
            OrchError: the controller cannot stay up.
        """
        end, care = time.monotonic() + seconds, follow.Care(self.project)
        look = 0.0
        while True:
            found = self.receipts(command_id)
            reached = [r for r in found if r.step == step] or [r for r in found if r.step.is_final]
            if reached or not found or time.monotonic() > end:
                return reached[0] if reached else None
            seen = self.project.store.version()
            while self.project.store.version() == seen and time.monotonic() < min(end, look + follow.CARE):
                time.sleep(follow.POLL)
            if time.monotonic() > look + follow.CARE:
                look = time.monotonic()
                care.look()

    # -- accepting -----------------------------------------------------------------------------------------------

    def _steer(
        self,
        kind: str,
        agent: str,
        request_id: str,
        *,
        also: Sequence[Event] = (),
        within: float = DELIVERY,
        **wish: Any,
    ) -> str:
        if (known := self._known(request_id)) is not None:
            return known
        facts = self._at_work(agent)
        payload = {"agent_id": facts.record.id, **wish, "deadline": self.project.store.now() + within}
        message = f"asked to {_WORDS[kind]} {facts.record.id}"
        return wishes.accept_steering(self.project, kind, payload, message, request_id, also)

    def _known(self, request_id: str) -> str | None:
        return wishes.accepted_as(self.project, request_id) if request_id else None

    def _at_work(self, name: str) -> AgentFacts:
        """The agent that is meant.

        Raises:
            UnknownAgent, NotAvailable: there is none, or it has ended.
        """
        facts = naming.find(self.project, name)
        if not facts.record.state.is_live:
            raise NotAvailable(f"{facts.record.id} has ended ({facts.record.state.value}); start its work again first.")
        return facts


_WORDS = {"feedback": "tell", "pause": "pause", "resume": "resume", "redirect": "redirect", "answer": "answer"}


def stuck(project: Project) -> list[tuple[AgentFacts, Command]]:
    """Commands that their agents do not take in, however they are delivered."""
    live = {facts.record.id: facts for facts in project.store.live_agents()}
    open_ = ((live.get(str(command.payload.get("agent_id"))), command) for command in project.store.open_commands())
    return [(facts, command) for facts, command in open_ if facts is not None and steering.is_stuck(command)]


def _late(facts: AgentFacts, command: Command) -> dict[str, Any]:
    name = facts.record.work_stream_id
    return {
        "kind": "late",
        "entry": steering.entry_of(facts.record.id, command.id),
        **_names(facts),
        "command": command.kind,
        "command_id": command.id,
        "text": str(command.payload.get("text") or command.payload.get("answer") or ""),
        "at": command.outcome["steps"][ReceiptStep.STUCK.value]["at"],
        "remedy": f"look: `orch attach {name}`; or send it elsewhere: `orch redirect {name}`; or `orch stop {name}`",
    }


def _names(facts: AgentFacts) -> dict[str, str]:
    return {"agent_id": facts.record.id, "work_stream_id": facts.record.work_stream_id}


def receipts_of(command: Command) -> list[Receipt]:
    """How far a command has come, in the order of steps."""
    found = [Receipt(command.id, ReceiptStep.ACCEPTED, command.created_at, "", command.payload.get("deadline"))]
    steps = command.outcome.get("steps", {})
    for name, known in sorted(steps.items(), key=lambda item: float(item[1]["at"])):
        found.append(Receipt(command.id, ReceiptStep(name), known["at"], known.get("reason", "")))
    if command.finished_at is not None:
        step = ReceiptStep.APPLIED if command.state == "done" else ReceiptStep.REFUSED
        found.append(Receipt(command.id, step, command.finished_at, command.outcome.get("message", "")))
    return found
