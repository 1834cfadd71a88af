#include "decode/story_lines.h"

#include "decode/frames.h"
#include "decode/touches.h"

/* Begins a line, after that of a call that has not ended. */
static void begin(
	struct ft_story *s, const struct ft_story_task *t, uint64_t time_ns, uint64_t place)
{
	const struct ft_strace_head head = {
		.tid = t->tid,
		.nr = t->nr < 0 ? 0 : t->nr,
		.time_ns = time_ns,
		.place = place,
		.in_32_bits = t->in_32_bits,
		.several = s->alive > 1,
	};

	if (s->current)
		ft_puts(&s->st.text, " <unfinished ...>\n");
	s->current = 0;
	if (s->names)
		ft_task_names_until(s->names, time_ns);
	ft_strace_head(&s->st, &head);
}

static bool is_wanted(const struct ft_story *s, const struct ft_event *ev)
{
	if (ev->flags & FT_FLAG_UNFINISHED)
		return s->style.statuses & FT_STATUS_UNFINISHED;
	return s->style.statuses &
	       (ev->flags & FT_FLAG_ERROR ? FT_STATUS_FAILED : FT_STATUS_SUCCESSFUL);
}

/* Its architecture is another one than that of the call before. */
static void tell_mode(
	struct ft_story *s, struct ft_story_task *t, const struct ft_event *ev, uint64_t place)
{
	bool in_32_bits = ev->abi == FT_ABI_I386;

	if (t->in_32_bits == in_32_bits)
		return;
	t->in_32_bits = in_32_bits;
	if (!s->style.modes)
		return;
	begin(s, t, ev->time_ns, place);
	ft_puts(&s->st.text, "[ Process PID=");
	ft_put_decimal(&s->st.text, (uint32_t)t->tid);
	ft_puts(&s->st.text,
		in_32_bits ? " runs in 32 bit mode. ]\n" : " runs in 64 bit mode. ]\n");
}

static bool is_call_shown(const struct ft_story *s, const struct ft_view *view)
{
	const struct ft_event *ev = view->event;
	uint32_t nr = (uint32_t)ev->nr < FT_NR_MAX ? (uint32_t)ev->nr : FT_NR_MAX - 1;

	if (s->style.shown && ev->abi < FT_ABI_COUNT &&
		!(s->style.shown[(ev->abi * FT_NR_MAX + nr) / 8] >> nr % 8 & 1))
		return false;
	return (!s->style.paths && !s->style.fds) ||
	       ft_touches(s->files, view, s->style.paths, s->style.paths_length, s->style.fds,
		       s->style.fds_count);
}

static void tell_call(struct ft_story *s, struct ft_story_task *t, struct ft_story_call *call)
{
	struct ft_snapshot snapshots[FT_SNAPSHOTS_MAX];
	struct ft_event *ev = &call->event;
	struct ft_view view = { .event = ev, .snapshots = snapshots };
	uint64_t others = s->style.separately ? FT_NEVER : ft_story_second(&s->tasks), end;
	enum ft_strace_part part = FT_PART_EXIT;

	const uint64_t place =
		ft_place_of(ev, (const uint8_t *)(call + 1), call->payload_length, ev->payload);

	end = ft_story_end_of(t, call);
	if (t->others_count && t->others[0].event.time_ns < others &&
		(t->others[0].event.kind != FT_KIND_FORK || s->style.attaches) &&
		!ft_story_interrupts(&t->others[0].event))
		others = t->others[0].event.time_ns;
	/* In the middle of this call. */
	const bool is_left = ev->flags & FT_FLAG_UNFINISHED && t->others_count &&
			     t->others[0].event.kind == FT_STORY_LEFT;

	if (!t->told)
		part = end <= others && !is_left && end != FT_NEVER ? FT_PART_WHOLE : FT_PART_ENTRY;
	view.payload = (const uint8_t *)(call + 1);
	view.payload_length = call->payload_length;
	view.count = ft_snapshots(ev, view.payload, view.payload_length, ev->payload, snapshots);
	const bool follows = s->tells_files || ft_opened_moves_sockets(s->files, &view);

	if (follows)
		ft_opened_begin(s->files, &view);
	if ((ft_story_is_filtered(s) && !is_wanted(s, ev)) ||
		(!t->told && !is_call_shown(s, &view))) {
		if (follows)
			ft_opened_end(s->files, &view);
		ft_story_pop(&s->tasks, t);
		return;
	}
	if (part != FT_PART_EXIT)
		tell_mode(s, t, ev, place);
	s->st.previous = t->nr;
	t->nr = ev->nr;
	if (part == FT_PART_EXIT && s->current == t->tid) {
		ft_strace_call(&s->st, &view, FT_PART_REST);
	} else {
		begin(s, t, part == FT_PART_EXIT ? end : ev->time_ns, place);
		ft_strace_call(&s->st, &view, part);
	}
	s->current = part == FT_PART_ENTRY ? t->tid : 0;
	if (part != FT_PART_ENTRY && follows)
		ft_opened_end(s->files, &view);
	if (part == FT_PART_ENTRY)
		t->told = true;
	else
		ft_story_pop(&s->tasks, t);
}

