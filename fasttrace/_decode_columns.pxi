"""Columns made of the payload of events; a part of _decode.pyx."""

from cpython.bytes cimport PyBytes_FromStringAndSize


cdef extern from "decode/columns.h" nogil:
    struct ft_words

    int ft_words_new(ft_words **out, uint64_t seed)
    void ft_words_free(ft_words *w)
    void ft_words_clear(ft_words *w)
    size_t ft_words_count(const ft_words *w)
    const uint8_t *ft_words_text(const ft_words *w, const int64_t **ends)
    int ft_first_paths(const ft_event *events, size_t count, const uint8_t *payload,
                       size_t length, const uint8_t *wanted, ft_words *words, int32_t *numbers)
    void ft_item_sizes(const ft_event *events, size_t count, const uint8_t *payload,
                       size_t length, uint64_t *sizes)
    void ft_copy_items(const ft_event *events, size_t count, const uint8_t *payload,
                       size_t length, const uint64_t *sizes, uint8_t *out)


cdef class Paths:
    cdef ft_words *words
    cdef bytes wanted

    def __cinit__(self):
        self.words = NULL

    def __init__(self, bytes wanted not None, uint64_t seed):
        if self.words is not NULL:
            raise ValueError("it has begun")
        if len(wanted) != FT_ABI_COUNT * FT_NR_MAX:
            raise ValueError(f"{len(wanted)} bytes are not one for each call of each ABI")
        self.wanted = wanted
        if ft_words_new(&self.words, seed) < 0:
            raise MemoryError()

    def __dealloc__(self):
        ft_words_free(self.words)

    def __len__(self):
        return 0 if self.words is NULL else ft_words_count(self.words)

    def clear(self):
        if self.words is not NULL:
            ft_words_clear(self.words)

    def number(self, events, const uint8_t[::1] payload not None, int32_t[::1] numbers not None):
        cdef Py_buffer view
        cdef const uint8_t *wanted = <const uint8_t *><const char *>self.wanted
        cdef const uint8_t *stream = &payload[0] if payload.shape[0] else NULL
        cdef size_t count, length = payload.shape[0]
        cdef int rc = 0
        get_events(events, &view)
        try:
            count = view.len // sizeof(ft_event)
            if <size_t>numbers.shape[0] != count:
                raise ValueError(f"room for {numbers.shape[0]} numbers of {count}")
            if count and self.words is not NULL:
                with nogil:
                    rc = ft_first_paths(<const ft_event *>view.buf, count, stream, length, wanted,
                                        self.words, &numbers[0])
        finally:
            PyBuffer_Release(&view)
        if rc < 0:
            raise MemoryError()

    @property
    def size(self):
        cdef const int64_t *ends = NULL
        if not len(self):
            return 0
        ft_words_text(self.words, &ends)
        return ends[len(self) - 1]

    def text(self):
        cdef const int64_t *ends = NULL
        cdef const uint8_t *text
        cdef size_t count = len(self)
        if not count:
            return b"", b""
        text = ft_words_text(self.words, &ends)
        return (PyBytes_FromStringAndSize(<const char *>ends, count * sizeof(int64_t)),
                PyBytes_FromStringAndSize(<const char *>text, ends[count - 1]))


def item_sizes(events, const uint8_t[::1] payload not None, uint64_t[::1] sizes not None):
    cdef Py_buffer view
    cdef const uint8_t *stream = &payload[0] if payload.shape[0] else NULL
    cdef size_t count, length = payload.shape[0]
    get_events(events, &view)
    try:
        count = view.len // sizeof(ft_event)
        if <size_t>sizes.shape[0] != count:
            raise ValueError(f"room for {sizes.shape[0]} sizes of {count}")
        if count:
            with nogil:
                ft_item_sizes(<const ft_event *>view.buf, count, stream, length, &sizes[0])
    finally:
        PyBuffer_Release(&view)


def copy_items(events, const uint8_t[::1] payload not None, uint8_t[::1] out not None):
    cdef Py_buffer view
    cdef const uint8_t *stream = &payload[0] if payload.shape[0] else NULL
    cdef uint64_t *sizes = NULL
    cdef size_t count, i
    cdef uint64_t total = 0
    get_events(events, &view)
    try:
        count = view.len // sizeof(ft_event)
        sizes = <uint64_t *>malloc(count * sizeof(uint64_t) + 1)
        if sizes is NULL:
            raise MemoryError()
        with nogil:
            ft_item_sizes(<const ft_event *>view.buf, count, stream, payload.shape[0], sizes)
            for i in range(count):
                total += sizes[i]
        if total != <uint64_t>out.shape[0]:
            raise ValueError(f"room for {out.shape[0]} bytes of {total}")
        if total and stream is not NULL:
            with nogil:
                ft_copy_items(<const ft_event *>view.buf, count, stream, payload.shape[0],
                              sizes, &out[0])
    finally:
        free(sizes)
        PyBuffer_Release(&view)


cdef extern from "decode/json.h" nogil:
    void ft_put_json_arguments(ft_text *text, const ft_view *view, ft_data *room)

cdef enum:
    ARGS_MAX = 1 << 16  # of one call's: two paths, and each byte an escape
    ARGS_ROOM = 1 << 20


def json_arguments(events, const uint8_t[::1] payload not None, int64_t[::1] lengths not None):
    cdef Py_buffer view
    cdef ft_snapshot snapshots[FT_SNAPSHOTS_MAX]
    cdef ft_text text
    cdef ft_view call
    cdef const ft_event *list
    cdef const uint8_t *stream = &payload[0] if payload.shape[0] else NULL
    cdef char *buffer = <char *>malloc(ARGS_ROOM)
    cdef size_t count, i
    cdef Room room = take_room()
    pieces = []
    try:
        if buffer is NULL:
            raise MemoryError()
        get_events(events, &view)
        try:
            count = view.len // sizeof(ft_event)
            list = <const ft_event *>view.buf
            if <size_t>lengths.shape[0] != count:
                raise ValueError(f"room for {lengths.shape[0]} lengths of {count}")
            ft_text_start(&text, buffer, ARGS_ROOM)
            for i in range(count):
                if buffer + ARGS_ROOM - text.at < ARGS_MAX:
                    pieces.append(buffer[:text.at - buffer])
                    ft_text_start(&text, buffer, ARGS_ROOM)
                lengths[i] = put_arguments(&text, &list[i], stream, payload.shape[0], &call,
                                           snapshots, room)
            pieces.append(buffer[:text.at - buffer])
        finally:
            PyBuffer_Release(&view)
    finally:
        room.is_used = False
        free(buffer)
    return b"".join(pieces)


cdef int64_t put_arguments(ft_text *text, const ft_event *event, const uint8_t *stream,
                           size_t length, ft_view *call, ft_snapshot *snapshots, Room room):
    """How long they are; 0: there are none, or they are too long."""
    cdef ft_text one
    if event.kind != FT_KIND_SYSCALL:
        return 0
    call.event, call.snapshots = event, snapshots
    call.count = ft_snapshots(event, stream, length, 0, snapshots)
    ft_text_start(&one, text.at, ARGS_MAX)
    ft_put_json_arguments(&one, call, &room.data)
    if one.is_full:
        return 0
    length = one.at - text.at
    text.at = one.at
    return length


cdef int get_events(events, Py_buffer *view) except -1:
    PyObject_GetBuffer(events, view, PyBUF_SIMPLE)
    if view.len % sizeof(ft_event) or <uintptr_t>view.buf % 8:
        PyBuffer_Release(view)
        raise ValueError("no whole events at a place for them")
    return 0
