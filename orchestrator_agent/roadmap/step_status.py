"""How far one step of some work is: by its box, and by what its text says besides."""

from __future__ import annotations

import re

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.document import Line
from orchestrator_agent.roadmap.item_text import crossed_out, take_needs
from orchestrator_agent.roadmap.statuses import read_box, read_mark

#: The number of a step and its tags.
_NUMBER = regex(
    r"(?:[*_`]{0,3}(?:T\d{1,5}[a-z]?|\d{1,4})(?:\.\d{1,4}){0,3}[*_`]{0,3}[.):]? +)?(?:\[(?:P|US\d{1,4})\] +){0,2}"
)
#: A word before the text of a step.
_LABEL = regex(r"[*_]{0,2}[\[(]?([A-Z][A-Z _-]{2,20})(?:[\])][*_:]{0,3} |:[*_]{0,2} )")
_WORDS = r"(?:blocked|deferred|postponed|on hold|parked|paused|waiting)"
#: Brackets right behind the number or at the end, and what a dash sets off, if it is loud or tells why.
_REMARK = regex(
    rf"^[(\[](?P<first>{_WORDS}\b[^()\[\]]{{0,200}})[)\]]|[(\[](?P<last>{_WORDS}\b[^()\[\]]{{0,200}})[)\]][\s.*_]*$|"
    r" [-–—]{1,2} \W{0,3}(?P<loud>(?-i:BLOCKED|DEFERRED|POSTPONED|ON HOLD|PARKED|PAUSED)\b.{0,200}|"
    r"(?:blocked|deferred|postponed) (?:by|on|to|until|with|pending)\b.{0,200})$",
    re.IGNORECASE,
)
#: What is needed is other work when a number stands in it.
_NUMBERED = regex(r"\d")
_MAY_HOLD = ("block", "defer", "postpon", "hold", "park", "paus", "wait")
_WIDTH = 600


def status_of_step(line: Line) -> WorkStreamStatus:
    """By its box; an open one by its words: "BLOCKED: sign in", "2.1 Sign in (deferred)", "~~Sign in~~".

    What waits for other steps, which have numbers, is not blocked.
    """
    status = read_box(line.box or " ")[0]
    if status is not WorkStreamStatus.NOT_STARTED:
        return status
    text = line.content[:_WIDTH]
    number = _NUMBER.match(text)
    text = text[number.end() :] if number else text
    if "~~" in text and (crossed_out(text) or crossed_out(line.content[:_WIDTH])):
        return WorkStreamStatus.CANCELLED
    if (word := _LABEL.match(text)) and (mark := read_mark(word[1], {})):
        return mark.status if mark.status is WorkStreamStatus.BLOCKED else status
    lowered = text.lower()
    if not any(map(lowered.__contains__, _MAY_HOLD)) or _REMARK.search(text) is None:
        return status
    needs = take_needs(text)[1]
    return status if any(map(_NUMBERED.search, needs)) else WorkStreamStatus.BLOCKED
