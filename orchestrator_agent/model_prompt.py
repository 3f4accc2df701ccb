"""What the model is given: the system prompt and the tools, which never change, and a note of what does."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator_agent.project import Project
from orchestrator_agent.prompts import render
from orchestrator_agent.terminal import clean
from orchestrator_agent.tools import Tool, ToolCall

ASK_PERSON = "ask_person"
_ASK_TOOL: Mapping[str, Any] = {
    "name": ASK_PERSON,
    "description": "Ask the person one question, where their words leave open what they want.",
    "input_schema": {
        "type": "object",
        "properties": {
            "question": {"type": "string", "minLength": 1},
            "choices": {"type": "array", "items": {"type": "string"}, "description": "what they can choose from"},
        },
        "required": ["question"],
        "additionalProperties": False,
    },
}


def system_prompt() -> str:
    """The system prompt: the same for every repository and every turn."""
    return render("conversation")


def tool_list(tools: Iterable[Tool]) -> list[dict[str, Any]]:
    """The tools as the Messages API takes them, in their fixed order."""
    own = [{"name": tool.name, "description": tool.description, "input_schema": tool.schema} for tool in tools]
    return [*own, dict(_ASK_TOOL)]


def question_of(call: ToolCall) -> tuple[str, list[str]]:
    """What a call of `ask_person` asks, and the choices."""
    choices = call.arguments.get("choices")
    given = [clean(str(choice), 200) for choice in choices[:12]] if isinstance(choices, list) else []
    return clean(str(call.arguments.get("question", "")), 500) or "What do you want?", given


class News:
    """What the model cannot know from before: the time, who is at work, what happened since it was last told."""

    def __init__(self, project: Project) -> None:
        self._project, self._last = project, 0

    def note(self) -> dict[str, str]:
        """What is new, as a block of text for the turn of the person."""
        return {"type": "text", "text": "\n".join(("<now>", *self.lines(), "</now>"))}

    def lines(self) -> list[str]:
        """What is new, as clean lines."""
        store = self._project.store
        live = store.live_agents()
        lines = [time.strftime("It is %A, %Y-%m-%d %H:%M.", time.localtime(store.now()))]
        at_work = ", ".join(f.record.work_stream_id + " (waits)" * bool(f.record.reason) for f in live[:10])
        lines.append(f"{len(live)} at work: {at_work}" if live else "No agent is at work.")
        if self._last:
            happened = [event for event in store.events_after(self._last) if event.agent_id and event.message]
            lines += [f"- {clean(event.message, 120)}" for event in happened[-8:]]
        self._last = store.last_event_id()
        return lines
