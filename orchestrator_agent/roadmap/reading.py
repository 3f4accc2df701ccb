"""Plans are read into one roadmap, and statuses are written back into the plan that each came from."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import PurePosixPath

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.roadmap import formats
from orchestrator_agent.roadmap.plan_format import Found, PlanFormat
from orchestrator_agent.roadmap.roadmap import PlanSummary, Roadmap
from orchestrator_agent.roadmap.sources import Files, Memory, Source, open_source


@dataclass(frozen=True, slots=True)
class _Plan:
    source: Source
    format: PlanFormat | None
    found: Found

    @property
    def warnings(self) -> tuple[str, ...]:
        path = self.source.path
        own = self.source.document.warnings if self.source.is_markdown else ()
        if self.format is not None and self.found.work_streams:
            return (*own, *self.found.warnings)
        nothing = f"{path} holds no work streams: no phase with a status and no list of boxes was found."
        return (*own, *self.found.warnings, nothing)


def read(data: bytes, path: str) -> Roadmap:
    """The roadmap in `data`, the content of the one file at `path`.

    A file without work gives a roadmap without work streams and a warning that says so.

    Raises:
        RoadmapError: not a text in UTF-8, or over 10 MB, or broken.
    """
    return read_plan(Memory({path: data}), [path])


def read_plan(files: Files, paths: Sequence[str], format_name: str = "") -> Roadmap:
    """The roadmap that the plans at `paths`, files or folders, hold together.

    An id that several plans have gets the name of its plan before it ("auth:1.2").

    Args:
        format_name: the format of all plans; empty to recognise it.

    Raises:
        RoadmapError: a plan is absent or broken; the text names it, and the line.
    """
    with _keeping_all():
        plans = [_open(files, path, format_name) for path in paths]
    streams = [stream for renamed in _joined(plans) for stream in renamed]
    return Roadmap(
        path=", ".join(paths),
        format=", ".join(dict.fromkeys(p.format.name for p in plans if p.format and p.found.work_streams)),
        work_streams=tuple(streams),
        warnings=tuple(warning for plan in plans for warning in plan.warnings),
        plans=tuple(_summary(plan) for plan in plans),
        errors=tuple(error for plan in plans for error in plan.found.errors),
    )


@contextmanager
def _keeping_all() -> Iterator[None]:
    """Without looking for rings of garbage: plans make many objects and no ring, and a third of the time goes there."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _open(files: Files, path: str, format_name: str) -> _Plan:
    source = open_source(files, path)
    if source is None:
        raise RoadmapError(f"There is no roadmap at {path}; correct the path or run `orch init`.")
    if source.is_markdown:
        plan = read_markdown(path, source.files[path], format_name)
        if plan.format in formats.FORMATS:
            return plan
    return _Plan(source, *formats.choose(source, format_name))


@lru_cache(maxsize=2)
def read_markdown(path: str, data: bytes, format_name: str) -> _Plan:
    """What our formats find in a file, of which nothing but its text counts: one command looks at it more than once."""
    source = Source(path, {path: data})
    return _Plan(source, *formats.choose(source, format_name))


def _summary(plan: _Plan) -> PlanSummary:
    streams = plan.found.work_streams
    name = plan.format.name if plan.format and streams else ""
    return PlanSummary(path=plan.source.path, format=name, level=plan.found.level, count=len(streams))


def _joined(plans: Sequence[_Plan]) -> list[tuple[WorkStream, ...]]:
    """The work streams of each plan, those with an id that stands in several plans renamed."""
    counts = Counter(key for plan in plans for key in {s.id.casefold() for s in plan.found.work_streams})
    if len(plans) < 2 or max(counts.values(), default=0) < 2:
        return [plan.found.work_streams for plan in plans]
    labels = _labels([plan.source.path for plan in plans])
    joined = []
    for plan, label in zip(plans, labels, strict=True):
        own = {s.id.casefold() for s in plan.found.work_streams}
        twice = {key for key in own if counts[key] > 1}
        joined.append(tuple(_prefixed(stream, label, twice) for stream in plan.found.work_streams))
    return joined


