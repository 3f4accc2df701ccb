"""Attempts from the controller's side: idempotent, judged by locks, stopped and swept without harm to strangers."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import (
    AGENT_ID,
    PATIENCE,
    end,
    is_running,
    kill_shim,
    linux_only,
    make_spec,
    pids,
    python,
    run,
    start,
    until,
)
from support import ROOT

from orchestrator_agent import attempts, logs, shim
from orchestrator_agent.attempts import Observation
from orchestrator_agent.errors import OrchError

_IMPORTS = "import os, sys, time\nfrom pathlib import Path\nfrom orchestrator_agent import attempts\n"
SLEEP = ("sleep", "1000")


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is none of ours."""
    with subprocess.Popen(SLEEP, cwd=tmp_path) as process:
        yield process
        process.kill()


# ---- Prepare and launch


def test_prepare_and_launch_may_be_repeated(tmp_path: Path) -> None:
    directory = tmp_path / "agents" / "one"
    spec = make_spec(tmp_path, "sh", "-c", "cat >>log")
    for _ in range(2):
        attempts.prepare(directory, spec, b"once\n")
    for _ in range(3):
        attempts.launch(directory)
    assert end(directory).code == 0
    attempts.prepare(directory, make_spec(tmp_path, "touch", "other"))
    attempts.launch(directory)
    assert (tmp_path / "log").read_text() == "once\n"
    assert not (tmp_path / "other").exists()


def test_of_many_that_launch_at_once_one_does(tmp_path: Path) -> None:
    directory = tmp_path / "agents" / "one"
    attempts.prepare(directory, make_spec(tmp_path, "sh", "-c", "echo started >>log"))
    code = f"{_IMPORTS}attempts.launch(Path(sys.argv[1]))"
    racers = [subprocess.Popen([sys.executable, "-c", code, str(directory)], cwd=ROOT) for _ in range(6)]
    assert [racer.wait() for racer in racers] == [0] * 6
    assert end(directory).code == 0
    assert (tmp_path / "log").read_text() == "started\n"


def test_a_directory_behind_a_link_is_refused(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "agents").symlink_to(elsewhere)
    with pytest.raises(OrchError, match="symbolic link"):
        attempts.prepare(tmp_path / "agents" / "one", make_spec(tmp_path, "true"))
    (tmp_path / "agents").unlink()
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "one").symlink_to(elsewhere)
    with pytest.raises(OrchError, match="symbolic link"):
        attempts.prepare(tmp_path / "agents" / "one", make_spec(tmp_path, "true"))
    assert list(elsewhere.glob("*.json")) == []


def test_launching_leaves_no_child_behind(tmp_path: Path) -> None:
    code = (
        f"{_IMPORTS}attempts.launch(Path(sys.argv[1])); attempts.wait(Path(sys.argv[1]), 30)\n"
        "try: os.waitpid(-1, os.WNOHANG)\n"
        "except ChildProcessError: print('none')"
    )
    directory = tmp_path / "agents" / "one"
    attempts.prepare(directory, make_spec(tmp_path, "true"))
    done = subprocess.run([sys.executable, "-c", code, str(directory)], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "none\n"


def test_the_agent_outlives_a_launcher_that_is_killed(tmp_path: Path) -> None:
    directory = tmp_path / "agents" / "one"
    attempts.prepare(directory, make_spec(tmp_path, "sh", "-c", "while [ ! -e go ]; do sleep 0.02; done; echo done"))
    code = f"{_IMPORTS}attempts.launch(Path(sys.argv[1])); print('launched', flush=True); time.sleep(1000)"
    argv = [sys.executable, "-c", code, str(directory)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True) as launcher:
        assert launcher.stdout and launcher.stdout.readline() == b"launched\n"
        os.killpg(launcher.pid, signal.SIGKILL)
    assert attempts.observe(directory).alive
    (tmp_path / "go").touch()
    assert end(directory).code == 0
    assert logs.tail(directory) == "done\n"


# ---- Observe and wait


def test_observations_from_before_the_start_to_after_the_end(tmp_path: Path) -> None:
    directory = tmp_path / "agents" / "one"
    assert attempts.observe(directory) == Observation(alive=False, started=False, exit=None)
    attempts.prepare(directory, make_spec(tmp_path, "sh", "-c", "while [ ! -e go ]; do sleep 0.02; done"))
    assert attempts.observe(directory) == Observation(alive=False, started=False, exit=None)
    attempts.launch(directory)
    assert attempts.observe(directory).alive  # at once: no moment between launched and alive
    assert attempts.wait(directory, 0.05) is None
    until(lambda: attempts.observe(directory).started)
    (tmp_path / "go").touch()
    record = end(directory)
    until(lambda: not attempts.observe(directory).alive)
    assert attempts.observe(directory) == Observation(alive=False, started=True, exit=record)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"null", b'{"agent_id": "x"}', b'{"survivors": 3}', b"\xff\xfe", b"[" * 9999]
)
def test_a_damaged_exit_record_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "exit.json").write_bytes(content)
    assert attempts.observe(tmp_path).exit is None


