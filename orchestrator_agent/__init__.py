"""Orchestrator: coordinates teams of coding agents, from a roadmap in git to verified, merged work.

Importing the package does nothing; each name below is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from orchestrator_agent.version import VERSION as __version__

if TYPE_CHECKING:
    from orchestrator_agent.coordinators.client import NATSCoordinator
    from orchestrator_agent.events import Event
    from orchestrator_agent.interpreters.rules import InterpretedGoal, interpret_goal
    from orchestrator_agent.model import WorkStream, WorkStreamStatus
    from orchestrator_agent.orchestrator import Orchestrator, OrchestratorConfig, OrchestratorMode
    from orchestrator_agent.roadmap import get_available_work_streams, parse_roadmap
    from orchestrator_agent.runner import Agent, AgentRunner

__all__ = [
    "Agent",
    "AgentRunner",
    "Event",
    "InterpretedGoal",
    "NATSCoordinator",
    "Orchestrator",
    "OrchestratorConfig",
    "OrchestratorMode",
    "WorkStream",
    "WorkStreamStatus",
    "__version__",
    "get_available_work_streams",
    "interpret_goal",
    "parse_roadmap",
]

_HOMES = {
    "Agent": "runner",
    "AgentRunner": "runner",
    "Event": "events",
    "InterpretedGoal": "interpreters.rules",
    "NATSCoordinator": "coordinators.client",
    "Orchestrator": "orchestrator",
    "OrchestratorConfig": "orchestrator",
    "OrchestratorMode": "orchestrator",
    "WorkStream": "model",
    "WorkStreamStatus": "model",
    "get_available_work_streams": "roadmap",
    "interpret_goal": "interpreters.rules",
    "parse_roadmap": "roadmap",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
