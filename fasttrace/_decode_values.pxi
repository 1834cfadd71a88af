# The data that C lists of a call become values of fasttrace.decode.values.

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
