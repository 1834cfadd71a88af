/* What ioctl(2) tells of video devices (linux/videodev2.h), where that needs code. */
#include "decode/families.h"
#include "decode/text.h"
#include "decode/walk.h"

#define CLASS_SIZE  0x10000u /* numbers of a class of controls */
#define CLOCK_MASK  0xe000u /* V4L2_BUF_FLAG_TIMESTAMP_MASK */
#define MOMENT_MASK 0x70000u /* V4L2_BUF_FLAG_TSTAMP_SRC_MASK */
#define NEXT_MASK   0xc0000000u /* V4L2_CTRL_FLAG_NEXT_CTRL, V4L2_CTRL_FLAG_NEXT_COMPOUND */
#define LINES	    24u /* of each field in struct v4l2_sliced_vbi_format */

static void start(struct ft_walk *walk, struct ft_text *text, char *buffer, size_t size)
{
	ft_text_start(text, buffer, size);
	text->constants = walk->constants;
}

/* As numbers alone it is one. */
static void finish(
	struct ft_walk *walk, uint64_t value, const char *buffer, const struct ft_text *text)
{
	walk->sink->ops->named(walk->sink, value,
		walk->constants == FT_NUMBERS ? FT_HEX : FT_AS_TEXT, buffer,
		(size_t)(text->at - buffer));
}

/* struct v4l2_fract */
bool ft_read_fraction(struct ft_walk *walk, const struct ft_memory *memory)
{
	char buffer[32];
	struct ft_text text;

	if (memory->length < 8)
		return false;
	start(walk, &text, buffer, sizeof(buffer));
	ft_put_decimal(&text, ft_load(memory->data, 4));
	ft_puts(&text, "/");
	ft_put_decimal(&text, ft_load(memory->data + 4, 4));
	walk->sink->ops->named(walk->sink, ft_load(memory->data, 8), FT_AS_TEXT, buffer,
		(size_t)(text.at - buffer));
	return true;
}

static void put_character(struct ft_text *text, uint8_t c)
{
	static const char digits[] = "0123456789abcdef";
	const char escaped[] = { '\\', 'x', digits[c >> 4], digits[c & 15] };
	const char plain[] = { '\\', (char)c };
	bool is_quoted = c == '\'' || c == '\\';

	ft_puts(text, "'");
	if (c < ' ' || c > '~')
		ft_put(text, escaped, 4);
	else
		ft_put(text, plain + !is_quoted, 1 + (size_t)is_quoted);
	ft_puts(text, "'");
}

/* Four characters; the name behind them is one of the set's. */
static void show_format(struct ft_walk *walk, uint64_t value, unsigned set)
{
	const struct ft_member *m = ft_member_of(&ft_sets[set], value);
	char buffer[128];
	struct ft_text text;

	start(walk, &text, buffer, sizeof(buffer));
	ft_puts(&text, "v4l2_fourcc(");
	for (unsigned i = 0; i < 4; i++) {
		if (i)
			ft_puts(&text, ", ");
		put_character(&text, (uint8_t)(value >> 8 * i));
	}
	ft_puts(&text, ")");
	if (m)
		ft_put_comment(&text, m->name, m->length);
	finish(walk, value, buffer, &text);
}

void ft_show_v4l2_pixel_fourcc(struct ft_walk *walk, uint64_t value)
{
	show_format(walk, value, FT_SET_V4L2_PIXEL_FORMATS);
}

void ft_show_v4l2_radio_fourcc(struct ft_walk *walk, uint64_t value)
{
	show_format(walk, value, FT_SET_V4L2_RADIO_FORMATS);
}

void ft_show_v4l2_meta_fourcc(struct ft_walk *walk, uint64_t value)
{
	show_format(walk, value, FT_SET_V4L2_META_FORMATS);
}

/* A control without a name is told by the class whose number it is. */
static void put_control(struct ft_text *text, uint32_t value)
{
	const struct ft_set *controls = &ft_sets[FT_SET_V4L2_CONTROLS];
	const struct ft_member *m = ft_member_of(controls, value), *class = NULL;
	const struct ft_set *classes = &ft_sets[FT_SET_V4L2_CONTROL_CLASS];
	char buffer[64];
	struct ft_text name;

	for (unsigned i = 0; i < classes->count; i++)
		if (value - (uint32_t)classes->members[i].value < CLASS_SIZE)
			class = &classes->members[i];
	if (m || !class) {
		ft_put_set(text, controls, value);
		return;
	}
	ft_text_start(&name, buffer, sizeof(buffer));
	ft_put(&name, class->name, class->length);
	ft_puts(&name, "+");
	ft_put_hex(&name, value - class->value);
	ft_put_named(text, value, FT_HEX, buffer, (size_t)(name.at - buffer));
}

static void show_control(struct ft_walk *walk, uint64_t value, uint32_t next_mask)
{
	uint32_t next = (uint32_t)value & next_mask;
	char buffer[256];
	struct ft_text text;

	start(walk, &text, buffer, sizeof(buffer));
	if (next) {
		ft_put_set(&text, &ft_sets[FT_SET_V4L2_CONTROL_NEXT], next);
		ft_puts(&text, "|");
	}
	put_control(&text, (uint32_t)value - next);
	finish(walk, value, buffer, &text);
}

void ft_show_v4l2_control_id(struct ft_walk *walk, uint64_t value)
{
	show_control(walk, value, 0);
}

/* The one that is asked for, or from which on. */
void ft_show_v4l2_control_from(struct ft_walk *walk, uint64_t value)
{
	show_control(walk, value, NEXT_MASK);
}

/* Flags, and two numbers in between. */
void ft_show_v4l2_buffer_flags(struct ft_walk *walk, uint64_t value)
{
	uint64_t flags = value & ~(uint64_t)(CLOCK_MASK | MOMENT_MASK);
	char buffer[1024];
	struct ft_text text;

	start(walk, &text, buffer, sizeof(buffer));
	if (flags) {
		ft_put_set(&text, &ft_sets[FT_SET_V4L2_BUF_FLAGS], flags);
		ft_puts(&text, "|");
	}
	ft_put_set(&text, &ft_sets[FT_SET_V4L2_BUF_CLOCK], value & CLOCK_MASK);
	ft_puts(&text, "|");
	ft_put_set(&text, &ft_sets[FT_SET_V4L2_BUF_MOMENT], value & MOMENT_MASK);
	finish(walk, value, buffer, &text);
}

/* Which service is in each line of either field. */
bool ft_read_v4l2_lines(struct ft_walk *walk, const struct ft_memory *memory)
{
	const uint8_t *at = memory->data;

	if (memory->length < 4 * LINES)
		return false;
	ft_open(walk, "[");
	for (unsigned field = 0; field < 2; field++) {
		ft_next(walk, NULL);
		ft_open(walk, "[");
		for (unsigned i = 0; i < LINES; i++, at += 2)
			ft_number(walk, NULL, ft_load(at, 2), FT_HEX);
		ft_close(walk, "]");
	}
	ft_close(walk, "]");
	return true;
}
