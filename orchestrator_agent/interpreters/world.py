"""A roadmap as the interpreter sees it: its streams, their words, and which of them have an agent."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from orchestrator_agent.interpreters.lexicon import FUNCTION_WORDS
from orchestrator_agent.interpreters.matching import Index, Match
from orchestrator_agent.interpreters.words import fold, tokens
from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.availability import availability

_ANY_NUMBER = regex(r"\d+")


class Facts:
    """What never changes about one roadmap; made once for as long as the same tuple of streams is asked about."""

    def __init__(self, streams: tuple[WorkStream, ...]) -> None:
        self.streams = streams
        self.index = Index(streams)
        self.in_progress = frozenset(s.id for s in streams if s.status is WorkStreamStatus.IN_PROGRESS)
        self.by_id = {stream.id.casefold(): stream for stream in streams}
        self.batches: dict[str, list[WorkStream]] = {}
        for stream in streams:
            self.batches.setdefault(stream.batch or f"phase {first_number(stream.id)}", []).append(stream)

    @cached_property
    def untouched(self) -> frozenset[str]:
        """Ids of work that nobody has begun."""
        states = (WorkStreamStatus.NOT_STARTED, WorkStreamStatus.BLOCKED)
        return frozenset(s.id for s in self.streams if s.status in states)

    @cached_property
    def startable(self) -> frozenset[str]:
        """Ids of work that nothing holds up."""
        may = availability(self.streams)
        return frozenset(s.id for s in self.streams if s.status is WorkStreamStatus.NOT_STARTED and may[s.id].available)

    @cached_property
    def spelt(self) -> tuple[str, ...]:
        """Each name of several words in lower case."""
        every = "\n".join([stream.name[:300] for stream in self.streams]).casefold()  # at once: it costs a tenth
        return tuple([name for name in every.split("\n") if " " in name])

    @cached_property
    def names(self) -> tuple[frozenset[str], ...]:
        """The words of each name."""
        return tuple(frozenset(tokens(fold(stream.name))) for stream in self.streams)


_RECENT: deque[Facts] = deque(maxlen=4)


def facts_of(streams: tuple[WorkStream, ...]) -> Facts:
    """The facts of `streams`, remembered by the identity of the tuple."""
    found = next((facts for facts in tuple(_RECENT) if facts.streams is streams), None)
    if found is None:
        found = Facts(streams)
        _RECENT.appendleft(found)
    return found


@dataclass
class World:
    """The facts of a roadmap, and who is at work right now."""

    facts: Facts
    running: frozenset[str]

    @classmethod
    def of(cls, streams: tuple[WorkStream, ...], running: Collection[str] | None = None) -> World:
        """The world of `streams`; `running` None takes those that the roadmap calls in progress."""
        facts = facts_of(streams)
        return cls(facts, facts.in_progress if running is None else frozenset(running))

    @property
    def streams(self) -> Sequence[WorkStream]:
        return self.facts.streams

    @property
    def index(self) -> Index:
        return self.facts.index

    @property
    def by_id(self) -> dict[str, WorkStream]:
        return self.facts.by_id

    @property
    def batches(self) -> dict[str, list[WorkStream]]:
        """Streams by the heading of their group, in the order of the roadmap."""
        return self.facts.batches

    @cached_property
    def available(self) -> frozenset[str]:
        """Ids of work that can start now and has no agent."""
        return self.facts.startable - self.running

    @cached_property
    def _ranked(self) -> dict[str, list[Match]]:
        return {}

    def rank(self, text: str) -> list[Match]:
        """As `Index.rank`, remembered for this world."""
        found = self._ranked.get(text)
        if found is None:
            found = self._ranked[text] = self.index.rank(text)
        return found

    def spoken(self, text: str) -> list[str]:
        """The names of several words that stand word for word in folded `text`, the longest first."""
        said = f" {' '.join(tokens(text))} "
        found = [name for name in self.facts.spelt if name in text and f" {' '.join(tokens(name))} " in said]
        return sorted(found, key=len, reverse=True)

    def names(self, text: str) -> bool:
        """True when all that folded `text` says stands in the name of one work stream."""
        words = {*tokens(text)} - FUNCTION_WORDS
        return bool(words) and any(words <= name for name in self.facts.names)

    def open(self, streams: Sequence[WorkStream]) -> tuple[WorkStream, ...]:
        """Those that are not finished; all of them when all are."""
        return tuple(s for s in streams if not s.is_closed) or tuple(streams)


def first_number(text: str) -> str:
    """The first number in `text` without leading zeros, or an empty text."""
    match = _ANY_NUMBER.search(text)
    return match[0].lstrip("0") or "0" if match else ""
