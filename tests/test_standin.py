"""The stand-in for the Messages API speaks as the real one does: by its own grammar, by recordings, and to the SDK."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import pytest
from standin import Answer, Failure, StandIn, in_turn, text, thinking, tool, wire
from standin.server import KEY

RECORDINGS = Path(__file__).parents[2] / "shared" / "wire"
#: Fields that only newer models, server tools or beta features add: the real API may have more than the stand-in.
MESSAGE = {"model", "id", "type", "role", "content", "stop_reason", "stop_sequence", "stop_details", "usage"}
EVERYTHING = Answer(
    content=(thinking("Well, well"), {"type": "text", "text": "Good morning"}, tool("go", a=1), tool("rest"))
)


@pytest.fixture
def recorded() -> list[dict[str, Any]]:
    if not RECORDINGS.is_dir():
        pytest.skip("the recordings of the real API are not beside the project")
    found = [json.loads(path.read_text("utf-8")) for path in sorted(RECORDINGS.glob("*.json"))]
    return [exchange["response"] for recording in found for exchange in recording["interactions"]]


def parsed(stream: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events of a stream, by name."""
    for part in stream.strip().split("\n\n"):
        first, second = part.split("\n", 1)
        yield first.removeprefix("event: "), json.loads(second.removeprefix("data: "))


def in_order(names: list[str]) -> bool:
    """True when the grammar allows the order of these events."""
    last = ""
    for name in names:
        if name != "ping":
            if name not in wire.GRAMMAR[last]:
                return False
            last = name
    return last in ("message_stop", "error")


def own_stream(answer: Answer) -> list[tuple[str, dict[str, Any]]]:
    """What the stand-in sends."""
    usage = {"input_tokens": 1, "output_tokens": 5, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
    sent = b"".join(wire.encode(event) for event in wire.events(answer, "m", usage))
    return list(parsed(sent.decode()))


def test_our_streams_follow_the_grammar() -> None:
    for answer in (EVERYTHING, text("x"), text(stop_reason="refusal"), Answer(content=(tool("go"),))):
        assert in_order([name for name, _ in own_stream(answer)])
    assert not in_order(["message_start", "content_block_stop", "message_delta", "message_stop"])


def test_recorded_streams_follow_the_same_grammar(recorded: list[dict[str, Any]]) -> None:
    streams = [response["sse"] for response in recorded if "sse" in response]
    assert len(streams) >= 10
    for stream in streams:
        assert in_order([name for name, _ in parsed(stream)])


def test_our_events_have_the_fields_of_recorded_ones(recorded: list[dict[str, Any]]) -> None:
    ours = {_kind(event): set(event) for _, event in own_stream(EVERYTHING)}
    seen: set[str] = set()
    for response in recorded:
        for _, event in parsed(response.get("sse", "")) if response.get("sse") else ():
            kind = _kind(event)
            if kind in ours:
                seen.add(kind)
                extra = {"context_management"}  # only where its edits were asked for
                assert set(event) - extra <= ours[kind], kind
    assert seen == set(ours)


def _kind(event: dict[str, Any]) -> str:
    inner = event.get("content_block") or event.get("delta") or {}
    return f"{event['type']} {inner.get('type', '')}".strip()


def test_our_messages_and_errors_have_the_fields_of_recorded_ones(recorded: list[dict[str, Any]]) -> None:
    assert set(wire.message(EVERYTHING, "m", {})) == MESSAGE
    bodies = [response["body"] for response in recorded if isinstance(response.get("body"), dict)]
    messages = [body for body in bodies if body.get("type") == "message"]
    errors = [body for body in bodies if body.get("type") == "error"]
    assert len(messages) >= 10 and len(errors) >= 3
    for body in messages:
        # Filled in only later, and by features that nobody asked the stand-in for.
        assert set(body) - {"context_management", "container", "diagnostics"} <= MESSAGE
    ours, _ = wire.error(Failure(status=401), "req")
    for body in errors:
        assert set(body) <= set(ours) and set(body["error"]) - {"details"} <= set(ours["error"])


_open: list[anthropic.Anthropic] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Close the connections that a test's clients keep: a later test would be blamed for them."""
    yield
    while _open:
        _open.pop().close()


def client(standin: StandIn, key: str = KEY) -> anthropic.Anthropic:
    _open.append(anthropic.Anthropic(base_url=standin.url, api_key=key, max_retries=0))
    return _open[-1]


HELLO: dict[str, Any] = {"model": "claude-x", "max_tokens": 100, "messages": [{"role": "user", "content": "hello"}]}


def test_the_sdk_reads_the_same_from_a_stream_and_from_json() -> None:
    with StandIn(in_turn(EVERYTHING)) as standin:
        whole = client(standin).messages.create(**HELLO)
        with client(standin).messages.stream(**HELLO) as stream:
            streamed = stream.get_final_message()
    assert whole.stop_reason == streamed.stop_reason == "tool_use"
    assert [block.to_dict() for block in whole.content] == [block.to_dict() for block in streamed.content]
    assert [request.body.get("stream", False) for request in standin.requests] == [False, True]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, anthropic.BadRequestError),
        (403, anthropic.PermissionDeniedError),
        (404, anthropic.NotFoundError),
        (429, anthropic.RateLimitError),
        (500, anthropic.InternalServerError),
        (529, anthropic.APIStatusError),
        (0, anthropic.APIConnectionError),
    ],
)
def test_every_error_arrives_as_the_sdk_knows_it(status: int, error: type[Exception]) -> None:
    with (
        StandIn(in_turn(Failure(status=status, headers={"retry-after": "7"}))) as standin,
        pytest.raises(error) as raised,
    ):
        client(standin).messages.create(**HELLO)
    if isinstance(raised.value, anthropic.APIStatusError):
        assert raised.value.type == wire.ERROR_TYPES[status] and raised.value.response.headers["retry-after"] == "7"


