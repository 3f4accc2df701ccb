"""docs/commands.md is what the program says now."""

from __future__ import annotations

import os
import subprocess
import sys

from support import ROOT

SCRIPT = ROOT / "scripts" / "make_command_docs.py"


def test_the_page_is_not_stale() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
