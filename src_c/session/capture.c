#define _GNU_SOURCE
#include "session/capture.h"

#include <stdlib.h>
#include <string.h>

#include "session/capture_run.h"
#include "session/fetch.h"
#include "session/links.h"
#include "session/python.h"
#include "session/record.h"

const struct ft_capture_program *ft_capture_program(
	const struct ft_session *s, enum ft_abi abi, uint64_t nr)
{
	uint16_t number = ft_record_policy(s, abi, nr) / FT_POLICY_PROGRAM;

	return &ft_capture_programs[s->options & FT_OPT_PAYLOAD ? number : 0];
}

int ft_capture_count(const struct ft_session *s, const struct ft_capture_program *p)
{
	bool tells_exits =
		p->links && ft_capture_ops[p->first + p->count - 1].count == FT_LINKS_VCPU;

	if (s->options & FT_OPT_VCPU_EXITS && tells_exits)
		return p->count;
	return s->options & FT_OPT_DESCRIPTORS ? p->count - tells_exits : p->count - p->links;
}

bool ft_capture_wants(const struct ft_session *s, const struct ft_capture_op *op)
{
	return op->what != FT_CAPTURE_LINK || op->count == FT_LINKS_VCPU ||
	       s->options & FT_OPT_DESCRIPTORS;
}

uint32_t ft_capture_limit(const struct ft_session *s, const struct ft_capture_op *op)
{
	switch (op->limit) {
	case FT_LIMIT_PATH:
		return FT_STRING_MAX;
	case FT_LIMIT_DATA:
		/* One byte more is read of a string, to know whether it ends there. */
		if (op->what == FT_CAPTURE_STRING && s->string_limit >= FT_STRING_MAX)
			return FT_STRING_MAX - 1;
		return s->string_limit;
	case FT_LIMIT_LIST:
		return FT_LIST_MAX;
	default:
		return FT_STRUCTURE_MAX;
	}
}

static bool has_room(struct ft_task *t)
{
	if (!t->payload)
		t->payload = malloc(FT_CAPTURE_ROOM);
	return t->payload;
}

bool ft_capture_set(struct ft_task *t, const void *items, size_t size)
{
	t->payload_len = 0;
	if (!size)
		return true;
	if (size > FT_CAPTURE_ROOM || !has_room(t))
		return false;
	memcpy(t->payload, items, size);
	t->payload_len = size;
	return true;
}

/* One of the items of a call, from *at on; *at: behind it. NULL: nothing was copied from there. */
static const uint8_t *copied_from(const struct ft_capture_run *r, uint64_t address, bool at_exit,
	size_t *at, uint32_t *length)
{
	struct ft_payload head;

	while (r->t->payload_len - *at >= sizeof(head)) {
		const uint8_t *item = r->t->payload + *at;

		memcpy(&head, item, sizeof(head));
		*at += FT_PAYLOAD_SIZE(head.length);
		*length = head.length;
		if (head.arg == r->arg && head.type == FT_PAYLOAD_BYTES &&
			head.address == address && at_exit == !!(head.flags & FT_PAYLOAD_EXIT))
			return item + sizeof(head);
	}
	return NULL;
}

static uint64_t number_at(const uint8_t *element, uint32_t at, uint32_t width)
{
	uint64_t value = 0;

	memcpy(&value, element + at, width);
	return value;
}

static bool step_applies(
	const struct ft_capture_step *step, const uint8_t *element, uint32_t length)
{
	uint32_t bits;

	if ((uint32_t)step->at + step->width > length ||
		(uint32_t)step->count_at + step->count_width > length ||
		(uint32_t)step->if_at + step->if_width > length)
		return false;
	bits = (uint32_t)number_at(element, step->if_at, step->if_width) & step->if_mask;
	return !step->if_mask || (bits == step->if_value) != step->if_unlike;
}

/*
 * What an op's steps lead to, the last of them first, from what was copied from `address`. What is copied here is put
 * behind all items that are looked at.
 */
static void take_behind(struct ft_capture_run *r, const struct ft_capture_op *op,
	const struct ft_capture_step *const *steps, uint64_t address, size_t from)
{
	const struct ft_capture_step *step = *steps;
	uint32_t length, size;
	const uint8_t *element = copied_from(r, address, step->at_exit, &from, &length);

	for (; element && length && r->left > 0; element += size, length -= size) {
		uint64_t to;

		size = step->stride ? step->stride : length;
		if (size > length)
			break;
		r->left--;
		if (!step_applies(step, element, size))
			continue;
		to = number_at(element, step->at, step->width);
		r->field = number_at(element, step->count_at, step->count_width);
		if (step == &ft_capture_steps[op->step])
			ft_capture_take(r, op, to);
		else if (to)
			take_behind(r, op, steps - 1, to, from);
	}
}

