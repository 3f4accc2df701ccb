"""A queue of work, as the loops that follow https://ghuntley.com/ralph keep it in fix_plan.md.

    ## Queue
    1. Oil the hinges
       - Done when: no door squeaks
    ## Completed
    - 2026-02-27: Painted the door

To stand in the queue is the status, and an entry that is done moves away with a date. So the numbers shift and are no
ids, and there is no mark that could be written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.bodies import fill, read_body
from orchestrator_agent.roadmap.document import Document, Kind, Line, headings_of
from orchestrator_agent.roadmap.drafts import Draft, assemble
from orchestrator_agent.roadmap.fields import is_placeholder, plain
from orchestrator_agent.roadmap.item_text import read_item
from orchestrator_agent.roadmap.plan_format import Found
from orchestrator_agent.roadmap.slugs import Slugs
from orchestrator_agent.roadmap.sources import Source

_QUEUE = regex(r"(?:.{0,30} )?queue$|up next$|next up$|what next$")
_FILE = regex(r"@?fix[-_]?plan\b")
#: What a queue may be called in a file whose name says what it is.
_OPEN = regex(
    r"(?:.{0,30} )?(?:queue|next|to ?do|tasks|items|priorit(?:y|ies)|open|pending|remaining|backlog|plan)\b"
)
_NUMBERED = regex(r"\s*\d{1,9}[.)]\s")


class FixPlan:
    """See the module."""

    name = "fix-plan"

    def recognise(self, source: Source) -> bool:
        if not source.is_markdown:
            return False
        is_queue = _queues(source)
        titles = any(is_queue(line) for _, line in headings_of(source.document))
        return titles and not any(line.box is not None for line in source.document.lines)

    def read(self, source: Source) -> Found:
        document = source.document
        slugs = Slugs()
        drafts = [_draft(document, line, below, slugs) for line, below in _entries(document, source)]
        named = [draft for draft in drafts if draft.name]
        for number, draft in enumerate(named):
            draft.step = number
        return assemble(document, named, level="entries of the queue")

    def write(self, source: Source, found: Found, changes: Mapping[str, WorkStreamStatus]) -> dict[str, bytes]:
        raise RoadmapError(
            f"{source.path} is a queue and has no place for a status; move what is done to its list of completed work."
        )


def _queues(source: Source) -> Callable[[Line], bool]:
    """The test for a heading of a queue in that file."""
    named = _OPEN if _FILE.match(source.name) else _QUEUE
    return lambda line: line.level > 1 and named.match(plain(line.content)) is not None


def _entries(document: Document, source: Source) -> list[tuple[Line, list[Line]]]:
    """The numbered items of the outermost list below a heading of a queue, with what stands further in."""
    found: list[tuple[Line, list[Line]]] = []
    inside, level = False, 0
    is_queue = _queues(source)
    for line in document.lines:
        if line.kind is Kind.HEADING:
            if is_queue(line):
                inside, level = True, line.level
            elif line.level <= level:
                inside = False
        elif not inside:
            continue
        elif line.kind is Kind.ITEM and line.indent < 2:
            if _NUMBERED.match(document.raw(line)):
                found.append((line, []))
        elif found:
            found[-1][1].append(line)
    return found


def _draft(document: Document, line: Line, below: list[Line], slugs: Slugs) -> Draft:
    while below and below[-1].kind is Kind.BLANK:
        below.pop()
    text = read_item(line.content)
    draft = Draft("", text.name, line.number, below[-1].number if below else line.number)
    if not text.name or is_placeholder(text.name):
        draft.name = ""
        return draft
    draft.id = slugs.of(draft.name)
    draft.depends_on = list(text.depends_on)
    if text.struck:
        draft.status = WorkStreamStatus.CANCELLED
    if text.is_cut:
        draft.description.append(line.content)
    if below:
        fill(draft, read_body(document, below))
    return draft
