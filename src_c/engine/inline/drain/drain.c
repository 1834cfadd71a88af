#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/drain/drain.h"

#include <string.h>
#include <sys/syscall.h>

#include "engine/inline/drain/brief.h"
#include "engine/inline/programs.h"
#include "session/emit.h"
#include "session/record.h"
#include "session/sigframe.h"

static_assert(sizeof(((struct ft_inline *)0)->payload) >= FT_CAPTURE_ROOM + FT_CAPTURE_SPACE,
	"room for any call's, with some before it");

#define RESULT_AND_ARGS (offsetof(struct ft_raw, nr) - offsetof(struct ft_raw, ret))

static_assert(offsetof(struct ft_raw, ret) == offsetof(struct ft_event, ret) &&
		      offsetof(struct ft_raw, args) == offsetof(struct ft_event, args),
	"they are copied in one piece");

static bool is_return(const struct ft_raw *raw)
{
	return (uint32_t)raw->nr == SYS_rt_sigreturn && raw->frame;
}

static void make_event(struct ft_event *ev, struct ft_session *s, struct ft_inline_task *it,
	const struct ft_raw *raw, uint64_t now)
{
	uint64_t start = ft_tsc_ns(&s->in->clock, raw->start),
		 end = ft_tsc_ns(&s->in->clock, raw->end);

	ft_drain_bound(it->last_ns, now, &start, &end);
	it->last_ns = start;
	*ev = (struct ft_event){
		.time_ns = start,
		.pid = it->task->tgid,
		.tid = it->task->tid,
		.nr = (int32_t)raw->nr,
		.abi = FT_ABI_X86_64,
		.kind = FT_KIND_SYSCALL,
	};
	memcpy((char *)ev + offsetof(struct ft_event, ret),
		(const char *)raw + offsetof(struct ft_raw, ret), RESULT_AND_ARGS);
	if (s->options & FT_OPT_ENTRY_ONLY) {
		ev->ret = 0;
		ev->flags = FT_FLAG_UNFINISHED;
		return;
	}
	ev->duration_ns = end - start;
	it->last_ns = end;
	if (!is_return(raw)) /* its result is that of another call */
		ft_record_set_result(ev);
}

static uint64_t clock_now(struct ft_session *s)
{
	return ft_tsc_ns(&s->in->clock, ft_tsc_now());
}

/* What is on its way to the tally and the ring. */
struct batch {
	struct ft_session *s;
	struct ft_inline_task *it;
	uint64_t now;
	size_t n, payload_len;
};

static void flush(struct batch *b)
{
	ft_emit_calls(b->s, b->it->task, b->s->in->batch, b->n, b->s->in->payload, b->payload_len);
	b->n = b->payload_len = 0;
}

static bool is_traced(const struct ft_inline_task *it)
{
	return it->strings_at == it->base + it->drained;
}

/* The payload of a call: what the tracer captured, or what the recorder copied. */
static void take_payload(struct batch *b, const struct ft_raw *raw, struct ft_event *ev)
{
	struct ft_inline_task *it = b->it;
	uint8_t *out = b->s->in->payload + b->payload_len;
	bool traced = is_traced(it), more = !traced;
	size_t len = 0;

	if (traced && it->strings_nr == (uint32_t)raw->nr &&
		!memcmp(it->strings_args, raw->args, sizeof(raw->args))) {
		len = it->task->payload_len;
		if (len)
			memcpy(out, it->task->payload, len);
		more = it->strings_more;
	}
	if (traced)
		it->strings_at = 0;
	if (more)
		len += ft_programs_items(b->s, it, raw, traced, out + len);
	if (!len)
		return;
	ft_payload_chain(out, len);
	ev->flags |= FT_FLAG_PAYLOAD;
	ev->payload = b->payload_len;
	b->payload_len += len;
}

/* The mask that a handler's frame gives back. */
static void take_frame(struct batch *b, const struct ft_raw *raw, struct ft_event *ev)
{
	size_t len = ft_sigframe_items(b->s, FT_ABI_X86_64, true, raw->frame, &raw->mask,
		b->s->in->payload + b->payload_len);

	if (!len)
		return;
	ev->flags |= FT_FLAG_PAYLOAD;
	ev->payload = b->payload_len;
	b->payload_len += len;
}

static void take(struct batch *b, const struct ft_raw *raw)
{
	struct ft_inline *in = b->s->in;
	uint32_t nr = (uint32_t)raw->nr;
	struct ft_event *ev = &in->batch[b->n];

	if (nr == SYS_rt_sigprocmask && raw->strings & FT_RAW_ASKED)
		ft_record_engine_call(b->s, b->it->task, nr); /* the recorder's own */
	if (!ft_record_wants(b->s, FT_ABI_X86_64, nr))
		return;
	make_event(ev, b->s, b->it, raw, b->now);
	if (is_return(raw))
		take_frame(b, raw, ev);
	else if (ft_programs_copied(in, nr) || is_traced(b->it))
		take_payload(b, raw, ev);
	b->n++;
	if (b->n == sizeof(in->batch) / sizeof(in->batch[0]) ||
		b->payload_len > sizeof(in->payload) - FT_CAPTURE_ROOM - FT_CAPTURE_SPACE)
		flush(b);
}

