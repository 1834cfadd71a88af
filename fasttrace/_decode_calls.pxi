# Calls as Python objects.

cdef class Payload:
    cdef Py_buffer view
    cdef uint64_t base
    cdef readonly object comm_of
    cdef bint has_view

    def __cinit__(self, payload, uint64_t base=0, comm_of=None):
        PyObject_GetBuffer(payload, &self.view, PyBUF_SIMPLE)
        self.has_view = True
        self.base = base
        self.comm_of = comm_of

    def __dealloc__(self):
        if self.has_view:
            PyBuffer_Release(&self.view)

    cdef const uint8_t *start(self):
        return <const uint8_t *>self.view.buf

    cdef size_t length(self):
        return self.view.len


NO_PAYLOAD = Payload(b"")


cdef class Event:
    cdef ft_event event
    cdef readonly Payload payload
    cdef object arguments
    cdef readonly tuple told

    def __cinit__(self):
        self.payload = NO_PAYLOAD

    @property
    def pid(self):
        return self.event.pid

    @property
    def tid(self):
        return self.event.tid

    @property
    def time_ns(self):
        return self.event.time_ns

    @property
    def duration_ns(self):
        return self.event.duration_ns

    @property
    def raw_args(self):
        return tuple([self.event.args[i] for i in range(6)])

    @property
    def ret(self):
        return self.event.ret

    @property
    def kind(self):
        return self.event.kind

    @property
    def nr(self):
        return self.event.nr

    @property
    def abi_index(self):
        return self.event.abi

    @property
    def bits(self):
        return self.event.flags

    @property
    def args(self):
        if self.arguments is None:
            self.arguments = self.told[0] if self.told is not None else self.decoded(ARGS)
        return self.arguments

    @property
    def result(self):
        return self.told[1] if self.told is not None else self.decoded(RESULT)

    @property
    def found(self):
        return self.told[2] if self.told is not None else self.decoded(FOUND)

    cdef object decoded(self, Part part):
        cdef ft_snapshot snapshots[FT_SNAPSHOTS_MAX]
        cdef ft_view view
        cdef Room room
        if self.event.kind != FT_KIND_SYSCALL:
            return Arguments() if part == ARGS else None
        room = take_room()
        try:
            self.look(&view, snapshots, part != RESULT)
            return part_of(room, &view, part)
        finally:
            room.is_used = False

    cdef void look(self, ft_view *view, ft_snapshot *snapshots, bint with_memory):
        view.event, view.snapshots, view.count = &self.event, snapshots, 0
        ft_view_payload(view, self.payload.start(), self.payload.length(), self.payload.base)
        if with_memory:
            view.count = ft_snapshots(&self.event, self.payload.start(), self.payload.length(),
                                      self.payload.base, snapshots)

    def restore(self, tuple told):
        self.told = told

    def line(self, uint32_t string_limit=32, *, bint whole=False):
        cdef ft_snapshot snapshots[FT_SNAPSHOTS_MAX]
        cdef ft_view view
        cdef ft_line_style style
        cdef ft_text text
        cdef char *buffer
        if self.event.kind != FT_KIND_SYSCALL:
            raise ValueError("an event that is no system call has no line of one")
        style.dim = style.red = style.cyan = style.reset = b""
        style.origin_ns, style.string_max, style.is_whole = 0, string_limit, whole
        view.event, view.snapshots = &self.event, snapshots
        view.count = ft_snapshots(&self.event, self.payload.start(), self.payload.length(),
                                  self.payload.base, snapshots)
        buffer = <char *>malloc(LINE_MAX)
        if buffer is NULL:
            raise MemoryError()
        try:
            ft_text_start(&text, buffer, LINE_MAX)
            ft_put_call(&text, &view, &style)
            return buffer[:text.at - buffer].decode("ascii") + ("..." if text.is_full else "")
        finally:
            free(buffer)

    def parts(self):
        cdef ft_payload head
        cdef uint64_t at = self.event.payload - self.payload.base
        cdef uint64_t start = at, length = self.payload.length()
        if not self.event.flags & FT_FLAG_PAYLOAD or self.event.payload < self.payload.base:
            start = at = 0
        else:
            for _ in range(ITEMS_MAX):
                if at > length or length - at < sizeof(head):
                    break
                memcpy(&head, self.payload.start() + at, sizeof(head))
                at += sizeof(head) + ((<uint64_t>head.length + 7) & ~<uint64_t>7)
                if not head.flags & FT_PAYLOAD_MORE:
                    break
        start, at = min(start, length), min(at, length)
        return ((<const char *>&self.event)[:sizeof(self.event)],
                (<const char *>self.payload.start())[start:at] if at > start else b"",
                self.event.payload)

    def __eq__(self, other):
        if not isinstance(other, Event):
            return NotImplemented
        return self.identity() == other.identity()

    def __hash__(self):
        return hash(self.identity())

    def identity(self):
        cdef ft_event event = self.event
        event.payload = 0
        return (<const char *>&event)[:sizeof(event)], self.parts()[1]


def events_of(cls not None, events, Payload payload not None):
    """An object of the class, which is an Event, for each event of a buffer."""
    cdef Py_buffer view
    cdef const char *at
    cdef Event made
    cdef list out = []
    if not issubclass(cls, Event):
        raise TypeError(f"{cls} is no Event")
    PyObject_GetBuffer(events, &view, PyBUF_SIMPLE)
    try:
        if view.len % sizeof(ft_event):
            raise ValueError(f"{view.len} bytes are no whole number of events")
        at = <const char *>view.buf
        for _ in range(view.len // <Py_ssize_t>sizeof(ft_event)):
            made = cls.__new__(cls)
            memcpy(&made.event, at, sizeof(ft_event))
            made.payload = payload
            at += sizeof(ft_event)
            out.append(made)
    finally:
        PyBuffer_Release(&view)
    return out


cdef int list_siginfo(Room room, int32_t number, const uint8_t[::1] data) except -1:
    """ValueError: it is too short."""
    cdef ft_event event
    if data.shape[0] < FT_SIGINFO_SIZE:
        raise ValueError(f"{data.shape[0]} bytes are no siginfo")
    memset(&event, 0, sizeof(event))
    event.nr = number
    ft_data_siginfo(&room.data, &event, &data[0])
    return 0


def siginfo(int32_t number, const uint8_t[::1] data not None):
    cdef Room room = take_room()
    try:
        list_siginfo(room, number, data)
        return value_of(room.data.list)
    finally:
        room.is_used = False
