"""Claude as the interpreter: one request to the Messages API at a time, streamed, with prompt caching.

Tools and system prompt never change within a repository's version, and history is only ever appended to, so that each
request begins with the whole of the one before. Any server that speaks the Messages API will do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestrator_agent.settings import ConversationSettings
from orchestrator_agent.terminal import clean

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic.types import Message

Block = dict[str, Any]
_CACHED: Mapping[str, str] = {"type": "ephemeral"}
#: A stream that breaks off is begun again so often; the SDK does that only before the first byte.
_STREAM_TRIES = 3
_PAUSE = 0.5

#: What the API lets us send back of a block that it sent; more would be refused.
_SENT_BACK = {
    "text": ("type", "text"),
    "tool_use": ("type", "id", "name", "input"),
    "thinking": ("type", "thinking", "signature"),
    "redacted_thinking": ("type", "data"),
}


class Unavailable(Exception):
    """The model cannot be asked now.

    `reason` is a sentence for people; `lasting` is true when asking again later will not help (a wrong key, an unknown
    model).
    """

    def __init__(self, reason: str, *, lasting: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.lasting = reason, lasting


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What requests took. Tokens; `input` counts what was neither read from nor written to the cache."""

    input: int = 0
    cache_read: int = 0
    cache_written: int = 0
    output: int = 0
    requests: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            input=self.input + other.input,
            cache_read=self.cache_read + other.cache_read,
            cache_written=self.cache_written + other.cache_written,
            output=self.output + other.output,
            requests=self.requests + other.requests,
        )

    @property
    def context(self) -> int:
        """All tokens that went in."""
        return self.input + self.cache_read + self.cache_written

    @property
    def hit_rate(self) -> float:
        """The share of what went in that was read from the cache."""
        return self.cache_read / self.context if self.context else 0.0

    def cost(self, settings: ConversationSettings) -> float:
        """US dollars by the prices in the settings; reading from the cache costs a tenth, writing a quarter more."""
        paid = self.input + 0.1 * self.cache_read + 1.25 * self.cache_written
        return (paid * settings.price_input + self.output * settings.price_output) / 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One answer of the model."""

    content: tuple[Block, ...]
    stop_reason: str
    usage: Usage
    model: str = ""
    #: Why it would not answer, for the stop reason "refusal".
    refusal: str = ""

    @property
    def calls(self) -> list[Block]:
        """Its tool calls."""
        return [block for block in self.content if block["type"] == "tool_use"]

    @property
    def text(self) -> str:
        """What it said."""
        return "\n".join(str(block["text"]) for block in self.content if block["type"] == "text").strip()


@dataclass(slots=True)
class Claude:
    """The model behind one address, with one list of tools and one system prompt."""

    settings: ConversationSettings
    system: str
    tools: Sequence[Mapping[str, Any]]
    _client: AsyncAnthropic | None = field(default=None, init=False)

    async def answer(self, messages: Sequence[Mapping[str, Any]], on_text: Callable[[str], None]) -> Turn:
        """Ask for the next turn.

        Args:
            messages: the conversation so far; the last one is the user's.
            on_text: told each piece of text as it comes.

        Raises:
            Unavailable: no key, a refused key, an unknown model, or a server that does not answer after all retries.
            asyncio.CancelledError: the caller does not want to know any more; nothing of the answer is kept.
        """
        import anthropic

        for attempt in range(1, _STREAM_TRIES + 1):
            try:
                return await self._stream(messages, on_text)
            except anthropic.APIStatusError as error:
                # Status 200: an error event in the middle of a stream, which the SDK does not retry.
                if error.status_code != 200 or attempt == _STREAM_TRIES:
                    raise _unavailable(error) from error
            except anthropic.AnthropicError as error:
                raise _unavailable(error) from error
            except _broken_streams() as error:
                if attempt == _STREAM_TRIES:
                    raise Unavailable(f"the connection to the model broke off ({clean(str(error), 100)})") from error
            await asyncio.sleep(_PAUSE * attempt)
        raise AssertionError("unreachable")

    async def _stream(self, messages: Sequence[Mapping[str, Any]], on_text: Callable[[str], None]) -> Turn:
        async with self._open().messages.stream(**self.request(messages)) as stream:
            async for piece in stream.text_stream:
                on_text(piece)
            message = await stream.get_final_message()
        return _turn(message)

    def request(self, messages: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The arguments of a request: tools and system first, each with a breakpoint, then the messages.

        The breakpoint on the last message makes the next request read all of this one from the cache.
        """
        tools = [dict(tool) for tool in self.tools]
        if tools:
            tools[-1]["cache_control"] = dict(_CACHED)
        request: dict[str, Any] = {
            "model": self.settings.model,
            "max_tokens": self.settings.max_tokens,
            "tools": tools,
            "system": [{"type": "text", "text": self.system, "cache_control": dict(_CACHED)}],
            "messages": [*messages[:-1], _with_breakpoint(messages[-1])],
        }
        if self.settings.effort:
            request["output_config"] = {"effort": self.settings.effort}
        return request

    def _open(self) -> AsyncAnthropic:
        """The client, made when it is first needed: importing the SDK takes longer than most commands."""
        import anthropic

        if self._client is None:
            client = anthropic.AsyncAnthropic(
                base_url=self.settings.base_url or None,
                max_retries=self.settings.retries,
                timeout=self.settings.timeout_seconds,
            )
            if not (client.api_key or client.auth_token or client.credentials):
                raise Unavailable("there is no key for the model (ANTHROPIC_API_KEY is not set)", lasting=True)
            self._client = client
        return self._client

    async def close(self) -> None:
        """Let connections go."""
        if self._client is not None:
            await self._client.close()
            self._client = None


