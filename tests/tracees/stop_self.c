/* A child stops itself, its parent sees that and continues it: twice. */
#define _GNU_SOURCE
#include "must.h"
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* After each stop it waits for a word: else it might stop again before its parent saw it continue. */
static int child(int go)
{
	char c;

	for (int i = 0; i < 2; i++) {
		raise(SIGSTOP);
		must(read(go, &c, 1));
	}
	return 15;
}

int main(void)
{
	int go[2], status;
	pid_t pid;

	must(pipe(go));
	pid = must(fork());
	if (pid == 0)
		_exit(child(go[0]));
	for (int i = 0; i < 2; i++) {
		must(waitpid(pid, &status, WUNTRACED));
		printf("stopped by %d\n", WIFSTOPPED(status) ? WSTOPSIG(status) : -1);
		must(kill(pid, SIGCONT));
		must(waitpid(pid, &status, WCONTINUED));
		printf("continued %d\n", WIFCONTINUED(status) != 0);
		must(write(go[1], "x", 1));
	}
	must(waitpid(pid, &status, 0));
	printf("exit %d\n", WEXITSTATUS(status));
	return 0;
}
