"""Tables with a row for each work stream: a column for its status, and one for its id or its name.

    | ID    | Task        | Status      | Depends On | Est. |
    |-------|-------------|-------------|------------|------|
    | OP-01 | Mix mortar  | Done        | -          | 0.5d |
    | OP-02 | Lay bricks  | In Progress | OP-01      | 2d   |

A section whose heading has the id of a row tells more about it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.bodies import fill, read_body
from orchestrator_agent.roadmap.columns import BOX, Columns, columns_of, id_in
from orchestrator_agent.roadmap.dependencies import KIND, read_dependencies
from orchestrator_agent.roadmap.document import Document, Kind, check_count
from orchestrator_agent.roadmap.drafts import Draft, Place, assemble, known_of
from orchestrator_agent.roadmap.fields import (
    claimant,
    clean_name,
    holds_criteria,
    holds_examples,
    is_placeholder,
    plain,
    read_field,
)
from orchestrator_agent.roadmap.mentions import Mention, mentions_of, settle
from orchestrator_agent.roadmap.plan_format import Found
from orchestrator_agent.roadmap.set_aside import puts_off, set_aside_by
from orchestrator_agent.roadmap.slugs import Slugs
from orchestrator_agent.roadmap.sources import Source
from orchestrator_agent.roadmap.stated import status_of_group
from orchestrator_agent.roadmap.statuses import Mark, is_box, read_box, read_mark
from orchestrator_agent.roadmap.table_ids import Rows, group_number, told_apart
from orchestrator_agent.roadmap.table_lines import Row, Table, tables_of
from orchestrator_agent.roadmap.title_marks import hidden_mark
from orchestrator_agent.roadmap.vocabulary import Vocabulary, box_places, legend_of, replace_marks, stated_words

_LONGEST_ROW = 2000
_NOTHING = ("", "-", "–", "—", "?", "tbd", "n/a", "none")
#: Ids that are counted up say an order: PR3 comes after PR2, which "BUG-3" and "BUG-2" do not say.
_COUNTED = regex(
    r"(?:pr|p|m|s|w|step|stage|sprint|week|day|part|iteration|phase|milestone)?[-# ]?"
    r"\d{1,4}(?:[a-z]?\.\d{1,4}){0,4}[a-z+]?$",
    re.IGNORECASE,
)
_KINDS = regex(
    r" +(?:work|items?|tracks?|tasks?|work ?streams?|phases?|features?|stories|issues|milestones?)$", re.IGNORECASE
)
_BREAK = regex(r"<br ?/?>", re.IGNORECASE)
_HELD = regex(r"\b(?:blocked|waiting|waits|on hold|deferred|optional|paused)\b", re.IGNORECASE)
#: What a cell for remarks, a status or a name says of other rows; their ids leave no doubt.
_ROW_ID = rf"(?:(?:(?i:{KIND}) )?#?[A-Z][A-Za-z]{{0,9}}[-_.]?\d[\w.-]{{0,20}}|(?i:{KIND}) #?\d[\w.]{{0,20}}|#\d{{1,9}})"
_IN_ROW = regex(
    rf"\b(?i:depends (?:up)?on|blocked (?:by|on|until)|wait(?:s|ing)? (?:for|on)|gated (?:by|on)|requires|needs|"
    rf"pending|after|once|behind|until|not start before):? "
    rf"({_ROW_ID}(?:(?:, | and | & |/| ?\+ ?| ?[-–] ?){_ROW_ID}){{0,20}})"
)
_DENIED = regex(r"\b(?:not|no longer|never|without|nothing)\b[^.;|]{0,15}$", re.IGNORECASE)
_SUM = regex(r"(?:sub|grand )?totals?$|sum$|overall$|合计$|总计$", re.IGNORECASE)
_NUMBERED = regex(r"\W*(?:[A-Za-z]+[ -]?)?\d")


class Tables:
    """See the module."""

    name = "table"

    def recognise(self, source: Source) -> bool:
        return source.is_markdown and "|" in source.text

    def read(self, source: Source) -> Found:
        document = source.document
        legend = legend_of(document)
        warnings: list[str] = []
        slugs = Slugs()
        found = _tables_of_work(document, legend)
        says_open = {_all_heads(*pair) for pair in found if _any_says_open(*pair, legend)}
        tables = [
            Rows(table, columns, list(_drafts(document, table, columns, legend, slugs, is_open, warnings)))
            for table, columns in found
            for is_open in (_all_heads(table, columns) in says_open,)
        ]
        states_needs = any(rows.columns.depends_on is not None for rows in tables)
        drafts = settle(document, told_apart(tables, slugs), warnings, by_id_only=True)
        mentions = mentions_of(document, drafts, legend)
        if 2 * sum(bool(mentions.get(draft.id.casefold(), Mention()).places) for draft in drafts) > len(drafts):
            return Found()
        if _sections_told(document) - sum(bool(mention.places) for mention in mentions.values()) > len(drafts):
            return Found()
        for draft in drafts:
            _tell_more(document, draft, mentions.get(draft.id.casefold(), Mention()), warnings)
        _turn_round(drafts)
        if not states_needs:
            _set_steps(drafts)
        _add_remarks(document, drafts)
        return assemble(document, drafts, warnings, level="table rows")

    def write(self, source: Source, found: Found, changes: Mapping[str, WorkStreamStatus]) -> dict[str, bytes]:
        document = source.document
        places = [place for value in found.places.values() if isinstance(value, tuple) for place in value]
        marks = Vocabulary([*places, *box_places(document), *stated_words(document)], legend_of(document))
        return source.edited(replace_marks(document, found, changes, marks))


def _sections_told(document: Document) -> int:
    """How many sections say their status in a field: where more do than rows, the table is a remark among them."""
    count = section = 0
    for line in document.lines:
        if line.kind is Kind.HEADING and line.level > 1:
            section = 1
        elif section and line.kind in (Kind.TEXT, Kind.ITEM) and "tatus" in line.content[:20]:
            found = read_field(line.content)
            told = found is not None and found.name == "status" and read_mark(found.value, {}) is not None
            count, section = count + told, section - told
    return count


def _tables_of_work(document: Document, legend: Mapping[str, WorkStreamStatus]) -> list[tuple[Table, Columns]]:
    """Where a table has ids, those without any tell something else."""
    read = [(table, columns_of(table)) for table in tables_of(document)]
    heads = {_head(table, columns) for table, columns in read if columns}
    read = [(table, columns or _columns_if_told(table, heads)) for table, columns in read]
    check_count(sum(len(table.rows) for table, columns in read if columns), document.path)
    found = [(table, columns) for table, columns in read if columns and _is_work(table, columns, legend)]
    # Another with the very same columns holds the like, even if its statuses are not understood.
    same = {_all_heads(table, columns) for table, columns in found if columns.status is not None}
    if len(found) < len(read):
        found = [
            (table, columns)
            for table, columns in read
            if columns
            and (_is_work(table, columns, legend) or (_all_heads(table, columns) in same and not _holds_other(table)))
        ]
    with_ids = [(table, columns) for table, columns in found if _has_ids(table, columns)]
    return with_ids or found


def _head(table: Table, columns: Columns) -> tuple[str, ...]:
    """What the columns of its ids and names are called; empty without ids."""
    if columns.id is None or columns.name is None:
        return ()
    return plain(table.header.cells[columns.id].text), plain(table.header.cells[columns.name].text)


def _columns_if_told(table: Table, heads: Collection[tuple[str, ...]]) -> Columns | None:
    """Those of a table without statuses whose heading gives them, beside tables of the same work that have some."""
    if not heads or _told_by(table) is None:
        return None
    columns = columns_of(table, told=True)
    return columns if columns is not None and (head := _head(table, columns)) and head in heads else None


def _told_by(table: Table) -> WorkStreamStatus | None:
    """The status that the heading over a table gives to its rows: "Completed Tracks"."""
    title = _KINDS.sub("", table.titles[-1]) if table.titles else ""
    return status_of_group(title) if title else None


def _has_ids(table: Table, columns: Columns) -> bool:
    if columns.id is not None or columns.leading_ids:
        return True
    return any(id_in(row.text(columns.name), whole=False)[0] for row in table.rows)


def _all_heads(table: Table, columns: Columns) -> tuple[str, ...]:
    """What the columns are called; ids may be of phases here and of steps there."""
    return tuple("" if number == columns.id else plain(cell.text) for number, cell in enumerate(table.header.cells))


def _holds_other(table: Table) -> bool:
    """It stands under a title of examples or criteria."""
    return any(
        holds_criteria(title) or (holds_examples(title) and not plain(title).startswith("backlog"))
        for title in table.titles
    )


def _is_work(table: Table, columns: Columns, legend: Mapping[str, WorkStreamStatus]) -> bool:
    """True outside of legends and criteria when most of the status cells say a status."""
    if _holds_other(table):
        return False
    if columns.status is None:
        return True
    cells = [row.text(columns.status) for row in table.rows]
    filled = [text for text in cells if text.casefold() not in _NOTHING]
    told = sum(_says(text, legend) is not None for text in filled)
    return bool(filled) and 2 * told >= len(filled)


def _drafts(
    document: Document,
    table: Table,
    columns: Columns,
    legend: Mapping[str, WorkStreamStatus],
    slugs: Slugs,
    says_open: bool,
    warnings: list[str],
) -> Iterator[Draft]:
    told = _told_by(table) if columns.status is None else None
    for row in table.rows:
        draft = Draft("", "", row.line.number, row.line.number)
        struck = _name(draft, row, columns, slugs)
        if not draft.name or is_placeholder(draft.name) or _SUM.match(draft.name):
            continue
        _set_status(document, draft, row, columns, legend, says_open, told, warnings)
        if draft.status is WorkStreamStatus.NOT_STARTED and (word := _held_back(document, draft, row, columns)):
            draft.status, draft.blocked_reason = WorkStreamStatus.BLOCKED, word
        if struck and draft.status is not WorkStreamStatus.COMPLETE:
            draft.status = WorkStreamStatus.CANCELLED
        _set_fields(draft, row, columns, table)
        yield draft


def _held_back(document: Document, draft: Draft, row: Row, columns: Columns) -> str:
    """What in a row besides its status says that it is not to be begun: its name, a remark, a comment."""
    remarks = (cell.text for number, cell in enumerate(row.cells) if number not in (columns.id, *columns.others))
    told = set_aside_by(draft.name) or next(filter(None, map(puts_off, remarks)), None)
    return told or hidden_mark(document.raw(row.line))


def _any_says_open(table: Table, columns: Columns, legend: Mapping[str, WorkStreamStatus]) -> bool:
    """A row of the table says in its own words that it has not begun."""
    return any(_says(row.text(columns.status), legend) is WorkStreamStatus.NOT_STARTED for row in table.rows)


def _says(text: str, legend: Mapping[str, WorkStreamStatus]) -> WorkStreamStatus | None:
    """The status in a cell, in words, as a picture or as a box."""
    if mark := read_mark(text, legend):
        return mark.status
    box = BOX.match(text)
    return read_box(box[1])[0] if box and is_box(box[1]) else None


def _name(draft: Draft, row: Row, columns: Columns, slugs: Slugs) -> bool:
    """Set id and name; True when either is struck through."""
    id_text, name_text = row.text(columns.id), row.text(columns.name)
    struck = any(text.startswith("~~") and text.endswith("~~") for text in (id_text, name_text))
    id_, rest = id_in(id_text, whole=columns.id is not None) if id_text else ("", "")
    if not id_ and columns.id is None:
        id_, rest = id_in(name_text, whole=False, leading=columns.leading_ids)
        name_text = rest if id_ and rest else name_text
    if id_ and name_text.casefold() in _NOTHING:
        name_text = rest
    name_text = _BREAK.split(name_text, maxsplit=1)[0] or name_text
    cleaned = clean_name((name_text.replace("~~", "") or rest).replace("\\|", "|"))
    draft.name, draft.priority = cleaned.text or id_, cleaned.priority
    draft.id = id_ or (slugs.of(draft.name) if draft.name else "")
    return struck


def _set_status(
    document: Document,
    draft: Draft,
    row: Row,
    columns: Columns,
    legend: Mapping[str, WorkStreamStatus],
    says_open: bool,
    told: WorkStreamStatus | None,
    warnings: list[str],
) -> None:
    if columns.status is None:
        draft.status = told or WorkStreamStatus.NOT_STARTED
        draft.blocked_reason = "its table is called so" if told is WorkStreamStatus.BLOCKED else None
        return
    cell = row.cell(columns.status)
    text = cell.text if cell is not None else ""
    start = cell.start if cell is not None else 0
    mark = read_mark(text, legend)
    if mark is None and (box := BOX.match(text)) and is_box(box[1]):
        draft.status, draft.blocked_reason = read_box(box[1])
        draft.places.append(Place("box", start + box.start(1), start + box.end(1), box[1], draft.status))
        return
    if mark is not None:
        example = text[mark.start : min(mark.end, mark.core_end)] if mark.reason else text[mark.start : mark.end]
        draft.places.append(Place("field", start + mark.start, start + mark.end, example, mark.status))
        draft.status, draft.blocked_reason = mark.status, mark.reason
        _judge_rest(draft, text, mark)
        return
    if cell is not None:
        draft.places.append(Place("field", start, start + len(text), text, None))
    if says_open or text.casefold() not in _NOTHING:
        # Where other rows say "not started" in words, silence is something else.
        draft.status = WorkStreamStatus.BLOCKED
        draft.blocked_reason = f'its status "{text[:40]}" is not known' if text else "its row gives no status"
        where = f"{document.path}:{row.line.number}"
        warnings.append(f"{where}: {draft.id[:80]} counts as blocked, {draft.blocked_reason}.")


def _judge_rest(draft: Draft, text: str, mark: Mark) -> None:
    """What stands behind the status, or through it, may hold the work back."""
    rest = text[mark.end :].strip(" ()*_~-–—:;,.")
    if mark.status is WorkStreamStatus.NOT_STARTED and _HELD.search(rest):
        draft.status, draft.blocked_reason = WorkStreamStatus.BLOCKED, rest
    if text.startswith("~~") and mark.start < text.find("~~", 2) and mark.status is not WorkStreamStatus.COMPLETE:
        draft.status = WorkStreamStatus.CANCELLED


def _set_fields(draft: Draft, row: Row, columns: Columns, table: Table) -> None:
    if (needs := row.text(columns.depends_on)).casefold() not in _NOTHING:
        draft.depends_on.append(_without_head(needs, table, columns))
    if (later := row.text(columns.blocks)).casefold() not in _NOTHING:
        draft.blocks.append(_without_head(later, table, columns))
    if (effort := row.text(columns.effort).strip("*_` ")).casefold() not in _NOTHING:
        draft.effort = effort
    if done := row.text(columns.done_when):
        draft.done_when.append(done)
    draft.assigned_to = claimant(row.text(columns.owner), certain=columns.owner_is_sure)
    grouped = len(table.titles) > 1 or group_number(table)
    draft.batch = row.text(columns.batch) or (table.titles[-1] if grouped else None)
    known = {columns.id, columns.name, *columns.others}
    for number, head in enumerate(table.header.cells):
        text = row.text(number)
        if number not in known and text.casefold() not in _NOTHING:
            draft.description.append(f"{head.text}: {text}")


def _without_head(needs: str, table: Table, columns: Columns) -> str:
    """ "Spec 01, Specs 03-05" as "01, 03-05" in a table whose ids stand under "Spec"."""
    head = plain(table.header.cells[columns.id].text) if columns.id is not None else ""
    return re.sub(rf"(?i)\b{head}s? (?=#?\d)", "", needs) if head.isalpha() else needs


def _tell_more(document: Document, draft: Draft, mention: Mention, warnings: list[str]) -> None:
    """Take over what the section with the id of a row says; its marks change with the row's."""
    if mention.lines:
        needs, effort, owner = list(draft.depends_on), draft.effort, draft.assigned_to
        fill(draft, read_body(document, mention.lines))
        draft.depends_on = needs or draft.depends_on
        draft.effort, draft.assigned_to = effort or draft.effort, owner or draft.assigned_to
    draft.places += mention.places
    stated = {place.status for place in mention.places if place.status is not None} - {draft.status}
    if stated:
        other = ", ".join(sorted(status.value for status in stated))
        warnings.append(f"{document.path}:{draft.first_line}: {draft.id[:80]} is {other} in line {mention.line}.")
        if draft.status is WorkStreamStatus.NOT_STARTED:
            draft.status = WorkStreamStatus.BLOCKED
            draft.blocked_reason = f"the plan also calls it {other}, in line {mention.line}"


