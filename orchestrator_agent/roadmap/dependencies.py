"""Dependency texts: "Phase 1.4 ✅, Work Streams 1-3, 6 (Redis)" becomes ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.roadmap.statuses import EMOJI, is_emoji

#: Words before an id that are no part of it.
KIND = (
    r"(?:phase|work[ _-]?stream|stream|task[ _-]?group|task|milestone|feature|package|story|step|track|epic|issue"
    r"|阶段)s?"
)
_KIND = re.compile(KIND + r"[ ._#:-]*(?=[\d#]|[A-Z]\b|[A-Z]+-?\d)", re.IGNORECASE)
_GROUP = re.compile(r"(?:batch|dependency level|level|milestone|phase|wave|sprint|stage)(?:es|s)? \d+(?:\.\d+)*$")
_ID = r"#?(?:[A-Za-z]{1,12}-?)?\d{1,9}(?:\.\d{1,9}){0,6}[a-z]?"
_WHOLE_ID = re.compile(_ID + "$")
_RANGE = re.compile(rf"({_ID}) ?(?:-|–|—|\.\.\.?|to|through) ?({_ID})$", re.IGNORECASE)
_GROUP_NAME = re.compile(r"[\W_]*((?:[A-Za-z]+ ){1,2}\d+(?:\.\d+)*)\b")
_NUMBER_END = re.compile(r"(.*?)(\d+)$")
_NONE = re.compile(r"(?:none|nothing|no (?:dependenc|prerequisite)\w+|n/a|nil|[-–—]+$|\[\]$)(?!\w)", re.IGNORECASE)
_ALL = re.compile(rf"all(?: the)?(?: (?:previous|prior|earlier|other|above))?(?: {KIND}| items)?$", re.IGNORECASE)
#: Words before what is meant.
_LEAD = re.compile(r"^(?:all|requires?|needs?|depends on|completion of|after) ", re.IGNORECASE)
_STATE_END = re.compile(r" (?:is |are )?(?:completed?|done|finished|ready)$", re.IGNORECASE)
_LINK = re.compile(r"\[([^\[\]]{1,300})\]\([^()\s]{0,500}\)")
_REMARK = re.compile(r" (?:[-–—:→]+|\||must|is|are|to be) ")
_FINISHED = re.compile(r"\b(?:completed?|done|finished|archived)\b", re.IGNORECASE)
_DOUBT = re.compile(
    r"\b(?:not|must|should|when|until|before|after|once|if|will|depends?|block\w*|needs?|wait\w*)\b", re.IGNORECASE
)
#: The most ids that one range or group may stand for, and that "all" may.
_WIDEST_RANGE = 250
_MOST_BEFORE = 1000


@dataclass(frozen=True, slots=True)
class Known:
    """What dependency texts can name."""

    #: Casefolded id -> id, in the order of the file.
    ids: Mapping[str, str]
    #: Casefolded name -> id, for names that stand once.
    names: Mapping[str, str] = field(default_factory=dict)
    #: "batch 1" -> ids of its members.
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    #: "283" -> "REQ-283", for numbers that stand once.
    numbers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, streams: Iterable[tuple[str, str, str | None]]) -> Known:
        """From the (id, name, group heading) of all work streams."""
        ids: dict[str, str] = {}
        names: dict[str, list[str]] = {}
        groups: dict[str, list[str]] = {}
        numbers: dict[str, list[str]] = {}
        for id_, name, group in streams:
            ids[id_.casefold()] = id_
            for text in {name.casefold(), name.casefold().partition(" (")[0]}:
                names.setdefault(text, []).append(id_)
            numbers.setdefault(re.sub(r"^[^\d]+", "", id_), []).append(id_)
            if group and (match := _GROUP_NAME.match(" ".join(group[:80].split()))):
                groups.setdefault(match[1].casefold(), []).append(id_)
        return cls(ids, _single(names), groups, _single(numbers))


def _single(found: Mapping[str, list[str]]) -> dict[str, str]:
    return {key: values[0] for key, values in found.items() if key and len(set(values)) == 1}


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What one dependency text says."""

    ids: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()
    #: Ids with a tick or "complete" behind them. Decoration, unless the file does not hold the id.
    ticked: frozenset[str] = frozenset()


