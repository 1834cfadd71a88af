/*
 * A session without a tracee: one task whose area the test writes, as a program could. What comes out is
 * checked: whatever the area held, events and their payload are such as the recorder can have written.
 */
#ifndef FT_FORGED_H
#define FT_FORGED_H

#include <signal.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/inline/inline.h"
#include "engine/inline/programs.h"
#include "engine/inline/verdict.h"
#include "kernel/clock.h"
#include "session/record.h"
#include "session/session.h"
#include "tables/tables.h"

#define FORGED_BASE (FT_RECORDER_AREAS + 3 * FT_AREA_STEP)
#define PER_BLOCK   ((FT_BLOCK - FT_BLOCK_HEAD) / sizeof(struct ft_raw))
#define ALL_RECORDS (FT_BLOCKS * PER_BLOCK)
#define FORGED_TID  4711

struct forged {
	struct ft_session s;
	struct ft_inline in;
	struct ft_space space;
	struct ft_inline_task it;
	struct ft_task t;
	uint8_t *area; /* FT_AREA_STEP bytes, and not one more */
	alignas(uint64_t) uint8_t tables[FT_RECORDER_TABLES_SIZE];
	bool is_short; /* as memory that cannot be had: SIGBUS where nobody asks first */
	uint64_t last; /* end of the last call that was told */
	uint64_t events, with_strings; /* since the last forged_take() */
	size_t payload;
	char path[FT_STRING_MAX + 1]; /* the last string */
};

/* Any word. */
static inline uint64_t forged_any(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static inline void forged_require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "not so: %s\n", what);
	abort();
}

