"""From how well words fit to how likely the reading is right.

`python benchmarks/fit_goals.py` prints the tables below anew from labelled goals. Where it is above 0.96 the tables
stay a little below it: goals in voices that nobody has met yet are right less often.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

from orchestrator_agent.interpreters.reading import Reading

#: Starts and stops on a weaker fit are confirmed first.
SURE_ENOUGH = 0.44
#: A fit that needs no better one beside it.
LIKELY = 0.62
#: A fit that leaves no doubt worth a question.
ALL_BUT_SURE = 0.9

#: How often a reading is right by what it stands on.
SHARES = {
    "asked some": 0.79,
    "asked none": 0.92,
    "nothing": 0.75,
    "only a no": 0.94,
    "off topic": 0.9,
    "words": 0.965,
    "id": 0.985,
    "selection": 0.97,
    "unknown_id": 0.9,
}
#: For names: (fit, how often readings of that fit are right); between two points the line between them holds.
NAMES = ((0.0, 0.15), (0.22, 0.23), (0.31, 0.56), (0.52, 0.77), (0.74, 0.87), (0.85, 0.93), (0.98, 0.975), (1.0, 0.98))


def basis(reading: Reading, ask: bool) -> str:
    """What `reading` stands on: a key of `SHARES`, or "name"."""
    if ask:
        return "asked some" if reading.found.candidates or reading.found.streams else "asked none"
    if reading.intent == "none":
        return reading.stands_on or "nothing"
    return reading.found.kind or "words"


#: No reading that sets words aside is surer than this: the rest of what was meant stays undone.
IN_PART = 0.75


def confidence(reading: Reading, ask: bool, *, in_part: bool = False) -> float:
    """The chance, 0..1, that `reading` is what was meant; `in_part`: some words of it were set aside."""
    return min(_chance(reading, ask), IN_PART if in_part else 1.0)


def _chance(reading: Reading, ask: bool) -> float:
    kind = basis(reading, ask)
    if kind != "name":
        return SHARES[kind]
    fit = min(max(reading.score, 0.0), 1.0)
    place = min(bisect_right([point for point, _ in NAMES], fit), len(NAMES) - 1)
    (low, below), (high, above) = list(pairwise(NAMES))[place - 1]
    return below + (above - below) * (fit - low) / (high - low)
