#include "decode/touched.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int ft_touched_new(struct ft_touched **out, uint64_t seed)
{
	struct ft_touched *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	if (ft_open_files_new(&t->files) < 0 || ft_words_new(&t->names, seed) < 0) {
		ft_touched_free(t);
		return -ENOMEM;
	}
	*out = t;
	return 0;
}

void ft_touched_free(struct ft_touched *t)
{
	if (!t)
		return;
	ft_open_files_free(t->files);
	ft_words_free(t->names);
	free(t->rows);
	free(t);
}

static void add(struct ft_touched *t, int32_t fd, int32_t name)
{
	if (t->count == t->room) {
		size_t room = 2 * t->room + 64;
		struct ft_touched_row *rows = realloc(t->rows, room * sizeof(*rows));

		if (!rows) {
			t->error = -ENOMEM;
			return;
		}
		t->rows = rows;
		t->room = room;
	}
	t->rows[t->count++] = (struct ft_touched_row){ .event = t->event, .fd = fd, .name = name };
}

/* The number of a name; -1: no memory. */
static int32_t number_of(struct ft_touched *t, const uint8_t *bytes, size_t length)
{
	int32_t number = -1;

	if (ft_words_number(t->names, bytes, length, &number) < 0)
		t->error = -ENOMEM;
	return number;
}

static void add_name(struct ft_touched *t, int32_t fd, const uint8_t *bytes, size_t length)
{
	int32_t name = number_of(t, bytes, length);

	if (name >= 0)
		add(t, fd, name);
}

/* Its number is kept with it until it has another name. */
static void add_file(struct ft_touched *t, int32_t fd, struct ft_file *file)
{
	if (!file || !file->link_length) {
		add(t, fd, -1);
		return;
	}
	if (file->name <= t->forgotten) {
		int32_t name = number_of(t, file->bytes, file->link_length);

		if (name < 0)
			return;
		file->name = t->forgotten + (uint32_t)name + 1;
	}
	add(t, fd, (int32_t)(file->name - t->forgotten - 1));
}

struct look {
	struct ft_touched *touched;
	const struct ft_event *event;
};

static void touch(
	void *context, int32_t fd, struct ft_file *file, const uint8_t *path, size_t length)
{
	struct look *l = context;
	uint8_t whole[FT_STRING_MAX];
	size_t size;

	if (!path) {
		if (fd >= 0)
			add_file(l->touched, fd, file);
		return;
	}
	add_name(l->touched, -1, path, length);
	size = ft_opened_path(l->touched->files, l->event, fd, path, length, whole);
	if (size && (size != length || memcmp(whole, path, size)))
		add_name(l->touched, -1, whole, size);
}

static void look_at_call(struct ft_touched *t, const struct ft_view *view)
{
	struct look l = { t, view->event };

	ft_opened_begin(t->files, view);
	ft_names(t->files, view, touch, &l);
	for (size_t i = 0; i < t->files->made_count; i++)
		if (t->files->made[i].fd >= 0 && !t->files->replaces)
			add_file(t, t->files->made[i].fd, t->files->made[i].file);
	ft_opened_end(t->files, view);
}

int ft_touched_look(struct ft_touched *t, const struct ft_event *events, const uint32_t *order,
	size_t count, const uint8_t *payload, size_t payload_length, uint64_t payload_base)
{
	struct ft_snapshot snapshots[FT_SNAPSHOTS_MAX];

	t->count = 0;
	for (size_t i = 0; i < count && !t->error; i++) {
		const struct ft_event *ev = &events[order[i]];
		struct ft_view view = { .event = ev, .snapshots = snapshots };

		t->event = order[i];
		ft_view_payload(&view, payload, payload_length, payload_base);
		if (ev->kind != FT_KIND_SYSCALL) {
			ft_opened_event(t->files, ev, view.payload, view.payload_length);
			continue;
		}
		view.count = ft_snapshots(ev, payload, payload_length, payload_base, snapshots);
		look_at_call(t, &view);
	}
	return t->error;
}

void ft_touched_forget(struct ft_touched *t)
{
	t->forgotten += ft_words_count(t->names);
	ft_words_clear(t->names);
}
