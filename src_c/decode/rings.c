/* io_uring_setup(2): what is asked for, and what the kernel has made; what io_uring_register(2) is told of operations. */
#include <linux/io_uring.h>

#include "decode/families.h"
#include "decode/text.h"
#include "decode/walk.h"

#define FLAGS	    8
#define THREAD_CPU  12
#define THREAD_IDLE 16
#define FEATURES    20
#define WORKERS_FD  24
#define SUBMISSION  40
#define COMPLETION  80
#define SIZE	    120

#define PROBE_SIZE 16 /* struct io_uring_probe, and behind it */
#define OP_SIZE	   8 /* struct io_uring_probe_op */
#define OPS_MAX	   256 /* of which the kernel takes no more */

static void show_number(struct ft_walk *walk, const char *name, const uint8_t *at)
{
	ft_next(walk, name);
	ft_integer(walk, ft_load(at, 4), FT_UNSIGNED);
}

static void show_offsets(
	struct ft_walk *walk, const char *name, unsigned index, struct ft_memory memory, size_t at)
{
	memory.data += at;
	memory.length -= at;
	memory.address += at;
	ft_next(walk, name);
	ft_walk_struct(walk, index, &memory);
}

bool ft_read_io_uring_params(struct ft_walk *walk, const struct ft_memory *memory)
{
	struct ft_memory after = ft_memory_at(walk->view, true, memory->address, SIZE);
	uint64_t flags;

	if (memory->length < SIZE)
		return false;
	flags = ft_load(memory->data + FLAGS, 4);
	ft_open(walk, "{");
	ft_next(walk, "flags");
	ft_set_shown(walk, FT_SET_IO_URING_SETUP_FLAGS, flags);
	show_number(walk, "sq_thread_cpu", memory->data + THREAD_CPU);
	show_number(walk, "sq_thread_idle", memory->data + THREAD_IDLE);
	if (flags & IORING_SETUP_ATTACH_WQ)
		show_number(walk, "wq_fd", memory->data + WORKERS_FD);
	if (!walk->failed && after.found == FT_HERE) {
		show_number(walk, "sq_entries", after.data);
		show_number(walk, "cq_entries", after.data + 4);
		ft_next(walk, "features");
		ft_set_shown(walk, FT_SET_IO_URING_FEATURES, ft_load(after.data + FEATURES, 4));
		show_offsets(walk, "sq_off", FT_STRUCT_IO_SQRING_OFFSETS, after, SUBMISSION);
		show_offsets(walk, "cq_off", FT_STRUCT_IO_CQRING_OFFSETS, after, COMPLETION);
	}
	ft_close(walk, "}");
	return true;
}

static void reserved_words(struct ft_walk *walk, const uint8_t *data)
{
	if (!ft_any_byte(data, 12))
		return;
	ft_next(walk, "resv2");
	ft_open(walk, "[");
	for (unsigned i = 0; i < 3; i++)
		ft_number(walk, NULL, ft_load(data + 4 * (size_t)i, 4), FT_HEX);
	ft_close(walk, "]");
}

/* One without a name is a decimal number. */
static void show_operation(struct ft_walk *walk, const char *name, uint8_t op)
{
	const struct ft_set *set = &ft_sets[FT_SET_IO_URING_OPERATION];
	const struct ft_member *m = ft_member_of(set, op);

	ft_next(walk, name);
	if (m) {
		ft_named(walk, op, FT_UNSIGNED, m->name);
		return;
	}
	ft_integer(walk, op, FT_UNSIGNED);
	if (walk->constants != FT_NUMBERS)
		walk->sink->ops->comment(walk->sink, set->unknown);
}

static void show_probed(struct ft_walk *walk, const uint8_t *data)
{
	ft_open(walk, "{");
	show_operation(walk, "op", data[0]);
	if (data[1])
		ft_number(walk, "resv", data[1], FT_HEX);
	ft_next(walk, "flags");
	ft_set_shown(walk, FT_SET_IO_URING_OP_FLAGS, ft_load(data + 2, 2));
	if (ft_any_byte(data + 4, 4))
		ft_number(walk, "resv2", ft_load(data + 4, 4), FT_HEX);
	ft_close(walk, "}");
}

