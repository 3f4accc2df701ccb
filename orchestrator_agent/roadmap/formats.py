"""All formats: ours, and those that other packages bring."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.plan_format import Found, PlanFormat
from orchestrator_agent.roadmap.sources import Source


@dataclass(frozen=True, slots=True)
class _Ours:
    """A format whose module is loaded when a plan may be of it: all of them cost more than reading most plans."""

    name: str
    module: str
    #: What shows without the module that a plan is not of the format.
    may_be: Callable[[Source], bool]

    def recognise(self, source: Source) -> bool:
        return self.may_be(source) and _load(self.module, self.name).recognise(source)

    def read(self, source: Source) -> Found:
        return _load(self.module, self.name).read(source)

    def write(self, source: Source, found: Found, changes: Mapping[str, WorkStreamStatus]) -> Mapping[str, bytes]:
        return _load(self.module, self.name).write(source, found, changes)


@cache
def _load(module: str, name: str) -> PlanFormat:
    """The format of that name in a module of this package."""
    for value in vars(import_module(f"orchestrator_agent.roadmap.{module}")).values():
        if isinstance(value, type) and getattr(value, "name", "") == name:
            found: PlanFormat = value()
            return found
    raise AssertionError(module)


def _data(source: Source) -> bool:
    return not source.is_folder and not source.is_markdown


def _folder(source: Source) -> bool:
    return source.is_folder


def _markdown(source: Source) -> bool:
    return source.is_markdown


def _markdown_with(text: str) -> Callable[[Source], bool]:
    return lambda source: source.is_markdown and text in source.text


def _may_be_queue(source: Source) -> bool:
    words = source.text.casefold() if source.is_markdown else ""
    return "queue" in words or "next" in words or "fix" in source.name


#: The first that finds work in a plan is the plan's: stores before Markdown, headings before tables and boxes.
FORMATS: tuple[PlanFormat, ...] = (
    _Ours("task-master", "stores.task_master", _data),
    _Ours("stories", "stores.stories", _data),
    _Ours("beads", "stores.beads", _data),
    _Ours("backlog-md", "stores.backlog_md", _folder),
    _Ours("ccpm", "stores.ccpm", _folder),
    _Ours("bmad", "stores.bmad", _data),
    _Ours("augment", "augment", _markdown_with("NAME:")),
    _Ours("tracks", "tracks", lambda source: source.is_markdown and "track:" in source.text.casefold()),
    _Ours("fix-plan", "fix_plan", _may_be_queue),
    _Ours("spec-tasks", "spec_tasks", _markdown_with("[")),
    _Ours("table", "tables", _markdown_with("|")),
    _Ours("phases", "phases", _markdown),
    _Ours("checklist", "checklist", _markdown),
    _Ours("bullets", "bullets", _markdown),
)

_TEMPLATE = regex(r"(?:^|[-_. ])templates?\.(?:md|markdown)$")

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
