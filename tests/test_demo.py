"""`orch demo` is the main job for real: what it promises on the README's first page, it does."""

from __future__ import annotations

import json
from pathlib import Path

from support import git, run_orch
from support_work import ask


def test_the_demo_ends_with_everything_merged_and_green(tmp_path: Path) -> None:
    done = run_orch(tmp_path, "demo", "shop", timeout=240)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "8 of 8 work streams are complete on main" in done.stdout
    assert "stand-ins" in done.stdout
    shop = tmp_path / "shop"
    assert git(shop, "status", "--porcelain") == ""
    report = ask(shop, "report")
    assert report["status"]["summary"]["complete"] == 8
    setbacks = [agent for agent in report["agents"] if agent["integration"] is None]
    checks = [agent["verification"]["checks"] for agent in setbacks]
    assert any(not entry["tests"]["passed"] for entry in checks if "tests" in entry), "a failing test was met"
    assert any(entry["changes"]["message"] == "the agent changed nothing" for entry in checks)
    assert any(agent["verification"]["conflicts"] for agent in setbacks), "a conflict was met"
    merges = git(shop, "log", "--merges", "--format=%(trailers:key=Orch-Work-Stream,valueonly,separator=%x2C)")
    assert {line for line in merges.splitlines() if line} == {"1.1", "1.2", "1.3", "2.1", "2.2", "2.3", "3.1", "3.2"}


def test_the_demo_does_not_write_over_a_folder(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "mine.txt").write_text("mine")
    done = run_orch(tmp_path, "demo", "shop", "--json")
    assert done.returncode == 2
    assert [path.name for path in (tmp_path / "shop").iterdir()] == ["mine.txt"]
    assert json.loads(done.stdout or "{}") == {}
