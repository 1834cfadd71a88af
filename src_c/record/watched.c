#include "watched.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 64 /* rows; a power of two */

struct ft_intervals {
	const uint64_t *bounds;
	size_t bounds_count;
	struct ft_interval_row *rows;
	size_t count, room;
	uint32_t *slots; /* 2 * room, open-addressed: 1 + index of a row; 0: none */
	size_t last; /* how many bounds lay before the last event */
};

static bool is_talk(const struct ft_watched *w, const struct ft_event *ev)
{
	if (ev->pid != w->pid || ev->args[0] != w->fd || ev->kind != FT_KIND_SYSCALL)
		return false;
	for (size_t i = 0; i < w->talk_len; i++)
		if (w->talk[i].nr == ev->nr && w->talk[i].abi == ev->abi)
			return true;
	return false;
}

bool ft_watched_is_mark(const struct ft_watched *w, const struct ft_event *ev)
{
	return (ev->args[1] == w->level || ev->args[1] == w->level + 1) && is_talk(w, ev);
}

static bool was_under_way(struct ft_watched *w, const struct ft_event *ev)
{
	if (ev->kind != FT_KIND_SYSCALL)
		return false;
	for (size_t i = 0; i < w->under_way_len; i++) {
		struct ft_under_way *was = &w->under_way[i];

		if (was->tid != ev->tid || was->met)
			continue;
		was->met = true;
		return was->nr == ev->nr && !memcmp(was->args, ev->args, sizeof(was->args));
	}
	return false;
}

void ft_watched_outside(struct ft_watched *w, const struct ft_event *ev, size_t n, uint8_t *outside)
{
	for (size_t i = 0; i < n; i++) {
		/* Times of our own thread need no comparison, which two clocks might not stand. */
		bool early = ev[i].time_ns < w->began_ns && ev[i].tid != w->tid;

		outside[i] = was_under_way(w, &ev[i]) || early || is_talk(w, &ev[i]);
	}
}

int ft_intervals_new(struct ft_intervals **out, const uint64_t *bounds, size_t count)
{
	struct ft_intervals *t;

	if (count % 2 || count / 2 > UINT32_MAX)
		return -EINVAL;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->bounds = bounds;
	t->bounds_count = count;
	*out = t;
	return 0;
}

void ft_intervals_free(struct ft_intervals *t)
{
	if (!t)
		return;
	free(t->rows);
	free(t->slots);
	free(t);
}

/* How many bounds are before a time. An interval has neither of its bounds. */
static size_t place_of(const struct ft_intervals *t, uint64_t time)
{
	const uint64_t *bounds = t->bounds;
	size_t low = 0, high = t->bounds_count, last = t->last;

	if ((!last || bounds[last - 1] < time) && (last == high || time <= bounds[last]))
		return last;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (bounds[middle] < time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t hash_of(uint32_t interval, uint8_t abi, int32_t nr)
{
	uint64_t call = (uint64_t)abi << 32 | (uint32_t)nr;
	uint64_t h = interval * 0x9e3779b97f4a7c15u ^ call * 0xd6e8feb86659fd93u;

	return (size_t)(h ^ h >> 32);
}

static int grow(struct ft_intervals *t)
{
	size_t room = t->room ? 2 * t->room : FIRST_ROOM;
	struct ft_interval_row *rows;
	uint32_t *slots;

	if (room > UINT32_MAX)
		return -ENOMEM;
	rows = realloc(t->rows, room * sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	t->rows = rows;
	slots = calloc(2 * room, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < t->count; i++) {
		size_t at = hash_of(rows[i].interval, rows[i].abi, rows[i].nr);

		while (slots[at & (2 * room - 1)])
			at++;
		slots[at & (2 * room - 1)] = (uint32_t)i + 1;
	}
	free(t->slots);
	t->slots = slots;
	t->room = room;
	return 0;
}

static struct ft_interval_row *row_of(
	struct ft_intervals *t, uint32_t interval, uint8_t abi, int32_t nr)
{
	size_t at = hash_of(interval, abi, nr), mask;

	if (t->count == t->room && grow(t) < 0)
		return NULL;
	mask = 2 * t->room - 1;
	for (; t->slots[at & mask]; at++) {
		struct ft_interval_row *row = &t->rows[t->slots[at & mask] - 1];

		if (row->interval == interval && row->nr == nr && row->abi == abi)
			return row;
	}
	t->rows[t->count] = (struct ft_interval_row){ .interval = interval, .abi = abi, .nr = nr };
	t->slots[at & mask] = (uint32_t)++t->count;
	return &t->rows[t->count - 1];
}

int ft_intervals_add(
	struct ft_intervals *t, const struct ft_event *ev, const uint8_t *outside, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct ft_interval_row *row;
		size_t place;

		if (ev[i].kind != FT_KIND_SYSCALL || outside[i])
			continue;
		place = t->last = place_of(t, ev[i].time_ns);
		if (place % 2 == 0 || ev[i].time_ns == t->bounds[place])
			continue;
		row = row_of(t, (uint32_t)(place / 2), ev[i].abi, ev[i].nr);
		if (!row)
			return -ENOMEM;
		row->calls++;
		row->errors += !!(ev[i].flags & FT_FLAG_ERROR);
		row->total_ns += ev[i].duration_ns;
	}
	return 0;
}

size_t ft_intervals_rows(const struct ft_intervals *t)
{
	return t->count;
}

const struct ft_interval_row *ft_intervals_row(const struct ft_intervals *t, size_t i)
{
	return &t->rows[i];
}
