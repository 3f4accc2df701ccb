"""All formats: ours, and those that other packages bring."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.roadmap.augment import Augment
from orchestrator_agent.roadmap.checklist import Checklist
from orchestrator_agent.roadmap.fix_plan import FixPlan
from orchestrator_agent.roadmap.phases import Phases
from orchestrator_agent.roadmap.plan_format import Found, PlanFormat
from orchestrator_agent.roadmap.sources import Source
from orchestrator_agent.roadmap.spec_tasks import SpecTasks
from orchestrator_agent.roadmap.stores import STORES
from orchestrator_agent.roadmap.tables import Tables
from orchestrator_agent.roadmap.tracks import Tracks

#: The first that finds work in a plan is the plan's: stores before Markdown, headings before tables and boxes.
FORMATS: tuple[PlanFormat, ...] = (
    *STORES,
    Augment(),
    Tracks(),
    FixPlan(),
    Tables(),
    SpecTasks(),
    Phases(),
    Checklist(),
)

_TEMPLATE = re.compile(r"(?:^|[-_. ])templates?\.(?:md|markdown)$")

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
    if _TEMPLATE.search(source.name):
        return None, Found(warnings=(f"{source.path} is a template by its name; name the plan that was made from it.",))
    reasons: list[str] = []
    for format_ in _all():
        found = format_.read(source) if format_.recognise(source) else Found()
        if found.work_streams:
            return format_, found
        reasons += found.warnings
    return None, Found(warnings=tuple(dict.fromkeys(reasons)))


def _all() -> Iterator[PlanFormat]:
    yield from FORMATS
    yield from _installed()


def _named(name: str) -> PlanFormat:
    known = tuple(_all())
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
