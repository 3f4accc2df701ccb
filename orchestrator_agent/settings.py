"""Settings: `orch.toml` at the repository's root, then `ORCH_*` variables, then flags; one frozen value."""

from __future__ import annotations

import contextlib
import difflib
import functools
import json
import math
import os
import shlex
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from orchestrator_agent.errors import SettingsError
from orchestrator_agent.settings_schema import (
    CHOICES,
    POSITIVE,
    AgentSettings,
    ChecksSettings,
    Command,
    ConversationSettings,
    IntegrationSettings,
    NatsSettings,
    Overrides,
    Settings,
    WorkspaceSettings,
    fits,
)

__all__ = [
    "FILE_NAME",
    "AgentSettings",
    "ChecksSettings",
    "Command",
    "ConversationSettings",
    "IntegrationSettings",
    "NatsSettings",
    "Settings",
    "WorkspaceSettings",
    "fits",
    "from_json",
    "load",
    "parse_command",
    "to_json",
    "unknown_variables",
    "with_changes",
]

FILE_NAME = "orch.toml"

#: Variables of agents and their checks: an agent that calls orch has them, and they set nothing.
_OF_AGENTS = frozenset(
    f"ORCH_{name}"
    for name in (
        *("AGENT_ID", "WORK_STREAM", "ATTEMPT", "BRANCH", "TARGET_BRANCH", "BASE_COMMIT", "PROMPT_FILE"),
        *("PORT", "PORT_COUNT", "ATTEMPT_FOLDER"),
    )
)
_SHELL_OPERATORS = {"&&", "||", "|", ";", ">", "<", ">>", "&"}


