"""Which work streams a few words speak of: weighted token cover over names, then tasks and descriptions."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from orchestrator_agent.interpreters.lexicon import FUNCTION_WORDS, TALK_WORDS, VAGUE
from orchestrator_agent.interpreters.vocabulary import QUALIFIER, TASK, TEXT, Vocabulary
from orchestrator_agent.interpreters.words import singular, stem, tokens, unaccented
from orchestrator_agent.model import WorkStream

SYNONYM, ACRONYM, MISSPELT = 0.7, 0.95, 0.9
#: What a stream loses that has other forms of the words only, and what of that it keeps that has them in prose.
OTHER_FORM, IN_PROSE = 0.18, 0.4
_MAX_WORDS = 60
#: What stands behind a verb that is written as one word with it where it is a noun: sign up, back up.
_PARTICLES = frozenset("in on out up off down back over".split())
#: Of more matches only those that are as good as this many others are looked at closely.
_CLOSELY = 200


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


class Index:
    """The words of one roadmap, and how well others fit them."""

    def __init__(self, streams: Sequence[WorkStream]) -> None:
        self.streams = streams
        self.vocabulary = Vocabulary(streams)
        self._understood: dict[str, dict[int, float]] = {}

    def knows(self, word: str) -> bool:
        """True when the roadmap uses this word (in any inflection)."""
        return stem(word) in self.vocabulary.stems or bool(self._abbreviated(word))

    def _abbreviated(self, word: str) -> dict[int, float]:
        return self.vocabulary.abbreviated(word, ACRONYM)

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
        least = sorted(scores.values())[-_CLOSELY] if len(scores) > _CLOSELY else 0.0
        for position, score in scores.items():
            if score < least:
                continue
            literal = self._literal(position, said)
            value = max(0.0, min(1.0, score / total - OTHER_FORM * (1 - literal)))
            fits = tuple(word for word, row in zip(words, rows, strict=True) if position in row)
            full = self._full(position, words, rows)
            found.append(Match(self.streams[position], value, min(1.0, covers[position] / total), full, literal, fits))
        found.sort(key=lambda m: (-(m.score + 0.2 * m.full_name), -m.cover, m.stream.id))
        return found

    def _literal(self, position: int, said: set[str]) -> float:
        """The share of what was said that stands so in the stream's name, or in its prose."""
        prose = sum(1 for word in said if self.vocabulary.stands(word, position))
        name = self.vocabulary.name(position)
        named = sum(1 for word in said if word in name.written or word == name.initials)
        return max(named, (1 - IN_PROSE) * prose) / len(said)

    def _full(self, position: int, words: list[str], rows: list[dict[int, float]]) -> bool:
        """True when the words say the whole name, spelt out, misspelt, or by its initials."""
        name = self.vocabulary.name(position)
        if name.stems and name.stems <= {stem(word) for word in words}:
            return name.talk <= {singular(word) for word in words} or not self._shared(position, words, rows)
        near = sum(1 for row in rows if row.get(position, 0.0) >= QUALIFIER)
        if len(words) > 1 and len(name.stems) > 1 and near == len(words) >= len(name.stems):
            return True
        return name.initials in words and near == len(words)

    def _shared(self, position: int, words: list[str], rows: list[dict[int, float]]) -> bool:
        """True when another name has all that was said of this one: *Batch Loader* beside *Stream Loader*."""
        said = [
            row for word, row in zip(words, rows, strict=True) if stem(word) in self.vocabulary.name(position).stems
        ]
        others = set.intersection(*({p for p, value in row.items() if value >= QUALIFIER} for row in said))
        return len(others) > 1

    def _gravity(self, word: str, known: bool, words: int) -> float:
        """How much a word counts: an unknown one much in a short phrase, little in a story; a word of talk little."""
        if word in TALK_WORDS or word in VAGUE:
            return 0.5 if word in VAGUE and stem(word) in self.vocabulary.name_stems else 0.3
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
            elif right and (joined := self._joined(left, right)):
                words.append(joined)
                skip = True
            elif left in TALK_WORDS:
                words += [left] if stem(left) in self.vocabulary.name_stems else []
            elif left not in FUNCTION_WORDS:
                words.append(left)
        return list(dict.fromkeys(words))[:_MAX_WORDS]

    def _joined(self, left: str, right: str) -> str:
        """`left` and `right` as the one word that they are, inflected or not ("logs in"), or nothing."""
        bare = [stem(left)] if right in _PARTICLES and left.endswith(("s", "ed", "ing")) else []
        return next((form + right for form in (left, *bare) if self._is_one_word(form, right)), "")

    def _is_one_word(self, left: str, right: str) -> bool:
        root = stem(left + right)
        stems = self.vocabulary.stems
        known = root in stems or (root in thesaurus() and left not in FUNCTION_WORDS)
        if known and root not in stems and self.vocabulary.writes(left, right):
            return False
        return known and (stem(left) not in stems or right in FUNCTION_WORDS) and not root.isdigit()

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
                for position, weight in self.vocabulary.postings(known).items():
                    row[position] = max(row.get(position, 0.0), weight * likeness)
            for position, weight in self._abbreviated(word).items():
                row[position] = max(row.get(position, 0.0), weight)
            if len(self._understood) < 4096:
                self._understood[word] = row
        return row

    def _known(self, word: str) -> Iterable[tuple[str, float]]:
        """Words of the roadmap that `word` may stand for, with their likeness 0..1."""
        word = word if word.isascii() else unaccented(word)
        root = stem(word)
        stems = self.vocabulary.stems
        found = {root: 1.0} if root in stems else {}
        if not found and len(word) == 3 and word.endswith("s") and word[:2] in stems:
            found = {word[:2]: 1.0}
        for other in thesaurus().get(root, frozenset()) & stems.keys():
            found.setdefault(other, SYNONYM)
        alike = {}
        for other in self.vocabulary.by_prefix.get(root[:3], ()) if len(root) >= 4 else ():
            if other not in found and (likeness := _kinship(root, other)):
                found[other] = likeness
                if likeness < MISSPELT:
                    alike[other] = likeness
        if not found.keys() - alike.keys() and not self._abbreviated(word) and len(word) >= 4 and word.isalpha():
            found = dict(self._misspelt(word)) or alike or dict(self._compounds(root)) or dict(self._parts(word))
        return found.items()

    def _misspelt(self, word: str) -> Iterable[tuple[str, float]]:
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        allowed = 1 if len(word) < 8 else 2
        spellings = self.vocabulary.spellings
        near = process.extract(word, spellings.keys(), scorer=OSA.distance, score_cutoff=allowed, limit=5)
        best = min((distance for _, distance, _ in near), default=0)
        likely = [other for other, distance, _ in near if distance == best and _is_slip(word, other)]
        return [(spellings[other], MISSPELT) for other in likely]

    def _compounds(self, root: str) -> Iterable[tuple[str, float]]:
        """Names that have the word as the beginning or the end of a longer one: path and find in pathfinding."""
        return [
            (name, 0.6)
            for name in sorted(self.vocabulary.name_stems)
            if name in self.vocabulary.stems and _ends(name, root)
        ]

    def _parts(self, word: str) -> Iterable[tuple[str, float]]:
        """The two words that are written as one: coredump."""
        for cut in range(3, len(word) - 2):
            left, right = stem(word[:cut]), stem(word[cut:])
            if (
                left in self.vocabulary.stems
                and right in self.vocabulary.stems
                and self.vocabulary.postings(left).keys() & self.vocabulary.postings(right).keys()
            ):
                return [(left, 0.7), (right, 0.7)]
        return []


