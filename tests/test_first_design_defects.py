"""The ten defects of this design's first version, each held down by a test that says its name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import git, run_orch
from support_work import WORK, ask, is_running, lines_of, make_project, says, start_orch, statuses, until, waits_for

from orchestrator_agent.project import Project

NAMED = """\
# Roadmap

### Phase 1.1: Storage Layer
- **Status:** ⚪ Not Started

### Phase 1.2: Task Parser
- **Status:** ⚪ Not Started

### Phase 1.3: Stop Button
- **Status:** ⚪ Not Started

### Phase 1.4: Status Page
- **Status:** ⚪ Not Started
"""


def would_start(repo: Path, goal: str) -> list[str]:
    """The work streams that `orch goal` would start; "all" for a batch, nothing where it asks back."""
    said = json.loads(run_orch(repo, "goal", goal, "--dry-run", "--json").stdout)
    found: list[str] = []
    for call in said["data"] or []:
        found.append(call["arguments"].get("work_stream_id", "next") if call["tool"] == "spawn_agent" else "all")
    return found


@pytest.mark.parametrize(
    ("goal", "expected"),
    [
        ("install the task parser", ["1.2"]),
        ("begin with the whole task parser", ["1.2"]),
        ("start on the stop button", ["1.3"]),
        ("work on the status page", ["1.4"]),
    ],
)
def test_1_intent_by_substring(repo: Path, goal: str, expected: list[str]) -> None:
    make_project(repo, plan=NAMED)
    assert would_start(repo, goal) == expected


@pytest.mark.parametrize("goal", ["call the wall", "who wrote the whole roadmap?", "hallway beginner", "stopwatch"])
def test_1_intent_by_substring_starts_nothing_by_chance(repo: Path, goal: str) -> None:
    make_project(repo, plan=NAMED)
    assert would_start(repo, goal) == []


def test_2_verb_beats_name(repo: Path) -> None:
    make_project(repo, plan=NAMED)
    assert would_start(repo, "start working on the task parser") == ["1.2"]
    assert run_orch(repo, "goal", "start working on the task parser", "--auto").returncode == 0
    assert statuses(repo) == {"1.1": "not_started", "1.2": "complete", "1.3": "not_started", "1.4": "not_started"}


@pytest.mark.parametrize("id_", ["7.3", "12.1"])
def test_3_hard_coded_keyword_map(repo: Path, id_: str) -> None:
    other = {"7.3": "12.1", "12.1": "7.3"}[id_]
    plan = "".join(
        f"### Phase {name}: {title}\n- **Status:** ⚪ Not Started\n\n"
        for name, title in sorted({id_: "Task Parser", other: "Message Bus"}.items())
    )
    make_project(repo, plan=f"# Roadmap\n\n{plan}")
    assert would_start(repo, "start the parser") == [id_]
    assert would_start(repo, "start the message bus") == [other]


def test_4_string_sort_of_ids(repo: Path, tmp_path: Path) -> None:
    audit = tmp_path / "audit"
    ids = ["10.5", "2.1", "9.1", "3.10", "3.1", "3.9"]
    plan = "".join(f"### Phase {id_}: Work {id_}\n- **Status:** ⚪ Not Started\n\n" for id_ in ids)
    make_project(repo, f"{says(audit, 'start')}\n{WORK}", f"# Roadmap\n\n{plan}")
    assert list(statuses(repo)) == ["2.1", "3.1", "3.9", "3.10", "9.1", "10.5"]
    assert ask(repo, "status")["next"] == ["2.1", "3.1", "3.9", "3.10", "9.1", "10.5"]
    assert run_orch(repo, "run", "3.1").returncode == 0
    assert statuses(repo)["3.10"] == "not_started"
    assert run_orch(repo, "batch", "-n", "1").returncode == 0
    assert [line.split()[1] for line in lines_of(audit)] == ["3.1", "2.1", "3.9", "3.10", "9.1", "10.5"]


def test_5_dependencies_shown_but_not_enforced(repo: Path) -> None:
    make_project(
        repo,
        plan="# Roadmap\n\n### Phase 1.1: Base\n- **Status:** ⚪ Not Started\n\n"
        "### Phase 1.2: Behind\n- **Status:** ⚪ Not Started\n- **Depends On:** Phase 1.1 ✅\n",
    )
    assert ask(repo, "status")["next"] == ["1.1"], "a tick typed behind a dependency was believed"
    done = run_orch(repo, "run", "1.2")
    assert done.returncode == 2 and "waits for 1.1" in done.stderr
    assert not (repo / ".orch").exists()
    assert run_orch(repo, "run", "1.1").returncode == 0
    assert run_orch(repo, "run", "1.2").returncode == 0


def test_6_unblocking_crosses_section_boundaries(repo: Path) -> None:
    plan = """\
# Roadmap

