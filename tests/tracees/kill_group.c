/* SIGKILL of its own thread group while its threads are blocked.
 * counted: no (whoever is killed as it enters pause under ptrace has not made it for the kernel)
 */
#define _GNU_SOURCE
#include "must.h"
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static void *blocks(void *arg)
{
	pthread_barrier_wait(arg);
	pause();
	return NULL;
}

int main(void)
{
	pthread_barrier_t all;
	pthread_t t;

	must_zero(pthread_barrier_init(&all, NULL, 9));
	for (int i = 0; i < 8; i++)
		must_zero(pthread_create(&t, NULL, blocks, &all));
	pthread_barrier_wait(&all);
	must(write(1, "killing\n", 8));
	kill(getpid(), SIGKILL);
	return 0;
}
