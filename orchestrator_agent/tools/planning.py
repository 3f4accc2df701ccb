"""The tool that writes work into the roadmap."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from orchestrator_agent import additions
from orchestrator_agent.additions import Addition
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.roadmap.sketches import NewWork
from orchestrator_agent.terminal import clean
from orchestrator_agent.tools.tool import ToolResult, WorkStreamId, brief, tool

_Name = Annotated[str, Field(description="a few plain words", min_length=1, max_length=100)]
_Text = Annotated[str, Field(max_length=2000)]
_Line = Annotated[str, Field(max_length=300)]
_Tasks = Annotated[list[_Line], Field(description="steps, one line each", max_length=30)]
_Needs = Annotated[list[WorkStreamId], Field(description="must be complete first", max_length=50)]


def _new_work(
    name: str,
    description: str | None = None,
    tasks: list[str] | None = None,
    depends_on: list[str] | None = None,
    effort: str | None = None,
    done_when: str | None = None,
) -> NewWork:
    return NewWork(
        name=name,
        description=description or "",
        tasks=tuple(tasks or ()),
        depends_on=tuple(depends_on or ()),
        effort=effort or "",
        done_when=done_when or "",
    )


def preview(orchestrator: Orchestrator, name: str, **more: object) -> list[str]:
    """What `add_work_stream` with these arguments would write, as a diff of the roadmap.

    Raises:
        UserError: it cannot be written; the text says why.
    """
    return additions.propose(orchestrator.project, _new_work(name, **more)).diff  # type: ignore[arg-type]


@tool(preview=preview)
def add_work_stream(
    orchestrator: Orchestrator,
    name: _Name,
    description: _Text | None = None,
    tasks: _Tasks | None = None,
    depends_on: _Needs | None = None,
    effort: Annotated[_Line | None, Field(description="S, M or L, or as the roadmap says it")] = None,
    done_when: Annotated[_Line | None, Field(description="how anybody can tell that it is done")] = None,
) -> ToolResult:
    """Write work that the roadmap lacks into it, as one new work stream. Starts nothing; the person sees the diff."""
    new = _new_work(name, description, tasks, depends_on, effort, done_when)
    addition = additions.propose(orchestrator.project, new)
    if orchestrator.config.dry_run:
        return ToolResult(brief(["Would add (nothing was changed):", *addition.diff]), _data(addition))
    addition = additions.land(orchestrator.project, addition, new)
    stream, path = addition.work_stream, addition.appended.path
    text = f"Added {clean(stream.id, 100)}: {clean(stream.name, 100)} to {clean(path, 100)}."
    return ToolResult(f"{text} spawn_agent can start it once what it waits for is complete.", _data(addition))


def added_before(orchestrator: Orchestrator, request: str) -> ToolResult | None:
    """What came of `add_work_stream` within a request of this name, when it was carried out already.

    Raises:
        UserError: there is no branch that it could be on.
    """
    if (landed := additions.landed_as(orchestrator.project, request)) is None:
        return None
    stream, commit = landed
    text = f"Added {clean(stream, 100)} before the talk was cut off."
    return ToolResult(text, {"work_stream_id": stream, "commit": commit})


def _data(addition: Addition) -> dict[str, object]:
    return {
        "work_stream_id": addition.work_stream.id,
        "name": addition.work_stream.name,
        "path": addition.appended.path,
        "diff": addition.diff,
        "commit": addition.commit or None,
    }
