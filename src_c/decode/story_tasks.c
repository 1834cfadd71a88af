#include "decode/story_tasks.h"

#include "decode/frames.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_ROOM  65536 /* of an empty queue */
#define SPARE_ROOM (16u << 20)

static struct ft_story_task **bucket(const struct ft_story_tasks *tasks, int32_t tid)
{
	return (struct ft_story_task **)&tasks->buckets[(uint32_t)tid % FT_STORY_BUCKETS];
}

struct ft_story_task *ft_story_find(const struct ft_story_tasks *tasks, int32_t tid)
{
	struct ft_story_task *t = *bucket(tasks, tid);

	while (t && t->tid != tid)
		t = t->chain;
	return t;
}

static void put(struct ft_story_tasks *tasks, struct ft_story_task *t, size_t place)
{
	tasks->heap[place] = t;
	t->place = (uint32_t)place;
}

void ft_story_moved(struct ft_story_tasks *tasks, struct ft_story_task *t)
{
	size_t at = t->place;

	while (at && tasks->heap[(at - 1) / 2]->next_ns > t->next_ns) {
		put(tasks, tasks->heap[(at - 1) / 2], at);
		at = (at - 1) / 2;
	}
	for (size_t child; (child = 2 * at + 1) < tasks->count; at = child) {
		if (child + 1 < tasks->count &&
			tasks->heap[child + 1]->next_ns < tasks->heap[child]->next_ns)
			child++;
		if (tasks->heap[child]->next_ns >= t->next_ns)
			break;
		put(tasks, tasks->heap[child], at);
	}
	put(tasks, t, at);
}

uint64_t ft_story_second(const struct ft_story_tasks *tasks)
{
	uint64_t second = FT_NEVER;

	for (size_t i = 1; i < 3 && i < tasks->count; i++)
		if (tasks->heap[i]->next_ns < second)
			second = tasks->heap[i]->next_ns;
	return second;
}

struct ft_story_task *ft_story_task_of(struct ft_story_tasks *tasks, int32_t tid, int32_t pid)
{
	struct ft_story_task *t = ft_story_find(tasks, tid);

	if (t)
		return t;
	if (tasks->count == tasks->room) {
		size_t room = tasks->room ? 2 * tasks->room : 64;
		struct ft_story_task **heap =
			realloc(tasks->heap, room * sizeof(struct ft_story_task *));

		if (!heap)
			return NULL;
		tasks->heap = heap;
		tasks->room = room;
	}
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->tid = tid;
	t->pid = pid;
	t->nr = -1;
	t->next_ns = FT_NEVER;
	t->chain = *bucket(tasks, tid);
	*bucket(tasks, tid) = t;
	put(tasks, t, tasks->count++);
	return t;
}

void ft_story_forget(struct ft_story_tasks *tasks, struct ft_story_task *t)
{
	struct ft_story_task **at = bucket(tasks, t->tid), *last = tasks->heap[--tasks->count];

	while (*at != t)
		at = &(*at)->chain;
	*at = t->chain;
	if (last != t) {
		put(tasks, last, t->place);
		ft_story_moved(tasks, last);
	}
	tasks->bytes -= t->tail - t->head;
	free(t->calls);
	free(t->others);
	free(t);
}

void ft_story_forget_all(struct ft_story_tasks *tasks)
{
	while (tasks->count)
		ft_story_forget(tasks, tasks->heap[tasks->count - 1]);
	free(tasks->heap);
	tasks->heap = NULL;
	tasks->room = 0;
	free(tasks->spare);
	tasks->spare = NULL;
	tasks->spare_room = 0;
}

static void to_front(struct ft_story_task *t)
{
	size_t used = t->tail - t->head;

	if (t->head && used)
		memmove(t->calls, t->calls + t->head, used);
	t->head = 0;
	t->tail = used;
}

