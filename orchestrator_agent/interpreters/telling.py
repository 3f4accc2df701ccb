"""Sentences that tell something and ask for nothing: "I had a dream about the parser", "we finished it last year"."""

from __future__ import annotations

from orchestrator_agent.patterns import regex

_WHEN = (
    r"(?:(?:and|so|well|but|oh|btw|yes|no|honestly|actually|yesterday|earlier|last \w+|this morning"
    r"|\w+ (?:days|weeks|months|years) ago|before|once|recently)[, ]+)*"
)
_WHO = (
    r"(?:i|we|you|he|she|they|it|someone|somebody|everyone|everybody|(?:my|our|his|her|their)(?: \w+){1,3}?"
    r"|(?:the|that) (?:\w+ ){1,3}(?:agent|team|people|guys?|boss|client|customer)s?)"
)
_ADVERB = r"(?: (?:already|just|once|finally|then|also|really|even|never|only))*"
_IRREGULAR = (
    "had told did made got went saw took gave came found knew left kept began ran wrote heard felt met built bought"
    " brought sent lost broke spoke slept fell read taught sold dreamt drove rode threw wore flew grew drew blew woke"
    " froze stole won spent paid rewrote overheard understood forgot"
)
#: What was said, wanted or decided then still holds: "I said the parser", "we decided to start it".
_STILL = r"(?:wanted|needed|asked|wished|hoped|wondered|figured|decided|agreed|voted|picked|promised|need|want)"
#: What one was hoping then, one may still hope: "I was wondering if you could".
_HOPED = r"(?:hop|want|wonder|ask|think|wait|go|dream|suggest|propos|plann)ing"
_PAST = regex(
    rf"^{_WHEN}{_WHO}{_ADVERB} ?(?:(?:have|has|had|'ve|'s|'d)(?: (?:already|just|never))* )?"
    rf"(?:(?!{_STILL}\b)(?:{'|'.join(_IRREGULAR.split())}|\w{{2,}}ed)\b(?! to\b)"
    rf"|(?:been|was|were){_ADVERB} (?!{_HOPED}\b)\w{{2,}}ing\b)"
)
_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_SEASON = r"(?:spring|summer|autumn|winter|easter|christmas)"
_TO_COME = (
    rf"(?:tomorrow|tonight|(?:on|next|this|come) {_DAY}|next (?:week|weekend|month|year|quarter|sprint|{_SEASON})"
    rf"|in (?:the )?{_SEASON}|(?:over|on|at) the weekend|(?:before|after|over) (?:the )?(?:{_SEASON}|holidays?)"
    r"|in (?:an?|a few|\w+) (?:days?|weeks?|months?|years?))"
)
_WILL = r"(?:i|we|they|he|she)(?:'ll| will|(?:'re|'m| are| am) (?:going|planning) to| plan to| mean to| hope to)"
#: Whoever says what they will do at a time to come wants nothing done now.
_PLANNED = regex(
    rf"^(?:(?:and|so|well|but|ok|then|maybe|probably)[, ]+)*{_TO_COME}[^,;]{{0,20}},? {_WILL}\b"
    rf"|^{_WHEN}{_WILL}\b.*\b{_TO_COME}$"
)
_SOME_DAY = regex(
    r"^(?:yesterday|last (?:week|month|year|night|time|spring|summer|autumn|winter)),? (?!on\b|i wanted\b)\w"
    r"|\b(?:one day|some ?day|eventually|sooner or later|in the long run|in an ideal world)\b"
)
_MUSING = regex(
    r"^(?:(?:ok|so|well|hm+),? )*(?:let me|lemme|(?:i|we)(?:'ll| will| need to| should| have to| must| want to"
    r"|'d better))"
    r" (?:\w+ )?(?:think|talk|sleep|ponder|discuss|dream|decide)\b|^if only\b"
    r"|^which (?:i|we|he|she|they|nobody|everybody|was|took|made|of course)\b"
    r"|^(?:i|we)(?:'ll| will| may| might)\b.* at some (?:point|time|stage)$"
    rf"|^{_WHEN}{_WHO} used to \w+|\b(?:i|we|he|she|they)(?:'d| would) have (?:\w+ed|{'|'.join(_IRREGULAR.split())})\b"
    r"|^(?:(?:so )?much for|talk about|good luck (?:with|to)|good riddance|(?:oh )?the joys? of|to hell with|too bad"
    r"|(?:what a )?(?:shame|pity)|hooray for|long live|down with|never again)\b"
    r"|^(?:let me|(?:i|we)(?:'ll| will| can|(?:'m|'re| am| are) going to)) .*\b"
    r"(?:myself|ourselves|on (?:my|our) own|by hand)$"
)
#: What follows a mention that only gave occasion to it.
_REMARK = regex(
    r"^(?:remember|recall|imagine) (?:when|how|what|who|that)\b|^guess (?:what|who|how)\b"
    r"|^can you (?:believe|imagine)\b|^(?:nice|great|good|excellent|lovely|brilliant) (?:work|job)$"
    r"|^(?:that|this|it|which) (?:always |really )?(?:takes|makes|sounds|looks|reminds|rings|hurts|was|took|made)\b"
)
_DONE_TO = r"(?:\w{2,}(?<!e)ed|done|gone|written|sent|built|broken|forgotten|paid|sold|made|thrown|taken)"
_DONE = regex(rf"^(?:and )?(?:{_DONE_TO},? )+and {_DONE_TO}$")
_WISHES = regex(
    r"\b(?:please|pls|need|needs|want|must|should|have to|has to|would like|'d like|let's|let us|can you|could you)\b"
)


def tells(text: str) -> bool:
    """True when the clause `text` only tells what was, or what may be some day."""
    if _SOME_DAY.search(text) or _MUSING.search(text) or _PLANNED.search(text):
        return True
    return bool(_PAST.match(text)) and not _WISHES.search(text)


def done(text: str) -> bool:
    """True when `text` only goes on to say what became of something: "merged and forgotten"."""
    return bool(_DONE.match(text))


def remarks(text: str) -> bool:
    """True when the clause `text` only goes on about what was mentioned before it: "that takes me back"."""
    return bool(_REMARK.match(text))
