#include "decode/json.h"

#include "decode/file_text.h"
#include "decode/frames.h"
#include "decode/lines.h"

#define LITERAL(text, literal) ft_put(text, literal, sizeof(literal) - 1)

static void put_abi(struct ft_text *text, uint8_t abi)
{
	static const char *const names[FT_ABI_COUNT] = { "x86_64", "i386", "aarch64", "riscv64" };

	if (abi < FT_ABI_COUNT) {
		ft_puts(text, names[abi]);
	} else {
		LITERAL(text, "abi_");
		ft_put_decimal(text, abi);
	}
}

static void put_errno(struct ft_text *text, const struct ft_event *ev)
{
	const struct ft_member *m;

	if (!(ev->flags & FT_FLAG_ERROR)) {
		LITERAL(text, "null");
		return;
	}
	m = ev->ret < 0 ? ft_member_of(&ft_sets[FT_SET_ERRNO], (uint64_t)-ev->ret) : NULL;
	LITERAL(text, "\"");
	if (m) {
		ft_put(text, m->name, m->length);
	} else {
		LITERAL(text, "errno_");
		ft_put_signed(text, -(uint64_t)ev->ret);
	}
	LITERAL(text, "\"");
}

static void put_flags(struct ft_text *text, uint16_t flags)
{
	static const struct {
		const char *name;
		uint16_t flag;
	} told[] = {
		{ ",\"unfinished\":", FT_FLAG_UNFINISHED },
		{ ",\"interrupted\":", FT_FLAG_INTERRUPTED },
		{ ",\"altered\":", FT_FLAG_ALTERED },
		{ ",\"injected\":", FT_FLAG_ALTERED }, /* its former name */
	};

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		ft_puts(text, told[i].name);
		ft_puts(text, flags & told[i].flag ? "true" : "false");
	}
}

static void put_frames(struct ft_text *text, const uint8_t *frames, size_t size)
{
	struct ft_frame frame;
	const char *before = "";

	LITERAL(text, ",\"python\":[");
	while (ft_next_frame(&frames, &size, &frame)) {
		ft_puts(text, before);
		LITERAL(text, "{\"file\":");
		ft_put_json_string(text, frame.file, frame.file_size, false);
		LITERAL(text, ",\"line\":");
		if (frame.line)
			ft_put_decimal(text, frame.line);
		else
			LITERAL(text, "null");
		LITERAL(text, ",\"function\":");
		ft_put_json_string(text, frame.function, frame.function_size, false);
		LITERAL(text, "}");
		before = ",";
	}
	LITERAL(text, "]");
}

/* The line for people: printable ASCII, so only two characters need a backslash. */
static void put_line(struct ft_text *text, const struct ft_view *view, uint32_t string_max,
	struct ft_open_files *files)
{
	const struct ft_line_style plain = { "", "", "", "", 0, string_max, false };
	struct ft_text line;
	size_t length, escapes = 0;
	char *from, *to;

	/* Written in place, then spread from its end. */
	ft_text_start(&line, text->at, (size_t)(text->end - text->at));
	line.files = files;
	line.told = FT_TOLD_ALL;
	ft_put_call(&line, view, &plain);
	if (text->is_full || line.is_full) {
		text->is_full = true;
		return;
	}
	length = (size_t)(line.at - text->at);
	for (char *c = text->at; c < line.at; c++)
		escapes += *c == '"' || *c == '\\';
	if ((size_t)(text->end - line.at) < escapes) {
		text->is_full = true;
		return;
	}
	from = text->at + length;
	to = from + escapes;
	text->at = to;
	while (from < to) {
		*--to = *--from;
		if (*to == '"' || *to == '\\')
			*--to = '\\';
	}
}

void ft_put_json_arguments(struct ft_text *text, const struct ft_view *view, struct ft_data *room)
{
	ft_data_arguments(room, view);
	LITERAL(text, "{");
	ft_put_json_values(text, room->list, room->count, "arg");
	LITERAL(text, "}");
}

void ft_put_json_call(struct ft_text *text, const struct ft_view *view,
	const struct ft_json_style *style, struct ft_data *room)
{
	const struct ft_event *ev = view->event;
	bool ended = !(ev->flags & FT_FLAG_UNFINISHED);
	struct ft_walk walk;

	LITERAL(text, "{\"v\":");
	ft_put_decimal(text, FT_JSON_VERSION);
	LITERAL(text, ",\"kind\":\"syscall\",\"name\":\"");
	if (ft_walk_start(&walk, view, &room->sink) < 0) {
		LITERAL(text, "syscall_");
		ft_put_hex(text, (uint32_t)ev->nr);
		if (!ev->nr)
			LITERAL(text, "x0");
	} else {
		ft_put(text, walk.shape->name, walk.shape->length);
	}
	LITERAL(text, "\",\"nr\":");
	ft_put_signed(text, ev->nr);
	LITERAL(text, ",\"abi\":\"");
	put_abi(text, ev->abi);
	LITERAL(text, "\",\"pid\":");
	ft_put_signed(text, ev->pid);
	LITERAL(text, ",\"tid\":");
	ft_put_signed(text, ev->tid);
	LITERAL(text, ",\"comm\":");
	if (style->comm)
		ft_put(text, style->comm, style->comm_length);
	else
		LITERAL(text, "null");
	LITERAL(text, ",\"time_ns\":");
	ft_put_decimal(text, ev->time_ns);
	LITERAL(text, ",\"duration_ns\":");
	if (ended)
		ft_put_decimal(text, ev->duration_ns);
	else
		LITERAL(text, "null");
	LITERAL(text, ",\"args\":");
	if (style->without_args) {
		LITERAL(text, "null");
	} else {
		ft_put_json_arguments(text, view, room);
	}
	LITERAL(text, ",\"raw_args\":[");
	for (int i = 0; i < 6; i++) {
		if (i)
			LITERAL(text, ",");
		ft_put_decimal(text, ev->args[i]);
	}
	LITERAL(text, "],\"ret\":");
	if (ended)
		ft_put_signed(text, ev->ret);
	else
		LITERAL(text, "null");
	LITERAL(text, ",\"result\":");
	if (ft_data_result(room, view) && room->count)
		ft_put_json_value(text, room->list);
	else
		LITERAL(text, "null");
	if (ft_data_found(room, view) && room->count) {
		LITERAL(text, ",\"found\":");
		ft_put_json_value(text, room->list);
	}
	LITERAL(text, ",\"errno\":");
	put_errno(text, ev);
	put_flags(text, ev->flags);
	if (style->frames)
		put_frames(text, style->frames, style->frames_size);
	LITERAL(text, ",\"text\":\"");
	if (style->without_args)
		LITERAL(text, "...");
	else
		put_line(text, view, style->string_max, room->files);
	LITERAL(text, "\"}\n");
}
