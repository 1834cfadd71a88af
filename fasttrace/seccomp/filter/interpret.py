"""Classic BPF as seccomp(2) runs it: checked like the kernel checks it, over struct seccomp_data.

From linux/filter.h, kernel/seccomp.c (seccomp_check_filter) and net/core/filter.c
(bpf_check_classic) of Linux 6.18.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from fasttrace._tables import ERRNO_MAX
from fasttrace.errors import ProfileError
from fasttrace.seccomp.profile.vocabulary import (
    ALLOW,
    ERRNO,
    KILL_PROCESS,
    KILL_THREAD,
    LOG,
    NOTIFY,
    TRACE,
    TRAP,
)

MAX_INSTRUCTIONS = 4096
_DATA_SIZE = 64  # sizeof(struct seccomp_data)
_MEMORY = 16  # words
_MASK = 0xFFFFFFFF

# Codes: class | size | mode, class | operation | source.
_LD_ABS, _LD_LEN, _LDX_LEN, _LD_IMM, _LDX_IMM = 0x20, 0x80, 0x81, 0x00, 0x01
_LD_MEM, _LDX_MEM, _ST, _STX = 0x60, 0x61, 0x02, 0x03
_RET_K, _RET_A, _TAX, _TXA, _NEG = 0x06, 0x16, 0x07, 0x87, 0x84
_JA = 0x05
_JUMPS = (0x10, 0x20, 0x30, 0x40)  # ==, >, >=, &
_ALU = (0x00, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xA0)  # + - * / | & << >> ^
_DIVIDE, _SHIFTS = 0x30, (0x60, 0x70)
_PLAIN = {_LD_LEN, _LDX_LEN, _LD_IMM, _LDX_IMM, _RET_K, _RET_A, _TAX, _TXA, _NEG, _JA, _LD_ABS}

_NAMES = {
    KILL_PROCESS: "KILL_PROCESS",
    KILL_THREAD: "KILL_THREAD",
    TRAP: "TRAP",
    ERRNO: "ERRNO",
    NOTIFY: "NOTIFY",
    TRACE: "TRACE",
    LOG: "LOG",
    ALLOW: "ALLOW",
}


class Verdict(NamedTuple):
    """What a filter says of a call.

    action: "ALLOW", "LOG", "ERRNO", "TRACE", "TRAP", "KILL_THREAD", "KILL_PROCESS" or "NOTIFY".
    data: the errno, the tracer's or the handler's number. value: what the filter returned.
    """

    action: str
    data: int
    value: int

    @classmethod
    def of(cls, value: int) -> Verdict:
        """An action that the kernel does not know kills the process.

        >>> Verdict.of(0x50001)
        Verdict(action='ERRNO', data=1, value=327681)
        """
        return cls(_NAMES.get(value & 0xFFFF0000, "KILL_PROCESS"), value & 0xFFFF, value)

    @property
    def lets_through(self) -> bool:
        """Whether the kernel goes on to make the call, nobody else asked."""
        return self.action in ("ALLOW", "LOG")

    def __str__(self) -> str:
        if self.action == "ERRNO":
            from fasttrace.syscalls.errnos import errno_name

            # The kernel (seccomp.c) caps the number at MAX_ERRNO; 0 is success without the call.
            number = min(self.data, ERRNO_MAX)
            return f"ERRNO({errno_name(number) if number else 0})"
        return f"TRACE({self.data})" if self.action == "TRACE" else self.action


class Instruction(NamedTuple):
    code: int
    jt: int
    jf: int
    k: int


class Program:
    """A filter that the kernel would take.

    code: bytes of struct sock_filter, 8 each. ProfileError: the kernel would refuse it.
    """

    def __init__(self, code: bytes) -> None:
        if len(code) % 8 or not code:
            raise ProfileError(f"a BPF program of {len(code)} bytes: not a multiple of 8")
        self.code = code
        self.instructions = [Instruction(*one) for one in struct.iter_unpack("=HBBI", code)]
        _check(self.instructions)

    def __len__(self) -> int:
        return len(self.instructions)

    def run(
        self, nr: int, arch: int, args: Sequence[int] = (), instruction_pointer: int = 0
    ) -> Verdict:
        """The verdict for a call: arch is an AUDIT_ARCH number, args up to six unsigned words."""
        filled = (*args, 0, 0, 0, 0, 0, 0)[:6]
        data = struct.pack(
            "=II7Q",
            nr & _MASK,
            arch,
            instruction_pointer,
            *(arg & 0xFFFFFFFFFFFFFFFF for arg in filled),
        )
        return Verdict.of(self._run(struct.unpack("=16I", data)))

    def _run(self, words: Sequence[int]) -> int:
        a = x = at = 0
        memory = [0] * _MEMORY
        program = self.instructions
        while True:
            code, jt, jf, k = program[at]
            at += 1
            kind = code & 7
            if kind == 5:
                if code == _JA:
                    at += k
                    continue
                at += jt if holds(code & 0xF0, a, x if code & 8 else k) else jf
            elif code == _LD_ABS:
                a = words[k // 4]
            elif code == _RET_K:
                return k
            elif code == _RET_A:
                return a
            elif kind == 4:
                operand = x if code & 8 else k
                if code & 0xF0 == _DIVIDE and not operand:
                    return 0
                a = -a & _MASK if code == _NEG else _calculate(code & 0xF0, a, operand)
            elif code == _TAX:
                x = a
            elif code == _TXA:
                a = x
            elif code in (_LD_IMM, _LD_LEN):
                a = _DATA_SIZE if code == _LD_LEN else k
            elif code in (_LDX_IMM, _LDX_LEN):
                x = _DATA_SIZE if code == _LDX_LEN else k
            elif code == _LD_MEM:
                a = memory[k]
            elif code == _LDX_MEM:
                x = memory[k]
            else:
                memory[k] = a if code == _ST else x


def holds(operation: int, a: int, operand: int) -> bool:
    """Whether a conditional jump is taken; operation: the code's BPF_JEQ, JGT, JGE or JSET."""
    if operation == 0x10:
        return a == operand
    if operation == 0x20:
        return a > operand
    if operation == 0x30:
        return a >= operand
    return bool(a & operand)


