"""Dependency texts: "Phase 1.4 ✅, Work Streams 1-3, 6 (Redis)" becomes ids."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, pairwise, product

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.known import NO_DEPENDENCIES, Dependencies, Known
from orchestrator_agent.roadmap.statuses import EMOJI, is_emoji
from orchestrator_agent.roadmap.versions import version_named

#: Words before an id that are no part of it.
KIND = (
    r"(?:phase|work[ _-]?stream|stream|task[ _-]?group|task|milestone|feature|package|(?:sub-?)?module|story|step|track"
    r"|epic|issue|prompt|chunk|slice|fase|etapa|tarefa|tarea|aufgabe|meilenstein|étape|tâche|阶段|步骤|任务|階段|步驟|任務|단계|작업|フェーズ"
    r"|этап|фаза|задача)s?"
)
#: Chinese numerals count, and are read as they stand.
NUMERAL = "[一二三四五六七八九十]{1,3}"
_KIND = regex(KIND + rf"[ ._#:-]*(?=[\d#]|[A-Z]\b|[A-Z]+-?\d|{NUMERAL}(?!\w))", re.IGNORECASE)
_NUMBER_FIRST = regex(rf"第({NUMERAL}|\d{{1,3}})(阶段|步骤|階段|步驟)|(?<!\d)(\d{{1,3}})(단계)")
_ONLY_GROUPS = ("batch", "dependency", "level", "wave", "sprint", "stage")
_GROUP = regex(r"(?:batch|dependency level|level|milestone|phase|wave|sprint|stage)(?:es|s)? \d+(?:\.\d+)*$")
_ID = r"#?(?:(?:[A-Za-z]{1,12}\d{0,3}-){1,3}|[A-Za-z]{1,12})?\d{1,9}(?:\.\d{1,9}){0,6}[a-z]?"
_WHOLE_ID = regex(_ID + "$")
_RANGE = regex(rf"({_ID}) ?(?:-|–|—|\.\.\.?|to|through) ?({_ID})$", re.IGNORECASE)
_NUMBER_END = regex(r"(.*?)(\d+)$")
_NONE = regex(
    r"[\[(_]*(?:none|nothing|no (?:dependenc|prerequisite)\w+|n/a|nil|nenhuma?|ninguna?|keine?|aucune?|无|没有|なし|"
    r"[-–—]+$|\]$)(?!\w)",
    re.IGNORECASE,
)
_ALL = regex(
    rf"(?:all|everything)(?: of)?(?: the)?(?: (?:previous|prior|earlier|other|above))?(?: {KIND}| items)?$",
    re.IGNORECASE,
)
_PREVIOUS = regex(rf"(?:the )?(?:previous|prior|preceding) (?:{KIND}|item|one)$", re.IGNORECASE)
#: Words before what is meant.
_LEAD = regex(
    rf"^(?:(?:all|everything)(?: of| in| from)?(?: the)?(?: {KIND} (?:of|in|from))?|requires?|needs?|depends on|"
    r"completion of|after) ",
    re.IGNORECASE,
)
#: What the texts that `_ALL`, `_PREVIOUS` and `_LEAD` find begin with.
_MAY_LEAD = ("all", "everything", "the ", "pr", "require", "need", "depends on", "completion of", "after")
_STATE_END = regex(r" (?:is |are )?(?:completed?|done|finished|ready|green|merged)$", re.IGNORECASE)
_COMMA = regex(r"[,;\n、，]")
_LINK = regex(r"\[([^\[\]]{1,300})\]\([^()\s]{0,500}\)")
_NO_MARKUP = dict.fromkeys(map(ord, "*`~\ufe0f"))
_AND = regex(r" (?:and|&|\+|plus|e|und|et|y) | ?/ ?", re.IGNORECASE)
_SLASHES = regex(rf"(\b(?:{KIND}|stages?|sprints?) ?#?)(\d{{1,4}}(?:/\d{{1,4}})+)(?= [a-z])", re.IGNORECASE)
#: "1 → 2": 2 comes after 1.
ARROW = regex(r" ?(?:[→⇒⟶➜►▶]|[-=─━]{1,9}[>►▶]) ?")
#: "2 or 3" leaves a choice, and what is needed is not known until somebody has made it.
OR = r"(?: (?:and ?/ ?)?(?:or|oder|ou|o) |(?<=\S)\s*或者?\s*)"
_OR = regex(OR, re.IGNORECASE)
_COMMA_OR = regex(r"[,;，、]\s*(?=or |oder |ou |或)", re.IGNORECASE)
_OR_FIRST = regex(r"(?:(?:or|oder|ou) |或)", re.IGNORECASE)
_BESIDE = regex(r"(?:(?:can|may) )?(?:be (?:done|built) |runs? |start )?(?:in )?parallel (?:to|with) ", re.IGNORECASE)
#: What comes from other work is there when that is done: "route estimates from K1", "the schema in Phase 2".
_SOURCE = regex(
    rf" (?:from|in|by|(?:out(?:put|come)|result)s? of) (?:the )?"
    rf"((?i:{KIND}) #?\d[\w.]{{0,20}}|[A-Z]{{1,12}}-?\d[\w.-]{{0,20}})$"
)
_REMARK = regex(r" (?:[-–—:→]+|\||must|is|are|to be) ")
_FINISHED = regex(r"\b(?:completed?|done|finished|archived)\b", re.IGNORECASE)
#: In a list of what is needed "Phase 1 complete" asks for it; "Phase 1 - complete" and "Phase 1 is done" tell.
_TOLD = regex(
    r"(?:[-–—:|(\[]|\b(?:is|are|was|were|already|been|all)\b)[ *_`]*(?:completed?|done|finished|archived)\b",
    re.IGNORECASE,
)
_DOUBT = regex(
    r"\b(?:not|must|should|when|until|before|after|once|if|will|depends?|block\w*|needs?|wait\w*|in progress|ongoing|"
    r"pending|planned|remain\w*|next)\b|\b(?:dependenc|prerequisit)\w*[ *_]*[:：]",
    re.IGNORECASE,
)
#: The most ids that one range or group may stand for, and that "all" may.
_WIDEST_RANGE = 250
_MOST_BEFORE = 1000
#: The most pairs of ids that one chain may put in order; what has a longer one waits for all of it.
_MOST_PAIRS = 100


def number_last(text: str) -> str:
    """ "第一阶段" as "阶段一 ", "1단계" as "단계1": the length stays, so that offsets do."""
    return text if text.isascii() else _NUMBER_FIRST.sub(_kind_first, text)


def _kind_first(match: re.Match[str]) -> str:
    return f"{match[2]}{match[1]} " if match[2] else f"{match[4]}{match[3]}"


def read_dependencies(text: str, known: Known, own_id: str) -> Dependencies:
    """The ids in `text`, the value of a field like Depends On.

    Args:
        known: the work streams of the file.
        own_id: the work stream that has the field; "all" leaves it and those behind it out.
    """
    if not text:
        return NO_DEPENDENCIES
    found = known.read.get((text, own_id))
    if found is None:
        found = known.read[text, own_id] = _read(text, known, own_id)
    return found


def _read(text: str, known: Known, own_id: str) -> Dependencies:
    ids: dict[str, None] = {}
    unresolved: list[str] = []
    ticked: set[str] = set()
    order: list[tuple[str, str]] = []
    text = number_last(text[:20_000])
    if "/" in text:
        text = _SLASHES.sub(lambda match: ", ".join(f"{match[1]}{part}" for part in match[2].split("/")), text)
    for number, piece in enumerate(_pieces(_COMMA_OR.sub(" ", text))):
        if _NONE.match(piece.main) and (number == 0 or _WHOLE_ID.match(piece.main) is None):
            break
        if (not piece.main and _NONE.match(piece.remark)) or _BESIDE.match(piece.main):
            continue
        found = _resolve_piece(piece, known, own_id, unresolved, order)
        if found is None:
            unresolved.append(piece.main or piece.remark)
            continue
        ids.update(dict.fromkeys(found))
        if piece.ticked:
            ticked.update(found)
    return Dependencies(tuple(ids), tuple(item for item in unresolved if item), frozenset(ticked), tuple(order))


def _resolve_piece(
    piece: _Piece, known: Known, own_id: str, rest: list[str], order: list[tuple[str, str]]
) -> list[str] | None:
    """The ids that are needed by what stands between two commas, or None when that is no work of the plan."""
    if leaves_choice(piece.main, known):
        return None
    if steps := _chain(piece.main, known, own_id, rest):
        if sum(len(earlier) * len(later) for earlier, later in pairwise(steps)) > _MOST_PAIRS:
            return [id_ for id_ in dict.fromkeys(chain.from_iterable(steps)) if id_ != own_id]
        order += [pair for earlier, later in pairwise(steps) for pair in product(earlier, later)]
        own = next((place for place, step in enumerate(steps) if own_id in step), len(steps))
        return steps[own - 1] if own else []
    found = _resolve(piece.main, known, own_id, rest)
    if found is None and piece.remark:
        parts = [_resolve_remark(part.main, known, own_id) for part in _pieces(piece.remark)]
        if parts and all(part is not None for part in parts):
            return [id_ for part in parts if part for id_ in part]
    return _told_id(piece.main, known) if found is None and piece.ticked else found


def _told_id(text: str, known: Known) -> list[str] | None:
    """An id that the plan does not have, with its kind before it: "Phase 2.0 Groundwork" of one that is done."""
    rest = _without_kind(text, known)
    word = rest.split(" ", 1)[0].rstrip(".:")
    return [word] if rest != text and _WHOLE_ID.match(word) else None


def leaves_choice(text: str, known: Known) -> bool:
    """True for "Phase 2 or 3", and not for a name with "or" in it."""
    parts = _OR.split(text)
    if len(parts) == 1 or _resolve_one(text, known, "") is not None:
        return False
    first = _resolve_one(_STATE_END.sub("", parts[0]), known, "")
    return first is not None or any(_resolve_loosely(part, known, "") is not None for part in parts[1:])


def _chain(text: str, known: Known, own_id: str, rest: list[str]) -> list[list[str]]:
    """The ids of each step of "1 → 2 → 3", nothing where there is no chain; steps that name no work go to `rest`."""
    parts = ARROW.split(text, _WIDEST_RANGE)
    if len(parts) == 1 or _resolve_one(text, known, own_id) is not None:
        return []
    besides: list[str] = []
    found = [(part, _resolve(part, known, own_id, besides)) for part in parts]
    if not all(step for _, step in found[:2]):
        return []  # what stands behind the arrow is a remark
    rest += [*besides, *(part for part, step in found if not step)]
    return [step for _, step in found if step]


@dataclass(frozen=True, slots=True)
class _Piece:
    main: str
    #: What stands in round brackets.
    remark: str
    ticked: bool


def _pieces(text: str) -> list[_Piece]:
    """`text` at its commas, brackets taken apart."""
    pieces: list[_Piece] = []
    if "(" not in text and ")" not in text:
        for part in _COMMA.split(text):
            _add_piece(pieces, part, "")
        return pieces
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
    pictured = not main.isascii()
    ticked = pictured and any(EMOJI.get(char) is WorkStreamStatus.COMPLETE for char in main)
    said = _TOLD.search(main) or _FINISHED.match(remark) or (version_named(main) and _FINISHED.search(main))
    ticked = ticked or (bool(said) and _DOUBT.search(f"{main} {remark}") is None)
    words = main.translate(_NO_MARKUP)
    words = "".join(" " if is_emoji(char) else char for char in words) if pictured else words
    words = " ".join(words.split()).strip(" .-–—:")
    if _OR_FIRST.match(remark):
        words, remark = f"{words} {' '.join(remark.split())}", ""
    if not words and (not main.strip() or any(is_emoji(char) for char in main)) and not remark.strip():
        return
    pieces.append(_Piece(words or main.strip(), " ".join(remark.split()), ticked))


def _resolve(text: str, known: Known, own_id: str, rest: list[str]) -> list[str] | None:
    """The ids that one piece names, or None when it names nothing.

    Args:
        rest: what is needed beside these ids and is none is put here: "legal review" of "Phase 1 and legal review".
    """
    found = _resolve_one(text, known, own_id)
    if found is not None:
        return found
    parts = _AND.split(text)
    prefix = re.match(r"([A-Za-z]+-)\d", _without_kind(parts[0], known))
    full = [f"{prefix[1]}{part}" if prefix and part.isdigit() else part for part in parts[:_WIDEST_RANGE]]
    groups = [_resolve_loosely(part, known, own_id) for part in full]
    if groups[0] is None:
        return None
    if len(full) > 1 and _resolve_one(_STATE_END.sub("", full[0]), known, own_id) is not None:
        # Behind an id with a name, "and" may well belong to that name.
        rest += [part for part, group in zip(full, groups, strict=True) if group is None]
    return [id_ for group in groups if group for id_ in group]


def _resolve_loosely(text: str, known: Known, own_id: str) -> list[str] | None:
    """As `_resolve_one`, for text with words behind what it names."""
    cut = _REMARK.search(text)
    for shorter in dict.fromkeys((text, _STATE_END.sub("", text), text[: cut.start()].strip() if cut else "")):
        if shorter and (found := _resolve_one(shorter, known, own_id)) is not None:
            return found
    if (found := _leading_id(text, known)) is not None:
        return found
    source = _SOURCE.search(text)
    if source and (found := _resolve_one(source[1], known, own_id)) is not None:
        return found
    version = version_named(text)
    return [version] if version else None


def _resolve_remark(text: str, known: Known, own_id: str) -> list[str] | None:
    """As `_resolve` for what stands in brackets behind words that name nothing: "(MVP Work Stream 1 complete)"."""
    kind = _KIND.search(text)
    rest: list[str] = []
    found = _resolve(_STATE_END.sub("", text[kind.start() :] if kind else text), known, own_id, rest)
    return None if rest else found


def _without_kind(text: str, known: Known) -> str:
    if match := _KIND.match(text):
        return text[match.end() :]
    word, _, rest = text.partition(" ")
    return rest if rest and word.casefold().removesuffix("s") in known.kinds else text


def _resolve_one(text: str, known: Known, own_id: str) -> list[str] | None:
    key = text.casefold()
    if key in known.ids:
        return [known.ids[key]]
    if key in known.names:
        return [known.names[key]]
    if key.startswith(_MAY_LEAD):
        if _ALL.match(text):
            return _before(known, own_id)
        if _PREVIOUS.match(text):
            return (_before(known, own_id) or [])[-1:] or None
        text = _LEAD.sub("", text)
        if text.casefold() in known.names:
            return [known.names[text.casefold()]]
    rest = _without_kind(text, known)
    if rest == text and rest.casefold() in known.ids:
        return [known.ids[rest.casefold()]]
    key = text.casefold()
    members = known.groups.get(re.sub(r"^(\w+?)(?:es|s) (?=\d)", r"\1 ", key), ()) if known.groups else ()
    if 0 < len(members) <= _WIDEST_RANGE and own_id not in members:
        return [id_ for id_ in members if id_ != own_id]
    if rest.casefold() in known.ids:
        return [known.ids[rest.casefold()]]
    if not any(map(str.isdigit, rest[-2:])):
        return None  # neither a group nor an id
    if rest == text and _GROUP.match(key) and key.startswith(_ONLY_GROUPS):
        return None
    return _by_number(text, rest, known, own_id)


def _by_number(text: str, rest: str, known: Known, own_id: str) -> list[str] | None:
    """What a range or an id names; `rest` is `text` without the kind of work before it."""
    match = _RANGE.match(rest)
    if several := _between(rest, known) or (_expand(match[1], match[2], known) if match else None):
        return [id_ for id_ in several if id_ != own_id]
    if not _WHOLE_ID.match(rest):
        return None
    number = rest.lstrip("#")
    if number in known.numbers and (rest != text or rest.startswith("#")):
        return [known.numbers[number]]
    unknown = text if _WHOLE_ID.match(text) else number
    return [known.ids.get(number.casefold(), unknown)]


_SPAN = regex(r"(\S{1,40}\d) ?(?:–|—|\.\.\.?|to|through) ?(\S{0,40}\d)$")


def _between(text: str, known: Known) -> list[str] | None:
    """The ids from one of the plan to another: "P2.1-T01–T04"."""
    match = _SPAN.match(text)
    first = known.ids.get(match[1].casefold()) if match else None
    if match is None or first is None:
        return None
    ends = (f"{first[:count]}{match[2]}".casefold() for count in range(len(first)))
    last = next((known.ids[end] for end in ends if end in known.ids), None)
    low, high = _NUMBER_END.match(first), _NUMBER_END.match(last or "")
    if low is None or high is None or low[1] != high[1]:
        return None
    inside = (_NUMBER_END.match(id_) for id_ in known.order)
    return [m[0] for m in inside if m and m[1] == low[1] and int(low[2]) <= int(m[2]) <= int(high[2])][:_WIDEST_RANGE]


def _before(known: Known, own_id: str) -> list[str] | None:
    place = known.places.get(own_id, len(known.order))
    return list(known.order[:place]) if place <= _MOST_BEFORE else None


def _expand(first: str, last: str, known: Known) -> list[str] | None:
    """The ids from `first` to `last`; the last number counts up."""
    low, high = _NUMBER_END.match(first.lstrip("#")), _NUMBER_END.match(last.lstrip("#"))
    if low is None or high is None or high[1] not in ("", low[1]):
        return None
    begin, end = int(low[2]), int(high[2])
    width = len(low[2]) if low[2].startswith("0") else 0
    if not begin <= end <= begin + _WIDEST_RANGE or (high[2].startswith("0") and len(high[2]) != width):
        return None  # "M3-05" is an id
    ids = [f"{low[1]}{number:0{width}d}" for number in range(begin, end + 1)]
    hashed = "#" if first.startswith("#") else ""
    keys = [(id_, id_.casefold()) for id_ in ids]
    return [known.ids.get(hashed + key) or known.ids.get(key) or known.names.get(key, id_) for id_, key in keys]


def _leading_id(text: str, known: Known) -> list[str] | None:
    """ "Phase 1.4 Registry": the id is meant when the word for its kind, or its form, leaves no doubt."""
    rest = _without_kind(text, known)
    word = rest.split(" ", 1)[0].rstrip(".:")
    doubtful = rest == text and word.isdigit()
    return [known.ids[word.casefold()]] if word.casefold() in known.ids and not doubtful else None


_MENTION = regex(rf"{KIND} ({_ID}(?: ?(?:,|-|–|to|and|&) ?{_ID}){{0,50}})|\b([A-Z]{{2,10}}-\d{{1,9}})\b", re.IGNORECASE)


#: "Complete Phase 5" is a task.
_TO_FINISH = regex(rf"\b(?:complete|finish|archive) (?:all |the )?{KIND}\b", re.IGNORECASE)


def finished_in(line: str, wanted: Iterable[str], known: Known) -> set[str]:
    """Those of `wanted` that a line of prose calls finished: "Work Streams 1-5 have been completed"."""
    if not _FINISHED.search(line) or _DOUBT.search(line) or _TO_FINISH.search(line):
        return set()
    named: set[str] = set()
    for match in _MENTION.finditer(" ".join(line[:2000].split())):
        for part in re.split(r" ?(?:,|\band\b|&) ?", match[1] or match[2]):
            found = _RANGE.match(part)
            named.update(_expand(found[1], found[2], known) or () if found else (part,))
    return named & set(wanted)
