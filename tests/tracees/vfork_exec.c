/* vfork, twice: one child execs, one only exits; the parent goes on after each. */
#define _GNU_SOURCE
#include "must.h"
#include <sys/wait.h>
#include <unistd.h>

static int status_of(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0));
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	pid_t pid;

	(void)argv;
	if (argc > 1)
		return 11;
	pid = vfork();
	if (pid == 0)
		_exit(10);
	printf("exit %d\n", status_of(pid));
	pid = vfork();
	if (pid == 0) {
		execl("/proc/self/exe", "vfork_exec", "child", NULL);
		_exit(1);
	}
	printf("exec %d\n", status_of(pid));
	return 0;
}
