"""The `demo` runtime: a stand-in agent that follows a script. No model is involved, and it says so."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from orchestrator_agent.model import ReceiptStep
from orchestrator_agent.runtimes import PROMPT_FILE, AgentTask, Exit, Judgement, Launch, Unsteerable
from orchestrator_agent.runtimes.ear import Ear, message_id
from orchestrator_agent.runtimes.ending import judge_exit, readable_line
from orchestrator_agent.settings import AgentSettings
from orchestrator_agent.terminal import clean

PROGRAM = Path(__file__).with_name("demo_agent.py")


_HEARD = re.compile(r"\[(heard|applying|applied) ([0-9a-f-]{36})\]")
_STEPS = {"heard": ReceiptStep.DELIVERED, "applying": ReceiptStep.SEEN, "applied": ReceiptStep.APPLIED}


class DemoEar(Ear):
    """Understands what the stand-in says of messages."""

    def hear(self, line: str) -> bool:
        found = _HEARD.match(line)
        if found:
            self.steps[found[2]] = _STEPS[found[1]]
        return bool(found)


class DemoRuntime(Unsteerable):
    """Starts `demo_agent.py` on `[agent] script`."""

    name = "demo"
    env_names: tuple[str, ...] = ()
    is_live = True

    def message(self, command_id: str, text: str, urgency: str) -> tuple[bytes, ...]:
        return (json.dumps({"id": message_id(command_id), "text": text, "urgency": urgency}).encode() + b"\n",)

    def ear(self) -> Ear:
        return DemoEar()

    def launch(self, task: AgentTask, attempt_dir: Path) -> Launch:
        script = task.repository / task.settings.script
        return Launch(
            argv=(sys.executable, "-I", "-S", str(PROGRAM), str(script)),
            env={"ORCH_PROMPT_FILE": str(attempt_dir / PROMPT_FILE)},
            keep_stdin=True,
            files={PROMPT_FILE: task.prompt.encode("utf-8", "replace")},
        )

    def judge(self, exit: Exit, output: Path) -> Judgement:
        return judge_exit(exit, output)

    def problem(self, settings: AgentSettings, repository: Path) -> str | None:
        shown = clean(settings.script, 100)
        try:
            script = json.loads((repository / settings.script).read_text("utf-8"))
        except FileNotFoundError:
            return f"The demo script {shown} does not exist; write it, or set agent.script in orch.toml."
        except OSError as error:
            return f"The demo script {shown} cannot be read ({error.strerror}); correct agent.script in orch.toml."
        except (ValueError, RecursionError) as error:
            return f"The demo script {shown} is not valid JSON ({clean(str(error), 100)}); correct it."
        if not isinstance(script, dict) or not isinstance(script.get("streams"), dict):
            return f'The demo script {shown} has no table "streams"; correct it.'
        return None

    def readable(self, line: str) -> str | None:
        return readable_line(line)
