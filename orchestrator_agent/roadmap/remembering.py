"""A roadmap is parsed again only when a file that it was read from has changed: parsing costs, reading does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator_agent.roadmap.reading import read_plan
from orchestrator_agent.roadmap.roadmap import Roadmap
from orchestrator_agent.roadmap.sources import Files


@dataclass(frozen=True, slots=True)
class _Recording:
    """Files that note what was asked of them and what they gave."""

    files: Files
    read_files: dict[str, bytes | None] = field(default_factory=dict)
    read_folders: dict[str, Mapping[str, bytes]] = field(default_factory=dict)

    def read(self, path: str) -> bytes | None:
        self.read_files[path] = self.files.read(path)
        return self.read_files[path]

    def below(self, folder: str) -> Mapping[str, bytes]:
        self.read_folders[folder] = self.files.below(folder)
        return self.read_folders[folder]

    def still_holds(self, files: Files) -> bool:
        """True when other files give the same to all that was asked."""
        return all(files.read(path) == data for path, data in self.read_files.items()) and all(
            files.below(folder) == data for folder, data in self.read_folders.items()
        )


@dataclass(slots=True)
class LastRead:
    """The roadmap that was read last."""

    _asked: tuple[tuple[str, ...], str] = ((), "")
    _recording: _Recording | None = None
    _roadmap: Roadmap | None = None

    def read(self, files: Files, paths: Sequence[str], format_name: str = "") -> Roadmap:
        """As `read_plan`; the very same value as long as nothing has changed.

        Raises:
            RoadmapError: as `read_plan`.
        """
        asked = (tuple(paths), format_name)
        if (
            self._roadmap is None
            or asked != self._asked
            or not (self._recording and self._recording.still_holds(files))
        ):
            recording = _Recording(files)
            self._roadmap = read_plan(recording, paths, format_name)
            self._asked, self._recording = asked, recording
        return self._roadmap
