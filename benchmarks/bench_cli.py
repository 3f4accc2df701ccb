"""What commands cost: processor time (user and system, git included) in multiples of starting Python and doing nothing.

Processor time and not the wall clock, and the least of several runs and not their mean, because both hardly change
with what else the machine is doing. Run it with `make bench`.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

SIZES = (100, 1_000, 10_000)
STATUSES = ("✅ Complete", "🔄 In Progress", "⚪ Not Started", "⚪ Not Started")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="runs of each command; the least counts (default 7)")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory(prefix="orch-bench-") as folder:
        top = Path(folder)
        start = cpu_seconds([sys.executable, "-I", "-c", "pass"], top, runs)
        print(f"{'command':<32} {'cpu ms':>8} {'x start':>8}")
        show("python -I -c pass", start, start)
        orch = [sys.executable, "-P", "-m", "orchestrator_agent"]
        show("orch --version", cpu_seconds([*orch, "--version"], top, runs), start)
        for size in SIZES:
            repo = sample_repository(top / str(size), size)
            show(f"orch status, {size:,} work streams", cpu_seconds([*orch, "status"], repo, runs), start)


def show(name: str, seconds: float, start: float) -> None:
    """Print one row."""
    print(f"{name:<32} {seconds * 1000:>8.1f} {seconds / start:>8.1f}", flush=True)


def cpu_seconds(argv: list[str], cwd: Path, runs: int) -> float:
    """The least processor time in seconds that `argv` and its children took, after one run that warms the caches.

    Raises:
        subprocess.CalledProcessError: it failed; a failure's time would mean nothing.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ORCH_", "GIT_"))}
    took = []
    for _ in range(runs + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(took[1:])


def sample_repository(repo: Path, size: int) -> Path:
    """A git repository whose roadmap holds `size` work streams in batches of ten, each waiting for the last."""
    lines = ["# Roadmap", ""]
    for number in range(size):
        batch, position = divmod(number, 10)
        if position == 0:
            lines += [f"## Batch {batch + 1}", ""]
        lines += [
            f"### Phase {batch + 1}.{position + 1}: Part {number}",
            f"- **Status:** {STATUSES[0] if batch == 0 else STATUSES[number % len(STATUSES)]}",
            f"- **Depends On:** {f'Phase {batch}.{position + 1}' if batch else 'None'}",
            "- **Tasks:**",
            "  - [ ] Write it",
            "  - [ ] Test it",
            "- **Effort:** M",
            "- **Done When:** Its tests pass",
            "",
        ]
    (repo / "plans").mkdir(parents=True)
    (repo / "plans" / "roadmap.md").write_text("\n".join(lines), "utf-8")
    identity = ["-c", "user.name=Bench", "-c", "user.email=bench@example.invalid", "-c", "commit.gpgSign=false"]
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message=Roadmap"]):
        subprocess.run(["git", *identity, *command], cwd=repo, check=True)
    return repo


if __name__ == "__main__":
    main()
