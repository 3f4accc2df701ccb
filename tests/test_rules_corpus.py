"""How often the rules interpreter is right on a labelled set of goals, where that set lies beside the repository."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from support import ROOT

from orchestrator_agent.interpreters.rules import interpret_goal
from orchestrator_agent.roadmap import read

GOALS = ROOT.parent / "shared" / "corpus" / "goals"


def _scorer(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("goal_scorer", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _prediction(goal: dict[str, Any], roadmap: Any) -> dict[str, Any]:
    found = interpret_goal(goal["goal"], roadmap)
    return {
        "id": goal["id"],
        "intent": found.intent,
        "targets": [stream.id for stream in found.matched_work_streams],
        "ambiguous": found.ambiguous,
        "candidates": [stream.id for stream in found.candidates],
        "needs_confirmation": found.needs_confirmation,
        "confidence": found.confidence,
        "params": found.parameters,
    }


@pytest.mark.skipif(not (GOALS / "dev.jsonl").is_file(), reason="the labelled goals are not beside this repository")
def test_labelled_goals_are_understood_and_seldom_dangerous() -> None:
    scorer = _scorer(GOALS / "score.py")
    goals = scorer.load(str(GOALS / "dev.jsonl"))
    worlds = json.loads((GOALS / "worlds.json").read_text("utf-8"))
    plans = {name: (GOALS / "roadmaps" / f"{name}.md").read_bytes() for name in worlds}
    roadmaps = {name: read(data, f"{name}.md") for name, data in plans.items()}
    rows = [scorer.grade(goal, _prediction(goal, roadmaps[goal["roadmap"]]), worlds[goal["roadmap"]]) for goal in goals]
    summary = scorer.summarise(rows)
    later = scorer.summarise([row for row in rows if row["wave"] == "2"])
    assert summary["success"] >= 0.70, summary
    assert summary["dangerous"] <= 0.05, summary
    assert later["dangerous"] <= 0.05, later
