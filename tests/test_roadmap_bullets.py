"""Bullets without boxes are work below headings that say when their turn comes, in files that are called a plan."""

from __future__ import annotations

import pytest
from support_plans import offered, streams, write_each

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.roadmap import read

S = WorkStreamStatus
HORIZONS = """\
# Roadmap of the ferry

## Now

- **Night boat** - one more crossing at eleven
- #12 Paint the ramp, which
  is rusty

## Next

- A second ramp once the mole exists
- Bicycles

## Later

- A tunnel (optional)
- A bridge

## Parked

- Free rides

## Done

- The bell

## Ideas

- A balloon
"""


def may_start(text: str, path: str = "ROADMAP.md") -> list[str]:
    return offered(read(text.encode(), path))


def test_horizons_are_an_order() -> None:
    roadmap = read(HORIZONS.encode(), "ROADMAP.md")
    assert (roadmap.format, roadmap.plans[0].level) == ("bullets", "bullets")
    assert [(stream.id, stream.name, stream.batch) for stream in roadmap.work_streams][:3] == [
        ("night-boat", "Night boat", "Now"),
        ("#12", "Paint the ramp, which", "Now"),
        ("a-second-ramp-once-the-mole-exists", "A second ramp once the mole exists", "Next"),
    ]
    assert offered(roadmap) == ["night-boat", "#12"]
    assert {id_: stream.status for id_, stream in streams(HORIZONS).items() if stream.status is not S.NOT_STARTED} == {
        "a-tunnel-optional": S.BLOCKED,
        "free-rides": S.BLOCKED,
    }


def test_a_picture_tells_and_what_is_done_makes_way() -> None:
    done = HORIZONS.replace("- **Night", "- ✅ **Night").replace("- #12", "- ✅ #12")
    assert may_start(done) == ["bicycles"]
    assert may_start(HORIZONS.replace("- **Night", "- 🚧 **Night")) == ["#12"]
    assert may_start(HORIZONS.replace("at eleven", "at eleven ✅")) == ["#12"]


def test_a_status_is_written_before_the_words() -> None:
    written = write_each(HORIZONS.encode(), "ROADMAP.md")
    assert written["#12", S.COMPLETE] == ["- ✅ #12 Paint the ramp, which"]
    assert len({id_ for id_, _ in written}) == 7


def test_a_line_that_would_be_work_of_another_format_is_not_written() -> None:
    written = write_each(b"# Plan\n\n## Now\n\n- AB-1: Ramp\n- AB-2: Bell\n", "plan.md")
    assert not any(written.values())


def test_what_stands_over_the_bullets_counts() -> None:
    there = HORIZONS.replace("## Now\n", "## Now\n\nWhat runs already:\n")
    assert may_start(there) == ["bicycles"]
    assert may_start(HORIZONS.replace("## Now\n", "## Now\n\n**On hold** until spring.\n")) == []


STEPS = "# Migration plan\n\n## Motivation\n\n- rust\n\n## Steps\n\n1. **Dock** - dry ✅\n2. **Paint**\n3. **Launch**\n"


def test_numbered_steps_follow_each_other() -> None:
    assert list(streams(STEPS)) == ["dock", "paint", "launch"]
    assert may_start(STEPS) == ["paint"]
    assert not streams(STEPS.replace("1.", "-").replace("2.", "-").replace("3.", "-"))


TODO = (
    "# Boatyard TODO\n\n## Hull\n\n- Saw planks\n- Later sand them\n  - with care\n\n## Sails\n\n- Sew ✅\n"
    "- Dye (blocked by #4)\n\n## Done\n\n- Draw\n\n## Notes\n\n- Oak is dear\n\n## Release process\n\n- Ring\n"
)


def test_in_a_list_of_things_to_do_every_section_holds_some() -> None:
    assert list(streams(TODO)) == ["saw-planks", "later-sand-them", "sew", "dye"]
    assert may_start(TODO, "TODO.md") == ["saw-planks"]
    assert write_each(TODO.encode(), "TODO.md")
    assert list(streams(TODO.replace("- Saw", "Each plank has:\n\n- Saw"))) == ["sew", "dye"]
    assert list(streams(TODO.replace("- Dye", "\nA sail has:\n\n- Dye"))) == ["saw-planks", "later-sand-them", "sew"]
    assert not streams(TODO.replace("Boatyard TODO", "Boatyard"))
    assert not streams(TODO.replace("Boatyard TODO", "Boatyard roadmap"))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("ROADMAP.md", "# Roadmap\n\n## Themes\n\n- **Speed.** One frame.\n"),
        ("notes.md", "# Minutes\n\n## Next\n\n- Call the yard\n"),
        ("ROADMAP.md", "# Roadmap\n\n## Now\n\n- **Goal:** fewer leaks\n- **Owner:** Mara\n"),
        ("ROADMAP.md", "# Roadmap\n\n## Next\n\n### Open questions\n\n- Which ramp?\n"),
        ("TODO.md", "# To do\n\n- Hull\n- Mast\n"),
        ("ROADMAP.md", "# Roadmap\n\n## Shipped\n\n- The bell\n"),
    ],
)
def test_other_bullets_are_no_work(path: str, text: str) -> None:
    assert read(text.encode(), path).work_streams == ()


def test_boxes_are_the_work_where_there_are_any() -> None:
    assert list(streams(HORIZONS.replace("- Bicycles", "- [ ] Bicycles"))) == ["bicycles"]