static void run_op(struct ft_capture_run *r, const struct ft_capture_op *op)
{
	const struct ft_capture_step *steps[FT_CAPTURE_STEPS];
	int n = 0;

	if (!ft_capture_applies(op, r->args) || !ft_capture_wants(r->from->s, op))
		return;
	if (op->what == FT_CAPTURE_LINK) {
		ft_links_of_call(r->from->s, r->t, r->call, op);
		return;
	}
	r->arg = op->arg;
	r->limit = ft_capture_limit(r->from->s, op);
	r->left = r->from->s->options & FT_OPT_ENVIRONMENTS ? FT_CAPTURE_FOLLOWED_WHOLE
							    : FT_CAPTURE_FOLLOWED;
	for (uint8_t i = op->step; i; i = ft_capture_steps[i].up)
		steps[n++] = &ft_capture_steps[i];
	if (n)
		take_behind(r, op, &steps[n - 1], r->args[op->arg], 0);
	else
		ft_capture_take(r, op, r->args[op->arg]);
}

static bool is_due(const struct ft_capture_op *op, const struct ft_event *call)
{
	return op->when != FT_CAPTURE_SUCCESS || !(call->flags & FT_FLAG_ERROR);
}

/* Of an op that is about to run, what it will want to read first. */
static void ask_for(struct ft_capture_run *r, const struct ft_capture_op *op)
{
	struct ft_fetched *f = &r->from->first;
	uint32_t limit = ft_capture_limit(r->from->s, op), size;
	uint64_t address, count;

	if (op->what == FT_CAPTURE_LINK || op->step)
		return;
	address = r->args[op->arg];
	if (!address || !ft_capture_applies(op, r->args))
		return;
	if (op->count == FT_COUNT_BEHIND) {
		ft_fetch_ask(f, r->args[op->from], sizeof(uint32_t));
		return;
	}
	ft_capture_count_of(r, op, &count);
	switch (op->what) {
	case FT_CAPTURE_STRING:
		ft_fetch_ask_string(f, address, limit);
		break;
	case FT_CAPTURE_BYTES:
		size = ft_capture_bytes(op, count);
		ft_fetch_ask(f, address, size < limit ? size : limit);
		break;
	case FT_CAPTURE_IOCTL:
		ft_fetch_ask(f, address, ft_capture_ioctl((uint32_t)r->args[1], r->at_exit));
		break;
	case FT_CAPTURE_IOVEC:
		if (count <= FT_FETCH_MAX)
			ft_fetch_ask(f, address, count * 2 * ft_capture_word(r));
		break;
	default: /* who knows how long it is */
		break;
	}
}

static void run_ops(struct ft_capture_run *r, const struct ft_capture_op *ops, int n,
	const struct ft_event *call)
{
	for (int i = 0; i < n; i++)
		if (is_due(&ops[i], call))
			ask_for(r, &ops[i]);
	ft_fetch_all(r->from, &r->from->first);
	for (int i = 0; i < n; i++)
		if (is_due(&ops[i], call))
			run_op(r, &ops[i]);
	ft_payload_chain(r->t->payload, r->t->payload_len);
}

void ft_capture_entry(struct ft_session *s, struct ft_task *t, pid_t memory, enum ft_abi abi,
	uint64_t nr, const uint64_t args[6])
{
	const struct ft_capture_program *p = ft_capture_program(s, abi, nr);
	const struct ft_event begun = { 0 };
	struct ft_fetch from;
	struct ft_capture_run r = { .from = &from, .t = t, .abi = abi, .args = args };

	t->payload_len = 0;
	if ((!p->entry_count && !s->python_frames && !(s->options & FT_OPT_PLACES)) || !has_room(t))
		return;
	/* What is bounded first: of the rest there may be more than there is room for. */
	if (s->python_frames)
		t->payload_len = ft_python_capture(s, t, memory, t->payload, FT_CAPTURE_ROOM);
	t->payload_len += ft_payload_place(s, t->place, t->payload + t->payload_len);
	ft_payload_chain(t->payload, t->payload_len);
	if (!p->entry_count)
		return;
	ft_fetch_begin(&from, s, t, memory);
	run_ops(&r, &ft_capture_ops[p->first], p->entry_count, &begun);
}

void ft_capture_exit(struct ft_session *s, struct ft_task *t, const struct ft_event *call)
{
	const struct ft_capture_program *p = ft_capture_program(s, call->abi, (uint32_t)call->nr);
	struct ft_fetch from;
	struct ft_capture_run r = {
		.from = &from,
		.t = t,
		.abi = call->abi,
		.args = call->args,
		.call = call,
		.ret = call->ret,
		.at_exit = true,
	};

	int count = ft_capture_count(s, p) - p->entry_count;

	if (!count || !has_room(t))
		return;
	ft_fetch_begin(&from, s, t, t->tid);
	run_ops(&r, &ft_capture_ops[p->first + p->entry_count], count, call);
}
