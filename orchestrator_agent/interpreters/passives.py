"""Wishes that name the work before the act: "work on X could commence" and "X is to be stopped" become commands."""

from __future__ import annotations

import re

from orchestrator_agent.patterns import regex

_ACTS = {
    "start": "started begun undertaken commenced launched initiated executed resumed restarted retried tackled built"
    " implemented done completed finished developed prioritised prioritized made",
    "stop": "stopped halted paused suspended cancelled canceled aborted terminated killed discontinued frozen ended"
    " ceased"
    " shelved",
    "verify": "verified tested checked reviewed validated inspected audited rechecked reverified retested",
}
_PHRASES = {
    "start": ("taken up", "taken on", "picked up", "worked on", "kicked off", "carried out", "looked after", "set up",
              "taken care of", "seen to"),
    "stop": ("put on hold", "put on ice", "called off", "shut down", "brought to a halt"),
    "verify": (
        "subjected to quality assurance", "subjected to qa", "subjected to testing", "subjected to a review",
        "put through qa", "put to the test",
    ),
}  # fmt: skip
_ITSELF = {
    "start": (
        "commence",
        "commences",
        "begin",
        "begins",
        "start",
        "starts",
        "proceed",
        "go ahead",
        "resume",
        "continue",
    ),
    "stop": ("cease", "ceases", "stop", "stops", "end", "ends", "halt", "pause"),
}
_DONE = {word: act for act, words in _ACTS.items() for word in words.split()} | {
    phrase: act for act, phrases in _PHRASES.items() for phrase in phrases
}
_DOES = {word: act for act, words in _ITSELF.items() for word in words}
_LATER = (
    r"(?: (?:now|please|next|today|first|soon|asap|immediately|right away|again|this week|tonight"
    r"|forthwith|for (?:now|today|good|tonight|the moment)))*[.! ]*$"
)
_MUST = r"(?:should|must|shall|is to|are to|has to|have to|needs? to|ought to)"
_MAY = rf"(?:{_MUST}|could|would|can|may|might|to|is|are|was|were|gets?|got)"


