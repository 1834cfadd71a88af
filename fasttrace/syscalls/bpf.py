"""Seccomp filters: classic BPF over struct seccomp_data (seccomp(2), linux/filter.h)."""

from __future__ import annotations

import struct

from fasttrace import _tables
from fasttrace._tables import ABIS, NR_MAX
from fasttrace.syscalls.architectures import AUDIT_ARCH
from fasttrace.syscalls.sets import Selection

RET_TRACE = 0x7FF00000
RET_ALLOW = 0x7FFF0000

_LOAD, _JUMP, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x05, 0x15, 0x35, 0x06
_NR, _ARCH, _ARG0 = 0, 4, 16
_PR_SET_SECCOMP = 22
_FAR = 255

Instruction = tuple[int, int, int, int]


def program(selection: Selection) -> bytes:
    """The filter for a Selection, as bytes of struct sock_filter (8 each).

    RET_TRACE for its calls; for calls of any other ABI; and, so that the tracer learns of it when
    the program installs a filter of its own, for seccomp(2) and prctl(PR_SET_SECCOMP). RET_ALLOW
    for the rest. But for prctl an allowed call depends on architecture and number alone, so the
    kernel answers it from its bitmap without running the filter (Linux 5.11).
    """
    code: list[Instruction] = [(_LOAD, 0, 0, _ARCH)]
    for index, abi in enumerate(ABIS):
        part = _abi(selection, index)
        code.append((_EQUAL, 1, 0, AUDIT_ARCH[abi]))
        code.append((_JUMP, 0, 0, len(part)))
        code += part
    code.append((_RETURN, 0, 0, RET_TRACE))
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in code)


def _abi(selection: Selection, abi: int) -> list[Instruction]:
    seccomp, prctl = _tables.number(abi, "seccomp"), _tables.number(abi, "prctl")
    assert seccomp is not None
    assert prctl is not None
    code: list[Instruction] = [
        (_LOAD, 0, 0, _NR),
        (_EQUAL, 3, 0, seccomp),
        (_EQUAL, 0, 4, prctl),
        (_LOAD, 0, 0, _ARG0),
        (_EQUAL, 0, 1, _PR_SET_SECCOMP),
        (_RETURN, 0, 0, RET_TRACE),
        (_LOAD, 0, 0, _NR),
    ]
    return code + _search(_runs(selection.mask(abi)))


def _runs(mask: int) -> list[tuple[int, int]]:
    """Runs of equal bits: (first number, bit); the last run has no end."""
    runs = [(0, mask & 1)]
    for nr in range(1, mask.bit_length() + 1):
        bit = mask >> nr & 1
        # The last bit of a mask that is full to its end stands for all numbers after it.
        if bit != runs[-1][1] and nr < NR_MAX:
            runs.append((nr, bit))
    return runs


def _search(runs: list[tuple[int, int]]) -> list[Instruction]:
    """Binary search over the runs."""
    if len(runs) == 1:
        return [(_RETURN, 0, 0, RET_TRACE if runs[0][1] else RET_ALLOW)]
    middle = len(runs) // 2
    low, high = _search(runs[:middle]), _search(runs[middle:])
    if len(low) <= _FAR:
        return [(_AT_LEAST, len(low), 0, runs[middle][0]), *low, *high]
    return [(_AT_LEAST, 0, 1, runs[middle][0]), (_JUMP, 0, 0, len(low)), *low, *high]
