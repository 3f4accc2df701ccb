"""Wrong use: one sentence with the remedy, exit 2, and nothing changed."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support import git, run_orch
from support_work import PLAN, is_harmless, make_project, snapshot, waits_for

WORKING = (["run"], ["run", "1.1", "--dry-run"], ["parallel"], ["batch", "--detach"])
LOOKING = (["status"], ["why"])
#: What starts work; to look and to stop there need be no good settings.
SETTING = (["run"], ["batch"], ["goal", "start 1.1", "--auto"], ["verify", "1.1"])


@dataclass
class Place:
    """Where a command is run, and with what environment."""

    folder: Path
    env: dict[str, str] = field(default_factory=lambda: dict(os.environ))


def project(repo: Path) -> Place:
    return Place(make_project(repo))


def rewrite(repo: Path, name: str, old: str, new: str) -> Place:
    """A project with something changed in one of its files, committed."""
    make_project(repo)
    content = (repo / name).read_text("utf-8")
    assert old in content
    (repo / name).write_text(content.replace(old, new, 1), "utf-8")
    git(repo, "commit", "--quiet", "--all", "--message=Change")
    return Place(repo)


def setting(text: str) -> Callable[[Path], Place]:
    return lambda repo: rewrite(repo, "orch.toml", "[agent]\n", text)


def plan(old: str, new: str) -> Callable[[Path], Place]:
    return lambda repo: rewrite(repo, "plans/roadmap.md", old, new)


def no_repository(repo: Path) -> Place:
    folder = repo.parent / "plain"
    folder.mkdir()
    (folder / "plans").mkdir()
    (folder / "plans" / "roadmap.md").write_text(PLAN, "utf-8")
    return Place(folder)


def bare_repository(repo: Path) -> Place:
    git(repo.parent, "clone", "--quiet", "--bare", str(repo), "bare.git")
    return Place(repo.parent / "bare.git")


def empty_repository(repo: Path) -> Place:
    folder = repo.parent / "empty"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "plans").mkdir()
    (folder / "plans" / "roadmap.md").write_text(PLAN, "utf-8")
    return Place(folder)


def detached(repo: Path) -> Place:
    make_project(repo)
    git(repo, "switch", "--quiet", "--detach")
    return Place(repo)


def dirty(repo: Path) -> Place:
    make_project(repo)
    (repo / "README.md").write_text("# Changed\n")
    return Place(repo)


def staged(repo: Path) -> Place:
    make_project(repo)
    (repo / "new.txt").write_text("new\n")
    git(repo, "add", "new.txt")
    return Place(repo)


def uncommitted_roadmap(repo: Path) -> Place:
    make_project(repo)
    git(repo, "rm", "--quiet", "--cached", "plans/roadmap.md")
    git(repo, "commit", "--quiet", "--message=Forget")
    return Place(repo)


def unreadable_roadmap(repo: Path) -> Place:
    make_project(repo)
    (repo / "plans" / "roadmap.md").write_bytes(b"\xff\xfe### Phase 1.1: X\n" + bytes(range(128, 256)))
    git(repo, "commit", "--quiet", "--all", "--message=Break")
    return Place(repo)


def not_text(repo: Path) -> Place:
    make_project(repo)
    (repo / "orch.toml").write_bytes(b"# \xff\n" + (repo / "orch.toml").read_bytes())
    return Place(repo)


def escaping_roadmap(repo: Path) -> Place:
    make_project(repo)
    (repo / "plans" / "roadmap.md").unlink()
    (repo.parent / "secret.md").write_text(PLAN, "utf-8")
    (repo / "plans" / "roadmap.md").symlink_to("../../secret.md")
    git(repo, "commit", "--quiet", "--all", "--message=Link")
    return Place(repo)


def program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod((folder / name).stat().st_mode | stat.S_IXUSR)


def old_git(repo: Path) -> Place:
    make_project(repo)
    program(repo.parent / "bin", "git", 'echo "git version 2.17.1"')
    return Place(repo, {**os.environ, "PATH": f"{repo.parent / 'bin'}:{os.environ['PATH']}"})


def no_git(repo: Path) -> Place:
    make_project(repo)
    folder = repo.parent / "bin"
    folder.mkdir()
    for name in ("sh", "true"):
        (folder / name).symlink_to(str(shutil.which(name)))
    return Place(repo, {**os.environ, "PATH": str(folder)})


CASES: dict[str, tuple[Callable[[Path], Place], tuple[list[str], ...], str]] = {
    "no repository": (no_repository, (*WORKING, *LOOKING, ["stop"], ["init"]), "is not in a git repository.*git init"),
    "bare repository": (bare_repository, (["run"], ["status"]), "bare repository.*clone"),
    "no such folder": (
        project,
        (["-C", "nowhere", "status"], ["-C", "README.md", "run"], ["init", "-C", "nowhere"]),
        "There is no folder .*-C",
    ),
    "empty id": (project, (["run", ""], ["run", " "], ["why", ""]), 'no work stream "".*orch status'),
    "no roadmap": (Place, (*WORKING, *LOOKING), "No roadmap was found.*orch init"),
    "named roadmap missing": (
        lambda repo: rewrite(repo, "orch.toml", "[checks]", 'roadmap = "plan.md"\n[checks]'),
        (["run"], ["status"]),
        "no roadmap at plan.md.*orch init",
    ),
    "no commit": (empty_repository, (["run"], ["batch"], ["run", "--dry-run"]), "no commit yet.*git commit"),
    "detached HEAD": (detached, WORKING, "HEAD is detached.*git switch"),
    "dirty tree": (dirty, WORKING, r"uncommitted changes \(README.md\).*commit or stash"),
    "staged file": (staged, (["run"], ["batch"]), r"uncommitted changes \(new.txt\).*commit or stash"),
    "no such target": (
        lambda repo: rewrite(repo, "orch.toml", "[agent]", '[integration]\ntarget = "trunk"\n[agent]'),
        WORKING[:2],
        "no branch trunk.*integration.target",
    ),
    "unknown id": (project, (["run", "9.9"],), 'no work stream "9.9".*orch status'),
    "misspelled name": (
        project,
        (["run", "first fil"], ["why", "first fil"]),
        'no work stream "first fil".*similar: 1.1',
    ),
    "near id": (project, (["run", "1.11"], ["why", "1.11"]), 'no work stream "1.11".*similar: 1.1'),
    "unknown agent": (
        project,
        (["logs", "9.9"], ["verify", "coder-1"], ["integrate", "1.1"], ["stop", "1.1"]),
        "There is no agent.*no agent has run",
    ),
    "stop one and all": (project, (["stop", "1.1", "--all"],), "not both"),
    "unknown setting": (
        setting("[agent]\nruntme = 'demo'\n"),
        SETTING,
        "agent.runtme.*did you mean agent.runtime",
    ),
    "unknown section": (
        setting("[agnet]\n[agent]\n"),
        SETTING,
        "Unknown setting agnet.*did you mean agent",
    ),
    "wrong value": (
        setting("[agent]\nmax_attempts = 'many'\n"),
        SETTING,
        "agent.max_attempts.*must be a whole number",
    ),
    "wrong choice": (
        lambda repo: rewrite(repo, "orch.toml", '"command"', '"comand"'),
        SETTING,
        "agent.runtime cannot be 'comand'.*did you mean 'command'",
    ),
    "invalid TOML": (setting("[agent\n"), SETTING, "orch.toml is not valid TOML.*line 3.*correct"),
    "orch.toml not text": (not_text, SETTING, "orch.toml is not valid TOML.*correct"),
    "agent command missing": (
        lambda repo: rewrite(repo, "orch.toml", '"sh"', '"no-such-agent"'),
        WORKING,
        "'no-such-agent' is not an executable.*agent.command in orch.toml",
    ),
    "claude missing": (
        lambda repo: rewrite(repo, "orch.toml", 'runtime = "command"', 'claude_command = ["no-such-claude"]'),
        (["run"],),
        "no-such-claude.*install",
    ),
    "demo script missing": (
        lambda repo: rewrite(repo, "orch.toml", '"command"', '"demo"'),
        (["run"],),
        "demo-script.json",
    ),
    "git too old": (old_git, (*WORKING, *LOOKING, ["stop"], ["init"]), "git 2.17 is too old.*install git 2.31"),
    "git missing": (no_git, (["run"], ["status"], ["init"]), "git is not installed.*install git 2.31"),
    "roadmap not committed": (
        uncommitted_roadmap,
        WORKING,
        "plans/roadmap.md is not committed.*git add plans/roadmap.md",
    ),
    "roadmap unreadable": (unreadable_roadmap, (*WORKING, *LOOKING), "roadmap.*UTF-8"),
    "roadmap binary": (
        plan("First File", "First\0File"),
        (["run"], ["status"]),
        "plans/roadmap.md:5 holds a NUL character.*name another plan",
    ),
    "roadmap outside": (escaping_roadmap, (["run"], ["status"]), "No roadmap was found"),
    "no tests": (
        lambda repo: rewrite(repo, "orch.toml", 'tests = "true"', ""),
        WORKING,
        r"No tests were found.*\[checks\].*none",
    ),
    "complete": (
        plan("⚪ Not Started", "✅ Complete"),
        (["run", "1.1"],),
        "1.1 cannot start: is complete; set its status",
    ),
    "blocked": (
        plan("⚪ Not Started", "🔴 Blocked by legal"),
        (["run", "1.1"],),
        "1.1 cannot start: is blocked: .*legal.*Not Started",
    ),
    "claimed": (
        plan("⚪ Not Started\n", "🟡 In Progress\n- **Assigned To:** Ann\n"),
        (["run", "1.1"],),
        "1.1 cannot start: is claimed by Ann.*clear the name",
    ),
    "dependencies open": (project, (["run", "2.1"],), "2.1 cannot start: waits for 1.1.*orch batch"),
    "init again": (project, (["init"],), "orch.toml exists already.*edit"),
    "init with a bad plan": (
        lambda repo: Place(repo),
        (["init", "--roadmap", "nowhere.md"], ["init", "--roadmap", "README.md"], ["init", "--roadmap", "../x.md"]),
        "nowhere.md.*correct|README.md holds no work|outside the repository",
    ),
    "a chat for a program": (project, (["chat", "--json"],), "no JSON.*orch goal --json"),
    "unknown command": (project, (["stauts"],), "stauts.*did you mean `orch status`"),
    "unknown flag": (project, (["status", "--jsn"], ["run", "1.1", "x"]), "unrecognized arguments.*orch --help"),
    "no command": (project, ([],), "orch --help"),
    "bad number": (project, (["batch", "-n", "0"], ["parallel", "-n", "many"]), "give 1 or more"),
    "escapes in an argument": (
        project,
        (
            ["run", "\x1b[31m1.1\u202e"],
            ["status", "\x1b]0;x\x07"],
            ["logs", "\x1b[2J"],
            ["\x1b[31m"],
            ["batch", "-n", "\x9b1m"],
        ),
        "orch",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_wrong_use_is_one_sentence_and_changes_nothing(repo: Path, case: str) -> None:
    make, commands, expected = CASES[case]
    place = make(repo)
    before = snapshot(place.folder)
    for words in commands:
        done = run_orch(place.folder, *words, env=place.env)
        assert (done.returncode, done.stdout) == (2, ""), (words, done.stdout, done.stderr)
        assert done.stderr.startswith("orch: ") and done.stderr.count("\n") == 1, (words, done.stderr)
        assert re.search(expected, done.stderr), (words, done.stderr)
        assert is_harmless(done.stderr), (words, done.stderr)
        assert len(done.stderr) < 400, (words, done.stderr)
    assert snapshot(place.folder) == before
    assert not (place.folder / ".orch").exists()


def test_a_work_stream_at_work_cannot_be_started_again(repo: Path, tmp_path: Path) -> None:
    make_project(repo, waits_for(tmp_path / "go"))
    assert run_orch(repo, "run", "1.1", "--detach").returncode == 0
    try:
        done = run_orch(repo, "run", "1.1")
        assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
        assert re.search("1.1 cannot start: .*orch logs 1.1 -f", done.stderr)
        for command in ("verify", "integrate"):
            done = run_orch(repo, command, "1.1")
            assert done.returncode == 2 and "still working" in done.stderr, done.stderr
    finally:
        assert run_orch(repo, "stop").returncode == 0
