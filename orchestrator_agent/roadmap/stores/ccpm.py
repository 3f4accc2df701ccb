"""ccpm: a folder `.claude/epics/NAME` with a Markdown file for each task, named by a number or a GitHub issue.

---
name: Add login endpoint
status: open
depends_on: [001]
parallel: true
conflicts_with: [003]
---

`epic.md` groups. `parallel: false`: nothing of the epic may run beside the task. In a folder of several epics ids are
"epic:001". https://github.com/automazeio/ccpm
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
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
_TASK = regex(r"\d{1,9}\.md")
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
        files = {path: data for path, data in source.files.items() if _is_task(path)}
        tasks = [task for task in read_task_files(files, errors) if task.text("name") and "status" in task.entries]
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
        tasks = {PurePosixPath(task.path).stem: task for task in members}
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


def _is_task(path: str) -> bool:
    *folders, name = PurePosixPath(path).parts
    return _TASK.fullmatch(name) is not None and not _ELSEWHERE & set(folders)


def _epic(path: str) -> str:
    return PurePosixPath(path).parent.as_posix()
