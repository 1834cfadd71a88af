"""Promise: a process that we attach to and leave goes on as it was: running, stopped, blocked.

With each engine, but where a test says that it is about one.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from support import running

import fasttrace
from fasttrace.data.events import EVENT_DTYPE, Kind
from fasttrace.tracing.tracer import Tracer


def threads(pid):
    return [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]


def state(tid):
    """'S', 'T', 'R', 'Z', ...: see proc_pid_stat(5)."""
    return Path(f"/proc/{tid}/stat").read_text().rpartition(")")[2].split()[0]


def tracer_of(tid):
    status = Path(f"/proc/{tid}/status").read_text()
    return int(status.partition("TracerPid:")[2].split()[0])


def until_all_stopped(pid):
    """A task that is let go while stopped wakes up in the kernel for a moment to stop again.

    One that was at its end ends."""
    states = set()
    while states != {"T"}:
        os.sched_yield()
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            states = {state(tid) for tid in threads(pid)}


def take_calls(tracer, number):
    """Events of at least so many calls."""
    taken = []
    while sum(int((events["kind"] == Kind.SYSCALL).sum()) for events in taken) < number:
        taken.append(np.frombuffer(tracer.read(), EVENT_DTYPE))
    return np.concatenate(taken)


def until_they_record(tracer):
    """Until all threads record themselves each call of all of them is a stop."""
    calls, stops = 1, 1
    while stops * 5 > calls:
        before = tracer.stats["stops"]
        calls = sum(len(take_calls(tracer, 1000)) for _ in range(5))
        stops = tracer.stats["stops"] - before


def has_the_text_of_its_files(pid):
    """Whether what it maps executable is as on disk: see proc_pid_maps(5)."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            where, access, offset, _, inode, *name = line.split(maxsplit=5)
            if "x" not in access or inode == "0":
                continue
            start, end = (int(word, 16) for word in where.split("-"))
            memory.seek(start)
            text = memory.read(end - start)
            with Path(name[0]).open("rb") as file:
                file.seek(int(offset, 16))
                if text != file.read(end - start).ljust(end - start, b"\0"):
                    return False
    return True


def test_busy_process_visited_again_and_again(run_tracee, engine):
    """Threads come and go meanwhile; each visit sees calls, and no task stays traced."""
    with run_tracee("busy_threads") as process:
        for _ in range(20):
            with Tracer(pid=process.pid, engine=engine) as tracer:
                events = take_calls(tracer, 100)
            assert tracer.stats["error"] == 0
            assert tracer.lost == 0
            assert (events["pid"] == process.pid).all()
            attached = events["tid"][events["kind"] == Kind.ATTACH]
            assert len(set(attached)) == len(attached) >= 5
            assert tracer_of(process.pid) == 0
        assert process.end() == ("wrong: 0\n", "ended 0")


def test_threads_that_exec_as_we_come_and_go(run_tracee, engine):
    """PTRACE_SEIZE waits for an execve, and that for the end of those who are seized already.

    The thread that execs has the leader's tid from then on.
    """
    with run_tracee("execs_from_threads") as process:
        for _ in range(15):
            with Tracer(pid=process.pid, engine=engine) as tracer:
                kinds = set()
                while not {Kind.ATTACH, Kind.EXEC, Kind.SYSCALL} <= kinds:
                    kinds |= set(np.frombuffer(tracer.read(), EVENT_DTYPE)["kind"])
            assert tracer.stats["error"] == 0
            assert {seen.pid for seen in tracer.processes} == {process.pid}
            assert tracer_of(process.pid) == 0
        assert process.end() == ("wrong: 0\n", "ended 0")


def test_a_call_by_int80_goes_on_as_one_of_the_other_interface(run_tracee, engine):
    """Its number means another call among those of the program's own interface."""
    with run_tracee("waits_by_int80") as process:
        while state(process.pid) != "S":
            os.sched_yield()
        for _ in range(3):
            with Tracer(pid=process.pid, engine=engine, trace="epoll_wait") as tracer:
                tracer.wait(0.1)
            assert tracer.stats["error"] == 0
        assert process.end() == ("epoll_wait: 1\n", "ended 0")


def test_who_was_let_go_execs_before_its_leader_is(run_tracee, engine):
    """Then the leader has gone, and nobody tells us."""
    with run_tracee("execs_when_left") as process:
        with Tracer(pid=process.pid, engine=engine) as tracer:
            kinds = set()
            while Kind.FORK not in kinds:
                kinds |= set(np.frombuffer(tracer.read(), EVENT_DTYPE)["kind"])
        assert tracer.stats["error"] == 0
        assert tracer_of(process.pid) == 0
        assert process.end() == ("left\n", "ended 0")


