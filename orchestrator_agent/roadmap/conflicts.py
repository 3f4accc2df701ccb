"""Which work streams must not run beside each other. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from orchestrator_agent.model import WorkStream


def conflicts(streams: Sequence[WorkStream]) -> dict[str, frozenset[str]]:
    """For each id, in lower case, the ids that must not run beside it, in lower case; ids without any are left out.

    A conflict holds in both directions, whichever of the two the roadmap names it at. Streams that declare the same
    file conflict, and so do a folder and what lies in it.
    """
    found: dict[str, set[str]] = defaultdict(set)
    known = {stream.id.casefold() for stream in streams if not stream.is_closed}
    for left, right in (*_named(streams), *_sharing(streams)):
        if left != right and left in known and right in known:
            found[left].add(right)
            found[right].add(left)
    return {id_: frozenset(others) for id_, others in found.items()}


def _named(streams: Sequence[WorkStream]) -> Iterator[tuple[str, str]]:
    for stream in streams:
        for other in stream.conflicts_with:
            yield stream.id.casefold(), other.casefold()


def _sharing(streams: Sequence[WorkStream]) -> Iterator[tuple[str, str]]:
    holders: Mapping[str, set[str]] = _holders(streams)
    for path, ids in holders.items():
        yield from combinations(sorted(ids), 2)
        for folder in _folders(path):
            for other in holders.get(folder, ()):
                yield from ((other, id_) for id_ in ids)


def _holders(streams: Sequence[WorkStream]) -> dict[str, set[str]]:
    holders: dict[str, set[str]] = defaultdict(set)
    for stream in streams:
        if not stream.is_closed:
            for path in stream.files:
                holders[path.strip().removeprefix("./").rstrip("/*")].add(stream.id.casefold())
    holders.pop("", None)
    return dict(holders)


def _folders(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
