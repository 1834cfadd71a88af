#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "session/capture_run.h"

#define NAME_MAX_BYTES 128u /* struct sockaddr_storage */
#define BROKEN	       (FT_PAYLOAD_TRUNCATED | FT_PAYLOAD_FAULT) /* what follows cannot be read */
#define POINTERS_BITE  512u /* of a vector whose end is not known */

static uint8_t *room_for(struct ft_capture_run *r, uint64_t size)
{
	uint8_t *at = r->t->payload + r->t->payload_len;

	return size <= FT_CAPTURE_ROOM - r->t->payload_len ? at : NULL;
}

/* n: bytes, or a negative errno; flags: why they are not all. */
static void put(struct ft_capture_run *r, uint8_t *at, uint8_t type, uint64_t address, ssize_t n,
	uint16_t flags)
{
	const struct ft_payload head = {
		.length = n < 0 ? 0 : (uint32_t)n,
		.arg = r->arg,
		.type = type,
		.flags = (n < 0 ? FT_PAYLOAD_FAULT : flags) | (r->at_exit ? FT_PAYLOAD_EXIT : 0),
		.address = address,
	};

	r->t->payload_len += ft_payload_put(at, &head);
}

/* Returns the bytes that were copied, or NULL and 0. */
static const uint8_t *take_bytes(
	struct ft_capture_run *r, uint64_t address, uint64_t want, uint32_t limit, uint32_t *length)
{
	uint32_t size = want < limit ? (uint32_t)want : limit;
	uint8_t *at = room_for(r, FT_PAYLOAD_SIZE(size));
	ssize_t n;

	*length = 0;
	if (!address || !at)
		return NULL;
	n = ft_fetch_bytes(r->from, address, at + sizeof(struct ft_payload), size);
	put(r, at, FT_PAYLOAD_BYTES, address, n,
		n < (ssize_t)size ? BROKEN
		: size < want	  ? FT_PAYLOAD_TRUNCATED
				  : 0);
	*length = n < 0 ? 0 : (uint32_t)n;
	return at + sizeof(struct ft_payload);
}

/* Of data that does not end with a NUL within the limit no more is kept. */
static void take_string(struct ft_capture_run *r, uint64_t address, uint32_t limit, bool whole)
{
	uint32_t most = whole ? limit : limit + 1;
	uint8_t *at = room_for(r, FT_PAYLOAD_SIZE(most));
	uint16_t flags = 0;
	ssize_t n;
	int cut = 0;

	if (!address || !at)
		return;
	n = ft_fetch_string(r->from, address, at + sizeof(struct ft_payload), most, &cut);
	if (cut)
		flags = n < (ssize_t)most ? BROKEN : FT_PAYLOAD_TRUNCATED;
	put(r, at, FT_PAYLOAD_STRING, address, n < (ssize_t)limit ? n : (ssize_t)limit, flags);
}

uint32_t ft_capture_word(const struct ft_capture_run *r)
{
	return r->abi == FT_ABI_I386 ? 4 : 8;
}

static uint64_t word_at(const struct ft_capture_run *r, const uint8_t *at)
{
	uint64_t value = 0;

	memcpy(&value, at, ft_capture_word(r)); /* little-endian, as all of them are */
	return value;
}

/* Of a vector's buffers: behind a call as many as it has filled. */
static uint64_t most_bytes(const struct ft_capture_run *r)
{
	if (!r->at_exit)
		return UINT64_MAX;
	return r->ret > 0 ? (uint64_t)r->ret : 0;
}

static void take_iovec(struct ft_capture_run *r, uint64_t address, uint64_t count, uint64_t bytes)
{
	uint32_t size = 2 * ft_capture_word(r), length;
	uint64_t most = FT_STRUCTURE_MAX / size;
	const uint8_t *element = take_bytes(r, address,
		count > most ? (most + 1) * size : count * size, FT_STRUCTURE_MAX, &length);

	ft_fetch_again(&r->from->then);
	for (uint32_t i = 0; i + size <= length; i += size) {
		uint64_t len = word_at(r, element + i + size / 2);

		ft_fetch_ask(
			&r->from->then, word_at(r, element + i), len < r->limit ? len : r->limit);
	}
	ft_fetch_all(r->from, &r->from->then);
	for (; length >= size && bytes && r->left-- > 0; element += size, length -= size) {
		uint64_t base = word_at(r, element), len = word_at(r, element + size / 2);
		uint32_t copied;

		if (len > bytes)
			len = bytes;
		bytes -= len;
		take_bytes(r, base, len, r->limit, &copied);
	}
}

