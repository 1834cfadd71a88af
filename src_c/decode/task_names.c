#define _GNU_SOURCE
#include "decode/task_names.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "decode/frames.h"

#define BUCKETS	  1024
#define TASKS_MAX 65536
#define FRESH_NS  100000000 /* so long what was looked up is not looked up again */
#define NO_KIND	  1
#define TIDS_END  (1 << 30) /* beyond all numbers of tasks: PID_MAX_LIMIT, and more */

enum what {
	IS_CALLED,
	IS_CALLED_AS, /* `of` is */
	IS_WAITED_FOR,
	HAS_GONE,
};

enum kind { SETS = NO_KIND + 1, WAITS, WAITS_ID };

static const struct {
	const char *name;
	enum kind kind;
} known[] = {
	{ "prctl", SETS },
	{ "wait4", WAITS },
	{ "waitpid", WAITS },
	{ "waitid", WAITS_ID },
};

struct task {
	int32_t tid;
	uint8_t length;
	bool ended, waited_for;
	bool looked_up;
	uint8_t name[FT_TASK_NAME_MAX];
	uint64_t time_ns; /* when it was looked up */
	struct task *chain;
};

struct change {
	uint64_t time_ns;
	int32_t tid, of;
	uint8_t what; /* enum what */
	uint8_t length;
	uint8_t name[FT_TASK_NAME_MAX];
};

struct ft_task_names {
	struct task *buckets[BUCKETS];
	size_t count;
	struct change *changes; /* that are to come, from `next` on in the order of time */
	size_t next, end, room;
	uint64_t now_ns;
	ft_look_up *look_up;
	char first[FT_TASK_NAME_MAX + 1];
	uint8_t kinds[FT_ABI_COUNT][FT_NR_MAX]; /* 0: not looked for yet */
};

int ft_task_names_new(struct ft_task_names **out, ft_look_up *look_up, const char *first)
{
	struct ft_task_names *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	n->look_up = look_up;
	if (first)
		strncpy(n->first, first, FT_TASK_NAME_MAX);
	*out = n;
	return 0;
}

static struct task **place_of(struct ft_task_names *n, int32_t tid)
{
	struct task **at = &n->buckets[(uint32_t)tid % BUCKETS];

	while (*at && (*at)->tid != tid)
		at = &(*at)->chain;
	return at;
}

static void forget(struct ft_task_names *n, struct task **at)
{
	struct task *t = *at;

	if (!t)
		return;
	*at = t->chain;
	free(t);
	n->count--;
}

void ft_task_names_free(struct ft_task_names *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (n->buckets[i])
			forget(n, &n->buckets[i]);
	free(n->changes);
	free(n);
}

/* All that do not run. */
static void make_room(struct ft_task_names *n)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct task **at = &n->buckets[i];

		while (*at) {
			if ((*at)->ended || (*at)->looked_up)
				forget(n, at);
			else
				at = &(*at)->chain;
		}
	}
}

/* NULL: there is no room. */
static struct task *call_it(
	struct ft_task_names *n, int32_t tid, const uint8_t *name, size_t length)
{
	struct task **at = place_of(n, tid), *t = *at;

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

static int change(struct ft_task_names *n, struct change c, const uint8_t *name, size_t length)
{
	size_t at;

	if (n->end == n->room) {
		size_t left = n->end - n->next, room = n->room ? n->room : 64;
		struct change *changes;

		if (left > room / 2)
			room *= 2;
		changes = malloc(room * sizeof(*changes));
		if (!changes)
			return -ENOMEM;
		if (left)
			memcpy(changes, n->changes + n->next, left * sizeof(*changes));
		free(n->changes);
		n->changes = changes;
		n->room = room;
		n->next = 0;
		n->end = left;
	}
	c.length = (uint8_t)(length < FT_TASK_NAME_MAX ? length : FT_TASK_NAME_MAX);
	if (length)
		memcpy(c.name, name, c.length);
	for (at = n->end++; at > n->next && n->changes[at - 1].time_ns > c.time_ns; at--)
		n->changes[at] = n->changes[at - 1];
	n->changes[at] = c;
	return 0;
}

static enum kind kind_of(struct ft_task_names *n, const struct ft_event *ev)
{
	const struct ft_view view = { .event = ev };
	struct ft_text none;
	struct ft_walk walk;
	uint8_t *kind;
	char nothing[1];

	if (ev->abi >= FT_ABI_COUNT || (uint32_t)ev->nr >= FT_NR_MAX)
		return NO_KIND;
	kind = &n->kinds[ev->abi][ev->nr];
	if (*kind)
		return *kind;
	*kind = NO_KIND;
	ft_text_start(&none, nothing, 0);
	if (ft_walk_start(&walk, &view, &none.sink))
		return NO_KIND;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i].name, walk.shape->name))
			*kind = known[i].kind;
	return *kind;
}

