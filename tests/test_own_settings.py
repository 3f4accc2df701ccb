"""Settings of single work streams: each agent works by its own, and people are shown which those are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import run_orch
from support_repositories import COMMIT, WORK, outcomes, prepare
from support_work import ask

from orchestrator_agent.orchestrator import Orchestrator, OrchestratorConfig
from orchestrator_agent.project import Project


def own(*tables: str) -> str:
    """Tables for orch.toml, each as its name and its settings in one line."""
    pairs = (table.split(" ", 1) for table in tables)
    return "".join(f'[work_streams."{name}"]\n{settings.replace("; ", chr(10))}\n' for name, settings in pairs)


def test_each_agent_works_by_the_settings_of_its_work_stream(repo: Path) -> None:
    other = json.dumps(["sh", "-c", f"echo other > other-$ORCH_WORK_STREAM && {COMMIT}"])
    tables = own(
        f"1.2 command = {other}",
        '2.* command = ["sh", "-c", "exit 3"]; max_attempts = 1',
        "9 effort = 'low'",
    )
    project = prepare(repo, WORK, "1.1", "1.2", "2.1", extra=tables, max_attempts=2)
    run_orch(repo, "batch")
    assert outcomes(project) == {"1.1": "complete", "1.2": "complete", "2.1": "failed"}
    assert (repo / "done-1.1").exists() and (repo / "other-1.2").exists() and not (repo / "done-1.2").exists()
    assert len(Project(repo).store.agents(work_stream_id="2.1")) == 1


def test_another_runtime_and_another_time_limit(repo: Path) -> None:
    (repo / "demo-script.json").write_text(
        json.dumps({"streams": {"*": [[{"write": {"path": "demo.txt", "text": "x"}}, {"commit": "demo"}]]}})
    )
    tables = own('1.1 runtime = "demo"', "1.2 timeout_seconds = 0.5; max_attempts = 1")
    project = prepare(repo, "sleep 100", "1.1", "1.2", extra=tables)
    run_orch(repo, "batch")
    assert outcomes(project) == {"1.1": "complete", "1.2": "failed"}
    first, second = (Project(repo).store.agents(work_stream_id=name)[0].record for name in ("1.1", "1.2"))
    assert (first.runtime, second.runtime) == ("demo", "command") and "did not end within" in second.reason


def test_what_python_is_told_goes_over_the_settings_of_a_work_stream(repo: Path) -> None:
    prepare(repo, "sleep 100", extra=own("1.1 timeout_seconds = 900"), max_attempts=1)
    orchestrator = Orchestrator(repo, OrchestratorConfig(agent_timeout_seconds=0.5))
    orchestrator.runner.spawn_agent("1.1")
    orchestrator.runner.wait_for_all()
    assert "did not end within" in orchestrator.agent("1.1").record.reason


def test_a_dry_run_shows_them(repo: Path) -> None:
    (repo / "demo-script.json").write_text('{"streams": {}}')
    prepare(repo, WORK, "1.1", "1.2", extra=own('1.2 runtime = "demo"; timeout_seconds = 90'))
    planned = ask(repo, "batch", "--dry-run")["now"]
    assert [item["settings"] for item in planned] == [{}, {"runtime": "demo", "timeout_seconds": 90.0}]
    assert run_orch(repo, "batch", "--dry-run").stdout.count('with runtime = "demo", timeout_seconds = 90') == 1


@pytest.mark.parametrize("runtime", ["command", "demo"])
def test_an_agent_that_cannot_start_is_told_before_and_hinders_no_other(repo: Path, runtime: str) -> None:
    prepare(repo, WORK, "1.1", "1.2", extra=own(f'1.2 runtime = "{runtime}"; command = ["no-such-agent"]'))
    done = run_orch(repo, "run", "1.2")
    assert done.returncode != 0 and ("no-such-agent" in done.stderr or "demo-script.json" in done.stderr)
    assert not Project(repo).store.agents()
    assert run_orch(repo, "run", "1.1").returncode == 0


def test_what_one_agent_lacks_is_no_obstacle_to_all(repo: Path) -> None:
    prepare(repo, WORK, "1.1", "1.2", extra=own('1.1 command = ["no-such-agent"]'))
    assert ask(repo, "status")["obstacle"] is None
    prepare(repo, WORK, "1.1", extra=own('1.1 command = ["no-such-agent"]'))
    assert "no-such-agent" in ask(repo, "status")["obstacle"]
    assert "no-such-agent" in run_orch(repo, "why", "1.1").stdout


def test_doctor_names_tables_that_fit_nothing_and_agents_that_cannot_start(repo: Path) -> None:
    prepare(repo, WORK, "1.1", extra=own("1.7 model = 'x'", '1.1 command = ["no-such-agent"]'))
    said = run_orch(repo, "doctor").stdout
    assert '[work_streams."1.7"] fits no work stream' in said and "for 1.1: " in said and "no-such-agent" in said
    prepare(repo, WORK, "1.1", extra=own("1.* model = 'x'"))
    assert run_orch(repo, "doctor").returncode == 0
