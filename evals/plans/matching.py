"""Which item of the truth is which item that was read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from evals.plans.comparing import bare_id, likeness, raw_id, tagged_id
from evals.plans.truth import TrueItem


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadItem:
    """A work stream as a reader of plans gave it."""

    id: str
    name: str = ""
    status: str = "not_started"
    depends_on: tuple[str, ...] = ()
    effort: str | None = None
    claimed_by: str | None = None
    available: bool = False


@dataclass(slots=True)
class _Pairing:
    truth: Sequence[TrueItem]
    read: Sequence[ReadItem]
    free: list[int] = field(default_factory=list)
    unused: list[int] = field(default_factory=list)
    pairs: dict[int, int] = field(default_factory=dict)

    def take(self, wanted: int, got: int) -> None:
        self.pairs[wanted] = got
        self.free.remove(wanted)
        self.unused.remove(got)

    def by_key(self, key: Callable[[object], str], once: bool = False) -> None:
        """Pair items whose ids have the same key; of doubles the first is taken, with `once` none."""
        wanted = Counter(key(item.id) for item in self.truth)
        got = Counter(key(item.id) for item in self.read)
        places: dict[str, list[int]] = {}
        for index in self.unused:
            places.setdefault(key(self.read[index].id), []).append(index)
        for index in list(self.free):
            same = key(self.truth[index].id)
            if same and places.get(same) and not (once and (wanted[same] > 1 or got[same] > 1)):
                self.take(index, places[same].pop(0))

    def by_name(self, among: Sequence[int]) -> None:
        """Pair items with like names, the likest first."""
        scored = []
        for wanted in among:
            name = self.truth[wanted].name or self.truth[wanted].id
            for got in self.unused:
                if like := likeness(name, self.read[got].name or self.read[got].id):
                    scored.append((-like, wanted, got))
        for _, wanted, got in sorted(scored):
            if wanted in self.free and got in self.unused:
                self.take(wanted, got)


def match(truth: Sequence[TrueItem], read: Sequence[ReadItem], explicit: bool, tagged: bool) -> dict[int, int]:
    """For each index in `truth` that was found, its index in `read`.

    Args:
        explicit: the plan states ids; else items are matched by name.
        tagged: an id is unique with its tag only.
    """
    pairing = _Pairing(truth, read, list(range(len(truth))), list(range(len(read))))
    if not explicit:
        pairing.by_name(list(pairing.free))
        return pairing.pairs
    pairing.by_key(raw_id)
    pairing.by_key(bare_id)
    if tagged:
        pairing.by_key(tagged_id)
        pairing.by_key(lambda id_: tagged_id(id_).rpartition(":")[2], once=True)
    pairing.by_name([index for index in pairing.free if truth[index].ambiguous])
    return pairing.pairs
