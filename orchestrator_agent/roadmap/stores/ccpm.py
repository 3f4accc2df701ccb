"""ccpm: a folder `.claude/epics/NAME` with a Markdown file for each task, named by a number or a GitHub issue.

---
name: Add login endpoint
status: open
depends_on: [001]
parallel: true
conflicts_with: [003]
---

`epic.md` groups. The name of a file may also tell what became of its task ("58-deferred.md"), and in an epic with an
`epic.md` it may be the id of another tracker ("gate-x7.2.md"). `parallel: false`: nothing of the epic may run beside
the task. In a folder of several epics ids are "epic:001". https://github.com/automazeio/ccpm
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.fields import claimant
from orchestrator_agent.roadmap.plan_format import Found
from orchestrator_agent.roadmap.sources import Source
from orchestrator_agent.roadmap.stores.collecting import Entry, collect
from orchestrator_agent.roadmap.stores.places import required
from orchestrator_agent.roadmap.stores.task_files import TaskFile, read_task_files
from orchestrator_agent.roadmap.stores.times import Clock, utc_now
from orchestrator_agent.roadmap.stores.words import Words

S = WorkStreamStatus
WORDS = Words(
    written={
        S.NOT_STARTED: ("open", "backlog"),
        S.IN_PROGRESS: ("in-progress", "in_progress"),
        S.COMPLETE: ("closed", "completed", "done"),
        S.BLOCKED: ("blocked",),
        S.CANCELLED: ("cancelled",),
    },
    read_only={},
)
_NEEDED = ("name", "status", "depends_on", "conflicts_with")
_TASK = regex(r"(\d{1,9})(?:-(?!analysis)[a-z-]{1,40})?\.md")
#: Two of these only a task has; reports, analyses and mappings have none.
_OF_TASKS = ("depends_on", "parallel", "conflicts_with")
_NUMBER = regex(r"(?:task |issue )?#?(\d{1,9})(?:\.md)?", re.IGNORECASE)
_SIZE = regex(r"[-*] (?:\*\*)?Size:?(?:\*\*)?:?\s+(XS|S|M|L|XL)\s*$", re.MULTILINE)
#: Reports of agents, and epics that are over.
_ELSEWHERE = frozenset(("updates", "archive", "archived", ".archived"))
#: More tasks than this with `parallel: false` would each have to name each other.
_MOST_ALONE = 500


@dataclass(frozen=True)
class Ccpm:
    """See the module."""

    now: Clock = field(default=utc_now)
    name = "ccpm"

    def recognise(self, source: Source) -> bool:
        return source.is_folder

    def read(self, source: Source) -> Found:
        errors: list[str] = []
        epics_of_files = {_epic(path) for path in source.files if PurePosixPath(path).name == "epic.md"}
        files = {path: data for path, data in source.files.items() if _may_be_task(path, epics_of_files)}
        tasks = [task for task in read_task_files(files, errors) if _is_task(task)]
        if not tasks:
            return Found()
        errors += [problem for task in tasks for key in _NEEDED if (problem := task.problem(key))]
        epics: dict[str, list[TaskFile]] = defaultdict(list)
        for task in tasks:
            epics[_epic(task.path)].append(task)
        entries = [
            entry
            for name, members in epics.items()
            for entry in _Epic.of(name, members, prefixed=len(epics) > 1 or name != source.path).entries()
        ]
        return collect(entries, "task files", errors=errors)

    def write(self, source: Source, found: Found, changes: Mapping[str, WorkStreamStatus]) -> dict[str, bytes]:
        tasks = [place for place in found.places.values() if isinstance(place, TaskFile)]
        used = [task.text("status") for task in tasks]
        written = {}
        for id_, status in changes.items():
            task = required(found, id_, TaskFile, source.path)
            written[task.path] = task.changed(WORDS.write(status, used, source.path), "updated", self.now)
        return written


@dataclass(frozen=True)
class _Epic:
    """The tasks of one folder."""

    name: str
    tasks: Mapping[str, TaskFile]
    #: Before each id, empty when the plan is this one folder.
    prefix: str
    #: Number without zeros -> number as the file has it, where that is certain.
    numbers: Mapping[str, str]
    #: Ids of tasks that must run alone.
    alone: frozenset[str]

    @classmethod
    def of(cls, path: str, members: Sequence[TaskFile], prefixed: bool) -> _Epic:
        name = PurePosixPath(path).name
        begun = Counter(_number(task.path) for task in members)
        tasks = {
            number if begun[number := _number(task.path)] == 1 else _stem(task.path): task for task in members
        }
        bare = Counter(number.lstrip("0") for number in tasks)
        numbers = {number.lstrip("0"): number for number in tasks if bare[number.lstrip("0")] == 1}
        prefix = f"{name}:" if prefixed else ""
        alone = [f"{prefix}{number}" for number, task in tasks.items() if task.text("parallel") == "false"]
        return cls(name, tasks, prefix, numbers, frozenset(alone[:_MOST_ALONE]))

    def entries(self) -> Iterator[Entry]:
        every = tuple(f"{self.prefix}{number}" for number in self.tasks)
        for number, task in self.tasks.items():
            yield self._entry(number, task, every)

    def _entry(self, number: str, task: TaskFile, every: tuple[str, ...]) -> Entry:
        status, reason = WORDS.read(task.text("status"))
        id_ = f"{self.prefix}{number}"
        conflicts = (
            every[:_MOST_ALONE] if id_ in self.alone else tuple(map(self.resolved, task.values("conflicts_with")))
        )
        description = task.description()
        size = _SIZE.search(description)
        stream = WorkStream(
            id=id_,
            name=task.text("name"),
            status=status,
            blocked_reason=reason,
            effort=size[1] if size else task.text("effort") or None,
            depends_on=tuple(dict.fromkeys(map(self.resolved, task.values("depends_on")))),
            unresolved=(*task.unread("depends_on"), *task.unread("conflicts_with")),
            conflicts_with=tuple(other for other in conflicts if other != id_),
            done_when="\n".join(task.criteria()) or None,
            assigned_to=claimant(task.text("assignee") or task.text("assigned_to"), certain=True),
            batch=self.name,
            description=description,
            source=task.lines,
        )
        return Entry(stream, task)

    def resolved(self, text: str) -> str:
        """The id that "001", "1", "#1235" or "001.md" means; half-synced folders mix numbers of files and of issues."""
        found = _NUMBER.fullmatch(text)
        number = found[1] if found else text
        return f"{self.prefix}{self.numbers.get(number.lstrip('0'), number) if number not in self.tasks else number}"


def _may_be_task(path: str, epics: Collection[str]) -> bool:
    *folders, name = PurePosixPath(path).parts
    named = _TASK.fullmatch(name) is not None or (_epic(path) in epics and name != "epic.md")
    return named and not _ELSEWHERE & set(folders)


def _is_task(task: TaskFile) -> bool:
    telling = sum(key in task.entries for key in _OF_TASKS)
    numbered = _TASK.fullmatch(PurePosixPath(task.path).name) is not None
    return bool(task.text("name")) and "status" in task.entries and (numbered or telling > 1)


def _number(path: str) -> str:
    """The number that the name of a file begins with; its whole name where there is none."""
    match = _TASK.fullmatch(PurePosixPath(path).name)
    return match[1] if match else _stem(path)


def _stem(path: str) -> str:
    return PurePosixPath(path).stem


def _epic(path: str) -> str:
    return PurePosixPath(path).parent.as_posix()
