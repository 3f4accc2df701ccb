"""What the formats in Markdown share: fields, tags in names, claims, sections that hold no work."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.statuses import is_emoji, skip_emoji

_FIELDS = {
    "status": "status; state; current status; estado; statut; stato; статус; trạng thái; 状态; 当前状态; 狀態; "
    "目前狀態; ステータス; 상태; 현재 상태",
    "assigned": "assigned to; claimed by; assignee; assigned; claimed",
    "agent": "agent; owner; assigned agent; assigned implementer; responsável; responsable; verantwortlich; 负责人; "
    "負責人; 担当; 担当者; 담당; 담당자; ответственный",
    "depends_on": "depends on; depends; dependencies; dependency; blocked by; requires; prerequisites; prerequisite; "
    "after; blockers; blocker; blocked on; waiting for; waiting on; waits for; waits on; deps; dependson; "
    "depends upon; dependent on; prereqs; prereq; predecessors; predecessor; blocked until; gated by; gated on; "
    "dependências; depende de; dependencias; abhängigkeiten; hängt ab von; dépendances; dépend de; 依赖; 依赖项; "
    "依赖于; 依赖关系; 前置条件; 前置任务; 依賴; 依賴項; 相依; 前置條件; 前置任務; 依存; "
    "依存関係; 前提条件; 의존; 의존성; 선행 작업; 선행 조건; зависит от; зависимости; phụ thuộc; "
    "phụ thuộc vào; dipende da; dipendenze",
    "blocks": "blocks; unblocks",
    "files": "files; file; files to modify; files to create; files to change; affected files; files affected; 文件",
    "conflicts_with": "conflicts with; conflicts",
    "tasks": "tasks; task; steps; subtasks; tarefas; tareas; aufgaben; tâches; 任务; 任務; タスク; 작업; задачи",
    "effort": "effort; est; est effort; estimate; estimated effort; estimated time; time estimate; size; esforço; "
    "esfuerzo; aufwand; 预计时间; 预估时间; 工时; 工作量; 預估時間; 工時; 工数; 예상 시간; 공수",
    "done_when": "done when; completion; completion criteria; acceptance; acceptance criteria; success criteria; "
    "exit criteria; definition of done; critérios de aceite; criterios de aceptación; akzeptanzkriterien; "
    "验收标准; 驗收標準; 完了条件; 완료 조건",
    "description": "description; goal; summary; objective; objetivo; ziel; objectif; 目标; 目標; 목표; цель",
    "other": "completed; completed by; completed date; started; deliverables; notes; note; design notes; "
    "implementation notes; plan; type; reported; source; quality gates; complexity; priority; "
    "date; version",
    "progress": "progress; overall progress; completion status; 进度",
}
NAMES = {name.strip(): field for field, names in _FIELDS.items() for name in names.split(";")}

_QUOTED = regex(r">[ ]?")
_BOLD = regex(r"(?:\*\*|__)[^\W\d_][\w /&()-]*(?:\*\*|__)?$")
#: The longest name of a field, its markup included.
_LONGEST_NAME = 50


@dataclass(frozen=True, slots=True)
class Field:
    """A line like `**Depends On:** Phase 1.1`."""

    #: A value of `NAMES`, or "other".
    name: str
    value: str
    #: Offset of the value in the text that was read.
    start: int
    #: The name is one that plans use, or it is bold.
    sure: bool


def read_field(text: str) -> Field | None:
    """The field that `text` is, or None; it may stand in a quotation."""
    if text.startswith(">") and (quoted := _QUOTED.match(text)):
        found = read_field(text[quoted.end() :]) if not _QUOTED.match(text, quoted.end()) else None
        return found and replace(found, start=found.start + quoted.end())
    colon = text.find(":", 0, _LONGEST_NAME)
    colon = colon if colon > 0 else text.find("：", 0, _LONGEST_NAME)
    if colon <= 0:
        return _title_of_list(text) if text[:1] in ("*", "_") else None
    label = text[:colon].rstrip()
    known, bold = _field_named(label)
    start = colon + 1
    while text[start : start + 1] in ("*", "_"):
        start += 1
    if (known is None and not bold) or not _may_begin(text, start, text[colon]):
        return None
    value = text[start:].strip()
    if text[0] in "*_" and start == colon + 1 and label[-1] not in "*_" and value.endswith(text[0]):
        value = value.rstrip("*_")  # the whole line is set so
    return Field(known or "other", value, len(text) - len(text[start:].lstrip()), bold)


def _title_of_list(text: str) -> Field | None:
    """A line like "**Dependencies**", below which stands what is needed."""
    is_title = text[-1] == text[0] and len(text) < _LONGEST_NAME and NAMES.get(_label(text)) == "depends_on"
    return Field("depends_on", "", len(text), sure=True) if is_title else None


def _may_begin(text: str, start: int, colon: str) -> bool:
    """A value follows its colon after a space, which Chinese text does without."""
    char = text[start : start + 1]
    return colon == "：" or char in ("", " ", "\t") or char >= "\u2e80" or is_emoji(char)


@lru_cache(maxsize=1024)  # a plan has few labels, and these again and again
def _field_named(label: str) -> tuple[str | None, bool]:
    """The field that a label with its markup stands for, and whether it is bold."""
    return NAMES.get(_label(label)), _BOLD.match(label) is not None


def _label(text: str) -> str:
    """The name of a field without markup and the remark in brackets behind it."""
    if text.endswith((")", "）")):
        text = re.split(r"[(（]", text, maxsplit=1)[0].rstrip()
    return " ".join(text.strip("*_ ").replace("_", " ").casefold().split())


_PATH = regex(r"`([^`\s]{1,200})`")


def declared_files(texts: Sequence[str]) -> list[str]:
    """The paths that a field of files names in code marks, without line numbers."""
    found = [match[1] for text in texts for match in _PATH.finditer(text)]
    paths = [path.split(":")[0].removeprefix("./") for path in found if "://" not in path and not path.startswith("/")]
    return list(dict.fromkeys(path for path in paths if "/" in path or "." in path.strip(".")))


_EXAMPLES = regex(
    r"(?:status )?legend\b|status (?:indicators|icons|key|markers|emoji)|how to use\b|icons?$|key$|usage$|"
    r"(?:phase |item |task |roadmap |entry |work stream )?(?:format |status )?(?:template|example|sample)s?$|"
    r"ideas?$|change ?log\b|references?$|glossary$|appendix\b",
)
_BACKLOG = regex(r"backlog(?: \(?ideas?\)?| items?)?$|icebox$|parking lot$|out of scope\b|someday\b|non-?goals\b")
_CRITERIA = regex(
    r"(?:.{0,40} )?(?:acceptance|success|exit|completion|graduation) (?:criteria|signals)\b|done (?:when|means)\b|"
    r"definition of (?:done|ready)\b|(?:.{0,40} )?check ?lists?(?: (?:for|before|after)\b.*)?$|"
    r"(?:\w+ )?questions?(?: (?:for|to|about)\b.*)?$|roll-?back(?: \w+)?$|before (?:releas|merg|launch|submi)\w+\b|"
    r"(?:(?:open|key|design|architectur\w+|technical|product|deferred|pending|resolved|past) )?decisions?(?: log)?"
    r"(?: \(.*)?$|"
    r"pre-?flight\b|prerequisites?(?: (?:met|complete))?$|quality gates?$|"
    r"lessons?(?: learned)?$|sign-?off$|go/no-?go\b|assumptions?$|"
    r"crit[eé]rios? d\w|crit[eè]res? d\w|(?:akzeptanz|erfolgs|abnahme)kriterien$|(?:验收|成功|完成)标准|风险|"
    r"risks?(?: (?:and|&) .*)?$|(?:success )?metrics?$|notes?$|archived?$|deferred\b|contributing$|"
    r"future(?: (?:ideas|work|enhancements|considerations))?$",
)
#: One of these stands in each title that `LEGEND` finds.
LEGEND_WORDS = ("legend", "indicators", "icons", "key", "how to use")
LEGEND = regex(r"[*_\W]{0,6}(?:status )?(?:legend|indicators|icons|key|how to use)\b", re.IGNORECASE)


_NO_MARKUP = dict.fromkeys(map(ord, "*_`#\ufe0f"))


#: Every format asks the same of the same titles; so many are remembered.
_TITLES = 50_000


@lru_cache(_TITLES)
def plain(text: str) -> str:
    """A heading's words only: no emoji, markup and doubled spaces, without case."""
    letters = text[:200].translate(_NO_MARKUP)
    if not letters.isascii():
        letters = "".join(" " if is_emoji(char) else char for char in letters)
    return " ".join(letters.casefold().split()).strip(" :：.-–—")


