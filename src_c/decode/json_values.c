/* Values as JSON. */
#include "decode/json.h"

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

/* A number with what it is. */
static void put_descriptor(struct ft_text *text, const struct ft_datum *d)
{
	LITERAL(text, "{\"value\":");
	put_number(text, d);
	LITERAL(text, ",\"text\":");
	put_quoted(text, (const uint8_t *)d->note, d->note ? strlen(d->note) : 0);
	LITERAL(text, ",\"path\":");
	ft_put_json_string(text, d->bytes, d->length, false);
	if (d->cut)
		LITERAL(text, ",\"deleted\":true");
	LITERAL(text, "}");
}

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
		ft_put_json_values(text, d + 1, d->count, "field");
		LITERAL(text, "}");
		break;
	case FT_DATUM_LIST:
		LITERAL(text, "[");
		ft_put_json_values(text, d + 1, d->count, NULL);
		if (d->cut)
			ft_puts(text, d->count ? ",{\"more\":true}" : "{\"more\":true}");
		LITERAL(text, "]");
		break;
	case FT_DATUM_DESCRIPTOR:
		put_descriptor(text, d);
		break;
	}
}

static size_t width_of(const struct ft_datum *d)
{
	return 1 + (d->kind == FT_DATUM_STRUCT || d->kind == FT_DATUM_LIST ? d->count : 0);
}

void ft_put_json_values(
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
