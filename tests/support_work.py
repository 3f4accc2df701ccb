"""Small projects with a plan and an agent, for tests that run whole commands. Import it as `support_work`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from support import git, run_orch

from orchestrator_agent import overview
from orchestrator_agent.orchestrator import Orchestrator

PATIENCE = 60.0
ORCH = [sys.executable, "-P", "-m", "orchestrator_agent"]

#: Three work streams; the last waits for the first two.
PLAN = """\
# Roadmap

## Batch 1

### Phase 1.1: First File
- **Status:** ⚪ Not Started
- **Effort:** S
- **Tasks:**
  - [ ] Write it
- **Done When:** It is there

### Phase 1.2: Second File
- **Status:** ⚪ Not Started

## Batch 2

### Phase 2.1: Third File
- **Status:** 🔴 Blocked
- **Depends On:** Phase 1.1, Phase 1.2
"""
#: What an agent does when nothing else is asked of it.
WORK = 'echo hello > "hello-$ORCH_WORK_STREAM.txt"; git add -A; git commit -qm work'


def make_project(repo: Path, agent: str = WORK, plan: str = PLAN, settings: str = "") -> Path:
    """Commit a roadmap and an orch.toml whose agents run the shell script `agent`, which lies outside of `repo`.

    Args:
        settings: lines of the section `[agent]`, and further sections.
    """
    script = repo.parent / "agent.sh"
    script.write_text(f"set -e\n{agent}\n", "utf-8")
    (repo / "plans").mkdir()
    (repo / "plans" / "roadmap.md").write_text(plan, "utf-8", newline="")
    command = json.dumps(["sh", str(script)])
    (repo / "orch.toml").write_text(
        f'[checks]\ntests = "true"\n[agent]\nruntime = "command"\ncommand = {command}\n{settings}', "utf-8"
    )
    git(repo, "add", "plans", "orch.toml")
    git(repo, "commit", "--quiet", "--message=Plan")
    return repo


def waits_for(file: Path) -> str:
    """A line of shell that waits until `file` is there."""
    return f'while [ ! -e "{file}" ]; do sleep 0.02; done'


def says(file: Path, word: str) -> str:
    """A line of shell that appends `word`, the work stream and the agent to `file`."""
    return f'echo "{word} $ORCH_WORK_STREAM $ORCH_AGENT_ID" >> "{file}"'


def ask(repo: Path, *words: str) -> Any:
    """What `orch words --json` prints, as a value."""
    done = run_orch(repo, *words, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def look(repo: Path, what: str) -> Any:
    """What `orch status`, `running` or `report` would say now, without a process for each look: for waiting."""
    orchestrator = Orchestrator(repo, lenient=True)
    try:
        return {
            "status": orchestrator.status,
            "running": lambda: overview.running(orchestrator.project),
            "report": orchestrator.get_report,
        }[what]()
    finally:
        orchestrator.project.store.close()


def statuses(repo: Path) -> dict[str, str]:
    """Status by work stream, as `orch status` says."""
    return {stream["id"]: stream["status"] for stream in ask(repo, "status")["work_streams"]}


def start_orch(repo: Path, *words: str) -> subprocess.Popen[str]:
    """`orch words` in a process group of its own, as a shell starts it in a terminal."""
    return subprocess.Popen(
        [*ORCH, *words],
        cwd=repo,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        process_group=0,
        # Who runs tests in the background may have them ignore Ctrl-C, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def run_until_at_work(repo: Path, *names: str) -> None:
    """Start work streams in the background, and wait until their agents run."""
    for name in names:
        ask(repo, "run", name, "--detach")
    until(lambda: [agent["state"] for agent in look(repo, "running")["agents"]] == ["running"] * len(names))


def until(true: Callable[[], object]) -> None:
    """Wait until `true()` is true."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def lines_of(file: Path) -> list[str]:
    """The lines of a file that may not be there yet."""
    return file.read_text("utf-8").splitlines() if file.exists() else []


def controller_pid(repo: Path) -> int:
    """The process id of the controller that runs now."""
    lock = repo / ".orch" / "controller.lock"
    until(lambda: lock.exists() and lock.read_text().strip())
    return int(lock.read_text())


def kill_controller(repo: Path) -> None:
    """Kill the controller, and wait until it is gone."""
    pid = controller_pid(repo)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    until(lambda: not is_running(pid))


def shim_pid(repo: Path, agent_id: str) -> int:
    """The process id of an agent's supervisor."""
    return int(json.loads((repo / ".orch" / "agents" / agent_id / "start.json").read_text())["pid"])


def is_running(pid: int) -> bool:
    """True while a process is there; a zombie does not run."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        if Path("/proc/self").exists():
            return False
    return subprocess.run(["ps", "-p", str(pid)], stdout=subprocess.DEVNULL).returncode == 0


def wait_for_end(repo: Path) -> None:
    """Wait until nothing is under way, as anybody can see who asks."""

    def is_over() -> bool:
        data = look(repo, "status")
        # A controller that has only been started does not run yet; what it is started for is still claimed.
        claimed = any(stream["reason_kind"] == "running" for stream in data["work_streams"])
        return not claimed and not data["controller"]["running"]

    until(is_over)


def snapshot(repo: Path) -> Mapping[str, object]:
    """Everything that a command could have changed: files with their content, refs, HEAD, the index and `.git`."""
    inside = git(repo, "rev-parse", "--git-dir", check=False) if (repo / ".git").exists() else ""
    facts: dict[str, object] = {
        "refs": git(repo, "for-each-ref", "--format=%(refname) %(objectname)") if inside else "",
        "index": git(repo, "ls-files", "--stage", "--debug") if inside else "",
        "worktrees": git(repo, "worktree", "list", "--porcelain") if inside else "",
    }
    for path in sorted(repo.rglob("*")):
        if path.name != "index":  # git may note in it that a file has not changed
            facts[str(path.relative_to(repo))] = path.read_bytes() if path.is_file() else None
    return facts


def is_harmless(text: str) -> bool:
    """True when text cannot steer a terminal or stand in another order than it is written."""
    bidi = {0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
    return not any((unicodedata.category(c) == "Cc" and c != "\n") or ord(c) in bidi for c in text)


def everything(folder: Path) -> set[str]:
    """Files and folders anywhere below; what vanishes meanwhile does not matter, as it does to `Path.rglob`."""
    return {
        os.path.relpath(os.path.join(place, name), folder)  # noqa: PTH118
        for place, folders, files in os.walk(folder)
        for name in (*folders, *files)
    }
