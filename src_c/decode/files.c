/* What ioctl(2) asks of files and of what holds them: extents, what is the same, loop devices, SCSI. */
#include <string.h>

#include "decode/families.h"
#include "decode/walk.h"

#define INFO_SIZE   32u /* struct file_dedupe_range_info */
#define FILES_BRIEF 2

/* FS_IOC_FIEMAP: what is asked, and what was found. */
bool ft_read_fiemap(struct ft_walk *walk, const struct ft_memory *memory)
{
	struct ft_memory after = ft_memory_at(walk->view, true, memory->address, 32);

	if (!ft_walk_struct(walk, FT_STRUCT_FIEMAP_ASKED, memory))
		return false;
	if (walk->failed || after.found != FT_HERE)
		return true;
	walk->sink->ops->becomes(walk->sink);
	ft_walk_struct(walk, FT_STRUCT_FIEMAP_FOUND, &after);
	return true;
}

static void show_asked(struct ft_walk *walk, const uint8_t *data, uint64_t from)
{
	(void)from;
	ft_open(walk, "{");
	ft_next(walk, "dest_fd");
	ft_show_fd(walk, ft_load(data, 8));
	ft_number(walk, "dest_offset", ft_load(data + 8, 8), FT_UNSIGNED);
	ft_close(walk, "}");
}

static void show_done(struct ft_walk *walk, const uint8_t *data, uint64_t from)
{
	(void)from;
	ft_open(walk, "{");
	ft_number(walk, "bytes_deduped", ft_load(data + 16, 8), FT_UNSIGNED);
	ft_number(walk, "status", (uint64_t)(int32_t)ft_load(data + 24, 4), FT_SIGNED);
	ft_close(walk, "}");
}

/* struct file_dedupe_range, from how many there are. */
static bool show_files(struct ft_walk *walk, const struct ft_memory *memory, ft_show_element *show)
{
	unsigned most = walk->elements_max;
	uint64_t address = memory->address + 8, count, shown;
	enum ft_found found;

	if (memory->length < 8)
		return false;
	if (!walk->is_whole && most > FILES_BRIEF)
		walk->elements_max = FILES_BRIEF;
	count = ft_load(memory->data, 2);
	shown = count < walk->elements_max ? count : walk->elements_max;
	found = ft_memory_at(walk->view, memory->after, address, INFO_SIZE * (size_t)shown).found;
	walk->is_astray |= !count || (found != FT_HERE && found != FT_CUT);
	ft_list_shown(walk, address, count, INFO_SIZE, memory->after, show);
	walk->elements_max = most;
	return true;
}

bool ft_read_file_dedupe_asked(struct ft_walk *walk, const struct ft_memory *memory)
{
	return show_files(walk, memory, show_asked);
}

bool ft_read_file_dedupe_done(struct ft_walk *walk, const struct ft_memory *memory)
{
	return show_files(walk, memory, show_done);
}

/* As much of a loop device's key as another field says. */
bool ft_read_loop_key(struct ft_walk *walk, const struct ft_memory *memory)
{
	uint64_t length = 0;

	for (unsigned i = 0; walk->of && i < walk->of->count; i++)
		if (!strcmp(walk->of->fields[i].name, "lo_encrypt_key_size"))
			length = ft_field_of(walk, &walk->of->fields[i], walk->base);
	if (memory->length < 32)
		return false;
	walk->sink->ops->bytes(walk->sink, memory->data, length < 32 ? (size_t)length : 32, false);
	return true;
}

void ft_show_sg_interface(struct ft_walk *walk, uint64_t value)
{
	ft_named(walk, value, FT_AS_TEXT, "'S'");
}

/* scsi/sg.h; the kernel writes all of the structure back. */
bool ft_read_sg_io(struct ft_walk *walk, const struct ft_memory *memory)
{
	struct ft_memory now = *memory, after;
	size_t size = walk->word == 4 ? 64 : 88;
	bool outer = walk->after, shown;

	if (memory->length < 4)
		return false;
	if (ft_load(memory->data, 4) == 'Q')
		return false; /* of another kind: linux/bsg.h */
	if (ft_load(memory->data, 4) != 'S') {
		ft_open(walk, "[");
		ft_next(walk, NULL);
		ft_integer(walk, ft_load(memory->data, 4), FT_UNSIGNED);
		ft_close(walk, "]");
		return true;
	}
	if (memory->length < size)
		return false;
	after = ft_memory_at(walk->view, true, memory->address, size);
	if (!walk->failed && after.found == FT_HERE)
		now = after;
	walk->after = false;
	shown = ft_walk_struct(walk,
		ft_load(now.data + 10, 2) ? FT_STRUCT_SG_IO_VECTOR : FT_STRUCT_SG_IO_HDR, &now);
	walk->after = outer;
	return shown;
}
