"""What the methods of Session wait for: included by _core.pyx."""

# How long a call may stay in C before it looks for signals (Ctrl-C).
cdef int64_t SIGNALS_NS = 100_000_000

# What is waited for: as ft_take() and the like, 0 as long as there is nothing.
ctypedef int (*wait_for)(ft_session *s, int64_t ns, void *arg) noexcept nogil


cdef int take_block(ft_session *s, int64_t ns, void *arg) noexcept nogil:
    return ft_take(s, ns, <ft_block **>arg)


cdef int take_handed(ft_session *s, int64_t ns, void *arg) noexcept nogil:
    return ft_take_call(s, ns, <ft_handed *>arg)


cdef int wait_end(ft_session *s, int64_t ns, void *arg) noexcept nogil:
    return ft_wait(s, ns)


cdef struct register_request:
    int tid
    uint64_t which
    ft_registers registers


cdef inline int had(int rc) noexcept nogil:
    return 0 if rc == -EAGAIN else 1 if rc == 0 else rc


cdef int read_registers(ft_session *s, int64_t ns, void *arg) noexcept nogil:
    cdef register_request *r = <register_request *>arg
    return had(ft_get_registers(s, r.tid, ns, &r.registers))


cdef int write_registers(ft_session *s, int64_t ns, void *arg) noexcept nogil:
    cdef register_request *r = <register_request *>arg
    return had(ft_set_registers(s, r.tid, ns, r.which, &r.registers))
