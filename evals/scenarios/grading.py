"""Is a played scenario right? The outcome first, the path only where a scenario asks for it (schema: README.md)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from evals.scenarios.world import WRITE, Call, Scenario, World

#: Called with scenario, turn (from 1) and world; gives tool calls, each {tool: arguments}, and the reply.
Policy = Callable[[Scenario, int, World], tuple[Sequence[Mapping[str, Any]], str]]
_MOST_CALLS = 25
#: Sets of work streams that a scenario may state, and the tool that makes them.
_SETS = (
    ("spawned", "spawn_agent"),
    ("stopped", "stop_agent"),
    ("verified", "verify"),
    ("integrated", "integrate"),
)


def play(scenario: Scenario, policy: Policy) -> list[str]:
    """Let `policy` act in a fresh world; a sentence for each thing that is wrong then, none when it passes."""
    world, replies = World(scenario), []
    for turn in range(1, len(scenario["turns"]) + 1):
        world.begin(turn)
        calls, reply = policy(scenario, turn, world)
        for call in calls:
            for tool, args in call.items():
                world.call(tool, args)
        replies.append(reply)
    return grade(scenario, world, replies)


def grade(scenario: Scenario, world: World, replies: Sequence[str], *, words: bool = True) -> list[str]:
    """A sentence for each thing that is wrong; none when the scenario passes.

    Args:
        replies: the agent's last text of each turn.
        words: what the replies must and must not say is looked at too.
    """
    wrong: list[str] = []
    for turn, said in enumerate(scenario["turns"], 1):
        expected = said.get("expect") or {}
        reply = replies[turn - 1] if turn <= len(replies) else ""
        calls = [call for call in world.log if call.turn == turn]
        said_wrong = _wrong_words(expected, reply) if words else ()
        found = (*_wrong_calls(expected, calls), *_wrong_question(expected, calls, reply), *said_wrong)
        wrong += [f"turn {turn}: {text}" for text in found]
    wrong += [f"final: {text}" for text in _wrong_end(scenario.get("final") or {}, world)]
    for pattern in scenario.get("never") or []:
        if any(_matches(pattern, call) for call in world.log):
            wrong.append(f"never: {pattern}")
    if len(world.log) > (scenario.get("limits") or {}).get("tool_calls", _MOST_CALLS):
        wrong.append(f"limit: {len(world.log)} tool calls")
    return wrong


def _wrong_calls(expected: Mapping[str, Any], calls: Sequence[Call]) -> Iterator[str]:
    for pattern in expected.get("calls") or []:
        may_fail = pattern.get("may_fail", False)
        count = sum(_matches(pattern, call) and (call.ok or may_fail) for call in calls)
        if not pattern.get("min", 1) <= count <= pattern.get("max", 99):
            yield f"{pattern['tool']} {pattern.get('args', {})} called {count} times"
    if order := expected.get("order"):
        done = [f"{call.tool}:{call.args.get('work_stream_id', '')}" for call in calls if call.ok]
        rest = iter(done)
        if not all(any(wanted == one for one in rest) for wanted in order):
            yield f"order {order} not in {done}"
    for pattern in expected.get("forbid") or []:
        if any(_matches(pattern, call) for call in calls):
            yield f"forbidden {pattern}"
    if expected.get("no_writes") and (acted := [call.tool for call in calls if call.tool in WRITE]):
        yield f"wrote {acted}"
    if expected.get("max_calls") and len(calls) > expected["max_calls"]:
        yield f"{len(calls)} calls > {expected['max_calls']}"


def _wrong_question(expected: Mapping[str, Any], calls: Sequence[Call], reply: str) -> Iterator[str]:
    asked = "?" in reply or "？" in reply
    if expected.get("ask") is True and not asked:
        yield "should ask"
    if expected.get("ask") is False and not calls and asked:
        yield "asked instead of acting"


def _wrong_words(expected: Mapping[str, Any], reply: str) -> Iterator[str]:
    text = reply.lower()
    if (words := expected.get("say_all")) and not all(str(word).lower() in text for word in words):
        yield f"must say {words}"
    if (words := expected.get("say_any")) and not any(str(word).lower() in text for word in words):
        yield f"must say one of {words}"
    if (words := expected.get("say_none")) and any(str(word).lower() in text for word in words):
        yield f"must not say {words}"


def _wrong_end(final: Mapping[str, Any], world: World) -> Iterator[str]:
    if "running" in final and world.running() != sorted(map(str, final["running"])):
        yield f"running {world.running()} != {final['running']}"
    for id_, status in (final.get("streams") or {}).items():
        if world.streams[str(id_)].status != status:
            yield f"{id_} is {world.streams[str(id_)].status}, want {status}"
    done = [call for call in world.log if call.ok]
    for key, tool in _SETS:
        got = sorted({call.work_stream_id for call in done if call.tool == tool})
        if key in final and got != sorted(map(str, final[key])):
            yield f"{key} {got} != {final[key]}"
    names = [str(call.result["name"]).lower() for call in done if call.tool == "add_work_stream"]
    wanted_names = [str(name).lower() for name in final.get("added") or []]
    if "added" in final and (
        len(names) != len(wanted_names) or not all(any(w in n for n in names) for w in wanted_names)
    ):
        yield f"added {names}, want {wanted_names}"
    messages = [call for call in done if call.tool == "send_feedback"]
    for wanted in final.get("feedback") or []:
        if not any(_says(wanted, call) for call in messages):
            yield f"no feedback {wanted}"
    if "feedback_count" in final and len(messages) != final["feedback_count"]:
        yield f"{len(messages)} messages, want {final['feedback_count']}"


def _says(wanted: Mapping[str, Any], call: Call) -> bool:
    message = call.args["message"].lower()
    here: bool = call.result.get("delivered") == str(wanted["stream"])
    return here and all(word.lower() in message for word in wanted["contains"])


def _matches(pattern: Mapping[str, Any], call: Call) -> bool:
    named = pattern["tool"] in (call.tool, "*") or (pattern["tool"] == "write" and call.tool in WRITE)
    return named and all(_fits(want, call.args.get(key)) for key, want in (pattern.get("args") or {}).items())


def _fits(want: object, got: object) -> bool:
    """A plain value is compared as text; a mapping holds matchers, all of which must fit."""
    if not isinstance(want, Mapping):
        return str(want) == str(got)
    text = "" if got is None else str(got)
    fits: dict[str, Callable[[Any], bool]] = {
        "any": lambda value: text in [str(one) for one in value],
        "contains": lambda value: str(value).lower() in text.lower(),
        "regex": lambda value: re.search(value, text, re.IGNORECASE) is not None,
        "absent": lambda value: (got is None) == value,
    }
    return all(fits[key](value) for key, value in want.items())
