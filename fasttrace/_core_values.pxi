"""What stands for what on both sides of the boundary: included by _core.pyx."""

cdef tuple words(const char *const *names, int count):
    """Each number's name; none is missing."""
    cdef int i
    for i in range(count):
        if names[i] is NULL:
            raise ImportError(f"number {i} of {count} has no name in src_c")
    return tuple([(<bytes>names[i]).decode() for i in range(count)])


STAGES = words(ft_stage_names, FT_STAGE_COUNT)
ENGINES = words(ft_engine_names, FT_ENGINE_COUNT)
FALLBACKS = words(ft_fallback_reasons, FT_FALLBACK_COUNT)
STUCK = FALLBACKS[FT_FALLBACK_STUCK]
EVENT_SIZE = sizeof(ft_event)
REGISTERS = words(ft_register_names, ft_register_count)
INJECT_RETURN = FT_INJECT_RETURN
INJECT_SIGNAL = FT_INJECT_SIGNAL
INJECT_NUMBER = FT_INJECT_NUMBER
INJECT_DELAY_ENTER = FT_INJECT_DELAY_ENTER
INJECT_DELAY_EXIT = FT_INJECT_DELAY_EXIT
INJECT_POKE = FT_INJECT_POKE
HAND_ENTRY = FT_HAND_ENTRY
HAND_EXIT = FT_HAND_EXIT

# How a session ends with an answer.
cdef dict ENDS = {"": 0, "detach": FT_ANSWER_DETACH, "kill": FT_ANSWER_KILL}
cdef object U64 = (1 << 64) - 1


cdef int check(int rc) except -1:
    if rc < 0:
        raise OSError(-rc, os.strerror(-rc))
    return rc


cdef int64_t to_ns(timeout) except -2:
    """-1: for ever, which 292 years are, too. Not a number is not a time either."""
    if timeout is None:
        return -1
    if not timeout >= 0:
        raise ValueError(f"a timeout is a number of seconds, 0 or more, not {timeout}")
    return -1 if timeout * 1e9 >= 0x7fffffffffffffff else <int64_t>(timeout * 1e9)


Poke = namedtuple("Poke", "arg at_exit data")
Injection = namedtuple(
    "Injection",
    "abi nr first last step what ret signal number delay_enter_ns delay_exit_ns pokes",
    defaults=(0, 0, 0, 0, 0, ()))
HandedCall = namedtuple("HandedCall", "tid pid abi nr args ret at_exit time_ns registers")
HandedCall.__doc__ = """A call that waits for Session.answer(); registers: name to unsigned value."""


cdef uint64_t unsigned(value) except? 1:
    """As a register holds it."""
    return <uint64_t>(value & U64)


cdef int check_registers(int rc) except -1:
    if rc == -errno.EDEADLK:
        raise OSError(errno.EDEADLK, "a handler can have the registers of the task that it handles only")
    return check(rc)


cdef dict register_dict(const ft_registers *r):
    cdef int i
    return {REGISTERS[i]: r.value[i] for i in range(ft_register_count)}


cdef uint64_t put_registers(dict values, ft_registers *out) except? 0:
    """Returns which are set: bit i stands for REGISTERS[i]."""
    cdef uint64_t which = 0
    for name, value in values.items():
        if name not in REGISTERS:
            raise ValueError(f"no such register: {name}; there are {', '.join(REGISTERS)}")
        out.value[<int>REGISTERS.index(name)] = unsigned(value)
        which |= <uint64_t>1 << <int>REGISTERS.index(name)
    return which


cdef class Injections:
    """The rows of Session(injections=...) as C has them."""

    cdef ft_injection *rows
    cdef size_t count
    cdef list pokes  # keeps what rows point to

    def __cinit__(self, list rows not None):
        self.count = len(rows)
        self.pokes = []
        self.rows = <ft_injection *>calloc(len(rows) + 1, sizeof(ft_injection))
        if self.rows is NULL:
            raise MemoryError
        for i in range(len(rows)):
            self.put(&self.rows[i], rows[i])

    cdef put(self, ft_injection *to, row):
        cdef ft_poke *poke
        to.abi = row.abi
        to.nr = row.nr
        to.first = row.first
        to.last = row.last
        to.step = row.step
        to.what = row.what
        to.ret = <int64_t>unsigned(row.ret)
        to.signal = row.signal
        to.number = row.number
        to.delay_enter_ns = row.delay_enter_ns
        to.delay_exit_ns = row.delay_exit_ns
        cells = bytearray(sizeof(ft_poke) * (len(row.pokes) + 1))
        poke = <ft_poke *><char *>cells
        to.pokes = poke
        to.poke_count = len(row.pokes)
        self.pokes += [cells, row.pokes]
        for one in row.pokes:
            poke.arg = one.arg
            poke.at_exit = one.at_exit
            poke.bytes = <char *><bytes>one.data
            poke.len = len(one.data)
            poke += 1

    def __dealloc__(self):
        free(self.rows)
