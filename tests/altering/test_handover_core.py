"""Promise: a call handed over to another thread waits for its answer and gets just that (C
core)."""

from __future__ import annotations

import errno
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from test_alter_core import ENGINES, Seen, finish, number, spawn

from fasttrace import _core
from fasttrace.data.events import Flag

if TYPE_CHECKING:
    from support import Builder

NR_MAX = 1024
PR_SET_TSC_TO_0 = (26, 0, 0, 0, 0, 0)  # EINVAL
Handler = Callable[[_core.Session, _core.HandedCall], object]

pytestmark = [
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86-64"),
    pytest.mark.parametrize("engine", ENGINES),
]


def handled(entry: Sequence[str] = (), at_exit: Sequence[str] = ()) -> list[bytes]:
    table = bytearray(NR_MAX)
    for name in entry:
        table[number(name)] |= _core.HAND_ENTRY
    for name in at_exit:
        table[number(name)] |= _core.HAND_EXIT
    return [bytes(table), bytes(NR_MAX), bytes(NR_MAX), bytes(NR_MAX)]


@contextmanager
def running(command: Sequence[str], **options: object) -> Iterator[tuple[_core.Session, Seen]]:
    """A session whose events are taken by another thread; `seen` is whole behind the block."""
    reader, writer = os.pipe()
    session = _core.Session(**options)  # type: ignore[arg-type]
    seen = Seen()
    try:
        spawn(session, command, writer)
    finally:
        os.close(writer)
    taker = threading.Thread(target=finish, args=(session, reader, seen, False))
    taker.start()
    try:
        yield session, seen
    except BaseException:
        session.kill()
        raise
    finally:
        taker.join()
        session.close()


def serve(command: Sequence[str], handler: Handler, **options: object) -> Seen:
    """Each call that is handed over goes to the handler, which answers it."""
    with running(command, **options) as (session, seen):
        try:
            while True:
                call = session.take_call()
                assert call is not None
                handler(session, call)
        except EOFError:
            pass
    return seen


def calls(tracees: Builder, rounds: int = 1) -> list[str]:
    return tracees.command("altered", str(rounds))


def test_a_call_left_alone_is_as_it_was(tracees: Builder, engine: str) -> None:
    """Both its stops are told, with arguments, result and registers; nothing is marked."""
    seen_calls: list[_core.HandedCall] = []

    def look(session: _core.Session, call: _core.HandedCall) -> None:
        seen_calls.append(call)
        session.answer(call.tid)

    name = "sched_get_priority_max"
    seen = serve(calls(tracees), look, engine=engine, handled=handled([name], [name]))
    assert [line.split()[1] for line in seen.output.splitlines()] == ["99"] * 3
    assert [call.at_exit for call in seen_calls] == [False, True] * 3
    assert {call.args[0] for call in seen_calls} == {1}
    assert [call.ret for call in seen_calls if call.at_exit] == [99] * 3
    for call in seen_calls:
        assert call.nr == number(name)
        assert call.registers["orig_rax"] == number(name)
        assert call.registers["rdi"] == 1
        assert call.registers["rax"] == (99 if call.at_exit else -errno.ENOSYS & (1 << 64) - 1)
        assert list(call.registers) == list(_core.REGISTERS)
    assert seen_calls[0].registers["rip"] == seen_calls[1].registers["rip"]
    assert seen.calls(name) == [(99, Flag(0))] * 3
    assert seen.stats is not None
    assert seen.stats["altered"] == 0


def test_registers_are_the_same_on_each_engine(tracees: Builder, engine: str) -> None:
    """The instruction pointer is the program's own: behind a syscall instruction in its text."""
    places: list[int] = []

    def look(session: _core.Session, call: _core.HandedCall) -> None:
        maps = Path(f"/proc/{call.pid}/maps").read_text().splitlines()
        ends = [line.split()[0].split("-") for line in maps if "libc" in line]
        rip = call.registers["rip"]
        assert any(int(start, 16) <= rip < int(end, 16) for start, end in ends)
        assert call.registers["rcx"] == rip or call.at_exit
        places.append(rip)
        session.answer(call.tid)

    seen = serve(calls(tracees), look, engine=engine, handled=handled(["uname"], ["uname"]))
    assert len(places) == 6
    assert seen.status == 0


