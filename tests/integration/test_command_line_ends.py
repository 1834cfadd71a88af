"""Promise: whatever signal comes, whoever stops reading, the program is treated as it would be
without us and nothing recorded is lost."""

from __future__ import annotations

import json
import os
import pty
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import FASTTRACE, LIMIT_S, ask_until_it_ends, cli, line, program, running, until

# Signals


# The pipe wakes it up also where a signal comes just before it would wait (as with signal.pause()).
TRAPPING = """
import os, signal, sys
told, tell = os.pipe()
os.set_blocking(tell, False)
signal.set_wakeup_fd(tell)
def got(number, frame):
    os.write(1, b"got %d\\n" % number)  # print() may have been interrupted, and is not reentrant
    {then}
for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
    signal.signal(s, got)
print("ready", flush=True)
while True:
    os.read(told, 1)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_to_us_is_passed_on(number: signal.Signals) -> None:
    code = TRAPPING.format(then="sys.exit(5)")
    with running(*FASTTRACE, "summary", *program(code)) as traced:
        assert line(traced.stdout) == "ready\n"
        traced.send_signal(number)
        out, err = traced.communicate(timeout=LIMIT_S)
        assert out == b"got %d\n" % number
        assert traced.returncode == 5
        assert b"exit status 5" in err


def test_a_program_that_dies_of_it_is_still_counted() -> None:
    code = "import signal; print('ready', flush=True); signal.pause()"
    with running(*FASTTRACE, "summary", "--json", *program(code)) as traced:
        assert line(traced.stdout) == "ready\n"
        traced.send_signal(signal.SIGTERM)
        _, err = traced.communicate(timeout=LIMIT_S)
        assert traced.returncode == -signal.SIGTERM
        assert json.loads(err)["exit_status"] == -signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_second_request_kills_and_nothing_is_lost(number: signal.Signals) -> None:
    code = TRAPPING.format(then="pass")
    with running(*FASTTRACE, "summary", "--json", *program(code)) as traced:
        assert line(traced.stdout) == "ready\n"
        traced.send_signal(number)
        assert line(traced.stdout) == f"got {int(number)}\n"
        assert ask_until_it_ends(traced, number) == -number
        assert traced.stderr is not None
        shown = json.loads(traced.stderr.read())
        assert shown["exit_status"] == -signal.SIGKILL
        assert shown["total_calls"] > 0


def test_ctrl_c_reaches_the_program_once_and_we_trace_on(tmp_path: Path) -> None:
    out = tmp_path / "out"
    code = TRAPPING.format(then="sys.exit(6)")
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [*FASTTRACE, "summary", "-o", str(out), *program(code)])
    with os.fdopen(terminal, "r+b", buffering=0) as screen:
        until(screen, "ready")
        screen.write(b"\x03")
        assert until(screen, "got").strip().endswith("got 2")
        _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 6
    assert "exit status 6" in out.read_text()


def test_ignored_hangup_stays_ignored() -> None:
    def nohup() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    code = (
        "import signal, sys; print(signal.getsignal(signal.SIGHUP) == signal.SIG_IGN, flush=True);"
        "input(); sys.exit(4)"
    )
    with running(*FASTTRACE, "summary", *program(code), preexec_fn=nohup) as traced:
        assert line(traced.stdout) == "True\n"
        traced.send_signal(signal.SIGHUP)
        traced.communicate(b"\n", timeout=LIMIT_S)
        assert traced.returncode == 4


ORPHAN = """
import os, sys
lives, parent = os.pipe()
if os.fork():
    os._exit(3)
