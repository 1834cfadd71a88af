/* Names of files that outlive a mount: struct file_handle, of name_to_handle_at(2). */
#include <string.h>

#include "decode/families.h"
#include "decode/walk.h"

#define LSM_HEAD 32u /* struct lsm_ctx, linux/lsm.h */

#define HEAD	  8 /* how many bytes, of which type */
#define BYTES_MAX 128 /* MAX_HANDLE_SZ */

static void show_handle(struct ft_walk *walk, const struct ft_memory *memory, uint64_t bytes)
{
	ft_next(walk, "handle_type");
	ft_integer(walk, (uint64_t)(int32_t)ft_load(memory->data + 4, 4), FT_SIGNED);
	ft_next(walk, "f_handle");
	if (bytes > BYTES_MAX)
		bytes = BYTES_MAX;
	if (memory->length >= HEAD + bytes)
		walk->sink->ops->binary(walk->sink, memory->data + HEAD, (size_t)bytes, false);
	else
		ft_pointer_shown(walk, memory->address + HEAD);
}

/* The room for it before the call, and what it needs. */
bool ft_read_file_handle(struct ft_walk *walk, const struct ft_memory *memory)
{
	struct ft_memory after = ft_memory_at(walk->view, true, memory->address, HEAD + BYTES_MAX);
	bool is_asked = !strcmp(walk->shape->name, "name_to_handle_at");
	uint64_t before, bytes;

	if (memory->length < HEAD)
		return false;
	before = bytes = ft_load(memory->data, 4);
	ft_open(walk, "{");
	ft_next(walk, "handle_bytes");
	ft_integer(walk, before, FT_UNSIGNED);
	if (is_asked && walk->ended && after.length >= HEAD) {
		bytes = ft_load(after.data, 4);
		if (bytes != before) {
			walk->sink->ops->becomes(walk->sink);
			ft_integer(walk, bytes, FT_UNSIGNED);
		}
		if (!walk->failed)
			show_handle(walk, &after, bytes);
	} else if (!is_asked) {
		show_handle(walk, memory, bytes);
	}
	ft_close(walk, "}");
	return true;
}

/* What security modules say of a task: one behind the other, each as long as it says. */
bool ft_read_lsm_contexts(struct ft_walk *walk, const struct ft_memory *memory)
{
	struct ft_memory left = *memory;

	if (memory->found == FT_FAULT)
		return false;
	ft_open(walk, "[");
	for (uint32_t n = 0; left.length >= LSM_HEAD; n++) {
		uint64_t size = ft_load(left.data + 16, 8), length = ft_load(left.data + 24, 8);
		size_t most = left.length - LSM_HEAD;

		if (!ft_next_element(walk, n))
			break;
		ft_open(walk, "{");
		ft_next(walk, "id");
		ft_set_shown(walk, FT_SET_LSM_ID, ft_load(left.data, 8));
		ft_next(walk, "flags");
		ft_integer(walk, ft_load(left.data + 8, 8), FT_HEX);
		ft_next(walk, "len");
		ft_integer(walk, size, FT_UNSIGNED);
		ft_next(walk, "ctx_len");
		ft_integer(walk, length, FT_UNSIGNED);
		ft_next(walk, "ctx");
		most = length < most ? (size_t)length : most;
		most = most < walk->string_max ? most : walk->string_max;
		walk->sink->ops->bytes(walk->sink, left.data + LSM_HEAD, most, most < length);
		ft_close(walk, "}");
		if (size < LSM_HEAD || size > left.length)
			break;
		left.data += size;
		left.length -= (size_t)size;
	}
	ft_close(walk, "]");
	return true;
}
