"""Calls that a profile needs though no trace of one run may show them, each with the reason.

From the man pages vdso(7), restart_syscall(2), sigreturn(2), seccomp(2), and from what glibc 2.36
and musl 1.2 do at their start, in malloc(3), abort(3) and pthread_create(3).
"""

from __future__ import annotations

from collections.abc import Mapping

_END = "ends a process or a thread, also one that was killed while it was traced"
_KERNEL = "the kernel has the program make it: after a signal handler, a stop, an interruption"
_VDSO = "no system call while the vDSO can answer; where the clock changes it becomes one"

UNOBSERVED = {
    "exit": _END,
    "exit_group": _END,
    "rt_sigreturn": _KERNEL,
    "sigreturn": _KERNEL,
    "restart_syscall": _KERNEL,
    "clock_gettime": _VDSO,
    "clock_gettime64": _VDSO,
    "gettimeofday": _VDSO,
    "time": _VDSO,
    "getcpu": _VDSO,
    "getrandom": "no system call while the vDSO can answer (Linux 6.11)",
}
"""In every profile: none of them gives a program anything that it has not got."""

_RACE = "threads need it or not, as their timing has it"
_STACKS = "stacks and heaps of threads come and go as their timing has it"

THREADS = {
    "futex": _RACE,
    "futex_time64": _RACE,
    "sched_yield": _RACE,
    "rt_sigprocmask": _RACE,
    "mmap": _STACKS,
    "mmap2": _STACKS,
    "munmap": _STACKS,
    "mprotect": _STACKS,
    "madvise": _STACKS,
}
"""Where threads were observed."""

_START = "the loader and the C library make it at the start, some versions of them"
_MEMORY = "malloc(3) chooses between these by size, address space and luck"
_ABORT = "abort(3) and raise(3)"
_STDIO = "stdio(3), also to tell of an error"
_WAIT = "locks and sleeps"

LIBC = {
    **UNOBSERVED,
    "execve": "the wall stands before the program's execve",
    "access": _START,
    "faccessat": _START,
    "open": _START,
    "openat": _START,
    "pread64": _START,
    "arch_prctl": _START,
    "set_thread_area": _START,
    "set_tid_address": _START,
    "set_robust_list": _START,
    "rseq": _START,
    "prlimit64": _START,
    "ugetrlimit": _START,
    "readlink": _START,
    "readlinkat": _START,
    "uname": _START,
    "brk": _MEMORY,
    "mmap": _MEMORY,
    "mmap2": _MEMORY,
    "munmap": _MEMORY,
    "mprotect": _MEMORY,
    "mremap": _MEMORY,
    "madvise": _MEMORY,
    "rt_sigaction": _ABORT,
    "rt_sigprocmask": _ABORT,
    "getpid": _ABORT,
    "gettid": _ABORT,
    "tgkill": _ABORT,
    "read": _STDIO,
    "write": _STDIO,
    "writev": _STDIO,
    "close": _STDIO,
    "lseek": _STDIO,
    "_llseek": _STDIO,
    "fstat": _STDIO,
    "fstat64": _STDIO,
    "newfstatat": _STDIO,
    "fstatat64": _STDIO,
    "statx": _STDIO,
    "futex": _WAIT,
    "futex_time64": _WAIT,
    "sched_yield": _WAIT,
    "nanosleep": _WAIT,
    "clock_nanosleep": _WAIT,
    "clock_nanosleep_time64": _WAIT,
}
"""What any program on glibc or musl may come to need (`--floor`), so that an update of the library,
another machine or a first error does not break it."""

_GO_RUNTIME = "Go's runtime makes it or not, as the timing of its threads has it"
_GO_CALLS = (
    "epoll_create1 epoll_ctl epoll_pwait eventfd2 futex getpid gettid madvise mmap mprotect munmap "
    "nanosleep pipe2 read rt_sigaction rt_sigprocmask rt_sigreturn sched_getaffinity sched_yield "
    "sigaltstack tgkill write"
)

GO = dict.fromkeys(_GO_CALLS.split(), _GO_RUNTIME)
"""Where a program with threads looks like one written in Go."""


def looks_like_go(calls: Mapping[str, int]) -> bool:
    """Go's runtime handles all of the 64 signals, on stacks of its own. That there is no C library
    would not decide it: with cgo there is one.

    calls: how often, by name.
    """
    return calls.get("rt_sigaction", 0) > 64 and "sigaltstack" in calls


_RUNC = "runc itself makes it after it has installed the filter, before the program's execve"
_RUNC_CALLS = (
    "capget capset chdir close execve faccessat2 fchown fcntl fstat fstatfs getcwd getdents64 "
    "getpid getppid lstat newfstatat openat read readlinkat setgid setgroups setuid stat statfs "
    "umask write"
)

CONTAINER = {**GO, **dict.fromkeys(_RUNC_CALLS.split(), _RUNC)}
"""What docker, containerd and podman need for a program (`--container`): observed of runc 1.1 with
and without no_new_privs, and what its Go runtime may do."""

# PR_SET_KEEPCAPS, PR_CAPBSET_READ and _DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT; threads.
CONTAINER_ARGUMENTS = {"prctl": [(8,), (23,), (24,), (38,), (47,)], "clone": [(0,)]}
"""Of calls with deciding arguments, these values."""
