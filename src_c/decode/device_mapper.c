/* What ioctl(2) asks of the device mapper: struct dm_ioctl, and what lies behind it (linux/dm-ioctl.h). */
#include <string.h>

#include "decode/families.h"
#include "decode/sockets.h"
#include "decode/walk.h"

#define NR(command) ((command) & 0xff)
#define HEAD_SIZE   305u /* to the padding at its end, which data may begin in */
#define VERSION	    4u
#define NAME_AT	    48u
#define NAME_SIZE   128u
#define UUID_AT	    (NAME_AT + NAME_SIZE)
#define UUID_SIZE   129u
#define SUSPEND	    2u /* DM_SUSPEND_FLAG */
#define DATA_OUT    0x10000u /* DM_DATA_OUT_FLAG */
#define EVENTS_FROM 37u /* minor versions whose lists of devices have numbers of events */

#define SPEC_SIZE    40u /* struct dm_target_spec */
#define MESSAGE_SIZE 8u /* struct dm_target_msg, and so on, without what has no fixed size */
#define LISTED_SIZE  12u
#define VERSION_SIZE 16u
#define DEPS_SIZE    8u

enum behind { NOTHING, TEXT, TARGETS, MESSAGE, NAMES, VERSIONS, DEPENDENCIES };

enum shown {
	DATA = 1, /* where data begins */
	DEVICE = 2, /* number, name, UUID */
	TARGET_COUNT = 4,
	EVENT = 8, /* before the call */
	COUNTS = 16, /* after it */
};

static const struct command {
	uint8_t shown;
	uint8_t before, after; /* enum behind */
} commands[] = {
	[0] = { DEVICE, NOTHING, NOTHING }, /* DM_VERSION */
	[1] = { 0, NOTHING, NOTHING }, /* DM_REMOVE_ALL */
	[2] = { DATA, NOTHING, NAMES }, /* DM_LIST_DEVICES */
	[3] = { DEVICE | COUNTS, NOTHING, NOTHING }, /* DM_DEV_CREATE */
	[4] = { DEVICE | EVENT, NOTHING, NOTHING }, /* DM_DEV_REMOVE */
	[5] = { DATA | DEVICE | EVENT | COUNTS, TEXT, NOTHING }, /* DM_DEV_RENAME */
	[6] = { DEVICE | EVENT | COUNTS, NOTHING, NOTHING }, /* DM_DEV_SUSPEND */
	[7] = { DEVICE | COUNTS, NOTHING, NOTHING }, /* DM_DEV_STATUS */
	[8] = { DATA | DEVICE | EVENT | COUNTS, NOTHING, TARGETS }, /* DM_DEV_WAIT */
	[9] = { DATA | DEVICE | TARGET_COUNT | COUNTS, TARGETS, NOTHING }, /* DM_TABLE_LOAD */
	[10] = { DEVICE | COUNTS, NOTHING, NOTHING }, /* DM_TABLE_CLEAR */
	[11] = { DATA | DEVICE | COUNTS, NOTHING, DEPENDENCIES }, /* DM_TABLE_DEPS */
	[12] = { DATA | DEVICE | COUNTS, NOTHING, TARGETS }, /* DM_TABLE_STATUS */
	[13] = { DATA, NOTHING, VERSIONS }, /* DM_LIST_VERSIONS */
	[14] = { DATA | DEVICE | COUNTS, MESSAGE, NOTHING }, /* DM_TARGET_MSG */
	[15] = { DATA | DEVICE, TEXT, NOTHING }, /* DM_DEV_SET_GEOMETRY */
	[16] = { DEVICE, NOTHING, NOTHING }, /* DM_DEV_ARM_POLL */
	[17] = { DATA | DEVICE, NOTHING, VERSIONS }, /* DM_GET_TARGET_VERSION */
};

/* A structure with what it says of itself; all offsets count from its address. */
struct mapper {
	uint64_t address;
	bool after;
	uint32_t minor, size, start, targets;
};

static uint32_t word_at(const uint8_t *data, size_t at)
{
	return (uint32_t)ft_load(data + at, 4);
}

