"""Which calls are shown, beyond their names: those that failed, took long, name a path."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fasttrace.cli.parser import VerbParser

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fasttrace._core import Block

_UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_TIME = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(s|ms|us|ns)", re.ASCII)


def add_filter_options(parser: VerbParser, *, saved: bool = False) -> None:
    """saved: all processes are known, so they can be chosen."""
    group = parser.add_argument_group("of the calls in the set only those that")
    group.add_argument("--failed", action="store_true", help="ended with an error")
    group.add_argument(
        "--slower-than", type=_time, metavar="TIME", help="took at least so long: 5ms, 100us, 1.5s"
    )
    group.add_argument("--path", metavar="TEXT", help="were given a path with TEXT in it")
    if saved:
        group.add_argument(
            "--pid", dest="pids", type=_pids, metavar="PID[,PID]", help="are of these processes"
        )
        group.add_argument(
            "--comm", metavar="NAME", help="are of processes whose program has this name"
        )


def conditions_of(args: argparse.Namespace) -> dict[str, Any]:
    """What the options say, as `Trace.where` takes it."""
    given = vars(args)
    found = {
        "failed": True if args.failed else None,
        "min_duration_ns": args.slower_than,
        "path": args.path,
        "pid": given.get("pids"),
        "comm": given.get("comm"),
    }
    return {name: wanted for name, wanted in found.items() if wanted is not None}


def chosen(block: Block, conditions: Mapping[str, Any]) -> npt.NDArray[np.void]:
    """The events of a block that meet the conditions; their payloads count from its payload's
    first byte."""
    import numpy as np

    from fasttrace.data.conditions import Observed, choose
    from fasttrace.data.events import EVENT_DTYPE

    events = np.frombuffer(memoryview(block), EVENT_DTYPE).copy()
    events["payload"] -= np.uint64(block.payload_base)
    return np.ascontiguousarray(choose(events, conditions, Observed((), block.payload))[0])


def _time(text: str) -> int:
    match = _TIME.fullmatch(text)
    if match is None or float(match[1]) * _UNITS[match[2]] >= 1 << 63:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 5ms, 100us or 1.5s")
    return round(float(match[1]) * _UNITS[match[2]])


def _pids(text: str) -> list[int]:
    words = text.split(",")
    if not all(word.isdecimal() and 0 < int(word) < 1 << 31 for word in words):
        raise argparse.ArgumentTypeError(f"{text!r} is no pid, and no list of some")
    return [int(word) for word in words]