def _turn_round(drafts: Sequence[Draft]) -> None:
    """What a row blocks waits for it; where most name rows above, people wrote "Blocks" for what blocks the row."""
    if not any(draft.blocks for draft in drafts):
        return
    known = known_of(drafts)
    places = {draft.id: place for place, draft in enumerate(drafts)}
    pairs = [
        (draft, drafts[places[id_]])
        for draft in drafts
        for id_ in read_dependencies(", ".join(draft.blocks), known, draft.id).ids
        if id_ in places and id_ != draft.id
    ]
    upwards = 2 * sum(places[other.id] < places[draft.id] for draft, other in pairs) > len(pairs)
    for draft, other in pairs:
        earlier, later = (other, draft) if upwards else (draft, other)
        if earlier.id not in later.depends_on:
            later.depends_on.append(earlier.id)


def _add_remarks(document: Document, drafts: Sequence[Draft]) -> None:
    """What a row says in other cells that it waits for: "Todo, after T1", "Notes: blocked by T1"."""
    known = known_of(drafts)
    ids = {draft.id for draft in drafts}
    for draft in drafts:
        text = document.lines[draft.first_line - 1].content[:_LONGEST_ROW] if not draft.depends_on else ""
        for match in _IN_ROW.finditer(text):
            if not _DENIED.search(text[: match.start()][-40:]):
                found = read_dependencies(match[1].rstrip(".-"), known, draft.id).ids
                draft.depends_on += [id_ for id_ in found if id_ in ids and id_ not in (draft.id, *draft.depends_on)]


def _set_steps(drafts: Sequence[Draft]) -> None:
    """A plan that states no dependency but counts its rows or their groups is worked off in that order."""
    if any(draft.depends_on for draft in drafts):
        return
    if drafts and all(_COUNTED.match(draft.id) for draft in drafts):
        for number, draft in enumerate(drafts):
            draft.step = number
        return
    groups = {group: number for number, group in enumerate(dict.fromkeys(draft.batch for draft in drafts))}
    if len(groups) > 1 and all(group and _NUMBERED.match(group) for group in groups):
        for draft in drafts:
            draft.step = groups[draft.batch]
