"""How to run, as far as the words say it: how many agents at once, and whether only to look."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator_agent.interpreters.lexicon import NUMBERS
from orchestrator_agent.patterns import regex

#: A small number in digits or in words.
NUMBER = "(?:" + "|".join([r"(?<![\d.])\d{1,3}(?!\.?\d)", *NUMBERS]) + ")"


@dataclass(frozen=True, slots=True)
class Limits:
    """What was said about how to run, and the text without it."""

    text: str
    max_agents: int | None = None
    dry_run: bool = False
    in_parallel: bool = False


_DRY = regex(
    r"(?:--?dry[- ]?run|\bdry[- ]?run\b(?: (?:of|for|on))?|\bpretend to\b|^simulate(?= (?:phase|batch|everything"
    r"|all|\d))"
    r"|,?\s*\b(?:just |only )?(?:show|tell|list|print|preview)(?: me| us)? what would happen\b(?: if you (?:ran"
    r"|started|did))?|\b(?:only |just )?(?:a )?preview\b(?: (?:of|only))?"
    r"|,?\s*\b(?:but )?(?:don't|do not|without) (?:actually |really )?(?:do|doing|run|running|start|starting"
    r"|execute|executing)(?: it| them| anything)?(?: yet)?$"
    r"|[,;.-] ?dry(?=[,;.! ]*$|[,;])|\b(?:just |only )?show me$"
    r"|\bwhat would (?:you do|happen)(?: (?:for|with|about|on)\b)?"
    r"(?: if (?:i|we|you)"
    r" (?:asked for|said|ran|run|started|start|did|do))?"
    r"|\bhypothetically\b)"
)
_WOULD = regex(
    r"^what would (?P<what>.+?) look like(?: if .*)?$|^show (?:me )?(?:the )?(?:order|plan) (?:.*? in|for|of)\b"
)
_AGENTS = regex(
    rf"(?:\b(?:with|using|use|by|via|on|give it|throw|only|but|and|(?:and )?(?:at )?most|up to|no more than"
    rf"|not more than|never more than|max(?:imum)?(?: of)?|limit(?: to)?)\s+)*"
    rf"\b(?P<n>{NUMBER})\s+(?:(?:parallel|concurrent|more)\s+)?"
    rf"(?:(?:agents?|workers?|coders?)(?! (?!running|working)\w+ing\b)|at a time|at once"
    rf"|in parallel|simultaneously|concurrently|side by side)\b"
)
_AT_MOST = regex(
    rf"(?:\bbut |\band |\bwith )?\b(?:at most|max(?:imum)?(?: of)?|no more than|not more than|never more than"
    rf"|limit(?:ed)? to)"
    rf" (?P<n>{NUMBER})(?: of them)?(?=\s*$|\s*[,.;!])"
)
_CUT = regex(r"[,.;](?!\d)|\bthen\b")
_NO_LIMIT = regex(r"\b(?:stop|kill|pause|how|which|what|are|is)\b")
_SERIAL = regex(
    r"\b(?:sequentially|serially|one (?:after|by) (?:the other|another|one)"
    r"|one (?:agent |stream |worker )?at a time|in (?:sequence|series)"
    r"|never (?:two|more than one) at (?:once|a time)|not in parallel)\b"
)
_PARALLEL = regex(r"\b(?:in parallel|concurrently|simultaneously|side by side|at the same time|at once)\b")


def is_limit(text: str) -> bool:
    """True when folded `text` is the wish to only look, and nothing beside it: *Dry Run*, but not *Dry Run Preview*."""
    return bool(_DRY.fullmatch(text))


def limits(text: str) -> Limits:
    """Numbers of agents and the wish to only look, taken out of folded `text`."""
    dry = bool(_DRY.search(text))
    if match := _WOULD.match(text.split("?")[0].strip()):
        dry = dry or "if we ran" in text or "if you ran" in text or "preview" in text
        text = (match["what"] or "") if match["what"] and dry else text
    text = _DRY.sub(" ", text) if dry else text
    agents: int | None = None
    if _SERIAL.search(text):
        agents, text = 1, _SERIAL.sub(" ", text)
    match = _AGENTS.search(text) or _AT_MOST.search(text)
    if match and not _NO_LIMIT.search(_CUT.split(text[: match.start()])[-1]):
        value = match["n"]
        agents = agents or (int(value) if value.isdecimal() else NUMBERS[value])
        text = text[: match.start()] + " " + text[match.end() :]
    parallel = bool(_PARALLEL.search(text))
    text = _PARALLEL.sub(" ", text) if parallel else text
    return Limits(re.sub(r"\s+([,?!.])", r"\1", re.sub(r"[ ]+", " ", text)).strip(" ,"), agents or None, dry, parallel)
