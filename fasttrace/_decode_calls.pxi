# Calls as Python objects: the data that C lists become values of fasttrace.decode.values.

cdef extern from "decode/memory.h" nogil:
    enum: FT_SNAPSHOTS_MAX

    struct ft_snapshot:
        uint8_t type

    struct ft_view:
        const ft_event *event
        const ft_snapshot *snapshots
        size_t count
        const uint8_t *payload
        size_t payload_length

    void ft_view_payload(ft_view *view, const uint8_t *payload, size_t length,
                         uint64_t payload_base)
    size_t ft_snapshots(const ft_event *event, const uint8_t *payload, size_t length,
                        uint64_t payload_base, ft_snapshot *snapshots)

cdef extern from "decode/data.h" nogil:
    enum ft_datum_kind:
        FT_DATUM_INTEGER
        FT_DATUM_SET
        FT_DATUM_NAMED
        FT_DATUM_BYTES
        FT_DATUM_STRING
        FT_DATUM_WORD
        FT_DATUM_NULL
        FT_DATUM_MORE
        FT_DATUM_STRUCT
        FT_DATUM_LIST
        FT_DATUM_DESCRIPTOR

    enum ft_shown_as:
        FT_SIGNED
        FT_HEX_INT
        FT_ADDRESS

    struct ft_set:
        uint8_t is_flags

    struct ft_datum:
        uint8_t kind
        uint8_t shown
        cbool cut
        cbool becomes
        uint32_t count
        const char *name
        uint64_t value
        const ft_set *set
        const uint8_t *bytes
        uint32_t length
        const char *note

    struct ft_data:
        const ft_datum *list
        size_t count
        cbool is_full
        ft_open_files *files

    void ft_data_start(ft_data *data, ft_datum *list, size_t max, char *texts, size_t texts_max)
    void ft_data_siginfo(ft_data *data, const ft_event *signal, const uint8_t *siginfo)
    int ft_data_arguments(ft_data *data, const ft_view *view)
    cbool ft_data_result(ft_data *data, const ft_view *view)
    cbool ft_data_found(ft_data *data, const ft_view *view)

cdef extern from "decode/opened.h" nogil:
    void ft_opened_begin(ft_open_files *f, const ft_view *view)
    void ft_opened_end(ft_open_files *f, const ft_view *view)
    void ft_opened_event(ft_open_files *f, const ft_event *ev, const uint8_t *payload,
                         size_t payload_length)

cdef extern from "decode/touches.h" nogil:
    cbool ft_touches(ft_open_files *f, const ft_view *view, const char *paths, size_t paths_length,
                     const int32_t *fds, size_t fds_count)

cdef extern from "decode/text.h" nogil:
    struct ft_text:
        char *at
        cbool is_full

    void ft_text_start(ft_text *text, char *buffer, size_t size)
    void ft_put_set(ft_text *text, const ft_set *set, uint64_t value)

cdef extern from "decode/lines.h" nogil:
    void ft_put_call(ft_text *text, const ft_view *view, const ft_line_style *style)


cdef enum:
    DATA_MAX = 1 << 16  # more than any call has: 32 messages of 32 pieces each
    TEXTS_MAX = 1 << 18
    NAMES_MAX = 4096  # of numbers that are kept made; tracees choose them
    LINE_MAX = 1 << 20
    ITEMS_MAX = 1024  # of an event: fasttrace.data.events


# Looked up once: there are many values in a call.
cdef object Address = values.Address
cdef object Arguments = values.Arguments
cdef object Change = values.Change
cdef object CutData = values.CutData
cdef object CutText = values.CutText
cdef object Data = values.Data
cdef object Descriptor = values.Descriptor
cdef object Flags = values.Flags
cdef object Named = values.Named
cdef object Struct = values.Struct


cdef tuple NO_ARGUMENTS = ()


