"""The controller with real agents, real git and real ends: what is called complete is, and nothing hangs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support import git, run_orch
from support_repositories import COMMIT, PATIENCE, WORK, kill_controller, orch_json, outcomes, prepare

from orchestrator_agent import attempts, checks, events, follow
from orchestrator_agent.git import Repository
from orchestrator_agent.model import AgentState
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.project import Project, make_state_folder, take_lock
from orchestrator_agent.store import AgentFacts, Command, Store


def do(repo: Path, *names: str, limit: int | None = None, everything: bool = False) -> Command:
    """Have work streams done, and wait for the end."""
    orchestrator = Orchestrator(repo)
    plan = orchestrator.plan(list(names) or None, everything=everything)
    return ended(orchestrator.project, orchestrator.accept(plan))


def ended(project: Project, command_id: str) -> Command:
    command = follow.wait(project, command_id, timeout=PATIENCE)
    assert command.state != "open", _explain(project)
    _until(lambda: not project.controller_runs())
    return command


def _explain(project: Project) -> str:
    log = project.state / "controller.log"
    told = [event.message for event in project.store.events_after(0)]
    return "\n".join([*told, log.read_text() if log.exists() else ""])


def _until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.002)


def agents(repo: Path, name: str = "1.1") -> list[AgentFacts]:
    return Project(repo).store.agents(work_stream_id=name)


def reason(repo: Path, name: str = "1.1") -> str:
    return Project(repo).store.last_results()[name].reason


def main_is(repo: Path, commit: str) -> bool:
    return git(repo, "rev-parse", "refs/heads/main") == commit


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


# ---- Proof before landing


def test_failing_tests_are_told_to_the_next_agent(repo: Path) -> None:
    script = (
        "if [ $ORCH_ATTEMPT = 1 ]; then echo bad > bad; "
        f"else grep -q 'bad is there' $ORCH_PROMPT_FILE && rm bad; fi; {WORK}"
    )
    check = json.dumps(["sh", "-c", "! test -e bad || { echo bad is there; exit 1; }"])
    project = prepare(repo, script, extra=f"[checks.commands]\nclean = {check}\n")
    do(repo, "1.1")
    assert outcomes(project) == {"1.1": "complete"}
    first, second = agents(repo)
    assert first.verification is not None and not first.verification.passed
    assert second.verification is not None and second.verification.passed
    assert not (repo / "bad").exists() and (repo / "done-1.1").read_text() == "done\n"
    assert "Status:** Complete" in (repo / "ROADMAP.md").read_text()
    assert git(repo, "status", "--porcelain") == "" and len(git(repo, "worktree", "list").splitlines()) == 2
    assert git(repo, "for-each-ref", "refs/heads/orch") == ""


def test_an_agent_that_only_says_so_is_refused_each_time(repo: Path) -> None:
    project = prepare(repo, "echo 'All done, everything passes!'", max_attempts=2)
    head = git(repo, "rev-parse", "main")
    do(repo, "1.1")
    assert outcomes(project) == {"1.1": "failed"} and "changed nothing" in reason(repo)
    assert len(agents(repo)) == 2 and main_is(repo, head)


def test_an_agent_that_fails_is_not_merged_whatever_it_committed(repo: Path) -> None:
    project = prepare(repo, f"{WORK}; exit 3", max_attempts=1)
    head = git(repo, "rev-parse", "main")
    do(repo, "1.1")
    assert outcomes(project) == {"1.1": "failed"} and main_is(repo, head)


def test_tests_that_cannot_run_are_no_fault_of_the_agent_and_no_pass(repo: Path) -> None:
    project = prepare(repo, WORK, extra='[checks.commands]\nlint = "./no-such-program"\n')
    head = git(repo, "rev-parse", "main")
    do(repo, "1.1")
    assert outcomes(project) == {"1.1": "failed"} and "could not be started" in reason(repo)
    assert len(agents(repo)) == 1 and main_is(repo, head)


def test_what_was_left_uncommitted_is_part_of_the_work(repo: Path) -> None:
    git(repo, "config", "status.showUntrackedFiles", "no")
    project = prepare(repo, "echo done > done")
    do(repo, "1.1")
    assert outcomes(project) == {"1.1": "complete"} and (repo / "done").read_text() == "done\n"


def test_without_auto_commit_what_is_left_uncommitted_is_refused_and_saved(repo: Path) -> None:
    project = prepare(repo, f"{WORK}; echo more > more", max_attempts=1, auto_commit=False)
    do(repo, "1.1")
    assert outcomes(project) == {"1.1": "failed"} and "git_clean" in reason(repo)
    (agent,) = agents(repo)
    assert (Path(agent.record.worktree) / "more").read_text() == "more\n"


def test_an_agent_that_left_its_branch_is_refused_and_its_work_kept(repo: Path) -> None:
    project = prepare(repo, f"git switch -q -c elsewhere && {WORK} && git branch -q -D $ORCH_BRANCH", max_attempts=2)
    head = git(repo, "rev-parse", "main")
    do(repo, "1.1")
    assert outcomes(project) == {"1.1": "failed"} and main_is(repo, head)
    assert git(repo, "show", "elsewhere:done-1.1") == "done"


def test_a_conflict_is_sent_back_with_its_files(repo: Path) -> None:
    (repo / "shared").write_text("base\n")
    script = (
        "if [ $ORCH_ATTEMPT = 1 ]; then sleep 0.2; echo $ORCH_WORK_STREAM > shared; "
        "else grep -q shared $ORCH_PROMPT_FILE && ! git merge -q $ORCH_TARGET_BRANCH; "
        f"git checkout -q --theirs shared; echo $ORCH_WORK_STREAM >> shared; fi; {COMMIT}"
    )
    project = prepare(repo, script, "1.1", "1.2")
    do(repo, everything=True)
    assert outcomes(project) == {"1.1": "complete", "1.2": "complete"}, _explain(project)
    assert sorted((repo / "shared").read_text().split()) == ["1.1", "1.2"]
    attempts = sorted(len(agents(repo, name)) for name in ("1.1", "1.2"))
    assert attempts == [1, 2]


# ---- A person's word


def test_a_protected_file_waits_for_consent(repo: Path) -> None:
    script = f"git mv orch.toml other.toml; mkdir -p .github/workflows; echo x > .github/workflows/ci.yml; {WORK}"
    project = prepare(repo, script)
    head = git(repo, "rev-parse", "main")
    do(repo, "1.1")
    assert outcomes(project) == {"1.1": "held"} and main_is(repo, head)
    assert "orch.toml" in reason(repo) and "orch integrate 1.1" in reason(repo)
    assert run_orch(repo, "run", "1.1").returncode == 2
    done = run_orch(repo, "integrate", "1.1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert outcomes(project) == {"1.1": "complete"} and (repo / "other.toml").exists()
    assert run_orch(repo, "integrate", "1.1").returncode == 2


def test_a_protected_file_is_seen_among_hundreds(repo: Path) -> None:
    project = prepare(repo, f"for n in $(seq 300); do touch a$n; done; echo >> orch.toml; {WORK}")
    do(repo, "1.1")
    assert outcomes(project) == {"1.1": "held"} and "orch.toml" in reason(repo)


def test_policy_branch_leaves_verified_work_until_it_is_asked_for(repo: Path) -> None:
    project = prepare(repo, WORK, extra='[integration]\npolicy = "branch"\n')
    head = git(repo, "rev-parse", "main")
    do(repo, "1.1")
    (agent,) = agents(repo)
    assert outcomes(project) == {"1.1": "on_branch"} and main_is(repo, head)
    assert git(repo, "show", f"{agent.record.branch}:done-1.1") == "done"
    assert git(repo, "for-each-ref", "refs/orch") == "", "nothing was left to be saved"
    assert run_orch(repo, "integrate", "1.1").returncode == 0
    assert outcomes(project) == {"1.1": "complete"} and (repo / "done-1.1").exists()


def test_without_verification_nothing_lands_until_it_is_asked_for(repo: Path) -> None:
    project = prepare(repo, WORK)
    head = git(repo, "rev-parse", "main")
    assert run_orch(repo, "run", "1.1", "--no-verify").returncode == 0
    assert outcomes(project) == {"1.1": "unverified"} and main_is(repo, head)
    assert run_orch(repo, "verify", "1.1").returncode == 0
    assert main_is(repo, head)
    assert run_orch(repo, "batch").returncode == 2, "what is verified waits for a word, and is not done again"
    assert run_orch(repo, "integrate", "1.1").returncode == 0
    assert outcomes(project) == {"1.1": "complete"} and (repo / "done-1.1").exists()


def test_a_persons_changes_in_the_way_hold_the_work(repo: Path, tmp_path: Path) -> None:
    project = prepare(repo, f"until test -e '{tmp_path}/go'; do sleep 0.01; done; echo agent > README.md; {COMMIT}")
    orchestrator = Orchestrator(repo)
    command = orchestrator.accept(orchestrator.plan(["1.1"]))
    (repo / "README.md").write_bytes(b"mine\r\n")
    (tmp_path / "go").touch()
    ended(project, command)
    assert outcomes(project) == {"1.1": "held"} and "README.md" in reason(repo)
    assert (repo / "README.md").read_bytes() == b"mine\r\n"
    git(repo, "stash", "--quiet")
    assert run_orch(repo, "integrate", "1.1").returncode == 0
    assert (repo / "README.md").read_text() == "agent\n"


# ---- Ends of other kinds


def test_out_of_time(repo: Path) -> None:
    project = prepare(repo, "echo half > half; sleep 100", timeout_seconds=1, max_attempts=1)
    do(repo, "1.1")
    assert outcomes(project) == {"1.1": "failed"} and "did not end within" in reason(repo)
    (agent,) = agents(repo)
    assert git(repo, "show", f"refs/orch/rescue/{agent.record.id}:half") == "half"


def test_a_program_that_is_missing_is_told_before_anything_starts(repo: Path) -> None:
    prepare(repo)
    text = (repo / "orch.toml").read_text().replace('["sh"', '["no-such-agent"')
    (repo / "orch.toml").write_text(text)
    git(repo, "commit", "--quiet", "--all", "--message=Settings")
    done = run_orch(repo, "run", "1.1")
    assert done.returncode == 2 and "no-such-agent" in done.stderr
    assert not (repo / ".orch" / "journal.db").exists()


def test_a_program_that_vanishes_is_final(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "vanishing").write_text("#!/bin/sh\n")
    (programs / "vanishing").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    project = prepare(repo, extra=f"[workspace]\nsetup = {json.dumps(['rm', str(programs / 'vanishing')])}\n")
    text = (repo / "orch.toml").read_text()
    (repo / "orch.toml").write_text(text.replace('["sh"', '["vanishing"'))
    git(repo, "commit", "--quiet", "--all", "--message=Settings")
    do(repo, "1.1")
    assert outcomes(project) == {"1.1": "failed"} and "could not be started" in reason(repo)
    assert len(agents(repo)) == 1


def test_a_set_up_command_that_fails_is_final(repo: Path) -> None:
    setup = json.dumps(["sh", "-c", "echo no registry; exit 1"])
    project = prepare(repo, WORK, extra=f"[workspace]\nsetup = {setup}\n")
    do(repo, "1.1")
    assert outcomes(project) == {"1.1": "failed"} and "no registry" in reason(repo)
    assert len(agents(repo)) == 1


def test_a_stopped_agent_is_stopped_whatever_locks_it_leaves(repo: Path, tmp_path: Path) -> None:
    script = (
        f"echo half > half; touch \"$(git rev-parse --absolute-git-dir)/index.lock\"; touch '{tmp_path}/up'; sleep 100"
    )
    project = prepare(repo, script)
    assert run_orch(repo, "run", "1.1", "--detach").returncode == 0
    _until((tmp_path / "up").exists)
    assert run_orch(repo, "stop").returncode == 0
    (agent,) = agents(repo)
    assert agent.record.state is AgentState.STOPPED, agent.record.reason
    assert git(repo, "show", f"refs/orch/rescue/{agent.record.id}:half") == "half"
    _until(lambda: not project.controller_runs())
    assert outcomes(project) == {"1.1": "stopped"}


def test_a_roadmap_that_was_broken_meanwhile_ends_things_with_a_reason(repo: Path, tmp_path: Path) -> None:
    project = prepare(repo, f"touch '{tmp_path}/up'; until test -e '{tmp_path}/go'; do sleep 0.01; done; {WORK}")
    orchestrator = Orchestrator(repo)
    command = orchestrator.accept(orchestrator.plan(["1.1"]))
    _until((tmp_path / "up").exists)
    git(repo, "rm", "--quiet", "ROADMAP.md")
    git(repo, "commit", "--quiet", "--message=Lose the plan")
    (tmp_path / "go").touch()
    ended(project, command)
    assert outcomes(project) == {"1.1": "failed"} and "ROADMAP.md" in reason(repo)
    assert not (repo / "done-1.1").exists()


# ---- Several at once


def test_of_two_that_ask_for_the_same_one_is_told(repo: Path) -> None:
    project = prepare(repo, f"sleep 0.3; {WORK}", "1.1", "1.2")
    argv = [sys.executable, "-P", "-m", "orchestrator_agent", "run"]
    wishes = ("1.1", "1.1", "1.2", "1.2")
    callers = [
        subprocess.Popen([*argv, name], cwd=repo, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for name in wishes
    ]
    told = [caller.communicate(timeout=60)[1] for caller in callers]
    codes = [caller.returncode for caller in callers]
    assert sorted(codes[:2]) == sorted(codes[2:]) == [0, 2], told
    assert outcomes(project) == {"1.1": "complete", "1.2": "complete"}
    assert len(agents(repo)) == len(agents(repo, "1.2")) == 1


def test_the_limit_holds_and_dependencies_are_waited_for(repo: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = f"echo start $ORCH_WORK_STREAM >> '{log}'; sleep 0.2; {WORK}; echo end $ORCH_WORK_STREAM >> '{log}'"
    names = ("1.1", "2.1", "2.2", "2.3", "2.4")
    project = prepare(repo, script, *names, first="1.1")
    assert run_orch(repo, "batch", "-n", "2").returncode == 0
    assert outcomes(project) == dict.fromkeys(names, "complete")
    running = most = 0
    for line in lines(log):
        running += 1 if line.startswith("start") else -1
        most = max(most, running)
    assert most <= 2 and lines(log)[:2] == ["start 1.1", "end 1.1"] and len(lines(log)) == 10
    assert (repo / "ROADMAP.md").read_text().count("Status:** Complete") == 5


# ---- Nothing hangs


def test_a_wish_that_comes_while_the_controller_ends_is_heard(repo: Path) -> None:
    project = prepare(repo, WORK, extra="")
    text = (repo / "orch.toml").read_text().replace('tests = "true"', 'tests = "none"')
    (repo / "orch.toml").write_text(text)
    git(repo, "commit", "--quiet", "--all", "--message=Settings")
    assert run_orch(repo, "run", "1.1", "--no-verify").returncode == 0
    orchestrator = Orchestrator(repo)
    store = Store(project.state / "journal.db")
    for number in range(12):
        time.sleep(0.004 * number)
        command = orchestrator.request_verification("1.1")

        def is_done(command: str = command) -> bool:
            found = store.command(command)
            return found is not None and found.state == "done"

        _until(is_done)  # nobody but the controller looks after it


MOMENTS = (
    events.COMMAND_ACCEPTED,
    events.CONTROLLER_STARTED,
    events.SPAWNING_AGENT,
    events.AGENT_RUNNING,
    events.AGENT_COMPLETED,
    events.VERIFICATION_STARTED,
    events.VERIFICATION_COMPLETE,
    events.INTEGRATION_STARTED,
    events.INTEGRATION_COMPLETE,
    events.WORK_STREAM_RELEASED,
    events.COMMAND_DONE,
)


def test_a_wish_whose_controller_dies_when_it_was_just_seen_is_heard(repo: Path) -> None:
    prepare(repo, WORK)
    make_state_folder(Repository(repo))
    orchestrator, lock = Orchestrator(repo), (repo / ".orch" / "controller.lock").open("w")
    assert take_lock(lock.fileno())

    class Seen(Project):
        def controller_runs(self) -> bool:
            runs = super().controller_runs()
            lock.close()  # as a kill does it, right after the look
            return runs

    orchestrator.project = Seen(repo)
    command_id = orchestrator.accept(orchestrator.plan(["1.1"]))
    _until(lambda: not orchestrator.project.store.open_commands())  # nobody but the controller looks after it
    assert orchestrator.project.store.results(command_id)[0].outcome == "complete"


def test_killed_after_any_event_it_goes_on(repo: Path, tmp_path: Path) -> None:
    audit = tmp_path / "audit"
    names = [f"1.{number}" for number in range(1, len(MOMENTS) + 1)]
    project = prepare(repo, f"echo $ORCH_WORK_STREAM >> '{audit}'; {WORK}", *names)
    killed = 0
    for name, moment in zip(names, MOMENTS, strict=True):
        orchestrator = Orchestrator(repo)
        before = orchestrator.project.store.last_event_id()
        command = orchestrator.accept(orchestrator.plan([name]))
        store = orchestrator.project.store

        def is_there(store: Store = store, before: int = before, moment: str = moment) -> bool:
            return any(event.type == moment for event in store.events_after(before))

        _until(is_there)
        killed += kill_controller(repo)
        ended(orchestrator.project, command)
        assert outcomes(project)[name] == "complete", (moment, _explain(project))
        assert git(repo, "status", "--porcelain") == ""
    assert killed >= len(MOMENTS) // 2  # some moments are too short to be met each time
    assert sorted(lines(audit)) == sorted(names), "an agent ran twice"
    assert (repo / "ROADMAP.md").read_text().count("Status:** Complete") == len(names)
    assert len(git(repo, "log", "--merges", "--format=%s", "main").splitlines()) == len(names)
    assert run_orch(repo, "verify", names[0]).returncode == 0  # a last controller takes up what was left
    _until(lambda: not project.controller_runs())
    left = [path.name for path in (project.state / "worktrees").iterdir() if path.name != "checks"]
    assert left == [] and git(repo, "for-each-ref", "refs/orch") == ""


def test_the_json_of_a_run_is_one_value_a_line(repo: Path) -> None:
    prepare(repo)
    last = orch_json(repo, "run", "1.1")
    assert last["type"] == "result" and last["state"] == "done"


def test_a_controller_in_a_working_tree_imports_nothing_of_it(repo: Path) -> None:
    project = prepare(repo)
    for name in ("json.py", "orchestrator_agent.py", "sqlite3.py"):
        (repo / name).write_text(f"open('{repo}/imported', 'w')\n")
    do(repo, "1.1")
    assert outcomes(project) == {"1.1": "complete"} and not (repo / "imported").exists()


def test_checks_of_a_killed_controller_have_ended_before_new_ones_start(repo: Path) -> None:
    repository = Repository(repo)
    make_state_folder(repository)
    folder = repo / ".orch" / "checks" / "coder-1-tests-0"
    spec = attempts.LaunchSpec(
        agent_id=folder.name,
        argv=("sh", "-c", "trap '' TERM; sleep 60"),
        cwd=str(repo),
        env={"PATH": os.environ["PATH"]},
        grace_seconds=0.2,
    )
    attempts.prepare(folder, spec)
    attempts.launch(folder)
    checks.end_earlier(repository)
    seen = attempts.observe(folder)
    assert seen.exit is not None and seen.exit.survivors == ()


def test_a_check_that_is_nowhere_is_said_before_an_agent_starts(repo: Path) -> None:
    project = prepare(repo, WORK, extra='[checks.commands]\nlint = "no-such-program-anywhere"\n')
    done = run_orch(repo, "run", "1.1")
    assert done.returncode == 2 and "no-such-program-anywhere is not on your PATH" in done.stderr
    assert not project.store.agents()
    assert "no-such-program-anywhere" in run_orch(repo, "status").stdout
