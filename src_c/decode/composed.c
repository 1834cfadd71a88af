/* Numbers that are put together of others, and sets that are told in two halves. */
#include "decode/composed.h"

#include "decode/families.h"

#define IOPRIO_SHIFT 13

/* Its parts are in the form that is wanted. */
static void show_text(
	struct ft_walk *walk, uint64_t value, const char *buffer, const struct ft_text *text)
{
	walk->sink->ops->named(walk->sink, value, FT_AS_TEXT, buffer, (size_t)(text->at - buffer));
}

void ft_put_ioprio(struct ft_text *text, uint32_t value)
{
	ft_puts(text, "IOPRIO_PRIO_VALUE(");
	ft_put_set(text, &ft_sets[FT_SET_IOPRIO_CLASS], value >> IOPRIO_SHIFT);
	ft_puts(text, ", ");
	ft_put_decimal(text, value & ((1u << IOPRIO_SHIFT) - 1));
	ft_puts(text, ")");
}

void ft_show_ioprio(struct ft_walk *walk, uint64_t value)
{
	char buffer[128];
	struct ft_text text;

	ft_text_start(&text, buffer, sizeof(buffer));
	text.constants = walk->constants;
	ft_put_ioprio(&text, (uint32_t)value);
	walk->sink->ops->named(walk->sink, (uint64_t)(int32_t)value, FT_SIGNED, buffer,
		(size_t)(text.at - buffer));
}

/* A part that is moved to its place: the comment of one without a name stands behind that. */
static void put_moved(struct ft_text *text, unsigned index, uint64_t value, const char *shift)
{
	const struct ft_set *set = &ft_sets[index];
	const struct ft_member *m = ft_member_of(set, value);

	if (m)
		ft_put_named(text, value, FT_HEX, m->name, m->length);
	else
		ft_put_hex(text, value);
	ft_put(text, shift, strlen(shift));
	if (m && text->constants != FT_NUMBERS)
		return;
	ft_puts(text, " /* ");
	ft_put(text, set->unknown, strlen(set->unknown));
	ft_puts(text, " */");
}

/* What FUTEX_WAKE_OP does to the second futex, and when it wakes there. */
void ft_show_futex_wake_op(struct ft_walk *walk, uint64_t value)
{
	char buffer[256];
	struct ft_text text;

	ft_text_start(&text, buffer, sizeof(buffer));
	text.constants = walk->constants;
	if (value >> 31) {
		ft_put_named(&text, 8, FT_HEX, "FUTEX_OP_OPARG_SHIFT", 20);
		ft_puts(&text, "<<28|");
	}
	put_moved(&text, FT_SET_FUTEX_OPERATION, value >> 28 & 7, "<<28");
	ft_puts(&text, "|");
	ft_put_hex(&text, value >> 12 & 0xfff);
	ft_puts(&text, "<<12|");
	put_moved(&text, FT_SET_FUTEX_COMPARISON, value >> 24 & 15, "<<24");
	ft_puts(&text, "|");
	ft_put_hex(&text, value & 0xfff);
	show_text(walk, value, buffer, &text);
}

#define IPC_64 0x100u /* linux/ipc.h: which layout a structure has */

static void show_versioned(struct ft_walk *walk, unsigned set, uint64_t value)
{
	char buffer[64];
	struct ft_text text;

	if (!(value & IPC_64)) {
		ft_set_shown(walk, set, value);
		return;
	}
	ft_text_start(&text, buffer, sizeof(buffer));
	text.constants = walk->constants;
	ft_put_named(&text, IPC_64, FT_HEX, "IPC_64", 6);
	ft_puts(&text, "|");
	ft_put_set(&text, &ft_sets[set], value & ~(uint64_t)IPC_64);
	show_text(walk, value, buffer, &text);
}

void ft_show_ipc_sem_cmd(struct ft_walk *walk, uint64_t value)
{
	show_versioned(walk, FT_SET_SEM_CMD, value);
}

void ft_show_ipc_shm_cmd(struct ft_walk *walk, uint64_t value)
{
	show_versioned(walk, FT_SET_IPC_CMD, value);
}

void ft_show_ipc_msg_cmd(struct ft_walk *walk, uint64_t value)
{
	show_versioned(walk, FT_SET_MSG_CMD, value);
}

