"""What stands below a heading or an item: fields, tasks, criteria, and text that describes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.document import Document, Kind, Line
from orchestrator_agent.roadmap.drafts import Draft, Place
from orchestrator_agent.roadmap.fields import NAMES, Field, claimant, declared_files, holds_criteria, plain, read_field
from orchestrator_agent.roadmap.set_aside import held_by, names_work
from orchestrator_agent.roadmap.statuses import is_box, only_remarks, read_box, read_mark
from orchestrator_agent.roadmap.step_status import status_of_step

#: Lists whose lines belong to a field.
_LISTS = ("tasks", "done_when", "depends_on", "blocks", "conflicts_with", "files")
#: Of these, what agents should read as well.
_SHOWN = ("blocks", "files")
_NEEDS = ("depends_on", "blocks")
#: A value that ends so, or is empty, goes on below.
_GOES_ON = ":：,，、"
_LONGEST_STATUS = 40
#: The longest label of a second field in a line, with what is around it.
_LONGEST_LABEL = 60
#: What stands between two fields of a line.
_BETWEEN = regex(r"[|·•] *| (?=\*\*[A-Z][\w ]{1,30}(?::\*\*|\*\*:))")


#: A line of text that begins with the first, or stands behind the last, does not go on with a sentence.
_MARKUP, _ENDS = ">*_", ".!?:：。*_)"


@dataclass(slots=True)
class Body:
    """What was read below one heading or item."""

    #: Field name -> value and the offset of the value in the document; the first of several counts.
    fields: dict[str, tuple[str, int]] = field(default_factory=dict)
    lists: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    #: The statuses of the boxes that are tasks.
    boxes: list[WorkStreamStatus] = field(default_factory=list)
    #: The statuses of the boxes of deliverables and the like.
    other_boxes: list[WorkStreamStatus] = field(default_factory=list)
    #: Lines as written that are none of the above.
    text: list[str] = field(default_factory=list)
    #: What a line before all lists says if it holds the work back: "Deferred to v2".
    held: str | None = None
    #: What such a line waits for, where that is other work: "Phase 2" for "Blocked until Phase 2 is done".
    awaited: list[str] = field(default_factory=list)

    @property
    def is_prose(self) -> bool:
        """Nothing but text and lists that say nothing about work."""
        return not (self.fields or self.boxes or self.other_boxes or any(self.lists.values()))

    @property
    def is_empty(self) -> bool:
        """Nothing was read."""
        return not (self.fields or any(self.lists.values()) or any(map(str.strip, self.text)))


@dataclass(slots=True)
class _Open:
    """The field that the next lines may belong to."""

    name: str
    indent: int
    bullet: bool
    #: Its value stands in its own line; boxes below it are then steps of the work.
    told: bool = False
    #: What it needs stands in its own line, so that a list behind a blank line is another one.
    is_said: bool = False
    #: An item without a box belongs to it; boxes behind such are no more of its kind.
    listed: bool = False


def read_body(document: Document, lines: Sequence[Line]) -> Body:
    """The body made of `lines`, in which no further work stream begins."""
    if all(line.kind is Kind.BLANK for line in lines):
        return Body(text=[""] * len(lines))
    reader = _Reader(document)
    for line in lines:
        reader.take(line)
    return reader.body


class _Reader:
    def __init__(self, document: Document) -> None:
        self.document = document
        self.body = Body()
        self.open: _Open | None = None
        #: Indentation of the last item that is no field; what stands further in belongs to it.
        self.item_indent: int | None = None
        #: Nothing but blanks was read yet.
        self.first = True
        #: The next line of text begins a paragraph, and no list was read yet.
        self.begins, self.listless = True, True

    def take(self, line: Line) -> None:
        kind = line.kind
        if kind is Kind.BLANK:
            self.begins = True
            self.body.text.append("")
            if self.open is not None and self.open.is_said:
                self.open = None
        elif kind is Kind.HEADING:
            self._heading(line)
        elif kind is Kind.ITEM or kind is Kind.TEXT:
            first, self.first = self.first, False
            found = self._field(line)
            self._hold(line, found)
            if found is not None:
                self._begin(line, found)
            elif not (first and self._states(line)):
                self._content(line)
        elif kind is not Kind.HIDDEN:
            self._keep(line)

    def _hold(self, line: Line, found: Field | None) -> None:
        """Note what a paragraph before all lists and headings says if that holds the work back."""
        text = line.content
        if not text:
            return
        begins, self.begins = self.begins or text[0] in _MARKUP, text[-1] in _ENDS
        self.listless = self.listless and line.kind is Kind.TEXT
        if self.listless and begins and text[0] != "|" and (found is None or found.name == "other"):
            held = held_by(text)
            if held is not None and (needed := names_work(held)):
                self.body.awaited.append(needed)
            else:
                self.body.held = self.body.held or held

    def _heading(self, line: Line) -> None:
        self.item_indent, self.listless = None, False
        name = "done_when" if holds_criteria(line.content) else NAMES.get(plain(line.content))
        self.open = _Open(name, -1, bullet=True) if name else None
        if name not in _LISTS:
            self._keep(line)

    def _field(self, line: Line) -> Field | None:
        """The field that `line` begins; a line further in than an open field belongs to that one."""
        if line.content[:1] == "|":
            return _row(line.content)
        if line.box is not None or (self.open is not None and line.indent > self.open.indent >= 0):
            return None
        if self.item_indent is not None and line.indent > self.item_indent:
            return None
        found = read_field(line.content)
        if found is None or found.sure or self.open is None or line.kind is not Kind.ITEM:
            return found
        return found if self.open.bullet or (self.open.told and self.open.name not in _LISTS) else None

    def _begin(self, line: Line, found: Field) -> None:
        bulleted = line.kind is Kind.ITEM
        is_said = not bulleted and found.name in _NEEDS and found.value[-1:] not in _GOES_ON
        self.open = _Open(found.name, line.indent, bulleted, bool(found.value), is_said)
        if found.name in ("other", "description", "progress", *_SHOWN):
            self._keep(line)
        for name, value, start in _in_one_line(found):
            if name not in _LISTS:
                self.body.fields.setdefault(name, (value, line.start + start))
            elif value:
                self.body.lists[name].append(value)

    def _states(self, line: Line) -> bool:
        """Read a status alone in the first line: "_Done_", "**In Progress**"."""
        text = line.content
        if line.kind is Kind.TEXT and len(text) <= _LONGEST_STATUS and text[0] in "*_" and text[-1] == text[0]:
            mark = read_mark(text, {})
            if mark is not None and mark.worded and only_remarks(text[mark.end :], loose=True):
                self.body.fields["status"] = (text, line.start)
                return True
        return False

    def _content(self, line: Line) -> None:
        if self.open is not None and not self._belongs(line, self.open):
            self.open = None
        if self.open is not None and _leaves_to_steps(self.open, line):
            self.open = None
        name = self.open.name if self.open is not None else ""
        if line.kind is Kind.ITEM and not name:
            self.item_indent = line.indent if self.item_indent is None else min(line.indent, self.item_indent)
        if name == "depends_on" and self.open is not None and line.box is None:
            self.open.listed = True
        if name in _LISTS and line.content:
            self.body.lists[name].append(line.content)
        if name in _SHOWN:
            self._keep(line)
        if line.box is not None and is_box(line.box) and name in ("tasks", ""):
            self.body.boxes.append(status_of_step(line))
            if not name and line.content:
                self.body.lists["tasks"].append(line.content)
        elif name not in _LISTS:
            self._keep(line)
            if line.box is not None and is_box(line.box):
                self.body.other_boxes.append(read_box(line.box)[0])

    def _belongs(self, line: Line, open_: _Open) -> bool:
        if line.indent > open_.indent:
            return True
        return not open_.bullet and line.kind is Kind.ITEM and line.indent >= open_.indent

    def _keep(self, line: Line) -> None:
        self.body.text.append(self.document.raw(line).rstrip())


def _row(text: str) -> Field | None:
    """The field that a row of two cells is: "| **Depends on** | Phase 1 |"."""
    cells = text.rstrip().removesuffix("|").split("|", 3)
    if len(cells) != 3 or len(cells[1]) > _LONGEST_STATUS:
        return None
    name, value = NAMES.get(plain(cells[1])), cells[2].strip()
    if name == "depends_on" or (name == "status" and _is_status(value)):
        return Field(name, value, len(cells[1]) + 2 + len(cells[2]) - len(cells[2].lstrip()), sure=True)
    return None


def _is_status(text: str) -> bool:
    mark = read_mark(text, {})
    return mark is not None and mark.worded


def _leaves_to_steps(open_: _Open, line: Line) -> bool:
    """A box below a field with a value of its own, or below one that holds no boxes, is a step of the work.

    So is one behind items without boxes: the field is a list of its own.
    """
    if open_.listed and line.indent <= max(open_.indent, 0) and line.box is not None and is_box(line.box):
        return True
    is_beside = line.indent <= open_.indent and line.box is not None and is_box(line.box)
    return is_beside and (open_.name in _SHOWN or (open_.told and open_.name not in ("tasks", "done_when")))


def _in_one_line(found: Field) -> Iterator[tuple[str, str, int]]:
    """Name, value and offset of each field of a line: "**Priority:** High | **Depends On:** #1"."""
    name, start = found.name, found.start
    begin = 0
    for match in _BETWEEN.finditer(found.value):
        inner = read_field(found.value[match.end() : match.end() + _LONGEST_LABEL])
        if inner is not None and (inner.sure or found.value[match.start()] == "|"):
            yield name, found.value[begin : match.start()].rstrip(), start
            begin = match.end() + inner.start
            name, start = inner.name, found.start + begin
    yield name, found.value[begin:], start


def fill(draft: Draft, body: Body) -> None:
    """Put what `body` says, its status apart, into `draft`."""
    draft.description += body.text
    draft.held = draft.held or body.held
    draft.awaited += body.awaited
    if body.lists:
        _fill_lists(draft, body.lists)
    if not body.fields:
        return
    effort = body.fields.get("effort", ("", 0))[0].strip("*_` ")
    if effort and not effort.startswith("["):
        draft.effort = effort
    for name, certain in (("assigned", True), ("agent", False)):
        if draft.assigned_to is None and name in body.fields:
            draft.assigned_to = claimant(body.fields[name][0], certain=certain)
            draft.may_be_role = not certain and body.fields[name][0] == (draft.assigned_to or "").casefold()


def _fill_lists(draft: Draft, lists: Mapping[str, Sequence[str]]) -> None:
    draft.tasks += [task for task in lists.get("tasks", ()) if not _is_count(task)]
    draft.done_when += lists.get("done_when", ())
    draft.depends_on += lists.get("depends_on", ())
    draft.blocks += lists.get("blocks", ())
    draft.conflicts_with += lists.get("conflicts_with", ())
    draft.files += declared_files(lists.get("files", ()))


def status_place(body: Body, legend: Mapping[str, WorkStreamStatus]) -> tuple[Place, str | None] | None:
    """The place of the Status field and the reason of a block; None without such a field."""
    found = body.fields.get("status")
    if found is None:
        return None
    value, start = found
    mark = read_mark(value, legend)
    if mark is None:
        end = len(value.split("|")[0].rstrip())
        return Place("field", start, start + end, value[:end], None), None
    example = value[mark.start : min(mark.end, mark.core_end)] if mark.reason else value[mark.start : mark.end]
    return Place("field", start + mark.start, start + mark.end, example, mark.status), mark.reason


def sum_of(boxes: Sequence[WorkStreamStatus]) -> WorkStreamStatus:
    """What the boxes of the tasks say together."""
    if not boxes:
        return WorkStreamStatus.NOT_STARTED
    closed = [box in (WorkStreamStatus.COMPLETE, WorkStreamStatus.CANCELLED) for box in boxes]
    if all(closed):
        return WorkStreamStatus.COMPLETE if WorkStreamStatus.COMPLETE in boxes else WorkStreamStatus.CANCELLED
    if all(done or box is WorkStreamStatus.BLOCKED for done, box in zip(closed, boxes, strict=True)):
        return WorkStreamStatus.BLOCKED
    if any(closed) or WorkStreamStatus.IN_PROGRESS in boxes:
        return WorkStreamStatus.IN_PROGRESS
    return WorkStreamStatus.NOT_STARTED


_SHARE = regex(r"(\d{1,6}) ?(?:/|of) ?(\d{1,6})|(\d{1,3}) ?%")


def counted(body: Body) -> WorkStreamStatus:
    """What a field like "Progress: 4/4 (100%)" says; such counters go stale, so anything else says it better."""
    progress = body.fields.get("progress")
    match = _SHARE.search(progress[0]) if progress else None
    done, all_ = (int(match[1] or match[3]), int(match[2] or 100)) if match else (0, 1)
    if done == 0:
        return WorkStreamStatus.NOT_STARTED
    return WorkStreamStatus.COMPLETE if done >= all_ else WorkStreamStatus.IN_PROGRESS


def _is_count(task: str) -> bool:
    return task[:1].isdigit() and task.split(" ")[0].replace("/", "").isdigit() and "/" in task[:12]
