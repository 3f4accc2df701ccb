"""How one file writes each status, so that what we write looks like what is there."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.document import Document, Edit, Kind, once, words_of
from orchestrator_agent.roadmap.drafts import Place
from orchestrator_agent.roadmap.fields import LEGEND, LEGEND_WORDS
from orchestrator_agent.roadmap.plan_format import Found
from orchestrator_agent.roadmap.statuses import (
    BOXES,
    CIRCLES,
    DEFAULT_BOXES,
    DEFAULT_EMOJI,
    DEFAULT_WORDS,
    EMOJI,
    UNCIRCLED_EMOJI,
    VARIATION,
    WORDS,
    is_box,
    is_emoji,
    read_box,
    read_legend,
    read_mark,
)


@once
def legend_of(document: Document) -> Mapping[str, WorkStreamStatus]:
    """What emoji mean in this file by its own legend: a section or a paragraph that is called so."""
    legend: dict[str, WorkStreamStatus] = {}
    if not any(map(words_of(document).__contains__, LEGEND_WORDS)):
        return legend
    section = paragraph = False
    for line in document.lines:
        if line.kind is Kind.HEADING:
            section, paragraph = bool(LEGEND.match(line.content)), False
        elif line.kind in (Kind.TEXT, Kind.ITEM):
            paragraph = paragraph or bool(LEGEND.match(line.content))
            if section or paragraph:
                for emoji, status in read_legend(line.content).items():
                    legend.setdefault(emoji, status)
        elif line.kind is Kind.BLANK:
            paragraph = paragraph and not legend
    return legend


class Vocabulary:
    """The marks of one file by kind of place and status."""

    def __init__(
        self, places: Iterable[Place], legend: Mapping[str, WorkStreamStatus], *, circles: bool = True
    ) -> None:
        """As the class says.

        Args:
            circles: a coloured circle before a name is read as a status.
        """
        self._counts: dict[tuple[str, WorkStreamStatus], Counter[str]] = defaultdict(Counter)
        self._words: dict[str, list[str]] = defaultdict(list)
        self._legend = legend
        self._defaults = DEFAULT_EMOJI if circles else UNCIRCLED_EMOJI
        for place in places:
            if place.status is not None and _is_exemplary(place):
                self._counts[place.kind, place.status][place.example] += 1
            if place.status is not None and place.kind in ("field", "ending", "remark", "label"):
                self._words[place.kind].append(place.example)

    def mark(self, kind: str, status: WorkStreamStatus) -> str:
        """The text for `status` at a place of that kind: the file's most used one, else one in its style.

        Raises:
            RoadmapError: a box of a checklist has no mark for it.
        """
        if counts := self._counts.get((kind, status)):
            return counts.most_common(1)[0][0]
        if kind == "box":
            if status not in DEFAULT_BOXES:
                raise RoadmapError(f"A checklist has no mark for {status.value}; change or remove that line yourself.")
            return DEFAULT_BOXES[status]
        emoji = self._emoji(status)
        examples = self._words[kind]
        wordless = bool(examples) and not any(char.isalpha() for example in examples for char in example)
        if kind == "emoji" or (kind == "ending" and wordless and emoji[0] not in CIRCLES):
            return emoji
        words = _in_case_of(examples, DEFAULT_WORDS[status])
        with_emoji = not examples or any(any(map(is_emoji, example)) for example in examples)
        return f"{emoji} {words}" if with_emoji else words

    def box_beside_words(self, status: WorkStreamStatus) -> str:
        """What a box holds when words elsewhere say the status: the file's own mark, else nothing until it is done."""
        if ("box", status) in self._counts or status is WorkStreamStatus.COMPLETE:
            return self.mark("box", status)
        return " "

    def _emoji(self, status: WorkStreamStatus) -> str:
        """The emoji that this file uses for `status`."""
        seen: Counter[str] = Counter()
        for kind in ("emoji", "field", "ending", "remark"):
            for example, count in self._counts.get((kind, status), {}).items():
                if example and is_emoji(example[0]):
                    seen[example.split(" ")[0] if kind != "emoji" else example] += count
        if seen:
            return seen.most_common(1)[0][0]
        for emoji, meaning in self._legend.items():
            if meaning is status:
                return emoji
        return self._defaults[status]


def box_places(document: Document) -> list[Place]:
    """All boxes of a document, those of tasks too: examples of its marks."""
    return [
        Place("box", line.box_start, line.box_start + len(line.box), line.box, read_box(line.box)[0])
        for line in document.lines
        if line.box is not None and is_box(line.box)
    ]


_STATED = regex(
    r"[*_`]{0,3}(?:allowed |valid )?(?:status|state)(?:e?s)?(?: values?)?[*_`]{0,3}[ ]?[:：]", re.IGNORECASE
)
_CODE = regex(r"`([^`]{2,40})`")


def stated_words(document: Document) -> list[Place]:
    """The words that a plan allows for statuses: "Status values: `TODO`, `DONE`" stands for an example of each."""
    places = []
    for line in document.lines:
        if line.kind in (Kind.TEXT, Kind.ITEM) and _STATED.match(line.content):
            words = [(match[1], read_mark(match[1], {})) for match in _CODE.finditer(line.content)]
            if len(words) > 1 and all(mark is not None for _, mark in words):
                places += [Place("field", line.start, line.end, word, mark.status) for word, mark in words if mark]
    return places


def replace_marks(
    document: Document, found: Found, changes: Mapping[str, WorkStreamStatus], vocabulary: Vocabulary
) -> list[Edit]:
    """Edits for all places of the work streams in `changes`.

    Raises:
        RoadmapError: one of them has no place for a status.
    """
    edits = []
    for id_, status in changes.items():
        places = found.places.get(id_)
        if not isinstance(places, tuple) or not places:
            raise RoadmapError(
                f"{document.path}: {id_[:80]} has no status line; add one below its heading, for example "
                f'"- **Status:** {vocabulary.mark("field", WorkStreamStatus.NOT_STARTED)}".'
            )
        for place in places:
            if place.status is status:
                continue
            beside = place.kind == "box" and any(other.kind != "box" for other in places)
            text = vocabulary.box_beside_words(status) if beside else vocabulary.mark(place.kind, status)
            if place.start == place.end and document.text[place.start - 1] not in " \t":
                text = f" {text}"
            if place.start == place.end and document.text.startswith("|", place.end):
                text = f"{text} "
            edits.append(Edit(place.start, place.end, text))
    return edits


def _is_exemplary(place: Place) -> bool:
    """False for marks with remarks in them, which nobody wants to see elsewhere."""
    if place.kind == "box":
        return BOXES.get(place.example.replace(VARIATION, "")) is place.status
    letters = "".join(" " if is_emoji(char) else char for char in place.example if char not in "*_`\ufe0f")
    words = " ".join(letters.replace("-", " ").casefold().split())
    return words in WORDS or (not words and any(char in EMOJI for char in place.example))


def _in_case_of(examples: list[str], words: str) -> str:
    letters = [example for example in examples if any(char.isalpha() for char in example)]
    if any("_" in example for example in letters):
        words = words.replace(" ", "_")
    if letters and all(example.isupper() for example in letters):
        return words.upper()
    if letters and all(example.islower() for example in letters):
        return words.lower()
    return words
