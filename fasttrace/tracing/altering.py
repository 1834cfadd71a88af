"""Whole runs with some of their calls altered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from fasttrace.alter.language import plan
from fasttrace.alter.rules import altered_calls
from fasttrace.data.events import EVENT_DTYPE, Flag, Kind
from fasttrace.errors import Interrupted
from fasttrace.tracing.options import Running, check_names
from fasttrace.tracing.runs import interrupts, take_all, trace_of
from fasttrace.tracing.tracer import Tracer

if TYPE_CHECKING:
    import numpy.typing as npt
    from typing_extensions import Unpack

    from fasttrace._core import Block
    from fasttrace.alter.language import AlterRules, Denial
    from fasttrace.data.processes import Process
    from fasttrace.data.trace import Trace
    from fasttrace.tracing.runs import Argv


@dataclass(frozen=True)
class Completed:
    """What `run` gives: how a command ended, and what of it was altered.

    exit_status: as subprocess has it: the exit code, or -n for death by signal n. altered: a Trace
    of the calls that were altered, each with Flag.ALTERED. processes: all that were seen.
    """

    argv: list[str]
    exit_status: int
    altered: Trace
    processes: list[Process] = field(repr=False)

    def _repr_html_(self) -> str:
        from fasttrace.text.html import escaped

        return f"<p>{escaped(repr(self))}</p>\n{self.altered._repr_html_()}"

    def __repr__(self) -> str:
        altered = f"{len(self.altered)} altered calls"
        return f"Completed(argv={self.argv!r}, exit_status={self.exit_status}, {altered})"


def run(
    argv: Argv,
    *,
    deny: Denial | None = None,
    inject: AlterRules | None = None,
    **options: Unpack[Running],
) -> Completed:
    """Run a command with some of its calls altered; the others run as they are, nearly untraced.

    Args:
        argv, and the options: as for `Tracer`.
        deny: calls that fail each time: {set: errno}, or text as ``"socket,%process=EACCES"``.
        inject: rules in strace's language; see `fasttrace.alter.language`.

    What is not in `deny` or `inject` is not looked at. For tests: a hostile program is not held by
    this, but by seccomp(2). Ctrl-C kills the command and raises Interrupted, with a Completed as
    its `result`. InjectError: a rule cannot be read.

        >>> import fasttrace
        >>> done = fasttrace.run(["true"], deny={"openat": "EACCES"}, stderr=-3)
        >>> done.exit_status, done.altered[0].name
        (127, 'openat')
    """
    check_names("run", options, Running)
    kept = _AlteredCalls()
    chosen = altered_calls(plan(inject, deny))
    tracer = Tracer(argv, trace=chosen, inject=inject, deny=deny, **options)
    with interrupts(tracer) as noted:
        tracer.start()
        with tracer:
            take_all(tracer, noted, kept.add)
    altered = trace_of(tracer, kept.events, kept.payload)
    result = Completed(tracer.argv, tracer.exit_status or 0, altered, tracer.processes)
    if noted:
        raise Interrupted(result) from noted[0]
    return result


class _AlteredCalls:
    """The altered calls of a session's blocks, with what they captured."""

    def __init__(self) -> None:
        self.events: list[npt.NDArray[np.void]] = []
        self.payload: list[npt.NDArray[np.uint8]] = []
        self._payload_size = 0

    def add(self, block: Block) -> None:
        events = np.frombuffer(memoryview(block), EVENT_DTYPE)
        altered = events["flags"] & np.uint16(Flag.ALTERED) != 0
        events = events[altered & (events["kind"] == Kind.SYSCALL)]
        if not len(events):
            return
        captured = events["flags"] & np.uint16(Flag.PAYLOAD) != 0
        if captured.any():
            # They move: what nobody altered is left out, with its payload.
            events["payload"][captured] -= np.uint64(block.payload_base)
            events["payload"][captured] += np.uint64(self._payload_size)
            self.payload.append(np.frombuffer(block.payload, np.uint8))
            self._payload_size += len(block.payload)
        self.events.append(events)
