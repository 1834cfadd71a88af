#include "decode/touches.h"

#include <string.h>

#include "decode/families.h"

/* A sink that hears of descriptors alone. */
struct ears {
	struct ft_sink sink;
	ft_touch *named;
	void *context;
};

static void hear_descriptor(struct ft_sink *sink, int32_t fd, const struct ft_file *file)
{
	struct ears *ears = (struct ears *)sink;

	ears->named(ears->context, fd, (struct ft_file *)file, NULL, 0);
}

static void no_integer(struct ft_sink *sink, uint64_t value, enum ft_shown_as shown)
{
	(void)sink, (void)value, (void)shown;
}

static void no_set(struct ft_sink *sink, const struct ft_set *set, uint64_t value)
{
	(void)sink, (void)set, (void)value;
}

static void no_bytes(struct ft_sink *sink, const uint8_t *data, size_t length, bool cut)
{
	(void)sink, (void)data, (void)length, (void)cut;
}

static void no_abstract(struct ft_sink *sink, const uint8_t *data, size_t length)
{
	(void)sink, (void)data, (void)length;
}

static void no_name(struct ft_sink *sink, uint64_t value, enum ft_shown_as shown, const char *text,
	size_t length)
{
	(void)sink, (void)value, (void)shown, (void)text, (void)length;
}

static void no_call(struct ft_sink *sink, const char *string, const char *before, const char *after)
{
	(void)sink, (void)string, (void)before, (void)after;
}

static void no_word(struct ft_sink *sink, const char *text, size_t length)
{
	(void)sink, (void)text, (void)length;
}

static void no_text(struct ft_sink *sink, const char *text)
{
	(void)sink, (void)text;
}

static void nothing(struct ft_sink *sink)
{
	(void)sink;
}

static void no_fault(struct ft_sink *sink, uint64_t address)
{
	(void)sink, (void)address;
}

static const struct ft_sink_ops ops = {
	.integer = no_integer,
	.set = no_set,
	.bytes = no_bytes,
	.binary = no_bytes,
	.string = no_bytes,
	.abstract = no_abstract,
	.named = no_name,
	.made = no_call,
	.null = nothing,
	.label = no_text,
	.also = nothing,
	.word = no_word,
	.comment = no_text,
	.open = no_text,
	.close = no_text,
	.argument = no_text,
	.next = no_word,
	.becomes = nothing,
	.then = nothing,
	.more = nothing,
	.fault = no_fault,
	.descriptor = hear_descriptor,
};

void ft_names(struct ft_open_files *f, const struct ft_view *view, ft_touch *named, void *context)
{
	struct ears ears = { .sink = { &ops }, .named = named, .context = context };
	const struct ft_argument *arguments;
	int32_t dirfd = (int32_t)FT_LINK_CWD;
	struct ft_walk walk;

	if (ft_walk_start(&walk, view, &ears.sink) < 0)
		return;
	walk.files = f;
	ft_walk_arguments(&walk);
	arguments = &ft_arguments[walk.shape->arguments];
	for (unsigned i = 0; i < walk.shape->nargs && i < 6; i++) {
		const struct ft_type *type = &ft_types[arguments[i].type];
		struct ft_memory path;

		if (type->kind == FT_SHOWN && ft_shows[type->ref] == ft_show_dirfd)
			dirfd = (int32_t)walk.args[i];
		if (type->kind != FT_POINTER || ft_types[type->ref].kind != FT_PATH)
			continue;
		path = ft_string_at(view, type->shown != FT_IN, walk.args[i]);
		if (path.data && path.found == FT_HERE)
			named(context, dirfd, NULL, path.data, path.length);
	}
}

struct wanted {
	const char *paths;
	size_t paths_length;
	const int32_t *fds;
	size_t fds_count;
	bool found;
};

static bool is_one_of(const struct wanted *w, const uint8_t *path, size_t length)
{
	size_t at = 0;

	while (w->paths && at < w->paths_length) {
		size_t size = strnlen(w->paths + at, w->paths_length - at);

		if (size == length && !memcmp(w->paths + at, path, size))
			return true;
		at += size + 1;
	}
	return false;
}

static void is_named(
	void *context, int32_t fd, struct ft_file *file, const uint8_t *path, size_t length)
{
	struct wanted *w = context;

	if (path)
		w->found |= is_one_of(w, path, length);
	else if (file && fd >= 0)
		w->found |= is_one_of(w, file->bytes, file->link_length);
	for (size_t i = 0; !path && i < w->fds_count; i++)
		w->found |= w->fds[i] == fd;
}

bool ft_touches(struct ft_open_files *f, const struct ft_view *view, const char *paths,
	size_t paths_length, const int32_t *fds, size_t fds_count)
{
	struct wanted w = { paths, paths_length, fds, fds_count, false };

	ft_names(f, view, is_named, &w);
	return w.found;
}
