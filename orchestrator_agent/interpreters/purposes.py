"""What a product does for others, said like an order to us: "stop guests from editing", "keep keys safe"."""

from __future__ import annotations

from orchestrator_agent.patterns import regex

#: Those whom a product serves: we are told "show me", and what happens while they do something is what it is about.
OTHERS = "|".join(
    sorted("people users customers them clients visitors everyone staff guests buyers patients players".split())
)
#: "Keep the keys safe" is what a product does; "keep the parser as it is" refuses to touch it.
KEPT_SO = (
    r"(?:safe|secret|private|secure|warm|cold|cool|dry|clean|fresh|apart|separate|together|in sync|up to date|alive"
    r"|open|tidy|short|small|locked|hidden|informed|from \w+ing|under \w+|below \w+|within \w+|through \w+"
    r"|during \w+|across \w+)\b"
)
_SHOWS = regex(rf"^(?:show|help|remind|warn) (?:{OTHERS})\b")
_PREVENTS = regex(
    rf"^(?:stop|keep) (?:{OTHERS}|us|me) (?:\w+ly )?\w+ing\b"
    r"|^(?:stop|keep|halt) (?!(?:it|that|this|them|all|every\w*|any\w*|the)\b)(?:(?!agents?\b)\w+ ){1,3}from \w+ing\b"
)

_NEVER_LETS = regex(
    r"^(?:(?:don't|do not|never) let (?!(?:it|that|this|them|him|her|me|us|go|any\w*|all|every\w*)\b)"
    r"|(?:nobody|no one|nothing) (?:should|must|may|can)(?: ever)? )"
    r"(?!.*\b(?:agents?|start\w*|run|begin|stop|work\w*|continue|finish|go|touch|do|build|happen)\b)\w+ .*\w"
)


def prevents(text: str) -> bool:
    """True when folded `text` says what must not happen: "don't let the pipes freeze", "nothing must leak"."""
    return bool(_NEVER_LETS.match(text))


def serves(text: str) -> bool:
    """True when the head of folded `text` is what a product does and no command of ours."""
    return bool(_SHOWS.match(text) or _PREVENTS.match(text)) or prevents(text)
