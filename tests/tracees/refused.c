/* Calls getpriority in a second thread, in a child and in its first thread, and tells what came of
 * it; with an argument it handles SIGSYS.
 * oracle: no (whether pthread_join waits is a matter of time)
 */
#define _GNU_SOURCE
#include "must.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t handled;

static void on_sigsys(int sig)
{
	handled += sig == SIGSYS;
}

static void *call(void *who)
{
	long got;

	errno = 0;
	got = syscall(SYS_getpriority, 0, 0);
	if (!handled)
		printf("%s %ld %d\n", (char *)who, got, errno);
	return who;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int status;
	pid_t pid;

	(void)argv;
	setvbuf(stdout, NULL, _IONBF, 0);
	if (argc > 1)
		signal(SIGSYS, on_sigsys);
	must_zero(pthread_create(&thread, NULL, call, "thread"));
	must_zero(pthread_join(thread, NULL));
	pid = must(fork());
	if (pid == 0) {
		call("child");
		_exit(handled);
	}
	must(waitpid(pid, &status, 0));
	printf("child %d %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0, WEXITSTATUS(status));
	call("first");
	printf("handled %d\n", (int)handled);
	return 0;
}