def _calculate(operation: int, a: int, operand: int) -> int:
    if operation == 0x00:
        return (a + operand) & _MASK
    if operation == 0x10:
        return (a - operand) & _MASK
    if operation == 0x20:
        return (a * operand) & _MASK
    if operation == _DIVIDE:
        return a // operand
    if operation == 0x40:
        return a | operand
    if operation == 0x50:
        return a & operand
    if operation == 0x60:
        return (a << (operand & 31)) & _MASK
    if operation == 0x70:
        return a >> (operand & 31)
    return a ^ operand


def _check(program: Sequence[Instruction]) -> None:
    size = len(program)
    if size > MAX_INSTRUCTIONS:
        raise ProfileError(
            f"the filter has {size} instructions and the kernel takes {MAX_INSTRUCTIONS}: merge "
            "rules, or name fewer architectures"
        )
    for at, instruction in enumerate(program):
        why = _wrong(instruction, at, size)
        if why:
            raise ProfileError(f"no seccomp program: instruction {at}: {why}")
    if program[-1].code not in (_RET_K, _RET_A):
        raise ProfileError("no seccomp program: the last instruction does not return")
    _check_memory(program)


def _wrong(instruction: Instruction, at: int, size: int) -> str:
    code, jt, jf, k = instruction
    kind, operation = code & 7, code & 0xF0
    left = size - at - 1
    if code == _LD_ABS:
        return "" if k < _DATA_SIZE and not k % 4 else f"loads at {k}"
    if code == _JA:
        return "" if k < left else "jumps out of the program"
    if code in _PLAIN:
        return ""
    if kind == 5 and operation in _JUMPS and code < 0x100:
        return "" if max(jt, jf) < left else "jumps out of the program"
    if kind == 4 and operation in _ALU and code < 0x100:
        if code & 8:
            return ""
        if operation == _DIVIDE and not k:
            return "divides by 0"
        return "shifts by more than 31" if operation in _SHIFTS and k > 31 else ""
    if code in (_LD_MEM, _LDX_MEM, _ST, _STX):
        return "" if k < _MEMORY else f"no memory word {k}"
    return f"unknown code {code:#x}"


def _check_memory(program: Sequence[Instruction]) -> None:
    """A word of memory is read only where every way to it has written it."""
    ways = [(1 << _MEMORY) - 1] * len(program)
    written = 0
    for at, (code, jt, jf, k) in enumerate(program):
        written &= ways[at]
        if code in (_ST, _STX):
            written |= 1 << k
        elif code in (_LD_MEM, _LDX_MEM):
            if not written >> k & 1:
                raise ProfileError(f"no seccomp program: instruction {at}: word {k} not written")
        elif code == _JA:
            ways[at + 1 + k] &= written
            written = (1 << _MEMORY) - 1
        elif code & 7 == 5:
            ways[at + 1 + jt] &= written
            ways[at + 1 + jf] &= written
            written = (1 << _MEMORY) - 1
