"""`orch chat` in a pseudo-terminal. Import it as `support_chat`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pexpect
from support_talk import PATIENCE

from orchestrator_agent.store import Store

PROMPT = "You:"
CTRL_C, CTRL_D = "\x03", "\x04"


class Terminal:
    """`orch chat` in a pseudo-terminal."""

    def __init__(self, repo: Path, *arguments: str, greets: str = PROMPT, **env: str) -> None:
        # Nobody behind this terminal answers the question where its cursor is.
        environment = {**os.environ, "PROMPT_TOOLKIT_NO_CPR": "1", **env}
        self.child = pexpect.spawn(
            sys.executable,
            ["-P", "-m", "orchestrator_agent", "chat", *arguments],
            cwd=str(repo),
            env=environment,
            encoding="utf-8",
            timeout=PATIENCE,
            dimensions=(50, 200),
        )
        self.sees(greets)

    def sees(self, *texts: str) -> None:
        """Wait for texts, one after the other; meanwhile say where the cursor is, when the program asks for that."""
        for text in texts:
            while self.child.expect_exact([text, "\x1b[6n"]) == 1:
                self.child.send("\x1b[1;1R")

    def says(self, line: str) -> None:
        self.child.send(f"{line}\r")

    def leaves(self) -> None:
        self.child.expect(pexpect.EOF)
        self.child.close()
        assert (self.child.exitstatus, self.child.signalstatus) == (0, None)


def journal(repo: Path) -> Store:
    return Store(repo / ".orch" / "journal.db")


def live(repo: Path) -> list[str]:
    """The work streams that have an agent now."""
    return [facts.record.work_stream_id for facts in journal(repo).live_agents()]


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