def load(root: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of the repository at `root`.

    Args:
        root: the repository's top folder; `orch.toml` in it is optional.
        environ: variables like `ORCH_MAX_CONCURRENT_AGENTS` or `ORCH_AGENT_RUNTIME`; default `os.environ`.

    Raises:
        SettingsError: unreadable TOML, an unknown key, or a value that does not fit.
    """
    path = root / FILE_NAME
    table: dict[str, Any] = {}
    if path.is_file():
        try:
            table = tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{FILE_NAME} is not valid TOML ({error}); correct that line.") from None
    settings: Settings = _build(Settings, table, "")
    settings, variables = _with_variables(settings, os.environ if environ is None else environ)
    _validate(settings, variables)
    return settings


def to_json(settings: Settings) -> str:
    """`settings` as a text that `from_json` reads back."""
    return json.dumps(asdict(settings), indent=1)


def from_json(text: str) -> Settings:
    """The settings that `to_json` wrote.

    Raises:
        SettingsError: the text is something else, or of another version of this program.
    """
    try:
        settings: Settings = _build(Settings, json.loads(text), "")
    except ValueError as error:
        raise SettingsError(f"Kept settings cannot be read ({error}); they are of no use.") from None
    _validate(settings)
    return settings


def unknown_variables(environ: Mapping[str, str] | None = None) -> list[str]:
    """A sentence for each `ORCH_*` variable that sets nothing and that no agent is given either."""
    names = os.environ if environ is None else environ
    known = _variables()
    said = []
    for name in sorted(name for name in names if name.startswith("ORCH_") and name not in {*known, *_OF_AGENTS}):
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]}?" if near else "`orch init` writes a file with the usual settings."
        said.append(f"The variable {name} is no setting and does nothing; {hint}")
    return said


def with_changes(settings: Settings, **changes: Any) -> Settings:
    """`settings` with dotted changes, for example `agent__runtime="demo"`; for flags and the Python interface.

    Raises:
        SettingsError: as `load`.
    """
    settings = settings.agent_over_all(name[7:] for name in changes if name.startswith("agent__"))
    for name, value in changes.items():
        section, _, key = name.partition("__")
        if key:
            value, name = replace(getattr(settings, section), **{key: value}), section
        settings = replace(settings, **{name: value})
    _validate(settings)
    return settings


def parse_command(value: str | Command | list[str], name: str) -> Command:
    """A command as an argument list. A string is split like a shell would, but never run by one.

    Raises:
        SettingsError: it is empty, cannot be split, or holds shell operators.
    """
    words = _split(value, name) if isinstance(value, str) else list(value)
    if not words or not words[0]:
        raise SettingsError(f"{_label(name)} is empty; give a command or remove it.")
    if isinstance(value, str) and _SHELL_OPERATORS & set(words):
        raise SettingsError(f'{_label(name)} needs a shell; write it as ["sh", "-c", "..."].')
    return tuple(words)


def _split(text: str, name: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise SettingsError(f"{_label(name)} cannot be split ({error}); correct its quotes.") from None


def _label(name: str) -> str:
    """Where a setting is set: itself for a variable, else with the file."""
    return name if name.startswith("ORCH_") else f"{name} in {FILE_NAME}"


@functools.cache
def _variables() -> dict[str, tuple[str, str]]:
    """Variable -> the section (empty at the top) and the key that it sets."""
    found = {}
    for item in fields(Settings):
        section = _section(item.name)
        if item.name == "work_streams":
            continue
        if section is None:
            found[f"ORCH_{item.name.upper()}"] = ("", item.name)
        else:
            found |= {f"ORCH_{item.name}_{key.name}".upper(): (item.name, key.name) for key in fields(section)}
    return found


def _with_variables(settings: Settings, environ: Mapping[str, str]) -> tuple[Settings, dict[str, str]]:
    """`settings` under the variables that are set, and which variable gave which dotted setting."""
    given = {}
    for variable, (section, key) in _variables().items():
        text = environ.get(variable)
        if text is None:
            continue
        owner: Any = getattr(settings, section) if section else settings
        value = _from_text(text, typing.get_type_hints(type(owner))[key], variable)
        changed: Any = replace(owner, **{key: value})
        settings = replace(settings, **{section: changed}) if section else changed
        given[f"{section}.{key}".lstrip(".")] = variable
    return settings.agent_over_all(name[6:] for name in given if name.startswith("agent.")), given


def _section(name: str) -> type[Any] | None:
    hint = typing.get_type_hints(Settings)[name]
    return hint if isinstance(hint, type) and is_dataclass(hint) else None


def _from_text(text: str, hint: Any, variable: str) -> Any:
    value: Any = text
    if hint is bool:
        value = {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)
    elif hint in (int, float):
        with contextlib.suppress(ValueError):
            value = hint(text)
    elif typing.get_origin(hint) is tuple:
        value = _split(text, variable)
    return _convert(value, hint, variable)


def _build(cls: type[Any], table: Any, prefix: str) -> Any:
    """An instance of the dataclass `cls` from a TOML table."""
    return cls(**_values(cls, table, prefix))


def _values(cls: type[Any], table: Any, prefix: str) -> dict[str, Any]:
    """What a TOML table sets of the dataclass `cls`."""
    if not isinstance(table, dict):
        raise SettingsError(f"[{prefix.rstrip('.')}] in {FILE_NAME} must be a table.")
    hints = typing.get_type_hints(cls)
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in hints:
            raise SettingsError(_unknown(prefix, key, list(hints)))
        hint = hints[key]
        if isinstance(hint, type) and is_dataclass(hint):
            values[key] = _build(hint, value, f"{prefix}{key}.")
        elif hint == Overrides:
            values[key] = _overrides(value)
        else:
            values[key] = _convert(value, hint, prefix + key)
    return values


def _overrides(tables: Any) -> Overrides:
    """What is set for single work streams."""
    if not isinstance(tables, dict):
        raise SettingsError(f'work_streams in {FILE_NAME} must be tables, each with an id: [work_streams."2.1"].')
    found = {}
    for name, table in tables.items():
        if isinstance(table, dict) and (inner := next((k for k, v in table.items() if isinstance(v, dict)), None)):
            raise SettingsError(
                f"[work_streams.{name}.{inner}] in {FILE_NAME} is no table of a work stream: put an id with dots into "
                f'quotes, [work_streams."{name}.{inner}"], and what you set directly below.'
            )
        found[name] = _values(AgentSettings, table, f'work_streams."{name}".')
    return found


def _unknown(prefix: str, key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f"did you mean {prefix}{near[0]}?" if near else f"known here: {', '.join(known)}."
    return f"Unknown setting {prefix}{key} in {FILE_NAME}; {hint}"


def _convert(value: Any, hint: Any, name: str) -> Any:
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):  # str | Command
        return value if isinstance(value, str) else _convert(value, Command, name)
    if origin is tuple:
        if isinstance(value, str) and name.endswith(("command", "setup")):
            return parse_command(value, name)
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise SettingsError(f"{_label(name)} must be a list of strings.")
    if origin is not None:  # a table of commands
        if isinstance(value, dict):
            return {key: _convert(item, str | Command, f"{name}.{key}") for key, item in value.items()}
        raise SettingsError(f"{_label(name)} must be a table.")
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        wanted = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}[hint]
        raise SettingsError(f"{_label(name)} must be {wanted}, not {value!r}.")
    return value


def _validate(settings: Settings, variables: Mapping[str, str] | None = None) -> None:
    """Refuse values that do not fit. `variables`: those that were set by one, which is named then."""
    _validate_values(settings, variables or {})
    for name, table in settings.work_streams.items():
        names = {f"agent.{key}": f'work_streams."{name}".{key}' for key in table}
        _validate_values(replace(settings, agent=settings.agent_for(name)), {**(variables or {}), **names})


def _validate_values(settings: Settings, blamed: Mapping[str, str]) -> None:
    for name, choices in CHOICES.items():
        value = _get(settings, name)
        if value not in choices:
            near = difflib.get_close_matches(str(value), choices, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"choose one of {', '.join(choices)}."
            raise SettingsError(f"{blamed.get(name, name)} cannot be {value!r}; {hint}")
    for name in POSITIVE:
        if not 0 < _get(settings, name) < math.inf:  # "not", for nan
            raise SettingsError(f"{blamed.get(name, name)} must be a number that is more than 0.")
    name = "agent.stop_grace_seconds"
    if not 0 <= settings.agent.stop_grace_seconds < math.inf:
        raise SettingsError(f"{blamed.get(name, name)} must be a number, 0 or more.")
    if settings.agent.runtime == "command" and not settings.agent.command:
        chosen = blamed.get("agent.runtime", "agent.runtime")
        raise SettingsError(f'{chosen} is "command" but agent.command is missing; set it in [agent] of orch.toml.')
    for name, command in settings.checks.commands.items():
        parse_command(command, f"checks.commands.{name}")
    if settings.checks.tests not in ("auto", "none"):
        parse_command(settings.checks.tests, blamed.get("checks.tests", "checks.tests"))


def _get(settings: Settings, dotted: str) -> Any:
    value: Any = settings
    for part in dotted.split("."):
        value = getattr(value, part)
    return value
