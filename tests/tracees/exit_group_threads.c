/* A thread that is not the leader ends the process while all others are blocked or busy.
 * oracle: no (a busy thread)
 */
#define _GNU_SOURCE
#include "must.h"
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_barrier_t all;

static void *body(void *arg)
{
	pthread_barrier_wait(&all);
	if ((long)arg == 0)
		syscall(SYS_exit_group, 5);
	while ((long)arg == 1)
		getppid();
	pause();
	return NULL;
}

int main(void)
{
	pthread_t t;

	must_zero(pthread_barrier_init(&all, NULL, 9));
	for (long i = 0; i < 8; i++)
		must_zero(pthread_create(&t, NULL, body, (void *)i));
	body((void *)9);
	return 1;
}
