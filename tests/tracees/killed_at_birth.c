/*
 * Processes whose threads make threads without end are killed at any moment, perhaps at the stop where one is born or
 * where one of them has execed.
 * oracle: no (how far they come is a matter of time)
 */
#define _GNU_SOURCE
#include "must.h"
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS	 300
#define BREEDERS 3

static char *self;

static void *nothing(void *arg)
{
	return arg;
}

static void *breeds(void *arg)
{
	pthread_t t;

	for (;;)
		if (!pthread_create(&t, NULL, nothing, NULL))
			pthread_join(t, NULL);
	return arg;
}

static void *execs(void *arg)
{
	execl(self, self, "again", (char *)NULL);
	return arg;
}

static void be_killed(void)
{
	pthread_t t;

	for (int i = 0; i < BREEDERS; i++)
		must_zero(pthread_create(&t, NULL, breeds, NULL));
	must_zero(pthread_create(&t, NULL, execs, NULL));
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	self = argv[0];
	if (argc > 1 && !strcmp(argv[1], "again"))
		be_killed();
	for (int i = 0; i < ROUNDS; i++) {
		struct timespec moment = { .tv_nsec = 100000 + i % 30 * 50000 };
		pid_t child = must(fork());
		int status;

		if (!child)
			be_killed();
		nanosleep(&moment, NULL);
		must(kill(child, SIGKILL));
		must(waitpid(child, &status, 0));
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
			return 1;
	}
	puts("all killed");
	return 0;
}
