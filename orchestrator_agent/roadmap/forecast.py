"""What becomes free when work lands. Pure, and in time that grows with the size of the plan only."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Sequence

from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.roadmap.availability import out_of_order, plan_of


def followers(
    streams: Sequence[WorkStream], coming: Collection[str], out: Collection[str] = (), ignore_order: bool = False
) -> list[WorkStream]:
    """Work streams that become free when those in `coming` land, and those that become free by them, as they do.

    In a plan whose order nobody keeps (see `availability`) that can hang on which of two lands first; then all that may
    become free is named.

    Args:
        coming: ids of work that will land.
        out: ids that nobody will do; what waits for them stays where it is.
        ignore_order: as for `availability`.
    """
    return _Forecast(streams, {id_.casefold() for id_ in coming}, {id_.casefold() for id_ in out}, ignore_order).run()


class _Forecast:
    def __init__(self, streams: Sequence[WorkStream], coming: set[str], out: set[str], ignore_order: bool) -> None:
        self.by_id = {stream.id.casefold(): stream for stream in streams}
        self.landing = deque(id_ for id_ in coming if id_ in self.by_id)
        #: What each one that can be done still waits for.
        self.needs: dict[str, set[str]] = {}
        self.dependents: dict[str, list[str]] = defaultdict(list)
        #: Open work by plan and step, and what waits for nothing but its step.
        self.open: dict[str, Counter[int]] = defaultdict(Counter)
        self.in_order: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
        self.ignore_order = ignore_order
        #: Plans whose order nobody keeps: a later step is complete before an open one.
        self.loose = out_of_order(streams)
        self.found: list[WorkStream] = []
        for id_, stream in self.by_id.items():
            self._enter(id_, stream, is_out=id_ in coming or id_ in out)
        #: The steps of each plan, the lowest last.
        self.steps = {plan: sorted(counts, reverse=True) for plan, counts in self.open.items()}

    def _enter(self, id_: str, stream: WorkStream, is_out: bool) -> None:
        if stream.is_closed:
            return
        if stream.step is not None:
            self.open[plan_of(stream)][stream.step] += 1
        if is_out or stream.unresolved or stream.blocked_reason or stream.assigned_to or stream.is_container:
            return
        if stream.status is WorkStreamStatus.IN_PROGRESS:  # somebody is at it
            return
        needed = {name.casefold() for name in stream.depends_on if name not in stream.satisfied}
        needed = {name for name in needed if not self._is_complete(name)}
        # "Blocked" is lifted when the last open dependency lands; where none is open, a person has to.
        if needed or stream.status is not WorkStreamStatus.BLOCKED:
            self.needs[id_] = needed
            for name in needed:
                self.dependents[name].append(id_)

    def _is_complete(self, name: str) -> bool:
        stream = self.by_id.get(name)
        return stream is not None and stream.status is WorkStreamStatus.COMPLETE

    def run(self) -> list[WorkStream]:
        for id_, needed in self.needs.items():
            if not needed:
                self._free(id_)
        while self.landing:
            landed = self.landing.popleft()
            stream = self.by_id[landed]
            for id_ in self.dependents.pop(landed, ()):
                self.needs[id_].discard(landed)
                if not self.needs[id_]:
                    self._free(id_)
            if stream.step is not None and not stream.is_closed:
                self.open[plan_of(stream)][stream.step] -= 1
                self._next_step(plan_of(stream))
        return self.found

    def _free(self, id_: str) -> None:
        """Nothing that it names is open any more; maybe its step has not come."""
        stream = self.by_id[id_]
        if stream.step is None or self.ignore_order or plan_of(stream) in self.loose:
            self._take(id_)
        else:
            self.in_order[plan_of(stream)][stream.step].append(id_)
            self._next_step(plan_of(stream))

    def _next_step(self, plan: str) -> None:
        steps, counts = self.steps[plan], self.open[plan]
        while steps and counts[steps[-1]] == 0:
            steps.pop()
        for id_ in self.in_order[plan].pop(steps[-1], ()) if steps else ():
            self._take(id_)

    def _take(self, id_: str) -> None:
        self.found.append(self.by_id[id_])
        self.landing.append(id_)