def _with_breakpoint(message: Mapping[str, Any]) -> dict[str, Any]:
    *before, last = message["content"]
    return {**message, "content": [*before, {**last, "cache_control": dict(_CACHED)}]}


def _turn(message: Message) -> Turn:
    content = [_sent_back(block.to_dict()) for block in message.content]
    if message.stop_reason == "max_tokens":
        # The arguments of a call that was cut off are not what the model meant.
        while content and content[-1]["type"] == "tool_use":
            content.pop()
    usage = message.usage
    details = getattr(message, "stop_details", None)
    return Turn(
        content=tuple(block for block in content if block.get("text", "x").strip()),
        stop_reason=message.stop_reason or "end_turn",
        usage=Usage(
            input=usage.input_tokens,
            cache_read=usage.cache_read_input_tokens or 0,
            cache_written=usage.cache_creation_input_tokens or 0,
            output=usage.output_tokens,
            requests=1,
        ),
        model=message.model,
        refusal=clean(str(getattr(details, "explanation", "") or getattr(details, "category", "") or ""), 300),
    )


def _sent_back(block: Mapping[str, Any]) -> Block:
    keys = _SENT_BACK.get(str(block["type"]))
    return {key: block[key] for key in keys} if keys else dict(block)


def _broken_streams() -> tuple[type[Exception], ...]:
    """What a connection that is cut in the middle of a stream raises: no error of the SDK's own."""
    from importlib import import_module

    found: list[type[Exception]] = []
    for name in ("httpx2", "httpx"):
        try:
            found.append(import_module(name).TransportError)
        except ImportError:
            continue
    return tuple(found)


def _unavailable(error: Exception) -> Unavailable:
    import anthropic

    if isinstance(error, anthropic.AuthenticationError | anthropic.PermissionDeniedError):
        return Unavailable("the model's server does not accept the key", lasting=True)
    if isinstance(error, anthropic.NotFoundError):
        return Unavailable(f"the model's server knows no such model ({clean(str(error), 150)})", lasting=True)
    if isinstance(error, anthropic.APIStatusError):
        said = {429: "the account's rate limit is reached", 529: "the model is overloaded"}
        kind = "overloaded_error" if error.status_code == 200 else ""
        known = said.get(529 if kind else error.status_code)
        return Unavailable(known or f"the model's server answers with {error.status_code} ({clean(str(error), 150)})")
    if isinstance(error, anthropic.APIConnectionError):
        return Unavailable("the model's server cannot be reached")
    return Unavailable(f"the model cannot be asked ({clean(str(error), 150)})")
