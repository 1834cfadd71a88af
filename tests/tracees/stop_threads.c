/* A child of three threads, blocked in a pipe, is stopped and continued from outside; no read sees EINTR.
 *
 * restarts: yes (a thread is woken for a signal that another one takes)
 */
#define _GNU_SOURCE
#include "must.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static int in[2], ready[2];

static void *reads(void *arg)
{
	char c;

	(void)arg;
	must(write(ready[1], "r", 1));
	return (void *)(long)(read(in[0], &c, 1) == 1 ? 1 : -errno);
}

static int child(void)
{
	pthread_t t[2];
	void *got;
	int sum;

	for (int i = 0; i < 2; i++)
		must_zero(pthread_create(&t[i], NULL, reads, NULL));
	sum = (int)(long)reads(NULL);
	for (int i = 0; i < 2; i++) {
		must_zero(pthread_join(t[i], &got));
		sum += (int)(long)got;
	}
	return sum;
}

int main(void)
{
	char buf[3];
	pid_t pid;
	int status;

	must(pipe(in));
	must(pipe(ready));
	pid = must(fork());
	if (pid == 0)
		_exit(child());
	for (int i = 0; i < 3; i++)
		must(read(ready[0], buf, 1));
	for (int i = 0; i < 10; i++) {
		must(kill(pid, SIGSTOP));
		must(waitpid(pid, &status, WUNTRACED));
		if (!WIFSTOPPED(status))
			return 1;
		must(kill(pid, SIGCONT));
		must(waitpid(pid, &status, WCONTINUED));
	}
	must(write(in[1], "xyz", 3));
	must(waitpid(pid, &status, 0));
	printf("three reads: %d\n", WEXITSTATUS(status));
	return 0;
}
