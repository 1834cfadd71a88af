#include "decode/text.h"

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

void ft_put_comment(struct ft_text *text, const char *comment, size_t length)
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
		ft_put_comment(text, name, length);
}

static void put_unknown(struct ft_text *text, const struct ft_set *set, uint64_t value)
{
	ft_put_hex(text, value);
	if (text->constants != FT_NUMBERS && (value || !set->is_flags))
		ft_put_comment(text, set->unknown, strlen(set->unknown));
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
