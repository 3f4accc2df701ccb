"""Which column of a table says what."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.dependencies import KIND
from orchestrator_agent.roadmap.fields import leading_emoji, plain
from orchestrator_agent.roadmap.table_lines import Table

_HEADS = {
    "status": "status; state; current status; task status; 状态; 狀態; ステータス; 상태; estado; statut; stato; "
    "статус; trạng thái",
    "id": "id; no; nr; key; ref; code; ticket; task id; item id; story id; issue id; pr id; ws; requirement id; "
    "编号; 序号; 編號; 序號; 番号; 번호",
    "depends_on": "after; 依赖; 前置; 依賴; 依存; 의존; 의존성; 선행; зависит от; зависимости; phụ thuộc; "
    "dependências; dependencias; abhängigkeiten; dépendances; dipendenze",
    "blocks": "blocks; unblocks; blocking",
    "effort": "est; est effort; estimate; effort; size; estimated effort; estimated time; hours; t-shirt size; 工时; "
    "esforço",
    "owner": "owner; assignee; assigned to; claimed by; assigned; who; agent; developer; responsible; 负责人; "
    "負責人; 担当; 담당; 담당자; ответственный",
    "done_when": "dod; done when; definition of done; acceptance criteria; exit criteria; acceptance; done criteria",
    "batch": "batch; wave; group; category; area; layer; section; theme",
}
#: What is needed has more names than anything else, and to miss one would offer what has to wait.
_NEEDS = regex(
    r"(?:task |hard |direct |internal )?(?:depend(?:s|ency|encies|ent)?(?: (?:up)?on)?|deps?|needs|requires?|after|"
    r"blocked(?: (?:by|on))?|blockers?|blocking|pre-?requisites?|prereqs?|predecessors?|waits? (?:for|on)|"
    r"waiting (?:for|on)|upstream|gated (?:by|on))(?: tasks?| ids?| phases?)?\.?$"
)
#: A cell that is a box.
BOX = regex(r"(?:[-*] )?`?\[(.)\]`?$")
_REMARK = regex(r" ?\([^()]*\)$")
_ROLES = {head.strip(): role for role, heads in _HEADS.items() for head in heads.split(";")}
#: What work streams are called, the surest first. A column of ids may have one of these heads too.
_NAMES = (
    "title; name; task name; task; tasks; work item; item; feature; story; user story; deliverable; work stream; "
    "workstream; stream; work package; initiative; description; summary; goal; what; work; action; change; issue; pr; "
    "pull request; step; phase; milestone; epic; sprint; stage; track; wave; prompt; release; "
    "任务; 名称; 任務; 名稱; タスク; 작업; 작업명; задача; nhiệm vụ; tarefa"
)
_NAME_HEADS = [head.strip() for head in _NAMES.split(";")]
#: Heads of columns that put rows into groups when another column names the rows.
_GROUPS = ("phase", "milestone", "sprint", "stage", "epic", "track", "wave", "work stream", "workstream")
_SURE_OWNERS = ("assignee", "assigned to", "claimed by", "assigned")
_ID = r"(?:[A-Za-z]{1,12}(?:-[A-Za-z]{1,8}){0,3}[-_]?)?\d{1,9}[a-z]?(?:[.-]\d{1,9}){0,5}[a-z]?|[A-Z]"
#: The last row may stand for all that follows: "10+".
_WHOLE_ID = regex(rf"(?:{KIND} ?[#:.-]? ?)?#?((?:{_ID})(?:(?<=\d)\+)?)$", re.IGNORECASE)
_NUMBERED = regex(rf"(?=.*\d){_WHOLE_ID.pattern}", re.IGNORECASE)
_ID_AND_NAME = regex(
    rf"(?:{KIND} ?[#.-]? ?)?#?(?:({_ID})(?: ?[:：.)] | ?[-–—]+ +)|(\d{{1,4}}(?:\.\d{{1,4}}){{1,4}}) +)(\S.*)",
    re.IGNORECASE,
)
_LEADING = regex(r"([A-Z]{1,12}-?\d{1,9}(?:\.\d{1,9}){0,4}[a-z]?)(?: ?[:：.)])? +(\S.*)")
_LINK = regex(r"\[([^\[\]]{1,300})\]\([^()\s]{0,500}\)")
_LONGEST_ID = 60


@dataclass(frozen=True, slots=True)
class Columns:
    """The number of each column that a table has, counted from 0."""

    status: int | None
    id: int | None
    name: int | None
    depends_on: int | None
    blocks: int | None
    effort: int | None
    owner: int | None
    owner_is_sure: bool
    done_when: int | None
    batch: int | None
    #: All names begin with an id and no sign behind it: "WP-01 Walls".
    leading_ids: bool = False

    @property
    def others(self) -> tuple[int | None, ...]:
        """Those that say something else than id and name."""
        return self.status, self.depends_on, self.blocks, self.effort, self.owner, self.done_when, self.batch


def columns_of(table: Table, *, told: bool = False) -> Columns | None:
    """What the columns of a table of work say; None for a table that is none by its head.

    Args:
        told: the heading over the table says the status of its rows, so that no column has to.
    """
    heads = [plain(cell.text) for cell in table.header.cells]
    first = _roles(table, heads)
    status = first.get("status")
    if status is None and not told:
        return None
    id_ = first.get("id", _column_of_ids(table, heads))
    named = [heads.index(head) for head in _NAME_HEADS if head in heads and heads.index(head) != id_]
    if not named and id_ is None and status != 0 and _begin_with_codes(table):
        named = [0]
    if not named and (id_ is None or status == 0):
        return None
    for number in [heads.index(head) for head in _GROUPS if head in heads]:
        if number in named and (number != named[0] or (id_ is not None and _repeats(table, number))):
            first.setdefault("batch", number)
            named.remove(number)
            break
    owner = first.get("owner")
    return Columns(
        status,
        id_,
        named[0] if named else _other(len(heads), id_, first),
        first.get("depends_on"),
        first.get("blocks"),
        first.get("effort"),
        owner,
        owner is not None and heads[owner] in _SURE_OWNERS,
        first.get("done_when"),
        first.get("batch"),
        id_ is None and bool(named) and all(_LEADING.match(_bare(row.text(named[0]))) for row in table.rows),
    )


def heads_a_group(table: Table, columns: Columns) -> bool:
    """True where the column with the ids is called by what puts work into groups: "Phase"."""
    number = columns.id if columns.id is not None else columns.name
    return number is not None and plain(table.header.cells[number].text) in _GROUPS


def _role(head: str) -> str | None:
    head = _REMARK.sub("", head)
    return "depends_on" if _NEEDS.match(head) else _ROLES.get(head)


def _roles(table: Table, heads: list[str]) -> dict[str, int]:
    """The first column of each role by its head."""
    first: dict[str, int] = {}
    for number, head in enumerate(heads):
        role = "id" if table.header.cells[number].text.strip() == "#" else _role(head)
        if role is not None:
            first.setdefault(role, number)
    if "status" not in first and table.rows:
        boxes = [number for number in range(len(heads)) if all(BOX.match(row.text(number)) for row in table.rows)]
        if boxes:
            first["status"] = boxes[0]
    return first


def _column_of_ids(table: Table, heads: list[str]) -> int | None:
    """The column under a head like "PR" or "Task" that holds nothing but ids, or a first one that counts the rows."""
    if any(head in _NAME_HEADS and _begin_with_ids(table, number) for number, head in enumerate(heads)):
        return None
    for number, head in enumerate(heads[:3]):
        texts = [_bare(row.text(number)) for row in table.rows] if head in _NAME_HEADS else []
        if texts and all(map(_WHOLE_ID.match, texts)):
            return number
    return 0 if _counts_rows(table, heads) else None


def _counts_rows(table: Table, heads: list[str]) -> bool:
    """The first column holds an id of its own for each row, whatever its head, and another one the names."""
    if heads[0] in _ROLES or heads[0] in _NAME_HEADS or not any(head in _NAME_HEADS for head in heads[1:]):
        return False
    texts = [_bare(row.text(0)) for row in table.rows]
    return len(set(texts)) == len(texts) > 1 and all(map(_NUMBERED.match, texts))


def _repeats(table: Table, number: int) -> bool:
    """A column whose cells put rows together, and name none."""
    texts = [row.text(number) for row in table.rows]
    return len(set(texts)) < len(texts)


def _begin_with_codes(table: Table) -> bool:
    """The first column, whatever its head, begins with an id of its own in each row: "G01 Walls", "WP-2: Roof"."""
    found = [_LEADING.match(_bare(row.text(0))) for row in table.rows]
    return len({match[1] for match in found if match}) == len(found) > 1


def _begin_with_ids(table: Table, number: int) -> bool:
    """A column like "1. Walls", beside which a column of bare numbers counts something else."""
    return bool(table.rows) and all(_ID_AND_NAME.match(_bare(row.text(number))) for row in table.rows)


def _other(count: int, id_: int | None, taken: dict[str, int]) -> int | None:
    """A column for the name in a table that does not call it so: the first that says nothing else."""
    return next((number for number in range(count) if number != id_ and number not in taken.values()), None)


def _bare(text: str) -> str:
    """A cell's text without pictures, links and markup."""
    span = leading_emoji(text)
    text = _LINK.sub(r"\1", text[span[1] :] if span else text)
    return text.replace("~~", "").strip("*_`[]() \ufe0f")


def id_in(text: str, *, whole: bool, leading: bool = False) -> tuple[str, str]:
    """The id in a cell, and the name behind it; both empty where there is none.

    Args:
        whole: the column is one of ids, so that any word is one.
        leading: all names of the column begin with an id.
    """
    bare = _bare(text)
    if match := _WHOLE_ID.match(bare):
        return match[1], ""
    if match := _ID_AND_NAME.match(bare):
        return match[1] or match[2], match[3]
    if leading and (match := _LEADING.match(bare)):
        return match[1], match[2]
    if whole and bare and " " not in bare and len(bare) <= _LONGEST_ID:
        return bare, ""
    return "", bare
