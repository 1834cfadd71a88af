"""The boundary to the C tally and to what is counted between marks, and the layout of the event
record as the C compiler sees it."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer

from libc.errno cimport EINVAL
from libc.stdint cimport UINT64_MAX
from libc.stdlib cimport calloc, free
from libc.string cimport memset

import os
from collections import namedtuple

cdef extern from *:
    """
    #define FT_FORMAT(field) _Generic(((struct ft_event *)0)->field, \\
        uint64_t: "<u8", int64_t: "<i8", uint64_t *: "<u8", int32_t: "<i4", \\
        uint16_t: "<u2", uint8_t: "|u1")
    #define FT_FIELD(field) { #field, FT_FORMAT(field), offsetof(struct ft_event, field), \\
        sizeof(((struct ft_event *)0)->field) }
    static const struct ft_field {
        const char *name, *format;
        size_t offset, size;
    } ft_fields[] = {
        FT_FIELD(time_ns), FT_FIELD(duration_ns), FT_FIELD(ret), FT_FIELD(args), FT_FIELD(payload),
        FT_FIELD(pid), FT_FIELD(tid), FT_FIELD(nr), FT_FIELD(abi), FT_FIELD(kind), FT_FIELD(flags),
    };
    static const struct ft_constant {
        const char *name;
        int value;
    } ft_kinds[] = {
        { "SYSCALL", FT_KIND_SYSCALL }, { "SIGNAL", FT_KIND_SIGNAL }, { "FORK", FT_KIND_FORK },
        { "EXEC", FT_KIND_EXEC }, { "EXIT", FT_KIND_EXIT }, { "LOST", FT_KIND_LOST },
        { "ATTACH", FT_KIND_ATTACH }, { "STOP", FT_KIND_STOP },
    }, ft_flags[] = {
        { "UNFINISHED", FT_FLAG_UNFINISHED }, { "INTERRUPTED", FT_FLAG_INTERRUPTED },
        { "ALTERED", FT_FLAG_ALTERED }, { "PAYLOAD", FT_FLAG_PAYLOAD },
        { "THREAD", FT_FLAG_THREAD }, { "ERROR", FT_FLAG_ERROR },
        { "DELAYED", FT_FLAG_DELAYED }, { "POKED", FT_FLAG_POKED },
        { "OWN_RESULT", FT_FLAG_OWN_RESULT },
    }, ft_payload_types[] = {
        { "STRING", FT_PAYLOAD_STRING }, { "BYTES", FT_PAYLOAD_BYTES },
        { "ARGV", FT_PAYLOAD_ARGV }, { "COMM", FT_PAYLOAD_COMM }, { "LINK", FT_PAYLOAD_LINK },
        { "SIGINFO", FT_PAYLOAD_SIGINFO },
        { "STACK", FT_PAYLOAD_STACK }, { "PYTHON", FT_PAYLOAD_PYTHON },
        { "NUMBERS", FT_PAYLOAD_NUMBERS }, { "VCPU", FT_PAYLOAD_VCPU },
    }, ft_payload_flags[] = {
        { "MORE", FT_PAYLOAD_MORE }, { "TRUNCATED", FT_PAYLOAD_TRUNCATED },
        { "FAULT", FT_PAYLOAD_FAULT }, { "EXIT", FT_PAYLOAD_EXIT },
    };
    #define FT_LENGTH(array) (sizeof(array) / sizeof((array)[0]))
    """
    struct ft_field:
        const char *name
        const char *format
        size_t offset
        size_t size
    struct ft_constant:
        const char *name
        int value
    const ft_field ft_fields[]
    const ft_constant ft_kinds[]
    const ft_constant ft_flags[]
    const ft_constant ft_payload_types[]
    const ft_constant ft_payload_flags[]
    int FIELDS "FT_LENGTH(ft_fields)"
    int KINDS_LEN "FT_LENGTH(ft_kinds)"
    int FLAGS_LEN "FT_LENGTH(ft_flags)"
    int TYPES_LEN "FT_LENGTH(ft_payload_types)"
    int PAYLOAD_FLAGS_LEN "FT_LENGTH(ft_payload_flags)"


cdef dict constants(const ft_constant *list, int count):
    return {list[i].name.decode(): list[i].value for i in range(count)}


SHARED_NR = FT_NR_MAX - 1
STRANGERS_MAX = FT_TALLY_STRANGERS_MAX
EVENT_SIZE = sizeof(ft_event)
EVENT_FIELDS = tuple([
    (ft_fields[i].name.decode(), ft_fields[i].format.decode(), ft_fields[i].offset,
     ft_fields[i].size)
    for i in range(FIELDS)
])
KINDS = constants(ft_kinds, KINDS_LEN)
FLAGS = constants(ft_flags, FLAGS_LEN)
PAYLOAD_TYPES = constants(ft_payload_types, TYPES_LEN)
PAYLOAD_FLAGS = constants(ft_payload_flags, PAYLOAD_FLAGS_LEN)


_event_dtype = None


def event_dtype():
    global _event_dtype
    if _event_dtype is None:
        import numpy
        names, formats, offsets = [], [], []
        for name, element, offset, size in EVENT_FIELDS:
            count = size // numpy.dtype(element).itemsize
            names.append(name)
            formats.append((element, (count,)) if count > 1 else element)
            offsets.append(offset)
        _event_dtype = numpy.dtype(
            {"names": names, "formats": formats, "offsets": offsets, "itemsize": EVENT_SIZE})
    return _event_dtype


cdef int check(int rc) except -1:
    if rc < 0:
        raise OSError(-rc, os.strerror(-rc))
    return rc


cdef bint check_row(int rc) except -1:
    """Whether there is no such row."""
    if rc != -EINVAL:
        check(rc)
    return rc == -EINVAL


def restored(rows):
    """From what Tally.__reduce__ gives."""
    tally = Tally()
    for row, hist in rows:
        tally.put(row, hist)
    return tally


def hist_bucket(uint64_t ns):
    return ft_hist_bucket(ns)


def hist_low(unsigned bucket):
    if bucket >= FT_HIST_BUCKETS:
        raise IndexError(f"bucket {bucket} of {FT_HIST_BUCKETS}")
    return ft_hist_low(bucket)


Row = namedtuple(
    "Row", "pid serial abi nr calls finished errors total_ns min_ns max_ns errnos")


cdef int buffer_of(events, Py_buffer *view) except -1:
    PyObject_GetBuffer(events, view, PyBUF_SIMPLE)
    if view.len % sizeof(ft_event):
        length = view.len
        PyBuffer_Release(view)
        raise ValueError(f"{length} bytes are no whole number of events")
    return 0


cdef class Tally:
    @staticmethod
    cdef Tally _own(ft_tally *tally):
        cdef Tally self = Tally.__new__(Tally)
        ft_tally_free(self.tally)
        self.tally = tally
        return self

    def __cinit__(self):
        check(ft_tally_new(&self.tally))

    def __dealloc__(self):
        ft_tally_free(self.tally)

    def __len__(self):
        return ft_tally_rows(self.tally)

    cdef size_t row(self, i) except? 0:
        cdef size_t count = ft_tally_rows(self.tally)
        if not 0 <= i < count:
            raise IndexError(f"row {i} of {count}")
        return i

    def add(self, events, bint by_pid=False, int32_t serial=0):
        cdef Py_buffer view
        cdef ft_tally *part = NULL
        cdef const ft_event *ev
        cdef size_t n, i
        cdef int rc
        buffer_of(events, &view)
        try:
            n = view.len // sizeof(ft_event)
            ev = <const ft_event *>view.buf
            # Counted apart, so that no other thread can see this tally while it changes.
            check(ft_tally_new(&part))
            try:
                with nogil:
                    if serial:
                        rc = 0
                        for i in range(n):
                            rc = ft_tally_add(part, ev[i].pid, serial, &ev[i])
                            if rc < 0:
                                break
                    else:
                        rc = ft_tally_add_all(part, ev, n, by_pid)
                check(rc)
                if ft_tally_rows(self.tally) == 0:
                    self.tally, part = part, self.tally
                else:
                    check(ft_tally_merge(self.tally, part))
            finally:
                ft_tally_free(part)
        finally:
            PyBuffer_Release(&view)

    def add_row(self, Tally source not None, i, int32_t pid, int32_t serial, uint8_t abi,
                int32_t nr):
        if source is self:
            raise ValueError("a row of the tally itself")
        check(ft_tally_add_row(self.tally, pid, serial, abi, nr, source.tally, source.row(i)))

    def put(self, row not None, hist not None):
        cdef ft_tally_row r
        cdef uint32_t numbers[4096]
        cdef uint64_t counts[4096]
        cdef uint64_t buckets[FT_HIST_BUCKETS]
        cdef size_t n = 0
        (r.pid, r.serial, r.abi, r.nr, r.calls, r.finished, r.errors, r.total_ns, r.min_ns,
         r.max_ns, errnos) = row
        memset(buckets, 0, sizeof(buckets))
        if len(errnos) > 4096 or any([not 0 <= i < FT_HIST_BUCKETS for i in hist]):
            raise ValueError("no row of a tally")
        for number, count in errnos.items():
            numbers[n], counts[n] = number, count
            n += 1
        for bucket, count in hist.items():
            buckets[<int>bucket] = count
        if check_row(ft_tally_put(self.tally, &r, numbers, counts, n, buckets)):
            raise ValueError("no row of a tally")

    def __reduce__(self):
        rows = [(tuple(row), self.hist(i)) for i, row in enumerate(self.rows())]
        return restored, (rows,)

    def merge(self, Tally other not None):
        check(ft_tally_merge(self.tally, other.tally))

    def copy(self):
        cdef ft_tally *copy = NULL
        check(ft_tally_copy(&copy, self.tally))
        return Tally._own(copy)

    def rows(self):
        cdef const ft_tally_row *r
        cdef size_t i
        rows = []
        for i in range(ft_tally_rows(self.tally)):
            r = ft_tally_row_at(self.tally, i)
            rows.append(Row(r.pid, r.serial, r.abi, r.nr, r.calls, r.finished, r.errors, r.total_ns,
                            r.min_ns, r.max_ns, self.errnos(i) if r.errors else {}))
        return rows

    def errnos(self, i):
        cdef uint32_t numbers[4096]
        cdef uint64_t counts[4096]
        cdef size_t n = ft_tally_errnos(self.tally, self.row(i), numbers, counts, 4096)
        return {numbers[k]: counts[k] for k in range(n)}

    def hist(self, i):
        cdef uint64_t counts[FT_HIST_BUCKETS]
        cdef int bucket
        ft_tally_hist(self.tally, self.row(i), counts)
        return {bucket: counts[bucket] for bucket in range(FT_HIST_BUCKETS) if counts[bucket]}

    def percentile(self, i, double q):
        if not 0 < q <= 1:
            raise ValueError(f"a percentile lies above 0 and not above 1, {q} does not")
        return ft_tally_percentile(self.tally, self.row(i), q)


cdef class Watched:
    cdef ft_watched w

    def __cinit__(self, int32_t pid, int32_t tid, uint64_t fd, uint64_t level, uint64_t began_ns,
                  talk, under_way):
        cdef ft_call_number *numbers
        cdef size_t i = 0
        self.w.pid, self.w.tid, self.w.fd, self.w.level = pid, tid, fd, level
        self.w.began_ns = began_ns
        numbers = <ft_call_number *>calloc(len(talk) + 1, sizeof(ft_call_number))
        self.w.talk = numbers
        self.w.under_way = <ft_under_way *>calloc(len(under_way) + 1, sizeof(ft_under_way))
        if numbers == NULL or self.w.under_way == NULL:
            raise MemoryError
        for abi, nr in talk:
            numbers[i].abi, numbers[i].nr = abi, nr
            i += 1
        self.w.talk_len = i
        i = 0
        for of_tid, call in under_way.items():
            nr, *args = call
            self.w.under_way[i].tid, self.w.under_way[i].nr = of_tid, nr
            for k, value in enumerate(args[:6]):
                self.w.under_way[i].args[<int>k] = value
            i += 1
        self.w.under_way_len = i

    def __dealloc__(self):
        free(<void *>self.w.talk)
        free(self.w.under_way)

    def outside(self, events):
        cdef Py_buffer view
        cdef uint8_t *out
        cdef size_t n, i
        buffer_of(events, &view)
        try:
            n = view.len // sizeof(ft_event)
            mask = bytearray(n)
            out = mask
            for i in range(self.w.under_way_len):
                self.w.under_way[i].met = False
            with nogil:
                ft_watched_outside(&self.w, <const ft_event *>view.buf, n, out)
        finally:
            PyBuffer_Release(&view)
        return mask

    def marks(self, events):
        cdef Py_buffer view
        cdef const ft_event *ev
        cdef size_t i
        buffer_of(events, &view)
        try:
            ev = <const ft_event *>view.buf
            return {<uint32_t>ev[i].args[2]: ev[i].time_ns
                    for i in range(view.len // sizeof(ft_event))
                    if ft_watched_is_mark(&self.w, &ev[i])}
        finally:
            PyBuffer_Release(&view)


def counted_between(events, const uint8_t[::1] outside, const uint64_t[::1] bounds):
    cdef Py_buffer view
    cdef ft_intervals *counted = NULL
    cdef const ft_interval_row *r
    cdef uint64_t nothing = UINT64_MAX
    cdef const uint8_t *mask = NULL
    cdef size_t i
    cdef int rc
    buffer_of(events, &view)
    try:
        if <size_t>outside.shape[0] != view.len // sizeof(ft_event):
            raise ValueError("outside tells of each event")
        if outside.shape[0]:
            mask = &outside[0]
        check(ft_intervals_new(
            &counted, &bounds[0] if bounds.shape[0] else &nothing, bounds.shape[0]))
        with nogil:
            rc = ft_intervals_add(
                counted, <const ft_event *>view.buf, mask, view.len // sizeof(ft_event))
        check(rc)
        rows = []
        for i in range(ft_intervals_rows(counted)):
            r = ft_intervals_row_at(counted, i)
            rows.append((r.interval, r.abi, r.nr, r.calls, r.errors, r.total_ns))
        return rows
    finally:
        ft_intervals_free(counted)
        PyBuffer_Release(&view)
