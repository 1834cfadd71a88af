#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/inline.h"

#include <string.h>
#include <sys/syscall.h>

#include "record.h"

#define BATCH	    512
#define STRING_ROOM (FT_STRING_MAX + sizeof(struct ft_payload) + 8)

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

/* The payload items of a call, as far as the tracee has left them whole. */
static size_t strings_of(const struct ft_inline_task *it, const struct ft_raw *raw, uint8_t *out)
{
	const uint8_t *from = (const uint8_t *)it->area;
	uint64_t at = raw->strings - it->base, end = raw->end_of_strings - it->base;
	struct ft_payload *last = NULL;
	size_t len = 0;

	if (at < FT_STRINGS_AT || end > FT_AREA_STEP || at % 8)
		return 0;
	while (at + sizeof(struct ft_payload) <= end && len < FT_STRING_ARGS * STRING_ROOM) {
		struct ft_payload item;
		size_t padded;

		memcpy(&item, from + at, sizeof(item));
		padded = (item.length + 7ul) & ~7ul;
		at += sizeof(item) + padded;
		if (item.length > FT_STRING_MAX || at > end)
			break;
		item.type = FT_PAYLOAD_STRING;
		item.flags &= FT_PAYLOAD_TRUNCATED | FT_PAYLOAD_FAULT;
		if (last)
			last->flags |= FT_PAYLOAD_MORE;
		last = memcpy(out + len, &item, sizeof(item));
		memcpy(last + 1, from + at - padded, padded);
		len += sizeof(item) + padded;
	}
	return len;
}

/* Writes a call with its payload behind those of the batch. */
static void take_with(struct batch *b, const void *payload, size_t len)
{
	struct ft_event last = b->events[--b->n];

	flush(b);
	ft_record_calls(b->s, b->it->task, &last, 1, payload, len);
}

static void take(struct batch *b, const struct ft_raw *raw)
{
	uint32_t nr = (uint32_t)raw->nr;

	if (nr == SYS_rt_sigprocmask && raw->asked)
		ft_record_injected(b->s, b->it->task, nr); /* the recorder's own */
	if (!ft_record_wants(b->s, FT_ABI_X86_64, nr))
		return;
	b->events[b->n++] = ft_drain_event(b->s, b->it, raw);
	if (b->it->strings_at == b->it->base + b->it->drained) {
		take_with(b, b->it->task->strings, b->it->task->strings_len);
		b->it->strings_at = 0;
	} else if (ft_policy_strings(b->s, nr)) {
		uint8_t payload[FT_STRING_ARGS * STRING_ROOM];

		take_with(b, payload, strings_of(b->it, raw, payload));
	} else if (b->n == BATCH) {
		flush(b);
	}
}

void ft_drain_begun(struct ft_session *s, struct ft_inline_task *it)
{
	const struct ft_raw *raw;
	uint8_t payload[FT_STRING_ARGS * STRING_ROOM];
	struct ft_task *t = it->task;
	size_t len = 0;

	if (!it->area || it->area->busy != it->area->cur || !(raw = ft_drain_current(it)))
		return;
	if (raw->nr == SYS_rt_sigprocmask && raw->asked)
		ft_record_injected(s, t, SYS_rt_sigprocmask);
	if (it->strings_at == it->area->cur)
		len = t->strings_len;
	else if (ft_policy_strings(s, (uint32_t)raw->nr))
		len = strings_of(it, raw, payload);
	ft_record_begun(s, t, ft_drain_event(s, it, raw),
		it->strings_at == it->area->cur ? NULL : payload, len);
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
			take(&b, (const struct ft_raw *)((uint8_t *)it->area + it->drained));
			it->drained += sizeof(struct ft_raw);
			continue;
		}
		it->drained = first_record((block + 1) % FT_BLOCKS);
		__atomic_store_n(
			link_of(it, block), it->base + first_record(block), __ATOMIC_RELEASE);
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

	if (!it->opened)
		ft_space_open_blocks(it);
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
