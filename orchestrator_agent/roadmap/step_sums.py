"""Work whose status is the sum of its steps: a section with a box for each of them and no mark of its own."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.roadmap.document import Edit, Line
from orchestrator_agent.roadmap.drafts import Place
from orchestrator_agent.roadmap.step_status import status_of_step
from orchestrator_agent.roadmap.vocabulary import Vocabulary

_CLOSED = (WorkStreamStatus.COMPLETE, WorkStreamStatus.CANCELLED)

#: The kind of a place that is one of several steps.
STEP = "step"


def step_place(line: Line) -> Place:
    """The place of a step's box."""
    box = line.box or ""
    return Place(STEP, line.box_start, line.box_start + len(box), box, status_of_step(line))


def edit_steps(where: str, id_: str, steps: Sequence[Place], status: WorkStreamStatus, marks: Vocabulary) -> list[Edit]:
    """The fewest changes of boxes after which their sum is `status`.

    Raises:
        RoadmapError: boxes cannot say it.
    """
    if status is WorkStreamStatus.COMPLETE:
        changed = [place for place in steps if place.status not in _CLOSED]
    elif status is WorkStreamStatus.NOT_STARTED:
        changed = [place for place in steps if place.status in (*_CLOSED, WorkStreamStatus.IN_PROGRESS)]
    elif status is WorkStreamStatus.IN_PROGRESS:
        open_ = [place for place in steps if place.status not in _CLOSED]
        changed = open_[:1] or list(steps[-1:])
    else:
        raise RoadmapError(
            f'{where}: {id_[:80]} is the sum of its boxes, which cannot say "{status.value}"; '
            "write it behind its heading yourself."
        )
    text = marks.mark("box", status)
    return [Edit(place.start, place.end, text) for place in changed]
