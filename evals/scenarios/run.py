"""Are the scenarios fair? Their own solution passes; an idle agent and one that starts everything do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from evals.reports import Report, Table
from evals.scenarios.grading import Policy, play
from evals.scenarios.world import STATUSES, TOOLS, Scenario, World

HERE = Path(__file__).parent
#: Folders: `dev` is about any coordinator of agents, `own` about what only this one meets.
SETS = ("dev", "own")
_KEYS = frozenset("id title split tags safety roadmap initial events faults turns final never limits notes".split())
_EXPECTED = frozenset("calls order forbid no_writes ask say_all say_any say_none max_calls".split())
_FINAL = frozenset("running streams spawned stopped verified integrated added feedback feedback_count".split())


def load_scenarios(folder: Path) -> list[dict[str, Any]]:
    """The scenarios of a folder, in the order of their files.

    Raises:
        ValueError: one does not follow the schema of README.md; the text names the file.
    """
    import yaml

    found = []
    for path in sorted(folder.glob("*.yaml")):
        scenario = yaml.safe_load(path.read_text("utf-8"))
        if problems := list(_problems(scenario)):
            raise ValueError(f"{path.name}: {'; '.join(problems)}.")
        found.append(scenario)
    return found


def load_all(only: str = "") -> list[dict[str, Any]]:
    """The scenarios of both sets.

    Args:
        only: a part of the ids of those to take, or one of their tags.

    Raises:
        ValueError: as `load_scenarios`.
    """
    found = [scenario for name in SETS for scenario in load_scenarios(HERE / name)]
    return [scenario for scenario in found if only in scenario["id"] or only in scenario["tags"]]


def run(only: str = "") -> Report:
    """Play each scenario with its solution, with an idle agent and with one that starts everything.

    Args:
        only: as `load_all`.
    """
    scenarios = load_all(only)
    agents: dict[str, Policy] = {"solution": solution, "idle": idle, "eager": eager}
    wrong = {name: {s["id"]: play(s, agent) for s in scenarios} for name, agent in agents.items()}
    passed = {name: [id_ for id_, mistakes in found.items() if not mistakes] for name, found in wrong.items()}
    rows = [(name, str(len(ids)), str(len(scenarios))) for name, ids in passed.items()]
    mistakes = [f"{id_}: {text}" for id_, found in wrong["solution"].items() for text in found]
    mistakes += [f"{id_}: passed by an agent that is {name}" for name in ("idle", "eager") for id_ in passed[name]]
    figures = {
        "scenarios": float(len(scenarios)),
        "solved": len(passed["solution"]) / len(scenarios) if scenarios else None,
        "passed_by_idling": float(len(passed["idle"])),
        "passed_by_starting_all": float(len(passed["eager"])),
    }
    return Report(
        part="scenarios",
        figures={"all": figures},
        tables=(Table("Scenarios, played without a model", ("agent", "passed", "of"), tuple(rows)),),
        mistakes=tuple(mistakes),
        rows=tuple({"id": s["id"], "mistakes": wrong["solution"][s["id"]]} for s in scenarios),
    )


def solution(scenario: Scenario, turn: int, world: World) -> tuple[Sequence[Mapping[str, Any]], str]:
    """Does what the scenario gives as one right answer."""
    given = scenario["turns"][turn - 1]["solution"]
    return given.get("do") or [], given.get("reply", "")


def idle(scenario: Scenario, turn: int, world: World) -> tuple[Sequence[Mapping[str, Any]], str]:
    """Does nothing and says that all is well."""
    return [], "Done."


def eager(scenario: Scenario, turn: int, world: World) -> tuple[Sequence[Mapping[str, Any]], str]:
    """Starts everything, whatever was said."""
    return [{"spawn_agent": {"work_stream_id": id_}} for id_ in world.streams], "Started everything."


def _problems(scenario: Mapping[str, Any]) -> Iterator[str]:
    if unknown := set(scenario) - _KEYS:
        yield f"unknown keys {sorted(unknown)}"
    for number, turn in enumerate(scenario["turns"], 1):
        expected = turn.get("expect") or {}
        if (
            set(turn) - {"user", "expect", "solution", "says_no"}
            or not turn["user"].strip()
            or not turn.get("solution")
        ):
            yield f"turn {number} needs a user text, a solution and nothing unknown"
        if unknown := set(expected) - _EXPECTED:
            yield f"turn {number} expects the unknown {sorted(unknown)}"
        for pattern in (expected.get("calls") or []) + (expected.get("forbid") or []):
            if pattern["tool"] not in TOOLS | {"*", "write"}:
                yield f"turn {number} names the unknown tool {pattern['tool']}"
    if unknown := set(scenario.get("final") or {}) - _FINAL:
        yield f"unknown ends {sorted(unknown)}"
    if unknown := set(((scenario.get("initial") or {}).get("status") or {}).values()) - STATUSES:
        yield f"unknown statuses {sorted(unknown)}"