@lru_cache(_TITLES)
def holds_examples(title: str) -> bool:
    """True for sections like legends, templates and ideas, in which nothing is work."""
    text = plain(title)
    return bool(_EXAMPLES.match(text) or _BACKLOG.match(text))


@lru_cache(_TITLES)
def holds_criteria(title: str) -> bool:
    """True for sections whose boxes say when work is done, and are no work themselves."""
    return bool(_CRITERIA.match(plain(title)))


_CHECKS = regex(r".{0,60}\bcheck ?list$")


def holds_checks(title: str) -> bool:
    """True for a "... Checklist": its boxes are no work, but phases with boxes of their own below it are."""
    return bool(_CHECKS.match(plain(title)))


_LINK = regex(r"\[([^\[\]]{1,300})\]\([^()\s]{0,500}\)")
_TAG = regex(r"\s*(?:\(P\d\)|\[P\]|\[US\d{1,3}\])\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Name:
    """A name without its tags."""

    text: str
    #: A star was among the tags.
    priority: bool


def clean_name(text: str) -> Name:
    """Cut a star with the word behind it, `(P1)`, `[P]`, bold marks and link targets from a name."""
    star = text.rfind("⭐")
    priority = False
    if star >= 0:
        tag = text[star + 1 :].strip("\ufe0f *_()[]")
        priority = not tag or (len(tag) <= 30 and tag.upper() == tag) or not text[:star].strip(" *_")
    if priority:
        text = f"{text[:star]} {'' if text[:star].strip(' *_') else text[star + 1 :]}"
    if "[" in text or "(" in text:
        text = _TAG.sub(" ", _LINK.sub(r"\1", text))
    text = text.replace("**", "").replace("__", "").replace("⭐", "")
    return Name(" ".join(text.split()).strip("\ufe0f "), priority)


_CLOSING = {"[": "]", "<": ">", "{": "}"}


def is_placeholder(name: str) -> bool:
    """True for names that a template left to be filled in: `[Goal]`, `<name>`, `{title}`, `...`."""
    end = _CLOSING.get(name[:1])
    return not name.strip(". …") or (end is not None and name.endswith(end) and name[0] not in name[1:])


_ROLES = (
    r"(?:developers?|engineers?|back-?end|front-?end|full-?stack|devops|dev-\w+|testers?|qa|managers?|analysts?|architects?|"
    r"designers?|reviewers?|leads?|teams?|writers?|specialists?|experts?|owners?|maintainers?|legal|research-\w+|"
    r"infrastructure|all|any|anyone)"
)
_ROLE = regex(rf"\b{_ROLES}\b", re.IGNORECASE)
#: Of a field for claims only what is a role and nothing else is none.
_ROLE_ALONE = regex(
    rf"(?:{_ROLES}(?:[ /&-]+(?:{_ROLES}|\d{{1,3}}))*|(?:[a-z]{{2,15}}-){{0,3}}(?:{_ROLES}|planner|coder|implementer|"
    r"generator|executor|coordinator|orchestrator))$",
    re.IGNORECASE,
)
_NOBODY = regex(
    r"(?:none|nobody|no one|unassigned|tbd|n/?a|open|available|free|not assigned.*|after .*|[-–—?.\s]*)$", re.IGNORECASE
)
_EMPTY_CLAIM = regex(r"\[[^\]]*\]$|<[^>]*>$|\{[^}]*\}$|@?(?:agent-name|name|agent)$", re.IGNORECASE)


def claimant(value: str, *, certain: bool) -> str | None:
    """The person or agent that `value` names, or None for nobody, a role or a placeholder.

    Args:
        certain: the field is one for claims ("Assigned To"); else any word for a role makes it one ("Agent: QA Tina").
    """
    name = value.strip().strip("*_`").strip()[:200]
    if not name or _NOBODY.match(name) or _EMPTY_CLAIM.match(name):
        return None
    if not name.startswith("@") and (_ROLE_ALONE.match(name) if certain else _ROLE.search(name.replace("_", " "))):
        return None
    return name.lstrip("@") or None


def leading_emoji(text: str) -> tuple[int, int] | None:
    """Offsets of the first picture in `text` when only markup and braces stand before it."""
    if text[:1].isalnum():
        return None
    for position, char in enumerate(text[:20]):
        if is_emoji(char):
            return position, skip_emoji(text, position)
        if char not in " \t*_{[(`~":
            return None
    return None
