"""The list of tracks that https://github.com/gemini-cli-extensions/conductor keeps, in either of its two forms.

    - [~] **Track: Send parcels abroad**             ## [ ] Track: Weigh parcels
      *Link: [./tracks/abroad_20260309/](...)*       *Link: [./conductor/tracks/weigh_20260310/](...)*

The folder behind the link is the id. What is to be done stands in a plan in that folder. What blocks a track stands
behind its name or below it: "*(blocked by core contracts)*", "- **Depends on**: ...".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.bodies import fill, read_body, status_place
from orchestrator_agent.roadmap.document import Document, Kind, Line, once
from orchestrator_agent.roadmap.drafts import Draft, Place, assemble
from orchestrator_agent.roadmap.fields import clean_name, is_placeholder, plain
from orchestrator_agent.roadmap.item_text import states_need, take_needs
from orchestrator_agent.roadmap.mentions import settle
from orchestrator_agent.roadmap.plan_format import Found
from orchestrator_agent.roadmap.set_aside import set_aside_by
from orchestrator_agent.roadmap.slugs import Slugs
from orchestrator_agent.roadmap.sources import Source
from orchestrator_agent.roadmap.statuses import is_box, read_box
from orchestrator_agent.roadmap.title_marks import read_ending
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
    #: Where the name begins in the document.
    name_start: int
    link: str = ""
    below: list[Line] = field(default_factory=list)


class Tracks:
    """See the module."""

    name = "tracks"

    def recognise(self, source: Source) -> bool:
        return source.is_markdown and bool(_tracks(source.document))

    def read(self, source: Source) -> Found:
        document = source.document
        slugs = Slugs()
        warnings: list[str] = []
        drafts = [_draft(document, track, slugs) for track in _tracks(document)]
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
    content, box, start, begin = line.content, line.box, line.box_start, 0
    if line.kind is Kind.HEADING and (match := _HEADING_BOX.match(content)):
        box, start, begin = match[1], line.start + match.start(1), match.end()
    name = _TRACK.match(content, begin)
    if name is None or box is None or not is_box(box):
        return None
    return _Track(line, box, start, name["name"], line.start + name.start("name"))


def _continue(track: _Track, line: Line) -> None:
    """A link right below a track is the track's."""
    track.below.append(line)
    if not track.link and (match := _FOLDER.search(line.content)):
        track.link = match["folder"]


def _draft(document: Document, track: _Track, slugs: Slugs) -> Draft:
    status, reason = read_box(track.box)
    link = track.link or (match["folder"] if (match := _FOLDER.search(track.name)) else "")
    text, needs = take_needs(track.name)
    name = clean_name(text.strip("* ")).text
    id_ = slugs.take(link) if link and link not in (".", "..") else slugs.of(name)
    last = track.below[-1].number if track.below else track.line.number
    draft = Draft(id_, name, track.line.number, last, status, reason, depends_on=list(needs))
    draft.places.append(Place("box", track.box_start, track.box_start + len(track.box), track.box, status))
    body = read_body(document, track.below)
    fill(draft, body)
    if status is WorkStreamStatus.NOT_STARTED:
        _doubt(draft, track, status_place(body, {}))
    return draft


def _doubt(draft: Draft, track: _Track, field_below: tuple[Place, str | None] | None) -> None:
    """A track that its box calls open is not offered when words behind its name or below it say otherwise."""
    said = field_below
    if (ending := read_ending(track.name, 0, {})) and not states_need(track.name, ending[1]):
        place, _, reason = ending
        start = track.name_start
        said = Place(place.kind, start + place.start, start + place.end, place.example, place.status), reason
    if said is not None and said[0].status not in (None, WorkStreamStatus.NOT_STARTED):
        draft.places.append(said[0])
        draft.status, draft.blocked_reason = said[0].status or draft.status, said[1]
    elif word := set_aside_by(track.name):
        draft.status, draft.blocked_reason = WorkStreamStatus.BLOCKED, word
