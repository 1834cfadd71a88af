/* The recorder's code and tables: made once for a session, then mapped into tracees or written into memory of theirs. */
#ifndef FT_CODE_H
#define FT_CODE_H

#include "engine/inline/inline.h"

/* 0 or a negative errno; ft_code_close() is due in any case. */
int ft_code_open(struct ft_session *s);
void ft_code_close(struct ft_inline *in);
/* Into what is mapped at its place, all zeros. 0 or a negative errno. */
int ft_code_write(const struct ft_session *s, const struct ft_space *sp);

/* All calls of the process that are wanted stop from now on, and in its children. */
void ft_code_stop_calls(const struct ft_session *s, struct ft_space *sp);
/* And those that ask for an action for SIGSYS or SIGTRAP. */
void ft_code_stop_queries(struct ft_space *sp);
/* And births, for a seccomp filter may forbid what the engine needs where tasks share memory. */
void ft_code_stop_births(struct ft_space *sp, const struct ft_seccomp *filters);
/*
 * And before each fork: while that runs the text may be written for another thread's sake, or the process stop being
 * dumpable.
 */
void ft_code_stop_forks(const struct ft_inline *in, struct ft_space *sp);

#endif
