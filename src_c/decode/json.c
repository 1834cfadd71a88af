#include "decode/json.h"

#include "decode/frames.h"
#include "decode/lines.h"

#define LITERAL(text, literal) ft_put(text, literal, sizeof(literal) - 1)

static const char hex_digits[] = "0123456789abcdef";

/* A character of UTF-8; returns its bytes, 0: there is none here (RFC 3629: the shortest form, no surrogates). */
static size_t character_at(const uint8_t *data, size_t length, uint32_t *out)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t first = data[0];
	size_t n = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	uint32_t c;

	if (!n || first > 0xf4 || n > length)
		return 0;
	c = n == 1 ? first : first & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((data[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (data[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*out = c;
	return n;
}

static void put_unit(struct ft_text *text, uint32_t unit)
{
	char escape[6] = { '\\', 'u', hex_digits[unit >> 12 & 15], hex_digits[unit >> 8 & 15],
		hex_digits[unit >> 4 & 15], hex_digits[unit & 15] };

	ft_put(text, escape, sizeof(escape));
}

static void put_character(struct ft_text *text, uint32_t c)
{
	switch (c) {
	case '"':
	case '\\':
		ft_put(text, (char[]){ '\\', (char)c }, 2);
		break;
	case '\n':
		LITERAL(text, "\\n");
		break;
	case '\t':
		LITERAL(text, "\\t");
		break;
	default:
		if (c >= 0x10000) {
			put_unit(text, 0xd800 + ((c - 0x10000) >> 10));
			c = 0xdc00 + ((c - 0x10000) & 0x3ff);
		}
		put_unit(text, c);
	}
}

static bool is_plain(uint8_t byte)
{
	return byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\';
}

/* Quoted, with U+FFFD for what is no UTF-8; false: there was such. */
static bool put_quoted(struct ft_text *text, const uint8_t *data, size_t length)
{
	bool is_utf8 = true;

	LITERAL(text, "\"");
	for (size_t i = 0; i < length;) {
		size_t run = i, n;
		uint32_t c;

		while (run < length && is_plain(data[run]))
			run++;
		ft_put(text, (const char *)data + i, run - i);
		i = run;
		if (i == length)
			break;
		n = character_at(data + i, length - i, &c);
		if (!n) {
			is_utf8 = false;
			c = 0xfffd;
		}
		put_character(text, c);
		i += n + !n;
	}
	LITERAL(text, "\"");
	return is_utf8;
}

static bool is_utf8(const uint8_t *data, size_t length)
{
	uint32_t c;

	for (size_t i = 0, n; i < length; i += n) {
		n = data[i] < 0x80 ? 1 : character_at(data + i, length - i, &c);
		if (!n)
			return false;
	}
	return true;
}

void ft_put_json_string(struct ft_text *text, const uint8_t *data, size_t length, bool cut)
{
	if (!cut && is_utf8(data, length)) {
		put_quoted(text, data, length);
		return;
	}
	LITERAL(text, "{\"text\":");
	if (!put_quoted(text, data, length)) {
		LITERAL(text, ",\"hex\":\"");
		for (size_t i = 0; i < length; i++)
			ft_put(text, (char[]){ hex_digits[data[i] >> 4], hex_digits[data[i] & 15] },
				2);
		LITERAL(text, "\"");
	}
	if (cut)
		LITERAL(text, ",\"cut\":true");
	LITERAL(text, "}");
}

static void put_number(struct ft_text *text, const struct ft_datum *d)
{
	if (d->shown == FT_SIGNED || d->shown == FT_HEX_INT)
		ft_put_signed(text, (int64_t)d->value);
	else
		ft_put_decimal(text, d->value);
}

static void put_address(struct ft_text *text, const struct ft_datum *d)
{
	LITERAL(text, "{\"address\":\"");
	if (d->value)
		ft_put_hex(text, d->value);
	else
		LITERAL(text, "0x0");
	LITERAL(text, "\"");
	if (d->note) {
		LITERAL(text, ",\"note\":\"");
		ft_puts(text, d->note);
		LITERAL(text, "\"");
	}
	LITERAL(text, "}");
}

static void put_values(
	struct ft_text *text, const struct ft_datum *list, size_t count, const char *unnamed);

void ft_put_json_value(struct ft_text *text, const struct ft_datum *d)
{
	switch ((enum ft_datum_kind)d->kind) {
	case FT_DATUM_INTEGER:
		if (d->shown == FT_ADDRESS)
			put_address(text, d);
		else
			put_number(text, d);
		break;
	case FT_DATUM_SET:
		LITERAL(text, "{\"value\":");
		ft_put_decimal(text, d->value);
		LITERAL(text, ",\"text\":\"");
		ft_put_set(text, d->set, d->value);
		LITERAL(text, "\"}");
		break;
	case FT_DATUM_NAMED:
		LITERAL(text, "{\"value\":");
		put_number(text, d);
		LITERAL(text, ",\"text\":");
		put_quoted(text, d->bytes, d->length);
		LITERAL(text, "}");
		break;
	case FT_DATUM_BYTES:
	case FT_DATUM_STRING:
	case FT_DATUM_WORD:
		ft_put_json_string(text, d->bytes, d->length, d->cut);
		break;
	case FT_DATUM_NULL:
		LITERAL(text, "null");
		break;
	case FT_DATUM_MORE:
		LITERAL(text, "{\"more\":true}");
		break;
	case FT_DATUM_STRUCT:
		LITERAL(text, "{");
		put_values(text, d + 1, d->count, "field");
		LITERAL(text, "}");
		break;
	case FT_DATUM_LIST:
		LITERAL(text, "[");
		put_values(text, d + 1, d->count, NULL);
		LITERAL(text, "]");
		break;
	}
}

static size_t width_of(const struct ft_datum *d)
{
	return 1 + (d->kind == FT_DATUM_STRUCT || d->kind == FT_DATUM_LIST ? d->count : 0);
}

/* unnamed: of a structure, for a value without a name; NULL: of a list. */
static void put_values(
	struct ft_text *text, const struct ft_datum *list, size_t count, const char *unnamed)
{
	unsigned n = 0;

	for (size_t i = 0; i < count; n++) {
		const struct ft_datum *d = &list[i];

		if (n)
			LITERAL(text, ",");
		if (unnamed) {
			LITERAL(text, "\"");
			ft_puts(text, d->name ? d->name : unnamed);
			if (!d->name)
				ft_put_decimal(text, n);
			LITERAL(text, "\":");
		}
		i += width_of(d);
		if (d->becomes && i < count) {
			LITERAL(text, "{\"before\":");
			ft_put_json_value(text, d);
			LITERAL(text, ",\"after\":");
			ft_put_json_value(text, &list[i]);
			LITERAL(text, "}");
			i += width_of(&list[i]);
		} else {
			ft_put_json_value(text, d);
		}
	}
}

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
static void put_line(struct ft_text *text, const struct ft_view *view, uint32_t string_max)
{
	const struct ft_line_style plain = { "", "", "", "", 0, string_max, false };
	struct ft_text line = *text;
	size_t length, escapes = 0;
	char *from, *to;

	/* Written in place, then spread from its end. */
	ft_text_start(&line, text->at, (size_t)(text->end - text->at));
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
	put_values(text, room->list, room->count, "arg");
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
	LITERAL(text, ",\"errno\":");
	put_errno(text, ev);
	put_flags(text, ev->flags);
	if (style->frames)
		put_frames(text, style->frames, style->frames_size);
	LITERAL(text, ",\"text\":\"");
	if (style->without_args)
		LITERAL(text, "...");
	else
		put_line(text, view, style->string_max);
	LITERAL(text, "\"}\n");
}
