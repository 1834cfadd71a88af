#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/space/prepare.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>

#include "engine/inline/drain/drainer.h"
#include "engine/inline/run/arming.h"
#include "engine/inline/space/leave.h"
#include "engine/inline/space/actions.h"
#include "engine/inline/space/areas.h"
#include "engine/inline/space/code.h"
#include "engine/inline/space/placing.h"
#include "engine/inline/space/space.h"
#include "engine/inline/space/unmap.h"
#include "kernel/proc.h"
#include "session/python.h"
#include "session/record.h"

#define USER_CODE_64 0x33 /* cs */
#define FAULTS	     (1ull << (SIGSEGV - 1) | 1ull << (SIGBUS - 1))

/* A task of a space gets an area of its own and records itself from here on. */
int ft_prepare_arm(struct ft_session *s, struct ft_task *t, struct ft_standing *state)
{
	struct ft_inline_task *it = t->in;
	int rc;

	pthread_mutex_lock(&s->in->lock);
	it->brief = s->in->brief;
	rc = ft_space_area(s, it, state);
	if (!rc) {
		ft_area_limit_strings(it, it->space->ignores_faults);
		it->last_ns = s->stats.start_ns;
		it->last_tick = ft_tsc_first(&s->in->clock);
		it->task = t;
		it->next = s->in->tasks;
		it->link = &s->in->tasks;
		if (it->next)
			it->next->link = &it->next;
		s->in->tasks = it;
		it->space->tasks++;
		ft_drainer_start(s, false);
	}
	pthread_mutex_unlock(&s->in->lock);
	state->regs.gs_base = it->base;
	if (!rc && !state->armed)
		rc = ft_arming_arm(s, t, it->space);
	if (!rc && state->knows_mask)
		ft_area_set(&it->area->mask, state->mask);
	else if (!rc && !ft_area_note_mask(t, &state->mask))
		rc = -errno;
	if (!rc)
		ft_record_engine(s, t, FT_ENGINE_INLINE, FT_FALLBACK_NONE);
	return rc;
}

struct ft_inline_task *ft_prepare_new(struct ft_task *t, struct ft_space *sp)
{
	struct ft_inline_task *it = calloc(1, sizeof(*it));

	if (!it)
		return NULL;
	it->task = t;
	it->space = sp;
	if (sp)
		sp->refs++;
	t->in = it;
	return it;
}

bool ft_prepare_in_handler(const struct ft_task *t)
{
	return ft_proc_status_mask(t->tgid, "SigCgt") & t->in->signals;
}

/* Whether the task may be made to call what prepares its address space. */
enum ft_fallback ft_can_prepare(const struct ft_task *t, const struct user_regs_struct *regs)
{
	if (regs->cs != USER_CODE_64)
		return FT_FALLBACK_ABI;
	if (t->stay != FT_FALLBACK_NONE)
		return t->stay;
	return FT_FALLBACK_NONE;
}

enum ft_fallback ft_prepare_failed(const struct ft_task *t)
{
	return t->filters ? FT_FALLBACK_SECCOMP : FT_FALLBACK_SETUP;
}

int ft_prepare_task(
	struct ft_session *s, struct ft_task *t, struct ft_space *sp, struct ft_standing *state)
{
	bool may_ignore = t->ignores_traps;
	int rc;

	if (t->ignores_traps) {
		sp->ignores_faults = ft_proc_status_mask(t->tgid, "SigIgn") & FAULTS;
		t->ignores_traps = sp->ignores_faults;
	}
	if (!ft_prepare_new(t, sp)) {
		if (!sp->refs) {
			ft_space_unmap(s, t, sp);
			ft_space_free(sp);
		}
		return -ENOMEM;
	}
	rc = ft_prepare_arm(s, t, state);
	if (!rc && may_ignore)
		rc = ft_actions_adopt(s, t);
	if (rc < 0) {
		ft_arming_disarm(s, t, sp);
		state->regs.gs_base = 0;
		if (ft_space_is_last(sp) && rc != -ESRCH)
			ft_space_unmap(s, t, sp);
		ft_inline_task_free(s, t);
		return rc;
	}
	ft_actions_watch(t);
	if (s->python_frames && ft_python_is_expected(s, t))
		ft_code_stop_calls(s, sp);
	ft_code_stop_births(sp, t->filters);
	return 0;
}
#endif
