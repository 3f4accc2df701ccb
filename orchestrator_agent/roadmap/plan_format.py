"""The seam between plans and formats: a format finds work in a plan and writes a status back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.roadmap.sources import Source


@dataclass(frozen=True, slots=True)
class Found:
    """What a format read from a plan."""

    #: In the order of the plan; an id stands once.
    work_streams: tuple[WorkStream, ...] = ()
    #: Sentences for people, each beginning with `path:line`.
    warnings: tuple[str, ...] = ()
    #: For each id, whatever the format needs in order to write its status.
    places: Mapping[str, object] = field(default_factory=dict)
    #: What was taken as a work stream, for people: "phase headings", "tasks".
    level: str = ""
    #: Warnings that are errors: what is wrong in the plan itself, and blocks work (`orch roadmap check`).
    errors: tuple[str, ...] = ()


class PlanFormat(Protocol):
    """One way of writing plans. To add one, write a module with such an object and list it in `roadmap.FORMATS`."""

    @property
    def name(self) -> str:
        """What people see: "phases", "checklist"."""

    def recognise(self, source: Source) -> bool:
        """May the plan be of this format? Cheap and generous: the first format that also finds work is taken."""

    def read(self, source: Source) -> Found:
        """The work in the plan; nothing when it holds none.

        Raises:
            RoadmapError: it is of this format and broken; the text names file and line.
        """

    def write(self, source: Source, found: Found, changes: Mapping[str, WorkStreamStatus]) -> Mapping[str, bytes]:
        """The files that change when each id of `changes`, all of them in `found`, gets its new status.

        Nothing but the markers of those ids may differ.

        Raises:
            RoadmapError: a status has no place in the plan.
        """