/* What has ended is gone when its parent has been told so. Returns whom this call has told of; 0: of nobody. */
static int32_t waited_for(const struct ft_view *view, enum kind kind)
{
	const struct ft_event *ev = view->event;
	struct ft_memory memory;
	size_t word = ev->abi == FT_ABI_I386 ? 4 : 8;
	int32_t code;

	if (kind == WAITS) {
		memory = ft_memory_at(view, true, ev->args[1], 4);
		if (memory.length == 4) {
			int status = (int)ft_load(memory.data, 4);

			return WIFEXITED(status) || WIFSIGNALED(status) ? (int32_t)ev->ret : 0;
		}
		return ev->args[2] & (WUNTRACED | WCONTINUED) ? 0 : (int32_t)ev->ret;
	}
	/* si_pid lies where pointers may, behind three ints. */
	memory = ft_memory_at(view, true, ev->args[2], word == 4 ? 16 : 20);
	if (ev->args[3] & WNOWAIT || memory.length < (word == 4 ? 16 : 20))
		return 0;
	code = (int32_t)ft_load(memory.data + 8, 4);
	if (code != CLD_EXITED && code != CLD_KILLED && code != CLD_DUMPED)
		return 0;
	return (int32_t)ft_load(memory.data + (word == 4 ? 12 : 16), 4);
}

static int learn_call(struct ft_task_names *n, const struct ft_event *ev, const uint8_t *payload,
	size_t length, uint64_t payload_base)
{
	enum kind kind = kind_of(n, ev);
	struct ft_snapshot snapshots[FT_SNAPSHOTS_MAX];
	struct ft_view view = { .event = ev, .snapshots = snapshots };
	struct change c = { .time_ns = ev->time_ns + ev->duration_ns, .tid = ev->tid };
	struct ft_memory name;

	if (kind == NO_KIND || ev->flags & (FT_FLAG_UNFINISHED | FT_FLAG_ERROR))
		return 0;
	if (kind == SETS && (uint32_t)ev->args[0] != PR_SET_NAME)
		return 0;
	view.count = ft_snapshots(ev, payload, length, payload_base, snapshots);
	if (kind == SETS) {
		name = ft_string_at(&view, false, ev->args[1]);
		if (!name.data || name.found == FT_FAULT)
			return 0;
		c.what = IS_CALLED;
		return change(n, c, name.data, name.length);
	}
	c.what = IS_WAITED_FOR;
	c.tid = waited_for(&view, kind);
	return c.tid > 0 ? change(n, c, NULL, 0) : 0;
}

int ft_task_names_learn(struct ft_task_names *n, const struct ft_event *ev, const uint8_t *payload,
	size_t length, uint64_t payload_base)
{
	struct change c = { .time_ns = ev->time_ns, .tid = ev->tid };
	const uint8_t *name;
	size_t size = 0;
	int rc;

	switch (ev->kind) {
	case FT_KIND_SYSCALL:
		return learn_call(n, ev, payload, length, payload_base);
	case FT_KIND_FORK:
		c.what = IS_CALLED_AS;
		c.tid = (int32_t)ev->ret;
		c.of = ev->tid;
		return change(n, c, NULL, 0);
	case FT_KIND_EXEC:
	case FT_KIND_ATTACH:
		if (ev->kind == FT_KIND_EXEC && ev->ret && ev->ret != ev->tid) {
			struct change gone = {
				.time_ns = ev->time_ns, .tid = (int32_t)ev->ret, .what = HAS_GONE
			};

			rc = change(n, gone, NULL, 0);
			if (rc < 0)
				return rc;
		}
		name = ft_item_of(ev, FT_PAYLOAD_COMM, payload, length, payload_base, &size);
		if (!name)
			return 0;
		/* Of a command this is the first that is heard: so far it was a child of the tracer's. */
		if (ev->kind == FT_KIND_EXEC && !*place_of(n, ev->tid))
			call_it(n, ev->tid, (const uint8_t *)n->first, strlen(n->first));
		c.what = IS_CALLED;
		return change(n, c, name, size);
	default:
		return 0;
	}
}

static void apply(struct ft_task_names *n, const struct change *c)
{
	struct task **at = place_of(n, c->tid), *t = *at, *other;

	switch ((enum what)c->what) {
	case IS_CALLED:
		call_it(n, c->tid, c->name, c->length);
		break;
	case IS_CALLED_AS:
		other = *place_of(n, c->of);
		if (other && !other->looked_up)
			call_it(n, c->tid, other->name, other->length);
		else if (t)
			forget(n, at);
		break;
	case IS_WAITED_FOR:
		if (t && (t->ended || t->looked_up))
			forget(n, at);
		else if (t)
			t->waited_for = true;
		break;
	case HAS_GONE:
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
	struct task **at = place_of(n, ev->tid), *t = *at;

	if (t && (t->waited_for || ev->flags & FT_FLAG_THREAD))
		forget(n, at);
	else if (t)
		t->ended = true;
}

/* One that is not ours, or of whose birth nothing is known. */
static const struct task *looked_up(struct ft_task_names *n, struct task *t, int32_t tid)
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

void ft_put_task_name(struct ft_text *text, struct ft_task_names *n, int32_t tid)
{
	const struct task *t;
	const uint8_t *end;

	if (!n || tid <= 0 || tid >= TIDS_END)
		return;
	t = looked_up(n, *place_of(n, tid), tid);
	if (!t || !t->length)
		return;
	end = memchr(t->name, '\n', t->length); /* as far as a line of /proc/PID/comm goes */
	ft_puts(text, "<");
	ft_put_escaped(text, t->name, end ? (size_t)(end - t->name) : t->length, "<>");
	ft_puts(text, ">");
}
