"""`orch demo`: the whole way on a sample project, with stand-in agents but real worktrees, tests and merges."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from orchestrator_agent import cli, overview, sample
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.terminal import duration, style

GOAL = "start with the price text"


def run(options: argparse.Namespace) -> int:
    """Make the sample, say a goal in words, run the rest as a batch of three, prove the result; 0 when all is well."""
    began = time.monotonic()
    if options.folder:
        folder = Path(options.directory or ".") / options.folder
    else:
        folder = Path(tempfile.mkdtemp(prefix="orch-demo-")) / "shop"
    sample.create(folder)
    if not options.json:
        print(f"A sample project is in {folder}: a small Python package with a roadmap.")
        print("Its agents are stand-ins that follow a script; no model is involved. All else is real.")
    steps = [["status"], ["goal", GOAL, "--auto"], ["batch", "-n", "3"], ["report"]]
    codes = [_step(folder, step, quiet=options.json) for step in steps]
    orchestrator = Orchestrator(folder)
    summary = overview.status(orchestrator.project)["summary"]
    tests = subprocess.run(
        sample.tests_command(), cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    complete = summary["complete"] == summary["total"]
    good = not any(codes) and complete and tests.returncode == 0
    took = time.monotonic() - began
    if options.json:
        data = {"ok": good, "folder": str(folder), "summary": summary, "tests_exit_code": tests.returncode}
        print(json.dumps({**data, "seconds": round(took, 1)}, indent=2))
        return 0 if good else 1
    _say(f"$ {' '.join(Path(word).name for word in sample.tests_command())}   (on the sample's main branch)")
    print("  " + (tests.stdout.strip().splitlines() or [tests.stderr.strip()])[-1])
    print()
    end = f"{summary['complete']} of {summary['total']} work streams are complete on main, in {duration(took)}."
    print(style(end, "green" if good else "red"))
    print(f"Look around: cd {folder} && git log --graph --oneline && {_command()} report")
    return 0 if good else 1


def _command() -> str:
    """How this program can be called again from another folder."""
    return "orch" if shutil.which("orch") else str(Path(sys.argv[0]).absolute())


def _say(line: str) -> None:
    print()
    print(style(line, "bold"))


def _step(folder: Path, words: list[str], *, quiet: bool) -> int:
    if quiet:
        return _quietly(folder, words)
    shown = " ".join(f'"{word}"' if " " in word else word for word in words)
    _say(f"$ orch {shown}")
    return cli.main([*words, "-C", str(folder)])


def _quietly(folder: Path, words: list[str]) -> int:
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()):
        return cli.main([*words, "-C", str(folder)])