/* Before the call there is room for `room` operations, behind it some of them are filled. */
static void show_probe(struct ft_walk *walk, const uint8_t *data, uint32_t room, bool after)
{
	uint32_t count = after && data[1] < room ? data[1] : room;

	ft_open(walk, "{");
	show_operation(walk, "last_op", data[0]);
	ft_number(walk, "ops_len", data[1], FT_UNSIGNED);
	if (ft_any_byte(data + 2, 2))
		ft_number(walk, "resv", ft_load(data + 2, 2), FT_HEX);
	reserved_words(walk, data + 4);
	ft_next(walk, "ops");
	ft_open(walk, "[");
	for (uint32_t i = 0; i < count; i++) {
		if (!ft_next_element(walk, i)) {
			after = false;
			break;
		}
		show_probed(walk, data + PROBE_SIZE + (size_t)OP_SIZE * i);
	}
	if (after && data[1] > room)
		ft_more(walk);
	ft_close(walk, "]");
	ft_close(walk, "}");
}

/* Zeros, which the kernel wants, are not worth telling. */
void ft_show_io_uring_probe(struct ft_walk *walk, uint64_t value)
{
	uint32_t room = (uint32_t)walk->args[3];
	size_t size = PROBE_SIZE + (size_t)OP_SIZE * (room <= OPS_MAX ? room : 0);
	struct ft_memory before = ft_memory_at(walk->view, false, value, size);
	struct ft_memory after = ft_memory_at(walk->view, true, value, size);
	bool is_asked = before.found == FT_HERE && ft_any_byte(before.data, size);

	if (walk->is_shallow || room > OPS_MAX || before.found != FT_HERE || !value) {
		ft_pointer_shown(walk, value);
		return;
	}
	if (is_asked)
		show_probe(walk, before.data, room, false);
	if (walk->failed || after.found != FT_HERE) {
		if (!is_asked)
			ft_pointer_shown(walk, value);
		return;
	}
	if (is_asked)
		walk->sink->ops->becomes(walk->sink);
	show_probe(walk, after.data, room, true);
}

bool ft_read_io_uring_restriction(struct ft_walk *walk, const struct ft_memory *memory)
{
	const uint8_t *data = memory->data;
	char buffer[16];
	struct ft_text text;

	if (memory->length < 16)
		return false;
	ft_open(walk, "{");
	ft_next(walk, "opcode");
	ft_set_shown(walk, FT_SET_IO_URING_RESTRICTION_KIND, ft_load(data, 2));
	switch (ft_load(data, 2)) {
	case IORING_RESTRICTION_REGISTER_OP:
		ft_next(walk, "register_op");
		ft_set_shown(walk, FT_SET_IO_URING_OP, data[2]);
		break;
	case IORING_RESTRICTION_SQE_OP:
		ft_next(walk, "sqe_op");
		ft_set_shown(walk, FT_SET_IO_URING_OPERATION, data[2]);
		break;
	case IORING_RESTRICTION_SQE_FLAGS_ALLOWED:
	case IORING_RESTRICTION_SQE_FLAGS_REQUIRED:
		ft_next(walk, "sqe_flags");
		ft_set_shown(walk, FT_SET_IO_URING_SQE_FLAGS, data[2]);
		break;
	default:
		ft_text_start(&text, buffer, sizeof(buffer) - 1);
		ft_puts(&text, "op: ");
		ft_put_hex(&text, data[2]);
		*text.at = '\0';
		walk->sink->ops->comment(walk->sink, buffer);
	}
	if (data[3])
		ft_number(walk, "resv", data[3], FT_HEX);
	reserved_words(walk, data + 4);
	ft_close(walk, "}");
	return true;
}
