"""Which work streams a few words speak of: weighted token cover over names, then tasks and descriptions."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from orchestrator_agent.interpreters.lexicon import FUNCTION_WORDS, TALK_WORDS, VAGUE
from orchestrator_agent.interpreters.words import JOINED, content, fold, singular, stem, tokens
from orchestrator_agent.model import WorkStream

#: What a word is worth by where a stream has it: the head of its name, its rest ("in the parser"), a task, prose.
NAME, QUALIFIER, TASK, TEXT = 1.0, 0.85, 0.6, 0.5
SYNONYM, ACRONYM, MISSPELT = 0.7, 0.95, 0.9
#: What a stream loses that has other forms of the words only, and what of that it keeps that has them in prose.
OTHER_FORM, IN_PROSE = 0.18, 0.4
_QUALIFYING = frozenset("in for of from on into per via with".split())
_MAX_WORDS = 60
_MAX_TEXT = 1000
_MAX_NAME = 300


@cache
def thesaurus() -> dict[str, frozenset[str]]:
    """Stem -> stems that mean nearly the same, from `data/thesaurus.txt`."""
    text = resources.files(__package__).joinpath("data/thesaurus.txt").read_text("utf-8")
    found: dict[str, frozenset[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            group = frozenset(stem(word) for word in line.split())
            for word in group:
                found[word] = found.get(word, frozenset()) | group
    return found


@dataclass(frozen=True, slots=True)
class Match:
    """How well some words fit one stream."""

    stream: WorkStream
    #: 0..1: the share of what was said that this stream accounts for, words of names before words of prose.
    score: float
    #: 0..1: the same share, wherever it has the words.
    cover: float
    #: True when every word of its name was said.
    full_name: bool
    #: 0..1: the share of what was said that stands so in the name or, worth less, in the prose.
    literal: float
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
    #: word as it stands anywhere, without a plural s -> positions of streams
    literally: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    #: Each word of the roadmap as it stands there -> its stem; misspellings are compared with these.
    spellings: dict[str, str] = field(default_factory=dict)
    #: "ir" -> streams whose whole name it abbreviates
    initials: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    name_stems: set[str] = field(default_factory=set)
    by_prefix: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _understood: dict[str, dict[int, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for position, stream in enumerate(self.streams):
            self._add(position, stream)
        for word in self.postings:
            self.by_prefix[word[:3]].append(word)

    def _add(self, position: int, stream: WorkStream) -> None:
        every = tokens(fold(stream.name[:_MAX_NAME]))
        joined = [word.casefold().replace("-", "") for word in JOINED.findall(stream.name[:_MAX_NAME])]
        cut = next((n for n, word in enumerate(every) if n and word in _QUALIFYING), len(every))
        main, qualifier = content(every[:cut]), content(every[cut:])
        if len(main) < 2:
            main, qualifier = content(every) or every, []
        self.names.append(frozenset(stem(word) for word in main + qualifier))
        self.written.append(frozenset(singular(word) for word in main + qualifier))
        self.name_stems.update(stem(word) for word in every if word not in FUNCTION_WORDS)
        body = f"{stream.description[:_MAX_TEXT]} {(stream.done_when or '')[:_MAX_TEXT]}"
        talk = [word for word in every if word in TALK_WORDS]
        for words, weight in (
            (main + joined, NAME),
            (qualifier + talk, QUALIFIER),
            (content(tokens(fold(" ".join(stream.tasks[:30])[:_MAX_TEXT]))), TASK),
            (content(tokens(fold(body))), TEXT),
        ):
            for word in words:
                root = self.spellings.get(word) or self.spellings.setdefault(word, stem(word))
                self.literally[singular(word)].add(position)
                row = self.postings.setdefault(root, {})
                row[position] = max(weight, row.get(position, 0.0))
        self._abbreviate(position, main, every)

    def _abbreviate(self, position: int, main: Sequence[str], every: Sequence[str]) -> None:
        """IR for Intermediate Representation, ECS for Entity Component System, SSO for Single Sign-On."""
        self.initials["".join(word[0] for word in main)].add(position)
        for words in (main, every):
            for start in range(len(words)):
                for end in range(start + 2, min(start + 5, len(words)) + 1):
                    letters = "".join(word[0] for word in words[start:end])
                    if letters.isalpha() and letters not in FUNCTION_WORDS:
                        self.acronyms.setdefault(letters, {})[position] = ACRONYM

    def knows(self, word: str) -> bool:
        """True when the roadmap uses this word (in any inflection)."""
        return stem(word) in self.postings or word in self.acronyms

    def rank(self, text: str) -> list[Match]:
        """Streams that `text` (folded) may speak of, best first; empty when no word fits."""
        words = self._query(text)
        if not words:
            return []
        rows = [self._row(word) for word in words]
        scores: dict[int, float] = defaultdict(float)
        covers: dict[int, float] = defaultdict(float)
        total = 0.0
        for word, row in zip(words, rows, strict=True):
            weight = self._weight(row) * self._gravity(word, bool(row), len(words))
            total += weight
            for position, value in row.items():
                scores[position] += weight * value
                covers[position] += weight * min(1.0, value / TEXT)
        said = {singular(word) for word in words}
        found = []
        for position, score in scores.items():
            literal = self._literal(position, said)
            value = max(0.0, min(1.0, score / total - OTHER_FORM * (1 - literal)))
            fits = tuple(word for word, row in zip(words, rows, strict=True) if position in row)
            full = self._full(position, words, rows)
            found.append(Match(self.streams[position], value, min(1.0, covers[position] / total), full, literal, fits))
        found.sort(key=lambda m: (-(m.score + 0.2 * m.full_name), m.stream.id))
        return found

    def _literal(self, position: int, said: set[str]) -> float:
        """The share of what was said that stands so in the stream's name, or in its prose."""
        prose = sum(1 for word in said if position in self.literally.get(word, ()))
        name = sum(1 for w in said if w in self.written[position] or position in self.initials.get(w, ()))
        return max(name, (1 - IN_PROSE) * prose) / len(said)

    def _full(self, position: int, words: list[str], rows: list[dict[int, float]]) -> bool:
        """True when the words say the whole name, spelt out, misspelt, or by its initials."""
        name = self.names[position]
        if name and name <= {stem(word) for word in words}:
            return True
        near = sum(1 for row in rows if row.get(position, 0.0) >= QUALIFIER)
        if len(words) > 1 and len(name) > 1 and near == len(words) >= len(name):
            return True
        return any(position in self.initials.get(word, ()) for word in words) and near == len(words)

    def _gravity(self, word: str, known: bool, words: int) -> float:
        """How much a word counts: an unknown one much in a short phrase, little in a story; a word of talk little."""
        if word in TALK_WORDS or word in VAGUE:
            return 0.5 if word in VAGUE and stem(word) in self.name_stems else 0.3
        if known:
            return 1.0
        return 1.2 if words <= 3 else 0.8 if words <= 5 else 0.35

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
            elif left in TALK_WORDS:
                words += [left] if stem(left) in self.name_stems else []
            elif left not in FUNCTION_WORDS:
                words.append(left)
        return list(dict.fromkeys(words))[:_MAX_WORDS]

    def _is_one_word(self, left: str, right: str) -> bool:
        root = stem(left + right)
        known = root in self.postings or (root in thesaurus() and left not in FUNCTION_WORDS)
        return known and (stem(left) not in self.postings or right in FUNCTION_WORDS) and not root.isdigit()

    def _weight(self, row: dict[int, float]) -> float:
        """Rare words say more; a word that nothing knows says as much as a fairly rare one."""
        size = len(self.streams)
        common = sum(1 for value in row.values() if value >= TASK) or len(row)
        return math.log(1 + size / (common or 2)) + 0.3

    def _row(self, word: str) -> dict[int, float]:
        """Position of stream -> how well it has `word`."""
        row = self._understood.get(word)
        if row is None:
            row = {}
            for known, likeness in self._known(word):
                for position, weight in self.postings[known].items():
                    row[position] = max(row.get(position, 0.0), weight * likeness)
            for position, weight in self.acronyms.get(word, {}).items():
                row[position] = max(row.get(position, 0.0), weight)
            if len(self._understood) < 4096:
                self._understood[word] = row
        return row

    def _known(self, word: str) -> Iterable[tuple[str, float]]:
        """Words of the roadmap that `word` may stand for, with their likeness 0..1."""
        root = stem(word)
        found = {root: 1.0} if root in self.postings else {}
        for other in thesaurus().get(root, frozenset()) & self.postings.keys():
            found.setdefault(other, SYNONYM)
        if len(root) >= 4:
            for other in self.by_prefix.get(root[:3], ()):
                if other not in found and (likeness := _kinship(root, other)):
                    found[other] = likeness
        if not found and word not in self.acronyms and len(word) >= 4 and word.isalpha():
            found = dict(self._misspelt(word)) or dict(self._compounds(root)) or dict(self._parts(word))
        return found.items()

    def _misspelt(self, word: str) -> Iterable[tuple[str, float]]:
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        allowed = 1 if len(word) < 6 else 2
        near = process.extract(word, self.spellings.keys(), scorer=OSA.distance, score_cutoff=allowed, limit=5)
        best = min((distance for _, distance, _ in near), default=0)
        likely = [other for other, distance, _ in near if distance == best and _is_slip(word, other)]
        return [(self.spellings[other], MISSPELT) for other in likely]

    def _compounds(self, root: str) -> Iterable[tuple[str, float]]:
        """Names that have the word as the beginning or the end of a longer one: path and find in pathfinding."""
        return [(name, 0.6) for name in self.name_stems & self.postings.keys() if _ends(name, root)]

    def _parts(self, word: str) -> Iterable[tuple[str, float]]:
        """The two words that are written as one: coredump."""
        for cut in range(3, len(word) - 2):
            left, right = stem(word[:cut]), stem(word[cut:])
            if (
                left in self.postings
                and right in self.postings
                and self.postings[left].keys() & self.postings[right].keys()
            ):
                return [(left, 0.7), (right, 0.7)]
        return []


def _is_slip(word: str, other: str) -> bool:
    """A short word with another letter is another word ("stuck", "stack"), and few slips are at the first letter."""
    if len(other) < 4 or word[0] not in other[:2]:
        return False
    return len(word) >= 6 or len(word) != len(other) or sorted(word) == sorted(other)


def _ends(name: str, root: str) -> bool:
    return len(root) >= 4 and len(name) >= len(root) + 3 and (name.startswith(root) or name.endswith(root))


def _kinship(left: str, right: str) -> float:
    """Likeness of two stems of one family: a short form, or the same beginning."""
    shorter, longer = sorted((left, right), key=len)
    if longer.startswith(shorter):
        more = len(longer) - len(shorter)
        return 0.9 if more <= 1 or (len(shorter) >= 5 and more <= 3) else 0.0
    common = next(i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b)
    return 0.8 if common >= 5 and common >= 0.7 * len(shorter) and len(longer) - common <= 4 else 0.0