static void tell_birth(
	struct ft_story *s, const struct ft_story_task *parent, const struct ft_event *ev)
{
	struct ft_story_task *child = ft_story_find(&s->tasks, (int32_t)ev->ret);

	if (child && !child->counted) {
		child->counted = true;
		child->in_32_bits = parent->in_32_bits;
		s->alive++;
	}
	if (!s->style.attaches)
		return;
	ft_puts(&s->st.text, "strace: Process ");
	ft_put_decimal(&s->st.text, (uint32_t)ev->ret);
	ft_puts(&s->st.text, " attached\n");
}

static void tell_superseded(struct ft_story *s, struct ft_story_task *t, int32_t by)
{
	struct ft_story_task *thread = ft_story_find(&s->tasks, by);
	struct ft_story_call *first;

	if (s->style.supersedes) {
		begin(s, t, t->others[0].event.time_ns, 0);
		ft_puts(&s->st.text, "+++ superseded by execve in pid ");
		ft_put_decimal(&s->st.text, (uint32_t)by);
		ft_puts(&s->st.text, " +++\n");
	}
	if (thread) {
		s->alive -= thread->counted;
		ft_story_forget(&s->tasks, thread);
	}
	/* What the thread has begun goes on as this task's. */
	first = ft_story_first(t);
	if (first && first->event.time_ns <= t->others[0].event.time_ns)
		t->told = true;
}

/* It is not ours any more. The line of its execve ends, if it is the last one. */
static void tell_left(struct ft_story *s, struct ft_story_task *t)
{
	if (s->style.detaches) {
		ft_puts(&s->st.text, "strace: Process ");
		ft_put_decimal(&s->st.text, (uint32_t)t->tid);
		ft_puts(&s->st.text, " detached\n");
	}
	if (s->current == t->tid) {
		ft_puts(&s->st.text, " <detached ...>\n");
		s->current = 0;
	}
	s->alive -= t->counted;
	ft_story_forget(&s->tasks, t);
}

static bool is_shown(const struct ft_story *s, int32_t signal)
{
	return signal >= 1 && signal <= 64 && s->style.signals >> (signal - 1) & 1;
}

static void tell_other(struct ft_story *s, struct ft_story_task *t)
{
	const struct ft_story_other *other = &t->others[0];
	const struct ft_event ev = other->event;
	const uint64_t place = other->place;

	ft_opened_event(s->files, &ev, NULL, 0);
	switch (ev.kind) {
	case FT_KIND_FORK:
		tell_birth(s, t, &ev);
		break;
	case FT_KIND_SIGNAL:
		if (!is_shown(s, ev.nr))
			break;
		begin(s, t, ev.time_ns, place);
		ft_strace_signal(&s->st, &ev, other->has_siginfo ? other->siginfo : NULL);
		break;
	case FT_KIND_STOP:
		if (!is_shown(s, ev.nr))
			break;
		begin(s, t, ev.time_ns, place);
		ft_strace_stop(&s->st, &ev);
		break;
	case FT_KIND_EXEC:
		tell_superseded(s, t, (int32_t)ev.ret);
		break;
	case FT_STORY_LEFT:
		tell_left(s, t);
		return;
	case FT_KIND_EXIT:
		/* Of what kills as of what comes: -e signal= chooses. */
		if (ev.ret & 0x7f ? is_shown(s, ev.ret & 0x7f) : s->style.exits) {
			begin(s, t, ev.time_ns, place);
			ft_strace_exit(&s->st, &ev);
		}
		if (s->names)
			ft_task_names_ended(s->names, &ev);
		s->alive -= t->counted;
		ft_story_forget(&s->tasks, t);
		return;
	}
	ft_story_pop_other(t);
}

static bool is_last(const struct ft_event *ev)
{
	return ev->kind == FT_KIND_EXIT || ev->kind == FT_STORY_LEFT;
}

void ft_story_tell_one(struct ft_story *s, struct ft_story_task *t)
{
	struct ft_story_call *call = ft_story_first(t);
	bool is_end = ft_story_other_is_next(s, t, call) && is_last(&t->others[0].event);

	if (ft_story_other_is_next(s, t, call))
		tell_other(s, t);
	else
		tell_call(s, t, call);
	/* Nobody may come between in a text of its own. */
	if (!is_end && s->style.separately && s->current == t->tid &&
		ft_story_other_is_next(s, t, ft_story_first(t))) {
		is_end = is_last(&t->others[0].event);
		tell_other(s, t);
	}
	if (!is_end)
		ft_story_update(s, t);
}
