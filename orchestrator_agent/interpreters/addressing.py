"""Words to or about an agent at work: "tell the parser agent ...", "move the parser agent to ..."."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator_agent.interpreters.words import content

_WHO = r"(?:it|them|him|her|that one|that agent|this one|that person)"
_REDIRECTS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:take|pull|get|remove|grab|free) (?P<a>.+?),? (?:and|then) (?:have|give|put|let|move|send|make"
        rf"|assign|get|point) {_WHO}(?: to)?"
        r"(?: do| onto| on| over to| to| at| work on| start on| start| take| take over)? (?P<b>.+)",
        r"^(?P<a>.+?) (?:is|are|keeps|got|seems|has) .+?[,;] ?(?:please )?(?:send|move|put|switch|redirect"
        r"|reassign) (?:that|the|its|this)(?: agent| one)? (?:over )?(?:to|on|onto) (?P<b>.+)",
        r"\b(?P<verb>move|switch|reassign|redirect|transfer|shift|pull|reallocate|repurpose"
        r"|swap) (?P<a>.+?) (?:over |away |across )?(?:to|onto|on to|towards|into) (?:work on |do |start on "
        r"|start )?(?P<b>.+)",
        r"\b(?:send|put|take|get|assign|point|have|let|make|i want|i'd like) (?P<a>(?:the |whoever |that "
        r"|this )?(?:\S+ ){0,5}?(?:agent|whoever|coder|bot|folks|one)(?: \S+){0,5}?) (?:over |off it |off that "
        r"|instead )?"
        r"(?:to take over|to work on|to switch to|to move to|to do|to start|take over|take on|work on|switch to"
        r"|move to|move on to|do|at|to|onto|on) (?P<b>.+)",
        r"^(?P<a>.+? (?:agent|coder|bot|folks)) (?:should |goes |go |must |can |needs to |has to |is to |to "
        r"|now )+(?:go |switch |move |over |on )*(?:to |onto |take over |take on |take |work on |do "
        r"|start on )(?P<b>.+)",
    )
)
_TO = r"(?: know|:? hear this)?(?:\s*:\s*|,? that |,? to | - )"
_FEEDBACK = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^(?:please |pls |can you |could you )?let (?P<a>.+?) know(?: that|:|,)? (?P<t>.+)",
        r"^(?:please |pls |can you |could you )?(?:tell|ask|inform|remind|instruct|advise|notify|ping|warn|let"
        r"|have)(?! me\b| us\b) (?P<a>[^:]{1,80}?)(?: know| hear this)?\s*:\s+(?P<t>.+)",
        r"^(?:please )?(?:a )?(?:note|message|msg|fyi|feedback|word|hint|reminder|heads[- ]up|comment|say|info"
        r"|memo)(?: to| for|,)+ (?P<a>[^:]{1,80}?)(?:\s*:\s+|,? that |,? - )(?P<t>.+)",
        r"^(?:please |pls |can you |could you )?(?:tell|ask|inform|remind|instruct|advise|notify|warn)(?! me\b"
        r"| us\b) (?P<a>.+? (?:agent|folks|team|guy|guys|coder|bot|one)) (?:that |to )?(?P<t>.+)",
        r"^(?:please |pls |can you |could you )?(?:tell|ask|inform|remind|instruct|advise|notify|warn)(?! me\b"
        r"| us\b) (?P<a>.+?)(?:,? that |,? to )(?P<t>.+)",
        r"^(?P<a>[^:,]{1,60}?)(?: should hear this)?:\s+(?P<t>.+)",
        r"^(?P<a>.{1,60}?) (?:should|must|needs to|has to|ought to) (?P<t>.+)",
    )
)
#: The first patterns say openly that a message follows; the last ones do so only for an agent at work.
_OPEN_FEEDBACK = 5
_END = re.compile(
    r"^(?:please )?(?:stop|halt|pause|abort|quit)(?: (?:now|please|it|work|working|right now|immediately))*[.!]*$",
    re.IGNORECASE,
)
_AGENT = re.compile(r"\b(?:agent|whoever|coder|bot|folks)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Addressed:
    """Words for an agent: whom (folded or raw phrase), and the message or the new work."""

    kind: str
    whom: str
    what: str


def redirect(text: str, names: Callable[[str], bool]) -> Addressed | None:
    """Taking an agent off one work stream and onto another, from folded `text`.

    `names`: tells whether a phrase names one work stream.
    """
    for pattern in _REDIRECTS:
        match = pattern.search(text)
        if match and names(match["a"]) and names(match["b"]):
            return Addressed("redirect", match["a"], match["b"])
    return None


def feedback(raw: str, at_work: Callable[[str], bool]) -> Addressed | None:
    """A message for an agent, from `raw` text in its own case.

    `at_work`: tells whether a phrase is an id, or names one work stream that has an agent.
    """
    for number, pattern in enumerate(_FEEDBACK):
        match = pattern.match(raw.replace("\n", " "))
        if not match or not content(match["a"].casefold()):
            continue
        if number < _OPEN_FEEDBACK or at_work(match["a"]):
            if _END.match(match["t"]):
                return Addressed("stop", match["a"], "")
            return Addressed("feedback", match["a"], match["t"].strip())
    return None
