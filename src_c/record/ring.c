#define _GNU_SOURCE
#include "record/ring.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/clock.h"

#define DEFAULT_BLOCK_EVENTS 4096
#define DEFAULT_QUEUE_BLOCKS 16
#define BLOCK_PAYLOAD_MAX    (1u << 20)
#define LATENCY_NS	     50000000

struct node {
	struct ft_block block; /* first: ft_block_free() gets this address */
	struct node *next;
	size_t payload_room;
};

struct ft_ring {
	pthread_mutex_t lock;
	pthread_cond_t readable, writable;
	struct node *current; /* being filled; NULL until the next event */
	struct node *head, **tail;
	uint32_t queued, queue_blocks, block_events;
	uint64_t payload_pos;
	bool finished, abandoned;
	struct ft_ring_counts counts;
};

int ft_ring_new(struct ft_ring **out, uint32_t block_events, uint32_t queue_blocks)
{
	struct ft_ring *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->block_events = block_events ? block_events : DEFAULT_BLOCK_EVENTS;
	r->queue_blocks = queue_blocks ? queue_blocks : DEFAULT_QUEUE_BLOCKS;
	r->tail = &r->head;
	pthread_mutex_init(&r->lock, NULL);
	ft_cond_init(&r->readable);
	ft_cond_init(&r->writable);
	*out = r;
	return 0;
}

static void node_free(struct node *n)
{
	if (!n)
		return;
	free(n->block.events);
	free(n->block.payload);
	free(n);
}

void ft_block_free(struct ft_block *b)
{
	node_free((struct node *)b);
}

