"""What people say around what they want, taken away or put plainly: letters, dictation, short forms, second thoughts.

Knows no roadmap and no command's meaning; everything after it reads the same words whoever wrote them.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from orchestrator_agent.patterns import regex

_DIGITS = {
    word: str(value)
    for value, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
}
_SPOKEN_ID = regex(rf"\b({'|'.join(_DIGITS)}|\d+) (?:point|dot) ({'|'.join(_DIGITS)}|\d+)\b")
_STUTTER = regex(r"\b(no|yes|wait|stop|start|the|a|and|to)(?:,? \1)+\b(?!')")
_ON_BOARD = regex(r"\bon board(?= (?:of )?(?:the|our|a)\b|$|[,.!?])")
_FOR_ME = regex(r" for (?:me|us)(?=[,.!?]|$| please\b)")
_GAPS = regex(r"  +")
_PICTURES = regex("[\u2190-\u2bff\ufe0f\u200d\U0001f000-\U0001faff]+")
_HESITATION = regex(r",?\s*\b(?:u+h+m*|u+m+|erm+|ehm+|ähm?)\b,?")
#: Roman numerals and www are no long vowels.
_DRAWN_OUT = regex(r"([a-hj-vx-z])\1{2,}")
_SPOKEN_MARKS = (
    (regex(r"(?:^|\s+)comma\s+"), ", ", "comma"),
    (regex(r"\s+question mark(?:\s+|$)"), "? ", "mark"),
    (regex(r"\s+(?:full stop|period)(?:\s+|$)"), ". ", "period"),
)
_SHORT = {
    "u": "you",
    "r": "are",
    "em": "them",
    "w": "with",
    "w/": "with",
    "b4": "before",
    "cuz": "because",
    "kk": "ok",
    "till": "until",
    "wats": "what is",
    "nvm": "never mind",
    "rn": "right now",
    "gimme": "get",
    "wtf": "what",
    "wth": "what",
    "idk": "i do not know",
    "idc": "i do not care",
}
_SHORT_WORD = regex(
    r"(?<![\w.'-])(?:" + "|".join(map(re.escape, sorted(_SHORT, key=len, reverse=True))) + r")(?=[ ,.!?]|$)"
)
_WHY = regex(r"^y(?= (?:is|are|was|isn't|isnt|does|doesn't|do|did|can't|the)\b)")
_GREETING = regex(
    r"^(?:(?:dear|hello|hi|hey|good (?:morning|afternoon|evening|day))\b(?: [^\W\d]+){0,3}\s*[,!\n]\s*)+(?=\S)",
    re.IGNORECASE,
)
_CLOSING = regex(
    r"[,.!?\n ]\s*(?:(?:with )?(?:kind|best|warm|kindest|warmest|many) (?:regards|wishes|thanks)|regards|sincerely"
    r"|yours (?:truly|faithfully|sincerely)|thank(?:s| you)(?: very much)? in"
    r" advance)\b(?:[\s,.!]+[\w.]+){0,5}[\s.!]*$",
    re.IGNORECASE,
)
_HAIL = regex(
    r"^(?:(?:hey|hi|hello|yo|ok|okay|so|well|alright|btw|oh|u+h+m*|u+m+|(?:just )?(?:a )?quick (?:one|question|thing"
    r"|request)(?=[:,]))"
    r"[,:!]? )+(?=\w)",
    re.IGNORECASE,
)
_FAREWELL = regex(
    r"(?<=\w)[,.! ]+(?:(?:thanks|thank you|thx|ty|ta|cheers|(?:pretty )*please|pls|plz|lol|haha)"
    r"(?: (?:a lot|so much|very much"
    r"|again"
    r"|all|everyone))?(?:[,.! ]+|$))+$",
    re.IGNORECASE,
)
#: When, in words that change nothing about what is wanted.
_WHENEVER = regex(
    r",?\s*\b(?:at (?:your|the) earliest(?: possible)? convenience|with immediate effect|effective immediately"
    r"|until further notice|without (?:further )?delay|with (?:top|high|highest) priority|in whatever order(?: you"
    r" (?:like|want|prefer))?|in any order"
    r"|(?:when(?:ever)?|if|once|as soon as) you(?:'ve got| have| get| find) (?:a |some |the )?(?:free |spare )?"
    r"(?:moment|minute|second|time|chance|sec|capacity)|if you (?:don't|do not|wouldn't) mind"
    r"|if (?:that|it)(?:'s|isn't| is| isn't)?(?: not)? (?:"
    r"too (?:much|big an?) (?:trouble|bother|work|hassle|ask|to ask)|(?:any |no |a )?(?:trouble|bother|problem)"
    r"|possible|(?:ok|okay|fine|cool|alright|all right) (?:with|for|by) you)"
    r"|if (?:i|memory) (?:remember|recall|serves?)(?: me)?(?: right| rightly| correctly| well)?|if i'm not mistaken"
    r"|(?:once|when|since) you(?:'re| are) at it"
    r"|whatever (?:it|that) (?:costs?|takes?)|at (?:any|all) (?:costs?|price)|no matter what|if i may"
    r"|(?:stop|correct) me if i'm (?:wrong|mistaken)(?:,? but)?)\b(?: please)?,?"
)
#: "With reference to our call, ..." and "get somebody to ..." are only ways to begin.
#: Oaths, and the machine called by what it is.
_OATH = regex(
    r"(?:^|(?<=[.!?,;\n] ))(?:(?:for (?:the love of \w+"
    r"|(?:god|goodness|heaven|christ|pete|fuck)'?s?|crying out loud)(?:'s)?"
    r"(?: sakes?)?|ffs|(?:god ?)?damn(?: it|ed)?|dammit|(?:oh )?my god|jesus(?: christ)?|christ|bloody hell"
    r"|what the (?:hell|heck|fuck)"
    r"|argh+|gr+|ugh+|sheesh|good grief|holy \w+|seriously|i swear|come on|look|listen|mate)[,.! ]+)+(?=\w)"
)
_MACHINE = regex(
    r"^(?:(?:computer|robot|machine|assistant|bot|orch|orchestrator|claude|siri|alexa)[,! ]+)+(?=(?P<word>\w+))"
)
#: Asked in anger, and nothing that anybody wants to know.
_RHETORICAL = regex(
    r"(?:^|(?<=[.!?,;] ))(?:(?:so |and |hello,? )?(?:are you (?:deaf|blind|kidding(?: me)?|serious|asleep"
    r"|(?:even )?listening|stupid|nuts|mad)|is this a joke|how hard can (?:it|that) be|what are you waiting for"
    r"|how (?:many times|often) (?:do|must|should) (?:i|we) (?:have to |need to )?(?:say|ask|tell)"
    r"(?: you| it| this| that)*"
    r"|do (?:i|we) have to (?:beg|spell it out))[?!]+ ?)+(?=\w|$)"
)
#: "4.x" and "4.*", "P4" and "ph 4".
_ALL_OF_PHASE = regex(r"(?<![\w.])(\d{1,2})\.[x*](?![\w.])")
_SHORT_PHASE = regex(r"\bp(?:h\.? ?)?(\d{1,2})\b(?![.\w])")
_GLAD_TO_HEAR = regex(
    r"^(?:i|we)(?:'d| would| should) (?:be |feel )?(?:very |so |most )?(?:glad|happy|curious|interested|pleased"
    r"|grateful|love|like) to (?:hear|know|learn|be told) (?=how|what|why|whether|if|when|which|who|where)"
)
_MAY_I_ASK = regex(
    r"^(?:may|might|can|could) i (?:please |just )?(?:ask|inquire|enquire),?"
    r" (?=how|what|why|whether|if|when|which|who|where)"
)
_ON_EARTH = regex(r"\b(what|where|who|why|how|when) (?:the (?:hell|heck|fuck|devil)|on earth|in the world)\b")
_AT_LEAST = regex(r"\bat (?:least|last)\b,? (?!\d|one\b|two\b|three\b|four\b|five\b)")
_OCCASION = regex(
    r"^(?:with (?:reference|regard|respect) to|further to|following|as (?:discussed|agreed|per|promised)|in (?:view"
    r"|light)"
    r" of|due to|regarding) [^,]{1,80},\s+(?=\w)"
)
_SOMEBODY = regex(
    r"\b(?:(?:get|ask|have|find) (?:me )?(?:someone|somebody|anyone|anybody|an agent|one of (?:you|them)) (?:else"
    r" )?(?:to|who (?:can|will)))"
    r" (?=[a-z])"
)
_PULL = regex(r"\b(?:pull|bench|nuke)(?= (?:it|them|him|her)(?: off| out)?[.! ]*$)")
_NOT_AT_ONCE = regex(
    r"(?:,? but)? not (?:in parallel|at (?:once|the same time)|simultaneously|concurrently|side by side)\b"
)
_BE_TOLD = regex(
    r"^(?:please |kindly )?(?:(?:be (?:advised|informed|aware|assured|told))|note|take note|know)(?: that|,)\s+"
)
_AND_THEN = regex(
    r"(?:,? and)?,? (?:after that|after this(?! (?:afternoon|morning|evening|week|month|one|is)\b)"
    r"|afterwards|thereafter),? "
)
#: "What I need is X" and "X it is" are wishes and no questions.
_CLEFT = regex(
    r"(?:^|(?<=[.!,;:] ))(?:all |and )?what (?:i|we) (?:really |actually |now )*(?:need|want)(?: now| most)? is "
    r"|\bif there(?:'s| is) (?:any|one )thing (?:that )?(?:i|we)(?:'d| would)? (?:\w+ ){1,4}it(?:'s| is) "
)
#: Two noes are a yes.
_NO_REASON_NOT = regex(
    r"\b(?:(?:there(?:'s| is) |i (?:see|find|have) )?no|(?:i )?(?:still )?(?:can't|cannot|don't)"
    r" (?:find|see|think of|have) (?:a|any|one)(?: good| single)?) reason (?:why )?not to "
)
_VOTES = regex(
    r"\bmy (?:vote|money|pick|choice) (?:goes to|goes for|is on|is for|is|would be) |\bi (?:cast my )?vote for "
)
#: "X is what we need" and "X is the one" wish the same from behind.
_CLEFT_LAST = regex(
    r"(?P<what>[^,.:;?!]+?) is (?:exactly |just )?(?:what (?:i|we) (?:need|want)|the one)\b"
    r"(?: now| most| next)*(?=[,.!; ]*$)"
)
_SO_IT_IS = regex(
    r"(?:^|(?<=[,.:;] ))(?!(?:how|what|where|which|who|when|why|as|not|leave|keep|if|because)\b)(?P<what>[^,.:;?]+?)"
    r"(?<! as)(?<! how)(?<! what)(?<! where)(?<! that),? it is(?: then)?[.! ]*$"
)
_NO_WAY = regex(
    r"\b(?:under no (?:circumstances?|conditions?)|on no account|in no case|by no means|at no time|in no way)\b"
    r"(?: (?:should|must|may|can|shall|will|do|are|is)\b)?(?: (?:you|we|anybody|anyone)\b)?"
)


def trimmed(text: str) -> str:
    """`text` in its own case without what a letter or a chat puts before and after it; all of it when nothing is"
    " left."""
    kept = _FAREWELL.sub("", _CLOSING.sub("", _HAIL.sub("", _GREETING.sub("", text)))).strip()
    return kept or text


