"""Attribution: which rules of a profile say what its filter says."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence

from fasttrace.seccomp.filter.compile import Compiled, alternatives
from fasttrace.seccomp.filter.interpret import Verdict
from fasttrace.seccomp.filter.reach import value_text
from fasttrace.seccomp.profile.values import Condition, Rule
from fasttrace.seccomp.profile.vocabulary import ARCHITECTURES, action_value

# linux/net.h and linux/ipc.h: calls that 32-bit x86 and others make through one number.
_SOCKETCALL = (
    "socket bind connect listen accept getsockname getpeername socketpair send recv sendto "
    "recvfrom shutdown setsockopt getsockopt sendmsg recvmsg accept4 recvmmsg sendmmsg"
)
_IPC = "semop semget semctl semtimedop msgsnd msgrcv msgget msgctl shmat shmdt shmget shmctl"
MULTIPLEXED = {"socketcall": frozenset(_SOCKETCALL.split()), "ipc": frozenset(_IPC.split())}

_64_BIT = frozenset(
    [
        *("SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64", "SCMP_ARCH_MIPS64", "SCMP_ARCH_MIPSEL64"),
        *("SCMP_ARCH_PPC64", "SCMP_ARCH_PPC64LE", "SCMP_ARCH_RISCV64", "SCMP_ARCH_S390X"),
        *("SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_PARISC64"),
    ]
)
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "SCMP_CMP_NE": operator.ne,
    "SCMP_CMP_LT": operator.lt,
    "SCMP_CMP_LE": operator.le,
    "SCMP_CMP_EQ": operator.eq,
    "SCMP_CMP_GE": operator.ge,
    "SCMP_CMP_GT": operator.gt,
}
_SIGNS = {"NE": "!=", "LT": "<", "LE": "<=", "EQ": "==", "GE": ">=", "GT": ">"}


def bits_of(arch: str) -> int:
    """How many bits of an argument libseccomp compares."""
    return 64 if arch in _64_BIT else 32


def met(condition: Condition, value: int, bits: int = 64) -> bool:
    """Whether an argument meets a condition, in libseccomp's way.

    That is: unsigned, only the low word on 32-bit architectures, and for MASKED_EQ only the bits
    in the mask on both sides.

    >>> met(Condition(0, 0xF0, "SCMP_CMP_MASKED_EQ", 0x11), 0x1F)
    True
    """
    mask = (1 << bits) - 1
    value, first = value & mask, condition.value & mask
    if condition.op == "SCMP_CMP_MASKED_EQ":
        return value & first == condition.value_two & first
    return _COMPARE[condition.op](value, first)


def matching(
    compiled: Compiled, name: str, arch: str, args: Sequence[int]
) -> list[tuple[Rule, tuple[Condition, ...]]]:
    """The rules that name a call, with the conditions of theirs that these arguments meet."""
    bits = bits_of(arch)
    found = []
    for rule in compiled.resolved.by_name.get(name, ()):
        for conditions in alternatives(rule):
            if all(met(one, args[one.index], bits) for one in conditions):
                found.append((rule, conditions))
                break
    return found


def reasons(
    compiled: Compiled, name: str, nr: int, arch: str, args: Sequence[int], verdict: Verdict
) -> tuple[str, ...]:
    """Why the filter says this: places of rules, or a sentence where it is none of them."""
    resolved = compiled.resolved
    if name in ("uretprobe", "uprobe") and arch == "SCMP_ARCH_X86_64":
        return ("says the filter; new kernels, whose own call it is, do not ask it",)
    if arch not in resolved.architectures:
        return (f"the profile is not for {ARCHITECTURES[arch][0]}: libseccomp kills",)
    found = [
        rule.where
        for rule, _ in matching(compiled, name, arch, args)
        if action_value(rule.action, rule.errno_ret) == verdict.value
    ]
    if found:
        return tuple(dict.fromkeys(found))
    above = compiled.highest.get(arch)
    if above is not None and nr > above:
        return (
            f"newer than all calls of the profile (the highest is {above & ~(1 << 30)}): ENOSYS, "
            "as in runc",
        )
    if name in MULTIPLEXED:
        through = [
            rule.where
            for one, rules in resolved.by_name.items()
            if one in MULTIPLEXED[name]
            for rule in rules
            if action_value(rule.action, rule.errno_ret) == verdict.value
        ]
        if through:
            return tuple(dict.fromkeys(through))
    if verdict.value == resolved.default:
        left = next((why for rule, why in resolved.left_out if name in rule.names), "")
        return (f"the default; the rule for it is {left}" if left else "the default",)
    return ("libseccomp's own",)


def condition_text(condition: Condition, name: str) -> str:
    """A condition as C would have it; name: of the argument.

    >>> condition_text(Condition(0, 40, "SCMP_CMP_LT"), "domain")
    'domain < 40'
    """
    op = condition.op.removeprefix("SCMP_CMP_")
    if op == "MASKED_EQ":
        wanted = value_text(condition.value_two & condition.value)
        return f"{name} & {condition.value:#x} == {wanted}"
    return f"{name} {_SIGNS[op]} {value_text(condition.value)}"
