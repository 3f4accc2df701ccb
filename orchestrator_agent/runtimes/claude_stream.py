"""Lines of Claude Code's `stream-json` output: what they say to people, and how a run ended.

Everything in them may be missing, of another type, or unknown; nothing here raises.
"""

from __future__ import annotations

import json
from typing import Any

from orchestrator_agent.terminal import clean

_TEXT_LIMIT = 1000
_SHORT_LIMIT = 160
# The one argument by which a person recognises a tool call.
_TELLING = ("command", "file_path", "path", "pattern", "url", "query", "description", "prompt")
_API_REASONS = {404: "the API does not know the model; check agent.model"}
_API_ERRORS = {"authentication_failed": 401, "billing_error": 402, "model_not_found": 404, "rate_limit": 429}
_TERMINAL_REASONS = {
    "prompt_too_long": "the conversation grew longer than the model can read",
    "aborted_tools": "was interrupted while a tool ran",
    "aborted_streaming": "was interrupted while the model answered",
}


def parse_line(line: str | bytes) -> dict[str, Any] | None:
    """The JSON object on a line, or None."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def find_last_result(data: bytes) -> dict[str, Any] | None:
    """The last `result` line; background tasks can make several."""
    for line in reversed(data.splitlines()):
        if b'"result"' in line and (event := parse_line(line)) and event.get("type") == "result":
            return event
    return None


def tool_uses(data: bytes) -> dict[str, int]:
    """How often each tool was called."""
    counts: dict[str, int] = {}
    for line in data.splitlines():
        event = parse_line(line) if b'"tool_use"' in line else None
        content = _table(event.get("message")).get("content") if event and event.get("type") == "assistant" else None
        for block in content if isinstance(content, list) else []:
            if _table(block).get("type") == "tool_use":
                name = clean(_text(_table(block).get("name")), 100)
                counts[name] = counts.get(name, 0) + 1
    return counts


def context(data: bytes, result: dict[str, Any]) -> dict[str, int]:
    """Tokens of the last request with its answer, and how many the model can read, as far as they are known."""
    found = {}
    for line in reversed(data.splitlines()):
        event = parse_line(line) if b'"assistant"' in line and b'"usage"' in line else None
        if event is not None and event.get("type") == "assistant" and not event.get("parent_tool_use_id"):
            tokens = _tokens(_table(_table(event.get("message")).get("usage")))
            found["used"] = sum(tokens.values())
            break
    models = [_table(model) for model in _table(result.get("modelUsage")).values()]
    windows = [int(window) for model in models if (window := _number(model.get("contextWindow")))]
    return {**found, **({"window": max(windows)} if windows else {})}


def retries(data: bytes) -> int:
    """How often the API had to be asked again."""
    lines = (parse_line(line) for line in data.splitlines() if b'"api_retry"' in line)
    return sum(event is not None and event.get("subtype") == "api_retry" for event in lines)


def find_limit(data: bytes) -> dict[str, Any]:
    """`rate_limit_info` of the last line that has one; empty when none does."""
    for line in reversed(data.splitlines()):
        if b'"rate_limit_event"' in line and (event := parse_line(line)) and event.get("type") == "rate_limit_event":
            return _table(event.get("rate_limit_info"))
    return {}


def ended_by_api(result: dict[str, Any]) -> bool:
    """True when a run that failed was ended by what the API answered, and not by a limit or turn of its own."""
    own = _text(result.get("subtype")).startswith("error_max") or result.get("stop_reason") == "refusal"
    return not own and _text(result.get("terminal_reason")) in ("", "api_error", "completed")


def api_status(result: dict[str, Any]) -> int:
    """The status of the API's answer that ended a run, or 0."""
    status = _number(result.get("api_error_status")) or _API_ERRORS.get(_text(result.get("error")), 0)
    return int(status)


def last_words(result: dict[str, Any]) -> str:
    """What a run that failed said last."""
    return _text(result.get("result")) or _first_text(result.get("errors"))


def judge_result(result: dict[str, Any]) -> tuple[bool, str, dict[str, Any]]:
    """Whether a run completed by its own account, one clean line that says how it ended, and what it used.

    The data holds, as far as known: session_id, turns, cost_usd, duration_seconds, tokens (input, output, cache_read,
    cache_creation), models, permission_denials (a number).
    """
    data = _usage(result)
    terminal = result.get("terminal_reason")
    # Older versions have no terminal_reason.
    completed = result.get("is_error") is False and (
        terminal == "completed" or (terminal is None and result.get("subtype") == "success")
    )
    if completed:
        denied = data.get("permission_denials", 0)
        return True, "completed" + (f", {denied} tool calls were not permitted" if denied else ""), data
    return False, clean(_failure(result, data), 300), data


def _failure(result: dict[str, Any], data: dict[str, Any]) -> str:
    subtype, terminal = _text(result.get("subtype")), _text(result.get("terminal_reason"))
    if "max_turns" in (subtype.removeprefix("error_"), terminal):
        return f"reached its limit of turns ({data.get('turns', '?')})"
    if subtype == "error_max_budget_usd" or terminal == "budget_exhausted":
        return f"reached its budget (spent ${data.get('cost_usd', 0):.2f})"
    said, status = last_words(result), api_status(result)
    if status or terminal == "api_error":
        return _with(_API_REASONS.get(status, f"API error {status}" if status else "API error"), said)
    if terminal in _TERMINAL_REASONS:
        return _TERMINAL_REASONS[terminal]
    if result.get("stop_reason") == "refusal":
        return _with("the model refused", said)
    if result.get("error") == "max_output_tokens":
        return "reached the limit of output tokens again and again"
    kind = terminal or subtype
    return _with(f"ended with {kind}" if kind not in ("", "success", "completed") else "ended with an error", said)


