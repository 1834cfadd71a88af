/*
 * What a process that watches itself did between its marks: a mark is a call to the descriptor by which it talks to
 * its tracer, which does nothing.
 */
#ifndef FT_WATCHED_H
#define FT_WATCHED_H

#include <stdbool.h>

#include "event.h"

struct ft_call_number {
	int32_t nr;
	uint8_t abi;
};

/* The call in which a thread was before it was traced. */
struct ft_under_way {
	uint64_t args[6];
	int32_t tid, nr;
	bool met; /* its first call has been seen */
};

struct ft_watched {
	int32_t pid, tid; /* who watches itself */
	uint64_t fd; /* to its tracer */
	uint64_t level; /* args[1] of a mark, or one more if it pauses; args[2] is its number */
	uint64_t began_ns; /* CLOCK_MONOTONIC */
	const struct ft_call_number *talk; /* what is called on fd to talk, or to make a mark */
	size_t talk_len;
	struct ft_under_way *under_way;
	size_t under_way_len;
};

bool ft_watched_is_mark(const struct ft_watched *w, const struct ft_event *ev);
/*
 * outside[i]: whether ev[i] is none of what was watched: talk, marks, and calls in which other threads already
 * were, which begin anew under a tracer. Events that follow are told by a further call.
 */
void ft_watched_outside(
	struct ft_watched *w, const struct ft_event *ev, size_t n, uint8_t *outside);

/* The calls of one number that began in one interval. */
struct ft_interval_row {
	uint64_t calls, errors, total_ns;
	uint32_t interval;
	int32_t nr;
	uint8_t abi;
};

struct ft_intervals;

/*
 * bounds: times, in order: interval i is behind bounds[2 * i] and before bounds[2 * i + 1]. They must stay where
 * they are. -EINVAL: count is odd, or beyond 2^32.
 */
int ft_intervals_new(struct ft_intervals **out, const uint64_t *bounds, size_t count);
void ft_intervals_free(struct ft_intervals *t);
/* Counts the calls among n events that are not outside. */
int ft_intervals_add(
	struct ft_intervals *t, const struct ft_event *ev, const uint8_t *outside, size_t n);
size_t ft_intervals_rows(const struct ft_intervals *t);
const struct ft_interval_row *ft_intervals_row(const struct ft_intervals *t, size_t i);

#endif
