/* io_submit(2): what a struct iocb (linux/aio_abi.h) says depends on its command. */
#include <linux/aio_abi.h>

#include "decode/families.h"
#include "decode/text.h"
#include "decode/walk.h"

#define DATA	 0
#define KEY	 8
#define RW_FLAGS 12
#define COMMAND	 16
#define PRIORITY 18
#define FILE	 20
#define BUFFER	 24
#define LENGTH	 32
#define OFFSET	 40
#define FLAGS	 56
#define EVENT_FD 60
#define SIZE	 64

static void show_vector(struct ft_walk *walk, unsigned structure, uint64_t address, uint64_t count)
{
	size_t size = 2u * walk->word, most = walk->elements_max;
	struct ft_memory memory = ft_memory_at(
		walk->view, false, address, size * (size_t)(count < most ? count : most));

	if (!address || (count && memory.length < size)) {
		ft_pointer_shown(walk, address);
		return;
	}
	ft_vector_shown(walk, structure, memory, count, true);
}

static void show_data(struct ft_walk *walk, uint64_t address, uint64_t length)
{
	size_t most = length < walk->string_max ? (size_t)length : walk->string_max;
	struct ft_memory memory = ft_memory_at(walk->view, false, address, most);

	if (!address || (length && (!memory.data || memory.found == FT_FAULT)))
		ft_pointer_shown(walk, address);
	else
		walk->sink->ops->bytes(
			walk->sink, memory.data, memory.length, memory.length < length);
}

/* What reads and writes have behind their buffer. */
static void show_place(struct ft_walk *walk, const uint8_t *cb)
{
	uint64_t flags = ft_load(cb + FLAGS, 4);

	ft_number(walk, "aio_offset", ft_load(cb + OFFSET, 8), FT_SIGNED);
	if (!flags)
		return;
	ft_next(walk, "aio_flags");
	ft_set_shown(walk, FT_SET_IOCB_FLAGS, flags);
	if (!(flags & IOCB_FLAG_RESFD))
		return;
	ft_next(walk, "aio_resfd");
	ft_show_fd(walk, ft_load(cb + EVENT_FD, 4));
}

static void show_command(struct ft_walk *walk, uint64_t command)
{
	const struct ft_set *set = &ft_sets[FT_SET_IOCB_COMMAND];

	if (ft_member_of(set, command)) {
		ft_set_shown(walk, FT_SET_IOCB_COMMAND, command);
		return;
	}
	ft_integer(walk, command, FT_UNSIGNED);
	if (walk->constants != FT_NUMBERS)
		walk->sink->ops->comment(walk->sink, set->unknown);
}

static void show_head(struct ft_walk *walk, const uint8_t *cb)
{
	uint64_t key = ft_load(cb + KEY, 4), rw_flags = ft_load(cb + RW_FLAGS, 4);
	uint64_t flags = ft_load(cb + FLAGS, 4);
	int16_t priority = (int16_t)ft_load(cb + PRIORITY, 2);

	ft_number(walk, "aio_data", ft_load(cb + DATA, 8), FT_HEX);
	if (key)
		ft_number(walk, "aio_key", key, FT_UNSIGNED);
	if (rw_flags) {
		ft_next(walk, "aio_rw_flags");
		ft_set_shown(walk, FT_SET_RWF_FLAGS, rw_flags);
	}
	ft_next(walk, "aio_lio_opcode");
	show_command(walk, ft_load(cb + COMMAND, 2));
	if (flags & IOCB_FLAG_IOPRIO) {
		ft_next(walk, "aio_reqprio");
		ft_show_ioprio(walk, (uint16_t)priority);
	} else if (priority) {
		ft_number(walk, "aio_reqprio", (uint64_t)(int64_t)priority, FT_SIGNED);
	}
	ft_next(walk, "aio_fildes");
	ft_show_fd(walk, ft_load(cb + FILE, 4));
}

bool ft_read_iocb(struct ft_walk *walk, const struct ft_memory *memory)
{
	const uint8_t *cb = memory->data;
	uint64_t buffer, length;

	if (memory->length < SIZE)
		return false;
	buffer = ft_load(cb + BUFFER, 8);
	length = ft_load(cb + LENGTH, 8);
	ft_open(walk, "{");
	show_head(walk, cb);
	switch (ft_load(cb + COMMAND, 2)) {
	case IOCB_CMD_PREAD:
	case IOCB_CMD_PWRITE:
		ft_next(walk, "aio_buf");
		if (ft_load(cb + COMMAND, 2) == IOCB_CMD_PWRITE)
			show_data(walk, buffer, length);
		else
			ft_pointer_shown(walk, buffer);
		ft_number(walk, "aio_nbytes", length, FT_UNSIGNED);
		show_place(walk, cb);
		break;
	case IOCB_CMD_PREADV:
	case IOCB_CMD_PWRITEV:
		ft_next(walk, "aio_buf");
		show_vector(walk,
			ft_load(cb + COMMAND, 2) == IOCB_CMD_PWRITEV ? FT_STRUCT_IOVEC_IN
								     : FT_STRUCT_IOVEC_ADDR,
			buffer, length);
		show_place(walk, cb);
		break;
	case 5: /* IOCB_CMD_POLL */
		ft_next(walk, "aio_buf");
		ft_set_shown(walk, FT_SET_POLL_EVENTS, buffer);
		break;
	default:
		break;
	}
	ft_close(walk, "}");
	return true;
}
