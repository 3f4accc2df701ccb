"""`orch doctor`: what is wrong in a repository, and how to put it right. `fix` never loses anything."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from orchestrator_agent import attempts, checks, git, isolation, runtimes, settings, worktree
from orchestrator_agent.errors import OrchError, UserError
from orchestrator_agent.git import Repository
from orchestrator_agent.journal_file import FILE_NAME as JOURNAL_FILE
from orchestrator_agent.journal_file import JournalError
from orchestrator_agent.project import Project
from orchestrator_agent.terminal import clean, plural

_STALE_LOCK_SECONDS = 60
_FEW = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    message: str
    #: What to do, or empty.
    remedy: str = ""


def to_json(finding: Finding) -> dict[str, Any]:
    """A finding as JSON values."""
    return asdict(finding)


def examine(start: Path, *, fix: bool = False) -> list[Finding]:
    """Look at everything, in the order in which a person would repair it.

    Args:
        fix: put right what can be put right without loss, and say so.
    """
    findings: list[Finding] = []
    try:
        version = git.version()
        repository = git.discover(start.absolute())
    except UserError as error:
        return [Finding("git", False, str(error))]
    findings.append(Finding("git", True, f"version {version[0]}.{version[1]}, repository {repository.root}"))
    if fix:
        findings += _mend_journal(repository)
    project = Project(start, lenient=True)
    full = project.disk_problem()
    findings.append(Finding("disk", not full, full or "there is room"))
    if full:
        return findings
    target = project.settings.integration.target
    findings.append(_try("branch", lambda: f"work lands on {git.require_ready(repository, target)}"))
    findings.append(_settings(project))
    findings.append(_try("roadmap", lambda: _roadmap(project)))
    findings += _agents(project)
    findings.append(_tests(project))
    findings += _shadowed(project)
    try:
        project.store  # noqa: B018  opening it is the check
    except JournalError as error:
        return [*findings, Finding("journal", False, str(error), "orch doctor --fix")]
    return [*findings, *_controller(project, fix), *_locks(project), *_orphans(project, fix), *_left_over(project, fix)]


def _try(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, look())
    except UserError as error:
        return Finding(name, False, str(error))


def _settings(project: Project) -> Finding:
    if project.settings_problem:
        return Finding("settings", False, project.settings_problem, "no new work starts before that")
    idle = settings.unknown_variables()
    if idle:
        return Finding("settings", False, " ".join(idle[:_FEW]), "set the right one, or unset it")
    has_file = (project.root / settings.FILE_NAME).is_file()
    return Finding("settings", True, settings.FILE_NAME if has_file else "defaults; `orch init` writes a file")


def _mend_journal(repository: Repository) -> Iterator[Finding]:
    """Put a damaged journal aside; agents that only it knew are stopped, and their worktrees stay."""
    path = repository.state / JOURNAL_FILE
    if not path.is_file():
        return
    try:
        Project(repository.root, lenient=True).store.close()
        return
    except JournalError:
        pass
    except UserError:
        return
    aside = path.with_name(f"{JOURNAL_FILE}.damaged-{int(time.time())}")
    path.rename(aside)
    for suffix in ("-wal", "-shm"):
        path.with_name(JOURNAL_FILE + suffix).unlink(missing_ok=True)
    for folder in sorted((repository.state / "agents").glob("*")):
        if attempts.request_stop(folder):
            attempts.wait(folder, 30)
    yield Finding("journal", True, f"it was damaged; it is kept as {aside.name}, and a new one begins")


def _roadmap(project: Project) -> str:
    roadmap = project.roadmap()
    if not roadmap.work_streams:
        return f"{roadmap.path} holds no work streams yet"
    streams, warnings = plural(len(roadmap.work_streams), "work stream"), plural(len(roadmap.warnings), "warning")
    return f"{roadmap.path}, {streams}, {warnings}"


def _agents(project: Project) -> Iterator[Finding]:
    chosen = project.settings.agent.runtime
    problem = runtimes.get_runtime(chosen).problem(project.settings.agent, project.root)
    yield Finding("agent", problem is None, problem or f"{chosen} is ready")
    yield from _own_settings(project)
    if chosen != "claude":
        found = shutil.which(project.settings.agent.claude_command[0])
        yield Finding("claude", True, f"found at {found}" if found else "not installed, and not needed here")


def _own_settings(project: Project) -> Iterator[Finding]:
    """Tables in orch.toml for single work streams: those that fit none do nothing, and their agents may not start."""
    try:
        ids = [stream.id for stream in project.roadmap().work_streams] if project.settings.work_streams else []
    except UserError:  # said of the roadmap
        return
    plain = project.settings.agent
    for name in project.settings.work_streams:
        fits = [found for found in ids if settings.fits(name, found)]
        shown = clean(name, 60)
        if not fits:
            said = f'[work_streams."{shown}"] fits no work stream of the plan'
            yield Finding("settings", False, said, f"correct its id in {settings.FILE_NAME}")
        own = project.settings.agent_for(fits[0]) if fits else plain
        if own != plain and (problem := runtimes.get_runtime(own.runtime).problem(own, project.root)):
            yield Finding("agent", False, f"for {shown}: {problem}")


def _tests(project: Project) -> Finding:
    head = project.repository.commit_of("HEAD")
    gates = checks.gates(project.repository, project.settings.checks, head) if head else []
    if not gates:
        off = project.settings.checks.tests == "none"
        message = "switched off" if off else "none were found"
        return Finding("checks", off, message, "" if off else f"set `tests` under [checks] in {settings.FILE_NAME}")
    if missing := checks.missing_program(gates):
        return Finding("checks", False, f"{missing} is not on your PATH", "install it, or change [checks]")
    return Finding("checks", True, "; ".join(f"{gate.name}: {' '.join(gate.command)}" for gate in gates))


def _shadowed(project: Project) -> Iterator[Finding]:
    """Packages that tests would import from the checkout instead of from the work."""
    head = project.repository.commit_of("HEAD")
    gates = checks.gates(project.repository, project.settings.checks, head) if head else []
    programs = (gate.command[0] for gate in gates)
    python = next((name for name in programs if Path(name).name.startswith("python")), "python3")
    if names := isolation.shadowed(project.root, python):
        listed = clean(", ".join(names[:_FEW]), 200)
        message = f"{python} has {listed} in editable mode from this checkout, so checks import that and not the work"
        yield Finding("editable", False, message, "install it in each worktree with `setup` under [workspace]")


def _controller(project: Project, fix: bool) -> Iterator[Finding]:
    open_ = len(project.store.open_commands())
    if project.controller_runs():
        yield Finding("controller", True, f"at work on {plural(open_, 'command')}")
    elif not open_ and not project.store.live_agents():
        yield Finding("controller", True, "not running; nothing is to be done")
    elif fix:
        project.wake_controller()
        yield Finding("controller", True, "it was gone; a new one has taken over")
    else:
        yield Finding(
            "controller", False, f"gone, with {plural(open_, 'command')} open", "any command of orch starts a new one"
        )


def _locks(project: Project) -> Iterator[Finding]:
    """Locks of git that are old: git leaves them when it is killed."""
    folder = Path(project.repository.line("rev-parse", "--absolute-git-dir"))
    now, stale = time.time(), []
    for path in (folder / "index.lock", folder / "HEAD.lock", folder / "config.lock", folder / "packed-refs.lock"):
        if path.exists() and now - path.stat().st_mtime > _STALE_LOCK_SECONDS:
            stale.append(path)
    for path in stale:
        yield Finding("locks", False, f"{path} is old", f"when no git command runs: rm '{path}'")
    if not stale:
        yield Finding("locks", True, "none is stale")


def _orphans(project: Project, fix: bool) -> Iterator[Finding]:
    """Attempts whose supervisor was killed and whose processes may still run."""
    live = {facts.record.id for facts in project.store.live_agents()}
    lost = 0
    for folder in (*(project.state / "agents").glob("*"), *(project.state / "checks").glob("*")):
        seen = attempts.observe(folder)
        if seen.alive and folder.parent.name == "agents" and folder.name not in live:
            lost += 1
            if fix and attempts.request_stop(folder):
                attempts.wait(folder, 60)
        elif seen.started and not seen.alive and seen.exit is None and folder.name not in live:
            lost += bool(attempts.sweep(folder, None)) if fix else 0
    if lost and not fix:
        yield Finding(
            "orphans", False, f"{plural(lost, 'agent')} at work that the journal does not know", "orch doctor --fix"
        )
    else:
        yield Finding("orphans", True, f"{lost} were ended" if lost else "none")


def _left_over(project: Project, fix: bool) -> Iterator[Finding]:
    """Worktrees of ended agents. They are kept for a look; `fix` saves what is in them and removes them."""
    live = {facts.record.id for facts in project.store.live_agents()}
    live |= {folder.name for folder in (project.state / "agents").glob("*") if attempts.observe(folder).alive}
    busy = {name.casefold() for name in project.store.claims()}
    names = []
    for name in worktree.left_over(project.repository, live):
        facts = project.store.agent(name)
        if facts is None or facts.record.work_stream_id.casefold() not in busy:
            names.append((name, facts.record.branch if facts else ""))
    if not names:
        yield Finding("worktrees", True, "none is left over")
    elif not fix:
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        listed = ", ".join(name for name, _ in names[:5]) + more
        yield Finding(
            "worktrees", True, f"{len(names)} kept for a look: {listed}", "orch doctor --fix saves and removes them"
        )
    else:
        yield from (_give_up(project, name, branch) for name, branch in names)


def _give_up(project: Project, name: str, branch: str) -> Finding:
    try:
        saved = worktree.remove(project.repository, name, branch)
    except OrchError as error:
        return Finding("worktrees", False, str(error))
    if saved.problem:
        return Finding("worktrees", False, f"kept: {saved.problem}", "save what you need, then remove the folder")
    where = f"what was not committed is in {saved.ref}" if saved.ref else f"its work is on {branch or 'its branch'}"
    return Finding("worktrees", True, f"removed {name}; {where}")
