"""Settings: every key from file, variable and flag; wrong ones are refused with one sentence that helps."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator_agent.errors import SettingsError
from orchestrator_agent.settings import (
    FILE_NAME,
    Settings,
    from_json,
    load,
    parse_command,
    to_json,
    unknown_variables,
    with_changes,
)


def from_text(folder: Path, text: str, **environ: str) -> Settings:
    (folder / FILE_NAME).write_text(text)
    return load(folder, environ)


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert load(tmp_path, {}) == Settings()


def test_a_file_of_everything(tmp_path: Path) -> None:
    settings = from_text(
        tmp_path,
        """
        roadmap = "plan.md"
        max_concurrent_agents = 7
        verify = false
        [agent]
        runtime = "command"
        command = "my-agent --flag 'two words'"
        timeout_seconds = 60
        env = ["A", "B_*"]
        [checks]
        tests = ["sh", "-c", "a && b"]
        commands = { lint = "ruff check .", types = ["mypy", "."] }
        [workspace]
        setup = "npm ci"
        copy = [".env"]
        [integration]
        policy = "branch"
        target = "develop"
        """,
    )
    assert settings.agent.command == ("my-agent", "--flag", "two words")
    assert (settings.agent.timeout_seconds, settings.agent.env) == (60.0, ("A", "B_*"))
    assert settings.checks.tests == ("sh", "-c", "a && b")
    assert settings.checks.commands == {"lint": "ruff check .", "types": ("mypy", ".")}
    assert (settings.workspace.setup, settings.workspace.copy) == (("npm", "ci"), (".env",))
    assert (settings.integration.policy, settings.integration.target) == ("branch", "develop")


REFUSED = {
    "max_concurrent_agent = 3": "max_concurrent_agents",
    "[agent]\nruntime_ = 'demo'": r"agent\.runtime",
    "[agnet]\nruntime = 'demo'": "agent",
    "agent = 3": "table",
    "[agent]\nruntime = 'comand'": "'command'",
    "[agent]\nruntime = 'command'": r"agent\.command",
    "[agent]\nruntime = 'command'\ncommand = ''": "empty",
    "[agent]\nruntime = 'command'\ncommand = 'a | b'": r'"sh", "-c"',
    "[agent]\nruntime = 'command'\ncommand = 'a \"b'": "quotes",
    "[agent]\ncommand = [1]": "list of strings",
    "[agent]\ntimeout_seconds = 0": "more than 0",
    "[agent]\ntimeout_seconds = -1": "more than 0",
    "[agent]\ntimeout_seconds = nan": "more than 0",
    "[agent]\nstop_grace_seconds = -1": "stop_grace_seconds",
    "[agent]\ntimeout_seconds = '60'": "a number",
    "[agent]\nmax_attempts = 1.5": "whole number",
    "[agent]\nauto_commit = 'yes'": "true or false",
    "max_concurrent_agents = true": "whole number",
    "max_concurrent_agents = 0": "more than 0",
    "verify = 1": "true or false",
    "[checks]\ntests = 'a && b'": r'"sh", "-c"',
    "[checks]\ntests = ''": "empty",
    "[checks]\ntests = []": "empty",
    "[checks]\ncommands = 'x'": "table",
    "[checks.commands]\nlint = 3": "list of strings",
    "[checks.commands]\nlint = ''": "empty",
    "[checks.commands]\nlint = []": "empty",
    "[agent]\nruntime = 'command'\ncommand = []": r"agent\.command",
    "[integration]\npolicy = 'rebase'": "merge",
    "work_streams = 3": "tables",
    "[work_streams]\n'2.1' = 3": "must be a table",
    "[work_streams.'2.1']\nmodle = 'opus'": r'work_streams\."2\.1"\.modle .*did you mean work_streams\."2\.1"\.model\?',
    "[work_streams.2.1]\nmodel = 'opus'": r'\[work_streams\."2\.1"\]',
    "[work_streams.'2.1']\nruntime = 'comand'": r'work_streams\."2\.1"\.runtime .*\'command\'',
    "[work_streams.'2.1']\nruntime = 'command'": r'work_streams\."2\.1"\.runtime .*agent\.command is missing',
    "[work_streams.'2.1']\nmax_attempts = 0": r'work_streams\."2\.1"\.max_attempts .*more than 0',
    "[work_streams.'2.1']\ntimeout_seconds = 'long'": "a number",
    "not toml": "TOML",
}


@pytest.mark.parametrize("text", REFUSED)
def test_wrong_settings_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match=REFUSED[text]) as caught:
        from_text(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"roadmap = '\xff'")
    with pytest.raises(SettingsError, match="TOML"):
        load(tmp_path, {})


def test_variables_go_over_the_file(tmp_path: Path) -> None:
    settings = from_text(
        tmp_path,
        "max_concurrent_agents = 2\n[agent]\nruntime = 'claude'\n",
        ORCH_MAX_CONCURRENT_AGENTS="5",
        ORCH_AGENT_RUNTIME="command",
        ORCH_AGENT_COMMAND="sh -c 'echo hi'",
        ORCH_VERIFY="false",
        ORCH_AGENT_TIMEOUT_SECONDS="1.5",
        ORCH_WORK_STREAM="1.2",
        ORCH_SOMETHING_ELSE="x",
    )
    assert (settings.max_concurrent_agents, settings.verify) == (5, False)
    assert (settings.agent.runtime, settings.agent.command) == ("command", ("sh", "-c", "echo hi"))
    assert settings.agent.timeout_seconds == 1.5


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ORCH_MAX_CONCURRENT_AGENTS", "many"),
        ("ORCH_MAX_CONCURRENT_AGENTS", "0"),
        ("ORCH_VERIFY", "perhaps"),
        ("ORCH_AGENT_RUNTIME", "x"),
        ("ORCH_AGENT_RUNTIME", "command"),
        ("ORCH_AGENT_COMMAND", "a 'b"),
        ("ORCH_AGENT_STOP_GRACE_SECONDS", "-1"),
        ("ORCH_CHECKS_COMMANDS", "x"),
        ("ORCH_CHECKS_TESTS", "a && b"),
    ],
)
def test_wrong_variables_are_refused_and_blamed(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} ") as caught:
        load(tmp_path, {name: value})
    assert f"in {FILE_NAME}" not in str(caught.value)


def test_a_wrong_file_is_blamed_under_a_good_variable(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^max_concurrent_agents in orch\.toml must be a whole number"):
        from_text(tmp_path, "max_concurrent_agents = 'many'\n", ORCH_VERIFY="false")


def test_variables_that_set_nothing_are_named_with_the_nearest() -> None:
    given = ("ORCH_MAX_AGENTS", "ORCH_AGENT_RUNTIM", "ORCH_X", "ORCH_WORK_STREAM", "ORCH_PORT", "ORCH_VERIFY", "PATH")
    said = unknown_variables(dict.fromkeys(given, "1"))
    assert len(said) == 3
    assert "ORCH_AGENT_RUNTIM is no setting" in said[0] and "did you mean ORCH_AGENT_RUNTIME?" in said[0]
    assert "did you mean ORCH_MAX_CONCURRENT_AGENTS?" in said[1]
    assert "ORCH_X is no setting" in said[2] and "did you mean" not in said[2]


def test_settings_survive_being_kept(tmp_path: Path) -> None:
    text = "[agent]\ncommand = ['a', 'b c']\n[checks]\ntests = ['x']\n[checks.commands]\nlint = 'ruff .'\n"
    settings = from_text(tmp_path, text, ORCH_MAX_CONCURRENT_AGENTS="9")
    assert from_json(to_json(settings)) == settings != Settings()
    for bad in ("", "[]", "{", '{"max_concurrent_agents": 0}', '{"of_a_later_version": 1}'):
        with pytest.raises(SettingsError):
            from_json(bad)


def test_flags_go_over_everything() -> None:
    settings = with_changes(Settings(), agent__runtime="demo", max_concurrent_agents=9)
    assert (settings.agent.runtime, settings.max_concurrent_agents) == ("demo", 9)
    assert settings.agent.model == Settings().agent.model
    with pytest.raises(SettingsError):
        with_changes(Settings(), agent__timeout_seconds=0)


def test_settings_cannot_be_changed_in_place() -> None:
    def check(value: Any) -> None:
        for item in fields(value):
            inner = getattr(value, item.name)
            with pytest.raises(AttributeError):
                setattr(value, item.name, inner)
            if is_dataclass(inner):
                check(inner)

    check(Settings())


@given(st.text())
def test_commands_are_split_or_refused_but_never_crash(text: str) -> None:
    try:
        assert all(isinstance(word, str) for word in parse_command(text, "x"))
    except SettingsError as error:
        assert FILE_NAME in str(error)


OWN = """
[agent]
runtime = "demo"
model = "small"
timeout_seconds = 60
[work_streams."2.*"]
model = "large"
command = "my-agent 'two words'"
[work_streams."2.1"]
model = "larger"
runtime = "command"
[work_streams."Docs"]
max_attempts = 1
"""


def test_work_streams_have_settings_of_their_own(tmp_path: Path) -> None:
    settings = from_text(tmp_path, OWN.replace("[work_streams", 'allowed_tools = ["Read"]\n[work_streams', 1))
    assert settings.agent_for("1.1") == settings.agent and settings.agent.model == "small"
    assert settings.agent_for("2.10") == replace(settings.agent, model="large", command=("my-agent", "two words"))
    own = settings.agent_for("2.1")  # both tables fit; the later goes over the earlier
    assert (own.model, own.runtime, own.command) == ("larger", "command", ("my-agent", "two words"))
    assert (own.timeout_seconds, own.allowed_tools) == (60, ("Read",))
    assert settings.agent_for("docs").max_attempts == 1 and settings.agent_for("docs2").max_attempts == 3
    assert from_json(to_json(settings)) == settings


def test_an_id_with_brackets_fits_itself(tmp_path: Path) -> None:
    settings = from_text(tmp_path, "[work_streams.'a[1]']\nmodel = 'large'\n")
    assert settings.agent_for("A[1]").model == "large"


def test_variables_and_flags_go_over_the_settings_of_a_work_stream(tmp_path: Path) -> None:
    settings = from_text(tmp_path, OWN, ORCH_AGENT_MODEL="said", ORCH_CONVERSATION_MODEL="other")
    assert settings.agent_for("2.1").model == "said" and settings.agent_for("2.1").runtime == "command"
    changed = with_changes(settings, agent__runtime="demo", checks__timeout_seconds=5)
    assert changed.agent_for("2.1").runtime == "demo"
    assert unknown_variables({"ORCH_WORK_STREAMS": "x"})