def _alternatives(words: dict[str, str]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_ADVERBS = r"(?: (?:now|please|also|soon|finally))*"
_SAID_OUTRIGHT = regex(
    rf"^(?P<what>.+?) {_MUST}{_ADVERBS} (?:be (?P<done>{_alternatives(_DONE)})|(?P<does>cease|commence)){_LATER}"
)
_IN_A_FRAME = regex(
    rf"^(?P<what>.+?)(?: {_MAY})?{_ADVERBS} (?:(?:be |get |been )?(?P<done>{_alternatives(_DONE)})"
    rf"|(?P<does>{_alternatives(_DOES)})){_LATER}"
)
#: Whoever says that work can rest, or can stop where it is, wants nobody at it.
_RESTS = regex(
    r"^(?P<what>[^,;:]+?) (?:(?:can|may|should|must|shall) (?:rest|sleep|take a (?:break|rest)|be left(?: to rest)?"
    r"|(?:stop|halt|pause|end)(?= (?:there|here|where|now|for (?:now|today|good|the day))\b)|call it a day)"
    r"|(?:(?<=agent )|(?<=coder )|(?<=bot ))is (?:done|finished) for (?:today|tonight|the day)"
    r"|(?:needs?|deserves?|wants?) (?:a|some) (?:break|breather|rest|pause|timeout|time out))"
    r"(?: (?:(?:until|till|for) .+|now|here|there|where (?:it is|it's at|they are|he is|she is)))*[.! ]*$"
)
_VERY = r"(?:very |much |most |really |so |greatly )*"
_NEEDED = r"(?: is|'s) (?:needed|necessary|required|time)"
_IT_MUST = regex(rf"^it(?: {_MUST}|{_NEEDED} to){_ADVERBS} be (?P<done>{_alternatives(_DONE)}),? (?P<what>.+?)[.! ]*$")
_FRAME = regex(
    r"^(?:please |kindly |and |so |then |also |well |ok |maybe )*(?:"
    rf"(?:i|we)(?:'d| would| should|'ll| will) {_VERY}(?:be |feel )?{_VERY}(?:grateful|thankful|obliged|happy|glad"
    r"|delighted|pleased|love it|like it|appreciate it) if"
    rf"|it (?:would|'d) be {_VERY}(?:appreciated|splendid|marvellous|fantastic|great"
    r"|nice|good|lovely|helpful|awesome|cool|kind|wonderful|perfect) (?:if|to (?:see|have|get))"
    r"|(?:i|we) (?:hereby |kindly |would |'d |must |have to |should like to |would like to )*(?:ask|request|beg|urge"
    r"|instruct|insist|suggest|propose|demand)(?= you\b| that\b)(?: that)?"
    r"|(?:i|we) (?:need|want|wish|require|would like) that"
    r"|(?:arrange|see to it|ensure|make sure|make|take care)(?: that| for)"
    r"|it (?:has been|was|is) (?:hereby )?(?:decided|agreed|resolved) that"
    r"|(?:i|we)(?: was| were|'m|'re| am| are)?(?: just)? wondering (?:if|whether)(?= .+ (?:could|might|can) be\b)"
    r") (?P<wish>.+)$"
)
_YOU = regex(
    r"^(?:you|someone|somebody|anyone|one of you) (?:(?:could|would|can|might|please|kindly|to|should|are|be) )*"
)
_NO_WISH = regex(
    r"^(?:what|which|who|whose|when|where|why|how|if|whether|once|after|before|until|unless|while|because|since|nothing"
    r"|nobody|no|not|don't|do not|is|are|can|could|should|does|do|did)\b|\b(?:not|never|that|which)\b|n't\b"
)
_WORK_ON = regex(r"^(?:the )?(?:work|activit(?:y|ies)|efforts?)(?: on| for)? (?=\w)")
_ALL_WORK = regex(r"^(?:all|any|the)(?: (?:of )?(?:the|our|your))? (?:activity|activities|work|efforts?|operations)$")
_SENTENCE = regex(r"((?<=[!;\n])\s*|(?<=\D\.)\s+|,\s*(?:so|then|therefore) )")


def actively(text: str) -> str:
    """Folded `text` with each sentence that wishes for an act put as the command for it; others stay as they are."""
    return "".join(_active(sentence) for sentence in _SENTENCE.split(text))


#: "Could X be started, please?" asks politely and not whether it is possible.
_COULD_BE = regex(
    rf"^(?=.*\b(?:please|kindly|possibly|at all possible)\b)(?:(?:please|if at all possible),? )?"
    rf"(?:could|can|may|might) (?:(?P<what>(?!you\b|we\b|i\b|someone\b|somebody\b).+?) )?"
    rf"(?:please |kindly |possibly )?be (?P<done>{_alternatives(_DONE)})"
    rf"(?(what)|,? (?P<last>[^,]+?))(?:,? (?:now|please|next|today|first|soon|this \w+))*,? ?\?\s*$"
)
_ALL_SHOULD = regex(
    rf"^(?P<who>(?:every(?:one|body)|all(?: the)?(?: agents)?)(?:,? (?:except|but|other than|apart from) .+?)?),?"
    rf" {_MUST}{_ADVERBS} (?P<does>stop|halt|pause|cease|start|begin|continue|resume){_LATER}"
)


def _active(sentence: str) -> str:
    if sentence.rstrip().endswith("?"):
        asked = _COULD_BE.match(sentence)
        return f"{_DONE[asked['done']]} {asked['what'] or asked['last']}" if asked else sentence
    if every := _ALL_SHOULD.match(sentence):
        return f"{every['does']} {every['who']}"
    if (rests := _RESTS.match(sentence)) and not _NO_WISH.search(rests["what"]):
        return f"pause {_WORK_ON.sub('', rests['what']).removeprefix('the ')}"
    frame = _FRAME.match(sentence)
    wish = frame["wish"] if frame else sentence
    you = _YOU.match(wish) if frame else None
    if you:
        return f"please {wish[you.end() :]}"
    match = _IT_MUST.match(wish) or (_IN_A_FRAME if frame else _SAID_OUTRIGHT).match(wish)
    if match is None or _NO_WISH.search(match["what"]):
        return sentence
    act = _DONE[match["done"]] if match["done"] else _DOES[match["does"]]
    return f"{act} {_ALL_WORK.sub('everything', _WORK_ON.sub('', match['what']))}"
