#include "decode/lines.h"

#include "decode/frames.h"
#include "decode/opened.h"
#include "decode/result.h"

#define WHO_WIDTH 7

void ft_put_call(
	struct ft_text *text, const struct ft_view *view, const struct ft_line_style *style)
{
	struct ft_walk walk;

	int known = ft_walk_start(&walk, view, &text->sink);

	text->is_first = true;
	walk.string_max = style->string_max;
	walk.is_whole = style->is_whole;
	if (walk.is_whole)
		walk.elements_max = FT_ELEMENTS_WHOLE;
	walk.files = text->files;
	if (known < 0) {
		ft_puts(text, "syscall_");
		ft_put_hex(text, (uint32_t)view->event->nr);
		if (!view->event->nr)
			ft_puts(text, "x0");
	} else {
		ft_put(text, walk.shape->name, walk.shape->length);
	}
	ft_put(text, "(", 1);
	ft_walk_arguments(&walk);
	ft_put(text, ") = ", 4);
	ft_put_result(text, &walk, style->red, style->reset);
}

static void put_style(struct ft_text *text, const char *escape)
{
	if (*escape)
		ft_put(text, escape, strlen(escape));
}

/* Seconds with six digits behind the point, right-aligned. */
static void put_seconds(struct ft_text *text, uint64_t ns, unsigned width)
{
	char buffer[32], *end = buffer + sizeof(buffer), *at = end;
	uint64_t us = (ns + 500) / 1000;

	for (int i = 0; i < 6; i++, us /= 10)
		*--at = (char)('0' + us % 10);
	*--at = '.';
	do {
		*--at = (char)('0' + us % 10);
		us /= 10;
	} while (us);
	while ((size_t)(end - at) < width)
		*--at = ' ';
	ft_put(text, at, (size_t)(end - at));
}

static void put_head(
	struct ft_text *text, const struct ft_event *ev, const struct ft_line_style *style)
{
	char *at;

	put_style(text, style->dim);
	at = text->at;
	ft_put_signed(text, ev->pid);
	if (ev->tid != ev->pid) {
		ft_puts(text, " (");
		ft_put_signed(text, ev->tid);
		ft_puts(text, ")");
	} else {
		while (text->at - at < WHO_WIDTH && !text->is_full)
			ft_put(text, " ", 1);
	}
	ft_put(text, " ", 1);
	if (ev->time_ns < style->origin_ns) {
		ft_put(text, "-", 1);
		put_seconds(text, style->origin_ns - ev->time_ns, 0);
	} else {
		put_seconds(text, ev->time_ns - style->origin_ns, 11);
	}
	put_style(text, style->reset);
	ft_put(text, " ", 1);
}

/* frames: what Python ran, or NULL. */
static void put_line(struct ft_text *text, const struct ft_view *view,
	const struct ft_line_style *style, const uint8_t *frames, size_t size)
{
	const struct ft_event *ev = view->event;

	put_head(text, ev, style);
	ft_put_call(text, view, style);
	if (ev->flags & FT_FLAG_ALTERED) {
		ft_puts(text, " ");
		put_style(text, style->cyan);
		ft_puts(text, "(INJECTED)");
		put_style(text, style->reset);
	}
	if (!(ev->flags & FT_FLAG_UNFINISHED)) {
		ft_puts(text, " ");
		put_style(text, style->dim);
		ft_puts(text, "<");
		put_seconds(text, ev->duration_ns, 0);
		ft_puts(text, ">");
		put_style(text, style->reset);
	}
	if (frames) {
		put_style(text, style->dim);
		ft_put_frames(text, frames, size);
		put_style(text, style->reset);
	}
	ft_put(text, "\n", 1);
}

size_t ft_put_lines(const struct ft_line_style *style, const struct ft_line_files *files,
	const struct ft_event *events, const uint32_t *order, size_t count, const uint8_t *payload,
	size_t payload_length, uint64_t payload_base, char *buffer, size_t size, size_t *done)
{
	struct ft_snapshot snapshots[FT_SNAPSHOTS_MAX];
	struct ft_text text;
	size_t n = 0;

	ft_text_start(&text, buffer, size);
	if (files) {
		text.files = files->files;
		text.told = files->told;
	}
	for (; n < count; n++) {
		const struct ft_event *ev = &events[order[n]];
		struct ft_view view = { .event = ev, .snapshots = snapshots };
		const uint8_t *frames;
		char *line = text.at;
		size_t frames_size = 0;

		if (files)
			ft_view_payload(&view, payload, payload_length, payload_base);
		if (ev->kind != FT_KIND_SYSCALL) {
			if (files && !n) /* it comes once as the first */
				ft_opened_event(
					files->files, ev, view.payload, view.payload_length);
			break;
		}
		view.count = ft_snapshots(ev, payload, payload_length, payload_base, snapshots);
		frames = ft_item_of(
			ev, FT_PAYLOAD_PYTHON, payload, payload_length, payload_base, &frames_size);
		if (files)
			ft_opened_begin(files->files, &view);
		if (!files || !files->shown || files->shown[order[n]])
			put_line(&text, &view, style, frames, frames_size);
		if (files && (!text.is_full || line == buffer))
			ft_opened_end(files->files, &view);
		if (!text.is_full)
			continue;
		if (line == buffer && size > 4) {
			text.at = buffer + size - 4;
			memcpy(text.at, "...\n", 4);
			text.at += 4;
			n++;
		} else {
			text.at = line;
		}
		break;
	}
	*done = n;
	return (size_t)(text.at - buffer);
}

static uint64_t end_of(const struct ft_event *ev)
{
	return ev->time_ns + ev->duration_ns;
}

void ft_order_of_end(const struct ft_event *events, size_t count, uint32_t *order)
{
	uint32_t *from = order, *to = order + count;
	bool sorted = true;

	for (size_t i = 0; i < count; i++) {
		order[i] = (uint32_t)i;
		if (i && end_of(&events[i - 1]) > end_of(&events[i]))
			sorted = false;
	}
	if (sorted)
		return;
	/* Merge sort from the bottom up, stable. */
	for (size_t run = 1; run < count; run *= 2) {
		for (size_t start = 0; start < count; start += 2 * run) {
			size_t middle = start + run < count ? start + run : count;
			size_t end = start + 2 * run < count ? start + 2 * run : count;
			size_t a = start, b = middle;

			for (size_t i = start; i < end; i++) {
				bool take_b = a == middle ||
					      (b < end && end_of(&events[from[b]]) <
								  end_of(&events[from[a]]));

				to[i] = from[take_b ? b++ : a++];
			}
		}
		uint32_t *swap = from;

		from = to;
		to = swap;
	}
	if (from != order)
		memcpy(order, from, count * sizeof(*order));
}
