"""What the tests of the core share: repositories with a plan, worktrees, agents that are small shell scripts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from support import git, run_orch

from orchestrator_agent import worktree
from orchestrator_agent.git import Repository
from orchestrator_agent.integration import Work
from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.project import Project, make_state_folder

PATIENCE = 30.0
NAME = "coder-1.1-1"
BRANCH = f"orch/1.1/{NAME}"
#: Names that break whoever splits, quotes or decodes without care.
WEIRD_NAMES = (
    "new\nline",
    "carriage\rreturn",
    "tab\there",
    'it\'s "quoted"',
    "-leading-dash",
    "--force",
    "*",
    "[a-z]?",
    ":(exclude)all",
    "back\\slash",
    " space ",
    "ünïcödé-🎉",
    os.fsdecode(b"latin-\xe9"),
)
#: Settings of a user that change what git commands do and print.
ANNOYING = {
    "status.showUntrackedFiles": "no",
    "status.relativePaths": "false",
    "status.renames": "copies",
    "merge.ff": "only",
    "merge.conflictStyle": "diff3",
    "merge.verifySignatures": "true",
    "pull.rebase": "true",
    "commit.gpgSign": "true",
    "commit.cleanup": "strip",
    "gpg.program": "false",
    "core.autocrlf": "true",
    "core.safecrlf": "true",
    "core.quotePath": "true",
    "core.commentChar": "1",
    "diff.noprefix": "true",
    "diff.renames": "copies",
    "diff.ignoreSubmodules": "all",
    "diff.external": "false",
    "diff.orderFile": "/dev/null",
    "color.ui": "always",
    "column.ui": "always",
    "branch.autoSetupMerge": "always",
    "worktree.guessRemote": "true",
    "rerere.enabled": "true",
    "submodule.recurse": "true",
    "log.showSignature": "true",
    "core.abbrev": "4",
}


def repository_of(repo: Path) -> Repository:
    """Our view of a test's repository, with `.orch` made."""
    repository = Repository(repo)
    make_state_folder(repository)
    return repository


def commit(folder: Path, message: str = "Change", **files: str) -> str:
    """Write files (`__` stands for `/`, `_dot_` for `.`) and commit them; the commit."""
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", f"--message={message}")
    return git(folder, "rev-parse", "HEAD")


def agent_worktree(repository: Repository, name: str = NAME) -> Path:
    """An agent's worktree at the tip of main."""
    return worktree.create(repository, name, f"orch/1.1/{name}", git(repository.root, "rev-parse", "main"))


def plan(*streams: str, first: str = "") -> str:
    """A roadmap with one phase per name, each free to start; `first` names one that all others depend on."""
    lines = ["# Roadmap", "", "## Batch 1", ""]
    for name in streams:
        lines += [f"### Phase {name}: Work {name}", "", "- **Status:** Not Started"]
        lines += [f"- **Depends On:** {first}"] if first and name != first else []
        lines += ["- **Tasks:**", f"  - [ ] Write {name}", ""]
    return "\n".join(lines)


def work(repository: Repository, head: str, base: str, path: str = "ROADMAP.md") -> Work:
    """What is to be merged of an agent on 1.1."""
    return Work(
        agent_id=NAME,
        work_stream_id="1.1",
        title="1.1: Work",
        head=head,
        base=base,
        plans=(path,),
        statuses={"1.1": WorkStreamStatus.COMPLETE},
    )


def settings_text(script: str, **agent: object) -> str:
    """An `orch.toml` whose agents run a shell script; JSON strings are TOML strings."""
    options = "".join(f"{key} = {json.dumps(value)}\n" for key, value in agent.items())
    command = json.dumps(["sh", "-c", script])
    return (
        f'roadmap = "ROADMAP.md"\n[checks]\ntests = "true"\n'
        f'[agent]\nruntime = "command"\ncommand = {command}\nstop_grace_seconds = 0.3\n{options}'
    )


COMMIT = "git add -A && git commit -qm work"
WORK = f"echo done > done-$ORCH_WORK_STREAM && {COMMIT}"


def prepare(
    repo: Path, script: str = WORK, *streams: str, extra: str = "", first: str = "", **agent: object
) -> Project:
    """A repository with a plan and settings, committed."""
    (repo / "ROADMAP.md").write_text(plan(*(streams or ("1.1",)), first=first))
    (repo / "orch.toml").write_text(settings_text(script, **agent) + extra)
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=Plan")
    return Project(repo)


def outcomes(project: Project) -> dict[str, str]:
    """The newest outcome of each work stream."""
    return {name: result.outcome for name, result in Project(project.root).store.last_results().items()}


def orch_json(repo: Path, *args: str, code: int = 0) -> dict[str, object]:
    """The last line of `orch ... --json`."""
    done = run_orch(repo, *args, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    value: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return value


def controller_pid(repo: Path) -> int | None:
    """The process that holds the controller's lock, or None."""
    project = Project(repo)
    if not project.controller_runs():
        return None
    text = (project.state / "controller.lock").read_text().strip()
    return int(text) if text else None


def kill_controller(repo: Path) -> bool:
    """Kill -9 the controller; False when none ran."""
    pid = controller_pid(repo)
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    deadline = time.monotonic() + PATIENCE
    while Project(repo).controller_runs():
        assert time.monotonic() < deadline, "the lock outlived its holder"
        time.sleep(0.005)
    return True


def editable(folder: Path, target: Path, hook: bool = False) -> str:
    """A virtual environment in which `target` is installed in editable mode; its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", str(folder)], check=True)
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "__editable__.p-1.pth").write_text(f"{target}\n")
    info = site / "p-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: p\nVersion: 1\n")
    (info / "direct_url.json").write_text(f'{{"url": "file://{target}", "dir_info": {{"editable": true}}}}')
    if hook:
        (site / "_p_editable.py").touch()
    (info / "RECORD").write_text("_p_editable.py,,\n" if hook else "__editable__.p-1.pth,,\n")
    return str(folder / "bin" / "python")
