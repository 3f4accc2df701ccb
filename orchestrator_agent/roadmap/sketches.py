"""How a new work stream could look in a plan: guesses after the work that stands there, the likeliest first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.document import Document, Kind, Line
from orchestrator_agent.roadmap.drafts import Place
from orchestrator_agent.roadmap.fields import Field, read_field
from orchestrator_agent.roadmap.plan_format import Found
from orchestrator_agent.roadmap.sources import Source

#: So many entries of a group, and so many groups, are looked at for a pattern.
_MODELS, _GROUPS = 4, 3
_COUNTED = regex(r"(?P<head>.*?)(?P<number>\d{1,9})$")
_LABELS = {"depends_on": "Depends On", "effort": "Effort", "done_when": "Done When", "tasks": "Tasks"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWork:
    """Work that a plan lacks. Texts are hostile; `depends_on` holds ids of the plan."""

    name: str
    description: str = ""
    tasks: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    effort: str = ""
    done_when: str = ""


@dataclass(frozen=True, slots=True)
class Sketch:
    """A plan's text with new work in it, which was put behind that line (1-based)."""

    text: str
    after_line: int


# -- headings ------------------------------------------------------------------------------------------------------


def heading_sketches(source: Source, found: Found, new: NewWork, taken: frozenset[str]) -> Iterator[Sketch]:
    """A section like its neighbours, with a heading, a status and fields.

    Args:
        taken: ids, without case, that the new one must not have.
    """
    document = source.document
    of_heading = [s for s in found.work_streams if _first_line(document, s).kind is Kind.HEADING]
    for group in _groups(of_heading):
        behind = max(_last(stream) for stream in group)
        for model in _models(group):
            head = _heading(document, model, new, _next_id(model.id, document, taken))
            for box in ("[ ] ", "") if head and new.tasks else ("",) if head else ():
                lines = [head, *_section(document, found, model, of_heading, new, box)]
                yield _put(document, behind, ["", *lines])


def _heading(document: Document, model: WorkStream, new: NewWork, id_: str) -> str:
    """The heading of `model` with another id and name; empty where they do not stand in it as they are read."""
    raw = document.raw(_first_line(document, model))
    at = raw.find(model.id)
    head, rest = (raw[:at] + id_, raw[at + len(model.id) :]) if at >= 0 and id_ else ("", raw)
    before, name, behind = rest.partition(model.name)
    return f"{head}{before}{new.name}{behind}" if name else ""


def _section(
    document: Document, found: Found, model: WorkStream, streams: Sequence[WorkStream], new: NewWork, box: str
) -> list[str]:
    """What stands below the heading."""
    after = document.lines[_first(model) :][:1]
    gap = [""] if after and after[0].kind is Kind.BLANK else []
    status = _status_line(document, found, model)
    styles = _styles(document, streams, status)
    bulleted = re.match(r"\s*[-*+]\s", styles["tasks"]) is not None
    fields = {
        "depends_on": ", ".join(_named(document, streams, new.depends_on)),
        "effort": new.effort,
        "done_when": new.done_when,
    }
    told = {name: f"{styles[name]}{value}" for name, value in fields.items() if value}
    indent = "  " if bulleted else ""
    tasks = [styles["tasks"].rstrip(), *(f"{indent}- {box}{task}" for task in new.tasks)] if new.tasks else []
    lines = [status] if status else []
    if bulleted:  # in the order of the usual phase: what it waits for, its steps, how large, how one can tell
        lines += [*_of(told, "depends_on"), *tasks, *_of(told, "effort", "done_when")]
    else:
        # Behind a list a bare line would go on with its last item.
        lines += [*_of(told, "effort", "depends_on", "done_when"), *([""] if tasks else []), *tasks]
    lines = [*([new.description, ""] if new.description else []), *lines]
    return [*gap, *lines] if lines else []


def _of(told: dict[str, str], *names: str) -> list[str]:
    return [told[name] for name in names if name in told]


