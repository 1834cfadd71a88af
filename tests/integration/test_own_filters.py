"""Promise: who installs seccomp filters is traced as without them, and inline if they let it.

What such a program sees and how it ends is as without a tracer; counts are those of ptrace and,
where all calls return, of strace.
"""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from support import ENGINES, running, since_6_4

import fasttrace
from fasttrace import _tables
from fasttrace._core import inline_unusable
from fasttrace.data.events import Kind
from fasttrace.tracing.tracer import Tracer

pytestmark = pytest.mark.skipif(inline_unusable() is not None, reason=str(inline_unusable()))

STRACE = shutil.which("strace")
ALLOW = 0x7FFF0000
WHY = "seccomp filter of its own"
# Where malloc's memory for a thread lies decides how much of it is given back.
FIXED = ["setarch", "-R"] if shutil.which("setarch") else []
SHOWN = ("getuid", "rt_sigreturn", "prctl", "seccomp")
# What differs with time: whether threads wait for each other, how often one looks for another.
CHANCE = ("futex", "sched_yield", "madvise")
LOOKING = ("openat", "newfstatat", "read", "close")


def with_numbers(steps: str) -> list[str]:
    """Names of calls in steps, as numbers."""

    def number(found: re.Match[str]) -> str:
        nr = _tables.number(0, found[1])
        assert nr is not None
        return f"={nr}"

    return re.sub(r"=([a-z]\w*)", number, steps).split()


def traced(command: list[str], engine: str, out: Path) -> tuple[fasttrace.Summary, str]:
    with out.open("w") as file:
        tracer = Tracer(command, engine=engine, events=False, tally=True, stdout=file)
        with tracer:
            tracer.wait()
    return tracer.summary(), out.read_text()


def counts(summary: fasttrace.Summary, chance: tuple[str, ...]) -> dict[str, int]:
    return {name: number for name, number in summary.calls.items() if name not in chance}


def as_untraced(
    command: list[str], folder: Path, chance: tuple[str, ...] = CHANCE
) -> fasttrace.Summary:
    """Runs it without us and with each engine: the same output and end, the same counts.

    Returns the inline engine's.
    """
    command = [*FIXED, *command]
    bare = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=30)
    found = {engine: traced(command, engine, folder / engine) for engine in ENGINES}
    for engine, (summary, output) in found.items():
        assert output == bare.stdout, engine
        assert summary.exit_status == bare.returncode, engine
    assert counts(found["inline"][0], chance) == counts(found["ptrace"][0], chance)
    return found["inline"][0]


def fell_back(summary: fasttrace.Summary) -> list[bool]:
    """Of each process; and it says why."""
    assert all((p.engine == "inline") == (not p.fallback) for p in summary.processes)
    assert all(WHY in p.fallback for p in summary.processes if p.fallback)
    return [p.engine != "inline" for p in summary.processes]


STAYS = {
    "one that lets all through": "allow=0 calls=getppid mask=0 fork=getuid exec=getuid",
    "an errno": "errno=getuid calls=getuid fork=getuid exec=getuid vfork=getuid",
    "an errno, with threads": "thread=getuid errno=getuid thread=getuid calls=getuid",
    "for all threads": "tsync=1 errno=getuid thread=getuid tsync=0 errno=getgid thread=getgid",
    "without a tracer for it": "trace=getuid calls=getuid calls=getgid",
    "a handler answers": "handle=0 calls=getuid trap=getuid calls=getuid fork=getuid thread=getuid",
    "a handler set later": "trap=getuid handle=0 calls=getuid trap=getgid calls=getgid",
    "a handler answers a mask call": "handle=0 trap=rt_sigprocmask,0,4 calls=rt_sigprocmask mask=0",
    "a trap is ignored, which kills": "ignore=0 trap=getuid calls=getppid calls=getuid",
    "a trap kills": "trap=getuid calls=getppid calls=getuid",
    "it kills": "kill=getuid fork=getuid calls=getgid calls=getuid",
    "kills what returns to no place": "kill=rt_sigreturn calls=getuid",
    "many": "errno=getuid errno=getgid " * 20 + "errno=getuid calls=getuid fork=getgid",
    "a long one": "pad=126 errno=getuid pad=4000 errno=getgid calls=getuid exec=getgid",
    "a sandbox": "calls=getuid sandbox=0 calls=getuid mask=0 calls=getgid",
    "no memory may become code": "kill=mprotect,2,4 calls=getuid thread=getuid vfork=getuid",
    "in front of another program": "errno=getuid become=0 calls=getuid errno=getgid calls=getgid",
    "what nobody needs": "kill=memfd_create kill=getsid calls=getuid fork=getuid exec=getuid",
    "for arguments of others": "kill=mmap,3,32768 kill=rt_sigaction,0,16 calls=getuid exec=getuid",
}


