from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "tally.h" nogil:
    enum:
        FT_NR_MAX
        FT_TALLY_STRANGERS_MAX

    struct ft_event:
        int32_t pid
        uint64_t time_ns
        uint64_t args[6]

    struct ft_tally:
        pass

    struct ft_tally_row:
        int32_t pid
        int32_t serial
        int32_t nr
        uint8_t abi
        uint64_t calls
        uint64_t finished
        uint64_t errors
        uint64_t total_ns
        uint64_t min_ns
        uint64_t max_ns

    enum:
        FT_HIST_BUCKETS

    int ft_tally_new(ft_tally **out)
    void ft_tally_free(ft_tally *t)
    int ft_tally_copy(ft_tally **out, const ft_tally *t)
    int ft_tally_add(ft_tally *t, int32_t pid, int32_t serial, const ft_event *ev)
    int ft_tally_add_all(ft_tally *t, const ft_event *ev, size_t n, int by_pid)
    int ft_tally_merge(ft_tally *into, const ft_tally *source)
    int ft_tally_add_row(ft_tally *into, int32_t pid, int32_t serial, uint8_t abi, int32_t nr,
                         const ft_tally *source, size_t i)
    int ft_tally_put(ft_tally *t, const ft_tally_row *r, const uint32_t *errnos,
                     const uint64_t *counts, size_t n, const uint64_t *hist)
    size_t ft_tally_rows(const ft_tally *t)
    const ft_tally_row *ft_tally_row_at "ft_tally_row"(const ft_tally *t, size_t i)
    size_t ft_tally_errnos(const ft_tally *t, size_t i, uint32_t *errnos, uint64_t *counts,
                           size_t max)
    void ft_tally_hist(const ft_tally *t, size_t i, uint64_t *counts)
    unsigned ft_hist_bucket(uint64_t ns)
    uint64_t ft_hist_low(unsigned bucket)
    uint64_t ft_tally_percentile(const ft_tally *t, size_t i, double q)


cdef extern from "watched.h" nogil:
    struct ft_call_number:
        int32_t nr
        uint8_t abi

    struct ft_under_way:
        uint64_t args[6]
        int32_t tid
        int32_t nr
        bint met

    struct ft_watched:
        int32_t pid
        int32_t tid
        uint64_t fd
        uint64_t level
        uint64_t began_ns
        const ft_call_number *talk
        size_t talk_len
        ft_under_way *under_way
        size_t under_way_len

    struct ft_interval_row:
        uint64_t calls
        uint64_t errors
        uint64_t total_ns
        uint32_t interval
        int32_t nr
        uint8_t abi

    struct ft_intervals:
        pass

    bint ft_watched_is_mark(const ft_watched *w, const ft_event *ev)
    void ft_watched_outside(ft_watched *w, const ft_event *ev, size_t n, uint8_t *outside)
    int ft_intervals_new(ft_intervals **out, const uint64_t *bounds, size_t count)
    void ft_intervals_free(ft_intervals *t)
    int ft_intervals_add(ft_intervals *t, const ft_event *ev, const uint8_t *outside, size_t n)
    size_t ft_intervals_rows(const ft_intervals *t)
    const ft_interval_row *ft_intervals_row_at "ft_intervals_row"(const ft_intervals *t, size_t i)


cdef class Tally:
    cdef ft_tally *tally

    @staticmethod
    cdef Tally _own(ft_tally *tally)
    cdef size_t row(self, i) except? 0
