#include "decode/memory.h"

#include <string.h>

/* That which has most of what is there: several may begin at the same address. */
static const struct ft_snapshot *holding(const struct ft_view *view, bool after, uint64_t address)
{
	const struct ft_snapshot *fault = NULL, *most = NULL;
	uint64_t most_left = 0;

	for (size_t i = 0; i < view->count; i++) {
		const struct ft_snapshot *s = &view->snapshots[i];
		uint64_t left = s->length - (address - s->address);

		if (s->after != after || address < s->address)
			continue;
		if (s->fault && s->address == address) {
			fault = s;
			continue;
		}
		/* A string's NUL lies behind its bytes. */
		if (address - s->address >= s->length && address != s->address)
			continue;
		if (!most || left > most_left) {
			most = s;
			most_left = left;
		}
	}
	/* Where nothing was asked for nothing is known. */
	return most && (most->length || !fault) ? most : fault;
}

struct ft_memory ft_memory_at(const struct ft_view *view, bool after, uint64_t address, size_t size)
{
	const struct ft_snapshot *s = holding(view, after, address);
	struct ft_memory memory = { .address = address, .found = FT_NOT_THERE, .after = after };
	size_t left;

	if (!s)
		return memory;
	if (s->fault && !s->length) {
		memory.found = FT_FAULT;
		return memory;
	}
	left = s->length - (size_t)(address - s->address);
	memory.data = s->data + (address - s->address);
	memory.length = left < size ? left : size;
	memory.found = left >= size ? FT_HERE : s->fault ? FT_FAULT : FT_CUT;
	return memory;
}

struct ft_memory ft_string_at(const struct ft_view *view, bool after, uint64_t address)
{
	struct ft_memory memory = ft_memory_at(view, after, address, SIZE_MAX);
	const struct ft_snapshot *s;
	const uint8_t *nul;

	if (!memory.data)
		return memory;
	s = holding(view, after, address);
	nul = memory.length ? memchr(memory.data, 0, memory.length) : NULL;
	if (nul) {
		memory.length = (size_t)(nul - memory.data);
		memory.found = FT_HERE;
	} else if (s->type == FT_PAYLOAD_STRING && !s->truncated) {
		memory.found = FT_HERE;
	} else {
		memory.found = s->fault ? FT_FAULT : FT_CUT;
	}
	return memory;
}

size_t ft_snapshots(const struct ft_event *event, const uint8_t *payload, size_t length,
	uint64_t payload_base, struct ft_snapshot *snapshots)
{
	uint64_t at = event->payload - payload_base;
	struct ft_payload head;
	size_t n = 0;

	if (!(event->flags & FT_FLAG_PAYLOAD) || event->payload < payload_base)
		return 0;
	for (int items = 0; items < FT_SNAPSHOTS_MAX; items++) {
		struct ft_snapshot *s = &snapshots[n];

		if (at > length || length - at < sizeof(head))
			break;
		memcpy(&head, payload + at, sizeof(head));
		at += sizeof(head);
		if (head.arg < 6 &&
			(head.type == FT_PAYLOAD_STRING || head.type == FT_PAYLOAD_BYTES)) {
			bool ends = head.length > length - at; /* a cut file */

			*s = (struct ft_snapshot){
				/* Older traces do not say it: then it is what the argument points to. */
				.address = head.address ? head.address : event->args[head.arg],
				.after = head.flags & FT_PAYLOAD_EXIT,
				.data = payload + at,
				.length = ends ? (uint32_t)(length - at) : head.length,
				.arg = head.arg,
				.type = head.type,
				.truncated = ends || head.flags & FT_PAYLOAD_TRUNCATED,
				.fault = head.flags & FT_PAYLOAD_FAULT,
			};
			n++;
		}
		if (!(head.flags & FT_PAYLOAD_MORE))
			break;
		at += ((uint64_t)head.length + 7) & ~(uint64_t)7;
	}
	return n;
}

void ft_view_payload(
	struct ft_view *view, const uint8_t *payload, size_t length, uint64_t payload_base)
{
	uint64_t at = view->event->payload - payload_base;

	view->payload = NULL;
	view->payload_length = 0;
	if (!(view->event->flags & FT_FLAG_PAYLOAD) || view->event->payload < payload_base ||
		at > length)
		return;
	view->payload = payload + at;
	view->payload_length = length - (size_t)at;
}