static void device(struct ft_walk *walk, uint64_t value)
{
	ft_next(walk, "dev");
	ft_show_dev(walk, value);
}

static void characters(struct ft_walk *walk, const char *name, const uint8_t *data, size_t size)
{
	ft_next(walk, name);
	ft_characters_shown(walk, data, size);
}

static void version(struct ft_walk *walk, const uint8_t *data)
{
	ft_next(walk, "version");
	ft_open(walk, "[");
	for (unsigned i = 0; i < 3; i++)
		ft_number(walk, NULL, word_at(data, 4 * (size_t)i), FT_UNSIGNED);
	ft_close(walk, "]");
}

/* A string that ends where all data does, at the latest. */
static void text(struct ft_walk *walk, const char *name, const struct mapper *m, uint64_t at)
{
	uint64_t left = at < m->size ? m->size - at : 0;
	struct ft_memory memory = ft_memory_at(walk->view, m->after, m->address + at, (size_t)left);
	size_t length = memory.data ? strnlen((const char *)memory.data, memory.length) : 0;
	size_t shown = length;

	ft_next(walk, name);
	/* Without an end before memory that cannot be read it is none. */
	if (!memory.data || (length == memory.length && length <= walk->string_max &&
				    memory.found == FT_FAULT)) {
		ft_pointer_shown(walk, m->address + at);
		return;
	}
	if (shown > walk->string_max)
		shown = walk->string_max;
	walk->sink->ops->string(walk->sink, memory.data, shown,
		length > walk->string_max || (length == memory.length && (left || !length)));
}

static void misplaced(struct ft_walk *walk, const char *comment)
{
	ft_next(walk, NULL);
	ft_word(walk, "???");
	walk->sink->ops->comment(walk->sink, comment);
}

/* The next of those behind the structure; NULL: it is told why there is none. */
static const uint8_t *placed(
	struct ft_walk *walk, const struct mapper *m, uint64_t at, size_t size, const char *comment)
{
	struct ft_memory memory;

	if (at + size > m->size) {
		misplaced(walk, comment);
		return NULL;
	}
	memory = ft_memory_at(walk->view, m->after, m->address + at, size);
	if (memory.found == FT_HERE)
		return memory.data;
	ft_next(walk, NULL);
	if (memory.found == FT_FAULT || (memory.found == FT_CUT && !memory.length))
		ft_pointer_shown(walk, m->address + at);
	else
		walk->sink->ops->more(walk->sink); /* no more was copied */
	return NULL;
}

static void targets(struct ft_walk *walk, const struct mapper *m)
{
	static const char misplaced_spec[] = "misplaced struct dm_target_spec";
	uint64_t at = m->start, next;
	const uint8_t *data;

	for (uint32_t n = 0; n < m->targets && walk->elements_left; n++) {
		data = placed(walk, m, at, SPEC_SIZE, misplaced_spec);
		if (!data)
			return;
		walk->elements_left--;
		ft_next(walk, NULL);
		ft_open(walk, "{");
		ft_number(walk, "sector_start", ft_load(data, 8), FT_UNSIGNED);
		ft_number(walk, "length", ft_load(data + 8, 8), FT_UNSIGNED);
		if (m->after)
			ft_number(walk, "status", (uint64_t)(int64_t)(int32_t)word_at(data, 16),
				FT_SIGNED);
		characters(walk, "target_type", data + 24, 16);
		text(walk, "string", m, at + SPEC_SIZE);
		ft_close(walk, "}");
		if (n + 1 == m->targets)
			return;
		/* What is loaded counts from this one, what is told from the first. */
		next = (m->after ? m->start : at) + word_at(data, 20);
		if (next < at + SPEC_SIZE) {
			misplaced(walk, misplaced_spec);
			return;
		}
		at = next;
	}
}

