"""The list of tracks that https://github.com/gemini-cli-extensions/conductor keeps, in either of its two forms.

    - [~] **Track: Send parcels abroad**             ## [ ] Track: Weigh parcels
      *Link: [./tracks/abroad_20260309/](...)*       *Link: [./conductor/tracks/weigh_20260310/](...)*

The folder behind the link is the id. What is to be done stands in a plan in that folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.document import Document, Kind, Line, once
from orchestrator_agent.roadmap.drafts import Draft, Place, assemble
from orchestrator_agent.roadmap.fields import clean_name, is_placeholder, plain
from orchestrator_agent.roadmap.mentions import settle
from orchestrator_agent.roadmap.plan_format import Found
from orchestrator_agent.roadmap.slugs import Slugs
from orchestrator_agent.roadmap.sources import Source
from orchestrator_agent.roadmap.statuses import is_box, read_box
from orchestrator_agent.roadmap.vocabulary import Vocabulary, box_places, replace_marks

_TRACK = regex(r"\*{0,2}Track:\s*(?P<name>\S.*)", re.IGNORECASE)
_HEADING_BOX = regex(r"\[([^\[\]]{1,20})\]\s+")
_FOLDER = regex(r"\]\(\s*<?[^()<>\s]{0,300}?(?P<folder>[^()<>\s/]{1,100})/?(?:(?:index|plan|spec)\.md)?>?\s*\)")


@dataclass(slots=True)
class _Track:
    line: Line
    box: str
    box_start: int
    name: str
    last: int
    link: str = ""
    text: str = ""


class Tracks:
    """See the module."""

    name = "tracks"

    def recognise(self, source: Source) -> bool:
        return source.is_markdown and bool(_tracks(source.document))

    def read(self, source: Source) -> Found:
        document = source.document
        slugs = Slugs()
        warnings: list[str] = []
        drafts = [_draft(track, slugs) for track in _tracks(document)]
        named = settle(document, [draft for draft in drafts if not is_placeholder(draft.name)], warnings)
        return assemble(document, named, warnings, level="tracks")

    def write(self, source: Source, found: Found, changes: Mapping[str, WorkStreamStatus]) -> dict[str, bytes]:
        own = [place for value in found.places.values() if isinstance(value, tuple) for place in value]
        marks = Vocabulary([*own, *box_places(source.document)], {})
        return source.edited(replace_marks(source.document, found, changes, marks))


@once
def _tracks(document: Document) -> list[_Track]:
    found: list[_Track] = []
    archived = 0
    for line in document.lines:
        if line.kind is Kind.HEADING and archived and line.level <= archived:
            archived = 0
        track = _track(line)
        if track is not None:
            if not archived:
                found.append(track)
        elif line.kind is Kind.HEADING:
            archived = archived or (line.level if plain(line.content).startswith("archive") else 0)
        elif found and not archived and line.kind in (Kind.TEXT, Kind.ITEM) and line.content.strip("-*_ "):
            _continue(found[-1], line)
    return found


def _track(line: Line) -> _Track | None:
    content, box, start = line.content, line.box, line.box_start
    if line.kind is Kind.HEADING and (match := _HEADING_BOX.match(content)):
        box, start, content = match[1], line.start + match.start(1), content[match.end() :]
    name = _TRACK.match(content)
    if name is None or box is None or not is_box(box):
        return None
    return _Track(line, box, start, name["name"], line.number)


def _continue(track: _Track, line: Line) -> None:
    """A link right below a track is the track's."""
    track.last = line.number
    if not track.link and (match := _FOLDER.search(line.content)):
        track.link = match["folder"]
    track.text += f"{line.content}\n"


def _draft(track: _Track, slugs: Slugs) -> Draft:
    status, reason = read_box(track.box)
    link = track.link or (match["folder"] if (match := _FOLDER.search(track.name)) else "")
    name = clean_name(track.name.strip("* ")).text
    id_ = slugs.take(link) if link and link not in (".", "..") else slugs.of(name)
    draft = Draft(id_, name, track.line.number, track.last, status, reason)
    draft.places.append(Place("box", track.box_start, track.box_start + len(track.box), track.box, status))
    draft.description.append(track.text)
    return draft
