"""The `command` runtime: any program that takes a prompt."""

from __future__ import annotations

import re
from pathlib import Path

from orchestrator_agent.errors import SettingsError
from orchestrator_agent.runtimes import PROMPT_FILE, AgentTask, Exit, Judgement, Launch, Unsteerable
from orchestrator_agent.runtimes.ending import judge_exit, missing_program, readable_line
from orchestrator_agent.settings import AgentSettings
from orchestrator_agent.terminal import clean

#: Linux refuses one argument over 128 KiB; other variables and arguments need room too.
ARGUMENT_LIMIT = 100_000

_PLACEHOLDER = re.compile(r"\{(prompt|prompt_file)\}")
# `sh -c`, `bash -lc`, `python -c`, `perl -e`: the argument is a program, in which text from a roadmap would be code.
_EVALUATES = re.compile(r"-[A-Za-z]*[ce]")


class CommandRuntime(Unsteerable):
    """Starts `[agent] command`; its exit code says how it ended."""

    name = "command"
    env_names: tuple[str, ...] = ()

    def launch(self, task: AgentTask, attempt_dir: Path) -> Launch:
        settings = task.settings
        if reason := _misuse(settings):
            raise SettingsError(reason)
        prompt = task.prompt.encode("utf-8", "replace")
        prompt_file = attempt_dir / PROMPT_FILE
        argv = list(settings.command)
        if settings.prompt == "argument" and not any("{prompt}" in argument for argument in argv):
            argv.append("{prompt}")
        return Launch(
            argv=tuple(_fill(argument, prompt, prompt_file) for argument in argv),
            stdin=prompt if settings.prompt == "stdin" else None,
            env={"ORCH_PROMPT_FILE": str(prompt_file)},
            files={PROMPT_FILE: prompt},
        )

    def judge(self, exit: Exit, output: Path) -> Judgement:
        return judge_exit(exit, output)

    def problem(self, settings: AgentSettings, repository: Path) -> str | None:
        if reason := _misuse(settings):
            return reason
        program = settings.command[0]
        if missing_program(program, repository):
            return (
                f"The agent command {clean(program, 100)!r} is not an executable program on PATH; "
                "install it or correct agent.command in orch.toml."
            )
        return None

    def readable(self, line: str) -> str | None:
        return readable_line(line)


def _misuse(settings: AgentSettings) -> str | None:
    """Why the command must not be started with a prompt, or None."""
    command = settings.command
    if not command or not command[0]:
        return "agent.command is missing; set it in [agent] of orch.toml."
    if _PLACEHOLDER.search(command[0]):
        return "agent.command must begin with a program, not with a placeholder; correct it in orch.toml."
    placed = any("{prompt}" in argument for argument in command) or settings.prompt == "argument"
    if placed and Path(command[0]).name == "ssh":
        return 'ssh hands its arguments to a shell, so a prompt cannot be one of them; set agent.prompt to "stdin".'
    if found := _evaluated_placeholder(command):
        return (
            f"{found} in agent.command stands inside a program text, where the roadmap's words would be run; "
            'take the prompt from standard input or from "$ORCH_PROMPT_FILE".'
        )
    return None


def _evaluated_placeholder(command: tuple[str, ...]) -> str | None:
    """A placeholder that an interpreter would read as code, or None."""
    evaluates = False
    for argument in command[1:]:
        found = _PLACEHOLDER.search(argument)
        if found and (evaluates or _EVALUATES.fullmatch(argument[: found.start()])):
            return found[0]
        # Further options may stand between `-c` and the program text.
        evaluates = bool(_EVALUATES.fullmatch(argument)) or (evaluates and argument.startswith(("-", "+")))
    return None


def _fill(argument: str, prompt: bytes, prompt_file: Path) -> str:
    """`argument` with its placeholders replaced in one pass, so that a prompt that holds one stays as it is."""
    # An argument cannot hold a NUL.
    values = {"prompt": prompt.decode().replace("\0", ""), "prompt_file": str(prompt_file)}
    filled = _PLACEHOLDER.sub(lambda match: values[match[1]], argument)
    if (size := len(filled.encode("utf-8", "surrogateescape"))) > ARGUMENT_LIMIT:
        raise SettingsError(
            f"The prompt makes an argument of {size // 1000} KB, over the limit of {ARGUMENT_LIMIT // 1000} KB; "
            'set agent.prompt to "stdin" or "file" in orch.toml.'
        )
    return filled