def test_a_reply_stands_in_for_the_kernel(tracees: Builder, engine: str) -> None:
    def reply(session: _core.Session, call: _core.HandedCall) -> None:
        if call.nr == number("uname"):
            memory = os.open(f"/proc/{call.tid}/mem", os.O_RDWR)
            os.pwrite(memory, b"Minix\0", call.args[0])
            os.close(memory)
            session.answer(call.tid, reply=0)
        else:
            session.answer(call.tid, reply=-errno.EACCES)

    table = handled(["uname", "getcwd"])
    seen = serve(calls(tracees), reply, engine=engine, handled=table)
    for line in seen.output.splitlines():
        assert line.split()[4:6] == ["Minix", str(-errno.EACCES)]
    assert seen.calls("uname") == [(0, Flag.ALTERED)] * 3
    assert seen.calls("getcwd") == [(-errno.EACCES, Flag.ALTERED | Flag.ERROR)] * 3


def test_a_result_is_replaced_at_the_exit(tracees: Builder, engine: str) -> None:
    def reply(session: _core.Session, call: _core.HandedCall) -> None:
        assert (call.at_exit, call.ret) == (True, 99)
        session.answer(call.tid, reply=12345)

    name = "sched_get_priority_max"
    seen = serve(calls(tracees), reply, engine=engine, handled=handled([], [name]))
    assert [line.split()[1] for line in seen.output.splitlines()] == ["12345"] * 3
    assert seen.calls(name) == [(12345, Flag.ALTERED)] * 3


def test_another_call_or_other_arguments(tracees: Builder, engine: str) -> None:
    """sched_get_priority_max(1) is made as _min(1), which gives 1; _min(1) as _min(99): EINVAL."""

    def change(session: _core.Session, call: _core.HandedCall) -> None:
        if call.nr == number("sched_get_priority_max"):
            session.answer(call.tid, nr=number("sched_get_priority_min"))
        else:
            session.answer(call.tid, args=(99, 0, 0, 0, 0, 0))

    table = handled(["sched_get_priority_max", "sched_get_priority_min"])
    seen = serve(calls(tracees), change, engine=engine, handled=table)
    for line in seen.output.splitlines():
        assert line.split()[1:3] == ["1", str(-errno.EINVAL)]
    assert seen.calls("sched_get_priority_max") == [(1, Flag.ALTERED)] * 3


def test_registers_are_changed_with_the_answer(tracees: Builder, engine: str) -> None:
    """At the entry an argument, at the exit the result; the number too is a register."""

    def change(session: _core.Session, call: _core.HandedCall) -> None:
        if call.nr == number("uname"):
            session.answer(call.tid, registers={"rax": -7})
        elif call.nr == number("sched_get_priority_min"):
            session.answer(call.tid, registers={"rdi": 99})
        else:
            session.answer(call.tid, registers={"orig_rax": number("sched_get_priority_min")})

    table = handled(["sched_get_priority_max", "sched_get_priority_min"], ["uname"])
    seen = serve(calls(tracees), change, engine=engine, handled=table)
    for line in seen.output.splitlines():
        assert line.split()[1:5] == ["1", str(-errno.EINVAL), "-7", "Linux"]
    assert seen.calls("uname") == [(-7, Flag.ALTERED | Flag.ERROR)] * 3


def test_the_handled_task_has_registers(tracees: Builder, engine: str) -> None:
    """registers() and set_registers() of the handled task work before the answer."""

    def change(session: _core.Session, call: _core.HandedCall) -> None:
        assert session.registers(call.tid) == call.registers
        session.set_registers(call.tid, {"rdi": 99})
        assert session.registers(call.tid)["rdi"] == 99
        session.answer(call.tid)

    table = handled(["sched_get_priority_min"])
    seen = serve(calls(tracees), change, engine=engine, handled=table)
    assert [line.split()[2] for line in seen.output.splitlines()] == [str(-errno.EINVAL)] * 3


def test_a_signal_comes_with_the_end_of_the_call(tracees: Builder, engine: str) -> None:
    """The call that it comes with is not interrupted; it is sent to the thread that made it."""

    def send(session: _core.Session, call: _core.HandedCall) -> None:
        session.answer(call.tid, signal=signal.SIGUSR1)

    seen = serve(calls(tracees), send, engine=engine, handled=handled(["nanosleep"]))
    ends = [line.split()[7:] for line in seen.output.splitlines()]
    assert ends == [["0", "1"], ["0", "1"], ["0", "2"]]  # a child has its parent's count
    assert [ret for ret, _ in seen.calls("nanosleep")] == [0] * 3


