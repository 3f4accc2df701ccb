"""Where the status of an entry stands, for writing."""

from __future__ import annotations

from typing import TypeVar

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.roadmap.plan_format import Found

T = TypeVar("T")


def required(found: Found, id_: str, kind: type[T], path: str) -> T:
    """The place of `id_`.

    Raises:
        RoadmapError: the entry has no status that could be replaced.
    """
    place = found.places.get(id_)
    if not isinstance(place, kind):
        raise RoadmapError(f"{path}: {id_[:80]} has no status that could be replaced; give it one.")
    return place
