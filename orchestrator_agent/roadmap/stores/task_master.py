"""Task Master: `.taskmaster/tasks/tasks.json`, older `tasks/tasks.json`, flat or with tags.

{"master": {"tasks": [{"id": 2, "title": "Parser", "status": "pending", "dependencies": [1], "subtasks": [...]}]}}

Ids of the tag `master`, and where there are no tags, stay as they are; those of other tags become "tag:id". Subtasks
are steps of their task.
https://github.com/eyaltoledano/claude-task-master/blob/main/docs/task-structure.md
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import Source as Lines
from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.roadmap.document import Edit, decode
from orchestrator_agent.roadmap.fields import claimant
from orchestrator_agent.roadmap.plan_format import Found
from orchestrator_agent.roadmap.sources import Source
from orchestrator_agent.roadmap.stores.collecting import Entry, collect, one_line
from orchestrator_agent.roadmap.stores.json_text import Element, JsonText, as_text, as_texts, replaced
from orchestrator_agent.roadmap.stores.places import required
from orchestrator_agent.roadmap.stores.tools import Tools
from orchestrator_agent.roadmap.stores.words import Words

S = WorkStreamStatus
WORDS = Words(
    written={
        S.NOT_STARTED: ("pending",),
        S.IN_PROGRESS: ("in-progress", "in_progress"),
        S.COMPLETE: ("done", "completed"),
        S.BLOCKED: ("blocked",),
        S.CANCELLED: ("cancelled", "canceled"),
    },
    read_only={"deferred": S.BLOCKED, "review": S.IN_PROGRESS},
)
_MAIN_TAG = "master"
_USUAL_PATH = ".taskmaster/tasks/tasks.json"


@dataclass(frozen=True)
class TaskMaster:
    """See the module."""

    tools: Tools = field(default=Tools())
    name = "task-master"

    def recognise(self, source: Source) -> bool:
        return not source.is_folder and source.name.endswith(".json") and '"tasks"' in source.text

    def read(self, source: Source) -> Found:
        json = JsonText(source.path, source.text)
        errors: list[str] = []
        tasks = list(_tasks(json, errors))
        # Whatever else has "tasks" (a task runner, translations) has neither of these.
        if not any("status" in task.fields or "dependencies" in task.fields for task in tasks):
            return Found()
        ids = {task.id for task in tasks}
        closed = {id_ for task in tasks for id_ in task.closed_subtasks()}
        warnings = [_doubt(json, task) for task in tasks if task.looks_done(closed)]
        return collect([_entry(json, task, ids, closed) for task in tasks], "tasks", warnings, errors)

    def write(self, source: Source, found: Found, changes: Mapping[str, WorkStreamStatus]) -> dict[str, bytes]:
        used = [place.text("status") for place in found.places.values() if isinstance(place, _Task)]
        tasks = [required(found, id_, _Task, source.path) for id_ in changes]
        words = {id_: WORDS.write(status, used, source.path) for id_, status in changes.items()}
        json = JsonText(source.path, source.text)
        edits = None if source.rehearsal else self._through_tool(json, tasks, words)
        if edits is None:
            edits = [replaced(task.fields["status"], words[task.id]) for task in tasks]
        return source.edited(edits)

    def _through_tool(self, json: JsonText, tasks: Sequence[_Task], words: Mapping[str, str]) -> list[Edit] | None:
        """The edits for what `task-master` did; None when it is absent, failed or did more."""
        commands = [_command(task, words[task.id]) for task in tasks]
        ids = [part for task in tasks for part in (task.number, task.tag) if part]
        ran = self.tools.run(self.name, commands, {_USUAL_PATH: json.text.encode()}, ids)
        if ran is None:
            return None
        try:
            new = JsonText(_USUAL_PATH, decode(ran[_USUAL_PATH], _USUAL_PATH))
            wanted = {task.id: task.text("status") for task in _tasks(new, []) if task.id in words} == words
            data = new.whole().value
        except RoadmapError:
            return None
        spans = [(task.element.start, task.element.end) for task in tasks]

        def may(element: Element) -> tuple[str, ...]:
            if any(start <= element.start < end for start, end in spans):
                return ("status", "updatedAt")
            return ("updated", "modified") if element.key == "metadata" else ()

        return json.adopted(json.whole(), data, may) if wanted else None


@dataclass(frozen=True, slots=True)
class _Task:
    tag: str
    number: str
    fields: Mapping[str, Element]
    element: Element

    @property
    def id(self) -> str:
        return self.qualified(self.number)

    def qualified(self, number: str) -> str:
        return f"{self.tag}:{number}" if self.tag not in ("", _MAIN_TAG) else number

    def text(self, *names: str) -> str:
        """The text of the first of these fields that says something."""
        return next((text for name in names if name in self.fields and (text := self.fields[name].text())), "")

    def subtasks(self) -> Iterator[tuple[str, Mapping[str, object]]]:
        """Each subtask with the id by which other tasks name it: "5.2"."""
        subtasks = self.fields["subtasks"].value if "subtasks" in self.fields else None
        for subtask in subtasks if isinstance(subtasks, list) else ():
            if isinstance(subtask, dict) and (number := as_text(subtask.get("id"))):
                inner = number if number.startswith(f"{self.number}.") else f"{self.number}.{number}"
                yield self.qualified(inner), subtask

    def closed_subtasks(self) -> Iterator[str]:
        """Ids of the subtasks that need no more work; a closed task closes its subtasks."""
        done = WORDS.read(self.text("status"))[0] is S.COMPLETE
        for id_, subtask in self.subtasks():
            if done or WORDS.read(as_text(subtask.get("status")))[0] is S.COMPLETE:
                yield id_

    def looks_done(self, closed: set[str]) -> bool:
        """It is open, but none of its subtasks is."""
        inner = [id_ for id_, _ in self.subtasks()]
        status = WORDS.read(self.text("status"))[0]
        return bool(inner) and closed.issuperset(inner) and status not in (S.COMPLETE, S.CANCELLED)


def _tasks(json: JsonText, errors: list[str]) -> Iterator[_Task]:
    whole = json.whole()
    for key, member in json.members(whole).items():
        if key == "tasks":
            yield from _listed(json, "", member, errors)
        elif isinstance(member.value, dict) and isinstance(member.value.get("tasks"), list):
            yield from _listed(json, one_line(as_text(key)), json.members(member)["tasks"], errors)


def _listed(json: JsonText, tag: str, tasks: Element, errors: list[str]) -> Iterator[_Task]:
    for element in json.inside(tasks) if isinstance(tasks.value, list) else ():
        if not isinstance(element.value, dict):
            continue
        fields = json.members(element)
        number = one_line(fields["id"].text()) if "id" in fields else ""
        task = _Task(tag, number, fields, element)
        if number and task.text("title", "name"):
            yield task
        elif number or task.text("title"):
            line = json.line(element.start)
            errors.append(f"{json.path}:{line}: a task without an id or a title was left out; give it both.")


def _entry(json: JsonText, task: _Task, ids: set[str], closed: set[str]) -> Entry:
    status, reason = WORDS.read(task.text("status"))
    needs = [_needed(task, need, ids) for need in _dependencies(task)]
    stream = WorkStream(
        id=task.id,
        name=one_line(task.text("title", "name")),
        status=status,
        blocked_reason=reason,
        effort=task.text("effort", "estimatedHours") or None,
        depends_on=tuple(dict.fromkeys(needs)),
        satisfied=tuple(need for need in dict.fromkeys(needs) if need in closed and need not in ids),
        tasks=tuple(one_line(title) for _, sub in task.subtasks() if (title := as_text(sub.get("title")))),
        done_when=task.text("testStrategy") or None,
        assigned_to=claimant(task.text("assignee"), certain=True),
        batch=task.tag or None,
        priority=task.text("priority").casefold() in ("high", "critical"),
        description="\n\n".join(filter(None, (task.text("description"), task.text("details")))),
        source=Lines(json.path, json.line(task.element.start), json.line(task.element.end)),
    )
    return Entry(stream, task if "status" in task.fields else None)


def _command(task: _Task, word: str) -> list[str]:
    """The arguments that give a task a status.

    https://github.com/eyaltoledano/claude-task-master/blob/main/docs/command-reference.md
    """
    tag = [f"--tag={task.tag}"] if task.tag else []
    return ["set-status", f"--id={task.number}", f"--status={word}", *tag]


def _doubt(json: JsonText, task: _Task) -> str:
    return f"{json.path}:{json.line(task.element.start)}: {task.id[:80]} is open, but all its subtasks are done."


def _dependencies(task: _Task) -> list[str]:
    return as_texts(task.fields["dependencies"].value) if "dependencies" in task.fields else []


def _needed(task: _Task, need: str, ids: set[str]) -> str:
    """An id as the list of a task gives it is one of the task's own tag, unless it names another."""
    own = task.qualified(need)
    return own if own in ids or need not in ids or ":" not in need else need
