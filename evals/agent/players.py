"""Who plays a scenario: a model behind a Messages API address, through the project's own loop; or the rules alone."""

from __future__ import annotations

import asyncio
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evals.agent.toolset import carry_out, to_world, toolset
from evals.scenarios.grading import grade
from evals.scenarios.world import Scenario, World, roadmap_file
from orchestrator_agent.interpreters.claude import Unavailable, Usage
from orchestrator_agent.interpreters.rules import interpret_goal
from orchestrator_agent.listener import Outcome
from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.model_prompt import News
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.project import Project
from orchestrator_agent.roadmap import Roadmap, read
from orchestrator_agent.talk import Talk
from orchestrator_agent.tools import ToolCall, ToolResult


class NotMeasured(Exception):
    """The model could not be asked; that is no failure of whoever plays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One scenario, played once."""

    id: str
    #: A sentence for each thing that is wrong; none when it passed.
    mistakes: tuple[str, ...] = ()
    #: Why it could not be played to its end; empty when it was. Such a trial neither passed nor failed.
    broken: str = ""
    tool_calls: int = 0
    usage: Usage = field(default_factory=Usage)
    #: US dollars by the prices of the settings.
    cost: float = 0.0
    #: Seconds.
    took: float = 0.0
    #: What was said and called, for whoever wants to know why.
    transcript: Sequence[dict[str, Any]] = ()

    @property
    def passed(self) -> bool:
        """It was played, and nothing is wrong."""
        return not (self.mistakes or self.broken)

    @property
    def harmful(self) -> bool:
        """Something was done, or tried, that must not be: worse than to do too little."""
        return any(re.match(r"(?:turn \d+: )?(?:forbidden|wrote|never)\b", text) for text in self.mistakes)


class _WorldTalk(Talk):
    """The project's talk in a simulated world; where the model is away it breaks off and the rules do not step in."""

    async def without_model(self, words: str, outcome: Outcome, error: Unavailable) -> Outcome:
        """Nothing of the rules may be counted as the model's.

        Raises:
            NotMeasured: always.
        """
        raise NotMeasured(error.reason)


class _WorldNews(News):
    """As of the world: who is at work there, and what happened before this turn."""

    def __init__(self, project: Project, world: World) -> None:
        super().__init__(project)
        self.world = world

    def lines(self) -> list[str]:
        live = self.world.running()
        at_work = f"{len(live)} at work: {', '.join(live)}" if live else "No agent is at work."
        happened = [
            event for event in self.world.scenario.get("events") or () if event["before_turn"] == self.world.turn
        ]
        ended = [f"- {id_} is complete" for event in happened for id_ in event.get("finish") or ()]
        ended += [f"- the agent on {id_} failed" for event in happened for id_ in event.get("fail") or ()]
        return ["It is Monday, 2026-03-02 10:00.", at_work, *ended]


class _Person:
    """The scripted person: says no to what the scenario names, yes to the rest, and answers with the next turn."""

    def __init__(self, world: World) -> None:
        self.world = world

    def text(self, piece: str) -> None:
        """Said text is read from the outcome."""

    def cut_off(self, said: str, again: bool) -> None:
        """Nothing of it was kept."""

    def line(self, text: str) -> None:
        """Lines of the program's own are not the agent's."""

    def called(self, call: ToolCall, result: ToolResult) -> None:
        """The world keeps its own log."""

    async def approve(self, calls: Sequence[ToolCall], asked: str) -> bool | None:
        """A call that is refused is in the world's log all the same: it was tried."""
        meant = [canonical for call in calls for canonical in to_world(self.world, call)]
        if not any(self.world.says_no(tool) for tool, _ in meant):
            return True
        for tool, args in meant:
            self.world.call(tool, args)
        return False

    async def answer(self, asked: str, choices: Sequence[str]) -> str | None:
        """Nobody is there at once; the script's next turn is the answer."""
        return None


