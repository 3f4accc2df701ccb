"""Every way to leave something out, put one way: "all but 1.2", "without 1.2", "1.2 aside" become "except 1.2"."""

from __future__ import annotations

from orchestrator_agent.patterns import regex

_BUT = regex(
    r"\b(everything|all|anything|everyone|everybody|the whole|every(?= \w+ but)|each(?= \w+ but))((?: \w+){0,3})"
    r" but\b(?! (?:at most|with|only|no|not"
    r"|leave|skip|don't|do|never|keep|use|just)\b)"
)
_EXCEPT = regex(
    r"\s*,?\s+\b(except(?: for)?|without|minus|excluding|other than|apart from|aside from|save for|besides"
    r"|rather than|instead of|but not|though not|leaving out|with the exception of|not (?:including|counting)|barring"
    r"|ignoring|skipping|omitting|(?:that|which|who) (?:isn't|aren't|is not|are not|doesn't do"
    r"|don't do)(?! (?:yet )?"
    r"(?:blocked|done|started|finished|completed?|running|waiting|ready|available|verified|merged))) "
)
_LEFT_ASIDE = regex(
    r",?\s+(?:leaving (?=.* aside$))?([^,]+?) (?:excluded|exempt|left out|not included|(?<=\w )aside)[.! ]*$"
)
_NUMBERS = regex(r"(?<=\d)\s*,\s*(?:and\s+)?(?=\d)")
_ANY_BUT = regex(r"\b(?:anything|whatever)\b(?=(?: \w+){0,2},? (?:but|except|without|other than|apart from|not)\b)")
_UNDONE = regex(
    r"(?: (?:that|which))?(?: (?:is|are|isn't|aren't))? (?:not |un)?(?:yet )?(?:done|finished|completed?) yet$"
    r"|(?<=everything)(?: (?:that|which))?(?: (?:is|are))? (?:not|n't) (?:yet )?(?:done|finished|completed?)(?: yet)?$"
    r"|(?<=everything) (?:that|which) (?:isn't|aren't) (?:yet )?(?:done|finished|completed?)(?: yet)?$"
)
#: Dictated: "don't start the editor start the recorder".
_RUN_ON = regex(
    r"^((?:(?:don't|do not) )?(?:start|run|begin|stop|pause|cancel|touch) [^,.;:!?]+?)"
    r"(?<! to)(?<! not)(?<! and)(?<! or)(?<!n't)(?<! you)(?<! we)(?<! us)(?<! will)(?<! can)(?<! that) (?=(?:please"
    r" )?(?:start|stop|pause|begin|verify|cancel) (?:the |\d))"
)
#: "Start not A but B" refuses A and asks for B.
_NOT_BUT = regex(
    r"\b(start|run|begin|do|build|stop|pause|cancel|verify|resume) not ([^,;:!?]+?),? but "
    r"(?:rather |instead |just |only )?"
)
_REMEMBER = regex(
    r"\b(?:don't|do not|never) (?:(?:forget|hesitate|be afraid|fail) to |forget (?:about )?(?=(?:the|our) |\d))"
)
_THOROUGH = regex(r",?\s*\b(?:from )?(?:start to finish|end to end|a to z|top to bottom|beginning to end)\b")
_PLEASE = regex(r"\bplease\b,?\s*(?=(?:please|leave|don't|do not|not|skip|keep|never|no)\b)")
_QUANTIFIER = regex(r"^([^.!?;]+)[.;,:]\s*((?:all|both)(?: (?:two|three|four|five|six))?)(?: of (?:them|it))?[.! ]*$")


def separate(text: str) -> str:
    """Folded `text` with every way to exclude as a clause of its own that begins with "except".

    Politeness is taken out of the way of a no, and a trailing "all three" is put where a phrase has it.
    """
    text = _THOROUGH.sub("", _PLEASE.sub("", text))
    text = _REMEMBER.sub("please ", _RUN_ON.sub(r"\1, ", text))
    text = _UNDONE.sub(" remaining", _NOT_BUT.sub(r"not \2, \1 ", text))
    text = _NUMBERS.sub(" and ", _ANY_BUT.sub("everything", text))
    if match := _QUANTIFIER.match(text):
        text = f"{match[2]} {match[1].strip()}"
    text = _LEFT_ASIDE.sub(r", except \1", text)
    return _EXCEPT.sub(", except ", _BUT.sub(r"\1\2 except", text))
