"""The promises of conftest.py to the other tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import ROOT, git

LEAVES_ONE = """\
import os, pathlib, subprocess, sys

def test_leaves_an_agent_running():
    code = "import os, time; os.setsid(); os.chdir('/'); print('up', flush=True); time.sleep(600)"
    env = {**os.environ, "ORCH_AGENT_ID": "coder-1-1"}
    child = subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b"up\\n"
    child.stdout.close()
    child.returncode = 0  # no warning of an unwaited child: this is about the session's own look
    pathlib.Path("child").write_text(str(child.pid))
"""


def test_home_is_fresh_and_nothing_leaks_in(home: Path) -> None:
    assert Path.home() == home
    assert [path.name for path in home.iterdir()] == ["gitconfig"]
    assert not [name for name in os.environ if name.startswith(("ORCH_", "ANTHROPIC_", "CLAUDE"))]
    assert {name for name in os.environ if name.startswith("GIT_")} == {
        "GIT_CEILING_DIRECTORIES",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_TERMINAL_PROMPT",
    }


def test_repo_has_one_commit_on_main(repo: Path) -> None:
    assert git(repo, "log", "--format=%an %s", "main") == "Test Start"
    assert git(repo, "status", "--porcelain") == ""


@given(st.integers())
def test_hypothesis_runs_beside_the_fixtures(number: int) -> None:
    assert int(str(number)) == number


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="the look at processes needs /proc")
@pytest.mark.parametrize("workers", [0, 2])
def test_a_session_that_leaves_an_agent_running_fails(workers: int, tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    shutil.copy(ROOT / "tests" / "support.py", tmp_path)
    (tmp_path / "test_leaves.py").write_text(LEAVES_ONE)
    argv = [sys.executable, "-m", "pytest", f"--numprocesses={workers}", f"--basetemp={tmp_path / 'base'}", "."]
    env = {**os.environ, "LEFT_RUNNING_GRACE": "0"}
    done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    pid = int((tmp_path / "child").read_text())
    assert f"LEFT RUNNING by a test: process {pid}: " in done.stdout
    assert "1 passed" in done.stdout
    assert done.returncode == 1
    deadline = time.monotonic() + 30
    while is_alive(pid):  # it was killed, which may take a moment
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Whether the process is there and more than a zombie."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except OSError:
        return False