cdef class Room:
    """Memory for the data of one call at a time."""

    cdef ft_data data
    cdef ft_datum *list
    cdef char *texts
    cdef bint is_used

    def __cinit__(self):
        self.list = <ft_datum *>malloc(DATA_MAX * sizeof(ft_datum))
        self.texts = <char *>malloc(TEXTS_MAX)
        if self.list is NULL or self.texts is NULL:
            raise MemoryError()
        ft_data_start(&self.data, self.list, DATA_MAX, self.texts, TEXTS_MAX)

    def __dealloc__(self):
        free(self.list)
        free(self.texts)


cdef Room usual_room = None
cdef dict named = {}  # by text
cdef dict flags = {}  # by set, by value


cdef Room take_room():
    """The usual one, unless another thread, or we ourselves further up, are at work in it."""
    global usual_room
    if usual_room is None:
        usual_room = Room()
    room = usual_room if not usual_room.is_used else Room()
    room.is_used = True
    return room


cdef inline object empty(object cls):
    return (<newfunc>(<PyTypeObject *>cls).tp_new)(<type>cls, NO_ARGUMENTS, NULL)


cdef object number_of(const ft_datum *d):
    return <int64_t>d.value if d.shown in (FT_SIGNED, FT_HEX_INT) else d.value


cdef object named_of(const ft_datum *d):
    text = (<const char *>d.bytes)[:d.length].decode("ascii")
    value = number_of(d)
    found = named.get(text)
    if found is None or found != value:
        if len(named) >= NAMES_MAX:
            named.clear()
        found = named[text] = Named(value, text)
    return found


cdef object flags_of(const ft_datum *d):
    cdef char buffer[4096]
    cdef ft_text text
    cdef dict of_set = flags.get(<uintptr_t>d.set)
    if of_set is None:
        of_set = flags[<uintptr_t>d.set] = {}
    found = of_set.get(d.value)
    if found is None:
        if len(of_set) >= NAMES_MAX:
            of_set.clear()
        ft_text_start(&text, buffer, sizeof(buffer))
        ft_put_set(&text, d.set, d.value)
        found = of_set[d.value] = Flags(d.value, buffer[:text.at - buffer].decode("ascii"))
    return found


cdef object address_of(const ft_datum *d):
    address = Address(d.value)
    if d.note is not NULL:
        address.note = d.note.decode("ascii")
    return address


cdef object descriptor_of(const ft_datum *d):
    text = d.note.decode("ascii") if d.note is not NULL else str(<int64_t>d.value)
    path = (<const char *>d.bytes)[:d.length].decode("utf-8", "surrogateescape")
    return Descriptor(<int64_t>d.value, text, path, bool(d.cut))


cdef object value_of(const ft_datum *d):
    cdef const char *bytes_ = <const char *>d.bytes
    if d.kind == FT_DATUM_INTEGER:
        return address_of(d) if d.shown == FT_ADDRESS else number_of(d)
    if d.kind == FT_DATUM_SET:
        return flags_of(d)
    if d.kind == FT_DATUM_NAMED:
        return named_of(d)
    if d.kind == FT_DATUM_STRING:
        string = bytes_[:d.length].decode("utf-8", "surrogateescape") if d.length else ""
        return CutText(string) if d.cut else string
    if d.kind == FT_DATUM_BYTES:
        return (CutData if d.cut else Data)(bytes_[:d.length] if d.length else b"")
    if d.kind == FT_DATUM_STRUCT:
        return put_fields(empty(Struct), d + 1, d.count, "field")
    if d.kind == FT_DATUM_LIST:
        return list_of(d + 1, d.count) + [...] if d.cut else list_of(d + 1, d.count)
    if d.kind == FT_DATUM_DESCRIPTOR:
        return descriptor_of(d)
    if d.kind == FT_DATUM_WORD:
        return bytes_[:d.length].decode("ascii")
    return ... if d.kind == FT_DATUM_MORE else None


cdef inline size_t width_of(const ft_datum *d):
    """How many data a value takes."""
    return 1 + (d.count if d.kind == FT_DATUM_STRUCT or d.kind == FT_DATUM_LIST else 0)


cdef object changed(const ft_datum *list, size_t left, size_t *taken):
    """The first value of a list, with what it becomes."""
    cdef size_t n = width_of(list)
    value = value_of(list)
    if list.becomes and n < left:
        value = Change(value, value_of(list + n))
        n += width_of(list + n)
    taken[0] = n
    return value


