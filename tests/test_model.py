"""The nouns: ids that compare by number, names that are safe and never shared."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator_agent.git import run_git
from orchestrator_agent.model import AgentState, CheckResult, Verification, id_key, same_id, slug

_SAFE = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def test_ids_compare_by_number() -> None:
    ids = ["10.5", "9.1", "3.10", "3.9", "3.1", "add-2-b", "add-10-a", "Add-1"]
    assert sorted(ids, key=id_key) == ["Add-1", "add-2-b", "add-10-a", "3.1", "3.9", "3.10", "9.1", "10.5"]
    assert same_id("Add-Login", "add-login") and not same_id("3.1", "3.10")


@given(st.lists(st.text()))
def test_any_ids_can_be_sorted(ids: list[str]) -> None:
    assert len(sorted(ids, key=id_key)) == len(ids)


@given(st.text(min_size=0, max_size=300))
def test_slugs_are_safe(text: str) -> None:
    name = slug(text)
    assert name and set(name) <= _SAFE and len(name) <= 60
    assert name[0].isalnum() and ".." not in name and not name.endswith((".lock", "."))


@given(st.text(max_size=60), st.text(max_size=60))
def test_two_texts_never_share_a_slug(one: str, other: str) -> None:
    assert one == other or slug(one) != slug(other)


HOSTILE = ("../../etc", "a.lock", "$(touch pwned)", "-rf", "x" * 5000, "a..b", "", ".", "🎉", "a/b", "\x1b[31m", "@{u}")


@pytest.mark.parametrize("text", HOSTILE)
def test_git_takes_slugs_as_branches(text: str) -> None:
    branch = f"orch/{slug(text)}/coder-{slug(text)}-1"
    assert run_git("check-ref-format", "--branch", branch, cwd=Path("/")).returncode == 0


def test_plain_ids_stay_readable() -> None:
    for text in ("1.2", "10.5", "add-oauth-login", "T001"):
        assert slug(text) == text


def test_only_three_states_are_live() -> None:
    assert [state.value for state in AgentState if state.is_live] == ["starting", "running", "waiting"]


@pytest.mark.parametrize(
    ("candidate", "outcomes", "passed"),
    [
        ("c", ["passed", "skipped"], True),
        ("c", ["passed", "could_not_run"], False),
        ("c", ["failed"], False),
        ("", ["passed"], False),
    ],
)
def test_only_proof_passes(candidate: str, outcomes: list[str], passed: bool) -> None:
    checks = tuple(CheckResult(name=str(n), outcome=outcome) for n, outcome in enumerate(outcomes))
    verdict = Verification(
        agent_id="a", work_stream_id="1", head_commit="h", candidate=candidate, base_commit="b", checks=checks
    )
    assert verdict.passed is passed