def test_a_wrong_key_and_a_dangling_tool_call_are_refused() -> None:
    dangling = [
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": [tool("go")]},
        {"role": "user", "content": "and?"},
    ]
    with StandIn(in_turn(text("never"))) as standin:
        with pytest.raises(anthropic.AuthenticationError):
            client(standin, "sk-wrong").messages.create(**HELLO)
        with pytest.raises(anthropic.BadRequestError, match="without `tool_result`"):
            client(standin).messages.create(**{**HELLO, "messages": dangling})


def test_what_stood_before_a_breakpoint_is_read_from_the_cache() -> None:
    system: Any = [{"type": "text", "text": "long " * 500, "cache_control": {"type": "ephemeral"}}]
    with StandIn(in_turn(text("yes"))) as standin:
        first = client(standin).messages.create(**HELLO, system=system).usage
        second = client(standin).messages.create(**HELLO, system=system).usage
    assert first.cache_read_input_tokens == 0 and (first.cache_creation_input_tokens or 0) > 600
    assert second.cache_read_input_tokens == first.cache_creation_input_tokens
    assert second.cache_creation_input_tokens == 0


def test_compaction_is_for_those_who_ask_for_the_beta() -> None:
    compacted = Answer(content=({"type": "compaction", "content": "They said hello."}, {"type": "text", "text": "Hi"}))
    edits: Any = {"edits": [{"type": "compact_20260112", "trigger": {"type": "input_tokens", "value": 50_000}}]}
    asked: dict[str, Any] = {**HELLO, "context_management": edits}
    with StandIn(in_turn(compacted)) as standin:
        messages = client(standin).beta.messages
        with messages.stream(**asked, betas=[wire.COMPACTION]) as stream:
            answer = stream.get_final_message()
        with pytest.raises(anthropic.BadRequestError, match="not permitted"):
            messages.create(**asked)
        edits["edits"][0]["trigger"]["value"] = 1
        with pytest.raises(anthropic.BadRequestError, match="50000"):
            messages.create(**asked, betas=[wire.COMPACTION])
    assert answer.content[0].to_dict() == {**compacted.content[0], "encrypted_content": None}
    assert [part.type for part in answer.usage.iterations or ()] == ["compaction", "message"]


def test_streams_can_break() -> None:
    cut = Answer(content=({"type": "text", "text": "one two three"},), cut_after=3)
    failing = Answer(content=cut.content, error_after=(3, "overloaded_error"))
    with StandIn(in_turn(cut, failing)) as standin:
        for _ in range(2):
            with (
                pytest.raises(Exception, match=r"overloaded|closed|incomplete|peer"),
                client(standin).messages.stream(**HELLO) as stream,
            ):
                stream.get_final_message()
