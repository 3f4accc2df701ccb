"""What a model writes, on a terminal: styled where there are colours, plain text elsewhere, and harmless always."""

from __future__ import annotations

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_work import is_harmless

from orchestrator_agent.markdown import Markdown

TEXT = """\
## The **plan**

I start `1.1` and **not** `2.1 **x**`:
- one * two
  * three
1. four

~~~python
# no heading, `no` **marks**
~~~
2 * 3 * 4, snake_case_name and __bold__
"""
PLAIN = """\
The plan

I start 1.1 and not 2.1 **x**:
• one * two
  • three
1. four

  # no heading, `no` **marks**
2 * 3 * 4, snake_case_name and bold"""


def shown(text: str, size: int = 10_000, width: int = 0) -> list[str]:
    """All lines of a text that came in pieces of `size` characters."""
    markdown = Markdown(width)
    lines = [line for start in range(0, len(text), size) for line in markdown.feed(text[start : start + size])]
    return [*lines, *markdown.end()]


class Terminal(io.StringIO):
    """Text that takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("size", [1, 3, 10_000])
def test_without_colours_it_is_plain_text_however_it_comes(size: int) -> None:
    assert "\n".join(shown(TEXT, size)) == PLAIN


def test_with_colours_headings_are_bold_and_code_is_dim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal())
    bold, dim, off = "\x1b[1m", "\x1b[2m", "\x1b[0m"
    assert shown("# A **b**\nx `c` **d**\n```\ne\n```") == [
        f"{bold}A b{off}",
        f"x {dim}c{off} {bold}d{off}",
        f"{dim}  e{off}",
    ]


def test_lines_are_shown_as_they_are_complete() -> None:
    markdown = Markdown()
    assert markdown.feed("one\ntw") == ["one"]
    assert markdown.feed("o") == []
    assert markdown.feed("\n\n") == ["two", ""]
    assert markdown.end() == []


def test_a_block_of_code_ends_with_its_own_mark() -> None:
    assert shown("````\n```\nx\n````\n# y") == ["  ```", "  x", "y"]
    assert shown("```\nnever closed") == ["  never closed"]


def test_long_lines_are_broken_between_words_and_not_within_marks() -> None:
    assert shown("- aaa bbb ccc ddd", width=9) == ["• aaa bbb", "ccc ddd"]
    assert shown("aaa **bbb ccc** ddd", size=1, width=9) == ["aaa", "bbb ccc ddd"]
    assert shown("a" * 30, width=9) == ["a" * 30]
    markdown = Markdown(9)
    assert markdown.feed("aaa bbb ccc") == ["aaa bbb"]  # before the line is complete
    assert markdown.feed("\n# head\n") == ["ccc", "head"]


@given(st.text(), st.integers(1, 9), st.integers(0, 20))
def test_no_text_steers_the_terminal(text: str, size: int, width: int) -> None:
    assert all(is_harmless(line) and "\n" not in line for line in shown(text, size, width))


@given(st.text(alphabet="a *_`#-~\n\t", max_size=60), st.integers(1, 9))
def test_it_reads_the_same_however_it_comes(text: str, size: int) -> None:
    assert shown(text, size) == shown(text)
