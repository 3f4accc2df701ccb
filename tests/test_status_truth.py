"""`orch status` and `orch batch` on real plans: what is said agrees with the truth, and only markers change."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from support import ROOT, git, run_orch
from support_work import ask, lines_of, make_project, run_until_at_work, says, until, waits_for

from orchestrator_agent.orchestrator import Orchestrator

_PLANS = ROOT.parent / "shared" / "corpus" / "plans"
MID = "DwayneWilkes__agentic_sdlc__roadmap-mid.md"
WORK = "echo hello > hello-$ORCH_WORK_STREAM.txt && git add -A && git commit -qm work"
#: What follows from statuses, and so changes with them.
_CHANGES = dict.fromkeys(("status", "available", "reason", "reason_kind"))
_STATUS = {
    "done": "complete",
    "todo": "not_started",
    "doing": "in_progress",
    "blocked": "blocked",
    "dropped": "cancelled",
}

#: Dialects in one file, with CRLF and no line end at its end.
PLAN = """\
# Plan

Legend: ⚪ Not Started · 🟡 In Progress · ✅ Complete · 🔴 Blocked

## Batch 1 (now)

### Phase 9.1: Old Work ✅
- **Status:** ✅ Complete
- **Assigned To:** Ann

### Phase 10.5: Ten Point Five
- **Status:** ⚪ Not Started
- **Depends On:** Phase 9.1 ✅
- **Effort:** M

### Phase 3.10: Three Point Ten ⭐ PRIORITY
- **Status:** ⚪ Not Started
- **Depends On:** None

### Phase 3.1: Three Point One
- **Status:** 🔴 Blocked
- **Depends On:** Phase 3.10, Phase 10.5

```
### Phase 99.9: In a fence
- **Status:** ⚪ Not Started
```

## Batch 2

### Phase 4.1: Somebody's
- **Status:** 🟡 In Progress
- **Assigned To:** Ann

### Phase 4.2: Behind Somebody
- **Status:** ⚪ Not Started
- **Depends On:** Phase 4.1 ✅

### Phase 4.3: Waits for Legal
- **Status:** 🔴 Blocked (waiting for legal)

### Phase 4.4: Not Wanted
- **Status:** ❌ Cancelled

