"""The words, emoji and box marks by which plans say how far work is.

Words decide; an emoji alone counts as the file's own legend says, else by its common meaning.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex

NOT_STARTED = WorkStreamStatus.NOT_STARTED
IN_PROGRESS = WorkStreamStatus.IN_PROGRESS
COMPLETE = WorkStreamStatus.COMPLETE
BLOCKED = WorkStreamStatus.BLOCKED
CANCELLED = WorkStreamStatus.CANCELLED

_PHRASES: dict[WorkStreamStatus, str] = {
    NOT_STARTED: """not started; not yet started; not begun; todo; to do; pending; open; ready; backlog; planned;
        available; ready to start; ready for dev; ready for development; approved; new; queued; scheduled; unstarted;
        specced; ready for agent; ready for work; ready for implementation; ready to implement; ready to build;
        待实施; 待进行; 未开始; 待开始; 待办; 待处理; 计划中; 未着手; pendente; a fazer; não iniciado;
        não iniciada; pendiente; por hacer; offen; geplant; nicht begonnen; à faire; en attente; не начато; не начат;
        запланировано; к выполнению; da fare; non iniziato; chưa bắt đầu; chưa làm; 未開始; 待開始; 待辦; 待處理;
        待實施; 計劃中; 規劃中; 予定; 미착수; 시작 전; 대기; 대기 중; 예정; 할 일""",
    IN_PROGRESS: """in progress; inprogress; active; wip; work in progress; started; ongoing; review;
        in review; under review; ready for review; needs review; awaiting review; pending review; code review; testing;
        in testing; in qa; ready for qa; ready for testing; ready for test; ready for merge; ready to merge;
        ready for deployment; ready for deploy; ready to deploy; ready for release; ready to release; hooked; partial;
        partially complete; partly done; doing; working; needs manual testing; needs testing; not tested; not complete;
        not done; incomplete; unfinished; implementing; in development; in flight; pr open; underway; under way;
        进行中; 開発中; 進行中; 开发中; em andamento; em progresso; en curso;
        en progreso; in arbeit; en cours; в работе; в процессе; выполняется; in corso; đang làm; đang thực hiện;
        部分完成; 測試中; 测试中; 開發中; 작업 중; 진행 중; 진행중; 개발 중""",
    COMPLETE: """complete; completed; done; finished; shipped; merged; resolved; fixed; closed; implemented; delivered;
        released; verified; deployed; landed; validated;
        已完成; 完成; 完了; concluído; concluída; feito; completado; completada; hecho; erledigt;
        fertig; abgeschlossen; terminé; terminée; fait; готово; выполнено; завершено; сделано; completato; completata;
        fatto; hoàn thành; đã hoàn thành; 已交付; 已上线; 已上線; 已实现; 已實現; 완료; 완료됨""",
    BLOCKED: """blocked; parked; on hold; hold; paused; deferred; postponed; shelved; waiting; stuck; pending approval;
        awaiting approval; ready for human; needs human; needs human input; needs user; awaiting user;
        阻塞; 已阻塞; 暂停; 已暂停;
        bloqueado; bloqueada; blockiert; zurückgestellt; bloqué; bloquée; заблокировано; отложено; bloccato; sospeso;
        bị chặn; tạm hoãn; 暫停; 已暫停; 搁置; 擱置; 延后; 延後; 保留; 보류; 차단""",
    CANCELLED: """cancelled; canceled; out of scope; dropped; rejected; won't fix; wont fix; obsolete; n/a; banished;
        abandoned; superseded; superseded by; replaced by; moved to; duplicate of; duplicate; not needed;
        no longer needed; won't do; wont do; not doing; descoped; deprecated; not planned; skipped; skip;
        取消; 已取消; cancelado; cancelada;
        abgebrochen; annulé; annulée; отменено; annullato; annullata; đã hủy; 已放弃; 已放棄; 中止; 취소; 취소됨""",
}
WORDS: dict[str, WorkStreamStatus] = {
    " ".join(phrase.split()): status for status, phrases in _PHRASES.items() for phrase in phrases.split(";")
}
#: Words that say a status where nothing else is said; in a name they are words like others.
ALONE: dict[str, WorkStreamStatus] = {
    **dict.fromkeys(("next", "up next", "next up", "proposed"), NOT_STARTED),
    **dict.fromkeys(("current", "claimed"), IN_PROGRESS),
    **dict.fromkeys(("later", "future"), BLOCKED),
}
_LONGEST = max(phrase.count(" ") + 1 for phrase in WORDS)
_LONGEST_ALONE = 12  # characters
#: Words of a block that are a decision of somebody and not just a wait for dependencies.
_DECISIONS = ("parked", "on hold", "hold", "paused", "deferred", "postponed", "shelved")
#: Before or after "complete" these say that something is missing.
_DOUBT = {"mostly", "nearly", "almost", "partially", "partly", "not", "except", "but", "pending", "needs", "awaiting"}
#: Most texts that may be a status are none by their first word.
_BEGINNINGS = frozenset(phrase.partition(" ")[0] for phrase in WORDS) | _DOUBT

EMOJI: dict[str, WorkStreamStatus] = {
    **dict.fromkeys("⚪⬜◻🔲☐🆕📋⏳🔜", NOT_STARTED),
    **dict.fromkeys("🟡🔄🚧🏗🟠🔵🔨", IN_PROGRESS),
    **dict.fromkeys("✅☑✔🟢✓", COMPLETE),
    **dict.fromkeys("🔴⛔🚫⏸🛑🔒💤", BLOCKED),
    **dict.fromkeys("⚫❌🗑", CANCELLED),
}
#: Behind a name, without words, these are a severity as often as a status.
CIRCLES = frozenset("🔴🟠🟡🟢🔵🟣🟤⚪⚫")
#: How a status is written in a file that has no example of it.
DEFAULT_EMOJI = {NOT_STARTED: "⚪", IN_PROGRESS: "🔄", COMPLETE: "✅", BLOCKED: "🔴", CANCELLED: "⚫"}
#: The same where a circle would be no status.
UNCIRCLED_EMOJI = {**DEFAULT_EMOJI, NOT_STARTED: "⏳", BLOCKED: "⛔", CANCELLED: "❌"}
DEFAULT_WORDS = {
    NOT_STARTED: "Not Started",
    IN_PROGRESS: "In Progress",
    COMPLETE: "Complete",
    BLOCKED: "Blocked",
    CANCELLED: "Cancelled",
}

BOXES: dict[str, WorkStreamStatus] = {
    " ": NOT_STARTED,
    **dict.fromkeys("xX✅✔✓", COMPLETE),
    **dict.fromkeys("~-/⚙", IN_PROGRESS),
    **dict.fromkeys("!?>", BLOCKED),
}
_BOX_REASONS = {"?": "an open question", ">": "deferred"}
DEFAULT_BOXES = {NOT_STARTED: " ", IN_PROGRESS: "~", COMPLETE: "x", BLOCKED: "!"}

VARIATION = "\ufe0f"
_JOINER = "\u200d"
_JOINING = f"\ufe0e{VARIATION}{_JOINER}"
_MARKUP = "*_`~"
_WORD = regex(r"[^\W_][\w'’/.-]*[^\W_]|[^\W_]|n/a", re.IGNORECASE)
#: What ends the words of a status; the rest is a remark.
_END = regex(r"[|(;,.:：]|\s[-–—]{1,3}\s")
#: The most characters that status words are looked for in.
_WIDTH = 300
_PERCENT = regex(r"~?(\d{1,3}) ?%(?: (?:completed?|done))?$", re.IGNORECASE)
#: What was said before, in front of what is said now.
_CROSSED = regex(r"[ \t]*~~[^~]{1,80}~~[ \t]*(?=[^ \t|(])")
#: A date, a version, an issue or a change behind a status.
_WHEN = regex(
    r"(?:[-–—,:(]\s*)?(?:(?:in|on|by|via|with|as of|since|see) +)?(?:the +)?"
    r"(?:#\d|PR\b|MR\b|commit\b|v\d|\d+[.:/-]\d[\d.:/-]*(?!\w)|20\d\d\b)",
    re.IGNORECASE,
)
#: Longer texts are not remembered.
_SHORT = 60
_SHARE = regex(r"\s*\(\s*~?\d{1,3}\s*%[^()|]{0,40}\)")


@dataclass(frozen=True, slots=True)
class Mark:
    """A status as some text gives it."""

    status: WorkStreamStatus
    #: Offsets in that text of what a new status replaces.
    start: int
    end: int
    #: The reason written behind a "blocked", or None.
    reason: str | None = None
    #: The emoji before or behind the words, without its variation selector; empty when there is none.
    emoji: str = ""
    #: Offset behind the status itself, where `end` also takes in the reason of a block.
    core_end: int = 0
    #: True when words gave the status.
    worded: bool = False


def is_emoji(char: str) -> bool:
    """True for pictures, whether or not they are in the table."""
    return char > "\u2000" and (char in EMOJI or unicodedata.category(char) == "So")


def skip_emoji(text: str, position: int) -> int:
    """The offset behind the emoji at `position`: its variation selector, joiners and skin tones included."""
    position += 1
    while position < len(text) and (text[position] in _JOINING or unicodedata.category(text[position]) == "Sk"):
        position += 1 + (text[position] == _JOINER and position + 1 < len(text))
    return position


def read_mark(text: str, legend: Mapping[str, WorkStreamStatus]) -> Mark | None:
    """The status at the beginning of `text`, the value of a field or the end of a heading; None when there is none.

    Args:
        text: for example "🔴 Blocked - waiting for legal" or "✅ **DONE** | Agent: @x".
        legend: what emoji mean in this file.
    """
    if len(text) <= _SHORT:
        return _read_mark_once(text, tuple(legend.items()))
    return _read_mark(text, legend)


@lru_cache(maxsize=1024)  # a plan writes few statuses, and these again and again
def _read_mark_once(text: str, legend: tuple[tuple[str, WorkStreamStatus], ...]) -> Mark | None:
    return _read_mark(text, dict(legend))


def _read_mark(text: str, legend: Mapping[str, WorkStreamStatus]) -> Mark | None:
    crossed = _CROSSED.match(text) if "~~" in text else None
    start = _skip(text, crossed.end() if crossed else 0, f" \t{_MARKUP}[")
    position, end, emoji = start, start, ""
    while position < min(len(text), _WIDTH) and is_emoji(text[position]):
        emoji = emoji or text[position]
        end = skip_emoji(text, position)
        position = _skip(text, end, f" \t{_MARKUP}")
    found = _read_words(text, position)
    if found is not None:
        status, end, reason = found
        first = _WORD.match(text, position)
        core_end = first.end() if first else end
        tail = _skip(text, end, f" \t{_MARKUP}")
        if tail < len(text) and is_emoji(text[tail]):
            emoji, end = emoji or text[tail], skip_emoji(text, tail)
        core_end = end if reason is None else core_end
        return Mark(status, start, _close_markup(text, start, end), reason, emoji, core_end, True)
    if alone := ALONE.get(text[position : position + _LONGEST_ALONE + 1].rstrip(f" \t{_MARKUP}]").casefold()):
        return Mark(alone, start, _close_markup(text, start, len(text.rstrip())), None, emoji, len(text), True)
    if share := _PERCENT.match(text, position):
        return Mark(_status_of(int(share[1])), start, share.end(), None, emoji, share.end(), True)
    if emoji and (meaning := legend.get(emoji, EMOJI.get(emoji))):
        stop = _END.search(text, position, position + _WIDTH)
        end = max(end, stop.start() if stop else end)
        return Mark(meaning, start, _close_markup(text, start, end), None, emoji, end)
    return None


def _status_of(percent: int) -> WorkStreamStatus:
    return COMPLETE if percent >= 100 else IN_PROGRESS if percent else NOT_STARTED


def only_remarks(rest: str, *, loose: bool) -> bool:
    """True when `rest`, what stands behind a status, says no more than when, where or by whom: "2026-01-02, PR #12".

    Args:
        loose: the status stands in brackets, in capitals or behind a picture, so that any remark may follow a comma.
    """
    text = rest.strip(f" {_MARKUP}~!.)]）")
    if not text or _WHEN.match(text):
        return True
    listed = any(WORDS.get(part.strip().casefold()) for part in re.split(r"[,/;|]|-+>|→|\b(?:or|and|to)\b", text))
    return not listed and (text[0] in (",;:：(（[–—" if loose else "(（") or (loose and text.startswith("- ")))


def read_box(box: str) -> tuple[WorkStreamStatus, str | None]:
    """The status of a box by what stands between its brackets, and the reason why it is blocked, if it is."""
    char = box.replace(VARIATION, "")
    if char in BOXES:
        return BOXES[char], _BOX_REASONS.get(char)
    word, _, reason = char.partition(":")
    status = WORDS.get(word.strip().casefold(), BLOCKED)
    return status, (reason.strip() or None) if status is BLOCKED and word.strip() else None


def is_box(box: str) -> bool:
    """True when the brackets hold a mark and not the beginning of a link."""
    char = box.replace(VARIATION, "")
    return char in BOXES or char.partition(":")[0].strip().casefold() in WORDS


def read_legend(line: str) -> dict[str, WorkStreamStatus]:
    """What the emoji of a legend's line mean: "⚪ Not Started, 🟢 = ready"."""
    legend: dict[str, WorkStreamStatus] = {}
    for position, char in enumerate(line[:500]):
        if is_emoji(char):
            after = _skip(line, skip_emoji(line, position), f" \t{_MARKUP}=:|-–—→")
            if found := _read_words(line, after):
                legend.setdefault(char, found[0])
    return legend


