/* The ring: event blocks on their way from the tracer thread to one consumer. Nothing is dropped.
 */
#ifndef FT_RING_H
#define FT_RING_H

#include <stdbool.h>

#include "fasttrace.h"

struct ft_ring;

/* block_events, queue_blocks: 0 for the defaults. */
int ft_ring_new(struct ft_ring **out, uint32_t block_events, uint32_t queue_blocks);
void ft_ring_free(struct ft_ring *r);

/*
 * Appends one event; its payload (items as event.h lays them out) goes along, and ev->payload and
 * the PAYLOAD flag are set here. Waits while the consumer is queue_blocks behind. -EPIPE: the
 * consumer has gone. wait: false where the caller is the consumer, which would wait for itself.
 */
int ft_ring_write(
	struct ft_ring *r, struct ft_event *ev, const void *payload, size_t payload_len, bool wait);
/* n events. Of those with the PAYLOAD flag ev->payload is where in `payload` theirs begins, in their order. */
int ft_ring_write_all(struct ft_ring *r, const struct ft_event *ev, size_t n, const void *payload,
	size_t payload_len, bool wait);
/* No more events will come. */
void ft_ring_finish(struct ft_ring *r);

/* As ft_take: a full block at once, else after at most 50 ms the filled part of the current one. */
int ft_ring_take(struct ft_ring *r, int64_t timeout_ns, struct ft_block **out);
/* The consumer has gone: writers no longer wait. */
void ft_ring_abandon(struct ft_ring *r);

struct ft_ring_counts {
	uint64_t written, taken, waits;
};
void ft_ring_counts(struct ft_ring *r, struct ft_ring_counts *out);

#endif
