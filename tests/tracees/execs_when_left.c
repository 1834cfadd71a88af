/* Once it is traced its leader waits for a vfork child, which nothing ends but an exec of the other thread: that comes when
 * this one is traced no more.
 * role: named
 * oracle: no (it is about attaching)
 */
#define _GNU_SOURCE
#include "must.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

static atomic_int other_is_traced;

static int is_traced(void)
{
	char text[4096];
	int fd = must(open("/proc/thread-self/status", O_RDONLY | O_CLOEXEC));
	ssize_t n = must(read(fd, text, sizeof(text) - 1));

	close(fd);
	text[n] = 0;
	return atoi(strstr(text, "TracerPid:") + 10) != 0;
}

static void *execs(void *arg)
{
	while (!is_traced())
		continue;
	other_is_traced = 1;
	while (is_traced())
		continue;
	execl("/proc/self/exe", "execs_when_left", "again", NULL);
	abort();
	return arg;
}

static void wait_for_end(void)
{
	char byte;

	while (must(read(0, &byte, 1)))
		continue;
	puts("left");
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int ends[2];
	char byte;

	(void)argv;
	if (argc > 1) {
		wait_for_end();
		return 0;
	}
	must(pipe2(ends, O_CLOEXEC));
	must_zero(pthread_create(&thread, NULL, execs, NULL));
	puts("ready");
	fflush(stdout);
	while (!is_traced() || !other_is_traced)
		continue;
	for (int i = 0; i < 1000; i++)
		getppid();
	if (!must(vfork())) {
		close(ends[1]);
		_exit(read(ends[0], &byte, 1) != 0);
	}
	return 1;
}
