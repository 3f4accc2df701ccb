"""Slips of the finger in words that the grammar stands on: "stpo eveything" is "stop everything"."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from orchestrator_agent.interpreters.lexicon import (
    COMMANDS,
    EFFORTS,
    FUNCTION_WORDS,
    GRAMMAR_WORDS,
    NUMBERS,
    OUTSIDE,
    TALK_WORDS,
    VAGUE,
)
from orchestrator_agent.interpreters.matching import thesaurus
from orchestrator_agent.interpreters.words import stem
from orchestrator_agent.patterns import regex

_WORD = regex(r"(?<![\w'])[a-z]{3,14}(?![\w'])")
#: Real words that look like slips of others.
_REAL = frozenset(
    "form forms trail trial causal casual hop hops sop top tops won god stat state states stale steps diary dairy fro"
    " quite quiet tow raid dais angel bread board united untied sacred scared file life ruin urn tend send sand word"
    " were where there three thee ten hen wit sow sown bit bits bot bots bet ally later lather night kiln cause cast"
    " tell till net nest test tests next rest rust ride rides run runs stalk staff stuff star start starts sort spot"
    " shot shop post pots tops opts rum bus but bug buy bar bat bad bed big bin box boy art arm aim air act add age ago"
    " all ask axe cap car cat cut cup dad day die dig dog dot dry ear eat egg end era eye far fat fee few fit fix fly"
    " fog fun gap gas gun guy hat hit hot ice ill ink inn job joy key kid lab law lay leg lie lip log lot low mad man"
    " map mat mix mod mud mum net nod nut oak oil old own pad pan pay pen pet pie pin pit pot pub put ram raw red rid"
    " rob rod row rub sad saw sea set sex shy sin sir sit six ski sky son spy sum sun tag tap tax tea tie tip toe ton"
    " toy try two van war wax web wed wet win wine wise wish yes yet zip zoo hour ours our lad led let lit list lost"
    " last least lest past part pat path bath both bore wore core more mole mode made make mate mart mark male"
    " mail".split()
)


@cache
def _vocabulary() -> frozenset[str]:
    """Words that are worth mending towards."""
    words = {*COMMANDS, *FUNCTION_WORDS, *GRAMMAR_WORDS, *TALK_WORDS}
    return frozenset(word for word in words if len(word) >= 3 and word.isascii() and word.isalpha())


@cache
def _slips() -> dict[str, str]:
    """What comes of a word of the vocabulary when two letters are swapped or one is lost -> that word."""
    slips: dict[str, str] = {}
    for word in sorted(_vocabulary(), key=lambda w: (w in FUNCTION_WORDS, w)):
        swapped = [word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)]
        last = len(word) if len(word) >= 6 and (word in COMMANDS or word in GRAMMAR_WORDS) else len(word) - 1
        lost = [word[:i] + word[i + 1 :] for i in range(1, last)] if len(word) >= 4 else []
        for slip in swapped + lost:
            slips.setdefault(slip, word)
    return slips


def mend(text: str, known: Callable[[str], bool]) -> str:
    """Folded `text` with misspelt words of the grammar mended.

    Swapped, lost, doubled and, in commands, added letters are mended; a replaced letter makes another word and is left,
    and so is what only lacks its end, unless it is long.

    Args:
        known: tells whether the roadmap uses a word; such a word is no slip.
    """
    return _WORD.sub(lambda m: _mended(m[0], known), text) if text.isascii() else text


def _mended(word: str, known: Callable[[str], bool]) -> str:
    if _is_word(word) or known(word):
        return word
    if word in _slips():
        return _slips()[word]
    if len(word) < 5:
        return word
    doubled = (word[:i] + word[i + 1 :] for i in range(1, len(word)) if word[i] == word[i - 1])
    more = (word[:i] + word[i + 1 :] for i in range(1, len(word) - 1)) if len(word) >= 6 else ()
    return next((w for w in doubled if w in _vocabulary()), next((w for w in more if w in COMMANDS), word))


def _is_word(word: str) -> bool:
    if word in _vocabulary() or word in _REAL or word in OUTSIDE or word in VAGUE or word in EFFORTS or word in NUMBERS:
        return True
    if stem(word) in thesaurus():
        return True
    inflected = (word.removesuffix(ending) for ending in ("s", "es", "ed", "d", "ing"))
    return any(
        w in _vocabulary() or w + "e" in _vocabulary() or w[:-1] in _vocabulary()
        for w in inflected
        if len(w) > 2 and w != word
    )
