"""What the tests of runtimes share: tasks, ends, and a start in short."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from orchestrator_agent.attempts import ExitRecord
from orchestrator_agent.model import WorkStream
from orchestrator_agent.runtimes import AgentTask, Launch
from orchestrator_agent.settings import AgentSettings

HOSTILE = "do it; $(touch pwned) `touch pwned` '\" {prompt_file} {prompt} \n--flag"
SESSION = "6f1c2f1e-3b0a-4c3e-9f43-0d8f6f4b7c11"


def ended(code: int | None = 0, reason: str = "exited", signal: int | None = None, message: str = "") -> ExitRecord:
    return ExitRecord(agent_id="coder-1", reason=reason, code=code, signal=signal, message=message)


def task(repo: Path, settings: AgentSettings, prompt: str = HOSTILE) -> AgentTask:
    return AgentTask(
        agent_id="coder-1.2-1",
        work_stream=WorkStream(id="1.2", name="Price Text"),
        attempt=1,
        branch="orch/1.2/coder-1.2-1",
        worktree=repo,
        repository=repo,
        prompt=prompt,
        settings=settings,
        session_id=SESSION,
    )


def start(launch: Launch, directory: Path, attempt_dir: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """What the shim does, in short."""
    attempt_dir.mkdir(exist_ok=True)
    for name, content in launch.files.items():
        (attempt_dir / name).write_bytes(content)
    return subprocess.run(
        launch.argv,
        cwd=directory,
        env={**os.environ, **variables, **launch.env},
        input=(launch.stdin or b"").decode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if launch.merge_stderr else subprocess.PIPE,
        encoding="utf-8",
        timeout=60,
    )
