"""Who can be measured against whom: the command itself, our engines, and other tracers."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from fasttrace.tracing.sessions import Engine

_TRIAL_LIMIT_S = 60

# System-wide: bpftrace cannot follow children. `->` because `args.id` is only known since 0.19.
_BPFTRACE_SCRIPT = (
    "tracepoint:raw_syscalls:sys_enter { @start[tid] = nsecs; } "
    "tracepoint:raw_syscalls:sys_exit /@start[tid]/ "
    "{ @ns[args->id] = sum(nsecs - @start[tid]); @n[args->id] = count(); delete(@start[tid]); } "
    "END { clear(@start); }"
)


class Contender(NamedTuple):
    """One way to run the command.

    command: makes the command line from argv and the file to write the counts to; ValueError: this
    tracer cannot run such a command. counted: reads from that file how many calls were seen; None:
    it is not written, or cannot be read. passes_status: whether it exits as the command does.
    """

    name: str
    command: Callable[[Sequence[str], str], list[str]]
    version: str = ""
    engine: str | None = None
    passes_status: bool = True
    counted: Callable[[str], int | None] = lambda text: None


class LeftOut(NamedTuple):
    """What is not measured and why. asked: the caller has named it."""

    name: str
    why: str
    asked: bool


class _Peer(NamedTuple):
    contender: Contender
    version_option: str
    remedy: str


UNTRACED = Contender("untraced", lambda argv, output: list(argv))


def of_engine(engine: Engine) -> Contender:
    """`fasttrace summary` in a process of its own, as the peers run."""

    def command(argv: Sequence[str], output: str) -> list[str]:
        ours = [sys.executable, "-m", "fasttrace", "summary", "--engine", engine]
        return [*ours, "-o", output, "--", *argv]

    return Contender(f"fasttrace {engine}", command, engine=engine)


def find(against: Sequence[str] | None) -> tuple[list[Contender], list[LeftOut]]:
    """The peers that work here, and those that do not: each is tried on `nothing`.

    against: names of PEERS; None: all. ValueError: no such peer.
    """
    contenders, left_out = [], []
    for name in PEERS if against is None else dict.fromkeys(against):
        if name not in PEERS:
            raise ValueError(f"unknown peer {name!r}: one of {', '.join(PEERS)}")
        peer = PEERS[name]
        why = _trial(peer)
        if why:
            left_out.append(LeftOut(name, why, against is not None))
        else:
            contenders.append(peer.contender._replace(version=_version(name, peer.version_option)))
    return contenders, left_out


def nothing() -> list[str]:
    """A command that does next to nothing: what is left of a tracer's time is its start-up."""
    true = shutil.which("true")
    return [true] if true else [sys.executable, "-ISc", "0"]


def counted(contender: Contender, path: str) -> int | None:
    """How many calls a contender says in its output that it has seen; None: it does not say."""
    try:
        return contender.counted(Path(path).read_text("utf-8", "replace"))
    except (OSError, ValueError):
        return None


def _trial(peer: _Peer) -> str:
    """Why a peer does not work here; empty: it does."""
    name = peer.contender.name
    if shutil.which(name) is None:
        return "not installed"
    with tempfile.NamedTemporaryFile() as output:
        try:
            done = subprocess.run(
                peer.contender.command(nothing(), output.name),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=_TRIAL_LIMIT_S,
            )
        except OSError as error:
            return f"it cannot be run ({error.strerror})"
        except ValueError as error:
            return str(error)
        except subprocess.TimeoutExpired:
            return f"tried on `true` it does not end within {_TRIAL_LIMIT_S} s"
        if done.returncode == 0 and counted(peer.contender, output.name):
            return ""
        written = Path(output.name).read_bytes()  # perf's errors go there too
    lines = (done.stderr + written).decode("utf-8", "replace").splitlines()
    said = next(
        (" ".join(line.split()) for line in lines if line.strip()), f"status {done.returncode}"
    )
    return f"tried on `true` it fails ({said}); {peer.remedy}"


def _version(name: str, option: str) -> str:
    try:
        done = subprocess.run(
            [name, option], stdin=subprocess.DEVNULL, capture_output=True, timeout=_TRIAL_LIMIT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return f"{name}, version unknown"
    first = done.stdout.decode("utf-8", "replace").partition("\n")[0].strip()
    return first or f"{name}, version unknown"


def _strace(argv: Sequence[str], output: str) -> list[str]:
    return ["strace", "-f", "-c", "-o", output, "--", *argv]


def _perf(argv: Sequence[str], output: str) -> list[str]:
    return ["perf", "trace", "-s", "-o", output, "--", *argv]


def _bpftrace(argv: Sequence[str], output: str) -> list[str]:
    # It refuses a name that is in two folders of PATH. It splits at blanks, most releases without
    # regard to quotes.
    words = [shutil.which(argv[0]) or argv[0], *argv[1:]]
    if any(shlex.quote(word) != word for word in words):
        raise ValueError("its -c takes no quoted arguments: put the command in a script, run that")
    return ["bpftrace", "-q", "-o", output, "-e", _BPFTRACE_SCRIPT, "-c", " ".join(words)]


def _counted_by_strace(text: str) -> int | None:
    """The last line's column "calls"; the columns are as wide as the dashes over them."""
    lines = text.splitlines()
    if len(lines) < 3 or not lines[-1].endswith(" total"):
        return None
    ends = [match.end() for match in re.finditer("-+", lines[-2])]
    return int(lines[-1][ends[2] : ends[3]]) if len(ends) == 6 else None


def _counted_by_perf(text: str) -> int | None:
    rows = re.findall(r"^ +\w+ +(\d+) +\d+ +\d+\.\d{3} ", text, re.M)
    return sum(map(int, rows)) if rows else None


def _counted_by_bpftrace(text: str) -> int | None:
    rows = re.findall(r"^@n\[-?\d+\]: (\d+)$", text, re.M)
    return sum(map(int, rows)) if rows else None


_NEEDS_ROOT = "it needs root, or kernel.perf_event_paranoid = -1 and a readable tracefs"

PEERS = {
    "strace": _Peer(
        Contender("strace", _strace, counted=_counted_by_strace), "-V", "see fasttrace doctor"
    ),
    "perf": _Peer(
        Contender("perf", _perf, passes_status=False, counted=_counted_by_perf),
        "--version",
        _NEEDS_ROOT,
    ),
    "bpftrace": _Peer(
        Contender("bpftrace", _bpftrace, passes_status=False, counted=_counted_by_bpftrace),
        "--version",
        "it needs root and a kernel with BPF and BTF",
    ),
}
