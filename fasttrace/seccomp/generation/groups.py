"""systemd's names for sets of calls, for profiles that people read or give to systemd.

What each holds: `systemd-analyze syscall-filter` of systemd 252. Only those that give no power over
the machine, other processes or the wall itself: what is in @privileged, @mount, @debug, ..., but
also in @process (setns), @ipc (process_vm_writev) and @aio (io_uring), is named call by call.
"""

from __future__ import annotations

from collections.abc import Iterable

GROUPS = {
    name: frozenset(calls.split())
    for name, calls in {
        "@basic-io": (
            "_llseek close close_range dup dup2 dup3 lseek pread64 preadv preadv2 "
            "pwrite64 pwritev pwritev2 read readv write writev"
        ),
        "@chown": "chown chown32 fchown fchown32 fchownat lchown lchown32",
        "@default": (
            "arch_prctl brk cacheflush clock_getres clock_getres_time64 clock_gettime "
            "clock_gettime64 clock_nanosleep clock_nanosleep_time64 execve exit "
            "exit_group futex futex_time64 futex_waitv get_robust_list get_thread_area "
            "getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 "
            "getpgid getpgrp getpid getppid getrandom getresgid getresgid32 getresuid "
            "getresuid32 getrlimit getsid gettid gettimeofday getuid getuid32 membarrier "
            "mmap mmap2 mprotect munmap nanosleep pause prlimit64 restart_syscall "
            "riscv_flush_icache riscv_hwprobe rseq rt_sigreturn sched_getaffinity "
            "sched_yield set_robust_list set_thread_area set_tid_address set_tls "
            "sigreturn time ugetrlimit uretprobe"
        ),
        "@file-system": (
            "access chdir chmod close creat faccessat faccessat2 fallocate fchdir fchmod "
            "fchmodat fchmodat2 fcntl fcntl64 fgetxattr flistxattr fremovexattr fsetxattr "
            "fstat fstat64 fstatat64 fstatfs fstatfs64 ftruncate ftruncate64 futimesat "
            "getcwd getdents getdents64 getxattr inotify_add_watch inotify_init "
            "inotify_init1 inotify_rm_watch lgetxattr link linkat listxattr llistxattr "
            "lremovexattr lsetxattr lstat lstat64 mkdir mkdirat mknod mknodat newfstatat "
            "oldfstat oldlstat oldstat open openat openat2 readlink readlinkat "
            "removexattr rename renameat renameat2 rmdir setxattr stat stat64 statfs "
            "statfs64 statx symlink symlinkat truncate truncate64 unlink unlinkat utime "
            "utimensat utimensat_time64 utimes"
        ),
        "@io-event": (
            "_newselect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait "
            "epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 poll ppoll "
            "ppoll_time64 pselect6 pselect6_time64 select"
        ),
        "@memlock": "mlock mlock2 mlockall munlock munlockall",
        "@network-io": (
            "accept accept4 bind connect getpeername getsockname getsockopt listen recv "
            "recvfrom recvmmsg recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto "
            "setsockopt shutdown socket socketcall socketpair"
        ),
        "@signal": (
            "rt_sigaction rt_sigpending rt_sigprocmask rt_sigsuspend rt_sigtimedwait "
            "rt_sigtimedwait_time64 sigaction sigaltstack signal signalfd signalfd4 "
            "sigpending sigprocmask sigsuspend"
        ),
        "@sync": "fdatasync fsync msync sync sync_file_range sync_file_range2 syncfs",
        "@timer": (
            "alarm getitimer setitimer timer_create timer_delete timer_getoverrun "
            "timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create "
            "timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times"
        ),
    }.items()
}


def grouped(names: Iterable[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Names sorted into groups: those of each group, and the others.

    >>> grouped(["read", "bpf", "write"])
    ({'@basic-io': ['read', 'write']}, ['bpf'])
    """
    groups: dict[str, list[str]] = {}
    others = []
    for name in sorted(names):
        group = next((group for group, calls in GROUPS.items() if name in calls), None)
        if group is None:
            others.append(name)
        else:
            groups.setdefault(group, []).append(name)
    return dict(sorted(groups.items())), others
