"""What a phrase speaks of: the words of a roadmap, ids, ranges, selections, names."""

from __future__ import annotations

import pytest
from test_rules_goals import ROADMAP

from orchestrator_agent.interpreters.references import ids, resolve
from orchestrator_agent.interpreters.selections import select
from orchestrator_agent.interpreters.world import World
from orchestrator_agent.roadmap import read

WORLD = World.of(ROADMAP.work_streams)
PLAN = """\
# Engine

## Phase 1: Basics

### Phase 1.1: Entity Component System
- **Status:** In Progress
- **Effort:** L

### Phase 1.2: Pathfinding
- **Status:** Not Started
- **Effort:** M

Grids and navigation meshes for enemies.

### Phase 1.3: Wi-Fi Provisioning
- **Status:** Not Started
- **Effort:** S

### Phase 1.4: Single Sign-On
- **Status:** Not Started
- **Effort:** S

## Phase 2: Presentation

### Phase 2.1: WebAssembly Backend
- **Status:** Not Started
- **Effort:** L

### Phase 2.2: Crash Dumps
- **Status:** Not Started
- **Effort:** S

### Phase 2.3: Memory Allocator
- **Status:** Not Started
- **Effort:** S

### Phase 2.4: Register Allocation
- **Status:** Not Started
- **Effort:** M
"""
ENGINE = World.of(read(PLAN.encode(), "plan.md").work_streams)


def found(text: str, world: World = WORLD, *, at_work: bool = False) -> list[str]:
    return [stream.id for stream in resolve(text, world, at_work=at_work).streams]


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("ecs", "1.1"),
        ("sso", "1.4"),
        ("wifi", "1.3"),
        ("wi-fi", "1.3"),
        ("find paths", "1.2"),
        ("pathfinding", "1.2"),
        ("login", "1.4"),
        ("webassembly", "2.1"),
        ("webasembly backend", "2.1"),
        ("wasm", "2.1"),
        ("crashdumps", "2.2"),
        ("the allocator", "2.3"),
        ("allocating registers", "2.4"),
        ("let enemies use grids", "1.2"),
    ],
)
def test_names_are_known_by_acronym_inflection_compound_synonym_and_slip(text: str, id_: str) -> None:
    assert found(text, ENGINE) == [id_]


@pytest.mark.parametrize("text", ["the macro language", "kubernetes operator", "hungry", "stuck", "breakfast"])
def test_words_that_the_roadmap_does_not_know_find_nothing(text: str) -> None:
    assert found(text, ENGINE) == []


def test_a_full_name_is_surer_than_a_part_and_that_than_a_description() -> None:
    full, part, description = (
        resolve(text, ENGINE).score for text in ("memory allocator", "the allocator", "some unicorns on grids")
    )
    assert full > part > description > 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.2", ["1.2"]),
        ("3.1", ["3.1"]),
        ("3.10", ["3.10"]),
        ("#2.2", ["2.2"]),
        ("2.1 up to 2.3", ["2.1", "2.2", "2.3"]),
        ("1.2 & 3.3", ["1.2", "3.3"]),
        ("2.1-2.3", ["2.1", "2.2", "2.3"]),
    ],
)
def test_ids_and_ranges(text: str, expected: list[str]) -> None:
    assert [stream.id for stream in ids(text, WORLD).streams] == expected


def test_an_id_does_not_hide_a_name_beside_it() -> None:
    assert found("2.2 and the status page") == ["2.2", "3.3"]


def test_one_or_the_other_is_asked_about() -> None:
    both = ids("2.1 or 2.2", WORLD)
    assert ([stream.id for stream in both.candidates], both.streams) == (["2.1", "2.2"], ())


def test_unknown_ids_are_never_near_ones() -> None:
    assert ids("3.11", WORLD).kind == "unknown_id"
    assert resolve("phase 8", WORLD).kind == "unknown_id"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("phase 2", ["2.1", "2.2", "2.3"]),
        ("phase two", ["2.1", "2.2", "2.3"]),
        ("phases 2 and 3", ["2.1", "2.2", "2.3", "3.1", "3.2", "3.3", "3.10"]),
        ("first two phases", ["1.2", "1.3", "2.1", "2.2", "2.3"]),
        ("the last phase", ["3.1", "3.2", "3.3", "3.10"]),
        ("everything in lending", ["2.1", "2.2", "2.3"]),
        ("the small ones in phase 3", ["3.2", "3.3"]),
        ("two small streams", ["1.2", "3.3"]),
        ("one of the quick ones", ["1.2"]),
        ("something easy", ["1.2"]),
        ("whatever can be started", ["1.2", "3.1", "3.3"]),
    ],
)
def test_selections(text: str, expected: list[str]) -> None:
    assert [stream.id for stream in select(text, WORLD).streams] == expected


def test_a_phrase_about_something_else_selects_nothing() -> None:
    assert not select("the small reservation queue", WORLD)


def test_words_that_fit_two_names_are_a_question_and_a_plural_is_not() -> None:
    assert [stream.id for stream in resolve("the reader stuff", WORLD).candidates] == ["3.1", "3.2"]
    assert found("both reader streams") == ["3.1", "3.2"]
    assert found("the reader ones") == ["3.1", "3.2"]


def test_an_agent_at_work_is_meant_rather_than_idle_work() -> None:
    world = World.of(ROADMAP.work_streams, running=["3.2"])
    assert found("the reader agent", world, at_work=True) == ["3.2"]


def test_the_words_of_a_roadmap_are_indexed_once() -> None:
    assert World.of(ROADMAP.work_streams).index is World.of(ROADMAP.work_streams, running=["1.2"]).index


def test_the_better_of_two_poor_fits_is_only_a_guess() -> None:
    text = "### Phase 1.1: Corn Silo\n\nTons of grain in rows of bins.\n\n### Phase 1.2: Pump Room\n\nRows of valves.\n"
    world = World.of(read(text.encode(), "mill.md").work_streams)
    assert resolve("kilos per sack per horse", world).streams == ()
    assert resolve("long wet muddy rows behind seven rusty gates", world).score < 0.44


def test_a_word_of_talk_alone_is_only_a_guess() -> None:
    world = World.of(read(b"### Phase 1.1: Closing Time Routine\n\n### Phase 1.2: Ticket Desk\n", "p.md").work_streams)
    assert resolve("time out", world).score < 0.44
    assert resolve("closing time", world).score > 0.6


@pytest.mark.parametrize(
    ("goal", "id_"),
    [("opiates", "1.1"), ("blur the faces", "1.2"), ("refrigerator", "1.3"), ("infra", "1.4"), ("nudges", "1.5")],
)
def test_other_words_for_the_same(goal: str, id_: str) -> None:
    names = ("Narcotics Register", "Face Masking", "Fridge Doors", "Terraform Files", "Reminder Cards")
    text = "\n".join(f"### Phase 1.{n}: {name}\n" for n, name in enumerate(names, 1))
    world = World.of(read(text.encode(), "p.md").work_streams)
    assert [stream.id for stream in resolve(goal, world).streams] == [id_]
