"""Ends of Claude Code that are not about the work: nobody is signed in, or the account has reached a limit.

Sources: `result` and `rate_limit_event` lines of Claude Code's `stream-json` (the latter's fields are `status` and
`resetsAt`, unix seconds), and the sentences that it prints in their place, which differ from version to version:
"Claude AI usage limit reached|1764079200", "You've hit your limit · resets 9:20pm (UTC)".
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any

from orchestrator_agent.patterns import regex

SIGN_IN = "Claude Code is not signed in or its key is not valid; run `claude` and type /login, or set ANTHROPIC_API_KEY"
BILLING = "the API account has a billing problem; look at its plan or credit"

_NOT_SIGNED_IN = regex(
    r"invalid api key|please run /login|not logged in|oauth token (has expired|revoked)"
    r"|invalid (x-api-key|bearer token)|authentication_error",
    re.IGNORECASE,
)
_NO_CREDIT = regex(r"credit balance is too low", re.IGNORECASE)
_LIMIT = regex(
    r"\b(usage|session|weekly|5-hour|opus|sonnet) limit\b|hit your( \w+)? limit|limit reached", re.IGNORECASE
)
_NO_SESSION = regex(r"^No conversation found\b", re.IGNORECASE)
_EPOCH = regex(r"\|\s*(\d{10})\b")
_CLOCK = regex(
    r"\bresets?\b(?: at)?:?(?: (?P<month>[A-Z][a-z]{2}) (?P<day>\d{1,2})(?:,| at|, at)?)?"
    r" (?P<hour>\d{1,2})(?::(?P<minute>\d\d))? ?(?P<half>[ap])m(?: \((?P<zone>[A-Za-z0-9_+/-]+)\))?",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
#: A reset that was so long ago at the most has just been; one that seems older is tomorrow's.
_JUST_NOW = timedelta(minutes=10)
#: No limit of an account lasts longer; what says so is not believed. Seconds.
_LONGEST = 8 * 86400.0


def session_is_gone(text: str, turns: int) -> bool:
    """True when a run ended before it began, because there is no conversation of the name that it was to go on in.

    Args:
        text: what was said last; the sentence stands in `errors` of the `result` line, and on standard error.
    """
    return not turns and _NO_SESSION.search(text) is not None


def classify(status: int, text: str, limit: Mapping[str, Any], ended_at: float) -> tuple[str, dict[str, Any]] | None:
    """The reason and the data of an end that is not about the work, or None where it may be.

    The data holds `final` and `unusable` where no agent can work before a person has done something, else `limited`,
    and `until`, in unix seconds, where it is known when the limit ends.

    Args:
        status: of the API's answer; 0 when there is none.
        text: what was said last.
        limit: `rate_limit_info` of the last `rate_limit_event`.
        ended_at: unix seconds.
    """
    if status in (401, 403) or (_NOT_SIGNED_IN.search(text) and status in (0, 400)):
        return SIGN_IN, {"final": True, "unusable": True}
    if status == 402 or _NO_CREDIT.search(text):
        return BILLING, {"final": True, "unusable": True}
    if status == 529:
        return "the API is overloaded", {"limited": True}
    if not (status == 429 or _LIMIT.search(text) or limit.get("status") == "rejected"):
        return None
    until = _until(text, limit, ended_at)
    if until is None:
        return "the API's rate limit is reached", {"limited": True}
    return f"the account's usage limit is reached until {_shown(until, ended_at)}", {"limited": True, "until": until}


def _until(text: str, limit: Mapping[str, Any], now: float) -> float | None:
    told = limit.get("resetsAt") if limit.get("status") == "rejected" else None
    if not isinstance(told, int | float) or isinstance(told, bool):
        epoch = _EPOCH.search(text)
        told = float(epoch[1]) if epoch else _from_clock(text, now)
    return float(told) if told is not None and 0 < told - now < _LONGEST else None


def _from_clock(text: str, now: float) -> float | None:
    """The moment that "resets 9:20pm (UTC)" or "resets Nov 28, 3pm" names, on this machine's clock without a zone."""
    found = _CLOCK.search(text)
    if found is None:
        return None
    zone = _zone(found["zone"])
    here = datetime.fromtimestamp(now, zone)
    try:
        hour = int(found["hour"]) % 12 + (12 if found["half"].lower() == "p" else 0)
        at = here.replace(hour=hour, minute=int(found["minute"] or 0), second=0, microsecond=0)
        if found["month"]:
            at = at.replace(month=_MONTHS.index(found["month"].lower()) + 1, day=int(found["day"]))
            at = at if at > here - timedelta(days=180) else at.replace(year=at.year + 1)
    except ValueError:
        return None
    if not found["month"] and at < here - _JUST_NOW:
        at += timedelta(days=1)
    return at.timestamp()


def _zone(name: str | None) -> tzinfo | None:
    from zoneinfo import ZoneInfo  # costs as much as all the rest of this module, and limits are rare

    try:
        return ZoneInfo(name) if name else None
    except (ValueError, OSError, KeyError):  # a name that this machine does not know
        return None


def _shown(until: float, now: float) -> str:
    """HH:MM on this machine's clock, with the date when that is another one."""
    at = time.localtime(until)
    same_day = time.localtime(now)[:3] == at[:3]
    return time.strftime("%H:%M" if same_day else "%Y-%m-%d %H:%M", at)
