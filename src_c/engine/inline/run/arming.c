#if defined(__x86_64__)
#define _GNU_SOURCE
#include "engine/inline/run/arming.h"

#include <errno.h>
#include <sys/syscall.h>

#include "engine/inline/dispatch.h"
#include "engine/inline/inline.h"
#include "engine/inline/run/run.h"

void ft_arming_learn(struct ft_session *s, const struct ft_task *t)
{
	int rc = s->in->knows_arming ? -ESRCH : ft_dispatch_in_use(t->tid);

	if (rc == -ESRCH)
		return;
	s->in->arms_inside = rc == -EIO;
	s->in->knows_arming = true;
}

/* SIGTRAP may be ignored by one that is about to have left: then no int3 may be behind the call. */
static int call(
	struct ft_session *s, struct ft_task *t, const struct ft_space *sp, const uint64_t args[6])
{
	int64_t result = 0;
	int rc;

	if (sp->spoiled)
		return -EFAULT;
	rc = sp->ignores_traps ? ft_run_silently(s, t, ft_recorder_call(), SYS_prctl, args, &result)
			       : ft_run_recorder_call(s, t, SYS_prctl, args, &result);
	return rc ? rc : (int)result;
}

int ft_arming_arm(struct ft_session *s, struct ft_task *t, const struct ft_space *sp)
{
	if (!s->in->arms_inside)
		return ft_dispatch_arm(t->tid, FT_RECORDER_BASE, FT_RECORDER_CODE);
	return call(s, t, sp,
		(uint64_t[6]){
			FT_DISPATCH_SET, FT_DISPATCH_ON, FT_RECORDER_BASE, FT_RECORDER_CODE });
}

int ft_arming_disarm(struct ft_session *s, struct ft_task *t, const struct ft_space *sp)
{
	if (!s->in->arms_inside)
		return ft_dispatch_disarm(t->tid);
	return call(s, t, sp, (uint64_t[6]){ FT_DISPATCH_SET, FT_DISPATCH_OFF });
}
#endif
