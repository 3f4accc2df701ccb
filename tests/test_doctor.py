"""`orch doctor`: it finds what is wrong, says how to put it right, and loses nothing when it does so itself."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from support import git, run_orch
from support_repositories import editable
from support_work import (
    ask,
    is_running,
    kill_controller,
    lines_of,
    look,
    make_project,
    shim_pid,
    until,
    wait_for_end,
    waits_for,
)

from orchestrator_agent import doctor
from orchestrator_agent.orchestrator import Orchestrator


def findings(repo: Path, *words: str) -> dict[str, dict[str, Any]]:
    done = run_orch(repo, "doctor", *words, "--json")
    data = json.loads(done.stdout)
    assert done.returncode == (0 if data["ok"] else 1), done.stderr
    return {item["name"]: item for item in data["findings"]}


def test_a_healthy_project_is_all_well(repo: Path) -> None:
    make_project(repo)
    found = findings(repo)
    assert all(item["ok"] for item in found.values())
    assert set(found) >= {
        "git",
        "branch",
        "settings",
        "roadmap",
        "agent",
        "checks",
        "controller",
        "locks",
        "orphans",
        "worktrees",
    }
    assert run_orch(repo, "doctor").stdout.count("✓") == len(found)


def test_each_fault_is_named_with_its_remedy(repo: Path) -> None:
    make_project(repo)
    text = (repo / "orch.toml").read_text("utf-8")
    (repo / "orch.toml").write_text(
        text.replace('"true"', '"no-such-check"').replace('["sh"', '["no-such-agent"'), "utf-8"
    )
    lock = repo / ".git" / "index.lock"
    lock.touch()
    os.utime(lock, (0, 0))
    found = findings(repo)
    wrong = {name for name, item in found.items() if not item["ok"]}
    assert wrong == {"branch", "agent", "checks", "locks"}
    assert "commit or stash" in found["branch"]["message"]
    assert "no-such-agent" in found["agent"]["message"]
    assert "no-such-check" in found["checks"]["message"] and found["checks"]["remedy"]
    assert str(lock) in found["locks"]["remedy"]
    lock.unlink()


def test_a_package_that_tests_would_take_from_the_checkout_is_named(repo: Path, tmp_path: Path) -> None:
    make_project(repo)
    python = editable(tmp_path / "venv", repo / "packages" / "p")
    text = (repo / "orch.toml").read_text("utf-8")
    (repo / "orch.toml").write_text(text.replace('"true"', json.dumps([python, "-c", "pass"])), "utf-8")
    found = findings(repo)["editable"]
    assert not found["ok"] and "has p in editable mode" in found["message"] and "setup" in found["remedy"]


def test_outside_of_a_repository_it_says_so(tmp_path: Path) -> None:
    found = findings(tmp_path)
    assert "not in a git repository" in found["git"]["message"]


def test_settings_that_cannot_be_read_are_a_finding(repo: Path) -> None:
    make_project(repo)
    (repo / "orch.toml").write_text("[agent\n")
    assert "not valid TOML" in findings(repo)["settings"]["message"]


def test_left_over_worktrees_are_saved_and_then_removed(repo: Path) -> None:
    make_project(repo, "echo half > half.txt; exit 1", settings="max_attempts = 1\nauto_commit = false\n")
    assert run_orch(repo, "run", "1.1").returncode == 1
    wait_for_end(repo)
    agent = ask(repo, "report")["agents"][0]
    place = Path(agent["worktree"])
    (place / "later.txt").write_text("by a person who looked\n")
    assert agent["id"] in findings(repo)["worktrees"]["message"]
    assert place.exists()
    assert findings(repo, "--fix")["worktrees"]["ok"]
    assert not place.exists()
    saved = f"refs/orch/rescue/{agent['id']}"
    assert git(repo, "show", f"{saved}:half.txt") == "half"
    assert git(repo, "show", f"{saved}:later.txt") == "by a person who looked"
    assert "none is left over" in findings(repo)["worktrees"]["message"]


def test_a_worktree_that_cannot_be_saved_is_kept(repo: Path) -> None:
    make_project(repo, "git init -q inner; echo x > inner/x; exit 1", settings="max_attempts = 1\n")
    assert run_orch(repo, "run", "1.1").returncode == 1
    wait_for_end(repo)
    place = Path(ask(repo, "report")["agents"][0]["worktree"])
    found = findings(repo, "--fix")["worktrees"]
    assert not found["ok"] and "inner" in found["message"]
    assert (place / "inner" / "x").exists()


def test_a_controller_that_was_killed_is_found_and_replaced(repo: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    make_project(repo, f"{waits_for(go)}; echo x > x.txt; git add -A; git commit -qm x")
    assert run_orch(repo, "run", "1.1", "--detach").returncode == 0
    until(lambda: look(repo, "running")["agents"])
    kill_controller(repo)
    found = findings(repo)
    assert not found["controller"]["ok"] and "gone" in found["controller"]["message"]
    assert findings(repo, "--fix")["controller"]["ok"]
    go.touch()
    wait_for_end(repo)
    assert ask(repo, "status")["work_streams"][0]["status"] == "complete"


def test_a_damaged_journal_is_put_aside_and_its_agents_are_ended(repo: Path, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    make_project(repo, f'echo half > half.txt; echo $$ >> "{pids}"; sleep 1000')
    assert run_orch(repo, "run", "1.1", "--detach").returncode == 0
    until(lambda: lines_of(pids))
    agent = ask(repo, "running")["agents"][0]
    kill_controller(repo)
    journal = repo / ".orch" / "journal.db"
    for suffix in ("-wal", "-shm"):
        journal.with_name(journal.name + suffix).unlink(missing_ok=True)
    journal.write_bytes(b"this is no database" * 1000)
    done = run_orch(repo, "status")
    assert done.returncode == 2 and "orch doctor --fix" in done.stderr and done.stderr.count("\n") == 1
    assert not findings(repo)["journal"]["ok"]
    assert findings(repo, "--fix")["journal"]["ok"]
    assert not any(is_running(int(line)) for line in lines_of(pids))
    kept = list((repo / ".orch").glob("journal.db.damaged-*"))
    assert len(kept) == 1 and kept[0].read_bytes().startswith(b"this is no database")
    assert run_orch(repo, "status").returncode == 0
    assert git(repo, "show", f"refs/orch/rescue/{agent['id']}:half.txt") == "half"


def test_an_agent_whose_shim_was_killed_is_swept(repo: Path, tmp_path: Path) -> None:
    """Its journal was put aside as well: nothing but its files knows of it."""
    pids = tmp_path / "pids"
    make_project(repo, f'echo $$ >> "{pids}"; sleep 1000')
    assert run_orch(repo, "run", "1.1", "--detach").returncode == 0
    until(lambda: lines_of(pids))
    agent = ask(repo, "running")["agents"][0]
    kill_controller(repo)
    os.kill(shim_pid(repo, agent["id"]), signal.SIGKILL)
    for path in (repo / ".orch").glob("journal.db*"):
        path.unlink()
    assert findings(repo, "--fix")["orphans"]["ok"]
    assert not any(is_running(int(line)) for line in lines_of(pids))


def test_a_full_disk_is_named_wherever_one_looks(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_project(repo)
    monkeypatch.setattr("orchestrator_agent.project._ROOM", 1 << 62)  # as if there were hardly any room
    (full,) = [finding for finding in doctor.examine(repo) if not finding.ok]
    assert full.name == "disk" and "is full; make room" in full.message
    orchestrator = Orchestrator(repo)
    assert "is full" in orchestrator.status()["warnings"][0] and "is full" in orchestrator.status()["obstacle"]
    assert "is full" in orchestrator.why("1.1")[0]["reason"]
