"""Proof and landing: all checks on the exact commit that would land, and the landing itself.

Like `execution`: blocking, idempotent, and without a look at the journal.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from orchestrator_agent import checks, consent, execution, integration, isolation, lost_tests, second_thoughts, worktree
from orchestrator_agent import roadmap as plans
from orchestrator_agent.errors import RoadmapError
from orchestrator_agent.git import Repository
from orchestrator_agent.model import AgentState, CheckResult, Verification, WorkStreamStatus
from orchestrator_agent.project import Project
from orchestrator_agent.roadmap import Roadmap
from orchestrator_agent.roadmap.availability import unblocked_by
from orchestrator_agent.store import AgentFacts
from orchestrator_agent.terminal import clean, plural

_FILES_LIMIT = 200


def verify(
    project: Project, facts: AgentFacts, target: str, base: str, known: Mapping[str, CheckResult], head: str
) -> Verification:
    """Build the merge candidate of an agent's work on `base`, the target's commit, and run all checks on it.

    Args:
        head: the commit to judge: the agent's last one, or a later one by a person, see `latest`.
        known: results of checks that already ran on `base`, by name.
    """
    record = facts.record
    plan = project.roadmap_at(base)
    place = worktree.checkout_for_checks(project.repository, base)
    found = _plan_found(project, place)
    candidate = integration.build_candidate(project.repository, place, _work(project, facts, plan, base, head))
    results = [_exit_code(facts, head), _changes(project.repository, candidate, base, target)]
    protected: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    if candidate.commit:
        doubts = () if candidate.landed else second_thoughts.since(project, facts, base, plan)
        protected = _protected(project, base, candidate, found, _plan_found(project, place))
        with isolation.out_of_reach(project.repository, record.branch):
            results += _run_gates(project, facts, place, base, candidate.commit, known)
        results.append(_roadmap_check(project, plan, record.work_stream_id, candidate))
    results.append(_git_clean(project, facts, head))
    return Verification(
        agent_id=record.id,
        work_stream_id=record.work_stream_id,
        head_commit=head,
        candidate=candidate.commit,
        base_commit=base,
        checks=tuple(results),
        files=candidate.files[:_FILES_LIMIT],
        protected=protected,
        doubts=doubts,
        conflicts=candidate.conflicts,
        finished_at=time.time(),
    )


def _work(project: Project, facts: AgentFacts, plan: Roadmap, base: str, head: str) -> integration.Work:
    work_stream_id = facts.record.work_stream_id
    return integration.Work(
        agent_id=facts.record.id,
        work_stream_id=work_stream_id,
        title=title_of(plan, work_stream_id),
        head=head,
        base=base,
        plans=project.plan_paths,
        plan_format=project.settings.roadmap_format,
        statuses=_statuses(plan, work_stream_id),
    )


def _plan_found(project: Project, place: Path) -> str:
    """The plan that would be found in a working tree, where no setting names one; else empty."""
    try:
        return "" if project.settings.roadmap else plans.find_plan(place)
    except RoadmapError:
        return ""


def _protected(
    project: Project, base: str, candidate: integration.Candidate, before: str, after: str
) -> tuple[str, ...]:
    settings = project.settings.checks
    names = consent.needed(project.repository, settings, base, candidate.commit, candidate.files)
    return names if before == after else (*names, f"which roadmap is found (now {after or 'none'})")


def latest(repository: Repository, facts: AgentFacts) -> str:
    """The commit of an agent's work with what people committed on its branch since; candidates of ours do not count."""
    record, verdict = facts.record, facts.verification
    recorded = verdict.head_commit if verdict else record.head_commit
    tip = repository.tip(record.branch)
    ours = verdict is not None and tip == verdict.candidate
    return tip if tip and not ours and repository.is_ancestor(recorded, tip) else recorded


def title_of(plan: Roadmap, work_stream_id: str) -> str:
    """The title of commits about a work stream, at most 100 characters."""
    name = next((s.name for s in plan.work_streams if s.id.casefold() == work_stream_id.casefold()), "")
    return clean(f"{work_stream_id}: {name}" if name else work_stream_id, 100)


def _statuses(plan: Roadmap, work_stream_id: str) -> dict[str, WorkStreamStatus]:
    """What the landing changes in the roadmap: this work stream is complete, and what only waited for it is free."""
    if not any(stream.id == work_stream_id for stream in plan.work_streams):
        return {}
    freed = unblocked_by(plan.work_streams, {work_stream_id})
    return {work_stream_id: WorkStreamStatus.COMPLETE, **dict.fromkeys(freed, WorkStreamStatus.NOT_STARTED)}


