"""What agents are told: Markdown files with strict variables, and the functions that fill them in.

Text from roadmaps and from programs goes in as fenced data, because anybody may have written it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import resources
from string import Template

from orchestrator_agent.model import CheckResult, Verification, WorkStream
from orchestrator_agent.terminal import clean

#: The most characters of one fenced piece; what is over is cut out of its middle.
QUOTE_LIMIT = 20_000

_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_BACKTICKS = re.compile(r"`+")


def render(name: str, **variables: str) -> str:
    """The prompt `name` (its file without ".md") with every `$variable` filled in.

    A value is put in as it is: a `$` in it means nothing.

    Raises:
        ValueError: no such prompt, or variables that the prompt lacks or does not know; the text names them.
    """
    file = resources.files(__name__).joinpath(f"{name}.md")
    if not _NAME.fullmatch(name) or not file.is_file():
        raise ValueError(f"There is no prompt {name!r}.")
    template = Template(file.read_text("utf-8"))
    wanted = set(template.get_identifiers())
    if missing := sorted(wanted - set(variables)):
        raise ValueError(f"The prompt {name!r} lacks {', '.join(missing)}.")
    if unknown := sorted(set(variables) - wanted):
        raise ValueError(f"The prompt {name!r} does not know {', '.join(unknown)}.")
    return template.substitute(variables)


def first_prompt(work_stream: WorkStream, *, branch: str, target_branch: str, checks: Sequence[str]) -> str:
    """What the first agent of a work stream is told.

    Args:
        branch: the agent's own branch.
        target_branch: the branch that the work will land on.
        checks: one line for each check that will be run, for example "tests: python -m pytest -q".
    """
    return render(
        "agent", work_stream=describe(work_stream), branch=branch, target_branch=target_branch, checks=_listed(checks)
    )


def retry_prompt(
    work_stream: WorkStream, *, branch: str, target_branch: str, checks: Sequence[str], attempt: int, evidence: str
) -> str:
    """What an agent is told after a failed attempt: as `first_prompt`, and what went wrong (see `evidence_of`).

    Args:
        attempt: the number of the attempt that starts now, 2 or more.
        evidence: what was observed, as plain text.
    """
    return render(
        "retry",
        work_stream=describe(work_stream),
        branch=branch,
        target_branch=target_branch,
        checks=_listed(checks),
        attempt=str(attempt),
        evidence=quote(evidence),
    )


def conflict_prompt(
    work_stream: WorkStream, *, branch: str, target_branch: str, checks: Sequence[str], conflicts: Sequence[str]
) -> str:
    """What an agent is told when its work cannot be merged: as `first_prompt`, and the files in conflict."""
    return render(
        "conflict",
        work_stream=describe(work_stream),
        branch=branch,
        target_branch=target_branch,
        checks=_listed(checks),
        conflicts=_listed(conflicts),
    )


_RESUMED = {
    "lost": "You were cut off: the program that you ran in was ended from outside.",
    "limit": "You were cut off by a limit of the model's service, which has ended.",
    "feedback": "You were interrupted, because the person in charge has something to say to you.",
    "redirect": "You were taken away from your work, which is saved, and are given other work. Leave the former alone.",
}


def resume_prompt(
    work_stream: WorkStream,
    *,
    branch: str,
    target_branch: str,
    checks: Sequence[str],
    why: str,
    messages: Sequence[str] = (),
) -> str:
    """What an agent is told that goes on after an interruption that was not its fault: as `first_prompt`, and why.

    Args:
        why: lost, limit, feedback or redirect.
        messages: what a person has to say.
    """
    return render(
        "resume",
        work_stream=describe(work_stream),
        branch=branch,
        target_branch=target_branch,
        checks=_listed(checks),
        why=_RESUMED[why],
        told=told(messages),
    )


def told(messages: Sequence[str]) -> str:
    """What a person says, for the end of a prompt; empty when that is nothing."""
    if not messages:
        return ""
    said = "\n\n".join(quote(message) for message in messages)
    return f"\nThe person in charge of this work says, and it goes before the plan:\n\n{said}\n"


def describe(work_stream: WorkStream) -> str:
    """A work stream as one fenced block: id, name, and what the roadmap gives of description, tasks and done-when."""
    lines = [f"Work stream: {work_stream.id}", f"Name: {work_stream.name}"]
    if work_stream.description.strip():
        lines += ["Description:", work_stream.description.strip()]
    if work_stream.tasks:
        lines += ["Tasks:", *(f"- {task}" for task in work_stream.tasks)]
    if work_stream.done_when:
        lines.append(f"Done when: {work_stream.done_when}")
    return quote("\n".join(lines))


def evidence_of(verification: Verification) -> str:
    """What failed in a verification, as plain text for `retry_prompt`; empty when nothing did."""
    parts = [_failure(check) for check in verification.failures()]
    if verification.conflicts:
        parts.append("conflicts with the target branch in: " + ", ".join(verification.conflicts))
    return "\n\n".join(parts)


def quote(text: str) -> str:
    """`text` without control characters between two fences that it cannot close."""
    safe = clean(text, keep_newlines=True)
    if len(safe) > QUOTE_LIMIT:
        half = QUOTE_LIMIT // 2
        safe = f"{safe[:half]}\n[... {len(safe) - 2 * half} characters left out ...]\n{safe[-half:]}"
    longest = max((len(run) for run in _BACKTICKS.findall(safe)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{safe}\n{fence}"


def _failure(check: CheckResult) -> str:
    lines = [f"check {check.name}: {check.outcome.replace('_', ' ')}"]
    if check.message:
        lines.append(check.message)
    if check.command:
        ended = f" (exit code {check.exit_code})" if check.exit_code is not None else ""
        lines.append(f"command: {' '.join(check.command)}{ended}")
    if check.output.strip():
        lines += ["the end of its output:", check.output.rstrip()]
    return "\n".join(lines)


def _listed(lines: Sequence[str]) -> str:
    return "\n".join("- `" + clean(line, 500).replace("`", "'") + "`" for line in lines) or "- none"
