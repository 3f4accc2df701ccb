"""Dependencies that do not stand in a field of the work itself.

    ## Dependencies                          - **Phase 3: Roof** - builds on Phase 2
    Phase 1 → Phase 2 → Phase 3              **Blocks:** Phase 4
    Phase 4 depends on Phases 1-3            (a phase over phases) **Depends on:** Phase 1

They count for work that has no such field.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.dependencies import ARROW, KIND, OR, leaves_choice, read_dependencies
from orchestrator_agent.roadmap.document import Document, Kind, Line, words_of
from orchestrator_agent.roadmap.drafts import Draft
from orchestrator_agent.roadmap.known import Known
from orchestrator_agent.roadmap.statuses import is_emoji

_ID = r"#?(?:[A-Za-z]{1,12}-?)?\d{1,9}(?:[.-]\d{1,9}){0,6}[a-z]?"
_LIST = rf"(?:{_ID}|[A-Z]\b)(?:(?: ?(?:,|-|–|to|and|&) ?|, and )(?:{_ID}|[A-Z]\b)){{0,50}}"
_CODE = r"[A-Z][A-Z0-9]{0,9}-\d{1,9}"
#: "M7" is an id where the plan has it.
_SHORT = r"[A-Z]{1,4}\d{1,4}(?:\.\d{1,3})?"
_TO_CODE = rf"(?: ?(?:\.\.\.?|–) ?(?:[A-Z][A-Z0-9]{{0,9}}-)?\d{{1,9}}| (?:to|through) {_CODE})?"
_MENTION = regex(rf"(?:(?P<kind>(?i:{KIND})) ?#?(?P<list>{_LIST})|(?P<id>{_CODE}{_TO_CODE}|{_SHORT}))\b(?![.-]\d)")
_WAITS = (
    r"depends? (?:up)?on|dependent (?:up)?on|requires?|needs?|blocked by|waits? (?:for|on)|builds? (?:up)?on|"
    r"gate[sd] on|gated by"
)
_NEEDS = regex(rf"\b(?:{_WAITS})\b", re.IGNORECASE)
_NEEDS_IN_SECTION = regex(
    rf"\b(?:{_WAITS}|after|follows|(?:cannot|can't|must not) \w+ (?:before|until|without))\b", re.IGNORECASE
)
_BLOCKS = regex(
    r"\b(?:blocks|unblocks|gates|enables|precedes|before|is (?:needed|required) (?:by|for))\b", re.IGNORECASE
)
#: Only of the work itself can this be said.
_BEGINS = (
    r"blocked until|(?:do not|don't|must not|cannot|can't) (?:be )?(?:start|begin)(?:ed)? (?:before|until)|"
    r"(?:start|begin)(?:s|ing)?[ :*_]{1,5}(?:only )?(?:after|once|when)|"
    r"order[*_]{0,2}:[*_]{0,2} (?:after|once|when)|"
    r"(?:pre-?conditions?|entry (?:criteria|conditions?|gate))[*_]{0,2}:[*_]{0,2}"
)
#: Right before what is needed in a text that describes work.
_IN_TEXT = regex(
    rf"(?:\(from|\b(?:{_WAITS}|{_BEGINS})) (?:the )?(?={KIND} ?#?\w|[A-Z][A-Z0-9]{{0,9}}-?\d)", re.IGNORECASE
)
#: Below such a title within the section of a work stream stands what it needs, among other things.
_BEFORE_IT = regex(r"[\W\d]*(?:pre-?requisites?|pre-?conditions?|entry (?:criteria|conditions?|gate))\b", re.IGNORECASE)
_CHOICE = regex(rf"{OR}(?:{KIND} )?#?{_ID}\b", re.IGNORECASE)
#: Without one of these no text says what it needs, and to look for them costs a tenth.
_MAY_NEED = ("depend", "requir", "need", "blocked by", "wait", "build", "gates", "gated", "(from", "blocked until")
_MAY_BEGIN = ("start", "begin", "prereq", "pre-req", "precond", "pre-cond", "entry ", "order:", "order**")
_DENIED = regex(r"\b(?:not|no|never|nothing|none|without|independent\w*|in parallel)\b[^.;]{0,30}$", re.IGNORECASE)
_SECTION_WORDS = (
    "dependenc", "critical path", "execution order", "order of execution", "order of work", "sequenc", "依赖"
)
_SECTION = regex("|".join(_SECTION_WORDS), re.IGNORECASE)
_IN_TURN = regex(
    rf"\b(?:each|every) ({KIND}|stage|sprint|iteration) (?:{_WAITS}|follows|starts after) the previous\b", re.IGNORECASE
)
_BESIDE = regex(r"\bparallel\b|\[P\]", re.IGNORECASE)
_TREE = "│├└─┌┐┘┴┬┼|"
_BULLET = regex(r"[-+\d.) ]*(?=[^\W\d_])")
_WIDTH = 1000
#: The most ids that one work stream may be said to block.
_MOST = 100


@dataclass(frozen=True, slots=True)
class _Relation:
    later: tuple[str, ...]
    #: Ids, or the one text "Phase 2 or 3".
    earlier: tuple[str, ...]


def add_relations(document: Document, drafts: Sequence[Draft], kinds: Collection[str], known: Known) -> None:
    """Add to `drafts` what the document says elsewhere about their dependencies.

    Args:
        kinds: the words that the plan puts before the ids of its work ("phase"); another word means something else.
        known: what dependency texts can name.
    """
    if _comes_in_turn(document, drafts, kinds):
        for before, draft in pairwise(drafts):
            draft.depends_on.append(before.id)
        return
    reader = _Reader(known, {kind.removesuffix("s") for kind in kinds})
    silent = {draft.id: draft for draft in drafts if not draft.depends_on}
    for relation in reader.relations(document, drafts):
        for later in relation.later:
            if later in silent:
                silent[later].depends_on += [id_ for id_ in relation.earlier if id_ != later]
    may_need = any(map(words_of(document).__contains__, (*_MAY_NEED, *_MAY_BEGIN)))
    for draft in silent.values() if may_need else ():
        if not draft.depends_on:
            draft.depends_on += reader.needs_in_text(document, draft)
    _turn_round(drafts, reader)
    for draft in silent.values():
        draft.depends_on[:] = dict.fromkeys(draft.depends_on)


def _comes_in_turn(document: Document, drafts: Sequence[Draft], kinds: Collection[str]) -> bool:
    """The plan says that each phase depends on the one before, and nothing else about dependencies."""
    if "previous" not in words_of(document) or any(draft.depends_on or draft.blocks for draft in drafts):
        return False
    said = [match for line in document.lines if line.kind is Kind.TEXT and (match := _IN_TURN.search(line.content))]
    return any(match[1].casefold() in kinds for match in said) and not any(_BESIDE.search(d.name) for d in drafts)


def _turn_round(drafts: Sequence[Draft], reader: _Reader) -> None:
    """What one work stream blocks waits for it."""
    by_id = {draft.id: draft for draft in drafts}
    blockers: dict[str, list[str]] = defaultdict(list)
    for draft in drafts:
        for id_ in [id_ for text in draft.blocks for id_ in reader.mentioned(text)][:_MOST]:
            if id_ in by_id and id_ != draft.id:
                blockers[id_].append(draft.id)
    for id_, found in blockers.items():
        waiting = by_id[id_]
        named = set(read_dependencies(", ".join(waiting.depends_on), reader.known, id_).ids)
        waiting.depends_on[:0] = [blocker for blocker in found[:_MOST] if blocker not in named]


class _Reader:
    def __init__(self, known: Known, kinds: set[str]) -> None:
        self.known = known
        self.kinds = kinds

    def relations(self, document: Document, drafts: Sequence[Draft]) -> Iterator[_Relation]:
        """From sections about dependencies, and from lists that speak of work outside of its own sections."""
        words = words_of(document)
        has_sections = any(map(words.__contains__, _SECTION_WORDS))
        if not has_sections and not any(map(words.__contains__, _MAY_NEED)):
            return
        own = iter(sorted((draft.first_line, draft.last_line) for draft in drafts))
        first, last = next(own, (0, 0))
        section = 0  # level of the heading about dependencies
        tree: list[tuple[int, tuple[str, ...]]] = []
        for line in document.lines:
            while last and last < line.number:
                first, last = next(own, (0, 0))
            if line.kind is Kind.HEADING:
                section = 0 if line.level <= section else section
                if has_sections and not section and _SECTION.search(line.content[:200]):
                    section = line.level
                tree = []
            elif section and not first <= line.number <= last:
                yield from self._in_section(document, line, tree)
            elif line.kind is Kind.ITEM and not first <= line.number <= last:
                yield from self._sentence(_plain(line.content), _NEEDS)
            elif (
                has_sections
                and line.kind is Kind.TEXT
                and not first <= line.number <= last
                and _SECTION.search(line.content[:40])
            ):
                yield from self._chain(_plain(line.content.partition(":")[2]))

    def _in_section(
        self, document: Document, line: Line, tree: list[tuple[int, tuple[str, ...]]]
    ) -> Iterator[_Relation]:
        raw = document.raw(line)[:_WIDTH] if line.kind is Kind.FENCED else ""
        text = _plain(raw or line.content)
        found = list(self._chain(text)) or list(self._sentence(text, _NEEDS_IN_SECTION))
        yield from found
        if raw:
            column = len(raw) - len(raw.lstrip(f" \t{_TREE}"))
            subject = self._subject(text)
            while tree and tree[-1][0] >= column:
                tree.pop()
            if subject and tree and not found and ("└" in raw or "├" in raw):
                yield _Relation(subject, tree[-1][1])
            if subject:
                tree.append((column, subject))

    def _chain(self, text: str) -> Iterator[_Relation]:
        pieces = ARROW.split(text)
        steps = [self.mentioned(piece) or self._bare(piece) for piece in pieces] if len(pieces) > 1 else []
        if all(steps):
            for earlier, later in pairwise(steps):
                yield _Relation(later, earlier)

    def _sentence(self, text: str, needs: re.Pattern[str]) -> Iterator[_Relation]:
        subject = self._subject(text)
        if not subject:
            return
        if (verb := needs.search(text)) and not _DENIED.search(text[: verb.start()]):
            needed = re.split(r"[.;] ", text[verb.end() :])[0].strip(" :")
            yield _Relation(subject, (needed,) if leaves_choice(needed, self.known) else self.mentioned(needed))
        elif needs is _NEEDS_IN_SECTION and (verb := _BLOCKS.search(text)):
            yield _Relation(self.mentioned(text[verb.end() :]), subject)

    def _subject(self, text: str) -> tuple[str, ...]:
        match = _MENTION.match(text)
        return self._ids(match) if match else ()

    def mentioned(self, text: str) -> tuple[str, ...]:
        """The ids that stand in `text` in a form that leaves no doubt: with their word, or like "REQ-7"."""
        return tuple(id_ for match in _MENTION.finditer(text) for id_ in self._ids(match))

    def _bare(self, piece: str) -> tuple[str, ...]:
        """An id without a word before it, as in "1 → 2 → 3"."""
        id_ = self.known.ids.get(piece.strip(" .()").casefold())
        return (id_,) if id_ else ()

    def _ids(self, match: re.Match[str]) -> tuple[str, ...]:
        text = match["id"] or f"{match['kind']} {match['list']}"
        found = read_dependencies(text.replace(" and ", ", "), self.known, "").ids
        if match["kind"] and " ".join(match["kind"].casefold().split()).removesuffix("s") not in self.kinds:
            # Another kind of thing, unless it is a group: its members then have ids of their own.
            bare = {part.casefold() for part in re.split(r"[^\w.]+", match["list"])}
            found = tuple(id_ for id_ in found if id_.casefold() not in bare)
        return tuple(id_ for id_ in found if id_.casefold() in self.known.ids)

    def needs_in_text(self, document: Document, draft: Draft) -> list[str]:
        """Ids that the text of a work stream says it builds on."""
        found: dict[str, None] = {}
        lines = document.lines[draft.first_line : draft.last_line]
        text = document.text[lines[0].begin : lines[-1].end].lower() if lines else ""
        if not any(map(text.__contains__, (*_MAY_NEED, *_MAY_BEGIN))):
            return []
        before_it = False
        for line in lines:
            if line.kind is Kind.HEADING:
                before_it = _BEFORE_IT.match(line.content) is not None
            elif line.kind in (Kind.TEXT, Kind.ITEM):
                text = line.content[:_WIDTH]
                if before_it:
                    found |= dict.fromkeys(id_ for id_ in self.mentioned(_plain(text)) if id_ != draft.id)
                for words in _IN_TEXT.finditer(text):
                    match = _MENTION.match(text, words.end())
                    if match and not _DENIED.search(text[: words.start()]):
                        choice = _CHOICE.match(text, match.end())
                        needed = (text[match.start() : choice.end()],) if choice else self._ids(match)
                        found |= dict.fromkeys(id_ for id_ in needed if id_ != draft.id)
        return list(found)


class _Letters(dict[int, str]):
    """For `str.translate`: what each character is without markup, pictures and lines of a drawing."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        drawn = char in _TREE or (is_emoji(char) and not ARROW.match(char))
        self[code] = " " if drawn else "" if char in "*_`" else "(" if char == "[" else char
        return self[code]


_LETTERS = _Letters()


def _plain(text: str) -> str:
    """The words of a line: no bullet, markup, pictures and lines of a drawing."""
    words = " ".join(text[:_WIDTH].translate(_LETTERS).split())
    bullet = _BULLET.match(words)
    return words[bullet.end() :] if bullet else words
