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
    from anthropic.lib.streaming import AsyncMessageStreamManager, BetaAsyncMessageStreamManager
    from anthropic.types import Message
    from anthropic.types.beta import BetaContextManagementConfigParam, BetaMessage

Block = dict[str, Any]
_CACHED: Mapping[str, str] = {"type": "ephemeral"}
#: A stream that breaks off is begun again so often; the SDK does that only before the first byte.
_STREAM_TRIES = 3
_PAUSE = 0.5
#: Compaction by the server (https://platform.claude.com/docs/en/build-with-claude/compaction): its block stands first
#: in the answer, is sent back as it is, and all before it is ignored from then on.
_BETA = "compact-2026-01-12"
#: No shorter conversation is compacted. Tokens.
_COMPACTED_FROM = 50_000
_COMPACT: BetaContextManagementConfigParam = {
    "edits": [{"type": "compact_20260112", "trigger": {"type": "input_tokens", "value": _COMPACTED_FROM}}]
}
_SUM_UP = (
    "Sum up this conversation for yourself in at most 400 words: what the person wants, what was done (ids of work"
    " streams and agents), what is open. Call no tool."
)

#: What the API lets us send back of a block that it sent; more would be refused.
_SENT_BACK = {
    "text": ("type", "text"),
    "tool_use": ("type", "id", "name", "input"),
    "thinking": ("type", "thinking", "signature"),
    "redacted_thinking": ("type", "data"),
    "compaction": ("type", "content", "encrypted_content", "signature", "tool_changes"),
}


class Unavailable(Exception):
    """The model cannot be asked now.

    `reason` is a sentence for people; `lasting` is true when asking again later will not help (a wrong key, an unknown
    model).
    """

    def __init__(self, reason: str, *, lasting: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.lasting = reason, lasting


class CannotCompact(Exception):
    """The server, or its model, does not compact conversations."""


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
    def tokens(self) -> dict[str, int]:
        """What the journal keeps of it."""
        return {name: getattr(self, name) for name in ("input", "cache_read", "cache_written", "output")}

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
    #: All tokens that went in for the answer itself; `usage` holds those of a compaction as well.
    context: int = 0
    model: str = ""
    #: Why it would not answer, for the stop reason "refusal".
    refusal: str = ""

    @property
    def is_compacted(self) -> bool:
        """True when the server has summed up what was before, and a conversation can go on from this message."""
        return any(block["type"] == "compaction" for block in self.content)

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
    #: False once the server did not sum up a long conversation when it was asked to.
    _compacts: bool = field(default=True, init=False)
    _client: AsyncAnthropic | None = field(default=None, init=False)

    async def answer(
        self,
        messages: Sequence[Mapping[str, Any]],
        on_text: Callable[[str], None],
        on_cut: Callable[[str, bool], None] = lambda said, again: None,
        *,
        compact: bool = False,
    ) -> Turn:
        """Ask for the next turn.

        Args:
            messages: the conversation so far; the last one is the user's.
            on_text: told each piece of text as it comes.
            on_cut: told when the stream broke: the text that came, which is void, and whether it begins anew.
            compact: have the server sum up what was said before, and answer on from there.

        Raises:
            CannotCompact: it was to, and the server refuses to.
            Unavailable: no key, a refused key, an unknown model, or a server that does not answer after all retries.
            asyncio.CancelledError: the caller does not want to know any more; nothing of the answer is kept.
        """
        for attempt in range(1, _STREAM_TRIES + 1):
            said: list[str] = []
            try:
                turn = await self._stream(messages, on_text, said, compact)
                self._compacts = self._compacts and (turn.is_compacted or not compact)
                return turn
            except _failures() as error:
                if compact and getattr(error, "status_code", 0) == 400:
                    self._compacts = False
                    raise CannotCompact from error
                again = _is_broken_stream(error) and attempt < _STREAM_TRIES
                if said:
                    on_cut("".join(said), again)
                if not again:
                    raise _unavailable(error) from error
            await asyncio.sleep(_PAUSE * attempt)
        raise AssertionError("unreachable")

    async def _stream(
        self,
        messages: Sequence[Mapping[str, Any]],
        on_text: Callable[[str], None],
        said: list[str],
        compact: bool,
    ) -> Turn:
        async with self._asked(self.request(messages), compact) as stream:
            async for piece in stream.text_stream:
                said.append(piece)
                on_text(piece)
            message = await stream.get_final_message()
        return _turn(message)

    def _asked(
        self, request: dict[str, Any], compact: bool
    ) -> AsyncMessageStreamManager[None] | BetaAsyncMessageStreamManager[None]:
        """The stream of an answer; the beta is asked for only where it is needed, because other servers have none."""
        blocks = [block for message in request["messages"] for block in message["content"]]
        if compact:
            return self._open().beta.messages.stream(**request, betas=[_BETA], context_management=_COMPACT)
        if any(block["type"] == "compaction" for block in blocks):
            return self._open().beta.messages.stream(**request, betas=[_BETA])
        return self._open().messages.stream(**request)

    def can_compact(self, context: int) -> bool:
        """True when the server may be asked to sum up a conversation of so many tokens."""
        return self._compacts and context >= _COMPACTED_FROM

    async def sum_up(self, messages: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any], Usage]:
        """A message that a conversation can go on from in place of all before, and what the model took to write it.

        What the person said last stays as it is.

        Raises:
            Unavailable: as `answer`.
        """
        turn = await self.answer([*messages, {"role": "user", "content": [text_block(_SUM_UP)]}], lambda _: None)
        last = messages[-1]
        kept = [block for block in last["content"] if block["type"] == "text"] if last["role"] == "user" else []
        summary = text_block(f"<summary>\n{turn.text or 'Nothing of note was said.'}\n</summary>")
        return {"role": "user", "content": [summary, *(kept or [text_block("Go on.")])]}, turn.usage

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


