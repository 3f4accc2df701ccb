"""`orch watch` in a terminal of its own, beside the one where the work is asked for."""

from __future__ import annotations

import json
import select
import signal
import subprocess
from pathlib import Path

import pytest
from support import run_orch
from support_talk import stopped_after
from support_work import ORCH, WORK, kill_controller, make_project, run_until_at_work, until, waits_for


def tick(repo: Path) -> bool:
    """Something happens."""
    return all(run_orch(repo, word, "1.1").returncode == 0 for word in ("pause", "resume"))


@pytest.mark.parametrize("as_json", [False, True])
def test_it_tells_what_others_ask_for_and_keeps_a_controller(repo: Path, tmp_path: Path, as_json: bool) -> None:
    go = tmp_path / "go"
    make_project(repo, f"{waits_for(go)}\n{WORK}")
    words = [*ORCH, "watch", *(["--json"] if as_json else [])]
    with stopped_after(repo):
        run_until_at_work(repo, "1.1")
        watch = subprocess.Popen(words, cwd=repo, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        out = watch.stdout
        assert out is not None
        if not as_json:
            assert out.readline() == "Running agents:\n"
            until(lambda: "Watching" in out.readline())
        else:
            until(lambda: tick(repo) and select.select([out], [], [], 0)[0])  # it has begun when it tells of one
            assert json.loads(out.readline()).keys() >= {"type", "id", "timestamp", "message", "agent_id", "data"}
        kill_controller(repo)
        go.touch()
        until(lambda: "1.1 is on main" in out.readline())
        watch.send_signal(signal.SIGINT)
        _, problems = watch.communicate(timeout=30)
    assert (watch.returncode, problems) == (0, "")
