"""The sample project: every work stream by its stand-in agent, in real worktrees and merges, until all is green."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from support import git

from orchestrator_agent import roadmap, sample, settings
from orchestrator_agent.errors import RepositoryError
from orchestrator_agent.runtimes.demo import PROGRAM


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    directory = tmp_path / "deep" / "shop"
    sample.create(directory)
    return directory


class Agents:
    """A person who does by hand, with plain git, what a controller does."""

    def __init__(self, shop: Path) -> None:
        self.shop = shop
        self.attempts: dict[str, int] = {}
        self.heads: dict[str, str] = {}
        self.said: dict[str, str] = {}
        # People like to watch; tests do not.
        script = json.loads((shop / "demo-script.json").read_text("utf-8"))
        for attempts in script["streams"].values():
            attempts[:] = [[step for step in steps if "sleep" not in step] for steps in attempts]
        self.script = shop.parent / "without-sleep.json"
        self.script.write_text(json.dumps(script), "utf-8")

    def work(self, *work_streams: str) -> None:
        """One attempt at each, at the same time, from the main branch or from what the last attempt committed."""
        running = [(work_stream, *self._start(work_stream)) for work_stream in work_streams]
        for work_stream, place, process in running:
            self.said[work_stream], _ = process.communicate(timeout=60)
            assert process.returncode == 0, self.said[work_stream]
            assert git(place, "status", "--porcelain") == ""
            self.heads[work_stream] = git(place, "rev-parse", "HEAD")

    def _start(self, work_stream: str) -> tuple[Path, subprocess.Popen[str]]:
        attempt = self.attempts[work_stream] = self.attempts.get(work_stream, 0) + 1
        place = self.shop.parent / f"{work_stream}-{attempt}"
        base = self.heads.get(work_stream, "main")
        git(self.shop, "worktree", "add", "-q", "-b", f"work/{work_stream}/{attempt}", str(place), base)
        variables = {"ORCH_WORK_STREAM": work_stream, "ORCH_ATTEMPT": str(attempt), "ORCH_TARGET_BRANCH": "main"}
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(PROGRAM), str(self.script)],
            cwd=place,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        return place, process

    def merges(self, work_stream: str) -> bool:
        """Merge into main; False, and nothing changed, on a conflict."""
        head = self.heads[work_stream]
        assert git(self.shop, "diff", "--name-only", f"main...{head}"), f"{work_stream} changed nothing"
        command = ["git", "merge", "-q", "--no-ff", "--no-edit", head]
        done = subprocess.run(command, cwd=self.shop, capture_output=True, text=True)
        if done.returncode != 0:
            assert "CONFLICT" in done.stdout, done.stdout + done.stderr
            git(self.shop, "merge", "--abort")
        return done.returncode == 0


def suite_is_green(directory: Path) -> bool:
    command = settings.load(directory).checks.tests
    assert isinstance(command, tuple)
    return subprocess.run(command, cwd=directory, capture_output=True).returncode == 0


def foundation(agents: Agents) -> None:
    """Batch 1, with the attempt that fails its tests."""
    agents.work("1.1", "1.2", "1.3")
    assert agents.merges("1.1")
    assert agents.merges("1.3")
    assert not suite_is_green(agents.shop.parent / "1.2-1")
    agents.work("1.2")
    assert agents.merges("1.2")


def test_the_project_is_clean_green_and_understood(shop: Path) -> None:
    assert git(shop, "branch", "--show-current") == "main"
    assert git(shop, "rev-list", "--count", "HEAD") == "1"
    assert suite_is_green(shop)
    assert git(shop, "status", "--porcelain") == ""
    loaded = settings.load(shop)
    assert (loaded.agent.runtime, loaded.agent.script) == ("demo", "demo-script.json")
    plan = roadmap.read((shop / "plans" / "roadmap.md").read_bytes(), "plans/roadmap.md")
    depends_on = {stream.id: set(stream.depends_on) for stream in plan.work_streams}
    assert list(depends_on) == ["1.1", "1.2", "1.3", "2.1", "2.2", "2.3", "3.1", "3.2"]
    assert depends_on["2.1"] == depends_on["2.2"] == {"1.2", "1.3"}
    assert depends_on["3.2"] == {"1.1", "2.3", "3.1"}
    assert len({stream.batch for stream in plan.work_streams}) == 3
    assert all(stream.tasks and stream.done_when and not stream.is_closed for stream in plan.work_streams)


@pytest.mark.parametrize("first", ["2.1", "2.2"])
def test_agents_finish_the_roadmap_whichever_of_two_lands_first(shop: Path, first: str) -> None:
    agents = Agents(shop)
    foundation(agents)
    second = {"2.1": "2.2", "2.2": "2.1"}[first]
    agents.work("2.1", "2.2", "2.3")
    assert agents.heads["2.3"] == git(shop, "rev-parse", "main"), "its first attempt only claims to have done something"
    assert "everything is done" in agents.said["2.3"]
    assert agents.merges(first)
    assert not agents.merges(second)
    agents.work("2.3", second)
    assert "keeping both sides" in agents.said[second]
    assert agents.merges("2.3")
    assert agents.merges(second)
    agents.work("3.1")
    assert agents.merges("3.1")
    agents.work("3.2")
    assert agents.merges("3.2")
    assert suite_is_green(shop)
    assert len(list((shop / "tests").glob("test_*.py"))) == 2 + 8


def test_one_after_the_other_no_conflict_is_met(shop: Path) -> None:
    agents = Agents(shop)
    for work_stream in ("1.3", "2.2", "2.1"):
        agents.work(work_stream)
        assert agents.merges(work_stream)
    assert suite_is_green(shop)


def test_every_attempt_can_begin_from_nothing(shop: Path) -> None:
    """The first attempts may have been lost before they committed anything."""
    agents = Agents(shop)
    for wave in (("1.1", "1.2", "1.3"), ("2.1", "2.3"), ("2.2",), ("3.1",), ("3.2",)):
        agents.attempts.update(dict.fromkeys(wave, 1))
        agents.work(*wave)
        assert all([agents.merges(work_stream) for work_stream in wave])
    assert suite_is_green(shop)


def test_a_folder_with_something_in_it_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RepositoryError, match="not empty"):
        sample.create(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RepositoryError, match=r"cannot be written"):
        sample.create(tmp_path / "mine.txt")


def test_variables_of_git_do_not_lead_elsewhere(tmp_path: Path, repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(repo / ".git"))
    sample.create(tmp_path / "shop")
    monkeypatch.delenv("GIT_DIR")
    assert git(repo, "rev-list", "--count", "--all") == "1"
    assert git(tmp_path / "shop", "log", "--format=%s") == "Open the corner shop"


def test_the_suite_also_runs_where_pytest_is_missing(shop: Path) -> None:
    command = [sys.executable, "-m", "unittest", "discover", "-s", "tests"]
    done = subprocess.run(command, cwd=shop, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Ran 4 tests" in done.stderr


def test_pytest_is_used_where_it_is_there(shop: Path) -> None:
    table = tomllib.loads((shop / "orch.toml").read_text("utf-8"))
    assert table["checks"]["tests"] == [sys.executable, "-m", "pytest", "-q"]