def test_a_dead_shim_is_seen_as_such(tmp_path: Path) -> None:
    directory = start(tmp_path, "sh", "-c", "echo >ready; exec sleep 1000")
    until((tmp_path / "ready").exists)
    kill_shim(directory)
    assert attempts.observe(directory) == Observation(alive=False, started=True, exit=None)
    assert attempts.wait(directory, None) is None
    assert attempts.sweep(directory, None) == []


def test_observing_disturbs_no_start(tmp_path: Path) -> None:
    directory = tmp_path / "agents" / "one"
    attempts.prepare(directory, make_spec(tmp_path, "true"))
    observer = os.open(directory / "lock", os.O_RDONLY | os.O_CREAT)
    fcntl.flock(observer, fcntl.LOCK_SH)  # as `observe` does, for longer
    threading.Timer(0.1, os.close, [observer]).start()
    attempts.launch(directory)
    assert end(directory).code == 0


def test_a_launch_too_many_does_not_look_alive(tmp_path: Path) -> None:
    directory, _ = run(tmp_path, "true")
    until(lambda: not attempts.observe(directory).alive)
    attempts.launch(directory)
    assert not attempts.observe(directory).alive


# ---- Stop


def test_a_stop_of_nothing_says_so(tmp_path: Path) -> None:
    directory = tmp_path / "agents" / "one"
    assert not attempts.request_stop(directory)
    attempts.prepare(directory, make_spec(tmp_path, "true"))
    assert not attempts.request_stop(directory)
    attempts.launch(directory)
    assert end(directory).reason == "exited"
    assert not attempts.request_stop(directory)
    assert not (directory / "stop").exists()


def test_a_stop_may_be_repeated(tmp_path: Path) -> None:
    directory = start(tmp_path, *SLEEP)
    until(lambda: attempts.observe(directory).started)
    assert attempts.request_stop(directory)
    attempts.request_stop(directory)
    assert end(directory).reason == "stopped"
    assert not attempts.request_stop(directory)


@pytest.mark.parametrize("change", [{"start_time": "1"}, {"boot_id": "another"}, {"pid": 2**22 + 1}])
def test_a_process_that_only_has_the_pid_gets_no_signal(
    tmp_path: Path, stranger: subprocess.Popen[bytes], change: dict[str, object]
) -> None:
    identity = {"pid": stranger.pid, "start_time": shim.start_time(stranger.pid), "boot_id": shim.boot_id()}
    (tmp_path / "start.json").write_text(json.dumps({**identity, **change}))
    lock = shim.take_lock(str(tmp_path))
    assert lock is not None
    assert not attempts.request_stop(tmp_path)
    assert not attempts.request_stop(tmp_path, now=True)
    os.close(lock)
    (tmp_path / "start.json").write_text(json.dumps(identity))  # all is right, but no lock is held
    assert not attempts.request_stop(tmp_path)
    assert stranger.poll() is None


# ---- Run


def test_run_gives_the_record_and_takes_input(tmp_path: Path) -> None:
    directory = tmp_path / "checks" / "tests"
    record = attempts.run(directory, make_spec(tmp_path, "sh", "-c", "cat; exit 4"), b"hello")
    assert (record.reason, record.code) == ("exited", 4)
    assert logs.tail(directory) == "hello"