/* Lists: each says how far it is to the next. */
static void names(struct ft_walk *walk, const struct mapper *m)
{
	static const char comment[] = "misplaced struct dm_name_list";
	uint64_t at = m->start;
	struct ft_memory name;
	const uint8_t *data;
	uint32_t next;

	do {
		data = placed(walk, m, at, LISTED_SIZE, comment);
		if (!data || !walk->elements_left)
			return;
		walk->elements_left--;
		next = word_at(data, 8);
		ft_next(walk, NULL);
		ft_open(walk, "{");
		device(walk, ft_load(data, 8));
		text(walk, "name", m, at + LISTED_SIZE);
		name = ft_memory_at(walk->view, m->after, m->address + at + LISTED_SIZE, next);
		if (next > LISTED_SIZE && m->minor >= EVENTS_FROM && name.data) {
			size_t event = LISTED_SIZE + strnlen((const char *)name.data, name.length);

			event = (event + 1 + 7) & ~(size_t)7;
			if (event + 4 <= next && event - LISTED_SIZE + 4 <= name.length)
				ft_number(walk, "event_nr", word_at(name.data, event - LISTED_SIZE),
					FT_UNSIGNED);
		}
		ft_close(walk, "}");
		if (next && next < LISTED_SIZE) {
			misplaced(walk, comment);
			return;
		}
		at += next;
	} while (next);
}

static void versions(struct ft_walk *walk, const struct mapper *m)
{
	static const char comment[] = "misplaced struct dm_target_versions";
	uint64_t at = m->start;
	const uint8_t *data;
	uint32_t next;

	do {
		data = placed(walk, m, at, VERSION_SIZE, comment);
		if (!data || !walk->elements_left)
			return;
		walk->elements_left--;
		next = word_at(data, 0);
		ft_next(walk, NULL);
		ft_open(walk, "{");
		text(walk, "name", m, at + VERSION_SIZE);
		version(walk, data + 4);
		ft_close(walk, "}");
		if (next && next < VERSION_SIZE) {
			misplaced(walk, comment);
			return;
		}
		at += next;
	} while (next);
}

static void dependencies(struct ft_walk *walk, const struct mapper *m)
{
	static const char comment[] = "misplaced struct dm_target_deps";
	const uint8_t *data = placed(walk, m, m->start, DEPS_SIZE, comment);
	struct ft_memory memory;
	uint32_t count, n = 0;
	uint64_t at;

	if (!data)
		return;
	count = word_at(data, 0);
	if (count > (m->size - m->start - DEPS_SIZE) / 8) {
		misplaced(walk, comment);
		return;
	}
	at = m->address + m->start + DEPS_SIZE;
	memory = ft_memory_at(walk->view, m->after, at, (size_t)count * 8);
	ft_next(walk, NULL);
	ft_open(walk, "{");
	ft_number(walk, "count", count, FT_UNSIGNED);
	ft_next(walk, "deps");
	if (count && memory.length < 8) {
		ft_pointer_shown(walk, at);
		ft_close(walk, "}");
		return;
	}
	ft_open(walk, "[");
	for (; n < memory.length / 8 && ft_next_element(walk, n); n++)
		ft_show_dev(walk, ft_load(memory.data + 8 * (size_t)n, 8));
	if (n == memory.length / 8 && n < count) {
		ft_more(walk);
		if (memory.found == FT_FAULT)
			walk->sink->ops->fault(walk->sink, at + 8 * (uint64_t)n);
	}
	ft_close(walk, "]");
	ft_close(walk, "}");
}

static void show_behind(struct ft_walk *walk, const struct mapper *m, enum behind what)
{
	const uint8_t *data;

	if (what == NOTHING || (what == TARGETS && !m->targets) ||
		(what == MESSAGE && m->start == m->size))
		return;
	if (!walk->is_whole) {
		ft_more(walk);
		return;
	}
	switch (what) {
	case NOTHING:
		break;
	case TEXT:
		if (m->start > m->size) {
			misplaced(walk, "misplaced string");
			break;
		}
		ft_next(walk, NULL);
		ft_open(walk, "{");
		text(walk, "string", m, m->start);
		ft_close(walk, "}");
		break;
	case MESSAGE:
		data = placed(walk, m, m->start, MESSAGE_SIZE, "misplaced struct dm_target_msg");
		if (!data)
			break;
		ft_next(walk, NULL);
		ft_open(walk, "{");
		ft_number(walk, "sector", ft_load(data, 8), FT_UNSIGNED);
		text(walk, "message", m, (uint64_t)m->start + MESSAGE_SIZE);
		ft_close(walk, "}");
		break;
	case TARGETS:
		targets(walk, m);
		break;
	case NAMES:
		names(walk, m);
		break;
	case VERSIONS:
		versions(walk, m);
		break;
	case DEPENDENCIES:
		dependencies(walk, m);
		break;
	}
}

