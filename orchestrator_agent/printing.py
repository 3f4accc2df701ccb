"""Lines for people. All text from roadmaps, agents and files goes through `terminal.clean`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator_agent import events, overview, steering
from orchestrator_agent.events import Event
from orchestrator_agent.model import AgentRecord
from orchestrator_agent.terminal import clean, clock, duration, plural, style

_NAME = 70
_LONG_LIST = 12

_MARKS = {
    events.AGENT_COMPLETED: ("·", "dim"),
    events.AGENT_FAILED: ("✗", "red"),
    events.AGENT_LOST: ("✗", "red"),
    events.AGENT_STOPPED: ("■", "yellow"),
    events.AGENT_ANSWERED: ("·", "dim"),
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
    if event.type == events.RECEIPT and event.data.get("step") == "stuck":
        return f"  {style('✗', 'red')} {clean(event.message, 300)}: `orch inbox`"
    if event.type == events.AGENT_ASKED:
        asks = f"  ? {clean(event.agent_id or '')} asks: {steering.asked(event.data)}"
        words = "WORDS`" if event.data["questions"] else "allow`, or `deny`, or words"
        entry = clean(str(event.data["entry"]), 40)
        return f"{style(asks, 'yellow')}\n    answer it from any terminal: `orch answer {entry} {words}"
    if event.type not in _MARKS:
        return None
    mark, colour = ("·", "yellow") if event.data.get("limited") else _MARKS[event.type]
    return f"  {style(mark, colour)} {clean(event.message, 300)}"


def status_lines(data: Mapping[str, Any]) -> list[str]:
    """`orch status`."""
    summary, streams = data["summary"], data["work_streams"]
    by_id = {stream["id"]: stream for stream in streams}
    names = ("complete", "in_progress", "not_started", "blocked", "cancelled")
    counts = " · ".join(f"{summary[name]} {name.replace('_', ' ')}" for name in names if summary[name])
    head = f"{clean(data['roadmap'])}: {plural(summary['total'], 'work stream')}"
    lines = [style(head, "bold"), f"  {counts or 'none'}"]
    free = [by_id[name] for name in data["next"] if by_id[name]["stage"] is None]
    title = "Can start now"
    if data["obstacle"]:
        title = f"Cannot start yet: {clean(data['obstacle'], 300)} Then these can"
    lines += _section(title, _stream_lines([s for s in free if not _has_failed(s)]))
    failed = [s for s in free if _has_failed(s)]
    rows = zip(_stream_lines(failed), failed, strict=True)
    lines += _section(
        "Failed (`orch run ID` tries again)",
        [f"{row} — {clean(overview.failed(s['setback']), 200)}" for row, s in rows],
    )
    taken = [s for s in streams if s["status"] == "in_progress" and s["reason_kind"] != "running" and not s["stage"]]
    rows = zip(_stream_lines(taken), taken, strict=True)
    lines += _section("In progress", [f"{row}  {clean(s['assigned_to'] or 'nobody named', 40)}" for row, s in rows])
    lines += _section("Agents", [_agent_line(agent) for agent in data["agents"]])
    lines += _section("Under way", _under_way(data["under_way"]))
    lines += _section("Waiting for you", _waiting_for_you(data))
    limits = data["limits"]
    agents, tries = plural(limits["max_concurrent_agents"], "agent"), plural(limits["max_attempts"], "attempt")
    lines += ["", f"Limits: {agents} at once, {duration(limits['agent_timeout_seconds'])} each, {tries} each"]
    lines += [style(f"Note: {clean(warning, 200)}", "yellow") for warning in data["warnings"][:5]]
    return lines


def _waiting_for_you(data: Mapping[str, Any]) -> list[str]:
    """Work that needs consent, agents that ask, and goals that wait for an answer."""
    rows = [(s["id"], clean(s["reason"], 200)) for s in data["work_streams"] if s["reason_kind"] == "held"]
    asking = [a for a in data["agents"] if (a["reason"] or "").startswith(steering.NEEDS_INPUT)]
    rows += [(a["work_stream_id"], f"{a['id']} asks something: `orch inbox`") for a in asking]
    rows += [("goal", f"{asked}; `orch answer`") for asked in map(asked_back, data["questions"])]
    return _columns(rows)


def asked_back(item: Mapping[str, Any]) -> str:
    """A question of a goal, with the words that it is about."""
    return f'"{clean(item["goal"], 80)}": {clean(item["question"], 300)}'


def _section(title: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    shown = [f"  {line}" for line in lines[:_LONG_LIST]]
    if len(lines) > _LONG_LIST:
        shown.append(f"  ... and {len(lines) - _LONG_LIST} more (--json has all)")
    return ["", style(f"{title}:", "bold"), *shown]


def _columns(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Ids with their texts, one below the other."""
    ids = [clean(id_, 30) for id_, _ in rows]
    width = max((len(id_) for id_ in ids), default=0)
    return [f"{id_:<{width}}  {text}" for id_, (_, text) in zip(ids, rows, strict=True)]