static inline uint8_t *forged_memory(size_t there)
{
	int fd = memfd_create("forged", MFD_CLOEXEC);
	void *map;

	if (there == FT_AREA_STEP) {
		close(fd);
		return memset(aligned_alloc(4096, FT_AREA_STEP), 0, FT_AREA_STEP);
	}
	forged_require(fd >= 0 && !ftruncate(fd, (off_t)there), "there is memory");
	map = mmap(NULL, FT_AREA_STEP, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	forged_require(map != MAP_FAILED, "there is memory");
	close(fd);
	return map;
}

/* The paths of this call are wanted, or all that its arguments point to. */
static inline void forged_captures(struct forged *f, uint32_t nr, bool all)
{
	const struct ft_syscall *call = ft_syscall(FT_ABI_X86_64, nr);

	f->s.policy[nr] = FT_POLICY_RECORD;
	f->s.policy[nr] |= (all ? call->capture : call->paths) * FT_POLICY_PROGRAM;
}

/*
 * options: enum ft_option. Paths of openat (1), renameat (1, 3) and open (0) are wanted, of some calls more.
 * there: how many bytes of the area can be had.
 */
static inline struct forged *forged_new_of(uint32_t options, size_t there, bool brief)
{
	struct forged *f = calloc(1, sizeof(*f));
	int32_t serial;

	forged_require(f, "there is memory");
	f->s.options = options;
	f->s.policy = malloc(FT_ABI_COUNT * FT_NR_MAX * sizeof(*f->s.policy));
	for (int nr = 0; nr < FT_ABI_COUNT * FT_NR_MAX; nr++)
		f->s.policy[nr] = FT_POLICY_RECORD;
	forged_captures(f, SYS_open, false);
	forged_captures(f, SYS_openat, false);
	forged_captures(f, SYS_renameat, false);
	forged_captures(f, SYS_read, true);
	forged_captures(f, SYS_newfstatat, true);
	forged_captures(f, SYS_recvfrom, true);
	forged_captures(f, SYS_rt_sigprocmask, true);
	f->s.policy[SYS_getuid] = 0;
	pthread_mutex_init(&f->s.lock, NULL);
	pthread_mutex_init(&f->in.lock, NULL);
	f->s.flushing = true; /* writer and reader are one */
	f->s.in = &f->in;
	f->in.brief = f->it.brief = brief;
	f->s.string_limit = FT_STRING_LIMIT;
	ft_programs_table(&f->s, &f->in, f->tables);
	f->s.stats.start_ns = f->last = ft_now();
	serial = ft_process_add(&f->s.processes, FORGED_TID, 1, f->last);
	forged_require(serial == 1 && !ft_ring_new(&f->s.ring, 0, 0) &&
			       !ft_tally_new(&f->s.tally) && !ft_tally_new(&f->s.engine_calls) &&
			       !ft_tsc_start(&f->in.clock),
		"there is memory");
	ft_ring_finish(f->s.ring); /* a block need not be full to be taken */
	f->is_short = there < FT_AREA_STEP;
	f->area = forged_memory(there);
	f->t.tid = f->t.tgid = FORGED_TID;
	f->t.serial = serial;
	f->t.in = &f->it;
	f->t.unreadable = true; /* there is no such process */
	f->space.refs = f->space.tasks = 1;
	f->space.memory = -1;
	f->it.task = &f->t;
	f->it.space = &f->space;
	f->it.area = (struct ft_area *)f->area;
	f->it.base = FORGED_BASE;
	f->it.last_ns = f->last;
	f->it.last_tick = ft_tsc_first(&f->in.clock);
	forged_require(!ft_area_init(&f->it, false, false), "there is memory");
	return f;
}

static inline struct forged *forged_new_short(uint32_t options, size_t there)
{
	return forged_new_of(options, there, false);
}

static inline struct forged *forged_new(uint32_t options)
{
	return forged_new_short(options, FT_AREA_STEP);
}

static inline void forged_free(struct forged *f)
{
	ft_ring_free(f->s.ring);
	ft_tally_free(f->s.tally);
	ft_tally_free(f->s.engine_calls);
	ft_process_table_free(&f->s.processes);
	ft_tsc_end(&f->in.clock);
	free(f->t.payload);
	free(f->s.policy);
	if (f->is_short)
		munmap(f->area, FT_AREA_STEP);
	else
		free(f->area);
	free(f);
}

static inline struct ft_raw *forged_record(struct forged *f, unsigned i)
{
	unsigned block = i / PER_BLOCK % FT_BLOCKS;

	return (struct ft_raw *)(f->area + ft_area_first_record(&f->it, block)) + i % PER_BLOCK;
}

/* The address of something in the area, as its program has it. */
static inline uint64_t forged_address(const struct forged *f, const void *in_area)
{
	return FORGED_BASE + (uint64_t)((const uint8_t *)in_area - f->area);
}

/*
 * The record under way, of so many bytes, is written: on to the next, as the recorder goes. False: it is at the end of
 * an area without a free block.
 */
static inline bool forged_step(struct forged *f, size_t size)
{
	struct ft_area *area = (struct ft_area *)f->area;
	uint64_t *link, next;

	area->cur += size;
	if (area->cur % FT_BLOCK)
		return true;
	link = (uint64_t *)(f->area + (area->cur - FORGED_BASE));
	next = *link;
	*link = 0;
	if (next)
		area->cur = next;
	return next;
}

static inline bool forged_is_of(const struct ft_capture_op *op, const struct ft_payload *item)
{
	return op->arg == item->arg &&
	       (op->when != FT_CAPTURE_ENTRY) == !!(item->flags & FT_PAYLOAD_EXIT) &&
	       (op->what == FT_CAPTURE_STRING) == (item->type == FT_PAYLOAD_STRING) &&
	       (item->type == FT_PAYLOAD_STRING || item->type == FT_PAYLOAD_BYTES);
}

static inline size_t check_payload(
	struct forged *f, const struct ft_block *b, const struct ft_event *ev)
{
	const struct ft_capture_program *p =
		ft_capture_program(&f->s, FT_ABI_X86_64, (uint32_t)ev->nr);
	int op = 0;
	size_t at = ev->payload - b->payload_base, start = at;
	struct ft_payload item;
	const uint8_t *text;

	do {
		forged_require(at + sizeof(item) <= b->payload_len, "a head of payload");
		memcpy(&item, b->payload + at, sizeof(item));
		text = b->payload + at + sizeof(item);
		forged_require(at + FT_PAYLOAD_SIZE(item.length) <= b->payload_len, "it is there");
		while (op < p->count && !forged_is_of(&ft_capture_ops[p->first + op], &item))
			op++;
		forged_require(op < p->count, "some op has copied it");
		forged_require(
			item.length <= ft_capture_limit(&f->s, &ft_capture_ops[p->first + op]),
			"no more than it may");
		op++;
		forged_require(item.address == ev->args[item.arg], "where that points to");
		forged_require(!(item.flags & ~(FT_PAYLOAD_MORE | FT_PAYLOAD_TRUNCATED |
						      FT_PAYLOAD_FAULT | FT_PAYLOAD_EXIT)),
			"its flags are known");
		if (item.flags & FT_PAYLOAD_FAULT)
			forged_require(!item.length == !(item.flags & FT_PAYLOAD_TRUNCATED),
				"a fault has bytes before it, or none");
		if (item.type == FT_PAYLOAD_STRING) {
			forged_require(!memchr(text, 0, item.length), "it ends where it says");
			memcpy(f->path, text, item.length);
			f->path[item.length] = 0;
		}
		for (size_t i = item.length; i < FT_PAYLOAD_SIZE(item.length) - sizeof(item); i++)
			forged_require(!text[i], "then come zeros");
		at += FT_PAYLOAD_SIZE(item.length);
	} while (item.flags & FT_PAYLOAD_MORE);
	return at - start;
}

/* Takes and checks what has been told since. */
static inline void forged_take(struct forged *f)
{
	uint64_t now = ft_tsc_ns(&f->in.clock, ft_tsc_now()) + 1000; /* ft_now() differs a little */
	struct ft_block *b;

	f->events = f->with_strings = f->payload = 0;
	while (ft_ring_take(f->s.ring, 0, &b) == 1) {
		for (size_t i = 0; i < b->count; i++) {
			const struct ft_event *ev = &b->events[i];

			forged_require(ev->kind == FT_KIND_SYSCALL && ev->abi == FT_ABI_X86_64 &&
					       ev->pid == FORGED_TID && ev->tid == FORGED_TID,
				"it is a call of this task");
			forged_require(ev->nr != SYS_getuid, "nobody wants that");
			forged_require(ev->time_ns >= f->last, "calls follow each other");
			forged_require(ev->time_ns <= now && ev->duration_ns <= now - ev->time_ns,
				"none lies ahead");
			f->last = ev->time_ns + ev->duration_ns;
			f->events++;
			if (ev->flags & FT_FLAG_PAYLOAD) {
				f->payload += check_payload(f, b, ev);
				f->with_strings++;
			}
		}
		ft_block_free(b);
	}
	forged_require(f->payload <= FT_STRINGS, "strings are taken once");
	forged_require(!f->s.stats.error, "the session goes on");
}

#endif
