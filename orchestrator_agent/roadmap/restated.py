"""Where else a plan says how far its headings are: in a list of boxes and in a table of its phases.

    - [x] **Phase 1: Walls** - up to the roof        | Phase     | Status   |
    - [ ] **Phase 2: Roof** - tiles                  | 1. Walls  | Complete |

Whoever changes the status of a phase has to change all of them.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.columns import Columns, columns_of, id_in
from orchestrator_agent.roadmap.document import Document, Kind, Line, once
from orchestrator_agent.roadmap.drafts import Place
from orchestrator_agent.roadmap.fields import holds_checks, holds_criteria, holds_examples, plain
from orchestrator_agent.roadmap.headings import Heading, Restated, read_heading
from orchestrator_agent.roadmap.set_aside import set_aside_by
from orchestrator_agent.roadmap.statuses import is_box, read_box, read_mark
from orchestrator_agent.roadmap.table_lines import Row, tables_of
from orchestrator_agent.roadmap.title_marks import read_ending

_LEADING_STATUS = regex(r"[*_`\s]*[^*_`:：]{1,20}[*_`]{1,3} [-–—] +")
#: An id of which the word before the number is a part.
_CODE = regex(r"[A-Z]{2,12}[-_]\d{1,9}")
_FOLD = regex(r"(?:<details[^<>]{0,40}>\s*)?<summary>(.{1,300}?)(?:</summary>|$)", re.IGNORECASE)
_FOLD_END = regex(r"</?details", re.IGNORECASE)
_HELD = regex(r"\W*(?:deferred|shelved|postponed|on hold|parked|paused|abandoned|dropped|cancell?ed)\b", re.IGNORECASE)
_NOT_NOW = (WorkStreamStatus.BLOCKED, WorkStreamStatus.CANCELLED)
_NUMBER_END = regex(r"[A-Z]{1,3}\d{0,2}-(\d{1,4})$")


def read_restated(document: Document, legend: Mapping[str, WorkStreamStatus]) -> list[Restated]:
    """All boxes and rows that begin with an id, outside sections that hold no work."""
    return [*_boxes(document, legend), *_rows(document, legend)]


def has_work_boxes(document: Document) -> bool:
    """True when a box stands outside sections that hold no work."""
    return bool(_work_boxes(document))


@once
def _work_boxes(document: Document) -> list[tuple[int, Line, bool]]:
    """With the index of each line, and whether what stands over it sets it aside: a heading, or the title of a fold."""
    found: list[tuple[int, Line, bool]] = []
    if "[" not in document.text:
        return found
    path: list[tuple[int, bool, bool]] = []
    fold = False
    for index, line in enumerate(document.lines):
        if line.kind is Kind.HEADING:
            while path and path[-1][0] >= line.level:
                path.pop()
            _, idle, aside = path[-1] if path else (0, False, False)
            aside = aside or (line.level > 1 and _sets_aside(line.content))
            path.append((line.level, idle or _holds_no_work(line.content), aside))
        elif line.content[:1] == "<":
            fold = _fold(line.content, fold)
        elif line.box is not None and not (path and path[-1][1]) and is_box(line.box):
            found.append((index, line, fold or (bool(path) and path[-1][2])))
    return found


def _fold(text: str, before: bool) -> bool:
    """True when behind this line a fold is open of which the title sets aside what is in it."""
    title = _FOLD.match(text)
    return _sets_aside(title[1].strip()) if title else before and not _FOLD_END.match(text)


def _sets_aside(title: str) -> bool:
    """True for "v1.1 Sound - Shelved", "Phases 3-4 (deferred)", "Deferred phases"; "Later" just comes last."""
    ending = read_ending(title, 0, {})
    told = ending is not None and ending[0].status in _NOT_NOW and ending[0].kind == "remark"
    return told or _HELD.match(title) is not None or set_aside_by(title) is not None


def _holds_no_work(title: str) -> bool:
    return holds_examples(title) or (holds_criteria(title) and not holds_checks(title))


def _boxes(document: Document, legend: Mapping[str, WorkStreamStatus]) -> Iterator[Restated]:
    for index, line, aside in _work_boxes(document):
        found = _of_box(index, line, legend, aside)
        if found is not None:
            yield found


def _of_box(index: int, line: Line, legend: Mapping[str, WorkStreamStatus], aside: bool) -> Restated | None:
    assert line.box is not None
    lead = _LEADING_STATUS.match(line.content)
    skip = lead.end() if lead and read_mark(line.content, legend) else 0
    shifted = line._replace(content=line.content[skip:], start=line.start + skip)
    heading = read_heading(index, shifted, legend)
    if heading is None:
        return None
    place = Place("box", line.box_start, line.box_start + len(line.box), line.box, read_box(line.box)[0])
    said = []
    if skip and (mark := read_mark(line.content, legend)):
        begin, end = line.start + mark.start, line.start + mark.end
        said.append(Place("remark", begin, end, line.content[mark.start : mark.end], mark.status))
    name = re.split(r" [-–—]+ |\*\*", heading.name)[0] or heading.name
    places = (place, *said, *heading.places)
    reason = "it is crossed out" if heading.struck else "it is set aside by what stands over it" if aside else ""
    return Restated(line, heading.id, name.strip("~ "), heading.kind, places, in_table=False, aside=reason)


def _rows(document: Document, legend: Mapping[str, WorkStreamStatus]) -> Iterator[Restated]:
    for table in tables_of(document):
        columns = columns_of(table)
        if columns is None or any(holds_criteria(title) or holds_examples(title) for title in table.titles):
            continue
        for row in table.rows:
            id_, rest = _id_in_row(row, columns)
            cell = row.cell(columns.status)
            mark = read_mark(cell.text, legend) if cell else None
            if id_ and cell and mark:
                begin = cell.start + mark.start
                example = cell.text[mark.start : mark.end]
                place = Place("field", begin, begin + len(example), example, mark.status)
                name = rest if columns.id is None else row.text(columns.name)
                needs = row.text(columns.depends_on)
                yield Restated(row.line, id_, name, "", (place,), in_table=True, needs=needs)


def _id_in_row(row: Row, columns: Columns) -> tuple[str, str]:
    text = row.text(columns.id).strip("*_` ")
    if _CODE.fullmatch(text):
        return text, ""
    id_, rest = id_in(text, whole=True) if text else ("", "")
    return (id_, rest) if id_ else id_in(row.text(columns.name), whole=False)


def attach(headings: Sequence[Heading], restated: Sequence[Restated]) -> list[Restated]:
    """Give each heading the places of what speaks of it; returns what speaks of none of them."""
    by_id: dict[str, list[Heading]] = {}
    by_name = _by_name(headings) if any(item.in_table for item in restated) else {}
    ends: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for heading in headings:
        by_id.setdefault(heading.id.casefold(), []).append(heading)
        ends.setdefault((heading.line.level, heading.kind), []).append((heading.index, heading.end))
    rest = []
    for item in restated:
        found = next((heading for heading in _called(item, by_id)[:3] if _speaks_of(item, heading)), None)
        if found is None and item.in_table:
            found = by_name.get(plain(item.name))
        if found is None:
            rest.append(item)
        elif not _is_inside(item.line, ends[found.line.level, found.kind]):
            found.mentioned.append(item)
    return rest


def _by_name(headings: Sequence[Heading]) -> dict[str, Heading]:
    """Each heading by its name, where that is its alone."""
    counts = Counter(plain(heading.name) for heading in headings)
    return {plain(heading.name): heading for heading in headings if counts[plain(heading.name)] == 1}


def _is_inside(line: Line, sections: Sequence[tuple[int, int]]) -> bool:
    """What stands in the section of a sibling is a remark there."""
    position = bisect(sections, (line.number - 1, 0)) - 1
    return position >= 0 and line.number <= sections[position][1]


def _called(item: Restated, by_id: Mapping[str, list[Heading]]) -> list[Heading]:
    found = by_id.get(item.id.casefold(), [])
    number = _NUMBER_END.match(item.id)
    return found or (by_id.get(number[1], []) if number else [])


def _speaks_of(item: Restated, heading: Heading) -> bool:
    """The same id may count something else: words of the name, or the same word before the id, must agree."""
    if item.kind and item.kind == heading.kind:
        return True
    first, second = plain(item.name).split(), plain(heading.name).split()
    return bool(first and second and first[0] == second[0])
