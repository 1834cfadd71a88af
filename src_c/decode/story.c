#include "decode/story.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "decode/story_lines.h"

#define WAITING_MAX ((size_t)256 << 20) /* bytes of calls that wait for earlier ones */

int ft_story_new(struct ft_story **out, const struct ft_strace_style *style)
{
	struct ft_story *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->style = *style;
	ft_strace_start(&s->st, &s->style);
	if (ft_open_files_new(&s->files) < 0 ||
		(style->tasks_told &&
			ft_task_names_new(&s->names, style->tasks_told, style->look_up,
				style->find_number, style->first_name) < 0)) {
		ft_open_files_free(s->files);
		free(s);
		return -ENOMEM;
	}
	s->st.names = s->names;
	s->tells_files = style->told || style->paths || style->fds;
	s->st.files = s->files;
	*out = s;
	return 0;
}

void ft_story_free(struct ft_story *s)
{
	if (!s)
		return;
	ft_story_forget_all(&s->tasks);
	ft_open_files_free(s->files);
	ft_task_names_free(s->names);
	free(s);
}

/* The bytes of a call's payload items in the stream; 0: it has none that is whole. */
static size_t payload_of(const struct ft_event *ev, const uint8_t *payload, size_t length,
	uint64_t payload_base, const uint8_t **start)
{
	uint64_t from = ev->payload - payload_base, at = from;
	struct ft_payload head;

	if (!(ev->flags & FT_FLAG_PAYLOAD) || ev->payload < payload_base || from > length)
		return 0;
	*start = payload + from;
	do {
		if (length - at < sizeof(head))
			return at - from;
		memcpy(&head, payload + at, sizeof(head));
		if (head.length > length - at - sizeof(head))
			return length - from;
		at += FT_PAYLOAD_SIZE(head.length);
		if (at > length)
			return length - from;
	} while (head.flags & FT_PAYLOAD_MORE);
	return at - from;
}

/* What was seen to wait has ended; or it was another call, which never comes if it was told. */
static int replace_supposed(struct ft_story *s, struct ft_story_task *t, const struct ft_event *ev,
	const uint8_t *payload, size_t length)
{
	const struct ft_event *supposed = &ft_story_first(t)->event;
	bool is_same =
		supposed->nr == ev->nr && !memcmp(supposed->args, ev->args, sizeof(ev->args));
	bool told = t->told;
	struct ft_event resumed = *ev;
	int rc;

	/* It went on with this one, whose number the engine has and /proc has not. */
	if (told && ft_strace_is_restart(supposed)) {
		resumed.nr = supposed->nr;
		ev = &resumed;
		is_same = true;
	}
	t->supposed = false;
	if (!told || is_same)
		ft_story_pop(&s->tasks, t);
	rc = ft_story_push(&s->tasks, t, ev, payload, length);
	t->told = told && !rc;
	return rc;
}

static int add_call(struct ft_story *s, struct ft_story_task *t, const struct ft_event *ev,
	const uint8_t *payload, size_t length)
{
	struct ft_story_task *first = ft_story_find(&s->tasks, ev->pid);
	struct ft_event begun = *ev, ended = *ev;
	int rc;

	t->abi = ev->abi;
	if (t->supposed)
		return replace_supposed(s, t, ev, payload, length);
	if (!first || first->former != ev->tid)
		return ft_story_push(&s->tasks, t, ev, payload, length);
	/* An execve by a thread: it begins as the thread's, and ends as that of the first one. */
	begun.flags |= FT_FLAG_UNFINISHED;
	ended.tid = ev->pid;
	t->ended = true;
	first->former = 0;
	rc = ft_story_push(&s->tasks, t, &begun, payload, length);
	if (rc < 0)
		return rc;
	rc = ft_story_push(&s->tasks, first, &ended, payload, length);
	ft_story_update(s, first);
	return rc;
}

static int add_birth(struct ft_story *s, const struct ft_event *ev)
{
	struct ft_story_task *child =
		ft_story_task_of(&s->tasks, (int32_t)ev->ret, (int32_t)ev->args[0]);

	if (!child)
		return -ENOMEM;
	if (child->through_ns < ev->time_ns)
		child->through_ns = ev->time_ns;
	return 0;
}

/* Another thread was there, or the program is not ours any more. */
static int add_exec(struct ft_story *s, struct ft_story_task *t, const struct ft_event *ev,
	const uint8_t *payload, size_t length)
{
	struct ft_event left = *ev;
	int rc = 0;

	if (ev->ret && ev->ret != ev->tid) {
		t->former = (int32_t)ev->ret;
		rc = ft_story_push_other(t, ev, payload, length);
	}
	if (rc || s->style.until_exec == FT_STORY_NEVER)
		return rc;
	if (t->execs_kept) {
		t->execs_kept--;
		return 0;
	}
	left.kind = FT_STORY_LEFT;
	t->ended = true;
	return ft_story_push_other(t, &left, NULL, 0);
}

