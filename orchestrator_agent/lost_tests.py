"""Tests that work takes away: a cheap look at test files before and after, without running anything.

It knows the usual names of test files and the usual ways to write and to skip a test. It does not understand code: a
test that stays and proves nothing is not seen.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator_agent.git import Repository
from orchestrator_agent.patterns import regex
from orchestrator_agent.terminal import clean

_NAMES = regex(
    r"test_[^/]*\.py|[^/]+_test\.(py|go|rb|exs|dart)|[^/]+_spec\.(rb|lua)|[^/]+[._-](test|spec)\.[cm]?[jt]sx?"
    r"|[^/]*Tests?\.(java|kt|cs|scala|swift|php)|[^/]+\.bats"
)
_FOLDERS = regex(r"(^|/)(tests/[^/]+\.rs|__tests__/.+\.[cm]?[jt]sx?)$")
#: A test's name is the last group that is not empty. All repetitions are bounded: the files are an agent's.
_CASES = regex(
    r"^[ \t]*(?:"
    r"(?:async[ \t]+)?def[ \t]+(test\w{0,200})"
    r"|func[ \t]+(?:\([^)\n]{0,100}\)[ \t]*)?((?:Test|Fuzz)\w{0,200})"
    r"|#\[(?:\w{1,40}::){0,3}test\b[^\]\n]{0,100}\]"
    r"(?:\s{0,40}#\[[^\]\n]{0,100}\]){0,3}\s{0,40}(?:async )?fn (\w{1,200})"
    r"|@(?:Test|ParameterizedTest)\b[^;{]{0,200}?(\w{1,200})\("
    r"|@test[ \t]+([^{\n]{1,200}) \{"
    r"|(?:it|test|specify|scenario)(?:\.\w{1,20}(?:\([^)\n]{0,200}\))?){0,2}[ \t(]{1,9}['\"`]([^'\"`\n]{1,200})"
    r")",
    re.MULTILINE,
)
_SKIPS = regex(
    r"pytest\.mark\.(?:skip|xfail)|pytest\.(?:skip|xfail|importorskip)\(|unittest\.(?:skip|expectedFailure)"
    r"|\.skipTest\(|\b(?:it|test|describe)\.(?:skip|todo|only)\b|\bx(?:it|test|describe)\(|\b[tb]\.Skip|#\[ignore"
    r"|@(?:Disabled|Ignore)\b"
    r"|\bcollect_ignore|\bpytest_(?:collection_modifyitems|ignore_collect)\b|__test__\s{0,9}="
)
_MOST_FILES = 500
_MOST_CHARACTERS = 500_000


@dataclass(frozen=True, slots=True)
class Loss:
    """What a commit lacks that its base has."""

    #: Test files that are gone, or in which no test is left.
    files: tuple[str, ...] = ()
    #: Names of tests that are gone, where more have gone than have come.
    tests: tuple[str, ...] = ()
    #: By how many there are more marks that skip tests.
    skips: int = 0

    def note(self) -> str:
        """One line for people, harmless to print; empty when nothing was lost."""
        parts = []
        if names := self.tests or self.files:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            parts.append(f"tests removed: {', '.join(clean(name, 60) for name in names[:3])}{more}")
        if self.skips:
            parts.append(f"marks that skip tests added: {self.skips}")
        return "; ".join(parts)


def is_test(name: str) -> bool:
    """True for the path of a file that a test runner would take for tests."""
    return bool(_NAMES.fullmatch(name.rpartition("/")[2]) or _FOLDERS.search(name))


def may_hold_tests(name: str) -> bool:
    """True also for files that hold tests among other things."""
    return is_test(name) or name.endswith(".rs") or name.rpartition("/")[2] == "conftest.py"


def lost(repository: Repository, base: str, commit: str) -> Loss:
    """What of the tests in `base` is not in `commit` any more. A file that was moved is not lost."""
    before, after, gone = Counter[str](), Counter[str](), []
    skips = 0
    for n, (old, new) in enumerate(_changed(repository, base, commit)):
        if n >= _MOST_FILES:  # too many to read
            gone += [old] if is_test(old) and not is_test(new) else []
            continue
        had, has = _text(repository, base, old), _text(repository, commit, new)
        cases, left = Counter(_cases(had)), Counter(_cases(has))
        before, after = before + cases, after + left
        skips += len(_SKIPS.findall(has)) - len(_SKIPS.findall(had))
        if is_test(old) and (not is_test(new) or (cases and not left)):
            gone.append(old)
    is_less = after.total() < before.total()
    return Loss(tuple(gone), tuple((before - after).elements()) if is_less else (), max(0, skips))


def _changed(repository: Repository, base: str, commit: str) -> Iterable[tuple[str, str]]:
    """The path before and after of what changed and may hold tests; empty where there is none."""
    listed = ("diff-tree", "-r", "-z", "-M", "-l1000", "--name-status", "--ignore-submodules=none", base, commit)
    parts = iter(repository.git(*listed).stdout.split("\0"))
    pairs = []
    for status in parts:
        if not status:
            continue
        first = next(parts)
        second = next(parts) if status[0] in "RC" else first
        pairs.append(("" if status in "A" else first, "" if status == "D" else second))
    # New files last, so that however many of them hide nothing.
    return sorted((pair for pair in pairs if any(map(may_hold_tests, pair))), key=lambda pair: not pair[0])


def _text(repository: Repository, commit: str, name: str) -> str:
    content = repository.file_at(commit, name) if name else None
    return (content or b"").decode("utf-8", "replace")[:_MOST_CHARACTERS]


def _cases(text: str) -> list[str]:
    return [next(filter(None, reversed(found))) for found in _CASES.findall(text)]