def play_by_model(scenario: Scenario, world: World, *, model: str = "") -> Trial:
    """Play a scenario through the talk. Address and key are those of the environment.

    Args:
        model: the model to ask; empty for the default.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        repo = _repository(Path(folder), scenario, model)
        talk = _WorldTalk(Orchestrator(repo), _Person(world), toolset=toolset(world))
        talk.news = _WorldNews(talk.orchestrator.project, world)
        try:
            replies, broken = asyncio.run(_turns(talk, world)), ""
        except NotMeasured as error:
            replies, broken = [], str(error)
    return Trial(
        id=scenario["id"],
        mistakes=() if broken else tuple(grade(scenario, world, replies)),
        broken=broken,
        tool_calls=len(world.log),
        usage=talk.usage,
        cost=talk.usage.cost(talk.settings),
        took=time.monotonic() - began,
        transcript=talk.transcript.messages,
    )


async def _turns(talk: Talk, world: World) -> list[str]:
    """The agent's last text of each turn; a question that is waited with ends in a question mark."""
    replies, waits = [], False
    try:
        for number, turn in enumerate(world.scenario["turns"], 1):
            world.begin(number)
            outcome = await (talk.resume(turn["user"]) if waits else talk.say(turn["user"]))
            waits = outcome.state == "needs_answer"
            told = " ".join([outcome.text, *outcome.choices])
            replies.append(told + ("?" if waits and "?" not in told else ""))
    finally:
        await talk.close()
    return replies


def _repository(folder: Path, scenario: Scenario, model: str) -> Path:
    """A repository with the scenario's roadmap: the talk needs one, the tools act on the world alone."""
    (folder / "roadmap.md").write_bytes(roadmap_file(scenario["roadmap"]).read_bytes())
    said = f'[conversation]\nmodel = "{model}"\n' if model else ""
    (folder / "orch.toml").write_text(f'roadmap = "roadmap.md"\n{said}', "utf-8")
    who = ("-c", "user.name=Evals", "-c", "user.email=evals@example.invalid", "-c", "commit.gpgSign=false")
    for argv in (("init", "--quiet"), ("add", "."), (*who, "commit", "--quiet", "--message=Plan")):
        subprocess.run(["git", *argv], cwd=folder, check=True, capture_output=True)
    return folder


# -- the rules -------------------------------------------------------------------------------------------------------


def play_by_rules(scenario: Scenario, world: World) -> Trial:
    """Do in the first turn what the rules read in its words; a person would have said yes. Replies are not judged."""
    began = time.monotonic()
    world.begin(1)
    words = scenario["turns"][0]["user"]
    goal = interpret_goal(words, _roadmap(scenario, world), world.running())
    calls = [] if goal.parameters.get("dry_run") else goal.tool_calls()
    for name, arguments in calls:
        carry_out(world, ToolCall(name, arguments))
    reply = "Which one?" if goal.ambiguous else ""
    told = {"intent": goal.intent, "calls": calls, "confidence": goal.confidence, "evidence": goal.evidence}
    return Trial(
        id=scenario["id"],
        mistakes=tuple(grade(scenario, world, [reply], words=False)),
        tool_calls=len(world.log),
        took=time.monotonic() - began,
        transcript=({"role": "user", "content": words}, {"role": "rules", "content": told}),
    )


def _roadmap(scenario: Scenario, world: World) -> Roadmap:
    """The scenario's roadmap as the project reads it, with the statuses of the world."""
    path = roadmap_file(scenario["roadmap"])
    known = {stream.id: stream for stream in read(path.read_bytes(), path.name).work_streams}
    return Roadmap(path.name, "phases", tuple(_streams(known, world)), ())


def _streams(known: dict[str, WorkStream], world: World) -> Iterator[WorkStream]:
    for stream in world.streams.values():
        names = {status.value for status in WorkStreamStatus}
        status = WorkStreamStatus(stream.status if stream.status in names else "not_started")
        plain = WorkStream(id=stream.id, name=stream.name, effort=stream.effort, depends_on=tuple(stream.deps))
        yield replace(known.get(stream.id, plain), status=status)
