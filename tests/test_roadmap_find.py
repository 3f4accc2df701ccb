"""Finding the plan of a repository, without leaving it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.roadmap import find_plan, find_plans, get_available_work_streams, parse_roadmap

PLAN = "### Phase 1.1: A\nStatus: done\n### Phase 1.2: B\nStatus: todo\n### Phase 1.3: C ⭐ PRIORITY\nStatus: todo\n"


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".md").write_text(text, encoding="utf-8")


def test_order_of_places(tmp_path: Path) -> None:
    write(tmp_path, TODO="- [ ] x\n", ROADMAP="- [ ] x\n", plans__roadmap=PLAN, README="- [ ] x\n")
    write(tmp_path, specs__009_a__tasks="- [ ] x\n", specs__010_b__tasks="- [ ] x\n")
    found = find_plans(tmp_path)
    assert found == ["plans/roadmap.md", "specs/010_b/tasks.md", "specs/009_a/tasks.md", "ROADMAP.md", "TODO.md"]
    assert find_plan(tmp_path) == "plans/roadmap.md"


@pytest.mark.parametrize(
    "place",
    [
        *(".agent-os/product/roadmap.md", ".agent-os/specs/2031-04-01-doors/tasks.md", ".planning/ROADMAP.md"),
        *("agent-os/product/roadmap.md", "agent-os/specs/doors/tasks.md", "openspec/changes/doors/tasks.md"),
    ],
)
def test_plans_of_tools_are_found(tmp_path: Path, place: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True)
    path.write_text("- [ ] x\n", encoding="utf-8")
    assert find_plans(tmp_path) == [place]


@pytest.mark.parametrize(
    "folder",
    ["_bmad-output/implementation-artifacts", "docs/implementation-artifacts", "docs/sprint-artifacts", "docs"],
)
def test_sprints_are_found(tmp_path: Path, folder: str) -> None:
    path = tmp_path / folder / "sprint-status.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("development_status:\n  1-1-a: backlog\n", encoding="utf-8")
    assert find_plans(tmp_path) == [f"{folder}/sprint-status.yaml"]


def test_plans_without_work_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, ROADMAP="We dream.\n", TODO="- [ ] x\n")
    assert find_plan(tmp_path) == "TODO.md"


def test_configured(tmp_path: Path) -> None:
    write(tmp_path, ROADMAP=PLAN, notes__plan=PLAN)
    assert find_plan(tmp_path, "./notes/../notes/plan.md") == "notes/plan.md"


@pytest.mark.parametrize(
    ("configured", "says"),
    [
        ("absent.md", "no roadmap at absent.md"),
        ("../outside.md", "outside"),
        ("/etc/passwd", "outside"),
        ("pipe.md", "not a file"),
        ("leaves.md", "outside"),
        ("loop.md", "loop"),
    ],
)
def test_refused(tmp_path: Path, configured: str, says: str) -> None:
    root = tmp_path / "repository"
    root.mkdir()
    os.mkfifo(root / "pipe.md")
    (tmp_path / "outside.md").write_text(PLAN, encoding="utf-8")
    (root / "leaves.md").symlink_to(tmp_path / "outside.md")
    (root / "loop.md").symlink_to("loop.md")
    with pytest.raises(RoadmapError, match=says):
        find_plan(root, configured)


def test_links_out_of_the_repository_are_passed_over(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    root.mkdir()
    write(tmp_path / "elsewhere", roadmap=PLAN)
    (root / "plans").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RoadmapError, match="orch init"):
        find_plan(root)
    assert find_plans(root) == []


def test_links_inside_the_repository_are_followed(tmp_path: Path) -> None:
    write(tmp_path, notes__plan=PLAN)
    (tmp_path / "ROADMAP.md").symlink_to("notes/plan.md")
    assert find_plan(tmp_path) == "ROADMAP.md"


def test_a_pipe_is_no_plan(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "ROADMAP.md")
    with pytest.raises(RoadmapError, match="not a file"):
        find_plan(tmp_path, "ROADMAP.md")
    with pytest.raises(RoadmapError, match="not a file"):
        parse_roadmap(tmp_path / "ROADMAP.md")


def test_python_calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, plans__roadmap=PLAN)
    monkeypatch.chdir(tmp_path)
    assert [stream.id for stream in parse_roadmap()] == ["1.1", "1.2", "1.3"]
    assert [stream.id for stream in get_available_work_streams("plans/roadmap.md")] == ["1.3", "1.2"]
    with pytest.raises(RoadmapError, match="does not exist"):
        parse_roadmap("nowhere.md")