static int make_room(struct ft_story_tasks *tasks, struct ft_story_task *t, size_t size)
{
	size_t used = t->tail - t->head, room = t->room ? t->room : 4096;
	uint8_t *calls;

	if (t->room - t->tail >= size)
		return 0;
	/* If that is worth it. */
	if (t->head >= t->room / 2 && t->room - used >= size) {
		to_front(t);
		return 0;
	}
	while (room - used < size || room < used + used / 2)
		room *= 2;
	to_front(t);
	if (room > KEPT_ROOM && tasks->spare_room >= room) {
		if (used)
			memcpy(tasks->spare, t->calls, used);
		free(t->calls);
		t->calls = tasks->spare;
		t->room = tasks->spare_room;
		tasks->spare = NULL;
		tasks->spare_room = 0;
		return 0;
	}
	calls = realloc(t->calls, room);
	if (!calls)
		return -ENOMEM;
	t->calls = calls;
	t->room = room;
	return 0;
}

/* Of a queue that is empty. One that was long is kept, for pages that are new cost more than what is written to them. */
static void give_room(struct ft_story_tasks *tasks, struct ft_story_task *t)
{
	if (t->room > tasks->spare_room && t->room <= SPARE_ROOM) {
		free(tasks->spare);
		tasks->spare = t->calls;
		tasks->spare_room = t->room;
	} else {
		free(t->calls);
	}
	t->calls = NULL;
	t->room = 0;
}

int ft_story_push(struct ft_story_tasks *tasks, struct ft_story_task *t,
	const struct ft_event *event, const void *payload, size_t length)
{
	size_t size = sizeof(struct ft_story_call) + ((length + 7) & ~(size_t)7);
	struct ft_story_call *call;
	int rc;

	if (length > UINT32_MAX / 2)
		return -EINVAL;
	rc = make_room(tasks, t, size);
	if (rc < 0)
		return rc;
	call = (struct ft_story_call *)(t->calls + t->tail);
	call->event = *event;
	call->size = (uint32_t)size;
	call->payload_length = (uint32_t)length;
	if (length)
		memcpy(call + 1, payload, length);
	t->tail += size;
	tasks->bytes += size;
	return 0;
}

static void take_items(struct ft_story_other *other, const struct ft_event *event,
	const void *payload, size_t length)
{
	const uint8_t *data;
	size_t size;

	data = ft_item_of(event, FT_PAYLOAD_SIGINFO, payload, length, event->payload, &size);
	other->has_siginfo = data && size >= sizeof(other->siginfo);
	if (other->has_siginfo)
		memcpy(other->siginfo, data, sizeof(other->siginfo));
	other->place = ft_place_of(event, payload, length, event->payload);
}

int ft_story_push_other(
	struct ft_story_task *t, const struct ft_event *event, const void *payload, size_t length)
{
	size_t at = t->others_count;

	if (at == t->others_room) {
		size_t room = at ? 2 * at : 4;
		struct ft_story_other *others = realloc(t->others, room * sizeof(*others));

		if (!others)
			return -ENOMEM;
		t->others = others;
		t->others_room = room;
	}
	while (at && t->others[at - 1].event.time_ns > event->time_ns) {
		t->others[at] = t->others[at - 1];
		at--;
	}
	t->others[at].event = *event;
	take_items(&t->others[at], event, payload, length);
	t->others_count++;
	return 0;
}

struct ft_story_call *ft_story_first(const struct ft_story_task *t)
{
	return t->head < t->tail ? (struct ft_story_call *)(t->calls + t->head) : NULL;
}

struct ft_story_call *ft_story_behind(const struct ft_story_task *t)
{
	const struct ft_story_call *first = ft_story_first(t);

	if (!first || t->tail - t->head == first->size)
		return NULL;
	return (struct ft_story_call *)(t->calls + t->head + first->size);
}

void ft_story_pop(struct ft_story_tasks *tasks, struct ft_story_task *t)
{
	size_t size = ft_story_first(t)->size;

	t->head += size;
	tasks->bytes -= size;
	t->told = t->supposed = false;
	if (t->head < t->tail)
		return;
	t->head = t->tail = 0;
	if (t->room > KEPT_ROOM)
		give_room(tasks, t);
}

void ft_story_pop_other(struct ft_story_task *t)
{
	t->others_count--;
	memmove(t->others, t->others + 1, t->others_count * sizeof(*t->others));
}
