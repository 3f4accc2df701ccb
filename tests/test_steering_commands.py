"""Steering from the command line: words, receipts, exit codes, and a person who sits at an agent."""

from __future__ import annotations

from pathlib import Path

import pexpect
from support import git, run_orch
from support_steering import WRITE, demo_project, works_until
from support_work import ORCH, ask, run_until_at_work, until, wait_for_end


def test_feedback_pause_and_resume_show_their_receipts(repo: Path, tmp_path: Path) -> None:
    demo_project(repo, {"1.1": [works_until(tmp_path / "go", *WRITE)]})
    run_until_at_work(repo, "1.1")
    said = run_orch(repo, "feedback", "Stream 1.1", "use", "tabs")
    assert said.returncode == 0 and "accepted" in said.stdout and "delivered" in said.stdout, said.stdout + said.stderr
    paused = ask(repo, "pause", "1.1")
    assert [r["step"] for r in paused["receipts"]] == ["accepted", "applied"] and paused["state"] == "applied"
    assert "waiting" in run_orch(repo, "status").stdout and "paused" in run_orch(repo, "running").stdout
    assert ask(repo, "resume", "1.1")["state"] == "applied"
    assert run_orch(repo, "inbox").stdout == "No agent waits for an answer.\n"
    assert ask(repo, "inbox") == {"entries": [], "questions": []}
    (tmp_path / "go").touch()
    wait_for_end(repo)
    for words in (("pause", "1.1"), ("feedback", "9.9", "x"), ("feedback", "1.1", " "), ("redirect", "1.1", "9.9")):
        done = run_orch(repo, *words)
        assert done.returncode == 2 and done.stderr.startswith("orch: ") and done.stderr.count("\n") == 1, done.stderr
    assert git(repo, "show", "main:heard-1.1.txt") == "use tabs"


def test_who_is_attached_sees_and_types_and_leaving_stops_nothing(repo: Path, tmp_path: Path) -> None:
    demo_project(repo, {"1.1": [works_until(tmp_path / "go", *WRITE)]})
    run_until_at_work(repo, "1.1")
    terminal = pexpect.spawn(ORCH[0], [*ORCH[1:], "attach", "1.1"], cwd=repo, encoding="utf-8", timeout=30)
    terminal.expect("at work")
    terminal.sendline("use tabs")
    terminal.expect("heard .*use tabs")
    terminal.expect("applied: ")
    terminal.sendintr()
    terminal.expect("works on")
    terminal.expect(pexpect.EOF)
    assert ask(repo, "status")["agents"][0]["state"] == "running"
    (tmp_path / "go").touch()
    wait_for_end(repo)
    until(lambda: git(repo, "show", "main:heard-1.1.txt") == "use tabs")
