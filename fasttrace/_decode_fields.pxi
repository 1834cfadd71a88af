"""The fields of events as columns; a part of _decode.pyx."""

cdef extern from "decode/fields.h" nogil:
    enum ft_column_of:
        FT_COLUMN_FIELD
        FT_COLUMN_TIME
        FT_COLUMN_DURATION
        FT_COLUMN_RET
        FT_COLUMN_DESCRIPTOR
        FT_COLUMN_KIND
        FT_COLUMN_ABI
        FT_COLUMN_NAME
        FT_COLUMN_ERRNO

    struct ft_column:
        ft_column_of of
        uint8_t offset, size
        void *values
        uint8_t *valid
        int64_t shift_ns
        const int32_t *places
        const uint8_t *arguments
        cbool is_open

    void ft_fill_columns(const ft_event *events, size_t count, ft_column *columns,
                         size_t columns_count, size_t row)

cdef enum:
    FIELDS_MAX = 32

# What each is made of, the size of a value, how many places there are.
cdef dict _FIELDS = {
    "field": (FT_COLUMN_FIELD, 0, 0),
    "time": (FT_COLUMN_TIME, 8, 0),
    "duration": (FT_COLUMN_DURATION, 8, 0),
    "ret": (FT_COLUMN_RET, 8, 0),
    "descriptor": (FT_COLUMN_DESCRIPTOR, 4, FT_ABI_COUNT * FT_NR_MAX),
    "kind": (FT_COLUMN_KIND, 4, 256),
    "abi": (FT_COLUMN_ABI, 4, 256),
    "name": (FT_COLUMN_NAME, 4, FT_ABI_COUNT * FT_NR_MAX + 256),
    "errno": (FT_COLUMN_ERRNO, 4, FT_ERRNO_MAX + 1),
}


cdef class Fields:
    cdef ft_column columns[FIELDS_MAX]
    cdef Py_buffer held[3 * FIELDS_MAX]
    cdef int held_count
    cdef size_t count, rows

    def __cinit__(self, size_t rows):
        self.held_count = 0
        self.count = 0
        self.rows = rows

    def __dealloc__(self):
        for i in range(self.held_count):
            PyBuffer_Release(&self.held[i])

    cdef void *hold(self, buffer, int flags, size_t size) except? NULL:
        cdef Py_buffer *view = &self.held[self.held_count]
        PyObject_GetBuffer(buffer, view, flags)
        self.held_count += 1
        if <size_t>view.len != size:
            raise ValueError(f"{view.len} bytes, not {size}")
        return view.buf

    def add(self, str of not None, values, valid=None, table=None, int64_t shift_ns=0,
            uint8_t offset=0, uint8_t size=0):
        cdef ft_column *c = &self.columns[self.count]
        cdef bint has_valid
        if self.count == FIELDS_MAX or self.held_count > 3 * (FIELDS_MAX - 1):
            raise ValueError("too many columns")
        if of not in _FIELDS:
            raise ValueError(f"{of!r} is no column of fields")
        c.of, known, places = _FIELDS[of]
        has_valid = c.of in (FT_COLUMN_DURATION, FT_COLUMN_RET, FT_COLUMN_DESCRIPTOR,
                             FT_COLUMN_ERRNO)
        if c.of == FT_COLUMN_FIELD and (size not in (2, 4, 8)
                                        or offset + size > <int>sizeof(ft_event)):
            raise ValueError(f"an event has no field of {size} bytes at {offset}")
        c.offset, c.size = offset, known or size
        c.values = self.hold(values, PyBUF_WRITABLE, self.rows * c.size)
        if has_valid:
            c.valid = <uint8_t *>self.hold(valid, PyBUF_WRITABLE, self.rows)
        if c.of == FT_COLUMN_TIME:
            c.shift_ns = shift_ns
        elif c.of == FT_COLUMN_DESCRIPTOR:
            c.arguments = <const uint8_t *>self.hold(table, PyBUF_SIMPLE, places)
        elif places:
            c.places = <const int32_t *>self.hold(table, PyBUF_SIMPLE, places * sizeof(int32_t))
        self.count += 1

    def fill(self, events, size_t row):
        cdef Py_buffer view
        cdef size_t count
        get_events(events, &view)
        try:
            count = view.len // sizeof(ft_event)
            if row > self.rows or count > self.rows - row:
                raise ValueError(f"room for {self.rows} rows, not for {count} from {row} on")
            with nogil:
                ft_fill_columns(<const ft_event *>view.buf, count, self.columns, self.count, row)
        finally:
            PyBuffer_Release(&view)
        return [i for i in range(self.count) if self.columns[i].is_open]
