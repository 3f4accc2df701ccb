"""The shim as a process: what it gives an agent, what it bounds, what it ends, what it records."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from running import (
    AGENT_ID,
    end,
    is_running,
    kill_shim,
    linux_only,
    make_spec,
    pids,
    python,
    run,
    shim_argv,
    shim_is_there,
    start,
    until,
)

from orchestrator_agent import attempts, logs, shim
from orchestrator_agent.attempts import Wake

# ---- The end of the program


def test_exit_code_and_output_are_recorded(tmp_path: Path) -> None:
    directory, record = run(tmp_path, "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (record.reason, record.code, record.signal) == ("exited", 3, None)
    assert (record.agent_id, record.dropped_bytes, record.survivors) == (AGENT_ID, 0, ())
    assert record.started_at <= record.ended_at
    assert sorted(logs.tail(directory).split()) == ["err", "out"]


def test_a_signal_from_elsewhere_is_recorded(tmp_path: Path) -> None:
    _, record = run(tmp_path, "sh", "-c", "kill -9 $$")
    assert (record.reason, record.code, record.signal) == ("exited", None, 9)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"argv": ("no-such-program",)}, ["no-such-program", "No such file"]),
        ({"cwd": "/no/such/folder"}, ["/no/such/folder", "No such file"]),
        ({"argv": ("/",)}, ["Permission denied"]),
        ({"argv": ("true", "a\0b")}, ["null byte"]),
        ({"argv": ("true", "x" * 10_000_000)}, ["too long"]),
        ({"stdin_file": "/no/such/input"}, ["input", "No such file"]),
    ],
)
def test_what_cannot_start_says_why(tmp_path: Path, change: dict[str, Any], words: list[str]) -> None:
    _, record = run(tmp_path, *change.pop("argv", ("true",)), **change)
    assert (record.reason, record.code, record.signal) == ("not_started", None, None)
    assert all(word in record.message for word in words), record.message


def test_stderr_has_its_own_log_unless_merged(tmp_path: Path) -> None:
    directory, _ = run(tmp_path, "sh", "-c", "echo out; echo err >&2", merge_stderr=False)
    assert logs.tail(directory) == "out\n"
    assert logs.tail(directory, name="err.log") == "err\n"


# ---- What the agent gets

_FACTS = """
import json, os, signal, sys
mask = os.umask(0)
print(json.dumps({
    "env": dict(os.environ), "argv": sys.argv[1:], "cwd": os.getcwd(), "stdin": sys.stdin.read(),
    "umask": mask, "fds": sorted(int(n) for n in os.listdir("/dev/fd"))[:-1], "leads": os.getsid(0) == os.getpid(),
    "blocked": list(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
}))
"""


def test_the_agent_gets_what_the_spec_says_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_CALLER", "1")
    before = os.umask(0o027)
    try:
        env = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "ODD": "\udcff é\n$(x)"}
        directory, record = run(tmp_path, *python(_FACTS, "--", "a b", "$(touch pwned)", "\udcfe"), env=env)
    finally:
        os.umask(before)
    assert record.code == 0, logs.tail(directory)
    facts = json.loads(logs.tail(directory))
    facts["env"].pop("LC_CTYPE", None)  # Python's own doing in a C locale
    assert facts["env"] == {**env, "ORCH_AGENT_ID": AGENT_ID, "ORCH_ATTEMPT_FOLDER": str(directory.resolve())}
    assert facts["argv"] == ["--", "a b", "$(touch pwned)", "\udcfe"]
    assert facts["cwd"] == str(tmp_path)
    assert (facts["stdin"], facts["umask"], facts["leads"], facts["blocked"]) == ("", 0o027, True, [])
    assert facts["fds"] == [0, 1, 2]
    assert not (tmp_path / "pwned").exists()


def test_a_broken_pipe_ends_the_agents_programs_as_usual(tmp_path: Path) -> None:
    _, record = run(tmp_path, "sh", "-c", "trap 'exit 9' PIPE; kill -PIPE $$; exit 1")
    assert record.code == 9


def test_files_are_private_and_the_environments_values_are_forgotten(tmp_path: Path) -> None:
    env = {"PATH": os.environ["PATH"], "API_KEY": "sk-very-secret"}
    directory, _ = run(tmp_path, "true", env=env, stdin=b"prompt")
    assert directory.stat().st_mode & 0o777 == 0o700
    for file in directory.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file
        assert b"sk-very-secret" not in file.read_bytes(), file


def test_long_input_arrives_whole(tmp_path: Path) -> None:
    data = os.urandom(1 << 20) * 3
    code = "import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())"
    directory, record = run(tmp_path, *python(code), stdin=data)
    assert (record.code, logs.tail(directory).strip()) == (0, hashlib.sha256(data).hexdigest())


def test_an_agent_that_reads_no_input_is_no_hindrance(tmp_path: Path) -> None:
    _, record = run(tmp_path, "sh", "-c", "exec <&-; exit 4", stdin=b"x" * 5_000_000)
    assert record.code == 4


ECHO = ("sh", "-c", "while read -r line; do echo got $line; done; echo end")


def test_frames_go_to_an_open_stdin_until_it_is_closed(tmp_path: Path) -> None:
    directory = start(tmp_path, *ECHO, keep_stdin=True)
    attempts.send_frame(directory, "1", b'{"n":1}')
    attempts.send_frame(directory, "2", b"x" * 200_000)
    until(lambda: logs.tail(directory).count("x") == 4000 - 1)
    assert attempts.observe(directory).alive
    attempts.send_frame(directory, "1", b"said before")
    attempts.close_stdin(directory)
    assert end(directory).code == 0
    lines, _ = logs.read_lines_from(directory, 0)
    assert lines == ['got {"n":1}', "got " + "x" * 200_000, "end"]
    attempts.send_frame(directory, "3", b"too late")
    assert {path.name for path in (directory / "frames" / "taken").iterdir()} == {"1", "2"}


def test_frames_that_came_before_the_agent_keep_their_order(tmp_path: Path) -> None:
    directory = tmp_path / "agents" / "one"
    attempts.prepare(directory, make_spec(tmp_path, *ECHO, keep_stdin=True), b"first\n")
    for name in ("03", "01", "02"):
        attempts.send_frame(directory, name, name.encode())
    attempts.close_stdin(directory)
    attempts.launch(directory)
    assert end(directory).code == 0
    assert logs.read_lines_from(directory, 0)[0] == ["got first", "got 01", "got 02", "got 03", "end"]


# ---- Standing still

_COUNT = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork(): os._exit(0)
path = f"{sys.argv[1]}.{os.getpid()}"
for n in range(10**9):
    open(path, "w").write(str(n)); time.sleep(0.002)
"""


def test_a_tree_that_is_paused_stands_still_and_its_time_with_it(tmp_path: Path) -> None:
    directory = start(tmp_path, *python(_COUNT, str(tmp_path / "count")), timeout_seconds=3.0, grace_seconds=0.2)
    until(lambda: len([path for path in tmp_path.glob("count.*") if path.read_text()]) == 2)
    attempts.request_pause(directory, paused=True)
    until(lambda: attempts.observe(directory).paused)
    before = {path: path.read_text() for path in tmp_path.glob("count.*")}
    time.sleep(1)
    assert {path: path.read_text() for path in tmp_path.glob("count.*")} == before
    assert attempts.observe(directory).alive
    attempts.request_pause(directory, paused=False)
    until(lambda: all(path.read_text() not in ("", before[path]) for path in before))
    until(lambda: not attempts.observe(directory).paused)
    record = end(directory)
    assert record.reason == "timeout" and record.duration_seconds >= 4


def test_what_stands_still_can_be_stopped_and_gets_no_frames(tmp_path: Path) -> None:
    directory = start(tmp_path, *ECHO, keep_stdin=True)
    attempts.request_pause(directory, paused=True)
    until(lambda: attempts.observe(directory).paused)
    attempts.send_frame(directory, "1", b"later")
    time.sleep(0.1)
    assert not (directory / "frames" / "taken" / "1").exists()
    attempts.request_stop(directory)
    record = end(directory)
    assert (record.reason, record.signal, record.survivors) == ("stopped", signal.SIGTERM, ())
    until(lambda: not attempts.observe(directory).paused)


def test_one_session_has_one_agent(tmp_path: Path) -> None:
    lock = str(tmp_path / "session")
    first = start(tmp_path, "sleep", "60", session_lock=lock)
    _, second = run(tmp_path / "other", "true", session_lock=lock)
    assert second.reason == "not_started" and "session" in second.message
    attempts.request_stop(first, now=True)
    assert end(first).reason == "stopped"
    _, third = run(tmp_path / "third", "true", session_lock=lock)
    assert third.code == 0


# ---- Output is bounded


def test_a_fast_writer_fills_two_segments_at_most(tmp_path: Path) -> None:
    total, limit = 50_000_000, 1 << 20
    code = "import os\nfor i in range(500): os.write(1, b'%07d\\n' % i * 12500)"
    directory, record = run(tmp_path, *python(code), segment_bytes=limit)
    sizes = [(directory / name).stat().st_size for name in ("out.log.1", "out.log")]
    assert sizes[0] == limit and sizes[1] <= limit
    assert record.dropped_bytes == total - sum(sizes)
    assert logs.tail(directory, 8) == "0000499\n"


def test_a_full_disk_costs_output_and_not_the_agent(tmp_path: Path) -> None:
    """A limit on the size of files is the disk that is full."""
    directory = tmp_path / "agents" / "one"
    attempts.prepare(directory, make_spec(tmp_path, *python("import os; os.write(1, b'x' * 1_000_000); os._exit(6)")))
    blocks = "64"  # of 512 bytes or 1 KiB, by shell
    subprocess.run(["sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh", *shim_argv(directory)], check=True)
    record = end(directory)
    kept = (directory / "out.log").stat().st_size
    assert (record.code, record.dropped_bytes) == (6, 1_000_000 - kept)
    assert 0 < kept <= 65536


def test_an_agent_that_closes_its_output_goes_on(tmp_path: Path) -> None:
    _, record = run(tmp_path, *python("import os, time; os.close(1); os.close(2); time.sleep(0.2); os._exit(5)"))
    assert (record.reason, record.code) == ("exited", 5)


# ---- The whole tree ends

_SETSID = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    open("pids", "a").write(f"{os.getpid()}\\n")
    time.sleep(1000)
open("pids", "a").write(f"{os.getpid()}\\n")
time.sleep(1000)
"""
_DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork(): os._exit(0)
    code = 'import os, time; open("pids", "a").write(f"{os.getpid()}\\\\n"); time.sleep(1000)'
    os.execve(sys.executable, [sys.executable, "-I", "-S", "-c", code], {})
while not os.path.exists("pids"): time.sleep(0.01)
"""
_RESPAWNER = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    while True:
        if os.fork(): os._exit(0)
        open("pids", "a").write(f"{os.getpid()}\\n")
        time.sleep(0.005)
time.sleep(1000)
"""


def test_stop_ends_a_child_in_its_own_session_that_ignores_sigterm(tmp_path: Path) -> None:
    directory = start(tmp_path, *python(_SETSID), grace_seconds=0.2)
    tree = pids(tmp_path / "pids", 2)
    assert attempts.request_stop(directory)
    record = end(directory)
    assert (record.reason, record.signal, record.survivors) == ("stopped", signal.SIGKILL, ())
    assert not any(map(is_running, tree))


@linux_only
def test_a_daemon_with_an_empty_environment_ends_with_its_agent(tmp_path: Path) -> None:
    _, record = run(tmp_path, *python(_DAEMON))
    assert (record.reason, record.code, record.survivors) == ("exited", 0, ())
    assert not is_running(pids(tmp_path / "pids", 1)[0])


@linux_only
def test_stop_ends_what_forks_again_and_again(tmp_path: Path) -> None:
    directory = start(tmp_path, *python(_RESPAWNER), grace_seconds=0.1)
    pids(tmp_path / "pids", 20)
    assert attempts.request_stop(directory)
    record = end(directory)
    assert (record.reason, record.survivors) == ("stopped", ())
    written = (tmp_path / "pids").read_text()
    time.sleep(0.1)
    assert (tmp_path / "pids").read_text() == written
    assert not any(map(is_running, map(int, written.split())))


def test_a_child_that_keeps_the_output_open_ends_with_its_agent(tmp_path: Path) -> None:
    _, record = run(tmp_path, "sh", "-c", "sleep 1000 & echo $! >pids; exit 2")
    assert record.code == 2
    assert record.duration_seconds < 20
    assert not is_running(pids(tmp_path / "pids", 1)[0])


def test_stop_is_polite_first(tmp_path: Path) -> None:
    directory = start(tmp_path, "sh", "-c", "trap 'echo saved; exit 7' TERM; echo >ready; while :; do sleep 0.05; done")
    until((tmp_path / "ready").exists)
    attempts.request_stop(directory)
    record = end(directory)
    assert (record.reason, record.code) == ("stopped", 7)
    assert "saved" in logs.tail(directory)


def test_stop_now_spares_the_grace(tmp_path: Path) -> None:
    directory = start(tmp_path, *python(_SETSID), grace_seconds=1000)
    tree = pids(tmp_path / "pids", 2)
    attempts.request_stop(directory)
    attempts.request_stop(directory, now=True)
    assert end(directory).reason == "stopped"
    assert not any(map(is_running, tree))


def test_an_agent_that_is_suspended_can_be_stopped(tmp_path: Path) -> None:
    directory = start(tmp_path, "sh", "-c", "trap 'exit 7' TERM; echo >ready; kill -STOP $$")
    until((tmp_path / "ready").exists)
    attempts.request_stop(directory)
    assert (end(directory).reason, end(directory).code) == ("stopped", 7)


def test_the_deadline_ends_it(tmp_path: Path) -> None:
    _, record = run(tmp_path, "sh", "-c", "sleep 1000", timeout_seconds=0.2)
    assert (record.reason, record.code, record.signal) == ("timeout", None, signal.SIGTERM)
    assert "0.2 seconds" in record.message


# ---- One start, ever


def test_a_second_shim_is_refused(tmp_path: Path) -> None:
    directory = start(tmp_path, "sh", "-c", "echo started >>log; exec sleep 1000", grace_seconds=0)
    until((tmp_path / "log").exists)
    assert subprocess.run(shim_argv(directory)).returncode == shim.EXIT_LOCKED
    attempts.request_stop(directory, now=True)
    end(directory)
    until(lambda: not attempts.observe(directory).alive)
    assert subprocess.run(shim_argv(directory)).returncode == shim.EXIT_STARTED
    assert (tmp_path / "log").read_text() == "started\n"


def test_a_stop_before_the_start_is_obeyed(tmp_path: Path) -> None:
    directory = tmp_path / "agents" / "one"
    attempts.prepare(directory, make_spec(tmp_path, "touch", "ran"))
    starting = shim.take_lock(str(directory))  # as a shim does that has not come any further yet
    assert starting is not None
    assert attempts.request_stop(directory)
    os.close(starting)
    attempts.launch(directory)
    record = end(directory)
    assert (record.reason, record.code) == ("stopped", None)
    assert not (tmp_path / "ran").exists()


@linux_only
def test_the_agent_gets_a_signal_when_its_shim_is_killed(tmp_path: Path) -> None:
    directory = start(tmp_path, "sh", "-c", "trap 'echo >told; exit' TERM; echo >ready; while :; do sleep 0.05; done")
    until((tmp_path / "ready").exists)
    kill_shim(directory)
    until((tmp_path / "told").exists)
    assert attempts.observe(directory).exit is None
    attempts.sweep(directory, None)


# ---- Telling others


def test_the_tree_ends_when_the_tether_breaks(tmp_path: Path) -> None:
    directory = tmp_path / "agents" / "one"
    attempts.prepare(directory, make_spec(tmp_path, *python(_SETSID), tether=True, grace_seconds=0.1))
    read, write = os.pipe()
    attempts.launch(directory, tether_fd=read)
    os.close(read)
    tree = pids(tmp_path / "pids", 2)
    assert attempts.observe(directory).alive
    os.close(write)
    assert end(directory).reason == "stopped"
    assert not any(map(is_running, tree))


def make_wake(folder: Path) -> Wake:
    code = (
        "import os; print(os.getcwd(), os.getsid(0) == os.getpid(), file=open('new', 'w')); os.rename('new', 'woken')"
    )
    return Wake(fifo=str(folder / "fifo"), lock=str(folder / "lock"), argv=python(code), cwd=str(folder))


def test_the_end_starts_a_controller_when_none_runs(tmp_path: Path) -> None:
    run(tmp_path, "true", wake=make_wake(tmp_path))
    until((tmp_path / "woken").exists)
    assert (tmp_path / "woken").read_text() == f"{tmp_path} True\n"


def test_the_end_wakes_the_controller_that_runs(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "lock").touch()
    holder = (
        "import fcntl, sys\nfile = open(sys.argv[1])\nfcntl.flock(file, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\ninput()"
    )
    controller = subprocess.Popen(
        python(holder, str(tmp_path / "lock")), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with controller:
        assert controller.stdout and controller.stdout.readline() == "held\n"
        reader = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
        wake = dataclasses.replace(make_wake(tmp_path), argv=("mkdir", "woken"))
        directory, _ = run(tmp_path, "true", wake=wake)
        until(lambda: not shim_is_there(directory))
        assert len(os.read(reader, 10)) == 1
        time.sleep(0.2)  # for a mkdir that must not be
        os.close(reader)
        controller.communicate("\n")
    assert not (tmp_path / "woken").exists()
