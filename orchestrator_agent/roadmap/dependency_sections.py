"""Sections that say for a whole plan what comes after what: "Phase 2 depends on Phase 1", "US3 after US1".

Templates of such plans are translated, the headings and these sentences with them: "Phase 2: Phase 1 完了後".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise

from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.document import Document, Kind
from orchestrator_agent.roadmap.fields import plain

_SECTION = regex(
    r"(?:.{0,30} )?(?:dependenc(?:y|ies|ias?)|dependências?|dépendances?|abhängigkeiten|execution order)\b|"
    r".{0,30}(?:依存関係|依赖关系|依赖|依賴|의존)"
)
_NEEDS = regex(
    r"\b(?:depend(?:s|ing)? (?:up)?on|requires?|(?:is |are )?blocked (?:by|on)|after|follows?|needs?|builds? on|"
    r"waits? (?:for|on)|depend(?:e|en|em) d[aeo]|después de|depois d[aeo]|requ?ier(?:e|en|t)|hängt ab von|nach|"
    r"benötigt|dépend(?:ent)? d[eu]|après)\b|依赖于?|依賴",
    re.IGNORECASE,
)
#: The same behind what is needed.
_NEEDED_BEFORE = regex(r" ?(?:の|が|的)?(?:完了|完成|終了|结束|結束)(?:した)?(?:之|以)?[後后]|완료 ?후")
_COMES_FIRST = regex(r"\b(?:blocks?|before|(?:is )?required (?:by|for)|precedes?)\b", re.IGNORECASE)
_NOTHING = regex(
    r"\bno (?:external |other |hard )?(?:dependenc|prerequisite)\w*|\bcan start immediately\b|"
    r"\b(?:sin|sem|keine|aucune|sans) (?:dependenc|dependênc|abhängigk|dépendanc)\w*|"
    r"依存(?:関係)?(?:は|が)?(?:なし|ありません)|[无無]依[赖賴]|没有依赖",
    re.IGNORECASE,
)
_DENIED = regex(r"(?:\bnot|n't|\bnever|\bwithout|\bno longer|\bmay|\bcan)(?: \w+)?\s*$", re.IGNORECASE)
_CLAUSE = regex(r"(?:\. |; | [-–—]{1,2} )")
_ARROW = regex(r" ?(?:[→⟶➜►]|[-=]{1,3}>) ?")
_NUMBER = r"\d{1,4}(?:\.\d{1,4}){0,3}"
_LIST = rf"({_NUMBER}(?:(?: ?(?:,|-|–|&|/|\bto\b|\band\b) ?){{1,2}}(?:{_NUMBER})){{0,20}})"
_PHASES = regex(
    rf"\b(?:phases?|milestones?|stages?|groups?|sections?|tasks?|parts?) #?{_LIST}(\+)?", re.IGNORECASE
)
_STORIES = regex(rf"\b(?:user[ -]stor(?:y|ies) |stor(?:y|ies) |us ?){_LIST}", re.IGNORECASE)
_STEPS = regex(r"\b([A-Z]{1,4})(\d{2,4})[a-z]?(?: ?(?:-|–|\bto\b) ?(?:[A-Z]{1,4})?(\d{2,4}))?\b")
_ALL_STORIES = regex(
    r"\b(?:(?:all |every |each |the )?(?:desired |selected |other )?user stories|(?:all |the )stories)\b|"
    r"(?:すべて|全て)のユーザーストーリー|(?:所有|全部)(?:的)?用[户戶]故事",
    re.IGNORECASE,
)
_ALL_BEFORE = regex(
    r"\ball (?:the )?(?:previous|prior|earlier|preceding|other|implementation)?\s?(?:phases|groups|sections)\b",
    re.IGNORECASE,
)
_RANGE = regex(rf"({_NUMBER}) ?(?:-|–|\bto\b) ?({_NUMBER})")
_BRACKETS = regex(r"\([^()]{0,200}\)")
_STORY = regex(r"user story (\d{1,4})\b|us(\d{1,4})\b")
#: Words beside a name that are no part of it.
_FILLING = regex(r"\b(?:phases?|complet\w{1,10}|done|finished|is|are|being|the|tasks?|all)\b")
_AND = regex(r",|&|/|\band\b|\bplus\b")
_SHORTEST_NAME = 3  # characters
_LONGEST_NAME = 8  # words
_LONG_WORD = 6  # characters
_MOST_NAMES = 20
_WIDEST = 200
_LONGEST_LINE = 1000


class Groups:
    """The work streams of a plan, as such sentences call them."""

    def __init__(self) -> None:
        #: Id -> its number in the order of the plan.
        self.places: dict[str, int] = {}
        self._own: dict[str, str] = {}
        #: "1" -> the id of "User Story 1".
        self._stories: dict[str, str] = {}
        #: "T004" -> the id of the work stream that has this step.
        self._steps: dict[str, str] = {}
        #: The first words of a name -> the ids of the work streams whose names begin so.
        self._names: dict[str, set[str]] = {}
        #: A long word of a name -> the ids of the work streams whose names have it.
        self._words: dict[str, set[str]] = {}
        #: What "all" does not mean.
        self._aside: set[str] = set()

    def add(self, id_: str, name: str, steps: Sequence[str], *, story: str = "", aside: bool = False) -> None:
        """One more work stream, with the ids of its steps.

        Args:
            story: the number of the user story by the tags of its steps, where its name does not tell.
            aside: nobody waits for it who waits for all of them.
        """
        self.places.setdefault(id_, len(self.places))
        self._own[id_] = id_
        if aside:
            self._aside.add(id_)
        called = plain(name)
        if match := _STORY.match(called):
            self._stories.setdefault(match[1] or match[2], id_)
        elif story:
            self._stories.setdefault(story, id_)
        self._steps.update({step.upper(): id_ for step in steps})
        words = called.split()
        for word in words[:_LONGEST_NAME]:
            self._words.setdefault(word.strip(":,()"), set()).add(id_)
        for count in range(1, min(len(words), _LONGEST_NAME) + 1):
            self._names.setdefault(" ".join(words[:count]).rstrip(":,"), set()).add(id_)

    def named_in(self, text: str) -> list[str]:
        """The ids that a part of a sentence names, in the order of the plan.

        What stands in brackets counts when nothing else names any.
        """
        outside = _BRACKETS.sub(" ", text) if "(" in text else text
        found = self._named(outside) or (self._named(text) if outside != text else [])
        return sorted(set(found), key=self.places.__getitem__)

    def of_steps(self, text: str) -> list[str]:
        """The ids of those that have the steps which `text` lists."""
        return [self._steps[step] for part in _AND.split(text) if (step := part.strip().upper()) in self._steps]

    def _named(self, text: str) -> list[str]:
        found: list[str] = []
        for match in islice(_STORIES.finditer(text), _MOST_NAMES):
            found += _listed(match[1], self._stories)
        for match in islice(_PHASES.finditer(text), _MOST_NAMES):
            listed = _listed(match[1], self._own)
            found += self._from(listed[0]) if match[2] and listed else listed
        for match in islice(_STEPS.finditer(text), _MOST_NAMES):
            found += self._stepped(match[1], match[2], match[3])
        if not found and _ALL_STORIES.search(text):
            found += self._all(self._stories.values())
        if not found and _ALL_BEFORE.search(text):
            found += self._all(self.places)
        return found or self._called(text) or [id_ for part in _AND.split(text) for id_ in self._called(part)]

    def _all(self, ids: Collection[str]) -> list[str]:
        return [id_ for id_ in ids if id_ not in self._aside] if len(ids) <= _WIDEST else []

    def _from(self, first: str) -> list[str]:
        return [id_ for id_ in self._all(self.places) if self.places[id_] >= self.places[first]]

    def _stepped(self, prefix: str, low: str, high: str | None) -> list[str]:
        last = min(int(high or low), int(low) + _WIDEST)
        steps = (f"{prefix}{number:0{len(low)}d}".upper() for number in range(int(low), last + 1))
        return [self._steps[step] for step in steps if step in self._steps]

    def _called(self, text: str) -> list[str]:
        """By name, its first words, or a long word that only it has: "implementation" for "Core Implementation"."""
        called = " ".join(_FILLING.sub(" ", plain(text)).split())
        hits = self._names.get(called, set()) if len(called) >= _SHORTEST_NAME else set()
        if not hits and len(called) >= _LONG_WORD:
            hits = self._words.get(called, set())
        return list(hits) if len(hits) == 1 else []


def _listed(text: str, known: Mapping[str, str]) -> list[str]:
    numbers = re.findall(_NUMBER, text)
    for low, high in _RANGE.findall(text):
        if low.isdigit() and high.isdigit() and int(low) < int(high) <= int(low) + _WIDEST:
            numbers += [str(number) for number in range(int(low), int(high))]
    return [known[number] for number in numbers if number in known]


@dataclass(slots=True)
class Said:
    """What the sections say."""

    #: Id -> the ids that it needs; present and empty for "no dependencies".
    needs: dict[str, list[str]] = field(default_factory=dict)
    #: The same told from the other side, for those that say nothing themselves.
    reverse: dict[str, list[str]] = field(default_factory=dict)

    def of(self, id_: str) -> list[str] | None:
        """The ids that one needs; None when nothing is said about it."""
        found = self.needs.get(id_, self.reverse.get(id_))
        return None if found is None else [needed for needed in dict.fromkeys(found) if needed != id_]


def read_sections(document: Document, groups: Groups) -> Said:
    """What sections about dependencies say about work streams."""
    said = Said()
    for text in _lines(document):
        pieces = _ARROW.split(text)
        chain = [groups.named_in(piece) for piece in pieces] if len(pieces) > 1 else []
        if chain and all(chain):
            for earlier, later in pairwise(chain):
                for id_ in later:
                    said.needs.setdefault(id_, []).extend(earlier)
            continue
        subject, colon, body = (text if ":" in text else text.replace("：", ":", 1)).partition(":")
        subjects = groups.named_in(subject) if colon and not _NEEDS.search(subject) else []
        for clause in _CLAUSE.split(body if subjects else text):
            _read_clause(clause, subjects, groups, said)
    return said


def _lines(document: Document) -> Iterator[str]:
    level = 0
    for line in document.lines:
        if line.kind is Kind.HEADING:
            if _SECTION.match(plain(line.content)):
                level = level or line.level
            elif level and line.level <= level:
                level = 0
        elif level and line.kind in (Kind.TEXT, Kind.ITEM):
            yield line.content[:_LONGEST_LINE].replace("**", "").replace("`", "")
        elif level and line.kind is Kind.FENCED and _ARROW.search(document.raw(line)[:_LONGEST_LINE]):
            yield document.raw(line)[:_LONGEST_LINE].strip()


def _read_clause(clause: str, subjects: list[str], groups: Groups, said: Said) -> None:
    if _NOTHING.search(clause):
        for id_ in subjects:
            said.needs.setdefault(id_, [])
    if subjects and (match := _NEEDED_BEFORE.search(clause)) and (earlier := groups.named_in(clause[: match.start()])):
        for id_ in subjects:
            said.needs.setdefault(id_, []).extend(_before(id_, earlier, groups))
        return
    for verb, table in ((_NEEDS, said.needs), (_COMES_FIRST, said.reverse)):
        match = verb.search(clause)
        if match is None or _DENIED.search(clause[: match.start()]):
            continue
        own = groups.named_in(clause[: match.start()]) or subjects
        named = groups.named_in(clause[match.end() :])
        later, earlier = (own, named) if table is said.needs else (named, own)
        if earlier:
            for id_ in later:
                table.setdefault(id_, []).extend(_before(id_, earlier, groups))
        return


def _before(id_: str, named: list[str], groups: Groups) -> list[str]:
    """Of "all phases" those before the one that needs them."""
    if len(named) < 2 or id_ not in named:
        return named
    return [other for other in named if groups.places[other] < groups.places[id_]]
