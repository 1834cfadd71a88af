#include "decode/columns.h"

#include <stdbool.h>
#include <string.h>

#include "decode/memory.h"

/* Of one event: a call has FT_SNAPSHOTS_MAX at most; the bound of payload_items() in data/events.py. */
#define ITEMS_MAX 1024

/* The items of one event, one after the other. */
struct items {
	const uint8_t *payload;
	size_t length, start, at;
	unsigned left;
	struct ft_payload head;
	const uint8_t *data; /* head.length bytes; less is there where the stream ends before */
};

static void items_start(
	struct items *items, const struct ft_event *ev, const uint8_t *payload, size_t length)
{
	/* Read once: others may write to a mapped file. */
	uint64_t start = ((const volatile struct ft_event *)ev)->payload;
	bool any = ev->flags & FT_FLAG_PAYLOAD && start <= length;

	*items = (struct items){ .payload = payload,
		.length = length,
		.start = any ? (size_t)start : length,
		.at = any ? (size_t)start : length,
		.left = any ? ITEMS_MAX : 0 };
}

static bool items_next(struct items *items)
{
	size_t room;

	if (!items->left || items->length - items->at < sizeof(items->head))
		return false;
	memcpy(&items->head, items->payload + items->at, sizeof(items->head));
	items->at += sizeof(items->head);
	items->data = items->payload + items->at;
	room = items->length - items->at;
	if (items->head.length > room)
		items->head.length = (uint32_t)room;
	room -= items->head.length;
	items->at += items->head.length;
	/* The zeros behind it. */
	items->at +=
		(-(size_t)items->head.length & 7) < room ? -(size_t)items->head.length & 7 : room;
	items->left = items->head.flags & FT_PAYLOAD_MORE ? items->left - 1 : 0;
	return true;
}

static int first_path(const struct ft_event *ev, uint8_t wanted, const uint8_t *payload,
	size_t length, struct ft_words *words, int32_t *number)
{
	struct items items;
	unsigned seen = 0;

	items_start(&items, ev, payload, length);
	while (items_next(&items)) {
		unsigned bit = items.head.arg < 6 ? 1u << items.head.arg : 0;

		/* An argument's first item is what it points to itself. */
		if (!(bit & wanted & ~seen) || items.head.type != FT_PAYLOAD_STRING) {
			seen |= bit;
			continue;
		}
		if (!items.head.length && items.head.flags & FT_PAYLOAD_FAULT)
			return 0;
		return ft_words_utf8_number(words, items.data, items.head.length, number);
	}
	return 0;
}

int ft_first_paths(const struct ft_event *events, size_t count, const uint8_t *payload,
	size_t length, const uint8_t *wanted, struct ft_words *words, int32_t *numbers)
{
	for (size_t i = 0; i < count; i++) {
		const struct ft_event *ev = &events[i];
		uint8_t bits = 0;
		int rc;

		numbers[i] = -1;
		if (ev->kind == FT_KIND_SYSCALL && ev->abi < FT_ABI_COUNT &&
			(uint32_t)ev->nr < FT_NR_MAX)
			bits = wanted[ev->abi * FT_NR_MAX + (uint32_t)ev->nr];
		if (!bits || !(ev->flags & FT_FLAG_PAYLOAD))
			continue;
		rc = first_path(ev, bits, payload, length, words, &numbers[i]);
		if (rc < 0)
			return rc;
	}
	return 0;
}

void ft_item_sizes(const struct ft_event *events, size_t count, const uint8_t *payload,
	size_t length, uint64_t *sizes)
{
	struct items items;

	for (size_t i = 0; i < count; i++) {
		sizes[i] = 0;
		items_start(&items, &events[i], payload, length);
		while (items_next(&items))
			sizes[i] = items.at - items.start;
	}
}

void ft_copy_items(const struct ft_event *events, size_t count, const uint8_t *payload,
	size_t length, const uint64_t *sizes, uint8_t *out)
{
	struct items items;

	for (size_t i = 0; i < count; i++) {
		items_start(&items, &events[i], payload, length);
		if (sizes[i] <= length - items.start)
			memcpy(out, payload + items.start, sizes[i]);
		out += sizes[i];
	}
}
