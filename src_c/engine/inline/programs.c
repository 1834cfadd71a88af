#define _GNU_SOURCE
#if defined(__x86_64__)
#include "engine/inline/programs.h"

#include <string.h>

static_assert(sizeof(ft_capture_ioctls) == FT_RECORDER_IOCTLS_SIZE &&
		      offsetof(struct ft_capture_ioctls, size) == 0x100,
	"the recorder's code looks there");

static const struct ft_capture_program *program_of(const struct ft_session *s, uint64_t nr)
{
	return ft_capture_program(s, FT_ABI_X86_64, nr);
}

/* Whether the recorder's code knows how. */
static bool is_known(const struct ft_capture_op *op)
{
	if (op->step)
		return false;
	if (op->what == FT_CAPTURE_STRING)
		return op->limit == FT_LIMIT_PATH;
	return op->what < FT_CAPTURE_NESTED && op->size <= FT_OP_SIZE_MAX;
}

bool ft_programs_copied(const struct ft_inline *in, uint64_t nr)
{
	return nr < FT_RECORDER_CALLS && in->copied[nr / 8] >> nr % 8 & 1;
}

bool ft_programs_asks_before(const struct ft_session *s, uint64_t nr, const uint64_t args[6])
{
	const struct ft_capture_program *p = program_of(s, nr);
	const struct ft_capture_op *ops = &ft_capture_ops[p->first];

	for (int i = 0; i < p->entry_count; i++)
		if (!is_known(&ops[i]) && args[ops[i].arg] && ft_capture_applies(&ops[i], args))
			return true;
	return false;
}

bool ft_programs_at_entry(const struct ft_session *s, uint64_t nr)
{
	return program_of(s, nr)->entry_count;
}

bool ft_programs_at_exit(const struct ft_session *s, uint64_t nr)
{
	const struct ft_capture_program *p = program_of(s, nr);

	return !(s->options & FT_OPT_ENTRY_ONLY) && ft_capture_count(s, p) > p->entry_count;
}

static uint64_t word_of(const struct ft_session *s, const struct ft_capture_op *op, bool tracer)
{
	static const uint8_t counts[] = { FT_OP_ONE, FT_OP_ARGUMENT, FT_OP_BEHIND, FT_OP_RESULT };
	uint8_t what = tracer			       ? FT_OP_TRACER
		       : op->what == FT_CAPTURE_STRING ? FT_OP_STRING
		       : op->what == FT_CAPTURE_IOCTL  ? FT_OP_IOCTL
						       : counts[op->count];

	if (op->when == FT_CAPTURE_SUCCESS)
		what |= FT_OP_IF_SUCCESS;
	return FT_OP(op->arg, what, op->from, op->if_set ? 1 + op->if_arg : 0,
		tracer ? 0 : op->size, ft_capture_limit(s, op));
}

/* What the items of a call with these arguments take, those that the recorder copies. */
static size_t space_with(const struct ft_session *s, const struct ft_capture_op *ops, int count,
	const uint64_t *args)
{
	size_t space = 0;

	for (int i = 0; i < count; i++)
		if (ops[i].what != FT_CAPTURE_LINK && !ops[i].step &&
			(!args || ft_capture_applies(&ops[i], args)))
			space += FT_CAPTURE_ITEM_SPACE(ft_capture_limit(s, &ops[i]));
	return space;
}

/* The most that a call may take. Where one argument decides which ops apply each of its values is tried. */
static size_t space_of(const struct ft_session *s, const struct ft_capture_op *ops, int count)
{
	const struct ft_capture_op *first = NULL;
	uint64_t args[6] = { 0 };
	size_t most = 0;

	for (int i = 0; i < count; i++) {
		if (!ops[i].if_set)
			continue;
		if (!first)
			first = &ops[i];
		if (ops[i].if_arg != first->if_arg || ops[i].if_mask != first->if_mask)
			return space_with(s, ops, count, NULL);
	}
	if (!first)
		return space_with(s, ops, count, NULL);
	for (int i = 0; i < count; i++)
		for (uint64_t set = ops[i].if_set; set; set &= set - 1) {
			size_t space;

			args[first->if_arg] = ops[i].if_base + (uint64_t)__builtin_ctzll(set);
			space = space_with(s, ops, count, args);
			most = space > most ? space : most;
		}
	return most;
}

/* Where one program goes; *at ends it. False: it does not fit, or the recorder cannot begin with it. */
static bool put_program(const struct ft_session *s, const struct ft_capture_program *p,
	uint64_t *words, size_t *at, size_t room)
{
	const struct ft_capture_op *ops = &ft_capture_ops[p->first];
	int count = s->options & FT_OPT_ENTRY_ONLY ? p->entry_count : ft_capture_count(s, p);
	size_t n = *at;

	if (room - n < 3 * (size_t)count + 2)
		return false;
	for (int i = 0; i < p->entry_count; i++)
		if (!is_known(&ops[i]) && !ops[i].step)
			return false;
	if (space_of(s, ops, count) > FT_CAPTURE_SPACE)
		return false;
	for (int i = 0; i <= count; i++) {
		if (i == p->entry_count)
			words[n++] = 0;
		if (i == count)
			break;
		if (!ft_capture_wants(s, &ops[i]))
			continue;
		words[n++] = word_of(s, &ops[i], !is_known(&ops[i]));
		if (ops[i].if_set) {
			words[n++] = FT_OP_IF(ops[i].if_mask, ops[i].if_base);
			words[n++] = ops[i].if_set;
		}
	}
	words[n++] = 0;
	*at = n;
	return true;
}

