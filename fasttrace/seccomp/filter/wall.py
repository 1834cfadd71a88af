"""A profile as the kernel takes it: what the spawn installs before a command's execve."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, NamedTuple

from fasttrace.errors import CommandNotExecutable, FasttraceError, ProfileError
from fasttrace.seccomp.profile.vocabulary import FLAGS

if TYPE_CHECKING:
    from fasttrace._core import StartError
    from fasttrace.seccomp.profile.resolve import Target
    from fasttrace.seccomp.profile.values import Profile

# Without SCMP_ACT_NOTIFY it has no meaning, and seccomp(2) refuses it.
_FOR_LISTENERS = "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"
_PROGRAM_MAX = 4096  # BPF_MAXINSNS


class Wall(NamedTuple):
    """program: struct sock_filter[], 8 bytes an instruction. flags: SECCOMP_FILTER_FLAG_*."""

    program: bytes
    flags: int = 0

    def start_error(self, error: StartError) -> FasttraceError | None:
        """What to say of a command that did not start, if it was the wall that hindered it."""
        number = error.errno or 0
        if error.stage == "seccomp":
            message = (
                f"the kernel does not take the profile: {os.strerror(number)}; a filter around"
                " fasttrace, as of a container, may forbid seccomp(2)"
            )
            return CommandNotExecutable(number, message)
        if error.stage != "exec":
            return None
        return self.refuses_start()

    def refuses_start(self) -> FasttraceError | None:
        """The wall stands before execve(2), so it must let that one call through; else an error."""
        action = self._execve()
        if action is None:
            return None
        message = (
            f"under this profile no program can start: it answers execve with {action}; allow"
            " execve in it"
        )
        return CommandNotExecutable(errno.EPERM, message)

    def _execve(self) -> str | None:
        """The action that execve meets, None if it is let through."""
        from fasttrace import _tables
        from fasttrace._tables import ABIS
        from fasttrace.seccomp.filter.interpret import Program
        from fasttrace.syscalls.architectures import AUDIT_ARCH

        abi = os.uname().machine
        if abi not in ABIS:
            return None
        nr = _tables.number(ABIS.index(abi), "execve")
        assert nr is not None
        verdict = Program(self.program).run(nr, AUDIT_ARCH[abi])
        return None if verdict.lets_through else str(verdict)


def wall_of(
    seccomp: Profile | str | os.PathLike[str] | bytes, target: Target | None = None
) -> Wall:
    """From a profile, the path of one, or a ready program.

    target: as for `compile_profile`. ProfileError: it cannot be read, compiled, or needs an agent.
    """
    if isinstance(seccomp, bytes):
        if not seccomp or len(seccomp) % 8 or len(seccomp) // 8 > _PROGRAM_MAX:
            raise ProfileError(
                f"a BPF program has 1 to {_PROGRAM_MAX} instructions of 8 bytes, not"
                f" {len(seccomp)} bytes; give the path of a profile as str, not bytes"
            )
        return Wall(seccomp)
    from fasttrace.seccomp.filter.compile import compile_profile
    from fasttrace.seccomp.profile.reader import load
    from fasttrace.seccomp.profile.values import Profile

    compiled = compile_profile(seccomp if isinstance(seccomp, Profile) else load(seccomp), target)
    for rule in compiled.notifies:
        raise ProfileError(
            f"{rule.where or rule.names[0]} asks an agent (SCMP_ACT_NOTIFY), and here is none;"
            " give these calls another action"
        )
    return Wall(compiled.code, compiled.flags & ~FLAGS[_FOR_LISTENERS])