def test_run_says_that_its_shim_was_killed(tmp_path: Path) -> None:
    killer = "import json, os, time\nos.kill(json.load(open('check/start.json'))['pid'], 9)\ntime.sleep(1000)"
    record = attempts.run(tmp_path / "check", make_spec(tmp_path, *python(killer)))
    assert (record.reason, record.code) == ("stopped", None)
    assert "killed" in record.message


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_what_is_run_ends_with_its_caller(tmp_path: Path, number: signal.Signals) -> None:
    code = (
        "import os, sys; from pathlib import Path; from orchestrator_agent.attempts import LaunchSpec, run\n"
        "here = Path(sys.argv[1])\n"
        "argv = ('sh', '-c', 'echo $$ >pids; sleep 1000 & echo $! >>pids; wait')\n"
        "run(here / 'check', LaunchSpec(agent_id='check', argv=argv, cwd=str(here), env=dict(os.environ)))"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stderr=subprocess.DEVNULL) as caller:
        tree = pids(tmp_path / "pids", 2)
        caller.send_signal(number)
    assert end(tmp_path / "check").reason == "stopped"
    assert not any(map(is_running, tree))


# ---- Logs


def test_lines_are_followed_across_rotations(tmp_path: Path) -> None:
    code = (
        "import os, time\n"
        "for i in range(20000):\n"
        "    os.write(1, b'line %d\\n' % i)\n"
        "    if i % 500 == 0: time.sleep(0.005)\n"
        "os.write(1, b'last')"
    )
    directory = start(tmp_path, *python(code), segment_bytes=20_000)
    seen: list[str] = []
    offset = 0
    deadline = time.monotonic() + PATIENCE
    while "last" not in seen[-1:] and time.monotonic() < deadline:
        lines, offset = logs.read_lines_from(directory, offset)
        seen += lines
    assert seen[-1] == "last"
    numbers = [int(line.removeprefix("line ")) for line in seen[:-1]]
    assert numbers == sorted(set(numbers)), "no line twice, none cut"
    assert numbers[-1] == 19999
    assert (directory / "out.log.1").stat().st_size == 20_000
    total = sum(len(f"line {i}\n") for i in range(20000)) + 4
    assert offset == total


def test_lines_that_are_gone_are_skipped(tmp_path: Path) -> None:
    directory, _ = run(tmp_path, "sh", "-c", "for i in $(seq 1000 1999); do echo $i; done", segment_bytes=1002)
    lines, offset = logs.read_lines_from(directory, 0)
    assert lines == [str(n) for n in range(2000 - len(lines), 2000)]
    assert 200 <= len(lines) <= 400 and offset == 5000
    assert logs.read_lines_from(directory, offset) == ([], offset)


def test_a_line_that_is_not_complete_waits_and_an_endless_one_comes_in_parts(tmp_path: Path) -> None:
    directory = tmp_path
    (directory / "out.log").write_bytes(b"one\ntw")
    assert logs.read_lines_from(directory, 0) == (["one"], 4)
    (directory / "out.log").write_bytes(b"one\ntwo\n\n\xff\n")
    assert logs.read_lines_from(directory, 4) == (["two", "", "�"], 11)
    (directory / "out.log").write_bytes(b"x" * 3_000_000)
    lines, offset = logs.read_lines_from(directory, 0)
    assert (len(lines), len(lines[0]), offset) == (1, 1 << 20, 1 << 20)
    assert logs.read_lines_from(directory / "missing", 7) == ([], 7)


def test_the_tail_spans_both_segments(tmp_path: Path) -> None:
    directory, _ = run(tmp_path, "sh", "-c", "for i in $(seq 1000 1999); do echo $i; done", segment_bytes=1024)
    assert logs.tail(directory, 1500) == "".join(f"{n}\n" for n in range(1700, 2000))
    assert logs.tail(directory, 0) == ""
    assert logs.tail(tmp_path / "missing") == ""


# ---- Sweep

_LEAVE = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork(): os._exit(0)
    env = {} if sys.argv[1] == "empty" else dict(os.environ)
    code = (
        "import os, signal, time\\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\\n"
        "open('pids', 'a').write(f'{os.getpid()}\\\\n'); time.sleep(1000)"
    )
    os.execve(sys.executable, [sys.executable, "-I", "-S", "-c", code], env)
