#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "decode/task_changes.h"

#define TASKS_MAX 65536
#define FRESH_NS  100000000 /* so long what was looked up is not looked up again */
#define TIDS_END  (1 << 30) /* beyond all numbers of tasks: PID_MAX_LIMIT, and more */

struct ft_named_task {
	int32_t tid;
	uint8_t length;
	bool ended, waited_for;
	bool looked_up;
	uint8_t name[FT_TASK_NAME_MAX];
	uint64_t time_ns; /* when it was looked up */
	struct ft_named_task *chain;
};

int ft_task_names_new(struct ft_task_names **out, unsigned told, ft_look_up *look_up,
	ft_find_number *find, const char *first)
{
	struct ft_task_names *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->told = told;
	n->look_up = look_up;
	n->find = find;
	if (first)
		strncpy(n->first, first, FT_TASK_NAME_MAX);
	*out = n;
	return 0;
}

static struct ft_named_task **place_of(struct ft_task_names *n, int32_t tid)
{
	struct ft_named_task **at = &n->buckets[(uint32_t)tid % FT_NAMES_BUCKETS];

	while (*at && (*at)->tid != tid)
		at = &(*at)->chain;
	return at;
}

static void forget(struct ft_task_names *n, struct ft_named_task **at)
{
	struct ft_named_task *t = *at;

	if (!t)
		return;
	ft_numbers_forget(&n->numbers, t->tid);
	*at = t->chain;
	free(t);
	n->count--;
}

void ft_task_names_free(struct ft_task_names *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < FT_NAMES_BUCKETS; i++)
		while (n->buckets[i])
			forget(n, &n->buckets[i]);
	free(n->changes);
	free(n);
}

/* All that do not run. */
static void make_room(struct ft_task_names *n)
{
	for (size_t i = 0; i < FT_NAMES_BUCKETS; i++) {
		struct ft_named_task **at = &n->buckets[i];

		while (*at) {
			if ((*at)->ended || (*at)->looked_up)
				forget(n, at);
			else
				at = &(*at)->chain;
		}
	}
}

/* NULL: there is no room. */
static struct ft_named_task *call_it(
	struct ft_task_names *n, int32_t tid, const uint8_t *name, size_t length)
{
	struct ft_named_task **at = place_of(n, tid), *t = *at;

	if (!t) {
		if (n->count >= TASKS_MAX)
			make_room(n);
		t = n->count < TASKS_MAX ? calloc(1, sizeof(*t)) : NULL;
		if (!t)
			return NULL;
		at = place_of(n, tid);
		t->tid = tid;
		*at = t;
		n->count++;
	}
	t->ended = t->waited_for = t->looked_up = false;
	t->length = (uint8_t)(length < FT_TASK_NAME_MAX ? length : FT_TASK_NAME_MAX);
	memcpy(t->name, name, t->length);
	return t;
}

void ft_task_names_begin(struct ft_task_names *n, int32_t tid)
{
	if (!*place_of(n, tid))
		call_it(n, tid, (const uint8_t *)n->first, strlen(n->first));
}

/* What a number that `by` has of a task is here, by what is known of births. */
static int32_t known_as(const struct ft_task_names *n, int32_t by, int32_t number)
{
	uint64_t space = ft_numbers_space(&n->numbers, by);

	return space ? ft_numbers_tid(&n->numbers, space, number) : number;
}

static void apply(struct ft_task_names *n, const struct ft_task_change *c)
{
	int32_t tid = c->what == FT_TASK_IS_WAITED_FOR ? known_as(n, c->of, c->tid) : c->tid;
	struct ft_named_task **at = place_of(n, tid), *t = *at, *other;

	switch ((enum ft_task_what)c->what) {
	case FT_TASK_IS_CALLED:
		call_it(n, c->tid, c->name, c->length);
		break;
	case FT_TASK_IS_CALLED_AS:
		ft_numbers_forget(&n->numbers, tid);
		other = *place_of(n, c->of);
		if (other && !other->looked_up)
			call_it(n, c->tid, other->name, other->length);
		else if (t)
			forget(n, at);
		break;
	case FT_TASK_IS_NUMBERED:
	case FT_TASK_IS_NUMBERED_TOO:
		if (!t) { /* nobody knows what it is called */
			t = call_it(n, tid, (const uint8_t *)"", 0);
			if (!t)
				return;
			t->looked_up = true;
		}
		if (c->what == FT_TASK_IS_NUMBERED)
			ft_numbers_forget(&n->numbers, tid);
		ft_numbers_add(&n->numbers, tid, c->space, c->of, c->what == FT_TASK_IS_NUMBERED);
		break;
	case FT_TASK_IS_WAITED_FOR:
		if (t && (t->ended || t->looked_up))
			forget(n, at);
		else if (t)
			t->waited_for = true;
		break;
	case FT_TASK_HAS_GONE:
		forget(n, at);
		break;
	}
}

