/* struct msghdr and its control messages. */
#define _GNU_SOURCE
#include <linux/socket.h>
#include <sys/socket.h>

#include "decode/families.h"
#include "decode/text.h"
#include "decode/walk.h"

#define CONTROL_MAX 32 /* control messages that are shown */

/* Like an array of so many that lies in the tracee. */
static void show_vector(struct ft_walk *walk, uint64_t address, uint64_t count, bool after)
{
	unsigned of = walk->shape && after ? FT_STRUCT_IOVEC_OUT : FT_STRUCT_IOVEC_IN;
	size_t size = 2u * walk->word,
	       shown = count < walk->elements_max ? (size_t)count : walk->elements_max;
	struct ft_memory memory = ft_memory_at(walk->view, after, address, size * shown);

	/* The kernel does not change it: it may have been copied before the call. */
	if (!memory.data && after)
		memory = ft_memory_at(walk->view, false, address, size * shown);
	if (!address || !memory.data || (count && memory.length < size)) {
		ft_pointer_shown(walk, address);
		return;
	}
	ft_vector_shown(walk, of, memory, count, false);
}

static void show_control_data(
	struct ft_walk *walk, uint32_t level, uint32_t type, const uint8_t *data, size_t length)
{
	if (level == SOL_SOCKET && type == SCM_RIGHTS) {
		ft_open(walk, "[");
		for (size_t i = 0; i + 4 <= length; i += 4) {
			ft_next(walk, NULL);
			if (i / 4 == walk->elements_max) {
				walk->sink->ops->more(walk->sink);
				break;
			}
			ft_show_fd(walk, ft_load(data + i, 4));
		}
		ft_close(walk, "]");
		return;
	}
	if (level == SOL_SOCKET && type == SCM_CREDENTIALS && length >= 12) {
		struct ft_memory memory = { .data = data, .length = length, .found = FT_HERE };

		ft_walk_struct(walk, FT_STRUCT_UCRED, &memory);
		return;
	}
	walk->sink->ops->bytes(walk->sink, data,
		length < walk->string_max ? length : walk->string_max, length > walk->string_max);
}

static void show_control(struct ft_walk *walk, uint64_t address, uint64_t length, bool after)
{
	struct ft_memory memory = ft_memory_at(
		walk->view, after, address, (size_t)(length < SIZE_MAX ? length : SIZE_MAX));
	size_t head = walk->word + 8u, at = 0;
	bool outer = walk->after;

	if (!memory.data || memory.length < head) {
		ft_pointer_shown(walk, address);
		return;
	}
	ft_open(walk, "[");
	for (int n = 0; memory.length - at >= head; n++) {
		const uint8_t *data = memory.data + at;
		uint64_t size = ft_load(data, walk->word);
		uint32_t level = (uint32_t)ft_load(data + walk->word, 4);
		uint32_t type = (uint32_t)ft_load(data + walk->word + 4, 4);

		ft_next(walk, NULL);
		if (n == CONTROL_MAX) {
			walk->sink->ops->more(walk->sink);
			break;
		}
		ft_open(walk, "{");
		ft_next(walk, "cmsg_len");
		ft_integer(walk, size, FT_UNSIGNED);
		ft_next(walk, "cmsg_level");
		ft_set_shown(walk, FT_SET_SOCKOPT_LEVEL, level);
		ft_next(walk, "cmsg_type");
		if (level == SOL_SOCKET)
			ft_set_shown(walk, FT_SET_SCM_TYPE, type);
		else
			ft_integer(walk, type, FT_HEX);
		if (size > head && size <= memory.length - at) {
			ft_next(walk, "cmsg_data");
			walk->after = after;
			show_control_data(walk, level, type, data + head, (size_t)size - head);
			walk->after = outer;
		}
		ft_close(walk, "}");
		if (size < head || size > memory.length - at)
			break;
		size = (size + walk->word - 1) & ~(uint64_t)(walk->word - 1);
		if (size > memory.length - at)
			break;
		at += (size_t)size;
	}
	ft_close(walk, "]");
}

/* before: the room for an address, if it is known. */
static void show_header(
	struct ft_walk *walk, const struct ft_memory *memory, const struct ft_memory *before)
{
	const size_t word = walk->word;
	const uint8_t *data = memory->data;
	uint64_t name = ft_load(data, word), control = ft_load(data + 4 * word, word);
	uint64_t control_length = ft_load(data + 5 * word, word);
	uint32_t name_length = (uint32_t)ft_load(data + word, 4);
	struct ft_memory at = ft_memory_at(walk->view, memory->after, name, name_length);

	ft_open(walk, "{");
	ft_next(walk, "msg_name");
	if (!name || !at.data || !ft_read_sockaddr(walk, &at))
		ft_pointer_shown(walk, name);
	ft_next(walk, "msg_namelen");
	if (before && before->length >= word + 4 &&
		ft_load(before->data + word, 4) != name_length) {
		ft_integer(walk, (uint64_t)(int32_t)ft_load(before->data + word, 4), FT_SIGNED);
		walk->sink->ops->becomes(walk->sink);
	}
	ft_integer(walk, (uint64_t)(int32_t)name_length, FT_SIGNED);
	ft_next(walk, "msg_iov");
	show_vector(walk, ft_load(data + 2 * word, word), ft_load(data + 3 * word, word),
		memory->after);
	ft_next(walk, "msg_iovlen");
	ft_integer(walk, ft_load(data + 3 * word, word), FT_UNSIGNED);
	if (control_length) {
		ft_next(walk, "msg_control");
		show_control(walk, control, control_length, memory->after);
	}
	ft_next(walk, "msg_controllen");
	ft_integer(walk, control_length, FT_UNSIGNED);
	ft_next(walk, "msg_flags");
	ft_set_shown(walk, FT_SET_MSG_FLAGS, ft_load(data + 6 * word, 4));
	ft_close(walk, "}");
}

static size_t header_size(const struct ft_walk *walk)
{
	return 7u * walk->word;
}

/* What recvmsg(2) filled in; if it failed, what room it had for an address. */
bool ft_read_msghdr_got(struct ft_walk *walk, const struct ft_memory *memory)
{
	struct ft_memory after = ft_memory_at(walk->view, true, memory->address, header_size(walk));

	if (walk->failed && memory->length >= header_size(walk)) {
		ft_open(walk, "{");
		ft_next(walk, "msg_namelen");
		ft_integer(
			walk, (uint64_t)(int32_t)ft_load(memory->data + walk->word, 4), FT_SIGNED);
		ft_close(walk, "}");
		return true;
	}
	if (walk->failed || after.length < header_size(walk))
		return false;
	show_header(walk, &after, memory);
	return true;
}

bool ft_read_msghdr(struct ft_walk *walk, const struct ft_memory *memory)
{
	if (memory->length < header_size(walk))
		return false;
	show_header(walk, memory, NULL);
	return true;
}

/* One with the number of its bytes that were sent or received. */
bool ft_read_mmsghdr(struct ft_walk *walk, const struct ft_memory *memory)
{
	struct ft_memory after =
		ft_memory_at(walk->view, true, memory->address, header_size(walk) + walk->word);

	if (memory->length < header_size(walk) + walk->word)
		return false;
	ft_open(walk, "{");
	ft_next(walk, "msg_hdr");
	walk->left = ft_load(memory->data + header_size(walk), 4);
	show_header(walk, memory, NULL);
	if (after.found == FT_HERE) {
		ft_next(walk, "msg_len");
		ft_integer(walk, ft_load(after.data + header_size(walk), 4), FT_UNSIGNED);
	}
	ft_close(walk, "}");
	return true;
}
