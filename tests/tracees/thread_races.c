/* Processes whose threads fork, exec and exit at the same time; each ends as its exec or its exit decides.
 * args: 20
 * oracle: no (how far its threads come is a matter of time)
 * restarts: yes (a thread is woken for a signal that another one takes)
 */
#define _GNU_SOURCE
#include "must.h"
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_barrier_t start;

static void *forks(void *arg)
{
	pthread_barrier_wait(&start);
	for (;;) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
	return arg;
}

static void *brief(void *arg)
{
	return arg;
}

static void *births(void *arg)
{
	pthread_t t;

	pthread_barrier_wait(&start);
	for (;;)
		if (!pthread_create(&t, NULL, brief, arg))
			pthread_join(t, NULL);
	return arg;
}

static void *execs(void *arg)
{
	(void)arg;
	pthread_barrier_wait(&start);
	execl("/proc/self/exe", "thread_races", "exec", NULL);
	abort();
}

static void *exits(void *arg)
{
	(void)arg;
	pthread_barrier_wait(&start);
	syscall(SYS_exit_group, 8);
	return NULL;
}

static void race(bool exec)
{
	void *(*body[])(void *) = { forks, births, exec ? execs : exits, exec ? execs : exits };
	pthread_t t;

	must_zero(pthread_barrier_init(&start, NULL, 5));
	for (int i = 0; i < 4; i++)
		must_zero(pthread_create(&t, NULL, body[i], NULL));
	pthread_barrier_wait(&start);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 20;
	int seen[2] = { 0 };

	if (argc > 1 && !strcmp(argv[1], "exec"))
		return 7;
	for (int i = 0; i < rounds; i++) {
		int status;
		pid_t pid = must(fork());

		if (!pid)
			race(i % 2);
		must(waitpid(pid, &status, 0));
		seen[i % 2] += WIFEXITED(status) && WEXITSTATUS(status) == (i % 2 ? 7 : 8);
	}
	printf("exits %d execs %d of %d\n", seen[0], seen[1], rounds);
	return 0;
}
