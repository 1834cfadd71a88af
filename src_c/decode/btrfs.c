/* What ioctl(2) tells of btrfs (linux/btrfs.h), where that needs code. */
#include "decode/composed.h"
#include "decode/families.h"
#include "decode/text.h"
#include "decode/times.h"
#include "decode/walk.h"

#define KEY_SIZE       104u /* struct btrfs_ioctl_search_key */
#define NR_ITEMS_AT    64u
#define HEADER_SIZE    32u /* struct btrfs_ioctl_search_header */
#define CONTAINER_SIZE 16u /* struct btrfs_data_container, without what it holds */
#define INHERIT_SIZE   72u /* struct btrfs_qgroup_inherit, without its groups */
#define FEATURES_SIZE  24u
#define STATS	       5u /* BTRFS_DEV_STAT_VALUES_MAX */

bool ft_read_uuid(struct ft_walk *walk, const struct ft_memory *memory)
{
	static const char digits[] = "0123456789abcdef";
	char buffer[37], *at = buffer;

	if (memory->length < 16)
		return false;
	for (unsigned i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = digits[memory->data[i] >> 4];
		*at++ = digits[memory->data[i] & 15];
	}
	walk->sink->ops->word(walk->sink, buffer, (size_t)(at - buffer));
	return true;
}

/* The largest number stands for no limit. */
static void show_or_most(struct ft_walk *walk, uint64_t value, uint64_t most, const char *name)
{
	if (value == most)
		ft_named(walk, value, FT_UNSIGNED, name);
	else
		ft_integer(walk, value, FT_UNSIGNED);
}

void ft_show_limit64(struct ft_walk *walk, uint64_t value)
{
	show_or_most(walk, value, UINT64_MAX, "UINT64_MAX");
}

void ft_show_btrfs_objectid(struct ft_walk *walk, uint64_t value)
{
	const struct ft_set *set = &ft_sets[FT_SET_BTRFS_OBJECTIDS];
	const struct ft_member *m = NULL;

	/* Those that count from the end have 32 bits in the set. */
	if (value <= INT32_MAX || value >= (uint64_t)INT32_MIN)
		m = ft_member_of(set, (uint32_t)value);
	if (m)
		ft_named(walk, value, FT_UNSIGNED, m->name);
	else
		ft_show_limit64(walk, value);
}

void ft_show_btrfs_key_type(struct ft_walk *walk, uint64_t value)
{
	const struct ft_member *m = ft_member_of(&ft_sets[FT_SET_BTRFS_KEY_TYPES], value);

	if (m)
		ft_named(walk, value, FT_UNSIGNED, m->name);
	else
		show_or_most(walk, value, UINT32_MAX, "UINT32_MAX");
}

/* struct btrfs_ioctl_timespec */
bool ft_read_btrfs_time(struct ft_walk *walk, const struct ft_memory *memory)
{
	uint64_t seconds, fraction;

	if (memory->length < 12)
		return false;
	seconds = ft_load(memory->data, 8);
	fraction = ft_load(memory->data + 8, 4);
	ft_open(walk, "{");
	ft_number(walk, "sec", seconds, FT_UNSIGNED);
	ft_number(walk, "nsec", fraction, FT_UNSIGNED);
	ft_close(walk, "}");
	if (fraction < 1000000000)
		ft_date_comment(walk, (int64_t)seconds, fraction, 9);
	return true;
}

/* Of 32-bit programs. */
bool ft_read_btrfs_time32(struct ft_walk *walk, const struct ft_memory *memory)
{
	return ft_read_btrfs_time(walk, memory);
}

/* What a search has found: each says how long what lies behind it is. */
static void show_items(
	struct ft_walk *walk, uint64_t address, uint64_t size, uint32_t count, bool after)
{
	struct ft_memory memory;
	uint64_t at = 0;

	ft_open(walk, "[");
	for (uint32_t n = 0; n < count; n++) {
		ft_next(walk, NULL);
		memory = ft_memory_at(walk->view, after, address + at, HEADER_SIZE);
		if (at + HEADER_SIZE > size || n > walk->elements_max || !walk->elements_left ||
			n > walk->string_max || memory.found == FT_CUT ||
			memory.found == FT_NOT_THERE) {
			walk->sink->ops->more(walk->sink);
			break;
		}
		if (memory.found != FT_HERE) {
			walk->sink->ops->more(walk->sink);
			walk->sink->ops->fault(walk->sink, address + at);
			break;
		}
		walk->elements_left--;
		ft_walk_struct(walk, FT_STRUCT_BTRFS_SEARCH_HEADER, &memory);
		at += HEADER_SIZE + ft_load(memory.data + HEADER_SIZE - 4, 4);
	}
	ft_close(walk, "]");
}

