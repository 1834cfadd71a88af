#define _GNU_SOURCE
#include "decode/task_changes.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "decode/frames.h"

#define NO_KIND 1

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

static int change(
	struct ft_task_names *n, struct ft_task_change c, const uint8_t *name, size_t length)
{
	size_t at;

	if (n->end == n->room) {
		size_t left = n->end - n->next, room = n->room ? n->room : 64;
		struct ft_task_change *changes;

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
	struct ft_task_change c = { .time_ns = ev->time_ns + ev->duration_ns, .tid = ev->tid };
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
		c.what = FT_TASK_IS_CALLED;
		return change(n, c, name.data, name.length);
	}
	c.what = FT_TASK_IS_WAITED_FOR;
	c.of = ev->tid;
	c.tid = waited_for(&view, kind);
	return c.tid > 0 ? change(n, c, NULL, 0) : 0;
}

static int learn_numbers(struct ft_task_names *n, const struct ft_event *ev, int32_t tid,
	const uint8_t *payload, size_t length, uint64_t payload_base)
{
	struct ft_task_change c = {
		.time_ns = ev->time_ns, .tid = tid, .what = FT_TASK_IS_NUMBERED
	};
	size_t size = 0;
	const uint8_t *at =
		ft_item_of(ev, FT_PAYLOAD_NUMBERS, payload, length, payload_base, &size);
	struct ft_payload_number number;
	int rc = 0;

	for (; at && size >= sizeof(number) && !rc; at += sizeof(number), size -= sizeof(number)) {
		memcpy(&number, at, sizeof(number));
		c.space = number.space;
		c.of = number.number;
		rc = change(n, c, NULL, 0);
		c.what = FT_TASK_IS_NUMBERED_TOO;
	}
	return rc;
}

int ft_task_names_learn(struct ft_task_names *n, const struct ft_event *ev, const uint8_t *payload,
	size_t length, uint64_t payload_base)
{
	struct ft_task_change c = { .time_ns = ev->time_ns, .tid = ev->tid };
	const uint8_t *name;
	size_t size = 0;
	int rc;

	switch (ev->kind) {
	case FT_KIND_SYSCALL:
		return learn_call(n, ev, payload, length, payload_base);
	case FT_KIND_FORK:
		c.what = FT_TASK_IS_CALLED_AS;
		c.tid = (int32_t)ev->ret;
		c.of = ev->tid;
		rc = change(n, c, NULL, 0);
		return rc < 0 ? rc : learn_numbers(n, ev, c.tid, payload, length, payload_base);
	case FT_KIND_EXEC:
	case FT_KIND_ATTACH:
		if (ev->kind == FT_KIND_EXEC && ev->ret && ev->ret != ev->tid) {
			struct ft_task_change gone = { .time_ns = ev->time_ns,
				.tid = (int32_t)ev->ret,
				.what = FT_TASK_HAS_GONE };

			rc = change(n, gone, NULL, 0);
			if (rc < 0)
				return rc;
		}
		name = ft_item_of(ev, FT_PAYLOAD_COMM, payload, length, payload_base, &size);
		if (!name)
			return 0;
		if (ev->kind == FT_KIND_EXEC)
			ft_task_names_begin(n, ev->tid);
		c.what = FT_TASK_IS_CALLED;
		rc = change(n, c, name, size);
		return rc < 0 ? rc : learn_numbers(n, ev, c.tid, payload, length, payload_base);
	default:
		return 0;
	}
}
