"""Work that the roadmap lacks is written into it, in its own style, and nothing else of it changes."""

from __future__ import annotations

import asyncio
import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standin import Answer, StandIn, in_turn, text, tool
from support import ROOT, git, run_orch
from support_model import Notes, talk_in
from support_work import PLAN, ask, make_project

from orchestrator_agent import additions
from orchestrator_agent.errors import NotAvailable, RepositoryError, RoadmapError, UnknownWorkStream
from orchestrator_agent.project import Project
from orchestrator_agent.roadmap import read
from orchestrator_agent.roadmap.appending import Appended, append
from orchestrator_agent.roadmap.sketches import NewWork
from orchestrator_agent.roadmap.sources import Memory
from orchestrator_agent.terminal import clean

PLANS = sorted([*ROOT.glob("evals/plans/own/**/*.md"), *ROOT.glob("tests/fixtures/plans/*.md")])
TAKING = [path for path in PLANS if read(path.read_bytes(), path.name).format in ("phases", "checklist")]
BARE = NewWork(name="Sign in with OAuth")


def added(data: bytes, new: NewWork) -> Appended:
    """The plan with new work, after a look at every byte and every old work stream."""
    found = append(Memory({"plan.md": data}), ["plan.md"], new)
    before, after = read(data, "plan.md"), read(found.after, "plan.md")
    kept = [s for s in after.work_streams if s.id != found.work_stream.id]
    assert [(s.id, s.name, s.status, s.depends_on, s.tasks) for s in kept] == [
        (s.id, s.name, s.status, s.depends_on, s.tasks) for s in before.work_streams
    ]
    assert is_insertion(data, found.after)
    return found


def is_insertion(before: bytes, after: bytes) -> bool:
    """True when `after` is `before` with something put in at one place."""
    same = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(before))
    tail = len(before) - same
    return after[:same] == before[:same] and (tail == 0 or after[-tail:] == before[same:])


# ---- the plan


@pytest.mark.parametrize("path", TAKING, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_plans_take_new_work_in_their_own_style(path: Path) -> None:
    data = path.read_bytes()
    streams = read(data, "plan.md").work_streams
    assert added(data, BARE).work_stream.name == BARE.name
    last = streams[-1]
    made = added(data, NewWork(name=BARE.name, depends_on=(last.id,), effort="S")).work_stream
    assert made.effort == "S"
    if made.depends_on != (last.id,):  # where the order of the plan alone says what comes first, it stands behind
        assert made.depends_on == () and last.step is not None and made.step is not None and last.step < made.step


def test_everything_that_is_said_is_read_back() -> None:
    made = added(
        PLAN.encode(),
        NewWork(
            name="Sign in",
            description="People have accounts.",
            tasks=("Form", "Session"),
            depends_on=("Phase 1.1", "1.2"),
            effort="M",
            done_when="it works",
        ),
    )
    assert made.work_stream.id == "2.2"
    assert made.after.decode() == PLAN + (
        "\n### Phase 2.2: Sign in\nPeople have accounts.\n\n- **Status:** ⚪ Not Started\n"
        "- **Depends On:** Phase 1.1, Phase 1.2\n- **Tasks:**\n  - [ ] Form\n  - [ ] Session\n"
        "- **Effort:** M\n- **Done When:** it works\n"
    )


def test_line_ends_and_a_missing_last_one_are_kept() -> None:
    found = added(PLAN.replace("\n", "\r\n").encode(), BARE)
    assert found.after.count(b"\n") == found.after.count(b"\r\n")
    assert added(PLAN.rstrip("\n").encode(), BARE).after.endswith(b"Not Started\n")


def test_an_id_that_a_template_or_the_backlog_has_is_not_used_again() -> None:
    plan = PLAN + "\n## Backlog\n\n### Phase 2.2: Perhaps\n\n- **Status:** ⚪ Not Started\n"
    assert added(plan.encode(), BARE).work_stream.id == "2.3"


def test_of_several_plans_the_one_of_the_first_dependency_takes_it() -> None:
    files = Memory({"api/plan.md": PLAN.encode(), "web/plan.md": PLAN.encode()})
    paths = ["api/plan.md", "web/plan.md"]
    found = append(files, paths, NewWork(name="Sign in", depends_on=("web:1.1",)))
    assert (found.path, found.work_stream.depends_on, found.work_stream.id) == ("web/plan.md", ("web:1.1",), "2.2")
    with pytest.raises(RoadmapError, match="by hand"):  # a plan cannot name what stands in another
        append(files, paths, NewWork(name="Sign in", depends_on=("web:1.1", "api:1.2")))


@pytest.mark.parametrize(
    ("data", "new", "said"),
    [
        (b"| Task | Status |\n| --- | --- |\n| A | todo |\n| B | todo |\n", BARE, "by hand"),
        (b"# Plan\n\nNothing yet.\n", BARE, "holds no work stream yet"),
        (PLAN.encode(), NewWork(name=" \n"), "needs a name"),
        (PLAN.encode(), NewWork(name="Ship it ✅ Complete"), "plainer words"),
        (PLAN.encode(), NewWork(name="A", description="Depends On: Phase 1.2"), "plainer words"),
    ],
)
def test_what_cannot_be_written_is_refused(data: bytes, new: NewWork, said: str) -> None:
    with pytest.raises(RoadmapError, match=said):
        append(Memory({"plan.md": data}), ["plan.md"], new)


def test_an_unknown_dependency_is_named() -> None:
    with pytest.raises(UnknownWorkStream, match=r"9\.9"):
        append(Memory({"plan.md": PLAN.encode()}), ["plan.md"], NewWork(name="A", depends_on=("9.9",)))


@pytest.mark.parametrize("opener", ["```", "~~~", "<!--", "### Phase 1.1: Again", "- [ ] one more", "---"])
def test_marks_in_texts_swallow_nothing_and_make_nothing(opener: str) -> None:
    for plan in (PLAN + "\n## Notes\n\nKeep **this**.\n", "- [ ] Read\n- [ ] Print\n\n## Notes\n\nKeep this.\n"):
        for new in (NewWork(name="A", description=opener), NewWork(name=opener), NewWork(name="A", tasks=(opener,))):
            try:
                found = added(plan.encode(), new)
            except RoadmapError:
                continue
            assert found.after.endswith(plan.encode()[-20:])
            assert (
                len(read(found.after, "plan.md").work_streams) == len(read(plan.encode(), "plan.md").work_streams) + 1
            )


@settings(max_examples=25)
@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(TAKING))
def test_no_text_whatever_harms_a_plan(name: str, more: str, path: Path) -> None:
    try:
        found = added(path.read_bytes(), NewWork(name=name, description=more, done_when=more, tasks=(more,)))
    except RoadmapError as error:
        assert len(str(error)) < 600
    else:
        assert found.work_stream.name == " ".join(clean(name).split())


