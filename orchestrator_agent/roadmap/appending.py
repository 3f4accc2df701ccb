"""A new work stream is written into a plan, in the plan's own style; every other byte stays.

How a plan writes its work is taken from the work that it holds: the last entry that could serve gives heading or box,
names of fields and the series of the ids. What comes out is read again, and only a plan that then holds all of its
old work unchanged and exactly the new one is taken.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.roadmap import formats
from orchestrator_agent.roadmap.document import scan
from orchestrator_agent.roadmap.plan_format import Found
from orchestrator_agent.roadmap.reading import read_plan, write_statuses
from orchestrator_agent.roadmap.roadmap import Roadmap
from orchestrator_agent.roadmap.sketches import NewWork, Sketch, box_sketches, heading_sketches
from orchestrator_agent.roadmap.sources import Files, Source, is_below, open_source
from orchestrator_agent.terminal import clean

_SKETCHERS: Mapping[str, Callable[[Source, Found, NewWork, frozenset[str]], Iterator[Sketch]]] = {
    "phases": heading_sketches,
    "checklist": box_sketches,
}
#: Each try reads all plans again.
_MOST_TRIES = 24
_LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """One file of a plan with a new work stream in it."""

    #: The new work stream as it is read back.
    work_stream: WorkStream
    path: str
    before: bytes
    after: bytes


def append(files: Files, paths: Sequence[str], new: NewWork, format_name: str = "") -> Appended:
    """The plans with `new` in one of them: in that of its first dependency, else in the first.

    Args:
        format_name: the format of all plans; empty to recognise it.

    Raises:
        RoadmapError: a plan cannot be read, its format takes no new work, or the work would not read back as meant.
        UnknownWorkStream: a dependency is in none of the plans.
    """
    before = read_plan(files, paths, format_name)
    new = _tidy(new)
    needs = tuple(dict.fromkeys(before.get(id_).id for id_ in new.depends_on))
    source = _source_of(files, paths, before, needs)
    format_, found = formats.choose(source, format_name)
    sketcher = _SKETCHERS.get(format_.name) if format_ else None
    if sketcher is None or not found.work_streams:
        kind = f"is of the format {format_.name}" if format_ else "holds no work stream yet to take the style from"
        raise RoadmapError(f"{source.path} {kind}; add the new work to it by hand.")
    here = replace(new, depends_on=_as_written(before, found, needs))
    taken = frozenset(stream.id.rpartition(":")[2].casefold() for stream in before.work_streams)
    reasons: list[str] = []
    silent = sketcher(source, found, replace(here, depends_on=()), taken) if needs else ()
    tries = itertools.chain(
        itertools.islice(sketcher(source, found, here, taken), _MOST_TRIES), itertools.islice(silent, _MOST_TRIES)
    )
    for sketch in tries:
        changed = _Changed(files, source.path, sketch.text.encode("utf-8"))
        outcome = _try(changed, paths, format_name, before, replace(new, depends_on=needs))
        if isinstance(outcome, str):
            reasons.append(outcome)
        elif not _swallows(source, outcome[1], sketch):
            made, data = outcome
            return Appended(work_stream=made, path=source.path, before=source.files[source.path], after=data)
    raise RoadmapError(
        f'"{clean(new.name, 60)}" cannot be written into {source.path} so that it reads back as meant'
        f" ({reasons[0] if reasons else 'nothing there shows how'}); say it in plainer words, or add it by hand."
    )


def _tidy(new: NewWork) -> NewWork:
    """One clean line for each text.

    Raises:
        RoadmapError: the name is empty.
    """

    def line(text: str) -> str:
        return " ".join(clean(text, _LONGEST_TEXT).split())

    if not line(new.name):
        raise RoadmapError("A work stream needs a name; give it one.")
    return NewWork(
        name=line(new.name),
        description=line(new.description),
        tasks=tuple(text for task in new.tasks if (text := line(task))),
        depends_on=new.depends_on,
        effort=line(new.effort),
        done_when=line(new.done_when),
    )


def _source_of(files: Files, paths: Sequence[str], roadmap: Roadmap, needs: Sequence[str]) -> Source:
    stands_in = roadmap.get(needs[0]).source if needs else None
    wanted = next((path for path in paths if stands_in and is_below(stands_in.path, path)), paths[0])
    source = open_source(files, wanted)
    if source is None:
        raise RoadmapError(f"There is no roadmap at {wanted}; correct the path or run `orch init`.")
    return source


def _as_written(roadmap: Roadmap, found: Found, needs: Sequence[str]) -> tuple[str, ...]:
    """The dependencies by the ids that their own plan gives them, without a label before them."""
    own = {stream.source: stream.id for stream in found.work_streams}
    return tuple(own.get(roadmap.get(id_).source, id_) for id_ in needs)


@dataclass(frozen=True, slots=True)
class _Changed:
    """Files of which one has other bytes."""

    files: Files
    path: str
    data: bytes

    def read(self, path: str) -> bytes | None:
        return self.data if path == self.path else self.files.read(path)

    def below(self, folder: str) -> Mapping[str, bytes]:
        return self.files.below(folder)


def _try(
    files: _Changed, paths: Sequence[str], format_name: str, before: Roadmap, wanted: NewWork
) -> tuple[WorkStream, bytes] | str:
    """The new work stream and the bytes of its file; or why that is not what was wanted, in a few words."""
    try:
        made = _new_one(before, read_plan(files, paths, format_name))
        if made is not None and made.status is not WorkStreamStatus.NOT_STARTED:
            changes = {made.id: WorkStreamStatus.NOT_STARTED}
            written = write_statuses(files, paths, changes, format_name)
            files = replace(files, data=written.get(files.path, files.data))
            made = _new_one(before, read_plan(files, paths, format_name))
    except RoadmapError as error:
        return str(error)
    if made is None:
        return "other work would change"
    return _difference(made, wanted, before) or (made, files.data)


def _new_one(before: Roadmap, after: Roadmap) -> WorkStream | None:
    """The one work stream that is new, where all others are as they were."""
    old = {stream.id: replace(stream, source=None) for stream in before.work_streams}
    new = [stream for stream in after.work_streams if stream.id not in old]
    same = all(old.get(stream.id) in (None, replace(stream, source=None)) for stream in after.work_streams)
    return new[0] if len(new) == 1 and same and len(after.work_streams) == len(old) + 1 else None


def _waits_for(made: WorkStream, needs: Sequence[str], before: Roadmap) -> bool:
    """True when it waits for just these; or, where the order of the plan alone says what comes first, stands behind."""
    if set(made.depends_on) == set(needs):
        return True
    steps = [before.get(id_).step for id_ in needs]
    step = made.step
    return step is not None and not made.depends_on and all(other is not None and other < step for other in steps)


def _difference(made: WorkStream, wanted: NewWork, before: Roadmap) -> str:
    claimed = made.assigned_to or made.priority or made.unresolved or made.conflicts_with or made.part_of
    told = "\n".join((made.description, *made.tasks))
    same = {
        "name": made.name == wanted.name,
        "status": made.status is WorkStreamStatus.NOT_STARTED and not claimed,
        "dependencies": _waits_for(made, wanted.depends_on, before),
        "effort": (made.effort or "") == wanted.effort or not wanted.effort,
        "tasks": made.tasks == wanted.tasks,
        "done when": (made.done_when or "") == wanted.done_when,
        "description": wanted.description in told,
    }
    return ", ".join(name for name, good in same.items() if not good)


def _swallows(source: Source, after: bytes, sketch: Sketch) -> bool:
    """True when what stands behind the new text is no longer what it was: a fence or a comment was left open."""
    tail = [(line.kind, line.content) for line in source.document.lines if line.number > sketch.after_line]
    now = [(line.kind, line.content) for line in scan(after, source.path).lines]
    return bool(tail) and now[-len(tail) :] != tail