def _prefixed(stream: WorkStream, label: str, twice: set[str]) -> WorkStream:
    def renamed(ids: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(f"{label}:{id_}" if id_.casefold() in twice else id_ for id_ in ids)

    return replace(
        stream,
        id=renamed((stream.id,))[0],
        depends_on=renamed(stream.depends_on),
        satisfied=renamed(stream.satisfied),
        conflicts_with=renamed(stream.conflicts_with),
    )


def _labels(paths: Sequence[str]) -> list[str]:
    """A short name for each plan: its file, its folder or its whole path, the first of these that tells apart."""
    ways = [
        [PurePosixPath(path).stem for path in paths],
        [PurePosixPath(path).parent.name for path in paths],
    ]
    for names in ways:
        if all(names) and len({name.casefold() for name in names}) == len(names):
            return names
    return list(paths)


def write_status(data: bytes, path: str, changes: Mapping[str, WorkStreamStatus]) -> bytes:
    """`data`, the one file at `path`, with the markers of some work streams changed, every other byte as it was.

    Args, Raises: as `write_statuses`.
    """
    return write_statuses(Memory({path: data}), [path], changes).get(path, data)


def write_statuses(
    files: Files,
    paths: Sequence[str],
    changes: Mapping[str, WorkStreamStatus],
    format_name: str = "",
    *,
    rehearsal: bool = False,
) -> dict[str, bytes]:
    """The files that change, with their new bytes, when some work streams get a new status.

    Args:
        changes: new status by work stream id, in any spelling that `Roadmap.get` accepts.
        rehearsal: only to see whether it can be done; programs that keep a store are not run for it.

    Raises:
        RoadmapError: as `read_plan`; or a status has no place in the plan, or the result would not read back as wanted.
        UnknownWorkStream: an id is in none of the plans.
    """
    plans = [_open(files, path, format_name) for path in paths]
    joined = _joined(plans)
    roadmap = Roadmap(", ".join(paths), "", tuple(stream for part in joined for stream in part), ())
    wanted = {roadmap.get(id_).id: status for id_, status in changes.items()}
    written: dict[str, bytes] = {}
    for plan, streams in zip(plans, joined, strict=True):
        own = {
            original.id: wanted[shown.id]
            for original, shown in zip(plan.found.work_streams, streams, strict=True)
            if shown.id in wanted and wanted[shown.id] is not shown.status
        }
        if own and plan.format is not None:
            written |= _write(replace(plan, source=replace(plan.source, rehearsal=rehearsal)), own)
    return written


def _write(plan: _Plan, changes: Mapping[str, WorkStreamStatus]) -> dict[str, bytes]:
    assert plan.format is not None
    before = plan.source
    written = {
        path: data
        for path, data in plan.format.write(before, plan.found, changes).items()
        if data != before.files.get(path)
    }
    after = replace(before, files={**before.files, **written})
    found = plan.format.read(after) if written.keys() <= before.files.keys() else Found()
    if not _differ_only_in(plan.found.work_streams, found.work_streams, changes):
        ids = ", ".join(id_[:40] for id_ in changes)
        raise RoadmapError(
            f"Writing the status of {ids} into {before.path} would change more than that; edit it yourself."
        )
    return written


def _differ_only_in(
    before: tuple[WorkStream, ...], after: tuple[WorkStream, ...], changes: Mapping[str, WorkStreamStatus]
) -> bool:
    if len(before) != len(after):
        return False
    return all(_is_as_wanted(old, new, changes.get(old.id)) for old, new in zip(before, after, strict=True))


def _is_as_wanted(old: WorkStream, new: WorkStream, status: WorkStreamStatus | None) -> bool:
    # These follow from the statuses of others, too.
    new = replace(new, satisfied=old.satisfied, is_container=old.is_container, step=old.step)
    if status is None:
        return old == new
    expected = replace(old, status=status, blocked_reason=new.blocked_reason)
    if set(new.depends_on) <= set(old.depends_on) and set(new.unresolved) <= set(old.unresolved):
        # "Blocked by Phase 1.1" names a dependency inside the marker itself.
        expected = replace(expected, depends_on=new.depends_on, unresolved=new.unresolved)
    return expected == new
