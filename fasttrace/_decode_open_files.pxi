# What descriptors are, followed from call to call.

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
