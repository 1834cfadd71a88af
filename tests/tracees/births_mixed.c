/* Children made in each way, after attempts that fail; each says who it is, and ends. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PLAIN (CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | SIGCHLD) /* fork(3)'s */

static pid_t unused;

static void end(pid_t pid, int i)
{
	int status;

	if (!pid) {
		for (int n = 0; n <= i; n++)
			getppid();
		_exit(i);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != i << 8)
		abort();
}

/* A process of the same memory, that fails, too. */
static void refuse(void)
{
	if (syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0) != -1)
		abort();
}

int main(void)
{
	for (int round = 0; round < 3; round++) {
		refuse();
		end(fork(), 1);
		refuse();
		end((pid_t)syscall(SYS_fork), 2);
		refuse();
		end((pid_t)syscall(SYS_clone, PLAIN, 0, 0, &unused, 0), 3);
		end((pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0), 4);
		refuse();
		end(vfork(), 5);
		end((pid_t)syscall(SYS_clone, PLAIN, 0, 0, &unused, 0), 6);
		end((pid_t)syscall(SYS_vfork), 7);
	}
	return 0;
}
