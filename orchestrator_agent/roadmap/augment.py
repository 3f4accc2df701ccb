"""The task list that the coding agent of Augment exports and imports.

    [ ] NAME:Current Task List DESCRIPTION:...
    -[/] UUID:8PqK NAME:Bake DESCRIPTION:Two loaves
    --[x] NAME:Knead DESCRIPTION:Ten minutes

The number of dashes is the depth. The one line without any is the list itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.document import Document, Edit, Kind
from orchestrator_agent.roadmap.drafts import Draft, Place, assemble
from orchestrator_agent.roadmap.plan_format import Found
from orchestrator_agent.roadmap.slugs import Slugs
from orchestrator_agent.roadmap.sources import Source

_LINE = regex(
    r"\s*(?P<depth>-{0,20})\s*\[(?P<box>[ xX/-])\]\s*(?:UUID:\S{1,100}\s+)?"
    r"NAME:(?P<name>.*?)(?:DESCRIPTION:(?P<text>.*))?$"
)
_BOXES = {
    " ": WorkStreamStatus.NOT_STARTED,
    "/": WorkStreamStatus.IN_PROGRESS,
    "x": WorkStreamStatus.COMPLETE,
    "X": WorkStreamStatus.COMPLETE,
    "-": WorkStreamStatus.CANCELLED,
}
_LONGEST_LINE = 20_000


@dataclass(frozen=True, slots=True)
class _Task:
    number: int
    depth: int
    box: str
    start: int
    name: str
    text: str


class Augment:
    """See the module."""

    name = "augment"

    def recognise(self, source: Source) -> bool:
        return source.is_markdown and "NAME:" in source.text and bool(_tasks(source.document))

    def read(self, source: Source) -> Found:
        document = source.document
        tasks = _tasks(document)
        top = _top(tasks)
        slugs = Slugs()
        drafts: list[Draft] = []
        for task in tasks:
            if task.depth == top and task.name:
                drafts.append(_draft(task, slugs))
            elif task.depth > top and drafts:
                drafts[-1].tasks.append(task.name)
                drafts[-1].last_line = task.number
        return assemble(document, drafts, level="tasks")

    def write(self, source: Source, found: Found, changes: Mapping[str, WorkStreamStatus]) -> dict[str, bytes]:
        chars = {status: char for char, status in reversed(_BOXES.items())}
        edits = []
        for id_, status in changes.items():
            places = found.places[id_]
            if status not in chars or not isinstance(places, tuple):
                raise RoadmapError(
                    f"{source.path}: such a list has no mark for {status.value}; write it into the text of {id_[:80]}."
                )
            edits += [Edit(place.start, place.end, chars[status]) for place in places]
        return source.edited(edits)


def _top(tasks: list[_Task]) -> int:
    """The depth of the work: the lowest of which there are several, for one line over all others names the list."""
    counts = Counter(task.depth for task in tasks)
    depths = sorted(counts)
    while len(depths) > 1 and counts[depths[0]] == 1 and (depths[0] == 0 or counts[depths[1]] > 1):
        del depths[0]
    return depths[0]


def _tasks(document: Document) -> list[_Task]:
    found = []
    for line in document.lines:
        if line.kind not in (Kind.TEXT, Kind.ITEM):
            continue
        raw = document.raw(line)[:_LONGEST_LINE]
        if match := _LINE.match(raw) if "NAME:" in raw else None:
            text = (match["text"] or "").strip()
            start = line.begin + match.start("box")
            found.append(_Task(line.number, len(match["depth"]), match["box"], start, match["name"].strip(), text))
    return found


def _draft(task: _Task, slugs: Slugs) -> Draft:
    name = " ".join(task.name.split())
    status = _BOXES[task.box]
    draft = Draft(slugs.of(name), name, task.number, task.number, status)
    draft.places.append(Place("box", task.start, task.start + 1, task.box, status))
    if task.text:
        draft.description.append(task.text)
    return draft
