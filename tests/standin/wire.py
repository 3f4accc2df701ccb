"""The wire format of the Messages API: messages, events, errors, and what the API refuses.

Source: https://platform.claude.com/docs/en/api/messages with its page on streaming, and recordings of the real API.
`GRAMMAR` says which event may follow which; a test holds it against recordings where these are at hand.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from standin.answers import Answer, Block, Failure

#: Which events may follow an event in a stream; "ping" may come anywhere between the first and the last.
GRAMMAR: Mapping[str, frozenset[str]] = {
    "": frozenset({"message_start"}),
    "message_start": frozenset({"content_block_start", "message_delta", "error"}),
    "content_block_start": frozenset({"content_block_delta", "content_block_stop", "error"}),
    "content_block_delta": frozenset({"content_block_delta", "content_block_stop", "error"}),
    "content_block_stop": frozenset({"content_block_start", "message_delta", "error"}),
    "message_delta": frozenset({"message_stop", "error"}),
    "message_stop": frozenset(),
    "error": frozenset(),
}

ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_RETRIED = (408, 409, 429, 500, 502, 503, 504, 529)
_PIECE = 12
#: The beta under which conversations are compacted by the server.
COMPACTION = "compact-2026-01-12"
_ids = itertools.count(1)

Event = dict[str, Any]


def message(answer: Answer, model: str, usage: Mapping[str, Any]) -> dict[str, Any]:
    """A whole message, as a request without `stream` gets it."""
    return {
        "model": model,
        "id": f"msg_standin{next(_ids):06}",
        "type": "message",
        "role": "assistant",
        "content": list(answer.content),
        "stop_reason": answer.ends_with,
        "stop_sequence": None,
        "stop_details": answer.stop_details,
        "usage": dict(usage),
    }


def events(answer: Answer, model: str, usage: Mapping[str, Any]) -> Iterator[Event]:
    """The same as the events of a stream."""
    whole = message(answer, model, usage)
    begun = {**whole, "content": [], "stop_reason": None, "stop_details": None}
    yield {"type": "message_start", "message": {**begun, "usage": {**usage, "output_tokens": 1}}}
    for index, block in enumerate(answer.content):
        yield {"type": "content_block_start", "index": index, "content_block": _begun(block)}
        if index == 0:
            yield {"type": "ping"}
        for delta in _deltas(block):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ended = {"stop_reason": answer.ends_with, "stop_sequence": None, "stop_details": answer.stop_details}
    counted = {name: value for name, value in usage.items() if isinstance(value, int) or name == "iterations"}
    yield {"type": "message_delta", "delta": ended, "usage": counted}
    yield {"type": "message_stop"}


def _begun(block: Block) -> Block:
    if block["type"] == "compaction":
        return {"type": "compaction", "content": None}
    empty: dict[str, Any] = {"text": "", "thinking": "", "signature": "", "input": {}}
    return {key: empty.get(key, value) for key, value in block.items()}


def _deltas(block: Block) -> Iterator[Block]:
    if block["type"] == "text":
        for piece in _pieces(block["text"]):
            yield {"type": "text_delta", "text": piece}
    elif block["type"] == "tool_use":
        yield {"type": "input_json_delta", "partial_json": ""}
        for piece in _pieces(json.dumps(block["input"])) if block["input"] else ():
            yield {"type": "input_json_delta", "partial_json": piece}
    elif block["type"] == "thinking":
        for piece in _pieces(block["thinking"]):
            yield {"type": "thinking_delta", "thinking": piece}
        yield {"type": "signature_delta", "signature": block["signature"]}
    elif block["type"] == "compaction":
        yield {"type": "compaction_delta", "content": block["content"]}


def _pieces(said: str) -> Iterator[str]:
    for start in range(0, len(said), _PIECE):
        yield said[start : start + _PIECE]


def encode(event: Event) -> bytes:
    """One event as bytes; the padding before the last brace is the real API's."""
    if event["type"] == "ping":
        return b'event: ping\ndata: {"type": "ping"}\n\n'
    data = json.dumps(event, separators=(",", ":"), ensure_ascii=False)
    padded = f"{data[:-1]}{' ' * (len(data) % 7)}}}"
    return f"event: {event['type']}\ndata: {padded}\n\n".encode()