def cases(programs):
    refuses = ("a sandbox", "the next filter")  # prctl(2)
    return [
        pytest.param(what, id=name, marks=since_6_4 if name in refuses else ())
        for name, what in programs.items()
    ]


@pytest.mark.parametrize("steps", cases(STAYS))
def test_a_filter_that_is_not_in_the_way(tracees, tmp_path, steps):
    summary = as_untraced(tracees.command("own_filter_steps", *with_numbers(steps)), tmp_path)
    assert not any(fell_back(summary))


# And the processes that fall back, in the order of their births.
LEAVES = {
    "the recorder's own call": ("kill=rt_sigprocmask,0,1 calls=getuid fork=getuid", [False, False]),
    "the recorder's own call, all": ("kill=rt_sigprocmask calls=getuid fork=getuid", [True, True]),
    "for an argument": ("kill=rt_sigprocmask,3,8 calls=getuid", [True]),
    "what takes memory back": ("kill=munmap calls=getuid fork=getuid", [True, True]),
    "where calls are made": ("where=getuid calls=getuid fork=getgid", [True, True]),
    "strict mode": ("calls=getuid strict=0", [True]),
    "signals": ("handle=0 errno=rt_sigaction calls=getuid", [True]),
    "no signals": ("errno=rt_sigaction calls=getuid", [False]),
    "signals, afterwards": ("kill=rt_sigaction calls=getuid handle=0", [True]),
    "changes of text": ("errno=mprotect calls=getuid calls=getgid", [False]),
    "changes of text, threads": ("errno=mprotect,1,4096 calls=getuid thread=getuid", [True]),
    "changes of text, vfork": ("kill=mprotect,1,4096 calls=getuid vfork=getuid", [True, False]),
    "more memory": ("errno=mremap calls=getuid thread=getuid", [True]),
    "restarts": ("kill=restart_syscall calls=getuid thread=getuid", [True]),
    "what a child needs": ("kill=open calls=getuid fork=getuid", [False, False]),
    "what a child needs, all": (
        "kill=open kill=memfd_create fork=getuid calls=getuid",
        [False, True],
    ),
    "closing": ("kill=close calls=getuid fork=getuid", [False, True]),
    "advice": ("kill=madvise calls=getuid fork=getuid", [False, True]),
    "a new program's": (
        "kill=madvise calls=getuid exec=getuid become=0 calls=getgid",
        [True, True],
    ),
    "a child's children": ("kill=munmap exec=getuid vfork=getuid", [True, True, True]),
    "more code": ("kill=mmap,2,4 calls=getuid fork=getuid", [False, False]),
    "the next filter": ("allow=0 errno=prctl,0,2 calls=getuid", [False]),
    "a shared mapping": ("kill=mmap,3,1 calls=getuid fork=getuid calls=getuid", [False, True]),
    "a long one's memory": (
        "kill=mmap,2,1 calls=getuid pad=2000 errno=getuid calls=getuid",
        [True],
    ),
    "the second of two": ("errno=getuid kill=munmap calls=getuid", [True]),
    "all threads": ("tsync=1 thread=getuid kill=munmap thread=getuid exec=getuid", [True, True]),
}


