"""Markdown as lines: where each begins and ends, and which of them can hold work.

Only what plans need of https://spec.commonmark.org: headings with `#`, list items, fences, comments, front matter.
Every expression is anchored and every loop goes forward, so that hostile text costs no more than its length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial, wraps
from itertools import accumulate
from typing import Any, NamedTuple, TypeVar

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.patterns import regex

MAX_BYTES = 10_000_000
#: The most headings, boxes or rows of one file that may each be work: no person reads more, and each costs time.
MAX_ITEMS = 12_000
_TAB = 4


class Kind:
    """What a line is. No enum: each line is compared often, and to look a member up takes four times as long."""

    BLANK = "blank"
    TEXT = "text"
    HEADING = "heading"
    ITEM = "item"
    #: Inside a fence: an example, never work.
    FENCED = "fenced"
    #: Inside a comment or front matter.
    HIDDEN = "hidden"


class Line(NamedTuple):
    """One line of a document. A named tuple because plans have many lines and a dataclass takes thrice as long."""

    #: 1-based.
    number: int
    #: One of `Kind`.
    kind: str
    #: Columns before the first character, a tab counting to the next multiple of four.
    indent: int
    #: Of a heading 1 to 6, else 0.
    level: int
    #: What stands between the brackets of a box, or None when the item has no box.
    box: str | None
    #: Offset in the document's text of what stands between the brackets.
    box_start: int
    #: What follows `#`, bullet and box, comments blanked, without its end.
    content: str
    #: Offset of `content` in the document's text.
    start: int
    #: Offsets of the whole line, without its end.
    begin: int
    end: int


#: Makes a line of its ten fields in a third of the time.
_LINE_OF = partial(tuple.__new__, Line)

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Document:
    """A plan file that was decoded, with its lines."""

    path: str
    text: str
    lines: tuple[Line, ...]
    warnings: tuple[str, ...]
    #: What was made of the document already: see `once`.
    made: dict[object, Any] = field(default_factory=dict, repr=False, compare=False)

    def raw(self, line: Line) -> str:
        """The whole line as written, without its end."""
        return self.text[line.begin : line.end]


def once(make: Callable[[Document], Made]) -> Callable[[Document], Made]:
    """`make`, called once for a document: several formats ask for the same. Nobody may change what it returns."""

    @wraps(make)
    def made(document: Document) -> Made:
        if make not in document.made:
            document.made[make] = make(document)
        found: Made = document.made[make]
        return found

    return made


@once
def headings_of(document: Document) -> tuple[tuple[int, Line], ...]:
    """The headings of a document, each with its index in the lines."""
    return tuple((index, line) for index, line in enumerate(document.lines) if line.kind is Kind.HEADING)


def title_of(document: Document) -> str:
    """The words of the heading of level 1 that a document begins with; empty where it begins with none."""
    return next((line.content for _, line in headings_of(document)[:1] if line.level == 1), "")


@once
def words_of(document: Document) -> str:
    """The text without case: what does not stand in all of it need not be looked for in each line."""
    return document.text.casefold()


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace `text[start:end]` by `text`."""

    start: int
    end: int
    text: str


