"""What is wrong in a roadmap, or looks so, with the line to look at. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator_agent.model import Availability, WorkStream, WorkStreamStatus
from orchestrator_agent.roadmap.roadmap import Roadmap


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. An error keeps work from being done until the plan is corrected; a warning does not."""

    #: "error" or "warning".
    severity: str
    #: One sentence that begins with `path:line`.
    text: str


def problems(roadmap: Roadmap, may: Mapping[str, Availability]) -> list[Problem]:
    """Errors first: what the formats found, circles, unknown dependencies; then doubts and contradictions.

    Args:
        may: what `availability` says of the roadmap's work streams.
    """
    found = [Problem("error", text) for text in roadmap.errors]
    found += [Problem("warning", text) for text in roadmap.warnings]
    if not roadmap.work_streams:
        found.append(Problem("error", f"{roadmap.path} holds no work streams."))
    status_of = {stream.id.casefold(): stream.status for stream in roadmap.work_streams}
    rings: set[frozenset[str]] = set()
    for stream in roadmap.work_streams:
        found += _of_one(stream, may[stream.id], status_of, rings)
    return sorted(found, key=lambda problem: problem.severity)


def _of_one(
    stream: WorkStream, state: Availability, status_of: Mapping[str, WorkStreamStatus], rings: set[frozenset[str]]
) -> list[Problem]:
    where = f"{_place(stream)}{stream.id[:80]}"
    found = []
    if state.kind == "cycle":
        # Each member tells the same circle, from itself on: once is enough.
        members = frozenset(state.reason.partition(": ")[2].split(" → "))
        if members not in rings:
            rings.add(members)
            found.append(Problem("error", f"{where} {state.reason}."))
    if not stream.is_closed:
        missing = [id_ for id_ in stream.depends_on if id_.casefold() not in status_of and id_ not in stream.satisfied]
        for text in (*missing, *stream.unresolved):
            found.append(Problem("error", f'{where} depends on "{text[:80]}", which the roadmap does not hold.'))
    if state.kind == "stale_blocked":
        found.append(Problem("warning", f"{where} {state.reason}."))
    if stream.status is WorkStreamStatus.COMPLETE:
        for id_ in stream.depends_on:
            if status_of.get(id_.casefold(), WorkStreamStatus.COMPLETE) is not WorkStreamStatus.COMPLETE:
                found.append(Problem("warning", f"{where} is complete, but {id_[:80]}, which it depends on, is not."))
    return found


def _place(stream: WorkStream) -> str:
    return f"{stream.source.path}:{stream.source.first_line}: " if stream.source else ""
