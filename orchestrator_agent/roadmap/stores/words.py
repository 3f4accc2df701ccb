"""The status words of stores: what each means, and which one is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.roadmap.statuses import read_mark


@dataclass(frozen=True, slots=True)
class Words:
    """The vocabulary of one kind of store."""

    #: For each status the words that may be written, the usual one first; a status without words cannot be written.
    written: Mapping[WorkStreamStatus, tuple[str, ...]]
    #: Words that are read and never written.
    read_only: Mapping[str, WorkStreamStatus]

    def read(self, word: str) -> tuple[WorkStreamStatus, str | None]:
        """The status that `word` means and, when it is blocked, why; an unknown word blocks."""
        key = _key(word)
        for status, words in self.written.items():
            if key in map(_key, words):
                return status, None
        if key in self.read_only:
            status = self.read_only[key]
            return status, word if status is WorkStreamStatus.BLOCKED else None
        mark = read_mark(word, {})
        if mark is not None and mark.end == len(word):
            return mark.status, mark.reason
        return WorkStreamStatus.BLOCKED, f'its status is "{word[:80]}"' if word else "it has no status"

    def write(self, status: WorkStreamStatus, used: Iterable[str], path: str) -> str:
        """The word for `status`: of those that may be written the one that stands most often in `used`.

        Raises:
            RoadmapError: the store has no word for it.
        """
        words = self.written.get(status, ())
        if not words:
            raise RoadmapError(
                f"{path} has no word for {status.value.replace('_', ' ')}; change that entry with its own tool."
            )
        counts = Counter(word for word in used if word in words)
        return max(words, key=lambda word: (counts[word], -words.index(word)))


@lru_cache(maxsize=1024)
def _key(word: str) -> str:
    return "-".join(word.casefold().replace("_", " ").replace("-", " ").split())
