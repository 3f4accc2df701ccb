"""`orch goal`: understood, asked about, carried out; and what happens when nobody can answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support import run_orch
from support_talk import stopped_after
from support_work import ask, look, make_project, statuses

from orchestrator_agent.orchestrator import Orchestrator


@pytest.fixture
def project(repo: Path) -> Path:
    return make_project(repo)


def test_a_goal_is_matched_asked_about_and_followed_to_merged_work(project: Path) -> None:
    done = run_orch(project, "goal", "start working on the second file", input="y\n")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Matched goal to Phase 1.2: Second File" in done.stdout
    assert "sure:" in done.stdout
    assert "[y/N]" in done.stdout
    assert statuses(project) == {"1.1": "not_started", "1.2": "complete", "2.1": "blocked"}


def test_no_starts_nothing(project: Path) -> None:
    done = run_orch(project, "goal", "start working on the second file", input="n\n")
    assert done.returncode == 0
    assert "Nothing was done." in done.stdout
    assert not (project / ".orch").exists()


def test_without_an_answer_the_question_goes_to_stderr(project: Path) -> None:
    done = run_orch(project, "goal", "start 1.2")
    assert done.returncode == 4
    assert "orch answer" in done.stderr and "start working on this?" in done.stderr
    assert not Orchestrator(project).project.store.agents()
    answered = run_orch(project, "answer", "yes")
    assert answered.returncode == 0, answered.stdout + answered.stderr
    assert statuses(project)["1.2"] == "complete"


def test_words_that_fit_several_are_asked_about(project: Path) -> None:
    done = run_orch(project, "goal", "work on the file", "--auto", "--json")
    assert done.returncode == 4
    said = json.loads(done.stdout)
    assert said["state"] == "needs_answer"
    assert {"1.1", "1.2"} <= set(said["candidates"])
    assert not Orchestrator(project).project.store.agents()
    shown = run_orch(project, "answer")
    assert shown.returncode == 4 and "1.1: First File" in shown.stdout
    assert run_orch(project, "answer", "1.2").returncode == 0
    assert statuses(project) == {"1.1": "not_started", "1.2": "complete", "2.1": "blocked"}
    assert "Nothing waits" in run_orch(project, "answer", "1.2").stderr


def test_auto_answers_yes_and_json_tells_every_event(project: Path) -> None:
    done = run_orch(project, "goal", "start 1.1", "--auto", "--json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    types = [line["type"] for line in lines]
    assert "spawning_agent" in types
    assert "verification_complete" in types
    assert lines[-1]["type"] == "result"
    assert lines[-1]["results"] == [
        {"work_stream_id": "1.1", "outcome": "complete", "reason": "", "agent_id": lines[-1]["results"][0]["agent_id"]}
    ]


def test_a_dry_run_changes_nothing(project: Path) -> None:
    done = run_orch(project, "goal", "do everything", "--auto", "--dry-run")
    assert done.returncode == 0
    assert "start 1.1" in done.stdout
    assert "then  2.1" in done.stdout
    assert not (project / ".orch").exists()


@pytest.mark.parametrize("words", ["what is next?", "is 1.1 running?", "how far are we?"])
def test_a_question_starts_nothing(project: Path, words: str) -> None:
    assert run_orch(project, "goal", words, "--auto").returncode == 0
    assert not (project / ".orch").exists()


def test_what_has_nothing_to_do_with_the_roadmap_is_refused(project: Path) -> None:
    done = run_orch(project, "goal", "order a pizza", "--auto")
    assert done.returncode == 2
    assert not (project / ".orch").exists()


@pytest.mark.parametrize("words", ["help", "quit"])
def test_help_and_quit_are_answered(project: Path, words: str) -> None:
    done = run_orch(project, "goal", words)
    assert done.returncode == 0 and "orch goal" in done.stdout
    said = json.loads(run_orch(project, "goal", words, "--json").stdout)
    assert (said["state"], said["intent"]) == ("nothing_to_do", words) and "orch goal" in said["message"]


def test_a_dry_run_of_looking_says_what_it_would_look_at(project: Path) -> None:
    done = run_orch(project, "goal", "show status", "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Would do: get status" in done.stdout
    assert not (project / ".orch").exists()


def test_stopping_where_nothing_runs_is_as_good_in_words_as_by_command(project: Path) -> None:
    for words in (["stop"], ["goal", "stop"], ["goal", "stop everything", "--auto"], ["goal", "stop 1.1"]):
        done = run_orch(project, *words)
        assert (done.returncode, done.stderr) == (0, ""), words
        assert done.stdout.rstrip().endswith("Nothing is running."), words
    assert json.loads(run_orch(project, "goal", "stop", "--json").stdout)["state"] == "nothing_to_do"


def test_what_is_in_doubt_is_asked_about_whatever_auto_says(project: Path) -> None:
    done = run_orch(project, "goal", "I'll do the first file", "--auto")
    assert done.returncode == 4, done.stdout + done.stderr
    assert statuses(project)["1.1"] == "not_started"


def test_goals_that_wait_are_seen_with_their_words_and_answered_one_by_one(project: Path) -> None:
    repo = project
    with stopped_after(repo):
        for words in ("do everything", "start the first file"):
            assert run_orch(repo, "goal", words).returncode == 4
        for shown in (run_orch(repo, "status").stdout, run_orch(repo, "inbox").stdout):
            assert '"do everything": Would you like me to start' in shown and '"start the first file": ' in shown
        assert [item["goal"] for item in ask(repo, "inbox")["questions"]] == ["start the first file", "do everything"]
        assert run_orch(repo, "answer", "hm").returncode == 4  # neither yes nor no: it waits on
        assert run_orch(repo, "answer", "no").returncode == 0
        left = run_orch(repo, "answer")
        assert left.returncode == 4 and left.stdout.startswith('For "do everything":\n')
        done = run_orch(repo, "answer", "Yes, please.")
        assert done.returncode == 0 and "Done: 3 complete" in done.stdout, done.stdout + done.stderr
        assert not look(repo, "status")["questions"]
