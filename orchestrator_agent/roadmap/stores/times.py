"""Times in stores, written in the shape that stands there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

#: Says what time it is, in UTC; a format is given another one by tests.
Clock = Callable[[], datetime]

_SHAPES = (
    (re.compile(r"\d{4}-\d\d-\d\d"), "%Y-%m-%d"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d"), "%Y-%m-%d %H:%M"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "%Y-%m-%d %H:%M:%S"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)?"), "%Y-%m-%dT%H:%M:%SZ"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}(?:Z|[+-]\d\d:\d\d)?"), "%Y-%m-%dT%H:%M:%S.%fZ"),
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
