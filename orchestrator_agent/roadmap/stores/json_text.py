"""JSON (RFC 8259) with the places of its values, so that one value can be replaced and all other bytes stay."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.document import Edit

# Numbers stay as they are written: 3.10 is not 3.1, and an id of 5,000 digits costs nothing.
_read = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str).raw_decode
_TOO_DEEP = "it is nested too deeply"
_SPACE = regex(r"[ \t\r\n]*")
_BETWEEN = regex(r"[ \t\r\n]*[,:]?[ \t\r\n]*")
#: Half a character of UTF-16, which no file can hold, and NUL, which no argument of a program can.
_UNUSABLE = regex("[\ud800-\udfff\0]")


class Element(NamedTuple):
    """A value inside an object or a list, and the offsets of its text."""

    #: Empty in a list.
    key: str
    value: Any
    #: Where the key begins; of an element of a list where the value does.
    key_start: int
    start: int
    end: int

    def text(self) -> str:
        """The value as text: see `as_text`."""
        return as_text(self.value)


@dataclass(frozen=True)
class JsonText:
    """A text that holds JSON values."""

    path: str
    text: str

    @cached_property
    def _line_ends(self) -> list[int]:
        return [match.start() for match in re.finditer("\n", self.text)]

    def line(self, offset: int) -> int:
        """The 1-based line of an offset."""
        return bisect_right(self._line_ends, offset - 1) + 1

    def whole(self, begin: int = 0, end: int | None = None) -> Element:
        """The one value in `text[begin:end]`.

        Raises:
            RoadmapError: there is none, or more than one, or it is no JSON; the text names file and line.
        """
        last = len(self.text) if end is None else end
        begin += self.text.startswith("\ufeff", begin)
        start = self._skip(begin)
        value, stop = self._value(start)
        if (rest := self._skip(stop)) < last or stop > last:
            raise self._broken(min(rest, last), "something stands behind the end of the value")
        return Element("", value, start, start, stop)

    def inside(self, outer: Element) -> list[Element]:
        """The members of an object, of several with one key the last, or the elements of a list.

        Raises:
            RoadmapError: it is nested too deeply.
        """
        if isinstance(outer.value, dict):
            return list({member.key: member for member in self._each(outer, keyed=True)}.values())
        return self._each(outer, keyed=False) if isinstance(outer.value, list) else []

    def members(self, outer: Element) -> Mapping[str, Element]:
        """The members of an object by key; nothing for other values."""
        return {member.key: member for member in self.inside(outer)} if isinstance(outer.value, dict) else {}

    def without(self, outer: Element, keys: Collection[str]) -> list[Edit]:
        """The edits that take members out of an object, in which others stay."""
        edits: list[Edit] = []
        members = self._each(outer, keyed=True)
        kept_end = -1
        for number, member in enumerate(members):
            if member.key not in keys:
                kept_end = member.end
            elif number + 1 == len(members) or members[number + 1].key not in keys:
                first = kept_end < 0
                end = members[number + 1].key_start if first else member.end
                edits.append(Edit(members[0].key_start if first else kept_end, end, ""))
        return edits

    def added(self, before: Element, key: str, value: object) -> Edit:
        """The edit that puts a member behind another one, on the same line and spaced like it."""
        space = " " if self.text[before.start - 1] == " " else ""
        return Edit(before.end, before.end, f',{space}"{key}":{space}{json.dumps(value, ensure_ascii=False)}')

    def adopted(self, old: Element, new: Any, may: Callable[[Element], Collection[str]]) -> list[Edit] | None:
        """The edits that make `old` what `new` is; None when anything differs that may not.

        Args:
            may: for an object the keys whose texts may differ, come or go.
        """
        try:
            return self._adopted(old, new, may)
        except RecursionError:
            return None

    def _adopted(self, old: Element, new: Any, may: Callable[[Element], Collection[str]]) -> list[Edit] | None:
        if old.value == new:
            return []
        if isinstance(old.value, list) and isinstance(new, list) and len(new) == len(old.value):
            return _joined([self._adopted(*pair, may) for pair in zip(self.inside(old), new, strict=True)])
        if not isinstance(old.value, dict) or not isinstance(new, dict):
            return None
        members, free = self.members(old), may(old)
        gone, come = members.keys() - new.keys(), [key for key in new if key not in members]
        if not gone.union(come) <= set(free) or members.keys() == gone:
            return None
        last = [member for member in members.values() if member.key not in gone][-1]
        parts: list[list[Edit] | None] = [self.without(old, gone), [self.added(last, key, new[key]) for key in come]]
        for key in members.keys() - gone:
            text = new[key] != members[key].value and key in free and isinstance(new[key], str)
            parts.append([replaced(members[key], new[key])] if text else self._adopted(members[key], new[key], may))
        return _joined(parts)

    def _each(self, outer: Element, keyed: bool) -> list[Element]:
        # The text was read as a whole before, so that what follows cannot be broken.
        try:
            return list(self._walk(outer, keyed))
        except RecursionError:
            # It was read before, but on a shorter stack.
            raise self._broken(outer.start, _TOO_DEEP) from None

    def _walk(self, outer: Element, keyed: bool) -> Iterator[Element]:
        text, last = self.text, outer.end - 1
        position = _after(text, outer.start + 1)
        while position < last:
            key, start = "", position
            if keyed:
                key, start = _read(text, position)
                start = _after(text, start)
            value, end = _read(text, start)
            yield Element(key, value, position, start, end)
            position = _after(text, end)

    def _value(self, position: int) -> tuple[Any, int]:
        try:
            return _read(self.text, position)
        except json.JSONDecodeError as error:
            raise self._broken(error.pos, error.msg[:1].lower() + error.msg[1:]) from None
        except RecursionError:
            raise self._broken(position, _TOO_DEEP) from None

    def _skip(self, position: int) -> int:
        match = _SPACE.match(self.text, position)
        return match.end() if match else position

    def _broken(self, offset: int, why: str) -> RoadmapError:
        return RoadmapError(f"{self.path}:{self.line(offset)}: this is not valid JSON ({why}); correct it there.")


def _joined(parts: Iterable[list[Edit] | None]) -> list[Edit] | None:
    edits: list[Edit] = []
    for part in parts:
        if part is None:
            return None
        edits += part
    return edits


def _after(text: str, position: int) -> int:
    """Where the next key or value begins."""
    match = _BETWEEN.match(text, position)
    return match.end() if match else position


def as_text(value: object) -> str:
    """A string or a number as text, without what no file and no argument can hold; empty for other values."""
    return _UNUSABLE.sub("\ufffd", value).strip() if isinstance(value, str) else ""


def as_texts(value: object) -> list[str]:
    """The texts in a list, or the one that stands for a list."""
    values = value if isinstance(value, list) else [value]
    return [text for text in map(as_text, values) if text]


def replaced(element: Element, value: object) -> Edit:
    """The edit that puts `value` in the place of an element."""
    return Edit(element.start, element.end, json.dumps(value, ensure_ascii=False))
