"""What a person takes back or does not mean: "start 1.2, no wait, 1.3", "sure, as if anybody used that"."""

from __future__ import annotations

from orchestrator_agent.interpreters.clauses import clauses
from orchestrator_agent.interpreters.words import content
from orchestrator_agent.patterns import regex

_SECOND_THOUGHT = regex(
    r",?\s*(?:\bno,? (?:wait|sorry|actually|hang on|hold on|make (?:it|that))|\bsorry,? (?:no|i mean[t]?)"
    r"|\b(?:wait|actually|hm+|hang on|hold on|o+h|a+h|uh|um|oops|damn|argh),? (?:no|i mean[t]?)|\bno,? i mean[t]?"
    r"|(?<=[,;.-] )i mean[t]?(?=,? (?!it|that|really|come|to)\w)"
    r"|\b(?:on|upon) (?:second|further|more|closer) (?:thoughts?|reflection|consideration)|\bcome to think of it"
    r"|\b(?:scratch|strike) that|\bforget (?:about )?(?:that|it|all that)(?=[,.;:!])"
    r"|\bnever ?mind(?: that| it)?(?=[,.;:!])|(?<=[,;.-] )make that(?= )|(?<=[.,;!-] )(?:no|nah|nope)(?=[,:.!] )"
    r"|(?<=\? )(?:no|nah|nope)(?=[,.!] )"
    r"|(?<=[.,;!?-] )(?:actually|wait|hold on|hang on)\b(?=[,.;:!]* (?!for\b|until\b|on\b|with\b|also\b))"
    r"|\bor (?:no|better|wait)(?=, )(?:, (?:better|rather)\b(?! not\b))?"
    r"|(?<=[,.;-] )(?:no,? )?better (?=(?:the|do|take|start)\b|\d)"
    r"|\bor rather|\bcorrection(?=[:,]))(?!\w)[:,.;!-]*\s*(?=[^\s.,;:!])"
)
#: What may excuse it: "forget it, I was looking at the wrong tab".
_WHY = (
    r"(?:i (?:was|had|did|didn't|thought|got|misread|mixed|confused)|(?:it|that)(?:'s| is| was)|wrong"
    r"|my (?:bad|mistake|fault))\b"
)
_TAKEN_BACK = regex(
    r"[,.;!?-]\s*(?:(?:oh|ah|hm+|ok|okay|actually|no|wait|well|but|sorry|nah|or|please)[, ]+)*"
    r"(?:(?:scratch|strike|forget|never ?mind|cancel|ignore|skip|undo) (?:about )?(?:that|it|this)(?: one)?"
    r"|never ?mind|forget (?:i|that i) (?:said|asked)(?: (?:that|it|anything|this))?"
    r"|(?:no|nah),? (?:let's )?(?:don't|not|rather not)|(?:let's )?(?:better|rather) not|nah|nope|no"
    r"|(?:no|nah|wait|sorry|actually|hm+)[, ]+leave (?:it|that|them|him|her)(?: (?:be|alone|running|as it is))?)"
    rf"(?:[,.;] {_WHY}[^,.;]*)?[,.! ]*$"
)
#: "The map... the tours, I mean" says it from behind.
_MEANT_LAST = regex(r"(?:\.{2,}|,|;| -+)\s*(?P<new>[^,.;:!?]+?),? i mean[t]?[.! ]*$")
_PRAISE = r"(?:brilliant|great|fantastic|wonderful|genius|excellent|terrific|stellar|smart|clever|lovely|amazing)"
_IRONY = regex(
    r"^(?:(?:oh|well|so|and|ok|yeah|yes|sure|great|right|brilliant|perfect|wonderful|lovely|fantastic)[,. ]+)+"
    r"(?:like|because|cause|cuz|as if)\b(?! (?:i|we) (?:said|told|asked|need|want))"
    r"|^because .*\b(?:is|are|was|sounds?|seems?) (?:always |clearly |obviously |really )?"
    rf"(?:such |just )?(?:a |an )?(?:\w+ )?{_PRAISE} (?:idea|plan|move)\b"
    r"|(?:^|[,.] )(?:as if|like) (?:that|that's|that'll|it|it's|it'll|this|any(?:body|one|thing))"
    r"(?: (?:would|will|could|was|is|were|had))? (?:ever|going|gonna|anything|really)\b"
    r"|(?:^|[,.] )as (?:if|though) (?:any(?:body|one)|someone|somebody|we|i|you|they)\b"
    r"|(?:^|[,.] )as (?:if|though) (?:\w+ ){1,4}(?:would|will|could|were|was|had|ever|needed)\b"
    r"|\b(?:the world|every(?:body|one)|we all|i)(?:'s|'ve| has| have| was| were)?"
    r" (?:always |all )?(?:been )?waiting for[.! ]*$"
    r"|^(?:oh|ugh|great|wow|yay|sigh|joy|wonderful|lovely|fantastic)(?: joy)?[,. ]+(?:yet )?another\b"
    r"|\bnothing says .+ like\b|\bjust what (?:i|we) (?:\w+ )?needed\b|(?:^|\s)/s\W*$"
    r"|\bwhat could (?:possibly |ever )?go wrong\b"
    r"|^(?:oh )?(?:sure|yeah|yes|right|great|of course|by all means)[,!. ]+(?:let's|let us|why don't we)"
    r" (?:just|all|also|totally) .*\b(?:while we're at it|why not|why stop there)\b"
    r"|(?:^|[,.!] )(?:and|when) pigs (?:will|can|might|may|would|fly|start)\b"
    r"|\bthat(?:'ll| will| is going to|'s going to) (?:surely |really |just )?(?:end|go) (?:so )?(?:well|great)\b"
    r"|^why (?:don't|not) (?:we |you )?(?:all )?just\b.*\b(?:go home|call it a day|retire|give up)\b"
)
_SENTENCE = regex(r"(?<=[!?;\n])\s*|(?<=\D\.)\s+")


