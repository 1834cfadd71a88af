/* Capture programs as the recorder's code runs them: see struct ft_capture_op, and FT_OP. */
#ifndef FT_PROGRAMS_H
#define FT_PROGRAMS_H

#include "engine/inline/inline.h"
#include "session/capture.h"

/* Fills the recorder's tables from FT_RECORDER_PROGRAMS on, and notes in `in` what is in them. */
void ft_programs_table(const struct ft_session *s, struct ft_inline *in, uint8_t *tables);
/*
 * Whether there is something to copy that the recorder copies by itself, but for what is behind the call
 * perhaps.
 */
bool ft_programs_copied(const struct ft_inline *in, uint64_t nr);
/* Among what is to be copied before a call with these arguments is something that only the tracer can. */
bool ft_programs_asks_before(const struct ft_session *s, uint64_t nr, const uint64_t args[6]);
/* The call's program has ops for its entry; for its exit, where results are wanted. */
bool ft_programs_at_entry(const struct ft_session *s, uint64_t nr);
bool ft_programs_at_exit(const struct ft_session *s, uint64_t nr);
/* The address of the ops that the recorder runs at the call's exit; 0: there the tracer copies. */
uint64_t ft_programs_exit_ops(const struct ft_inline *in, uint64_t nr);
/*
 * The payload items that the recorder has copied for a call, as far as it can have written them: one for
 * each op at most (at_exit: of those at the exit), in their order, behind those that were taken before. Returns
 * their size.
 */
size_t ft_programs_items(const struct ft_session *s, struct ft_inline_task *it,
	const struct ft_raw *raw, bool at_exit, uint8_t out[FT_CAPTURE_SPACE]);

#endif
