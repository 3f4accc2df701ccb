"""Which work may start now, and the one reason why the rest may not. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from orchestrator_agent.model import Availability, WorkStream, WorkStreamStatus

_NOTHING: Mapping[str, str] = {}
_SAID = {
    WorkStreamStatus.NOT_STARTED: "not started",
    WorkStreamStatus.IN_PROGRESS: "in progress",
    WorkStreamStatus.BLOCKED: "blocked",
    WorkStreamStatus.CANCELLED: "cancelled",
}
_CLOSED = (WorkStreamStatus.COMPLETE, WorkStreamStatus.CANCELLED)
_MAY_START = Availability(True)
_SHOWN = 80
#: How many containers may stand in each other; a circle of them ends here.
_DEEPEST = 10


def availability(
    streams: Sequence[WorkStream], ignore_order: bool = False, standing: Mapping[str, str] = _NOTHING
) -> dict[str, Availability]:
    """For each id whether its work stream may start by what the roadmap says; live agents are not considered.

    A dependency counts by its own status only, whatever is typed behind its name elsewhere.

    Args:
        ignore_order: offer work of later steps too, where only the order of the plan says what comes first.
        standing: by id in lower case, how work stands where more is known than the roadmap says: "failed".
    """
    by_id = _by_id(streams)
    cycles = _cycles(streams, by_id)
    first = {} if ignore_order else _first_open(streams)
    return {stream.id: _judge(stream, by_id, cycles, first, standing) for stream in streams}


def _by_id(streams: Sequence[WorkStream]) -> dict[str, WorkStream]:
    """By id as written and without case: most dependencies are written like the ids, and that is seen faster."""
    return {stream.id.casefold(): stream for stream in streams} | {stream.id: stream for stream in streams}


def _first_open(streams: Sequence[WorkStream]) -> dict[str, WorkStream]:
    """For each plan whose order is kept, by path, a work stream of its lowest step that is not closed."""
    loose = out_of_order(streams)
    return {plan: stream for plan, stream in _lowest_open(streams).items() if plan not in loose}


def out_of_order(streams: Sequence[WorkStream]) -> set[str]:
    """The paths of plans whose order nobody keeps: a later step is complete there before one that has not begun."""
    first = _lowest_open([stream for stream in streams if stream.status is not WorkStreamStatus.IN_PROGRESS])
    done = (stream for stream in streams if stream.status is WorkStreamStatus.COMPLETE)
    return {plan_of(stream) for stream in done if waits_in_order(stream, first.get(plan_of(stream)))}


def _lowest_open(streams: Sequence[WorkStream]) -> dict[str, WorkStream]:
    first: dict[str, WorkStream] = {}
    for stream in streams:
        if stream.step is not None and not stream.is_closed:
            lowest = first.setdefault(plan_of(stream), stream)
            if stream.step < (lowest.step or 0):
                first[plan_of(stream)] = stream
    return first


def plan_of(stream: WorkStream) -> str:
    """The path of the plan file that a work stream stands in."""
    return stream.source.path if stream.source else ""


def waits_in_order(stream: WorkStream, first: WorkStream | None) -> bool:
    """True when `first`, of the same plan, comes before it by the order that was assumed."""
    return stream.step is not None and first is not None and first.step is not None and first.step < stream.step


def unblocked_by(streams: Sequence[WorkStream], completed: Collection[str]) -> list[str]:
    """Ids of work streams that only waited for `completed`: their "blocked" is to become "not started".

    Args:
        streams: the roadmap.
        completed: ids that are complete now, whatever the roadmap still says.
    """
    by_id = _by_id(streams)
    now = {id_.casefold() for id_ in completed}
    return [
        stream.id
        for stream in streams
        if stream.status is WorkStreamStatus.BLOCKED
        and stream.blocked_reason is None
        and any(id_.casefold() in now for id_ in stream.depends_on)
        and not stream.unresolved
        and all(id_.casefold() in now or _is_done(id_, stream, by_id) for id_ in stream.depends_on)
    ]


def _is_done(id_: str, stream: WorkStream, by_id: Mapping[str, WorkStream]) -> bool:
    needed = by_id.get(id_) or by_id.get(id_.casefold())
    return id_ in stream.satisfied if needed is None else needed.status is WorkStreamStatus.COMPLETE


def _judge(
    stream: WorkStream,
    by_id: Mapping[str, WorkStream],
    cycles: Mapping[str, tuple[str, ...]],
    first: Mapping[str, WorkStream],
    standing: Mapping[str, str],
) -> Availability:
    if not_offered := _not_offered(stream):
        return not_offered
    if ring := cycles.get(stream.id):
        return Availability(False, f"waits for itself: {_ring(ring)}", "cycle")
    if waiting := _waits_for(stream, by_id, standing):
        return waiting
    if stream.status is WorkStreamStatus.BLOCKED:
        return _blocked(stream)
    if held := _held_above(stream, by_id):
        return held
    if stream.status is WorkStreamStatus.IN_PROGRESS:
        return Availability(
            False, "is in progress, by somebody unnamed; name it to `orch run` to take it over", "in_progress"
        )
    before = first.get(plan_of(stream))
    if before is not None and waits_in_order(stream, before):
        return Availability(
            False,
            f"comes after {before.id[:_SHOWN]} in the plan, which is open (that order is assumed; "
            "ignore_order = true in orch.toml offers all)",
            "order",
        )
    return _MAY_START


def _not_offered(stream: WorkStream) -> Availability | None:
    """What keeps work from being offered whatever else the plan holds."""
    if stream.status in _CLOSED:
        word = "complete" if stream.status is WorkStreamStatus.COMPLETE else "cancelled"
        return Availability(False, f"is {word}", word)
    if stream.is_container:
        return Availability(False, "groups other work, which is offered in its place", "container")
    if stream.assigned_to is not None:
        return Availability(False, f"is claimed by {stream.assigned_to[:_SHOWN]}", "claimed")
    return None


def _waits_for(
    stream: WorkStream, by_id: Mapping[str, WorkStream], standing: Mapping[str, str] = _NOTHING
) -> Availability | None:
    if not stream.depends_on and not stream.unresolved:
        return None
    satisfied = frozenset(stream.satisfied)
    open_ = []
    for id_ in stream.depends_on:
        needed = by_id.get(id_) or by_id.get(id_.casefold())
        if id_ not in satisfied if needed is None else needed.status is not WorkStreamStatus.COMPLETE:
            open_.append(id_)
    for id_ in open_:
        if needed := by_id.get(id_) or by_id.get(id_.casefold()):
            more = f" and {len(open_) - 1} more" if len(open_) > 1 else ""
            how = standing.get(needed.id.casefold(), _SAID[needed.status])
            return Availability(False, f"waits for {needed.id[:_SHOWN]} ({how}){more}", "dependency")
    missing = [*open_, *stream.unresolved]
    if missing:
        return Availability(
            False, f'waits for "{missing[0][:_SHOWN]}", which the roadmap does not hold', "unknown_dependency"
        )
    return None


def _held_above(stream: WorkStream, by_id: Mapping[str, WorkStream]) -> Availability | None:
    """What keeps a container of `stream` from being started, one that holds that container included."""
    above = stream.part_of
    for _ in range(_DEEPEST):
        group = by_id.get(above.casefold()) if above is not None else None
        if group is None:
            return None
        held = _blocked(group) if group.status is WorkStreamStatus.BLOCKED else _waits_for(group, by_id)
        if held is not None and not group.is_closed:
            return Availability(False, f"is part of {group.id[:_SHOWN]}, which {held.reason}", held.kind)
        above = group.part_of
    return None


def _blocked(stream: WorkStream) -> Availability:
    if stream.blocked_reason is not None:
        return Availability(False, f"is blocked: {stream.blocked_reason[:200]}", "blocked")
    why = "all its dependencies are complete" if stream.depends_on else "it names no dependency"
    return Availability(
        False, f"is called blocked, but {why}; set it to Not Started or name it to `orch run`", "stale_blocked"
    )


def _ring(ring: tuple[str, ...]) -> str:
    shown = [id_[:_SHOWN] for id_ in (*ring[:6], *(("...",) if len(ring) > 6 else ()), ring[0])]
    return " → ".join(shown)


def _cycles(streams: Sequence[WorkStream], by_id: Mapping[str, WorkStream]) -> dict[str, tuple[str, ...]]:
    """For each id that waits for itself: a ring through it. Complete and cancelled work ends a wait."""
    needs = {
        stream.id: [found.id for id_ in stream.depends_on if (found := by_id.get(id_) or by_id.get(id_.casefold()))]
        for stream in streams
        if stream.depends_on and stream.status not in _CLOSED
    }
    rings: dict[str, tuple[str, ...]] = {}
    for group in _knots(needs):
        members = set(group)
        if len(group) > 1 or group[0] in needs[group[0]]:
            for id_ in group:
                rings.setdefault(id_, tuple(group))
            rings.update(_shortest_rings(members, needs) if len(group) <= 50 else {})
    return rings


def _shortest_rings(members: set[str], needs: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    """For each member the shortest way back to itself."""
    rings = {}
    for start in members:
        came: dict[str, str] = {}
        queue = [start]
        for id_ in queue:
            for needed in needs[id_]:
                if needed in members and needed not in came:
                    came[needed] = id_
                    queue.append(needed)
        way = [came[start]]
        while way[-1] != start:
            way.append(came[way[-1]])
        rings[start] = tuple(reversed(way))
    return rings


def _knots(needs: Mapping[str, list[str]]) -> list[list[str]]:
    """Sets of ids that all reach each other (Tarjan's algorithm, without recursion: chains may be long)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    waiting: set[str] = set()
    knots: list[list[str]] = []
    for root in needs:
        work = [] if root in index else [(root, iter(needs[root]))]
        while work:
            id_, rest = work[-1]
            if id_ not in index:
                index[id_] = low[id_] = len(index)
                stack.append(id_)
                waiting.add(id_)
            for needed in rest:
                if needed not in needs:
                    continue
                if needed not in index:
                    work.append((needed, iter(needs[needed])))
                    break
                if needed in waiting:
                    low[id_] = min(low[id_], index[needed])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[id_])
                if low[id_] == index[id_]:
                    knots.append(_unwind(stack, waiting, id_))
    return knots


def _unwind(stack: list[str], waiting: set[str], last: str) -> list[str]:
    knot: list[str] = []
    while not knot or knot[-1] != last:
        knot.append(stack.pop())
        waiting.discard(knot[-1])
    return knot