def read_dependencies(text: str, known: Known, own_id: str) -> Dependencies:
    """The ids in `text`, the value of a field like Depends On.

    Args:
        known: the work streams of the file.
        own_id: the work stream that has the field; "all" leaves it and those behind it out.
    """
    ids: dict[str, None] = {}
    unresolved: list[str] = []
    ticked: set[str] = set()
    for number, piece in enumerate(_pieces(text[:20_000])):
        if _NONE.match(piece.main) and (number == 0 or _WHOLE_ID.match(piece.main) is None):
            break
        found = _resolve(piece.main, known, own_id)
        if found is None and piece.remark:
            parts = [_resolve_remark(part.main, known, own_id) for part in _pieces(piece.remark)]
            if parts and all(part is not None for part in parts):
                found = [id_ for part in parts if part for id_ in part]
        if found is None:
            unresolved.append(piece.main or piece.remark)
            continue
        ids.update(dict.fromkeys(found))
        if piece.ticked:
            ticked.update(found)
    return Dependencies(tuple(ids), tuple(item for item in unresolved if item), frozenset(ticked))


@dataclass(frozen=True, slots=True)
class _Piece:
    main: str
    #: What stands in round brackets.
    remark: str
    ticked: bool


def _pieces(text: str) -> list[_Piece]:
    """`text` at its commas, brackets taken apart."""
    pieces: list[_Piece] = []
    main: list[str] = []
    remark: list[str] = []
    depth = 0
    for char in _LINK.sub(r"\1", text) + ",":
        if char in ",;\n、，" and (depth == 0 or char == "\n"):
            _add_piece(pieces, "".join(main), "".join(remark))
            main, remark, depth = [], [], 0
        elif char in "()":
            depth = max(0, depth + (1 if char == "(" else -1))
        else:
            (remark if depth else main).append(char)
    if main or remark:  # an open bracket took the last comma in
        _add_piece(pieces, "".join(main), "".join(remark).removesuffix(","))
    return pieces


def _add_piece(pieces: list[_Piece], main: str, remark: str) -> None:
    ticked = any(EMOJI.get(char) is WorkStreamStatus.COMPLETE for char in main)
    said = _FINISHED.search(main) or _FINISHED.match(remark)
    ticked = ticked or (said is not None and _DOUBT.search(f"{main} {remark}") is None)
    words = "".join(" " if is_emoji(char) else char for char in main if char not in "*`~\ufe0f")
    words = " ".join(words.split()).strip(" .-–—:")
    if not words and (not main.strip() or any(is_emoji(char) for char in main)) and not remark.strip():
        return
    pieces.append(_Piece(words or main.strip(), " ".join(remark.split()), ticked))


def _resolve(text: str, known: Known, own_id: str) -> list[str] | None:
    """The ids that one piece names, or None when it names nothing."""
    found = _resolve_one(text, known, own_id)
    if found is not None:
        return found
    cut = _REMARK.search(text)
    if cut and (found := _resolve_one(text[: cut.start()].strip(), known, own_id)) is not None:
        return found
    parts = re.split(r" (?:and|&|\+) | ?/ ?", text)
    if len(parts) > 1 and len(parts) <= _WIDEST_RANGE:
        prefix = re.match(r"([A-Za-z]+-)\d", _without_kind(parts[0]))
        full = [f"{prefix[1]}{part}" if prefix and part.isdigit() else part for part in parts]
        groups = [_resolve_one(part, known, own_id) for part in full]
        if all(group is not None for group in groups):
            return [id_ for group in groups if group for id_ in group]
    return _leading_id(text, known)


