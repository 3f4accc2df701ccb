"""Has a clause the form of a request? Nothing is started or stopped for one that has none.

Three forms ask for something:

* an order has a verb in its plain form at its head: "start the parser", "somebody start the parser";
* a wish is of the one who types, or says what must be: "I need", "you can", "let's", "please", "the parser
  must be done";
* a reference is a name, an id or a description: "parser", "1.2 next", "what tells us who is out". No verb says
  something of it.

A sentence about something is none of these: one with a subject and a verb that has a tense ("the parser was fun",
"Marie handles the parser"), and what others said. Between the two stands what only a person can settle: what others
want ("she wants the parser"), what may be ("the parser would be nice"), and a name beside words that name nothing
("hooray, parser"). Knows no roadmap; it is told which words stand in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from itertools import pairwise

from orchestrator_agent.interpreters.clauses import Clause
from orchestrator_agent.interpreters.lexicon import (
    COMMANDS,
    EFFORTS,
    FILLERS,
    FUNCTION_WORDS,
    NUMBERS,
    STOP,
    STRONG_START,
    TALK_WORDS,
)
from orchestrator_agent.interpreters.telling import remarks
from orchestrator_agent.patterns import regex

Knows = Callable[[str], bool]


class Form(Enum):
    """What a clause is by its form."""

    REQUEST = "asks for something"
    #: More is said beside a name than names it; only a person can tell whether it is wished for.
    UNCLEAR = "may ask for something"
    TOLD = "tells something"


_WORD = regex(r"#?\d+(?:\.\d+)*|[^\W_]+(?:'[^\W_]+)*")
_ADVERBS = (
    r"(?: (?:really|just|also|now|still|only|very|much|so|finally|rather|all|both|probably|maybe|perhaps|then|hereby|do"
    r"|definitely|would|will|am|are|was|were|been|have|had|actually))*"
)
_WISH = regex(
    rf"\b(?:i|we|us|one)(?:'d|'ll|'m|'re|'ve)?{_ADVERBS} (?:need|want|wish|like|love|prefer|must|have to|has to|got to"
    r"|gotta|ought|should|shall|hoping|needing|wanting|looking for|ask|asking|demand|request|insist|expect|vote|choose"
    r"|pick|picked|take|decided|decide|agreed|begin|start|can|could|glad|happy|grateful|suggest|propose|promised?|go"
    r"|going|wanted|needed|asked|hoped|wished|voted)\b"
    r"|\byou(?: (?:now|please|also|all))* (?:can|may|must|should|could|have to|need to|might|will|shall|ought|are to)\b"
    r"|\b(?:please|pls|plz|kindly|let's|lets|let us|time (?:to|for)|how about|what about|go ahead|feel free"
    r"|ready (?:to|for)|chance|permission|one (?:might|could|may))\b"
)
#: What must be done to work is a command by now (see `passives`). What follows from what else must be, nobody can tell.
_MUST = regex(
    r"\b(?:must|should|shall|has to|have to|ought to|needs? to|is to|are to)(?: \w+ly| now| also| not| all)* "
    rf"(?:be|get|go|come|wait|happen|make|{'|'.join(sorted(COMMANDS))})\b|\bneeds? (?:\w+ing|done)\b"
)
#: What the one who types thinks is as it would be without this: "I think the parser is stuck", "I said the parser".
_OPINION = regex(
    rf"^(?:and |but |so |well |no,? )*(?:i|we){_ADVERBS} (?:think|guess|believe|hope|suppose|feel|find|know|see|say"
    r"|said|mean|meant|thought|told you)\b(?: that\b)? (?=\w)"
)
#: Who does it themselves, or gives it to a person, may only be telling so.
_BY_PERSON = regex(
    r"\b(?:by hand|by myself|myself|ourselves|on my own|to (?:me|us|him|her|them))$"
    r"|^(?:and |but |so |no |ok )*(?:i'll|i will|i'm going to|i am going to)(?: just| then)?"
    r" (?:do|write|build|take|finish|handle|start|tackle|work on|look at)\b"
    r"|^(?:\w+ )?assign (?!an? |some|any|one |no).* to (?!it\b|an? |the |some|any|agent|whoever|next|phase|\d)"
)
_OPENS_WISH = frozenset("need want let have".split())
_LINKING = frozenset("and but or then so that's".split())
#: Said of anybody but the speaker, these make what follows another's word or wish.
_SAYS = frozenset(
    "say says said think thinks thought want wants wanted ask asks asked told tells claim claims claimed believe"
    " believes hope hopes suggests suggested insists insisted wrote writes wonders wondered wishes begs begged demands"
    " demanded mentioned complains complained".split()
)
_WANTS = frozenset(
    "want wants wanted need needs like likes love prefer wish wishes begs begged demands demanded".split()
)
_SPEAKERS = frozenset("i we you us me to not don't who would i'd we'd".split())
#: What others talk about, they do not ask of us.
_TALKED_OF = regex(
    r"^(?:and |but |so |well )*(?:the )?(?:word|rumou?r|legend|talk|gossip)(?: on the street| around here)?"
    r" (?:is|has it)\b"
    r"|^(?:they|people|some|folks|every(?:one|body))(?: all| always)? (?:says?|(?:keeps?|goes on|is|are) saying)\b"
)
_HEARSAY = regex(
    r"\b(?:(?:apparently|allegedly|supposedly|reportedly|according to|rumou?r)"
    r"|(?:he|she|they|who)(?:'d| would) (?:like|love|prefer))\b"
)
#: "Ben reckons that we should" reports what he said, whatever the verb.
_REPORTS = regex(r"^(?:\w+ ){1,4}\w+(?:s|ed) that (?:i|we|you|he|she|it|they|the|our)\b")
#: Verbs with a tense, and those who can only be the subject of one.
_TENSED = frozenset(
    "is are was were am isn't aren't wasn't weren't has had hasn't hadn't haven't does did doesn't didn't will"
    " won't i we he she they he's she's it's they're there's he'd she'd they'd he'll"
    " she'll they'll seems looks sounds feels takes makes gives gets goes comes keeps means puts works"
    " told went saw took gave came found knew kept began ran wrote heard felt met built bought brought sent lost broke"
    " spoke slept fell taught sold ate died done made begun".split()
)
#: With an s these say what something does.
_RUNS = (STRONG_START | STOP) - {"park", "end"}
#: Who says whose turn it is may wish for it: "the parser is next", "the parser has priority".
_TURN = regex(r"\b(?:next|first|priority|turn|time)(?: (?:now|today|then|again))*$")
#: What may be is wished for, or only thought of.
_MAY = frozenset("would could might".split())
#: From these on more is said about a thing: no verb behind them is that of the sentence.
_RELATIVE = frozenset(
    "which who whom whose what whatever whoever where when how why if while that because before after until since"
    " as".split()
)
_DETERMINERS = frozenset(
    "the a an this that these those my our your his her their its all any some no every only".split()
)
#: What a verb may have behind it: "handles the", "ignores me", "drives to".
_OBJECT = _DETERMINERS | frozenset("it me us him them himself herself itself themselves two three one for to".split())
_NO_VERBS = _DETERMINERS | frozenset(
    "of in on at by for from to with without and or but not about into onto over under except plus via per also now"
    " then than like next first last just both each including between through during around out up off down too again"
    " please".split()
)
#: A plain verb behind these is an order to them.
_ANYONE = frozenset("someone somebody anyone anybody everyone everybody you agents".split())


def form(clause: Clause, knows: Knows, named: bool) -> Form:
    """The form of `clause`.

    Args:
        knows: tells whether a word stands in the roadmap.
        named: the clause holds the whole name or the id of work, so that its other words describe none.
    """
    text = _OPINION.sub("", clause.text)
    words = _WORD.findall(text)
    if _BY_PERSON.search(text) and not clause.question:
        return Form.UNCLEAR
    if words[:1] and words[0] in _OPENS_WISH and not _is_past(words[1:2]):
        return Form.REQUEST
    if _TALKED_OF.search(text) or remarks(text):
        return Form.TOLD
    must, wished = bool(_MUST.search(text)), clause.polite or bool(_WISH.search(text))
    if _is_hearsay(words, knows) or _HEARSAY.search(text):
        ordered = clause.command and f" to {clause.word} " in text
        return Form.UNCLEAR if wished or must or ordered or not _WANTS.isdisjoint(words) else Form.TOLD
    if wished or must:
        return Form.REQUEST if wished or clause.command else Form.UNCLEAR
    start = next((n for n, w in enumerate(words) if w not in FILLERS and w not in _LINKING), 0)
    own, infinitive = words[start:], words[max(start - 1, 0) : start] == ["to"]
    if _calls(own, knows):
        return Form.REQUEST
    if clause.command and own[:1] == [clause.word] and not clause.word.endswith("ing"):
        return Form.UNCLEAR if infinitive and "you" in own else Form.REQUEST
    return _form_of_rest(clause, own, knows, named)


def _form_of_rest(clause: Clause, words: Sequence[str], knows: Knows, named: bool) -> Form:
    """The form of what is neither wished for nor ordered: a reference, if no verb says something of it."""
    main = _main(words)
    if _has_tense(main, knows, clause.word):
        return Form.UNCLEAR if _TURN.search(" ".join(main)) else Form.TOLD
    if clause.command:
        unclear = f" to {clause.word}" in clause.text
    else:
        within = len(main) < len(words) and not any(map(knows, main))
        unclear = "about" in main or ((named or within) and _strange(main, knows))
    return Form.UNCLEAR if unclear or not _MAY.isdisjoint(main) else Form.REQUEST


def _calls(words: Sequence[str], knows: Knows) -> bool:
    """True for an order to somebody who is called first: "bro start the"; were it told, the verb would end in s."""
    who, verb, what = [*words, "", "", ""][:3]
    stranger = who not in FUNCTION_WORDS and who not in TALK_WORDS and not who.endswith("s") and not knows(who)
    return verb in COMMANDS and what in _OBJECT and (stranger or who in _ANYONE)


def _is_hearsay(words: Sequence[str], knows: Knows) -> bool:
    """True when somebody else says, thinks or wants something in `words`."""
    said = (word for before, word in pairwise(words) if before not in _SPEAKERS and not knows(word))
    return any(word in _SAYS for word in said) or bool(_REPORTS.search(" ".join(words)))


def _main(words: Sequence[str]) -> Sequence[str]:
    """`words` up to what only says more about one of them."""
    return words[: next((n for n, word in enumerate(words) if word in _RELATIVE), len(words))]


def _has_tense(words: Sequence[str], knows: Knows, command: str) -> bool:
    """True when a verb with a tense says something of what stands before it.

    Verbs that no list holds show by their ending and by what stands behind them: "handles the", "escaped". Behind a
    plural they have no ending: "the carpenters build the".
    """
    if words[:1] and words[0] in _TENSED:
        return True
    for before, word, following in zip(words, words[1:], [*words[2:], ""], strict=False):
        adjective = before in _DETERMINERS or before in EFFORTS or before.endswith("thing")
        if word in _TENSED and not adjective:
            return True
        if (knows(word) and word != command) or word in _NO_VERBS:
            continue
        if word.endswith("s") and word[:-1] in _RUNS and before not in _DETERMINERS:
            return True
        past = word.endswith("ed") and word not in FUNCTION_WORDS and not adjective
        third = word.endswith("s") and not word.endswith("ss") and len(word) > 3
        plural = before.endswith("s") and before not in FUNCTION_WORDS and before not in _ANYONE
        if past or (following in _OBJECT and (third or plural)):
            return True
    return False


def _is_past(words: Sequence[str]) -> bool:
    return any(word in _TENSED or (word.endswith("ed") and len(word) > 4) for word in words)


def _strange(words: Sequence[str], knows: Knows) -> bool:
    """True when a word neither holds a sentence together nor stands in the roadmap."""
    small = (FUNCTION_WORDS, TALK_WORDS, FILLERS, COMMANDS, EFFORTS, NUMBERS)
    return any(w[0].isalpha() and not any(w in known for known in small) and not knows(w) for w in words)