def _stream_lines(streams: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = []
    for stream in streams:
        effort = f" ({clean(stream['effort'], 20)})" if stream["effort"] else ""
        star = " ⭐" if stream["priority"] else ""
        rows.append((stream["id"], f"{clean(stream['name'], _NAME)}{effort}{star}"))
    return _columns(rows)


def _has_failed(stream: Mapping[str, Any]) -> bool:
    return stream["setback"] is not None and stream["setback"]["outcome"] != "stopped"


def _under_way(items: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is under way beside the agents at work, which have lines of their own."""
    rest = [item for item in items if item["stage"] != "working"]
    return _columns([(item["work_stream_id"], clean(item["reason"], 200)) for item in rest])


def _agent_line(agent: Mapping[str, Any]) -> str:
    again = f", attempt {agent['attempt']}" if agent["attempt"] > 1 else ""
    reason = f" ({clean(agent['reason'], 80)})" if agent["reason"] else ""
    took = duration(agent["duration_seconds"])
    return f"{agent['id']} → {clean(agent['work_stream_id'], 30)}  {agent['state']} for {took}{again}{reason}"


def running_lines(data: Mapping[str, Any]) -> list[str]:
    """`orch running`."""
    lines = ["Running agents:"] if data["agents"] else ["No agents are running."]
    for agent in data["agents"]:
        lines.append(f"  • {agent['id']} → {clean(agent['work_stream_id'], 30)}")
        reason = f" ({clean(agent['reason'], 80)})" if agent["reason"] else ""
        lines.append(f"      {agent['state'].capitalize()} for {duration(agent['duration_seconds'])}{reason}")
    rest = _under_way(data["under_way"])
    return [*lines, *(["Under way:", *(f"  • {line}" for line in rest)] if rest else [])]


def inbox_lines(entries: Sequence[Mapping[str, Any]], now: float) -> list[str]:
    """`orch inbox`."""
    if not entries:
        return ["No agent waits for an answer."]
    lines = []
    for entry in entries:
        if entry["kind"] == "late":
            said = f": {clean(entry['text'], 200)}" if entry["text"] else ""
            lines.append(f"{entry['entry']}  {entry['agent_id']} does not take in {entry['command']}{said}")
            lines.append(f"  {entry['remedy']}")
            continue
        lines.append(f"{entry['entry']}  {entry['agent_id']} asks, {duration(now - entry['at'])} ago:")
        lines.append(f"  {steering.asked(entry)}")
        lines.append(f"  answered with no in {duration(max(0.0, entry['until'] - now))}")
    if all(entry["kind"] == "late" for entry in entries):
        return lines
    return [*lines, "", "`orch answer ENTRY allow`, `orch answer ENTRY deny`, or `orch answer ENTRY WORDS`."]


def question_lines(questions: Sequence[Mapping[str, Any]]) -> list[str]:
    """What goals wait with, below `orch inbox`."""
    lines = ["", "Goals that wait for an answer; `orch answer ...` answers the first:"] if questions else []
    for item in questions:
        choices = f" ({clean(', '.join(item['choices']), 300)})" if item["choices"] else ""
        lines.append(f"  {asked_back(item)}{choices}")
    return lines


def stop_lines(agents: Sequence[AgentRecord], others: Sequence[Mapping[str, Any]]) -> list[str]:
    """`orch stop`: what was at work, and what was checked, merged or queued."""
    lines = [f"Stopped {plural(len(agents), 'agent')}:"] if agents else []
    lines += [f"  {record.id} (its work is on branch {record.branch})" for record in agents]
    for item in others:
        name = clean(item["work_stream_id"], 30)
        if item["stage"] == "queued" and item["branch"] is None:
            lines.append(f"{name} was queued and does not start.")
        elif item["outcome"] == "stopped":
            said = {"queued": "is not tried again", "checking": "is not checked", "merging": "is not merged"}
            lines.append(f"{name} {said[item['stage']]}; its work is on branch {item['branch']}.")
        else:
            lines.append(f"{name} had ended before: {clean(item['outcome'].replace('_', ' '))}.")
    return lines or ["Stopped; no agent was at work."]


def plan_lines(data: Mapping[str, Any]) -> list[str]:
    """`--dry-run`."""
    lines = ["This would happen (nothing was changed):"]
    for item in data["now"]:
        lines += [f"  start {clean(item['id'], 30)}: {clean(item['name'], _NAME)}", *_own_settings(item)]
    if len(data["now"]) > data["max_agents"]:
        lines.append(f"    at most {data['max_agents']} at once, in this order")
    for item in data["later"]:
        waits = ", ".join(clean(name, 30) for name in item["depends_on"])
        then = f"  then  {clean(item['id'], 30)}: {clean(item['name'], _NAME)} (after {waits})"
        lines += [then, *_own_settings(item)]
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


def _own_settings(item: Mapping[str, Any]) -> list[str]:
    """What orch.toml sets for one work stream alone."""
    shown = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in item["settings"].items()]
    return [f"    with {clean(', '.join(shown), 200)}"] if shown else []


def result_lines(data: Mapping[str, Any]) -> list[str]:
    """The end of a command."""
    counts: dict[str, int] = {}
    for item in data["results"]:
        counts[item["outcome"]] = counts.get(item["outcome"], 0) + 1
    said = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items()) or clean(data["message"])
    return [style(f"Done: {said}.", "bold")]


def why_lines(data: Sequence[Mapping[str, Any]]) -> list[str]:
    """`orch why`. What stands in the way of all is said once."""
    if not data:
        return ["Everything is complete."]
    lines, said = [], ""
    reasons = []
    for item in data:
        repeated = item["kind"] == "not_ready" and item["reason"] == said
        said = item["reason"] if item["kind"] == "not_ready" else said
        reasons.append("cannot start yet, for the same reason" if repeated else clean(item["reason"], 300))
    rows = _columns([(item["id"], reason) for item, reason in zip(data, reasons, strict=True)])
    for row, item in zip(rows, data, strict=True):
        lines.append(row)
        if item["remedy"]:
            lines.append(style(f"    → {clean(item['remedy'], 200)}", "dim"))
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
    lines += [f"  needs your consent: {clean(doubt, 200)}" for doubt in data["doubts"]]
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
        verdict = mine[-1]["verification"] if mine else None
        rows += [f"         note: {clean(note, 200)}" for note in (verdict["notes"] if verdict else ())]
        for agent in mine[:-1]:
            rows.append(style(f"         attempt {agent['attempt']}: {_setback(agent)}", "dim"))
    lines += ["", style("Work streams:", "bold"), *(f"  {row}" for row in rows)] if rows else []
    if data["status"]["agents"]:
        lines += _section("Agents", [_agent_line(agent) for agent in data["status"]["agents"]])
    return lines + _section("Commands to agents", [_steered(command) for command in data["commands"][-_LONG_LIST:]])


def _steered(command: Mapping[str, Any]) -> str:
    """One command to an agent with the last of its receipts."""
    first, last = command["receipts"][0], command["receipts"][-1]
    said = f' "{clean(command["text"], _NAME)}"' if command["text"] else ""
    why = f": {clean(last['reason'], 160)}" if last["step"] in ("refused", "stuck") else ""
    to = clean(command["work_stream_id"] or command["agent_id"], 40)
    return f"{clock(first['at'])} {command['kind']} {to}{said}: {last['step']} at {clock(last['at'])}{why}"


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
