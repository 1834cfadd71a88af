/* A child stops itself, its parent sees that and continues it: twice. */
#define _GNU_SOURCE
#include "must.h"
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	pid_t pid = must(fork());
	int status;

	if (pid == 0) {
		raise(SIGSTOP);
		raise(SIGSTOP);
		_exit(15);
	}
	for (int i = 0; i < 2; i++) {
		must(waitpid(pid, &status, WUNTRACED));
		printf("stopped by %d\n", WIFSTOPPED(status) ? WSTOPSIG(status) : -1);
		must(kill(pid, SIGCONT));
		must(waitpid(pid, &status, WCONTINUED));
		printf("continued %d\n", WIFCONTINUED(status) != 0);
	}
	must(waitpid(pid, &status, 0));
	printf("exit %d\n", WEXITSTATUS(status));
	return 0;
}
