#include "decode/text.h"

#include "decode/file_text.h"

static const char pairs[] =
	"00010203040506070809101112131415161718192021222324252627282930313233343536373839"
	"40414243444546474849505152535455565758596061626364656667686970717273747576777879"
	"8081828384858687888990919293949596979899";

void ft_put_padded(struct ft_text *text, uint64_t value, unsigned digits)
{
	char buffer[24], *at = buffer + sizeof(buffer), *least = at - (digits < 20 ? digits : 20);

	while (value >= 100) {
		at -= 2;
		memcpy(at, &pairs[value % 100 * 2], 2);
		value /= 100;
	}
	if (value >= 10) {
		at -= 2;
		memcpy(at, &pairs[value * 2], 2);
	} else {
		*--at = (char)('0' + value);
	}
	while (at > least)
		*--at = '0';
	ft_put(text, at, (size_t)(buffer + sizeof(buffer) - at));
}

void ft_put_decimal(struct ft_text *text, uint64_t value)
{
	ft_put_padded(text, value, 1);
}

void ft_put_signed(struct ft_text *text, int64_t value)
{
	if (value < 0)
		ft_put(text, "-", 1);
	ft_put_decimal(text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void ft_put_hex(struct ft_text *text, uint64_t value)
{
	char buffer[18], *at = buffer + sizeof(buffer);

	if (!value) {
		ft_put(text, "0", 1);
		return;
	}
	for (; value; value >>= 4)
		*--at = "0123456789abcdef"[value & 15];
	*--at = 'x';
	*--at = '0';
	ft_put(text, at, (size_t)(buffer + sizeof(buffer) - at));
}

void ft_put_octal(struct ft_text *text, uint64_t value)
{
	char buffer[24], *at = buffer + sizeof(buffer);

	for (; value; value >>= 3)
		*--at = (char)('0' + (value & 7));
	*--at = '0';
	ft_put(text, at, (size_t)(buffer + sizeof(buffer) - at));
}

/* What stands behind the backslash for a byte; 0: it stands for itself; 'o': its octal digits. */
static const char escapes[256] = {
	[0x00 ... 0x08] = 'o',
	['\t'] = 't',
	['\n'] = 'n',
	['\v'] = 'v',
	['\f'] = 'f',
	['\r'] = 'r',
	[0x0e ... 0x1f] = 'o',
	['"'] = '"',
	['\\'] = '\\',
	[0x7f ... 0xff] = 'o',
};

static bool is_text(uint8_t byte, const char *octal)
{
	return !escapes[byte] && !(*octal && byte && strchr(octal, byte));
}

void ft_put_escaped(struct ft_text *text, const uint8_t *data, size_t length, const char *octal)
{
	for (size_t i = 0; i < length;) {
		size_t run = i;
		char escape[4] = { '\\', 0, 0, 0 };
		size_t n = 1;
		uint8_t byte;

		while (run < length && is_text(data[run], octal))
			run++;
		ft_put(text, (const char *)data + i, run - i);
		i = run;
		if (i == length)
			break;
		byte = data[i++];
		if (escapes[byte] && escapes[byte] != 'o') {
			escape[n++] = escapes[byte];
		} else {
			bool is_long = i < length && data[i] >= '0' && data[i] <= '9';

			if (is_long || byte >= 0100)
				escape[n++] = (char)('0' + (byte >> 6));
			if (is_long || byte >= 010)
				escape[n++] = (char)('0' + (byte >> 3 & 7));
			escape[n++] = (char)('0' + (byte & 7));
		}
		ft_put(text, escape, n);
	}
}

void ft_put_quoted(struct ft_text *text, const uint8_t *data, size_t length, bool cut)
{
	ft_put(text, "\"", 1);
	ft_put_escaped(text, data, length, "");
	ft_put(text, cut ? "\"..." : "\"", cut ? 4 : 1);
}

const struct ft_member *ft_member_of(const struct ft_set *set, uint64_t value)
{
	size_t low = 0, high = set->count;

	if (value < set->count && set->members[value].value == value)
		return &set->members[value];
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct ft_member *m = &set->members[middle];

		if (m->value == value)
			return m;
		if (m->value < value)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool ft_put_flags(struct ft_text *text, const struct ft_set *set, uint64_t value)
{
	uint64_t left = value, taken = 0;
	bool any = false;

	for (unsigned i = 0; i < set->count; i++) {
		const struct ft_member *m = &set->members[i];

		if (m->value ? (left & m->mask) != m->value
			     : (value | taken) & (m->mask ? m->mask : ~UINT64_C(0)))
			continue;
		if (any)
			ft_put(text, "|", 1);
		ft_put(text, m->name, m->length);
		left &= ~m->mask;
		taken |= m->mask;
		any = true;
	}
	if (any && left) {
		ft_put(text, "|", 1);
		ft_put_hex(text, left);
	}
	return any;
}

void ft_put_number(struct ft_text *text, uint64_t value, enum ft_shown_as shown)
{
	switch (shown) {
	case FT_SIGNED:
		ft_put_signed(text, (int64_t)value);
		break;
	case FT_UNSIGNED:
		ft_put_decimal(text, value);
		break;
	case FT_OCTAL:
		ft_put_octal(text, value);
		break;
	case FT_HEX_INT:
		ft_put_hex(text, (uint32_t)value);
		break;
	case FT_HEX:
	case FT_ADDRESS:
	case FT_AS_TEXT:
		ft_put_hex(text, value);
		break;
	}
}

static void put_comment(struct ft_text *text, const char *comment, size_t length)
{
	ft_puts(text, " /* ");
	ft_put(text, comment, length);
	ft_puts(text, " */");
}

void ft_put_named(struct ft_text *text, uint64_t value, enum ft_shown_as shown, const char *name,
	size_t length)
{
	if (text->constants == FT_NAMES || shown == FT_AS_TEXT) {
		ft_put(text, name, length);
		return;
	}
	ft_put_number(text, value, shown);
	if (text->constants == FT_NUMBERS_AND_NAMES)
		put_comment(text, name, length);
}

static void put_unknown(struct ft_text *text, const struct ft_set *set, uint64_t value)
{
	ft_put_hex(text, value);
	if (text->constants != FT_NUMBERS && (value || !set->is_flags))
		put_comment(text, set->unknown, strlen(set->unknown));
}

static void put_flags_in_form(struct ft_text *text, const struct ft_set *set, uint64_t value)
{
	struct ft_text names = *text;
	char buffer[1024];

	names.constants = FT_NAMES;
	names.at = buffer;
	names.end = buffer + sizeof(buffer);
	if (ft_put_flags(&names, set, value))
		ft_put_named(text, value, FT_HEX, buffer, (size_t)(names.at - buffer));
	else
		put_unknown(text, set, value);
}

/* Its bits may also mean something else. */
static bool is_part(const struct ft_set *set, unsigned i)
{
	const struct ft_member *m = &set->members[i];

	return m->mask != m->value || m->mask & (m->mask - 1) ||
	       (i && set->members[i - 1].mask == m->mask);
}

/* Of a set that has parts each is a number of its own, and the flags are another. */
static void put_parts(struct ft_text *text, const struct ft_set *set, uint64_t value)
{
	struct ft_member flags[64];
	struct ft_set others = { .unknown = set->unknown, .members = flags, .is_flags = 1 };
	bool any = false;

	for (unsigned i = 0; i < set->count; i++) {
		const struct ft_member *m = &set->members[i];

		if (!is_part(set, i)) {
			if (others.count < sizeof(flags) / sizeof(*flags))
				flags[others.count++] = *m;
			continue;
		}
		if ((value & m->mask) != m->value)
			continue;
		if (any)
			ft_put(text, "|", 1);
		ft_put_named(text, m->value, FT_HEX, m->name, m->length);
		value &= ~m->mask;
		any = true;
	}
	if (!value && any)
		return;
	if (any)
		ft_put(text, "|", 1);
	put_flags_in_form(text, &others, value);
}

void ft_put_set(struct ft_text *text, const struct ft_set *set, uint64_t value)
{
	const struct ft_member *m;

	if (set->is_flags > 1) {
		put_parts(text, set, value);
	} else if (set->is_flags && text->constants == FT_NAMES) {
		if (!ft_put_flags(text, set, value))
			put_unknown(text, set, value);
	} else if (set->is_flags) {
		put_flags_in_form(text, set, value);
	} else {
		m = ft_member_of(set, value);
		if (m)
			ft_put_named(text, value, FT_HEX, m->name, m->length);
		else
			put_unknown(text, set, value);
	}
}

static struct ft_text *of(struct ft_sink *sink)
{
	return (struct ft_text *)sink;
}

static void text_integer(struct ft_sink *sink, uint64_t value, enum ft_shown_as shown)
{
	ft_put_number(of(sink), value, shown);
}

static void text_named(struct ft_sink *sink, uint64_t value, enum ft_shown_as shown,
	const char *name, size_t length)
{
	ft_put_named(of(sink), value, shown, name, length);
}

static void text_comment(struct ft_sink *sink, const char *comment)
{
	put_comment(of(sink), comment, strlen(comment));
}

static void text_set(struct ft_sink *sink, const struct ft_set *set, uint64_t value)
{
	ft_put_set(of(sink), set, value);
}

static void text_bytes(struct ft_sink *sink, const uint8_t *data, size_t length, bool cut)
{
	ft_put_quoted(of(sink), data, length, cut);
}

static void text_binary(struct ft_sink *sink, const uint8_t *data, size_t length, bool cut)
{
	ft_put(of(sink), "\"", 1);
	for (size_t i = 0; i < length; i++) {
		char escape[4] = { '\\', 'x', "0123456789abcdef"[data[i] >> 4],
			"0123456789abcdef"[data[i] & 15] };

		ft_put(of(sink), escape, sizeof(escape));
	}
	ft_put(of(sink), cut ? "\"..." : "\"", cut ? 4 : 1);
}

static void text_abstract(struct ft_sink *sink, const uint8_t *data, size_t length)
{
	ft_put(of(sink), "@", 1);
	sink->ops->string(sink, data, length, false);
}

static void text_made(
	struct ft_sink *sink, const char *string, const char *before, const char *after)
{
	ft_put(of(sink), before, strlen(before));
	ft_puts(of(sink), "\"");
	ft_put(of(sink), string, strlen(string));
	ft_puts(of(sink), "\"");
	ft_put(of(sink), after, strlen(after));
}

static void text_null(struct ft_sink *sink)
{
	ft_puts(of(sink), "NULL");
}

static void text_word(struct ft_sink *sink, const char *word, size_t length)
{
	ft_put(of(sink), word, length);
}

static void text_open(struct ft_sink *sink, const char *bracket)
{
	ft_put(of(sink), bracket, strlen(bracket));
	of(sink)->is_first = true;
}

static void text_close(struct ft_sink *sink, const char *bracket)
{
	ft_put(of(sink), bracket, strlen(bracket));
	of(sink)->is_first = false;
}

static void text_next(struct ft_sink *sink, const char *name, size_t length)
{
	struct ft_text *text = of(sink);

	if (!text->is_first)
		ft_put(text, ", ", 2);
	text->is_first = false;
	if (name && length) {
		ft_put(text, name, length);
		ft_put(text, "=", 1);
	}
}

static void text_argument(struct ft_sink *sink, const char *name)
{
	(void)name;
	text_next(sink, NULL, 0);
}

static void text_label(struct ft_sink *sink, const char *name)
{
	ft_put(of(sink), name, strlen(name));
	ft_put(of(sink), "=", 1);
}

static void text_also(struct ft_sink *sink)
{
	if (!of(sink)->is_first)
		ft_put(of(sink), " ", 1);
	of(sink)->is_first = false;
}

static void text_becomes(struct ft_sink *sink)
{
	ft_put(of(sink), " => ", 4);
}

static void text_more(struct ft_sink *sink)
{
	ft_put(of(sink), "...", 3);
}

static void text_fault(struct ft_sink *sink, uint64_t address)
{
	ft_puts(of(sink), " /* ");
	ft_put_hex(of(sink), address);
	ft_puts(of(sink), " */");
}

static void text_descriptor(struct ft_sink *sink, int32_t fd, const struct ft_file *file)
{
	if (fd == (int32_t)FT_LINK_CWD)
		sink->ops->named(sink, (uint64_t)(int64_t)fd, FT_SIGNED, "AT_FDCWD", 8);
	else
		ft_put_signed(of(sink), fd);
	if (file && of(sink)->told)
		ft_put_file(of(sink), file, of(sink)->told, of(sink)->hex);
}

static const struct ft_sink_ops text_ops = {
	.integer = text_integer,
	.set = text_set,
	.bytes = text_bytes,
	.binary = text_binary,
	.string = text_bytes,
	.abstract = text_abstract,
	.named = text_named,
	.made = text_made,
	.null = text_null,
	.word = text_word,
	.comment = text_comment,
	.open = text_open,
	.close = text_close,
	.argument = text_argument,
	.label = text_label,
	.next = text_next,
	.also = text_also,
	.becomes = text_becomes,
	.more = text_more,
	.fault = text_fault,
	.descriptor = text_descriptor,
};

void ft_text_start(struct ft_text *text, char *buffer, size_t size)
{
	*text = (struct ft_text){
		.sink = { &text_ops },
		.at = buffer,
		.end = buffer + size,
		.is_first = true,
	};
}
