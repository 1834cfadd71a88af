/* The ring: everything written comes out once and in order, whoever is slow. */
#define _GNU_SOURCE
#include "record/ring.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

struct writer {
	struct ft_ring *ring;
	int events;
	int at_once; /* so many and fewer, in turn; 0: one by one */
	int failed_with;
};

/* Event i carries i % 7 payload words of the value i. */
static int write_one(struct ft_ring *ring, int i)
{
	struct ft_event ev = { .kind = FT_KIND_SYSCALL, .nr = i, .tid = 1 };
	uint64_t words[7];

	for (int w = 0; w < i % 7; w++)
		words[w] = (uint64_t)i;
	return ft_ring_write(ring, &ev, words, (size_t)(i % 7) * sizeof(words[0]), true);
}

#define AT_ONCE 200

/* The same for n events, whose payload lies in one piece; that of some of them none at all. */
static int write_some(struct ft_ring *ring, int i, int n)
{
	struct ft_event ev[AT_ONCE];
	uint64_t words[AT_ONCE * 7];
	size_t len = 0;

	for (int k = 0; k < n; k++, i++) {
		ev[k] = (struct ft_event){ .kind = FT_KIND_SYSCALL, .nr = i, .tid = 1 };
		if (i % 7)
			ev[k].flags = FT_FLAG_PAYLOAD;
		ev[k].payload = len * sizeof(words[0]);
		for (int w = 0; w < i % 7; w++)
			words[len++] = (uint64_t)i;
	}
	return ft_ring_write_all(ring, ev, (size_t)n, words, len * sizeof(words[0]), true);
}

static void *writes(void *arg)
{
	struct writer *w = arg;

	for (int i = 0, n = 1; w->at_once && i < w->events && !w->failed_with; i += n) {
		n = 1 + i % w->at_once < w->events - i ? 1 + i % w->at_once : w->events - i;
		w->failed_with = write_some(w->ring, i, n);
	}
	for (int i = 0; !w->at_once && i < w->events && !w->failed_with; i++)
		w->failed_with = write_one(w->ring, i);
	ft_ring_finish(w->ring);
	return NULL;
}

static struct ft_ring *new_ring(uint32_t block_events, uint32_t queue_blocks)
{
	struct ft_ring *ring;

	if (ft_ring_new(&ring, block_events, queue_blocks) < 0)
		abort();
	return ring;
}

/* Returns the number of the next event expected. */
static int check_block(const struct ft_block *b, int next)
{
	for (size_t i = 0; i < b->count; i++, next++) {
		const struct ft_event *ev = &b->events[i];
		uint64_t word;

		CHECK_EQ(ev->nr, next);
		CHECK_EQ(!!(ev->flags & FT_FLAG_PAYLOAD), next % 7 != 0);
		for (int w = 0; w < next % 7; w++) {
			size_t at = ev->payload - b->payload_base + (size_t)w * sizeof(word);

			CHECK(at + sizeof(word) <= b->payload_len);
			memcpy(&word, b->payload + at, sizeof(word));
			CHECK_EQ(word, next);
		}
	}
	return next;
}

static void test_order(uint32_t block_events, uint32_t queue_blocks, int yields, int at_once)
{
	struct writer w = {
		.ring = new_ring(block_events, queue_blocks), .events = 20000, .at_once = at_once
	};
	struct ft_ring_counts counts;
	struct ft_block *b;
	pthread_t thread;
	int next = 0, rc;

	pthread_create(&thread, NULL, writes, &w);
	while ((rc = ft_ring_take(w.ring, -1, &b)) == 1) {
		next = check_block(b, next);
		ft_block_free(b);
		for (int i = 0; i < yields; i++)
			sched_yield();
	}
	pthread_join(thread, NULL);
	CHECK_EQ(rc, -ENODATA);
	CHECK_EQ(next, w.events);
	CHECK_EQ(w.failed_with, 0);
	ft_ring_counts(w.ring, &counts);
	CHECK_EQ(counts.written, w.events);
	CHECK_EQ(counts.taken, w.events);
	CHECK_EQ(ft_ring_take(w.ring, 0, &b), -ENODATA);
	ft_ring_free(w.ring);
}

