"""Hearing Claude Code: which of our messages it took, what it asks, and when it has nothing more to do.

Source: lines of its `stream-json` output, versions 2.1.330 and 2.1.332, as observed: `command_lifecycle` for input that
carries a `uuid`, `control_request` with `can_use_tool`, `task_started` for what runs in the background.
"""

from __future__ import annotations

import json
from typing import Any

from orchestrator_agent.model import ReceiptStep
from orchestrator_agent.runtimes.claude_stream import describe_retry, parse_line
from orchestrator_agent.runtimes.ear import Ask, Ear

#: A line that means something holds one of these; most do not, and need not be parsed.
_TELLING = (
    '"command_lifecycle"',
    '"control_',
    '"result"',
    '"init"',
    '"api_retry"',
    '"assistant"',
    '"task_started"',
    '"task_notification"',
    '"background_tasks_changed"',
)
_OVER = ("completed", "cancelled")


class ClaudeEar(Ear):
    """Understands the lines of one `claude` process."""

    def __init__(self) -> None:
        super().__init__()
        #: State by the uuid of what was put in.
        self._input: dict[str, str] = {}
        self._turn_is_over = False
        #: Subagents in the background: when one ends, another turn begins.
        self._subagents: set[str] = set()

    def hear(self, line: str) -> bool:
        event = parse_line(line) if any(word in line for word in _TELLING) else None
        if event is None:
            return False
        before = (dict(self.steps), set(self.asks), self.at_rest, self.trouble)
        self._take(event)
        queued = any(state not in _OVER for state in self._input.values())
        self.at_rest = self._turn_is_over and not queued and not self._subagents and not self.asks
        return before != (self.steps, set(self.asks), self.at_rest, self.trouble)

    def _take(self, event: dict[str, Any]) -> None:
        kind = event.get("type")
        if kind == "command_lifecycle":
            self._lifecycle(str(event.get("command_uuid")), str(event.get("state")))
        elif kind == "control_request":
            self._request(event)
        elif kind in ("control_response", "control_cancel_request"):
            response = event.get("response")
            source = response if isinstance(response, dict) else event
            self.asks.pop(str(source.get("request_id")), None)
        elif kind == "result":
            self.trouble = ""
            self._turn_is_over = not event.get("queued_turn_count")
        elif kind == "assistant":
            self._turn_is_over, self.trouble = False, ""
            self._answered()
        elif kind == "system":
            self._system(event)

    def _lifecycle(self, uuid: str, state: str) -> None:
        begun = self._input.get(uuid) == "started"
        self._input[uuid] = state
        if state == "queued":
            self.steps[uuid] = ReceiptStep.DELIVERED
        elif state in _OVER:  # what was begun stays in the conversation, also when that turn is broken off
            self.steps[uuid] = ReceiptStep.APPLIED if begun or state == "completed" else ReceiptStep.REFUSED

    def _answered(self) -> None:
        """The model has spoken: it did so with everything before it that was started."""
        for uuid, state in self._input.items():
            if state == "started" and self.steps.get(uuid) is ReceiptStep.DELIVERED:
                self.steps[uuid] = ReceiptStep.SEEN

    def _request(self, event: dict[str, Any]) -> None:
        request = event.get("request")
        if isinstance(request, dict) and request.get("subtype") == "can_use_tool":
            name, given = str(event.get("request_id")), request.get("input")
            self.asks[name] = Ask(name, str(request.get("tool_name")), given if isinstance(given, dict) else {})

    def _system(self, event: dict[str, Any]) -> None:
        subtype, task = event.get("subtype"), str(event.get("task_id"))
        if subtype == "init":
            self._turn_is_over = False
        elif subtype == "api_retry":
            self.trouble = describe_retry(event)
        elif subtype == "task_started" and event.get("task_type") == "local_agent":
            self._subagents.add(task)
        elif subtype == "task_notification" and task in self._subagents:
            self._subagents.discard(task)
            self._turn_is_over = False  # one begins that takes up what the subagent said
        elif subtype == "background_tasks_changed":
            tasks = [item for item in _list(event.get("tasks")) if isinstance(item, dict)]
            self.left_over = tuple(str(item.get("task_id")) for item in tasks if item.get("task_type") == "local_bash")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def user_line(text: str, uuid: str, urgency: str = "next") -> bytes:
    """A message for the input of `claude --input-format stream-json`; urgency is "next" or "later"."""
    message = {"role": "user", "content": [{"type": "text", "text": text}]}
    line = {
        "type": "user",
        "uuid": uuid,
        "priority": urgency,
        "session_id": "",
        "parent_tool_use_id": None,
        "message": message,
    }
    return json.dumps(line).encode() + b"\n"


def stop_task_line(task: str) -> bytes:
    """What ends a program that was left running in the background; `claude` would wait for it."""
    request = {"subtype": "stop_task", "task_id": task}
    return json.dumps({"type": "control_request", "request_id": f"stop-{task}", "request": request}).encode() + b"\n"


def interrupt_line(name: str) -> bytes:
    """What ends the turn that runs, tools and all; what is queued comes next."""
    request = {"type": "control_request", "request_id": name, "request": {"subtype": "interrupt"}}
    return json.dumps(request).encode() + b"\n"


def answer_line(ask: Ask, allowed: bool, text: str) -> bytes:
    """The answer to a `can_use_tool`: yes, or no with a text that the model reads; a question gets the text."""
    response: dict[str, Any] = {"behavior": "deny", "message": text or "The user does not want this to be done."}
    if ask.questions and text:
        answers = dict.fromkeys(ask.questions, text)
        response = {"behavior": "allow", "updatedInput": {**ask.arguments, "answers": answers}}
    elif allowed:
        response = {"behavior": "allow", "updatedInput": ask.arguments}
    body = {"subtype": "success", "request_id": ask.request, "response": response}
    return json.dumps({"type": "control_response", "response": body}).encode() + b"\n"
