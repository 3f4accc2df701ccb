"""What the marks of one work stream say together: words before pictures, pictures before boxes, boxes before steps."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.bodies import Body, counted, sum_of
from orchestrator_agent.roadmap.dependencies import KIND
from orchestrator_agent.roadmap.drafts import Draft, Place
from orchestrator_agent.roadmap.fields import leading_emoji
from orchestrator_agent.roadmap.headings import Heading
from orchestrator_agent.roadmap.set_aside import sets_aside
from orchestrator_agent.roadmap.statuses import CIRCLES, read_mark
from orchestrator_agent.roadmap.title_marks import doubtful_mark

_VERBS = r"blocked (?:by|on)|depend(?:s|ing|ent) (?:up)?on|wait(?:s|ing) (?:for|on)|requires|needs|after"
_NEEDS = regex(rf"\b(?:{_VERBS}) ([^()|]{{1,200}})", re.IGNORECASE)
#: What has not begun waits for these as well; with work under way they are a remark.
_AWAITS = regex(rf"\b(?:{_VERBS}|behind|awaiting|until|once|pending(?: on| for)?) ([^()|]{{1,200}})", re.IGNORECASE)
_PENDING = regex(rf"\W*(pending)(?: (?:on|for))?(?= (?:{KIND} ?#?\d|[A-Z]{{1,6}}-?\d))", re.IGNORECASE)
#: Behind "not started" these say that it is not to be begun.
_HELD = regex(r"[ (,;–—-]+(blocked|gated|on hold|deferred|paused|parked)\b\)?", re.IGNORECASE)
#: The kinds of places in the order in which they are believed.
_RANKS = ("field", "ending", "remark", "emoji", "box")


def settle_status(draft: Draft, item: Heading, body: Body) -> Iterator[str]:
    """Set the status of `draft` and the places where it is written.

    Args:
        body: all that stands in the section.

    Returns:
        What people should know about it, as ends of sentences that begin with the id.
    """
    own = _ranked(item.places)
    other = _ranked([place for restated in item.mentioned for place in restated.places])
    draft.blocked_reason = item.reason
    if item.field_place is not None:
        place, reason = item.field_place
        if place.status is None and place.example:
            yield from _unknown(draft, place, own)
            return
        draft.blocked_reason = reason if place.status is not None else draft.blocked_reason
        own.insert(0, _with_remark(draft, place, body))
    draft.places = [*own, *other]
    yield from _judge(draft, item, own, other, body)


def _unknown(draft: Draft, place: Place, own: Sequence[Place]) -> Iterator[str]:
    """A Status field that is not understood: the words behind the name may say that the work is done."""
    draft.places = list(own)
    if own and own[0].status is WorkStreamStatus.COMPLETE:
        draft.status = WorkStreamStatus.COMPLETE
        return
    draft.places.append(place)
    draft.status = WorkStreamStatus.BLOCKED
    draft.blocked_reason = f'its status "{place.example[:40]}" is not known'
    yield f"counts as blocked, {draft.blocked_reason}"


def _judge(draft: Draft, item: Heading, own: list[Place], other: list[Place], body: Body) -> Iterator[str]:
    boxes = body.boxes or body.other_boxes
    steps = sum_of(boxes) if boxes else counted(body)
    stated = [place.status for place in _ranked([*own, *other]) if place.status is not None]
    worded = [place.status for place in (*own, *other) if place.kind != "box" and place.status is not None]
    said = stated or ([] if boxes else [status for title in item.around[-1:] if (status := status_of_group(title))])
    draft.status = said[0] if said else steps
    if not said and steps is WorkStreamStatus.BLOCKED:
        draft.blocked_reason = "its open boxes are blocked"
    if stated and not worded and stated[0] is WorkStreamStatus.NOT_STARTED and steps is not stated[0]:
        draft.status = WorkStreamStatus.IN_PROGRESS
    if item.struck and draft.status is not WorkStreamStatus.COMPLETE:
        draft.status = WorkStreamStatus.CANCELLED
    elif not stated and body.is_empty:
        draft.status = WorkStreamStatus.BLOCKED
        draft.blocked_reason = "its section is empty"
        yield f"counts as blocked, {draft.blocked_reason}"
    elif not worded and draft.status is WorkStreamStatus.NOT_STARTED and (word := _set_aside_by(item)):
        draft.status = WorkStreamStatus.BLOCKED
        draft.blocked_reason = f"the plan sets it aside: {word}"
    elif not stated and draft.status is WorkStreamStatus.NOT_STARTED and (sign := doubtful_mark(item.name)):
        draft.status = WorkStreamStatus.BLOCKED
        draft.blocked_reason = f'its heading says "{sign[:40]}"'
        yield f"counts as blocked, {draft.blocked_reason}"
    elif not said and not boxes:
        yield f"has no status and counts as {draft.status.value.replace('_', ' ')}"
    if len({*worded, *(status for status in stated if status is WorkStreamStatus.COMPLETE)}) > 1:
        yield f"has two statuses, {draft.status.value} counts"
        _doubt(draft, item, own)
    for restated in item.mentioned:
        if restated.aside and draft.status in (WorkStreamStatus.NOT_STARTED, WorkStreamStatus.BLOCKED):
            draft.status = WorkStreamStatus.BLOCKED
            draft.blocked_reason = draft.blocked_reason or f"{restated.aside} in line {restated.line.number}"


def status_of_group(title: str) -> WorkStreamStatus | None:
    """The status that a title gives to all below it: "In Progress", "✅ Done"; None for other titles."""
    span = leading_emoji(title)
    text = title[span[1] :] if span else title
    mark = read_mark(text, {})
    return mark.status if mark and mark.worded and not text[mark.end :].strip("*_:：. \ufe0f") else None


def _set_aside_by(item: Heading) -> str:
    """The title that puts the work off for later, its own or that of a group around it."""
    return next((title[:80] for title in (item.name, *item.around) if sets_aside(title)), "")


def _doubt(draft: Draft, item: Heading, own: Sequence[Place]) -> None:
    """What the heading in words, a list or a table calls started or done is not offered."""
    # A coloured circle before a name is a priority as often as a status.
    said = [(item.line.number, place) for place in own if place.kind != "box" and place.example[:1] not in CIRCLES]
    said += [(restated.line.number, place) for restated in item.mentioned for place in restated.places]
    for number, place in said:
        if draft.status is WorkStreamStatus.NOT_STARTED and place.status not in (None, draft.status):
            assert place.status is not None
            draft.status = WorkStreamStatus.BLOCKED
            draft.blocked_reason = f"line {number} calls it {place.status.value.replace('_', ' ')}"


def _ranked(places: list[Place]) -> list[Place]:
    return sorted(places, key=lambda place: _RANKS.index(place.kind)) if len(places) > 1 else list(places)


def _with_remark(draft: Draft, place: Place, body: Body) -> Place:
    """The place of a Status field with what it says behind the status: needs, or that it is held after all."""
    needs, end = _needs_behind(place, body)
    draft.depends_on += needs
    value, start = body.fields.get("status", ("", 0))
    if not needs and place.status is WorkStreamStatus.NOT_STARTED and (held := _HELD.search(value, end - start)):
        draft.blocked_reason = held[1].casefold()
        return replace(place, end=start + held.end(), example="", status=WorkStreamStatus.BLOCKED)
    return replace(place, end=end) if end != place.end else place


def _needs_behind(place: Place, body: Body) -> tuple[list[str], int]:
    """What a status names behind its words: "Pending (depends on Phase 0)"; and where the words end with that."""
    value, start = body.fields.get("status", ("", 0))
    if not value or place.status in (None, WorkStreamStatus.BLOCKED, WorkStreamStatus.COMPLETE):
        return [], place.end
    verbs = _AWAITS if place.status is WorkStreamStatus.NOT_STARTED else _NEEDS
    pending = _PENDING.match(value, max(0, place.start - start))  # the word is the status itself
    found = list(verbs.finditer(value, pending.start(1) if pending else max(0, place.end - start)))
    if not found:
        return [], place.end
    end = found[-1].end() - len(found[-1][1]) + len(found[-1][1].rstrip())
    return [match[1] for match in found], start + end + (value[end : end + 1] == ")")