static uint32_t items_found(const struct ft_walk *walk)
{
	return (uint32_t)ft_load(walk->base + NR_ITEMS_AT, 4);
}

bool ft_read_btrfs_search_items(struct ft_walk *walk, const struct ft_memory *memory)
{
	if (memory->length < 4096 - KEY_SIZE)
		return false;
	show_items(walk, memory->address, 4096 - KEY_SIZE, items_found(walk), memory->after);
	return true;
}

/* The number is the size of what lies behind it. */
bool ft_read_btrfs_search_items_v2(struct ft_walk *walk, const struct ft_memory *memory)
{
	if (memory->length < 8)
		return false;
	show_items(walk, memory->address + 8, ft_load(memory->data, 8), items_found(walk),
		memory->after);
	return true;
}

/* struct btrfs_ioctl_ino_lookup_args: a tree that was not asked for is told. */
bool ft_read_btrfs_lookup(struct ft_walk *walk, const struct ft_memory *memory)
{
	struct ft_memory asked = ft_memory_at(walk->view, false, memory->address, 8);

	if (memory->length < 4096)
		return false;
	ft_open(walk, "{");
	if (asked.found == FT_HERE && !ft_load(asked.data, 8)) {
		ft_next(walk, "treeid");
		ft_show_btrfs_objectid(walk, ft_load(memory->data, 8));
	}
	ft_next(walk, "name");
	ft_characters_shown(walk, memory->data + 16, 4096 - 16);
	ft_close(walk, "}");
	return true;
}

static void show_space(struct ft_walk *walk, const uint8_t *data, uint64_t from)
{
	const struct ft_memory memory = { .address = from, .data = data, .length = 24 };

	ft_walk_struct(walk, FT_STRUCT_BTRFS_SPACE_INFO, &memory);
}

/* struct btrfs_ioctl_space_args: without slots they are but counted. */
bool ft_read_btrfs_spaces(struct ft_walk *walk, const struct ft_memory *memory)
{
	uint64_t slots, total;

	if (memory->length < 16)
		return false;
	slots = ft_load(memory->data, 8);
	total = ft_load(memory->data + 8, 8);
	ft_open(walk, "{");
	ft_number(walk, "total_spaces", total, FT_UNSIGNED);
	if ((slots || !total) && !walk->is_whole)
		ft_more(walk);
	if ((slots || !total) && walk->is_whole) {
		ft_next(walk, "spaces");
		ft_list_shown(walk, memory->address + 16, total, 24, memory->after, show_space);
	}
	ft_close(walk, "}");
	return true;
}

static void show_number(struct ft_walk *walk, const uint8_t *data, uint64_t from)
{
	(void)from;
	ft_integer(walk, ft_load(data, 8), FT_UNSIGNED);
}

bool ft_read_btrfs_inherit(struct ft_walk *walk, const struct ft_memory *memory)
{
	if (memory->length < INHERIT_SIZE)
		return false;
	ft_open(walk, "{");
	ft_fields_shown(walk, FT_STRUCT_BTRFS_QGROUP_INHERIT, memory);
	if (walk->is_whole) {
		ft_next(walk, "qgroups");
		ft_list_shown(walk, memory->address + INHERIT_SIZE, ft_load(memory->data + 8, 8), 8,
			memory->after, show_number);
	} else {
		ft_more(walk);
	}
	ft_close(walk, "}");
	return true;
}

/* struct btrfs_data_container: how many numbers it holds is said in it. */
static bool show_container(struct ft_walk *walk, const struct ft_memory *memory, unsigned numbers,
	ft_show_element *show)
{
	if (memory->length < CONTAINER_SIZE)
		return false;
	ft_open(walk, "{");
	ft_fields_shown(walk, FT_STRUCT_BTRFS_CONTAINER, memory);
	if (walk->is_whole) {
		ft_next(walk, "val");
		ft_list_shown(walk, memory->address + CONTAINER_SIZE,
			ft_load(memory->data + 8, 4) / numbers, (size_t)8 * numbers, memory->after,
			show);
	} else {
		ft_more(walk);
	}
	ft_close(walk, "}");
	return true;
}

