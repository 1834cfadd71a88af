"""Promise: a handler that goes wrong, is interrupted or lets go ends the run as it should, and
nothing is lost."""

from __future__ import annotations

import os
import signal
import threading

import pytest
from altered import Python

from fasttrace import Tracer

pytestmark = [
    pytest.mark.usefixtures("reaps"),
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="registers of x86-64"),
]


SLEEPS = "import os, time; os.getppid(); print('on', flush=True); time.sleep(60)"


@pytest.mark.parametrize("on_error", [None, "kill", "detach"])
def test_an_exception_ends_the_run_and_surfaces_whole(engine, on_error):
    reader, writer = os.pipe()
    script = "import os; print(os.getppid(), flush=True); os.read(0, 1)"
    program = Python(script, engine, stdin=reader)
    with program as tr:

        @tr.on_entry("getppid")
        def wrong(call):
            raise ZeroDivisionError("mine")

        with pytest.raises(ZeroDivisionError, match="mine") as caught:
            tr.run(on_error=on_error)
        assert caught.traceback[-1].name == "wrong"
        assert tr.exit_status == (None if on_error == "detach" else -signal.SIGKILL)
        os.write(writer, b"x")  # what was let go of runs on
    os.close(writer)
    os.close(reader)
    assert program.output == (f"{os.getpid()}\n" if on_error == "detach" else "")


def test_a_failing_sink_ends_the_run(engine):
    with Python(SLEEPS, engine) as tr:

        def sink(block):
            raise ZeroDivisionError("mine")

        with pytest.raises(ZeroDivisionError, match="mine"):
            tr.run(sink=sink)
        assert tr.exit_status == -signal.SIGKILL


def test_ctrl_c_in_a_handler_and_between(engine):
    with Python(SLEEPS, engine) as tr:

        @tr.on_entry("getppid")
        def interrupt(call):
            os.kill(os.getpid(), signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            tr.run()
        assert tr.exit_status == -signal.SIGKILL
    with Python(SLEEPS, engine) as tr:

        @tr.on_exit("write")
        def later(call):
            threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGINT)).start()

        with pytest.raises(KeyboardInterrupt):
            tr.run()
        assert tr.exit_status == -signal.SIGKILL


def test_stop_and_detach_by_a_handler(engine):
    with Python(SLEEPS, engine) as tr:
        tr.on_entry("getppid")(lambda call: call.stop())
        assert tr.run()
        assert tr.exit_status == -signal.SIGKILL
    program = Python("import os; os.getppid(); print(os.getppid())", engine)
    asked = []
    with program as tr:

        @tr.on_entry("getppid")
        def let_go(call):
            asked.append(call.tid)
            call.detach()

        assert tr.run()
    assert program.output == f"{os.getpid()}\n"
    assert len(asked) == 1


def test_a_filter_cannot_be_let_go(engine):
    """Under ptrace; the recorder of inline has none, and can."""
    script = "import os; os.getppid(); print('on')"
    program = Python(script, engine, trace="getppid")
    with program as tr:
        tr.on_entry("getppid")(lambda call: call.detach())
        if engine == "inline":
            assert tr.run(on_error="detach")
        else:
            with pytest.raises(ValueError, match="cannot detach"):
                tr.run(on_error="detach")
            with pytest.raises(ValueError, match="cannot detach"):
                tr.run()
    assert program.output == ("on\n" if engine == "inline" else "")


def test_run_ends_after_its_time_and_goes_on(engine):
    """What a handler is wanted for waits meanwhile."""
    script = "import os\nos.read(0, 1)\nprint(os.getppid())"
    reader, writer = os.pipe()
    program = Python(script, engine, stdin=reader)
    with program as tr:
        tr.on_entry("getppid")(lambda call: call.reply(8))
        assert not tr.run(timeout=0.05)
        os.write(writer, b"x")
        assert tr.run(timeout=30)
    os.close(reader)
    os.close(writer)
    assert program.output == "8\n"


def test_two_threads_may_be_the_first_to_use_it(engine):
    """Whoever comes first starts it, and both have it started."""
    for _ in range(20):
        with Tracer(["true"], engine=engine) as tr:
            pids = []
            together = threading.Barrier(4)

            def use(tr=tr, pids=pids, together=together):
                together.wait()
                pids.append(tr.pid)

            threads = [threading.Thread(target=use) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(set(pids)) == 1
            assert pids[0] is not None
            tr.run()
            assert tr.exit_status == 0


def test_what_cannot_be_started_says_so_when_it_is_first_used(engine, tmp_path):
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF but not really")
    program.chmod(0o755)
    with (
        Tracer([str(program)], engine=engine) as tr,
        pytest.raises(PermissionError, match="no #! line"),
    ):
        tr.run()
