/* An engine turns the stops of tasks into records. All engines give the same events for the same
 * program. */
#ifndef FT_ENGINE_H
#define FT_ENGINE_H

#include "session.h"

struct ft_engine {
	const char *name;
	/* Options for PTRACE_SEIZE beyond those that following the tree needs. */
	long (*seize_options)(const struct ft_session *s);
	/* A stop of kind SYSCALL or SECCOMP. Returns 1 if the task waits for ft_engine.resume, 0 if
	 * it has gone. */
	int (*call_stop)(struct ft_session *s, struct ft_task *t, const struct ft_stop *stop);
	/* Lets the task run on, with a signal or 0. */
	void (*resume)(struct ft_session *s, struct ft_task *t, int sig);
};

extern const struct ft_engine ft_engine_ptrace;

#endif
