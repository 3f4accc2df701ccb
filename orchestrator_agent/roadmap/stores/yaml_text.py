"""The YAML that task files use, with the places of its values: `key: value`, lists, nested mappings, folded texts.

A small strict reader and no library: what is written must change one value and no other byte, which needs the place of
each, and what it does not know (anchors, tags, mappings in braces) it names and never guesses. https://yaml.org/spec/1.2.2/
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.document import Edit
from orchestrator_agent.roadmap.stores.json_text import as_text


class Line(NamedTuple):
    """A line without its end."""

    #: 1-based.
    number: int
    #: Offset of the line in the text.
    begin: int
    raw: str

    @property
    def indent(self) -> int:
        return len(self.raw) - len(self.raw.lstrip(" "))

    @property
    def is_blank(self) -> bool:
        """Nothing but spaces or a comment."""
        return self.raw.lstrip()[:1] in ("", "#")


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping with its value."""

    key: str
    #: 1-based.
    line: int
    #: Of a single value its text; empty when there is none.
    text: str
    #: The values of a list, or the single value.
    values: tuple[str, ...]
    #: Offsets of a value that stands behind the key, quotes included.
    start: int
    end: int
    #: The lines of a nested value.
    below: tuple[Line, ...]
    #: The value is one token behind the key, and can be replaced.
    is_plain: bool
    #: Why the value was not read, or empty.
    problem: str = ""


def split(text: str) -> list[Line]:
    """The lines of a text."""
    found = (match for match in _LINE.finditer(text) if match[0])
    return [Line(number, match.start(), match[1]) for number, match in enumerate(found, 1)]


def front_matter(text: str) -> tuple[list[Line], int] | None:
    """The lines between the first two lines of dashes and the offset of what follows; None without front matter."""
    lines = split(text)
    if not lines or lines[0].raw.removeprefix("\ufeff").rstrip() != "---":
        return None
    for index, line in enumerate(lines[1:], 1):
        if line.raw.rstrip() in ("---", "..."):
            return lines[1:index], line.begin + len(line.raw)
    return None


def mapping(lines: Sequence[Line]) -> dict[str, Entry]:
    """The entries of a block mapping; of several with one key the first, with a problem."""
    found: dict[str, Entry] = {}
    base = next((line.indent for line in lines if not line.is_blank), 0)
    index = 0
    while index < len(lines):
        line, index = lines[index], index + 1
        found_key = _key(line.raw) if line.indent == base and not line.is_blank else None
        if found_key is None:
            continue
        name, position = found_key
        first = index
        while index < len(lines) and _belongs(lines[index], base):
            index += 1
        if name in found:
            found[name] = replace(found[name], problem="it stands twice")
        else:
            found[name] = _entry(name, line, position, tuple(lines[first:index]))
    return found


def remark_behind(source: str, entry: Entry) -> str:
    """The comment behind a value in its line: "on hold" for `1-2-login: backlog  # on hold`."""
    end = source.find("\n", entry.end)
    found = _REMARK.match(source, entry.end, len(source) if end < 0 else end) if entry.is_plain else None
    return found[0].strip(" \t\r#") if found else ""


def replaced(source: str, entry: Entry, text: str) -> Edit:
    """The edit that gives an entry of `source` a new text, quoted as the old one was.

    Raises:
        RoadmapError: its value is not one token behind the key.
    """
    if not entry.is_plain:
        raise RoadmapError(f"The value of {entry.key[:80]} in line {entry.line} is not in one line; edit it yourself.")
    space = " " if source[entry.start - 1] == ":" else ""
    return Edit(entry.start, entry.end, space + _written(text, source[entry.start : entry.end]))


_LINE = regex(r"([^\r\n]*)(?:\r\n|\r|\n)?")
_COLON = regex(r":(?=[ \t]|$)")
_QUOTED = regex(r"""[ \t]*("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')""")
_REMARK = regex(r"[ \t]+#.*|[ \t]*$")
_HASH = regex(r"[ \t]#")
_BLOCK = regex(r"[|>][+-]?\d?[+-]?(?:[ \t]+#.*|[ \t]*)$")
_ITEM = regex(r"[ \t]*-(?:[ \t]+|$)")
#: What makes a plain text something else, at its beginning or anywhere.
_UNSAFE = regex(r"^[\s\-?:,\[\]{}#&*!|>'\"%@`]|: |:$| #|[\r\n]|\s$|^$")
#: Not words: https://yaml.org/type/bool.html and null.
_WORDLIKE = regex(r"(?:y|n|yes|no|on|off|true|false|null|~|[\d.+-].*)$", re.IGNORECASE)
_TOO_MUCH = "it is written in a way that is not read here; write it in one line"


def _belongs(line: Line, base: int) -> bool:
    """True for what stands below a key: further in, or an item of its list, which may stand as far out."""
    if line.is_blank or line.indent > base:
        return True
    return line.indent == base and line.raw.lstrip()[:2] in ("- ", "-")


