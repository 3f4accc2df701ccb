"""The controller in trouble that is nobody's work: broken tests, closed accounts, full disks, settings that change."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from support import git, run_orch
from support_repositories import COMMIT, WORK, commit, outcomes, prepare
from support_work import lines_of, look, shim_pid, until, wait_for_end

from orchestrator_agent import events, follow
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.project import Project
from orchestrator_agent.store import AgentFacts


def do(repo: Path, *names: str) -> None:
    """Have work streams done, and wait for the end."""
    orchestrator = Orchestrator(repo)
    command = orchestrator.accept(orchestrator.plan(list(names) or None, everything=not names))
    assert follow.wait(orchestrator.project, command, timeout=60).state != "open"


def agents(repo: Path, name: str = "1.1") -> list[AgentFacts]:
    return Project(repo).store.agents(work_stream_id=name)


def reason(repo: Path, name: str = "1.1") -> str:
    return Project(repo, lenient=True).store.last_results()[name].reason


def check(script: str) -> str:
    """A further check that runs a shell script."""
    return f"[checks.commands]\ncheck = {json.dumps(['sh', '-c', script])}\n"


# ---- Tests


def test_tests_that_fail_on_the_target_are_tried_twice_and_no_more(repo: Path) -> None:
    project = prepare(repo, max_attempts=5, extra=check("test -e never || { echo no never; exit 3; }"))
    do(repo, "1.1")
    assert outcomes(project) == {"1.1": "failed"} and len(agents(repo)) == 2
    assert "ended with 3 (as it does without this work)" in reason(repo)


def test_an_agent_that_mends_the_tests_lands(repo: Path) -> None:
    project = prepare(repo, extra=check("test -e done-1.1"))
    do(repo, "1.1")
    assert outcomes(project) == {"1.1": "complete"}


def test_a_retry_that_breaks_off_does_not_hide_what_was_wrong(repo: Path) -> None:
    script = (
        f"if [ $ORCH_ATTEMPT = 1 ]; then echo bad > bad; {WORK}; else cp $ORCH_PROMPT_FILE {repo.parent}; exit 7; fi"
    )
    project = prepare(repo, script, max_attempts=3, extra=check("! test -e bad || { echo bad is there; exit 3; }"))
    do(repo, "1.1")
    assert outcomes(project) == {"1.1": "failed"} and len(agents(repo)) == 3
    assert "exit code 7" in reason(repo) and "ended with 3" in reason(repo) and "3 attempts" in reason(repo)
    prompt = (repo.parent / "prompt.md").read_text()
    assert "exit code 7" in prompt and "bad is there" in prompt, "the third was not told of both"


def test_an_agent_that_edits_the_roadmap_alone_is_told_so(repo: Path) -> None:
    project = prepare(repo, f"sed -i 's/Not Started/Complete/' ROADMAP.md; {COMMIT}", max_attempts=1)
    do(repo, "1.1")
    assert outcomes(project) == {"1.1": "failed"}
    assert "changed only the roadmap, whose status orch writes itself" in reason(repo)


# ---- Accounts


@pytest.fixture
def claude(repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose agents are a stand-in for Claude Code that runs `claude.sh`; what it notes is in `log`."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "none")
    prepare(repo, WORK, "1.1", "1.2")
    command = json.dumps(["sh", str(tmp_path / "claude.sh")])
    (repo / "orch.toml").write_text(
        f'roadmap = "ROADMAP.md"\n[checks]\ntests = "true"\n[agent]\nruntime = "claude"\nclaude_command = {command}\n'
    )
    git(repo, "commit", "--quiet", "--all", "--message=Settings")
    return tmp_path / "claude.sh"


def result(**values: object) -> str:
    """A line of shell that prints a result."""
    line = json.dumps({"type": "result", "subtype": "success", "is_error": True, **values})
    return f"echo '{line}'"


def test_a_bad_key_is_one_agent_and_one_sentence(repo: Path, claude: Path) -> None:
    claude.write_text(f"{result(result='Invalid API key · Please run /login')}; exit 1")
    done = run_orch(repo, "batch", "-n", "1")
    assert done.returncode == 1 and "not signed in" in done.stdout
    assert "success" not in reason(repo) and "attempt" not in reason(repo)
    assert len(Project(repo).store.agents()) == 1


def test_what_was_there_when_the_key_went_bad_is_gone_on_with(repo: Path, claude: Path) -> None:
    claude.write_text(f"echo half > half; {result(result='Invalid API key · Please run /login')}; exit 1")
    assert run_orch(repo, "run", "1.1").returncode == 1
    good = json.dumps({"type": "result", "subtype": "success", "is_error": False, "terminal_reason": "completed"})
    claude.write_text(f"{WORK}; echo '{good}'")
    assert run_orch(repo, "run", "1.1").returncode == 0
    assert git(repo, "show", "main:half") == "half"


def test_a_usage_limit_is_waited_for_and_burns_no_attempt(repo: Path, claude: Path, tmp_path: Path) -> None:
    limit = json.dumps({"type": "rate_limit_event", "rate_limit_info": {"status": "rejected", "resetsAt": 0}})
    limit = limit.replace('"resetsAt": 0', "\"resetsAt\": '$(($(date +%s) + 3))'")
    good = json.dumps({"type": "result", "subtype": "success", "is_error": False, "terminal_reason": "completed"})
    claude.write_text(
        f"date +%s >> '{tmp_path}/log'; if [ $ORCH_ATTEMPT = 1 ]; then echo '{limit}'; "
        f"{result(terminal_reason='api_error', api_error_status=429)}; exit 1; fi; {WORK}; echo '{good}'"
    )
    text = (repo / "orch.toml").read_text()
    (repo / "orch.toml").write_text(f"{text}max_attempts = 1\n")
    git(repo, "commit", "--quiet", "--all", "--message=Settings")
    do(repo, "1.1")
    assert outcomes(Project(repo)) == {"1.1": "complete"}
    first, second = (int(line) for line in lines_of(tmp_path / "log"))
    assert second - first >= 2
    limited, _ = agents(repo)
    assert "usage limit is reached until" in limited.record.reason


def test_a_conversation_that_is_gone_is_begun_anew_and_burns_no_attempt(
    repo: Path, claude: Path, tmp_path: Path
) -> None:
    log, go = tmp_path / "log", tmp_path / "go"
    told = json.dumps({"type": "assistant", "message": {"content": [{"type": "text", "text": "hello"}]}})
    lost = "No conversation found with session ID: 1"
    gone = json.dumps(
        {"type": "result", "subtype": "error_during_execution", "is_error": True, "num_turns": 0, "errors": [lost]}
    )
    good = json.dumps({"type": "result", "subtype": "success", "is_error": False, "terminal_reason": "completed"})
    claude.write_text(
        f"echo \"$@\" >> '{log}'; case $ORCH_ATTEMPT in 1) echo '{told}'; touch '{go}'; sleep 100;;\n"
        f"2) echo '{gone}'; echo '{lost}' >&2; exit 1;; esac; cp \"$ORCH_PROMPT_FILE\" '{tmp_path}/prompt'; {WORK}; "
        f"echo '{good}'"
    )
    text = (repo / "orch.toml").read_text()
    (repo / "orch.toml").write_text(f"{text}max_attempts = 1\n")
    git(repo, "commit", "--quiet", "--all", "--message=Settings")
    orchestrator = Orchestrator(repo)
    orchestrator.accept(orchestrator.plan(["1.1"]))
    until(lambda: go.exists() and orchestrator.agent("1.1").record.state.value == "running")
    orchestrator.send_feedback("1.1", "use tabs")
    os.kill(shim_pid(repo, orchestrator.agent("1.1").record.id), signal.SIGKILL)
    wait_for_end(repo)
    assert outcomes(Project(repo)) == {"1.1": "complete"}
    first, second, third = lines_of(log)
    session = first.partition("--session-id ")[2].split()[0]
    assert f"--resume {session} " in second and "--session-id " in third and session not in third
    assert "a new one begins" in agents(repo)[1].record.reason
    assert "use tabs" in (tmp_path / "prompt").read_text("utf-8"), "what the second was started with is lost"


# ---- A supervisor that cannot work


def test_a_supervisor_that_never_starts_is_given_up_with_its_words(repo: Path) -> None:
    # A folder in the place of a file that the supervisor writes first.
    setup = json.dumps(["sh", "-c", 'mkdir -p "../../agents/$(basename "$PWD")/reserve.tmp"'])
    project = prepare(repo, extra=f"[workspace]\nsetup = {setup}\n")
    do(repo, "1.1")
    assert outcomes(project) == {"1.1": "failed"} and len(agents(repo)) == 1
    assert "supervisor" in reason(repo) and "reserve.tmp" in reason(repo)
    log = (project.agent_folder(agents(repo)[0].record.id) / "shim.log").read_text()
    assert log.count("Traceback") == 3


# ---- What a person did meanwhile


def test_a_persons_commits_on_the_branch_are_verified_and_merged(repo: Path) -> None:
    project = prepare(repo, f"echo bad > bad; {WORK}", max_attempts=1, extra=check("! test -e bad"))
    do(repo, "1.1")
    assert outcomes(project) == {"1.1": "failed"}
    done = run_orch(repo, "verify", "1.1")
    assert done.returncode == 1 and outcomes(project) == {"1.1": "failed"}, "it was called something else"
    assert "ended with 1" in reason(repo)
    (agent,) = agents(repo)
    git(Path(agent.record.worktree), "rm", "--quiet", "bad")
    git(Path(agent.record.worktree), "commit", "--quiet", "--message=Mend")
    assert run_orch(repo, "verify", "1.1").returncode == 0
    assert run_orch(repo, "integrate", "1.1").returncode == 0
    assert outcomes(project) == {"1.1": "complete"}
    assert (repo / "done-1.1").exists() and not (repo / "bad").exists()


def test_a_person_may_finish_what_an_agent_broke_off(repo: Path) -> None:
    project = prepare(repo, f"{WORK}; echo rest > rest; exit 3", max_attempts=1, auto_commit=False)
    do(repo, "1.1")
    assert run_orch(repo, "integrate", "1.1").returncode == 1, "nobody has looked at it since"
    (agent,) = agents(repo)
    commit(Path(agent.record.worktree), "Finish")
    done = run_orch(repo, "integrate", "1.1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert outcomes(project) == {"1.1": "complete"} and (repo / "rest").exists()


def test_a_branch_that_was_rewritten_is_not_taken_for_the_agents_work(repo: Path) -> None:
    project = prepare(repo, WORK, extra='[integration]\npolicy = "branch"\n')
    do(repo, "1.1")
    (agent,) = agents(repo)
    other = commit(repo, "Another", other="other\n")
    git(repo, "update-ref", f"refs/heads/{agent.record.branch}", other)
    assert run_orch(repo, "integrate", "1.1").returncode == 0
    assert (repo / "done-1.1").exists() and outcomes(project) == {"1.1": "complete"}


# ---- Settings


def test_settings_are_read_again_with_each_command_and_bad_ones_are_told(repo: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    prepare(repo, f'until test -e "{go}-$ORCH_WORK_STREAM"; do sleep 0.01; done; {WORK}', "1.1", "1.2", "1.3")
    orchestrator = Orchestrator(repo)
    orchestrator.accept(orchestrator.plan(["1.1"]))
    until(lambda: look(repo, "running")["agents"])
    text = (repo / "orch.toml").read_text()
    (repo / "orch.toml").write_text(f"{text}{check('echo fresh; test -e new')}")
    git(repo, "commit", "--quiet", "--all", "--message=Settings")
    other = Orchestrator(repo)
    second = other.accept(other.plan(["1.2"]))
    (Path(f"{go}-1.2")).touch()
    follow.wait(other.project, second, timeout=60)
    assert "check" in reason(repo, "1.2"), "the controller went by old settings"
    (repo / "orch.toml").write_text("[nonsense")
    git(repo, "commit", "--quiet", "--all", "--message=Break")
    third = other.accept(other.plan(["1.3"]))
    until(lambda: [e for e in other.project.store.events_after(0) if e.type == events.WARNING])
    (warning,) = [e for e in other.project.store.events_after(0) if e.type == events.WARNING]
    assert "orch.toml" in warning.message and warning.command_id == third
    for name in ("1.1", "1.3"):
        Path(f"{go}-{name}").touch()
    follow.wait(other.project, third, timeout=60)
    assert "check" in reason(repo, "1.3"), "the last good settings were forgotten"


# ---- Beside each other


def test_work_streams_that_conflict_never_run_at_once(repo: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    work = f"echo start $ORCH_WORK_STREAM >> '{log}'; sleep 0.2; {WORK}; echo end $ORCH_WORK_STREAM >> '{log}'"
    project = prepare(repo, work, "1.1", "1.2", "1.3")
    text = (repo / "ROADMAP.md").read_text()
    # Said once, at the one that starts second: it holds in both directions.
    there = "### Phase 1.2: Work 1.2\n\n"
    (repo / "ROADMAP.md").write_text(text.replace(there, f"{there}- **Conflicts With:** 1.1, 1.3\n"))
    git(repo, "commit", "--quiet", "--all", "--message=Conflicts")
    assert run_orch(repo, "batch", "-n", "3").returncode == 0
    assert outcomes(project) == dict.fromkeys(("1.1", "1.2", "1.3"), "complete")
    assert lines_of(log)[:2] == ["start 1.1", "start 1.3"] or lines_of(log)[:2] == ["start 1.3", "start 1.1"]
    at = [index for index, line in enumerate(lines_of(log)) if line.endswith(" 1.2")]
    assert at[1] == at[0] + 1, "something ran beside it"
