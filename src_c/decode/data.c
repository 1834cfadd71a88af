#include "decode/data.h"

#include "decode/families.h"
#include "decode/file_text.h"
#include "decode/found.h"
#include "decode/siginfo.h"

static struct ft_data *of(struct ft_sink *sink)
{
	return (struct ft_data *)sink;
}

/* The next datum, which is the value of this place; NULL: it has no room. */
static struct ft_datum *add(struct ft_data *data, enum ft_datum_kind kind)
{
	struct ft_datum *datum;

	if (data->ignored || data->is_full)
		return NULL;
	if (data->count == data->max) {
		data->is_full = true;
		return NULL;
	}
	/* One place has one value: a word was only what stands before it. */
	if (data->levels[data->depth].is_filled) {
		datum = &data->list[data->levels[data->depth].last];
		if (datum->kind != FT_DATUM_WORD)
			return NULL;
		data->name = datum->name;
		data->count = data->levels[data->depth].last;
	}
	data->levels[data->depth].last = data->count;
	data->levels[data->depth].is_filled = true;
	datum = &data->list[data->count++];
	*datum = (struct ft_datum){ .kind = (uint8_t)kind, .name = data->name };
	data->name = NULL;
	return datum;
}

/* A copy of a text that is gone when the walk goes on. */
static const uint8_t *kept(struct ft_data *data, const char *text, size_t length)
{
	char *copy = data->texts + data->texts_used;

	if (data->texts_max - data->texts_used < length) {
		data->is_full = true;
		return NULL;
	}
	memcpy(copy, text, length);
	data->texts_used += length;
	return (const uint8_t *)copy;
}

static void data_integer(struct ft_sink *sink, uint64_t value, enum ft_shown_as shown)
{
	struct ft_datum *datum = add(of(sink), FT_DATUM_INTEGER);

	if (!datum)
		return;
	datum->value = value;
	datum->shown = (uint8_t)shown;
}

static void data_set(struct ft_sink *sink, const struct ft_set *set, uint64_t value)
{
	struct ft_datum *datum = add(of(sink), FT_DATUM_SET);

	if (!datum)
		return;
	datum->value = value;
	datum->set = set;
}

static void add_bytes(struct ft_sink *sink, enum ft_datum_kind kind, const uint8_t *bytes,
	size_t length, bool cut)
{
	struct ft_datum *datum = add(of(sink), kind);

	if (!datum)
		return;
	datum->bytes = bytes;
	datum->length = (uint32_t)length;
	datum->cut = cut;
}

static void data_bytes(struct ft_sink *sink, const uint8_t *bytes, size_t length, bool cut)
{
	add_bytes(sink, FT_DATUM_BYTES, bytes, length, cut);
}

static void data_string(struct ft_sink *sink, const uint8_t *bytes, size_t length, bool cut)
{
	add_bytes(sink, FT_DATUM_STRING, bytes, length, cut);
}

static void data_abstract(struct ft_sink *sink, const uint8_t *bytes, size_t length)
{
	add_bytes(sink, FT_DATUM_STRING, bytes - 1, length + 1, false);
}

static void data_named(struct ft_sink *sink, uint64_t value, enum ft_shown_as shown,
	const char *text, size_t length)
{
	struct ft_datum *datum = add(of(sink), FT_DATUM_NAMED);
	const uint8_t *copy = datum ? kept(of(sink), text, length) : NULL;

	if (!datum)
		return;
	datum->value = value;
	datum->shown = (uint8_t)shown;
	datum->bytes = copy;
	datum->length = copy ? (uint32_t)length : 0;
}

static void data_made(
	struct ft_sink *sink, const char *string, const char *before, const char *after)
{
	size_t length = strlen(string);
	const uint8_t *copy = kept(of(sink), string, length);

	(void)before;
	(void)after;
	add_bytes(sink, FT_DATUM_STRING, copy, copy ? length : 0, !copy);
}

static void data_null(struct ft_sink *sink)
{
	add(of(sink), FT_DATUM_NULL);
}

static void data_word(struct ft_sink *sink, const char *text, size_t length)
{
	const uint8_t *copy = kept(of(sink), text, length);

	add_bytes(sink, FT_DATUM_WORD, copy, copy ? length : 0, !copy);
}

