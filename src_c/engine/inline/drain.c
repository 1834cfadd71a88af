#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/inline.h"

#include <string.h>
#include <sys/syscall.h>

#include "record.h"

#define BATCH 512

/* The tracee may write what it likes to its area: no offset is trusted. */
static bool is_record(const struct ft_inline_task *it, uint64_t offset)
{
	uint64_t in_block = offset % FT_BLOCK;

	return offset / FT_HALF == (uint64_t)it->half && in_block >= FT_BLOCK_HEAD &&
	       (in_block - FT_BLOCK_HEAD) % sizeof(struct ft_raw) == 0;
}

/* Where the tracee is: the offset of its record under way, or the end of a block. */
static bool position(struct ft_inline_task *it, uint32_t *out)
{
	uint64_t cur = __atomic_load_n(&it->area->cur, __ATOMIC_ACQUIRE);
	uint64_t offset = cur - it->base;

	if (offset > FT_AREA || (offset % FT_BLOCK && !is_record(it, offset)) ||
		(offset % FT_BLOCK == 0 &&
			(offset == 0 || (offset - 1) / FT_HALF != (uint64_t)it->half))) {
		it->space->spoiled = true;
		return false;
	}
	*out = (uint32_t)offset;
	return true;
}

struct ft_raw *ft_drain_current(const struct ft_inline_task *it)
{
	uint64_t offset = it->area->cur - it->base;

	if (offset >= FT_AREA || !is_record(it, offset))
		return NULL;
	return (struct ft_raw *)((uint8_t *)it->area + offset);
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

/* Takes the records from one offset to another of one half. Returns where it came to. */
static uint32_t take(struct ft_session *s, struct ft_inline_task *it, uint32_t from, uint32_t to)
{
	struct ft_event *batch = s->in->batch;
	const uint8_t *area = (const uint8_t *)it->area;
	int n = 0;

	if (from == to)
		return to;
	ft_tsc_mark(&s->in->clock);
	while (from < to) {
		const struct ft_raw *raw;
		bool strings;

		if (from % FT_BLOCK == 0) {
			from += FT_BLOCK_HEAD;
			continue;
		}
		raw = (const struct ft_raw *)(area + from);
		strings = it->strings_at == it->base + from;
		from += sizeof(*raw);
		if ((uint32_t)raw->nr == SYS_rt_sigprocmask)
			ft_record_injected(
				s, it->task, SYS_rt_sigprocmask); /* the recorder's own */
		if (!ft_record_wants(s, FT_ABI_X86_64, (uint32_t)raw->nr))
			continue;
		batch[n++] = ft_drain_event(s, it, raw);
		if (strings) {
			ft_record_calls(s, it->task, batch, n - 1, NULL, 0);
			ft_record_calls(s, it->task, batch + n - 1, 1, it->task->strings,
				it->task->strings_len);
			it->strings_at = 0;
			n = 0;
		} else if (n == BATCH) {
			ft_record_calls(s, it->task, batch, n, NULL, 0);
			n = 0;
		}
	}
	if (n)
		ft_record_calls(s, it->task, batch, n, NULL, 0);
	return to;
}

void ft_drain_rest(struct ft_session *s, struct ft_inline_task *it)
{
	uint32_t from = it->rest, to = it->rest_end;

	it->rest = it->rest_end = 0;
	take(s, it, from, to);
}

void ft_drain(struct ft_session *s, struct ft_inline_task *it)
{
	uint32_t to;

	ft_drain_rest(s, it);
	if (it->area && position(it, &to))
		it->drained = take(s, it, it->drained, to);
}

void ft_drain_swap(struct ft_inline_task *it)
{
	it->rest = it->drained;
	it->rest_end = (uint32_t)(it->half + 1) * FT_HALF;
	it->half ^= 1;
	it->drained = (uint32_t)it->half * FT_HALF + FT_BLOCK_HEAD;
	__atomic_store_n(&it->area->cur, it->base + it->drained, __ATOMIC_RELEASE);
}

void ft_drain_close(struct ft_inline_task *it)
{
	uint64_t next = it->area->cur + sizeof(struct ft_raw);
	uint64_t offset = next - it->base;

	__atomic_store_n(&it->area->cur, next, __ATOMIC_RELEASE);
	if (offset % FT_BLOCK)
		return;
	if (offset % FT_HALF)
		it->area->cur = next + FT_BLOCK_HEAD;
	else
		ft_drain_swap(it);
}
#endif
