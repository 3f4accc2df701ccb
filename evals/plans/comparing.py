"""When two ids, names, efforts or claims are the same to a sensible person."""

from __future__ import annotations

import re
import unicodedata

_KIND = re.compile(
    r"^(?:phases?|work[\s_-]*streams?|task[\s_-]*groups?|user[\s_-]*story|task|milestone|feature|package|story|step"
    r"|track|unit|epic|issue|item|阶段)[\s:._#-]*(?=\d|[a-z]$)"
)
_QUOTES = "*_`~\"'\\\u201c\u201d\u201e\u2018\u2019\ufe0f"
_SIZE = re.compile(r"(xs|s|m|l|xl|xxl|split)\b")
#: A shorter beginning of a name says too little, unless it is half of the name.
_ENOUGH = 8


def plain(text: object) -> str:
    """Text without case, Markdown, emoji and quotes."""
    folded = unicodedata.normalize("NFKC", str(text or "")).casefold()
    folded = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", folded)
    folded = re.sub(r"<[^<>]*>", " ", folded)
    folded = re.sub(r"[\u2012-\u2015\u2212]", "-", folded)
    kept = (c for c in folded if unicodedata.category(c) not in ("So", "Sk", "Cf", "Mn") and c not in _QUOTES)
    return _one_spaced("".join(kept)).strip(" .:;,-#|")


def raw_id(value: object) -> str:
    """An id as written, without case and outer space."""
    return _one_spaced(str(value if value is not None else "")).strip().casefold()


def bare_id(value: object) -> str:
    """An id without words such as "Phase" and without "#"; zeros and dots count: 3.1, 3.10 and 03.1 are three."""
    return _KIND.sub("", raw_id(value).strip("*`[]() ")).lstrip("#").strip()


def tagged_id(value: object) -> str:
    """`tag:id`, with whatever separator before the last number, or "id@tag", written one way."""
    text = raw_id(value)
    match = re.fullmatch(r"(\S+?)@(\S+)", text)
    if match and match[1][:1].isdigit():
        text = f"{match[2]}:{match[1]}"
    return re.sub(r"[\s:/#@|.>-]+(?=\d+(?:\.\d+)*$)", ":", text)


def likeness(left: object, right: object) -> int:
    """How much of two names agrees: 0 for different names, the length of a shared beginning, 10,000 for the same."""
    one, other = plain(left), plain(right)
    if not one or not other:
        return 0
    if one == other:
        return 10_000
    short, long = sorted((one, other), key=len)
    enough = 2 if any(ord(char) > 0x2E80 for char in short) else _ENOUGH
    begins = long.startswith(short) and (len(short) >= enough or 2 * len(short) >= len(long))
    return len(short) if begins else 0


def same_effort(truth: object, read: object) -> bool:
    """ "S (1-2 hours)" may be read as "S", 16h as 16."""
    if truth is None or read in (None, ""):
        return truth is None and read in (None, "")
    want, got = _effort(truth), _effort(read)
    size = _SIZE.match(want)
    return want.replace(" ", "") == got.replace(" ", "") or (size is not None and got == size[1])


def _effort(value: object) -> str:
    text = _one_spaced(re.sub(r"[*`]", "", str(value))).strip().casefold().replace("\u2013", "-")
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?(?:h|hrs?|hours?)?", text)
    return f"{float(match[1]):g}h" if match else text


def same_claim(truth: object, read: object) -> bool:
    """A remark in brackets behind the name does not count."""
    if truth is None or read in (None, ""):
        return truth is None and read in (None, "")
    want, got = _claim(truth), _claim(read)
    return want == got or re.sub(r"\s*\(.*\)$", "", want) == re.sub(r"\s*\(.*\)$", "", got)


def _claim(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return _one_spaced(re.sub(r"[*`'\"]", "", text)).strip().lstrip("@").casefold()


def _one_spaced(text: str) -> str:
    return re.sub(r"\s+", " ", text)
