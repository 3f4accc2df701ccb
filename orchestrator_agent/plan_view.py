"""`orch roadmap` for people."""

from __future__ import annotations

from typing import Any

from orchestrator_agent.terminal import clean, plural

_SHOWN = 12


def lines(data: dict[str, Any], only_problems: bool = False) -> list[str]:
    """`survey.survey` as text.

    Args:
        only_problems: leave out what is well (`orch roadmap check`).
    """
    text: list[str] = []
    if not only_problems:
        for plan in data["plans"]:
            of = f": {plan['format']}, {plan['level']}" if plan["level"] else f": {plan['format'] or 'no plan'}"
            text.append(clean(f"{plan['path']}{of}, {plural(plan['work_streams'], 'work stream')}"))
        counts = [f"{count} {name.replace('_', ' ')}" for name, count in data["summary"].items() if count]
        text.append(f"{', '.join(counts) or 'nothing'}; {len(data['available'])} can start now")
        text += _listed("Can start now", [f"{s['id']}  {s['name']} ({s['why']})" for s in data["available"]])
        text += _listed("Waiting", [f"{s['id']}  {s['reason']}" for s in data["waiting"]])
    text += _listed("Errors", data["errors"], limit=None)
    text += _listed("Warnings", data["warnings"], limit=None)
    if only_problems and not (data["errors"] or data["warnings"]):
        text.append("Nothing is wrong with the roadmap.")
    return text


def _listed(title: str, entries: list[str], limit: int | None = _SHOWN) -> list[str]:
    if not entries:
        return []
    shown = [f"  {clean(entry, 300)}" for entry in entries[:limit]]
    more = len(entries) - len(shown)
    return ["", f"{title}:", *shown, *([f"  and {more} more; `orch roadmap --json` lists all"] if more else [])]
