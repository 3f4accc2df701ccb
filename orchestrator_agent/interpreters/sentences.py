"""Sentences to clauses: what each asks for, whether it asks at all, and whether it says no."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from orchestrator_agent.interpreters.lexicon import COMMANDS, FILLERS, MENDABLE, NUMBERS, STRONG_START

#: A small number in digits or in words.
NUMBER = "(?:" + "|".join([r"\d{1,3}", *NUMBERS]) + ")"


@dataclass(frozen=True, slots=True)
class Clause:
    """A piece of a sentence that asks for one thing, or for nothing."""

    text: str
    #: The words after the command, or the whole text.
    rest: str
    #: "run", "stop", "verify", "status", "report", "explain", "help", or empty for a bare phrase.
    command: str = ""
    #: The command's own word.
    word: str = ""
    negative: bool = False
    question: bool = False
    #: A request in the form of a question ("can you start ..."), or with a question mark only.
    polite: bool = False
    marked: bool = False
    #: Says when, and not what: "once 1.2 is done".
    condition: bool = False
    sentence: int = 0


_SENTENCE = re.compile(r"(?<=[!?;\n])\s*|(?<=\D\.)\s+|(?<=\d\.)\s+(?=\D)|\s+-+\s+(?!\d)")
_CLAUSE = re.compile(
    r",\s*|:\s+|\s+(?:but|instead|though|because)\s+|\s+(?:and\s+)?then\s+|\s+and\s+(?:please\s+|just\s+|also\s+)?"
    r"(?=(?:start|begin|stop|verify|run|do|launch|resume|pause|kill|don't|do not|leave|build|implement|restart|kick"
    r"|retry|validate)\b)"
    r"|\s+so\s+(?=(?:please|stop|start|do|get|can|could|let|run|build|kill|pause)\b)"
)
_POLITE = re.compile(
    r"^(?:(?:can|could|would|will|may|might|won't|couldn't) (?:you|u|we|someone|somebody|anyone|anybody|one of you)"
    r"(?: (?:please|maybe|perhaps|kindly|just|also|be so kind as to))*(?: mind| like to| be able to| want to)?"
    r"|(?:is there )?any chance (?:you|we|someone|somebody) (?:could|can|would)|do you mind|mind(?= \w+ing)"
    r"|fancy(?= \w+ing)"
    r"|would it be (?:possible|ok|okay) to|is it possible to|how about|why (?:don't|not) (?:you|we)"
    r"|i wonder if you could) "
)
_LATE_REQUEST = re.compile(r"\b(?:could|can|would) (?:you|someone|somebody|anyone|we)\b")
_ASKS_INDIRECTLY = re.compile(
    r"\b(?:i|we|me|us)\b[^,]{0,20}\b(?:know|wonder|curious|see|find out|learn|ask) (?:if|whether|when|how|what|why"
    r"|which|who)\b"
    r"|\b(?:tell|show) (?:me|us) (?:if|whether|when)\b|^(?:i'm |just )?(?:wondering|curious|asking) "
)
_CONDITION = re.compile(
    r"^(?:and |but |then )*(?:if|once|after|unless|until|till|as soon as|before|while|when (?=.+ (?:is|are|has|was"
    r"|gets|finishes)\b)"
    r"|wait)\b(?! (?:possible|you (?:can|like|want|please)|not)\b)"
)
_AFTER_CONDITION = re.compile(
    r"\s+(?=(?:please )?(?:start|begin|stop|verify|run|do|launch|resume|pause|kill|build|implement|restart)\b)"
)
_LATE_CONDITION = re.compile(
    r"\s+(?=(?:if|once|after|unless|until|till|as soon as|before|while)\s+(?!possible|you (?:can|like|want)))"
)
_ASKS = re.compile(
    r"^(?:what|which|who|whom|whose|where|when|why|how|is|are|am|was|were|has|have (?:you|we|they|i|any|all)|had"
    r"|did|does|do (?:you|we|i"
    r"|they|all|any)"
    r"|should|shall|can|could|would|will|may|might|isn't|aren't|wasn't|hasn't|haven't|doesn't|didn't|shouldn't"
    r"|won't|can't"
    r"|any(?:thing|one|body)? (?:news|progress|update|luck|word|idea|left|new|blocked|stuck|running)|sup|what's"
    r"|whats|who's|where's"
    r"|how's|hows|when's|why's|whos|wheres)\b"
)
_DENIES = re.compile(
    r"^(?:i (?:said|told you|really|just) |and |but |we |i |you |please |no,? |ok |so |to )*"
    r"(?:don't|dont|do not|never|not|no(?= \w)|nothing|skip|leave (?=.*\b(?:alone|out|as|be|for now|aside)\b)"
    r"|hold off|hold on with|let (?=.+ be$)|exclude|omit|postpone|defer|delay|deprioriti[sz]e|keep (?!going\b|on\b"
    r"|at it\b)"
    r"|forget|ignore|avoid|refrain|without|except|minus|excluding|rather not|won't|will not|must not|shouldn't"
    r"|should not|can't"
    r"|stop (?:asking|talking|fiddling|wasting|messing|worrying|bothering|complaining|discussing|arguing|playing"
    r"|thinking)"
    r"|(?:it'?s |that'?s )?(?:enough|no need))\b"
)
_STAYS = re.compile(
    r"(?:\bnot|n't|\bnever|\bnobody|\bno one)(?: \w+){0,3} (?:start|run|touch|stop|begin|work|do|done|build"
    r"|launch)(?:s|ed|ped|ning|ing)?\b"
    r"|"
    r"\b(?:stays?|remains?) (?:as|out|where|put|untouched)|\b(?:can|should) wait\b|\bnot (?:yet|now|today)$"
    r"|\bis off limits\b"
)
_PHRASES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "stop",
        re.compile(
            r"^(?:switch|turn) off (?P<m>.+)|^put (?P<a>.+?) on (?:hold|ice)|^pull the plug(?: on)?(?P<b>.*)"
            r"|^(?:shut|wind"
            r"|tear) (?:down )?(?P<c>.+?)(?: down)?$"
            r"|^take (?P<d>.+?) (?:down|offline)$|^(?:get|take|pull) (?:the )?agents? off (?P<e>.+)"
            r"|^cut (?P<f>.+?) short"
            r"|^call (?:off )?(?P<g>.+?)(?: off)?$|^(?:knock|lay) off(?P<h>.*)|^(?:make |tell |get "
            r"|have )?(?P<i>.+?)(?: to)? (?:stop|halt|pause)(?: (?:now|please|immediately|right now|right away))*$"
            r"|^bring (?P<j>.+?) to a (?:halt|stop)$|^hold (?P<k>.+)|^no more (?:work on )?(?P<l>.+)"
        ),
    ),
    (
        "verify",
        re.compile(
            r"^(?:re-?)?run (?:the |its |their |some |all )?(?:tests?|checks?)\b(?: again)?(?: (?:on|for|of"
            r"|against))?(?P<a>.*)"
            r"|^(?:double|re|sanity)[- ]?(?:check|verify|test)(?P<b>.*)|^make sure (?:that )?(?P<c>.+?) (?:works?"
            r"|passes|is (?:ok|fine|right|correct))"
            r"|^(?:does|do) (?P<d>.+?) (?:still )?(?:pass|work)(?: \w+)*$|^prove (?P<e>.+)"
        ),
    ),
    (
        "explain",
        re.compile(
            r"^tell (?:me|us) (?:more )?about (?P<a>.+)|^(?:give me )?(?:the )?details (?:of|on|about) (?P<b>.+)"
        ),
    ),
    (
        "report",
        re.compile(
            r"^(?:write|draw|sum|type)(?: me| us)? (?:it |this |that |things )?up\b(?P<a>.*)"
            r"|^export (?:the )?(?:results?|report|status)\b(?P<b>.*)"
        ),
    ),
    (
        "status",
        re.compile(
            r"^(?:tell|show|give|let) (?:me|us) (?:know )?(?:a |an |the )?(?:quick |rough |short )?(?P<a>(?:where"
            r"|how|what|who|which|status|idea|overview|state|progress|list).*)"
            r"|^state of (?P<b>.*)|^(?:i (?:want|need|would like) |i'd like |like |want |need )*to know (?P<c>.*)"
        ),
    ),
)
_STRONG = re.compile(
    r"\b(?:please|pls|plz|let's|lets|to|must|should|us|i want you to|you can|now) (?P<verb>start|begin|build"
    r"|implement|launch|run|stop|pause|kill|"
    r"verify|validate|resume|restart|retry|do|finish|redo)\b(?P<rest>.*)"
)
_TRAILING = re.compile(
    r"^(?:(?:please|can you|could we) )?(?:get|have|want|need|see|i want|i need|i'd like)?\s*(?P<rest>.+?) "
    r"(?:going|started|done|built|under ?way|moving|running|finished|rolling|off the ground|implemented"
    r"|up and running)(?: (?:now|please|today))*$"
)


_WISHES = ("get", "have", "want", "need", "see")


def clauses(text: str) -> list[Clause]:
    """The clauses of folded text, in order."""
    found: list[Clause] = []
    for number, sentence in enumerate(s for s in _SENTENCE.split(text) if s.strip()):
        mark = sentence.rstrip().endswith("?")
        for piece in _pieces(sentence):
            piece = piece.strip(" .!?;,:\"'()[]\n¿¡")
            if piece:
                found.append(replace(_clause(piece, mark), sentence=number))
    return found


def _pieces(sentence: str) -> list[str]:
    """Clauses of a sentence; conditions, and a polite request after a longer beginning, are clauses of their own."""
    pieces: list[str] = []
    for piece in _CLAUSE.split(sentence):
        if _ASKS.match(_without_fillers(piece.strip())) and not _CONDITION.match(piece.strip()):
            pieces.append(piece)
            continue
        request = _LATE_REQUEST.search(piece)
        cut = request.start() if request and len(piece[: request.start()].split()) >= 4 else len(piece)
        for part in (piece[:cut], piece[cut:]):
            begins = _CONDITION.match(part.strip())
            pieces += (_AFTER_CONDITION if begins else _LATE_CONDITION).split(part, maxsplit=1)
    return pieces


def _clause(text: str, marked: bool) -> Clause:
    if _ASKS_INDIRECTLY.search(text) and not _POLITE.match(text):
        return Clause(text, text, question=True, marked=marked)
    if _CONDITION.match(text):
        return Clause(text, text, condition=True, marked=marked)
    bare = _without_fillers(text)
    if bare != text and (_ASKS.match(text) and not _POLITE.match(text)):
        bare = text
    polite = _POLITE.match(bare + " ") or _POLITE.match(text + " ")
    if polite:
        inner = _without_fillers((bare if _POLITE.match(bare + " ") else text)[polite.end() :].strip())
        refused = bool(_DENIES.match(inner))
        clause = _command(text, _without_fillers(_DENIES.sub("", inner).strip()) if refused else inner)
        return replace(clause, polite=True, marked=marked, negative=refused)
    if _DENIES.match(text) or _DENIES.match(bare) or _STAYS.search(text):
        denied = _DENIES.sub("", text if _DENIES.match(text) else bare).strip()
        inner_clause = _command(text, _without_fillers(denied))
        return replace(inner_clause, rest=inner_clause.rest or denied, negative=True, marked=marked)
    if _ASKS.match(bare) or _ASKS.match(text):
        return Clause(text, text, question=True, marked=marked, command=_phrase(bare)[0])
    clause = _command(text, bare)
    if marked and clause.word == "get" and not bare.startswith(_WISHES):
        return Clause(text, text, question=True, marked=True)
    return replace(clause, marked=marked)


def _command(text: str, bare: str) -> Clause:
    """The clause with the command at its head found, if it has one."""
    name, rest, word = _phrase(bare)
    if name:
        return Clause(text, rest.strip(), name, word)
    head, _, rest = bare.partition(" ")
    wish = _TRAILING.match(bare)
    if wish and head in _WISHES:
        return Clause(text, wish["rest"], "run", "get")
    root = head if head in COMMANDS else _mended(_root(head))
    if root in COMMANDS:
        return Clause(text, rest.strip(), COMMANDS[root], head)
    if wish:
        return Clause(text, wish["rest"], "run", "get")
    strong = _STRONG.search(text)
    if strong:
        return Clause(text, strong["rest"].strip(), COMMANDS[strong["verb"]], strong["verb"])
    return Clause(text, bare)


def _phrase(bare: str) -> tuple[str, str, str]:
    for name, pattern in _PHRASES:
        if match := pattern.match(bare):
            return name, next((g for g in match.groups() if g is not None), ""), "phrase"
    return "", "", ""


def _without_fillers(text: str) -> str:
    """`text` without the small words at its head; never empty unless it was."""
    words = text.split(" ")
    while len(words) > 1 and (words[0].strip(",") in FILLERS):
        words.pop(0)
    return " ".join(words)


def _root(word: str) -> str:
    """ "starting" -> "start"; a word that is no command comes back unchanged."""
    if word.endswith("ing"):
        for root in (word[:-3], word[:-4], word[:-3] + "e"):
            if root in STRONG_START or root in COMMANDS:
                return root
    return word


def _mended(word: str) -> str:
    """A command whose letters were swapped, doubled or dropped; replaced letters make other words and are left."""
    if word in COMMANDS or not 4 <= len(word) <= 12 or not word.isalpha() or word.removesuffix("s") in COMMANDS:
        return word
    for command in MENDABLE:
        if abs(len(command) - len(word)) == 1:
            short, long = sorted((command, word), key=len)
            if any(long[:i] + long[i + 1 :] == short for i in range(len(long))):
                return command
        elif (
            len(command) == len(word)
            and sorted(command) == sorted(word)
            and sum(a != b for a, b in zip(command, word, strict=True)) == 2
        ):
            return command
    return word


@dataclass(frozen=True, slots=True)
class Limits:
    """What was said about how to run, and the text without it."""

    text: str
    max_agents: int | None = None
    dry_run: bool = False
    in_parallel: bool = False


_DRY = re.compile(
    r"(?:--?dry[- ]?run|\bdry[- ]?run\b(?: (?:of|for|on))?|\bpretend to\b|^simulate(?= (?:phase|batch|everything"
    r"|all|\d))"
    r"|,?\s*\b(?:just |only )?(?:show|tell|list|print|preview)(?: me| us)? what would happen\b(?: if you (?:ran"
    r"|started|did))?|\b(?:only |just )?(?:a )?preview\b(?: (?:of|only))?"
    r"|,?\s*\b(?:but )?(?:don't|do not|without) (?:actually |really )?(?:do|doing|run|running|start|starting"
    r"|execute|executing)(?: it| them| anything)?(?: yet)?$"
    r"|\bwhat would (?:you do|happen)(?: if (?:i|we|you) (?:asked for|said|ran|run|started|start|did|do))?"
    r"|\bhypothetically\b)"
)
_WOULD = re.compile(
    r"^what would (?P<what>.+?) look like(?: if .*)?$|^show (?:me )?(?:the )?(?:order|plan) (?:.*? in|for|of)\b"
)
_AGENTS = re.compile(
    rf"(?:\b(?:with|using|use|by|via|on|give it|throw|only|but|and|(?:and )?(?:at )?most|up to|no more than"
    rf"|not more than|never more than|max(?:imum)?(?: of)?|limit(?: to)?)\s+)*"
    rf"\b(?P<n>{NUMBER})\s+(?:(?:parallel|concurrent|more)\s+)?(?:agents?|workers?|coders?|at a time|at once"
    rf"|in parallel|simultaneously|concurrently|side by side)\b"
)
_NO_LIMIT = re.compile(r"\b(?:stop|kill|pause|how|which|what|are|is)\b")
_SERIAL = re.compile(
    r"\b(?:sequentially|serially|one (?:after|by) (?:the other|another|one)|one at a time|in (?:sequence|series)"
    r"|never (?:two|more than one) at (?:once|a time)|not in parallel)\b"
)
_PARALLEL = re.compile(r"\b(?:in parallel|concurrently|simultaneously|side by side|at the same time|at once)\b")


def limits(text: str) -> Limits:
    """Numbers of agents and the wish to only look, taken out of folded `text`."""
    dry = bool(_DRY.search(text))
    if match := _WOULD.match(text.split("?")[0].strip()):
        dry = dry or "if we ran" in text or "if you ran" in text or "preview" in text
        text = (match["what"] or "") if match["what"] and dry else text
    text = _DRY.sub(" ", text) if dry else text
    agents: int | None = None
    if _SERIAL.search(text):
        agents, text = 1, _SERIAL.sub(" ", text)
    match = _AGENTS.search(text)
    if match and not _NO_LIMIT.search(text[: match.start()]):
        value = match["n"]
        agents = agents or (int(value) if value.isdecimal() else NUMBERS[value])
        text = text[: match.start()] + " " + text[match.end() :]
    parallel = bool(_PARALLEL.search(text))
    text = _PARALLEL.sub(" ", text) if parallel else text
    return Limits(re.sub(r"\s+([,?!.])", r"\1", re.sub(r"[ ]+", " ", text)).strip(" ,"), agents or None, dry, parallel)
