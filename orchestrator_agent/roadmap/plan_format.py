"""The seam between plans and formats: a format finds work in a document and says which characters hold its status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.roadmap.document import Document, Edit


@dataclass(frozen=True, slots=True)
class Found:
    """What a format read from a document."""

    #: In the order of the document; an id stands once.
    work_streams: tuple[WorkStream, ...] = ()
    #: Sentences for people, each beginning with `path:line`.
    warnings: tuple[str, ...] = ()
    #: For each id, whatever the format needs in order to write its status.
    places: Mapping[str, object] = field(default_factory=dict)


class PlanFormat(Protocol):
    """One way of writing plans. To add one, write a module with such an object and list it in `roadmap.FORMATS`."""

    @property
    def name(self) -> str:
        """What people see: "phases", "checklist"."""

    def recognise(self, document: Document) -> bool:
        """May the document be of this format? Cheap and generous: the first format that also finds work is taken."""

    def read(self, document: Document) -> Found:
        """The work in the document; nothing when it holds none. Raises nothing."""

    def write(self, document: Document, found: Found, changes: Mapping[str, WorkStreamStatus]) -> list[Edit]:
        """Edits that give each id of `changes`, all of them in `found`, its new status and change no other character.

        Raises:
            RoadmapError: a status has no place in the document.
        """
