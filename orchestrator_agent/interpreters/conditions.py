"""Conditions that nobody here can keep: "tomorrow", "but ask me before merging", "with 5 retries", "if the tests pass".

They are set aside before the rest is read, so that they name no work, and told to the person instead of being dropped.
Knows no intent: whether a condition matters is for whoever acts on the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from orchestrator_agent.interpreters.clauses import Clause
from orchestrator_agent.interpreters.lexicon import STOP, STRONG_START
from orchestrator_agent.interpreters.limits import NUMBER
from orchestrator_agent.patterns import regex


@dataclass(frozen=True, slots=True)
class Condition:
    """Words that were set aside (hostile, as the goal is), and what the person can do about them."""

    words: str
    advice: str

    def holds_up(self, intent: str) -> bool:
        """True when doing what `intent` says at once would go against the words; a stop "until Monday" would not."""
        agrees = _PAUSE if intent in ("stop", "stop_all") else _DEADLINE
        return self.advice not in (_TIME, _LENGTH) or not agrees.match(self.words)

    @property
    def said(self) -> str:
        """One sentence for the person."""
        return f'I cannot promise "{self.words}": {self.advice}'


_TIME = "I act at once or not at all, so say it again when it is time."
_ASK = 'work that passes its checks is merged, unless `policy` in [integration] of orch.toml is "branch".'
_TRIES = "`max_attempts` in [agent] of orch.toml says how often work is tried."
_COST = "`max_budget_usd` in [agent] of orch.toml limits what a Claude agent may cost."
_LENGTH = "`timeout_seconds` in [agent] of orch.toml says how long an agent may work."
_MODEL = "`model` in [agent] of orch.toml says which one Claude agents use."
_CHECKED = "what lands was checked; `orch run --no-verify` checks nothing, and so merges nothing."
_ONCE = "I do work once."
_CLAUSE = "I wait only for what the roadmap says that work depends on."

#: What may lead up to a condition, and goes with it.
_AND = regex(r"(?:\b(?:and|but|then|only|just|please|though|however|also|maybe) ){1,4}$")
#: What goes on to the end of its part, unless something else is asked for there.
_REST = r"(?:(?! (?:and|then) (?:then )?(?:start|run|stop|do|build|begin)\b).)*"
_LEAST = r"(?:up to|at most|no more than|not more than|more than|less than|max(?:imum)?(?: of)?)"

_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_PART = r"(?: (?:early|late|first thing))?(?: (?:in the )?(?:morning|afternoon|evening|night|noon))?"
_AT = "(?:at|by|before|after|until|on|from|around|not before|for)"
_SPAN = rf"(?:{NUMBER}|an?|half an?|a few|a couple of)(?: more)? ?(?:seconds?|min(?:ute)?s?|hours?|days?|weeks?)"
_CLOCK = (
    r"(?:\d{1,2}(?:[:.]\d\d)? ?(?:am|pm|o'clock|sharp)|\d{1,2}:\d\d(?: ?(?:am|pm))?|noon|midnight"
    rf"|(?:half|quarter) (?:past|to) {NUMBER}|{NUMBER} o'clock)"
)
_LATER = (
    rf"(?:tomorrow{_PART}|tonight|{_CLOCK}|next (?:week|weekend|month|year|sprint|{_DAY}){_PART}"
    r"|lunch(?:time)?|the (?:weekend|standup|meeting|end of the (?:day|week|month)))"
)
_WHEN = regex(
    rf"\b(?:{_AT} )?(?:the )?{_LATER}(?!')\b(?: (?:at|around) (?:{_CLOCK}|\d{{1,2}}))?"
    rf"|\b{_AT} {_DAY}{_PART}(?:$| (?:at|around) )(?:{_CLOCK}|\d{{1,2}})?"
    rf"|\bin (?:like |about |around |another )?{_SPAN}(?: time| from now)?$|\b{_SPAN} from now\b"
    r"|\blater(?: today| on| this (?:week|afternoon|evening)| tonight)|(?<!sooner or )(?<!than )(?<!for )\blater$"
    r"|\b(?:at|by) (?:the )?end of (?:the )?(?:day|week|month)|\bovernight$"
    rf"|\bevery (?:\w+ )?(?:hour|day|night|morning|evening|week|month|{_DAY})$"
)

_MERGING = r"(?:auto-?)?(?:merg(?:e|es|ing)|land(?:s|ing)?|integrat(?:e|es|ing|ion))\b"
_MY_WORD = (
    r"(?:my|our) (?:ok|okay|approval|permission|consent|go|go-ahead|say-so|yes|confirmation|review|sign-?off|word)\b"
)
_ASKED_FIRST = regex(
    r"(?<!n't )(?<!not )(?<!never )(?<!without )(?:(?:remember|be sure|make sure|don't forget) to )?"
    r"(?:\b(?:ask|ping|tell|notify|consult|warn|call|show|inform) (?:me|us)"
    r"(?= (?:\w+ ){0,3}(?:first|before|prior)\b| and wait\b)|\bask (?:me|us)$"
    rf"|\bcheck(?: back)?(?: in)? with (?:me|us)\b|\b(?:wait(?:ing)? for|get|obtain|seek|await|need) {_MY_WORD}"
    r"|\b(?:let|have) (?:me|us) (?:review|see|look|check|approve|confirm|read|inspect)\b"
    rf"|\b(?:not |no \w+ )?(?:without|after|with|subject to|pending) {_MY_WORD}"
    r"|\b(?:i|we)(?:'d like to| want to|'ll| will| must| need to) (?:review|approve|see|check|look at|read)\b"
    rf"(?=.*\b(?:before|first)\b)){_REST}"
)
_UNMERGED = regex(rf"\b(?:don'?t|do not|never|without|no|not) (?:you )?{_MERGING}{_REST}")

_TRY = r"(?:re)?(?:tries|try|attempts?)\b"
_TRIED = regex(
    rf"(?:\b(?:with|give (?:it|them)|allow(?: it)?|{_LEAST}|retry|in)[ ,]+){{1,4}}(?:only )?(?:a )?{NUMBER} {_TRY}"
    rf"(?: (?:at most|max|tops|each))?|^\s*{NUMBER} {_TRY}.*|\bonly {NUMBER} {_TRY}"
    rf"|\b(?:re)?try (?:it |them )?(?:(?:{_LEAST}|only) )?(?:{NUMBER} times|once|twice)\b.*"
    r"|\b(?:with(?:out| no)|no|don't|do not) (?:any |more )?retr(?:y|ies|ying)\b.*"
)
_PAID = regex(
    r"(?:^\s*|(?:\b(?:for|with|without|don'?t|do not|never|must not|should not|spend(?:ing)?|burn(?:ing)?"
    rf"|cost(?:ing)?|us(?:e|ing)|keep it|stay(?:ing)?|going|{_LEAST}|the|a|an|of|budget|limit(?:ed)?|cap(?:ped)?"
    r"|to|under|below|over|within|on)\s+){1,8})(?:[$€£] ?\d[\d.,]*k?"
    rf"|(?:\d[\d.,]*|{NUMBER})[km]? ?(?:[$€£]|(?:dollars?|euros?|pounds?|bucks?|usd|eur|gbp|tokens?)\b))"
    r"(?: (?:on|for) (?:it|this|that|them))?(?: (?:max|at most|tops|budget|limit))?"
)
_LIMITED = regex(rf"\b(?:for|within|no longer than|not longer than|(?:for )?{_LEAST}) {_SPAN}(?: max| tops)?$")
_BY_MODEL = regex(r"\b(?:with|using|use|on|by) (?:the )?(?:claude )?(?:opus|sonnet|haiku|gpt|codex|gemini)\b[-\w. ]*$")
_READY = regex(
    r"(?<!me )(?<!us )(?<!know )(?<!see )\bwhen .+"
    r" (?:done|finished|ready|green|complete|completed|merged|over|landed|free|passed)$"
    r"|\bwhen (?:i|we) (?:say so|say|tell you(?: to)?|give (?:the|you) .+)$"
)
_UNCHECKED = regex(
    r"\b(?:(?:and |but )?(?:without|skip(?:ping)?|no|don'?t|do not) (?:(?:running|run|doing|any|the) ){0,2}"
    r"(?:tests?|checks?|verification|verify(?:ing)?)(?: it| them)?)$"
)
_REPEATED = regex(rf"(?<!try )(?<!try it )\b(?:twice|thrice|{NUMBER} times(?: over)?|over and over|again and again)$")
#: Each kind of condition, as it stands in one part of folded text, and what is said to it.
_KINDS = (
    (_ASKED_FIRST, _ASK),
    (_UNMERGED, _ASK),
    (_TRIED, _TRIES),
    (_PAID, _COST),
    (_LIMITED, _LENGTH),
    (_WHEN, _TIME),
    (_READY, _CLAUSE),
    (_BY_MODEL, _MODEL),
    (_UNCHECKED, _CHECKED),
    (_REPEATED, _ONCE),
)

#: Parts of a sentence, with the marks between them kept.
_PARTS = regex(r"((?:[,;:!?\n]|\.(?!\d))+(?=\s|$)|\s+-+\s+)")
#: A part that tells or asks something sets no condition: "the demo is tomorrow", "what runs at noon".
_TELLS = regex(
    r"\bthat (?!is\b|are\b)|(?<!that )\b(?:is|are)\b|(?<!\d )\bam\b"
    r"|\b(?:was|were|isn't|aren't|wasn't|will|won't|had|has)\b|\b(?:my|our|his|her|their) (?!ok\b|approval\b)"
    r"|(?<!can )(?<!could )(?<!may )(?<!let )\b(?:i|we|they|he|she)\b(?:'\w+)?"
    r" (?!need|want|would like|like|wish|must|should)"
    r"|\b(?:once|twice|again) (?:at|on|in)\b|\b(?:see|talk|speak|meet|until|bye|thanks|good)\b"
    r"|^\s*(?:what|which|who|when|where|why|how|did|does|do (?:you|we|they|i))\b"
)
#: "Mail them when it is done" says what work is about; only an order waits.
_ORDERS = regex(rf"\b(?:{'|'.join(sorted(STRONG_START | STOP))}|do)\b")
#: What follows these belongs to a condition that is a clause of its own.
_WITHIN = regex(r"\b(?:if|once|whenever|when|unless|until|while|because|since|after|as soon as)\b")
_OPENS = regex(
    r"^(?:and |but |then |so |ok |well |now )*"
    r"(?P<what>(?:if|once|after|unless|until|as soon as|when|wait) (?!with\b).+)"
)
#: Words that work begun at once, or a stop at once, does not go against.
_DEADLINE = regex(r"(?:by|before|within)\b")
_PAUSE = regex(r"(?:until|for)\b")


def set_aside(text: str, named: Callable[[str], bool]) -> tuple[str, tuple[Condition, ...]]:
    """Folded English `text` without the conditions that are no clause, and these; all of it where nothing else is left.

    Args:
        named: tells whether words stand in the name of a work stream; such words set no condition.
    """
    found: list[Condition] = []
    parts = _PARTS.split(text)
    for place in range(0, len(parts), 2):
        for pattern, advice in _KINDS:
            while (match := pattern.search(parts[place])) and _is_condition(parts[place], match, advice, named):
                found.append(Condition(match[0].strip(), advice))
                before, after = parts[place][: match.start()], parts[place][match.end() :]
                parts[place] = f"{_AND.sub('', before)} {after}"
    left = re.sub(r"\s+([,;:!?.])", r"\1", re.sub(r" +", " ", "".join(parts))).strip(" ,-;:")
    return (left, tuple(found)) if re.search(r"\w", left) and found else (text, ())


def _is_condition(part: str, match: re.Match[str], advice: str, named: Callable[[str], bool]) -> bool:
    """False for words in a part that only tells something, that belong to a longer condition, or that name work."""
    before = part[: match.start()]
    if not match[0].strip() or named(match[0]) or (advice == _CLAUSE and not _ORDERS.search(before)):
        return False
    around = before if advice == _ASK else f"{before} | {part[match.end() :]}"
    return not (_WITHIN.search(before) or _TELLS.search(around))


#: Nothing is started twice, so that this is kept without a word: "unless somebody is on it already".
_KEPT = regex(
    r"^(?:and |but )*(?:unless (?:you|someone|somebody|anyone|anybody)\b.*\balready\b"
    r"|(?:if|in case) (?:nobody|no one)\b.*\b(?:already|yet)\b)"
)


def is_kept(condition: str) -> bool:
    """True for the text of a condition that holds whatever is done."""
    return bool(_KEPT.match(condition))


def waited_for(found: Sequence[Clause]) -> tuple[Condition, ...]:
    """The clauses that say on what the rest depends: "once 1.2 is done".

    An order alone is none, and "check if 1.2 is right" says what to check.
    """
    asked = {clause.sentence for clause in found if clause.command}
    waits = [clause for clause in found if clause.condition and (clause.sentence in asked or not asked)]
    whether = [clause for check, clause in pairwise(found) if check.command == "verify" and not check.rest]
    opened = (_OPENS.match(clause.text) for clause in waits if clause not in whether and not is_kept(clause.text))
    return tuple(Condition(match["what"], _CLAUSE) for match in opened if match)
