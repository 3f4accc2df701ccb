"""Conversations in the journal: every message as it was sent, so that a talk can be taken up after any end.

A message is a value of the Messages API (https://platform.claude.com/docs/en/api/messages): `role` and `content`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator_agent import events
from orchestrator_agent.events import Event
from orchestrator_agent.store import Store
from orchestrator_agent.terminal import clean

Block = dict[str, Any]
_TITLE = 200
#: How blocks of text begin that no person said.
NOT_SAID = ("<now>", "<summary>")


@dataclass(slots=True)
class Transcript:
    """One conversation: what was said, called and answered."""

    id: str
    messages: list[dict[str, Any]] = field(default_factory=list)
    #: The person's question to answer, as the arguments of `ask_person`, or None.
    question: Mapping[str, Any] | None = None

    @property
    def goal(self) -> str:
        """What the person said last: their words, without what orch said beside them."""
        for message in reversed(self.messages):
            texts = [str(block["text"]) for block in message["content"] if block["type"] == "text"]
            said = [text for text in texts if not text.startswith(NOT_SAID)]
            if message["role"] == "user" and said:
                return " ".join(said)
        return ""

    @property
    def unanswered(self) -> list[Block]:
        """Tool calls of the last message that have no result yet, in their order."""
        if not self.messages or self.messages[-1]["role"] != "assistant":
            return []
        return [block for block in self.messages[-1]["content"] if block["type"] == "tool_use"]


class Transcripts:
    """All conversations of one repository. Without a journal (None) nothing is kept."""

    def __init__(self, store: Store | None) -> None:
        self.store = store

    def begin(self) -> Transcript:
        """A new conversation; nothing is written before its first message."""
        return Transcript(uuid.uuid4().hex[:12])

    def add(self, transcript: Transcript, role: str, content: Sequence[Block], **data: Any) -> None:
        """Append a message.

        Args:
            data: further JSON values to keep with it: model, tokens, cost.
        """
        message = {"role": role, "content": list(content)}
        transcript.messages.append(message)
        text = next((str(block["text"]) for block in content if block["type"] == "text"), "")
        self._write(transcript, {**data, "message": message}, f"{role}: {clean(text, _TITLE)}")

    def replace(self, transcript: Transcript, messages: Sequence[dict[str, Any]]) -> None:
        """Go on from other messages: a summary of what was said."""
        transcript.messages = list(messages)
        self._write(transcript, {"messages": transcript.messages}, "the conversation was summed up")

    def ask(self, transcript: Transcript, question: Mapping[str, Any] | None) -> None:
        """Note the question that the conversation waits with, or that it waits no more."""
        transcript.question = question
        self._write(transcript, {"question": dict(question) if question else None}, "asked" if question else "answered")

    def _write(self, transcript: Transcript, data: dict[str, Any], message: str) -> None:
        if self.store is None:
            return
        self.store.record(
            Event(
                type=events.CONVERSATION_MESSAGE,
                timestamp=self.store.now(),
                message=message,
                data={"conversation_id": transcript.id, **data},
            )
        )

    def load(self, conversation_id: str) -> Transcript | None:
        """A conversation as it stands, or None."""
        if self.store is None:
            return None
        found = None
        for event in self.store.conversation(conversation_id):
            found = found or Transcript(conversation_id)
            data = event.data
            if "message" in data:
                found.messages.append(data["message"])
            elif "messages" in data:
                found.messages = list(data["messages"])
            else:
                found.question = data["question"]
        return found

    def last(self, *, waiting: bool = False) -> Transcript | None:
        """The conversation that was spoken in last, or (`waiting`) the last one that waits with a question."""
        found = self.waiting() if waiting else map(self.load, self.store.conversations() if self.store else ())
        return next(iter(found), None)

    def waiting(self) -> Iterator[Transcript]:
        """The conversations that wait with a question, the last one first."""
        for id_ in self.store.conversations() if self.store else ():
            found = self.load(id_)
            if found is not None and found.question is not None:
                yield found
