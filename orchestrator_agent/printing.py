"""Lines for people. All text from roadmaps, agents and files goes through `terminal.clean`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator_agent import events
from orchestrator_agent.events import Event
from orchestrator_agent.terminal import clean, duration, plural, style

_NAME = 70
_LONG_LIST = 12

_MARKS = {
    events.AGENT_COMPLETED: ("·", "dim"),
    events.AGENT_FAILED: ("✗", "red"),
    events.AGENT_LOST: ("✗", "red"),
    events.AGENT_STOPPED: ("■", "yellow"),
    events.SPAWNING_AGENT: ("→", "blue"),
    events.WORK_SAVED: ("·", "dim"),
    events.INTEGRATION_REFUSED: ("✗", "yellow"),
    events.INTEGRATION_COMPLETE: ("✓", "green"),
}
_GOOD = ("complete", "verified")


def event_line(event: Event) -> str | None:
    """One line for an event, or None for those that only programs want."""
    if event.type == events.VERIFICATION_COMPLETE:
        good = event.data.get("passed")
        return f"  {style('✓', 'green') if good else style('✗', 'red')} {clean(event.message, 300)}"
    if event.type == events.WORK_STREAM_RELEASED:
        good = event.data.get("outcome") in _GOOD
        return style(f"  {'✓' if good else '■'} {clean(event.message, 300)}", "green" if good else "yellow")
    if event.type not in _MARKS:
        return None
    mark, colour = _MARKS[event.type]
    return f"  {style(mark, colour)} {clean(event.message, 300)}"


def status_lines(data: Mapping[str, Any]) -> list[str]:
    """`orch status`."""
    summary, streams = data["summary"], data["work_streams"]
    by_id = {stream["id"]: stream for stream in streams}
    names = ("complete", "in_progress", "not_started", "blocked", "cancelled")
    counts = " · ".join(f"{summary[name]} {name.replace('_', ' ')}" for name in names if summary[name])
    head = f"{clean(data['roadmap'])}: {plural(summary['total'], 'work stream')}"
    lines = [style(head, "bold"), f"  {counts or 'none'}"]
    lines += _section("Can start now", [_stream_line(by_id[name]) for name in data["next"]])
    taken = [s for s in streams if s["status"] == "in_progress" and s["reason_kind"] != "running"]
    lines += _section(
        "In progress", [f"{_stream_line(s)}  {clean(s['assigned_to'] or 'nobody named', 40)}" for s in taken]
    )
    lines += _section("Agents", [_agent_line(agent) for agent in data["agents"]])
    held = [s for s in streams if s["reason_kind"] == "held"]
    lines += _section("Waiting for you", [f"{clean(s['id'], 30)}  {clean(s['reason'], 200)}" for s in held])
    limits = data["limits"]
    lines += [
        "",
        f"Limits: {limits['max_concurrent_agents']} agents at once, {duration(limits['agent_timeout_seconds'])} each,"
        f" {plural(limits['max_attempts'], 'attempt')} each",
    ]
    lines += [style(f"Note: {clean(warning, 200)}", "yellow") for warning in data["warnings"][:5]]
    return lines


def _section(title: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    shown = [f"  {line}" for line in lines[:_LONG_LIST]]
    if len(lines) > _LONG_LIST:
        shown.append(f"  ... and {len(lines) - _LONG_LIST} more (--json has all)")
    return ["", style(f"{title}:", "bold"), *shown]


def _stream_line(stream: Mapping[str, Any]) -> str:
    effort = f" ({clean(stream['effort'], 20)})" if stream["effort"] else ""
    star = " ⭐" if stream["priority"] else ""
    return f"{clean(stream['id'], 30):<6} {clean(stream['name'], _NAME)}{effort}{star}"


def _agent_line(agent: Mapping[str, Any]) -> str:
    again = f", attempt {agent['attempt']}" if agent["attempt"] > 1 else ""
    reason = f" ({clean(agent['reason'], 80)})" if agent["reason"] else ""
    took = duration(agent["duration_seconds"])
    return f"{agent['id']} → {clean(agent['work_stream_id'], 30)}  {agent['state']} for {took}{again}{reason}"


def running_lines(agents: Sequence[Mapping[str, Any]]) -> list[str]:
    """`orch running`."""
    if not agents:
        return ["No agents are running."]
    lines = ["Running agents:"]
    for agent in agents:
        lines.append(f"  • {agent['id']} → {clean(agent['work_stream_id'], 30)}")
        lines.append(f"      {agent['state'].capitalize()} for {duration(agent['duration_seconds'])}")
    return lines


def plan_lines(data: Mapping[str, Any]) -> list[str]:
    """`--dry-run`."""
    lines = ["This would happen (nothing was changed):"]
    for item in data["now"]:
        lines.append(f"  start {clean(item['id'], 30)}: {clean(item['name'], _NAME)}")
    if len(data["now"]) > data["max_agents"]:
        lines.append(f"    at most {data['max_agents']} at once, in this order")
    for item in data["later"]:
        waits = ", ".join(clean(name, 30) for name in item["depends_on"])
        lines.append(f"  then  {clean(item['id'], 30)}: {clean(item['name'], _NAME)} (after {waits})")
    command = clean(" ".join(data["agent_command"]) or data["runtime"], 200)
    lines += [
        f"Each agent: {data['runtime']} ({command}), at most {duration(data['timeout_seconds'])}, in its own worktree",
        f"  on a branch {data['branch']} from {data['target']} ({data['base_commit'][:10]})",
    ]
    if not data["verify"]:
        return [*lines, "No checks run, so nothing is merged: the work stays on its branch."]
    programs = {gate["name"]: clean(" ".join(gate["command"]), 100) for gate in data["checks"]}
    gates = [f"{clean(name, 40)} ({program})" if program else name for name, program in programs.items()]
    where = f"merged into {data['target']}" if data["policy"] == "merge" else "left on its branch"
    return [*lines, f"Checked on the merged result by: {', '.join(gates)}", f"What passes is {where}."]


def result_lines(data: Mapping[str, Any]) -> list[str]:
    """The end of a command."""
    counts: dict[str, int] = {}
    for item in data["results"]:
        counts[item["outcome"]] = counts.get(item["outcome"], 0) + 1
    said = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items()) or clean(data["message"])
    return [style(f"Done: {said}.", "bold")]


def why_lines(data: Sequence[Mapping[str, Any]]) -> list[str]:
    """`orch why`."""
    if not data:
        return ["Everything is complete."]
    lines = []
    for item in data:
        lines.append(f"{clean(item['id'], 30):<6} {clean(item['reason'], 200)}")
        if item["remedy"]:
            lines.append(style(f"       → {clean(item['remedy'], 200)}", "dim"))
    return lines


def verification_lines(data: Mapping[str, Any]) -> list[str]:
    """The evidence of one verdict."""
    lines = [style("Verification " + ("passed" if data["passed"] else "failed"), "bold")]
    if data["commit"]:
        lines[0] += f" at {data['commit'][:10]} (on {data['base_commit'][:10]})"
    for name, check in data["checks"].items():
        mark = style("✓", "green") if check["passed"] else style("✗", "red")
        lines.append(f"  {mark} {clean(name, 40)}: {clean(check['message'], 200)}")
        if not check["passed"]:
            lines += [f"      {line}" for line in clean(check["output"], keep_newlines=True).splitlines()[-10:]]
    if data["conflicts"]:
        lines.append("  conflicts: " + ", ".join(clean(name, 80) for name in data["conflicts"][:5]))
    if data["protected"]:
        lines.append("  needs your consent: " + ", ".join(clean(name, 80) for name in data["protected"][:5]))
    return lines


def report_lines(data: Mapping[str, Any]) -> list[str]:
    """`orch report`."""
    summary = data["status"]["summary"]
    lines = [style("Report", "bold"), f"  {summary['complete']} of {summary['total']} work streams are complete"]
    totals = data["totals"]
    cost = f", {totals['cost_usd']:.2f} USD" if totals["cost_usd"] else ""
    lines.append(f"  {plural(totals['agents'], 'agent')} ran for {duration(totals['agent_seconds'])} in all{cost}")
    tries: dict[str, list[Mapping[str, Any]]] = {}
    for agent in data["agents"]:
        tries.setdefault(agent["work_stream_id"], []).append(agent)
    rows = []
    for result in data["results"]:
        mine = tries.get(result["work_stream_id"], [])
        count = f", {len(mine)} attempts" if len(mine) > 1 else ""
        reason = f": {clean(result['reason'], 160)}" if result["reason"] else ""
        rows.append(f"{clean(result['work_stream_id'], 30):<6} {result['outcome'].replace('_', ' ')}{count}{reason}")
        for agent in mine[:-1]:
            rows.append(style(f"         attempt {agent['attempt']}: {_setback(agent)}", "dim"))
    lines += ["", style("Work streams:", "bold"), *(f"  {row}" for row in rows)] if rows else []
    if data["status"]["agents"]:
        lines += _section("Agents", [_agent_line(agent) for agent in data["status"]["agents"]])
    return lines


def _setback(agent: Mapping[str, Any]) -> str:
    verdict = agent["verification"]
    if verdict is None:
        return f"{agent['state']}" + (f", {clean(agent['reason'], 120)}" if agent["reason"] else "")
    bad = [
        f"{clean(name, 40)}: {clean(check['message'], 120)}"
        for name, check in verdict["checks"].items()
        if not check["passed"]
    ]
    if verdict["conflicts"]:
        return "conflict in " + ", ".join(clean(name, 60) for name in verdict["conflicts"][:3])
    return "; ".join(bad) or "verified"


def init_lines(data: Mapping[str, Any]) -> list[str]:
    """`orch init`."""
    lines = [f"Wrote {clean(name)}" for name in data["written"]]
    lines += [clean(note, 300) for note in data["notes"]]
    return [*lines, "", "Next:", *(f"  {clean(step)}" for step in data["next"])]


def doctor_lines(findings: Sequence[Mapping[str, Any]]) -> list[str]:
    """`orch doctor`."""
    lines = []
    for finding in findings:
        mark = style("✓", "green") if finding["ok"] else style("✗", "red")
        lines.append(f"{mark} {finding['name']}: {clean(finding['message'], 300)}")
        if finding["remedy"]:
            lines.append(style(f"    → {clean(finding['remedy'], 300)}", "dim"))
    return lines
