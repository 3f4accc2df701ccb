"""Streams that the real API once sent, read by our own code. They are third parties' and are not carried along."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from orchestrator_agent.interpreters.claude import Claude, Turn
from orchestrator_agent.settings import ConversationSettings

RECORDINGS = Path(__file__).parents[2] / "shared" / "wire"


def streams() -> list[Any]:
    found = []
    for path in sorted(RECORDINGS.glob("*.json")):
        exchanges = json.loads(path.read_text("utf-8"))["interactions"]
        for number, exchange in enumerate(exchanges):
            if "sse" in exchange["response"]:
                found.append(pytest.param(exchange["response"]["sse"], id=f"{path.stem}-{number}"))
    return found or [pytest.param("", marks=pytest.mark.skip("the recordings are not beside the project"))]


@contextmanager
def server_of(sse: str) -> Iterator[str]:
    """An address that answers everything with one stream."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            data = sse.encode()
            self.send_response(200)
            self.send_header("content-type", "text/event-stream; charset=utf-8")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def read(address: str) -> tuple[Turn, str]:
    settings = ConversationSettings(base_url=address, retries=0)
    pieces: list[str] = []

    async def ask() -> Turn:
        claude = Claude(settings, "system", [])
        try:
            message = {"role": "user", "content": [{"type": "text", "text": "hello"}]}
            return await claude.answer([message], pieces.append)
        finally:
            await claude.close()

    return asyncio.run(ask()), "".join(pieces)


@pytest.mark.parametrize("sse", streams())
def test_a_recorded_stream_is_read_whole(sse: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-replayed")
    with server_of(sse) as address:
        turn, said = read(address)
    events = [json.loads(line.removeprefix("data: ")) for line in sse.splitlines() if line.startswith("data: ")]
    names = [e["content_block"]["name"] for e in events if e.get("content_block", {}).get("type") == "tool_use"]
    text = "".join(e["delta"]["text"] for e in events if e.get("delta", {}).get("type") == "text_delta")
    ends = [e for e in events if e["type"] == "message_delta"]
    assert [call["name"] for call in turn.calls] == names and all(isinstance(c["input"], dict) for c in turn.calls)
    assert said == text and turn.stop_reason == ends[-1]["delta"]["stop_reason"]
    assert turn.usage.output == ends[-1]["usage"]["output_tokens"]
    assert turn.content, "an answer that could not be sent back"
