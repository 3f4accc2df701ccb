"""The server: one thread per connection, every request kept."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from standin import wire
from standin.answers import Answer, Failure, Reply

KEY = "sk-standin-not-a-real-key"
_BYTES_PER_TOKEN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it came in."""

    #: 0 for the first that the server got.
    number: int
    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    at: float = field(default_factory=time.time)

    @property
    def last(self) -> list[dict[str, Any]]:
        """The blocks of the last message."""
        content = self.body["messages"][-1]["content"]
        return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)

    @property
    def said(self) -> str:
        """The text of the last message."""
        return "\n".join(str(block["text"]) for block in self.last if block["type"] == "text")

    @property
    def results(self) -> dict[str, str]:
        """The text of each tool result in the last message, by the id of its call."""
        return {
            block["tool_use_id"]: _flat(block.get("content", ""))
            for block in self.last
            if block["type"] == "tool_result"
        }


#: Decides what a request is answered with.
Brain = Callable[[Request], Reply]


def in_turn(*replies: Reply) -> Brain:
    """A brain that gives its answers one after the other, and the last one for ever."""
    rest = list(replies)
    lock = threading.Lock()

    def answer(_: Request) -> Reply:
        with lock:
            return rest.pop(0) if len(rest) > 1 else rest[0]

    return answer


def _flat(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(block.get("text", "")) for block in content)


class StandIn:
    """A running server. Use it in a `with` statement; it is on loopback and on a free port."""

    def __init__(
        self, brain: Brain, *, key: str | None = KEY, port: int = 0, betas: Sequence[str] = (wire.COMPACTION,)
    ) -> None:
        """Args: key: the only one that is let in; None for any. betas: those that this server has."""
        self.brain, self.key, self.betas = brain, key, betas
        self.requests: list[Request] = []
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """For ANTHROPIC_BASE_URL."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """What makes an SDK, or Claude Code, talk to this server."""
        return {"ANTHROPIC_BASE_URL": self.url, "ANTHROPIC_API_KEY": self.key or KEY}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, path: str, headers: Mapping[str, str], body: dict[str, Any]) -> tuple[Request, Reply]:
        """Note a request and decide about it."""
        with self._lock:
            request = Request(number=len(self.requests), path=path, headers=headers, body=body)
            self.requests.append(request)
        given = headers.get("authorization", "").removeprefix("Bearer ") or headers.get("x-api-key", "")
        if self.key is not None and given != self.key:
            return request, Failure(status=401, message="invalid x-api-key")
        asked = headers.get("anthropic-beta", "").split(",")
        if refused := wire.objection(body, [name for name in self.betas if name in asked]):
            return request, Failure(status=400, message=refused)
        return request, self.brain(request)

    def usage(self, body: Mapping[str, Any], answer: Answer) -> dict[str, Any]:
        """Token counters, cache included: what stands before a breakpoint that was sent before is read from it."""
        hashed, length, marks = hashlib.sha256(), 0, []
        pieces = list(wire.parts(body))
        for number, (role, block) in enumerate(pieces):
            plain = {key: value for key, value in block.items() if key != "cache_control"}
            data = json.dumps([role, plain], sort_keys=True).encode()
            hashed.update(data)
            length += len(data)
            automatic = number == len(pieces) - 1 and "cache_control" in body
            marks.append((hashed.hexdigest(), length, automatic or "cache_control" in block))
        with self._lock:
            read = max((size for name, size, _ in marks if name in self._seen), default=0)
            written = max((size for _, size, mark in marks if mark), default=0)
            self._seen.update({name: time.time() for name, _, mark in marks if mark})
        created = max(0, written - read)
        counted = {
            "input_tokens": (length - read - created) // _BYTES_PER_TOKEN,
            "cache_creation_input_tokens": created // _BYTES_PER_TOKEN,
            "cache_read_input_tokens": read // _BYTES_PER_TOKEN,
            "cache_creation": {
                "ephemeral_5m_input_tokens": created // _BYTES_PER_TOKEN,
                "ephemeral_1h_input_tokens": 0,
            },
            "output_tokens": max(1, len(json.dumps(list(answer.content))) // _BYTES_PER_TOKEN),
            "service_tier": "standard",
            "inference_geo": "not_available",
        }
        compacts = any(block["type"] == "compaction" for block in answer.content)
        return _compacted(counted, answer) if compacts else counted


def _compacted(counted: dict[str, Any], answer: Answer) -> dict[str, Any]:
    """Counters of an answer for which all that came in was summed up first: that is told apart."""
    summary = next(block for block in answer.content if block["type"] == "compaction")
    size = len(json.dumps(summary)) // _BYTES_PER_TOKEN
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    first = {"type": "compaction", **{name: counted[name] for name in names}, "output_tokens": size}
    rest = {**counted, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "input_tokens": size}
    second = {"type": "message", **{name: rest[name] for name in (*names, "output_tokens")}}
    return {**rest, "iterations": [first, second]}


def _handler(standin: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: requests are kept in `StandIn.requests`."""

        def do_HEAD(self) -> None:
            self._send(200, {}, b"")

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            path = self.path.partition("?")[0]
            body = json.loads(raw or b"{}")
            headers = {name.lower(): value for name, value in self.headers.items()}
            if path == "/v1/messages/count_tokens":
                return self._json(200, {"input_tokens": len(raw) // _BYTES_PER_TOKEN}, {})
            if path != "/v1/messages":
                return self._fail(Failure(status=404, message=f"no such path: {path}"))
            request, reply = standin.take(path, headers, body)
            if isinstance(reply, Failure):
                return self._fail(reply)
            usage = standin.usage(body, reply)
            if body.get("stream"):
                return self._stream(request, reply, usage)
            self._json(200, wire.message(reply, body["model"], usage), reply.headers)

        def _fail(self, failure: Failure) -> None:
            if failure.status == 0:
                self.close_connection = True
                return
            body, headers = wire.error(failure, f"req_standin{len(standin.requests):06}")
            self._json(failure.status, body, headers)

        def _json(self, status: int, body: Any, headers: Mapping[str, str]) -> None:
            self._send(status, {"content-type": "application/json", **headers}, json.dumps(body).encode())

        def _send(self, status: int, headers: Mapping[str, str], data: bytes) -> None:
            self.send_response(status)
            for name, value in {"request-id": f"req_standin{len(standin.requests):06}", **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _stream(self, request: Request, answer: Answer, usage: Mapping[str, Any]) -> None:
            self.send_response(200)
            for name, value in {"content-type": "text/event-stream; charset=utf-8", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("request-id", f"req_standin{request.number + 1:06}")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            try:
                if self._events(list(wire.events(answer, request.body["model"], usage)), answer):
                    self.wfile.write(b"0\r\n\r\n")
                    return
            except OSError:
                pass  # whoever asked has left
            self.close_connection = True

        def _events(self, events: Sequence[wire.Event], answer: Answer) -> bool:
            """Send them; False when the stream is to be cut off."""
            for number, event in enumerate(events):
                if answer.cut_after is not None and number >= answer.cut_after:
                    return False
                if answer.error_after is not None and number >= answer.error_after[0]:
                    said = {"type": answer.error_after[1], "message": "Overloaded"}
                    self._chunk(wire.encode({"type": "error", "error": said}))
                    return True
                self._chunk(wire.encode(event))
                if answer.pause:
                    time.sleep(answer.pause)
            return True

        def _chunk(self, data: bytes) -> None:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
            self.wfile.flush()

    return Handler