# ---- the repository


def test_a_work_stream_is_added_started_and_landed(repo: Path) -> None:
    make_project(repo)
    (repo / "mine.txt").write_text("not committed")
    shown = run_orch(repo, "add", "Fourth File", "--depends-on", "1.1", "--effort", "S")
    assert (shown.returncode, git(repo, "log", "--oneline").count("\n")) == (4, 1)
    assert "+### Phase 2.2: Fourth File" in shown.stdout and "--yes" in shown.stderr
    done = run_orch(repo, "add", "Fourth File", "--task", "Write it", "--yes", "--json")
    data = json.loads(done.stdout)
    assert (done.returncode, data["state"], data["work_stream_id"]) == (0, "added", "2.2")
    page = (ROOT / "docs" / "json.md").read_text().partition("## `orch add`")[2].partition("\n## ")[0]
    assert set(data) <= set(re.findall(r"`(\w+)`", page))
    assert git(repo, "show", "--format=%s", "--name-only") == "Add 2.2: Fourth File to the roadmap\n\nplans/roadmap.md"
    assert git(repo, "status", "--porcelain") == "?? mine.txt"
    assert run_orch(repo, "run", "2.2").returncode == 0
    assert {s["id"]: s["status"] for s in ask(repo, "status")["work_streams"]}["2.2"] == "complete"


def test_what_a_person_has_not_committed_stays_and_is_not_in_the_commit(repo: Path) -> None:
    make_project(repo)
    (repo / "orch.toml").write_text((repo / "orch.toml").read_text() + "# mine\n")
    (repo / "staged.txt").write_text("staged")
    git(repo, "add", "staged.txt")
    before = git(repo, "status", "--porcelain")
    assert run_orch(repo, "add", "Fourth File", "--yes").returncode == 0
    assert git(repo, "status", "--porcelain") == before
    plan = repo / "plans" / "roadmap.md"
    plan.write_text(plan.read_text() + "mine\n")
    refused = run_orch(repo, "add", "Fifth File", "--yes")
    assert refused.returncode == 2 and "not committed" in refused.stderr
    assert plan.read_text().endswith("mine\n")


