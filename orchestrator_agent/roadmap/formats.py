"""All formats: ours, and those that other packages bring."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.roadmap.checklist import Checklist
from orchestrator_agent.roadmap.phases import Phases
from orchestrator_agent.roadmap.plan_format import Found, PlanFormat
from orchestrator_agent.roadmap.sources import Source

#: The first that finds work in a plan is the plan's: stores before Markdown, headings before tables and boxes.
FORMATS: tuple[PlanFormat, ...] = (Phases(), Checklist())

#: Packages offer a format, an object or a class without arguments, under this group of entry points.
GROUP = "orchestrator_agent.plan_formats"


def choose(source: Source, name: str = "") -> tuple[PlanFormat | None, Found]:
    """The format of a plan and what it found; no format where none finds work.

    Args:
        name: the format that the settings name; empty to recognise it.

    Raises:
        RoadmapError: there is no format of that name, or the plan is broken.
    """
    if name:
        format_ = _named(name)
        return format_, format_.read(source)
    for format_ in FORMATS:
        found = _read_if_recognised(format_, source)
        if found.work_streams:
            return format_, found
    for format_ in _installed():
        found = _read_if_recognised(format_, source)
        if found.work_streams:
            return format_, found
    return None, Found()


def _read_if_recognised(format_: PlanFormat, source: Source) -> Found:
    return format_.read(source) if format_.recognise(source) else Found()


def _named(name: str) -> PlanFormat:
    known = (*FORMATS, *_installed())
    for format_ in known:
        if format_.name == name:
            return format_
    names = ", ".join(format_.name for format_ in known)
    raise RoadmapError(f'There is no plan format "{name[:60]}"; known are {names}.')


@cache
def _installed() -> tuple[PlanFormat, ...]:
    # Looked for only where our own find nothing: the search costs more than reading most plans.
    found = []
    for point in import_module("importlib.metadata").entry_points(group=GROUP):
        value = point.load()
        found.append(value() if isinstance(value, type) else value)
    return tuple(found)