@pytest.mark.parametrize("case", cases(LEAVES))
def test_a_filter_that_forbids_what_the_engine_needs(tracees, tmp_path, case):
    """Nobody dies of it, nobody is refused what the program itself does not do, and it is told."""
    steps, fallen = case
    summary = as_untraced(tracees.command("own_filter_steps", *with_numbers(steps)), tmp_path)
    assert fell_back(summary) == fallen


@pytest.mark.parametrize("name", ["own_filter_actions", "own_filter_tsync", "own_filter"])
def test_programs_that_install_filters(tracees, tmp_path, name):
    chance = (*CHANCE, *LOOKING) if name == "own_filter_tsync" else CHANCE
    summary = as_untraced(tracees.command(name), tmp_path, chance)
    # Two of the former ask where calls come from.
    assert Counter(fell_back(summary))[True] == (2 if name == "own_filter_actions" else 0)


@pytest.mark.parametrize(
    ("asked", "fallen"), [("asks", [False]), ("rights", [False, False]), ("refused", [True])]
)
def test_calls_that_install_nothing_are_answered_as_by_the_kernel(tracees, tmp_path, asked, fallen):
    """So libseccomp finds out what there is. What the kernel refuses may cost the inline engine."""
    summary = as_untraced(tracees.command("own_filter_probes", asked), tmp_path)
    assert fell_back(summary) == fallen


@pytest.mark.parametrize("name", ["own_filter_notify", "own_filter_threads"])
def test_filters_of_threads_that_record_themselves(tracees, tmp_path, name):
    """One asks another thread; one has a handler, and then as many filters as threads."""
    command = tracees.command(name)
    bare = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=30, check=True)
    for engine in ENGINES:
        summary, output = traced(command, engine, tmp_path / engine)
        assert (output, summary.exit_status) == (bare.stdout, 0), engine
    assert not any(fell_back(summary))


def test_what_is_installed_is_what_was_read(tracees, tmp_path):
    """Another thread writes to the filter meanwhile; what it may become kills for calls of ours."""
    command = tracees.command("own_filter_swapped")
    for engine in ENGINES:
        summary, output = traced(command, engine, tmp_path / engine)
        assert (output, summary.exit_status) == ("60\n", 0), engine
    # Both were installed: else this test would hold nothing.
    assert {True, False} == set(fell_back(summary)[1:])


def may_read_filters() -> bool:
    """PTRACE_SECCOMP_GET_FILTER: CAP_SYS_ADMIN that is under no filter."""
    status = dict(re.findall(r"^(\w+):\t(\w+)$", Path("/proc/self/status").read_text(), re.M))
    return bool(int(status["CapEff"], 16) >> 21 & 1) and status["Seccomp"] == "0"


@pytest.mark.parametrize("args", [(), ("kills",)], ids=["denies", "kills"])
def test_attach_to_a_program_under_filters(tracees, args):
    """They are read where that is allowed; else, or if they are in the way, ptrace traces it."""
    command = [*tracees.command("own_filter_reader"), *args]
    with running(command) as target:
        for times in (1, 2, 3):
            with Tracer(pid=target.pid, engine="inline", events=False, tally=True) as tracer:
                target.stdin.write("x" * 9 + "\n")
                assert target.stdout.readline() == f"{times * 20}\n"
            fallen = fell_back(tracer.summary())
            assert fallen[0] == (not may_read_filters() or bool(args))
            assert tracer.summary().calls["getuid"] >= 10
        assert target.end() == ("", "ended 0")


