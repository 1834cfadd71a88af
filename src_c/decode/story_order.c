#include "decode/story_order.h"

bool ft_story_is_filtered(const struct ft_story *s)
{
	return s->style.statuses != FT_STATUS_ALL;
}

/* When something of this kind happened, but not before a time. */
static bool find_other(
	const struct ft_story_task *t, uint8_t kind, uint64_t least_ns, uint64_t *time_ns)
{
	for (size_t i = 0; i < t->others_count; i++) {
		uint64_t at = t->others[i].event.time_ns;

		if (t->others[i].event.kind != kind)
			continue;
		*time_ns = at > least_ns ? at : least_ns;
		return true;
	}
	return false;
}

uint64_t ft_story_end_of(const struct ft_story_task *t, const struct ft_story_call *call)
{
	const struct ft_story_call *behind;
	uint64_t end;

	if (!(call->event.flags & FT_FLAG_UNFINISHED))
		return call->event.time_ns + call->event.duration_ns;
	if (find_other(t, FT_KIND_EXEC, call->event.time_ns, &end) ||
		find_other(t, FT_STORY_LEFT, call->event.time_ns, &end))
		return end;
	behind = ft_story_behind(t);
	if (behind)
		return behind->event.time_ns;
	return find_other(t, FT_KIND_EXIT, call->event.time_ns, &end) ? end : FT_NEVER;
}

static uint64_t time_of_call(
	const struct ft_story *s, const struct ft_story_task *t, const struct ft_story_call *call)
{
	bool as_a_whole = ft_story_is_filtered(s) || s->style.separately;

	return t->told || as_a_whole ? ft_story_end_of(t, call) : call->event.time_ns;
}

bool ft_story_interrupts(const struct ft_event *other)
{
	return other->kind == FT_KIND_SIGNAL || other->kind == FT_KIND_STOP;
}

bool ft_story_other_is_next(
	const struct ft_story *s, const struct ft_story_task *t, const struct ft_story_call *call)
{
	const struct ft_event *other;
	bool is_open;

	if (!t->others_count)
		return false;
	if (!call)
		return true;
	other = &t->others[0].event;
	is_open = call->event.flags & FT_FLAG_UNFINISHED;
	if (other->kind == FT_STORY_LEFT)
		return t->told;
	if (other->kind == FT_KIND_EXIT || other->kind == FT_KIND_EXEC)
		return other->kind == FT_KIND_EXEC && !is_open &&
		       other->time_ns <= ft_story_end_of(t, call);
	/* A signal comes when the call that it interrupts has ended, and is seen before that is known. */
	if (ft_story_interrupts(other) && !is_open && call->event.time_ns <= other->time_ns)
		return false;
	return other->time_ns < time_of_call(s, t, call);
}

void ft_story_update(struct ft_story *s, struct ft_story_task *t)
{
	const struct ft_story_call *call = ft_story_first(t);

	t->next_ns = FT_NEVER;
	if (ft_story_other_is_next(s, t, call))
		t->next_ns = t->others[0].event.time_ns;
	else if (call)
		t->next_ns = time_of_call(s, t, call);
	ft_story_moved(&s->tasks, t);
}
