"""Headings that may be work: what number they have, what they say about their status, and what stands below them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.bodies import Body, read_body, status_place
from orchestrator_agent.roadmap.dependencies import KIND, NUMERAL, number_last
from orchestrator_agent.roadmap.document import Document, Line, check_count, headings_of
from orchestrator_agent.roadmap.drafts import Place
from orchestrator_agent.roadmap.fields import (
    Name,
    clean_name,
    holds_checks,
    holds_criteria,
    holds_examples,
    is_placeholder,
    leading_emoji,
)
from orchestrator_agent.roadmap.item_text import crossed_out, take_needs
from orchestrator_agent.roadmap.slugs import Slugs
from orchestrator_agent.roadmap.statuses import EMOJI, is_box, read_box, read_mark
from orchestrator_agent.roadmap.title_marks import mark_behind_id, read_ending

#: Words before the number of a heading; those that only headings use come first.
_KIND = rf"(?i:work package|pull request|pr|agent|stage|sprint|week|iteration|increment|unit|item|{KIND})"
_TITLE = regex(
    # "3. Phase 7: Name" only counts what is listed.
    rf"(?:\d{{1,3}}[.)] (?={_KIND} ?\d{{1,9}}(?:\.\d{{1,9}}){{0,6}} ?[:：–—-]))?"
    rf"(?:(?![A-Z]{{2,12}}[-_]\d)(?P<kind>{_KIND}) ?[-#:.]? ?)?"
    r"(?P<id>[A-Za-z][A-Za-z0-9]{0,11}[-_]\d{1,9}(?:\.\d{1,9}){0,6}|\d{1,9}(?:\.\d{1,9}){0,6}[a-z]?"
    rf"|[A-Z]{{1,4}}\d{{1,9}}(?:\.\d{{1,9}}){{0,6}}|[A-Z]|{NUMERAL}(?!\w))"
    # "Phase 1 / Milestone 1: Name" counts the same work twice.
    rf"(?: ?/ ?{_KIND} ?\d{{1,9}}(?:\.\d{{1,9}}){{0,6}}(?= ?[:：–—-]))?"
    r"(?P<sep> ?[:：.)）、] ?| ?[-–—]+ | |$)(?P<name>.*)"
)
#: Right behind an id these say that the heading speaks of several things, or that the id was none.
_NO_NAME = regex(r"[-–—&+/,]|(?:and|to|through) \d")
#: Priorities, quarters, halves and versions: they order things and name none.
_NO_ID = regex(r"[PQHV]\d")
_NUMBER = regex(r"\d{1,4}[.)] +")
_MILESTONE = regex(r"M\d{1,2}(?:\.\d{1,2})?$")
_LOUD = regex(r"[\s:–—-]*[🔴🟠🟡🟢🔵🔥⚠\ufe0f]*\s*\(?(?:CRITICAL|HIGH|MEDIUM|LOW)(?: (?:PRIORITY|RISK))?\)?$")
_LOUD_ENDS = tuple(f"{word}{end}" for word in "CRITICAL HIGH MEDIUM LOW PRIORITY RISK".split() for end in ("", ")"))
_LONGEST_LOUD = 40
#: What a heading may need: "(after Phase 2)", but not "(after each group)" or "(after line 60)".
_WORK = regex(rf"(?:(?i:all|both) )?(?:{_KIND} ?[#A-Z\d]|[#A-Z]{{0,12}}-?\d)")
_GROUPS = regex(r"(?:batch|phase|milestone|level)\b", re.IGNORECASE)
#: A heading that is a link, and where the words of one end.
_LINKED = regex(r"\[[^\[\]]{1,300}\]\([^()\s]{0,500}\)")
_LINK_END = regex(r"\]\([^()\s]{0,500}\)")
_BOX = regex(r"\[([^\[\]]{1,20})\] +")
_NO_BODY = Body()
_TELLING_LISTS = {"tasks", "depends_on", "done_when", "files"}


@dataclass(frozen=True, slots=True)
class Restated:
    """A place outside the section of a heading that speaks of it."""

    line: Line
    id: str
    name: str
    kind: str
    #: Its marks.
    places: tuple[Place, ...]
    in_table: bool
    #: What it needs by the column for that.
    needs: str = ""
    #: Why it is not to be done now: it is crossed out, or the title over it says so.
    aside: str = ""


@dataclass(slots=True)
class Heading:
    """A heading that may be a work stream."""

    index: int
    line: Line
    kind: str
    id: str
    name: str
    priority: bool
    #: Marks in the heading: a box or an emoji before the id, the words behind the name.
    places: list[Place]
    #: Why it is blocked, by the words behind its name.
    reason: str | None
    #: Crossed out.
    struck: bool
    #: Offsets in the line's content of what stands between its marks: id and name.
    begin: int
    stop: int
    #: What it needs by the brackets behind its name.
    needs: tuple[str, ...] = ()
    #: Index of the line behind its section.
    end: int = 0
    #: The headings around it, the outermost first.
    around: tuple[str, ...] = ()
    #: Index of the heading with an id that it stands below, or -1.
    group: int = -1
    #: What stands before the next such heading, and the index of that.
    body_end: int = 0
    body: Body = field(default_factory=lambda: _NO_BODY)
    field_place: tuple[Place, str | None] | None = None
    #: Where else the document gives its status: a box of a list, a row of a table.
    mentioned: list[Restated] = field(default_factory=list)

    @property
    def batch(self) -> str | None:
        """The heading of the group it stands in."""
        return self.around[-1] if self.around else None

    @property
    def counted_as(self) -> str:
        """The word before its id, or what the letter of the id stands for: "M3" is a milestone."""
        return self.kind or ("milestone" if _MILESTONE.match(self.id) else "")

    @property
    def marked(self) -> bool:
        """It says itself how far it is."""
        return self.field_place is not None or bool(self.places or self.mentioned or self.struck)

    @property
    def worded(self) -> bool:
        """It says so in words, and not by a picture, which may stand for something else."""
        told = [place for place in self.places if place.kind in ("ending", "remark")]
        told += [self.field_place[0]] if self.field_place else []
        return any(place.status is not None and any(map(str.isalpha, place.example)) for place in told)

    @property
    def telling(self) -> bool:
        """It has a status or a dependency of its own; a numbered chapter may well name what a program depends on."""
        if not self.kind and self.id.isdigit():
            known = self.field_place is None or self.field_place[0].status is not None
            return self.marked and known
        return bool(self.needs or self.body.lists.get("depends_on")) or self.marked

    @property
    def filled(self) -> bool:
        """More than prose stands below it."""
        if "effort" in self.body.fields or self.telling:
            return True
        return any(texts and name in _TELLING_LISTS for name, texts in self.body.lists.items())

    def covers(self, other: Heading) -> bool:
        """`other` stands in its section."""
        return self.index < other.index < self.end


def read_headings(document: Document, legend: Mapping[str, WorkStreamStatus]) -> list[Heading]:
    """All headings that have an id, outside sections that hold no work, with what stands below them."""
    found = _read(document, legend, read_heading)
    _lift_last_status(found)
    return found


def read_titles(document: Document, legend: Mapping[str, WorkStreamStatus]) -> list[Heading]:
    """As `read_headings` for headings without an id; one is made from their words."""
    slugs = Slugs()

    def read_title(index: int, line: Line, legend: Mapping[str, WorkStreamStatus]) -> Heading | None:
        if line.level == 1 or holds_examples(line.content) or holds_criteria(line.content):
            return None
        found = _title(index, line, legend)
        mark = read_mark(found.name, legend)
        is_status = mark is not None and not found.name[mark.end :].strip(" :：.")
        if not found.name or is_status or is_placeholder(found.name) or _NO_ID.match(found.name):
            return None
        found.id = slugs.of(found.name)
        return found

    return _read(document, legend, read_title)


def _read(
    document: Document,
    legend: Mapping[str, WorkStreamStatus],
    read_one: Callable[[int, Line, Mapping[str, WorkStreamStatus]], Heading | None],
) -> list[Heading]:
    found: list[Heading] = []
    path: list[tuple[int, str, bool]] = []  # level, title and "holds no work" of the headings around
    open_: list[Heading] = []
    for index, line in headings_of(document):
        while path and path[-1][0] >= line.level:
            path.pop()
        while open_ and open_[-1].line.level >= line.level:
            open_.pop().end = index
        heading = _of_work(read_one(index, line, legend), open_)
        above = idle = bool(path) and path[-1][2]
        if heading is not None and not idle:
            heading.around = tuple([title for level, title, _ in path if level > 1 or _groups(title)]) if path else ()
            heading.group = open_[-1].index if open_ else -1
            found.append(heading)
            open_.append(heading)
            check_count(len(found), document.path)
        elif heading is None and (line.level > 1 or path or found):
            title = _NUMBER.sub("", line.content, count=1)
            idle = holds_examples(title) or (_holds_criteria(title) and not open_)
        path.append((line.level, line.content, above or idle))
    for heading in open_:
        heading.end = len(document.lines)
    _read_bodies(document, found, legend)
    return found


def _of_work(heading: Heading | None, open_: Sequence[Heading]) -> Heading | None:
    """None for a numbered chapter of criteria, and for a heading in the section that it speaks of itself."""
    if heading is None or (not heading.kind and (_holds_criteria(heading.name) or holds_examples(heading.name))):
        return None
    for outer in open_ if heading.kind else ():
        if outer.id == heading.id and outer.kind == heading.kind:
            return None
    return heading


def _holds_criteria(title: str) -> bool:
    return holds_criteria(title) and not holds_checks(title)


def _read_bodies(document: Document, headings: list[Heading], legend: Mapping[str, WorkStreamStatus]) -> None:
    for item, following in zip_longest(headings, headings[1:]):
        item.body_end = min(item.end, following.index) if following else item.end
        item.body = read_body(document, document.lines[item.index + 1 : item.body_end])
        item.field_place = status_place(item.body, legend)


def _lift_last_status(headings: list[Heading]) -> None:
    """A status below the last of several parts, of which no other has one, is that of the whole."""
    parts: dict[int, list[Heading]] = {}
    open_: list[Heading] = []
    for heading in headings:
        while open_ and open_[-1].end <= heading.index:
            open_.pop()
        if open_:
            parts.setdefault(open_[-1].index, []).append(heading)
        open_.append(heading)
    for whole in headings:
        inner = parts.get(whole.index, [])
        told = [part for part in inner if part.field_place is not None]
        if whole.field_place is None and len(inner) > 1 and told == inner[-1:]:
            whole.field_place, inner[-1].field_place = inner[-1].field_place, None


def _groups(title: str) -> bool:
    return _GROUPS.match(title) is not None


def read_heading(index: int, line: Line, legend: Mapping[str, WorkStreamStatus]) -> Heading | None:
    """The heading in `line`, without what is around it; None when it has no id."""
    mark, begin = _leading_mark(line, legend)
    begin, struck = _behind_markup(line.content, begin)
    match = _TITLE.match(number_last(" ".join(line.content[begin:].split())))
    if match is None or (not match["sep"].strip() and _NO_NAME.match(match["name"])) or not _is_id(match):
        return None
    kind = " ".join((match["kind"] or "").casefold().split())
    if line.level == 1 and kind.endswith("s"):
        return None  # "# Tasks - AB-12" is the title of a list
    places, stop, reason = _ending(line, mark, begin, legend)
    text = " ".join(line.content[begin:stop].split())[match.start("name") :]
    if not places:
        place, used = mark_behind_id(line.content, text, legend)
        if place is not None:
            places, text = [replace(place, start=line.start + place.start, end=line.start + place.end)], text[used:]
    without, needs = take_needs(text)
    needs = needs if all(map(_WORK.match, needs)) else ()
    crossed = crossed_out(text.rstrip(" -–—:：([（"))
    struck, text = struck or crossed is not None, text if crossed is None else crossed
    name = _trim(without if needs else text)
    return Heading(
        index, line, kind, match["id"], name.text, name.priority, places, reason, struck, begin, stop, needs=needs
    )


def _title(index: int, line: Line, legend: Mapping[str, WorkStreamStatus]) -> Heading:
    """A heading with all of its words as its name."""
    mark, begin = _leading_mark(line, legend)
    begin, struck = _behind_markup(line.content, begin)
    places, stop, reason = _ending(line, mark, begin, legend)
    name = _trim(" ".join(line.content[begin:stop].split()))
    return Heading(index, line, "", "", name.text, name.priority, places, reason, struck, begin, stop)


def _behind_markup(text: str, begin: int) -> tuple[int, bool]:
    """Where the words begin at or behind `begin`, and whether they are crossed out."""
    start = len(text) - len(text[begin:].lstrip(" \t}*_:~`-"))
    linked = text.startswith("[", start) and _LINKED.match(text, start)
    return start + bool(linked), text.startswith("~~", begin)


def _ending(
    line: Line, mark: Place | None, begin: int, legend: Mapping[str, WorkStreamStatus]
) -> tuple[list[Place], int, str | None]:
    """The marks of a title, where its name ends, and the reason of a block."""
    places = [mark] if mark else []
    ending = read_ending(line.content, begin, legend)
    if ending is None:
        return places, len(line.content), None
    place, stop, reason = ending
    places.append(Place(place.kind, line.start + place.start, line.start + place.end, place.example, place.status))
    return places, stop, reason


def _trim(name: str) -> Name:
    name = name if "[" in name else _LINK_END.sub("", name)
    name = name.rstrip(" -–—:：([（*_~")
    loud = _LOUD.search(name, max(0, len(name) - _LONGEST_LOUD)) if name.endswith(_LOUD_ENDS) else None
    return clean_name((name[: loud.start()] or name) if loud else name)


def _leading_mark(line: Line, legend: Mapping[str, WorkStreamStatus]) -> tuple[Place | None, int]:
    """The box or emoji before the id, and where the rest begins."""
    text = line.content
    if text.startswith("[") and (box := _BOX.match(text)) and is_box(box[1]):
        begin = line.start + box.start(1)
        return Place("box", begin, begin + len(box[1]), box[1], read_box(box[1])[0]), box.end()
    span = leading_emoji(text)
    if span is None:
        return None, 0
    status = legend.get(text[span[0]], EMOJI.get(text[span[0]]))
    if status is None:
        return None, span[1]
    return Place("emoji", line.start + span[0], line.start + span[1], text[slice(*span)], status), span[1]


def _is_id(match: re.Match[str]) -> bool:
    id_, sep = match["id"], match["sep"].strip()
    if match["kind"]:
        if not id_.isascii():
            return True
        if id_.isalpha() and match.start("id") == match.end("kind"):
            return False  # the beginning of another word: "PRD"
        return not id_.isalpha() or bool(sep) or not match["name"]
    if id_.isalpha() or (_NO_ID.match(id_) and "-" not in id_):
        return False
    if id_.isdigit():
        return bool(sep and sep in ".):：）、")
    return bool(sep) or not id_[0].isalpha() or "-" in id_ or sum(map(str.isdigit, id_)) >= 3
