"""The order that a plan of phases means when it states no dependencies: one phase after the other."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import accumulate

from orchestrator_agent.model import WorkStreamStatus
from orchestrator_agent.patterns import regex
from orchestrator_agent.roadmap.dependencies import read_dependencies
from orchestrator_agent.roadmap.drafts import Draft
from orchestrator_agent.roadmap.known import Known
from orchestrator_agent.roadmap.stated import status_of_group

#: What is called so and counted up is done one after the other; features and packages are not.
_IN_ORDER = (
    r"(?:phase|fase|阶段|階段|단계|フェーズ|этап|фаза|stage|step|etapa|étape|步骤|步驟|prompt|milestone|meilenstein|sprint|week|"
    r"iteration)"
)
_KIND = regex(_IN_ORDER)
#: These follow each other also where they are counted in parts.
_TIMED = regex(r"sprint|week|iteration|milestone|stage")
_GROUP = regex(rf"[\W_]*{_IN_ORDER} ?#?\d", re.IGNORECASE)
_BESIDE = regex(r"\bparallel\b|\[P\]|并行", re.IGNORECASE)


def assume_order(drafts: Sequence[Draft], kinds: Sequence[str], known: Known) -> None:
    """Set the step of each draft, where nothing but their order says what comes first.

    Args:
        drafts: all work of a plan, in its order.
        kinds: the word before the id of each.
        known: what dependency texts can name.
    """
    if any(_states_needs(draft, known) for draft in drafts):
        return
    if all(status_of_group(draft.batch or "") for draft in drafts):
        return  # a board: its column says what may be taken
    for draft, step in zip(drafts, _steps(drafts, kinds), strict=False):
        draft.step = step


def put_last(drafts: Sequence[Draft], listed: Collection[str], known: Known) -> None:
    """Open phases that the list of all phases names, and nothing else, come after those that have sections.

    Args:
        listed: the ids of phases without sections.
    """
    last = {
        draft.id: draft
        for draft in drafts
        if draft.id in listed and draft.status is WorkStreamStatus.NOT_STARTED and not draft.depends_on
    }
    if not last or any(draft.step is not None for draft in drafts):
        return
    others = [draft for draft in drafts if draft.id not in last]
    if any(id_ in last for d in others for id_ in read_dependencies(", ".join(d.depends_on), known, d.id).ids):
        return
    for draft in others:
        draft.step = 0
    for number, draft in enumerate(last.values()):
        draft.step = 1 + number


def _states_needs(draft: Draft, known: Known) -> bool:
    """It names other work, or says that it needs none; "the lawyers" says nothing about the order."""
    found = read_dependencies(", ".join(draft.depends_on), known, draft.id)
    return bool(found.ids) or bool(draft.depends_on and not found.unresolved)


def _steps(drafts: Sequence[Draft], kinds: Sequence[str]) -> list[int]:
    pairs = list(zip(drafts, kinds, strict=True))
    if all(_KIND.match(kind) and ("." not in draft.id or _TIMED.match(kind)) for draft, kind in pairs):
        return list(accumulate(int(number > 0 and not _BESIDE.search(d.name)) for number, d in enumerate(drafts)))
    groups = [_group_of(draft, kind) for draft, kind in pairs]
    order = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    return [order[group] for group in groups] if len(order) > 1 and "" not in order else []


def _group_of(draft: Draft, kind: str) -> str:
    """The counted heading around it, or its own where it stands beside such groups; sprints never run side by side."""
    own = f"{kind} {draft.id}" if _KIND.match(kind) and "." not in draft.id else ""
    group = next((title for title in draft.around if _GROUP.match(title)), own)
    return f"{group} {draft.id}" if group and _TIMED.match(kind) else group
