"""Errnos by name and number, the kernel's own among them."""

from __future__ import annotations

import errno

# Kernel-internal results that ptrace shows (include/linux/errno.h), what Python does not have, and
# the one of two names that strace and the man pages use.
_ERRNO_NAMES = {
    **errno.errorcode,
    errno.EAGAIN: "EAGAIN",
    errno.EDEADLK: "EDEADLK",
    errno.EOPNOTSUPP: "EOPNOTSUPP",
    133: "EHWPOISON",
    134: "EFTYPE",
    512: "ERESTARTSYS",
    513: "ERESTARTNOINTR",
    514: "ERESTARTNOHAND",
    515: "ENOIOCTLCMD",
    516: "ERESTART_RESTARTBLOCK",
    517: "EPROBE_DEFER",
    524: "ENOTSUPP",
}
_ERRNO_NUMBERS: dict[str, int] = {
    **{name: getattr(errno, name) for name in dir(errno) if name.startswith("E")},
    **{name: number for number, name in _ERRNO_NAMES.items()},
}


def errno_name(number: int) -> str:
    """``errno_name(2)`` is "ENOENT"; a number without a name is shown as "errno_4000"."""
    return _ERRNO_NAMES.get(number) or f"errno_{number}"


def errno_number(name: str) -> int:
    """``errno_number("ENOENT")`` is 2. ValueError: there is no errno of this name."""
    number = _ERRNO_NUMBERS.get(name.upper())
    if number is not None:
        return number
    if name.startswith("errno_") and name[6:].isdecimal() and len(name) < 16:
        return int(name[6:])
    raise ValueError(f"no errno is called {name!r}; names are as in errno(3), such as ENOENT")
