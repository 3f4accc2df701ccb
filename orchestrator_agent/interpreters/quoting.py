"""What a person pastes around their own words: quoted lines, heads of mails, logs, traces. Others ask nothing of us."""

from __future__ import annotations

import re
from collections.abc import Callable

from orchestrator_agent.patterns import regex

_FENCED = regex(
    r"```.*?(?:```|\Z)|(?:^|(?<=\n))(?P<rule>-{3,}|_{3,}|={3,})[^\n]*\n.*?\n(?P=rule)[^\n]*(?=\n)"
    r"|\btraceback \(most recent call last\):.*?\n[\w. ]*(?:error|exception|exit)\b[^\n]*",
    re.IGNORECASE | re.DOTALL,
)
_OTHERS = regex(
    r"^\s*(?:>|\|\s|(?:from|to|cc|bcc|subject|date|sent|re|fwd?|aw|betreff|von|objet|asunto|de): "
    r"|-{3,}|_{3,}|on .+ wrote:$|\[?\d{4}-\d\d-\d\d[ t]\d\d:\d\d|\[?\d\d:\d\d:\d\d\b|\[\d\d:\d\d\] "
    r"|\[?(?:error|warn(?:ing)?|info|debug|fatal|trace|fail(?:ed)?)[\]:] ?(?!$)|\s*at [\w.$<>]+\(|diff --git|@@ )",
    re.IGNORECASE,
)
_SAID = regex(
    r"(?:\b[\w'-]+ ){0,3}\b(?:says?|said|wrote|writes|asked|asks|told me|reads|goes|complains)[:,]? \"[^\"\n]{3,}\""
    r"|(?<![\w'])(?!i |we )[^.!?\n:]*\b(?:said|says|wrote|writes|reads|goes|words (?:are|were)|note (?:is|was)): [^\n]+"
    r"|(?<!\w)'(?:please )?(?:start|stop|run|begin|kill|pause|cancel|halt|resume|do|build|finish)\b[^'\n]+'(?!\w)"
    r"|\"(?:please |can you |could you |now )*(?:start|stop|run|begin|kill|pause|cancel|halt|resume|do|build|finish)\b"
    r"[^\"\n]+\"",
    re.IGNORECASE,
)


#: A list above a question is what the question is about.
_ITEM = regex(r"^\s*(?:\d+[.)]|[-*])\s+\S")
#: What stands above a signature that is followed by more is another's mail.
_SIGNED = regex(r"\n(?:--|sent from my [^\n]*) *\n", re.IGNORECASE)
#: "10:31 Ben: the feeder is broken": two such lines are a chat of others, one is a call to an agent.
_CHAT = regex(r"^\s*(?:\[?\d\d?:\d\d\]? ?)?(?P<who>[^\W\d][\w.-]*)(?: \[?\d\d?:\d\d\]?)?: ")


def own_words(text: str, known: Callable[[str], bool] = lambda word: False) -> str:
    """`text` without what is quoted in it; all of it when it is but quoted lines.

    Args:
        known: tells whether the roadmap uses a word; such a word at the head of a line is no name of a person.
    """
    if not any(mark in text for mark in "\n\"`':"):
        return text
    after = _SIGNED.split(text)[-1]
    text = after if any(char.isalnum() for char in after) else text
    lines = _FENCED.sub("\n", text).split("\n") if "\n" in text or "```" in text else [text]
    kept = lines if len(lines) == 1 else [line for line in lines if not _OTHERS.match(line)]
    chat = [line for line in kept if (said := _CHAT.match(line)) and not known(said["who"].casefold())]
    kept = [line for line in kept if line not in chat] if 1 < len(chat) < len(kept) else kept
    items = [line for line in kept if _ITEM.match(line)]
    asked = "?" in "".join(line for line in kept if line not in items)
    kept = [line for line in kept if line not in items] if len(items) > 1 and asked else kept
    left = "\n".join(kept)
    own = _SAID.sub(" ", left).strip()
    if own != left.strip() or any(char.isalnum() for char in own):
        return own
    return text


def from_own(text: str) -> str:
    """`text` from the first line on that is not quoted; all of it when there is none."""
    bare = _FENCED.sub("\n", text, count=1) if _FENCED.match(text) else text
    lines = bare.split("\n")
    first = next((n for n, line in enumerate(lines) if line.strip() and not _OTHERS.match(line)), 0)
    return "\n".join(lines[first:]).strip()
