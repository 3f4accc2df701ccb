"""`orch watch`: everything that happens in a repository, as it happens, whoever asked for it."""

from __future__ import annotations

import argparse
import json
import time

from orchestrator_agent import exit_codes, overview, printing, reporting
from orchestrator_agent.feed import Feed
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.terminal import clock

#: Between looks for news. Seconds.
_LOOK = 0.1
#: The controller is looked after this often. Seconds.
_CARE = 0.5


def run(options: argparse.Namespace, orchestrator: Orchestrator) -> int:
    """Print how things stand and then each event, until Ctrl-C; returns the exit code."""
    feed = Feed(orchestrator)
    if not options.json:
        _say_how_things_stand(orchestrator)
    try:
        while True:
            for event in feed.news():
                if options.json:
                    print(json.dumps(reporting.event(event)), flush=True)
                elif line := printing.event_line(event):
                    print(f"{clock(event.timestamp)}{line}", flush=True)
            feed.is_open()  # starts another controller where one was killed
            end = time.monotonic() + _CARE
            while not feed.has_news() and time.monotonic() < end:
                time.sleep(_LOOK)
    except KeyboardInterrupt:
        return exit_codes.DONE


def _say_how_things_stand(orchestrator: Orchestrator) -> None:
    project = orchestrator.project
    lines = printing.running_lines(overview.running(project))
    if entries := orchestrator.inbox():
        lines += printing.inbox_lines(entries, project.store.now())
    print("\n".join([*lines, "Watching; Ctrl-C leaves, and what runs goes on."]), flush=True)
