"""What the text of a list item says: its id, its name, what it depends on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.dependencies import KIND
from orchestrator_agent.roadmap.drafts import Place
from orchestrator_agent.roadmap.fields import claimant, clean_name, is_placeholder, leading_emoji, plain
from orchestrator_agent.roadmap.statuses import ALONE, CIRCLES, EMOJI, WORDS

_ID = regex(
    r"[*_`\[]{0,3}(?P<kind>(?i:phase|work ?stream|task|milestone|step|story) )?"
    r"(?P<id>[A-Z]{1,10}[-_]?\d{1,9}(?:[.-]\d{1,9}){0,4}[a-z]?|\d{1,9}(?:\.\d{1,9}){1,5}|\d{1,9}(?=[.):])"
    r"|(?(kind)\d{1,9}(?= [-–—]{1,2} )|(?!))|(?:Task|Story|Issue|Item|Feature|Bug)-\d{1,9}(?=:)"
    r"|(?:[\w.-]{1,60}/[\w.-]{1,100})?#\d{1,9})"
    r"[*_`\]]{0,3}(?:\([^()\s]{0,500}\))?(?:[.):：][*_`]{0,3}| [-–—]{1,2}(?= ))?(?: +|$)"
)
_ISSUE = regex(
    r"(?:https?://[\w.-]{1,100}/[\w.-]{1,100}/[\w.-]{1,100}/(?:issues|pull)/(?P<id>\d{1,9}))(?:[#?]\S{0,200})?(?: +|$)"
)
_NEEDS = regex(
    r"[(\[](?:[^()\[\];]{1,80}; )?(?:blocked (?:by|on)|depends (?:up)?on|dep(?:ends|s)?:|"
    r"(?:deps?|depends|once|when)(?= [A-Z#]{0,10}-?\d)|blocked ?by|blocked until|gated (?:by|on)|"
    r"prereq(?:uisite)?s?|after|needs|requires|waits for|wartet auf|hängt ab von|nach|depende de|dépend de|依赖于?):? "
    r"([^()\[\];]{1,300})(?:;[^()\[\]]{0,80})?[)\]]",
    re.IGNORECASE,
)
#: The same without brackets at the end, where only an id leaves no doubt: "Login - blocked by #12", "Login ⛔ #12".
_NEEDS_BEHIND = regex(
    rf"(?:(?: [-–—|]{{1,2}}| ?(?:→|->)) [*_`]{{0,3}}(?:blocked (?:by|on)|depends (?:up)?on|requires|needs|after|"
    rf"waits for)|(?<![ ,;])[ ,;]{{1,3}}[*_`]{{0,3}}(?:blocked by|depends on|"
    rf"(?:depends|deps|dependenc(?:y|ies)|blocked)(?=:))|"
    rf" (?:⛔|🚫))[*_]{{0,2}}:?[*_]{{0,2}} ((?:#|[A-Z]{{1,10}}-?|{KIND} ?#?)\d[^()\[\]`:]{{0,200}})[`*_.]{{0,3}}$",
    re.IGNORECASE,
)
#: The same as a line of its own below the text, and that something else blocks.
_NEEDS_BELOW = regex(
    rf"[*_>( ]{{0,4}}(?:blocked (?:by|on|until)|depends (?:up)?on|requires|needs|waits for|waiting (?:for|on)|after)"
    rf"[ :*_]{{1,4}}((?:#|[A-Z]{{1,10}}-?|{KIND} ?#?)\d[^()\[\]:]{{0,200}})$",
    re.IGNORECASE,
)
_BLOCKED_BELOW = regex(r"[*_>(⛔🚫 ]{0,5}blocked[*_]{0,3}(?::[*_]{0,3}| [-–—]{1,2}) (.{3,200})$", re.IGNORECASE)
#: How large work is, in brackets or at the end in code marks.
_HOURS = r"~?\d{1,3}(?:\.\d)?(?:[-–]\d{1,3}(?:\.\d)?)? ?(?:h|hrs?|hours?|d|days?|min|minutes?)"
_SIZE = "XS|S|M|L|XL|XXL"
_EFFORT = regex(rf"[ ](?:[(\[](?P<size>{_SIZE}|{_HOURS})[)\]](?=\W|$)|`(?P<code>{_SIZE})`$)")
#: A name at the end; behind such words something else is named.
_CLAIM = regex(r"(?P<before>\S+)[ ]\(?@(?P<name>[A-Za-z][A-Za-z0-9_-]{1,38})\)?$")
_CLAIMED = regex(
    r" [(\[](?:claimed|taken|assigned|assignee|owner|owned)(?: by| to)?:? (@?[A-Za-z][\w-]{1,38})[)\]]$", re.IGNORECASE
)
_NO_CLAIM = frozenset("to from for with of in on the a use using via and or as by into".split())
_BOLD_NAME = regex(r"\*\*([^*]{3,200})\*\*:?\s*(?:[-–—:]|$)")
_ISSUE_AT_END = regex(r"\(?(?<![\w/])(#\d{1,9})\)?$")
_OF_TASKS = regex(r"^(?:an? )?|(?: |^)(?:tasks?|items?|todos?|steps?|box|checkbox)$")
#: Crossed out, with a reason behind it or none; more text goes on with the work.
_STRUCK = regex(r"~~([^~]{1,300})~~[ .]*(?:\([^()]{0,300}\)|(?:[-–—:→]|->) .*)?[ .]*$")
#: A word before a name, in brackets or loud.
_LABEL = regex(
    r"(?:[*_]{0,2}(?:\[([A-Za-z][A-Za-z _/'-]{1,20})\]|\(([A-Z][A-Z _/'-]{1,20})\)|([A-Z][A-Z _/'-]{2,20}):)"
    r"[*_:]{0,3}|\*\*([A-Z][A-Z _/'-]{2,20})\*\*) +(?=\S)"
)
#: What the words of a legend's box begin with.
_LEGEND_BEGINS = {word.partition(" ")[0] for word in WORDS} | {"a", "an", "checked", "unchecked"}
#: So near to the end of a text stands what it needs, in characters.
_LONGEST_END = 300
_MAY_NEED = ("block", "depend", "deps", "require", "need", "after", "waits", "⛔", "🚫")
_OPTIONAL = regex(r"\* +")
_SENTENCE = regex(r"(?<=[^\s.A-Z][.?!]) +|(?<=[。！？])| [-–—] ")
#: Longer texts are cut to their first sentence.
_LONGEST_NAME = 100
_LONGEST_LEGEND = 40
#: So many characters are looked at for tags.
_WIDTH = 400


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
    #: As written: "M" for "Name (M)".
    effort: str = ""
    #: Who has it: "mara" for `Name @mara`.
    claim: str = ""


def read_item(content: str) -> ItemText:
    """Take the text behind a box apart."""
    optional = _OPTIONAL.match(content) if content.startswith("*") else None
    text = " ".join(content[optional.end() if optional else 0 :].split())
    text, needs = take_needs(text)
    text, effort, claim = _take_tags(text)
    crossed = crossed_out(text)
    struck = crossed is not None
    text = text if crossed is None else crossed
    match = _ISSUE.match(text) if text.startswith("http") else None
    id_ = f"#{match['id']}" if match else ""
    if match is None and (match := _ID.match(text)):
        id_ = match["id"]
    rest = text[match.end() :] if match else text
    if not struck and (crossed := crossed_out(rest)) is not None:
        struck, rest = True, crossed
    bold = _BOLD_NAME.match(rest) if rest.startswith("**") else None
    cleaned = clean_name(bold[1] if bold else rest)
    name = cleaned.text or id_
    if is_placeholder(name):
        return ItemText(id_, "")
    short = _SENTENCE.split(name, maxsplit=1)[0] if len(name) > _LONGEST_NAME else name
    is_cut = short != name or bold is not None
    issue = _ISSUE_AT_END.search(name) if "#" in name else None
    aside = "optional" if optional else None
    return ItemText(
        id_, short, cleaned.priority, needs, struck, aside, is_cut, issue[1] if issue else "", effort, claim
    )


def take_needs(text: str) -> tuple[str, tuple[str, ...]]:
    """`text` without brackets that name what is needed, and what those name: "(depends on Phase 1)"."""
    needs = tuple(match[1] for match in _NEEDS.finditer(text)) if "(" in text or "[" in text else ()
    text = " ".join(_NEEDS.sub("", text).split()) if needs else text
    end = text[-_LONGEST_END:].lower()
    may_need = any(map(end.__contains__, _MAY_NEED))
    behind = _NEEDS_BEHIND.search(text, max(0, len(text) - _LONGEST_END)) if may_need else None
    return (text[: behind.start()], (*needs, behind[1])) if behind else (text, needs)


def _take_tags(text: str) -> tuple[str, str, str]:
    """`text` without its effort and claim, and these."""
    claim = _CLAIM.search(text[-80:]) if "@" in text else None
    if claim is not None and claim["before"].casefold() not in _NO_CLAIM:
        text = text[: len(text) - len(claim[0]) + len(claim["before"])].rstrip(" -–—")
    else:
        claim = None
    name = claim["name"] if claim else ""
    told = _CLAIMED.search(text[-80:]) if not name and text.endswith((")", "]")) else None
    if told is not None and (name := claimant(told[1], certain=True) or ""):
        text = text[: len(text) - len(told[0])]
    effort = _EFFORT.search(text[:_WIDTH]) if "(" in text or "[" in text or "`" in text else None
    if effort is not None:
        text = f"{text[: effort.start()]}{text[effort.end() :]}"
    size = (effort["size"] or effort["code"]) if effort else ""
    return text, size, name


def read_remarks(lines: Iterable[str]) -> tuple[list[str], str | None]:
    """What lines below a text name as needed, and why it is blocked: "Blocked by T001", "BLOCKED: no key"."""
    needs: list[str] = []
    reason = None
    for line in lines:
        if match := _NEEDS_BELOW.match(line):
            needs.append(match[1].rstrip("*_. "))
        elif match := _BLOCKED_BELOW.match(line):
            reason = None if plain(match[1]) in ("none", "nothing", "nobody", "n/a") else match[1]
    return needs, reason


def read_beginning(content: str) -> tuple[Place, int] | None:
    """The status before a name, and where the name begins: "BLOCKED: Fax", "[WIP] Fax", "❌ Fax"."""
    may_have = "[" in content or "(" in content or ":" in content or content.startswith("**")
    if may_have and (match := _LABEL.match(content)):
        group = match.lastindex or 1
        word = match[group].replace("_", " ").replace("-", " ").casefold()
        status = WORDS.get(word) or ALONE.get(word)
        return (Place("label", *match.span(group), match[group], status), match.end()) if status else None
    span = leading_emoji(content)
    status = EMOJI.get(content[span[0]]) if span and content[span[0]] not in CIRCLES else None
    if span is None or status is None or not content[span[1] :].strip():
        return None
    return Place("emoji", *span, content[slice(*span)], status), span[1]


def states_need(content: str, position: int) -> bool:
    """True when what stands at `position`, a bracket or a dash, names what an item depends on: "(blocked by #12)"."""
    return _NEEDS.match(content, position) is not None or _NEEDS_BEHIND.match(content, position - 1) is not None


def crossed_out(text: str) -> str | None:
    """What is crossed out if that is the whole text, but for a reason: "Fax" for "~~Fax~~ (no longer needed)"."""
    match = _STRUCK.match(text) if text.startswith("~~") else None
    return match[1].strip() if match else None


def is_legend(name: str) -> bool:
    """True for "In progress" or "completed task": such a box explains the boxes."""
    if len(name) > _LONGEST_LEGEND:
        return False
    text = plain(name)
    if text.partition(" ")[0] not in _LEGEND_BEGINS:
        return False
    words = _OF_TASKS.sub("", text)
    return words in WORDS or words in ("checked", "unchecked")
