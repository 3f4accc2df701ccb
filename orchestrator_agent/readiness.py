"""What must be so before new work starts: a clean place, a plan that can be written, agents and checks that can run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orchestrator_agent import checks, git, runtimes
from orchestrator_agent.errors import SettingsError
from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.project import Project
from orchestrator_agent.terminal import clean


def require_ready(project: Project, streams: Sequence[WorkStream]) -> str:
    """The target branch, when these work streams may start here, and their ends can be written into the roadmap.

    Raises:
        RepositoryError, RoadmapError, SettingsError: what is in the way.
    """
    branch = require_place(project, [stream.id for stream in streams])
    ends = {stream.id: WorkStreamStatus.COMPLETE for stream in streams}
    project.require_writable(project.tip(branch), ends)
    return branch


def require_place(project: Project, work_stream_ids: Iterable[str] = ()) -> str:
    """The target branch, when agents of some work streams, or else the usual ones, may start in this repository.

    Raises:
        RepositoryError, RoadmapError, SettingsError: what is in the way.
    """
    branch = git.require_ready(project.repository, project.settings.integration.target)
    commit = project.tip(branch)
    project.plans_at(commit)
    for agent in [project.settings.agent_for(name) for name in work_stream_ids] or [project.settings.agent]:
        if problem := runtimes.get_runtime(agent.runtime).problem(agent, project.root):
            raise SettingsError(problem)
    if project.settings.checks.tests == "auto" and checks.detect_tests(project.repository, commit) is None:
        raise SettingsError(
            "No tests were found to verify work with; set `tests` under [checks] in orch.toml"
            ' (or tests = "none" to rely on the other checks).'
        )
    gates = checks.gates(project.repository, project.settings.checks, commit)
    if not project.settings.workspace.setup and (missing := checks.missing_program(gates)):
        name = clean(missing, 100)
        raise SettingsError(f"The check {name} is not on your PATH; install it, or change [checks] in orch.toml.")
    return branch
