/* Execs itself from the leader and from a thread in turn, while others spin in calls, fork, and get signals.
 * args: 10
 * oracle: no (how far its threads come is a matter of time)
 */
#define _GNU_SOURCE
#include "expect.h"
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

static char left[16];
static volatile int started;
static pid_t pid;

/* Between calls, so that they do not get too many to be counted. */
static void think(void)
{
	for (volatile int i = 0; i < 5000; i++)
		;
}

static void handler(int sig)
{
	(void)sig;
}

static void *spins(void *arg)
{
	__sync_fetch_and_add(&started, 1);
	for (;;) {
		think();
		expect(syscall(SYS_getpid) == pid);
		expect(syscall(SYS_nfsservctl) == -1);
	}
	return arg;
}

static void *sleeps(void *arg)
{
	__sync_fetch_and_add(&started, 1);
	for (;;)
		nanosleep(&(struct timespec){ .tv_sec = 100 }, NULL);
	return arg;
}

static void *signals(void *thread)
{
	__sync_fetch_and_add(&started, 1);
	for (;;) {
		think();
		pthread_kill(*(pthread_t *)thread, SIGUSR1);
	}
	return NULL;
}

static void *execs(void *arg)
{
	while (started < 3)
		;
	execl("/proc/self/exe", "exec_over_spinning", left, NULL);
	abort();
	return arg;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 10;
	pthread_t t[3], exec;

	if (rounds == 0) {
		puts("done");
		return 9;
	}
	pid = getpid();
	snprintf(left, sizeof(left), "%d", rounds - 1);
	must(sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = handler }, NULL));
	must_zero(pthread_create(&t[0], NULL, sleeps, NULL));
	must_zero(pthread_create(&t[1], NULL, spins, NULL));
	must_zero(pthread_create(&t[2], NULL, signals, &t[0]));
	if (rounds % 2)
		execs(NULL);
	must_zero(pthread_create(&exec, NULL, execs, NULL));
	spins(NULL);
	return 1;
}
