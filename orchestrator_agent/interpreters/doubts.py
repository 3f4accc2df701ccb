"""Where a mention of work may not ask for its start, although its words fit: a yes is needed, or it is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from orchestrator_agent.interpreters.calibration import LIKELY
from orchestrator_agent.interpreters.clauses import Clause
from orchestrator_agent.interpreters.lexicon import FILLERS, STOP
from orchestrator_agent.interpreters.matching import Match
from orchestrator_agent.interpreters.purposes import prevents
from orchestrator_agent.interpreters.reading import Reading
from orchestrator_agent.interpreters.references import BY_NAME, HINTED, is_item, resolve
from orchestrator_agent.interpreters.selections import Found
from orchestrator_agent.interpreters.words import content, fold, stem, tokens
from orchestrator_agent.interpreters.world import World
from orchestrator_agent.patterns import regex

#: What stands behind these says more about what stands before them.
_QUALIFIES = regex(r" (?:in|inside|of|on|at|from|into|over|about|by|under|within) ")

#: What is wished for, or pointed at as work: "the thing that sorts".
_WISHED = regex(
    r"\b(?:please|pls|plz|(?<!the )(?:next|first)|now|let's|need|want|go|high time)\b"
    r"|\b(?:thing|one|part|piece|bit) (?:that|which|for)\b"
)
_GLUE = frozenset("the a an of and for on in with thing stuff one".split())
#: Of so many words beside the smallest ones a single one that fits may be there by chance.
MANY_WORDS = 4
HALF = 0.5
_LEAVES = regex(r"^(?:just |but |and |please )*(?:leave|lose|spare|save) ")


def is_doubtful(clause: Clause, found: Found, world: World) -> bool:
    """True when a mention may ask for something other than a start of what was found."""
    return _says_stop(clause, found) or _speaks_of_agent(clause, found, world) or prevents(clause.text)


def _says_stop(clause: Clause, found: Found) -> bool:
    """True when a word for stopping that no name holds stands in a mention: it may ask for the opposite of a start."""
    named = {stem(word) for stream in found.streams for word in tokens(fold(stream.name))}
    return found.kind == "name" and any(w in STOP and stem(w) not in named for w in tokens(clause.text))


def _speaks_of_agent(clause: Clause, found: Found, world: World) -> bool:
    """True when more is said of an agent that is at work than whose it is: a start is hardly what that is for."""
    agent, _, more = clause.text.partition(" agent ")
    return bool(more) and bool(agent) and any(stream.id in world.running for stream in found.streams)


def is_qualifier(clause: Clause, top: Match) -> bool:
    """True when only what stands behind a preposition fits: "the leak in the parser" is about a leak."""
    head, *behind = _QUALIFIES.split(clause.text, maxsplit=1)
    return not clause.polite and bool(behind and content(head)) and not set(top.words) & set(tokens(head))


def by_chance(positive: Sequence[Clause], pairs: Sequence[tuple[Clause, Reading]], world: World) -> bool:
    """True when a single word of a sentence fits, or of three clauses and more a single one, and that prose only."""
    if len(pairs) != 1 or pairs[0][1].found.kind != "name":
        return False
    clause, reading = pairs[0]
    if len(positive) == 1 and _hangs_on_little(clause, world):
        return True
    beside = sum(1 for other in positive if other.sentence == clause.sentence)
    return beside >= 3 and not is_item(clause.rest, reading.found, world, BY_NAME)


def _hangs_on_little(clause: Clause, world: World) -> bool:
    """True when one word of many fits, or less than half of them and prose only, and nothing says it is wished for."""
    top = world.rank(clause.text)[:1]
    said = [word for word in tokens(clause.text) if word not in FILLERS and word not in _GLUE]
    plain = not (clause.polite or clause.command or _WISHED.search(clause.text))
    if not (plain and top) or top[0].full_name or len(said) < MANY_WORDS:
        return False
    single = len(top[0].words) == 1 and top[0].words[0] in said  # "money back" is read as one word and is two
    return single or (top[0].score < HINTED and top[0].cover < HALF)


def beside_refused(positive: Sequence[Clause], mentioned: Reading, world: World) -> bool:
    """True when what was mentioned beside a no fits prose only, or is one clause of several and fits weakly."""
    if len(positive) > 1:
        return mentioned.score < LIKELY
    single = len(positive) == len(mentioned.found.streams) == 1
    return single and not is_item(positive[0].rest, mentioned.found, world, BY_NAME)


def held_back(found: Sequence[Clause], world: World) -> list[Clause]:
    """`found`, a stop of idle work of a phase that was just named being what is left out of it: "phase 2, hold 2.3"."""
    clauses = list(found)
    for place, (before, clause) in enumerate(pairwise(found), 1):
        beside = before.sentence == clause.sentence and before.command in ("", "run") and not before.negative
        left = _LEAVES.match(clause.text)
        if not (left or clause.command == "stop") or clause.marked or not beside:
            continue
        rest = clause.text[left.end() :] if left else clause.rest
        some, whole = resolve(rest, world, at_work=True), resolve(before.rest, world)
        idle = not any(stream.id in world.running for stream in some.streams)
        if whole.kind == "selection" and some.streams and idle and set(some.streams) < set(whole.streams):
            clauses[place] = replace(clause, rest=rest, negative=True)
    return clauses
