"""Carrying out what `steering` decides: frames for agents' input, trees that stand still, events for the journal."""

from __future__ import annotations

import json
from typing import Any

from orchestrator_agent import attempts, events, runtimes
from orchestrator_agent.actions import Answer, Dismiss, Freeze, Hurry, MarkWaiting, Note, NoteAsk, Steer, Tell
from orchestrator_agent.events import Event
from orchestrator_agent.hearing import Hearing
from orchestrator_agent.project import Project
from orchestrator_agent.runtimes.ear import Ask
from orchestrator_agent.steering import entry_of
from orchestrator_agent.store import AgentFacts, Command
from orchestrator_agent.terminal import clean

#: A question's arguments in the journal are for people; the agent's own line has them in full.
_SHOWN = 2000


def carry_out(project: Project, hearing: Hearing, action: Steer) -> list[Event]:
    """Do it, and return the events that say so. Doing it again is harmless.

    Raises:
        OSError: the disk is full; it is tried again.
    """
    agent = action.agent
    folder, runtime = project.agent_folder(agent.record.id), runtimes.get_runtime(agent.record.runtime)
    match action:
        case Tell(_, command):
            number, urgency = project.store.accepted_at(command.id), str(command.payload.get("urgency", "next"))
            for part, line in enumerate(runtime.message(command.id, str(command.payload["text"]), urgency)):
                attempts.send_frame(folder, f"{number:010}-{part}-{command.id}", line)
        case Hurry(_, command):
            for part, line in enumerate(runtime.interrupt(command.id)):
                attempts.send_frame(folder, f"hurry-{part}-{command.id}", line)
        case Answer(_, ask, said, why):
            entry = entry_of(agent.record.id, ask.request)
            message = f"{agent.record.id} is answered: {clean(said, 200)}" + f" ({why})" * bool(why)
            attempts.send_frame(folder, f"answer-{entry}", runtime.answer(ask, said == "allow", _words(said)))
            return [_event(project, events.AGENT_ANSWERED, message, agent, None, entry=entry, answer=said)]
        case Freeze(_, frozen):
            attempts.request_pause(folder, paused=frozen)
        case Dismiss():
            for part, line in enumerate(runtime.farewell(hearing.left_over(agent.record.id))):
                attempts.send_frame(folder, f"farewell-{part}", line)
            attempts.close_stdin(folder)
        case Note(command, _, step, reason):
            message = f"{agent.record.id}: {command.kind} {step.value}"
            return [_event(project, events.RECEIPT, message, agent, command, step=step.value, reason=reason)]
        case NoteAsk(_, ask):
            data = _entry(agent, ask)
            message = f"{agent.record.id} asks ({data['entry']})"
            return [_event(project, events.AGENT_ASKED, message, agent, None, **data)]
        case MarkWaiting(_, reason):
            message = f"{agent.record.id} waits: {reason}"
            return [_event(project, events.AGENT_WAITING, message, agent, None, reason=reason)]
    return []


def _entry(agent: AgentFacts, ask: Ask) -> dict[str, Any]:
    """What the inbox keeps of a question, harmless to print."""
    return {
        "entry": entry_of(agent.record.id, ask.request),
        "tool": clean(ask.tool, 100),
        "arguments": clean(json.dumps(ask.arguments, ensure_ascii=False), _SHOWN),
        "questions": [clean(question, 500) for question in ask.questions[:10]],
        "choices": [clean(choice, 100) for choice in ask.choices[:20]],
    }


def _words(said: str) -> str:
    return "" if said in ("allow", "deny") else said


def _event(
    project: Project, type_: str, message: str, agent: AgentFacts, command: Command | None, /, **data: Any
) -> Event:
    record = agent.record
    return Event(
        type=type_,
        timestamp=project.store.now(),
        message=message,
        agent_id=record.id,
        work_stream_id=record.work_stream_id,
        command_id=command.id if command else record.command_id,
        data=data,
    )
