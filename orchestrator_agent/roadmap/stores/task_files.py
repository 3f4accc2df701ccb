"""A task in a file of its own: front matter, then Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import Source as Lines
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.document import Document, Kind, Line, apply, scan
from orchestrator_agent.roadmap.fields import holds_criteria
from orchestrator_agent.roadmap.stores.collecting import one_line
from orchestrator_agent.roadmap.stores.times import Clock, in_shape_of
from orchestrator_agent.roadmap.stores.yaml_text import Entry, front_matter, mapping, replaced

_NUMBER = regex(r"#\d{1,6} +")
_COMMENT = regex(r"[ \t]*<!--.*-->[ \t]*$")


@dataclass(frozen=True, slots=True)
class TaskFile:
    """What stands in one file."""

    document: Document
    entries: Mapping[str, Entry]
    #: Offset behind the front matter.
    body_start: int

    @property
    def path(self) -> str:
        return self.document.path

    @property
    def lines(self) -> Lines:
        """Where it stands: the whole file."""
        return Lines(self.path, 1, max(1, len(self.document.lines)))

    def text(self, key: str) -> str:
        """The value of a key in one line; empty when there is none."""
        return one_line(self.entries[key].text) if key in self.entries else ""

    def values(self, key: str) -> list[str]:
        """The values of a list, or of one that stands for a list, with commas between."""
        entry = self.entries.get(key)
        if entry is None:
            return []
        values = entry.text.split(",") if entry.text else entry.values
        return [value for value in map(one_line, values) if value]

    def problem(self, key: str) -> str:
        """Why the value of a key is not read, as a sentence with the line; empty when it is."""
        entry = self.entries.get(key)
        if entry is None:
            return ""
        nested = "it is a mapping" if entry.below and not entry.values else ""
        reason = entry.problem or nested
        return f"{self.path}:{entry.line}: {key} is not read: {reason}." if reason else ""

    def unread(self, key: str) -> tuple[str, ...]:
        """What work waits for when a list of ids is not read."""
        return (f"{key} that can be read ({self.path}:{self.entries[key].line})",) if self.problem(key) else ()

    def criteria(self) -> list[str]:
        """The boxes in sections like "Acceptance Criteria"."""
        return [
            _NUMBER.sub("", line.content, count=1) for line, inside in self._body() if inside and line.box is not None
        ]

    def description(self) -> str:
        """The text without its criteria and comments."""
        raw = (self.document.raw(line).rstrip() for line, inside in self._body() if not inside)
        return "\n".join(text for text in raw if not _COMMENT.match(text)).strip("\n")

    def _body(self) -> Iterable[tuple[Line, bool]]:
        """The lines behind the front matter, and whether each stands in a section of criteria."""
        inside = False
        for line in self.document.lines:
            if line.begin >= self.body_start:
                inside = holds_criteria(line.content) if line.kind is Kind.HEADING else inside
                yield line, inside

    def changed(self, word: str, date_key: str, now: Clock) -> bytes:
        """The file with another status, and with the time of the change where it tells that of the last one.

        Raises:
            RoadmapError: its status is not in one line.
        """
        date = self.entries.get(date_key)
        return self.with_texts({"status": word, date_key: (in_shape_of(date.text, now()) if date else None) or ""})

    def differs_in(self, other: TaskFile) -> set[str]:
        """The keys with another value, and "" when the text behind the front matter differs."""
        keys = self.entries.keys() | other.entries.keys()
        changed = {key for key in keys if _meaning(self.entries.get(key)) != _meaning(other.entries.get(key))}
        own, its = (file.document.text[file.body_start :] for file in (self, other))
        return changed | ({""} if own.strip() != its.strip() else set())

    def with_texts(self, texts: Mapping[str, str]) -> bytes:
        """The file with other values of some keys; a key that it does not have, and an empty value, are left out.

        Raises:
            RoadmapError: one of the values is not in one line.
        """
        text = self.document.text
        edits = [replaced(text, self.entries[key], new) for key, new in texts.items() if new and key in self.entries]
        return apply(text, edits).encode("utf-8")


def _meaning(entry: Entry | None) -> object:
    return (entry.text, entry.values, [line.raw for line in entry.below] if entry.problem else ()) if entry else None


def read_task_file(path: str, data: bytes) -> TaskFile | None:
    """The task in a file, or None when it has no front matter.

    Raises:
        RoadmapError: not a text in UTF-8, or over 10 MB.
    """
    if not data.removeprefix(b"\xef\xbb\xbf").startswith(b"---"):
        return None
    document = scan(data, path)
    front = front_matter(document.text)
    return TaskFile(document, mapping(front[0]), front[1]) if front else None


def read_task_files(files: Mapping[str, bytes], errors: list[str]) -> list[TaskFile]:
    """The tasks in Markdown files; of a file that cannot be read, why, so that the others are of use."""
    found = []
    for path, data in files.items():
        if path.endswith((".md", ".markdown")):
            try:
                file = read_task_file(path, data)
            except RoadmapError as error:
                errors.append(str(error))
                continue
            if file is not None:
                found.append(file)
    return found
