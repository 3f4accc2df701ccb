"""A stand-in for a coding agent: follows a script of steps in the current directory. No model is involved.

Run as `python -I -S demo_agent.py SCRIPT`; standard library only. The script is JSON:

    {"streams": {"1.2": [[STEP, ...], [STEP, ...]], "*": [[STEP, ...]]}}

One list of steps for each attempt; the last one serves all further attempts. "*" serves streams that are not named.
A text is a string, or a list of lines. Paths are relative and stay inside the worktree. A step is one of:

    {"say": TEXT}                                              {"sleep": SECONDS}
    {"write": {"path": PATH, "text": TEXT}}                    {"delete": PATH}
    {"append": {"path": PATH, "text": TEXT}}                   {"exit": CODE}
    {"replace": {"path": PATH, "old": TEXT, "new": TEXT}}      {"commit": MESSAGE}
    {"run": [PROGRAM, ARGUMENT, ...]}                          "{python}" is this Python
    {"until": PATH}                                            wait for a file, which may be anywhere
    {"merge": {"branch": BRANCH, "resolve": {PATH: TEXT}}}     without a branch: the target branch

What comes on standard input, a line `{"id": ID, "text": TEXT, "urgency": URGENCY}` each, is applied by a line in
`heard-WORKSTREAM.txt`: next between two steps, now also while it sleeps, later after the last step.

`ORCH_WORK_STREAM`, `ORCH_ATTEMPT` and `ORCH_TARGET_BRANCH` say what to do. Exit code 1: a step failed; 2: the script is
wrong.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

GREETING = "I am a stand-in agent of `orch demo`; no model is involved."
IDENTITY = ("-c", "user.name=Demo agent", "-c", "user.email=demo-agent@example.invalid", "-c", "commit.gpgSign=false")


class StepFailed(Exception):
    """A step could not be done; the text says why."""


def main(argv: list[str]) -> int:
    """Follow the script `argv[1]`; returns the exit code."""
    print(GREETING, flush=True)
    try:
        steps = choose_steps(argv)
    except (OSError, ValueError, RecursionError) as error:
        print(f"The script cannot be used: {error}", flush=True)
        return 2
    code = follow(steps)
    if code == 0:
        listen(0)
        apply_heard(("now", "next", "later"))
    return code


def follow(steps: list[Any]) -> int:
    """Do the steps, and between them what was heard; returns the exit code."""
    for number, step in enumerate(steps, 1):
        try:
            name, value = parse_step(step)
            if name == "exit":
                return int(value)
            STEPS[name](value)
            listen(0)
            apply_heard(("now", "next"))
        except (StepFailed, OSError, subprocess.SubprocessError) as error:
            print(f"Step {number} failed: {error}", flush=True)
            return 1
        except (TypeError, KeyError, ValueError) as error:
            print(f"Step {number} of the script is wrong: {error!r}", flush=True)
            return 2
    return 0


def choose_steps(argv: list[str]) -> list[Any]:
    """The steps for this work stream and attempt.

    Raises:
        OSError: the script cannot be read.
        ValueError: it is not as described above, or has nothing for this work stream.
    """
    if len(argv) != 2:
        raise ValueError("usage: demo_agent.py SCRIPT")
    script = json.loads(Path(argv[1]).read_text("utf-8"))
    streams = script.get("streams") if isinstance(script, dict) else None
    if not isinstance(streams, dict):
        raise ValueError('it has no table "streams"')
    work_stream = os.environ.get("ORCH_WORK_STREAM", "")
    attempts = streams.get(work_stream, streams.get("*"))
    if not isinstance(attempts, list) or not attempts or not all(isinstance(steps, list) for steps in attempts):
        raise ValueError(f"it has no list of attempts for work stream {work_stream!r}")
    attempt = int(os.environ.get("ORCH_ATTEMPT", "1"))
    chosen = attempts[min(max(attempt, 1), len(attempts)) - 1]
    assert isinstance(chosen, list)
    return chosen


def parse_step(step: Any) -> tuple[str, Any]:
    """The name and the value of a step. Raises ValueError."""
    if not isinstance(step, dict) or len(step) != 1:
        raise ValueError(f"a step is a table with one key, not {step!r:.100}")
    name, value = next(iter(step.items()))
    if name not in STEPS and name != "exit":
        raise ValueError(f"there is no step {name!r:.100}")
    return name, value


def say(value: Any) -> None:
    print(text_of(value), flush=True)


def write(value: Any) -> None:
    path = inside(value["path"])
    text = text_of(value["text"])
    print(f"Writing {value['path']}", flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def append(value: Any) -> None:
    path = inside(value["path"])
    text = text_of(value["text"])
    print(f"Appending to {value['path']}", flush=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def replace(value: Any) -> None:
    """Replace the only occurrence of `old`, or leave all as it is when `new` is there already."""
    path = inside(value["path"])
    old, new = text_of(value["old"]), text_of(value["new"])
    text = path.read_text("utf-8")
    if new and new in text:
        print(f"{value['path']} already has it", flush=True)
        return
    if text.count(old) != 1:
        raise StepFailed(f"{value['path']} holds the text to replace {text.count(old)} times, not once")
    print(f"Editing {value['path']}", flush=True)
    path.write_text(text.replace(old, new), "utf-8")


def delete(value: Any) -> None:
    path = inside(value)
    print(f"Deleting {value}", flush=True)
    path.unlink()


def run(value: Any) -> None:
    if not isinstance(value, list) or not value or not all(isinstance(word, str) for word in value):
        raise ValueError("run takes a list of words")
    print(f"Running {' '.join(value)}", flush=True)
    words = [sys.executable if word == "{python}" else word for word in value]
    code = subprocess.run(words, stdin=subprocess.DEVNULL, check=False).returncode
    if code != 0:
        raise StepFailed(f"{value[0]} ended with exit code {code}")


def until(value: Any) -> None:
    while not Path(text_of(value)).exists():
        listen(0.02)
        apply_heard(("now", "next"))


def sleep(value: Any) -> None:
    end = time.monotonic() + float(value)
    while (left := end - time.monotonic()) > 0:
        listen(left)
        apply_heard(("now",))


#: What was heard and not applied yet: id, text, urgency.
HEARD: list[tuple[str, str, str]] = []
_input = {"rest": b"", "open": b"yes"}


def listen(seconds: float) -> None:
    """Take what has come on standard input, or comes within that time."""
    if not _input["open"]:
        return time.sleep(seconds)
    if not select.select([0], [], [], seconds)[0]:
        return None
    data = os.read(0, 65536)
    _input["open"] = data and b"yes"
    *lines, _input["rest"] = (_input["rest"] + data).split(b"\n")
    for line in lines:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            said = json.loads(line)
            HEARD.append((str(said["id"]), str(said["text"]), str(said["urgency"])))
            print(f"[heard {HEARD[-1][0]}] {' '.join(HEARD[-1][1].split())}", flush=True)


def apply_heard(urgencies: tuple[str, ...]) -> None:
    """Do what was heard with one of these urgencies: note it in a file."""
    for message in [message for message in HEARD if message[2] in urgencies]:
        HEARD.remove(message)
        print(f"[applying {message[0]}]", flush=True)
        with inside(f"heard-{os.environ.get('ORCH_WORK_STREAM', '')}.txt").open("a", encoding="utf-8") as file:
            file.write(" ".join(message[1].split()) + "\n")
        print(f"[applied {message[0]}]", flush=True)


def commit(value: Any) -> None:
    message = text_of(value)
    git("add", "-A")
    if git("diff", "--cached", "--quiet", ok=(0, 1)).returncode == 0:
        print("Nothing to commit", flush=True)
        return
    print(f"Committing: {message.splitlines()[0] if message else ''}", flush=True)
    git("commit", "-q", "-m", message)


def merge(value: Any) -> None:
    """Merge a branch; on a conflict take the texts of `resolve`, and give up where one is missing."""
    branch = value.get("branch") or os.environ.get("ORCH_TARGET_BRANCH", "")
    if not branch or branch.startswith("-"):
        raise ValueError("merge needs a branch")
    print(f"Merging {branch}", flush=True)
    if git("merge", "-q", "--no-edit", branch, ok=(0, 1)).returncode == 0:
        return
    names = git("diff", "--name-only", "--diff-filter=U", "-z").stdout.split("\0")
    conflicts = [name for name in names if name]
    resolve = value.get("resolve", {})
    unknown = [name for name in conflicts if name not in resolve]
    if unknown or not conflicts:
        git("merge", "--abort", ok=(0, 128))
        raise StepFailed(f"the merge of {branch} needs somebody to resolve {', '.join(unknown) or 'it'}")
    for name in conflicts:
        print(f"Resolving the conflict in {name}, keeping both sides", flush=True)
        inside(name).write_text(text_of(resolve[name]), "utf-8")
    git("add", "--", *conflicts)
    git("commit", "-q", "--no-edit")


def inside(value: Any) -> Path:
    """The path `value` below the current directory. Raises StepFailed when it leads out of it or into `.git`."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"a path is a string, not {value!r:.100}")
    root = Path.cwd().resolve()
    path = (root / value).resolve()
    if path == root or not path.is_relative_to(root) or path.relative_to(root).parts[0].lower() == ".git":
        raise StepFailed(f"{value} is not inside the worktree")
    return path


def text_of(value: Any) -> str:
    """A text of the script: a string, or lines. Raises ValueError."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return "\n".join(value)
    raise ValueError(f"a text is a string or a list of lines, not {value!r:.100}")


def git(*arguments: str, ok: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
    """Run git here. Raises StepFailed when its exit code is not among `ok`."""
    done = subprocess.run(
        ["git", *IDENTITY, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
    )
    if done.returncode not in ok:
        raise StepFailed(f"git {arguments[0]} failed: {(done.stderr or done.stdout).strip()[:500]}")
    return done


STEPS: dict[str, Callable[[Any], None]] = {
    "say": say,
    "write": write,
    "append": append,
    "replace": replace,
    "delete": delete,
    "run": run,
    "until": until,
    "sleep": sleep,
    "commit": commit,
    "merge": merge,
}


def _run_as_program() -> NoReturn:
    # An agent may print what its terminal cannot encode; that is no reason to stop.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(main(sys.argv))


if __name__ == "__main__":
    _run_as_program()
