"""Plans of one file, of a folder, and of several files, from a working tree and from a commit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from support import git

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.git import Repository
from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.roadmap import read_plan, write_statuses
from orchestrator_agent.roadmap.availability import availability
from orchestrator_agent.roadmap.conflicts import conflicts
from orchestrator_agent.roadmap.problems import problems
from orchestrator_agent.roadmap.sources import Commit, Memory, WorkingTree, open_source

S = WorkStreamStatus
ONE = (
    b"### Phase 1.1: Core\n- **Status:** Not Started\n\n"
    b"### Phase 1.2: More\n- **Status:** Blocked\n- **Depends On:** 1.1\n"
)
TWO = (
    b"### Phase 1.1: Pages\n- **Status:** Complete\n\n"
    b"### Phase 3.1: Last\n- **Status:** Not Started\n- **Depends On:** 1.1\n"
)


@pytest.fixture
def place(tmp_path: Path) -> Repository:
    """A repository with a folder of odd files, committed."""
    folder = tmp_path / "plans" / "deep er"
    folder.mkdir(parents=True)
    (folder / "a [x].md").write_bytes(b"a\r\n")
    (folder / "Ü.md").write_bytes("ü".encode())
    (tmp_path / "plans" / "z.json").write_bytes(b"")
    (tmp_path / "plans" / "picture.png").write_bytes(b"\0")
    (tmp_path / "plans" / "link.md").symlink_to("z.json")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "first")
    return Repository(tmp_path)


def test_a_commit_and_the_working_tree_hold_the_same(place: Repository) -> None:
    expected = {"plans/deep er/a [x].md": b"a\r\n", "plans/deep er/Ü.md": "ü".encode(), "plans/z.json": b""}
    for files in (WorkingTree(place.root), Commit(place, "HEAD")):
        assert dict(files.below("plans")) == expected
        assert files.read("plans/z.json") == b"" and files.read("plans") is None and files.read("no.md") is None
        assert dict(files.below("no")) == {}
        source = open_source(files, "plans/deep er")
        assert source is not None and source.is_folder and not source.is_markdown


def test_ids_of_several_plans_are_told_apart() -> None:
    files = Memory({"core.md": ONE, "pages.md": TWO})
    roadmap = read_plan(files, ["core.md", "pages.md"])
    assert [s.id for s in roadmap.work_streams] == ["core:1.1", "1.2", "pages:1.1", "3.1"]
    assert [s.depends_on for s in roadmap.work_streams] == [(), ("core:1.1",), (), ("pages:1.1",)]
    may = availability(roadmap.work_streams)
    assert [id_ for id_, state in may.items() if state.available] == ["core:1.1", "3.1"]
    assert roadmap.owns("core.md") and not roadmap.owns("core.md.bak")
    with pytest.raises(RoadmapError, match="no roadmap at gone"):
        read_plan(files, ["core.md", "gone.md"])


def test_labels_come_from_folders_where_files_have_one_name() -> None:
    files = Memory({"specs/001-a/tasks.md": ONE, "specs/002-b/tasks.md": ONE})
    ids = [s.id for s in read_plan(files, list(files.files)).work_streams]
    assert ids == ["001-a:1.1", "001-a:1.2", "002-b:1.1", "002-b:1.2"]


def test_each_status_goes_into_its_own_plan() -> None:
    files = Memory({"core.md": ONE, "pages.md": TWO})
    changes: Mapping[str, S] = {"core:1.1": S.COMPLETE, "3.1": S.COMPLETE}
    written = write_statuses(files, ["core.md", "pages.md"], changes)
    assert written == {
        "core.md": ONE.replace(b"Not Started", b"Complete"),
        "pages.md": TWO.replace(b"Not Started", b"Complete"),
    }
    assert write_statuses(files, ["core.md", "pages.md"], {"pages:1.1": S.COMPLETE}) == {}


def test_conflicts_hold_both_ways_and_through_files() -> None:
    found = conflicts(
        [
            WorkStream(id="A", name="a", conflicts_with=("b", "gone"), files=("src/parser/",)),
            WorkStream(id="B", name="b"),
            WorkStream(id="C", name="c", files=("./src/parser/lexer.py", "docs/x.md")),
            WorkStream(id="D", name="d", files=("docs/x.md",)),
            WorkStream(id="E", name="e", files=("docs/x.md",), status=S.COMPLETE),
        ]
    )
    assert found == {"a": {"b", "c"}, "b": {"a"}, "c": {"a", "d"}, "d": {"c"}}


def test_problems_name_the_line() -> None:
    plan = (
        b"### Phase 1: A\n- **Status:** Not Started\n- **Depends On:** 2\n\n"
        b"### Phase 2: B\n- **Status:** Not Started\n- **Depends On:** 1\n\n"
        b"### Phase 3: C\n- **Status:** Not Started\n- **Depends On:** Legal review\n\n"
        b"### Phase 4: D\n- **Status:** Blocked\n- **Depends On:** 5\n\n"
        b"### Phase 5: E\n- **Status:** Complete\n- **Depends On:** 1\n"
    )
    roadmap = read_plan(Memory({"p.md": plan}), ["p.md"])
    found = problems(roadmap, availability(roadmap.work_streams))
    errors = [problem.text for problem in found if problem.severity == "error"]
    assert errors[0].startswith("p.md:1: 1 waits for itself") and len(errors) == 2
    assert errors[1] == 'p.md:9: 3 depends on "Legal review", which the roadmap does not hold.'
    warnings = [problem.text for problem in found if problem.severity == "warning"]
    assert warnings[0].startswith("p.md:13: 4 is called blocked")
    assert warnings[1] == "p.md:17: 5 is complete, but 1, which it depends on, is not."