def text_block(said: str) -> Block:
    """Text as a message holds it."""
    return {"type": "text", "text": said}


def _with_breakpoint(message: Mapping[str, Any]) -> dict[str, Any]:
    *before, last = message["content"]
    return {**message, "content": [*before, {**last, "cache_control": dict(_CACHED)}]}


def _turn(message: Message | BetaMessage) -> Turn:
    content = [_sent_back(block.to_dict()) for block in message.content]
    if message.stop_reason == "max_tokens":
        # The arguments of a call that was cut off are not what the model meant.
        while content and content[-1]["type"] == "tool_use":
            content.pop()
    usage, details = _usage(message.usage, requests=1), getattr(message, "stop_details", None)
    # What a compaction takes is told apart from the rest.
    parts = [part for part in getattr(message.usage, "iterations", None) or () if part.type == "compaction"]
    return Turn(
        content=tuple(block for block in content if not _is_empty(block)),
        stop_reason=message.stop_reason or "end_turn",
        usage=sum(map(_usage, parts), usage),
        context=usage.context,
        model=message.model,
        refusal=clean(str(getattr(details, "explanation", "") or getattr(details, "category", "") or ""), 300),
    )


def _is_empty(block: Block) -> bool:
    """True for what the API would not take back, or (a compaction that failed) does not need."""
    said = block.get({"text": "text", "compaction": "content"}.get(block["type"], "type"))
    return not str(said or "").strip()


def _usage(counted: Any, requests: int = 0) -> Usage:
    return Usage(
        input=counted.input_tokens,
        cache_read=counted.cache_read_input_tokens or 0,
        cache_written=counted.cache_creation_input_tokens or 0,
        output=counted.output_tokens,
        requests=requests,
    )


def _sent_back(block: Mapping[str, Any]) -> Block:
    keys = _SENT_BACK.get(str(block["type"]))
    return {key: block[key] for key in keys if block.get(key) is not None} if keys else dict(block)


def _failures() -> tuple[type[Exception], ...]:
    """What a request can raise: a connection that is cut in the middle of a stream is no error of the SDK's own."""
    from importlib import import_module

    import anthropic

    found: list[type[Exception]] = [anthropic.AnthropicError]
    for name in ("httpx2", "httpx"):
        try:
            found.append(import_module(name).TransportError)
        except ImportError:
            continue
    return tuple(found)


def _is_broken_stream(error: Exception) -> bool:
    """True for what the SDK does not ask again for: a cut connection, and an error event in a stream (status 200)."""
    import anthropic

    return not isinstance(error, anthropic.AnthropicError) or getattr(error, "status_code", 0) == 200


def _unavailable(error: Exception) -> Unavailable:
    import anthropic

    if not isinstance(error, anthropic.AnthropicError):
        return Unavailable(f"the connection to the model broke off ({clean(str(error), 100)})")
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
