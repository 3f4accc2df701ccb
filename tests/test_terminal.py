"""Text for people: whatever it is made of, it does nothing to a terminal."""

from __future__ import annotations

import io
import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator_agent.terminal import clean, duration, style

_FORBIDDEN = {chr(c) for c in (*range(0x20), *range(0x7F, 0xA0), 0x202E, 0x2066, 0x200F, 0x2028, 0x2029)}


@given(st.text(alphabet=st.characters(codec=None)))
def test_nothing_harmful_comes_through(text: str) -> None:
    for keep in (False, True):
        cleaned = clean(text, keep_newlines=keep)
        assert not set(cleaned) & (_FORBIDDEN - (set("\n\t") if keep else set()))
        assert not any(unicodedata.category(char) == "Cs" for char in cleaned)
        cleaned.encode("utf-8")


@given(st.text(), st.integers(1, 40))
def test_limits_hold(text: str, limit: int) -> None:
    assert len(clean(text, limit)) <= limit


def test_escapes_are_visible_and_harmless() -> None:
    assert clean("\x1b[31mred\x1b[0m\x1b]0;title\x07") == "␛[31mred␛[0m␛]0;title"
    assert clean("a\r\nb\tc\x00d\x9b31m") == "a b cd31m"
    assert clean("a\nb\tc", keep_newlines=True) == "a\nb\tc"
    assert clean("admin\u202etxt.exe") == "admintxt.exe"


def test_human_text_stays() -> None:
    text = "Ünïcödé 日本語 עברית 👩‍👩‍👧 naïve — “quoted”"
    assert clean(text) == text


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colours_are_for_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    assert style("x", "red", io.StringIO()) == "x"
    assert style("x", "red", _Terminal()) == "\x1b[31mx\x1b[0m"
    monkeypatch.setenv("TERM", "dumb")
    assert style("x", "red", _Terminal()) == "x"
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "")
    assert "NO_COLOR" in os.environ and style("x", "red", _Terminal()) == "x"


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0s"), (-3, "0s"), (59.9, "59s"), (60, "1m 00s"), (3599, "59m 59s"), (7500, "2h 05m")]
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said
