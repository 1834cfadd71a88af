"""The vocabulary of a profile: actions, operators, flags, architectures, and their numbers.

From the OCI runtime specification (config-linux.md), seccomp(2) and libseccomp's seccomp.h.
"""

from __future__ import annotations

import errno

from fasttrace._tables import ERRNO_MAX
from fasttrace.syscalls.architectures import AUDIT_ARCH

# linux/seccomp.h, SECCOMP_RET_*
KILL_PROCESS = 0x80000000
KILL_THREAD = 0x00000000
TRAP = 0x00030000
ERRNO = 0x00050000
NOTIFY = 0x7FC00000
TRACE = 0x7FF00000
LOG = 0x7FFC0000
ALLOW = 0x7FFF0000

ACTIONS = {
    "SCMP_ACT_KILL": KILL_THREAD,
    "SCMP_ACT_KILL_THREAD": KILL_THREAD,
    "SCMP_ACT_KILL_PROCESS": KILL_PROCESS,
    "SCMP_ACT_TRAP": TRAP,
    "SCMP_ACT_ERRNO": ERRNO,
    "SCMP_ACT_TRACE": TRACE,
    "SCMP_ACT_LOG": LOG,
    "SCMP_ACT_ALLOW": ALLOW,
    "SCMP_ACT_NOTIFY": NOTIFY,
}

WITH_ERRNO = {"SCMP_ACT_ERRNO": ERRNO_MAX, "SCMP_ACT_TRACE": 0xFFFF}
"""The actions that carry a number, and the highest one that arrives as it is."""

OPERATORS = {
    "SCMP_CMP_NE": 1,
    "SCMP_CMP_LT": 2,
    "SCMP_CMP_LE": 3,
    "SCMP_CMP_EQ": 4,
    "SCMP_CMP_GE": 5,
    "SCMP_CMP_GT": 6,
    "SCMP_CMP_MASKED_EQ": 7,
}

FLAGS = {
    "SECCOMP_FILTER_FLAG_TSYNC": 1,
    "SECCOMP_FILTER_FLAG_LOG": 2,
    "SECCOMP_FILTER_FLAG_SPEC_ALLOW": 4,
    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV": 32,
}

# libseccomp's name, which `arches` in includes and excludes uses, and its number.
# x32 has a number that no kernel uses: there it is x86-64 with bit 30 in the syscall number.
ARCHITECTURES = {
    "SCMP_ARCH_X86": ("x86", AUDIT_ARCH["i386"]),
    "SCMP_ARCH_X86_64": ("amd64", AUDIT_ARCH["x86_64"]),
    "SCMP_ARCH_X32": ("x32", 0x4000003E),
    "SCMP_ARCH_ARM": ("arm", 0x40000028),
    "SCMP_ARCH_AARCH64": ("arm64", AUDIT_ARCH["aarch64"]),
    "SCMP_ARCH_MIPS": ("mips", 0x00000008),
    "SCMP_ARCH_MIPS64": ("mips64", 0x80000008),
    "SCMP_ARCH_MIPS64N32": ("mips64n32", 0xA0000008),
    "SCMP_ARCH_MIPSEL": ("mipsel", 0x40000008),
    "SCMP_ARCH_MIPSEL64": ("mipsel64", 0xC0000008),
    "SCMP_ARCH_MIPSEL64N32": ("mipsel64n32", 0xE0000008),
    "SCMP_ARCH_PARISC": ("parisc", 0x0000000F),
    "SCMP_ARCH_PARISC64": ("parisc64", 0x8000000F),
    "SCMP_ARCH_PPC": ("ppc", 0x00000014),
    "SCMP_ARCH_PPC64": ("ppc64", 0x80000015),
    "SCMP_ARCH_PPC64LE": ("ppc64le", 0xC0000015),
    "SCMP_ARCH_RISCV64": ("riscv64", AUDIT_ARCH["riscv64"]),
    "SCMP_ARCH_S390": ("s390", 0x00000016),
    "SCMP_ARCH_S390X": ("s390x", 0x80000016),
    "SCMP_ARCH_LOONGARCH64": ("loong64", 0xC0000102),
    "SCMP_ARCH_M68K": ("m68k", 0x00000004),
    "SCMP_ARCH_SH": ("sh", 0x4000002A),
    "SCMP_ARCH_SHEB": ("sheb", 0x0000002A),
}

ARCH_NAMES = {
    **{name: scmp for scmp, (name, _) in ARCHITECTURES.items()},
    "mipsle": "SCMP_ARCH_MIPSEL",
    "mips3l64n32": "SCMP_ARCH_MIPSEL64N32",
    "loongarch64": "SCMP_ARCH_LOONGARCH64",
}
"""What `arches` may hold: libseccomp's names, and moby's own for some."""

MACHINES = {
    **ARCH_NAMES,
    "386": "SCMP_ARCH_X86",
    "i386": "SCMP_ARCH_X86",
    "i686": "SCMP_ARCH_X86",
    "x86_64": "SCMP_ARCH_X86_64",
    "aarch64": "SCMP_ARCH_AARCH64",
    "armv7l": "SCMP_ARCH_ARM",
    "armv8l": "SCMP_ARCH_ARM",
}
"""What a person or uname(2) calls them."""


# linux/capability.h of Linux 6.18, in the order of their bits.
CAPABILITIES = tuple(
    "CAP_" + name
    for name in (
        *("CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID"),
        *("SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST"),
        *("NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO"),
        *("SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE"),
        *("SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE"),
        *("AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM"),
        *("BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE"),
    )
)


def action_value(action: str, errno_ret: int | None) -> int:
    """What a filter returns for an action; a missing number is EPERM, as runc and crun have it.

    >>> hex(action_value("SCMP_ACT_ERRNO", 38)), hex(action_value("SCMP_ACT_ALLOW", None))
    ('0x50026', '0x7fff0000')
    """
    value = ACTIONS[action]
    if action in WITH_ERRNO:
        value |= errno.EPERM if errno_ret is None else errno_ret
    return value
