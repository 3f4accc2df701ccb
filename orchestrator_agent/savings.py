"""What the rules spare where they come first: an estimate, because nobody knows what a model would have done."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator_agent.interpreters.claude import Usage
from orchestrator_agent.settings import ConversationSettings
from orchestrator_agent.store import Store

_BYTES_PER_TOKEN = 4
#: Stop reasons of an answer with which a turn of the person ends.
_LAST = ("end_turn", "stop_sequence", "refusal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What turns that the rules served would have taken of the model, about: tokens in and out, and US dollars."""

    turns: int = 0
    tokens: int = 0
    cost_usd: float = 0.0

    def __add__(self, other: Saved) -> Saved:
        return Saved(
            turns=self.turns + other.turns,
            tokens=self.tokens + other.tokens,
            cost_usd=self.cost_usd + other.cost_usd,
        )


def mean_turn(store: Store | None) -> Saved | None:
    """The mean of the model's turns in the conversations that were spoken in last; None before its first."""
    if store is None:
        return None
    events = [event for name in store.conversations() for event in store.conversation(name)]
    answers = [event.data for event in events if "tokens" in event.data]
    turns = sum(data["stop_reason"] in _LAST for data in answers)
    if not turns:
        return None
    tokens = sum(sum(data["tokens"].values()) for data in answers)
    cost = sum(float(data["cost_usd"]) for data in answers)
    return Saved(turns=1, tokens=tokens // turns, cost_usd=round(cost / turns, 6))


def one_request(request: Mapping[str, Any], settings: ConversationSettings) -> Saved:
    """What a request takes to send: its tools, system prompt and messages, none of them in a cache."""
    sent = json.dumps([request["tools"], request["system"], request["messages"]], ensure_ascii=False)
    tokens = len(sent.encode("utf-8", "replace")) // _BYTES_PER_TOKEN
    return Saved(turns=1, tokens=tokens, cost_usd=round(Usage(input=tokens).cost(settings), 6))
