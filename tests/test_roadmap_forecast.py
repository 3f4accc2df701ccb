"""What a batch will come to: work that becomes free when other work lands."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from orchestrator_agent.model import WorkStream, WorkStreamStatus
from orchestrator_agent.roadmap.availability import availability, out_of_order, unblocked_by
from orchestrator_agent.roadmap.forecast import followers

S = WorkStreamStatus


def ids(streams: list[WorkStream]) -> list[str]:
    return [stream.id for stream in streams]


def test_followers_come_as_their_last_dependency_lands() -> None:
    plan = [
        WorkStream(id="A", name="a"),
        WorkStream(id="B", name="b", depends_on=("A",)),
        WorkStream(id="C", name="c", depends_on=("B", "A"), status=S.BLOCKED),
        WorkStream(id="D", name="d", depends_on=("X",)),
        WorkStream(id="E", name="e", depends_on=("B",), blocked_reason="legal", status=S.BLOCKED),
    ]
    assert ids(followers(plan, ["a"])) == ["B", "C"]
    assert ids(followers(plan, ["A"], out=["B"])) == []


def test_steps_are_taken_one_after_the_other() -> None:
    plan = [WorkStream(id=str(number), name="n", step=number // 2) for number in range(6)]
    assert ids(followers(plan, ["0", "1"])) == ["2", "3", "4", "5"]
    assert ids(followers(plan, ["0"], out=["1"])) == []
    assert ids(followers(plan, ["0"], out=["1"], ignore_order=True)) == ["2", "3", "4", "5"]


def test_an_order_that_nobody_keeps_holds_nothing_up() -> None:
    plan = [
        WorkStream(id="A", name="a"),
        WorkStream(id="B", name="b", step=1, status=S.COMPLETE),
        WorkStream(id="C", name="c", step=1, depends_on=("A",)),
        WorkStream(id="D", name="d", step=0, status=S.BLOCKED),
    ]
    assert ids(followers(plan, ["A"])) == ["C"]


STREAMS = st.lists(
    st.tuples(
        st.sampled_from([S.NOT_STARTED, S.COMPLETE, S.BLOCKED, S.CANCELLED, S.IN_PROGRESS]),
        st.lists(st.integers(0, 9), max_size=3),
        st.one_of(st.none(), st.integers(0, 3)),
    ),
    max_size=9,
)


@given(STREAMS)
def test_it_is_what_landing_one_after_the_other_gives(drawn: list[tuple[S, list[int], int | None]]) -> None:
    plan = [
        WorkStream(id=str(number), name="n", status=status, depends_on=tuple(map(str, needs)), step=step)
        for number, (status, needs, step) in enumerate(drawn)
    ]
    coming = [stream.id for stream in plan if availability(plan)[stream.id].available]
    expected: set[str] = set()
    now = {stream.id: stream.status for stream in plan}
    while free := [id_ for id_, may in availability(as_of(plan, now)).items() if may.available]:
        expected |= set(free)
        for id_ in free:
            freed = unblocked_by(as_of(plan, now), {id_})
            now[id_] = S.COMPLETE
            now.update(dict.fromkeys(freed, S.NOT_STARTED))
    found = set(ids(followers(plan, coming)))
    if out_of_order(plan):  # which of two lands first decides: the forecast names what may come
        assert found >= expected - set(coming)
    else:
        assert found == expected - set(coming)


def as_of(plan: list[WorkStream], now: dict[str, S]) -> list[WorkStream]:
    """The plan with the statuses of a moment."""
    return [replace(stream, status=now[stream.id]) for stream in plan]