def decode(data: bytes, path: str) -> str:
    """The text of a plan; encoding it again gives the same bytes.

    Raises:
        RoadmapError: over 10 MB, not UTF-8, or with NUL characters.
    """
    if len(data) > MAX_BYTES:
        raise RoadmapError(f"{path} is over {MAX_BYTES // 1_000_000} MB; split it or name another plan.")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise RoadmapError(f"{path}:1 is UTF-16; save it as UTF-8.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RoadmapError(f"{path}:{line} is not UTF-8; save the file as UTF-8.") from None
    if (nul := text.find("\0")) >= 0:
        line = text.count("\n", 0, nul) + 1
        raise RoadmapError(f"{path}:{line} holds a NUL character; it is not a text file, name another plan.")
    return text


def check_count(count: int, path: str) -> None:
    """Called while work is being found, so that a plan that is too large costs little.

    Raises:
        RoadmapError: over 12,000 of what may be work.
    """
    if count > MAX_ITEMS:
        raise RoadmapError(f"{path} has over {MAX_ITEMS:,} work streams; split it.")


def apply(text: str, edits: list[Edit]) -> str:
    """`text` after all `edits`, which do not overlap."""
    pieces: list[str] = []
    position = 0
    for edit in sorted(edits, key=lambda item: item.start):
        pieces += (text[position : edit.start], edit.text)
        position = edit.end
    return "".join([*pieces, text[position:]])


def scan(data: bytes, path: str) -> Document:
    """The document in `data`.

    Raises:
        RoadmapError: as `decode`.
    """
    text = decode(data, path)
    scanner = _Scanner(text)
    lines = tuple(scanner.lines())
    return Document(path, text, lines, tuple(f"{path}:{warning}" for warning in scanner.warnings))


_LINE = regex(r"([^\r\n]*)(?:\r\n|\r|\n)?")
_FENCE = regex(r"[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)?(`{3,}|~{3,})(.*)")
_HEADING = regex(r"[ ]{0,3}(#{1,6})(?:[ \t]+|$)")
_ITEM = regex(r"[ \t]*(?:[-*+]|\d{1,9}[.)])(?:[ \t]+|$|(?=\[))")
_BOX = regex(r"\[([^\[\]]{1,200})\](?=[\s*]|$)")
_MARKDOWN_INFO = regex(r"\s*(?:markdown|md)\b", re.IGNORECASE)
_FRONT_MATTER_KEY = regex(r"[A-Za-z_][\w-]*[ \t]*:")


def _spans(text: str) -> list[tuple[int, str]]:
    """Where each line begins, and the line without its end."""
    if "\r" in text:
        return [(match.start(), match[1]) for match in _LINE.finditer(text) if match[0]]
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    starts = accumulate((len(line) + 1 for line in lines), initial=0)
    return list(zip(starts, lines, strict=False))


def _columns(text: str) -> int:
    columns = len(text) - len(text.lstrip(" "))
    if text[columns : columns + 1] != "\t":
        return columns
    columns = 0
    for char in text:
        if char == " ":
            columns += 1
        elif char == "\t":
            columns += _TAB - columns % _TAB
        else:
            break
    return columns


class _Scanner:
    """Goes once over the lines and remembers in which block it is."""

    def __init__(self, text: str) -> None:
        self.spans = _spans(text)
        self.warnings: list[str] = []
        self.fence: _Fence | None = None
        self.in_comment = False
        #: Most plans have no blocks, and not looking for any in each line halves the time.
        self.has_blocks = any(mark in text for mark in ("```", "~~~", "<!--"))
        self.closers = _last_closers(self.spans) if self.has_blocks else {}

    def lines(self) -> Iterator[Line]:
        front = self._front_matter()
        opened = 0
        kind: str | None
        for index, (start, raw) in enumerate(self.spans):
            if index == 0 and raw.startswith("\ufeff"):
                start, raw = start + 1, raw[1:]
            kind = Kind.HIDDEN if index < front else None
            if self.has_blocks and index >= front:
                inside = self.fence is not None or self.in_comment
                kind, raw = self._block(index, raw)
                if not inside and (self.fence is not None or self.in_comment):
                    opened = index + 1
            yield _line(index + 1, start, raw, kind)
        if self.fence is not None:
            self.warnings.append(f"{opened}: a code fence is never closed; nothing after it was read.")
        if self.in_comment:
            self.warnings.append(f"{opened}: a comment is never closed; nothing after it was read.")

    def _front_matter(self) -> int:
        """How many lines at the top are front matter."""
        first = [raw.removeprefix("\ufeff").rstrip() for _, raw in self.spans[:2]]
        if len(first) < 2 or first[0] != "---" or not _FRONT_MATTER_KEY.match(first[1]):
            return 0
        ends = (index for index, (_, raw) in enumerate(self.spans) if index and raw.rstrip() in ("---", "..."))
        return next(ends, -1) + 1

    def _block(self, index: int, raw: str) -> tuple[str | None, str]:
        """The kind when the line is inside a block (None: it must be looked at) and the line without comments."""
        if self.fence is not None and self.fence.left_by(raw):
            self.fence = None
        if self.fence is not None:
            if self.fence.closed_by(raw):
                self.fence = None
            return Kind.FENCED, raw
        if self.in_comment:
            end = raw.find("-->")
            if end < 0:
                return Kind.HIDDEN, raw
            self.in_comment = False
            raw = " " * (end + 3) + raw[end + 3 :]
        elif (
            ("```" in raw or "~~~" in raw)
            and (match := _FENCE.match(raw))
            and not (match[1][0] == "`" and "`" in match[2])
        ):
            self.fence = _Fence.opened(match, self.closers.get(match[1][0], ()), index)
            return Kind.FENCED, raw
        return None, self._without_comments(raw) if "<!--" in raw else raw

    def _without_comments(self, raw: str) -> str:
        """Blank out comments. One that begins in the middle of a line counts only when it also ends there."""
        pieces: list[str] = []
        done = 0
        while (begin := raw.find("<!--", done)) >= 0:
            end = raw.find("-->", begin + 4)
            if end < 0:
                if raw[:begin].strip(" \t-*+"):
                    break
                self.in_comment = True
                end = len(raw) - 3
            pieces += (raw[done:begin], " " * (end + 3 - begin))
            done = end + 3
        return "".join([*pieces, raw[done:]]) if pieces else raw


def _line(number: int, begin: int, raw: str, kind: str | None) -> Line:
    end = begin + len(raw)
    content = raw.lstrip()
    if kind is not None or not content:
        return _LINE_OF((number, kind or Kind.BLANK, _columns(raw), 0, None, 0, "", begin, begin, end))
    first = content[0]
    indent = _columns(raw) if raw[0] != first else 0
    if first == "#" and (match := _HEADING.match(raw)):
        title = raw[match.end() :].rstrip()
        title = _without_closing_hashes(title) if title.endswith("#") else title
        return _LINE_OF((number, Kind.HEADING, indent, len(match[1]), None, 0, title, begin + match.end(), begin, end))
    box, box_start, kind = None, 0, Kind.TEXT
    if (first in "-*+" or first.isdigit()) and (match := _ITEM.match(raw)):
        kind, offset = Kind.ITEM, match.end()
        if raw.startswith("[", offset) and (found := _BOX.match(raw, offset)):
            box, box_start, offset = found[1], begin + found.start(1), found.end()
        content = raw[offset:].lstrip()
    return _LINE_OF((number, kind, indent, 0, box, box_start, content.rstrip(), end - len(content), begin, end))


@dataclass(frozen=True, slots=True)
class _Fence:
    mark: str
    indent: int
    #: A fence of Markdown may hold fences of its own, which its author counts in pairs.
    nests: bool
    #: False: no line below can close it.
    closable: bool
    depth: list[int]

    @classmethod
    def opened(cls, match: re.Match[str], closers: Sequence[tuple[int, int]], index: int) -> _Fence:
        closable = any(length >= len(match[1]) and last > index for length, last in closers)
        nests = bool(_MARKDOWN_INFO.match(match[2]))
        return cls(match[1], _columns(match.string), nests, closable, [0])

    def left_by(self, raw: str) -> bool:
        """An indented fence that nothing closes ends with the list item that it stands in."""
        return not self.closable and self.indent > 0 and bool(raw.strip()) and _columns(raw) < self.indent

    def closed_by(self, raw: str) -> bool:
        text = raw.strip(" \t")
        length = len(text) - len(text.lstrip(self.mark[0]))
        if length < 3:
            return False
        if text[length:].strip():
            self.depth[0] += self.nests and length <= len(self.mark)
            return False
        if self.depth[0]:
            self.depth[0] -= 1
            return False
        return length >= len(self.mark)


def _last_closers(spans: list[tuple[int, str]]) -> dict[str, list[tuple[int, int]]]:
    """For each fence character: the lengths of possible closing lines with the last line that has it."""
    last: dict[str, dict[int, int]] = {"`": {}, "~": {}}
    for index, (_, raw) in enumerate(spans):
        text = raw.strip(" \t")
        if len(text) >= 3 and text[0] in "`~" and not text.strip(text[0]):
            last[text[0]][min(len(text), 100)] = index
    return {char: list(found.items()) for char, found in last.items()}


def _without_closing_hashes(title: str) -> str:
    shorter = title.rstrip("#")
    return shorter.rstrip() if shorter != title and shorter[-1:] in ("", " ", "\t") else title
