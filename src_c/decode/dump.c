#include "decode/dump.h"

#define ROW 16u /* bytes of a line */

enum shape {
	BYTES, /* argument 1; its length is the result, or argument 2 */
	VECTOR, /* argument 1, of as many as argument 2 says */
	MESSAGE,
	MESSAGES,
};

static const struct dumped {
	const char *name;
	uint8_t shape;
	bool is_write;
} calls[] = {
	{ "read", BYTES, false },
	{ "pread64", BYTES, false },
	{ "recvfrom", BYTES, false },
	{ "mq_timedreceive", BYTES, false },
	{ "readv", VECTOR, false },
	{ "preadv", VECTOR, false },
	{ "preadv2", VECTOR, false },
	{ "recvmsg", MESSAGE, false },
	{ "recvmmsg", MESSAGES, false },
	{ "write", BYTES, true },
	{ "pwrite64", BYTES, true },
	{ "sendto", BYTES, true },
	{ "mq_timedsend", BYTES, true },
	{ "writev", VECTOR, true },
	{ "pwritev", VECTOR, true },
	{ "pwritev2", VECTOR, true },
	{ "vmsplice", VECTOR, true },
	{ "sendmsg", MESSAGE, true },
	{ "sendmmsg", MESSAGES, true },
};

static void put_hex(struct ft_text *text, uint64_t value, unsigned digits)
{
	while (digits--)
		ft_put(text, &"0123456789abcdef"[value >> 4 * digits & 15], 1);
}

static void put_row(struct ft_text *text, size_t offset, const uint8_t *data, size_t length)
{
	ft_puts(text, " | ");
	put_hex(text, offset, 5);
	ft_puts(text, " ");
	for (size_t i = 0; i < ROW; i++) {
		ft_puts(text, i % 8 ? " " : i ? "  " : " ");
		if (i < length)
			put_hex(text, data[i], 2);
		else
			ft_puts(text, "  ");
	}
	ft_puts(text, "  ");
	for (size_t i = 0; i < ROW; i++) {
		char byte = i < length ? (char)data[i] : ' ';

		ft_put(text, byte >= ' ' && byte <= '~' ? &byte : ".", 1);
	}
	ft_puts(text, " |\n");
}

static void put_bytes(struct ft_text *text, const struct ft_view *view, bool after,
	uint64_t address, uint64_t length)
{
	struct ft_memory memory =
		ft_memory_at(view, after, address, length < SIZE_MAX ? (size_t)length : SIZE_MAX);

	for (size_t at = 0; memory.data && at < memory.length; at += ROW) {
		size_t left = memory.length - at;

		put_row(text, at, memory.data + at, left < ROW ? left : ROW);
	}
}

/* left: bytes that came into the buffers, or went out. */
static void put_vector(struct ft_text *text, const struct ft_walk *walk, bool after,
	uint64_t address, uint64_t count, uint64_t left)
{
	size_t size = 2u * walk->word;
	struct ft_memory vector = ft_memory_at(walk->view, after, address,
		count < SIZE_MAX / size ? (size_t)count * size : SIZE_MAX);

	for (size_t i = 0; vector.length >= size && left; i++) {
		uint64_t length = ft_load(vector.data + walk->word, walk->word);

		length = length < left ? length : left;
		left -= length;
		if (length) {
			ft_puts(text, " * ");
			ft_put_decimal(text, length);
			ft_puts(text, " bytes in buffer ");
			ft_put_decimal(text, i);
			ft_put(text, "\n", 1);
			put_bytes(
				text, walk->view, after, ft_load(vector.data, walk->word), length);
		}
		vector.data += size;
		vector.length -= size;
	}
}

static void put_message(struct ft_text *text, const struct ft_walk *walk, bool after,
	uint64_t address, uint64_t left)
{
	size_t word = walk->word;
	struct ft_memory head = ft_memory_at(walk->view, after, address, 7 * word);

	if (head.length == 7 * word)
		put_vector(text, walk, after, ft_load(head.data + 2 * word, word),
			ft_load(head.data + 3 * word, word), left);
}

/* Each with the number of bytes that the kernel counted. */
static void put_messages(
	struct ft_text *text, const struct ft_walk *walk, bool after, uint64_t address)
{
	size_t word = walk->word, size = 8 * word;

	for (int64_t i = 0; i < walk->ret; i++, address += size) {
		struct ft_memory head = ft_memory_at(walk->view, after, address, size);
		struct ft_memory counted = ft_memory_at(walk->view, true, address, size);

		if (head.length < size)
			break;
		ft_puts(text, " = ");
		ft_put_decimal(text, ft_load(head.data + 3 * word, word));
		ft_puts(text, " buffers in vector ");
		ft_put_decimal(text, (uint64_t)i);
		ft_put(text, "\n", 1);
		put_message(text, walk, after, address,
			counted.length == size ? ft_load(counted.data + 7 * word, 4) : UINT64_MAX);
	}
}

static const struct dumped *dumped_as(const struct ft_walk *walk)
{
	for (size_t i = 0; walk->shape && i < sizeof(calls) / sizeof(*calls); i++)
		if (!strcmp(calls[i].name, walk->shape->name))
			return &calls[i];
	return NULL;
}

void ft_put_dumps(
	struct ft_text *text, const struct ft_walk *walk, const struct ft_strace_style *style)
{
	const struct dumped *call;
	const uint8_t *wanted;
	uint32_t count, fd = (uint32_t)walk->args[0];

	if ((!style->reads_count && !style->writes_count) || !walk->ended)
		return;
	call = dumped_as(walk);
	/* What was to be written is there though it was not. */
	if (!call || (walk->failed && !call->is_write))
		return;
	wanted = call->is_write ? style->writes : style->reads;
	count = call->is_write ? style->writes_count : style->reads_count;
	if (!count || !wanted[fd < count ? fd : count - 1])
		return;
	switch ((enum shape)call->shape) {
	case BYTES:
		put_bytes(text, walk->view, !call->is_write, walk->args[1],
			call->is_write ? walk->args[2] : (uint64_t)walk->ret);
		break;
	case VECTOR:
		put_vector(text, walk, !call->is_write, walk->args[1], walk->args[2],
			call->is_write ? UINT64_MAX : (uint64_t)walk->ret);
		break;
	case MESSAGE:
		put_message(text, walk, !call->is_write, walk->args[1],
			call->is_write ? UINT64_MAX : (uint64_t)walk->ret);
		break;
	case MESSAGES:
		put_messages(text, walk, !call->is_write, walk->args[1]);
		break;
	}
}
