"""Promise: a signal that the traced program sends to its parent, which we are, or to its group, is
not relayed back to it, nor ends the tracing; what others send to us is still for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

import pytest
from command_line import FASTTRACE, LIMIT_S, line, program, running

import fasttrace
from fasttrace.system import procfs

# Each says "done" in the end. They would die of the signal, which has its default for them.
SENDERS = {
    "itself": "kill(getppid(), number)",
    "a thread": "t = threading.Thread(target=kill, args=(getppid(), number)); t.start(); t.join()",
    "a dead child": "p = getppid(); fork() or (kill(p, number), _exit(0)); wait()",
    "an orphan": "p = getppid(); fork() or (fork() or kill(p, number), _exit(0)); wait()",
    "a living child": "p = getppid(); r, w = pipe(); sent, send = pipe()\n"
    "fork() or (close(w), kill(p, number), write(send, b'x'), read(r, 1), _exit(0))\n"
    "read(sent, 1)",  # and it reads from us until we are gone
    "its group": "pthread_sigmask(SIG_BLOCK, [number]); kill(0, number); sigwait([number])",
    "queued": "ctypes.CDLL(None).sigqueue(getppid(), number, ctypes.c_void_p(1))",
}
SENDER = """
import ctypes, sys, threading, time
from os import *
from signal import *
number = int(sys.argv[1])
{}
# A signal that came back would be here by now, or come while another program is run.
for i in range(3):
    fork() or execvp("true", ["true"])
    wait()
print("done", flush=True)
"""


def sender(how: str, number: int) -> list[str]:
    return [*program(SENDER.format(SENDERS[how])), str(number)]


def traced(
    *command: str, options: Sequence[str] = (), engine: str
) -> subprocess.CompletedProcess[str]:
    """In a group of its own, with the signals' defaults, so that nobody else is hit."""
    return subprocess.run(
        [*FASTTRACE, "summary", "--engine", engine, "-o", "/dev/null", *options, *command],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        start_new_session=True,
    )


@pytest.mark.parametrize("number", [1, 2, 3, 10, 12, 15], ids=lambda n: signal.Signals(n).name)
@pytest.mark.parametrize("how", SENDERS)
def test_it_does_not_come_back(how: str, number: int, engine: str) -> None:
    done = traced(*sender(how, number), engine=engine)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


@pytest.mark.parametrize("how", ["itself", "a living child"])
def test_children_that_are_not_followed(how: str) -> None:
    """As long as they live; of a dead one nobody could tell whose it was."""
    done = traced(*sender(how, signal.SIGTERM), options=["--no-follow"], engine="ptrace")
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_its_first_act(engine: str) -> None:
    """Before our start is over: then too it is known who has sent it."""
    for _ in range(20):
        done = traced("sh", "-c", "kill -INT $PPID; echo done", engine=engine)
        assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_what_others_send_is_passed_on_all_the_same(engine: str) -> None:
    code = """
import os, signal, time
os.kill(os.getppid(), signal.SIGINT)  # another one: of one kind the kernel keeps one waiting
# It may come within print(), which then allows no other.
signal.signal(signal.SIGTERM, lambda *args: (os.write(1, b"heard\\n"), os._exit(7)))
print("ready", flush=True)
while True:
    time.sleep(0.1)
"""
    with running(*FASTTRACE, "summary", "--engine", engine, *program(code)) as process:
        assert line(process.stdout) == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert line(process.stdout) == "heard\n"
        assert process.wait(LIMIT_S) == 7


def test_a_thread_of_numpys_takes_no_signal() -> None:
    """seccomp generate counts with numpy, which may have threads of its own."""
    command = ["seccomp", "generate", "-o", "/dev/null", "sh", "-c", "echo ready; exec sleep 60"]
    with running(*FASTTRACE, *command) as process:
        assert line(process.stdout) == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT_S) == -signal.SIGTERM


@pytest.mark.parametrize("blocked", [[], [signal.SIGINT, signal.SIGUSR2]])
def test_the_program_finds_the_mask_that_we_found(blocked: list[int], engine: str) -> None:
    command = ["grep", "SigBlk", "/proc/self/status"]
    code = (
        "import os, sys; from signal import *; n = int(sys.argv[1])\n"
        "pthread_sigmask(SIG_SETMASK, map(int, sys.argv[2:2 + n]))\n"
        "os.execv(sys.executable, [sys.executable, *sys.argv[2 + n:]])"
    )
    under = [*program(code), str(len(blocked)), *(str(int(number)) for number in blocked)]
    under += [*FASTTRACE[1:], "run", "--engine", engine, "--deny", "socket"]
    done = subprocess.run([*under, *command], capture_output=True, text=True, timeout=LIMIT_S)
    expected = sum(1 << (number - 1) for number in blocked)
    assert done.stdout.split() == ["SigBlk:", f"{expected:016x}"]


def test_attached_one_leaves_whoever_asks(run_tracee, engine: str) -> None:
    """The shell that we are attached to ends us, its job, with kill(1)."""
    with run_tracee("reader") as target:
        attached = subprocess.Popen(
            [*FASTTRACE, "trace", "-p", str(target.pid), "-o", "/dev/null", "--engine", engine]
        )
        while procfs.tracer_of(target.pid) == 0:
            time.sleep(0.01)
        attached.send_signal(signal.SIGTERM)
        assert attached.wait(LIMIT_S) == 0
        target.end()


def test_who_is_of_the_tree(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.pipe()
    end, hold = os.pipe()
    command = ["sh", "-c", "sh -c 'echo $$'; echo $$; read x"]
    with fasttrace.Tracer(command, stdin=end, stdout=theirs, engine=engine, events=False) as tracer:
        with open(ours) as told:  # noqa: PTH123
            dead, living = int(told.readline()), int(told.readline())
        assert tracer.is_of_tree(living)
        assert tracer.is_of_tree(dead)
        assert not tracer.is_of_tree(os.getpid())
        assert not tracer.is_of_tree(0)
        assert not tracer.is_of_tree(1)
        # Somebody else gets the pid of the dead one.
        now = procfs.Birth(1, time.monotonic_ns())
        monkeypatch.setattr(procfs, "birth", lambda pid: now)
        assert not tracer.is_of_tree(dead)
        assert tracer.is_of_tree(living)
        os.close(hold)
    for fd in (theirs, end):
        os.close(fd)


def test_when_a_process_began() -> None:
    before = time.monotonic_ns()
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    after = time.monotonic_ns()
    birth = procfs.birth(process.pid)
    tick = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
    assert birth is not None
    assert birth.parent == os.getpid()
    assert before - tick <= birth.start_ns <= after
    process.communicate(b"\n")
    assert procfs.birth(process.pid) is None
