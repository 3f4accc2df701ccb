"""Words to or about an agent at work, with the roadmap in hand: a message, another stream, or an order for it."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator_agent.interpreters import addressing, calibration, questions
from orchestrator_agent.interpreters.clauses import clauses, unasked
from orchestrator_agent.interpreters.languages import to_english
from orchestrator_agent.interpreters.quoting import from_own, own_words
from orchestrator_agent.interpreters.reading import Reading
from orchestrator_agent.interpreters.references import BY_NAME, is_item, resolve
from orchestrator_agent.interpreters.selections import Found
from orchestrator_agent.interpreters.words import content, fold
from orchestrator_agent.interpreters.world import World
from orchestrator_agent.patterns import regex


def addressed(raw: str, text: str, world: World) -> Reading | None:
    """Words to or about an agent at work."""

    def find(phrase: str) -> Found:
        return resolve(to_english(fold(phrase)), world, at_work=True)

    def names(phrase: str) -> bool:
        found = find(phrase)
        return len(found.streams) == 1 and found.kind != "selection" and found.score >= 0.3

    def at_work(phrase: str) -> bool:
        found = find(phrase)
        live = found.score >= 0.4 and all(stream.id in world.running for stream in found.streams)
        return len(found.streams) == 1 and (found.kind == "id" or live)

    if moved := _moved(text, find, names, world):
        return moved
    if order := _ordered(text, names, find):
        return order
    if (told := addressing.relayed(raw)) and (whom := find(told.whom or own_words(told.what))).streams:
        return Reading("feedback", whom, whom.score, whom.evidence, {"text": told.what}, ask=len(whom.streams) > 1)
    message = addressing.feedback(
        unasked(from_own(raw)), at_work, lambda phrase: find(phrase).score >= calibration.ALL_BUT_SURE
    )
    if message is None or not (whom := find(message.whom)):
        return None
    spoken_to = whom.kind != "name" or at_work(message.whom) or is_item(fold(message.whom), whom, world, BY_NAME)
    if whom.streams and not (spoken_to or addressing.is_agent(message.whom)):
        return None
    if message.kind != "feedback":
        return Reading(message.kind, whom, whom.score, whom.evidence, ask=not whom.streams)
    return Reading("feedback", whom, whom.score, whom.evidence, {"text": message.what}, ask=not whom.streams)


def _moved(text: str, find: Callable[[str], Found], names: Callable[[str], bool], world: World) -> Reading | None:
    """An agent taken off one work stream and put on another; a question moves nobody, a polite request does."""
    asks = text.rstrip().endswith("?") and unasked(text) == text
    move = None if asks else addressing.redirect(text, names)
    if move is None:
        return None
    whom, to = find(move.whom), resolve(move.what, world)
    if len(to.streams) != 1 or whom.streams == to.streams:
        return None
    evidence = f"{whom.evidence}; to {to.evidence}"
    return Reading("redirect", whom, min(whom.score, to.score), evidence, {"to": to.streams[0].id})


#: A question to the agent itself is a message.
_YOU = regex(r"\b(?:you|your)\b")


def _ordered(text: str, names: Callable[[str], bool], find: Callable[[str], Found]) -> Reading | None:
    """ "chat prompt: pull the plug" and "parser: sign-off check" command us and tell the agent nothing."""
    whom, colon, what = text.partition(": ")
    orders = clauses(what)[-1:] if colon and names(whom) else []
    if len(orders) == 1 and orders[0].question and not _YOU.search(what):
        found = find(whom)
        return Reading(questions.kind(what, about_work=True), found, found.score, found.evidence)
    if not orders or orders[0].command not in ("stop", "verify", "explain", "status") or content(orders[0].rest):
        return None
    found = find(whom)
    return Reading(orders[0].command, found, found.score, found.evidence)