def _is_slip(word: str, other: str) -> bool:
    """A short word with another letter is another word ("stuck"); slips are not at the first letter ("election")."""
    begins = word[0] == other[0] or (word[0] == other[1] and word[1] == other[0])
    apart = abs(len(word) - len(other)) > (1 if len(word) < 10 else 2)
    if len(other) < 4 or apart or not begins or (word.startswith(other) and len(word) > len(other) + 1):
        return False
    return len(word) >= 6 or len(word) != len(other) or sorted(word) == sorted(other)


def _ends(name: str, root: str) -> bool:
    return len(root) >= 4 and len(name) >= len(root) + 3 and (name.startswith(root) or name.endswith(root))


#: What words of one family may have more than each other, beside a single letter: "elect" is none of "electron".
_ENDINGS = frozenset(
    "at iz or er al ic iv ion ing abl ibl ful ist ism ant ent anc enc ari ori if ed es en ur ual us um".split()
)


def _kinship(left: str, right: str) -> float:
    """Likeness of two stems of one family: a short form, or the same beginning."""
    shorter, longer = sorted((left, right), key=len)
    if longer.startswith(shorter):
        more = len(longer) - len(shorter)
        kin = longer[len(shorter) :] in _ENDINGS
        return 0.9 if more <= 1 or (len(shorter) >= 5 and kin) else 0.0
    common = next(i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b)
    return 0.8 if common >= 5 and common >= 0.7 * len(shorter) and len(longer) - common <= 4 else 0.0