def _status_line(document: Document, found: Found, model: WorkStream) -> str:
    """The line in which `model` says its status, without what follows; empty where the heading says it."""
    for place in _places(found, model):
        if place.kind == "field":
            line = next(line for line in document.lines if line.begin <= place.start <= line.end)
            return document.text[line.begin : place.end]
    return ""


def _styles(document: Document, streams: Sequence[WorkStream], status: str) -> dict[str, str]:
    """For each field what stands before its value, as the newest work has it, else after the line of the status."""
    found: dict[str, str] = {}
    for line, field in _fields(document, streams):
        if field.name in _LABELS:
            found.setdefault(field.name, document.raw(line)[: line.start - line.begin + field.start].rstrip() + " ")
    colon = re.match(r"(?P<lead>\W*)[\w ]+(?P<tail>\W*?[:：]\W*? )", status or next(iter(found.values()), ""))
    lead, tail = (colon["lead"], colon["tail"]) if colon else ("- **", ":** ")
    return {name: found.get(name, f"{lead}{label}{tail}") for name, label in _LABELS.items()}


def _fields(document: Document, streams: Sequence[WorkStream]) -> Iterator[tuple[Line, Field]]:
    """The lines that are fields of these, those of the last first."""
    for stream in reversed(streams):
        for line in document.lines[_first(stream) : _last(stream)]:
            field = read_field(line.content) if line.kind in (Kind.ITEM, Kind.TEXT) and line.box is None else None
            if field is not None:
                yield line, field


def _named(document: Document, streams: Sequence[WorkStream], ids: Sequence[str]) -> list[str]:
    """How dependencies are named: as their headings begin ("Phase 1.2"), or bare where the plan has them so."""
    known = {stream.id: stream for stream in streams}
    told = [field.value for _, field in _fields(document, streams) if field.name == "depends_on"]
    bare = any(value.startswith(id_) for value in told for id_ in known)
    return [id_ if bare or id_ not in known else _title(_first_line(document, known[id_]), known[id_]) for id_ in ids]


def _title(line: Line, stream: WorkStream) -> str:
    at = line.content.find(stream.id)
    return re.sub(r"^\W+", "", line.content[: at + len(stream.id)]) if at >= 0 else stream.name


# -- boxes ---------------------------------------------------------------------------------------------------------


def box_sketches(source: Source, found: Found, new: NewWork, taken: frozenset[str]) -> Iterator[Sketch]:
    """A box like its neighbours; what else is known stands below it.

    Args:
        taken: ids, without case, that the new one must not have.
    """
    document = source.document
    names = {stream.id: stream.name for stream in found.work_streams}
    boxes = [s for s in found.work_streams if _first_line(document, s).box is not None]
    for group in _groups(boxes, new.depends_on):
        behind = max(_last(stream) for stream in group)
        for model in _models(group):
            line = _first_line(document, model)
            lead, rest = document.text[line.begin : line.box_start], line.content
            has_id, id_ = model.id in rest, _next_id(model.id, document, taken)
            # The number of an issue is not ours to give; the name alone will do.
            written = f"{model.id} " if model.id.startswith("#") else model.id
            pre, name, close = (rest.replace(written, id_, 1) if has_id else rest).partition(model.name)
            if not name:
                continue
            mark = re.match(r"[*_`]*", close)
            text = f"{lead} ] {pre}{new.name}{mark[0] if mark else ''}"
            for inline, below in _needs(new.depends_on, names, by_id=has_id):
                yield _put(document, behind, [text + inline, *_below(line, new, below)])


def _needs(ids: Sequence[str], names: dict[str, str], *, by_id: bool) -> Iterator[tuple[str, str]]:
    """What the line ends with, and a field below it: ways to say what is waited for."""
    if not ids:
        yield "", ""
        return
    if not by_id:
        yield f" (depends on: {', '.join(names.get(id_, id_) for id_ in ids)})", ""
    yield f" (depends on: {', '.join(ids)})", ""
    yield "", ", ".join(ids)


