"""Words that ask, greet or look: what kind of answer they want."""

from __future__ import annotations

from orchestrator_agent.patterns import regex

_QUIT = regex(
    r"^(?:(?:ok|okay|please|pls|thanks|now|and|let's|i want to|time to) )*(?:quit|exit|bye|bye bye|goodbye"
    r"|good ?night|q|:q!?|:wq|/quit|/exit|logout|log out|ciao|adieu"
    r"|see (?:you|ya)(?: \w+)?|bye for (?:today|now)"
    r"|that's (?:it|all)(?: for (?:today|now))?|(?:i'm|we're|i am) (?:done|off"
    r"|out)(?: for (?:today|now))?"
    r"|(?:close|end|leave|shut down)(?: (?:the|this))?(?: (?:program|session|chat|shell|terminal))?"
    r"|shut (?:the|this) (?:program|session|chat|shell|terminal)(?: down)?)"
    r"(?: (?:now|please|pls|thanks|everyone|all|then))*[.! ]*$"
)
_HELP = regex(
    r"^(?:\?+|h|/help|-h|--help|man|usage|(?:show |list )?(?:the |of )*commands\??|(?:please )?help(?: me| please"
    r"| out| us)*[?!. ]*|(?:i need|get|give me|show|show me) (?:some )?help[?!. ]*"
    r"|(?:a )?list (?:of )?(?:the |all |available )*commands[?!. ]*|what (?:can|could|do) (?:you|i|this|it) (?:do"
    r"|say|type|ask)(?: here| with this| for me)?[?!. ]*"
    r"|how (?:does|do) (?:this|it|you|that|orch)(?: \w+){0,2} work[?!. ]*|how (?:do|can|should|would) (?:i|we|you"
    r"|one) (?:use|start|stop|limit|run|see|change|set|add|cancel|get(?! rid)|pause|talk|give|tell|quit|exit"
    r"|configure)\b.*"
    r"|what (?:are )?(?:the |my )*(?:commands|options)(?: are there)?[?!. ]*|which commands\b.*|instructions[?!. ]*)$"
)
_EXPLAIN = regex(
    r"\bwhy\b|\bdepend|\bwait(?:s|ing|ed)? (?:for|on)\b|\bneeds?\b|\binvolved\b|\babout\b|\bmissing\b|\black"
    r"|\bheld up\b|\bhold(?:s|ing)? up\b|\bblock(?:s|ing)\b|\bblocked (?:by|on)\b"
    r"|\bbefore\b|\bhappens\b|\bpossible\b|\bslips?\b|\bwould be\b|\bmean(?:s|t)?\b|\bpurpose\b|\bpoint of\b|\brequire"
    r"|\bwhat (?:was|were) .+ again\b|\bwhat (?:would|will|could|might) (?:break|suffer|change|go wrong|fail)\b"
    r"|\bprerequisites?\b|\breasons?\b|\bwhat went wrong\b|\bwhat (?:does|do|is|are|would|will) (?!left|still"
    r"|open).* (?:do|for|cover"
    r"|include|contain|entail|bring)\b"
    r"|\bwhat(?:'s| is| are) (?!.*\b(?:status|state|progress|next|left|running|going|doing|up|done|remaining|happening"
    r"|new|active|finished|ready|available|open)\b).+"
    r"|^(?:can|could|should|shall|would|may) .*|\bwhen (?:can|will|could|may)\b|\bstopping\b|\b(?:is|was|were"
    r"|are) .* for(?: again)?\W*$|\b(?:keep|stop|prevent|hold)(?:s|ing)?\b.*\b(?:from|back)\b|\bin the way\b"
    r"|\bafter\b|\bunlock|\bunblocks\b"
)
_STATUS = regex(
    r"\b(?:status|progress|far|going(?! to\b)|running|run|stand|stands|left|remain\w*|done|finished|complete\w*|ready"
    r"|available|started|begun|active|idle|busy|next|happening|happened|news|stuck|failed|failing"
    r"|blocked|unblocked|coming along|doing|working|agents?|streams?|phases?|overview|state|state of play|eta|team"
    r"|open|up to|merged|passed|work on|stop|everything|all|things|it|where are we|sup|we)\b"
)
_OVERALL = regex(
    r"^(?:so |and |ok |well |right )*"
    r"(?:(?:left|remaining|missing|open|next|running|blocked|stuck|ready|done|finished)\W*$"
    r"|(?:the )?(?:current |overall )?(?:status|progress|overview|state of play|eta)\b"
    r"|which (?:(?:ones?|streams?|work|tasks?|items?|things?"
    r"|of (?:the )?(?:others|rest|them|these|those)) (?:can|could|may|are|is)|can|could)\b"
    r"|what (?:can|could) (?:be )?(?:start|started|run)\b|what comes next|what(?:'s| is)? (?:still )?(?:missing"
    r"|open|to do)$"
    r"|who (?:is |are )?(?:works?|working|runs?|busy|active|idle|at work)\b"
    r"|what(?:'s| is| are) (?:everybody|everyone|the agents|they|you all|people) (?:doing|up to|working on)\b"
    r"|any(?:thing|one|where)? (?:i|we|you) (?:can|could|should|may)\b"
    r"|any(?:thing|one|body|where)? (?:new|news|left|stuck|blocked|finished|done|running|failing|broken|wrong"
    r"|moving|happening)\b|which (?:one|stream|task) should\b|what (?:would|do) you (?:recommend|suggest|advise)"
    r"|who(?:'s| is) on (?:what|it)|are we (?:there|done|nearly|almost)|burn rate$"
    r"|how (?:bad|good) (?:is it|are things|does it look)$|how (?:are|is) (?:we|every(?:one|body)|you all|the agents"
    r"|the team|it all)\b)"
    r"|"
    r"\b(?:status|progress|overview|eta|state of play|(?:where|how) (?:do|are|is|does) (?:we|things|everything|all|it"
    r"|the team|the agents|all of this|the project|the whole thing|everyone)\b.*|where (?:we|things|all|it"
    r"|everything)\b.*stands?"
    r"|what(?:'s| is)? (?:running|going on|happening|left|next|up|done|the status|the state)|who(?:'s"
    r"| is) (?:working|doing|on|running|busy)|^which agents|^what (?:now |are |is )*(?:doing|happening)$"
    r"|^how (?:many|much)(?=(?: (?:more|longer|is|are|there|to go|of (?:it|them|this|that)))*\W*$|.*\b(?:agents?"
    r"|streams?|work|tasks?|items?|phases?|left|remain\w*|done|finish\w*|running|open|ready|blocked|progress|started"
    r"|complete\w*|available|stuck|failed)\b)|how far (?:along )?(?:are|is) (?:we"
    r"|it|everything)|sup)\b"
)
_OURS = regex(
    r"\b(?:we|agents?|streams?|phases?|status|progress|running|left|next|blocked|ready|available|remaining|work on"
    r"|working|team|overall|everything|things|going(?! to\b)|stand|done|stop|stuck|idle)\b"
)
_REPORT = regex(
    r"\b(?:report|recap|summary|summari[sz]e|(?<!could )(?<!can )(?<!to )digest|write[- ]?up|changelog|release notes"
    r"|(?:the|meeting|write|keep|take) minutes)\b|^minutes of\b"
    r"|\bsomething (?:(?:that )?(?:i|we) can|to) (?:send|show|forward|share|give|hand|present)\b"
    r"|\bone[- ]pager\b|\b(?:need|want|give me|write|write me) (?:just )?one page\b"
    r"|\ba (?:page|paragraph|few lines)(?: or (?:so|two))? (?:with|about|on|for|of)\b"
)