#: What corrects a no is left out in its place: "don't start 1.2, I mean 1.3".
_HOLDS_BACK = regex(r"^(?:\w+ )?(?:don't|do not|never|let|leave|hold|keep|skip|forget)\b")


def second_thought(text: str) -> tuple[str, str]:
    """Folded `text` before and after the last time that it corrects itself; the first part is empty if it does not."""
    parts = _SECOND_THOUGHT.split(_MEANT_LAST.sub(r", i mean \g<new>", text))
    return (" ".join(parts[:-1]), parts[-1]) if len(parts) > 1 else ("", text)


def last_word(text: str) -> str:
    """Folded `text` without what it takes back: "start 1.2, no wait, 1.3" is "start 1.3".

    A second thought that only leaves something out takes nothing else back.
    """
    back = _TAKEN_BACK.search(text)
    if back and clauses(text[: back.start()]):
        return "nothing"
    before, after = second_thought(text)
    orders = [clause.word for clause in clauses(before) if clause.command]
    if not before or (orders and orders[-1] == "phrase"):
        return text
    later = clauses(after)
    first = next(iter(later), None)
    instead = next((c for c in later[1:] if not (c.command or c.question or c.negative or c.condition)), None)
    if first and first.negative and not first.command and instead and orders:
        return f"{orders[-1]} {instead.rest}; {first.text}"
    if first and first.negative and not first.command and content(first.rest):
        return f"{before}; {after}"
    refused = next((clause for clause in reversed(clauses(before)) if clause.command or clause.negative), None)
    if refused and refused.negative and _HOLDS_BACK.match(refused.text) and first and not first.command:
        return f"don't {refused.word or 'start'} {after}"
    own = first and (first.command or first.question or first.negative)
    return after if own or not orders else f"{orders[-1]} {after}"


def earnest(text: str) -> str:
    """Folded `text` without the sentences that are said in irony; empty where no other one commands."""
    sentences = _SENTENCE.split(text)
    meant = " ".join(said for said in sentences if not _IRONY.search(said)).strip()
    mocked = any(map(_IRONY.search, sentences)) and not any(clause.command for clause in clauses(meant))
    return "" if mocked else meant
