"""German, French, Spanish and Chinese basics: a glossary into the English words that the grammar knows.

The glossary is `data/languages.txt`; there is no second grammar. What it does not know stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from importlib import resources

from orchestrator_agent.interpreters.lexicon import COMMANDS, FUNCTION_WORDS
from orchestrator_agent.patterns import regex

#: Foreign words that are English words too: they say nothing about the language of a text.
_COLLIDING = frozenset(
    "die was an on es a d l o y la un do continue charge passe test teste tests types codes para no halte"
    " agent agents bus typ base symbol comment en de des bericht messages va le rapport dem commence"
    " avis s'il mit pour du au son todo por image images photo photos profile backup rest halt will leg los phase"
    " phases stand client catalogue police navigation performances pause solo editor motor club clubs plus sur par ce"
    " ya ni este que seguro start in am um hat war rest mal doch gern status produkt texte statuts client art"
    " finis service surface texto mapa lager pare fond notifications navigation taxes inventaire options reprise a-t-il"
    " ma me so wo bis vom zum lass setz finish pon seguir hola termina marche fin hay all bau pizza morgen tag lista"
    " main produit pro tester bon bons cola firma labor sage dis retard journal"
    " control red note notes place places attends flux encore don dons sol billet champ stall tier alarm panel dime"
    " sensor tractor gas".split()
)
#: Words that show the language of a text of which all words are known.
_ARTICLES = frozenset("le la les un une el los las der die das den dem des du".split())
_ASKS_LATE = regex(r"^(.*\S.*?)\s\b(what|why|how|which|who|where|when)\b")
_CJK = regex(r"[㐀-鿿]+")
_WORD = regex(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_SEGMENT = regex(r"((?:[,;:!?\n]|\.(?!\d))+)")
_MODAL = regex(r"^(?:(?:please|now|can|could|would|you|somebody|i|we|want|must|should|need) )*")
_OPENING = str.maketrans("", "", "¿¡")
_ASKING = frozenset("what how who where which why when".split())
#: "Para" is "for", and "stop" where a sentence begins with it.
_PARA = regex(r"^para (?=\d|el |la |los |las |al )")
_ELISION = regex(r"\b([ldnsm]|qu)'")
#: "Except 4.5 run everything", which English says the other way round.
_EXCEPT_FIRST = regex(r"除了?\s*(.+?)\s*(?:以外|之外|外)?\s*[，,]?\s*((?:全部|所有|都|运行|开始|停止|做|其他|其余).*)")
#: "Take 2.4 and stop it", "take 1.2's agent and move it to 1.3": the verb behind its object, put before it.
_HANDLED = regex(
    r"把\s*(.{1,60}?)\s*(停掉|停下来|停下|停止|停了|停|暂停|启动|开始|做完|跑起来|重启|取消|关掉|验证|检查)(?:一下|吧|了|掉)?"
)
#: What is wished or refused stands behind a comma there: "ich will nicht, dass ..." and "no quiero, que ...".
_THAT = regex(r",\s*(dass|daß|que)\b")
_REST_ALL = regex(r"(?:其他|其余|剩下)(?:的)?(?:全部|都)?(停止|停|启动|开始|做)(?:掉|了|吧)?")
_MOVED = regex(r"把\s*(.{1,60}?)\s*(?:换到|调到|转到|移到|改到|派到)\s*")
_LATIN = ("de", "fr", "es")


@cache
def _tables() -> dict[str, dict[str, str]]:
    text = resources.files(__package__).joinpath("data/languages.txt").read_text("utf-8")
    tables: dict[str, dict[str, str]] = {}
    language = ""
    for line in text.splitlines():
        if line.startswith("["):
            language = line.strip("[]")
        elif not line.startswith("#"):
            for pair in line.split():
                foreign, _, english = pair.partition("=")
                tables.setdefault(language, {}).setdefault(
                    foreign.replace("-", " "), english.replace("-", " ").casefold()
                )
    return tables


@cache
def _phrases(language: str) -> re.Pattern[str]:
    phrases = sorted((p for p in _tables()[language] if " " in p), key=len, reverse=True)
    return regex(r"\b(?:" + "|".join(map(re.escape, phrases)) + r")(?!\w)")


def to_english(text: str, known: Callable[[str], bool] = lambda word: False) -> str:
    """`text` (lower case) with known foreign words replaced by English ones; English text comes back unchanged.

    `known`: tells whether the roadmap uses a word; German compounds may end in one, as in *Wetterstation*.
    """
    if _CJK.search(text):
        text = _REST_ALL.sub(lambda m: ("停止" if m[1][0] == "停" else m[1]) + "全部", text)
        text = _MOVED.sub(r"move \1 to ", _HANDLED.sub(r"\2 \1", text))
        text = _ASKS_LATE.sub(r"\2 \1", _CJK.sub(_chinese, _EXCEPT_FIRST.sub(r"\2 除了 \1", text)))
    text = text.translate(_OPENING)
    text = _PARA.sub("stop ", text)
    text = _THAT.sub(r" \1", text)
    language = _language(text, known)
    if not language:
        return text
    table = _tables()[language]
    text = _phrases(language).sub(lambda m: table[m[0]], text.replace("-", " ") if language == "fr" else text)
    text = _ELISION.sub(lambda m: {"qu": "que ", "n": ""}.get(m[1], m[1] + " "), text)
    text = _WORD.sub(lambda m: table.get(m[0]) or (language == "de" and _compound(m[0], table, known)) or m[0], text)
    return "".join(_verb_first(segment) for segment in _SEGMENT.split(text))


def _language(text: str, known: Callable[[str], bool]) -> str:
    """The language whose words stand in `text` beside none or few of English; empty for English."""
    words = set(_WORD.findall(re.sub(r"\b[ldns]'", " ", text)))
    best, hits = "", 0
    english = sum(1 for word in words if word in FUNCTION_WORDS and word not in _COLLIDING)
    for language in _LATIN:
        table = _tables()[language]
        found = [w for w in words if w in table or (language == "de" and _compound(w, table, known))]
        clear = sum(1 for word in found if word not in _COLLIDING and table.get(word) != word)
        clear += len(_phrases(language).findall(text))
        clear += not clear and bool(words & _ARTICLES) and len(found) == len(words) > 1
        if clear and english < 2 * clear and clear * 10 + len(found) > hits:
            best, hits = language, clear * 10 + len(found)
    return best


def _verb_first(segment: str) -> str:
    """A verb that stands at the end, as in German, put where English has it."""
    words = segment.split()
    modal = len((_MODAL.match(segment.strip() + " ") or ["x"])[0].split())
    last = words[-1] if words else ""
    if len(words) < 2 or COMMANDS.get(last) not in ("run", "stop", "verify") or modal >= len(words) - 1:
        return segment
    if words[modal] in COMMANDS or words[modal] in _ASKING:
        return segment
    head, rest = words[:modal], words[modal:-1]
    if "but" not in rest and (no := next((word for word in rest if word in ("not", "don't")), "")):
        head, rest = [*head, "don't"], [word for word in rest if word != no]
    return " ".join([*head, last, *rest])


def _compound(word: str, table: dict[str, str], known: Callable[[str], bool]) -> str:
    """The parts of a German compound in English, when both are known; else empty."""
    if len(word) < 8 or word in table:
        return ""
    for cut in range(3, len(word) - 2):
        head, tail = word[:cut], word[cut:]
        first = table.get(head) or table.get(head.removesuffix("s"))
        if first and (tail in table or (len(tail) > 3 and known(tail))):
            return f"{first} {table.get(tail, tail)}"
    return ""


def _chinese(run: re.Match[str]) -> str:
    table, text, out = _tables()["zh"], run[0], []
    while text:
        size = next((n for n in range(min(6, len(text)), 0, -1) if text[:n] in table), 0)
        out.append(table[text[:size]] if size else text[0])
        text = text[size or 1 :]
    words = [word for word in out if word]
    if words[-1:] == ["what"]:
        words = ["what", *words[:-1]]
    return " " + " ".join(words) + " "
