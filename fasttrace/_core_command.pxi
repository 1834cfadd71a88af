"""Commands as C has them: included by _core.pyx."""

class StartError(OSError):
    """A command could not be spawned or a process not attached; `stage` is one of STAGES."""

    stage = "none"


cdef char **c_strings(list strings) except NULL:
    """A NULL-terminated array; the bytes objects must outlive it."""
    cdef char **array = <char **>calloc(len(strings) + 1, sizeof(char *))
    cdef Py_ssize_t i
    if array is NULL:
        raise MemoryError
    for i in range(len(strings)):
        array[i] = <char *><bytes>strings[i]
    return array


cdef uint16_t instructions(bytes program, str what) except 0:
    """How many struct sock_filter it has."""
    if len(program) % 8 or not 1 <= len(program) // 8 <= 4096:
        raise ValueError(f"{what} is 1 to 4096 instructions of 8 bytes")
    return <uint16_t>(len(program) // 8)


cdef int set_seccomp(ft_command *command, bytes seccomp, uint32_t flags) except -1:
    """The program must outlive the command."""
    command.seccomp = NULL
    command.seccomp_len = 0
    command.seccomp_flags = flags
    if seccomp is None:
        return 0
    command.seccomp = <char *>seccomp
    command.seccomp_len = instructions(seccomp, "a seccomp program")
    return 0


def become(bytes path not None, list argv not None, list env not None, uint64_t default_signals,
           bytes seccomp not None, uint32_t seccomp_flags=0):
    """Turn this process into the command, behind a seccomp filter. Returns only by StartError.

    With stage "exec" the filter is in force by then, and may not let anything more be done.
    """
    cdef ft_command command
    cdef ft_stage stage = FT_STAGE_NONE
    cdef int rc
    set_seccomp(&command, seccomp, seccomp_flags)
    command.path = path
    command.cwd = NULL
    command.stdio[:] = [-1, -1, -1]
    command.default_signals = default_signals
    command.unblocked_signals = 0
    command.argv = c_strings(argv)
    command.envp = NULL
    try:
        command.envp = c_strings(env)
        rc = ft_become(&command, &stage)
    finally:
        free(<void *>command.argv)
        free(<void *>command.envp)
    error = StartError(-rc, os.strerror(-rc))
    error.stage = STAGES[<int>stage]
    raise error