def _key(raw: str) -> tuple[str, int] | None:
    """The key that a line begins with, and where its value begins."""
    indent = len(raw) - len(raw.lstrip(" "))
    quoted = _QUOTED.match(raw, indent)
    colon = _COLON.search(raw, quoted.end() if quoted else indent)
    if colon is None or raw[indent : indent + 2] == "- ":
        return None
    text = raw[indent : colon.start()].rstrip()
    if _HASH.search(text) or (not quoted and text[:1] in ("", *"#[]{},&*!|>%@`\t")):
        return None
    name = _unquoted(quoted[1]) if quoted else text
    end = colon.end()
    return (name, end + len(raw[end:]) - len(raw[end:].lstrip(" \t"))) if name is not None else None


def _entry(key: str, line: Line, position: int, below: tuple[Line, ...]) -> Entry:
    rest = line.raw[position:]
    nested = tuple([item for item in below if not item.is_blank]) if below else below
    start = line.begin + position
    entry = Entry(key, line.number, "", (), start, start, nested, False)
    if _REMARK.match(f" {rest}"):
        return _with_nested(entry, nested)
    if rest[0] in "\"'":
        found = _QUOTED.match(rest)
        text = _unquoted(found[1]) if found and _REMARK.fullmatch(rest, found.end()) else None
        if found is None or text is None or nested:
            return replace(entry, problem=_TOO_MUCH)
        return replace(entry, text=text, values=(text,) if text else (), end=start + found.end(), is_plain=True)
    if _BLOCK.match(rest):
        text = (" " if rest[0] == ">" else "\n").join(item.raw.strip() for item in below).strip()
        return replace(entry, text=text, values=(text,))
    if rest[0] == "[":
        values = _flow_list("\n".join([rest, *(item.raw.strip() for item in nested)]))
        return replace(entry, problem=_TOO_MUCH) if values is None else replace(entry, values=values)
    if rest[0] in "{&*!%@`":
        return replace(entry, problem=_TOO_MUCH)
    token = _without_remark(rest)
    text = " ".join([token, *(_without_remark(item.raw.strip()) for item in nested)])
    text = "" if text in ("~", "null") else text
    single = (text,) if text else ()
    return Entry(key, line.number, text, single, start, start + len(token), nested, is_plain=not nested)


def _with_nested(entry: Entry, nested: Sequence[Line]) -> Entry:
    """An entry with nothing behind its key: a list, a mapping (which is left to be read), or nothing."""
    if not nested:
        return replace(entry, is_plain=True)
    if not _ITEM.match(nested[0].raw):
        return entry
    values: list[list[str]] = []
    column = nested[0].indent
    for line in nested:
        item = _ITEM.match(line.raw) if line.indent == column else None
        if item is None:
            # A long item goes on in further lines.
            values[-1].append(line.raw.strip())
            continue
        rest = line.raw[item.end() :]
        text = "" if _BLOCK.match(rest) else _scalar(rest)
        if text is None:
            return replace(entry, problem=_TOO_MUCH)
        values.append([text])
    return replace(entry, values=tuple(text for parts in values if (text := " ".join(parts).strip())))


def _scalar(rest: str) -> str | None:
    if rest[:1] in ("'", '"'):
        found = _QUOTED.match(rest)
        return _unquoted(found[1]) if found and _REMARK.fullmatch(rest, found.end()) else None
    if rest[:1] in tuple("[{&*!%@`"):
        return None
    text = _without_remark(rest)
    return "" if text in ("~", "null") else text


def _flow_list(text: str) -> tuple[str, ...] | None:
    """The values of `[a, 'b']`, or None when it is no flat list that ends."""
    values: list[str] = []
    position, needs_value = 1, True
    while position < len(text):
        char = text[position]
        if char in " \t\n":
            position += 1
        elif char == "]":
            return tuple(values) if _REMARK.fullmatch(text, position + 1) else None
        elif char == ",":
            position, needs_value = position + 1, True
        elif not needs_value or char in "[{&*!":
            return None
        else:
            found = _QUOTED.match(text, position) or _FLOW_PLAIN.match(text, position)
            value = _unquoted(found[1]) if found else None
            if found is None or value is None:
                return None
            values.append(value.strip())
            position, needs_value = found.end(), False
    return None


_FLOW_PLAIN = regex(r"([^,\[\]{}\"'\n][^,\[\]{}\n]*)")


def _without_remark(text: str) -> str:
    remark = _HASH.search(text)
    return (text[: remark.start()] if remark else text).rstrip()


def _unquoted(token: str) -> str | None:
    """The text of a token, or None when its escapes are not those of JSON."""
    if token[:1] == "'":
        return token[1:-1].replace("''", "'")
    if token[:1] != '"':
        return token
    try:
        return as_text(json.loads(token, strict=False))
    except ValueError:
        return None


def _written(text: str, old: str) -> str:
    if old[:1] == '"':
        return json.dumps(text, ensure_ascii=False)
    is_other = _WORDLIKE.match(text) and not _WORDLIKE.match(old)
    if old[:1] == "'" or _UNSAFE.search(text) or is_other:
        return "'" + text.replace("'", "''") + "'"
    return text
