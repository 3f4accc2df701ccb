"""What plans of strangers taught the readers, a rule each: the texts are ours."""

from __future__ import annotations

import pytest
from support_plans import offered, streams, write_each

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.roadmap import read

S = WorkStreamStatus


def may_start(text: str, name: str = "plan.md") -> list[str]:
    return offered(read(text.encode(), name))


# ---- other languages


@pytest.mark.parametrize(
    ("status", "done", "begun", "open_", "needs"),
    [
        ("狀態", "已完成", "部分完成", "未開始", "依賴"),
        ("상태", "완료", "진행 중", "예정", "선행 작업"),
        ("Статус", "выполнено", "в процессе", "не начато", "Зависит от"),
        ("ステータス", "完了", "進行中", "未着手", "依存"),
        ("Trạng thái", "hoàn thành", "đang làm", "chưa bắt đầu", "Phụ thuộc"),
    ],
)
def test_a_status_is_understood_in_more_languages(status: str, done: str, begun: str, open_: str, needs: str) -> None:
    text = (
        f"## Phase 1: A\n\n**{status}:** {done}\n\n## Phase 2: B\n\n**{status}:** {begun}\n\n"
        f"## Phase 3: C\n\n**{status}:** {open_}\n**{needs}:** Phase 1\n\n"
        f"## Phase 4: D\n\n**{status}:** {open_}\n**{needs}:** Phase 2\n"
    )
    got = streams(text)
    assert [stream.status for stream in got.values()] == [S.COMPLETE, S.IN_PROGRESS, S.NOT_STARTED, S.NOT_STARTED]
    assert may_start(text) == ["3"]
    rows = f"| ID | Task | {status} |\n|---|---|---|\n| T1 | A | {done} |\n| T2 | B | {begun} |\n| T3 | C | {open_} |\n"
    assert may_start(rows) == ["T3"]


def test_a_number_may_stand_before_its_word() -> None:
    text = "## 1단계: A\n\n- [x] a\n\n## 2단계: B\n\n- [ ] b\n\n## 3단계: C\n\n- [ ] c\n"
    assert list(streams(text)) == ["1", "2", "3"]
    assert may_start(text) == ["2"]


# ---- ids


def test_a_number_before_a_numbered_word_only_counts_what_is_listed() -> None:
    text = (
        "### 1. Prompt 1: Hull ✅\n- `hull.py`\n\n### 2. Prompt 3: Sails ✅\n- `sails.py`\n\n"
        "### **Prompt 2: Mast** ⏳\n**Status:** Not started\n"
    )
    assert [(id_, stream.status) for id_, stream in streams(text).items()] == [
        ("1", S.COMPLETE),
        ("3", S.COMPLETE),
        ("2", S.NOT_STARTED),
    ]
    assert may_start(text) == ["2"]
    assert write_each(text.encode(), "plan.md")


# ---- needs


@pytest.mark.parametrize("needs", ["**Depends on:** Phase 1", "Dependencies: Phase 1"])
def test_a_list_behind_a_blank_line_is_not_needed(needs: str) -> None:
    text = f"## Phase 1: Hull\n**Status:** done\n\n## Phase 2: Mast\n**Status:** open\n{needs}\n\n- pine\n- rope\n"
    assert streams(text)["2"].unresolved == ()
    assert may_start(text) == ["2"]
    assert streams(text.replace("\n\n- pine", "\n- pine"))["2"].unresolved == ("pine", "rope")
    assert streams(text.replace("Phase 1\n\n- pine", "all of these:\n\n- pine"))["2"].unresolved
