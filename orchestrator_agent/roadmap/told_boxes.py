"""Plans whose boxes say themselves what they wait for, so that the headings over them are groups and no work.

### Phase 2: Walls
- [ ] W-04: Bricks
  depends_on: W-02
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator_agent.roadmap.bodies import read_body
from orchestrator_agent.roadmap.boxes import Boxed, boxes_of
from orchestrator_agent.roadmap.document import Document
from orchestrator_agent.roadmap.headings import Heading
from orchestrator_agent.roadmap.item_text import read_item

#: Fields by which a box tells as much as a work stream does.
_TELLING = ("status", "assigned")
_SEVERAL = 2


def boxes_tell_more(document: Document, chosen: Sequence[Heading]) -> bool:
    """True when more boxes with an id of their own tell what they wait for than headings how far they are, or when
    most boxes stand outside the only heading.

    Args:
        chosen: the headings that would be work.
    """
    if "[" not in document.text:
        return False
    if len(chosen) == 1 and chosen[0].field_place is None:
        return _stand_elsewhere(document, chosen[0])
    marked = sum(heading.marked for heading in chosen)
    if 2 * marked > len(chosen):
        return False
    named = [box for box in boxes_of(document).items if _is_named(read_item(box.line.content).id)]
    if len(named) < _SEVERAL or len(named) <= marked:
        return False
    telling = sum(_tells(document, box) for box in named)
    return 2 * telling >= len(named) and telling > marked


def _stand_elsewhere(document: Document, only: Heading) -> bool:
    """Most boxes are in other sections: the one heading with a number is a list of steps among others."""
    inside = [only.line.number < box.line.number <= only.end for box in boxes_of(document).items]
    return 2 * sum(inside) < len(inside)


def _is_named(id_: str) -> bool:
    """An id with more than a number: "W-04", "#12"; steps are counted "2.1"."""
    return bool(id_) and not id_[0].isdigit()


def _tells(document: Document, box: Boxed) -> bool:
    if read_item(box.line.content).depends_on:
        return True
    body = read_body(document, box.below) if box.below else None
    return body is not None and (bool(body.lists.get("depends_on")) or any(name in body.fields for name in _TELLING))