cdef list list_of(const ft_datum *list, size_t count):
    cdef size_t i = 0, taken
    values = []
    while i < count:
        values.append(changed(list + i, count - i, &taken))
        i += taken
    return values


cdef struct KeptName:
    const char *c
    PyObject *name


cdef KeptName kept_names[1 << 12]


cdef inline object name_of(const char *c):
    """C's names lie in the tables and never go; one place for several is no harm."""
    cdef KeptName *kept = &kept_names[(<uintptr_t>c ^ <uintptr_t>c >> 12) & 0xFFF]
    if kept.c != c:
        name = PyUnicode_InternFromString(c)
        Py_INCREF(name)
        Py_XDECREF(kept.name)
        kept.c, kept.name = c, <PyObject *>name
    return <object>kept.name


cdef object put_fields(object into, const ft_datum *list, size_t count, str unnamed):
    cdef size_t i = 0, taken
    while i < count:
        value = changed(list + i, count - i, &taken)
        if list[i].name is NULL:
            PyDict_SetItem(into, f"{unnamed}{len(into)}", value)
        else:
            PyDict_SetItem(into, name_of(list[i].name), value)
        i += taken
    return into


cdef enum Part:
    ARGS
    RESULT
    FOUND


cdef object part_of(Room room, const ft_view *view, Part part):
    if part == ARGS:
        ft_data_arguments(&room.data, view)
        return put_fields(empty(Arguments), room.data.list, room.data.count, "arg")
    if not (ft_data_result(&room.data, view) if part == RESULT else ft_data_found(&room.data, view)):
        return None
    return value_of(room.data.list) if room.data.count else None


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


cdef class OpenFiles:
    """What descriptors are, followed from one event to the next."""

    cdef ft_open_files *files

    def __cinit__(self):
        if ft_open_files_new(&self.files) < 0:
            raise MemoryError()

    def __dealloc__(self):
        ft_open_files_free(self.files)

    def tell(self, Event event not None, bint wanted=True):
        cdef ft_snapshot snapshots[FT_SNAPSHOTS_MAX]
        cdef ft_view view
        cdef Room room
        event.look(&view, snapshots, event.event.kind == FT_KIND_SYSCALL)
        if event.event.kind != FT_KIND_SYSCALL:
            ft_opened_event(self.files, &event.event, view.payload, view.payload_length)
            return
        ft_opened_begin(self.files, &view)
        if wanted:
            room = take_room()
            room.data.files = self.files
            try:
                event.told = (part_of(room, &view, ARGS), part_of(room, &view, RESULT),
                              part_of(room, &view, FOUND))
            finally:
                room.data.files = NULL
                room.is_used = False
        ft_opened_end(self.files, &view)

    def touching(self, events, payload, uint64_t payload_base, bytes paths, fds):
        cdef Ordered held = Ordered(events, payload)
        cdef const uint8_t *stream = <const uint8_t *>held.stream.buf
        cdef ft_snapshot snapshots[FT_SNAPSHOTS_MAX]
        cdef ft_view view
        cdef const ft_event *ev
        cdef bytes numbers = array("i", fds).tobytes()
        cdef bytearray mask = bytearray(held.count)
        cdef size_t i
        for i in range(held.count):
            ev = &held.events[held.order[i]]
            view.event, view.snapshots, view.count = ev, snapshots, 0
            ft_view_payload(&view, stream, held.stream.len, payload_base)
            if ev.kind != FT_KIND_SYSCALL:
                ft_opened_event(self.files, ev, view.payload, view.payload_length)
                continue
            view.count = ft_snapshots(ev, stream, held.stream.len, payload_base, snapshots)
            ft_opened_begin(self.files, &view)
            if ft_touches(self.files, &view, paths, len(paths),
                          <const int32_t *><const char *>numbers,
                          len(numbers) // sizeof(int32_t)):
                mask[held.order[i]] = 1
            ft_opened_end(self.files, &view)
        return bytes(mask)


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