def test_what_the_inline_engine_must_look_at(tracees: Builder, engine: str) -> None:
    """A call made into one that changes what the engine relies on: it is made, and once."""

    def change(session: _core.Session, call: _core.HandedCall) -> None:
        session.answer(call.tid, nr=number("prctl"), args=PR_SET_TSC_TO_0)

    name = "sched_get_priority_max"
    seen = serve(calls(tracees), change, engine=engine, handled=handled([name]))
    assert [line.split()[1] for line in seen.output.splitlines()] == [str(-errno.EINVAL)] * 3
    assert seen.calls(name) == [(-errno.EINVAL, Flag.ALTERED | Flag.ERROR)] * 3
    assert seen.calls("prctl") == []
    assert seen.stats is not None
    assert seen.stats["altered"] == 3
    if engine == "inline":
        (why,) = set(seen.fallbacks)
        assert why.startswith("it makes a call that is altered")


@pytest.mark.parametrize("end", ["kill", "detach"])
def test_an_answer_ends_the_session(tracees: Builder, engine: str, end: str) -> None:
    def answer(session: _core.Session, call: _core.HandedCall) -> None:
        session.answer(call.tid, end=end)

    seen = serve(calls(tracees, 4), answer, engine=engine, handled=handled(["uname"]))
    assert len(seen.calls("uname")) <= 1
    if end == "kill":
        assert os.WTERMSIG(seen.status) == signal.SIGKILL
    else:
        assert seen.status == -1
        assert len(seen.output.splitlines()) == 12


@pytest.mark.parametrize("end", ["kill", "detach"])
def test_the_end_comes_while_a_handler_thinks(tracees: Builder, engine: str, end: str) -> None:
    """The wait ends, the call goes on as it was, and the late answer is nobody's."""
    with running(calls(tracees), engine=engine, handled=handled(["uname"])) as (session, seen):
        call = session.take_call()
        assert call is not None
        getattr(session, end)()
        with pytest.raises(EOFError):
            session.take_call()
        session.answer(call.tid, reply=5)
    if end == "detach":
        assert [line.split()[3] for line in seen.output.splitlines()] == ["0"] * 3


def test_the_task_is_killed_while_a_handler_thinks(tracees: Builder, engine: str) -> None:
    with running(calls(tracees), engine=engine, handled=handled(["uname"])) as (session, seen):
        call = session.take_call()
        assert call is not None
        os.kill(call.pid, signal.SIGKILL)
        session.answer(call.tid, reply=5)
        with pytest.raises(EOFError):
            session.take_call()
    assert os.WTERMSIG(seen.status) == signal.SIGKILL


def test_nobody_answers_and_the_session_is_closed(tracees: Builder, engine: str) -> None:
    reader, writer = os.pipe()
    session = _core.Session(engine=engine, handled=handled(["uname"]))
    spawn(session, calls(tracees), writer)
    os.close(writer)
    assert session.take_call() is not None
    session.close()
    assert os.read(reader, 1) == b""
    os.close(reader)


def test_take_call_comes_back_without_one(tracees: Builder, engine: str) -> None:
    with running(calls(tracees), engine=engine, handled=handled(["uname"])) as (session, _):
        call = session.take_call()
        assert call is not None
        assert session.take_call(0.01) is None
        session.kill()


def test_the_program_goes_on_elsewhere(tracees: Builder, engine: str) -> None:
    """A call is skipped and the instruction pointer set back to it: the program makes it again."""
    again: list[bool] = []

    def twice(session: _core.Session, call: _core.HandedCall) -> None:
        again.append(len(again) % 2 == 0)
        if again[-1]:
            back = call.registers["rip"] - 2  # the length of a syscall instruction
            session.answer(call.tid, reply=call.nr, registers={"rip": back})
        else:
            session.answer(call.tid)

    name = "sched_get_priority_max"
    seen = serve(calls(tracees), twice, engine=engine, handled=handled([name]))
    assert len(again) == 6
    assert [line.split()[1] for line in seen.output.splitlines()] == ["99"] * 3
    assert [ret for ret, _ in seen.calls(name)] == [number(name), 99] * 3


def test_a_result_that_the_kernel_makes_good(tracees: Builder, engine: str) -> None:
    """A handler that only looks, and sets what is set, does not keep a call from its restart."""
    results: list[int] = []

    def look(session: _core.Session, call: _core.HandedCall) -> None:
        results.append(call.ret)
        session.answer(call.tid, registers={"ss": call.registers["ss"]})

    command = tracees.command("restart_syscall")
    names = ["nanosleep", "clock_nanosleep", "restart_syscall"]
    seen = serve(command, look, engine=engine, handled=handled([], names))
    assert results == [-516, 0]  # ERESTART_RESTARTBLOCK
    assert seen.output == "slept: 17\n"
