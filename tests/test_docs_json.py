"""docs/json.md names exactly the keys that the program prints."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from support import ROOT, run_orch
from support_steering import demo_project
from support_work import ask, look, make_project, until, waits_for

from orchestrator_agent import events
from orchestrator_agent.actions import NoteAsk
from orchestrator_agent.delivery import carry_out
from orchestrator_agent.hearing import Hearing
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.overview import _REMEDIES
from orchestrator_agent.runtimes.ear import Ask

PAGE = (ROOT / "docs" / "json.md").read_text("utf-8")


def section(title: str) -> str:
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def keys(title: str) -> set[str]:
    """The names in the first column of a section's table."""
    rows = re.findall(r"^\| (`.*?) \|", section(title), re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def named(title: str, key: str) -> set[str]:
    """The names in the second column of one row."""
    row = re.search(rf"^\| `{key}` \| (.*) \|$", section(title), re.MULTILINE)
    assert row, (title, key)
    return set(re.findall(r"`(\w+)`", row[1]))


def lines(repo: Path, *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run_orch(repo, *words, "--json").stdout.splitlines()]


def test_the_documented_keys_are_the_real_ones(repo: Path) -> None:
    make_project(repo, 'echo said; echo x > "$ORCH_WORK_STREAM.txt"; git add -A; git commit -qm x')
    plan = ask(repo, "batch", "--dry-run")
    assert set(plan) == keys("`--dry-run`")
    assert set(plan["now"][0]) == named("`--dry-run`", "now")
    assert set(plan["checks"][0]) == named("`--dry-run`", "checks")
    why = ask(repo, "why")
    assert set(why) == {"work_streams"} and set(why["work_streams"][0]) == keys("`orch why`")

    *told, result = lines(repo, "run", "1.1")
    assert {key for event in told for key in event} == keys("Events")
    assert set(result) == keys("The result of a command")
    assert set(result["results"][0]) == keys("`results[]`")

    status, report = ask(repo, "status"), ask(repo, "report")
    assert set(status) == keys("`orch status`")
    assert set(status["summary"]) == keys("`summary`")
    assert set(status["limits"]) == keys("`limits`")
    assert set(status["controller"]) == named("`orch status`", "controller")
    assert set(status["work_streams"][0]) == keys("`work_streams[]`")
    assert set(report) == keys("`orch report`")
    assert set(report["totals"]) == named("`orch report`", "totals")
    assert set(report["agents"][0]) == keys("`agents[]`")

    verdict = ask(repo, "verify", "1.1")
    assert set(verdict) == keys("`orch verify`") == set(report["agents"][0]["verification"])
    assert set(verdict["checks"]) == named("`orch verify`", "checks")
    assert {key for check in verdict["checks"].values() for key in check} == keys("`checks.*`")

    assert set(lines(repo, "logs", "1.1")[0]) == keys("`orch logs`")
    doctor = ask(repo, "doctor")
    assert set(doctor) == keys("`orch doctor`")
    assert set(doctor["findings"][0]) == named("`orch doctor`", "findings")
    goal = lines(repo, "goal", "start 1.2", "--dry-run")[0]
    assert set(goal) == keys("`orch goal`")
    assert set(goal["data"][0]) == named("`orch goal`", "data")


def test_the_documented_keys_of_what_is_under_way(repo: Path, tmp_path: Path) -> None:
    make_project(repo, waits_for(tmp_path / "go"))
    assert run_orch(repo, "batch", "-n", "1", "--detach").returncode == 0
    until(lambda: look(repo, "running")["agents"])
    data = ask(repo, "running")
    assert set(data) == {"agents", "under_way"} <= set(re.findall(r"`(\w+)`", section("`agents[]`")))
    assert set(data["under_way"][0]) == keys("`under_way[]`")
    assert {item["stage"] for item in data["under_way"]} == {"working", "queued"} < named("`under_way[]`", "stage")
    stopped = ask(repo, "stop")
    assert set(stopped) == keys("`orch stop`")
    assert set(stopped["work_streams"][0]) == named("`orch stop`", "work_streams")


def test_a_detached_command_and_init_too(repo: Path) -> None:
    assert set(ask(repo, "init")) == keys("`orch init`")
    (repo / "orch.toml").unlink()
    (repo / "plans" / "roadmap.md").unlink()
    (repo / "plans").rmdir()
    make_project(repo)
    assert set(ask(repo, "run", "--detach")) == {"type", "command_ids", "state"}
    assert run_orch(repo, "stop").returncode == 0


def test_the_documented_words_are_the_real_ones() -> None:
    types = {value for name, value in vars(events).items() if name.isupper() and isinstance(value, str)}
    assert set(re.findall(r"`(\w+)`", section("Events").partition("Types:")[2])) == types
    assert named("`work_streams[]`", "reason_kind") >= set(_REMEDIES)


def test_each_kind_of_entry_of_the_inbox_has_the_documented_keys(repo: Path, tmp_path: Path) -> None:
    demo_project(repo, {"1.1": [[{"run": ["sh", "-c", waits_for(tmp_path / "go")]}]]})
    orchestrator = Orchestrator(repo)
    orchestrator.accept(orchestrator.plan(["1.1"]))
    until(lambda: any(f.record.state == "running" for f in orchestrator.project.store.live_agents()))
    asks = NoteAsk(orchestrator.agent("1.1"), Ask(request="1", tool="Bash", arguments={"command": "make"}))
    store = orchestrator.project.writable_store()
    store.record(*carry_out(orchestrator.project, Hearing(orchestrator.project), asks))
    command = orchestrator.send_feedback("1.1", "hurry", "now", within=0.1)
    assert orchestrator.wait_for_receipt(command, "stuck")
    entries = {entry["kind"]: set(entry) for entry in ask(repo, "inbox")["entries"]}
    assert set(entries) == named("`orch inbox`", "kind")
    assert entries["question"] == keys("`orch inbox`") | keys("A `question`")
    assert entries["late"] == keys("`orch inbox`") | keys("What is `late`")
    orchestrator.stop()
