"""What others call the ABIs of our tables."""

from __future__ import annotations

from typing import NamedTuple


class Architecture(NamedTuple):
    """audit: AUDIT_ARCH_* of linux/audit.h. seccomp: its name in libseccomp and in the OCI
    specification; systemd: for SystemCallArchitectures= of systemd.exec(5)."""

    abi: str
    audit: int
    seccomp: str
    systemd: str


OF_ABI = {
    one.abi: one
    for one in (
        Architecture("x86_64", 0xC000003E, "SCMP_ARCH_X86_64", "x86-64"),
        Architecture("i386", 0x40000003, "SCMP_ARCH_X86", "x86"),
        Architecture("aarch64", 0xC00000B7, "SCMP_ARCH_AARCH64", "arm64"),
        Architecture("riscv64", 0xC00000F3, "SCMP_ARCH_RISCV64", "riscv64"),
    )
}
AUDIT_ARCH = {abi: one.audit for abi, one in OF_ABI.items()}
