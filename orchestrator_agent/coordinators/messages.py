"""What goes over the wire: JSON objects `{type, payload, timestamp}` and `version`, `id`, `reply`.

A message is data with a schema and is never run. Unknown fields are ignored, so that newer programs can talk to older
ones.
"""

from __future__ import annotations

import json
import time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestrator_agent.terminal import clean

VERSION = 1
#: Bytes of one message, in and out.
LIMIT = 64 * 1024

_Short = Annotated[str, Field(max_length=1000)]


class Malformed(ValueError):
    """A message that cannot be understood; the text says what is wrong with it."""


class Message(BaseModel):
    """The envelope of every message."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    type: Annotated[str, Field(max_length=100)] = ""
    payload: dict[str, Any] = Field(default_factory=dict)
    #: Unix seconds, or any text: nothing depends on a sender's clock.
    timestamp: float | _Short | None = None
    version: Annotated[int, Field(ge=1)] = VERSION
    #: Repeats with the same id are answered with the first receipt.
    id: Annotated[str, Field(max_length=200)] = ""
    #: Where to answer, for programs that cannot set the reply subject of NATS.
    reply: Annotated[str, Field(max_length=200, pattern=r"^([\w$-]+(\.[\w$-]+)*)?$")] = ""


class Reason(BaseModel):
    """Payload of stop, pause and resume."""

    reason: _Short = ""


class Feedback(BaseModel):
    """Payload of feedback."""

    feedback: Annotated[str, Field(min_length=1)]
    #: When the agent is to hear it: after its present step, in the middle of it, or when it has nothing else to do.
    action: Literal["next", "now", "later"] = "next"


class Redirect(BaseModel):
    """Payload of redirect."""

    new_work_stream: Annotated[str, Field(min_length=1, max_length=200)]
    reason: _Short = ""


class Look(BaseModel):
    """Payload of status."""

    #: Also the status messages of events after this number; None for none.
    since: Annotated[int, Field(ge=0)] | None = None


Payload = Reason | Feedback | Redirect | Look
PAYLOADS: dict[str, type[Payload]] = {
    "stop": Reason,
    "pause": Reason,
    "resume": Reason,
    "feedback": Feedback,
    "redirect": Redirect,
    "status": Look,
}


def read(data: bytes) -> Message:
    """The message in `data`; nothing at all is a message without content.

    Raises:
        Malformed: it is too long, no JSON object, or a field has another shape.
    """
    if len(data) > LIMIT:
        raise Malformed(f"the message has {len(data)} bytes; {LIMIT} are allowed")
    try:
        value = json.loads(data or b"{}")
    except (ValueError, RecursionError):
        raise Malformed("the message is not JSON") from None
    if not isinstance(value, dict):
        raise Malformed("the message is not a JSON object")
    try:
        return Message.model_validate(value)
    except ValidationError as error:
        raise Malformed(_wrong(error)) from None


def payload_of(command: str, message: Message) -> Payload:
    """The payload of a command's message.

    Raises:
        Malformed: it does not fit the command, or the message says that it is another one.
    """
    if message.type in PAYLOADS and message.type != command:
        raise Malformed(f"the subject says {command} and the message {message.type}")
    try:
        return PAYLOADS[command].model_validate(message.payload)
    except ValidationError as error:
        raise Malformed(f"payload: {_wrong(error)}") from None


def body(type_: str, payload: dict[str, Any], id_: str, timestamp: float) -> dict[str, Any]:
    """A message as JSON values."""
    return {"type": type_, "payload": payload, "timestamp": timestamp, "version": VERSION, "id": id_}


def write(type_: str, payload: dict[str, Any], id_: str = "") -> bytes:
    """A message of this moment as bytes."""
    return encode(body(type_, payload, id_, time.time()))


def encode(message: dict[str, Any]) -> bytes:
    """A message as bytes, ASCII only."""
    return json.dumps(message, separators=(",", ":")).encode("ascii")


def _wrong(error: ValidationError) -> str:
    """The first complaint. What was sent is not repeated: it may be long, or a secret."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return clean(f"{where}: {first['msg']}".lstrip(": "), 200)
