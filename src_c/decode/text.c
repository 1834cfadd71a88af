#include "decode/text.h"

#include "decode/file_text.h"
#include "decode/task_names.h"

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
	ft_put_comment(of(sink), comment, strlen(comment));
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

static void text_then(struct ft_sink *sink)
{
	(void)sink;
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

static void text_task(struct ft_sink *sink, struct ft_task_names *names, int32_t by, int32_t number,
	enum ft_number_of what)
{
	ft_put_task(of(sink), names, by, number, what);
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
	.then = text_then,
	.more = text_more,
	.fault = text_fault,
	.descriptor = text_descriptor,
	.task = text_task,
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
