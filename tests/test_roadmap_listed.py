"""A roadmap or a list of things to do in prose: a heading and a text for each, and no chapter among them."""

from __future__ import annotations

import pytest
from support_plans import offered, streams, write_each

from orchestrator_agent.roadmap import read

PROSE = """\
# Roadmap

What we would like to do; most of it is independent.

## Copies of maps

We want to follow maps that were copied.

## Bindings for compasses

A compass should see the same map.

- over USB
- over radio
"""
NUMBERED = "# TODO\n\n## The new shed\n\nTwo things are missing.\n\n### 1. Dig\n\nA pit.\n\n### 2. Pour\n\nThe floor.\n"


def may_start(text: str) -> list[str]:
    return offered(read(text.encode(), "ROADMAP.md"))


def test_a_heading_with_a_text_each() -> None:
    assert {id_: stream.name for id_, stream in streams(PROSE).items()} == {
        "copies-of-maps": "Copies of maps",
        "bindings-for-compasses": "Bindings for compasses",
    }
    assert may_start(PROSE) == ["copies-of-maps", "bindings-for-compasses"]
    assert len(write_each(PROSE.encode(), "ROADMAP.md")) == 10


def test_numbers_are_an_order() -> None:
    assert list(streams(NUMBERED)) == ["1", "2"]
    assert may_start(NUMBERED) == ["1"]
    assert len(write_each(NUMBERED.encode(), "TODO.md")) == 10


def test_what_a_text_calls_done_is_not_begun_again() -> None:
    assert may_start(PROSE.replace("We want", "Implemented: we want")) == ["bindings-for-compasses"]
    assert may_start(PROSE.replace("We want", "This is done; we want")) == ["bindings-for-compasses"]


@pytest.mark.parametrize(
    "text",
    [
        PROSE.replace("# Roadmap", "# Where maps are going"),
        PROSE.replace("# Roadmap", "# The todo command"),
        PROSE.replace("Copies of maps", "Vision"),
        PROSE.replace("Copies of maps", "Release process"),
        PROSE.replace("Copies of maps", "Why maps?"),
        PROSE.replace("Copies of maps", "Built: maps"),
        PROSE.replace("Copies of maps", "Up next - maps"),
        PROSE.replace("We want to follow maps that were copied.", "- copies\n- maps"),
        PROSE + "\n### A part\n\nMore.\n",
        PROSE.replace("## Copies", "## 1. Copies"),
        PROSE + "\n# Another document\n",
        PROSE.replace("## ", "### ").replace("### Copies", "## Maps\n\n### Copies").replace("### B", "## C\n\n### B"),
        PROSE.split("## Bindings")[0],
    ],
)
def test_chapters_and_other_documents_are_no_work(text: str) -> None:
    assert streams(text) == {}


def test_chunks_are_work_that_may_depend_on_each_other() -> None:
    text = (
        "# Plan\n\n### Chunk 01\n\n#### Name\nHull\n\n#### Dependencies\n- None\n\n#### Deliverables\n- [ ] planks\n\n"
        "### Chunk 02\n\n#### Dependencies\n- Depends on: Chunk 01 (Hull)\n\n#### Deliverables\n- [ ] mast\n"
    )
    assert {id_: stream.depends_on for id_, stream in streams(text).items()} == {"01": (), "02": ("01",)}
    assert may_start(text) == ["01"]
    assert len(write_each(text.encode(), "PLAN.md")) == 10


def test_the_last_row_may_stand_for_all_that_follow() -> None:
    table = (
        "| Phase | Title | Status |\n|--:|--|--|\n| 08 | Hull | ✅ Done |\n| **09** | Mast | {} |\n"
        "| 10+ | Rest | open |\n"
    )
    assert list(streams(table.format("open"))) == ["08", "09", "10+"]
    assert may_start(table.format("open")) == ["09"]
    assert may_start(table.format("done")) == ["10+"]
