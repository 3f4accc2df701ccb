"""Words that mean something to the rules interpreter, whatever the roadmap says. Data only.

Other languages are read by turning their words into the English ones below; there is no second grammar.
"""

from __future__ import annotations


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


START = _set(
    "start run begin build do implement launch execute resume continue retry restart redo develop tackle"
    " finish complete create make write proceed get take add ship want need rerun relaunch code kick spin"
    " work go pick try set bring rebuild rewrite rework refactor redesign prioritise prioritize open dispatch"
    " spawn assign deliver hammer knock crank commence initiate undertake lay"
)
#: Words that ask for a start even in the middle of a sentence.
STRONG_START = _set(
    "start begin build implement launch execute resume retry restart redo run continue kick spawn tackle"
)
STOP = _set(
    "stop halt pause kill cancel abort cease terminate suspend freeze interrupt end scrap ditch dismiss park shelve"
    " discontinue"
    " desist yank axe"
)
VERIFY = _set("verify validate check test qa review recheck reverify retest doublecheck inspect audit")
STATUS = _set("status eta progress overview list show running state stats")
REPORT = _set("report summary recap writeup summarise summarize changelog")
EXPLAIN = _set("explain describe why details clarify elaborate")

COMMANDS = {
    **dict.fromkeys(STATUS, "status"),
    **dict.fromkeys(REPORT, "report"),
    **dict.fromkeys(EXPLAIN, "explain"),
    **dict.fromkeys(VERIFY, "verify"),
    **dict.fromkeys(STOP, "stop"),
    **dict.fromkeys(START, "run"),
    "help": "help",
}
#: Words that the grammar stands on beside commands and function words; misspellings of them are mended.
GRAMMAR_WORDS = _set(
    "status progress report summary help quit everything everyone everybody nothing nobody available unblocked blocked"
    " finished complete completed remaining except without excluding instead redirect reassign switch please"
    " agent agents"
    " phase phases stream streams verify validate review overview roadmap parallel running stopped started dont wont"
    " explain describe which what where when small medium large smallest biggest ready foundation pretend preview"
    " simulate hold"
)

FILLERS = _set(
    "please pls plz ok okay hey hi hello so now just also well yes yeah yep hm hmm right good maybe actually"
    " really then thanks thank and first next finally today alright great sure lets let's let us go ahead"
    " kindly simply only must btw lol haha ugh fyi tbh imo omg hiya yo oh ah ooh wow mate dude bro anyway anyways"
    " anyhow i'd i i'll we we'd you like love to want need would could can honestly basically"
    " again instead said meant"
)

#: Words that only hold a sentence together.
FUNCTION_WORDS = _set(
    "a about above actually after again ahead all almost plus along already also although always am an and another"
    " any anybody anyone anything are around as at away back be became because been before being below best"
    " better between both but by came can cannot come could couldn d did didn do does doesn doing don done down"
    " each either else end enough even ever every everybody everyone everything except far few first for"
    " forget forgets from get gets getting give gives go goes going gone good got great had half has have"
    " haven having he hear her here him his honestly hope how however i if im in insane instead into is isn it"
    " its itself just keep keeps kind kinda know last least left let lets like little ll look looked looks lot"
    " lots m made make makes making many may maybe me mean might mind mine more morning most much must my n need"
    " needed needs never new next nice no nobody none nor not nothing now of off ok okay on once one ones only onto"
    " or other others our out over own part please plz pls put quite rather re really right s"
    " same say says see seen several shall she should shouldn since so some somebody someone something soon"
    " still stuff such sure t take takes tell than thank thanks that the their them then there these they"
    " thing things this those though through to today together tomorrow tonight too took towards try two"
    " under until up upon us use used using ve very via want wanted wants was wasn way we week well went were"
    " what whatever when where whether which while who whoever whole whose why will with within without won"
    " would wouldn yes yesterday yet you your sort bit twice"
    " three four five six seven eight nine ten second full entire inclusive per"
    " hey hi hello cheers ta thx lol hmm hm sooo soo guys everybody whatever anyway basically please"
    " does isnt dont wont cant shouldnt doesnt didnt arent havent youre weve ive id ill thats whats"
    " ought done gonna wanna gotta lemme kindly perhaps probably definitely absolutely totally quickly asap"
    " following regarding concerning throw fancy knock weekend love sec"
    " btw haha ugh fyi tbh imo omg hiya yo oh ah ooh wow mate dude bro fam anyways anyhow"
)

#: Words of talk about work and agents. They say what a goal is about only where a name in the roadmap holds them.
TALK_WORDS = _set(
    "work working works people time times day days minute hour hours rest idea guess think thinks feel believe"
    " talk asks"
    " asked asking called turn happens happened bring folks person guy team stream streams workstream workstreams agent"
    " agents phase phases ticket tickets task tasks number item items batch milestone feature features component"
    " components module project story stories issue issues priority ws plan ready start started starting starts stop"
    " stopped stopping run running runs begin continue resume immediately currently remaining available lunch"
    " step steps failed failing broken coffee meeting boss manager big find dev devs developer coder bot worker"
    " job jobs"
)

#: Verbs that at the head of a goal ask for something outside the tool, unless a name holds them.
OUTSIDE = _set(
    "delete drop remove rm uninstall format wipe erase push merge deploy rename translate book remind email send buy"
    " call play open close edit change update install download upload sing tell order pay reset log track refund"
    " cancel mark move reply commit rebase revert search google post tweet fix integrate land git sudo mv cp"
    " chmod curl ssh kubectl docker npm pip brew apt rebase squash cherry-pick archive shred nuke destroy truncate"
    " invite copy paste relabel reopen"
)

#: Verbs that change the roadmap itself, its history or the machine; even a named work stream is not theirs to touch.
FOREIGN_ACTS = _set(
    "delete drop remove rm uninstall wipe erase push deploy rename mark edit commit rebase revert merge integrate land"
    " git sudo mv cp chmod destroy shred nuke truncate relabel reopen archive insert append"
)

#: Verbs for bringing finished work to the target branch.
LANDING = _set("integrate merge land")

#: Words that any piece of software may be called by; they count little where the roadmap does not use them.
VAGUE = _set(
    "handling support functionality logic layer code system service stuff implementation integration page"
    " pages part thing screen new simple proper basic tool tooling area side flow process stage version app"
    " site thingy good nice real"
)

EFFORTS = {
    **dict.fromkeys(("s", "xs", "small", "smallest", "quick", "tiny", "easy", "little", "quickest", "low"), "S"),
    **dict.fromkeys(("m", "medium", "mid"), "M"),
    **dict.fromkeys(("l", "xl", "large", "big", "huge", "biggest", "largest"), "L"),
}

NUMBERS = {
    word: value
    for value, words in enumerate(
        (
            "zero",
            "one first single",
            "two second couple pair ii",
            "three third iii",
            "four fourth iv",
            "five fifth",
            "six sixth",
            "seven seventh",
            "eight eighth",
            "nine ninth",
            "ten tenth",
        )
    )
    for word in words.split()
}
