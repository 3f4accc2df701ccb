"""Names that stand word for word in a goal: what their words mean elsewhere is not asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orchestrator_agent.interpreters.clauses import clauses
from orchestrator_agent.interpreters.words import tokens
from orchestrator_agent.patterns import regex

_JOINTS = regex(r"\b(?:and|then|but|so|instead)\b|[,:;]")
_SPACES = regex(r"  +")
#: Private characters stand for names; no pattern has them.
_FIRST_MARK = 0xE000


def held(text: str, names: Sequence[str]) -> tuple[str, Mapping[str, str]]:
    """Folded `text` with a mark for each of `names`, and what the marks stand for."""
    marks = {chr(_FIRST_MARK + number): name for number, name in enumerate(names)}
    for mark, name in marks.items():
        text = text.replace(name, mark)
    return text, marks


def released(text: str, marks: Mapping[str, str]) -> str:
    """`text` with names again where `marks` stand, in a form that is not cut to clauses."""
    for mark, name in marks.items():
        text = text.replace(mark, _unbroken(name))
    return text


def is_name(text: str, name: str) -> bool:
    """True when folded `text` is the folded `name`, whole and alone."""
    return tokens(_JOINTS.sub(" ", text)) == tokens(_JOINTS.sub(" ", name))


def is_part(text: str, name: str) -> bool:
    """True when folded `text` is two words or more that stand so in the folded `name`."""
    words = tokens(text)
    return len(words) > 1 and f" {' '.join(words)} " in f" {' '.join(tokens(name))} "


def _unbroken(name: str) -> str:
    return name if len(clauses(name)) == 1 else _SPACES.sub(" ", _JOINTS.sub(" ", name))
