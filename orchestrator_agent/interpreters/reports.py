"""Reports: something written to keep or to send, of all work or of a part of it."""

from __future__ import annotations

from orchestrator_agent.interpreters import questions
from orchestrator_agent.interpreters.calibration import LIKELY
from orchestrator_agent.interpreters.reading import Reading
from orchestrator_agent.interpreters.references import names_one, resolve
from orchestrator_agent.interpreters.selections import Found
from orchestrator_agent.interpreters.words import fold
from orchestrator_agent.interpreters.world import World
from orchestrator_agent.patterns import regex

_REPORT_ON = regex(
    r"\b(?:report|recap|summary|summari[sz]e|digest|write[- ]?up|page)\b(?: up)?(?: (?:on|about|of|for))? (.+)"
)

_REPORT_ABOUT = regex(r"\b(?:report|recap|summary|write[- ]?up) (?:on|about|of) (.+)")


def written(text: str, world: World, named: str = "") -> Reading | None:
    """The report that folded `text` asks for, unless it (or `named`, its object) is the name of work."""
    top = world.rank(named or text)[:1]
    named_well = bool(top) and (top[0].full_name or (top[0].score >= 0.85 and top[0].words != ("report",)))
    several = resolve(named or text, world)
    named_well = named_well or (len(several.streams) > 1 and several.score >= LIKELY)
    if questions.report(text) and (not named_well or _about(text, world)):
        return report(text, world)
    return None


def _about(text: str, world: World) -> Found:
    """The work that "a report on ..." names in full, unless that is the name of a report itself."""
    match = _REPORT_ABOUT.search(text)
    found = resolve(match[1], world) if match and names_one(match[1], world) else Found()
    alone = len(found.streams) == 1 and found.kind == "name"
    return found if alone and not questions.report(fold(found.streams[0].name)) else Found()


def report(text: str, world: World) -> Reading:
    """Something written, of all work or of a part that is named beyond doubt."""
    if named := _about(text, world):
        return Reading("report", named, named.score, named.evidence)
    match = _REPORT_ON.search(text)
    about = resolve(match[1], world) if match else Found()
    if about.kind not in ("id", "selection") or about.candidates:
        about = Found()
    return Reading("report", about, score=0.8, evidence="asks for something written")
