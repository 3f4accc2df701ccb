"""What the talk adds to the model: wall time beside the bare SDK, bytes that are sent every time, sizes of results.

The model is the stand-in of the tests, in a process of its own: no figure here says anything about a model's quality.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench_cli import sample_repository

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from standin import Answer, Request, StandIn, text, tool

from orchestrator_agent.interpreters.claude import Claude
from orchestrator_agent.listener import finished
from orchestrator_agent.model_prompt import system_prompt, tool_list
from orchestrator_agent.orchestrator import Orchestrator, OrchestratorConfig
from orchestrator_agent.settings import ConversationSettings
from orchestrator_agent.talk import Talk
from orchestrator_agent.tools import TOOLS, ToolCall, ToolResult, Toolset

SIZES = (100, 10_000)
GOAL = "what can start now, and how is 2.1?"
#: Between the events of an answer, of which there are about ten: nothing, and a third of what a fast model takes.
PAUSES = (0.0, 0.05)


class Nobody:
    """A front end that says nothing."""

    def text(self, piece: str) -> None: ...
    def cut_off(self, said: str, again: bool) -> None: ...
    def line(self, text: str) -> None: ...
    def called(self, call: ToolCall, result: ToolResult) -> None: ...
    async def approve(self, calls: Sequence[ToolCall], asked: str) -> bool | None:
        return False

    async def answer(self, asked: str, choices: Sequence[str]) -> str | None:
        return ""


def brain(request: Request, pause: float) -> Answer:
    """Two looks, then an answer."""
    names = [block["name"] for block in _last_calls(request.body["messages"])]
    if not names:
        return Answer(content=(tool("list_work_streams"),), pause=pause)
    if names == ["list_work_streams"]:
        return Answer(content=(tool("get_status", work_stream_id="2.1"),), pause=pause)
    return text("Some can start; 2.1 can start now.", pause=pause)


def _last_calls(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The tool calls whose results are the last message."""
    if len(messages) < 2 or messages[-1]["content"][0]["type"] != "tool_result":
        return []
    return [block for block in messages[-2]["content"] if block["type"] == "tool_use"]


def serve(pause: float) -> None:
    """Answer until standard input ends."""
    with StandIn(lambda request: brain(request, pause)) as standin:
        print(json.dumps(standin.environment), flush=True)
        sys.stdin.read()


async def turns(repo: Path, count: int) -> tuple[list[float], Talk, list[dict[str, Any]]]:
    """Seconds of each of so many turns, the talk, and the messages of the last turn's last request."""
    talk, took = Talk(Orchestrator(repo), Nobody()), []
    for _ in range(count):
        begun = time.perf_counter()
        outcome = await talk.say(GOAL)
        took.append(time.perf_counter() - begun)
        assert outcome.interpreter == "claude" and len(outcome.results) == 2, outcome
    await talk.close()
    return took, talk, talk.transcript.messages


async def bare(messages: Sequence[dict[str, Any]], count: int) -> list[float]:
    """Seconds of the same three requests, so many times, by the SDK alone."""
    import anthropic

    claude = Claude(ConversationSettings(), system_prompt(), tool_list(Toolset(TOOLS)))
    requests = [claude.request(messages[:end]) for end in (len(messages) - 5, len(messages) - 3, len(messages) - 1)]
    took = []
    async with anthropic.AsyncAnthropic() as client:
        for _ in range(count):
            begun = time.perf_counter()
            for request in requests:
                async with client.messages.stream(**request) as stream:
                    async for _piece in stream.text_stream:
                        pass
                    await stream.get_final_message()
            took.append(time.perf_counter() - begun)
    return took


def looks(repo: Path, count: int) -> list[float]:
    """Seconds of the two tool calls of a turn, so many times, without a talk."""
    orchestrator, toolset, took = Orchestrator(repo), Toolset(TOOLS), []
    for _ in range(count):
        begun = time.perf_counter()
        toolset.call(orchestrator, ToolCall("list_work_streams"))
        toolset.call(orchestrator, ToolCall("get_status", {"work_stream_id": "2.1"}))
        took.append(time.perf_counter() - begun)
    return took