def _resolve_remark(text: str, known: Known, own_id: str) -> list[str] | None:
    """As `_resolve` for what stands in brackets behind words that name nothing: "(MVP Work Stream 1 complete)"."""
    kind = _KIND.search(text)
    return _resolve(_STATE_END.sub("", text[kind.start() :] if kind else text), known, own_id)


def _without_kind(text: str) -> str:
    match = _KIND.match(text)
    return text[match.end() :] if match else text


def _resolve_one(text: str, known: Known, own_id: str) -> list[str] | None:
    key = text.casefold()
    if key in known.ids:
        return [known.ids[key]]
    if key in known.names:
        return [known.names[key]]
    if _ALL.match(text):
        return _before(known, own_id)
    text = _LEAD.sub("", text)
    if text.casefold() in known.names:
        return [known.names[text.casefold()]]
    rest = _without_kind(text)
    if rest.casefold() in known.ids:
        return [known.ids[rest.casefold()]]
    members = known.groups.get(re.sub(r"^(\w+?)(?:es|s) (?=\d)", r"\1 ", key), ())
    if 0 < len(members) <= _WIDEST_RANGE:
        return [id_ for id_ in members if id_ != own_id]
    if _GROUP.match(key) and key.startswith(("batch", "dependency", "level", "wave", "sprint", "stage")):
        return None
    if match := _RANGE.match(rest):
        return _expand(match[1], match[2], known)
    if _WHOLE_ID.match(rest):
        number = rest.lstrip("#")
        if number in known.numbers and (rest != text or rest.startswith("#")):
            return [known.numbers[number]]
        unknown = text if _WHOLE_ID.match(text) else number
        return [known.ids.get(number.casefold(), unknown)]
    return None


def _before(known: Known, own_id: str) -> list[str] | None:
    before: list[str] = []
    for id_ in known.ids.values():
        if id_ == own_id or len(before) > _MOST_BEFORE:
            break
        before.append(id_)
    return before if len(before) <= _MOST_BEFORE else None


def _expand(first: str, last: str, known: Known) -> list[str] | None:
    """The ids from `first` to `last`; the last number counts up."""
    low, high = _NUMBER_END.match(first.lstrip("#")), _NUMBER_END.match(last.lstrip("#"))
    if low is None or high is None or high[1] not in ("", low[1]):
        return None
    begin, end = int(low[2]), int(high[2])
    if not begin <= end <= begin + _WIDEST_RANGE:
        return None
    width = len(low[2]) if low[2].startswith("0") else 0
    ids = [f"{low[1]}{number:0{width}d}" for number in range(begin, end + 1)]
    return [known.ids.get(id_.casefold(), id_) for id_ in ids]


def _leading_id(text: str, known: Known) -> list[str] | None:
    """ "Phase 1.4 Registry": the id is meant when the word for its kind, or its form, leaves no doubt."""
    rest = _without_kind(text)
    word = rest.split(" ", 1)[0].rstrip(".:")
    doubtful = rest == text and word.isdigit()
    return [known.ids[word.casefold()]] if word.casefold() in known.ids and not doubtful else None


_MENTION = re.compile(
    rf"{KIND} ({_ID}(?: ?(?:,|-|–|to|and|&) ?{_ID}){{0,50}})|\b([A-Z]{{2,10}}-\d{{1,9}})\b", re.IGNORECASE
)


def finished_in(line: str, wanted: Iterable[str], known: Known) -> set[str]:
    """Those of `wanted` that a line of prose calls finished: "Work Streams 1-5 have been completed"."""
    if not _FINISHED.search(line) or _DOUBT.search(line):
        return set()
    named: set[str] = set()
    for match in _MENTION.finditer(" ".join(line[:2000].split())):
        for part in re.split(r" ?(?:,|\band\b|&) ?", match[1] or match[2]):
            found = _RANGE.match(part)
            named.update(_expand(found[1], found[2], known) or () if found else (part,))
    return named & set(wanted)
