"""What says no to work: at its head ("don't start", "leave ... alone"), or anywhere ("the parser can wait")."""

from __future__ import annotations

from orchestrator_agent.interpreters.lexicon import STOP, STRONG_START
from orchestrator_agent.interpreters.purposes import KEPT_SO
from orchestrator_agent.patterns import regex

VERBS = "|".join(sorted(STRONG_START | (STOP - {"end"}) | {"verify", "validate", "recheck", "do"}))
#: A no to whatever was named before it.
NEVER = r"(?:over my dead body|not on my watch|not in a million years|not in my lifetime|fat chance|dream on)"
DENIES = regex(
    r"^(?:i (?:said|told you|really|just) |and |but |though |although |we |i |you |please |no,? |ok |so |to )*"
    r"(?:(?:didn't|did not|never) (?:say|said|ask|asked|tell you|told you|mean)\b"
    r"|(?:didn't|did not|haven't|have not)(?! (?:we|you|i|it|they)\b)|don't|dont|do not|never|not|no(?= \w)(?! more\b)"
    r"|nobody|no one|none of (?:us|you|them)|nothing|skip"
    r"|(?:many )?(?:thanks|thank you|thx|cheers|kudos|props|congrats|congratulations)"
    r"(?: (?:ever|so|very|much|a lot|a million|again))* (?:for|on|to)\b"
    r"|(?:nice|great|good|excellent|lovely) (?:work|job) (?:on|with)"
    r"|(?:was|were) (?:going|about) to|(?:(?:have|has|had) )?(?:decided|agreed|chosen) (?:not|against)"
    r"|(?:(?:i'm|i am|we're|we are|am|are) )?not (?:wanting|wishing|asking|looking|planning|going|willing|ready|keen"
    r"|interested|convinced|sure)(?: (?:to|that|on|in|for|about|if))?"
    r"|let (?=.+ (?:alone|in peace)\b)|let (?=.+ (?:lie|rest)$)"
    r"|spare (?:me|us)|leave (?=.*\b(?:alone"
    r"|for (?:another|the next|next|a)|out|as|be|running|going|on|in peace|for now|for later|until later|aside)\b)"
    r"|hold off|hold on with|let (?=.+ be$|.+ for (?:now|later)$"
    r"|(?:it|them|him|her) (?:run|finish|continue|be|go on|carry on|work)\b)"
    r"|exclude|omit|postpone|defer|delay|deprioriti[sz]e|(?<!we )(?<!i"
    r" )(?<!they )keep (?!(?!everything|anything)\w+ing\b|on\b|at it\b|[^,;]+ "
    rf"{KEPT_SO})|hands off|stay away from|steer clear of|keep away from"
    r"|forget|ignore|avoid|refrain|without|except|minus|excluding|rather not|(?:won't|will not|must not|shouldn't"
    r"|should not|can't)(?! (?:we|you|i|it|they|someone|somebody)\b)"
    r"|stop (?:asking|talking|fiddling|wasting|messing|worrying|bothering|complaining|discussing|arguing|playing"
    r"|thinking)"
    r"|(?:it'?s |that'?s )?(?:enough(?! already (?:of|with) |(?: .+)? for (?:today|tonight|the day|this week)$)"
    r"|no need)"
    r"|(?:there(?:'?s| is) )?no (?:point|sense|use|reason)(?: in| to| of)?"
    rf"|{NEVER}|take (?:it|that|everything) back"
    r"|(?:(?:i|we)(?:'d| would) )?(?:hate|prefer not) to(?: see)?|refuse|decline)\b"
)
_STAYS = regex(
    r"(?:\bnot|n't|\bnever|\bnobody|\bno one|\bunable)(?: \w+){0,4} (?:start|run|touch|stop|begin|work|do|done|build"
    r"|launch)(?:s|es|ed|ped|ning|ing)?\b"
    rf"|^(?:{VERBS}) (?:it |that |this )?(?:still |yet )?not\b|(?<!or )\bnot(?: yet| now| today)?$"
    r"|\bnot until\b(?! \d)|(?<!or).\b(?:nope|nah|no way|never ?mind|no thanks?|no)$"
    r"|\b(?:stays?|remains?) (?:exactly |right |just )?(?:as|out|where|put|untouched)"
    r"|\bcan (?:go to hell|get lost|rot|burn)\b|\b(?:can|should) wait\b|\bnot (?:yet|now|today)$"
    r"|\b(?:not|n't) be (?:needed|required|necessary|wanted)\b|\bno longer (?:needed|required|necessary|wanted)\b"
    r"|\bcan be (?:skipped|left out|ignored|dropped|omitted)\b|\b(?:is|are) (?:optional|not worth it)\b"
    r"|\bis off limits\b|\bno (?:hurry|rush|urgency|need)\b|\b(?:isn't|is not|not) (?:urgent|important|a priority"
    r"|needed)\b"
)
_RELATIVE_NO = regex(r"\b(?:that|which|who) (?:never|cannot|\w+n't|\w+ not)\b.*")


def stays(text: str) -> bool:
    """True when folded `text` says of what it names that it stays as it is."""
    return bool(_STAYS.search(_RELATIVE_NO.sub("", text)))
