#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/inline.h"

#include <string.h>
#include <sys/syscall.h>

#include "record.h"

#define BATCH 512

/* The tracee may write what it likes to its area: no offset is trusted. */
static bool is_record(uint64_t offset)
{
	uint64_t in_block = offset % FT_BLOCK;

	return offset < FT_AREA && in_block >= FT_BLOCK_HEAD &&
	       (in_block - FT_BLOCK_HEAD) % sizeof(struct ft_raw) == 0;
}

/* Where the tracee is: the offset of its record under way, or the end of a block. */
static bool position(struct ft_inline_task *it, uint32_t *out)
{
	uint64_t offset = __atomic_load_n(&it->area->cur, __ATOMIC_ACQUIRE) - it->base;

	if (!is_record(offset) && (offset % FT_BLOCK || !offset || offset > FT_AREA)) {
		it->space->spoiled = true;
		return false;
	}
	*out = (uint32_t)offset;
	return true;
}

struct ft_raw *ft_drain_current(const struct ft_inline_task *it)
{
	uint64_t offset = it->area->cur - it->base;

	return is_record(offset) ? (struct ft_raw *)((uint8_t *)it->area + offset) : NULL;
}

static uint32_t first_record(uint32_t block)
{
	return block * FT_BLOCK + FT_BLOCK_HEAD;
}

/* The word before a block that says whether it is free: block 0 comes after the area's end. */
static uint64_t *link_of(const struct ft_inline_task *it, uint32_t block)
{
	return (uint64_t *)((uint8_t *)it->area + (block ? block : FT_BLOCKS) * FT_BLOCK);
}

struct ft_event ft_drain_event(
	struct ft_session *s, struct ft_inline_task *it, const struct ft_raw *raw)
{
	uint64_t start = ft_tsc_ns(&s->in->clock, raw->start),
		 end = ft_tsc_ns(&s->in->clock, raw->end);
	struct ft_event ev = {
		.pid = it->task->tgid,
		.tid = it->task->tid,
		.nr = (int32_t)raw->nr,
		.abi = FT_ABI_X86_64,
		.kind = FT_KIND_SYSCALL,
	};

	/* One counter for all processors, but not to the last tick. */
	if (start < it->last_ns)
		start = it->last_ns;
	ev.time_ns = start;
	memcpy(ev.args, raw->args, sizeof(ev.args));
	if (s->options & FT_OPT_ENTRY_ONLY) {
		ev.flags = FT_FLAG_UNFINISHED;
		return ev;
	}
	ev.ret = raw->ret;
	ev.duration_ns = end > start ? end - start : 0;
	it->last_ns = start + ev.duration_ns;
	ft_record_set_result(&ev);
	return ev;
}

/* What is on its way to the tally and the ring. */
struct batch {
	struct ft_session *s;
	struct ft_inline_task *it;
	struct ft_event *events;
	size_t n;
};

static void flush(struct batch *b)
{
	ft_record_calls(b->s, b->it->task, b->events, b->n, NULL, 0);
	b->n = 0;
}

static void take(struct batch *b, struct ft_raw *raw, bool strings)
{
	if ((uint32_t)raw->nr == SYS_rt_sigprocmask && !raw->spare)
		ft_record_injected(b->s, b->it->task, SYS_rt_sigprocmask); /* the recorder's own */
	raw->spare = 0;
	if (!ft_record_wants(b->s, FT_ABI_X86_64, (uint32_t)raw->nr))
		return;
	b->events[b->n++] = ft_drain_event(b->s, b->it, raw);
	if (strings) {
		struct ft_event last = b->events[--b->n];

		flush(b);
		ft_record_calls(b->s, b->it->task, &last, 1, b->it->task->strings,
			b->it->task->strings_len);
		b->it->strings_at = 0;
	} else if (b->n == BATCH) {
		flush(b);
	}
}

void ft_drain_sigreturn(struct ft_session *s, struct ft_inline_task *it)
{
	struct ft_event *ev = &it->sigreturn;

	if (!it->returning)
		return;
	it->returning = false;
	if (s->options & FT_OPT_ENTRY_ONLY) {
		ev->flags |= FT_FLAG_UNFINISHED;
		ev->ret = 0;
	}
	if (ev->time_ns < it->last_ns)
		ev->time_ns = it->last_ns;
	ft_record_calls(s, it->task, ev, 1, NULL, 0);
}

/*
 * Takes records up to the tracee's position, or until some block is free again (one_block). A block is
 * free when all of it is taken and the tracee has left it.
 */
static void drain(struct ft_session *s, struct ft_inline_task *it, bool one_block)
{
	struct batch b = { .s = s, .it = it, .events = s->in->batch };
	uint32_t to;

	if (!it->area || !position(it, &to) || it->drained == to)
		return;
	ft_tsc_mark(&s->in->clock);
	ft_drain_sigreturn(s, it);
	while (it->drained != to) {
		uint32_t block = it->drained / FT_BLOCK - 1;

		if (it->drained % FT_BLOCK) {
			take(&b, (struct ft_raw *)((uint8_t *)it->area + it->drained),
				it->strings_at == it->base + it->drained);
			it->drained += sizeof(struct ft_raw);
			continue;
		}
		it->drained = first_record((block + 1) % FT_BLOCKS);
		__atomic_store_n(link_of(it, block), it->base + first_record(block), __ATOMIC_RELEASE);
		if (one_block)
			break;
	}
	flush(&b);
}

void ft_drain(struct ft_session *s, struct ft_inline_task *it)
{
	drain(s, it, false);
}

void ft_drain_next_block(struct ft_session *s, struct ft_inline_task *it)
{
	uint32_t next = (uint32_t)((it->area->cur - it->base) / FT_BLOCK) % FT_BLOCKS;

	if (!*link_of(it, next))
		drain(s, it, true);
	*link_of(it, next) = 0;
	__atomic_store_n(&it->area->cur, it->base + first_record(next), __ATOMIC_RELEASE);
}

void ft_drain_close(struct ft_session *s, struct ft_inline_task *it)
{
	uint64_t next = it->area->cur + sizeof(struct ft_raw);

	__atomic_store_n(&it->area->cur, next, __ATOMIC_RELEASE);
	if ((next - it->base) % FT_BLOCK == 0)
		ft_drain_next_block(s, it);
}
#endif
