/* io_uring_setup(2): what is asked for, and what the kernel has made. */
#include <linux/io_uring.h>

#include "decode/families.h"
#include "decode/walk.h"

#define FLAGS	    8
#define THREAD_CPU  12
#define THREAD_IDLE 16
#define FEATURES    20
#define WORKERS_FD  24
#define SUBMISSION  40
#define COMPLETION  80
#define SIZE	    120

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