void ft_task_names_until(struct ft_task_names *n, uint64_t time_ns)
{
	for (; n->next < n->end && n->changes[n->next].time_ns <= time_ns; n->next++)
		apply(n, &n->changes[n->next]);
	if (n->now_ns < time_ns)
		n->now_ns = time_ns;
}

void ft_task_names_ended(struct ft_task_names *n, const struct ft_event *ev)
{
	struct ft_named_task **at = place_of(n, ev->tid), *t = *at;

	if (t && (t->waited_for || ev->flags & FT_FLAG_THREAD))
		forget(n, at);
	else if (t)
		t->ended = true;
}

/* One that is not ours, or of whose birth nothing is known. */
static const struct ft_named_task *looked_up(
	struct ft_task_names *n, struct ft_named_task *t, int32_t tid)
{
	uint8_t name[FT_TASK_NAME_MAX];
	size_t length;

	if (t && (!t->looked_up || n->now_ns - t->time_ns < FRESH_NS))
		return t;
	if (!n->look_up)
		return NULL;
	length = n->look_up(tid, name);
	t = call_it(n, tid, name, length);
	if (!t)
		return NULL;
	t->looked_up = true;
	t->time_ns = n->now_ns;
	return t;
}

bool ft_task_names_told(const struct ft_task_names *n)
{
	return n && n->told & FT_TASKS_NAMES;
}

void ft_put_task_name(struct ft_text *text, struct ft_task_names *n, int32_t tid)
{
	const struct ft_named_task *t;
	const uint8_t *end;

	if (!ft_task_names_told(n) || tid <= 0 || tid >= TIDS_END)
		return;
	t = looked_up(n, *place_of(n, tid), tid);
	if (!t || !t->length)
		return;
	end = memchr(t->name, '\n', t->length); /* as far as a line of /proc/PID/comm goes */
	ft_puts(text, "<");
	ft_put_escaped(text, t->name, end ? (size_t)(end - t->name) : t->length, "<>");
	ft_puts(text, ">");
}

/* Of those that no birth has told of, or that are gone while their group is not. 0: nobody. */
static int32_t found(struct ft_task_names *n, uint64_t space, int32_t number, enum ft_number_of of)
{
	struct ft_found_number *f = &n->found[(uint32_t)number % FT_FOUND_MAX];

	if (!n->find)
		return 0;
	if (!f->space || f->space != space || f->number != number || f->of != of ||
		n->now_ns - f->time_ns >= FRESH_NS)
		*f = (struct ft_found_number){
			.space = space,
			.time_ns = n->now_ns,
			.number = number,
			.of = of,
			.tid = n->find(space, number, of),
		};
	return f->tid;
}

void ft_put_task(struct ft_text *text, struct ft_task_names *n, int32_t by, int32_t number,
	enum ft_number_of of)
{
	int32_t positive = number, tid;
	uint64_t space = n ? ft_numbers_space(&n->numbers, by) : 0;

	if (of == FT_NUMBER_OF_GROUP && number < 0 && number > -TIDS_END)
		positive = -number;
	ft_put_signed(text, number);
	if (!n || positive <= 0 || positive >= TIDS_END)
		return;
	tid = known_as(n, by, positive);
	if (!tid)
		tid = found(n, space, positive, of);
	if (of == FT_NUMBER_OF_TASK && tid)
		ft_put_task_name(text, n, tid);
	if (n->told & FT_TASKS_NUMBERS && tid && tid != positive) {
		ft_puts(text, " /* ");
		ft_put_signed(text, tid);
		ft_puts(text, " in strace's PID NS */");
	}
}