void ft_ring_free(struct ft_ring *r)
{
	if (!r)
		return;
	node_free(r->current);
	while (r->head) {
		struct node *n = r->head;

		r->head = n->next;
		node_free(n);
	}
	pthread_cond_destroy(&r->readable);
	pthread_cond_destroy(&r->writable);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static int node_new(struct ft_ring *r)
{
	struct node *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->block.events = malloc(r->block_events * sizeof(struct ft_event));
	if (!n->block.events) {
		free(n);
		return -ENOMEM;
	}
	n->block.payload_base = r->payload_pos;
	r->current = n;
	return 0;
}

static int payload_append(struct ft_ring *r, struct node *n, const void *payload, size_t len)
{
	struct ft_block *b = &n->block;

	if (b->payload_len + len > n->payload_room) {
		size_t room = n->payload_room ? n->payload_room * 2 : 4096;
		uint8_t *p;

		while (room < b->payload_len + len)
			room *= 2;
		p = realloc(b->payload, room);
		if (!p)
			return -ENOMEM;
		b->payload = p;
		n->payload_room = room;
	}
	memcpy(b->payload + b->payload_len, payload, len);
	b->payload_len += len;
	r->payload_pos += len;
	return 0;
}

static void queue_current(struct ft_ring *r)
{
	*r->tail = r->current;
	r->tail = &r->current->next;
	r->current = NULL;
	r->queued++;
	pthread_cond_signal(&r->readable);
}

static void wait_for_room(struct ft_ring *r)
{
	if (r->abandoned || r->queued < r->queue_blocks)
		return;
	r->counts.waits++;
	while (!r->abandoned && r->queued >= r->queue_blocks)
		pthread_cond_wait(&r->writable, &r->lock);
}

/* Where the items of ev[i] end that begin at its `payload`. */
static uint64_t payload_end(const struct ft_event *ev, size_t i, size_t n, size_t payload_len)
{
	while (++i < n)
		if (ev[i].flags & FT_FLAG_PAYLOAD)
			return ev[i].payload;
	return payload_len;
}

/* Those that the current block has room for, *taken of them, with their payload. */
static int put_events(struct ft_ring *r, const struct ft_event *ev, size_t n,
	const uint8_t *payload, size_t payload_len, size_t *taken)
{
	struct ft_block *b = &r->current->block;
	size_t i = 0;
	int rc = 0;

	for (; i < n && !rc && b->count < r->block_events && b->payload_len < BLOCK_PAYLOAD_MAX;
		i++) {
		struct ft_event *to = &b->events[b->count++];

		*to = ev[i];
		if (!(to->flags & FT_FLAG_PAYLOAD))
			continue;
		to->payload = r->payload_pos;
		rc = payload_append(r, r->current, payload + ev[i].payload,
			payload_end(ev, i, n, payload_len) - ev[i].payload);
	}
	*taken = i;
	return rc;
}

int ft_ring_write_all(struct ft_ring *r, const struct ft_event *ev, size_t n, const void *payload,
	size_t payload_len, bool wait)
{
	int rc = 0;

	pthread_mutex_lock(&r->lock);
	while (n && !rc) {
		struct ft_block *b;
		size_t taken;

		if (wait)
			wait_for_room(r);
		if (r->abandoned) {
			r->counts.written += n;
			rc = -EPIPE;
			break;
		}
		if (!r->current && (rc = node_new(r)) < 0)
			break;
		b = &r->current->block;
		if (payload_len) {
			rc = put_events(r, ev, n, payload, payload_len, &taken);
		} else {
			taken = r->block_events - b->count < n ? r->block_events - b->count : n;
			memcpy(b->events + b->count, ev, taken * sizeof(*ev));
			b->count += taken;
		}
		r->counts.written += taken;
		ev += taken;
		n -= taken;
		if (b->count == r->block_events || b->payload_len >= BLOCK_PAYLOAD_MAX)
			queue_current(r);
	}
	pthread_mutex_unlock(&r->lock);
	return rc;
}

int ft_ring_write(
	struct ft_ring *r, struct ft_event *ev, const void *payload, size_t payload_len, bool wait)
{
	int rc = 0;

	pthread_mutex_lock(&r->lock);
	if (wait)
		wait_for_room(r);
	r->counts.written++;
	if (r->abandoned) {
		rc = -EPIPE;
		goto out;
	}
	if (!r->current && (rc = node_new(r)) < 0)
		goto out;
	if (payload_len) {
		uint64_t at = r->payload_pos;

		rc = payload_append(r, r->current, payload, payload_len);
		if (rc < 0)
			goto out;
		ev->payload = at;
		ev->flags |= FT_FLAG_PAYLOAD;
	}
	r->current->block.events[r->current->block.count++] = *ev;
	if (r->current->block.count == r->block_events ||
		r->current->block.payload_len >= BLOCK_PAYLOAD_MAX)
		queue_current(r);
out:
	pthread_mutex_unlock(&r->lock);
	return rc;
}

void ft_ring_finish(struct ft_ring *r)
{
	pthread_mutex_lock(&r->lock);
	r->finished = true;
	pthread_cond_broadcast(&r->readable);
	pthread_mutex_unlock(&r->lock);
}

void ft_ring_abandon(struct ft_ring *r)
{
	pthread_mutex_lock(&r->lock);
	r->abandoned = true;
	pthread_cond_broadcast(&r->writable);
	pthread_mutex_unlock(&r->lock);
}

int ft_ring_take(struct ft_ring *r, int64_t timeout_ns, struct ft_block **out)
{
	uint64_t now = ft_now();
	uint64_t deadline = timeout_ns < 0 ? UINT64_MAX : now + (uint64_t)timeout_ns;
	uint64_t partial = deadline < now + LATENCY_NS ? deadline : now + LATENCY_NS;
	struct node *n;
	int rc = 1;

	pthread_mutex_lock(&r->lock);
	while (!r->head) {
		now = ft_now();
		if (r->current && (r->finished || now >= partial)) {
			queue_current(r);
			break;
		}
		if (r->finished) {
			rc = -ENODATA;
			goto out;
		}
		if (now >= deadline) {
			rc = 0;
			goto out;
		}
		if (now >= partial)
			partial = deadline < now + LATENCY_NS ? deadline : now + LATENCY_NS;
		ft_cond_wait_until(&r->readable, &r->lock, partial);
	}
	n = r->head;
	r->head = n->next;
	if (!r->head)
		r->tail = &r->head;
	n->next = NULL;
	r->queued--;
	r->counts.taken += n->block.count;
	pthread_cond_signal(&r->writable);
	*out = &n->block;
out:
	pthread_mutex_unlock(&r->lock);
	return rc;
}

void ft_ring_counts(struct ft_ring *r, struct ft_ring_counts *out)
{
	pthread_mutex_lock(&r->lock);
	*out = r->counts;
	pthread_mutex_unlock(&r->lock);
}
