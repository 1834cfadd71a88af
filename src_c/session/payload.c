#define _GNU_SOURCE
#include "session/payload.h"

#include <string.h>

size_t ft_payload_put(uint8_t *at, const struct ft_payload *head)
{
	size_t size = FT_PAYLOAD_SIZE(head->length);

	memcpy(at, head, sizeof(*head));
	memset(at + sizeof(*head) + head->length, 0, size - sizeof(*head) - head->length);
	return size;
}

void ft_payload_chain(uint8_t *items, size_t size)
{
	struct ft_payload *item = NULL;

	for (size_t at = 0; at < size; at += FT_PAYLOAD_SIZE(item->length)) {
		if (item)
			item->flags |= FT_PAYLOAD_MORE;
		item = (struct ft_payload *)(items + at);
		item->flags &= (uint16_t)~FT_PAYLOAD_MORE;
	}
}

size_t ft_payload_place(const struct ft_session *s, uint64_t place, uint8_t *to)
{
	const struct ft_payload head = {
		.length = sizeof(place),
		.arg = FT_NO_ARG,
		.type = FT_PAYLOAD_STACK,
	};

	if (!(s->options & FT_OPT_PLACES) || !place)
		return 0;
	memcpy(to + sizeof(head), &place, sizeof(place));
	return ft_payload_put(to, &head);
}
