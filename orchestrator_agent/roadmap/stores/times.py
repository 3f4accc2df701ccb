"""Times in stores, written in the shape that stands there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from orchestrator_agent.patterns import regex

#: Says what time it is, in UTC; a format is given another one by tests.
Clock = Callable[[], datetime]

_SHAPES = (
    (regex(r"\d{4}-\d\d-\d\d"), "%Y-%m-%d"),
    (regex(r"\d{4}-\d\d-\d\d \d\d:\d\d"), "%Y-%m-%d %H:%M"),
    (regex(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "%Y-%m-%d %H:%M:%S"),
    (regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)?"), "%Y-%m-%dT%H:%M:%SZ"),
    (regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}(?:Z|[+-]\d\d:\d\d)?"), "%Y-%m-%dT%H:%M:%S.%fZ"),
)


def utc_now() -> datetime:
    """The present."""
    return datetime.now(UTC)


def in_shape_of(old: str, now: datetime) -> str | None:
    """`now` written as `old` is; None when `old` is no time that is known."""
    for shape, form in _SHAPES:
        if shape.fullmatch(old):
            return now.strftime(form)
    return None