### Phase 5.1: Last
- **Status:** 🔴 Blocked
- **Depends On:** Phase 3.1""".replace("\n", "\r\n")
TRUTH = {
    "3.1": ("blocked", None, ["3.10", "10.5"], None),
    "3.10": ("not_started", None, [], None),
    "4.1": ("in_progress", None, [], "Ann"),
    "4.2": ("not_started", None, ["4.1"], None),
    "4.3": ("blocked", None, [], None),
    "4.4": ("cancelled", None, [], None),
    "5.1": ("blocked", None, ["3.1"], None),
    "9.1": ("complete", None, [], "Ann"),
    "10.5": ("not_started", "M", ["9.1"], None),
}


def finished(streams: Iterable[Mapping[str, Any]]) -> set[str]:
    return {stream["id"] for stream in streams if stream["status"] == "complete"}


def completable(streams: list[dict[str, Any]]) -> set[str]:
    """What a batch can bring to its end: open, unclaimed, and everything before it is completable."""
    done = finished(streams)
    free = [s for s in streams if s["status"] in ("not_started", "in_progress", "blocked") and not s["assigned_to"]]
    while True:
        new = {
            s["id"]
            for s in free
            if s["id"] not in done
            and (s["status"] != "blocked" or s["depends_on"])
            and set(s["depends_on"]) <= done
            and not (s["status"] == "blocked" and set(s["depends_on"]) <= finished(streams))
        }
        if not new:
            return done - finished(streams)
        done |= new


def batch_and_compare(repo: Path, audit: Path, streams: list[dict[str, Any]]) -> set[str]:
    """Run a batch, and check its order and what it wrote; returns what it completed."""
    path = repo / "plans" / "roadmap.md"
    before = path.read_bytes()
    done = run_orch(repo, "batch", "-n", "3", timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    order = [line.split()[1] for line in lines_of(audit)]
    assert len(order) == len(set(order)), "a work stream ran twice"
    complete = finished(streams)
    needs = {stream["id"]: set(stream["depends_on"]) for stream in streams}
    merges = git(repo, "log", "--first-parent", "--reverse", "--merges", "--format=%s").splitlines()
    landed = [line.split(":")[0] for line in merges]
    for position, name in enumerate(landed):
        assert needs[name] <= complete | set(landed[:position]), f"{name} landed before what it needs"
    assert sorted(landed) == sorted(order)
    now = ask(repo, "status")["work_streams"]
    assert finished(now) == complete | set(landed)
    assert [stream | _CHANGES for stream in now] == [stream | _CHANGES for stream in streams]
    after = path.read_bytes()
    assert after.count(b"\r\n") == before.count(b"\r\n") and after.count(b"\n") == before.count(b"\n")
    assert (after[-1:] == b"\n") == (before[-1:] == b"\n")
    was, is_ = before.decode("utf-8").split("\n"), after.decode("utf-8").split("\n")
    different = [(old, new) for old, new in zip(was, is_, strict=True) if old != new]
    for old, new in different:
        assert is_marker(old) and is_marker(new), (old, new)
    assert len(different) >= len(landed)
    return set(landed)


def is_marker(line: str) -> bool:
    """A Status line or a heading that ends in a mark."""
    return "status" in line.casefold() or line.lstrip().startswith("#")


def test_a_plan_in_all_its_dialects(repo: Path, tmp_path: Path) -> None:
    audit = tmp_path / "audit"
    make_project(repo, f"{says(audit, 'start')}; {WORK}", PLAN)
    streams = ask(repo, "status")["work_streams"]
    found = {s["id"]: (s["status"], s["effort"], s["depends_on"], s["assigned_to"]) for s in streams}
    assert found == TRUTH
    assert list(found) == list(TRUTH), "ids are not in the order of their numbers"
    assert {s["id"] for s in streams if s["available"]} == {"3.10", "10.5"}
    assert ask(repo, "status")["next"] == ["3.10", "10.5"]
    assert batch_and_compare(repo, audit, streams) == {"3.10", "10.5", "3.1", "5.1"}
    why = {item["id"]: item["reason"] for item in ask(repo, "why")["work_streams"]}
    assert set(why) == {"4.1", "4.2", "4.3"}
    assert "Ann" in why["4.1"] and "waits for 4.1 (in progress)" in why["4.2"] and "legal" in why["4.3"]


def test_a_real_plan(repo: Path, tmp_path: Path) -> None:
    path = _PLANS / "orch-workstream" / MID
    if not path.is_file():
        pytest.skip("the collection of real plans is not beside this repository")
    audit = tmp_path / "audit"
    make_project(repo, f"{says(audit, 'start')}; {WORK}", path.read_bytes().decode("utf-8"))
    assert (repo / "plans" / "roadmap.md").read_bytes() == path.read_bytes()
    known = json.loads((_PLANS / "truth" / f"{MID}.json").read_text("utf-8"))
    truth = known["items"]
    streams = ask(repo, "status")["work_streams"]
    by_id = {stream["id"]: stream for stream in streams}
    assert set(by_id) == {item["id"] for item in truth}
    for item in truth:
        stream = by_id[item["id"]]
        assert stream["name"] == item["name"]
        assert stream["status"] == _STATUS[item["status"]], item["id"]
        assert (stream["effort"], stream["assigned_to"]) == (item["effort"], item["claimed_by"]), item["id"]
        assert sorted(stream["depends_on"]) == sorted(item["depends_on"]), item["id"]
    assert {s["id"] for s in streams if s["available"]} == set(known["available"])
    expected = completable(streams)
    assert len(expected) > 5
    assert batch_and_compare(repo, audit, streams) == expected


def test_a_plan_that_is_moved_hides_no_agent(repo: Path, tmp_path: Path) -> None:
    go = tmp_path / "go"
    make_project(repo, f"{waits_for(go)}\n{WORK}")
    run_until_at_work(repo, "1.1")
    git(repo, "mv", "plans/roadmap.md", "plans/what.txt")
    git(repo, "commit", "--quiet", "--message=Move")
    shown = run_orch(repo, "status")
    assert shown.returncode == 2 and "coder-1.1-" in shown.stdout and shown.stderr.startswith("orch: ")
    go.touch()
    until(lambda: not ask(repo, "running")["agents"] and not ask(repo, "running")["under_way"])
    assert "is gone; put it back" in Orchestrator(repo).project.store.last_results()["1.1"].reason


def test_a_batch_says_what_it_did_not_come_to(repo: Path) -> None:
    make_project(repo, f"[ $ORCH_WORK_STREAM = 1.2 ] && exit 1; {WORK}", settings="max_attempts = 1\n")
    done = run_orch(repo, "batch")
    assert done.returncode == 1 and "Done: " in done.stdout, done.stdout
    assert "  2.1 was not started: waits for 1.2" in done.stdout


def test_a_plan_that_git_is_writing_is_read_when_it_is_whole(repo: Path) -> None:
    make_project(repo)
    plan, lock = repo / "plans" / "roadmap.md", repo / ".git" / "index.lock"
    text = plan.read_text("utf-8")
    project = Orchestrator(repo).project
    for half in (text[: len(text) // 2], ""):
        lock.touch()
        plan.write_text(half, "utf-8")

        def finish() -> None:
            plan.write_text(text, "utf-8")
            lock.unlink()

        timer = threading.Timer(0.1, finish)
        timer.start()
        assert len(project.roadmap().work_streams) == 3
        timer.join()
    lock.touch()  # one that a killed git has left keeps nobody from reading
    assert len(project.roadmap().work_streams) == 3
