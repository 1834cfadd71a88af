"""Promise: an altered call gives the program what the rule says, as strace would, and is recorded
so (C core).

strace is the judge of injections where it is installed: its grammar says the same plan, and the
program must say the same.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fasttrace import _core
from fasttrace.data.events import EVENT_DTYPE, Flag, Kind
from fasttrace.syscalls.names import syscall_number

if TYPE_CHECKING:
    from support import Builder

ENGINES = ["ptrace"] + (["inline"] if _core.inline_unusable() is None else [])
ALWAYS = 0xFFFFFFFF
MS = 1_000_000

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86-64")


@dataclass
class Seen:
    """What a session left: the program's output and end, its calls by name, the session's stats."""

    output: str = ""
    status: int = -1
    events: np.ndarray = field(default_factory=lambda: np.empty(0, EVENT_DTYPE))
    stats: _core.Stats | None = None
    fallbacks: list[str] = field(default_factory=list)

    def calls(self, name: str) -> list[tuple[int, Flag]]:
        """Result and flags of each call of this name."""
        wanted = (self.events["kind"] == Kind.SYSCALL) & (self.events["nr"] == number(name))
        return [(int(ev["ret"]), Flag(int(ev["flags"]))) for ev in self.events[wanted]]


def number(name: str) -> int:
    return syscall_number(name)


def injection(
    name: str,
    flags: int,
    *,
    when: tuple[int, int, int] = (1, ALWAYS, 1),
    ret: int = 0,
    sig: int = 0,
    nr: int = 0,
    enter_ns: int = 0,
    exit_ns: int = 0,
    pokes: tuple[tuple[int, bool, bytes], ...] = (),
) -> _core.Injection:
    made = tuple(_core.Poke(*poke) for poke in pokes)
    return _core.Injection(0, number(name), *when, flags, ret, sig, nr, enter_ns, exit_ns, made)


def spawn(session: _core.Session, command: Sequence[str], out: int, err: int = -1) -> int:
    env = [f"{name}={value}".encode() for name, value in os.environ.items()]
    argv = [word.encode() for word in command]
    # Python ignores SIGPIPE and SIGXFSZ; a command that it starts does not.
    defaults = 1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1)
    return session.spawn(argv[0], argv, env, None, (-1, out, err), defaults)


def finish(session: _core.Session, reader: int, seen: Seen, close: bool = True) -> Seen:
    """Takes all there is, until the end."""
    blocks = []
    try:
        while True:
            block = session.take()
            if block is not None:
                blocks.append(np.frombuffer(memoryview(block), EVENT_DTYPE).copy())
    except EOFError:
        pass
    session.wait()
    seen.stats = session.stats()
    seen.status = seen.stats["root_status"]
    seen.events = np.concatenate([seen.events, *blocks])
    seen.fallbacks = [row.fallback for row in _core.process_rows(*session.processes())]
    if close:
        session.close()
    with os.fdopen(reader) as pipe:
        seen.output = pipe.read()
    return seen


def run(command: Sequence[str], **options: object) -> Seen:
    reader, writer = os.pipe()
    session = _core.Session(**options)  # type: ignore[arg-type]
    try:
        spawn(session, command, writer)
    finally:
        os.close(writer)
    return finish(session, reader, Seen())


@dataclass(frozen=True)
class Plan:
    """The same injection for strace and for us."""

    name: str
    strace: str
    flags: int
    more: dict[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name}:{self.strace}"


WHENS = {
    "": (1, ALWAYS, 1),
    ":when=1": (1, 1, 0),
    ":when=3": (3, 3, 0),
    ":when=2+": (2, ALWAYS, 1),
    ":when=1+2": (1, ALWAYS, 2),
    ":when=2..3": (2, 3, 1),
}

EFFECTS: list[tuple[str, str, int, dict[str, object]]] = [
    ("sched_get_priority_max", "error=EPERM", _core.INJECT_RETURN, {"ret": -errno.EPERM}),
    ("sched_get_priority_min", "retval=77", _core.INJECT_RETURN, {"ret": 77}),
    ("uname", "retval=2", _core.INJECT_RETURN, {"ret": 2}),
    ("getcwd", "error=ENOENT", _core.INJECT_RETURN, {"ret": -errno.ENOENT}),
    ("nanosleep", "error=EINTR", _core.INJECT_RETURN, {"ret": -errno.EINTR}),
    ("nanosleep", "signal=USR1", _core.INJECT_SIGNAL, {"sig": signal.SIGUSR1}),
    ("uname", "signal=USR1", _core.INJECT_SIGNAL, {"sig": signal.SIGUSR1}),
    (
        "uname",
        "error=EAGAIN:signal=USR1",
        _core.INJECT_SIGNAL | _core.INJECT_RETURN,
        {"sig": signal.SIGUSR1, "ret": -errno.EAGAIN},
    ),
    (
        "sched_get_priority_max",
        "delay_enter=1000:delay_exit=1000",
        _core.INJECT_DELAY_ENTER | _core.INJECT_DELAY_EXIT,
        {"enter_ns": MS, "exit_ns": MS},
    ),
    (
        "sched_get_priority_min",
        "syscall=getpid:retval=5",
        _core.INJECT_NUMBER | _core.INJECT_RETURN,
        {"nr": 39, "ret": 5},
    ),
    ("uname", "poke_exit=@arg1=4142", _core.INJECT_POKE, {"pokes": ((0, True, b"AB"),)}),
    (
        "uname",
        "poke_enter=@arg1=4142:error=EIO",
        _core.INJECT_POKE | _core.INJECT_RETURN,
        {"pokes": ((0, False, b"AB"),), "ret": -errno.EIO},
    ),
    (
        "getcwd",
        "poke_exit=@arg1=2f78:delay_exit=500",
        _core.INJECT_POKE | _core.INJECT_DELAY_EXIT,
        {"pokes": ((0, True, b"/x"),), "exit_ns": MS // 2},
    ),
]

PLANS = [
    Plan(name, effect + when, flags, {**more, "when": counts})
    for name, effect, flags, more in EFFECTS
    for when, counts in WHENS.items()
]
# The loader's: the program does not even start.
PLANS.append(Plan("read", "error=EIO", _core.INJECT_RETURN, {"ret": -errno.EIO}))


@pytest.fixture(scope="module")
def judged() -> dict[str, tuple[str, int]]:
    """What the program said under strace, by plan: each engine compares with the same."""
    return {}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("plan", PLANS, ids=str)
def test_the_program_gets_what_strace_gives_it(
    tracees: Builder, engine: str, plan: Plan, judged: dict[str, tuple[str, int]]
) -> None:
    """Which calls are hit, in each thread and process, and what the program then sees."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    # A signal before a sleep ends it, unless the sleep is over by itself before that is looked at:
    # where much else runs, that may take longer than a millisecond.
    sleeps = plan.name == "nanosleep" and plan.flags & _core.INJECT_SIGNAL
    command = tracees.command("altered", "4", "30" if sleeps else "1")
    if str(plan) not in judged:
        strace = ["strace", "-f", "-o", "/dev/null", "-e", f"inject={plan}"]
        done = subprocess.run([*strace, *command], capture_output=True, text=True)
        judged[str(plan)] = done.stdout, done.returncode
    row = injection(plan.name, plan.flags, **plan.more)  # type: ignore[arg-type]
    seen = run(command, engine=engine, injections=[row])
    assert (seen.output, os.waitstatus_to_exitcode(seen.status)) == judged[str(plan)]
    hit = [flags for _, flags in seen.calls(plan.name) if flags & Flag.ALTERED]
    assert seen.stats is not None
    assert len(hit) == seen.stats["altered"] > 0
    assert not any(seen.fallbacks)
