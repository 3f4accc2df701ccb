"""Sentences to clauses: what each asks for, whether it asks at all, and whether it says no."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from orchestrator_agent.interpreters.lexicon import (
    COMMANDS,
    EXPLAIN,
    FILLERS,
    FOREIGN_ACTS,
    OUTSIDE,
    STOP,
    STRONG_START,
    VERIFY,
)
from orchestrator_agent.interpreters.phrases import phrase
from orchestrator_agent.interpreters.purposes import OTHERS, prevents, serves
from orchestrator_agent.interpreters.refusing import DENIES, VERBS, stays
from orchestrator_agent.interpreters.telling import done, tells
from orchestrator_agent.interpreters.words import content
from orchestrator_agent.patterns import regex


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
    #: Only tells what was or may be.
    told: bool = False
    sentence: int = 0


ALL = regex(
    r"\b(?:everything|all|whole|entire|rest|remaining|remainder|lot|complete roadmap|full|every (?:single"
    r" )?(?:stream|one|agent)"
    r"|the (?:plan|roadmap|backlog|project)|anything|whatever|them all)\b"
)
EVERYONE = regex(r"\b(?:everyone|everybody)\b")
#: Words that mean everything even without a command beside them.
EVERYTHING = regex(
    r"\b(?:everything|(?:every|each) (?:single )?(?:stream|one|task|item|thing|phase)|all(?! of (?:you|us|ya)\b)"
    r"|whole|entire|rest"
    r"|remaining|remainder|the lot)\b"
)
_SENTENCE = regex(r"(?<=[!?;\n])\s*|(?<=\D\.)\s+|(?<=\d\.)\s+(?=\D)|\s+-+\s+(?!\d)")
_CLAUSE = regex(
    r"(?:,?\s+(?:anyways?|anyhow|long story short|bottom line|that said|fair enough)\b[,:]?)+\s+|,\s*|:\s+|\s+(?:but"
    r"|instead|though|because)\s+|\s+(?:and\s+)?then\s+|\s+and\s+(?:please\s+|just\s+|also\s+)?"
    rf"(?=(?:{VERBS}|do|don't|do not|work on|leave|skip|omit|exclude|ignore|put|get|give|go|move|switch|redirect"
    rf"|tell|make)\b|(?:let|show) (?:me|us)\b"
    r"|report(?: back)?(?: to (?:me|us))?[.! ]*$"
    r"|(?:what|how|where|why|when|who) (?:is|are|far|long|much|many|does|do)\b)"
    r"|\s+so\s+(?=(?:please|stop|start|do|get|can|could|let|run|build|kill|pause)\b)"
)
_POLITE = regex(
    r"^(?:(?:can|could|would|will|may|might|won't|couldn't) (?:you|u|we|someone|somebody|anyone|anybody|one of you)"
    r"(?: (?:please|maybe|perhaps|possibly|terribly|awfully|kindly|just|also|finally"
    r"|already|be so (?:kind|good) as to))*"
    r"(?: mind(?: awfully| terribly| very much)?| like to| be able to| want to)?"
    r"|(?:can|could|may|might) (?:i|we)(?: please)?(?= (?:get|have|see)\b)"
    r"|(?:is there )?any chance (?:(?:that )?(?:you|we|someone|somebody) (?:could|can|would)"
    r"|(?:of|for)(?: (?:you|us|someone|somebody|anyone))?(?= \w+ing\b))|do you mind|mind(?= \w+ing)|do you can"
    r"|(?:do you |d'you )?think (?:you|we|someone|somebody) (?:could|can)|(?:can|could|may|might) (?:i|we) "
    r"(?:ask|trouble|bother|beg) you to"
    r"|(?:i|we)(?: was| were|'m|'re)? (?:hoping|hope|trust) (?:that )?you (?:could|can|would|will)"
    r"|fancy(?= \w+ing)|(?:perhaps|maybe),? one (?:might|could|may)"
    r"|(?:would it be|is it|is|it is) (?:at all |perhaps )?"
    r"(?:possible|ok|okay) (?:to|(?:that |for )?(?:you|we)(?: to)?)|how about"
    r"|why (?:don't|not) (?:you|we)|(?:i|we)(?: was| were|'m|'re| am| have been| just)* wonder(?:ing)? (?:if"
    r"|whether) (?:you|someone|somebody|we) (?:could|can|would|might)"
    r"|you (?:may|can|should|could|must|need to|have to|might|will|shall)(?: now| please| also)*"
    r"|(?:(?:would|will|could|can)(?: you)? )?(?:please )?be so (?:kind|good|nice) (?:as to|and|to)"
    r"|(?:i|we) (?:want|need|would like|'d like|ask|wish) (?:that )?you (?:to|are|do|will|should|now|please)) "
)
_LATE_REQUEST = regex(r"\b(?:could|can|would) (?:you|someone|somebody|anyone|we)\b")
_ASKS_INDIRECTLY = regex(
    r"\b(?:i|we|me|us)\b[^,]{0,20}\b(?:know|wonder(?:ing)?|curious|see|find out|learn|hear|ask|no idea|understand|get"
    r"|interest(?:ed|ing) in) (?:if|whether"
    r"|when|how|what|why"
    r"|which|who)\b"
    r"|\b(?:be|keep (?:me|us)) (?:informed|notified|told|consulted|updated|posted)\b"
    r"|\b(?:tell|show|let|say)(?: to)? (?:me|us) (?:know )?(?:if|whether|when)\b"
    r"|\b(?:look(?:ing)?|dig|see|check|find|figure)(?: (?:at|in|into|out|up|on))* why\b|^(?:at|into) (?:why|how|what)\b"
    r"|^(?:i'm |just )?(?:wondering|curious|asking) "
)
_TELLING = regex(r"\b(?:tell|show|let|say)(?: to)? (?:me|us) (?:know )?(?:if|whether|when|why|how|what|which|who)\b")
#: "We should do claims" proposes it; with a question mark it asks.
_PROPOSED = regex(
    r"^(?:(?:i|we|you all|let's|maybe|perhaps|think|guess) )+(?:should|could|might|must|may|can|will|ought to"
    r"|have to|need to)"
    r"(?: probably| maybe| perhaps| really| just| now| also)* (?P<what>(?!not\b|be\b|i\b|we\b)\w.*)"
)
_HAIL = regex(r"^(?:(?:hey|hi|hello|ok|okay|so|well|o+h|a+h|h+m+|btw|and|also|please|yo|lol|yes|yeah)[, ]+)+")
#: "We could do audio" is a possibility and no wish yet.
_ONE_OF_SEVERAL = regex(r"^(?:(?:and|or|so|maybe) )*(?:i|we) (?:could|might|may)\b(?! (?:please|(?:really )?use)\b)")
_CONDITION = regex(
    r"^(?:and |but |then |so |ok |well |now )*(?:if|once(?! (?:at|on|in|more|again)\b)|after"
    r"|unless|until|as soon as|before|while|when"
    r" (?=.+ (?:is|are|has|was|have|will be"
    r"|say|tell|want|give|gets|finishes|passes|pass|lands|merges|works)\b)"
    r"|wait)\b(?! (?:possible|you (?:can|like|want|please)|not)\b)"
)
_AFTER_CONDITION = regex(
    r"\s+(?=(?:please )?(?:start|begin|stop|verify|run|do|make|launch|resume|pause|kill|build|implement|restart)\b)"
)
_LATE_CONDITION = regex(
    r"(?<!look)(?<!looks)(?<!looking)(?<! day)(?<!days)(?<!hour)(?<!hours)(?<!week)(?<!minutes)\s+(?=(?:if|once"
    rf"|after|unless|until(?!\s+\d)|as soon as|before|while(?!\s+(?:{OTHERS})\b))\s+(?!possible"
    r"|each\b|every\b|you (?:can|like|want)))"
    r"|\s+and\s+(?=when\s.+\s(?:start|begin|stop|verify|run|do|launch|resume|pause|build)\b)"
)
_ASKS = regex(
    r"^(?:what|which|who|whom|whose|where|when|since when|(?:for|in|on|by|from|to) (?:what|which|whom)(?! it's\b)|why"
    r"|how|is|are|am|was|were|has|have (?:you|we|they|i|any|all)|had"
    r"|did|does|do (?:you|we|i"
    r"|they|any)"
    r"|should|shall|ought|can|could|would|will|may|might|isn't|aren't|wasn't|hasn't|haven't|doesn't|didn't|shouldn't"
    r"|won't|can't"
    r"|any(?:thing)? (?:on|about|from|(?:i|we|you) (?:can|could|should|may))"
    r"|any(?:thing|one|body)? (?:news|progress|update|luck|signs?|movement|word|idea|left|new|further|closer"
    r"|joy|trouble|problems?|snags?"
    r"|blocked|stuck|running)|sup|what's"
    r"|whats|who's|where's"
    r"|how's|hows|when's|why's|whos|wheres)\b"
)
#: "We had coffee" tells; only "had we coffee" asks.
_DECLARES = regex(
    r"^(?:(?:and|so|well|ok|but|then|yes|no|also|hey|hi|hello|now|just) )*(?:i (?:said|meant?|thought)(?: that)? )?"
    r"(?:i|we|you) (?:am|are|was|were|had|have|has|did|do|can|could|will|would|may|might)\b"
)
_LINKING = regex(r"^(?:but|and|so|then|or|well|though|although) (?=\w)")
_RELATIVE_LIST = regex(r"^(?:and|or) (?:who|what|which|how|when|where)\b")
_HOW_IT_IS = regex(
    r"^(?:(?:are )?(?:we|you|things|all|everything)|it|that|this) (?:good|ok|okay|done|clear|set|there|ready)\b"
    r"|^(?:left|remaining|missing|open|next|running|blocked|stuck|ready|done|finished|alive|anything|still \w+ing"
    r"|(?:nearly|almost|about) (?:there|done|ready|finished))$"
)
_WHATS_UP = regex(
    r"\b(?:what'?s|what is) (?:up|wrong|going on|the (?:matter|deal|status|story|problem|holdup))\b"
    r"|^(?!.*\b(?:that|know|which)\b).+ (?:how (?:far|long|much longer)|why(?: (?:stuck|blocked|late|not))?|when)$"
)
_WH = regex(
    r"^(?:is there (?:a|any) (?:\w+ )?reason|what|which|who|whom|whose|where|when|why|how)(?:'s|s)?\b(?! about\b)"
    r"(?! (?:don't|not) (?:you|we)\b)"
)
_TELL_ME = regex(
    r"^(?:tell|show|give|let|say)(?: to)? (?:me|us) (?:know )?(?:a |an |the )?(?:quick |rough |short )?(?P<a>(?:where"
    r"|how|what|who|which|status|idea|overview|state|progress|list).*)"
    r"|^(?:give|send|get) (?:me|us) (?:an? |the |some )*(?:quick |short |brief |latest |little )*(?:updates?|news)\b"
    r"(?: (?:on|about|for|of))?(?P<d>.*)|^(?:update|brief) (?:me|us)(?: (?:on|about))?(?P<e>.*)"
    r"|^(?:any )?(?:updates?|news) (?:on|about|from) (?P<f>.+)"
    r"|^(?:give (?:me|us) )?(?:the |an? )?(?:actual |current |latest |present )?state of (?P<b>.*)"
    r"|^(?:(?:kindly|hereby) )*(?:request|ask for|require) (?:an? |the |some )?(?:\w+ )?(?:update|status|news"
    r"|information"
    r"|overview)(?: (?:regarding|concerning|on|about|of|for))? (?P<g>.*)|^(?:i (?:want|need|would like) |i'd like "
    r"|like |want |need )*to know (?P<c>.*)"
)
_STRONG = regex(
    r"\b(?:please|pls|plz|let's|lets|to|must|should|us|i want you to|you can|now) (?P<verb>start|begin|build"
    r"|implement|launch|run|stop|pause|kill|"
    r"verify|validate|resume|restart|retry|do|finish|redo)\b(?P<rest>.*)"
)
_TRAILING = regex(
    r"^(?:(?:please|can you|could we) )?(?:get|have|want|need|see|i want|i need|i'd like)?\s*(?P<rest>.+?) "
    r"(?:going|started|happen(?:ing)?|done|built|under ?way|moving|running|finished|rolling|off the ground|implemented"
    r"|up and running)(?: (?:now|please|today))*$"
)


#: "1.2 done" may report what has been done, and not wish for it.
_REPORTED = regex(r"(?<!getting )(?:done|finished|started|running|built|implemented)(?: yet| already| by now)?$")
_TRAILING_COMMAND = regex(rf"^(?P<id>#?\d[\w.]*),? (?P<verb>hold|{'|'.join(sorted(VERIFY | EXPLAIN | STOP))})$")
#: "Dome off, lights on".
_SWITCHED = regex(r"^(?P<what>(?:\S+ ){0,2}\S+) (?P<to>on|off)$")
_WISHES = ("get", "have", "want", "need", "see")


#: "So it waits for nothing, right?" asks.
_TAG = regex(
    r", ?(?:correct|right|true|yes|no|is that (?:right|true)|(?:is|does|was|did|has|wo|ca)n't"
    r" (?:it|that|he|she|they)) ?\?\s*$"
)


def unasked(raw: str) -> str:
    """`raw` text without the polite question around its request: "could you tell X ..." is "tell X ..."."""
    folded = raw.casefold()
    hail = _HAIL.match(folded)
    start = hail.end() if hail else 0
    polite = _POLITE.match(folded[start:] + " ")
    return raw[start + polite.end() :] if polite and len(folded) == len(raw) else raw


def clauses(text: str) -> list[Clause]:
    """The clauses of folded text, in order."""
    found: list[Clause] = []
    for number, sentence in enumerate(s for s in _SENTENCE.split(text) if s.strip()):
        mark, tag = sentence.rstrip().endswith("?"), bool(_TAG.search(sentence))
        whole = _TAG.sub("?", sentence) if tag else sentence
        pieces = [piece for part in _pieces(whole) if (piece := part.strip(" .!?;,:\"'()[]\n¿¡"))]
        own = mark and len(pieces) > 1 and _asks_itself(pieces[-1])
        for place, piece in enumerate(pieces, 1):
            marked = mark and (not own or place == len(pieces))
            clause = replace(_clause(piece, marked), sentence=number)
            clause = replace(clause, question=True) if tag and not clause.command else clause
            clause = replace(clause, told=True) if place > 1 and not marked and done(piece) else clause
            found.append(replace(clause, negative=True) if _goes_on(clause, found) else clause)
    return found


def _asks_itself(piece: str) -> bool:
    """True for a question of its own behind an order ("stop 1.2, and what is 1.3 up to"); "is that ok" asks of both."""
    said = _LINKING.sub("", piece)
    return not piece.startswith("or ") and bool(_ASKS.match(said)) and bool(content(said) or _WH.match(said))


def _goes_on(clause: Clause, before: list[Clause]) -> bool:
    """True for a further item of what is left out: "phase 4 except the feed api, feed ranking and the cache"."""
    if len(before) < 2 or clause.command or clause.question or clause.condition:
        return False
    last = before[-1]
    return last.negative and last.text.startswith("except ") and last.sentence == clause.sentence


def _pieces(sentence: str) -> list[str]:
    """Clauses of a sentence; conditions, and a polite request after a longer beginning, are clauses of their own."""
    pieces: list[str] = []
    for piece in _CLAUSE.split(sentence):
        telling, polite = _TELLING.search(piece), _POLITE.match(piece.strip() + " ")
        asks = _ASKS.match(_without_fillers(piece.strip())) and not _CONDITION.match(piece.strip())
        if telling or (asks and not polite):
            pieces.append(piece)
            continue
        if polite:
            request, *rest = _LATE_CONDITION.split(piece.strip()[polite.end() :], maxsplit=1)
            pieces += [piece.strip()[: polite.end()] + request, *rest]
            continue
        request = _LATE_REQUEST.search(piece)
        cut = request.start() if request and len(piece[: request.start()].split()) >= 4 else len(piece)
        for part in (piece[:cut], piece[cut:]):
            begins = _CONDITION.match(part.strip())
            pieces += (_AFTER_CONDITION if begins else _LATE_CONDITION).split(part, maxsplit=1)
    return pieces


def _clause(text: str, marked: bool) -> Clause:
    if _RELATIVE_LIST.match(text) and not marked:
        return Clause(text, text)
    if _ASKS_INDIRECTLY.search(text) and (_TELLING.search(text) or not _POLITE.match(text)):
        return Clause(text, text, question=True, marked=marked)
    if _CONDITION.match(text):
        return Clause(text, text, condition=True, marked=marked)
    if tells(text) and not DENIES.match(_without_fillers(text)):
        return Clause(text, text, told=not marked, question=marked, marked=marked)
    text = _LINKING.sub("", text)
    bare = _without_fillers(text)
    if not marked and (proposed := _PROPOSED.match(text)):
        bare = _without_fillers(proposed["what"])
        if _ONE_OF_SEVERAL.match(text):
            return Clause(text, bare, condition=True)
    elif bare != text and not marked and _DECLARES.match(text) and not _POLITE.match(text + " "):
        return _refusal(text, bare) or replace(_command(text, bare), marked=False)
    elif bare != text and _ASKS.match(text) and not _POLITE.match(text):
        bare = text
    found = _request(text, bare) or _asked(text, bare, _WH) or _refusal(text, bare) or _asked(text, bare, _ASKS)
    found = found or _command(text, bare)
    if _WHATS_UP.search(text) and not found.polite and not found.command:
        return Clause(text, text, question=True, marked=marked)
    if marked and not found.polite and _HOW_IT_IS.match(text):
        return Clause(text, text, question=True, marked=True)
    got = found.word == "get" and not bare.startswith(_WISHES)
    if marked and not found.polite and (got or (not found.command and _REPORTED.search(bare))):
        return Clause(text, text, question=True, marked=True)
    return replace(found, marked=marked)


def _request(text: str, bare: str) -> Clause | None:
    """A request in the form of a question: "can you start ..."."""
    whole = next((part for part in (bare, _HAIL.sub("", text)) if _POLITE.match(part + " ")), text)
    polite = _POLITE.match(whole + " ")
    if polite is None:
        return None
    inner = _without_fillers(whole[polite.end() :].strip())
    refused = bool(DENIES.match(inner))
    clause = _command(text, _without_fillers(DENIES.sub("", inner).strip()) if refused else inner)
    return replace(clause, polite=True, negative=refused)


def _asked(text: str, bare: str, asking: re.Pattern[str]) -> Clause | None:
    if not asking.match(bare) and not (asking.match(text) and bare == _without_fillers(text)):
        return None
    return Clause(text, text, question=True, command=_phrase(bare)[0])


def _refusal(text: str, bare: str) -> Clause | None:
    if prevents(text):
        return None
    denies = next((part for part in (text, bare) if DENIES.match(part)), "")
    if not denies and not stays(text):
        return None
    denied = DENIES.sub("", denies or bare).strip()
    clause = _command(text, _without_fillers(denied))
    return replace(clause, rest=clause.rest or denied, negative=True)


def _command(text: str, bare: str) -> Clause:
    """The clause with the command at its head found, if it has one."""
    name, rest, word = _phrase(bare)
    if name:
        return Clause(text, rest.strip(), name, word)
    head, _, rest = bare.partition(" ")
    if serves(bare):
        return Clause(text, bare)
    wish = None if head in OUTSIDE or head in FOREIGN_ACTS else _TRAILING.match(bare)
    if wish and head in _WISHES:
        return Clause(text, wish["rest"], "run", "get")
    root = head if head in COMMANDS else _root(head)
    if root in COMMANDS:
        return Clause(text, rest.strip(), COMMANDS[root], head)
    if wish and not _REPORTED.search(bare):
        return Clause(text, wish["rest"], "run", "get")
    if match := _TRAILING_COMMAND.match(bare):
        return Clause(text, match["id"], COMMANDS.get(match["verb"], "stop"), match["verb"])
    if (switched := _SWITCHED.match(bare)) and head not in OUTSIDE and content(switched["what"]):
        return Clause(text, switched["what"], "stop" if switched["to"] == "off" else "run", switched["to"])
    strong = _STRONG.search(text)
    if strong:
        return Clause(text, strong["rest"].strip(), COMMANDS[strong["verb"]], strong["verb"])
    return Clause(text, bare)


def _phrase(bare: str) -> tuple[str, str, str]:
    if found := phrase(bare):
        return *found, "phrase"
    if match := _TELL_ME.match(bare):
        return "status", next((group for group in match.groups() if group is not None), ""), "phrase"
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
