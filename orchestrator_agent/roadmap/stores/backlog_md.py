"""Backlog.md: a folder `backlog/tasks` with a Markdown file for each task, its state in front matter.

---
id: BACK-12
title: Add rate-limit banner
status: In Progress
assignee: ['@bot']
dependencies: [BACK-9]
---

The status words stand in `backlog/config.yml`. A parent with open subtasks groups. https://github.com/MrLesk/Backlog.md
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.document import decode
from orchestrator_agent.roadmap.fields import claimant
from orchestrator_agent.roadmap.plan_format import Found
from orchestrator_agent.roadmap.sources import Source
from orchestrator_agent.roadmap.statuses import read_mark
from orchestrator_agent.roadmap.stores.collecting import Entry, collect
from orchestrator_agent.roadmap.stores.places import required
from orchestrator_agent.roadmap.stores.task_files import TaskFile, read_task_file, read_task_files
from orchestrator_agent.roadmap.stores.times import Clock, utc_now
from orchestrator_agent.roadmap.stores.tools import Tools
from orchestrator_agent.roadmap.stores.words import Words
from orchestrator_agent.roadmap.stores.yaml_text import Entry as Value
from orchestrator_agent.roadmap.stores.yaml_text import mapping, split

S = WorkStreamStatus
_NEEDED = ("id", "title", "status", "dependencies")
#: Folders beside the open tasks; those in `completed` are finished.
_ELSEWHERE = frozenset(("completed", "archive", "drafts", "docs", "decisions", "milestones"))
_DATE = "updated_date"
#: A key, of the configuration and of tasks, whose value the tool gives to a shell.
_HOOK = re.compile(rb"on_?status_?change", re.IGNORECASE)
_USUAL = ("To Do", "In Progress", "Done")
_PREFIXED = regex(r"([A-Za-z][\w-]*?)-(\d[\w.]*)$")


@dataclass(frozen=True)
class BacklogMd:
    """See the module."""

    now: Clock = field(default=utc_now)
    tools: Tools = field(default=Tools())
    name = "backlog-md"

    def recognise(self, source: Source) -> bool:
        return source.is_folder

    def read(self, source: Source) -> Found:
        errors: list[str] = []
        files = {path: data for path, data in source.files.items() if not _ELSEWHERE & set(_folders(source, path))}
        tasks = [task for task in read_task_files(files, errors) if task.text("id") and "title" in task.entries]
        if not any("status" in task.entries for task in tasks):
            return Found()
        errors += [problem for task in tasks for key in _NEEDED if (problem := task.problem(key))]
        store = _Store.of(source, tasks)
        return collect([_entry(task, store) for task in tasks], "task files", errors=errors)

    def write(self, source: Source, found: Found, changes: Mapping[str, WorkStreamStatus]) -> dict[str, bytes]:
        places = {id_: required(found, id_, _Place, source.path) for id_ in changes}
        words = {id_: place.word(changes[id_], source.path) for id_, place in places.items()}
        told = None if source.rehearsal else self._through_tool(source, places, words)
        written = {}
        for id_, place in places.items():
            task, date = place.task, told.get(id_, "") if told is not None else None
            new = {"status": words[id_], _DATE: date or ""}
            written[task.path] = task.changed(words[id_], _DATE, self.now) if date is None else task.with_texts(new)
        return written

    def _through_tool(
        self, source: Source, places: Mapping[str, _Place], words: Mapping[str, str]
    ) -> dict[str, str] | None:
        """The new date of each task that `backlog` changed; None when it is absent, failed or did more."""
        home = source.path.removesuffix("/tasks")
        config = source.around.read(f"{home}/config.yml")
        files = {path: data for path, data in source.files.items() if path.endswith(".md")}
        files |= {f"{home}/config.yml": config} if config is not None else {}
        if any(_HOOK.search(data) for data in files.values()):
            # A text of the plan would become a command.
            return None
        commands = [["task", "edit", id_, "-s", word] for id_, word in words.items()]
        ran = self.tools.run(self.name, commands, files, tuple(words))
        changed = {place.task.path for place in places.values()}
        if ran is None or any(ran[path] != data for path, data in files.items() if path not in changed):
            return None
        try:
            after = {id_: read_task_file(place.task.path, ran[place.task.path]) for id_, place in places.items()}
        except RoadmapError:
            return None
        same = (task and places[id_].task.differs_in(task) <= {"status", _DATE} for id_, task in after.items())
        if not all(same) or any(task and task.text("status") != words[id_] for id_, task in after.items()):
            return None
        return {id_: task.text(_DATE) for id_, task in after.items() if task}


@dataclass(frozen=True)
class _Store:
    """What the tasks of a folder are judged by."""

    words: Words
    #: The status of each task, as written.
    used: Sequence[str]
    #: Before the number of an id, as written: "BACK".
    prefix: str
    #: Key -> id: see `key`.
    ids: Mapping[str, str]
    #: Keys of tasks that lie elsewhere and are finished.
    finished: frozenset[str]
    #: Keys of tasks with open subtasks.
    open_parents: frozenset[str]

    @classmethod
    def of(cls, source: Source, tasks: Sequence[TaskFile]) -> _Store:
        home = source.path.removesuffix("/tasks") if source.path != "tasks" else "."
        config = _config(source, home)
        used = [task.text("status") for task in tasks]
        statuses, prefix = config.get("statuses"), config.get("task_prefix")
        words = _words(statuses.values if statuses else (), used)
        store = cls(words, used, _prefix(prefix.text if prefix else "", tasks), {}, frozenset(), frozenset())
        ids = {store.key(task.text("id")): task.text("id") for task in reversed(tasks)}
        ids |= {task.text("id").casefold(): task.text("id") for task in reversed(tasks)}
        store = replace(store, ids=ids, open_parents=frozenset(store.parents(tasks)))
        named = {store.key(id_) for task in tasks for id_ in task.values("dependencies")}
        return replace(store, finished=frozenset(store.elsewhere(source, home))) if named - ids.keys() else store

    def key(self, id_: str) -> str:
        """What is compared of an id: "back-24.02", "task-24.02" and "24.02" are the same, "24.2" is another."""
        found = _PREFIXED.match(id_)
        if found and found[1].casefold() in ("task", self.prefix.casefold()):
            return found[2].casefold()
        return id_.casefold()

    def resolved(self, id_: str) -> str:
        """An id as the folder writes it."""
        key = self.key(id_)
        spelled = f"{self.prefix}-{key}" if self.prefix and key[:1].isdigit() else id_
        return self.ids.get(id_.casefold()) or self.ids.get(key, spelled)

    def parents(self, tasks: Iterable[TaskFile]) -> Iterator[str]:
        for task in tasks:
            if self.words.read(task.text("status"))[0] not in (S.COMPLETE, S.CANCELLED):
                yield self.key(task.text("parent_task_id"))
                yield self.key(task.text("id")).rpartition(".")[0]

    def elsewhere(self, source: Source, home: str) -> Iterator[str]:
        """Keys of the tasks that were finished and put away."""
        for folder in ("completed", "archive"):
            place = f"{home}/{folder}".removeprefix("./")
            files = source.around.below(place)
            for task in read_task_files(files, []):
                if folder == "completed" or self.words.read(task.text("status"))[0] is S.COMPLETE:
                    yield self.key(task.text("id"))


@dataclass(frozen=True, slots=True)
class _Place:
    task: TaskFile
    store: _Store

    def word(self, status: WorkStreamStatus, path: str) -> str:
        return self.store.words.write(status, self.store.used, path)


def _entry(task: TaskFile, store: _Store) -> Entry:
    status, reason = store.words.read(task.text("status"))
    needs = tuple(dict.fromkeys(map(store.resolved, task.values("dependencies"))))
    claims = filter(None, (claimant(name, certain=True) for name in task.values("assignee")))
    stream = WorkStream(
        id=task.text("id"),
        name=task.text("title") or task.text("id"),
        status=status,
        blocked_reason=reason,
        depends_on=needs,
        unresolved=task.unread("dependencies"),
        satisfied=tuple(id_ for id_ in needs if store.key(id_) in store.finished and store.key(id_) not in store.ids),
        is_container=store.key(task.text("id")) in store.open_parents,
        done_when="\n".join(task.criteria()) or None,
        assigned_to=", ".join(claims) or None,
        batch=task.text("milestone") or None,
        priority=task.text("priority").casefold() == "high",
        description=task.description(),
        source=task.lines,
    )
    return Entry(stream, _Place(task, store) if "status" in task.entries else None)


def _folders(source: Source, path: str) -> tuple[str, ...]:
    """The folders between the plan and a file in it."""
    return PurePosixPath(path).relative_to(source.path).parts[:-1]


def _config(source: Source, home: str) -> Mapping[str, Value]:
    for path in (f"{home}/config.yml".removeprefix("./"), "backlog.config.yml"):
        data = source.around.read(path)
        if data is not None:
            return mapping(split(decode(data, path)))
    return {}


def _words(configured: Sequence[str], used: Sequence[str]) -> Words:
    """The words of the configuration; what they do not say by themselves their place in its list does."""
    written: dict[WorkStreamStatus, tuple[str, ...]] = {}
    words = tuple(configured) or tuple(dict.fromkeys((*_USUAL, *used)))
    for number, word in enumerate(words):
        mark = read_mark(word, {})
        if mark is not None and mark.end == len(word):
            status = mark.status
        elif not configured:
            continue
        else:
            status = S.NOT_STARTED if number == 0 else S.COMPLETE if number + 1 == len(words) else S.IN_PROGRESS
        written[status] = (*written.get(status, ()), word)
    return Words(written, {"draft": S.BLOCKED})


def _prefix(configured: str, tasks: Sequence[TaskFile]) -> str:
    """The most used prefix, which shows its spelling, of those that the configuration allows."""
    found = (_PREFIXED.match(task.text("id")) for task in tasks)
    counts = Counter(match[1] for match in found if match)
    own = [prefix for prefix in counts if prefix.casefold() == configured.casefold()] if configured else list(counts)
    return max(own, key=lambda prefix: counts[prefix], default=configured)
