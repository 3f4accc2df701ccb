"""A reading: what the words, or a part of them, mean. Readings are joined and narrowed, then packed into an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator_agent.interpreters.selections import Found

#: A match that is worth less than this does not stand beside a better one.
WORTH_JOINING = 0.5
NOTHING_FITS = "nothing in the roadmap fits these words"
_WHOLE = ("run_all", "stop_all")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was understood."""

    intent: str
    found: Found = field(default_factory=Found)
    #: 0..1: how sure.
    score: float = 0.9
    evidence: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    #: Understood, but not without a yes.
    confirm: bool = False
    #: Not understood well enough to do anything.
    ask: bool = False
    #: For none: "nothing" fits, "only a no" was said, or it is "off topic".
    stands_on: str = ""


def run(found: Found, *, confirm: bool = False) -> Reading:
    """A start of what was found; work that is done already is named as such by asking first."""
    if found.candidates or found.kind == "unknown_id":
        return Reading("run", found, 0.5, found.evidence, ask=True)
    closed = [stream.is_closed for stream in found.streams]
    redo = all(closed) or (found.kind != "selection" and len(closed) <= 2 and any(closed))
    return Reading("run", found, found.score, found.evidence, confirm=confirm or redo)


def join(first: Reading, other: Reading) -> Reading:
    """Two readings from one list; the other is left out where it asks for something else or is a guess."""
    if first.intent == other.intent and other.ask and not first.ask and other.found.candidates:
        offered = tuple(dict.fromkeys(first.found.streams + other.found.candidates))
        return replace(other, found=replace(other.found, candidates=offered))
    if first.intent != other.intent or other.ask or not other.found.streams or other.score < WORTH_JOINING:
        return first
    if first.intent == "run" and (first.ask or first.score < WORTH_JOINING):
        return other
    if first.ask:
        return first
    streams = tuple(dict.fromkeys(first.found.streams + other.found.streams))
    found = Found(streams, score=min(first.score, other.score), kind=first.found.kind)
    return replace(
        first,
        found=found,
        score=max(found.score, WORTH_JOINING),
        evidence=f"{first.evidence}; {other.evidence}",
        confirm=first.confirm or other.confirm,
    )


def without(reading: Reading, refused: Sequence[Found], unclear: bool) -> Reading:
    """What was said no to is taken out of what was asked for.

    `unclear`: a no that fits nothing in the roadmap was said; a start or stop of many then needs a yes.
    """
    everything = reading.intent in _WHOLE
    if unclear and (everything or len(reading.found.streams) > 1):
        reading = replace(reading, confirm=True)
    excluded = list(dict.fromkeys(s for found in refused for s in found.streams or found.candidates))
    if not excluded or reading.intent not in ("run", "stop", *_WHOLE):
        return reading
    if everything:
        doubtful = any(found.candidates for found in refused)
        parameters = {**reading.parameters, "exclude": [stream.id for stream in excluded]}
        return replace(reading, parameters=parameters, confirm=reading.confirm or doubtful)
    left = tuple(s for s in reading.found.streams if s not in excluded)
    candidates = tuple(s for s in reading.found.candidates if s not in excluded)
    if reading.found.streams and not left:
        return _asked_and_refused(reading, refused)
    if not left and len(candidates) == 1:
        left, candidates = candidates, ()
        reading = replace(reading, ask=False, score=0.8)
    return replace(reading, found=replace(reading.found, streams=left, candidates=candidates))


def _asked_and_refused(reading: Reading, refused: Sequence[Found]) -> Reading:
    """The same work is asked for and refused: what names it better counts; a stop agrees with a no."""
    better = reading.score > max(found.score for found in refused) + 0.05
    fuller = reading.found.size > max(found.size for found in refused)
    if reading.intent == "stop" or better or fuller:
        return reading
    return Reading("none", evidence="asked for and refused in one breath", stands_on="only a no")