static void test_full(void)
{
	struct writer w = { .ring = new_ring(4, 2), .events = 100 };
	struct ft_ring_counts counts = { 0 };
	struct ft_block *b;
	pthread_t thread;
	int next = 0;

	pthread_create(&thread, NULL, writes, &w);
	while (!counts.waits) { /* until the writer waits for us */
		sched_yield();
		ft_ring_counts(w.ring, &counts);
	}
	CHECK_EQ(counts.taken, 0);
	CHECK_EQ(counts.written, 8);
	while (ft_ring_take(w.ring, -1, &b) == 1) {
		next = check_block(b, next);
		ft_block_free(b);
	}
	CHECK_EQ(next, w.events);
	pthread_join(thread, NULL);
	ft_ring_free(w.ring);
}

static void test_abandon(void)
{
	struct writer w = { .ring = new_ring(4, 2), .events = 1000 };
	struct ft_ring_counts counts = { 0 };
	pthread_t thread;

	pthread_create(&thread, NULL, writes, &w);
	while (!counts.waits) {
		sched_yield();
		ft_ring_counts(w.ring, &counts);
	}
	ft_ring_abandon(w.ring);
	pthread_join(thread, NULL);
	CHECK_EQ(w.failed_with, -EPIPE);
	CHECK_EQ(write_one(w.ring, 0), -EPIPE);
	ft_ring_counts(w.ring, &counts);
	CHECK(counts.written > counts.taken);
	ft_ring_free(w.ring);
}

static void test_partial(void)
{
	struct ft_ring *ring = new_ring(1000, 2);
	struct ft_block *b = NULL;

	CHECK_EQ(ft_ring_take(ring, 0, &b), 0);
	CHECK_EQ(ft_ring_take(ring, 1000000, &b), 0);
	for (int i = 0; i < 10; i++)
		CHECK_EQ(write_one(ring, i), 0);
	CHECK_EQ(ft_ring_take(ring, -1, &b), 1);
	CHECK_EQ(check_block(b, 0), 10);
	ft_block_free(b);
	for (int i = 10; i < 20; i++)
		CHECK_EQ(write_one(ring, i), 0);
	ft_ring_finish(ring);
	CHECK_EQ(ft_ring_take(ring, 0, &b), 1);
	CHECK_EQ(check_block(b, 10), 20);
	ft_ring_free(ring); /* a block outlives its ring */
	CHECK_EQ(b->events[0].nr, 10);
	ft_block_free(b);
}

static void test_big_payload(void)
{
	struct ft_ring *ring = new_ring(1000, 100);
	static uint8_t big[300000];
	struct ft_block *b;
	int events = 0;

	memset(big, 7, sizeof(big));
	for (int i = 0; i < 20; i++) {
		struct ft_event ev = { .nr = i };

		CHECK_EQ(ft_ring_write(ring, &ev, big, sizeof(big), true), 0);
	}
	ft_ring_finish(ring);
	while (ft_ring_take(ring, 0, &b) == 1) {
		CHECK(b->payload_len < 2u << 20);
		for (size_t i = 0; i < b->count; i++) {
			size_t at = b->events[i].payload - b->payload_base;

			CHECK(!memcmp(b->payload + at, big, sizeof(big)));
		}
		events += (int)b->count;
		ft_block_free(b);
	}
	CHECK_EQ(events, 20);
	ft_ring_free(ring);
}

int main(void)
{
	for (int at_once = 0; at_once <= AT_ONCE; at_once += AT_ONCE) {
		test_order(0, 0, 0, at_once);
		test_order(1, 1, 0, at_once);
		test_order(7, 2, 0, at_once);
		test_order(64, 3, 20, at_once);
	}
	check_group("all events come out, once and in order, with their payload");
	test_full();
	check_group("a full queue makes the writer wait and loses nothing");
	test_abandon();
	check_group("without a consumer writers do not wait");
	test_partial();
	check_group("what is there comes before the block is full");
	test_big_payload();
	check_group("large payloads end a block early");
	return check_result();
}
