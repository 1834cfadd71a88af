/* Calls that the tracer looks at before they run. */
#ifndef FT_SUPERVISE_H
#define FT_SUPERVISE_H

#include "engine/inline/inline.h"

/* What was recorded before a call that the tracer looks at is taken, and its payload. */
void ft_supervise_begin(
	struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs);
/* ret: where the call goes on. Why the process cannot go on recording itself, or FT_FALLBACK_NONE. */
enum ft_fallback ft_supervise_call(
	struct ft_session *s, struct ft_task *t, const struct user_regs_struct *regs, uint64_t ret);
/* Whether the recorder shall record the call, or the tracer has, or nobody wants it. */
bool ft_supervise_records(const struct ft_session *s, uint64_t nr);
/* Whether clone flags put the child where /proc/PID may name another process, or nobody. */
bool ft_supervise_is_foreign(uint64_t clone_flags);

#endif
