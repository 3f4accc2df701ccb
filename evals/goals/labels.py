"""Labelled goals, predictions and worlds as values; LABELS.md describes the records that they are read from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
INTENTS = (
    "run", "run_all", "run_next", "stop", "stop_all", "status", "report", "verify", "feedback", "redirect", "explain",
    "help", "quit", "none",
)  # fmt: skip
START = frozenset({"run", "run_all", "run_next"})
STOP = frozenset({"stop", "stop_all"})
ACTING = START | STOP | {"redirect", "feedback", "verify"}

Ids = tuple[str, ...]
Params = Mapping[str, Any]


def family(intent: str) -> str:
    """ "start", "stop", or the intent itself: readings of one family may be the same action in other words."""
    return "start" if intent in START else "stop" if intent in STOP else intent


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Ids of a roadmap's work streams by state, each in the order of the roadmap."""

    all: Ids
    complete: Ids
    running: Ids
    blocked: Ids
    remaining: Ids
    available: Ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way of understanding a goal that counts as right."""

    intent: str
    targets: Ids = ()
    params: Params = field(default_factory=dict)
    #: Other right target sets.
    accept_targets: tuple[Ids, ...] = ()
    #: Right only when the prediction asks before it acts.
    must_ask: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a person typed, and what it means."""

    id: str
    roadmap: str
    text: str
    category: str
    lang: str
    wave: int
    label: Reading
    #: Other readings that are right too; their parameters are their own only.
    accept: tuple[Reading, ...]
    #: The second halves of compound goals: permitted, not demanded.
    also: tuple[Reading, ...]
    ambiguous: bool
    candidates: Ids
    needs_confirmation: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What an interpreter made of a goal."""

    id: str
    intent: str
    targets: Ids = ()
    ambiguous: bool = False
    candidates: Ids = ()
    needs_confirmation: bool = False
    #: 0..1: how likely it holds its reading to be right.
    confidence: float = 0.0
    params: Params = field(default_factory=dict)

    @property
    def asks(self) -> bool:
        """True when nothing is done before a person has answered."""
        return self.ambiguous or self.needs_confirmation


def load_goals(path: Path) -> list[Goal]:
    """The labelled goals of a JSONL file.

    Raises:
        ValueError: a line is no goal; the text names file and line.
    """
    return [_goal(record) for record in _records(path, ("id", "roadmap", "goal", "category", "lang", "intent"))]


def load_predictions(path: Path) -> dict[str, Prediction]:
    """The predictions of a JSONL file by the id of their goal.

    Raises:
        ValueError: a line is no prediction; the text names file and line.
    """
    return {record["id"]: prediction(record) for record in _records(path, ("id", "intent"))}


def load_worlds(path: Path = HERE / "worlds.json") -> dict[str, World]:
    """The world of each roadmap by its name."""
    found: dict[str, dict[str, list[str]]] = json.loads(path.read_text("utf-8"))
    return {name: World(**{key: tuple(ids) for key, ids in world.items()}) for name, world in found.items()}


def prediction(record: Mapping[str, Any]) -> Prediction:
    """A prediction from its JSON object; parameters that say nothing are left out."""
    params = record.get("params") or {}
    confidence = float(record.get("confidence", 0.0 if record["intent"] == "none" else 1.0))
    return Prediction(
        id=record["id"],
        intent=record["intent"],
        targets=tuple(record.get("targets") or ()),
        ambiguous=bool(record.get("ambiguous")),
        candidates=tuple(record.get("candidates") or ()),
        needs_confirmation=bool(record.get("needs_confirmation")),
        confidence=min(1.0, max(0.0, confidence)),
        params={key: value for key, value in params.items() if value not in (None, [], "", False)},
    )


def _records(path: Path, required: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        record = json.loads(line)
        missing = [key for key in required if key not in record]
        if missing:
            raise ValueError(f"{path.name}:{number} lacks {', '.join(missing)}.")
        if record["intent"] not in INTENTS:
            raise ValueError(f"{path.name}:{number} has the unknown intent {record['intent']!r}.")
        yield record


def _goal(record: Mapping[str, Any]) -> Goal:
    return Goal(
        id=record["id"],
        roadmap=record["roadmap"],
        text=record["goal"],
        category=record["category"],
        lang=record["lang"],
        wave=record.get("wave", 1),
        label=_reading(record, tuple(tuple(ids) for ids in record["accept_targets"])),
        accept=tuple(replace(_reading(o), must_ask=bool(o.get("needs_confirmation"))) for o in record["accept"]),
        also=tuple(_reading(other) for other in record["also"]),
        ambiguous=record["ambiguous"],
        candidates=tuple(record["candidates"]),
        needs_confirmation=record["needs_confirmation"],
    )


def _reading(record: Mapping[str, Any], accept_targets: tuple[Ids, ...] = ()) -> Reading:
    return Reading(
        intent=record["intent"],
        targets=tuple(record.get("targets", ())),
        params=record.get("params", {}),
        accept_targets=accept_targets,
    )
