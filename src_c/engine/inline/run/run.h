/*
 * Makes a stopped task run code of ours. Nothing is run, and -EPERM returned, where its own seccomp filters may not let
 * through one of the calls: see permits.h.
 */
#ifndef FT_RUN_H
#define FT_RUN_H

#include "engine/inline/inline.h"
#include "engine/inline/run/snippet.h"

/*
 * Writes it, runs it, takes it away again. 0 or the negative errno of the call that failed; -ESRCH: the
 * task has gone. The task is left as it was; but with a state, which holds its registers, these are still to be set.
 */
int ft_run_snippet(struct ft_session *s, struct ft_task *t, int memory, struct ft_snippet *c,
	struct ft_standing *state);
/* One that has failed, or came to nothing: closes and unmaps what its calls opened and mapped, in its place. */
int ft_run_undo(struct ft_session *s, struct ft_task *t, int memory, const struct ft_snippet *c,
	struct ft_standing *state);
/* One call through a syscall instruction of the program's; other threads do not notice. */
int ft_run_call(struct ft_session *s, struct ft_task *t, uint64_t syscall_insn, uint32_t nr,
	const uint64_t args[6], int64_t *result);
/* The same of a task that is in no call, and without a signal: SIGTRAP may be ignored by then. */
int ft_run_silently(struct ft_session *s, struct ft_task *t, uint64_t syscall_insn, uint32_t nr,
	const uint64_t args[6], int64_t *result);
/* One through the recorder's ft_recorder_call(). */
int ft_run_recorder_call(struct ft_session *s, struct ft_task *t, uint32_t nr,
	const uint64_t args[6], int64_t *result);
/* The recorder's ft_recorder_sync(). */
int ft_run_sync(struct ft_session *s, struct ft_task *t, uint64_t page);
/* Code at an address, or there a call, that is not for our own ends: none of engine_calls. */
int ft_run_code(struct ft_session *s, struct ft_task *t, uint64_t entry, uint64_t nr,
	const uint64_t args[6], int64_t *result);
/* See ft_engine.take_back. */
bool ft_run_take_back(struct ft_task *t, const struct ft_stop *stop);

/* Sets a stopped task's registers. False: it has gone, or is another one by now. */
bool ft_set_regs(const struct ft_task *t, struct user_regs_struct *regs);

#endif
