"""Pipe tables: https://github.github.com/gfm/#tables-extension-, with the place of each cell in the document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.document import Document, Kind, Line, once

_RULE = regex(r":?-+:?")


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands between two pipes, without its padding."""

    text: str
    #: Offset of `text` in the document.
    start: int


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table."""

    line: Line
    cells: tuple[Cell, ...]

    def cell(self, column: int | None) -> Cell | None:
        """The cell of a column; None when the row is shorter, or without a column."""
        return self.cells[column] if column is not None and column < len(self.cells) else None

    def text(self, column: int | None) -> str:
        """The text of a column's cell, empty without one."""
        found = self.cell(column)
        return found.text if found is not None else ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table outside fences and comments."""

    header: Row
    rows: tuple[Row, ...]
    #: The headings that it stands under, the outermost first.
    titles: tuple[str, ...]


@once
def tables_of(document: Document) -> tuple[Table, ...]:
    """The tables of a document, from top to bottom."""
    return tuple(_tables(document)) if "|" in document.text else ()


def _tables(document: Document) -> Iterator[Table]:
    path: list[tuple[int, str]] = []
    lines = document.lines
    index = 0
    while index < len(lines):
        line = lines[index]
        if line.kind is Kind.HEADING:
            while path and path[-1][0] >= line.level:
                path.pop()
            path.append((line.level, line.content))
        elif line.kind is Kind.TEXT and index + 1 < len(lines) and _is_rule(lines[index + 1]):
            header = _row(line, 0)
            if len(header.cells) == len(_row(lines[index + 1], 0).cells):
                index, rows = _rows(lines, index + 2, len(header.cells))
                yield Table(header, tuple(rows), tuple(title for _, title in path))
                continue
        index += 1


def _is_rule(line: Line) -> bool:
    """True for the line of dashes below a header."""
    text = line.content
    if line.kind is Kind.ITEM or "|" not in text or set(text) - set("|:- \t"):
        return False
    return all(_RULE.fullmatch(cell.text) for cell in _row(line, 0).cells)


def _rows(lines: tuple[Line, ...], index: int, width: int) -> tuple[int, list[Row]]:
    rows = []
    while index < len(lines) and lines[index].kind is Kind.TEXT and "|" in lines[index].content:
        rows.append(_row(lines[index], width))
        index += 1
    return index, rows


def _row(line: Line, width: int) -> Row:
    cells = _cells(line, code=False)
    # People forget to escape a pipe inside code: where that makes too many cells, or all code ends, it stays whole.
    if width and "`" in line.content and (len(cells) > width or line.content.count("`") % 2 == 0):
        whole = _cells(line, code=True)
        cells = whole if len(cells) > width or len(whole) > 1 else cells
    return Row(line, tuple(cells))


_PIPE = regex(r"\\.|`|\|")


def _cells(line: Line, *, code: bool) -> list[Cell]:
    text = line.content
    begin = int(text.startswith("|"))
    cells = []
    inside = False
    for match in _PIPE.finditer(text, begin):
        if match[0] == "`":
            inside = code and not inside
        elif match[0] == "|" and not inside:
            cells.append(_cell(line, begin, match.start()))
            begin = match.end()
    if text[begin:].strip():
        cells.append(_cell(line, begin, len(text)))
    return cells


def _cell(line: Line, begin: int, end: int) -> Cell:
    piece = line.content[begin:end]
    text = piece.strip()
    # An empty cell keeps the space behind its pipe: a text that comes there stands apart from it.
    offset = len(piece) - len(piece.lstrip()) if text else min(1, len(piece))
    return Cell(text, line.start + begin + offset)
