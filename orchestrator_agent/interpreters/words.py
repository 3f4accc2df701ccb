"""Text to words: normalising, splitting, stemming. Knows no roadmap and no intent."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from orchestrator_agent import terminal
from orchestrator_agent.interpreters.lexicon import FUNCTION_WORDS, TALK_WORDS
from orchestrator_agent.patterns import regex

#: Longer goals are cut; a cut goal is never acted on without a yes.
MAX_CHARACTERS = 2000

CAMEL = regex(r"\b(?:[A-Z][a-z]{2,}){2,}\b")
#: Words that others may write as one: CamelCase and Hyphen-Ated.
JOINED = regex(r"\b(?:[A-Z][a-z]{2,}){2,}\b|\b\w+(?:-\w+)+\b")
_HUMP = regex(r"(?<=[a-z])(?=[A-Z])")
_TOKEN = regex(r"\d+(?:\.\d+)+|[^\W_]+")
_SPACES = regex(r"[^\S\n]+")
_TYPOGRAPHY = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "？": "?", "！": "!", "，": ",", "。": "."}
)


def normalise(text: str) -> str:
    """`text` in its own case, harmless, with plain quotes and single spaces, cut to `MAX_CHARACTERS`."""
    text = unicodedata.normalize("NFKC", terminal.clean(text[: MAX_CHARACTERS * 2], keep_newlines=True))
    text = text.translate(_TYPOGRAPHY)
    return _SPACES.sub(" ", text).strip()[:MAX_CHARACTERS]


def fold(text: str) -> str:
    """Lower case, with CamelCase opened up."""
    return CAMEL.sub(lambda m: _HUMP.sub(" ", m[0]), text).casefold()


def unaccented(word: str) -> str:
    """`word` without accents: "subtítulos" is near to "subtitles"."""
    return "".join(char for char in unicodedata.normalize("NFD", word) if not unicodedata.combining(char))


def tokens(text: str) -> list[str]:
    """The words and numbers of folded text; a dotted number is one token."""
    return _TOKEN.findall(text)


def content(text: str | Sequence[str]) -> list[str]:
    """The words of folded text (or of its tokens) that say what it is about."""
    words = tokens(text) if isinstance(text, str) else text
    return [word for word in words if word not in FUNCTION_WORDS and word not in TALK_WORDS]


def singular(word: str) -> str:
    """`word` without a plural s."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


_SUFFIXES = (
    ("isations", "iz"), ("isation", "iz"), ("izations", "iz"), ("ization", "iz"), ("ising", "iz"), ("izing", "iz"),
    ("ise", "iz"), ("ize", "iz"), ("iveness", ""), ("ations", "at"), ("ation", "at"), ("ating", "at"), ("ators", "at"),
    ("ator", "at"), ("ated", "at"), ("ates", "at"), ("ate", "at"), ("ional", ""), ("ions", ""), ("ion", ""),
    ("ments", ""), ("ment", ""), ("ness", ""), ("ities", "i"), ("ity", "i"), ("ings", ""), ("ing", ""), ("ies", "i"),
    ("ied", "i"), ("ers", ""), ("er", ""), ("ors", ""), ("or", ""), ("ences", ""), ("ence", ""), ("ive", ""),
    ("ed", ""), ("es", ""), ("ly", ""), ("al", ""), ("s", ""), ("e", ""), ("y", "i"),
)  # fmt: skip


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A common root of inflected English words: parser, parsing and parse give one; not a dictionary form."""
    if len(word) < 4 or not word.isascii() or word[0].isdigit() or word.endswith("ss"):
        return word
    for suffix, instead in _SUFFIXES:
        least = 4 if suffix in ("er", "or", "al", "ly", "ive", "ion") else 3
        if word.endswith(suffix) and len(word) - len(suffix) >= least:
            word = word[: len(word) - len(suffix)] + instead
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "sl":
        word = word[:-1]
    return word