def test_a_branch_that_is_not_checked_out_is_written_on_too(repo: Path) -> None:
    make_project(repo, settings='[integration]\ntarget = "main"\n')
    git(repo, "switch", "--quiet", "--create", "other")
    project = Project(repo)
    additions.land(project, additions.propose(project, BARE), BARE)
    assert "Sign in with OAuth" in git(repo, "show", "main:plans/roadmap.md")
    assert "Sign in" not in (repo / "plans" / "roadmap.md").read_text()


def test_a_target_that_moved_is_followed_and_the_next_id_taken(repo: Path) -> None:
    make_project(repo)
    project = Project(repo)
    addition = additions.propose(project, BARE)
    git(repo, "commit", "--quiet", "--allow-empty", "--message=moved")
    additions.land(project, addition, BARE)
    assert git(repo, "log", "--format=%s", "-2").splitlines()[1] == "moved"
    with pytest.raises(NotAvailable, match=r"2\.2"):
        additions.propose(project, BARE)
    stale, another = additions.propose(project, NewWork(name="Another")), NewWork(name="Another")
    additions.land(project, additions.propose(project, NewWork(name="Third")), NewWork(name="Third"))
    landed = additions.land(project, stale, another)
    assert (stale.work_stream.id, landed.work_stream.id) == ("2.3", "2.4")
    assert "### Phase 2.4: Another" in git(repo, "show", f"{landed.commit}:plans/roadmap.md")


def test_what_would_read_otherwise_after_a_change_of_the_plan_needs_a_new_yes(repo: Path) -> None:
    make_project(repo)
    project = Project(repo)
    addition = additions.propose(project, BARE)
    plan = repo / "plans" / "roadmap.md"
    plan.write_text(plan.read_text().replace("- **Status:**", "- **State:**"))
    git(repo, "commit", "--quiet", "--all", "--message=reworded")
    with pytest.raises(RoadmapError, match="meanwhile"):
        additions.land(project, addition, BARE)


def test_a_detached_head_is_no_place(repo: Path) -> None:
    make_project(repo)
    git(repo, "checkout", "--quiet", "--detach")
    with pytest.raises(RepositoryError, match="detached"):
        additions.propose(Project(repo), BARE)


# ---- the talk


@pytest.mark.parametrize("yes", [True, False, None])
def test_the_person_sees_the_diff_and_has_the_say(
    repo: Path, monkeypatch: pytest.MonkeyPatch, yes: bool | None
) -> None:
    make_project(repo)
    notes = Notes(yes=yes)
    call = Answer(content=(tool("add_work_stream", name="Sign in", depends_on=["1.1"]),))
    with StandIn(in_turn(call, text("There."))) as standin:
        for name, value in standin.environment.items():
            monkeypatch.setenv(name, value)
        talk = talk_in(repo, notes)

        async def turn() -> str:
            try:
                return (await talk.say("we need sign in")).state
            finally:
                await talk.close()

        state = asyncio.run(turn())
    assert "+### Phase 2.2: Sign in" in notes.lines
    assert notes.asked[0].startswith("add work stream (name Sign in")
    assert state == ("needs_answer" if yes is None else "done")
    assert ("Sign in" in (repo / "plans" / "roadmap.md").read_text()) is bool(yes)


def test_a_dry_run_shows_the_diff_and_writes_nothing(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_project(repo)
    call = Answer(content=(tool("add_work_stream", name="Sign in"),))
    with StandIn(in_turn(call, text("I would add it."))) as standin:
        done = run_orch(repo, "goal", "we need sign in", "--dry-run", env={**os.environ, **standin.environment})
    assert done.returncode == 0 and "+### Phase 2.2: Sign in" in done.stdout
    assert "Sign in" not in git(repo, "show", "HEAD:plans/roadmap.md") + (repo / "plans" / "roadmap.md").read_text()


def test_what_cannot_be_added_is_told_to_the_model_and_not_asked(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_project(repo)
    notes = Notes()
    call = Answer(content=(tool("add_work_stream", name="Sign in", depends_on=["9.9"]),))
    with StandIn(in_turn(call, text("That is not there."))) as standin:
        for name, value in standin.environment.items():
            monkeypatch.setenv(name, value)
        talk = talk_in(repo, notes)

        async def turn() -> None:
            try:
                await talk.say("we need sign in")
            finally:
                await talk.close()

        asyncio.run(turn())
        (result,) = standin.requests[-1].results.values()
    assert 'no work stream "9.9"' in result and not notes.asked
