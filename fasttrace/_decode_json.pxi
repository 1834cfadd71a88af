# Calls as JSON, an object on a line.

cdef extern from "decode/json.h" nogil:
    enum: FT_JSON_VERSION

    struct ft_json_style:
        const char *comm
        size_t comm_length
        uint32_t string_max
        cbool without_args
        const uint8_t *frames
        size_t frames_size

    void ft_put_json_string(ft_text *text, const uint8_t *data, size_t length, cbool cut)
    void ft_put_json_value(ft_text *text, const ft_datum *datum)
    void ft_put_json_call(ft_text *text, const ft_view *view, const ft_json_style *style,
                          ft_data *room)


cdef extern from "decode/frames.h" nogil:
    const uint8_t *ft_item_of(const ft_event *event, int type, const uint8_t *payload,
                              size_t length, uint64_t payload_base, size_t *size)

cdef extern from "event.h" nogil:
    enum: FT_PAYLOAD_PYTHON


cdef enum:
    JSON_ROOM = 1 << 18  # enough for all but calls that are made to be long
    JSON_MAX = 1 << 24  # of one call; longer ones go without their arguments

JSON_VERSION = FT_JSON_VERSION


def json_string(const uint8_t[::1] data not None, bint cut=False):
    cdef size_t size = 12 * <size_t>data.shape[0] + 64
    cdef char *buffer = <char *>malloc(size)
    cdef ft_text text
    if buffer is NULL:
        raise MemoryError()
    try:
        ft_text_start(&text, buffer, size)
        ft_put_json_string(&text, &data[0] if data.shape[0] else NULL, data.shape[0], cut)
        return buffer[:text.at - buffer].decode("ascii")
    finally:
        free(buffer)


def siginfo_json(int32_t number, const uint8_t[::1] data not None):
    cdef char buffer[8192]  # there are some twenty numbers in it
    cdef ft_text text
    cdef Room room = take_room()
    try:
        list_siginfo(room, number, data)
        ft_text_start(&text, buffer, sizeof(buffer))
        ft_put_json_value(&text, room.data.list)
        return buffer[:text.at - buffer].decode("ascii")
    finally:
        room.is_used = False


cdef class JsonLines:
    cdef ft_json_style style
    cdef char *buffer
    cdef size_t size
    cdef OpenFiles files

    def __cinit__(self, uint32_t string_limit=32, bint descriptors=False):
        self.style.string_max = string_limit
        self.files = OpenFiles() if descriptors else None
        self.buffer = <char *>malloc(JSON_ROOM)
        self.size = JSON_ROOM
        if self.buffer is NULL:
            raise MemoryError()

    def __dealloc__(self):
        free(self.buffer)

    cdef int grow(self) except -1:
        cdef char *larger = <char *>realloc(self.buffer, self.size * 4)
        if larger is NULL:
            raise MemoryError()
        self.buffer, self.size = larger, self.size * 4
        return 0

    def text(self, events, payload, uint64_t payload_base, other not None, comm_of not None,
             bytes shown=None):
        cdef Ordered held = Ordered(events, payload)
        cdef Room room
        if shown is not None and len(shown) != <Py_ssize_t>held.count:
            raise ValueError(f"{len(shown)} bytes: one for each event")
        room = take_room()
        room.data.files = self.files.files if self.files is not None else NULL
        pieces = []
        try:
            self.put_all(held, payload_base, room, pieces, other, comm_of,
                         <const uint8_t *><char *>shown if shown is not None else NULL)
        finally:
            room.data.files = NULL
            room.is_used = False
        return "".join(pieces)

    cdef int put_all(self, Ordered held, uint64_t base, Room room, list pieces, other, comm_of,
                     const uint8_t *shown) except -1:
        cdef ft_open_files *files = room.data.files
        cdef const uint8_t *stream = <const uint8_t *>held.stream.buf
        cdef size_t length = held.stream.len
        cdef bint is_begun = False
        cdef ft_snapshot snapshots[FT_SNAPSHOTS_MAX]
        cdef ft_text text
        cdef ft_view view
        cdef const ft_event *ev
        cdef char *line
        cdef bytes comm = None
        cdef int32_t pid = 0
        cdef uint64_t since = 0, until = 0
        cdef size_t i = 0
        ft_text_start(&text, self.buffer, self.size)
        self.style.without_args = False
        while i < held.count:
            ev = &held.events[held.order[i]]
            view.event, view.snapshots, view.count = ev, snapshots, 0
            view.payload, view.payload_length = NULL, 0
            if files is not NULL:
                ft_view_payload(&view, stream, length, base)
            if ev.kind != FT_KIND_SYSCALL:
                if files is not NULL:
                    ft_opened_event(files, ev, view.payload, view.payload_length)
                if shown is NULL or shown[held.order[i]]:
                    self.take(&text, pieces)
                    pieces.append(other(held.order[i]))
                    comm = None
                i += 1
                continue
            if files is NULL and shown is not NULL and not shown[held.order[i]]:
                i += 1
                continue
            view.count = ft_snapshots(ev, stream, length, base, snapshots)
            if files is not NULL and not is_begun:
                ft_opened_begin(files, &view)
                is_begun = True
            if shown is NULL or shown[held.order[i]]:
                if comm is None or ev.pid != pid or ev.time_ns < since or ev.time_ns >= until:
                    pid = ev.pid
                    comm, since, until = comm_of(pid, ev.time_ns)
                    self.style.comm, self.style.comm_length = comm, len(comm)
                self.style.frames = ft_item_of(ev, FT_PAYLOAD_PYTHON, stream, length, base,
                                               &self.style.frames_size)
                line = text.at
                ft_put_json_call(&text, &view, &self.style, &room.data)
                if text.is_full:
                    text.at = line
                    self.make_room(&text, pieces)
                    continue
                self.style.without_args = False
            if files is not NULL:
                ft_opened_end(files, &view)
                is_begun = False
            i += 1
        self.take(&text, pieces)
        return 0

    cdef int make_room(self, ft_text *text, list pieces) except -1:
        """For a call that did not fit."""
        if text.at > self.buffer:
            self.take(text, pieces)
        elif self.size < JSON_MAX:
            self.grow()
        elif self.style.without_args:
            raise ValueError("a name of a program that no line has room for")
        else:
            self.style.without_args = True
        ft_text_start(text, self.buffer, self.size)
        return 0

    cdef int take(self, ft_text *text, list pieces) except -1:
        """What is written so far; the buffer is empty again."""
        if text.at > self.buffer:
            pieces.append(self.buffer[:text.at - self.buffer].decode("ascii"))
        ft_text_start(text, self.buffer, self.size)
        return 0
