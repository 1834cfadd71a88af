"""Promise: calls are altered in every kind of session: with a selection, without results,
attached, 32-bit.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import numpy as np
import pytest
from test_alter_core import ALWAYS, ENGINES, MS, Seen, finish, injection, number, run
from test_handover_core import calls, handled, running, serve

from fasttrace import _core
from fasttrace.data.events import Flag, Kind
from fasttrace.syscalls.bpf import program
from fasttrace.syscalls.names import ABIS, syscall_number
from fasttrace.syscalls.sets import EVERYTHING, parse_selection

if TYPE_CHECKING:
    from support import Builder, Target

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86-64")
BOTH = pytest.mark.parametrize("engine", ENGINES)

DENIED = [injection("uname", _core.INJECT_RETURN, ret=-errno.EPERM)]


def told(seen: Seen) -> list[str]:
    """What uname gave, line by line."""
    return [line.split()[3] for line in seen.output.splitlines()]


def selected(*names: str) -> dict[str, object]:
    """Policy and filter of a session that records these calls."""
    selection = parse_selection(",".join(names))
    policy = [selection.policy(abi) for abi in range(len(ABIS))]
    return {"policy": policy, "filter": program(selection)}


@pytest.mark.parametrize("results", [True, False])
@pytest.mark.parametrize(
    "names", [("uname",), ("uname", "getcwd"), ("uname", "exit_group")], ids=str
)
def test_with_a_filter(tracees: Builder, names: tuple[str, ...], results: bool) -> None:
    """Stops that come from the filter alter calls too, with and without an exit stop."""
    options = selected(*names)
    rows = [
        *DENIED,
        injection("exit_group", _core.INJECT_RETURN, when=(1, 1, 0), ret=-errno.EPERM),
    ]
    seen = run(calls(tracees), results=results, injections=rows, **options)
    assert told(seen) == [str(-errno.EPERM)] * 3
    flags = Flag.ALTERED | (Flag.ERROR if results else Flag.UNFINISHED)
    assert seen.calls("uname") == [(-errno.EPERM if results else 0, flags)] * 3
    assert len(seen.calls("getcwd")) == (3 if "getcwd" in names else 0)


def test_what_is_not_recorded_is_altered(tracees: Builder) -> None:
    """A filter that stops at more calls than the policy records."""
    options = {**selected("uname", "getcwd"), "policy": selected("getcwd")["policy"]}
    seen = run(calls(tracees), injections=DENIED, **options)
    assert told(seen) == [str(-errno.EPERM)] * 3
    assert seen.calls("uname") == []
    assert len(seen.calls("getcwd")) == 3


@BOTH
def test_not_recorded_without_a_filter(tracees: Builder, engine: str) -> None:
    options = selected("getcwd")
    seen = run(calls(tracees), engine=engine, injections=DENIED, policy=options["policy"])
    assert told(seen) == [str(-errno.EPERM)] * 3
    assert seen.calls("uname") == []
    assert len(seen.calls("getcwd")) == 3
    assert seen.stats is not None
    assert seen.stats["altered"] == 3


def test_a_signal_at_a_filters_stop(tracees: Builder) -> None:
    """Which is no syscall stop, so the signal takes another way; the call is cut short."""
    rows = [injection("nanosleep", _core.INJECT_SIGNAL, sig=signal.SIGUSR1, when=(1, 1, 0))]
    seen = run(calls(tracees), injections=rows, **selected("nanosleep"))
    assert [line.split()[7:] for line in seen.output.splitlines()] == [
        [str(-errno.EINTR), "1"],
        [str(-errno.EINTR), "1"],
        [str(-errno.EINTR), "2"],  # a child has its parent's count
    ]


@BOTH
def test_calls_are_altered_without_results_too(tracees: Builder, engine: str) -> None:
    seen = run(calls(tracees), engine=engine, results=False, injections=DENIED)
    assert told(seen) == [str(-errno.EPERM)] * 3
    if engine == "inline":
        assert seen.calls("uname") == [(0, Flag.ALTERED | Flag.UNFINISHED)] * 3


def test_a_child_that_is_not_followed_is_not_altered(tracees: Builder) -> None:
    seen = run(calls(tracees), follow=False, injections=DENIED)
    assert told(seen) == [str(-errno.EPERM)] * 2 + ["0"]


@BOTH
def test_strings_of_an_altered_call(tracees: Builder, engine: str) -> None:
    """They are those that the program gave, of the call that it made."""
    rows = [
        injection(
            "execve",
            _core.INJECT_RETURN | _core.INJECT_POKE,
            ret=-errno.EACCES,
            pokes=((0, False, b"\0"),),
        ),
        injection("chdir", _core.INJECT_RETURN),
    ]
    policy = [EVERYTHING.policy(abi, capture="paths") for abi in range(len(ABIS))]
    reader, writer = os.pipe()
    session = _core.Session(engine=engine, injections=rows, policy=policy, payload=True)
    argv = [b"/bin/sh", b"-c", b"cd /nowhere/at/all && exec /bin/nothing"]
    session.spawn(argv[0], argv, [], None, (-1, writer, writer), 0)
    os.close(writer)
    payloads = []
    while True:
        try:
            block = session.take()
        except EOFError:
            break
        if block is not None:
            payloads.append(bytes(block.payload))
    session.close()
    os.close(reader)
    assert b"/nowhere/at/all\0" in b"".join(payloads)
    assert b"/bin/nothing\0" in b"".join(payloads)


@BOTH
def test_attached(run_tracee: Callable[[str], AbstractContextManager[Target]], engine: str) -> None:
    """A program that is visited; afterwards it is left alone."""
    with run_tracee("reader") as target:
        session = _core.Session(engine=engine, handled=handled(["read"], ["write"]))
        session.attach(target.pid)
        target.stdin.write("one\n")
        target.stdin.flush()
        call = session.take_call()
        assert call is not None
        while call.nr == number("read"):
            session.answer(call.tid)
            call = session.take_call()
            assert call is not None
        assert (call.at_exit, call.ret) == (True, 4)
        session.answer(call.tid)
        session.detach()
        finish(session, os.open("/dev/null", os.O_RDONLY), Seen())
        target.stdin.write("two\n")
        output, end = target.end()
    assert (output, end) == ("one\ntwo\n", "ended 0")


@BOTH
def test_32_bit_calls(tracees: Builder, engine: str) -> None:
    """Numbers, arguments and registers are those of the i386 table."""
    i386 = ABIS.index("i386")
    nr = syscall_number("openat", "i386")
    table = bytearray(1024)
    table[nr] = _core.HAND_ENTRY
    empty = bytes(1024)
    paths = []

    def answer(session: _core.Session, call: _core.HandedCall) -> None:
        memory = os.open(f"/proc/{call.tid}/mem", os.O_RDONLY)
        paths.append(os.pread(memory, 15, call.args[1]))
        os.close(memory)
        assert call.abi == i386
        assert call.args[1] == call.registers["rcx"]
        if paths[-1] == b"/does/not/exist":
            session.answer(call.tid, reply=-errno.ELOOP)
        else:
            session.answer(call.tid)

    tables = [bytes(table) if abi == "i386" else empty for abi in ABIS]
    command = tracees.command("i386")
    seen = serve(command, answer, engine=engine, handled=tables)
    assert f"errno {errno.ELOOP}," in seen.output
    assert b"/does/not/exist" in paths


@BOTH
def test_own_filters(tracees: Builder, engine: str) -> None:
    """A program with a filter of its own: its getppid fails with EXDEV, or as we say."""
    rows = [injection("getuid", _core.INJECT_RETURN, ret=-errno.EPERM)]
    seen = run(tracees.command("own_filter"), engine=engine, injections=rows)
    assert seen.output == "failed 20, killed by 31\n"


@BOTH
def test_a_delayed_task_is_stopped_and_continued(tracees: Builder, engine: str) -> None:
    rows = [
        injection(
            "sched_get_priority_max",
            _core.INJECT_DELAY_ENTER | _core.INJECT_DELAY_EXIT,
            enter_ns=30 * MS,
            exit_ns=30 * MS,
            when=(1, ALWAYS, 1),
        )
    ]
    with running(calls(tracees), engine=engine, injections=rows) as (session, seen):
        pid = session.stats()["root_pid"]
        while not session.stats()["altered"]:
            os.sched_yield()
        os.kill(pid, signal.SIGSTOP)
        os.kill(pid, signal.SIGCONT)
    assert [line.split()[1] for line in seen.output.splitlines()] == ["99"] * 3
    signals = seen.events[seen.events["kind"] == Kind.SIGNAL]["nr"]
    assert np.count_nonzero(signals == signal.SIGCONT) == 1
