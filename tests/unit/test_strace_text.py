"""Promise: where tests compare our lines with strace's a pid is told by where it stands, never by
its value."""

from __future__ import annotations

import pytest
from strace_text import differences, plain, without_pids

NUMBERS = {"8192": "P0", "8193": "P1"}


@pytest.mark.parametrize(
    "told",
    [
        "clone(child_stack=NULL, flags=SIGCHLD) = P1",
        "clone3({flags=0} => {parent_tid=[P1]}, 88) = P1",
        "wait4(P1, [{WIFEXITED(s)}], 0, NULL)  = P1",
        "wait4(-1, NULL, 0, NULL) = -1 ECHILD",
        "waitid(P_PID, P1, {si_signo=SIGCHLD, si_pid=P1, si_status=8192}, WEXITED, NULL) = 0",
        "kill(-P0, SIGTERM) = 0",
        "tgkill(P0, P1, SIGUSR1) = 0",
        "setpgid(P1, P0) = 0",
        "kcmp(P0, P1, KCMP_FILE, 8192, 3) = 1",
        "pidfd_open(P1, 0) = 3<pid:P1>",
        "fcntl(3, F_SETOWN, -P0) = 0",
        "futex(ADDR, FUTEX_WAIT, P1, NULL) = 0",
        "getpid() = P0",
        "set_tid_address(ADDR) = P0",
        "--- SIGUSR1 {si_signo=SIGUSR1, si_pid=P1, si_uid=8192} ---",
        "+++ superseded by execve in pid P1 +++",
    ],
)
def test_a_pid_is_replaced_where_one_stands(told: str) -> None:
    line = told.replace("P0", "8192").replace("P1", "8193")
    assert without_pids(line, NUMBERS) == told


@pytest.mark.parametrize(
    "line",
    [
        "prlimit64(0, RLIMIT_NOFILE, NULL, {rlim_cur=8192, rlim_max=8192*1024}) = 0",
        "prlimit64(0, RLIMIT_STACK, {rlim_cur=8193, rlim_max=8192}, NULL) = 0",
        'read(8193, "8192"..., 8192) = 8192',
        "futex(ADDR, FUTEX_WAKE_OP, 1, 8192, ADDR, 8193) = 8192",
        "rt_sigtimedwait([USR1], {si_int=8192}, NULL, 8) = 10",
        "clone3({exit_signal=SIGCHLD, stack_size=8192}, 88) = 81920",
        "kill(81920, 0) = -1 ESRCH",
        "rt_sigreturn({mask=[]}) = 8192",
        "wait4(-1, [{WIFEXITED(s)}], 0, {ru_maxrss=8192}) = 0",
    ],
)
def test_a_number_that_equals_a_pid_is_no_pid(line: str) -> None:
    assert without_pids(line, NUMBERS) == line


def test_two_runs_with_other_pids_are_the_same_story() -> None:
    """One whose pid is the stack's limit, which is a constant in both."""

    def told(first: int, second: int) -> str:
        return (
            f"{first} prlimit64(0, RLIMIT_STACK, NULL, {{rlim_cur=8192, rlim_max=4096}}) = 0\n"
            f"{first} vfork( <unfinished ...>\n"
            f"{second} getpid() = {second}\n"
            f"{second} +++ exited with 0 +++\n"
            f"{first} <... vfork resumed>) = {second}\n"
            f'{first} write(1, "", {second % 2}) = 0\n'
        )

    assert differences(told(8191, 8192), told(511, 514)) == []
    assert plain(told(8191, 8192))["P1"] == ["getpid() = P1", "+++ exited with 0 +++"]
    (found,) = differences(told(8191, 8192), told(511, 513))
    assert "write(1, " in found
