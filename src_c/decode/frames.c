#include "decode/frames.h"

#include "decode/memory.h"

const uint8_t *ft_item_of(const struct ft_event *event, enum ft_payload_type type,
	const uint8_t *payload, size_t length, uint64_t payload_base, size_t *size)
{
	uint64_t at = event->payload - payload_base;
	struct ft_payload head;

	if (!(event->flags & FT_FLAG_PAYLOAD) || event->payload < payload_base)
		return NULL;
	for (int items = 0; items < FT_SNAPSHOTS_MAX; items++) {
		if (at > length || length - at < sizeof(head))
			return NULL;
		memcpy(&head, payload + at, sizeof(head));
		at += sizeof(head);
		if (head.type == type) {
			*size = head.length < length - at ? head.length : (size_t)(length - at);
			return payload + at;
		}
		if (!(head.flags & FT_PAYLOAD_MORE))
			return NULL;
		at += ((uint64_t)head.length + 7) & ~(uint64_t)7;
	}
	return NULL;
}

void ft_put_frames(struct ft_text *text, const uint8_t *frames, size_t size)
{
	struct ft_payload_frame head;
	const char *before = " at ";

	while (size >= sizeof(head)) {
		memcpy(&head, frames, sizeof(head));
		frames += sizeof(head);
		size -= sizeof(head);
		if (size < (size_t)head.file_size + head.function_size)
			return;
		ft_puts(text, before);
		ft_put_escaped(text, frames, head.file_size);
		ft_puts(text, ":");
		if (head.line)
			ft_put_decimal(text, head.line);
		else
			ft_puts(text, "?");
		ft_puts(text, " ");
		ft_put_escaped(text, frames + head.file_size, head.function_size);
		frames += (size_t)head.file_size + head.function_size;
		size -= (size_t)head.file_size + head.function_size;
		before = ", ";
	}
}