/* The special ones are negative. */
void ft_show_key_serial(struct ft_walk *walk, uint64_t value)
{
	const struct ft_member *m = ft_member_of(&ft_sets[FT_SET_SPECIAL_KEY], value);

	value = (uint64_t)(int32_t)value;
	if (m)
		ft_named(walk, value, FT_SIGNED, m->name);
	else
		ft_integer(walk, value, FT_SIGNED);
}

/* strace has the name as a comment in any form. */
void ft_show_syslog_action(struct ft_walk *walk, uint64_t value)
{
	const struct ft_set *set = &ft_sets[FT_SET_SYSLOG_ACTION];
	const struct ft_member *m = ft_member_of(set, value);

	ft_integer(walk, (uint64_t)(int32_t)value, FT_SIGNED);
	walk->sink->ops->comment(walk->sink, m ? m->name : set->unknown);
}

/* Of 32 capabilities from the first on. */
static void put_capabilities(struct ft_text *text, unsigned first, uint32_t bits)
{
	char buffer[1024];
	struct ft_text names;
	uint32_t left = bits;

	ft_text_start(&names, buffer, sizeof(buffer));
	for (unsigned i = 0; i < 32; i++) {
		const struct ft_member *m = ft_member_of(&ft_sets[FT_SET_CAP], first + i);

		if (!(bits >> i & 1) || !m)
			continue;
		ft_puts(&names, left == bits ? "1<<" : "|1<<");
		ft_put(&names, m->name, m->length);
		left &= ~(UINT32_C(1) << i);
	}
	if (left && left != bits) {
		ft_puts(&names, "|");
		ft_put_hex(&names, left);
	}
	if (left != bits) {
		ft_put_named(text, bits, FT_HEX, buffer, (size_t)(names.at - buffer));
		return;
	}
	ft_put_hex(text, bits);
	if (bits && text->constants != FT_NUMBERS)
		ft_puts(text, " /* CAP_??? */");
}

/* Two halves of 3 words each; version 1 has but the first. */
bool ft_read_cap_data(struct ft_walk *walk, const struct ft_memory *memory)
{
	static const char *const names[] = { "effective", "permitted", "inheritable" };
	struct ft_memory head = ft_memory_at(walk->view, false, walk->args[0], 4);
	uint64_t version = head.length == 4 ? ft_load(head.data, 4) : 0;
	bool is_wide = version == 0x20071026 || version == 0x20080522;
	char buffer[2100];
	struct ft_text text;

	if (memory->length < (is_wide ? 24 : 12))
		return false;
	ft_open(walk, "{");
	for (size_t i = 0; i < 3; i++) {
		uint32_t low = (uint32_t)ft_load(memory->data + 4 * i, 4);
		uint32_t high = is_wide ? (uint32_t)ft_load(memory->data + 12 + 4 * i, 4) : 0;

		ft_next(walk, names[i]);
		ft_text_start(&text, buffer, sizeof(buffer));
		text.constants = walk->constants;
		if (low || !high)
			put_capabilities(&text, 0, low);
		if (low && high)
			ft_puts(&text, "|");
		if (high)
			put_capabilities(&text, 32, high);
		show_text(walk, (uint64_t)high << 32 | low, buffer, &text);
	}
	ft_close(walk, "}");
	return true;
}

void ft_indexed_shown(
	struct ft_walk *walk, unsigned set, unsigned index, uint64_t value, enum ft_shown_as shown)
{
	const struct ft_member *m = ft_member_of(&ft_sets[set], index);
	char buffer[96];
	struct ft_text text;

	ft_text_start(&text, buffer, sizeof(buffer));
	text.constants = walk->constants;
	ft_puts(&text, "[");
	if (m)
		ft_put_named(&text, index, FT_UNSIGNED, m->name, m->length);
	else
		ft_put_decimal(&text, index);
	ft_puts(&text, "]=");
	if (shown == FT_HEX)
		ft_put_hex(&text, value);
	else
		ft_put_decimal(&text, value);
	ft_next(walk, NULL);
	show_text(walk, value, buffer, &text);
}

/* c_cc of struct termios. */
bool ft_read_control_characters(struct ft_walk *walk, const struct ft_memory *memory)
{
	if (memory->length < 19)
		return false;
	ft_open(walk, "[");
	for (unsigned i = 0; i < 19; i++)
		ft_indexed_shown(walk, FT_SET_CONTROL_CHARACTER, i, memory->data[i], FT_HEX);
	ft_close(walk, "]");
	return true;
}
