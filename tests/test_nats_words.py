"""Subjects, messages and sign-in of NATS: what hostile text can do to them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestrator_agent.coordinators import connection, messages
from orchestrator_agent.coordinators.subjects import COMMANDS, Address, Subjects, escape, is_prefix, unescape
from orchestrator_agent.errors import SettingsError
from orchestrator_agent.settings import NatsSettings

ANY_TEXT = st.text(st.characters(), max_size=40)  # lone surrogates included
HOSTILE = (
    "",
    " ",
    ".",
    "..",
    "*",
    ">",
    "_",
    "__",
    "a.b_c",
    "%",
    "%5F",
    "%2e",
    "a b",
    "ü",
    "\0",
    "\r\n",
    "\ud800",
    "$JS.API",
)


@given(ANY_TEXT)
@example("coder-1.2-1764977334")
def test_every_id_is_one_token_and_comes_back(text: str) -> None:
    token = escape(text)
    assert re.fullmatch(r"[A-Za-z0-9_%~-]+", token)
    assert unescape(token) == text


@given(ANY_TEXT, ANY_TEXT)
def test_two_ids_never_share_a_token(one: str, other: str) -> None:
    assert (escape(one) == escape(other)) == (one == other)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("prefix", ["orchestrator", "team.my-repo"])
def test_hostile_ids_stay_in_their_place(text: str, prefix: str) -> None:
    subjects = Subjects(prefix)
    for command in COMMANDS:
        assert subjects.parse(subjects.agent(text, command)) == Address(command, text)
    assert subjects.status(text).count(".") == prefix.count(".") + 2
    assert subjects.owns(subjects.status(text)) and not subjects.owns(f"{prefix}x.status")


def test_a_usual_id_reads_as_the_design_says() -> None:
    assert escape("coder-1.2-1764977334") == "coder-1_2-1764977334"
    assert Subjects().status(None) == "orchestrator.status.controller"
    assert Subjects().parse("orchestrator.broadcast.stop") == Address("stop", None)


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "agent",
        "agent.x",
        "agent.x.bogus",
        "agent.x.y.stop",
        "broadcast.x.stop",
        "broadcast",
        "status.x",
        "stop",
        "agent.%ff.stop",
    ],
)
def test_other_subjects_name_nothing(rest: str) -> None:
    with pytest.raises(ValueError):
        Subjects().parse(f"orchestrator.{rest}")


@given(st.text(max_size=20))
def test_a_prefix_is_only_tokens(text: str) -> None:
    assert is_prefix(text) == bool(re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){0,7}", text))


# -- messages ------------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.dictionaries(st.sampled_from(["type", "payload", "timestamp", "version", "id", "reply", "other"]), JSON)


@given(
    st.binary(max_size=200) | (FIELDS | JSON).map(lambda value: json.dumps(value).encode()), st.sampled_from(COMMANDS)
)
def test_any_bytes_are_a_message_or_malformed(data: bytes, command: str) -> None:
    try:
        messages.payload_of(command, messages.read(data))
    except messages.Malformed as error:
        assert len(str(error)) < 400 and str(error).isprintable()


def test_unknown_fields_are_ignored_and_nothing_is_a_message() -> None:
    body = {
        "type": "feedback",
        "payload": {"feedback": "x", "mood": 1},
        "timestamp": "2026-01-01",
        "version": 7,
        "new": [],
    }
    message = messages.read(json.dumps(body).encode())
    assert messages.payload_of("feedback", message) == messages.Feedback(feedback="x", action="next")
    assert messages.payload_of("stop", messages.read(b"")) == messages.Reason()


@pytest.mark.parametrize(
    ("command", "body", "said"),
    [
        ("stop", {"type": "pause"}, "the subject says stop"),
        ("feedback", {"payload": {}}, "payload: feedback"),
        ("feedback", {"payload": {"feedback": "x", "action": "soon"}}, "payload: action"),
        ("redirect", {"payload": {"new_work_stream": 7}}, "payload: new_work_stream"),
        ("status", {"payload": {"since": -1}}, "payload: since"),
        ("stop", {"id": "x" * 201}, "id:"),
        ("stop", {"reply": "a.>"}, "reply:"),
        ("stop", {"reply": "a b"}, "reply:"),
        ("stop", {"version": 0}, "version:"),
        ("stop", [], "no"),
    ],
)
def test_what_is_wrong_with_a_message_is_said_without_repeating_it(command: str, body: Any, said: str) -> None:
    with pytest.raises(messages.Malformed) as caught:
        messages.payload_of(command, messages.read(json.dumps(body).encode()))
    assert said in str(caught.value) and "soon" not in str(caught.value)


def test_long_and_deep_messages_are_refused() -> None:
    with pytest.raises(messages.Malformed, match="65537 bytes"):
        messages.read(b" " * 65537)
    with pytest.raises(messages.Malformed):
        messages.read(b"[" * 60000)
    messages.read(b" " * 65534 + b"{}")


# -- sign-in -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "[::1]", "localhost"])
def test_loopback_needs_no_sign_in(tmp_path: Path, host: str) -> None:
    where = connection.target(NatsSettings(url=f"nats://{host}:4222"), tmp_path, {})
    assert (where.kind, dict(where.options)) == ("none", {})


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "example.org", "0.0.0.0", "127.0.0.1.example.org", "[::]", "localhost.example.org"]
)
def test_other_machines_do(tmp_path: Path, host: str) -> None:
    settings = NatsSettings(url=f"nats://{host}:4222")
    with pytest.raises(SettingsError, match="nobody signs in"):
        connection.target(settings, tmp_path, {})
    with pytest.raises(SettingsError, match="could be read on the way"):
        connection.target(settings, tmp_path, {"NATS_TOKEN": "s3cret"})
    loose = NatsSettings(url=settings.url, allow_insecure=True)
    assert connection.target(loose, tmp_path, {"NATS_TOKEN": "s3cret"}).kind == "token"
    assert connection.target(NatsSettings(url=f"tls://{host}"), tmp_path, {"NATS_TOKEN": "s3cret"}).options["tls"]


def test_secrets_come_from_files_and_variables_and_are_never_shown(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    url = "nats://127.0.0.1:4222"
    target = connection.target
    for settings, environ, options in (
        (NatsSettings(url=url, token_file="secret"), {}, {"token": "s3cret"}),
        (NatsSettings(url=url, token_file="absent"), {"NATS_TOKEN": "s3cret"}, {"token": "s3cret"}),
        (NatsSettings(url=url, user="u", password_file="secret"), {}, {"user": "u", "password": "s3cret"}),
        (NatsSettings(url=url), {"NATS_USER": "u", "NATS_PASSWORD": "s3cret"}, {"user": "u", "password": "s3cret"}),
        (NatsSettings(url=url, nkey_seed_file="secret"), {}, {"nkeys_seed_str": "s3cret"}),
        (NatsSettings(url=url), {"NATS_CREDS": "secret"}, {"user_credentials": str(tmp_path / "secret")}),
    ):
        where = target(settings, tmp_path, environ)
        assert dict(where.options) == options
        assert "s3cret" not in repr(where)


@pytest.mark.parametrize(
    "values",
    [
        {"url": ""},
        {"url": "http://127.0.0.1"},
        {"url": "nats://"},
        {"url": "nats://127.0.0.1:99999"},
        {"url": "nats://u:s3cret@127.0.0.1"},
        {"url": "nats://s3cret@127.0.0.1"},
        {"url": "nats://127.0.0.1/x"},
        {"token_file": "absent"},
        {"token_file": "empty"},
        {"token_file": "."},
        {"credentials_file": "absent"},
        {"password_file": "secret"},
        {"url": "tls://127.0.0.1", "tls_ca": "secret"},
        {"prefix": ""},
        {"prefix": "a.>"},
        {"prefix": "a..b"},
        {"prefix": "a b"},
    ],
)
def test_what_cannot_be_used_is_one_sentence_without_secrets(tmp_path: Path, values: dict[str, Any]) -> None:
    (tmp_path / "secret").write_text("s3cret\n")
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(SettingsError) as caught:
        connection.target(NatsSettings(**{"url": "nats://127.0.0.1:4222", **values}), tmp_path, {})
    assert "s3cret" not in str(caught.value) and str(caught.value).endswith((".", ")."))
