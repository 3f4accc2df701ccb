"""The boxes of a document that may be work: the outermost of each list, with what stands around and below each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.document import Document, Kind, Line, check_count, headings_of
from orchestrator_agent.roadmap.fields import holds_checks, holds_criteria, holds_examples, plain
from orchestrator_agent.roadmap.set_aside import sets_aside
from orchestrator_agent.roadmap.statuses import WORDS, is_box

_LONGEST_INTRODUCTION = 120


@dataclass(slots=True)
class Boxed:
    """An outermost box."""

    line: Line
    #: The headings around it, the outermost first; a line like "**Later:**" over its list counts as the innermost.
    titles: tuple[str, ...]
    #: The heading above, unless that is the title of the document.
    batch: str | None
    #: What stands further in.
    below: list[Line] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Boxes:
    """What was found."""

    items: tuple[Boxed, ...]
    #: Sections whose boxes are no work: the line of the first such box, and the title.
    idle: tuple[tuple[int, str], ...]


#: A box in a list of work that says when all of it is done.
_CRITERION = regex(
    r"[*_]{0,3}(?:(?:acceptance|exit|success|completion) criteria|definition of done|done when)[*_]{0,3}:",
    re.IGNORECASE,
)


class _Around(NamedTuple):
    """What is around a box: see `Boxed`."""

    titles: tuple[str, ...]
    batch: str | None
    #: The title that makes it no work.
    idle: str | None


def boxes_of(document: Document) -> Boxes:
    """All boxes that may be work.

    A backlog holds ideas, unless it is the first column of a board (Backlog, Doing, Done) or holds all there is.
    """
    columns = any(_is_column(line.content) for _, line in headings_of(document))
    found = Boxes(*_read(document, backlog=columns))
    return found if found.items else Boxes(*_read(document, backlog=True))


def _is_column(title: str) -> bool:
    return WORDS.get(plain(title)) in (WorkStreamStatus.IN_PROGRESS, WorkStreamStatus.COMPLETE)


def _read(document: Document, *, backlog: bool) -> tuple[tuple[Boxed, ...], tuple[tuple[int, str], ...]]:
    reader = _Reader(backlog)
    for line in document.lines:
        reader.take(line)
    check_count(len(reader.items), document.path)
    return tuple(reader.items), tuple(reader.idle.values())


class _Reader:
    def __init__(self, backlog: bool) -> None:
        self.backlog = backlog
        self.items: list[Boxed] = []
        self.idle: dict[str, tuple[int, str]] = {}
        self.path: list[tuple[int, str, bool]] = []
        #: What is around a box under the present heading and line over its list; None until a box asks.
        self.around: _Around | None = None
        #: The line over the present list, and the paragraph that it ends, as far as they speak of the list.
        self.over: tuple[str, ...] = ()
        self.paragraph: tuple[int, str] = (0, "")
        self.below: list[Line] | None = None
        self.indent = 0

    def take(self, line: Line) -> None:
        if line.kind is Kind.HEADING:
            self._heading(line)
        elif line.kind in (Kind.BLANK, Kind.FENCED, Kind.HIDDEN):
            if self.below is not None:
                self.below.append(line)
        elif self.below is not None and line.indent > self.indent:
            self.below.append(line)
        elif line.kind is Kind.ITEM:
            self._item(line)
        else:
            self.below, self.around = None, None
            self._text(line)

    def _text(self, line: Line) -> None:
        last, text = self.paragraph
        goes_on = last == line.number - 1 and len(text) < _LONGEST_INTRODUCTION
        text = f"{text} {line.content}" if goes_on else line.content
        self.paragraph = line.number, text
        self.over = tuple(dict.fromkeys(over for over in (text, line.content) if _introduces(over)))

    def _heading(self, line: Line) -> None:
        while self.path and self.path[-1][0] >= line.level:
            self.path.pop()
        self.path.append((line.level, line.content, self._is_idle(line.content, line.level)))
        self.below, self.over, self.around = None, (), None

    def _is_idle(self, title: str, level: int = 0) -> bool:
        if sets_aside(title) or (level == 1 and holds_checks(title)):
            return False
        if self.backlog and plain(title).startswith("backlog"):
            return False
        return holds_examples(title) or holds_criteria(title)

    def _item(self, line: Line) -> None:
        self.below, self.indent = [], line.indent
        if line.box is None or not is_box(line.box) or _CRITERION.match(line.content):
            return
        self.around = around = self.around or self._look_around()
        if around.idle is not None:
            self.idle.setdefault(around.idle, (line.number, around.idle))
        else:
            self.items.append(Boxed(line, around.titles, around.batch, self.below))

    def _look_around(self) -> _Around:
        titles = [title for _, title, _ in self.path]
        idle = next((title for _, title, is_idle in self.path if is_idle), None)
        for over in self.over:
            titles.append(over)
            idle = idle or (over if self._is_idle(over.strip("*_ ")) else None)
        inner = [title for level, title, _ in self.path if level > 1]
        return _Around(tuple(titles), inner[-1] if inner else None, idle)


def _introduces(text: str) -> bool:
    """True for a line like "**Acceptance criteria:**" over a list."""
    if len(text) > _LONGEST_INTRODUCTION:
        return False
    return text.strip("*_ ").endswith((":", "：")) or (text.startswith("**") and text.endswith("**"))


def children(below: list[Line]) -> Iterator[Line]:
    """The outermost boxes among the lines below a box."""
    outer: int | None = None
    for line in below:
        boxed = line.kind is Kind.ITEM and line.box is not None and is_box(line.box)
        if boxed and (outer is None or line.indent <= outer):
            outer = line.indent
            yield line
