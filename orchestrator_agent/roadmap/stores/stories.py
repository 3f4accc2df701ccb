"""Lists of stories or features that a loop of agents works off: Ralph's `prd.json`, a harness's `feature_list.json`.

{"userStories": [{"id": "US-001", "title": "Login", "acceptanceCriteria": [...], "priority": 1, "passes": false}]}

Some forks add `dependsOn`, `inProgress` or `status`. Where no story has a field for dependencies, the priority is the
order, and where there is none the place in the list. https://github.com/snarktank/ralph
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import Source as Lines
from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.roadmap.document import Edit
from orchestrator_agent.roadmap.fields import claimant
from orchestrator_agent.roadmap.plan_format import Found
from orchestrator_agent.roadmap.set_aside import held_by
from orchestrator_agent.roadmap.slugs import Slugs
from orchestrator_agent.roadmap.sources import Source
from orchestrator_agent.roadmap.stores.collecting import Entry, collect, held, one_line
from orchestrator_agent.roadmap.stores.json_text import Element, JsonText, as_text, as_texts, replaced
from orchestrator_agent.roadmap.stores.places import required
from orchestrator_agent.roadmap.stores.words import Words

S = WorkStreamStatus
_LISTS = ("userStories", "stories", "features")
_NAMES = ("title", "name", "description", "story")
_NEEDS = ("dependsOn", "depends_on", "dependencies", "blockedBy")
_CRITERIA = ("acceptanceCriteria", "acceptance_criteria", "criteria")
_RANKS = {"critical": 0.0, "highest": 0.0, "high": 1.0, "medium": 2.0, "normal": 2.0, "low": 3.0, "lowest": 4.0}
_LAST = math.inf
WORDS = Words(
    written={
        S.NOT_STARTED: ("pending", "open", "todo", "not_started", "not-started", "planned", "ready", "backlog"),
        S.IN_PROGRESS: ("in_progress", "in-progress", "active"),
        S.COMPLETE: ("done", "complete", "completed", "passed", "passing", "verified", "closed"),
        S.BLOCKED: ("blocked",),
        S.CANCELLED: ("cancelled", "canceled"),
    },
    read_only={"deferred": S.BLOCKED, "failing": S.NOT_STARTED, "failed": S.NOT_STARTED, "skipped": S.BLOCKED},
)


class Stories:
    """See the module."""

    name = "stories"

    def recognise(self, source: Source) -> bool:
        if source.is_folder or not source.name.endswith(".json"):
            return False
        return '"passes"' in source.text or any(f'"{name}"' in source.text for name in _LISTS)

    def read(self, source: Source) -> Found:
        json = JsonText(source.path, source.text)
        every = [_Story(element, json.members(element)) for element in _listed(json)]
        stories = [story for story in every if story.text(*_NAMES)]
        if not stories or 2 * sum(story.is_marked for story in stories) < len(every):
            return Found()
        stated = any(name in story.fields for story in stories for name in _NEEDS)
        steps = [None] * len(stories) if stated else _steps(stories)
        slugs = Slugs()
        entries = [_entry(json, story, step, slugs) for story, step in zip(stories, steps, strict=True)]
        return collect(entries, "stories")

    def write(self, source: Source, found: Found, changes: Mapping[str, WorkStreamStatus]) -> dict[str, bytes]:
        used = [place.word for place in found.places.values() if isinstance(place, _Story)]
        edits = []
        for id_, status in changes.items():
            edits += required(found, id_, _Story, source.path).edits(status, used, source.path)
        return source.edited(edits)


@dataclass(frozen=True, slots=True)
class _Story:
    element: Element
    fields: Mapping[str, Element]

    @property
    def is_marked(self) -> bool:
        """It says how far it is in one of the two ways that are read."""
        return isinstance(self.value("passes"), bool) or (bool(self.word) and bool(self.text("id")))

    def value(self, *names: str) -> Any:
        return next((self.fields[name].value for name in names if name in self.fields), None)

    def text(self, *names: str) -> str:
        return next((text for name in names if name in self.fields and (text := self.fields[name].text())), "")

    @property
    def word(self) -> str:
        return self.text("status")

    @property
    def status(self) -> tuple[WorkStreamStatus, str | None]:
        """`passes` says alone whether it is done; the rest is believed where that says no."""
        if self.value("passes") is True:
            return S.COMPLETE, None
        if self.value("blocked") is True:
            return S.BLOCKED, None
        worded = self.word or not isinstance(self.value("passes"), bool)
        status, reason = WORDS.read(self.word) if worded else (S.NOT_STARTED, None)
        if status is S.COMPLETE and self.value("passes") is False:
            return S.BLOCKED, f'its status is "{self.word[:80]}", but it does not pass'
        if status is S.NOT_STARTED and self.value("inProgress", "in_progress") is True:
            return S.IN_PROGRESS, None
        return status, reason

    def edits(self, status: WorkStreamStatus, used: list[str], path: str) -> list[Edit]:
        """What gives the story a new status, in all of its fields that tell it.

        Raises:
            RoadmapError: it has no field for that.
        """
        flags = {"passes": S.COMPLETE, "inProgress": S.IN_PROGRESS, "in_progress": S.IN_PROGRESS, "blocked": S.BLOCKED}
        edits = []
        told = status is S.NOT_STARTED
        for name, meaning in flags.items():
            if isinstance(self.value(name), bool):
                told = told or status is meaning
                if self.value(name) is not (status is meaning):
                    edits.append(replaced(self.fields[name], status is meaning))
        if self.word:
            edits.append(replaced(self.fields["status"], WORDS.write(status, used, path)))
        elif not told:
            word = status.value.replace("_", " ")
            raise RoadmapError(f"{path} has no field that says {word}; change that story yourself.")
        return edits


def _listed(json: JsonText) -> list[Element]:
    whole = json.whole()
    if isinstance(whole.value, list):
        return json.inside(whole)
    members = json.members(whole)
    return next((json.inside(members[name]) for name in _LISTS if name in members), [])


def _steps(stories: list[_Story]) -> list[int | None]:
    """The rank of each story; None for those that were put off, which nothing waits for."""
    ranked = any("priority" in story.fields for story in stories)
    keys = [_rank(story) if ranked else float(index) for index, story in enumerate(stories)]
    order = {key: number for number, key in enumerate(sorted(set(keys)))}
    return [None if story.status[1] else order[key] for story, key in zip(stories, keys, strict=True)]


def _rank(story: _Story) -> float:
    text = story.text("priority").casefold()
    try:
        number = float(text.removeprefix("p"))
    except ValueError:
        return _RANKS.get(text, _LAST)
    return number if math.isfinite(number) else _LAST


def _entry(json: JsonText, story: _Story, step: int | None, slugs: Slugs) -> Entry:
    name = one_line(story.text(*_NAMES))
    status, reason = story.status
    criteria = story.value(*_CRITERIA)
    listed = criteria if isinstance(criteria, list) else [criteria]
    stream = WorkStream(
        id=slugs.take(one_line(story.text("id"))) if story.text("id") else slugs.of(name),
        name=name,
        status=status,
        blocked_reason=reason,
        effort=story.text("effort", "estimate", "estimatedHours") or None,
        depends_on=tuple(dict.fromkeys(as_texts(story.value(*_NEEDS)))),
        step=step,
        tasks=tuple(one_line(text) for text in as_texts(story.value("steps", "tasks"))),
        done_when="\n".join(filter(None, map(_criterion, listed))) or None,
        assigned_to=claimant(story.text("assignee", "assignedTo"), certain=True),
        batch=story.text("epic", "phase", "category") or None,
        description="\n\n".join(dict.fromkeys(filter(None, (story.text("description"), story.text("notes"))))),
        source=Lines(json.path, json.line(story.element.start), json.line(story.element.end)),
    )
    notes = story.text("notes")
    if status is WorkStreamStatus.NOT_STARTED and held_by(notes):
        stream = held(stream, notes)
    return Entry(stream, story)


def _criterion(value: object) -> str:
    return as_text(value.get("description", value.get("text")) if isinstance(value, dict) else value)