void ft_drain_begun(struct ft_session *s, struct ft_inline_task *it)
{
	struct ft_task *t = it->task;
	const void *payload = s->in->payload;
	struct ft_area_seen seen;
	struct ft_event ev;
	size_t len = 0;
	uint32_t nr;

	if (!it->area)
		return;
	ft_area_look(it, &seen);
	if (!seen.at || seen.head.busy != seen.head.cur)
		return;
	nr = (uint32_t)seen.raw.nr;
	if (nr == SYS_rt_sigprocmask && seen.raw.strings & FT_RAW_ASKED)
		ft_record_engine_call(s, t, nr);
	if (is_return(&seen.raw))
		len = ft_sigframe_items(
			s, FT_ABI_X86_64, true, seen.raw.frame, &seen.raw.mask, s->in->payload);
	else if (it->strings_at == seen.head.cur)
		payload = NULL;
	else
		len = ft_programs_items(s, it, &seen.raw, false, s->in->payload);
	make_event(&ev, s, it, &seen.raw, clock_now(s));
	ft_record_begun(s, t, ev, payload, len);
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
	if (ev->flags & FT_FLAG_PAYLOAD)
		ft_emit_calls(s, it->task, ev, 1, it->task->payload, it->task->payload_len);
	else
		ft_emit_calls(s, it->task, ev, 1, NULL, 0);
}

/* Where the record before this position stands, if it is an rt_sigreturn, which never is the last of a block. */
static bool return_before(const struct ft_inline_task *it, uint32_t position, uint32_t *at)
{
	const uint32_t in_block = position % FT_BLOCK, size = ft_area_record_size(it);

	if (position == it->drained || in_block < ft_area_first_record(it, 0) + size ||
		(uint32_t)ft_area_get(ft_area_number_before(it, position)) != SYS_rt_sigreturn)
		return false;
	*at = position - size;
	return true;
}

bool ft_drain_take_back(struct ft_inline_task *it, bool failed)
{
	uint32_t position, at;

	if (!ft_area_position(it, &position) || !ft_area_has(it, position) ||
		!return_before(it, position, &at))
		return false;
	if (failed)
		ft_area_fail_return(it, at);
	ft_area_set(&it->area->cur, it->base + at);
	return true;
}

/*
 * Takes records up to the tracee's position, or until some block is free again (one_block). A block is
 * free when all of it is taken and the tracee has left it.
 */
static void drain(struct ft_session *s, struct ft_inline_task *it, bool one_block, bool running)
{
	struct batch b = { .s = s, .it = it };
	uint32_t to;

	if (!it->area)
		return;
	if (!ft_area_position(it, &to) || (to < it->drained && !it->opened) ||
		!ft_area_has(it, to < it->drained ? FT_AREA : to)) {
		it->space->spoiled = true;
		return;
	}
	if (running)
		return_before(it, to, &to);
	if (it->drained == to)
		return;
	ft_tsc_mark(&s->in->clock);
	b.now = clock_now(s);
	ft_drain_sigreturn(s, it);
	while (it->drained != to) {
		uint32_t block = it->drained / FT_BLOCK - 1;

		if (it->drained % FT_BLOCK && it->brief) {
			uint32_t end = (block + 2) * FT_BLOCK;

			ft_brief_take(s, it, to > it->drained && to < end ? to : end);
			continue;
		}
		if (it->drained % FT_BLOCK) {
			struct ft_raw raw;

			ft_area_copy(&raw, (uint8_t *)it->area + it->drained, sizeof(raw));
			take(&b, &raw);
			it->drained += sizeof(raw);
			continue;
		}
		it->drained = ft_area_first_record(it, (block + 1) % FT_BLOCKS);
		ft_area_set(ft_area_link(it, block), it->base + ft_area_first_record(it, block));
		if (one_block)
			break;
	}
	flush(&b);
}

void ft_drain(struct ft_session *s, struct ft_inline_task *it)
{
	drain(s, it, false, false);
}

void ft_drain_running(struct ft_session *s, struct ft_inline_task *it)
{
	drain(s, it, false, true);
}

void ft_drain_next_block(struct ft_session *s, struct ft_inline_task *it)
{
	uint32_t at, next = 0;

	if (ft_area_position(it, &at))
		next = at / FT_BLOCK % FT_BLOCKS;
	if (!it->opened && !ft_area_open_blocks(it)) {
		/* There is memory for the first block alone: that one, and a stop for each round. */
		drain(s, it, false, false);
		it->drained = ft_area_first_record(it, 0);
		next = 0;
	}
	if (it->opened && !ft_area_get(ft_area_link(it, next)))
		drain(s, it, true, false);
	if (it->opened)
		ft_area_set(ft_area_link(it, next), 0);
	ft_area_set(&it->area->cur, it->base + ft_area_first_record(it, next));
}

void ft_drain_close(
	struct ft_session *s, struct ft_inline_task *it, struct ft_area_seen *seen, int64_t ret)
{
	if (!seen->at)
		return;
	seen->raw.ret = ret;
	seen->raw.end = ft_tsc_now();
	ft_area_finish_record(it, seen);
	if ((seen->at + ft_area_record_size(it)) % FT_BLOCK == 0)
		ft_drain_next_block(s, it);
}
#endif