void ft_programs_table(const struct ft_session *s, struct ft_inline *in, uint8_t *tables)
{
	uint16_t *starts = (uint16_t *)(tables + FT_RECORDER_PROGRAMS);
	uint64_t *words = (uint64_t *)starts;
	const size_t room = (FT_RECORDER_TABLES_SIZE - FT_RECORDER_PROGRAMS) / sizeof(*words);
	size_t at = (FT_RECORDER_OPS - FT_RECORDER_PROGRAMS) / sizeof(*words);

	memset(in->copied, 0, sizeof(in->copied));
	memcpy(tables + FT_RECORDER_IOCTLS, &ft_capture_ioctls, sizeof(ft_capture_ioctls));
	for (uint32_t nr = 0; nr < FT_RECORDER_CALLS; nr++) {
		const struct ft_capture_program *p = program_of(s, nr);
		uint32_t twin = 0;

		if (!ft_programs_at_entry(s, nr) && !ft_programs_at_exit(s, nr))
			continue;
		while (twin < nr && program_of(s, twin) != p)
			twin++;
		starts[nr] = (uint16_t)at;
		if (twin < nr ? ft_programs_copied(in, twin) : put_program(s, p, words, &at, room))
			in->copied[nr / 8] |= (uint8_t)(1 << nr % 8);
		if (twin < nr)
			starts[nr] = starts[twin];
	}
}

uint64_t ft_programs_exit_ops(const struct ft_inline *in, uint64_t nr)
{
	const uint32_t at = FT_RECORDER_CODE + FT_RECORDER_VERDICTS + FT_RECORDER_PROGRAMS;
	const uint64_t *words = (const uint64_t *)(in->image + at);
	size_t i;

	if (!ft_programs_copied(in, nr))
		return 0;
	for (i = ((const uint16_t *)words)[nr]; words[i]; i++)
		i += FT_OP_CONDITION(words[i]) ? 2 : 0;
	return FT_RECORDER_BASE + at + (i + 1) * sizeof(*words);
}

/* The op that an item is of, from ops[*i] on; *i: behind it. NULL: there is none. */
static const struct ft_capture_op *op_of(
	const struct ft_capture_program *p, const struct ft_payload *item, int *i)
{
	bool at_exit = item->flags & FT_PAYLOAD_EXIT;

	while (*i < p->count - p->links) {
		const struct ft_capture_op *op = &ft_capture_ops[p->first + (*i)++];
		uint8_t type = op->what == FT_CAPTURE_STRING ? FT_PAYLOAD_STRING : FT_PAYLOAD_BYTES;

		if (op->arg == item->arg && type == item->type &&
			at_exit == (op->when != FT_CAPTURE_ENTRY))
			return op;
	}
	return NULL;
}

/* What the recorder would not have written becomes what it would have. */
static void correct(struct ft_payload *item, const struct ft_capture_op *op, const uint8_t *bytes)
{
	item->flags &= FT_PAYLOAD_TRUNCATED | FT_PAYLOAD_FAULT | FT_PAYLOAD_EXIT;
	if (op->what == FT_CAPTURE_STRING)
		item->length = (uint32_t)strnlen((const char *)bytes, item->length);
	if (!(item->flags & FT_PAYLOAD_FAULT))
		return;
	if (!(item->flags & FT_PAYLOAD_TRUNCATED))
		item->length = 0;
	else if (!item->length)
		item->flags &= (uint16_t)~FT_PAYLOAD_TRUNCATED;
}

size_t ft_programs_items(const struct ft_session *s, struct ft_inline_task *it,
	const struct ft_raw *raw, bool at_exit, uint8_t out[FT_CAPTURE_SPACE])
{
	const struct ft_capture_program *p = program_of(s, (uint32_t)raw->nr);
	uint32_t at = (raw->strings & ~FT_RAW_ASKED) - (uint32_t)it->base;
	uint32_t end = raw->end_of_strings - (uint32_t)it->base;
	size_t len = 0;
	int next = at_exit ? p->entry_count : 0;

	if (!ft_programs_copied(s->in, (uint32_t)raw->nr) || !ft_area_has_items(it, at, end))
		return 0;
	while (end - at >= sizeof(struct ft_payload)) {
		const struct ft_capture_op *op;
		struct ft_payload item;
		uint8_t *bytes = out + len + sizeof(item);

		ft_area_copy(&item, (const uint8_t *)it->area + at, sizeof(item));
		op = op_of(p, &item, &next);
		if (!op || item.length > ft_capture_limit(s, op) ||
			FT_PAYLOAD_SIZE(item.length) > end - at)
			break;
		ft_area_copy(bytes, (const uint8_t *)it->area + at + sizeof(item), item.length);
		at += (uint32_t)FT_PAYLOAD_SIZE(item.length);
		correct(&item, op, bytes);
		item.address = raw->args[item.arg];
		len += ft_payload_put(out + len, &item);
	}
	it->strings_taken = at;
	ft_payload_chain(out, len);
	return len;
}
#endif
