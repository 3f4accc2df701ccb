"""What the model is given and what never changes: the system prompt and the tools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

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