def _skip(text: str, position: int, chars: str) -> int:
    while position < len(text) and text[position] in chars:
        position += 1
    return position


def _close_markup(text: str, start: int, end: int) -> int:
    """Take in the markup behind `end` that closes markup opened since `start`."""
    for char in _MARKUP:
        if text.count(char, start, end) % 2 and text.startswith(char, end):
            end += 1
    doubled = text[start:end].count("**") % 2 and text.startswith("**", end)
    return end + 2 if doubled else end


def _read_words(text: str, position: int) -> tuple[WorkStreamStatus, int, str | None] | None:
    """The status words at `position`, where they end, and the reason of a block."""
    stop = _END.search(text, position, position + _WIDTH)
    limit = stop.start() if stop else min(len(text), position + _WIDTH)
    if text[position : position + 3].casefold() == "n/a":
        return CANCELLED, position + 3, None
    first = _WORD.match(text, position, limit)
    if first is None or _parts(first[0].casefold().replace("’", "'"))[0] not in _BEGINNINGS:
        return None
    spans = [(match[0].casefold().replace("’", "'"), match.end()) for match in _WORD.finditer(text, position, limit)]
    words = [part for word, _ in spans for part in _parts(word)]
    for count in range(min(_LONGEST, len(words)), 0, -1):
        phrase = " ".join(words[:count])
        if phrase in WORDS:
            return _judge(text, phrase, words[count:], _end_of(spans, count), limit)
    if words[0] in _DOUBT and any(word in WORDS for word in words[1:]):
        return IN_PROGRESS, _with_share(text, spans[-1][1]), None
    return None


def _parts(word: str) -> list[str]:
    return word.replace("_", " ").replace("-", " ").split()


def _end_of(spans: list[tuple[str, int]], count: int) -> int:
    """Where the first `count` words end, a hyphenated one counting as many."""
    for word, end in spans:
        count -= len(_parts(word))
        if count <= 0:
            return end
    return spans[-1][1]


def _judge(text: str, phrase: str, after: list[str], end: int, limit: int) -> tuple[WorkStreamStatus, int, str | None]:
    status = WORDS[phrase]
    if status is COMPLETE and _DOUBT & set(after[:4]):
        return IN_PROGRESS, _with_share(text, limit), None
    if status is not BLOCKED:
        return status, _with_share(text, end), None
    stop = text.find("|", end)
    stop = len(text) if stop < 0 else stop
    reason = text[end:stop].strip(f" \t-–—:：()[].,;{_MARKUP}")
    if phrase in _DECISIONS:
        reason = f"{phrase}: {reason}" if reason else phrase
    return status, end + len(text[end:stop].rstrip()), reason or None


def _with_share(text: str, end: int) -> int:
    match = _SHARE.match(text, end)
    return match.end() if match else end
