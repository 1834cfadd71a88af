"""Promise: a handler decides what the program gets, and that is what is recorded."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from altered import Python

import fasttrace
from fasttrace import EVENT_DTYPE, Flag, Tracer
from fasttrace.errors import MemoryFault

pytestmark = [
    pytest.mark.usefixtures("reaps"),
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="registers of x86-64"),
]


def test_a_python_function_stands_in_for_the_kernel(engine):
    """The example of the docs: handlers that are registered inside the `with`."""
    program = Python("import os; print(os.getrandom(8).hex(), os.getppid())", engine)
    with program as tr:

        @tr.on_entry("getrandom")
        def answer(call):
            call.write_memory(call.args[0], b"\0" * call.args[1])
            return call.reply(call.args[1])

        @tr.on_exit("getppid")
        def shift(call):
            return call.reply(call.ret + 1)

        assert tr.run()
        assert tr.exit_status == 0
    assert program.output == f"{'00' * 8} {os.getpid() + 1}\n"


def test_nothing_runs_before_the_handlers_are_there(engine):
    """Not one call of the program, its loader's included, escapes."""
    with Python("", engine, trace="%file") as tr:
        seen, blocks = [], []
        tr.on_entry("openat")(lambda call: seen.append(call.read_string(call.args[1])))
        tr.run(sink=blocks.append)
    events = np.concatenate([np.frombuffer(block, EVENT_DTYPE) for block in blocks])
    assert b"/etc/ld.so.cache" in seen
    assert len(seen) == np.count_nonzero(events["nr"] == fasttrace.syscall_number("openat"))


def test_the_pid_or_anything_else_of_it_starts_the_command(engine):
    with Tracer(["sleep", "60"], engine=engine) as tr:
        assert not tr.started
        assert tr.pid is not None
        os.kill(tr.pid, 0)
        with pytest.raises(ValueError, match="before start"):
            tr.on_entry("read")(lambda call: None)
        tr.send_signal(signal.SIGTERM)
        assert tr.wait()
        assert tr.exit_status == -signal.SIGTERM
    with Tracer(["true"], engine=engine, events=False, tally=True) as tr:
        assert tr.started


def test_arguments_and_number_are_changed(engine):
    program = Python("import os; print(os.getpgid(77777), os.getpid(), os.getuid())", engine)
    with program as tr:

        @tr.on_entry("getpgid")
        def of_myself(call):
            assert call.args[0] == 77777
            return call.change(args=[0])

        @tr.on_entry("getuid")
        def other(call):
            return call.change("getpid")

        tr.run()
        pid = tr.pid
    assert program.output == f"{os.getpgid(0)} {pid} {pid}\n"


def test_a_path_is_changed_in_memory(engine, tmp_path):
    (tmp_path / "right").write_text("right")
    wrong, right = (os.fsencode(tmp_path / name) for name in ("wrong", "right"))
    program = Python(f"print(open({os.fsdecode(wrong)!r}).read())", engine)
    with program as tr:

        @tr.on_entry("openat")
        def redirect(call):
            if call.read_string(call.args[1]) == wrong:
                call.write_memory(call.args[1], right)

        tr.run()
    assert program.output == "right\n"


def test_registers_can_be_set_at_entry_and_exit(engine):
    program = Python("import os; print(os.getpgid(77777), os.getppid())", engine)
    with program as tr:

        @tr.on_entry("getpgid")
        def first_argument(call):
            assert call.registers["rdi"] == 77777
            call.registers["rdi"] = 0

        @tr.on_exit("getppid")
        def result(call):
            assert call.registers["rax"] == call.ret == os.getpid()
            call.registers["rax"] = 5

        tr.run()
    assert program.output == f"{os.getpgid(0)} 5\n"


def test_a_signal_comes_when_the_call_ends(engine):
    script = (
        "import os, signal; signal.signal(signal.SIGUSR1, lambda *_: print('signal'))\n"
        "print(os.getppid())"
    )
    program = Python(script, engine)
    with program as tr:

        @tr.on_entry("getppid")
        def deliver(call):
            call.deliver("USR1")
            return call.reply(3)

        tr.run()
    assert program.output == "signal\n3\n"


