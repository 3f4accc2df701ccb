"""Checks: the gates that work passes before it is called done.

`changes`, `exit_code`, `roadmap` and `git_clean` are looked at; `tests` and those of `[checks.commands]` are programs,
run at the merge candidate and, for comparison, at its base. A check that could not run never passes.
"""

from __future__ import annotations

import fnmatch
import json
import shutil
import tomllib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator_agent import attempts, environment, isolation, logs, worktree
from orchestrator_agent.errors import OrchError
from orchestrator_agent.git import Repository
from orchestrator_agent.model import CheckResult, slug
from orchestrator_agent.settings import ChecksSettings, Command, Settings, parse_command
from orchestrator_agent.terminal import clean

OUTPUT_LIMIT = 4000
_KEPT_FOLDERS = 60
#: For the end of a program that was asked to stop, in seconds.
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Gate:
    """A check that is a program."""

    name: str
    command: Command


def missing_program(gates: Sequence[Gate]) -> str:
    """The first program of checks that is on no PATH and in no folder of the project; else empty."""
    names = (gate.command[0] for gate in gates)
    return next((name for name in names if "/" not in name and shutil.which(name) is None), "")


def gates(repository: Repository, settings: ChecksSettings, commit: str) -> list[Gate]:
    """The programs to run, `tests` first. What is detected is read from `commit`, never from an agent's branch."""
    found: list[Gate] = []
    tests = settings.tests
    command = detect_tests(repository, commit) if tests == "auto" else None
    if tests not in ("auto", "none"):
        command = parse_command(tests, "checks.tests")
    if command:
        found.append(Gate("tests", command))
    for name, value in settings.commands.items():
        found.append(Gate(name, parse_command(value, f"checks.commands.{name}")))
    return found


def detect_tests(repository: Repository, commit: str) -> Command | None:
    """The command that runs a project's tests, by the files in `commit`; None when there is no sign of any."""
    names = repository.git("ls-tree", "-r", "-z", "--name-only", commit).stdout.split("\0")
    top = {name for name in names if "/" not in name}

    def text(name: str) -> str:
        return (repository.file_at(commit, name) or b"").decode("utf-8", "replace") if name in top else ""

    if _uses_pytest(names, text("pyproject.toml"), text("setup.cfg") + text("tox.ini"), "pytest.ini" in top):
        python = shutil.which("python3") or shutil.which("python") or "python3"
        return (python, "-m", "pytest", "-q", "--rootdir=.")
    if _npm_test(text("package.json")):
        return ("npm", "test", "--silent")
    if "Cargo.toml" in top:
        return ("cargo", "test", "--quiet")
    if "go.mod" in top:
        return ("go", "test", "./...")
    makefile = text("Makefile") or text("makefile") or text("GNUmakefile")
    if any(line.startswith("test:") for line in makefile.splitlines()):
        return ("make", "test")
    return None


def _uses_pytest(names: Sequence[str], pyproject: str, ini: str, has_ini: bool) -> bool:
    try:
        configured = "pytest" in tomllib.loads(pyproject).get("tool", {})
    except (tomllib.TOMLDecodeError, RecursionError):
        configured = False
    files = any(fnmatch.fnmatchcase(name.rsplit("/", 1)[-1], "test_*.py") for name in names)
    return has_ini or configured or "[tool:pytest]" in ini or "[pytest]" in ini or files


def _npm_test(package: str) -> bool:
    try:
        script = json.loads(package or "{}").get("scripts", {}).get("test", "")
    except (json.JSONDecodeError, AttributeError, RecursionError):
        return False
    return isinstance(script, str) and bool(script) and "no test specified" not in script


