/* Execs from a thread (argument "leader": from the leader) while the others are blocked in calls.
 * oracle: no (waits for its threads by polling)
 */
#define _GNU_SOURCE
#include "asleep.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int idle[2];
static volatile pid_t tid[4];

static void *reads(void *arg)
{
	char c;

	tid[0] = gettid();
	return read(idle[0], &c, 1) ? arg : NULL;
}

static void *sleeps(void *arg)
{
	tid[1] = gettid();
	nanosleep(&(struct timespec){ .tv_sec = 1000 }, NULL);
	return arg;
}

static void *waits(void *arg)
{
	tid[2] = gettid();
	pthread_mutex_lock(arg);
	return arg;
}

static void *polls(void *arg)
{
	tid[3] = gettid();
	poll(NULL, 0, -1);
	return arg;
}

static void *execs(void *arg)
{
	execl("/proc/self/exe", "exec_over_blocked", "done", NULL);
	return arg;
}

int main(int argc, char **argv)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_t t;

	if (argc > 1 && !strcmp(argv[1], "done")) {
		puts("done");
		return 9;
	}
	must(pipe(idle));
	pthread_mutex_lock(&m);
	must_zero(pthread_create(&t, NULL, reads, NULL));
	must_zero(pthread_create(&t, NULL, sleeps, NULL));
	must_zero(pthread_create(&t, NULL, waits, &m));
	must_zero(pthread_create(&t, NULL, polls, NULL));
	for (int i = 0; i < 4; i++)
		until_asleep(&tid[i]);
	if (argc > 1)
		execs(NULL);
	must_zero(pthread_create(&t, NULL, execs, NULL));
	pause();
	return 1;
}