### Phase 1.1: Base
- **Status:** ⚪ Not Started

### Phase 1.2: Waits for Base
- **Depends On:** Phase 1.1

### Phase 1.3: Waits for Others
- **Status:** 🔴 Blocked
- **Depends On:** Phase 1.4

### Phase 1.4: Waits for Legal
- **Status:** 🔴 Blocked (waiting for legal)

### Phase 1.5: Waits for Base Too
Its neighbours say **Status:** 🔴 Blocked, and Phase 1.1 is named here.
- **Status:** 🔴 Blocked
- **Depends On:** Phase 1.1
"""
    make_project(repo, plan=plan)
    assert run_orch(repo, "run", "1.1").returncode == 0
    expected = plan.replace("⚪ Not Started", "✅ Complete", 1)
    head, _, tail = expected.rpartition("- **Status:** 🔴 Blocked")
    assert (repo / "plans" / "roadmap.md").read_text("utf-8") == f"{head}- **Status:** ⚪ Not Started{tail}"


def test_7_silent_agents_are_never_timed_out(repo: Path, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    make_project(
        repo,
        f'echo $$ >> "{pids}"; sleep 1000',
        settings="timeout_seconds = 0.5\nmax_attempts = 1\nstop_grace_seconds = 1\n",
    )
    done = run_orch(repo, "run", "1.1")
    assert done.returncode == 1 and "did not end within" in done.stdout
    assert not any(is_running(int(line)) for line in lines_of(pids))
    assert ask(repo, "report")["agents"][0]["state"] == "failed"


def test_8_no_isolation(repo: Path, tmp_path: Path) -> None:
    met = tmp_path / "met"
    agent = f"""\
test ! -e notes.txt
echo "$ORCH_WORK_STREAM" > mine.txt; {says(met, "met")}
while [ "$(wc -l < "{met}")" -lt 2 ]; do sleep 0.02; done
test "$(cat mine.txt)" = "$ORCH_WORK_STREAM"
mv mine.txt "mine-$ORCH_WORK_STREAM.txt"; git add -A; git commit -qm work"""
    make_project(repo, agent)
    (repo / "notes.txt").write_text("the user's own\n")
    before = git(repo, "rev-parse", "main")
    done = run_orch(repo, "parallel", "-n", "2")
    assert done.returncode == 0, done.stdout
    for commit in git(repo, "log", "--no-merges", "--format=%H", f"{before}..main").split():
        assert len(git(repo, "show", "--format=", "--name-only", commit).split()) == 1
    assert {path.name for path in repo.glob("mine*")} == {"mine-1.1.txt", "mine-1.2.txt"}
    assert git(repo, "status", "--porcelain") == "?? notes.txt"


def test_9_feedback_nobody_hears(repo: Path, tmp_path: Path) -> None:
    prompts = tmp_path / "prompts"
    prompts.mkdir()
    agent = f"""\
cp "$ORCH_PROMPT_FILE" "{prompts}/$ORCH_ATTEMPT.md"
echo "$ORCH_ATTEMPT" > try.txt; git add -A; git commit -qm work"""
    check = json.dumps(["sh", "-c", 'test "$(cat try.txt)" = 2 || { echo the number is $((6 * 7)); exit 7; }'])
    make_project(repo, agent, settings=f"[checks.commands]\nsecond = {check}\n")
    assert run_orch(repo, "run", "1.1").returncode == 0
    first, second = ((prompts / f"{n}.md").read_text("utf-8") for n in (1, 2))
    assert "the number is 42" not in first
    assert "the number is 42" in second and "ended with 7" in second
    run_orch(repo, "stop")
    run_orch(repo, "verify", "1.1")
    store = Project(repo).store
    commands = store.recent_commands()
    assert {command.kind for command in commands} == {"run", "verify"}
    assert {command.state for command in commands} == {"done"}
    events = [event.type for event in store.events_after(0)]
    assert events.count("command_accepted") == events.count("command_done") == len(commands)
    store.close()


def test_10_claims_after_duplicate_work(repo: Path, tmp_path: Path) -> None:
    audit, go = tmp_path / "audit", tmp_path / "go"
    make_project(repo, f"{says(audit, 'start')}; {waits_for(go)}\n{WORK}")
    words = (["batch"], ["batch"], ["parallel", "-n", "2"], ["run", "1.1"], ["run", "1.2"], ["run"])
    racers = [start_orch(repo, *some) for some in words]
    until(lambda: len(lines_of(audit)) >= 2)
    go.touch()
    for racer in racers:
        out, err = racer.communicate(timeout=60)
        assert racer.returncode in (0, 2), out + err
    assert run_orch(repo, "batch").returncode == 0
    started = [line.split()[1] for line in lines_of(audit)]
    assert sorted(started) == ["1.1", "1.2", "2.1"]
    assert set(statuses(repo).values()) == {"complete"}
