/* Threads that make calls without end while others appear and vanish, until stdin ends; then all ends well.
 * role: attach
 * oracle: no (how far its threads come is a matter of time)
 */
#define _GNU_SOURCE
#include "must.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_int end, wrong;

static void *busy(void *arg)
{
	while (!end) {
		wrong += syscall(SYS_gettid) != gettid();
		wrong += write(-1, "", 0) != -1;
	}
	return arg;
}

static void *brief(void *arg)
{
	wrong += syscall(SYS_gettid) != gettid();
	return arg;
}

static void *breeds(void *arg)
{
	pthread_t t;

	while (!end) {
		must_zero(pthread_create(&t, NULL, brief, NULL));
		must_zero(pthread_join(t, NULL));
	}
	return arg;
}

int main(void)
{
	void *(*body[])(void *) = { busy, busy, breeds, breeds };
	pthread_t t[4];
	char c;

	for (int i = 0; i < 4; i++)
		must_zero(pthread_create(&t[i], NULL, body[i], NULL));
	puts("ready");
	fflush(stdout);
	must(read(0, &c, 1));
	end = 1;
	for (int i = 0; i < 4; i++)
		must_zero(pthread_join(t[i], NULL));
	printf("wrong: %d\n", wrong);
	return 0;
}