static void show_inode(struct ft_walk *walk, const uint8_t *data, uint64_t from)
{
	(void)from;
	ft_open(walk, "{");
	ft_number(walk, "inum", ft_load(data, 8), FT_UNSIGNED);
	ft_number(walk, "offset", ft_load(data + 8, 8), FT_UNSIGNED);
	ft_number(walk, "root", ft_load(data + 16, 8), FT_UNSIGNED);
	ft_close(walk, "}");
}

bool ft_read_btrfs_inodes(struct ft_walk *walk, const struct ft_memory *memory)
{
	return show_container(walk, memory, 3, show_inode);
}

/* Where a path is, from the first number on. */
static void show_path(struct ft_walk *walk, const uint8_t *data, uint64_t from)
{
	uint64_t address = from + ft_load(data, 8);
	struct ft_memory path = ft_string_at(walk->view, true, address);
	size_t shown = path.length < FT_PATH_SHOWN ? path.length : FT_PATH_SHOWN;

	if (path.data && path.found != FT_FAULT)
		walk->sink->ops->string(walk->sink, path.data, shown, path.found != FT_HERE);
	else
		ft_pointer_shown(walk, address);
}

bool ft_read_btrfs_paths(struct ft_walk *walk, const struct ft_memory *memory)
{
	return show_container(walk, memory, 1, show_path);
}

bool ft_read_btrfs_supported(struct ft_walk *walk, const struct ft_memory *memory)
{
	static const char *const said[] = { "supported", "safe to set", "safe to clear" };
	struct ft_memory one = *memory;

	if (memory->length < 3 * FEATURES_SIZE)
		return false;
	ft_open(walk, "[");
	for (unsigned i = 0; i < 3; i++) {
		ft_next(walk, NULL);
		one.length = FEATURES_SIZE;
		ft_walk_struct(walk, FT_STRUCT_BTRFS_FEATURES, &one);
		walk->sink->ops->comment(walk->sink, said[i]);
		one.data += FEATURES_SIZE;
		one.address += FEATURES_SIZE;
	}
	ft_close(walk, "]");
	return true;
}

/* As many as the structure says there are. */
bool ft_read_btrfs_stats(struct ft_walk *walk, const struct ft_memory *memory)
{
	uint64_t count = ft_load(walk->base + 8, 8);

	if (memory->length < 8 * STATS)
		return false;
	ft_open(walk, "[");
	for (unsigned i = 0; i < count && i < STATS; i++)
		ft_indexed_shown(walk, FT_SET_BTRFS_STATS, i,
			ft_load(memory->data + 8 * (size_t)i, 8), FT_UNSIGNED);
	if (count > STATS)
		ft_more(walk);
	ft_close(walk, "]");
	return true;
}

static void show_date(struct ft_walk *walk, const char *name, uint64_t seconds)
{
	ft_number(walk, name, seconds, FT_UNSIGNED);
	ft_date_comment(walk, (int64_t)seconds, 0, 0);
}

/* struct btrfs_ioctl_dev_replace_status_params */
bool ft_read_btrfs_replace_status(struct ft_walk *walk, const struct ft_memory *memory)
{
	const uint8_t *data = memory->data;
	char buffer[16];
	struct ft_text text;
	uint64_t progress;

	if (memory->length < 48)
		return false;
	progress = ft_load(data + 8, 8);
	ft_open(walk, "{");
	ft_next(walk, "replace_state");
	ft_set_shown(walk, FT_SET_BTRFS_REPLACE_STATE, ft_load(data, 8));
	ft_number(walk, "progress_1000", progress, FT_UNSIGNED);
	if (progress <= 1000) {
		ft_text_start(&text, buffer, sizeof(buffer) - 1);
		ft_put_decimal(&text, progress / 10);
		ft_puts(&text, ".");
		ft_put_decimal(&text, progress % 10);
		ft_puts(&text, "%");
		*text.at = '\0';
		walk->sink->ops->comment(walk->sink, buffer);
	}
	show_date(walk, "time_started", ft_load(data + 16, 8));
	show_date(walk, "time_stopped", ft_load(data + 24, 8));
	ft_number(walk, "num_write_errors", ft_load(data + 32, 8), FT_UNSIGNED);
	ft_number(walk, "num_uncorrectable_read_errors", ft_load(data + 40, 8), FT_UNSIGNED);
	ft_close(walk, "}");
	return true;
}
