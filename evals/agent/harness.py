"""A stand-in for the model that replays the solutions: it tests this harness, and says nothing about any model."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.agent.players import Trial, play_by_model
from evals.agent.toolset import from_world
from evals.scenarios.world import Scenario, World
from orchestrator_agent.model_prompt import ASK_PERSON

if TYPE_CHECKING:
    from standin import Reply, Request

_TESTS = Path(__file__).parents[2] / "tests"


def play_by_script(scenario: Scenario, world: World) -> Trial:
    """Play a scenario's own solution over HTTP, through the whole of the talk."""
    if str(_TESTS) not in sys.path:
        sys.path.append(str(_TESTS))
    from standin import StandIn

    before = dict(os.environ)
    with StandIn(_Replay(scenario, world)) as standin:
        os.environ.update(standin.environment)
        try:
            return play_by_model(scenario, world)
        finally:
            os.environ.clear()
            os.environ.update(before)


class _Replay:
    """Answers with the calls of the turn's solution first, and then with its words."""

    def __init__(self, scenario: Scenario, world: World) -> None:
        self.scenario, self.world, self.acted = scenario, world, 0

    def __call__(self, request: Request) -> Reply:
        from standin import Answer, text, tool

        turn = self.scenario["turns"][self.world.turn - 1]
        given: dict[str, Any] = turn["solution"]
        calls = [from_world(name, args or {}) for step in given.get("do") or () for name, args in step.items()]
        if calls and self.acted < self.world.turn:
            self.acted = self.world.turn
            return Answer(content=tuple(tool(call.name, **call.arguments) for call in calls))
        if (turn.get("expect") or {}).get("ask"):
            return Answer(content=(tool(ASK_PERSON, question=given["reply"]),))
        return text(given["reply"])
