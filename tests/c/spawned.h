/* Commands that are run as a session does, but untraced. */
#ifndef FT_SPAWNED_H
#define FT_SPAWNED_H

#include "kernel/spawn.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static struct ft_gate last_gate;

/* Runs a command as a session does, but untraced. Returns its wait status. */
static inline int run(const struct ft_command *c, const sigset_t *mask)
{
	sigset_t all, before;
	struct ft_gate *gate;
	int status = -1, rc;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	rc = ft_spawn_child(c, mask ? mask : &before, NULL, 0, &gate, &pid);
	sigprocmask(SIG_SETMASK, &before, NULL);
	CHECK_EQ(rc, 0);
	if (rc < 0)
		return -1;
	CHECK_EQ(waitpid(pid, &status, WNOHANG | __WALL), 0); /* it waits at the gate */
	ft_spawn_open_gate(gate);
	CHECK_EQ(waitpid(pid, &status, __WALL), pid);
	last_gate = *gate;
	ft_spawn_free_gate(gate);
	return status;
}

/* In a child, as it changes 0 to 2 for good. Its exit status tells whether all was well. */
static inline int in_child(void (*test)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		check_failed = 0;
		test();
		_exit(check_failed != 0);
	}
	waitpid(pid, &status, 0);
	return status;
}

#endif