os.close(parent)
os.read(lives, 1)  # ends with the parent
print("ready", flush=True)
sys.stdin.readline()
print("bye", flush=True)
"""


def test_orphans_are_let_go_unharmed() -> None:
    with running(*FASTTRACE, "trace", "-e", "exit_group", *program(ORPHAN)) as traced:
        assert line(traced.stdout) == "ready\n"
        until(traced.stderr, "--- exited with 3 ---")  # before, the signal would be passed on
        traced.send_signal(signal.SIGHUP)
        until(traced.stderr, "once more to let go")
        traced.send_signal(signal.SIGTERM)  # another: the same so soon may be one request
        assert traced.wait(LIMIT_S) == 3
        traced.stdin.write(b"\n")  # type: ignore[union-attr]
        assert line(traced.stdout) == "bye\n"


def test_a_program_that_stops_itself_goes_on_when_continued() -> None:
    code = (
        "import os, signal; print(os.getpid(), flush=True);"
        "os.kill(os.getpid(), signal.SIGSTOP); print('on', flush=True)"
    )
    with running(*FASTTRACE, "trace", *program(code)) as traced:
        pid = int(line(traced.stdout))
        until(traced.stderr, "--- SIGSTOP from pid")
        os.kill(pid, signal.SIGCONT)
        until(traced.stderr, "--- SIGCONT from pid")
        assert line(traced.stdout) == "on\n"


# Closed pipes, full disks


def test_closed_stderr_pipe_does_not_end_the_program(tmp_path: Path) -> None:
    code = "import os\nfor _ in range(20000): os.getppid()\nprint('done', flush=True)\nos._exit(9)"
    with running(*FASTTRACE, "trace", *program(code)) as traced:
        assert traced.stderr is not None
        traced.stderr.close()
        assert line(traced.stdout) == "done\n"
        assert traced.wait(LIMIT_S) == -signal.SIGPIPE  # see test_reader_gone


@pytest.mark.parametrize("verb", ["summary", "trace"])
def test_the_program_runs_without_any_stderr(verb: str) -> None:
    shell = f'exec "$@" {verb} sh -c "echo out; exit 8" 2>&-'
    done = subprocess.run(
        ["sh", "-c", shell, "sh", *FASTTRACE], stdout=subprocess.PIPE, timeout=LIMIT_S, check=False
    )
    assert done.returncode == 8
    assert done.stdout == b"out\n"


def test_report_into_a_closed_pipe_ends_as_others_do(tmp_path: Path) -> None:
    folder = tmp_path / "x.fst"
    assert cli("record", "-o", str(folder), "true").returncode == 0
    with running(*FASTTRACE, "report", "--calls", str(folder)) as report:
        assert report.stdout is not None
        report.stdout.close()
        assert report.wait(LIMIT_S) == -signal.SIGPIPE
        assert report.stderr is not None
        assert report.stderr.read() == b""


def test_stuck_output_can_be_given_up() -> None:
    """Nobody reads our lines, so the program waits, and so do we."""
    shell = "while :; do :; done & while :; do kill -0 $$; done"
    with running(*FASTTRACE, "trace", "sh", "-c", shell, stdout=subprocess.DEVNULL) as traced:
        assert "--- exec [" in line(traced.stderr)
        assert ask_until_it_ends(traced, signal.SIGTERM) in (-signal.SIGTERM, 128 + signal.SIGTERM)


def test_full_disk_keeps_what_fits_and_the_program_runs_on(tmp_path: Path) -> None:
    folder = tmp_path / "x.fst"

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    code = "import os\nfor _ in range(30000): os.getppid()\nprint('done', flush=True)"
    done = cli("record", "-o", str(folder), *program(code), preexec_fn=small_files)
    assert done.stdout == "done\n"
    assert "ulimit -f" in one_line_of(done, 1)
    shown = json.loads(cli("report", str(folder), "--json").stdout)
    assert 0 < shown["total_calls"] < 30000
    assert shown["lost"] > 0


def one_line_of(done: subprocess.CompletedProcess[str], status: int) -> str:
    assert done.returncode == status, done.stderr
    assert done.stderr.count("\n") == 1
    return done.stderr


# What loads the command line is interrupted on its way, by itself.
INTERRUPTED = """
import os, runpy, signal, sys
class Finder:
    def find_spec(self, name, path, target=None):
        if name == "fasttrace.cli.ending":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
sys.argv = ["fasttrace", "--version"]
runpy.run_module("fasttrace", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize("is_ignored", [False, True])
def test_ctrl_c_before_there_is_a_command_line_shows_no_traceback(*, is_ignored: bool) -> None:
    """It ends as `cat` would; ignored, as under nohup, it does nothing."""
    is_now = signal.SIG_IGN if is_ignored else signal.default_int_handler
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        preexec_fn=lambda: signal.signal(signal.SIGINT, is_now),
    )
    assert done.returncode == (0 if is_ignored else -signal.SIGINT)
    assert ("Traceback" in done.stderr, bool(done.stdout)) == (False, is_ignored)
