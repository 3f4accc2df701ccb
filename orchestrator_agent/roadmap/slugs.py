"""Ids for work that has none in the plan."""

from __future__ import annotations

from orchestrator_agent.model import slug
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.fields import plain

_LONGEST = 40
_WORD = regex(r"[^\W_]+")


class Slugs:
    """Ids made from names, each unique in its plan. A position would be no id: it shifts."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def take(self, id_: str) -> str:
        """`id_`, which stands in the plan; no name gets it any more."""
        self._taken.setdefault(id_.casefold(), 1)
        return id_

    def of(self, name: str) -> str:
        """The words of `name`, shortened, with a number when the plan has them already."""
        letters = _WORD.findall(plain(name.replace("_", " ")))
        base = ""
        for word in letters:
            if base and len(base) + 1 + len(word) > _LONGEST:
                break
            base = f"{base}-{word}" if base else word[:_LONGEST]
        base = base or slug(name)
        unique = base
        while unique in self._taken:
            self._taken[base] += 1
            unique = f"{base}-{self._taken[base]}"
        return self.take(unique)
