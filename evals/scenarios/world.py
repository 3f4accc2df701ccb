"""The simulated world of a scenario: work streams, agents, and tools that act on them as README.md says."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evals.goals.labels import HERE as GOALS

READ = frozenset({"list_work_streams", "get_status", "report"})
WRITE = frozenset(
    "spawn_agent stop_agent verify integrate add_work_stream"
    " send_feedback redirect_agent pause_agent resume_agent".split()
)
TOOLS = READ | WRITE
#: "held": verified work that waits for a person's consent.
STATUSES = frozenset({"not_started", "in_progress", "complete", "blocked", "failed", "stopped", "held"})
ROADMAPS = (GOALS / "roadmaps", Path(__file__).parent / "roadmaps")

Scenario = Mapping[str, Any]
Arguments = Mapping[str, Any]


class Refused(Exception):
    """A tool refuses; the agent sees the text."""


@dataclass(slots=True)
class Stream:
    """A work stream of the world."""

    id: str
    name: str
    status: str = "not_started"
    effort: str = "M"
    deps: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool, with what it gave."""

    turn: int
    tool: str
    args: Arguments
    ok: bool
    result: Any

    @property
    def work_stream_id(self) -> str:
        """The work stream that a successful call acted on."""
        return str(self.result.get("work_stream_id") or self.result.get("stopped") or self.args.get("work_stream_id"))


