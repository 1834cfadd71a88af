/* standstill THREADS: the longest time in microseconds for which the first thread did not run, as
 * that thread saw it between the byte that it reads and the end of its input. The others sleep and
 * wake a thousand times a second. The first makes no call but a read that does not block.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000 + t.tv_nsec;
}

static void *sleeps(void *unused)
{
	(void)unused;
	for (;;)
		usleep(1000);
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = argc > 1 ? atoi(argv[1]) : 1;
	long longest = 0, before, then, asked;
	pthread_t thread;
	char byte;

	for (int i = 1; i < threads; i++)
		if (pthread_create(&thread, NULL, sleeps, NULL))
			return 1;
	if (write(STDOUT_FILENO, "ready\n", 6) != 6 || read(STDIN_FILENO, &byte, 1) != 1)
		return 1;
	fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
	asked = before = now();
	for (;;) {
		then = now();
		if (then - before > longest)
			longest = then - before;
		before = then;
		if (then - asked < 1000000)
			continue;
		asked = then;
		if (!read(STDIN_FILENO, &byte, 1))
			break;
	}
	printf("%ld\n", longest / 1000);
	return 0;
}
