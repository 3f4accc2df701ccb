"""How a half-typed line may go on: commands behind a slash, ids and names of work streams, ids of agents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from orchestrator_agent.errors import OrchError
from orchestrator_agent.project import Project
from orchestrator_agent.terminal import clean

_FEW = 30


class Completions:
    """What can be completed in one repository, as it is at the moment of asking."""

    def __init__(self, project: Project, commands: Callable[[], Sequence[str]]) -> None:
        self.project, self.commands = project, commands

    def of(self, text: str) -> list[tuple[str, int]]:
        """What may stand at the end of `text`, and how many of its last characters that replaces."""
        if re.fullmatch(r"/\S*", text):
            return [(f"/{name}", len(text)) for name in self.commands() if name.startswith(text[1:].casefold())]
        known = list(self._known())
        for start in _word_starts(text):
            begun = text[start:].casefold()
            found = [(name, len(begun)) for name in known if name.casefold().startswith(begun)]
            if found:
                return found[:_FEW]
        return []

    def _known(self) -> Iterator[str]:
        try:
            streams = self.project.roadmap().work_streams
        except OrchError:
            streams = ()
        for stream in streams:
            yield clean(stream.id)
        for facts in self.project.store.live_agents():
            yield facts.record.id
        for stream in streams:
            yield clean(stream.name)


def _word_starts(text: str) -> list[int]:
    """Where words begin, the first ones first: the longest piece that names something is the one that is meant."""
    return [match.start() for match in re.finditer(r"\S+", text)][-8:] if text and not text.isspace() else []
