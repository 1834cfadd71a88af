"""Which calls are shown, beyond their names: those that failed, took long, name a path."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from fasttrace.cli.parser import VerbParser, descriptors, pids

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fasttrace._core import Block

_UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_TIME = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(s|ms|us|ns)", re.ASCII)


def add_filter_options(
    parser: VerbParser,
    *,
    saved: bool = False,
    path: str = "name a path with TEXT in it, or a descriptor of one; or that matches: '*.so'",
    fd: str = "are given, or make, one of these descriptors",
) -> None:
    """saved: all processes are known, so they can be chosen. path, fd: what these ask for."""
    group = parser.add_argument_group("of the calls in the set only those that")
    group.add_argument("--failed", action="store_true", help="ended with an error")
    group.add_argument(
        "--slower-than", type=_time, metavar="TIME", help="took at least so long: 5ms, 100us, 1.5s"
    )
    group.add_argument(
        "--path",
        metavar="TEXT",
        help=path,
    )
    group.add_argument("--fd", dest="fds", type=descriptors, metavar="FD[,FD]", help=fd)
    if saved:
        group.add_argument(
            "--pid", dest="pids", type=pids, metavar="PID[,PID]", help="are of these processes"
        )
        group.add_argument("--comm", metavar="NAME", help="are of a program with this name")


def conditions_of(args: argparse.Namespace) -> dict[str, Any]:
    """What the options say, as `Trace.where` takes it."""
    given = vars(args)
    found = {
        "failed": True if args.failed else None,
        "min_duration_ns": args.slower_than,
        "path": args.path,
        "fd": args.fds,
        # What descriptors are is told by other calls, too.
        "syscall": given.get("expression") if args.path else None,
        "pid": given.get("pids"),
        "comm": given.get("comm"),
    }
    return {name: wanted for name, wanted in found.items() if wanted is not None}


class Chooser:
    """Chooses the events that meet the conditions, block by block; their payloads count from the
    block's payload's first byte."""

    def __init__(self, conditions: Mapping[str, Any], *, calls: str | None = None) -> None:
        """calls: of system calls only those in this set, too."""
        from fasttrace.data.touches import Following

        self._conditions = conditions
        self._calls = calls
        self._following = Following()

    def __call__(self, block: Block) -> npt.NDArray[np.void]:
        return self._chosen(block)[1]

    def mask(self, block: Block) -> bytes:
        """A byte for each event: whether it was chosen."""
        from fasttrace.data.conditions import is_call, of_syscall
        from fasttrace.data.touches import among

        events, found = self._chosen(block)
        mask = among(events, found)
        if self._calls is not None:
            mask &= ~is_call(events) | of_syscall(events, self._calls)
        return mask.tobytes()

    def _chosen(self, block: Block) -> tuple[npt.NDArray[np.void], npt.NDArray[np.void]]:
        """All events of a block, and those that meet the conditions."""
        import numpy as np

        from fasttrace.data.conditions import Observed, choose
        from fasttrace.data.touches import Touches

        touches = Touches.of_block(block, self._following)
        observed = Observed((), block.payload, touches, _no_programs)
        found, _ = choose(touches.events, self._conditions, observed)
        return touches.events, np.ascontiguousarray(found)


def _no_programs() -> NoReturn:
    raise ValueError("what processes ran is known once the trace is whole")


def _time(text: str) -> int:
    match = _TIME.fullmatch(text)
    if match is None or float(match[1]) * _UNITS[match[2]] >= 1 << 63:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 5ms, 100us or 1.5s")
    return round(float(match[1]) * _UNITS[match[2]])
