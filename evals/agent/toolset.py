"""The project's tools over a simulated world, and the one mapping between their arguments and the world's."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from evals.scenarios.world import Stream, World
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.tools import TOOLS, Tool, ToolCall, ToolResult, Toolset
from orchestrator_agent.tools.tool import brief, fitting

#: A call of the world: a tool of scenarios/README.md, and its arguments.
Canonical = tuple[str, dict[str, Any]]
_PAGE_BYTES = 1600
_LOOKS = {"read_output": "get_status", "wait": "get_status"}


def toolset(world: World) -> Toolset:
    """All tools of the project, with its names, descriptions, schemas and manners, acting on `world`."""
    return Toolset([_over(world, tool) for tool in TOOLS])


def _over(world: World, tool: Tool) -> Tool:
    @functools.wraps(tool.function)
    def act(orchestrator: Orchestrator, **arguments: Any) -> ToolResult:
        return carry_out(world, ToolCall(tool.name, arguments))

    def preview(orchestrator: Orchestrator, **arguments: Any) -> list[str]:
        return [f"+ {arguments.get('name', '')}"]

    return replace(tool, function=act, preview=preview if tool.preview else None)


def carry_out(world: World, call: ToolCall) -> ToolResult:
    """What a call of the project's tool comes to in the world."""
    if call.name == "list_work_streams":
        world.call(call.name, {})
        return ToolResult(_listed(world, call.arguments))
    given = [(tool, args, world.call(tool, args)) for tool, args in to_world(world, call)]
    texts = [_told(tool, args, result) for tool, args, result in given]
    failed = [isinstance(result, dict) and "error" in result for _, _, result in given]
    return ToolResult(brief(texts) or "Nothing of that is there.", is_error=any(failed) and all(failed))


def to_world(world: World, call: ToolCall) -> list[Canonical]:
    """The world's calls for one call of the project: another name, other arguments, one for each of many ids."""
    given: Mapping[str, Any] = call.arguments
    target = {"work_stream_id": _id(world, given.get("agent_id") or given.get("work_stream_id"))}
    name = _LOOKS.get(call.name, call.name)
    if name == "spawn_agent" and not given.get("work_stream_id"):
        return [(name, {"work_stream_id": id_}) for id_ in _startable(world)[:1]]
    if name == "run_batch":
        return [("spawn_agent", {"work_stream_id": id_}) for id_ in _batch(world, given)]
    if name == "stop_agent" and target["work_stream_id"] is None:
        kept = {_id(world, id_) for id_ in given.get("exclude") or ()}
        return [(name, {"work_stream_id": id_}) for id_ in world.running() if id_ not in kept]
    if name == "send_feedback":
        return [(name, {**target, "message": given.get("feedback", "")})]
    if name == "redirect_agent":
        return [(name, {**target, "to_work_stream_id": _id(world, given.get("work_stream_id"))})]
    if name == "add_work_stream":
        return [(name, {**given, "depends_on": [_id(world, id_) for id_ in given.get("depends_on") or ()]})]
    if name == "report":
        return [(name, {})]
    return [(name, {key: value for key, value in target.items() if value is not None})]


def from_world(tool: str, args: Mapping[str, Any]) -> ToolCall:
    """The project's call for one of the world, as a solution has it."""
    target = str(args.get("agent_id") or args.get("work_stream_id") or "")
    if tool in ("list_work_streams", "report"):
        return ToolCall(tool, {})
    if tool == "send_feedback":
        return ToolCall(tool, {"agent_id": target, "feedback": args["message"]})
    if tool == "redirect_agent":
        return ToolCall(tool, {"agent_id": target, "work_stream_id": args["to_work_stream_id"]})
    if tool in ("pause_agent", "resume_agent"):
        return ToolCall(tool, {"agent_id": target})
    if tool == "add_work_stream":
        return ToolCall(tool, args)
    return ToolCall(tool, {"work_stream_id": target} if target else {})


def _id(world: World, name: object) -> str | None:
    """The work stream that a name means: an agent's is that of its work, and "Phase 1.2" is 1.2."""
    if name is None:
        return None
    bare = str(name).strip()
    bare = bare[6:].strip() if bare.casefold().startswith("phase ") else bare
    return world.agents.get(bare, bare)


def _startable(world: World) -> list[str]:
    ready = ("not_started", "stopped", "failed")
    return [s.id for s in world.streams.values() if s.status in ready and not world.unmet(s)]


def _batch(world: World, given: Mapping[str, Any]) -> list[str]:
    """What a batch starts now; what has no room yet would follow later."""
    ids = given.get("work_stream_ids")
    wanted = [str(_id(world, id_)) for id_ in ids] if ids else _startable(world)
    out = {_id(world, id_) for id_ in given.get("exclude") or ()}
    caps = [cap for cap in (given.get("max_agents"), world.max_agents) if cap]
    room = max(min(caps) - len(world.agents), 0) if caps else len(wanted)
    return [id_ for id_ in wanted if id_ not in out][: given.get("count")][:room]


# -- what the agent reads --------------------------------------------------------------------------------------------


def _listed(world: World, given: Mapping[str, Any]) -> str:
    startable = _startable(world)
    streams = [s for s in world.streams.values() if s.id in startable or not given.get("available_only")]
    ids = [stream.id for stream in streams]
    after = _id(world, given.get("after"))
    rest = streams[ids.index(after) + 1 :] if after in ids else streams
    lines = [_line(world, stream) for stream in rest]
    count = fitting(lines, _PAGE_BYTES)
    head = f"{len(world.streams)} work streams, {len(startable)} can start now."
    more = [f'{len(rest) - count} more: list_work_streams(after="{rest[count - 1].id}")'] if count < len(rest) else []
    return "\n".join([head, *lines[:count], *more])


def _line(world: World, stream: Stream) -> str:
    waits = world.unmet(stream) if stream.status != "complete" else []
    why = f": waits for {', '.join(waits)}" if waits else ""
    return f"{stream.id} {stream.name} [{stream.status}{why}]"


def _told(tool: str, args: Mapping[str, Any], result: Any) -> str:
    """A result in one line, or in a few."""
    if isinstance(result, dict) and "error" in result:
        return f"{tool} {args.get('work_stream_id', '')} was refused: {result['error']}"
    if tool == "report":
        return str(result["markdown"])
    return "\n".join(_facts(result)) if tool == "get_status" else f"{tool}: {', '.join(_facts(result))}"


def _facts(result: Mapping[str, Any]) -> Iterator[str]:
    for key, value in result.items():
        if value not in (None, [], {}, ""):
            yield f"{key.replace('_', ' ')}: {value}"
