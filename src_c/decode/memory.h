/* Memory of a tracee as it was copied with a call, and the one way to read it. */
#ifndef FT_DECODE_MEMORY_H
#define FT_DECODE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"

/* Of one call, which is more than a capture program copies; what a damaged file says beyond is not there. */
#define FT_SNAPSHOTS_MAX 1200

/* One piece of memory. */
struct ft_snapshot {
	uint64_t address;
	const uint8_t *data;
	uint32_t length;
	uint8_t arg;
	uint8_t type; /* enum ft_payload_type */
	bool after; /* copied when the call had ended */
	bool truncated, fault;
};

/* A call with the memory that its arguments point to. */
struct ft_view {
	const struct ft_event *event;
	const struct ft_snapshot *snapshots;
	size_t count;
	const uint8_t *
		payload; /* from its first item on, which what descriptors are is read from; or NULL */
	size_t payload_length;
};

enum ft_found {
	FT_HERE, /* all that was asked for */
	FT_CUT, /* a part: no more of it was copied */
	FT_FAULT, /* it could not be read */
	FT_NOT_THERE, /* nobody copied it */
};

struct ft_memory {
	uint64_t address;
	const uint8_t *data;
	size_t length; /* what can be read of data; never more than was asked for */
	enum ft_found found;
	bool after;
};

/* What was copied of `size` bytes at an address, before or after the call. */
struct ft_memory ft_memory_at(
	const struct ft_view *view, bool after, uint64_t address, size_t size);
/* The same of a C string: length is without its NUL; FT_CUT: it goes on. */
struct ft_memory ft_string_at(const struct ft_view *view, bool after, uint64_t address);

/*
 * The snapshots of a call, from the payload stream that its event's `payload` is an offset into;
 * returns how many. Nothing in the stream is trusted.
 */
size_t ft_snapshots(const struct ft_event *event, const uint8_t *payload, size_t length,
	uint64_t payload_base, struct ft_snapshot *snapshots);

/* What of the stream begins with the items of the view's event. */
void ft_view_payload(
	struct ft_view *view, const uint8_t *payload, size_t length, uint64_t payload_base);

#endif