def run_gate(repository: Repository, settings: Settings, gate: Gate, place: Path, label: str) -> CheckResult:
    """Run one gate in the working tree `place`; its output stays for a while below `.orch/checks`.

    The program ends with us: when we are killed, so is its whole tree.
    """
    directory = new_folder(repository, f"{label}-{slug(gate.name)}")
    isolation.wall(repository)
    env = {**environment.allowed(settings.agent.env), **repository.identity(), **repository.ceiling()}
    spec = attempts.LaunchSpec(
        agent_id=directory.name,
        argv=gate.command,
        cwd=str(place),
        env={**env, **isolation.variables(place, env)},
        timeout_seconds=settings.checks.timeout_seconds,
        grace_seconds=settings.agent.stop_grace_seconds,
        segment_bytes=4 * 1024 * 1024,
    )
    ended = attempts.run(directory, spec)
    output = clean(logs.tail(directory, OUTPUT_LIMIT), keep_newlines=True).strip()
    return _judge(gate, ended, output)


def set_up(repository: Repository, settings: Settings, place: Path, label: str) -> None:
    """Copy and run what a fresh working tree needs before work or checks start in it.

    Raises:
        SettingsError: a file to copy is missing.
        OrchError: the set-up command failed.
    """
    isolation.wall(repository)
    worktree.copy_into(repository, place, settings.workspace.copy)
    if not settings.workspace.setup:
        return
    folder = new_folder(repository, f"{label}-setup")
    spec = attempts.LaunchSpec(
        agent_id=folder.name,
        argv=settings.workspace.setup,
        cwd=str(place),
        env={**environment.allowed(settings.agent.env), **repository.identity(), **repository.ceiling()},
        timeout_seconds=settings.workspace.setup_timeout_seconds,
    )
    ended = attempts.run(folder, spec)
    if ended.reason != "exited" or ended.code != 0:
        last = clean(logs.tail(folder, 200)).strip() or ended.message
        raise OrchError(f"the set-up command failed in a fresh worktree: {last}")


def end_earlier(repository: Repository) -> None:
    """End what a controller that was killed left running, and put back what it had put aside.

    Two runs must not meet in the kept worktree.
    """
    for folder in sorted((repository.state / "checks").glob("*")):
        seen = attempts.observe(folder)
        if seen.alive:
            attempts.request_stop(folder)
            attempts.wait(folder, _PATIENCE)
        elif seen.started and seen.exit is None:
            attempts.sweep(folder, None)
    isolation.put_back(repository)


def new_folder(repository: Repository, label: str) -> Path:
    """A name for the folder of one program's run, whose label starts with the agent's id; the oldest are removed."""
    parent = repository.state / "checks"
    old = sorted((p for p in parent.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
    for folder in old[:-_KEPT_FOLDERS]:
        shutil.rmtree(folder, ignore_errors=True)
    return parent / f"{label}-{uuid.uuid4().hex[:8]}"


def folders_of(repository: Repository, agent_id: str) -> list[Path]:
    """The folders of all programs that were run about an agent's work."""
    return [path for path in (repository.state / "checks").iterdir() if path.name.startswith(f"{agent_id}-")]


def _judge(gate: Gate, ended: attempts.ExitRecord, output: str) -> CheckResult:
    shown = clean(" ".join(gate.command), 200)
    outcome, message = "failed", f"`{shown}` ended with {ended.code}"
    if ended.reason == "not_started":
        outcome, message = "could_not_run", f"`{shown}` could not be started: {ended.message}"
    elif ended.reason == "timeout":
        message = f"`{shown}` did not end in time"
    elif ended.reason == "stopped":
        outcome, message = "could_not_run", f"`{shown}` was stopped"
    elif ended.code is None:
        message = f"`{shown}` was killed by signal {ended.signal}"
    elif ended.code != 0 and "No module named pytest" in output[-300:]:
        outcome, message = "could_not_run", "pytest is not installed for the python3 on your PATH"
    elif ended.code == 0:
        outcome, message = "passed", f"`{shown}` passed"
    return CheckResult(
        name=gate.name,
        outcome=outcome,
        message=message,
        command=gate.command,
        exit_code=ended.code,
        duration_seconds=round(ended.duration_seconds, 3),
        output=output,
    )


def compared(result: CheckResult, on_base: str | None) -> CheckResult:
    """A result with the outcome of the same check on the base commit."""
    if on_base in (None, "passed") or result.passed:
        return replace(result, on_base=on_base)
    return replace(result, on_base=on_base, message=f"{result.message} (as it does without this work)")