_OFF_TOPIC = regex(
    r"^(?:(?:so|and|hey|well|ok) )*(?:what did(?! (?:you|u) (?:just )?(?:start|stop|run|verify|kill|pause|do)\b)"
    r"|do|does|are|(?:have|did)(?! (?:you|u) (?:already )?(?:start|beg[aiu]n"
    r"|finish|done|stop|r[ua]n|do|verif))|where do|why do|how do|who are) (?:you|u)\b(?! (?:think|know|need|have))"
    r"|^(?:so |and )?how (?:do|can|would) (?:i|one)\b|\b(?:my|mine|your (?:day|morning|evening|weekend"
    r"|mood|name|family|health|favou?rite))\b"
)


def off_topic(text: str) -> bool:
    """True when the question `text` is about the one who is asked, or about the speaker's own things."""
    return bool(_OFF_TOPIC.search(text))


def small_talk(text: str) -> str:
    """ "help" or "quit" when folded `text` is nothing else; else empty. No text at all asks for nothing."""
    text = text.strip()
    if _HELP.match(text):
        return "help"
    return "quit" if _QUIT.match(text) else ""


def kind(text: str, about_work: bool) -> str:
    """explain, status, help or none: what the question `text` wants, given whether it speaks of work in the roadmap."""
    if _HELP.match(text):
        return "help"
    if about_work:
        return "explain" if _EXPLAIN.search(text) else "status"
    return "status" if overall(text) or (_OURS.search(text) and _STATUS.search(text)) else "none"


