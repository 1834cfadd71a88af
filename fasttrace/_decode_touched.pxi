cdef extern from "decode/touched.h" nogil:
    struct ft_touched_row:
        uint32_t event
        int32_t fd, name

    struct ft_touched:
        ft_touched_row *rows
        size_t count
        ft_words *names

    int ft_touched_new(ft_touched **out, uint64_t seed)
    void ft_touched_free(ft_touched *t)
    int ft_touched_look(ft_touched *t, const ft_event *events, const uint32_t *order, size_t count,
                        const uint8_t *payload, size_t payload_length, uint64_t payload_base)
    void ft_touched_forget(ft_touched *t)


cdef class Touched:
    cdef ft_touched *touched

    def __cinit__(self):
        if ft_touched_new(&self.touched, int.from_bytes(urandom(8), "little")) < 0:
            raise MemoryError()

    def __dealloc__(self):
        ft_touched_free(self.touched)

    def look(self, const uint8_t[::1] events not None, const uint32_t[::1] order not None, payload,
             uint64_t payload_base=0):
        cdef size_t count = events.shape[0] // sizeof(ft_event), i
        cdef Py_buffer stream
        cdef int rc = 0
        if events.shape[0] % sizeof(ft_event):
            raise ValueError(f"{events.shape[0]} bytes are no whole number of events")
        for i in range(<size_t>order.shape[0]):
            if order[i] >= count:
                raise ValueError(f"there is no event {order[i]}")
        if order.shape[0]:
            if <uintptr_t>&events[0] % 8:
                raise ValueError("events lie at an odd place")
            PyObject_GetBuffer(payload, &stream, PyBUF_SIMPLE)
            try:
                with nogil:
                    rc = ft_touched_look(self.touched, <const ft_event *>&events[0], &order[0],
                                         order.shape[0], <const uint8_t *>stream.buf, stream.len,
                                         payload_base)
            finally:
                PyBuffer_Release(&stream)
        if rc < 0:
            raise MemoryError()
        if not order.shape[0] or not self.touched.count:
            return b""
        return (<char *>self.touched.rows)[:self.touched.count * sizeof(ft_touched_row)]

    def names(self, size_t first=0):
        cdef const int64_t *ends
        cdef const uint8_t *text = ft_words_text(self.touched.names, &ends)
        cdef size_t count = ft_words_count(self.touched.names), i
        cdef int64_t start = ends[first - 1] if 0 < first <= count else 0
        found = []
        for i in range(first, count):
            found.append((<const char *>text)[start:ends[i]])
            start = ends[i]
        return found

    def forget(self):
        ft_touched_forget(self.touched)