def _tokens(usage: dict[str, Any]) -> dict[str, int]:
    """`usage` of the Messages API in our words."""
    names = {
        "input": "input_tokens",
        "output": "output_tokens",
        "cache_read": "cache_read_input_tokens",
        "cache_creation": "cache_creation_input_tokens",
    }
    return {key: int(n) for key, name in names.items() if (n := _number(usage.get(name))) is not None}


def _usage(result: dict[str, Any]) -> dict[str, Any]:
    milliseconds, turns = _number(result.get("duration_ms")), _number(result.get("num_turns"))
    denials = result.get("permission_denials")
    data = {
        "session_id": clean(_text(result.get("session_id")), 100),
        "turns": None if turns is None else int(turns),
        "cost_usd": _number(result.get("total_cost_usd")),
        "duration_seconds": None if milliseconds is None else milliseconds / 1000,
        "tokens": _tokens(_table(result.get("usage"))),
        "models": [clean(model, 100) for model in _table(result.get("modelUsage"))],
        "permission_denials": len(denials) if isinstance(denials, list) else 0,
    }
    return {key: value for key, value in data.items() if value not in (None, "", {}, [])}


def describe_line(line: str) -> str | None:
    """A line for people, cleaned and short; None for what they need not see."""
    event = parse_line(line)
    if event is None:
        return clean(line.strip(), _TEXT_LIMIT) or None
    kind = event.get("type")
    if kind in ("assistant", "user"):
        content = _table(event.get("message")).get("content")
        blocks = content if isinstance(content, list) else []
        parts = [part for block in blocks if (part := _describe_block(_table(block)))]
        return clean("  ".join(parts), _TEXT_LIMIT) or None
    if kind == "system":
        return _describe_system(event)
    if kind == "control_request":
        return _describe_request(_table(event.get("request")))
    if kind == "result":
        completed, reason, data = judge_result(event)
        used = [f"{data['turns']} turns"] if "turns" in data else []
        used += [f"${data['cost_usd']:.2f}"] if "cost_usd" in data else []
        return clean(("" if completed else "Failed: ") + ", ".join([reason, *used]), _TEXT_LIMIT)
    return None


def _describe_block(block: dict[str, Any]) -> str:
    kind = block.get("type")
    if kind == "text":
        return _one_line(_text(block.get("text")), _TEXT_LIMIT)
    if kind == "tool_use":
        arguments = _table(block.get("input"))
        telling = next((_text(arguments[name]) for name in _TELLING if _text(arguments.get(name))), "")
        return _one_line(_with(f"→ {_text(block.get('name')) or 'tool'}", telling), _SHORT_LIMIT)
    if kind == "tool_result":
        said = _text(block.get("content")) or _first_text(block.get("content"))
        mark = "✗" if block.get("is_error") is True else "←"
        return _one_line(f"{mark} {said}", _SHORT_LIMIT) if said.strip() else ""
    return ""


def _describe_request(request: dict[str, Any]) -> str | None:
    if request.get("subtype") != "can_use_tool":
        return None
    used = _describe_block({"type": "tool_use", "name": request.get("tool_name"), "input": request.get("input")})
    return clean(f"? It asks: {used.removeprefix('→ ')}", _TEXT_LIMIT)


def _describe_system(event: dict[str, Any]) -> str | None:
    subtype = event.get("subtype")
    if subtype == "init":
        model = _text(event.get("model")) or "its model"
        return clean(f"Session {_text(event.get('session_id'))} with {model}", _SHORT_LIMIT)
    if subtype == "api_retry":
        return f"Waiting: {describe_retry(event)}"
    if subtype == "permission_denied":
        tool = _text(event.get("tool_name"))
        return _one_line(_with(f"Not permitted: {tool}", _text(event.get("message"))), _SHORT_LIMIT)
    if subtype == "model_fallback":
        return clean(f"Continues with {_text(event.get('fallback_model'))}", _SHORT_LIMIT)
    return None


def describe_retry(event: dict[str, Any]) -> str:
    """What a line `system/api_retry` says: which answer of the API the command waits out, and how often it has."""
    attempt, most = _number(event.get("attempt")), _number(event.get("max_retries"))
    status = _number(event.get("error_status"))
    cause = f"the API answers {int(status)}" if status else _text(event.get("error")) or "the API does not answer"
    return clean(f"{cause}, try {int(attempt or 0)} of {int(most or 0)}", _SHORT_LIMIT)


def _one_line(text: str, limit: int) -> str:
    # Cut before splitting: what a tool returned can be megabytes.
    return clean(" ".join(text[: limit * 4].split()), limit)


def _with(head: str, rest: str) -> str:
    return f"{head}: {rest}" if rest.strip() else head


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Numbers beyond this, and NaN, are nobody's count of anything.
    return value if abs(value) < 1e15 else None


def _first_text(value: Any) -> str:
    """The first text in a list of strings or of text blocks."""
    for item in value if isinstance(value, list) else []:
        if text := _text(item) or _text(_table(item).get("text")):
            return text
    return ""
