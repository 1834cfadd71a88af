/* A seccomp filter put upon all threads (TSYNC) while one is blocked; each then calls what the filter denies.
 * oracle: no (waits for its thread by polling)
 * arch: x86_64
 * counted: no (its filter keeps calls from being made)
 */
#define _GNU_SOURCE
#include "asleep.h"
#include "filter.h"
#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>

static int go[2];
static volatile pid_t tid;

static void *body(void *arg)
{
	char c;
	long failed = 0;

	(void)arg;
	tid = gettid();
	if (read(go[0], &c, 1) != 1)
		return (void *)-1;
	for (int i = 0; i < 10; i++)
		failed += syscall(SYS_getppid) == -1 && errno == EXDEV;
	return (void *)failed;
}

int main(void)
{
	pthread_t t;
	void *failed;

	must(pipe(go));
	must_zero(pthread_create(&t, NULL, body, NULL));
	until_asleep(&tid);
	set_only(SECCOMP_FILTER_FLAG_TSYNC, SYS_getppid, SECCOMP_RET_ERRNO | EXDEV);
	must(write(go[1], "x", 1));
	must_zero(pthread_join(t, &failed));
	printf("failed %ld\n", (long)failed);
	return 0;
}