def test_memory_that_is_not_there(engine):
    """Reads end where the memory does; what cannot be read or written at all is EFAULT."""
    script = (
        "import ctypes, mmap, os\n"
        "m = mmap.mmap(-1, 8192); a = ctypes.addressof(ctypes.c_char.from_buffer(m))\n"
        "ctypes.CDLL(None).munmap(ctypes.c_void_p(a + 4096), 4096)\n"
        "m[:4] = b'abcd'\n"
        "ctypes.CDLL(None).syscall(1000, ctypes.c_void_p(a)); os._exit(0)"
    )
    told = {}
    with Python(script, engine) as tr:

        @tr.on_entry("1000")
        def look(call):
            start = call.args[0]
            told["part"] = call.read_memory(start, 8192)
            told["string"] = call.read_string(start)
            call.write_memory(start + 4000, b"x" * 96)
            told["unended"] = call.read_string(start + 4000)
            for name, use in (
                ("read", lambda: call.read_memory(start + 4096, 1)),
                ("kernel", lambda: call.read_memory(1 << 63, 1)),
                ("null", lambda: call.read_string(0)),
                ("write", lambda: call.write_memory(start + 4090, b"0123456789")),
            ):
                with pytest.raises(MemoryFault) as caught:
                    use()
                told[name] = caught.value.errno, caught.value.done
            told["before"] = call.read_memory(start + 4090, 6)

        tr.run()
        assert tr.exit_status == 0
    assert len(told["part"]) == 4096
    assert told["string"] == b"abcd"
    assert told["unended"] == b"x" * 96
    assert told["read"] == told["kernel"] == told["null"] == (errno.EFAULT, 0)
    assert told["write"] == (errno.EFAULT, 6)
    assert told["before"] == b"012345"


THREADS = """
import os, threading
def work():
    for _ in range(50):
        assert os.getppid() == threading.get_native_id() + 1
threads = [threading.Thread(target=work) for _ in range(4)]
pid = os.fork()
for t in threads: t.start()
for t in threads: t.join()
if pid:
    print(os.waitpid(pid, 0)[1])
"""


def test_threads_and_children_get_each_their_own_answer(engine):
    program = Python(THREADS, engine, trace="getppid")
    blocks = []
    with program as tr:
        tr.on_entry("getppid")(lambda call: call.reply(call.tid + 1))
        assert tr.run(sink=blocks.append)
        assert tr.exit_status == 0
        assert tr.stats["altered"] == 400
    assert program.output == "0\n"
    events = np.concatenate([np.frombuffer(block, EVENT_DTYPE) for block in blocks])
    calls = events[events["nr"] == fasttrace.syscall_number("getppid")]
    calls = calls[calls["kind"] == fasttrace.Kind.SYSCALL]
    assert len(calls) == 400
    assert (calls["flags"] & Flag.ALTERED).all()
    assert (calls["ret"] == calls["tid"] + 1).all()


def test_a_full_ring_does_not_hold_up_the_handlers(engine):
    """More events than the ring holds, and nobody who wants them."""
    script = "import os\nfor _ in range(100_000): os.stat in (1,); os.getpgid(0)\nos.getppid()"
    with Python(script, engine) as tr:
        asked = []
        tr.on_entry("getppid")(lambda call: asked.append(call.name))
        assert tr.run()
        assert tr.stats["events"] > 100_000
    assert asked == ["getppid"]


def test_an_attached_task_is_looked_at_while_it_sleeps(run_tracee):
    """Registers and memory, read and written; and the call it is in goes on."""
    with run_tracee("reader") as process, Tracer(pid=process.pid) as tr:
        task = tr.task(process.pid)
        registers = task.registers
        assert set(registers) >= {"rip", "rsp", "rax", "orig_rax"}
        while registers["orig_rax"] != fasttrace.syscall_number("read"):
            registers = task.registers  # it is still in the write that told us of it
        stack = registers["rsp"]
        before = task.read_memory(stack, 64)
        task.write_memory(stack - 4096, b"scratch\0")
        assert task.read_string(stack - 4096) == b"scratch"
        assert task.read_memory(stack, 64) == before
        task.registers = {"r15": 0x1234}
        task.registers["r14"] = 0x5678
        assert (task.registers["r15"], task.registers["r14"]) == (0x1234, 0x5678)
        task.registers = {name: registers[name] for name in ("r14", "r15")}
        with pytest.raises(ProcessLookupError):
            assert tr.task(1).registers
        tr.detach()
        tr.wait()
        assert process.end()[1] == "ended 0"