static int add(struct ft_story *s, const struct ft_event *ev, const uint8_t *payload, size_t length)
{
	struct ft_story_task *t = ft_story_find(&s->tasks, ev->tid);
	uint64_t end = ev->time_ns + ev->duration_ns;
	int rc = 0;

	if (!t) {
		t = ft_story_task_of(&s->tasks, ev->tid, ev->pid);
		if (!t)
			return -ENOMEM;
		t->counted = true;
		if (s->style.until_exec != FT_STORY_NEVER)
			t->execs_kept = s->style.until_exec - (ev->kind == FT_KIND_ATTACH);
		s->alive++;
		t->through_ns = ev->time_ns;
	}
	switch (ev->kind) {
	case FT_KIND_SYSCALL:
		rc = add_call(s, t, ev, payload, length);
		if (end > t->through_ns)
			t->through_ns = end;
		break;
	case FT_KIND_FORK:
		rc = add_birth(s, ev);
		if (!rc)
			rc = ft_story_push_other(t, ev, payload, length);
		break;
	case FT_KIND_EXEC:
		rc = add_exec(s, t, ev, payload, length);
		break;
	case FT_KIND_EXIT:
		t->ended = true;
		rc = ft_story_push_other(t, ev, payload, length);
		break;
	case FT_KIND_SIGNAL:
	case FT_KIND_STOP:
		rc = ft_story_push_other(t, ev, payload, length);
		break;
	default:
		break;
	}
	ft_story_update(s, t);
	return rc;
}

/* What is not told, or before all that is. */
static void opened_at_once(struct ft_story *s, const struct ft_event *ev, const uint8_t *payload,
	size_t payload_length)
{
	struct ft_snapshot snapshots[FT_SNAPSHOTS_MAX];
	struct ft_view view = { .event = ev,
		.snapshots = snapshots,
		.payload = payload,
		.payload_length = payload_length };

	if (ev->kind != FT_KIND_SYSCALL) {
		ft_opened_event(s->files, ev, payload, payload_length);
		return;
	}
	if (payload)
		view.count = ft_snapshots(ev, payload, payload_length, ev->payload, snapshots);
	ft_opened_unseen(s->files, &view);
}

int ft_story_add(struct ft_story *s, const struct ft_event *events, size_t count,
	const uint8_t *payload, size_t payload_length, uint64_t payload_base, uint64_t *newest_ns)
{
	*newest_ns = 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t end = events[i].time_ns + events[i].duration_ns;
		const uint8_t *start = NULL;
		size_t length;
		int rc;

		if (end > *newest_ns)
			*newest_ns = end;

		length = payload_of(&events[i], payload, payload_length, payload_base, &start);
		if (s->names && ft_task_names_learn(s->names, &events[i], payload, payload_length,
					payload_base) < 0)
			return -ENOMEM;
		if ((events[i].kind == FT_KIND_ATTACH ||
			    (s->style.leaders && events[i].tid != events[i].pid)))
			opened_at_once(s, &events[i], start, length);
		if (s->style.leaders && events[i].tid != events[i].pid)
			continue;
		rc = add(s, &events[i], start, length);
		if (rc < 0)
			return rc;
	}
	return 0;
}

size_t ft_story_idle(
	const struct ft_story *s, uint64_t before_ns, struct ft_story_idle *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < s->tasks.count && n < max; i++) {
		const struct ft_story_task *t = s->tasks.heap[i];

		if (t->ended || ft_story_first(t) || t->others_count || t->through_ns >= before_ns)
			continue;
		out[n++] = (struct ft_story_idle){
			.since_ns = t->through_ns, .tid = t->tid, .abi = t->abi
		};
	}
	return n;
}

int ft_story_suppose(struct ft_story *s, const struct ft_event *call)
{
	struct ft_story_task *t = ft_story_find(&s->tasks, call->tid);
	struct ft_event ev = *call;
	int rc;

	if (!t || t->ended || ft_story_first(t) || ft_story_is_filtered(s) || s->style.separately ||
		ft_strace_needs_memory(call))
		return 0;
	ev.kind = FT_KIND_SYSCALL;
	ev.flags = FT_FLAG_UNFINISHED;
	ev.time_ns = t->through_ns;
	rc = ft_story_push(&s->tasks, t, &ev, NULL, 0);
	t->supposed = !rc;
	ft_story_update(s, t);
	return rc;
}

/* Up to when everything has been delivered. */
static uint64_t known_until(const struct ft_story *s, uint64_t sure_ns)
{
	uint64_t until = FT_NEVER;

	if (s->tasks.bytes > WAITING_MAX)
		return FT_NEVER - 1;
	for (size_t i = 0; i < s->tasks.count; i++) {
		const struct ft_story_task *t = s->tasks.heap[i];

		if (!t->ended && t->through_ns < until)
			until = t->through_ns;
	}
	if (until == FT_NEVER)
		until--;
	return until > sure_ns || sure_ns == FT_NEVER ? until : sure_ns;
}

size_t ft_story_tell(
	struct ft_story *s, uint64_t sure_ns, char *buffer, size_t size, bool *more, int32_t *tid)
{
	uint64_t until = sure_ns == FT_NEVER ? FT_NEVER - 1 : known_until(s, sure_ns);
	struct ft_text *text = &s->st.text;

	*more = false;
	*tid = 0;
	ft_strace_into(&s->st, buffer, size);
	while (s->tasks.count && s->tasks.heap[0]->next_ns <= until) {
		struct ft_story_task *t = s->tasks.heap[0];

		if (s->style.separately && *tid && t->tid != *tid) {
			*more = true;
			break;
		}
		*tid = t->tid;
		/* A line longer than half the buffer is cut. */
		if ((size_t)(text->at - buffer) > size / 2) {
			*more = true;
			break;
		}
		ft_story_tell_one(s, t);
		if (text->is_full) {
			text->is_full = false;
			text->at = text->end - 4;
			ft_puts(text, "...\n");
			s->current = 0;
		}
	}
	if (sure_ns == FT_NEVER && !*more && s->current) {
		ft_puts(text, " <detached ...>\n");
		s->current = 0;
	}
	return (size_t)(text->at - buffer);
}
