"""What one clause asks to be done: start, stop, verify, look, or a bare mention of work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from itertools import pairwise

from orchestrator_agent.interpreters import questions
from orchestrator_agent.interpreters.clauses import ALL, EVERYONE, EVERYTHING, Clause
from orchestrator_agent.interpreters.doubts import is_doubtful, is_qualifier
from orchestrator_agent.interpreters.lexicon import COMMANDS, FOREIGN_ACTS, NUMBERS, OUTSIDE, VERIFY
from orchestrator_agent.interpreters.limits import NUMBER
from orchestrator_agent.interpreters.reading import NOTHING_FITS, Reading, join, run
from orchestrator_agent.interpreters.references import LISTED, WORTH_SAYING, is_item, names_one, resolve
from orchestrator_agent.interpreters.reports import report, written
from orchestrator_agent.interpreters.selections import Found
from orchestrator_agent.interpreters.spoken import is_name, is_part
from orchestrator_agent.interpreters.words import content, fold, stem, tokens
from orchestrator_agent.interpreters.world import World
from orchestrator_agent.patterns import regex

_NEXT = regex(
    rf"\bnext\b|\b{NUMBER} more\b|\bfollowing (?:one|stream|task|thing|item)\b|\b(?:keep|carry|go|going|move"
    rf"|press) (?:going|on)\b"
    r"|^(?:continue|proceed|go|onwards?)\b"
)
_NEXT_READY = regex(r"\bnext (?:available|ready|open|free|unblocked|possible)\b")
_NEXT_COUNT = regex(rf"\bnext ({NUMBER})\b|\b({NUMBER}) (?:more|next)\b")
_WHOLE = regex(
    r"\b(?:whole|entire|full|complete|rest of the|remaining|just run the|run the|finish the) (?:\w+ )?(?:roadmap"
    r"|plan|backlog|project|list|lot|thing|product|app|system|program|work)\b"
    r"|\b(?:work|go|get|power|plough|process)(?: your way)?(?: through| down| off)? (?:the|our|this) (?:whole "
    r"|entire )?"
    r"(?:roadmap|plan|backlog|list)$"
    r"|^(?:get|bring|take|push|ship|finish) (?:\w+ ){0,2}(?:to )?v?1\.0(?:\.0)?$"
)
_ONE_AGENT = regex(
    r"\b(?:it|this|that|him|her|someone|somebody|(?:the|that|this|one|first|second|third|last|other|oldest|newest"
    r"|latest) (?:agent"
    r"|one|stream|worker)|on)\b"
)
#: "Fix that" names nothing by itself.
_POINTING = regex(r"^\w+ (?:it|this|that|them|these|those)$")
_AT_WORK = regex(r"\b(?:agent|stream|work|working|whoever|whatever|one|dev|coder|bot)\b")
#: Whoever says "order a ..." wants to have one, and not to have it programmed.
_VERSE = regex(r"\b(?:poem|haiku|song|joke|limerick|essay|riddle|sonnet)s?\b")
_CONSUMES = regex(r"^(?:book|order|buy|call|reserve|send|play) (?:a|an|some|more|another|me|us)\b")
_OUR_WORK = regex(r"\b(?:agent|stream|work|phase)\b")
_OBJECT = regex(r"(?:(?:with|on|off|at|from) )?(?:the|a|an|that|this|its|\d)\b")
_SUBORDINATE = regex(r" (?:when|whenever|where|if|because|since|while|so that|before|after|until|unless|as soon as) ")
#: States that the roadmap does not tell, so that nobody can say which work is meant.
_FAILED = regex(r"\b(?:failed|failing|broken|stuck|crashed)\b")
_LOST = regex(
    r"\b(?:the|that) (?:thing|one|agent|stream|job|stuff) (?:that|which|who) (?:\w+ )?(?:failed|crashed|died|broke"
    r"|hung|fell)"
    r"\b"
)
#: What is said to an agent is no mention of more work.
_TOLD = regex(r"^(?:tell|ask|inform|remind|warn|notify) (?!me\b|us\b).*\b(?:agents?|whoever|team|coder|bot)\b")
#: Nor is anything that is said to somebody in the breath of an order.
_SAID_TO = regex(rf"{_TOLD.pattern}|^(?:tell|ask|inform|remind|warn|notify|let) (?!me\b|us\b).+ (?:to|that|know) \w")
_THE_THING = regex(r"^(?:(?:with|on|at) )?(?:(?:the|that|this) (?:thing|stuff)s?|(?<=with )(?:that|this))$")
#: A sum of money is nobody's work stream.
_MONEY = regex(r"\b\d[\d.,]* ?(?:€|\$|£|(?:euros?|dollars?|pounds?|bucks|usd|eur|gbp)\b)|[€$£] ?\d")
_STATUS_REPORT = regex(r"\b(?:status|progress) reports?\b")
#: What may stand behind a bare "stop" that means all that runs.
_WHO_WORKS = frozenset(
    "the all both agents work working running now then please immediately right away today tonight for at once here"
    " again just time already again what you are doing and it's".split()
)
#: Everything is said of how things are, and asks for nothing: "all good", "that is everything for today".
_ALL_IS_WELL = regex(
    r"\b(?:all|everything)(?:'s| is| are| looks| seems)? (?:good|great|done|set|fine|ok|okay|clear|right|well"
    r"|green|there|here|lost"
    r"|for (?:today|now))\b|\b(?:that|this|it)(?:'s| is| was) (?:all|everything)\b|\beverything is\b"
)
_NOTHING = regex(r"(?:nothing|none|nobody|no one|no more)\b")
_MINE = regex(r"\b(?:my|mine|me)\b")
#: Words for the roadmap as a whole, and for starting, that name no part of it.
_GENERAL = frozenset(
    "roadmap backlog list everything shop site app product project thing start run available continue proceed begin"
    " unblocked idle open carry move press roll remain remains unfinished outstanding pending undone todo comes"
    " shebang enchilada caboodle".split()
)
_OWN_START = ("get", "start", "run", "begin", "build")
_FIRST = ("first", "second", "third")
#: A name that holds the words this surely is meant even after a verb for something else.
_CERTAIN, _COVERED, _LIKELY, _NAMED = 0.9, 0.8, 0.62, 0.6


def command(clause: Clause, around: Sequence[Clause], world: World) -> Reading | None:
    """What a clause with a command asks for, or None when it asks nothing of us; `around`: all clauses of the goal."""
    pointless = _THE_THING.match(clause.rest) and not _referent(clause, around, world)
    if (_LOST.search(clause.text) or pointless) and clause.command in (
        "run",
        "stop",
        "verify",
        "explain",
    ):
        return Reading(clause.command, score=0.5, evidence="which one is not said", ask=True)
    if clause.command in ("status", "report", "help"):
        return _look(clause, world)
    if clause.command == "run":
        return _start(clause, around, world)
    return _act(clause, around, world)


def mention(clause: Clause, world: World) -> Reading | None:
    """What a clause without a command asks for: a bare mention of work asks for its start."""
    if _THE_THING.match(clause.rest) and _NEXT.search(clause.text):
        return Reading("run", score=0.5, evidence="which one is not said", ask=True)
    if _TOLD.match(clause.rest):
        return None
    reading = _meta(clause, world) or written(clause.text, world)
    if reading or _POINTING.match(clause.rest):
        return reading
    beside = reduce(lambda text, name: text.replace(name, " "), world.spoken(clause.text), clause.text)
    if questions.overall(beside) and not (names_one(clause.text, world) and _in_its_name(clause.text, world)):
        about = resolve(questions.subject(clause.text), world, at_work=True)
        clear = about.streams and about.score >= 0.5
        return Reading("status", about if clear else Found(), 0.8, "asks how things are")
    found = resolve(clause.text, world) or _of_main(clause.text, world)
    if not found or _is_private(clause.text, 7) or _is_foreign(clause, found, world):
        return None
    head, _, rest = clause.rest.partition(" ")
    top = world.rank(clause.text)[:1]
    joined = head + rest.partition(" ")[0]
    strange = not (top and {head, joined} & set(top[0].words)) and head not in _name_words(found)
    strange_verb = strange and bool(_OBJECT.match(rest)) and bool(content(head)) and not world.index.knows(head)
    partly = len(found.streams) == 1 and found.kind == "name" and top[0].cover < _COVERED
    unknown_verb = strange_verb and (found.score < _CERTAIN or names_one(rest, world))
    doubt = unknown_verb or (head in OUTSIDE and (strange or partly or bool(_CONSUMES.match(clause.rest))))
    doubt = doubt or is_doubtful(clause, found, world) or (partly and is_qualifier(clause, top[0]))
    return run(found, confirm=doubt or (clause.marked and not clause.polite))


def _of_main(text: str, world: World) -> Found:
    """What folded `text` speaks of without what only says when or why, where it does so beyond doubt."""
    main, *rest = _SUBORDINATE.split(text, maxsplit=1)
    found = resolve(main, world) if rest else Found()
    return found if found.score >= _CERTAIN else Found()


def _in_its_name(text: str, world: World) -> bool:
    """True when no word for a look stands beside the name: "status dashboard", but not "event store status"."""
    looking = {word for word in tokens(text) if COMMANDS.get(word) == "status"}
    return not looking or bool(looking & set(tokens(fold(world.rank(text)[0].stream.name))))


def _name_words(found: Found) -> set[str]:
    return {stem(word) for stream in found.streams + found.candidates for word in content(fold(stream.name))}


def _is_foreign(clause: Clause, found: Found, world: World) -> bool:
    """True for an act outside the tool that only happens to use a word of the roadmap: "send an email to Anna"."""
    head = clause.rest.partition(" ")[0]
    if _MONEY.search(clause.text) and found.kind != "id":
        return True
    if _is_verse(clause, world):
        return True
    if (head not in OUTSIDE and head not in FOREIGN_ACTS) or stem(head) in _name_words(found):
        return False
    if found.kind == "id":
        return head in FOREIGN_ACTS
    top = world.rank(clause.text)[:1]
    if found.streams and top and found.score >= _CERTAIN and top[0].cover >= _COVERED:
        return False
    object_ = resolve(clause.rest.partition(" ")[2], world)
    return head in FOREIGN_ACTS or not (object_.streams and names_one(clause.rest.partition(" ")[2], world))


def _is_verse(clause: Clause, world: World) -> bool:
    return any(not world.index.knows(verse) for verse in _VERSE.findall(clause.text))


def unmask(clause: Clause, world: World) -> Clause:
    """A command word that is part of a name does not command: "status dashboard", "report generator"."""
    word = (
        next(iter(content(clause.text)), "") if clause.word == "phrase" and clause.command == "verify" else clause.word
    )
    if clause.command in ("", "run") or word == "phrase":
        return clause
    best = world.rank(clause.text)[:1]
    rest = world.rank(clause.rest)[:1]
    if best and is_name(clause.text, fold(best[0].stream.name)):
        return replace(clause, rest=clause.text, command="")
    root, following = stem(word), stem((content(clause.rest) or [""])[0])
    if any((root, following) in pairwise(_stems(match.stream.name)) for match in world.rank(clause.text)[:4]):
        return replace(clause, rest=clause.text, command="")
    if not best or (rest and rest[0].full_name):
        return clause
    name = _stems(best[0].stream.name)
    alone = clause.word == "phrase" and not content(clause.rest) and word not in VERIFY
    untouched = clause.command == "verify" and best[0].stream.id in world.facts.untouched and bool(content(clause.rest))
    if root in name and (best[0].full_name or untouched or alone):
        return replace(clause, rest=clause.text, command="")
    return clause


def named(clause: Clause, world: World) -> Clause:
    """A no or a question that is part of a name is neither: "do not disturb" where a switch is called so."""
    if clause.marked or not (clause.negative or clause.question or clause.condition or clause.told):
        return clause
    if not any(is_part(clause.text, fold(match.stream.name)) for match in world.rank(clause.text)[:3]):
        return clause
    return Clause(clause.text, clause.text, sentence=clause.sentence)


def _stems(name: str) -> list[str]:
    return [stem(word) for word in content(fold(name))]


def carry_on(reading: Reading, clause: Clause, later: Sequence[Clause], world: World) -> Reading:
    """Take in what follows a command in the same breath: "do A, B, and C"."""
    if reading.ask or reading.intent not in ("run", "stop", "verify"):
        return reading
    for other in later:
        if reading.intent == "stop" and other.sentence != clause.sentence:
            break
        if other.command in ("", clause.command) and content(other.rest) and not _SAID_TO.match(other.rest):
            found = resolve(other.rest, world, at_work=reading.intent == "stop")
            least = LISTED if reading.intent == "run" else _NAMED
            remark = found.kind == "id" and any(word.isalpha() for word in content(other.rest))
            if found.score >= _LIKELY and not remark and is_item(other.rest, found, world, least):
                reading = join(reading, Reading(reading.intent, found, found.score, found.evidence))
    return reading


def _act(clause: Clause, around: Sequence[Clause], world: World) -> Reading | None:
    """stop, verify, explain: commands for what exists."""
    intent, rest = clause.command, clause.rest
    if intent == "stop" and (bare := _bare_stop(clause, around, world)):
        return bare
    if intent != "explain" and _is_private(rest, 6) and "agent" not in rest:
        return None
    found = resolve(rest, world, at_work=True)
    if not found and not content(rest) and (not rest or _ONE_AGENT.search(rest)):
        found = _referent(clause, around, world)
    if found.kind == "unknown_id" or found.candidates:
        return Reading(intent, found, 0.5, found.evidence, ask=True)
    if not found.streams or (intent == "stop" and _is_far_fetched(found, world)):
        return _unfound(clause, world)
    described = found.kind == "name" and len(found.streams) == 1 and _is_described(rest, world)
    idle = (
        found.kind == "name"
        and not rest.startswith("the ")
        and not any(stream.id in world.running for stream in found.streams)
    )
    doubt = intent == "stop" and (described or idle) and not _AT_WORK.search(rest)
    confirm = doubt or (clause.marked and not clause.polite)
    return Reading(intent, found, found.score, found.evidence, confirm=confirm)


def _bare_stop(clause: Clause, around: Sequence[Clause], world: World) -> Reading | None:
    """A stop that names no work: of who was called first, of nothing, or of all that runs."""
    if not content(clause.text.replace(clause.word, " ")) and (named := _called(clause, around, world)):
        return Reading("stop", named, named.score, named.evidence)
    if _NOTHING.match(clause.rest):
        return Reading("none", evidence=clause.rest[:20])
    everyone = ALL.search(clause.rest) or EVERYONE.search(clause.rest) or set(clause.rest.split()) <= _WHO_WORKS
    if content(clause.rest) or not everyone:
        return None
    return Reading("stop_all", evidence=f"the word {clause.word}", confirm=clause.marked)


def _is_far_fetched(found: Found, world: World) -> bool:
    """A weak fit of work that nobody is at: "turn off the lights"."""
    return found.score < _LIKELY and not any(stream.id in world.running for stream in found.streams)


def _is_described(text: str, world: World) -> bool:
    """True when folded `text` fits prose only: "stop double bookings" may be the work, and not its agent."""
    top = world.rank(text)[:1]
    return bool(top) and top[0].score < LISTED


def _called(clause: Clause, around: Sequence[Clause], world: World) -> Found:
    """Whom a bare "stop" is for when somebody was called first: "parser agent, stop"."""
    place = next((number for number, other in enumerate(around) if other.text == clause.text), 0)
    before = around[place - 1] if place else None
    if before is None or before.command or before.negative or before.question or before.sentence != clause.sentence:
        return Found()
    found = resolve(before.text, world, at_work=True)
    meant = is_item(before.text, found, world) or bool(_AT_WORK.search(before.text))
    return found if found.streams and found.score >= _LIKELY and meant else Found()


def _unfound(clause: Clause, world: World) -> Reading:
    """A command for something that the roadmap does not hold."""
    live = tuple(stream for stream in world.streams if stream.id in world.running)
    if clause.command == "stop" and not content(clause.rest):
        if len(live) == 1:
            return Reading("stop", Found(live, kind="name"), 0.8, "the only one that runs")
        evidence = "several agents run" if live else "no agent runs"
        return Reading("stop", Found(candidates=live), 0.6, evidence, ask=True)
    if _OUR_WORK.search(clause.text) or not content(clause.rest):
        return Reading(clause.command, Found(), 0.5, NOTHING_FITS, ask=True)
    return Reading("none", score=0.7, evidence=NOTHING_FITS)


def _look(clause: Clause, world: World) -> Reading:
    evidence = f"the word {clause.word}"
    if clause.command == "help":
        return Reading("help", evidence=evidence)
    if _STATUS_REPORT.search(clause.text) and not names_one(clause.text, world):
        return report(clause.text, world)
    if clause.command == "report":
        return report(clause.text, world)
    about = resolve(questions.subject(clause.rest), world, at_work=True)
    if about.score < 0.5:
        return Reading(clause.command, evidence=evidence)
    return Reading(clause.command, about, about.score, about.evidence, ask=bool(about.candidates))


def _start(clause: Clause, around: Sequence[Clause], world: World) -> Reading | None:
    if wanted := written(clause.text, world, clause.rest):
        return wanted
    if _NOTHING.match(clause.rest):
        return Reading("none", evidence=clause.rest[:20])
    if content(clause.rest) or ALL.search(clause.rest):
        return _meta(clause, world) or _start_named(clause, world)
    before = _referent(clause, around, world)
    if before:
        return run(before)
    reading = next((r for c in (clause, *around) if (r := _meta(c, world))), None)
    found = reading or _start_named(clause, world)
    itself = Found() if found or clause.rest else resolve(clause.text, world)
    if itself.streams and is_item(clause.text, itself, world, _NAMED):
        return run(itself)
    if not found and _ONE_AGENT.match(clause.rest):
        return Reading("run", score=0.5, evidence="which one is not said", ask=True)
    if found or any(content(c.text) for c in around if c is not clause and c.text != clause.text):
        return found
    return Reading("run", score=0.5, evidence="which one is not said", ask=True)


def _start_named(clause: Clause, world: World) -> Reading | None:
    if (_is_private(clause.text, 8) and clause.word not in _OWN_START) or _is_verse(clause, world):
        return None
    found = resolve(clause.rest, world)
    top = world.rank(clause.text)[:1]
    if found.kind == "selection" and top and clause.word in top[0].words and top[0].cover >= _CERTAIN:
        found = resolve(clause.text, world)
    if not found.streams and content(clause.rest):
        whole = resolve(clause.text, world)
        both = set(whole.streams) & {match.stream for match in world.rank(clause.rest)}
        found = whole if both and whole.score > found.score else found
    return run(found, confirm=clause.marked and not clause.polite) if found else None


def _meta(clause: Clause, world: World) -> Reading | None:
    """Everything, or the next one: said without naming any work."""
    if _WHOLE.search(clause.text) and not names_one(clause.rest, world):
        return Reading("run_all", evidence="the whole roadmap", confirm=clause.marked and not clause.polite)
    said = clause.text if clause.word in ("", "continue", "proceed", "go") else clause.rest
    if any(w not in _GENERAL and w not in NUMBERS and not w.isdigit() for w in content(said)):
        return None
    if _FAILED.search(said) or (not clause.command and not clause.marked and _ALL_IS_WELL.search(clause.text)):
        return None
    if resolve(said, world).kind in ("selection", "id") and not _NEXT_READY.search(said):
        return None
    if (ALL if clause.command else EVERYTHING).search(said):
        if clause.marked and not clause.command:
            return Reading("status", score=0.6, evidence="asks about everything")
        counted = any(word in NUMBERS or word.isdigit() for word in said.split())
        return Reading("run_all", evidence="everything", confirm=(clause.marked and not clause.polite) or counted)
    if not _NEXT.search(clause.text):
        return None
    match = _NEXT_COUNT.search(clause.text)
    word = next((group for group in match.groups() if group), "") if match else ""
    count = int(word) if word.isdecimal() and len(word) < 4 else NUMBERS.get(word, 1)
    parameters = {"count": count} if count > 1 and word not in _FIRST else {}
    confirm = clause.marked and not clause.polite
    return Reading("run_next", evidence="the next one", parameters=parameters, confirm=confirm)


def _referent(clause: Clause, around: Sequence[Clause], world: World) -> Found:
    """What "it" stands for: the nearest clause before, or else after, that names something."""
    place = next((number for number, other in enumerate(around) if other.text == clause.text), 0)
    after = [other for other in around[place + 1 :] if not other.negative]
    for other in [*reversed(around[:place]), *after]:
        found = resolve(other.rest or other.text, world, at_work=clause.command == "stop")
        if found.streams and found.score >= WORTH_SAYING:
            return found
    told = " ".join(other.text for other in around if other is not clause)
    live = [match.stream for match in world.rank(told) if match.stream.id in world.running]
    if clause.command == "stop" and len(live) == 1:
        return Found(
            (live[0],), score=_LIKELY, kind="name", evidence=f"{live[0].id}, the only one at work that was named"
        )
    return Found()


def _is_private(text: str, words: int) -> bool:
    """A short wish about the speaker's own things ("reset my password") is no work of ours."""
    return bool(_MINE.search(text)) and len(text.split()) <= words
