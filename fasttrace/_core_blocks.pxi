"""Events as they come over, without a copy: included by _core.pyx."""

cdef class Block:
    """Events that came over together: a read-only buffer of EVENT_SIZE bytes each."""

    cdef ft_block *block

    def __dealloc__(self):
        ft_block_free_or_null(self.block)

    def __len__(self):
        return self.block.count

    def __repr__(self):
        return f"<Block of {self.block.count} events>"

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, self.block.events,
                          self.block.count * sizeof(ft_event), 1, flags)

    @property
    def events(self):
        """The events as a read-only array of EVENT_DTYPE, shape (n,), without a copy."""
        import numpy
        from fasttrace._tally import event_dtype
        return numpy.frombuffer(self, event_dtype())

    @property
    def payload(self):
        """The payload items of these events: a read-only memoryview of bytes."""
        return memoryview(Payload(self))

    @property
    def payload_base(self):
        """The offset of payload[0] in the session's payload stream, which events refer to."""
        return self.block.payload_base


cdef inline void ft_block_free_or_null(ft_block *b) noexcept:
    if b is not NULL:
        ft_block_free(b)


cdef class Payload:
    cdef Block owner

    def __init__(self, Block owner not None):
        self.owner = owner

    def __getbuffer__(self, Py_buffer *view, int flags):
        cdef ft_block *b = self.owner.block
        cdef void *start = b.payload if b.payload is not NULL else <void *>b.events
        PyBuffer_FillInfo(view, self, start, b.payload_len, 1, flags)
