"""Every example of docs/python.md is run in the repository that the page describes, and prints what stands under it."""

from __future__ import annotations

import fnmatch
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support import ROOT, git
from support_nats import Server
from support_work import ask, wait_for_end

import orchestrator_agent

PAGE = (ROOT / "docs" / "python.md").read_text("utf-8")
FILES = re.findall(r"^`([^`]+)`:\n\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
EXAMPLES = re.findall(r"^```python\n(.*?)^```$\n\n```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def _title(code: str) -> str:
    return max((line for line in code.splitlines() if "orchestrator." in line or "print" in line), key=len)[:60]


@contextmanager
def nats_for(code: str, folder: Path) -> Iterator[dict[str, str]]:
    """The environment of an example, with the address of a server where it wants one."""
    if "NATSCoordinator" not in code:
        yield {}
        return
    server = Server(folder / "nats")
    try:
        yield {"ORCH_NATS_URL": server.url}
    finally:
        server.kill()


def run_example(repo: Path, code: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", code],
        cwd=repo,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )


@pytest.mark.parametrize(("code", "printed"), EXAMPLES, ids=[_title(code) for code, _ in EXAMPLES])
def test_the_example_prints_what_stands_under_it(repo: Path, tmp_path: Path, code: str, printed: str) -> None:
    for name, text in FILES:
        (repo / name).parent.mkdir(exist_ok=True)
        (repo / name).write_text(text, "utf-8")
        git(repo, "add", name)
    git(repo, "commit", "--quiet", "--message=Plan")
    with nats_for(code, tmp_path) as environ:
        done = run_example(repo, code, environ)
    assert (done.returncode, done.stderr) == (0, "")
    pattern = printed.replace("[", "[[]").replace("...", "*")
    assert fnmatch.fnmatchcase(done.stdout, pattern), done.stdout
    if (repo / ".orch").exists():
        wait_for_end(repo)
        assert ask(repo, "running")["agents"] == []


def test_every_block_of_python_is_an_example() -> None:
    assert PAGE.count("```python\n") == len(EXAMPLES) > 10
    assert [name for name, _ in FILES] == ["plans/roadmap.md", "orch.toml"]


def test_every_public_name_is_there_and_every_promised_call_is_shown() -> None:
    for name in orchestrator_agent.__all__:
        assert getattr(orchestrator_agent, name) is not None
    assert set(dir(orchestrator_agent)) >= set(orchestrator_agent.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        orchestrator_agent.nothing  # noqa: B018
    calls = (
        "get_roadmap_status run run_parallel run_batch verify_completion stop add_event_callback spawn_agent"
        " wait_for_all is_running duration_seconds state.value parse_roadmap get_available_work_streams interpret_goal"
        " NATSCoordinator pause_agent send_feedback stop_all_agents request_status"
    )
    shown = "".join(code for code, _ in EXAMPLES)
    assert [call for call in calls.split() if call not in shown] == []


def test_importing_the_package_does_nothing_and_loads_little() -> None:
    code = (
        "import sys; import orchestrator_agent; print(*sorted(m for m in sys.modules if m.startswith('orchestrator')))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["orchestrator_agent", "orchestrator_agent.version"]
