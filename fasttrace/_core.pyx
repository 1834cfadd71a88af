"""The boundary to the C core: one session, its blocks, nothing else."""

from cpython.buffer cimport PyBuffer_FillInfo
from cpython.exc cimport PyErr_CheckSignals
from libc.errno cimport EAGAIN, EINVAL, ENODATA, ESRCH
from libc.stdlib cimport calloc, free, malloc

import errno
import os
from collections import namedtuple

from fasttrace._tally cimport Tally, ft_tally

from fasttrace.errors import ForkedError

include "_core_values.pxi"
include "_core_blocks.pxi"
include "_core_command.pxi"
include "_core_waits.pxi"

# How many forks lie between the program's start and this process. Counted by the C library, for
# the number of a process may come again in a child, in another pid namespace.
cdef int forks = 0


cdef void forked_once() noexcept nogil:
    global forks
    forks += 1


if pthread_atfork(NULL, NULL, forked_once):
    raise MemoryError


# The most bytes of data that a session keeps.
STRING_LIMIT_MAX = FT_STRING_LIMIT_MAX

# And the most Python frames of a call.
PYTHON_FRAMES_MAX = FT_PYTHON_FRAMES_MAX

# In place of PY_VERSION_HEX, of a CPython before 3.11.
PYTHON_OLD = FT_PYTHON_OLD


def inline_unusable():
    """Why the inline engine cannot work on this machine; None: it can."""
    cdef const char *why = ft_inline_unusable()
    return None if why is NULL else (<bytes>why).decode()


PROCESS_SIZE = sizeof(ft_process)
ProcessRow = namedtuple(
    "ProcessRow",
    "pid ppid serial status start_ns end_ns calls comm argv engine fallback")