_ASKING = regex(
    r"\b(?:status|eta|state|progress|overview|news|update|report|done|finish(?:ed)?|finali[sz]ed|completed?|stands?|missing|lacks?|block(?:ed"
    r"|ing|s|ers?)?|unblocked|keep(?:s|ing)?"
    r"|hold(?:s|ing)?|prevent(?:s|ing)?|waiting|waits?|needs?|depends?|involved|before|far|along|coming|going"
    r"|doing|fail(?:ed|ing|s)?"
    r"|crash(?:ed)?|stuck|open|left|news|busy|idle|wrong|explain|describe|why|what|when|how|can|should|does|did|is|was|are)\b"
)


def subject(text: str) -> str:
    """Folded `text` without the words that only ask."""
    return _ASKING.sub(" ", text)


def overall(text: str) -> bool:
    """True when folded `text` asks how things stand as a whole."""
    return bool(_OVERALL.search(text))


def report(text: str) -> bool:
    """True when folded `text` asks for something written to keep or to send."""
    return bool(_REPORT.search(text))


_EDITS = regex(
    r"^(?:please |can you |could you |now )*(?:set|change|update|mark|flag|put|move|swap|make|add|remove|drop|delete"
    r"|rename|edit|raise|lower|bump"
    r"|reorder|split|duplicate|create)\b.*\b(?:(?:to|from|on|in|into) (?:the |our |my )?(?:roadmap|plan|backlog)"
    r"|(?:depend|dependent|wait) (?:on|for)"
    r"|(?:as|to|is) (?:be )?(?:complete[d]?|done|finished|not started|blocked|in progress|cancelled)"
    r"|(?:an? )?(?:high|low|top|medium|lower|higher) priority"
    r"|(?:status|effort|priority|priorities|title|name|description|dependenc(?:y|ies)) of\b)"
)


#: Work that is to be written down is never work that is to be started, whatever else of the roadmap the words fit.
_ADDS = regex(
    r"^(?:please |can you |could you |now |let's |we should |we need to )*(?:add|create|insert|write|plan|propose)"
    r" (?:in )?(?:a |an |another |one more )(?:new )?(?:separate )?"
    r"(?:phase|work ?stream|stream|task|item|feature|milestone|epic|story)\b"
    r"|\b(?:put|add|write|get) (?:it|that|this|them|those) (?:down )?(?:in|into|to|on)"
    r" (?:the |our |my )?(?:plan|roadmap|backlog)\b"
    r"|\bif not,? (?:please )?(?:add|create|plan) (?:it|one|them|that)\b"
)


def edits(text: str) -> str:
    """What to do instead, when folded `text` asks to change the roadmap itself or for new work in it; else empty."""
    if _EDITS.match(text):
        return 'edit the roadmap yourself; new work goes into it with `orch add "NAME"`'
    return "new work goes into the roadmap with `orch add`" if _ADDS.search(text) else ""
