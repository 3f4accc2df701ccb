"""What reading plans costs: seconds of processor time per megabyte, for hostile shapes of each format.

Processor time and not the wall clock, and the least of several runs and not their mean, because both hardly change
with what else the machine is doing.
"""

from __future__ import annotations

import argparse
import gc
import time

from evals.plans.hostile import SHAPES, Shape
from orchestrator_agent.cli import GARBAGE
from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.roadmap import read_plan
from orchestrator_agent.roadmap.availability import availability
from orchestrator_agent.roadmap.reading import read_markdown
from orchestrator_agent.roadmap.sources import Memory

MEGABYTE = 1_000_000


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2, help="runs of each; the least counts (default 2)")
    parser.add_argument("--size", type=int, default=MEGABYTE, help="bytes of each plan (default 1,000,000)")
    parser.add_argument("--only", default="", help="shapes with this in their name")
    options = parser.parse_args()
    gc.set_threshold(GARBAGE)  # as `orch` does
    print(f"{'shape':<32} {'KB':>8} {'items':>8} {'s/MB':>8} {'x4':>6}")
    for shape in SHAPES:
        if options.only in shape.name:
            show(shape, options.size, options.runs)
    phases = SHAPES[0].files(10_000)
    took, items = cost(SHAPES[0], phases, options.runs)
    print(f"\na roadmap of 10,000 phases ({size_of(phases) / 1000:,.0f} KB, {items or 0:,} items): {took:.2f} s")


def show(shape: Shape, size: int, runs: int) -> None:
    """Print one row; the last column is what four times the size costs, 4 being linear where both are read."""
    count = max(1, size * 1000 // size_of(shape.files(1000)))
    small, large = shape.files(max(1, count // 4)), shape.files(count)
    before, _ = cost(shape, small, runs)
    took, items = cost(shape, large, runs)
    per_megabyte = took * MEGABYTE / size_of(large)
    found = f"{items}" if items is not None else "refused"
    print(
        f"{shape.name:<32} {size_of(large) / 1000:>8.0f} {found:>8} {per_megabyte:>8.2f} {took / before:>6.1f}",
        flush=True,
    )


def size_of(files: dict[str, bytes]) -> int:
    """The bytes of all files."""
    return sum(map(len, files.values()))


def cost(shape: Shape, files: dict[str, bytes], runs: int) -> tuple[float, int | None]:
    """The least processor time in seconds to read a plan and to see what may start, and its items; None if refused."""
    took, items = [], None
    for _ in range(runs):
        read_markdown.cache_clear()
        before = time.process_time()
        try:
            streams = read_plan(Memory(files), [shape.path]).work_streams
            availability(streams)
            items = len(streams)
        except RoadmapError:
            items = None
        took.append(max(time.process_time() - before, 1e-6))
    return min(took), items


if __name__ == "__main__":
    main()
