"""The boundary to the C decoder: events become lines of text, and objects."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.dict cimport PyDict_SetItem
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF, Py_XDECREF
from libc.stdint cimport UINT64_MAX, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy, memset

from fasttrace.decode import values


cdef extern from "Python.h":
    object PyUnicode_InternFromString(const char *text)
    ctypedef object (*newfunc)(type cls, object args, void *keywords)

from array import array
from os import urandom


cdef extern from "stdbool.h" nogil:
    ctypedef bint cbool "bool"

cdef extern from "event.h" nogil:
    enum ft_number_of:
        pass

    enum:
        FT_ABI_COUNT
        FT_NR_MAX
        FT_ERRNO_MAX

    struct ft_event:
        uint64_t time_ns, duration_ns
        int64_t ret
        uint64_t args[6]
        uint64_t payload
        int32_t pid, tid, nr
        uint8_t abi, kind
        uint16_t flags

    struct ft_payload:
        uint32_t length
        uint16_t flags

    enum:
        FT_KIND_SYSCALL
        FT_SIGINFO_SIZE
        FT_FLAG_PAYLOAD
        FT_PAYLOAD_MORE


cdef extern from "decode/lines.h" nogil:
    struct ft_line_style:
        const char *dim
        const char *red
        const char *cyan
        const char *reset
        uint64_t origin_ns
        uint32_t string_max
        cbool is_whole

    struct ft_open_files

    struct ft_line_files:
        ft_open_files *files
        uint8_t told
        const uint8_t *shown

    size_t ft_put_lines(const ft_line_style *style, const ft_line_files *files,
                        const ft_event *events, const uint32_t *order,
                        size_t count, const uint8_t *payload, size_t payload_length,
                        uint64_t payload_base, char *buffer, size_t size, size_t *done)
    void ft_order_of_end(const ft_event *events, size_t count, uint32_t *order)


cdef extern from "decode/open_files.h" nogil:
    int ft_open_files_new(ft_open_files **out)
    void ft_open_files_free(ft_open_files *f)


cdef extern from "decode/task_names.h" nogil:
    enum:
        FT_TASK_NAME_MAX
        FT_TASKS_NAMES
        FT_TASKS_NUMBERS


cdef extern from "decode/story.h" nogil:
    enum:
        FT_STORY_NEVER

    struct ft_strace_style:
        uint64_t signals
        int64_t realtime_ns
        uint32_t column, string_max
        uint8_t who, clock, clock_digits, relative, relative_digits, took, took_digits
        uint8_t numbers, places, hex, statuses, attaches, exits, supersedes, leaders, separately
        uint8_t modes
        uint8_t constants
        uint8_t until_exec
        cbool detaches
        uint8_t tasks_told
        size_t (*look_up)(int32_t tid, uint8_t *name) noexcept nogil
        int32_t (*find_number)(uint64_t space, int32_t number, ft_number_of of) noexcept nogil
        const char *first_name
        const uint8_t *forms[FT_ABI_COUNT]
        const uint8_t *reads
        const uint8_t *writes
        uint32_t reads_count, writes_count
        uint8_t told
        const uint8_t *shown
        const char *paths
        size_t paths_length
        const int32_t *fds
        size_t fds_count

    struct ft_story

    struct ft_story_idle:
        uint64_t since_ns
        int32_t tid
        uint8_t abi

    int ft_story_new(ft_story **out, const ft_strace_style *style)
    void ft_story_free(ft_story *s)
    int ft_story_add(ft_story *s, const ft_event *events, size_t count, const uint8_t *payload,
                     size_t payload_length, uint64_t payload_base, uint64_t *newest_ns)
    size_t ft_story_list_idle "ft_story_idle" (const ft_story *s, uint64_t before_ns,
                                               ft_story_idle *out, size_t max)
    int ft_story_suppose(ft_story *s, const ft_event *call)
    size_t ft_story_tell(ft_story *s, uint64_t sure_ns, char *buffer, size_t size, cbool *more,
                         int32_t *tid)


cdef extern from "kernel/proc.h" nogil:
    size_t ft_proc_comm(int tid, char *name, size_t max)

cdef extern from "kernel/pidns.h" nogil:
    int32_t ft_pidns_find(uint64_t space, int32_t number, ft_number_of of) noexcept


cdef size_t look_up(int32_t tid, uint8_t *name) noexcept nogil:
    cdef char comm[FT_TASK_NAME_MAX + 1]
    cdef size_t n = ft_proc_comm(tid, comm, sizeof(comm))
    memcpy(name, comm, n)
    return n


TASKS_TOLD = {"comm": FT_TASKS_NAMES, "pidns": FT_TASKS_NUMBERS}

cdef enum:
    BUFFER_SIZE = 1 << 21  # of the text that is made at a time; no line is longer
    EVENTS_MAX = 1 << 30
    IDLE_MAX = 64


cdef class Ordered:
    """Events with their payload, as buffers that are held, and the order in which they end."""
    cdef Py_buffer view, stream
    cdef bytes aligned
    cdef const ft_event *events
    cdef uint32_t *order
    cdef size_t count

    def __cinit__(self, events, payload):
        PyObject_GetBuffer(events, &self.view, PyBUF_SIMPLE)
        if self.view.len % sizeof(ft_event):
            raise ValueError(f"{self.view.len} bytes are no whole number of events")
        self.count = self.view.len // sizeof(ft_event)
        if self.count > <size_t>EVENTS_MAX:
            raise ValueError(f"{self.count} events at once")
        self.events = <const ft_event *>self.view.buf
        if <uintptr_t>self.view.buf % 8:
            self.aligned = bytes(events)
            self.events = <const ft_event *><const char *>self.aligned
        PyObject_GetBuffer(payload, &self.stream, PyBUF_SIMPLE)
        self.order = <uint32_t *>malloc(2 * self.count * sizeof(uint32_t) + 1)
        if self.order is NULL:
            raise MemoryError()
        with nogil:
            ft_order_of_end(self.events, self.count, self.order)

    def __dealloc__(self):
        # Of a view that was not taken nothing is released.
        PyBuffer_Release(&self.stream)
        PyBuffer_Release(&self.view)
        free(self.order)


cdef class Lines:
    cdef bytes dim, red, cyan, reset
    cdef ft_line_style style
    cdef ft_line_files files

    def __cinit__(self):
        self.files.files = NULL

    def __dealloc__(self):
        ft_open_files_free(self.files.files)

    def __init__(self, bytes dim not None, bytes red not None, bytes cyan not None,
                 bytes reset not None, uint32_t string_limit=32, uint8_t told=0):
        self.dim, self.red, self.cyan, self.reset = dim, red, cyan, reset
        self.style.dim, self.style.red = self.dim, self.red
        self.style.cyan, self.style.reset = self.cyan, self.reset
        self.style.string_max = string_limit
        self.files.told = told
        if told and self.files.files is NULL and ft_open_files_new(&self.files.files) < 0:
            raise MemoryError()

    def text(self, events, payload, uint64_t payload_base, uint64_t origin_ns, other not None,
             bytes shown=None):
        cdef Ordered held = Ordered(events, payload)
        cdef char *buffer = NULL
        cdef size_t at = 0, done = 0, length = 0
        cdef ft_line_style style = self.style
        cdef ft_line_files files = self.files
        cdef const ft_line_files *known = NULL
        style.origin_ns = origin_ns
        if shown is not None and (len(shown) != <Py_ssize_t>held.count or not self.files.told):
            raise ValueError(f"{len(shown)} bytes: one for each event, with `told`")
        files.shown = <const uint8_t *><char *>shown if shown is not None else NULL
        if files.files is not NULL:
            known = &files
        pieces = []
        buffer = <char *>malloc(BUFFER_SIZE)
        if buffer is NULL:
            raise MemoryError()
        try:
            while at < held.count:
                with nogil:
                    length = ft_put_lines(
                        &style, known, held.events, held.order + at, held.count - at,
                        <const uint8_t *>held.stream.buf, held.stream.len, payload_base, buffer,
                        BUFFER_SIZE, &done)
                pieces.append(buffer[:length].decode("ascii"))
                at += done
                if not done:
                    if shown is None or shown[held.order[at]]:
                        pieces.append(other(held.order[at]))
                    at += 1
        finally:
            free(buffer)
        return "".join(pieces)


cdef class Story:
    cdef ft_story *story
    cdef char *buffer
    cdef list forms
    cdef bytes reads, writes
    cdef bytes first_name, shown, paths, fds  # that the story's style points to

    def __cinit__(self):
        self.story = NULL
        self.buffer = NULL

    def __init__(self, *, uint64_t signals, int64_t realtime_ns, uint32_t column,
                 uint32_t string_max, uint8_t who, uint8_t clock,
                 uint8_t clock_digits, bint relative, uint8_t relative_digits, bint took,
                 uint8_t took_digits, bint numbers, bint places, uint8_t hex, uint8_t statuses, bint attaches,
                 bint exits, bint supersedes, bint leaders, bint separately,
                 bint modes, uint8_t constants=0, list forms=None, bytes reads=b"",
                 bytes writes=b"", uint8_t told=0, bytes shown=None, bytes paths=None, fds=None,
                 uint8_t tasks_told=0, bytes first_name=b"", bint looks_up=False, until_exec=None,
                 bint detaches=False):
        cdef ft_strace_style style
        if self.story is not NULL:
            raise ValueError("it has begun")
        for digits in (clock_digits, relative_digits, took_digits):
            if digits not in (0, 3, 6, 9):
                raise ValueError(f"{digits} digits: 0, 3, 6 or 9")
        style.signals, style.realtime_ns, style.column = signals, realtime_ns, column
        style.string_max, style.who, style.clock = string_max, who, clock
        style.clock_digits, style.relative = clock_digits, relative
        style.relative_digits, style.took, style.took_digits = relative_digits, took, took_digits
        style.places = places
        style.numbers, style.hex, style.statuses = numbers, hex, statuses
        style.attaches, style.exits, style.supersedes = attaches, exits, supersedes
        style.leaders, style.separately, style.modes = leaders, separately, modes
        self.forms, self.reads, self.writes = forms, reads, writes
        style.constants = constants
        style.reads, style.reads_count = <const uint8_t *><const char *>self.reads, len(reads)
        style.writes, style.writes_count = <const uint8_t *><const char *>self.writes, len(writes)
        for abi in range(FT_ABI_COUNT):
            style.forms[abi] = NULL
            if forms is not None:
                if len(forms[abi]) != FT_NR_MAX:
                    raise ValueError(f"forms are {FT_NR_MAX} bytes for each ABI")
                style.forms[abi] = <const uint8_t *><const char *><bytes>forms[abi]
        self.first_name = first_name
        style.until_exec = FT_STORY_NEVER if until_exec is None else until_exec
        style.detaches = detaches
        style.tasks_told = tasks_told
        style.first_name = <char *>first_name
        style.look_up = NULL
        style.find_number = NULL
        if looks_up:
            style.look_up = look_up
            style.find_number = ft_pidns_find
        style.told = told
        if shown is not None and len(shown) != FT_ABI_COUNT * FT_NR_MAX // 8:
            raise ValueError(f"{len(shown)} bytes are no bits for each call of each ABI")
        self.shown, self.paths = shown, paths
        self.fds = None if fds is None else array("i", fds).tobytes()
        style.shown = <const uint8_t *><char *>shown if shown is not None else NULL
        style.paths = <char *>paths if paths is not None else NULL
        style.paths_length = len(paths) if paths is not None else 0
        style.fds = <const int32_t *><char *>self.fds if fds is not None else NULL
        style.fds_count = len(self.fds) // sizeof(int32_t) if fds is not None else 0
        self.buffer = <char *>malloc(BUFFER_SIZE)
        if self.buffer is NULL or ft_story_new(&self.story, &style) < 0:
            raise MemoryError()

    def __dealloc__(self):
        ft_story_free(self.story)
        free(self.buffer)

    def add(self, events, payload, uint64_t payload_base):
        cdef Py_buffer view, stream
        cdef uint64_t newest = 0
        cdef int rc
        PyObject_GetBuffer(events, &view, PyBUF_SIMPLE)
        try:
            if view.len % sizeof(ft_event) or <uintptr_t>view.buf % 8:
                raise ValueError(f"{view.len} bytes at an odd place are no events")
            PyObject_GetBuffer(payload, &stream, PyBUF_SIMPLE)
            try:
                with nogil:
                    rc = ft_story_add(self.story, <const ft_event *>view.buf,
                                      view.len // sizeof(ft_event), <const uint8_t *>stream.buf,
                                      stream.len, payload_base, &newest)
            finally:
                PyBuffer_Release(&stream)
        finally:
            PyBuffer_Release(&view)
        if rc < 0:
            raise MemoryError()
        return newest

    def idle(self, uint64_t before_ns):
        cdef ft_story_idle found[IDLE_MAX]
        cdef size_t n = ft_story_list_idle(self.story, before_ns, found, IDLE_MAX)
        return [(found[i].tid, found[i].abi, found[i].since_ns) for i in range(n)]

    def suppose(self, int32_t tid, uint8_t abi, int32_t nr, args not None):
        cdef ft_event call
        memset(&call, 0, sizeof(call))
        call.tid, call.abi, call.nr = tid, abi, nr
        for i in range(6):
            call.args[i] = args[i]
        if ft_story_suppose(self.story, &call) < 0:
            raise MemoryError()

    def tell(self, sure_ns):
        cdef uint64_t sure = UINT64_MAX if sure_ns is None else sure_ns
        cdef cbool more = True
        cdef int32_t tid = 0
        cdef size_t length
        pieces = []
        while more:
            with nogil:
                length = ft_story_tell(self.story, sure, self.buffer, BUFFER_SIZE, &more, &tid)
            if length:
                pieces.append((tid, self.buffer[:length]))
        return pieces


include "_decode_values.pxi"
include "_decode_calls.pxi"
include "_decode_open_files.pxi"
include "_decode_json.pxi"
include "_decode_columns.pxi"
include "_decode_fields.pxi"
include "_decode_touched.pxi"