def _pause(match: re.Match[str]) -> str:
    """A comma is left of what stood between two."""
    return ", " if match[0].startswith(",") and match[0].endswith(",") else ""


def plainly(text: str, known: Callable[[str], bool]) -> str:
    """Folded English `text` without what only accompanies it.

    Args:
        known: tells whether the roadmap uses a word; such a word is no short form.
    """
    text = _PICTURES.sub(" ", text).strip() or text
    text = _RHETORICAL.sub("", text).strip() or text
    text = _SOMEBODY.sub("", _BE_TOLD.sub("", _OCCASION.sub("", trimmed(text))))
    text = _AT_LEAST.sub("", _MACHINE.sub(lambda m: m[0] if known(m[0].strip(" ,!")) else "", _OATH.sub("", text)))
    text = text if known("aboard") else _ON_BOARD.sub("aboard", text)
    text = _FOR_ME.sub("", _STUTTER.sub(r"\1", text))
    text = _GLAD_TO_HEAR.sub("tell me ", _MAY_I_ASK.sub("", text))
    text = _ON_EARTH.sub(r"\1", text)
    text = _ALL_OF_PHASE.sub(r"phase \1", text)
    text = _SHORT_PHASE.sub(lambda m: m[0] if known(m[0]) else f"phase {m[1]}", text)
    text = _HESITATION.sub(" ", _DRAWN_OUT.sub(r"\1", text)).strip()
    text = _SPOKEN_ID.sub(lambda m: ".".join(_DIGITS.get(part, part) for part in m.groups()), text)
    for pattern, mark, word in _SPOKEN_MARKS:
        text = text if known(word) else pattern.sub(mark, text)
    text = _SHORT_WORD.sub(lambda m: m[0] if known(m[0]) else _SHORT[m[0]], _WHY.sub("why", text))
    text = _NOT_AT_ONCE.sub(" sequentially", _PULL.sub("stop", text))
    text = _AND_THEN.sub(" and then ", _WHENEVER.sub(_pause, text))
    text = _VOTES.sub("i need ", _NO_REASON_NOT.sub("let's ", text))
    text = _CLEFT_LAST.sub(lambda m: f"i need {m['what'].strip()}", text)
    text = _CLEFT.sub("i need ", _NO_WAY.sub("do not", text))
    return _GAPS.sub(" ", _SO_IT_IS.sub(lambda m: f"start {m['what']}", text)).strip()