/* Of an address it is all that is known of what lies there. */
static void data_comment(struct ft_sink *sink, const char *comment)
{
	struct ft_data *data = of(sink);
	struct ft_datum *datum;

	if (data->ignored || data->is_full || !data->levels[data->depth].is_filled)
		return;
	datum = &data->list[data->levels[data->depth].last];
	if (datum->kind == FT_DATUM_INTEGER && datum->shown == FT_ADDRESS)
		datum->note = (const char *)kept(data, comment, strlen(comment) + 1);
}

static void data_open(struct ft_sink *sink, const char *bracket)
{
	struct ft_data *data = of(sink);
	struct ft_datum *datum;

	if (data->ignored || data->depth == FT_DATA_DEPTH) {
		data->is_full |= data->depth == FT_DATA_DEPTH;
		data->ignored++;
		return;
	}
	datum = add(data, *bracket == '{' ? FT_DATUM_STRUCT : FT_DATUM_LIST);
	if (!datum) {
		data->ignored++;
		return;
	}
	data->depth++;
	data->levels[data->depth].opened = (size_t)(datum - data->list);
	data->levels[data->depth].is_filled = false;
}

static void data_close(struct ft_sink *sink, const char *bracket)
{
	struct ft_data *data = of(sink);
	size_t opened;

	(void)bracket;
	if (data->ignored) {
		data->ignored--;
		return;
	}
	opened = data->levels[data->depth].opened;
	data->list[opened].count = (uint32_t)(data->count - opened - 1);
	data->list[opened].cut |= data->is_full;
	data->depth--;
	data->name = NULL;
}

static void begin(struct ft_sink *sink, const char *name)
{
	struct ft_data *data = of(sink);

	if (data->ignored)
		return;
	data->name = name;
	data->levels[data->depth].is_filled = false;
}

static void data_label(struct ft_sink *sink, const char *name)
{
	(void)sink;
	(void)name;
}

static void data_next(struct ft_sink *sink, const char *name, size_t length)
{
	(void)length;
	begin(sink, name);
}

static void data_also(struct ft_sink *sink)
{
	begin(sink, NULL);
}

static void data_becomes(struct ft_sink *sink)
{
	struct ft_data *data = of(sink);
	struct ft_datum *before;

	if (data->ignored || data->is_full || !data->levels[data->depth].is_filled)
		return;
	before = &data->list[data->levels[data->depth].last];
	before->becomes = true;
	begin(sink, before->name);
}

static void data_then(struct ft_sink *sink)
{
	(void)sink;
}

static void data_more(struct ft_sink *sink)
{
	add(of(sink), FT_DATUM_MORE);
}

/* That memory ends there: what is more is missing in any case. */
static void data_fault(struct ft_sink *sink, uint64_t address)
{
	(void)sink;
	(void)address;
}

static void data_descriptor(struct ft_sink *sink, int32_t fd, const struct ft_file *file)
{
	char buffer[FT_FILE_TEXT_MAX];
	uint64_t value = (uint64_t)(int64_t)fd;
	bool is_cwd = fd == (int32_t)FT_LINK_CWD;
	struct ft_datum *datum;
	struct ft_text text;
	size_t length;

	if (!file && is_cwd) {
		data_named(sink, value, FT_SIGNED, "AT_FDCWD", 8);
		return;
	}
	if (!file) {
		data_integer(sink, value, FT_SIGNED);
		return;
	}
	datum = add(of(sink), FT_DATUM_DESCRIPTOR);
	if (!datum)
		return;
	datum->value = value;
	datum->shown = FT_SIGNED;
	datum->bytes = file->bytes;
	datum->length = (uint32_t)ft_file_path(file, &datum->cut);
	ft_text_start(&text, buffer, sizeof(buffer));
	if (is_cwd)
		ft_puts(&text, "AT_FDCWD");
	else
		ft_put_signed(&text, fd);
	ft_put_file(&text, file, FT_TOLD_ALL, 0);
	length = (size_t)(text.at - buffer);
	if (length == sizeof(buffer))
		length--;
	buffer[length] = '\0';
	datum->note = (const char *)kept(of(sink), buffer, length + 1);
}