static void show_fields(struct ft_walk *walk, const struct command *command, const struct mapper *m,
	const uint8_t *data)
{
	if (command->shown & DATA)
		ft_number(walk, "data_start", m->start, FT_UNSIGNED);
	if (command->shown & DEVICE && ft_load(data + 40, 8))
		device(walk, ft_load(data + 40, 8));
	if (command->shown & DEVICE && data[NAME_AT])
		characters(walk, "name", data + NAME_AT, NAME_SIZE);
	if (command->shown & DEVICE && data[UUID_AT])
		characters(walk, "uuid", data + UUID_AT, UUID_SIZE);
	if (m->after ? command->shown & COUNTS : command->shown & TARGET_COUNT)
		ft_number(walk, "target_count", m->targets, FT_UNSIGNED);
	if (m->after && command->shown & COUNTS)
		ft_number(walk, "open_count", word_at(data, 24), FT_UNSIGNED);
	/* To suspend is no event, to resume is. */
	if (m->after ? command->shown & COUNTS
		     : command->shown & EVENT &&
				!(command == &commands[6] && word_at(data, 28) & SUSPEND))
		ft_number(walk, "event_nr", word_at(data, 32), FT_UNSIGNED);
	ft_next(walk, "flags");
	ft_set_shown(walk, FT_SET_DM_FLAGS, word_at(data, 28));
}

static bool show(struct ft_walk *walk, const struct command *command, uint64_t address, bool after)
{
	struct ft_memory memory = ft_memory_at(walk->view, after, address, HEAD_SIZE);
	const uint8_t *data = memory.data;
	struct mapper m = { .address = address, .after = after };
	enum behind behind;

	if (memory.found != FT_HERE || !word_at(data, 12))
		return false;
	m.minor = word_at(data, 4);
	m.size = word_at(data, 12);
	m.start = word_at(data, 16);
	m.targets = word_at(data, 20);
	if (after)
		walk->sink->ops->becomes(walk->sink);
	ft_open(walk, "[");
	ft_next(walk, NULL);
	ft_open(walk, "{");
	version(walk, data);
	if (word_at(data, 0) != VERSION) {
		walk->sink->ops->comment(walk->sink, "unsupported device mapper ABI version");
		ft_close(walk, "}");
		ft_close(walk, "]");
		return true;
	}
	ft_number(walk, "data_size", m.size, FT_UNSIGNED);
	if (m.size < HEAD_SIZE) {
		walk->sink->ops->comment(walk->sink, "data_size too small");
		ft_close(walk, "}");
		ft_close(walk, "]");
		return true;
	}
	show_fields(walk, command, &m, data);
	ft_close(walk, "}");
	behind = after ? command->after : command->before;
	if (after && command->before == MESSAGE && word_at(data, 28) & DATA_OUT)
		behind = TEXT; /* the target has answered */
	show_behind(walk, &m, behind);
	ft_close(walk, "]");
	return true;
}

void ft_show_device_mapper(struct ft_walk *walk, uint64_t value)
{
	uint32_t nr = NR((uint32_t)walk->args[1]);

	if (nr >= sizeof(commands) / sizeof(commands[0]) ||
		!show(walk, &commands[nr], value, false)) {
		ft_integer(walk, value, FT_HEX);
		return;
	}
	if (walk->ended && !walk->failed)
		show(walk, &commands[nr], value, true);
}