def _below(line: Line, new: NewWork, needs: str) -> list[str]:
    indent = " " * (line.indent + 2)
    fields = (("Depends On", needs), ("Effort", new.effort), ("Done When", new.done_when))
    told = [f"{indent}- {label}: {value}" for label, value in fields if value]
    said = [f"{indent}{new.description}"] if new.description else []
    return [*said, *(f"{indent}- [ ] {task}" for task in new.tasks), *told]


# -- both ----------------------------------------------------------------------------------------------------------


def _first(stream: WorkStream) -> int:
    return stream.source.first_line if stream.source else 1


def _last(stream: WorkStream) -> int:
    return stream.source.last_line if stream.source else 1


def _first_line(document: Document, stream: WorkStream) -> Line:
    return document.lines[_first(stream) - 1]


def _places(found: Found, stream: WorkStream) -> tuple[Place, ...]:
    places = found.places.get(stream.id, ())
    return tuple(place for place in places if isinstance(place, Place)) if isinstance(places, tuple) else ()


def _groups(streams: Sequence[WorkStream], needs: Sequence[str] = ()) -> list[list[WorkStream]]:
    """The groups of the plan in which the new work could stand: one with any of `needs`, then the last with open work,
    and so on upwards."""
    groups: dict[str | None, list[WorkStream]] = {}
    for stream in streams:
        groups.setdefault(stream.batch, []).append(stream)

    def rank(group: Sequence[WorkStream]) -> tuple[bool, bool, int]:
        waited_for = any(stream.id in needs for stream in group)
        open_ = any(not stream.is_closed and stream.blocked_reason is None for stream in group)
        return waited_for, open_, max(_last(stream) for stream in group)

    return sorted(groups.values(), key=rank, reverse=True)[:_GROUPS]


def _models(group: Sequence[WorkStream]) -> list[WorkStream]:
    """Those of a group to be imitated: open work that nobody has, the last first, then the rest."""

    def fits(stream: WorkStream) -> bool:
        return stream.status is WorkStreamStatus.NOT_STARTED and not (stream.priority or stream.assigned_to)

    return sorted(reversed(group), key=fits, reverse=True)[:_MODELS]


def _next_id(id_: str, document: Document, taken: frozenset[str]) -> str:
    """The id that follows the last of a series ("1.9" -> "1.10", "T007" -> "T008", "C" -> "D"); empty for names."""
    if re.fullmatch(r"[A-Y]", id_):
        later = (chr(code) for code in range(ord(id_) + 1, ord("Z") + 1))
        return next((char for char in later if char.casefold() not in taken), "")
    match = _COUNTED.match(id_)
    if match is None or re.match(r"#|[a-z]+-[a-z]", id_):
        return ""
    head, width = match["head"], len(match["number"])
    # Also what is in a template, the backlog or an archive: an id is not used twice.
    written = re.findall(rf"(?<![\w.]){re.escape(head)}(\d{{1,6}})(?!\.?\w)", document.text)
    ids = [name.removeprefix(head.casefold()) for name in taken if name.startswith(head.casefold())]
    numbers = [int(number) for number in (*ids, *(written if head else ())) if number.isdigit()]
    return f"{head}{max(numbers, default=0) + 1:0{width if match['number'][0] == '0' else 0}d}"


def _put(document: Document, behind: int, lines: Sequence[str]) -> Sketch:
    """The text with `lines` behind that line; a blank line is kept between them and what follows."""
    line = document.lines[behind - 1]
    newline = "\r\n" if "\r\n" in document.text else "\n"
    rest = document.text[line.end :]
    follows = document.lines[behind : behind + 1]
    is_section = not lines[0]
    gap = newline if follows and follows[0].kind is not Kind.BLANK and is_section else ""
    ends = "" if rest else newline
    return Sketch(document.text[: line.end] + "".join(newline + text for text in lines) + gap + ends + rest, behind)
