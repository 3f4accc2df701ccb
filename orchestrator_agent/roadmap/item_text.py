"""What the text of a list item says: its id, its name, what it depends on."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from orchestrator_agent.roadmap.fields import clean_name, is_placeholder, plain
from orchestrator_agent.roadmap.statuses import WORDS

_ID = re.compile(
    r"[*_`\[]{0,3}(?:(?i:phase|work ?stream|task|milestone|step|story) )?"
    r"(?P<id>[A-Z]{1,10}-?\d{1,9}(?:[.-]\d{1,9}){0,4}[a-z]?|\d{1,9}(?:\.\d{1,9}){1,5}|\d{1,9}(?=[.):])"
    r"|(?:[\w.-]{1,60}/[\w.-]{1,100})?#\d{1,9})"
    r"[*_`\]]{0,3}(?:\([^()\s]{0,500}\))?(?:[.):：][*_`]{0,3})?(?: +|$)"
)
_ISSUE = re.compile(
    r"(?:https?://[\w.-]{1,100}/[\w.-]{1,100}/[\w.-]{1,100}/(?:issues|pull)/(?P<id>\d{1,9}))(?:[#?]\S{0,200})?(?: +|$)"
)
_NEEDS = re.compile(r"\((?:blocked by|depends on|after|needs|requires):? ([^()]{1,300})\)", re.IGNORECASE)
_BOLD_NAME = re.compile(r"\*\*([^*]{3,200})\*\*:?\s*(?:[-–—:]|$)")
_ISSUE_AT_END = re.compile(r"\(?(?<![\w/])(#\d{1,9})\)?$")
_OF_TASKS = re.compile(r"^(?:an? )?|(?: |^)(?:tasks?|items?|todos?|steps?|box|checkbox)$")
_OPTIONAL = re.compile(r"\* +")
_SENTENCE = re.compile(r"(?<=[^\s.A-Z][.?!]) +|(?<=[。！？])| [-–—] ")
#: Longer texts are cut to their first sentence.
_LONGEST_NAME = 100
_LONGEST_LEGEND = 40


@dataclass(frozen=True, slots=True)
class ItemText:
    """The text of an item, taken apart."""

    #: Empty when it has none.
    id: str
    #: Empty for a placeholder.
    name: str
    #: A star was among the tags.
    priority: bool = False
    depends_on: tuple[str, ...] = field(default=())
    #: Crossed out.
    struck: bool = False
    #: Why it is not to be done now: "optional" for `[ ]* Name`.
    set_aside: str | None = None
    #: The name is not the whole text.
    is_cut: bool = False
    #: An issue named at the end: "#12" for `Name (#12)`.
    issue: str = ""


def read_item(content: str) -> ItemText:
    """Take the text behind a box apart."""
    optional = _OPTIONAL.match(content)
    text = " ".join(content[optional.end() if optional else 0 :].split())
    needs = tuple(match[1] for match in _NEEDS.finditer(text)) if "(" in text else ()
    text = _NEEDS.sub("", text).strip() if needs else text
    struck = text.startswith("~~") and text.rstrip(" .").endswith("~~")
    text = text.strip("~ .") if struck else text
    match = _ID.match(text) or _ISSUE.match(text)
    id_ = match["id"] if match else ""
    if match is not None and match.re is _ISSUE:
        id_ = f"#{id_}"
    rest = text[match.end() :] if match else text
    bold = _BOLD_NAME.match(rest)
    cleaned = clean_name(bold[1] if bold else rest)
    name = cleaned.text or id_
    if is_placeholder(name):
        return ItemText(id_, "")
    short = _SENTENCE.split(name, maxsplit=1)[0] if len(name) > _LONGEST_NAME else name
    is_cut = short != name or bold is not None
    issue = _ISSUE_AT_END.search(name) if "#" in name else None
    aside = "optional" if optional else None
    return ItemText(id_, short, cleaned.priority, needs, struck, aside, is_cut, issue[1] if issue else "")


def states_need(content: str, position: int) -> bool:
    """True when the brackets at `position` name what an item depends on: "(blocked by #12)"."""
    return _NEEDS.match(content, position) is not None


def is_legend(name: str) -> bool:
    """True for "In progress" or "completed task": such a box explains the boxes."""
    if len(name) > _LONGEST_LEGEND:
        return False
    words = _OF_TASKS.sub("", plain(name))
    return words in WORDS or words in ("checked", "unchecked")
