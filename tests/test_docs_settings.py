"""docs/settings.md holds every setting with its real default, and the template of `orch init` is valid."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from support import ROOT, run_orch

from orchestrator_agent import settings
from orchestrator_agent.settings import Settings

PAGE = (ROOT / "docs" / "settings.md").read_text("utf-8")


def documented() -> dict[str, Any]:
    """Dotted name -> default, as the page has it."""
    found: dict[str, Any] = {}
    section = ""
    for line in PAGE.splitlines():
        if line.startswith("## "):
            heading = re.fullmatch(r"## `\[(\w+)\]`", line)
            section = f"{heading[1]}." if heading else ""
        elif row := re.match(r"\| `(\w+)` \| `(.*?)` \| .+ \|$", line):
            found[section + row[1]] = tomllib.loads(f"value = {row[2]}")["value"]
    return found


def real() -> dict[str, Any]:
    """Dotted name -> default, as the program has it."""
    found: dict[str, Any] = {}
    for item in fields(Settings):
        value = getattr(Settings(), item.name)
        if is_dataclass(value):
            for key in fields(value):
                inner = getattr(value, key.name)
                found[f"{item.name}.{key.name}"] = list(inner) if isinstance(inner, tuple) else inner
        else:
            found[item.name] = value
    return found


def test_every_setting_is_documented_with_its_default() -> None:
    assert documented() == real()


def test_what_is_documented_can_be_written_into_a_file_and_is_the_default(tmp_path: Path) -> None:
    text = ""
    for name, value in sorted(documented().items(), key=lambda item: "." in item[0]):
        section, _, key = name.rpartition(".")
        if value == {} or name == "checks.commands":
            continue
        shown = re.search(
            rf"^\| `{key}` \| `(.*?)` \|", PAGE.partition(f"[{section}]`\n")[2] if section else PAGE, re.M
        )
        assert shown
        text += f"{name} = {shown[1]}\n"
    (tmp_path / "orch.toml").write_text(text, "utf-8")
    assert settings.load(tmp_path, {}) == Settings()


@pytest.mark.parametrize("name", [name for name in real() if name not in ("checks.commands", "work_streams")])
def test_every_setting_has_its_variable(tmp_path: Path, name: str) -> None:
    values = {
        "agent.runtime": "demo",
        "agent.prompt": "file",
        "integration.policy": "branch",
        "conversation.interpreter": "rules",
    }
    default = real()[name]
    usual = {bool: str(not default).lower(), int: "7", float: "7.5", str: "some", list: "some words"}
    text = values.get(name) or usual[type(default)]
    changed = settings.load(tmp_path, {f"ORCH_{name.upper().replace('.', '_')}": text})
    section, _, key = name.rpartition(".")
    value = getattr(getattr(changed, section) if section else changed, key)
    expected: Any = {"false": False, "true": True, "7": 7, "7.5": 7.5, "some words": ("some", "words")}.get(text, text)
    assert value == expected != default


def test_the_template_of_init_is_valid(repo: Path) -> None:
    assert run_orch(repo, "init").returncode == 0
    loaded = settings.load(repo, {})
    assert settings.with_changes(loaded, roadmap="") == Settings()