def test_stopped_and_continued_as_we_come_and_go(run_tracee, engine):
    """Threads are inside the calls that make others then, and must come out of them with a tid.

    One that made a thread twice would end the process too early: glibc counts them.
    """
    with run_tracee("busy_threads") as process:
        for i in range(100):
            process.send_signal(signal.SIGSTOP if i % 2 else signal.SIGCONT)
            with Tracer(pid=process.pid, events=False, tally=True, engine=engine):
                process.send_signal(signal.SIGCONT if i % 3 else signal.SIGSTOP)
        process.send_signal(signal.SIGCONT)
        assert process.end() == ("wrong: 0\n", "ended 0")


def test_memory_that_the_parent_has_too_is_left_alone(run_tracee, engine):
    """After vfork(2): what is written to the child's text would be run by its parent."""
    with run_tracee("vfork_child") as process:
        (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        with Tracer(pid=int(child), events=False, tally=True, engine=engine) as tracer:
            # What comes before the child has stopped ends a call that we have not seen begin.
            while not tracer.summary().calls["read"]:
                process.stdin.write("x")
                process.stdin.flush()
                tracer.wait(0.01)
            (seen,) = tracer.processes
            assert seen.engine == "ptrace"
            assert (
                engine == "ptrace" or seen.fallback == "it shares its memory with another process"
            )
            assert has_the_text_of_its_files(process.pid)
        assert process.end() == ("wrong: 0, child: 0\n", "ended 0")


def test_summary_of_a_busy_process(run_tracee, engine):
    with run_tracee("busy_threads") as process:
        summary = fasttrace.summary(pid=process.pid, duration=0.5, engine=engine)
        assert summary.errors["write"] > 0
        # All fail, but for the one that each of the two busy threads may be in when we leave.
        assert summary.calls["write"] - summary.errors["write"] in (0, 1, 2)
        assert [(p.pid, p.engine) for p in summary.processes] == [(process.pid, engine)]
        assert summary.exit_status is None
        assert process.end() == ("wrong: 0\n", "ended 0")


def test_a_filter_for_an_attached_process(run_tracee, engine):
    with run_tracee("busy_threads") as process:
        with Tracer(pid=process.pid, trace="gettid", engine=engine) as tracer:
            events = take_calls(tracer, 100)
        calls = events[events["kind"] == Kind.SYSCALL]
        assert set(calls["nr"]) == {fasttrace.syscall_number("gettid")}
        assert process.end() == ("wrong: 0\n", "ended 0")


def test_the_process_ends_while_we_look_on(run_tracee, engine):
    with (
        run_tracee("reader") as process,
        Tracer(pid=process.pid, tally=True, engine=engine) as tracer,
    ):
        assert process.end() == ("", "ended 0")
        for _ in tracer.blocks():
            pass
        assert tracer.wait()
        assert tracer.exit_status == 0
        assert tracer.summary().calls["exit_group"] == 1


@pytest.mark.parametrize("name", ["blocked_calls", "blocked_calls_i386"])
def test_blocked_calls_see_no_eintr(run_tracee, name, engine):
    """epoll_wait, sigtimedwait and semop return EINTR for any wake-up, unless we mend it.

    An inline visit wakes each thread for every call that is made in it, so fewer will do.
    """
    with run_tracee(name) as process:
        for _ in range(40 if engine == "ptrace" else 10):
            for how in ({}, {"events": False, "tally": True}):
                with Tracer(pid=process.pid, engine=engine, **how) as tracer:
                    tracer.wait(0)
                assert tracer.stats["error"] == 0
        assert has_the_text_of_its_files(process.pid)
        output, told = process.end()
    assert output.splitlines() == [
        "epoll_wait: 1",
        "epoll_wait, timeout: 1",
        f"sigtimedwait: {int(signal.SIGUSR1)}",
        "semop: 0",
    ]
    assert told == "ended 0"


def test_by_another_thread_s_tid(run_tracee, engine):
    with run_tracee("busy_threads") as process:
        # The first that the leader made, for the kernel lists them by age: it lives to the end.
        tid = threads(process.pid)[1]
        with Tracer(pid=tid, engine=engine) as tracer:
            events = take_calls(tracer, 100)
        assert tracer.pid == process.pid
        assert len(set(events["tid"])) > 1
        assert process.end() == ("wrong: 0\n", "ended 0")


@pytest.mark.parametrize("times", [1, 5])
def test_what_was_stopped_stays_stopped(run_tracee, times, engine):
    with run_tracee("busy_threads") as process:
        process.send_signal(signal.SIGSTOP)
        assert process.told() == "stopped"
        for _ in range(times):
            with Tracer(pid=process.pid, engine=engine) as tracer:
                tracer.wait(0)
            until_all_stopped(process.pid)
        assert has_the_text_of_its_files(process.pid)
        process.send_signal(signal.SIGCONT)
        assert process.end() == ("wrong: 0\n", "ended 0")


@pytest.mark.parametrize("visits", [1, 3])
def test_stopped_before_us_and_continued_under_us(run_tracee, visits, engine):
    """Then it goes on as one that ran when we came: its threads record themselves."""
    with run_tracee("busy_threads") as process:
        for _ in range(visits):
            process.send_signal(signal.SIGSTOP)
            assert process.told() == "stopped"
            with Tracer(pid=process.pid, engine=engine) as tracer:
                process.send_signal(signal.SIGCONT)
                assert process.told() == "continued"
                take_calls(tracer, 1000)
                assert [seen.engine for seen in tracer.processes] == [engine]
                if engine == "inline":
                    until_they_record(tracer)
            assert has_the_text_of_its_files(process.pid)
        assert process.end() == ("wrong: 0\n", "ended 0")


def test_stopped_and_continued_under_us(run_tracee, engine):
    with run_tracee("busy_threads") as process:
        with Tracer(pid=process.pid, events=False, tally=True, engine=engine) as tracer:
            process.send_signal(signal.SIGSTOP)
            assert process.told() == "stopped"
            process.send_signal(signal.SIGCONT)
            assert process.told() == "continued"
            before = tracer.summary().total_calls
            while tracer.summary().total_calls == before:
                tracer.wait(0)
        assert process.end() == ("wrong: 0\n", "ended 0")


def test_left_stopped_by_a_signal_that_came_under_us(run_tracee, engine):
    with run_tracee("busy_threads") as process:
        with Tracer(pid=process.pid, events=False, tally=True, engine=engine):
            process.send_signal(signal.SIGSTOP)
            assert process.told() == "stopped"
        until_all_stopped(process.pid)
        assert has_the_text_of_its_files(process.pid)
        process.send_signal(signal.SIGCONT)
        assert process.end() == ("wrong: 0\n", "ended 0")


@pytest.mark.parametrize("waits", [True, False], ids=["told", "at_once"])
def test_stopped_while_threads_come_and_go_as_we_do(run_tracee, waits, engine):
    """It comes while threads run code of ours, are born or end; we leave when it has, or now."""
    for _ in range(50):
        with run_tracee("busy_threads") as process:
            with Tracer(pid=process.pid, events=False, tally=True, engine=engine):
                process.send_signal(signal.SIGSTOP)
                assert not waits or process.told() == "stopped"
            until_all_stopped(process.pid)
            assert has_the_text_of_its_files(process.pid)
            process.send_signal(signal.SIGCONT)
            assert process.end() == ("wrong: 0\n", "ended 0")


def test_threads_that_were_making_threads_record_too(run_tracee):
    """Their first stop tells of a birth, inside a call: they come to another one."""
    with run_tracee("busy_threads") as process:
        for _ in range(10):
            with Tracer(pid=process.pid, engine="inline") as tracer:
                until_they_record(tracer)
        assert process.end() == ("wrong: 0\n", "ended 0")


def test_executing_as_we_come(run_tracee, engine):
    """Its first stop is often at the end of its execve: it is prepared there, and not once more.

    What is ours in it then has one owner, who takes it away, also from our own memory."""
    with run_tracee("executes_itself") as process:
        for _ in range(50):
            with Tracer(pid=process.pid, events=False, tally=True, engine=engine) as tracer:
                tracer.wait(0.001)
            assert tracer.stats["error"] == 0
            assert "/memfd:fasttrace" not in Path("/proc/self/maps").read_text()
        assert process.end() == ("", "ended 0")


def test_faulting_as_we_come_and_go(run_tracee, engine):
    """We stop it between a fault and the signal that tells of it: that comes first, as it was.

    Made to run code of ours before, it got the fault inside that, and our trap behind it."""
    with run_tracee("faults_without_end") as process:
        for i in range(200):
            with Tracer(pid=process.pid, events=False, tally=True, engine=engine) as tracer:
                tracer.wait(0.001 * (i % 2))
            assert tracer.stats["error"] == 0
            assert tracer_of(process.pid) == 0
        assert has_the_text_of_its_files(process.pid)
        assert process.end() == ("wrong: 0\n", "ended 0")


def test_what_looks_like_a_fault_and_is_blocked_stays_so(run_tracee, engine):
    """The kernel takes it before the trap by which code of ours ends, blocked or not."""
    with run_tracee("holds_back_a_fault") as process:
        for _ in range(2):
            with Tracer(pid=process.pid, events=False, tally=True, engine=engine) as tracer:
                tracer.wait(0.01)
            assert [seen.engine for seen in tracer.processes] == [engine]
            assert tracer.stats["error"] == 0
        assert has_the_text_of_its_files(process.pid)
        assert process.end() == ("code: 1, at: 8\n", "ended 0")


def test_dead_leader(run_tracee, engine):
    """The leader has ended, another thread runs on: that is what there is to attach to."""
    with run_tracee("zombie_leader") as process:
        assert state(process.pid) == "Z"
        with Tracer(pid=process.pid, engine=engine) as tracer:
            attached = np.frombuffer(tracer.read(), EVENT_DTYPE)
            assert list(attached["kind"]) == [Kind.ATTACH]
            assert attached["tid"][0] != process.pid
            (seen,) = tracer.processes
            assert (seen.pid, seen.comm) == (process.pid, "zombie_leader")
            assert seen.argv == list(process.args)
        assert process.end() == ("", "ended 4")


def test_children_born_under_us_are_left_too(engine):
    """A detach lets go of whole families."""
    with running(["sh", "-c", "echo ready; read x; cat; exit 7"]) as process:
        with Tracer(pid=process.pid, engine=engine) as tracer:
            process.stdin.write("go\n")
            while len(tracer.processes) < 2 or tracer.processes[1].comm != "cat":
                tracer.read()
            child = tracer.processes[1].pid
            assert {p.engine for p in tracer.processes} == {engine}
        assert tracer_of(child) == tracer_of(process.pid) == 0
        assert has_the_text_of_its_files(child)
        assert has_the_text_of_its_files(process.pid)
        process.stdin.write("to the cat\n")
        assert process.end() == ("to the cat\n", "ended 7")


@pytest.mark.parametrize("pid", [0, -1, 1 << 22, 2**31 - 1])
def test_a_process_that_is_not_there_is_a_lookup_error(pid, engine):
    with pytest.raises(ProcessLookupError):
        Tracer(pid=pid, engine=engine).start()


def test_what_cannot_be_attached_to(run_tracee, engine):
    """Ourselves, and what is traced already; that one is not disturbed by the try."""
    with pytest.raises(PermissionError):
        Tracer(pid=os.getpid(), engine=engine).start()
    with run_tracee("reader") as process, Tracer(pid=process.pid, engine=engine) as tracer:
        with pytest.raises(PermissionError):
            Tracer(pid=process.pid, engine=engine).start()
        assert tracer_of(process.pid) > 0
        tracer.detach()
        assert tracer.wait()
        assert process.end() == ("", "ended 0")


def test_threads_of_the_kernel_are_left_alone(run_tracee, engine):
    """io_uring's workers never run code of the program: nothing waits for them, nor at the end."""
    with run_tracee("kernel_workers") as process:
        if len(threads(process.pid)) == 1:
            pytest.skip("io_uring is not allowed here")
        for _ in range(10):
            with Tracer(pid=process.pid, engine=engine) as tracer:
                process.stdin.write("x")
                process.stdin.flush()
                assert process.stdout.read(1) == "x"
                take_calls(tracer, 1)
            assert tracer.stats["error"] == 0
            assert {tracer_of(tid) for tid in threads(process.pid)} == {0}
        assert process.end() == ("", "ended 0")


def test_one_that_does_not_stop_is_let_go_all_the_same(run_tracee, engine):
    """A parent that waits for its vfork child hears nothing: who visits it leaves nevertheless."""
    with run_tracee("waits_for_vfork") as process:
        with Tracer(pid=process.pid, engine=engine) as tracer:
            assert tracer.read() is not None
        assert tracer_of(process.pid) == 0
        assert process.end() == ("", "ended 7")
