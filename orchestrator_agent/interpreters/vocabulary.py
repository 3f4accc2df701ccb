"""Which words a roadmap uses, and where: read once, quickly, and told apart only for the words that are asked about.

A roadmap of thousands of work streams has hundreds of thousands of words, and a goal has ten. So the text is cut at
spaces only; tokens, stems, initials and weights are made for what a goal mentions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from orchestrator_agent.interpreters.lexicon import FUNCTION_WORDS, TALK_WORDS
from orchestrator_agent.interpreters.words import JOINED, content, fold, singular, stem, tokens
from orchestrator_agent.model import WorkStream

#: What a word is worth by where a stream has it: the head of its name, its rest ("in the parser"), a task, prose.
NAME, QUALIFIER, TASK, TEXT = 1.0, 0.85, 0.6, 0.5
_BINDING = frozenset("a an the of and or at by to as is it".split()) | frozenset(
    "in for on from into per via with".split()
)
_QUALIFYING = frozenset("in for of from on into per via with".split())
_MAX_TEXT = 1000
_MAX_NAME = 300
_MAX_TASKS = 30
#: Letters of the shortest and the longest abbreviation.
_SHORTEST, _LONGEST = 2, 5


@dataclass(frozen=True, slots=True)
class Name:
    """The words of one work stream's name."""

    every: tuple[str, ...]
    main: tuple[str, ...]
    qualifier: tuple[str, ...]
    #: What others may write as one word, without the hyphen.
    joined: tuple[str, ...]
    stems: frozenset[str]
    #: Those that elsewhere only hold a sentence together or talk of work, as in *Batch Loader*, without a plural s.
    talk: frozenset[str]
    #: As they stand there, without a plural s.
    written: frozenset[str]
    #: "ir" for Intermediate Representation.
    initials: str

    @classmethod
    def of(cls, text: str) -> Name:
        """The words of the name `text`."""
        every = tokens(fold(text))
        cut = next((n for n, word in enumerate(every) if n and word in _QUALIFYING), len(every))
        main, qualifier = content(every[:cut]), content(every[cut:])
        if len(main) < 2:
            main, qualifier = content(every) or every, []
        said = main + qualifier
        return cls(
            every=tuple(every),
            main=tuple(main),
            qualifier=tuple(qualifier),
            joined=tuple(joined(text)),
            stems=frozenset(map(stem, said)),
            talk=frozenset(singular(word) for word in every if word not in said and word not in _BINDING),
            written=frozenset(map(singular, said)),
            initials=initials(main),
        )

    def weight(self, word: str) -> float:
        """What `word` is worth in this name; 0 when it does not say anything in it."""
        if word in self.main or word in self.joined:
            return NAME
        return QUALIFIER if word in self.qualifier or (word in TALK_WORDS and word in self.every) else 0.0

    def abbreviates_to(self, letters: str) -> bool:
        """True for ECS where Entity Component System stands in the name."""
        return letters in self.initials or letters in initials(self.every)