def test_handlers_of_an_attached_process(run_tracee):
    with run_tracee("reader") as process:
        tr = Tracer(pid=process.pid)
        got = []

        @tr.on_exit("read")
        def seen(call):
            if not call.interrupted:
                got.append(call.ret)
                call.stop()

        with tr:
            # The call that it was in is not handed over. This stops it there, so that it makes
            # another one.
            assert tr.task(process.pid).registers
            process.stdin.write("hello\n")
            process.stdin.flush()
            assert tr.run()
        assert got == [6]
        assert process.end()[1] == "ended 0"


def test_deny_and_inject_go_with_every_run(engine, tmp_path):
    script = [
        sys.executable,
        "-IBSc",
        "import os\ntry: os.mkdir('x')\nexcept OSError as e: os._exit(e.errno)",
    ]
    deny = {"mkdir": errno.EDQUOT}
    summary = fasttrace.summary(script, engine=engine, cwd=tmp_path, deny=deny)
    assert (summary.exit_status, summary.errors["mkdir"]) == (errno.EDQUOT, 1)
    trace = fasttrace.trace(script, engine=engine, cwd=tmp_path, inject="mkdir:error=EIO")
    (call,) = trace.where("mkdir")
    assert (trace.exit_status, call.ret) == (errno.EIO, -errno.EIO)
    assert Flag.ALTERED in call.flags
    recorded = fasttrace.record(
        script, path=tmp_path / "x.fst", engine=engine, cwd=tmp_path, deny="mkdir=EROFS"
    )
    assert recorded.exit_status == errno.EROFS
    # What is altered need not be recorded.
    other = fasttrace.trace(script, engine=engine, cwd=tmp_path, trace="openat", deny=deny)
    assert other.exit_status == errno.EDQUOT
    assert len(other.where("mkdir")) == 0
    assert not (tmp_path / "x").exists()


def test_run_tells_what_was_altered(engine, tmp_path):
    command = ["sh", "-c", "mkdir x; mkdir y; exit 3"]
    done = fasttrace.run(
        command,
        deny={"socket": errno.EACCES},
        inject="mkdir:error=ENOSPC",
        engine=engine,
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
    )
    assert done.exit_status == 3
    assert [(call.name, call.strings, call.ret) for call in done.altered] == [
        ("mkdir", {0: "x"}, -errno.ENOSPC),
        ("mkdir", {0: "y"}, -errno.ENOSPC),
    ]
    assert [p.comm for p in done.processes] == ["sh", "mkdir", "mkdir"]
    assert repr(done) == f"Completed(argv={command!r}, exit_status=3, 2 altered calls)"
    plain = fasttrace.run(["true"], engine=engine)
    assert (plain.exit_status, len(plain.altered)) == (0, 0)


def test_a_32_bit_program_is_handled_by_its_own_table(engine, tracees):
    with Tracer(tracees.command("i386"), engine=engine, stdout=subprocess.DEVNULL) as tr:
        asked = []

        @tr.on_entry("open@32", "openat@32")
        def opening(call):
            path = call.read_string(call.args[call.name == "openat"])
            asked.append((call.abi, path))
            return call.reply(errno="EIO") if path == b"/does/not/exist" else None

        tr.run()
        child = tr.processes[1]
    assert ("i386", b"/does/not/exist") in asked
    assert os.waitstatus_to_exitcode(child.status) == errno.EIO


def test_counting_goes_with_handlers(engine):
    """Without events there is nothing to take; handlers are then registered before entering."""
    program = Python("import os; print(os.getppid())", engine, events=False, tally=True)
    program.tracer.on_entry("getppid")(lambda call: call.reply(errno=errno.ENOSYS))
    with program as tr:
        with pytest.raises(ValueError, match="before start"):
            tr.on_exit("read")
        assert tr.run()
        assert tr.summary().errors["getppid"] == 1
    assert program.output == f"{-errno.ENOSYS}\n"  # libc does not look


@pytest.mark.parametrize("name", ["SEGV", "BUS", "TRAP", "SYS", "ILL", "FPE", "ABRT", "KILL"])
def test_any_signal_is_the_programs(engine, name):
    """Those by which a recorder's own troubles would show themselves, too."""
    script = "import os; os.getppid(); os.getppid(); print('not reached')"
    for how in ({"inject": f"getppid:signal={name}:when=2"}, {}):
        program = Python(script, engine, **how)
        with program as tr:
            if not how:
                tr.on_exit("getppid")(lambda call: call.deliver(name))
            tr.run()
            assert tr.exit_status == -signal.Signals[f"SIG{name}"]
            assert {p.fallback for p in tr.processes} == {""}
        assert program.output == ""
