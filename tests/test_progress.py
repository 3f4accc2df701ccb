"""What is under way is told truly: queued, at work, being checked; failed; or kept from starting at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import git, run_orch
from support_work import (
    PLAN,
    WORK,
    ask,
    kill_controller,
    look,
    make_project,
    start_orch,
    until,
    wait_for_end,
    waits_for,
)

from orchestrator_agent.errors import SettingsError
from orchestrator_agent.project import Project, make_state_folder
from orchestrator_agent.settings import Settings

FAILS = "echo oh no; exit 3"


@pytest.fixture
def stops(repo: Path) -> Iterator[None]:
    """Nothing goes on when a test has ended, however it did."""
    yield
    run_orch(repo, "stop")


def stage(repo: Path, name: str) -> Callable[[], str | None]:
    return lambda: {item["work_stream_id"]: item["stage"] for item in ask(repo, "running")["under_way"]}.get(name)


def reason(repo: Path, name: str) -> str:
    item = ask(repo, "why", name)["work_streams"][0]
    return f"{item['kind']}: {item['reason']}; {item['remedy']}"


def slow_check(file: Path) -> str:
    """Settings with a check that waits until `file` is there."""
    return f"[checks.commands]\nslow = {json.dumps(['sh', '-c', waits_for(file)])}\n"


@pytest.mark.usefixtures("stops")
def test_what_waits_for_a_slot_is_queued(repo: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    make_project(repo, f"echo hello from $ORCH_WORK_STREAM; {waits_for(go)}\n{WORK}")
    assert run_orch(repo, "batch", "-n", "1", "--detach").returncode == 0
    until(lambda: stage(repo, "1.1")() == "working")
    assert reason(repo, "1.2") == "queued: is queued, place 1: 1 of 1 agents are at work; None"
    assert "waits for 1.1" in reason(repo, "2.1") and "starts by itself" in reason(repo, "2.1")
    shown = run_orch(repo, "status").stdout
    assert "Under way:\n  1.2  is queued, place 1" in shown and "Can start now" not in shown
    assert "1.2  is queued" in run_orch(repo, "running").stdout

    done = run_orch(repo, "logs", "1.2")
    assert (done.returncode, done.stdout) == (2, "") and "1.2 yet: it is queued" in done.stderr
    follower = start_orch(repo, "logs", "1.2", "-f")
    go.touch()
    out, err = follower.communicate(timeout=60)
    assert (follower.returncode, out, err) == (0, "hello from 1.2\n", "")
    wait_for_end(repo)


@pytest.mark.usefixtures("stops")
def test_work_that_is_being_checked_is_seen_and_can_be_stopped(repo: Path, tmp_path: Path) -> None:
    make_project(repo, settings=slow_check(tmp_path / "go"))
    assert run_orch(repo, "run", "1.1", "--detach").returncode == 0
    until(lambda: "is being checked (slow) for" in reason(repo, "1.1"))
    status = ask(repo, "status")
    assert (status["agents"], status["work_streams"][0]["stage"]) == ([], "checking")
    for command in ("status", "running"):
        assert "1.1  is being checked (slow) for" in run_orch(repo, command).stdout
    done = run_orch(repo, "stop")
    assert done.returncode == 0 and "agent" not in done.stdout
    assert done.stdout.startswith("1.1 is not checked; its work is on branch orch/1.1/coder-1.1-"), done.stdout


@pytest.mark.usefixtures("stops")
def test_a_talk_stops_checks_and_counts_no_agents(repo: Path, tmp_path: Path) -> None:
    make_project(repo, settings=slow_check(tmp_path / "go"))
    assert run_orch(repo, "batch", "--detach").returncode == 0
    until(lambda: "is being checked (slow) for" in reason(repo, "1.1") + reason(repo, "1.2"))
    until(lambda: not look(repo, "running")["agents"])
    waiting = {reason(repo, "1.1"), reason(repo, "1.2")}
    assert len([text for text in waiting if "waits to be checked, after 1." in text]) == 1, waiting
    said = run_orch(repo, "chat", input="running\nstop\nquit\n").stdout
    assert "waits to be checked, after 1." in said and "Stopped what was queued, checked or merged." in said
    assert "0 agents" not in said


@pytest.mark.usefixtures("stops")
def test_what_is_stopped_in_the_queue_is_named(repo: Path, tmp_path: Path) -> None:
    make_project(repo, waits_for(tmp_path / "go"))
    assert run_orch(repo, "batch", "-n", "1", "--detach").returncode == 0
    until(lambda: stage(repo, "1.1")() == "working")
    done = run_orch(repo, "stop")
    assert done.stdout.startswith("Stopped 1 agent:\n  coder-1.1-")
    assert done.stdout.endswith("1.2 was queued and does not start.\n")


@pytest.mark.usefixtures("stops")
def test_on_another_branch_it_says_for_which_one_work_goes_on(repo: Path, tmp_path: Path) -> None:
    make_project(repo, waits_for(tmp_path / "go"))
    assert run_orch(repo, "run", "1.1", "--detach").returncode == 0
    until(lambda: stage(repo, "1.1")() == "working")
    assert "(for branch" not in reason(repo, "1.1")
    git(repo, "switch", "--quiet", "--create", "side")
    assert "is working on it (for branch main)" in reason(repo, "1.1")


def test_what_failed_is_not_offered_as_if_it_had_not(repo: Path) -> None:
    make_project(repo, FAILS, settings="max_attempts = 2\n")
    assert run_orch(repo, "run", "1.1").returncode == 1
    shown = run_orch(repo, "status").stdout
    assert "Can start now:\n  1.2  Second File\n\nFailed (`orch run ID` tries again):\n  1.1  First File" in shown
    assert "First File (S) — failed 2 times: " in shown and "attempts)" not in shown
    setback = ask(repo, "status")["work_streams"][0]["setback"]
    assert (setback["outcome"], setback["attempts"]) == ("failed", 2)
    assert "available: failed 2 times: " in reason(repo, "1.1") and "`orch run 1.1` tries again" in reason(repo, "1.1")


def dirty(repo: Path) -> str:
    (repo / "README.md").write_text("# Changed\n")
    return "uncommitted changes (README.md); commit or stash them first."


def detached(repo: Path) -> str:
    git(repo, "switch", "--quiet", "--detach")
    return "HEAD is detached; check out the branch"


def no_agent(repo: Path) -> str:
    text = (repo / "orch.toml").read_text("utf-8")
    (repo / "orch.toml").write_text(text.replace('["sh"', '["no-such-agent"'), "utf-8")
    git(repo, "commit", "--quiet", "--all", "--message=Change")
    return "'no-such-agent' is not an executable"


def no_tests(repo: Path) -> str:
    text = (repo / "orch.toml").read_text("utf-8")
    (repo / "orch.toml").write_text(text.replace('tests = "true"', ""), "utf-8")
    git(repo, "commit", "--quiet", "--all", "--message=Change")
    return "No tests were found"


@pytest.mark.parametrize("spoil", [dirty, detached, no_agent, no_tests])
def test_what_keeps_everything_from_starting_is_said_once(repo: Path, spoil: Callable[[Path], str]) -> None:
    make_project(repo)
    expected = spoil(repo)
    shown = run_orch(repo, "status").stdout
    assert shown.count(expected) == 1 and "Cannot start yet: " in shown and "Can start now" not in shown
    told = run_orch(repo, "why").stdout
    assert told.count(expected) == 1 and "1.2  cannot start yet, for the same reason" in told
    refused = run_orch(repo, "run", "1.1")
    assert refused.returncode == 2 and expected in refused.stderr


def test_programs_are_told_too_what_keeps_work_from_starting(repo: Path) -> None:
    make_project(repo)
    assert ask(repo, "status")["obstacle"] is None
    expected = dirty(repo)
    assert expected in ask(repo, "status")["obstacle"]
    kinds = {item["id"]: item["kind"] for item in ask(repo, "why")["work_streams"]}
    assert kinds == {"1.1": "not_ready", "1.2": "not_ready", "2.1": "dependency"}


def test_ids_of_any_length_stand_in_one_column(repo: Path) -> None:
    make_project(repo, plan="# Todo\n\n- [ ] Write the very first of all files\n- [ ] Do it\n")
    rows = run_orch(repo, "status").stdout.partition("Can start now:\n")[2].splitlines()[:2]
    names = ("Write the very first of all files", "Do it")
    assert len({row.index(f"  {name}") for row, name in zip(rows, names, strict=True)}) == 1, rows


# ---- Settings that are broken while work is under way


def broken(repo: Path, text: str) -> dict[str, Any]:
    """An agent is at work, and then `orch.toml` becomes `text`."""
    assert run_orch(repo, "run", "1.1", "--detach").returncode == 0
    until(lambda: [agent["state"] for agent in look(repo, "running")["agents"]] == ["running"])
    (repo / "orch.toml").write_text(text)
    agent: dict[str, Any] = ask(repo, "running")["agents"][0]
    return agent


@pytest.mark.usefixtures("stops")
def test_looking_and_stopping_need_no_good_settings(repo: Path, tmp_path: Path) -> None:
    make_project(repo, f"echo hello; {waits_for(tmp_path / 'go')}")
    agent = broken(repo, "[agnet]\n")
    for words in (["status"], ["why"], ["running"], ["report"], ["logs", "1.1"]):
        done = run_orch(repo, *words)
        assert done.returncode == 0 and done.stdout, (words, done.stderr)
        assert done.stderr.count("\n") == 1 and "Until then the settings that work was last started with hold." in (
            done.stderr
        )
        assert words != ["status"] or "Cannot start yet: Unknown setting agnet" in done.stdout
    done = run_orch(repo, "run", "1.2")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert ask(repo, "stop", "1.1")["stopped"] == [agent["id"]]


@pytest.mark.parametrize("text", ["[agent\n", "[agnet]\n", "max_concurrent_agents = 0\n"])
def test_without_settings_of_before_the_defaults_hold(repo: Path, text: str) -> None:
    make_project(repo)
    (repo / "orch.toml").write_text(text)
    with pytest.raises(SettingsError):
        Project(repo)
    project = Project(repo, lenient=True)
    assert project.settings == Settings() and project.settings_problem
    make_state_folder(project.repository)
    (project.state / "settings.json").write_text(text)
    assert Project(repo, lenient=True).settings == Settings()


@pytest.mark.usefixtures("stops")
def test_a_controller_that_starts_again_goes_on_with_the_settings_of_before(repo: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    make_project(repo, f"{waits_for(go)}\n{WORK}")
    broken(repo, "[agent\n")
    kill_controller(repo)
    go.touch()
    wait_for_end(repo)
    data = ask(repo, "report")
    assert [(item["work_stream_id"], item["outcome"]) for item in data["results"]] == [("1.1", "complete")]
    checks = data["agents"][0]["verification"]["checks"]
    assert checks["tests"]["command"] == ["true"]
    started = [event["message"] for event in data["events"] if event["type"] == "controller_started"]
    assert len(started) >= 2 and "settings as they were: orch.toml is not valid TOML" in started[-1]


# ---- Linked worktrees


def test_work_from_a_linked_worktree_is_refused_and_looking_names_the_main_one(repo: Path, tmp_path: Path) -> None:
    make_project(repo)
    side = tmp_path / "side"
    git(repo, "worktree", "add", "--quiet", "-b", "side", str(side))
    (side / "plans" / "roadmap.md").write_text(PLAN.replace("First File", "Another File"), "utf-8")
    for words in (["run"], ["batch"], ["goal", "start 1.1", "--auto"], ["init"], ["run", "1.1", "--dry-run"]):
        done = run_orch(side, *words)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), words
        assert f"{side} is a linked worktree" in done.stderr and f"cd {repo}" in done.stderr
    done = run_orch(side, "status")
    assert done.returncode == 0 and "First File" in done.stdout
    assert f"this is about the main checkout, {repo}." in done.stderr
    assert not (repo / ".orch").exists()