def error(failure: Failure, request_id: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Body and headers of an error."""
    kind = ERROR_TYPES.get(failure.status, "api_error")
    said = failure.message or {429: "This request would exceed your rate limit", 529: "Overloaded"}.get(
        failure.status, kind
    )
    headers = {"x-should-retry": "true" if failure.status in _RETRIED else "false", **failure.headers}
    return {"type": "error", "error": {"type": kind, "message": said}, "request_id": request_id}, headers


def objection(body: Mapping[str, Any], betas: Sequence[str] = ()) -> str:
    """What the API would refuse a request for; empty when it would take it. Args: betas: those that were asked for."""
    for name in ("model", "max_tokens", "messages"):
        if name not in body:
            return f"{name}: Field required"
    for name in ("temperature", "top_p", "top_k"):
        if name in body:
            return f"{name}: Extra inputs are not permitted"
    if refused := _compaction(body) if COMPACTION in betas else _no_compaction(body):
        return refused
    names = [str(tool.get("name")) for tool in body.get("tools", ())]
    if len(set(names)) != len(names):
        return "tools: Tool names must be unique."
    if _breakpoints(body) > 4:
        return f"A maximum of 4 blocks with cache_control may be provided. Found {_breakpoints(body)}."
    return _messages(body["messages"])


def _no_compaction(body: Mapping[str, Any]) -> str:
    edits = body.get("context_management", {}).get("edits", ())  # Claude Code has its own, for thinking
    if any(edit["type"].startswith("compact") for edit in edits):
        return "context_management: Extra inputs are not permitted"
    if any(block["type"] == "compaction" for _, block in parts(body) if "type" in block):
        return "messages: Input tag 'compaction' found using 'type' does not match any of the expected tags"
    return ""


def _compaction(body: Mapping[str, Any]) -> str:
    for edit in body.get("context_management", {}).get("edits", ()):
        if edit["type"] == "compact_20260112" and edit.get("trigger", {}).get("value", 150_000) < 50_000:
            return "context_management.edits.0.trigger.value: Input should be greater than or equal to 50000"
    return ""


def _messages(messages: Sequence[Mapping[str, Any]]) -> str:
    open_: list[str] = []
    if not messages:
        return "messages: at least one message is required"
    for index, item in enumerate(messages):
        blocks = _blocks(item["content"])
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        if index == 0 and item["role"] != "user":
            return "messages: first message must use the user role"
        if missing := [id_ for id_ in open_ if id_ not in results]:
            return f"messages.{index}: `tool_use` ids were found without `tool_result` blocks: {', '.join(missing)}"
        if alien := [id_ for id_ in results if id_ not in open_]:
            return f"messages.{index}: unexpected `tool_use_id` found in `tool_result` blocks: {', '.join(alien)}"
        if any(block["type"] == "text" and not block["text"].strip() for block in blocks):
            return f"messages.{index}: text content blocks must contain non-whitespace text"
        open_ = [block["id"] for block in blocks if block["type"] == "tool_use"]
    return f"messages: `tool_use` ids without `tool_result`: {', '.join(open_)}" if open_ else ""


def _blocks(content: Any) -> list[Block]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)


def _breakpoints(body: Mapping[str, Any]) -> int:
    return sum("cache_control" in block for _, block in parts(body)) + ("cache_control" in body)


def parts(body: Mapping[str, Any]) -> Iterator[tuple[str, Block]]:
    """What a request is made of, in the order in which it is cached: tools, system, messages."""
    for tool in body.get("tools", ()):
        yield "tool", tool
    for block in _blocks(body.get("system") or []):
        yield "system", block
    for item in body.get("messages", ()):
        for block in _blocks(item["content"]):
            yield item["role"], block
