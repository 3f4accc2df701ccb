"""The moments that the journal records. An event is the only way by which anything in it changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# Work asked for and done
COMMAND_ACCEPTED = "command_accepted"
COMMAND_NARROWED = "command_narrowed"
COMMAND_DONE = "command_done"
RECEIPT = "receipt"
WORK_STREAM_CLAIMED = "work_stream_claimed"
WORK_STREAM_RELEASED = "work_stream_released"

# The life of an agent
SPAWNING_AGENT = "spawning_agent"
AGENT_RUNNING = "agent_running"
AGENT_WAITING = "agent_waiting"
AGENT_COMPLETED = "agent_completed"
AGENT_FAILED = "agent_failed"
AGENT_STOPPED = "agent_stopped"
AGENT_LOST = "agent_lost"
AGENT_ASKED = "agent_asked"
AGENT_ANSWERED = "agent_answered"
WORK_SAVED = "work_saved"

# Proof and landing
VERIFICATION_STARTED = "verification_started"
VERIFICATION_COMPLETE = "verification_complete"
INTEGRATION_STARTED = "integration_started"
INTEGRATION_COMPLETE = "integration_complete"
INTEGRATION_REFUSED = "integration_refused"

# Conversation
GOAL_RECEIVED = "goal_received"
TOOL_CALLED = "tool_called"
CONVERSATION_MESSAGE = "conversation_message"

# The controller itself
CONTROLLER_STARTED = "controller_started"
CONTROLLER_ENDED = "controller_ended"
WARNING = "warning"

#: The event by which an agent reaches each end state.
END_EVENTS = {
    "completed": AGENT_COMPLETED,
    "failed": AGENT_FAILED,
    "stopped": AGENT_STOPPED,
    "lost": AGENT_LOST,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One moment.

    `id` is 0 until the journal has given it its number. `timestamp` is unix seconds.
    `message` is one line for people. `data` holds JSON values only.
    """

    type: str
    timestamp: float
    message: str = ""
    agent_id: str | None = None
    work_stream_id: str | None = None
    command_id: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    id: int = 0

    @property
    def event_type(self) -> str:
        """The name of `type` in the first design's Python interface."""
        return self.type