static void take_strings(struct ft_capture_run *r, uint64_t address, bool follow)
{
	uint32_t word = ft_capture_word(r), length = 0, end = 0;
	uint8_t *at = room_for(r, FT_PAYLOAD_SIZE(FT_STRUCTURE_MAX)),
		*pointers = at + sizeof(struct ft_payload);
	bool ends = false;
	ssize_t n = 0;

	if (!address || !at)
		return;
	while (!ends && length < FT_STRUCTURE_MAX) {
		n = ft_fetch_bytes(r->from, address + length, pointers + length, POINTERS_BITE);
		if (n > 0)
			length += (uint32_t)n;
		for (; !ends && end + word <= length; end += word)
			ends = !word_at(r, pointers + end);
		if (n < (ssize_t)POINTERS_BITE)
			break;
	}
	put(r, at, FT_PAYLOAD_BYTES, address, end ? (ssize_t)end : -EFAULT,
		ends			    ? 0
		: length < FT_STRUCTURE_MAX ? BROKEN
					    : FT_PAYLOAD_TRUNCATED);
	if (!follow)
		return;
	ft_fetch_again(&r->from->then);
	for (uint32_t i = 0; i + word <= end; i += word)
		ft_fetch_ask_string(&r->from->then, word_at(r, pointers + i), r->limit + 1);
	ft_fetch_all(r->from, &r->from->then);
	for (uint32_t i = 0; i + word <= end && r->left-- > 0; i += word)
		take_string(r, word_at(r, pointers + i), r->limit, false);
}

/* struct user_msghdr and struct mmsghdr, include/linux/socket.h: in words, but for the name's length. */
static void take_messages(struct ft_capture_run *r, uint64_t address, uint64_t count, bool many)
{
	uint32_t word = ft_capture_word(r), head = 7 * word, size = many ? 8 * word : head, length;
	const uint32_t limit = r->limit;
	uint64_t most = FT_STRUCTURE_MAX / size;
	const uint8_t *message = take_bytes(r, address,
		count > most ? (most + 1) * size : count * size, FT_STRUCTURE_MAX, &length);

	for (; length >= size && r->left-- > 0; message += size, length -= size) {
		uint64_t bytes = most_bytes(r);
		uint32_t name_len, received, copied;
		const uint8_t *name;
		uint16_t family = AF_UNSPEC;

		memcpy(&name_len, message + word, sizeof(name_len));
		if (many && r->at_exit) {
			memcpy(&received, message + head, sizeof(received));
			bytes = received;
		}
		name = take_bytes(r, word_at(r, message), name_len, NAME_MAX_BYTES, &copied);
		/* Messages of netlink are structures, which mean nothing where they are cut. */
		if (name && copied >= sizeof(family))
			memcpy(&family, name, sizeof(family));
		r->limit = family == AF_NETLINK && limit < FT_LIST_MAX ? FT_LIST_MAX : limit;
		take_iovec(
			r, word_at(r, message + 2 * word), word_at(r, message + 3 * word), bytes);
		take_bytes(r, word_at(r, message + 4 * word), word_at(r, message + 5 * word),
			FT_STRUCTURE_MAX, &copied);
	}
}

bool ft_capture_count_of(struct ft_capture_run *r, const struct ft_capture_op *op, uint64_t *count)
{
	uint32_t behind;

	switch (op->count) {
	case FT_COUNT_ARGUMENT:
		*count = r->args[op->from];
		return true;
	case FT_COUNT_BEHIND:
		if (ft_fetch_bytes(r->from, r->args[op->from], (uint8_t *)&behind,
			    sizeof(behind)) != sizeof(behind))
			return false;
		*count = behind;
		return true;
	case FT_COUNT_RESULT:
		*count = r->ret > 0 ? (uint64_t)r->ret : 0;
		return true;
	case FT_COUNT_FIELD:
		*count = r->field;
		return true;
	default:
		*count = 1;
		return true;
	}
}

void ft_capture_take(struct ft_capture_run *r, const struct ft_capture_op *op, uint64_t address)
{
	uint64_t count;
	uint32_t size, copied;

	if (!address || !ft_capture_count_of(r, op, &count))
		return;
	switch (op->what) {
	case FT_CAPTURE_STRING:
		take_string(r, address, r->limit, op->limit == FT_LIMIT_PATH);
		break;
	case FT_CAPTURE_BYTES:
		take_bytes(r, address, ft_capture_bytes(op, count), r->limit, &copied);
		break;
	case FT_CAPTURE_IOCTL:
		size = ft_capture_ioctl((uint32_t)r->args[1], r->at_exit);
		if (size)
			take_bytes(r, address, size, r->limit, &copied);
		break;
	case FT_CAPTURE_IOVEC:
		take_iovec(r, address, count, most_bytes(r));
		break;
	case FT_CAPTURE_STRINGS:
	case FT_CAPTURE_POINTERS:
		take_strings(r, address,
			op->what == FT_CAPTURE_STRINGS ||
				r->from->s->options & FT_OPT_ENVIRONMENTS);
		break;
	case FT_CAPTURE_MSGBUF:
		size = ft_capture_word(r);
		take_bytes(r, address, count < UINT32_MAX ? count + size : count, r->limit + size,
			&copied);
		break;
	default:
		take_messages(r, address, count, op->what == FT_CAPTURE_MMSGHDR);
		break;
	}
}
