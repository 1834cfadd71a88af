"""The boundary to the C decoder: blocks of events become lines of text."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport uint8_t, uint32_t, uint64_t, uintptr_t
from libc.stdlib cimport free, malloc


cdef extern from "event.h" nogil:
    struct ft_event:
        uint8_t kind


cdef extern from "decode/lines.h" nogil:
    struct ft_line_style:
        const char *dim
        const char *red
        const char *cyan
        const char *reset
        uint64_t origin_ns
        uint32_t string_max

    size_t ft_put_lines(const ft_line_style *style, const ft_event *events, const uint32_t *order,
                        size_t count, const uint8_t *payload, size_t payload_length,
                        uint64_t payload_base, char *buffer, size_t size, size_t *done)
    void ft_order_of_end(const ft_event *events, size_t count, uint32_t *order)


cdef enum:
    BUFFER_SIZE = 1 << 20  # of the text that is made at a time; no line is longer
    EVENTS_MAX = 1 << 30


cdef class Lines:
    cdef bytes dim, red, cyan, reset
    cdef ft_line_style style

    def __init__(self, bytes dim not None, bytes red not None, bytes cyan not None,
                 bytes reset not None, uint32_t string_limit=32):
        self.dim, self.red, self.cyan, self.reset = dim, red, cyan, reset
        self.style.dim, self.style.red = self.dim, self.red
        self.style.cyan, self.style.reset = self.cyan, self.reset
        self.style.string_max = string_limit

    def text(self, events, payload, uint64_t payload_base, uint64_t origin_ns, other not None):
        cdef Py_buffer view, stream
        cdef bytes aligned
        cdef uint32_t *order = NULL
        cdef char *buffer = NULL
        cdef const ft_event *list
        cdef size_t count, at = 0, done = 0, length = 0
        cdef ft_line_style style = self.style
        style.origin_ns = origin_ns
        pieces = []
        PyObject_GetBuffer(events, &view, PyBUF_SIMPLE)
        try:
            if view.len % sizeof(ft_event):
                raise ValueError(f"{view.len} bytes are no whole number of events")
            count = view.len // sizeof(ft_event)
            if count > <size_t>EVENTS_MAX:
                raise ValueError(f"{count} events at once")
            list = <const ft_event *>view.buf
            if <uintptr_t>view.buf % 8:
                aligned = bytes(events)
                list = <const ft_event *><const char *>aligned
            PyObject_GetBuffer(payload, &stream, PyBUF_SIMPLE)
            try:
                order = <uint32_t *>malloc(2 * count * sizeof(uint32_t) + 1)
                buffer = <char *>malloc(BUFFER_SIZE)
                if order is NULL or buffer is NULL:
                    raise MemoryError()
                with nogil:
                    ft_order_of_end(list, count, order)
                while at < count:
                    with nogil:
                        length = ft_put_lines(
                            &style, list, order + at, count - at, <const uint8_t *>stream.buf,
                            stream.len, payload_base, buffer, BUFFER_SIZE, &done)
                    pieces.append(buffer[:length].decode("ascii"))
                    at += done
                    if not done:
                        pieces.append(other(order[at]))
                        at += 1
            finally:
                PyBuffer_Release(&stream)
        finally:
            free(order)
            free(buffer)
            PyBuffer_Release(&view)
        return "".join(pieces)
