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

uint64_t ft_place_of(
	const struct ft_event *event, const uint8_t *payload, size_t length, uint64_t payload_base)
{
	uint64_t place = 0;
	size_t size;
	const uint8_t *data =
		ft_item_of(event, FT_PAYLOAD_STACK, payload, length, payload_base, &size);

	if (data && size >= sizeof(place))
		memcpy(&place, data, sizeof(place));
	return place;
}

bool ft_next_frame(const uint8_t **frames, size_t *size, struct ft_frame *out)
{
	struct ft_payload_frame head;
	size_t names;

	if (*size < sizeof(head))
		return false;
	memcpy(&head, *frames, sizeof(head));
	names = (size_t)head.file_size + head.function_size;
	if (*size - sizeof(head) < names)
		return false;
	*out = (struct ft_frame){
		.line = head.line,
		.file_size = head.file_size,
		.function_size = head.function_size,
		.file = *frames + sizeof(head),
		.function = *frames + sizeof(head) + head.file_size,
	};
	*frames += sizeof(head) + names;
	*size -= sizeof(head) + names;
	return true;
}

void ft_put_frames(struct ft_text *text, const uint8_t *frames, size_t size)
{
	const char *before = " at ";
	struct ft_frame frame;

	while (ft_next_frame(&frames, &size, &frame)) {
		ft_puts(text, before);
		ft_put_escaped(text, frame.file, frame.file_size, "");
		ft_puts(text, ":");
		if (frame.line)
			ft_put_decimal(text, frame.line);
		else
			ft_puts(text, "?");
		ft_puts(text, " ");
		ft_put_escaped(text, frame.function, frame.function_size, "");
		before = ", ";
	}
}
