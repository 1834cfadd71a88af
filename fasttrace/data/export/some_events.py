"""Some events at a time, and what several columns ask of them."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from fasttrace._tables import ABIS, NR_MAX
from fasttrace.data.calls import kind_name
from fasttrace.data.events import Kind
from fasttrace.data.export.call_tables import CALLS
from fasttrace.syscalls.names import call_name


class SomeEvents:
    """Some events, and what several columns ask of them."""

    def __init__(self, events: npt.NDArray[np.void]) -> None:
        self.events = events

    # Several columns ask for these, and where a field is 96 bytes from the next that is slow.
    @cached_property
    def kind(self) -> npt.NDArray[np.uint8]:
        kind: npt.NDArray[np.uint8] = self.events["kind"].copy()
        return kind

    @cached_property
    def is_call(self) -> npt.NDArray[np.bool_]:
        is_call: npt.NDArray[np.bool_] = self.kind == Kind.SYSCALL
        return is_call

    @cached_property
    def abi(self) -> npt.NDArray[np.uint8]:
        abi: npt.NDArray[np.uint8] = self.events["abi"].copy()
        return abi

    @cached_property
    def call(self) -> npt.NDArray[np.int64]:
        """ABI and number as one number, below CALLS where the tables might know it."""
        nr, abi = self.events["nr"].astype(np.int64), self.abi.astype(np.int64)
        number: npt.NDArray[np.int64] = abi * NR_MAX + nr
        strange = (nr.view(np.uint64) >= NR_MAX) | (self.abi >= len(ABIS))
        if strange.any():
            number[strange] = _STRANGE | abi[strange] << 32 | nr[strange] & 0xFFFFFFFF
        return number


_STRANGE = 1 << 40
KINDS = CALLS  # behind the calls: what events of other kinds are called


def event_name(number: int) -> str:
    """Of `SomeEvents.call`, or of KINDS and a kind."""
    if number >= _STRANGE:
        return call_name(number & 0xFFFFFFFF, number >> 32 & 0xFF)
    if number >= KINDS:
        return kind_name(number - KINDS)
    return call_name(number % NR_MAX, number // NR_MAX)
