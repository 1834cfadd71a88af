/* A child that clone makes with CLONE_UNTRACED, which shares our memory or has a copy, and calls as we do.
 * arch: x86_64
 */
#define _GNU_SOURCE
#include "expect.h"
#include "raw.h"
#include <sched.h>
#include <signal.h>

static char stack[65536] __attribute__((aligned(64)));
static long parent;

static inline __attribute__((always_inline)) int calls(void)
{
	for (int i = 0; i < 10; i++)
		if (raw(SYS_getppid) != parent || raw(SYS_nfsservctl) != -ENOSYS ||
			access("/", R_OK))
			return 1;
	return 20;
}

static int child(void *arg)
{
	(void)arg;
	for (int i = 0; i < 10; i++)
		if (calls() != 20)
			return 1;
	return in_child(_exit(raw(SYS_getppid) == getppid() ? 7 : 1));
}

int main(void)
{
	int flags[] = { SIGCHLD, CLONE_VM | SIGCHLD, CLONE_VM | CLONE_VFORK | SIGCHLD };

	parent = getpid();
	for (int i = 0; i < 3; i++) {
		pid_t pid =
			must(clone(child, stack + sizeof(stack), flags[i] | CLONE_UNTRACED, NULL));

		printf("untraced %d\n", end_of(pid));
	}
	return raw(SYS_getpid) != parent;
}
