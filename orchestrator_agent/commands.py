"""The commands, each a function from parsed options to an exit code. They hold no state."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator_agent import (
    events,
    exit_codes,
    follow,
    following,
    git,
    overview,
    plan_view,
    printing,
    progress,
    runtimes,
    settings,
    survey,
    wishes,
)
from orchestrator_agent.errors import NotAvailable, RoadmapError, UnknownAgent, UserError
from orchestrator_agent.model import AgentRecord, AgentState
from orchestrator_agent.orchestrator import Orchestrator
from orchestrator_agent.settings import Settings
from orchestrator_agent.terminal import clean
from orchestrator_agent.wishes import Plan

_FEW = 3
#: Between looks at what an agent prints, in seconds.
_LOOK = 0.05
if TYPE_CHECKING:
    from orchestrator_agent.setting_up import Choice


def run(options: argparse.Namespace) -> int:
    """Do the command that `options` name.

    Raises:
        UserError: bad input; nothing was changed.
    """
    return _COMMANDS[options.command](options)


def _open(options: argparse.Namespace, *, works: bool = True) -> Orchestrator:
    """The orchestrator of the folder that is meant; what was cut off goes on from here.

    Args:
        works: new work is to be done. To look and to stop there need be no good settings, and the folder may be a
            linked worktree.
    """
    for sentence in settings.unknown_variables()[:_FEW]:
        _warn(sentence)
    orchestrator = Orchestrator(options.directory, lenient=not works)
    project = orchestrator.project
    if works:
        git.require_main(project.repository)
    elif project.repository.linked:
        _warn(f"{project.repository.linked} is a linked worktree; this is about the main checkout, {project.root}.")
    if project.settings_problem:
        now = "the defaults" if project.settings == Settings() else "the settings that work was last started with"
        _warn(f"{project.settings_problem} Until then {now} hold.")
    project.revive_controller()
    return orchestrator


def _warn(sentence: str) -> None:
    print(f"orch: {clean(sentence, 600)}", file=sys.stderr)


# -- work ----------------------------------------------------------------------------------------------------------


def _run(options: argparse.Namespace) -> int:
    orchestrator = _open(options)
    named = None if options.work_stream is None else [options.work_stream]
    return _work(options, orchestrator, orchestrator.plan(named), None)


def _parallel(options: argparse.Namespace) -> int:
    orchestrator = _open(options)
    count = options.agents or orchestrator.config.max_concurrent_agents
    return _work(options, orchestrator, orchestrator.plan(count=count), count)


def _batch(options: argparse.Namespace) -> int:
    orchestrator = _open(options)
    running = [c for c in orchestrator.project.store.open_commands() if wishes.is_batch(c)]
    if running and not options.dry_run:
        if not options.json:
            print("A batch is under way; following it.")
        return following.after(options, orchestrator, [running[0].id])
    if orchestrator.project.is_all_done():
        following.show(
            options,
            {"type": "result", "state": "done", "results": []},
            lambda: ["Everything in the roadmap is complete."],
        )
        return 0
    return _work(options, orchestrator, orchestrator.plan(everything=True), options.agents)


def _work(options: argparse.Namespace, orchestrator: Orchestrator, plan: Plan, limit: int | None) -> int:
    wanted = replace(
        orchestrator.options,
        limit=limit or orchestrator.options.limit,
        verify=False if options.no_verify else orchestrator.options.verify,
    )
    if options.dry_run:
        data = overview.plan(orchestrator.project, plan, wanted)
        following.show(options, data, lambda: printing.plan_lines(data))
        return 0
    command_id = orchestrator.accept(plan, wanted)
    return following.after(options, orchestrator, [command_id])


def _goal(options: argparse.Namespace) -> int:
    from orchestrator_agent import goal

    return goal.run(options, _open(options))


def _answer(options: argparse.Namespace) -> int:
    from orchestrator_agent import goal

    return goal.answer(options, _open(options))


def _chat(options: argparse.Namespace) -> int:
    if options.json:
        raise UserError("A chat is for people and has no JSON; use `orch goal --json` for programs.")
    from orchestrator_agent import chat

    return chat.run_chat(
        _open(options), auto=options.auto, offline=options.offline, verbose=options.verbose, resume=options.resume
    )


# -- looking -------------------------------------------------------------------------------------------------------


def _status(options: argparse.Namespace) -> int:
    orchestrator = _open(options, works=False)
    try:
        data = orchestrator.status()
    except RoadmapError:
        running = overview.running(orchestrator.project)
        if not options.json and (running["agents"] or running["under_way"]):
            print("\n".join(printing.running_lines(running)))  # also without a plan one wants to know what runs
        raise
    following.show(options, data, lambda: printing.status_lines(data))
    return 0


def _roadmap(options: argparse.Namespace) -> int:
    only_problems = options.action == "check"
    data = survey.survey(_open(options, works=False).project)
    following.show(options, data, lambda: plan_view.lines(data, only_problems=only_problems))
    return exit_codes.FAILED if only_problems and data["errors"] else 0


def _running(options: argparse.Namespace) -> int:
    data = overview.running(_open(options, works=False).project)
    following.show(options, data, lambda: printing.running_lines(data))
    return 0


def _logs(options: argparse.Namespace) -> int:
    orchestrator = _open(options, works=False)
    record = _agent_to_read(orchestrator, options.agent, patient=options.follow)
    runtime = runtimes.get_runtime(record.runtime)
    output = follow.Output(orchestrator.project, record.id)
    while True:
        live = orchestrator.agent(record.id).record.state.is_live
        while lines := output.lines():
            for line in lines:
                shown = clean(line) if options.raw else runtime.readable(line)
                if options.json:
                    print(json.dumps({"agent_id": record.id, "line": line, "text": shown}))
                elif shown is not None:
                    print(shown)
        sys.stdout.flush()
        if not options.follow or not live:
            return 0
        time.sleep(_LOOK)


def _agent_to_read(orchestrator: Orchestrator, name: str, *, patient: bool) -> AgentRecord:
    """The agent that is meant; with `patient` the one that a queued work stream is going to have.

    Raises:
        UnknownAgent: there is none, and none is to come; or it is not there yet and nobody waits.
    """
    while True:
        try:
            return orchestrator.agent(name).record
        except UnknownAgent as error:
            waits = progress.standing_of(orchestrator.project, name)
            if waits is None:
                raise error
            if not patient:
                said = f"No agent has worked on {waits.work_stream_id} yet: it {waits.reason}"
                raise UnknownAgent(f"{said}; `orch logs {waits.work_stream_id} -f` waits for one.") from None
        time.sleep(_LOOK)


def _why(options: argparse.Namespace) -> int:
    orchestrator = _open(options, works=False)
    data = orchestrator.why(options.work_stream)
    empty = not orchestrator.project.roadmap().work_streams
    nothing = "The plan holds no work streams; `orch roadmap` shows what was found."
    following.show(options, {"work_streams": data}, lambda: [nothing] if empty else printing.why_lines(data))
    return 0


def _report(options: argparse.Namespace) -> int:
    data = _open(options, works=False).get_report()
    following.show(options, data, lambda: printing.report_lines(data))
    return 0


# -- upkeep --------------------------------------------------------------------------------------------------------


def _watch(options: argparse.Namespace) -> int:
    from orchestrator_agent import watching

    return watching.run(options, _open(options, works=False))


def _steer(options: argparse.Namespace) -> int:
    from orchestrator_agent import steering_commands

    return steering_commands.run(options, _open(options, works=options.command == "redirect"))


def _stop(options: argparse.Namespace) -> int:
    if options.agents and options.all:
        raise NotAvailable("Name agents or say --all, not both.")
    orchestrator = _open(options, works=False)
    project = orchestrator.project
    before = overview.running(project)
    command = orchestrator.stop_agents(options.agents or None)
    if command is None:
        said = "Nothing of that is running." if before["under_way"] else "Nothing is running."
        following.show(options, {"stopped": [], "work_streams": [], "command_id": None}, lambda: [said])
        return 0
    for event in follow.follow(project, command):
        if event.type == events.WARNING:
            _warn(event.message)
    records = [orchestrator.agent(agent["id"]).record for agent in before["agents"]]
    stopped = [record for record in records if record.state is AgentState.STOPPED]
    others = progress.ended_since(project, before)
    data = {"stopped": [record.id for record in stopped], "work_streams": others, "command_id": command}
    following.show(options, data, lambda: printing.stop_lines(stopped, others))
    return 0


def _verify(options: argparse.Namespace) -> int:
    orchestrator = _open(options)
    code = following.after_quietly(options, orchestrator, orchestrator.request_verification(options.agent))
    verdict = orchestrator.agent(options.agent).verification
    if verdict is not None:
        data = overview.verification(verdict)
        following.show(options, data, lambda: printing.verification_lines(data))
    return code


def _integrate(options: argparse.Namespace) -> int:
    orchestrator = _open(options)
    command_id = orchestrator.request_integration(options.agent)
    return following.to_the_end(options, orchestrator, command_id)


def _chosen_plans(options: argparse.Namespace, found: Sequence[Choice]) -> list[str]:
    """The plans that a person picks from several; none where there is nothing to pick, or nobody to ask."""
    if len(found) < 2 or options.json or not sys.stdin.isatty():
        return []
    print("\n".join(["Several plans were found:", *(f"  {n}. {clean(str(plan))}" for n, plan in enumerate(found, 1))]))
    print("Which one shall be used (a number, or several to read them as one; Enter for 1)? ", end="", flush=True)
    answer = sys.stdin.readline().replace(",", " ").split()
    numbered = {str(number): plan.path for number, plan in enumerate(found, 1)}
    by_name = numbered | {plan.path: plan.path for plan in found}
    if unknown := [word for word in answer if word not in by_name]:
        said = clean(unknown[0], 40)
        raise UserError(f'"{said}" is none of them, and nothing was written; give numbers, or use --roadmap.')
    return list(dict.fromkeys(by_name[word] for word in answer))


def _init(options: argparse.Namespace) -> int:
    from orchestrator_agent import setting_up

    start = Path(options.directory or ".")
    if options.claude_code:
        data = setting_up.init_claude_code(start)
    else:
        data = setting_up.init(start, options.roadmap or _chosen_plans(options, setting_up.choices(start)))
    following.show(options, data, lambda: printing.init_lines(data))
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from orchestrator_agent import doctor

    findings = doctor.examine(Path(options.directory or "."), fix=options.fix)
    shown = [doctor.to_json(finding) for finding in findings]
    good = all(finding.ok for finding in findings)
    following.show(options, {"ok": good, "findings": shown}, lambda: printing.doctor_lines(shown))
    return 0 if good else exit_codes.FAILED


def _add(options: argparse.Namespace) -> int:
    from orchestrator_agent import adding

    return adding.run(options, _open(options, works=False))


def _demo(options: argparse.Namespace) -> int:
    from orchestrator_agent import demo

    return demo.run(options)


def _mcp(options: argparse.Namespace) -> int:
    from orchestrator_agent import mcp_server

    return mcp_server.serve(options.directory, allow=options.allow)


def _nats(options: argparse.Namespace) -> int:
    from orchestrator_agent import nats_server

    if options.action == "serve":
        return nats_server.serve(options)
    data, lines = nats_server.status(options)
    following.show(options, data, lambda: lines)
    return exit_codes.FAILED if data.get("reachable") is False else exit_codes.DONE


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "parallel": _parallel,
    "batch": _batch,
    "add": _add,
    "goal": _goal,
    "answer": _answer,
    "chat": _chat,
    "interactive": _chat,
    "status": _status,
    "roadmap": _roadmap,
    "running": _running,
    "logs": _logs,
    "why": _why,
    "report": _report,
    "stop": _stop,
    "watch": _watch,
    **dict.fromkeys(("feedback", "pause", "resume", "redirect", "attach", "inbox"), _steer),
    "verify": _verify,
    "integrate": _integrate,
    "init": _init,
    "doctor": _doctor,
    "mcp": _mcp,
    "nats": _nats,
    "demo": _demo,
}
