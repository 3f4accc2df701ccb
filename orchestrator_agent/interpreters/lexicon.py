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
    " spawn assign deliver hammer knock crank"
)
#: Words that ask for a start even in the middle of a sentence.
STRONG_START = _set(
    "start begin build implement launch execute resume retry restart redo run continue kick spawn tackle"
)
STOP = _set("stop halt pause kill cancel abort cease terminate suspend freeze interrupt end scrap ditch dismiss")
VERIFY = _set("verify validate check test qa review recheck reverify retest doublecheck inspect audit")
STATUS = _set("status progress overview list show running state stats")
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
#: Commands whose misspellings are worth mending at the head of a sentence.
MENDABLE = _set(
    "start begin build implement resume restart retry stop pause cancel abort verify validate check status"
    " progress report explain continue everything redirect"
)

FILLERS = _set(
    "please pls plz ok okay hey hi hello so now just also well yes yeah yep hm hmm right good maybe actually"
    " really then thanks thank and first next finally today alright great sure lets let's let us go ahead"
    " kindly simply only i'd i i'll we we'd you like love to want need would could can honestly basically"
    " again instead"
)

STOPWORDS = _set(
    "a about above actually after again ahead all almost along already also although always am an and another"
    " any anybody anyone anything are around as at away back be became because been before being below best"
    " better between both but by came can cannot come could couldn did didn do does doesn doing don done down"
    " each either else end enough even ever every everybody everyone everything except far few find first for"
    " forget forgets from get gets getting give gives go goes going gone good got great had half has have"
    " haven having he hear her here him his honestly hope how however i if im in insane instead into is isn it"
    " its itself just keep keeps kind kinda know last least left let lets like little ll look looked looks lot"
    " lots made make makes making many may maybe me mean might mind mine more morning most much must my need"
    " needed needs never new nice no nobody none nor not nothing now of off ok okay on once one ones only onto"
    " or other others our out over own part people piece please plz pls put quite rather re really right s"
    " same say says see seen several shall she should shouldn since so some somebody someone something soon"
    " still stuff such sure t take takes tell than thank thanks that the their them then there these they"
    " thing things this those though through till to today together tomorrow tonight too took towards try two"
    " under until up upon us use used using ve very via want wanted wants was wasn way we week well went were"
    " what whatever when where whether which while who whoever whole whose why will with within without won"
    " work working works would wouldn yes yesterday yet you your sort bit big lunch coffee meeting boss"
    " manager twice time times day days minute hour rest idea guess think thinks feel believe talk asks asked"
    " asking called kept turn happens happened bring folks person guys team stream streams workstream"
    " workstreams agent agents phase phases ticket tickets task number item items batch milestone feature"
    " component module project story issue priority n d m ws plan ready start started starting starts stop"
    " stopped stopping run running runs begin continue resume immediately currently remaining available next"
    " entire full second three four five six seven eight nine ten inclusive"
)

#: Verbs that at the head of a goal ask for something outside the tool, unless a name holds them.
OUTSIDE = _set(
    "delete drop remove rm uninstall format wipe erase push merge deploy rename translate book remind email send buy"
    " call play open close edit change update install download upload sing tell order pay reset log track refund"
    " cancel mark move reply commit rebase revert search google post tweet turn set fix"
)

#: Words that any piece of software may be called by; they count little where the roadmap does not use them.
VAGUE = _set(
    "handling support functionality logic layer code system service stuff implementation integration page"
    " pages part thing screen new simple proper basic tool tooling area side flow process stage version app"
    " site thingy good nice real"
)

#: Groups of words that mean the same thing in software work. Stems are compared.
SYNONYMS: tuple[frozenset[str], ...] = tuple(
    _set(line)
    for line in """
login auth authentication signin signup session logon
cart basket trolley
docs documentation guide manual handbook tutorial readme
image picture photo avatar thumbnail media
tax vat
payment pay stripe paypal card billing
discount coupon voucher promo promotion
shipping delivery parcel postage
performance fast speed slow latency
cache caching memoize
database db sql postgres schema
toggle flag switch
wasm webassembly
x86 intel amd64
arm arm64 aarch64
gc garbage reclamation
email mail
delete deletion remove removal erase
settings configuration config preference
metrics monitoring alerting observability
chat conversation conversational prompt
cost money budget spend bill
crash failure panic outage
conflict clash collision
backup restore snapshot
inventory stock warehouse
review rating star
menu navigation nav breadcrumb
accessibility a11y blind
seo google sitemap
queue bus pubsub broker
dashboard screen panel
dedupe duplicate deduplication
ci pipeline
localization i18n translation l10n
permission role access authorization
notification alert
scheduler scheduling cron order
purchase buy iap order
debugger debug gdb dwarf
formatter formatting style prettier
leaderboard ranking
type typing
quota throttle limit limiter cap
log logging logs
tracing trace span opentelemetry telemetry
secret secrets vault credential
validation verification validate verify
parser parse parsing
lsp language-server
table grid
""".strip().splitlines()
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
            "two second couple pair",
            "three third",
            "four fourth",
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