def _exit_code(facts: AgentFacts, head: str) -> CheckResult:
    record = facts.record
    good = record.state is AgentState.COMPLETED
    said = record.reason or (f"the agent ended with {record.exit_code}" if good else f"the agent {record.state.value}")
    outcome = "passed" if good else "failed"
    if not good and head != record.head_commit:
        outcome, said = "skipped", f"its branch was worked on by somebody else since ({said})"
    return CheckResult(name="exit_code", outcome=outcome, message=said, exit_code=record.exit_code)


def _changes(repository: Repository, candidate: integration.Candidate, base: str, target: str) -> CheckResult:
    if candidate.conflicts:
        return CheckResult(name="changes", outcome="failed", message=f"it conflicts with {target}")
    if candidate.landed:
        return CheckResult(name="changes", outcome="passed", message=f"it is on {target} already")
    if not candidate.commit:
        only = "the agent changed only the roadmap, whose status orch writes itself"
        message = only if candidate.roadmap_edited else "the agent changed nothing"
        return CheckResult(name="changes", outcome="failed", message=message)
    if nested := integration.nested_repositories(repository, base, candidate.commit):
        message = f"contains a nested repository {clean(nested[0], 100)}; its files are not part of the work"
        return CheckResult(name="changes", outcome="failed", message=message)
    if own := [name for name in candidate.files if f"{name.casefold()}/".startswith(".orch/")]:
        message = f"contains {clean(own[0], 100)}; the folder .orch is kept out of git"
        return CheckResult(name="changes", outcome="failed", message=message)
    note = lost_tests.lost(repository, base, candidate.commit).note()
    message = f"{plural(len(candidate.files), 'file')} changed" + (f"; {note}" if note else "")
    return CheckResult(name="changes", outcome="passed", message=message, data={"note": note} if note else {})


def _run_gates(
    project: Project, facts: AgentFacts, place: Path, base: str, commit: str, known: Mapping[str, CheckResult]
) -> list[CheckResult]:
    """Each program on the candidate and, for comparison, on its base, where it has not run there before."""
    settings, results = project.settings, []
    gates = checks.gates(project.repository, settings.checks, base)
    if not any(gate.name == "tests" for gate in gates):
        off = settings.checks.tests == "none"
        message = "switched off in orch.toml" if off else "no tests were found"
        results.append(CheckResult(name="tests", outcome="skipped" if off else "could_not_run", message=message))
    if gates:
        checks.set_up(project.repository, settings, place, f"{facts.record.id}-check")
    for gate in gates:
        results.append(checks.run_gate(project.repository, settings, gate, place, facts.record.id))
    missing = [gate for gate in gates if gate.name not in known or known[gate.name].command != gate.command]
    on_base = {name: result.outcome for name, result in known.items()}
    if missing:
        worktree.checkout_for_checks(project.repository, base)
        checks.set_up(project.repository, settings, place, f"{facts.record.id}-base")
        label = f"{facts.record.id}-base"
        for gate in missing:
            on_base[gate.name] = checks.run_gate(project.repository, settings, gate, place, label).outcome
    return [checks.compared(result, on_base.get(result.name)) for result in results]


def _roadmap_check(
    project: Project, plan: Roadmap, work_stream_id: str, candidate: integration.Candidate
) -> CheckResult:
    there = {s.id: s.status for s in project.roadmap_at(candidate.commit).work_streams}
    if there.get(work_stream_id) is WorkStreamStatus.COMPLETE:
        note = "; the agent's own edit of the roadmap stays on its branch" if candidate.roadmap_edited else ""
        return CheckResult(name="roadmap", outcome="passed", message=f"{plan.path} says complete{note}")
    return CheckResult(
        name="roadmap", outcome="failed", message=f"{plan.path} on the target branch does not hold {work_stream_id}"
    )


def _git_clean(project: Project, facts: AgentFacts, head: str) -> CheckResult:
    record = facts.record
    place = Path(record.worktree)
    dirty = [str(name) for name in facts.ending.get("dirty", [])]
    if dirty and head != record.head_commit:  # what was left may be committed by now
        there = worktree.is_worktree(project.repository, place)
        dirty = execution.uncommitted(project, place) if there else []
    astray = str(facts.ending.get("astray") or "")
    if not dirty and not (astray and head == record.head_commit):
        return CheckResult(name="git_clean", outcome="passed", message="everything is committed")
    return CheckResult(
        name="git_clean",
        outcome="failed",
        message=astray or f"not committed: {', '.join(dirty[:3])}",
        data={"dirty_files": dirty},
    )


def integrate(project: Project, facts: AgentFacts, target: str, *, on_branch: bool) -> integration.Landing:
    """Land a verified candidate on `target`, or leave it on its branch; asking again after it happened is fine."""
    verdict = facts.verification
    assert verdict is not None
    if on_branch:
        return integration.leave_on_branch(
            project.repository, facts.record.branch, verdict.head_commit, verdict.candidate
        )
    return integration.land(project.repository, target, verdict.base_commit, verdict.candidate)