class World:
    """The state that a scenario starts with, and all that happened to it since."""

    def __init__(self, scenario: Scenario) -> None:
        initial = scenario.get("initial") or {}
        self.scenario = scenario
        self.streams = _streams(scenario["roadmap"])
        for id_, status in (initial.get("status") or {}).items():
            self.streams[str(id_)].status = status
        self.agents: dict[str, str] = {}
        self.started = 0
        self.paused: set[str] = set()
        for id_ in initial.get("running") or []:
            self._start(str(id_))
        self.notes = {str(id_): text for id_, text in (initial.get("notes") or {}).items()}
        self.verdicts = {str(id_): verdict for id_, verdict in (initial.get("verify") or {}).items()}
        self.max_agents: int | None = initial.get("max_agents")
        self.spent: float = initial.get("spent_usd", 0)
        self.budget: float | None = initial.get("budget_usd")
        self.faults: list[dict[str, Any]] = copy.deepcopy(scenario.get("faults") or [])
        self.log: list[Call] = []
        self.turn = 0

    def running(self) -> list[str]:
        """Ids of the work streams that have an agent, sorted."""
        return sorted(self.agents.values())

    def begin(self, turn: int) -> None:
        """Let happen what happens before the user speaks in `turn`, counted from 1."""
        self.turn = turn
        for event in self.scenario.get("events") or []:
            if event["before_turn"] == turn:
                for id_ in event.get("finish") or []:
                    self._end(str(id_), "complete")
                for id_, why in (event.get("fail") or {}).items():
                    self._end(str(id_), "failed")
                    self.notes[str(id_)] = why
                self.notes |= {str(id_): note for id_, note in (event.get("note") or {}).items()}

    def says_no(self, tool: str) -> bool:
        """True when the person, in this turn, says no to calls of `tool`."""
        return tool in (self.scenario["turns"][self.turn - 1].get("says_no") or ())

    def call(self, tool: str, args: Arguments | None) -> Any:
        """What `tool` gives; what it refuses is given as {"error": ...}."""
        given = dict(args or {})
        try:
            if self.says_no(tool):
                raise Refused("the person said no")
            done = Call(self.turn, tool, given, True, self._call(tool, given))
        except Refused as refusal:
            done = Call(self.turn, tool, given, False, {"error": str(refusal)})
        self.log.append(done)
        return done.result

    def _call(self, tool: str, args: Arguments) -> Any:
        if tool not in TOOLS:
            raise Refused(f"unknown tool {tool}")
        self._fail_if_told(tool, args)
        if tool == "list_work_streams":
            wanted = args.get("status")
            return [self._view(s) for s in self.streams.values() if not wanted or s.status == wanted]
        if tool == "get_status":
            return self._view(self._meant(args)) if args.get("work_stream_id") else self._overall()
        if tool == "report":
            lines = (f"- {stream.id} {stream.name}: {stream.status}" for stream in self.streams.values())
            return {"markdown": "\n".join(["# Run report", *lines])}
        if tool == "spawn_agent":
            return self._spawn(self._meant(args), bool(args.get("force")))
        if tool == "verify":
            return self._verify(self._meant(args))
        if tool == "integrate":
            return self._integrate(self._meant(args))
        if tool == "add_work_stream":
            return self._add(args)
        return self._steer(tool, self._meant(args), args)

    def _fail_if_told(self, tool: str, args: Arguments) -> None:
        for fault in self.faults:
            when = fault.get("when") or {}
            matches = all(str(args.get(key)) == str(value) for key, value in when.items())
            if fault["tool"] == tool and fault.get("times", 1) > 0 and matches:
                fault["times"] = fault.get("times", 1) - 1
                raise Refused(fault["error"])

    def _meant(self, args: Arguments, key: str = "work_stream_id") -> Stream:
        if args.get("agent_id") and key == "work_stream_id":
            if args["agent_id"] not in self.agents:
                raise Refused("no such agent")
            return self.streams[self.agents[args["agent_id"]]]
        id_ = str(args.get(key, ""))
        if id_ not in self.streams:
            raise Refused(f"no work stream {id_!r}")
        return self.streams[id_]

    def unmet(self, stream: Stream) -> list[str]:
        """What a work stream waits for: dependencies that are not complete."""
        return [id_ for id_ in stream.deps if self.streams[id_].status != "complete"]

    def _view(self, stream: Stream) -> dict[str, Any]:
        waits = stream.status in ("not_started", "blocked", "stopped", "failed")
        seen: dict[str, Any] = {
            "id": stream.id,
            "name": stream.name,
            "status": stream.status,
            "effort": stream.effort,
            "deps": stream.deps,
            "waiting_for": self.unmet(stream) if waits else [],
            "paused": stream.id in self.paused,
            "agent": next((agent for agent, id_ in self.agents.items() if id_ == stream.id), None),
        }
        return seen | ({"note": self.notes[stream.id]} if stream.id in self.notes else {})

    def _overall(self) -> dict[str, Any]:
        return {
            "agents": dict(self.agents),
            "max_agents": self.max_agents,
            "spent_usd": self.spent,
            "budget_usd": self.budget,
            "complete": [stream.id for stream in self.streams.values() if stream.status == "complete"],
            "notes": self.notes,
        }

    def _spawn(self, stream: Stream, force: bool) -> dict[str, Any]:
        if stream.status == "in_progress":
            raise Refused(f"{stream.id} already has an agent")
        if stream.status == "held":
            raise Refused(f"the work of {stream.id} is held for the person's consent; integrate would merge it")
        if stream.status == "complete" and not force:
            raise Refused(f"{stream.id} is complete; pass force to redo it")
        if waiting := self.unmet(stream):
            raise Refused(f"{stream.id} waits for {', '.join(waiting)}")
        if self.max_agents and len(self.agents) >= self.max_agents:
            raise Refused(f"limit of {self.max_agents} agents reached")
        if self.budget and self.spent >= self.budget:
            raise Refused("budget used up")
        return {"agent_id": self._start(stream.id), "work_stream_id": stream.id}

    def _verify(self, stream: Stream) -> dict[str, Any]:
        passed = stream.status == "complete"
        verdict = {"passed": passed, "summary": "all checks passed" if passed else "work not finished"}
        return {"work_stream_id": stream.id, **self.verdicts.get(stream.id, verdict)}

    def _integrate(self, stream: Stream) -> dict[str, Any]:
        if stream.status != "held":
            raise Refused(f"nothing of {stream.id} waits to be merged")
        self._end(stream.id, "complete")
        return {"work_stream_id": stream.id, "merged": True}

    def _add(self, args: Arguments) -> dict[str, Any]:
        name, needs = str(args.get("name", "")).strip(), [str(id_) for id_ in args.get("depends_on") or ()]
        if not name or any(stream.name.casefold() == name.casefold() for stream in self.streams.values()):
            raise Refused("it needs a name that no other work stream has")
        if unknown := [id_ for id_ in needs if id_ not in self.streams]:
            raise Refused(f"no work stream {unknown[0]!r}")
        group = next(reversed(self.streams)).rpartition(".")[0]
        count = sum(id_.rpartition(".")[0] == group for id_ in self.streams)
        added = Stream(f"{group}.{count + 1}", name, deps=needs)
        self.streams[added.id] = added
        return {"work_stream_id": added.id, "name": name}

    def _steer(self, tool: str, stream: Stream, args: Arguments) -> dict[str, Any]:
        if stream.status != "in_progress":
            raise Refused(f"no agent runs on {stream.id}")
        if tool in ("pause_agent", "resume_agent"):
            if (stream.id in self.paused) == (tool == "pause_agent"):
                raise Refused(f"{stream.id} is {'' if stream.id in self.paused else 'not '}paused")
            self.paused ^= {stream.id}
            return {"work_stream_id": stream.id}
        if tool == "stop_agent":
            self._end(stream.id, "stopped")
            return {"stopped": stream.id}
        if tool == "send_feedback":
            if not str(args.get("message", "")).strip():
                raise Refused("empty message")
            return {"delivered": stream.id}
        to = self._meant(args, "to_work_stream_id")
        if self.unmet(to) or to.status in ("in_progress", "complete"):
            raise Refused(f"cannot move to {to.id}: {to.status}, waits for {self.unmet(to)}")
        self._end(stream.id, "stopped")
        return {"agent_id": self._start(to.id), "work_stream_id": to.id}

    def _start(self, id_: str) -> str:
        self.started += 1
        agent = f"agent-{self.started}"
        self.agents[agent] = id_
        self.streams[id_].status = "in_progress"
        return agent

    def _end(self, id_: str, status: str) -> None:
        self.agents = {agent: other for agent, other in self.agents.items() if other != id_}
        self.streams[id_].status = status


def roadmap_file(name: str) -> Path:
    """The roadmap of that name: one of the goals, or one of the scenarios' own."""
    return next(path for folder in ROADMAPS if (path := folder / f"{name}.md").is_file())


def _streams(roadmap: str) -> dict[str, Stream]:
    """The work streams of a roadmap of the goals, by id; what is in progress there counts as not started.

    Read here and not by the product, so that a defect of the product cannot hide in its yardstick.
    """
    found: dict[str, Stream] = {}
    current: Stream | None = None
    for line in roadmap_file(roadmap).read_text("utf-8").splitlines():
        if match := re.match(r"### Phase (\S+): (.+)", line):
            current = found[match[1]] = Stream(match[1], match[2].strip())
        elif current and (match := re.match(r"\*\*(Status|Effort|Depends On):\*\* (.+)", line)):
            value = match[2].strip()
            if match[1] == "Status":
                status = value.lower().replace(" ", "_")
                current.status = "not_started" if status == "in_progress" else status
            elif match[1] == "Effort":
                current.effort = value
            else:
                current.deps = [] if value == "None" else [id_.strip() for id_ in value.split(",")]
    return found
