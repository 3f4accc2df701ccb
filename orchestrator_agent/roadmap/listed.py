"""Lists of work in prose: a document that is called "Roadmap" or "TODO", and below that a heading and a text for each.

    # Roadmap
    ## Copies and renames
    We want to follow files that were copied.
    ## Bindings for editors
    ...

Documents have chapters too. So where one heading looks like a chapter none of them is work.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.document import Document, Kind, headings_of
from orchestrator_agent.roadmap.drafts import Draft
from orchestrator_agent.roadmap.fields import plain
from orchestrator_agent.roadmap.headings import Heading

_LIST = regex(
    r"(?:[\w.'-]+ )?(?:(?:development|project|product|technical|public) )?(?:road ?map|to[ -]?dos?(?: list)?)$"
)
_CHAPTERS = (
    r"(?:overview|vision|mission|goals?|objectives?|background|context|principles?|philosophy|scope|status|state|"
    r"timeline|calendar|schedule|process|strategy|summary|motivation|history|architecture|design|phases|stages|"
    r"milestones|themes|priorities|legend|feedback|releases?|cadence|policy|team|resources|links|faq|licen[cs]e|"
    r"versioning|constraints|boundar(?:y|ies)|approach|completed?|done|shipped|released|existing|today|mvp|next|now|"
    r"later|future|deferred|planned|backlog|ideas|rules|guidelines|conventions|workflow|dependencies|decisions)"
)
#: Such words before a colon or a dash tell how far a whole part of the plan is, or when its turn comes.
_TURN = (
    r"(?:built|in progress|in review|under ?way|up next|further out|upcoming|soon|to[- ]?do|blocked|paused|parked|"
    r"on hold|cancell?ed|rejected|current(?:ly)?|recent(?:ly)?|previous(?:ly)?|"
    r"(?:short|near|mid|medium|long)(?:er)?[- ]term)"
)
_CHAPTER = regex(
    rf"(?:.*\b)?{_CHAPTERS}$|{_TURN}(?:$| ?[:(–—]| - )|{_CHAPTERS} ?(?:\(|[:–—]|(?:of|for|and|&|in|to|from)\b)|"
    r"(?:introduction|about|why|how|what|when|who|where|purpose|see also|related|contribut\w+|plan(?:ning)?|our)\b"
)
_DONE = r"(?:implemented|resolved|done|completed?|shipped|fixed|released|superseded|obsolete|merged|landed)"
#: A text that begins so tells of work that somebody did.
_IS_DONE = regex(rf"[*_>\W]{{0,6}}(?:(?:this|it) (?:is|was|has been) (?:already |now )?)?{_DONE}\b", re.IGNORECASE)


def is_chapter(title: str) -> bool:
    """The words of a heading are those of a chapter about the project, and of no work in it."""
    return _CHAPTER.match(title) is not None


def is_called_list(document: Document) -> bool:
    """Its one title says that it is a list of work, and nothing else."""
    found = headings_of(document)
    return bool(found) and bool(_LIST.match(plain(found[0][1].content))) and [e[1].level for e in found].count(1) == 1


def choose_listed(document: Document, headings: Sequence[Heading], titles: Sequence[Heading]) -> list[Heading]:
    """The headings that are work in a document that is called a list: all of the outermost level with several.

    Args:
        headings: those with an id.
        titles: those without, which have one made from their words.
    """
    found = headings_of(document)
    known = {item.index: item for item in (*titles, *headings)}
    below = [known[index] for index, _ in found[1:] if index in known]
    levels = [item.line.level for item in below]
    level = next((level for level in sorted(set(levels)) if levels.count(level) > 1), 0)
    family = [item for item in below if item.line.level == level]
    numbered = {item.id.isdigit() for item in family}
    above = [line for _, line in found[1:] if line.level < level]
    if not family or max(levels) > level or len(above) > 1 or len(numbered) > 1:
        return []
    return family if all(_is_told(document, item) for item in family) else []


def _is_told(document: Document, item: Heading) -> bool:
    """No chapter, and a text stands below it rather than a list."""
    lines = (line for line in document.lines[item.index + 1 : item.end] if line.kind is not Kind.BLANK)
    first = next(lines, None)
    prose = first is not None and first.kind is Kind.TEXT and item.body.is_prose
    return prose and not item.priority and not is_chapter(plain(item.name))


def settle_listed(document: Document, drafts: Sequence[Draft]) -> None:
    """Numbers are an order, and what a text calls done is not begun again."""
    for number, draft in enumerate(drafts):
        if draft.id.isdigit():
            draft.step = number
        text = next(filter(None, (line.strip() for line in draft.description)), "")
        if said := _IS_DONE.match(text):
            draft.held = draft.held or f'its text begins "{said[0][:40]}"'
