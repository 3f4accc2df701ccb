"""The command line as people and programs meet it: exit codes, JSON, detaching, Ctrl-C, several terminals at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pexpect
import pytest
from support import git, run_orch
from support_work import (
    ORCH,
    PLAN,
    WORK,
    ask,
    is_harmless,
    lines_of,
    look,
    make_project,
    says,
    snapshot,
    start_orch,
    statuses,
    until,
    wait_for_end,
    waits_for,
)

from orchestrator_agent.cli import build_parser

COMMANDS = next(action.choices for action in build_parser()._actions if action.dest == "command")
assert COMMANDS is not None
FAILS = "echo oh no; exit 3"


# ---- Help and versions


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example(tmp_path: Path, command: str) -> None:
    done = run_orch(tmp_path, command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Example: orch " in " ".join(done.stdout.split())
    if command not in ("chat", "interactive"):
        assert "--json" in done.stdout and "-C DIR" in done.stdout


def test_version_is_the_packages(tmp_path: Path) -> None:
    from orchestrator_agent.version import VERSION

    assert run_orch(tmp_path, "--version").stdout == f"orch {VERSION}\n"


# ---- Exit codes


def test_work_that_lands_is_0_and_the_roadmap_says_so(repo: Path) -> None:
    make_project(repo)
    done = run_orch(repo, "run", "1.1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1.1: First File: complete" in done.stdout
    assert (repo / "hello-1.1.txt").read_text() == "hello\n"
    assert git(repo, "status", "--porcelain") == ""
    assert "Phase 1.1: First File\n- **Status:** ✅ Complete\n" in (repo / "plans" / "roadmap.md").read_text("utf-8")
    assert statuses(repo) == {"1.1": "complete", "1.2": "not_started", "2.1": "blocked"}


def test_work_that_fails_is_1_with_the_reason(repo: Path) -> None:
    make_project(repo, FAILS, settings="max_attempts = 1\n")
    before = git(repo, "rev-parse", "main")
    done = run_orch(repo, "run", "1.1")
    assert done.returncode == 1
    assert "failed" in done.stdout
    assert git(repo, "rev-parse", "main") == before
    assert "failed" in run_orch(repo, "why", "1.1").stdout


def test_checks_that_fail_are_1_and_nothing_lands(repo: Path) -> None:
    make_project(repo, settings='max_attempts = 1\n[checks.commands]\nstyle = "false"\n')
    before = git(repo, "rev-parse", "main")
    done = run_orch(repo, "run", "1.1")
    assert done.returncode == 1
    assert "style" in done.stdout
    assert git(repo, "rev-parse", "main") == before
    assert run_orch(repo, "verify", "1.1").returncode == 1


def test_everything_done_is_0(repo: Path) -> None:
    make_project(repo, plan=PLAN.replace("⚪ Not Started", "✅ Complete").replace("🔴 Blocked", "✅ Complete"))
    done = run_orch(repo, "batch")
    assert (done.returncode, done.stdout) == (0, "Everything in the roadmap is complete.\n")
    assert ask(repo, "batch") == {"type": "result", "state": "done", "results": []}


def test_no_verify_merges_nothing_until_somebody_integrates(repo: Path) -> None:
    make_project(repo)
    before = git(repo, "rev-parse", "main")
    assert run_orch(repo, "run", "1.1", "--no-verify").returncode == 0
    assert git(repo, "rev-parse", "main") == before
    assert statuses(repo)["1.1"] == "not_started"
    assert "orch integrate" in run_orch(repo, "why", "1.1").stdout
    assert ask(repo, "verify", "1.1")["passed"]
    assert git(repo, "rev-parse", "main") == before
    assert run_orch(repo, "integrate", "1.1").returncode == 0
    assert statuses(repo)["1.1"] == "complete"


def test_the_branch_policy_leaves_work_on_its_branch(repo: Path) -> None:
    make_project(repo, settings='[integration]\npolicy = "branch"\n')
    before = git(repo, "rev-parse", "main")
    assert run_orch(repo, "run", "1.1").returncode == 0
    assert git(repo, "rev-parse", "main") == before
    branch = git(repo, "for-each-ref", "--format=%(refname)", "refs/heads/orch")
    assert branch.startswith("refs/heads/orch/1.1/")
    assert git(repo, "show", f"{branch}:hello-1.1.txt") == "hello"


# ---- JSON and plain text


def test_json_everywhere_parses(repo: Path) -> None:
    make_project(repo)
    for words in (["status"], ["why"], ["running"], ["report"], ["stop"], ["batch", "--dry-run"], ["run", "--dry-run"]):
        assert isinstance(ask(repo, *words), dict), words
    assert ask(repo, "parallel", "-n", "2", "--dry-run")["max_agents"] == 2
    done = run_orch(repo, "batch", "--json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert events[0]["type"] == "command_accepted" and events[-1]["type"] == "result"
    assert [item["outcome"] for item in events[-1]["results"]] == ["complete"] * 3
    for words in (["verify", "1.1"], ["doctor"], ["status"], ["report"], ["why"], ["running"]):
        assert isinstance(ask(repo, *words), dict), words
    for line in run_orch(repo, "integrate", "1.1", "--json").stdout.splitlines():
        assert isinstance(json.loads(line), dict)
    for line in run_orch(repo, "logs", "1.1", "--json").stdout.splitlines():
        assert set(json.loads(line)) == {"agent_id", "line", "text"}


def test_a_dry_run_says_what_would_happen_and_changes_nothing(repo: Path) -> None:
    make_project(repo)
    before = snapshot(repo)
    for words in (["run"], ["run", "1.2"], ["parallel"], ["batch", "-n", "2"]):
        done = run_orch(repo, *words, "--dry-run")
        assert done.returncode == 0 and "nothing was changed" in done.stdout
    assert "then  2.1: Third File (after 1.1, 1.2)" in done.stdout and "tests (true)" in done.stdout
    data = ask(repo, "batch", "--dry-run")
    assert [item["id"] for item in data["now"]] == ["1.1", "1.2"]
    assert [item["id"] for item in data["later"]] == ["2.1"]
    assert snapshot(repo) == before


def test_colours_are_for_terminals_only(repo: Path) -> None:
    make_project(repo)
    for words in (["status"], ["run", "1.1"], ["report"]):
        assert is_harmless(run_orch(repo, *words).stdout), words

    def on_a_terminal(**env: str) -> str:
        return str(pexpect.run(" ".join([*ORCH, "status"]), cwd=str(repo), env={**os.environ, **env}).decode())

    assert "\x1b[1m" in on_a_terminal()
    assert "\x1b" not in on_a_terminal(NO_COLOR="1")
    assert "\x1b" not in on_a_terminal(TERM="dumb")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_is_one_sentence(repo: Path) -> None:
    make_project(repo)
    done = subprocess.run(
        ["sh", "-c", f"{' '.join(ORCH)} status > /dev/full"], cwd=repo, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.startswith("orch: No space left on device") and done.stderr.count("\n") == 1


def test_a_reader_that_leaves_early_is_no_error(repo: Path) -> None:
    make_project(repo)
    shell = f"{' '.join(ORCH)} status | true"
    done = subprocess.run(["sh", "-c", shell], cwd=repo, capture_output=True, text=True)
    assert done.stderr == ""


def test_a_variable_that_sets_nothing_is_named_and_nothing_else_changes(repo: Path) -> None:
    make_project(repo)
    env = {**os.environ, "ORCH_MAX_AGENTS": "1", "ORCH_WORK_STREAM": "1.1", "ORCH_\x1b[31m": "x"}
    done = run_orch(repo, "status", "--json", env=env)
    assert done.returncode == 0 and json.loads(done.stdout)["limits"]["max_concurrent_agents"] == 3
    assert "ORCH_MAX_AGENTS is no setting and does nothing; did you mean ORCH_MAX_CONCURRENT_AGENTS?" in done.stderr
    assert done.stderr.count("\n") == 2 and "WORK_STREAM" not in done.stderr and is_harmless(done.stderr)


# ---- Folders


def test_another_folder_before_or_after_the_command(repo: Path, tmp_path: Path) -> None:
    make_project(repo)
    (repo / "deep" / "er").mkdir(parents=True)
    for words in (["-C", str(repo), "status"], ["status", "-C", "repo"], ["-C", "repo/deep/er", "status"]):
        assert "plans/roadmap.md: 3 work streams" in run_orch(tmp_path, *words).stdout


def test_a_linked_worktree_is_the_same_project(repo: Path, tmp_path: Path) -> None:
    make_project(repo)
    git(repo, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    assert run_orch(repo, "run", "1.1").returncode == 0
    assert statuses(tmp_path / "side")["1.1"] == "complete"


# ---- In the background


def test_detached_work_goes_on_and_can_be_watched(repo: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    make_project(repo, f"echo working; {waits_for(go)}; echo finishing\n{WORK}")
    data = ask(repo, "run", "1.1", "--detach")
    assert data["state"] == "open"
    until(lambda: [agent["state"] for agent in look(repo, "running")["agents"]] == ["running"])
    status = ask(repo, "status")
    assert [agent["work_stream_id"] for agent in status["agents"]] == ["1.1"]
    assert status["work_streams"][0]["reason_kind"] == "running"
    follower = start_orch(repo, "logs", "1.1", "-f")
    assert follower.stdout and follower.stdout.readline() == "working\n"
    go.touch()
    out, err = follower.communicate(timeout=60)
    assert (follower.returncode, out, err) == (0, "finishing\n", "")
    wait_for_end(repo)
    assert statuses(repo)["1.1"] == "complete"


def test_a_second_batch_follows_the_first(repo: Path, tmp_path: Path) -> None:
    go, audit = tmp_path / "go", tmp_path / "audit"
    make_project(repo, f"{says(audit, 'start')}; {waits_for(go)}\n{WORK}")
    assert run_orch(repo, "batch", "--detach").returncode == 0
    until(lambda: len(lines_of(audit)) == 2)
    second = start_orch(repo, "batch")
    assert second.stdout and "under way" in second.stdout.readline()
    go.touch()
    assert second.wait(timeout=60) == 0
    second.communicate()
    assert sorted(line.split()[1] for line in lines_of(audit)) == ["1.1", "1.2", "2.1"]


# ---- Ctrl-C


def test_ctrl_c_stops_what_was_started_and_saves_it(repo: Path, tmp_path: Path) -> None:
    audit, go = tmp_path / "audit", tmp_path / "go"
    agent = f"echo half > half.txt; {says(audit, 'start')}; trap 'exit 9' TERM; {waits_for(go)}"
    make_project(repo, agent)
    batch = start_orch(repo, "batch")
    until(lambda: len(lines_of(audit)) == 2)
    os.killpg(batch.pid, signal.SIGINT)
    _, err = batch.communicate(timeout=60)
    assert batch.returncode == 130
    assert "its work is saved" in err and "Traceback" not in err
    status = ask(repo, "status")
    assert status["agents"] == [] and {s["status"] for s in status["work_streams"]} == {"not_started", "blocked"}
    wait_for_end(repo)
    assert len(lines_of(audit)) == 2, "something was started again"
    for line in lines_of(audit):
        agent_id = line.split()[2]
        assert git(repo, "show", f"refs/orch/rescue/{agent_id}:half.txt") == "half"


def test_ctrl_c_leaves_what_others_started(repo: Path, tmp_path: Path) -> None:
    audit, go = tmp_path / "audit", tmp_path / "go"
    make_project(repo, f"{says(audit, 'start')}; {waits_for(go)}\n{WORK}")
    assert run_orch(repo, "run", "1.2", "--detach").returncode == 0
    mine = start_orch(repo, "run", "1.1")
    until(lambda: len(lines_of(audit)) == 2)
    os.killpg(mine.pid, signal.SIGINT)
    mine.communicate(timeout=60)
    assert mine.returncode == 130
    assert [agent["work_stream_id"] for agent in ask(repo, "running")["agents"]] == ["1.2"]
    go.touch()
    wait_for_end(repo)
    assert statuses(repo) == {"1.1": "not_started", "1.2": "complete", "2.1": "blocked"}


def test_a_second_ctrl_c_leaves_at_once_and_the_stop_goes_on(repo: Path, tmp_path: Path) -> None:
    audit = tmp_path / "audit"
    agent = f"trap '' TERM; {says(audit, 'start')}; while :; do sleep 0.05; done"
    make_project(repo, agent, settings="stop_grace_seconds = 2\n")
    run = start_orch(repo, "run", "1.1")
    until(lambda: lines_of(audit))
    os.killpg(run.pid, signal.SIGINT)
    assert run.stderr
    until(lambda: "Stopping" in run.stderr.readline())  # type: ignore[union-attr]
    os.killpg(run.pid, signal.SIGINT)
    run.communicate(timeout=60)
    assert run.returncode == 130
    wait_for_end(repo)
    assert ask(repo, "status")["agents"] == []


# ---- Several terminals


def test_two_terminals_do_two_work_streams(repo: Path) -> None:
    make_project(repo)
    both = [start_orch(repo, "run", name) for name in ("1.1", "1.2")]
    for process in both:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, out + err
    assert statuses(repo) == {"1.1": "complete", "1.2": "complete", "2.1": "not_started"}


def test_of_ten_that_start_the_same_at_once_one_wins(repo: Path, tmp_path: Path) -> None:
    audit, go = tmp_path / "audit", tmp_path / "go"
    make_project(repo, f"{says(audit, 'start')}; {waits_for(go)}\n{WORK}")
    racers = [start_orch(repo, "run", "1.1") for _ in range(10)]
    until(lambda: sum(racer.poll() is not None for racer in racers) == 9)
    go.touch()
    for racer in racers:
        out, err = racer.communicate(timeout=60)
        assert racer.returncode == 0 or (out == "" and err.startswith("orch: ") and err.count("\n") == 1), err
    assert sorted(racer.returncode for racer in racers) == [0] + [2] * 9
    assert len(lines_of(audit)) == 1
    assert statuses(repo)["1.1"] == "complete"


def test_the_users_own_changes_are_never_touched(repo: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    make_project(repo, f"{waits_for(go)}; echo theirs > README.md; git commit -qam work")
    run = start_orch(repo, "run", "1.1")
    until(lambda: look(repo, "running")["agents"])
    (repo / "README.md").write_text("# Mine, not committed\n")
    (repo / "notes.txt").write_text("mine\n")
    go.touch()
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 1, out
    assert (repo / "README.md").read_text() == "# Mine, not committed\n"
    assert (repo / "notes.txt").read_text() == "mine\n"
    assert "commit or stash" in run_orch(repo, "why", "1.1").stdout
    git(repo, "checkout", "-q", "README.md")
    assert run_orch(repo, "integrate", "1.1").returncode == 0
    assert (repo / "README.md").read_text() == "theirs\n"


def test_asking_leaves_no_trace(repo: Path) -> None:
    make_project(repo)
    before = snapshot(repo)
    for words in (["status"], ["why"], ["running"], ["report"], ["stop"], ["doctor"]):
        run_orch(repo, *words)
    assert snapshot(repo) == before