static const struct ft_sink_ops data_ops = {
	.integer = data_integer,
	.set = data_set,
	.bytes = data_bytes,
	.binary = data_bytes,
	.string = data_string,
	.abstract = data_abstract,
	.named = data_named,
	.made = data_made,
	.null = data_null,
	.word = data_word,
	.comment = data_comment,
	.open = data_open,
	.close = data_close,
	.argument = begin,
	.label = data_label,
	.next = data_next,
	.also = data_also,
	.becomes = data_becomes,
	.then = data_then,
	.more = data_more,
	.fault = data_fault,
	.descriptor = data_descriptor,
};

void ft_data_start(
	struct ft_data *data, struct ft_datum *list, size_t max, char *texts, size_t texts_max)
{
	data->sink.ops = &data_ops;
	data->list = list;
	data->max = max;
	data->texts = texts;
	data->texts_max = texts_max;
	data->files = NULL;
}

static int start(struct ft_data *data, const struct ft_view *view, struct ft_walk *walk)
{
	int known = ft_walk_start(walk, view, &data->sink);

	data->count = data->texts_used = 0;
	data->depth = data->ignored = 0;
	data->is_full = false;
	walk->string_max = UINT32_MAX;
	walk->elements_max = FT_ELEMENTS_WHOLE;
	walk->is_whole = true;
	walk->files = data->files;
	begin(&data->sink, NULL);
	return known;
}

int ft_data_arguments(struct ft_data *data, const struct ft_view *view)
{
	struct ft_walk walk;
	int known = start(data, view, &walk);

	ft_walk_arguments(&walk);
	return known;
}

void ft_data_siginfo(struct ft_data *data, const struct ft_event *signal, const uint8_t *siginfo)
{
	/* Tracers of 64 bits get it as programs of 64 bits do. */
	struct ft_event ev = { .kind = signal->kind, .nr = signal->nr, .abi = FT_ABI_X86_64 };
	const struct ft_view view = { .event = &ev };
	struct ft_walk walk;

	start(data, &view, &walk);
	ft_siginfo_shown(&walk, siginfo);
}

bool ft_data_result(struct ft_data *data, const struct ft_view *view)
{
	struct ft_walk walk;
	const struct ft_shape *shape;
	uint64_t value;

	start(data, view, &walk);
	if (!walk.ended || (view->event->flags & (FT_FLAG_ERROR | FT_FLAG_INTERRUPTED) &&
				   walk.ret < 0 && walk.ret >= -FT_ERRNO_MAX))
		return false;
	value = walk.word == 4 ? (uint32_t)walk.ret : (uint64_t)walk.ret;
	shape = walk.shape;
	switch (shape ? (enum ft_result_kind)shape->result : FT_RESULT_INT) {
	case FT_RESULT_ADDR:
		data_integer(&data->sink, value, FT_ADDRESS);
		break;
	case FT_RESULT_MODE:
		ft_show_mode(&walk, value);
		break;
	case FT_RESULT_HANDLER:
		ft_show_handler(&walk, value);
		break;
	case FT_RESULT_FLAGS:
	case FT_RESULT_NAMES:
	case FT_RESULT_SEALS:
	case FT_RESULT_ENUM:
		ft_set_shown(&walk, shape->result_set, value);
		break;
	case FT_RESULT_SIGNAL:
		ft_show_signal(&walk, value);
		break;
	case FT_RESULT_IOPRIO:
		ft_show_ioprio(&walk, value);
		break;
	case FT_RESULT_FD:
		walk.after = true;
		ft_show_fd(&walk, value);
		break;
	case FT_RESULT_UID:
	case FT_RESULT_GID:
		data_integer(&data->sink, (uint32_t)value, FT_UNSIGNED);
		break;
	default:
		data_integer(&data->sink, (uint64_t)walk.ret, FT_SIGNED);
	}
	return true;
}

bool ft_data_found(struct ft_data *data, const struct ft_view *view)
{
	struct ft_walk walk;

	start(data, view, &walk);
	return ft_found_shown(&walk);
}