class Vocabulary:
    """The words of some work streams, by the positions of these."""

    def __init__(self, streams: Sequence[WorkStream]) -> None:
        self._titles = [stream.name[:_MAX_NAME] for stream in streams]
        tasks = [" ".join(stream.tasks[:_MAX_TASKS])[:_MAX_TEXT] for stream in streams]
        prose = [f"{stream.description[:_MAX_TEXT]} {(stream.done_when or '')[:_MAX_TEXT]}" for stream in streams]
        self._texts = ((TASK, tasks), (TEXT, prose))
        self._in_titles = _by_piece(self._titles)
        #: Each word as it stands there -> the pieces between spaces that hold it.
        self._holders: dict[str, list[str]] = {}
        self._title_holders: dict[str, list[str]] = {}
        self._names: dict[int, Name] = {}
        self._places: dict[str, dict[int, float]] = {}
        self._postings: dict[str, dict[int, float]] = {}
        self._abbreviated: dict[str, dict[int, float]] = {}
        self._read()

    def _read(self) -> None:
        silent = FUNCTION_WORDS | TALK_WORDS
        weighty: set[str] = set()
        for piece in self._in_titles:
            words = tokens(fold(piece))
            if not silent.issuperset(words):
                weighty.add(piece)
            for word in dict.fromkeys([w for w in words if w not in FUNCTION_WORDS] + joined(piece)):
                self._title_holders.setdefault(word, []).append(piece)
        for title in self._titles:
            pieces = title.split()
            if weighty.isdisjoint(pieces):
                for piece in pieces:
                    for word in tokens(fold(piece)):
                        self._title_holders.setdefault(word, []).append(piece)
        for piece in dict.fromkeys(" ".join(text for _, texts in self._texts for text in texts).split()):
            for word in dict.fromkeys(tokens(fold(piece))):
                if word not in silent:
                    self._holders.setdefault(word, []).append(piece)

    @cached_property
    def spellings(self) -> dict[str, str]:
        """Each word of the roadmap as it stands there -> its stem; misspellings are compared with these."""
        return {word: stem(word) for word in (*self._title_holders, *self._holders)}

    @cached_property
    def stems(self) -> dict[str, list[str]]:
        """Stem -> the words that have it."""
        found: dict[str, list[str]] = {}
        for word, root in self.spellings.items():
            found.setdefault(root, []).append(word)
        return found

    @cached_property
    def name_stems(self) -> frozenset[str]:
        """The stems of all words in names but those that only hold a sentence together."""
        words = (word for piece in self._in_titles for word in tokens(fold(piece)) if word not in FUNCTION_WORDS)
        return frozenset(map(stem, words))

    @cached_property
    def by_prefix(self) -> Mapping[str, list[str]]:
        """The first three letters -> stems that begin so."""
        found: dict[str, list[str]] = defaultdict(list)
        for root in self.stems:
            found[root[:3]].append(root)
        return found

    def name(self, position: int) -> Name:
        """The name of the stream at `position`."""
        found = self._names.get(position)
        if found is None:
            found = self._names[position] = Name.of(self._titles[position])
        return found

    def places(self, word: str) -> dict[int, float]:
        """Position of stream -> what `word`, as it stands there, is worth in it."""
        found = self._places.get(word)
        if found is None:
            found = self._places[word] = {}
            for piece in self._holders.get(word, ()):
                for weight, texts in self._texts:
                    for position in (n for n, text in enumerate(texts) if piece in text and piece in text.split()):
                        found[position] = max(weight, found.get(position, 0.0))
            for piece in self._title_holders.get(word, ()):
                for position in self._in_titles[piece]:
                    if weight := self.name(position).weight(word):
                        found[position] = max(weight, found.get(position, 0.0))
        return found

    def postings(self, root: str) -> dict[int, float]:
        """Position of stream -> what the best word of the stem `root` is worth in it."""
        found = self._postings.get(root)
        if found is None:
            found = self._postings[root] = {}
            for word in self.stems.get(root, ()):
                for position, weight in self.places(word).items():
                    found[position] = max(weight, found.get(position, 0.0))
        return found

    def stands(self, word: str, position: int) -> bool:
        """True when the stream has `word`, a singular, so or in the plural."""
        return any(singular(form) == word and position in self.places(form) for form in (word, word + "s"))

    def writes(self, left: str, right: str) -> bool:
        """True when a name writes as two words what others may join: *Sign in with a Card*."""
        return f" {left} {right} " in self._said

    @cached_property
    def _said(self) -> str:
        return fold(" " + " / ".join(self._titles) + " ")

    def abbreviated(self, letters: str, weight: float) -> dict[int, float]:
        """Position of stream -> `weight`, for those with a part of the name that `letters` abbreviates."""
        found = self._abbreviated.get(letters)
        if found is None:
            fits = _SHORTEST <= len(letters) <= _LONGEST and letters.isalpha() and letters not in FUNCTION_WORDS
            likely = [n for n, first in enumerate(self._first_letters) if letters in first] if fits else []
            found = {n: weight for n in likely if self.name(n).abbreviates_to(letters)}
            self._abbreviated[letters] = found
        return found

    @cached_property
    def _first_letters(self) -> list[str]:
        """For each name the initials of all its words, and of those that say something."""
        every = {piece: initials(tokens(fold(piece))) for piece in self._in_titles}
        said = {piece: initials(content(fold(piece))) for piece in self._in_titles}
        return [
            "".join(map(every.__getitem__, pieces)) + " " + "".join(map(said.__getitem__, pieces))
            for pieces in map(str.split, self._titles)
        ]


def joined(text: str) -> list[str]:
    """Hyphen-ated and CamelCase words of `text` written as one."""
    return [word.casefold().replace("-", "") for word in JOINED.findall(text)]


def initials(words: Sequence[str]) -> str:
    """The first letters of `words`."""
    return "".join([word[0] for word in words])


def _by_piece(texts: Iterable[str]) -> dict[str, list[int]]:
    """What stands between spaces -> positions of the texts that have it."""
    found: dict[str, list[int]] = defaultdict(list)
    for position, text in enumerate(texts):
        for piece in text.split():
            found[piece].append(position)
    return found
