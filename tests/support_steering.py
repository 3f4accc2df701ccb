"""Projects whose agents can be steered, for tests of receipts. Import it as `support_steering`."""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from support import git

from orchestrator_agent.errors import UserError
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.runtimes.ear import message_id
from orchestrator_agent.wishes import RunOptions


def plan_of(names: Sequence[str]) -> str:
    """A roadmap of work streams that wait for nothing."""
    return "# Roadmap\n\n" + "".join(
        f"### Phase {name}: Stream {name}\n- **Status:** ⚪ Not Started\n\n" for name in names
    )


def demo_project(repo: Path, streams: Mapping[str, Sequence[Sequence[Mapping[str, Any]]]], settings: str = "") -> Path:
    """Commit a plan and a script for stand-in agents: by work stream, for each attempt its steps.

    Args:
        settings: lines of the section `[agent]`, and further sections.
    """
    (repo / "plans").mkdir()
    (repo / "plans" / "roadmap.md").write_text(plan_of([name for name in streams if name != "*"]), "utf-8")
    (repo / "demo-script.json").write_text(json.dumps({"streams": streams}), "utf-8")
    agent = f'[agent]\nruntime = "demo"\nstop_grace_seconds = 0.5\n{settings}'
    (repo / "orch.toml").write_text(f'max_concurrent_agents = 30\n[checks]\ntests = "true"\n{agent}')
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=Plan")
    return repo


def works_until(file: Path, *then: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Steps of an agent that goes on when `file` is there, and listens meanwhile."""
    return [{"say": "at work"}, {"until": str(file)}, *then]


WRITE: tuple[Mapping[str, Any], ...] = ({"write": {"path": "made.txt", "text": "made\n"}}, {"commit": "work"})


def steps_of(orchestrator: Orchestrator, command_id: str) -> list[str]:
    """The steps of a command's receipts."""
    return [receipt.step.value for receipt in orchestrator.receipts(command_id)]


@dataclass
class Storm:
    """Commands of random kinds to many stand-in agents in random states, while controllers are killed."""

    repo: Path
    agents: int
    die: Random
    commands: list[str] = field(default_factory=list)

    def begin(self) -> None:
        """Start all agents: some end soon, some when they are let."""
        self.go = self.repo.parent / "go"
        self.names = [f"1.{n}" for n in range(1, self.agents + 1)]
        self.spare = [f"2.{n}" for n in range(1, self.agents + 1)]
        streams = {}
        for number, name in enumerate((*self.names, *self.spare)):
            work: list[Mapping[str, Any]] = [{"write": {"path": f"made-{name}.txt", "text": name}}, {"commit": name}]
            wait: Mapping[str, Any] = {"sleep": number % 3} if number % 4 == 0 else {"until": str(self.go)}
            streams[name] = [[wait, *work]]
        demo_project(self.repo, streams, "max_attempts = 5\n")
        self.orchestrator = Orchestrator(self.repo)
        self.orchestrator.accept(self.orchestrator.plan(self.names), RunOptions(limit=30))

    def command(self) -> None:
        """One command, or a refusal, which changes nothing."""
        kind = self.die.choice(("feedback", "feedback", "feedback", "pause", "resume", "resume", "redirect", "stop"))
        o, number = self.orchestrator, len(self.commands)
        live = [facts.record.work_stream_id for facts in o.project.store.live_agents()]
        if len(o.project.store.claims()) < self.agents // 2:
            with contextlib.suppress(UserError):
                o.accept(o.plan(count=self.agents // 2), RunOptions(limit=30))
        name = self.die.choice(live or self.names)
        try:
            if kind == "feedback":
                urgency = self.die.choice(("now", "next", "later"))
                self.commands.append(o.send_feedback(name, f"message {number}", urgency, f"r{number}"))
                assert o.send_feedback(name, "again", urgency, f"r{number}") == self.commands[-1]
            elif kind == "redirect":
                self.commands.append(o.redirect(name, self.die.choice(self.spare), "chance", f"r{number}"))
            elif kind == "stop":
                found = o.stop_agents([name]) if self.die.random() < 0.3 else None
                self.commands += [found] if found else []
            else:
                steer = o.pause if kind == "pause" else o.resume
                self.commands.append(steer(name, f"r{number}"))
        except UserError:
            pass

    def end(self) -> None:
        """Let everything go on to its end."""
        self.go.touch()
        end = time.monotonic() + 300
        while self.orchestrator.project.store.open_commands() or self.orchestrator.project.store.live_agents():
            for facts in self.orchestrator.project.store.live_agents():
                if facts.record.reason == "paused":
                    with contextlib.suppress(UserError):
                        self.orchestrator.resume(facts.record.id)
            self.orchestrator.project.revive_controller()
            assert time.monotonic() < end, "it does not come to an end"
            time.sleep(0.2)

    def check(self) -> Counter[str]:
        """Every command has exactly one final receipt, each step once, and each message was applied once.

        Returns:
            how many commands ended how.
        """
        events = [event for event in self.orchestrator.project.store.events_after(0, 1_000_000) if event.command_id]
        printed = "".join(
            (folder / "out.log").read_text("utf-8", "replace")
            for folder in (self.repo / ".orch" / "agents").iterdir()
            if (folder / "out.log").exists()
        )
        ends: Counter[str] = Counter()
        for name in self.commands:
            mine = [event for event in events if event.command_id == name]
            steps = Counter(event.data["step"] for event in mine if event.type == "receipt")
            assert all(count == 1 for count in steps.values()), (name, steps)
            assert sum(event.type == "command_done" for event in mine) == 1, (name, mine)
            receipts = self.orchestrator.receipts(name)
            assert [r.step.is_final for r in receipts] == [False] * (len(receipts) - 1) + [True]
            assert printed.count(f"[applied {message_id(name)}]") <= 1, name
            command = self.orchestrator.project.store.command(name)
            assert command is not None
            ends[f"{command.kind} {receipts[-1].step}"] += 1
        return ends
