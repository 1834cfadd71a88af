/* The tally: counts, errors, durations and a log-scaled histogram per syscall, in constant memory. */
#ifndef FT_TALLY_H
#define FT_TALLY_H

#include "event.h"

struct ft_tally;

/* Histogram: exact below FT_HIST_SUB ns, then FT_HIST_SUB linear steps per power of two (relative error < 1/FT_HIST_SUB). */
#define FT_HIST_SUB	32
#define FT_HIST_BUCKETS 1920 /* covers all of uint64 */

/*
 * A program may make up numbers. So many that no table knows, from FT_NR_MAX on or below 0, have rows of their own,
 * of whatever process; those seen later share the row of FT_NR_MAX - 1 (one for each process, by process).
 */
#define FT_TALLY_STRANGERS_MAX 1024

struct ft_tally_row {
	int32_t pid; /* 0 unless the tally is kept by process */
	int32_t serial; /* the session's serial number of the process (pids are reused); 0 unless by process */
	int32_t nr;
	uint8_t abi;
	uint64_t calls; /* every call that was entered, unfinished ones included */
	uint64_t finished; /* calls with a result and a duration */
	uint64_t errors;
	uint64_t total_ns, min_ns,
		max_ns; /* over finished calls; min_ns is 0 where finished is 0 */
};

int ft_tally_new(struct ft_tally **out);
void ft_tally_free(struct ft_tally *t);
int ft_tally_copy(struct ft_tally **out, const struct ft_tally *t);

/* Count one event (anything but FT_KIND_SYSCALL is ignored). pid/serial 0, 0 for a tally not by process. */
int ft_tally_add(struct ft_tally *t, int32_t pid, int32_t serial, const struct ft_event *ev);
/* Of a call that has ended. */
struct ft_tally_call {
	uint64_t ns;
	int32_t nr;
	int32_t error; /* errno; 0: none */
};

/* Count n of them, all of one process. */
int ft_tally_add_calls(struct ft_tally *t, int32_t pid, int32_t serial, uint8_t abi,
	const struct ft_tally_call *calls, size_t n);
/* Count n events of a trace; by_pid: keep rows per ev->pid with serial 0. */
int ft_tally_add_all(struct ft_tally *t, const struct ft_event *ev, size_t n, int by_pid);
int ft_tally_merge(struct ft_tally *into, const struct ft_tally *from);
/* Add row i of another tally under the key given: the one step of every merge, selection and regrouping. */
int ft_tally_add_row(struct ft_tally *into, int32_t pid, int32_t serial, uint8_t abi, int32_t nr,
	const struct ft_tally *from, size_t i);

/*
 * Add what ft_tally_row(), ft_tally_errnos() (n of them) and ft_tally_hist() told of a row, under its own key.
 * -EINVAL: no row tells that.
 */
int ft_tally_put(struct ft_tally *t, const struct ft_tally_row *r, const uint32_t *errnos,
	const uint64_t *counts, size_t n, const uint64_t *hist);

size_t ft_tally_rows(const struct ft_tally *t);
const struct ft_tally_row *ft_tally_row(const struct ft_tally *t, size_t i);
/* errno/count pairs of row i: returns how many there are, fills at most max of each. Errors that name no errno (1..4095) are under 0. */
size_t ft_tally_errnos(
	const struct ft_tally *t, size_t i, uint32_t *errnos, uint64_t *counts, size_t max);
/* Histogram of row i: bucket counts, FT_HIST_BUCKETS long. */
void ft_tally_hist(const struct ft_tally *t, size_t i, uint64_t *counts);
unsigned ft_hist_bucket(uint64_t ns);
uint64_t ft_hist_low(unsigned bucket); /* smallest value of the bucket */
/* Nearest-rank percentile (0 < q <= 1) of row i in ns: the middle of its bucket, kept within min..max; 0 where finished is 0. */
uint64_t ft_tally_percentile(const struct ft_tally *t, size_t i, double q);

#endif