time.sleep(1000)
"""


def lose(folder: Path, how: str) -> tuple[Path, int]:
    """An attempt whose shim was killed, and its daemon that ignores SIGTERM."""
    directory = start(folder, *python(_LEAVE, how))
    daemon = pids(folder / "pids", 1)[0]
    kill_shim(directory)
    return directory, daemon


def test_sweep_ends_what_a_killed_shim_left(tmp_path: Path) -> None:
    directory, daemon = lose(tmp_path, "same")
    assert is_running(daemon)
    assert attempts.sweep(directory, tmp_path) == []
    assert not is_running(daemon)


@linux_only
def test_sweep_finds_a_daemon_with_an_empty_environment_by_its_worktree(tmp_path: Path) -> None:
    directory, daemon = lose(tmp_path, "empty")
    assert attempts.sweep(directory, tmp_path / "another") == []
    assert is_running(daemon)
    assert attempts.sweep(directory, tmp_path) == []
    assert not is_running(daemon)


@linux_only
def test_sweep_ends_what_forks_again_and_again(tmp_path: Path) -> None:
    code = (
        "import os, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "while True:\n    if os.fork(): os._exit(0)\n"
        "    open('pids', 'a').write(f'{os.getpid()}\\n'); time.sleep(0.005)"
    )
    directory = start(tmp_path, *python("import os, sys, time\nif os.fork(): time.sleep(1000)\n" + code))
    pids(tmp_path / "pids", 20)
    kill_shim(directory)
    assert attempts.sweep(directory, None) == []
    written = (tmp_path / "pids").read_text()
    time.sleep(0.1)
    assert (tmp_path / "pids").read_text() == written


def test_sweep_spares_a_person_in_the_worktree_and_other_agents(tmp_path: Path) -> None:
    directory, daemon = lose(tmp_path, "same")
    # An editor left in the background, its parent gone, working in the worktree; and an agent in a longer folder.
    editor = "sleep 1000 & echo $! >>others"
    subprocess.run(["sh", "-c", editor], cwd=tmp_path, check=True)
    other_env = {**os.environ, "ORCH_AGENT_ID": AGENT_ID, "ORCH_ATTEMPT_FOLDER": f"{directory.resolve()}7"}
    subprocess.run(["sh", "-c", editor], cwd=tmp_path, env=other_env, check=True)
    others = pids(tmp_path / "others", 2)
    try:
        assert attempts.sweep(directory, tmp_path) == []
        assert not is_running(daemon)
        assert all(map(is_running, others))
    finally:
        for pid in others:
            os.kill(pid, signal.SIGKILL)


def test_sweep_spares_itself_and_those_above_it(tmp_path: Path) -> None:
    directory, daemon = lose(tmp_path, "same")
    code = f"{_IMPORTS}print(attempts.sweep(Path(sys.argv[1]), Path(sys.argv[2])))"
    done = subprocess.run(
        ["sh", "-c", '"$@"; echo survived', "sh", sys.executable, "-c", code, str(directory), str(tmp_path)],
        env={**os.environ, "ORCH_ATTEMPT_FOLDER": str(directory.resolve()), "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "[]\nsurvived\n", done.stderr
    assert not is_running(daemon)


@pytest.mark.parametrize("gone", [("start.json",), ("spec.json",), ("lock", "start.json", "spec.json")])
def test_sweep_ends_what_works_in_a_folder_that_is_half_removed(tmp_path: Path, gone: tuple[str, ...]) -> None:
    directory, daemon = lose(tmp_path, "same")
    for name in gone:
        (directory / name).unlink()
    assert attempts.sweep(directory, None) == []
    assert not is_running(daemon)


def test_sweep_refuses_while_the_shim_lives(tmp_path: Path) -> None:
    directory = start(tmp_path, *SLEEP)
    with pytest.raises(OrchError, match="still runs"):
        attempts.sweep(directory, tmp_path)
    attempts.request_stop(directory, now=True)
    assert end(directory).reason == "stopped"


def test_a_supervisor_that_does_not_answer_is_killed_and_its_tree_swept(tmp_path: Path) -> None:
    directory = start(tmp_path, "sh", "-c", f"trap '' TERM; echo $$ >> {tmp_path}/pids; sleep 1000")
    (agent,) = pids(tmp_path / "pids", 1)
    os.kill(json.loads((directory / "start.json").read_text())["pid"], signal.SIGSTOP)
    assert attempts.kill_shim(directory)
    until(lambda: not attempts.observe(directory).alive)
    assert not attempts.kill_shim(directory)
    assert attempts.sweep(directory, None) == [] and not is_running(agent)
