"""Conversations on record, replayed without a network (vcrpy). Import it as `support_cassettes`.

`pytest --record=stand-in tests/test_cassettes.py` records them anew from the stand-in, and `--record=real` (that is
`make record`, with ANTHROPIC_API_KEY set) from the real API. Each file says where its answers came from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import vcr
from standin import Brain, StandIn
from vcr.serializers import yamlserializer

FOLDER = Path(__file__).parent / "cassettes"
REAL = "https://api.anthropic.com"
#: What differs between two runs of the same conversation and means nothing.
_PASSING = (
    (re.compile(r"\b[a-z]+-[\w.]+-\d{10}(-\d+)?\b"), "AGENT"),
    (re.compile(r"\b[0-9a-f]{12,40}\b"), "HASH"),
    (re.compile(r"\b\d+(\.\d+)?\s?(s|m \d\ds|seconds)\b"), "TIME"),
)
_KEPT_HEADERS = ("content-type", "x-should-retry", "retry-after")


class _Serializer:
    """YAML that says where it was recorded from."""

    def __init__(self, source: str) -> None:
        self.source = source

    def serialize(self, cassette: dict[str, Any]) -> str:
        said: str = yamlserializer.serialize({"metadata": {"recorded_from": self.source}, **cassette})
        return said

    def deserialize(self, text: str) -> dict[str, Any]:
        read: dict[str, Any] = yamlserializer.deserialize(text)
        return read


def source_of(name: str) -> str:
    """Where a cassette's answers came from."""
    text = (FOLDER / f"{name}.yaml").read_text("utf-8")
    return str(yamlserializer.deserialize(text)["metadata"]["recorded_from"])


@contextmanager
def cassette(
    name: str, brain: Brain, record: str | None, environ: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Within this, the model answers from the record, or is recorded.

    Args:
        brain: what the stand-in answers when it is recorded.
        record: None to replay, "stand-in" or "real".
        environ: holds the real key, when that is needed.
    """
    path = FOLDER / f"{name}.yaml"
    if record == "stand-in":
        with StandIn(brain) as standin, _recorder("stand-in", standin.environment, monkeypatch, path):
            yield
    elif record == "real":
        given = {"ANTHROPIC_BASE_URL": REAL, "ANTHROPIC_API_KEY": environ["ANTHROPIC_API_KEY"]}
        with _recorder("real API", given, monkeypatch, path):
            yield
    else:
        given = {"ANTHROPIC_BASE_URL": "http://127.0.0.1:9", "ANTHROPIC_API_KEY": "sk-replayed"}
        with _machine(source_of(name), given, monkeypatch).use_cassette(str(path), record_mode="none") as tape:
            yield
        if not tape.all_played:
            pytest.fail(
                f"{path.name} holds another conversation than this one: prompt, tools or code have changed. {AGAIN}"
            )


AGAIN = "Record it again: `make record` (with a key), or pytest --record=stand-in tests/test_cassettes.py"


@contextmanager
def _recorder(source: str, given: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, path: Path) -> Iterator[None]:
    path.unlink(missing_ok=True)
    with _machine(source, given, monkeypatch).use_cassette(str(path), record_mode="new_episodes"):
        yield


def _machine(source: str, given: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    machine = vcr.VCR(
        match_on=("method", "path", "meaning"),
        before_record_request=_without_place,
        before_record_response=_without_names,
        decode_compressed_response=True,
        serializer="labelled",
    )
    machine.register_serializer("labelled", _Serializer(source))
    machine.register_matcher("meaning", _same_meaning)
    return machine


def _without_place(request: Any) -> Any:
    """The request without key, host and other headers: they say nothing and may tell too much."""
    request.headers = {"content-type": "application/json"}
    request.uri = f"{REAL}{urlsplit(request.uri).path}"
    return request


def _without_names(response: dict[str, Any]) -> dict[str, Any]:
    headers = response["headers"]
    response["headers"] = {name: value for name, value in headers.items() if name.lower() in _KEPT_HEADERS}
    return response


def _same_meaning(one: Any, other: Any) -> None:
    assert meaning(one.body) == meaning(other.body)


def meaning(body: bytes | str) -> Any:
    """What a request says, without what passes: times, ids of agents and commands."""
    asked = json.loads(body)
    messages = [
        (message["role"], [_steady(block) for block in message["content"] if not _is_news(block)])
        for message in asked["messages"]
    ]
    return {**asked, "messages": messages}


def _is_news(block: Mapping[str, Any]) -> bool:
    return str(block.get("text", "")).startswith("<now>")


def _steady(block: Mapping[str, Any]) -> dict[str, Any]:
    steady = dict(block)
    if block["type"] == "tool_result":
        for pattern, word in _PASSING:
            steady["content"] = pattern.sub(word, steady["content"])
    return steady
