"""Promise: a delayed task waits as long as it was told and holds up nobody; registers of running
tasks are true."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from test_alter_core import ALWAYS, ENGINES, MS, Seen, finish, injection, number, run
from test_handover_core import calls, running

from fasttrace import _core
from fasttrace.data.events import Kind

if TYPE_CHECKING:
    from support import Builder, Target

HOUR = 3_600_000 * MS

pytestmark = [
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86-64"),
    pytest.mark.parametrize("engine", ENGINES),
]


def enter(name: str, ns: int, when: tuple[int, int, int] = (1, ALWAYS, 1)) -> _core.Injection:
    return injection(name, _core.INJECT_DELAY_ENTER, enter_ns=ns, when=when)


def leave(name: str, ns: int, when: tuple[int, int, int] = (1, ALWAYS, 1)) -> _core.Injection:
    return injection(name, _core.INJECT_DELAY_EXIT, exit_ns=ns, when=when)


def events_of(seen: Seen, nr: int) -> np.ndarray:
    return seen.events[(seen.events["kind"] == Kind.SYSCALL) & (seen.events["nr"] == nr)]


def test_a_delay_is_not_shorter_than_asked(tracees: Builder, engine: str) -> None:
    """At the entry it is part of the call, at the exit it comes before the next call."""
    rows = [enter("sched_get_priority_max", 20 * MS), leave("sched_get_priority_min", 20 * MS)]
    seen = run(calls(tracees), engine=engine, injections=rows)
    entered = events_of(seen, number("sched_get_priority_max"))
    assert (entered["duration_ns"] >= 20 * MS).all()
    left = events_of(seen, number("sched_get_priority_min"))
    after = events_of(seen, number("uname"))
    assert (left["tid"] == after["tid"]).all()
    assert (after["time_ns"] >= left["time_ns"] + left["duration_ns"] + 20 * MS).all()


WAYS = pytest.mark.parametrize("delay", [enter, leave])
Delay = Callable[..., _core.Injection]


def until_altered(session: _core.Session, count: int = 1) -> None:
    while session.stats()["altered"] < count:
        os.sched_yield()


@WAYS
def test_other_tasks_run_on(tracees: Builder, engine: str, delay: Delay) -> None:
    """A child that is delayed for an hour does not keep its parent from running."""
    delayed = " ".join(calls(tracees))
    script = f"{delayed} & sleep 0.05; /bin/echo meanwhile; kill -9 $!; wait $!; echo $?"
    row = delay("sched_get_priority_max", HOUR)
    seen = run(["/bin/sh", "-c", script], engine=engine, injections=[row])
    assert seen.output.splitlines() == ["meanwhile", "137"]
    assert seen.status == 0


@WAYS
def test_many_tasks_sleep_at_once(tracees: Builder, engine: str, delay: Delay) -> None:
    """Each of the short delays ends, whatever others begin meanwhile."""
    one = " ".join(calls(tracees, 20))
    script = "".join(f"{one} >/dev/null & " for _ in range(8)) + "wait"
    rows = [delay("sched_get_priority_max", MS), delay("uname", 2 * MS), delay("getcwd", 1)]
    seen = run(["/bin/sh", "-c", script], engine=engine, injections=rows)
    assert seen.status == 0
    assert seen.stats is not None
    assert seen.stats["altered"] >= 8 * 20 * 3 * 3


@WAYS
@pytest.mark.parametrize("end", ["kill", "detach"])
def test_the_session_ends_during_a_delay(
    tracees: Builder, engine: str, delay: Delay, end: str
) -> None:
    rows = [delay("uname", HOUR)]
    with running(calls(tracees), engine=engine, injections=rows) as (session, seen):
        until_altered(session)
        getattr(session, end)()
    if end == "kill":
        assert os.WTERMSIG(seen.status) == signal.SIGKILL
    else:
        assert [line.split()[4] for line in seen.output.splitlines()] == ["Linux"] * 3


@WAYS
def test_the_session_is_closed_during_a_delay(tracees: Builder, engine: str, delay: Delay) -> None:
    with running(calls(tracees), engine=engine, injections=[delay("uname", HOUR)]) as (session, _):
        until_altered(session)
        session.kill()


@WAYS
@pytest.mark.parametrize("who", ["leader", "thread"])
def test_another_thread_execs_during_a_delay(
    tracees: Builder, engine: str, delay: Delay, who: str
) -> None:
    """The delayed thread is gone with its program."""
    command = tracees.command("exec_over_delayed", who)
    seen = run(command, engine=engine, injections=[delay("uname", HOUR)])
    assert seen.output == "again\n"
    assert seen.status == 0


@WAYS
def test_a_signal_during_a_delay(tracees: Builder, engine: str, delay: Delay) -> None:
    """It is delivered when the delay is over; the delayed call is made."""
    row = delay("sched_get_priority_max", 100 * MS, (1, 1, 0))
    with running(calls(tracees), engine=engine, injections=[row]) as (session, seen):
        until_altered(session)
        os.kill(session.stats()["root_pid"], signal.SIGUSR1)
    first = seen.output.splitlines()[0].split()
    assert (first[1], first[-1]) == ("99", "1")


@WAYS
def test_registers_of_a_delayed_task(tracees: Builder, engine: str, delay: Delay) -> None:
    row = delay("sched_get_priority_max", HOUR)
    with running(calls(tracees), engine=engine, injections=[row]) as (session, _):
        until_altered(session)
        registers = session.registers(session.stats()["root_pid"])
        assert registers["orig_rax"] == 146
        assert registers["rdi"] == 1
        assert registers["rcx"] == registers["rip"]
        session.kill()


def test_nobody_has_registers_of_strangers(tracees: Builder, engine: str) -> None:
    with running(calls(tracees), engine=engine, injections=[enter("uname", HOUR)]) as (session, _):
        with pytest.raises(ProcessLookupError):
            session.registers(os.getpid())
        with pytest.raises(ValueError, match="no such register: eax"):
            session.set_registers(session.stats()["root_pid"], {"eax": 1})
        session.kill()


def test_registers_of_tasks_that_wait(
    run_tracee: Callable[[str], AbstractContextManager[Target]], engine: str
) -> None:
    """Threads in calls that end with EINTR when they are disturbed do not notice."""
    with run_tracee("blocked_calls") as target:
        session = _core.Session(engine=engine)
        session.attach(target.pid)
        for thread in list(Path(f"/proc/{target.pid}/task").iterdir()) * 5:
            tid = int(thread.name)
            registers = session.registers(tid)
            session.set_registers(tid, {"ss": registers["ss"]})
        session.detach()
        finish(session, os.open("/dev/null", os.O_RDONLY), Seen())
        output, told = target.end()
    assert told == "ended 0"
    assert output.splitlines() == [
        "epoll_wait: 1",
        "epoll_wait, timeout: 1",
        "sigtimedwait: 10",
        "semop: 0",
    ]


def test_registers_of_a_task_that_runs(tracees: Builder, engine: str) -> None:
    """Again and again, of one that makes calls all the time: none is lost or made twice."""
    command = tracees.command("getppid_loop", "30000" if engine == "ptrace" else "300000")
    read = 0
    while not read:  # one that ends before it is asked for the first time proves nothing
        with running(command, engine=engine) as (session, seen):
            pid = session.stats()["root_pid"]
            try:
                while True:
                    registers = session.registers(pid)
                    session.set_registers(pid, {"ss": registers["ss"]})
                    read += 1
            except ProcessLookupError:
                pass
        assert len(seen.calls("getppid")) == int(command[1])
        assert seen.status == 0


def test_registers_of_a_stopped_task(
    run_tracee: Callable[[str], AbstractContextManager[Target]], engine: str
) -> None:
    """One in group-stop has some, again and again, stays stopped and can be continued."""
    with run_tracee("reader") as target:
        session = _core.Session(engine=engine)
        session.attach(target.pid)
        while session.registers(target.pid)["orig_rax"] != number("read"):
            os.sched_yield()
        target.send_signal(signal.SIGSTOP)
        assert target.told() == "stopped"
        for _ in range(3):
            assert session.registers(target.pid)["rdi"] == 0
        target.send_signal(signal.SIGCONT)
        assert target.told() == "continued"
        session.detach()
        finish(session, os.open("/dev/null", os.O_RDONLY), Seen())
        assert target.end()[1] == "ended 0"


def test_registers_that_are_set_are_the_programs(
    run_tracee: Callable[[str], AbstractContextManager[Target]], engine: str
) -> None:
    """A read of descriptor 0 that waits goes on as one of 99, which is not open."""
    with run_tracee("reader") as target:
        session = _core.Session(engine=engine)
        session.attach(target.pid)
        while session.registers(target.pid)["orig_rax"] != number("read"):
            os.sched_yield()
        session.set_registers(target.pid, {"rdi": 99})
        seen = finish(session, os.open("/dev/null", os.O_RDONLY), Seen())
        assert target.end()[1] == f"ended {-signal.SIGABRT}"
    assert seen.calls("read")[-1][0] == -errno.EBADF


def test_a_parent_that_waits_in_vfork_cannot_be_stopped(tracees: Builder, engine: str) -> None:
    """Its registers come when its child lets it go; an asker is not kept from Ctrl-C till then."""
    rows = [enter("execve", HOUR, (1, 1, 0))]
    with running(tracees.command("vfork_exec"), engine=engine, injections=rows) as (session, _):
        until_altered(session)
        signal.alarm(1)
        with pytest.raises(TimeoutError):
            session.registers(session.stats()["root_pid"])
        session.kill()
