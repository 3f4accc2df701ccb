"""What a person must consent to before it lands: changes to that by which work is judged.

These are the protected paths of the settings, what the check commands themselves read (a Makefile, npm's scripts,
pytest's settings), and test files that are gone. Settings of tests that come into a project without any are free.
"""

from __future__ import annotations

import fnmatch
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from orchestrator_agent import checks, lost_tests
from orchestrator_agent.checks import Gate
from orchestrator_agent.git import Repository
from orchestrator_agent.settings import ChecksSettings

#: Settings of test runners, and modules that Python or pytest would load before the tests.
_RUNNERS = (
    *("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "jest.config.*", "vitest.config.*", ".mocharc.*"),
    *("conftest.py", "sitecustomize.py", "usercustomize.py", "pytest.py", "pytest/*", "_pytest/*"),
    *("src/sitecustomize.py", "src/usercustomize.py"),
)
#: What further programs take their orders from, when a check names them.
_BY_WORD = {
    "make": ("makefile", "gnumakefile"),
    "gmake": ("makefile", "gnumakefile"),
    "tox": ("tox.ini", "tox.toml"),
    "nox": ("noxfile.py",),
    "just": ("justfile", ".justfile"),
    "cargo": (".cargo/config", ".cargo/config.toml"),
    "npm": (".npmrc",),
    "pnpm": (".npmrc", ".pnpmfile.cjs"),
    "yarn": (".yarnrc", ".yarnrc.yml"),
}
#: Without them their programs would go on to those of the folders above.
_MANIFESTS = ("package.json", "cargo.toml", "go.mod")
_INTERPRETERS = ("python", "node", "sh", "bash", "zsh", "ruby", "perl", "php", "deno", "bun")


class _Part:
    """The part of a file that test runners read: the keys that lead to a table, or the name of a section."""

    def __init__(self, file: str, *keys: str) -> None:
        self.file, self.keys = file, keys


_PARTS = (
    _Part("pyproject.toml", "tool", "pytest"),
    _Part("setup.cfg", "tool:pytest"),
    _Part("tox.ini", "pytest"),
    *(_Part("package.json", tool) for tool in ("jest", "vitest", "mocha", "ava")),
    *(
        _Part("cargo.toml", *keys)
        for keys in (("test",), ("lib", "test"), ("lib", "harness"), ("package", "autotests"))
    ),
)


def needed(
    repository: Repository, settings: ChecksSettings, base: str, commit: str, files: Sequence[str]
) -> tuple[str, ...]:
    """The files among `files`, or parts of them as "file (part)", that need a person's consent.

    Args:
        base: the commit that the work is compared with.
        commit: the merge candidate.
        files: all paths in which the two differ.
    """
    gates = checks.gates(repository, settings, base)
    found = [
        *protected_among(files, settings.protected),
        *_settings_of_tests(repository, gates, base, commit, files),
        *lost_tests.lost(repository, base, commit).files,
    ]
    if settings.tests == "auto" and (before := checks.detect_tests(repository, base)):
        after = checks.detect_tests(repository, commit)
        if after != before:
            found.append(f"the test command (now {' '.join(after) if after else 'none'})")
    return tuple(dict.fromkeys(found))


def protected_among(files: Iterable[str], patterns: Sequence[str]) -> tuple[str, ...]:
    """The files that match a pattern, whatever the case. `**` crosses folders, a plain name counts at the top."""
    folded = [pattern.casefold() for pattern in patterns]
    return tuple(name for name in files if any(_matches(name.casefold(), pattern) for pattern in folded))


def _matches(name: str, pattern: str) -> bool:
    if pattern.startswith(f"{name}/"):  # a file or link in the place of a folder that the pattern names
        return True
    if pattern.endswith("/**"):
        return name.startswith(pattern[:-2])
    return fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(f"/{name}", f"/{pattern}".replace("/**/", "*/"))


def _settings_of_tests(
    repository: Repository, gates: Sequence[Gate], base: str, commit: str, files: Sequence[str]
) -> Iterator[str]:
    words = {word for gate in gates for word in re.findall(r"[\w.-]+", " ".join(gate.command))}
    listed = repository.git("ls-tree", "-r", "-z", base).stdout.split("\0")
    modes = {path: entry.partition(" ")[0] for entry, _, path in (line.partition("\t") for line in listed) if path}
    has_tests = any(map(lost_tests.may_hold_tests, modes))
    patterns = [*_RUNNERS, *(name for word in words for name in _BY_WORD.get(word, ()))]
    scripts = {name for gate in gates for name in _scripts(gate, modes)}
    for name in files:
        is_whole = name in scripts or any(fnmatch.fnmatchcase(name.casefold(), pattern) for pattern in patterns)
        is_gone = name in modes and name.casefold() in _MANIFESTS and repository.file_at(commit, name) is None
        if is_gone or (is_whole and (has_tests or name in modes)):
            yield name
        elif not is_whole:
            yield from _changed_parts(repository, base, commit, name, words, has_tests, name in modes)


def _scripts(gate: Gate, modes: dict[str, str]) -> Iterator[str]:
    """Files of the project that a check runs; not those that it is only given to look at."""
    command = [word.removeprefix("./") for word in gate.command]
    program = command[0].rpartition("/")[2]
    starts = {command[0], command[1] if len(command) > 1 and program.startswith(_INTERPRETERS) else ""}
    for word in {*command, *(text.removeprefix("./") for text in re.findall(r"[\w./-]+", " ".join(command)))}:
        is_run = word in starts or word.endswith(".sh") or modes.get(word) == "100755"
        if word in modes and is_run and not lost_tests.is_test(word):
            yield word


def _changed_parts(
    repository: Repository, base: str, commit: str, name: str, words: set[str], has_tests: bool, is_old: bool
) -> Iterator[str]:
    """A part that was there and changed, or that came into a project that has tests. New files count at the top."""
    file = name.rpartition("/")[2]
    if not is_old and file != name:
        return
    for part in _parts(words):
        if part.file != file.casefold():
            continue
        before, after = _read(repository, base, name, part), _read(repository, commit, name, part)
        if part.file == "package.json" and isinstance(before, dict) and isinstance(after, dict):
            after = {key: value for key, value in after.items() if key in {*before, "pretest", "posttest"}}
        if before != after and (has_tests or before):
            yield f"{name} ({'.'.join(part.keys)})"


def _parts(words: set[str]) -> Iterator[_Part]:
    yield from _PARTS
    for tool in sorted(words & {"tox", "poe", "hatch"}):
        yield _Part("pyproject.toml", "tool", tool)
    if words & {"npm", "npx", "pnpm", "yarn", "bun"}:
        yield _Part("package.json", "scripts")


def _read(repository: Repository, commit: str, name: str, part: _Part) -> object:
    """What a part says, empty where there is none; the whole text where it cannot be read."""
    text = (repository.file_at(commit, name) or b"").decode("utf-8", "replace")
    if not text.strip() or part.file.endswith((".cfg", ".ini")):
        return _section(text, *part.keys)
    try:
        value: Any = tomllib.loads(text) if part.file.endswith(".toml") else json.loads(text)
    except (ValueError, RecursionError):
        return text
    for key in part.keys:
        value = value.get(key) if isinstance(value, dict) else None
    return {} if value is None else value


def _section(text: str, *names: str) -> object:
    """The lines of one section of an INI file."""
    lines, inside = [], False
    for line in text.splitlines():
        if line.startswith("["):
            inside = line.partition("]")[0] == f"[{names[0]}"
        elif inside and line.strip():
            lines.append(line.rstrip())
    return lines or {}
