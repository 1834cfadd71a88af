"""ENOSYS for calls that are newer than a profile.

A C library tries a new call and falls back to an old one when the kernel answers ENOSYS. A filter
that answers EPERM instead breaks it. So runc (libcontainer/seccomp/patchbpf, since 1.0.0-rc93) puts
a few instructions before the filter: a number above the highest that the profile names, on the
architecture of the call, is answered with ENOSYS. It does so unless the default action lets calls
through (ALLOW, LOG, TRACE). Names count that rules which apply hold, whatever the action.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Mapping

from fasttrace.seccomp.profile.vocabulary import ALLOW, ARCHITECTURES, ERRNO, LOG, TRACE

X32_BIT = 1 << 30
_X86_64, _X32 = "SCMP_ARCH_X86_64", "SCMP_ARCH_X32"
_LOAD, _JUMP, _EQUAL, _ABOVE, _BITS, _RETURN = 0x20, 0x05, 0x15, 0x25, 0x45, 0x06
_NR, _ARCH = 0, 4
_ENOSYS = ERRNO | errno.ENOSYS

Instruction = tuple[int, int, int, int]


def wanted(default: int) -> bool:
    """Whether the filter gets this part, by the value of its default action."""
    return default & 0xFFFF0000 not in (ALLOW, LOG, TRACE) and default != _ENOSYS


def stub(highest: Mapping[str, int]) -> bytes:
    """The instructions, which go on to what follows them.

    highest: by architecture ("SCMP_ARCH_X86_64"), the highest number that the profile knows; for
    x32 with bit 30.
    """
    # From the end to the beginning: past this part, into the filter; or ENOSYS.
    code: list[Instruction] = [(_JUMP, 0, 0, 1), (_RETURN, 0, 0, _ENOSYS)]
    arches = {_X86_64 if arch == _X32 else arch: None for arch in highest}
    for arch in arches:
        code = _section(arch, highest, len(code)) + code
    return b"".join(
        struct.pack("<HBBI", *instruction) for instruction in [(_LOAD, 0, 0, _ARCH), *code]
    )


def _section(arch: str, highest: Mapping[str, int], after: int) -> list[Instruction]:
    """For one value of seccomp_data.arch; `after` instructions follow, the last returns ENOSYS."""
    if arch == _X86_64:
        # x32 calls come as x86-64 with bit 30; where one of the two is missing nothing is above.
        low, high = highest.get(_X86_64, 0xFFFFFFFF), highest.get(_X32, 0xFFFFFFFF)
        tests: list[Instruction] = [
            (_BITS, 1, 0, X32_BIT),
            (_ABOVE, 2, 1, low),
            (_ABOVE, 1, 0, high),
        ]
    elif arch in ("SCMP_ARCH_S390", "SCMP_ARCH_S390X"):
        # Call 0 stands for every number that is too large for the instruction.
        tests = [(_EQUAL, 2, 0, 0), (_ABOVE, 1, 0, highest[arch])]
    else:
        tests = [(_ABOVE, 1, 0, highest[arch])]
    body = [(_LOAD, 0, 0, _NR), *tests, (_JUMP, 0, 0, after + 1), (_JUMP, 0, 0, after - 1)]
    return [(_EQUAL, 0, len(body), ARCHITECTURES[arch][1]), *body]
