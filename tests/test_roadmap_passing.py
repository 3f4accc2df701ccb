"""What the words of work say in passing keeps it from being offered, in every form of plan: the texts are ours."""

from __future__ import annotations

import pytest
from support_plans import offered, streams

from orchestrator_agent.roadmap import read
from orchestrator_agent.roadmap.passing import said_in_passing


def may_start(text: str) -> list[str]:
    return offered(read(text.encode(), "plan.md"))


FORMS = {
    "box": "- [ ] {}\n",
    "row": "| ID | Task | Status |\n|---|---|---|\n| B2 | {} | todo |\n",
    "heading": "### Feature 1: Rudder\n**Status:** done\n\n### Feature 2: {}\n**Status:** todo\n",
}
WAITS = [
    "Sails once a mast exists",
    "Sails after the rig is approved",
    "Sails — depends on the new rig",
    "Sails; waiting for the sailmaker",
    "Sails, blocked until the mast stands",
    "Sails (when available)",
    "Sails — needs a mast first",
    "Sails (manual, user only)",
    "Sails - by a human",
    "Human: sew the sails",
    "DECIDE: which sails",
    "**Open question:** how many sails?",
]
MAY_START = [
    "Ring the bell once the upload is complete",
    "Hide the flag when the harbour is ready",
    "Retry once per minute",
    "Wait for the tide before casting off",
    "Show the user actions",
    "Read by hand signals",
    "Decide the colour by its hash",
]


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("name", WAITS)
def test_what_waits_or_is_for_people_is_not_offered(name: str, form: str) -> None:
    assert may_start(form.format(name)) == []


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("name", MAY_START)
def test_what_a_program_does_is_offered(name: str, form: str) -> None:
    assert len(may_start(form.format(name))) == 1


@pytest.mark.parametrize("name", ["Sails once Hull is done", "Sails — depends on Hull", "Sails after Hull is merged"])
def test_work_that_is_named_in_passing_is_a_dependency(name: str) -> None:
    got = streams(f"- [ ] Hull\n- [ ] {name}\n")
    assert [(stream.depends_on, stream.unresolved) for stream in got.values()] == [((), ()), (("hull",), ())]
    assert len(may_start(f"- [x] Hull\n- [ ] {name}\n")) == 1


def test_what_is_named_in_a_field_too_counts_once() -> None:
    got = streams("- [ ] Sails (blocked by legal review)\n")
    assert [stream.unresolved for stream in got.values()] == [("legal review",)]


def test_nothing_is_said() -> None:
    assert said_in_passing("Sails") == said_in_passing("The once and future mast")


HEAD = "| ID | Task | Status | Summary |\n|---|---|---|---|\n"


@pytest.mark.parametrize(
    "row",
    [
        "| B1 | Pump | todo | the old one (deferred) |",
        "| B1 | Pump | todo | Deferred to the second boat |",
        "| B1 | Pump | todo | On hold: no parts |",
        "| B1 | Pump | todo | the old one | <!-- deferred -->",
    ],
)
def test_a_remark_in_a_row_puts_it_off(row: str) -> None:
    assert may_start(f"{HEAD}{row}\n| B2 | Bilge | todo | deferred loading of ballast |\n") == ["B2"]


def test_in_a_column_of_owners_may_stand_what_comes_before() -> None:
    text = (
        "| ID | Task | Status | Owner |\n|---|---|---|---|\n| B-1 | Hull | open | Project owner |\n"
        "| B-2 | Mast | open | Legal / owner |\n| B-3 | Launch | open | After B-1–B-2 |\n"
    )
    got = streams(text)
    assert {id_: (stream.depends_on, stream.assigned_to) for id_, stream in got.items()} == {
        "B-1": ((), None),
        "B-2": ((), None),
        "B-3": (("B-1", "B-2"), None),
    }
    assert may_start(text) == ["B-1", "B-2"]


PHASES = (
    "## Phase 1: Hull\n\n- [x] saw\n- [ ] sand\n\n## Phase 2: Mast\n\n- [x] fell\n\n"
    "## Phase 3: Sails\n\n{}\n\n- [ ] sew\n"
)


@pytest.mark.parametrize(
    "line", ["Only if there is wind:", "Do not start before the owner says so.", "> Contingent on the weather."]
)
def test_a_condition_over_the_steps_holds_work_back(line: str) -> None:
    assert may_start(PHASES.replace("- [ ] sand", "- [x] sand").format(line)) == []
    assert may_start("## Sails\n\n**Only if there is wind:**\n\n- [ ] sew\n\n## Flag\n\n- [ ] dye\n") == ["dye"]


def test_a_condition_that_names_other_work_is_a_dependency() -> None:
    text = "## Phase 1: Hull\n\n- [x] saw\n\n## Phase 2: Mast\n\nDo not start before Phase 1.\n\n- [ ] fell\n"
    assert may_start(text) == ["2"]


def test_what_is_in_progress_does_not_break_the_order() -> None:
    assert may_start(PHASES.format("Linen.")) == []
    assert may_start(PHASES.replace("- [x] saw", "- [ ] saw").format("Linen.")) == ["1", "3"]