def test_no_trap_is_lost_between_coming_and_going(tracees, engine):
    """We come and go while signals of a filter are under way; some visits are by ptrace then, or
    over before they have begun."""
    engines = Counter()
    with running(tracees.command("own_filter_answers")) as target:
        while engines.total() < 25 or (engine not in engines and may_read_filters()):
            with Tracer(pid=target.pid, engine=engine, events=False, tally=True) as tracer:
                tracer.wait(0.02)
            engines.update(process.engine for process in tracer.processes)
        assert target.end() == ("", "ended 0")


def test_real_programs_under_filters_of_their_own(tmp_path):
    """bubblewrap puts a filter before a shell and what that runs; man before all that it runs."""
    code = struct.pack("=HBBI", 0x20, 0, 0, 0)  # a = nr
    code += struct.pack("=HBBI", 0x15, 0, 1, _tables.number(0, "getppid") or 0)
    code += struct.pack("=HBBI", 0x06, 0, 0, 0x00050001) + struct.pack("=HBBI", 0x06, 0, 0, ALLOW)
    (tmp_path / "filter").write_bytes(code)
    inside = "ls / | wc -l; perl -e 'print getppid'"
    bwrap = f"exec bwrap --bind / / --seccomp 9 sh -c '{inside}' 9<{tmp_path}/filter"
    commands = [["sh", "-c", bwrap.replace("'print getppid'", '"print getppid"')]]
    commands += [["man", "-w", "ls"], ["man", "-P", "cat", "true"]]
    ran = 0
    for command in commands:
        bare = subprocess.run(command, capture_output=True, text=True, timeout=30)
        if bare.returncode:
            continue  # there is none, or it may not
        ran += 1
        summary, output = traced(command, "inline", tmp_path / "out")
        assert (output, summary.exit_status) == (bare.stdout, 0)
        assert not fell_back(summary)[0]
    if not ran:
        pytest.skip("neither bwrap nor man runs here")


@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
@pytest.mark.parametrize(
    "steps",
    [
        "errno=getuid calls=getuid fork=getuid exec=getuid mask=0",
        "handle=0 trap=getuid calls=getuid trap=getgid calls=getgid fork=getuid",
        "errno=getuid errno=getgid pad=1000 errno=getgid calls=getuid calls=getgid",
    ],
)
def test_counts_are_those_of_strace(tracees, tmp_path, steps):
    command = tracees.command("own_filter_steps", *with_numbers(steps))
    log = tmp_path / "strace"
    with (tmp_path / "theirs").open("w") as out:
        subprocess.run([STRACE, "-fqqc", "-o", log, *command], check=True, stdout=out)
    rows = re.findall(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+)(?: +\d+)? +(\w+)$", log.read_text(), re.M)
    theirs = {name: int(number) for number, name in rows if name != "total"}
    ours = dict(traced(command, "inline", tmp_path / "out")[0].calls)
    ours.pop("exit_group")  # it does not return, which strace waits for
    assert ours == theirs


def test_a_call_that_is_trapped_is_unfinished(tracees, tmp_path):
    """As ptrace has it: no result, and SIGSYS after it, which says where the call was made. The
    calls that install filters have the program's arguments."""
    steps = (
        "handle=0 trap=getuid pad=200 trap=rt_sigprocmask,0,1 calls=getuid kill=rt_sigreturn"
        " calls=getuid"
    )
    command = ["setarch", "-R", *tracees.command("own_filter_steps", *with_numbers(steps))]
    found = {}
    for engine in ENGINES:
        with (tmp_path / "out").open("w") as out:
            events = fasttrace.trace(command, engine=engine, stdout=out).events
        seen = events[(events["kind"] == Kind.SYSCALL) | (events["kind"] == Kind.SIGNAL)]
        names = {_tables.number(0, name) for name in SHOWN}
        found[engine] = [
            (int(e["kind"]), int(e["nr"]), int(e["flags"]), int(e["ret"]), e["args"][:3].tolist())
            for e in seen
            if e["kind"] == Kind.SIGNAL or int(e["nr"]) in names
        ]
    assert found["inline"] == found["ptrace"]
    assert len(found["inline"]) > 60
