"""What the words of work say in passing: that it waits for something, or that it is for people to do."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator_agent.patterns import regex

_WAITS = r"(?:depend(?:s|ent|ing) (?:up)?on|blocked (?:by|on)|gated (?:by|on)|wait(?:s|ing)? (?:for|on)|pending)"
#: Of the product this is hardly said, so that it is the work that waits.
_THERE = (
    r"(?:(?:is|are|has been|have been|gets?) (?:fully )?(?:merged|landed|released|implemented|approved|decided|stable|"
    r"in place|shipped|agreed|signed off|chosen|migrated|settled)|lands?|ships?|exists?|merges?)"
)
#: This is said of uploads too: it counts where it is other work of the plan.
_DONE = r"(?:is|are|has been|have been) (?:complete|completed|done|finished|ready|available|live|up)"
_NEEDED = regex(
    r"(?:"
    rf"(?:[-–—,;:(\[]|\bbut) ?[*_]{{0,2}}(?:only )?{_WAITS} (?P<set_apart>[^()\[\]]{{2,120}})|"
    r"\b(?:blocked|gated|held|not|on hold|parked) until (?P<until>[^()\[\]]{2,120})|"
    r"\b(?:needs|requires) (?P<first>[^()\[\].,;:]{2,80}) first|"
    rf"\b(?:once|after|until|when|as soon as) (?P<there>[^()\[\].,;:]{{2,80}}? {_THERE})|"
    rf"\b(?:once|after|as soon as) (?P<done>[^()\[\].,;:]{{2,80}}? {_DONE})|"
    r"[(\[](?P<bare>(?:when|once|as soon as)(?: it is| it's| they are| this is)? (?:available|ready|released|approved))"
    r")[ .)\]*_`]{0,6}$",
    re.IGNORECASE,
)
_MAY_WAIT = ("once ", "after ", "until ", "when ", "soon as ", "depend", "block", "gated", "wait", "pending", " first")
_VERB = regex(rf" (?:{_THERE}|{_DONE})$", re.IGNORECASE)
_PEOPLE = r"(?:users?|humans?|people|owner|maintainer|person|operator)"
_BY_PEOPLE = regex(
    rf"(?:[(\[]|[-–—:,] ?)[*_]{{0,2}}(?:manual(?:ly)?,? )?(?P<said>{_PEOPLE}[ -](?:only|action|decision|task|step)|"
    rf"(?:done |run |only )?by (?:an? |the )?(?:human|user|hand)|{_PEOPLE} required|(?:requires|needs) (?:an? )?human|"
    r"manual only|not for agents)[^()\[\]]{0,40}[ .)\]*_`]{0,6}$|"
    r"^[*_(\[]{0,3}(?P<label>human|(?:user|manual) action|decide|decision(?: needed)?|(?:open )?question)"
    r"[)\]]?[*_]{0,2}:",
    re.IGNORECASE,
)
_MAY_BE_PEOPLE = (
    "human",
    "user",
    "people",
    "owner",
    "maintainer",
    "person",
    "operator",
    "by hand",
    "manual",
    "agents",
    "deci",
    "question",
)
#: What is said so stands near the end.
_LONGEST_END = 200


@dataclass(frozen=True, slots=True)
class Said:
    """What a text says in passing."""

    #: What it waits for; empty where it says nothing.
    needs: str = ""
    #: It surely speaks of the work, also where the plan does not hold what is needed.
    sure: bool = True
    #: The words that give the work to people.
    people: str = ""


_NOTHING = Said()


def said_in_passing(text: str) -> Said:
    """What the words of work say: "Fax - depends on the new API", "Fax once Hull has landed", "Fax (user only)"."""
    lower = text.casefold()
    needed = _NEEDED.search(text[-_LONGEST_END:]) if any(map(lower.__contains__, _MAY_WAIT)) else None
    people = _BY_PEOPLE.search(text) if any(map(lower.__contains__, _MAY_BE_PEOPLE)) else None
    if needed is None and people is None:
        return _NOTHING
    what = needed[needed.lastgroup or 0].strip("*_` .") if needed else ""
    return Said(
        _VERB.sub("", what) if needed and needed.lastgroup != "bare" else what,
        needed is None or needed.lastgroup != "done",
        (people["said"] or people["label"]) if people else "",
    )
