"""Where plans are read from: a working tree or a commit, one file or a folder of task files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.roadmap.document import MAX_BYTES, Document, Edit, apply, decode, scan

if TYPE_CHECKING:
    from orchestrator_agent.git import Repository

#: What a task file may end in; the rest of a plan's folder (pictures, databases) is not read.
SUFFIXES = (".md", ".markdown", ".json", ".jsonl", ".yaml", ".yml")
_NO_MARKDOWN = (".json", ".jsonl", ".yaml", ".yml")
_MOST_FILES = 10_000


class Files(Protocol):
    """The files of one place. Paths are relative to its top, with "/"."""

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, at most one more than a plan may have; None when there is no such file."""

    def below(self, folder: str) -> Mapping[str, bytes]:
        """The task files anywhere below a folder, by path, in the order of their paths; links are left out."""


@dataclass(frozen=True, slots=True)
class WorkingTree:
    """The files below `root` as they lie on the disk."""

    root: Path

    def read(self, path: str) -> bytes | None:
        try:
            with (self.root / path).open("rb") as file:
                return file.read(MAX_BYTES + 1)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise RoadmapError(f"{path} cannot be read ({reason}); correct that and try again.") from None

    def below(self, folder: str) -> Mapping[str, bytes]:
        found = {}
        for path in sorted(self._walk(folder)):
            content = self.read(path)
            if content is not None:
                found[path] = content
        return found

    def _walk(self, folder: str) -> Iterator[str]:
        count = 0
        for place, folders, names in os.walk(self.root / folder):
            folders[:] = sorted(name for name in folders if name != ".git")
            for name in names:
                path = Path(place, name)
                if name.endswith(SUFFIXES) and not path.is_symlink():
                    count += 1
                    if count > _MOST_FILES:
                        raise RoadmapError(f"{folder} holds over {_MOST_FILES:,} task files; name a smaller folder.")
                    yield path.relative_to(self.root).as_posix()


@dataclass(frozen=True, slots=True)
class Commit:
    """The files of a commit."""

    repository: Repository
    commit: str

    def read(self, path: str) -> bytes | None:
        try:
            return _content(self.repository, self.commit, path)
        except FileNotFoundError:
            return None

    def below(self, folder: str) -> Mapping[str, bytes]:
        found = self.repository.files_at(self.commit, folder, SUFFIXES)
        if len(found) > _MOST_FILES:
            raise RoadmapError(f"{folder} holds over {_MOST_FILES:,} task files; name a smaller folder.")
        return found


@lru_cache(maxsize=8)
def _content(repository: Repository, commit: str, path: str) -> bytes:
    """The bytes of a file in a commit, which never change: one plan is read several times on its way to a landing."""
    content = repository.file_at(commit, path)
    if content is None:  # or git failed, which may pass
        raise FileNotFoundError(path)
    return content


@dataclass(frozen=True, slots=True)
class Memory:
    """Files that are given as bytes."""

    files: Mapping[str, bytes] = field(default_factory=dict)

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def below(self, folder: str) -> Mapping[str, bytes]:
        return {path: data for path, data in sorted(self.files.items()) if is_below(path, folder)}


@dataclass(frozen=True)
class Source:
    """One plan as a format sees it."""

    #: A file, or the folder that `files` lie in.
    path: str
    #: All files of the plan by path: one entry for a file.
    files: Mapping[str, bytes]
    is_folder: bool = False
    #: For what stands beside the plan: a configuration, an archive. Never written.
    around: Files = field(default_factory=Memory)
    #: Statuses are written only to see whether that can be done: no other program is to be run for it.
    rehearsal: bool = False

    @cached_property
    def name(self) -> str:
        """The last part of the path, without case."""
        return PurePosixPath(self.path).name.casefold()

    @property
    def is_markdown(self) -> bool:
        """True for a single file that may be Markdown."""
        return not self.is_folder and not self.name.endswith(_NO_MARKDOWN)

    @cached_property
    def text(self) -> str:
        """The text of a single file.

        Raises:
            RoadmapError: not a text in UTF-8, or over 10 MB, or a folder.
        """
        return decode(self._content, self.path)

    @cached_property
    def document(self) -> Document:
        """The lines of a single file.

        Raises:
            RoadmapError: as `text`.
        """
        return scan(self._content, self.path)

    @property
    def _content(self) -> bytes:
        if self.is_folder:
            raise RoadmapError(f"{self.path} is a folder, and that format is for files; name a file in it.")
        return self.files[self.path]

    def edited(self, edits: list[Edit]) -> dict[str, bytes]:
        """The single file after `edits`, as `PlanFormat.write` returns it."""
        return {self.path: apply(self.text, edits).encode("utf-8")}


def open_source(files: Files, path: str) -> Source | None:
    """The plan at `path`, a file or a folder; None when there is neither.

    Raises:
        RoadmapError: it cannot be read, or has too many files.
    """
    content = files.read(path)
    if content is not None:
        return Source(path, {path: content}, around=files)
    below = files.below(path)
    return Source(path, below, is_folder=True, around=files) if below else None


def is_below(path: str, folder: str) -> bool:
    """True for a path inside `folder`, or the very path."""
    return path == folder or folder in ("", ".") or path.startswith(f"{folder}/")
