"""The block scanner against a CommonMark parser, on generated text and on real files where they are at hand.

Where plans need something else than CommonMark, the text that is compared leaves it out, and a test of its own says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from support import ROOT

from orchestrator_agent.roadmap.document import Document, Kind, scan
from orchestrator_agent.roadmap.table_lines import tables_of

REAL = ROOT.parent / "shared" / "corpus" / "plans"
PARSER = MarkdownIt("commonmark").enable("table")


@dataclass
class Seen:
    """Line numbers from 1, by what stands there."""

    headings: dict[int, tuple[int, str]] = field(default_factory=dict)
    items: set[int] = field(default_factory=set)
    fenced: set[int] = field(default_factory=set)
    hidden: set[int] = field(default_factory=set)
    #: First line and number of rows of each table.
    tables: set[tuple[int, int]] = field(default_factory=set)
    #: Where plans differ: what is code, or goes on with a paragraph, because of its indentation; headings inside items,
    #: and quotations.
    other: set[int] = field(default_factory=set)


def lines(token: Token) -> range:
    assert token.map is not None
    return range(token.map[0] + 1, token.map[1] + 1)


def by_parser(text: str) -> Seen:
    seen = Seen()
    raw = text.split("\n")
    tokens = PARSER.parse(text)
    for index, token in enumerate(tokens):
        if token.type == "heading_open" and token.level:
            seen.other.update(lines(token))
        elif token.type == "heading_open" and token.markup.startswith("#"):
            seen.headings[lines(token)[0]] = (len(token.markup), tokens[index + 1].content)
        elif token.type == "list_item_open":
            seen.items.add(lines(token)[0])
        elif token.type == "fence":
            seen.fenced.update(lines(token))
        elif token.type == "html_block":
            seen.hidden.update(lines(token))
        elif token.type == "table_open":
            seen.tables.add((lines(token)[0], len(lines(token)) - 2))
        elif token.type in ("code_block", "blockquote_open"):
            seen.other.update(lines(token))
        elif token.type == "paragraph_open":
            seen.other.update(
                number for number in lines(token)[1:] if raw[number - 1].expandtabs(4).startswith(" " * 4)
            )
    return seen


def by_scanner(document: Document) -> Seen:
    seen = Seen()
    for line in document.lines:
        if line.kind is Kind.HEADING:
            seen.headings[line.number] = (line.level, line.content)
        elif line.kind is Kind.ITEM:
            seen.items.add(line.number)
        elif line.kind is Kind.FENCED:
            seen.fenced.add(line.number)
        elif line.kind is Kind.HIDDEN:
            seen.hidden.add(line.number)
    seen.tables = {(table.header.line.number, len(table.rows)) for table in tables_of(document)}
    return seen


def agree(text: str) -> None:
    """Both see the same, apart from what `Seen.other` holds."""
    want, got = by_parser(as_meant(text)), by_scanner(scan(text.encode(), "plan.md"))
    skip = want.other
    assert outside(skip, got.headings) == outside(skip, want.headings)
    assert got.items - skip == want.items - skip
    assert got.fenced - skip == want.fenced - skip
    above = match[0].count("\n") if (match := _FRONT_MATTER.match(text)) else 0
    assert {number for number in got.hidden - skip if number > above} <= want.hidden
    assert {table for table in got.tables if table[0] not in skip} == {t for t in want.tables if t[0] not in skip}


def outside(skip: set[int], headings: dict[int, tuple[int, str]]) -> dict[int, tuple[int, str]]:
    return {number: heading for number, heading in headings.items() if number not in skip}


_NUMBER = re.compile(r"^(\s*)(\d{1,9})(?=[.)](?:\s|$))")
_FRONT_MATTER = re.compile(r"---\n(?=[A-Za-z_][\w-]*[ \t]*:)(?:.*\n)*?(?:---|\.\.\.)\n")


def as_meant(text: str) -> str:
    """What people mean and CommonMark does not see: the tests at the end of this module."""
    if match := _FRONT_MATTER.match(text):
        text = "\n" * match[0].count("\n") + text[match.end() :]
    lines = [_NUMBER.sub(lambda m: m[1] + "1".rjust(len(m[2]), "0"), line) for line in text.split("\n")]
    return "\n".join(re.sub(r"^(\s*[-*+])\[", r"\1 [", line) for line in lines)


# ---- generated text

INDENT = st.sampled_from(["", "", "", " ", "  ", "   ", "    ", "\t"])
LINES = (
    "# Title", "## Batch 1 (Current)", "### Phase 1.1: Name ##", "#", "#NoHeading", "####### seven", "#\ttab", "# a #b",
    "- [ ] box", "- [x] done", "* item", "+ [~] plus", "1. first", "2. second", "10) tenth", "1.no item", "-\ttab",
    "- **Status:** Done", "-[ ] tight", "[~] no item", "- a | b", "text", "*text*", "**Status:** Done", "`code`", "***",
    "``` not `` a fence ```", "text <!-- in --> line", "<!-- whole -->", "", "", "", "\\# none", "\\- none", "> q",
)  # fmt: skip
LINE = st.builds("{}{}".format, INDENT, st.sampled_from(LINES))
CONTENT = st.lists(
    st.one_of(LINE, st.sampled_from(["``", "~~", "    ```", "a ```", "<!-- open", "end -->"])), max_size=4
)


def fence(mark: str, info: str, content: list[str]) -> str:
    return "\n".join([mark + info, *(line for line in content if mark[0] * 3 not in line or mark[0] == "~"), mark])


FENCE = st.builds(
    fence, st.sampled_from(["```", "````", "~~~", "~~~~~"]), st.sampled_from(["", "python", " sh"]), CONTENT
)
COMMENT = st.builds(
    lambda content: "\n".join(["<!-- begin", *(line for line in content if "-->" not in line), "-->"]), CONTENT
)
CELLS = st.lists(st.sampled_from(["a", "[ ]", "\\|", "🔴 Not Started", "~~no~~", "1.2"]), min_size=2, max_size=2)


def table(head: list[str], rows: list[list[str]], outer: str) -> str:
    made = [head, ["---", ":-:"], *rows]
    return "\n".join(["", *(f"{outer} {' | '.join(row)} {outer}".strip() for row in made), ""])


TABLE = st.builds(table, CELLS, st.lists(CELLS, max_size=3), st.sampled_from(["|", ""]))


def item(marker: str, blocks: list[str]) -> str:
    inner = "\n".join(["text", *blocks]).split("\n")
    pad = " " * (len(marker) + 1)
    return "\n".join(["", f"{marker} {inner[0]}", *(pad + line if line else "" for line in inner[1:]), ""])


ITEM = st.builds(item, st.sampled_from(["-", "*", "1."]), st.lists(st.one_of(FENCE, COMMENT, LINE), max_size=3))
PLAN = st.lists(st.one_of(LINE, LINE, FENCE, COMMENT, TABLE, ITEM), max_size=12).map(
    lambda blocks: "\n".join([*blocks, "end\n"])
)


@given(PLAN)
@settings(max_examples=400, deadline=None)
def test_generated_plans_are_seen_as_by_the_parser(text: str) -> None:
    agree(text)


# ---- real files


def _real() -> list[Path]:
    found = [path for path in sorted(REAL.rglob("*.md")) if path.is_file()]
    return [
        path for path in found if not re.search(r"^\s*(`{3,}|~{3,})\s*(?:markdown|md)\b", path.read_text("utf-8"), re.M)
    ]


@pytest.mark.skipif(not REAL.is_dir(), reason="the collection of real plans is not here")
def test_real_plans_are_seen_as_by_the_parser() -> None:
    files = _real()
    assert len(files) > 50
    for path in files:
        # The parser does not count a lone CR as the end of a line.
        agree(path.read_text("utf-8").replace("\r\n", "\n"))


# ---- on purpose otherwise


def kinds(text: str) -> list[str]:
    return [line.kind for line in scan(text.encode(), "plan.md").lines]


def test_a_fence_of_markdown_holds_fences_of_its_own() -> None:
    text = "```markdown\n```sh\nls\n```\n- [ ] an example\n```\n- [ ] work\n"
    assert kinds(text) == ["fenced"] * 6 + ["item"]
    assert by_parser(text).items == {5}


def test_indented_boxes_are_items_and_no_code() -> None:
    assert kinds("Steps:\n\n    - [ ] one\n") == ["text", "blank", "item"]
    assert kinds("Steps:\n    - [ ] one\n") == ["text", "item"]


def test_a_list_may_go_on_with_any_number() -> None:
    assert kinds("text\n7. seven\n") == ["text", "item"]
    assert by_parser("text\n7. seven\n").items == set()


def test_a_box_may_touch_its_bullet() -> None:
    (line,) = scan(b"-[x] NAME:one\n", "plan.md").lines
    assert (line.kind, line.box, line.content) == (Kind.ITEM, "x", "NAME:one")


def test_front_matter_is_no_list() -> None:
    assert kinds("---\nlabels:\n  - web\n---\n- [ ] work\n") == ["hidden"] * 4 + ["item"]


def test_an_indented_fence_that_is_never_closed_ends_with_its_item() -> None:
    assert kinds("- one\n  ```\n  code\n- two\n") == ["item", "fenced", "fenced", "item"]
    top = scan(b"```\n- one\n", "plan.md")
    assert [line.kind for line in top.lines] == [Kind.FENCED, Kind.FENCED]
    assert top.warnings == ("plan.md:1: a code fence is never closed; nothing after it was read.",)


def test_html_that_wraps_work_hides_nothing() -> None:
    assert kinds("<details>\n- [ ] work\n</details>\n") == ["text", "item", "text"]


def test_what_follows_a_comment_on_its_last_line_counts() -> None:
    first, second = scan(b"<!-- one\ntwo --> - [ ] work\n", "plan.md").lines
    assert (first.kind, second.kind, second.box) == (Kind.BLANK, Kind.ITEM, " ")


def test_a_comment_that_never_ends_hides_the_rest_and_is_warned_of() -> None:
    document = scan(b"- [ ] work\n<!-- begin\n- [ ] hidden\n", "plan.md")
    assert [line.kind for line in document.lines][::2] == [Kind.ITEM, Kind.HIDDEN]
    assert document.warnings == ("plan.md:2: a comment is never closed; nothing after it was read.",)


# ---- offsets


@given(st.text(alphabet=st.sampled_from("#-*+.[] x1|`~<!>\n\r\té—\ufeff"), max_size=80))
def test_offsets_point_at_what_they_say(text: str) -> None:
    document = scan(text.encode(), "plan.md")
    assert document.text == text
    ends = 0
    for line in document.lines:
        assert ends <= line.begin <= line.end
        assert not set(text[ends : line.begin]) - set("\r\n\ufeff")
        if line.box is not None:
            assert text[line.box_start : line.box_start + len(line.box)] == line.box
        if "<!--" not in document.raw(line) and "-->" not in document.raw(line):
            assert text[line.start : line.start + len(line.content)] == line.content
        ends = line.end
    assert not set(text[ends:]) - set("\r\n\ufeff")