def show_times(repo: Path, runs: int) -> None:
    """Wall time of a turn of three requests."""
    print(f"{'a turn of three requests':<40} {'SDK ms':>8} {'tools ms':>8} {'talk ms':>8} {'more':>6} {'cached':>7}")
    for pause in PAUSES:
        argv = [sys.executable, __file__, "--serve", str(pause)]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None and server.stdin is not None
            os.environ.update(json.loads(server.stdout.readline()))
            took, talk, messages = asyncio.run(turns(repo, runs + 1))
            alone = asyncio.run(bare(messages, runs + 1))
            tools = looks(repo, runs + 1)
            server.stdin.close()
        mine, theirs, looked = min(took[1:]), min(alone[1:]), min(tools[1:])
        name = f"stand-in with {pause * 1000:.0f} ms between events"
        more, hit = mine / theirs - 1, talk.usage.hit_rate
        times = " ".join(f"{seconds * 1000:>8.1f}" for seconds in (theirs, looked, mine))
        print(f"{name:<40} {times} {more:>6.0%} {hit:>7.1%}", flush=True)
    print(f"model calls of a plain goal: {talk.usage.requests // (runs + 1)} (target: at most 4)")


def show_prompt() -> None:
    """Bytes that every request begins with."""
    tools, system = len(json.dumps(tool_list(Toolset(TOOLS)))), len(system_prompt().encode())
    print(f"tools {tools:,} bytes + system prompt {system:,} bytes = {tools + system:,} (target: under 12,000)")


def show_results(top: Path) -> None:
    """Bytes of every tool's result."""
    repos = [_worked_in(top / f"results-{size}", size) for size in SIZES]
    print(f"\n{'result, bytes (target: under 2,000)':<44} " + " ".join(f"{size:>8,}" for size in SIZES), flush=True)
    rows: dict[str, list[int]] = {}
    for repo in repos:
        for name, result in results(repo):
            rows.setdefault(name, []).append(len(result.text.encode()))
    for name, sizes in rows.items():
        print(f"{name:<44} " + " ".join(f"{size:>8,}" for size in sizes), flush=True)


def _worked_in(repo: Path, size: int) -> Path:
    """A repository in which one agent has said much and done something."""
    sample_repository(repo, size)
    said = "seq -f 'line %g of what an agent may say while it works' 5000; echo x > x; git add x; git commit -qm x"
    (repo / "orch.toml").write_text(
        f'[agent]\nruntime = "command"\ncommand = {json.dumps(["sh", "-c", said])}\n[checks]\ntests = "true"\n'
    )
    git = ["git", "-c", "user.name=Bench", "-c", "user.email=bench@example.invalid"]
    for command in (["config", "user.name", "Bench"], ["config", "user.email", "bench@example.invalid"]):
        subprocess.run(["git", *command], cwd=repo, check=True)
    subprocess.run([*git, "add", "orch.toml"], cwd=repo, check=True)
    subprocess.run([*git, "commit", "--quiet", "--message=Settings"], cwd=repo, check=True)
    assert Orchestrator(repo).run("2.2") is not None
    return repo


def results(repo: Path) -> Iterator[tuple[str, ToolResult]]:
    """Every tool's result where nothing is started."""
    orchestrator, toolset = Orchestrator(repo, OrchestratorConfig(dry_run=True)), Toolset(TOOLS)
    needed = {"work_stream_id": "2.2", "agent_id": "2.2"}
    for each in toolset:
        required = each.schema.get("required", [])
        variants: list[dict[str, Any]] = [{name: needed[name] for name in required if name in needed}]
        if len(variants[0]) < len(required):
            continue  # what it needs is a person's own words
        if each.read_only and "work_stream_id" in each.schema["properties"] and not required:
            variants.append({"work_stream_id": "2.2"})
        for arguments in variants:
            shown = f"{each.name} {' '.join(arguments.values())}".strip()
            yield shown, asyncio.run(finished(toolset.call(orchestrator, ToolCall(each.name, arguments))))
    orchestrator.stop()


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9, help="turns; the fastest counts (default 9)")
    parser.add_argument("--serve", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        return serve(options.serve)
    with tempfile.TemporaryDirectory(prefix="orch-bench-") as folder:
        show_times(sample_repository(Path(folder) / "times", SIZES[0]), options.runs)
        show_prompt()
        show_results(Path(folder))


if __name__ == "__main__":
    main()
