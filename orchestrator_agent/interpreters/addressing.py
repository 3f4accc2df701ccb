"""Words to or about an agent at work: "tell the parser agent ...", "move the parser agent to ..."."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from orchestrator_agent.interpreters.lexicon import COMMANDS, FUNCTION_WORDS
from orchestrator_agent.interpreters.words import content
from orchestrator_agent.patterns import regex

_WHO = r"(?:it|them|him|her|that one|that agent|this one|that person|(?:its|his|her|their|the) (?:agent|coder|bot))"
_REDIRECTS = tuple(
    regex(pattern)
    for pattern in (
        rf"\b(?:take|pull|get|remove|grab|free|stop|halt|pause|kill|cancel|end) (?P<a>.+?),? (?:and|then)"
        r" (?:have|give|put|let|move"
        rf"|send|make|go|assign|get|point) {_WHO}(?: to)?"
        r"(?: do| onto| on| over to| to| at| work on| start on| start| take| take over)? (?P<b>.+)",
        r"^(?:give|hand|assign|pass) (?P<b>.+?) (?:over )?to (?P<a>(?:the |that )?(?:\S+ ){1,4}(?:agent|coder|bot"
        r"|dev)|whoever .+)$",
        r"^(?P<a>.+? (?:agent|coder|bot|devs?|guys?|person|team))[:,] "
        r"(?:please |(?:forget|leave|drop) (?:it|that|this)(?:[,;]| and) )?(?:switch|move|go|change)"
        r"(?: over)?(?: and)? (?:to|onto|do|start|take over|work on) (?P<b>.+)",
        r"^(?P<a>.+?) (?:is|are|keeps|got|seems|has) .+?[,;] ?(?:please )?(?:send|move|put|switch|redirect"
        r"|reassign) (?:that|the|its|this)(?: agent| one)? (?:over )?(?:to|on|onto) (?P<b>.+)",
        rf"^(?P<a>.+? (?:agent|coder|bot|devs?|guys?|person|team)|whoever .+?) (?:is|are|has|looks|seems) .+?[,;.]"
        rf" ?(?:please |so )?(?:give|hand|assign) {_WHO} (?P<b>.+)",
        r"\b(?:on|with|at) (?P<a>[^,;.]+)[,;.] (?:that|its|their|the) (?:agent|coder|bot) (?:can|could|may|might|should"
        r"|must|shall) (?:rather |instead |now |just )?(?:have|take|take over|do|start|go to|move to|work on)"
        r" (?P<b>.+)",
        r"(?:^|[,.;:!] |\b(?:please|and|then|to|you|can|could|just|now|so|we|let's) )"
        r"(?P<verb>move|switch|reassign|redirect|transfer|shift|pull|reallocate|repurpose"
        r"|swap) (?P<a>.+?) (?:over |away |across )?(?:to|onto|on to|towards|into) (?:work on |do |start on "
        r"|start )?(?P<b>.+)",
        r"\b(?:send|put|take|get|assign|point|have|let|make|i want|i'd like) (?P<a>(?:the |whoever |that "
        r"|this )?(?:\S+ ){0,5}?(?:agent|whoever|coder|bot|dev|folks|one|guy|person)(?: \S+){0,5}?) (?:over "
        r"|off it |off that |instead )?"
        r"(?:to take over|to work on|to switch to|to move to|to do|to start|take over|take on|take care of|look after"
        r"|handle|work on|switch to"
        r"|move to|move on to|do|at|to|onto|on) (?P<b>.+)",
        r"^(?P<a>(?:\S+ ){1,4}(?:agent|coder|bot|dev)) (?:(?:over|across) to|onto|gets|takes(?: over| on)?|picks up)"
        r" (?P<b>.+)",
        r"^(?P<a>.+? (?:agent|coder|bot|folks|devs?|guys?|person|people|team)|whoever .+?) (?:moves |switches |should "
        r"|goes |go |ought to |must |can |needs to |has to |is to |to |rather |better |instead "
        r"|now )+(?:go |switch |move |over |on )*(?:to |onto |take over |take on |take |work on |do "
        r"|start on )(?P<b>.+)",
    )
)
_FEEDBACK = tuple(
    regex(pattern, re.IGNORECASE)
    for pattern in (
        r"^(?:please |pls |can you |could you )?let (?P<a>.+?) know(?: that|:|,)? (?P<t>.+)",
        r"^(?:please |pls |can you |could you )?(?:tell|ask|inform|remind|instruct|nudge|urge|advise|notify|ping"
        r"|warn|let"
        r"|have)(?! me\b| us\b) (?P<a>[^:]{1,80}?)(?: know| hear this)?\s*:\s+(?P<t>.+)",
        r"^(?:please )?(?:a )?(?:note|message|msg|fyi|feedback|word|hint|reminder|heads[- ]up|comment|say|info"
        r"|memo)(?: to| for|,)+ (?P<a>[^:]{1,80}?)(?:\s*:\s+|,? that |,? - )(?P<t>.+)",
        r"^(?:please |pls |can you |could you )?(?:tell|ask|inform|remind|instruct|nudge|urge|advise|notify|warn)(?!"
        r" me\b"
        r"| us\b) (?P<a>.+? (?:agent|folks|team|guy|guys|coder|bot|one)) (?:that |to )?(?P<t>.+)",
        r"^(?:please |pls |can you |could you )?(?:tell|ask|inform|remind|instruct|nudge|urge|advise|notify|warn)(?!"
        r" me\b"
        r"| us\b) (?P<a>.+?)(?:,? that |,? to )(?P<t>.+)",
        r"^(?:please |pls |can you |could you )?(?:make sure|ensure|see to it)(?: that)? (?P<a>.+?) (?:knows|hears"
        r"|is aware|is told|understands)(?: of it)?(?: that |: )(?P<t>.+)",
        r"^(?:please )?(?:a )?(?:note|message|msg|fyi|reminder|memo) (?:to|for) (?P<a>\d[\d.]*) (?P<t>.+)",
        r"^(?:please |pls |can you |could you )?(?:pass (?:it |this )?(?:on|along)|point out|mention|relay|say) to"
        r" (?P<a>.+?)(?:,? that |: )(?P<t>.+)",
        r"^(?P<a>\d[\d.]*\w?|(?:the )?(?:\S+ ){1,4}(?:agent|coder|bot|dev|person|folks|guys?|team))"
        r"(?:(?:,| -+)(?: please| pls)?| please| pls) (?P<t>[A-Za-z]\w* .+)$",
        r"^(?:(?:psst|pst|hey|hi|hello|oi|yo|ok|so|btw)[,!]? )*"
        r"(?P<a>(?:[^:,.!?]|\.(?=\d)){1,60}?)(?: should hear this)?:\s+(?P<t>.+)",
        r"^(?P<a>.{1,60}?) (?:should|must|needs to|has to|ought to) (?P<t>.+)",
    )
)
_SOMEBODY = regex(r"^(?:some(?:one|body)|any(?:one|body)) (?:please )?(?=tell |ask |inform |let )", re.IGNORECASE)
#: The first patterns say openly that a message follows; the last ones do so only for an agent at work.
_OPEN_FEEDBACK = 8
#: The pattern that only calls somebody: what follows must be neither a command of ours nor more work.
_CALLED = 8
#: "<a log> pass this on to the parser agent" or, of work that was just named, "to its agent".
_RELAYED = regex(
    r"^(?P<t>.+?)[\s.,:!;-]*\b(?:and |so |please |pls |can you |could you )*(?:pass|forward|relay|hand|send|give|tell) "
    r"(?:it|this|that|these|them)(?: on| along| over)? to (?P<a>[^,.!?\n]+?)(?: please| pls)?[.! ]*$",
    re.IGNORECASE | re.DOTALL,
)
_END = regex(
    r"^(?:to )?(?:please )?(?:be )?(?:stop(?:ped)?|halt(?:ed)?|paused?|abort(?:ed)?|quit|killed|cancell?ed|end(?:ed)?"
    r"|cease|knock it off|cut it out|pack (?:it in|up)|go home|stand down|take a break|call it a day)(?:"
    r" (?:now|please|it|work|working|right now|immediately|(?:until|till|for) .+))*[.!]*$",
    re.IGNORECASE,
)
#: "1.2 must not be stopped" is said to us and not to the agent.
_PASSIVE = regex(r"^(?:not |never )?be (?:stopped|started|run|paused|halted|killed|touched|verified|done|next|first)\b")
_AGENT = regex(r"\b(?:agent|whoever|coder|bot|folks)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Addressed:
    """Words for an agent: whom (folded or raw phrase), and the message or the new work."""

    kind: str
    whom: str
    what: str


#: Whoever speaks of all but one does not speak to that one.
_MANY = regex(
    r"\b(?:wrote|writes|said|says|asked|asks|replied)$"
    r"|\b(?:except|but|without|other than|apart from|every(?:one|body)|nobody|no one)\b",
    re.IGNORECASE,
)


def is_agent(phrase: str) -> bool:
    """True when `phrase` speaks of an agent as such: "the parser agent"."""
    return bool(_AGENT.search(phrase))


def redirect(text: str, names: Callable[[str], bool]) -> Addressed | None:
    """Taking an agent off one work stream and onto another, from folded `text`.

    `names`: tells whether a phrase names one work stream.
    """
    for pattern in _REDIRECTS:
        match = pattern.search(text)
        if match and names(match["a"]) and names(match["b"]):
            return Addressed("redirect", match["a"], match["b"])
    return None


def relayed(raw: str) -> Addressed | None:
    """What stands before "pass it on to ...", from `raw` text; `whom` is empty where an agent is only called "its"."""
    match = _RELAYED.match(raw)
    if match is None or not _AGENT.search(match["a"]):
        return None
    return Addressed("feedback", match["a"] if content(match["a"].casefold()) else "", match["t"].strip())


def feedback(raw: str, at_work: Callable[[str], bool], is_work: Callable[[str], bool]) -> Addressed | None:
    """A message for an agent, from `raw` text in its own case.

    `at_work`: tells whether a phrase is an id, or names one work stream that has an agent; `is_work`: that it surely
    names work.
    """
    raw = _SOMEBODY.sub("", raw)
    for number, pattern in enumerate(_FEEDBACK):
        match = pattern.match(raw.replace("\n", " "))
        if not match or not content(match["a"].casefold()) or _MANY.search(match["a"]):
            continue
        if _PASSIVE.match(match["t"]) and not _END.match(match["t"]):
            return None
        first = match["t"].partition(" ")[0].casefold()
        if number == _CALLED and (
            first in COMMANDS or first in FUNCTION_WORDS - {"use"} or is_work(match["t"].casefold())
        ):
            continue
        if number < _OPEN_FEEDBACK or at_work(match["a"]):
            if _END.match(match["t"]):
                return Addressed("stop", match["a"], "")
            return Addressed("feedback", match["a"], match["t"].strip())
    return None