def process_rows(bytes records not None, bytes strings not None, *, bint left=False):
    """What Session.processes() gave, as a list of ProcessRow; left: only those that were not traced
    inline."""
    cdef const ft_process *p = <const ft_process *><char *>records
    cdef size_t i
    rows = []
    for i in range(len(records) // sizeof(ft_process)):
        if left and not p[i].why:
            continue
        rows.append(ProcessRow(
            p[i].pid, p[i].ppid, p[i].serial, p[i].status, p[i].start_ns, p[i].end_ns,
            p[i].calls, <bytes>p[i].comm, strings[p[i].argv:p[i].argv + p[i].argv_len],
            ENGINES[p[i].engine], FALLBACKS[p[i].why]))
    return rows


def unread_pythons(bytes records not None):
    """Of what Session.processes() gave, those with a CPython whose lines cannot be read: pid, name,
    and its PY_VERSION_HEX, or PYTHON_OLD."""
    cdef const ft_process *p = <const ft_process *><char *>records
    cdef size_t i
    return [
        (p[i].pid, <bytes>p[i].comm, p[i].python)
        for i in range(len(records) // sizeof(ft_process))
        if p[i].python
    ]


cdef class Session:
    """One traced tree; see fasttrace.h. All methods may be called from any thread.

    In a forked child there is only a copy of it, without its threads, and with locks that nobody
    will ever open: nothing of it is touched there, and its methods raise ForkedError.
    """

    cdef ft_session *session
    cdef int busy  # calls under way that have let go of the GIL
    cdef int forks  # as it was made

    def __cinit__(self, *, bint follow=True, bint events=True, bint tally=False,
                  bint by_process=False, bint payload=False, bint results=True,
                  str engine="ptrace", list policy=None, bytes filter=None, uint32_t block_events=0,
                  uint32_t queue_blocks=0, list injections=None, list handled=None,
                  uint32_t string_limit=0, uint32_t python_frames=0,
                  bint environments=False, bint places=False, bint descriptors=False,
                  bint vcpu_exits=False,
                  until_exec=None, uint64_t pause_level=0):
        cdef ft_config config
        cdef Injections rows = Injections(injections or [])
        cdef int abi
        config.options = (
            (FT_OPT_FOLLOW if follow else 0) | (FT_OPT_EVENTS if events else 0)
            | (FT_OPT_TALLY if tally else 0) | (FT_OPT_BY_PROCESS if by_process else 0)
            | (FT_OPT_PAYLOAD if payload else 0) | (0 if results else FT_OPT_ENTRY_ONLY)
            | (FT_OPT_ENVIRONMENTS if environments else 0)
            | (FT_OPT_PLACES if places else 0)
            | (FT_OPT_DESCRIPTORS if descriptors else 0)
            | (FT_OPT_VCPU_EXITS if vcpu_exits else 0)
            | (0 if until_exec is None else FT_OPT_UNTIL_EXEC)
        )
        config.execs_kept = 0 if until_exec is None else until_exec
        config.pause_level = pause_level
        config.engine = <uint32_t>ENGINES.index(engine)
        config.block_events = block_events
        config.queue_blocks = queue_blocks
        config.string_limit = string_limit
        config.python_frames = python_frames
        config.filter = NULL
        config.filter_len = 0
        config.injections = rows.rows
        config.injection_count = rows.count
        for abi in range(FT_ABI_COUNT):
            config.policy[abi] = NULL
            config.handled[abi] = NULL
            if handled is not None:
                if len(handled[abi]) != FT_NR_MAX:
                    raise ValueError(f"handled has {FT_NR_MAX} bytes for each ABI")
                config.handled[abi] = <const uint8_t *><char *><bytes>handled[abi]
            if policy is not None:
                if len(policy[abi]) != FT_NR_MAX * sizeof(uint16_t):
                    raise ValueError(f"a policy has {FT_NR_MAX} numbers of 16 bits")
                config.policy[abi] = <const uint16_t *><char *><bytes>policy[abi]
        if filter is not None:
            config.filter = <char *>filter
            config.filter_len = instructions(filter, "a filter")
        self.forks = forks
        check(ft_open(&self.session, &config))

    def __dealloc__(self):
        if self.session is not NULL and self.forks == forks:
            with nogil:
                ft_close(self.session)

    @property
    def forked(self):
        """Whether this is the copy in a forked child."""
        return self.forks != forks

    cdef int open(self) except -1:
        if self.forks != forks:
            raise ForkedError()
        if self.session is NULL:
            raise ValueError("the session is closed")
        return 0

    def spawn(self, bytes path not None, list argv not None, list env not None, bytes cwd,
              tuple stdio not None, uint64_t default_signals, bytes seccomp=None,
              uint32_t seccomp_flags=0, uint64_t unblocked_signals=0):
        """Run a command; return its pid once exec has succeeded, else raise StartError.

        default_signals, unblocked_signals: bit n - 1 stands for signal n; those that shall have
        their default, and those that it shall take though the calling thread blocks them. seccomp: a wall for the command, 1 to 4096 instructions; not with a filter of the session's.
        """
        cdef ft_command command
        cdef ft_stage stage = FT_STAGE_NONE
        cdef int rc, i
        self.open()
        set_seccomp(&command, seccomp, seccomp_flags)
        command.path = path
        command.cwd = NULL if cwd is None else <char *>cwd
        command.default_signals = default_signals
        command.unblocked_signals = unblocked_signals
        for i in range(3):
            command.stdio[i] = stdio[i]
        command.argv = c_strings(argv)
        command.envp = NULL
        self.busy += 1
        try:
            command.envp = c_strings(env)
            with nogil:
                rc = ft_spawn(self.session, &command, &stage)
        finally:
            self.busy -= 1
            free(<void *>command.argv)
            free(<void *>command.envp)
        return self.started(rc, stage)

    def attach(self, int pid):
        """Attach to all threads of a process; return its pid, else raise StartError."""
        cdef ft_stage stage = FT_STAGE_NONE
        cdef int rc
        self.open()
        self.busy += 1
        with nogil:
            rc = ft_attach(self.session, pid, &stage)
        self.busy -= 1
        return self.started(rc, stage)

    def attach_all(self, pids):
        """Attach to several processes; return the first one's pid, else raise StartError, whose
        `pid` is the one that could not be attached to."""
        cdef ft_stage stage = FT_STAGE_NONE
        cdef size_t count = len(pids)
        cdef int refused = 0
        cdef int rc
        cdef int *list = <int *>malloc((count + 1) * sizeof(int))
        if list is NULL:
            raise MemoryError
        try:
            for i in range(count):
                list[i] = pids[i]
            self.open()
            self.busy += 1
            with nogil:
                rc = ft_attach_all(self.session, list, count, &stage, &refused)
            self.busy -= 1
        finally:
            free(list)
        try:
            return self.started(rc, stage)
        except StartError as error:
            error.pid = refused
            raise

    cdef started(self, int rc, ft_stage stage):
        if rc < 0:
            error = StartError(-rc, os.strerror(-rc))
            error.stage = STAGES[<int>stage]
            raise error
        return rc

    cdef int waited(self, int64_t left, wait_for what, void *arg) except? -1:
        """Calls `what` until it has something (not 0), for `left` ns (-1: for ever); then 0. Signals
        (Ctrl-C) are looked for meanwhile."""
        cdef int64_t slice
        cdef int rc
        while True:
            slice = SIGNALS_NS if left < 0 or left > SIGNALS_NS else left
            self.open()
            self.busy += 1
            with nogil:
                rc = what(self.session, slice, arg)
            self.busy -= 1
            if rc:
                return rc
            PyErr_CheckSignals()
            if left >= 0:
                left -= slice
                if left <= 0:
                    return 0

    cdef bint has(self, timeout, wait_for what, void *arg) except -1:
        cdef int rc = self.waited(to_ns(timeout), what, arg)
        if rc == -ENODATA:
            raise EOFError("the session has ended")
        return check(rc)

    def take(self, timeout=None):
        """The next Block; None after `timeout` seconds; EOFError once all is taken."""
        cdef ft_block *block = NULL
        cdef Block result
        if not self.has(timeout, take_block, &block):
            return None
        result = Block.__new__(Block)
        result.block = block
        return result

    def take_call(self, timeout=None):
        """The next HandedCall, whose task waits for answer(); None after `timeout` seconds; EOFError
        once the session has ended."""
        cdef ft_handed call
        if not self.has(timeout, take_handed, &call):
            return None
        return HandedCall(
            call.tid, call.pid, call.abi, call.nr, tuple([call.args[i] for i in range(6)]),
            call.ret, bool(call.at_exit), call.time_ns, register_dict(&call.registers))

    def answer(self, int tid, *, reply=None, nr=None, tuple args=None, int signal=0, str end="",
               dict registers=None):
        """Lets the call taken last go on: `reply` is its result (at entry: it is not made), nr and
        args make another call of it, `signal` comes when it ends, `end` ("detach", "kill") ends the
        session. Nothing happens if the session is ending."""
        cdef ft_answer answer
        cdef int rc
        answer.what = ENDS[end]
        answer.signal = signal
        answer.set = 0
        if reply is not None:
            answer.what |= FT_ANSWER_REPLY
            answer.reply = <int64_t>unsigned(reply)
        if nr is not None:
            answer.what |= FT_ANSWER_NUMBER
            answer.nr = unsigned(nr)
        if args is not None:
            answer.what |= FT_ANSWER_ARGS
            if len(args) != 6:
                raise ValueError("a call has six arguments")
            for i in range(6):
                answer.args[i] = unsigned(args[i])
        if registers:
            answer.set = put_registers(registers, &answer.registers)
        self.open()
        rc = ft_give_answer(self.session, tid, &answer)
        if rc == -EINVAL:
            raise ValueError("a session with a filter cannot detach")
        if rc != -ESRCH:
            check(rc)

    def registers(self, int tid):
        """A task's registers by name, as unsigned numbers: it is stopped for that, or stands at a call
        that is handed over. ProcessLookupError: it is not traced, or has gone."""
        cdef register_request r
        r.tid = tid
        check_registers(self.waited(-1, read_registers, &r))
        return register_dict(&r.registers)

    def set_registers(self, int tid, dict registers not None):
        """Gives some of them new values."""
        cdef register_request r
        r.tid = tid
        r.which = put_registers(registers, &r.registers)
        check_registers(self.waited(-1, write_registers, &r))

    def wait(self, timeout=None):
        """Whether the session has ended, after at most `timeout` seconds."""
        return bool(check(self.waited(to_ns(timeout), wait_end, NULL)))

    def kill(self):
        """SIGKILL the whole tree; the session ends when all have gone."""
        self.open()
        check(ft_stop(self.session, FT_STOP_KILL))

    def detach(self):
        """Leave all tasks as they were found. Not with a filter, which cannot be taken back."""
        self.open()
        check(ft_stop(self.session, FT_STOP_DETACH))

    def signal(self, int sig):
        """Send a signal to the spawned command."""
        self.open()
        check(ft_signal(self.session, sig))

    def tally(self):
        """A copy of the tally so far."""
        cdef ft_tally *t = NULL
        self.open()
        check(ft_get_tally(self.session, &t))
        return Tally._own(t)

    def engine_calls(self):
        """A Tally of the calls that tasks made on the engine's behalf, with by_process by tid (as pid)."""
        cdef ft_tally *t = NULL
        self.open()
        check(ft_get_engine_calls(self.session, &t))
        return Tally._own(t)

    def end_of(self, int pid):
        """When the last process that had this pid ended, CLOCK_MONOTONIC in ns; 0: it lives; None:
        none was seen."""
        cdef ft_process process
        self.open()
        return process.end_ns if ft_find_process(self.session, pid, &process) else None

    def processes(self):
        """The process table as bytes: struct ft_process records, and the strings they refer to."""
        cdef ft_processes table
        self.open()
        check(ft_get_processes(self.session, &table))
        try:
            return (<bytes>(<char *>table.list)[:table.count * sizeof(ft_process)],
                    <bytes>table.strings[:table.strings_len])
        finally:
            ft_processes_free(&table)

    def stats(self):
        """Counters of the session: see struct ft_stats."""
        cdef ft_stats s
        self.open()
        ft_get_stats(self.session, &s)
        return s

    def close(self):
        """Kill what was spawned, detach from what was attached, free all. Blocks stay valid.

        In a forked child: nothing."""
        cdef ft_session *s = self.session
        if self.forks != forks:
            return
        if self.busy:
            raise RuntimeError("another thread still waits for this session: kill() or detach() first")
        self.session = NULL
        if s is not NULL:
            with nogil:
                ft_close(s)
