/* clone with CLONE_VM but not CLONE_THREAD: a child process in the parent's memory, with and without SIGCHLD. */
#define _GNU_SOURCE
#include "must.h"
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static char stack[2][65536] __attribute__((aligned(64)));
static int shared;

static int child(void *arg)
{
	shared += *(int *)arg;
	return shared;
}

int main(void)
{
	int flags[2] = { CLONE_VM | SIGCHLD, CLONE_VM | CLONE_FS | CLONE_FILES };
	int add[2] = { 5, 20 };

	for (int i = 0; i < 2; i++) {
		pid_t pid = must(clone(child, stack[i] + sizeof(stack[i]), flags[i], &add[i]));
		int status;

		must(waitpid(pid, &status, __WALL));
		printf("child %d, memory %d\n", WEXITSTATUS(status), shared);
	}
	return 0;
}
