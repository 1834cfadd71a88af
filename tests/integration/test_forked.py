"""Promise: a program may fork while it traces: its child has a copy of the tracer, which only
forgets. Nothing of it hangs, frees or ends what is the parent's; to use it is one clear error."""

from __future__ import annotations

import subprocess
import sys

import pytest
from command_line import LIMIT_S

# `left` says how a child ended; SIGALRM: it hung. The traced program waits for its stdin to end.
START = """
import gc, os, signal, sys, threading, time
import fasttrace
from fasttrace.errors import ForkedError
engine = sys.argv[1]
end, hold = os.pipe()
os.set_inheritable(hold, False)

def tracer(**options):
    return fasttrace.Tracer(["sh", "-c", "read x; true"], stdin=end, engine=engine, **options)

def forked(act):
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(20)
        os.close(hold)
        act()
        os._exit(0)
    return pid

def left(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def rest(t):
    os.close(hold)
    calls = sum(len(block) for block in t.blocks())
    assert calls > 20, calls
    assert t.wait(), "the parent's session has ended early"
    return t.exit_status
"""


def run(code: str, engine: str) -> str:
    """What the script prints; it must end well, without a word on stderr."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", START + code, engine],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_child_that_leaves(engine: str) -> None:
    """Through `with`, by the collector, and by its end."""
    code = """
with tracer() as t:
    t.pid
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)
        os.close(hold)
        sys.exit(7)
    assert left(pid) == 7
    def drop():
        global t
        del t
        gc.collect()
        sys.exit(0)
    assert left(forked(lambda: (t.close(), t.close()))) == 0
    assert left(forked(drop)) == 0
    print(rest(t))
"""
    assert run(code, engine) == "0\n"


USES = {
    "pid": "t.pid",
    "stats": "t.stats",
    "processes": "t.processes",
    "exit_status": "t.exit_status",
    "summary": "t.summary()",
    "read": "t.read(0)",
    "blocks": "next(t.blocks())",
    "wait": "t.wait(0)",
    "kill": "t.kill()",
    "detach": "t.detach()",
    "stop": "t.stop()",
    "send_signal": "t.send_signal(9)",
    "start": "t.start()",
    "run": "t.run(0)",
    "enter": "t.__enter__()",
    "registers": "t.task(t_pid).registers",
    "session": "t._session.take(0)",
}


def test_every_use_in_a_child_is_one_error(engine: str) -> None:
    uses = ", ".join(f"{name!r}: lambda: {use}" for name, use in USES.items())
    code = f"""
with tracer(tally=True) as t:
    t_pid = t.pid
    def each():
        for name, use in {{{uses}}}.items():
            try:
                print(name, "gave", use())
            except ForkedError as error:
                assert "make a tracer in the child" in str(error)
        t.close()
        try:
            t.stats
        except ForkedError:
            print("closed", flush=True)
    assert left(forked(each)) == 0
    rest(t)
"""
    assert run(code, engine) == "closed\n"


def test_before_the_start_a_child_is_refused_too(engine: str) -> None:
    code = """
with tracer() as t:
    def each():
        for use in (lambda: t.pid, t.start, lambda: t.read(0)):
            try:
                use()
            except ForkedError:
                print("refused", flush=True)
        t.close()
    assert left(forked(each)) == 0
    print(rest(t))
"""
    assert run(code, engine) == "refused\n" * 3 + "0\n"


def test_after_the_end_the_figures_are_the_childs_too(engine: str) -> None:
    code = """
os.close(hold)
hold = os.open("/dev/null", os.O_RDONLY)
with tracer(events=False, tally=True) as t:
    t.wait()
assert left(forked(lambda: print(t.exit_status, t.summary().calls["execve"], flush=True))) == 0
"""
    status, execs = run(code, engine).split()
    assert status == "0"
    assert int(execs) >= 1


def test_forks_at_any_moment(engine: str) -> None:
    """While a thread waits in the session, and the tracer's thread and locks are busy."""
    code = """
command = ["sh", "-c", "while :; do echo x > /dev/null; done"]
with fasttrace.Tracer(command, engine=engine) as t:
    t.pid
    taken = []
    def take():
        try:
            for block in t.blocks():
                taken.append(len(block))
        except ValueError:
            return
    thread = threading.Thread(target=take)
    thread.start()
    while not taken:
        time.sleep(0.001)
    pids = [forked(lambda: (t.close(), gc.collect(), sys.exit(0))) for _ in range(50)]
    assert {left(pid) for pid in pids} == {0}
    before = len(taken)
    while len(taken) == before:
        time.sleep(0.001)
    t.kill()
    thread.join()
print(t.exit_status)
"""
    assert run(code, engine) == "-9\n"


def test_multiprocessing_works_beside_a_tracer(engine: str) -> None:
    code = """
import multiprocessing
context = multiprocessing.get_context("fork")
with tracer() as t:
    t.pid
    process = context.Process(target=lambda: signal.alarm(20))
    process.start()
    process.join()
    assert process.exitcode == 0, process.exitcode
    with context.Pool(2) as pool:
        assert pool.map(abs, [-1, -2]) == [1, 2]
    print(rest(t))
"""
    assert run(code, engine) == "0\n"


def test_a_tracer_of_the_childs_own(engine: str) -> None:
    code = """
with tracer() as t:
    t.pid
    def own():
        print(fasttrace.summary(["true"], engine=engine).calls["exit_group"], flush=True)
    assert left(forked(own)) == 0
    print(rest(t))
"""
    assert run(code, engine) == "1\n0\n"


def test_a_fork_in_a_handler(engine: str) -> None:
    """The child leaves through the loop that serves the handlers."""
    code = """
pids = []
with fasttrace.Tracer(["mkdir", "/nowhere/x"], engine=engine, stderr=-3) as t:
    @t.on_entry("mkdir", "mkdirat")
    def pretend(call):
        pids.append(os.fork())
        if not pids[-1]:
            signal.alarm(20)
            sys.exit(5)
        return call.reply(0)
    t.run()
print([left(pid) for pid in pids], t.exit_status)
"""
    assert run(code, engine) == "[5] 0\n"


@pytest.mark.parametrize("what", ["summary", "trace"])
def test_ctrl_c_in_a_child_is_its_own(engine: str, what: str) -> None:
    """Though the parent had it stop its tracer."""
    code = f"""
made = []
def child():
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        os._exit(3)
def fork_once():
    while signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        time.sleep(0.001)
    made.append(left(forked(child)))
    os.close(hold)
thread = threading.Thread(target=fork_once)
thread.start()
fasttrace.{what}(["sh", "-c", "read x; true"], stdin=end, engine=engine)
thread.join()
print(made)
"""
    assert run(code, engine) == "[3]\n"
