"""One plan as it was read, against the truth.

items     by id, or by name where the plan states none; F1. Where the truth knows a second level, the better one counts.
status    share right of the items found; effort and claims likewise, names too where ids do not decide.
deps      F1 over pairs of item and dependency; those of missed items count as missed.
offers    precision: offers that had to be made, among those and the forbidden ones; recall: among those that had to be
          made. Forbidden is what is offered and is in neither list of the truth; it is the worst error.

Ambiguous items are left out. Items beyond the end of a truth that was cut are ignored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from evals.plans.comparing import bare_id, likeness, raw_id, same_claim, same_effort, tagged_id
from evals.plans.matching import ReadItem, match
from evals.plans.truth import Level, TrueItem, Truth
from evals.reports import Figures

FORBIDDEN = "FORBIDDEN OFFER: "


@dataclass(frozen=True, slots=True)
class Score:
    """Counts and mistakes of one plan at the level that fits best."""

    counts: Counter[str]
    mistakes: tuple[str, ...]
    level: str = "main"

    @property
    def is_right(self) -> bool:
        """True when nothing is wrong."""
        return not self.mistakes


def score(truth: Truth, read: Sequence[ReadItem]) -> Score:
    """What was read from the plan of `truth`, scored."""
    levels = {"main": truth.main} | ({"other": truth.other} if truth.other else {})
    scores = []
    for name, level in levels.items():
        marked = _Marking(truth, level, read)
        marked.all()
        scores.append(Score(marked.counts, tuple(marked.wrong), name))
    return max(scores, key=_fit)


def _fit(found: Score) -> tuple[float, int, bool]:
    f1 = figures(found.counts)["items"]
    f1 = 1.0 if f1 is None else f1
    return f1, -len(found.mistakes) if f1 else 0, found.level == "main"


def figures(counts: Counter[str]) -> Figures:
    """Shares from 0 to 1 (None where there was nothing to judge), and the number of forbidden offers."""
    return {
        "items": _f1(counts, "item"),
        "status": _share(counts["status right"], counts["status wrong"]),
        "dependencies": _f1(counts, "dependency"),
        "effort": _share(counts["effort right"], counts["effort wrong"]),
        "claims": _share(counts["claim right"], counts["claim wrong"]),
        "offer_precision": _share(counts["offer right"], counts["offer forbidden"]),
        "offer_recall": _share(counts["offer right"], counts["offer missed"]),
        "names": _share(counts["name right"], counts["name wrong"]),
        "forbidden": counts["offer forbidden"],
    }


def _f1(counts: Counter[str], what: str) -> float | None:
    right, wrong = counts[f"{what} right"], counts[f"{what} extra"] + counts[f"{what} missed"]
    return 2 * right / (2 * right + wrong) if right + wrong else None


def _share(right: int, wrong: int) -> float | None:
    return right / (right + wrong) if right + wrong else None


@dataclass(slots=True)
class _Marking:
    truth: Truth
    level: Level
    read: Sequence[ReadItem]
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    pairs: Mapping[int, int] = field(default_factory=dict)

    def all(self) -> None:
        self.pairs = match(self.level.items, self.read, self.truth.id_explicit, self.truth.is_tagged)
        for index, item in enumerate(self.level.items):
            if not item.ambiguous:
                self._item(item, self.read[self.pairs[index]] if index in self.pairs else None)
        self._extra()
        self._offers()

    def _item(self, item: TrueItem, got: ReadItem | None) -> None:
        self.counts["item missed" if got is None else "item right"] += 1
        if got is None:
            self.wrong.append(f"missing item {item.id} ({item.name})")
        if item.depends_on is not None:
            self._dependencies(item, item.depends_on, got)
        if got is None:
            return
        if item.status:
            self._judge("status", item, item.status == got.status, item.status, got.status)
        if item.effort_stated:
            self._judge("effort", item, same_effort(item.effort, got.effort), item.effort, got.effort)
        if item.claim_stated:
            self._judge("claim", item, same_claim(item.claimed_by, got.claimed_by), item.claimed_by, got.claimed_by)
        if item.name:
            self.counts["name right" if likeness(item.name, got.name) else "name wrong"] += 1

    def _judge(self, what: str, item: TrueItem, right: bool, want: str | None, got: str | None) -> None:
        self.counts[f"{what} {'right' if right else 'wrong'}"] += 1
        if not right:
            self.wrong.append(f"{item.id}: {what} {got}, should be {want}")

    def _dependencies(self, item: TrueItem, wanted: Iterable[str], got: ReadItem | None) -> None:
        want = {self._true_id(id_, item.id) for id_ in wanted}
        have = {self._true_id(id_, item.id) for id_ in got.depends_on} if got is not None else set()
        self.counts["dependency right"] += len(want & have)
        self.counts["dependency extra"] += len(have - want)
        self.counts["dependency missed"] += len(want - have)
        if got is not None and want != have:
            self.wrong.append(f"{item.id}: dependencies {sorted(have)}, should be {sorted(want)}")

    def _true_id(self, id_: str, of: str = "") -> str:
        """The truth's id for an id that was read or stated; the bare id where the truth has none."""
        tagged = {tagged_id(item.id): item.id for item in self.level.items} if self.truth.is_tagged else {}
        text = raw_id(id_)
        if tagged and ":" in of and ":" not in tagged_id(id_):
            own = f"{tagged_id(of).rpartition(':')[0]}:{text}"
            if own in tagged:
                return tagged[own]
        for wanted, got in self.pairs.items():
            if raw_id(self.read[got].id) == text:
                return self.level.items[wanted].id
        bare = {bare_id(item.id): item.id for item in self.level.items}
        return bare.get(bare_id(id_)) or tagged.get(tagged_id(id_)) or bare_id(id_)

    def _extra(self) -> None:
        used = set(self.pairs.values())
        for index, got in enumerate(self.read):
            if index not in used and not self.truth.truncated:
                self.counts["item extra"] += 1
                self.wrong.append(f"item that is none (or stands twice): {got.id} ({got.name})")

    def _offers(self) -> None:
        offered, invented = self._offered()
        if self.level.available is None:
            forbidden = invented
        else:
            must = set(self.level.available) - {item.id for item in self.level.items if item.ambiguous}
            forbidden = sorted(offered - set(self.level.available) - set(self.level.available_ambiguous)) + invented
            self.counts["offer right"] += len(offered & must)
            self.counts["offer missed"] += len(must - offered)
            self.wrong += [f"not offered: {id_}" for id_ in sorted(must - offered)]
        self.counts["offer forbidden"] += len(forbidden)
        self.wrong += [FORBIDDEN + id_ for id_ in forbidden]

    def _offered(self) -> tuple[set[str], list[str]]:
        """Ids of the truth that were offered, and ids that were offered and are none."""
        by_read = {got: self.level.items[wanted].id for wanted, got in self.pairs.items()}
        ids = {item.id for item in self.level.items}
        offered, invented = set(), []
        for index, got in enumerate(self.read):
            if not got.available:
                continue
            id_ = by_read.get(index)
            if id_ is None and self.truth.id_explicit and (same := self._true_id(got.id)) in ids:
                id_ = same
            if id_ is not None:
                offered.add(id_)
            elif not self.truth.truncated:
                invented.append(got.id)
        return offered, invented
