"""Beads: `.beads/issues.jsonl`, one issue a line.

{"id":"bd-7f3a","title":"Parser","status":"open","priority":1,"issue_type":"task",
 "dependencies":[{"issue_id":"bd-7f3a","depends_on_id":"bd-11c0","type":"blocks"}]}

Epics group, and so does a parent while it has open children. What blocks a parent blocks its children. Deleted issues,
messages and templates share the file and are no work. https://github.com/steveyegge/beads
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import Source as Lines
from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.document import Edit, decode
from orchestrator_agent.roadmap.fields import claimant
from orchestrator_agent.roadmap.plan_format import Found
from orchestrator_agent.roadmap.sources import Source
from orchestrator_agent.roadmap.stores.collecting import Entry, collect, held, one_line
from orchestrator_agent.roadmap.stores.json_text import Element, JsonText, as_text, as_texts, replaced
from orchestrator_agent.roadmap.stores.places import required
from orchestrator_agent.roadmap.stores.times import Clock, in_shape_of, utc_now
from orchestrator_agent.roadmap.stores.tools import Tools
from orchestrator_agent.roadmap.stores.words import Words

S = WorkStreamStatus
WORDS = Words(
    written={
        S.NOT_STARTED: ("open",),
        S.IN_PROGRESS: ("in_progress",),
        S.COMPLETE: ("closed",),
        S.BLOCKED: ("blocked",),
        S.CANCELLED: (),
    },
    read_only={"deferred": S.BLOCKED, "pinned": S.BLOCKED, "hooked": S.IN_PROGRESS, "tombstone": S.CANCELLED},
)
#: Kinds of dependencies that keep an issue from being started; `conditional-blocks` waits for a failure.
_BLOCKING = ("blocks", "waits-for", "conditional-blocks", "parent-child")
_NO_WORK = ("message", "event", "gate", "molecule", "wisp", "agent", "role", "rig", "convoy", "slot", "merge-request")
#: What stands in a closed issue only.
_CLOSING = ("closed_at", "close_reason", "closed_by_session")
_DERIVED = ("status", "updated_at", *_CLOSING)
_USUAL_PATH = ".beads/issues.jsonl"
#: Labels of what is not to be begun.
_HELD = frozenset(("blocked", "deferred", "on-hold", "on hold", "parked", "postponed", "paused", "wontfix"))
_LINE = regex(r"[^\n]+")


@dataclass(frozen=True)
class Beads:
    """See the module."""

    now: Clock = field(default=utc_now)
    tools: Tools = field(default=Tools())
    name = "beads"

    def recognise(self, source: Source) -> bool:
        if source.is_folder or not source.name.endswith(".jsonl"):
            return False
        return '"title"' in source.text and '"status"' in source.text

    def read(self, source: Source) -> Found:
        json = JsonText(source.path, source.text)
        issues = list(_issues(json))
        if not issues:
            return Found()
        store = _Store({issue.id: issue for issue in issues})
        entries = [_entry(json, issue, store) for issue in issues if issue.is_work]
        return collect(entries, "issues")

    def write(self, source: Source, found: Found, changes: Mapping[str, WorkStreamStatus]) -> dict[str, bytes]:
        json = JsonText(source.path, source.text)
        words = {id_: WORDS.write(status, (), source.path) for id_, status in changes.items()}
        edits = None if source.rehearsal else self._through_tool(json, words)
        if edits is None:
            now = self.now()
            issues = [required(found, id_, _Issue, source.path) for id_ in words]
            edits = [edit for issue in issues for edit in _changed(json, issue, words[issue.id], now)]
        return source.edited(edits)

    def _through_tool(self, json: JsonText, words: Mapping[str, str]) -> list[Edit] | None:
        """The edits for what `bd` did; None when it is absent, failed or did more."""
        commands = [_command(id_, word) for id_, word in words.items()]
        ran = self.tools.run(self.name, commands, {_USUAL_PATH: json.text.encode()}, tuple(words))
        if ran is None:
            return None
        try:
            after = {issue.id: issue for issue in _issues(JsonText(_USUAL_PATH, decode(ran[_USUAL_PATH], _USUAL_PATH)))}
        except RoadmapError:
            return None
        edits: list[Edit] = []
        for issue in _issues(json):
            new = after.pop(issue.id, None)
            may = _derived if issue.id in words else _nothing
            done = json.adopted(issue.element, new.fields if new else None, may)
            if done is None or (new and new.text("status") != words.get(issue.id, new.text("status"))):
                return None
            edits += done
        return None if after else edits


@dataclass(frozen=True, slots=True)
class _Issue:
    element: Element
    fields: Mapping[str, Any]

    def text(self, name: str) -> str:
        return as_text(self.fields.get(name))

    @property
    def id(self) -> str:
        return one_line(self.text("id"))

    @property
    def is_work(self) -> bool:
        marked = any(self.fields.get(name) is True for name in ("ephemeral", "is_template", "wisp"))
        return not marked and self.text("issue_type") not in _NO_WORK and self.text("status") != "tombstone"

    @property
    def is_closed(self) -> bool:
        return self.text("status") in ("closed", "tombstone")

    def dependencies(self) -> Iterator[tuple[str, str]]:
        """Kind and id of what the issue needs."""
        listed = self.fields.get("dependencies")
        for need in listed if isinstance(listed, list) else ():
            if isinstance(need, dict) and (id_ := as_text(need.get("depends_on_id"))):
                yield as_text(need.get("type")) or "blocks", one_line(id_)


@dataclass(frozen=True)
class _Store:
    issues: Mapping[str, _Issue]
    parents: dict[str, list[str]] = field(default_factory=dict)
    open_children: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for issue in self.issues.values():
            above = [id_ for kind, id_ in issue.dependencies() if kind == "parent-child"]
            dotted = issue.id.rpartition(".")[0]
            self.parents[issue.id] = [id_ for id_ in dict.fromkeys([*above, dotted]) if id_ in self.issues]
            if not issue.is_closed and issue.is_work:
                self.open_children.update(self.parents[issue.id])

    def needs(self, issue: _Issue) -> tuple[list[str], list[str]]:
        """The ids that an issue waits for, and in words what no id can say."""
        ids: list[str] = []
        words: list[str] = []
        for kind, id_ in issue.dependencies():
            if kind == "conditional-blocks":
                words.append(f"a failure of {id_}")
            elif kind in _BLOCKING and kind != "parent-child":
                ids.append(id_)
        if issue.text("defer_until"):
            words.append(f"{issue.text('defer_until')}, until when it is deferred")
        return ids, words

    def is_over(self, id_: str) -> bool:
        return id_ in self.issues and self.issues[id_].is_closed


def _issues(json: JsonText) -> Iterator[_Issue]:
    for line in _LINE.finditer(json.text):
        if line[0].strip("\ufeff \t\r"):
            element = json.whole(line.start(), line.end())
            if not isinstance(element.value, dict):
                return
            issue = _Issue(element, element.value)
            if issue.id and issue.text("title"):
                yield issue


def _entry(json: JsonText, issue: _Issue, store: _Store) -> Entry:
    status, reason = WORDS.read(issue.text("status"))
    ids, words = store.needs(issue)
    minutes = issue.text("estimated_minutes")
    line = json.line(issue.element.start)
    stream = WorkStream(
        id=issue.id,
        name=one_line(issue.text("title")),
        status=status,
        blocked_reason=reason,
        effort=f"{minutes} min" if minutes not in ("", "0") else None,
        depends_on=tuple(dict.fromkeys(ids)),
        unresolved=tuple(words),
        satisfied=tuple(id_ for id_ in dict.fromkeys(ids) if store.is_over(id_) and not store.issues[id_].is_work),
        part_of=next(iter(store.parents[issue.id]), None),
        is_container=issue.text("issue_type") == "epic" or issue.id in store.open_children,
        done_when=issue.text("acceptance_criteria") or None,
        assigned_to=claimant(issue.text("assignee"), certain=True),
        batch=next((one_line(store.issues[id_].text("title")) for id_ in store.parents[issue.id]), None),
        priority=issue.text("priority") in ("0", "1"),
        description="\n\n".join(filter(None, map(issue.text, ("description", "design", "notes")))),
        source=Lines(json.path, line, line),
    )
    label = next((text for text in as_texts(issue.fields.get("labels")) if text.casefold() in _HELD), None)
    if status is WorkStreamStatus.NOT_STARTED and label:
        stream = held(stream, f"its label is {label}")
    return Entry(stream, issue if issue.text("status") else None)


def _command(id_: str, word: str) -> list[str]:
    """The arguments that give an issue a status. Without a database, the file is the store.

    https://github.com/steveyegge/beads/blob/main/docs/CLI_REFERENCE.md
    """
    if word == "closed":
        return ["--no-db", "close", id_, "--reason", "Closed"]
    return ["--no-db", "update", id_, "--status", word]


def _changed(json: JsonText, issue: _Issue, word: str, now: datetime) -> list[Edit]:
    """The edits for the status, and for what is derived from it: `bd` refuses a closed issue without its time."""
    members = json.members(issue.element)
    last = members["status"]
    edits = [replaced(last, word)]
    if "updated_at" in members:
        last = members["updated_at"]
        edits.append(replaced(last, _stamp(last.text(), now)))
    if word != "closed":
        return edits + json.without(issue.element, _CLOSING if issue.is_closed else ())
    for key, value in {"closed_at": _stamp(last.text(), now), "close_reason": "Closed"}.items():
        edits.append(replaced(members[key], value) if key in members else json.added(last, key, value))
    return edits


def _stamp(old: str, now: datetime) -> str:
    return in_shape_of(old, now) or now.strftime("%Y-%m-%dT%H:%M:%SZ")


def _derived(_: Element) -> Collection[str]:
    return _DERIVED


def _nothing(_: Element) -> Collection[str]:
    return ()
