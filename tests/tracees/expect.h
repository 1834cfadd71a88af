/* For tracees: what has to be so, or the tracee says what is not and exits with 1; how a child ended. */
#ifndef EXPECT_H
#define EXPECT_H

#include "must.h"
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#define expect(what)                                                                               \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			dprintf(1, "line %d: not %s (errno %d)\n", __LINE__, #what, errno);        \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

/* A child's exit status, or minus the signal that killed it. */
static inline int end_of(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, __WALL));
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* Runs the block in a forked child, which exits with 0 at its end: how that ended. */
#define in_child(block)                                                                            \
	({                                                                                         \
		pid_t in_child_pid = must(fork());                                                 \
		if (!in_child_pid) {                                                               \
			block;                                                                     \
			_exit(0);                                                                  \
		}                                                                                  \
		end_of(in_child_pid);                                                              \
	})

#endif
