"""Sentences that tell something and ask for nothing: "I had a dream about the parser", "we finished it last year"."""

from __future__ import annotations

from orchestrator_agent.patterns import regex

_WHEN = (
    r"(?:(?:and|so|well|but|oh|btw|yes|no|honestly|actually|yesterday|earlier|last \w+|this morning"
    r"|\w+ (?:days|weeks|months|years) ago|before|once|recently)[, ]+)*"
)
_WHO = (
    r"(?:i|we|you|he|she|they|it|someone|somebody|everyone|everybody|(?:my|our|his|her|their) \w+"
    r"|(?:the|that) (?:\w+ ){1,3}(?:agent|team|people|guys?|boss|client|customer)s?)"
)
_ADVERB = r"(?: (?:already|just|once|finally|then|also|really|even|never|only))*"
_IRREGULAR = (
    "had told did made got went saw took gave came found knew left kept began ran wrote heard felt met built bought"
    " brought sent lost broke spoke slept fell read taught sold"
)
#: What was said, wanted or decided then still holds: "I said the parser", "we decided to start it".
_STILL = r"(?:wanted|needed|asked|wished|hoped|wondered|figured|decided|agreed|voted|picked|promised|need|want)"
_PAST = regex(
    rf"^{_WHEN}{_WHO}{_ADVERB} (?:(?:have|has|had|'ve|'d)(?: (?:already|just|never))* )?"
    rf"(?!{_STILL}\b)(?:{'|'.join(_IRREGULAR.split())}|\w{{2,}}ed)\b(?! to\b)"
)
_TOLD_OTHERS = regex(rf"^{_WHEN}(?:i|we){_ADVERB} (?:told|asked|got|had) (?!you\b)\w+ to\b")
_HEARD = regex(
    r"\b(?:come to (?:my|our) (?:attention|notice|ears)"
    r"|(?:been|am|are|was|were|i'm|we're) (?:told|informed|warned|reminded|advised) (?:that|about)"
    r"|^(?:i|we|you|they|he|she) (?:have|has|had) (?!to\b).+ (?:done|made|started|stopped|finished|built)$"
    r"|(?:rumou?r|word) has it|(?:i|we)(?:'ve| have)? (?:hear|heard|noticed?|understand|see) that)\b"
)
_SOME_DAY = regex(
    r"^(?:yesterday|last (?:week|month|year|night|time|spring|summer|autumn|winter)),? (?!on\b|i wanted\b)\w"
    r"|^(?:one day|some ?day|eventually|sooner or later|in the long run|in an ideal world)\b"
)
_MUSING = regex(
    r"^(?:(?:ok|so|well|hm+),? )*(?:let me|lemme|(?:i|we)(?:'ll| will| need to| should| have to| must| want to"
    r"|'d better))"
    r" (?:\w+ )?(?:think|talk|sleep|ponder|discuss|dream|decide)\b|^if only\b"
    r"|^(?:let me|(?:i|we)(?:'ll| will| can)) .*\b(?:myself|ourselves|on (?:my|our) own|by hand)$"
)
#: What follows a mention that only gave occasion to it.
_REMARK = regex(
    r"^(?:remember|recall|imagine) (?:when|how|what|that)\b|^guess (?:what|who|how)\b|^can you (?:believe|imagine)\b"
    r"|^(?:that|this|it|which) (?:always |really )?(?:takes|makes|sounds|looks|reminds|rings|hurts|was|took|made)\b"
)
_STATES = regex(
    r"^(?!.*\b(?:that|when)\b).*(?<!which )(?<!who )(?<!what )(?<!whatever )(?<!whoever )(?<!agent )(?<!is )"
    r"\b(?:i'm|i am|we're|you're|is|are|was|were|isn't|aren't|seems|looks|keeps|kept|loves?|hates?|has|had|sounds"
    r"|sucks|rocks|annoys|costs|likes|enjoys?|smells|bores|scares|went|came|took|broke|fell)\b(?! to\b)"
    r"|^(?:so |and )*the (?:\w+ ){1,3}?"
    r"(?:\w{3,}ed|sold|lost|made|got|ran|built|bought|sent|won|took|gave|ate|died)(?: again| already)?"
    r"(?:$| (?:the|a|an|my|our|all|it|me|us|no|some|two|three|\d+)\b)"
    r"|\boff$|^\S+(?: \S+){0,3} (?:done|finished|running|started)$"
    r"|^(?:(?:i|we|you|they|he|she|someone|somebody|have|has|had|already|just) )+(?:done|did|finished|started"
    r"|built|made|fixed"
    r"|completed|implemented|stopped|ran|tried|looked"
    r"|talked|spoke|thought|discussed|argued|dreamt|dreamed|read|heard|laughed|complained|asked|wrote)\b|^about\b"
    r"|^(?:(?:so|and|well|btw|oh) )*(?:our|my|their|his|her|another|some|someone|somebody|everyone|everybody|they|he"
    r"|she)\b"
    r"(?: [\w']+){0,5} (?:\w{3,}ed|bought|built|made|got|had|sold|sent|went|did|said|told|ran|broke|found|lost|saw)\b"
)
#: Words for an end or a wait: work that is mentioned beside them is not started without a yes.
_AGAINST = regex(
    r"\b(?:stop(?:ped|s|ping)?|halt(?:ed)?|paused?|cancel(?:led|ed)?|kill(?:ed)?|suspended|aborted|on hold|enough"
    r"|wait|quit"
    r"|never|not|cannot|thanks|thank|don't|forget|instead of|no longer|no more)\b|n't\b"
)
#: What work is about may well say no: "warn when two drugs do not go together".
_SUBORDINATE = regex(r" (?:when|that|which|who|whose|where|so)\b.*$")
_WISHES = regex(
    r"\b(?:please|pls|need|needs|want|must|should|have to|has to|would like|'d like|let's|let us|can you|could you)\b"
)


def tells(text: str) -> bool:
    """True when the clause `text` only tells what was, or what may be some day."""
    if _TOLD_OTHERS.match(text) or _HEARD.search(text) or _SOME_DAY.match(text) or _MUSING.search(text):
        return True
    return bool(_PAST.match(text)) and not _WISHES.search(text)


def remarks(text: str) -> bool:
    """True when the clause `text` only goes on about what was mentioned before it: "that takes me back"."""
    return bool(_REMARK.match(text))


def states(text: str) -> bool:
    """True when the clause `text` says how something is; work in it is not started without a yes."""
    return bool(_STATES.search(text))


def against_it(text: str) -> list[str]:
    """The words for an end, a wait or a no in the main part of the clause `text`."""
    return _AGAINST.findall(_SUBORDINATE.sub("", text))
