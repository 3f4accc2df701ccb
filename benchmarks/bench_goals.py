"""What it costs to read one goal: processor time on roadmaps of 150 and 5,000 work streams, first and later goals.

The first goal on a roadmap pays for the index of its words. Run it with `python benchmarks/bench_goals.py`.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import time

from orchestrator_agent.interpreters.rules import interpret_goal
from orchestrator_agent.roadmap import Roadmap, read

SIZES = (150, 5_000)
WORDS = (
    "account activity admin agent alert allocator analysis api archive asset audit backup badge bridge budget"
    " cache calendar camera catalog channel chart checkout client cluster comment compiler config consent"
    " console context conversion counter coupon crash currency cursor dashboard database deadline delivery"
    " device digest discount driver editor email engine entry error event export feed file filter firewall"
    " folder format gateway graph group guest handler health history hook image import index ingest inventory"
    " invoice job journal kernel key label layout ledger lexer library limit linker lock login mailer map"
    " market member memory menu message metric migration mirror model module monitor network notification"
    " number object order package page parser password payment permission photo pipeline plan player policy"
    " pool portal price printer privacy process profile program proxy queue quota rating record recovery refund"
    " region register release renderer report request reservation retry review role route router rule sample"
    " schedule schema scope search secret segment sensor server session setting shader shipping signal sitemap"
    " socket source speaker stage status storage store stream subscription summary sync table task tax template"
    " tenant test theme thread ticket timer token tool trace tracker trial upload user validation vault vendor"
    " version video view voucher wallet warehouse weather webhook widget window worker workflow zone"
).split()
GOALS = (
    "start the payment gateway retry",
    "do everything except 1.2 and the invoice export",
    "stop the parser agent and move it to the report template",
    "is 2.3 done?",
    "all small ones in phase 3 with two agents",
    "plesae strat teh databse migraton",
    "the customers keep losing what they put into the basket when they log in, so get somebody on that",
    "tell 1.4 to keep the old names",
    "kannst du bitte mit dem Warenkorb anfangen?",
    "order a pizza",
)


def main() -> None:
    """Print the table: milliseconds of processor time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--runs", type=int, default=7, help="rounds over all goals; the median of each counts (default 7)"
    )
    runs = parser.parse_args().runs
    interpret_goal(GOALS[0], sample_roadmap(10))  # imports and word tables are not what is measured
    print(f"{'work streams':>12} {'first goal ms':>14} {'later, median ms':>17} {'later, slowest ms':>18}")
    for size in SIZES:
        first, later = measure(sample_roadmap(size), runs)
        print(f"{size:>12,} {first:>14.1f} {statistics.median(later):>17.2f} {max(later):>18.2f}", flush=True)


def measure(roadmap: Roadmap, runs: int) -> tuple[float, list[float]]:
    """Milliseconds of processor time for the first goal on `roadmap`, and for each of `GOALS` after it."""
    gc.collect()  # the roadmap is new, and who pays for looking through it would be chance
    first = milliseconds(GOALS[0], roadmap)
    return first, [statistics.median(milliseconds(goal, roadmap) for _ in range(runs)) for goal in GOALS]


def milliseconds(goal: str, roadmap: Roadmap) -> float:
    """Processor time of one interpretation in milliseconds."""
    begin = time.process_time()
    interpret_goal(goal, roadmap)
    return (time.process_time() - begin) * 1000


def sample_roadmap(size: int) -> Roadmap:
    """A roadmap of `size` work streams in phases of ten, named and described in `WORDS`; always the same one."""
    chance = random.Random(size)
    lines = ["# Roadmap", ""]
    for number in range(size):
        phase, position = divmod(number, 10)
        if position == 0:
            lines += [f"## Phase {phase + 1}: {chance.choice(WORDS).title()} part", ""]
        name = " ".join(chance.sample(WORDS, 3)).title()
        lines += [
            f"### Phase {phase + 1}.{position + 1}: {name}",
            f"- **Status:** {chance.choice(('Complete', 'In Progress', 'Not Started', 'Not Started'))}",
            f"- **Effort:** {chance.choice('SML')}",
            "",
            f"Makes the {' '.join(chance.sample(WORDS, 12))} work.",
            "",
            *(f"- [ ] {' '.join(chance.sample(WORDS, 3))}" for _ in range(3)),
            "",
        ]
    return read("\n".join(lines).encode(), "roadmap.md")


if __name__ == "__main__":
    main()
