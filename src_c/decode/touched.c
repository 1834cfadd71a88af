#include "decode/touched.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int ft_touched_new(struct ft_touched **out)
{
	struct ft_touched *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	if (ft_open_files_new(&t->files) < 0) {
		free(t);
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
	free(t->rows);
	free(t->names);
	free(t->ends);
	free(t->slots);
	free(t);
}

/* Makes room for one more; false: no memory. */
static bool grow(void **list, size_t *room, size_t count, size_t size)
{
	size_t more = *room ? 2 * *room : 64;
	void *grown;

	if (count < *room)
		return true;
	grown = realloc(*list, more * size);
	if (!grown)
		return false;
	*list = grown;
	*room = more;
	return true;
}

const uint8_t *ft_touched_name(const struct ft_touched *t, size_t number, size_t *length)
{
	size_t start = number ? t->ends[number - 1] : 0;

	*length = t->ends[number] - start;
	return t->names + start;
}

static uint32_t hash(const uint8_t *bytes, size_t length)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	while (length--)
		h = (h ^ *bytes++) * 16777619u;
	return h;
}

static size_t slot_of(const struct ft_touched *t, const uint8_t *bytes, size_t length)
{
	size_t at = hash(bytes, length) & (t->slots_room - 1), size;

	for (; t->slots[at]; at = (at + 1) & (t->slots_room - 1)) {
		const uint8_t *name = ft_touched_name(t, t->slots[at] - 1, &size);

		if (size == length && !memcmp(name, bytes, length))
			break;
	}
	return at;
}

static bool more_slots(struct ft_touched *t)
{
	size_t room = t->slots_room ? 2 * t->slots_room : 256, size;
	uint32_t *slots;

	if (2 * t->names_count < t->slots_room)
		return true;
	slots = calloc(room, sizeof(*slots));
	if (!slots)
		return false;
	free(t->slots);
	t->slots = slots;
	t->slots_room = room;
	for (size_t i = 0; i < t->names_count; i++) {
		const uint8_t *name = ft_touched_name(t, i, &size);

		slots[slot_of(t, name, size)] = (uint32_t)i + 1;
	}
	return true;
}

/* The number of a name; -1: no memory. */
static int32_t number_of(struct ft_touched *t, const uint8_t *bytes, size_t length)
{
	size_t at;

	if (!more_slots(t))
		return -1;
	at = slot_of(t, bytes, length);
	if (t->slots[at])
		return (int32_t)t->slots[at] - 1;
	while (t->names_room - t->names_length < length)
		if (!grow((void **)&t->names, &t->names_room, t->names_room, 1))
			return -1;
	if (t->names_count == INT32_MAX ||
		!grow((void **)&t->ends, &t->ends_room, t->names_count, sizeof(*t->ends)))
		return -1;
	if (length)
		memcpy(t->names + t->names_length, bytes, length);
	t->names_length += length;
	t->ends[t->names_count++] = t->names_length;
	t->slots[at] = (uint32_t)t->names_count;
	return (int32_t)t->names_count - 1;
}

static void add(struct ft_touched *t, int32_t fd, int32_t name)
{
	if (!grow((void **)&t->rows, &t->room, t->count, sizeof(*t->rows))) {
		t->error = -ENOMEM;
		return;
	}
	t->rows[t->count++] = (struct ft_touched_row){ .event = t->event, .fd = fd, .name = name };
}

static void add_name(struct ft_touched *t, int32_t fd, const uint8_t *bytes, size_t length)
{
	int32_t name = number_of(t, bytes, length);

	if (name < 0)
		t->error = -ENOMEM;
	else
		add(t, fd, name);
}

/* Its number is kept with it until it has another name. */
static void add_file(struct ft_touched *t, int32_t fd, struct ft_file *file)
{
	if (!file) {
		add(t, fd, -1);
		return;
	}
	if (!file->name) {
		int32_t name = number_of(t, file->bytes, file->link_length);

		if (name < 0) {
			t->error = -ENOMEM;
			return;
		}
		file->name = (uint32_t)name + 1;
	}
	add(t, fd, (int32_t)file->name - 1);
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
