"""Which work streams a few words speak of: weighted token cover over names, then tasks and descriptions."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from orchestrator_agent.interpreters.lexicon import STOPWORDS, SYNONYMS, VAGUE
from orchestrator_agent.interpreters.words import content, fold, stem, tokens
from orchestrator_agent.model import WorkStream

NAME, QUALIFIER, TASK, TEXT = 1.0, 0.85, 0.6, 0.5
#: Two streams whose scores are nearer than this cannot be told apart by the words.
GAP = 0.08
_QUALIFYING = re.compile(r"\b(?:in|for|of|from|on|into|per|via)\b")
_MAX_WORDS = 60
_MAX_TEXT = 1000

_SYNONYM_GROUPS: dict[str, list[frozenset[str]]] = defaultdict(list)
for _group in SYNONYMS:
    _stems = frozenset(stem(word) for word in _group)
    for _word in _stems:
        _SYNONYM_GROUPS[_word].append(_stems)


@dataclass(frozen=True, slots=True)
class Match:
    """How well some words fit one stream."""

    stream: WorkStream
    #: 0..1: the share of what was said that this stream accounts for.
    score: float
    #: True when every word of its name was said.
    full_name: bool
    #: The words that fit.
    words: tuple[str, ...]


@dataclass(slots=True)
class Index:
    """The words of one roadmap."""

    streams: Sequence[WorkStream]
    #: stem -> position of stream -> weight of the field it stands in
    postings: dict[str, dict[int, float]] = field(default_factory=dict)
    acronyms: dict[str, dict[int, float]] = field(default_factory=dict)
    names: list[frozenset[str]] = field(default_factory=list)
    #: The words of each name as they stand there, without a plural s.
    written: list[frozenset[str]] = field(default_factory=list)
    #: Each word of the roadmap as it stands there -> its stem; misspellings are compared with these.
    spellings: dict[str, str] = field(default_factory=dict)
    #: "ir" -> streams whose whole name it abbreviates
    initials: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    by_prefix: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for position, stream in enumerate(self.streams):
            self._add(position, stream)
        for word in self.postings:
            self.by_prefix[word[:3]].append(word)

    def _add(self, position: int, stream: WorkStream) -> None:
        name = stream.name[:300].casefold()
        head, *rest = _QUALIFYING.split(name)
        main, qualifier = content(head), content(" ".join(rest))
        if len(main) < 2:
            main, qualifier = content(name), []
        if not main:
            main, qualifier = tokens(name), []
        self.names.append(frozenset(stem(word) for word in main + qualifier))
        self.written.append(frozenset(_singular(word) for word in main + qualifier))
        self.initials["".join(word[0] for word in main)].add(position)
        body = stream.description[:_MAX_TEXT] + " " + (stream.done_when or "")[:_MAX_TEXT]
        for words, weight in (
            (main, NAME),
            (content(fold(stream.name[:300])), QUALIFIER),
            (content(fold(" ".join(stream.tasks[:30])[:_MAX_TEXT])), TASK),
            (content(fold(body)), TEXT),
        ):
            for word in words:
                self.spellings.setdefault(word, stem(word))
                row = self.postings.setdefault(stem(word), {})
                row[position] = max(weight, row.get(position, 0.0))
        for start in range(len(main)):
            for end in range(start + 2, min(start + 5, len(main)) + 1):
                letters = "".join(word[0] for word in main[start:end])
                if letters.isalpha():
                    self.acronyms.setdefault(letters, {})[position] = 0.95

    def knows(self, word: str) -> bool:
        """True when the roadmap uses this word (in any inflection)."""
        return stem(word) in self.postings or word in self.acronyms

    def rank(self, text: str) -> list[Match]:
        """Streams that `text` (folded) may speak of, best first; empty when no word fits."""
        words = self._query(text)
        if not words:
            return []
        rows = self._rows(words)
        scores: dict[int, float] = defaultdict(float)
        said: dict[int, list[str]] = defaultdict(list)
        total = 0.0
        for word, row in zip(words, rows, strict=True):
            weight = self._weight(row) * self._gravity(word, bool(row), len(words))
            total += weight
            for position, value in row.items():
                scores[position] += weight * value
                said[position].append(word)
        singular = {_singular(word) for word in words}
        found = []
        for position, score in scores.items():
            literal = len(self.written[position] & singular) / len(singular)
            value = min(1.0, score / total - 0.1 * (1 - literal))
            found.append(
                Match(self.streams[position], max(0.0, value), self._full(position, words, rows), tuple(said[position]))
            )
        found.sort(key=lambda m: (-(m.score + 0.2 * m.full_name), m.stream.id))
        return found

    def _full(self, position: int, words: list[str], rows: list[dict[int, float]]) -> bool:
        """True when the words say the whole name, spelt out, misspelt, or by its initials."""
        name = self.names[position]
        if name and name <= {stem(word) for word in words}:
            return True
        near = sum(1 for row in rows if row.get(position, 0.0) >= 0.85)
        if len(words) > 1 and len(name) > 1 and near == len(words) >= len(name):
            return True
        return any(position in self.initials.get(word, ()) for word in words) and near == len(words)

    def _gravity(self, word: str, known: bool, words: int) -> float:
        """How much an unknown word speaks against a match: much in a short phrase, little in a story."""
        if known:
            return 1.0
        return 0.3 if word in VAGUE else 1.2 if words <= 3 else 0.8 if words <= 5 else 0.35

    def _query(self, text: str) -> list[str]:
        """Content words, each once; neighbours that the roadmap writes as one word are joined."""
        raw = tokens(text)[: _MAX_WORDS * 4]
        words: list[str] = []
        skip = False
        for left, right in zip(raw, [*raw[1:], ""], strict=False):
            if skip:
                skip = False
            elif right and self._is_one_word(left, right):
                words.append(left + right)
                skip = True
            elif left not in STOPWORDS:
                words.append(left)
        return list(dict.fromkeys(words))[:_MAX_WORDS]

    def _is_one_word(self, left: str, right: str) -> bool:
        root = stem(left + right)
        known = root in self.postings or root in _SYNONYM_GROUPS
        return known and (stem(left) not in self.postings or right in STOPWORDS) and not root.isdigit()

    def _weight(self, row: dict[int, float]) -> float:
        """Rare words say more; a word that nothing knows says as much as a fairly rare one."""
        size = len(self.streams)
        common = len([value for value in row.values() if value >= TASK]) or len(row)
        return math.log(1 + size / (common or 2)) + 0.3

    def _rows(self, words: list[str]) -> list[dict[int, float]]:
        rows: list[dict[int, float]] = []
        for word in words:
            row: dict[int, float] = {}
            for known, likeness in self._known(word):
                for position, weight in self.postings[known].items():
                    row[position] = max(row.get(position, 0.0), weight * likeness)
            for position, weight in self.acronyms.get(word, {}).items():
                row[position] = max(row.get(position, 0.0), weight)
            rows.append(row)
        return rows

    def _known(self, word: str) -> Iterable[tuple[str, float]]:
        """Words of the roadmap that `word` may stand for, with their likeness 0..1."""
        root = stem(word)
        found = {root: 1.0} if root in self.postings else {}
        for group in _SYNONYM_GROUPS.get(root, ()):
            for other in group & self.postings.keys():
                found.setdefault(other, 0.75)
        if len(root) >= 4:
            for other in self.by_prefix.get(root[:3], ()):
                if other not in found and (likeness := _kinship(root, other)):
                    found[other] = likeness
        if not found and word not in self.acronyms and len(word) >= 4 and word.isalpha():
            found = dict(self._misspelt(word))
        return found.items()

    def _misspelt(self, word: str) -> Iterable[tuple[str, float]]:
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        allowed = 1 if len(word) < 6 else 2
        near = process.extract(word, self.spellings.keys(), scorer=OSA.distance, score_cutoff=allowed, limit=5)
        best = min((distance for _, distance, _ in near), default=0)
        return [(self.spellings[other], 0.9) for other, distance, _ in near if distance == best and len(other) >= 4]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _kinship(left: str, right: str) -> float:
    """Likeness of two stems of one family: a short form, or the same beginning."""
    shorter, longer = sorted((left, right), key=len)
    if longer.startswith(shorter):
        return 0.9 if len(longer) - len(shorter) <= 2 or len(shorter) >= 5 else 0.0
    common = next(i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b)
    return 0.8 if common >= 5 and common >= 0.7 * len(shorter) and len(longer) - common <= 4 else 0.0
