"""BMAD: `_bmad-output/implementation-artifacts/sprint-status.yaml`, one line for each story, in the order of work.

story_location: _bmad-output/implementation-artifacts

development_status:
  epic-1: in-progress
  1-1-project-foundation: done
  1-2-user-authentication: ready-for-dev
  epic-1-retrospective: optional

Epics group and retrospectives are no work. The order says what comes first: a story is made when the one before it is
done. A comment behind a status may hold a story back: "backlog  # needs 1-3", "ready-for-dev  # on hold".
https://github.com/bmad-code-org/BMAD-METHOD
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from orchestrator_agent.model import Source as Lines
from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.plan_format import Found
from orchestrator_agent.roadmap.set_aside import sets_aside
from orchestrator_agent.roadmap.sources import Source
from orchestrator_agent.roadmap.statuses import read_mark
from orchestrator_agent.roadmap.stores.collecting import Entry, collect, held, one_line
from orchestrator_agent.roadmap.stores.places import required
from orchestrator_agent.roadmap.stores.words import Words
from orchestrator_agent.roadmap.stores.yaml_text import Entry as Value
from orchestrator_agent.roadmap.stores.yaml_text import mapping, remark_behind, replaced, split

S = WorkStreamStatus
WORDS = Words(
    written={
        S.NOT_STARTED: ("ready-for-dev", "backlog", "drafted"),
        S.IN_PROGRESS: ("in-progress",),
        S.COMPLETE: ("done",),
        S.BLOCKED: (),
        S.CANCELLED: (),
    },
    read_only={
        "review": S.IN_PROGRESS,
        "optional": S.BLOCKED,
        "deferred": S.BLOCKED,
        "archived": S.CANCELLED,
        "superseded": S.CANCELLED,
    },
)
#: A comment that names what a story waits for.
_NEEDS = regex(
    r"\W*(?:needs|requires|depends on|deps?:|blocked(?: by| on|:)?|after|waits for|waiting (?:for|on)|"
    r"gated (?:by|on))\b",
    re.IGNORECASE,
)
_EPIC = regex(r"epic[ -](\d{1,6})\b", re.IGNORECASE)
_NUMBERS = regex(r"(?<![\w.-])(\d{1,6}[a-z]?)[-.](\d{1,6}[a-z]?)(?![\w])(?:-[a-z][\w-]{0,100})?")
_STORY = regex(r"(\d{1,6}[a-z]?)[-.](\d{1,6}[a-z]?)(?:[-.](.*))?$", re.DOTALL)


class Bmad:
    """See the module."""

    name = "bmad"

    def recognise(self, source: Source) -> bool:
        return not source.is_folder and source.name.endswith((".yaml", ".yml")) and "development_status:" in source.text

    def read(self, source: Source) -> Found:
        top = mapping(split(source.text))
        if "development_status" not in top:
            return Found()
        values = mapping(top["development_status"].below)
        errors = [
            f"{source.path}:{v.line}: {v.key[:80]} is not read: {v.problem}." for v in values.values() if v.problem
        ]
        location = _location(source, top["story_location"].text) if "story_location" in top else ""
        entries: list[Entry] = []
        for value in values.values():
            if story := _STORY.match(value.key):
                entries.append(_entry(source, value, story, len(entries), location))
        return collect(_held_back(source, entries), "stories", errors=errors)

    def write(self, source: Source, found: Found, changes: Mapping[str, WorkStreamStatus]) -> dict[str, bytes]:
        edits = []
        for id_, status in changes.items():
            value = required(found, id_, Value, source.path)
            edits.append(replaced(source.text, value, WORDS.write(status, (), source.path)))
        return source.edited(edits)


def _location(source: Source, said: str) -> str:
    """The folder of the stories below the root of the repository; empty where it lies elsewhere.

    The tool writes "{project-root}/docs/stories" or the whole path on the machine of whoever planned.
    """
    said = said.removeprefix("{project-root}/").rstrip("/")
    here = source.path.rpartition("/")[0]
    if here and said.endswith(f"/{here}"):
        return here
    return "" if said.startswith(("/", "{", "~")) or ":" in said or ".." in said.split("/") else said


def _entry(source: Source, value: Value, story: re.Match[str], number: int, location: str) -> Entry:
    status, reason = WORDS.read("" if value.problem else value.text)
    name = (story[3] or "").replace("-", " ").replace("_", " ").strip()
    path = f"{location}/{value.key}.md"
    written = bool(location) and status is not S.COMPLETE and source.around.read(path) is not None
    stream = WorkStream(
        id=one_line(value.key),
        name=one_line(name[:1].upper() + name[1:]) or f"Story {story[1]}.{story[2]}",
        status=status,
        blocked_reason=reason,
        # What was put off holds nothing up.
        step=None if reason else number,
        batch=f"Epic {story[1]}",
        description=f"The story is told in `{path}`." if written else "",
        source=Lines(source.path, value.line, value.line),
    )
    return Entry(stream, value)


def _held_back(source: Source, entries: Sequence[Entry]) -> Iterator[Entry]:
    """The stories, each open one with what the comment behind its status says: what it waits for or why it is held."""
    ids = {match.groups()[:2]: entry.stream.id for entry in entries if (match := _STORY.match(entry.stream.id))}
    before: set[str] = set()
    for entry in entries:
        remark = remark_behind(source.text, entry.place) if isinstance(entry.place, Value) else ""
        is_open = entry.stream.status is S.NOT_STARTED
        yield replace(entry, stream=_told(entry.stream, remark, ids, before)) if remark and is_open else entry
        before.add(entry.stream.batch or "")


def _told(
    stream: WorkStream, remark: str, ids: Mapping[tuple[str | None, ...], str], before: Collection[str]
) -> WorkStream:
    needs = _NEEDS.match(remark)
    named = [ids.get(match.groups()) for match in _NUMBERS.finditer(remark)]
    # The epics before its own are done before it anyway.
    epics = [f"Epic {match[1]}" in before and f"Epic {match[1]}" != stream.batch for match in _EPIC.finditer(remark)]
    if needs and (named or epics) and None not in named and all(epics):
        needed = dict.fromkeys(id_ for id_ in named if id_ and id_ != stream.id)
        return replace(stream, depends_on=tuple(needed))
    mark = read_mark(remark, {})
    if needs or sets_aside(remark) or (mark and mark.status in (S.BLOCKED, S.CANCELLED)):
        return held(stream, remark)
    return stream
